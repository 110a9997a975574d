/*
 * Tests of the callbacks of requests: when and where they run, what they change, and what may be done in them.
 *
 * What a callback finds is noted there and asserted by the test, on its own thread.
 */
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "asynchttp.h"
#include "fixture.h"
#include "suites.h"
#include "threads.h"

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
    settle_threads();
    http = made();
}

static void tear_down(void)
{
    asynchttp_http_free(http);
}

static asynchttp_promise *get(const char *url, asynchttp_callback *callback, void *data)
{
    asynchttp_promise *promise =
        asynchttp_http_request(http, url, ASYNCHTTP_REQUEST(.callback = callback, .callback_data = data));
    ck_assert_ptr_nonnull(promise);
    return promise;
}

/* A request without a callback that is held at the place, and has arrived there. */
static asynchttp_promise *held(const char *place)
{
    asynchttp_promise *promise = get(origin_url("/hold/%s", place), NULL, NULL);
    origin_await(1, "/held/%s", place);
    return promise;
}

static void free_all(asynchttp_promise **promises, size_t count)
{
    for (size_t i = 0; i < count; i++)
        asynchttp_promise_free(promises[i]);
}

static void wait_on(sem_t *semaphore)
{
    while (sem_wait(semaphore) != 0)
        ck_assert_int_eq(errno, EINTR);
}

static void init_semaphore(sem_t *semaphore)
{
    ck_assert_int_eq(sem_init(semaphore, 0, 0), 0);
}

/* ---- When and where ------------------------------------------------------------------------ */

/* What a callback has seen. */
typedef struct seen {
    pthread_t thread;
    asynchttp_promise *promise;
    asynchttp_code code;
    int status;
    int times;
    int result;
} seen;

static int see(asynchttp_promise *promise, void *data)
{
    seen *self = data;
    asynchttp_response *response = NULL;
    self->times++;
    self->thread = pthread_self();
    self->promise = promise;
    self->code = asynchttp_promise_response(promise, &response);
    self->status = response ? asynchttp_response_status(response) : 0;
    return self->result;
}

START_TEST(test_runs_on_another_thread_with_the_outcome)
{
    seen one = {0};
    asynchttp_promise *promise = get(origin_url("/status/404"), see, &one);
    ck_assert_int_eq(asynchttp_promise_wait(promise), ASYNCHTTP_OK);
    ck_assert_int_eq(one.times, 1);
    ck_assert(!pthread_equal(one.thread, pthread_self()));
    ck_assert_ptr_eq(one.promise, promise);
    ck_assert_int_eq(one.code, ASYNCHTTP_OK);
    ck_assert_int_eq(one.status, 404);
    asynchttp_promise_free(promise);
}
END_TEST

/* A callback that stays until it is let go. */
typedef struct stay {
    sem_t entered;
    sem_t go;
    int left;
} stay;

static void init_stay(stay *self)
{
    self->left = 0;
    init_semaphore(&self->entered);
    init_semaphore(&self->go);
}

static int stay_until_let_go(asynchttp_promise *promise, void *data)
{
    stay *self = data;
    (void)promise;
    sem_post(&self->entered);
    while (sem_wait(&self->go) != 0)
        ;
    self->left = 1;
    return 0;
}

START_TEST(test_runs_before_the_promise_is_done_for_others)
{
    stay one;
    init_stay(&one);
    asynchttp_promise *promise = get(origin_url("/hello"), stay_until_let_go, &one);
    wait_on(&one.entered);
    ck_assert(!asynchttp_promise_done(promise));
    ck_assert_int_eq(asynchttp_promise_wait_for(promise, 0), ASYNCHTTP_E_PENDING);
    ck_assert_int_eq(asynchttp_promise_wait_for(promise, 0.02), ASYNCHTTP_E_PENDING);
    ck_assert_int_eq(asynchttp_wait_any(&promise, 1, 0, NULL), ASYNCHTTP_E_PENDING);
    ck_assert_int_eq(asynchttp_wait_all(&promise, 1, 0), ASYNCHTTP_E_PENDING);
    ck_assert_int_eq(asynchttp_promise_set_content(promise, "", 0), ASYNCHTTP_E_PENDING);
    sem_post(&one.go);
    ck_assert_int_eq(asynchttp_promise_wait(promise), ASYNCHTTP_OK);
    ck_assert_int_eq(one.left, 1);
    asynchttp_promise_free(promise);
}
END_TEST

START_TEST(test_cancel_comes_too_late_for_a_request_whose_callback_runs)
{
    stay one;
    init_stay(&one);
    asynchttp_promise *promise = get(origin_url("/hello"), stay_until_let_go, &one);
    wait_on(&one.entered);
    asynchttp_promise_cancel(promise);
    sem_post(&one.go);
    ck_assert_int_eq(asynchttp_promise_wait(promise), ASYNCHTTP_OK);
    asynchttp_promise_free(promise);
}
END_TEST

START_TEST(test_other_workers_go_on_while_a_callback_runs)
{
    stay one;
    init_stay(&one);
    asynchttp_http_set_max_workers(http, 2);
    asynchttp_promise *promise = get(origin_url("/hello"), stay_until_let_go, &one);
    wait_on(&one.entered);
    asynchttp_promise *other = get(origin_url("/hello"), NULL, NULL);
    ck_assert_int_eq(asynchttp_promise_wait(other), ASYNCHTTP_OK);
    ck_assert(!asynchttp_promise_done(promise));
    sem_post(&one.go);
    ck_assert_int_eq(asynchttp_promise_wait(promise), ASYNCHTTP_OK);
    free_all((asynchttp_promise *[]){promise, other}, 2);
}
END_TEST

