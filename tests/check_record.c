/*
 * Tests of cache/record.h and cache/value.h: what is written is read again, and what is no index is refused, also with
 * a checksum that fits.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "cache/record.h"
#include "suites.h"

#define URI "http://example.com/"
#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static void add_field(ah_fields *fields, const char *name, const char *value)
{
    ck_assert(ah_fields_add(fields, name, strlen(name), value, strlen(value)));
}

static ah_record *add_record(ah_records *records, unsigned char id)
{
    ah_record *record = ah_records_add(records);
    ck_assert_ptr_nonnull(record);
    memset(record->id, id, sizeof(record->id));
    record->entry.method = strdup("GET");
    record->entry.reason = strdup("OK");
    record->entry.status = 200;
    record->entry.version = 11;
    add_field(&record->entry.fields, "etag", "\"x\"");
    add_field(&record->entry.selecting, "accept", "text/*");
    return record;
}

static void add_content(ah_record *record, const char *content)
{
    record->entry.loaded = true;
    record->entry.length = strlen(content);
    ck_assert(ah_buffer_append_string(&record->entry.content, content));
}

static void add_piece(ah_record *record, uint64_t offset, uint64_t length)
{
    ah_piece piece = {.offset = offset, .length = length, .writer = "writer", .number = 7, .hash = "hash"};
    ck_assert(ah_pieces_add(&record->pieces, &piece));
}

static ah_buffer written(ah_records *records)
{
    ah_buffer value = {0};
    ck_assert(ah_records_write(&value, URI, records));
    ah_records_clear(records);
    return value;
}

static bool is_read(ah_records *records, const ah_buffer *value)
{
    return ah_records_read(records, URI, value->data, value->length);
}

/* ---- What is read again -------------------------------------------------------------------- */

START_TEST(test_content)
{
    ah_records records = {0};
    add_content(add_record(&records, 1), "hello");
    add_content(add_record(&records, 2), "");
    ah_buffer value = written(&records);
    ck_assert(is_read(&records, &value));
    ck_assert_uint_eq(records.count, 2);
    ck_assert(records.items[0].entry.id == INT64_C(0x0202020202020202));
    ck_assert_uint_eq(records.items[0].entry.content.length, 0);
    ck_assert_str_eq(records.items[1].entry.content.data, "hello");
    ck_assert_str_eq(ah_fields_get(&records.items[1].entry.fields, "etag"), "\"x\"");
    ck_assert_str_eq(ah_fields_get(&records.items[1].entry.selecting, "accept"), "text/*");
    ah_records_clear(&records);
    ah_buffer_free(&value);
}
END_TEST

START_TEST(test_pieces)
{
    ah_records records = {0};
    ah_record *record = add_record(&records, 1);
    record->entry.length = 1000;
    add_piece(record, 500, 500);
    add_piece(record, 0, 600);
    add_piece(record, 100, 10);
    ah_buffer value = written(&records);
    ck_assert(is_read(&records, &value));
    const ah_pieces *pieces = &records.items[0].pieces;
    ck_assert_uint_eq(pieces->count, 3);
    ck_assert_ptr_eq(ah_pieces_at(pieces, 0), &pieces->items[0]);
    ck_assert_ptr_eq(ah_pieces_at(pieces, 105), &pieces->items[0]);
    ck_assert_ptr_eq(ah_pieces_at(pieces, 500), &pieces->items[2]);
    ck_assert_ptr_eq(ah_pieces_at(pieces, 999), &pieces->items[2]);
    ck_assert_ptr_null(ah_pieces_at(pieces, 1000));
    ck_assert(memcmp(pieces->items[0].writer, "writer", 7) == 0 && memcmp(pieces->items[0].hash, "hash", 5) == 0);
    ck_assert_uint_eq(pieces->items[0].number, 7);
    ah_records_clear(&records);
    ah_buffer_free(&value);
}
END_TEST

START_TEST(test_dropped)
{
    ah_records records = {0};
    ah_record *record = add_record(&records, 1);
    record->entry.partial = true;
    record->entry.length = AH_LENGTH_UNKNOWN;
    add_piece(record, 0, 10);
    add_piece(record, 20, 10);
    record->pieces.items[0].dropped = true;
    add_record(&records, 2)->dropped = true;
    ck_assert_ptr_null(ah_records_find(&records, INT64_C(0x0202020202020202)));
    ah_buffer value = written(&records);
    ck_assert(is_read(&records, &value));
    ck_assert_uint_eq(records.count, 1);
    ck_assert_uint_eq(records.items[0].pieces.count, 1);
    ck_assert_uint_eq(records.items[0].entry.ranges.count, 1);
    ck_assert_uint_eq(records.items[0].entry.ranges.items[0].first, 20);
    ah_records_clear(&records);
    ah_buffer_free(&value);
}
END_TEST

