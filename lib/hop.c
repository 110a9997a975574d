#include "hop.h"

#include "base/clock.h"
#include "cache/storing.h"

void ah_hop_begin(ah_hop *hop, const ah_request *request, void (*wake)(void *data), bool (*is_cancelled)(void *data),
                  void *data)
{
    const ah_settings *settings = request->settings;
    *hop = (ah_hop){.request = request, .waiter = {.wake = wake, .data = data}, .is_cancelled = is_cancelled};
    hop->reuse.selected = AH_NO_ENTRY;
    if (ah_cache_is_usable(settings->cache))
        hop->cache = settings->cache;
    hop->is_retrieval =
        (ah_request_is(request, "GET") || ah_request_is(request, "HEAD")) && !ah_request_has_body(request);
    hop->asked = ah_asked_of(request->method, &request->headers, settings->heuristic_freshness, settings->ignore_etag);
}

const ah_store_methods *ah_hop_store(const ah_hop *hop)
{
    return hop->cache->store->methods;
}

ah_entry *ah_hop_selected(ah_hop *hop)
{
    return hop->reuse.selected == AH_NO_ENTRY ? NULL : &hop->stored.items[hop->reuse.selected];
}

void ah_hop_note_times(const ah_hop *hop, ah_entry *entry)
{
    entry->requested = hop->sent;
    entry->received = ah_clock_wall();
    entry->fresh_until = ah_fresh_until(entry, hop->asked.heuristic, entry->received);
}

void ah_hop_let_go(ah_hop *hop)
{
    ah_flights_leave(hop->cache->flights, &hop->waiter, AH_LANDED);
}

bool ah_hop_no_memory(const ah_hop *hop, ah_outcome *outcome)
{
    ah_outcome_fail(outcome, ASYNCHTTP_E_NO_MEMORY, "%s: Out of memory for the stored response",
                    hop->request->uri.authority);
    return false;
}
