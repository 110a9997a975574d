#include "caching.h"

#include <string.h>

#include "authentication.h"
#include "base/clock.h"
#include "base/log.h"
#include "cache/storing.h"
#include "cache/validators.h"
#include "cache/vary.h"
#include "delivery.h"
#include "recording.h"
#include "response.h"

/* ---- Before the request is sent ---- */

/* Requests that a response to one of them may serve: they have the same credentials and the same patience. */
static uint64_t salt_of(const ah_request *request)
{
    const char *authorization = ah_fields_get(&request->headers, "authorization");
    uint64_t salt = 0;
    uint64_t patience;
    /* Any number of seconds, also such as no integer has. */
    memcpy(&patience, &request->timeout, sizeof(patience));
    for (; authorization && *authorization; authorization++)
        salt = salt * 31 + (unsigned char)*authorization;
    return salt * 31 + patience;
}

/* Whether another request's response could serve this one. */
static bool may_collapse(const ah_hop *hop)
{
    const ah_directives *asked = &hop->asked.directives;
    const ah_fields *headers = &hop->request->headers;
    return !hop->asked.head && !asked->no_store && !asked->no_cache && asked->max_age != 0 &&
           !ah_fields_find(headers, "range") && !ah_is_conditional(headers);
}

/* Whether it may wait for another's transfer. One that has waited, for a response that did not serve it, goes by itself;
 * and so does one that has waited for two that failed, since each may have taken long. */
static bool may_wait(const ah_hop *hop)
{
    switch (hop->waiter.landing) {
    case AH_LANDED_NEVER:
        return true;
    case AH_LANDED_NOT:
        return !hop->disappointed;
    default:
        return !hop->waited;
    }
}

static bool collapses(ah_hop *hop)
{
    bool waits = may_wait(hop);
    if (!may_collapse(hop) || hop->waiter.flight)
        return false;
    hop->waited = true;
    hop->disappointed = hop->disappointed || hop->waiter.landing == AH_LANDED_NOT;
    hop->waiter.landing = AH_LANDED;
    return ah_flights_join(hop->cache->flights, hop->request->uri.text, salt_of(hop->request), &hop->waiter, waits) ==
           AH_FLIGHT_WAIT;
}

/* httplib2 says in the words of HTTP/1.1 what was asked in those of 1.0. */
static bool translate_pragma(ah_hop *hop)
{
    bool translated = hop->asked.directives.no_cache && !ah_fields_find(&hop->request->headers, "cache-control");
    return !translated || ah_fields_set(&hop->conditions, "cache-control", "no-cache");
}

static ah_consultation ask_server(ah_hop *hop)
{
    ah_fields_clear(&hop->conditions);
    bool validates = hop->reuse.verdict == AH_VERDICT_VALIDATE;
    if (!translate_pragma(hop) ||
        (validates && !ah_reuse_conditions(&hop->conditions, &hop->asked, &hop->stored, hop->reuse.selected)))
        return AH_CONSULTED_NO_MEMORY;
    return collapses(hop) ? AH_CONSULTED_WAIT : AH_CONSULTED_SEND;
}

/* A refresh in the background is there to ask the server, unless that has been done meanwhile. */
static void insist(ah_hop *hop)
{
    if (hop->request->claim && hop->reuse.verdict == AH_VERDICT_USE_AND_REFRESH)
        hop->reuse.verdict = AH_VERDICT_VALIDATE;
}

static ah_consultation answer(ah_hop *hop, ah_outcome *outcome)
{
    if (hop->reuse.verdict == AH_VERDICT_USE_AND_REFRESH)
        hop->claim = ah_cache_claim(hop->cache, hop->request->uri.text, salt_of(hop->request));
    hop->hit = true;
    if (hop->waiter.leads)
        ah_hop_let_go(hop);
    AH_DEBUG("cache", "#%llu: answered by a stored response, %.0f seconds old", hop->request->number, hop->reuse.age);
    ah_hop_store(hop)->touch(hop->cache->store, ah_hop_selected(hop));
    return ah_delivery_head(hop, outcome) ? AH_CONSULTED_ANSWER : AH_CONSULTED_NO_MEMORY;
}

static void look_up(ah_hop *hop)
{
    ah_entries_clear(&hop->stored);
    if (hop->cache && !hop->forgotten)
        ah_hop_store(hop)->find(hop->cache->store, hop->request->uri.text, &hop->stored);
}

static ah_consultation consult_retrieval(ah_hop *hop, ah_outcome *outcome);

