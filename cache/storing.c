#include "cache/storing.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cache/directives.h"
#include "cache/freshness.h"
#include "cache/validators.h"
#include "cache/vary.h"

/* Statuses that this cache understands, as must-understand wants it (RFC 9111 section 5.2.2.3): those of RFC 9110 that
 * ask nothing special of a cache, or what is done here. */
static bool understands(int status)
{
    static const int statuses[] = {200, 201, 202, 203, 204, 205, 206, 300, 301, 302, 303, 307,
                                   308, 400, 402, 403, 404, 405, 406, 408, 409, 410, 411, 413,
                                   414, 415, 421, 422, 426, 451, 500, 501, 502, 503, 504};
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        if (status == statuses[i])
            return true;
    }
    return false;
}

/* A final response to a method whose responses are stored for GET. A POST's is only one if it says so itself, and the
 * caller has looked whether Content-Location is the target (RFC 9110 section 9.3.3); of what went wrong, or was made,
 * it is no representation (section 8.7). A 304 and a 416 are none either, and neither is what only says that a condition
 * failed. What asks for credentials is not for those who have some. */
static bool is_candidate(const ah_exchanged *exchanged)
{
    int status = exchanged->status;
    if (strcmp(exchanged->method, "POST") == 0)
        return status == 200;
    return strcmp(exchanged->method, "GET") == 0 && status >= 200 && status != 304 && status != 401 && status != 407 &&
           status != 412 && status != 416;
}

/* A part is of use if it says which it is, in a form that is kept. */
static bool is_usable_part(const ah_exchanged *exchanged)
{
    ah_range range;
    uint64_t length;
    const char *value = ah_fields_get(exchanged->response, "content-range");
    return value && ah_content_range_parse(value, &range, &length) &&
           !ah_fields_find(exchanged->response, "content-encoding");
}

static bool has_validator(const ah_fields *fields)
{
    return ah_fields_find(fields, "etag") || ah_fields_find(fields, "last-modified");
}

/* RFC 9111 section 3: whether the response lets itself be stored, by a private cache. */
static bool allows_storing(const ah_exchanged *exchanged, const ah_directives *directives, bool has_lifetime)
{
    if (directives->must_understand ? !understands(exchanged->status) : directives->no_store)
        return false;
    return has_lifetime || directives->is_public || directives->is_private ||
           ah_is_heuristically_cacheable(exchanged->status);
}

bool ah_may_store(const ah_exchanged *exchanged, double now)
{
    ah_directives asked = ah_directives_of_request(exchanged->request);
    ah_directives directives = ah_directives_of_response(exchanged->response);
    if (!is_candidate(exchanged) || asked.no_store || (exchanged->status == 206 && !is_usable_part(exchanged)))
        return false;
    const ah_entry entry = {
        .status = exchanged->status, .fields = *exchanged->response, .requested = now, .received = now};
    ah_freshness freshness = ah_freshness_of(&entry, &directives, exchanged->heuristic, now);
    if (!allows_storing(exchanged, &directives, freshness.is_explicit))
        return false;
    if (strcmp(exchanged->method, "POST") == 0 && !freshness.is_explicit)
        return false;
    /* With neither a lifetime that counts nor a validator it could never be used. */
    return (freshness.lifetime > 0 && !directives.no_cache) || has_validator(exchanged->response);
}

bool ah_may_keep(const ah_entry *entry)
{
    ah_directives directives = ah_directives_of_response(&entry->fields);
    return directives.must_understand ? understands(entry->status) : !directives.no_store;
}

/* Whether the field must stay for the others to be judged, whatever is said of it; and for what it says of them to be read
 * to its end. */
static bool is_needed(const char *name)
{
    return strcmp(name, "connection") == 0 || strcmp(name, "cache-control") == 0 || strcmp(name, "vary") == 0;
}

/* What Connection or Cache-Control names. */
static void drop(ah_fields *fields, const char *name, size_t length)
{
    const ah_field *field = ah_fields_find_n(fields, name, length);
    if (field && !is_needed(field->name))
        ah_fields_delete(fields, field->name);
}

void ah_strip_fields(ah_fields *fields)
{
    /* Fields that are for the connection (RFC 9110 section 7.6.1) or for a proxy (RFC 9111 section 3.1); and the status,
     * which is made anew for each answer. */
    static const char *const names[] = {"connection",
                                        "keep-alive",
                                        "proxy-connection",
                                        "proxy-authenticate",
                                        "proxy-authorization",
                                        "proxy-authentication-info",
                                        "te",
                                        "trailer",
                                        "transfer-encoding",
                                        "upgrade",
                                        "status"};
    const char *item;
    size_t length;
    const char *nominated = ah_fields_get(fields, "connection");
    while (nominated && (length = ah_list_item(&item, &nominated)))
        drop(fields, item, length);
    ah_directives_withhold(fields, drop);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        ah_fields_delete(fields, names[i]);
}

