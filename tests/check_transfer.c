/*
 * One request and its answer over real sockets: what goes over the wire, what comes back, and how bodies are streamed.
 */
#include <net/if.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client.h"
#include "fixture.h"
#include "origin/pattern.h"
#include "small.h"
#include "suites.h"

#define KIB ((size_t)1024)
#define MIB (KIB * 1024)
#define GIB (MIB * 1024)

/* ---- What goes over the wire --------------------------------------------------------------- */

#define USER_AGENT "user-agent: asynchttp/" ASYNCHTTP_VERSION " (gzip)"
#define ACCEPT_ENCODING "accept-encoding: gzip, deflate"
#define LINES(...) ((const char *const[]){__VA_ARGS__, NULL})

/* "host: 127.0.0.1:PORT" */
static const char *host(void)
{
    static char line[64];
    snprintf(line, sizeof(line), "host: %s", origin_url("/") + strlen("http://"));
    line[strlen(line) - 1] = '\0';
    return line;
}

/* Fields that are libcurl's own: in what case they are written is its business. */
static bool same_line(const char *line, const char *expected)
{
    static const char *const names[] = {"host:", "content-length:", "transfer-encoding:"};
    for (int i = 0; i < COUNT(names); i++) {
        if (strncasecmp(expected, names[i], strlen(names[i])) == 0)
            return strcasecmp(line, expected) == 0;
    }
    return strcmp(line, expected) == 0;
}

static size_t occurrences(const char *const *lines, const char *line)
{
    size_t count = 0;
    for (; *lines; lines++)
        count += same_line(*lines, line);
    return count;
}

/* Takes a head apart into its lines. Returns what follows it. */
static const char *split_head(char *head, const char **lines, size_t most)
{
    size_t count = 0;
    for (;;) {
        char *end = strstr(head, "\r\n");
        ck_assert_ptr_nonnull(end);
        *end = '\0';
        lines[count] = end == head ? NULL : head;
        head = end + 2;
        if (!lines[count++])
            return head;
        ck_assert_uint_lt(count, most);
    }
}

/* A request must have exactly this first line, these fields in any order, and this body. */
static void expect_request(const char *text, const char *first, const char *const *fields, const char *body)
{
    const char *lines[64];
    char *copy = strdup(text);
    ck_assert_ptr_nonnull(copy);
    const char *rest = split_head(copy, lines, 64);
    size_t wanted = 0;
    ck_assert_str_eq(lines[0], first);
    for (const char *const *field = fields; *field; field++, wanted++)
        ck_assert_msg(occurrences(lines + 1, *field) == occurrences(fields, *field), "%s in:\n%s", *field, text);
    for (size_t i = 1; i <= wanted; i++)
        ck_assert_msg(lines[i] != NULL, "a field is missing in:\n%s", text);
    ck_assert_msg(lines[wanted + 1] == NULL, "one field too many in:\n%s", text);
    ck_assert_str_eq(rest, body);
    free(copy);
}

/* What the origin says it got. */
static const char *sent(const asynchttp_request *request)
{
    return client_text(client_request(origin_url("/request"), request));
}

static const struct {
    const char *method;
    bool has_length;
} methods[] = {{"GET", false},     {"POST", true},      {"PUT", true},          {"PATCH", true}, {"DELETE", false},
               {"OPTIONS", false}, {"PROPFIND", false}, {"BREW-COFFEE", false}, {"get", false}};

START_TEST(test_method)
{
    char first[64];
    snprintf(first, sizeof(first), "%s /request HTTP/1.1", methods[_i].method);
    const char *const *fields = methods[_i].has_length ? LINES(host(), USER_AGENT, ACCEPT_ENCODING, "content-length: 0")
                                                       : LINES(host(), USER_AGENT, ACCEPT_ENCODING);
    expect_request(sent(ASYNCHTTP_REQUEST(.method = methods[_i].method)), first, fields, "");
}
END_TEST

START_TEST(test_method_is_get_by_default)
{
    expect_request(sent(NULL), "GET /request HTTP/1.1", LINES(host(), USER_AGENT, ACCEPT_ENCODING), "");
}
END_TEST

/* Has the test itself answer a request, and gives its text. */
static void receive_one(const char *path, const asynchttp_request *request, const char *answer, char *text, size_t size)
{
    unsigned port;
    char url[512];
    int listener = client_listen(&port);
    snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", port, path);
    asynchttp_promise *promise = client_request(url, request);
    int connection = client_accept(listener);
    ck_assert(client_receive(connection, text, size));
    client_send(connection, answer);
    ck_assert_int_eq(client_status(promise), 200);
    close(connection);
    close(listener);
}

START_TEST(test_head_and_trace)
{
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    static const char *const bodiless[] = {"HEAD", "TRACE"};
    char text[1024];
    const char *lines[16];
    for (int i = 0; i < COUNT(bodiless); i++) {
        receive_one("/x", ASYNCHTTP_REQUEST(.method = bodiless[i]), answer, text, sizeof(text));
        ck_assert_str_eq(split_head(text, lines, 16), "");
        ck_assert_int_eq(strncmp(lines[0], bodiless[i], strlen(bodiless[i])), 0);
        ck_assert_str_eq(lines[0] + strlen(bodiless[i]), " /x HTTP/1.1");
        ck_assert_uint_eq(occurrences(lines, USER_AGENT), 1);
        ck_assert_uint_eq(occurrences(lines, ACCEPT_ENCODING), 1);
        ck_assert_ptr_nonnull(lines[3]);
        ck_assert_ptr_null(lines[4]);
    }
}
END_TEST

START_TEST(test_own_fields_replace_the_defaults)
{
    const asynchttp_request *request =
        ASYNCHTTP_REQUEST(.headers = LINES("User-Agent", "mine/1", "Accept-Encoding", "identity", "ACCEPT", "text/html",
                                           "Content-Type", "text/x", "Host", "elsewhere.example"));
    expect_request(sent(request), "GET /request HTTP/1.1",
                   LINES("host: elsewhere.example", "user-agent: mine/1", "accept-encoding: identity",
                         "accept: text/html", "content-type: text/x"),
                   "");
}
END_TEST

START_TEST(test_range_asks_for_no_encoding)
{
    expect_request(sent(ASYNCHTTP_REQUEST(.headers = LINES("Range", "bytes=0-4"))), "GET /request HTTP/1.1",
                   LINES(host(), USER_AGENT, "range: bytes=0-4"), "");
}
END_TEST

START_TEST(test_range_with_an_encoding_of_the_callers)
{
    expect_request(sent(ASYNCHTTP_REQUEST(.headers = LINES("range", "bytes=0-4", "accept-encoding", "gzip"))),
                   "GET /request HTTP/1.1", LINES(host(), USER_AGENT, "range: bytes=0-4", "accept-encoding: gzip"), "");
}
END_TEST

START_TEST(test_repeated_fields)
{
    expect_request(sent(ASYNCHTTP_REQUEST(.headers = LINES("X-A", "1", "x-b", "2", "x-A", "3", "x-a", "1"))),
                   "GET /request HTTP/1.1",
                   LINES(host(), USER_AGENT, ACCEPT_ENCODING, "x-a: 1", "x-a: 3", "x-a: 1", "x-b: 2"), "");
}
END_TEST

START_TEST(test_values_are_trimmed)
{
    expect_request(sent(ASYNCHTTP_REQUEST(.headers = LINES("x-space", " \t a  b\t ", "x-empty", "", "x-blank", "  "))),
                   "GET /request HTTP/1.1",
                   LINES(host(), USER_AGENT, ACCEPT_ENCODING, "x-space: a  b", "x-empty:", "x-blank:"), "");
}
END_TEST

START_TEST(test_values_outside_ascii)
{
    expect_request(sent(ASYNCHTTP_REQUEST(.headers = LINES("x-name", "Gr\xc3\xbc\xc3\x9f"))), "GET /request HTTP/1.1",
                   LINES(host(), USER_AGENT, ACCEPT_ENCODING, "x-name: Gr\xc3\xbc\xc3\x9f"), "");
}
END_TEST

/* ---- URIs ---- */

