/*
 * The library against real servers: HTTPS, HTTP/2 and plain HTTP by nginx (servers.h), in front of the bundled origin.
 * Exits with 77, for "skipped", if nginx is not installed.
 */

/* For the terminal that nobody must be asked for a password on. */
#define _XOPEN_SOURCE 700

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "asynchttp.h"
#include "origin/pattern.h"
#include "servers.h"
#include "small.h"

/* Nothing here takes nearly so many seconds: they are for what would hang. */
#define NET 120.0
#define TEST_SECONDS 400

enum { MIB = 1 << 20, BIG = 32 * MIB, STREAMS = 50 };

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

/* ---- Clients and answers ------------------------------------------------------------------- */

/* A client that knows our authority. */
static asynchttp_http *made(void)
{
    asynchttp_http *http = asynchttp_http_new(NULL);
    ck_assert_ptr_nonnull(http);
    ck_assert_int_eq(asynchttp_http_set_proxy_info(http, NULL), ASYNCHTTP_OK);
    ck_assert_int_eq(asynchttp_http_set_ca_certs(http, servers_file("ca.pem")), ASYNCHTTP_OK);
    return http;
}

/* The same with so many workers and transfers. */
static asynchttp_http *made_with(unsigned workers, unsigned transfers)
{
    asynchttp_http *http = made();
    ck_assert_int_eq(asynchttp_http_set_max_workers(http, workers), ASYNCHTTP_OK);
    ck_assert_int_eq(asynchttp_http_set_transfers_per_worker(http, transfers), ASYNCHTTP_OK);
    return http;
}

static asynchttp_promise *asked(asynchttp_http *http, const char *uri, const asynchttp_request *request)
{
    asynchttp_promise *promise = asynchttp_http_request(http, uri, request);
    ck_assert_ptr_nonnull(promise);
    return promise;
}

static void ck_all_end(asynchttp_promise *const *promises, int count)
{
    ck_assert_msg(asynchttp_wait_all(promises, (size_t)count, NET) == ASYNCHTTP_OK, "requests do not end");
}

/* Waits for an answer with this status. */
static asynchttp_response *ck_status(asynchttp_promise *promise, int status)
{
    asynchttp_response *response = NULL;
    ck_all_end(&promise, 1);
    ck_assert_msg(asynchttp_promise_error(promise) == ASYNCHTTP_OK, "%s: %s",
                  asynchttp_code_name(asynchttp_promise_error(promise)), asynchttp_promise_error_message(promise));
    ck_assert_int_eq(asynchttp_promise_response(promise, &response), ASYNCHTTP_OK);
    ck_assert_int_eq(asynchttp_response_status(response), status);
    return response;
}

static asynchttp_response *ck_answer(asynchttp_promise *promise)
{
    return ck_status(promise, 200);
}

/* The content, which is a string. */
static const char *text_of(asynchttp_promise *promise)
{
    const void *content;
    ck_assert_int_eq(asynchttp_promise_content(promise, &content, NULL), ASYNCHTTP_OK);
    return content;
}

static void ck_text(asynchttp_promise *promise, const char *expected)
{
    ck_answer(promise);
    ck_assert_str_eq(text_of(promise), expected);
}

/* Whether the content is so many bytes of the pattern. */
static void ck_pattern(asynchttp_promise *promise, size_t size)
{
    const void *content;
    size_t length;
    ck_answer(promise);
    ck_assert_int_eq(asynchttp_promise_content(promise, &content, &length), ASYNCHTTP_OK);
    ck_assert_uint_eq(length, size);
    ck_assert_uint_eq(pattern_mismatches(content, length, 0), 0);
}

/* The server's number of the connection. */
static long connection_of(asynchttp_promise *promise)
{
    const char *number = asynchttp_response_get(ck_answer(promise), "x-server-connection");
    ck_assert_ptr_nonnull(number);
    return strtol(number, NULL, 10);
}

static void ck_error(asynchttp_promise *promise, asynchttp_code code)
{
    ck_all_end(&promise, 1);
    ck_assert_msg(asynchttp_promise_error(promise) == code, "%s, expected %s: %s",
                  asynchttp_code_name(asynchttp_promise_error(promise)), asynchttp_code_name(code),
                  asynchttp_promise_error_message(promise));
}

/* The error, and what its message has in it. */
static void ck_failure(asynchttp_promise *promise, asynchttp_code code, const char *host, const char *words)
{
    const char *message;
    ck_error(promise, code);
    message = asynchttp_promise_error_message(promise);
    ck_assert_msg(strstr(message, host) != NULL, "no \"%s\" in: %s", host, message);
    ck_assert_msg(strstr(message, words) != NULL, "no \"%s\" in: %s", words, message);
}

static void free_all(asynchttp_promise **promises, int count)
{
    for (int i = 0; i < count; i++)
        asynchttp_promise_free(promises[i]);
}

/* Asks, waits for the answer and lets go of it. Returns the server's number of the connection. */
static long ask(asynchttp_http *http, const char *uri)
{
    asynchttp_promise *promise = asked(http, uri, NULL);
    long connection = connection_of(promise);
    asynchttp_promise_free(promise);
    return connection;
}

/* The same for a failure. */
static void ask_in_vain(asynchttp_http *http, const char *uri, asynchttp_code code)
{
    asynchttp_promise *promise = asked(http, uri, NULL);
    ck_error(promise, code);
    asynchttp_promise_free(promise);
}

/* A name for a gate and the like that no other run of a test has. */
static const char *fresh_name(void)
{
    static char name[64];
    static unsigned count;
    snprintf(name, sizeof(name), "servers-%ld-%u", (long)getpid(), ++count);
    return name;
}

static void pause_ms(long milliseconds)
{
    nanosleep(&(struct timespec){.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000}, NULL);
}

/* ---- Sockets that say nothing -------------------------------------------------------------- */

typedef struct silent {
    int listener;
    unsigned port;
} silent;

/* A server that accepts, and never answers. */
static silent silent_open(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    silent made_up = {.listener = socket(AF_INET, SOCK_STREAM, 0)};
    ck_assert_int_ge(made_up.listener, 0);
    ck_assert_int_eq(bind(made_up.listener, (struct sockaddr *)&address, sizeof(address)), 0);
    ck_assert_int_eq(getsockname(made_up.listener, (struct sockaddr *)&address, &size), 0);
    ck_assert_int_eq(listen(made_up.listener, 128), 0);
    made_up.port = ntohs(address.sin_port);
    return made_up;
}

static void ck_readable(int descriptor)
{
    struct pollfd readable = {.fd = descriptor, .events = POLLIN};
    ck_assert_int_eq(poll(&readable, 1, (int)(NET * 1000)), 1);
}

/* Waits for a client, and for it to begin its handshake. Returns the connection. */
static int silent_accept(silent mute)
{
    ck_readable(mute.listener);
    int connection = accept(mute.listener, NULL, NULL);
    ck_assert_int_ge(connection, 0);
    ck_readable(connection);
    return connection;
}

static const char *silent_url(silent mute)
{
    static char url[64];
    snprintf(url, sizeof(url), "https://127.0.0.1:%u/", mute.port);
    return url;
}

/* ---- HTTPS --------------------------------------------------------------------------------- */

/* What is the same over both versions of HTTP. */
static const struct protocol {
    server which;
    int version;
    const char *reason;
} protocols[] = {{SERVER_TLS, 11, "OK"}, {SERVER_HTTP2, 20, ""}};

START_TEST(test_get)
{
    const struct protocol *protocol = &protocols[_i];
    asynchttp_http *http = made();
    asynchttp_promise *promise = asked(http, server_url(protocol->which, "/hello"), NULL);
    const asynchttp_response *response = ck_answer(promise);
    ck_assert_int_eq(asynchttp_response_version(response), protocol->version);
    ck_assert_str_eq(asynchttp_response_reason(response), protocol->reason);
    ck_assert_str_eq(asynchttp_response_get(response, "status"), "200");
    ck_assert_str_eq(text_of(promise), "hello\n");
    asynchttp_promise_free(promise);
    asynchttp_http_free(http);
}
END_TEST

START_TEST(test_post)
{
    static const char *const headers[] = {"content-type", "text/x-test", NULL};
    const struct protocol *protocol = &protocols[_i];
    asynchttp_http *http = made();
    asynchttp_promise *promise = asked(http, server_url(protocol->which, "/echo"),
                                       ASYNCHTTP_REQUEST(.method = "POST", .body = "some text", .headers = headers));
    const asynchttp_response *response = ck_answer(promise);
    ck_assert_int_eq(asynchttp_response_version(response), protocol->version);
    ck_assert_str_eq(asynchttp_response_get(response, "content-type"), "text/x-test");
    ck_assert_str_eq(text_of(promise), "some text");
    asynchttp_promise_free(promise);
    asynchttp_http_free(http);
}
END_TEST

