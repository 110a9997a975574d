/*
 * The work of one Http and the workers who are there to do it: who takes what, who sleeps, who is woken, who leaves;
 * and who is lent to a thread that waits for a job.
 *
 * All that several threads share of the dispatch is here, under one lock, which is never held while a promise is
 * fulfilled or the program is called. Invariants, whenever the lock is free:
 *   - every job is in exactly one place: in a list of the queue or of one worker, or nowhere because it is over;
 *   - a worker that sleeps and has room is in `idle` or in `spare`; while a job waits and somebody is in `idle`, either
 *     somebody is awake who has yet to look, and will wake the next, or enough are awake, and one of those asleep, the
 *     deputy, looks every millisecond whether they get on, or the job, alone, is left to the thread that is expected to
 *     wait for it, and one of those in `idle` naps, and looks in a few milliseconds whether the job still waits;
 *   - a worker that is lent is at work on another thread than its own, and its own one does nothing but rest;
 *   - a worker leaves only when nothing of it is in flight, and the last one only when nothing waits.
 */
#ifndef AH_QUEUE_H
#define AH_QUEUE_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "base/parker.h"
#include "crew.h"
#include "exchange.h"
#include "nap.h"

typedef struct ah_queue ah_queue;
typedef struct ah_worker ah_worker;
typedef struct ah_job ah_job;

/* Where a job is. */
typedef enum ah_job_place {
    /* Not yet handed over, or over. */
    AH_JOB_NOWHERE,
    /* Waits for a worker. */
    AH_JOB_WAITING,
    /* Cancelled while it waited: waits for any worker to call its callback. */
    AH_JOB_ABORTED,
    /* In flight on a worker. */
    AH_JOB_RUNNING,
    /* In flight, and to go on there, since what it waited for has happened. */
    AH_JOB_RESUMED,
    /* In flight, and to be ended there. */
    AH_JOB_CANCELLED,
} ah_job_place;

/* What a job asks of whoever it belongs to. */
typedef struct ah_job_owner {
    /* The request has ended, and the outcome says how. Called exactly once for a job that was accepted, without a
     * lock. */
    void (*fulfil)(ah_job *job);
    /* Has this request, which is like the job's own, made in the background. Takes over the claim. */
    void (*refresh)(ah_job *job, const ah_request *request, ah_claim *claim);
} ah_job_owner;

/* A request on its way through the dispatch. Embedded in the promise, its owner. */
struct ah_job {
    ah_request request;
    ah_outcome outcome;
    const ah_job_owner *owner;
    /* It calls nothing of the program's, so that it need not be a worker who carries it out. */
    bool anyones;
    /* That, and who makes it can be expected to wait for it at once. */
    bool expected;
    /* It is left to that thread: no worker was called for it, nor is to be before the thread does anything else. */
    atomic_bool for_waiter;
    /* The worker's, while it runs; NULL: it does not. */
    ah_exchange *exchange;
    /* A share, from when it was handed over to the end of its days, so that it can be cancelled at any time; NULL: it
     * never was. */
    ah_queue *queue;
    /* The rest is the queue's. */
    ah_worker *worker;
    ah_job *next;
    ah_job *previous;
    ah_job_place place;
};

typedef struct ah_jobs {
    ah_job *first;
    ah_job *last;
} ah_jobs;

/* In which list of its queue a worker is. */
typedef enum ah_worker_rank {
    /* Not asleep, or without room for a job. But one that has just become idle, or is held back, is idle before it
     * sleeps. */
    AH_WORKER_BUSY,
    /* Nothing in flight. */
    AH_WORKER_IDLE,
    /* Some in flight, and room for more. */
    AH_WORKER_SPARE,
} ah_worker_rank;

