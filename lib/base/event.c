#include "base/event.h"

/* A thread that waits, for as long as it does: on its stack. */
typedef struct ah_event_waiter {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    /* How many of the events it waits for have happened; under its lock. */
    size_t happened;
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

bool ah_event_happened(const ah_event *event)
{
    return atomic_load_explicit(&event->happened, memory_order_acquire);
}

static void notify(waiter *waiting)
{
    pthread_mutex_lock(&waiting->lock);
    waiting->happened++;
    pthread_cond_signal(&waiting->changed);
    pthread_mutex_unlock(&waiting->lock);
}

void ah_event_set(ah_event *event)
{
    pthread_mutex_lock(&event->lock);
    if (!atomic_exchange_explicit(&event->happened, true, memory_order_release)) {
        /* Under the event's lock a waiter cannot leave, since it must take that lock to unlink its watch. */
        for (ah_event_watch *watch = event->watches; watch; watch = watch->next)
            notify(watch->waiter);
    }
    pthread_mutex_unlock(&event->lock);
}

/* Links the watch to its event, unless that has happened already. */
static void attach(ah_event_watch *watch, waiter *waiting)
{
    ah_event *event = watch->event;
    watch->waiter = waiting;
    pthread_mutex_lock(&event->lock);
    watch->linked = !ah_event_happened(event);
    if (!watch->linked) {
        notify(waiting);
    } else {
        watch->next = event->watches;
        if (watch->next)
            watch->next->link = &watch->next;
        watch->link = &event->watches;
        event->watches = watch;
    }
    pthread_mutex_unlock(&event->lock);
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

static void init(waiter *waiting)
{
    pthread_condattr_t attributes;
    waiting->happened = 0;
    pthread_mutex_init(&waiting->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&waiting->changed, &attributes);
    pthread_condattr_destroy(&attributes);
}

static bool block(waiter *waiting, size_t enough, ah_time deadline)
{
    bool in_time = true;
    pthread_mutex_lock(&waiting->lock);
    while (waiting->happened < enough && in_time) {
        if (deadline >= AH_NEVER) {
            pthread_cond_wait(&waiting->changed, &waiting->lock);
        } else {
            struct timespec until = ah_clock_timespec(deadline);
            in_time = pthread_cond_timedwait(&waiting->changed, &waiting->lock, &until) == 0;
        }
    }
    bool reached = waiting->happened >= enough;
    pthread_mutex_unlock(&waiting->lock);
    return reached;
}

bool ah_events_wait(ah_event_watch *watches, size_t count, size_t enough, ah_time deadline)
{
    waiter waiting;
    init(&waiting);
    for (size_t i = 0; i < count; i++)
        attach(&watches[i], &waiting);
    bool reached = block(&waiting, enough, deadline);
    for (size_t i = 0; i < count; i++)
        detach(&watches[i]);
    pthread_cond_destroy(&waiting.changed);
    pthread_mutex_destroy(&waiting.lock);
    return reached;
}
