#if defined(__linux__) && !defined(_DEFAULT_SOURCE)
/* For madvise(). */
#define _DEFAULT_SOURCE
#endif

#include "base/buffer.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#if defined(__linux__)
#include <sys/mman.h>
#endif

static const size_t smallest = 64;
/* Up to here a buffer doubles; beyond it grows by half, so that a large body wastes less. */
static const size_t large = (size_t)1 << 20;

/* From here on it lies on large pages, if there are any, of this size. */
static const size_t huge = (size_t)8 << 20;
static const size_t large_page = (size_t)2 << 20;

static size_t grown(size_t capacity, size_t needed)
{
    size_t next = capacity < large ? capacity * 2 : capacity + capacity / 2;
    if (next < smallest)
        next = smallest;
    return next < needed ? needed : next;
}

/* What is written for the first time costs a page fault for each page, more than to receive what is written there. Where
 * large pages are not to be had, nothing is lost. */
static void take_large_pages(char *data, size_t capacity)
{
#if defined(MADV_HUGEPAGE)
    uintptr_t start = ((uintptr_t)data + large_page - 1) & ~(large_page - 1);
    uintptr_t end = ((uintptr_t)data + capacity) & ~(large_page - 1);
    if (start < end)
        madvise((void *)start, end - start, MADV_HUGEPAGE);
#else
    (void)data;
    (void)capacity;
#endif
}

/* Moves what is there to where there is room for much more, on large pages. Memory that grows by little is better moved
 * by realloc(), which copies nothing of this size, but leaves large pages behind. */
static char *leap(const ah_buffer *buffer, size_t capacity)
{
    void *data;
    if (posix_memalign(&data, large_page, capacity))
        return realloc(buffer->data, capacity);
    take_large_pages(data, capacity);
    if (buffer->data)
        memcpy(data, buffer->data, buffer->length + 1);
    free(buffer->data);
    return data;
}

bool ah_buffer_reserve(ah_buffer *buffer, size_t more)
{
    size_t maximum = PTRDIFF_MAX - 1;
    if (buffer->maximum && buffer->maximum < maximum)
        maximum = buffer->maximum;
    if (more > maximum || buffer->length > maximum - more)
        return false;
    size_t needed = buffer->length + more + 1;
    if (needed <= buffer->capacity)
        return true;
    size_t capacity = grown(buffer->capacity, needed);
    bool far = capacity >= huge && capacity / 2 >= buffer->capacity;
    char *data = far ? leap(buffer, capacity) : realloc(buffer->data, capacity);
    if (!data)
        return false;
    buffer->data = data;
    buffer->capacity = capacity;
    return true;
}

bool ah_buffer_append(ah_buffer *buffer, const void *bytes, size_t length)
{
    if (!ah_buffer_reserve(buffer, length))
        return false;
    if (length)
        memcpy(buffer->data + buffer->length, bytes, length);
    buffer->length += length;
    buffer->data[buffer->length] = '\0';
    return true;
}

bool ah_buffer_append_string(ah_buffer *buffer, const char *text)
{
    return ah_buffer_append(buffer, text, strlen(text));
}

bool ah_buffer_vprintf(ah_buffer *buffer, const char *format, va_list arguments)
{
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    bool made = length >= 0 && ah_buffer_reserve(buffer, (size_t)length);
    if (made) {
        vsnprintf(buffer->data + buffer->length, (size_t)length + 1, format, again);
        buffer->length += (size_t)length;
    }
    va_end(again);
    return made;
}

bool ah_buffer_printf(ah_buffer *buffer, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    bool made = ah_buffer_vprintf(buffer, format, arguments);
    va_end(arguments);
    return made;
}

char *ah_buffer_take(ah_buffer *buffer)
{
    char *data = buffer->data;
    *buffer = (ah_buffer){.maximum = buffer->maximum};
    return data;
}

void ah_buffer_clear(ah_buffer *buffer)
{
    buffer->length = 0;
    if (buffer->data)
        buffer->data[0] = '\0';
}

void ah_buffer_free(ah_buffer *buffer)
{
    free(buffer->data);
    *buffer = (ah_buffer){.maximum = buffer->maximum};
}
