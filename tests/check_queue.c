/*
 * Tests of lib/queue.h with workers of their own, all on one thread, on what has one processor: who is held back, who
 * takes the place of one that is stuck, who is lent to a thread that waits, and who is not called for a job. What whole
 * clients do is in check_dispatch.c and check_waiting.c.
 */
#include "suites.h"

#include <limits.h>
#include <string.h>
#include <time.h>

#include "base/shared.h"
#include "queue.h"

enum { JOBS = 4, WORKERS = 2 };

static ah_queue *queue;
static ah_job jobs[JOBS];
static ah_worker workers[WORKERS];

static void set_up(void)
{
    queue = ah_queue_new();
    ck_assert_ptr_nonnull(queue);
    queue->crew.processors = queue->crew.enough = 1;
    ck_assert_uint_eq(ah_queue_limit(queue, WORKERS, 1, 3600), 0);
    memset(jobs, 0, sizeof(jobs));
    memset(workers, 0, sizeof(workers));
    for (int i = 0; i < JOBS; i++)
        ck_assert_int_eq(ah_queue_push(queue, &jobs[i]), i < WORKERS ? AH_PUSH_HIRE : AH_PUSH_DONE);
    for (int i = 0; i < WORKERS; i++) {
        workers[i].queue = queue;
        workers[i].recruit = true;
        workers[i].idle_since = AH_NEVER;
        ah_parker_init(&workers[i].parker);
        ah_queue_enroll(&workers[i]);
    }
}

static void tear_down(void)
{
    ah_shared_release(queue);
    for (int i = 0; i < WORKERS; i++)
        ah_parker_destroy(&workers[i].parker);
}

static void ck_takes(ah_worker *worker, ah_job *job)
{
    ah_job *taken;
    ck_assert_int_eq(ah_queue_take(worker, &taken), AH_TASK_START);
    ck_assert_ptr_eq(taken, job);
}

static ah_rest rest(ah_worker *worker)
{
    double seconds;
    pthread_t leaver;
    bool has_leaver = false;
    return ah_queue_rest(worker, &seconds, &leaver, &has_leaver);
}

static void ck_takes_nothing(ah_worker *worker)
{
    ah_job *taken;
    ck_assert_int_eq(ah_queue_take(worker, &taken), AH_TASK_NONE);
    ck_assert_int_eq(rest(worker), AH_REST_SLEEP);
}

/* The worker sleeps for as long as it has to, until it takes this job, because another one comes no further. */
static void ck_takes_in_the_end(ah_worker *worker, ah_job *job)
{
    ah_job *taken = NULL;
    while (!taken) {
        nanosleep(&(struct timespec){.tv_nsec = 2 * 1000 * 1000}, NULL);
        if (ah_queue_take(worker, &taken) == AH_TASK_NONE)
            ck_assert_int_eq(rest(worker), AH_REST_SLEEP);
    }
    ck_assert_ptr_eq(taken, job);
    /* This thread has slept, which may have been taken for something that the other one waits for: that is over. */
    queue->crew.enough_until = 0;
}

/* The first has the first job and comes no further, so that the second takes the second one. */
static void begin_with_substitute(void)
{
    ck_takes(&workers[0], &jobs[0]);
    ck_takes_nothing(&workers[1]);
    ck_takes_in_the_end(&workers[1], &jobs[1]);
}

START_TEST(test_one_is_enough_for_one_processor)
{
    ck_takes(&workers[0], &jobs[0]);
    ck_takes_nothing(&workers[1]);
    ck_assert(ah_queue_done(&workers[0], &jobs[0], true));
    ck_takes(&workers[0], &jobs[1]);
}
END_TEST

START_TEST(test_substitute_stays_until_the_other_gets_on)
{
    begin_with_substitute();
    ck_assert(ah_queue_done(&workers[1], &jobs[1], true));
    ck_takes(&workers[1], &jobs[2]);
    ck_assert(ah_queue_done(&workers[0], &jobs[0], true));
    ck_assert(ah_queue_done(&workers[1], &jobs[2], true));
    ck_takes_nothing(&workers[1]);
    ck_takes(&workers[0], &jobs[3]);
}
END_TEST

