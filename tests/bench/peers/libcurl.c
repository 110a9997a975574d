/*
 * libcurl VERB ARGUMENT...: what a program reaches that has libcurl to itself and keeps nothing. One line comes out, see
 * measure.h.
 */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../measure.h"

enum { URI_SIZE = 2048, STEP = 7919, TAG_SIZE = 256, WIDE = 512 * 1024 };

/* One transfer and what it has received. */
typedef struct transfer {
    CURL *easy;
    size_t length;
    /* NULL: the content is thrown away. */
    char *content;
    size_t capacity;
} transfer;

static size_t discard(char *data, size_t size, size_t count, void *user)
{
    (void)data;
    ((transfer *)user)->length += size * count;
    return size * count;
}

static size_t append(char *data, size_t size, size_t count, void *user)
{
    transfer *t = user;
    size_t wanted = t->length + size * count;

    if (wanted > t->capacity) {
        t->capacity = wanted * 2;
        t->content = realloc(t->content, t->capacity);
        if (!t->content)
            return 0;
    }
    memcpy(t->content + t->length, data, size * count);
    t->length = wanted;
    return size * count;
}

static void transfer_init(transfer *t, const char *url)
{
    *t = (transfer){.easy = curl_easy_init()};
    if (!t->easy)
        measure_die("out of memory");
    curl_easy_setopt(t->easy, CURLOPT_URL, url);
    curl_easy_setopt(t->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(t->easy, CURLOPT_PROXY, "");
    curl_easy_setopt(t->easy, CURLOPT_WRITEFUNCTION, discard);
    curl_easy_setopt(t->easy, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(t->easy, CURLOPT_PRIVATE, t);
}

static void transfer_free(transfer *t)
{
    curl_easy_cleanup(t->easy);
    free(t->content);
}

/* Counts a transfer that has ended, and makes it ready to be used again. */
static void count(measure *m, transfer *t, CURLcode code, long expected)
{
    long status = 0;

    curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    measure_count(m, code == CURLE_OK && status == expected ? 200 : 0, t->length);
    t->length = 0;
}

/* ---- The easy interface -------------------------------------------------------------------- */

static void repeat(measure *m, transfer *t, size_t n, long expected)
{
    measure_start(m);
    for (size_t i = 0; i < n; i++)
        count(m, t, curl_easy_perform(t->easy), expected);
    measure_stop(m);
}

/* get URL N: one at a time, over one handle. */
static void get(measure *m, char **arguments)
{
    transfer t;

    transfer_init(&t, arguments[0]);
    repeat(m, &t, measure_number(arguments[1]), 200);
    transfer_free(&t);
}

/* spread PREFIX K N: the URLs that a test of caches uses. */
static void spread(measure *m, char **arguments)
{
    size_t keys = measure_number(arguments[1]);
    size_t n = measure_number(arguments[2]);
    char url[URI_SIZE];
    transfer t;

    transfer_init(&t, arguments[0]);
    measure_start(m);
    for (size_t i = 0; i < n; i++) {
        snprintf(url, sizeof url, "%s%04zu", arguments[0], i * STEP % keys);
        curl_easy_setopt(t.easy, CURLOPT_URL, url);
        count(m, &t, curl_easy_perform(t.easy), 200);
    }
    measure_stop(m);
    transfer_free(&t);
}

static size_t find_tag(char *data, size_t size, size_t count, void *user)
{
    static const char name[] = "etag: ";

    if (count > strlen(name) && count < TAG_SIZE && curl_strnequal(data, name, strlen(name)))
        snprintf(user, TAG_SIZE, "If-None-Match: %.*s", (int)(count - strlen(name) - 2), data + strlen(name));
    return size * count;
}

/* reval URL N: asks each time whether the content has changed. */
static void revalidate(measure *m, char **arguments)
{
    char condition[TAG_SIZE] = "";
    transfer t;

    transfer_init(&t, arguments[0]);
    curl_easy_setopt(t.easy, CURLOPT_HEADERFUNCTION, find_tag);
    curl_easy_setopt(t.easy, CURLOPT_HEADERDATA, condition);
    if (curl_easy_perform(t.easy) != CURLE_OK || !*condition)
        measure_die("no entity tag in the answer to %s", arguments[0]);
    struct curl_slist *headers = curl_slist_append(NULL, condition);
    curl_easy_setopt(t.easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(t.easy, CURLOPT_HEADERFUNCTION, NULL);
    curl_easy_setopt(t.easy, CURLOPT_HEADERDATA, NULL);
    t.length = 0;
    repeat(m, &t, measure_number(arguments[1]), 304);
    transfer_free(&t);
    curl_slist_free_all(headers);
}

/* big URL: the content is thrown away. */
static void big(measure *m, char **arguments)
{
    transfer t;

    transfer_init(&t, arguments[0]);
    repeat(m, &t, 1, 200);
    transfer_free(&t);
}

static void grow_by(measure *m, const char *url, long buffer_size)
{
    transfer t;

    transfer_init(&t, url);
    curl_easy_setopt(t.easy, CURLOPT_WRITEFUNCTION, append);
    curl_easy_setopt(t.easy, CURLOPT_BUFFERSIZE, buffer_size);
    repeat(m, &t, 1, 200);
    transfer_free(&t);
}

/* grow URL: into a buffer that grows. */
static void grow(measure *m, char **arguments)
{
    grow_by(m, arguments[0], CURL_MAX_WRITE_SIZE);
}

/* wide URL: that, read in large pieces. */
static void wide(measure *m, char **arguments)
{
    grow_by(m, arguments[0], WIDE);
}

/* ---- The multi interface ------------------------------------------------------------------- */

/* Transfers over one multi handle, or over one of several. */
typedef struct group {
    CURLM *multi;
    transfer *transfers;
    size_t size;
    /* How many requests are still to be started. */
    size_t left;
    int running;
} group;

static void start(group *g, transfer *t)
{
    if (curl_multi_add_handle(g->multi, t->easy) != CURLM_OK)
        measure_die("curl_multi_add_handle failed");
    g->left--;
}

static void group_init(group *g, const char *url, size_t n, size_t concurrency)
{
    *g = (group){.multi = curl_multi_init(), .size = concurrency < n ? concurrency : n, .left = n};
    if (!g->multi)
        measure_die("out of memory");
    curl_multi_setopt(g->multi, CURLMOPT_MAXCONNECTS, (long)g->size);
    g->transfers = measure_allocate(g->size, sizeof *g->transfers);
    for (size_t i = 0; i < g->size; i++)
        transfer_init(&g->transfers[i], url);
}

static void group_start(group *g)
{
    for (size_t i = 0; i < g->size; i++)
        start(g, &g->transfers[i]);
    g->running = 1;
}

/* Carries on; starts a new request on each handle whose own has ended. */
static void group_perform(group *g, measure *m)
{
    int messages;

    curl_multi_perform(g->multi, &g->running);
    for (CURLMsg *message; (message = curl_multi_info_read(g->multi, &messages));) {
        transfer *t;
        CURLcode code = message->data.result;

        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&t);
        count(m, t, code, 200);
        curl_multi_remove_handle(g->multi, t->easy);
        if (g->left > 0) {
            start(g, t);
            g->running = 1;
        }
    }
}

static void group_free(group *g)
{
    for (size_t i = 0; i < g->size; i++)
        transfer_free(&g->transfers[i]);
    free(g->transfers);
    curl_multi_cleanup(g->multi);
}

/* In a loop that polls. headers: what each sends instead of libcurl's own fields; NULL: those. */
static void many_with(measure *m, char **arguments, struct curl_slist *headers)
{
    group g;

    group_init(&g, arguments[0], measure_number(arguments[1]), measure_number(arguments[2]));
    for (size_t i = 0; i < g.size; i++)
        curl_easy_setopt(g.transfers[i].easy, CURLOPT_HTTPHEADER, headers);
    measure_start(m);
    group_start(&g);
    while (group_perform(&g, m), g.running)
        curl_multi_poll(g.multi, NULL, 0, 1000, NULL);
    measure_stop(m);
    group_free(&g);
}

/* many URL N C: C at a time, over one multi handle. */
static void many(measure *m, char **arguments)
{
    many_with(m, arguments, NULL);
}

/* alike URL N C: the same, with the fields that the library sends. */
static void alike(measure *m, char **arguments)
{
    static const char *const lines[] = {"user-agent: asynchttp/0.0.0 (gzip)", "accept-encoding: gzip, deflate",
                                        "accept:"};
    struct curl_slist *headers = NULL;

    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        headers = curl_slist_append(headers, lines[i]);
        if (!headers)
            measure_die("out of memory");
    }
    many_with(m, arguments, headers);
    curl_slist_free_all(headers);
}

/* Returns whether something is still under way. */
static int perform_all(measure *m, group *groups, size_t count)
{
    int running = 0;

    for (size_t i = 0; i < count; i++) {
        if (!groups[i].running)
            continue;
        group_perform(&groups[i], m);
        running += groups[i].running;
        /* No longer than the other handles can wait. */
        if (groups[i].running)
            curl_multi_poll(groups[i].multi, NULL, 0, 1, NULL);
    }
    return running;
}

/* burst URL N HANDLES: N at once, spread over so many multi handles, since one looks through all of its connections for
 * each request. */
static void burst(measure *m, char **arguments)
{
    size_t n = measure_number(arguments[1]);
    size_t handles = measure_number(arguments[2]);
    group *groups = measure_allocate(handles, sizeof *groups);

    for (size_t i = 0; i < handles; i++)
        group_init(&groups[i], arguments[0], n * (i + 1) / handles - n * i / handles, n);
    measure_start(m);
    for (size_t i = 0; i < handles; i++)
        group_start(&groups[i]);
    while (perform_all(m, groups, handles))
        ;
    measure_stop(m);
    for (size_t i = 0; i < handles; i++)
        group_free(&groups[i]);
    free(groups);
}

static const struct verb {
    const char *name;
    int arguments;
    void (*run)(measure *m, char **arguments);
} verbs[] = {
    {"get", 2, get},   {"spread", 3, spread}, {"reval", 2, revalidate}, {"big", 1, big},     {"grow", 1, grow},
    {"wide", 1, wide}, {"many", 3, many},     {"alike", 3, alike},      {"burst", 3, burst},
};

int main(int argc, char **argv)
{
    measure m = {0};

    if (curl_global_init(CURL_GLOBAL_ALL) != 0)
        measure_die("libcurl cannot be used");
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        if (argc == verbs[i].arguments + 2 && strcmp(argv[1], verbs[i].name) == 0)
            verbs[i].run(&m, argv + 2);
    }
    if (m.n == 0)
        measure_die("usage: libcurl get|spread|reval|big|grow|wide|many|alike|burst ARGUMENT...");
    measure_print(&m);
    putchar('\n');
    curl_global_cleanup();
    return m.errors ? EXIT_FAILURE : EXIT_SUCCESS;
}
