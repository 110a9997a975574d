/*
 * stress SECONDS SEED [URL]: threads do at random, for so long, all that may be done with clients and promises. URL is
 * where an origin listens, "http://127.0.0.1:PORT"; without it, the bundled one is started.
 *
 * At the end every request must have come to exactly one end: its callback was called once, its promise went away, what
 * it was attached to was released, and it ended in a way that it could end. The seed makes the decisions of each thread
 * repeatable, not the order in which the threads come. To be run under the sanitizers.
 */
#include <dirent.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "asynchttp.h"
#include "fixture.h"
#include "table.h"

enum { ACTORS = 6, CLIENTS = 3, HELD = 48, SHARED = 16, CODES = 24, URL_SIZE = 200 };

/* How long the last requests may take to end, in milliseconds. */
enum { PATIENCE = 60000 };

static const char *base;
static atomic_bool over;

/* ---- The count ----------------------------------------------------------------------------- */

static atomic_long requests;
static atomic_long refused;
static atomic_long with_callback;
static atomic_long callbacks;
/* Promises that are gone, which they are only when their request has ended and nobody holds them. */
static atomic_long completions;
static atomic_long mismatches;
static atomic_long outcomes[CODES];

#if defined(__GNUC__) || defined(__clang__)
__attribute__((format(printf, 1, 2)))
#endif
static void
complain(const char *format, ...)
{
    va_list values;
    va_start(values, format);
    fputs("stress: ", stderr);
    vfprintf(stderr, format, values);
    fputc('\n', stderr);
    va_end(values);
    atomic_fetch_add(&mismatches, 1);
}

static void *allocate(size_t size)
{
    void *made = calloc(1, size);
    if (!made)
        abort();
    return made;
}

/* ---- Chance -------------------------------------------------------------------------------- */

typedef struct chance {
    uint64_t state;
} chance;

static uint32_t next(chance *self)
{
    /* splitmix64 */
    uint64_t z = self->state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (uint32_t)((z ^ (z >> 31)) >> 32);
}

/* From 0 to below. */
static unsigned pick(chance *self, unsigned below)
{
    return next(self) % below;
}

/* ---- Requests ------------------------------------------------------------------------------ */

/* What a request asks for, and how it ends if nobody interferes. */
typedef struct target {
    const char *path;
    asynchttp_code code;
    double timeout;
} target;

static const target targets[] = {
    {.path = "/hello"},
    {.path = "/bytes/%u"},
    {.path = "/bytes/%u?chunked"},
    {.path = "/gzip/%u"},
    {.path = "/delay/%u"},
    {.path = "/status/404"},
    {.path = "/raw?close", .code = ASYNCHTTP_E_CONNECTION_LOST},
    {.path = "/raw?send=nonsense%%0d%%0a%%0d%%0a&close", .code = ASYNCHTTP_E_BAD_RESPONSE},
    {.path = "/close-after"},
    {.path = "/hold/stress-%u", .code = ASYNCHTTP_E_TIMEOUT, .timeout = 0.02},
    {.path = "/slow/5/%u"},
    /* These the cache knows, and many want them at once. */
    {.path = "/stored/fresh-%u?Cache-Control=max-age=1000&body=x"},
    {.path = "/stored/stale-%u?Cache-Control=max-age=10&Age=20&ETag=%%22a%%22&body=x"},
    {.path = "/stored/refreshed-%u?Cache-Control=max-age=10,stale-while-revalidate=1000&Age=20&body=x"},
    {.path = "/stored/apart-%u?Cache-Control=no-store&body=x"},
    {.path = "/stored/moved-%u?status=301&Location=/hello"},
    {.path = NULL, .code = ASYNCHTTP_E_RELATIVE_URI},
};

/* What the callback of a request does. */
typedef enum deed {
    NO_CALLBACK,
    NOTHING,
    RETURN_ERROR,
    REQUEST_MORE,
    REQUEST_AND_CANCEL,
    REQUEST_AND_WAIT,
    CANCEL_ITSELF,
    FREE_ITSELF,
    CHANGE_ITSELF,
    CLOSE_CLIENT,
    /* Those before may be picked at random. */
    FREE_CLIENT,
} deed;

/* One request; attached to its promise, which releases it. */
typedef struct record {
    asynchttp_http *client;
    const target *target;
    deed deed;
    chance chance;
    /* How many requests may be made in turn by callbacks. */
    unsigned generations;
    bool on_data_fails;
    bool on_data;
    atomic_int calls;
    /* For FREE_CLIENT: nobody else uses the client any more. */
    sem_t unused;
} record;

