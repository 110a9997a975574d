/*
 * Tests of fork(): the parent goes on undisturbed, and in the child what it has inherited does no harm.
 *
 * The child does not use Check, but tells by its exit status the line of the first thing that was not as it should be.
 */
#include <check.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "asynchttp.h"
#include "fixture.h"
#include "sanitized.h"
#include "stored.h"
#include "suites.h"

/* Nets against hanging: nothing depends on how long they are. */
enum { TIMEOUT = 120, CHILD_TIMEOUT = 60 };

static asynchttp_http *http;
/* What the child inherits: one that is under way and one that is done. */
static asynchttp_promise *undone;
static asynchttp_promise *done;
/* What it can request. */
static char *hello;

static asynchttp_http *made(void)
{
    asynchttp_http *client = asynchttp_http_new(NULL);
    if (!client)
        return NULL;
    /* Whatever the environment names. */
    asynchttp_http_set_proxy_info(client, NULL);
    asynchttp_http_set_ca_certs(client, NULL);
    return client;
}

static void set_up(void)
{
    http = made();
    ck_assert_ptr_nonnull(http);
    hello = strdup(origin_url("/bytes/5"));
    done = asynchttp_http_request(http, hello, NULL);
    ck_assert_int_eq(asynchttp_promise_wait(done), ASYNCHTTP_OK);
    undone = asynchttp_http_request(http, origin_url("/hold/fork-%d", (int)getpid()), NULL);
    ck_assert_ptr_nonnull(undone);
    origin_await(1, "/held/fork-%d", (int)getpid());
}

/* Nothing that the child has done has reached the parent. */
static void tear_down(void)
{
    ck_assert(!asynchttp_promise_done(undone));
    ck_assert_int_eq(origin_number("/release/fork-%d/1", (int)getpid()), 1);
    ck_assert_int_eq(asynchttp_promise_wait(undone), ASYNCHTTP_OK);
    ck_assert_int_eq(asynchttp_promise_wait(done), ASYNCHTTP_OK);
    asynchttp_promise *promise = asynchttp_http_request(http, hello, NULL);
    ck_assert_int_eq(asynchttp_promise_wait(promise), ASYNCHTTP_OK);
    asynchttp_promise_free(promise);
    asynchttp_promise_free(undone);
    asynchttp_promise_free(done);
    asynchttp_http_free(http);
    free(hello);
}

/* ---- The child ----------------------------------------------------------------------------- */

/* Lines are told by way of a pipe, as an exit status has too few bits. */
static int report;

static _Noreturn void fail_at(int line)
{
    ssize_t written = write(report, &line, sizeof(line));
    _exit(written == sizeof(line) ? 1 : 2);
}

#define EXPECT(condition) ((condition) ? (void)0 : fail_at(__LINE__))

/* Runs the function in a child and returns the line that it failed at: 0 if it did not. */
static int run_in_child(void (*function)(void))
{
    int ends[2];
    int line = 0;
    int status;
    if (pipe(ends) != 0)
        return -1;
    pid_t child = fork();
    if (child == 0) {
        report = ends[1];
        alarm(CHILD_TIMEOUT);
        function();
        _exit(0);
    }
    close(ends[1]);
    ssize_t size = read(ends[0], &line, sizeof(line));
    close(ends[0]);
    if (child < 0 || waitpid(child, &status, 0) != child)
        return -2;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0 && size == 0)
        return 0;
    return size == sizeof(line) ? line : -3;
}

static void ck_child(void (*function)(void))
{
    int line = run_in_child(function);
    ck_assert_msg(line == 0, "the child failed at line %d (below 0: it crashed or hung)", line);
}

static void expect_answer(asynchttp_http *client)
{
    size_t length = 0;
    asynchttp_promise *promise = asynchttp_http_request(client, hello, NULL);
    EXPECT(promise);
    EXPECT(asynchttp_promise_content(promise, NULL, &length) == ASYNCHTTP_OK);
    EXPECT(length == 5);
    asynchttp_promise_free(promise);
}

static void do_nothing(void)
{
}

