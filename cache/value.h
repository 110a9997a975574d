/*
 * What is kept in a store of the program's own: bytes of a kind, between a mark that tells the format and its version,
 * their length, and a checksum of it all. What comes back from there may be damaged, cut off, or something else.
 */
#ifndef AH_VALUE_H
#define AH_VALUE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

enum {
    /* Of a whole value: what memcached takes, with some room for its own. */
    AH_VALUE_MOST = 1000000,
    /* What a value begins with, and the checksum that it ends with. */
    AH_VALUE_HEAD = 13,
    AH_VALUE_HASH = 32,
};

/* SHA-256. False: libcrypto has no memory. */
bool ah_value_hash(unsigned char hash[AH_VALUE_HASH], const void *bytes, size_t length);

/* Begins a value in an empty buffer; what it holds is appended. False: no memory. */
bool ah_value_begin(ah_buffer *value, char kind);

/* Ends it. False: it has become too large, or there is no memory. */
bool ah_value_seal(ah_buffer *value);

/* What the value holds, which has *length bytes all in all and afterwards those of what it holds. The checksum follows
 * it. NULL: it is no such value, and *length is as it was. */
const unsigned char *ah_value_open(const void *value, size_t *length, char kind);

#endif
