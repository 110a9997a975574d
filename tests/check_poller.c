/*
 * Tests of lib/base/poller.h. Where there is no poller, nothing is tested.
 */
#include "suites.h"

#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include "base/poller.h"

enum { OWNER = 7, MOST = 4, MANY = 200 };

static bool available;
static ah_poller poller;
static ah_poller_event events[MOST];
static int ends[2];

static void set_up(void)
{
    available = ah_poller_open(&poller);
    ck_assert_int_eq(pipe(ends), 0);
#if defined(__linux__)
    ck_assert(available);
#endif
}

static void tear_down(void)
{
    close(ends[0]);
    close(ends[1]);
    if (available)
        ah_poller_close(&poller);
}

static void watch(int socket, unsigned what)
{
    ck_assert(ah_poller_watch(&poller, socket, OWNER, what));
}

static void expect_one(int socket, unsigned ready)
{
    ck_assert_int_eq(ah_poller_wait(&poller, events, MOST, 0), 1);
    ck_assert_int_eq(events[0].socket, socket);
    ck_assert_uint_eq(events[0].owner, OWNER);
    ck_assert_uint_eq(events[0].ready & ready, ready);
}

static void expect_none(void)
{
    ck_assert_int_eq(ah_poller_wait(&poller, events, MOST, 0), 0);
}

START_TEST(a_socket_is_told_until_it_is_not_ready)
{
    char byte;
    if (!available)
        return;
    watch(ends[0], AH_POLLER_READABLE);
    expect_none();
    ck_assert_int_eq(write(ends[1], "x", 1), 1);
    expect_one(ends[0], AH_POLLER_READABLE);
    expect_one(ends[0], AH_POLLER_READABLE);
    ck_assert_int_eq(read(ends[0], &byte, 1), 1);
    expect_none();
}
END_TEST

START_TEST(what_a_socket_is_watched_for_changes)
{
    if (!available)
        return;
    watch(ends[1], AH_POLLER_READABLE);
    expect_none();
    watch(ends[1], AH_POLLER_READABLE | AH_POLLER_WRITABLE);
    expect_one(ends[1], AH_POLLER_WRITABLE);
    watch(ends[1], 0);
    expect_none();
    watch(ends[1], 0);
    watch(ends[1], AH_POLLER_WRITABLE);
    expect_one(ends[1], AH_POLLER_WRITABLE);
}
END_TEST

START_TEST(one_that_is_closed_at_the_other_end_is_ready)
{
    if (!available)
        return;
    watch(ends[0], AH_POLLER_READABLE);
    close(ends[1]);
    expect_one(ends[0], AH_POLLER_READABLE);
    ends[1] = dup(ends[0]);
}
END_TEST

/* Whether waiting would end at once. */
static bool is_restless(void)
{
    struct pollfd set = {.fd = poller.set, .events = POLLIN};
    return poll(&set, 1, 0) > 0;
}

/* Another pipe in the place of the one that was there. */
static void renew(void)
{
    int before = ends[0];
    close(ends[0]);
    close(ends[1]);
    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(ends[0], before);
}

START_TEST(one_that_nobody_asks_about_is_not_told)
{
    if (!available)
        return;
    ah_poller_adopt(&poller, ends[0]);
    watch(ends[0], AH_POLLER_READABLE);
    watch(ends[0], 0);
    ck_assert_int_eq(write(ends[1], "x", 1), 1);
    expect_none();
    ck_assert(!is_restless());
    watch(ends[0], AH_POLLER_READABLE);
    expect_one(ends[0], AH_POLLER_READABLE);
}
END_TEST

START_TEST(only_what_is_asked_is_told)
{
    if (!available)
        return;
    ah_poller_adopt(&poller, ends[1]);
    watch(ends[1], AH_POLLER_READABLE | AH_POLLER_WRITABLE);
    watch(ends[1], AH_POLLER_READABLE);
    expect_none();
    ck_assert(!is_restless());
    watch(ends[1], AH_POLLER_WRITABLE);
    expect_one(ends[1], AH_POLLER_WRITABLE);
}
END_TEST

