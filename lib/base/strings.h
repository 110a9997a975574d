/*
 * Immutable lists of strings in one piece of shared memory: methods, credentials, certificates, a path.
 */
#ifndef AH_STRINGS_H
#define AH_STRINGS_H

#include <stddef.h>

/* A shared value (base/shared.h). */
typedef struct ah_strings {
    size_t count;
    /* count of them, any of which may be NULL, and a NULL after the last. */
    const char *items[];
} ah_strings;

/* A list of copies of old's items (NULL: none) and then of count more. NULL: no memory. Its memory is wiped before it
 * is freed, since it may hold passwords. */
ah_strings *ah_strings_new(const ah_strings *old, const char *const *items, size_t count);

#endif
