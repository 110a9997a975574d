/*
 * Tests of promises: waiting for them, reading, cancelling and freeing them, alone and among others.
 *
 * Requests that must not end by themselves are held by the origin, each test at places of its own.
 */
#include <check.h>
#include <curl/curl.h>
#include <math.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "asynchttp.h"
#include "fixture.h"
#include "small.h"
#include "suites.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

/* A net against hanging: nothing depends on how long it is. */
enum { TIMEOUT = 120 };

static asynchttp_http *http;

static asynchttp_http *made(void)
{
    asynchttp_http *client = asynchttp_http_new(NULL);
    ck_assert_ptr_nonnull(client);
    ck_assert_int_eq(asynchttp_http_set_proxy_info(client, NULL), ASYNCHTTP_OK);
    return client;
}

static void set_up(void)
{
    http = made();
}

static void tear_down(void)
{
    asynchttp_http_free(http);
}

static asynchttp_promise *get(const char *url)
{
    asynchttp_promise *promise = asynchttp_http_request(http, url, NULL);
    ck_assert_ptr_nonnull(promise);
    return promise;
}

/* A request that is held at the place, and has arrived there. */
static asynchttp_promise *held(const char *place)
{
    asynchttp_promise *promise = get(origin_url("/hold/%s", place));
    origin_await(1, "/held/%s", place);
    return promise;
}

static void free_all(asynchttp_promise **promises, size_t count)
{
    for (size_t i = 0; i < count; i++)
        asynchttp_promise_free(promises[i]);
}

static void ck_content(asynchttp_promise *promise, asynchttp_code expected, const char *text)
{
    const void *content = NULL;
    size_t length = 1000000;
    ck_assert_int_eq(asynchttp_promise_content(promise, &content, &length), expected);
    ck_assert_ptr_nonnull(content);
    ck_assert_str_eq(content, text);
    ck_assert_uint_eq(length, strlen(text));
}

static void ck_status(asynchttp_promise *promise, int status)
{
    asynchttp_response *response = NULL;
    ck_assert_int_eq(asynchttp_promise_response(promise, &response), ASYNCHTTP_OK);
    ck_assert_ptr_nonnull(response);
    ck_assert_int_eq(asynchttp_response_status(response), status);
}

/* ---- Waiting ------------------------------------------------------------------------------- */

START_TEST(test_done_does_not_block)
{
    asynchttp_promise *promise = held("done");
    ck_assert(!asynchttp_promise_done(promise));
    ck_assert_int_eq(origin_number("/release/done/1"), 1);
    ck_assert_int_eq(asynchttp_promise_wait(promise), ASYNCHTTP_OK);
    ck_assert(asynchttp_promise_done(promise));
    asynchttp_promise_free(promise);
}
END_TEST

START_TEST(test_wait_for_no_time)
{
    asynchttp_promise *promise = held("wait-0");
    ck_assert_int_eq(asynchttp_promise_wait_for(promise, 0), ASYNCHTTP_E_PENDING);
    ck_assert(!asynchttp_promise_done(promise));
    origin_number("/release/wait-0/1");
    ck_assert_int_eq(asynchttp_promise_wait(promise), ASYNCHTTP_OK);
    ck_assert_int_eq(asynchttp_promise_wait_for(promise, 0), ASYNCHTTP_OK);
    asynchttp_promise_free(promise);
}
END_TEST

START_TEST(test_wait_for_runs_out)
{
    asynchttp_promise *promise = held("wait-short");
    ck_assert_int_eq(asynchttp_promise_wait_for(promise, 0.02), ASYNCHTTP_E_PENDING);
    ck_assert_int_eq(asynchttp_promise_wait_for(promise, 1e-300), ASYNCHTTP_E_PENDING);
    ck_assert(!asynchttp_promise_done(promise));
    origin_number("/release/wait-short/1");
    ck_assert_int_eq(asynchttp_promise_wait(promise), ASYNCHTTP_OK);
    asynchttp_promise_free(promise);
}
END_TEST

static const double unlimited[] = {-1, -1e-300, -INFINITY, INFINITY, 1e300, 1e9};

START_TEST(test_wait_for_any_time)
{
    asynchttp_promise *promise = get(origin_url("/delay/50"));
    ck_assert_int_eq(asynchttp_promise_wait_for(promise, unlimited[_i]), ASYNCHTTP_OK);
    ck_assert(asynchttp_promise_done(promise));
    asynchttp_promise_free(promise);
}
END_TEST

START_TEST(test_wait_for_what_is_not_a_number)
{
    asynchttp_promise *promise = held("wait-nan");
    ck_assert_int_eq(asynchttp_promise_wait_for(promise, NAN), ASYNCHTTP_E_INVALID_ARGUMENT);
    origin_number("/release/wait-nan/1");
    ck_assert_int_eq(asynchttp_promise_wait(promise), ASYNCHTTP_OK);
    ck_assert_int_eq(asynchttp_promise_wait_for(promise, NAN), ASYNCHTTP_E_INVALID_ARGUMENT);
    asynchttp_promise_free(promise);
}
END_TEST

enum { WAITERS = 16 };

typedef struct waiter {
    pthread_t thread;
    asynchttp_promise *promise;
    sem_t *begun;
    asynchttp_code code;
    const void *content;
} waiter;

