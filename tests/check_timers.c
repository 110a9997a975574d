/*
 * Tests of lib/base/timers.h, and of the clock that they go by.
 */
#include "suites.h"

#include <stdint.h>
#include <string.h>

#include "base/clock.h"
#include "base/timers.h"

enum { MANY = 150 };

static ah_timers timers;
static ah_timer all[MANY];

/* The same sequence in every run and on every platform. */
static uint32_t state;

static uint32_t below(uint32_t bound)
{
    state = state * 1664525 + 1013904223;
    return (state >> 8) % bound;
}

static void setup(void)
{
    memset(all, 0, sizeof(all));
    timers = (ah_timers){0};
    state = 1;
    ck_assert(ah_timers_reserve(&timers, MANY));
}

static void teardown(void)
{
    ah_timers_free(&timers);
}

/* The reference: which timers are set, and to when. */
static bool is_set[MANY];
static ah_time due[MANY];

static void forget_all(void)
{
    memset(is_set, 0, sizeof(is_set));
}

static void set(int i, ah_time when)
{
    ah_timers_set(&timers, &all[i], when);
    is_set[i] = true;
    due[i] = when;
}

static void cancel(int i)
{
    ah_timers_cancel(&timers, &all[i]);
    is_set[i] = false;
}

/* That the first timer is one that is set, and that none is due before it. */
static void ck_first(void)
{
    const ah_timer *first = ah_timers_first(&timers);
    for (int i = 0; i < MANY; i++) {
        if (is_set[i] && (!first || first->due > due[i]))
            ck_abort_msg("timer %d is due at %g, before the first", i, due[i]);
    }
    if (first) {
        ck_assert_msg(is_set[first - all], "timer %d is first but was cancelled", (int)(first - all));
        ck_assert_double_eq(first->due, due[first - all]);
    }
}

/* Takes out the first until there is none: they come in order, and all that are set come once. */
static void ck_drains_in_order(void)
{
    ah_time before = -AH_NEVER;
    ah_timer *first;
    while ((first = ah_timers_first(&timers)) != NULL) {
        ck_assert_double_ge(first->due, before);
        ck_assert_msg(is_set[first - all], "timer %d was not set", (int)(first - all));
        before = first->due;
        cancel((int)(first - all));
    }
    for (int i = 0; i < MANY; i++)
        ck_assert_msg(!is_set[i], "timer %d is lost", i);
}

START_TEST(none_is_first_of_none)
{
    ah_timers none = {0};
    ck_assert_ptr_null(ah_timers_first(&none));
    ck_assert_ptr_null(ah_timers_first(&timers));
    ah_timers_free(&none);
}
END_TEST

START_TEST(the_first_stays_set)
{
    ah_timers_set(&timers, &all[0], 5);
    ck_assert_ptr_eq(ah_timers_first(&timers), &all[0]);
    ck_assert_ptr_eq(ah_timers_first(&timers), &all[0]);
    ck_assert_double_eq(all[0].due, 5);
}
END_TEST

