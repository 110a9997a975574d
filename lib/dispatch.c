#include "dispatch.h"

#include <string.h>

#include "base/log.h"
#include "base/shared.h"
#include "worker.h"

/* Ends the jobs that nobody is there to do, on this thread, but for one, the caller's own. Returns whether that is
 * among them. */
static bool fail_stranded(ah_job *stranded, const ah_job *own, int error)
{
    bool own_stranded = false;
    while (stranded) {
        ah_job *job = stranded;
        stranded = job->next;
        if (job == own) {
            own_stranded = true;
            continue;
        }
        ah_outcome_fail(&job->outcome, ASYNCHTTP_E_NO_MEMORY, "No thread could be started for the request (error %d)",
                        error);
        job->owner->fulfil(job);
    }
    return own_stranded;
}

/* Starts a worker for whom a place is kept. Returns false if that failed and the caller's own job has nobody to do
 * it. */
static bool hire(ah_queue *queue, const ah_job *own)
{
    int error = ah_worker_start(queue);
    if (!error)
        return true;
    AH_WARNING("dispatch", "no thread could be started (error %d)", error);
    return !fail_stranded(ah_queue_unhire(queue), own, error);
}

ah_submission ah_dispatch_submit(ah_queue *queue, ah_job *job)
{
    job->queue = ah_shared_hold(queue);
    switch (ah_queue_push(queue, job)) {
    case AH_PUSH_REFUSED:
        job->queue = NULL;
        ah_shared_release(queue);
        return AH_SUBMISSION_SHUT;
    case AH_PUSH_HIRE:
        /* The job may be over by now, and is only compared. */
        return hire(queue, job) ? AH_SUBMITTED : AH_SUBMISSION_FAILED;
    default:
        return AH_SUBMITTED;
    }
}

void ah_dispatch_cancel(ah_job *job)
{
    if (job->queue && ah_queue_cancel(job->queue, job))
        ah_worker_fulfil_cancelled(job);
}

void ah_dispatch_hire(ah_queue *queue, unsigned hires)
{
    for (; hires; hires--)
        hire(queue, NULL);
}