START_TEST(test_post_without_body)
{
    asynchttp_http *http = made();
    asynchttp_promise *promise =
        asked(http, server_url(protocols[_i].which, "/sum"), ASYNCHTTP_REQUEST(.method = "POST"));
    ck_text(promise, "0 0\n");
    asynchttp_promise_free(promise);
    asynchttp_http_free(http);
}
END_TEST

START_TEST(test_head)
{
    const struct protocol *protocol = &protocols[_i];
    asynchttp_http *http = made();
    asynchttp_promise *promise =
        asked(http, server_url(protocol->which, "/bytes/12345"), ASYNCHTTP_REQUEST(.method = "HEAD"));
    const asynchttp_response *response = ck_answer(promise);
    ck_assert_int_eq(asynchttp_response_version(response), protocol->version);
    ck_assert_str_eq(asynchttp_response_get(response, "content-length"), "12345");
    ck_text(promise, "");
    /* The connection is left as it should be. */
    long connection = connection_of(promise);
    ck_assert_int_eq(ask(http, server_url(protocol->which, "/hello")), connection);
    asynchttp_promise_free(promise);
    asynchttp_http_free(http);
}
END_TEST

START_TEST(test_status_without_content)
{
    static const int statuses[] = {204, 304, 404, 500};
    asynchttp_http *http = made();
    for (int i = 0; i < COUNT(statuses); i++) {
        asynchttp_promise *promise = asked(http, server_url(protocols[_i].which, "/status/%d", statuses[i]), NULL);
        ck_status(promise, statuses[i]);
        asynchttp_promise_free(promise);
    }
    asynchttp_http_free(http);
}
END_TEST

START_TEST(test_names_of_the_certificate)
{
    char uri[64];
    asynchttp_http *http = made();
    snprintf(uri, sizeof(uri), "https://localhost:%u/hello", server_port(SERVER_HTTP2));
    ask(http, uri);
    if (servers_have_ipv6())
        ask(http, server_url(SERVER_HTTP2_IPV6, "/hello"));
    asynchttp_http_free(http);
}
END_TEST

START_TEST(test_gzip)
{
    asynchttp_http *http = made();
    asynchttp_promise *promise = asked(http, server_url(protocols[_i].which, "/gzip/300000"), NULL);
    ck_pattern(promise, 300000);
    asynchttp_promise_free(promise);
    asynchttp_http_free(http);
}
END_TEST

START_TEST(test_response_fields)
{
    asynchttp_http *http = made();
    asynchttp_promise *promise = asked(
        http,
        server_url(protocols[_i].which, "/headers?X-Mixed-Case=One&Set-Cookie=a=1&Set-Cookie=b=2&x-mixed-CASE=Two"),
        NULL);
    const asynchttp_response *response = ck_answer(promise);
    const char *name;
    for (size_t i = 0; asynchttp_response_header(response, i, &name, NULL); i++) {
        for (const char *c = name; *c; c++)
            ck_assert_msg(*c < 'A' || *c > 'Z', "%s", name);
    }
    ck_assert_str_eq(asynchttp_response_get(response, "X-MIXED-CASE"), "One, Two");
    ck_assert_str_eq(asynchttp_response_values(response, "set-cookie", 0), "a=1");
    ck_assert_str_eq(asynchttp_response_values(response, "set-cookie", 1), "b=2");
    ck_assert_ptr_null(asynchttp_response_values(response, "set-cookie", 2));
    asynchttp_promise_free(promise);
    asynchttp_http_free(http);
}
END_TEST

START_TEST(test_request_fields)
{
    static const char *const headers[] = {"X-Mixed-Case", "One", "x-mixed-case", "Two", "x-empty", "", NULL};
    asynchttp_http *http = made();
    asynchttp_promise *promise =
        asked(http, server_url(protocols[_i].which, "/request"), ASYNCHTTP_REQUEST(.headers = headers));
    ck_answer(promise);
    const char *one = strstr(text_of(promise), "\r\nx-mixed-case: One\r\n");
    const char *two = strstr(text_of(promise), "\r\nx-mixed-case: Two\r\n");
    ck_assert_msg(one && two && one < two, "%s", text_of(promise));
    /* Nothing of libcurl's own. */
    ck_assert_msg(!strstr(text_of(promise), "\r\naccept:"), "%s", text_of(promise));
    ck_assert_msg(strstr(text_of(promise), "\r\nuser-agent: asynchttp/"), "%s", text_of(promise));
    asynchttp_promise_free(promise);
    asynchttp_http_free(http);
}
END_TEST

START_TEST(test_many_fields)
{
    enum { FIELDS = 60, LENGTH = 100 };
    static char names[FIELDS][24];
    static char value[LENGTH + 1];
    const char *headers[2 * FIELDS + 1] = {NULL};
    asynchttp_http *http = made();
    memset(value, 'v', LENGTH);
    for (int i = 0; i < FIELDS; i++) {
        snprintf(names[i], sizeof(names[i]), "x-field-%d", i);
        headers[2 * i] = names[i];
        headers[2 * i + 1] = value;
    }
    asynchttp_promise *promise =
        asked(http, server_url(protocols[_i].which, "/request"), ASYNCHTTP_REQUEST(.headers = headers));
    ck_answer(promise);
    for (int i = 0; i < FIELDS; i++)
        ck_assert_msg(strstr(text_of(promise), names[i]) != NULL, "%s is missing", names[i]);
    asynchttp_promise_free(promise);
    asynchttp_http_free(http);
}
END_TEST

/* ---- Bodies -------------------------------------------------------------------------------- */

static unsigned char *big_body(void)
{
    unsigned char *body = malloc(BIG);
    ck_assert_ptr_nonnull(body);
    pattern_fill(body, BIG, 0);
    return body;
}

/* What on_read gives, or what has come to on_data. */
typedef struct flow {
    uint64_t size;
    uint64_t length;
    uint64_t mismatches;
    /* Ask for the end when so much has come. */
    uint64_t enough;
} flow;

static int give_pattern(asynchttp_promise *promise, uint64_t offset, void *buffer, size_t size, size_t *length,
                        void *data)
{
    const flow *body = data;
    (void)promise;
    *length = body->size - offset < size ? (size_t)(body->size - offset) : size;
    pattern_fill(buffer, *length, offset);
    return 0;
}

static int take_pattern(asynchttp_promise *promise, const void *content, size_t length, void *data)
{
    flow *received = data;
    received->mismatches += pattern_mismatches(content, length, received->length);
    received->length += length;
    if (received->enough && received->length >= received->enough)
        asynchttp_promise_cancel(promise);
    return 0;
}

static void ck_sum(asynchttp_promise *promise, uint64_t size)
{
    char expected[64];
    snprintf(expected, sizeof(expected), "%llu 0\n", (unsigned long long)size);
    ck_text(promise, expected);
}

START_TEST(test_big_content)
{
    asynchttp_http *http = made();
    asynchttp_promise *promise = asked(http, server_url(protocols[_i].which, "/bytes/%d", BIG), NULL);
    ck_pattern(promise, BIG);
    asynchttp_promise_free(promise);
    asynchttp_http_free(http);
}
END_TEST

START_TEST(test_big_content_to_on_data)
{
    flow received = {0};
    asynchttp_http *http = made();
    asynchttp_promise *promise = asked(http, server_url(protocols[_i].which, "/bytes/%d?chunked", BIG),
                                       ASYNCHTTP_REQUEST(.on_data = take_pattern, .callback_data = &received));
    ck_text(promise, "");
    ck_assert_uint_eq(received.length, BIG);
    ck_assert_uint_eq(received.mismatches, 0);
    asynchttp_promise_free(promise);
    asynchttp_http_free(http);
}
END_TEST

START_TEST(test_big_body)
{
    unsigned char *body = big_body();
    asynchttp_http *http = made();
    asynchttp_promise *promise = asked(http, server_url(protocols[_i].which, "/sum"),
                                       ASYNCHTTP_REQUEST(.method = "PUT", .body = body, .body_length = BIG));
    free(body);
    ck_sum(promise, BIG);
    asynchttp_promise_free(promise);
    asynchttp_http_free(http);
}
END_TEST

START_TEST(test_big_body_from_on_read)
{
    flow body = {.size = BIG};
    asynchttp_http *http = made();
    /* Of a length that is known, and of one that is not. */
    for (int known = 0; known <= 1; known++) {
        asynchttp_promise *promise = asked(http, server_url(protocols[_i].which, "/sum"),
                                           ASYNCHTTP_REQUEST(.method = "POST", .on_read = give_pattern,
                                                             .body_length = known ? BIG : 0, .callback_data = &body));
        ck_sum(promise, BIG);
        asynchttp_promise_free(promise);
    }
    asynchttp_http_free(http);
}
END_TEST

