/*
 * Credentials over real sockets: what answers a 401, what is sent from the start next time, and what nobody else gets
 * to see. The origin refuses what a client gets wrong.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "fixture.h"
#include "origin/pattern.h"
#include "small.h"
#include "suites.h"

#define LINES(...) ((const char *const[]){__VA_ARGS__, NULL})

static void add(const char *name, const char *password, const char *domain)
{
    ck_assert_int_eq(asynchttp_http_add_credentials(http, name, password, domain), ASYNCHTTP_OK);
}

static void add_user(void)
{
    add("user", "secret", NULL);
}

static void expect_tried(const char *name, const char *lines)
{
    char *tried = origin_get("/auth/tried/%s", name);
    ck_assert_str_eq(tried, lines);
    free(tried);
}

static void expect_code(asynchttp_promise *promise, asynchttp_code code)
{
    client_wait(promise);
    ck_assert_msg(asynchttp_promise_error(promise) == code, "%s: %s",
                  asynchttp_code_name(asynchttp_promise_error(promise)), asynchttp_promise_error_message(promise));
}

/* ---- Schemes ------------------------------------------------------------------------------- */

/* What is asked for, of those that a client must know. */
static const char *const demands[] = {
    "/auth/basic/%s?",
    "/auth/wsse/%s?",
    "/auth/digest/%s?",
    "/auth/digest/%s?qop=",
    "/auth/digest/%s?qop=auth,auth-int",
    "/auth/digest/%s?qop=auth-int,%%20auth",
    "/auth/digest/%s?opaque=5ccc069c403ebaf9f0171e9517f40e41",
    "/auth/digest/%s?algorithm=MD5",
    "/auth/digest/%s?algorithm=MD5-sess",
    "/auth/digest/%s?algorithm=SHA-256",
    "/auth/digest/%s?algorithm=SHA-256-sess",
    "/auth/digest/%s?algorithm=SHA-512-256",
    "/auth/digest/%s?algorithm=SHA-512-256-sess",
    "/auth/digest/%s?algorithm=SHA-256&userhash",
    "/auth/digest/%s?algorithm=SHA-512-256&userhash&opaque=a%%20b",
    "/auth/digest/%s?algorithm=SHA-256-sess&nextnonce",
    "/auth/digest/%s?algorithm=MD5-sess&nextnonce",
};

/* The URL of a demand, for a name of this test's own. Valid until the next. */
static const char *demand_url(int i, const char *name)
{
    static char path[256];
    const char *at = strstr(demands[i], "%s");
    int size = snprintf(path, sizeof(path), "%.*s%s-%d", (int)(at - demands[i]), demands[i], name, i);
    snprintf(path + size, sizeof(path) - (size_t)size, "%s", at + 2);
    /* "%%" stands for "%". */
    for (char *percent = path; (percent = strstr(percent, "%%")); percent++)
        memmove(percent, percent + 1, strlen(percent));
    return origin_url("%s", path);
}

static void expect_let_in(asynchttp_promise *promise)
{
    ck_assert_msg(client_status(promise) == 200, "%d %s", client_status(promise), client_text(promise));
}

static void expect_number(long wanted, const char *what, const char *name, int i)
{
    ck_assert_int_eq(origin_number("/auth/%s/%s-%d", what, name, i), wanted);
}

START_TEST(test_demand)
{
    static const char *const methods[] = {"GET", "POST", "DELETE", "OPTIONS", "GET"};
    char url[256];
    add_user();
    snprintf(url, sizeof(url), "%s", demand_url(_i, "demand"));
    for (int i = 0; i < COUNT(methods); i++)
        expect_let_in(client_request(url, ASYNCHTTP_REQUEST(.method = methods[i])));
    asynchttp_promise *head = client_request(url, ASYNCHTTP_REQUEST(.method = "HEAD"));
    ck_assert_int_eq(client_status(head), 200);
    /* It is sent from the start after the first time. */
    expect_number(1, "asked", "demand", _i);
    expect_number(0, "refused", "demand", _i);
}
END_TEST

