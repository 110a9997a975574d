#include "cache/ranges.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- Sets of ranges ---- */

static bool grow(ah_ranges *ranges)
{
    if (ranges->count < ranges->capacity)
        return true;
    size_t capacity = ranges->capacity ? ranges->capacity * 2 : 4;
    ah_range *grown = realloc(ranges->items, capacity * sizeof(*grown));
    if (!grown)
        return false;
    ranges->items = grown;
    ranges->capacity = capacity;
    return true;
}

static void splice(ah_ranges *ranges, size_t place, size_t removed, ah_range range)
{
    memmove(&ranges->items[place + 1], &ranges->items[place + removed],
            (ranges->count - place - removed) * sizeof(range));
    ranges->items[place] = range;
    ranges->count = ranges->count + 1 - removed;
}

bool ah_ranges_add(ah_ranges *ranges, ah_range range)
{
    if (range.first >= range.end)
        return true;
    if (!grow(ranges))
        return false;
    size_t place = 0;
    size_t joined = 0;
    while (place < ranges->count && ranges->items[place].end < range.first)
        place++;
    for (; place + joined < ranges->count && ranges->items[place + joined].first <= range.end; joined++) {
        const ah_range *other = &ranges->items[place + joined];
        if (other->first < range.first)
            range.first = other->first;
        if (other->end > range.end)
            range.end = other->end;
    }
    splice(ranges, place, joined, range);
    return true;
}

bool ah_ranges_contain(const ah_ranges *ranges, ah_range range)
{
    ah_range gap;
    return !ah_ranges_gap(ranges, range, &gap);
}

bool ah_ranges_gap(const ah_ranges *ranges, ah_range range, ah_range *gap)
{
    for (size_t i = 0; i < ranges->count && range.first < range.end; i++) {
        const ah_range *known = &ranges->items[i];
        if (known->end <= range.first)
            continue;
        if (known->first > range.first) {
            range.end = known->first < range.end ? known->first : range.end;
            break;
        }
        range.first = known->end;
    }
    if (range.first >= range.end)
        return false;
    *gap = range;
    return true;
}

bool ah_ranges_copy(ah_ranges *copy, const ah_ranges *ranges)
{
    for (size_t i = 0; i < ranges->count; i++) {
        if (!ah_ranges_add(copy, ranges->items[i])) {
            ah_ranges_clear(copy);
            return false;
        }
    }
    return true;
}

void ah_ranges_clear(ah_ranges *ranges)
{
    free(ranges->items);
    *ranges = (ah_ranges){0};
}

/* ---- Text ---- */

bool ah_ranges_write(ah_buffer *text, const ah_ranges *ranges)
{
    for (size_t i = 0; i < ranges->count; i++) {
        const ah_range *range = &ranges->items[i];
        if (!ah_buffer_printf(text, "%s%" PRIu64 "-%" PRIu64, i ? "," : "", range->first, range->end - 1))
            return false;
    }
    return ah_buffer_append(text, "", 0);
}

/* Reads digits, at least one and no more than fit. NULL: there are none. */
static const char *read_number(const char *text, uint64_t *number)
{
    const char *digit = text;
    *number = 0;
    for (; *digit >= '0' && *digit <= '9'; digit++) {
        unsigned value = (unsigned)(*digit - '0');
        if (*number > (UINT64_MAX - 1 - value) / 10)
            return NULL;
        *number = *number * 10 + value;
    }
    return digit == text ? NULL : digit;
}

/* "first-last", both included. NULL: it is no such thing. */
static const char *read_range(const char *text, ah_range *range)
{
    uint64_t last = 0;
    text = read_number(text, &range->first);
    if (text && *text == '-')
        text = read_number(text + 1, &last);
    else
        text = NULL;
    if (!text || last < range->first)
        return NULL;
    range->end = last + 1;
    return text;
}

bool ah_ranges_read(ah_ranges *ranges, const char *text)
{
    ah_range range;
    while (*text) {
        text = read_range(text, &range);
        bool more = text && *text == ',' && text[1];
        if (!text || (*text && !more) || !ah_ranges_add(ranges, range)) {
            ah_ranges_clear(ranges);
            return false;
        }
        text += more;
    }
    return true;
}

/* ---- Fields ---- */

static bool is_space(char character)
{
    return character == ' ' || character == '\t';
}

static const char *skip_space(const char *text)
{
    while (is_space(*text))
        text++;
    return text;
}

/* The place behind "bytes" and that separator; NULL: it is another unit. */
static const char *skip_unit(const char *text, char separator)
{
    text = skip_space(text);
    if (strncasecmp(text, "bytes", 5) != 0 || text[5] != separator)
        return NULL;
    return skip_space(text + 6);
}

static ah_range_answer satisfy(ah_range range, uint64_t length, ah_range *answer)
{
    if (range.first >= length)
        return AH_RANGE_UNSATISFIABLE;
    *answer = (ah_range){range.first, range.end < length ? range.end : length};
    return AH_RANGE_SATISFIABLE;
}

/* "-5": the last five bytes. */
static ah_range_answer parse_suffix(const char *text, uint64_t length, ah_range *range)
{
    uint64_t wanted;
    text = read_number(text, &wanted);
    if (!text || *skip_space(text) || length == UINT64_MAX)
        return AH_RANGE_OTHER;
    if (wanted == 0 || length == 0)
        return AH_RANGE_UNSATISFIABLE;
    *range = (ah_range){wanted < length ? length - wanted : 0, length};
    return AH_RANGE_SATISFIABLE;
}

ah_range_answer ah_range_parse(const char *value, uint64_t length, ah_range *range)
{
    ah_range asked = {0};
    uint64_t last = UINT64_MAX - 1;
    const char *text = skip_unit(value, '=');
    if (!text)
        return AH_RANGE_OTHER;
    if (*text == '-')
        return parse_suffix(text + 1, length, range);
    text = read_number(text, &asked.first);
    if (!text || *text++ != '-')
        return AH_RANGE_OTHER;
    bool open = *skip_space(text) == '\0';
    text = open ? text : read_number(text, &last);
    if (!text || *skip_space(text) || last < asked.first || (open && length == UINT64_MAX))
        return AH_RANGE_OTHER;
    asked.end = last + 1;
    return satisfy(asked, length, range);
}

bool ah_content_range_parse(const char *value, ah_range *range, uint64_t *length)
{
    const char *text = skip_unit(value, ' ');
    text = text ? read_range(text, range) : NULL;
    if (!text || *text++ != '/')
        return false;
    *length = UINT64_MAX;
    text = *text == '*' ? text + 1 : read_number(text, length);
    return text && !*skip_space(text) && range->end <= *length;
}

void ah_content_range_format(char text[80], ah_range range, uint64_t length)
{
    if (length == UINT64_MAX)
        snprintf(text, 80, "bytes %" PRIu64 "-%" PRIu64 "/*", range.first, range.end - 1);
    else
        snprintf(text, 80, "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, range.first, range.end - 1, length);
}
