#include "worker.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fork.h"
#include "base/log.h"
#include "base/shared.h"
#include "base/sigpipe.h"
#include "base/thread.h"

static _Thread_local ah_worker *self;
static _Thread_local ah_process process;

/* The calling thread is this worker's, or in its place; NULL: no longer. */
static void enter(ah_worker *worker)
{
    self = worker;
    process = ah_process_current();
}

const ah_queue *ah_worker_queue(void)
{
    return self ? self->queue : NULL;
}

/* Not in a child process that the program has forked on this thread: there, others may have left the lock held. */
void ah_worker_detain(void)
{
    if (self && process == ah_process_current())
        ah_queue_detain(self);
}

void ah_worker_fulfil_cancelled(ah_job *job)
{
    ah_outcome_clear(&job->outcome);
    ah_outcome_fail(&job->outcome, ASYNCHTTP_E_CANCELLED, "The request was cancelled");
    job->owner->fulfil(job);
}

/* A job that was started here is over: lets go of what it had while it ran. False: it was cancelled meanwhile. */
static bool put_down(ah_worker *worker, ah_job *job)
{
    free(job->exchange);
    job->exchange = NULL;
    return ah_queue_done(worker, job, !job->request.callbacks.done);
}

static void finish(ah_worker *worker, ah_job *job)
{
    if (put_down(worker, job))
        job->owner->fulfil(job);
    else
        ah_worker_fulfil_cancelled(job);
}

static void cancel(ah_worker *worker, ah_job *job)
{
    ah_exchange_cancel(job->exchange);
    put_down(worker, job);
    ah_worker_fulfil_cancelled(job);
}

/* The worker's exchanges ask these of it. */
static void resume_job(void *owner)
{
    ah_job *job = owner;
    ah_queue_resume(job->queue, job);
}

static bool is_cancelled(void *owner)
{
    const ah_job *job = owner;
    return ah_queue_is_cancelled(job->queue, job);
}

static void refresh_job(void *owner, const ah_request *request, ah_claim *claim)
{
    ah_job *job = owner;
    job->owner->refresh(job, request, claim);
}

static const ah_exchange_host host = {.resume = resume_job, .is_cancelled = is_cancelled, .refresh = refresh_job};

/* What it takes to carry out a job. */
static bool equip(ah_worker *worker, ah_job *job)
{
    if (!worker->transfers)
        ah_queue_equip(worker, ah_transfers_new());
    job->exchange = worker->transfers ? malloc(sizeof(*job->exchange)) : NULL;
    return job->exchange != NULL;
}

static void start(ah_worker *worker, ah_job *job)
{
    /* The request was wrong from the start, and is here for its callback. */
    bool going = !job->outcome.code;
    if (going && !equip(worker, job)) {
        ah_outcome_fail(&job->outcome, ASYNCHTTP_E_NO_MEMORY, "%s: No memory or no file descriptors for a worker",
                        job->request.uri.authority);
        going = false;
    }
    if (going)
        going = ah_exchange_start(job->exchange, &job->request, &job->outcome, worker->transfers, &host, job);
    if (!going)
        finish(worker, job);
}

static void resume(ah_worker *worker, ah_job *job)
{
    if (!ah_exchange_resume(job->exchange))
        finish(worker, job);
}

/* Starts and resumes what there is for this worker, but not much at a time, so that the first of many need not wait until
 * the last has begun, and leave their connections to those; and cancels all that there is to cancel. Returns whether
 * there may be more. */
static bool take(ah_worker *worker)
{
    enum { MOST_STARTS = 8 };
    ah_job *job;
    for (int starts = 0; starts < MOST_STARTS;) {
        switch (ah_queue_take(worker, &job)) {
        case AH_TASK_START:
            start(worker, job);
            starts++;
            break;
        case AH_TASK_RESUME:
            resume(worker, job);
            starts++;
            break;
        case AH_TASK_CANCEL:
            cancel(worker, job);
            break;
        case AH_TASK_ABORT:
            ah_worker_fulfil_cancelled(job);
            break;
        case AH_TASK_NONE:
            return false;
        }
    }
    return true;
}