/* What is wrong before anything was sent, and what is wrong afterwards. */
static const struct failure_case {
    const char *url;
    const char *path;
    asynchttp_code code;
} failure_cases[] = {
    {"/relative", NULL, ASYNCHTTP_E_RELATIVE_URI},
    {"http://name:password@127.0.0.1/", NULL, ASYNCHTTP_E_INVALID_ARGUMENT},
    {NULL, "/raw?close", ASYNCHTTP_E_CONNECTION_LOST},
    {NULL, "/raw?send=nonsense%0d%0a%0d%0a&close", ASYNCHTTP_E_BAD_RESPONSE},
};

static const char *failure_url(const struct failure_case *failure)
{
    return failure->url ? failure->url : origin_url("%s", failure->path);
}

START_TEST(test_runs_after_a_failure)
{
    seen one = {0};
    asynchttp_promise *promise = get(failure_url(&failure_cases[_i]), see, &one);
    ck_assert_int_eq(asynchttp_promise_wait(promise), failure_cases[_i].code);
    ck_assert_int_eq(one.times, 1);
    ck_assert_int_eq(one.code, failure_cases[_i].code);
    ck_assert(!pthread_equal(one.thread, pthread_self()));
    asynchttp_promise_free(promise);
}
END_TEST

START_TEST(test_bad_argument_is_not_done_before_its_callback)
{
    stay first;
    seen second = {0};
    init_stay(&first);
    asynchttp_http_set_max_workers(http, 1);
    asynchttp_promise *good = get(origin_url("/hello"), stay_until_let_go, &first);
    wait_on(&first.entered);
    asynchttp_promise *bad = get("/relative", see, &second);
    ck_assert(!asynchttp_promise_done(bad));
    sem_post(&first.go);
    ck_assert_int_eq(asynchttp_promise_wait(bad), ASYNCHTTP_E_RELATIVE_URI);
    ck_assert_int_eq(second.times, 1);
    free_all((asynchttp_promise *[]){good, bad}, 2);
}
END_TEST

static int count_one(asynchttp_promise *promise, void *data)
{
    atomic_int *count = data;
    (void)promise;
    atomic_fetch_add(count, 1);
    return 0;
}

/* As many requests as workers can take, some of which end badly, some of which are cancelled wherever they are. */
START_TEST(test_runs_exactly_once_for_every_request)
{
    enum { REQUESTS = 500 };
    static atomic_int counts[REQUESTS];
    asynchttp_promise *promises[REQUESTS];
    static const char *const paths[] = {"/hello", "/raw?close", "/bytes/3", "/delay/1"};
    asynchttp_http_set_transfers_per_worker(http, 10);
    for (int i = 0; i < REQUESTS; i++) {
        promises[i] = get(i % 7 ? origin_url("%s", paths[i % COUNT(paths)]) : "/relative", count_one, &counts[i]);
        if (i % 5 == 0)
            asynchttp_promise_cancel(promises[i / 2]);
    }
    ck_assert_int_eq(asynchttp_wait_all(promises, REQUESTS, -1), ASYNCHTTP_OK);
    asynchttp_http_free(http);
    http = NULL;
    for (int i = 0; i < REQUESTS; i++)
        ck_assert_int_eq(atomic_load(&counts[i]), 1);
    free_all(promises, REQUESTS);
}
END_TEST

START_TEST(test_runs_for_a_queued_request_that_is_cancelled)
{
    seen one = {0};
    asynchttp_http_set_max_workers(http, 1);
    asynchttp_promise *first = held("callback-cancel");
    asynchttp_promise *queued = get(origin_url("/count/callback-cancel"), see, &one);
    asynchttp_promise_cancel(queued);
    asynchttp_promise_cancel(queued);
    /* Its callback does not wait until the worker has room. */
    ck_assert_int_eq(asynchttp_promise_wait(queued), ASYNCHTTP_E_CANCELLED);
    ck_assert_int_eq(one.times, 1);
    ck_assert_int_eq(one.code, ASYNCHTTP_E_CANCELLED);
    ck_assert(!pthread_equal(one.thread, pthread_self()));
    ck_assert(!asynchttp_promise_done(first));
    ck_assert_int_eq(origin_number("/counted/callback-cancel"), 0);
    free_all((asynchttp_promise *[]){first, queued}, 2);
}
END_TEST

START_TEST(test_runs_for_a_request_in_flight_that_is_cancelled)
{
    seen one = {0};
    asynchttp_promise *promise = get(origin_url("/hold/callback-flight"), see, &one);
    origin_await(1, "/held/callback-flight");
    asynchttp_promise_cancel(promise);
    ck_assert_int_eq(asynchttp_promise_wait(promise), ASYNCHTTP_E_CANCELLED);
    ck_assert_int_eq(one.times, 1);
    ck_assert_int_eq(one.code, ASYNCHTTP_E_CANCELLED);
    asynchttp_promise_free(promise);
}
END_TEST

