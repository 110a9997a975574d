#include "cache/database.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "cache/schema.h"
#include "cache/snapshot.h"

/* Connections that wait for use; more are closed. */
enum { MOST_IDLE = 16 };

/* For how many seconds one who hands over a chunk may keep the log from beginning anew. */
static const double longest_hold = 0.2;

/* How many seconds pass before a directory that does not work is tried again. */
static const double pause_after_trouble = 2;

/* ---- Its life ---- */

ah_database *ah_database_new(const char *directory, uint64_t max_bytes)
{
    ah_database *database = calloc(1, sizeof(*database));
    if (!database || !ah_file_init(&database->file, directory)) {
        free(database);
        return NULL;
    }
    ah_fork_init();
    database->process = ah_process_current();
    database->max_bytes = max_bytes;
    pthread_mutex_init(&database->writing, NULL);
    pthread_mutex_init(&database->lock, NULL);
    pthread_mutex_init(&database->keeper.lock, NULL);
    ah_parker_init(&database->keeper.parker);
    ah_pins_init(&database->pins);
    return database;
}

bool ah_database_ours(const ah_database *database)
{
    return database->process == ah_process_current();
}

/* The last connection writes the log back and removes it, if no other process has the database open; and nobody must
 * set the file aside meanwhile, for it is removed by its name. */
static void close_last(ah_database *database, ah_connection *last)
{
    int descriptor = ah_file_lock(&database->file);
    bool leave_log = descriptor < 0 || last->generation != database->generation || ah_connection_moved(last);
    ah_connection_close(last, leave_log);
    if (descriptor >= 0)
        ah_file_unlock(descriptor);
}

void ah_database_free(ah_database *database)
{
    if (!database)
        return;
    /* A child leaves its parent's connections alone: closing them would take away locks and files. */
    while (ah_database_ours(database) && database->idle) {
        ah_connection *connection = database->idle;
        database->idle = connection->next;
        if (database->idle)
            ah_connection_close(connection, true);
        else
            close_last(database, connection);
    }
    ah_file_destroy(&database->file);
    pthread_mutex_destroy(&database->writing);
    pthread_mutex_destroy(&database->lock);
    pthread_mutex_destroy(&database->keeper.lock);
    /* In a child, those it would wait for are not there. */
    if (ah_database_ours(database))
        ah_parker_destroy(&database->keeper.parker);
    ah_pins_destroy(&database->pins);
    free(database);
}

/* ---- Trouble ---- */

/* Says it unless it was said and nothing has worked since. */
static void complain(ah_database *database, const char *what)
{
    pthread_mutex_lock(&database->lock);
    bool said = database->troubled;
    database->troubled = true;
    pthread_mutex_unlock(&database->lock);
    if (!said)
        AH_WARNING("cache", "%s: %s; requests go on without it", database->file.path, what);
}

void ah_database_works(ah_database *database)
{
    pthread_mutex_lock(&database->lock);
    database->troubled = false;
    pthread_mutex_unlock(&database->lock);
}

/* Renames the file, or removes it; with the file's lock held. */
static bool clear_away(ah_database *database, ah_schema_verdict verdict)
{
    static const char *const reasons[] = {[AH_SCHEMA_NEWER] = "of a newer version",
                                          [AH_SCHEMA_FOREIGN] = "no cache of ours",
                                          [AH_SCHEMA_DAMAGED] = "damaged"};
    ah_buffer name = {0};
    bool cleared =
        verdict == AH_SCHEMA_OLDER ? ah_file_remove(&database->file) : ah_file_set_aside(&database->file, &name);
    if (!cleared)
        complain(database, strerror(errno));
    else if (verdict == AH_SCHEMA_OLDER)
        AH_INFO("cache", "%s: of an older version, made anew", database->file.path);
    else
        AH_WARNING("cache", "%s: %s, set aside as %s", database->file.path, reasons[verdict], name.data);
    ah_buffer_free(&name);
    return cleared;
}

/* ---- Opening ---- */

/* Looks at what is there, and makes the tables in an empty file. */
static ah_schema_verdict prepare(ah_connection *connection, int *code)
{
    ah_schema_verdict verdict = ah_schema_check(connection->handle, code);
    if (verdict == AH_SCHEMA_EMPTY) {
        *code = ah_schema_create(connection->handle);
        verdict = *code ? AH_SCHEMA_FAILED : AH_SCHEMA_FINE;
    } else if (verdict == AH_SCHEMA_FINE) {
        *code = ah_schema_begin_log(connection->handle);
        if (*code)
            verdict = ah_schema_is_damage(*code) ? AH_SCHEMA_DAMAGED : AH_SCHEMA_FAILED;
    }
    return verdict;
}

/* With the file's lock held. */
static ah_schema_verdict try_to_open(ah_database *database, ah_connection **connection, int *code)
{
    *connection = NULL;
    if (!ah_file_create(&database->file)) {
        *code = SQLITE_CANTOPEN;
        return AH_SCHEMA_FAILED;
    }
    *code = ah_connection_open(database->file.path, connection);
    if (*code)
        return ah_schema_is_damage(*code) ? AH_SCHEMA_DAMAGED : AH_SCHEMA_FAILED;
    ah_schema_verdict verdict = prepare(*connection, code);
    if (verdict != AH_SCHEMA_FINE) {
        ah_connection_close(*connection, true);
        *connection = NULL;
    }
    return verdict;
}

