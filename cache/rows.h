/*
 * Stored responses as rows of the database: what is between an ah_entry and SQL. All that changes something is for within
 * a transaction, whose totals it keeps.
 */
#ifndef AH_ROWS_H
#define AH_ROWS_H

#include "cache/connection.h"
#include "cache/entry.h"

/* No chunk of content is larger; content up to the second is kept in the row of its response. */
enum { AH_CHUNK = 256 * 1024, AH_INLINE = 64 * 1024 };

/* How much of a response there is. */
typedef struct ah_extent {
    uint64_t length;
    bool partial;
    /* If it is partial. */
    ah_ranges ranges;
    uint64_t size;
    bool in_chunks;
} ah_extent;

void ah_extent_clear(ah_extent *extent);

/* Bytes of content that are there. */
uint64_t ah_extent_content(const ah_extent *extent);

/* Seconds since 1970. */
double ah_rows_now(void);

/* What an entry of so much content counts for. */
uint64_t ah_rows_size(const ah_entry *entry, uint64_t content);

/* Reads the row of AH_SQL_FIND or AH_SQL_EACH into an empty entry, without uri and content. False: it makes no sense, or
 * no memory; the entry is empty. */
bool ah_rows_read(const ah_query *query, ah_entry *entry);

/* What there is of a response; *extent must be empty. False: it is not there, makes no sense or failed. */
bool ah_rows_extent(ah_connection *connection, int64_t id, ah_extent *extent);

/* The URI has changed, by what has that mark (NULL: nothing that has one); uri NULL: all have. */
void ah_rows_change(ah_connection *connection, const char *uri, ah_mark *mark);

/* Whether it has changed since then. */
bool ah_rows_passed_mark(ah_connection *connection, const char *uri, ah_mark mark);

/* Adds a response; content: NULL, or all of it. */
void ah_rows_insert(ah_connection *connection, int64_t id, const ah_entry *entry, const ah_extent *extent,
                    const ah_buffer *content);

/* Replaces the head of a response, which has this extent; and the extent itself. */
void ah_rows_update(ah_connection *connection, int64_t id, const ah_entry *entry);
void ah_rows_set_extent(ah_connection *connection, int64_t id, const ah_extent *extent, uint64_t old_size);

/* Removes a response. Its chunks become loose, and go later; if it is being read, after that. Whether there may be any. */
bool ah_rows_remove(ah_connection *connection, int64_t id);

/* Loose chunks may go. Whoever writes them, if anybody does, cannot go on. */
void ah_rows_abandon(ah_connection *connection, int64_t id);

/* A chunk that begins there was read, added or removed: if it is of large content, the connection is crowded. */
void ah_rows_passed(ah_connection *connection, uint64_t start);

/* Adds a chunk, which must lie in a gap. */
void ah_rows_insert_chunk(ah_connection *connection, int64_t id, uint64_t start, const void *data, size_t length);

#endif