static void *wait_and_read(void *data)
{
    waiter *self = data;
    sem_post(self->begun);
    self->code = asynchttp_promise_wait(self->promise);
    asynchttp_promise_content(self->promise, &self->content, NULL);
    return NULL;
}

START_TEST(test_many_threads_wait_for_one)
{
    waiter waiters[WAITERS];
    sem_t begun;
    asynchttp_promise *promise = held("many-threads");
    ck_assert_int_eq(sem_init(&begun, 0, 0), 0);
    for (int i = 0; i < WAITERS; i++) {
        waiters[i] = (waiter){.promise = promise, .begun = &begun, .code = ASYNCHTTP_E_PENDING};
        ck_assert_int_eq(pthread_create(&waiters[i].thread, NULL, wait_and_read, &waiters[i]), 0);
    }
    for (int i = 0; i < WAITERS; i++)
        sem_wait(&begun);
    ck_assert(!asynchttp_promise_done(promise));
    origin_number("/release/many-threads/1");
    for (int i = 0; i < WAITERS; i++) {
        ck_assert_int_eq(pthread_join(waiters[i].thread, NULL), 0);
        ck_assert_int_eq(waiters[i].code, ASYNCHTTP_OK);
        ck_assert_str_eq(waiters[i].content, "released\n");
    }
    sem_destroy(&begun);
    asynchttp_promise_free(promise);
}
END_TEST

/* ---- Reading ------------------------------------------------------------------------------- */

/* Each of these is the first to touch a promise that is not done for another while, and tells whether it had to
 * wait. */

static void read_by_wait(asynchttp_promise *promise)
{
    ck_assert_int_eq(asynchttp_promise_wait(promise), ASYNCHTTP_E_CONNECTION_LOST);
}

static void read_by_error(asynchttp_promise *promise)
{
    ck_assert_int_eq(asynchttp_promise_error(promise), ASYNCHTTP_E_CONNECTION_LOST);
}

static void read_by_response(asynchttp_promise *promise)
{
    asynchttp_response *response = NULL;
    ck_assert_int_eq(asynchttp_promise_response(promise, &response), ASYNCHTTP_E_CONNECTION_LOST);
}

static void read_by_content(asynchttp_promise *promise)
{
    ck_assert_int_eq(asynchttp_promise_content(promise, NULL, NULL), ASYNCHTTP_E_CONNECTION_LOST);
}

static void read_by_error_message(asynchttp_promise *promise)
{
    ck_assert_ptr_nonnull(strstr(asynchttp_promise_error_message(promise), "127.0.0.1"));
}

static void read_by_curl_error(asynchttp_promise *promise)
{
    ck_assert_int_eq(asynchttp_promise_curl_error(promise), CURLE_GOT_NOTHING);
}

static void read_by_data(asynchttp_promise *promise)
{
    void *data = NULL;
    ck_assert_int_eq(asynchttp_promise_data(promise, &data), ASYNCHTTP_E_CONNECTION_LOST);
}

static void (*const readers[])(asynchttp_promise *promise) = {
    read_by_wait,          read_by_error,      read_by_response, read_by_content,
    read_by_error_message, read_by_curl_error, read_by_data,
};

START_TEST(test_accessor_blocks_and_gives_the_error_each_time)
{
    asynchttp_promise *promise = get(origin_url("/raw?sleep=100&close"));
    readers[_i](promise);
    ck_assert(asynchttp_promise_done(promise));
    readers[_i](promise);
    readers[_i](promise);
    asynchttp_promise_free(promise);
}
END_TEST

START_TEST(test_success)
{
    asynchttp_promise *promise = get(origin_url("/bytes/10"));
    size_t length = 0;
    const void *content = NULL;
    ck_status(promise, 200);
    ck_assert_int_eq(asynchttp_promise_content(promise, &content, &length), ASYNCHTTP_OK);
    ck_assert_uint_eq(length, 10);
    ck_assert_int_eq(((const char *)content)[length], '\0');
    ck_assert_int_eq(asynchttp_promise_content(promise, NULL, NULL), ASYNCHTTP_OK);
    ck_assert_int_eq(asynchttp_promise_error(promise), ASYNCHTTP_OK);
    ck_assert_str_eq(asynchttp_promise_error_message(promise), "");
    ck_assert_int_eq(asynchttp_promise_curl_error(promise), 0);
    asynchttp_promise_free(promise);
}
END_TEST

START_TEST(test_success_without_content)
{
    asynchttp_promise *promise = get(origin_url("/bytes/0"));
    ck_content(promise, ASYNCHTTP_OK, "");
    asynchttp_promise_free(promise);
}
END_TEST

/* Whether the message says that the request was made in this file at the line. */
static bool tells_place(const char *message, int line)
{
    char place[64];
    snprintf(place, sizeof(place), "check_promise.c:%d", line);
    const char *found = strstr(message, place);
    return found && (found[strlen(place)] < '0' || found[strlen(place)] > '9');
}

