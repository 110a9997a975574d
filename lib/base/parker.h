/*
 * Where a thread sleeps until another wakes it. A wake-up that comes before the sleep is kept: the sleep then ends at
 * once.
 */
#ifndef AH_PARKER_H
#define AH_PARKER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "base/clock.h"

/* Its members are the module's own. */
typedef struct ah_parker {
    atomic_int state;
#if !defined(__linux__)
    pthread_mutex_t lock;
    pthread_cond_t changed;
#endif
} ah_parker;

/* What wakes a thread that sleeps at one of several parkers. Lasts as long as the process. */
typedef struct ah_bell ah_bell;

void ah_parker_init(ah_parker *parker);
void ah_parker_destroy(ah_parker *parker);

/* Sleeps until it is woken, and uses that wake-up up. False: the deadline came first. One thread at a time. */
bool ah_parker_sleep(ah_parker *parker, ah_time deadline);

/* Wakes who sleeps there, or who will, and who may then destroy the parker at once. From any thread; everything that was
 * done before is seen by who is woken. */
void ah_parker_wake(ah_parker *parker);

/* The same in two parts: the first under a lock that who is woken is going to want, and the second without it, since who
 * is woken may run at once. NULL: nobody sleeps, and there is nothing to ring. */
ah_bell *ah_parker_release(ah_parker *parker);
void ah_bell_ring(ah_bell *bell);

#endif