START_TEST(test_names_in_utf_8)
{
    static const char *const kinds[] = {"basic", "wsse", "digest"};
    add("J\xc3\xbcrgen", "p\xc3\xa4ss: \"\\w\xc3\xb6rd\"", NULL);
    for (int i = 0; i < COUNT(kinds); i++)
        expect_let_in(client_request(
            origin_url("/auth/%s/utf8?user=J%%C3%%BCrgen&password=p%%C3%%A4ss:%%20%%22%%5Cw%%C3%%B6rd%%22", kinds[i]),
            NULL));
}
END_TEST

START_TEST(test_quotes_in_a_name)
{
    add("a\"b\\c", "secret", NULL);
    expect_let_in(client_request(origin_url("/auth/digest/quotes?user=a%%22b%%5Cc&opaque=x"), NULL));
}
END_TEST

START_TEST(test_without_credentials)
{
    asynchttp_promise *promise = client_request(origin_url("/auth/digest/without"), NULL);
    ck_assert_int_eq(client_status(promise), 401);
    ck_assert_str_eq(client_text(promise), "no credentials for it\n");
    expect_tried("without", "-\n");
}
END_TEST

/* Of several schemes in any order, the strongest. */
static const struct {
    const char *schemes;
    const char *used;
    const char *tried;
} offers[] = {
    {"basic,wsse,digest", "digest user\n", "-\nDigest user\n"},
    {"digest,basic", "digest user\n", "-\nDigest user\n"},
    {"basic,digest", "digest user\n", "-\nDigest user\n"},
    {"basic,wsse", "wsse user\n", "-\nWSSE \n"},
    {"wsse,basic", "wsse user\n", "-\nWSSE \n"},
};

START_TEST(test_strongest_scheme)
{
    for (int split = 0; split < 2; split++) {
        char name[32];
        /* Nothing is to be remembered of the time before. */
        asynchttp_http_clear_credentials(http);
        add_user();
        snprintf(name, sizeof(name), "offer-%d-%d", _i, split);
        asynchttp_promise *promise = client_request(
            origin_url("/auth/many/%s?schemes=%s%s", name, offers[_i].schemes, split ? "&split" : ""), NULL);
        ck_assert_str_eq(client_text(promise), offers[_i].used);
        expect_tried(name, offers[_i].tried);
    }
}
END_TEST

/* ---- Several credentials ------------------------------------------------------------------- */

START_TEST(test_credentials_in_order)
{
    add("first", "secret", NULL);
    add("user", "wrong", NULL);
    add("user", "secret", NULL);
    add("last", "secret", NULL);
    asynchttp_promise *promise = client_request(origin_url("/auth/digest/order"), NULL);
    ck_assert_int_eq(client_status(promise), 200);
    expect_tried("order", "-\nDigest first\nDigest user\nDigest user\n");
    /* A nonce is counted on whoever uses it. */
    ck_assert_int_eq(origin_number("/auth/refused/order"), 0);
    expect_let_in(client_request(origin_url("/auth/digest/order"), NULL));
    expect_tried("order", "-\nDigest first\nDigest user\nDigest user\nDigest user\n");
}
END_TEST

START_TEST(test_basic_credentials_in_order)
{
    add("first", "secret", NULL);
    add("user", "wrong", NULL);
    add("user", "secret", NULL);
    expect_let_in(client_request(origin_url("/auth/basic/basic-order"), NULL));
    ck_assert_int_eq(origin_number("/auth/asked/basic-order"), 3);
}
END_TEST

START_TEST(test_domain)
{
    char here[64], elsewhere[64];
    snprintf(here, sizeof(here), "127.0.0.1:%u", origin_port());
    snprintf(elsewhere, sizeof(elsewhere), "127.0.0.1:%u", origin_port() == 1 ? 2 : origin_port() - 1);
    add("a", "secret", "elsewhere.example");
    add("b", "secret", "127.0.0.1");
    add("c", "secret", elsewhere);
    add("user", "secret", here);
    add("d", "secret", "");
    expect_let_in(client_request(origin_url("/auth/digest/domain"), NULL));
    expect_tried("domain", "-\nDigest user\n");
    ck_assert_int_eq(client_status(client_request(origin_url6("/auth/digest/domain6"), NULL)), 401);
    expect_tried("domain6", "-\nDigest d\n");
}
END_TEST

