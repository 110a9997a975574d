/*
 * The setters and getters of an Http.
 */
#include "authentication.h"
#include "base/fields.h"
#include "base/shared.h"
#include "cache/cache.h"
#include "dispatch.h"
#include "http.h"

enum { MOST_WORKERS = 10000, MOST_TRANSFERS = 100000 };

/* For what only reads. In a child process the lock may never open, and nobody else is there. */
static void lock_to_read(asynchttp_http *http)
{
    if (!ah_http_inherited(http))
        pthread_mutex_lock(&http->lock);
}

static void unlock(asynchttp_http *http)
{
    if (!ah_http_inherited(http))
        pthread_mutex_unlock(&http->lock);
}

/* Each setter makes a changed copy of the snapshot, under the lock; requests keep the one that they were made with. */
typedef void change_function(ah_settings *settings, void *value);

static asynchttp_code change(asynchttp_http *http, change_function *function, void *value)
{
    if (ah_http_inherited(http))
        return ASYNCHTTP_E_INVALID_ARGUMENT;
    pthread_mutex_lock(&http->lock);
    ah_settings *old = http->settings;
    ah_settings *copy = ah_settings_copy(old);
    if (copy) {
        function(copy, value);
        http->settings = copy;
    }
    pthread_mutex_unlock(&http->lock);
    if (!copy)
        return ASYNCHTTP_E_NO_MEMORY;
    ah_shared_release(old);
    return ASYNCHTTP_OK;
}