START_TEST(test_substitute_stays_as_long_as_they_wait)
{
    begin_with_substitute();
    queue->crew.enough = UINT_MAX;
    queue->crew.enough_until = AH_NEVER;
    ck_assert(ah_queue_done(&workers[0], &jobs[0], true));
    ck_assert(ah_queue_done(&workers[1], &jobs[1], true));
    ck_takes(&workers[1], &jobs[2]);
    ck_takes(&workers[0], &jobs[3]);
}
END_TEST

/* It would be the only one otherwise. */
START_TEST(test_substitute_stays_if_the_other_sleeps)
{
    begin_with_substitute();
    ck_assert(ah_queue_cancel(queue, &jobs[2]));
    ck_assert(ah_queue_cancel(queue, &jobs[3]));
    ck_assert(ah_queue_done(&workers[0], &jobs[0], true));
    ck_takes_nothing(&workers[0]);
    ck_assert_int_eq(ah_queue_push(queue, &jobs[2]), AH_PUSH_DONE);
    ck_assert(ah_queue_done(&workers[1], &jobs[1], true));
    ck_takes(&workers[1], &jobs[2]);
}
END_TEST

/* ---- Lending ---- */

/* All have rested since they had nothing to do. */
static void rest_all(void)
{
    for (int i = 0; i < JOBS; i++)
        ck_assert(ah_queue_cancel(queue, &jobs[i]));
    for (int i = 0; i < WORKERS; i++)
        ck_takes_nothing(&workers[i]);
}

/* With one worker, who has room for so many jobs. */
static ah_worker *rest_alone(unsigned transfers)
{
    rest_all();
    ck_assert_uint_eq(ah_queue_limit(queue, 1, transfers, 3600), 0);
    ah_worker *worker = workers[0].surplus ? &workers[1] : &workers[0];
    ck_takes_nothing(worker);
    return worker;
}

static void push(ah_job *job)
{
    ck_assert_int_eq(ah_queue_push(queue, job), AH_PUSH_DONE);
}

/* It was woken. */
static bool rises(ah_worker *worker)
{
    double seconds;
    return ah_queue_rise(worker, true, &seconds);
}

START_TEST(test_who_was_called_is_lent)
{
    ah_job *taken;
    rest_all();
    push(&jobs[0]);
    ah_worker *worker = ah_queue_borrow(queue, &jobs[0]);
    ck_assert_ptr_eq(worker, &workers[1]);
    ck_assert_int_eq(jobs[0].place, AH_JOB_RUNNING);
    /* It comes since it was called, and is too late. */
    ck_assert(!rises(worker));
    ck_assert_int_eq(ah_queue_take(worker, &taken), AH_TASK_NONE);
    ck_assert(ah_queue_done(worker, &jobs[0], true));
    ah_queue_give_back(worker);
    /* So is it if that is over: it can be lent again. */
    ck_assert(!rises(worker));
    push(&jobs[1]);
    ck_assert_ptr_eq(ah_queue_borrow(queue, &jobs[1]), worker);
    ck_assert(ah_queue_done(worker, &jobs[1], true));
    ah_queue_give_back(worker);
    double seconds;
    ck_assert(ah_queue_rise(worker, false, &seconds));
    ck_takes_nothing(worker);
}
END_TEST

START_TEST(test_nobody_is_lent_for_a_job_that_is_not_next)
{
    rest_all();
    push(&jobs[0]);
    push(&jobs[1]);
    ck_assert_ptr_null(ah_queue_borrow(queue, &jobs[1]));
    ck_takes(&workers[1], &jobs[0]);
    ck_assert_ptr_null(ah_queue_borrow(queue, &jobs[0]));
}
END_TEST

START_TEST(test_who_has_risen_is_not_lent)
{
    rest_all();
    push(&jobs[0]);
    ck_assert(rises(&workers[1]));
    ck_assert_ptr_null(ah_queue_borrow(queue, &jobs[0]));
    ck_takes(&workers[1], &jobs[0]);
}
END_TEST

