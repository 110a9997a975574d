/*
 * fetch: fetches URLs side by side, and prints a table of them in the order in which they are completed.
 *
 * It reads what a response tells: status, size, HTTP version, whether it came from the cache. A callback takes the time
 * when a request has ended. No more requests are made than can be in flight, since time in the queue would count too.
 *
 *     cc -o fetch fetch.c $(pkg-config --cflags --libs asynchttp)
 *     ./fetch URL...
 *
 * SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L
#include <asynchttp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Longer URLs lose their middle. */
enum { WORKERS = 4, TRANSFERS = 16, URL_WIDTH = 48 };

typedef struct page {
    const char *url;
    double begin, end;
    asynchttp_promise *failed; /* Kept for its message, if there was an error. */
} page;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int take_time(asynchttp_promise *promise, void *data)
{
    (void)promise;
    ((page *)data)->end = now();
    return 0;
}

static int print_header(char **urls, size_t count)
{
    int width = 3;
    for (size_t i = 0; i < count; i++)
        while (width < URL_WIDTH && strlen(urls[i]) > (size_t)width)
            width++;
    printf("%-*s  %9s  %10s  STATUS  FROM\n", width, "URL", "TIME", "SIZE");
    return width;
}

static void print_url(const char *url, int width)
{
    int over = (int)strlen(url) - width;
    int head = over > 0 ? (width - 3) / 2 : width;
    printf("%-*.*s%s%s", head, head, url, over > 0 ? "..." : "", over > 0 ? url + head + 3 + over : "");
}

static void print_size(size_t bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    double size = (double)bytes;
    int i = 0;
    for (; size >= 1023.95 && i < 4; i++)
        size /= 1024;
    printf("  %6.*f %-3s", i > 0, size, units[i]);
}

static void print_row(const page *p, asynchttp_promise *promise, int width)
{
    asynchttp_response *response;
    size_t length;
    asynchttp_code error = asynchttp_promise_response(promise, &response);
    print_url(p->url, width);
    printf("  %6.0f ms", (p->end - p->begin) * 1e3);
    if (error || asynchttp_promise_content(promise, NULL, &length)) {
        printf("  %10s  %s\n", "-", asynchttp_code_name(error) + strlen("ASYNCHTTP_"));
        return;
    }
    print_size(length);
    int version = asynchttp_response_version(response);
    printf("  %6d  %s, HTTP/%.*f\n", asynchttp_response_status(response),
           asynchttp_response_fromcache(response) ? "cache" : "network", version < 20, version / 10.0);
}

/* Returns whether all pages have arrived. */
static bool print_end(const page *pages, size_t count, double seconds)
{
    double sum = 0;
    size_t failed = 0;
    for (size_t i = 0; i < count; i++) {
        sum += pages[i].end - pages[i].begin;
        if (pages[i].failed)
            printf("%s%s: %s\n", failed++ ? "" : "\n", pages[i].url, asynchttp_promise_error_message(pages[i].failed));
    }
    printf(failed ? "\n%zu %s of %zu" : "\n%zu %s", count - failed, count - failed == 1 ? "page" : "pages", count);
    printf(count > 1 ? " in %.2f s; one after the other they would have taken %.2f s\n" : " in %.2f s\n", seconds, sum);
    return failed == 0;
}

/* Returns false if there is no memory. */
static bool fetch(asynchttp_http *http, page *pages, asynchttp_promise **promises, char **urls, size_t count)
{
    int width = print_header(urls, count);
    size_t requested = 0, i;
    for (size_t done = 0; done < count; done++) {
        for (; requested < count && requested - done < WORKERS * TRANSFERS; requested++) {
            page *p = &pages[requested];
            p->url = urls[requested];
            p->begin = now();
            promises[requested] =
                asynchttp_http_request(http, p->url, ASYNCHTTP_REQUEST(.callback = take_time, .callback_data = p));
        }
        if (asynchttp_wait_any(promises, requested, -1, &i))
            return false;
        print_row(&pages[i], promises[i], width);
        if (asynchttp_promise_error(promises[i]))
            pages[i].failed = promises[i];
        else
            asynchttp_promise_free(promises[i]);
        promises[i] = NULL;
    }
    return true;
}

int main(int argc, char **argv)
{
    size_t count = argc > 1 ? (size_t)argc - 1 : 0;
    asynchttp_http *http = asynchttp_http_new(NULL);
    page *pages = calloc(count + 1, sizeof *pages);
    asynchttp_promise **promises = calloc(count + 1, sizeof(asynchttp_promise *));
    double begin = now();
    setvbuf(stdout, NULL, _IOLBF, 0);
    bool ok = count > 0 && http && pages && promises && !asynchttp_http_set_max_workers(http, WORKERS) &&
              !asynchttp_http_set_transfers_per_worker(http, TRANSFERS) && !asynchttp_http_set_timeout(http, 30) &&
              fetch(http, pages, promises, argv + 1, count);

    if (!ok)
        fprintf(stderr, count > 0 ? "fetch: out of memory\n" : "usage: fetch URL...\n");
    ok = ok && print_end(pages, count, now() - begin);
    /* First: the callbacks of what is still under way run in here. */
    asynchttp_http_free(http);
    for (size_t i = 0; pages && promises && i < count; i++) {
        asynchttp_promise_free(promises[i]);
        asynchttp_promise_free(pages[i].failed);
    }
    free(promises);
    free(pages);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