START_TEST(test_parent_goes_on)
{
    for (int i = 0; i < 20; i++) {
        asynchttp_promise *promises[5];
        for (int j = 0; j < 5; j++)
            promises[j] = asynchttp_http_request(http, origin_url("/delay/%d", j), NULL);
        ck_child(do_nothing);
        for (int j = 0; j < 5; j++) {
            ck_assert_int_eq(asynchttp_promise_wait(promises[j]), ASYNCHTTP_OK);
            asynchttp_promise_free(promises[j]);
        }
    }
}
END_TEST

/* The child holds copies of the parent's sockets until it is killed. */
START_TEST(test_parent_goes_on_while_the_child_lives)
{
    int status;
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        alarm(CHILD_TIMEOUT);
        for (;;)
            pause();
    }
    asynchttp_promise *promise = asynchttp_http_request(http, hello, NULL);
    ck_assert_int_eq(asynchttp_promise_wait(promise), ASYNCHTTP_OK);
    asynchttp_promise_free(promise);
    ck_assert_int_eq(kill(child, SIGKILL), 0);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
}
END_TEST

static int never(asynchttp_promise *promise, void *data)
{
    (void)promise;
    (void)data;
    fail_at(__LINE__);
}

static void request_from_inherited_client(void)
{
    const void *content = NULL;
    asynchttp_response *response = (asynchttp_response *)(void *)http;
    asynchttp_promise *promise = asynchttp_http_request(http, hello, NULL);
    EXPECT(promise);
    EXPECT(asynchttp_promise_done(promise));
    EXPECT(asynchttp_promise_wait(promise) == ASYNCHTTP_E_INVALID_ARGUMENT);
    EXPECT(asynchttp_promise_response(promise, &response) == ASYNCHTTP_E_INVALID_ARGUMENT);
    EXPECT(!response);
    EXPECT(asynchttp_promise_content(promise, &content, NULL) == ASYNCHTTP_E_INVALID_ARGUMENT);
    EXPECT(strcmp(content, "") == 0);
    EXPECT(strstr(asynchttp_promise_error_message(promise), "fork"));
    EXPECT(asynchttp_wait_all(&promise, 1, -1) == ASYNCHTTP_OK);
    asynchttp_promise_cancel(promise);
    asynchttp_promise_free(promise);
}

START_TEST(test_request_from_an_inherited_client)
{
    ck_child(request_from_inherited_client);
}
END_TEST

/* There is no worker to run a callback, but the promise is done nevertheless. */
static void request_with_callback_from_inherited_client(void)
{
    asynchttp_promise *promise = asynchttp_http_request(http, hello, ASYNCHTTP_REQUEST(.callback = never));
    EXPECT(promise);
    EXPECT(asynchttp_promise_wait(promise) == ASYNCHTTP_E_INVALID_ARGUMENT);
    asynchttp_promise_free(promise);
}

START_TEST(test_request_with_a_callback_from_an_inherited_client)
{
    ck_child(request_with_callback_from_inherited_client);
}
END_TEST

static void read_inherited_undone(void)
{
    asynchttp_response *response = (asynchttp_response *)(void *)http;
    const void *content = NULL;
    size_t length = 9;
    void *data = http;
    asynchttp_promise *both[] = {undone, NULL};
    EXPECT(!asynchttp_promise_done(undone));
    EXPECT(asynchttp_promise_wait(undone) == ASYNCHTTP_E_INVALID_ARGUMENT);
    EXPECT(asynchttp_promise_wait_for(undone, -1) == ASYNCHTTP_E_INVALID_ARGUMENT);
    EXPECT(asynchttp_promise_error(undone) == ASYNCHTTP_E_INVALID_ARGUMENT);
    EXPECT(asynchttp_promise_response(undone, &response) == ASYNCHTTP_E_INVALID_ARGUMENT);
    EXPECT(!response);
    EXPECT(asynchttp_promise_content(undone, &content, &length) == ASYNCHTTP_E_INVALID_ARGUMENT);
    EXPECT(strcmp(content, "") == 0 && length == 0);
    EXPECT(asynchttp_promise_data(undone, &data) == ASYNCHTTP_E_INVALID_ARGUMENT);
    EXPECT(!data);
    EXPECT(*asynchttp_promise_error_message(undone));
    EXPECT(asynchttp_promise_curl_error(undone) == 0);
    EXPECT(asynchttp_wait_any(both, 2, -1, NULL) == ASYNCHTTP_E_INVALID_ARGUMENT);
    EXPECT(asynchttp_wait_all(both, 2, -1) == ASYNCHTTP_E_INVALID_ARGUMENT);
    both[1] = done;
    EXPECT(asynchttp_wait_all(both, 2, -1) == ASYNCHTTP_E_INVALID_ARGUMENT);
}

