/*
 * Tests of threads that wait for a request and carry it out themselves, in the place of a worker who rests: what that
 * must not change.
 *
 * Whether a thread does depends on who comes first, so that it is tried until one has: the log says so.
 */
#include <check.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "asynchttp.h"
#include "base/thread.h"
#include "client.h"
#include "fixture.h"
#include "stored.h"
#include "suites.h"

/* A net against hanging: nothing depends on how long it is, nor on how often it is tried. */
enum { TIMEOUT = 120, MOST_TRIES = 10000, MANY = 200 };

/* Of threads that carry out requests, and that do not. */
enum { LARGE_STACK = 1 << 20, SMALL_STACK = 192 << 10 };

/* ---- Tools --------------------------------------------------------------------------------- */

/* How many threads have begun to carry out a request, and how many workers have been started. */
static atomic_int stood_in;
static atomic_int started;

static bool tells_of_standing_in(const char *component, const char *message)
{
    return strcmp(component, "worker") == 0 && strstr(message, "in the place of");
}

static void count_standing_in(asynchttp_log_level level, const char *component, const char *message, void *data)
{
    (void)level;
    (void)data;
    if (tells_of_standing_in(component, message))
        atomic_fetch_add(&stood_in, 1);
    if (strcmp(component, "worker") == 0 && strcmp(message, "started") == 0)
        atomic_fetch_add(&started, 1);
}

static void set_up(void)
{
    client_setup();
    atomic_store(&stood_in, 0);
    atomic_store(&started, 0);
    ck_assert_int_eq(asynchttp_set_log(ASYNCHTTP_LOG_DEBUG, count_standing_in, NULL), ASYNCHTTP_OK);
    ck_assert_int_eq(asynchttp_http_set_max_workers(http, 1), ASYNCHTTP_OK);
}

static void tear_down(void)
{
    client_teardown();
    ck_assert_int_eq(asynchttp_set_log(ASYNCHTTP_LOG_NONE, NULL, NULL), ASYNCHTTP_OK);
}

static void start_thread(pthread_t *thread, size_t stack, void *(*run)(void *), void *data)
{
    pthread_attr_t attributes;
    ck_assert_int_eq(pthread_attr_init(&attributes), 0);
    ck_assert_int_eq(pthread_attr_setstacksize(&attributes, stack), 0);
    ck_assert_int_eq(pthread_create(thread, &attributes, run, data), 0);
    pthread_attr_destroy(&attributes);
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
    /* It is asked once a thread, and takes long. */
    ck_assert(ah_thread_has_stack());
    asynchttp_promise *promise = asynchttp_http_request(http, self->url, NULL);
    atomic_store(&self->promise, promise);
    self->code = asynchttp_promise_wait(promise);
    return NULL;
}

static void start(waiter *one, const char *url)
{
    *one = (waiter){.url = url};
    start_thread(&one->thread, LARGE_STACK, make_and_wait, one);
}

static void ck_ends(waiter *one, asynchttp_code code)
{
    ck_assert_int_eq(pthread_join(one->thread, NULL), 0);
    ck_assert_int_eq(one->code, code);
    asynchttp_promise_free(one->promise);
}

/* A thread that carries out a request, which is held at the place. */
static void stand_in(waiter *one, const char *place)
{
    for (int tries = 0; tries < MOST_TRIES; tries++) {
        int before = atomic_load(&stood_in);
        start(one, origin_url("/hold/%s", place));
        origin_await(1, "/held/%s", place);
        if (atomic_load(&stood_in) != before)
            return;
        origin_number("/release/%s/1", place);
        ck_ends(one, ASYNCHTTP_OK);
    }
    ck_abort_msg("no thread stands in");
}

static void get_and_wait(const char *path, const asynchttp_request *request)
{
    asynchttp_promise *promise = asynchttp_http_request(http, origin_url("%s", path), request);
    ck_assert_int_eq(asynchttp_promise_wait(promise), ASYNCHTTP_OK);
    asynchttp_promise_free(promise);
}

static void *wait_a_hundred_times(void *data)
{
    for (int i = 0; i < 100; i++)
        get_and_wait("/bytes/10", NULL);
    return data;
}

/* This thread does stand in, and has not done so yet. */
static void ck_may_stand_in(void)
{
    for (int tries = 0; tries < MOST_TRIES && !atomic_load(&stood_in); tries++)
        get_and_wait("/bytes/10", NULL);
    ck_assert_int_gt(atomic_exchange(&stood_in, 0), 0);
}

/* ---- Results ------------------------------------------------------------------------------- */