START_TEST(test_big_both_ways)
{
    unsigned char *body = big_body();
    asynchttp_http *http = made();
    asynchttp_promise *promise = asked(http, server_url(protocols[_i].which, "/echo"),
                                       ASYNCHTTP_REQUEST(.method = "POST", .body = body, .body_length = BIG));
    free(body);
    ck_pattern(promise, BIG);
    asynchttp_promise_free(promise);
    asynchttp_http_free(http);
}
END_TEST

/* Ten streams up and ten down at once, on one connection. */
START_TEST(test_bodies_side_by_side)
{
    enum { EACH = 10, SIZE = 2 * MIB };
    static flow received[EACH];
    flow body = {.size = SIZE};
    asynchttp_promise *up[EACH];
    asynchttp_promise *down[EACH];
    asynchttp_http *http = made_with(1, 2 * EACH);
    memset(received, 0, sizeof(received));
    for (int i = 0; i < EACH; i++) {
        up[i] = asked(http, server_url(protocols[_i].which, "/sum"),
                      ASYNCHTTP_REQUEST(.method = "POST", .on_read = give_pattern, .callback_data = &body));
        down[i] = asked(http, server_url(protocols[_i].which, "/bytes/%d", SIZE),
                        ASYNCHTTP_REQUEST(.on_data = take_pattern, .callback_data = &received[i]));
    }
    for (int i = 0; i < EACH; i++) {
        ck_sum(up[i], SIZE);
        ck_answer(down[i]);
        ck_assert_uint_eq(received[i].length, SIZE);
        ck_assert_uint_eq(received[i].mismatches, 0);
    }
    free_all(up, EACH);
    free_all(down, EACH);
    asynchttp_http_free(http);
}
END_TEST

/* ---- Connections --------------------------------------------------------------------------- */

START_TEST(test_connection_is_used_again)
{
    asynchttp_http *http = made_with(1, 1);
    long connection = ask(http, server_url(protocols[_i].which, "/hello"));
    for (int i = 0; i < 20; i++)
        ck_assert_int_eq(ask(http, server_url(protocols[_i].which, "/bytes/%d", i * 1000)), connection);
    asynchttp_http_free(http);
}
END_TEST

START_TEST(test_static_connection_is_used_again)
{
    asynchttp_http *http = made_with(1, 1);
    long connection = ask(http, server_url(SERVER_STATIC, "/hello.txt"));
    for (int i = 0; i < 20; i++) {
        asynchttp_promise *promise = asked(http, server_url(SERVER_STATIC, "/page.bin"), NULL);
        ck_pattern(promise, SERVERS_PAGE_SIZE);
        ck_assert_int_eq(connection_of(promise), connection);
        ck_assert_str_eq(asynchttp_response_get(ck_answer(promise), "connection"), "keep-alive");
        asynchttp_promise_free(promise);
    }
    asynchttp_http_free(http);
}
END_TEST

/* Makes so many requests that are answered only when all of them are under way. */
static void ask_gate(asynchttp_http *http, server which, int count, asynchttp_promise **promises)
{
    const char *name = fresh_name();
    for (int i = 0; i < count; i++)
        promises[i] = asked(http, server_url(which, "/gate/%s/%d", name, count), NULL);
}

/* How many connections they came over. */
static int count_connections(asynchttp_promise **promises, int count)
{
    int connections = 0;
    for (int i = 0; i < count; i++) {
        bool known = false;
        for (int j = 0; j < i && !known; j++)
            known = connection_of(promises[i]) == connection_of(promises[j]);
        connections += !known;
    }
    return connections;
}

START_TEST(test_fifty_streams_share_a_connection)
{
    asynchttp_promise *promises[STREAMS];
    asynchttp_http *http = made_with(1, STREAMS);
    long connection = ask(http, server_url(SERVER_HTTP2, "/hello"));
    ask_gate(http, SERVER_HTTP2, STREAMS, promises);
    for (int i = 0; i < STREAMS; i++)
        ck_assert_int_eq(connection_of(promises[i]), connection);
    free_all(promises, STREAMS);
    asynchttp_http_free(http);
}
END_TEST

/* What a callback asks for. */
typedef struct batch {
    asynchttp_http *http;
    server which;
    int count;
    asynchttp_promise *promises[200];
} batch;

static int ask_batch(asynchttp_promise *promise, void *data)
{
    batch *all = data;
    (void)promise;
    ask_gate(all->http, all->which, all->count, all->promises);
    return 0;
}

/* Makes the requests in a callback of the only worker, which sees them when it returns: all at once, and before there
 * is any connection. */
static void ask_batch_at_once(batch *all)
{
    asynchttp_promise *first =
        asked(all->http, origin_url("/hello"), ASYNCHTTP_REQUEST(.callback = ask_batch, .callback_data = all));
    ck_answer(first);
    asynchttp_promise_free(first);
    ck_all_end(all->promises, all->count);
}

START_TEST(test_fifty_streams_share_a_connection_that_is_still_to_be_made)
{
    batch all = {.http = made_with(1, STREAMS), .which = SERVER_HTTP2, .count = STREAMS};
    ask_batch_at_once(&all);
    ck_assert_int_eq(count_connections(all.promises, STREAMS), 1);
    free_all(all.promises, STREAMS);
    asynchttp_http_free(all.http);
}
END_TEST

START_TEST(test_fifty_requests_to_a_server_without_streams)
{
    batch all = {.http = made_with(1, STREAMS), .which = SERVER_TLS, .count = STREAMS};
    ask_batch_at_once(&all);
    ck_assert_int_eq(count_connections(all.promises, STREAMS), STREAMS);
    free_all(all.promises, STREAMS);
    asynchttp_http_free(all.http);
}
END_TEST

/* libcurl puts at most a hundred streams on a connection. On how many connections it puts the others is its own affair:
 * in 7.88, none of these is shared before it is there. */
START_TEST(test_more_streams_than_a_connection_takes)
{
    batch all = {.http = made_with(1, 200), .which = SERVER_HTTP2, .count = 150};
    ask_batch_at_once(&all);
    ck_assert_int_ge(count_connections(all.promises, all.count), 2);
    ck_assert_int_le(count_connections(all.promises, all.count), 51);
    free_all(all.promises, all.count);
    asynchttp_http_free(all.http);
}
END_TEST

/* No worker takes more than its fifty, so the gate opens only for two of them. */
START_TEST(test_two_workers_use_two_connections)
{
    asynchttp_promise *promises[2 * STREAMS];
    asynchttp_http *http = made_with(2, STREAMS);
    ask_gate(http, SERVER_HTTP2, 2 * STREAMS, promises);
    ck_all_end(promises, 2 * STREAMS);
    ck_assert_int_eq(count_connections(promises, 2 * STREAMS), 2);
    free_all(promises, 2 * STREAMS);
    asynchttp_http_free(http);
}
END_TEST

START_TEST(test_one_transfer_per_worker_shares_nothing)
{
    asynchttp_promise *promises[5];
    asynchttp_http *http = made();
    ask_gate(http, SERVER_HTTP2, 5, promises);
    ck_all_end(promises, 5);
    ck_assert_int_eq(count_connections(promises, 5), 5);
    free_all(promises, 5);
    asynchttp_http_free(http);
}
END_TEST

/* ---- A thousand ---------------------------------------------------------------------------- */

enum { THOUSAND = 1000 };

/* How the requests take turns. */
typedef enum turn { STATIC, SECURE, STREAM, UPLOAD, PLAIN, REFUSED, UNKNOWN, UNTRUSTED, TURNS } turn;

static turn turn_of(int i)
{
    static const turn turns[] = {STATIC, SECURE, STREAM, UPLOAD, PLAIN, STREAM, SECURE, STREAM, UPLOAD, REFUSED};
    if (i % 100 == 50)
        return UNKNOWN;
    if (i % 100 == 51)
        return UNTRUSTED;
    return turns[i % COUNT(turns)];
}

static asynchttp_promise *ask_thousandth(asynchttp_http *http, int i)
{
    char body[32];
    snprintf(body, sizeof(body), "request %d", i);
    switch (turn_of(i)) {
    case STATIC:
        return asked(http, server_url(SERVER_STATIC, "/page.bin"), NULL);
    case SECURE:
        return asked(http, server_url(SERVER_TLS, "/bytes/%d", i), NULL);
    case STREAM:
        return asked(http, server_url(SERVER_HTTP2, "/bytes/%d", i * 7), NULL);
    case UPLOAD:
        return asked(http, server_url(SERVER_HTTP2, "/echo"), ASYNCHTTP_REQUEST(.method = "POST", .body = body));
    case PLAIN:
        return asked(http, origin_url("/status/%d", 200 + i % 3 * 100), NULL);
    case REFUSED:
        return asked(http, server_url(SERVER_NONE, "/"), NULL);
    case UNTRUSTED:
        return asked(http, server_url(SERVER_EXPIRED, "/hello"), NULL);
    default:
        return asked(http, "http://nowhere.invalid/", NULL);
    }
}

