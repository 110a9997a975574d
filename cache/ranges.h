/*
 * Byte ranges (RFC 9110 section 14): what a request asks for, what a response has, and what a store holds.
 */
#ifndef AH_RANGES_H
#define AH_RANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

/* Bytes from first up to, and not with, end. */
typedef struct ah_range {
    uint64_t first;
    uint64_t end;
} ah_range;

/* Ranges in order, with gaps between them. All zero: none. */
typedef struct ah_ranges {
    ah_range *items;
    size_t count;
    size_t capacity;
} ah_ranges;

/* Adds a range, and joins it with those that it overlaps or touches. False: no memory, nothing has changed. */
bool ah_ranges_add(ah_ranges *ranges, ah_range range);

/* Whether all of the range is in one of them. */
bool ah_ranges_contain(const ah_ranges *ranges, ah_range range);

/* The first part of the range, from `from` on, that is in none of them. False: there is none. */
bool ah_ranges_gap(const ah_ranges *ranges, ah_range range, ah_range *gap);

/* False: no memory, and *copy, which must be empty, is empty. */
bool ah_ranges_copy(ah_ranges *copy, const ah_ranges *ranges);

void ah_ranges_clear(ah_ranges *ranges);

/* As text: "0-499,1000-1499", the last byte of each included; "" for none. False: no memory. */
bool ah_ranges_write(ah_buffer *text, const ah_ranges *ranges);

/* Reads that text; *ranges must be empty. False: it is no such text, or no memory; *ranges is empty. */
bool ah_ranges_read(ah_ranges *ranges, const char *text);

typedef enum ah_range_answer {
    /* The field is none of a single range of bytes, or malformed: whoever has the resource decides. */
    AH_RANGE_OTHER,
    AH_RANGE_SATISFIABLE,
    AH_RANGE_UNSATISFIABLE,
} ah_range_answer;

/* What a Range field (RFC 9110 section 14.2) of one range asks for, of so many bytes. Without a known length
 * (UINT64_MAX) only a range with a first and a last byte can be told. */
ah_range_answer ah_range_parse(const char *value, uint64_t length, ah_range *range);

/* Reads a Content-Range "bytes 0-4/10" (RFC 9110 section 14.4). *length is UINT64_MAX for "*". False: it is another. */
bool ah_content_range_parse(const char *value, ah_range *range, uint64_t *length);

/* Writes one, at most 80 bytes. */
void ah_content_range_format(char text[80], ah_range range, uint64_t length);

#endif
