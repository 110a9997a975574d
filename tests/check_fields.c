/*
 * Tests of lib/base/fields.h.
 */
#include "suites.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fields.h"

static void add(ah_fields *fields, const char *name, const char *value)
{
    ck_assert(ah_fields_add(fields, name, strlen(name), value, strlen(value)));
}

static void ck_value(const ah_fields *fields, const char *name, const char *expected)
{
    const char *value = ah_fields_get(fields, name);
    ck_assert_msg(value && strcmp(value, expected) == 0, "%s is \"%s\", not \"%s\"", name, value ? value : "(none)",
                  expected);
}

/* The names in their order, joined by spaces. */
static void ck_names(const ah_fields *fields, const char *expected)
{
    ah_buffer names = {0};
    ck_assert(ah_buffer_append_string(&names, ""));
    for (size_t i = 0; i < fields->count; i++)
        ck_assert(ah_buffer_printf(&names, "%s%s", i ? " " : "", fields->fields[i].name));
    ck_assert_str_eq(names.data, expected);
    ah_buffer_free(&names);
}

/* ---- The dict ------------------------------------------------------------------------------ */

START_TEST(an_empty_dict_has_nothing)
{
    ah_fields fields = {0};
    ck_assert_ptr_null(ah_fields_find(&fields, "a"));
    ck_assert_ptr_null(ah_fields_get(&fields, "a"));
    ck_assert_ptr_null(ah_fields_get(&fields, ""));
    ck_assert(!ah_fields_delete(&fields, "a"));
    ah_fields_clear(&fields);
}
END_TEST

START_TEST(names_are_kept_in_lower_case_and_found_in_any)
{
    static const char *const spellings[] = {"content-type", "Content-Type", "CONTENT-TYPE", "cOnTeNt-tYpE"};
    ah_fields fields = {0};
    add(&fields, "Content-TYPE", "Text/Plain");
    ck_names(&fields, "content-type");
    for (size_t i = 0; i < 4; i++)
        ck_value(&fields, spellings[i], "Text/Plain");
    ah_fields_clear(&fields);
}
END_TEST

static const char *const strangers[] = {"", "a", "ab", "abcd", "abc ", " abc", "xbc", "abx", "ab\xc3", "b", "ab-c"};

START_TEST(other_names_are_not_found)
{
    ah_fields fields = {0};
    add(&fields, "abc", "1");
    ck_assert_ptr_null(ah_fields_get(&fields, strangers[_i]));
    ck_assert(!ah_fields_delete(&fields, strangers[_i]));
    add(&fields, strangers[_i], "2");
    ck_assert_uint_eq(fields.count, 2);
    ck_value(&fields, "abc", "1");
    ah_fields_clear(&fields);
}
END_TEST

START_TEST(order_is_that_of_arrival)
{
    ah_fields fields = {0};
    add(&fields, "z", "1");
    add(&fields, "A", "2");
    add(&fields, "m", "3");
    add(&fields, "Z", "4");
    add(&fields, "b", "5");
    add(&fields, "c", "6");
    ck_names(&fields, "z a m b c");
    ah_fields_clear(&fields);
}
END_TEST

START_TEST(name_and_value_need_no_zero_byte)
{
    ah_fields fields = {0};
    ck_assert(ah_fields_add(&fields, "Name: value", 4, "Name: value", 11));
    ck_assert(ah_fields_add(&fields, "Name: value", 2, &"Name: value"[6], 3));
    ck_value(&fields, "name", "Name: value");
    ck_value(&fields, "na", "val");
    ck_assert_ptr_eq(ah_fields_find_n(&fields, "NAME: value", 4), &fields.fields[0]);
    ck_assert_ptr_eq(ah_fields_find_n(&fields, "NAME: value", 2), &fields.fields[1]);
    ck_assert_ptr_null(ah_fields_find_n(&fields, "NAME: value", 3));
    ck_assert_ptr_null(ah_fields_find_n(&fields, "NAME: value", 0));
    ah_fields_clear(&fields);
}
END_TEST

