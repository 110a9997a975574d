#include "promise.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/event.h"
#include "base/log.h"
#include "base/pool.h"
#include "base/shared.h"
#include "habit.h"
#include "worker.h"

struct asynchttp_promise {
    ah_job job;
    ah_event done;
    /* The caller, and the dispatch until the promise is fulfilled. */
    atomic_uint holders;
    ah_process process;
    /* What the program attached; under the lock of `done`. */
    void *data;
    void (*release_data)(void *data);
};

static asynchttp_promise *promise_of(ah_job *job)
{
    return (asynchttp_promise *)(void *)((char *)job - offsetof(asynchttp_promise, job));
}

static void release(asynchttp_promise *promise)
{
    if (atomic_fetch_sub_explicit(&promise->holders, 1, memory_order_acq_rel) != 1)
        return;
    if (promise->release_data && promise->data) {
        ah_worker_detain();
        promise->release_data(promise->data);
    }
    ah_request_clear(&promise->job.request);
    ah_outcome_clear(&promise->job.outcome);
    ah_shared_release(promise->job.queue);
    ah_event_destroy(&promise->done);
    ah_pool_release(promise, sizeof(*promise));
}

/* Says where in the program the request was made, as asynchttp for Python keeps the stack of the call. */
static void explain(ah_job *job)
{
    if (job->request.file)
        ah_outcome_explain(&job->outcome, " [requested at %s:%d]", job->request.file, job->request.line);
}

static void call_back(ah_job *job)
{
    if (!job->request.callbacks.done)
        return;
    AH_DEBUG("promise", "#%llu: calling back", job->request.number);
    int result = ah_callback_done(&job->request.callbacks);
    if (!result)
        return;
    AH_WARNING("promise", "#%llu: the callback returned %d, requested at %s:%d", job->request.number, result,
               job->request.file ? job->request.file : "?", job->request.line);
    if (job->outcome.code)
        return;
    ah_outcome_fail(&job->outcome, ASYNCHTTP_E_CALLBACK, "The callback returned %d", result);
    explain(job);
}

static void fulfil(ah_job *job)
{
    asynchttp_promise *promise = promise_of(job);
    if (job->request.settings && job->request.settings->force_exception_to_status_code)
        ah_outcome_force_status(&job->outcome);
    explain(job);
    call_back(job);
    AH_DEBUG("promise", "#%llu: done%s%s", job->request.number, job->outcome.code ? ": " : "",
             ah_outcome_message(&job->outcome));
    ah_request_clear(&job->request);
    ah_event_set(&promise->done);
    release(promise);
}

static void refresh(ah_job *job, const ah_request *request, ah_claim *claim);

static const ah_job_owner owner = {.fulfil = fulfil, .refresh = refresh};

/* An empty promise, held by the caller. NULL: no memory. */
static asynchttp_promise *new_promise(void)
{
    static atomic_ullong count;
    asynchttp_promise *promise = ah_pool_obtain(sizeof(*promise));
    if (!promise)
        return NULL;
    memset(promise, 0, sizeof(*promise));
    atomic_init(&promise->holders, 1);
    ah_event_init(&promise->done);
    promise->process = ah_process_current();
    ah_job *job = &promise->job;
    job->owner = &owner;
    job->request.callbacks.promise = promise;
    job->request.number = atomic_fetch_add_explicit(&count, 1, memory_order_relaxed) + 1;
    return promise;
}

/* What is fetched for the cache is not kept for anybody else. */
static int discard(asynchttp_promise *promise, const void *data, size_t length, void *callback_data)
{
    (void)promise;
    (void)data;
    (void)length;
    (void)callback_data;
    return 0;
}

/* A promise that nobody holds, for the cache's sake alone. It is no harm if there is none. */
static void refresh(ah_job *job, const ah_request *request, ah_claim *claim)
{
    asynchttp_promise *promise = new_promise();
    if (!promise) {
        ah_cache_disclaim(claim);
        return;
    }
    AH_DEBUG("promise", "#%llu: #%llu validates what it is answered with in the background", job->request.number,
             promise->job.request.number);
    promise->job.request.callbacks.on_data = discard;
    if (ah_request_repeat(&promise->job.request, request, claim))
        ah_promise_submit(promise, job->queue);
    release(promise);
}

/* Nothing of the program's, which may rely on that it is called on a worker. */
static bool calls_nothing(const ah_request *request)
{
    const ah_callbacks *callbacks = &request->callbacks;
    bool calls =
        callbacks->done || callbacks->on_data || callbacks->on_read || callbacks->on_progress || callbacks->on_interim;
    const asynchttp_cache *cache = request->settings ? request->settings->cache : NULL;
    return !calls && !(cache && cache->programs);
}

