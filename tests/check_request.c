/*
 * Tests of lib/request.h: what becomes of the arguments of a request.
 */
#include "suites.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/shared.h"
#include "request.h"

#define ROWS(table) (int)(sizeof(table) / sizeof((table)[0]))

static ah_settings *settings;
static ah_request request;
static ah_outcome outcome;

static void setup(void)
{
    settings = ah_settings_new();
    ck_assert_ptr_nonnull(settings);
    request = (ah_request){.number = 7};
    outcome = (ah_outcome){0};
}

static void teardown(void)
{
    ah_request_clear(&request);
    ah_outcome_clear(&outcome);
    ah_shared_release(settings);
}

static void init(const asynchttp_request *arguments)
{
    ah_request_init(&request, "http://example.com/path?query", arguments, settings, &outcome);
}

static void ck_made(const asynchttp_request *arguments)
{
    init(arguments);
    ck_assert_msg(outcome.code == ASYNCHTTP_OK, "refused: %s", ah_outcome_message(&outcome));
}

static void ck_refused(const asynchttp_request *arguments, const char *message)
{
    init(arguments);
    ck_assert_int_eq(outcome.code, ASYNCHTTP_E_INVALID_ARGUMENT);
    ck_assert_str_eq(ah_outcome_message(&outcome), message);
}

static void ck_header(const char *name, const char *expected)
{
    const char *value = ah_fields_get(&request.headers, name);
    if (expected)
        ck_assert_str_eq(value, expected);
    else
        ck_assert_ptr_null(value);
}

static int on_done(asynchttp_promise *promise, void *data)
{
    (void)promise, (void)data;
    return 0;
}

static int on_data(asynchttp_promise *promise, const void *data, size_t length, void *callback_data)
{
    (void)promise, (void)data, (void)length, (void)callback_data;
    return 0;
}

static int on_read(asynchttp_promise *promise, uint64_t offset, void *buffer, size_t size, size_t *length, void *data)
{
    (void)promise, (void)offset, (void)buffer, (void)size, (void)data;
    *length = 0;
    return 0;
}

static int on_progress(asynchttp_promise *promise, uint64_t sent, uint64_t to_send, uint64_t received,
                       uint64_t to_receive, void *data)
{
    (void)promise, (void)sent, (void)to_send, (void)received, (void)to_receive, (void)data;
    return 0;
}

/* ---- Defaults ------------------------------------------------------------------------------ */

static void ck_defaults(void)
{
    ck_assert_str_eq(request.uri.text, "http://example.com/path?query");
    ck_assert_str_eq(request.method, "GET");
    ck_assert_uint_eq(request.headers.count, 0);
    ck_assert_ptr_null(request.body);
    ck_assert_uint_eq(request.body_length, 0);
    ck_assert(!ah_request_has_body(&request));
    ck_assert_int_eq(request.redirections, 5);
    ck_assert_double_eq(request.timeout, 0);
    ck_assert(!request.callbacks.done && !request.callbacks.on_data && !request.callbacks.on_read &&
              !request.callbacks.on_progress);
    ck_assert_ptr_eq(request.settings, settings);
}

START_TEST(no_arguments_make_a_plain_get)
{
    ck_made(NULL);
    ck_defaults();
}
END_TEST

START_TEST(zeros_are_the_defaults)
{
    ck_made(ASYNCHTTP_REQUEST(.method = NULL));
    ck_defaults();
}
END_TEST

START_TEST(the_initializer_is_the_defaults)
{
    asynchttp_request arguments = ASYNCHTTP_REQUEST_INIT;
    ck_assert_uint_eq(arguments.size, sizeof(arguments));
    ck_made(&arguments);
    ck_defaults();
}
END_TEST

/* All is copied: what the arguments point to may change and go. */
START_TEST(arguments_are_copied)
{
    char uri[] = "http://example.com/path", method[] = "PUT", body[] = "body", name[] = "Name", value[] = "value";
    const char *headers[] = {name, value, NULL};
    asynchttp_request arguments = {
        .size = sizeof(arguments), .method = method, .body = body, .headers = headers, .redirections = 3, .timeout = 2};
    ah_request_init(&request, uri, &arguments, settings, &outcome);
    memset(uri, 'x', sizeof(uri) - 1);
    memset(method, 'x', sizeof(method) - 1);
    memset(body, 'x', sizeof(body) - 1);
    memset(name, 'x', sizeof(name) - 1);
    memset(value, 'x', sizeof(value) - 1);
    headers[0] = NULL;
    memset(&arguments, 0, sizeof(arguments));
    ck_assert_int_eq(outcome.code, ASYNCHTTP_OK);
    ck_assert_str_eq(request.uri.text, "http://example.com/path");
    ck_assert_str_eq(request.method, "PUT");
    ck_assert_uint_eq(request.body_length, 4);
    ck_assert_mem_eq(request.body, "body", 4);
    ck_header("name", "value");
    ck_assert_int_eq(request.redirections, 3);
    ck_assert_double_eq(request.timeout, 2);
}
END_TEST