START_TEST(hundreds_of_names_are_all_there)
{
    ah_fields fields = {0};
    char name[32];
    for (int i = 0; i < 300; i++) {
        snprintf(name, sizeof(name), "Name-%d", i);
        add(&fields, name, name + 5);
    }
    ck_assert_uint_eq(fields.count, 300);
    for (int i = 0; i < 300; i++) {
        snprintf(name, sizeof(name), "nAME-%d", i);
        ck_value(&fields, name, name + 5);
    }
    ah_fields_clear(&fields);
}
END_TEST

/* ---- Repeated fields ----------------------------------------------------------------------- */

START_TEST(repeats_are_joined_and_kept_apart)
{
    static const char *const values[] = {"a=1", "", "b, c", "d", "e"};
    static const char *const joined[] = {"a=1", "a=1, ", "a=1, , b, c", "a=1, , b, c, d", "a=1, , b, c, d, e"};
    ah_fields fields = {0};
    add(&fields, "before", "x");
    for (size_t i = 0; i < 5; i++) {
        add(&fields, i % 2 ? "SET-COOKIE" : "set-cookie", values[i]);
        ck_value(&fields, "Set-Cookie", joined[i]);
    }
    const ah_field *field = ah_fields_find(&fields, "Set-Cookie");
    ck_assert_ptr_nonnull(field);
    ck_assert_uint_eq(field->count, 5);
    for (size_t i = 0; i < 5; i++)
        ck_assert_str_eq(field->values[i], values[i]);
    ck_names(&fields, "before set-cookie");
    ah_fields_clear(&fields);
}
END_TEST

/* As a hostile server may send them: all are kept, and each costs about the same. */
START_TEST(one_name_may_come_ten_thousand_times)
{
    enum { TIMES = 10000 };
    ah_fields fields = {0};
    for (int i = 0; i < TIMES; i++) {
        char value[16];
        snprintf(value, sizeof(value), "%05d", i);
        add(&fields, "X", value);
    }
    const ah_field *field = ah_fields_find(&fields, "x");
    ck_assert_ptr_nonnull(field);
    ck_assert_uint_eq(field->count, TIMES);
    const char *joined = ah_field_value(field);
    ck_assert_uint_eq(strlen(joined), TIMES * 7 - 2);
    for (int i = 0; i < TIMES; i++) {
        ck_assert_int_eq(atoi(field->values[i]), i);
        ck_assert_int_eq(atoi(joined + i * 7), i);
    }
    ah_fields_clear(&fields);
}
END_TEST

/* ---- Setting and deleting ------------------------------------------------------------------ */

static void go_on(ah_fields *fields, const char *text)
{
    ck_assert(ah_fields_continue(fields, text, strlen(text)));
}

/* With room for all in one block, for some of it, and without a block. */
static const size_t rooms[] = {4096, 1, 0};

START_TEST(what_continues_is_the_newest_values)
{
    ah_fields fields = {0};
    ck_assert(!rooms[_i] || ah_fields_reserve(&fields, 4, rooms[_i]));
    add(&fields, "a", "1");
    go_on(&fields, " 2 ");
    ck_value(&fields, "a", "1 2");
    add(&fields, "b", "");
    go_on(&fields, "x");
    go_on(&fields, "");
    ck_value(&fields, "b", "x");
    add(&fields, "a", "3");
    go_on(&fields, "4");
    go_on(&fields, " \t");
    go_on(&fields, "5");
    ck_value(&fields, "a", "1 2, 3 4 5");
    add(&fields, "a", "");
    go_on(&fields, "6");
    ck_value(&fields, "a", "1 2, 3 4 5, 6");
    add(&fields, "b", "y");
    go_on(&fields, "z");
    ck_value(&fields, "b", "x, y z");
    ck_value(&fields, "a", "1 2, 3 4 5, 6");
    ck_names(&fields, "a b");
    ck_assert_str_eq(ah_fields_find(&fields, "a")->values[1], "3 4 5");
    ah_fields_clear(&fields);
}
END_TEST

