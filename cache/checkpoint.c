#include "cache/checkpoint.h"

#include "base/log.h"
#include "base/thread.h"

/* Pages of the log: 8 MiB. Each time that it begins anew, one commit syncs the disk; and the longer it is, the more
 * pages that were changed again and again are written back once. */
enum { LONG_LOG = 2048 };

bool ah_checkpoint_due(const ah_connection *connection)
{
    return connection->logged >= LONG_LOG;
}

/* Nobody waits for the first way, which may leave what has come meanwhile or is being read. Where that has come to a lot,
 * writers wait for the second, for a few milliseconds, so that the log can begin anew. */
static void write_back(ah_connection *connection)
{
    int pages = 0;
    int code = sqlite3_wal_checkpoint_v2(connection->handle, NULL, SQLITE_CHECKPOINT_PASSIVE, &pages, NULL);
    if (!code && pages > 2 * LONG_LOG) {
        connection->patience = AH_HASTY;
        code = sqlite3_wal_checkpoint_v2(connection->handle, NULL, SQLITE_CHECKPOINT_RESTART, &pages, NULL);
        connection->patience = AH_PATIENT;
    }
    AH_DEBUG("cache", "wrote back a log of %d pages: %s", pages, sqlite3_errstr(code));
    ah_connection_note(connection, code);
}

static void checkpoint(ah_database *database)
{
    ah_connection *connection = ah_database_take(database);
    if (connection) {
        write_back(connection);
        ah_database_give(database, connection);
    }
}

static void *run(void *data)
{
    ah_database *database = data;
    ah_log_name_thread("checkpoint");
    checkpoint(database);
    pthread_mutex_lock(&database->lock);
    database->checkpoint_ended = true;
    pthread_mutex_unlock(&database->lock);
    return NULL;
}

void ah_checkpoint_wait(ah_database *database)
{
    if (database->checkpoint_started)
        pthread_join(database->checkpoint, NULL);
    database->checkpoint_started = false;
}

static bool runs(ah_database *database)
{
    pthread_mutex_lock(&database->lock);
    bool running = database->checkpoint_started && !database->checkpoint_ended;
    pthread_mutex_unlock(&database->lock);
    return running;
}

void ah_checkpoint_start(ah_database *database)
{
    if (runs(database))
        return;
    ah_checkpoint_wait(database);
    database->checkpoint_ended = false;
    int failed = ah_thread_start(&database->checkpoint, run, database);
    database->checkpoint_started = !failed;
    if (failed)
        checkpoint(database);
}