START_TEST(test_wrong_credentials)
{
    static const char *const kinds[] = {"basic", "wsse", "digest", "many"};
    add("user", "wrong", NULL);
    for (int i = 0; i < COUNT(kinds); i++) {
        asynchttp_promise *promise = client_request(origin_url("/auth/%s/wrong-%s", kinds[i], kinds[i]), NULL);
        ck_assert_int_eq(client_status(promise), 401);
        ck_assert(*client_text(promise) != '\0');
        ck_assert_ptr_nonnull(client_header(promise, "www-authenticate"));
    }
    ck_assert_int_eq(origin_number("/auth/asked/wrong-digest"), 2);
    /* One for each scheme that was offered. */
    ck_assert_int_eq(origin_number("/auth/asked/wrong-many"), 4);
    /* What did not work is not remembered. */
    client_response(client_request(origin_url("/auth/basic/wrong-basic"), NULL));
    expect_tried("wrong-basic", "-\nBasic \n-\nBasic \n");
}
END_TEST

START_TEST(test_own_authorization_is_left_alone)
{
    add_user();
    asynchttp_promise *promise = client_request(origin_url("/auth/basic/own"),
                                                ASYNCHTTP_REQUEST(.headers = LINES("Authorization", "Basic eDp5")));
    ck_assert_int_eq(client_status(promise), 401);
    expect_tried("own", "Basic \n");
    /* Neither is it replaced by what has worked. */
    expect_let_in(client_request(origin_url("/auth/basic/own"), NULL));
    promise = client_request(origin_url("/auth/basic/own"),
                             ASYNCHTTP_REQUEST(.headers = LINES("Authorization", "Other x=y")));
    ck_assert_int_eq(client_status(promise), 401);
    expect_tried("own", "Basic \n-\nBasic \nOther \n");
}
END_TEST

/* ---- Bodies -------------------------------------------------------------------------------- */

typedef struct given {
    uint64_t length;
    unsigned beginnings;
} given;

static int give(asynchttp_promise *promise, uint64_t offset, void *buffer, size_t size, size_t *length,
                void *callback_data)
{
    given *source = callback_data;
    (void)promise;
    source->beginnings += offset == 0;
    uint64_t left = source->length - offset;
    *length = left < size ? (size_t)left : size;
    pattern_fill(buffer, *length, offset);
    return 0;
}

static const char *const kinds_of_three[] = {"basic", "wsse", "digest"};

/* What was let in, and then this much of the pattern. */
static void expect_body(asynchttp_promise *promise, size_t length)
{
    const void *content;
    size_t content_length;
    expect_let_in(promise);
    asynchttp_promise_content(promise, &content, &content_length);
    size_t line = strcspn(content, "\n") + 1;
    ck_assert_uint_eq(content_length, line + length);
    ck_assert_uint_eq(pattern_mismatches((const unsigned char *)content + line, length, 0), 0);
}

START_TEST(test_body_is_sent_again)
{
    unsigned char *body = client_pattern(200000);
    add_user();
    expect_body(client_request(origin_url("/auth/%s/body", kinds_of_three[_i]),
                               ASYNCHTTP_REQUEST(.method = "POST", .body = body, .body_length = 200000)),
                200000);
    free(body);
}
END_TEST

START_TEST(test_on_read_body_is_sent_again)
{
    add_user();
    for (int i = 0; i < 2; i++) {
        given source = {.length = 200000};
        expect_body(client_request(origin_url("/auth/%s/read%d/%d", i ? "digest" : "basic", _i, i),
                                   ASYNCHTTP_REQUEST(.method = "PUT", .on_read = give, .callback_data = &source,
                                                     .body_length = _i ? 200000 : 0)),
                    200000);
        ck_assert_uint_eq(source.beginnings, 2);
    }
}
END_TEST

typedef struct taken {
    size_t length;
    char text[256];
} taken;

static int take(asynchttp_promise *promise, const void *data, size_t length, void *callback_data)
{
    taken *all = callback_data;
    (void)promise;
    ck_assert_uint_lt(all->length + length, sizeof(all->text));
    memcpy(all->text + all->length, data, length);
    all->length += length;
    return 0;
}

