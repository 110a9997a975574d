/*
 * Content that is made while it is sent, so that it can be larger than the memory.
 */
#ifndef ORIGIN_SOURCE_H
#define ORIGIN_SOURCE_H

#include <stddef.h>
#include <stdint.h>

typedef struct source {
    /* Writes the next bytes, size of them at most. Returns how many it wrote; 0 at the end. */
    size_t (*read)(struct source *s, unsigned char *bytes, size_t size);
    void (*free)(struct source *s);
} source;

/* The first size bytes of the pattern. */
source *source_pattern(uint64_t size);

/* That many zero bytes in gzip format. */
source *source_zeros_gzip(uint64_t size);

#endif
