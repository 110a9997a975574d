/*
 * The dispatch of jobs: into the queue, to workers that are started as they are needed, and out of it.
 */
#ifndef AH_DISPATCH_H
#define AH_DISPATCH_H

#include "queue.h"

typedef enum ah_submission {
    AH_SUBMITTED,
    /* The queue takes no more work. */
    AH_SUBMISSION_SHUT,
    /* There is no worker, and no thread for one. */
    AH_SUBMISSION_FAILED,
} ah_submission;

/* Hands a job over. If it was accepted it ends in exactly one fulfil(), and job->queue becomes a share of the queue. */
ah_submission ah_dispatch_submit(ah_queue *queue, ah_job *job);

/* Has the job end as cancelled, if it has not ended. */
void ah_dispatch_cancel(ah_job *job);

/* Starts so many workers for whom places are kept. */
void ah_dispatch_hire(ah_queue *queue, unsigned hires);

#endif
