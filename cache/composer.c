#include "cache/composer.h"

#include "cache/change.h"
#include "cache/rows.h"

/* Variants of one URI; the oldest go. */
enum { MOST_VARIANTS = 64 };

void ah_composer_begin(ah_composer *composer, ah_database *database, uint64_t max_entry_bytes, uint64_t offset,
                       uint64_t announced)
{
    *composer = (ah_composer){
        .database = database, .max_entry_bytes = max_entry_bytes, .offset = offset, .pending.maximum = AH_CHUNK};
    /* SQLite's numbers have a sign. */
    composer->failed = offset > INT64_MAX - AH_CHUNK;
    if (announced <= AH_CHUNK && !ah_buffer_reserve(&composer->pending, (size_t)announced))
        composer->failed = true;
}

/* ---- Chunks ---- */

/* Where the pending content begins. */
static uint64_t pending_start(const ah_composer *composer)
{
    return composer->offset + composer->length - composer->pending.length;
}

/* Gives the loose chunks a number, or a sign that they are of use still. False: somebody has given them up. */
static bool mark_growing(ah_composer *composer, ah_connection *connection)
{
    if (composer->id) {
        ah_query query = ah_query_begin(connection, AH_SQL_GROW_LOOSE);
        ah_query_real(&query, ah_rows_now());
        ah_query_integer(&query, composer->id);
        return ah_query_run(&query) == 1;
    }
    composer->id = ++connection->total.newest;
    ah_query query = ah_query_begin(connection, AH_SQL_INSERT_LOOSE);
    ah_query_integer(&query, composer->id);
    ah_query_real(&query, ah_rows_now());
    return ah_query_run(&query) == 1;
}

static bool store_pending(ah_composer *composer)
{
    ah_connection *connection = ah_change_begin(composer->database);
    if (!connection)
        return false;
    int64_t before = composer->id;
    bool stored = mark_growing(composer, connection);
    if (stored)
        ah_rows_insert_chunk(connection, composer->id, pending_start(composer), composer->pending.data,
                             composer->pending.length);
    stored = ah_change_end(composer->database, connection, stored ? AH_STORE_OK : AH_STORE_ABSENT) == AH_STORE_OK;
    if (stored)
        ah_buffer_clear(&composer->pending);
    else
        composer->id = before;
    return stored;
}

bool ah_composer_write(ah_composer *composer, const void *content, size_t length)
{
    const char *next = content;
    if (composer->failed || length > composer->max_entry_bytes - composer->length ||
        length > INT64_MAX - AH_CHUNK - composer->offset - composer->length)
        composer->failed = true;
    while (length && !composer->failed) {
        if (composer->pending.length == AH_CHUNK && !store_pending(composer)) {
            composer->failed = true;
            break;
        }
        size_t room = AH_CHUNK - composer->pending.length;
        size_t taken = length < room ? length : room;
        composer->failed = !ah_buffer_append(&composer->pending, next, taken);
        composer->length += composer->failed ? 0 : taken;
        next += taken;
        length -= taken;
    }
    return !composer->failed;
}

/* ---- What it replaces ---- */

static void remove_replaced(ah_connection *connection, const ah_entry *entry, const int64_t *replaced, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        ah_query query = ah_query_begin(connection, AH_SQL_OF_URI_AND_ID);
        ah_query_integer(&query, replaced[i]);
        ah_query_text(&query, entry->uri);
        int64_t id = ah_query_id(&query);
        if (id)
            ah_rows_remove(connection, id);
    }
}

/* Those with the same selecting fields, but for one. */
static void remove_same(ah_connection *connection, const ah_entry *entry, int64_t but)
{
    ah_buffer selecting = {0};
    int64_t id = 0;
    bool written = ah_entry_write_fields(&selecting, &entry->selecting);
    ah_connection_note(connection, written ? SQLITE_OK : SQLITE_NOMEM);
    do {
        ah_query query = ah_query_begin(connection, AH_SQL_SAME);
        ah_query_text(&query, entry->uri);
        ah_query_text(&query, entry->method);
        ah_query_text(&query, selecting.data);
        ah_query_integer(&query, but);
        id = ah_query_id(&query);
        if (id)
            ah_rows_remove(connection, id);
    } while (id);
    ah_buffer_free(&selecting);
}

static void remove_surplus(ah_connection *connection, const ah_entry *entry)
{
    int64_t id = 0;
    do {
        ah_query query = ah_query_begin(connection, AH_SQL_SURPLUS);
        ah_query_text(&query, entry->uri);
        ah_query_integer(&query, MOST_VARIANTS);
        id = ah_query_id(&query);
        if (id)
            ah_rows_remove(connection, id);
    } while (id);
}

/* ---- A response of its own ---- */