asynchttp_promise *ah_promise_new(const char *uri, const asynchttp_request *arguments, ah_settings *settings,
                                  const char *file, int line)
{
    asynchttp_promise *promise = new_promise();
    if (!promise)
        return NULL;
    ah_job *job = &promise->job;
    job->request.file = file;
    job->request.line = line;
    ah_request_init(&job->request, uri, arguments, settings, &job->outcome);
    job->anyones = calls_nothing(&job->request);
    /* In a callback nothing is waited for. */
    job->expected = job->anyones && !ah_callback_current() && ah_habit_made(promise);
    AH_DEBUG("promise", "#%llu: %s %.*s requested at %s:%d", job->request.number,
             job->request.method ? job->request.method : "?", ah_uri_shown(&job->request.uri),
             job->request.uri.text ? job->request.uri.text : "", file ? file : "?", line);
    if (job->outcome.code != ASYNCHTTP_E_NO_MEMORY)
        return promise;
    release(promise);
    return NULL;
}

ah_submission ah_promise_submit(asynchttp_promise *promise, ah_queue *queue)
{
    ah_job *job = &promise->job;
    job->expected = job->expected && ah_worker_may_stand_in(job);
    atomic_store_explicit(&promise->holders, 2, memory_order_relaxed);
    if (job->outcome.code && !job->request.callbacks.done) {
        fulfil(job);
        return AH_SUBMITTED;
    }
    ah_submission submission = ah_dispatch_submit(queue, job);
    if (submission != AH_SUBMITTED)
        release(promise);
    return submission;
}

void ah_promise_fail(asynchttp_promise *promise, asynchttp_code code, const char *why)
{
    atomic_store_explicit(&promise->holders, 2, memory_order_relaxed);
    promise->job.request.callbacks.done = NULL;
    ah_outcome_fail(&promise->job.outcome, code, "%s", why);
    fulfil(&promise->job);
}

/* ---- Waiting ---- */

static bool inherited(const asynchttp_promise *promise)
{
    return promise->process != ah_process_current();
}

/* Whether the outcome is there to be read: for everybody when it is done, and before that for the promise's own
 * callbacks. */
static bool readable(const asynchttp_promise *promise)
{
    return ah_event_happened(&promise->done) || ah_callback_current() == promise;
}

/* Why the calling thread may not wait; ASYNCHTTP_OK: it may. */
static asynchttp_code may_not_wait(const asynchttp_promise *promise)
{
    if (inherited(promise))
        return ASYNCHTTP_E_INVALID_ARGUMENT;
    if (!ah_callback_current())
        return ASYNCHTTP_OK;
    AH_WARNING("promise", "a callback read a promise that is not done, which cannot be waited for on a worker");
    return ASYNCHTTP_E_PENDING;
}

/* The program looks at the promise, or lets go of it, without a wait in which the request would be carried out. */
static void hurry(asynchttp_promise *promise)
{
    if (!ah_event_happened(&promise->done) && !inherited(promise))
        ah_queue_hurry(&promise->job);
}

static bool is_done(asynchttp_promise *promise)
{
    hurry(promise);
    return ah_event_happened(&promise->done);
}

/* Waits until the outcome can be read. ASYNCHTTP_OK, or why it cannot. */
static asynchttp_code await(asynchttp_promise *promise, ah_time deadline)
{
    if (deadline >= AH_NEVER)
        ah_habit_waited(promise);
    if (readable(promise))
        return ASYNCHTTP_OK;
    asynchttp_code code = may_not_wait(promise);
    if (!code && deadline >= AH_NEVER)
        ah_worker_stand_in(&promise->job);
    else
        hurry(promise);
    if (code || readable(promise))
        return code;
    ah_event_watch watch = {.event = &promise->done};
    return ah_events_wait(&watch, 1, 1, deadline) ? ASYNCHTTP_OK : ASYNCHTTP_E_PENDING;
}

bool asynchttp_promise_done(asynchttp_promise *promise)
{
    return is_done(promise);
}

asynchttp_code asynchttp_promise_wait(asynchttp_promise *promise)
{
    asynchttp_code code = await(promise, AH_NEVER);
    return code ? code : promise->job.outcome.code;
}

asynchttp_code asynchttp_promise_wait_for(asynchttp_promise *promise, double seconds)
{
    if (isnan(seconds))
        return ASYNCHTTP_E_INVALID_ARGUMENT;
    asynchttp_code code = await(promise, ah_clock_in(seconds));
    return code ? code : promise->job.outcome.code;
}

/* What asynchttp_wait_any() and _all() wait for. */
typedef struct several {
    ah_event_watch *watches;
    size_t count;
    /* Already done among them, and the place of the first that is. */
    size_t done;
    size_t first;
} several;

static void look(several *all, asynchttp_promise *const *promises, size_t count)
{
    all->count = 0;
    all->done = 0;
    for (size_t i = 0; i < count; i++) {
        if (!promises[i])
            continue;
        all->count++;
        if (is_done(promises[i]) && all->done++ == 0)
            all->first = i;
    }
}

