/*
 * What is in a database file, and what it must be for the store in SQLite.
 */
#ifndef AH_SCHEMA_H
#define AH_SCHEMA_H

#include <sqlite3.h>

typedef enum ah_schema_verdict {
    AH_SCHEMA_FINE,
    /* There is nothing in it yet. */
    AH_SCHEMA_EMPTY,
    /* Of an older version, which nobody needs. */
    AH_SCHEMA_OLDER,
    AH_SCHEMA_NEWER,
    AH_SCHEMA_FOREIGN,
    AH_SCHEMA_DAMAGED,
    /* It cannot be told: *code says why. */
    AH_SCHEMA_FAILED,
} ah_schema_verdict;

/* Looks into the database. */
ah_schema_verdict ah_schema_check(sqlite3 *handle, int *code);

/* Whether a result means that the file is not what it should be. */
int ah_schema_is_damage(int code);

/* Makes the tables. SQLITE_OK, or the failure. */
int ah_schema_create(sqlite3 *handle);

/* Switches to a write-ahead log, which stays so. SQLITE_OK, or the failure. */
int ah_schema_begin_log(sqlite3 *handle);

#endif
