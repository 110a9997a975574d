#include "cache/eviction.h"

#include "cache/rows.h"

/* What one step may cost, in responses; a chunk costs as much as so many. A step removes more than a chunk of content,
 * which is the most that is added in between. */
enum { BUDGET = 256, CHUNK_COST = 8 };

/* Seconds after which chunks that do not become more belong to a writer that is gone. */
static const double abandoned = 15 * 60;

/* ---- What has gone ---- */

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

/* Chunks that nobody wants any more. */
static int64_t find_abandoned(ah_connection *connection)
{
    ah_query query = ah_query_begin(connection, AH_SQL_OLD_LOOSE);
    ah_query_real(&query, ah_rows_now() - abandoned);
    int64_t id = ah_query_id(&query);
    /* The budget may end among its chunks: then its writer, if that lives, is to know. */
    if (id)
        ah_rows_abandon(connection, id);
    return id;
}

/* What is left of the budget. */
static int sweep(ah_connection *connection, int budget)
{
    int64_t id = budget > 0 ? find_abandoned(connection) : 0;
    while (id && budget > 0) {
        if (remove_chunk(connection, id)) {
            budget -= CHUNK_COST;
            continue;
        }
        ah_query query = ah_query_begin(connection, AH_SQL_DELETE_LOOSE);
        ah_query_integer(&query, id);
        ah_query_run(&query);
        budget--;
        id = find_abandoned(connection);
    }
    return budget;
}

/* ---- What goes ---- */

/* A response or loose chunks, and when they were last of use; id 0: none. */
typedef struct candidate {
    int64_t id;
    double used;
} candidate;

static candidate read_candidate(const ah_query *query)
{
    return (candidate){sqlite3_column_int64(query->statement, 0), sqlite3_column_double(query->statement, 1)};
}

static candidate find_least_used(ah_connection *connection)
{
    ah_query query = ah_query_begin(connection, AH_SQL_LEAST_USED);
    candidate found = ah_query_row(&query) ? read_candidate(&query) : (candidate){0};
    ah_query_end(&query);
    return found;
}

/* The loose chunks that have not become more for the longest time, but for what this process reads. *any: there are
 * some. */
static candidate find_slowest(ah_connection *connection, bool *any)
{
    candidate found = {0};
    ah_query query = ah_query_begin(connection, AH_SQL_LOOSE);
    while (!found.id && ah_query_row(&query)) {
        *any = true;
        found = read_candidate(&query);
        if (ah_pins_keep(connection->pins, found.id))
            found = (candidate){0};
    }
    ah_query_end(&query);
    return found;
}

/* Lets one go; false: there is nothing that could. */
static bool let_one_go(ah_connection *connection)
{
    bool any = false;
    candidate response = find_least_used(connection);
    candidate loose = find_slowest(connection, &any);
    if (response.id && (!loose.id || response.used <= loose.used)) {
        ah_rows_remove(connection, response.id);
        connection->evictions++;
    } else if (loose.id) {
        ah_rows_abandon(connection, loose.id);
    } else if (!any && !connection->code) {
        /* A person has removed some, and what was counted is not there. */
        connection->total.bytes = 0;
    }
    return response.id || loose.id;
}

void ah_evict(ah_connection *connection, uint64_t max_bytes)
{
    int budget = sweep(connection, BUDGET);
    while (budget > 0 && (uint64_t)connection->total.bytes > max_bytes && !connection->code && let_one_go(connection))
        budget = sweep(connection, budget - 1);
}
