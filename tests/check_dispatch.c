/*
 * Tests of how requests are spread over workers: how many at once, in what order, what the settings change, what
 * closing and freeing do with what waits, and that nothing is left behind.
 *
 * How many requests are under way is what the origin holds at a place; each test has places of its own.
 */
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "asynchttp.h"
#include "fixture.h"
#include "sanitized.h"
#include "small.h"
#include "suites.h"
#include "threads.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

/* A net against hanging: nothing depends on how long it is. */
enum { TIMEOUT = 120 };

static asynchttp_http *http;
/* How many threads there are without workers. */
static int threads_before;

/* ---- Tools --------------------------------------------------------------------------------- */

static int entries(const char *path)
{
    int count = 0;
    DIR *directory = opendir(path);
    ck_assert_ptr_nonnull(directory);
    while (readdir(directory))
        count++;
    closedir(directory);
    return count - 2;
}

static asynchttp_http *made(void)
{
    asynchttp_http *client = asynchttp_http_new(NULL);
    ck_assert_ptr_nonnull(client);
    ck_assert_int_eq(asynchttp_http_set_proxy_info(client, NULL), ASYNCHTTP_OK);
    return client;
}

static void *nothing(void *data)
{
    return data;
}

static void set_up(void)
{
    threads_before = settle_threads();
    http = made();
}

static void tear_down(void)
{
    asynchttp_http_free(http);
}

static void end_client(void)
{
    asynchttp_http_free(http);
    http = NULL;
}

static void set_workers(unsigned workers, unsigned transfers)
{
    ck_assert_int_eq(asynchttp_http_set_max_workers(http, workers), ASYNCHTTP_OK);
    ck_assert_int_eq(asynchttp_http_set_transfers_per_worker(http, transfers), ASYNCHTTP_OK);
}

static asynchttp_promise *get(const char *url)
{
    asynchttp_promise *promise = asynchttp_http_request(http, url, NULL);
    ck_assert_ptr_nonnull(promise);
    return promise;
}

static void get_several(asynchttp_promise **promises, int count, const char *url)
{
    for (int i = 0; i < count; i++)
        promises[i] = get(url);
}

/* All of them must have ended with this error, or end with it; frees them. */
static void ck_all(asynchttp_promise **promises, int count, asynchttp_code code)
{
    for (int i = 0; i < count; i++) {
        ck_assert_int_eq(asynchttp_promise_wait(promises[i]), code);
        asynchttp_promise_free(promises[i]);
    }
}

/* Releases what is held at the place, one after the other, until so many were. */
static void release_one_by_one(const char *place, int count)
{
    while (count > 0)
        count -= (int)origin_number("/release/%s/1", place);
}

/* ---- How many at once ---------------------------------------------------------------------- */

START_TEST(test_five_workers_take_eight_requests_in_two_rounds)
{
    asynchttp_promise *promises[8];
    get_several(promises, 8, origin_url("/hold/rounds"));
    origin_await(5, "/held/rounds");
    ck_assert_int_eq(threads(), threads_before + 5);
    ck_assert_int_eq(origin_number("/release/rounds/5"), 5);
    origin_await(3, "/held/rounds");
    ck_assert_int_eq(origin_number("/release/rounds/3"), 3);
    ck_all(promises, 8, ASYNCHTTP_OK);
    ck_assert_int_eq(origin_number("/peak/rounds"), 5);
}
END_TEST

START_TEST(test_ten_workers_take_ten_requests_in_one_round)
{
    asynchttp_promise *promises[10];
    set_workers(10, 1);
    get_several(promises, 10, origin_url("/gate/ten/10"));
    ck_all(promises, 10, ASYNCHTTP_OK);
}
END_TEST

/* However they were idle before: each that is needed is woken. */
START_TEST(test_idle_workers_take_their_requests_in_one_round)
{
    enum { ROUNDS = 200, WORKERS = 5 };
    asynchttp_promise *promises[WORKERS];
    for (int i = 0; i < ROUNDS; i++) {
        int count = i % WORKERS + 1;
        get_several(promises, count, origin_url("/gate/idle-%d/%d", i, count));
        ck_all(promises, count, ASYNCHTTP_OK);
    }
    ck_assert_int_eq(threads(), threads_before + WORKERS);
}
END_TEST

enum { MEETING = 5 };
static pthread_barrier_t meeting;

static int meet(asynchttp_promise *promise, void *data)
{
    (void)promise;
    (void)data;
    pthread_barrier_wait(&meeting);
    return 0;
}

static void *compute(void *stop)
{
    while (!atomic_load((atomic_bool *)stop))
        continue;
    return NULL;
}

/* However few processors there are, and however busy: a worker that waits for something of the program's does not keep
 * others asleep. */
START_TEST(test_all_workers_work_on_one_processor)
{
    atomic_bool stop = !_i;
    pthread_t busy;
    enum { ROUNDS = 10, WAITING = 100 };
    asynchttp_promise *promises[WAITING * MEETING];
    pthread_barrier_init(&meeting, NULL, MEETING);
    confine_to_one_processor();
    ck_assert_int_eq(pthread_create(&busy, NULL, compute, &stop), 0);
    asynchttp_http *confined = made();
    ck_assert_int_eq(asynchttp_http_set_max_workers(confined, MEETING), ASYNCHTTP_OK);
    for (int i = 0; i < ROUNDS; i++) {
        /* Both with nobody else waiting, and with many. */
        int count = i % 2 ? WAITING * MEETING : MEETING;
        for (int j = 0; j < count; j++) {
            promises[j] = asynchttp_http_request(confined, "/relative", ASYNCHTTP_REQUEST(.callback = meet));
            ck_assert_ptr_nonnull(promises[j]);
        }
        ck_all(promises, count, ASYNCHTTP_E_RELATIVE_URI);
    }
    asynchttp_http_free(confined);
    atomic_store(&stop, true);
    ck_assert_int_eq(pthread_join(busy, NULL), 0);
    let_go_of_processor();
    pthread_barrier_destroy(&meeting);
}
END_TEST

static int flow(asynchttp_promise *promise, const void *data, size_t length, void *flows)
{
    (void)promise;
    (void)data;
    (void)length;
    atomic_store((atomic_bool *)flows, true);
    return 0;
}

