/*
 * pool THREADS AHEAD URL N: what a program reaches that writes its own pool of threads: a queue under a lock, a thread
 * for each request in flight, each with an easy handle of libcurl. N GETs, so many ahead of the one that is waited for.
 * One line comes out, see measure.h.
 */
#include <curl/curl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../measure.h"

enum { STACK = 256 * 1024 };

typedef struct job {
    const char *url;
    char *content;
    size_t length;
    long status;
    bool done;
    struct job *next;
    pthread_mutex_t lock;
    pthread_cond_t ended;
} job;

/* Jobs that wait, oldest first. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    job *first;
    job **end;
    bool over;
} queue = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, NULL, &queue.first, false};

static size_t append(char *data, size_t size, size_t count, void *user)
{
    job *j = user;
    char *content = realloc(j->content, j->length + size * count + 1);

    if (!content)
        return 0;
    j->content = content;
    memcpy(content + j->length, data, size * count);
    j->length += size * count;
    content[j->length] = '\0';
    return size * count;
}

/* ---- Threads ------------------------------------------------------------------------------- */

static void put(job *j)
{
    pthread_mutex_lock(&queue.lock);
    j->next = NULL;
    *queue.end = j;
    queue.end = &j->next;
    pthread_cond_signal(&queue.changed);
    pthread_mutex_unlock(&queue.lock);
}

/* NULL: there will be no more. */
static job *take(void)
{
    pthread_mutex_lock(&queue.lock);
    while (!queue.first && !queue.over)
        pthread_cond_wait(&queue.changed, &queue.lock);
    job *j = queue.first;
    if (j && !(queue.first = j->next))
        queue.end = &queue.first;
    pthread_mutex_unlock(&queue.lock);
    return j;
}

static void perform(CURL *easy, job *j)
{
    curl_easy_setopt(easy, CURLOPT_URL, j->url);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, j);
    if (curl_easy_perform(easy) == CURLE_OK)
        curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &j->status);
    pthread_mutex_lock(&j->lock);
    j->done = true;
    pthread_cond_signal(&j->ended);
    pthread_mutex_unlock(&j->lock);
}

static void *work(void *unused)
{
    CURL *easy = curl_easy_init();

    if (!easy)
        measure_die("out of memory");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, append);
    for (job *j; (j = take());)
        perform(easy, j);
    curl_easy_cleanup(easy);
    return unused;
}

/* ---- The program's side -------------------------------------------------------------------- */

static job *make(const char *url)
{
    job *j = measure_allocate(1, sizeof *j);

    j->url = url;
    pthread_mutex_init(&j->lock, NULL);
    pthread_cond_init(&j->ended, NULL);
    put(j);
    return j;
}

static void finish(measure *m, job *j)
{
    pthread_mutex_lock(&j->lock);
    while (!j->done)
        pthread_cond_wait(&j->ended, &j->lock);
    pthread_mutex_unlock(&j->lock);
    measure_count(m, j->status, j->length);
    pthread_mutex_destroy(&j->lock);
    pthread_cond_destroy(&j->ended);
    free(j->content);
    free(j);
}

static void run(measure *m, const char *url, size_t n, size_t ahead)
{
    job **jobs = measure_allocate(ahead, sizeof(job *));

    measure_start(m);
    for (size_t i = 0; i < n + ahead; i++) {
        if (i >= ahead)
            finish(m, jobs[i % ahead]);
        if (i < n)
            jobs[i % ahead] = make(url);
    }
    measure_stop(m);
    free(jobs);
}

static void start_threads(pthread_t *threads, size_t count)
{
    pthread_attr_t attributes;

    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK);
    for (size_t i = 0; i < count; i++) {
        if (pthread_create(&threads[i], &attributes, work, NULL) != 0)
            measure_die("no thread");
    }
    pthread_attr_destroy(&attributes);
}

static void join_threads(pthread_t *threads, size_t count)
{
    pthread_mutex_lock(&queue.lock);
    queue.over = true;
    pthread_cond_broadcast(&queue.changed);
    pthread_mutex_unlock(&queue.lock);
    for (size_t i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
}

int main(int argc, char **argv)
{
    measure m;

    if (argc != 5 || curl_global_init(CURL_GLOBAL_ALL) != 0)
        measure_die("usage: pool THREADS AHEAD URL N");
    size_t count = measure_number(argv[1]);
    size_t n = measure_number(argv[4]);
    size_t ahead = measure_number(argv[2]);
    pthread_t *threads = measure_allocate(count, sizeof *threads);
    start_threads(threads, count);
    run(&m, argv[3], n, ahead < n ? ahead : n);
    join_threads(threads, count);
    free(threads);
    measure_print(&m);
    putchar('\n');
    curl_global_cleanup();
    return m.errors ? EXIT_FAILURE : EXIT_SUCCESS;
}
