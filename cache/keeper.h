/*
 * A thread that looks after the database, so that no request waits for that: it writes the log back into the file, which
 * syncs the disk, and ends the snapshots that nobody uses, without which the log could not begin anew.
 */
#ifndef AH_KEEPER_H
#define AH_KEEPER_H

#include "cache/database.h"

/* There is a snapshot to look after: starts the thread, unless it runs. */
void ah_keeper_start(ah_database *database);

/* After a commit: has the log written back, if it has become long. */
void ah_keeper_watch_log(ah_database *database, int pages);

/* Lets it do what is to be done and leave, and waits for that. */
void ah_keeper_stop(ah_database *database);

#endif