/* A flight to the same may have ended between the lookup and the beginning of this one, and have brought what is asked
 * for. */
static ah_consultation ask_server_or_look_again(ah_hop *hop, ah_outcome *outcome, unsigned long ended)
{
    bool led = hop->waiter.leads;
    ah_consultation consultation = ask_server(hop);
    if (consultation != AH_CONSULTED_SEND || led || !hop->waiter.leads ||
        ended == ah_flights_ended(hop->cache->flights))
        return consultation;
    return consult_retrieval(hop, outcome);
}

static ah_consultation consult_retrieval(ah_hop *hop, ah_outcome *outcome)
{
    unsigned long ended = hop->cache ? ah_flights_ended(hop->cache->flights) : 0;
    look_up(hop);
    if (!ah_reuse_decide(&hop->reuse, &hop->asked, &hop->stored, ah_clock_wall()))
        return AH_CONSULTED_NO_MEMORY;
    insist(hop);
    switch (hop->reuse.verdict) {
    case AH_VERDICT_USE:
    case AH_VERDICT_USE_AND_REFRESH:
        return answer(hop, outcome);
    case AH_VERDICT_UNAVAILABLE:
        /* Stale content is no part of that answer. */
        ah_caching_forget(hop);
        return ah_delivery_unavailable(outcome) ? AH_CONSULTED_ANSWER : AH_CONSULTED_NO_MEMORY;
    default:
        return hop->cache ? ask_server_or_look_again(hop, outcome, ended) : AH_CONSULTED_SEND;
    }
}

static bool is_among(const ah_strings *methods, const char *method)
{
    for (size_t i = 0; i < methods->count; i++) {
        if (strcmp(methods->items[i], method) == 0)
            return true;
    }
    return false;
}

/* The strong entity tag of the stored response that the request would select, or else of the one that came last; NULL:
 * there is none. */
static const char *known_tag(const ah_hop *hop)
{
    const char *last = NULL;
    for (size_t i = 0; i < hop->stored.count; i++) {
        const ah_entry *entry = &hop->stored.items[i];
        const char *tag = ah_fields_get(&entry->fields, "etag");
        if (!ah_etag_is_strong(tag))
            continue;
        if (ah_vary_match(&entry->selecting, &entry->fields, hop->asked.fields) == AH_MATCH_YES)
            return tag;
        last = last ? last : tag;
    }
    return last;
}

/* A representation is changed only if it is still the one that was fetched [Http.optimistic_concurrency_methods]. A
 * weak tag could not say so (RFC 9110 section 13.1.1). */
static ah_consultation guard_update(ah_hop *hop)
{
    const ah_request *request = hop->request;
    const ah_settings *settings = request->settings;
    if (settings->ignore_etag || ah_fields_find(&request->headers, "if-match") ||
        !is_among(settings->optimistic_concurrency_methods, request->method))
        return AH_CONSULTED_SEND;
    look_up(hop);
    const char *tag = known_tag(hop);
    return !tag || ah_fields_set(&hop->conditions, "if-match", tag) ? AH_CONSULTED_SEND : AH_CONSULTED_NO_MEMORY;
}

/* Notes who the request may be made as, which decides whose responses answer it (RFC 9111 section 3.5 is about caches
 * that everybody shares; this one may be shared by clients with other credentials). False: no memory. */
static bool identify(ah_hop *hop)
{
    const ah_request *request = hop->request;
    ah_buffer who = {0};
    if (hop->identified.count || ah_fields_find(&request->headers, "authorization"))
        return true;
    bool identified = ah_credentials_write(&who, request->settings, &request->uri);
    if (identified && who.length) {
        identified = ah_fields_copy(&hop->identified, &request->headers) &&
                     ah_fields_set(&hop->identified, AH_CREDENTIALS_FIELD, who.data);
        hop->asked.fields = &hop->identified;
    }
    ah_buffer_free(&who);
    return identified;
}

ah_consultation ah_caching_consult(ah_hop *hop, ah_outcome *outcome)
{
    if (hop->cache && !identify(hop))
        return AH_CONSULTED_NO_MEMORY;
    if (hop->is_retrieval && (hop->cache || hop->asked.directives.only_if_cached))
        return consult_retrieval(hop, outcome);
    return hop->cache ? guard_update(hop) : AH_CONSULTED_SEND;
}

void ah_caching_sent(ah_hop *hop)
{
    if (!hop->cache)
        return;
    hop->sent = ah_clock_wall();
    if (ah_request_is(hop->request, "GET") || ah_request_is(hop->request, "POST"))
        hop->mark = ah_hop_store(hop)->mark(hop->cache->store);
}

