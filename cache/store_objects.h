/*
 * A store made of the program's own get, set and delete, a Redis or a memcached client, say.
 *
 * What is stored for a URI is one value, the index, and one more for each large piece of content (cache/record.h).
 * Content is there before an index names it, and goes after none does any more. There is no compare-and-swap: of two
 * who change an index at once, one may lose what it has stored, or bring back what the other has just removed; but heads
 * and content are never mixed, since each piece is named by random bytes and by its checksum. What a lost index has
 * named, or what was written by a process that was killed, stays behind until the program's cache evicts it, as Redis
 * (with maxmemory and a policy, or a lifetime) and memcached do.
 */
#ifndef AH_STORE_OBJECTS_H
#define AH_STORE_OBJECTS_H

#include "asynchttp.h"
#include "cache/store.h"

/* The methods are copied and called with context. NULL: no memory, or a method is missing; methods->free, which may be,
 * was not called. Such a store cannot be cleared, walked through or measured. */
ah_store *ah_store_objects_new(const asynchttp_cache_methods *methods, void *context);

#endif