/* Whether the extent is all of it, and then it is not partial any more. */
static void complete(ah_extent *extent)
{
    if (extent->length != AH_LENGTH_UNKNOWN && ah_ranges_contain(&extent->ranges, (ah_range){0, extent->length})) {
        ah_ranges_clear(&extent->ranges);
        extent->partial = false;
    }
}

/* What has come of the entry. False: it is not what the entry says, or no memory. */
static bool measure(const ah_composer *composer, const ah_entry *entry, ah_extent *extent)
{
    uint64_t end = composer->offset + composer->length;
    *extent = (ah_extent){.length = entry->length, .partial = entry->partial};
    if (!entry->partial) {
        extent->length = composer->length;
        if (composer->offset || (entry->length != AH_LENGTH_UNKNOWN && entry->length != composer->length))
            return false;
    } else if (end > entry->length || !ah_ranges_add(&extent->ranges, (ah_range){composer->offset, end})) {
        return false;
    } else {
        complete(extent);
    }
    extent->size = ah_rows_size(entry, composer->length);
    if (extent->size <= composer->database->max_bytes)
        return true;
    ah_extent_clear(extent);
    return false;
}

/* The chunks are loose no more. False: they were given up. */
static bool claim_chunks(const ah_composer *composer, ah_connection *connection)
{
    ah_query query = ah_query_begin(connection, AH_SQL_CLAIM_LOOSE);
    ah_query_integer(&query, composer->id);
    return ah_query_run(&query) == 1;
}

static ah_store_result insert(ah_composer *composer, ah_connection *connection, const ah_entry *entry,
                              const ah_extent *extent)
{
    bool in_row = !composer->id && !entry->partial && composer->length <= AH_INLINE;
    int64_t id = composer->id;
    if (id && !claim_chunks(composer, connection))
        return AH_STORE_FAILED;
    if (!id)
        id = ++connection->total.newest;
    if (!in_row && composer->pending.length)
        ah_rows_insert_chunk(connection, id, pending_start(composer), composer->pending.data, composer->pending.length);
    ah_rows_insert(connection, id, entry, extent, in_row ? &composer->pending : NULL);
    return AH_STORE_OK;
}

static ah_store_result replace(ah_composer *composer, ah_connection *connection, const ah_entry *entry,
                               const ah_extent *extent, const int64_t *replaced, size_t count)
{
    /* In the same transaction: whoever removes what is there does so before, or removes this as well. */
    if (ah_rows_passed_mark(connection, entry->uri, entry->mark))
        return AH_STORE_ABSENT;
    remove_replaced(connection, entry, replaced, count);
    remove_same(connection, entry, 0);
    ah_store_result result = insert(composer, connection, entry, extent);
    remove_surplus(connection, entry);
    return result;
}

static ah_store_result store(ah_composer *composer, const ah_entry *entry, const int64_t *replaced, size_t count)
{
    ah_extent extent;
    if (!measure(composer, entry, &extent))
        return AH_STORE_FAILED;
    ah_store_result result = AH_STORE_FAILED;
    ah_connection *connection = ah_change_begin(composer->database);
    if (connection) {
        result = replace(composer, connection, entry, &extent, replaced, count);
        result = ah_change_end(composer->database, connection, result);
    }
    ah_extent_clear(&extent);
    return result;
}

/* ---- A part, joined with the parts that are stored ---- */

/* Stores what of these bytes is not there yet. */
static void fill_gaps(ah_connection *connection, int64_t id, ah_extent *extent, uint64_t start, const ah_buffer *bytes)
{
    ah_range gap;
    ah_range range = {start, start + bytes->length};
    while (extent->partial && ah_ranges_gap(&extent->ranges, range, &gap)) {
        ah_rows_insert_chunk(connection, id, gap.first, bytes->data + (gap.first - start),
                             (size_t)(gap.end - gap.first));
        if (!ah_ranges_add(&extent->ranges, gap))
            ah_connection_note(connection, SQLITE_NOMEM);
        if (connection->code)
            break;
    }
}

/* Takes one of the writer's own chunks out of the database into memory. */
static bool take_chunk(ah_connection *connection, int64_t id, uint64_t start, ah_buffer *bytes)
{
    ah_query query = ah_query_begin(connection, AH_SQL_CHUNK);
    ah_query_integer(&query, id);
    ah_query_integer(&query, (int64_t)start);
    bool taken = ah_query_row(&query);
    if (taken) {
        const void *data = sqlite3_column_blob(query.statement, 0);
        int length = sqlite3_column_bytes(query.statement, 0);
        taken = ah_buffer_append(bytes, data, (size_t)length) && length;
    }
    ah_query_end(&query);
    ah_rows_passed(connection, start);
    return taken;
}

