/*
 * soup VERB ARGUMENT...: libsoup 3, and its SoupCache where there is a directory. The verbs are those of bench. One line
 * comes out, see measure.h. Everything goes through the asynchronous functions: the others pass the cache by.
 */
#include <libsoup/soup.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../measure.h"

enum { URI_SIZE = 2048, STEP = 7919 };

typedef struct run {
    SoupSession *session;
    SoupCache *cache;
    const char *url;
    /* Above 0: url is a prefix, and this many keys follow it, each key in turn or all over. */
    size_t keys;
    size_t step;
    size_t n;
    size_t started;
    measure *measure;
} run;

static void start_next(run *r);

static void end(GObject *session, GAsyncResult *result, gpointer data)
{
    run *r = data;
    SoupMessage *message = soup_session_get_async_result_message(SOUP_SESSION(session), result);
    GBytes *body = soup_session_send_and_read_finish(SOUP_SESSION(session), result, NULL);

    measure_count(r->measure, body ? (long)soup_message_get_status(message) : 0, body ? g_bytes_get_size(body) : 0);
    g_bytes_unref(body);
    if (r->started < r->n)
        start_next(r);
}

static void start_next(run *r)
{
    char url[URI_SIZE];

    if (r->keys)
        snprintf(url, sizeof url, "%s%04zu", r->url, r->started * r->step % r->keys);
    SoupMessage *message = soup_message_new("GET", r->keys ? url : r->url);
    r->started++;
    soup_session_send_and_read_async(r->session, message, G_PRIORITY_DEFAULT, NULL, end, r);
    g_object_unref(message);
}

/* n requests, so many at a time. */
static void perform(run *r, size_t n, size_t concurrency)
{
    r->n = n;
    r->started = 0;
    measure_start(r->measure);
    while (r->started < n && r->started < concurrency)
        start_next(r);
    while (r->measure->n < n)
        g_main_context_iteration(NULL, TRUE);
    measure_stop(r->measure);
}

static void get(run *r, char **arguments)
{
    r->url = arguments[0];
    perform(r, measure_number(arguments[1]), 1);
}

static void many(run *r, char **arguments)
{
    r->url = arguments[0];
    perform(r, measure_number(arguments[1]), measure_number(arguments[2]));
}

static void big(run *r, char **arguments)
{
    r->url = arguments[0];
    perform(r, 1, 1);
}

static void open_cache(run *r, const char *directory)
{
    r->cache = soup_cache_new(directory, SOUP_CACHE_SINGLE_USER);
    soup_cache_set_max_size(r->cache, 256 * 1024 * 1024);
    soup_session_add_feature(r->session, SOUP_SESSION_FEATURE(r->cache));
    soup_cache_load(r->cache);
}

static void fill(run *r, char **arguments)
{
    open_cache(r, arguments[0]);
    r->url = arguments[1];
    r->keys = measure_number(arguments[2]);
    r->step = 1;
    perform(r, r->keys, 1);
}

static void hit(run *r, char **arguments)
{
    open_cache(r, arguments[0]);
    r->url = arguments[1];
    r->keys = measure_number(arguments[2]);
    r->step = STEP;
    perform(r, measure_number(arguments[3]), 1);
}

static void revalidate(run *r, char **arguments)
{
    open_cache(r, arguments[0]);
    r->url = arguments[1];
    perform(r, 1, 1);
    /* Waits until it is stored. */
    soup_cache_flush(r->cache);
    perform(r, measure_number(arguments[2]), 1);
}

static const struct verb {
    const char *name;
    int arguments;
    /* Connections. */
    int concurrency;
    void (*run)(run *r, char **arguments);
} verbs[] = {
    {"get", 2, 1, get},   {"many", 3, 64, many}, {"big", 1, 1, big},
    {"fill", 3, 1, fill}, {"hit", 4, 1, hit},    {"reval", 3, 1, revalidate},
};

static void run_verb(const struct verb *verb, measure *m, char **arguments)
{
    run r = {.measure = m};

    r.session = soup_session_new_with_options("max-conns", verb->concurrency, "max-conns-per-host", verb->concurrency,
                                              "proxy-resolver", NULL, NULL);
    verb->run(&r, arguments);
    if (r.cache) {
        soup_cache_flush(r.cache);
        soup_cache_dump(r.cache);
        g_object_unref(r.cache);
    }
    g_object_unref(r.session);
}

int main(int argc, char **argv)
{
    measure m = {0};

    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        if (argc == verbs[i].arguments + 2 && strcmp(argv[1], verbs[i].name) == 0)
            run_verb(&verbs[i], &m, argv + 2);
    }
    if (m.n == 0)
        measure_die("usage: soup get|many|big|fill|hit|reval ARGUMENT...");
    measure_print(&m);
    putchar('\n');
    return m.errors ? EXIT_FAILURE : EXIT_SUCCESS;
}