START_TEST(test_inherited_undone_promise_is_not_waited_for)
{
    ck_child(read_inherited_undone);
}
END_TEST

static void read_inherited_done(void)
{
    size_t length = 0;
    size_t index = 9;
    asynchttp_response *response = NULL;
    asynchttp_promise *both[] = {undone, done};
    EXPECT(asynchttp_promise_done(done));
    EXPECT(asynchttp_promise_wait(done) == ASYNCHTTP_OK);
    EXPECT(asynchttp_promise_response(done, &response) == ASYNCHTTP_OK);
    EXPECT(asynchttp_response_status(response) == 200);
    EXPECT(asynchttp_promise_content(done, NULL, &length) == ASYNCHTTP_OK);
    EXPECT(length == 5);
    EXPECT(asynchttp_wait_any(both, 2, -1, &index) == ASYNCHTTP_OK);
    EXPECT(index == 1);
}

START_TEST(test_inherited_done_promise_is_readable)
{
    ck_child(read_inherited_done);
}
END_TEST

/* tear_down() sees that the parent's request and connections are still there. */
static void end_inherited(void)
{
    asynchttp_promise_cancel(undone);
    asynchttp_promise_free(undone);
    asynchttp_promise_free(done);
    EXPECT(asynchttp_promise_wait(done) == ASYNCHTTP_OK);
    EXPECT(asynchttp_http_close(http) == ASYNCHTTP_E_INVALID_ARGUMENT);
    asynchttp_http_free(http);
    asynchttp_http_free(http);
}

START_TEST(test_cancelling_closing_and_freeing_does_nothing)
{
    ck_child(end_inherited);
}
END_TEST

static void set_inherited(void)
{
    EXPECT(asynchttp_http_set_max_workers(http, 3) == ASYNCHTTP_E_INVALID_ARGUMENT);
    EXPECT(asynchttp_http_set_transfers_per_worker(http, 3) == ASYNCHTTP_E_INVALID_ARGUMENT);
    EXPECT(asynchttp_http_set_worker_idle_timeout(http, 3) == ASYNCHTTP_E_INVALID_ARGUMENT);
    EXPECT(asynchttp_http_set_timeout(http, 3) == ASYNCHTTP_E_INVALID_ARGUMENT);
    EXPECT(asynchttp_http_set_proxy_info(http, NULL) == ASYNCHTTP_E_INVALID_ARGUMENT);
    EXPECT(asynchttp_http_add_credentials(http, "name", "password", NULL) == ASYNCHTTP_E_INVALID_ARGUMENT);
}

START_TEST(test_settings_of_an_inherited_client_stay)
{
    ck_child(set_inherited);
}
END_TEST

static void use_new_client(void)
{
    asynchttp_http *client = made();
    EXPECT(client);
    for (int i = 0; i < 3; i++)
        expect_answer(client);
    EXPECT(asynchttp_http_close(client) == ASYNCHTTP_OK);
    expect_answer(client);
    asynchttp_http_free(client);
}

START_TEST(test_child_makes_a_client_of_its_own)
{
    ck_child(use_new_client);
}
END_TEST

/* Both kinds of promise at once: only one of them can come. */
static void wait_for_new_and_inherited(void)
{
    asynchttp_http *client = made();
    EXPECT(client);
    asynchttp_promise *promises[] = {done, asynchttp_http_request(client, hello, NULL)};
    EXPECT(promises[1]);
    EXPECT(asynchttp_wait_all(promises, 2, -1) == ASYNCHTTP_OK);
    asynchttp_promise_free(promises[1]);
    asynchttp_http_free(client);
}

START_TEST(test_child_waits_for_new_and_inherited_promises)
{
    ck_child(wait_for_new_and_inherited);
}
END_TEST

/* ---- A cache ---- */

/* What the child inherits, and the page that it has. */
static asynchttp_cache *inherited;
static char *page;

