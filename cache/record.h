/*
 * Stored responses as values of a store of the program's own. All that is stored for a URI is in one value, the index:
 * the heads, and of each response either the content, if it is small, or in which pieces it lies. A piece of content is
 * a value of its own. The index names the checksum of each piece, so that none but the right one is ever taken for it.
 */
#ifndef AH_RECORD_H
#define AH_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "cache/entry.h"
#include "cache/value.h"

enum {
    /* Of random bytes that name what was once written, unlike anything else. */
    AH_RECORD_ID = 16,
    /* The most responses in an index, and the most pieces that one of them may have. */
    AH_RECORD_VARIANTS = 32,
    AH_RECORD_PIECES = 4096,
};

/* A piece of content that lies in a value of its own. */
typedef struct ah_piece {
    /* Where in the content, and how many bytes, at least one. */
    uint64_t offset;
    uint64_t length;
    /* Who wrote it, and which of the writer's pieces it is. */
    unsigned char writer[AH_RECORD_ID];
    uint32_t number;
    unsigned char hash[AH_VALUE_HASH];
    /* It is not to be in the index any more. */
    bool dropped;
} ah_piece;

/* Pieces in the order of their offsets; they may overlap. All zero: none. */
typedef struct ah_pieces {
    ah_piece *items;
    size_t count;
    size_t capacity;
} ah_pieces;

/* A stored response. */
typedef struct ah_record {
    unsigned char id[AH_RECORD_ID];
    /* If it is loaded, then the content lies in the index, and there are no pieces. */
    ah_entry entry;
    ah_pieces pieces;
    /* It is not to be in the index any more. */
    bool dropped;
} ah_record;

/* All that is stored for a URI, the last that came first. All zero: nothing. */
typedef struct ah_records {
    ah_record *items;
    size_t count;
    size_t capacity;
} ah_records;

/* The id of an entry whose record has this id; 0: it cannot have it. */
int64_t ah_record_entry_id(const unsigned char id[AH_RECORD_ID]);

/* An empty one at the front; NULL: no memory. */
ah_record *ah_records_add(ah_records *records);

/* Moves a record to the front, where it is returned. */
ah_record *ah_records_raise(ah_records *records, ah_record *record);

/* The record of the entry that has this id, unless it is dropped; NULL: there is none. */
ah_record *ah_records_find(const ah_records *records, int64_t entry_id);

void ah_records_clear(ah_records *records);

/* Puts a piece where it belongs. False: no memory, nothing has changed. */
bool ah_pieces_add(ah_pieces *pieces, const ah_piece *piece);

/* Whether they are all of a content of so many bytes, but for what is dropped. */
bool ah_pieces_complete(const ah_pieces *pieces, uint64_t length);

/* The piece that has this byte and most of what follows; NULL: none. */
const ah_piece *ah_pieces_at(const ah_pieces *pieces, uint64_t offset);

void ah_pieces_clear(ah_pieces *pieces);

/* Writes an index into an empty buffer, without what is dropped. The last ones are dropped if they are too many, or
 * too large all in all. False: no memory. */
bool ah_records_write(ah_buffer *value, const char *uri, ah_records *records);

/* Reads an index, which may be any bytes. False: it is not one of this URI, or no memory; *records, which must be
 * empty, is empty. */
bool ah_records_read(ah_records *records, const char *uri, const void *value, size_t length);

enum {
    /* What the value of a piece has before the content. */
    AH_PIECE_HEAD = AH_VALUE_HEAD + AH_RECORD_ID + 4,
};

/* Begins the value of a piece in an empty buffer, to which the content is to be appended: AH_PIECE_HEAD bytes. Of the
 * piece, writer and number are set. False: no memory. */
bool ah_piece_begin(ah_buffer *value, const ah_piece *piece);

/* Ends it, and sets the piece's length and hash. False: it is too large, or no memory. */
bool ah_piece_seal(ah_buffer *value, ah_piece *piece);

/* The content in the value of a piece, which may be any bytes; NULL: it is not that piece. */
const unsigned char *ah_piece_open(const ah_piece *piece, const void *value, size_t length);

#endif
