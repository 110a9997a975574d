#include "queue.h"

#include <stddef.h>

#include "base/shared.h"

/* How many seconds the thread of one that is lent rests at the least, before it looks again whether it is still. */
static const double shortest_rest = 0.1;

/* ---- Lists ---- */

static void append_job(ah_jobs *jobs, ah_job *job)
{
    job->next = NULL;
    job->previous = jobs->last;
    if (jobs->last)
        jobs->last->next = job;
    else
        jobs->first = job;
    jobs->last = job;
}

static void remove_job(ah_jobs *jobs, ah_job *job)
{
    if (job->previous)
        job->previous->next = job->next;
    else
        jobs->first = job->next;
    if (job->next)
        job->next->previous = job->previous;
    else
        jobs->last = job->previous;
}

/* Takes the job out of the list that it is in. */
static void displace_locked(ah_queue *queue, ah_job *job)
{
    switch (job->place) {
    case AH_JOB_WAITING:
        remove_job(&queue->waiting, job);
        queue->waiting_count--;
        break;
    case AH_JOB_ABORTED:
        remove_job(&queue->aborted, job);
        queue->aborted_count--;
        break;
    case AH_JOB_RUNNING:
        remove_job(&job->worker->running, job);
        break;
    case AH_JOB_RESUMED:
        remove_job(&job->worker->resumed, job);
        break;
    case AH_JOB_CANCELLED:
        remove_job(&job->worker->cancelled, job);
        break;
    case AH_JOB_NOWHERE:
        break;
    }
    job->place = AH_JOB_NOWHERE;
}

static ah_worker *worker_of(ah_member *member)
{
    return (ah_worker *)(void *)((char *)member - offsetof(ah_worker, member));
}

static ah_workers *workers_of(ah_queue *queue, ah_worker_rank rank)
{
    return rank == AH_WORKER_IDLE ? &queue->idle : &queue->spare;
}

/* Takes the worker out of the list of those who can be called. */
static void unlist_locked(ah_worker *worker)
{
    if (worker->rank == AH_WORKER_BUSY)
        return;
    ah_workers *workers = workers_of(worker->queue, worker->rank);
    if (worker->previous)
        worker->previous->next = worker->next;
    else
        workers->first = worker->next;
    if (worker->next)
        worker->next->previous = worker->previous;
    else
        workers->last = worker->previous;
    if (worker->rank == AH_WORKER_IDLE)
        worker->queue->idle_count--;
    worker->rank = AH_WORKER_BUSY;
}

static void put_first(ah_workers *workers, ah_worker *worker)
{
    worker->previous = NULL;
    worker->next = workers->first;
    if (workers->first)
        workers->first->previous = worker;
    else
        workers->last = worker;
    workers->first = worker;
}

static void put_last(ah_workers *workers, ah_worker *worker)
{
    worker->next = NULL;
    worker->previous = workers->last;
    if (workers->last)
        workers->last->next = worker;
    else
        workers->first = worker;
    workers->last = worker;
}

/* Puts the worker where it can be called, if it has room: the idle one whose connections are warmest first, those with
 * something in flight in turn. */
static void list_locked(ah_worker *worker)
{
    unlist_locked(worker);
    if (worker->surplus || worker->in_flight >= worker->queue->transfers_per_worker)
        return;
    worker->rank = worker->in_flight ? AH_WORKER_SPARE : AH_WORKER_IDLE;
    if (worker->rank == AH_WORKER_SPARE) {
        put_last(&worker->queue->spare, worker);
        return;
    }
    put_first(&worker->queue->idle, worker);
    worker->queue->idle_count++;
}

/* ---- Waking ---- */

/* Who is woken may run at once, and would meet the lock: one, as there is mostly, is called when it has been let go. */
static void release_locked(ah_worker *worker)
{
    ah_queue *queue = worker->queue;
    ah_bell *bell = ah_parker_release(&worker->parker);
    if (!bell)
        return;
    if (queue->released)
        ah_bell_ring(queue->released);
    queue->released = bell;
}