bool ah_prepare_entry(ah_entry *entry, const ah_exchanged *exchanged)
{
    entry->status = exchanged->status;
    if (!ah_fields_copy(&entry->fields, exchanged->response))
        return false;
    ah_strip_fields(&entry->fields);
    if (exchanged->status == 206) {
        entry->status = 200;
        ah_fields_delete(&entry->fields, "content-range");
        ah_fields_delete(&entry->fields, "content-length");
    }
    if (ah_vary_select(&entry->selecting, exchanged->request, &entry->fields) == AH_VARY_OK)
        return true;
    ah_fields_clear(&entry->fields);
    return false;
}

bool ah_note_decoded(ah_fields *fields, uint64_t length)
{
    char text[24];
    const char *coding = ah_fields_get(fields, "content-encoding");
    snprintf(text, sizeof(text), "%" PRIu64, length);
    if (!coding)
        return true;
    if (!ah_fields_set(fields, "-content-encoding", coding) || !ah_fields_set(fields, "content-length", text))
        return false;
    ah_fields_delete(fields, "content-encoding");
    return true;
}

double ah_fresh_until(const ah_entry *entry, double heuristic, double now)
{
    ah_directives directives = ah_directives_of_response(&entry->fields);
    ah_freshness freshness = ah_freshness_of(entry, &directives, heuristic, now);
    if (directives.no_cache || freshness.lifetime <= 0)
        return 0;
    return now + freshness.lifetime - freshness.age;
}

/* Fields that describe the content as it is stored, its digests among them, which the newer head does not bring (RFC
 * 9111 section 3.2). */
static bool describes_content(const char *name)
{
    static const char *const names[] = {"content-digest", "content-encoding", "content-length",
                                        "content-md5",    "content-range",    "-content-encoding"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(name, names[i]) == 0)
            return true;
    }
    return false;
}

static bool has_field(const ah_fields *fields, const ah_field *field)
{
    const ah_field *known = ah_fields_find(fields, field->name);
    if (!known || known->count != field->count)
        return false;
    for (size_t i = 0; i < field->count; i++) {
        if (strcmp(known->values[i], field->values[i]) != 0)
            return false;
    }
    return true;
}

static bool is_time(const char *name)
{
    return strcmp(name, "date") == 0 || strcmp(name, "age") == 0;
}

static bool replace_field(ah_fields *fields, const ah_field *field)
{
    if (!ah_fields_set(fields, field->name, field->values[0]))
        return false;
    for (size_t i = 1; i < field->count; i++) {
        const char *value = field->values[i];
        if (!ah_fields_add(fields, field->name, strlen(field->name), value, strlen(value)))
            return false;
    }
    return true;
}

bool ah_update_fields(ah_entry *entry, const ah_fields *newer, bool *changed)
{
    ah_fields fields = {0};
    bool updated = ah_fields_copy(&fields, newer);
    *changed = false;
    ah_strip_fields(&fields);
    for (size_t i = 0; i < fields.count && updated; i++) {
        const ah_field *field = &fields.fields[i];
        if (describes_content(field->name) || has_field(&entry->fields, field))
            continue;
        updated = replace_field(&entry->fields, field);
        *changed = *changed || !is_time(field->name);
    }
    /* An Age or Date that the newer response does not have was the older one's (section 4.2.3). */
    if (updated && !ah_fields_find(&fields, "age"))
        ah_fields_delete(&entry->fields, "age");
    if (updated && !ah_fields_find(&fields, "date"))
        ah_fields_delete(&entry->fields, "date");
    /* What is withheld from now on may be there from before. */
    ah_strip_fields(&entry->fields);
    ah_fields_clear(&fields);
    return updated;
}

/* Whether the newer head has the same value, or does not have the field at all. */
static bool agrees(const ah_fields *stored, const ah_fields *head, const char *name)
{
    const char *value = ah_fields_get(head, name);
    const char *known = ah_fields_get(stored, name);
    return !value || (known && strcmp(value, known) == 0);
}

bool ah_head_agrees(const ah_entry *entry, const ah_fields *head)
{
    const ah_fields *stored = &entry->fields;
    /* What was decoded has another length now than on its way. */
    bool decoded = ah_fields_find(stored, "-content-encoding") != NULL;
    bool same_tag = !ah_fields_find(head, "etag") ||
                    ah_etag_same_weakly(ah_fields_get(stored, "etag"), ah_fields_get(head, "etag"));
    char length[24];
    const char *announced = ah_fields_get(head, "content-length");
    snprintf(length, sizeof(length), "%" PRIu64, entry->length);
    bool same_length = decoded || !announced || entry->length == AH_LENGTH_UNKNOWN || strcmp(announced, length) == 0;
    return same_tag && same_length && agrees(stored, head, "last-modified");
}