/* A worker that has much to do with what it has, and no room for more, is none of those who take what waits. */
START_TEST(test_request_beside_a_download_on_one_processor)
{
    atomic_bool flows = false;
    confine_to_one_processor();
    asynchttp_http *confined = made();
    ck_assert_int_eq(asynchttp_http_set_max_workers(confined, 2), ASYNCHTTP_OK);
    asynchttp_promise *idle[2];
    for (int i = 0; i < 2; i++)
        idle[i] = asynchttp_http_request(confined, origin_url("/gate/beside/2"), NULL);
    ck_all(idle, 2, ASYNCHTTP_OK);
    asynchttp_promise *download = asynchttp_http_request(confined, origin_url("/bytes/%lld", 1LL << 50),
                                                         ASYNCHTTP_REQUEST(.on_data = flow, .callback_data = &flows));
    while (!atomic_load(&flows))
        sched_yield();
    for (int i = 0; i < 20; i++) {
        asynchttp_promise *promise = asynchttp_http_request(confined, origin_url("/hello"), NULL);
        ck_all(&promise, 1, ASYNCHTTP_OK);
    }
    ck_assert(!asynchttp_promise_done(download));
    asynchttp_promise_cancel(download);
    ck_all(&download, 1, ASYNCHTTP_E_CANCELLED);
    asynchttp_http_free(confined);
    let_go_of_processor();
}
END_TEST

static int stay(asynchttp_promise *promise, void *go)
{
    (void)promise;
    while (sem_wait(go) != 0)
        continue;
    return 0;
}

static int pass(asynchttp_promise *promise, void *data)
{
    (void)promise;
    (void)data;
    return 0;
}

/* The callback of a request that was cancelled before anybody took it keeps its worker as well as any other. */
START_TEST(test_callbacks_of_cancelled_requests_on_one_processor)
{
    enum { ROUNDS = 200, WORKERS = 3 };
    sem_t go;
    sem_init(&go, 0, 0);
    confine_to_one_processor();
    asynchttp_http *confined = made();
    ck_assert_int_eq(asynchttp_http_set_max_workers(confined, WORKERS), ASYNCHTTP_OK);
    for (int i = 0; i < ROUNDS; i++) {
        asynchttp_promise *promises[WORKERS];
        for (int j = 0; j < WORKERS - 1; j++) {
            promises[j] = asynchttp_http_request(confined, "/relative",
                                                 ASYNCHTTP_REQUEST(.callback = stay, .callback_data = &go));
            if (j > 0)
                asynchttp_promise_cancel(promises[j]);
        }
        promises[WORKERS - 1] = asynchttp_http_request(confined, "/relative", ASYNCHTTP_REQUEST(.callback = pass));
        asynchttp_promise_wait(promises[WORKERS - 1]);
        for (int j = 0; j < WORKERS - 1; j++)
            sem_post(&go);
        for (int j = 0; j < WORKERS; j++) {
            asynchttp_promise_wait(promises[j]);
            asynchttp_promise_free(promises[j]);
        }
    }
    asynchttp_http_free(confined);
    let_go_of_processor();
    sem_destroy(&go);
}
END_TEST

/* Called by a worker, since the promise it is attached to was let go of before: makes another request, and waits. */
static void release_with_a_request(void *data)
{
    asynchttp_promise *promise = get(origin_url("/hello"));
    ck_all(&promise, 1, ASYNCHTTP_OK);
    sem_post(data);
}

START_TEST(test_release_of_data_makes_a_request)
{
    sem_t released;
    sem_init(&released, 0, 0);
    asynchttp_promise *promise = get(origin_url("/hold/release"));
    origin_await(1, "/held/release");
    ck_assert_int_eq(asynchttp_promise_set_data(promise, &released, release_with_a_request), ASYNCHTTP_OK);
    asynchttp_promise_free(promise);
    release_one_by_one("release", 1);
    while (sem_wait(&released) != 0)
        continue;
    sem_destroy(&released);
}
END_TEST

START_TEST(test_no_more_workers_than_requests)
{
    asynchttp_promise *promises[5];
    set_workers(10, 1);
    await_threads(threads_before);
    get_several(promises, 5, origin_url("/hold/fewer"));
    origin_await(5, "/held/fewer");
    ck_assert_int_eq(threads(), threads_before + 5);
    origin_number("/release/fewer/5");
    ck_all(promises, 5, ASYNCHTTP_OK);
}
END_TEST

START_TEST(test_settings_start_no_worker_for_a_request_that_has_one)
{
    enum { TIMES = 20 };
    asynchttp_promise *promises[TIMES];
    set_workers(2 * TIMES, 1);
    for (int i = 0; i < TIMES; i++) {
        promises[i] = get(origin_url("/gate/needless/%d", TIMES));
        ck_assert_int_eq(asynchttp_http_set_worker_idle_timeout(http, 30 + i), ASYNCHTTP_OK);
    }
    ck_all(promises, TIMES, ASYNCHTTP_OK);
    ck_assert_int_eq(threads(), threads_before + TIMES);
}
END_TEST

START_TEST(test_fifty_transfers_on_one_worker)
{
    asynchttp_promise *promises[60];
    set_workers(1, 50);
    get_several(promises, 60, origin_url("/hold/fifty"));
    origin_await(50, "/held/fifty");
    ck_assert_int_eq(threads(), threads_before + 1);
    origin_number("/release/fifty/50");
    origin_await(10, "/held/fifty");
    origin_number("/release/fifty/10");
    ck_all(promises, 60, ASYNCHTTP_OK);
    ck_assert_int_eq(origin_number("/peak/fifty"), 50);
}
END_TEST

/* Those that have been under way for long are heard of no less than those that made them many. Nothing else makes
 * libcurl look after them. */
START_TEST(test_transfers_that_many_others_join)
{
    asynchttp_promise *promises[100];
    set_workers(1, 100);
    ck_assert_int_eq(asynchttp_http_set_connect_timeout(http, 1000), ASYNCHTTP_OK);
    get_several(promises, 40, origin_url("/gate/joined/40"));
    ck_all(promises, 40, ASYNCHTTP_OK);
    get_several(promises, 40, origin_url("/hold/few"));
    origin_await(40, "/held/few");
    get_several(promises + 40, 60, origin_url("/hold/others"));
    origin_await(60, "/held/others");
    origin_number("/release/few/40");
    ck_all(promises, 40, ASYNCHTTP_OK);
    ck_assert_int_eq(origin_number("/held/others"), 60);
    origin_number("/release/others/60");
    ck_all(promises + 40, 60, ASYNCHTTP_OK);
}
END_TEST

/* And no less when they are few again, and a thousand others have come and gone meanwhile. */
START_TEST(test_transfers_that_many_others_leave)
{
    asynchttp_promise *promises[1100];
    set_workers(1, 100);
    get_several(promises, 20, origin_url("/hold/last"));
    origin_await(20, "/held/last");
    get_several(promises + 20, 80, origin_url("/gate/leaving/80"));
    get_several(promises + 100, 1000, origin_url("/hello"));
    ck_all(promises + 20, 1080, ASYNCHTTP_OK);
    ck_assert_int_eq(origin_number("/held/last"), 20);
    origin_number("/release/last/20");
    ck_all(promises, 20, ASYNCHTTP_OK);
}
END_TEST

START_TEST(test_several_workers_with_several_transfers)
{
    asynchttp_promise *promises[20];
    set_workers(3, 4);
    get_several(promises, 20, origin_url("/hold/several"));
    origin_await(12, "/held/several");
    ck_assert_int_eq(threads(), threads_before + 3);
    release_one_by_one("several", 20);
    ck_all(promises, 20, ASYNCHTTP_OK);
    ck_assert_int_eq(origin_number("/peak/several"), 12);
}
END_TEST

