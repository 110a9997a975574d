/*
 * What the caller holds: fulfilled once, by one worker, and read by any thread from then on.
 */
#ifndef AH_PROMISE_H
#define AH_PROMISE_H

#include "asynchttp.h"
#include "dispatch.h"
#include "settings.h"

/* A promise for a request with these arguments, held by the caller; takes a share of settings. If the arguments are
 * wrong it holds their error already, but is not done. NULL: no memory. */
asynchttp_promise *ah_promise_new(const char *uri, const asynchttp_request *arguments, ah_settings *settings,
                                  const char *file, int line);

/* Sends the promise's request on its way; what is wrong with it and has no callback is done at once. If it was not
 * accepted, the promise is still the caller's, to submit to another queue or to free. */
ah_submission ah_promise_submit(asynchttp_promise *promise, ah_queue *queue);

/* Makes a promise that was not submitted done, with this error and without a callback. */
void ah_promise_fail(asynchttp_promise *promise, asynchttp_code code, const char *why);

#endif
