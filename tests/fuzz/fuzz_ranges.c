/*
 * cache/ranges.h. The input, in lines: the length of a content, a set of ranges as text, the values of a Range and of a
 * Content-Range field.
 */
#include "cache/ranges.h"

#include <errno.h>
#include <strings.h>

#include "fuzz.h"

static const char digits[] = "0123456789";

/* ---- Sets ---- */

static void check_order(const ah_ranges *ranges)
{
    for (size_t i = 0; i < ranges->count; i++) {
        const ah_range *range = &ranges->items[i];
        ah_range gap;
        DEMAND(range->first < range->end && (!i || ranges->items[i - 1].end < range->first));
        DEMAND(ah_ranges_contain(ranges, *range));
        /* What is left of one that reaches one byte further. */
        if (range->end < UINT64_MAX)
            DEMAND(ah_ranges_gap(ranges, (ah_range){range->first, range->end + 1}, &gap) && gap.first == range->end &&
                   gap.end == range->end + 1);
    }
}

static void check_set(const char *text)
{
    ah_ranges ranges = {0}, again = {0};
    ah_buffer written = {0}, rewritten = {0};
    if (!ah_ranges_read(&ranges, text)) {
        DEMAND(!ranges.items && !ranges.count);
        return;
    }
    check_order(&ranges);
    DEMAND(ah_ranges_write(&written, &ranges) && ah_ranges_read(&again, written.data));
    DEMAND(again.count == ranges.count && ah_ranges_write(&rewritten, &again));
    DEMAND(strcmp(written.data, rewritten.data) == 0 && written.length <= strlen(text));
    ah_ranges_clear(&ranges);
    ah_ranges_clear(&again);
    ah_buffer_free(&written);
    ah_buffer_free(&rewritten);
}

/* ---- Fields, against a plain reading of the grammar ---- */

/* The digits at the beginning as a number; moves on behind them. False: there are none, or too many. */
static int take_number(const char **text, uint64_t *number)
{
    size_t length = strspn(*text, digits);
    errno = 0;
    *number = strtoull(*text, NULL, 10);
    int good = length && !errno && *number < UINT64_MAX;
    *text += length;
    return good;
}

static int is_end(const char *text)
{
    return text[strspn(text, " \t")] == '\0';
}

/* Behind "bytes" and that separator; NULL: it is something else. */
static const char *behind_unit(const char *text, const char *unit)
{
    text += strspn(text, " \t");
    if (strncasecmp(text, unit, strlen(unit)) != 0)
        return NULL;
    text += strlen(unit);
    return text + strspn(text, " \t");
}

static ah_range_answer model_range(const char *text, uint64_t length, ah_range *range)
{
    uint64_t first = 0, last = UINT64_MAX - 1;
    int known = length != UINT64_MAX;
    text = behind_unit(text, "bytes=");
    if (!text)
        return AH_RANGE_OTHER;
    int suffix = *text == '-';
    if ((!suffix && !take_number(&text, &first)) || *text++ != '-')
        return AH_RANGE_OTHER;
    int open = !suffix && is_end(text);
    if ((!open && !take_number(&text, &last)) || !is_end(text) || ((open || suffix) && !known))
        return AH_RANGE_OTHER;
    if (suffix) {
        first = last < length ? length - last : 0;
        first = last ? first : length;
        last = length - 1;
    } else if (last < first) {
        return AH_RANGE_OTHER;
    }
    if (first >= length)
        return AH_RANGE_UNSATISFIABLE;
    *range = (ah_range){first, last < length ? last + 1 : length};
    return AH_RANGE_SATISFIABLE;
}

static void check_range(const char *text, uint64_t length)
{
    ah_range range = {0}, expected = {0};
    ah_range_answer answer = ah_range_parse(text, length, &range);
    DEMAND(answer == model_range(text, length, &expected));
    if (answer == AH_RANGE_SATISFIABLE)
        DEMAND(range.first == expected.first && range.end == expected.end && range.first < range.end &&
               range.end <= length);
}

static int model_content_range(const char *text, ah_range *range, uint64_t *length)
{
    uint64_t last;
    text = behind_unit(text, "bytes ");
    if (!text || !take_number(&text, &range->first) || *text++ != '-' || !take_number(&text, &last) || *text++ != '/')
        return 0;
    range->end = last + 1;
    *length = UINT64_MAX;
    if (*text == '*')
        text++;
    else if (!take_number(&text, length))
        return 0;
    return is_end(text) && range->first <= last && range->end <= *length;
}

static void check_content_range(const char *text)
{
    ah_range range, expected, again;
    uint64_t length, expected_length, again_length;
    char written[80];
    int good = ah_content_range_parse(text, &range, &length);
    DEMAND(good == model_content_range(text, &expected, &expected_length));
    if (!good)
        return;
    DEMAND(range.first == expected.first && range.end == expected.end && length == expected_length);
    ah_content_range_format(written, range, length);
    DEMAND(ah_content_range_parse(written, &again, &again_length));
    DEMAND(range.first == again.first && range.end == again.end && length == again_length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *line = fuzz_take_line(&data, &size);
    uint64_t length = strtoull(line, NULL, 10);
    free(line);
    line = fuzz_take_line(&data, &size);
    check_set(line);
    free(line);
    line = fuzz_take_line(&data, &size);
    check_range(line, length);
    free(line);
    line = fuzz_take_line(&data, &size);
    check_content_range(line);
    free(line);
    return 0;
}
