#include "memory.h"

#include "fatal.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void *require(void *memory)
{
    if (!memory)
        fatal("out of memory");
    return memory;
}

void *memory_zeroed(size_t size)
{
    return require(calloc(1, size));
}

void *memory_resize(void *old, size_t count, size_t size)
{
    if (count > SIZE_MAX / size)
        fatal("out of memory");
    return require(realloc(old, count * size));
}

char *memory_string(const char *text, size_t size)
{
    char *copy = memory_resize(NULL, size + 1, 1);

    memcpy(copy, text, size);
    copy[size] = '\0';
    return copy;
}
