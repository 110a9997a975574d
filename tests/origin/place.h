/*
 * Named places where requests are held until someone lets them go.
 */
#ifndef ORIGIN_PLACE_H
#define ORIGIN_PLACE_H

#include <stdbool.h>
#include <stdint.h>

/* A request that may be held; all zero: it is not. Stays where it is in memory while it is held. */
typedef struct waiter {
    struct place *place;
    struct waiter *previous;
    struct waiter *next;
} waiter;

/* Holds a request, which is not held yet, at a place. */
void place_hold(const char *name, waiter *w);

/* Lets the oldest go, count of them at most. Returns how many went. */
uint64_t place_release(const char *name, uint64_t count);

/* The request no longer waits; does nothing if it did not. */
void place_leave(waiter *w);

bool place_is_held(const waiter *w);

/* How many are held there now, and the most that were ever held there at once. */
uint64_t place_held(const char *name);
uint64_t place_peak(const char *name);

/* Forgets all places, after all requests have left. */
void place_forget_all(void);

#endif
