/*
 * Tests of lib/base/paging.h, with times of their own: whether memory is to come on large pages or on small ones.
 */
#include "base/paging.h"

#include "suites.h"

/* Seconds. */
static const double quick = 0.00045;
static const double middling = 0.00055;
static const double slow = 0.004;
static const double slower = 0.005;

static ah_paging paging;

static void set_up(void)
{
    paging = (ah_paging){0};
}

/* Has memory come, on what is wanted, so many times. Returns how many large pages there were. */
static unsigned come(unsigned times, double large, double small)
{
    unsigned count = 0;
    for (unsigned i = 0; i < times; i++) {
        bool chosen = ah_paging_wants_large(&paging);
        count += chosen;
        ah_paging_learn(&paging, chosen, chosen ? large : small);
    }
    return count;
}

/* So many others come one after another before it is wanted. */
static unsigned until(bool wanted, double large, double small)
{
    for (unsigned count = 0; count < 1000; count++) {
        if ((come(1, large, small) == 1) == wanted)
            return count;
    }
    return 1000;
}

START_TEST(both_are_tried_large_ones_first)
{
    ck_assert(ah_paging_wants_large(&paging));
    ah_paging_learn(&paging, true, middling);
    ck_assert(!ah_paging_wants_large(&paging));
}
END_TEST

START_TEST(large_ones_that_come_quickly_are_not_compared)
{
    ck_assert_uint_eq(come(1000, quick, quick / 100), 1000);
    set_up();
    ck_assert_uint_lt(come(1000, middling, quick / 100), 100);
}
END_TEST

START_TEST(what_comes_sooner_is_preferred)
{
    ck_assert_uint_eq(come(60, slow, slower), 59);
    set_up();
    ck_assert_uint_eq(come(60, slower, slow), 1);
}
END_TEST

START_TEST(large_ones_are_preferred_if_they_take_as_long)
{
    ck_assert_uint_eq(come(60, slow, slow), 59);
}
END_TEST

START_TEST(the_other_is_tried_once_in_a_while)
{
    come(2, slower, slow);
    ck_assert_uint_eq(until(true, slower, slow), 63);
    ck_assert_uint_eq(until(true, slower, slow), 63);
    set_up();
    come(2, slow, slower);
    ck_assert_uint_eq(until(false, slow, slower), 63);
    ck_assert_uint_eq(until(false, slow, slower), 63);
}
END_TEST

/* So is a first time of small ones that was not theirs. */
START_TEST(what_comes_sooner_than_before_is_preferred_from_then_on)
{
    come(2, slower, slow);
    until(true, quick, slow);
    ck_assert_uint_eq(come(1000, quick, slow), 1000);
    set_up();
    come(2, slow, slower);
    until(false, slow, middling);
    ck_assert_uint_eq(come(60, slow, middling), 0);
}
END_TEST

/* The thread has had no processor for a while, or has been stopped for a day. */
START_TEST(one_that_took_long_is_no_reason)
{
    come(2, slow, slower);
    ah_paging_learn(&paging, true, slower + 0.002);
    ck_assert(ah_paging_wants_large(&paging));
    set_up();
    come(2, slow, slow / 100);
    ah_paging_learn(&paging, false, 2 * slow);
    ck_assert(!ah_paging_wants_large(&paging));
}
END_TEST

START_TEST(a_few_that_took_longer_are)
{
    come(2, slow, slower);
    ck_assert_uint_eq(until(false, slower + 0.002, slower), 2);
    come(2, slow, slower);
    ah_paging_learn(&paging, true, 86400);
    ck_assert_uint_le(until(true, slow, slower), 63);
    ck_assert_uint_eq(come(60, slow, slower), 60);
}
END_TEST

START_TEST(any_time_will_do)
{
    ah_paging_learn(&paging, true, 1e300);
    ck_assert(!ah_paging_wants_large(&paging));
    ah_paging_learn(&paging, false, 0);
    ck_assert(!ah_paging_wants_large(&paging));
    ah_paging_learn(&paging, false, 1);
    ck_assert(!ah_paging_wants_large(&paging));
    ah_paging_learn(&paging, true, -1);
    ck_assert(ah_paging_wants_large(&paging));
    /* Neither has to do with pages. */
    set_up();
    ah_paging_learn(&paging, true, 86400);
    ah_paging_learn(&paging, false, 10);
    ck_assert(ah_paging_wants_large(&paging));
}
END_TEST

Suite *paging_suite(void)
{
    Suite *suite = suite_create("paging");
    TCase *tcase = tcase_create("paging");
    tcase_add_checked_fixture(tcase, set_up, NULL);
    tcase_add_test(tcase, both_are_tried_large_ones_first);
    tcase_add_test(tcase, large_ones_that_come_quickly_are_not_compared);
    tcase_add_test(tcase, what_comes_sooner_is_preferred);
    tcase_add_test(tcase, large_ones_are_preferred_if_they_take_as_long);
    tcase_add_test(tcase, the_other_is_tried_once_in_a_while);
    tcase_add_test(tcase, what_comes_sooner_than_before_is_preferred_from_then_on);
    tcase_add_test(tcase, one_that_took_long_is_no_reason);
    tcase_add_test(tcase, a_few_that_took_longer_are);
    tcase_add_test(tcase, any_time_will_do);
    suite_add_tcase(suite, tcase);
    return suite;
}