/* ---- The head of the server's answer ---- */

/* Whether the newer head names other fields of requests that the response varies by. */
static bool varies_anew(const ah_entry *entry, const asynchttp_response *newer)
{
    const char *known = ah_fields_get(&entry->fields, "vary");
    const char *vary = ah_fields_get(&newer->fields, "vary");
    return vary && (!known || strcmp(vary, known) != 0);
}

/* What must be validated each time is no better for the store's knowing that it just was, but for its age, which is in
 * whole seconds. */
static bool is_worth_noting(const ah_entry *entry, bool had_lifetime, double last_received)
{
    double since = entry->received - last_received;
    return had_lifetime || entry->fresh_until > 0 || since < 0 || since >= 1;
}

/* The stored head becomes what the newer one makes of it (RFC 9111 section 3.2). What is to be selected otherwise than
 * it was cannot stay. False: no memory. */
static bool freshen(const ah_hop *hop, ah_entry *entry, const asynchttp_response *newer)
{
    bool stays = !varies_anew(entry, newer);
    bool had_lifetime = entry->fresh_until > 0;
    double last_received = entry->received;
    bool changed;
    if (!ah_update_fields(entry, &newer->fields, &changed))
        return false;
    ah_hop_note_times(hop, entry);
    if (!stays || !ah_may_keep(entry))
        ah_hop_store(hop)->remove(hop->cache->store, entry);
    else if (changed || is_worth_noting(entry, had_lifetime, last_received))
        ah_hop_store(hop)->update(hop->cache->store, entry);
    return true;
}

static bool has_validator(const asynchttp_response *response)
{
    return ah_fields_find(&response->fields, "etag") || ah_fields_find(&response->fields, "last-modified");
}

/* A 304 to the caller's own condition is the answer; what is stored may learn from it. */
static ah_heading head_not_modified(ah_hop *hop, const asynchttp_response *response)
{
    size_t place = ah_reuse_freshened(&hop->stored, hop->reuse.selected, &response->fields);
    bool conditional = ah_is_conditional(&hop->request->headers);
    /* Without a validator it may be about what the caller has and is not stored. */
    if (conditional && !has_validator(response))
        place = AH_NO_ENTRY;
    ah_entry *entry = place == AH_NO_ENTRY ? NULL : &hop->stored.items[place];
    if (entry && !freshen(hop, entry, response))
        entry = NULL;
    if (entry)
        ah_cache_count(&hop->cache->revalidations);
    if (conditional)
        return AH_HEADING_ANSWER;
    if (!entry || !ah_reuse_share(&hop->reuse, &hop->asked, entry, entry->received))
        return AH_HEADING_AGAIN;
    hop->reuse.selected = place;
    hop->reuse.age = 0;
    return AH_HEADING_STORED;
}

/* A HEAD tells of the representation that a GET would bring (RFC 9111 section 4.3.5). */
static void head_of_head(ah_hop *hop, const asynchttp_response *response)
{
    ah_entry *entry = ah_hop_selected(hop);
    if (!entry)
        return;
    if (response->status == 200 && entry->status == 200 && ah_head_agrees(entry, &response->fields))
        freshen(hop, entry, response);
    else if (response->status == 200 || response->status == 404 || response->status == 410)
        ah_hop_store(hop)->remove(hop->cache->store, entry);
}

/* Removes all that is stored for the URI. What is under way for it will not be stored, but for the response at hand. */
static void invalidate_uri(ah_hop *hop, const char *uri)
{
    bool own = strcmp(uri, hop->request->uri.text) == 0;
    ah_hop_store(hop)->remove_uri(hop->cache->store, uri, own ? &hop->mark : NULL);
}

/* Removes what is stored for a URI that the response to an unsafe request names (RFC 9111 section 4.4). */
static void invalidate_named(ah_hop *hop, const asynchttp_response *response, const char *name)
{
    ah_uri named = {0};
    const char *why;
    const ah_field *field = ah_fields_find(&response->fields, name);
    if (!field || ah_uri_resolve(&named, &hop->request->uri, field->values[0], &why))
        return;
    if (ah_uri_same_origin(&named, &hop->request->uri))
        invalidate_uri(hop, named.text);
    ah_uri_clear(&named);
}

