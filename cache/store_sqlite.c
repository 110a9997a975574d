#include "cache/store_sqlite.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "cache/change.h"
#include "cache/composer.h"
#include "cache/content.h"
#include "cache/keeper.h"
#include "cache/reading.h"
#include "cache/rows.h"
#include "cache/usage.h"

typedef struct sqlite_store {
    ah_store base;
    ah_database *database;
    uint64_t max_entry_bytes;
    ah_usage usage;
} sqlite_store;

typedef struct sqlite_writer {
    ah_store_writer base;
    ah_composer composer;
} sqlite_writer;

/* No more of a URI's are looked at, though a person may have added some; and so many are visited or removed at once. */
enum { MOST_FOUND = 64, BATCH = 64 };

static ah_database *database_of(ah_store *store)
{
    return ((sqlite_store *)store)->database;
}

/* ---- Finding ---- */

/* The whole content, from the row. False: it is not what the row says, or no memory. */
static bool load_content(const ah_query *query, ah_entry *entry)
{
    const void *content = sqlite3_column_blob(query->statement, AH_COLUMN_CONTENT);
    size_t length = (size_t)sqlite3_column_bytes(query->statement, AH_COLUMN_CONTENT);
    entry->loaded = entry->length == length && ah_buffer_append(&entry->content, content, length);
    return entry->loaded;
}

/* Where it belongs: behind those that came later. */
static size_t place_of(const ah_entries *found, const ah_entry *entry)
{
    size_t place = 0;
    while (place < found->count && found->items[place].received >= entry->received)
        place++;
    return place;
}

/* Takes over the entry's strings, or clears it. */
static bool insert_entry(ah_entries *found, ah_entry *entry, size_t place)
{
    if (!ah_entries_add(found)) {
        ah_entry_clear(entry);
        return false;
    }
    ah_entry *items = found->items;
    memmove(&items[place + 1], &items[place], (found->count - 1 - place) * sizeof(*items));
    items[place] = *entry;
    return true;
}

/* One row; false: no memory. Those that make no sense are as good as absent. */
static bool add_found(const ah_query *query, const char *uri, ah_entries *found)
{
    ah_entry entry = {0};
    if (!ah_rows_read(query, &entry))
        return true;
    size_t place = place_of(found, &entry);
    bool in_row = sqlite3_column_type(query->statement, AH_COLUMN_CONTENT) == SQLITE_BLOB;
    entry.uri = strdup(uri);
    if (place == 0 && in_row && !entry.partial && !load_content(query, &entry)) {
        ah_entry_clear(&entry);
        return true;
    }
    /* Only the first has its content along. */
    if (place == 0 && found->count) {
        ah_buffer_free(&found->items[0].content);
        found->items[0].loaded = false;
    }
    if (!entry.uri) {
        ah_entry_clear(&entry);
        return false;
    }
    return insert_entry(found, &entry, place);
}

static ah_store_result find(ah_store *store, const char *uri, ah_entries *found)
{
    ah_connection *connection = ah_reading_begin(database_of(store));
    if (!connection)
        return AH_STORE_FAILED;
    ah_query query = ah_query_begin(connection, AH_SQL_FIND);
    ah_query_text(&query, uri);
    ah_query_integer(&query, MOST_FOUND);
    bool added = true;
    while (added && ah_query_row(&query))
        added = add_found(&query, uri, found);
    ah_query_end(&query);
    ah_store_result result = ah_reading_end(database_of(store), connection);
    if (result == AH_STORE_OK && added)
        return found->count ? AH_STORE_OK : AH_STORE_ABSENT;
    ah_entries_clear(found);
    return AH_STORE_FAILED;
}

/* ---- Reading ---- */

static ah_store_result read(ah_store *store, const ah_entry *entry, ah_range range, ah_store_sink *sink, void *data)
{
    if (range.first >= range.end)
        return AH_STORE_OK;
    if (range.end > INT64_MAX)
        return AH_STORE_ABSENT;
    return ah_content_read(database_of(store), entry->id, range, sink, data);
}