static void unlock(ah_queue *queue)
{
    ah_bell *released = queue->released;
    queue->released = NULL;
    pthread_mutex_unlock(&queue->lock);
    if (released)
        ah_bell_ring(released);
}

/* Whether the worker, which was idle, is on its way to the queue, to take what waits there. */
static void expect_locked(ah_worker *worker, bool coming)
{
    if (worker->coming == coming)
        return;
    worker->coming = coming;
    worker->queue->coming += coming ? 1 : (size_t)-1;
}

/* Has the worker look at the queue. One that is awake does so anyway before it sleeps. */
static void wake_locked(ah_worker *worker)
{
    if (worker->rank == AH_WORKER_IDLE && !worker->surplus)
        expect_locked(worker, true);
    unlist_locked(worker);
    if (!worker->asleep)
        return;
    worker->asleep = false;
    if (worker->polling)
        ah_transfers_wake(worker->transfers);
    else
        release_locked(worker);
}

static void wake_all_locked(ah_queue *queue)
{
    for (ah_member *member = queue->crew.members; member; member = member->next)
        wake_locked(worker_of(member));
}

/* Has any worker look at the queue, even one without room. */
static void wake_any_locked(ah_queue *queue)
{
    if (queue->idle.first) {
        wake_locked(queue->idle.first);
        return;
    }
    for (ah_member *member = queue->crew.members; member; member = member->next) {
        ah_worker *worker = worker_of(member);
        if (worker->asleep) {
            wake_locked(worker);
            return;
        }
    }
}

/* Who would be the one to start the next job: who was called for it, or the first who is idle; if that one rests. */
static ah_worker *lendable_locked(const ah_queue *queue)
{
    ah_worker *worker = queue->called ? queue->called : queue->idle.first;
    bool rests = worker && worker->resting && !worker->in_flight;
    return rests && !worker->lent && !worker->surplus && !worker->member.held ? worker : NULL;
}

/* The worker in whose place a thread that waits for the job could carry it out now; NULL: it could not. */
static ah_worker *replaceable_locked(const ah_queue *queue, const ah_job *job)
{
    bool next = queue->state == AH_QUEUE_OPEN && queue->waiting.first == job;
    return next && !ah_crew_is_enough(&queue->crew) ? lendable_locked(queue) : NULL;
}

/* ---- The queue ---- */

static void destroy(void *value)
{
    ah_queue *queue = value;
    pthread_cond_destroy(&queue->left);
    pthread_mutex_destroy(&queue->lock);
}

ah_queue *ah_queue_new(void)
{
    ah_queue *queue = ah_shared_new(sizeof(*queue), destroy);
    if (!queue)
        return NULL;
    pthread_mutex_init(&queue->lock, NULL);
    pthread_cond_init(&queue->left, NULL);
    queue->max_workers = 5;
    queue->transfers_per_worker = 1;
    queue->idle_timeout = 30;
    ah_crew_init(&queue->crew);
    return queue;
}

static bool may_hire_locked(const ah_queue *queue)
{
    return queue->active < queue->max_workers;
}

static void hire_locked(ah_queue *queue)
{
    queue->active++;
    queue->hired++;
    queue->recruits++;
}

/* Calls an idle worker, unless one who was called has yet to look at the queue: that one calls the next when it takes
 * a job and more wait. So a program that makes many requests in a row wakes one thread, not one for each. Nor if enough
 * are awake, and there is a deputy. */
static void call_idle_locked(ah_queue *queue)
{
    ah_worker *worker = queue->idle.first;
    if (queue->called || !worker || (queue->crew.deputy && ah_crew_is_enough(&queue->crew)))
        return;
    /* What one who is awake has to finish may be the program's, and take any time: that keeps nobody else asleep. */
    if (worker->asleep)
        queue->called = worker;
    wake_locked(worker);
}

