/*
 * Tests of lib/base/buffer.h.
 */
#include "suites.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"

static void ck_buffer(const ah_buffer *buffer, const char *expected)
{
    ck_assert_uint_eq(buffer->length, strlen(expected));
    ck_assert_str_eq(buffer->data, expected);
}

START_TEST(appends_in_order)
{
    ah_buffer buffer = {0};
    ck_assert(ah_buffer_append(&buffer, "abc", 2));
    ck_assert(ah_buffer_append_string(&buffer, "cd"));
    ck_assert(ah_buffer_append_string(&buffer, ""));
    ck_assert(ah_buffer_append(&buffer, NULL, 0));
    ck_buffer(&buffer, "abcd");
    ah_buffer_free(&buffer);
}
END_TEST

START_TEST(keeps_zero_bytes)
{
    ah_buffer buffer = {0};
    ck_assert(ah_buffer_append(&buffer, "a\0b", 3));
    ck_assert(ah_buffer_append(&buffer, "\0", 1));
    ck_assert_uint_eq(buffer.length, 4);
    ck_assert_mem_eq(buffer.data, "a\0b\0", 5);
    ah_buffer_free(&buffer);
}
END_TEST

START_TEST(appending_nothing_makes_an_empty_string)
{
    ah_buffer buffer = {0};
    ck_assert(ah_buffer_append(&buffer, "", 0));
    ck_buffer(&buffer, "");
    ah_buffer_free(&buffer);
}
END_TEST

/* Across the sizes at which the growth changes: each byte stays, and a zero byte follows the last. */
START_TEST(grows_byte_by_byte)
{
    enum { SIZE = 5 << 18 };
    ah_buffer buffer = {0};
    for (size_t i = 0; i < SIZE; i++) {
        char byte = (char)('a' + i % 23);
        if (!ah_buffer_append(&buffer, &byte, 1))
            ck_abort_msg("byte %zu finds no room", i);
    }
    ck_assert_uint_eq(buffer.length, SIZE);
    ck_assert_int_eq(buffer.data[SIZE], '\0');
    for (size_t i = 0; i < SIZE; i++) {
        if (buffer.data[i] != (char)('a' + i % 23))
            ck_abort_msg("byte %zu is %d", i, buffer.data[i]);
    }
    ah_buffer_free(&buffer);
}
END_TEST

/* Memory is moved so seldom that the cost of a byte does not depend on how many there are. */
START_TEST(growth_is_geometric)
{
    ah_buffer buffer = {0};
    size_t capacity = 0;
    unsigned moves = 0;
    for (size_t i = 0; i < (size_t)16 << 20; i += 256) {
        static const char bytes[256] = {0};
        ck_assert(ah_buffer_append(&buffer, bytes, sizeof(bytes)));
        moves += buffer.capacity != capacity;
        capacity = buffer.capacity;
    }
    ck_assert_uint_le(moves, 32);
    ck_assert_uint_le(capacity, (size_t)24 << 20);
    ah_buffer_free(&buffer);
}
END_TEST

START_TEST(one_big_piece_fits)
{
    enum { SIZE = 5000000 };
    char *big = malloc(SIZE);
    ck_assert_ptr_nonnull(big);
    memset(big, 'x', SIZE);
    ah_buffer buffer = {0};
    ck_assert(ah_buffer_append_string(&buffer, "a"));
    ck_assert(ah_buffer_append(&buffer, big, SIZE));
    ck_assert_uint_eq(buffer.length, SIZE + 1);
    ck_assert_int_eq(buffer.data[0], 'a');
    ck_assert_mem_eq(buffer.data + 1, big, SIZE);
    ck_assert_int_eq(buffer.data[SIZE + 1], '\0');
    free(big);
    ah_buffer_free(&buffer);
}
END_TEST

START_TEST(reserved_room_needs_no_more_memory)
{
    ah_buffer buffer = {0};
    ck_assert(ah_buffer_reserve(&buffer, 1000));
    const char *data = buffer.data;
    for (int i = 0; i < 1000; i++)
        ck_assert(ah_buffer_append(&buffer, "x", 1));
    ck_assert_ptr_eq(buffer.data, data);
    ck_assert_uint_eq(buffer.length, 1000);
    ah_buffer_free(&buffer);
}
END_TEST

START_TEST(reserving_changes_no_content)
{
    ah_buffer buffer = {0};
    ck_assert(ah_buffer_append_string(&buffer, "abc"));
    ck_assert(ah_buffer_reserve(&buffer, 100000));
    ck_buffer(&buffer, "abc");
    ah_buffer_free(&buffer);
}
END_TEST