START_TEST(test_on_data_gets_only_the_final_content)
{
    taken all = {0};
    const asynchttp_request *request = ASYNCHTTP_REQUEST(.on_data = take, .callback_data = &all);
    add_user();
    asynchttp_promise *promise = client_request(origin_url("/auth/digest/data"), request);
    ck_assert_int_eq(client_status(promise), 200);
    ck_assert_str_eq(all.text, "digest user\n");
    /* There was one message only, however often it was sent. */
    ck_assert_ptr_null(asynchttp_response_previous(client_response(promise)));
    all = (taken){0};
    client_response(client_request(origin_url("/auth/basic/data2?user=other"), request));
    ck_assert_str_eq(all.text, "wrong name or password\n");
}
END_TEST

/* ---- What is remembered -------------------------------------------------------------------- */

START_TEST(test_remembered_for_a_path)
{
    const char *kind = _i ? "digest" : "basic";
    add_user();
    expect_let_in(client_request(origin_url("/auth/%s/area-%d/first", kind, _i), NULL));
    expect_let_in(client_request(origin_url("/auth/%s/area-%d/second?x", kind, _i), NULL));
    expect_let_in(client_request(origin_url("/auth/%s/area-%d/first", kind, _i), ASYNCHTTP_REQUEST(.method = "POST")));
    expect_number(1, "asked", "area", _i);
    /* Beside it, and elsewhere, it is not sent unasked. */
    ck_assert_ptr_null(strstr(client_text(client_request(origin_url("/request"), NULL)), "uthorization:"));
    expect_let_in(client_request(origin_url("/auth/%s/area-%d-aside/first", kind, _i), NULL));
    expect_tried(_i ? "area-1-aside" : "area-0-aside", _i ? "-\nDigest user\n" : "-\nBasic \n");
}
END_TEST

/* The other origin is asked for the same path. */
START_TEST(test_not_sent_to_another_origin)
{
    add_user();
    expect_let_in(client_request(origin_url("/auth/basic/origins"), NULL));
    expect_let_in(client_request(origin_url6("/auth/basic/origins"), NULL));
    expect_tried("origins", "-\nBasic \n-\nBasic \n");
}
END_TEST

START_TEST(test_remembered_by_every_worker)
{
    asynchttp_promise *promises[5];
    add_user();
    expect_let_in(client_request(origin_url("/auth/basic/workers"), NULL));
    for (int i = 0; i < COUNT(promises); i++)
        promises[i] = client_request(origin_url("/gate/workers/5"), NULL);
    for (int i = 0; i < COUNT(promises); i++)
        client_response(promises[i]);
    for (int i = 0; i < COUNT(promises); i++)
        promises[i] = client_request(origin_url("/auth/basic/workers"), NULL);
    for (int i = 0; i < COUNT(promises); i++)
        expect_let_in(promises[i]);
    ck_assert_int_eq(origin_number("/auth/asked/workers"), 1);
}
END_TEST

START_TEST(test_forgotten)
{
    for (int i = 0; i < 2; i++) {
        const char *kind = _i ? "digest" : "basic";
        add_user();
        expect_let_in(client_request(origin_url("/auth/%s/forgotten-%d", kind, _i), NULL));
        ck_assert_int_eq(i ? asynchttp_http_close(http) : asynchttp_http_clear_credentials(http), ASYNCHTTP_OK);
        ck_assert_int_eq(client_status(client_request(origin_url("/auth/%s/forgotten-%d", kind, _i), NULL)), 401);
    }
    expect_tried(_i ? "forgotten-1" : "forgotten-0",
                 _i ? "-\nDigest user\n-\n-\nDigest user\n-\n" : "-\nBasic \n-\n-\nBasic \n-\n");
}
END_TEST

