#include "cache/rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/fields.h"

/* What an entry takes beside its strings and content: its row's numbers, and its place in the indexes. */
static const uint64_t overhead = 200;

/* Content beyond so many bytes, a chunk, is not kept in memory by SQLite: that would be without bound. */
static const uint64_t large = AH_CHUNK;

double ah_rows_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* ---- Extents ---- */

void ah_extent_clear(ah_extent *extent)
{
    ah_ranges_clear(&extent->ranges);
    *extent = (ah_extent){0};
}

uint64_t ah_extent_content(const ah_extent *extent)
{
    uint64_t bytes = extent->partial ? 0 : extent->length;
    for (size_t i = 0; i < extent->ranges.count; i++)
        bytes += extent->ranges.items[i].end - extent->ranges.items[i].first;
    return bytes;
}

static uint64_t fields_size(const ah_fields *fields)
{
    uint64_t size = 0;
    for (size_t i = 0; i < fields->count; i++) {
        for (size_t j = 0; j < fields->fields[i].count; j++)
            size += strlen(fields->fields[i].name) + strlen(fields->fields[i].values[j]) + 3;
    }
    return size;
}

uint64_t ah_rows_size(const ah_entry *entry, uint64_t content)
{
    return overhead + 2 * strlen(entry->uri) + strlen(entry->method) + (entry->reason ? strlen(entry->reason) : 0) +
           fields_size(&entry->fields) + fields_size(&entry->selecting) + content;
}

/* ---- Reading: whatever is in the database, a person may have written it ---- */

static const char *text(const ah_query *query, int column)
{
    const char *found = (const char *)sqlite3_column_text(query->statement, column);
    return found ? found : "";
}

static bool read_fields(const ah_query *query, int column, ah_fields *fields)
{
    const char *lines = text(query, column);
    return ah_entry_read_fields(fields, lines, strlen(lines));
}

/* A time that can be calculated with. */
static bool read_time(const ah_query *query, int column, double *seconds)
{
    *seconds = sqlite3_column_double(query->statement, column);
    return isfinite(*seconds);
}

static bool read_extent(const ah_query *query, int length_column, int ranges_column, ah_extent *extent)
{
    sqlite3_stmt *statement = query->statement;
    int64_t length = sqlite3_column_int64(statement, length_column);
    extent->length = length < 0 ? 0 : (uint64_t)length;
    if (sqlite3_column_type(statement, length_column) == SQLITE_NULL)
        extent->length = AH_LENGTH_UNKNOWN;
    extent->partial = sqlite3_column_type(statement, ranges_column) != SQLITE_NULL;
    if (extent->partial && !ah_ranges_read(&extent->ranges, text(query, ranges_column)))
        return false;
    const ah_ranges *ranges = &extent->ranges;
    bool beyond = ranges->count && ranges->items[ranges->count - 1].end > extent->length;
    return length >= 0 && !beyond && (extent->partial || extent->length != AH_LENGTH_UNKNOWN);
}

static bool read_numbers(const ah_query *query, ah_entry *entry)
{
    sqlite3_stmt *statement = query->statement;
    int64_t size = sqlite3_column_int64(statement, AH_COLUMN_SIZE);
    entry->id = sqlite3_column_int64(statement, AH_COLUMN_ID);
    entry->status = sqlite3_column_int(statement, AH_COLUMN_STATUS);
    entry->version = sqlite3_column_int(statement, AH_COLUMN_VERSION);
    entry->size = size < 0 ? 0 : (uint64_t)size;
    return entry->id > 0 && entry->status >= 100 && entry->status <= 999 && entry->version >= 0 &&
           entry->version <= 99 && read_time(query, AH_COLUMN_REQUESTED, &entry->requested) &&
           read_time(query, AH_COLUMN_RECEIVED, &entry->received) &&
           read_time(query, AH_COLUMN_FRESH_UNTIL, &entry->fresh_until);
}

static bool read_texts(const ah_query *query, ah_entry *entry)
{
    entry->method = strdup(text(query, AH_COLUMN_METHOD));
    entry->reason = strdup(text(query, AH_COLUMN_REASON));
    return entry->method && entry->reason && ah_is_token(entry->method) && ah_is_field_value(entry->reason) &&
           read_fields(query, AH_COLUMN_FIELDS, &entry->fields) &&
           read_fields(query, AH_COLUMN_SELECTING, &entry->selecting);
}

bool ah_rows_read(const ah_query *query, ah_entry *entry)
{
    ah_extent extent = {0};
    bool read = read_numbers(query, entry) && read_texts(query, entry) &&
                read_extent(query, AH_COLUMN_LENGTH, AH_COLUMN_RANGES, &extent);
    entry->length = extent.length;
    entry->partial = extent.partial;
    entry->ranges = extent.ranges;
    if (!read)
        ah_entry_clear(entry);
    return read;
}

