/*
 * Tests of threads that wait for a request and carry it out themselves, in the place of a worker who rests: what that
 * must not change.
 *
 * Whether a thread does depends on who comes first, so that it is tried until one has: the log says so.
 */
#include <check.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "asynchttp.h"
#include "client.h"
#include "fixture.h"
#include "suites.h"

/* A net against hanging: nothing depends on how long it is. */
enum { TIMEOUT = 120 };

/* How many threads have begun to carry out a request. */
static atomic_int stood_in;

static void count_standing_in(asynchttp_log_level level, const char *component, const char *message, void *data)
{
    (void)level;
    (void)data;
    if (strcmp(component, "worker") == 0 && strstr(message, "in the place of"))
        atomic_fetch_add(&stood_in, 1);
}

static void set_up(void)
{
    client_setup();
    atomic_store(&stood_in, 0);
    ck_assert_int_eq(asynchttp_set_log(ASYNCHTTP_LOG_DEBUG, count_standing_in, NULL), ASYNCHTTP_OK);
    ck_assert_int_eq(asynchttp_http_set_max_workers(http, 1), ASYNCHTTP_OK);
}

static void tear_down(void)
{
    client_teardown();
    ck_assert_int_eq(asynchttp_set_log(ASYNCHTTP_LOG_NONE, NULL, NULL), ASYNCHTTP_OK);
}

/* A thread of the program's that makes a request and waits for it. */
typedef struct waiter {
    pthread_t thread;
    const char *url;
    _Atomic(asynchttp_promise *) promise;
    asynchttp_code code;
} waiter;

static void *make_and_wait(void *data)
{
    waiter *self = data;
    asynchttp_promise *promise = asynchttp_http_request(http, self->url, NULL);
    atomic_store(&self->promise, promise);
    self->code = asynchttp_promise_wait(promise);
    return NULL;
}

static void start(waiter *one, const char *url)
{
    *one = (waiter){.url = url};
    ck_assert_int_eq(pthread_create(&one->thread, NULL, make_and_wait, one), 0);
}

/* A thread that carries out a request, which is held at the place. */
static void stand_in(waiter *one, const char *place)
{
    int before;
    for (;;) {
        before = atomic_load(&stood_in);
        start(one, origin_url("/hold/%s", place));
        origin_await(1, "/held/%s", place);
        if (atomic_load(&stood_in) != before)
            return;
        origin_number("/release/%s/1", place);
        ck_assert_int_eq(pthread_join(one->thread, NULL), 0);
        asynchttp_promise_free(one->promise);
    }
}

static void ck_ends(waiter *one, asynchttp_code code)
{
    ck_assert_int_eq(pthread_join(one->thread, NULL), 0);
    ck_assert_int_eq(one->code, code);
    asynchttp_promise_free(one->promise);
}

/* ---- Results ---- */

START_TEST(test_request_that_is_waited_for_at_once)
{
    char first[32] = "";
    while (atomic_load(&stood_in) < 20) {
        asynchttp_promise *promise = asynchttp_http_request(http, origin_url("/connection"), NULL);
        ck_assert_int_eq(asynchttp_promise_wait(promise), ASYNCHTTP_OK);
        char *connection = strdup(client_text(promise));
        connection[strcspn(connection, " ")] = '\0';
        /* The worker's is theirs, too. */
        if (first[0])
            ck_assert_str_eq(connection, first);
        snprintf(first, sizeof(first), "%s", connection);
        free(connection);
        asynchttp_promise_free(promise);
    }
}
END_TEST

static pthread_t own;
static atomic_int called;

/* A callback may want a lock that the waiting thread has. */
static int ck_called_on_worker(asynchttp_promise *promise, void *data)
{
    (void)promise;
    (void)data;
    ck_assert(!pthread_equal(pthread_self(), own));
    atomic_fetch_add(&called, 1);
    return 0;
}

static int ck_data_on_worker(asynchttp_promise *promise, const void *bytes, size_t length, void *data)
{
    (void)bytes;
    (void)length;
    return ck_called_on_worker(promise, data);
}

START_TEST(test_callbacks_run_on_a_worker)
{
    own = pthread_self();
    atomic_store(&called, 0);
    for (int i = 0; i < 100; i++) {
        const asynchttp_request *request = i % 2 ? ASYNCHTTP_REQUEST(.callback = ck_called_on_worker)
                                                 : ASYNCHTTP_REQUEST(.on_data = ck_data_on_worker);
        asynchttp_promise *promise = client_request(origin_url("/bytes/10"), request);
        ck_assert_int_eq(asynchttp_promise_wait(promise), ASYNCHTTP_OK);
    }
    ck_assert_int_ge(atomic_load(&called), 100);
}
END_TEST

static void *wait_a_hundred_times(void *data)
{
    for (int i = 0; i < 100; i++) {
        asynchttp_promise *promise = asynchttp_http_request(http, origin_url("/bytes/10"), NULL);
        ck_assert_int_eq(asynchttp_promise_wait(promise), ASYNCHTTP_OK);
        asynchttp_promise_free(promise);
    }
    return data;
}