static const char *const methods[] = {"GET",  "POST",   "get", "Delete", "M-SEARCH", "X!#$%&'*+-.^_`|~1",
                                      "HEAD", "connect"};

START_TEST(methods_are_sent_as_they_are)
{
    ck_made(ASYNCHTTP_REQUEST(.method = methods[_i]));
    ck_assert_str_eq(request.method, methods[_i]);
}
END_TEST

START_TEST(callbacks_are_taken_over)
{
    int data;
    ck_made(ASYNCHTTP_REQUEST(.callback = on_done, .callback_data = &data, .on_data = on_data, .on_read = on_read,
                              .on_progress = on_progress));
    ck_assert_ptr_eq(request.callbacks.data, &data);
    ck_assert(request.callbacks.done == on_done);
    ck_assert(request.callbacks.on_data == on_data);
    ck_assert(request.callbacks.on_read == on_read);
    ck_assert(request.callbacks.on_progress == on_progress);
}
END_TEST

/* ---- The size of the struct ---------------------------------------------------------------- */

/* A program that was compiled when timeout was the last member: what follows is not its own. */
START_TEST(an_older_program_knows_fewer_members)
{
    asynchttp_request arguments;
    memset(&arguments, 0xff, sizeof(arguments));
    arguments.size = offsetof(asynchttp_request, on_data);
    arguments.method = "PUT";
    arguments.body = "body";
    arguments.body_length = 0;
    arguments.headers = (const char *const[]){"Name", "value", NULL};
    arguments.redirections = ASYNCHTTP_NO_REDIRECTIONS;
    arguments.callback = NULL;
    arguments.callback_data = NULL;
    arguments.timeout = 5;
    ck_made(&arguments);
    ck_assert_str_eq(request.method, "PUT");
    ck_assert_uint_eq(request.body_length, 4);
    ck_header("name", "value");
    ck_assert_int_eq(request.redirections, 0);
    ck_assert_double_eq(request.timeout, 5);
    ck_assert(!request.callbacks.on_data && !request.callbacks.on_read && !request.callbacks.on_progress);
}
END_TEST

START_TEST(the_smallest_struct_has_a_method)
{
    struct {
        size_t size;
        const char *method;
    } smallest = {sizeof(smallest), "DELETE"};
    asynchttp_request *arguments = malloc(sizeof(smallest));
    ck_assert_ptr_nonnull(arguments);
    memcpy(arguments, &smallest, sizeof(smallest));
    ck_made(arguments);
    free(arguments);
    ck_assert_str_eq(request.method, "DELETE");
    ck_assert_int_eq(request.redirections, 5);
}
END_TEST

/* What a newer program may hand over: members at the end that are not known here. */
typedef struct newer_request {
    asynchttp_request known;
    char unknown[64];
} newer_request;

START_TEST(a_newer_program_that_uses_nothing_new_is_served)
{
    newer_request arguments = {.known = {.size = sizeof(arguments), .method = "PUT", .timeout = 5}};
    ck_made(&arguments.known);
    ck_assert_str_eq(request.method, "PUT");
    ck_assert_double_eq(request.timeout, 5);
}
END_TEST

static const size_t places[] = {0, 1, 63};

/* Its callback is called all the same. */
START_TEST(a_newer_program_that_uses_something_new_is_refused)
{
    newer_request arguments = {.known = {.size = sizeof(arguments), .callback = on_done, .callback_data = &arguments}};
    arguments.unknown[places[_i]] = 1;
    ck_refused(&arguments.known, "asynchttp_request has members that this version of the library does not know");
    ck_assert(request.callbacks.done == on_done);
    ck_assert_ptr_eq(request.callbacks.data, &arguments);
}
END_TEST