START_TEST(test_failure)
{
    asynchttp_response *response = NULL;
    const char *url = origin_url("/raw?close");
    int line = __LINE__ + 1;
    asynchttp_promise *promise = asynchttp_http_request(http, url, NULL);
    ck_assert_ptr_nonnull(promise);
    /* The functions overwrite what was there. */
    response = (asynchttp_response *)(void *)promise;
    ck_assert_int_eq(asynchttp_promise_response(promise, &response), ASYNCHTTP_E_CONNECTION_LOST);
    ck_assert_ptr_null(response);
    ck_content(promise, ASYNCHTTP_E_CONNECTION_LOST, "");
    ck_assert_int_eq(asynchttp_promise_curl_error(promise), CURLE_GOT_NOTHING);
    const char *message = asynchttp_promise_error_message(promise);
    ck_assert_msg(strstr(message, "127.0.0.1"), "no host in: %s", message);
    ck_assert_msg(tells_place(message, line), "no place in: %s", message);
    asynchttp_promise_free(promise);
}
END_TEST

START_TEST(test_bad_argument_is_done_at_once)
{
    int line = __LINE__ + 1;
    asynchttp_promise *promise = asynchttp_http_request(http, "/relative", NULL);
    ck_assert_ptr_nonnull(promise);
    ck_assert(asynchttp_promise_done(promise));
    ck_assert_int_eq(asynchttp_promise_error(promise), ASYNCHTTP_E_RELATIVE_URI);
    ck_assert_int_eq(asynchttp_promise_curl_error(promise), 0);
    const char *message = asynchttp_promise_error_message(promise);
    ck_assert_ptr_nonnull(strstr(message, "Only absolute URIs are allowed"));
    ck_assert_msg(tells_place(message, line), "no place in: %s", message);
    asynchttp_promise_free(promise);
}
END_TEST

START_TEST(test_function_behind_the_macro)
{
    asynchttp_promise *promise = (asynchttp_http_request)(http, "/relative", NULL);
    ck_assert_ptr_nonnull(promise);
    ck_assert_int_eq(asynchttp_promise_error(promise), ASYNCHTTP_E_RELATIVE_URI);
    ck_assert_ptr_null(strstr(asynchttp_promise_error_message(promise), ".c:"));
    asynchttp_promise_free(promise);
}
END_TEST

/* ---- Data ---------------------------------------------------------------------------------- */

typedef struct attachment {
    sem_t released;
    int times;
} attachment;

static void init_attachment(attachment *attached)
{
    attached->times = 0;
    ck_assert_int_eq(sem_init(&attached->released, 0, 0), 0);
}

static void release_attachment(void *data)
{
    attachment *attached = data;
    attached->times++;
    sem_post(&attached->released);
}

static void ck_data(asynchttp_promise *promise, asynchttp_code expected, const void *attached)
{
    void *data = promise;
    ck_assert_int_eq(asynchttp_promise_data(promise, &data), expected);
    ck_assert_ptr_eq(data, attached);
}

START_TEST(test_no_data)
{
    asynchttp_promise *promise = get(origin_url("/hello"));
    ck_data(promise, ASYNCHTTP_OK, NULL);
    asynchttp_promise_free(promise);
}
END_TEST

START_TEST(test_data_before_and_after_done)
{
    int first;
    int second;
    asynchttp_promise *promise = held("data");
    ck_assert_int_eq(asynchttp_promise_set_data(promise, &first, NULL), ASYNCHTTP_OK);
    origin_number("/release/data/1");
    ck_data(promise, ASYNCHTTP_OK, &first);
    ck_assert_int_eq(asynchttp_promise_set_data(promise, &second, NULL), ASYNCHTTP_OK);
    ck_data(promise, ASYNCHTTP_OK, &second);
    asynchttp_promise_free(promise);
}
END_TEST

START_TEST(test_data_beside_an_error)
{
    int attached;
    asynchttp_promise *promise = get(origin_url("/raw?close"));
    ck_assert_int_eq(asynchttp_promise_set_data(promise, &attached, NULL), ASYNCHTTP_OK);
    ck_data(promise, ASYNCHTTP_E_CONNECTION_LOST, &attached);
    asynchttp_promise_free(promise);
}
END_TEST

START_TEST(test_data_is_released_when_replaced_and_at_the_end)
{
    attachment first;
    attachment second;
    init_attachment(&first);
    init_attachment(&second);
    asynchttp_promise *promise = get(origin_url("/hello"));
    asynchttp_promise_set_data(promise, &first, release_attachment);
    ck_assert_int_eq(asynchttp_promise_wait(promise), ASYNCHTTP_OK);
    ck_assert_int_eq(first.times, 0);
    asynchttp_promise_set_data(promise, &second, release_attachment);
    ck_assert_int_eq(first.times, 1);
    ck_assert_int_eq(second.times, 0);
    /* The request's thread may be about to let go of the promise: whoever is last releases. */
    asynchttp_promise_free(promise);
    sem_wait(&second.released);
    asynchttp_http_free(http);
    http = NULL;
    ck_assert_int_eq(first.times, 1);
    ck_assert_int_eq(second.times, 1);
}
END_TEST

