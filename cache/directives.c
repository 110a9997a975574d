#include "cache/directives.h"

#include <string.h>
#include <strings.h>

static bool is_space(char character)
{
    return character == ' ' || character == '\t';
}

/* The end of the quoted string that begins here: behind its closing quote, or the end of the text. */
static const char *skip_quoted(const char *text, bool *ends)
{
    for (text++; *text && *text != '"'; text++) {
        if (*text == '\\' && text[1])
            text++;
    }
    *ends = *text == '"';
    return *ends ? text + 1 : text;
}

/* As ah_list_item(); *whole: its quoted strings all end. */
static size_t take_item(const char **item, const char **next, bool *whole)
{
    const char *text = *next;
    while (is_space(*text) || *text == ',')
        text++;
    const char *end = text;
    *whole = true;
    while (*end && *end != ',')
        end = *end == '"' ? skip_quoted(end, whole) : end + 1;
    *item = text;
    *next = end;
    while (end > text && is_space(end[-1]))
        end--;
    return (size_t)(end - text);
}

size_t ah_list_item(const char **item, const char **next)
{
    bool whole;
    return take_item(item, next, &whole);
}

bool ah_seconds_parse(const char *text, size_t length, int64_t *seconds)
{
    int64_t value = 0;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        value = value * 10 + (text[i] - '0');
        if (value > AH_SECONDS_MOST)
            value = AH_SECONDS_MOST;
    }
    *seconds = value;
    return length > 0;
}

/* One directive: a name, and an argument without its quotes; NULL: none. */
typedef struct directive {
    const char *name;
    size_t name_length;
    const char *argument;
    size_t argument_length;
    /* Its quoted strings all end. */
    bool whole;
} directive;

static bool next_directive(const char **text, directive *read)
{
    const char *item;
    bool whole;
    size_t length = take_item(&item, text, &whole);
    if (!length)
        return false;
    const char *equals = memchr(item, '=', length);
    *read = (directive){.name = item, .name_length = equals ? (size_t)(equals - item) : length, .whole = whole};
    if (!equals)
        return true;
    read->argument = equals + 1;
    read->argument_length = length - read->name_length - 1;
    /* Recipients are to take both forms, whichever was meant (RFC 9111 section 5.2). */
    if (read->argument_length >= 2 && *read->argument == '"' && read->argument[read->argument_length - 1] == '"') {
        read->argument++;
        read->argument_length -= 2;
    }
    return true;
}

#define NAME_AND_LENGTH(name) name, sizeof(name) - 1

static bool is(const directive *read, const char *name, size_t length)
{
    return length == read->name_length && strncasecmp(read->name, name, length) == 0;
}

/* Directives that are there or not. An argument that they do not have is passed over. */
static bool read_flag(ah_directives *directives, const directive *read)
{
    const struct {
        const char *name;
        size_t length;
        bool *flag;
    } flags[] = {
        {NAME_AND_LENGTH("no-store"), &directives->no_store},
        {NAME_AND_LENGTH("must-revalidate"), &directives->must_revalidate},
        {NAME_AND_LENGTH("must-understand"), &directives->must_understand},
        {NAME_AND_LENGTH("public"), &directives->is_public},
        {NAME_AND_LENGTH("private"), &directives->is_private},
        {NAME_AND_LENGTH("immutable"), &directives->immutable},
        {NAME_AND_LENGTH("only-if-cached"), &directives->only_if_cached},
    };
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        if (is(read, flags[i].name, flags[i].length))
            return *flags[i].flag = true;
    }
    return false;
}

static void read_seconds(ah_directives *directives, const directive *read)
{
    const struct {
        const char *name;
        size_t length;
        int64_t *seconds;
        /* What it is without a number, and with one that makes no sense (RFC 9111 section 4.2.1). */
        int64_t absent;
        int64_t invalid;
    } numbers[] = {
        {NAME_AND_LENGTH("max-age"), &directives->max_age, 0, 0},
        {NAME_AND_LENGTH("min-fresh"), &directives->min_fresh, AH_SECONDS_NONE, AH_SECONDS_NONE},
        {NAME_AND_LENGTH("max-stale"), &directives->max_stale, AH_SECONDS_ANY, AH_SECONDS_NONE},
        {NAME_AND_LENGTH("stale-while-revalidate"), &directives->stale_while_revalidate, AH_SECONDS_NONE,
         AH_SECONDS_NONE},
        {NAME_AND_LENGTH("stale-if-error"), &directives->stale_if_error, AH_SECONDS_NONE, AH_SECONDS_NONE},
    };
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        if (!is(read, numbers[i].name, numbers[i].length) || *numbers[i].seconds != AH_SECONDS_NONE)
            continue;
        if (!read->argument)
            *numbers[i].seconds = numbers[i].absent;
        else if (!ah_seconds_parse(read->argument, read->argument_length, numbers[i].seconds))
            *numbers[i].seconds = numbers[i].invalid;
    }
}

/* Whether a response's no-cache is about certain fields; a list of none is no list (RFC 9111 section 5.2.2.4). */
static bool names_fields(const directive *read)
{
    for (size_t i = 0; i < read->argument_length; i++) {
        if (!strchr(", \t\"", read->argument[i]))
            return true;
    }
    return false;
}

static const ah_directives none = {
    .max_age = AH_SECONDS_NONE,
    .min_fresh = AH_SECONDS_NONE,
    .max_stale = AH_SECONDS_NONE,
    .stale_while_revalidate = AH_SECONDS_NONE,
    .stale_if_error = AH_SECONDS_NONE,
};

static ah_directives read_directives(const ah_fields *fields, bool is_request)
{
    ah_directives directives = none;
    directive read;
    const char *text = ah_fields_get(fields, "cache-control");
    while (text && next_directive(&text, &read)) {
        if (is(&read, NAME_AND_LENGTH("no-cache")))
            directives.no_cache = directives.no_cache || is_request || !names_fields(&read);
        else if (!read_flag(&directives, &read))
            read_seconds(&directives, &read);
        directives.no_store = directives.no_store || !read.whole;
    }
    return directives;
}

ah_directives ah_directives_of_response(const ah_fields *fields)
{
    return read_directives(fields, false);
}

ah_directives ah_directives_of_request(const ah_fields *fields)
{
    ah_directives directives = read_directives(fields, true);
    const char *pragma = ah_fields_get(fields, "pragma");
    directive read;
    if (ah_fields_find(fields, "cache-control"))
        return directives;
    while (pragma && next_directive(&pragma, &read))
        directives.no_cache = directives.no_cache || is(&read, NAME_AND_LENGTH("no-cache"));
    return directives;
}

void ah_directives_withhold(ah_fields *fields, void (*withhold)(ah_fields *fields, const char *name, size_t length))
{
    directive read;
    const char *text = ah_fields_get(fields, "cache-control");
    while (text && next_directive(&text, &read)) {
        if (!is(&read, NAME_AND_LENGTH("no-cache")) || !read.argument)
            continue;
        const char *end = read.argument + read.argument_length;
        for (const char *word = read.argument; word < end;) {
            size_t length = strcspn(word, ", \t\"");
            if (length)
                withhold(fields, word, length);
            word += length + 1;
        }
    }
}