/* However it goes: a new socket gets the number of one that is gone, and is told. */
START_TEST(a_number_may_come_again)
{
    enum { FORGOTTEN, SILENT, NOT_ADOPTED };
    if (!available)
        return;
    if (_i != NOT_ADOPTED)
        ah_poller_adopt(&poller, ends[0]);
    watch(ends[0], AH_POLLER_READABLE);
    if (_i != SILENT)
        watch(ends[0], 0);
    if (_i == FORGOTTEN)
        ah_poller_forget(&poller, ends[0]);
    renew();
    if (_i != NOT_ADOPTED)
        ah_poller_adopt(&poller, ends[0]);
    watch(ends[0], AH_POLLER_READABLE);
    ck_assert_int_eq(write(ends[1], "x", 1), 1);
    expect_one(ends[0], AH_POLLER_READABLE);
}
END_TEST

/* One that never got connected may be closed without a word, and its number be that of others that are. */
START_TEST(a_number_may_be_that_of_something_else)
{
    if (!available)
        return;
    ah_poller_adopt(&poller, ends[0]);
    watch(ends[0], AH_POLLER_WRITABLE);
    watch(ends[0], 0);
    for (int i = 0; i < 2; i++) {
        renew();
        watch(ends[0], AH_POLLER_READABLE);
        ck_assert_int_eq(write(ends[1], "x", 1), 1);
        expect_one(ends[0], AH_POLLER_READABLE);
        watch(ends[0], 0);
    }
}
END_TEST

/* But if it is still there, it is told as any other, and only what is asked. */
START_TEST(one_that_has_only_been_written_to_goes_on)
{
    if (!available)
        return;
    ah_poller_adopt(&poller, ends[1]);
    watch(ends[1], AH_POLLER_WRITABLE);
    watch(ends[1], 0);
    expect_none();
    ck_assert(!is_restless());
    watch(ends[1], AH_POLLER_WRITABLE);
    expect_one(ends[1], AH_POLLER_WRITABLE);
    watch(ends[1], 0);
    watch(ends[1], AH_POLLER_WRITABLE);
    expect_one(ends[1], AH_POLLER_WRITABLE);
}
END_TEST

/* libcurl does not say again what it has said of a number, when the socket is another. */
START_TEST(what_is_asked_holds_for_the_next_of_that_number)
{
    if (!available)
        return;
    ah_poller_adopt(&poller, ends[0]);
    watch(ends[0], AH_POLLER_READABLE);
    renew();
    ah_poller_adopt(&poller, ends[0]);
    ck_assert_int_eq(write(ends[1], "x", 1), 1);
    expect_one(ends[0], AH_POLLER_READABLE);
}
END_TEST

/* As for want of memory. */
START_TEST(what_could_not_be_watched_is_watched_later)
{
    if (!available)
        return;
    ah_poller_adopt(&poller, ends[0]);
    watch(ends[0], AH_POLLER_READABLE);
    close(ends[0]);
    ah_poller_adopt(&poller, ends[0]);
    ends[0] = dup2(ends[1], ends[0]);
    renew();
    ck_assert_int_eq(write(ends[1], "x", 1), 1);
    expect_one(ends[0], AH_POLLER_READABLE);
}
END_TEST

START_TEST(only_its_owner_loses_interest)
{
    if (!available)
        return;
    watch(ends[0], AH_POLLER_READABLE);
    ck_assert(ah_poller_watch(&poller, ends[0], OWNER + 1, 0));
    ck_assert_int_eq(write(ends[1], "x", 1), 1);
    expect_one(ends[0], AH_POLLER_READABLE);
}
END_TEST

