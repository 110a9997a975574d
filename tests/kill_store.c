/*
 * kill_store [KILLS [SEED]]: processes store responses, in the row, in chunks and part by part, and are killed at any
 * moment, again and again, while others read. Whatever is served must be what was stored: its hash is in a header field,
 * and the bytes of parts follow from their place. At the end the database is whole, and counts what is there.
 *
 * The seed makes the decisions repeatable, not the moments.
 */
#include <inttypes.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cache/store_sqlite.h"

enum { WRITERS = 3, READERS = 1, URIS = 24, PART = 600000 };

static const uint64_t max_bytes = 16 << 20;

static char directory[64];

static void fail(const char *what)
{
    fprintf(stderr, "kill_store: %s\n", what);
    _exit(EXIT_FAILURE);
}

/* ---- Chance, and content that can be told ---- */

static uint64_t chance;

/* From 0 to below. */
static uint64_t pick(uint64_t below)
{
    /* splitmix64 */
    uint64_t z = chance += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (z ^ (z >> 31)) % below;
}

static unsigned char byte_at(uint64_t seed, uint64_t place)
{
    return (unsigned char)((seed + place) * 0x9e3779b97f4a7c15u >> 56);
}

static uint64_t hash(uint64_t sum, const void *bytes, size_t length)
{
    /* FNV-1a */
    for (size_t i = 0; i < length; i++)
        sum = (sum ^ ((const unsigned char *)bytes)[i]) * 0x100000001b3u;
    return sum;
}

static void fill(unsigned char *bytes, uint64_t seed, uint64_t first, size_t length)
{
    for (size_t i = 0; i < length; i++)
        bytes[i] = byte_at(seed, first + i);
}

/* ---- Writers ---- */

static ah_entry new_entry(const char *uri)
{
    ah_entry entry = {.status = 200, .version = 11, .received = 1, .length = AH_LENGTH_UNKNOWN};
    entry.uri = strdup(uri);
    entry.method = strdup("GET");
    if (!entry.uri || !entry.method)
        fail("no memory");
    return entry;
}

/* Failing is allowed, when others write for long. */
static void write_bytes(ah_store *store, ah_entry *entry, uint64_t first, const unsigned char *bytes, uint64_t length)
{
    const ah_store_methods *methods = store->methods;
    ah_store_writer *writer = methods->begin(store, entry, first);
    bool written = writer != NULL;
    for (uint64_t done = 0; written && done < length;) {
        size_t piece = (size_t)(length - done < 50000 ? length - done : 50000);
        written = methods->write(writer, bytes + done, piece);
        done += piece;
    }
    if (written)
        methods->commit(writer, entry, NULL, 0);
    else if (writer)
        methods->abort(writer);
}

static void store_whole(ah_store *store)
{
    static const uint64_t most[] = {1, 2000, 65536, 300000, 1500000};
    char text[32];
    uint64_t seed = pick(UINT64_MAX);
    uint64_t length = pick(most[pick(5)]);
    unsigned char *bytes = malloc(length + 1);
    snprintf(text, sizeof(text), "http://a/%u", (unsigned)pick(URIS));
    ah_entry entry = new_entry(text);
    if (!bytes)
        fail("no memory");
    fill(bytes, seed, 0, length);
    snprintf(text, sizeof(text), "%016" PRIx64, hash(length, bytes, length));
    entry.length = length;
    if (!ah_fields_set(&entry.fields, "x-hash", text))
        fail("no memory");
    write_bytes(store, &entry, 0, bytes, length);
    ah_entry_clear(&entry);
    free(bytes);
}