static int call_back(asynchttp_promise *promise, void *data);

static void release(void *data)
{
    record *self = data;
    int calls = atomic_load(&self->calls);
    if (calls != (self->deed != NO_CALLBACK))
        complain("a callback was called %d times", calls);
    sem_destroy(&self->unused);
    free(self);
    atomic_fetch_add(&completions, 1);
}

/* Whether a request may have ended so. */
static bool may_end(const record *self, asynchttp_code code)
{
    if (code == self->target->code || code == ASYNCHTTP_E_CANCELLED)
        return true;
    return code == ASYNCHTTP_E_CALLBACK && (self->deed == RETURN_ERROR || self->on_data_fails);
}

static void note_outcome(const record *self, asynchttp_promise *promise, asynchttp_code code)
{
    if (!may_end(self, code))
        complain("%s ended with %s: %s", self->target->path ? self->target->path : "a bad argument",
                 asynchttp_code_name(code), asynchttp_promise_error_message(promise));
    if ((int)code < CODES)
        atomic_fetch_add(&outcomes[code], 1);
}

static int on_data(asynchttp_promise *promise, const void *data, size_t length, void *callback_data)
{
    const record *self = callback_data;
    asynchttp_response *response = NULL;
    (void)data;
    (void)length;
    if (asynchttp_promise_response(promise, &response) || !response)
        complain("no response while content arrives");
    return self->on_data_fails;
}

static record *record_new(asynchttp_http *client, chance *by, deed wanted, unsigned generations)
{
    record *made = allocate(sizeof(*made));
    made->client = client;
    made->target = &targets[pick(by, sizeof(targets) / sizeof(targets[0]))];
    made->deed = wanted;
    made->generations = generations;
    made->on_data = pick(by, 6) == 0;
    made->on_data_fails = made->on_data && pick(by, 4) == 0;
    made->chance.state = next(by);
    sem_init(&made->unused, 0, 0);
    return made;
}

static void print_url(char url[URL_SIZE], record *self)
{
    unsigned number = pick(&self->chance, 20);
    if (!self->target->path) {
        snprintf(url, URL_SIZE, "/relative");
        return;
    }
    if (strstr(self->target->path, "/bytes") || strstr(self->target->path, "/gzip"))
        number *= 2000;
    int length = snprintf(url, URL_SIZE, "%s", base);
    /* The formats are those in the table above. */
#if defined(__GNUC__) || defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#endif
    snprintf(url + length, URL_SIZE - (size_t)length, self->target->path, number);
#if defined(__GNUC__) || defined(__clang__)
#pragma GCC diagnostic pop
#endif
}

/* Makes the request. NULL: it was refused, or the callback frees the promise. */
static asynchttp_promise *submit(record *self)
{
    char url[URL_SIZE];
    bool called_back = self->deed != NO_CALLBACK;
    bool frees_itself = self->deed == FREE_ITSELF;
    print_url(url, self);
    asynchttp_promise *promise = asynchttp_http_request(
        self->client, url,
        ASYNCHTTP_REQUEST(.timeout = self->target->timeout, .callback = called_back ? call_back : NULL,
                          .on_data = self->on_data ? on_data : NULL, .callback_data = self));
    if (!promise) {
        atomic_fetch_add(&refused, 1);
        sem_destroy(&self->unused);
        free(self);
        return NULL;
    }
    atomic_fetch_add(&requests, 1);
    if (called_back)
        atomic_fetch_add(&with_callback, 1);
    if (frees_itself)
        return NULL;
    asynchttp_promise_set_data(promise, self, release);
    return promise;
}

static deed pick_deed(chance *by)
{
    return pick(by, 2) ? NO_CALLBACK : (deed)pick(by, FREE_CLIENT);
}

/* A request made by a callback, which lets go of it at once. */
static void request_in_callback(record *self)
{
    if (!self->generations)
        return;
    deed wanted = pick_deed(&self->chance);
    asynchttp_promise *promise = submit(record_new(self->client, &self->chance, wanted, self->generations - 1));
    if (!promise)
        return;
    if (self->deed == REQUEST_AND_CANCEL)
        asynchttp_promise_cancel(promise);
    /* If it hangs, the program does. */
    if (self->deed == REQUEST_AND_WAIT) {
        asynchttp_promise_wait(promise);
        asynchttp_wait_all(&promise, 1, -1);
    }
    asynchttp_promise_free(promise);
}

static void close_in_callback(asynchttp_http *client)
{
    asynchttp_code code = asynchttp_http_close(client);
    if (code != ASYNCHTTP_E_PENDING)
        complain("close in a callback gave %s", asynchttp_code_name(code));
}

