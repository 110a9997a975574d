/*
 * Tests of lib/base/parker.h. Nothing here depends on how long anything takes.
 */
#include "suites.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

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
    int rounds;
};

static void *answer(void *data)
{
    struct game *game = data;
    for (int i = 0; i < game->rounds; i++) {
        ck_assert(ah_parker_sleep(&game->sides[1], AH_NEVER));
        game->moves++;
        ah_parker_wake(&game->sides[0]);
    }
    return NULL;
}

static void *ask(void *data)
{
    struct game *game = data;
    for (int i = 0; i < game->rounds; i++) {
        game->moves++;
        ah_parker_wake(&game->sides[1]);
        ck_assert(ah_parker_sleep(&game->sides[0], AH_NEVER));
    }
    return NULL;
}

START_TEST(no_wake_up_is_lost)
{
    struct game game = {.moves = 0, .rounds = TURNS};
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

/* So many that some sleep at the same bell, mostly. */
enum { SLEEPERS = 100 };

struct sleeper {
    ah_parker parker;
    pthread_t thread;
};

static atomic_int risen;

static void *sleep_once(void *data)
{
    struct sleeper *sleeper = data;
    ck_assert(ah_parker_sleep(&sleeper->parker, AH_NEVER));
    atomic_fetch_add(&risen, 1);
    return NULL;
}

START_TEST(only_who_is_woken_rises)
{
    static struct sleeper sleepers[SLEEPERS];
    atomic_store(&risen, 0);
    for (int i = 0; i < SLEEPERS; i++) {
        ah_parker_init(&sleepers[i].parker);
        ck_assert_int_eq(pthread_create(&sleepers[i].thread, NULL, sleep_once, &sleepers[i]), 0);
    }
    for (int i = 0; i < SLEEPERS; i++) {
        ah_parker_wake(&sleepers[i].parker);
        ck_assert_int_eq(pthread_join(sleepers[i].thread, NULL), 0);
        ck_assert_int_eq(atomic_load(&risen), i + 1);
        ah_parker_destroy(&sleepers[i].parker);
    }
}
END_TEST

/* The same with all of them at once, over and over: each bell is heard by some whom it does not concern. */
START_TEST(no_wake_up_is_lost_among_many)
{
    enum { GAMES = 50, MOVES = 200 };
    static struct game games[GAMES];
    pthread_t threads[2 * GAMES];
    for (int i = 0; i < GAMES; i++) {
        games[i] = (struct game){.moves = 0, .rounds = MOVES};
        ah_parker_init(&games[i].sides[0]);
        ah_parker_init(&games[i].sides[1]);
        ck_assert_int_eq(pthread_create(&threads[2 * i], NULL, answer, &games[i]), 0);
        ck_assert_int_eq(pthread_create(&threads[2 * i + 1], NULL, ask, &games[i]), 0);
    }
    for (int i = 0; i < 2 * GAMES; i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    for (int i = 0; i < GAMES; i++)
        ck_assert_uint_eq(games[i].moves, 2 * MOVES);
}
END_TEST

static void *sleep_and_free(void *data)
{
    ah_parker *parker = data;
    ck_assert(ah_parker_sleep(parker, AH_NEVER));
    ah_parker_destroy(parker);
    free(parker);
    return NULL;
}

/* Whoever watches memory would see it used after that. */
START_TEST(who_is_woken_may_destroy_it_at_once)
{
    for (int i = 0; i < 500; i++) {
        pthread_t thread;
        ah_parker *parker = malloc(sizeof(*parker));
        ck_assert_ptr_nonnull(parker);
        ah_parker_init(parker);
        ck_assert_int_eq(pthread_create(&thread, NULL, sleep_and_free, parker), 0);
        if (i % 2)
            sched_yield();
        ah_parker_wake(parker);
        ck_assert_int_eq(pthread_join(thread, NULL), 0);
    }
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
    tcase_add_test(sleep, no_wake_up_is_lost_among_many);
    tcase_add_test(sleep, only_who_is_woken_rises);
    tcase_add_test(sleep, who_is_woken_may_destroy_it_at_once);
    suite_add_tcase(suite, sleep);
    return suite;
}
