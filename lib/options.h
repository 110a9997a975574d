/*
 * What is asked of libcurl for one request: its options.
 */
#ifndef AH_OPTIONS_H
#define AH_OPTIONS_H

#include <curl/curl.h>

#include "request.h"

/* What a handle is set to. All zero: nothing, it was just made or reset. */
typedef struct ah_options {
    /* What libcurl reads during the transfer. */
    struct curl_slist *headers;
    struct curl_slist *proxy_headers;
    /* Taken apart, of that scheme and authority, and without a target. NULL: none. */
    CURLU *url;
    char *authority;
    /* For another request like it the handle only needs a URL and header fields: one with these settings (their number;
     * 0: there is no such request), this scheme and timeout, and plain: a GET without a proxy that is not watched. */
    unsigned long long settings;
    bool https;
    double timeout;
    /* No header fields but those that every plain request has. */
    bool usual_headers;
} ah_options;

/* Sets a handle that was just made or reset, or that ah_options_suit(). more: header fields beyond the request's own.
 * CURLE_OUT_OF_MEMORY or what libcurl thinks of an option; the options are to be freed then too. */
CURLcode ah_options_set(ah_options *options, CURL *easy, const ah_request *request, const ah_fields *more);

/* Whether the handle need not be reset for this request. */
bool ah_options_suit(const ah_options *options, const ah_request *request);

/* The proxy that it goes through, NULL: none. */
const asynchttp_proxy_info *ah_options_proxy(const ah_request *request);

/* Whether it may use a connection at the same time as others, with HTTP/2. */
bool ah_options_share(const ah_request *request);

/* How many seconds it may take to be connected. */
double ah_options_connect_timeout(const ah_request *request);

/* Frees what libcurl does not need any more once the handle has been reset. */
void ah_options_free(ah_options *options);

#endif