static void ck_thousandth(asynchttp_promise *promise, int i)
{
    char body[32];
    snprintf(body, sizeof(body), "request %d", i);
    switch (turn_of(i)) {
    case STATIC:
        ck_pattern(promise, SERVERS_PAGE_SIZE);
        break;
    case SECURE:
        ck_pattern(promise, (size_t)i);
        break;
    case STREAM:
        ck_pattern(promise, (size_t)i * 7);
        break;
    case UPLOAD:
        ck_text(promise, body);
        break;
    case PLAIN:
        ck_status(promise, 200 + i % 3 * 100);
        break;
    case REFUSED:
        ck_failure(promise, ASYNCHTTP_E_CONNECTION_REFUSED, server_authority(SERVER_NONE), "refused");
        break;
    case UNTRUSTED:
        ck_failure(promise, ASYNCHTTP_E_CERTIFICATE, server_authority(SERVER_EXPIRED), "expired");
        break;
    default:
        ck_failure(promise, ASYNCHTTP_E_SERVER_NOT_FOUND, "nowhere.invalid", "Unable to find the server");
    }
}

static const struct force {
    unsigned workers;
    unsigned transfers;
} forces[] = {{5, 1}, {5, 100}, {1, 100}, {1, 1000}};

/* The first ones keep all workers busy until the last one is queued: that goes on at once, or it would never end. */
START_TEST(test_a_thousand_requests)
{
    enum { FIRST = 5 };
    static asynchttp_promise *promises[THOUSAND];
    asynchttp_promise *first[FIRST];
    asynchttp_http *http = made_with(forces[_i].workers, forces[_i].transfers);
    const char *name = fresh_name();
    for (int i = 0; i < FIRST; i++)
        first[i] = asked(http, server_url(SERVER_TLS, "/hold/%s", name), NULL);
    for (int i = 0; i < THOUSAND; i++)
        promises[i] = ask_thousandth(http, i);
    origin_await(forces[_i].workers * forces[_i].transfers < FIRST ? 1 : FIRST, "/held/%s", name);
    free(origin_get("/release/%s", name));
    for (int i = 0; i < FIRST; i++)
        ck_text(first[i], "released\n");
    for (int i = 0; i < THOUSAND; i++)
        ck_thousandth(promises[i], i);
    free_all(first, FIRST);
    free_all(promises, THOUSAND);
    asynchttp_http_free(http);
}
END_TEST

/* ---- Connections that the server closes ---------------------------------------------------- */

static const struct closing {
    server which;
    unsigned transfers;
} closings[] = {
    {SERVER_FEW_REQUESTS_TLS, 1},   {SERVER_FEW_REQUESTS_TLS, STREAMS},   {SERVER_FEW_REQUESTS_HTTP2, 1},
    {SERVER_FEW_REQUESTS_HTTP2, 5}, {SERVER_FEW_REQUESTS_HTTP2, STREAMS},
};

/* With HTTP/2, the server refuses the streams that come after the last that it takes. */
START_TEST(test_connections_of_few_requests)
{
    enum { REQUESTS = 200 };
    static asynchttp_promise *promises[REQUESTS];
    asynchttp_http *http = made_with(1, closings[_i].transfers);
    for (int i = 0; i < REQUESTS; i++)
        promises[i] = asked(http, server_url(closings[_i].which, "/bytes/%d", i * 10), NULL);
    for (int i = 0; i < REQUESTS; i++)
        ck_pattern(promises[i], (size_t)i * 10);
    free_all(promises, REQUESTS);
    asynchttp_http_free(http);
}
END_TEST

/* Among them are always some that go out just when the server closes. */
START_TEST(test_connections_of_short_life)
{
    const server which = _i ? SERVER_SHORT_IDLE_HTTP2 : SERVER_SHORT_IDLE_TLS;
    asynchttp_http *http = made_with(1, 10);
    for (int i = 0; i < 100; i++) {
        asynchttp_promise *promises[3];
        for (int j = 0; j < COUNT(promises); j++)
            promises[j] = asked(http, server_url(which, "/bytes/%d", i + j), NULL);
        for (int j = 0; j < COUNT(promises); j++)
            ck_pattern(promises[j], (size_t)(i + j));
        free_all(promises, COUNT(promises));
        pause_ms(SERVERS_SHORT_IDLE_MS - 5 + i % 10);
    }
    asynchttp_http_free(http);
}
END_TEST

/* The server says that it goes away, while streams are waiting for their answers. */
START_TEST(test_server_goes_away_during_requests)
{
    asynchttp_promise *held[STREAMS];
    asynchttp_promise *later[STREAMS];
    asynchttp_http *http = made_with(1, 2 * STREAMS);
    const char *name = fresh_name();
    for (int i = 0; i < STREAMS; i++)
        held[i] = asked(http, server_url(protocols[_i].which, "/hold/%s", name), NULL);
    origin_await(STREAMS, "/held/%s", name);
    servers_reload();
    for (int i = 0; i < STREAMS; i++)
        later[i] = asked(http, server_url(protocols[_i].which, "/bytes/%d", i), NULL);
    for (int i = 0; i < STREAMS; i++)
        ck_pattern(later[i], (size_t)i);
    servers_await_reload();
    ask(http, server_url(protocols[_i].which, "/hello"));
    free(origin_get("/release/%s", name));
    for (int i = 0; i < STREAMS; i++)
        ck_text(held[i], "released\n");
    free_all(held, STREAMS);
    free_all(later, STREAMS);
    asynchttp_http_free(http);
}
END_TEST

START_TEST(test_server_goes_away_at_any_time)
{
    enum { ROUNDS = 4, REQUESTS = 100 };
    static asynchttp_promise *promises[ROUNDS * REQUESTS];
    asynchttp_http *http = made_with(2, 20);
    for (int i = 0; i < ROUNDS * REQUESTS; i++) {
        if (i % REQUESTS == REQUESTS / 2)
            servers_reload();
        promises[i] = asked(http, server_url(protocols[_i].which, "/bytes/%d", i * 50), NULL);
        if (i % REQUESTS == REQUESTS - 1)
            servers_await_reload();
    }
    for (int i = 0; i < ROUNDS * REQUESTS; i++)
        ck_pattern(promises[i], (size_t)i * 50);
    free_all(promises, ROUNDS * REQUESTS);
    asynchttp_http_free(http);
}
END_TEST

/* A connection that was just made can meet a server that goes away, too. */
START_TEST(test_server_goes_away_before_the_first_request)
{
    enum { CLIENTS = 20 };
    asynchttp_http *clients[CLIENTS];
    asynchttp_promise *promises[CLIENTS];
    const int rounds = small() ? 2 : 5;
    for (int round = 0; round < rounds; round++) {
        servers_reload();
        for (int again = 0; again < rounds; again++) {
            for (int i = 0; i < CLIENTS; i++) {
                clients[i] = made_with(1, 1);
                promises[i] = asked(clients[i], server_url(protocols[_i].which, "/bytes/%d", i), NULL);
            }
            for (int i = 0; i < CLIENTS; i++) {
                ck_pattern(promises[i], (size_t)i);
                asynchttp_promise_free(promises[i]);
                asynchttp_http_free(clients[i]);
            }
        }
        servers_await_reload();
    }
}
END_TEST

/* The connections had served before, and nothing of an answer has come: the requests are made again. */
START_TEST(test_server_crashes_during_requests)
{
    asynchttp_promise *held[STREAMS];
    const int count = _i ? STREAMS : 1;
    asynchttp_http *http = made_with(1, (unsigned)count);
    const char *name = fresh_name();
    ask(http, server_url(protocols[_i].which, "/hello"));
    for (int i = 0; i < count; i++)
        held[i] = asked(http, server_url(protocols[_i].which, "/hold/%s", name), NULL);
    origin_await(count, "/held/%s", name);
    servers_crash();
    /* When the second ones come, the first ones need not have gone. */
    for (int i = 0; i < count; i++) {
        while (!asynchttp_promise_done(held[i])) {
            free(origin_get("/release/%s", name));
            pause_ms(5);
        }
        ck_text(held[i], "released\n");
    }
    free_all(held, count);
    asynchttp_http_free(http);
}
END_TEST

/* ---- Certificates of servers --------------------------------------------------------------- */