static int call_back(asynchttp_promise *promise, void *data)
{
    record *self = data;
    atomic_fetch_add(&callbacks, 1);
    if (atomic_fetch_add(&self->calls, 1) != 0)
        complain("a callback was called again");
    asynchttp_code code = asynchttp_promise_wait(promise);
    switch (self->deed) {
    case REQUEST_MORE:
    case REQUEST_AND_CANCEL:
    case REQUEST_AND_WAIT:
        request_in_callback(self);
        break;
    case CANCEL_ITSELF:
        asynchttp_promise_cancel(promise);
        break;
    case FREE_ITSELF:
        note_outcome(self, promise, code);
        asynchttp_promise_set_data(promise, self, release);
        asynchttp_promise_free(promise);
        break;
    case CHANGE_ITSELF:
        asynchttp_promise_set_content(promise, "changed", 7);
        break;
    case CLOSE_CLIENT:
        close_in_callback(self->client);
        break;
    case FREE_CLIENT:
        while (sem_wait(&self->unused) != 0)
            ;
        asynchttp_http_free(self->client);
        break;
    default:
        break;
    }
    return self->deed == RETURN_ERROR;
}

/* ---- Clients ------------------------------------------------------------------------------- */

/* A client must not be used while it is freed: who frees it holds the lock alone. */
typedef struct slot {
    pthread_rwlock_t lock;
    asynchttp_http *client;
} slot;

static slot slots[CLIENTS];

/* Of all clients. */
static asynchttp_cache *cache;
static table objects;

static asynchttp_http *make_client(void)
{
    asynchttp_http *client = asynchttp_http_new(NULL);
    if (!client)
        abort();
    asynchttp_http_set_proxy_info(client, NULL);
    asynchttp_http_set_cache(client, cache);
    asynchttp_http_set_worker_idle_timeout(client, 0.01);
    return client;
}

static void change_settings(asynchttp_http *client, chance *by)
{
    switch (pick(by, 4)) {
    case 0:
        asynchttp_http_set_max_workers(client, 1 + pick(by, 6));
        break;
    case 1:
        asynchttp_http_set_transfers_per_worker(client, 1 + pick(by, 8));
        break;
    case 2:
        asynchttp_http_set_cache(client, pick(by, 4) ? cache : NULL);
        break;
    default:
        asynchttp_http_set_worker_idle_timeout(client, pick(by, 3) * 0.005);
        break;
    }
}

/* ---- Actors -------------------------------------------------------------------------------- */

typedef struct actor {
    pthread_t thread;
    chance chance;
    /* With NULLs in between. */
    asynchttp_promise *held[HELD];
} actor;

/* Promises that go from one actor to another. */
static struct {
    pthread_mutex_t lock;
    asynchttp_promise *promises[SHARED];
} shared = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Reads the outcome of a promise that is done, and lets go of it. */
static void finish(asynchttp_promise *promise)
{
    void *attached = NULL;
    const void *content = NULL;
    size_t length = 0;
    asynchttp_code code = asynchttp_promise_data(promise, &attached);
    if (code == ASYNCHTTP_E_PENDING || asynchttp_promise_content(promise, &content, &length) != code)
        complain("a promise that is done does not say twice the same");
    if (strlen(content) > length)
        complain("no zero byte after the content");
    note_outcome(attached, promise, code);
    asynchttp_promise_free(promise);
}

static void finish_slowly(asynchttp_promise *promise)
{
    asynchttp_promise_wait(promise);
    finish(promise);
}

/* A place for another promise; if there is none, the one that was there is waited for. */
static asynchttp_promise **place(actor *self)
{
    asynchttp_promise **found = &self->held[pick(&self->chance, HELD)];
    if (*found)
        finish_slowly(*found);
    *found = NULL;
    return found;
}

static void act_request(actor *self)
{
    asynchttp_promise **found = place(self);
    slot *used = &slots[pick(&self->chance, CLIENTS)];
    pthread_rwlock_rdlock(&used->lock);
    *found = submit(record_new(used->client, &self->chance, pick_deed(&self->chance), pick(&self->chance, 4)));
    pthread_rwlock_unlock(&used->lock);
    if (*found && pick(&self->chance, 8) == 0)
        asynchttp_promise_cancel(*found);
}

static void act_wait(actor *self)
{
    asynchttp_promise **found = &self->held[pick(&self->chance, HELD)];
    if (!*found)
        return;
    if (pick(&self->chance, 2)) {
        asynchttp_code code = asynchttp_promise_wait_for(*found, pick(&self->chance, 10) / 1000.0);
        if (code == ASYNCHTTP_E_PENDING)
            return;
    }
    finish_slowly(*found);
    *found = NULL;
}

