/*
 * What comes between a request and its answer: redirects, errors that become responses, and codings that only some
 * builds know.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "fixture.h"
#include "origin/pattern.h"
#include "suites.h"

#define LINES(...) ((const char *const[]){__VA_ARGS__, NULL})

static asynchttp_response *previous_of(asynchttp_promise *promise)
{
    asynchttp_response *response;
    asynchttp_promise_response(promise, &response);
    ck_assert_ptr_nonnull(response);
    return asynchttp_response_previous(response);
}

static size_t chain_length(asynchttp_promise *promise)
{
    size_t length = 0;
    for (asynchttp_response *one = previous_of(promise); one; one = asynchttp_response_previous(one))
        length++;
    return length;
}

/* It waits; the request must have failed, with a response of this status. Returns that. */
static asynchttp_response *expect_failure(asynchttp_promise *promise, asynchttp_code code, int status)
{
    asynchttp_response *response;
    client_wait(promise);
    ck_assert_str_eq(asynchttp_code_name(asynchttp_promise_error(promise)), asynchttp_code_name(code));
    ck_assert_int_eq(asynchttp_promise_response(promise, &response), code);
    ck_assert_ptr_nonnull(response);
    ck_assert_int_eq(asynchttp_response_status(response), status);
    return response;
}

/* Whether the text of a request has a line that begins so. Names are in lower case. */
static bool has_line(const char *request, const char *beginning)
{
    size_t length = strlen(beginning);
    for (const char *line = request; line; line = strstr(line, "\r\n")) {
        line += line == request ? 0 : 2;
        if (strncmp(line, beginning, length) == 0)
            return true;
    }
    return false;
}

/* ---- Which are followed, and how ----------------------------------------------------------- */

static const struct {
    int code;
    const char *method;
    bool all;
    /* What the request becomes; NULL: the redirect is the answer. */
    const char *becomes;
    bool has_body;
} rules[] = {
    {300, "GET", false, "GET", true},         {301, "GET", false, "GET", true},
    {302, "GET", false, "GET", false},        {303, "GET", false, "GET", false},
    {307, "GET", false, "GET", true},         {308, "GET", false, "GET", true},
    {301, "OPTIONS", false, "OPTIONS", true}, {302, "OPTIONS", false, "GET", false},
    {300, "POST", false, NULL, false},        {301, "POST", false, NULL, false},
    {302, "POST", false, NULL, false},        {303, "POST", false, "GET", false},
    {307, "POST", false, NULL, false},        {308, "POST", false, "POST", true},
    {301, "PUT", false, NULL, false},         {303, "DELETE", false, "GET", false},
    {308, "DELETE", false, "DELETE", true},   {300, "POST", true, "POST", true},
    {301, "POST", true, "POST", true},        {302, "POST", true, "GET", false},
    {303, "PUT", true, "GET", false},         {307, "PATCH", true, "PATCH", true},
    {308, "POST", true, "POST", true},        {304, "GET", true, NULL, false},
    {305, "GET", true, NULL, false},          {201, "POST", true, NULL, false},
};

START_TEST(test_rule)
{
    char first[64];
    asynchttp_http_set_follow_all_redirects(http, rules[_i].all);
    const asynchttp_request *request =
        ASYNCHTTP_REQUEST(.method = rules[_i].method, .body = "the body",
                          .headers = LINES("content-type", "text/x", "content-length", "8", "x-mine", "1"));
    asynchttp_promise *promise = client_request(origin_url("/redirect/%d?to=/request", rules[_i].code), request);
    if (!rules[_i].becomes) {
        ck_assert_int_eq(client_status(promise), rules[_i].code);
        ck_assert_ptr_null(previous_of(promise));
        return;
    }
    const char *text = client_text(promise);
    snprintf(first, sizeof(first), "%s /request HTTP/1.1", rules[_i].becomes);
    ck_assert_msg(has_line(text, first), "%s", text);
    ck_assert_msg(has_line(text, "x-mine: 1"), "%s", text);
    ck_assert_int_eq(has_line(text, "content-type: text/x"), rules[_i].has_body);
    ck_assert_int_eq(has_line(text, "Content-Length: 8") || has_line(text, "content-length: 8"), rules[_i].has_body);
    ck_assert_str_eq(strstr(text, "\r\n\r\n") + 4, rules[_i].has_body ? "the body" : "");
    ck_assert_int_eq(asynchttp_response_status(previous_of(promise)), rules[_i].code);
}
END_TEST

START_TEST(test_head_stays_head)
{
    asynchttp_promise *promise =
        client_request(origin_url("/redirect/301?to=/bytes/10"), ASYNCHTTP_REQUEST(.method = "HEAD"));
    ck_assert_str_eq(client_text(promise), "");
    ck_assert_str_eq(client_header(promise, "content-length"), "10");
}
END_TEST

