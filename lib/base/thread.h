/*
 * Threads that the library starts for itself, and what they run on.
 */
#ifndef AH_THREAD_H
#define AH_THREAD_H

#include <pthread.h>
#include <stdbool.h>

/* Starts one that is handed no signal of the program's. 0, or pthread_create()'s error. */
int ah_thread_start(pthread_t *thread, void *(*run)(void *), void *data);

/* How many threads like the calling one can run at a time, from 1 on; AH_PROCESSORS if the system does not tell. */
enum { AH_PROCESSORS = 64 };
unsigned ah_thread_processors(void);

/* How many seconds the thread, which has not ended, has been running on a processor; 0 if the system does not tell. */
double ah_thread_ran(pthread_t thread);

/* The same of all threads of the process together. */
double ah_thread_all_ran(void);

/* Whether the calling thread, which is the program's, has a stack that will do for libcurl, a TLS library and SQLite.
 * False if the system does not tell. */
bool ah_thread_has_stack(void);

#endif
