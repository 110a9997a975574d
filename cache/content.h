/*
 * Reading the content of a response in the database, piece by piece.
 */
#ifndef AH_CONTENT_H
#define AH_CONTENT_H

#include "cache/database.h"
#include "cache/ranges.h"

/* As read of ah_store_methods, with the response's id. While the sink runs, no state of the database is
 * held, so that the log can begin anew however long that takes. What is removed meanwhile is read to its end, unless
 * another process has removed it, or so long ago that its chunks were taken for abandoned. */
ah_store_result ah_content_read(ah_database *database, int64_t id, ah_range range, ah_store_sink *sink, void *data);

#endif
