#include "answer_stored.h"

#include "compress.h"
#include "ledger.h"
#include "memory.h"
#include "number.h"
#include "pattern.h"
#include "percent.h"
#include "query.h"
#include "reply.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIZE_LIMIT ((uint64_t)64 * 1024 * 1024)

/* ---- The part of the query that a request is answered by ----------------------------------- */

/* That of the number-th request, from 1; the last part is for all that follow. */
static const char *find_part(const char *query, uint64_t number)
{
    const char *part = query;
    const char *rest = query;
    query_item item;

    while (number > 1 && query_next(&rest, &item))
        if (query_is(&item, "then")) {
            part = rest;
            number--;
        }
    return part;
}

static bool part_next(const char **rest, query_item *item)
{
    return query_next(rest, item) && !query_is(item, "then");
}

static bool part_find(const char *part, const char *name, query_item *item)
{
    while (part_next(&part, item))
        if (query_is(item, name))
            return true;
    return false;
}

static bool part_has(const char *part, const char *name)
{
    query_item item;

    return part_find(part, name, &item);
}

/* Its value as a number; what stands for it otherwise. */
static uint64_t part_number(const char *part, const char *name, uint64_t otherwise)
{
    query_item item;
    uint64_t number;

    if (part_find(part, name, &item) && number_parse(item.value, item.value_size, 10, &number) && number <= SIZE_LIMIT)
        return number;
    return otherwise;
}

/* Its value, decoded, to be freed; NULL: it is not there. */
static char *part_text(const char *part, const char *name)
{
    query_item item;

    return part_find(part, name, &item) ? percent_decoded_string(item.value, item.value_size) : NULL;
}

/* ---- What the request says ----------------------------------------------------------------- */

/* The field's value, to be freed; NULL: it is not there. */
static char *asked(const exchange *x, const char *name)
{
    field_value value;

    return request_field(&x->request, name, &value) ? memory_string(value.text, value.size) : NULL;
}

static void record_request(exchange *x, const char *name)
{
    char *head = memory_string((const char *)buffer_bytes(&x->request.head), x->request.head.size);

    ledger_record(name, head);
    free(head);
}

/* Whether the request's field, a condition, names the value that the response has for another field. */
static bool names(const exchange *x, const char *condition, const char *part, const char *name)
{
    char *wanted = asked(x, condition);
    char *value = part_text(part, name);
    bool named = wanted && value && strstr(wanted, value);

    free(wanted);
    free(value);
    return named;
}

/* RFC 9110 section 13.2.2. */
static bool is_known(const exchange *x, const char *part)
{
    field_value value;

    if (request_field(&x->request, "If-None-Match", &value))
        return names(x, "If-None-Match", part, "ETag");
    return names(x, "If-Modified-Since", part, "Last-Modified");
}

/* Whether a single range is asked for, as "FIRST-", "FIRST-LAST" or "-COUNT", of the representation that there is. *end
 * is the byte after its last. */
static bool wants_range(const exchange *x, const char *part, uint64_t size, uint64_t *first, uint64_t *end)
{
    field_value unused;
    char *range = asked(x, "Range");
    int read = 0;
    bool ranged = range && part_has(part, "Accept-Ranges") &&
                  (!request_field(&x->request, "If-Range", &unused) || names(x, "If-Range", part, "ETag") ||
                   names(x, "If-Range", part, "Last-Modified"));

    *end = size;
    if (ranged && sscanf(range, "bytes=-%" SCNu64 "%n", end, &read) == 1) {
        *first = *end < size ? size - *end : 0;
        *end = size;
    } else if (ranged && sscanf(range, "bytes=%" SCNu64 "-%n%" SCNu64 "%n", first, &read, end, &read) == 2) {
        *end = *end < size ? *end + 1 : size;
    } else {
        ranged = ranged && read > 0;
    }
    ranged = ranged && !range[read];
    free(range);
    return ranged;
}

/* ---- The answer ---------------------------------------------------------------------------- */

static void add_fields(exchange *x, const char *part)
{
    query_item item;

    while (part_next(&part, &item)) {
        char *name = percent_decoded_string(item.name, item.name_size);
        char *value = percent_decoded_string(item.value, item.value_size);

        if (*name >= 'A' && *name <= 'Z')
            reply_field_text(x, name, value);
        free(name);
        free(value);
    }
}

/* Writes the content that the part names. */
static void write_content(exchange *x, const char *part, buffer *content)
{
    char *text = part_text(part, "body");
    size_t bytes = (size_t)part_number(part, "bytes", 0);
    uint64_t truncated = part_number(part, "truncate", SIZE_LIMIT);

    if (text)
        buffer_append(content, text, strlen(text));
    pattern_fill(buffer_room(content, bytes), bytes, 0);
    buffer_grow(content, bytes);
    if (part_has(part, "gzip")) {
        compress_append(content, source_pattern(part_number(part, "gzip", 0)), COMPRESS_GZIP, COMPRESS_FINISHED);
        reply_field_text(x, "Content-Encoding", "gzip");
    }
    if (truncated < content->size)
        buffer_truncate(content, (size_t)truncated);
    free(text);
}

static void reply_range(exchange *x, buffer *content, uint64_t first, uint64_t end)
{
    char range[80];
    size_t size = content->size;

    if (first >= size || end <= first) {
        snprintf(range, sizeof range, "bytes */%zu", size);
        reply_field_text(x, "Content-Range", range);
        buffer_clear(content);
        reply_bytes(x, 416, "text/plain", content);
        return;
    }
    snprintf(range, sizeof range, "bytes %" PRIu64 "-%" PRIu64 "/%zu", first, end - 1, size);
    reply_field_text(x, "Content-Range", range);
    buffer_truncate(content, (size_t)end);
    buffer_drop(content, (size_t)first);
    reply_bytes(x, 206, "text/plain", content);
}

/* Of any size, since it is never there as a whole. */
static void reply_streamed(exchange *x, const char *part)
{
    query_item item;
    uint64_t size = 0;

    if (part_find(part, "stream", &item))
        number_parse(item.value, item.value_size, 10, &size);
    reply_stream(x, "text/plain", source_pattern(size), part_has(part, "chunked") ? REPLY_CHUNKED : REPLY_LENGTH, size);
}

static void reply_resource(exchange *x, const char *part)
{
    buffer content = {0};
    unsigned status = (unsigned)part_number(part, "status", 200);
    uint64_t first = 0;
    uint64_t end = 0;

    add_fields(x, part);
    write_content(x, part, &content);
    if (status == 200 && is_known(x, part)) {
        buffer_clear(&content);
        reply_bytes(x, 304, "text/plain", &content);
    } else if (status == 200 && wants_range(x, part, content.size, &first, &end)) {
        reply_range(x, &content, first, end);
    } else if (part_has(part, "stream")) {
        reply_streamed(x, part);
    } else {
        reply_bytes(x, status, "text/plain", &content);
    }
}

void answer_stored(exchange *x)
{
    const char *name = x->arguments.words[0];
    const char *part = find_part(x->request.query, ledger_count(name));
    char *place = part_text(part, "hold");

    record_request(x, name);
    if (place) {
        place_hold(place, &x->waiter);
        script_hold(&x->script);
    }
    free(place);
    if (!part_has(part, "drop"))
        reply_resource(x, part);
    if (part_has(part, "drop") || part_has(part, "close"))
        script_close(&x->script);
}