static const struct wrong {
    server which;
    const char *words;
} wrongs[] = {
    {SERVER_WRONG_HOST, "subject"},
    {SERVER_EXPIRED, "expired"},
    {SERVER_UNKNOWN_AUTHORITY, "self"},
};

START_TEST(test_wrong_certificate)
{
    asynchttp_http *http = made();
    asynchttp_promise *promise = asked(http, server_url(wrongs[_i].which, "/hello"), NULL);
    ck_failure(promise, ASYNCHTTP_E_CERTIFICATE, server_authority(wrongs[_i].which), wrongs[_i].words);
    ck_assert_int_ne(asynchttp_promise_curl_error(promise), 0);
    asynchttp_promise_free(promise);
    asynchttp_http_free(http);
}
END_TEST

/* Those who wait for the connection that cannot be made are told the same. */
START_TEST(test_wrong_certificate_for_many)
{
    batch all = {.http = made_with(1, STREAMS), .which = wrongs[_i].which, .count = STREAMS};
    ask_batch_at_once(&all);
    for (int i = 0; i < STREAMS; i++)
        ck_failure(all.promises[i], ASYNCHTTP_E_CERTIFICATE, server_authority(wrongs[_i].which), wrongs[_i].words);
    free_all(all.promises, STREAMS);
    asynchttp_http_free(all.http);
}
END_TEST

/* A connection that was made without validation is not for requests that ask for it. */
START_TEST(test_validation_disabled_and_enabled)
{
    const char *uri = server_url(wrongs[_i].which, "/hello");
    for (unsigned transfers = 1; transfers <= STREAMS; transfers += STREAMS - 1) {
        asynchttp_http *http = made_with(1, transfers);
        ask_in_vain(http, uri, ASYNCHTTP_E_CERTIFICATE);
        ck_assert_int_eq(asynchttp_http_set_disable_ssl_certificate_validation(http, true), ASYNCHTTP_OK);
        long connection = ask(http, uri);
        ck_assert_int_eq(ask(http, uri), connection);
        ck_assert_int_eq(asynchttp_http_set_disable_ssl_certificate_validation(http, false), ASYNCHTTP_OK);
        ask_in_vain(http, uri, ASYNCHTTP_E_CERTIFICATE);
        ck_assert_int_eq(asynchttp_http_set_disable_ssl_certificate_validation(http, true), ASYNCHTTP_OK);
        ask(http, uri);
        asynchttp_http_free(http);
    }
}
END_TEST

/* The same while the connection without validation has requests under way. */
START_TEST(test_validation_beside_none)
{
    const char *name = fresh_name();
    asynchttp_http *http = made_with(1, STREAMS);
    ck_assert_int_eq(asynchttp_http_set_disable_ssl_certificate_validation(http, true), ASYNCHTTP_OK);
    asynchttp_promise *held = asked(http, server_url(wrongs[_i].which, "/hold/%s", name), NULL);
    origin_await(1, "/held/%s", name);
    ck_assert_int_eq(asynchttp_http_set_disable_ssl_certificate_validation(http, false), ASYNCHTTP_OK);
    ask_in_vain(http, server_url(wrongs[_i].which, "/hello"), ASYNCHTTP_E_CERTIFICATE);
    free(origin_get("/release/%s", name));
    ck_text(held, "released\n");
    asynchttp_promise_free(held);
    asynchttp_http_free(http);
}
END_TEST

/* And while it is still being made. */
static int ask_without_and_with_validation(asynchttp_promise *promise, void *data)
{
    batch *all = data;
    (void)promise;
    for (int i = 0; i < all->count; i++) {
        asynchttp_http_set_disable_ssl_certificate_validation(all->http, i % 2 == 0);
        all->promises[i] = asked(all->http, server_url(all->which, "/hello"), NULL);
    }
    return 0;
}

START_TEST(test_validation_beside_none_all_at_once)
{
    batch all = {.http = made_with(1, STREAMS), .which = wrongs[_i].which, .count = STREAMS};
    asynchttp_promise *first =
        asked(all.http, origin_url("/hello"),
              ASYNCHTTP_REQUEST(.callback = ask_without_and_with_validation, .callback_data = &all));
    ck_answer(first);
    for (int i = 0; i < STREAMS; i++) {
        if (i % 2 == 0)
            ck_text(all.promises[i], "hello\n");
        else
            ck_error(all.promises[i], ASYNCHTTP_E_CERTIFICATE);
    }
    asynchttp_promise_free(first);
    free_all(all.promises, STREAMS);
    asynchttp_http_free(all.http);
}
END_TEST

START_TEST(test_ca_certs_that_do_not_exist)
{
    asynchttp_http *http = made();
    const char *path = servers_file("no-such-file.pem");
    ck_assert_int_eq(asynchttp_http_set_ca_certs(http, path), ASYNCHTTP_OK);
    asynchttp_promise *promise = asked(http, server_url(SERVER_HTTP2, "/hello"), NULL);
    ck_failure(promise, ASYNCHTTP_E_CERTIFICATE, server_authority(SERVER_HTTP2), path);
    asynchttp_promise_free(promise);
    asynchttp_http_free(http);
}
END_TEST

START_TEST(test_ca_certs_without_certificates)
{
    asynchttp_http *http = made();
    ck_assert_int_eq(asynchttp_http_set_ca_certs(http, servers_file("nginx.conf")), ASYNCHTTP_OK);
    ask_in_vain(http, server_url(SERVER_HTTP2, "/hello"), ASYNCHTTP_E_CERTIFICATE);
    asynchttp_http_free(http);
}
END_TEST

START_TEST(test_ca_certs_of_the_environment)
{
    setenv("HTTPLIB2_CA_CERTS", servers_file("ca.pem"), 1);
    asynchttp_http *http = asynchttp_http_new(NULL);
    unsetenv("HTTPLIB2_CA_CERTS");
    ck_assert_ptr_nonnull(http);
    ck_assert_int_eq(asynchttp_http_set_proxy_info(http, NULL), ASYNCHTTP_OK);
    ask(http, server_url(SERVER_HTTP2, "/hello"));
    asynchttp_http_free(http);
}
END_TEST

START_TEST(test_ca_certs_of_another_authority)
{
    asynchttp_http *http = made_with(1, 1);
    ask(http, server_url(SERVER_HTTP2, "/hello"));
    ck_assert_int_eq(asynchttp_http_set_ca_certs(http, servers_file("other-ca.pem")), ASYNCHTTP_OK);
    asynchttp_promise *promise = asked(http, server_url(SERVER_HTTP2, "/hello"), NULL);
    ck_failure(promise, ASYNCHTTP_E_CERTIFICATE, server_authority(SERVER_HTTP2), "issuer");
    asynchttp_promise_free(promise);
    /* Nor are the system's authorities ours. */
    ck_assert_int_eq(asynchttp_http_set_ca_certs(http, NULL), ASYNCHTTP_OK);
    ask_in_vain(http, server_url(SERVER_HTTP2, "/hello"), ASYNCHTTP_E_CERTIFICATE);
    ck_assert_int_eq(asynchttp_http_set_ca_certs(http, servers_file("ca.pem")), ASYNCHTTP_OK);
    ask(http, server_url(SERVER_HTTP2, "/hello"));
    asynchttp_http_free(http);
}
END_TEST

/* ---- Versions of TLS ----------------------------------------------------------------------- */

START_TEST(test_tls_minimum)
{
    asynchttp_http *http = made();
    ask(http, server_url(SERVER_TLS12, "/hello"));
    ck_assert_int_eq(asynchttp_http_set_tls_minimum_version(http, "TLSv1_3"), ASYNCHTTP_OK);
    asynchttp_promise *promise = asked(http, server_url(SERVER_TLS12, "/hello"), NULL);
    ck_failure(promise, ASYNCHTTP_E_TLS, server_authority(SERVER_TLS12), "version");
    asynchttp_promise_free(promise);
    ask(http, server_url(SERVER_TLS13, "/hello"));
    ask(http, server_url(SERVER_HTTP2, "/hello"));
    asynchttp_http_free(http);
}
END_TEST

START_TEST(test_tls_maximum)
{
    asynchttp_http *http = made();
    ask(http, server_url(SERVER_TLS13, "/hello"));
    ck_assert_int_eq(asynchttp_http_set_tls_maximum_version(http, "TLSv1_2"), ASYNCHTTP_OK);
    asynchttp_promise *promise = asked(http, server_url(SERVER_TLS13, "/hello"), NULL);
    ck_failure(promise, ASYNCHTTP_E_TLS, server_authority(SERVER_TLS13), "version");
    asynchttp_promise_free(promise);
    ask(http, server_url(SERVER_TLS12, "/hello"));
    ask(http, server_url(SERVER_HTTP2, "/hello"));
    asynchttp_http_free(http);
}
END_TEST

