/* Follows redirects, and meets errors: first as codes, then as status codes. SPDX-License-Identifier: MIT */
#include <asynchttp.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *base;

static bool print_chain(asynchttp_promise *promise)
{
    asynchttp_response *response;
    if (asynchttp_promise_response(promise, &response))
        return false;
    for (; response; response = asynchttp_response_previous(response)) {
        const char *location = asynchttp_response_get(response, "content-location");
        if (!location || strncmp(location, base, strlen(base)) != 0)
            return false;
        printf("%d %s\n", asynchttp_response_status(response), location + strlen(base));
    }
    return true;
}

static bool print_error(asynchttp_promise *promise)
{
    asynchttp_response *response;
    switch (asynchttp_promise_response(promise, &response)) {
    case ASYNCHTTP_E_TIMEOUT:
        return printf("timed out\n") > 0;
    case ASYNCHTTP_E_SERVER_NOT_FOUND:
        return printf("server not found\n") > 0;
    case ASYNCHTTP_E_REDIRECT_LIMIT: /* One of the errors that come with a response. */
        return printf("redirected too often, at last with status %d\n", asynchttp_response_status(response)) > 0;
    default:
        return false;
    }
}

static bool print_status(asynchttp_promise *promise)
{
    asynchttp_response *response;
    if (asynchttp_promise_response(promise, &response))
        return false;
    return printf("%d %s\n", asynchttp_response_status(response), asynchttp_response_get(response, "status")) > 0;
}

static bool visit(asynchttp_http *http, const char *server, const char *path, const asynchttp_request *request,
                  bool (*print)(asynchttp_promise *promise))
{
    char uri[1024];
    snprintf(uri, sizeof(uri), "%s%s", server, path);
    asynchttp_promise *promise = asynchttp_http_request(http, uri, request);
    bool ok = promise && print(promise);
    if (!ok)
        fprintf(stderr, "errors: %s: %s\n", uri, promise ? asynchttp_promise_error_message(promise) : "out of memory");
    asynchttp_promise_free(promise);
    return ok;
}

int main(int argc, char **argv)
{
    static const char chain[] = "/redirect/301?to=/redirect/302?to=/hello";
    static const char nowhere[] = "http://does.not.exist.invalid";
    const asynchttp_request *impatient = ASYNCHTTP_REQUEST(.timeout = 0.5);
    const asynchttp_request *one = ASYNCHTTP_REQUEST(.redirections = 1);
    if (argc != 2 || strlen(argv[1]) > 900)
        return EXIT_FAILURE;
    base = argv[1];
    asynchttp_http *http = asynchttp_http_new(NULL);
    bool ok = http && visit(http, base, "/redirect/301?to=/hello", NULL, print_chain) &&
              visit(http, base, "/hold/never", impatient, print_error) &&
              visit(http, nowhere, "/", NULL, print_error) && visit(http, base, chain, one, print_error);
    ok = ok && !asynchttp_http_set_force_exception_to_status_code(http, true) &&
         visit(http, base, "/hold/never", impatient, print_status) && visit(http, nowhere, "/", NULL, print_status) &&
         visit(http, base, chain, one, print_status);
    asynchttp_http_free(http);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
