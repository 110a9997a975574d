#include "cache/connection.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/heap.h"

/* Each connection keeps at most 24 MiB of pages: enough for some thousand small responses. The file is not mapped: one
 * that somebody truncates would end the process. Journals of other kinds never come to be. The log is cut to 32 MiB
 * when it begins anew. There is one way to run each query, so that no statistics are kept. */
static const char settings[] = "PRAGMA synchronous = NORMAL;"
                               "PRAGMA cache_size = -24576;"
                               "PRAGMA temp_store = MEMORY;"
                               "PRAGMA journal_size_limit = 33554432;"
                               "PRAGMA mmap_size = 0;";

/* What SQLite obtains for a row and its content it takes from memory of the connection: the lock of its own allocator is
 * one for the whole process. */
enum { LOOKASIDE_SIZE = 65528, LOOKASIDE_COUNT = 8 };

/* ---- Its life ---- */

/* Another process is writing, or repairs what a killed one has left behind: short sleeps, since writes are short. */
static int wait_for_others(void *data, int count)
{
    const ah_connection *connection = data;
    if (count >= connection->patience)
        return 0;
    struct timespec pause = {.tv_nsec = count < AH_HASTY ? 200000 : 2000000};
    nanosleep(&pause, NULL);
    return 1;
}

static int note_log(void *data, sqlite3 *handle, const char *schema, int pages)
{
    (void)handle;
    (void)schema;
    ah_connection *connection = data;
    connection->logged = pages;
    return SQLITE_OK;
}

/* is_first() in SQL: whether it is asked for the first time in a query. */
static void is_first(sqlite3_context *context, int count, sqlite3_value **values)
{
    (void)count;
    (void)values;
    ah_connection *connection = sqlite3_user_data(context);
    sqlite3_result_int(context, connection->at_first);
    connection->at_first = false;
}