/* Room for much more is made elsewhere, and what is there comes along, however it goes on from there. */
START_TEST(content_moves_to_much_room)
{
    enum { LITTLE = 100000, MUCH = 20 << 20 };
    ah_buffer buffer = {0};
    for (int i = 0; i < LITTLE; i++)
        ck_assert(ah_buffer_append(&buffer, i % 7 ? "a" : "b", 1));
    ck_assert(ah_buffer_reserve(&buffer, MUCH));
    memset(buffer.data + buffer.length, 'c', MUCH);
    buffer.length += MUCH;
    ck_assert(ah_buffer_append_string(&buffer, "the end"));
    ck_assert_uint_eq(buffer.length, LITTLE + MUCH + 7);
    for (size_t i = 0; i < LITTLE + MUCH; i++) {
        if (buffer.data[i] != (i >= LITTLE ? 'c' : i % 7 ? 'a' : 'b'))
            ck_abort_msg("byte %zu is %d", i, buffer.data[i]);
    }
    ck_assert_str_eq(buffer.data + LITTLE + MUCH, "the end");
    ah_buffer_free(&buffer);
}
END_TEST

START_TEST(holds_exactly_the_maximum)
{
    ah_buffer buffer = {.maximum = 4};
    ck_assert(ah_buffer_append_string(&buffer, "abc"));
    ck_assert(!ah_buffer_append_string(&buffer, "de"));
    ck_buffer(&buffer, "abc");
    ck_assert(ah_buffer_append_string(&buffer, "d"));
    ck_assert(!ah_buffer_append_string(&buffer, "e"));
    ck_assert(!ah_buffer_reserve(&buffer, 1));
    ck_assert(ah_buffer_append_string(&buffer, ""));
    ck_buffer(&buffer, "abcd");
    ah_buffer_free(&buffer);
}
END_TEST

START_TEST(printf_respects_the_maximum)
{
    ah_buffer buffer = {.maximum = 4};
    ck_assert(ah_buffer_printf(&buffer, "%d", 123));
    ck_assert(!ah_buffer_printf(&buffer, "%d", 45));
    ck_buffer(&buffer, "123");
    ck_assert(ah_buffer_printf(&buffer, "%d", 4));
    ck_buffer(&buffer, "1234");
    ah_buffer_free(&buffer);
}
END_TEST

START_TEST(the_maximum_survives_take_clear_and_free)
{
    ah_buffer buffer = {.maximum = 2};
    ck_assert(ah_buffer_append_string(&buffer, "ab"));
    ah_buffer_clear(&buffer);
    ck_assert(!ah_buffer_append_string(&buffer, "abc"));
    ck_assert(ah_buffer_append_string(&buffer, "ab"));
    free(ah_buffer_take(&buffer));
    ck_assert(!ah_buffer_append_string(&buffer, "abc"));
    ck_assert(ah_buffer_append_string(&buffer, "ab"));
    ah_buffer_free(&buffer);
    ck_assert(!ah_buffer_append_string(&buffer, "abc"));
}
END_TEST

static const struct huge {
    size_t maximum;
    size_t more;
} huge[] = {
    {0, SIZE_MAX},
    {0, SIZE_MAX - 1},
    {0, SIZE_MAX - 3},
    {0, (size_t)PTRDIFF_MAX + 1},
    {0, PTRDIFF_MAX},
    {0, PTRDIFF_MAX - 3},
    {10, SIZE_MAX},
    {10, SIZE_MAX - 2},
    {PTRDIFF_MAX, PTRDIFF_MAX - 2},
    {SIZE_MAX, SIZE_MAX},
    {SIZE_MAX, SIZE_MAX - 3},
    {SIZE_MAX - 1, SIZE_MAX - 4},
};

/* Sizes whose sum wraps around, or that no object can have, are refused and leave the buffer as it is. */
START_TEST(refuses_huge_sizes)
{
    ah_buffer buffer = {.maximum = huge[_i].maximum};
    ck_assert(ah_buffer_append_string(&buffer, "abc"));
    ck_assert(!ah_buffer_reserve(&buffer, huge[_i].more));
    ck_assert(!ah_buffer_append(&buffer, "x", huge[_i].more));
    ck_buffer(&buffer, "abc");
    ck_assert(ah_buffer_append_string(&buffer, "d"));
    ck_buffer(&buffer, "abcd");
    ah_buffer_free(&buffer);
}
END_TEST

START_TEST(printf_appends)
{
    ah_buffer buffer = {0};
    ck_assert(ah_buffer_append_string(&buffer, "a"));
    ck_assert(ah_buffer_printf(&buffer, "%s-%d", "b", 7));
    ck_assert(ah_buffer_printf(&buffer, "%s", ""));
    ck_buffer(&buffer, "ab-7");
    ah_buffer_free(&buffer);
}
END_TEST

/* The length that it takes is known only after it was printed once: around the sizes at which the buffer grows. */
START_TEST(printf_makes_room)
{
    char expected[300];
    memset(expected, 'x', sizeof(expected));
    for (size_t length = 0; length < sizeof(expected); length++) {
        ah_buffer buffer = {0};
        ck_assert(ah_buffer_printf(&buffer, "%.*s|", (int)length, expected));
        ck_assert_uint_eq(buffer.length, length + 1);
        ck_assert_mem_eq(buffer.data, expected, length);
        ck_assert_str_eq(buffer.data + length, "|");
        ah_buffer_free(&buffer);
    }
}
END_TEST

