/*
 * Threads that the library starts for itself, and what they run on.
 */
#ifndef AH_THREAD_H
#define AH_THREAD_H

#include <pthread.h>

/* Starts one that is handed no signal of the program's. 0, or pthread_create()'s error. */
int ah_thread_start(pthread_t *thread, void *(*run)(void *), void *data);

/* How many threads like the calling one can run at a time, from 1 on; AH_PROCESSORS if the system does not tell. */
enum { AH_PROCESSORS = 64 };
unsigned ah_thread_processors(void);

#endif