static int post(asynchttp_promise *promise, void *data)
{
    (void)promise;
    sem_post(data);
    return 0;
}

START_TEST(test_runs_for_a_promise_that_was_freed)
{
    sem_t called;
    init_semaphore(&called);
    asynchttp_promise_free(get(origin_url("/delay/20"), post, &called));
    wait_on(&called);
    /* No worker uses the semaphore any more once they are joined. */
    asynchttp_http_free(http);
    http = NULL;
    sem_destroy(&called);
}
END_TEST

/* ---- What it returns and changes ----------------------------------------------------------- */

START_TEST(test_error_of_the_callback)
{
    seen one = {.result = 42};
    asynchttp_response *response = NULL;
    const void *content = NULL;
    asynchttp_promise *promise = get(origin_url("/hold/callback-error"), see, &one);
    origin_await(1, "/held/callback-error");
    origin_number("/release/callback-error/1");
    ck_assert_int_eq(asynchttp_promise_wait(promise), ASYNCHTTP_E_CALLBACK);
    ck_assert_int_eq(one.code, ASYNCHTTP_OK);
    ck_assert_int_eq(asynchttp_promise_response(promise, &response), ASYNCHTTP_E_CALLBACK);
    ck_assert_ptr_nonnull(response);
    ck_assert_int_eq(asynchttp_response_status(response), 200);
    ck_assert_int_eq(asynchttp_promise_content(promise, &content, NULL), ASYNCHTTP_E_CALLBACK);
    ck_assert_str_eq(content, "released\n");
    const char *message = asynchttp_promise_error_message(promise);
    ck_assert_msg(strstr(message, "42"), "what the callback returned is not in: %s", message);
    ck_assert_msg(strstr(message, "check_callback.c:"), "no place in: %s", message);
    ck_assert_int_eq(asynchttp_promise_curl_error(promise), 0);
    asynchttp_promise_free(promise);
}
END_TEST

START_TEST(test_first_error_stays)
{
    seen one = {.result = -1};
    asynchttp_promise *promise = get(failure_url(&failure_cases[_i]), see, &one);
    ck_assert_int_eq(asynchttp_promise_wait(promise), failure_cases[_i].code);
    ck_assert_int_eq(one.times, 1);
    asynchttp_promise_free(promise);
}
END_TEST

/* The test of the seed that this library grew from: the callback parses the content, and the caller gets the result. */
static int reverse(asynchttp_promise *promise, void *data)
{
    const void *content;
    size_t length;
    char reversed[16];
    (void)data;
    if (asynchttp_promise_content(promise, &content, &length) || length > sizeof(reversed))
        return 1;
    for (size_t i = 0; i < length; i++)
        reversed[i] = ((const char *)content)[length - 1 - i];
    return (int)asynchttp_promise_set_content(promise, reversed, length);
}

START_TEST(test_caller_gets_the_content_that_the_callback_made)
{
    const void *content;
    size_t length;
    asynchttp_promise *promise = asynchttp_http_request(
        http, origin_url("/echo"), ASYNCHTTP_REQUEST(.method = "POST", .body = "stressed", .callback = reverse));
    ck_assert_ptr_nonnull(promise);
    ck_assert_int_eq(asynchttp_promise_content(promise, &content, &length), ASYNCHTTP_OK);
    ck_assert_str_eq(content, "desserts");
    ck_assert_uint_eq(length, 8);
    asynchttp_promise_free(promise);
}
END_TEST

static int attach(asynchttp_promise *promise, void *data)
{
    asynchttp_promise_set_data(promise, data, NULL);
    return 0;
}

START_TEST(test_caller_gets_the_data_that_the_callback_attached)
{
    int attached;
    void *data = NULL;
    asynchttp_promise *promise = get(origin_url("/hello"), attach, &attached);
    ck_assert_int_eq(asynchttp_promise_data(promise, &data), ASYNCHTTP_OK);
    ck_assert_ptr_eq(data, &attached);
    asynchttp_promise_free(promise);
}
END_TEST

static int set_a_field(asynchttp_promise *promise, void *data)
{
    asynchttp_response *response;
    (void)data;
    if (asynchttp_promise_response(promise, &response))
        return 1;
    return (int)asynchttp_response_set(response, "X-Seen", "yes");
}

START_TEST(test_caller_gets_the_response_that_the_callback_changed)
{
    asynchttp_response *response;
    asynchttp_promise *promise = get(origin_url("/hello"), set_a_field, NULL);
    ck_assert_int_eq(asynchttp_promise_response(promise, &response), ASYNCHTTP_OK);
    ck_assert_str_eq(asynchttp_response_get(response, "x-seen"), "yes");
    asynchttp_promise_free(promise);
}
END_TEST

/* ---- What may be done in it ---------------------------------------------------------------- */

/* Requests one after the other, each made by the callback of the one before. */
typedef struct chain {
    asynchttp_http *http;
    const char *url;
    int left;
    int failed;
    sem_t end;
} chain;

static int make_the_next(asynchttp_promise *promise, void *data)
{
    chain *self = data;
    self->failed += asynchttp_promise_error(promise) != ASYNCHTTP_OK;
    asynchttp_promise_free(promise);
    if (--self->left > 0) {
        const asynchttp_request *request = ASYNCHTTP_REQUEST(.callback = make_the_next, .callback_data = self);
        if (asynchttp_http_request(self->http, self->url, request))
            return 0;
        self->failed++;
    }
    sem_post(&self->end);
    return 0;
}