/* Calls one who has room and sleeps; those who do not are going to look at the queue before they do, but may have to
 * finish something of the program's first. */
static void call_spare_locked(ah_queue *queue)
{
    ah_worker *worker = queue->spare.first;
    while (worker && !worker->asleep)
        worker = worker->next;
    if (worker)
        wake_locked(worker);
}

/* For what waits. */
static void call_another_locked(ah_queue *queue)
{
    if (!queue->waiting.first)
        return;
    call_idle_locked(queue);
    if (!queue->called && !queue->idle.first)
        call_spare_locked(queue);
}

/* Whether those who are idle, called or about to begin will not do for what waits, and for what is to be ended. */
static bool lacks_takers_locked(const ah_queue *queue)
{
    return queue->waiting_count + queue->aborted_count > queue->idle_count + queue->coming + queue->recruits;
}

/* Finds somebody for a job that was just added: who is idle, else a new worker, else who has room. */
static ah_push call_locked(ah_queue *queue)
{
    call_idle_locked(queue);
    if (!lacks_takers_locked(queue))
        return AH_PUSH_DONE;
    if (may_hire_locked(queue)) {
        hire_locked(queue);
        return AH_PUSH_HIRE;
    }
    call_spare_locked(queue);
    return AH_PUSH_DONE;
}

/* Leaves the job to whoever is going to wait for it, if that is to be expected. */
static bool leave_to_waiter_locked(ah_queue *queue, ah_job *job)
{
    ah_worker *worker = job->expected ? replaceable_locked(queue, job) : NULL;
    bool left = worker && ah_nap_spare(&worker->nap);
    atomic_store_explicit(&job->for_waiter, left, memory_order_relaxed);
    return left;
}

ah_push ah_queue_push(ah_queue *queue, ah_job *job)
{
    ah_push result = AH_PUSH_REFUSED;
    pthread_mutex_lock(&queue->lock);
    if (queue->state == AH_QUEUE_OPEN) {
        job->place = AH_JOB_WAITING;
        append_job(&queue->waiting, job);
        queue->waiting_count++;
        result = leave_to_waiter_locked(queue, job) ? AH_PUSH_DONE : call_locked(queue);
    }
    unlock(queue);
    return result;
}

/* Cancels a job that no worker has taken. Returns whether it needs none. */
static bool abort_locked(ah_queue *queue, ah_job *job)
{
    displace_locked(queue, job);
    if (!job->request.callbacks.done)
        return true;
    job->place = AH_JOB_ABORTED;
    append_job(&queue->aborted, job);
    queue->aborted_count++;
    wake_any_locked(queue);
    return false;
}

bool ah_queue_cancel(ah_queue *queue, ah_job *job)
{
    bool callers = false;
    pthread_mutex_lock(&queue->lock);
    if (job->place == AH_JOB_WAITING) {
        callers = abort_locked(queue, job);
    } else if (job->place == AH_JOB_RUNNING || job->place == AH_JOB_RESUMED) {
        displace_locked(queue, job);
        job->place = AH_JOB_CANCELLED;
        append_job(&job->worker->cancelled, job);
        wake_locked(job->worker);
    }
    unlock(queue);
    return callers;
}

bool ah_queue_is_cancelled(ah_queue *queue, const ah_job *job)
{
    pthread_mutex_lock(&queue->lock);
    bool cancelled = job->place == AH_JOB_CANCELLED || queue->state == AH_QUEUE_CANCELLING;
    unlock(queue);
    return cancelled;
}

void ah_queue_resume(ah_queue *queue, ah_job *job)
{
    pthread_mutex_lock(&queue->lock);
    if (job->place == AH_JOB_RUNNING) {
        displace_locked(queue, job);
        job->place = AH_JOB_RESUMED;
        append_job(&job->worker->resumed, job);
        wake_locked(job->worker);
    }
    unlock(queue);
}

