/*
 * bench [-w WORKERS] [-t TRANSFERS] [-a AHEAD] [-m BYTES] [-s SKIPPED] VERB ARGUMENT...: how fast the library is. What a
 * verb does is in the table of verbs, which is also what it prints if it is called without one.
 *
 * One line comes out, see measure.h; with a cache, it goes on with entries= cache_bytes= evictions=. Only the requests
 * are timed, not the start of the process. A request that does not end in a status of 200, or does not come from the
 * cache where it should, counts as an error.
 */
#include <asynchttp.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "measure.h"

enum { URI_SIZE = 2048, STEP = 7919, EVERY = 10, FEW = 64, QUEUED = 1000 };

/* How many requests are made before the first is waited for: as many as there are. */
enum { ALL = 0 };

typedef struct bench bench;

/* What a verb does. workers and transfers: settings of the client, 0: as the library has them by default. */
typedef struct verb {
    const char *name;
    /* D DIR, U URL, P PREFIX, K, N, C, F FIRST: what it is called with. */
    const char *arguments;
    const char *meaning;
    size_t ahead;
    unsigned workers;
    unsigned transfers;
    /* Writes the URI of request i. Returns whether the answer must come from the cache. */
    bool (*uri)(const bench *b, size_t i, char *uri);
    void (*run)(bench *b);
} verb;

/* A request that was made, and when. */
typedef struct made {
    asynchttp_promise *promise;
    double at;
    bool from_cache;
} made;

struct bench {
    const verb *verb;
    asynchttp_http *http;
    /* Arguments. */
    const char *directory;
    const char *url;
    size_t keys;
    size_t n;
    size_t concurrency;
    size_t first;
    /* Options. */
    size_t ahead;
    size_t workers;
    size_t transfers;
    size_t cache_bytes;
    size_t skipped;

    asynchttp_request request;
    /* Number i has its place at i modulo ahead. */
    made *requests;
    size_t done;
    /* Seconds, of each request: until the call returned, and until the content was there. NULL: not asked for. */
    double *calls;
    double *totals;
    measure measure;
};

/* ---- URIs ---------------------------------------------------------------------------------- */

static bool uri_same(const bench *b, size_t i, char *uri)
{
    (void)i;
    memcpy(uri, b->url, strlen(b->url) + 1);
    return false;
}

static bool uri_kept(const bench *b, size_t i, char *uri)
{
    uri_same(b, i, uri);
    return true;
}

static void write_uri(const bench *b, size_t number, char *uri)
{
    snprintf(uri, URI_SIZE, "%s%04zu", b->url, number);
}

static bool uri_numbered(const bench *b, size_t i, char *uri)
{
    write_uri(b, b->first + i, uri);
    return false;
}

/* All over the keys, as chance would have it, but the same each time. */
static bool uri_scattered(const bench *b, size_t i, char *uri)
{
    write_uri(b, b->skipped + i * STEP % (b->keys - b->skipped), uri);
    return true;
}

static bool uri_mixed(const bench *b, size_t i, char *uri)
{
    return i % EVERY == EVERY - 1 ? uri_numbered(b, i / EVERY, uri) : uri_scattered(b, i, uri);
}

/* ---- Requests ------------------------------------------------------------------------------ */

static void make_request(bench *b, size_t i)
{
    char uri[URI_SIZE];
    made *request = &b->requests[i % b->ahead];

    request->from_cache = b->verb->uri(b, i, uri);
    request->at = b->totals ? measure_now() : 0;
    request->promise = asynchttp_http_request(b->http, uri, &b->request);
    if (!request->promise)
        measure_die("no memory or no thread for a request");
    if (b->calls)
        b->calls[i] = measure_now() - request->at;
}