START_TEST(test_requests_are_taken_in_the_order_made)
{
    enum { REQUESTS = 50 };
    asynchttp_promise *promises[REQUESTS];
    char expected[REQUESTS * 4] = "";
    set_workers(1, 1);
    for (int i = 0; i < REQUESTS; i++) {
        promises[i] = get(origin_url("/record/order/%d", i));
        snprintf(expected + strlen(expected), sizeof(expected) - strlen(expected), "%d\n", i);
    }
    ck_all(promises, REQUESTS, ASYNCHTTP_OK);
    char *recorded = origin_get("/recorded/order");
    ck_assert_str_eq(recorded, expected);
    free(recorded);
}
END_TEST

START_TEST(test_cancelled_requests_leave_the_order_of_the_others)
{
    asynchttp_promise *promises[6];
    set_workers(1, 1);
    asynchttp_promise *first = get(origin_url("/hold/gaps"));
    for (int i = 0; i < 6; i++)
        promises[i] = get(origin_url("/record/gaps/%d", i));
    /* The first, one in the middle and the last. */
    for (int i = 0; i < 6; i += i == 0 ? 2 : 3)
        asynchttp_promise_cancel(promises[i]);
    origin_await(1, "/held/gaps");
    origin_number("/release/gaps/1");
    ck_all(&first, 1, ASYNCHTTP_OK);
    ck_assert_int_eq(asynchttp_wait_all(promises, 6, -1), ASYNCHTTP_OK);
    for (int i = 0; i < 6; i++)
        ck_all(&promises[i], 1, i == 0 || i == 2 || i == 5 ? ASYNCHTTP_E_CANCELLED : ASYNCHTTP_OK);
    char *recorded = origin_get("/recorded/gaps");
    ck_assert_str_eq(recorded, "1\n3\n4\n");
    free(recorded);
}
END_TEST

START_TEST(test_sequential_requests_use_one_worker_and_one_connection)
{
    long connection = 0;
    for (int i = 0; i < 10; i++) {
        const void *content;
        long id;
        long serial;
        asynchttp_promise *promise = get(origin_url("/connection"));
        ck_assert_int_eq(asynchttp_promise_content(promise, &content, NULL), ASYNCHTTP_OK);
        ck_assert_int_eq(sscanf(content, "%ld %ld", &id, &serial), 2);
        connection = i == 0 ? id : connection;
        ck_assert_int_eq(id, connection);
        ck_assert_int_eq(serial, i + 1);
        ck_assert_int_eq(threads(), threads_before + 1);
        asynchttp_promise_free(promise);
    }
}
END_TEST

/* ---- Settings ------------------------------------------------------------------------------ */

START_TEST(test_raising_max_workers_starts_more)
{
    asynchttp_promise *promises[4];
    set_workers(1, 1);
    get_several(promises, 4, origin_url("/hold/more-workers"));
    origin_await(1, "/held/more-workers");
    ck_assert_int_eq(asynchttp_http_set_max_workers(http, 3), ASYNCHTTP_OK);
    ck_assert_uint_eq(asynchttp_http_max_workers(http), 3);
    origin_await(3, "/held/more-workers");
    ck_assert_int_eq(threads(), threads_before + 3);
    release_one_by_one("more-workers", 4);
    ck_all(promises, 4, ASYNCHTTP_OK);
    ck_assert_int_eq(origin_number("/peak/more-workers"), 3);
}
END_TEST

START_TEST(test_raising_transfers_per_worker_starts_more)
{
    asynchttp_promise *promises[4];
    set_workers(1, 1);
    get_several(promises, 4, origin_url("/hold/more-transfers"));
    origin_await(1, "/held/more-transfers");
    ck_assert_int_eq(asynchttp_http_set_transfers_per_worker(http, 3), ASYNCHTTP_OK);
    ck_assert_uint_eq(asynchttp_http_transfers_per_worker(http), 3);
    origin_await(3, "/held/more-transfers");
    ck_assert_int_eq(threads(), threads_before + 1);
    release_one_by_one("more-transfers", 4);
    ck_all(promises, 4, ASYNCHTTP_OK);
    ck_assert_int_eq(origin_number("/peak/more-transfers"), 3);
}
END_TEST

START_TEST(test_lowering_max_workers_counts_as_work_ends)
{
    asynchttp_promise *before[4];
    asynchttp_promise *after[4];
    set_workers(4, 1);
    get_several(before, 4, origin_url("/hold/lower-before"));
    origin_await(4, "/held/lower-before");
    get_several(after, 4, origin_url("/hold/lower-after"));
    ck_assert_int_eq(asynchttp_http_set_max_workers(http, 1), ASYNCHTTP_OK);
    ck_assert_int_eq(origin_number("/release/lower-before/4"), 4);
    ck_all(before, 4, ASYNCHTTP_OK);
    await_threads(threads_before + 1);
    release_one_by_one("lower-after", 4);
    ck_all(after, 4, ASYNCHTTP_OK);
    ck_assert_int_eq(origin_number("/peak/lower-after"), 1);
}
END_TEST

/* Lowered while threads are only being started, which counts no less. */
START_TEST(test_lowering_max_workers_at_once)
{
    enum { BEFORE = 20, AFTER = 5 };
    asynchttp_promise *before[BEFORE];
    asynchttp_promise *after[AFTER];
    set_workers(BEFORE, 1);
    get_several(before, BEFORE, origin_url("/hold/at-once-before"));
    ck_assert_int_eq(asynchttp_http_set_max_workers(http, 1), ASYNCHTTP_OK);
    get_several(after, AFTER, origin_url("/hold/at-once-after"));
    release_one_by_one("at-once-before", BEFORE);
    ck_all(before, BEFORE, ASYNCHTTP_OK);
    await_threads(threads_before + 1);
    release_one_by_one("at-once-after", AFTER);
    ck_all(after, AFTER, ASYNCHTTP_OK);
    ck_assert_int_eq(origin_number("/peak/at-once-after"), 1);
}
END_TEST

START_TEST(test_idle_workers_beyond_the_limit_leave)
{
    asynchttp_promise *promises[4];
    set_workers(4, 1);
    get_several(promises, 4, origin_url("/gate/surplus/4"));
    ck_all(promises, 4, ASYNCHTTP_OK);
    ck_assert_int_eq(threads(), threads_before + 4);
    ck_assert_int_eq(asynchttp_http_set_max_workers(http, 1), ASYNCHTTP_OK);
    await_threads(threads_before + 1);
    promises[0] = get(origin_url("/hello"));
    ck_all(promises, 1, ASYNCHTTP_OK);
}
END_TEST