/* A setting that is one value, its setter with the condition on the value, and its getter. */
#define SETTING(type, name, condition)                                                                                 \
    static void change_##name(ah_settings *settings, void *value)                                                      \
    {                                                                                                                  \
        settings->name = *(const type *)value;                                                                         \
    }                                                                                                                  \
    asynchttp_code asynchttp_http_set_##name(asynchttp_http *http, type value)                                         \
    {                                                                                                                  \
        return (condition) ? change(http, change_##name, &value) : ASYNCHTTP_E_INVALID_ARGUMENT;                       \
    }                                                                                                                  \
    type asynchttp_http_##name(asynchttp_http *http)                                                                   \
    {                                                                                                                  \
        lock_to_read(http);                                                                                            \
        type value = http->settings->name;                                                                             \
        unlock(http);                                                                                                  \
        return value;                                                                                                  \
    }

/* Conditions on doubles are false for what is not a number. */
SETTING(double, timeout, value >= 0)
SETTING(double, connect_timeout, value > 0)
SETTING(double, decode_limit_ratio, value >= 0)
SETTING(double, heuristic_freshness, value >= 0 && value <= 1)
SETTING(uint64_t, decode_limit_hard, true)
SETTING(uint64_t, decode_limit_safe, true)
SETTING(bool, disable_ssl_certificate_validation, true)
SETTING(bool, follow_redirects, true)
SETTING(bool, follow_all_redirects, true)
SETTING(bool, forward_authorization_headers, true)
SETTING(bool, ignore_etag, true)
SETTING(bool, force_exception_to_status_code, true)

/* The same for a setting that is a shared value: value is the new one, NULL for none. */
#define SHARED_SETTING(name)                                                                                           \
    static void change_##name(ah_settings *settings, void *value)                                                      \
    {                                                                                                                  \
        ah_shared_release(settings->name);                                                                             \
        settings->name = ah_shared_hold(value);                                                                        \
    }                                                                                                                  \
    static void *get_##name(asynchttp_http *http)                                                                      \
    {                                                                                                                  \
        lock_to_read(http);                                                                                            \
        void *value = http->settings->name;                                                                            \
        unlock(http);                                                                                                  \
        return value;                                                                                                  \
    }

SHARED_SETTING(ca_certs)
SHARED_SETTING(safe_methods)
SHARED_SETTING(optimistic_concurrency_methods)
SHARED_SETTING(redirect_codes)
SHARED_SETTING(cache)

/* Sets a shared value that was just made, and lets go of it. NULL: it could not be made. */
static asynchttp_code change_to(asynchttp_http *http, change_function *function, void *made)
{
    asynchttp_code code = made ? change(http, function, made) : ASYNCHTTP_E_NO_MEMORY;
    ah_shared_release(made);
    return code;
}

asynchttp_code asynchttp_http_set_cache(asynchttp_http *http, asynchttp_cache *cache)
{
    if (cache && !ah_cache_is_usable(cache))
        return ASYNCHTTP_E_INVALID_ARGUMENT;
    return change(http, change_cache, cache);
}

asynchttp_cache *asynchttp_http_cache(asynchttp_http *http)
{
    return get_cache(http);
}

asynchttp_code asynchttp_http_set_ca_certs(asynchttp_http *http, const char *path)
{
    if (!path)
        return change(http, change_ca_certs, NULL);
    return change_to(http, change_ca_certs, ah_strings_new(NULL, &path, 1));
}

const char *asynchttp_http_ca_certs(asynchttp_http *http)
{
    const ah_strings *path = get_ca_certs(http);
    return path ? path->items[0] : NULL;
}

/* How many methods there are; 0 with *valid false if one is not a method. */
static size_t count_methods(const char *const *methods, bool *valid)
{
    size_t count = 0;
    *valid = true;
    for (; methods[count] && *valid; count++)
        *valid = ah_is_token(methods[count]);
    return count;
}

static asynchttp_code change_methods(asynchttp_http *http, change_function *function, const char *const *methods)
{
    bool valid;
    size_t count = count_methods(methods, &valid);
    if (!valid)
        return ASYNCHTTP_E_INVALID_ARGUMENT;
    return change_to(http, function, ah_strings_new(NULL, methods, count));
}

asynchttp_code asynchttp_http_set_safe_methods(asynchttp_http *http, const char *const *methods)
{
    return change_methods(http, change_safe_methods, methods);
}

const char *const *asynchttp_http_safe_methods(asynchttp_http *http)
{
    const ah_strings *methods = get_safe_methods(http);
    return methods->items;
}

asynchttp_code asynchttp_http_set_optimistic_concurrency_methods(asynchttp_http *http, const char *const *methods)
{
    return change_methods(http, change_optimistic_concurrency_methods, methods);
}

const char *const *asynchttp_http_optimistic_concurrency_methods(asynchttp_http *http)
{
    const ah_strings *methods = get_optimistic_concurrency_methods(http);
    return methods->items;
}

asynchttp_code asynchttp_http_set_redirect_codes(asynchttp_http *http, const int *codes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (codes[i] < 300 || codes[i] > 399)
            return ASYNCHTTP_E_INVALID_ARGUMENT;
    }
    return change_to(http, change_redirect_codes, ah_redirect_codes_new(codes, count));
}

const int *asynchttp_http_redirect_codes(asynchttp_http *http, size_t *count)
{
    const ah_redirect_codes *codes = get_redirect_codes(http);
    if (count)
        *count = codes->count;
    return codes->codes;
}

/* ---- TLS versions ---- */

/* One end of the range, and whether it may be set so: the other is known only under the lock. */
typedef struct tls_change {
    ah_tls_version version;
    bool minimum;
    bool valid;
} tls_change;

static void change_tls(ah_settings *settings, void *value)
{
    tls_change *wanted = value;
    ah_tls_version minimum = wanted->minimum ? wanted->version : settings->tls_minimum;
    ah_tls_version maximum = wanted->minimum ? settings->tls_maximum : wanted->version;
    wanted->valid = maximum == AH_TLS_ANY || minimum <= maximum;
    if (!wanted->valid)
        return;
    settings->tls_minimum = minimum;
    settings->tls_maximum = maximum;
}