bool ah_rows_extent(ah_connection *connection, int64_t id, ah_extent *extent)
{
    ah_query query = ah_query_begin(connection, AH_SQL_EXTENT);
    ah_query_integer(&query, id);
    bool read = ah_query_row(&query) && read_extent(&query, 0, 1, extent);
    if (read) {
        int64_t size = sqlite3_column_int64(query.statement, 2);
        extent->size = size < 0 ? 0 : (uint64_t)size;
        extent->in_chunks = sqlite3_column_int(query.statement, 3) && ah_extent_content(extent);
    }
    ah_query_end(&query);
    if (!read)
        ah_extent_clear(extent);
    return read;
}

/* ---- Writing ---- */

/* The total never goes below what makes sense, whatever was in the rows. */
static void add_bytes(ah_connection *connection, uint64_t added, uint64_t removed)
{
    int64_t *bytes = &connection->total.bytes;
    *bytes += (int64_t)added;
    *bytes = (uint64_t)*bytes > removed ? *bytes - (int64_t)removed : 0;
}

/* ---- Changes ---- */

/* In place of a slot: all URIs. */
static const int64_t everything = -1;

static ah_change read_change(ah_connection *connection, int64_t slot)
{
    ah_change change = {0};
    ah_query query = ah_query_begin(connection, AH_SQL_CHANGED);
    ah_query_integer(&query, slot);
    if (ah_query_row(&query)) {
        change.hash = (uint64_t)sqlite3_column_int64(query.statement, 0);
        change.last = (ah_mark)sqlite3_column_int64(query.statement, 1);
        change.others = (ah_mark)sqlite3_column_int64(query.statement, 2);
    }
    ah_query_end(&query);
    return change;
}

static void write_change(ah_connection *connection, int64_t slot, const ah_change *change)
{
    ah_query query = ah_query_begin(connection, AH_SQL_SET_CHANGED);
    ah_query_integer(&query, slot);
    ah_query_integer(&query, (int64_t)change->hash);
    ah_query_integer(&query, (int64_t)change->last);
    ah_query_integer(&query, (int64_t)change->others);
    ah_query_run(&query);
}

bool ah_rows_passed_mark(ah_connection *connection, const char *uri, ah_mark mark)
{
    uint64_t hash = ah_change_hash(uri);
    ah_change all = read_change(connection, everything);
    ah_change change = read_change(connection, ah_change_slot(hash));
    /* One that was counted in another file says nothing of what has happened since. */
    bool foreign = mark > (ah_mark)connection->total.newest + 1;
    return foreign || ah_change_passed(&all, 0, mark) || ah_change_passed(&change, hash, mark);
}

void ah_rows_change(ah_connection *connection, const char *uri, ah_mark *mark)
{
    bool passed = mark && ah_rows_passed_mark(connection, uri, *mark);
    uint64_t hash = uri ? ah_change_hash(uri) : 0;
    int64_t slot = uri ? (int64_t)ah_change_slot(hash) : everything;
    ah_change change = read_change(connection, slot);
    ah_change_note(&change, hash, (ah_mark)++connection->total.newest);
    write_change(connection, slot, &change);
    if (mark && !passed)
        *mark = (ah_mark)connection->total.newest + 1;
}

/* ---- Heads ---- */

/* An entry's strings as columns, for as long as a query runs. */
typedef struct columns {
    ah_buffer fields;
    ah_buffer selecting;
} columns;

static bool write_columns(ah_connection *connection, const ah_entry *entry, columns *texts)
{
    bool written = ah_entry_write_fields(&texts->fields, &entry->fields) &&
                   ah_entry_write_fields(&texts->selecting, &entry->selecting);
    return ah_connection_note(connection, written ? SQLITE_OK : SQLITE_NOMEM);
}

static void free_columns(columns *texts)
{
    ah_buffer_free(&texts->fields);
    ah_buffer_free(&texts->selecting);
}

static void bind_head(ah_query *query, const ah_entry *entry, const columns *texts)
{
    ah_query_text(query, entry->method);
    ah_query_integer(query, entry->status);
    ah_query_integer(query, entry->version);
    ah_query_text(query, entry->reason);
    ah_query_text(query, texts->fields.data);
    ah_query_text(query, texts->selecting.data);
    ah_query_real(query, entry->requested);
    ah_query_real(query, entry->received);
    ah_query_real(query, entry->fresh_until);
}

