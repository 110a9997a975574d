#include "cache/reading.h"

#include "cache/keeper.h"
#include "cache/snapshot.h"

ah_connection *ah_reading_begin(ah_database *database)
{
    ah_connection *connection = ah_database_take(database);
    if (!connection)
        return NULL;
    ah_connection_provide(connection);
    ah_snapshot_begin(connection);
    return connection;
}

ah_store_result ah_reading_end(ah_database *database, ah_connection *connection)
{
    bool open = connection->snapshot.open;
    ah_store_result result = ah_database_give(database, connection);
    if (open)
        ah_keeper_start(database);
    return result;
}