START_TEST(test_not_followed_if_not_wanted)
{
    static const int codes[] = {300, 301, 302, 303, 307, 308};
    asynchttp_http_set_follow_redirects(http, false);
    asynchttp_http_set_follow_all_redirects(http, true);
    for (int i = 0; i < COUNT(codes); i++) {
        asynchttp_promise *promise = client_request(origin_url("/redirect/%d?to=/hello", codes[i]), NULL);
        ck_assert_int_eq(client_status(promise), codes[i]);
        ck_assert_str_eq(client_header(promise, "location"), "/hello");
    }
}
END_TEST

START_TEST(test_redirect_codes)
{
    static const int codes[] = {302, 399};
    ck_assert_int_eq(asynchttp_http_set_redirect_codes(http, codes, 2), ASYNCHTTP_OK);
    ck_assert_int_eq(client_status(client_request(origin_url("/redirect/301?to=/hello"), NULL)), 301);
    ck_assert_int_eq(client_status(client_request(origin_url("/redirect/303?to=/hello"), NULL)), 303);
    ck_assert_int_eq(client_status(client_request(origin_url("/redirect/302?to=/hello"), NULL)), 200);
    ck_assert_int_eq(client_status(client_request(origin_url("/redirect/399?to=/hello"), NULL)), 200);
    ck_assert_int_eq(asynchttp_http_set_redirect_codes(http, NULL, 0), ASYNCHTTP_OK);
    ck_assert_int_eq(client_status(client_request(origin_url("/redirect/302?to=/hello"), NULL)), 302);
}
END_TEST

START_TEST(test_safe_methods)
{
    ck_assert_int_eq(asynchttp_http_set_safe_methods(http, LINES("POST")), ASYNCHTTP_OK);
    const char *url = origin_url("/redirect/301?to=/echo");
    ck_assert_str_eq(client_text(client_request(url, ASYNCHTTP_REQUEST(.method = "POST", .body = "x"))), "x");
    ck_assert_int_eq(client_status(client_request(url, NULL)), 301);
}
END_TEST

/* ---- Where they lead ----------------------------------------------------------------------- */

/* All from /redirect/302. "%s" stands for the authority. */
static const struct {
    const char *location;
    const char *target;
} locations[] = {
    {"/request", "/request"},
    {"../request", "/request"},
    {".././request?a=b", "/request?a=b"},
    {"../../../request", "/request"},
    {"../x/y/../../request?/../", "/request?/../"},
    {"/x/./../request", "/request"},
    {"//%s/request", "/request"},
    {"http://%s/request?x", "/request?x"},
    {"HTTP://%s/request", "/request"},
    {"http://%s/a/../request", "/request"},
    {"/request#part", "/request"},
    {"/request?a b", "/request?a%20b"},
    {"/request?gr\xc3\xbc", "/request?gr%C3%BC"},
};

START_TEST(test_location)
{
    char authority[32], location[128], line[96], query[400];
    size_t size = 0;
    snprintf(authority, sizeof(authority), "127.0.0.1:%u", origin_port());
    const char *at = strstr(locations[_i].location, "%s");
    if (at)
        snprintf(location, sizeof(location), "%.*s%s%s", (int)(at - locations[_i].location), locations[_i].location,
                 authority, at + 2);
    else
        snprintf(location, sizeof(location), "%s", locations[_i].location);
    for (const char *c = location; *c; c++)
        size += (size_t)snprintf(query + size, sizeof(query) - size, "%%%02X", (unsigned)(unsigned char)*c);
    asynchttp_promise *promise = client_request(origin_url("/redirect/302?to=%s", query), NULL);
    snprintf(line, sizeof(line), "GET %s HTTP/1.1", locations[_i].target);
    ck_assert_msg(has_line(client_text(promise), line), "%s: %s", location, client_text(promise));
    /* It is made absolute for the caller too. */
    const char *noted = asynchttp_response_get(previous_of(promise), "location");
    ck_assert_msg(strncmp(noted, "http://127.0.0.1:", 17) == 0 || strncmp(noted, "HTTP://127.0.0.1:", 17) == 0, "%s",
                  noted);
}
END_TEST

static const char *const bad_locations[] = {
    "ftp://127.0.0.1/hello",  "file:///etc/passwd",          "javascript:alert(1)",     "data:,x",
    "gopher://127.0.0.1:70/", "http://user:word@127.0.0.1/", "http://127.0.0.1:99999/", "http:///x",
};

START_TEST(test_bad_location)
{
    asynchttp_promise *promise = client_request(origin_url("/redirect/302?to=%s", bad_locations[_i]), NULL);
    ck_assert_str_eq(asynchttp_code_name(client_wait(promise)), "ASYNCHTTP_E_MALFORMED_HEADER");
    ck_assert_ptr_nonnull(strstr(asynchttp_promise_error_message(promise), "Location"));
    client_expect_usable();
}
END_TEST

