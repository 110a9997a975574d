/*
 * Which entries have been used, and when: noted in memory, and taken from there to be written down, many at once.
 */
#ifndef AH_USAGE_H
#define AH_USAGE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"

/* How many are written down at once. */
enum { AH_USES = 256 };

typedef struct ah_use {
    /* 0: free. */
    int64_t id;
    uint64_t hits;
    /* Seconds since 1970. */
    double used;
} ah_use;

typedef struct ah_usage {
    pthread_mutex_t lock;
    /* NULL until something is noted. */
    ah_use *uses;
    size_t count;
    /* Where the next ones are taken from. */
    size_t cursor;
    /* When some were last taken. */
    ah_time taken;
} ah_usage;

void ah_usage_init(ah_usage *usage);
void ah_usage_destroy(ah_usage *usage);

/* Notes a use; not if so many others were used that there is no room, or there is no memory. Whether it is time to write
 * some down. */
bool ah_usage_note(ah_usage *usage, int64_t id, double now);

/* Whether there is anything to be written down. */
bool ah_usage_waits(ah_usage *usage);

/* Takes up to AH_USES of what was noted, to be written down. How many. */
size_t ah_usage_take(ah_usage *usage, ah_use taken[AH_USES]);

#endif
