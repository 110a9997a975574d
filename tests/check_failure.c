/*
 * What goes wrong on the way: servers that are not there, that break off, that speak no HTTP, that are silent or send
 * more than is good. Each ends with its code and with words that help, and leaves the Http as good as before.
 */
#include <curl/curl.h>
#include <fcntl.h>
#include <math.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "client.h"
#include "fixture.h"
#include "sanitized.h"
#include "small.h"
#include "suites.h"
#include "threads.h"

#define KIB ((size_t)1024)
#define MIB (KIB * 1024)
#define GIB (MIB * 1024)
#define HEADERS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* A silence that ends a request. Long enough that a busy machine is not taken for a silent one where it matters. */
static const double silence = 1;

/* The line of the last call of REQUEST(), which the error's message must name. */
static int requested_at;
#define REQUEST(uri, request) (requested_at = __LINE__, client_request((uri), (request)))

/* "127.0.0.1:PORT" */
static const char *origin_host(void)
{
    static char text[32];
    snprintf(text, sizeof(text), "127.0.0.1:%u", origin_port());
    return text;
}

static void expect_words(asynchttp_promise *promise, const char *words)
{
    const char *message = asynchttp_promise_error_message(promise);
    ck_assert_msg(strstr(message, words) != NULL, "\"%s\" is not in: %s", words, message);
}

/* Every accessor says so, as often as it is asked. */
static void expect_code(asynchttp_promise *promise, asynchttp_code code)
{
    asynchttp_code got = client_wait(promise);
    ck_assert_msg(got == code, "%s: %s", asynchttp_code_name(got), asynchttp_promise_error_message(promise));
    for (int i = 0; i < 2; i++) {
        asynchttp_response *response = NULL;
        const void *content = NULL;
        void *data = NULL;
        size_t length = 1;
        ck_assert_int_eq(asynchttp_promise_wait(promise), code);
        ck_assert_int_eq(asynchttp_promise_wait_for(promise, 0), code);
        ck_assert_int_eq(asynchttp_promise_error(promise), code);
        ck_assert_int_eq(asynchttp_promise_response(promise, &response), code);
        ck_assert_int_eq(asynchttp_promise_content(promise, &content, &length), code);
        ck_assert_int_eq(asynchttp_promise_data(promise, &data), code);
        ck_assert_ptr_nonnull(content);
        ck_assert_int_eq(((const char *)content)[length], '\0');
        ck_assert(asynchttp_promise_done(promise));
    }
}

/* The request by REQUEST() fails with this code, libcurl's error (0: none), its host and these words in the message. */
static void expect_failure(asynchttp_promise *promise, asynchttp_code code, int curl_error, const char *named,
                           const char *words)
{
    char place[64];
    expect_code(promise, code);
    ck_assert_int_eq(asynchttp_promise_curl_error(promise), curl_error);
    expect_words(promise, named);
    expect_words(promise, words);
    snprintf(place, sizeof(place), "check_failure.c:%d", requested_at);
    expect_words(promise, place);
    client_expect_usable();
}

static asynchttp_response *response_of(asynchttp_promise *promise)
{
    asynchttp_response *response;
    asynchttp_promise_response(promise, &response);
    return response;
}

static void expect_content(asynchttp_promise *promise, const char *expected)
{
    const void *content;
    size_t length;
    asynchttp_promise_content(promise, &content, &length);
    ck_assert_str_eq(content, expected);
    ck_assert_uint_eq(length, strlen(expected));
}

/* ---- Nobody there -------------------------------------------------------------------------- */

START_TEST(test_unknown_server)
{
    asynchttp_promise *promise = REQUEST("http://nosuch.invalid/", NULL);
    expect_failure(promise, ASYNCHTTP_E_SERVER_NOT_FOUND, CURLE_COULDNT_RESOLVE_HOST, "nosuch.invalid",
                   "Could not resolve host");
    ck_assert_int_eq(strncmp(asynchttp_promise_error_message(promise), "Unable to find the server at nosuch.invalid",
                             strlen("Unable to find the server at nosuch.invalid")),
                     0);
    ck_assert_ptr_null(response_of(promise));
    expect_content(promise, "");
}
END_TEST

#ifdef __linux__
static void count_tries(asynchttp_log_level level, const char *component, const char *message, void *data)
{
    (void)level;
    (void)component;
    if (strstr(message, "trying again"))
        ++*(atomic_int *)data;
}

/* The broadcast address of the loopback network, which Linux has no route to for TCP [httplib2.RETRIES]. */
START_TEST(test_unreachable_network)
{
    atomic_int tries = 0;
    ck_assert_int_eq(asynchttp_set_log(ASYNCHTTP_LOG_INFO, count_tries, &tries), ASYNCHTTP_OK);
    asynchttp_promise *promise = REQUEST("http://127.255.255.255:9/", NULL);
    expect_code(promise, ASYNCHTTP_E_CONNECTION_REFUSED);
    expect_words(promise, "unreachable");
    ck_assert_int_eq(asynchttp_set_log(ASYNCHTTP_LOG_NONE, NULL, NULL), ASYNCHTTP_OK);
    ck_assert_int_eq(tries, 1);
}
END_TEST
#endif

START_TEST(test_refused_connection)
{
    unsigned port;
    char url[64];
    int reserved = client_reserve(&port);
    snprintf(url, sizeof(url), "http://127.0.0.1:%u/", port);
    asynchttp_promise *promise = REQUEST(url, ASYNCHTTP_REQUEST(.method = "POST", .body = "text"));
    url[strlen(url) - 1] = '\0';
    expect_failure(promise, ASYNCHTTP_E_CONNECTION_REFUSED, CURLE_COULDNT_CONNECT, url + strlen("http://"),
                   "Connection refused");
    ck_assert_ptr_null(response_of(promise));
    close(reserved);
}
END_TEST