START_TEST(test_requests_in_callbacks)
{
    chain one = {.http = http, .url = origin_url("/hello"), .left = 100};
    init_semaphore(&one.end);
    asynchttp_http_set_max_workers(http, (unsigned)_i);
    get(one.url, make_the_next, &one);
    wait_on(&one.end);
    asynchttp_http_free(http);
    http = NULL;
    ck_assert_int_eq(one.left, 0);
    ck_assert_int_eq(one.failed, 0);
}
END_TEST

typedef struct victims {
    /* The promises are there. */
    sem_t ready;
    asynchttp_promise *promises[4];
} victims;

static int cancel_all(asynchttp_promise *promise, void *data)
{
    victims *self = data;
    (void)promise;
    wait_on(&self->ready);
    /* Those that wait first, or they would take the place of the one in flight. */
    for (int i = COUNT(self->promises); i-- > 0;)
        asynchttp_promise_cancel(self->promises[i]);
    return 0;
}

/* The callback runs on one worker, something to cancel is in flight on the other, and the rest waits for both. */
START_TEST(test_cancelling_others)
{
    seen calls[4] = {0};
    victims all = {0};
    init_semaphore(&all.ready);
    asynchttp_http_set_max_workers(http, 2);
    asynchttp_promise *promise = get(origin_url("/hold/killer"), cancel_all, &all);
    origin_await(1, "/held/killer");
    all.promises[0] = get(origin_url("/hold/killer"), see, &calls[0]);
    origin_await(2, "/held/killer");
    all.promises[1] = get(origin_url("/count/killer"), see, &calls[1]);
    all.promises[2] = get(origin_url("/count/killer"), NULL, NULL);
    all.promises[3] = get(origin_url("/count/killer"), see, &calls[3]);
    sem_post(&all.ready);
    origin_number("/release/killer/1");
    ck_assert_int_eq(asynchttp_promise_wait(promise), ASYNCHTTP_OK);
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(asynchttp_promise_wait(all.promises[i]), ASYNCHTTP_E_CANCELLED);
        ck_assert_int_eq(calls[i].times, i == 2 ? 0 : 1);
    }
    ck_assert_int_eq(origin_number("/counted/killer"), 0);
    asynchttp_promise_free(promise);
    free_all(all.promises, 4);
}
END_TEST

static int cancel_itself(asynchttp_promise *promise, void *data)
{
    asynchttp_code *code = data;
    asynchttp_promise_cancel(promise);
    *code = asynchttp_promise_wait(promise);
    return 0;
}

START_TEST(test_cancelling_itself_comes_too_late)
{
    asynchttp_code code = ASYNCHTTP_E_CALLBACK;
    asynchttp_promise *promise = get(origin_url("/hello"), cancel_itself, &code);
    ck_assert_int_eq(asynchttp_promise_wait(promise), ASYNCHTTP_OK);
    ck_assert_int_eq(code, ASYNCHTTP_OK);
    asynchttp_promise_free(promise);
}
END_TEST

static int free_itself(asynchttp_promise *promise, void *data)
{
    asynchttp_promise_free(promise);
    sem_post(data);
    /* An error of a request that nobody holds. */
    return 1;
}

START_TEST(test_freeing_itself)
{
    sem_t freed;
    init_semaphore(&freed);
    for (int i = 0; i < 20; i++)
        get(i % 2 ? origin_url("/hello") : "/relative", free_itself, &freed);
    for (int i = 0; i < 20; i++)
        wait_on(&freed);
    ck_assert_int_eq(asynchttp_http_close(http), ASYNCHTTP_OK);
    sem_destroy(&freed);
}
END_TEST

/* What a callback gets that reads another promise in every way there is. */
typedef struct readings {
    /* The other one is there. */
    sem_t ready;
    asynchttp_promise *other;
    asynchttp_code wait;
    asynchttp_code wait_for;
    asynchttp_code wait_for_ever;
    asynchttp_code error;
    asynchttp_code response_code;
    asynchttp_response *response;
    asynchttp_code content_code;
    char content[32];
    size_t length;
    asynchttp_code data_code;
    void *data;
    char message[256];
    int curl_error;
    asynchttp_code any;
    asynchttp_code all;
    size_t index;
} readings;

static int read_another(asynchttp_promise *promise, void *data)
{
    readings *self = data;
    const void *content = NULL;
    (void)promise;
    wait_on(&self->ready);
    asynchttp_promise *both[] = {NULL, self->other};
    self->wait = asynchttp_promise_wait(self->other);
    self->wait_for = asynchttp_promise_wait_for(self->other, 0.01);
    self->wait_for_ever = asynchttp_promise_wait_for(self->other, -1);
    self->error = asynchttp_promise_error(self->other);
    self->response_code = asynchttp_promise_response(self->other, &self->response);
    self->content_code = asynchttp_promise_content(self->other, &content, &self->length);
    snprintf(self->content, sizeof(self->content), "%s", (const char *)content);
    self->data_code = asynchttp_promise_data(self->other, &self->data);
    snprintf(self->message, sizeof(self->message), "%s", asynchttp_promise_error_message(self->other));
    self->curl_error = asynchttp_promise_curl_error(self->other);
    self->any = asynchttp_wait_any(both, 2, -1, &self->index);
    self->all = asynchttp_wait_all(both, 2, -1);
    return 0;
}

