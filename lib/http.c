#include "http.h"

#include <curl/curl.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "authentication.h"
#include "base/log.h"
#include "base/pool.h"
#include "base/shared.h"
#include "dispatch.h"
#include "promise.h"
#include "worker.h"

/* ---- Its life ---- */

static CURLcode libcurl_failed;

static void init_libcurl(void)
{
    libcurl_failed = curl_global_init(CURL_GLOBAL_DEFAULT);
}

static bool init_library(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    ah_fork_init();
    ah_log_init();
    pthread_once(&once, init_libcurl);
    if (libcurl_failed)
        AH_ERROR("http", "libcurl cannot be used: %s", curl_easy_strerror(libcurl_failed));
    return !libcurl_failed;
}

static ah_queue *new_queue(const asynchttp_http *http)
{
    ah_queue *queue = ah_queue_new();
    if (!queue)
        return NULL;
    queue->owner = http->number;
    ah_queue_limit(queue, http->max_workers, http->transfers_per_worker, http->worker_idle_timeout);
    return queue;
}

static void destroy(asynchttp_http *http)
{
    ah_shared_release(http->settings);
    ah_shared_release(http->queue);
    pthread_mutex_destroy(&http->lock);
    free(http);
    ah_pool_leave();
}

/* The defaults, the authorities of HTTPLIB2_CA_CERTS among them. NULL: no memory. */
static ah_settings *new_settings(const char *cache_directory)
{
    const char *authorities = getenv("HTTPLIB2_CA_CERTS");
    ah_settings *settings = ah_settings_new();
    if (!settings)
        return NULL;
    settings->authorizations = ah_authorizations_new();
    if (authorities && *authorities)
        settings->ca_certs = ah_strings_new(NULL, &authorities, 1);
    if (cache_directory && *cache_directory)
        settings->cache = asynchttp_cache_sqlite(cache_directory, 0, 0);
    bool cached = settings->cache || !cache_directory || !*cache_directory;
    if (cached && settings->authorizations && (!authorities || !*authorities || settings->ca_certs))
        return settings;
    ah_shared_release(settings);
    return NULL;
}

asynchttp_http *asynchttp_http_new(const char *cache_directory)
{
    static atomic_ullong count;
    asynchttp_http *http = init_library() ? calloc(1, sizeof(*http)) : NULL;
    if (!http)
        return NULL;
    http->number = atomic_fetch_add_explicit(&count, 1, memory_order_relaxed) + 1;
    ah_pool_enter();
    pthread_mutex_init(&http->lock, NULL);
    http->process = ah_process_current();
    http->max_workers = 5;
    http->transfers_per_worker = 1;
    http->worker_idle_timeout = 30;
    http->settings = new_settings(cache_directory);
    http->queue = new_queue(http);
    if (!http->queue || !http->settings) {
        destroy(http);
        return NULL;
    }
    AH_DEBUG("http", "%p: made, asynchttp %s with %s", (void *)http, ASYNCHTTP_VERSION, curl_version());
    return http;
}

/* Whether the calling thread is a worker of this Http: in one of its callbacks. */
static bool called_back(const asynchttp_http *http)
{
    const ah_queue *queue = ah_worker_queue();
    return queue && queue->owner == http->number;
}

/* Puts a queue among the shut ones; takes over the share. */
static void shut_locked(asynchttp_http *http, ah_queue *queue, ah_queue_state state)
{
    queue->next_shut = http->shut;
    queue->shut_number = ++http->shut_count;
    http->shut = queue;
    ah_queue_shut(queue, state);
}

/* A share of one of the queues that are among the first so many to be shut; NULL: there is none left. */
static ah_queue *hold_shut(asynchttp_http *http, unsigned long count)
{
    pthread_mutex_lock(&http->lock);
    ah_queue *queue = http->shut;
    while (queue && queue->shut_number > count)
        queue = queue->next_shut;
    ah_shared_hold(queue);
    pthread_mutex_unlock(&http->lock);
    return queue;
}

/* Takes the queue from among the shut ones, unless another thread has done that. */
static void forget_shut(asynchttp_http *http, ah_queue *queue)
{
    pthread_mutex_lock(&http->lock);
    for (ah_queue **link = &http->shut; *link; link = &(*link)->next_shut) {
        if (*link != queue)
            continue;
        *link = queue->next_shut;
        ah_shared_release(queue);
        break;
    }
    pthread_mutex_unlock(&http->lock);
}

/* What others shut meanwhile is not waited for. */
static void join_shut(asynchttp_http *http, unsigned long count)
{
    ah_queue *queue;
    while ((queue = hold_shut(http, count))) {
        ah_queue_join(queue);
        forget_shut(http, queue);
        ah_shared_release(queue);
    }
}

/* A share of a shut queue whose workers have left; NULL: there is none. */
static ah_queue *first_deserted(asynchttp_http *http)
{
    pthread_mutex_lock(&http->lock);
    ah_queue *queue = http->shut;
    while (queue && !ah_queue_is_deserted(queue))
        queue = queue->next_shut;
    ah_shared_hold(queue);
    pthread_mutex_unlock(&http->lock);
    return queue;
}

/* Instead of join_shut() on a worker: those who still work will be waited for by the next who closes or frees. */
static void reap_shut(asynchttp_http *http)
{
    ah_queue *queue;
    while ((queue = first_deserted(http))) {
        ah_queue_join(queue);
        forget_shut(http, queue);
        ah_shared_release(queue);
    }
}

static void abandon_shut_locked(asynchttp_http *http)
{
    for (ah_queue *queue = http->shut; queue; queue = queue->next_shut)
        ah_queue_abandon(queue);
}

