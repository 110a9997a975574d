#include "endpoint.h"

#include "number.h"
#include "percent.h"

#include <stdlib.h>
#include <string.h>

/* How many arguments there are so far. */
typedef struct tally {
    size_t words;
    size_t numbers;
} tally;

static bool is_segment(const char *segment, size_t size, const char *text)
{
    return size == strlen(text) && memcmp(segment, text, size) == 0;
}

static bool stands_for_number(const char *pattern, size_t size)
{
    return is_segment(pattern, size, "N") || is_segment(pattern, size, "MS") || is_segment(pattern, size, "CODE");
}

static bool match_segment(const char *pattern, size_t pattern_size, const char *segment, size_t size, arguments *a,
                          tally *t)
{
    if (stands_for_number(pattern, pattern_size))
        return number_parse(segment, size, 10, &a->numbers[t->numbers++]);
    if (*pattern < 'A' || *pattern > 'Z')
        return size == pattern_size && memcmp(segment, pattern, size) == 0;
    if (size == 0)
        return false;
    a->words[t->words++] = percent_decoded_string(segment, size);
    return true;
}

static bool match(const char *pattern, const char *path, arguments *a)
{
    tally t = {0};

    while (*pattern == '/' && *path == '/') {
        size_t pattern_size = strcspn(++pattern, "/");
        size_t size = strcspn(++path, "/");

        if (!match_segment(pattern, pattern_size, path, size, a, &t))
            return false;
        pattern += pattern_size;
        path += size;
    }
    return !*pattern && !*path;
}

bool endpoint_match(const endpoint *e, const char *path, arguments *a)
{
    if (match(e->pattern, path, a))
        return true;
    arguments_clear(a);
    return false;
}

void arguments_clear(arguments *a)
{
    for (size_t i = 0; i < ARGUMENTS_MAX; i++)
        free(a->words[i]);
    *a = (arguments){0};
}
