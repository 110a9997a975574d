/*
 * Requests for the same thing at the same time: one goes to the server, and what it brings serves all that it may.
 *
 * That the others wait is seen at the server, which holds the one: nothing else arrives there.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "client.h"
#include "fixture.h"
#include "stored.h"
#include "suites.h"

enum { MANY = 8 };

/* A client with room for all of them: on threads of their own, or on one. */
static const struct {
    unsigned workers;
    unsigned transfers;
} rooms[] = {{MANY, 1}, {1, MANY}, {2, MANY / 2}};

static void make_room(int i)
{
    ck_assert_int_eq(asynchttp_http_set_max_workers(http, rooms[i].workers), ASYNCHTTP_OK);
    ck_assert_int_eq(asynchttp_http_set_transfers_per_worker(http, rooms[i].transfers), ASYNCHTTP_OK);
}

static void pause_briefly(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
}

/* ---- Who waits ---- */

static atomic_int waiting;

static void count_waiting(asynchttp_log_level level, const char *component, const char *message, void *data)
{
    (void)level;
    (void)data;
    if (strcmp(component, "exchange") == 0 && strstr(message, "waiting for the same"))
        atomic_fetch_add(&waiting, 1);
}

/* Waits until so many requests have waited for another one, since the test began. */
static void await_waiting(int count)
{
    for (int i = 0; atomic_load(&waiting) < count; i++) {
        ck_assert_int_lt(i, 15000);
        pause_briefly();
    }
    ck_assert_int_eq(atomic_load(&waiting), count);
}

static void collapse_setup(void)
{
    stored_setup();
    atomic_store(&waiting, 0);
    ck_assert_int_eq(asynchttp_set_log(ASYNCHTTP_LOG_DEBUG, count_waiting, NULL), ASYNCHTTP_OK);
}

static void collapse_teardown(void)
{
    stored_teardown();
    asynchttp_set_log(ASYNCHTTP_LOG_NONE, NULL, NULL);
}

/* One that is held at the server, and others that wait for it. */
static void request_many(const resource *page, const char *place, asynchttp_promise **all, int count,
                         const asynchttp_request *request)
{
    all[0] = client_request(page->url, request);
    origin_await(1, "/held/%s", place);
    for (int i = 1; i < count; i++)
        all[i] = client_request(page->url, request);
    await_waiting(count - 1);
}

/* ---- One for all --------------------------------------------------------------------------- */

START_TEST(test_one_for_all)
{
    asynchttp_promise *all[MANY];
    const resource *page = stored(FRESH "hold=all&body=one");
    make_room(_i);
    request_many(page, "all", all, MANY, NULL);
    ck_assert_int_eq(stored_count(page), 1);
    ck_assert_int_eq(origin_number("/release/all"), 1);
    stored_expect_miss(all[0], "one");
    for (int i = 1; i < MANY; i++)
        stored_expect_hit(all[i], "one");
    ck_assert_int_eq(stored_count(page), 1);
    asynchttp_cache_statistics counted = stored_statistics();
    ck_assert_uint_eq(counted.misses, 1);
    ck_assert_uint_eq(counted.hits, MANY - 1);
}
END_TEST

/* The same for what is stored and has to be validated. */
START_TEST(test_one_validation_for_all)
{
    asynchttp_promise *all[MANY];
    const resource *page = stored(STALE "ETag=\"a\"&body=one&then&" FRESH "ETag=\"a\"&hold=validated&body=one");
    make_room(_i);
    stored_get(page, NULL);
    request_many(page, "validated", all, MANY, NULL);
    origin_number("/release/validated");
    for (int i = 0; i < MANY; i++)
        stored_expect_hit(all[i], "one");
    ck_assert_int_eq(stored_count(page), 2);
}
END_TEST

/* Stays in the first's callback until the others have been answered. */
static atomic_int others;

static int await_others(asynchttp_promise *promise, const void *data, size_t length, void *callback_data)
{
    (void)promise;
    (void)data;
    (void)length;
    (void)callback_data;
    for (int i = 0; atomic_load(&others) == 0 && i < 15000; i++)
        pause_briefly();
    return 0;
}