static void act_wait_any(actor *self)
{
    size_t index = HELD;
    asynchttp_code code = asynchttp_wait_any(self->held, HELD, (int)pick(&self->chance, 3) - 1, &index);
    if (code)
        return;
    if (!self->held[index] || !asynchttp_promise_done(self->held[index]))
        complain("wait_any gave one that is not done");
    finish(self->held[index]);
    self->held[index] = NULL;
}

static void act_wait_all(actor *self)
{
    if (asynchttp_wait_all(self->held, HELD, pick(&self->chance, 20) / 1000.0))
        return;
    for (int i = 0; i < HELD; i++) {
        if (self->held[i] && !asynchttp_promise_done(self->held[i]))
            complain("wait_all came before one was done");
    }
}

static void act_cancel(actor *self)
{
    asynchttp_promise *promise = self->held[pick(&self->chance, HELD)];
    if (promise)
        asynchttp_promise_cancel(promise);
}

static void act_free(actor *self)
{
    asynchttp_promise **found = &self->held[pick(&self->chance, HELD)];
    asynchttp_promise_free(*found);
    *found = NULL;
}

/* Gives one to the others and takes what is there. */
static void act_swap(actor *self)
{
    asynchttp_promise **mine = &self->held[pick(&self->chance, HELD)];
    asynchttp_promise **theirs = &shared.promises[pick(&self->chance, SHARED)];
    pthread_mutex_lock(&shared.lock);
    asynchttp_promise *promise = *mine;
    *mine = *theirs;
    *theirs = promise;
    pthread_mutex_unlock(&shared.lock);
}

static void act_settings(actor *self)
{
    slot *used = &slots[pick(&self->chance, CLIENTS)];
    pthread_rwlock_rdlock(&used->lock);
    change_settings(used->client, &self->chance);
    pthread_rwlock_unlock(&used->lock);
}

/* What is stored is asked for again. */
static void act_remove(actor *self)
{
    char url[URL_SIZE];
    snprintf(url, sizeof(url), "%s/stored/fresh-%u?Cache-Control=max-age=1000&body=x", base, pick(&self->chance, 20));
    asynchttp_code code = asynchttp_cache_remove(cache, url);
    if (code)
        complain("remove gave %s", asynchttp_code_name(code));
}

static void act_close(actor *self)
{
    slot *used = &slots[pick(&self->chance, CLIENTS)];
    pthread_rwlock_rdlock(&used->lock);
    asynchttp_code code = asynchttp_http_close(used->client);
    pthread_rwlock_unlock(&used->lock);
    if (code)
        complain("close gave %s", asynchttp_code_name(code));
}

static void act_remake(actor *self)
{
    slot *used = &slots[pick(&self->chance, CLIENTS)];
    pthread_rwlock_wrlock(&used->lock);
    asynchttp_http_free(used->client);
    used->client = make_client();
    change_settings(used->client, &self->chance);
    pthread_rwlock_unlock(&used->lock);
}

/* A client that is freed by a callback of its own. */
static void act_free_in_callback(actor *self)
{
    asynchttp_http *client = make_client();
    for (unsigned left = pick(&self->chance, 10); left > 0; left--) {
        asynchttp_promise **found = place(self);
        *found = submit(record_new(client, &self->chance, pick(&self->chance, 2) ? NOTHING : NO_CALLBACK, 0));
    }
    record *last = record_new(client, &self->chance, FREE_CLIENT, 0);
    sem_t *unused = &last->unused;
    asynchttp_promise **found = place(self);
    *found = submit(last);
    if (*found)
        sem_post(unused);
    else
        complain("a client that is not freed refused a request");
}

/* What is done, and how often in comparison. */
static const struct act {
    void (*act)(actor *self);
    unsigned weight;
} acts[] = {
    {act_request, 400}, {act_wait, 60}, {act_wait_any, 60}, {act_wait_all, 20},
    {act_cancel, 40},   {act_free, 40}, {act_swap, 40},     {act_settings, 30},
    {act_remove, 30},   {act_close, 4}, {act_remake, 3},    {act_free_in_callback, 4},
};

static void act_at_random(actor *self)
{
    unsigned total = 0;
    for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++)
        total += acts[i].weight;
    unsigned left = pick(&self->chance, total);
    size_t i = 0;
    for (; left >= acts[i].weight; i++)
        left -= acts[i].weight;
    acts[i].act(self);
}

