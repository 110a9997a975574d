/*
 * A table in memory as the cache of a program, for asynchttp_cache_new(): it can fail, and what it has can be looked at
 * and changed. It is as strict as memcached.
 */
#ifndef TABLE_H
#define TABLE_H

#include <asynchttp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

enum { TABLE_GET = 1, TABLE_SET = 2, TABLE_DELETE = 4 };

typedef struct table_value {
    char key[251];
    unsigned char *bytes;
    size_t length;
} table_value;

typedef struct table {
    pthread_mutex_t lock;
    table_value *values;
    size_t count;
    size_t capacity;
    /* Which methods fail, a sum of TABLE_GET and the like. */
    int failing;
    /* Called before each get, if it is there. */
    void (*before_get)(struct table *table, const char *key);
    /* Where what get() returns comes from; malloc() if it is NULL. */
    void *(*allocate)(size_t size);
    size_t gets;
    size_t sets;
    size_t largest;
    /* A key or a value was not as memcached takes it. */
    bool abused;
    bool freed;
} table;

/* With the table as their context. */
extern const asynchttp_cache_methods table_methods;

void table_init(table *made);
void table_clear(table *cleared);

/* NULL: there is no such key. */
table_value *table_find(table *in, const char *key);

/* Puts a value in place of another. */
void table_put(table *in, const char *key, const void *bytes, size_t length);

#endif
