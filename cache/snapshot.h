/*
 * The state of the database that a connection reads: a transaction that stays open from one look to the next, for as long
 * as that is the latest state. To begin one and to end one is to lock a part of a file each time, which costs several
 * times as much as to find a response.
 */
#ifndef AH_SNAPSHOT_H
#define AH_SNAPSHOT_H

#include "cache/connection.h"

/* What is queried from now on is one state of the database, which has all that had been committed, by whatever process.
 * Where it cannot be told whether that is the latest still, each query reads a state of its own. */
void ah_snapshot_begin(ah_connection *connection);

/* Makes a transaction that writes of it, if it is the latest and nobody else is writing. False: it is not open any more. */
bool ah_snapshot_write(ah_connection *connection);

/* Ends it, if one is open. While it is, the log cannot begin anew. */
void ah_snapshot_end(ah_connection *connection);

#endif