START_TEST(test_lowering_and_raising_max_workers_again)
{
    asynchttp_promise *before[4];
    asynchttp_promise *after[4];
    set_workers(4, 1);
    get_several(before, 4, origin_url("/hold/again-before"));
    origin_await(4, "/held/again-before");
    get_several(after, 4, origin_url("/gate/again-after/4"));
    ck_assert_int_eq(asynchttp_http_set_max_workers(http, 1), ASYNCHTTP_OK);
    ck_assert_int_eq(asynchttp_http_set_max_workers(http, 4), ASYNCHTTP_OK);
    origin_number("/release/again-before/4");
    ck_all(before, 4, ASYNCHTTP_OK);
    ck_all(after, 4, ASYNCHTTP_OK);
    ck_assert_int_le(threads(), threads_before + 4);
}
END_TEST

START_TEST(test_lowering_transfers_per_worker_counts_as_work_ends)
{
    asynchttp_promise *before[4];
    asynchttp_promise *after[4];
    set_workers(1, 4);
    get_several(before, 4, origin_url("/hold/fewer-before"));
    origin_await(4, "/held/fewer-before");
    get_several(after, 4, origin_url("/hold/fewer-after"));
    ck_assert_int_eq(asynchttp_http_set_transfers_per_worker(http, 1), ASYNCHTTP_OK);
    origin_number("/release/fewer-before/4");
    ck_all(before, 4, ASYNCHTTP_OK);
    release_one_by_one("fewer-after", 4);
    ck_all(after, 4, ASYNCHTTP_OK);
    ck_assert_int_eq(origin_number("/peak/fewer-after"), 1);
}
END_TEST

START_TEST(test_bad_values_leave_the_old_ones)
{
    static const unsigned bad_workers[] = {0, 10001, UINT_MAX};
    static const unsigned bad_transfers[] = {0, 100001, UINT_MAX};
    static const double bad_seconds[] = {-1, -INFINITY, NAN};
    set_workers(7, 8);
    ck_assert_int_eq(asynchttp_http_set_worker_idle_timeout(http, 9), ASYNCHTTP_OK);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(asynchttp_http_set_max_workers(http, bad_workers[i]), ASYNCHTTP_E_INVALID_ARGUMENT);
        ck_assert_int_eq(asynchttp_http_set_transfers_per_worker(http, bad_transfers[i]), ASYNCHTTP_E_INVALID_ARGUMENT);
        ck_assert_int_eq(asynchttp_http_set_worker_idle_timeout(http, bad_seconds[i]), ASYNCHTTP_E_INVALID_ARGUMENT);
    }
    ck_assert_uint_eq(asynchttp_http_max_workers(http), 7);
    ck_assert_uint_eq(asynchttp_http_transfers_per_worker(http), 8);
    ck_assert_double_eq(asynchttp_http_worker_idle_timeout(http), 9);
    asynchttp_promise *promises[8];
    get_several(promises, 8, origin_url("/gate/bad-values/8"));
    ck_all(promises, 8, ASYNCHTTP_OK);
}
END_TEST

START_TEST(test_limits_of_the_values)
{
    set_workers(10000, 100000);
    ck_assert_uint_eq(asynchttp_http_max_workers(http), 10000);
    ck_assert_uint_eq(asynchttp_http_transfers_per_worker(http), 100000);
    asynchttp_promise *promise = get(origin_url("/hello"));
    ck_all(&promise, 1, ASYNCHTTP_OK);
    ck_assert_int_eq(threads(), threads_before + 1);
}
END_TEST

static void *set_alternately(void *data)
{
    for (unsigned i = 0; i < 300; i++)
        asynchttp_http_set_max_workers(data, i % 2 ? 1 : 3);
    return NULL;
}

/* Whoever comes last, what is said is what is done. */
START_TEST(test_setting_from_two_threads_at_once)
{
    for (int round = 0; round < 20; round++) {
        pthread_t thread;
        asynchttp_promise *promises[4];
        ck_assert_int_eq(pthread_create(&thread, NULL, set_alternately, http), 0);
        set_alternately(http);
        ck_assert_int_eq(pthread_join(thread, NULL), 0);
        get_several(promises, 4, origin_url("/hold/setting-%d", round));
        unsigned workers = asynchttp_http_max_workers(http);
        origin_await((long)workers, "/held/setting-%d", round);
        for (int left = 4; left > 0;)
            left -= (int)origin_number("/release/setting-%d/1", round);
        ck_all(promises, 4, ASYNCHTTP_OK);
        ck_assert_int_eq(origin_number("/peak/setting-%d", round), workers);
    }
}
END_TEST

static const double short_stays[] = {0, 0.02};

START_TEST(test_idle_workers_leave_and_come_again)
{
    asynchttp_promise *promises[3];
    ck_assert_int_eq(asynchttp_http_set_worker_idle_timeout(http, short_stays[_i]), ASYNCHTTP_OK);
    ck_assert_double_eq(asynchttp_http_worker_idle_timeout(http), short_stays[_i]);
    for (int round = 0; round < 3; round++) {
        get_several(promises, 3, origin_url("/gate/idle-%d-%d/3", _i, round));
        ck_all(promises, 3, ASYNCHTTP_OK);
        await_threads(threads_before);
    }
    /* With their connections. */
    origin_await(1, "/open");
}
END_TEST

START_TEST(test_idle_workers_stay_for_any_time)
{
    ck_assert_int_eq(asynchttp_http_set_worker_idle_timeout(http, INFINITY), ASYNCHTTP_OK);
    asynchttp_promise *promise = get(origin_url("/hello"));
    ck_all(&promise, 1, ASYNCHTTP_OK);
    ck_assert_int_eq(threads(), threads_before + 1);
}
END_TEST

START_TEST(test_settings_count_for_requests_made_afterwards)
{
    set_workers(1, 1);
    asynchttp_promise *first = get(origin_url("/hold/snapshot-first"));
    origin_await(1, "/held/snapshot-first");
    asynchttp_promise *before = get(origin_url("/hold/snapshot-before"));
    ck_assert_int_eq(asynchttp_http_set_timeout(http, 0.05), ASYNCHTTP_OK);
    asynchttp_promise *after = get(origin_url("/hold/snapshot-after"));
    ck_assert_int_eq(asynchttp_http_set_timeout(http, 0), ASYNCHTTP_OK);
    ck_assert_int_eq(origin_number("/release/snapshot-first/1"), 1);
    /* All held at the same time; only the one that was made with a timeout ends by it. */
    ck_assert_int_eq(asynchttp_http_set_max_workers(http, 2), ASYNCHTTP_OK);
    ck_assert_int_eq(asynchttp_promise_wait(after), ASYNCHTTP_E_TIMEOUT);
    origin_await(1, "/held/snapshot-before");
    ck_assert(!asynchttp_promise_done(before));
    ck_assert_int_eq(origin_number("/release/snapshot-before/1"), 1);
    ck_all((asynchttp_promise *[]){first, before}, 2, ASYNCHTTP_OK);
    asynchttp_promise_free(after);
}
END_TEST

