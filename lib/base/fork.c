#include "base/fork.h"

#include <pthread.h>

atomic_uint ah_fork_count;

static void count_fork(void)
{
    atomic_fetch_add_explicit(&ah_fork_count, 1, memory_order_relaxed);
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
