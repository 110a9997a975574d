#if defined(__linux__) && !defined(_GNU_SOURCE)
/* For sched_getaffinity() and pthread_getattr_np(). */
#define _GNU_SOURCE
#endif

#include "base/thread.h"

#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

/* Signals are the program's business, and are handled on its threads; but those that say that this very thread went
 * wrong cannot be kept from it. SIGPIPE is blocked too: libcurl leaves it to whoever set CURLOPT_NOSIGNAL. */
static void block_signals(sigset_t *before)
{
    sigset_t all;
    sigfillset(&all);
    sigdelset(&all, SIGSEGV);
    sigdelset(&all, SIGBUS);
    sigdelset(&all, SIGFPE);
    sigdelset(&all, SIGILL);
    sigdelset(&all, SIGABRT);
    pthread_sigmask(SIG_SETMASK, &all, before);
}

int ah_thread_start(pthread_t *thread, void *(*run)(void *), void *data)
{
    sigset_t before;
    block_signals(&before);
    int failed = pthread_create(thread, NULL, run, data);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failed;
}

#if defined(__linux__)

/* Those that the calling thread may use, and what it starts, and not all that there are. */
static long count_processors(void)
{
    cpu_set_t set;
    return sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 0;
}

#elif defined(_SC_NPROCESSORS_ONLN)

static long count_processors(void)
{
    return sysconf(_SC_NPROCESSORS_ONLN);
}

#else

static long count_processors(void)
{
    return 0;
}

#endif

unsigned ah_thread_processors(void)
{
    long count = count_processors();
    return count > 0 ? (unsigned)count : AH_PROCESSORS;
}

static double read_clock(clockid_t clock)
{
    struct timespec time;
    return clock_gettime(clock, &time) == 0 ? (double)time.tv_sec + (double)time.tv_nsec / 1e9 : 0;
}

double ah_thread_ran(pthread_t thread)
{
    clockid_t clock;
    return pthread_getcpuclockid(thread, &clock) == 0 ? read_clock(clock) : 0;
}

double ah_thread_all_ran(void)
{
    return read_clock(CLOCK_PROCESS_CPUTIME_ID);
}

/* ---- Threads of the program's ---- */

#if defined(__linux__)

/* Where the calling thread's stack ends, which grows downwards, and its size; false if the system does not tell. */
static bool find_stack(uintptr_t *lowest, size_t *size)
{
    pthread_attr_t attributes;
    void *address;
    if (pthread_getattr_np(pthread_self(), &attributes) != 0)
        return false;
    bool found = pthread_attr_getstack(&attributes, &address, size) == 0;
    pthread_attr_destroy(&attributes);
    *lowest = (uintptr_t)address;
    return found;
}

#else

static bool find_stack(uintptr_t *lowest, size_t *size)
{
    (void)lowest;
    (void)size;
    return false;
}

#endif

/* Where the stack has come to: not by the address of a variable, which AddressSanitizer may keep elsewhere. */
static uintptr_t here(void)
{
#if defined(__GNUC__)
    return (uintptr_t)__builtin_frame_address(0);
#else
    char variable;
    volatile uintptr_t address = (uintptr_t)&variable;
    return address;
#endif
}

bool ah_thread_has_stack(void)
{
    static const size_t enough = (size_t)256 << 10;
    static _Thread_local bool asked;
    static _Thread_local uintptr_t lowest;
    static _Thread_local size_t size;
    if (!asked && !find_stack(&lowest, &size))
        size = 0;
    asked = true;
    /* It may be on another stack, of a coroutine. */
    uintptr_t left = here() - lowest;
    return left < size && left >= enough;
}