/* ---- Closing ------------------------------------------------------------------------------- */

typedef struct closer {
    pthread_t thread;
    asynchttp_http *http;
    asynchttp_code code;
    atomic_bool over;
} closer;

static void *close_client(void *data)
{
    closer *self = data;
    self->code = asynchttp_http_close(self->http);
    atomic_store(&self->over, true);
    return NULL;
}

static void start_closing(closer *self)
{
    self->http = http;
    self->code = ASYNCHTTP_E_CALLBACK;
    atomic_init(&self->over, false);
    ck_assert_int_eq(pthread_create(&self->thread, NULL, close_client, self), 0);
}

static void ck_closed(closer *self)
{
    ck_assert_int_eq(pthread_join(self->thread, NULL), 0);
    ck_assert_int_eq(self->code, ASYNCHTTP_OK);
}

START_TEST(test_close_of_an_unused_client)
{
    ck_assert_int_eq(asynchttp_http_close(http), ASYNCHTTP_OK);
    ck_assert_int_eq(asynchttp_http_close(http), ASYNCHTTP_OK);
    asynchttp_promise *promise = get(origin_url("/hello"));
    ck_all(&promise, 1, ASYNCHTTP_OK);
}
END_TEST

START_TEST(test_close_finishes_what_was_made_before)
{
    asynchttp_promise *promises[20];
    set_workers(2, 2);
    for (int i = 0; i < 20; i++)
        promises[i] = get(origin_url("/delay/%d", i % 3));
    ck_assert_int_eq(asynchttp_http_close(http), ASYNCHTTP_OK);
    for (int i = 0; i < 20; i++)
        ck_assert(asynchttp_promise_done(promises[i]));
    ck_all(promises, 20, ASYNCHTTP_OK);
    await_threads(threads_before);
}
END_TEST

START_TEST(test_close_closes_the_connections)
{
    origin_await(1, "/open");
    asynchttp_promise *promise = get(origin_url("/hello"));
    ck_all(&promise, 1, ASYNCHTTP_OK);
    ck_assert_int_eq(origin_number("/open"), 2);
    ck_assert_int_eq(asynchttp_http_close(http), ASYNCHTTP_OK);
    origin_await(1, "/open");
}
END_TEST

START_TEST(test_close_keeps_the_settings)
{
    asynchttp_promise *promises[6];
    set_workers(3, 2);
    ck_assert_int_eq(asynchttp_http_set_timeout(http, 55), ASYNCHTTP_OK);
    ck_assert_int_eq(asynchttp_http_close(http), ASYNCHTTP_OK);
    ck_assert_uint_eq(asynchttp_http_max_workers(http), 3);
    ck_assert_uint_eq(asynchttp_http_transfers_per_worker(http), 2);
    ck_assert_double_eq(asynchttp_http_timeout(http), 55);
    get_several(promises, 6, origin_url("/gate/close-settings/6"));
    ck_all(promises, 6, ASYNCHTTP_OK);
    ck_assert_int_eq(threads(), threads_before + 3);
}
END_TEST

START_TEST(test_two_threads_close_at_once)
{
    closer closers[2];
    asynchttp_promise *promises[5];
    set_workers(1, 1);
    get_several(promises, 5, origin_url("/hold/closers"));
    origin_await(1, "/held/closers");
    for (int i = 0; i < 2; i++)
        start_closing(&closers[i]);
    release_one_by_one("closers", 5);
    for (int i = 0; i < 2; i++)
        ck_closed(&closers[i]);
    for (int i = 0; i < 5; i++)
        ck_assert(asynchttp_promise_done(promises[i]));
    ck_all(promises, 5, ASYNCHTTP_OK);
    asynchttp_promise *promise = get(origin_url("/hello"));
    ck_all(&promise, 1, ASYNCHTTP_OK);
}
END_TEST

/* Makes requests until one comes through although the one worker there may be is held up: it was made after a closing
 * had begun. */
static void await_closing(void)
{
    bool through = false;
    while (!through) {
        asynchttp_promise *promise = get(origin_url("/hello"));
        through = asynchttp_promise_wait_for(promise, 0.01) == ASYNCHTTP_OK;
        asynchttp_promise_free(promise);
    }
}

START_TEST(test_requests_during_close_go_out_and_are_not_waited_for)
{
    closer one;
    set_workers(1, 1);
    asynchttp_promise *first = get(origin_url("/hold/during-close"));
    origin_await(1, "/held/during-close");
    start_closing(&one);
    await_closing();
    ck_assert(!atomic_load(&one.over));
    asynchttp_promise *later = get(origin_url("/hold/after-close"));
    origin_await(1, "/held/after-close");
    origin_number("/release/during-close/1");
    ck_closed(&one);
    ck_assert(asynchttp_promise_done(first));
    ck_assert(!asynchttp_promise_done(later));
    origin_number("/release/after-close/1");
    ck_all(&first, 1, ASYNCHTTP_OK);
    ck_all(&later, 1, ASYNCHTTP_OK);
}
END_TEST

/* Not even if another thread closes as well, and waits for them. */
START_TEST(test_close_waits_for_what_was_made_before_alone)
{
    closer one;
    closer other;
    set_workers(1, 1);
    asynchttp_promise *first = get(origin_url("/hold/close-one"));
    origin_await(1, "/held/close-one");
    start_closing(&one);
    await_closing();
    asynchttp_promise *second = get(origin_url("/hold/close-other"));
    origin_await(1, "/held/close-other");
    start_closing(&other);
    await_closing();
    origin_number("/release/close-one/1");
    ck_closed(&one);
    ck_assert(!asynchttp_promise_done(second));
    ck_assert(!atomic_load(&other.over));
    origin_number("/release/close-other/1");
    ck_closed(&other);
    ck_all((asynchttp_promise *[]){first, second}, 2, ASYNCHTTP_OK);
}
END_TEST

static void *close_often(void *data)
{
    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(asynchttp_http_close(data), ASYNCHTTP_OK);
    return NULL;
}

START_TEST(test_requests_while_another_thread_closes_again_and_again)
{
    enum { REQUESTS = 300 };
    pthread_t thread;
    asynchttp_promise *promises[REQUESTS];
    ck_assert_int_eq(pthread_create(&thread, NULL, close_often, http), 0);
    get_several(promises, REQUESTS, origin_url("/hello"));
    ck_all(promises, REQUESTS, ASYNCHTTP_OK);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
}
END_TEST

/* ---- Freeing ------------------------------------------------------------------------------- */

static int count_cancelled(asynchttp_promise *promise, void *data)
{
    if (asynchttp_promise_error(promise) == ASYNCHTTP_E_CANCELLED)
        atomic_fetch_add((atomic_int *)data, 1);
    return 0;
}

START_TEST(test_free_of_an_unused_client)
{
    end_client();
    asynchttp_http_free(NULL);
    await_threads(threads_before);
}
END_TEST

