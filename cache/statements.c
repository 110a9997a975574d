#include "cache/statements.h"

/* Comments in it stay in the database, for whoever looks with the sqlite3 shell and says .schema. */
const char ah_schema[] =
    "CREATE TABLE response (\n"
    "    id          INTEGER PRIMARY KEY, -- never given twice\n"
    "    uri         TEXT NOT NULL,       -- without a fragment\n"
    "    method      TEXT NOT NULL,\n"
    "    status      INTEGER NOT NULL,\n"
    "    version     INTEGER NOT NULL,    -- the server's HTTP version, 11 for 1.1\n"
    "    reason      TEXT NOT NULL,\n"
    "    fields      TEXT NOT NULL,       -- header fields, a line \"name: value\" each\n"
    "    selecting   TEXT NOT NULL,       -- the request's fields that Vary names, lines too\n"
    "    requested   REAL NOT NULL,       -- times are seconds since 1970; SELECT datetime(requested, 'unixepoch')\n"
    "    received    REAL NOT NULL,       -- when it came, or was last validated\n"
    "    fresh_until REAL NOT NULL,       -- 0: always to be validated\n"
    "    length      INTEGER,             -- bytes of the whole content; NULL: not known\n"
    "    ranges      TEXT,                -- the bytes that are there, \"0-499,1000-1499\"; NULL: all\n"
    "    size        INTEGER NOT NULL,    -- bytes that it counts for, head and content\n"
    "    content     BLOB                 -- NULL: it is in chunks\n"
    ");\n"
    "CREATE INDEX response_by_uri ON response(uri);\n"
    "\n"
    "CREATE TABLE chunk (\n"
    "    response    INTEGER NOT NULL,    -- response.id, or loose.response\n"
    "    start       INTEGER NOT NULL,    -- which byte of the content is the first here\n"
    "    data        BLOB NOT NULL\n"
    ");\n"
    "CREATE UNIQUE INDEX chunk_by_start ON chunk(response, start);\n"
    "\n"
    "CREATE TABLE loose (                 -- chunks that belong to no response: it is being written, or was removed\n"
    "    response    INTEGER PRIMARY KEY,\n"
    "    grown       REAL NOT NULL        -- when the last chunk was written; 0: nobody wants them\n"
    ");\n"
    "\n"
    "CREATE TABLE usage (                 -- apart, so that a use does not rewrite the response\n"
    "    response    INTEGER PRIMARY KEY, -- response.id\n"
    "    used        REAL NOT NULL,       -- when it was last used\n"
    "    hits        INTEGER NOT NULL     -- and how often\n"
    ");\n"
    "CREATE INDEX usage_by_time ON usage(used);\n"
    "\n"
    "CREATE TABLE total (                 -- one row: what would otherwise have to be counted\n"
    "    entries     INTEGER NOT NULL,\n"
    "    bytes       INTEGER NOT NULL,    -- response.size of all, and loose chunks\n"
    "    newest      INTEGER NOT NULL     -- the last response.id or changed.number that was given\n"
    ");\n"
    "INSERT INTO total VALUES (0, 0, 0);\n"
    "\n"
    "CREATE TABLE changed (               -- what was asked for before a change of its URI is not stored after it\n"
    "    slot        INTEGER PRIMARY KEY, -- by the hash, up to 4095; -1: all were removed\n"
    "    hash        INTEGER NOT NULL,    -- of the URI that changed last\n"
    "    number      INTEGER NOT NULL,    -- of that change\n"
    "    others      INTEGER NOT NULL     -- of the last change of another URI\n"
    ");\n";

#define HEAD                                                                                                           \
    "id, method, status, version, reason, fields, selecting, requested, received, fresh_until, length, ranges, size"

