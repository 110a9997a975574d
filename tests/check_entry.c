/*
 * Tests of cache/entry.h: stored responses as values, and their fields as text.
 */
#include "cache/entry.h"
#include "heads.h"
#include "suites.h"

/* ---- Fields as text ---- */

static const struct text {
    const char *text;
    /* As it is written again; NULL: it is no such text. */
    const char *written;
} texts[] = {
    {"", ""},
    {"a: 1\n", "a: 1\n"},
    {"a: 1\nb: 2\na: 3\n", "a: 1\na: 3\nb: 2\n"},
    {"a: \n", "a: \n"},
    {"a:\n", "a: \n"},
    {"A:1\n", "a: 1\n"},
    {"a:  1\t\n", "a: 1\n"},
    {"a: b: c\n", "a: b: c\n"},
    {"a: 1", "a: 1\n"},
    {"-content-encoding: gzip\n", "-content-encoding: gzip\n"},
    {"a: \xc3\xbc\n", "a: \xc3\xbc\n"},
    {"a: x\ry\n", "a: x\ry\n"},
    {"\n", NULL},
    {"a: 1\n\n", NULL},
    {"a\n", NULL},
    {"a", NULL},
    {": 1\n", NULL},
    {"a: 1\nb\n", NULL},
};

START_TEST(test_text)
{
    const struct text *row = &texts[_i];
    ah_fields fields = {0};
    ah_buffer written = {0};
    ck_assert(ah_entry_read_fields(&fields, row->text, strlen(row->text)) == (row->written != NULL));
    ck_assert(ah_entry_write_fields(&written, &fields) && ah_buffer_append(&written, "", 0));
    ck_assert_str_eq(written.data, row->written ? row->written : "");
    ah_fields_clear(&fields);
    ah_buffer_free(&written);
}
END_TEST

/* Bytes that no text has, and a text that ends before the zero. */
START_TEST(test_bytes)
{
    ah_fields fields = {0};
    ck_assert(!ah_entry_read_fields(&fields, "a: 1\0\n", 6));
    ck_assert(!ah_entry_read_fields(&fields, "a\0: 1\n", 6));
    ck_assert_uint_eq(fields.count, 0);
    ck_assert(ah_entry_read_fields(&fields, "a: 123", 4));
    ck_assert_str_eq(ah_fields_get(&fields, "a"), "1");
    ah_fields_clear(&fields);
    ck_assert(ah_entry_read_fields(&fields, NULL, 0));
    ck_assert_uint_eq(fields.count, 0);
}
END_TEST

/* It is appended, and of nothing there is nothing. */
START_TEST(test_append)
{
    ah_fields fields = head_of("a: 1");
    ah_buffer text = {0};
    ck_assert(ah_buffer_append_string(&text, "b: 2\n"));
    ck_assert(ah_entry_write_fields(&text, &fields));
    ah_fields_clear(&fields);
    ck_assert(ah_entry_write_fields(&text, &fields));
    ck_assert_str_eq(text.data, "b: 2\na: 1\n");
    ah_buffer_free(&text);
}
END_TEST

/* ---- Values ---- */

START_TEST(test_copy)
{
    char uri[] = "http://example.org/";
    ah_entry entry = {.id = 5,
                      .uri = uri,
                      .status = 200,
                      .version = 11,
                      .fields = head_of("a: 1\na: 2"),
                      .selecting = head_of("b: 3"),
                      .requested = 1.5,
                      .received = 2.5,
                      .fresh_until = 3.5,
                      .length = 100,
                      .partial = true,
                      .loaded = true,
                      .size = 7,
                      .used = 8.5,
                      .hits = 9};
    ah_entry copy = {0};
    ck_assert(ah_ranges_add(&entry.ranges, (ah_range){5, 10}));
    ck_assert(ah_buffer_append_string(&entry.content, "content"));
    ck_assert(ah_entry_copy(&copy, &entry));
    ck_assert(copy.uri != uri);
    ck_assert_str_eq(copy.uri, uri);
    ck_assert(!copy.method && !copy.reason);
    ck_assert_str_eq(ah_fields_get(&copy.fields, "a"), "1, 2");
    ck_assert_str_eq(ah_fields_get(&copy.selecting, "b"), "3");
    ck_assert(copy.fields.fields != entry.fields.fields && copy.ranges.items != entry.ranges.items);
    ck_assert(ah_ranges_contain(&copy.ranges, (ah_range){5, 10}));
    ck_assert(!copy.loaded && !copy.content.data && !copy.content.length);
    ck_assert(copy.id == 5 && copy.status == 200 && copy.version == 11 && copy.length == 100 && copy.partial);
    ck_assert(copy.requested == 1.5 && copy.received == 2.5 && copy.fresh_until == 3.5);
    ck_assert(copy.size == 7 && copy.used == 8.5 && copy.hits == 9);
    entry.uri = NULL;
    ah_entry_clear(&entry);
    ck_assert(!entry.id && !entry.fields.fields && !entry.content.data && !entry.hits);
    ah_entry_clear(&copy);
    ah_entry_clear(&copy);
}
END_TEST

START_TEST(test_entries)
{
    ah_entries entries = {0};
    for (int i = 0; i < 100; i++) {
        ah_entry *added = ah_entries_add(&entries);
        ck_assert(added == &entries.items[i] && !added->id && !added->uri && !added->fields.count);
        added->id = i + 1;
        ck_assert(ah_fields_set(&added->fields, "a", "1"));
    }
    ck_assert_uint_eq(entries.count, 100);
    for (int i = 0; i < 100; i++)
        ck_assert_int_eq((int)entries.items[i].id, i + 1);
    ah_entries_clear(&entries);
    ck_assert(!entries.items && !entries.count);
    ah_entries_clear(&entries);
}
END_TEST

Suite *entry_suite(void)
{
    Suite *suite = suite_create("entry");
    TCase *text = tcase_create("text");
    tcase_add_loop_test(text, test_text, 0, COUNT(texts));
    tcase_add_test(text, test_bytes);
    tcase_add_test(text, test_append);
    suite_add_tcase(suite, text);
    TCase *values = tcase_create("values");
    tcase_add_test(values, test_copy);
    tcase_add_test(values, test_entries);
    suite_add_tcase(suite, values);
    return suite;
}
