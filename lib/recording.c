#include "recording.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/date.h"
#include "base/log.h"
#include "cache/storing.h"
#include "cache/validators.h"
#include "cache/vary.h"
#include "decoder.h"
#include "response.h"

/* RFC 9110 section 9.3.3: a POST's response is what a GET would bring if it says that it is. */
static bool is_of_target(const ah_hop *hop, const asynchttp_response *response)
{
    ah_uri named = {0};
    const char *why;
    const ah_field *field = ah_fields_find(&response->fields, "content-location");
    if (!field || ah_uri_resolve(&named, &hop->request->uri, field->values[0], &why))
        return false;
    bool same = strcmp(named.text, hop->request->uri.text) == 0;
    ah_uri_clear(&named);
    return same;
}

static bool may_store(const ah_hop *hop, const asynchttp_response *response, const ah_exchanged *exchanged)
{
    /* Its content is cut short here (see receiver.c). */
    if (response->status == 417 || (ah_request_has_body(hop->request) && !ah_request_is(hop->request, "POST")))
        return false;
    return ah_may_store(exchanged, ah_clock_wall()) &&
           (!ah_request_is(hop->request, "POST") || is_of_target(hop, response));
}

/* What was stored is not what the server has any more, and what it has is not stored. */
static void retire(ah_hop *hop, const asynchttp_response *response)
{
    static const int silent[] = {206, 304, 401, 407, 408, 412, 416, 429};
    const ah_entry *entry = ah_hop_selected(hop);
    for (size_t i = 0; i < sizeof(silent) / sizeof(silent[0]); i++) {
        if (response->status == silent[i])
            return;
    }
    if (entry && !hop->asked.head && response->status < 500)
        ah_hop_store(hop)->remove(hop->cache->store, entry);
}

