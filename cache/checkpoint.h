/*
 * Writing the database's log back into the file, which syncs the disk: on a thread of its own, so that no request waits.
 */
#ifndef AH_CHECKPOINT_H
#define AH_CHECKPOINT_H

#include "cache/database.h"

/* Whether the log has become long. */
bool ah_checkpoint_due(const ah_connection *connection);

/* Starts the thread, unless it runs; with database->writing held. */
void ah_checkpoint_start(ah_database *database);

/* Waits for it. */
void ah_checkpoint_wait(ah_database *database);

#endif