/* ---- Storing ---- */

static ah_store_writer *begin(ah_store *store, const ah_entry *entry, uint64_t offset)
{
    sqlite_store *self = (sqlite_store *)store;
    if (!ah_database_ours(self->database) || entry->announced > self->max_entry_bytes)
        return NULL;
    sqlite_writer *writer = calloc(1, sizeof(*writer));
    if (!writer)
        return NULL;
    writer->base.store = store;
    ah_composer_begin(&writer->composer, self->database, self->max_entry_bytes, offset, entry->announced);
    return &writer->base;
}

static bool write(ah_store_writer *writer, const void *content, size_t length)
{
    return ah_composer_write(&((sqlite_writer *)writer)->composer, content, length);
}

static ah_store_result commit(ah_store_writer *writer, const ah_entry *entry, const int64_t *replaced, size_t count)
{
    ah_store_result result = ah_composer_commit(&((sqlite_writer *)writer)->composer, entry, replaced, count);
    free(writer);
    return result;
}

static void abort_writer(ah_store_writer *writer)
{
    ah_composer_abort(&((sqlite_writer *)writer)->composer);
    free(writer);
}

/* ---- Changing ---- */

/* The entry's, if it is there still; 0: it is not. In a file that was made anew the id may be another's. */
static int64_t id_of(ah_connection *connection, const ah_entry *entry)
{
    ah_query query = ah_query_begin(connection, AH_SQL_OF_URI_AND_ID);
    ah_query_integer(&query, entry->id);
    ah_query_text(&query, entry->uri);
    return ah_query_id(&query);
}

static ah_store_result update(ah_store *store, const ah_entry *entry)
{
    ah_connection *connection = ah_change_begin(database_of(store));
    if (!connection)
        return AH_STORE_FAILED;
    ah_extent extent = {0};
    ah_store_result result = AH_STORE_ABSENT;
    if (id_of(connection, entry) && ah_rows_extent(connection, entry->id, &extent)) {
        uint64_t old = extent.size;
        extent.size = ah_rows_size(entry, ah_extent_content(&extent));
        ah_rows_update(connection, entry->id, entry);
        if (extent.size != old)
            ah_rows_set_extent(connection, entry->id, &extent, old);
        result = AH_STORE_OK;
    }
    ah_extent_clear(&extent);
    return ah_change_end(database_of(store), connection, result);
}

static ah_store_result remove_entry(ah_store *store, const ah_entry *entry)
{
    ah_connection *connection = ah_change_begin(database_of(store));
    if (!connection)
        return AH_STORE_FAILED;
    int64_t id = id_of(connection, entry);
    if (id)
        ah_rows_remove(connection, id);
    return ah_change_end(database_of(store), connection, id ? AH_STORE_OK : AH_STORE_ABSENT);
}

/* One of the rows that a query with these parameters gives; 0: none. */
static int64_t one_of_uri(ah_connection *connection, const char *uri)
{
    ah_query query = ah_query_begin(connection, AH_SQL_OF_URI);
    ah_query_text(&query, uri);
    ah_query_integer(&query, 1);
    return ah_query_id(&query);
}

static int64_t one_up_to(ah_connection *connection, int64_t newest)
{
    ah_query query = ah_query_begin(connection, AH_SQL_UP_TO);
    ah_query_integer(&query, newest);
    return ah_query_id(&query);
}

static ah_store_result remove_uri(ah_store *store, const char *uri, ah_mark *mark)
{
    ah_database *database = database_of(store);
    ah_connection *connection = ah_change_begin(database);
    if (!connection)
        return AH_STORE_FAILED;
    ah_mark moved = mark ? *mark : 0;
    ah_rows_change(connection, uri, &moved);
    bool any = false;
    for (int64_t id; (id = one_of_uri(connection, uri)) != 0; any = true)
        ah_rows_remove(connection, id);
    ah_store_result result = ah_change_end(database, connection, AH_STORE_OK);
    if (mark && result == AH_STORE_OK)
        *mark = moved;
    return result == AH_STORE_OK && !any ? AH_STORE_ABSENT : result;
}

