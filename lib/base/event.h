/*
 * Something that happens once, and that any number of threads may wait for, alone or among others
 * [threading.Event].
 */
#ifndef AH_EVENT_H
#define AH_EVENT_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"

typedef struct ah_event {
    pthread_mutex_t lock;
    atomic_bool happened;
    /* Who waits for it, while somebody does; under the lock. */
    struct ah_event_watch *watches;
} ah_event;

/* One event that a thread waits for. The waiter fills in event; the rest belongs to ah_events_wait(). */
typedef struct ah_event_watch {
    ah_event *event;
    struct ah_event_waiter *waiter;
    bool linked;
    /* Under the event's lock. */
    struct ah_event_watch *next;
    struct ah_event_watch **link;
} ah_event_watch;

void ah_event_init(ah_event *event);
void ah_event_destroy(ah_event *event);

/* It has happened: wakes all who wait. Everything that was done before is seen by whoever sees that it has happened. */
void ah_event_set(ah_event *event);

static inline bool ah_event_happened(const ah_event *event)
{
    return atomic_load_explicit(&event->happened, memory_order_acquire);
}

/* Holds and lets go of its lock, which may guard something else that belongs with it, too: for a moment, in which nothing
 * else is done with the event. */
void ah_event_lock(ah_event *event);
void ah_event_unlock(ah_event *event);

/* Waits until at least `enough` of the count events have happened. False: the deadline came first. Locks: an event's
 * lock is taken before a waiter's; no two events' at once. */
bool ah_events_wait(ah_event_watch *watches, size_t count, size_t enough, ah_time deadline);

#endif