/* TLS and SQLite would not fit there. */
START_TEST(test_thread_with_a_small_stack_only_waits)
{
    pthread_t thread;
    pthread_attr_t attributes;
    ck_assert_int_eq(pthread_attr_init(&attributes), 0);
    ck_assert_int_eq(pthread_attr_setstacksize(&attributes, 192 << 10), 0);
    ck_assert_int_eq(pthread_create(&thread, &attributes, wait_a_hundred_times, NULL), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    pthread_attr_destroy(&attributes);
    ck_assert_int_eq(atomic_load(&stood_in), 0);
}
END_TEST

/* ---- What happens meanwhile ---- */

START_TEST(test_it_can_be_cancelled)
{
    waiter one;
    stand_in(&one, "cancelled");
    asynchttp_promise_cancel(one.promise);
    ck_ends(&one, ASYNCHTTP_E_CANCELLED);
    client_expect_usable();
}
END_TEST

START_TEST(test_client_can_be_freed)
{
    waiter one;
    stand_in(&one, "freed");
    asynchttp_http_free(http);
    http = NULL;
    ck_ends(&one, ASYNCHTTP_E_CANCELLED);
}
END_TEST

static void *close_client(void *data)
{
    ck_assert_int_eq(asynchttp_http_close(http), ASYNCHTTP_OK);
    return data;
}

START_TEST(test_close_waits_for_it)
{
    waiter one;
    pthread_t closer;
    stand_in(&one, "closed");
    ck_assert_int_eq(pthread_create(&closer, NULL, close_client, NULL), 0);
    origin_number("/release/closed/1");
    ck_ends(&one, ASYNCHTTP_OK);
    ck_assert_int_eq(pthread_join(closer, NULL), 0);
    client_expect_usable();
}
END_TEST

/* The worker has room for it, and is not there to begin it. */
START_TEST(test_other_requests_of_the_worker_are_not_held_up)
{
    waiter one;
    ck_assert_int_eq(asynchttp_http_set_transfers_per_worker(http, 2), ASYNCHTTP_OK);
    stand_in(&one, "beside");
    ck_assert_int_eq(client_status(client_request(origin_url("/bytes/10"), NULL)), 200);
    ck_assert_int_eq(origin_number("/held/beside"), 1);
    origin_number("/release/beside/1");
    ck_ends(&one, ASYNCHTTP_OK);
}
END_TEST

/* Without room for another request there is still its callback to be called. */
START_TEST(test_callback_of_a_cancelled_request_is_not_held_up)
{
    waiter one;
    stand_in(&one, "aborted");
    own = pthread_self();
    atomic_store(&called, 0);
    asynchttp_promise *promise =
        client_request(origin_url("/bytes/10"), ASYNCHTTP_REQUEST(.callback = ck_called_on_worker));
    asynchttp_promise_cancel(promise);
    ck_assert_int_eq(client_wait(promise), ASYNCHTTP_E_CANCELLED);
    ck_assert_int_eq(atomic_load(&called), 1);
    ck_assert_int_eq(origin_number("/held/aborted"), 1);
    origin_number("/release/aborted/1");
    ck_ends(&one, ASYNCHTTP_OK);
}
END_TEST

START_TEST(test_next_request_is_begun_when_it_has_ended)
{
    waiter one;
    stand_in(&one, "next");
    asynchttp_promise *promise = client_request(origin_url("/bytes/10"), NULL);
    origin_number("/release/next/1");
    ck_ends(&one, ASYNCHTTP_OK);
    while (!asynchttp_promise_done(promise))
        continue;
    ck_assert_int_eq(client_status(promise), 200);
}
END_TEST

/* It goes on to the end of the request, so that nothing is left half done. */
START_TEST(test_thread_can_be_cancelled)
{
    waiter one;
    stand_in(&one, "thread");
    ck_assert_int_eq(pthread_cancel(one.thread), 0);
    origin_number("/release/thread/1");
    ck_assert_int_eq(pthread_join(one.thread, NULL), 0);
    ck_assert_int_eq(asynchttp_promise_wait(one.promise), ASYNCHTTP_OK);
    asynchttp_promise_free(one.promise);
    client_expect_usable();
}
END_TEST

/* Each makes requests and waits for them; two workers for four threads. */
START_TEST(test_several_threads_wait_at_once)
{
    enum { THREADS = 4 };
    pthread_t threads[THREADS];
    ck_assert_int_eq(asynchttp_http_set_max_workers(http, 2), ASYNCHTTP_OK);
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, wait_a_hundred_times, NULL), 0);
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
}
END_TEST

Suite *waiting_suite(void)
{
    Suite *suite = suite_create("waiting");
    TCase *tcase = tcase_create("waiting");
    tcase_set_timeout(tcase, TIMEOUT);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, test_request_that_is_waited_for_at_once);
    tcase_add_test(tcase, test_callbacks_run_on_a_worker);
    tcase_add_test(tcase, test_thread_with_a_small_stack_only_waits);
    tcase_add_test(tcase, test_it_can_be_cancelled);
    tcase_add_test(tcase, test_client_can_be_freed);
    tcase_add_test(tcase, test_close_waits_for_it);
    tcase_add_test(tcase, test_other_requests_of_the_worker_are_not_held_up);
    tcase_add_test(tcase, test_callback_of_a_cancelled_request_is_not_held_up);
    tcase_add_test(tcase, test_next_request_is_begun_when_it_has_ended);
    tcase_add_test(tcase, test_thread_can_be_cancelled);
    tcase_add_test(tcase, test_several_threads_wait_at_once);
    suite_add_tcase(suite, tcase);
    return suite;
}
