#include "cache/record.h"

#include <stdlib.h>
#include <string.h>

static const char index_kind = 'i';
static const char piece_kind = 'p';

/* In seconds: as a double and as an integer it is the same. */
static const double latest = 1e15;

/* What an entry's content is, as it is written. */
enum { PARTIAL = 1, LOADED = 2 };

/* ---- Pieces -------------------------------------------------------------------------------- */

static bool grow_pieces(ah_pieces *pieces)
{
    if (pieces->count < pieces->capacity)
        return true;
    size_t capacity = pieces->capacity ? pieces->capacity * 2 : 1;
    ah_piece *grown = realloc(pieces->items, capacity * sizeof(*grown));
    if (!grown)
        return false;
    pieces->items = grown;
    pieces->capacity = capacity;
    return true;
}

bool ah_pieces_add(ah_pieces *pieces, const ah_piece *piece)
{
    if (!grow_pieces(pieces))
        return false;
    size_t place = pieces->count++;
    for (; place && pieces->items[place - 1].offset > piece->offset; place--)
        pieces->items[place] = pieces->items[place - 1];
    pieces->items[place] = *piece;
    return true;
}

bool ah_pieces_complete(const ah_pieces *pieces, uint64_t length)
{
    uint64_t end = 0;
    for (size_t i = 0; i < pieces->count; i++) {
        const ah_piece *piece = &pieces->items[i];
        if (piece->dropped)
            continue;
        if (piece->offset > end)
            return false;
        if (piece->offset + piece->length > end)
            end = piece->offset + piece->length;
    }
    return end == length;
}

const ah_piece *ah_pieces_at(const ah_pieces *pieces, uint64_t offset)
{
    const ah_piece *best = NULL;
    for (size_t i = 0; i < pieces->count && pieces->items[i].offset <= offset; i++) {
        const ah_piece *piece = &pieces->items[i];
        uint64_t end = piece->offset + piece->length;
        if (!piece->dropped && end > offset && (!best || end > best->offset + best->length))
            best = piece;
    }
    return best;
}

void ah_pieces_clear(ah_pieces *pieces)
{
    free(pieces->items);
    *pieces = (ah_pieces){0};
}

/* ---- Records ------------------------------------------------------------------------------- */

int64_t ah_record_entry_id(const unsigned char id[AH_RECORD_ID])
{
    uint64_t number = 0;
    for (int i = 0; i < 8; i++)
        number = number << 8 | id[i];
    return (int64_t)(number & INT64_MAX);
}

static bool grow_records(ah_records *records)
{
    if (records->count < records->capacity)
        return true;
    size_t capacity = records->capacity ? records->capacity * 2 : 2;
    ah_record *grown = realloc(records->items, capacity * sizeof(*grown));
    if (!grown)
        return false;
    records->items = grown;
    records->capacity = capacity;
    return true;
}

static ah_record *append_record(ah_records *records)
{
    if (!grow_records(records))
        return NULL;
    ah_record *added = &records->items[records->count++];
    *added = (ah_record){0};
    return added;
}

ah_record *ah_records_raise(ah_records *records, ah_record *record)
{
    ah_record raised = *record;
    memmove(records->items + 1, records->items, (size_t)(record - records->items) * sizeof(raised));
    records->items[0] = raised;
    return records->items;
}

ah_record *ah_records_add(ah_records *records)
{
    ah_record *added = append_record(records);
    return added ? ah_records_raise(records, added) : NULL;
}

ah_record *ah_records_find(const ah_records *records, int64_t entry_id)
{
    for (size_t i = 0; i < records->count; i++) {
        if (records->items[i].entry.id == entry_id && !records->items[i].dropped)
            return &records->items[i];
    }
    return NULL;
}

void ah_records_clear(ah_records *records)
{
    for (size_t i = 0; i < records->count; i++) {
        ah_entry_clear(&records->items[i].entry);
        ah_pieces_clear(&records->items[i].pieces);
    }
    free(records->items);
    *records = (ah_records){0};
}

