/*
 * Whether sizes are to be small, as everything is slow: under valgrind or a sanitizer, with CHECK_SMALL in the
 * environment.
 */
#ifndef SMALL_H
#define SMALL_H

#include <stdbool.h>
#include <stdlib.h>

static inline bool small(void)
{
    return getenv("CHECK_SMALL") != NULL;
}

#endif
