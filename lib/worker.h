/*
 * A worker: a thread with one event loop, which carries out the requests of one queue; and threads of the program's that
 * wait for a request, and carry it out in the place of one.
 */
#ifndef AH_WORKER_H
#define AH_WORKER_H

#include "queue.h"

/* Starts a worker for whom the queue has kept a place. Returns 0 or an errno; then the place is still kept. */
int ah_worker_start(ah_queue *queue);

/* The queue whose worker the calling thread is, or stands in for; NULL: it is none. */
const ah_queue *ah_worker_queue(void);

/* Whether the calling thread may carry out the job in the place of a worker: the job is anyone's, and the thread has a large
 * stack, and is no worker. */
bool ah_worker_may_stand_in(const ah_job *job);

/* The calling thread is about to wait for the job, however long: if nobody has started it, and it is anyone's, the thread
 * carries it out in the place of a worker, as far as no worker is needed. */
void ah_worker_stand_in(ah_job *job);

/* If the calling thread is a worker, or stands in for one: it is about to run code of the program's, which may take any
 * time. */
void ah_worker_detain(void);

/* Fulfils a job that has come to its end without having been started. Not under a lock. */
void ah_worker_fulfil_cancelled(ah_job *job);

#endif