/* Waits for the oldest request, and counts it. */
static void finish_request(bench *b)
{
    made *request = &b->requests[b->done % b->ahead];
    asynchttp_response *response = NULL;
    size_t length = 0;
    asynchttp_code code = asynchttp_promise_content(request->promise, NULL, &length);

    if (b->totals)
        b->totals[b->done] = measure_now() - request->at;
    if (code == ASYNCHTTP_OK)
        asynchttp_promise_response(request->promise, &response);
    bool good = response && (!request->from_cache || asynchttp_response_fromcache(response));
    measure_count(&b->measure, good ? asynchttp_response_status(response) : 0, length);
    asynchttp_promise_free(request->promise);
    b->done++;
}

/* Sleeps but once for most of them: the last is waited for first. */
static void finish_requests(bench *b, size_t count)
{
    if (count > 1)
        asynchttp_promise_wait(b->requests[(b->done + count - 1) % b->ahead].promise);
    for (size_t i = 0; i < count; i++)
        finish_request(b);
}

static void run_all(bench *b)
{
    for (size_t i = 0; i < b->n; i++) {
        if (i - b->done == b->ahead)
            finish_requests(b, (b->ahead + 1) / 2);
        make_request(b, i);
    }
    finish_requests(b, b->n - b->done);
}

/* ---- Verbs --------------------------------------------------------------------------------- */

static void run_timed(bench *b)
{
    measure_start(&b->measure);
    run_all(b);
    measure_stop(&b->measure);
    measure_print(&b->measure);
}

static void run_latencies(bench *b)
{
    b->calls = measure_allocate(b->n, sizeof *b->calls);
    b->totals = measure_allocate(b->n, sizeof *b->totals);
    run_timed(b);
    measure_print_latencies("total", b->totals, b->n);
    measure_print_latencies("call", b->calls, b->n);
    free(b->calls);
    free(b->totals);
}

/* A request that is not among those that are counted. */
static void request_before(bench *b, const char *uri)
{
    asynchttp_promise *promise = asynchttp_http_request(b->http, uri, NULL);

    if (!promise || asynchttp_promise_wait(promise) != ASYNCHTTP_OK)
        measure_die("%s: %s", uri, promise ? asynchttp_promise_error_message(promise) : "no memory");
    asynchttp_promise_free(promise);
}

/* The cache is filled before. */
static void run_revalidations(bench *b)
{
    request_before(b, b->url);
    run_timed(b);
}

/* The first store of a process opens the cache and begins a log, whatever is thrown out. */
static void run_stores(bench *b)
{
    char uri[URI_SIZE];

    write_uri(b, b->first + b->n, uri);
    request_before(b, uri);
    run_latencies(b);
}

static int count_data(asynchttp_promise *promise, const void *data, size_t length, void *bytes)
{
    (void)promise;
    (void)data;
    *(uint64_t *)bytes += length;
    return 0;
}

/* Its content is not in the promise, but it counts. */
static void run_stream(bench *b)
{
    uint64_t bytes = 0;

    b->request.on_data = count_data;
    b->request.callback_data = &bytes;
    measure_start(&b->measure);
    run_all(b);
    measure_stop(&b->measure);
    b->measure.bytes = bytes;
    measure_print(&b->measure);
}

/* Only the making of requests is timed. They are cancelled by the end of their client. */
static void run_queue(bench *b)
{
    if (b->ahead < b->n)
        measure_die("all requests of this verb are queued at once");
    /* So that its memory is not taken for theirs. */
    memset(b->requests, 0xff, b->n * sizeof *b->requests);
    size_t before = measure_resident_kb();
    measure_start(&b->measure);
    for (size_t i = 0; i < b->n; i++)
        make_request(b, i);
    measure_stop(&b->measure);
    size_t after = measure_resident_kb();
    asynchttp_http_free(b->http);
    b->http = NULL;
    for (size_t i = 0; i < b->n; i++) {
        b->measure.errors += asynchttp_promise_error(b->requests[i].promise) != ASYNCHTTP_E_CANCELLED;
        asynchttp_promise_free(b->requests[i].promise);
    }
    b->measure.n = b->n;
    measure_print(&b->measure);
    printf(" call_us=%.3f bytes_each=%.1f", b->measure.wall * 1e6 / (double)b->n,
           ((double)after - (double)before) * 1024 / (double)b->n);
}