START_TEST(test_free_cancels_what_is_under_way_and_what_waits)
{
    enum { REQUESTS = 20 };
    atomic_int cancelled = 0;
    asynchttp_promise *promises[REQUESTS];
    set_workers(2, 2);
    for (int i = 0; i < REQUESTS; i++) {
        asynchttp_callback *callback = i % 2 ? count_cancelled : NULL;
        promises[i] = asynchttp_http_request(http, origin_url("/hold/freed"),
                                             ASYNCHTTP_REQUEST(.callback = callback, .callback_data = &cancelled));
        ck_assert_ptr_nonnull(promises[i]);
    }
    origin_await(4, "/held/freed");
    end_client();
    ck_assert_int_eq(atomic_load(&cancelled), REQUESTS / 2);
    for (int i = 0; i < REQUESTS; i++) {
        ck_assert(asynchttp_promise_done(promises[i]));
        ck_assert_ptr_nonnull(strstr(asynchttp_promise_error_message(promises[i]), "check_dispatch.c:"));
    }
    ck_all(promises, REQUESTS, ASYNCHTTP_E_CANCELLED);
    await_threads(threads_before);
    origin_await(0, "/held/freed");
}
END_TEST

START_TEST(test_free_while_others_wait_for_promises)
{
    asynchttp_promise *promises[2];
    get_several(promises, 2, origin_url("/hold/waited"));
    origin_await(2, "/held/waited");
    pthread_t thread;
    /* Whoever waits is woken. */
    ck_assert_int_eq(
        pthread_create(&thread, NULL, (void *(*)(void *))(void (*)(void))asynchttp_promise_error_message, promises[0]),
        0);
    end_client();
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_all(promises, 2, ASYNCHTTP_E_CANCELLED);
}
END_TEST

START_TEST(test_nothing_is_left_after_free)
{
    asynchttp_promise *promises[30];
    end_client();
    /* What libcurl opens once for the whole process is there by now. */
    http = made();
    promises[0] = get(origin_url("/hello"));
    ck_all(promises, 1, ASYNCHTTP_OK);
    end_client();
    int descriptors = entries("/proc/self/fd");
    for (int round = 0; round < 3; round++) {
        http = made();
        set_workers(4, 3);
        for (int i = 0; i < 30; i++)
            promises[i] = get(i % 3 ? origin_url("/delay/%d", i % 5) : origin_url("/raw?close"));
        asynchttp_promise_wait(promises[round * 10]);
        end_client();
        await_threads(threads_before);
        ck_assert_int_eq(entries("/proc/self/fd"), descriptors);
        for (int i = 0; i < 30; i++)
            asynchttp_promise_free(promises[i]);
    }
}
END_TEST

/* ---- Very many ----------------------------------------------------------------------------- */

/* Pages of memory that this process really has. */
static long resident_bytes(void)
{
    long size;
    long resident;
    FILE *file = fopen("/proc/self/statm", "r");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fscanf(file, "%ld %ld", &size, &resident), 2);
    fclose(file);
    return resident * sysconf(_SC_PAGESIZE);
}

START_TEST(test_twenty_thousand_wait_behind_one)
{
    int count = small() ? 2000 : 20000;
    asynchttp_promise **promises = calloc((size_t)count, sizeof(*promises));
    ck_assert_ptr_nonnull(promises);
    set_workers(1, 1);
    asynchttp_promise *first = get(origin_url("/hold/very-many"));
    origin_await(1, "/held/very-many");
    const char *url = origin_url("/hello");
    memset(promises, 1, (size_t)count * sizeof(*promises));
    long before = resident_bytes();
    get_several(promises, count, url);
    long each = (resident_bytes() - before) / count;
    /* Nothing of it has waited for the first one. */
    ck_assert(!asynchttp_promise_done(first));
    if (!SANITIZED && !small())
        ck_assert_int_lt(each, 1024);
    origin_number("/release/very-many/1");
    ck_assert_int_eq(asynchttp_promise_wait(promises[100]), ASYNCHTTP_OK);
    end_client();
    ck_assert_int_eq(asynchttp_wait_all(promises, (size_t)count, 0), ASYNCHTTP_OK);
    for (int i = 0; i < count; i++)
        asynchttp_promise_free(promises[i]);
    ck_all(&first, 1, ASYNCHTTP_OK);
    free(promises);
}
END_TEST

/* Raises the limit on descriptors as far as it goes. Returns whether so many can be had. */
static bool can_have_descriptors(rlim_t wanted)
{
    struct rlimit limit;
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = limit.rlim_max;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    return limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= wanted;
}

START_TEST(test_five_thousand_at_once)
{
    int count = small() ? 500 : 5000;
    if (!can_have_descriptors((rlim_t)count + 100)) {
        fprintf(stderr, "dispatch: %d at once: skipped, the limit on descriptors is too low\n", count);
        return;
    }
    asynchttp_promise **promises = calloc((size_t)count, sizeof(*promises));
    ck_assert_ptr_nonnull(promises);
    set_workers(2, (unsigned)count / 2);
    get_several(promises, count, origin_url("/gate/five-thousand/%d", count));
    ck_all(promises, count, ASYNCHTTP_OK);
    ck_assert_int_eq(origin_number("/peak/five-thousand"), count);
    ck_assert_int_eq(threads(), threads_before + 2);
    free(promises);
}
END_TEST

/* A cache in which nothing is found. When two hundred have looked, the origin is to have got one of them. */
static struct {
    sem_t begun;
    sem_t all_made;
    int lookups;
    bool first_came;
} early;

static int find_nothing(void *unused, const char *key, void **value, size_t *length)
{
    long patience = fixture_patience(20000);
    (void)unused, (void)key, (void)value, (void)length;
    if (++early.lookups != 200)
        return 1;
    for (long ms = 0; ms < patience && !early.first_came; ms += 10) {
        early.first_came = origin_number("/counted/early") > 0;
        nanosleep(&(struct timespec){.tv_nsec = 10 * 1000 * 1000}, NULL);
    }
    return 1;
}

static int keep_nothing(void *unused, const char *key, const void *value, size_t length)
{
    (void)unused, (void)key, (void)value, (void)length;
    return 0;
}

static int delete_nothing(void *unused, const char *key)
{
    (void)unused, (void)key;
    return 0;
}

static int await_all_made(asynchttp_promise *promise, void *unused)
{
    (void)promise, (void)unused;
    return sem_post(&early.begun) || sem_wait(&early.all_made);
}

