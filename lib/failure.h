/*
 * What libcurl's errors mean: the code and the words that the program is given.
 */
#ifndef AH_FAILURE_H
#define AH_FAILURE_H

#include <curl/curl.h>

#include "outcome.h"
#include "request.h"

/* Notes in the outcome that the transfer on this handle ended with this error. words: libcurl's own, "" if it has
 * none. */
void ah_failure_note(ah_outcome *outcome, CURL *easy, CURLcode error, const char *words, const ah_request *request);

/* Whether the network was only out of reach for a moment, perhaps [httplib2.RETRIES]. */
bool ah_failure_is_transient(CURL *easy, CURLcode error);

#endif