/* ---- Writing ------------------------------------------------------------------------------- */

/* The lowest bytes of a number, the highest of them first. */
static bool put_number(ah_buffer *to, uint64_t number, unsigned size)
{
    unsigned char bytes[8];
    for (unsigned i = 0; i < size; i++)
        bytes[i] = (unsigned char)(number >> (8 * (size - 1 - i)));
    return ah_buffer_append(to, bytes, size);
}

/* What is read must be a time that can be calculated with, so nothing else is written. */
static bool put_time(ah_buffer *to, double time)
{
    uint64_t bits;
    if (!(time >= -latest))
        time = -latest;
    if (time > latest)
        time = latest;
    memcpy(&bits, &time, sizeof(bits));
    return put_number(to, bits, 8);
}

/* Bytes with their number before them. No value has more than that number can say. */
static bool put_bytes(ah_buffer *to, const void *bytes, size_t length)
{
    return length <= UINT32_MAX && put_number(to, length, 4) && ah_buffer_append(to, bytes, length);
}

static bool put_text(ah_buffer *to, const char *text)
{
    return put_bytes(to, text, text ? strlen(text) : 0);
}

static bool put_fields(ah_buffer *to, const ah_fields *fields)
{
    ah_buffer text = {0};
    bool put = ah_entry_write_fields(&text, fields) && put_bytes(to, text.data, text.length);
    ah_buffer_free(&text);
    return put;
}

static bool put_pieces(ah_buffer *to, const ah_pieces *pieces)
{
    size_t count = 0;
    for (size_t i = 0; i < pieces->count; i++)
        count += !pieces->items[i].dropped;
    bool put = put_number(to, count, 4);
    for (size_t i = 0; put && i < pieces->count; i++) {
        const ah_piece *piece = &pieces->items[i];
        put = piece->dropped ||
              (put_number(to, piece->offset, 8) && put_number(to, piece->length, 8) &&
               ah_buffer_append(to, piece->writer, sizeof(piece->writer)) && put_number(to, piece->number, 4) &&
               ah_buffer_append(to, piece->hash, sizeof(piece->hash)));
    }
    return put;
}

static bool put_record(ah_buffer *to, const ah_record *record)
{
    const ah_entry *entry = &record->entry;
    unsigned content = (entry->partial ? PARTIAL : 0) | (entry->loaded ? LOADED : 0);
    return ah_buffer_append(to, record->id, sizeof(record->id)) && put_number(to, (unsigned)entry->status, 2) &&
           put_number(to, (unsigned)entry->version, 1) && put_number(to, content, 1) &&
           put_number(to, entry->length, 8) && put_time(to, entry->requested) && put_time(to, entry->received) &&
           put_time(to, entry->fresh_until) && put_text(to, entry->method) && put_text(to, entry->reason) &&
           put_fields(to, &entry->fields) && put_fields(to, &entry->selecting) &&
           (entry->loaded ? put_bytes(to, entry->content.data, entry->content.length)
                          : put_pieces(to, &record->pieces));
}

/* Appends a record, unless there is no room for it. False: no memory. */
static bool fit(ah_buffer *value, const ah_record *record, bool *fits)
{
    size_t before = value->length;
    if (!put_record(value, record))
        return false;
    *fits = value->length <= AH_VALUE_MOST - AH_VALUE_HASH;
    if (!*fits)
        value->length = before;
    return true;
}

bool ah_records_write(ah_buffer *value, const char *uri, ah_records *records)
{
    size_t count = 0;
    bool fits = true;
    bool put = ah_value_begin(value, index_kind) && put_text(value, uri);
    for (size_t i = 0; put && i < records->count; i++) {
        ah_record *record = &records->items[i];
        if (record->dropped)
            continue;
        if (fits && count < AH_RECORD_VARIANTS)
            put = fit(value, record, &fits);
        record->dropped = !fits || count == AH_RECORD_VARIANTS;
        count += !record->dropped;
    }
    return put && ah_value_seal(value);
}