START_TEST(test_first_of_many_goes_out_before_the_last_begins)
{
    enum { MANY = 300 };
    static const asynchttp_cache_methods methods = {.get = find_nothing, .set = keep_nothing, .delete = delete_nothing};
    asynchttp_request blocking = ASYNCHTTP_REQUEST_INIT;
    asynchttp_promise *promises[MANY + 1];
    asynchttp_cache *cache = asynchttp_cache_new(&methods, NULL);
    ck_assert_ptr_nonnull(cache);
    ck_assert_int_eq(asynchttp_http_set_cache(http, cache), ASYNCHTTP_OK);
    asynchttp_cache_free(cache);
    set_workers(1, MANY + 1);
    ck_assert_int_eq(sem_init(&early.begun, 0, 0), 0);
    ck_assert_int_eq(sem_init(&early.all_made, 0, 0), 0);
    blocking.callback = await_all_made;
    promises[0] = asynchttp_http_request(http, origin_url("/hello"), &blocking);
    ck_assert_int_eq(sem_wait(&early.begun), 0);
    for (int i = 1; i <= MANY; i++)
        promises[i] = get(origin_url("/count/early?%d", i));
    ck_assert_int_eq(sem_post(&early.all_made), 0);
    ck_all(promises, MANY + 1, ASYNCHTTP_OK);
    ck_assert(early.first_came);
    sem_destroy(&early.all_made);
    sem_destroy(&early.begun);
}
END_TEST

/* More than libcurl is given in one of its handles. */
START_TEST(test_connections_of_a_burst_are_used_again)
{
    enum { BURST = 600 };
    if (!can_have_descriptors(BURST + 100)) {
        fprintf(stderr, "dispatch: a burst: skipped, the limit on descriptors is too low\n");
        return;
    }
    asynchttp_promise *promises[BURST];
    long before = origin_number("/connections");
    set_workers(1, BURST);
    for (int round = 0; round < 2; round++) {
        get_several(promises, BURST, origin_url("/gate/burst-%d/%d", round, BURST));
        ck_all(promises, BURST, ASYNCHTTP_OK);
    }
    /* And the one that asks. */
    ck_assert_int_eq(origin_number("/connections") - before, BURST + 1);
}
END_TEST

/* ---- Very few ------------------------------------------------------------------------------ */

static struct rlimit descriptors;

static void lower_descriptors(rlim_t most)
{
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &descriptors), 0);
    struct rlimit low = {.rlim_cur = most, .rlim_max = descriptors.rlim_max};
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &low), 0);
}

static void restore_descriptors(void)
{
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &descriptors), 0);
}

/* Loads what is opened once for the whole process, and leaves room for some fifty connections. */
static void prepare_scarcity(unsigned workers)
{
    asynchttp_promise *promise = get(origin_url("/hello"));
    ck_all(&promise, 1, ASYNCHTTP_OK);
    set_workers(workers, 100);
    lower_descriptors(64);
}

static void ck_recovered(const char *place)
{
    asynchttp_promise *promises[5];
    restore_descriptors();
    get_several(promises, 5, origin_url("/gate/%s/5", place));
    ck_all(promises, 5, ASYNCHTTP_OK);
}

static int go_on(asynchttp_promise *promise, uint64_t sent, uint64_t to_send, uint64_t received, uint64_t to_receive,
                 void *data)
{
    (void)promise, (void)sent, (void)to_send, (void)received, (void)to_receive, (void)data;
    return 0;
}

/* Some of them tell how far they have got. */
START_TEST(test_requests_on_one_worker_share_too_few_descriptors)
{
    enum { REQUESTS = 200 };
    asynchttp_promise *promises[REQUESTS];
    prepare_scarcity(1);
    for (int i = 0; i < REQUESTS; i++) {
        const asynchttp_request *told = ASYNCHTTP_REQUEST(.on_progress = go_on);
        promises[i] = asynchttp_http_request(http, origin_url("/delay/1"), i % 3 ? told : NULL);
        ck_assert_ptr_nonnull(promises[i]);
    }
    ck_all(promises, REQUESTS, ASYNCHTTP_OK);
    ck_recovered("shared");
}
END_TEST

/* A worker that has no connection at all has nothing to wait for. */
START_TEST(test_requests_without_a_descriptor_end_with_an_error)
{
    enum { REQUESTS = 200 };
    asynchttp_promise *promises[REQUESTS];
    int good = 0;
    prepare_scarcity(2);
    get_several(promises, REQUESTS, origin_url("/delay/1"));
    for (int i = 0; i < REQUESTS; i++) {
        asynchttp_code code = asynchttp_promise_wait(promises[i]);
        ck_assert_msg(code == ASYNCHTTP_OK || code == ASYNCHTTP_E_NO_MEMORY, "%s",
                      asynchttp_promise_error_message(promises[i]));
        ck_assert(!code == !*asynchttp_promise_error_message(promises[i]));
        good += !code;
        asynchttp_promise_free(promises[i]);
    }
    ck_assert_int_gt(good, 0);
    ck_recovered("unshared");
}
END_TEST

static int take_all_descriptors(int *taken, int most)
{
    int count = 0;
    while (count < most && (taken[count] = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0)
        count++;
    ck_assert_int_lt(count, most);
    ck_assert_int_eq(errno, EMFILE);
    return count;
}

static void post_warning(asynchttp_log_level level, const char *component, const char *message, void *data)
{
    (void)level;
    (void)component;
    (void)message;
    sem_post(data);
}

static void wait_on(sem_t *semaphore)
{
    while (sem_wait(semaphore) != 0)
        ck_assert_int_eq(errno, EINTR);
}

/* One request has the last descriptor, and the next, on the same worker, waits for it (of which there is a warning). */
START_TEST(test_request_gets_the_descriptor_of_one_that_was_cancelled)
{
    static int taken[64];
    sem_t warned;
    ck_assert_int_eq(sem_init(&warned, 0, 0), 0);
    set_workers(1, 2);
    asynchttp_promise *first = get(origin_url("/hold/descriptor"));
    origin_await(1, "/held/descriptor");
    lower_descriptors(64);
    int count = take_all_descriptors(taken, COUNT(taken));
    ck_assert_int_eq(asynchttp_set_log(ASYNCHTTP_LOG_WARNING, post_warning, &warned), ASYNCHTTP_OK);
    asynchttp_promise *second = get(origin_url("/hello"));
    wait_on(&warned);
    ck_assert(!asynchttp_promise_done(second));
    asynchttp_promise_cancel(first);
    ck_assert_int_eq(asynchttp_promise_wait_for(second, 30), ASYNCHTTP_OK);
    ck_assert_int_eq(asynchttp_promise_wait(first), ASYNCHTTP_E_CANCELLED);
    asynchttp_set_log(ASYNCHTTP_LOG_NONE, NULL, NULL);
    while (count > 0)
        close(taken[--count]);
    restore_descriptors();
    asynchttp_promise_free(first);
    asynchttp_promise_free(second);
    end_client();
    sem_destroy(&warned);
}
END_TEST

START_TEST(test_no_descriptor_at_all)
{
    static int taken[64];
    asynchttp_promise *promise;
    lower_descriptors(64);
    int count = take_all_descriptors(taken, COUNT(taken));
    promise = get(origin_url("/hello"));
    ck_assert_int_eq(asynchttp_promise_wait(promise), ASYNCHTTP_E_NO_MEMORY);
    ck_assert_str_ne(asynchttp_promise_error_message(promise), "");
    while (count > 0)
        close(taken[--count]);
    restore_descriptors();
    asynchttp_promise_free(promise);
    promise = get(origin_url("/hello"));
    ck_all(&promise, 1, ASYNCHTTP_OK);
}
END_TEST

/* Allows so little address space beyond what is in use that the stack of another thread does not fit. */
static void lower_memory(struct rlimit *before)
{
    long pages;
    FILE *file = fopen("/proc/self/statm", "r");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fscanf(file, "%ld", &pages), 1);
    fclose(file);
    ck_assert_int_eq(getrlimit(RLIMIT_AS, before), 0);
    struct rlimit low = {.rlim_cur = (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE) + 0x100000,
                         .rlim_max = before->rlim_max};
    ck_assert_int_eq(setrlimit(RLIMIT_AS, &low), 0);
}

