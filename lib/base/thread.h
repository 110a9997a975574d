/*
 * Threads that the library starts for itself.
 */
#ifndef AH_THREAD_H
#define AH_THREAD_H

#include <pthread.h>

/* Starts one that is handed no signal of the program's. 0, or pthread_create()'s error. */
int ah_thread_start(pthread_t *thread, void *(*run)(void *), void *data);

#endif
