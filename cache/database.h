/*
 * The database of the store in SQLite: a file that is opened when it is first needed, made anew when it is gone or of no
 * use, and a pool of connections to it. What goes wrong is said in the log, once.
 *
 * Locks: `writing` before `lock`; the keeper's before both. None is held while code from outside runs.
 */
#ifndef AH_DATABASE_H
#define AH_DATABASE_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "base/fork.h"
#include "base/parker.h"
#include "cache/connection.h"
#include "cache/file.h"
#include "cache/store.h"

/* The thread that looks after it, see cache/keeper.h. */
typedef struct ah_keeper {
    /* Held by who starts or awaits it; guards thread and started. */
    pthread_mutex_t lock;
    pthread_t thread;
    bool started;
    atomic_bool runs;
    atomic_bool stopped;
    /* The log is to be written back. */
    atomic_bool long_log;
    ah_parker parker;
    /* How many pages the log must have to be written back; 0: as many as when it begins. Guarded by the database's lock for
     * writing. */
    int due;
} ah_keeper;

typedef struct ah_database {
    ah_file file;
    /* In a child of it nothing is touched. */
    ah_process process;
    uint64_t max_bytes;
    atomic_ullong evictions;
    ah_keeper keeper;

    /* Its lock is taken last of all. */
    ah_pins pins;

    /* Held by the one thread that writes. */
    pthread_mutex_t writing;

    /* Guards what follows. */
    pthread_mutex_t lock;
    /* The last that was used is the first: it has the most pages in its memory. */
    ah_connection *idle;
    unsigned idle_count;
    /* Counts the files that there were. */
    unsigned generation;
    /* It was said that it does not work, and has not worked since. */
    bool troubled;
    /* Not to be opened again before that. */
    ah_time retry;
} ah_database;

/* NULL: no memory. Touches no disk. */
ah_database *ah_database_new(const char *directory, uint64_t max_bytes);

/* Nobody uses it any more. NULL does nothing. */
void ah_database_free(ah_database *database);

/* Whether this process may use it. */
bool ah_database_ours(const ah_database *database);

/* A connection for the calling thread alone, until it is given back; with the snapshot that it was given back with, see
 * cache/snapshot.h. NULL: failed, or not ours. */
ah_connection *ah_database_take(ah_database *database);

/* Says what became of all that was done with it: AH_STORE_OK or AH_STORE_FAILED. */
ah_store_result ah_database_give(ah_database *database, ah_connection *connection);

/* Ends the snapshots of connections that nobody has used since the last time; all: of all that nobody uses just now. And
 * those of readers who take long over what they were given. Whether any is left. */
bool ah_database_rest(ah_database *database, bool all);

/* Another file is there now, or none: whoever asks next gets a connection to that. */
void ah_database_renew(ah_database *database, ah_connection *connection);

/* It works: the next trouble is said again. */
void ah_database_works(ah_database *database);

#endif