/* Makes up to so many workers surplus: those who are idle first. */
static void retire_locked(ah_queue *queue, unsigned count)
{
    for (int busy = 0; busy <= 1; busy++) {
        for (ah_member *member = queue->crew.members; member && count; member = member->next) {
            ah_worker *worker = worker_of(member);
            if (worker->surplus || (worker->in_flight && !busy))
                continue;
            worker->surplus = true;
            expect_locked(worker, false);
            queue->active--;
            count--;
            wake_locked(worker);
        }
    }
}

/* Takes up to so many surplus workers back. */
static void recall_locked(ah_queue *queue, unsigned count)
{
    for (ah_member *member = queue->crew.members; member && count; member = member->next) {
        ah_worker *worker = worker_of(member);
        if (!worker->surplus)
            continue;
        worker->surplus = false;
        queue->active++;
        count--;
        wake_locked(worker);
    }
}

unsigned ah_queue_limit(ah_queue *queue, unsigned max_workers, unsigned transfers_per_worker, double idle_timeout)
{
    unsigned hires = 0;
    pthread_mutex_lock(&queue->lock);
    queue->max_workers = max_workers;
    queue->transfers_per_worker = transfers_per_worker;
    queue->idle_timeout = idle_timeout;
    if (queue->active > max_workers)
        retire_locked(queue, queue->active - max_workers);
    else
        recall_locked(queue, max_workers - queue->active);
    for (; lacks_takers_locked(queue) && may_hire_locked(queue); hires++)
        hire_locked(queue);
    wake_all_locked(queue);
    unlock(queue);
    return hires;
}

void ah_queue_shut(ah_queue *queue, ah_queue_state state)
{
    pthread_mutex_lock(&queue->lock);
    queue->state = state;
    wake_all_locked(queue);
    unlock(queue);
}

void ah_queue_join(ah_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    while (queue->hired || queue->joining)
        pthread_cond_wait(&queue->left, &queue->lock);
    if (queue->has_leaver) {
        queue->has_leaver = false;
        queue->joining = true;
        unlock(queue);
        /* Nobody else can leave now, so that leaver stays as it is. */
        pthread_join(queue->leaver, NULL);
        pthread_mutex_lock(&queue->lock);
        queue->joining = false;
        pthread_cond_broadcast(&queue->left);
    }
    unlock(queue);
}

bool ah_queue_is_deserted(ah_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    bool deserted = !queue->hired;
    unlock(queue);
    return deserted;
}

void ah_queue_abandon(ah_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    queue->abandoned = true;
    /* The last one has left already, and waits to be joined. */
    if (!queue->hired && queue->has_leaver) {
        pthread_detach(queue->leaver);
        queue->has_leaver = false;
    }
    unlock(queue);
}

/* ---- Hiring ---- */

static void dismiss_locked(ah_queue *queue)
{
    queue->hired--;
    pthread_cond_broadcast(&queue->left);
}

ah_job *ah_queue_unhire(ah_queue *queue)
{
    ah_job *stranded = NULL;
    pthread_mutex_lock(&queue->lock);
    queue->active--;
    queue->recruits--;
    if (!queue->active)
        recall_locked(queue, 1);
    call_another_locked(queue);
    if (!queue->active) {
        /* Those that were cancelled while they waited, and wait for their callbacks, among them. */
        for (ah_job *job; (job = queue->aborted.first);) {
            displace_locked(queue, job);
            ah_outcome_clear(&job->outcome);
            ah_outcome_fail(&job->outcome, ASYNCHTTP_E_CANCELLED, "The request was cancelled");
            job->place = AH_JOB_WAITING;
            append_job(&queue->waiting, job);
            queue->waiting_count++;
        }
        stranded = queue->waiting.first;
        while (queue->waiting.first) {
            /* The list of the stranded goes on by next, which displacing leaves as it is. */
            displace_locked(queue, queue->waiting.first);
        }
    }
    dismiss_locked(queue);
    unlock(queue);
    return stranded;
}

