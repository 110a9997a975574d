#include "cache/cache.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/shared.h"
#include "base/uri.h"
#include "cache/store_objects.h"
#include "cache/store_sqlite.h"

static void destroy(void *value)
{
    asynchttp_cache *cache = value;
    if (cache->store)
        cache->store->methods->free(cache->store);
    ah_flights_free(cache->flights);
    ah_flights_free(cache->refreshes);
}

/* A cache without a store yet. */
static asynchttp_cache *new_cache(void)
{
    ah_fork_init();
    ah_log_init();
    asynchttp_cache *cache = ah_shared_new(sizeof(*cache), destroy);
    if (!cache)
        return NULL;
    cache->process = ah_process_current();
    cache->flights = ah_flights_new();
    cache->refreshes = ah_flights_new();
    if (cache->flights && cache->refreshes)
        return cache;
    ah_shared_release(cache);
    return NULL;
}

static asynchttp_cache *with_store(asynchttp_cache *cache, ah_store *store)
{
    cache->store = store;
    if (store)
        return cache;
    ah_shared_release(cache);
    return NULL;
}

asynchttp_cache *asynchttp_cache_sqlite(const char *directory, uint64_t max_bytes, uint64_t max_entry_bytes)
{
    asynchttp_cache *cache = directory && *directory ? new_cache() : NULL;
    return cache ? with_store(cache, ah_store_sqlite_new(directory, max_bytes, max_entry_bytes)) : NULL;
}

asynchttp_cache *asynchttp_cache_new(const asynchttp_cache_methods *methods, void *context)
{
    asynchttp_cache *cache = methods->get && methods->set && methods->delete ? new_cache() : NULL;
    if (!cache)
        return NULL;
    cache->programs = true;
    return with_store(cache, ah_store_objects_new(methods, context));
}

bool ah_cache_is_usable(const asynchttp_cache *cache)
{
    return cache && cache->process == ah_process_current();
}

void ah_cache_count(atomic_ullong *counter)
{
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

void asynchttp_cache_free(asynchttp_cache *cache)
{
    if (ah_cache_is_usable(cache))
        ah_shared_release(cache);
}

/* ---- Validations in the background ---- */

struct ah_claim {
    /* A share. */
    asynchttp_cache *cache;
    ah_waiter waiter;
};

ah_claim *ah_cache_claim(asynchttp_cache *cache, const char *uri, uint64_t salt)
{
    ah_claim *claim = calloc(1, sizeof(*claim));
    if (!claim || ah_flights_join(cache->refreshes, uri, salt, &claim->waiter, false) != AH_FLIGHT_LEAD) {
        free(claim);
        return NULL;
    }
    claim->cache = ah_shared_hold(cache);
    return claim;
}

void ah_cache_disclaim(ah_claim *claim)
{
    if (!claim)
        return;
    ah_flights_leave(claim->cache->refreshes, &claim->waiter, AH_LANDED);
    ah_shared_release(claim->cache);
    free(claim);
}

/* ---- The program's view ---- */

static asynchttp_code code_of(ah_store_result result)
{
    switch (result) {
    case AH_STORE_OK:
    case AH_STORE_ABSENT:
        return ASYNCHTTP_OK;
    case AH_STORE_STOPPED:
        return ASYNCHTTP_E_CALLBACK;
    default:
        return ASYNCHTTP_E_CACHE;
    }
}

asynchttp_code asynchttp_cache_clear(asynchttp_cache *cache)
{
    if (!ah_cache_is_usable(cache) || !cache->store->methods->clear)
        return ASYNCHTTP_E_INVALID_ARGUMENT;
    return code_of(cache->store->methods->clear(cache->store));
}

asynchttp_code asynchttp_cache_remove(asynchttp_cache *cache, const char *uri)
{
    ah_uri parsed = {0};
    const char *why;
    if (!ah_cache_is_usable(cache))
        return ASYNCHTTP_E_INVALID_ARGUMENT;
    asynchttp_code code = ah_uri_parse(&parsed, uri, &why);
    if (code)
        return code;
    code = code_of(cache->store->methods->remove_uri(cache->store, parsed.text, NULL));
    ah_uri_clear(&parsed);
    return code;
}

typedef struct walk {
    asynchttp_cache_visitor *visitor;
    void *data;
    asynchttp_code code;
} walk;

static uint64_t content_bytes(const ah_entry *entry)
{
    uint64_t bytes = 0;
    if (!entry->partial)
        return entry->length;
    for (size_t i = 0; i < entry->ranges.count; i++)
        bytes += entry->ranges.items[i].end - entry->ranges.items[i].first;
    return bytes;
}

static bool show(void *data, const ah_entry *entry)
{
    walk *under_way = data;
    ah_buffer variant = {0};
    if (!ah_entry_write_fields(&variant, &entry->selecting)) {
        ah_buffer_free(&variant);
        under_way->code = ASYNCHTTP_E_NO_MEMORY;
        return false;
    }
    const asynchttp_cache_entry shown = {.uri = entry->uri,
                                         .method = entry->method,
                                         .variant = variant.data ? variant.data : "",
                                         .status = entry->status,
                                         .requested = entry->requested,
                                         .received = entry->received,
                                         .fresh_until = entry->fresh_until,
                                         .used = entry->used,
                                         .hits = entry->hits,
                                         .content_bytes = content_bytes(entry),
                                         .bytes = entry->size,
                                         .partial = entry->partial};
    bool goes_on = under_way->visitor(&shown, under_way->data) == 0;
    ah_buffer_free(&variant);
    return goes_on;
}

asynchttp_code asynchttp_cache_each(asynchttp_cache *cache, asynchttp_cache_visitor *visitor, void *data)
{
    if (!ah_cache_is_usable(cache) || !cache->store->methods->each)
        return ASYNCHTTP_E_INVALID_ARGUMENT;
    walk under_way = {.visitor = visitor, .data = data};
    ah_store_result result = cache->store->methods->each(cache->store, show, &under_way);
    return under_way.code ? under_way.code : code_of(result);
}

asynchttp_code asynchttp_cache_stats(asynchttp_cache *cache, asynchttp_cache_statistics *statistics)
{
    ah_store_size size = {0};
    size_t known = statistics->size;
    if (!ah_cache_is_usable(cache) || known < sizeof(known) || known > 4096)
        return ASYNCHTTP_E_INVALID_ARGUMENT;
    if (cache->store->methods->measure && cache->store->methods->measure(cache->store, &size) == AH_STORE_FAILED)
        return ASYNCHTTP_E_CACHE;
    const asynchttp_cache_statistics counted = {.size = known,
                                                .hits = atomic_load(&cache->hits),
                                                .misses = atomic_load(&cache->misses),
                                                .revalidations = atomic_load(&cache->revalidations),
                                                .stores = atomic_load(&cache->stores),
                                                .evictions = size.evictions,
                                                .entries = size.entries,
                                                .bytes = size.bytes};
    memset(statistics, 0, known);
    memcpy(statistics, &counted, known < sizeof(counted) ? known : sizeof(counted));
    return ASYNCHTTP_OK;
}
