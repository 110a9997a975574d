#if defined(__linux__) && !defined(_DEFAULT_SOURCE)
/* For madvise(). */
#define _DEFAULT_SOURCE
#endif

#include "base/heap.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/pool.h"

#if defined(MADV_POPULATE_WRITE)

/* How much there is to be, and how much is made ready when there is less. Together they are smaller than the least that
 * malloc() gives back to the system when it is freed (M_TRIM_THRESHOLD), or maps anew (M_MMAP_THRESHOLD). */
static const size_t enough = (size_t)24 << 10;
static const size_t step = (size_t)88 << 10;

/* What malloc() would give for so many bytes now. 0: no memory. */
static uintptr_t next_of(size_t size)
{
    void *memory = malloc(size);
    uintptr_t place = (uintptr_t)memory;
    free(memory);
    return place;
}

void ah_heap_prepare(void)
{
    /* Where what was made ready last ends. */
    static _Thread_local uintptr_t end;
    if (ah_pool_is_plain())
        return;
    uintptr_t place = next_of(enough);
    bool is_there = place + enough <= end && end - place <= step;
    if (!place || is_there)
        return;
    char *memory = malloc(step);
    if (!memory)
        return;
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    place = (uintptr_t)memory;
    end = (place + step) / page * page;
    uintptr_t first = (place + page - 1) / page * page;
    madvise(memory + (first - place), (size_t)(end - first), MADV_POPULATE_WRITE);
    free(memory);
}

#else

void ah_heap_prepare(void)
{
}

#endif
