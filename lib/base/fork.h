/*
 * Which process this is: a child made by fork() has copies of its parent's objects but none of its threads.
 */
#ifndef AH_FORK_H
#define AH_FORK_H

#include <stdbool.h>

/* Counts the forks between the first process and this one. Objects remember it when they are made. */
typedef unsigned ah_process;

/* To be called before the first ah_process_current(). */
void ah_fork_init(void);

ah_process ah_process_current(void);

#endif