/* ---- Workers ---- */

/* Whether the worker can stay away from what waits. Nobody stays away from the end of all work. */
static bool can_be_spared_locked(const ah_worker *worker)
{
    return worker->queue->state == AH_QUEUE_OPEN && !worker->in_flight && !worker->surplus;
}

/* The worker has something to do, or has done it. */
static void go_on_locked(ah_worker *worker)
{
    if (worker->member.held)
        unlist_locked(worker);
    ah_crew_go_on(&worker->queue->crew, &worker->member);
}

void ah_queue_enroll(ah_worker *worker)
{
    ah_queue *queue = worker->queue;
    pthread_mutex_lock(&queue->lock);
    worker->thread = pthread_self();
    ah_crew_join(&queue->crew, &worker->member);
    /* The limit was lowered while the thread was being made. */
    if (queue->active > queue->max_workers) {
        worker->surplus = true;
        queue->active--;
    }
    unlock(queue);
}

/* The worker's thread goes to sleep in the parker, or sleeps on there: for how many seconds, if it could for so many. */
static double lie_down_locked(ah_worker *worker, double seconds)
{
    worker->resting = true;
    worker->stay = worker->queue->idle_timeout;
    ah_nap_lie_down(&worker->nap, ah_clock_now());
    return ah_nap_seconds(&worker->nap, seconds);
}

/* How long the worker, which is resting, can still do so. */
static double time_left_locked(const ah_worker *worker)
{
    double longest = worker->queue->idle_timeout;
    if (!worker->lent)
        return longest - (ah_clock_now() - worker->idle_since);
    return longest > shortest_rest ? longest : shortest_rest;
}

/* Whether there is nothing for the worker to do, which was woken or not, and could rest on for so many seconds. Whoever
 * wakes it for something says so, and it is asleep again when it has been given back. */
static bool rests_on_locked(const ah_worker *worker, bool woken, double seconds)
{
    if (worker->lent)
        return true;
    if (!worker->asleep || worker->member.held || (worker->nap.on && worker->queue->waiting.first))
        return false;
    return woken || (worker->nap.on && seconds > 0);
}

bool ah_queue_rise(ah_worker *worker, bool woken, double *seconds)
{
    pthread_mutex_lock(&worker->queue->lock);
    double longest = time_left_locked(worker);
    bool risen = !rests_on_locked(worker, woken, longest);
    if (risen) {
        worker->resting = false;
        ah_nap_rise(&worker->nap);
    } else {
        *seconds = lie_down_locked(worker, longest);
    }
    unlock(worker->queue);
    return risen;
}

void ah_queue_equip(ah_worker *worker, ah_transfers *transfers)
{
    pthread_mutex_lock(&worker->queue->lock);
    worker->transfers = transfers;
    unlock(worker->queue);
}

/* The worker is here to look at the queue. */
static void arrive_locked(ah_worker *worker)
{
    ah_queue *queue = worker->queue;
    worker->asleep = false;
    if (worker->recruit)
        queue->recruits--;
    worker->recruit = false;
    unlist_locked(worker);
    ah_crew_arrive(&queue->crew, &worker->member, can_be_spared_locked(worker));
    if (worker->member.held)
        list_locked(worker);
}

static bool has_room_locked(const ah_worker *worker)
{
    return !worker->surplus && !worker->member.held && worker->in_flight < worker->queue->transfers_per_worker;
}

/* The worker has looked at the queue: what it leaves there is for somebody else. */
static void pass_on_locked(ah_worker *worker)
{
    ah_queue *queue = worker->queue;
    expect_locked(worker, false);
    if (queue->called == worker)
        queue->called = NULL;
    if (!queue->waiting.first || worker->member.held)
        return;
    /* It may have been called for more than it takes. */
    if (worker->lent || !has_room_locked(worker))
        call_another_locked(queue);
    else
        call_idle_locked(queue);
}