/* ranges is used until the query has ended. */
static void bind_extent(ah_query *query, const ah_extent *extent, ah_buffer *ranges)
{
    if (extent->length == AH_LENGTH_UNKNOWN)
        ah_query_null(query);
    else
        ah_query_integer(query, (int64_t)extent->length);
    if (!ah_ranges_write(ranges, &extent->ranges))
        ah_connection_note(query->connection, SQLITE_NOMEM);
    if (extent->partial)
        ah_query_text(query, ranges->data);
    else
        ah_query_null(query);
    ah_query_integer(query, (int64_t)extent->size);
}

static void insert_usage(ah_connection *connection, int64_t id)
{
    ah_query query = ah_query_begin(connection, AH_SQL_INSERT_USAGE);
    ah_query_integer(&query, id);
    ah_query_real(&query, ah_rows_now());
    ah_query_run(&query);
}

void ah_rows_insert(ah_connection *connection, int64_t id, const ah_entry *entry, const ah_extent *extent,
                    const ah_buffer *content)
{
    columns texts = {0};
    ah_buffer ranges = {0};
    if (write_columns(connection, entry, &texts)) {
        ah_query query = ah_query_begin(connection, AH_SQL_INSERT);
        bind_head(&query, entry, &texts);
        ah_query_integer(&query, id);
        ah_query_text(&query, entry->uri);
        bind_extent(&query, extent, &ranges);
        if (content)
            ah_query_bytes(&query, content->data, content->length);
        else
            ah_query_null(&query);
        ah_query_run(&query);
        insert_usage(connection, id);
        connection->total.entries++;
        /* Chunks have been counted. */
        add_bytes(connection, extent->size - (content ? 0 : ah_extent_content(extent)), 0);
    }
    free_columns(&texts);
    ah_buffer_free(&ranges);
}

void ah_rows_update(ah_connection *connection, int64_t id, const ah_entry *entry)
{
    columns texts = {0};
    if (write_columns(connection, entry, &texts)) {
        ah_query query = ah_query_begin(connection, AH_SQL_UPDATE);
        bind_head(&query, entry, &texts);
        ah_query_integer(&query, id);
        ah_query_run(&query);
    }
    free_columns(&texts);
}

void ah_rows_set_extent(ah_connection *connection, int64_t id, const ah_extent *extent, uint64_t old_size)
{
    ah_buffer ranges = {0};
    ah_query query = ah_query_begin(connection, AH_SQL_SET_EXTENT);
    bind_extent(&query, extent, &ranges);
    ah_query_integer(&query, id);
    ah_query_run(&query);
    ah_buffer_free(&ranges);
    add_bytes(connection, extent->size, old_size);
}

static void delete_row(ah_connection *connection, ah_statement which, int64_t id)
{
    ah_query query = ah_query_begin(connection, which);
    ah_query_integer(&query, id);
    ah_query_run(&query);
}

bool ah_rows_remove(ah_connection *connection, int64_t id)
{
    ah_extent extent = {0};
    /* Of one that makes no sense, the chunks may be there as well. */
    bool sensible = ah_rows_extent(connection, id, &extent);
    bool loose = !sensible || extent.in_chunks;
    if (loose) {
        ah_query query = ah_query_begin(connection, AH_SQL_INSERT_LOOSE);
        ah_query_integer(&query, id);
        ah_query_real(&query, ah_pins_keep(connection->pins, id) ? ah_rows_now() : 0);
        ah_query_run(&query);
    }
    delete_row(connection, AH_SQL_DELETE_USAGE, id);
    ah_query query = ah_query_begin(connection, AH_SQL_DELETE);
    ah_query_integer(&query, id);
    if (ah_query_run(&query) && connection->total.entries > 0)
        connection->total.entries--;
    uint64_t chunks = extent.in_chunks ? ah_extent_content(&extent) : 0;
    add_bytes(connection, 0, extent.size > chunks ? extent.size - chunks : 0);
    ah_extent_clear(&extent);
    return loose;
}

void ah_rows_abandon(ah_connection *connection, int64_t id)
{
    ah_query query = ah_query_begin(connection, AH_SQL_GROW_LOOSE);
    ah_query_real(&query, 0);
    ah_query_integer(&query, id);
    ah_query_run(&query);
}

void ah_rows_passed(ah_connection *connection, uint64_t start)
{
    connection->crowded = connection->crowded || start >= large;
}

void ah_rows_insert_chunk(ah_connection *connection, int64_t id, uint64_t start, const void *data, size_t length)
{
    ah_query query = ah_query_begin(connection, AH_SQL_INSERT_CHUNK);
    ah_query_integer(&query, id);
    ah_query_integer(&query, (int64_t)start);
    ah_query_bytes(&query, data, length);
    ah_query_run(&query);
    ah_rows_passed(connection, start);
    add_bytes(connection, length, 0);
}
