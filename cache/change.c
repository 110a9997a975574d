#include "cache/change.h"

#include "cache/eviction.h"
#include "cache/keeper.h"
#include "cache/snapshot.h"

/* ---- Beginning ---- */

/* A connection to the file that is there now: somebody may have removed or replaced it. */
static ah_connection *take_current(ah_database *database)
{
    ah_connection *connection = ah_database_take(database);
    if (!connection || !ah_connection_moved(connection))
        return connection;
    ah_database_renew(database, connection);
    return ah_database_take(database);
}

static void load_total(ah_connection *connection)
{
    ah_query query = ah_query_begin(connection, AH_SQL_TOTAL);
    ah_total *total = &connection->total;
    if (ah_query_row(&query)) {
        *total = (ah_total){.entries = sqlite3_column_int64(query.statement, 0),
                            .bytes = sqlite3_column_int64(query.statement, 1),
                            .newest = sqlite3_column_int64(query.statement, 2)};
        if (total->entries < 0 || total->bytes < 0 || total->newest < 0)
            ah_connection_note(connection, SQLITE_CORRUPT);
    } else {
        /* The one row is not there. */
        ah_connection_note(connection, SQLITE_CORRUPT);
    }
    ah_query_end(&query);
    connection->stored_total = *total;
    connection->evictions = 0;
}

/* Opens the lock if it fails. */
static ah_connection *begin_locked(ah_database *database, int patience)
{
    ah_connection *connection = take_current(database);
    if (!connection) {
        pthread_mutex_unlock(&database->writing);
        return NULL;
    }
    connection->patience = patience;
    connection->logged = 0;
    /* Most often it is what was looked at just now that is to be changed: the lock for reading is there already. */
    if (!ah_snapshot_write(connection)) {
        ah_query query = ah_query_begin(connection, AH_SQL_BEGIN);
        ah_query_run(&query);
    }
    connection->patience = AH_PATIENT;
    if (!connection->code)
        load_total(connection);
    if (!connection->code)
        return connection;
    ah_change_end(database, connection, AH_STORE_FAILED);
    return NULL;
}

ah_connection *ah_change_begin(ah_database *database)
{
    if (!ah_database_ours(database))
        return NULL;
    pthread_mutex_lock(&database->writing);
    return begin_locked(database, AH_PATIENT);
}

ah_connection *ah_change_try(ah_database *database)
{
    if (!ah_database_ours(database) || pthread_mutex_trylock(&database->writing) != 0)
        return NULL;
    return begin_locked(database, AH_IMPATIENT);
}

/* ---- Ending ---- */

static void save_total(ah_connection *connection)
{
    const ah_total *total = &connection->total;
    const ah_total *stored = &connection->stored_total;
    if (total->entries == stored->entries && total->bytes == stored->bytes && total->newest == stored->newest)
        return;
    ah_query query = ah_query_begin(connection, AH_SQL_SET_TOTAL);
    ah_query_integer(&query, total->entries);
    ah_query_integer(&query, total->bytes);
    ah_query_integer(&query, total->newest);
    ah_query_run(&query);
}

static bool commit(ah_database *database, ah_connection *connection)
{
    ah_evict(connection, database->max_bytes);
    save_total(connection);
    ah_query query = ah_query_begin(connection, AH_SQL_COMMIT);
    ah_query_run(&query);
    return !connection->code;
}

ah_store_result ah_change_end(ah_database *database, ah_connection *connection, ah_store_result result)
{
    bool done = result == AH_STORE_OK && commit(database, connection);
    if (done) {
        atomic_fetch_add_explicit(&database->evictions, connection->evictions, memory_order_relaxed);
        ah_database_works(database);
    } else {
        ah_connection_undo(connection);
    }
    /* Nothing was written if there was nothing to commit. */
    bool due = done && connection->logged && ah_keeper_is_due(&database->keeper, connection->logged);
    ah_store_result given = ah_database_give(database, connection);
    pthread_mutex_unlock(&database->writing);
    if (due)
        ah_keeper_write_back(database);
    return given == AH_STORE_OK ? result : given;
}