static asynchttp_code set_tls(asynchttp_http *http, const char *version, bool minimum)
{
    tls_change wanted = {.minimum = minimum};
    if (!ah_tls_version_parse(version, &wanted.version))
        return ASYNCHTTP_E_INVALID_ARGUMENT;
    asynchttp_code code = change(http, change_tls, &wanted);
    return code || wanted.valid ? code : ASYNCHTTP_E_INVALID_ARGUMENT;
}

static const char *get_tls(asynchttp_http *http, bool minimum)
{
    lock_to_read(http);
    ah_tls_version version = minimum ? http->settings->tls_minimum : http->settings->tls_maximum;
    unlock(http);
    return ah_tls_version_name(version);
}

asynchttp_code asynchttp_http_set_tls_minimum_version(asynchttp_http *http, const char *version)
{
    return set_tls(http, version ? version : "TLSv1_2", true);
}

const char *asynchttp_http_tls_minimum_version(asynchttp_http *http)
{
    return get_tls(http, true);
}

asynchttp_code asynchttp_http_set_tls_maximum_version(asynchttp_http *http, const char *version)
{
    return set_tls(http, version, false);
}

const char *asynchttp_http_tls_maximum_version(asynchttp_http *http)
{
    return get_tls(http, false);
}

/* ---- The proxy ---- */

typedef struct proxy_choice {
    ah_proxy_setting *proxy;
    bool from_environment;
} proxy_choice;

static void change_proxy(ah_settings *settings, void *value)
{
    const proxy_choice *choice = value;
    ah_shared_release(settings->proxy);
    settings->proxy = ah_shared_hold(choice->proxy);
    settings->proxy_from_environment = choice->from_environment;
}

asynchttp_code asynchttp_http_set_proxy_info(asynchttp_http *http, const asynchttp_proxy_info *info)
{
    proxy_choice choice = {.proxy = NULL};
    if (!info)
        return change(http, change_proxy, &choice);
    choice.proxy = ah_proxy_setting_new(info);
    if (!choice.proxy)
        return ASYNCHTTP_E_NO_MEMORY;
    asynchttp_code code = change(http, change_proxy, &choice);
    ah_shared_release(choice.proxy);
    return code;
}

const asynchttp_proxy_info *asynchttp_http_proxy_info(asynchttp_http *http)
{
    lock_to_read(http);
    const ah_proxy_setting *proxy = http->settings->proxy;
    unlock(http);
    return proxy ? proxy->info : NULL;
}

asynchttp_code asynchttp_http_set_proxy_from_environment(asynchttp_http *http)
{
    proxy_choice choice = {.from_environment = true};
    return change(http, change_proxy, &choice);
}

bool asynchttp_http_proxy_from_environment(asynchttp_http *http)
{
    lock_to_read(http);
    bool from_environment = http->settings->proxy_from_environment;
    unlock(http);
    return from_environment;
}

/* ---- Credentials and certificates ---- */

/* Rows of strings, added to the ones there are. */
typedef struct row {
    const char *items[AH_CERTIFICATE_ITEMS];
    size_t count;
    bool added;
} row;

static void append_row(ah_strings **rows, row *added)
{
    ah_strings *longer = ah_strings_new(*rows, added->items, added->count);
    added->added = longer != NULL;
    if (!longer)
        return;
    ah_shared_release(*rows);
    *rows = longer;
}

static void append_credentials(ah_settings *settings, void *value)
{
    append_row(&settings->credentials, value);
}

static void append_certificate(ah_settings *settings, void *value)
{
    append_row(&settings->certificates, value);
}

/* value: the authorizations in place of those that came of the credentials. */
static void forget_credentials(ah_settings *settings, void *value)
{
    ah_shared_release(settings->credentials);
    ah_shared_release(settings->authorizations);
    settings->credentials = NULL;
    settings->authorizations = ah_shared_hold(value);
}

static asynchttp_code add_row(asynchttp_http *http, change_function *function, row *added)
{
    asynchttp_code code = change(http, function, added);
    return code || added->added ? code : ASYNCHTTP_E_NO_MEMORY;
}

