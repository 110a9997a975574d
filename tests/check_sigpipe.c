/*
 * Tests of lib/base/sigpipe.h: the signal that a thread brings upon itself is not seen by the program, one that was there
 * before is.
 */
#include "base/sigpipe.h"

#include <signal.h>
#include <unistd.h>

#include "suites.h"

static volatile sig_atomic_t came;

static void note(int signal)
{
    came = signal;
}

static struct sigaction before;

static void set_up(void)
{
    const struct sigaction noting = {.sa_handler = note};
    came = 0;
    ck_assert_int_eq(sigaction(SIGPIPE, &noting, &before), 0);
}

static void tear_down(void)
{
    sigaction(SIGPIPE, &before, NULL);
}

/* Nobody reads what is written there. */
static void break_pipe(void)
{
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    close(ends[0]);
    ck_assert_int_eq(write(ends[1], "", 1), -1);
    close(ends[1]);
}

START_TEST(test_what_comes_meanwhile_is_forgotten)
{
    ah_sigpipe_guard guard = {0};
    ah_sigpipe_block(&guard);
    ah_sigpipe_block(&guard);
    break_pipe();
    ah_sigpipe_unblock(&guard);
    ck_assert_int_eq(came, 0);
    break_pipe();
    ck_assert_int_eq(came, SIGPIPE);
}
END_TEST

START_TEST(test_what_came_before_is_not)
{
    sigset_t pipe;
    sigset_t mask;
    ah_sigpipe_guard guard = {0};
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    ck_assert_int_eq(pthread_sigmask(SIG_BLOCK, &pipe, &mask), 0);
    break_pipe();
    ah_sigpipe_block(&guard);
    break_pipe();
    ah_sigpipe_unblock(&guard);
    ck_assert_int_eq(came, 0);
    ck_assert_int_eq(pthread_sigmask(SIG_SETMASK, &mask, NULL), 0);
    ck_assert_int_eq(came, SIGPIPE);
}
END_TEST

START_TEST(test_without_anything_to_unblock)
{
    ah_sigpipe_guard guard = {0};
    ah_sigpipe_unblock(&guard);
    break_pipe();
    ck_assert_int_eq(came, SIGPIPE);
}
END_TEST

Suite *sigpipe_suite(void)
{
    Suite *suite = suite_create("sigpipe");
    TCase *tcase = tcase_create("sigpipe");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, test_what_comes_meanwhile_is_forgotten);
    tcase_add_test(tcase, test_what_came_before_is_not);
    tcase_add_test(tcase, test_without_anything_to_unblock);
    suite_add_tcase(suite, tcase);
    return suite;
}
