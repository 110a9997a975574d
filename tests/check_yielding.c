/*
 * Tests of lib/base/yielding.h.
 */
#include "suites.h"

#include "base/yielding.h"

/* How many of so many waits yield, all of them in vain. */
static int tries(ah_yielding *yielding, int waits)
{
    int tried = 0;
    for (int i = 0; i < waits; i++) {
        if (!ah_yield(yielding))
            continue;
        tried++;
        ah_yield_judge(yielding, false);
    }
    return tried;
}

START_TEST(who_has_not_tried_yields)
{
    ah_yielding yielding = {0};
    ck_assert(ah_yield(&yielding));
}
END_TEST

START_TEST(in_vain_it_is_tried_less_and_less_often)
{
    ah_yielding yielding = {0};
    int first = tries(&yielding, 20);
    ck_assert_int_ge(first, 1);
    ck_assert_int_le(first, 5);
    ck_assert_int_le(tries(&yielding, 10000), 50);
    ck_assert_int_le(tries(&yielding, 100000), 400);
}
END_TEST

START_TEST(in_vain_it_is_tried_again_all_the_same)
{
    ah_yielding yielding = {0};
    tries(&yielding, 100000);
    ck_assert_int_ge(tries(&yielding, 256), 1);
}
END_TEST

Suite *yielding_suite(void)
{
    Suite *suite = suite_create("yielding");
    TCase *tcase = tcase_create("yielding");
    tcase_add_test(tcase, who_has_not_tried_yields);
    tcase_add_test(tcase, in_vain_it_is_tried_less_and_less_often);
    tcase_add_test(tcase, in_vain_it_is_tried_again_all_the_same);
    suite_add_tcase(suite, tcase);
    return suite;
}
