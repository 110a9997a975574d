/*
 * A stored response (RFC 9111 section 3): the head of a response, when it was asked for and when it came, and how much
 * of its content there is. The content itself stays in the store, but for what was read along.
 */
#ifndef AH_ENTRY_H
#define AH_ENTRY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/fields.h"
#include "cache/marks.h"
#include "cache/ranges.h"

/* All zero: empty. */
typedef struct ah_entry {
    /* The store's, unlike all that it ever had; 0: not stored. */
    int64_t id;
    /* What was asked for, and with which method; the URI without a fragment. */
    char *uri;
    char *method;
    int status;
    /* The server's HTTP version, 11 and the like. */
    int version;
    char *reason;
    /* Header fields as they may be stored (RFC 9111 section 3.1). */
    ah_fields fields;
    /* The request's fields that Vary names, normalised (RFC 9111 section 4.1), in the order of their names; an absent
     * one is empty. See cache/vary.h. */
    ah_fields selecting;
    /* Seconds since 1970: when the request was sent and when the response came, at the last validation. */
    double requested;
    double received;
    /* When the request was sent, as the store counts; of what is being stored. */
    ah_mark mark;
    /* How much content is announced; of what is being stored, and 0 if it is not known. */
    uint64_t announced;
    /* Until when it may be used without validation, for people who look; 0: it may not. */
    double fresh_until;
    /* How many bytes the complete content has; AH_LENGTH_UNKNOWN: of a part it is not known. */
    uint64_t length;
    /* Not all of the content is there, but these ranges of it. Status and fields are those that the complete response
     * would have, without Content-Range and Content-Length. */
    bool partial;
    ah_ranges ranges;
    /* The whole content, if it was read along. */
    bool loaded;
    ah_buffer content;
    /* For those who look through the store: bytes it takes, when it was last used, and how often. */
    uint64_t size;
    double used;
    uint64_t hits;
} ah_entry;

#define AH_LENGTH_UNKNOWN UINT64_MAX

/* What a store has for one URI; the last that came is the first. All zero: nothing. */
typedef struct ah_entries {
    ah_entry *items;
    size_t count;
    size_t capacity;
} ah_entries;

/* A copy without content, in place of what was in *copy, which must be empty. False: no memory, and *copy is empty. */
bool ah_entry_copy(ah_entry *copy, const ah_entry *entry);

/* An empty one at the end; NULL: no memory. */
ah_entry *ah_entries_add(ah_entries *entries);

void ah_entry_clear(ah_entry *entry);
void ah_entries_clear(ah_entries *entries);

/* Header fields as text, a line "name: value\n" for each value, appended. False: no memory. */
bool ah_entry_write_fields(ah_buffer *text, const ah_fields *fields);

/* Reads that text. False: it is not such a text, or no memory; *fields is empty. */
bool ah_entry_read_fields(ah_fields *fields, const char *text, size_t length);

#endif