START_TEST(test_without_location)
{
    static const int codes[] = {301, 302, 303, 307, 308};
    for (int i = 0; i < COUNT(codes); i++) {
        asynchttp_promise *promise = client_request(origin_url("/redirect/%d", codes[i]), NULL);
        expect_failure(promise, ASYNCHTTP_E_REDIRECT_MISSING_LOCATION, codes[i]);
    }
}
END_TEST

START_TEST(test_choices_without_location)
{
    asynchttp_promise *promise = client_request(origin_url("/redirect/300"), NULL);
    ck_assert_int_eq(client_status(promise), 300);
    ck_assert_str_eq(client_text(promise), "300 Multiple Choices\n");
}
END_TEST

/* ---- How many ------------------------------------------------------------------------------ */

/* So many redirects that end at a path. */
static const char *chain(int count, const char *end)
{
    static char path[1024];
    size_t size = 0;
    for (int i = 0; i < count; i++)
        size += (size_t)snprintf(path + size, sizeof(path) - size, "/redirect/302?to=");
    snprintf(path + size, sizeof(path) - size, "%s", end);
    return origin_url("%s", path);
}

START_TEST(test_five_redirects_by_default)
{
    asynchttp_promise *promise = client_request(chain(5, "/hello"), NULL);
    ck_assert_str_eq(client_text(promise), "hello\n");
    ck_assert_uint_eq(chain_length(promise), 5);
    promise = client_request(chain(6, "/hello"), NULL);
    asynchttp_response *response = expect_failure(promise, ASYNCHTTP_E_REDIRECT_LIMIT, 302);
    ck_assert_uint_eq(chain_length(promise), 5);
    ck_assert_str_eq(asynchttp_response_get(response, "location"), "/hello");
}
END_TEST

START_TEST(test_redirections)
{
    asynchttp_promise *promise = client_request(chain(2, "/hello"), ASYNCHTTP_REQUEST(.redirections = 2));
    ck_assert_int_eq(client_status(promise), 200);
    promise = client_request(chain(2, "/hello"), ASYNCHTTP_REQUEST(.redirections = 1));
    expect_failure(promise, ASYNCHTTP_E_REDIRECT_LIMIT, 302);
    promise = client_request(chain(1, "/hello"), ASYNCHTTP_REQUEST(.redirections = ASYNCHTTP_NO_REDIRECTIONS));
    expect_failure(promise, ASYNCHTTP_E_REDIRECT_LIMIT, 302);
    promise = client_request(origin_url("/hello"), ASYNCHTTP_REQUEST(.redirections = ASYNCHTTP_NO_REDIRECTIONS));
    ck_assert_int_eq(client_status(promise), 200);
    promise = client_request(chain(20, "/hello"), ASYNCHTTP_REQUEST(.redirections = 20));
    ck_assert_uint_eq((client_response(promise), chain_length(promise)), 20);
}
END_TEST

START_TEST(test_content_of_the_last_redirect)
{
    const void *content;
    asynchttp_promise *promise = client_request(chain(2, "/hello"), ASYNCHTTP_REQUEST(.redirections = 1));
    expect_failure(promise, ASYNCHTTP_E_REDIRECT_LIMIT, 302);
    asynchttp_promise_content(promise, &content, NULL);
    ck_assert_str_eq(content, "302 Found\n");
}
END_TEST

/* ---- A server that the test plays ---------------------------------------------------------- */

typedef struct play {
    asynchttp_promise *promise;
    int listener;
    int connection;
    unsigned port;
    char text[4096];
} play;

/* Asks for /start, and takes the request. */
static play play_begin(const asynchttp_request *request)
{
    char url[64];
    play p = {.connection = -1};
    p.listener = client_listen(&p.port);
    snprintf(url, sizeof(url), "http://127.0.0.1:%u/start", p.port);
    p.promise = client_request(url, request);
    p.connection = client_accept(p.listener);
    ck_assert(client_receive(p.connection, p.text, sizeof(p.text)));
    return p;
}

/* Answers, and takes the next request. */
static void play_on(play *p, const char *answer)
{
    client_send(p->connection, answer);
    ck_assert(client_receive(p->connection, p->text, sizeof(p->text)));
}

static void play_end(play *p, const char *answer)
{
    client_send(p->connection, answer);
    client_response(p->promise);
    close(p->connection);
    close(p->listener);
}

#define EMPTY "Content-Length: 0\r\n\r\n"
#define OK_ANSWER "HTTP/1.1 200 OK\r\n" EMPTY