static const size_t wrong_sizes[] = {0, 1, sizeof(size_t), sizeof(size_t) + sizeof(char *) - 1, 4097, (size_t)-1};

START_TEST(a_size_that_cannot_be_is_refused)
{
    asynchttp_request arguments = {.size = wrong_sizes[_i], .method = "PUT"};
    ck_refused(&arguments, "asynchttp_request.size is wrong: use ASYNCHTTP_REQUEST or ASYNCHTTP_REQUEST_INIT");
}
END_TEST

/* ---- Bad arguments ------------------------------------------------------------------------- */

static const struct bad_uri {
    const char *uri;
    asynchttp_code code;
    const char *message;
} bad_uris[] = {
    {"", ASYNCHTTP_E_RELATIVE_URI, "Only absolute URIs are allowed. uri = "},
    {"/path", ASYNCHTTP_E_RELATIVE_URI, "Only absolute URIs are allowed. uri = /path"},
    {"example.com", ASYNCHTTP_E_RELATIVE_URI, "Only absolute URIs are allowed. uri = example.com"},
    {"http:///%n", ASYNCHTTP_E_RELATIVE_URI, "Only absolute URIs are allowed. uri = http:///%n"},
    {"ftp://example.com/", ASYNCHTTP_E_INVALID_ARGUMENT, ". uri = ftp://example.com/"},
    {"http://example.com:99999/", ASYNCHTTP_E_INVALID_ARGUMENT, ". uri = http://example.com:99999/"},
};

START_TEST(refuses_bad_uris)
{
    ah_request_init(&request, bad_uris[_i].uri, NULL, settings, &outcome);
    ck_assert_int_eq(outcome.code, bad_uris[_i].code);
    const char *message = ah_outcome_message(&outcome), *end = bad_uris[_i].message;
    ck_assert_uint_ge(strlen(message), strlen(end));
    ck_assert_str_eq(message + strlen(message) - strlen(end), end);
    if (*end == '.')
        ck_assert_uint_gt(strlen(message), strlen(end));
}
END_TEST

static const char *const secrets[] = {"http://name:secret@example.com/", "ftp://name:secret@example.com/",
                                      "http://name:secret@example.com:99999/", "//name:secret@example.com/",
                                      "name:secret@example.com"};

/* Messages end up in logs. */
START_TEST(passwords_are_not_repeated)
{
    ah_request_init(&request, secrets[_i], NULL, settings, &outcome);
    ck_assert(outcome.code == ASYNCHTTP_E_INVALID_ARGUMENT || outcome.code == ASYNCHTTP_E_RELATIVE_URI);
    ck_assert_ptr_null(strstr(ah_outcome_message(&outcome), "secret"));
}
END_TEST

#define HEADERS(...)                                                                                                   \
    (const char *const[])                                                                                              \
    {                                                                                                                  \
        __VA_ARGS__, NULL                                                                                              \
    }

static const struct bad_arguments {
    asynchttp_request arguments;
    const char *message;
} bad_arguments[] = {
    {{.method = ""}, "The method is not a token"},
    {{.method = "GET "}, "The method is not a token"},
    {{.method = "GET /\r\nHost: x"}, "The method is not a token"},
    {{.method = "G\xc3\x8bT"}, "The method is not a token"},
    {{.method = "CONNECT"}, "CONNECT makes a tunnel and cannot be requested"},
    {{.method = "HEAD", .body = "x"}, "HEAD has no body"},
    {{.method = "HEAD", .body = ""}, "HEAD has no body"},
    {{.method = "HEAD", .on_read = on_read}, "HEAD has no body"},
    {{.method = "PUT", .body = "x", .on_read = on_read}, "A request has a body or on_read, not both"},
    {{.method = "PUT", .body_length = 1}, "body_length without a body"},
    {{.timeout = -1}, "The timeout is negative or not a number"},
    {{.timeout = -1e-300}, "The timeout is negative or not a number"},
    {{.timeout = -INFINITY}, "The timeout is negative or not a number"},
    {{.timeout = NAN}, "The timeout is negative or not a number"},
    {{.redirections = -2}, "The number of redirections is negative"},
    {{.redirections = -1000}, "The number of redirections is negative"},
};

START_TEST(refuses_bad_arguments)
{
    asynchttp_request arguments = bad_arguments[_i].arguments;
    arguments.size = sizeof(arguments);
    arguments.callback = on_done;
    ck_refused(&arguments, bad_arguments[_i].message);
    /* It is told what is wrong. */
    ck_assert(request.callbacks.done == on_done);
}
END_TEST

