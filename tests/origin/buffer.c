#include "buffer.h"

#include "memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An empty buffer keeps up to this much: thousands of idle connections should not hold on to large ones. */
#define KEPT_WHEN_EMPTY 4096

const unsigned char *buffer_bytes(const buffer *b)
{
    return b->memory ? b->memory + b->start : (const unsigned char *)"";
}

unsigned char *buffer_room(buffer *b, size_t size)
{
    /* Moving only what is smaller than the gap before it keeps the cost in proportion to what was taken away. */
    if (b->start > 0 && b->start >= b->size) {
        memmove(b->memory, b->memory + b->start, b->size);
        b->start = 0;
    }
    if (b->capacity - b->start - b->size < size) {
        size_t needed = b->start + b->size + size;

        b->capacity = needed > b->capacity * 2 ? needed : b->capacity * 2;
        b->memory = memory_resize(b->memory, b->capacity, 1);
    }
    return b->memory + b->start + b->size;
}

void buffer_grow(buffer *b, size_t size)
{
    b->size += size;
}

void buffer_append(buffer *b, const void *bytes, size_t size)
{
    if (size == 0)
        return;
    memcpy(buffer_room(b, size), bytes, size);
    buffer_grow(b, size);
}

void buffer_printf(buffer *b, const char *format, ...)
{
    va_list arguments;
    int size;

    va_start(arguments, format);
    size = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (size < 0)
        fatal("cannot print \"%s\"", format);

    /* One more for the terminating zero, which does not become part of the buffer. */
    va_start(arguments, format);
    vsnprintf((char *)buffer_room(b, (size_t)size + 1), (size_t)size + 1, format, arguments);
    va_end(arguments);
    buffer_grow(b, (size_t)size);
}

void buffer_drop(buffer *b, size_t size)
{
    b->start += size;
    b->size -= size;
    if (b->size > 0)
        return;
    b->start = 0;
    if (b->capacity > KEPT_WHEN_EMPTY)
        buffer_clear(b);
}

void buffer_truncate(buffer *b, size_t size)
{
    if (b->size > size)
        b->size = size;
}

void buffer_clear(buffer *b)
{
    free(b->memory);
    *b = (buffer){0};
}
