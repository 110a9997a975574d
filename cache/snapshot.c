#include "cache/snapshot.h"

/* The index of the write-ahead log lies in memory in parts of so many bytes. */
enum { INDEX_PART = 32768 };

/* https://sqlite.org/walformat.html#the_wal_index_file_format: the first part begins with the header, twice, which each
 * commit changes, and with how much has been written back. NULL: there is no such index. It stays where it is at least
 * until a transaction has ended. */
static const ah_index_word *find_index(ah_connection *connection)
{
    sqlite3_file *file = NULL;
    void volatile *part = NULL;
    int code = sqlite3_file_control(connection->handle, "main", SQLITE_FCNTL_FILE_POINTER, &file);
    if (code || !file || !file->pMethods || file->pMethods->iVersion < 2)
        return NULL;
    code = file->pMethods->xShmMap(file, 0, INDEX_PART, 0, &part);
    return code ? NULL : (const ah_index_word *)part;
}

static void note_state(ah_snapshot *snapshot)
{
    for (int i = 0; i < AH_INDEX_HEAD; i++)
        snapshot->state[i] = atomic_load_explicit(&snapshot->index[i], memory_order_acquire);
}

/* Without a lock: one who is writing there changes at least one word to what it never was. */
static bool is_latest(const ah_snapshot *snapshot)
{
    bool same = true;
    for (int i = 0; i < AH_INDEX_HEAD && same; i++)
        same = snapshot->state[i] == atomic_load_explicit(&snapshot->index[i], memory_order_acquire);
    return same;
}

void ah_snapshot_begin(ah_connection *connection)
{
    ah_snapshot *snapshot = &connection->snapshot;
    if (snapshot->open && is_latest(snapshot))
        return;
    ah_snapshot_end(connection);
    snapshot->index = find_index(connection);
    if (!snapshot->index)
        return;
    /* Before it begins: what is committed in between is in it, and only makes it seem older than it is. */
    note_state(snapshot);
    ah_query query = ah_query_begin(connection, AH_SQL_BEGIN_READING);
    ah_query_run(&query);
    snapshot->open = !connection->code;
}

bool ah_snapshot_write(ah_connection *connection)
{
    if (!connection->snapshot.open || !is_latest(&connection->snapshot)) {
        ah_snapshot_end(connection);
        return false;
    }
    connection->snapshot.open = false;
    ah_query query = ah_query_begin(connection, AH_SQL_BEGIN_WRITING);
    ah_query_run(&query);
    if (!connection->code)
        return true;
    if (ah_connection_is_busy(connection->code))
        connection->code = SQLITE_OK;
    ah_connection_undo(connection);
    return false;
}

void ah_snapshot_end(ah_connection *connection)
{
    if (!connection->snapshot.open)
        return;
    connection->snapshot.open = false;
    ah_connection_undo(connection);
}