/* ---- Answers that break off or are none ---------------------------------------------------- */

static const struct {
    /* The steps of /raw, what is written of bytes between braces is sent. */
    const char *script;
    asynchttp_code code;
    int curl_error;
    const char *words;
    /* Of the response; 0: there is none. */
    int status;
    const char *content;
} misbehaviours[] = {
    /* Breaking off. */
    {"close", ASYNCHTTP_E_CONNECTION_LOST, CURLE_GOT_NOTHING, "Empty reply", 0, ""},
    {"reset", ASYNCHTTP_E_CONNECTION_LOST, CURLE_RECV_ERROR, "reset", 0, ""},
    {"{HTTP/1.1 100 Continue\r\n\r\n}&close", ASYNCHTTP_E_CONNECTION_LOST, CURLE_GOT_NOTHING, "", 0, ""},
    {"{HTTP/1}&close", ASYNCHTTP_E_CONNECTION_LOST, CURLE_GOT_NOTHING, "", 0, ""},
    {"{HTTP/1.1 200 OK\r\n}&close", ASYNCHTTP_E_CONNECTION_LOST, 0, "", 0, ""},
    {"{HTTP/1.1 200 OK\r\nContent-Le}&close", ASYNCHTTP_E_CONNECTION_LOST, 0, "", 0, ""},
    {"{HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n}&close", ASYNCHTTP_E_CONNECTION_LOST, CURLE_PARTIAL_FILE, "remain",
     200, ""},
    {"{HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc}&close", ASYNCHTTP_E_CONNECTION_LOST, CURLE_PARTIAL_FILE,
     "remain", 200, "abc"},
    {"{HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n}&close", ASYNCHTTP_E_CONNECTION_LOST,
     CURLE_PARTIAL_FILE, "outstanding", 200, "abc"},
    {"{HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc}&close", ASYNCHTTP_E_CONNECTION_LOST,
     CURLE_PARTIAL_FILE, "outstanding", 200, "abc"},
    /* Not HTTP. */
    {"{This is not HTTP.\r\n}&close", ASYNCHTTP_E_BAD_RESPONSE, CURLE_UNSUPPORTED_PROTOCOL, "HTTP/0.9", 0, ""},
    {"{<html>a page in the manner of HTTP/0.9</html>}&close", ASYNCHTTP_E_BAD_RESPONSE, CURLE_UNSUPPORTED_PROTOCOL,
     "HTTP/0.9", 0, ""},
    {"{HTTP/1.1 abc\r\n\r\n}&close", ASYNCHTTP_E_BAD_RESPONSE, CURLE_UNSUPPORTED_PROTOCOL, "", 0, ""},
    {"{HTTP/1.1 99 Early\r\n\r\n}&close", ASYNCHTTP_E_BAD_RESPONSE, CURLE_UNSUPPORTED_PROTOCOL, "", 0, ""},
    {"{HTTP/1.1 2000 OK\r\n\r\n}&close", ASYNCHTTP_E_BAD_RESPONSE, CURLE_UNSUPPORTED_PROTOCOL, "", 0, ""},
    {"{HTTP/1.1 200 OK\r\nno colon\r\n\r\n}&close", ASYNCHTTP_E_BAD_RESPONSE, CURLE_WEIRD_SERVER_REPLY, "", 0, ""},
    {"{HTTP/1.1 200 OK\r\n: no name\r\n\r\n}&close", ASYNCHTTP_E_BAD_RESPONSE, 0, "name", 0, ""},
    {"{HTTP/1.1 200 OK\r\nX-A: a}&send=%00&{b\r\n\r\n}&close", ASYNCHTTP_E_BAD_RESPONSE, CURLE_WEIRD_SERVER_REPLY, "",
     0, ""},
    {"{HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nabc}&close", ASYNCHTTP_E_BAD_RESPONSE, CURLE_WEIRD_SERVER_REPLY,
     "Content-Length", 0, ""},
    {"{HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\nabc}&close", ASYNCHTTP_E_BAD_RESPONSE, CURLE_WEIRD_SERVER_REPLY,
     "Content-Length", 0, ""},
    {"{HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc}&close", ASYNCHTTP_E_BAD_RESPONSE, 0,
     "Content-Length", 0, ""},
    {"{HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nxyz\r\n}&close", ASYNCHTTP_E_BAD_RESPONSE,
     CURLE_RECV_ERROR, "chunk", 200, "abc"},
    /* Too much of it. */
    {"{HTTP/1.1 200 OK\r\n}&repeat=5001,{X: y\r\n}&{\r\n}&close", ASYNCHTTP_E_BAD_RESPONSE, 0, "header", 0, ""},
    {"{HTTP/1.1 200 OK\r\n}&repeat=4000,{X-Long: 45678901234567890123456789012345678901234567890123456789012345678901"
     "234567890\r\n}&{\r\n}&close",
     ASYNCHTTP_E_BAD_RESPONSE, CURLE_RECV_ERROR, "header", 0, ""},
};

/* What follows the steps as they are, and what is between braces as /raw wants it. */
static const char *script_url(const char *script)
{
    char steps[4096] = "";
    size_t length = 0;
    while (*script) {
        const char *end = script + 1;
        if (*script != '{') {
            steps[length++] = *script++;
            continue;
        }
        char bytes[1024] = "";
        while (*end != '}')
            end++;
        memcpy(bytes, script + 1, (size_t)(end - script - 1));
        /* Within a repetition, without "send=". */
        const char *sent = client_raw(bytes) + (length && steps[length - 1] == ',' ? strlen("send=") : 0);
        length += (size_t)sprintf(steps + length, "%s", sent);
        script = end + 1;
    }
    steps[length] = '\0';
    return origin_url("/raw?%s", steps);
}