/* ---- What is refused ----------------------------------------------------------------------- */

/* Each changes a response with two pieces that are all of 1000 bytes. */
static void change_nothing(ah_record *record)
{
    (void)record;
}

static void forget_id(ah_record *record)
{
    memset(record->id, 0, sizeof(record->id));
}

static void set_status(ah_record *record)
{
    record->entry.status = 1000;
}

static void set_version(ah_record *record)
{
    record->entry.version = 100;
}

static void break_reason(ah_record *record)
{
    record->entry.reason[1] = '\n';
}

static void break_field(ah_record *record)
{
    record->entry.fields.fields[0].values[0][1] = '\r';
}

static void forget_name(ah_record *record)
{
    record->entry.fields.fields[0].name[0] = ':';
}

static void leave_gap(ah_record *record)
{
    record->pieces.items[0].length = 499;
}

static void end_early(ah_record *record)
{
    record->pieces.items[1].length = 499;
}

static void reach_beyond(ah_record *record)
{
    record->pieces.items[1].length = 501;
}

static void overflow(ah_record *record)
{
    record->entry.partial = true;
    record->entry.length = AH_LENGTH_UNKNOWN;
    record->pieces.items[1].offset = UINT64_MAX - 100;
}

static void empty_piece(ah_record *record)
{
    record->entry.partial = true;
    record->pieces.items[1].length = 0;
}

static void huge_piece(ah_record *record)
{
    record->entry.partial = true;
    record->entry.length = 10000000;
    record->pieces.items[1].length = 1000001;
}

static void out_of_order(ah_record *record)
{
    record->entry.partial = true;
    record->pieces.items[0].offset = 500;
    record->pieces.items[1].offset = 0;
}

static void partial_and_loaded(ah_record *record)
{
    add_content(record, "x");
    record->entry.partial = true;
}

static void other_length(ah_record *record)
{
    add_content(record, "x");
    record->entry.length = 2;
}

static void (*const changes[])(ah_record *record) = {
    change_nothing, forget_id, set_status,   set_version, break_reason, break_field,  forget_name,        leave_gap,
    end_early,      overflow,  reach_beyond, empty_piece, huge_piece,   out_of_order, partial_and_loaded, other_length,
};

START_TEST(test_changed)
{
    ah_records records = {0};
    ah_record *record = add_record(&records, 1);
    record->entry.length = 1000;
    add_piece(record, 0, 500);
    add_piece(record, 500, 500);
    changes[_i](record);
    ah_buffer value = written(&records);
    ck_assert(is_read(&records, &value) == (_i == 0));
    ck_assert(records.count == (_i == 0));
    ah_records_clear(&records);
    ah_buffer_free(&value);
}
END_TEST

/* What an index holds, under a head and a checksum of its own. */
static ah_buffer sealed(const char *body, size_t length)
{
    ah_buffer value = {0};
    ck_assert(ah_value_begin(&value, 'i'));
    ck_assert(ah_buffer_append(&value, body, length));
    ck_assert(ah_value_seal(&value));
    return value;
}

/* Wherever it ends, it is no index; but without the last response it is one. */
START_TEST(test_cut_off)
{
    ah_records records = {0};
    add_content(add_record(&records, 1), "hello");
    ah_buffer without = written(&records);
    ah_record *record = add_record(&records, 2);
    record->entry.length = 1000;
    add_piece(record, 0, 1000);
    add_content(add_record(&records, 1), "hello");
    ah_buffer value = written(&records);
    size_t length = value.length - AH_VALUE_HEAD - AH_VALUE_HASH;
    for (size_t cut = 0; cut <= length; cut++) {
        ah_buffer shorter = sealed(value.data + AH_VALUE_HEAD, cut);
        bool whole = cut == 4 + strlen(URI) || cut == without.length - AH_VALUE_HEAD - AH_VALUE_HASH || cut == length;
        ck_assert_msg(is_read(&records, &shorter) == whole, "after %zu bytes", cut);
        ah_records_clear(&records);
        ah_buffer_free(&shorter);
    }
    ah_buffer_free(&value);
    ah_buffer_free(&without);
}
END_TEST

