/*
 * A request as the library holds it: the caller's keyword arguments, copied and checked.
 */
#ifndef AH_REQUEST_H
#define AH_REQUEST_H

#include <string.h>

#include "asynchttp.h"
#include "base/fields.h"
#include "base/uri.h"
#include "callback.h"
#include "outcome.h"
#include "settings.h"

/* All zero: empty. Not changed after it was made. */
typedef struct ah_request {
    ah_uri uri;
    const char *method;
    /* The method, if it is none of the usual ones, for which there are constants; else NULL. */
    char *unusual_method;
    /* The caller's, without Content-Length and Transfer-Encoding. */
    ah_fields headers;
    /* NULL: none, or callbacks.on_read gives it. */
    void *body;
    /* Of body, or of what on_read will give; 0 with on_read: unknown. */
    uint64_t body_length;
    /* Seconds of silence; 0: any number. */
    double timeout;
    ah_callbacks callbacks;
    /* A share. */
    ah_settings *settings;
    /* The proxies for http and for https that the environment named when the request was made; NULL: none. */
    asynchttp_proxy_info *environment_proxies[2];
    /* Where in the program it was made; NULL: unknown. */
    const char *file;
    int line;
    /* How many redirects may still be followed, at least 0. */
    int redirections;
    /* Its number in the log, counted from 1. */
    unsigned long long number;
    /* Made by the library itself, to validate what is stored, which it has the right to; NULL: by the program. */
    struct ah_claim *claim;
} ah_request;

/* Fills in a request that is empty but for file, line, number and callbacks.promise from the arguments (NULL: a plain
 * GET) and takes a share of settings. What is wrong with them is noted in the outcome; the request is then incomplete
 * and may only be cleared, but its callbacks are filled in. */
void ah_request_init(ah_request *request, const char *uri, const asynchttp_request *arguments, ah_settings *settings,
                     ah_outcome *outcome);

/* Fills in an empty request, but for its number and callbacks, that asks for the same again in the background, for
 * nobody in particular; takes over the claim. False: no memory; the request may only be cleared. */
bool ah_request_repeat(ah_request *request, const ah_request *original, struct ah_claim *claim);

/* Whether this is its method. */
static inline bool ah_request_is(const ah_request *request, const char *method)
{
    return strcmp(request->method, method) == 0;
}

/* Whether it has a body to send, even an empty one. */
static inline bool ah_request_has_body(const ah_request *request)
{
    return request->body || request->callbacks.on_read;
}

/* Frees what the request holds, and leaves it empty but for its callbacks and its number. */
void ah_request_clear(ah_request *request);

#endif
