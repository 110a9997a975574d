/*
 * What may be stored, and how (RFC 9111 section 3).
 */
#ifndef AH_STORING_H
#define AH_STORING_H

#include "cache/entry.h"

/* A message pair as it stands when the head of the response has come. Borrowed. */
typedef struct ah_exchanged {
    const char *method;
    const ah_fields *request;
    int status;
    const ah_fields *response;
    /* See cache/freshness.h. */
    double heuristic;
} ah_exchanged;

/* Whether the response may be stored, and is of any use to be: can be fresh, or be validated. */
bool ah_may_store(const ah_exchanged *exchanged, double now);

/* Whether a stored response whose head has been updated may stay. */
bool ah_may_keep(const ah_entry *entry);

/* Fills in, besides uri, method and reason, what is known of the entry at the head: status, fields, selecting. False:
 * no memory, or it varies by more than requests (Vary: *); fields and selecting are empty. */
bool ah_prepare_entry(ah_entry *entry, const ah_exchanged *exchanged);

/* Takes what is for the connection alone, or must be validated before each use, out of fields to be stored (RFC 9111
 * section 3.1); but not what a cache goes by. */
void ah_strip_fields(ah_fields *fields);

/* The content was decoded on its way here: the fields say so, and its length [httplib2._decompressContent]. False: no
 * memory. */
bool ah_note_decoded(ah_fields *fields, uint64_t length);

/* Until when the entry may be used without validation; 0: it may not. */
double ah_fresh_until(const ah_entry *entry, double heuristic, double now);

/* Takes over the fields of a 304, of a HEAD's 200 or of a 206 (RFC 9111 section 3.2). *changed: others than Date and Age
 * have changed by that. False: no memory, and only some of them were taken over. */
bool ah_update_fields(ah_entry *entry, const ah_fields *newer, bool *changed);

/* Whether the 200 to a HEAD is of the same representation as the stored one (RFC 9111 section 4.3.5). */
bool ah_head_agrees(const ah_entry *entry, const ah_fields *head);

#endif
