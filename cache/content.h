/*
 * Reading the content of a response in the database, piece by piece.
 */
#ifndef AH_CONTENT_H
#define AH_CONTENT_H

#include "cache/database.h"
#include "cache/ranges.h"

/* As read of ah_store_methods, with the response's id. All of it is read from one state of the database, unless the sink
 * takes long over a piece: then the log can begin anew meanwhile, and what is removed is read to its end all the same,
 * unless another process has removed it or needs the room, or it was removed so long ago that its chunks were taken for
 * abandoned. */
ah_store_result ah_content_read(ah_database *database, int64_t id, ah_range range, ah_store_sink *sink, void *data);

#endif