START_TEST(test_requests_that_are_waited_for_at_once)
{
    char first[32] = "";
    ck_assert_int_eq(asynchttp_http_set_max_workers(http, 5), ASYNCHTTP_OK);
    for (int tries = 0; tries < MOST_TRIES && atomic_load(&stood_in) < MANY; tries++) {
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
    ck_assert_int_eq(atomic_load(&stood_in), MANY);
    /* Nor are there others. */
    ck_assert_int_eq(atomic_load(&started), 1);
}
END_TEST

/* Nobody looks at some of those that come after many that were waited for at once. */
START_TEST(test_request_that_is_not_waited_for)
{
    /* Nobody looks at the queue by chance. */
    ck_assert_int_eq(asynchttp_http_set_worker_idle_timeout(http, 3600), ASYNCHTTP_OK);
    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < MANY; i++)
            get_and_wait("/bytes/10", NULL);
        asynchttp_promise *promise = asynchttp_http_request(http, origin_url("/hold/alone-%d", round), NULL);
        origin_await(1, "/held/alone-%d", round);
        origin_number("/release/alone-%d/1", round);
        ck_assert_int_eq(asynchttp_promise_wait(promise), ASYNCHTTP_OK);
        asynchttp_promise_free(promise);
    }
}
END_TEST

/* ---- What is done by workers alone --------------------------------------------------------- */

static pthread_t own;
static atomic_int called;

static void expect_calls(void)
{
    own = pthread_self();
    atomic_store(&called, 0);
}

/* A callback may want a lock that the waiting thread has. */
static void ck_on_worker(void)
{
    ck_assert(!pthread_equal(pthread_self(), own));
    atomic_fetch_add(&called, 1);
}

static int call_back(asynchttp_promise *promise, void *data)
{
    (void)promise;
    (void)data;
    ck_on_worker();
    return 0;
}

static int take_data(asynchttp_promise *promise, const void *bytes, size_t length, void *data)
{
    (void)promise;
    (void)bytes;
    (void)length;
    (void)data;
    ck_on_worker();
    return 0;
}

START_TEST(test_callbacks_run_on_a_worker)
{
    ck_may_stand_in();
    expect_calls();
    for (int i = 0; i < 100; i++)
        get_and_wait("/bytes/10",
                     i % 2 ? ASYNCHTTP_REQUEST(.callback = call_back) : ASYNCHTTP_REQUEST(.on_data = take_data));
    ck_assert_int_ge(atomic_load(&called), 100);
    ck_assert_int_eq(atomic_load(&stood_in), 0);
}
END_TEST

static int get(void *context, const char *key, void **value, size_t *length)
{
    (void)context;
    (void)key;
    (void)value;
    (void)length;
    ck_on_worker();
    return 1;
}

static int set(void *context, const char *key, const void *value, size_t length)
{
    (void)context;
    (void)key;
    (void)value;
    (void)length;
    return -1;
}

static int delete (void *context, const char *key)
{
    (void)context;
    (void)key;
    return 0;
}

START_TEST(test_cache_of_the_program_runs_on_a_worker)
{
    static const asynchttp_cache_methods methods = {.get = get, .set = set, .delete = delete};
    ck_may_stand_in();
    asynchttp_cache *made = asynchttp_cache_new(&methods, NULL);
    ck_assert_ptr_nonnull(made);
    ck_assert_int_eq(asynchttp_http_set_cache(http, made), ASYNCHTTP_OK);
    asynchttp_cache_free(made);
    expect_calls();
    for (int i = 0; i < 100; i++)
        get_and_wait("/bytes/10", NULL);
    ck_assert_int_ge(atomic_load(&called), 100);
    ck_assert_int_eq(atomic_load(&stood_in), 0);
}
END_TEST

/* TLS and SQLite would not fit there. */
START_TEST(test_thread_with_a_small_stack_only_waits)
{
    pthread_t thread;
    ck_may_stand_in();
    start_thread(&thread, SMALL_STACK, wait_a_hundred_times, NULL);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_int_eq(atomic_load(&stood_in), 0);
}
END_TEST

/* ---- What happens meanwhile ---------------------------------------------------------------- */

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
    const waiter *one = data;
    ck_assert_int_eq(asynchttp_http_close(http), ASYNCHTTP_OK);
    ck_assert(asynchttp_promise_done(one->promise));
    return NULL;
}