/* A thread of the queue. Made and run by worker.c; all of it is under the queue's lock but for what says otherwise. */
struct ah_worker {
    /* A share. */
    ah_queue *queue;
    ah_member member;
    char name[16];
    /* For its own thread, or the one that it is lent to; set under the lock, since others wake it by them. NULL until
     * there is work. */
    ah_transfers *transfers;
    /* In flight here; those of them that are to go on, and those that were cancelled, are in lists of their own. */
    ah_jobs running;
    ah_jobs resumed;
    ah_jobs cancelled;
    unsigned in_flight;
    ah_worker_rank rank;
    ah_worker *next;
    ah_worker *previous;
    /* Since when nothing has been in flight; AH_NEVER: something is. */
    ah_time idle_since;
    /* Has not looked at the queue yet. */
    bool recruit;
    /* Was idle, has been called, and has not looked at the queue yet. */
    bool coming;
    /* Where only a wake-up reaches it: in its transfers' poll, or else in its parker. */
    bool asleep;
    bool polling;
    ah_parker parker;
    /* Its own. */
    pthread_t thread;
    /* That has gone to sleep in the parker, and has not risen yet; and how long it could stay idle when it did. */
    bool resting;
    double stay;
    ah_nap nap;
    /* A thread that waits for a job has everything of it but the parker, to carry out that one. */
    bool lent;
    /* There are more workers than there should be: takes nothing more, and leaves. */
    bool surplus;
};

typedef struct ah_workers {
    ah_worker *first;
    ah_worker *last;
} ah_workers;

typedef enum ah_queue_state {
    AH_QUEUE_OPEN,
    /* Finishes what it has, takes nothing more. */
    AH_QUEUE_FINISHING,
    /* Cancels what it has, takes nothing more. */
    AH_QUEUE_CANCELLING,
} ah_queue_state;

/* A shared value (base/shared.h): held by its Http, by its workers and by the jobs that it accepted. */
struct ah_queue {
    pthread_mutex_t lock;
    /* Of a worker who is to be called as soon as the lock is let go; NULL: nobody. */
    ah_bell *released;
    /* A worker has left. */
    pthread_cond_t left;
    ah_queue_state state;
    unsigned max_workers;
    unsigned transfers_per_worker;
    double idle_timeout;
    ah_jobs waiting;
    size_t waiting_count;
    ah_jobs aborted;
    size_t aborted_count;
    ah_crew crew;
    /* How many there are, those among them whose threads are only being made; and how many of them are not surplus. */
    unsigned hired;
    unsigned active;
    /* Those who have not looked at the queue yet. */
    unsigned recruits;
    /* The last to fall idle is first: its connections are the warmest. */
    ah_workers idle;
    size_t idle_count;
    /* How many were idle, have been called, and have not looked at the queue yet. */
    size_t coming;
    ah_workers spare;
    /* Slept, has been woken, and has not looked at the queue yet; NULL: nobody. */
    ah_worker *called;
    /* The thread of a worker that has left and must be joined by the next who leaves or by who waits for all. */
    pthread_t leaver;
    bool has_leaver;
    /* Somebody who waits for all is joining it. */
    bool joining;
    /* Nobody will wait for the workers: the last who leaves sees to itself. */
    bool abandoned;
    /* The number of the Http that it serves, and that Http's next queue that was shut. */
    unsigned long long owner;
    ah_queue *next_shut;
    /* Its place in the order of being shut; 0: it is not. */
    unsigned long shut_number;
};

/* NULL: no memory. */
ah_queue *ah_queue_new(void);

/* ---- For those who bring work ---- */

typedef enum ah_push {
    AH_PUSH_DONE,
    /* Accepted, and a worker is to be started, for whom a place is kept. */
    AH_PUSH_HIRE,
    /* Not accepted: the queue takes no more. */
    AH_PUSH_REFUSED,
} ah_push;

ah_push ah_queue_push(ah_queue *queue, ah_job *job);

/* Cancels the job, wherever it is. True: it was waiting, needs no worker any more, and is the caller's to fulfil. */
bool ah_queue_cancel(ah_queue *queue, ah_job *job);

/* Whether the job, which is in flight, is to be ended. */
bool ah_queue_is_cancelled(ah_queue *queue, const ah_job *job);

/* Has the job, which is in flight, go on. */
void ah_queue_resume(ah_queue *queue, ah_job *job);