static bool is_safe(const ah_request *request)
{
    return ah_request_is(request, "GET") || ah_request_is(request, "HEAD") || ah_request_is(request, "OPTIONS") ||
           ah_request_is(request, "TRACE") || is_among(request->settings->safe_methods, request->method);
}

/* A refusal, too, says that things are not as they were believed to be: a 412 above all. */
static void invalidate(ah_hop *hop, const asynchttp_response *response)
{
    if (is_safe(hop->request) || response->status >= 500)
        return;
    invalidate_uri(hop, hop->request->uri.text);
    /* What 307 and 308 name has not changed yet: it is to be asked, and then with the tag that is stored for it. */
    if (response->status < 307) {
        invalidate_named(hop, response, "location");
        invalidate_named(hop, response, "content-location");
    }
}

ah_heading ah_caching_head(ah_hop *hop, const asynchttp_response *response)
{
    if (!hop->cache)
        return AH_HEADING_ANSWER;
    invalidate(hop, response);
    if (!hop->is_retrieval)
        return AH_HEADING_ANSWER;
    const ah_entry *entry = ah_hop_selected(hop);
    if (response->status == 304 && hop->stored.count)
        return head_not_modified(hop, response);
    if (entry && ah_is_trouble(response->status) &&
        ah_may_use_stale(&hop->asked, entry, AH_TROUBLE_STATUS, ah_clock_wall())) {
        AH_WARNING("cache", "%s: using a stale response instead of a %d", hop->request->uri.authority,
                   response->status);
        return AH_HEADING_STORED;
    }
    if (hop->asked.head)
        head_of_head(hop, response);
    return AH_HEADING_ANSWER;
}

bool ah_caching_answer(ah_hop *hop, ah_outcome *outcome)
{
    ah_hop_let_go(hop);
    return ah_delivery_head(hop, outcome) || ah_hop_no_memory(hop, outcome);
}

/* Errors that say that the server could not be asked. What certificates say is not to be passed over. */
static bool is_disconnection(asynchttp_code code)
{
    return code == ASYNCHTTP_E_TIMEOUT || code == ASYNCHTTP_E_CONNECTION_REFUSED ||
           code == ASYNCHTTP_E_CONNECTION_LOST || code == ASYNCHTTP_E_SERVER_NOT_FOUND ||
           code == ASYNCHTTP_E_BAD_RESPONSE || code == ASYNCHTTP_E_PROXY;
}

bool ah_caching_rescue(ah_hop *hop, ah_outcome *outcome)
{
    const ah_entry *entry = ah_hop_selected(hop);
    /* The server may have done what it was asked before it fell silent. */
    if (hop->cache && !is_safe(hop->request) && hop->sent > 0 && outcome->code != ASYNCHTTP_E_CONNECTION_REFUSED &&
        outcome->code != ASYNCHTTP_E_SERVER_NOT_FOUND)
        invalidate_uri(hop, hop->request->uri.text);
    if (!entry || !is_disconnection(outcome->code) || ah_is_conditional(&hop->request->headers) || outcome->response ||
        !ah_may_use_stale(&hop->asked, entry, AH_TROUBLE_NETWORK, ah_clock_wall()) ||
        !ah_reuse_share(&hop->reuse, &hop->asked, entry, ah_clock_wall()))
        return false;
    AH_WARNING("cache", "using a stale response: %s", ah_outcome_message(outcome));
    asynchttp_response *previous = outcome->previous;
    outcome->previous = NULL;
    ah_outcome_clear(outcome);
    outcome->previous = previous;
    return ah_delivery_head(hop, outcome) || ah_hop_no_memory(hop, outcome);
}

/* ---- Ends ---- */

void ah_caching_forget(ah_hop *hop)
{
    hop->forgotten = true;
    hop->hit = false;
    ah_fields_clear(&hop->conditions);
    ah_entries_clear(&hop->stored);
    hop->reuse = (ah_reuse){.verdict = AH_VERDICT_MISS, .selected = AH_NO_ENTRY};
}

void ah_caching_end(ah_hop *hop, ah_landing landing)
{
    ah_fields_clear(&hop->identified);
    if (!hop->cache) {
        ah_fields_clear(&hop->conditions);
        return;
    }
    if (hop->hit)
        ah_cache_count(&hop->cache->hits);
    ah_recording_drop(hop);
    ah_cache_disclaim(hop->claim);
    hop->claim = NULL;
    /* Who has joined a flight has waited, or has led one; the flight itself is for its lock. */
    if (hop->waited)
        ah_flights_leave(hop->cache->flights, &hop->waiter, landing);
    ah_caching_forget(hop);
}