static int configure(ah_connection *connection)
{
    sqlite3 *handle = connection->handle;
    /* Whatever a person has added to the schema is not run. */
    static const int switches[][2] = {{SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
                                      {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},
                                      {SQLITE_DBCONFIG_ENABLE_VIEW, 0},
                                      {SQLITE_DBCONFIG_DEFENSIVE, 1},
                                      {SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1}};
    int code = sqlite3_extended_result_codes(handle, 1);
    /* It is as good without, only slower. */
    sqlite3_db_config(handle, SQLITE_DBCONFIG_LOOKASIDE, NULL, LOOKASIDE_SIZE, LOOKASIDE_COUNT);
    for (size_t i = 0; i < sizeof(switches) / sizeof(*switches) && !code; i++)
        code = sqlite3_db_config(handle, switches[i][0], switches[i][1], NULL);
    if (!code)
        code = sqlite3_busy_handler(handle, wait_for_others, connection);
    if (!code)
        code = sqlite3_create_function(handle, "is_first", 0, SQLITE_UTF8 | SQLITE_DIRECTONLY, connection, is_first,
                                       NULL, NULL);
    if (!code)
        code = sqlite3_exec(handle, settings, NULL, NULL, NULL);
    /* In place of SQLite's own way of writing the log back, which would be within a commit. */
    sqlite3_wal_hook(handle, note_log, connection);
    return code;
}

int ah_connection_open(const char *path, ah_connection **opened)
{
    *opened = NULL;
    ah_connection *connection = calloc(1, sizeof(*connection));
    if (!connection)
        return SQLITE_NOMEM;
    connection->patience = AH_PATIENT;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
    int code = sqlite3_open_v2(path, &connection->handle, flags, NULL);
    if (!code)
        code = configure(connection);
    if (!code && sqlite3_db_readonly(connection->handle, "main"))
        code = SQLITE_READONLY;
    if (code)
        ah_connection_close(connection, true);
    else
        *opened = connection;
    return code;
}

void ah_connection_close(ah_connection *connection, bool leave_log)
{
    if (!connection)
        return;
    for (int i = 0; i < AH_STATEMENTS; i++)
        sqlite3_finalize(connection->statements[i]);
    if (connection->handle && !leave_log)
        sqlite3_db_config(connection->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
    sqlite3_close(connection->handle);
    free(connection);
}

bool ah_connection_note(ah_connection *connection, int code)
{
    if (!connection->code && code != SQLITE_ROW && code != SQLITE_DONE)
        connection->code = code;
    return !connection->code;
}

void ah_connection_relieve(ah_connection *connection)
{
    if (!connection->crowded)
        return;
    connection->crowded = false;
    /* Within a transaction that writes, what was changed goes into the log before. */
    if (!connection->code)
        ah_connection_note(connection, sqlite3_db_cacheflush(connection->handle));
    sqlite3_db_release_memory(connection->handle);
}

void ah_connection_provide(ah_connection *connection)
{
    int read = 0;
    int highest;
    sqlite3_db_status(connection->handle, SQLITE_DBSTATUS_CACHE_MISS, &read, &highest, 0);
    if (read == connection->pages_read)
        return;
    connection->pages_read = read;
    ah_heap_prepare();
}

bool ah_connection_moved(ah_connection *connection)
{
    int moved = 0;
    int code = sqlite3_file_control(connection->handle, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
    return !code && moved;
}

bool ah_connection_is_busy(int code)
{
    int primary = code & 0xff;
    return primary == SQLITE_BUSY || primary == SQLITE_LOCKED || primary == SQLITE_PROTOCOL;
}

/* Some failures have undone everything already. */
void ah_connection_undo(ah_connection *connection)
{
    int code = connection->code;
    connection->code = SQLITE_OK;
    if (!sqlite3_get_autocommit(connection->handle)) {
        ah_query query = ah_query_begin(connection, AH_SQL_ROLLBACK);
        ah_query_run(&query);
    }
    if (code)
        connection->code = code;
}

/* ---- Queries ---- */

ah_query ah_query_begin(ah_connection *connection, ah_statement which)
{
    sqlite3_stmt **statement = &connection->statements[which];
    if (!*statement && !connection->code) {
        int code = sqlite3_prepare_v3(connection->handle, ah_statements[which], -1, SQLITE_PREPARE_PERSISTENT,
                                      statement, NULL);
        ah_connection_note(connection, code);
    }
    connection->at_first = true;
    return (ah_query){.connection = connection, .statement = *statement};
}

void ah_query_integer(ah_query *query, int64_t value)
{
    if (!query->connection->code)
        ah_connection_note(query->connection, sqlite3_bind_int64(query->statement, ++query->bound, value));
}

void ah_query_real(ah_query *query, double value)
{
    /* NULL is what SQLite would make of what is no number. */
    value = isfinite(value) ? value : 0;
    if (!query->connection->code)
        ah_connection_note(query->connection, sqlite3_bind_double(query->statement, ++query->bound, value));
}

void ah_query_null(ah_query *query)
{
    if (!query->connection->code)
        ah_connection_note(query->connection, sqlite3_bind_null(query->statement, ++query->bound));
}

void ah_query_text(ah_query *query, const char *text)
{
    if (!query->connection->code)
        ah_connection_note(query->connection,
                           sqlite3_bind_text(query->statement, ++query->bound, text ? text : "", -1, SQLITE_STATIC));
}

void ah_query_bytes(ah_query *query, const void *bytes, size_t length)
{
    /* A null pointer would be NULL and not empty. */
    if (!query->connection->code)
        ah_connection_note(query->connection, sqlite3_bind_blob64(query->statement, ++query->bound, length ? bytes : "",
                                                                  length, SQLITE_STATIC));
}

bool ah_query_row(ah_query *query)
{
    if (query->connection->code)
        return false;
    int code = sqlite3_step(query->statement);
    ah_connection_note(query->connection, code);
    return code == SQLITE_ROW;
}

void ah_query_end(ah_query *query)
{
    /* It gives the last step's failure again. */
    sqlite3_reset(query->statement);
}

int ah_query_run(ah_query *query)
{
    while (ah_query_row(query))
        continue;
    int changed = query->connection->code ? 0 : sqlite3_changes(query->connection->handle);
    ah_query_end(query);
    return changed;
}

int64_t ah_query_id(ah_query *query)
{
    int64_t id = ah_query_row(query) ? sqlite3_column_int64(query->statement, 0) : 0;
    ah_query_end(query);
    return id;
}