/* Sets the limits. Returns how many workers are to be started, for whom places are kept. */
unsigned ah_queue_limit(ah_queue *queue, unsigned max_workers, unsigned transfers_per_worker, double idle_timeout);

/* Takes nothing more, and has the workers leave when they are done: with all that waits, or with cancelling it. */
void ah_queue_shut(ah_queue *queue, ah_queue_state state);

/* Waits until all workers have left and their threads have ended. Not for workers of this queue. */
void ah_queue_join(ah_queue *queue);

/* Whether all workers have left, so that ah_queue_join() takes no time. */
bool ah_queue_is_deserted(ah_queue *queue);

/* Instead of ah_queue_join(): nobody will wait. */
void ah_queue_abandon(ah_queue *queue);

/* ---- For hiring ---- */

/* No thread could be had for a worker for whom a place was kept. Returns the jobs that nobody is there to do any
 * more, linked by next: the caller's to fulfil. */
ah_job *ah_queue_unhire(ah_queue *queue);

/* ---- For who waits for a job, if that is anyone's ---- */

/* Lends a worker who rests to the calling thread, which is to start the job; only if that is the next to be started.
 * NULL: it is not, or nobody rests, or enough are awake; then a worker is to start the job, even if it was left to the
 * thread. The thread does as a worker would, but is given no other job, and told to leave when there is one that the
 * worker has room for. */
ah_worker *ah_queue_borrow(ah_queue *queue, ah_job *job);

/* If the job was left to whoever waits for it: a worker is to start it, if nobody has. */
void ah_queue_hurry(ah_job *job);

/* Gives the worker back, whose own thread goes on with what is still in flight. */
void ah_queue_give_back(ah_worker *worker);

/* ---- For workers, each on its own thread, or on that which it is lent to ---- */

/* The worker's thread has begun. */
void ah_queue_enroll(ah_worker *worker);

/* The worker has rested: until it was woken, or for as long as it was to. False: it rests on, for at most so many seconds,
 * or not at all if these are negative, since
 *   - it is lent;
 *   - it was woken for what a thread that it was lent to has done by now;
 *   - it naps, and there is nothing for it.
 * If it has risen, *seconds is left as it is. */
bool ah_queue_rise(ah_worker *worker, bool woken, double *seconds);

/* The worker's transfers are there. */
void ah_queue_equip(ah_worker *worker, ah_transfers *transfers);

typedef enum ah_task {
    /* Nothing for this worker now. */
    AH_TASK_NONE,
    /* Start the job. */
    AH_TASK_START,
    /* Go on with the job, which is in flight here. */
    AH_TASK_RESUME,
    /* End the job, which is in flight here, as cancelled. */
    AH_TASK_CANCEL,
    /* Fulfil the job, which was never started, as cancelled. */
    AH_TASK_ABORT,
} ah_task;

/* The next thing to do, and with which job. */
ah_task ah_queue_take(ah_worker *worker, ah_job **job);

/* A job that was started here is over, and about to be fulfilled. prompt: in no time, so that the worker counts as
 * free. False: it was cancelled before it was over. */
bool ah_queue_done(ah_worker *worker, ah_job *job, bool prompt);

/* The worker is about to run code of the program's, which may take any time: it is not free. */
void ah_queue_detain(ah_worker *worker);

typedef enum ah_rest {
    /* There is something to take. */
    AH_REST_WORK,
    /* Sleep in its parker, for at most so many seconds, and rise from there. */
    AH_REST_SLEEP,
    /* The same in the poll of its transfers. */
    AH_REST_POLL,
    /* Leave: the worker is out of the queue, and its thread ends; or, if it is lent, is to be given back. */
    AH_REST_LEAVE,
} ah_rest;

/* What a worker is to do that has taken all it could. When it leaves, *leaver is the thread to join that left before
 * it, if *has_leaver. */
ah_rest ah_queue_rest(ah_worker *worker, double *seconds, pthread_t *leaver, bool *has_leaver);

#endif
