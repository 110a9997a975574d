/*
 * Whether a stored response may answer a request (RFC 9111 section 4), and what to ask the server if it may not.
 */
#ifndef AH_REUSE_H
#define AH_REUSE_H

#include "cache/directives.h"
#include "cache/entry.h"

/* A GET or HEAD without content, as a cache sees it. Borrowed. */
typedef struct ah_asked {
    bool head;
    const ah_fields *fields;
    ah_directives directives;
    /* See cache/freshness.h. */
    double heuristic;
    /* Entity tags of stored responses are left alone [Http.ignore_etag]. */
    bool ignore_etag;
} ah_asked;

typedef enum ah_verdict {
    /* Nothing that is stored is of use. */
    AH_VERDICT_MISS,
    /* The selected response is the answer. */
    AH_VERDICT_USE,
    /* It is, though stale, and is to be validated in the background (RFC 5861 section 3). */
    AH_VERDICT_USE_AND_REFRESH,
    /* The server is asked whether it, or another one, may still be used. */
    AH_VERDICT_VALIDATE,
    /* The caller wants nothing from the network, and there is nothing here: 504 (RFC 9111 section 5.2.1.7). */
    AH_VERDICT_UNAVAILABLE,
} ah_verdict;

/* What of a stored response is the answer. */
typedef enum ah_share {
    /* All of it, or for a HEAD the head of that. */
    AH_SHARE_WHOLE,
    /* A range of its content: 206. */
    AH_SHARE_RANGE,
    /* That the caller has it already: 304. */
    AH_SHARE_NOT_MODIFIED,
} ah_share;

#define AH_NO_ENTRY SIZE_MAX

typedef struct ah_reuse {
    ah_verdict verdict;
    /* Which of the entries the request selects; AH_NO_ENTRY: none. */
    size_t selected;
    ah_share share;
    ah_range range;
    /* How old the selected response is. */
    double age;
} ah_reuse;

/* Fills in what follows of the fields. */
ah_asked ah_asked_of(const char *method, const ah_fields *fields, double heuristic, bool ignore_etag);

/* What to do. False: no memory; the request is then answered by the network. */
bool ah_reuse_decide(ah_reuse *reuse, const ah_asked *asked, const ah_entries *entries, double now);

/* What of the entry would answer the request, could it be used. False: nothing. */
bool ah_reuse_share(ah_reuse *reuse, const ah_asked *asked, const ah_entry *entry, double now);

/* Adds the fields that ask the server whether stored responses may still be used (RFC 9111 section 4.3.1). It adds none
 * if the request has conditions of its own. False: no memory. */
bool ah_reuse_conditions(ah_fields *conditions, const ah_asked *asked, const ah_entries *entries, size_t selected);

/* Which of the entries a 304 to the conditions above is about (RFC 9111 section 4.3.4); AH_NO_ENTRY: none. */
size_t ah_reuse_freshened(const ah_entries *entries, size_t selected, const ah_fields *not_modified);

typedef enum ah_trouble {
    /* The server answered that it cannot (500, 502, 503, 504). */
    AH_TROUBLE_STATUS,
    /* It could not be reached. */
    AH_TROUBLE_NETWORK,
} ah_trouble;

/* Whether the entry may be used stale since the server cannot be asked (RFC 5861 section 4, RFC 9111 section 4.2.4). */
bool ah_may_use_stale(const ah_asked *asked, const ah_entry *entry, ah_trouble trouble, double now);

/* Whether a status is such trouble. */
bool ah_is_trouble(int status);

#endif
