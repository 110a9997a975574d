/*
 * A look at the database: what is queried between its beginning and its end is one state of it, the latest.
 */
#ifndef AH_READING_H
#define AH_READING_H

#include "cache/database.h"

/* NULL: failed, or not ours. */
ah_connection *ah_reading_begin(ah_database *database);

/* Says what became of it: AH_STORE_OK or AH_STORE_FAILED. */
ah_store_result ah_reading_end(ah_database *database, ah_connection *connection);

#endif