static ah_mark mark(ah_store *store)
{
    ah_database *database = database_of(store);
    ah_connection *connection = ah_reading_begin(database);
    if (!connection)
        return 0;
    ah_query query = ah_query_begin(connection, AH_SQL_TOTAL);
    int64_t newest = ah_query_row(&query) ? sqlite3_column_int64(query.statement, 2) : -1;
    ah_query_end(&query);
    return ah_reading_end(database, connection) == AH_STORE_OK && newest >= 0 ? (ah_mark)newest + 1 : 0;
}

/* ---- Usage ---- */

static void write_uses(ah_connection *connection, const ah_use *uses, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        ah_query query = ah_query_begin(connection, AH_SQL_ADD_USAGE);
        ah_query_real(&query, uses[i].used);
        ah_query_integer(&query, (int64_t)uses[i].hits);
        ah_query_integer(&query, uses[i].id);
        ah_query_run(&query);
    }
}

/* Writes down some of the uses. How many. */
static size_t flush_some(sqlite_store *self, ah_connection *connection)
{
    ah_use uses[AH_USES];
    size_t count = connection ? ah_usage_take(&self->usage, uses) : 0;
    if (!connection)
        return 0;
    write_uses(connection, uses, count);
    ah_change_end(self->database, connection, AH_STORE_OK);
    return count;
}

static void touch(ah_store *store, const ah_entry *entry)
{
    sqlite_store *self = (sqlite_store *)store;
    if (!ah_database_ours(self->database))
        return;
    /* Whoever is writing is not waited for: there is a next time. */
    if (ah_usage_note(&self->usage, entry->id, ah_rows_now()))
        flush_some(self, ah_change_try(self->database));
}

static void flush(ah_store *store)
{
    sqlite_store *self = (sqlite_store *)store;
    if (!ah_database_ours(self->database))
        return;
    while (ah_usage_waits(&self->usage) && flush_some(self, ah_change_begin(self->database)))
        continue;
}

/* ---- All that is stored ---- */

/* Removes some of the first so many. OK: there may be more of them. */
static ah_store_result clear_some(ah_database *database, int64_t *newest)
{
    ah_connection *connection = ah_change_begin(database);
    if (!connection)
        return AH_STORE_FAILED;
    if (!*newest) {
        ah_rows_change(connection, NULL, NULL);
        *newest = connection->total.newest;
    }
    int64_t id = 1;
    for (int i = 0; i < BATCH && id; i++) {
        id = one_up_to(connection, *newest);
        if (id)
            ah_rows_remove(connection, id);
    }
    ah_store_result result = ah_change_end(database, connection, AH_STORE_OK);
    return result == AH_STORE_OK && !id ? AH_STORE_ABSENT : result;
}

static ah_store_result clear(ah_store *store)
{
    /* What is stored meanwhile stays. */
    int64_t newest = 0;
    ah_store_result result;
    do {
        result = clear_some(database_of(store), &newest);
    } while (result == AH_STORE_OK);
    return result == AH_STORE_ABSENT ? AH_STORE_OK : result;
}

static bool read_visited(const ah_query *query, ah_entry *entry)
{
    const char *uri = (const char *)sqlite3_column_text(query->statement, AH_COLUMN_URI);
    if (!uri || !ah_rows_read(query, entry))
        return false;
    entry->uri = strdup(uri);
    entry->used = sqlite3_column_double(query->statement, AH_COLUMN_USED);
    int64_t hits = sqlite3_column_int64(query->statement, AH_COLUMN_HITS);
    entry->hits = hits < 0 ? 0 : (uint64_t)hits;
    return entry->uri != NULL;
}