START_TEST(test_data_is_released_when_taken_away)
{
    attachment attached;
    init_attachment(&attached);
    asynchttp_promise *promise = get(origin_url("/hello"));
    asynchttp_promise_set_data(promise, &attached, release_attachment);
    asynchttp_promise_set_data(promise, NULL, NULL);
    ck_assert_int_eq(attached.times, 1);
    ck_data(promise, ASYNCHTTP_OK, NULL);
    asynchttp_promise_free(promise);
    ck_assert_int_eq(attached.times, 1);
}
END_TEST

START_TEST(test_data_outlives_a_promise_that_was_freed_first)
{
    attachment attached;
    init_attachment(&attached);
    asynchttp_promise *promise = held("data-freed");
    asynchttp_promise_set_data(promise, &attached, release_attachment);
    asynchttp_promise_free(promise);
    ck_assert_int_eq(sem_trywait(&attached.released), -1);
    origin_number("/release/data-freed/1");
    sem_wait(&attached.released);
    asynchttp_http_free(http);
    http = NULL;
    ck_assert_int_eq(attached.times, 1);
}
END_TEST

/* ---- Changing the content ------------------------------------------------------------------ */

START_TEST(test_set_content)
{
    const void *content;
    size_t length;
    asynchttp_promise *promise = get(origin_url("/hello"));
    ck_assert_int_eq(asynchttp_promise_wait(promise), ASYNCHTTP_OK);
    ck_assert_int_eq(asynchttp_promise_set_content(promise, "a\0b", 3), ASYNCHTTP_OK);
    ck_assert_int_eq(asynchttp_promise_content(promise, &content, &length), ASYNCHTTP_OK);
    ck_assert_uint_eq(length, 3);
    ck_assert_mem_eq(content, "a\0b", 4);
    ck_assert_int_eq(asynchttp_promise_set_content(promise, "", 0), ASYNCHTTP_OK);
    ck_content(promise, ASYNCHTTP_OK, "");
    asynchttp_promise_free(promise);
}
END_TEST

START_TEST(test_set_content_to_a_part_of_itself)
{
    const void *content;
    asynchttp_promise *promise = get(origin_url("/hold/part"));
    origin_await(1, "/held/part");
    origin_number("/release/part/1");
    ck_assert_int_eq(asynchttp_promise_content(promise, &content, NULL), ASYNCHTTP_OK);
    ck_assert_int_eq(asynchttp_promise_set_content(promise, (const char *)content + 2, 4), ASYNCHTTP_OK);
    ck_content(promise, ASYNCHTTP_OK, "leas");
    asynchttp_promise_free(promise);
}
END_TEST

START_TEST(test_set_content_too_early)
{
    asynchttp_promise *promise = held("set-early");
    ck_assert_int_eq(asynchttp_promise_set_content(promise, "early", 5), ASYNCHTTP_E_PENDING);
    origin_number("/release/set-early/1");
    ck_content(promise, ASYNCHTTP_OK, "released\n");
    asynchttp_promise_free(promise);
}
END_TEST

START_TEST(test_set_content_beside_an_error)
{
    asynchttp_promise *promise = get("/relative");
    ck_assert_int_eq(asynchttp_promise_set_content(promise, "instead", 7), ASYNCHTTP_OK);
    ck_content(promise, ASYNCHTTP_E_RELATIVE_URI, "instead");
    asynchttp_promise_free(promise);
}
END_TEST

/* ---- Cancelling ---------------------------------------------------------------------------- */

static void ck_cancelled(asynchttp_promise *promise)
{
    asynchttp_response *response = NULL;
    ck_assert_int_eq(asynchttp_promise_wait(promise), ASYNCHTTP_E_CANCELLED);
    ck_assert_int_eq(asynchttp_promise_response(promise, &response), ASYNCHTTP_E_CANCELLED);
    ck_assert_ptr_null(response);
    ck_content(promise, ASYNCHTTP_E_CANCELLED, "");
    ck_assert_int_eq(asynchttp_promise_curl_error(promise), 0);
    ck_assert_ptr_nonnull(strstr(asynchttp_promise_error_message(promise), "cancelled"));
}

START_TEST(test_cancel_queued)
{
    asynchttp_http_set_max_workers(http, 1);
    asynchttp_promise *first = held("cancel-queued");
    asynchttp_promise *cancelled = get(origin_url("/count/cancel-queued"));
    asynchttp_promise *last = get(origin_url("/hello"));
    asynchttp_promise_cancel(cancelled);
    ck_cancelled(cancelled);
    ck_assert(!asynchttp_promise_done(first));
    origin_number("/release/cancel-queued/1");
    ck_assert_int_eq(asynchttp_promise_wait(first), ASYNCHTTP_OK);
    ck_assert_int_eq(asynchttp_promise_wait(last), ASYNCHTTP_OK);
    ck_assert_int_eq(origin_number("/counted/cancel-queued"), 0);
    free_all((asynchttp_promise *[]){first, cancelled, last}, 3);
}
END_TEST

START_TEST(test_cancel_in_flight)
{
    asynchttp_http_set_max_workers(http, 1);
    asynchttp_promise *promise = held("cancel-flight");
    asynchttp_promise_cancel(promise);
    ck_cancelled(promise);
    /* The origin sees that nobody waits for the answer any more. */
    origin_await(0, "/held/cancel-flight");
    asynchttp_promise *next = get(origin_url("/hello"));
    ck_assert_int_eq(asynchttp_promise_wait(next), ASYNCHTTP_OK);
    free_all((asynchttp_promise *[]){promise, next}, 2);
}
END_TEST

