#include "base/buffer.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/pages.h"
#include "base/pool.h"

static const size_t smallest = 64;
/* From here on memory is the pool's: content comes and goes on different threads. */
static const size_t least_pooled = 512;
/* Up to here a buffer doubles; beyond it grows by half, so that a large body wastes less. */
static const size_t large = (size_t)1 << 20;

static size_t grown(size_t capacity, size_t needed)
{
    size_t next = capacity < large ? capacity * 2 : capacity + capacity / 2;
    if (next < smallest)
        next = smallest;
    if (next < needed)
        next = needed;
    return next < least_pooled ? next : ah_pool_size(next);
}

static bool is_pooled(size_t capacity)
{
    return capacity >= least_pooled && capacity <= AH_POOL_MOST;
}

static void let_go(ah_buffer *buffer)
{
    if (buffer->pages)
        ah_pages_free(buffer->pages);
    else if (buffer->capacity < least_pooled)
        free(buffer->data);
    else
        ah_pool_release(buffer->data, buffer->capacity);
    buffer->pages = NULL;
}

/* Puts what is there into other memory. */
static char *move(ah_buffer *buffer, char *data)
{
    if (data && buffer->data)
        memcpy(data, buffer->data, buffer->length + 1);
    if (data)
        let_go(buffer);
    return data;
}

static char *move_to_pages(ah_buffer *buffer, ah_pages *pages)
{
    if (buffer->length)
        ah_pages_need(pages, buffer->length + 1);
    char *data = move(buffer, ah_pages_memory(pages));
    buffer->pages = pages;
    return data;
}

/* Large memory has its pages asked for if somebody has announced what is written there: it is much more than there was, or
 * lies on pages already. Otherwise realloc() is best, which copies nothing of such a size. */
static bool belongs_on_pages(const ah_buffer *buffer, size_t capacity)
{
    bool announced = buffer->pages || capacity / 2 >= buffer->capacity;
    return capacity >= AH_PAGES_LEAST && announced && !ah_pool_is_plain();
}

/* Moves what is there to where there is more room. NULL: no memory, and nothing has moved. */
static char *enlarge(ah_buffer *buffer, size_t capacity)
{
    ah_pages *pages = belongs_on_pages(buffer, capacity) ? ah_pages_new(capacity) : NULL;
    if (pages)
        return move_to_pages(buffer, pages);
    if (is_pooled(buffer->capacity) || is_pooled(capacity) || buffer->pages)
        return move(buffer, ah_pool_obtain(capacity));
    return realloc(buffer->data, capacity);
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
    char *data = enlarge(buffer, capacity);
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
    if (buffer->pages)
        ah_pages_need(buffer->pages, buffer->length + length + 1);
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
    bool is_mallocs = !is_pooled(buffer->capacity) && !buffer->pages;
    char *data = is_mallocs ? buffer->data : move(buffer, malloc(buffer->length + 1));
    if (!data)
        let_go(buffer);
    *buffer = (ah_buffer){.maximum = buffer->maximum};
    return data;
}

void ah_buffer_clear(ah_buffer *buffer)
{
    buffer->length = 0;
    if (buffer->data)
        buffer->data[0] = '\0';
}

void ah_buffer_settle(ah_buffer *buffer)
{
    if (buffer->pages)
        buffer->capacity = ah_pages_settle(buffer->pages, buffer->length + 1);
}

void ah_buffer_free_slow(ah_buffer *buffer)
{
    let_go(buffer);
    *buffer = (ah_buffer){.maximum = buffer->maximum};
}
