#if defined(__linux__) && !defined(_DEFAULT_SOURCE)
/* For madvise() and MAP_ANONYMOUS. */
#define _DEFAULT_SOURCE
#endif

#include "base/mapping.h"

#include <stdint.h>
#include <sys/mman.h>

#if defined(MAP_ANONYMOUS)

bool ah_mapping_exists(void)
{
    return true;
}

static char *map(size_t size)
{
    return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

#else

bool ah_mapping_exists(void)
{
    return false;
}

static char *map(size_t size)
{
    (void)size;
    return MAP_FAILED;
}

#endif

char *ah_mapping_new(size_t size, size_t alignment)
{
    char *memory = size <= PTRDIFF_MAX - alignment ? map(size + alignment) : MAP_FAILED;
    if (memory == MAP_FAILED)
        return NULL;
    size_t before = alignment - (uintptr_t)memory % alignment;
    munmap(memory, before);
    if (before < alignment)
        munmap(memory + before + size, alignment - before);
    return memory + before;
}

void ah_mapping_free(char *memory, size_t size)
{
    munmap(memory, size);
}

void ah_mapping_prefer_large(char *memory, size_t size)
{
#if defined(MADV_HUGEPAGE)
    madvise(memory, size, MADV_HUGEPAGE);
#else
    (void)memory;
    (void)size;
#endif
}

bool ah_mapping_populate(char *memory, size_t size)
{
#if defined(MADV_POPULATE_WRITE)
    return madvise(memory, size, MADV_POPULATE_WRITE) == 0;
#else
    (void)memory;
    (void)size;
    return false;
#endif
}
