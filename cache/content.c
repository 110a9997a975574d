#include "cache/content.h"

#include "cache/change.h"
#include "cache/keeper.h"
#include "cache/reading.h"
#include "cache/rows.h"
#include "cache/snapshot.h"

/* What is still wanted, and the next piece of it. */
typedef struct portion {
    ah_pin pin;
    ah_range left;
    ah_buffer piece;
} portion;

/* Takes what is wanted of bytes that begin there; the next one must be among them. */
static ah_store_result take(portion *self, uint64_t start, const void *bytes, size_t length)
{
    const ah_range *left = &self->left;
    if (start > left->first || length > AH_CHUNK || start + length <= left->first)
        return AH_STORE_ABSENT;
    uint64_t end = start + length < left->end ? start + length : left->end;
    const char *first = (const char *)bytes + (left->first - start);
    return ah_buffer_append(&self->piece, first, (size_t)(end - left->first)) ? AH_STORE_OK : AH_STORE_FAILED;
}

static ah_store_result take_from_chunk(portion *self, ah_connection *connection)
{
    ah_store_result result = AH_STORE_ABSENT;
    ah_query query = ah_query_begin(connection, AH_SQL_CHUNK_UP_TO);
    ah_query_integer(&query, self->pin.id);
    ah_query_integer(&query, (int64_t)self->left.first);
    if (ah_query_row(&query)) {
        int64_t start = sqlite3_column_int64(query.statement, 0);
        const void *data = sqlite3_column_blob(query.statement, 1);
        size_t length = (size_t)sqlite3_column_bytes(query.statement, 1);
        ah_rows_passed(connection, self->left.first);
        result = start < 0 ? AH_STORE_ABSENT : take(self, (uint64_t)start, data, length);
    }
    ah_query_end(&query);
    return result;
}

/* Whether the last of what is wanted is there: a person may have made the response longer than it is. */
static bool has_end(const portion *self, ah_connection *connection)
{
    ah_query query = ah_query_begin(connection, AH_SQL_END_UP_TO);
    ah_query_integer(&query, self->pin.id);
    ah_query_integer(&query, (int64_t)self->left.end);
    return ah_query_id(&query) >= (int64_t)self->left.end;
}

/* The first piece, of a response that must be there. */
static ah_store_result take_first(portion *self, ah_connection *connection)
{
    ah_store_result result = AH_STORE_ABSENT;
    ah_query row = ah_query_begin(connection, AH_SQL_CONTENT);
    ah_query_integer(&row, self->pin.id);
    bool found = ah_query_row(&row);
    bool in_row = found && sqlite3_column_type(row.statement, 0) != SQLITE_NULL;
    if (in_row) {
        const void *content = sqlite3_column_blob(row.statement, 0);
        result = take(self, 0, content, (size_t)sqlite3_column_bytes(row.statement, 0));
    }
    ah_query_end(&row);
    return found && !in_row && has_end(self, connection) ? take_from_chunk(self, connection) : result;
}

static ah_store_result hand_over(portion *self, ah_store_sink *sink, void *data)
{
    self->left.first += self->piece.length;
    return sink(data, self->piece.data, self->piece.length) ? AH_STORE_OK : AH_STORE_STOPPED;
}

/* Whether it is wanted beyond the piece. */
static bool goes_on(const portion *self)
{
    return self->left.first + self->piece.length < self->left.end;
}

/* The piece, while there is more to read. The state of the database that is read stays, unless the sink takes long: then
 * the next chunk is as good in a later state, since chunks never change. */
static ah_store_result hand_over_one(portion *self, ah_database *database, ah_store_sink *sink, void *data)
{
    ah_connection_relieve(self->pin.connection);
    ah_pins_pause(&database->pins, &self->pin);
    ah_store_result result = hand_over(self, sink, data);
    ah_pins_resume(&database->pins, &self->pin);
    ah_buffer_clear(&self->piece);
    return result;
}

static ah_store_result deliver(portion *self, ah_database *database, ah_store_sink *sink, void *data)
{
    ah_connection *connection = ah_reading_begin(database);
    if (!connection)
        return AH_STORE_FAILED;
    self->pin.connection = connection;
    ah_store_result result = take_first(self, connection);
    if (result == AH_STORE_OK && goes_on(self))
        ah_keeper_start(database);
    while (result == AH_STORE_OK && goes_on(self)) {
        result = hand_over_one(self, database, sink, data);
        if (result == AH_STORE_OK) {
            if (!connection->snapshot.open)
                ah_snapshot_begin(connection);
            result = take_from_chunk(self, connection);
        }
    }
    ah_store_result given = ah_reading_end(database, connection);
    if (given != AH_STORE_OK && result != AH_STORE_STOPPED)
        result = given;
    return result == AH_STORE_OK ? hand_over(self, sink, data) : result;
}

/* The chunks of what was removed meanwhile may go now. */
static void let_go(ah_database *database, int64_t id)
{
    ah_connection *connection = ah_change_begin(database);
    if (!connection)
        return;
    ah_rows_abandon(connection, id);
    ah_change_end(database, connection, AH_STORE_OK);
}

ah_store_result ah_content_read(ah_database *database, int64_t id, ah_range range, ah_store_sink *sink, void *data)
{
    portion wanted = {.left = range, .piece.maximum = AH_CHUNK};
    ah_pins_add(&database->pins, &wanted.pin, id);
    ah_store_result result = deliver(&wanted, database, sink, data);
    if (ah_pins_take(&database->pins, &wanted.pin))
        let_go(database, id);
    ah_buffer_free(&wanted.piece);
    return result;
}