START_TEST(the_soonest_is_first_in_any_order_of_setting)
{
    static const int orders[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    for (int i = 0; i < 3; i++)
        ah_timers_set(&timers, &all[orders[_i][i]], orders[_i][i]);
    for (int i = 0; i < 3; i++) {
        ck_assert_ptr_eq(ah_timers_first(&timers), &all[i]);
        ah_timers_cancel(&timers, &all[i]);
    }
    ck_assert_ptr_null(ah_timers_first(&timers));
}
END_TEST

START_TEST(setting_again_moves)
{
    ah_timers_set(&timers, &all[0], 1);
    ah_timers_set(&timers, &all[1], 2);
    ah_timers_set(&timers, &all[0], 3);
    ck_assert_ptr_eq(ah_timers_first(&timers), &all[1]);
    ah_timers_set(&timers, &all[0], 1);
    ck_assert_ptr_eq(ah_timers_first(&timers), &all[0]);
    ah_timers_cancel(&timers, &all[0]);
    ah_timers_cancel(&timers, &all[1]);
    ck_assert_ptr_null(ah_timers_first(&timers));
}
END_TEST

START_TEST(cancelling_twice_or_before_it_was_set_does_nothing)
{
    ah_timers_set(&timers, &all[1], 1);
    ah_timers_cancel(&timers, &all[0]);
    ck_assert_ptr_eq(ah_timers_first(&timers), &all[1]);
    ah_timers_set(&timers, &all[0], 0);
    ah_timers_cancel(&timers, &all[0]);
    ah_timers_cancel(&timers, &all[0]);
    ck_assert_ptr_eq(ah_timers_first(&timers), &all[1]);
    ah_timers_set(&timers, &all[0], 0);
    ck_assert_ptr_eq(ah_timers_first(&timers), &all[0]);
}
END_TEST

START_TEST(never_comes_last)
{
    ah_timers_set(&timers, &all[0], AH_NEVER);
    ah_timers_set(&timers, &all[1], 1e9);
    ck_assert_ptr_eq(ah_timers_first(&timers), &all[1]);
}
END_TEST

/* Few distinct times, so that many are due at once. */
static const uint32_t ranges[] = {1, 2, 10, 100, 1000000};

START_TEST(comes_out_sorted)
{
    forget_all();
    for (int i = 0; i < MANY; i++)
        set(i, below(ranges[_i]));
    ck_drains_in_order();
}
END_TEST

START_TEST(comes_out_sorted_after_sorted_input)
{
    forget_all();
    for (int i = 0; i < MANY; i++)
        set(i, _i ? MANY - i : i);
    ck_drains_in_order();
}
END_TEST

START_TEST(stays_in_order_while_timers_are_set_moved_and_cancelled)
{
    forget_all();
    for (int step = 0; step < 2000; step++) {
        int i = (int)below(MANY);
        if (below(3) == 0)
            cancel(i);
        else
            set(i, below(ranges[_i]));
        ck_first();
    }
    ck_drains_in_order();
}
END_TEST

START_TEST(reserving_more_keeps_what_is_set)
{
    ah_timers growing = {0};
    for (int i = 0; i < MANY; i++) {
        ck_assert(ah_timers_reserve(&growing, (size_t)i + 1));
        ah_timers_set(&growing, &all[i], MANY - i);
    }
    for (int i = MANY - 1; i >= 0; i--) {
        ck_assert_ptr_eq(ah_timers_first(&growing), &all[i]);
        ah_timers_cancel(&growing, &all[i]);
    }
    ah_timers_free(&growing);
}
END_TEST

/* ---- The clock ----------------------------------------------------------------------------- */

START_TEST(the_clock_never_goes_back)
{
    ah_time before = ah_clock_now();
    for (int i = 0; i < 1000; i++) {
        ah_time now = ah_clock_now();
        ck_assert_double_ge(now, before);
        before = now;
    }
}
END_TEST

START_TEST(a_time_is_so_many_seconds_ahead)
{
    ah_time before = ah_clock_now();
    ah_time time = ah_clock_in(100);
    ah_time after = ah_clock_now();
    ck_assert_double_ge(time, before + 100);
    ck_assert_double_le(time, after + 100);
}
END_TEST

static const double unlimited[] = {-1, -1e-9, -1e300, 1e10, 1e300};

START_TEST(negative_and_endless_times_are_never)
{
    ck_assert_double_eq(ah_clock_in(unlimited[_i]), AH_NEVER);
}
END_TEST

static const struct point {
    ah_time time;
    long seconds;
    long nanoseconds;
} points[] = {{0, 0, 0}, {1, 1, 0}, {1.5, 1, 500000000}, {0.25, 0, 250000000}, {2000000000.75, 2000000000, 750000000}};

START_TEST(points_in_time_have_seconds_and_nanoseconds)
{
    struct timespec time = ah_clock_timespec(points[_i].time);
    ck_assert_int_eq(time.tv_sec, points[_i].seconds);
    ck_assert_int_eq(time.tv_nsec, points[_i].nanoseconds);
}
END_TEST

static const struct poll {
    double seconds;
    int most;
    int milliseconds;
} polls[] = {
    {0, 1000, 0},    {-5, 1000, 0},   {0.001, 1000, 1},    {0.0001, 1000, 1}, {0.0101, 1000, 11}, {0.999, 1000, 999},
    {1, 1000, 1000}, {2, 1000, 1000}, {1e300, 1000, 1000}, {-1e300, 1000, 0}, {5, 1 << 30, 5000},
};

START_TEST(seconds_are_rounded_up_to_milliseconds)
{
    ck_assert_int_eq(ah_clock_milliseconds(polls[_i].seconds, polls[_i].most), polls[_i].milliseconds);
}
END_TEST

Suite *timers_suite(void)
{
    Suite *suite = suite_create("timers");
    TCase *heap = tcase_create("heap");
    tcase_add_checked_fixture(heap, setup, teardown);
    tcase_set_timeout(heap, 60);
    tcase_add_test(heap, none_is_first_of_none);
    tcase_add_test(heap, the_first_stays_set);
    tcase_add_loop_test(heap, the_soonest_is_first_in_any_order_of_setting, 0, 6);
    tcase_add_test(heap, setting_again_moves);
    tcase_add_test(heap, cancelling_twice_or_before_it_was_set_does_nothing);
    tcase_add_test(heap, never_comes_last);
    tcase_add_loop_test(heap, comes_out_sorted, 0, sizeof(ranges) / sizeof(ranges[0]));
    tcase_add_loop_test(heap, comes_out_sorted_after_sorted_input, 0, 2);
    tcase_add_loop_test(heap, stays_in_order_while_timers_are_set_moved_and_cancelled, 0,
                        sizeof(ranges) / sizeof(ranges[0]));
    tcase_add_test(heap, reserving_more_keeps_what_is_set);
    suite_add_tcase(suite, heap);
    TCase *clock = tcase_create("clock");
    tcase_add_test(clock, the_clock_never_goes_back);
    tcase_add_test(clock, a_time_is_so_many_seconds_ahead);
    tcase_add_loop_test(clock, negative_and_endless_times_are_never, 0, sizeof(unlimited) / sizeof(unlimited[0]));
    tcase_add_loop_test(clock, points_in_time_have_seconds_and_nanoseconds, 0, sizeof(points) / sizeof(points[0]));
    tcase_add_loop_test(clock, seconds_are_rounded_up_to_milliseconds, 0, sizeof(polls) / sizeof(polls[0]));
    suite_add_tcase(suite, clock);
    return suite;
}