static const struct {
    const char *given;
    const char *target;
} targets[] = {
    {"", "/"},
    {"?q", "/?q"},
    {"#fragment", "/"},
    {"/a?b#c?d", "/a?b"},
    {"/a b?c d", "/a%20b?c%20d"},
    {"/a\r\nX-Evil: 1", "/a%0D%0AX-Evil:%201"},
    {"/gr\xc3\xbc\xc3\x9f?\xe2\x82\xac", "/gr%C3%BC%C3%9F?%E2%82%AC"},
    {"/a/./b/../c//d/..", "/a/./b/../c//d/.."},
    {"/../../etc", "/../../etc"},
    {"/%41%2f%2e%2E?%zz", "/%41%2f%2e%2E?%zz"},
    {"/a?", "/a?"},
    {"/a;b=c,d!$&'()*+:@", "/a;b=c,d!$&'()*+:@"},
};

START_TEST(test_target)
{
    char text[1024];
    char first[128];
    const char *lines[16];
    receive_one(targets[_i].given, NULL, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", text, sizeof(text));
    snprintf(first, sizeof(first), "GET %s HTTP/1.1", targets[_i].target);
    split_head(text, lines, 16);
    ck_assert_str_eq(lines[0], first);
    ck_assert_msg(lines[4] == NULL, "a field was smuggled in");
}
END_TEST

enum { MOST_TARGET = 16384 };

typedef struct small_server {
    unsigned port;
    int listener;
    int connection;
} small_server;

static small_server start_small_server(void)
{
    small_server server = {.connection = -1};
    server.listener = client_listen(&server.port);
    return server;
}

static void stop_small_server(small_server *server)
{
    close(server->connection);
    close(server->listener);
}

/* Asks the server, which accepts a connection if it has none, and looks at the request that comes. */
static void expect_target(small_server *server, const char *method, const char *given, const char *target)
{
    char url[MOST_TARGET + 64];
    char text[MOST_TARGET + 512];
    char first[MOST_TARGET + 64];
    char authority[32];
    const char *lines[16];
    snprintf(authority, sizeof(authority), "127.0.0.1:%u", server->port);
    snprintf(url, sizeof(url), "http://%s%s", authority, given);
    asynchttp_promise *promise = client_request(url, ASYNCHTTP_REQUEST(.method = method));
    if (server->connection < 0)
        server->connection = client_accept(server->listener);
    ck_assert(client_receive(server->connection, text, sizeof(text)));
    client_send(server->connection, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    ck_assert_int_eq(client_status(promise), 200);
    snprintf(first, sizeof(first), "%s %s HTTP/1.1", method, target);
    split_head(text, lines, 16);
    ck_assert_str_eq(lines[0], first);
    ck_assert_int_eq(strncasecmp(lines[1], "host: ", 6), 0);
    ck_assert_str_eq(lines[1] + 6, authority);
}

/* Each follows on each other, on two servers in turn, and after another method. */
START_TEST(test_target_after_another)
{
    small_server servers[2] = {start_small_server(), start_small_server()};
    for (int i = 0; i < COUNT(targets); i++) {
        for (int j = 0; j < COUNT(targets); j++) {
            expect_target(&servers[j % 5 == 0], "GET", targets[i].given, targets[i].target);
            expect_target(&servers[0], j % 7 == 0 ? "DELETE" : "GET", targets[j].given, targets[j].target);
        }
    }
    stop_small_server(&servers[0]);
    stop_small_server(&servers[1]);
}
END_TEST

/* The query begins in the middle. */
START_TEST(test_target_of_any_length)
{
    char target[MOST_TARGET];
    small_server server = start_small_server();
    for (size_t length = 4; length < sizeof(target); length += length / 3) {
        memset(target, 'a', length);
        target[0] = '/';
        target[length / 2] = '?';
        target[length] = '\0';
        expect_target(&server, "GET", target, target);
    }
    stop_small_server(&server);
}
END_TEST

/* ---- Bodies -------------------------------------------------------------------------------- */

START_TEST(test_body_is_a_string)
{
    expect_request(sent(ASYNCHTTP_REQUEST(.method = "POST", .body = "a=b&c")), "POST /request HTTP/1.1",
                   LINES(host(), USER_AGENT, ACCEPT_ENCODING, "content-length: 5"), "a=b&c");
}
END_TEST

START_TEST(test_body_with_get)
{
    expect_request(sent(ASYNCHTTP_REQUEST(.body = "text")), "GET /request HTTP/1.1",
                   LINES(host(), USER_AGENT, ACCEPT_ENCODING, "content-length: 4"), "text");
}
END_TEST

START_TEST(test_body_with_an_invented_method)
{
    const asynchttp_request *request = ASYNCHTTP_REQUEST(.method = "BREW", .body = "milk and sugar", .body_length = 4,
                                                         .headers = LINES("Content-Length", "4"));
    expect_request(sent(request), "BREW /request HTTP/1.1",
                   LINES(host(), USER_AGENT, ACCEPT_ENCODING, "content-length: 4"), "milk");
}
END_TEST

START_TEST(test_body_is_empty)
{
    static const char *const with_body[] = {"GET", "DELETE", "POST"};
    for (int i = 0; i < COUNT(with_body); i++) {
        char first[64];
        snprintf(first, sizeof(first), "%s /request HTTP/1.1", with_body[i]);
        expect_request(sent(ASYNCHTTP_REQUEST(.method = with_body[i], .body = "")), first,
                       LINES(host(), USER_AGENT, ACCEPT_ENCODING, "content-length: 0"), "");
    }
}
END_TEST

/* libcurl would ask before it sends so much, and wait a second for the answer. */
START_TEST(test_large_body_does_not_expect)
{
    size_t length = 2 * MIB;
    char *body = malloc(length + 1);
    ck_assert_ptr_nonnull(body);
    memset(body, 'x', length);
    body[length] = '\0';
    expect_request(sent(ASYNCHTTP_REQUEST(.method = "PUT", .body = body)), "PUT /request HTTP/1.1",
                   LINES(host(), USER_AGENT, ACCEPT_ENCODING, "content-length: 2097152"), body);
    free(body);
}
END_TEST

START_TEST(test_body_is_binary)
{
    unsigned char *body = client_pattern(1000);
    asynchttp_promise *promise =
        client_request(origin_url("/echo"), ASYNCHTTP_REQUEST(.method = "POST", .body = body, .body_length = 1000));
    ck_assert_ptr_nonnull(memchr(body, 0, 1000));
    client_expect_pattern(promise, 1000);
    free(body);
}
END_TEST

/* The body, the header and everything else may be gone as soon as the call returns, long before it is sent. */
START_TEST(test_arguments_are_copied)
{
    char url[128], method[] = "PUT", body[] = "original", name[] = "x-name", value[] = "value";
    ck_assert_int_eq(asynchttp_http_set_max_workers(http, 1), ASYNCHTTP_OK);
    asynchttp_promise *first = client_request(origin_url("/hold/copied"), NULL);
    snprintf(url, sizeof(url), "%s", origin_url("/request"));
    asynchttp_promise *second =
        client_request(url, ASYNCHTTP_REQUEST(.method = method, .body = body, .headers = LINES(name, value)));
    memset(url, '#', sizeof(url));
    memset(method, '#', sizeof(method));
    memset(body, '#', sizeof(body));
    memset(name, '#', sizeof(name));
    memset(value, '#', sizeof(value));
    origin_await(1, "/held/copied");
    free(origin_get("/release/copied"));
    ck_assert_int_eq(client_status(first), 200);
    expect_request(client_text(second), "PUT /request HTTP/1.1",
                   LINES(host(), USER_AGENT, ACCEPT_ENCODING, "content-length: 8", "x-name: value"), "original");
}
END_TEST

/* Sends so much of the pattern from memory. */
static void expect_upload(size_t length)
{
    char sum[64];
    unsigned char *body = client_pattern(length);
    asynchttp_promise *promise =
        client_request(origin_url("/sum"), ASYNCHTTP_REQUEST(.method = "POST", .body = body, .body_length = length));
    free(body);
    snprintf(sum, sizeof(sum), "%zu 0\n", length);
    ck_assert_str_eq(client_text(promise), sum);
}

START_TEST(test_body_of_32_mib)
{
    expect_upload(small() ? 4 * MIB : 32 * MIB);
}
END_TEST

START_TEST(test_body_of_1_gib)
{
    expect_upload(small() ? 8 * MIB : GIB);
}
END_TEST

/* ---- Connections --------------------------------------------------------------------------- */

/* Which connection a request goes over, and the how manieth on it it is. */
static void connection_of(const char *url, const asynchttp_request *request, unsigned long *id, unsigned long *serial)
{
    ck_assert_int_eq(sscanf(client_text(client_request(url, request)), "%lu %lu", id, serial), 2);
}

START_TEST(test_connection_is_kept)
{
    unsigned long id, serial, first;
    connection_of(origin_url("/connection"), NULL, &first, &serial);
    ck_assert_uint_eq(serial, 1);
    for (unsigned long i = 2; i < 6; i++) {
        connection_of(origin_url("/connection"), i % 2 ? NULL : ASYNCHTTP_REQUEST(.method = "POST", .body = "x"), &id,
                      &serial);
        ck_assert_uint_eq(id, first);
        ck_assert_uint_eq(serial, i);
    }
}
END_TEST

/* None of these may leave anything unread on the connection. */
static const char *const keeping[] = {"/status/204",  "/status/304", "/bytes/100000?chunked",
                                      "/gzip/100000", "/status/500", "/bytes/0"};

START_TEST(test_connection_is_kept_after)
{
    unsigned long first, id, serial;
    connection_of(origin_url("/connection"), NULL, &first, &serial);
    client_response(client_request(origin_url("%s", keeping[_i]), NULL));
    client_response(client_request(origin_url("%s", keeping[_i]), ASYNCHTTP_REQUEST(.method = "HEAD")));
    connection_of(origin_url("/connection"), NULL, &id, &serial);
    ck_assert_uint_eq(id, first);
    ck_assert_uint_eq(serial, 4);
}
END_TEST

START_TEST(test_server_closes_connection)
{
    unsigned long first, id, serial;
    connection_of(origin_url("/connection"), NULL, &first, &serial);
    ck_assert_int_eq(client_status(client_request(origin_url("/headers?Connection=close"), NULL)), 200);
    connection_of(origin_url("/connection"), NULL, &id, &serial);
    ck_assert_uint_ne(id, first);
    ck_assert_uint_eq(serial, 1);
}
END_TEST

START_TEST(test_client_closes_connection)
{
    unsigned long first, id, serial;
    connection_of(origin_url("/connection"), ASYNCHTTP_REQUEST(.headers = LINES("Connection", "close")), &first,
                  &serial);
    connection_of(origin_url("/connection"), NULL, &id, &serial);
    ck_assert_uint_ne(id, first);
}
END_TEST

START_TEST(test_close_ends_connections)
{
    unsigned long first, id, serial;
    connection_of(origin_url("/connection"), NULL, &first, &serial);
    ck_assert_int_eq(asynchttp_http_close(http), ASYNCHTTP_OK);
    connection_of(origin_url("/connection"), NULL, &id, &serial);
    ck_assert_uint_ne(id, first);
}
END_TEST

static bool has_ipv6(void)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
    int descriptor = socket(AF_INET6, SOCK_STREAM, 0);
    bool has = descriptor >= 0 && bind(descriptor, (const struct sockaddr *)&address, sizeof(address)) == 0;
    if (descriptor >= 0)
        close(descriptor);
    return has;
}

START_TEST(test_ipv6)
{
    char line[64];
    if (!has_ipv6())
        return;
    snprintf(line, sizeof(line), "host: [::1]:%u", origin_port());
    expect_request(client_text(client_request(origin_url6("/request"), NULL)), "GET /request HTTP/1.1",
                   LINES(line, USER_AGENT, ACCEPT_ENCODING), "");
}
END_TEST

/* The zone is part of where a connection goes: it is kept only if each request has it (RFC 6874). */
START_TEST(test_ipv6_zone)
{
    char url[96];
    unsigned long id, serial, first;
    if (!has_ipv6() || !if_nametoindex("lo"))
        return;
    snprintf(url, sizeof(url), "http://[::1%%25lo]:%u/connection", origin_port());
    connection_of(url, NULL, &first, &serial);
    for (int i = 0; i < 3; i++) {
        connection_of(url, NULL, &id, &serial);
        ck_assert_uint_eq(id, first);
    }
}
END_TEST

/* ---- Kept connections that turn out dead ---------------------------------------------------- */

static const char *const dying[] = {"/second/close", "/second/reset", "/close-after"};

/* Nobody notices, but for the server, who sees a second connection. */
static void expect_revival(const char *path, const asynchttp_request *request)
{
    long before = origin_number("/connections");
    for (int i = 0; i < 3; i++) {
        asynchttp_promise *promise = client_request(origin_url("%s", path), request);
        ck_assert_str_eq(client_text(promise), strcmp(path, "/close-after") == 0 ? "last\n" : "first\n");
        ck_assert_int_eq(asynchttp_promise_curl_error(promise), 0);
        ck_assert_str_eq(asynchttp_promise_error_message(promise), "");
    }
    /* The number itself takes one. */
    ck_assert_int_eq(origin_number("/connections") - before, 3 + 1);
}

START_TEST(test_dead_connection)
{
    expect_revival(dying[_i], NULL);
}
END_TEST

START_TEST(test_dead_connection_with_body)
{
    expect_revival(dying[_i], ASYNCHTTP_REQUEST(.method = "POST", .body = "a body"));
}
END_TEST

/* Answers one request, so that the connection is kept; gives it and its listener, and the URL. */
static int warm_up(int *listener, char *url, size_t size)
{
    unsigned port;
    char text[1024];
    *listener = client_listen(&port);
    snprintf(url, size, "http://127.0.0.1:%u/", port);
    asynchttp_promise *promise = client_request(url, NULL);
    int connection = client_accept(*listener);
    ck_assert(client_receive(connection, text, sizeof(text)));
    client_send(connection, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirst");
    ck_assert_str_eq(client_text(promise), "first");
    return connection;
}

START_TEST(test_body_is_sent_again)
{
    int listener;
    char url[64], text[1024];
    int connection = warm_up(&listener, url, sizeof(url));
    asynchttp_promise *promise = client_request(url, ASYNCHTTP_REQUEST(.method = "POST", .body = "the body"));
    ck_assert(client_receive(connection, text, sizeof(text)));
    close(connection);
    connection = client_accept(listener);
    ck_assert(client_receive(connection, text, sizeof(text)));
    client_send(connection, "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecond");
    ck_assert_str_eq(strstr(text, "\r\n\r\n"), "\r\n\r\nthe body");
    ck_assert_str_eq(client_text(promise), "second");
    close(connection);
    close(listener);
}
END_TEST

/* The third request on a handle, the second of which has taken its URL apart; the next two over new connections. */
START_TEST(test_dead_connection_of_another_target)
{
    int listener;
    char url[64], other[128], text[1024];
    int connection = warm_up(&listener, url, sizeof(url));
    for (int i = 0; i < 3; i++) {
        snprintf(other, sizeof(other), "%sother-%d?key=%d", url, i, i);
        asynchttp_promise *promise = client_request(other, NULL);
        snprintf(other, sizeof(other), "GET /other-%d?key=%d HTTP/1.1\r\n", i, i);
        if (i) {
            ck_assert(client_receive(connection, text, sizeof(text)));
            close(connection);
            connection = client_accept(listener);
        }
        ck_assert(client_receive(connection, text, sizeof(text)));
        ck_assert_msg(strncmp(text, other, strlen(other)) == 0, "%s", text);
        client_send(connection, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nother");
        ck_assert_str_eq(client_text(promise), "other");
    }
    close(connection);
    close(listener);
}
END_TEST

static void expect_lost(asynchttp_promise *promise)
{
    asynchttp_code code = client_wait(promise);
    ck_assert_msg(code == ASYNCHTTP_E_CONNECTION_LOST, "%s: %s", asynchttp_code_name(code),
                  asynchttp_promise_error_message(promise));
}

START_TEST(test_fresh_connection_that_dies)
{
    long before = origin_number("/connections");
    expect_lost(client_request(origin_url("/raw?close"), NULL));
    ck_assert_int_eq(origin_number("/connections") - before, 1 + 1);
}
END_TEST

START_TEST(test_request_is_sent_again_once)
{
    int listener;
    char url[64], text[1024];
    int connection = warm_up(&listener, url, sizeof(url));
    asynchttp_promise *promise = client_request(url, NULL);
    ck_assert(client_receive(connection, text, sizeof(text)));
    close(connection);
    connection = client_accept(listener);
    ck_assert(client_receive(connection, text, sizeof(text)));
    close(connection);
    expect_lost(promise);
    ck_assert(!client_is_called(listener));
    close(listener);
}
END_TEST

/* The server has begun to answer, and may have done what it was asked: to ask again is not for the library to decide.
 * Were it to try, it would be refused. */
START_TEST(test_not_sent_again_after_interim_response)
{
    int listener;
    char url[64], text[1024];
    int connection = warm_up(&listener, url, sizeof(url));
    asynchttp_promise *promise = client_request(url, ASYNCHTTP_REQUEST(.method = "POST", .body = "once"));
    ck_assert(client_receive(connection, text, sizeof(text)));
    close(listener);
    client_send(connection, "HTTP/1.1 103 Early Hints\r\n\r\n");
    close(connection);
    expect_lost(promise);
}
END_TEST

/* ---- Responses ----------------------------------------------------------------------------- */

/* A response that ends with the connection. */
static asynchttp_promise *answered(const char *answer)
{
    return client_request(origin_url("/raw?%s&close", client_raw(answer)), NULL);
}

static const struct {
    const char *line;
    int status;
    const char *reason;
    int version;
} status_lines[] = {
    {"HTTP/1.1 200 OK", 200, "OK", 11},
    {"HTTP/1.0 200 OK", 200, "OK", 10},
    {"HTTP/1.1 299 Fine  as it is ", 299, "Fine  as it is", 11},
    {"HTTP/1.1 404 ", 404, "", 11},
    {"HTTP/1.1 503", 503, "", 11},
    {"HTTP/1.1 999 Gr\xc3\xbc\xc3\x9f", 999, "Gr\xc3\xbc\xc3\x9f", 11},
};

START_TEST(test_status_line)
{
    char answer[128];
    snprintf(answer, sizeof(answer), "%s\r\n\r\ncontent", status_lines[_i].line);
    asynchttp_promise *promise = answered(answer);
    asynchttp_response *response = client_response(promise);
    ck_assert_int_eq(asynchttp_response_status(response), status_lines[_i].status);
    ck_assert_str_eq(asynchttp_response_reason(response), status_lines[_i].reason);
    ck_assert_int_eq(asynchttp_response_version(response), status_lines[_i].version);
    ck_assert(!asynchttp_response_fromcache(response));
    ck_assert_ptr_null(asynchttp_response_previous(response));
    ck_assert_str_eq(client_text(promise), "content");
}
END_TEST

static const struct {
    int status;
    const char *content;
} statuses[] = {{200, "200 OK\n"}, {201, "201 Created\n"},   {204, ""},           {205, ""},
                {304, ""},         {404, "404 Not Found\n"}, {410, "410 Gone\n"}, {500, "500 Internal Server Error\n"}};

START_TEST(test_status)
{
    char text[8];
    asynchttp_promise *promise = client_request(origin_url("/status/%d", statuses[_i].status), NULL);
    snprintf(text, sizeof(text), "%d", statuses[_i].status);
    ck_assert_int_eq(client_status(promise), statuses[_i].status);
    ck_assert_str_eq(client_header(promise, "status"), text);
    ck_assert_str_eq(client_text(promise), statuses[_i].content);
}
END_TEST

START_TEST(test_repeated_response_fields)
{
    asynchttp_response *response = client_response(answered("HTTP/1.1 200 OK\r\nX-A: 1\r\nX-B: b\r\nx-a:2, 3\r\n"
                                                            "X-A:\r\nx-A: 4 \r\n\r\n"));
    static const char *const values[] = {"1", "2, 3", "", "4"};
    ck_assert_str_eq(asynchttp_response_get(response, "X-a"), "1, 2, 3, , 4");
    for (size_t i = 0; i < 4; i++)
        ck_assert_str_eq(asynchttp_response_values(response, "x-A", i), values[i]);
    ck_assert_ptr_null(asynchttp_response_values(response, "x-a", 4));
    ck_assert_str_eq(asynchttp_response_values(response, "x-b", 0), "b");
    ck_assert_ptr_null(asynchttp_response_values(response, "x-b", 1));
    ck_assert_ptr_null(asynchttp_response_values(response, "x-c", 0));
    ck_assert_ptr_null(asynchttp_response_get(response, "x-c"));
    ck_assert(asynchttp_response_contains(response, "X-B"));
    ck_assert(!asynchttp_response_contains(response, "x-c"));
}
END_TEST

START_TEST(test_refused_expectation)
{
    asynchttp_promise *promise = asynchttp_http_request(
        http, origin_url("/raw-early?send=HTTP/1.1%%20417%%20No%%0D%%0AContent-Length:%%200%%0D%%0A%%0D%%0A&close"),
        ASYNCHTTP_REQUEST(.method = "PUT", .body = "text",
                          .headers = (const char *const[]){"Expect", "100-continue", NULL}));
    ck_assert_int_eq(client_status(promise), 417);
    asynchttp_promise_free(promise);
}
END_TEST

START_TEST(test_folded_response_field)
{
    asynchttp_response *response =
        client_response(answered("HTTP/1.1 200 OK\r\nX-A: one\r\n two\r\n\t  three\r\nX-B: four\r\n\r\n"));
    ck_assert_str_eq(asynchttp_response_get(response, "x-a"), "one two three");
    ck_assert_str_eq(asynchttp_response_get(response, "x-b"), "four");
}
END_TEST

START_TEST(test_walk)
{
    static const char *const expected[][2] = {
        {"x-a", "1, 3"}, {"set-cookie", "a=b, c=d"}, {"content-length", "2"}, {"status", "201"}};
    asynchttp_promise *promise =
        answered("HTTP/1.1 201 OK\r\nX-A: 1\r\nSet-Cookie: a=b\r\nx-a: 3\r\nSet-Cookie: c=d\r\n"
                 "Content-Length: 2\r\n\r\nok");
    asynchttp_response *response = client_response(promise);
    ck_assert_uint_eq(asynchttp_response_count(response), COUNT(expected));
    for (size_t i = 0; i < COUNT(expected); i++) {
        const char *name = NULL, *value = NULL;
        ck_assert(asynchttp_response_header(response, i, &name, &value));
        ck_assert_str_eq(name, expected[i][0]);
        ck_assert_str_eq(value, expected[i][1]);
        ck_assert(asynchttp_response_header(response, i, NULL, NULL));
    }
    const char *untouched = "untouched";
    ck_assert(!asynchttp_response_header(response, COUNT(expected), &untouched, &untouched));
    ck_assert_str_eq(untouched, "untouched");
}
END_TEST

START_TEST(test_response_is_changed)
{
    asynchttp_promise *promise = answered("HTTP/1.1 200 OK\r\nX-A: 1\r\nX-A: 2\r\nX-B: 3\r\n\r\n");
    asynchttp_response *response = client_response(promise);
    ck_assert_int_eq(asynchttp_response_set(response, "X-a", "new"), ASYNCHTTP_OK);
    ck_assert_int_eq(asynchttp_response_set(response, "X-New", "value"), ASYNCHTTP_OK);
    ck_assert_int_eq(asynchttp_response_set(response, "status", "999"), ASYNCHTTP_OK);
    ck_assert_int_eq(asynchttp_response_set(response, "x-b", "a\r\nb"), ASYNCHTTP_E_INVALID_ARGUMENT);
    ck_assert_int_eq(asynchttp_response_set(response, "x b", "c"), ASYNCHTTP_E_INVALID_ARGUMENT);
    ck_assert_str_eq(client_header(promise, "x-a"), "new");
    ck_assert_ptr_null(asynchttp_response_values(response, "x-a", 1));
    ck_assert_str_eq(client_header(promise, "x-new"), "value");
    ck_assert_str_eq(client_header(promise, "x-b"), "3");
    ck_assert_str_eq(client_header(promise, "status"), "999");
    ck_assert_int_eq(client_status(promise), 200);
    ck_assert(asynchttp_response_delete(response, "X-A"));
    ck_assert(!asynchttp_response_delete(response, "x-a"));
    ck_assert_ptr_null(client_header(promise, "x-a"));
    /* x-b, x-new, status, content-location. */
    ck_assert_uint_eq(asynchttp_response_count(response), 4);
}
END_TEST

START_TEST(test_head_response)
{
    asynchttp_promise *promise = client_request(origin_url("/bytes/100000"), ASYNCHTTP_REQUEST(.method = "HEAD"));
    ck_assert_str_eq(client_text(promise), "");
    ck_assert_str_eq(client_header(promise, "content-length"), "100000");
}
END_TEST

/* Nothing was decoded, so nothing is said about it. */
START_TEST(test_head_response_of_encoded_content)
{
    asynchttp_promise *promise = client_request(origin_url("/gzip/100000"), ASYNCHTTP_REQUEST(.method = "HEAD"));
    ck_assert_str_eq(client_text(promise), "");
    ck_assert_str_eq(client_header(promise, "content-encoding"), "gzip");
    ck_assert_ptr_null(client_header(promise, "-content-encoding"));
    ck_assert_str_ne(client_header(promise, "content-length"), "0");
}
END_TEST

/* A 304 may announce the length that a 200 would have had (RFC 9110 section 8.6), and has no content all the same. */
START_TEST(test_not_modified_with_a_length)
{
    asynchttp_promise *promise = client_request(
        origin_url("/raw?%s", client_raw("HTTP/1.1 304 Not Modified\r\nContent-Length: 1000\r\nETag: x\r\n\r\n")),
        NULL);
    ck_assert_int_eq(client_status(promise), 304);
    ck_assert_str_eq(client_text(promise), "");
    ck_assert_str_eq(client_header(promise, "etag"), "x");
}
END_TEST

static const char *const interims[] = {
    "HTTP/1.1 100 Continue\r\n\r\n",
    "HTTP/1.1 102 Processing\r\nX-A: no\r\n\r\n",
    "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nX-A: no\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </b>\r\n\r\n",
};

START_TEST(test_interim_response)
{
    asynchttp_promise *promise =
        client_request(origin_url("/raw?%s&%s", client_raw(interims[_i]),
                                  client_raw("HTTP/1.1 201 Created\r\nX-A: yes\r\nContent-Length: 2\r\n\r\nok")),
                       NULL);
    ck_assert_int_eq(client_status(promise), 201);
    ck_assert_str_eq(asynchttp_response_reason(client_response(promise)), "Created");
    ck_assert_str_eq(client_header(promise, "x-a"), "yes");
    ck_assert_ptr_null(client_header(promise, "link"));
    ck_assert_str_eq(client_header(promise, "status"), "201");
    ck_assert_str_eq(client_text(promise), "ok");
    client_expect_usable();
}
END_TEST

START_TEST(test_trailers)
{
    asynchttp_promise *promise = answered("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-A: head\r\n\r\n"
                                          "3\r\nabc\r\n0\r\nX-A: trailer\r\nX-Sum: 1\r\nx-sum: 2\r\n\r\n");
    asynchttp_response *response = client_response(promise);
    ck_assert_str_eq(client_text(promise), "abc");
    ck_assert_str_eq(asynchttp_response_trailer(response, "x-A"), "trailer");
    ck_assert_str_eq(asynchttp_response_trailer(response, "X-Sum"), "1, 2");
    ck_assert_ptr_null(asynchttp_response_trailer(response, "x-b"));
    ck_assert_str_eq(asynchttp_response_get(response, "x-a"), "head");
    ck_assert(!asynchttp_response_contains(response, "x-sum"));
}
END_TEST

static const char *const framings[] = {"", "?chunked", "?close"};

START_TEST(test_content)
{
    static const unsigned lengths[] = {0, 1, 16384, 16385, 3000000};
    for (int i = 0; i < COUNT(lengths); i++) {
        asynchttp_promise *promise = client_request(origin_url("/bytes/%u%s", lengths[i], framings[_i]), NULL);
        client_expect_pattern(promise, lengths[i]);
        client_expect_usable();
    }
}
END_TEST

/* A program may take content for a string, whatever it is. */
START_TEST(test_zero_byte_follows_content)
{
    static const char *const paths[] = {"/bytes/0", "/bytes/1",    "/bytes/64?chunked", "/bytes/4096?close",
                                        "/gzip/0",  "/gzip/65536", "/status/204"};
    for (int i = 0; i < COUNT(paths); i++) {
        const void *content = NULL;
        size_t length;
        asynchttp_promise *promise = client_request(origin_url("%s", paths[i]), NULL);
        client_response(promise);
        ck_assert_int_eq(asynchttp_promise_content(promise, &content, &length), ASYNCHTTP_OK);
        ck_assert_ptr_nonnull(content);
        ck_assert_int_eq(((const char *)content)[length], '\0');
        ck_assert_int_eq(asynchttp_promise_content(promise, NULL, NULL), ASYNCHTTP_OK);
    }
}
END_TEST

static const char *const codings[] = {"gzip", "deflate"};

START_TEST(test_decoding)
{
    static const unsigned lengths[] = {0, 1, 100000, 5000000};
    for (int i = 0; i < COUNT(lengths); i++) {
        char length[16];
        asynchttp_promise *promise = client_request(origin_url("/%s/%u", codings[_i], lengths[i]), NULL);
        client_expect_pattern(promise, lengths[i]);
        snprintf(length, sizeof(length), "%u", lengths[i]);
        ck_assert_str_eq(client_header(promise, "content-length"), length);
        ck_assert_str_eq(client_header(promise, "-content-encoding"), codings[_i]);
        ck_assert(!asynchttp_response_contains(client_response(promise), "content-encoding"));
    }
}
END_TEST

static const struct {
    const char *coding;
    /* As it stands in a URI. */
    const char *coded;
    const char *content;
} coded[] = {
    /* As some servers send it, without the head and the checksum of zlib's format. */
    {"deflate", "%CB%48%CD%C9%C9%07%00", "hello"},
    /* In either format, it does not matter how the bytes are cut up. */
    {"deflate", "%CB&sleep=20&send=%48%CD%C9%C9%07%00", "hello"},
    {"deflate", "%78&sleep=20&send=%9C%CB%48%CD%C9%C9%07%00%06%2C%02%15", "hello"},
    {"x-gzip", "%1F%8B%08%00%00%00%00%00%02%03%CB%48%CD%C9%C9%57%00%00%F6%F9%81%ED%06%00%00%00", "hello "},
    {"GZIP", "%1F%8B%08%00%00%00%00%00%02%03%CB%48%CD%C9%C9%57%00%00%F6%F9%81%ED%06%00%00%00", "hello "},
    /* Two members (RFC 1952 section 2.2). */
    {"gzip",
     "%1F%8B%08%00%00%00%00%00%02%03%CB%48%CD%C9%C9%57%00%00%F6%F9%81%ED%06%00%00%00%1F%8B%08%00%00%00%00%00%02%03%2B%"
     "CF%2F%CA%49%01%00%43%11%77%3A%05%00%00%00",
     "hello world"},
};

START_TEST(test_coded_content)
{
    char head[128];
    snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\n\r\n", coded[_i].coding);
    asynchttp_promise *promise =
        client_request(origin_url("/raw?%s&send=%s&close", client_raw(head), coded[_i].coded), NULL);
    ck_assert_str_eq(client_text(promise), coded[_i].content);
    ck_assert_str_eq(client_header(promise, "-content-encoding"), coded[_i].coding);
}
END_TEST

/* httplib2 hands out what it cannot decode as it is. */
START_TEST(test_unknown_coding_is_left_alone)
{
    asynchttp_promise *promise = answered("HTTP/1.1 200 OK\r\nContent-Encoding: utf-8\r\n\r\nplain");
    ck_assert_str_eq(client_text(promise), "plain");
    ck_assert_str_eq(client_header(promise, "content-encoding"), "utf-8");
    ck_assert_ptr_null(client_header(promise, "-content-encoding"));
}
END_TEST

START_TEST(test_identity_is_no_encoding)
{
    asynchttp_promise *promise = answered("HTTP/1.1 200 OK\r\nContent-Encoding: identity\r\n\r\nplain");
    ck_assert_str_eq(client_text(promise), "plain");
    ck_assert_ptr_null(client_header(promise, "-content-encoding"));
}
END_TEST

/* ---- Content piece by piece ---------------------------------------------------------------- */

typedef struct taken {
    unsigned calls;
    uint64_t length;
    uint64_t mismatches;
    /* What the response says in it. */
    int status;
    bool readable;
    /* Which call returns an error; 0: none. */
    unsigned fails_at;
} taken;

static int take(asynchttp_promise *promise, const void *data, size_t length, void *callback_data)
{
    taken *so_far = callback_data;
    asynchttp_response *response = NULL;
    so_far->readable = asynchttp_promise_response(promise, &response) == ASYNCHTTP_OK && response;
    so_far->status = response ? asynchttp_response_status(response) : 0;
    so_far->mismatches += pattern_mismatches(data, length, so_far->length);
    so_far->length += length;
    return ++so_far->calls == so_far->fails_at;
}

static void expect_no_content(asynchttp_promise *promise)
{
    const void *content;
    size_t length;
    asynchttp_promise_content(promise, &content, &length);
    ck_assert_uint_eq(length, 0);
    ck_assert_str_eq(content, "");
}

static const char *const pieces[] = {"/bytes/3000000", "/bytes/3000000?chunked", "/bytes/3000000?close",
                                     "/gzip/3000000"};

START_TEST(test_on_data)
{
    taken all = {0};
    asynchttp_promise *promise =
        client_request(origin_url("%s", pieces[_i]), ASYNCHTTP_REQUEST(.on_data = take, .callback_data = &all));
    ck_assert_int_eq(client_status(promise), 200);
    ck_assert_uint_eq(all.length, 3000000);
    ck_assert_uint_eq(all.mismatches, 0);
    ck_assert_uint_gt(all.calls, 1);
    ck_assert(all.readable);
    ck_assert_int_eq(all.status, 200);
    expect_no_content(promise);
}
END_TEST

START_TEST(test_on_data_of_decoded_content_says_its_length)
{
    taken all = {0};
    asynchttp_promise *promise =
        client_request(origin_url("/gzip/70000"), ASYNCHTTP_REQUEST(.on_data = take, .callback_data = &all));
    ck_assert_str_eq(client_header(promise, "content-length"), "70000");
    ck_assert_str_eq(client_header(promise, "-content-encoding"), "gzip");
}
END_TEST

START_TEST(test_on_data_without_content)
{
    taken all = {0};
    client_response(
        client_request(origin_url("/status/204"), ASYNCHTTP_REQUEST(.on_data = take, .callback_data = &all)));
    client_response(client_request(origin_url("/bytes/10"),
                                   ASYNCHTTP_REQUEST(.method = "HEAD", .on_data = take, .callback_data = &all)));
    ck_assert_uint_eq(all.calls, 0);
}
END_TEST

/* The server would go on for ten thousand gigabytes. */
START_TEST(test_on_data_fails)
{
    taken all = {.fails_at = 2};
    asynchttp_response *response;
    origin_await(1, "/open");
    asynchttp_promise *promise =
        client_request(origin_url("/bytes/10000000000000"), ASYNCHTTP_REQUEST(.on_data = take, .callback_data = &all));
    ck_assert_int_eq(client_wait(promise), ASYNCHTTP_E_CALLBACK);
    ck_assert_uint_eq(all.calls, 2);
    ck_assert_int_eq(asynchttp_promise_response(promise, &response), ASYNCHTTP_E_CALLBACK);
    ck_assert_ptr_nonnull(response);
    ck_assert_int_eq(asynchttp_response_status(response), 200);
    expect_no_content(promise);
    /* The one that asks. */
    origin_await(1, "/open");
    client_expect_usable();
}
END_TEST

/* ---- Bodies piece by piece ----------------------------------------------------------------- */

typedef struct given {
    uint64_t length;
    /* Where the next piece must begin, and how often it was back at the beginning. */
    uint64_t offset;
    unsigned beginnings;
    bool gap;
    /* At most so much at once; 0: as much as there is room for. */
    size_t piece;
    /* At which offset it gives too little, too much or an error; 0: never. */
    uint64_t stops_at;
    uint64_t lies_at;
    uint64_t fails_at;
} given;

static int give(asynchttp_promise *promise, uint64_t offset, void *buffer, size_t size, size_t *length,
                void *callback_data)
{
    given *source = callback_data;
    (void)promise;
    if (offset == 0) {
        source->beginnings++;
        source->offset = 0;
    }
    source->gap |= offset != source->offset || size == 0;
    if (source->fails_at && offset >= source->fails_at)
        return 1;
    uint64_t left = (source->stops_at ? source->stops_at : source->length) - offset;
    size_t count = source->piece && source->piece < size ? source->piece : size;
    count = left < count ? (size_t)left : count;
    pattern_fill(buffer, count, offset);
    source->offset = offset + count;
    *length = source->lies_at && offset >= source->lies_at ? size + 1 : count;
    return 0;
}

static asynchttp_promise *upload(given *source, size_t body_length)
{
    return client_request(origin_url("/sum"), ASYNCHTTP_REQUEST(.method = "PUT", .on_read = give,
                                                                .body_length = body_length, .callback_data = source));
}

START_TEST(test_on_read)
{
    static const size_t lengths[] = {1, 1000, 16384, 5000000};
    for (int i = 0; i < COUNT(lengths) * 2; i++) {
        char sum[64];
        given source = {.length = lengths[i / 2]};
        snprintf(sum, sizeof(sum), "%zu 0\n", lengths[i / 2]);
        ck_assert_str_eq(client_text(upload(&source, i % 2 ? lengths[i / 2] : 0)), sum);
        ck_assert_uint_eq(source.beginnings, 1);
        ck_assert(!source.gap);
    }
}
END_TEST

/* Gives a string. */
static int give_text(asynchttp_promise *promise, uint64_t offset, void *buffer, size_t size, size_t *length,
                     void *callback_data)
{
    const char *text = (const char *)callback_data + offset;
    (void)promise;
    *length = strlen(text) < size ? strlen(text) : size;
    memcpy(buffer, text, *length);
    return 0;
}

START_TEST(test_on_read_on_the_wire)
{
    char text[] = "text";
    expect_request(sent(ASYNCHTTP_REQUEST(.method = "POST", .on_read = give_text, .callback_data = text + 4)),
                   "POST /request HTTP/1.1", LINES(host(), USER_AGENT, ACCEPT_ENCODING, "transfer-encoding: chunked"),
                   "");
    expect_request(sent(ASYNCHTTP_REQUEST(.on_read = give_text, .callback_data = text,
                                          .headers = LINES("Transfer-Encoding", "chunked"))),
                   "GET /request HTTP/1.1", LINES(host(), USER_AGENT, ACCEPT_ENCODING, "transfer-encoding: chunked"),
                   "text");
    expect_request(sent(ASYNCHTTP_REQUEST(.on_read = give_text, .callback_data = text, .body_length = 4)),
                   "GET /request HTTP/1.1", LINES(host(), USER_AGENT, ACCEPT_ENCODING, "content-length: 4"), "text");
}
END_TEST

/* The length may come from the header instead. */
START_TEST(test_on_read_with_content_length)
{
    given source = {.length = 1000};
    asynchttp_promise *promise =
        client_request(origin_url("/sum"), ASYNCHTTP_REQUEST(.method = "PUT", .on_read = give, .callback_data = &source,
                                                             .headers = LINES("Content-Length", "1000")));
    ck_assert_str_eq(client_text(promise), "1000 0\n");
}
END_TEST

START_TEST(test_on_read_little_by_little)
{
    given source = {.length = 500, .piece = 7};
    ck_assert_str_eq(client_text(upload(&source, 500)), "500 0\n");
    ck_assert_str_eq(client_text(upload(&source, 0)), "500 0\n");
    ck_assert(!source.gap);
}
END_TEST

static const struct {
    given source;
    size_t body_length;
} failing_sources[] = {
    {{.length = 1000000, .fails_at = 1}, 1000000}, {{.length = 1000000, .fails_at = 1}, 0},
    {{.length = 1000000, .lies_at = 1}, 1000000},  {{.length = 1000000, .lies_at = 1}, 0},
    {{.length = 1000000, .stops_at = 5}, 1000000}, {{.length = 1000000}, 999999},
};

START_TEST(test_on_read_fails)
{
    given source = failing_sources[_i].source;
    asynchttp_promise *promise = upload(&source, failing_sources[_i].body_length);
    ck_assert_int_eq(client_wait(promise), ASYNCHTTP_E_CALLBACK);
    ck_assert_ptr_nonnull(strstr(asynchttp_promise_error_message(promise), "on_read"));
    ck_assert_uint_eq(source.beginnings, 1);
    client_expect_usable();
}
END_TEST

START_TEST(test_on_read_begins_again)
{
    char text[1024], expected[64] = "\r\n\r\n";
    for (int i = 0; i < 2; i++) {
        given source = {.length = 40};
        char url[64];
        int listener;
        int connection = warm_up(&listener, url, sizeof(url));
        asynchttp_promise *promise =
            client_request(url, ASYNCHTTP_REQUEST(.method = "PUT", .on_read = give, .body_length = 40,
                                                  .headers = LINES("x-is", "here"), .callback_data = &source));
        ck_assert(client_receive(connection, text, sizeof(text)));
        /* Both ways of dying, which libcurl tells apart. */
        if (i)
            setsockopt(connection, SOL_SOCKET, SO_LINGER, &(struct linger){.l_onoff = 1}, sizeof(struct linger));
        close(connection);
        connection = client_accept(listener);
        ck_assert(client_receive(connection, text, sizeof(text)));
        client_send(connection, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        ck_assert_int_eq(client_status(promise), 200);
        pattern_fill((unsigned char *)expected + 4, 40, 0);
        ck_assert_mem_eq(strstr(text, "\r\n\r\n"), expected, 44);
        ck_assert_uint_eq(source.beginnings, 2);
        ck_assert(!source.gap);
        close(connection);
        close(listener);
    }
}
END_TEST

/* ---- Progress ------------------------------------------------------------------------------ */

typedef struct progress {
    unsigned calls;
    uint64_t sent, to_send, received, to_receive;
    bool back;
    bool too_much;
    /* From how many bytes on it fails; 0: never. */
    uint64_t fails_at;
} progress;

static int note_progress(asynchttp_promise *promise, uint64_t bytes_sent, uint64_t to_send, uint64_t received,
                         uint64_t to_receive, void *callback_data)
{
    progress *so_far = callback_data;
    (void)promise;
    so_far->calls++;
    so_far->back |= bytes_sent < so_far->sent || received < so_far->received;
    so_far->too_much |= (to_send && bytes_sent > to_send) || (to_receive && received > to_receive);
    so_far->sent = bytes_sent;
    so_far->to_send = to_send;
    so_far->received = received;
    so_far->to_receive = to_receive;
    return so_far->fails_at && bytes_sent + received >= so_far->fails_at;
}

static void expect_progress(const progress *end, uint64_t bytes_sent, uint64_t to_send, uint64_t received,
                            uint64_t to_receive)
{
    ck_assert_uint_gt(end->calls, 0);
    ck_assert(!end->back);
    ck_assert(!end->too_much);
    ck_assert_uint_eq(end->sent, bytes_sent);
    ck_assert_uint_eq(end->to_send, to_send);
    ck_assert_uint_eq(end->received, received);
    ck_assert_uint_eq(end->to_receive, to_receive);
}

START_TEST(test_progress_of_download)
{
    progress end = {0};
    const asynchttp_request *request = ASYNCHTTP_REQUEST(.on_progress = note_progress, .callback_data = &end);
    client_response(client_request(origin_url("/bytes/3000000"), request));
    expect_progress(&end, 0, 0, 3000000, 3000000);
    end = (progress){0};
    client_response(client_request(origin_url("/bytes/3000000?chunked"), request));
    expect_progress(&end, 0, 0, 3000000, 0);
}
END_TEST

START_TEST(test_progress_of_upload)
{
    progress end = {0};
    unsigned char *body = client_pattern(3000000);
    asynchttp_promise *promise =
        client_request(origin_url("/sum"), ASYNCHTTP_REQUEST(.method = "POST", .body = body, .body_length = 3000000,
                                                             .on_progress = note_progress, .callback_data = &end));
    free(body);
    ck_assert_str_eq(client_text(promise), "3000000 0\n");
    expect_progress(&end, 3000000, 3000000, strlen("3000000 0\n"), strlen("3000000 0\n"));
}
END_TEST

/* What is on the wire counts, not what is made of it. */
START_TEST(test_progress_of_encoded_content)
{
    progress end = {0};
    asynchttp_promise *head = client_request(origin_url("/gzip/3000000"), ASYNCHTTP_REQUEST(.method = "HEAD"));
    uint64_t wire = strtoull(client_header(head, "content-length"), NULL, 10);
    client_expect_pattern(client_request(origin_url("/gzip/3000000"),
                                         ASYNCHTTP_REQUEST(.on_progress = note_progress, .callback_data = &end)),
                          3000000);
    ck_assert_uint_ne(wire, 3000000);
    expect_progress(&end, 0, 0, wire, wire);
}
END_TEST

static int cancel_own(asynchttp_promise *promise, const void *data, size_t length, void *callback_data)
{
    (void)data, (void)length, (void)callback_data;
    asynchttp_promise_cancel(promise);
    return 0;
}

/* All of the content comes at once, so that the request is over before its worker looks for what is cancelled. */
START_TEST(test_cancel_within_on_data)
{
    asynchttp_promise *promise = client_request(origin_url("/bytes/10"), ASYNCHTTP_REQUEST(.on_data = cancel_own));
    ck_assert_int_eq(client_wait(promise), ASYNCHTTP_E_CANCELLED);
}
END_TEST

/* How often on_progress is to be called until it puts an end to the request; at first not at all. */
typedef struct patience {
    atomic_bool ends;
    int calls;
} patience;

static int lose_patience(asynchttp_promise *promise, uint64_t bytes_sent, uint64_t to_send, uint64_t received,
                         uint64_t to_receive, void *callback_data)
{
    (void)promise, (void)bytes_sent, (void)to_send, (void)received, (void)to_receive;
    patience *left = callback_data;
    return atomic_load(&left->ends) && --left->calls == 0;
}

/* It is called while nothing comes, too, and can put an end to it. */
static void expect_progress_of_silence(void)
{
    patience left = {.calls = 3};
    atomic_init(&left.ends, false);
    asynchttp_promise *promise = client_request(
        origin_url("/hold/silence"), ASYNCHTTP_REQUEST(.on_progress = lose_patience, .callback_data = &left));
    origin_await(1, "/held/silence");
    atomic_store(&left.ends, true);
    /* After a minute libcurl says something in any case. */
    ck_assert_int_eq(asynchttp_promise_wait_for(promise, 40), ASYNCHTTP_E_CALLBACK);
    origin_await(0, "/held/silence");
}

START_TEST(test_progress_of_silence)
{
    expect_progress_of_silence();
}
END_TEST

/* So many are given to libcurl in its first handle; what comes then is in others. */
enum { FIRST_TRANSFERS = 128 };

/* Fills the first handle of the one worker with transfers that are held until release_crowd(). */
static void hold_crowd(void)
{
    ck_assert_int_eq(asynchttp_http_set_max_workers(http, 1), ASYNCHTTP_OK);
    ck_assert_int_eq(asynchttp_http_set_transfers_per_worker(http, 2 * FIRST_TRANSFERS), ASYNCHTTP_OK);
    for (int i = 0; i < FIRST_TRANSFERS; i++)
        client_request(origin_url("/hold/crowd"), NULL);
    origin_await(FIRST_TRANSFERS, "/held/crowd");
}

static void release_crowd(void)
{
    ck_assert_int_eq(origin_number("/release/crowd/%d", FIRST_TRANSFERS), FIRST_TRANSFERS);
}

START_TEST(test_progress_beside_a_crowd)
{
    hold_crowd();
    expect_progress_of_silence();
    release_crowd();
}
END_TEST

START_TEST(test_endings_beside_a_crowd)
{
    hold_crowd();
    asynchttp_promise *promise = client_request(origin_url("/hold/silence"), ASYNCHTTP_REQUEST(.timeout = 0.2));
    ck_assert_int_eq(client_wait(promise), ASYNCHTTP_E_TIMEOUT);
    promise = client_request(origin_url("/hold/silence"), NULL);
    origin_await(1, "/held/silence");
    asynchttp_promise_cancel(promise);
    ck_assert_int_eq(client_wait(promise), ASYNCHTTP_E_CANCELLED);
    origin_await(0, "/held/silence");
    ck_assert_int_eq(client_wait(client_request("http://127.0.0.1:1/", NULL)), ASYNCHTTP_E_CONNECTION_REFUSED);
    release_crowd();
}
END_TEST

START_TEST(test_connection_beside_a_crowd_is_used_again)
{
    hold_crowd();
    ck_assert_int_eq(client_wait(client_request(origin_url("/hello"), NULL)), ASYNCHTTP_OK);
    long before = origin_number("/connections");
    for (int i = 0; i < 3; i++)
        client_expect_pattern(client_request(origin_url("/bytes/300000"), NULL), 300000);
    /* That of the one who asks. */
    ck_assert_int_eq(origin_number("/connections") - before, 1);
    release_crowd();
}
END_TEST

START_TEST(test_progress_fails)
{
    progress end = {.fails_at = 1};
    origin_await(1, "/open");
    asynchttp_promise *promise = client_request(origin_url("/bytes/10000000000000"),
                                                ASYNCHTTP_REQUEST(.on_progress = note_progress, .callback_data = &end));
    ck_assert_int_eq(client_wait(promise), ASYNCHTTP_E_CALLBACK);
    ck_assert_ptr_nonnull(strstr(asynchttp_promise_error_message(promise), "on_progress"));
    origin_await(1, "/open");
    client_expect_usable();
}
END_TEST

/* ---- More than memory holds ---------------------------------------------------------------- */

/* How much more memory than before a transfer of any size may take. */
static const long flat = 64L * 1024;

START_TEST(test_download_of_2_gib)
{
    unsigned long long length = small() ? 32 * MIB : 2 * GIB;
    taken all = {0};
    client_expect_usable();
    long before = client_peak_memory();
    asynchttp_promise *promise =
        client_request(origin_url("/bytes/%llu", length), ASYNCHTTP_REQUEST(.on_data = take, .callback_data = &all));
    ck_assert_int_eq(client_status(promise), 200);
    ck_assert_uint_eq(all.length, length);
    ck_assert_uint_eq(all.mismatches, 0);
    ck_assert_int_lt(client_peak_memory() - before, flat);
}
END_TEST

START_TEST(test_upload_of_2_gib)
{
    char sum[64];
    given source = {.length = small() ? 32 * MIB : 2 * GIB};
    client_expect_usable();
    long before = client_peak_memory();
    /* More than an int and a long of 32 bits hold. */
    snprintf(sum, sizeof(sum), "%llu 0\n", (unsigned long long)source.length);
    ck_assert_str_eq(client_text(upload(&source, (size_t)source.length)), sum);
    ck_assert_int_lt(client_peak_memory() - before, flat);
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

static void add_requests(Suite *suite)
{
    TCase *tcase = add_case(suite, "requests");
    tcase_add_loop_test(tcase, test_method, 0, COUNT(methods));
    tcase_add_test(tcase, test_method_is_get_by_default);
    tcase_add_test(tcase, test_head_and_trace);
    tcase_add_test(tcase, test_own_fields_replace_the_defaults);
    tcase_add_test(tcase, test_range_asks_for_no_encoding);
    tcase_add_test(tcase, test_range_with_an_encoding_of_the_callers);
    tcase_add_test(tcase, test_repeated_fields);
    tcase_add_test(tcase, test_values_are_trimmed);
    tcase_add_test(tcase, test_values_outside_ascii);
    tcase_add_loop_test(tcase, test_target, 0, COUNT(targets));
    tcase_add_test(tcase, test_target_after_another);
    tcase_add_test(tcase, test_target_of_any_length);
    tcase_add_test(tcase, test_body_is_a_string);
    tcase_add_test(tcase, test_body_with_get);
    tcase_add_test(tcase, test_body_with_an_invented_method);
    tcase_add_test(tcase, test_body_is_empty);
    tcase_add_test(tcase, test_large_body_does_not_expect);
    tcase_add_test(tcase, test_body_is_binary);
    tcase_add_test(tcase, test_arguments_are_copied);
    tcase_add_test(tcase, test_body_of_32_mib);
}

static void add_connections(Suite *suite)
{
    TCase *tcase = add_case(suite, "connections");
    tcase_add_test(tcase, test_connection_is_kept);
    tcase_add_loop_test(tcase, test_connection_is_kept_after, 0, COUNT(keeping));
    tcase_add_test(tcase, test_server_closes_connection);
    tcase_add_test(tcase, test_client_closes_connection);
    tcase_add_test(tcase, test_close_ends_connections);
    tcase_add_test(tcase, test_ipv6);
    tcase_add_test(tcase, test_ipv6_zone);
    tcase_add_loop_test(tcase, test_dead_connection, 0, COUNT(dying));
    tcase_add_loop_test(tcase, test_dead_connection_with_body, 0, COUNT(dying));
    tcase_add_test(tcase, test_body_is_sent_again);
    tcase_add_test(tcase, test_dead_connection_of_another_target);
    tcase_add_test(tcase, test_fresh_connection_that_dies);
    tcase_add_test(tcase, test_request_is_sent_again_once);
    tcase_add_test(tcase, test_not_sent_again_after_interim_response);
}

static void add_responses(Suite *suite)
{
    TCase *tcase = add_case(suite, "responses");
    tcase_add_loop_test(tcase, test_status_line, 0, COUNT(status_lines));
    tcase_add_loop_test(tcase, test_status, 0, COUNT(statuses));
    tcase_add_test(tcase, test_repeated_response_fields);
    tcase_add_test(tcase, test_refused_expectation);
    tcase_add_test(tcase, test_folded_response_field);
    tcase_add_test(tcase, test_walk);
    tcase_add_test(tcase, test_response_is_changed);
    tcase_add_test(tcase, test_head_response);
    tcase_add_test(tcase, test_head_response_of_encoded_content);
    tcase_add_test(tcase, test_not_modified_with_a_length);
    tcase_add_loop_test(tcase, test_interim_response, 0, COUNT(interims));
    tcase_add_test(tcase, test_trailers);
    tcase_add_loop_test(tcase, test_content, 0, COUNT(framings));
    tcase_add_test(tcase, test_zero_byte_follows_content);
    tcase_add_loop_test(tcase, test_decoding, 0, COUNT(codings));
    tcase_add_loop_test(tcase, test_coded_content, 0, COUNT(coded));
    tcase_add_test(tcase, test_unknown_coding_is_left_alone);
    tcase_add_test(tcase, test_identity_is_no_encoding);
}

static void add_streams(Suite *suite)
{
    TCase *tcase = add_case(suite, "streams");
    tcase_add_loop_test(tcase, test_on_data, 0, COUNT(pieces));
    tcase_add_test(tcase, test_on_data_of_decoded_content_says_its_length);
    tcase_add_test(tcase, test_on_data_without_content);
    tcase_add_test(tcase, test_on_data_fails);
    tcase_add_test(tcase, test_on_read);
    tcase_add_test(tcase, test_on_read_on_the_wire);
    tcase_add_test(tcase, test_on_read_with_content_length);
    tcase_add_test(tcase, test_on_read_little_by_little);
    tcase_add_loop_test(tcase, test_on_read_fails, 0, COUNT(failing_sources));
    tcase_add_test(tcase, test_on_read_begins_again);
    tcase_add_test(tcase, test_progress_of_download);
    tcase_add_test(tcase, test_progress_of_upload);
    tcase_add_test(tcase, test_progress_of_encoded_content);
    tcase_add_test(tcase, test_progress_of_silence);
    tcase_add_test(tcase, test_cancel_within_on_data);
    tcase_add_test(tcase, test_progress_beside_a_crowd);
    tcase_add_test(tcase, test_endings_beside_a_crowd);
    tcase_add_test(tcase, test_connection_beside_a_crowd_is_used_again);
    tcase_add_test(tcase, test_progress_fails);
}

/* The slower ones. Those that measure memory come before the one that takes much. */
static void add_sizes(Suite *suite)
{
    TCase *tcase = add_case(suite, "sizes");
    tcase_add_test(tcase, test_download_of_2_gib);
    tcase_add_test(tcase, test_upload_of_2_gib);
    tcase_add_test(tcase, test_body_of_1_gib);
}

Suite *transfer_suite(void)
{
    Suite *suite = suite_create("transfer");
    add_sizes(suite);
    add_requests(suite);
    add_connections(suite);
    add_responses(suite);
    add_streams(suite);
    return suite;
}
