#include "base/fork.h"

#include <pthread.h>
#include <stdatomic.h>

static atomic_uint process;

static void count_fork(void)
{
    atomic_fetch_add_explicit(&process, 1, memory_order_relaxed);
}

static void watch(void)
{
    pthread_atfork(NULL, NULL, count_fork);
}

void ah_fork_init(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, watch);
}

ah_process ah_process_current(void)
{
    return atomic_load_explicit(&process, memory_order_relaxed);
}