START_TEST(test_misbehaviour)
{
    asynchttp_promise *promise = REQUEST(script_url(misbehaviours[_i].script), NULL);
    expect_failure(promise, misbehaviours[_i].code, misbehaviours[_i].curl_error, origin_host(),
                   misbehaviours[_i].words);
    const asynchttp_response *response = response_of(promise);
    ck_assert_int_eq(response ? asynchttp_response_status(response) : 0, misbehaviours[_i].status);
    expect_content(promise, misbehaviours[_i].content);
}
END_TEST

/* Older versions of libcurl cannot tell such a line from a lack of memory. */
START_TEST(test_header_line_of_more_than_100_kb)
{
    asynchttp_promise *promise = REQUEST(script_url("{HTTP/1.1 200 OK\r\nX: }&repeat=250000,y&{\r\n\r\n}&close"), NULL);
    asynchttp_code code = client_wait(promise);
    ck_assert_msg(code == ASYNCHTTP_E_BAD_RESPONSE || code == ASYNCHTTP_E_NO_MEMORY, "%s", asynchttp_code_name(code));
    ck_assert_ptr_null(response_of(promise));
    expect_words(promise, origin_host());
    client_expect_usable();
}
END_TEST

START_TEST(test_as_many_header_lines_as_are_allowed)
{
    asynchttp_promise *promise = REQUEST(script_url("{HTTP/1.1 200 OK\r\n}&repeat=5000,{X: y\r\n}&{\r\n}&close"), NULL);
    ck_assert_str_eq(asynchttp_response_values(client_response(promise), "x", 4999), "y");
    ck_assert_ptr_null(asynchttp_response_values(client_response(promise), "x", 5000));
}
END_TEST

/* Two that say the same are no conflict. */
START_TEST(test_repeated_content_length)
{
    asynchttp_promise *promise =
        REQUEST(script_url("{HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc}"), NULL);
    ck_assert_str_eq(client_text(promise), "abc");
}
END_TEST

START_TEST(test_reset_within_the_content)
{
    asynchttp_promise *promise = REQUEST(script_url("{HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc}&reset"), NULL);
    expect_failure(promise, ASYNCHTTP_E_CONNECTION_LOST, CURLE_RECV_ERROR, origin_host(), "reset");
}
END_TEST

#if defined(__linux__)
/* What was announced and has not come takes nothing, not even addresses, as soon as that is known. Not with malloc(), which
 * valgrind and sanitizers want to see. */
START_TEST(test_memory_of_a_content_that_breaks_off)
{
    enum { TIMES = 20000, PIECE = 500 };
    static const size_t announced = 2000000000;
    char piece[PIECE + 1] = "", script[PIECE + 200];
    const void *content;
    size_t length, before = addresses();
    memset(piece, 'x', PIECE);
    snprintf(script, sizeof(script), "{HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n}&repeat=%d,%s&close", announced,
             TIMES, piece);
    asynchttp_promise *promise = REQUEST(script_url(script), NULL);
    expect_code(promise, ASYNCHTTP_E_CONNECTION_LOST);
    asynchttp_promise_content(promise, &content, &length);
    ck_assert_uint_eq(length, (size_t)TIMES * PIECE);
    if (!SANITIZED && !small())
        ck_assert_uint_le(addresses(), before + announced / 2);
}
END_TEST
#endif

/* The server takes the first request of a connection and answers the next with nonsense: told, not tried again. */
START_TEST(test_garbage_on_kept_connection)
{
    ck_assert_str_eq(client_text(client_request(origin_url("/second/garbage"), NULL)), "first\n");
    asynchttp_promise *promise = REQUEST(origin_url("/second/garbage"), NULL);
    expect_failure(promise, ASYNCHTTP_E_BAD_RESPONSE, CURLE_UNSUPPORTED_PROTOCOL, origin_host(), "HTTP/0.9");
}
END_TEST