/* A second time if what was there has been cleared away. */
static ah_connection *open_locked_file(ah_database *database)
{
    ah_connection *connection;
    int code;
    ah_schema_verdict verdict = try_to_open(database, &connection, &code);
    if (verdict != AH_SCHEMA_FINE && verdict != AH_SCHEMA_FAILED) {
        if (!clear_away(database, verdict))
            return NULL;
        verdict = try_to_open(database, &connection, &code);
    }
    if (verdict == AH_SCHEMA_FINE)
        return connection;
    if (ah_connection_is_busy(code))
        AH_DEBUG("cache", "%s: in use by others for long", database->file.path);
    else
        complain(database, code ? sqlite3_errstr(code) : "it cannot be used");
    return NULL;
}

static ah_connection *open_connection(ah_database *database, unsigned generation)
{
    ah_connection *connection = NULL;
    int descriptor = ah_file_lock(&database->file);
    if (descriptor >= 0) {
        connection = open_locked_file(database);
        ah_file_unlock(descriptor);
    } else {
        complain(database, strerror(errno));
    }
    if (connection) {
        connection->generation = generation;
        connection->pins = &database->pins;
        return connection;
    }
    pthread_mutex_lock(&database->lock);
    database->retry = ah_clock_in(pause_after_trouble);
    pthread_mutex_unlock(&database->lock);
    return NULL;
}

/* ---- The pool ---- */

/* Whether to open another one: not so soon after it went wrong. */
static bool may_open_locked(ah_database *database)
{
    if (database->retry == 0 || ah_clock_now() >= database->retry) {
        database->retry = 0;
        return true;
    }
    return false;
}

ah_connection *ah_database_take(ah_database *database)
{
    if (!ah_database_ours(database))
        return NULL;
    pthread_mutex_lock(&database->lock);
    ah_connection *connection = database->idle;
    if (connection) {
        database->idle = connection->next;
        database->idle_count--;
    }
    unsigned generation = database->generation;
    bool open = !connection && may_open_locked(database);
    pthread_mutex_unlock(&database->lock);
    return open ? open_connection(database, generation) : connection;
}

/* Whether it went into the pool. */
static bool keep(ah_database *database, ah_connection *connection)
{
    pthread_mutex_lock(&database->lock);
    bool kept = connection->generation == database->generation && database->idle_count < MOST_IDLE;
    if (kept) {
        connection->snapshot.used = true;
        connection->next = database->idle;
        database->idle = connection;
        database->idle_count++;
    }
    pthread_mutex_unlock(&database->lock);
    return kept;
}

bool ah_database_rest(ah_database *database, bool all)
{
    bool left = ah_pins_visit(&database->pins, ah_clock_now() - longest_hold, ah_snapshot_end);
    pthread_mutex_lock(&database->lock);
    for (ah_connection *connection = database->idle; connection; connection = connection->next) {
        if (all || !connection->snapshot.used)
            ah_snapshot_end(connection);
        connection->snapshot.used = false;
        left = left || connection->snapshot.open;
    }
    pthread_mutex_unlock(&database->lock);
    return left;
}

/* Takes the idle connections out of the pool, if they are to the same file as this one. */
static ah_connection *retire(ah_database *database, const ah_connection *connection)
{
    ah_connection *idle = NULL;
    pthread_mutex_lock(&database->lock);
    if (connection->generation == database->generation) {
        database->generation++;
        idle = database->idle;
        database->idle = NULL;
        database->idle_count = 0;
    }
    pthread_mutex_unlock(&database->lock);
    return idle;
}

void ah_database_renew(ah_database *database, ah_connection *connection)
{
    ah_connection *idle = retire(database, connection);
    while (idle) {
        ah_connection *next = idle->next;
        ah_connection_close(idle, true);
        idle = next;
    }
    ah_connection_close(connection, true);
}

/* Whoever finds the damage first sets the file aside; it is still the same file then. */
static void set_aside(ah_database *database, ah_connection *connection)
{
    int descriptor = ah_file_lock(&database->file);
    if (descriptor >= 0) {
        if (!ah_connection_moved(connection))
            clear_away(database, AH_SCHEMA_DAMAGED);
        ah_file_unlock(descriptor);
    }
    ah_database_renew(database, connection);
}

ah_store_result ah_database_give(ah_database *database, ah_connection *connection)
{
    ah_connection_relieve(connection);
    int code = connection->code;
    connection->code = SQLITE_OK;
    if (!code || ah_connection_is_busy(code)) {
        if (code) {
            AH_DEBUG("cache", "%s: %s", database->file.path, sqlite3_errstr(code));
            ah_snapshot_end(connection);
        }
        if (!keep(database, connection))
            ah_connection_close(connection, true);
    } else if (ah_schema_is_damage(code)) {
        AH_DEBUG("cache", "%s: %s: %s", database->file.path, sqlite3_errstr(code), sqlite3_errmsg(connection->handle));
        set_aside(database, connection);
    } else {
        complain(database, sqlite3_errstr(code));
        ah_connection_close(connection, true);
    }
    return code ? AH_STORE_FAILED : AH_STORE_OK;
}
