/*
 * Redirects (RFC 9110 section 15.4, as httplib2 follows them): whether to follow one, and with what request.
 */
#ifndef AH_REDIRECT_H
#define AH_REDIRECT_H

#include "request.h"

typedef enum ah_redirect {
    /* The response is an answer. */
    AH_REDIRECT_NONE,
    AH_REDIRECT_FOLLOW,
    AH_REDIRECT_MISSING_LOCATION,
    AH_REDIRECT_LIMIT,
} ah_redirect;

/* What to do about the response to a request, of which so many redirects may still be followed. */
ah_redirect ah_redirect_decide(const ah_request *request, const asynchttp_response *response);

/* Notes in a response that is followed what httplib2 notes there: an absolute location, content-location, and for
 * permanent ones -x-permanent-redirect-url. target: where it leads. False: no memory. */
bool ah_redirect_note(asynchttp_response *response, const ah_request *request, const ah_uri *target);

/* Notes in a response that is an answer what httplib2 notes there: content-location. False: no memory. */
bool ah_redirect_note_answer(asynchttp_response *response, const ah_request *request);

/* Makes the request that follows the redirect: it takes the target over, and borrows from the one before what it does
 * not change. To be cleared with ah_redirect_clear(). False: no memory; the target is cleared. */
bool ah_redirect_request(ah_request *next, const ah_request *before, int status, ah_uri *target);

void ah_redirect_clear(ah_request *next);

#endif
