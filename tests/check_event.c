/*
 * Tests of lib/base/event.h. A thread counts as waiting once it has linked itself to the event: nothing here fails for
 * how long anything takes.
 */
#include "suites.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "base/event.h"
#include "small.h"

enum { MOST = 6, CROWD = 40 };

/* Some events, and one watch of each. */
struct group {
    ah_event events[MOST];
    ah_event_watch watches[MOST];
    size_t count;
};

static void begin(struct group *group, size_t count)
{
    group->count = count;
    for (size_t i = 0; i < count; i++) {
        ah_event_init(&group->events[i]);
        group->watches[i] = (ah_event_watch){.event = &group->events[i]};
    }
}

static void end(struct group *group)
{
    for (size_t i = 0; i < group->count; i++)
        ah_event_destroy(&group->events[i]);
}

/* Whether so many have happened by now. */
static bool reached(struct group *group, size_t enough)
{
    return ah_events_wait(group->watches, group->count, enough, ah_clock_now());
}

static size_t watches_of(ah_event *event)
{
    size_t count = 0;
    pthread_mutex_lock(&event->lock);
    for (const ah_event_watch *watch = event->watches; watch; watch = watch->next)
        count++;
    pthread_mutex_unlock(&event->lock);
    return count;
}

static void await_watches(ah_event *event, size_t count)
{
    while (watches_of(event) < count)
        sched_yield();
}

static void *await_a_watch(void *event)
{
    await_watches(event, 1);
    return NULL;
}

static pthread_t started(void *(*function)(void *), void *argument)
{
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, function, argument), 0);
    return thread;
}

/* A thread that waits for some of the events of its own. */
struct waiter {
    ah_event_watch watches[MOST];
    size_t count;
    size_t enough;
    ah_time deadline;
    bool result;
    atomic_bool returned;
    pthread_t thread;
};

static void *wait_for_it(void *argument)
{
    struct waiter *waiter = argument;
    waiter->result = ah_events_wait(waiter->watches, waiter->count, waiter->enough, waiter->deadline);
    atomic_store(&waiter->returned, true);
    return NULL;
}

static void begin_waiting(struct waiter *waiter, struct group *group, size_t enough, ah_time deadline)
{
    waiter->count = group->count;
    waiter->enough = enough;
    waiter->deadline = deadline;
    atomic_init(&waiter->returned, false);
    for (size_t i = 0; i < group->count; i++)
        waiter->watches[i] = (ah_event_watch){.event = &group->events[i]};
    waiter->thread = started(wait_for_it, waiter);
}

static void *set(void *argument)
{
    ah_event_set(argument);
    return NULL;
}

static bool end_waiting(struct waiter *waiter)
{
    ck_assert_int_eq(pthread_join(waiter->thread, NULL), 0);
    return waiter->result;
}

/* ---- One thread ---------------------------------------------------------------------------- */

START_TEST(happens_once_and_stays)
{
    ah_event event;
    ah_event_init(&event);
    ck_assert(!ah_event_happened(&event));
    ah_event_set(&event);
    ck_assert(ah_event_happened(&event));
    ah_event_set(&event);
    ck_assert(ah_event_happened(&event));
    ah_event_destroy(&event);
}
END_TEST

/* Of MOST events the first few have happened: that is enough for as many, and for no more. */
START_TEST(needs_as_many_as_are_enough)
{
    for (size_t enough = 0; enough <= MOST; enough++) {
        struct group some;
        begin(&some, MOST);
        for (int i = 0; i < _i; i++)
            ah_event_set(&some.events[i]);
        ck_assert_msg(reached(&some, enough) == ((size_t)_i >= enough), "%d happened, %zu wanted", _i, enough);
        end(&some);
    }
}
END_TEST

START_TEST(any_one_of_them_will_do)
{
    struct group some;
    begin(&some, MOST);
    ah_event_set(&some.events[_i]);
    ck_assert(ah_events_wait(some.watches, some.count, 1, AH_NEVER));
    end(&some);
}
END_TEST