START_TEST(set_adds_at_the_end)
{
    ah_fields fields = {0};
    ck_assert(ah_fields_set(&fields, "B", "1"));
    ck_assert(ah_fields_set(&fields, "A", " 2 "));
    ck_names(&fields, "b a");
    ck_value(&fields, "a", "2");
    ah_fields_clear(&fields);
}
END_TEST

START_TEST(set_replaces_all_values_in_their_place)
{
    ah_fields fields = {0};
    add(&fields, "a", "1");
    add(&fields, "b", "2");
    add(&fields, "b", "3");
    add(&fields, "b", "4");
    add(&fields, "c", "5");
    ck_assert(ah_fields_set(&fields, "B", "\tnew "));
    ck_names(&fields, "a b c");
    ck_value(&fields, "b", "new");
    ck_assert_uint_eq(ah_fields_find(&fields, "b")->count, 1);
    ah_fields_clear(&fields);
}
END_TEST

START_TEST(values_can_be_added_after_set)
{
    ah_fields fields = {0};
    for (int i = 0; i < 5; i++)
        add(&fields, "a", "old");
    ck_assert(ah_fields_set(&fields, "a", "1"));
    add(&fields, "a", "2");
    add(&fields, "a", "3");
    ck_value(&fields, "a", "1, 2, 3");
    ah_fields_clear(&fields);
}
END_TEST

/* As a program may that edits what it has read. */
START_TEST(set_takes_a_value_of_the_field_itself)
{
    ah_fields fields = {0};
    add(&fields, "a", "1");
    ck_assert(ah_fields_set(&fields, "a", ah_fields_get(&fields, "a")));
    ck_value(&fields, "a", "1");
    add(&fields, "a", "2");
    ck_assert(ah_fields_set(&fields, "a", ah_fields_get(&fields, "a")));
    ck_value(&fields, "a", "1, 2");
    ck_assert(ah_fields_set(&fields, fields.fields[0].name, ah_fields_get(&fields, "a") + 3));
    ck_value(&fields, "a", "2");
    ah_fields_clear(&fields);
}
END_TEST

START_TEST(delete_removes_all_values_and_keeps_the_order)
{
    static const char *const names[] = {"a", "b", "c", "d"};
    static const char *const left[] = {"b c d", "a c d", "a b d", "a b c"};
    ah_fields fields = {0};
    for (int i = 0; i < 4; i++) {
        add(&fields, names[i], "1");
        add(&fields, names[i], "2");
    }
    ck_assert(ah_fields_delete(&fields, names[_i]));
    ck_names(&fields, left[_i]);
    ck_assert_ptr_null(ah_fields_get(&fields, names[_i]));
    ck_assert(!ah_fields_delete(&fields, names[_i]));
    add(&fields, names[_i], "3");
    ck_value(&fields, names[_i], "3");
    ck_assert_str_eq(fields.fields[3].name, names[_i]);
    ah_fields_clear(&fields);
}
END_TEST

START_TEST(delete_takes_any_case_and_the_fields_own_name)
{
    ah_fields fields = {0};
    add(&fields, "Abc", "1");
    add(&fields, "Def", "1");
    ck_assert(ah_fields_delete(&fields, "ABC"));
    ck_assert(ah_fields_delete(&fields, fields.fields[0].name));
    ck_assert_uint_eq(fields.count, 0);
    ah_fields_clear(&fields);
}
END_TEST

START_TEST(copies_share_nothing)
{
    ah_fields fields = {0}, copy = {0};
    add(&fields, "b", "1");
    add(&fields, "a", "2");
    add(&fields, "b", "3");
    add(&fields, "c", "");
    ck_assert(ah_fields_copy(&copy, &fields));
    ck_assert(ah_fields_set(&fields, "a", "changed"));
    ah_fields_clear(&fields);
    ck_names(&copy, "b a c");
    ck_value(&copy, "b", "1, 3");
    ck_value(&copy, "a", "2");
    ck_value(&copy, "c", "");
    ck_assert_uint_eq(ah_fields_find(&copy, "b")->count, 2);
    ah_fields_clear(&copy);
}
END_TEST