START_TEST(test_previous)
{
    char url[64];
    play p = play_begin(NULL);
    play_on(&p, "HTTP/1.1 301 Gone there\r\nLocation: /second\r\nX-Hop: 1\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n"
                "Content-Length: 5\r\n\r\nfirst");
    ck_assert(has_line(p.text, "GET /second HTTP/1.1"));
    play_on(&p, "HTTP/1.1 307 Or there\r\nLocation: third\r\nX-Hop: 2\r\nContent-Location: /own\r\n" EMPTY);
    ck_assert(has_line(p.text, "GET /third HTTP/1.1"));
    play_end(&p, "HTTP/1.1 200 OK\r\nX-Last: 1\r\n" EMPTY);
    asynchttp_response *last = client_response(p.promise);
    asynchttp_response *second = asynchttp_response_previous(last);
    ck_assert_ptr_nonnull(second);
    asynchttp_response *first = asynchttp_response_previous(second);
    ck_assert_ptr_nonnull(first);
    ck_assert_ptr_null(asynchttp_response_previous(first));
    ck_assert_str_eq(asynchttp_response_get(last, "x-last"), "1");
    ck_assert(!asynchttp_response_contains(last, "x-hop"));
    ck_assert(!asynchttp_response_contains(last, "location"));
    ck_assert_str_eq(asynchttp_response_get(second, "x-hop"), "2");
    ck_assert_str_eq(asynchttp_response_get(second, "status"), "307");
    ck_assert_str_eq(asynchttp_response_reason(second), "Or there");
    ck_assert_str_eq(asynchttp_response_get(first, "x-hop"), "1");
    ck_assert_str_eq(asynchttp_response_get(first, "status"), "301");
    ck_assert_str_eq(asynchttp_response_values(first, "set-cookie", 1), "b=2");
    /* Where each came from, unless it says so itself. */
    snprintf(url, sizeof(url), "http://127.0.0.1:%u/start", p.port);
    ck_assert_str_eq(asynchttp_response_get(first, "content-location"), url);
    ck_assert_str_eq(asynchttp_response_get(second, "content-location"), "/own");
    snprintf(url, sizeof(url), "http://127.0.0.1:%u/third", p.port);
    ck_assert_str_eq(asynchttp_response_get(last, "content-location"), url);
    ck_assert_str_eq(asynchttp_response_get(second, "location"), url);
    snprintf(url, sizeof(url), "http://127.0.0.1:%u/second", p.port);
    ck_assert_str_eq(asynchttp_response_get(first, "location"), url);
    ck_assert_str_eq(asynchttp_response_get(first, "-x-permanent-redirect-url"), url);
    ck_assert(!asynchttp_response_contains(second, "-x-permanent-redirect-url"));
}
END_TEST

START_TEST(test_content_location)
{
    const char *url = origin_url("/hello");
    ck_assert_str_eq(client_header(client_request(url, NULL), "content-location"), url);
    asynchttp_promise *promise = client_request(origin_url("/headers?Content-Location=/own"), NULL);
    ck_assert_str_eq(client_header(promise, "content-location"), "/own");
    promise = client_request(origin_url("/echo"), ASYNCHTTP_REQUEST(.method = "POST", .body = "x"));
    ck_assert_ptr_null(client_header(promise, "content-location"));
    promise = client_request(origin_url("/status/404"), NULL);
    ck_assert_ptr_null(client_header(promise, "content-location"));
}
END_TEST

/* ---- What goes along ----------------------------------------------------------------------- */

/* Has a request with all kinds of fields redirected to the URI, and gives what came there. */
static const char *redirected(const char *to)
{
    const asynchttp_request *request =
        ASYNCHTTP_REQUEST(.headers = LINES("authorization", "Basic eDp5", "cookie", "a=b", "if-none-match", "\"x\"",
                                           "if-modified-since", "Thu, 01 Jan 1970 00:00:00 GMT", "x-mine", "1",
                                           "accept", "text/x", "host", "named.example"));
    return client_text(client_request(origin_url("/redirect/307?to=%s", to), request));
}

START_TEST(test_fields_to_the_same_origin)
{
    const char *text = redirected("/request");
    ck_assert(!has_line(text, "authorization:"));
    ck_assert(!has_line(text, "if-none-match:"));
    ck_assert(!has_line(text, "if-modified-since:"));
    ck_assert(has_line(text, "cookie: a=b"));
    ck_assert(has_line(text, "x-mine: 1"));
    ck_assert(has_line(text, "accept: text/x"));
}
END_TEST

START_TEST(test_fields_to_another_origin)
{
    const char *text = redirected(origin_url6("/request"));
    ck_assert(!has_line(text, "authorization:"));
    ck_assert(!has_line(text, "cookie:"));
    ck_assert(!has_line(text, "if-none-match:"));
    ck_assert(!has_line(text, "if-modified-since:"));
    ck_assert_ptr_null(strstr(text, "named.example"));
    ck_assert(has_line(text, "x-mine: 1"));
}
END_TEST

