/*
 * Points in time, the soonest first: a heap that lives inside the things that wait.
 */
#ifndef AH_TIMERS_H
#define AH_TIMERS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"

/* Embedded in what waits. */
typedef struct ah_timer {
    ah_time due;
    /* Its place in the heap, counted from 1; 0: not set. */
    size_t place;
} ah_timer;

/* All zero: none. */
typedef struct ah_timers {
    ah_timer **heap;
    size_t count;
    size_t capacity;
} ah_timers;

/* Room for so many timers, so that setting them cannot fail. False: no memory. */
bool ah_timers_reserve(ah_timers *timers, size_t count);

/* Sets the timer, or moves it if it is set. There must be room. */
void ah_timers_set(ah_timers *timers, ah_timer *timer, ah_time due);

/* Takes out one that is set. */
void ah_timers_remove(ah_timers *timers, ah_timer *timer);

/* Takes the timer out, if it is set. */
static inline void ah_timers_cancel(ah_timers *timers, ah_timer *timer)
{
    if (timer->place)
        ah_timers_remove(timers, timer);
}

/* The soonest, which stays set; NULL if there is none. */
static inline ah_timer *ah_timers_first(const ah_timers *timers)
{
    return timers->count ? timers->heap[0] : NULL;
}

void ah_timers_free(ah_timers *timers);

#endif
