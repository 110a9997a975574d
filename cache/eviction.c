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

/* Chunks that nobody wants any more; 0: none. The budget may end among them: then their writer, if that lives, is to know
 * that they are given up. */
static int64_t next_abandoned(ah_connection *connection)
{
    ah_query query = ah_query_begin(connection, AH_SQL_OLD_LOOSE);
    ah_query_real(&query, ah_rows_now() - abandoned);
    int64_t id = ah_query_id(&query);
    if (id)
        ah_rows_abandon(connection, id);
    return id;
}

/* What is left of the budget. */
static int sweep(ah_connection *connection, int budget)
{
    int64_t id = budget > 0 ? next_abandoned(connection) : 0;
    while (id && budget > 0) {
        if (remove_chunk(connection, id)) {
            budget -= CHUNK_COST;
            continue;
        }
        ah_query query = ah_query_begin(connection, AH_SQL_DELETE_LOOSE);
        ah_query_integer(&query, id);
        ah_query_run(&query);
        budget--;
        id = next_abandoned(connection);
    }
    return budget;
}

/* ---- What goes ---- */

/* A response or loose chunks, and when they were last of use; id 0: none. */
typedef struct candidate {
    int64_t id;
    double used;
} candidate;

typedef struct eviction {
    ah_connection *connection;
    int budget;
    /* The loose chunks that would go, unless they are to be looked for. */
    candidate slowest;
    bool known;
} eviction;

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

/* The loose chunks that have not become more for the longest time, but for what this process reads. */
static candidate find_slowest(ah_connection *connection)
{
    candidate found = {0};
    ah_query query = ah_query_begin(connection, AH_SQL_LOOSE);
    while (!found.id && ah_query_row(&query)) {
        found = read_candidate(&query);
        if (ah_pins_have(connection->pins, found.id))
            found = (candidate){0};
    }
    ah_query_end(&query);
    return found;
}

static bool has_loose(ah_connection *connection)
{
    ah_query query = ah_query_begin(connection, AH_SQL_LOOSE);
    return ah_query_id(&query) != 0;
}

static void remove_response(eviction *self, int64_t id)
{
    self->connection->evictions++;
    self->budget--;
    if (ah_rows_remove(self->connection, id))
        self->budget = sweep(self->connection, self->budget);
}

static void give_up_slowest(eviction *self)
{
    ah_rows_abandon(self->connection, self->slowest.id);
    self->known = false;
    self->budget = sweep(self->connection, self->budget - 1);
}

/* Lets one go; false: there is nothing that could. */
static bool let_one_go(eviction *self)
{
    ah_connection *connection = self->connection;
    candidate response = find_least_used(connection);
    /* They are not looked for each time: what becomes loose meanwhile is swept, or read. */
    if (!self->known)
        self->slowest = find_slowest(connection);
    self->known = true;
    const candidate *loose = &self->slowest;
    bool any = response.id || loose->id;
    if (response.id && (!loose->id || response.used <= loose->used))
        remove_response(self, response.id);
    else if (loose->id)
        give_up_slowest(self);
    else if (!has_loose(connection) && !connection->code)
        /* A person has removed some, and what was counted is not there. */
        connection->total.bytes = 0;
    return any;
}

void ah_evict(ah_connection *connection, uint64_t max_bytes)
{
    eviction evicted = {.connection = connection, .budget = sweep(connection, BUDGET)};
    bool more = true;
    while (more && evicted.budget > 0 && (uint64_t)connection->total.bytes > max_bytes && !connection->code)
        more = let_one_go(&evicted);
}
