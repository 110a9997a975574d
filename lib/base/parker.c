#if defined(__linux__) && !defined(_DEFAULT_SOURCE)
/* For syscall(). */
#define _DEFAULT_SOURCE
#endif

#include "base/parker.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#if defined(__linux__)
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include "base/yielding.h"

/* Of state. */
enum { AWAKE, ASLEEP, WOKEN };

/* ---- Sleeping while the state is ASLEEP, and waking ---- */

#if defined(__linux__)

/* Waits while the word has this value; NULL: however long. 32-bit systems have two calls, of which old kernels know one,
 * whose time is two longs whatever a time_t is. */
static void wait_for(atomic_uint *word, unsigned value, const struct timespec *left)
{
#if !defined(SYS_futex_time64)
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, left, NULL, 0);
#else
    if (sizeof(left->tv_sec) > sizeof(long)) {
        if (syscall(SYS_futex_time64, word, FUTEX_WAIT_PRIVATE, value, left, NULL, 0) == 0 ||
            (errno != ENOSYS && errno != EPERM))
            return;
    }
#if defined(SYS_futex)
    const long two[] = {left ? (long)left->tv_sec : 0, left ? (long)left->tv_nsec : 0};
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, left ? two : NULL, NULL, 0);
#endif
#endif
}

static void wake_all(atomic_uint *word)
{
#if defined(SYS_futex)
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
#else
    syscall(SYS_futex_time64, word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
#endif
}

/* A thread sleeps at a bell and not at its parker, whose memory may be gone when the one that wakes it gets as far as to
 * call the system. */
struct ah_bell {
    _Alignas(64) atomic_uint rings;
};

enum { BELL_BITS = 10 };
static ah_bell bells[1 << BELL_BITS];

/* Stacks lie at like addresses, and not parkers with the same remainder. */
static ah_bell *bell_of(const ah_parker *parker)
{
    return &bells[(uint64_t)(uintptr_t)parker * UINT64_C(0x9e3779b97f4a7c15) >> (64 - BELL_BITS)];
}

static void init(ah_parker *parker)
{
    (void)parker;
}

static void destroy(ah_parker *parker)
{
    (void)parker;
}

/* How often the bell has been rung; to be asked before the state is looked at for the last time. */
static unsigned heard(const ah_parker *parker)
{
    return atomic_load_explicit(&bell_of(parker)->rings, memory_order_acquire);
}

/* May return at any time. */
static void doze(ah_parker *parker, unsigned rings, ah_time deadline)
{
    struct timespec left;
    bool ends = deadline < AH_NEVER;
    if (ends) {
        double seconds = deadline - ah_clock_now();
        left = ah_clock_timespec(seconds > 0 ? seconds : 0);
    }
    wait_for(&bell_of(parker)->rings, rings, ends ? &left : NULL);
}

ah_bell *ah_parker_release(ah_parker *parker)
{
    ah_bell *bell = bell_of(parker);
    bool sleeps = atomic_exchange_explicit(&parker->state, WOKEN, memory_order_acq_rel) == ASLEEP;
    return sleeps ? bell : NULL;
}

void ah_bell_ring(ah_bell *bell)
{
    /* Who hears it sees that it is woken, if it is. */
    atomic_fetch_add_explicit(&bell->rings, 1, memory_order_release);
    wake_all(&bell->rings);
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

static unsigned heard(const ah_parker *parker)
{
    (void)parker;
    return 0;
}

static void doze(ah_parker *parker, unsigned rings, ah_time deadline)
{
    (void)rings;
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

ah_bell *ah_parker_release(ah_parker *parker)
{
    pthread_mutex_lock(&parker->lock);
    if (atomic_exchange_explicit(&parker->state, WOKEN, memory_order_acq_rel) == ASLEEP)
        pthread_cond_signal(&parker->changed);
    pthread_mutex_unlock(&parker->lock);
    return NULL;
}

void ah_bell_ring(ah_bell *bell)
{
    (void)bell;
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
    ah_bell *bell = ah_parker_release(parker);
    if (bell)
        ah_bell_ring(bell);
}

static void yield(const ah_parker *parker)
{
    static _Thread_local ah_yielding yielding;
    if (ah_yield(&yielding))
        ah_yield_judge(&yielding, atomic_load_explicit(&parker->state, memory_order_relaxed) != AWAKE);
}

bool ah_parker_sleep(ah_parker *parker, ah_time deadline)
{
    int state = AWAKE;
    bool in_time = true;
    if (atomic_load_explicit(&parker->state, memory_order_relaxed) == AWAKE)
        yield(parker);
    unsigned rings = heard(parker);
    if (atomic_compare_exchange_strong_explicit(&parker->state, &state, ASLEEP, memory_order_acq_rel,
                                                memory_order_acquire)) {
        do {
            doze(parker, rings, deadline);
            rings = heard(parker);
            state = atomic_load_explicit(&parker->state, memory_order_acquire);
            in_time = deadline >= AH_NEVER || ah_clock_now() < deadline;
        } while (state == ASLEEP && in_time);
    }
    return atomic_exchange_explicit(&parker->state, AWAKE, memory_order_acquire) == WOKEN;
}
