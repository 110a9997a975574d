#include "callback.h"

static _Thread_local asynchttp_promise *current;

asynchttp_promise *ah_callback_current(void)
{
    return current;
}

int ah_callback_done(const ah_callbacks *callbacks)
{
    current = callbacks->promise;
    int result = callbacks->done(callbacks->promise, callbacks->data);
    current = NULL;
    return result;
}

int ah_callback_data(const ah_callbacks *callbacks, const void *data, size_t length)
{
    current = callbacks->promise;
    int result = callbacks->on_data(callbacks->promise, data, length, callbacks->data);
    current = NULL;
    return result;
}

int ah_callback_read(const ah_callbacks *callbacks, uint64_t offset, void *buffer, size_t size, size_t *length)
{
    current = callbacks->promise;
    int result = callbacks->on_read(callbacks->promise, offset, buffer, size, length, callbacks->data);
    current = NULL;
    return result;
}

int ah_callback_progress(const ah_callbacks *callbacks, uint64_t sent, uint64_t to_send, uint64_t received,
                         uint64_t to_receive)
{
    current = callbacks->promise;
    int result = callbacks->on_progress(callbacks->promise, sent, to_send, received, to_receive, callbacks->data);
    current = NULL;
    return result;
}