/* Whatever was reserved, a little or a lot, only says where things lie. */
START_TEST(any_reserve_will_do)
{
    char name[32];
    for (size_t size = 0; size <= 2048; size += 8) {
        ah_fields fields = {0};
        ck_assert(ah_fields_reserve(&fields, size / 64, size));
        for (int i = 0; i < 20; i++) {
            snprintf(name, sizeof(name), "Name-%d", i);
            add(&fields, name, "one");
            add(&fields, name, i % 2 ? "two" : "three");
        }
        ck_assert(ah_fields_set(&fields, "name-4", "a longer value than it was before"));
        ck_assert(ah_fields_delete(&fields, "name-5"));
        add(&fields, "name-4", "four");
        ck_assert_uint_eq(fields.count, 19);
        ck_value(&fields, "name-0", "one, three");
        ck_value(&fields, "name-19", "one, two");
        ck_value(&fields, "name-4", "a longer value than it was before, four");
        /* Too late to matter. */
        ck_assert(ah_fields_reserve(&fields, 1, 1));
        ck_value(&fields, "name-18", "one, three");
        ah_fields_clear(&fields);
    }
}
END_TEST

/* Memory that is lent is used while it lasts, and never freed. */
START_TEST(any_memory_can_be_lent)
{
    char name[32];
    static ah_field memory[64];
    for (size_t size = 0; size <= sizeof(memory) - 20 * sizeof(*memory); size += 8) {
        ah_fields fields = {0};
        ah_fields_lend(&fields, 20, memory, 20 * sizeof(*memory) + size);
        for (int i = 0; i < 21; i++) {
            snprintf(name, sizeof(name), "Name-%d", i);
            add(&fields, name, "one");
            ck_assert(size < 20 * 40 || i >= 20 || (const void *)fields.fields[i].name >= (const void *)memory);
            ck_assert(size < 20 * 40 || i >= 20 || (const void *)fields.fields[i].name < (const void *)(memory + 64));
        }
        add(&fields, "name-4", "two");
        ck_assert(ah_fields_set(&fields, "name-5", "a longer value than it was before"));
        ck_assert(ah_fields_delete(&fields, "name-6"));
        ck_assert_uint_eq(fields.count, 20);
        ck_value(&fields, "name-4", "one, two");
        ck_value(&fields, "name-5", "a longer value than it was before");
        ck_value(&fields, "name-20", "one");
        ah_fields_clear(&fields);
        ck_assert_uint_eq(fields.count, 0);
    }
}
END_TEST

/* Whatever the case, and whatever other characters a token may have. */
START_TEST(names_of_any_token_are_found)
{
    static const char *const names[] = {"_A", "~b", "A_b-C", "!#$%&'*+-.^_`|~", "Z", "Content-Encoding", "x_"};
    const size_t count = sizeof(names) / sizeof(names[0]);
    ah_fields fields = {0};
    for (size_t i = 0; i < count; i++)
        add(&fields, names[i], "one");
    for (size_t i = 0; i < count; i++) {
        char other[32];
        size_t length = strlen(names[i]);
        for (size_t j = 0; j <= length; j++)
            other[j] = (char)(names[i][j] >= 'a' && names[i][j] <= 'z' ? names[i][j] - 32 : names[i][j]);
        ck_value(&fields, names[i], "one");
        ck_value(&fields, other, "one");
    }
    ck_assert_uint_eq(fields.count, count);
    ah_fields_clear(&fields);
}
END_TEST

/* A value that is not changed stays where it is, whatever happens to the others. */
START_TEST(values_stay_where_they_are)
{
    char name[32];
    ah_fields fields = {0};
    ck_assert(ah_fields_reserve(&fields, 2, 100));
    add(&fields, "stays", "here");
    const char *value = ah_fields_get(&fields, "stays");
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof(name), "name-%d", i);
        ck_assert(ah_fields_set(&fields, name, name));
        ck_assert(ah_fields_set(&fields, "changes", name));
    }
    ck_assert_ptr_eq(ah_fields_get(&fields, "stays"), value);
    ck_assert_str_eq(value, "here");
    ah_fields_clear(&fields);
}
END_TEST