/* The one who is awake has a processor, and there is no other. */
START_TEST(test_nobody_is_lent_if_enough_are_awake)
{
    rest_all();
    push(&jobs[0]);
    ck_assert(rises(&workers[1]));
    ck_takes(&workers[1], &jobs[0]);
    push(&jobs[1]);
    ck_assert_ptr_null(ah_queue_borrow(queue, &jobs[1]));
}
END_TEST

START_TEST(test_nobody_is_lent_once_it_is_shut)
{
    rest_all();
    push(&jobs[0]);
    ah_queue_shut(queue, AH_QUEUE_FINISHING);
    ck_assert_ptr_null(ah_queue_borrow(queue, &jobs[0]));
}
END_TEST

/* What comes meanwhile is for another one, who is called for it, */
START_TEST(test_what_comes_meanwhile_is_for_another)
{
    rest_all();
    push(&jobs[0]);
    ah_worker *worker = ah_queue_borrow(queue, &jobs[0]);
    ck_assert_ptr_eq(worker, &workers[1]);
    queue->crew.enough = WORKERS;
    push(&jobs[1]);
    ck_assert(!workers[0].asleep);
    ck_assert_int_eq(rest(worker), AH_REST_SLEEP);
    ck_takes(&workers[0], &jobs[1]);
}
END_TEST

/* or for itself, if it has room: then its own thread goes on with all of it. */
START_TEST(test_who_has_room_is_called_back)
{
    ah_worker *worker = rest_alone(2);
    push(&jobs[0]);
    ck_assert_ptr_eq(ah_queue_borrow(queue, &jobs[0]), worker);
    ck_assert_int_eq(rest(worker), AH_REST_SLEEP);
    push(&jobs[1]);
    ck_assert(!worker->asleep);
    ck_assert_int_eq(rest(worker), AH_REST_LEAVE);
    ah_queue_give_back(worker);
    ck_assert(!worker->asleep);
    ck_assert_ptr_null(ah_queue_borrow(queue, &jobs[1]));
    ck_assert(rises(worker));
    ck_takes(worker, &jobs[1]);
    ck_assert_uint_eq(worker->in_flight, 2);
}
END_TEST

/* It sleeps on unless there is something for it. */
START_TEST(test_who_is_given_back_is_called_for_what_waits)
{
    ah_worker *worker = rest_alone(1);
    for (int waits = 0; waits <= 1; waits++) {
        push(&jobs[0]);
        ck_assert_ptr_eq(ah_queue_borrow(queue, &jobs[0]), worker);
        if (waits)
            push(&jobs[1]);
        ck_assert_int_eq(rest(worker), AH_REST_SLEEP);
        ck_assert(ah_queue_done(worker, &jobs[0], true));
        ah_queue_give_back(worker);
        ck_assert_int_eq(worker->asleep, !waits);
    }
}
END_TEST

START_TEST(test_who_is_given_back_leaves_what_is_shut)
{
    rest_all();
    push(&jobs[0]);
    ah_worker *worker = ah_queue_borrow(queue, &jobs[0]);
    ah_queue_shut(queue, AH_QUEUE_FINISHING);
    ck_assert(!rises(worker));
    ck_assert(ah_queue_done(worker, &jobs[0], true));
    ah_queue_give_back(worker);
    ck_assert(!worker->asleep);
    ck_assert(rises(worker));
    ck_assert_int_eq(rest(worker), AH_REST_LEAVE);
}
END_TEST

/* How long it may stay idle counts from then on. */
START_TEST(test_who_is_given_back_learns_of_another_timeout)
{
    ah_worker *worker = rest_alone(1);
    for (int changed = 0; changed <= 1; changed++) {
        push(&jobs[0]);
        ck_assert_ptr_eq(ah_queue_borrow(queue, &jobs[0]), worker);
        ck_assert(!rises(worker));
        if (changed) {
            double seconds;
            ah_queue_limit(queue, 1, 1, 0);
            /* But it does not look again and again whether it is still lent. */
            ck_assert(!ah_queue_rise(worker, false, &seconds));
            ck_assert_double_eq_tol(seconds, 0.1, 1e-9);
            ah_queue_limit(queue, 1, 1, 1);
        }
        ck_assert(ah_queue_done(worker, &jobs[0], true));
        ah_queue_give_back(worker);
        ck_assert_int_eq(worker->asleep, !changed);
    }
    ck_assert(rises(worker));
    ck_takes_nothing(worker);
}
END_TEST

