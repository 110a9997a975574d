#if defined(__linux__) && !defined(_DEFAULT_SOURCE)
/* For syscall(). */
#define _DEFAULT_SOURCE
#endif

#include "base/parker.h"

#include <sched.h>
#include <stddef.h>
#include <time.h>

#if defined(__linux__)
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

/* Of state. */
enum { AWAKE, ASLEEP, WOKEN };

/* ---- Sleeping while the state is ASLEEP, and waking ---- */

#if defined(__linux__)

static void init(ah_parker *parker)
{
    atomic_init(&parker->callers, 0);
}

static void destroy(ah_parker *parker)
{
    /* Whoever has been told to wake up may be here before it was called. The caller may have a lower priority, and get
     * the processor only if this thread sleeps. */
    const struct timespec moment = {.tv_nsec = 20000};
    for (bool yielded = false; atomic_load_explicit(&parker->callers, memory_order_acquire) != 0; yielded = true) {
        if (yielded)
            nanosleep(&moment, NULL);
        else
            sched_yield();
    }
}

/* May return at any time. */
static void doze(ah_parker *parker, ah_time deadline)
{
    struct timespec left;
    bool ends = deadline < AH_NEVER;
    if (ends) {
        double seconds = deadline - ah_clock_now();
        left = ah_clock_timespec(seconds > 0 ? seconds : 0);
    }
    syscall(SYS_futex, &parker->state, FUTEX_WAIT_PRIVATE, ASLEEP, ends ? &left : NULL, NULL, 0);
}

bool ah_parker_release(ah_parker *parker)
{
    atomic_fetch_add_explicit(&parker->callers, 1, memory_order_relaxed);
    if (atomic_exchange_explicit(&parker->state, WOKEN, memory_order_acq_rel) == ASLEEP)
        return true;
    atomic_fetch_sub_explicit(&parker->callers, 1, memory_order_release);
    return false;
}

void ah_parker_call(ah_parker *parker)
{
    syscall(SYS_futex, &parker->state, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
    atomic_fetch_sub_explicit(&parker->callers, 1, memory_order_release);
}

#else

static void init(ah_parker *parker)
{
    pthread_condattr_t attributes;
    pthread_mutex_init(&parker->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&parker->changed, &attributes);
    pthread_condattr_destroy(&attributes);
}

static void destroy(ah_parker *parker)
{
    /* Whoever has woken the thread may still be about to unlock it. */
    pthread_mutex_lock(&parker->lock);
    pthread_mutex_unlock(&parker->lock);
    pthread_cond_destroy(&parker->changed);
    pthread_mutex_destroy(&parker->lock);
}

static void doze(ah_parker *parker, ah_time deadline)
{
    pthread_mutex_lock(&parker->lock);
    if (atomic_load_explicit(&parker->state, memory_order_relaxed) != ASLEEP) {
        /* Woken meanwhile. */
    } else if (deadline < AH_NEVER) {
        struct timespec until = ah_clock_timespec(deadline);
        pthread_cond_timedwait(&parker->changed, &parker->lock, &until);
    } else {
        pthread_cond_wait(&parker->changed, &parker->lock);
    }
    pthread_mutex_unlock(&parker->lock);
}

bool ah_parker_release(ah_parker *parker)
{
    pthread_mutex_lock(&parker->lock);
    if (atomic_exchange_explicit(&parker->state, WOKEN, memory_order_acq_rel) == ASLEEP)
        pthread_cond_signal(&parker->changed);
    pthread_mutex_unlock(&parker->lock);
    return false;
}

void ah_parker_call(ah_parker *parker)
{
    (void)parker;
}

#endif

/* ---- What is the same everywhere ---- */

void ah_parker_init(ah_parker *parker)
{
    atomic_init(&parker->state, AWAKE);
    init(parker);
}

void ah_parker_destroy(ah_parker *parker)
{
    destroy(parker);
}

void ah_parker_wake(ah_parker *parker)
{
    if (ah_parker_release(parker))
        ah_parker_call(parker);
}

bool ah_parker_sleep(ah_parker *parker, ah_time deadline)
{
    int state = AWAKE;
    bool in_time = true;
    /* Whoever is about to wake this thread may need its processor for it: then neither falls asleep. */
    if (atomic_load_explicit(&parker->state, memory_order_relaxed) == AWAKE)
        sched_yield();
    if (atomic_compare_exchange_strong_explicit(&parker->state, &state, ASLEEP, memory_order_acquire,
                                                memory_order_acquire)) {
        do {
            doze(parker, deadline);
            state = atomic_load_explicit(&parker->state, memory_order_acquire);
            in_time = deadline >= AH_NEVER || ah_clock_now() < deadline;
        } while (state == ASLEEP && in_time);
    }
    return atomic_exchange_explicit(&parker->state, AWAKE, memory_order_acquire) == WOKEN;
}