START_TEST(cleared_fields_are_empty_and_usable)
{
    ah_fields fields = {0};
    add(&fields, "a", "1");
    add(&fields, "a", "2");
    ah_fields_clear(&fields);
    ck_assert_uint_eq(fields.count, 0);
    ck_assert_ptr_null(ah_fields_get(&fields, "a"));
    add(&fields, "a", "3");
    ck_value(&fields, "a", "3");
    ah_fields_clear(&fields);
    ah_fields_clear(&fields);
}
END_TEST

/* ---- Texts --------------------------------------------------------------------------------- */

static const struct trim {
    const char *value;
    const char *trimmed;
} trims[] = {
    {"", ""},
    {"a", "a"},
    {" a", "a"},
    {"a ", "a"},
    {" \t a \t ", "a"},
    {"  a  b  ", "a  b"},
    {"a\tb", "a\tb"},
    {" ", ""},
    {"\t \t", ""},
    {"a\r\n", "a"},
    {"\va\f", "\va\f"},
    {"\xc2\xa0"
     "a",
     "\xc2\xa0"
     "a"},
    {"\"a \"", "\"a \""},
};

START_TEST(white_space_around_values_is_dropped)
{
    ah_fields fields = {0};
    add(&fields, "added", trims[_i].value);
    ck_value(&fields, "added", trims[_i].trimmed);
    ck_assert(ah_fields_set(&fields, "added", trims[_i].value));
    ck_value(&fields, "added", trims[_i].trimmed);
    ah_fields_clear(&fields);
}
END_TEST

START_TEST(tokens_consist_of_these_bytes)
{
    static const char of_tokens[] = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    for (int byte = 1; byte < 256; byte++) {
        char alone[] = {(char)byte, '\0'};
        char amid[] = {'a', (char)byte, 'b', '\0'};
        bool expected = strchr(of_tokens, byte) != NULL;
        ck_assert_msg(ah_is_token(alone) == expected, "byte %d", byte);
        ck_assert_msg(ah_is_token(amid) == expected, "byte %d", byte);
    }
}
END_TEST

START_TEST(nothing_is_no_token)
{
    ck_assert(!ah_is_token(""));
}
END_TEST

START_TEST(values_have_no_control_character_but_tab)
{
    for (int byte = 1; byte < 256; byte++) {
        char alone[] = {(char)byte, '\0'};
        char amid[] = {'a', (char)byte, 'b', '\0'};
        bool expected = byte == '\t' || (byte >= 0x20 && byte != 0x7f);
        ck_assert_msg(ah_is_field_value(alone) == expected, "byte %d", byte);
        ck_assert_msg(ah_is_field_value(amid) == expected, "byte %d", byte);
    }
}
END_TEST

START_TEST(nothing_is_a_value)
{
    ck_assert(ah_is_field_value(""));
}
END_TEST

static const struct pair {
    const char *a;
    const char *b;
    bool same;
} pairs[] = {
    {"", "", true},           {"a", "A", true},
    {"gZip", "GzIP", true},   {"a-1_", "A-1_", true},
    {"", "a", false},         {"a", "ab", false},
    {"ab", "a", false},       {"a", "b", false},
    {"[", "{", false},        {"@", "`", false},
    {"\xc4", "\xe4", false},  {"\xe4", "\xe4", true},
    {"i", "\xc4\xb0", false}, {"k", "\xe2\x84\xaa", false},
};

START_TEST(case_of_ascii_letters_is_ignored)
{
    ck_assert(ah_same_ignoring_case(pairs[_i].a, pairs[_i].b) == pairs[_i].same);
    ck_assert(ah_same_ignoring_case(pairs[_i].b, pairs[_i].a) == pairs[_i].same);
}
END_TEST

