/*
 * Bytes that are added at the end and taken away at the front.
 */
#ifndef ORIGIN_BUFFER_H
#define ORIGIN_BUFFER_H

#include "fatal.h"

#include <stddef.h>

/* All zero: empty, holding no memory. */
typedef struct buffer {
    /* What was allocated, and how much of it has been taken away at the front. */
    unsigned char *memory;
    size_t start;
    size_t size;
    size_t capacity;
} buffer;

/* The first of the bytes; never NULL. Valid until the buffer is changed. */
const unsigned char *buffer_bytes(const buffer *b);

/* Room for size bytes after the last one; buffer_grow() then says how many of them have been filled. */
unsigned char *buffer_room(buffer *b, size_t size);
void buffer_grow(buffer *b, size_t size);

void buffer_append(buffer *b, const void *bytes, size_t size);

/* Appends what printf would print. */
ORIGIN_PRINTF(2, 3) void buffer_printf(buffer *b, const char *format, ...);

/* Takes size bytes away at the front. An empty buffer gives its memory back, if it is much. */
void buffer_drop(buffer *b, size_t size);

/* Keeps only the first size bytes. */
void buffer_truncate(buffer *b, size_t size);

/* Frees the bytes and leaves the buffer empty. */
void buffer_clear(buffer *b);

#endif