START_TEST(any_one_of_them_can_be_missing)
{
    struct group some;
    begin(&some, MOST);
    for (int i = 0; i < MOST; i++) {
        if (i != _i)
            ah_event_set(&some.events[i]);
    }
    ck_assert(!reached(&some, MOST));
    ah_event_set(&some.events[_i]);
    ck_assert(reached(&some, MOST));
    end(&some);
}
END_TEST

START_TEST(waiting_for_none_of_none_returns_at_once)
{
    ck_assert(ah_events_wait(NULL, 0, 0, AH_NEVER));
}
END_TEST

START_TEST(what_happened_before_a_deadline_that_has_passed_counts)
{
    struct group one;
    begin(&one, 1);
    ah_event_set(&one.events[0]);
    ck_assert(ah_events_wait(one.watches, 1, 1, 0));
    end(&one);
}
END_TEST

START_TEST(an_event_watched_twice_counts_twice)
{
    struct group one;
    begin(&one, 1);
    ah_event_watch twice[] = {{.event = &one.events[0]}, {.event = &one.events[0]}};
    ck_assert(!ah_events_wait(twice, 2, 1, ah_clock_now()));
    ah_event_set(&one.events[0]);
    ck_assert(ah_events_wait(twice, 2, 2, AH_NEVER));
    end(&one);
}
END_TEST

/* ---- Deadlines ----------------------------------------------------------------------------- */

static const double delays[] = {0, 1e-9, 0.001, 0.02};

START_TEST(waits_until_the_deadline)
{
    struct group some;
    begin(&some, 2);
    ah_event_set(&some.events[0]);
    ah_time deadline = ah_clock_in(delays[_i]);
    ck_assert(!ah_events_wait(some.watches, 2, 2, deadline));
    /* The clock is read as a double, and the deadline is cut to nanoseconds. */
    ck_assert_double_ge(ah_clock_now(), deadline - 1e-6);
    end(&some);
}
END_TEST

/* The watches are on the stack of whoever waited. */
START_TEST(nothing_is_left_linked_after_the_deadline)
{
    struct group some;
    begin(&some, 3);
    ck_assert(!reached(&some, 1));
    for (size_t i = 0; i < some.count; i++)
        ck_assert_uint_eq(watches_of(&some.events[i]), 0);
    ah_event_set(&some.events[1]);
    ck_assert(reached(&some, 1));
    ck_assert(!reached(&some, 2));
    end(&some);
}
END_TEST

START_TEST(others_keep_waiting_when_one_gives_up)
{
    struct group some;
    begin(&some, 2);
    struct waiter first, last;
    begin_waiting(&first, &some, 1, AH_NEVER);
    await_watches(&some.events[1], 1);
    ck_assert(!reached(&some, 1));
    begin_waiting(&last, &some, 1, AH_NEVER);
    await_watches(&some.events[1], 2);
    ck_assert(!reached(&some, 1));
    ah_event_set(&some.events[1]);
    ck_assert(end_waiting(&first));
    ck_assert(end_waiting(&last));
    end(&some);
}
END_TEST

/* One who gives up is still there for whoever makes it enough before it has taken all its watches back. */
START_TEST(what_happens_while_giving_up_counts)
{
    struct group two;
    struct waiter waiter;
    begin(&two, 2);
    ah_event_lock(&two.events[1]);
    begin_waiting(&waiter, &two, 1, 0);
    await_watches(&two.events[0], 1);
    ah_event_lock(&two.events[0]);
    ah_event_unlock(&two.events[1]);
    ck_assert_int_eq(pthread_join(started(await_a_watch, &two.events[1]), NULL), 0);
    /* It waits for the lock by then, or else it has yet to see that its time is over: that counts all the more. */
    nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    ck_assert_int_eq(pthread_join(started(set, &two.events[1]), NULL), 0);
    ck_assert(!atomic_load(&waiter.returned));
    ah_event_unlock(&two.events[0]);
    ck_assert(end_waiting(&waiter));
    end(&two);
}
END_TEST

