/*
 * Tests of lib/base/parker.h. Nothing here depends on how long anything takes.
 */
#include "suites.h"

#include <pthread.h>
#include <sched.h>

#include "base/parker.h"

enum { TURNS = 20000 };

START_TEST(a_wake_up_that_comes_first_is_kept)
{
    ah_parker parker;
    ah_parker_init(&parker);
    ah_parker_wake(&parker);
    ck_assert(ah_parker_sleep(&parker, AH_NEVER));
    ah_parker_wake(&parker);
    ck_assert(ah_parker_sleep(&parker, ah_clock_now() - 1));
    ah_parker_destroy(&parker);
}
END_TEST

START_TEST(several_wake_ups_are_one)
{
    ah_parker parker;
    ah_parker_init(&parker);
    for (int i = 0; i < 3; i++)
        ah_parker_wake(&parker);
    ck_assert(ah_parker_sleep(&parker, AH_NEVER));
    ck_assert(!ah_parker_sleep(&parker, ah_clock_now()));
    ah_parker_destroy(&parker);
}
END_TEST

START_TEST(a_deadline_ends_the_sleep_but_not_early)
{
    ah_parker parker;
    ah_parker_init(&parker);
    ah_time deadline = ah_clock_now() + 0.02;
    ck_assert(!ah_parker_sleep(&parker, deadline));
    ck_assert(ah_clock_now() >= deadline);
    ah_parker_wake(&parker);
    ck_assert(ah_parker_sleep(&parker, ah_clock_now() + 1000));
    ah_parker_destroy(&parker);
}
END_TEST

/* Two threads that take turns; each writes what the other reads, without a lock. */
struct game {
    ah_parker sides[2];
    unsigned long moves;
};

static void *answer(void *data)
{
    struct game *game = data;
    for (int i = 0; i < TURNS; i++) {
        ck_assert(ah_parker_sleep(&game->sides[1], AH_NEVER));
        game->moves++;
        ah_parker_wake(&game->sides[0]);
    }
    return NULL;
}

START_TEST(no_wake_up_is_lost)
{
    struct game game = {.moves = 0};
    pthread_t thread;
    ah_parker_init(&game.sides[0]);
    ah_parker_init(&game.sides[1]);
    ck_assert_int_eq(pthread_create(&thread, NULL, answer, &game), 0);
    for (int i = 0; i < TURNS; i++) {
        game.moves++;
        /* Now before the other sleeps, now after. */
        if (i % 3 == 0)
            sched_yield();
        ah_parker_wake(&game.sides[1]);
        ck_assert(ah_parker_sleep(&game.sides[0], i % 2 ? AH_NEVER : ah_clock_now() + 1000));
    }
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_uint_eq(game.moves, 2 * TURNS);
    ah_parker_destroy(&game.sides[0]);
    ah_parker_destroy(&game.sides[1]);
}
END_TEST

Suite *parker_suite(void)
{
    Suite *suite = suite_create("parker");
    TCase *sleep = tcase_create("sleep");
    tcase_add_test(sleep, a_wake_up_that_comes_first_is_kept);
    tcase_add_test(sleep, several_wake_ups_are_one);
    tcase_add_test(sleep, a_deadline_ends_the_sleep_but_not_early);
    tcase_add_test(sleep, no_wake_up_is_lost);
    suite_add_tcase(suite, sleep);
    return suite;
}