static bool gets_from_cache(asynchttp_http *client)
{
    asynchttp_response *response;
    asynchttp_promise *promise = asynchttp_http_request(client, page, NULL);
    bool fromcache =
        asynchttp_promise_response(promise, &response) == ASYNCHTTP_OK && asynchttp_response_fromcache(response);
    asynchttp_promise_free(promise);
    return fromcache;
}

static int end_walk(const asynchttp_cache_entry *entry, void *data)
{
    (void)entry;
    (void)data;
    return 1;
}

static void use_inherited_cache(void)
{
    asynchttp_cache_statistics statistics = {.size = sizeof(statistics)};
    EXPECT(asynchttp_cache_remove(inherited, page) == ASYNCHTTP_E_INVALID_ARGUMENT);
    EXPECT(asynchttp_cache_clear(inherited) == ASYNCHTTP_E_INVALID_ARGUMENT);
    EXPECT(asynchttp_cache_each(inherited, end_walk, NULL) == ASYNCHTTP_E_INVALID_ARGUMENT);
    EXPECT(asynchttp_cache_stats(inherited, &statistics) == ASYNCHTTP_E_INVALID_ARGUMENT);
    /* A client that has it does without. */
    asynchttp_http *client = made();
    EXPECT(client);
    asynchttp_http_set_cache(client, inherited);
    EXPECT(!gets_from_cache(client));
    expect_answer(client);
    asynchttp_http_free(client);
    asynchttp_cache_free(inherited);
}

static void share_the_directory(void)
{
    asynchttp_cache *own = asynchttp_cache_sqlite(stored_directory(), 0, 0);
    asynchttp_http *client = made();
    EXPECT(own && client);
    EXPECT(asynchttp_http_set_cache(client, own) == ASYNCHTTP_OK);
    EXPECT(gets_from_cache(client));
    asynchttp_http_free(client);
    EXPECT(asynchttp_cache_remove(own, page) == ASYNCHTTP_OK);
    asynchttp_cache_free(own);
}

START_TEST(test_cache)
{
    stored_make_directory();
    page = strdup(origin_url("/stored/fork?Cache-Control=max-age=1000&body=x"));
    inherited = asynchttp_cache_sqlite(stored_directory(), 0, 0);
    asynchttp_http_set_cache(http, inherited);
    ck_assert(!gets_from_cache(http));
    ck_assert(gets_from_cache(http));
    ck_child(use_inherited_cache);
    ck_assert(gets_from_cache(http));
    ck_child(share_the_directory);
    ck_assert(!gets_from_cache(http));
    asynchttp_http_set_cache(http, NULL);
    asynchttp_cache_free(inherited);
    stored_remove_directory();
    free(page);
}
END_TEST

static asynchttp_http *of_the_child;

static void fork_again(void)
{
    of_the_child = made();
    EXPECT(of_the_child);
    expect_answer(of_the_child);
    pid_t grandchild = fork();
    if (grandchild == 0) {
        asynchttp_promise *promise = asynchttp_http_request(of_the_child, hello, NULL);
        EXPECT(promise && asynchttp_promise_wait(promise) == ASYNCHTTP_E_INVALID_ARGUMENT);
        asynchttp_http_free(of_the_child);
        use_new_client();
        _exit(0);
    }
    int status;
    EXPECT(waitpid(grandchild, &status, 0) == grandchild);
    EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    expect_answer(of_the_child);
    asynchttp_http_free(of_the_child);
}

START_TEST(test_grandchildren)
{
    ck_child(fork_again);
}
END_TEST

/* What is registered with atexit(), by libcurl's own libraries too, must not wait for the workers. */
static void exit_normally(void)
{
    expect_answer(made());
    exit(0);
}

START_TEST(test_child_exits)
{
    ck_child(exit_normally);
}
END_TEST

/* ---- Forking at a bad moment --------------------------------------------------------------- */

static atomic_bool busy;

static void *use_settings(void *data)
{
    while (atomic_load(&busy)) {
        asynchttp_http_set_timeout(data, 30);
        asynchttp_http_max_workers(data);
        asynchttp_http_set_worker_idle_timeout(data, 30);
    }
    return NULL;
}

