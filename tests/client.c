#include "client.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fixture.h"
#include "origin/pattern.h"

/* How long anything may take before the test is given up. */
enum { DONE_MS = 60000, PATIENCE_MS = 30000 };

asynchttp_http *http;

static asynchttp_promise **kept;
static size_t kept_count;

/* ---- The Http ---- */

void client_setup(void)
{
    static const char *const names[] = {"http_proxy", "https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY"};
    for (int i = 0; i < COUNT(names); i++)
        unsetenv(names[i]);
    http = asynchttp_http_new(NULL);
    ck_assert_ptr_nonnull(http);
}

void client_teardown(void)
{
    asynchttp_http_free(http);
    http = NULL;
    for (size_t i = 0; i < kept_count; i++)
        asynchttp_promise_free(kept[i]);
    free(kept);
    kept = NULL;
    kept_count = 0;
}

/* ---- Requests ---- */

asynchttp_promise *client_keep(asynchttp_promise *promise)
{
    ck_assert_ptr_nonnull(promise);
    asynchttp_promise **longer = realloc(kept, (kept_count + 1) * sizeof(*kept));
    ck_assert_ptr_nonnull(longer);
    kept = longer;
    kept[kept_count++] = promise;
    return promise;
}

asynchttp_code client_wait(asynchttp_promise *promise)
{
    asynchttp_code code = asynchttp_promise_wait_for(promise, (double)fixture_patience(DONE_MS) / 1000);
    ck_assert_msg(asynchttp_promise_done(promise), "the request hangs");
    return code;
}

static void expect_success(asynchttp_promise *promise)
{
    asynchttp_code code = client_wait(promise);
    ck_assert_msg(!code, "%s: %s", asynchttp_code_name(code), asynchttp_promise_error_message(promise));
}

asynchttp_response *client_response(asynchttp_promise *promise)
{
    asynchttp_response *response;
    expect_success(promise);
    ck_assert_int_eq(asynchttp_promise_response(promise, &response), ASYNCHTTP_OK);
    ck_assert_ptr_nonnull(response);
    return response;
}

int client_status(asynchttp_promise *promise)
{
    return asynchttp_response_status(client_response(promise));
}

const char *client_header(asynchttp_promise *promise, const char *name)
{
    return asynchttp_response_get(client_response(promise), name);
}

const char *client_text(asynchttp_promise *promise)
{
    const void *content;
    size_t length;
    expect_success(promise);
    ck_assert_int_eq(asynchttp_promise_content(promise, &content, &length), ASYNCHTTP_OK);
    ck_assert_uint_eq(strlen(content), length);
    return content;
}

void client_expect_pattern(asynchttp_promise *promise, uint64_t length)
{
    const void *content;
    size_t content_length;
    expect_success(promise);
    ck_assert_int_eq(asynchttp_promise_content(promise, &content, &content_length), ASYNCHTTP_OK);
    ck_assert_uint_eq(content_length, length);
    ck_assert_uint_eq(pattern_mismatches(content, content_length, 0), 0);
}

void client_expect_usable(void)
{
    ck_assert_str_eq(client_text(client_request(origin_url("/hello"), NULL)), "hello\n");
}

const char *client_raw(const char *bytes)
{
    static char texts[8][4096];
    static unsigned last;
    char *text = texts[last++ % 8];
    char *at = text + sprintf(text, "send=");
    ck_assert_uint_lt(strlen(bytes), sizeof(texts[0]) / 3 - 8);
    for (; *bytes; bytes++)
        at += sprintf(at, "%%%02X", (unsigned)(unsigned char)*bytes);
    return text;
}

/* ---- A server that the test plays ---- */

int client_reserve(unsigned *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int descriptor = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_ge(descriptor, 0);
    ck_assert_int_eq(bind(descriptor, (const struct sockaddr *)&address, size), 0);
    ck_assert_int_eq(getsockname(descriptor, (struct sockaddr *)&address, &size), 0);
    *port = ntohs(address.sin_port);
    return descriptor;
}

int client_listen(unsigned *port)
{
    int listener = client_reserve(port);
    ck_assert_int_eq(listen(listener, 16), 0);
    return listener;
}

static bool is_readable(int descriptor, int milliseconds)
{
    struct pollfd polled = {.fd = descriptor, .events = POLLIN};
    int count;
    do
        count = poll(&polled, 1, milliseconds);
    while (count < 0 && errno == EINTR);
    return count > 0;
}

int client_accept(int listener)
{
    ck_assert_msg(is_readable(listener, (int)fixture_patience(PATIENCE_MS)), "nobody connects");
    int connection = accept(listener, NULL, NULL);
    ck_assert_int_ge(connection, 0);
    return connection;
}

bool client_is_called(int listener)
{
    return is_readable(listener, 0);
}

/* How long the request is that text begins with; 0 if its head is not complete. */
static size_t request_length(const char *text)
{
    const char *end = strstr(text, "\r\n\r\n");
    const char *field = strstr(text, "Content-Length: ");
    if (!end)
        return 0;
    size_t content = field && field < end ? (size_t)strtoul(field + strlen("Content-Length: "), NULL, 10) : 0;
    return (size_t)(end + 4 - text) + content;
}

bool client_receive(int connection, char *text, size_t size)
{
    size_t length = 0;
    for (;;) {
        text[length] = '\0';
        size_t wanted = request_length(text);
        if (wanted && length >= wanted)
            return true;
        ck_assert_uint_lt(length, size - 1);
        ck_assert_msg(is_readable(connection, (int)fixture_patience(PATIENCE_MS)), "no request comes");
        ssize_t count = recv(connection, text + length, size - 1 - length, 0);
        if (count <= 0)
            return false;
        length += (size_t)count;
    }
}

void client_send(int connection, const char *text)
{
    ck_assert_int_eq(send(connection, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

/* ---- Patterns and memory ---- */

unsigned char *client_pattern(size_t length)
{
    unsigned char *bytes = malloc(length + 1);
    ck_assert_ptr_nonnull(bytes);
    pattern_fill(bytes, length, 0);
    return bytes;
}

void client_forget_peak(void)
{
    /* Of Linux; elsewhere the peak stays what it was. */
    FILE *file = fopen("/proc/self/clear_refs", "w");
    if (!file)
        return;
    fputs("5", file);
    fclose(file);
}

long client_peak_memory(void)
{
    struct rusage usage;
    ck_assert_int_eq(getrusage(RUSAGE_SELF, &usage), 0);
    return usage.ru_maxrss;
}
