#include "cache/keeper.h"

#include "base/log.h"
#include "base/thread.h"
#include "cache/snapshot.h"

/* Pages of the log. It is written back when it has 2 MiB, and again for each MiB that has come, so that there is never
 * much to sync at once: writers are slow while the disk is busy with that. It begins anew once all of it has been written
 * back and nobody reads it. As long as it is written to without a pause, that does not happen; so from 16 MiB on writers
 * have to wait for it, and the next one syncs the disk. */
enum { LONG_LOG = 512, MORE_LOG = 256, LONGEST_LOG = 4096 };

/* Seconds between two rounds: a snapshot that was not used for one to two of them is ended. */
static const double pause = 0.1;

/* After so many rounds with nothing to do it leaves. */
enum { IDLE_ROUNDS = 50 };

/* ---- Writing back ---- */

static int checkpoint_log(ah_connection *connection, int mode, int *pages)
{
    return sqlite3_wal_checkpoint_v2(connection->handle, NULL, mode, pages, NULL);
}

/* The passive way syncs the database only when nothing has come meanwhile. */
static int sync_database(ah_connection *connection)
{
    sqlite3_file *file = NULL;
    int code = sqlite3_file_control(connection->handle, "main", SQLITE_FCNTL_FILE_POINTER, &file);
    if (code || !file || !file->pMethods)
        return code;
    return file->pMethods->xSync(file, SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY);
}

/* Writers wait for the last of this, for a few milliseconds: before, all but what comes meanwhile is written back and
 * synced. */
static int begin_anew(ah_connection *connection, int *pages)
{
    int code = sync_database(connection);
    if (!code)
        code = checkpoint_log(connection, SQLITE_CHECKPOINT_PASSIVE, pages);
    if (code)
        return code;
    connection->patience = AH_HASTY;
    code = checkpoint_log(connection, SQLITE_CHECKPOINT_RESTART, pages);
    connection->patience = AH_PATIENT;
    return code;
}

/* Nobody waits for the passive way, which may leave what has come meanwhile or is being read. */
static void write_back(ah_database *database, ah_connection *connection)
{
    int pages = 0;
    int code = checkpoint_log(connection, SQLITE_CHECKPOINT_PASSIVE, &pages);
    /* New ones read what has been written back, and not the log. */
    ah_database_rest(database, true);
    if (!code && pages > LONGEST_LOG)
        code = begin_anew(connection, &pages);
    AH_DEBUG("cache", "wrote back a log of %d pages: %s", pages, sqlite3_errstr(code));
    ah_connection_note(connection, code);
}

static void checkpoint(ah_database *database)
{
    ah_database_rest(database, true);
    ah_connection *connection = ah_database_take(database);
    if (connection) {
        ah_snapshot_end(connection);
        write_back(database, connection);
        ah_database_give(database, connection);
    }
}

/* ---- The thread ---- */

/* Whether there was anything to do, or will be. */
static bool go_round(ah_database *database, bool all)
{
    if (!atomic_exchange(&database->keeper.long_log, false))
        return ah_database_rest(database, all);
    checkpoint(database);
    return true;
}

static void *run(void *data)
{
    ah_database *database = data;
    ah_keeper *keeper = &database->keeper;
    ah_log_name_thread("keeper");
    for (int idle = 0; idle < IDLE_ROUNDS && !atomic_load(&keeper->stopped);) {
        ah_parker_sleep(&keeper->parker, ah_clock_in(pause));
        idle = go_round(database, false) ? 0 : idle + 1;
    }
    /* What came just now is done still; whoever comes later sees that it does not run. */
    atomic_store(&keeper->runs, false);
    go_round(database, true);
    return NULL;
}

static void join_locked(ah_keeper *keeper)
{
    if (keeper->started)
        pthread_join(keeper->thread, NULL);
    keeper->started = false;
}

void ah_keeper_start(ah_database *database)
{
    ah_keeper *keeper = &database->keeper;
    if (atomic_load(&keeper->runs))
        return;
    pthread_mutex_lock(&keeper->lock);
    if (!atomic_load(&keeper->runs)) {
        join_locked(keeper);
        atomic_store(&keeper->runs, true);
        keeper->started = ah_thread_start(&keeper->thread, run, database) == 0;
        atomic_store(&keeper->runs, keeper->started);
    }
    bool started = keeper->started;
    pthread_mutex_unlock(&keeper->lock);
    if (!started)
        go_round(database, true);
}

bool ah_keeper_is_due(ah_keeper *keeper, int pages)
{
    bool begun_anew = pages < keeper->due - MORE_LOG;
    if (begun_anew)
        keeper->due = 0;
    if (pages < LONG_LOG || pages < keeper->due)
        return false;
    keeper->due = pages + MORE_LOG;
    return true;
}

void ah_keeper_write_back(ah_database *database)
{
    ah_keeper *keeper = &database->keeper;
    if (atomic_exchange(&keeper->long_log, true))
        return;
    ah_keeper_start(database);
    ah_parker_wake(&keeper->parker);
}

void ah_keeper_stop(ah_database *database)
{
    ah_keeper *keeper = &database->keeper;
    pthread_mutex_lock(&keeper->lock);
    atomic_store(&keeper->stopped, true);
    ah_parker_wake(&keeper->parker);
    join_locked(keeper);
    pthread_mutex_unlock(&keeper->lock);
}