#define NOT_A_TOKEN(name) "The header name \"" name "\" is not a token"
#define CONTROL(name) "The header " name " has a control character or a line break in its value"

static const struct bad_headers {
    const char *headers[8];
    const char *message;
} bad_headers[] = {
    {{"", "x"}, NOT_A_TOKEN("")},
    {{"a b", "x"}, NOT_A_TOKEN("a b")},
    {{"a:", "x"}, NOT_A_TOKEN("a:")},
    {{":authority", "x"}, NOT_A_TOKEN(":authority")},
    {{" a", "x"}, NOT_A_TOKEN(" a")},
    {{"a\r\nb", "x"}, NOT_A_TOKEN("a\r\nb")},
    {{"a", "b\r\nc: d"}, CONTROL("a")},
    {{"a", "b\nc"}, CONTROL("a")},
    {{"a", "b\rc"}, CONTROL("a")},
    {{"a", "b\r\n"}, CONTROL("a")},
    {{"a", "\x01"}, CONTROL("a")},
    {{"a", "\x7f"}, CONTROL("a")},
    {{"a", "1", "b", "2", "c", "\n"}, CONTROL("c")},
    {{"a"}, "The header a has no value"},
    {{"a", "1", "b"}, "The header b has no value"},
    {{"Content-Length"}, "The header Content-Length has no value"},
};

START_TEST(refuses_bad_headers)
{
    ck_refused(ASYNCHTTP_REQUEST(.headers = bad_headers[_i].headers), bad_headers[_i].message);
}
END_TEST