START_TEST(test_fields_are_forwarded)
{
    asynchttp_http_set_forward_authorization_headers(http, true);
    for (int i = 0; i < 2; i++) {
        const char *text = redirected(i ? origin_url6("/request") : "/request");
        ck_assert(has_line(text, "authorization: Basic eDp5"));
        ck_assert(has_line(text, "cookie: a=b"));
        ck_assert(!has_line(text, "if-none-match:"));
    }
}
END_TEST

/* What was dropped on the way out does not come back on the way home. */
START_TEST(test_fields_there_and_back)
{
    const char *home = origin_url("/request");
    char there[512];
    snprintf(there, sizeof(there), "%s", origin_url6("/redirect/307?to=%s", home));
    const char *text = redirected(there);
    ck_assert(!has_line(text, "authorization:"));
    ck_assert(!has_line(text, "cookie:"));
}
END_TEST

/* Another port is another origin. */
START_TEST(test_cookie_to_another_port)
{
    char answer[256];
    const asynchttp_request *request = ASYNCHTTP_REQUEST(.headers = LINES("Cookie", "a=b", "Authorization", "x y"));
    play p = play_begin(request);
    ck_assert(has_line(p.text, "cookie: a=b"));
    snprintf(answer, sizeof(answer), "HTTP/1.1 302 Found\r\nLocation: %s\r\n" EMPTY, origin_url("/request"));
    play_end(&p, answer);
    ck_assert(!has_line(client_text(p.promise), "cookie:"));
    ck_assert(!has_line(client_text(p.promise), "authorization:"));
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

START_TEST(test_on_read_body_is_sent_again)
{
    for (int i = 0; i < 2; i++) {
        given source = {.length = 300000};
        const asynchttp_request *request = ASYNCHTTP_REQUEST(.method = "PUT", .on_read = give,
                                                             .body_length = i ? 300000 : 0, .callback_data = &source);
        asynchttp_promise *promise = client_request(origin_url("/redirect/308?to=/redirect/308?to=/sum"), request);
        ck_assert_str_eq(client_text(promise), "300000 0\n");
        ck_assert_uint_eq(source.beginnings, 3);
    }
}
END_TEST

START_TEST(test_on_read_body_is_not_sent_again)
{
    given source = {.length = 1000};
    const asynchttp_request *request =
        ASYNCHTTP_REQUEST(.method = "POST", .on_read = give, .callback_data = &source,
                          .headers = LINES("Transfer-Encoding", "chunked", "Content-Type", "text/x"));
    const char *text = client_text(client_request(origin_url("/redirect/303?to=/request"), request));
    ck_assert_uint_eq(source.beginnings, 1);
    ck_assert(has_line(text, "GET /request HTTP/1.1"));
    ck_assert_ptr_null(strstr(text, "hunked"));
    ck_assert(!has_line(text, "content-type:"));
    ck_assert_str_eq(strstr(text, "\r\n\r\n"), "\r\n\r\n");
}
END_TEST

START_TEST(test_body_is_sent_again)
{
    unsigned char *body = client_pattern(300000);
    asynchttp_promise *promise = client_request(
        origin_url("/redirect/308?to=/sum"), ASYNCHTTP_REQUEST(.method = "POST", .body = body, .body_length = 300000));
    free(body);
    ck_assert_str_eq(client_text(promise), "300000 0\n");
}
END_TEST

typedef struct taken {
    size_t length;
    char text[64];
    size_t previous;
    int fails;
} taken;

static int take(asynchttp_promise *promise, const void *data, size_t length, void *callback_data)
{
    taken *all = callback_data;
    ck_assert_uint_lt(all->length + length, sizeof(all->text));
    memcpy(all->text + all->length, data, length);
    all->length += length;
    all->previous = chain_length(promise);
    return all->fails;
}

START_TEST(test_on_data_gets_only_the_final_content)
{
    taken all = {0};
    const asynchttp_request *request = ASYNCHTTP_REQUEST(.on_data = take, .callback_data = &all);
    client_response(client_request(chain(3, "/hello"), request));
    ck_assert_str_eq(all.text, "hello\n");
    ck_assert_uint_eq(all.previous, 3);
    all = (taken){0};
    asynchttp_http_set_follow_redirects(http, false);
    client_response(client_request(chain(3, "/hello"), request));
    ck_assert_str_eq(all.text, "302 Found\n");
}
END_TEST

/* ---- In the middle of a chain -------------------------------------------------------------- */

START_TEST(test_cancel)
{
    asynchttp_promise *promise = client_request(chain(2, "/hold/cancelled"), NULL);
    origin_await(1, "/held/cancelled");
    asynchttp_promise_cancel(promise);
    ck_assert_int_eq(client_wait(promise), ASYNCHTTP_E_CANCELLED);
    origin_await(0, "/held/cancelled");
    client_expect_usable();
}
END_TEST

static atomic_int last_status;

static int note_status(asynchttp_promise *promise, void *callback_data)
{
    asynchttp_response *response = NULL;
    (void)callback_data;
    asynchttp_promise_response(promise, &response);
    atomic_store(&last_status, response ? asynchttp_response_status(response) : -1);
    return 0;
}

START_TEST(test_free_promise)
{
    atomic_store(&last_status, 0);
    asynchttp_promise *promise =
        asynchttp_http_request(http, chain(2, "/hold/freed"), ASYNCHTTP_REQUEST(.callback = note_status));
    ck_assert_ptr_nonnull(promise);
    origin_await(1, "/held/freed");
    asynchttp_promise_free(promise);
    free(origin_get("/release/freed"));
    ck_assert_int_eq(asynchttp_http_close(http), ASYNCHTTP_OK);
    ck_assert_int_eq(atomic_load(&last_status), 200);
}
END_TEST

START_TEST(test_free_http)
{
    asynchttp_promise *promise = client_request(chain(2, "/hold/http"), NULL);
    origin_await(1, "/held/http");
    asynchttp_http_free(http);
    http = NULL;
    ck_assert_int_eq(asynchttp_promise_error(promise), ASYNCHTTP_E_CANCELLED);
    origin_await(0, "/held/http");
}
END_TEST

/* The settings are those of when the request was made. */
START_TEST(test_settings_change_on_the_way)
{
    asynchttp_promise *promise = client_request(chain(1, "/hold/settings"), NULL);
    asynchttp_promise *other = client_request(origin_url("/hold/settings"), NULL);
    origin_await(2, "/held/settings");
    asynchttp_http_set_follow_redirects(http, false);
    asynchttp_http_set_force_exception_to_status_code(http, true);
    free(origin_get("/release/settings"));
    ck_assert_int_eq(client_status(promise), 200);
    ck_assert_int_eq(client_status(other), 200);
}
END_TEST

/* More redirects at once than there are workers. */
START_TEST(test_many_at_once)
{
    asynchttp_promise *promises[40];
    asynchttp_http_set_transfers_per_worker(http, 4);
    for (int i = 0; i < COUNT(promises); i++)
        promises[i] = client_request(i % 2 ? chain(3, "/hello") : chain(6, "/hello"), NULL);
    for (int i = 0; i < COUNT(promises); i++) {
        ck_assert_int_eq(client_wait(promises[i]), i % 2 ? ASYNCHTTP_OK : ASYNCHTTP_E_REDIRECT_LIMIT);
        ck_assert_uint_eq(chain_length(promises[i]), i % 2 ? 3 : 5);
    }
}
END_TEST

/* ---- Errors that become responses ---------------------------------------------------------- */

static void force_setup(void)
{
    client_setup();
    asynchttp_http_set_force_exception_to_status_code(http, true);
}

/* A made-up response, with a text for its content. */
static void expect_made_up(asynchttp_promise *promise, int status, const char *reason, const char *content)
{
    char number[24];
    asynchttp_response *response = client_response(promise);
    const char *text = client_text(promise);
    ck_assert_int_eq(asynchttp_response_status(response), status);
    ck_assert_str_eq(asynchttp_response_reason(response), reason);
    snprintf(number, sizeof(number), "%d", status);
    ck_assert_str_eq(asynchttp_response_get(response, "status"), number);
    ck_assert_str_eq(asynchttp_response_get(response, "content-type"), "text/plain");
    snprintf(number, sizeof(number), "%zu", strlen(text));
    ck_assert_str_eq(asynchttp_response_get(response, "content-length"), number);
    ck_assert_msg(strstr(text, content) != NULL, "%s", text);
    ck_assert_str_eq(asynchttp_promise_error_message(promise), "");
}

START_TEST(test_timeout_becomes_408)
{
    asynchttp_promise *promise = client_request(origin_url("/hold/408"), ASYNCHTTP_REQUEST(.timeout = 0.05));
    expect_made_up(promise, 408, "Request Timeout", "Request Timeout");
    ck_assert_ptr_null(previous_of(promise));
}
END_TEST

START_TEST(test_refusal_becomes_400)
{
    char url[64];
    unsigned port;
    int reserved = client_reserve(&port);
    snprintf(url, sizeof(url), "http://127.0.0.1:%u/", port);
    expect_made_up(client_request(url, NULL), 400, "Bad Request", "onnect");
    close(reserved);
}
END_TEST

START_TEST(test_lost_connection_becomes_400)
{
    asynchttp_promise *promise = client_request(
        origin_url("/raw?%s&close", client_raw("HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: 10\r\n\r\nabc")), NULL);
    expect_made_up(promise, 400, "Bad Request", "");
    ck_assert(!asynchttp_response_contains(client_response(promise), "x-a"));
}
END_TEST

/* The server's response with another status, of which the field keeps the server's own. */
static void expect_500(asynchttp_promise *promise, const char *status, const char *reason)
{
    asynchttp_response *response = client_response(promise);
    ck_assert_int_eq(asynchttp_response_status(response), 500);
    ck_assert_str_eq(asynchttp_response_get(response, "status"), status);
    ck_assert_msg(strstr(asynchttp_response_reason(response), reason) != NULL, "%s",
                  asynchttp_response_reason(response));
}

START_TEST(test_errors_with_a_response_become_500)
{
    asynchttp_promise *promise = client_request(chain(6, "/hello"), NULL);
    expect_500(promise, "302", "Redirected more times than redirection_limit allows");
    ck_assert_uint_eq(chain_length(promise), 5);
    ck_assert_str_eq(client_text(promise), "302 Found\n");
    expect_500(client_request(origin_url("/redirect/307"), NULL), "307", "missing a Location: header");
    promise = client_request(origin_url("/redirect/301?to=/gzip/1000?corrupt"), NULL);
    expect_500(promise, "200", "decompress");
    ck_assert_uint_eq(chain_length(promise), 1);
}
END_TEST

START_TEST(test_forced_status_keeps_previous)
{
    char to[64];
    unsigned port;
    int reserved = client_reserve(&port);
    snprintf(to, sizeof(to), "http://127.0.0.1:%u/", port);
    asynchttp_promise *promise = client_request(chain(2, to), NULL);
    expect_made_up(promise, 400, "Bad Request", "");
    ck_assert_uint_eq(chain_length(promise), 2);
    ck_assert_int_eq(asynchttp_response_status(previous_of(promise)), 302);
    promise = client_request(chain(2, "/hold/previous"), ASYNCHTTP_REQUEST(.timeout = 0.05));
    expect_made_up(promise, 408, "Request Timeout", "Request Timeout");
    ck_assert_uint_eq(chain_length(promise), 2);
    /* Two times encoded, as the first redirect takes one away. */
    promise =
        client_request(chain(1, "/raw?send=HTTP/1.1%2520200%2520OK%250D%250AContent-Length:9%250D%250A%250D%250Aabc"
                                "&close"),
                       NULL);
    expect_made_up(promise, 400, "Bad Request", "");
    ck_assert_uint_eq(chain_length(promise), 1);
    close(reserved);
}
END_TEST

START_TEST(test_what_is_not_turned)
{
    taken all = {.fails = 1};
    asynchttp_promise *promise = client_request(origin_url("/hold/turned"), NULL);
    origin_await(1, "/held/turned");
    asynchttp_promise_cancel(promise);
    ck_assert_int_eq(client_wait(promise), ASYNCHTTP_E_CANCELLED);
    promise = client_request(origin_url("/hello"), ASYNCHTTP_REQUEST(.on_data = take, .callback_data = &all));
    ck_assert_int_eq(client_wait(promise), ASYNCHTTP_E_CALLBACK);
    ck_assert_int_eq(client_status(client_request(origin_url("/status/404"), NULL)), 404);
}
END_TEST

/* ---- Codings ------------------------------------------------------------------------------- */

#if HAVE_BROTLI || HAVE_ZSTD

static const char plain[] = "hello, coded world, hello, coded world\n";

/* What the test's coder made of it. */
static const struct {
    const char *name;
    size_t length;
    unsigned char bytes[64];
} codings[] = {
#if HAVE_BROTLI
    {"br", 29, {0x1f, 0x26, 0x00, 0x80, 0xc4, 0x6d, 0xec, 0x77, 0x96, 0x7c, 0xef, 0x4b, 0xc1, 0x21, 0x98,
                0x8a, 0x68, 0x33, 0x50, 0x60, 0x3e, 0x6e, 0x47, 0xfc, 0x64, 0x01, 0x4d, 0x64, 0x0e}},
#endif
#if HAVE_ZSTD
    {"zstd", 40, {0x28, 0xb5, 0x2f, 0xfd, 0x04, 0x58, 0xdd, 0x00, 0x00, 0xa8, 0x68, 0x65, 0x6c, 0x6c,
                  0x6f, 0x2c, 0x20, 0x63, 0x6f, 0x64, 0x65, 0x64, 0x20, 0x77, 0x6f, 0x72, 0x6c, 0x64,
                  0x2c, 0x20, 0x0a, 0x01, 0x00, 0xce, 0x9b, 0x4c, 0xac, 0x07, 0x8e, 0x0e}},
#endif
};

/* Has the first so many bytes sent, with some bits turned over from one of them on. */
static asynchttp_promise *coded(int i, size_t length, size_t wrong_from)
{
    char head[128], body[3 * 64 + 1] = "";
    for (size_t j = 0; j < length; j++) {
        unsigned byte = codings[i].bytes[j] ^ (j >= wrong_from ? 0x5aU : 0U);
        snprintf(body + 3 * j, 4, "%%%02X", byte);
    }
    snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nContent-Length: %zu\r\n\r\n",
             codings[i].name, length);
    return client_request(origin_url("/raw?%s&send=%s", client_raw(head), body), NULL);
}