START_TEST(test_tls_to_a_plain_port)
{
    unsigned port;
    char url[64];
    int listener = client_listen(&port);
    snprintf(url, sizeof(url), "https://127.0.0.1:%u/", port);
    asynchttp_promise *promise = REQUEST(url, NULL);
    int connection = client_accept(listener);
    client_send(connection, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    url[strlen(url) - 1] = '\0';
    expect_failure(promise, ASYNCHTTP_E_TLS, CURLE_SSL_CONNECT_ERROR, url + strlen("https://"), "SSL");
    close(connection);
    close(listener);
}
END_TEST

/* A server that has heard enough: what it says counts, not that it does not listen any more. */
START_TEST(test_early_refusal_of_a_body)
{
    size_t length = 8 * MIB;
    unsigned char *body = client_pattern(length);
    const char *answer = client_raw("HTTP/1.1 413 Too Large\r\nContent-Length: 4\r\nConnection: close\r\n\r\nstop");
    asynchttp_promise *promise =
        client_request(origin_url("/raw-early?%s&close", answer),
                       ASYNCHTTP_REQUEST(.method = "POST", .body = body, .body_length = length));
    free(body);
    ck_assert_int_eq(client_status(promise), 413);
    ck_assert_str_eq(client_text(promise), "stop");
    client_expect_usable();
}
END_TEST

/* ---- Arguments ----------------------------------------------------------------------------- */

static const struct {
    const char *uri;
    asynchttp_code code;
} bad_uris[] = {
    {"", ASYNCHTTP_E_RELATIVE_URI},
    {"/path", ASYNCHTTP_E_RELATIVE_URI},
    {"example.org", ASYNCHTTP_E_RELATIVE_URI},
    {"//example.org/", ASYNCHTTP_E_RELATIVE_URI},
    {"http:", ASYNCHTTP_E_RELATIVE_URI},
    {"http:///path", ASYNCHTTP_E_RELATIVE_URI},
    {"ftp://example.org/", ASYNCHTTP_E_INVALID_ARGUMENT},
    {"file:///etc/passwd", ASYNCHTTP_E_INVALID_ARGUMENT},
    {"http://name:password@127.0.0.1/", ASYNCHTTP_E_INVALID_ARGUMENT},
    {"http://127.0.0.1:0/", ASYNCHTTP_E_INVALID_ARGUMENT},
    {"http://127.0.0.1:65536/", ASYNCHTTP_E_INVALID_ARGUMENT},
    {"http://127.0.0.1:http/", ASYNCHTTP_E_INVALID_ARGUMENT},
    {"http://[::1/", ASYNCHTTP_E_INVALID_ARGUMENT},
    {"http://[::g]/", ASYNCHTTP_E_INVALID_ARGUMENT},
    {"http://exa mple.org/", ASYNCHTTP_E_INVALID_ARGUMENT},
    {"http://exam$ple.invalid/", ASYNCHTTP_E_INVALID_ARGUMENT},
};

START_TEST(test_bad_uri)
{
    asynchttp_promise *promise = REQUEST(bad_uris[_i].uri, NULL);
    expect_code(promise, bad_uris[_i].code);
    ck_assert_ptr_null(response_of(promise));
    client_expect_usable();
}
END_TEST

/* What is wrong with the arguments is known at once. */
START_TEST(test_relative_uri)
{
    asynchttp_promise *promise = REQUEST("/path", NULL);
    ck_assert(asynchttp_promise_done(promise));
    expect_failure(promise, ASYNCHTTP_E_RELATIVE_URI, 0, "uri = /path", "Only absolute URIs are allowed.");
}
END_TEST

/* More than libcurl takes. */
START_TEST(test_uri_of_9_mb)
{
    size_t length = 9 * 1000 * 1000;
    char *uri = malloc(length + 1);
    ck_assert_ptr_nonnull(uri);
    memset(uri, 'x', length);
    uri[length] = '\0';
    memcpy(uri, "http://127.0.0.1/", strlen("http://127.0.0.1/"));
    expect_code(REQUEST(uri, NULL), ASYNCHTTP_E_INVALID_ARGUMENT);
    client_expect_usable();
    free(uri);
}
END_TEST

static int read_nothing(asynchttp_promise *promise, uint64_t offset, void *buffer, size_t size, size_t *length,
                        void *callback_data)
{
    (void)promise;
    (void)offset;
    (void)buffer;
    (void)size;
    (void)callback_data;
    *length = 0;
    return 0;
}

/* Each would send something else than was asked for, or more than one request. */
START_TEST(test_bad_arguments)
{
    const asynchttp_request *const bad[] = {
        ASYNCHTTP_REQUEST(.method = ""),
        ASYNCHTTP_REQUEST(.method = "GET /evil HTTP/1.1\r\nX:"),
        ASYNCHTTP_REQUEST(.method = "CONNECT"),
        ASYNCHTTP_REQUEST(.method = "HEAD", .body = "text"),
        ASYNCHTTP_REQUEST(.body_length = 5),
        ASYNCHTTP_REQUEST(.body = "text", .on_read = read_nothing),
        ASYNCHTTP_REQUEST(.headers = HEADERS("x a", "1")),
        ASYNCHTTP_REQUEST(.headers = HEADERS("x-a:", "1")),
        ASYNCHTTP_REQUEST(.headers = HEADERS("", "1")),
        ASYNCHTTP_REQUEST(.headers = HEADERS("x-a")),
        ASYNCHTTP_REQUEST(.headers = HEADERS("x-a", "1\r\nx-b: 2")),
        ASYNCHTTP_REQUEST(.headers = HEADERS("x-a", "1\nx-b: 2")),
        ASYNCHTTP_REQUEST(.method = "POST", .body = "text", .headers = HEADERS("Content-Length", "5")),
        ASYNCHTTP_REQUEST(.method = "POST", .body = "text", .headers = HEADERS("Content-Length", "4, 4")),
        ASYNCHTTP_REQUEST(.method = "POST", .body = "text", .headers = HEADERS("Transfer-Encoding", "chunked")),
        ASYNCHTTP_REQUEST(.timeout = -1),
        ASYNCHTTP_REQUEST(.timeout = (double)NAN),
        ASYNCHTTP_REQUEST(.redirections = -2),
        &(const asynchttp_request){.size = 0},
    };
    for (int i = 0; i < COUNT(bad); i++) {
        asynchttp_promise *promise = REQUEST(origin_url("/count/bad-arguments"), bad[i]);
        ck_assert_msg(asynchttp_promise_done(promise), "arguments %d are not refused", i);
        expect_failure(promise, ASYNCHTTP_E_INVALID_ARGUMENT, 0, "", "");
    }
    ck_assert_int_eq(origin_number("/counted/bad-arguments"), 0);
}
END_TEST

/* ---- Silence ------------------------------------------------------------------------------- */

START_TEST(test_silence_before_the_head)
{
    ck_assert_int_eq(asynchttp_http_set_timeout(http, silence / 4), ASYNCHTTP_OK);
    asynchttp_promise *promise = REQUEST(origin_url("/hold/silent"), NULL);
    expect_code(promise, ASYNCHTTP_E_TIMEOUT);
    ck_assert_int_eq(asynchttp_http_set_timeout(http, 0), ASYNCHTTP_OK);
    expect_failure(promise, ASYNCHTTP_E_TIMEOUT, CURLE_OPERATION_TIMEDOUT, origin_host(), "timed out");
    /* The connection is not kept for the next, who would get the answer. */
    origin_await(0, "/held/silent");
}
END_TEST

static const char *const silences[] = {
    "{HTTP/1.1 200 OK\r\nContent-Le}&sleep=600000",
    "{HTTP/1.1 200 OK\r\n}&sleep=600000",
    "{HTTP/1.1 100 Continue\r\n\r\n}&sleep=600000",
    "{HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n}&sleep=600000&{abcdef}",
    "{HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc}&sleep=600000&{def}",
    "{HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n}&sleep=600000&{0\r\n\r\n}",
    "{HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n}&sleep=600000&{\r\n}",
};

START_TEST(test_silence_within)
{
    asynchttp_promise *promise = REQUEST(script_url(silences[_i]), ASYNCHTTP_REQUEST(.timeout = silence / 2));
    expect_failure(promise, ASYNCHTTP_E_TIMEOUT, CURLE_OPERATION_TIMEDOUT, origin_host(), "timed out");
}
END_TEST

/* Fills the queue of those who want to connect, so that the next waits. The sockets are to be closed. */
static void fill_backlog(int listener, unsigned port, int *sockets, int count)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    ck_assert_int_eq(listen(listener, 0), 0);
    for (int i = 0; i < count; i++) {
        sockets[i] = socket(AF_INET, SOCK_STREAM, 0);
        ck_assert_int_ge(sockets[i], 0);
        fcntl(sockets[i], F_SETFL, O_NONBLOCK);
        connect(sockets[i], (const struct sockaddr *)&address, sizeof(address));
    }
}

