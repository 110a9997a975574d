/*
 * Tests of lib/queue.h with workers of their own, all on one thread, on what has one processor: who is held back, and who
 * takes the place of one that is stuck. What whole clients do is in check_dispatch.c.
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

Suite *queue_suite(void)
{
    Suite *suite = suite_create("queue");
    TCase *tcase = tcase_create("queue");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, test_one_is_enough_for_one_processor);
    tcase_add_test(tcase, test_substitute_stays_until_the_other_gets_on);
    tcase_add_test(tcase, test_substitute_stays_as_long_as_they_wait);
    tcase_add_test(tcase, test_substitute_stays_if_the_other_sleeps);
    suite_add_tcase(suite, tcase);
    return suite;
}