/* OpenSSL has been told to do old versions as well (servers.c): only the library's own minimum is in the way. */
START_TEST(test_tls_default_minimum)
{
    asynchttp_http *http = made();
    ask_in_vain(http, server_url(SERVER_TLS11, "/hello"), ASYNCHTTP_E_TLS);
    ck_assert_int_eq(asynchttp_http_set_tls_minimum_version(http, "TLSv1_1"), ASYNCHTTP_OK);
    ask(http, server_url(SERVER_TLS11, "/hello"));
    ck_assert_int_eq(asynchttp_http_set_tls_minimum_version(http, NULL), ASYNCHTTP_OK);
    ask_in_vain(http, server_url(SERVER_TLS11, "/hello"), ASYNCHTTP_E_TLS);
    asynchttp_http_free(http);
}
END_TEST

START_TEST(test_not_tls)
{
    char uri[64];
    asynchttp_http *http = made();
    snprintf(uri, sizeof(uri), "https://%s/", server_authority(SERVER_STATIC));
    ask_in_vain(http, uri, ASYNCHTTP_E_TLS);
    asynchttp_http_free(http);
}
END_TEST

/* ---- Certificates of clients --------------------------------------------------------------- */

/* nginx says 400 when it gets no certificate. */
static void ck_mutual(asynchttp_http *http, int status)
{
    asynchttp_promise *promise = asked(http, server_url(SERVER_MUTUAL, "/hello"), NULL);
    ck_status(promise, status);
    asynchttp_promise_free(promise);
}

static void add_certificate(asynchttp_http *http, const char *key, const char *domain, const char *password)
{
    ck_assert_int_eq(
        asynchttp_http_add_certificate(http, servers_file(key), servers_file("client.pem"), domain, password),
        ASYNCHTTP_OK);
}

START_TEST(test_client_certificate_for_any_host)
{
    asynchttp_http *http = made_with(1, 1);
    ck_mutual(http, 400);
    /* The connection without a certificate is not for requests that have one. */
    add_certificate(http, "client.key", _i ? "" : NULL, NULL);
    ck_mutual(http, 200);
    asynchttp_http_free(http);
}
END_TEST

START_TEST(test_client_certificate_for_this_host)
{
    asynchttp_http *http = made();
    add_certificate(http, "client.key", server_authority(SERVER_MUTUAL), NULL);
    ck_mutual(http, 200);
    asynchttp_http_free(http);
}
END_TEST

START_TEST(test_client_certificate_for_another_host)
{
    static const char *const domains[] = {"127.0.0.1", "localhost", "127.0.0.1:1"};
    asynchttp_http *http = made();
    add_certificate(http, "client.key", domains[_i], NULL);
    ck_mutual(http, 400);
    /* The first that fits is taken. */
    add_certificate(http, "client.key", server_authority(SERVER_MUTUAL), NULL);
    ck_mutual(http, 200);
    asynchttp_http_free(http);
}
END_TEST

START_TEST(test_client_certificate_with_password)
{
    asynchttp_http *http = made();
    add_certificate(http, "client-locked.key", NULL, SERVERS_PASSWORD);
    ck_mutual(http, 200);
    asynchttp_http_free(http);
}
END_TEST

/* In a process of its own that has a terminal. Returns what it exits with: 0 if the request failed as it should. */
static int ask_at_terminal(const char *terminal, const char *password)
{
    setsid();
    int descriptor = open(terminal, O_RDWR);
#ifdef TIOCSCTTY
    ioctl(descriptor, TIOCSCTTY, 0);
#endif
    if (descriptor < 0 || open("/dev/tty", O_RDWR) < 0)
        return 2;
    asynchttp_http *http = made();
    add_certificate(http, "client-locked.key", NULL, password);
    asynchttp_promise *promise = asked(http, server_url(SERVER_MUTUAL, "/hello"), NULL);
    asynchttp_code code = asynchttp_promise_wait_for(promise, (double)fixture_patience(30000) / 1000);
    const char *message = code == ASYNCHTTP_E_PENDING ? "it waits" : asynchttp_promise_error_message(promise);
    if (code != ASYNCHTTP_E_CERTIFICATE || !strstr(message, server_authority(SERVER_MUTUAL))) {
        fprintf(stderr, "%s: %s\n", asynchttp_code_name(code), message);
        return 1;
    }
    asynchttp_promise_free(promise);
    asynchttp_http_free(http);
    return 0;
}

/* No password, an empty one, a wrong one: nobody is asked for a better one. */
START_TEST(test_client_certificate_with_wrong_password)
{
    static const char *const passwords[] = {NULL, "", "wrong"};
    char asked_for[256];
    int status;
    int terminal = posix_openpt(O_RDWR | O_NOCTTY);
    ck_assert_int_ge(terminal, 0);
    ck_assert_int_eq(grantpt(terminal), 0);
    ck_assert_int_eq(unlockpt(terminal), 0);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0)
        _exit(ask_at_terminal(ptsname(terminal), passwords[_i]));
    while (waitpid(child, &status, 0) < 0)
        ck_assert_int_eq(errno, EINTR);
    fcntl(terminal, F_SETFL, O_NONBLOCK);
    ssize_t length = read(terminal, asked_for, sizeof(asked_for));
    ck_assert_msg(length <= 0, "asked: %.*s", (int)length, asked_for);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "wait status %d", status);
    close(terminal);
}
END_TEST

START_TEST(test_client_certificate_files_that_do_not_exist)
{
    asynchttp_http *http = made();
    ck_assert_int_eq(asynchttp_http_add_certificate(http, servers_file(_i ? "client.key" : "no.key"),
                                                    servers_file(_i ? "no.pem" : "client.pem"), NULL, NULL),
                     ASYNCHTTP_OK);
    asynchttp_promise *promise = asked(http, server_url(SERVER_MUTUAL, "/hello"), NULL);
    ck_failure(promise, ASYNCHTTP_E_CERTIFICATE, server_authority(SERVER_MUTUAL), _i ? "no.pem" : "no.key");
    asynchttp_promise_free(promise);
    asynchttp_http_free(http);
}
END_TEST

START_TEST(test_client_certificate_and_another_key)
{
    asynchttp_http *http = made();
    add_certificate(http, "good.key", NULL, NULL);
    ask_in_vain(http, server_url(SERVER_MUTUAL, "/hello"), ASYNCHTTP_E_CERTIFICATE);
    asynchttp_http_free(http);
}
END_TEST

START_TEST(test_close_forgets_certificates)
{
    asynchttp_http *http = made_with(1, 1);
    add_certificate(http, "client.key", NULL, NULL);
    ck_mutual(http, 200);
    ck_assert_int_eq(asynchttp_http_close(http), ASYNCHTTP_OK);
    ck_mutual(http, 400);
    add_certificate(http, "client.key", NULL, NULL);
    ck_mutual(http, 200);
    asynchttp_http_free(http);
}
END_TEST

START_TEST(test_clear_credentials_leaves_certificates)
{
    asynchttp_http *http = made_with(1, 1);
    add_certificate(http, "client.key", NULL, NULL);
    ck_assert_int_eq(asynchttp_http_clear_credentials(http), ASYNCHTTP_OK);
    ck_mutual(http, 200);
    asynchttp_http_free(http);
}
END_TEST

/* ---- Ends before the end ------------------------------------------------------------------- */

/* One request is in its handshake, the others wait for the connection. */
START_TEST(test_cancel_in_handshake)
{
    asynchttp_promise *promises[STREAMS];
    silent mute = silent_open();
    asynchttp_http *http = made_with(1, _i ? STREAMS : 1);
    for (int i = 0; i < STREAMS; i++)
        promises[i] = asked(http, silent_url(mute), NULL);
    int connection = silent_accept(mute);
    for (int i = 0; i < STREAMS; i++)
        asynchttp_promise_cancel(promises[i]);
    for (int i = 0; i < STREAMS; i++)
        ck_error(promises[i], ASYNCHTTP_E_CANCELLED);
    /* The worker goes on. */
    ask(http, server_url(SERVER_HTTP2, "/hello"));
    free_all(promises, STREAMS);
    asynchttp_http_free(http);
    close(connection);
    close(mute.listener);
}
END_TEST

START_TEST(test_free_in_handshake)
{
    asynchttp_promise *promises[STREAMS];
    silent mute = silent_open();
    asynchttp_http *http = made_with(1, _i ? STREAMS : 1);
    for (int i = 0; i < STREAMS; i++)
        promises[i] = asked(http, silent_url(mute), NULL);
    int connection = silent_accept(mute);
    asynchttp_http_free(http);
    for (int i = 0; i < STREAMS; i++)
        ck_error(promises[i], ASYNCHTTP_E_CANCELLED);
    free_all(promises, STREAMS);
    close(connection);
    close(mute.listener);
}
END_TEST