static void set_connect_timeout(void)
{
    ck_assert_int_eq(asynchttp_http_set_connect_timeout(http, silence / 2), ASYNCHTTP_OK);
}

/* A shorter timeout bounds it too. */
static void set_shorter_timeout(void)
{
    ck_assert_int_eq(asynchttp_http_set_timeout(http, silence / 2), ASYNCHTTP_OK);
}

static void set_longer_timeout(void)
{
    set_connect_timeout();
    ck_assert_int_eq(asynchttp_http_set_timeout(http, 600), ASYNCHTTP_OK);
}

static void (*const connect_timeouts[])(void) = {set_connect_timeout, set_shorter_timeout, set_longer_timeout};

START_TEST(test_connect_is_bounded)
{
    unsigned port;
    char url[64];
    int sockets[8];
    int listener = client_reserve(&port);
    fill_backlog(listener, port, sockets, COUNT(sockets));
    snprintf(url, sizeof(url), "http://127.0.0.1:%u/", port);
    connect_timeouts[_i]();
    asynchttp_promise *promise = REQUEST(url, NULL);
    url[strlen(url) - 1] = '\0';
    expect_failure(promise, ASYNCHTTP_E_TIMEOUT, CURLE_OPERATION_TIMEDOUT, url + strlen("http://"), "onnect");
    for (int i = 0; i < COUNT(sockets); i++)
        close(sockets[i]);
    close(listener);
}
END_TEST

/* It may take as long as it likes as long as something comes. */
START_TEST(test_slow_content)
{
    asynchttp_promise *promise = REQUEST(origin_url("/slow/20/100"), ASYNCHTTP_REQUEST(.timeout = silence));
    ck_assert_str_eq(client_text(promise), "....................");
}
END_TEST

START_TEST(test_slow_head)
{
    char steps[1024] = "";
    for (int i = 0; i < 15; i++)
        strcat(strcat(steps, "&sleep=100&"), "{X: y\r\n}");
    char script[1200];
    snprintf(script, sizeof(script), "{HTTP/1.1 200 OK\r\nContent-Length: 0\r\n}%s&{\r\n}", steps);
    asynchttp_promise *promise = REQUEST(script_url(script), ASYNCHTTP_REQUEST(.timeout = silence));
    ck_assert_ptr_nonnull(asynchttp_response_values(client_response(promise), "x", 14));
}
END_TEST

/* The body fills the buffers on the way, and then nothing moves. */
START_TEST(test_server_does_not_read)
{
    size_t length = 64 * MIB;
    unsigned char *body = client_pattern(length);
    asynchttp_promise *promise =
        REQUEST(origin_url("/raw-early?sleep=600000"),
                ASYNCHTTP_REQUEST(.method = "PUT", .body = body, .body_length = length, .timeout = silence / 2));
    free(body);
    expect_failure(promise, ASYNCHTTP_E_TIMEOUT, CURLE_OPERATION_TIMEDOUT, origin_host(), "timed out");
}
END_TEST

/* Neither way is the Http's timeout left in force. */
START_TEST(test_timeout_of_the_request)
{
    ck_assert_int_eq(asynchttp_http_set_timeout(http, 600), ASYNCHTTP_OK);
    asynchttp_promise *promise = REQUEST(origin_url("/hold/own"), ASYNCHTTP_REQUEST(.timeout = silence / 4));
    expect_failure(promise, ASYNCHTTP_E_TIMEOUT, CURLE_OPERATION_TIMEDOUT, origin_host(), "timed out");
    ck_assert_int_eq(asynchttp_http_set_timeout(http, silence / 4), ASYNCHTTP_OK);
    promise = REQUEST(origin_url("/delay/1000"), ASYNCHTTP_REQUEST(.timeout = 600));
    ck_assert_str_eq(client_text(promise), "delayed\n");
}
END_TEST

