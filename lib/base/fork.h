/*
 * Which process this is: a child made by fork() has copies of its parent's objects but none of its threads.
 */
#ifndef AH_FORK_H
#define AH_FORK_H

#include <stdatomic.h>

/* Counts the forks between the first process and this one. Objects remember it when they are made. */
typedef unsigned ah_process;

/* To be called before the first ah_process_current(). */
void ah_fork_init(void);

/* The count, for ah_process_current() alone. */
extern atomic_uint ah_fork_count;

static inline ah_process ah_process_current(void)
{
    return atomic_load_explicit(&ah_fork_count, memory_order_relaxed);
}

#endif