static void get_inherited(void)
{
    EXPECT(asynchttp_http_max_workers(http) == 5);
    EXPECT(asynchttp_http_transfers_per_worker(http) == 1);
    EXPECT(asynchttp_http_worker_idle_timeout(http) > 0);
    EXPECT(asynchttp_http_timeout(http) >= 0);
    EXPECT(asynchttp_http_follow_redirects(http));
    EXPECT(!asynchttp_http_ca_certs(http));
    EXPECT(!asynchttp_http_proxy_info(http));
    EXPECT(!asynchttp_http_proxy_from_environment(http));
    EXPECT(strcmp(asynchttp_http_tls_minimum_version(http), "TLSv1_2") == 0);
    set_inherited();
    request_from_inherited_client();
}

/* Another thread may hold any lock at that moment. */
START_TEST(test_fork_while_another_thread_is_inside)
{
    pthread_t thread;
    atomic_store(&busy, true);
    ck_assert_int_eq(pthread_create(&thread, NULL, use_settings, http), 0);
    for (int i = 0; i < 200; i++)
        ck_child(get_inherited);
    atomic_store(&busy, false);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
}
END_TEST

static void *make_requests(void *data)
{
    while (atomic_load(&busy)) {
        asynchttp_promise *promise = asynchttp_http_request(data, hello, NULL);
        asynchttp_promise_wait(promise);
        asynchttp_promise_free(promise);
    }
    return NULL;
}

static void use_all(void)
{
    get_inherited();
    read_inherited_done();
    end_inherited();
    use_new_client();
}

START_TEST(test_fork_while_requests_come_and_go)
{
    pthread_t thread;
    atomic_store(&busy, true);
    ck_assert_int_eq(pthread_create(&thread, NULL, make_requests, http), 0);
    for (int i = 0; i < 50; i++)
        ck_child(use_all);
    atomic_store(&busy, false);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
}
END_TEST

static int fork_in_callback(asynchttp_promise *promise, void *data)
{
    (void)promise;
    *(int *)data = run_in_child(use_new_client);
    return 0;
}

/* The child of a callback has no requests to hold up, and may wait. */
START_TEST(test_fork_in_a_callback)
{
    int line = -1;
    asynchttp_promise *promise =
        asynchttp_http_request(http, hello, ASYNCHTTP_REQUEST(.callback = fork_in_callback, .callback_data = &line));
    ck_assert_int_eq(asynchttp_promise_wait(promise), ASYNCHTTP_OK);
    ck_assert_msg(line == 0, "the child failed at line %d (below 0: it crashed or hung)", line);
    asynchttp_promise_free(promise);
}
END_TEST

/* ---- The suite ----------------------------------------------------------------------------- */

static void add_tests(TCase *tcase)
{
    tcase_add_test(tcase, test_parent_goes_on);
    tcase_add_test(tcase, test_parent_goes_on_while_the_child_lives);
    tcase_add_test(tcase, test_request_from_an_inherited_client);
    tcase_add_test(tcase, test_request_with_a_callback_from_an_inherited_client);
    tcase_add_test(tcase, test_inherited_undone_promise_is_not_waited_for);
    tcase_add_test(tcase, test_inherited_done_promise_is_readable);
    tcase_add_test(tcase, test_cancelling_closing_and_freeing_does_nothing);
    tcase_add_test(tcase, test_settings_of_an_inherited_client_stay);
    tcase_add_test(tcase, test_child_makes_a_client_of_its_own);
    tcase_add_test(tcase, test_cache);
    tcase_add_test(tcase, test_child_waits_for_new_and_inherited_promises);
    tcase_add_test(tcase, test_grandchildren);
    /* The allocators of the sanitizers do not survive a fork while another thread is inside of them, and they miss
     * what a child leaves behind on purpose. */
    if (!SANITIZED) {
        tcase_add_test(tcase, test_child_exits);
        tcase_add_test(tcase, test_fork_while_another_thread_is_inside);
        tcase_add_test(tcase, test_fork_while_requests_come_and_go);
    }
    tcase_add_test(tcase, test_fork_in_a_callback);
}

Suite *fork_suite(void)
{
    Suite *suite = suite_create("fork");
    TCase *tcase = tcase_create("fork");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, TIMEOUT);
    add_tests(tcase);
    suite_add_tcase(suite, tcase);
    return suite;
}