static bool can_start_thread(void)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, nothing, NULL) != 0)
        return false;
    pthread_join(thread, NULL);
    return true;
}

/* Runs without the fixture, as a thread that has ended may leave its stack to the next. */
START_TEST(test_no_thread_at_all)
{
    struct rlimit before;
    if (SANITIZED) {
        fprintf(stderr, "dispatch: no thread at all: skipped, a sanitizer needs more memory\n");
        return;
    }
    http = made();
    lower_memory(&before);
    bool could_start = can_start_thread();
    asynchttp_promise *promise = could_start ? NULL : asynchttp_http_request(http, origin_url("/hello"), NULL);
    ck_assert_int_eq(setrlimit(RLIMIT_AS, &before), 0);
    if (could_start)
        fprintf(stderr, "dispatch: no thread at all: skipped, this system does not limit memory\n");
    ck_assert_ptr_null(promise);
    promise = get(origin_url("/hello"));
    ck_all(&promise, 1, ASYNCHTTP_OK);
    end_client();
}
END_TEST

/* ---- The suite ----------------------------------------------------------------------------- */

static TCase *add_case(Suite *suite, const char *name, bool with_client)
{
    TCase *tcase = tcase_create(name);
    if (with_client)
        tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, TIMEOUT);
    suite_add_tcase(suite, tcase);
    return tcase;
}

static void add_spreading_tests(TCase *tcase)
{
    tcase_add_test(tcase, test_five_workers_take_eight_requests_in_two_rounds);
    tcase_add_test(tcase, test_ten_workers_take_ten_requests_in_one_round);
    tcase_add_test(tcase, test_idle_workers_take_their_requests_in_one_round);
    tcase_add_loop_test(tcase, test_all_workers_work_on_one_processor, 0, 2);
    tcase_add_test(tcase, test_request_beside_a_download_on_one_processor);
    tcase_add_test(tcase, test_callbacks_of_cancelled_requests_on_one_processor);
    tcase_add_test(tcase, test_release_of_data_makes_a_request);
    tcase_add_test(tcase, test_no_more_workers_than_requests);
    tcase_add_test(tcase, test_settings_start_no_worker_for_a_request_that_has_one);
    tcase_add_test(tcase, test_fifty_transfers_on_one_worker);
    tcase_add_test(tcase, test_transfers_that_many_others_join);
    tcase_add_test(tcase, test_transfers_that_many_others_leave);
    tcase_add_test(tcase, test_several_workers_with_several_transfers);
    tcase_add_test(tcase, test_requests_are_taken_in_the_order_made);
    tcase_add_test(tcase, test_cancelled_requests_leave_the_order_of_the_others);
    tcase_add_test(tcase, test_sequential_requests_use_one_worker_and_one_connection);
}

static void add_settings_tests(TCase *tcase)
{
    tcase_add_test(tcase, test_raising_max_workers_starts_more);
    tcase_add_test(tcase, test_raising_transfers_per_worker_starts_more);
    tcase_add_test(tcase, test_lowering_max_workers_counts_as_work_ends);
    tcase_add_test(tcase, test_lowering_max_workers_at_once);
    tcase_add_test(tcase, test_idle_workers_beyond_the_limit_leave);
    tcase_add_test(tcase, test_lowering_and_raising_max_workers_again);
    tcase_add_test(tcase, test_lowering_transfers_per_worker_counts_as_work_ends);
    tcase_add_test(tcase, test_bad_values_leave_the_old_ones);
    tcase_add_test(tcase, test_limits_of_the_values);
    tcase_add_test(tcase, test_setting_from_two_threads_at_once);
    tcase_add_loop_test(tcase, test_idle_workers_leave_and_come_again, 0, COUNT(short_stays));
    tcase_add_test(tcase, test_idle_workers_stay_for_any_time);
    tcase_add_test(tcase, test_settings_count_for_requests_made_afterwards);
}

static void add_ending_tests(TCase *tcase)
{
    tcase_add_test(tcase, test_close_of_an_unused_client);
    tcase_add_test(tcase, test_close_finishes_what_was_made_before);
    tcase_add_test(tcase, test_close_closes_the_connections);
    tcase_add_test(tcase, test_close_keeps_the_settings);
    tcase_add_test(tcase, test_two_threads_close_at_once);
    tcase_add_test(tcase, test_requests_during_close_go_out_and_are_not_waited_for);
    tcase_add_test(tcase, test_close_waits_for_what_was_made_before_alone);
    tcase_add_test(tcase, test_requests_while_another_thread_closes_again_and_again);
    tcase_add_test(tcase, test_free_of_an_unused_client);
    tcase_add_test(tcase, test_free_cancels_what_is_under_way_and_what_waits);
    tcase_add_test(tcase, test_free_while_others_wait_for_promises);
    tcase_add_test(tcase, test_nothing_is_left_after_free);
}

static void add_scarcity_tests(TCase *tcase)
{
    tcase_add_test(tcase, test_twenty_thousand_wait_behind_one);
    tcase_add_test(tcase, test_five_thousand_at_once);
    tcase_add_test(tcase, test_first_of_many_goes_out_before_the_last_begins);
    tcase_add_test(tcase, test_connections_of_a_burst_are_used_again);
    tcase_add_test(tcase, test_requests_on_one_worker_share_too_few_descriptors);
    tcase_add_test(tcase, test_requests_without_a_descriptor_end_with_an_error);
    tcase_add_test(tcase, test_request_gets_the_descriptor_of_one_that_was_cancelled);
    tcase_add_test(tcase, test_no_descriptor_at_all);
}

Suite *dispatch_suite(void)
{
    Suite *suite = suite_create("dispatch");
    add_spreading_tests(add_case(suite, "spreading", true));
    add_settings_tests(add_case(suite, "settings", true));
    add_ending_tests(add_case(suite, "ending", true));
    add_scarcity_tests(add_case(suite, "scarcity", true));
    tcase_add_test(add_case(suite, "threads", false), test_no_thread_at_all);
    return suite;
}
