/*
 * The SQL that the store in SQLite is made of: its tables, and all that is done with them.
 */
#ifndef AH_STATEMENTS_H
#define AH_STATEMENTS_H

/* What the file's header says it is: "ahcc", and the version of the schema. */
enum { AH_SCHEMA_APPLICATION = 0x61686363, AH_SCHEMA_VERSION = 2 };

/* Makes the tables, in an empty database. */
extern const char ah_schema[];

typedef enum ah_statement {
    AH_SQL_BEGIN,
    AH_SQL_BEGIN_READING,
    AH_SQL_BEGIN_WRITING,
    AH_SQL_COMMIT,
    AH_SQL_ROLLBACK,
    AH_SQL_TOTAL,
    AH_SQL_SET_TOTAL,
    AH_SQL_CHANGED,
    AH_SQL_SET_CHANGED,
    AH_SQL_FIND,
    AH_SQL_EACH,
    AH_SQL_CONTENT,
    AH_SQL_EXTENT,
    AH_SQL_OF_URI,
    AH_SQL_OF_URI_AND_ID,
    AH_SQL_SAME,
    AH_SQL_SURPLUS,
    AH_SQL_UP_TO,
    AH_SQL_INSERT,
    AH_SQL_UPDATE,
    AH_SQL_SET_EXTENT,
    AH_SQL_DELETE,
    AH_SQL_INSERT_USAGE,
    AH_SQL_ADD_USAGE,
    AH_SQL_DELETE_USAGE,
    AH_SQL_LEAST_USED,
    AH_SQL_INSERT_CHUNK,
    AH_SQL_CHUNK_UP_TO,
    AH_SQL_END_UP_TO,
    AH_SQL_CHUNK,
    AH_SQL_FIRST_CHUNK,
    AH_SQL_DELETE_CHUNK,
    AH_SQL_INSERT_LOOSE,
    AH_SQL_GROW_LOOSE,
    AH_SQL_CLAIM_LOOSE,
    AH_SQL_DELETE_LOOSE,
    AH_SQL_OLD_LOOSE,
    AH_SQL_LOOSE,
    AH_STATEMENTS,
} ah_statement;

extern const char *const ah_statements[AH_STATEMENTS];

/* The columns of what AH_SQL_FIND and AH_SQL_EACH give, in their order. */
enum {
    AH_COLUMN_ID,
    AH_COLUMN_METHOD,
    AH_COLUMN_STATUS,
    AH_COLUMN_VERSION,
    AH_COLUMN_REASON,
    AH_COLUMN_FIELDS,
    AH_COLUMN_SELECTING,
    AH_COLUMN_REQUESTED,
    AH_COLUMN_RECEIVED,
    AH_COLUMN_FRESH_UNTIL,
    AH_COLUMN_LENGTH,
    AH_COLUMN_RANGES,
    AH_COLUMN_SIZE,
    /* AH_SQL_FIND */
    AH_COLUMN_CONTENT,
    /* AH_SQL_EACH */
    AH_COLUMN_URI = AH_COLUMN_CONTENT,
    AH_COLUMN_USED,
    AH_COLUMN_HITS,
};

#endif