/* ---- Several threads ----------------------------------------------------------------------- */

static const ah_time far_deadlines[] = {AH_NEVER, 1e9};

START_TEST(setting_wakes_who_waits)
{
    struct group one;
    struct waiter waiter;
    begin(&one, 1);
    begin_waiting(&waiter, &one, 1, far_deadlines[_i]);
    await_watches(&one.events[0], 1);
    ck_assert(!atomic_load(&waiter.returned));
    ah_event_set(&one.events[0]);
    ck_assert(end_waiting(&waiter));
    end(&one);
}
END_TEST

START_TEST(who_waits_for_all_sleeps_until_the_last)
{
    struct group some;
    struct waiter waiter;
    begin(&some, MOST);
    begin_waiting(&waiter, &some, MOST, AH_NEVER);
    await_watches(&some.events[MOST - 1], 1);
    for (int i = 0; i < MOST; i++) {
        ck_assert(!atomic_load(&waiter.returned));
        ah_event_set(&some.events[(_i + i) % MOST]);
        ah_event_set(&some.events[_i]);
    }
    ck_assert(end_waiting(&waiter));
    end(&some);
}
END_TEST

START_TEST(who_waits_for_one_wakes_at_the_first)
{
    struct group some;
    struct waiter waiter;
    begin(&some, MOST);
    begin_waiting(&waiter, &some, 1, AH_NEVER);
    await_watches(&some.events[MOST - 1], 1);
    ah_event_set(&some.events[_i]);
    ck_assert(end_waiting(&waiter));
    for (int i = 0; i < MOST; i++)
        ck_assert_uint_eq(watches_of(&some.events[i]), 0);
    end(&some);
}
END_TEST

START_TEST(setting_wakes_a_crowd)
{
    struct group some;
    struct waiter crowd[CROWD];
    begin(&some, 3);
    for (int i = 0; i < CROWD; i++)
        begin_waiting(&crowd[i], &some, i % 2 ? 1 : 3, i % 3 ? AH_NEVER : 1e9);
    await_watches(&some.events[2], CROWD);
    ah_event_set(&some.events[1]);
    for (int i = 1; i < CROWD; i += 2)
        ck_assert(end_waiting(&crowd[i]));
    for (int i = 0; i < CROWD; i += 2)
        ck_assert(!atomic_load(&crowd[i].returned));
    ah_event_set(&some.events[0]);
    ah_event_set(&some.events[2]);
    for (int i = 0; i < CROWD; i += 2)
        ck_assert(end_waiting(&crowd[i]));
    end(&some);
}
END_TEST

START_TEST(many_setters_count_as_one)
{
    struct group two;
    struct waiter waiter;
    pthread_t setters[CROWD];
    begin(&two, 2);
    begin_waiting(&waiter, &two, 2, AH_NEVER);
    await_watches(&two.events[1], 1);
    for (int i = 0; i < CROWD; i++)
        setters[i] = started(set, &two.events[0]);
    for (int i = 0; i < CROWD; i++)
        ck_assert_int_eq(pthread_join(setters[i], NULL), 0);
    ck_assert(!atomic_load(&waiter.returned));
    ck_assert(!reached(&two, 2));
    ah_event_set(&two.events[1]);
    ck_assert(end_waiting(&waiter));
    end(&two);
}
END_TEST

/* What a thread leaves behind before it sets the event; not atomic, for the thread sanitizer to judge. */
struct parcel {
    ah_event event;
    int content;
};

static void *deliver(void *argument)
{
    struct parcel *parcel = argument;
    parcel->content = 42;
    ah_event_set(&parcel->event);
    return NULL;
}

START_TEST(who_has_waited_sees_what_was_done_before)
{
    struct parcel parcel = {.content = 0};
    ah_event_init(&parcel.event);
    ah_event_watch watch = {.event = &parcel.event};
    pthread_t thread = started(deliver, &parcel);
    ck_assert(ah_events_wait(&watch, 1, 1, AH_NEVER));
    ck_assert_int_eq(parcel.content, 42);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ah_event_destroy(&parcel.event);
}
END_TEST