START_TEST(test_cancel_one_of_several_in_flight_on_one_worker)
{
    asynchttp_http_set_max_workers(http, 1);
    asynchttp_http_set_transfers_per_worker(http, 3);
    asynchttp_promise *promises[3];
    for (int i = 0; i < 3; i++)
        promises[i] = get(origin_url("/hold/cancel-several"));
    origin_await(3, "/held/cancel-several");
    asynchttp_promise_cancel(promises[1]);
    ck_cancelled(promises[1]);
    origin_await(2, "/held/cancel-several");
    ck_assert(!asynchttp_promise_done(promises[0]));
    ck_assert(!asynchttp_promise_done(promises[2]));
    origin_number("/release/cancel-several/2");
    ck_assert_int_eq(asynchttp_promise_wait(promises[0]), ASYNCHTTP_OK);
    ck_assert_int_eq(asynchttp_promise_wait(promises[2]), ASYNCHTTP_OK);
    free_all(promises, 3);
}
END_TEST

START_TEST(test_cancel_done)
{
    asynchttp_promise *promise = get(origin_url("/bytes/3"));
    ck_assert_int_eq(asynchttp_promise_wait(promise), ASYNCHTTP_OK);
    asynchttp_promise_cancel(promise);
    ck_assert_int_eq(asynchttp_promise_wait(promise), ASYNCHTTP_OK);
    ck_status(promise, 200);
    asynchttp_promise_free(promise);
}
END_TEST

START_TEST(test_cancel_twice)
{
    asynchttp_http_set_max_workers(http, 1);
    asynchttp_promise *first = held("cancel-twice");
    asynchttp_promise *queued = get(origin_url("/hello"));
    for (int i = 0; i < 2; i++) {
        asynchttp_promise_cancel(queued);
        asynchttp_promise_cancel(first);
    }
    ck_cancelled(first);
    ck_cancelled(queued);
    asynchttp_promise_cancel(first);
    asynchttp_promise_cancel(queued);
    ck_cancelled(first);
    ck_cancelled(queued);
    free_all((asynchttp_promise *[]){first, queued}, 2);
}
END_TEST

START_TEST(test_cancel_bad_argument)
{
    asynchttp_promise *promise = get("/relative");
    asynchttp_promise_cancel(promise);
    ck_assert_int_eq(asynchttp_promise_wait(promise), ASYNCHTTP_E_RELATIVE_URI);
    asynchttp_promise_free(promise);
}
END_TEST

START_TEST(test_cancel_after_the_client_was_freed)
{
    asynchttp_promise *promise = held("cancel-orphan");
    asynchttp_http_free(http);
    http = NULL;
    asynchttp_promise_cancel(promise);
    ck_cancelled(promise);
    asynchttp_promise_free(promise);
}
END_TEST

static void *cancel(void *promise)
{
    asynchttp_promise_cancel(promise);
    return NULL;
}

START_TEST(test_cancel_from_another_thread)
{
    pthread_t thread;
    asynchttp_promise *promise = held("cancel-thread");
    ck_assert_int_eq(pthread_create(&thread, NULL, cancel, promise), 0);
    ck_cancelled(promise);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    asynchttp_promise_free(promise);
}
END_TEST

/* Wherever the request is at that moment, it ends once, in one of two ways. */
START_TEST(test_cancel_races_with_the_answer)
{
    for (int i = 0; i < 200; i++) {
        pthread_t thread;
        asynchttp_promise *promise = get(origin_url("/hello"));
        ck_assert_int_eq(pthread_create(&thread, NULL, cancel, promise), 0);
        asynchttp_code code = asynchttp_promise_wait(promise);
        ck_assert(code == ASYNCHTTP_OK || code == ASYNCHTTP_E_CANCELLED);
        ck_assert_int_eq(pthread_join(thread, NULL), 0);
        ck_assert_int_eq(asynchttp_promise_wait(promise), code);
        asynchttp_promise_free(promise);
    }
}
END_TEST

/* ---- Freeing ------------------------------------------------------------------------------- */

START_TEST(test_free_of_nothing)
{
    asynchttp_promise_free(NULL);
}
END_TEST

START_TEST(test_free_of_a_queued_one_lets_the_request_go_on)
{
    asynchttp_http_set_max_workers(http, 1);
    asynchttp_promise *first = held("free-queued");
    asynchttp_promise_free(get(origin_url("/count/free-queued")));
    ck_assert_int_eq(origin_number("/counted/free-queued"), 0);
    origin_number("/release/free-queued/1");
    origin_await(1, "/counted/free-queued");
    asynchttp_promise_free(first);
}
END_TEST

START_TEST(test_free_of_one_in_flight_lets_the_request_go_on)
{
    asynchttp_http_set_max_workers(http, 1);
    asynchttp_promise_free(held("free-flight"));
    /* The next one waits for the same worker, so it says when the first is over. */
    asynchttp_promise *next = get(origin_url("/hello"));
    ck_assert_int_eq(origin_number("/held/free-flight"), 1);
    ck_assert_int_eq(origin_number("/release/free-flight/1"), 1);
    ck_assert_int_eq(asynchttp_promise_wait(next), ASYNCHTTP_OK);
    asynchttp_promise_free(next);
}
END_TEST

