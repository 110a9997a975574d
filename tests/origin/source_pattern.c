#include "memory.h"
#include "pattern.h"
#include "source.h"

#include <stdlib.h>

typedef struct pattern_source {
    source base;
    uint64_t offset;
    uint64_t left;
} pattern_source;

static size_t pattern_read(source *s, unsigned char *bytes, size_t size)
{
    pattern_source *p = (pattern_source *)s;
    size_t count = p->left < size ? (size_t)p->left : size;

    pattern_fill(bytes, count, p->offset);
    p->offset += count;
    p->left -= count;
    return count;
}

static void pattern_free(source *s)
{
    free(s);
}

source *source_pattern(uint64_t size)
{
    pattern_source *p = memory_zeroed(sizeof *p);

    p->base = (source){pattern_read, pattern_free};
    p->left = size;
    return &p->base;
}