START_TEST(who_looks_sees_what_was_done_before)
{
    struct parcel parcel = {.content = 0};
    ah_event_init(&parcel.event);
    pthread_t thread = started(deliver, &parcel);
    while (!ah_event_happened(&parcel.event))
        sched_yield();
    ck_assert_int_eq(parcel.content, 42);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ah_event_destroy(&parcel.event);
}
END_TEST

/* Looks again and again, so that watches come and go all over the lists, until all has happened. */
static void *look_until_all_happened(void *argument)
{
    struct group *shared = argument;
    ah_event_watch watches[MOST];
    for (size_t i = 0; i < shared->count; i++)
        watches[i] = (ah_event_watch){.event = &shared->events[i]};
    while (!ah_events_wait(watches, shared->count, shared->count, ah_clock_now()))
        sched_yield();
    return NULL;
}

START_TEST(waiters_may_come_and_go_while_events_happen)
{
    const int rounds = small() ? 10 : 50;
    for (int round = 0; round < rounds; round++) {
        struct group some;
        pthread_t lookers[4], setters[MOST];
        struct waiter waiter;
        begin(&some, MOST);
        for (int i = 0; i < 4; i++)
            lookers[i] = started(look_until_all_happened, &some);
        begin_waiting(&waiter, &some, MOST, AH_NEVER);
        for (int i = 0; i < MOST; i++)
            setters[i] = started(set, &some.events[i]);
        ck_assert(end_waiting(&waiter));
        for (int i = 0; i < 4; i++)
            ck_assert_int_eq(pthread_join(lookers[i], NULL), 0);
        for (int i = 0; i < MOST; i++) {
            ck_assert_int_eq(pthread_join(setters[i], NULL), 0);
            ck_assert_uint_eq(watches_of(&some.events[i]), 0);
        }
        end(&some);
    }
}
END_TEST

Suite *event_suite(void)
{
    Suite *suite = suite_create("event");
    TCase *alone = tcase_create("one thread");
    tcase_add_test(alone, happens_once_and_stays);
    tcase_add_loop_test(alone, needs_as_many_as_are_enough, 0, MOST + 1);
    tcase_add_loop_test(alone, any_one_of_them_will_do, 0, MOST);
    tcase_add_loop_test(alone, any_one_of_them_can_be_missing, 0, MOST);
    tcase_add_test(alone, waiting_for_none_of_none_returns_at_once);
    tcase_add_test(alone, what_happened_before_a_deadline_that_has_passed_counts);
    tcase_add_test(alone, an_event_watched_twice_counts_twice);
    suite_add_tcase(suite, alone);
    TCase *deadlines = tcase_create("deadlines");
    tcase_add_loop_test(deadlines, waits_until_the_deadline, 0, sizeof(delays) / sizeof(delays[0]));
    tcase_add_test(deadlines, nothing_is_left_linked_after_the_deadline);
    tcase_add_test(deadlines, others_keep_waiting_when_one_gives_up);
    tcase_add_test(deadlines, what_happens_while_giving_up_counts);
    suite_add_tcase(suite, deadlines);
    TCase *threads = tcase_create("threads");
    tcase_set_timeout(threads, 120);
    tcase_add_loop_test(threads, setting_wakes_who_waits, 0, sizeof(far_deadlines) / sizeof(far_deadlines[0]));
    tcase_add_loop_test(threads, who_waits_for_all_sleeps_until_the_last, 0, MOST);
    tcase_add_loop_test(threads, who_waits_for_one_wakes_at_the_first, 0, MOST);
    tcase_add_test(threads, setting_wakes_a_crowd);
    tcase_add_test(threads, many_setters_count_as_one);
    tcase_add_test(threads, who_has_waited_sees_what_was_done_before);
    tcase_add_test(threads, who_looks_sees_what_was_done_before);
    tcase_add_test(threads, waiters_may_come_and_go_while_events_happen);
    suite_add_tcase(suite, threads);
    return suite;
}
