#include "caching.h"

#include <stdlib.h>
#include <string.h>

#include "authentication.h"
#include "base/clock.h"
#include "base/date.h"
#include "base/log.h"
#include "cache/storing.h"
#include "cache/validators.h"
#include "cache/vary.h"
#include "decoder.h"
#include "response.h"

static bool is_method(const ah_request *request, const char *method)
{
    return strcmp(request->method, method) == 0;
}

static const ah_entry *selected(const ah_caching *caching)
{
    return caching->reuse.selected == AH_NO_ENTRY ? NULL : &caching->stored.items[caching->reuse.selected];
}

static const ah_store_methods *methods(const ah_caching *caching)
{
    return caching->cache->store->methods;
}

static void count(atomic_ullong *counter)
{
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

void ah_caching_begin(ah_caching *caching, const ah_request *request, void (*wake)(void *data),
                      bool (*is_cancelled)(void *data), void *data)
{
    const ah_settings *settings = request->settings;
    *caching = (ah_caching){.request = request, .waiter = {.wake = wake, .data = data}, .is_cancelled = is_cancelled};
    caching->reuse.selected = AH_NO_ENTRY;
    if (ah_cache_is_usable(settings->cache))
        caching->cache = settings->cache;
    caching->is_retrieval = (is_method(request, "GET") || is_method(request, "HEAD")) && !ah_request_has_body(request);
    caching->asked =
        ah_asked_of(request->method, &request->headers, settings->heuristic_freshness, settings->ignore_etag);
}

/* ---- Answers ---- */

static bool set_number(ah_fields *fields, const char *name, uint64_t number)
{
    char text[24];
    char *digit = text + sizeof(text) - 1;
    *digit = '\0';
    do {
        *--digit = (char)('0' + number % 10);
    } while (number /= 10);
    return ah_fields_set(fields, name, digit);
}

static bool set_reason(asynchttp_response *response, const char *reason)
{
    free(response->reason);
    response->reason = strdup(reason);
    return response->reason != NULL;
}

/* RFC 9110 section 15.4.5: what describes the content stays out. */
static bool make_not_modified(asynchttp_response *response)
{
    static const char *const of_the_content[] = {"content-encoding", "content-language", "content-length",
                                                 "content-range",    "content-type",     "-content-encoding"};
    for (size_t i = 0; i < sizeof(of_the_content) / sizeof(of_the_content[0]); i++)
        ah_fields_delete(&response->fields, of_the_content[i]);
    response->status = 304;
    return set_reason(response, "Not Modified");
}

static bool make_partial(asynchttp_response *response, ah_range range, uint64_t length)
{
    char text[80];
    ah_content_range_format(text, range, length);
    response->status = 206;
    return ah_fields_set(&response->fields, "content-range", text) &&
           set_number(&response->fields, "content-length", range.end - range.first) &&
           set_reason(response, "Partial Content");
}

/* Makes what is given of the entry that answers. */
static bool shape(const ah_caching *caching, asynchttp_response *response, const ah_entry *entry)
{
    switch (caching->reuse.share) {
    case AH_SHARE_NOT_MODIFIED:
        return make_not_modified(response);
    case AH_SHARE_RANGE:
        return make_partial(response, caching->reuse.range, entry->length);
    default:
        return true;
    }
}

/* The head of the stored response, as it answers the request (RFC 9111 section 4): the entry's own. NULL: no memory. */
static asynchttp_response *head_of(const ah_caching *caching, ah_entry *entry)
{
    asynchttp_response *response = ah_response_take(&entry->fields, &entry->reason);
    if (!response)
        return NULL;
    double age = caching->reuse.age > 0 ? caching->reuse.age : 0;
    /* The largest that everybody can read (RFC 9111 section 1.2.2). */
    age = age < 2147483648.0 ? age : 2147483648.0;
    response->version = entry->version;
    response->status = entry->status;
    response->fromcache = true;
    bool made = set_number(&response->fields, "age", (uint64_t)age) && shape(caching, response, entry) &&
                set_number(&response->fields, "status", (uint64_t)response->status);
    if (made)
        return response;
    ah_response_free(response);
    return NULL;
}

/* Puts it in the place of what response there is, whose chain of previous ones it takes over. */
static bool put_head(ah_caching *caching, ah_outcome *outcome)
{
    asynchttp_response *response = head_of(caching, &caching->stored.items[caching->reuse.selected]);
    if (!response)
        return false;
    if (outcome->response) {
        response->previous = outcome->response->previous;
        outcome->response->previous = NULL;
        ah_response_free(outcome->response);
    }
    outcome->response = response;
    return true;
}

/* Nothing is here, and nothing may be fetched (RFC 9111 section 5.2.1.7). */
static bool put_unavailable(ah_outcome *outcome)
{
    asynchttp_response *response = ah_response_new();
    if (!response)
        return false;
    outcome->response = response;
    response->status = 504;
    response->version = 11;
    return set_reason(response, "Gateway Timeout") && set_number(&response->fields, "status", 504) &&
           set_number(&response->fields, "content-length", 0);
}

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
static bool may_collapse(const ah_caching *caching)
{
    const ah_directives *asked = &caching->asked.directives;
    const ah_fields *headers = &caching->request->headers;
    return !caching->asked.head && !asked->no_store && !asked->no_cache && asked->max_age != 0 &&
           !ah_fields_find(headers, "range") && !ah_is_conditional(headers);
}

/* Whether it may wait for another's transfer. One that has waited, for a response that did not serve it, goes by itself;
 * and so does one that has waited for two that failed, since each may have taken long. */
static bool may_wait(const ah_caching *caching)
{
    switch (caching->waiter.landing) {
    case AH_LANDED_NEVER:
        return true;
    case AH_LANDED_NOT:
        return !caching->disappointed;
    default:
        return !caching->waited;
    }
}

static bool collapses(ah_caching *caching)
{
    bool waits = may_wait(caching);
    if (!may_collapse(caching) || caching->waiter.flight)
        return false;
    caching->waited = true;
    caching->disappointed = caching->disappointed || caching->waiter.landing == AH_LANDED_NOT;
    caching->waiter.landing = AH_LANDED;
    return ah_flights_join(caching->cache->flights, caching->request->uri.text, salt_of(caching->request),
                           &caching->waiter, waits) == AH_FLIGHT_WAIT;
}

/* httplib2 says in the words of HTTP/1.1 what was asked in those of 1.0. */
static bool translate_pragma(ah_caching *caching)
{
    bool translated =
        caching->asked.directives.no_cache && !ah_fields_find(&caching->request->headers, "cache-control");
    return !translated || ah_fields_set(&caching->conditions, "cache-control", "no-cache");
}

static ah_consultation ask_server(ah_caching *caching)
{
    ah_fields_clear(&caching->conditions);
    bool validates = caching->reuse.verdict == AH_VERDICT_VALIDATE;
    if (!translate_pragma(caching) || (validates && !ah_reuse_conditions(&caching->conditions, &caching->asked,
                                                                         &caching->stored, caching->reuse.selected)))
        return AH_CONSULTED_NO_MEMORY;
    return collapses(caching) ? AH_CONSULTED_WAIT : AH_CONSULTED_SEND;
}

/* A refresh in the background is there to ask the server, unless that has been done meanwhile. */
static void insist(ah_caching *caching)
{
    if (caching->request->claim && caching->reuse.verdict == AH_VERDICT_USE_AND_REFRESH)
        caching->reuse.verdict = AH_VERDICT_VALIDATE;
}

/* Nobody needs to wait for what will not be there, or is there already. */
static void let_go(ah_caching *caching)
{
    ah_flights_leave(caching->cache->flights, &caching->waiter, AH_LANDED);
}

static ah_consultation answer(ah_caching *caching, ah_outcome *outcome)
{
    if (caching->reuse.verdict == AH_VERDICT_USE_AND_REFRESH)
        caching->claim = ah_cache_claim(caching->cache, caching->request->uri.text, salt_of(caching->request));
    caching->hit = true;
    if (caching->waiter.leads)
        let_go(caching);
    AH_DEBUG("cache", "#%llu: answered by a stored response, %.0f seconds old", caching->request->number,
             caching->reuse.age);
    methods(caching)->touch(caching->cache->store, selected(caching));
    return put_head(caching, outcome) ? AH_CONSULTED_ANSWER : AH_CONSULTED_NO_MEMORY;
}

static void look_up(ah_caching *caching)
{
    ah_entries_clear(&caching->stored);
    if (caching->cache && !caching->forgotten)
        methods(caching)->find(caching->cache->store, caching->request->uri.text, &caching->stored);
}

static ah_consultation consult_retrieval(ah_caching *caching, ah_outcome *outcome);

/* A flight to the same may have ended between the lookup and the beginning of this one, and have brought what is asked
 * for. */
static ah_consultation ask_server_or_look_again(ah_caching *caching, ah_outcome *outcome, unsigned long ended)
{
    bool led = caching->waiter.leads;
    ah_consultation consultation = ask_server(caching);
    if (consultation != AH_CONSULTED_SEND || led || !caching->waiter.leads ||
        ended == ah_flights_ended(caching->cache->flights))
        return consultation;
    return consult_retrieval(caching, outcome);
}

static ah_consultation consult_retrieval(ah_caching *caching, ah_outcome *outcome)
{
    unsigned long ended = caching->cache ? ah_flights_ended(caching->cache->flights) : 0;
    look_up(caching);
    if (!ah_reuse_decide(&caching->reuse, &caching->asked, &caching->stored, ah_clock_wall()))
        return AH_CONSULTED_NO_MEMORY;
    insist(caching);
    switch (caching->reuse.verdict) {
    case AH_VERDICT_USE:
    case AH_VERDICT_USE_AND_REFRESH:
        return answer(caching, outcome);
    case AH_VERDICT_UNAVAILABLE:
        /* Stale content is no part of that answer. */
        ah_caching_forget(caching);
        return put_unavailable(outcome) ? AH_CONSULTED_ANSWER : AH_CONSULTED_NO_MEMORY;
    default:
        return caching->cache ? ask_server_or_look_again(caching, outcome, ended) : AH_CONSULTED_SEND;
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
static const char *known_tag(const ah_caching *caching)
{
    const char *last = NULL;
    for (size_t i = 0; i < caching->stored.count; i++) {
        const ah_entry *entry = &caching->stored.items[i];
        const char *tag = ah_fields_get(&entry->fields, "etag");
        if (!ah_etag_is_strong(tag))
            continue;
        if (ah_vary_match(&entry->selecting, &entry->fields, caching->asked.fields) == AH_MATCH_YES)
            return tag;
        last = last ? last : tag;
    }
    return last;
}

/* A representation is changed only if it is still the one that was fetched [Http.optimistic_concurrency_methods]. A
 * weak tag could not say so (RFC 9110 section 13.1.1). */
static ah_consultation guard_update(ah_caching *caching)
{
    const ah_request *request = caching->request;
    const ah_settings *settings = request->settings;
    if (settings->ignore_etag || ah_fields_find(&request->headers, "if-match") ||
        !is_among(settings->optimistic_concurrency_methods, request->method))
        return AH_CONSULTED_SEND;
    look_up(caching);
    const char *tag = known_tag(caching);
    return !tag || ah_fields_set(&caching->conditions, "if-match", tag) ? AH_CONSULTED_SEND : AH_CONSULTED_NO_MEMORY;
}

/* Notes who the request may be made as, which decides whose responses answer it (RFC 9111 section 3.5 is about caches
 * that everybody shares; this one may be shared by clients with other credentials). False: no memory. */
static bool identify(ah_caching *caching)
{
    const ah_request *request = caching->request;
    ah_buffer who = {0};
    if (caching->identified.count || ah_fields_find(&request->headers, "authorization"))
        return true;
    bool identified = ah_credentials_write(&who, request->settings, &request->uri);
    if (identified && who.length) {
        identified = ah_fields_copy(&caching->identified, &request->headers) &&
                     ah_fields_set(&caching->identified, AH_CREDENTIALS_FIELD, who.data);
        caching->asked.fields = &caching->identified;
    }
    ah_buffer_free(&who);
    return identified;
}

ah_consultation ah_caching_consult(ah_caching *caching, ah_outcome *outcome)
{
    if (caching->cache && !identify(caching))
        return AH_CONSULTED_NO_MEMORY;
    if (caching->is_retrieval && (caching->cache || caching->asked.directives.only_if_cached))
        return consult_retrieval(caching, outcome);
    return caching->cache ? guard_update(caching) : AH_CONSULTED_SEND;
}

void ah_caching_sent(ah_caching *caching)
{
    if (!caching->cache)
        return;
    caching->sent = ah_clock_wall();
    if (is_method(caching->request, "GET") || is_method(caching->request, "POST"))
        caching->mark = methods(caching)->mark(caching->cache->store);
}

/* ---- The stored content ---- */

typedef struct delivery {
    const ah_caching *caching;
    const ah_request *request;
    ah_outcome *outcome;
    bool begun;
} delivery;

static bool no_memory(const ah_request *request, ah_outcome *outcome)
{
    ah_outcome_fail(outcome, ASYNCHTTP_E_NO_MEMORY, "%s: Out of memory for the stored response",
                    request->uri.authority);
    return false;
}

/* Makes room for all of it when the first piece is there: by then the store has seen that a person has not made the
 * entry longer than it is. */
static bool keep(delivery *to, const void *content, size_t length)
{
    ah_buffer *kept = &to->outcome->content;
    ah_range range = to->caching->reuse.range;
    bool has_room = kept->length || ah_buffer_reserve(kept, (size_t)(range.end - range.first));
    return (has_room && ah_buffer_append(kept, content, length)) || no_memory(to->request, to->outcome);
}

static bool hand_over(void *data, const void *content, size_t length)
{
    delivery *to = data;
    if (to->caching->is_cancelled(to->caching->waiter.data)) {
        ah_outcome_fail(to->outcome, ASYNCHTTP_E_CANCELLED, "The request was cancelled");
        return false;
    }
    if (!to->request->callbacks.on_data)
        return keep(to, content, length);
    to->begun = true;
    if (ah_callback_data(&to->request->callbacks, content, length) == 0)
        return true;
    ah_outcome_fail(to->outcome, ASYNCHTTP_E_CALLBACK, "%s: on_data returned an error", to->request->uri.authority);
    return false;
}

/* The content came along with the head. */
static bool deliver_loaded(ah_entry *entry, ah_range range, delivery *to)
{
    bool whole = range.first == 0 && range.end == entry->content.length;
    if (whole && !to->request->callbacks.on_data) {
        to->outcome->content = entry->content;
        entry->content = (ah_buffer){0};
        return true;
    }
    return range.first >= range.end ||
           hand_over(to, entry->content.data + range.first, (size_t)(range.end - range.first));
}

static bool deliver_read(ah_caching *caching, const ah_entry *entry, delivery *to)
{
    ah_range range = caching->reuse.range;
    ah_store_result result = methods(caching)->read(caching->cache->store, entry, range, hand_over, to);
    if (result == AH_STORE_OK || result == AH_STORE_STOPPED)
        return result == AH_STORE_OK;
    ah_buffer_free(&to->outcome->content);
    if (to->begun)
        ah_outcome_fail(to->outcome, ASYNCHTTP_E_CACHE, "%s: The cache lost a stored response while it was read",
                        to->request->uri.authority);
    return false;
}

bool ah_caching_deliver(ah_caching *caching, ah_outcome *outcome)
{
    ah_entry *entry = caching->reuse.selected == AH_NO_ENTRY ? NULL : &caching->stored.items[caching->reuse.selected];
    delivery to = {.caching = caching, .request = caching->request, .outcome = outcome};
    /* Who asks for the cache's sake does not read it. */
    if (!entry || caching->asked.head || caching->request->claim || caching->reuse.share == AH_SHARE_NOT_MODIFIED ||
        caching->reuse.range.first >= caching->reuse.range.end)
        return true;
    return entry->loaded ? deliver_loaded(entry, caching->reuse.range, &to) : deliver_read(caching, entry, &to);
}

/* ---- The head of the server's answer ---- */

/* The time at which a response may be used again without asking, for those who look. */
static void note_times(const ah_caching *caching, ah_entry *entry)
{
    entry->requested = caching->sent;
    entry->received = ah_clock_wall();
    entry->fresh_until = ah_fresh_until(entry, caching->asked.heuristic, entry->received);
}

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
static bool freshen(const ah_caching *caching, ah_entry *entry, const asynchttp_response *newer)
{
    bool stays = !varies_anew(entry, newer);
    bool had_lifetime = entry->fresh_until > 0;
    double last_received = entry->received;
    bool changed;
    if (!ah_update_fields(entry, &newer->fields, &changed))
        return false;
    note_times(caching, entry);
    if (!stays || !ah_may_keep(entry))
        methods(caching)->remove(caching->cache->store, entry);
    else if (changed || is_worth_noting(entry, had_lifetime, last_received))
        methods(caching)->update(caching->cache->store, entry);
    return true;
}

static bool has_validator(const asynchttp_response *response)
{
    return ah_fields_find(&response->fields, "etag") || ah_fields_find(&response->fields, "last-modified");
}

/* A 304 to the caller's own condition is the answer; what is stored may learn from it. */
static ah_heading head_not_modified(ah_caching *caching, const asynchttp_response *response)
{
    size_t place = ah_reuse_freshened(&caching->stored, caching->reuse.selected, &response->fields);
    bool conditional = ah_is_conditional(&caching->request->headers);
    /* Without a validator it may be about what the caller has and is not stored. */
    if (conditional && !has_validator(response))
        place = AH_NO_ENTRY;
    ah_entry *entry = place == AH_NO_ENTRY ? NULL : &caching->stored.items[place];
    if (entry && !freshen(caching, entry, response))
        entry = NULL;
    if (entry)
        count(&caching->cache->revalidations);
    if (conditional)
        return AH_HEADING_ANSWER;
    if (!entry || !ah_reuse_share(&caching->reuse, &caching->asked, entry, entry->received))
        return AH_HEADING_AGAIN;
    caching->reuse.selected = place;
    caching->reuse.age = 0;
    return AH_HEADING_STORED;
}

/* A HEAD tells of the representation that a GET would bring (RFC 9111 section 4.3.5). */
static void head_of_head(ah_caching *caching, const asynchttp_response *response)
{
    ah_entry *entry = caching->reuse.selected == AH_NO_ENTRY ? NULL : &caching->stored.items[caching->reuse.selected];
    if (!entry)
        return;
    if (response->status == 200 && entry->status == 200 && ah_head_agrees(entry, &response->fields))
        freshen(caching, entry, response);
    else if (response->status == 200 || response->status == 404 || response->status == 410)
        methods(caching)->remove(caching->cache->store, entry);
}

/* Removes all that is stored for the URI. What is under way for it will not be stored, but for the response at hand. */
static void invalidate_uri(ah_caching *caching, const char *uri)
{
    bool own = strcmp(uri, caching->request->uri.text) == 0;
    methods(caching)->remove_uri(caching->cache->store, uri, own ? &caching->mark : NULL);
}

/* Removes what is stored for a URI that the response to an unsafe request names (RFC 9111 section 4.4). */
static void invalidate_named(ah_caching *caching, const asynchttp_response *response, const char *name)
{
    ah_uri named = {0};
    const char *why;
    const ah_field *field = ah_fields_find(&response->fields, name);
    if (!field || ah_uri_resolve(&named, &caching->request->uri, field->values[0], &why))
        return;
    if (ah_uri_same_origin(&named, &caching->request->uri))
        invalidate_uri(caching, named.text);
    ah_uri_clear(&named);
}

static bool is_safe(const ah_request *request)
{
    return is_method(request, "GET") || is_method(request, "HEAD") || is_method(request, "OPTIONS") ||
           is_method(request, "TRACE") || is_among(request->settings->safe_methods, request->method);
}

/* A refusal, too, says that things are not as they were believed to be: a 412 above all. */
static void invalidate(ah_caching *caching, const asynchttp_response *response)
{
    if (is_safe(caching->request) || response->status >= 500)
        return;
    invalidate_uri(caching, caching->request->uri.text);
    /* What 307 and 308 name has not changed yet: it is to be asked, and then with the tag that is stored for it. */
    if (response->status < 307) {
        invalidate_named(caching, response, "location");
        invalidate_named(caching, response, "content-location");
    }
}

ah_heading ah_caching_head(ah_caching *caching, const asynchttp_response *response)
{
    if (!caching->cache)
        return AH_HEADING_ANSWER;
    invalidate(caching, response);
    if (!caching->is_retrieval)
        return AH_HEADING_ANSWER;
    const ah_entry *entry = selected(caching);
    if (response->status == 304 && caching->stored.count)
        return head_not_modified(caching, response);
    if (entry && ah_is_trouble(response->status) &&
        ah_may_use_stale(&caching->asked, entry, AH_TROUBLE_STATUS, ah_clock_wall())) {
        AH_WARNING("cache", "%s: using a stale response instead of a %d", caching->request->uri.authority,
                   response->status);
        return AH_HEADING_STORED;
    }
    if (caching->asked.head)
        head_of_head(caching, response);
    return AH_HEADING_ANSWER;
}

bool ah_caching_answer(ah_caching *caching, ah_outcome *outcome)
{
    let_go(caching);
    return put_head(caching, outcome) || no_memory(caching->request, outcome);
}

/* Errors that say that the server could not be asked. What certificates say is not to be passed over. */
static bool is_disconnection(asynchttp_code code)
{
    return code == ASYNCHTTP_E_TIMEOUT || code == ASYNCHTTP_E_CONNECTION_REFUSED ||
           code == ASYNCHTTP_E_CONNECTION_LOST || code == ASYNCHTTP_E_SERVER_NOT_FOUND ||
           code == ASYNCHTTP_E_BAD_RESPONSE || code == ASYNCHTTP_E_PROXY;
}

bool ah_caching_rescue(ah_caching *caching, ah_outcome *outcome)
{
    const ah_entry *entry = selected(caching);
    /* The server may have done what it was asked before it fell silent. */
    if (caching->cache && !is_safe(caching->request) && caching->sent > 0 &&
        outcome->code != ASYNCHTTP_E_CONNECTION_REFUSED && outcome->code != ASYNCHTTP_E_SERVER_NOT_FOUND)
        invalidate_uri(caching, caching->request->uri.text);
    if (!entry || !is_disconnection(outcome->code) || ah_is_conditional(&caching->request->headers) ||
        outcome->response || !ah_may_use_stale(&caching->asked, entry, AH_TROUBLE_NETWORK, ah_clock_wall()) ||
        !ah_reuse_share(&caching->reuse, &caching->asked, entry, ah_clock_wall()))
        return false;
    AH_WARNING("cache", "using a stale response: %s", ah_outcome_message(outcome));
    asynchttp_response *previous = outcome->previous;
    outcome->previous = NULL;
    ah_outcome_clear(outcome);
    outcome->previous = previous;
    return put_head(caching, outcome) || no_memory(caching->request, outcome);
}

/* ---- Storing ---- */

/* RFC 9110 section 9.3.3: a POST's response is what a GET would bring if it says that it is. */
static bool is_of_target(const ah_caching *caching, const asynchttp_response *response)
{
    ah_uri named = {0};
    const char *why;
    const ah_field *field = ah_fields_find(&response->fields, "content-location");
    if (!field || ah_uri_resolve(&named, &caching->request->uri, field->values[0], &why))
        return false;
    bool same = strcmp(named.text, caching->request->uri.text) == 0;
    ah_uri_clear(&named);
    return same;
}

static bool may_store(const ah_caching *caching, const asynchttp_response *response, const ah_exchanged *exchanged)
{
    /* Its content is cut short here (see receiver.c). */
    if (response->status == 417 || (ah_request_has_body(caching->request) && !is_method(caching->request, "POST")))
        return false;
    return ah_may_store(exchanged, ah_clock_wall()) &&
           (!is_method(caching->request, "POST") || is_of_target(caching, response));
}

/* What was stored is not what the server has any more, and what it has is not stored. */
static void retire(const ah_caching *caching, const asynchttp_response *response)
{
    static const int silent[] = {206, 304, 401, 407, 408, 412, 416, 429};
    const ah_entry *entry = selected(caching);
    for (size_t i = 0; i < sizeof(silent) / sizeof(silent[0]); i++) {
        if (response->status == silent[i])
            return;
    }
    if (entry && !caching->asked.head && response->status < 500)
        methods(caching)->remove(caching->cache->store, entry);
}

static bool copy_texts(ah_entry *entry, const ah_caching *caching, const asynchttp_response *response)
{
    entry->uri = strdup(caching->request->uri.text);
    entry->method = strdup(caching->request->method);
    /* A part is stored as what it is a part of. */
    entry->reason = strdup(response->status == 206 ? "OK" : response->reason ? response->reason : "");
    return entry->uri && entry->method && entry->reason;
}

/* When a response came that does not say when it was made (RFC 9110 section 6.6.1). */
static bool add_date(ah_entry *entry)
{
    char text[30];
    ah_date_format((int64_t)entry->received, text);
    return ah_fields_find(&entry->fields, "date") || ah_fields_set(&entry->fields, "date", text);
}

/* A part joins the stored parts of the same representation (RFC 9111 section 3.4). */
static void find_parts(ah_caching *caching)
{
    ah_entry *entry = &caching->entry;
    for (size_t i = 0; i < caching->stored.count && !entry->id; i++) {
        const ah_entry *other = &caching->stored.items[i];
        if (other->partial && (other->length == entry->length || other->length == AH_LENGTH_UNKNOWN) &&
            ah_vary_match(&other->selecting, &other->fields, caching->asked.fields) == AH_MATCH_YES &&
            ah_validators_same_strongly(&other->fields, &entry->fields, entry->received))
            entry->id = other->id;
    }
}

/* Whether a complete stored response is of the same representation, so that the part brings nothing new. */
static bool is_known(const ah_caching *caching)
{
    for (size_t i = 0; i < caching->stored.count; i++) {
        const ah_entry *other = &caching->stored.items[i];
        if (!other->partial &&
            ah_vary_match(&other->selecting, &other->fields, caching->asked.fields) == AH_MATCH_YES &&
            ah_validators_same_strongly(&other->fields, &caching->entry.fields, caching->entry.received))
            return true;
    }
    return false;
}

/* Which part of the content it is. False: it brings nothing new. *offset: where the part begins. */
static bool prepare_part(ah_caching *caching, const asynchttp_response *response, uint64_t *offset)
{
    ah_range range = {0};
    caching->entry.partial = true;
    ah_content_range_parse(ah_fields_get(&response->fields, "content-range"), &range, &caching->entry.length);
    find_parts(caching);
    *offset = range.first;
    caching->room = range.end - range.first;
    caching->entry.announced = caching->room;
    return !is_known(caching);
}

/* How much content the response announces; 0: it is not known, since it will be decoded. */
static uint64_t announced(const asynchttp_response *response)
{
    const char *length = ah_fields_get(&response->fields, "content-length");
    bool decoded = ah_coding_of(ah_fields_get(&response->fields, "content-encoding")) != AH_CODING_NONE;
    return length && *length >= '0' && *length <= '9' && !decoded ? strtoull(length, NULL, 10) : 0;
}

/* Fills in caching->entry. False: it cannot be stored. *offset: where its content begins. */
static bool prepare(ah_caching *caching, const asynchttp_response *response, const ah_exchanged *exchanged,
                    uint64_t *offset)
{
    ah_entry *entry = &caching->entry;
    entry->mark = caching->mark;
    entry->announced = announced(response);
    entry->version = response->version;
    entry->length = AH_LENGTH_UNKNOWN;
    if (!copy_texts(entry, caching, response) || !ah_prepare_entry(entry, exchanged))
        return false;
    note_times(caching, entry);
    return add_date(entry) && (response->status != 206 || prepare_part(caching, response, offset));
}

/* Begins to store it, as the response to a request with these fields. */
static void begin(ah_caching *caching, const asynchttp_response *response, const ah_fields *fields)
{
    const ah_exchanged exchanged = {.method = caching->request->method,
                                    .request = fields,
                                    .status = response->status,
                                    .response = &response->fields,
                                    .heuristic = caching->asked.heuristic};
    uint64_t offset = 0;
    if (may_store(caching, response, &exchanged) && prepare(caching, response, &exchanged, &offset))
        caching->writer = methods(caching)->begin(caching->cache->store, &caching->entry, offset);
    if (!caching->writer)
        ah_entry_clear(&caching->entry);
}

/* The same with an Authorization that the library has chosen. */
static void begin_authorized(ah_caching *caching, const asynchttp_response *response)
{
    ah_fields fields = {0};
    const char *who = ah_fields_get(caching->asked.fields, AH_CREDENTIALS_FIELD);
    if (who && ah_fields_copy(&fields, caching->asked.fields) && ah_fields_set(&fields, "authorization", who))
        begin(caching, response, &fields);
    ah_fields_clear(&fields);
}

void ah_caching_store(ah_caching *caching, const asynchttp_response *response, bool authorized)
{
    if (!caching->cache)
        return;
    if (caching->is_retrieval && response->status != 304)
        count(&caching->cache->misses);
    if (caching->asked.head)
        return;
    /* Without a mark nobody knows what has changed since the request was sent. */
    if (caching->mark && authorized)
        begin_authorized(caching, response);
    else if (caching->mark)
        begin(caching, response, caching->asked.fields);
    if (caching->writer)
        return;
    retire(caching, response);
    let_go(caching);
}

static void drop_writer(ah_caching *caching)
{
    if (caching->writer)
        methods(caching)->abort(caching->writer);
    caching->writer = NULL;
    ah_entry_clear(&caching->entry);
}

/* Counts a piece of content. False: it goes beyond the end of the part, and nobody has said what it is. */
static bool measure(ah_caching *caching, size_t length)
{
    ah_entry *entry = &caching->entry;
    if (!entry->partial) {
        entry->length = (entry->length == AH_LENGTH_UNKNOWN ? 0 : entry->length) + length;
        return true;
    }
    bool fits = length <= caching->room;
    caching->room -= fits ? length : 0;
    return fits;
}

void ah_caching_content(ah_caching *caching, const void *content, size_t length)
{
    if (!caching->writer)
        return;
    if (measure(caching, length) && methods(caching)->write(caching->writer, content, length))
        return;
    drop_writer(caching);
    let_go(caching);
}

/* The stored responses that this one takes the place of. */
static size_t find_replaced(const ah_caching *caching, int64_t *replaced)
{
    size_t found = 0;
    for (size_t i = 0; i < caching->stored.count; i++) {
        const ah_entry *other = &caching->stored.items[i];
        bool joined = caching->entry.partial && other->id == caching->entry.id;
        if (!joined && ah_vary_match(&other->selecting, &other->fields, caching->asked.fields) == AH_MATCH_YES)
            replaced[found++] = other->id;
    }
    return found;
}

static void commit(ah_caching *caching)
{
    static const char *const words[] = {
        [AH_STORE_OK] = "stored", [AH_STORE_ABSENT] = "not stored: outdated", [AH_STORE_FAILED] = "not stored"};
    int64_t *replaced = calloc(caching->stored.count + 1, sizeof(*replaced));
    ah_entry *entry = &caching->entry;
    if (entry->length == AH_LENGTH_UNKNOWN && !entry->partial)
        entry->length = 0;
    bool decoded = ah_coding_of(ah_fields_get(&entry->fields, "content-encoding")) != AH_CODING_NONE;
    if (!replaced || (decoded && !ah_note_decoded(&entry->fields, entry->length))) {
        free(replaced);
        drop_writer(caching);
        return;
    }
    size_t found = find_replaced(caching, replaced);
    ah_store_result result = methods(caching)->commit(caching->writer, entry, replaced, found);
    caching->writer = NULL;
    free(replaced);
    if (result == AH_STORE_OK)
        count(&caching->cache->stores);
    AH_DEBUG("cache", "#%llu: %s", caching->request->number, words[result]);
    ah_entry_clear(entry);
}

void ah_caching_stored(ah_caching *caching)
{
    if (caching->writer)
        commit(caching);
}

/* ---- Ends ---- */

void ah_caching_restart(ah_caching *caching)
{
    drop_writer(caching);
}

void ah_caching_forget(ah_caching *caching)
{
    caching->forgotten = true;
    caching->hit = false;
    ah_fields_clear(&caching->conditions);
    ah_entries_clear(&caching->stored);
    caching->reuse = (ah_reuse){.verdict = AH_VERDICT_MISS, .selected = AH_NO_ENTRY};
}

void ah_caching_end(ah_caching *caching, ah_landing landing)
{
    ah_fields_clear(&caching->identified);
    if (!caching->cache) {
        ah_fields_clear(&caching->conditions);
        return;
    }
    if (caching->hit)
        count(&caching->cache->hits);
    drop_writer(caching);
    ah_cache_disclaim(caching->claim);
    caching->claim = NULL;
    /* Who has joined a flight has waited, or has led one; the flight itself is for its lock. */
    if (caching->waited)
        ah_flights_leave(caching->cache->flights, &caching->waiter, landing);
    ah_caching_forget(caching);
}
