/*
 * Memory that is always there: without it, the program ends. A test server has nothing better to do about it.
 */
#ifndef ORIGIN_MEMORY_H
#define ORIGIN_MEMORY_H

#include <stddef.h>

/* As calloc(1, size). */
void *memory_zeroed(size_t size);

/* As realloc(), for an array of count elements. */
void *memory_resize(void *old, size_t count, size_t size);

/* The size characters at text, as a string. */
char *memory_string(const char *text, size_t size);

#endif