static void *act_until_over(void *data)
{
    actor *self = data;
    while (!atomic_load(&over))
        act_at_random(self);
    for (int i = 0; i < HELD; i++) {
        if (self->held[i])
            finish_slowly(self->held[i]);
    }
    return NULL;
}

/* ---- The program --------------------------------------------------------------------------- */

static int entries(const char *path)
{
    int count = 0;
    DIR *directory = opendir(path);
    while (directory && readdir(directory))
        count++;
    if (directory)
        closedir(directory);
    return count;
}

static void sleep_ms(long ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

/* Whatever the process opens or starts once is there afterwards. */
static void warm_up(void)
{
    char url[URL_SIZE];
    asynchttp_http *client = make_client();
    snprintf(url, sizeof(url), "%s/hello", base);
    asynchttp_promise *promise = asynchttp_http_request(client, url, NULL);
    asynchttp_code code = promise ? asynchttp_promise_wait(promise) : ASYNCHTTP_E_NO_MEMORY;
    if (code)
        complain("no answer from the origin at %s: %s", base, asynchttp_code_name(code));
    asynchttp_promise_free(promise);
    asynchttp_http_free(client);
}

static void run(long seconds, uint64_t seed)
{
    static actor actors[ACTORS];
    for (int i = 0; i < CLIENTS; i++) {
        pthread_rwlock_init(&slots[i].lock, NULL);
        slots[i].client = make_client();
    }
    for (unsigned i = 0; i < ACTORS; i++) {
        actors[i].chance.state = seed * ACTORS + i;
        if (pthread_create(&actors[i].thread, NULL, act_until_over, &actors[i]) != 0)
            abort();
    }
    sleep_ms(seconds * 1000);
    atomic_store(&over, true);
    for (int i = 0; i < ACTORS; i++)
        pthread_join(actors[i].thread, NULL);
    for (int i = 0; i < SHARED; i++) {
        if (shared.promises[i])
            finish_slowly(shared.promises[i]);
    }
    for (int i = 0; i < CLIENTS; i++) {
        asynchttp_http_free(slots[i].client);
        pthread_rwlock_destroy(&slots[i].lock);
    }
}

/* The workers of clients that were freed by callbacks may still be leaving. */
static void await_the_end(int threads, int descriptors)
{
    for (long ms = 0; ms < PATIENCE; ms += 10) {
        if (entries("/proc/self/task") == threads && atomic_load(&completions) == atomic_load(&requests) &&
            entries("/proc/self/fd") == descriptors)
            return;
        sleep_ms(10);
    }
    complain("%d threads and %d descriptors are left", entries("/proc/self/task") - threads,
             entries("/proc/self/fd") - descriptors);
}

static void check_counts(void)
{
    if (atomic_load(&requests) != atomic_load(&completions))
        complain("requests and completions differ");
    if (atomic_load(&with_callback) != atomic_load(&callbacks))
        complain("%ld requests had a callback, and %ld were called", atomic_load(&with_callback),
                 atomic_load(&callbacks));
}

static void print_counts(void)
{
    printf("requests=%ld completions=%ld callbacks=%ld refused=%ld mismatches=%ld", atomic_load(&requests),
           atomic_load(&completions), atomic_load(&callbacks), atomic_load(&refused), atomic_load(&mismatches));
    for (int code = 0; code < CODES; code++) {
        if (atomic_load(&outcomes[code]))
            printf(" %s=%ld", asynchttp_code_name((asynchttp_code)code), atomic_load(&outcomes[code]));
    }
    putchar('\n');
}

int main(int argc, char **argv)
{
    char own[64];
    if (argc < 3 || argc > 4) {
        fputs("Usage: stress SECONDS SEED [URL]\n", stderr);
        return 2;
    }
    if (argc < 4) {
        fixture_start();
        snprintf(own, sizeof(own), "http://127.0.0.1:%u", origin_port());
    }
    base = argc < 4 ? own : argv[3];
    table_init(&objects);
    cache = asynchttp_cache_new(&table_methods, &objects);
    warm_up();
    int threads = entries("/proc/self/task");
    int descriptors = entries("/proc/self/fd");
    run(strtol(argv[1], NULL, 10), strtoull(argv[2], NULL, 10));
    await_the_end(threads, descriptors);
    asynchttp_cache_free(cache);
    if (!objects.freed || objects.abused)
        complain("the cache has not been freed, or had bad keys");
    table_clear(&objects);
    check_counts();
    print_counts();
    if (argc < 4)
        fixture_stop();
    return atomic_load(&mismatches) ? EXIT_FAILURE : EXIT_SUCCESS;
}
