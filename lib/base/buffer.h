/*
 * A run of bytes that grows, up to a maximum, with a zero byte after it that is not counted.
 */
#ifndef AH_BUFFER_H
#define AH_BUFFER_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/* All zero: empty, without a maximum. */
typedef struct ah_buffer {
    char *data;
    size_t length;
    size_t capacity;
    /* The most bytes it may hold; 0: as many as there is memory for. */
    size_t maximum;
    /* Whose memory it is; NULL: malloc()'s, or the pool's. */
    struct ah_pages *pages;
} ah_buffer;

/* Makes room for so many more bytes. False: over the maximum, or no memory; nothing has changed. */
bool ah_buffer_reserve(ah_buffer *buffer, size_t more);

/* Appends length bytes. False: over the maximum, or no memory; nothing has changed. */
bool ah_buffer_append(ah_buffer *buffer, const void *bytes, size_t length);

bool ah_buffer_append_string(ah_buffer *buffer, const char *text);

#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
bool ah_buffer_printf(ah_buffer *buffer, const char *format, ...);

bool ah_buffer_vprintf(ah_buffer *buffer, const char *format, va_list arguments);

/* Gives the bytes away, to be freed with free(), and leaves the buffer empty; NULL if it never held any, or there is
 * no memory. */
char *ah_buffer_take(ah_buffer *buffer);

/* Empties the buffer and keeps its memory. */
void ah_buffer_clear(ah_buffer *buffer);

/* Nothing more is likely to come: gives back what large memory was meant for more. */
void ah_buffer_settle(ah_buffer *buffer);

/* Of one that has memory: for ah_buffer_free(), which mostly finds nothing to do. */
void ah_buffer_free_slow(ah_buffer *buffer);

/* Frees the memory and leaves the buffer empty. */
static inline void ah_buffer_free(ah_buffer *buffer)
{
    if (buffer->data)
        ah_buffer_free_slow(buffer);
}

#endif