START_TEST(test_coding)
{
    asynchttp_promise *promise = coded(_i, codings[_i].length, SIZE_MAX);
    ck_assert_str_eq(client_text(promise), plain);
    ck_assert_str_eq(client_header(promise, "-content-encoding"), codings[_i].name);
    ck_assert_ptr_null(client_header(promise, "content-encoding"));
    ck_assert_str_eq(client_header(promise, "content-length"), "39");
}
END_TEST

START_TEST(test_coding_is_truncated)
{
    for (size_t length = 1; length < codings[_i].length; length++)
        expect_failure(coded(_i, length, SIZE_MAX), ASYNCHTTP_E_FAILED_TO_DECOMPRESS_CONTENT, 200);
    client_expect_usable();
}
END_TEST

START_TEST(test_coding_is_corrupt)
{
    for (size_t from = 0; from < 8; from++)
        expect_failure(coded(_i, codings[_i].length, from), ASYNCHTTP_E_FAILED_TO_DECOMPRESS_CONTENT, 200);
    client_expect_usable();
}
END_TEST

static void add_codings(TCase *tcase)
{
    tcase_add_loop_test(tcase, test_coding, 0, COUNT(codings));
    tcase_add_loop_test(tcase, test_coding_is_truncated, 0, COUNT(codings));
    tcase_add_loop_test(tcase, test_coding_is_corrupt, 0, COUNT(codings));
}

