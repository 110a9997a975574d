/*
 * Storing a response in the database: its content piece by piece, then all of it at once, or joined with what is there.
 */
#ifndef AH_COMPOSER_H
#define AH_COMPOSER_H

#include "cache/database.h"

typedef struct ah_composer {
    ah_database *database;
    uint64_t max_entry_bytes;
    /* Of the representation: where this content begins, and how much has come. */
    uint64_t offset;
    uint64_t length;
    /* What is only in memory yet: less than a chunk, or one. */
    ah_buffer pending;
    /* What the chunks are stored under; 0: there are none yet. */
    int64_t id;
    bool failed;
} ah_composer;

/* announced: how much content is expected, no more than may be; 0: it is not known. */
void ah_composer_begin(ah_composer *composer, ah_database *database, uint64_t max_entry_bytes, uint64_t offset,
                       uint64_t announced);

/* As of ah_store_methods: write, commit and abort. */
bool ah_composer_write(ah_composer *composer, const void *content, size_t length);
ah_store_result ah_composer_commit(ah_composer *composer, const ah_entry *entry, const int64_t *replaced, size_t count);
void ah_composer_abort(ah_composer *composer);

#endif
