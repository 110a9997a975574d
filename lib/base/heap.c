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

#if defined(__GLIBC__) && defined(MADV_POPULATE_WRITE)

/* How much there is to be, and how much is made ready when there is less. What is at the heap's end by then is less than
 * malloc() gives back to the system when it is freed (M_TRIM_THRESHOLD). */
static const size_t enough = (size_t)24 << 10;
static const size_t step = (size_t)88 << 10;
/* So often in a row nothing could be made ready: then it is not tried for so many times. */
enum { MOST_VAIN = 8, PAUSE = 1000 };

/* Where malloc() would put so many bytes now. 0: nowhere. A compiler may take it that no other memory is ever there, as
 * long as it sees where the number comes from. */
static uintptr_t place_of(size_t size)
{
    void *memory = malloc(size);
    volatile uintptr_t place = (uintptr_t)memory;
    free(memory);
    return place;
}

/* Returns where what is ready ends; 0: nothing is. Where less would lie elsewhere, so will what comes next: in a gap that
 * was left there; or this much is a mapping of its own. */
static uintptr_t make_ready(uintptr_t place)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t first = (place + page - 1) / page * page;
    uintptr_t end = (place + step) / page * page;
    char *memory = malloc(step);
    bool ready = (uintptr_t)memory == place &&
                 madvise(memory + (first - place), (size_t)(end - first), MADV_POPULATE_WRITE) == 0;
    free(memory);
    return ready ? end : 0;
}

void ah_heap_prepare(void)
{
    /* Where what was made ready last ends. */
    static _Thread_local uintptr_t end;
    static _Thread_local unsigned vain;
    if (ah_pool_is_plain())
        return;
    if (vain >= MOST_VAIN) {
        vain = vain < PAUSE ? vain + 1 : 0;
        return;
    }
    uintptr_t place = place_of(enough);
    bool is_there = place + enough <= end && end - place <= step;
    if (!place || is_there)
        return;
    end = make_ready(place);
    vain = end ? 0 : vain + 1;
}

#else

void ah_heap_prepare(void)
{
}

#endif
