/*
 * What Cache-Control says (RFC 9111 section 5.2, RFC 5861, RFC 8246), in a request or in a response.
 */
#ifndef AH_DIRECTIVES_H
#define AH_DIRECTIVES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fields.h"

/* A number of seconds that was not given. */
#define AH_SECONDS_NONE (-1)
/* More than any that is given: max-stale without a number. */
#define AH_SECONDS_ANY INT64_MAX

/* Of directives that come twice the first counts. Seconds that make no sense are 0 where that is the cautious reading,
 * and a quoted string that does not end may hide a no-store. */
typedef struct ah_directives {
    bool no_store;
    /* Without field names; those with some are for ah_directives_withhold(). */
    bool no_cache;
    bool must_revalidate;
    bool must_understand;
    bool is_public;
    bool is_private;
    bool immutable;
    bool only_if_cached;
    int64_t max_age;
    int64_t min_fresh;
    int64_t max_stale;
    int64_t stale_while_revalidate;
    int64_t stale_if_error;
} ah_directives;

/* Reads the field of a request's or response's fields. In a request without one, Pragma: no-cache counts as no-cache
 * (RFC 9111 section 5.4). */
ah_directives ah_directives_of_request(const ah_fields *fields);
ah_directives ah_directives_of_response(const ah_fields *fields);

/* Calls withhold for each name of a field in a response's no-cache (RFC 9111 section 5.2.2.4), which has its length and
 * need not end there. It may delete fields, but not Cache-Control. */
void ah_directives_withhold(ah_fields *fields, void (*withhold)(ah_fields *fields, const char *name, size_t length));

/* The most seconds that are told apart: a double has room for them, and for a sum of several. */
#define AH_SECONDS_MOST (INT64_C(1) << 53)

/* Reads seconds (RFC 9111 section 1.2.2), digits alone; more than AH_SECONDS_MOST are as many. False: it is none. */
bool ah_seconds_parse(const char *text, size_t length, int64_t *seconds);

/* The first item of a comma-separated list (RFC 9110 section 5.6.1), without the white space around it; commas in
 * quoted strings do not count. Empty items are passed over. Returns its length; 0: there is none. *next is where to go
 * on. */
size_t ah_list_item(const char **item, const char **next);

#endif