/* ---- Reading ------------------------------------------------------------------------------- */

/* Takes bytes from the front. Once there are too few, or wrong ones, it is not good any more, and gives nothing. */
typedef struct reader {
    const unsigned char *bytes;
    size_t left;
    bool good;
} reader;

/* NULL: there are not so many. */
static const unsigned char *take(reader *from, size_t length)
{
    const unsigned char *taken = from->bytes;
    if (!from->good || length > from->left) {
        from->good = false;
        return NULL;
    }
    from->bytes += length;
    from->left -= length;
    return taken;
}

static void demand(reader *from, bool condition)
{
    from->good = from->good && condition;
}

static uint64_t take_number(reader *from, unsigned size)
{
    const unsigned char *bytes = take(from, size);
    uint64_t number = 0;
    for (unsigned i = 0; bytes && i < size; i++)
        number = number << 8 | bytes[i];
    return number;
}

static double take_time(reader *from)
{
    uint64_t bits = take_number(from, 8);
    double time;
    memcpy(&time, &bits, sizeof(time));
    demand(from, time >= -latest && time <= latest);
    return time;
}

static void take_copy(reader *from, void *copy, size_t length)
{
    const unsigned char *bytes = take(from, length);
    if (bytes)
        memcpy(copy, bytes, length);
}

/* Bytes after their number. */
static const char *take_bytes(reader *from, size_t *length)
{
    *length = (size_t)take_number(from, 4);
    return (const char *)take(from, *length);
}

/* Whether a byte is among them; there may be none at all. */
static bool has(const char *bytes, size_t length, char byte)
{
    return length && memchr(bytes, byte, length);
}

/* One line of text. */
static void take_text(reader *from, char **text)
{
    size_t length;
    const char *bytes = take_bytes(from, &length);
    demand(from, bytes && !has(bytes, length, '\0') && !has(bytes, length, '\r') && !has(bytes, length, '\n'));
    if (!from->good)
        return;
    *text = strndup(bytes, length);
    demand(from, *text);
}

static void take_fields(reader *from, ah_fields *fields)
{
    size_t length;
    const char *bytes = take_bytes(from, &length);
    demand(from, bytes && !has(bytes, length, '\r') && ah_entry_read_fields(fields, bytes, length));
}

static ah_piece take_piece(reader *from)
{
    ah_piece piece = {0};
    piece.offset = take_number(from, 8);
    piece.length = take_number(from, 8);
    take_copy(from, piece.writer, sizeof(piece.writer));
    piece.number = (uint32_t)take_number(from, 4);
    take_copy(from, piece.hash, sizeof(piece.hash));
    return piece;
}

/* They are in order, and none of them reaches beyond the end. */
static void take_pieces(reader *from, ah_pieces *pieces, uint64_t end)
{
    uint64_t count = take_number(from, 4);
    uint64_t offset = 0;
    demand(from, count <= AH_RECORD_PIECES);
    while (from->good && count--) {
        ah_piece piece = take_piece(from);
        demand(from, piece.offset >= offset && piece.length && piece.length <= AH_VALUE_MOST && piece.offset < end &&
                         piece.length <= end - piece.offset);
        demand(from, from->good && ah_pieces_add(pieces, &piece));
        offset = piece.offset;
    }
}

/* The whole content, which lies in the index. */
static void take_content(reader *from, ah_entry *entry)
{
    size_t length;
    const char *bytes = take_bytes(from, &length);
    demand(from, bytes && length == entry->length && !entry->partial);
    demand(from, from->good && ah_buffer_append(&entry->content, bytes, length));
}