START_TEST(test_promises_outlive_their_client)
{
    asynchttp_promise *good = get(origin_url("/bytes/4"));
    asynchttp_promise *bad = get(origin_url("/raw?close"));
    asynchttp_wait_all((asynchttp_promise *[]){good, bad}, 2, -1);
    asynchttp_promise *undone = held("outlive");
    asynchttp_http_free(http);
    http = NULL;
    ck_status(good, 200);
    ck_assert_int_eq(asynchttp_promise_error(bad), ASYNCHTTP_E_CONNECTION_LOST);
    ck_assert_ptr_nonnull(strstr(asynchttp_promise_error_message(bad), "127.0.0.1"));
    ck_assert(asynchttp_promise_done(undone));
    ck_cancelled(undone);
    free_all((asynchttp_promise *[]){good, bad, undone}, 3);
}
END_TEST

/* ---- Several ------------------------------------------------------------------------------- */

START_TEST(test_wait_any_gives_the_first_and_passes_over_nulls)
{
    size_t index = 99;
    asynchttp_promise *waiting = held("any-first");
    asynchttp_promise *good = get(origin_url("/hello"));
    asynchttp_promise *bad = get("/relative");
    ck_assert_int_eq(asynchttp_promise_wait(good), ASYNCHTTP_OK);
    asynchttp_promise *promises[] = {NULL, waiting, bad, NULL, good};
    ck_assert_int_eq(asynchttp_wait_any(promises, 5, -1, &index), ASYNCHTTP_OK);
    ck_assert_uint_eq(index, 2);
    promises[2] = NULL;
    ck_assert_int_eq(asynchttp_wait_any(promises, 5, 0, &index), ASYNCHTTP_OK);
    ck_assert_uint_eq(index, 4);
    ck_assert_int_eq(asynchttp_wait_any(promises, 5, 0, NULL), ASYNCHTTP_OK);
    origin_number("/release/any-first/1");
    free_all((asynchttp_promise *[]){waiting, good, bad}, 3);
}
END_TEST

START_TEST(test_wait_any_waits_for_whichever_is_first)
{
    size_t index = 99;
    asynchttp_promise *promises[] = {held("any-0"), NULL, held("any-2"), held("any-3")};
    origin_number("/release/any-3/1");
    ck_assert_int_eq(asynchttp_wait_any(promises, 4, -1, &index), ASYNCHTTP_OK);
    ck_assert_uint_eq(index, 3);
    asynchttp_promise_free(promises[3]);
    promises[3] = NULL;
    origin_number("/release/any-0/1");
    ck_assert_int_eq(asynchttp_wait_any(promises, 4, 60, &index), ASYNCHTTP_OK);
    ck_assert_uint_eq(index, 0);
    origin_number("/release/any-2/1");
    free_all(promises, 4);
}
END_TEST

START_TEST(test_wait_any_runs_out)
{
    size_t index = 99;
    asynchttp_promise *promises[] = {held("any-out-0"), held("any-out-1")};
    ck_assert_int_eq(asynchttp_wait_any(promises, 2, 0, &index), ASYNCHTTP_E_PENDING);
    ck_assert_int_eq(asynchttp_wait_any(promises, 2, 0.02, &index), ASYNCHTTP_E_PENDING);
    ck_assert_uint_eq(index, 99);
    free_all(promises, 2);
}
END_TEST

START_TEST(test_wait_any_for_nothing)
{
    asynchttp_promise *promises[] = {NULL, NULL};
    ck_assert_int_eq(asynchttp_wait_any(promises, 2, -1, NULL), ASYNCHTTP_E_INVALID_ARGUMENT);
    ck_assert_int_eq(asynchttp_wait_any(promises, 0, -1, NULL), ASYNCHTTP_E_INVALID_ARGUMENT);
    ck_assert_int_eq(asynchttp_wait_any(promises, 2, 0, NULL), ASYNCHTTP_E_INVALID_ARGUMENT);
}
END_TEST

START_TEST(test_wait_for_several_for_what_is_not_a_number)
{
    asynchttp_promise *promise = get("/relative");
    ck_assert_int_eq(asynchttp_wait_any(&promise, 1, NAN, NULL), ASYNCHTTP_E_INVALID_ARGUMENT);
    ck_assert_int_eq(asynchttp_wait_all(&promise, 1, NAN), ASYNCHTTP_E_INVALID_ARGUMENT);
    asynchttp_promise_free(promise);
}
END_TEST

START_TEST(test_several_clients)
{
    size_t index = 99;
    asynchttp_http *other = made();
    asynchttp_promise *promises[] = {held("clients"), asynchttp_http_request(other, origin_url("/hold/others"), NULL)};
    ck_assert_ptr_nonnull(promises[1]);
    origin_await(1, "/held/others");
    ck_assert_int_eq(asynchttp_wait_any(promises, 2, 0, NULL), ASYNCHTTP_E_PENDING);
    origin_number("/release/others/1");
    ck_assert_int_eq(asynchttp_wait_any(promises, 2, -1, &index), ASYNCHTTP_OK);
    ck_assert_uint_eq(index, 1);
    ck_assert_int_eq(asynchttp_wait_all(promises, 2, 0), ASYNCHTTP_E_PENDING);
    origin_number("/release/clients/1");
    ck_assert_int_eq(asynchttp_wait_all(promises, 2, -1), ASYNCHTTP_OK);
    asynchttp_http_free(other);
    free_all(promises, 2);
}
END_TEST