/* What is confirmed is there for all, however long the first takes to read it. */
START_TEST(test_confirmed_content_is_not_waited_for)
{
    const resource *page = stored(STALE "ETag=\"a\"&body=one&then&" FRESH "ETag=\"a\"&hold=confirmed&body=one");
    atomic_store(&others, 0);
    make_room(0);
    stored_get(page, NULL);
    asynchttp_promise *first = client_request(page->url, ASYNCHTTP_REQUEST(.on_data = await_others));
    origin_await(1, "/held/confirmed");
    asynchttp_promise *second = client_request(page->url, NULL);
    await_waiting(1);
    origin_number("/release/confirmed");
    stored_expect_hit(second, "one");
    ck_assert(!asynchttp_promise_done(first));
    atomic_store(&others, 1);
    ck_assert_int_eq(client_wait(first), ASYNCHTTP_OK);
    ck_assert_int_eq(stored_count(page), 2);
}
END_TEST

START_TEST(test_clients_that_share_a_cache)
{
    asynchttp_promise *all[MANY];
    asynchttp_http *other = asynchttp_http_new(NULL);
    const resource *page = stored(FRESH "hold=clients&body=one");
    asynchttp_http_set_cache(other, cache);
    make_room(_i);
    asynchttp_http_set_max_workers(other, MANY);
    all[0] = client_keep(asynchttp_http_request(other, page->url, NULL));
    origin_await(1, "/held/clients");
    for (int i = 1; i < MANY; i++)
        all[i] = client_keep(asynchttp_http_request(i % 2 ? http : other, page->url, NULL));
    await_waiting(MANY - 1);
    origin_number("/release/clients");
    for (int i = 1; i < MANY; i++)
        stored_expect_hit(all[i], "one");
    ck_assert_int_eq(stored_count(page), 1);
    asynchttp_http_free(other);
}
END_TEST

/* The variant that it brings is for some of them. */
START_TEST(test_variants)
{
    asynchttp_promise *all[3];
    const resource *page = stored(FRESH "Vary=X-Kind&hold=variants&body=a&then&" FRESH "Vary=X-Kind&body=b");
    all[0] = client_request(page->url, ASYNCHTTP_REQUEST(.headers = FIELDS("x-kind", "1")));
    origin_await(1, "/held/variants");
    all[1] = client_request(page->url, ASYNCHTTP_REQUEST(.headers = FIELDS("x-kind", "1")));
    all[2] = client_request(page->url, ASYNCHTTP_REQUEST(.headers = FIELDS("x-kind", "2")));
    await_waiting(2);
    origin_number("/release/variants");
    stored_expect_miss(all[0], "a");
    stored_expect_hit(all[1], "a");
    stored_expect_miss(all[2], "b");
    ck_assert_int_eq(stored_count(page), 2);
}
END_TEST

/* What the redirect leads to is waited for in its turn. */
START_TEST(test_redirects)
{
    asynchttp_promise *all[MANY];
    const resource *page = stored("hold=redirect&status=301&Location=/bytes/5");
    make_room(0);
    request_many(page, "redirect", all, MANY, NULL);
    origin_number("/release/redirect");
    for (int i = 0; i < MANY; i++) {
        client_expect_pattern(all[i], 5);
        asynchttp_response *previous = asynchttp_response_previous(client_response(all[i]));
        ck_assert_int_eq(asynchttp_response_fromcache(previous), i > 0);
    }
    ck_assert_int_eq(stored_count(page), 1);
}
END_TEST

/* ---- Each for itself ----------------------------------------------------------------------- */

/* A response that serves nobody else sends all of them at once. */
static const char *const unshared[] = {
    "Cache-Control=no-store&hold=unshared&body=one",
    "hold=unshared&body=one",
    FRESH "Vary=*&hold=unshared&body=one",
};

START_TEST(test_what_may_not_be_stored)
{
    asynchttp_promise *all[MANY];
    const resource *page = stored(unshared[_i]);
    make_room(1);
    request_many(page, "unshared", all, MANY, NULL);
    origin_number("/release/unshared");
    stored_expect_miss(all[0], "one");
    /* They do not queue up. */
    origin_await(MANY - 1, "/held/unshared");
    origin_number("/release/unshared");
    for (int i = 1; i < MANY; i++)
        stored_expect_miss(all[i], "one");
    ck_assert_int_eq(stored_count(page), MANY);
}
END_TEST

