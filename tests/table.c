#include "table.h"

#include <stdlib.h>
#include <string.h>

void table_init(table *made)
{
    *made = (table){0};
    pthread_mutex_init(&made->lock, NULL);
}

void table_clear(table *cleared)
{
    for (size_t i = 0; i < cleared->count; i++)
        free(cleared->values[i].bytes);
    free(cleared->values);
    pthread_mutex_destroy(&cleared->lock);
    *cleared = (table){0};
}

table_value *table_find(table *in, const char *key)
{
    for (size_t i = 0; i < in->count; i++) {
        if (strcmp(in->values[i].key, key) == 0)
            return &in->values[i];
    }
    return NULL;
}

static void *must(void *memory)
{
    if (!memory)
        abort();
    return memory;
}

static void *copy_of(const void *bytes, size_t length)
{
    void *copy = must(malloc(length + 1));
    if (length)
        memcpy(copy, bytes, length);
    return copy;
}

void table_put(table *in, const char *key, const void *bytes, size_t length)
{
    void *copy = copy_of(bytes, length);
    table_value *value = table_find(in, key);
    if (!value && in->count == in->capacity) {
        in->capacity = in->capacity ? 2 * in->capacity : 16;
        in->values = must(realloc(in->values, in->capacity * sizeof(*in->values)));
    }
    if (!value) {
        value = &in->values[in->count++];
        *value = (table_value){0};
        strcpy(value->key, key);
    }
    free(value->bytes);
    value->bytes = copy;
    value->length = length;
}

/* False: no cache would take that key. */
static bool check_key(table *in, const char *key)
{
    size_t length = strlen(key);
    bool fine = length > 0 && length <= 250;
    for (const char *at = key; *at; at++)
        fine = fine && *at > ' ' && *at < 0x7f;
    in->abused = in->abused || !fine;
    return fine;
}

static int copy_value(table *from, const char *key, void **value, size_t *length)
{
    const table_value *found = table_find(from, key);
    if (!found)
        return 1;
    *value = from->allocate ? from->allocate(found->length + 1) : malloc(found->length + 1);
    if (!*value)
        return -1;
    memcpy(*value, found->bytes, found->length);
    *length = found->length;
    return 0;
}

static int get(void *context, const char *key, void **value, size_t *length)
{
    table *from = context;
    pthread_mutex_lock(&from->lock);
    from->gets++;
    if (from->before_get)
        from->before_get(from, key);
    int result = from->failing & TABLE_GET || !check_key(from, key) ? -1 : copy_value(from, key, value, length);
    pthread_mutex_unlock(&from->lock);
    return result;
}

static int set(void *context, const char *key, const void *value, size_t length)
{
    table *to = context;
    pthread_mutex_lock(&to->lock);
    to->sets++;
    to->abused = to->abused || length > 1000000;
    if (length > to->largest)
        to->largest = length;
    bool takes = !(to->failing & TABLE_SET) && check_key(to, key);
    if (takes)
        table_put(to, key, value, length);
    pthread_mutex_unlock(&to->lock);
    return takes ? 0 : -1;
}

static int delete_value(void *context, const char *key)
{
    table *from = context;
    pthread_mutex_lock(&from->lock);
    bool takes = !(from->failing & TABLE_DELETE) && check_key(from, key);
    table_value *value = takes ? table_find(from, key) : NULL;
    if (value) {
        free(value->bytes);
        *value = from->values[--from->count];
    }
    pthread_mutex_unlock(&from->lock);
    return takes ? 0 : -1;
}

static void free_table(void *context)
{
    table *freed = context;
    freed->freed = true;
}

const asynchttp_cache_methods table_methods = {
    .get = get,
    .set = set,
    .delete = delete_value,
    .free = free_table,
};