/* The other request waits for the very worker that runs the callback. */
START_TEST(test_reading_what_is_not_done)
{
    readings read = {.response = (asynchttp_response *)(void *)&read, .data = &read, .index = 99};
    init_semaphore(&read.ready);
    asynchttp_http_set_max_workers(http, 1);
    asynchttp_promise *promise = get(origin_url("/hold/reader"), read_another, &read);
    origin_await(1, "/held/reader");
    read.other = get(origin_url("/hello"), NULL, NULL);
    sem_post(&read.ready);
    origin_number("/release/reader/1");
    ck_assert_int_eq(asynchttp_promise_wait(promise), ASYNCHTTP_OK);
    ck_assert_int_eq(read.wait, ASYNCHTTP_E_PENDING);
    ck_assert_int_eq(read.wait_for, ASYNCHTTP_E_PENDING);
    ck_assert_int_eq(read.wait_for_ever, ASYNCHTTP_E_PENDING);
    ck_assert_int_eq(read.error, ASYNCHTTP_E_PENDING);
    ck_assert_int_eq(read.response_code, ASYNCHTTP_E_PENDING);
    ck_assert_ptr_null(read.response);
    ck_assert_int_eq(read.content_code, ASYNCHTTP_E_PENDING);
    ck_assert_str_eq(read.content, "");
    ck_assert_uint_eq(read.length, 0);
    ck_assert_int_eq(read.data_code, ASYNCHTTP_E_PENDING);
    ck_assert_ptr_null(read.data);
    ck_assert_str_ne(read.message, "");
    ck_assert_int_eq(read.curl_error, 0);
    ck_assert_int_eq(read.any, ASYNCHTTP_E_PENDING);
    ck_assert_int_eq(read.all, ASYNCHTTP_E_PENDING);
    ck_assert_uint_eq(read.index, 99);
    ck_assert_int_eq(asynchttp_promise_wait(read.other), ASYNCHTTP_OK);
    free_all((asynchttp_promise *[]){promise, read.other}, 2);
}
END_TEST

START_TEST(test_reading_what_is_done)
{
    readings read = {.other = get(origin_url("/bytes/0"), NULL, NULL)};
    ck_assert_int_eq(asynchttp_promise_wait(read.other), ASYNCHTTP_OK);
    asynchttp_promise_set_content(read.other, "done", 4);
    asynchttp_promise_set_data(read.other, &read, NULL);
    init_semaphore(&read.ready);
    sem_post(&read.ready);
    asynchttp_promise *promise = get(origin_url("/hello"), read_another, &read);
    ck_assert_int_eq(asynchttp_promise_wait(promise), ASYNCHTTP_OK);
    ck_assert_int_eq(read.wait, ASYNCHTTP_OK);
    ck_assert_int_eq(read.wait_for, ASYNCHTTP_OK);
    ck_assert_int_eq(read.wait_for_ever, ASYNCHTTP_OK);
    ck_assert_int_eq(read.error, ASYNCHTTP_OK);
    ck_assert_int_eq(read.response_code, ASYNCHTTP_OK);
    ck_assert_ptr_nonnull(read.response);
    ck_assert_int_eq(read.content_code, ASYNCHTTP_OK);
    ck_assert_str_eq(read.content, "done");
    ck_assert_uint_eq(read.length, 4);
    ck_assert_int_eq(read.data_code, ASYNCHTTP_OK);
    ck_assert_ptr_eq(read.data, &read);
    ck_assert_str_eq(read.message, "");
    ck_assert_int_eq(read.any, ASYNCHTTP_OK);
    ck_assert_uint_eq(read.index, 1);
    ck_assert_int_eq(read.all, ASYNCHTTP_OK);
    free_all((asynchttp_promise *[]){promise, read.other}, 2);
}
END_TEST

/* Of another client too: its workers may wait for this one. */
START_TEST(test_reading_what_is_not_done_of_another_client)
{
    readings read = {.index = 99};
    asynchttp_http *other = made();
    read.other = asynchttp_http_request(other, origin_url("/hold/reader-other"), NULL);
    ck_assert_ptr_nonnull(read.other);
    init_semaphore(&read.ready);
    sem_post(&read.ready);
    asynchttp_promise *promise = get(origin_url("/hello"), read_another, &read);
    ck_assert_int_eq(asynchttp_promise_wait(promise), ASYNCHTTP_OK);
    ck_assert_int_eq(read.wait_for_ever, ASYNCHTTP_E_PENDING);
    ck_assert_int_eq(read.any, ASYNCHTTP_E_PENDING);
    asynchttp_http_free(other);
    free_all((asynchttp_promise *[]){promise, read.other}, 2);
}
END_TEST

/* ---- Closing and freeing clients in it ----------------------------------------------------- */

typedef struct ending {
    asynchttp_http *http;
    asynchttp_code code;
    bool refused;
    sem_t over;
} ending;

static int close_client(asynchttp_promise *promise, void *data)
{
    ending *self = data;
    (void)promise;
    self->code = asynchttp_http_close(self->http);
    return 0;
}