/* That much the head says: its content need not be waited for. */
START_TEST(test_what_may_not_be_stored_is_known_by_its_head)
{
    unsigned port;
    char request[4096];
    char url[64];
    int listener = client_listen(&port);
    snprintf(url, sizeof(url), "http://127.0.0.1:%u/", port);
    asynchttp_promise *first = client_request(url, NULL);
    int held = client_accept(listener);
    ck_assert(client_receive(held, request, sizeof(request)));
    asynchttp_promise *second = client_request(url, NULL);
    await_waiting(1);
    client_send(held, "HTTP/1.1 200 OK\r\nCache-Control: no-store\r\nContent-Length: 3\r\n\r\n");
    int other = client_accept(listener);
    ck_assert(client_receive(other, request, sizeof(request)));
    client_send(other, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\ntwo");
    ck_assert_str_eq(client_text(second), "two");
    client_send(held, "one");
    ck_assert_str_eq(client_text(first), "one");
    close(held);
    close(other);
    close(listener);
}
END_TEST

static const struct {
    const char *field;
    bool by_head;
} lengths[] = {{"Content-Length: 1002", true},
               {"Content-Range: bytes 0-1001/2000\r\nContent-Length: 1002", true},
               {"Connection: close", false}};

/* And that it is too large, too; or else it shows long before its end. */
START_TEST(test_what_is_too_large_is_not_waited_for)
{
    unsigned port;
    char text[4096];
    char content[1002] = "";
    char url[64];
    int listener = client_listen(&port);
    asynchttp_cache *small = asynchttp_cache_sqlite(stored_directory(), 0, 1000);
    asynchttp_http_set_cache(http, small);
    snprintf(url, sizeof(url), "http://127.0.0.1:%u/", port);
    asynchttp_promise *first = client_request(url, NULL);
    int held = client_accept(listener);
    ck_assert(client_receive(held, text, sizeof(text)));
    asynchttp_promise *second = client_request(url, NULL);
    await_waiting(1);
    memset(content, 'x', 1001);
    client_send(held, stored_print("HTTP/1.1 %d OK\r\nCache-Control: max-age=1000\r\nETag: \"a\"\r\n%s\r\n\r\n%s",
                                   _i == 1 ? 206 : 200, lengths[_i].field, lengths[_i].by_head ? "" : content));
    int other = client_accept(listener);
    ck_assert(client_receive(other, text, sizeof(text)));
    if (lengths[_i].by_head)
        client_send(held, content);
    client_send(other, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\ntwo");
    ck_assert_str_eq(client_text(second), "two");
    client_send(held, "x");
    close(held);
    ck_assert_int_eq(client_text(first)[1001], 'x');
    close(other);
    close(listener);
    asynchttp_http_set_cache(http, cache);
    asynchttp_cache_free(small);
}
END_TEST

/* Requests that nothing else may answer. */
static const struct {
    const char *method;
    const char *body;
    const char *name;
    const char *value;
} apart[] = {
    {"POST", "x", NULL, NULL},
    {"GET", "x", NULL, NULL},
    {"PUT", NULL, NULL, NULL},
    {"DELETE", NULL, NULL, NULL},
    {"HEAD", NULL, NULL, NULL},
    {"GET", NULL, "authorization", "Bearer a"},
    {"GET", NULL, "cache-control", "no-store"},
    {"GET", NULL, "cache-control", "no-cache"},
    {"GET", NULL, "pragma", "no-cache"},
    {"GET", NULL, "range", "bytes=0-1"},
    {"GET", NULL, "if-none-match", "\"a\""},
    {"GET", NULL, "if-match", "\"a\""},
};

START_TEST(test_what_is_never_merged)
{
    const resource *page = stored(FRESH "hold=apart&body=one");
    const char *const *headers = apart[_i].name ? FIELDS(apart[_i].name, apart[_i].value) : NULL;
    const asynchttp_request *request =
        ASYNCHTTP_REQUEST(.method = apart[_i].method, .body = apart[_i].body, .headers = headers);
    asynchttp_promise *promises[] = {client_request(page->url, NULL), client_request(page->url, request)};
    origin_await(2, "/held/apart");
    ck_assert_int_eq(atomic_load(&waiting), 0);
    origin_number("/release/apart");
    for (int i = 0; i < COUNT(promises); i++)
        client_response(promises[i]);
    ck_assert_int_eq(stored_count(page), 2);
}
END_TEST

/* Two of a kind are not merged, either, if they change something. */
START_TEST(test_unsafe_requests_are_never_merged)
{
    const resource *page = stored(FRESH "hold=unsafe&body=one");
    for (int i = 0; i < 3; i++)
        client_request(page->url, ASYNCHTTP_REQUEST(.method = "POST", .body = "x"));
    origin_await(3, "/held/unsafe");
    origin_number("/release/unsafe");
    ck_assert_int_eq(atomic_load(&waiting), 0);
}
END_TEST

START_TEST(test_same_authorization_is_merged)
{
    asynchttp_promise *all[MANY];
    const resource *page = stored(FRESH "hold=same&body=one");
    make_room(_i);
    request_many(page, "same", all, MANY, ASYNCHTTP_REQUEST(.headers = FIELDS("authorization", "Bearer a")));
    origin_number("/release/same");
    for (int i = 1; i < MANY; i++)
        stored_expect_hit(all[i], "one");
    ck_assert_int_eq(stored_count(page), 1);
}
END_TEST

/* ---- Ends ---------------------------------------------------------------------------------- */

START_TEST(test_cancelled_waiter)
{
    asynchttp_promise *all[3];
    const resource *page = stored(FRESH "hold=waiter&body=one");
    make_room(_i);
    request_many(page, "waiter", all, 3, NULL);
    asynchttp_promise_cancel(all[1]);
    ck_assert_int_eq(client_wait(all[1]), ASYNCHTTP_E_CANCELLED);
    ck_assert(!asynchttp_promise_done(all[0]));
    ck_assert(!asynchttp_promise_done(all[2]));
    origin_number("/release/waiter");
    stored_expect_miss(all[0], "one");
    stored_expect_hit(all[2], "one");
    ck_assert_int_eq(stored_count(page), 1);
}
END_TEST

/* One of those who wait takes over, and the rest wait for that one. */
START_TEST(test_cancelled_leader)
{
    asynchttp_promise *all[MANY];
    int hits = 0;
    const resource *page = stored(FRESH "hold=leader&body=one");
    make_room(_i);
    request_many(page, "leader", all, MANY, NULL);
    asynchttp_promise_cancel(all[0]);
    ck_assert_int_eq(client_wait(all[0]), ASYNCHTTP_E_CANCELLED);
    stored_await(page, 2);
    await_waiting(MANY - 1 + MANY - 2);
    origin_await(1, "/held/leader");
    origin_number("/release/leader");
    for (int i = 1; i < MANY; i++) {
        ck_assert_str_eq(client_text(all[i]), "one");
        hits += stored_fromcache(all[i]);
    }
    ck_assert_int_eq(hits, MANY - 2);
    ck_assert_int_eq(stored_count(page), 2);
}
END_TEST

/* An error is of the request that met it: another tries next, and the others wait for that one. */
START_TEST(test_failed_leader)
{
    asynchttp_promise *all[3];
    const resource *page = stored(FRESH "Content-Length=10&hold=failed&body=x&close&then&" FRESH "body=one");
    make_room(_i);
    request_many(page, "failed", all, 3, NULL);
    origin_number("/release/failed");
    ck_assert_int_eq(client_wait(all[0]), ASYNCHTTP_E_CONNECTION_LOST);
    ck_assert_str_eq(client_text(all[1]), "one");
    ck_assert_str_eq(client_text(all[2]), "one");
    ck_assert_int_eq(stored_count(page), 2);
}
END_TEST

/* After a second one they wait no more. */
START_TEST(test_failed_leaders)
{
    asynchttp_promise *all[4];
    const resource *page = stored(FRESH "Content-Length=10&hold=failed&body=x&close&then&" FRESH
                                        "Content-Length=10&hold=next&body=x&close&then&" FRESH "hold=alone&body=one");
    int failed = 0;
    make_room(_i);
    request_many(page, "failed", all, 4, NULL);
    origin_number("/release/failed");
    origin_await(1, "/held/next");
    await_waiting(3 + 2);
    origin_number("/release/next");
    origin_await(2, "/held/alone");
    origin_number("/release/alone");
    for (int i = 0; i < 4; i++) {
        asynchttp_code code = client_wait(all[i]);
        ck_assert(code == ASYNCHTTP_OK || code == ASYNCHTTP_E_CONNECTION_LOST);
        failed += code != ASYNCHTTP_OK;
    }
    ck_assert_int_eq(failed, 2);
    ck_assert_int_eq(stored_count(page), 4);
}
END_TEST

START_TEST(test_leader_that_wants_no_more)
{
    const resource *page = stored(FRESH "hold=refused&bytes=100000&then&" FRESH "bytes=1000");
    make_room(_i);
    asynchttp_promise *first = client_request(page->url, ASYNCHTTP_REQUEST(.on_data = stored_refuse_data));
    origin_await(1, "/held/refused");
    asynchttp_promise *second = client_request(page->url, NULL);
    asynchttp_promise *third = client_request(page->url, NULL);
    await_waiting(2);
    origin_number("/release/refused");
    ck_assert_int_eq(client_wait(first), ASYNCHTTP_E_CALLBACK);
    client_expect_pattern(second, 1000);
    client_expect_pattern(third, 1000);
    ck_assert_int_eq(stored_count(page), 2);
}
END_TEST

START_TEST(test_free_with_waiters)
{
    asynchttp_promise *all[MANY];
    const resource *page = stored(FRESH "hold=freed&body=one");
    make_room(_i);
    request_many(page, "freed", all, MANY, NULL);
    asynchttp_http_free(http);
    http = NULL;
    for (int i = 0; i < MANY; i++)
        ck_assert_int_eq(asynchttp_promise_error(all[i]), ASYNCHTTP_E_CANCELLED);
    origin_await(0, "/held/freed");
}
END_TEST

/* When the client that leads goes, one of another client goes on. */
START_TEST(test_free_of_the_leaders_client)
{
    asynchttp_http *other = asynchttp_http_new(NULL);
    const resource *page = stored(FRESH "hold=other&body=one");
    asynchttp_http_set_cache(other, cache);
    make_room(_i);
    asynchttp_promise *first = client_keep(asynchttp_http_request(other, page->url, NULL));
    origin_await(1, "/held/other");
    asynchttp_promise *second = client_request(page->url, NULL);
    asynchttp_promise *third = client_request(page->url, NULL);
    await_waiting(2);
    asynchttp_http_free(other);
    ck_assert_int_eq(asynchttp_promise_error(first), ASYNCHTTP_E_CANCELLED);
    stored_await(page, 2);
    origin_await(1, "/held/other");
    await_waiting(3);
    origin_number("/release/other");
    ck_assert_str_eq(client_text(second), "one");
    ck_assert_str_eq(client_text(third), "one");
    ck_assert_int_eq(stored_count(page), 2);
}
END_TEST

/* Close waits for those who wait. */
START_TEST(test_close_with_waiters)
{
    asynchttp_promise *all[MANY];
    const resource *page = stored(FRESH "hold=closed&body=one");
    make_room(_i);
    request_many(page, "closed", all, MANY, NULL);
    origin_number("/release/closed");
    ck_assert_int_eq(asynchttp_http_close(http), ASYNCHTTP_OK);
    for (int i = 0; i < MANY; i++) {
        ck_assert(asynchttp_promise_done(all[i]));
        ck_assert_str_eq(client_text(all[i]), "one");
    }
    ck_assert_int_eq(stored_count(page), 1);
}
END_TEST

static int count_end(asynchttp_promise *promise, void *data)
{
    if (!asynchttp_promise_error(promise))
        atomic_fetch_add((atomic_int *)data, 1);
    return 0;
}

/* Promises may be let go of while their requests wait. */
START_TEST(test_free_of_promises)
{
    atomic_int ended = 0;
    const resource *page = stored(FRESH "hold=promises&body=one");
    const asynchttp_request *request = ASYNCHTTP_REQUEST(.callback = count_end, .callback_data = &ended);
    make_room(_i);
    for (int i = 0; i < MANY; i++)
        asynchttp_promise_free(asynchttp_http_request(http, page->url, request));
    await_waiting(MANY - 1);
    origin_await(1, "/held/promises");
    origin_number("/release/promises");
    while (atomic_load(&ended) < MANY)
        pause_briefly();
    ck_assert_int_eq(stored_count(page), 1);
}
END_TEST

/* Waiting is not bounded by the patience with a server: those with another one do not wait for each other. */
START_TEST(test_timeouts_are_kept)
{
    const resource *page = stored(FRESH "hold=patience&body=one");
    asynchttp_promise *patient = client_request(page->url, NULL);
    origin_await(1, "/held/patience");
    asynchttp_promise *hasty = client_request(page->url, ASYNCHTTP_REQUEST(.timeout = 0.05));
    ck_assert_int_eq(client_wait(hasty), ASYNCHTTP_E_TIMEOUT);
    ck_assert(!asynchttp_promise_done(patient));
    origin_number("/release/patience");
    stored_expect_miss(patient, "one");
}
END_TEST

/* ---- The suite ----------------------------------------------------------------------------- */

static TCase *add_case(Suite *suite, const char *name)
{
    TCase *tcase = tcase_create(name);
    tcase_add_checked_fixture(tcase, collapse_setup, collapse_teardown);
    tcase_set_timeout(tcase, 120);
    suite_add_tcase(suite, tcase);
    return tcase;
}

static void add_shared(TCase *tcase)
{
    tcase_add_loop_test(tcase, test_one_for_all, 0, COUNT(rooms));
    tcase_add_loop_test(tcase, test_one_validation_for_all, 0, COUNT(rooms));
    tcase_add_loop_test(tcase, test_clients_that_share_a_cache, 0, COUNT(rooms));
    tcase_add_test(tcase, test_confirmed_content_is_not_waited_for);
    tcase_add_test(tcase, test_variants);
    tcase_add_test(tcase, test_redirects);
}

static void add_apart(TCase *tcase)
{
    tcase_add_loop_test(tcase, test_what_may_not_be_stored, 0, COUNT(unshared));
    tcase_add_test(tcase, test_what_may_not_be_stored_is_known_by_its_head);
    tcase_add_loop_test(tcase, test_what_is_too_large_is_not_waited_for, 0, COUNT(lengths));
    tcase_add_loop_test(tcase, test_what_is_never_merged, 0, COUNT(apart));
    tcase_add_test(tcase, test_unsafe_requests_are_never_merged);
    tcase_add_loop_test(tcase, test_same_authorization_is_merged, 0, COUNT(rooms));
    tcase_add_test(tcase, test_timeouts_are_kept);
}

static void add_ends(TCase *tcase)
{
    tcase_add_loop_test(tcase, test_cancelled_waiter, 0, COUNT(rooms));
    tcase_add_loop_test(tcase, test_cancelled_leader, 0, COUNT(rooms));
    tcase_add_loop_test(tcase, test_failed_leader, 0, COUNT(rooms));
    tcase_add_loop_test(tcase, test_failed_leaders, 0, COUNT(rooms));
    tcase_add_loop_test(tcase, test_leader_that_wants_no_more, 0, COUNT(rooms));
    tcase_add_loop_test(tcase, test_free_with_waiters, 0, COUNT(rooms));
    tcase_add_loop_test(tcase, test_free_of_the_leaders_client, 0, COUNT(rooms));
    tcase_add_loop_test(tcase, test_close_with_waiters, 0, COUNT(rooms));
    tcase_add_loop_test(tcase, test_free_of_promises, 0, COUNT(rooms));
}

Suite *collapse_suite(void)
{
    Suite *suite = suite_create("collapse");
    add_shared(add_case(suite, "shared"));
    add_apart(add_case(suite, "apart"));
    add_ends(add_case(suite, "ends"));
    return suite;
}