/* Those that treat some letter or space differently from C, where they are installed. */
static const char *const locales[] = {"C",           "C.UTF-8",         "tr_TR.UTF-8", "tr_TR.ISO-8859-9",
                                      "az_AZ.UTF-8", "de_DE.ISO-8859-1"};

START_TEST(the_locale_changes_nothing)
{
    if (!setlocale(LC_ALL, locales[_i]))
        return;
    for (int byte = 1; byte < 256; byte++) {
        char lower = byte >= 'A' && byte <= 'Z' ? (char)(byte + 32) : (char)byte;
        ck_assert_msg(ah_lower((char)byte) == lower, "byte %d in locale %s", byte, locales[_i]);
    }
    ah_fields fields = {0};
    add(&fields, "TITLE-I\xc4",
        "\xa0"
        "I\x85");
    ck_names(&fields, "title-i\xc4");
    ck_value(&fields, "Title-i\xc4",
             "\xa0"
             "I\x85");
    ck_assert_ptr_null(ah_fields_get(&fields, "title-i\xe4"));
    ck_assert(ah_same_ignoring_case("TITLE", "title"));
    ck_assert(!ah_is_token("\xe4"));
    ck_assert(ah_is_field_value("\x85"));
    ah_fields_clear(&fields);
}
END_TEST

static void restore_locale(void)
{
    setlocale(LC_ALL, "C");
}

#define ROWS(table) (int)(sizeof(table) / sizeof((table)[0]))

Suite *fields_suite(void)
{
    Suite *suite = suite_create("fields");
    TCase *dict = tcase_create("dict");
    tcase_add_test(dict, an_empty_dict_has_nothing);
    tcase_add_test(dict, names_are_kept_in_lower_case_and_found_in_any);
    tcase_add_loop_test(dict, other_names_are_not_found, 0, ROWS(strangers));
    tcase_add_test(dict, order_is_that_of_arrival);
    tcase_add_test(dict, name_and_value_need_no_zero_byte);
    tcase_add_test(dict, hundreds_of_names_are_all_there);
    suite_add_tcase(suite, dict);
    TCase *repeats = tcase_create("repeats");
    tcase_set_timeout(repeats, 60);
    tcase_add_test(repeats, repeats_are_joined_and_kept_apart);
    tcase_add_test(repeats, one_name_may_come_ten_thousand_times);
    suite_add_tcase(suite, repeats);
    TCase *changes = tcase_create("changes");
    tcase_add_loop_test(changes, what_continues_is_the_newest_values, 0, ROWS(rooms));
    tcase_add_test(changes, set_adds_at_the_end);
    tcase_add_test(changes, set_replaces_all_values_in_their_place);
    tcase_add_test(changes, values_can_be_added_after_set);
    tcase_add_test(changes, set_takes_a_value_of_the_field_itself);
    tcase_add_loop_test(changes, delete_removes_all_values_and_keeps_the_order, 0, 4);
    tcase_add_test(changes, delete_takes_any_case_and_the_fields_own_name);
    tcase_add_test(changes, copies_share_nothing);
    tcase_add_test(changes, any_reserve_will_do);
    tcase_add_test(changes, any_memory_can_be_lent);
    tcase_add_test(changes, names_of_any_token_are_found);
    tcase_add_test(changes, values_stay_where_they_are);
    tcase_add_test(changes, cleared_fields_are_empty_and_usable);
    suite_add_tcase(suite, changes);
    TCase *texts = tcase_create("texts");
    tcase_add_checked_fixture(texts, NULL, restore_locale);
    tcase_add_loop_test(texts, white_space_around_values_is_dropped, 0, ROWS(trims));
    tcase_add_test(texts, tokens_consist_of_these_bytes);
    tcase_add_test(texts, nothing_is_no_token);
    tcase_add_test(texts, values_have_no_control_character_but_tab);
    tcase_add_test(texts, nothing_is_a_value);
    tcase_add_loop_test(texts, case_of_ascii_letters_is_ignored, 0, ROWS(pairs));
    tcase_add_loop_test(texts, the_locale_changes_nothing, 0, ROWS(locales));
    suite_add_tcase(suite, texts);
    return suite;
}