/* Those who wait for the connection of one that is cancelled make one of their own. */
START_TEST(test_cancel_in_handshake_leaves_those_who_wait)
{
    enum { WAITING = 5 };
    asynchttp_promise *promises[WAITING];
    silent mute = silent_open();
    asynchttp_http *http = made_with(1, STREAMS);
    promises[0] = asked(http, silent_url(mute), NULL);
    int connection = silent_accept(mute);
    for (int i = 1; i < WAITING; i++)
        promises[i] = asked(http, silent_url(mute), NULL);
    asynchttp_promise_cancel(promises[0]);
    ck_error(promises[0], ASYNCHTTP_E_CANCELLED);
    close(connection);
    connection = silent_accept(mute);
    for (int i = 1; i < WAITING; i++)
        ck_assert(!asynchttp_promise_done(promises[i]));
    asynchttp_http_free(http);
    free_all(promises, WAITING);
    close(connection);
    close(mute.listener);
}
END_TEST

START_TEST(test_server_ends_handshake)
{
    asynchttp_promise *promises[STREAMS];
    silent mute = silent_open();
    asynchttp_http *http = made_with(1, STREAMS);
    for (int i = 0; i < STREAMS; i++)
        promises[i] = asked(http, silent_url(mute), NULL);
    int connection = silent_accept(mute);
    close(mute.listener);
    close(connection);
    ck_all_end(promises, STREAMS);
    for (int i = 0; i < STREAMS; i++) {
        asynchttp_code code = asynchttp_promise_error(promises[i]);
        ck_assert_msg(code == ASYNCHTTP_E_TLS || code == ASYNCHTTP_E_CONNECTION_REFUSED ||
                          code == ASYNCHTTP_E_CONNECTION_LOST,
                      "%s: %s", asynchttp_code_name(code), asynchttp_promise_error_message(promises[i]));
    }
    free_all(promises, STREAMS);
    asynchttp_http_free(http);
}
END_TEST

/* Each one on a stream of its own, held by the server. */
static void hold_streams(asynchttp_http *http, const char *name, asynchttp_promise **promises)
{
    for (int i = 0; i < STREAMS; i++)
        promises[i] = asked(http, server_url(SERVER_HTTP2, "/hold/%s", name), NULL);
    origin_await(STREAMS, "/held/%s", name);
}

START_TEST(test_cancel_one_stream)
{
    asynchttp_promise *promises[STREAMS];
    asynchttp_http *http = made_with(1, STREAMS);
    const char *name = fresh_name();
    hold_streams(http, name, promises);
    asynchttp_promise_cancel(promises[STREAMS / 2]);
    ck_error(promises[STREAMS / 2], ASYNCHTTP_E_CANCELLED);
    /* The server is told with the next request on the connection at the latest, and then tells the origin. */
    ask(http, server_url(SERVER_HTTP2, "/hello"));
    origin_await(STREAMS - 1, "/held/%s", name);
    free(origin_get("/release/%s", name));
    for (int i = 0; i < STREAMS; i++) {
        if (i != STREAMS / 2)
            ck_text(promises[i], "released\n");
    }
    ck_assert_int_eq(ask(http, server_url(SERVER_HTTP2, "/hello")), connection_of(promises[0]));
    free_all(promises, STREAMS);
    asynchttp_http_free(http);
}
END_TEST

/* The server does not go on for nobody, whether the request was cancelled or timed out. */
START_TEST(test_server_learns_of_the_end)
{
    const char *name = fresh_name();
    asynchttp_http *http = made_with(1, 1);
    /* Not because the idle worker leaves. */
    ck_assert_int_eq(asynchttp_http_set_worker_idle_timeout(http, 1e6), ASYNCHTTP_OK);
    ask(http, server_url(protocols[_i].which, "/hello"));
    asynchttp_promise *promise = asked(http, server_url(protocols[_i].which, "/hold/%s", name), NULL);
    origin_await(1, "/held/%s", name);
    asynchttp_promise_cancel(promise);
    ck_error(promise, ASYNCHTTP_E_CANCELLED);
    origin_await(0, "/held/%s", name);
    asynchttp_promise_free(promise);
    promise = asked(http, server_url(protocols[_i].which, "/hold/%s", name), ASYNCHTTP_REQUEST(.timeout = 0.2));
    ck_error(promise, ASYNCHTTP_E_TIMEOUT);
    origin_await(0, "/held/%s", name);
    asynchttp_promise_free(promise);
    asynchttp_http_free(http);
}
END_TEST

/* In the midst of their contents. */
START_TEST(test_cancel_streams_that_flow)
{
    enum { SIZE = 2 * MIB };
    static flow received[STREAMS];
    asynchttp_promise *promises[STREAMS];
    asynchttp_http *http = made_with(1, STREAMS);
    memset(received, 0, sizeof(received));
    for (int i = 0; i < STREAMS; i++) {
        received[i].enough = i % 2 ? 0 : 1 + (uint64_t)i * SIZE / (2 * STREAMS);
        promises[i] = asked(http, server_url(protocols[_i].which, "/bytes/%d", SIZE),
                            ASYNCHTTP_REQUEST(.on_data = take_pattern, .callback_data = &received[i]));
    }
    for (int i = 0; i < STREAMS; i++) {
        if (i % 2) {
            ck_answer(promises[i]);
            ck_assert_uint_eq(received[i].length, SIZE);
        } else {
            ck_error(promises[i], ASYNCHTTP_E_CANCELLED);
        }
        ck_assert_uint_eq(received[i].mismatches, 0);
    }
    free_all(promises, STREAMS);
    asynchttp_http_free(http);
}
END_TEST

/* In the midst of their bodies. */
START_TEST(test_cancel_streams_that_send)
{
    enum { EACH = 10 };
    flow body = {.size = BIG / EACH};
    flow endless = {.size = UINT64_MAX};
    asynchttp_promise *whole[EACH];
    asynchttp_promise *cancelled[EACH];
    asynchttp_http *http = made_with(1, 2 * EACH);
    for (int i = 0; i < EACH; i++) {
        whole[i] = asked(http, server_url(protocols[_i].which, "/sum"),
                         ASYNCHTTP_REQUEST(.method = "PUT", .on_read = give_pattern, .callback_data = &body));
        cancelled[i] = asked(http, server_url(protocols[_i].which, "/sum"),
                             ASYNCHTTP_REQUEST(.method = "PUT", .on_read = give_pattern, .callback_data = &endless));
    }
    ck_sum(whole[0], body.size);
    for (int i = 0; i < EACH; i++)
        asynchttp_promise_cancel(cancelled[i]);
    for (int i = 0; i < EACH; i++) {
        ck_sum(whole[i], body.size);
        ck_error(cancelled[i], ASYNCHTTP_E_CANCELLED);
    }
    free_all(whole, EACH);
    free_all(cancelled, EACH);
    asynchttp_http_free(http);
}
END_TEST

START_TEST(test_free_with_streams)
{
    static flow received[STREAMS];
    asynchttp_promise *held[STREAMS];
    asynchttp_promise *flowing[STREAMS];
    asynchttp_http *http = made_with(1, 2 * STREAMS);
    const char *name = fresh_name();
    hold_streams(http, name, held);
    for (int i = 0; i < STREAMS; i++)
        flowing[i] = asked(http, server_url(SERVER_HTTP2, "/bytes/%d", BIG),
                           ASYNCHTTP_REQUEST(.on_data = take_pattern, .callback_data = &received[i]));
    asynchttp_http_free(http);
    for (int i = 0; i < STREAMS; i++) {
        ck_error(held[i], ASYNCHTTP_E_CANCELLED);
        ck_all_end(&flowing[i], 1);
    }
    origin_await(0, "/held/%s", name);
    free_all(held, STREAMS);
    free_all(flowing, STREAMS);
}
END_TEST

/* ---- Timeouts ------------------------------------------------------------------------------ */

START_TEST(test_one_silent_stream_times_out)
{
    asynchttp_promise *promises[STREAMS];
    asynchttp_http *http = made_with(1, 2 * STREAMS);
    const char *name = fresh_name();
    hold_streams(http, name, promises);
    asynchttp_promise *impatient =
        asked(http, server_url(SERVER_HTTP2, "/hold/%s", name), ASYNCHTTP_REQUEST(.timeout = 0.2));
    ck_failure(impatient, ASYNCHTTP_E_TIMEOUT, server_authority(SERVER_HTTP2), "timed out");
    ask(http, server_url(SERVER_HTTP2, "/hello"));
    origin_await(STREAMS, "/held/%s", name);
    free(origin_get("/release/%s", name));
    for (int i = 0; i < STREAMS; i++)
        ck_text(promises[i], "released\n");
    ck_assert_int_eq(ask(http, server_url(SERVER_HTTP2, "/hello")), connection_of(promises[0]));
    free_all(promises, STREAMS);
    asynchttp_promise_free(impatient);
    asynchttp_http_free(http);
}
END_TEST