START_TEST(long_bad_names_are_cut_in_the_message)
{
    char name[1000];
    memset(name, '(', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    init(ASYNCHTTP_REQUEST(.headers = HEADERS(name, "x")));
    ck_assert_int_eq(outcome.code, ASYNCHTTP_E_INVALID_ARGUMENT);
    ck_assert_uint_lt(strlen(ah_outcome_message(&outcome)), 200);
}
END_TEST

START_TEST(the_first_of_several_faults_is_told)
{
    ck_refused(ASYNCHTTP_REQUEST(.method = "", .headers = HEADERS(""), .timeout = NAN), "The method is not a token");
}
END_TEST

/* ---- Headers ------------------------------------------------------------------------------- */

START_TEST(headers_are_kept_in_order_without_white_space_around)
{
    ck_made(ASYNCHTTP_REQUEST(.headers = HEADERS("B", " 1 ", "A-Name", "\tx y\t", "b", "2", "Empty", "")));
    ck_assert_uint_eq(request.headers.count, 3);
    ck_assert_str_eq(request.headers.fields[0].name, "b");
    ck_assert_str_eq(request.headers.fields[1].name, "a-name");
    ck_assert_uint_eq(request.headers.fields[0].count, 2);
    ck_assert_str_eq(request.headers.fields[0].values[0], "1");
    ck_assert_str_eq(request.headers.fields[0].values[1], "2");
    ck_header("a-name", "x y");
    ck_header("empty", "");
}
END_TEST

START_TEST(an_empty_list_of_headers_is_none)
{
    ck_made(ASYNCHTTP_REQUEST(.headers = (const char *const[]){NULL}));
    ck_assert_uint_eq(request.headers.count, 0);
}
END_TEST

/* ---- Bodies -------------------------------------------------------------------------------- */

START_TEST(a_body_without_a_length_is_a_string)
{
    ck_made(ASYNCHTTP_REQUEST(.method = "POST", .body = "some text\0more"));
    ck_assert(ah_request_has_body(&request));
    ck_assert_uint_eq(request.body_length, 9);
    ck_assert_mem_eq(request.body, "some text", 9);
}
END_TEST

START_TEST(a_body_with_a_length_may_be_anything)
{
    static const char binary[] = {'\0', '\n', '\xff', '\0'};
    ck_made(ASYNCHTTP_REQUEST(.method = "POST", .body = binary, .body_length = sizeof(binary)));
    ck_assert_uint_eq(request.body_length, sizeof(binary));
    ck_assert_mem_eq(request.body, binary, sizeof(binary));
}
END_TEST

START_TEST(the_length_may_be_less_than_the_strings)
{
    ck_made(ASYNCHTTP_REQUEST(.method = "POST", .body = "body", .body_length = 2));
    ck_assert_uint_eq(request.body_length, 2);
    ck_assert_mem_eq(request.body, "bo", 2);
}
END_TEST

START_TEST(an_empty_body_is_a_body)
{
    ck_made(ASYNCHTTP_REQUEST(.method = "PUT", .body = ""));
    ck_assert(ah_request_has_body(&request));
    ck_assert_uint_eq(request.body_length, 0);
}
END_TEST

START_TEST(any_method_but_head_may_have_a_body)
{
    static const char *const with_body[] = {"GET", "DELETE", "OPTIONS", "X", "head"};
    ck_made(ASYNCHTTP_REQUEST(.method = with_body[_i], .body = "x"));
    ck_assert(ah_request_has_body(&request));
}
END_TEST

START_TEST(on_read_gives_a_body_of_known_or_unknown_length)
{
    ck_made(ASYNCHTTP_REQUEST(.method = "PUT", .on_read = on_read, .body_length = (size_t)_i));
    ck_assert(ah_request_has_body(&request));
    ck_assert_ptr_null(request.body);
    ck_assert_uint_eq(request.body_length, (uint64_t)_i);
}
END_TEST

/* ---- Framing ------------------------------------------------------------------------------- */

static const char not_a_number[] = "The Content-Length is not a number";
static const char differs[] = "The Content-Length differs from the body's";
static const char only_chunked[] = "Transfer-Encoding can only be chunked, with on_read and no body_length";

/* Fields about the body that agree with it, and then are not kept since they follow from it; or do not. */
static const struct framing {
    const char *headers[5];
    const char *body;
    bool reads;
    size_t length;
    uint64_t becomes;
    const char *message;
} framings[] = {
    {{"Content-Length", "4"}, "body", false, 0, 4, NULL},
    {{"CONTENT-length", "0004"}, "body", false, 0, 4, NULL},
    {{"Content-Length", "2"}, "body", false, 2, 2, NULL},
    {{"Content-Length", "0"}, "", false, 0, 0, NULL},
    {{"Content-Length", "0"}, NULL, false, 0, 0, NULL},
    {{"Content-Length", "4", "Content-Length", "4"}, "body", false, 0, 4, NULL},
    {{"Content-Length", "7"}, NULL, true, 0, 7, NULL},
    {{"Content-Length", "7"}, NULL, true, 7, 7, NULL},
    {{"Content-Length", "5000000000"}, NULL, true, 0, 5000000000, NULL},
    {{"Transfer-Encoding", "chunked"}, NULL, true, 0, 0, NULL},
    {{"transfer-encoding", "Chunked"}, NULL, true, 0, 0, NULL},
    {{"Content-Length", "5"}, "body", false, 0, 0, differs},
    {{"Content-Length", "3"}, "body", false, 0, 0, differs},
    {{"Content-Length", "4"}, "body", false, 2, 0, differs},
    {{"Content-Length", "0"}, "body", false, 0, 0, differs},
    {{"Content-Length", "4"}, NULL, false, 0, 0, differs},
    {{"Content-Length", "4"}, NULL, true, 5, 0, differs},
    {{"Content-Length", "4", "content-length", "5"}, "body", false, 0, 0, differs},
    {{"Content-Length", "4", "content-length", "5"}, NULL, true, 0, 0, differs},
    {{"Content-Length", ""}, "body", false, 0, 0, not_a_number},
    {{"Content-Length", "x"}, "body", false, 0, 0, not_a_number},
    {{"Content-Length", "4x"}, "body", false, 0, 0, not_a_number},
    {{"Content-Length", "4, 4"}, "body", false, 0, 0, not_a_number},
    {{"Content-Length", "+4"}, "body", false, 0, 0, not_a_number},
    {{"Content-Length", "-4"}, "body", false, 0, 0, not_a_number},
    {{"Content-Length", "0x4"}, "body", false, 0, 0, not_a_number},
    {{"Content-Length", "99999999999999999999999999"}, NULL, true, 0, 0, not_a_number},
    {{"Transfer-Encoding", "chunked"}, "body", false, 0, 0, only_chunked},
    {{"Transfer-Encoding", "chunked"}, NULL, false, 0, 0, only_chunked},
    {{"Transfer-Encoding", "chunked"}, NULL, true, 7, 0, only_chunked},
    {{"Transfer-Encoding", "gzip, chunked"}, NULL, true, 0, 0, only_chunked},
    {{"Transfer-Encoding", "identity"}, "body", false, 0, 0, only_chunked},
    {{"Transfer-Encoding", ""}, NULL, true, 0, 0, only_chunked},
    /* Both at once, in whatever order. */
    {{"Content-Length", "7", "Transfer-Encoding", "chunked"}, NULL, true, 0, 0, only_chunked},
    {{"Transfer-Encoding", "chunked", "Content-Length", "7"}, NULL, true, 0, 0, only_chunked},
};

START_TEST(fields_about_the_body_agree_with_it)
{
    const struct framing *row = &framings[_i];
    const asynchttp_request *arguments =
        ASYNCHTTP_REQUEST(.method = "PUT", .headers = row->headers, .body = row->body, .body_length = row->length,
                          .on_read = row->reads ? on_read : NULL);
    if (row->message) {
        ck_refused(arguments, row->message);
        return;
    }
    ck_made(arguments);
    ck_assert_uint_eq(request.body_length, row->becomes);
    ck_header("content-length", NULL);
    ck_header("transfer-encoding", NULL);
}
END_TEST

START_TEST(head_may_say_that_it_has_no_body)
{
    ck_made(ASYNCHTTP_REQUEST(.method = "HEAD", .headers = HEADERS("Content-Length", "0")));
    ck_assert(!ah_request_has_body(&request));
}
END_TEST

/* ---- Limits -------------------------------------------------------------------------------- */

static const struct redirections {
    int given;
    int allowed;
} redirections[] = {{0, 5}, {ASYNCHTTP_NO_REDIRECTIONS, 0}, {1, 1}, {5, 5}, {100000, 100000}};

START_TEST(redirections_are_five_by_default)
{
    ck_made(ASYNCHTTP_REQUEST(.redirections = redirections[_i].given));
    ck_assert_int_eq(request.redirections, redirections[_i].allowed);
}
END_TEST

static const struct timeouts {
    double client;
    double given;
    double becomes;
} timeouts[] = {{0, 0, 0}, {0, 2.5, 2.5}, {3, 0, 3}, {3, 0.001, 0.001}, {3, 100, 100}, {3, INFINITY, INFINITY}};

START_TEST(the_timeout_is_the_requests_else_the_clients)
{
    settings->timeout = timeouts[_i].client;
    ck_made(ASYNCHTTP_REQUEST(.timeout = timeouts[_i].given));
    ck_assert(request.timeout == timeouts[_i].becomes);
}
END_TEST

/* ---- The environment's proxy --------------------------------------------------------------- */

static void setup_proxy(void)
{
    setup();
    setenv("http_proxy", "http://proxy.example:3128", 1);
    setenv("https_proxy", "http://secure.example:3129", 1);
    unsetenv("no_proxy");
    unsetenv("NO_PROXY");
}

static void teardown_proxy(void)
{
    teardown();
    unsetenv("http_proxy");
    unsetenv("https_proxy");
}

START_TEST(the_environment_is_read_when_the_request_is_made)
{
    ck_made(NULL);
    setenv("http_proxy", "http://other.example:1", 1);
    ck_assert_ptr_nonnull(request.environment_proxies[0]);
    ck_assert_str_eq(asynchttp_proxy_info_host(request.environment_proxies[0]), "proxy.example");
}
END_TEST

START_TEST(there_is_a_variable_for_each_scheme)
{
    ck_made(NULL);
    ck_assert_ptr_nonnull(request.environment_proxies[1]);
    ck_assert_str_eq(asynchttp_proxy_info_host(request.environment_proxies[1]), "secure.example");
}
END_TEST

START_TEST(the_environment_is_not_read_against_the_settings)
{
    settings->proxy_from_environment = false;
    ck_made(NULL);
    ck_assert_ptr_null(request.environment_proxies[0]);
    ck_assert_ptr_null(request.environment_proxies[1]);
}
END_TEST

/* ---- The end ------------------------------------------------------------------------------- */

START_TEST(a_cleared_request_keeps_callbacks_and_number)
{
    ck_made(ASYNCHTTP_REQUEST(.method = "PUT", .body = "x", .headers = HEADERS("a", "1"), .callback = on_done));
    ah_request_clear(&request);
    ck_assert_ptr_null(request.uri.text);
    ck_assert_ptr_null(request.method);
    ck_assert_uint_eq(request.headers.count, 0);
    ck_assert(!ah_request_has_body(&request));
    ck_assert_ptr_null(request.settings);
    ck_assert_uint_eq(request.number, 7);
    ck_assert(request.callbacks.done == on_done);
    ah_request_clear(&request);
}
END_TEST

/* As it is when the client is freed before its requests have ended. */
START_TEST(a_request_holds_its_settings)
{
    settings->timeout = 3;
    ah_settings *held = ah_shared_hold(settings);
    ck_made(NULL);
    ah_shared_release(held);
    ah_shared_release(settings);
    settings = NULL;
    ck_assert_double_eq(request.settings->timeout, 3);
    ck_assert_uint_eq(request.settings->safe_methods->count, 4);
}
END_TEST

Suite *request_suite(void)
{
    Suite *suite = suite_create("request");
    TCase *arguments = tcase_create("arguments");
    tcase_add_checked_fixture(arguments, setup, teardown);
    tcase_add_test(arguments, no_arguments_make_a_plain_get);
    tcase_add_test(arguments, zeros_are_the_defaults);
    tcase_add_test(arguments, the_initializer_is_the_defaults);
    tcase_add_test(arguments, arguments_are_copied);
    tcase_add_loop_test(arguments, methods_are_sent_as_they_are, 0, ROWS(methods));
    tcase_add_test(arguments, callbacks_are_taken_over);
    tcase_add_test(arguments, an_older_program_knows_fewer_members);
    tcase_add_test(arguments, the_smallest_struct_has_a_method);
    tcase_add_test(arguments, a_newer_program_that_uses_nothing_new_is_served);
    tcase_add_loop_test(arguments, a_newer_program_that_uses_something_new_is_refused, 0, ROWS(places));
    tcase_add_loop_test(arguments, a_size_that_cannot_be_is_refused, 0, ROWS(wrong_sizes));
    tcase_add_loop_test(arguments, refuses_bad_uris, 0, ROWS(bad_uris));
    tcase_add_loop_test(arguments, passwords_are_not_repeated, 0, ROWS(secrets));
    tcase_add_loop_test(arguments, refuses_bad_arguments, 0, ROWS(bad_arguments));
    tcase_add_test(arguments, the_first_of_several_faults_is_told);
    tcase_add_loop_test(arguments, redirections_are_five_by_default, 0, ROWS(redirections));
    tcase_add_loop_test(arguments, the_timeout_is_the_requests_else_the_clients, 0, ROWS(timeouts));
    tcase_add_test(arguments, a_cleared_request_keeps_callbacks_and_number);
    tcase_add_test(arguments, a_request_holds_its_settings);
    suite_add_tcase(suite, arguments);
    TCase *headers = tcase_create("headers");
    tcase_add_checked_fixture(headers, setup, teardown);
    tcase_add_test(headers, headers_are_kept_in_order_without_white_space_around);
    tcase_add_test(headers, an_empty_list_of_headers_is_none);
    tcase_add_loop_test(headers, refuses_bad_headers, 0, ROWS(bad_headers));
    tcase_add_test(headers, long_bad_names_are_cut_in_the_message);
    suite_add_tcase(suite, headers);
    TCase *body = tcase_create("body");
    tcase_add_checked_fixture(body, setup, teardown);
    tcase_add_test(body, a_body_without_a_length_is_a_string);
    tcase_add_test(body, a_body_with_a_length_may_be_anything);
    tcase_add_test(body, the_length_may_be_less_than_the_strings);
    tcase_add_test(body, an_empty_body_is_a_body);
    tcase_add_loop_test(body, any_method_but_head_may_have_a_body, 0, 5);
    tcase_add_loop_test(body, on_read_gives_a_body_of_known_or_unknown_length, 0, 2);
    tcase_add_loop_test(body, fields_about_the_body_agree_with_it, 0, ROWS(framings));
    tcase_add_test(body, head_may_say_that_it_has_no_body);
    suite_add_tcase(suite, body);
    TCase *proxy = tcase_create("proxy");
    tcase_add_checked_fixture(proxy, setup_proxy, teardown_proxy);
    tcase_add_test(proxy, the_environment_is_read_when_the_request_is_made);
    tcase_add_test(proxy, there_is_a_variable_for_each_scheme);
    tcase_add_test(proxy, the_environment_is_not_read_against_the_settings);
    suite_add_tcase(suite, proxy);
    return suite;
}