asynchttp_code asynchttp_http_add_credentials(asynchttp_http *http, const char *name, const char *password,
                                              const char *domain)
{
    row added = {.items = {domain ? domain : "", name, password}, .count = AH_CREDENTIAL_ITEMS};
    if (!name || !password || !ah_is_field_value(name) || !ah_is_field_value(password))
        return ASYNCHTTP_E_INVALID_ARGUMENT;
    return add_row(http, append_credentials, &added);
}

asynchttp_code asynchttp_http_add_certificate(asynchttp_http *http, const char *key, const char *cert,
                                              const char *domain, const char *password)
{
    row added = {.items = {domain ? domain : "", key, cert, password}, .count = AH_CERTIFICATE_ITEMS};
    if (!key || !cert)
        return ASYNCHTTP_E_INVALID_ARGUMENT;
    return add_row(http, append_certificate, &added);
}

asynchttp_code asynchttp_http_clear_credentials(asynchttp_http *http)
{
    return change_to(http, forget_credentials, ah_authorizations_new());
}

/* ---- Limits of the dispatch ---- */

/* Both under the lock that change() holds: whether connections are shared follows from the number. */
typedef struct transfers_change {
    asynchttp_http *http;
    unsigned transfers;
} transfers_change;

static void change_transfers(ah_settings *settings, void *value)
{
    const transfers_change *wanted = value;
    wanted->http->transfers_per_worker = wanted->transfers;
    settings->multiplex = wanted->transfers > 1;
}

/* Under one lock, so that of two threads that set something at once the queue is not told the older last. */
static void limit(asynchttp_http *http)
{
    pthread_mutex_lock(&http->lock);
    ah_queue *queue = ah_shared_hold(http->queue);
    unsigned hires = ah_queue_limit(queue, http->max_workers, http->transfers_per_worker, http->worker_idle_timeout);
    pthread_mutex_unlock(&http->lock);
    ah_dispatch_hire(queue, hires);
    ah_shared_release(queue);
}

asynchttp_code asynchttp_http_set_max_workers(asynchttp_http *http, unsigned max_workers)
{
    if (ah_http_inherited(http) || max_workers < 1 || max_workers > MOST_WORKERS)
        return ASYNCHTTP_E_INVALID_ARGUMENT;
    pthread_mutex_lock(&http->lock);
    http->max_workers = max_workers;
    pthread_mutex_unlock(&http->lock);
    limit(http);
    return ASYNCHTTP_OK;
}

unsigned asynchttp_http_max_workers(asynchttp_http *http)
{
    lock_to_read(http);
    unsigned workers = http->max_workers;
    unlock(http);
    return workers;
}

asynchttp_code asynchttp_http_set_transfers_per_worker(asynchttp_http *http, unsigned transfers)
{
    transfers_change wanted = {http, transfers};
    if (transfers < 1 || transfers > MOST_TRANSFERS)
        return ASYNCHTTP_E_INVALID_ARGUMENT;
    asynchttp_code code = change(http, change_transfers, &wanted);
    if (!code)
        limit(http);
    return code;
}

unsigned asynchttp_http_transfers_per_worker(asynchttp_http *http)
{
    lock_to_read(http);
    unsigned transfers = http->transfers_per_worker;
    unlock(http);
    return transfers;
}

asynchttp_code asynchttp_http_set_worker_idle_timeout(asynchttp_http *http, double seconds)
{
    if (ah_http_inherited(http) || !(seconds >= 0))
        return ASYNCHTTP_E_INVALID_ARGUMENT;
    pthread_mutex_lock(&http->lock);
    http->worker_idle_timeout = seconds;
    pthread_mutex_unlock(&http->lock);
    limit(http);
    return ASYNCHTTP_OK;
}

double asynchttp_http_worker_idle_timeout(asynchttp_http *http)
{
    lock_to_read(http);
    double seconds = http->worker_idle_timeout;
    unlock(http);
    return seconds;
}
