/*
 * Calling the program: its callbacks, and which promise's callback the calling thread is in.
 *
 * No lock is held around them.
 */
#ifndef AH_CALLBACK_H
#define AH_CALLBACK_H

#include "asynchttp.h"

/* What one request wants to be told. Any of the functions may be NULL. */
typedef struct ah_callbacks {
    /* Whom they are told about. */
    asynchttp_promise *promise;
    void *data;
    asynchttp_callback *done;
    asynchttp_data_callback *on_data;
    asynchttp_read_callback *on_read;
    asynchttp_progress_callback *on_progress;
    asynchttp_interim_callback *on_interim;
} ah_callbacks;

/* The promise whose callback this thread is in; NULL: it is in none. */
asynchttp_promise *ah_callback_current(void);

/* They call the function, which must not be NULL, and return what it did. */
int ah_callback_done(const ah_callbacks *callbacks);
int ah_callback_data(const ah_callbacks *callbacks, const void *data, size_t length);
int ah_callback_read(const ah_callbacks *callbacks, uint64_t offset, void *buffer, size_t size, size_t *length);
int ah_callback_progress(const ah_callbacks *callbacks, uint64_t sent, uint64_t to_send, uint64_t received,
                         uint64_t to_receive);
int ah_callback_interim(const ah_callbacks *callbacks, const asynchttp_response *interim);

#endif
