/*
 * A thread that looks after the database, so that no request waits for that: it writes the log back into the file, which
 * syncs the disk, and ends the snapshots that nobody uses, without which the log could not begin anew.
 */
#ifndef AH_KEEPER_H
#define AH_KEEPER_H

#include "cache/database.h"

/* There is a snapshot to look after: starts the thread, unless it runs. */
void ah_keeper_start(ah_database *database);

/* After a commit, with the lock for writing: whether the log, which has so many pages now, is to be written back. */
bool ah_keeper_is_due(ah_keeper *keeper, int pages);

/* Has it written back. */
void ah_keeper_write_back(ah_database *database);

/* Lets it do what is to be done and leave, and waits for that. */
void ah_keeper_stop(ah_database *database);

#endif
