/*
 * simple: a request, and what becomes of an error.
 *
 * asynchttp_http_request() returns at once with a promise. The response, or the error, is met where the promise is
 * read; only then does the program wait, if it must.
 *
 *     cc -o simple simple.c $(pkg-config --cflags --libs asynchttp)
 *     ./simple http://127.0.0.1:PORT
 *
 * SPDX-License-Identifier: MIT
 */
#include <asynchttp.h>

#include <stdio.h>
#include <stdlib.h>

static bool print_content(asynchttp_promise *promise)
{
    asynchttp_response *response;
    const void *content;
    size_t length;
    if (asynchttp_promise_response(promise, &response) || asynchttp_promise_content(promise, &content, &length)) {
        fprintf(stderr, "simple: %s\n", asynchttp_promise_error_message(promise));
        return false;
    }
    if (asynchttp_response_status(response) != 200) {
        fprintf(stderr, "simple: the server answered with status %d\n", asynchttp_response_status(response));
        return false;
    }
    return fwrite(content, 1, length, stdout) == length;
}

static bool catch_server_not_found(asynchttp_promise *promise)
{
    if (asynchttp_promise_error(promise) != ASYNCHTTP_E_SERVER_NOT_FOUND) {
        fprintf(stderr, "simple: not the expected error: %s\n", asynchttp_promise_error_message(promise));
        return false;
    }
    printf("caught the expected error: %s\n", asynchttp_promise_error_message(promise));
    return true;
}

int main(int argc, char **argv)
{
    char uri[1024];
    if (argc != 2 || snprintf(uri, sizeof uri, "%s/agencies.json", argv[1]) >= (int)sizeof uri) {
        fprintf(stderr, "usage: simple BASE-URL\n");
        return EXIT_FAILURE;
    }

    asynchttp_http *http = asynchttp_http_new(NULL);
    asynchttp_promise *good = http ? asynchttp_http_request(http, uri, NULL) : NULL;
    asynchttp_promise *bad = http ? asynchttp_http_request(http, "http://does.not.exist.invalid/", NULL) : NULL;
    /* Here the program could do something else: both requests are on their way. */

    if (!good || !bad)
        fprintf(stderr, "simple: out of memory\n");
    bool ok = good && bad && print_content(good) && catch_server_not_found(bad);
    asynchttp_promise_free(good);
    asynchttp_promise_free(bad);
    asynchttp_http_free(http);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