#else

static void add_codings(TCase *tcase)
{
    (void)tcase;
}

#endif

/* ---- The suite ----------------------------------------------------------------------------- */

static TCase *add_case(Suite *suite, const char *name, SFun setup)
{
    TCase *tcase = tcase_create(name);
    tcase_add_checked_fixture(tcase, setup, client_teardown);
    tcase_set_timeout(tcase, 120);
    suite_add_tcase(suite, tcase);
    return tcase;
}

static void add_rules(Suite *suite)
{
    TCase *tcase = add_case(suite, "rules", client_setup);
    tcase_add_loop_test(tcase, test_rule, 0, COUNT(rules));
    tcase_add_test(tcase, test_head_stays_head);
    tcase_add_test(tcase, test_not_followed_if_not_wanted);
    tcase_add_test(tcase, test_redirect_codes);
    tcase_add_test(tcase, test_safe_methods);
    tcase_add_loop_test(tcase, test_location, 0, COUNT(locations));
    tcase_add_loop_test(tcase, test_bad_location, 0, COUNT(bad_locations));
    tcase_add_test(tcase, test_without_location);
    tcase_add_test(tcase, test_choices_without_location);
    tcase_add_test(tcase, test_five_redirects_by_default);
    tcase_add_test(tcase, test_redirections);
    tcase_add_test(tcase, test_content_of_the_last_redirect);
    tcase_add_test(tcase, test_previous);
    tcase_add_test(tcase, test_content_location);
}