START_TEST(test_too_many)
{
    ah_records records = {0};
    for (unsigned char i = 1; i <= AH_RECORD_VARIANTS + 1; i++)
        add_content(add_record(&records, i), "");
    ah_buffer value = {0};
    ck_assert(ah_records_write(&value, URI, &records));
    ck_assert(records.items[AH_RECORD_VARIANTS].dropped && !records.items[AH_RECORD_VARIANTS - 1].dropped);
    ah_records_clear(&records);
    size_t before = 4 + strlen(URI);
    size_t length = value.length - AH_VALUE_HEAD - AH_VALUE_HASH;
    size_t one = (length - before) / AH_RECORD_VARIANTS;
    ah_buffer body = {0};
    ck_assert(ah_buffer_append(&body, value.data + AH_VALUE_HEAD, length));
    ck_assert(ah_buffer_append(&body, value.data + AH_VALUE_HEAD + before, one));
    ck_assert(is_read(&records, &value));
    ah_records_clear(&records);
    ah_buffer_free(&value);
    value = sealed(body.data, body.length);
    ck_assert(!is_read(&records, &value));
    ah_buffer_free(&value);
    ah_buffer_free(&body);
}
END_TEST

START_TEST(test_other_uri)
{
    ah_records records = {0};
    add_content(add_record(&records, 1), "hello");
    ah_buffer value = written(&records);
    ck_assert(!ah_records_read(&records, URI "x", value.data, value.length));
    ck_assert(!ah_records_read(&records, "http://example.com", value.data, value.length));
    ck_assert(!ah_records_read(&records, "http://example.org/", value.data, value.length));
    ck_assert(!ah_records_read(&records, URI, NULL, value.length));
    ah_buffer_free(&value);
}
END_TEST

/* ---- Values of pieces ---------------------------------------------------------------------- */

START_TEST(test_piece)
{
    ah_piece piece = {.writer = "writer", .number = 7};
    ah_buffer value = {0};
    ck_assert(ah_piece_begin(&value, &piece));
    ck_assert(ah_buffer_append(&value, "content", 7));
    ck_assert(ah_piece_seal(&value, &piece));
    ck_assert_uint_eq(piece.length, 7);
    const unsigned char *content = ah_piece_open(&piece, value.data, value.length);
    ck_assert(content && memcmp(content, "content", 7) == 0);
    piece.length = 6;
    ck_assert_ptr_null(ah_piece_open(&piece, value.data, value.length));
    piece.length = 7;
    piece.hash[31] ^= 1;
    ck_assert_ptr_null(ah_piece_open(&piece, value.data, value.length));
    ck_assert(!ah_records_read(&(ah_records){0}, URI, value.data, value.length));
    ah_buffer_free(&value);
}
END_TEST

START_TEST(test_largest)
{
    ah_piece piece = {.writer = "writer"};
    char *content = calloc(1, AH_VALUE_MOST);
    ck_assert_ptr_nonnull(content);
    for (size_t more = 0; more < 2; more++) {
        ah_buffer value = {0};
        ck_assert(ah_piece_begin(&value, &piece));
        ck_assert(ah_buffer_append(&value, content, AH_VALUE_MOST - AH_PIECE_HEAD - AH_VALUE_HASH + more));
        ck_assert(ah_piece_seal(&value, &piece) == (more == 0));
        ck_assert((ah_piece_open(&piece, value.data, value.length) != NULL) == (more == 0));
        ah_buffer_free(&value);
    }
    free(content);
}
END_TEST

Suite *record_suite(void)
{
    Suite *suite = suite_create("record");
    TCase *tcase = tcase_create("record");
    tcase_add_test(tcase, test_content);
    tcase_add_test(tcase, test_pieces);
    tcase_add_test(tcase, test_dropped);
    tcase_add_loop_test(tcase, test_changed, 0, COUNT(changes));
    tcase_add_test(tcase, test_cut_off);
    tcase_add_test(tcase, test_too_many);
    tcase_add_test(tcase, test_other_uri);
    tcase_add_test(tcase, test_piece);
    tcase_add_test(tcase, test_largest);
    suite_add_tcase(suite, tcase);
    return suite;
}