/* What there is for this worker to do, and with which job. */
static ah_task next_task_locked(const ah_worker *worker, ah_job **job)
{
    const ah_queue *queue = worker->queue;
    bool cancelling = queue->state == AH_QUEUE_CANCELLING;
    *job = worker->cancelled.first;
    if (!*job && cancelling)
        *job = worker->running.first ? worker->running.first : worker->resumed.first;
    if (*job)
        return AH_TASK_CANCEL;
    *job = worker->resumed.first;
    if (*job)
        return AH_TASK_RESUME;
    *job = queue->aborted.first;
    if (!*job && cancelling)
        *job = queue->waiting.first;
    if (*job)
        return AH_TASK_ABORT;
    *job = has_room_locked(worker) ? queue->waiting.first : NULL;
    return *job ? AH_TASK_START : AH_TASK_NONE;
}

/* The worker takes a job that waits. */
static void begin_locked(ah_worker *worker, ah_job *job)
{
    displace_locked(worker->queue, job);
    job->place = AH_JOB_RUNNING;
    job->worker = worker;
    append_job(&worker->running, job);
    worker->in_flight++;
    worker->idle_since = AH_NEVER;
}

/* Whether it is for workers alone: who carries out one job in the place of one, does no other. */
static bool is_for_workers(ah_task task)
{
    return task == AH_TASK_START || task == AH_TASK_ABORT;
}

ah_task ah_queue_take(ah_worker *worker, ah_job **job)
{
    ah_queue *queue = worker->queue;
    pthread_mutex_lock(&queue->lock);
    arrive_locked(worker);
    ah_task task = next_task_locked(worker, job);
    if (worker->lent && is_for_workers(task))
        task = AH_TASK_NONE;
    if (task != AH_TASK_NONE)
        go_on_locked(worker);
    if (task == AH_TASK_ABORT)
        displace_locked(queue, *job);
    if (task == AH_TASK_RESUME) {
        displace_locked(queue, *job);
        (*job)->place = AH_JOB_RUNNING;
        append_job(&worker->running, *job);
    }
    if (task == AH_TASK_START)
        begin_locked(worker, *job);
    pass_on_locked(worker);
    unlock(queue);
    return task;
}

/* What the worker was called for since it last looked is for somebody who is not in the program's code. */
static void detain_locked(ah_worker *worker)
{
    unlist_locked(worker);
    expect_locked(worker, false);
    call_another_locked(worker->queue);
}

void ah_queue_detain(ah_worker *worker)
{
    pthread_mutex_lock(&worker->queue->lock);
    detain_locked(worker);
    unlock(worker->queue);
}

bool ah_queue_done(ah_worker *worker, ah_job *job, bool prompt)
{
    pthread_mutex_lock(&worker->queue->lock);
    bool wanted = job->place != AH_JOB_CANCELLED;
    displace_locked(worker->queue, job);
    go_on_locked(worker);
    worker->in_flight--;
    if (prompt) {
        list_locked(worker);
    } else {
        detain_locked(worker);
    }
    unlock(worker->queue);
    return wanted;
}

static void leave_locked(ah_worker *worker, pthread_t *leaver, bool *has_leaver)
{
    ah_queue *queue = worker->queue;
    unlist_locked(worker);
    ah_crew_leave(&queue->crew, &worker->member);
    if (!worker->surplus)
        queue->active--;
    *leaver = queue->leaver;
    *has_leaver = queue->has_leaver;
    bool last = queue->hired == 1;
    queue->has_leaver = !(last && queue->abandoned);
    if (queue->has_leaver)
        queue->leaver = pthread_self();
    else
        pthread_detach(pthread_self());
    dismiss_locked(queue);
}

