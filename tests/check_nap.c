/*
 * Tests of lib/nap.h, with times of their own: when a worker need not be called, and how long it sleeps. What the queue
 * makes of it is in check_queue.c.
 */
#include "nap.h"

#include "suites.h"

/* Seconds: far less and far more than a nap, and how long a worker could rest. */
static const double brief = 0.0001;
static const double lengthy = 0.01;
static const double rest = 30;

static ah_nap nap;
static ah_time now;

/* It rests since long ago. */
static void set_up(void)
{
    nap = (ah_nap){0};
    now = 1000;
    ah_nap_lie_down(&nap, now);
    now += lengthy;
}

/* It is called for a job that somebody can be expected to wait for, and rests again so many seconds later. */
static void spare(double seconds)
{
    ah_nap_spare(&nap);
    now += seconds;
    ah_nap_lie_down(&nap, now);
}

static void ck_sleeps(double seconds)
{
    ck_assert_double_eq_tol(ah_nap_seconds(&nap, rest), seconds, 1e-9);
    ck_assert_double_eq_tol(ah_nap_seconds(&nap, brief), brief, 1e-9);
}

static void ck_naps(bool naps)
{
    ck_sleeps(naps ? 0.001 : rest);
}

/* It naps for so many seconds, in which it is spared so many calls. */
static void nap_for(double seconds, int calls)
{
    for (int i = 0; i < calls; i++)
        ck_assert(ah_nap_spare(&nap));
    now += seconds;
    ah_nap_lie_down(&nap, now);
}

START_TEST(test_who_is_called_again_and_again_naps)
{
    ck_naps(false);
    spare(0);
    ck_naps(false);
    ck_assert(!ah_nap_spare(&nap));
    spare(brief);
    ck_naps(true);
    ck_assert(ah_nap_spare(&nap));
}
END_TEST

START_TEST(test_who_is_called_now_and_then_does_not)
{
    for (int i = 0; i < 100; i++) {
        spare(lengthy);
        ck_naps(false);
        ck_assert(!ah_nap_spare(&nap));
    }
}
END_TEST

START_TEST(test_who_is_called_for_other_jobs_does_not)
{
    for (int i = 0; i < 100; i++) {
        now += brief;
        ah_nap_lie_down(&nap, now);
        ck_naps(false);
    }
    ck_assert(!ah_nap_spare(&nap));
}
END_TEST

START_TEST(test_nap_is_renewed_as_long_as_it_spares_calls)
{
    spare(0);
    spare(brief);
    nap_for(0.001, 1);
    ck_sleeps(0.002);
    nap_for(0.002, 2);
    ck_sleeps(0.004);
    for (int i = 0; i < 100; i++) {
        nap_for(i ? 0.008 : 0.004, 8);
        ck_sleeps(0.008);
    }
    nap_for(0.008, 0);
    ck_naps(false);
    ck_assert(!ah_nap_spare(&nap));
}
END_TEST

START_TEST(test_long_nap_is_for_many_calls)
{
    spare(0);
    spare(brief);
    nap_for(0.001, 1);
    nap_for(0.002, 1);
    ck_naps(false);
    ck_assert(!ah_nap_spare(&nap));
    spare(brief);
    ck_naps(true);
}
END_TEST

/* The first is short again after something to do. */
START_TEST(test_long_nap_is_for_who_had_nothing_to_do)
{
    spare(0);
    spare(brief);
    nap_for(0.001, 10);
    ah_nap_rise(&nap);
    spare(brief);
    ck_naps(true);
}
END_TEST

START_TEST(test_who_sleeps_longer_than_told_does_not)
{
    spare(0);
    spare(brief);
    nap_for(0.003, 100);
    ck_naps(false);
}
END_TEST

START_TEST(test_who_has_something_to_do_does_not)
{
    spare(0);
    spare(brief);
    ah_nap_rise(&nap);
    ck_naps(false);
    ck_assert(!ah_nap_spare(&nap));
}
END_TEST

Suite *nap_suite(void)
{
    Suite *suite = suite_create("nap");
    TCase *tcase = tcase_create("nap");
    tcase_add_checked_fixture(tcase, set_up, NULL);
    tcase_add_test(tcase, test_who_is_called_again_and_again_naps);
    tcase_add_test(tcase, test_who_is_called_now_and_then_does_not);
    tcase_add_test(tcase, test_who_is_called_for_other_jobs_does_not);
    tcase_add_test(tcase, test_nap_is_renewed_as_long_as_it_spares_calls);
    tcase_add_test(tcase, test_who_has_something_to_do_does_not);
    tcase_add_test(tcase, test_long_nap_is_for_many_calls);
    tcase_add_test(tcase, test_long_nap_is_for_who_had_nothing_to_do);
    tcase_add_test(tcase, test_who_sleeps_longer_than_told_does_not);
    suite_add_tcase(suite, tcase);
    return suite;
}
