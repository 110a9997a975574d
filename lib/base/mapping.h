/*
 * Memory straight from the system, and not by way of malloc().
 */
#ifndef AH_MAPPING_H
#define AH_MAPPING_H

#include <stdbool.h>
#include <stddef.h>

/* Whether there is any. */
bool ah_mapping_exists(void);

/* Both are multiples of the page size, and the alignment is a power of two. NULL: no memory. */
char *ah_mapping_new(size_t size, size_t alignment);

/* Part of such memory, or all of it. */
void ah_mapping_free(char *memory, size_t size);

/* Puts it on large pages, if the system has any, once it is written to. */
void ah_mapping_prefer_large(char *memory, size_t size);

/* Asks for the pages before they are written to. False: they come as they are written to. */
bool ah_mapping_populate(char *memory, size_t size);

#endif
