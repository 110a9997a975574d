/*
 * Numbers in text, read strictly: digits and nothing else, and no overflow.
 */
#ifndef ORIGIN_NUMBER_H
#define ORIGIN_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reads the size characters at text as a number in base 10 or 16. Returns whether it is one. */
bool number_parse(const char *text, size_t size, unsigned base, uint64_t *number);

#endif