const char *const ah_statements[AH_STATEMENTS] = {
    /* The lock for writing is taken at once: a transaction that began with reading might find that it may not write. */
    [AH_SQL_BEGIN] = "BEGIN IMMEDIATE",
    [AH_SQL_BEGIN_READING] = "BEGIN",
    /* Changes nothing, but takes the lock. */
    [AH_SQL_BEGIN_WRITING] = "UPDATE total SET newest = newest WHERE 0",
    [AH_SQL_COMMIT] = "COMMIT",
    [AH_SQL_ROLLBACK] = "ROLLBACK",
    [AH_SQL_TOTAL] = "SELECT entries, bytes, newest FROM total",
    [AH_SQL_SET_TOTAL] = "UPDATE total SET entries = ?, bytes = ?, newest = ?",
    [AH_SQL_CHANGED] = "SELECT hash, number, others FROM changed WHERE slot = ?",
    [AH_SQL_SET_CHANGED] = "INSERT OR REPLACE INTO changed VALUES (?, ?, ?, ?)",

    /* In the order of the index; almost always the order in which they came, too. The content of the others would be
     * read for nothing. */
    [AH_SQL_FIND] = ("SELECT " HEAD ", CASE WHEN is_first() THEN content END FROM response WHERE uri = ? "
                     "ORDER BY id DESC LIMIT ?"),
    [AH_SQL_EACH] = ("SELECT " HEAD ", uri, used, hits FROM response LEFT JOIN usage ON usage.response = id "
                     "WHERE id > ? ORDER BY id LIMIT ?"),
    [AH_SQL_CONTENT] = "SELECT content FROM response WHERE id = ?",
    [AH_SQL_EXTENT] = "SELECT length, ranges, size, content IS NULL FROM response WHERE id = ?",
    [AH_SQL_OF_URI] = "SELECT id FROM response WHERE uri = ? LIMIT ?",
    [AH_SQL_OF_URI_AND_ID] = "SELECT id FROM response WHERE id = ? AND uri = ?",
    [AH_SQL_SAME] = "SELECT id FROM response WHERE uri = ? AND method = ? AND selecting = ? AND id != ? LIMIT 1",
    [AH_SQL_SURPLUS] = "SELECT id FROM response WHERE uri = ? ORDER BY id DESC LIMIT 1 OFFSET ?",
    [AH_SQL_UP_TO] = "SELECT id FROM response WHERE id <= ? LIMIT 1",
    [AH_SQL_INSERT] = ("INSERT INTO response (method, status, version, reason, fields, selecting, requested, received, "
                       "fresh_until, id, uri, length, ranges, size, content) "
                       "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
    [AH_SQL_UPDATE] =
        ("UPDATE response SET method = ?, status = ?, version = ?, reason = ?, fields = ?, selecting = ?, "
         "requested = ?, received = ?, fresh_until = ? WHERE id = ?"),
    [AH_SQL_SET_EXTENT] = "UPDATE response SET length = ?, ranges = ?, size = ? WHERE id = ?",
    [AH_SQL_DELETE] = "DELETE FROM response WHERE id = ?",

    [AH_SQL_INSERT_USAGE] = "INSERT OR REPLACE INTO usage VALUES (?, ?, 0)",
    [AH_SQL_ADD_USAGE] = "UPDATE usage SET used = max(used, ?), hits = hits + ? WHERE response = ?",
    [AH_SQL_DELETE_USAGE] = "DELETE FROM usage WHERE response = ?",
    [AH_SQL_LEAST_USED] = "SELECT response, used FROM usage ORDER BY used LIMIT 1",

    [AH_SQL_INSERT_CHUNK] = "INSERT OR REPLACE INTO chunk VALUES (?, ?, ?)",
    [AH_SQL_CHUNK_UP_TO] =
        "SELECT start, data FROM chunk WHERE response = ? AND start <= ? ORDER BY start DESC LIMIT 1",
    [AH_SQL_END_UP_TO] = ("SELECT start + length(data) FROM chunk WHERE response = ? AND start < ? "
                          "ORDER BY start DESC LIMIT 1"),
    [AH_SQL_CHUNK] = "SELECT data FROM chunk WHERE response = ? AND start = ?",
    [AH_SQL_FIRST_CHUNK] = "SELECT start, length(data) FROM chunk WHERE response = ? ORDER BY start LIMIT 1",
    [AH_SQL_DELETE_CHUNK] = "DELETE FROM chunk WHERE response = ? AND start = ?",

    [AH_SQL_INSERT_LOOSE] = "INSERT OR REPLACE INTO loose VALUES (?, ?)",
    /* What has been given up stays so: some of its chunks may be gone. */
    [AH_SQL_GROW_LOOSE] = "UPDATE loose SET grown = ? WHERE response = ? AND grown > 0",
    [AH_SQL_CLAIM_LOOSE] = "DELETE FROM loose WHERE response = ? AND grown > 0",
    [AH_SQL_DELETE_LOOSE] = "DELETE FROM loose WHERE response = ?",
    [AH_SQL_OLD_LOOSE] = "SELECT response FROM loose WHERE grown < ? LIMIT 1",
    [AH_SQL_LOOSE] = "SELECT response, grown FROM loose ORDER BY grown",
};
