/*
 * Tests of lib/base/poller.h. Where there is no poller, nothing is tested.
 */
#include "suites.h"

#include <unistd.h>

#include "base/poller.h"

enum { OWNER = 7, MOST = 4 };

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
    ck_assert_int_eq(ah_poller_look(&poller, events, MOST), 1);
    ck_assert_int_eq(events[0].socket, socket);
    ck_assert_uint_eq(events[0].owner, OWNER);
    ck_assert_uint_eq(events[0].ready & ready, ready);
}

static void expect_none(void)
{
    ck_assert_int_eq(ah_poller_look(&poller, events, MOST), 0);
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

Suite *poller_suite(void)
{
    Suite *suite = suite_create("poller");
    TCase *tcase = tcase_create("poller");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, a_socket_is_told_until_it_is_not_ready);
    tcase_add_test(tcase, what_a_socket_is_watched_for_changes);
    tcase_add_test(tcase, one_that_is_closed_at_the_other_end_is_ready);
    suite_add_tcase(suite, tcase);
    return suite;
}
