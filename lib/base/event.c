#include "base/event.h"

#include "base/parker.h"

/* A thread that waits, for as long as it does: on its stack. */
typedef struct ah_event_waiter {
    ah_parker parker;
    /* How many of the events it waits for must still happen for it to have enough. Whoever makes that 0 wakes the
     * thread, which does not leave before. */
    atomic_long wanted;
} waiter;

void ah_event_init(ah_event *event)
{
    atomic_init(&event->happened, false);
    event->watches = NULL;
    pthread_mutex_init(&event->lock, NULL);
}

void ah_event_destroy(ah_event *event)
{
    pthread_mutex_destroy(&event->lock);
}

void ah_event_lock(ah_event *event)
{
    pthread_mutex_lock(&event->lock);
}

void ah_event_unlock(ah_event *event)
{
    pthread_mutex_unlock(&event->lock);
}

/* Whether the waiter has enough with one more event. */
static bool count_down(waiter *waiting)
{
    return atomic_fetch_sub_explicit(&waiting->wanted, 1, memory_order_acq_rel) == 1;
}

void ah_event_set(ah_event *event)
{
    ah_parker *last = NULL;
    pthread_mutex_lock(&event->lock);
    if (!atomic_exchange_explicit(&event->happened, true, memory_order_release)) {
        for (ah_event_watch *watch = event->watches; watch; watch = watch->next) {
            if (!count_down(watch->waiter))
                continue;
            if (last)
                ah_parker_wake(last);
            last = &watch->waiter->parker;
        }
    }
    pthread_mutex_unlock(&event->lock);
    /* The first thing that a thread does when it is woken is to take the lock. */
    if (last)
        ah_parker_wake(last);
}

/* Links the watch to its event, unless that has happened already. Returns whether the waiter has enough by that. */
static bool attach(ah_event_watch *watch, waiter *waiting)
{
    ah_event *event = watch->event;
    watch->waiter = waiting;
    pthread_mutex_lock(&event->lock);
    watch->linked = !ah_event_happened(event);
    if (watch->linked) {
        watch->next = event->watches;
        if (watch->next)
            watch->next->link = &watch->next;
        watch->link = &event->watches;
        event->watches = watch;
    }
    pthread_mutex_unlock(&event->lock);
    return !watch->linked && count_down(waiting);
}

static void detach(ah_event_watch *watch)
{
    if (!watch->linked)
        return;
    pthread_mutex_lock(&watch->event->lock);
    *watch->link = watch->next;
    if (watch->next)
        watch->next->link = watch->link;
    pthread_mutex_unlock(&watch->event->lock);
}

bool ah_events_wait(ah_event_watch *watches, size_t count, size_t enough, ah_time deadline)
{
    waiter waiting;
    bool reached = enough == 0;
    ah_parker_init(&waiting.parker);
    atomic_init(&waiting.wanted, (long)enough);
    for (size_t i = 0; i < count; i++)
        reached = attach(&watches[i], &waiting) || reached;
    reached = reached || ah_parker_sleep(&waiting.parker, deadline);
    for (size_t i = 0; i < count; i++)
        detach(&watches[i]);
    /* Nobody can count down any more; but whoever made it enough meanwhile may have yet to wake this thread. */
    if (!reached && atomic_load_explicit(&waiting.wanted, memory_order_acquire) <= 0)
        reached = ah_parker_sleep(&waiting.parker, AH_NEVER);
    ah_parker_destroy(&waiting.parker);
    return reached;
}
