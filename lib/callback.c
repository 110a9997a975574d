#include "callback.h"

#include "base/fork.h"

static _Thread_local asynchttp_promise *current;
static _Thread_local ah_process process;

/* In a child process that a callback has forked there are no other requests to hold up. */
asynchttp_promise *ah_callback_current(void)
{
    return process == ah_process_current() ? current : NULL;
}

/* Callbacks come inside of callbacks where there is no thread to be had for a request. */
static asynchttp_promise *enter(const ah_callbacks *callbacks)
{
    asynchttp_promise *outer = ah_callback_current();
    current = callbacks->promise;
    process = ah_process_current();
    return outer;
}

static void leave(asynchttp_promise *outer)
{
    current = outer;
}

int ah_callback_done(const ah_callbacks *callbacks)
{
    asynchttp_promise *outer = enter(callbacks);
    int result = callbacks->done(callbacks->promise, callbacks->data);
    leave(outer);
    return result;
}

int ah_callback_data(const ah_callbacks *callbacks, const void *data, size_t length)
{
    asynchttp_promise *outer = enter(callbacks);
    int result = callbacks->on_data(callbacks->promise, data, length, callbacks->data);
    leave(outer);
    return result;
}

int ah_callback_read(const ah_callbacks *callbacks, uint64_t offset, void *buffer, size_t size, size_t *length)
{
    asynchttp_promise *outer = enter(callbacks);
    int result = callbacks->on_read(callbacks->promise, offset, buffer, size, length, callbacks->data);
    leave(outer);
    return result;
}

int ah_callback_progress(const ah_callbacks *callbacks, uint64_t sent, uint64_t to_send, uint64_t received,
                         uint64_t to_receive)
{
    asynchttp_promise *outer = enter(callbacks);
    int result = callbacks->on_progress(callbacks->promise, sent, to_send, received, to_receive, callbacks->data);
    leave(outer);
    return result;
}

int ah_callback_interim(const ah_callbacks *callbacks, const asynchttp_response *interim)
{
    asynchttp_promise *outer = enter(callbacks);
    int result = callbacks->on_interim(callbacks->promise, interim, callbacks->data);
    leave(outer);
    return result;
}
