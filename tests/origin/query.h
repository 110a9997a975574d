/*
 * The query of a request's URI: items NAME or NAME=VALUE, with '&' between them, not yet decoded.
 */
#ifndef ORIGIN_QUERY_H
#define ORIGIN_QUERY_H

#include <stdbool.h>
#include <stddef.h>

/* Points into the query. Without a '=', the value is empty. */
typedef struct query_item {
    const char *name;
    size_t name_size;
    const char *value;
    size_t value_size;
} query_item;

/* Takes the next item that is not empty from *rest, which may be NULL. Returns whether there was one. */
bool query_next(const char **rest, query_item *item);

/* Whether the item has this name. */
bool query_is(const query_item *item, const char *name);

/* Finds the first item of this name; the query may be NULL. Returns whether there is one. */
bool query_find(const char *query, const char *name, query_item *item);

#endif