/* Requests that were made before still have them. */
START_TEST(test_cleared_on_the_way)
{
    add_user();
    ck_assert_int_eq(asynchttp_http_set_max_workers(http, 1), ASYNCHTTP_OK);
    asynchttp_promise *first = client_request(origin_url("/redirect/302?to=/hold/cleared"), NULL);
    asynchttp_promise *second = client_request(origin_url("/auth/digest/cleared"), NULL);
    origin_await(1, "/held/cleared");
    ck_assert_int_eq(asynchttp_http_clear_credentials(http), ASYNCHTTP_OK);
    free(origin_get("/release/cleared"));
    ck_assert_int_eq(client_status(first), 200);
    expect_let_in(second);
    ck_assert_int_eq(client_status(client_request(origin_url("/auth/digest/cleared"), NULL)), 401);
}
END_TEST

/* The password has changed meanwhile. */
START_TEST(test_what_worked_works_no_more)
{
    add_user();
    add("user", "other", NULL);
    for (int i = 0; i < 2; i++) {
        const char *kind = i ? "digest" : "basic";
        expect_let_in(client_request(origin_url("/auth/%s/changed-%s", kind, kind), NULL));
        expect_let_in(client_request(origin_url("/auth/%s/changed-%s?password=other", kind, kind), NULL));
        expect_let_in(client_request(origin_url("/auth/%s/changed-%s?password=other", kind, kind), NULL));
    }
    ck_assert_int_eq(origin_number("/auth/refused/changed-digest"), 0);
}
END_TEST

/* ---- Nonces -------------------------------------------------------------------------------- */

/* So many requests at once; all must be let in. Promises are freed as they end. */
static void request_many(const char *url, int count)
{
    asynchttp_promise **promises = calloc((size_t)count, sizeof(*promises));
    ck_assert_ptr_nonnull(promises);
    for (int i = 0; i < count; i++)
        promises[i] = asynchttp_http_request(http, url, NULL);
    for (int i = 0; i < count; i++) {
        expect_let_in(promises[i]);
        asynchttp_promise_free(promises[i]);
    }
    free(promises);
}

static int many(void)
{
    return small() ? 100 : 1000;
}

START_TEST(test_count_under_concurrency)
{
    add_user();
    asynchttp_http_set_transfers_per_worker(http, _i ? 10 : 1);
    const char *url = origin_url("/auth/digest/count-%d?algorithm=SHA-256", _i);
    expect_let_in(client_request(url, NULL));
    request_many(url, many());
    expect_number(0, "refused", "count", _i);
    expect_number(1, "asked", "count", _i);
}
END_TEST

/* All are asked at once, before any has been let in. */
START_TEST(test_all_at_once)
{
    add_user();
    request_many(origin_url("/auth/digest/once"), many());
    ck_assert_int_eq(origin_number("/auth/refused/once"), 0);
    ck_assert_int_le(origin_number("/auth/asked/once"), 5);
}
END_TEST

/* A server that goes by the time gives all the same nonce. */
START_TEST(test_all_at_once_with_the_same_nonce)
{
    add_user();
    request_many(origin_url("/auth/digest/same?same"), many());
    ck_assert_int_eq(origin_number("/auth/refused/same"), 0);
}
END_TEST

START_TEST(test_stale)
{
    static const char *const algorithms[] = {"MD5", "MD5-sess"};
    add_user();
    for (int i = 0; i < 20; i++)
        expect_let_in(
            client_request(origin_url("/auth/digest/stale-%d?uses=3&algorithm=%s", _i, algorithms[_i]), NULL));
    /* The first, and whenever three have used a nonce. */
    expect_number(7, "asked", "stale", _i);
    expect_number(0, "refused", "stale", _i);
}
END_TEST

START_TEST(test_stale_under_concurrency)
{
    add_user();
    request_many(origin_url("/auth/digest/stales?uses=7"), many());
    ck_assert_int_eq(origin_number("/auth/refused/stales"), 0);
}
END_TEST

/* Only the password is wrong, and stays so. */
START_TEST(test_stale_for_ever)
{
    add_user();
    asynchttp_promise *promise = client_request(
        origin_url("/raw?%s", client_raw("HTTP/1.1 401 No\r\nWWW-Authenticate: Digest realm=\"r\", nonce=\"n\", "
                                         "qop=\"auth\", stale=true\r\nContent-Length: 0\r\n\r\n")),
        NULL);
    ck_assert_int_eq(client_status(promise), 401);
}
END_TEST