static bool copy_texts(ah_entry *entry, const ah_hop *hop, const asynchttp_response *response)
{
    entry->uri = strdup(hop->request->uri.text);
    entry->method = strdup(hop->request->method);
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
static void find_parts(ah_hop *hop)
{
    ah_entry *entry = &hop->entry;
    for (size_t i = 0; i < hop->stored.count && !entry->id; i++) {
        const ah_entry *other = &hop->stored.items[i];
        if (other->partial && (other->length == entry->length || other->length == AH_LENGTH_UNKNOWN) &&
            ah_vary_match(&other->selecting, &other->fields, hop->asked.fields) == AH_MATCH_YES &&
            ah_validators_same_strongly(&other->fields, &entry->fields, entry->received))
            entry->id = other->id;
    }
}

/* Whether a complete stored response is of the same representation, so that the part brings nothing new. */
static bool is_known(const ah_hop *hop)
{
    for (size_t i = 0; i < hop->stored.count; i++) {
        const ah_entry *other = &hop->stored.items[i];
        if (!other->partial && ah_vary_match(&other->selecting, &other->fields, hop->asked.fields) == AH_MATCH_YES &&
            ah_validators_same_strongly(&other->fields, &hop->entry.fields, hop->entry.received))
            return true;
    }
    return false;
}

/* Which part of the content it is. False: it brings nothing new. *offset: where the part begins. */
static bool prepare_part(ah_hop *hop, const asynchttp_response *response, uint64_t *offset)
{
    ah_range range = {0};
    hop->entry.partial = true;
    ah_content_range_parse(ah_fields_get(&response->fields, "content-range"), &range, &hop->entry.length);
    find_parts(hop);
    *offset = range.first;
    hop->room = range.end - range.first;
    hop->entry.announced = hop->room;
    return !is_known(hop);
}

/* How much content the response announces; 0: it is not known, since it will be decoded. */
static uint64_t announced(const asynchttp_response *response)
{
    const char *length = ah_fields_get(&response->fields, "content-length");
    bool decoded = ah_coding_of(ah_fields_get(&response->fields, "content-encoding")) != AH_CODING_NONE;
    return length && *length >= '0' && *length <= '9' && !decoded ? strtoull(length, NULL, 10) : 0;
}

/* Fills in hop->entry. False: it cannot be stored. *offset: where its content begins. */
static bool prepare(ah_hop *hop, const asynchttp_response *response, const ah_exchanged *exchanged, uint64_t *offset)
{
    ah_entry *entry = &hop->entry;
    entry->mark = hop->mark;
    entry->announced = announced(response);
    entry->version = response->version;
    entry->length = AH_LENGTH_UNKNOWN;
    if (!copy_texts(entry, hop, response) || !ah_prepare_entry(entry, exchanged))
        return false;
    ah_hop_note_times(hop, entry);
    return add_date(entry) && (response->status != 206 || prepare_part(hop, response, offset));
}

/* Begins to store it, as the response to a request with these fields. */
static void begin(ah_hop *hop, const asynchttp_response *response, const ah_fields *fields)
{
    const ah_exchanged exchanged = {.method = hop->request->method,
                                    .request = fields,
                                    .status = response->status,
                                    .response = &response->fields,
                                    .heuristic = hop->asked.heuristic};
    uint64_t offset = 0;
    if (may_store(hop, response, &exchanged) && prepare(hop, response, &exchanged, &offset))
        hop->writer = ah_hop_store(hop)->begin(hop->cache->store, &hop->entry, offset);
    if (!hop->writer)
        ah_entry_clear(&hop->entry);
}

/* The same with an Authorization that the library has chosen. */
static void begin_authorized(ah_hop *hop, const asynchttp_response *response)
{
    ah_fields fields = {0};
    const char *who = ah_fields_get(hop->asked.fields, AH_CREDENTIALS_FIELD);
    if (who && ah_fields_copy(&fields, hop->asked.fields) && ah_fields_set(&fields, "authorization", who))
        begin(hop, response, &fields);
    ah_fields_clear(&fields);
}

void ah_recording_begin(ah_hop *hop, const asynchttp_response *response, bool authorized)
{
    if (!hop->cache)
        return;
    if (hop->is_retrieval && response->status != 304)
        ah_cache_count(&hop->cache->misses);
    if (hop->asked.head)
        return;
    /* Without a mark nobody knows what has changed since the request was sent. */
    if (hop->mark && authorized)
        begin_authorized(hop, response);
    else if (hop->mark)
        begin(hop, response, hop->asked.fields);
    if (hop->writer)
        return;
    retire(hop, response);
    ah_hop_let_go(hop);
}

void ah_recording_drop(ah_hop *hop)
{
    if (hop->writer)
        ah_hop_store(hop)->abort(hop->writer);
    hop->writer = NULL;
    ah_entry_clear(&hop->entry);
}

/* Counts a piece of content. False: it goes beyond the end of the part, and nobody has said what it is. */
static bool measure(ah_hop *hop, size_t length)
{
    ah_entry *entry = &hop->entry;
    if (!entry->partial) {
        entry->length = (entry->length == AH_LENGTH_UNKNOWN ? 0 : entry->length) + length;
        return true;
    }
    bool fits = length <= hop->room;
    hop->room -= fits ? length : 0;
    return fits;
}

void ah_recording_content(ah_hop *hop, const void *content, size_t length)
{
    if (!hop->writer)
        return;
    if (measure(hop, length) && ah_hop_store(hop)->write(hop->writer, content, length))
        return;
    ah_recording_drop(hop);
    ah_hop_let_go(hop);
}

/* The stored responses that this one takes the place of. */
static size_t find_replaced(const ah_hop *hop, int64_t *replaced)
{
    size_t found = 0;
    for (size_t i = 0; i < hop->stored.count; i++) {
        const ah_entry *other = &hop->stored.items[i];
        bool joined = hop->entry.partial && other->id == hop->entry.id;
        if (!joined && ah_vary_match(&other->selecting, &other->fields, hop->asked.fields) == AH_MATCH_YES)
            replaced[found++] = other->id;
    }
    return found;
}

static void commit(ah_hop *hop)
{
    static const char *const words[] = {
        [AH_STORE_OK] = "stored", [AH_STORE_ABSENT] = "not stored: outdated", [AH_STORE_FAILED] = "not stored"};
    int64_t *replaced = calloc(hop->stored.count + 1, sizeof(*replaced));
    ah_entry *entry = &hop->entry;
    if (entry->length == AH_LENGTH_UNKNOWN && !entry->partial)
        entry->length = 0;
    bool decoded = ah_coding_of(ah_fields_get(&entry->fields, "content-encoding")) != AH_CODING_NONE;
    if (!replaced || (decoded && !ah_note_decoded(&entry->fields, entry->length))) {
        free(replaced);
        ah_recording_drop(hop);
        return;
    }
    size_t found = find_replaced(hop, replaced);
    ah_store_result result = ah_hop_store(hop)->commit(hop->writer, entry, replaced, found);
    hop->writer = NULL;
    free(replaced);
    if (result == AH_STORE_OK)
        ah_cache_count(&hop->cache->stores);
    AH_DEBUG("cache", "#%llu: %s", hop->request->number, words[result]);
    ah_entry_clear(entry);
}

void ah_recording_end(ah_hop *hop)
{
    if (hop->writer)
        commit(hop);
}