/* The next entries, those whose rows make sense; *last: the last row's id, 0 if there was none. */
static ah_store_result read_batch(ah_database *database, int64_t *last, ah_entries *batch)
{
    ah_connection *connection = ah_reading_begin(database);
    if (!connection)
        return AH_STORE_FAILED;
    ah_query query = ah_query_begin(connection, AH_SQL_EACH);
    ah_query_integer(&query, *last);
    ah_query_integer(&query, BATCH);
    *last = 0;
    while (ah_query_row(&query)) {
        ah_entry entry = {0};
        *last = sqlite3_column_int64(query.statement, AH_COLUMN_ID);
        if (read_visited(&query, &entry))
            insert_entry(batch, &entry, batch->count);
        else
            ah_entry_clear(&entry);
    }
    ah_query_end(&query);
    return ah_reading_end(database, connection);
}

static bool visit(const ah_entries *batch, ah_store_visitor *visitor, void *data)
{
    bool more = true;
    for (size_t i = 0; i < batch->count && more; i++)
        more = visitor(data, &batch->items[i]);
    return more;
}

static ah_store_result each(ah_store *store, ah_store_visitor *visitor, void *data)
{
    int64_t last = 0;
    ah_store_result result;
    flush(store);
    do {
        ah_entries batch = {0};
        result = read_batch(database_of(store), &last, &batch);
        if (result == AH_STORE_OK && !visit(&batch, visitor, data))
            result = AH_STORE_STOPPED;
        ah_entries_clear(&batch);
    } while (result == AH_STORE_OK && last);
    return result;
}

static ah_store_result measure(ah_store *store, ah_store_size *size)
{
    ah_database *database = database_of(store);
    *size = (ah_store_size){.evictions = atomic_load(&database->evictions)};
    flush(store);
    ah_connection *connection = ah_reading_begin(database);
    if (!connection)
        return AH_STORE_FAILED;
    ah_query query = ah_query_begin(connection, AH_SQL_TOTAL);
    if (ah_query_row(&query)) {
        size->entries = (uint64_t)sqlite3_column_int64(query.statement, 0);
        size->bytes = (uint64_t)sqlite3_column_int64(query.statement, 1);
    }
    ah_query_end(&query);
    return ah_reading_end(database, connection);
}

/* ---- Its life ---- */

static void free_store(ah_store *store)
{
    sqlite_store *self = (sqlite_store *)store;
    flush(store);
    if (ah_database_ours(self->database))
        ah_keeper_stop(self->database);
    ah_database_free(self->database);
    ah_usage_destroy(&self->usage);
    free(self);
}

static const ah_store_methods methods = {
    .find = find,
    .read = read,
    .begin = begin,
    .write = write,
    .commit = commit,
    .abort = abort_writer,
    .update = update,
    .remove = remove_entry,
    .remove_uri = remove_uri,
    .mark = mark,
    .touch = touch,
    .clear = clear,
    .each = each,
    .measure = measure,
    .flush = flush,
    .free = free_store,
};

static uint64_t default_entry_bytes(uint64_t max_bytes)
{
    const uint64_t least = (uint64_t)1 << 20;
    const uint64_t most = (uint64_t)1 << 30;
    uint64_t bytes = max_bytes / 8 < least ? least : max_bytes / 8;
    bytes = bytes < most ? bytes : most;
    return bytes < max_bytes ? bytes : max_bytes;
}

ah_store *ah_store_sqlite_new(const char *directory, uint64_t max_bytes, uint64_t max_entry_bytes)
{
    sqlite_store *self = directory && *directory ? calloc(1, sizeof(*self)) : NULL;
    if (!self)
        return NULL;
    max_bytes = max_bytes ? max_bytes : (uint64_t)256 << 20;
    self->base.methods = &methods;
    self->max_entry_bytes = max_entry_bytes ? max_entry_bytes : default_entry_bytes(max_bytes);
    self->database = ah_database_new(directory, max_bytes);
    if (!self->database) {
        free(self);
        return NULL;
    }
    ah_usage_init(&self->usage);
    return &self->base;
}