/* What a child of fork() keeps open when a socket was closed without a word. */
START_TEST(a_copy_of_what_is_gone_is_got_rid_of)
{
    if (!available)
        return;
    int copy = dup(ends[0]);
    ah_poller_adopt(&poller, ends[0]);
    watch(ends[0], AH_POLLER_READABLE);
    close(ends[0]);
    watch(ends[0], 0);
    watch(ends[1], AH_POLLER_READABLE);
    ck_assert_int_eq(write(ends[1], "x", 1), 1);
    expect_none();
    expect_none();
    ck_assert(!is_restless());
    watch(ends[1], AH_POLLER_WRITABLE);
    expect_one(ends[1], AH_POLLER_WRITABLE);
    ends[0] = copy;
}
END_TEST

/* A copy, as a child of fork() has it, keeps the pipe open. */
START_TEST(one_that_is_forgotten_is_not_told_by_a_copy)
{
    if (!available)
        return;
    int copy = dup(ends[0]);
    ah_poller_adopt(&poller, ends[0]);
    watch(ends[0], AH_POLLER_READABLE);
    ah_poller_forget(&poller, ends[0]);
    close(ends[0]);
    ck_assert_int_eq(write(ends[1], "x", 1), 1);
    expect_none();
    ck_assert(!is_restless());
    ends[0] = copy;
}
END_TEST

START_TEST(there_can_be_many)
{
    int copies[MANY];
    if (!available)
        return;
    ck_assert_int_eq(write(ends[1], "x", 1), 1);
    for (int i = 0; i < MANY; i++) {
        copies[i] = dup(ends[0]);
        ah_poller_adopt(&poller, copies[i]);
        watch(copies[i], AH_POLLER_READABLE);
        expect_one(copies[i], AH_POLLER_READABLE);
        watch(copies[i], 0);
    }
    for (int i = 0; i < MANY; i++) {
        ah_poller_forget(&poller, copies[i]);
        close(copies[i]);
    }
}
END_TEST

START_TEST(a_wake_up_ends_the_next_wait_once)
{
    if (!available)
        return;
    ah_poller_wake(&poller);
    ah_poller_wake(&poller);
    ck_assert(is_restless());
    ck_assert_int_eq(ah_poller_wait(&poller, events, MOST, -1), 0);
    ck_assert(!is_restless());
    ah_poller_wake(&poller);
    ck_assert_int_eq(ah_poller_wait(&poller, events, MOST, -1), 0);
}
END_TEST

static void *wake(void *argument)
{
    ah_poller_wake(argument);
    return NULL;
}

START_TEST(another_thread_ends_a_wait)
{
    pthread_t thread;
    if (!available)
        return;
    ck_assert_int_eq(pthread_create(&thread, NULL, wake, &poller), 0);
    ck_assert_int_eq(ah_poller_wait(&poller, events, MOST, -1), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
}
END_TEST

Suite *poller_suite(void)
{
    Suite *suite = suite_create("poller");
    TCase *tcase = tcase_create("poller");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, a_socket_is_told_until_it_is_not_ready);
    tcase_add_test(tcase, what_a_socket_is_watched_for_changes);
    tcase_add_test(tcase, one_that_is_closed_at_the_other_end_is_ready);
    tcase_add_test(tcase, one_that_nobody_asks_about_is_not_told);
    tcase_add_test(tcase, only_what_is_asked_is_told);
    tcase_add_loop_test(tcase, a_number_may_come_again, 0, 3);
    tcase_add_test(tcase, a_number_may_be_that_of_something_else);
    tcase_add_test(tcase, one_that_has_only_been_written_to_goes_on);
    tcase_add_test(tcase, what_is_asked_holds_for_the_next_of_that_number);
    tcase_add_test(tcase, what_could_not_be_watched_is_watched_later);
    tcase_add_test(tcase, only_its_owner_loses_interest);
    tcase_add_test(tcase, a_copy_of_what_is_gone_is_got_rid_of);
    tcase_add_test(tcase, one_that_is_forgotten_is_not_told_by_a_copy);
    tcase_add_test(tcase, there_can_be_many);
    tcase_add_test(tcase, a_wake_up_ends_the_next_wait_once);
    tcase_add_test(tcase, another_thread_ends_a_wait);
    suite_add_tcase(suite, tcase);
    return suite;
}