/* Whether it waits in the queue for as long as it may be silent. */
START_TEST(test_time_in_the_queue_does_not_count)
{
    ck_assert_int_eq(asynchttp_http_set_max_workers(http, 1), ASYNCHTTP_OK);
    asynchttp_promise *first = REQUEST(origin_url("/hold/queue"), NULL);
    asynchttp_promise *second = REQUEST(origin_url("/hello"), ASYNCHTTP_REQUEST(.timeout = silence));
    origin_await(1, "/held/queue");
    ck_assert_int_eq(asynchttp_promise_wait_for(second, silence * 1.5), ASYNCHTTP_E_PENDING);
    free(origin_get("/release/queue"));
    ck_assert_int_eq(client_status(first), 200);
    ck_assert_str_eq(client_text(second), "hello\n");
}
END_TEST

static int dawdle(asynchttp_promise *promise, const void *data, size_t length, void *callback_data)
{
    unsigned *calls = callback_data;
    (void)promise;
    (void)data;
    (void)length;
    if ((*calls)++ == 0)
        nanosleep(&(const struct timespec){.tv_sec = (time_t)(2 * silence)}, NULL);
    return 0;
}

/* A program that takes its time over the content is not a server that is silent: the rest comes meanwhile. */
START_TEST(test_slow_callback_is_no_silence)
{
    unsigned calls = 0;
    asynchttp_promise *promise =
        REQUEST(script_url("{HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc}&sleep=200&{def}"),
                ASYNCHTTP_REQUEST(.on_data = dawdle, .callback_data = &calls, .timeout = silence));
    ck_assert_int_eq(client_status(promise), 200);
    ck_assert_uint_eq(calls, 2);
}
END_TEST

/* Nor are the servers of the requests that it holds up. */
START_TEST(test_slow_callback_of_another_request_is_no_silence)
{
    unsigned calls = 0;
    asynchttp_promise *promises[3];
    ck_assert_int_eq(asynchttp_http_set_max_workers(http, 1), ASYNCHTTP_OK);
    ck_assert_int_eq(asynchttp_http_set_transfers_per_worker(http, 3), ASYNCHTTP_OK);
    promises[0] = REQUEST(origin_url("/delay/200"), ASYNCHTTP_REQUEST(.timeout = silence));
    promises[1] = REQUEST(origin_url("/hello"), ASYNCHTTP_REQUEST(.on_data = dawdle, .callback_data = &calls));
    promises[2] = REQUEST(origin_url("/delay/200"), ASYNCHTTP_REQUEST(.timeout = silence));
    for (int i = 0; i < COUNT(promises); i++)
        ck_assert_int_eq(client_status(promises[i]), 200);
    ck_assert_uint_eq(calls, 1);
}
END_TEST

static int linger(asynchttp_promise *promise, void *data)
{
    (void)promise;
    (void)data;
    nanosleep(&(const struct timespec){.tv_sec = (time_t)silence, .tv_nsec = 500 * 1000 * 1000}, NULL);
    return 0;
}

/* The last piece of an answer comes while another request, for which nothing has to be waited, is called back. Before
 * that there is some silence, in which a timer of libcurl's runs out that would have it look. */
START_TEST(test_slow_callback_of_a_wrong_request_is_no_silence)
{
    ck_assert_int_eq(asynchttp_http_set_max_workers(http, 1), ASYNCHTTP_OK);
    ck_assert_int_eq(asynchttp_http_set_transfers_per_worker(http, 2), ASYNCHTTP_OK);
    asynchttp_promise *slow = REQUEST(script_url("{HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n}"
                                                 "&sleep=600&{ab}&sleep=600&{cd}&sleep=600&{ef}"),
                                      ASYNCHTTP_REQUEST(.timeout = silence));
    nanosleep(&(const struct timespec){.tv_sec = 1, .tv_nsec = 300 * 1000 * 1000}, NULL);
    asynchttp_promise *wrong = REQUEST("/relative", ASYNCHTTP_REQUEST(.callback = linger));
    expect_code(wrong, ASYNCHTTP_E_RELATIVE_URI);
    ck_assert_int_eq(client_status(slow), 200);
}
END_TEST

/* ---- Compressed content -------------------------------------------------------------------- */

static const char *const corrupt[] = {"/gzip/100000?corrupt", "/deflate/100000?corrupt"};
/* In messages that are complete themselves. */
static const char *const truncated[] = {"/gzip/100000?truncate=300", "/gzip/100000?truncate=5",
                                        "/deflate/100000?truncate=300"};

/* httplib2 raises this one with the response. */
static void expect_undecodable(const char *path)
{
    asynchttp_promise *promise = REQUEST(origin_url("%s", path), NULL);
    expect_code(promise, ASYNCHTTP_E_FAILED_TO_DECOMPRESS_CONTENT);
    expect_words(promise, "Content purported to be compressed");
    expect_words(promise, origin_host());
    const asynchttp_response *response = response_of(promise);
    ck_assert_ptr_nonnull(response);
    ck_assert_int_eq(asynchttp_response_status(response), 200);
    ck_assert_ptr_nonnull(asynchttp_response_get(response, "content-encoding"));
    client_expect_usable();
}

START_TEST(test_corrupt_content)
{
    expect_undecodable(corrupt[_i]);
}
END_TEST

START_TEST(test_truncated_content)
{
    expect_undecodable(truncated[_i]);
}
END_TEST

