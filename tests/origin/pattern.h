/*
 * The content that /bytes/N sends and /sum expects. Needs nothing else: tests include it as well.
 */
#ifndef ORIGIN_PATTERN_H
#define ORIGIN_PATTERN_H

#include <stddef.h>
#include <stdint.h>

/* The byte at an offset. No period is shorter than 16 MiB, so that a piece that is lost, repeated or out of place
 * shows. */
static inline unsigned char pattern_byte(uint64_t offset)
{
    return (unsigned char)((offset * 131 + offset / 65536) & 255);
}

/* Writes the size bytes that begin at an offset. */
static inline void pattern_fill(unsigned char *bytes, size_t size, uint64_t offset)
{
    for (size_t i = 0; i < size; i++)
        bytes[i] = pattern_byte(offset + i);
}

/* How many of the size bytes differ from the pattern at an offset. */
static inline uint64_t pattern_mismatches(const unsigned char *bytes, size_t size, uint64_t offset)
{
    uint64_t mismatches = 0;

    for (size_t i = 0; i < size; i++)
        mismatches += bytes[i] != pattern_byte(offset + i);
    return mismatches;
}

#endif
