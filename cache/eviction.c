#include "cache/eviction.h"

#include "cache/rows.h"

/* What one step may cost, in responses; a chunk costs as much as so many. A step removes more than a chunk of content,
 * which is the most that is added in between. */
enum { BUDGET = 256, CHUNK_COST = 8 };

/* Seconds after which chunks that do not become more belong to a writer that is gone. */
static const double abandoned = 15 * 60;

/* Removes one chunk of a response. False: it has none. */
static bool remove_chunk(ah_connection *connection, int64_t id)
{
    ah_query query = ah_query_begin(connection, AH_SQL_FIRST_CHUNK);
    ah_query_integer(&query, id);
    bool found = ah_query_row(&query);
    int64_t start = found ? sqlite3_column_int64(query.statement, 0) : 0;
    int64_t length = found ? sqlite3_column_int64(query.statement, 1) : 0;
    ah_query_end(&query);
    if (!found)
        return false;
    query = ah_query_begin(connection, AH_SQL_DELETE_CHUNK);
    ah_query_integer(&query, id);
    ah_query_integer(&query, start);
    ah_query_run(&query);
    ah_rows_passed(connection, start < 0 ? 0 : (uint64_t)start);
    ah_connection_relieve(connection);
    connection->total.bytes = connection->total.bytes > length ? connection->total.bytes - length : 0;
    return !connection->code;
}

static int64_t find_loose(ah_connection *connection)
{
    ah_query query = ah_query_begin(connection, AH_SQL_OLD_LOOSE);
    ah_query_real(&query, ah_rows_now() - abandoned);
    return ah_query_id(&query);
}

/* What is left of the budget. */
static int sweep(ah_connection *connection, int budget)
{
    int64_t id = budget > 0 ? find_loose(connection) : 0;
    while (id && budget > 0) {
        if (remove_chunk(connection, id)) {
            budget -= CHUNK_COST;
            continue;
        }
        ah_query query = ah_query_begin(connection, AH_SQL_DELETE_LOOSE);
        ah_query_integer(&query, id);
        ah_query_run(&query);
        budget--;
        id = find_loose(connection);
    }
    return budget;
}

void ah_evict(ah_connection *connection, uint64_t max_bytes)
{
    int budget = sweep(connection, BUDGET);
    while (budget > 0 && (uint64_t)connection->total.bytes > max_bytes && !connection->code) {
        ah_query query = ah_query_begin(connection, AH_SQL_LEAST_USED);
        int64_t id = ah_query_id(&query);
        if (!id) {
            /* Nothing is left that could go: a person has removed some, and what was counted is not there. */
            connection->total.bytes = connection->code ? connection->total.bytes : 0;
            break;
        }
        ah_rows_remove(connection, id);
        connection->evictions++;
        budget = sweep(connection, budget - 1);
    }
}