/* Moves on what is in flight, as far as it goes without waiting. */
static void perform(ah_worker *worker, bool more)
{
    ah_exchange *exchange;
    ah_transfers_perform(worker->transfers, more);
    while ((exchange = ah_transfers_ended(worker->transfers))) {
        if (!ah_exchange_advance(exchange))
            finish(worker, exchange->owner);
    }
}

static void sleep_until_woken(ah_worker *worker, ah_rest rest, double seconds)
{
    if (rest == AH_REST_POLL) {
        ah_transfers_wait(worker->transfers, seconds);
        return;
    }
    bool woken;
    do {
        woken = ah_parker_sleep(&worker->parker, ah_clock_in(seconds > 0 ? seconds : 0));
    } while (!ah_queue_rise(worker, woken, &seconds));
}

/* The event loop. Returns when the worker has left its queue. */
static void work(ah_worker *worker)
{
    double seconds;
    pthread_t leaver;
    bool has_leaver = false;
    ah_rest rest;
    do {
        bool more = take(worker);
        if (worker->in_flight)
            perform(worker, more);
        rest = ah_queue_rest(worker, &seconds, &leaver, &has_leaver);
        if (rest == AH_REST_SLEEP || rest == AH_REST_POLL)
            sleep_until_woken(worker, rest, seconds);
    } while (rest != AH_REST_LEAVE);
    if (has_leaver)
        pthread_join(leaver, NULL);
}

static void *run(void *data)
{
    ah_worker *worker = data;
    enter(worker);
    ah_log_name_thread(worker->name);
    AH_DEBUG("worker", "started");
    ah_queue_enroll(worker);
    work(worker);
    AH_DEBUG("worker", "leaving");
    ah_transfers_free(worker->transfers);
    ah_log_name_thread(NULL);
    enter(NULL);
    ah_shared_release(worker->queue);
    ah_parker_destroy(&worker->parker);
    free(worker);
    return NULL;
}

/* ---- In the place of a worker ---- */

/* The event loop of who stands in, which returns when its job is over, or the worker itself is wanted. */
static void work_for(ah_worker *worker)
{
    double seconds;
    pthread_t leaver;
    bool has_leaver;
    ah_rest rest = AH_REST_WORK;
    ah_sigpipe_guard guard = {0};
    while (worker->in_flight && rest != AH_REST_LEAVE) {
        if (ah_transfers_were_secure(worker->transfers))
            ah_sigpipe_block(&guard);
        perform(worker, false);
        rest = worker->in_flight ? ah_queue_rest(worker, &seconds, &leaver, &has_leaver) : AH_REST_LEAVE;
        if (rest == AH_REST_POLL)
            ah_transfers_wait(worker->transfers, seconds);
        if (rest != AH_REST_LEAVE)
            take(worker);
    }
    ah_sigpipe_unblock(&guard);
}

bool ah_worker_may_stand_in(const ah_job *job)
{
    return job->anyones && !self && ah_thread_has_stack();
}

void ah_worker_stand_in(ah_job *job)
{
    int state;
    bool may = ah_worker_may_stand_in(job);
    if (!may)
        ah_queue_hurry(job);
    ah_worker *worker = may ? ah_queue_borrow(job->queue, job) : NULL;
    if (!worker)
        return;
    /* There are points in it at which a thread may be cancelled, and nobody would give the worker back. */
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
    enter(worker);
    AH_DEBUG("worker", "#%llu: carried out in the place of %s", job->request.number, worker->name);
    start(worker, job);
    work_for(worker);
    enter(NULL);
    ah_queue_give_back(worker);
    pthread_setcancelstate(state, NULL);
}

/* ---- Starting one ---- */

int ah_worker_start(ah_queue *queue)
{
    static atomic_uint count;
    pthread_t thread;
    ah_worker *worker = calloc(1, sizeof(*worker));
    if (!worker)
        return ENOMEM;
    worker->queue = ah_shared_hold(queue);
    worker->idle_since = AH_NEVER;
    worker->recruit = true;
    ah_parker_init(&worker->parker);
    snprintf(worker->name, sizeof(worker->name), "worker-%u", atomic_fetch_add(&count, 1) + 1);
    int failed = ah_thread_start(&thread, run, worker);
    if (failed) {
        ah_shared_release(worker->queue);
        ah_parker_destroy(&worker->parker);
        free(worker);
    }
    return failed;
}
