/*
 * A store in SQLite (cache/store.h): what asynchttp_cache_sqlite() is made of.
 *
 * Reading is one SELECT over an index, in the pool's last connection, and waits for nobody. Writing is done in short
 * transactions, one at a time (cache/change.h). Content up to AH_INLINE is in the row of its response; what is larger,
 * or partial, is in chunks. A response's row comes in the last transaction of its writing, so that it is there whole or
 * not at all; chunks without a row are loose, and removed some at a time (cache/eviction.h).
 */
#ifndef AH_STORE_SQLITE_H
#define AH_STORE_SQLITE_H

#include "cache/store.h"

/* max_bytes and max_entry_bytes: as for asynchttp_cache_sqlite(), 0 for the defaults included. Touches no disk. NULL: no
 * memory, or directory is NULL or empty. */
ah_store *ah_store_sqlite_new(const char *directory, uint64_t max_bytes, uint64_t max_entry_bytes);

#endif