/* Whether a worker with nothing in flight and nothing to take is to leave; else *seconds says how long it may stay. */
static bool has_stayed_enough_locked(ah_worker *worker, double *seconds)
{
    ah_time now = ah_clock_now();
    const ah_queue *queue = worker->queue;
    if (worker->idle_since >= AH_NEVER)
        worker->idle_since = now;
    *seconds = queue->idle_timeout - (now - worker->idle_since);
    if (worker->member.held && queue->waiting.first) {
        *seconds = ah_crew_pause(&queue->crew, &worker->member, *seconds);
        return false;
    }
    return worker->surplus || queue->state != AH_QUEUE_OPEN || *seconds <= 0;
}

ah_rest ah_queue_rest(ah_worker *worker, double *seconds, pthread_t *leaver, bool *has_leaver)
{
    ah_job *job;
    ah_rest rest;
    ah_queue *queue = worker->queue;
    *seconds = AH_NEVER;
    pthread_mutex_lock(&queue->lock);
    if (worker->member.held)
        ah_crew_reconsider(&queue->crew, &worker->member, can_be_spared_locked(worker));
    ah_task task = next_task_locked(worker, &job);
    if (task != AH_TASK_NONE) {
        rest = worker->lent && is_for_workers(task) ? AH_REST_LEAVE : AH_REST_WORK;
        unlock(queue);
        return rest;
    }
    ah_crew_lie_down(&queue->crew, &worker->member, queue->waiting.first != NULL);
    pass_on_locked(worker);
    if (!worker->in_flight && has_stayed_enough_locked(worker, seconds)) {
        rest = AH_REST_LEAVE;
        leave_locked(worker, leaver, has_leaver);
    } else {
        worker->asleep = true;
        worker->polling = worker->in_flight && worker->transfers;
        if (!worker->polling && !worker->lent)
            *seconds = lie_down_locked(worker, *seconds);
        list_locked(worker);
        rest = worker->polling ? AH_REST_POLL : AH_REST_SLEEP;
    }
    unlock(queue);
    return rest;
}

/* ---- Those who wait for a job ---- */

/* If the job still waits for who was to carry it out, it is a worker's from now on, as any other. */
static void reclaim_locked(ah_queue *queue, ah_job *job)
{
    bool left = atomic_exchange_explicit(&job->for_waiter, false, memory_order_relaxed);
    if (left && job->place == AH_JOB_WAITING)
        call_another_locked(queue);
}

void ah_queue_hurry(ah_job *job)
{
    ah_queue *queue = job->queue;
    if (!atomic_load_explicit(&job->for_waiter, memory_order_relaxed))
        return;
    pthread_mutex_lock(&queue->lock);
    reclaim_locked(queue, job);
    unlock(queue);
}

ah_worker *ah_queue_borrow(ah_queue *queue, ah_job *job)
{
    pthread_mutex_lock(&queue->lock);
    ah_worker *worker = replaceable_locked(queue, job);
    if (worker) {
        worker->lent = true;
        ah_crew_replace(&worker->member, pthread_self());
        arrive_locked(worker);
        go_on_locked(worker);
        begin_locked(worker, job);
        pass_on_locked(worker);
    } else {
        reclaim_locked(queue, job);
    }
    unlock(queue);
    return worker;
}

void ah_queue_give_back(ah_worker *worker)
{
    ah_queue *queue = worker->queue;
    pthread_mutex_lock(&queue->lock);
    worker->lent = false;
    ah_crew_lie_down(&queue->crew, &worker->member, false);
    ah_crew_replace(&worker->member, worker->thread);
    worker->asleep = true;
    worker->polling = false;
    expect_locked(worker, false);
    list_locked(worker);
    if (!worker->in_flight)
        worker->idle_since = ah_clock_now();
    call_another_locked(queue);
    /* Its own thread goes on with what is in flight, and sees to what came meanwhile for it, or for any. */
    bool wanted = worker->surplus || queue->state != AH_QUEUE_OPEN || worker->stay != queue->idle_timeout;
    if (wanted || worker->in_flight || queue->aborted.first)
        wake_locked(worker);
    unlock(queue);
}