/* ---- Naps ---- */

/* The one worker naps, and will go on to as long as that spares it calls. */
static ah_worker *nap_alone(void)
{
    ah_worker *worker = rest_alone(1);
    worker->nap.on = true;
    worker->nap.length = 0.001;
    for (int i = 0; i < JOBS; i++)
        jobs[i].queue = queue;
    return worker;
}

/* A job that somebody can be expected to wait for. */
static void push_expected(ah_job *job)
{
    job->expected = true;
    push(job);
}

/* It was not woken. */
static bool naps_on(ah_worker *worker)
{
    double seconds = 0;
    worker->nap.since = ah_clock_now();
    bool risen = ah_queue_rise(worker, false, &seconds);
    ck_assert(risen || seconds <= 0.008);
    return !risen;
}

START_TEST(test_job_is_left_to_who_waits)
{
    ah_worker *worker = nap_alone();
    for (int i = 0; i < 2; i++) {
        push_expected(&jobs[i]);
        ck_assert(worker->asleep);
        ck_assert_ptr_eq(ah_queue_borrow(queue, &jobs[i]), worker);
        ck_assert(naps_on(worker));
        ck_assert(ah_queue_done(worker, &jobs[i], true));
        ah_queue_give_back(worker);
    }
}
END_TEST

START_TEST(test_job_that_was_left_in_vain_is_found)
{
    ah_worker *worker = nap_alone();
    push_expected(&jobs[0]);
    ck_assert(worker->asleep);
    ck_assert(!naps_on(worker));
    ck_takes(worker, &jobs[0]);
}
END_TEST

/* It was called for the job before, and is late; it has slept so long that it would nap no longer. */
START_TEST(test_job_is_not_slept_through)
{
    ah_worker *worker = nap_alone();
    push(&jobs[0]);
    ck_assert_ptr_eq(ah_queue_borrow(queue, &jobs[0]), worker);
    ck_assert(ah_queue_done(worker, &jobs[0], true));
    ah_queue_give_back(worker);
    worker->nap.since = 0;
    push_expected(&jobs[1]);
    ck_assert(worker->asleep);
    ck_assert(rises(worker));
    ck_takes(worker, &jobs[1]);
}
END_TEST

START_TEST(test_who_has_napped_long_enough_rises)
{
    ah_worker *worker = nap_alone();
    worker->nap.spared = 1;
    worker->idle_since = -7200;
    ck_assert(!naps_on(worker));
    ck_assert_int_eq(rest(worker), AH_REST_LEAVE);
}
END_TEST

START_TEST(test_other_jobs_are_not_left)
{
    ah_worker *worker = nap_alone();
    push(&jobs[0]);
    ck_assert(!worker->asleep);
}
END_TEST

/* Both are waited for by then, or neither is. */
START_TEST(test_job_is_not_left_if_one_waits)
{
    ah_worker *worker = nap_alone();
    push_expected(&jobs[0]);
    ck_assert(worker->asleep);
    push_expected(&jobs[1]);
    ck_assert(!worker->asleep);
    ck_assert(rises(worker));
    ck_takes(worker, &jobs[0]);
}
END_TEST

/* It is looked at without a wait in which it would be carried out. */
START_TEST(test_job_that_was_left_can_be_hurried)
{
    ah_worker *worker = nap_alone();
    push_expected(&jobs[0]);
    ck_assert(worker->asleep);
    ah_queue_hurry(&jobs[0]);
    ck_assert(!worker->asleep);
    ck_takes(worker, &jobs[0]);
    ck_assert(ah_queue_done(worker, &jobs[0], true));
    ck_takes_nothing(worker);
}
END_TEST

