/*
 * What the fuzz targets share: libFuzzer's entry point, and demanding that something holds.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Does with an input what the target is for. Returns 0; a finding aborts. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Aborts unless the condition holds. */
#define DEMAND(condition)                                                                                              \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: this does not hold: %s\n", __FILE__, __LINE__, #condition);                        \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

/* A copy of just that size, so that reading beyond it is noticed, with a zero after it. */
static inline char *fuzz_text(const void *bytes, size_t length)
{
    char *text = malloc(length + 1);
    DEMAND(text);
    if (length)
        memcpy(text, bytes, length);
    text[length] = '\0';
    return text;
}

/* The length of the line at the beginning, its line feed included if it has one. */
static inline size_t fuzz_line(const uint8_t *data, size_t size)
{
    const uint8_t *feed = size ? memchr(data, '\n', size) : NULL;
    return feed ? (size_t)(feed + 1 - data) : size;
}

/* The first line without its line feed, as a text to be freed; moves on to what comes after it. */
static inline char *fuzz_take_line(const uint8_t **data, size_t *size)
{
    size_t length = fuzz_line(*data, *size);
    char *text = fuzz_text(*data, length - (length && (*data)[length - 1] == '\n'));
    *data += length;
    *size -= length;
    return text;
}

/* Whether both are the same text, or both are NULL. */
static inline int fuzz_same(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

#endif
