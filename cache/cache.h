/*
 * What the public asynchttp_cache is: a store, the requests under way for it, and what is counted.
 */
#ifndef AH_CACHE_H
#define AH_CACHE_H

#include <stdatomic.h>

#include "base/fork.h"
#include "cache/flights.h"
#include "cache/store.h"

/* A shared value (base/shared.h): held by the program, by the settings of every Http that has it. */
struct asynchttp_cache {
    ah_store *store;
    /* The store calls the program. */
    bool programs;
    ah_flights *flights;
    /* Validations in the background. */
    ah_flights *refreshes;
    ah_process process;
    /* Counted since it was made. */
    atomic_ullong hits;
    atomic_ullong misses;
    atomic_ullong revalidations;
    atomic_ullong stores;
};

/* Whether it can be used: it was not made by the process that this one was forked from. */
bool ah_cache_is_usable(const asynchttp_cache *cache);

/* One more in this of its statistics. */
void ah_cache_count(atomic_ullong *counter);

/* The right to validate what is stored for a URI in the background, which one at a time has. */
typedef struct ah_claim ah_claim;

/* NULL: somebody has it, or no memory. */
ah_claim *ah_cache_claim(asynchttp_cache *cache, const char *uri, uint64_t salt);

/* Gives it back; NULL is allowed. */
void ah_cache_disclaim(ah_claim *claim);

#endif
