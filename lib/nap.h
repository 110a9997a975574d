/*
 * Whether a worker that rests need not be called for a job, since whoever brings it can be expected to wait for it at once,
 * and carries it out in the worker's place: calling a thread that then finds nothing to do is most of what such a request
 * costs beyond libcurl.
 *
 * It may come otherwise. So a worker that is called for such jobs again and again naps: it is not called for the next,
 * but looks after a millisecond whether there is one that nobody has come for, and as long as there never is, and that
 * spares it calls, after two, after four and then every eight.
 *
 * All of it is under the queue's lock.
 */
#ifndef AH_NAP_H
#define AH_NAP_H

#include <stdbool.h>

#include "base/clock.h"

/* Part of a worker. All zero: it does not nap. */
typedef struct ah_nap {
    bool on;
    /* Seconds, of this nap or the next. */
    double length;
    /* Since when it has rested, and how many jobs have come since for which it need not be called. */
    ah_time since;
    unsigned spared;
} ah_nap;

/* There is a job that somebody can be expected to wait for. Whether the worker need not be called. */
bool ah_nap_spare(ah_nap *nap);

/* The worker is going to rest, or to rest on. */
void ah_nap_lie_down(ah_nap *nap, ah_time now);

/* The worker has something to do. */
void ah_nap_rise(ah_nap *nap);

/* How many seconds the worker is to sleep now, which may rest for so many. */
double ah_nap_seconds(const ah_nap *nap, double seconds);

#endif