/* Of the same content always, so that the parts can be joined. */
static void store_part(ah_store *store)
{
    static unsigned char bytes[PART];
    char uri[32];
    uint64_t seed = pick(URIS / 4);
    uint64_t first = pick(PART);
    size_t length = (size_t)pick(PART - first) + 1;
    ah_entries found = {0};
    snprintf(uri, sizeof(uri), "http://part/%u", (unsigned)seed);
    ah_entry entry = new_entry(uri);
    store->methods->find(store, uri, &found);
    if (found.count && !found.items[0].partial)
        store->methods->remove(store, &found.items[0]);
    else if (found.count)
        entry.id = found.items[0].id;
    fill(bytes, seed, first, length);
    entry.partial = true;
    entry.length = PART;
    write_bytes(store, &entry, first, bytes, length);
    ah_entries_clear(&found);
    ah_entry_clear(&entry);
}

/* Until it is killed. */
static void write_for_ever(uint64_t seed)
{
    ah_store *store = ah_store_sqlite_new(directory, max_bytes, 0);
    chance = seed;
    if (!store)
        fail("no memory");
    for (;;) {
        if (pick(3) == 0)
            store_part(store);
        else
            store_whole(store);
    }
}

/* ---- Readers ---- */

struct check {
    uint64_t sum;
    uint64_t seed;
    uint64_t place;
    bool differs;
};

static bool add_to_hash(void *data, const void *content, size_t length)
{
    struct check *check = data;
    check->sum = hash(check->sum, content, length);
    return true;
}

static bool compare(void *data, const void *content, size_t length)
{
    struct check *check = data;
    for (size_t i = 0; i < length && !check->differs; i++)
        check->differs = ((const unsigned char *)content)[i] != byte_at(check->seed, check->place + i);
    check->place += length;
    return !check->differs;
}

/* It may be gone by now. */
static void check_whole(ah_store *store, const ah_entry *entry)
{
    char text[32];
    struct check check = {.sum = entry->length};
    const char *expected = ah_fields_get(&entry->fields, "x-hash");
    if (store->methods->read(store, entry, (ah_range){0, entry->length}, add_to_hash, &check) != AH_STORE_OK)
        return;
    snprintf(text, sizeof(text), "%016" PRIx64, check.sum);
    if (!expected || strcmp(text, expected) != 0)
        fail("a body is not what was stored");
}

static void check_part(ah_store *store, const ah_entry *entry, uint64_t seed)
{
    ah_range whole = {0, entry->length};
    size_t count = entry->partial ? entry->ranges.count : 1;
    for (size_t i = 0; i < count; i++) {
        ah_range range = entry->partial ? entry->ranges.items[i] : whole;
        struct check check = {.seed = seed, .place = range.first};
        store->methods->read(store, entry, range, compare, &check);
        if (check.differs)
            fail("a part is not what was stored");
    }
}

/* How many were there. */
static unsigned check_uri(ah_store *store, const char *host, unsigned number, bool part)
{
    char uri[32];
    ah_entries found = {0};
    snprintf(uri, sizeof(uri), "http://%s/%u", host, number);
    store->methods->find(store, uri, &found);
    unsigned count = (unsigned)found.count;
    if (count > 1)
        fail("more than one are there where one replaced the other");
    if (count && part)
        check_part(store, &found.items[0], number);
    else if (count)
        check_whole(store, &found.items[0]);
    ah_entries_clear(&found);
    return count;
}

static unsigned check_all(ah_store *store)
{
    unsigned count = 0;
    for (unsigned i = 0; i < URIS; i++)
        count += check_uri(store, "a", i, false);
    for (unsigned i = 0; i < URIS / 4; i++)
        count += check_uri(store, "part", i, true);
    return count;
}

static volatile sig_atomic_t over;

static void end_reading(int number)
{
    (void)number;
    over = 1;
}

static void read_until_told(void)
{
    struct sigaction action = {.sa_handler = end_reading};
    sigaction(SIGTERM, &action, NULL);
    ah_store *store = ah_store_sqlite_new(directory, max_bytes, 0);
    if (!store)
        fail("no memory");
    unsigned long count = 0;
    while (!over)
        count += check_all(store);
    store->methods->free(store);
    printf("%lu bodies were read meanwhile\n", count);
    fflush(stdout);
    _exit(count ? EXIT_SUCCESS : EXIT_FAILURE);
}

/* ---- The killing ---- */