/* One worker: a server on the same small machine needs the other core. */
static void run_many(bench *b)
{
    if (b->workers == 0 && b->transfers == 0) {
        asynchttp_http_set_max_workers(b->http, 1);
        asynchttp_http_set_transfers_per_worker(b->http, (unsigned)b->concurrency);
    }
    run_timed(b);
}

static void run_burst(bench *b)
{
    if (b->transfers == 0)
        asynchttp_http_set_transfers_per_worker(b->http, (unsigned)(b->n + 1) / 2);
    run_timed(b);
}

static const verb verbs[] = {
    {"get", "UN", "N GETs, one at a time", 1, 0, 0, uri_same, run_timed},
    {"many", "UNC", "N GETs, at most C at a time, 64 or 4 C queued ahead, whichever is more", FEW, 0, 0, uri_same,
     run_many},
    {"fill", "DPK", "GETs PREFIX0000, PREFIX0001, ... into the cache directory", QUEUED, 0, 0, uri_numbered, run_timed},
    {"store", "DPNF", "a GET and N timed ones of PREFIX%04d from number FIRST on, one at a time, with latencies", 1, 0,
     0, uri_numbered, run_stores},
    {"hit", "DPKN", "N GETs, one at a time, of PREFIX%04d(i * 7919 % K), which the cache has", 1, 0, 0, uri_scattered,
     run_timed},
    {"hits", "DPKN", "the same, 1000 queued ahead", QUEUED, 0, 0, uri_scattered, run_timed},
    {"mix", "DPKNF", "the same by 4 workers, but each tenth is new: PREFIX%04d from number FIRST on", QUEUED, 4, 0,
     uri_mixed, run_timed},
    {"reval", "DUN", "a GET and N timed ones, each of which the server answers with 304", 1, 0, 0, uri_kept,
     run_revalidations},
    {"big", "U", "the content into memory", 1, 0, 0, uri_same, run_timed},
    {"stream", "U", "the content to a callback", 1, 0, 0, uri_same, run_stream},
    {"lat", "UN", "N GETs, one at a time, with latencies: until the call returns, until the content is there", 1, 0, 0,
     uri_same, run_latencies},
    {"burst", "UN", "N GETs at once, by 2 workers", ALL, 2, 0, uri_same, run_burst},
    {"queue", "UN", "queues N requests: the time and the memory of each; URL should be slow to answer", ALL, 1, 1,
     uri_same, run_queue},
};

/* ---- Arguments ----------------------------------------------------------------------------- */

static const char *name_of_argument(char letter)
{
    switch (letter) {
    case 'D':
        return " DIR";
    case 'U':
        return " URL";
    case 'P':
        return " PREFIX";
    case 'K':
        return " K";
    case 'C':
        return " C";
    case 'F':
        return " FIRST";
    default:
        return " N";
    }
}

static _Noreturn void usage(void)
{
    fputs("usage: bench [-w WORKERS] [-t TRANSFERS] [-a AHEAD] [-m BYTES] [-s SKIPPED] VERB ARGUMENT...\n\n"
          "    -w WORKERS    max_workers; -t TRANSFERS: transfers_per_worker. By default the library's own, but for\n"
          "                  many, burst, mix and queue\n"
          "    -a AHEAD      how many requests are made before the oldest is waited for\n"
          "    -m BYTES      how much the cache may hold\n"
          "    -s SKIPPED    so many of the K keys are left out, from the first on\n\n",
          stderr);
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        fprintf(stderr, "    %s", verbs[i].name);
        for (const char *letter = verbs[i].arguments; *letter; letter++)
            fputs(name_of_argument(*letter), stderr);
        fprintf(stderr, "\n        %s\n", verbs[i].meaning);
    }
    exit(2);
}