/* A stream is silent, whatever goes on beside it on the connection. */
START_TEST(test_silent_stream_among_busy_ones_times_out)
{
    flow endless = {.size = UINT64_MAX};
    asynchttp_http *http = made_with(1, STREAMS);
    asynchttp_promise *busy =
        asked(http, server_url(protocols[_i].which, "/sum"),
              ASYNCHTTP_REQUEST(.method = "POST", .on_read = give_pattern, .callback_data = &endless));
    asynchttp_promise *impatient =
        asked(http, server_url(protocols[_i].which, "/hold/%s", fresh_name()), ASYNCHTTP_REQUEST(.timeout = 0.2));
    ck_error(impatient, ASYNCHTTP_E_TIMEOUT);
    ck_assert(!asynchttp_promise_done(busy));
    asynchttp_promise_cancel(busy);
    ck_error(busy, ASYNCHTTP_E_CANCELLED);
    asynchttp_promise_free(busy);
    asynchttp_promise_free(impatient);
    asynchttp_http_free(http);
}
END_TEST

/* One timeout is for the whole crowd: if it were for one after the other, they would take the net's time. */
START_TEST(test_silent_handshake_times_out_all_who_wait)
{
    enum { CROWD = 100 };
    asynchttp_promise *promises[CROWD];
    silent mute = silent_open();
    asynchttp_http *http = made_with(1, CROWD);
    ck_assert_int_eq(asynchttp_http_set_connect_timeout(http, 1), ASYNCHTTP_OK);
    for (int i = 0; i < CROWD; i++)
        promises[i] = asked(http, silent_url(mute), NULL);
    ck_assert_int_eq(asynchttp_wait_all(promises, CROWD, CROWD / 2), ASYNCHTTP_OK);
    for (int i = 0; i < CROWD; i++)
        ck_failure(promises[i], ASYNCHTTP_E_TIMEOUT, "127.0.0.1", "imed out");
    free_all(promises, CROWD);
    asynchttp_http_free(http);
    close(mute.listener);
}
END_TEST

/* ---- The suite ----------------------------------------------------------------------------- */

static TCase *add_case(Suite *suite, const char *name)
{
    TCase *tests = tcase_create(name);
    tcase_set_timeout(tests, TEST_SECONDS);
    suite_add_tcase(suite, tests);
    return tests;
}

static void add_messages(Suite *suite)
{
    const int both = COUNT(protocols);
    TCase *tests = add_case(suite, "messages");
    tcase_add_loop_test(tests, test_get, 0, both);
    tcase_add_loop_test(tests, test_post, 0, both);
    tcase_add_loop_test(tests, test_post_without_body, 0, both);
    tcase_add_loop_test(tests, test_head, 0, both);
    tcase_add_loop_test(tests, test_status_without_content, 0, both);
    tcase_add_test(tests, test_names_of_the_certificate);
    tcase_add_loop_test(tests, test_gzip, 0, both);
    tcase_add_loop_test(tests, test_response_fields, 0, both);
    tcase_add_loop_test(tests, test_request_fields, 0, both);
    tcase_add_loop_test(tests, test_many_fields, 0, both);
    tcase_add_loop_test(tests, test_big_content, 0, both);
    tcase_add_loop_test(tests, test_big_content_to_on_data, 0, both);
    tcase_add_loop_test(tests, test_big_body, 0, both);
    tcase_add_loop_test(tests, test_big_body_from_on_read, 0, both);
    tcase_add_loop_test(tests, test_big_both_ways, 0, both);
    tcase_add_loop_test(tests, test_bodies_side_by_side, 0, both);
}

static void add_connections(Suite *suite)
{
    const int both = COUNT(protocols);
    TCase *tests = add_case(suite, "connections");
    tcase_add_loop_test(tests, test_connection_is_used_again, 0, both);
    tcase_add_test(tests, test_static_connection_is_used_again);
    tcase_add_test(tests, test_fifty_streams_share_a_connection);
    tcase_add_test(tests, test_fifty_streams_share_a_connection_that_is_still_to_be_made);
    tcase_add_test(tests, test_fifty_requests_to_a_server_without_streams);
    tcase_add_test(tests, test_more_streams_than_a_connection_takes);
    tcase_add_test(tests, test_two_workers_use_two_connections);
    tcase_add_test(tests, test_one_transfer_per_worker_shares_nothing);
    tcase_add_loop_test(tests, test_a_thousand_requests, 0, COUNT(forces));
    tcase_add_loop_test(tests, test_connections_of_few_requests, 0, COUNT(closings));
    tcase_add_loop_test(tests, test_connections_of_short_life, 0, both);
    tcase_add_loop_test(tests, test_server_goes_away_during_requests, 0, both);
    tcase_add_loop_test(tests, test_server_goes_away_at_any_time, 0, both);
    tcase_add_loop_test(tests, test_server_goes_away_before_the_first_request, 0, both);
    tcase_add_loop_test(tests, test_server_crashes_during_requests, 0, both);
}

static void add_certificates(Suite *suite)
{
    TCase *tests = add_case(suite, "certificates");
    tcase_add_loop_test(tests, test_wrong_certificate, 0, COUNT(wrongs));
    tcase_add_loop_test(tests, test_wrong_certificate_for_many, 0, COUNT(wrongs));
    tcase_add_loop_test(tests, test_validation_disabled_and_enabled, 0, COUNT(wrongs));
    tcase_add_loop_test(tests, test_validation_beside_none, 0, COUNT(wrongs));
    tcase_add_loop_test(tests, test_validation_beside_none_all_at_once, 0, COUNT(wrongs));
    tcase_add_test(tests, test_ca_certs_that_do_not_exist);
    tcase_add_test(tests, test_ca_certs_without_certificates);
    tcase_add_test(tests, test_ca_certs_of_another_authority);
    tcase_add_test(tests, test_ca_certs_of_the_environment);
    tcase_add_test(tests, test_tls_minimum);
    tcase_add_test(tests, test_tls_maximum);
    tcase_add_test(tests, test_tls_default_minimum);
    tcase_add_test(tests, test_not_tls);
    tcase_add_loop_test(tests, test_client_certificate_for_any_host, 0, 2);
    tcase_add_test(tests, test_client_certificate_for_this_host);
    tcase_add_loop_test(tests, test_client_certificate_for_another_host, 0, 3);
    tcase_add_test(tests, test_client_certificate_with_password);
    tcase_add_loop_test(tests, test_client_certificate_with_wrong_password, 0, 3);
    tcase_add_loop_test(tests, test_client_certificate_files_that_do_not_exist, 0, 2);
    tcase_add_test(tests, test_client_certificate_and_another_key);
    tcase_add_test(tests, test_close_forgets_certificates);
    tcase_add_test(tests, test_clear_credentials_leaves_certificates);
}

static void add_endings(Suite *suite)
{
    const int both = COUNT(protocols);
    TCase *tests = add_case(suite, "endings");
    tcase_add_loop_test(tests, test_cancel_in_handshake, 0, 2);
    tcase_add_loop_test(tests, test_free_in_handshake, 0, 2);
    tcase_add_test(tests, test_cancel_in_handshake_leaves_those_who_wait);
    tcase_add_test(tests, test_server_ends_handshake);
    tcase_add_test(tests, test_cancel_one_stream);
    tcase_add_loop_test(tests, test_server_learns_of_the_end, 0, both);
    tcase_add_loop_test(tests, test_cancel_streams_that_flow, 0, both);
    tcase_add_loop_test(tests, test_cancel_streams_that_send, 0, both);
    tcase_add_test(tests, test_free_with_streams);
    tcase_add_test(tests, test_one_silent_stream_times_out);
    tcase_add_loop_test(tests, test_silent_stream_among_busy_ones_times_out, 0, both);
    tcase_add_test(tests, test_silent_handshake_times_out_all_who_wait);
}

static Suite *servers_suite(void)
{
    Suite *suite = suite_create("servers");
    add_messages(suite);
    add_connections(suite);
    add_certificates(suite);
    add_endings(suite);
    return suite;
}

int main(void)
{
    fixture_start();
    if (!servers_start()) {
        puts("nginx is not installed: skipped");
        fixture_stop();
        return 77;
    }
    SRunner *runner = srunner_create(servers_suite());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    servers_stop();
    fixture_stop();
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
