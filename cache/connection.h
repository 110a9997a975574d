/*
 * A connection to the database, used by one thread at a time, with its prepared statements; and queries over it.
 *
 * The first failure is noted in the connection, and what follows does nothing: it is looked at once, at the end.
 */
#ifndef AH_CONNECTION_H
#define AH_CONNECTION_H

#include <sqlite3.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cache/pins.h"
#include "cache/statements.h"

/* The row of the table total. */
typedef struct ah_total {
    int64_t entries;
    int64_t bytes;
    int64_t newest;
} ah_total;

/* What the index of the write-ahead log begins with. */
enum { AH_INDEX_HEAD = 26 };
typedef const volatile _Atomic uint32_t ah_index_word;

/* See cache/snapshot.h. */
typedef struct ah_snapshot {
    bool open;
    /* It was used since ah_database_rest(). */
    bool used;
    ah_index_word *index;
    uint32_t state[AH_INDEX_HEAD];
} ah_snapshot;

typedef struct ah_connection {
    /* In the pool. */
    struct ah_connection *next;
    sqlite3 *handle;
    sqlite3_stmt *statements[AH_STATEMENTS];
    /* The file it was opened to, see cache/database.h. */
    unsigned generation;
    /* The database's. */
    ah_pins *pins;
    /* The first failure since it was last set to SQLITE_OK. */
    int code;
    /* A query that asks is at its first row. */
    bool at_first;
    /* How often it waits for other processes before it is SQLITE_BUSY. */
    int patience;
    /* It holds pages of large content, which are of no more use. */
    bool crowded;
    /* How many pages it had read when it was last seen to. */
    int pages_read;
    /* How many pages the write-ahead log had after the last commit; 0: nothing has been written. */
    int logged;
    ah_snapshot snapshot;
    /* Within a transaction that writes, see cache/change.h. */
    ah_total total;
    ah_total stored_total;
    uint64_t evictions;
} ah_connection;

/* A second and a half; a few milliseconds; not at all. */
enum { AH_PATIENT = 750, AH_HASTY = 20, AH_IMPATIENT = 0 };

/* Opens a connection to a file that is there. SQLITE_OK, or the failure, and *opened is NULL. */
int ah_connection_open(const char *path, ah_connection **opened);

/* leave_log: the write-ahead log stays as it is; else, if nobody else has the database open, it is written back and
 * removed. NULL does nothing. */
void ah_connection_close(ah_connection *connection, bool leave_log);

/* Notes a result; whether there was no failure yet. */
bool ah_connection_note(ah_connection *connection, int code);

/* Ends a transaction, if one is open, as if it had not been; also after a failure, which stays noted. */
void ah_connection_undo(ah_connection *connection);

/* Lets go of the pages that it holds, if it is crowded: content of any size takes no more memory than a chunk. */
void ah_connection_relieve(ah_connection *connection);

/* Has memory for more pages ready if it has read any since it was last asked: it is going to need more of them. */
void ah_connection_provide(ah_connection *connection);

/* Whether others are using the database, so that it failed: there is a next time. */
bool ah_connection_is_busy(int code);

/* Whether another file, or none, is where the one was that it was opened to. */
bool ah_connection_moved(ah_connection *connection);

/* ---- Queries: begun, bound parameter by parameter, run, ended ---- */

typedef struct ah_query {
    ah_connection *connection;
    sqlite3_stmt *statement;
    int bound;
} ah_query;

ah_query ah_query_begin(ah_connection *connection, ah_statement which);

/* What is bound by pointer must stay until the query has ended. */
void ah_query_integer(ah_query *query, int64_t value);
void ah_query_real(ah_query *query, double value);
void ah_query_null(ah_query *query);
void ah_query_text(ah_query *query, const char *text);
void ah_query_bytes(ah_query *query, const void *bytes, size_t length);

/* The next row. False: there is none, or it failed. */
bool ah_query_row(ah_query *query);

void ah_query_end(ah_query *query);

/* Runs it to its end. How many rows it has changed; 0 if it failed. */
int ah_query_run(ah_query *query);

/* The first column of the first row, and ends the query; 0: there is no row, or it failed. */
int64_t ah_query_id(ah_query *query);

#endif