START_TEST(test_wait_all)
{
    asynchttp_promise *promises[] = {get(origin_url("/gate/all/3")), NULL, get(origin_url("/raw?sleep=20&close")),
                                     get(origin_url("/gate/all/3")), get(origin_url("/gate/all/3"))};
    ck_assert_int_eq(asynchttp_wait_all(promises, 5, -1), ASYNCHTTP_OK);
    for (int i = 0; i < 5; i++)
        ck_assert(!promises[i] || asynchttp_promise_done(promises[i]));
    ck_assert_int_eq(asynchttp_promise_error(promises[2]), ASYNCHTTP_E_CONNECTION_LOST);
    ck_assert_int_eq(asynchttp_wait_all(promises, 5, 0), ASYNCHTTP_OK);
    free_all(promises, 5);
}
END_TEST

START_TEST(test_wait_all_runs_out_while_one_is_left)
{
    asynchttp_promise *promises[] = {get(origin_url("/hello")), held("all-out"), get("/relative")};
    ck_assert_int_eq(asynchttp_promise_wait(promises[0]), ASYNCHTTP_OK);
    ck_assert_int_eq(asynchttp_wait_all(promises, 3, 0), ASYNCHTTP_E_PENDING);
    ck_assert_int_eq(asynchttp_wait_all(promises, 3, 0.02), ASYNCHTTP_E_PENDING);
    origin_number("/release/all-out/1");
    ck_assert_int_eq(asynchttp_wait_all(promises, 3, -1), ASYNCHTTP_OK);
    free_all(promises, 3);
}
END_TEST

START_TEST(test_wait_all_for_nothing)
{
    asynchttp_promise *promises[] = {NULL, NULL};
    ck_assert_int_eq(asynchttp_wait_all(promises, 2, -1), ASYNCHTTP_OK);
    ck_assert_int_eq(asynchttp_wait_all(promises, 2, 0), ASYNCHTTP_OK);
    ck_assert_int_eq(asynchttp_wait_all(promises, 0, -1), ASYNCHTTP_OK);
}
END_TEST

START_TEST(test_the_same_promise_twice)
{
    asynchttp_promise *promise = get(origin_url("/delay/30"));
    asynchttp_promise *promises[] = {promise, promise};
    size_t index = 99;
    ck_assert_int_eq(asynchttp_wait_any(promises, 2, -1, &index), ASYNCHTTP_OK);
    ck_assert_uint_eq(index, 0);
    ck_assert_int_eq(asynchttp_wait_all(promises, 2, -1), ASYNCHTTP_OK);
    asynchttp_promise_free(promise);
}
END_TEST

/* How many requests can be in flight together, out of a thousand. */
static size_t many(void)
{
    struct rlimit limit;
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = limit.rlim_max;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    return small() || limit.rlim_cur < 1100 ? 100 : 1000;
}

/* The loop that wait_any is made for. */
START_TEST(test_wait_any_strikes_out_a_thousand_in_the_order_of_their_end)
{
    size_t count = many();
    asynchttp_promise **promises = calloc(count, sizeof(*promises));
    ck_assert_ptr_nonnull(promises);
    asynchttp_http_set_max_workers(http, 2);
    asynchttp_http_set_transfers_per_worker(http, 1000);
    for (size_t i = 0; i < count; i++)
        promises[i] = get(origin_url("/hold/strike-%zu", i));
    for (size_t i = 0; i < count; i++) {
        /* 7 has no divisor in common with the count: every one comes once. */
        size_t next = (i * 7 + 3) % count;
        size_t index = count;
        origin_await(1, "/held/strike-%zu", next);
        origin_number("/release/strike-%zu/1", next);
        ck_assert_int_eq(asynchttp_wait_any(promises, count, -1, &index), ASYNCHTTP_OK);
        ck_assert_uint_eq(index, next);
        asynchttp_promise_free(promises[index]);
        promises[index] = NULL;
    }
    ck_assert_int_eq(asynchttp_wait_any(promises, count, -1, NULL), ASYNCHTTP_E_INVALID_ARGUMENT);
    free(promises);
}
END_TEST

typedef struct group {
    pthread_t thread;
    asynchttp_promise *const *promises;
    bool all;
    asynchttp_code code;
} group;

static void *wait_for_group(void *data)
{
    group *self = data;
    self->code =
        self->all ? asynchttp_wait_all(self->promises, 20, -1) : asynchttp_wait_any(self->promises, 20, -1, NULL);
    return NULL;
}

