#include "delivery.h"

#include <stdlib.h>
#include <string.h>

#include "response.h"

/* ---- The head ---- */

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
static bool shape(const ah_hop *hop, asynchttp_response *response, const ah_entry *entry)
{
    switch (hop->reuse.share) {
    case AH_SHARE_NOT_MODIFIED:
        return make_not_modified(response);
    case AH_SHARE_RANGE:
        return make_partial(response, hop->reuse.range, entry->length);
    default:
        return true;
    }
}

/* The head of the stored response, as it answers the request (RFC 9111 section 4): the entry's own. NULL: no memory. */
static asynchttp_response *head_of(const ah_hop *hop, ah_entry *entry)
{
    asynchttp_response *response = ah_response_take(&entry->fields, &entry->reason);
    if (!response)
        return NULL;
    double age = hop->reuse.age > 0 ? hop->reuse.age : 0;
    /* The largest that everybody can read (RFC 9111 section 1.2.2). */
    age = age < 2147483648.0 ? age : 2147483648.0;
    response->version = entry->version;
    response->status = entry->status;
    response->fromcache = true;
    bool made = set_number(&response->fields, "age", (uint64_t)age) && shape(hop, response, entry) &&
                set_number(&response->fields, "status", (uint64_t)response->status);
    if (made)
        return response;
    ah_response_free(response);
    return NULL;
}

bool ah_delivery_head(ah_hop *hop, ah_outcome *outcome)
{
    asynchttp_response *response = head_of(hop, &hop->stored.items[hop->reuse.selected]);
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

bool ah_delivery_unavailable(ah_outcome *outcome)
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

/* ---- The content ---- */

typedef struct delivery {
    const ah_hop *hop;
    const ah_request *request;
    ah_outcome *outcome;
    bool begun;
} delivery;

/* Makes room for all of it when the first piece is there: by then the store has seen that a person has not made the
 * entry longer than it is. */
static bool keep(delivery *to, const void *content, size_t length)
{
    ah_buffer *kept = &to->outcome->content;
    ah_range range = to->hop->reuse.range;
    bool has_room = kept->length || ah_buffer_reserve(kept, (size_t)(range.end - range.first));
    return (has_room && ah_buffer_append(kept, content, length)) || ah_hop_no_memory(to->hop, to->outcome);
}

static bool hand_over(void *data, const void *content, size_t length)
{
    delivery *to = data;
    if (to->hop->is_cancelled(to->hop->waiter.data)) {
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

static bool deliver_read(ah_hop *hop, const ah_entry *entry, delivery *to)
{
    ah_range range = hop->reuse.range;
    ah_store_result result = ah_hop_store(hop)->read(hop->cache->store, entry, range, hand_over, to);
    if (result == AH_STORE_OK || result == AH_STORE_STOPPED)
        return result == AH_STORE_OK;
    ah_buffer_free(&to->outcome->content);
    if (to->begun)
        ah_outcome_fail(to->outcome, ASYNCHTTP_E_CACHE, "%s: The cache lost a stored response while it was read",
                        to->request->uri.authority);
    return false;
}

bool ah_delivery_content(ah_hop *hop, ah_outcome *outcome)
{
    ah_entry *entry = ah_hop_selected(hop);
    delivery to = {.hop = hop, .request = hop->request, .outcome = outcome};
    /* Who asks for the cache's sake does not read it. */
    if (!entry || hop->asked.head || hop->request->claim || hop->reuse.share == AH_SHARE_NOT_MODIFIED ||
        hop->reuse.range.first >= hop->reuse.range.end)
        return true;
    return entry->loaded ? deliver_loaded(entry, hop->reuse.range, &to) : deliver_read(hop, entry, &to);
}