static void take_argument(bench *b, char letter, const char *text)
{
    switch (letter) {
    case 'D':
        b->directory = text;
        break;
    case 'U':
    case 'P':
        if (strlen(text) >= URI_SIZE)
            measure_die("a URL has more than %d characters", URI_SIZE - 1);
        b->url = text;
        break;
    case 'K':
        b->keys = b->n = measure_number(text);
        break;
    case 'C':
        b->concurrency = measure_number(text);
        break;
    case 'F':
        b->first = measure_number(text);
        break;
    default:
        b->n = measure_number(text);
    }
}

static void take_options(bench *b, int argc, char **argv)
{
    for (int option; (option = getopt(argc, argv, "+w:t:a:m:s:")) != -1;) {
        switch (option) {
        case 'w':
            b->workers = measure_number(optarg);
            break;
        case 't':
            b->transfers = measure_number(optarg);
            break;
        case 'a':
            b->ahead = measure_number(optarg);
            break;
        case 'm':
            b->cache_bytes = measure_number(optarg);
            break;
        case 's':
            b->skipped = measure_number(optarg);
            break;
        default:
            usage();
        }
    }
}

static void take_verb(bench *b, char **arguments)
{
    for (size_t i = 0; arguments[0] && i < sizeof verbs / sizeof *verbs; i++) {
        if (strcmp(verbs[i].name, arguments[0]) == 0)
            b->verb = &verbs[i];
    }
    if (!b->verb)
        usage();
    b->n = 1;
    for (const char *letter = b->verb->arguments; *letter; letter++) {
        if (!*++arguments)
            usage();
        take_argument(b, *letter, *arguments);
    }
    if (arguments[1] || (b->skipped && b->skipped >= b->keys))
        usage();
}

/* ---- The client ---------------------------------------------------------------------------- */

static void limit_cache(bench *b)
{
    asynchttp_cache *cache = asynchttp_cache_sqlite(b->directory, b->cache_bytes, 0);

    if (!cache || asynchttp_http_set_cache(b->http, cache) != ASYNCHTTP_OK)
        measure_die("no cache of this size");
    asynchttp_cache_free(cache);
}

static void make_client(bench *b)
{
    size_t workers = b->workers ? b->workers : b->verb->workers;
    size_t transfers = b->transfers ? b->transfers : b->verb->transfers;

    b->http = asynchttp_http_new(b->directory);
    if (b->http && b->cache_bytes)
        limit_cache(b);
    if (!b->http || asynchttp_http_set_proxy_info(b->http, NULL) ||
        (workers && asynchttp_http_set_max_workers(b->http, (unsigned)workers)) ||
        (transfers && asynchttp_http_set_transfers_per_worker(b->http, (unsigned)transfers)))
        measure_die("no client, or not with these settings");
}

/* When half of them are done, there must still be more than are to be under way. But what is queued longer has left the
 * processor's caches when its turn comes. */
static size_t enough_ahead(const bench *b)
{
    size_t least = b->concurrency * 4;

    if (b->verb->ahead == ALL)
        return b->n;
    return b->verb->ahead > least ? b->verb->ahead : least;
}

static void print_cache(bench *b)
{
    asynchttp_cache_statistics s = {.size = sizeof s};

    if (asynchttp_cache_stats(asynchttp_http_cache(b->http), &s) == ASYNCHTTP_OK)
        printf(" entries=%" PRIu64 " cache_bytes=%" PRIu64 " evictions=%" PRIu64, s.entries, s.bytes, s.evictions);
}

int main(int argc, char **argv)
{
    bench b = {.request = ASYNCHTTP_REQUEST_INIT};

    take_options(&b, argc, argv);
    take_verb(&b, argv + optind);
    make_client(&b);
    if (b.ahead == 0)
        b.ahead = enough_ahead(&b);
    b.requests = measure_allocate(b.ahead, sizeof *b.requests);
    b.verb->run(&b);
    if (b.directory)
        print_cache(&b);
    putchar('\n');
    asynchttp_http_free(b.http);
    free(b.requests);
    return b.measure.errors ? EXIT_FAILURE : EXIT_SUCCESS;
}
