/*
 * cache/directives.h. The input: the value of a Cache-Control field. And all of it as seconds.
 */
#include "cache/directives.h"

#include <errno.h>
#include <inttypes.h>

#include "fuzz.h"

static ah_fields fields_of(const char *value)
{
    ah_fields fields = {0};
    DEMAND(ah_fields_add(&fields, "cache-control", strlen("cache-control"), value, strlen(value)));
    return fields;
}

static void check_same(const ah_directives *a, const ah_directives *b)
{
    DEMAND(a->no_store == b->no_store && a->no_cache == b->no_cache && a->must_revalidate == b->must_revalidate);
    DEMAND(a->must_understand == b->must_understand && a->is_public == b->is_public);
    DEMAND(a->is_private == b->is_private && a->immutable == b->immutable);
    DEMAND(a->only_if_cached == b->only_if_cached && a->max_age == b->max_age && a->min_fresh == b->min_fresh);
    DEMAND(a->max_stale == b->max_stale && a->stale_while_revalidate == b->stale_while_revalidate);
    DEMAND(a->stale_if_error == b->stale_if_error);
}

static void check_seconds(int64_t seconds)
{
    DEMAND(seconds >= AH_SECONDS_NONE && (seconds <= AH_SECONDS_MOST || seconds == AH_SECONDS_ANY));
}

/* ---- Written again, and read again: the same ---- */

static void write_flag(ah_buffer *text, bool flag, const char *name)
{
    DEMAND(!flag || ah_buffer_printf(text, "%s, ", name));
}

static void write_seconds(ah_buffer *text, int64_t seconds, const char *name)
{
    check_seconds(seconds);
    if (seconds == AH_SECONDS_ANY)
        DEMAND(ah_buffer_printf(text, "%s, ", name));
    else if (seconds != AH_SECONDS_NONE)
        DEMAND(ah_buffer_printf(text, "%s=%" PRId64 ", ", name, seconds));
}

static void check_written(const ah_directives *directives)
{
    ah_buffer text = {0};
    DEMAND(ah_buffer_append_string(&text, ""));
    write_flag(&text, directives->no_store, "no-store");
    write_flag(&text, directives->no_cache, "no-cache");
    write_flag(&text, directives->must_revalidate, "must-revalidate");
    write_flag(&text, directives->must_understand, "must-understand");
    write_flag(&text, directives->is_public, "public");
    write_flag(&text, directives->is_private, "private");
    write_flag(&text, directives->immutable, "immutable");
    write_flag(&text, directives->only_if_cached, "only-if-cached");
    write_seconds(&text, directives->max_age, "max-age");
    write_seconds(&text, directives->min_fresh, "min-fresh");
    write_seconds(&text, directives->max_stale, "max-stale");
    write_seconds(&text, directives->stale_while_revalidate, "stale-while-revalidate");
    write_seconds(&text, directives->stale_if_error, "stale-if-error");
    ah_fields fields = fields_of(text.data);
    ah_directives again = ah_directives_of_response(&fields);
    check_same(directives, &again);
    ah_fields_clear(&fields);
    ah_buffer_free(&text);
}

/* ---- The items of the list alone: the same ---- */

static ah_fields fields_of_items(const char *value)
{
    ah_buffer text = {0};
    const char *item;
    const char *next = value;
    DEMAND(ah_buffer_append_string(&text, ""));
    for (size_t length; (length = ah_list_item(&item, &next));) {
        DEMAND(item >= value && item + length <= next && next <= value + strlen(value));
        DEMAND(!text.length || ah_buffer_append_string(&text, " ,\t,"));
        DEMAND(ah_buffer_append(&text, item, length));
    }
    DEMAND(*next == '\0');
    ah_fields fields = fields_of(text.data);
    ah_buffer_free(&text);
    return fields;
}

static ah_buffer withheld;

static void withhold(ah_fields *fields, const char *name, size_t length)
{
    (void)fields;
    DEMAND(length && ah_buffer_append(&withheld, name, length) && ah_buffer_append(&withheld, ",", 1));
}

/* A list of the names, to be freed. */
static char *list_withheld(ah_fields *fields)
{
    DEMAND(ah_buffer_append_string(&withheld, ""));
    ah_directives_withhold(fields, withhold);
    char *list = ah_buffer_take(&withheld);
    DEMAND(list);
    return list;
}

static void check_withheld(ah_fields *fields, ah_fields *again)
{
    char *list = list_withheld(fields);
    char *same = list_withheld(again);
    DEMAND(strcmp(list, same) == 0);
    free(list);
    free(same);
}

/* Of what may stand in a field: the items keep their white space then. */
static void check_directives(const char *value)
{
    if (!ah_is_field_value(value))
        return;
    ah_fields fields = fields_of(value);
    ah_fields items = fields_of_items(value);
    ah_directives response = ah_directives_of_response(&fields);
    ah_directives request = ah_directives_of_request(&fields);
    ah_directives again = ah_directives_of_response(&items);
    check_same(&response, &again);
    check_written(&response);
    check_written(&request);
    check_withheld(&fields, &items);
    /* Fields are withheld in place of the response. */
    DEMAND(!response.no_cache || request.no_cache);
    response.no_cache = request.no_cache;
    check_same(&response, &request);
    ah_fields_clear(&fields);
    ah_fields_clear(&items);
}

static void check_number(const char *text)
{
    int64_t seconds = AH_SECONDS_NONE;
    size_t length = strlen(text);
    bool valid = length && strspn(text, "0123456789") == length;
    DEMAND(ah_seconds_parse(text, length, &seconds) == valid);
    errno = 0;
    unsigned long long number = valid ? strtoull(text, NULL, 10) : 0;
    bool much = errno || number > (unsigned long long)AH_SECONDS_MOST;
    DEMAND(!valid || seconds == (much ? AH_SECONDS_MOST : (int64_t)number));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size);
    check_directives(text);
    check_number(text);
    free(text);
    return 0;
}