/* And once only, by who looks at it again and again, while another is left. */
START_TEST(test_job_that_is_under_way_hurries_nobody)
{
    rest_all();
    queue->crew.processors = queue->crew.enough = WORKERS;
    for (int i = 0; i < WORKERS; i++) {
        workers[i].nap.on = true;
        jobs[i].queue = queue;
    }
    push_expected(&jobs[0]);
    ck_assert_ptr_eq(ah_queue_borrow(queue, &jobs[0]), &workers[1]);
    push_expected(&jobs[1]);
    ah_queue_hurry(&jobs[0]);
    ck_assert(workers[0].asleep);
    ah_queue_hurry(&jobs[1]);
    ck_assert(!workers[0].asleep);
}
END_TEST

/* Since enough are awake by then. */
START_TEST(test_who_cannot_stand_in_calls_for_it)
{
    ah_worker *worker = nap_alone();
    push_expected(&jobs[0]);
    queue->crew.enough = 0;
    ck_assert_ptr_null(ah_queue_borrow(queue, &jobs[0]));
    ck_assert(!worker->asleep);
}
END_TEST

START_TEST(test_job_that_was_left_can_be_cancelled)
{
    ah_worker *worker = nap_alone();
    push_expected(&jobs[0]);
    ck_assert(ah_queue_cancel(queue, &jobs[0]));
    ck_assert(naps_on(worker));
}
END_TEST

START_TEST(test_who_naps_leaves_what_is_shut)
{
    ah_worker *worker = nap_alone();
    push_expected(&jobs[0]);
    ah_queue_shut(queue, AH_QUEUE_FINISHING);
    ck_assert(rises(worker));
    ck_takes(worker, &jobs[0]);
    ck_assert(ah_queue_done(worker, &jobs[0], true));
    ck_assert_int_eq(rest(worker), AH_REST_LEAVE);
}
END_TEST

Suite *queue_suite(void)
{
    Suite *suite = suite_create("queue");
    TCase *tcase = tcase_create("queue");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, test_one_is_enough_for_one_processor);
    tcase_add_test(tcase, test_substitute_stays_until_the_other_gets_on);
    tcase_add_test(tcase, test_substitute_stays_as_long_as_they_wait);
    tcase_add_test(tcase, test_substitute_stays_if_the_other_sleeps);
    tcase_add_test(tcase, test_who_was_called_is_lent);
    tcase_add_test(tcase, test_nobody_is_lent_for_a_job_that_is_not_next);
    tcase_add_test(tcase, test_who_has_risen_is_not_lent);
    tcase_add_test(tcase, test_nobody_is_lent_if_enough_are_awake);
    tcase_add_test(tcase, test_nobody_is_lent_once_it_is_shut);
    tcase_add_test(tcase, test_what_comes_meanwhile_is_for_another);
    tcase_add_test(tcase, test_who_has_room_is_called_back);
    tcase_add_test(tcase, test_who_is_given_back_is_called_for_what_waits);
    tcase_add_test(tcase, test_who_is_given_back_leaves_what_is_shut);
    tcase_add_test(tcase, test_who_is_given_back_learns_of_another_timeout);
    tcase_add_test(tcase, test_job_is_left_to_who_waits);
    tcase_add_test(tcase, test_job_that_was_left_in_vain_is_found);
    tcase_add_test(tcase, test_job_is_not_slept_through);
    tcase_add_test(tcase, test_who_has_napped_long_enough_rises);
    tcase_add_test(tcase, test_other_jobs_are_not_left);
    tcase_add_test(tcase, test_job_is_not_left_if_one_waits);
    tcase_add_test(tcase, test_job_that_was_left_can_be_hurried);
    tcase_add_test(tcase, test_job_that_is_under_way_hurries_nobody);
    tcase_add_test(tcase, test_who_cannot_stand_in_calls_for_it);
    tcase_add_test(tcase, test_job_that_was_left_can_be_cancelled);
    tcase_add_test(tcase, test_who_naps_leaves_what_is_shut);
    suite_add_tcase(suite, tcase);
    return suite;
}
