/*
 * lookup VERB FILE ...: what SQLite alone needs for the rows that a cache has: a key, some header fields, a body. One
 * line comes out, see measure.h.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../measure.h"

enum { URI_SIZE = 2048, STEP = 7919 };

static const char head[] = "server: nginx\r\ndate: Mon, 01 Jan 2024 00:00:00 GMT\r\ncontent-type: text/plain\r\n"
                           "last-modified: Mon, 01 Jan 2024 00:00:00 GMT\r\netag: \"65920080-400\"\r\n"
                           "cache-control: max-age=86400\r\naccept-ranges: bytes\r\n";

static sqlite3 *database;

static void execute(const char *sql)
{
    if (sqlite3_exec(database, sql, NULL, NULL, NULL) != SQLITE_OK)
        measure_die("%s: %s", sql, sqlite3_errmsg(database));
}

static void open_database(const char *path)
{
    if (sqlite3_open(path, &database) != SQLITE_OK)
        measure_die("%s: %s", path, sqlite3_errmsg(database));
    execute("PRAGMA journal_mode = WAL");
    execute("PRAGMA synchronous = NORMAL");
}

static sqlite3_stmt *prepare(const char *sql)
{
    sqlite3_stmt *statement;

    if (sqlite3_prepare_v2(database, sql, -1, &statement, NULL) != SQLITE_OK)
        measure_die("%s: %s", sql, sqlite3_errmsg(database));
    return statement;
}

/* Binds the key with that number, and takes the first step. */
static int step(sqlite3_stmt *statement, const char *prefix, size_t number)
{
    char key[URI_SIZE];

    snprintf(key, sizeof key, "%s%04zu", prefix, number);
    sqlite3_bind_text(statement, 1, key, -1, SQLITE_TRANSIENT);
    return sqlite3_step(statement);
}

/* fill FILE PREFIX K SIZE: K rows with bodies of SIZE bytes. */
static void fill(measure *m, char **arguments)
{
    size_t keys = measure_number(arguments[2]);
    size_t size = measure_number(arguments[3]);

    execute("CREATE TABLE entry(key TEXT PRIMARY KEY, used INTEGER, head BLOB, body BLOB) WITHOUT ROWID");
    execute("BEGIN");
    sqlite3_stmt *insert = prepare("INSERT INTO entry VALUES(?1, 0, ?2, zeroblob(?3))");
    sqlite3_bind_blob(insert, 2, head, (int)strlen(head), SQLITE_STATIC);
    sqlite3_bind_int64(insert, 3, (sqlite3_int64)size);
    measure_start(m);
    for (size_t i = 0; i < keys; i++) {
        measure_count(m, step(insert, arguments[1], i) == SQLITE_DONE ? 200 : 0, size);
        sqlite3_reset(insert);
    }
    execute("COMMIT");
    measure_stop(m);
    sqlite3_finalize(insert);
}

/* hit FILE PREFIX K N: N look-ups, head and body copied out, as a cache must. */
static void hit(measure *m, char **arguments)
{
    size_t keys = measure_number(arguments[2]);
    size_t n = measure_number(arguments[3]);
    sqlite3_stmt *select = prepare("SELECT head, body FROM entry WHERE key = ?1");

    measure_start(m);
    for (size_t i = 0; i < n; i++) {
        int result = step(select, arguments[1], i * STEP % keys);
        size_t heads = (size_t)sqlite3_column_bytes(select, 0);
        size_t length = (size_t)sqlite3_column_bytes(select, 1);
        char *copy = measure_allocate(1, heads + length + 1);

        if (result == SQLITE_ROW) {
            memcpy(copy, sqlite3_column_blob(select, 0), heads);
            memcpy(copy + heads, sqlite3_column_blob(select, 1), length);
        }
        measure_count(m, result == SQLITE_ROW ? 200 : 0, length);
        free(copy);
        sqlite3_reset(select);
    }
    measure_stop(m);
    sqlite3_finalize(select);
}

static void hit_mapped(measure *m, char **arguments)
{
    execute("PRAGMA mmap_size = 2147418112");
    hit(m, arguments);
}

/* Within one read transaction. */
static void hit_held(measure *m, char **arguments)
{
    execute("PRAGMA mmap_size = 2147418112");
    execute("BEGIN");
    hit(m, arguments);
    execute("COMMIT");
}

/* update FILE PREFIX K N: N times, one row's head is written anew, a transaction each. */
static void update(measure *m, char **arguments)
{
    size_t keys = measure_number(arguments[2]);
    size_t n = measure_number(arguments[3]);
    sqlite3_stmt *statement = prepare("UPDATE entry SET used = used + 1, head = ?2 WHERE key = ?1");

    sqlite3_bind_blob(statement, 2, head, (int)strlen(head), SQLITE_STATIC);
    measure_start(m);
    for (size_t i = 0; i < n; i++) {
        measure_count(m, step(statement, arguments[1], i * STEP % keys) == SQLITE_DONE ? 200 : 0, 0);
        sqlite3_reset(statement);
    }
    measure_stop(m);
    sqlite3_finalize(statement);
}

static const struct verb {
    const char *name;
    void (*run)(measure *m, char **arguments);
} verbs[] = {{"fill", fill}, {"hit", hit}, {"mmap", hit_mapped}, {"held", hit_held}, {"update", update}};

int main(int argc, char **argv)
{
    measure m = {0};

    if (argc != 6)
        measure_die("usage: lookup fill FILE PREFIX K SIZE | hit|mmap|held|update FILE PREFIX K N");
    open_database(argv[2]);
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        if (strcmp(argv[1], verbs[i].name) == 0)
            verbs[i].run(&m, argv + 2);
    }
    measure_print(&m);
    putchar('\n');
    sqlite3_close(database);
    return m.errors ? EXIT_FAILURE : EXIT_SUCCESS;
}