static const char *const unasked[] = {
    "{HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n}&close",
    "{HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n}",
    "{HTTP/1.1 200 OK\r\nTransfer-Encoding: deflate\r\n\r\n}&close",
};

/* libcurl would undo them, whatever their size becomes. */
START_TEST(test_transfer_coding_that_was_not_asked_for)
{
    asynchttp_promise *promise = REQUEST(script_url(unasked[_i]), NULL);
    expect_code(promise, ASYNCHTTP_E_BAD_RESPONSE);
    client_expect_usable();
}
END_TEST

START_TEST(test_not_even_compressed)
{
    asynchttp_promise *promise =
        REQUEST(script_url("{HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nplain}"), NULL);
    expect_code(promise, ASYNCHTTP_E_FAILED_TO_DECOMPRESS_CONTENT);
    ck_assert_ptr_nonnull(response_of(promise));
}
END_TEST

static void set_limits(uint64_t hard, uint64_t safe, double ratio)
{
    ck_assert_int_eq(asynchttp_http_set_decode_limit_hard(http, hard), ASYNCHTTP_OK);
    ck_assert_int_eq(asynchttp_http_set_decode_limit_safe(http, safe), ASYNCHTTP_OK);
    ck_assert_int_eq(asynchttp_http_set_decode_limit_ratio(http, ratio), ASYNCHTTP_OK);
}

static size_t content_length(asynchttp_promise *promise)
{
    size_t length;
    asynchttp_promise_content(promise, NULL, &length);
    return length;
}

/* The zeros of the origin decode to about a thousand times their size, its pattern to a few times. */
static const struct {
    const char *path;
    uint64_t hard;
    uint64_t safe;
    double ratio;
    asynchttp_code code;
} limits[] = {
    {"/gzip/100000", 100000, 0, 0, ASYNCHTTP_OK},
    {"/gzip/100000", 99999, 0, 0, ASYNCHTTP_E_DECODE_LIMIT},
    {"/deflate/100000", 99999, 0, 0, ASYNCHTTP_E_DECODE_LIMIT},
    {"/zeros/20000000", 0, 20000000, 1.5, ASYNCHTTP_OK},
    {"/zeros/20000000", 0, 19999999, 1.5, ASYNCHTTP_E_DECODE_RATIO},
    {"/zeros/20000000", 0, 1, 2000, ASYNCHTTP_OK},
    {"/zeros/20000000", 0, 1, 500, ASYNCHTTP_E_DECODE_RATIO},
    {"/gzip/100000", 0, 1, 500, ASYNCHTTP_OK},
    {"/gzip/100000", 0, 1, 1.001, ASYNCHTTP_E_DECODE_RATIO},
    {"/zeros/50000000", 0, 0, 0, ASYNCHTTP_OK},
    {"/zeros/50000000", 40000000, 1, 2000, ASYNCHTTP_E_DECODE_LIMIT},
    /* They are for compressed content alone. */
    {"/bytes/100000", 10, 1, 0.5, ASYNCHTTP_OK},
    {"/bytes/100000?chunked", 10, 1, 0.5, ASYNCHTTP_OK},
};

START_TEST(test_limit)
{
    set_limits(limits[_i].hard, limits[_i].safe, limits[_i].ratio);
    asynchttp_promise *promise = REQUEST(origin_url("%s", limits[_i].path), NULL);
    expect_code(promise, limits[_i].code);
    if (limits[_i].code == ASYNCHTTP_E_DECODE_LIMIT)
        ck_assert_uint_le(content_length(promise), limits[_i].hard);
    if (limits[_i].code) {
        expect_words(promise, origin_host());
        ck_assert_ptr_nonnull(response_of(promise));
    }
    set_limits(0, 0, 0);
    client_expect_usable();
}
END_TEST

/* What the message says of the sizes is what came. */
START_TEST(test_ratio_in_words)
{
    unsigned long long wire = 0, decoded = 0;
    asynchttp_promise *promise = REQUEST(origin_url("/zeros/10000000000"), NULL);
    expect_code(promise, ASYNCHTTP_E_DECODE_RATIO);
    const char *message = asynchttp_promise_error_message(promise);
    ck_assert_int_eq(sscanf(message + strlen(origin_host()), ": %llu bytes decoded to %llu", &wire, &decoded), 2);
    ck_assert_uint_gt(decoded, wire * 100);
    ck_assert_uint_gt(wire, decoded / 2000);
}
END_TEST

/* By the defaults it ends after 10 MiB, and the server is not listened to any longer. */
START_TEST(test_bomb)
{
    client_expect_usable();
    origin_await(2, "/open");
    long before = client_peak_memory();
    asynchttp_promise *promise = REQUEST(origin_url("/zeros/10737418240"), NULL);
    expect_code(promise, ASYNCHTTP_E_DECODE_RATIO);
    ck_assert_uint_le(content_length(promise), 12 * MIB);
    ck_assert_int_lt(client_peak_memory() - before, 64 * 1024);
    origin_await(1, "/open");
    client_expect_usable();
}
END_TEST

START_TEST(test_bomb_of_another_ratio)
{
    client_expect_usable();
    long before = client_peak_memory();
    set_limits(20 * MIB, 10 * MIB, 0);
    asynchttp_promise *promise = REQUEST(origin_url("/zeros/10737418240"), NULL);
    expect_code(promise, ASYNCHTTP_E_DECODE_LIMIT);
    ck_assert_uint_le(content_length(promise), 20 * MIB);
    ck_assert_int_lt(client_peak_memory() - before, 96 * 1024);
}
END_TEST

static int drop(asynchttp_promise *promise, const void *data, size_t length, void *callback_data)
{
    uint64_t *total = callback_data;
    (void)promise;
    (void)data;
    *total += length;
    return 0;
}