/* The ranges that a partial entry has. */
static bool add_ranges(ah_ranges *ranges, const ah_pieces *pieces)
{
    bool added = true;
    for (size_t i = 0; added && i < pieces->count; i++) {
        const ah_piece *piece = &pieces->items[i];
        added = ah_ranges_add(ranges, (ah_range){piece->offset, piece->offset + piece->length});
    }
    return added;
}

/* The content, or where it is: all of it, or those parts that there are. */
static void take_body(reader *from, ah_record *record)
{
    ah_entry *entry = &record->entry;
    if (entry->loaded) {
        take_content(from, entry);
        return;
    }
    take_pieces(from, &record->pieces, entry->length);
    demand(from, entry->partial ? add_ranges(&entry->ranges, &record->pieces)
                                : ah_pieces_complete(&record->pieces, entry->length));
}

static void take_head(reader *from, ah_record *record)
{
    ah_entry *entry = &record->entry;
    take_copy(from, record->id, sizeof(record->id));
    entry->id = ah_record_entry_id(record->id);
    entry->status = (int)take_number(from, 2);
    entry->version = (int)take_number(from, 1);
    uint64_t content = take_number(from, 1);
    entry->partial = content & PARTIAL;
    entry->loaded = content & LOADED;
    entry->length = take_number(from, 8);
    entry->requested = take_time(from);
    entry->received = take_time(from);
    entry->fresh_until = take_time(from);
    take_text(from, &entry->method);
    take_text(from, &entry->reason);
    take_fields(from, &entry->fields);
    take_fields(from, &entry->selecting);
    demand(from, entry->id && entry->status >= 100 && entry->status <= 999 && entry->version <= 99 &&
                     content <= (PARTIAL | LOADED));
}

static void take_record(reader *from, ah_records *records, const char *uri)
{
    ah_record *record = append_record(records);
    if (!record) {
        from->good = false;
        return;
    }
    record->entry.uri = strdup(uri);
    demand(from, record->entry.uri && records->count <= AH_RECORD_VARIANTS);
    take_head(from, record);
    take_body(from, record);
}

static void take_uri(reader *from, const char *uri)
{
    size_t length;
    const char *bytes = take_bytes(from, &length);
    demand(from, bytes && length == strlen(uri) && memcmp(bytes, uri, length) == 0);
}

bool ah_records_read(ah_records *records, const char *uri, const void *value, size_t length)
{
    const unsigned char *bytes = ah_value_open(value, &length, index_kind);
    reader from = {.bytes = bytes, .left = length, .good = bytes};
    take_uri(&from, uri);
    while (from.good && from.left)
        take_record(&from, records, uri);
    if (!from.good)
        ah_records_clear(records);
    return from.good;
}

/* ---- The value of a piece ------------------------------------------------------------------ */

static bool put_piece_head(ah_buffer *to, const ah_piece *piece)
{
    return ah_buffer_append(to, piece->writer, sizeof(piece->writer)) && put_number(to, piece->number, 4);
}

bool ah_piece_begin(ah_buffer *value, const ah_piece *piece)
{
    return ah_value_begin(value, piece_kind) && put_piece_head(value, piece);
}

bool ah_piece_seal(ah_buffer *value, ah_piece *piece)
{
    piece->length = value->length - AH_PIECE_HEAD;
    if (!ah_value_seal(value))
        return false;
    memcpy(piece->hash, value->data + value->length - AH_VALUE_HASH, sizeof(piece->hash));
    return true;
}

const unsigned char *ah_piece_open(const ah_piece *piece, const void *value, size_t length)
{
    const unsigned char *bytes = ah_value_open(value, &length, piece_kind);
    /* The checksum has gone over the writer and the number, too. */
    if (!bytes || length != AH_PIECE_HEAD - AH_VALUE_HEAD + piece->length ||
        memcmp(bytes + length, piece->hash, sizeof(piece->hash)) != 0)
        return NULL;
    return bytes + (AH_PIECE_HEAD - AH_VALUE_HEAD);
}
