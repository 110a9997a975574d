/*
 * Keeping a database within its size: what was not used for the longest time goes, and the chunks of what has gone,
 * always a bounded number at a time. The chunks of what is being written were last used when the last one came, so that
 * those of a writer that was killed go in their turn.
 */
#ifndef AH_EVICTION_H
#define AH_EVICTION_H

#include "cache/connection.h"

/* One step, within a transaction: removes loose chunks, and responses until there are no more bytes than that. It takes a
 * few milliseconds at most. */
void ah_evict(ah_connection *connection, uint64_t max_bytes);

#endif
