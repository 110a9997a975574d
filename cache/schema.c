#include "cache/schema.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "cache/statements.h"

/* SQLite's own: larger pages would hold small responses with less waste, and make each commit write more. */
static const char page_size[] = "PRAGMA page_size = 4096;";

static int query_number(sqlite3 *handle, const char *sql, int64_t *number)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(handle, sql, -1, &statement, NULL);
    if (!code)
        code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        *number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return code == SQLITE_ROW ? SQLITE_OK : code;
}

int ah_schema_is_damage(int code)
{
    switch (code & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
    /* A table or column is not there, or was given rules of its own. */
    case SQLITE_ERROR:
    case SQLITE_SCHEMA:
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_AUTH:
        return true;
    default:
        /* It is shorter than its header says. */
        return code == SQLITE_IOERR_SHORT_READ;
    }
}

ah_schema_verdict ah_schema_check(sqlite3 *handle, int *code)
{
    int64_t application = 0;
    int64_t version = 0;
    int64_t things = 0;
    *code = query_number(handle, "PRAGMA application_id", &application);
    if (!*code)
        *code = query_number(handle, "PRAGMA user_version", &version);
    if (!*code)
        *code = query_number(handle, "SELECT count(*) FROM sqlite_master", &things);
    if (*code)
        return ah_schema_is_damage(*code) ? AH_SCHEMA_DAMAGED : AH_SCHEMA_FAILED;
    if (application == 0 && version == 0 && things == 0)
        return AH_SCHEMA_EMPTY;
    if (application != AH_SCHEMA_APPLICATION)
        return AH_SCHEMA_FOREIGN;
    if (version != AH_SCHEMA_VERSION)
        return version < AH_SCHEMA_VERSION ? AH_SCHEMA_OLDER : AH_SCHEMA_NEWER;
    return AH_SCHEMA_FINE;
}

int ah_schema_begin_log(sqlite3 *handle)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(handle, "PRAGMA journal_mode = WAL", -1, &statement, NULL);
    if (!code)
        code = sqlite3_step(statement);
    bool begun = code == SQLITE_ROW && strcmp((const char *)sqlite3_column_text(statement, 0), "wal") == 0;
    sqlite3_finalize(statement);
    if (begun)
        return SQLITE_OK;
    /* The file system has no memory to share, or somebody else uses the file in another way. */
    return code == SQLITE_ROW ? SQLITE_CANTOPEN : code;
}

int ah_schema_create(sqlite3 *handle)
{
    char identity[128];
    snprintf(identity, sizeof(identity), "PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT",
             AH_SCHEMA_APPLICATION, AH_SCHEMA_VERSION);
    int code = sqlite3_exec(handle, page_size, NULL, NULL, NULL);
    if (!code)
        code = ah_schema_begin_log(handle);
    if (!code)
        code = sqlite3_exec(handle, "BEGIN IMMEDIATE", NULL, NULL, NULL);
    if (!code)
        code = sqlite3_exec(handle, ah_schema, NULL, NULL, NULL);
    if (!code)
        code = sqlite3_exec(handle, identity, NULL, NULL, NULL);
    return code;
}
