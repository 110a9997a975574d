/*
 * How old a response is and for how long it is fresh (RFC 9111 section 4.2).
 */
#ifndef AH_FRESHNESS_H
#define AH_FRESHNESS_H

#include "cache/directives.h"
#include "cache/entry.h"

/* Seconds; times are in seconds since 1970. */
typedef struct ah_freshness {
    /* AH_LIFETIME_NONE: the response says nothing of it. */
    double lifetime;
    /* The lifetime is the server's word, and no guess. */
    bool is_explicit;
    double age;
} ah_freshness;

#define AH_LIFETIME_NONE (-1.0)

/* Of an entry, whose Cache-Control is given too. heuristic: the fraction of the time since the last modification that a
 * response without a lifetime is taken to be fresh; 0: it is not. */
ah_freshness ah_freshness_of(const ah_entry *entry, const ah_directives *directives, double heuristic, double now);

/* When the server says that it made the response; without that, when it came. */
double ah_date_of(const ah_entry *entry, double now);

/* Whether the status may be stored without a word about it (RFC 9110 section 15.1). */
bool ah_is_heuristically_cacheable(int status);

/* Whether it redirects for good (301, 308). */
bool ah_is_permanent_redirect(int status);

#endif