START_TEST(test_next_nonce)
{
    add_user();
    for (int i = 0; i < 20; i++)
        expect_let_in(client_request(origin_url("/auth/digest/next?nextnonce"), NULL));
    ck_assert_int_eq(origin_number("/auth/asked/next"), 1);
    ck_assert_int_eq(origin_number("/auth/refused/next"), 0);
}
END_TEST

START_TEST(test_next_nonce_under_concurrency)
{
    add_user();
    request_many(origin_url("/auth/digest/nexts?nextnonce"), many());
    ck_assert_int_eq(origin_number("/auth/refused/nexts"), 0);
}
END_TEST

/* ---- Challenges ---------------------------------------------------------------------------- */

static const char *const unknown[] = {
    "algorithm=MD4",      "algorithm=SHA-512", "algorithm=SHA-256-session", "qop=auth-int",
    "qop=auth-int,other", "qop=none",          "algorithm=SHA-1&qop=",
};

START_TEST(test_unknown_option)
{
    asynchttp_response *response;
    add_user();
    asynchttp_promise *promise = client_request(origin_url("/auth/digest/unknown?%s", unknown[_i]), NULL);
    expect_code(promise, ASYNCHTTP_E_UNIMPLEMENTED_DIGEST_AUTH_OPTION);
    asynchttp_promise_response(promise, &response);
    ck_assert_ptr_nonnull(response);
    ck_assert_int_eq(asynchttp_response_status(response), 401);
    ck_assert_ptr_nonnull(asynchttp_response_get(response, "www-authenticate"));
    asynchttp_http_set_force_exception_to_status_code(http, true);
    promise = client_request(origin_url("/auth/digest/unknown?%s", unknown[_i]), NULL);
    ck_assert_int_eq(client_status(promise), 500);
    ck_assert_str_eq(client_header(promise, "status"), "401");
}
END_TEST

/* A 401 with this field, from a server that never lets anyone in. */
static asynchttp_promise *challenged(const char *field)
{
    char answer[1024];
    snprintf(answer, sizeof(answer), "HTTP/1.1 401 No\r\nWWW-Authenticate: %s\r\nContent-Length: 0\r\n\r\n", field);
    return client_request(origin_url("/raw?%s", client_raw(answer)), NULL);
}

static const char *const malformed[] = {
    "Basic realm=\"open",
    "Basic realm=\"a\" realm=\"b\"",
    "=x",
    "\"Basic\"",
    "realm=\"x\"",
    "Digest realm=\"x\", qop=\"auth\"",
    "Digest nonce=\"x\"",
    "Digest realm=\"x\", nonce=\"y\", nonce=\"z\"",
    "Basic realm=\"x\"; charset=\"UTF-8\"",
};

START_TEST(test_malformed)
{
    add_user();
    expect_code(challenged(malformed[_i]), ASYNCHTTP_E_MALFORMED_HEADER);
    client_expect_usable();
}
END_TEST

/* It is nobody's business who has nothing to say to it. */
START_TEST(test_malformed_without_credentials)
{
    ck_assert_int_eq(client_status(challenged("Basic realm=\"open")), 401);
}
END_TEST

static const char *const peculiar[] = {
    "Basic realm=\"a, Digest b=\\\"c\\\"\"",        "Negotiate, Basic realm=x", "Negotiate YWJj==, Basic realm=\"x\"",
    ",, , Newauth a=b, c=\"d, e\" ,Basic realm=x,", "bASIC REALM=\"x\"",        "Basic",
};