START_TEST(test_closing_its_own_client)
{
    ending one = {.http = http};
    asynchttp_http_set_max_workers(http, 1);
    asynchttp_promise *promise = get(origin_url("/hold/closer"), close_client, &one);
    origin_await(1, "/held/closer");
    asynchttp_promise *queued = get(origin_url("/hello"), NULL, NULL);
    origin_number("/release/closer/1");
    ck_assert_int_eq(asynchttp_promise_wait(promise), ASYNCHTTP_OK);
    ck_assert_int_eq(one.code, ASYNCHTTP_E_PENDING);
    ck_assert_int_eq(asynchttp_promise_wait(queued), ASYNCHTTP_OK);
    /* The connections go as soon as the requests are done: only the one that asks is left. */
    origin_await(1, "/open");
    asynchttp_promise *later = get(origin_url("/hello"), NULL, NULL);
    ck_assert_int_eq(asynchttp_promise_wait(later), ASYNCHTTP_OK);
    free_all((asynchttp_promise *[]){promise, queued, later}, 3);
}
END_TEST

static int free_client(asynchttp_promise *promise, void *data)
{
    ending *self = data;
    (void)promise;
    asynchttp_http_free(self->http);
    sem_post(&self->over);
    return 0;
}

START_TEST(test_freeing_its_own_client)
{
    seen calls[3] = {0};
    int before = threads();
    ending one = {.http = http};
    init_semaphore(&one.over);
    asynchttp_http_set_max_workers(http, 2);
    asynchttp_promise *promise = get(origin_url("/hold/freer"), free_client, &one);
    origin_await(1, "/held/freer");
    asynchttp_promise *others[] = {get(origin_url("/hold/freer"), see, &calls[0]), NULL, NULL};
    origin_await(2, "/held/freer");
    others[1] = get(origin_url("/hello"), see, &calls[1]);
    others[2] = get(origin_url("/hello"), NULL, NULL);
    http = NULL;
    origin_number("/release/freer/1");
    wait_on(&one.over);
    ck_assert_int_eq(asynchttp_promise_wait(promise), ASYNCHTTP_OK);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(asynchttp_promise_wait(others[i]), ASYNCHTTP_E_CANCELLED);
        ck_assert_int_eq(calls[i].times, i == 2 ? 0 : 1);
    }
    await_threads(before);
    origin_await(1, "/open");
    asynchttp_promise_free(promise);
    free_all(others, 3);
}
END_TEST

static int close_and_request(asynchttp_promise *promise, void *data)
{
    ending *self = data;
    (void)promise;
    self->code = asynchttp_http_close(self->http);
    self->refused = asynchttp_http_request(self->http, "http://127.0.0.1:1/", NULL) == NULL;
    return 0;
}

/* A client that is being freed cannot be opened again. */
START_TEST(test_closing_its_own_client_while_it_is_freed)
{
    ending one[2] = {{.http = http}, {.http = http}};
    asynchttp_promise *promises[2];
    for (int i = 0; i < 2; i++)
        promises[i] = get(origin_url("/hold/close-freed"), close_and_request, &one[i]);
    origin_await(2, "/held/close-freed");
    asynchttp_http_free(http);
    http = NULL;
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(asynchttp_promise_wait(promises[i]), ASYNCHTTP_E_CANCELLED);
        ck_assert_int_eq(one[i].code, ASYNCHTTP_E_PENDING);
        ck_assert(one[i].refused);
    }
    free_all(promises, 2);
}
END_TEST

/* Closes the client and goes on with it, again and again. */
typedef struct reopening {
    asynchttp_http *http;
    const char *url;
    int left;
    int failed;
    sem_t end;
} reopening;

static int close_and_go_on(asynchttp_promise *promise, void *data)
{
    reopening *self = data;
    self->failed += asynchttp_promise_error(promise) != ASYNCHTTP_OK;
    self->failed += asynchttp_http_close(self->http) != ASYNCHTTP_E_PENDING;
    asynchttp_promise_free(promise);
    if (--self->left > 0 &&
        asynchttp_http_request(self->http, self->url,
                               ASYNCHTTP_REQUEST(.callback = close_and_go_on, .callback_data = self)))
        return 0;
    sem_post(&self->end);
    return 0;
}

START_TEST(test_closing_its_own_client_again_and_again)
{
    int before = threads();
    reopening one = {.http = http, .url = origin_url("/hello"), .left = 50};
    init_semaphore(&one.end);
    get(one.url, close_and_go_on, &one);
    wait_on(&one.end);
    asynchttp_http_free(http);
    http = NULL;
    ck_assert_int_eq(one.left, 0);
    ck_assert_int_eq(one.failed, 0);
    await_threads(before);
}
END_TEST

/* Both, one after the other, with requests in between that have come and gone. */
static int close_request_free(asynchttp_promise *promise, void *data)
{
    ending *self = data;
    int before = threads();
    (void)promise;
    asynchttp_http_set_worker_idle_timeout(self->http, 0);
    self->code = asynchttp_http_close(self->http);
    asynchttp_promise *other = asynchttp_http_request(self->http, "http://127.0.0.1:1/", NULL);
    while (!asynchttp_promise_done(other))
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    asynchttp_promise_free(other);
    /* Its worker has left, and nobody has waited for it. */
    await_threads(before);
    asynchttp_http_free(self->http);
    sem_post(&self->over);
    return 0;
}

