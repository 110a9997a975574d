/*
 * How a request ended, or how far it has come: what the promise will tell.
 */
#ifndef AH_OUTCOME_H
#define AH_OUTCOME_H

#include "asynchttp.h"
#include "base/buffer.h"

/* All zero: nothing yet, and no error. */
typedef struct ah_outcome {
    asynchttp_code code;
    /* libcurl's own error; 0: none. */
    int curl_code;
    /* NULL: what asynchttp_strerror() says of the code. */
    char *message;
    asynchttp_response *response;
    /* What had redirected to where no response came from; NULL if there is a response, which knows it itself. */
    asynchttp_response *previous;
    ah_buffer content;
} ah_outcome;

/* Notes an error with its message, unless there is one already: the first one stays. Lack of memory for the message
 * leaves it without. */
#if defined(__GNUC__)
__attribute__((format(printf, 3, 4), cold))
#endif
void ah_outcome_fail(ah_outcome *outcome, asynchttp_code code, const char *format, ...);

/* Appends to the error's message, if there is an error. */
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
void ah_outcome_explain(ah_outcome *outcome, const char *format, ...);

/* Turns an error into a response [Http.force_exception_to_status_code]: 408 for a timeout, 500 in the response that
 * the error carries, 400 for the rest. What the program itself has done stays, ASYNCHTTP_E_CANCELLED and
 * ASYNCHTTP_E_CALLBACK, and lack of memory too. */
void ah_outcome_force_status(ah_outcome *outcome);

/* What went wrong, "" if nothing did. */
const char *ah_outcome_message(const ah_outcome *outcome);

/* Frees all of it, and leaves it all zero. */
void ah_outcome_clear(ah_outcome *outcome);

#endif