START_TEST(test_close_waits_for_it)
{
    waiter one;
    pthread_t closer;
    stand_in(&one, "closed");
    start_thread(&closer, LARGE_STACK, close_client, &one);
    origin_number("/release/closed/1");
    ck_assert_int_eq(pthread_join(closer, NULL), 0);
    ck_ends(&one, ASYNCHTTP_OK);
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
    expect_calls();
    asynchttp_promise *promise = client_request(origin_url("/bytes/10"), ASYNCHTTP_REQUEST(.callback = call_back));
    own = one.thread;
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
    /* A wait with a limit begins nothing. */
    ck_assert_int_eq(client_wait(promise), ASYNCHTTP_OK);
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

static void ignore(int signal)
{
    (void)signal;
}

START_TEST(test_signals_do_not_end_it)
{
    waiter one;
    struct sigaction before;
    const struct sigaction ignoring = {.sa_handler = ignore};
    ck_assert_int_eq(sigaction(SIGUSR1, &ignoring, &before), 0);
    stand_in(&one, "signals");
    for (int i = 0; i < 20; i++)
        ck_assert_int_eq(pthread_kill(one.thread, SIGUSR1), 0);
    origin_number("/release/signals/1");
    ck_ends(&one, ASYNCHTTP_OK);
    sigaction(SIGUSR1, &before, NULL);
}
END_TEST

START_TEST(test_settings_can_be_changed)
{
    waiter one;
    stand_in(&one, "settings");
    ck_assert_int_eq(asynchttp_http_set_worker_idle_timeout(http, 0), ASYNCHTTP_OK);
    ck_assert_int_eq(asynchttp_http_set_max_workers(http, 3), ASYNCHTTP_OK);
    ck_assert_int_eq(client_status(client_request(origin_url("/bytes/10"), NULL)), 200);
    ck_assert_int_eq(asynchttp_http_set_max_workers(http, 1), ASYNCHTTP_OK);
    origin_number("/release/settings/1");
    ck_ends(&one, ASYNCHTTP_OK);
    client_expect_usable();
}
END_TEST

static asynchttp_code closed;

/* In the middle of a request. */
static void close_from_log(asynchttp_log_level level, const char *component, const char *message, void *data)
{
    count_standing_in(level, component, message, data);
    if (tells_of_standing_in(component, message))
        closed = asynchttp_http_close(http);
}

/* It cannot wait for what is carried out on the same thread. */
START_TEST(test_close_from_the_log_function_does_not_wait)
{
    ck_may_stand_in();
    closed = ASYNCHTTP_OK;
    ck_assert_int_eq(asynchttp_set_log(ASYNCHTTP_LOG_DEBUG, close_from_log, NULL), ASYNCHTTP_OK);
    ck_may_stand_in();
    ck_assert_int_eq(closed, ASYNCHTTP_E_PENDING);
    client_expect_usable();
}
END_TEST

/* ---- Several ------------------------------------------------------------------------------- */

START_TEST(test_several_threads_wait_at_once)
{
    enum { THREADS = 4 };
    pthread_t threads[THREADS];
    ck_assert_int_eq(asynchttp_http_set_max_workers(http, 2), ASYNCHTTP_OK);
    for (int i = 0; i < THREADS; i++)
        start_thread(&threads[i], LARGE_STACK, wait_a_hundred_times, NULL);
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
}
END_TEST

/* Who wants what another thread is getting goes on when that has got it. */
START_TEST(test_requests_for_the_same_are_collapsed)
{
    enum { THREADS = 3 };
    waiter waiters[THREADS];
    stored_make_directory();
    asynchttp_cache *made = asynchttp_cache_sqlite(stored_directory(), 0, 0);
    ck_assert_ptr_nonnull(made);
    ck_assert_int_eq(asynchttp_http_set_cache(http, made), ASYNCHTTP_OK);
    asynchttp_cache_free(made);
    ck_assert_int_eq(asynchttp_http_set_max_workers(http, THREADS), ASYNCHTTP_OK);
    for (int round = 0; round < 20; round++) {
        char url[256];
        snprintf(url, sizeof(url), "%s", origin_url("/stored/waiting-%d?Cache-Control=max-age%%3D60&body=x", round));
        for (int i = 0; i < THREADS; i++)
            start(&waiters[i], url);
        for (int i = 0; i < THREADS; i++)
            ck_ends(&waiters[i], ASYNCHTTP_OK);
        ck_assert_int_eq(origin_number("/counted/waiting-%d", round), 1);
    }
    ck_assert_int_eq(asynchttp_http_set_cache(http, NULL), ASYNCHTTP_OK);
    stored_remove_directory();
}
END_TEST

Suite *waiting_suite(void)
{
    Suite *suite = suite_create("waiting");
    /* Where the system does not say how large a stack is, threads only wait. */
    if (!ah_thread_has_stack())
        return suite;
    TCase *tcase = tcase_create("waiting");
    tcase_set_timeout(tcase, TIMEOUT);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, test_requests_that_are_waited_for_at_once);
    tcase_add_test(tcase, test_request_that_is_not_waited_for);
    tcase_add_test(tcase, test_callbacks_run_on_a_worker);
    tcase_add_test(tcase, test_cache_of_the_program_runs_on_a_worker);
    tcase_add_test(tcase, test_thread_with_a_small_stack_only_waits);
    tcase_add_test(tcase, test_it_can_be_cancelled);
    tcase_add_test(tcase, test_client_can_be_freed);
    tcase_add_test(tcase, test_close_waits_for_it);
    tcase_add_test(tcase, test_other_requests_of_the_worker_are_not_held_up);
    tcase_add_test(tcase, test_callback_of_a_cancelled_request_is_not_held_up);
    tcase_add_test(tcase, test_next_request_is_begun_when_it_has_ended);
    tcase_add_test(tcase, test_thread_can_be_cancelled);
    tcase_add_test(tcase, test_signals_do_not_end_it);
    tcase_add_test(tcase, test_settings_can_be_changed);
    tcase_add_test(tcase, test_close_from_the_log_function_does_not_wait);
    tcase_add_test(tcase, test_several_threads_wait_at_once);
    tcase_add_test(tcase, test_requests_for_the_same_are_collapsed);
    suite_add_tcase(suite, tcase);
    return suite;
}
