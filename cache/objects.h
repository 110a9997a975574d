/*
 * The program's own get, set and delete, with what they keep: an index for each URI, and pieces of content, under keys
 * that every cache takes. A method that fails is as good as one that has nothing, and is logged once until it works
 * again.
 */
#ifndef AH_OBJECTS_H
#define AH_OBJECTS_H

#include <stdatomic.h>
#include <stdbool.h>

#include "asynchttp.h"
#include "cache/record.h"
#include "cache/store.h"

typedef struct ah_objects {
    asynchttp_cache_methods methods;
    void *context;
    /* Whether get, set and delete have failed, and not worked since. */
    atomic_bool failing[3];
} ah_objects;

enum {
    /* "asynchttp:1:", the hash of a URI, a writer and a number, with what is between them; memcached takes 250. */
    AH_KEY_SIZE = 12 + 2 * AH_VALUE_HASH + 1 + 2 * AH_RECORD_ID + 1 + 8 + 1,
};

typedef struct ah_key {
    char text[AH_KEY_SIZE];
} ah_key;

/* The key of a URI's index. False: no memory. */
bool ah_key_of_index(ah_key *key, const char *uri);

/* The key of a piece: it begins with that of its index, so that no index can name what belongs to another one. */
ah_key ah_key_of_piece(const ah_key *index, const ah_piece *piece);

/* The value is to be freed if the result is AH_STORE_OK. */
ah_store_result ah_objects_get(ah_objects *objects, const ah_key *key, void **value, size_t *length);
ah_store_result ah_objects_set(ah_objects *objects, const ah_key *key, const ah_buffer *value);
ah_store_result ah_objects_delete(ah_objects *objects, const ah_key *key);

/* Gets what is stored for a URI, and the key of it. What is damaged is AH_STORE_ABSENT. */
ah_store_result ah_objects_load(ah_objects *objects, const char *uri, ah_key *index, ah_records *records);

/* Puts the index in place of what was there, without what is dropped, and deletes the pieces that it does not name any
 * more. Its first record is in it, if that is not dropped, or nothing happens. */
ah_store_result ah_objects_save(ah_objects *objects, const ah_key *index, const char *uri, ah_records *records);

#endif