/* The limits hold for content that is not kept as well. */
START_TEST(test_bomb_piece_by_piece)
{
    uint64_t total = 0;
    asynchttp_promise *promise =
        REQUEST(origin_url("/zeros/10737418240"), ASYNCHTTP_REQUEST(.on_data = drop, .callback_data = &total));
    expect_code(promise, ASYNCHTTP_E_DECODE_RATIO);
    ck_assert_uint_le(total, 12 * MIB);
}
END_TEST

/* ---- Proxies ------------------------------------------------------------------------------- */

static void set_proxy(unsigned port)
{
    asynchttp_proxy_info *info = asynchttp_proxy_info_new(ASYNCHTTP_PROXY_HTTP, "127.0.0.1", (int)port);
    ck_assert_ptr_nonnull(info);
    ck_assert_int_eq(asynchttp_http_set_proxy_info(http, info), ASYNCHTTP_OK);
    asynchttp_proxy_info_free(info);
}

START_TEST(test_proxy)
{
    static const char first[] = "GET http://nosuch.invalid/request HTTP/1.1\r\n";
    set_proxy(origin_port());
    const char *text = client_text(REQUEST("http://nosuch.invalid/request", NULL));
    ck_assert_int_eq(strncmp(text, first, strlen(first)), 0);
    ck_assert_ptr_nonnull(strstr(text, "\r\nHost: nosuch.invalid\r\n"));
}
END_TEST

START_TEST(test_proxy_that_is_not_there)
{
    unsigned port;
    int reserved = client_reserve(&port);
    set_proxy(port);
    asynchttp_promise *promise = REQUEST("http://nosuch.invalid/", NULL);
    expect_code(promise, ASYNCHTTP_E_CONNECTION_REFUSED);
    ck_assert_int_eq(asynchttp_http_set_proxy_info(http, NULL), ASYNCHTTP_OK);
    expect_failure(promise, ASYNCHTTP_E_CONNECTION_REFUSED, CURLE_COULDNT_CONNECT, "nosuch.invalid",
                   "Connection refused");
    close(reserved);
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

static void add_servers(Suite *suite)
{
    TCase *tcase = add_case(suite, "servers");
    tcase_add_test(tcase, test_unknown_server);
    tcase_add_test(tcase, test_refused_connection);
#ifdef __linux__
    tcase_add_test(tcase, test_unreachable_network);
#endif
    tcase_add_loop_test(tcase, test_misbehaviour, 0, COUNT(misbehaviours));
    tcase_add_test(tcase, test_header_line_of_more_than_100_kb);
    tcase_add_test(tcase, test_as_many_header_lines_as_are_allowed);
    tcase_add_test(tcase, test_repeated_content_length);
    tcase_add_test(tcase, test_reset_within_the_content);
#if defined(__linux__)
    tcase_add_test(tcase, test_memory_of_a_content_that_breaks_off);
#endif
    tcase_add_test(tcase, test_garbage_on_kept_connection);
    tcase_add_test(tcase, test_tls_to_a_plain_port);
    tcase_add_test(tcase, test_early_refusal_of_a_body);
    tcase_add_test(tcase, test_proxy);
    tcase_add_test(tcase, test_proxy_that_is_not_there);
}

static void add_arguments(Suite *suite)
{
    TCase *tcase = add_case(suite, "arguments");
    tcase_add_loop_test(tcase, test_bad_uri, 0, COUNT(bad_uris));
    tcase_add_test(tcase, test_relative_uri);
    tcase_add_test(tcase, test_uri_of_9_mb);
    tcase_add_test(tcase, test_bad_arguments);
}

static void add_timeouts(Suite *suite)
{
    TCase *tcase = add_case(suite, "timeouts");
    tcase_add_test(tcase, test_silence_before_the_head);
    tcase_add_loop_test(tcase, test_silence_within, 0, COUNT(silences));
    tcase_add_loop_test(tcase, test_connect_is_bounded, 0, COUNT(connect_timeouts));
    tcase_add_test(tcase, test_slow_content);
    tcase_add_test(tcase, test_slow_head);
    tcase_add_test(tcase, test_server_does_not_read);
    tcase_add_test(tcase, test_timeout_of_the_request);
    tcase_add_test(tcase, test_time_in_the_queue_does_not_count);
    tcase_add_test(tcase, test_slow_callback_is_no_silence);
    tcase_add_test(tcase, test_slow_callback_of_another_request_is_no_silence);
    tcase_add_test(tcase, test_slow_callback_of_a_wrong_request_is_no_silence);
}

static void add_decoding(Suite *suite)
{
    TCase *tcase = add_case(suite, "decoding");
    tcase_add_test(tcase, test_bomb);
    tcase_add_test(tcase, test_bomb_of_another_ratio);
    tcase_add_test(tcase, test_bomb_piece_by_piece);
    tcase_add_test(tcase, test_ratio_in_words);
    tcase_add_loop_test(tcase, test_limit, 0, COUNT(limits));
    tcase_add_loop_test(tcase, test_corrupt_content, 0, COUNT(corrupt));
    tcase_add_loop_test(tcase, test_truncated_content, 0, COUNT(truncated));
    tcase_add_loop_test(tcase, test_transfer_coding_that_was_not_asked_for, 0, COUNT(unasked));
    tcase_add_test(tcase, test_not_even_compressed);
}

Suite *failure_suite(void)
{
    Suite *suite = suite_create("failure");
    add_decoding(suite);
    add_servers(suite);
    add_arguments(suite);
    add_timeouts(suite);
    return suite;
}
