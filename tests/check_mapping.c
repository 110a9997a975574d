/*
 * Tests of lib/base/mapping.h.
 */
#include "suites.h"

#include <stdint.h>
#include <string.h>

#include "base/mapping.h"

enum { PIECE = 2 << 20, SIZE = 4 * PIECE };

START_TEST(memory_is_aligned_and_empty)
{
    for (size_t alignment = 1 << 16; alignment <= 1 << 24; alignment *= 2) {
        char *memory = ah_mapping_new(1 << 16, alignment);
        ck_assert_ptr_nonnull(memory);
        ck_assert_uint_eq((uintptr_t)memory % alignment, 0);
        for (size_t i = 0; i < 1 << 16; i++)
            ck_assert_int_eq(memory[i], 0);
        memset(memory, 'x', 1 << 16);
        ah_mapping_free(memory, 1 << 16);
    }
}
END_TEST

START_TEST(there_is_an_end_to_memory)
{
    ck_assert_ptr_null(ah_mapping_new(SIZE_MAX / PIECE * PIECE, PIECE));
    ck_assert_ptr_null(ah_mapping_new((size_t)PTRDIFF_MAX / PIECE * PIECE, PIECE));
    ck_assert_ptr_null(ah_mapping_new((size_t)PTRDIFF_MAX / PIECE * PIECE + PIECE, PIECE));
}
END_TEST

START_TEST(part_of_it_can_be_freed)
{
    char *memory = ah_mapping_new(SIZE, PIECE);
    ck_assert_ptr_nonnull(memory);
    memset(memory, 'x', SIZE);
    ah_mapping_free(memory, PIECE);
    ah_mapping_free(memory + 2 * PIECE, SIZE - 2 * PIECE);
    ck_assert_int_eq(memory[PIECE], 'x');
    ck_assert_int_eq(memory[2 * PIECE - 1], 'x');
    ah_mapping_free(memory + PIECE, PIECE);
}
END_TEST

/* Whether or not the system does anything about it. */
START_TEST(what_is_asked_for_is_empty_and_what_was_written_stays)
{
    char *memory = ah_mapping_new(SIZE, PIECE);
    ck_assert_ptr_nonnull(memory);
    ah_mapping_populate(memory, SIZE / 2);
    memory[0] = memory[SIZE - 1] = 'x';
    ah_mapping_prefer_large(memory, SIZE);
    ah_mapping_populate(memory, SIZE);
    for (size_t i = 0; i < SIZE; i++) {
        if (memory[i] != (i == 0 || i == SIZE - 1 ? 'x' : 0))
            ck_abort_msg("byte %zu is %d", i, memory[i]);
    }
    ah_mapping_free(memory, SIZE);
}
END_TEST

Suite *mapping_suite(void)
{
    Suite *suite = suite_create("mapping");
    TCase *tcase = tcase_create("mapping");
    tcase_add_test(tcase, there_is_an_end_to_memory);
    if (ah_mapping_exists()) {
        tcase_add_test(tcase, memory_is_aligned_and_empty);
        tcase_add_test(tcase, part_of_it_can_be_freed);
        tcase_add_test(tcase, what_is_asked_for_is_empty_and_what_was_written_stays);
    }
    suite_add_tcase(suite, tcase);
    return suite;
}