static pid_t start(void (*run)(void), uint64_t seed)
{
    fflush(stdout);
    pid_t child = fork();
    if (child < 0)
        fail("no process");
    if (child == 0 && run)
        run();
    else if (child == 0)
        write_for_ever(seed);
    return child;
}

static void kill_one(pid_t child)
{
    int status = 0;
    if (kill(child, SIGKILL) != 0 || waitpid(child, &status, 0) != child)
        fail("a writer is gone");
    if (!WIFSIGNALED(status))
        fail("a writer ended by itself");
}

static void kill_writers(unsigned kills)
{
    pid_t writers[WRITERS];
    for (int i = 0; i < WRITERS; i++)
        writers[i] = start(NULL, pick(UINT64_MAX));
    for (unsigned i = 0; i < kills; i++) {
        struct timespec pause = {.tv_nsec = (long)pick(20000000)};
        pid_t *writer = &writers[i % WRITERS];
        nanosleep(&pause, NULL);
        kill_one(*writer);
        *writer = start(NULL, pick(UINT64_MAX));
    }
    for (int i = 0; i < WRITERS; i++)
        kill_one(writers[i]);
}

/* ---- The end ---- */

static void expect(sqlite3 *handle, const char *query, const char *what)
{
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(handle, query, -1, &statement, NULL) != SQLITE_OK || sqlite3_step(statement) != SQLITE_ROW ||
        !sqlite3_column_int(statement, 0))
        fail(what);
    sqlite3_finalize(statement);
}

static void check_database(void)
{
    char path[96];
    sqlite3 *handle;
    snprintf(path, sizeof(path), "%s/cache.sqlite3", directory);
    if (sqlite3_open(path, &handle) != SQLITE_OK)
        fail("the database cannot be opened");
    expect(handle, "SELECT integrity_check = 'ok' FROM pragma_integrity_check", "the database is damaged");
    expect(handle,
           "SELECT count(*) = 0 FROM chunk WHERE response NOT IN (SELECT id FROM response UNION "
           "SELECT response FROM loose)",
           "chunks belong to nothing");
    expect(handle,
           "SELECT entries = (SELECT count(*) FROM response) AND entries = (SELECT count(*) FROM usage) AND bytes = "
           "(SELECT coalesce(sum(size), 0) FROM response) + (SELECT coalesce(sum(length(data)), 0) FROM chunk "
           "WHERE response IN (SELECT response FROM loose)) FROM total",
           "the total is not what is there");
    sqlite3_close(handle);
}

static void clean_up(void)
{
    static const char *const endings[] = {"-wal", "-shm", ""};
    char path[96];
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof(path), "%s/cache.sqlite3%s", directory, endings[i]);
        unlink(path);
    }
    /* Not empty: a file was set aside, which none deserved. */
    if (rmdir(directory) != 0)
        fail("something is left in the directory");
}

int main(int count, char **arguments)
{
    unsigned kills = count > 1 ? (unsigned)strtoul(arguments[1], NULL, 10) : 200;
    chance = count > 2 ? strtoull(arguments[2], NULL, 10) : (uint64_t)time(NULL);
    printf("kill_store %u %" PRIu64 "\n", kills, chance);
    pid_t readers[READERS];
    strcpy(directory, "/tmp/kill_store.XXXXXX");
    if (!mkdtemp(directory))
        fail("no directory");
    for (int i = 0; i < READERS; i++)
        readers[i] = start(read_until_told, 0);
    kill_writers(kills);
    for (int i = 0; i < READERS; i++) {
        int status;
        kill(readers[i], SIGTERM);
        if (waitpid(readers[i], &status, 0) != readers[i] || status)
            fail("a reader has failed");
    }
    ah_store *store = ah_store_sqlite_new(directory, max_bytes, 0);
    if (!store)
        fail("no memory");
    printf("%u bodies are there at the end\n", check_all(store));
    store->methods->free(store);
    check_database();
    clean_up();
    return EXIT_SUCCESS;
}