static asynchttp_code block(several *all, asynchttp_promise *const *promises, size_t count, size_t enough,
                            ah_time deadline)
{
    size_t watched = 0;
    all->watches = calloc(all->count, sizeof(*all->watches));
    if (!all->watches)
        return ASYNCHTTP_E_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        if (promises[i])
            all->watches[watched++].event = &promises[i]->done;
    }
    bool reached = ah_events_wait(all->watches, watched, enough, deadline);
    free(all->watches);
    return reached ? ASYNCHTTP_OK : ASYNCHTTP_E_PENDING;
}

/* Waits until some, or all, are done. */
static asynchttp_code wait_several(several *all, asynchttp_promise *const *promises, size_t count, bool every,
                                   double seconds)
{
    if (isnan(seconds))
        return ASYNCHTTP_E_INVALID_ARGUMENT;
    look(all, promises, count);
    size_t enough = every ? all->count : 1;
    if (all->count == 0)
        return every ? ASYNCHTTP_OK : ASYNCHTTP_E_INVALID_ARGUMENT;
    if (all->done >= enough)
        return ASYNCHTTP_OK;
    if (seconds == 0)
        return ASYNCHTTP_E_PENDING;
    asynchttp_code code = ASYNCHTTP_OK;
    for (size_t i = 0; i < count && !code; i++)
        code = promises[i] && !ah_event_happened(&promises[i]->done) ? may_not_wait(promises[i]) : ASYNCHTTP_OK;
    if (!code)
        code = block(all, promises, count, enough, ah_clock_in(seconds));
    if (!code)
        look(all, promises, count);
    return code;
}

asynchttp_code asynchttp_wait_any(asynchttp_promise *const *promises, size_t count, double seconds, size_t *index)
{
    several all;
    asynchttp_code code = wait_several(&all, promises, count, false, seconds);
    if (!code && index)
        *index = all.first;
    return code;
}

asynchttp_code asynchttp_wait_all(asynchttp_promise *const *promises, size_t count, double seconds)
{
    several all;
    return wait_several(&all, promises, count, true, seconds);
}

/* ---- Reading ---- */

asynchttp_code asynchttp_promise_response(asynchttp_promise *promise, asynchttp_response **response)
{
    *response = NULL;
    asynchttp_code code = await(promise, AH_NEVER);
    if (code)
        return code;
    *response = promise->job.outcome.response;
    return promise->job.outcome.code;
}

asynchttp_code asynchttp_promise_content(asynchttp_promise *promise, const void **content, size_t *length)
{
    static const ah_buffer empty;
    asynchttp_code code = await(promise, AH_NEVER);
    const ah_buffer *buffer = code ? &empty : &promise->job.outcome.content;
    if (content)
        *content = buffer->length ? buffer->data : "";
    if (length)
        *length = buffer->length;
    return code ? code : promise->job.outcome.code;
}

asynchttp_code asynchttp_promise_error(asynchttp_promise *promise)
{
    return asynchttp_promise_wait(promise);
}

const char *asynchttp_promise_error_message(asynchttp_promise *promise)
{
    asynchttp_code code = await(promise, AH_NEVER);
    return code ? asynchttp_strerror(code) : ah_outcome_message(&promise->job.outcome);
}

int asynchttp_promise_curl_error(asynchttp_promise *promise)
{
    return await(promise, AH_NEVER) ? 0 : promise->job.outcome.curl_code;
}

/* ---- Changing ---- */

asynchttp_code asynchttp_promise_set_data(asynchttp_promise *promise, void *data, void (*release_data)(void *data))
{
    ah_event_lock(&promise->done);
    void *old = promise->data;
    void (*release_old)(void *) = promise->release_data;
    promise->data = data;
    promise->release_data = release_data;
    ah_event_unlock(&promise->done);
    if (release_old && old && old != data)
        release_old(old);
    return ASYNCHTTP_OK;
}

asynchttp_code asynchttp_promise_data(asynchttp_promise *promise, void **data)
{
    *data = NULL;
    asynchttp_code code = await(promise, AH_NEVER);
    if (code)
        return code;
    ah_event_lock(&promise->done);
    *data = promise->data;
    ah_event_unlock(&promise->done);
    return promise->job.outcome.code;
}

asynchttp_code asynchttp_promise_set_content(asynchttp_promise *promise, const void *content, size_t length)
{
    ah_buffer copy = {0};
    if (!readable(promise))
        return ASYNCHTTP_E_PENDING;
    if (!ah_buffer_append(&copy, content, length))
        return ASYNCHTTP_E_NO_MEMORY;
    ah_buffer_free(&promise->job.outcome.content);
    promise->job.outcome.content = copy;
    return ASYNCHTTP_OK;
}

void asynchttp_promise_cancel(asynchttp_promise *promise)
{
    if (!inherited(promise))
        ah_dispatch_cancel(&promise->job);
}

void asynchttp_promise_free(asynchttp_promise *promise)
{
    if (!promise || inherited(promise))
        return;
    hurry(promise);
    release(promise);
}