START_TEST(take_gives_the_bytes_away)
{
    ah_buffer buffer = {0};
    ck_assert(ah_buffer_append_string(&buffer, "abc"));
    char *taken = ah_buffer_take(&buffer);
    ck_assert_str_eq(taken, "abc");
    ck_assert_uint_eq(buffer.length, 0);
    ck_assert(ah_buffer_append_string(&buffer, "xyz"));
    ck_assert_str_eq(taken, "abc");
    ck_buffer(&buffer, "xyz");
    free(taken);
    ah_buffer_free(&buffer);
}
END_TEST

/* Of each size that memory of another kind is for. */
START_TEST(what_is_taken_can_be_freed)
{
    static const size_t sizes[] = {1, 500, 511, 512, 5000, 70000, 80000, 20 << 20};
    ah_buffer buffer = {0};
    ck_assert(ah_buffer_reserve(&buffer, sizes[_i]));
    for (size_t i = 0; i < sizes[_i]; i++)
        buffer.data[i] = (char)('a' + i % 23);
    buffer.length = sizes[_i];
    buffer.data[buffer.length] = '\0';
    char *taken = ah_buffer_take(&buffer);
    ck_assert_ptr_nonnull(taken);
    ck_assert_uint_eq(strlen(taken), sizes[_i]);
    for (size_t i = 0; i < sizes[_i]; i++) {
        if (taken[i] != (char)('a' + i % 23))
            ck_abort_msg("byte %zu is %d", i, taken[i]);
    }
    ck_assert_uint_eq(buffer.length, 0);
    ck_assert_uint_eq(buffer.capacity, 0);
    free(taken);
}
END_TEST

START_TEST(take_from_a_fresh_buffer_gives_null)
{
    ah_buffer buffer = {0};
    ck_assert_ptr_null(ah_buffer_take(&buffer));
}
END_TEST

START_TEST(clear_keeps_the_memory)
{
    ah_buffer buffer = {0};
    ck_assert(ah_buffer_append_string(&buffer, "abc"));
    const char *data = buffer.data;
    ah_buffer_clear(&buffer);
    ck_buffer(&buffer, "");
    ck_assert(ah_buffer_append_string(&buffer, "de"));
    ck_assert_ptr_eq(buffer.data, data);
    ck_buffer(&buffer, "de");
    ah_buffer_free(&buffer);
}
END_TEST

START_TEST(freed_buffers_are_empty_and_usable)
{
    ah_buffer buffer = {0};
    ah_buffer_clear(&buffer);
    ah_buffer_free(&buffer);
    ck_assert(ah_buffer_append_string(&buffer, "abc"));
    ah_buffer_free(&buffer);
    ah_buffer_free(&buffer);
    ck_assert_uint_eq(buffer.length, 0);
    ck_assert(ah_buffer_append_string(&buffer, "d"));
    ck_buffer(&buffer, "d");
    ah_buffer_free(&buffer);
}
END_TEST

Suite *buffer_suite(void)
{
    Suite *suite = suite_create("buffer");
    TCase *append = tcase_create("append");
    tcase_add_test(append, appends_in_order);
    tcase_add_test(append, keeps_zero_bytes);
    tcase_add_test(append, appending_nothing_makes_an_empty_string);
    tcase_add_test(append, grows_byte_by_byte);
    tcase_add_test(append, growth_is_geometric);
    tcase_add_test(append, one_big_piece_fits);
    tcase_add_test(append, reserved_room_needs_no_more_memory);
    tcase_add_test(append, reserving_changes_no_content);
    tcase_add_test(append, content_moves_to_much_room);
    suite_add_tcase(suite, append);
    TCase *limits = tcase_create("limits");
    tcase_add_test(limits, holds_exactly_the_maximum);
    tcase_add_test(limits, printf_respects_the_maximum);
    tcase_add_test(limits, the_maximum_survives_take_clear_and_free);
    tcase_add_loop_test(limits, refuses_huge_sizes, 0, sizeof(huge) / sizeof(huge[0]));
    suite_add_tcase(suite, limits);
    TCase *print = tcase_create("printf");
    tcase_add_test(print, printf_appends);
    tcase_add_test(print, printf_makes_room);
    suite_add_tcase(suite, print);
    TCase *end = tcase_create("end");
    tcase_add_test(end, take_gives_the_bytes_away);
    tcase_add_loop_test(end, what_is_taken_can_be_freed, 0, 8);
    tcase_add_test(end, take_from_a_fresh_buffer_gives_null);
    tcase_add_test(end, clear_keeps_the_memory);
    tcase_add_test(end, freed_buffers_are_empty_and_usable);
    suite_add_tcase(suite, end);
    return suite;
}
