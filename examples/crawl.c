/*
 * crawl: fetches all URLs of a list, however long, and prints them as they arrive: status, bytes, URL or error.
 *
 * There are as many places for promises as requests can be in flight. asynchttp_wait_any() says which one is done and
 * passes over NULLs, the places that are struck out because the list has come to its end. Errors do not end the crawl.
 *
 *     cc -o crawl crawl.c $(pkg-config --cflags --libs asynchttp)
 *     ./crawl FILE           one URL a line; -: standard input
 *
 * SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L
#include <asynchttp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORKERS = 4, TRANSFERS = 32, PLACES = WORKERS * TRANSFERS };

/* Requests the next URL, and attaches it to the promise. NULL: there are no more. */
static asynchttp_promise *request_next(asynchttp_http *http, FILE *list)
{
    char *line = NULL;
    size_t size = 0;
    bool more = getline(&line, &size, list) > 0;
    if (more)
        line[strcspn(line, "\r\n")] = '\0';
    asynchttp_promise *promise = more ? asynchttp_http_request(http, line, NULL) : NULL;
    if (!promise || asynchttp_promise_set_data(promise, line, free))
        free(line);
    return promise;
}

static bool print(asynchttp_promise *promise)
{
    asynchttp_response *response;
    size_t length;
    void *url;
    if (asynchttp_promise_data(promise, &url) || asynchttp_promise_response(promise, &response) ||
        asynchttp_promise_content(promise, NULL, &length)) {
        printf("  - %9s %s: %s\n", "-", (char *)url, asynchttp_promise_error_message(promise));
        return false;
    }
    printf("%3d %9zu %s\n", asynchttp_response_status(response), length, (char *)url);
    return true;
}

static bool crawl(asynchttp_http *http, FILE *list)
{
    asynchttp_promise *promises[PLACES];
    unsigned long arrived = 0, failed = 0;
    size_t i;
    for (i = 0; i < PLACES; i++)
        promises[i] = request_next(http, list);
    while (asynchttp_wait_any(promises, PLACES, -1, &i) == ASYNCHTTP_OK) {
        *(print(promises[i]) ? &arrived : &failed) += 1;
        asynchttp_promise_free(promises[i]);
        promises[i] = request_next(http, list);
    }
    printf("%lu arrived, %lu failed\n", arrived, failed);
    return feof(list) && !ferror(stdout);
}

int main(int argc, char **argv)
{
    FILE *list = argc != 2 ? NULL : strcmp(argv[1], "-") == 0 ? stdin : fopen(argv[1], "r");
    asynchttp_http *http = asynchttp_http_new(NULL);
    bool ok = http && list && !asynchttp_http_set_max_workers(http, WORKERS) &&
              !asynchttp_http_set_transfers_per_worker(http, TRANSFERS) && !asynchttp_http_set_timeout(http, 30) &&
              crawl(http, list);

    if (!ok)
        fprintf(stderr, "crawl: cannot read the list to its end; usage: crawl FILE\n");
    asynchttp_http_free(http);
    if (list)
        fclose(list);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