START_TEST(test_many_threads_wait_for_the_same_ones)
{
    asynchttp_promise *promises[20];
    group groups[8];
    asynchttp_http_set_max_workers(http, 20);
    for (int i = 0; i < 20; i++)
        promises[i] = get(origin_url("/hold/groups"));
    origin_await(20, "/held/groups");
    for (int i = 0; i < COUNT(groups); i++) {
        groups[i] = (group){.promises = promises, .all = i % 2, .code = ASYNCHTTP_E_PENDING};
        ck_assert_int_eq(pthread_create(&groups[i].thread, NULL, wait_for_group, &groups[i]), 0);
    }
    for (int i = 0; i < 20; i++)
        origin_number("/release/groups/1");
    for (int i = 0; i < COUNT(groups); i++) {
        ck_assert_int_eq(pthread_join(groups[i].thread, NULL), 0);
        ck_assert_int_eq(groups[i].code, ASYNCHTTP_OK);
    }
    free_all(promises, 20);
}
END_TEST

/* ---- The suite ----------------------------------------------------------------------------- */

static TCase *add_case(Suite *suite, const char *name)
{
    TCase *tcase = tcase_create(name);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, TIMEOUT);
    suite_add_tcase(suite, tcase);
    return tcase;
}

static void add_waiting_tests(TCase *tcase)
{
    tcase_add_test(tcase, test_done_does_not_block);
    tcase_add_test(tcase, test_wait_for_no_time);
    tcase_add_test(tcase, test_wait_for_runs_out);
    tcase_add_loop_test(tcase, test_wait_for_any_time, 0, COUNT(unlimited));
    tcase_add_test(tcase, test_wait_for_what_is_not_a_number);
    tcase_add_test(tcase, test_many_threads_wait_for_one);
}

static void add_reading_tests(TCase *tcase)
{
    tcase_add_loop_test(tcase, test_accessor_blocks_and_gives_the_error_each_time, 0, COUNT(readers));
    tcase_add_test(tcase, test_success);
    tcase_add_test(tcase, test_success_without_content);
    tcase_add_test(tcase, test_failure);
    tcase_add_test(tcase, test_bad_argument_is_done_at_once);
    tcase_add_test(tcase, test_function_behind_the_macro);
}

static void add_changing_tests(TCase *tcase)
{
    tcase_add_test(tcase, test_no_data);
    tcase_add_test(tcase, test_data_before_and_after_done);
    tcase_add_test(tcase, test_data_beside_an_error);
    tcase_add_test(tcase, test_data_is_released_when_replaced_and_at_the_end);
    tcase_add_test(tcase, test_data_is_released_when_taken_away);
    tcase_add_test(tcase, test_data_outlives_a_promise_that_was_freed_first);
    tcase_add_test(tcase, test_set_content);
    tcase_add_test(tcase, test_set_content_to_a_part_of_itself);
    tcase_add_test(tcase, test_set_content_too_early);
    tcase_add_test(tcase, test_set_content_beside_an_error);
}

static void add_cancelling_tests(TCase *tcase)
{
    tcase_add_test(tcase, test_cancel_queued);
    tcase_add_test(tcase, test_cancel_in_flight);
    tcase_add_test(tcase, test_cancel_one_of_several_in_flight_on_one_worker);
    tcase_add_test(tcase, test_cancel_done);
    tcase_add_test(tcase, test_cancel_twice);
    tcase_add_test(tcase, test_cancel_bad_argument);
    tcase_add_test(tcase, test_cancel_after_the_client_was_freed);
    tcase_add_test(tcase, test_cancel_from_another_thread);
    tcase_add_test(tcase, test_cancel_races_with_the_answer);
}

static void add_freeing_tests(TCase *tcase)
{
    tcase_add_test(tcase, test_free_of_nothing);
    tcase_add_test(tcase, test_free_of_a_queued_one_lets_the_request_go_on);
    tcase_add_test(tcase, test_free_of_one_in_flight_lets_the_request_go_on);
    tcase_add_test(tcase, test_promises_outlive_their_client);
}

static void add_several_tests(TCase *tcase)
{
    tcase_add_test(tcase, test_wait_any_gives_the_first_and_passes_over_nulls);
    tcase_add_test(tcase, test_wait_any_waits_for_whichever_is_first);
    tcase_add_test(tcase, test_wait_any_runs_out);
    tcase_add_test(tcase, test_wait_any_for_nothing);
    tcase_add_test(tcase, test_wait_for_several_for_what_is_not_a_number);
    tcase_add_test(tcase, test_several_clients);
    tcase_add_test(tcase, test_wait_all);
    tcase_add_test(tcase, test_wait_all_runs_out_while_one_is_left);
    tcase_add_test(tcase, test_wait_all_for_nothing);
    tcase_add_test(tcase, test_the_same_promise_twice);
    tcase_add_test(tcase, test_wait_any_strikes_out_a_thousand_in_the_order_of_their_end);
    tcase_add_test(tcase, test_many_threads_wait_for_the_same_ones);
}

Suite *promise_suite(void)
{
    Suite *suite = suite_create("promise");
    add_waiting_tests(add_case(suite, "waiting"));
    add_reading_tests(add_case(suite, "reading"));
    add_changing_tests(add_case(suite, "changing"));
    add_cancelling_tests(add_case(suite, "cancelling"));
    add_freeing_tests(add_case(suite, "freeing"));
    add_several_tests(add_case(suite, "several"));
    return suite;
}
