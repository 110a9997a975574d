/* Gets two pages with header fields of its own, and looks at the status of each. SPDX-License-Identifier: MIT */
#include <asynchttp.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool print_page(asynchttp_promise *promise)
{
    asynchttp_response *response;
    const void *content;
    size_t length;
    if (asynchttp_promise_response(promise, &response) || asynchttp_promise_content(promise, &content, &length)) {
        fprintf(stderr, "get: %s\n", asynchttp_promise_error_message(promise));
        return false;
    }
    const char *type = asynchttp_response_get(response, "content-type");
    printf("%d %s %s\n", asynchttp_response_status(response), asynchttp_response_reason(response), type ? type : "?");
    if (!asynchttp_response_contains(response, "last-modified"))
        printf("no last-modified\n");
    if (asynchttp_response_status(response) == 200)
        printf("%.*s\n", (int)length, (const char *)content);
    return true;
}

static bool get(asynchttp_http *http, const char *base, const char *path)
{
    static const char *const headers[] = {"Accept", "application/json", "Accept-Language", "en", NULL};
    char uri[1024];
    snprintf(uri, sizeof(uri), "%s%s", base, path);
    asynchttp_promise *promise = asynchttp_http_request(http, uri, ASYNCHTTP_REQUEST(.headers = headers));
    if (!promise) {
        fprintf(stderr, "get: out of memory\n");
        return false;
    }
    bool ok = print_page(promise);
    asynchttp_promise_free(promise);
    return ok;
}

int main(int argc, char **argv)
{
    if (argc != 2 || strlen(argv[1]) > 900) {
        fprintf(stderr, "usage: get BASE-URL\n");
        return EXIT_FAILURE;
    }
    asynchttp_http *http = asynchttp_http_new(NULL);
    if (!http || asynchttp_http_set_timeout(http, 10)) {
        fprintf(stderr, "get: out of memory\n");
        asynchttp_http_free(http);
        return EXIT_FAILURE;
    }
    bool ok = get(http, argv[1], "/agencies.json") && get(http, argv[1], "/status/404");
    asynchttp_http_free(http);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
