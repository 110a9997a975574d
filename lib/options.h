/*
 * What is asked of libcurl for one request: its options.
 */
#ifndef AH_OPTIONS_H
#define AH_OPTIONS_H

#include <curl/curl.h>

#include "request.h"

/* Lists that libcurl reads during the transfer, and that are freed after it. All zero: none. */
typedef struct ah_options {
    struct curl_slist *headers;
    struct curl_slist *proxy_headers;
} ah_options;

/* Sets a handle that was just made or reset. more: header fields beyond the request's own. CURLE_OUT_OF_MEMORY or
 * what libcurl thinks of an option; the options are to be freed then too. */
CURLcode ah_options_set(ah_options *options, CURL *easy, const ah_request *request, const ah_fields *more);

/* The proxy that it goes through, NULL: none. */
const asynchttp_proxy_info *ah_options_proxy(const ah_request *request);

/* How many seconds it may take to be connected. */
double ah_options_connect_timeout(const ah_request *request);

void ah_options_free(ah_options *options);

#endif
