/*
 * cache/record.h and cache/value.h. The input as what a cache gives back for an index, and for a piece of content; and
 * once more with the head and the checksum that it needs to be taken for one.
 */
#include "cache/record.h"

#include "fuzz.h"

static const char uri[] = "http://example.com/";

/* Whatever is read, a response has a head that can be handed on. */
static void check_entry(const ah_entry *entry)
{
    DEMAND(entry->id > 0 && fuzz_same(entry->uri, uri));
    DEMAND(entry->status >= 100 && entry->status <= 999 && entry->version >= 0 && entry->version <= 99);
    DEMAND(entry->method && !strpbrk(entry->method, "\r\n"));
    DEMAND(entry->reason && !strpbrk(entry->reason, "\r\n"));
    for (size_t i = 0; i < entry->fields.count; i++)
        DEMAND(*entry->fields.fields[i].name && !strpbrk(ah_field_value(&entry->fields.fields[i]), "\r\n"));
    DEMAND((int64_t)entry->requested <= INT64_C(1000000000000000));
    DEMAND((int64_t)entry->received >= INT64_C(-1000000000000000));
}

/* Each byte that is said to be there is in a piece. */
static void check_range(const ah_pieces *pieces, ah_range range)
{
    while (range.first < range.end) {
        const ah_piece *piece = ah_pieces_at(pieces, range.first);
        DEMAND(piece && piece->offset <= range.first && piece->length > range.first - piece->offset);
        range.first = piece->offset + piece->length;
    }
}

static void check_record(const ah_record *record)
{
    const ah_entry *entry = &record->entry;
    check_entry(entry);
    if (entry->loaded) {
        DEMAND(!entry->partial && !record->pieces.count && entry->content.length == entry->length);
    } else if (!entry->partial) {
        DEMAND(!entry->ranges.count && !entry->content.length);
        check_range(&record->pieces, (ah_range){0, entry->length});
    }
    for (size_t i = 0; i < entry->ranges.count; i++) {
        DEMAND(entry->partial && entry->ranges.items[i].end <= entry->length);
        check_range(&record->pieces, entry->ranges.items[i]);
    }
}

/* What was read is read again when it is written. */
static void write_again(ah_records *records)
{
    ah_buffer value = {0}, again = {0};
    ah_records copy = {0};
    size_t count = records->count;
    DEMAND(ah_records_write(&value, uri, records));
    DEMAND(ah_records_read(&copy, uri, value.data, value.length) && copy.count == count);
    DEMAND(ah_records_write(&again, uri, &copy));
    DEMAND(again.length == value.length && memcmp(again.data, value.data, value.length) == 0);
    ah_records_clear(&copy);
    /* Of another URI it is nothing. */
    DEMAND(!ah_records_read(&copy, "http://example.com/other", value.data, value.length));
    value.data[value.length / 2] ^= 1;
    DEMAND(!ah_records_read(&copy, uri, value.data, value.length));
    ah_buffer_free(&value);
    ah_buffer_free(&again);
}

static void try_index(const void *value, size_t length)
{
    ah_records records = {0};
    if (!ah_records_read(&records, uri, value, length)) {
        DEMAND(!records.count && !records.items);
        return;
    }
    DEMAND(records.count <= AH_RECORD_VARIANTS);
    for (size_t i = 0; i < records.count; i++)
        check_record(&records.items[i]);
    write_again(&records);
    ah_records_clear(&records);
}

static void seal_and_try_index(const uint8_t *data, size_t size)
{
    ah_buffer value = {0};
    DEMAND(ah_value_begin(&value, 'i') && ah_buffer_append(&value, data, size));
    if (ah_value_seal(&value)) {
        char *copy = fuzz_text(value.data, value.length);
        try_index(copy, value.length);
        free(copy);
    }
    ah_buffer_free(&value);
}

/* A piece is what was written, and none but that. */
static void try_piece(const uint8_t *data, size_t size)
{
    ah_buffer value = {0};
    ah_piece piece = {.writer = "someone", .number = 7, .length = size};
    DEMAND(!ah_piece_open(&piece, data, size));
    DEMAND(ah_piece_begin(&value, &piece) && ah_buffer_append(&value, data, size));
    if (ah_piece_seal(&value, &piece)) {
        const unsigned char *content = ah_piece_open(&piece, value.data, value.length);
        DEMAND(content && piece.length == size && (!size || memcmp(content, data, size) == 0));
        DEMAND(!ah_piece_open(&piece, value.data, value.length - 1));
        piece.hash[0] ^= 1;
        DEMAND(!ah_piece_open(&piece, value.data, value.length));
    }
    ah_buffer_free(&value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    try_index(data, size);
    seal_and_try_index(data, size);
    try_piece(data, size);
    return 0;
}