/* What is stored of the entry, which this part belongs to. */
static bool find_joined(const ah_composer *composer, ah_connection *connection, const ah_entry *entry,
                        ah_extent *extent)
{
    ah_query query = ah_query_begin(connection, AH_SQL_OF_URI_AND_ID);
    ah_query_integer(&query, entry->id);
    ah_query_text(&query, entry->uri);
    if (!ah_query_id(&query) || !ah_rows_extent(connection, entry->id, extent))
        return false;
    if (extent->length == AH_LENGTH_UNKNOWN)
        extent->length = entry->length;
    bool same = entry->length == AH_LENGTH_UNKNOWN || entry->length == extent->length;
    uint64_t last = extent->ranges.count ? extent->ranges.items[extent->ranges.count - 1].end : 0;
    return same && last <= extent->length && composer->offset + composer->length <= extent->length;
}

/* One transaction: joins these bytes, and the head if it is the last. */
static ah_store_result join_bytes(ah_composer *composer, ah_connection *connection, const ah_entry *entry,
                                  uint64_t start, const ah_buffer *bytes, bool last)
{
    ah_extent extent = {0};
    ah_store_result result = AH_STORE_ABSENT;
    if (find_joined(composer, connection, entry, &extent)) {
        /* The chunks add themselves to the total; the rest of the size is the head's. */
        uint64_t old = extent.size;
        uint64_t added = ah_extent_content(&extent);
        fill_gaps(connection, entry->id, &extent, start, bytes);
        added = ah_extent_content(&extent) - added;
        complete(&extent);
        extent.size = last ? ah_rows_size(entry, ah_extent_content(&extent)) : old + added;
        if (last)
            ah_rows_update(connection, entry->id, entry);
        ah_rows_set_extent(connection, entry->id, &extent, old + added);
        result = ah_extent_content(&extent) <= composer->max_entry_bytes ? AH_STORE_OK : AH_STORE_FAILED;
    }
    ah_extent_clear(&extent);
    return result;
}

/* The chunks that are in the database, each in a transaction of its own: a part that is joined halfway is whole. */
static ah_store_result join_chunks(ah_composer *composer, const ah_entry *entry)
{
    ah_store_result result = AH_STORE_OK;
    ah_buffer bytes = {.maximum = AH_CHUNK};
    uint64_t start = composer->offset;
    for (; composer->id && start < pending_start(composer) && result == AH_STORE_OK; start += AH_CHUNK) {
        ah_buffer_clear(&bytes);
        ah_connection *connection = ah_change_begin(composer->database);
        if (!connection)
            result = AH_STORE_FAILED;
        else if (!mark_growing(composer, connection) || !take_chunk(connection, composer->id, start, &bytes))
            result = ah_change_end(composer->database, connection, AH_STORE_FAILED);
        else
            result = ah_change_end(composer->database, connection,
                                   join_bytes(composer, connection, entry, start, &bytes, false));
    }
    ah_buffer_free(&bytes);
    return result;
}

static ah_store_result join(ah_composer *composer, const ah_entry *entry, const int64_t *replaced, size_t count)
{
    ah_store_result result = join_chunks(composer, entry);
    ah_connection *connection = result == AH_STORE_OK ? ah_change_begin(composer->database) : NULL;
    if (!connection)
        return result == AH_STORE_OK ? AH_STORE_FAILED : result;
    result = join_bytes(composer, connection, entry, pending_start(composer), &composer->pending, true);
    for (size_t i = 0; i < count; i++) {
        if (replaced[i] != entry->id)
            remove_replaced(connection, entry, &replaced[i], 1);
    }
    remove_same(connection, entry, entry->id);
    return ah_change_end(composer->database, connection, result);
}

/* ---- The end ---- */

void ah_composer_abort(ah_composer *composer)
{
    ah_connection *connection = composer->id ? ah_change_begin(composer->database) : NULL;
    if (connection) {
        ah_rows_abandon(connection, composer->id);
        ah_change_end(composer->database, connection, AH_STORE_OK);
    }
    ah_buffer_free(&composer->pending);
    composer->id = 0;
}

ah_store_result ah_composer_commit(ah_composer *composer, const ah_entry *entry, const int64_t *replaced, size_t count)
{
    ah_store_result result = AH_STORE_FAILED;
    bool joined = entry->partial && entry->id;
    if (entry->length > INT64_MAX && entry->length != AH_LENGTH_UNKNOWN)
        composer->failed = true;
    if (!composer->failed && joined)
        result = join(composer, entry, replaced, count);
    else if (!composer->failed)
        result = store(composer, entry, replaced, count);
    /* What was stored keeps its chunks; those of a part have been copied, or were not wanted. */
    if (result == AH_STORE_OK && !joined)
        composer->id = 0;
    ah_composer_abort(composer);
    return result;
}