static void leave_shut(asynchttp_http *http)
{
    ah_queue *queue;
    while ((queue = hold_shut(http, http->shut_count))) {
        forget_shut(http, queue);
        ah_shared_release(queue);
    }
}

void asynchttp_http_free(asynchttp_http *http)
{
    if (!http || ah_http_inherited(http))
        return;
    AH_DEBUG("http", "%p: freed", (void *)http);
    bool waits = !called_back(http);
    pthread_mutex_lock(&http->lock);
    http->freed = true;
    for (ah_queue *queue = http->shut; queue; queue = queue->next_shut)
        ah_queue_shut(queue, AH_QUEUE_CANCELLING);
    /* The Http keeps its share too: a callback may still bring requests, which the queue refuses. */
    shut_locked(http, ah_shared_hold(http->queue), AH_QUEUE_CANCELLING);
    if (!waits)
        abandon_shut_locked(http);
    pthread_mutex_unlock(&http->lock);
    if (waits)
        join_shut(http, http->shut_count);
    else
        leave_shut(http);
    destroy(http);
}

/* The settings without credentials and certificates; NULL: no memory. */
static ah_settings *without_secrets(const ah_settings *settings)
{
    ah_settings *copy = ah_settings_copy(settings);
    if (!copy)
        return NULL;
    ah_shared_release(copy->credentials);
    ah_shared_release(copy->certificates);
    ah_shared_release(copy->authorizations);
    copy->credentials = NULL;
    copy->certificates = NULL;
    copy->authorizations = ah_authorizations_new();
    if (copy->authorizations)
        return copy;
    ah_shared_release(copy);
    return NULL;
}

/* Puts a fresh queue in the place of the present one, and shuts that. */
static asynchttp_code reopen_locked(asynchttp_http *http)
{
    ah_queue *fresh = new_queue(http);
    ah_settings *settings = without_secrets(http->settings);
    if (!fresh || !settings) {
        ah_shared_release(fresh);
        ah_shared_release(settings);
        return ASYNCHTTP_E_NO_MEMORY;
    }
    shut_locked(http, http->queue, AH_QUEUE_FINISHING);
    http->queue = fresh;
    ah_shared_release(http->settings);
    http->settings = settings;
    return ASYNCHTTP_OK;
}

asynchttp_code asynchttp_http_close(asynchttp_http *http)
{
    if (ah_http_inherited(http))
        return ASYNCHTTP_E_INVALID_ARGUMENT;
    AH_DEBUG("http", "%p: closing", (void *)http);
    bool waits = !called_back(http);
    pthread_mutex_lock(&http->lock);
    asynchttp_code code = http->freed ? ASYNCHTTP_E_PENDING : reopen_locked(http);
    unsigned long shut_count = http->shut_count;
    pthread_mutex_unlock(&http->lock);
    if (code)
        return code;
    if (waits)
        join_shut(http, shut_count);
    else
        reap_shut(http);
    return waits ? ASYNCHTTP_OK : ASYNCHTTP_E_PENDING;
}

/* ---- Requests ---- */

/* In a child process there are no workers, and the lock may never open. */
static asynchttp_promise *request_in_child(const char *uri, const asynchttp_request *request, const char *file,
                                           int line)
{
    ah_settings *settings = ah_settings_new();
    asynchttp_promise *promise = settings ? ah_promise_new(uri, request, settings, file, line) : NULL;
    ah_shared_release(settings);
    if (promise)
        ah_promise_fail(promise, ASYNCHTTP_E_INVALID_ARGUMENT, "The Http was made by the process before a fork");
    return promise;
}

static ah_queue *hold_queue(asynchttp_http *http)
{
    pthread_mutex_lock(&http->lock);
    ah_queue *queue = ah_shared_hold(http->queue);
    pthread_mutex_unlock(&http->lock);
    return queue;
}

/* Takes over the share of the queue.
 *
 * Another thread may close the Http at any time, which leaves another queue in the place of the shut one. If there is
 * none, the Http is being freed. */
static bool submit(asynchttp_http *http, asynchttp_promise *promise, ah_queue *queue)
{
    ah_queue *tried = NULL;
    ah_submission submission = AH_SUBMISSION_SHUT;
    while (submission == AH_SUBMISSION_SHUT && queue != tried) {
        submission = ah_promise_submit(promise, queue);
        ah_shared_release(tried);
        tried = queue;
        queue = submission == AH_SUBMISSION_SHUT ? hold_queue(http) : NULL;
    }
    ah_shared_release(tried);
    ah_shared_release(queue);
    return submission == AH_SUBMITTED;
}

asynchttp_promise *asynchttp_http_request_at(asynchttp_http *http, const char *uri, const asynchttp_request *request,
                                             const char *file, int line)
{
    if (ah_http_inherited(http))
        return request_in_child(uri, request, file, line);
    pthread_mutex_lock(&http->lock);
    ah_settings *settings = ah_shared_hold(http->settings);
    ah_queue *queue = ah_shared_hold(http->queue);
    pthread_mutex_unlock(&http->lock);
    asynchttp_promise *promise = ah_promise_new(uri, request, settings, file, line);
    ah_shared_release(settings);
    if (!promise)
        ah_shared_release(queue);
    else if (submit(http, promise, queue))
        return promise;
    asynchttp_promise_free(promise);
    return NULL;
}

/* The function behind the macro, for those who cannot use macros. */
asynchttp_promise *(asynchttp_http_request)(asynchttp_http *http, const char *uri, const asynchttp_request *request)
{
    return asynchttp_http_request_at(http, uri, request, NULL, 0);
}
