#if defined(__linux__) && !defined(_DEFAULT_SOURCE)
/* For madvise(). */
#define _DEFAULT_SOURCE
#endif

#include "base/buffer.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#if defined(__linux__)
#include <sys/mman.h>
#endif

#include "base/clock.h"
#include "base/pool.h"

static const size_t smallest = 64;
/* From here on memory is the pool's: content comes and goes on different threads. */
static const size_t least_pooled = 512;
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
    if (next < needed)
        next = needed;
    return next < least_pooled ? next : ah_pool_size(next);
}

static void let_go(ah_buffer *buffer)
{
    if (buffer->capacity < least_pooled)
        free(buffer->data);
    else
        ah_pool_release(buffer->data, buffer->capacity);
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

/* ---- Large memory ---- */

/*
 * What is written for the first time costs a page fault for each page, more than to receive what is written there. A large
 * page saves hundreds of them. But a virtual machine may have to be given the memory for it by its host first, which can
 * take longer than small pages of memory that it has: then those are asked for, many at a time, and a large one is tried
 * again later.
 */
#if defined(MADV_HUGEPAGE) && defined(MADV_POPULATE_WRITE)

/* Seconds: small pages for as much memory take less, even where they are slow. */
static const double slow = 0.0015;
/* For so many times as much memory no large page is tried then. */
enum { PASSED_OVER = 64 };

static void provide(char *page)
{
    static atomic_uint passes;
    unsigned left = atomic_load_explicit(&passes, memory_order_relaxed);
    if (left) {
        /* Which of several threads counts does not matter. */
        atomic_store_explicit(&passes, left - 1, memory_order_relaxed);
        madvise(page, large_page, MADV_POPULATE_WRITE);
        return;
    }
    ah_time before = ah_clock_now();
    madvise(page, large_page, MADV_HUGEPAGE);
    madvise(page, large_page, MADV_POPULATE_WRITE);
    if (ah_clock_now() - before > slow)
        atomic_store_explicit(&passes, PASSED_OVER, memory_order_relaxed);
}

#elif defined(MADV_HUGEPAGE)

static void provide(char *page)
{
    madvise(page, large_page, MADV_HUGEPAGE);
}

#else

static void provide(char *page)
{
    (void)page;
}

#endif

/* Memory on which large pages can lie; NULL: none. */
static char *obtain_large(size_t capacity)
{
    void *data;
    return posix_memalign(&data, large_page, capacity) == 0 ? data : NULL;
}

static bool is_large(const char *data, size_t capacity)
{
    return capacity >= huge && ((uintptr_t)data & (large_page - 1)) == 0;
}

/* Where nothing has been written yet: behind the zero byte, once there is one. */
static size_t unwritten(const ah_buffer *buffer)
{
    return buffer->length ? buffer->length + 1 : 0;
}

/* What is from there on and before there is about to be written for the first time. Each page is provided before the first
 * byte in it is written, or it would be a small one. */
static void provide_pages(char *data, size_t capacity, size_t from, size_t to)
{
    size_t first = (from + large_page - 1) & ~(large_page - 1);
    for (size_t at = first; at < to && capacity - at >= large_page; at += large_page)
        provide(data + at);
}

/* ---- Growing ---- */

static bool is_pooled(size_t capacity)
{
    return capacity >= least_pooled && capacity <= AH_POOL_MOST;
}

/* Moves what is there to where there is more room. Large memory that grows by little is best moved by realloc(), which
 * copies nothing of this size, but leaves large pages behind. NULL: no memory, and nothing has moved. */
static char *enlarge(ah_buffer *buffer, size_t capacity)
{
    bool far = capacity >= huge && capacity / 2 >= buffer->capacity;
    char *data = far ? obtain_large(capacity) : NULL;
    if (data) {
        provide_pages(data, capacity, 0, unwritten(buffer));
        return move(buffer, data);
    }
    if (is_pooled(buffer->capacity) || is_pooled(capacity))
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
    if (is_large(buffer->data, buffer->capacity))
        provide_pages(buffer->data, buffer->capacity, unwritten(buffer), buffer->length + length + 1);
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
    char *data = is_pooled(buffer->capacity) ? move(buffer, malloc(buffer->length + 1)) : buffer->data;
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

void ah_buffer_free(ah_buffer *buffer)
{
    let_go(buffer);
    *buffer = (ah_buffer){.maximum = buffer->maximum};
}
