/*
 * A change of the database: one short transaction that writes, at the end of which everything is in it or nothing.
 */
#ifndef AH_CHANGE_H
#define AH_CHANGE_H

#include "cache/database.h"

/* Begins one, when the other threads and processes have ended theirs. NULL: it failed, or took them too long. */
ah_connection *ah_change_begin(ah_database *database);

/* Begins one if nobody else is writing just now. */
ah_connection *ah_change_try(ah_database *database);

/* Ends it: result is AH_STORE_OK, and what is over the database's size is evicted, or all is undone. What became of it:
 * result, or AH_STORE_FAILED. */
ah_store_result ah_change_end(ah_database *database, ah_connection *connection, ah_store_result result);

#endif