/* They are read right: Basic is found, and tried. */
START_TEST(test_peculiar)
{
    char url[64], text[4096];
    char answer[1024];
    unsigned port;
    add_user();
    int listener = client_listen(&port);
    snprintf(url, sizeof(url), "http://127.0.0.1:%u/", port);
    asynchttp_promise *promise = client_request(url, NULL);
    int connection = client_accept(listener);
    ck_assert(client_receive(connection, text, sizeof(text)));
    ck_assert_ptr_null(strstr(text, "authorization:"));
    snprintf(answer, sizeof(answer), "HTTP/1.1 401 No\r\nWWW-Authenticate: %s\r\nContent-Length: 0\r\n\r\n",
             peculiar[_i]);
    client_send(connection, answer);
    ck_assert(client_receive(connection, text, sizeof(text)));
    ck_assert_ptr_nonnull(strstr(text, "\r\nauthorization: Basic dXNlcjpzZWNyZXQ=\r\n"));
    client_send(connection, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    ck_assert_int_eq(client_status(promise), 200);
    close(connection);
    close(listener);
}
END_TEST

START_TEST(test_without_challenge)
{
    add_user();
    ck_assert_int_eq(client_status(client_request(origin_url("/status/401"), NULL)), 401);
    ck_assert_int_eq(client_status(challenged("Negotiate")), 401);
    ck_assert_int_eq(client_status(challenged("")), 401);
}
END_TEST

/* ---- Redirects ----------------------------------------------------------------------------- */

START_TEST(test_redirect_does_not_carry_it)
{
    static const char *const kinds[] = {"basic", "wsse", "digest"};
    add_user();
    asynchttp_http_set_forward_authorization_headers(http, _i);
    for (int i = 0; i < COUNT(kinds) * 4; i++) {
        const char *to = i % 4 < 2 ? origin_url6("/request") : origin_url("/request");
        asynchttp_promise *promise = client_request(origin_url("/auth/%s/away-%d?to=%s", kinds[i / 4], _i, to), NULL);
        const char *text = client_text(promise);
        ck_assert_msg(strncmp(text, "GET /request ", 13) == 0, "%s", text);
        ck_assert_msg(!strstr(text, "uthorization:") && !strstr(text, "x-wsse"), "%s", text);
        ck_assert_ptr_nonnull(asynchttp_response_previous(client_response(promise)));
    }
}
END_TEST

/* The place that it leads to asks for credentials of its own. */
START_TEST(test_redirect_to_another_area)
{
    char to[256];
    add("user", "secret", NULL);
    add("other", "secret", NULL);
    snprintf(to, sizeof(to), "%s", origin_url6("/auth/digest/beyond?user=other"));
    asynchttp_promise *promise = client_request(origin_url("/auth/basic/before?to=%s", to), NULL);
    ck_assert_str_eq(client_text(promise), "digest other\n");
    asynchttp_response *previous = asynchttp_response_previous(client_response(promise));
    ck_assert_ptr_nonnull(previous);
    ck_assert_int_eq(asynchttp_response_status(previous), 302);
    ck_assert_ptr_null(asynchttp_response_previous(previous));
}
END_TEST

/* ---- The log ------------------------------------------------------------------------------- */

static struct {
    pthread_mutex_t lock;
    size_t size;
    char text[1 << 20];
} logged = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void note_log(asynchttp_log_level level, const char *component, const char *message, void *data)
{
    (void)level;
    (void)component;
    (void)data;
    pthread_mutex_lock(&logged.lock);
    int size = snprintf(logged.text + logged.size, sizeof(logged.text) - logged.size, "%s\n", message);
    if (size > 0 && (size_t)size < sizeof(logged.text) - logged.size)
        logged.size += (size_t)size;
    pthread_mutex_unlock(&logged.lock);
}

START_TEST(test_no_secret_in_the_log)
{
    static const char *const secrets[] = {
        "sesame", "dXNlcjpzZXNhbWU=", "response=", "PasswordDigest=", "own-token", "own-cookie", "own-key"};
    ck_assert_int_eq(asynchttp_set_log(ASYNCHTTP_LOG_DEBUG, note_log, NULL), ASYNCHTTP_OK);
    add("user", "sesame", NULL);
    for (int i = 0; i < 6; i++)
        expect_let_in(
            client_request(origin_url("/auth/%s/log?password=s%%65same&uses=1", kinds_of_three[i % 3]), NULL));
    client_response(client_request(
        origin_url("/redirect/302?to=/hello?key=own-key"),
        ASYNCHTTP_REQUEST(.headers = LINES("Authorization", "Bearer own-token", "Cookie", "c=own-cookie"))));
    ck_assert_int_eq(client_status(client_request(origin_url("/auth/digest/log2"), NULL)), 401);
    ck_assert_int_eq(asynchttp_http_close(http), ASYNCHTTP_OK);
    ck_assert_int_eq(asynchttp_set_log(ASYNCHTTP_LOG_NONE, NULL, NULL), ASYNCHTTP_OK);
    ck_assert_uint_gt(logged.size, 0);
    for (int i = 0; i < COUNT(secrets); i++)
        ck_assert_msg(!strstr(logged.text, secrets[i]), "%s in:\n%s", secrets[i], logged.text);
}
END_TEST

/* ---- The suite ----------------------------------------------------------------------------- */

static TCase *add_case(Suite *suite, const char *name)
{
    TCase *tcase = tcase_create(name);
    tcase_add_checked_fixture(tcase, client_setup, client_teardown);
    tcase_set_timeout(tcase, 120);
    suite_add_tcase(suite, tcase);
    return tcase;
}

static void add_credentials(Suite *suite)
{
    TCase *tcase = add_case(suite, "credentials");
    tcase_add_loop_test(tcase, test_demand, 0, COUNT(demands));
    tcase_add_test(tcase, test_names_in_utf_8);
    tcase_add_test(tcase, test_quotes_in_a_name);
    tcase_add_test(tcase, test_without_credentials);
    tcase_add_loop_test(tcase, test_strongest_scheme, 0, COUNT(offers));
    tcase_add_test(tcase, test_credentials_in_order);
    tcase_add_test(tcase, test_basic_credentials_in_order);
    tcase_add_test(tcase, test_domain);
    tcase_add_test(tcase, test_wrong_credentials);
    tcase_add_test(tcase, test_own_authorization_is_left_alone);
    tcase_add_loop_test(tcase, test_body_is_sent_again, 0, COUNT(kinds_of_three));
    tcase_add_loop_test(tcase, test_on_read_body_is_sent_again, 0, 2);
    tcase_add_test(tcase, test_on_data_gets_only_the_final_content);
}

static void add_memory(Suite *suite)
{
    TCase *tcase = add_case(suite, "memory");
    tcase_add_loop_test(tcase, test_remembered_for_a_path, 0, 2);
    tcase_add_test(tcase, test_not_sent_to_another_origin);
    tcase_add_test(tcase, test_remembered_by_every_worker);
    tcase_add_loop_test(tcase, test_forgotten, 0, 2);
    tcase_add_test(tcase, test_cleared_on_the_way);
    tcase_add_test(tcase, test_what_worked_works_no_more);
    tcase_add_loop_test(tcase, test_redirect_does_not_carry_it, 0, 2);
    tcase_add_test(tcase, test_redirect_to_another_area);
    tcase_add_test(tcase, test_no_secret_in_the_log);
}

static void add_nonces(Suite *suite)
{
    TCase *tcase = add_case(suite, "nonces");
    tcase_add_loop_test(tcase, test_count_under_concurrency, 0, 2);
    tcase_add_test(tcase, test_all_at_once);
    tcase_add_test(tcase, test_all_at_once_with_the_same_nonce);
    tcase_add_loop_test(tcase, test_stale, 0, 2);
    tcase_add_test(tcase, test_stale_under_concurrency);
    tcase_add_test(tcase, test_stale_for_ever);
    tcase_add_test(tcase, test_next_nonce);
    tcase_add_test(tcase, test_next_nonce_under_concurrency);
}

static void add_challenges(Suite *suite)
{
    TCase *tcase = add_case(suite, "challenges");
    tcase_add_loop_test(tcase, test_unknown_option, 0, COUNT(unknown));
    tcase_add_loop_test(tcase, test_malformed, 0, COUNT(malformed));
    tcase_add_test(tcase, test_malformed_without_credentials);
    tcase_add_loop_test(tcase, test_peculiar, 0, COUNT(peculiar));
    tcase_add_test(tcase, test_without_challenge);
}

Suite *authentication_suite(void)
{
    Suite *suite = suite_create("authentication");
    add_credentials(suite);
    add_memory(suite);
    add_nonces(suite);
    add_challenges(suite);
    return suite;
}