static void add_requests(Suite *suite)
{
    TCase *tcase = add_case(suite, "requests", client_setup);
    tcase_add_test(tcase, test_fields_to_the_same_origin);
    tcase_add_test(tcase, test_fields_to_another_origin);
    tcase_add_test(tcase, test_fields_are_forwarded);
    tcase_add_test(tcase, test_fields_there_and_back);
    tcase_add_test(tcase, test_cookie_to_another_port);
    tcase_add_test(tcase, test_on_read_body_is_sent_again);
    tcase_add_test(tcase, test_on_read_body_is_not_sent_again);
    tcase_add_test(tcase, test_body_is_sent_again);
    tcase_add_test(tcase, test_on_data_gets_only_the_final_content);
    tcase_add_test(tcase, test_cancel);
    tcase_add_test(tcase, test_free_promise);
    tcase_add_test(tcase, test_free_http);
    tcase_add_test(tcase, test_settings_change_on_the_way);
    tcase_add_test(tcase, test_many_at_once);
}

static void add_forced(Suite *suite)
{
    TCase *tcase = add_case(suite, "forced", force_setup);
    tcase_add_test(tcase, test_timeout_becomes_408);
    tcase_add_test(tcase, test_refusal_becomes_400);
    tcase_add_test(tcase, test_lost_connection_becomes_400);
    tcase_add_test(tcase, test_errors_with_a_response_become_500);
    tcase_add_test(tcase, test_forced_status_keeps_previous);
    tcase_add_test(tcase, test_what_is_not_turned);
}

Suite *redirect_suite(void)
{
    Suite *suite = suite_create("redirect");
    add_rules(suite);
    add_requests(suite);
    add_forced(suite);
    add_codings(add_case(suite, "codings", client_setup));
    return suite;
}