START_TEST(test_closing_using_and_freeing_its_own_client)
{
    int before = threads();
    ending one = {.http = http};
    init_semaphore(&one.over);
    asynchttp_promise *promise = get(origin_url("/hello"), close_request_free, &one);
    http = NULL;
    wait_on(&one.over);
    ck_assert_int_eq(one.code, ASYNCHTTP_E_PENDING);
    ck_assert_int_eq(asynchttp_promise_wait(promise), ASYNCHTTP_OK);
    await_threads(before);
    asynchttp_promise_free(promise);
}
END_TEST

START_TEST(test_closing_another_client)
{
    ending one = {.http = made(), .code = ASYNCHTTP_E_CALLBACK};
    asynchttp_promise *other = asynchttp_http_request(one.http, origin_url("/delay/50"), NULL);
    ck_assert_ptr_nonnull(other);
    asynchttp_promise *promise = get(origin_url("/hello"), close_client, &one);
    ck_assert_int_eq(asynchttp_promise_wait(promise), ASYNCHTTP_OK);
    /* Of another client it does wait. */
    ck_assert_int_eq(one.code, ASYNCHTTP_OK);
    ck_assert(asynchttp_promise_done(other));
    ck_assert_int_eq(asynchttp_promise_wait(other), ASYNCHTTP_OK);
    asynchttp_http_free(one.http);
    free_all((asynchttp_promise *[]){promise, other}, 2);
}
END_TEST

START_TEST(test_freeing_another_client)
{
    seen call = {0};
    ending one = {.http = made()};
    init_semaphore(&one.over);
    asynchttp_promise *other = asynchttp_http_request(one.http, origin_url("/hold/free-other"),
                                                      ASYNCHTTP_REQUEST(.callback = see, .callback_data = &call));
    ck_assert_ptr_nonnull(other);
    origin_await(1, "/held/free-other");
    asynchttp_promise *promise = get(origin_url("/hello"), free_client, &one);
    wait_on(&one.over);
    ck_assert(asynchttp_promise_done(other));
    ck_assert_int_eq(asynchttp_promise_wait(other), ASYNCHTTP_E_CANCELLED);
    ck_assert_int_eq(call.times, 1);
    ck_assert_int_eq(asynchttp_promise_wait(promise), ASYNCHTTP_OK);
    free_all((asynchttp_promise *[]){promise, other}, 2);
}
END_TEST

/* Tries again for ever. */
typedef struct stubborn {
    asynchttp_http *http;
    const char *url;
    atomic_int requests;
    atomic_int calls;
    atomic_int refused;
    sem_t tried;
} stubborn;

static int try_again(asynchttp_promise *promise, void *data)
{
    stubborn *self = data;
    atomic_fetch_add(&self->calls, 1);
    if (asynchttp_promise_error(promise) == ASYNCHTTP_OK)
        return 0;
    asynchttp_promise_free(promise);
    if (asynchttp_http_request(self->http, self->url, ASYNCHTTP_REQUEST(.callback = try_again, .callback_data = self)))
        atomic_fetch_add(&self->requests, 1);
    else
        atomic_fetch_add(&self->refused, 1);
    sem_post(&self->tried);
    return 0;
}

START_TEST(test_free_comes_to_an_end_although_callbacks_try_again)
{
    stubborn one = {.http = http, .url = origin_url("/raw?close"), .requests = 4};
    init_semaphore(&one.tried);
    for (int i = 0; i < 4; i++)
        get(one.url, try_again, &one);
    for (int i = 0; i < 40; i++)
        wait_on(&one.tried);
    asynchttp_http_free(http);
    http = NULL;
    /* Each of the four chains was refused once, and every request that was accepted was called back. */
    ck_assert_int_eq(atomic_load(&one.refused), 4);
    ck_assert_int_eq(atomic_load(&one.calls), atomic_load(&one.requests));
}
END_TEST

/* ---- The other callbacks ------------------------------------------------------------------- */

typedef struct pieces {
    /* What take_piece() waits for, if there is to be another one. */
    bool expects_other;
    sem_t ready;
    asynchttp_promise *other;
    sem_t ended;
    asynchttp_code own;
    asynchttp_code others;
    int status;
    size_t received;
    bool cancels;
    bool frees;
} pieces;

static int take_piece(asynchttp_promise *promise, const void *data, size_t length, void *callback_data)
{
    pieces *self = callback_data;
    asynchttp_response *response = NULL;
    (void)data;
    if (self->received == 0) {
        self->own = asynchttp_promise_response(promise, &response);
        self->status = response ? asynchttp_response_status(response) : 0;
        if (self->expects_other) {
            wait_on(&self->ready);
            self->others = asynchttp_promise_wait(self->other);
        }
        if (self->cancels)
            asynchttp_promise_cancel(promise);
        if (self->frees)
            asynchttp_promise_free(promise);
    }
    self->received += length;
    return 0;
}

static asynchttp_promise *get_in_pieces(const char *url, pieces *self, asynchttp_callback *callback)
{
    asynchttp_promise *promise = asynchttp_http_request(
        http, url, ASYNCHTTP_REQUEST(.on_data = take_piece, .callback = callback, .callback_data = self));
    ck_assert_ptr_nonnull(promise);
    return promise;
}

