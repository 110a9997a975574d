/*
 * Tests of lib/habit.h: after how many requests that were waited for the next one is expected to be.
 */
#include "habit.h"

#include <pthread.h>
#include <stddef.h>

#include "suites.h"

enum { ENOUGH = 8, MOST = 4096 };

/* Stand for requests, two in turn. */
static const char requests[2];
static size_t made;

static bool make(void)
{
    return ah_habit_made(&requests[++made % 2]);
}

static void wait_for_it(void)
{
    ah_habit_waited(&requests[made % 2]);
}

/* Makes and waits for so many; whether the last was expected. */
static bool go_on(int count)
{
    bool expected = false;
    for (int i = 0; i < count; i++) {
        expected = make();
        wait_for_it();
    }
    return expected;
}

/* Each on a thread that has no habit yet. */
static void on_another_thread(void *(*run)(void *))
{
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, run, NULL), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
}

static void *wait_for_each(void *data)
{
    ck_assert(!go_on(ENOUGH));
    ck_assert(go_on(1));
    ck_assert(go_on(1000));
    return data;
}

START_TEST(test_who_waits_for_each_is_expected_to)
{
    on_another_thread(wait_for_each);
}
END_TEST

static void *wait_for_none(void *data)
{
    for (int i = 0; i < 100; i++)
        ck_assert(!make());
    return data;
}

START_TEST(test_who_waits_for_none_is_not)
{
    on_another_thread(wait_for_none);
}
END_TEST

/* A request that is waited for after another has been made has not been waited for at once. */
static void *wait_late(void *data)
{
    for (int i = 0; i < 100; i++) {
        ck_assert(!make());
        ah_habit_waited(&requests[(made + 1) % 2]);
    }
    return data;
}

START_TEST(test_who_waits_late_is_not)
{
    on_another_thread(wait_late);
}
END_TEST

static void *wait_again_and_again(void *data)
{
    go_on(ENOUGH / 2);
    for (int i = 0; i < 100; i++)
        wait_for_it();
    ck_assert(!go_on(1));
    return data;
}

START_TEST(test_a_request_counts_once)
{
    on_another_thread(wait_again_and_again);
}
END_TEST

/* It takes exactly so many until one is expected; and that one is not waited for. */
static void ck_takes(int enough)
{
    ck_assert(!go_on(enough));
    ck_assert(make());
    ck_assert(!make());
}

/* Each time that it was wrong it takes twice as many, up to a limit. */
static void *break_the_habit(void *data)
{
    for (int enough = ENOUGH; enough < MOST; enough *= 2)
        ck_takes(enough);
    ck_takes(MOST);
    ck_takes(MOST);
    return data;
}

START_TEST(test_who_was_expected_in_vain_takes_longer)
{
    on_another_thread(break_the_habit);
}
END_TEST

static void *keep_the_habit(void *data)
{
    ck_takes(ENOUGH);
    ck_takes(2 * ENOUGH);
    ck_assert(go_on(1000));
    ck_assert(make());
    ck_takes(2 * ENOUGH);
    return data;
}

START_TEST(test_it_is_forgotten_that_it_was_in_vain)
{
    on_another_thread(keep_the_habit);
}
END_TEST

Suite *habit_suite(void)
{
    Suite *suite = suite_create("habit");
    TCase *tcase = tcase_create("habit");
    tcase_add_test(tcase, test_who_waits_for_each_is_expected_to);
    tcase_add_test(tcase, test_who_waits_for_none_is_not);
    tcase_add_test(tcase, test_who_waits_late_is_not);
    tcase_add_test(tcase, test_a_request_counts_once);
    tcase_add_test(tcase, test_who_was_expected_in_vain_takes_longer);
    tcase_add_test(tcase, test_it_is_forgotten_that_it_was_in_vain);
    suite_add_tcase(suite, tcase);
    return suite;
}
