#include "query.h"

#include <string.h>

static void split(const char *text, size_t size, query_item *item)
{
    const char *equals = memchr(text, '=', size);

    item->name = text;
    item->name_size = equals ? (size_t)(equals - text) : size;
    item->value = equals ? equals + 1 : text + size;
    item->value_size = size - (size_t)(item->value - text);
}

bool query_next(const char **rest, query_item *item)
{
    size_t size;

    if (!*rest)
        return false;
    *rest += strspn(*rest, "&");
    size = strcspn(*rest, "&");
    if (size == 0)
        return false;
    split(*rest, size, item);
    *rest += size;
    return true;
}

bool query_is(const query_item *item, const char *name)
{
    return item->name_size == strlen(name) && memcmp(item->name, name, item->name_size) == 0;
}

bool query_find(const char *query, const char *name, query_item *item)
{
    while (query_next(&query, item))
        if (query_is(item, name))
            return true;
    return false;
}