START_TEST(test_on_data_does_not_block_either)
{
    pieces one = {.expects_other = true, .own = ASYNCHTTP_E_CALLBACK};
    init_semaphore(&one.ready);
    asynchttp_http_set_max_workers(http, 1);
    asynchttp_promise *first = held("pieces");
    asynchttp_promise *promise = get_in_pieces(origin_url("/bytes/5"), &one, NULL);
    one.other = get(origin_url("/hello"), NULL, NULL);
    sem_post(&one.ready);
    origin_number("/release/pieces/1");
    ck_assert_int_eq(asynchttp_promise_wait(promise), ASYNCHTTP_OK);
    ck_assert_int_eq(one.own, ASYNCHTTP_OK);
    ck_assert_int_eq(one.status, 200);
    ck_assert_int_eq(one.others, ASYNCHTTP_E_PENDING);
    ck_assert_uint_eq(one.received, 5);
    free_all((asynchttp_promise *[]){first, promise, one.other}, 3);
}
END_TEST

/* The content would take a quarter of an hour. */
START_TEST(test_on_data_cancels_its_own_request)
{
    pieces one = {.cancels = true};
    asynchttp_promise *promise = get_in_pieces(origin_url("/slow/100000/10"), &one, NULL);
    ck_assert_int_eq(asynchttp_promise_wait(promise), ASYNCHTTP_E_CANCELLED);
    ck_assert_uint_ge(one.received, 1);
    asynchttp_promise_free(promise);
}
END_TEST

static int end_of_pieces(asynchttp_promise *promise, void *data)
{
    pieces *self = data;
    self->own = asynchttp_promise_error(promise);
    sem_post(&self->ended);
    return 0;
}

START_TEST(test_on_data_frees_its_own_promise)
{
    pieces one = {.frees = true, .own = ASYNCHTTP_E_CALLBACK};
    init_semaphore(&one.ended);
    get_in_pieces(origin_url("/slow/3/10"), &one, end_of_pieces);
    wait_on(&one.ended);
    ck_assert_int_eq(one.own, ASYNCHTTP_OK);
    ck_assert_uint_eq(one.received, 3);
    ck_assert_int_eq(asynchttp_http_close(http), ASYNCHTTP_OK);
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

static void add_running_tests(TCase *tcase)
{
    tcase_add_test(tcase, test_runs_on_another_thread_with_the_outcome);
    tcase_add_test(tcase, test_runs_before_the_promise_is_done_for_others);
    tcase_add_test(tcase, test_cancel_comes_too_late_for_a_request_whose_callback_runs);
    tcase_add_test(tcase, test_other_workers_go_on_while_a_callback_runs);
    tcase_add_loop_test(tcase, test_runs_after_a_failure, 0, COUNT(failure_cases));
    tcase_add_test(tcase, test_bad_argument_is_not_done_before_its_callback);
    tcase_add_test(tcase, test_runs_exactly_once_for_every_request);
    tcase_add_test(tcase, test_runs_for_a_queued_request_that_is_cancelled);
    tcase_add_test(tcase, test_runs_for_a_request_in_flight_that_is_cancelled);
    tcase_add_test(tcase, test_runs_for_a_promise_that_was_freed);
}

static void add_result_tests(TCase *tcase)
{
    tcase_add_test(tcase, test_error_of_the_callback);
    tcase_add_loop_test(tcase, test_first_error_stays, 0, COUNT(failure_cases));
    tcase_add_test(tcase, test_caller_gets_the_content_that_the_callback_made);
    tcase_add_test(tcase, test_caller_gets_the_data_that_the_callback_attached);
    tcase_add_test(tcase, test_caller_gets_the_response_that_the_callback_changed);
}

static void add_inside_tests(TCase *tcase)
{
    /* With one worker, and with two. */
    tcase_add_loop_test(tcase, test_requests_in_callbacks, 1, 3);
    tcase_add_test(tcase, test_cancelling_others);
    tcase_add_test(tcase, test_cancelling_itself_comes_too_late);
    tcase_add_test(tcase, test_freeing_itself);
    tcase_add_test(tcase, test_reading_what_is_not_done);
    tcase_add_test(tcase, test_reading_what_is_done);
    tcase_add_test(tcase, test_reading_what_is_not_done_of_another_client);
    tcase_add_test(tcase, test_on_data_does_not_block_either);
    tcase_add_test(tcase, test_on_data_cancels_its_own_request);
    tcase_add_test(tcase, test_on_data_frees_its_own_promise);
}

static void add_ending_tests(TCase *tcase)
{
    tcase_add_test(tcase, test_closing_its_own_client);
    tcase_add_test(tcase, test_freeing_its_own_client);
    tcase_add_test(tcase, test_closing_its_own_client_while_it_is_freed);
    tcase_add_test(tcase, test_closing_its_own_client_again_and_again);
    tcase_add_test(tcase, test_closing_using_and_freeing_its_own_client);
    tcase_add_test(tcase, test_closing_another_client);
    tcase_add_test(tcase, test_freeing_another_client);
    tcase_add_test(tcase, test_free_comes_to_an_end_although_callbacks_try_again);
}

Suite *callback_suite(void)
{
    Suite *suite = suite_create("callback");
    add_running_tests(add_case(suite, "running"));
    add_result_tests(add_case(suite, "result"));
    add_inside_tests(add_case(suite, "inside"));
    add_ending_tests(add_case(suite, "ending"));
    return suite;
}
