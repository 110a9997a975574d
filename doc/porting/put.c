/* Puts a text and some bytes, with a name and a password in case the server asks for them.
 * SPDX-License-Identifier: MIT */
#include <asynchttp.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool print_answer(asynchttp_promise *promise)
{
    asynchttp_response *response;
    const void *content;
    size_t length;
    if (asynchttp_promise_response(promise, &response) || asynchttp_promise_content(promise, &content, &length)) {
        fprintf(stderr, "put: %s\n", asynchttp_promise_error_message(promise));
        return false;
    }
    int status = asynchttp_response_status(response);
    if (status == 401) {
        fprintf(stderr, "put: the name or the password is wrong\n");
        return false;
    }
    if (status >= 300) {
        fprintf(stderr, "put: the server answered with status %d\n", status);
        return false;
    }
    const char *type = asynchttp_response_get(response, "content-type");
    printf("%d %s %zu bytes\n", status, type ? type : "?", length);
    return fwrite(content, 1, length, stdout) == length && printf("\n") > 0;
}

/* length 0: the body is a string. */
static bool put(asynchttp_http *http, const char *base, const void *body, size_t length, const char *type)
{
    char uri[1024];
    const char *const headers[] = {"Content-Type", type, NULL};
    snprintf(uri, sizeof(uri), "%s/echo", base);
    asynchttp_promise *promise = asynchttp_http_request(
        http, uri, ASYNCHTTP_REQUEST(.method = "PUT", .body = body, .body_length = length, .headers = headers));
    if (!promise) {
        fprintf(stderr, "put: out of memory\n");
        return false;
    }
    bool ok = print_answer(promise);
    asynchttp_promise_free(promise);
    return ok;
}

int main(int argc, char **argv)
{
    if (argc != 2 || strlen(argv[1]) > 900) {
        fprintf(stderr, "usage: put BASE-URL\n");
        return EXIT_FAILURE;
    }
    asynchttp_http *http = asynchttp_http_new(NULL);
    if (!http || asynchttp_http_add_credentials(http, "joe", "secret", NULL)) {
        fprintf(stderr, "put: out of memory\n");
        asynchttp_http_free(http);
        return EXIT_FAILURE;
    }
    bool ok = put(http, argv[1], "To be, or not to be", 0, "text/plain") &&
              put(http, argv[1], "a\0b\0", 4, "application/octet-stream");
    asynchttp_http_free(http);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
