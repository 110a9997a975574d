/*
 * Tests of lib/base/shared.h and lib/base/strings.h.
 */
#include "suites.h"

#include <pthread.h>
#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/shared.h"
#include "base/strings.h"

/* ---- Shared values ------------------------------------------------------------------------- */

static int destroyed;
static void *destroyed_value;

static void note_destruction(void *value)
{
    destroyed++;
    destroyed_value = value;
}

static void setup(void)
{
    destroyed = 0;
    destroyed_value = NULL;
}

START_TEST(a_new_value_is_zeroed_and_aligned)
{
    unsigned char zeros[100] = {0};
    unsigned char *value = ah_shared_new(sizeof(zeros), NULL);
    ck_assert_ptr_nonnull(value);
    ck_assert_mem_eq(value, zeros, sizeof(zeros));
    ck_assert_uint_eq((uintptr_t)value % alignof(max_align_t), 0);
    ah_shared_release(value);
}
END_TEST

START_TEST(the_last_holder_destroys_once)
{
    void *value = ah_shared_new(1, note_destruction);
    ck_assert_ptr_nonnull(value);
    for (int i = 0; i < _i; i++)
        ck_assert_ptr_eq(ah_shared_hold(value), value);
    for (int i = 0; i < _i; i++) {
        ah_shared_release(value);
        ck_assert_int_eq(destroyed, 0);
    }
    ah_shared_release(value);
    ck_assert_int_eq(destroyed, 1);
    ck_assert_ptr_eq(destroyed_value, value);
}
END_TEST

static void check_content(void *value)
{
    ck_assert_str_eq(value, "still here");
    destroyed++;
}

START_TEST(the_value_is_whole_when_it_is_destroyed)
{
    char *value = ah_shared_new(16, check_content);
    ck_assert_ptr_nonnull(value);
    strcpy(value, "still here");
    ah_shared_release(value);
    ck_assert_int_eq(destroyed, 1);
}
END_TEST

static void release_inner(void *value)
{
    void **outer = value;
    ah_shared_release(*outer);
}

START_TEST(a_value_may_release_another_when_it_is_destroyed)
{
    void **outer = ah_shared_new(sizeof(*outer), release_inner);
    void *inner = ah_shared_new(1, note_destruction);
    ck_assert(outer && inner);
    *outer = ah_shared_hold(inner);
    ah_shared_release(outer);
    ck_assert_int_eq(destroyed, 0);
    ah_shared_release(inner);
    ck_assert_int_eq(destroyed, 1);
}
END_TEST

START_TEST(null_is_held_and_released)
{
    ck_assert_ptr_null(ah_shared_hold(NULL));
    ah_shared_release(NULL);
}
END_TEST

START_TEST(sizes_that_wrap_around_give_null)
{
    ck_assert_ptr_null(ah_shared_new(SIZE_MAX - (size_t)_i, note_destruction));
    ck_assert_int_eq(destroyed, 0);
}
END_TEST

/* Each thread holds and releases on its own behalf, and writes its own part, which destroying reads. */
enum { THREADS = 8, ROUNDS = 20000 };

struct tally {
    int counts[THREADS];
};

struct holder {
    struct tally *tally;
    int number;
    pthread_t thread;
};

static int total;

static void add_up(void *value)
{
    struct tally *tally = value;
    for (int i = 0; i < THREADS; i++)
        total += tally->counts[i];
    destroyed++;
}

static void *hold_and_release(void *argument)
{
    struct holder *holder = argument;
    for (int i = 0; i < ROUNDS; i++) {
        ah_shared_hold(holder->tally);
        holder->tally->counts[holder->number]++;
        ah_shared_release(holder->tally);
    }
    ah_shared_release(holder->tally);
    return NULL;
}

START_TEST(the_last_of_many_threads_destroys_once)
{
    struct holder holders[THREADS];
    struct tally *shared = ah_shared_new(sizeof(*shared), add_up);
    ck_assert_ptr_nonnull(shared);
    total = 0;
    for (int i = 0; i < THREADS; i++) {
        holders[i] = (struct holder){.tally = ah_shared_hold(shared), .number = i};
        ck_assert_int_eq(pthread_create(&holders[i].thread, NULL, hold_and_release, &holders[i]), 0);
    }
    ah_shared_release(shared);
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_join(holders[i].thread, NULL), 0);
    ck_assert_int_eq(destroyed, 1);
    ck_assert_int_eq(total, THREADS * ROUNDS);
}
END_TEST

/* ---- Strings ------------------------------------------------------------------------------- */

static void ck_strings(const ah_strings *strings, const char *const *expected, size_t count)
{
    ck_assert_ptr_nonnull(strings);
    ck_assert_uint_eq(strings->count, count);
    for (size_t i = 0; i < count; i++) {
        if (expected[i])
            ck_assert_msg(strings->items[i] && strcmp(strings->items[i], expected[i]) == 0, "item %zu is not \"%s\"", i,
                          expected[i]);
        else
            ck_assert_msg(!strings->items[i], "item %zu is not NULL", i);
    }
    ck_assert_ptr_null(strings->items[count]);
}

START_TEST(strings_are_copied_in_order)
{
    char changing[] = "b";
    const char *const items[] = {"a", changing, "", "longer than the others"};
    ah_strings *strings = ah_strings_new(NULL, items, 4);
    changing[0] = 'x';
    ck_strings(strings, (const char *const[]){"a", "b", "", "longer than the others"}, 4);
    ah_shared_release(strings);
}
END_TEST

START_TEST(any_of_the_strings_may_be_null)
{
    const char *const items[] = {NULL, "a", NULL, "b", NULL};
    ah_strings *strings = ah_strings_new(NULL, items, 5);
    ck_strings(strings, items, 5);
    ah_strings *more = ah_strings_new(strings, items, 2);
    ck_strings(more, (const char *const[]){NULL, "a", NULL, "b", NULL, NULL, "a"}, 7);
    ah_shared_release(strings);
    ah_shared_release(more);
}
END_TEST

START_TEST(a_list_may_be_empty)
{
    ah_strings *strings = ah_strings_new(NULL, NULL, 0);
    ck_strings(strings, NULL, 0);
    ah_strings *more = ah_strings_new(strings, (const char *const[]){"a"}, 1);
    ck_strings(more, (const char *const[]){"a"}, 1);
    ah_shared_release(strings);
    ah_shared_release(more);
}
END_TEST

START_TEST(a_longer_list_outlives_the_one_it_was_made_from)
{
    ah_strings *old = ah_strings_new(NULL, (const char *const[]){"a", "b"}, 2);
    ck_assert_ptr_nonnull(old);
    ah_strings *strings = ah_strings_new(old, (const char *const[]){"c"}, 1);
    ck_strings(old, (const char *const[]){"a", "b"}, 2);
    ah_shared_release(old);
    ck_strings(strings, (const char *const[]){"a", "b", "c"}, 3);
    ah_shared_release(strings);
}
END_TEST

START_TEST(strings_may_be_many_and_long)
{
    enum { MANY = 500 };
    static char long_text[4000];
    const char *items[MANY];
    memset(long_text, 'x', sizeof(long_text) - 1);
    for (int i = 0; i < MANY; i++)
        items[i] = long_text + i;
    ah_strings *strings = ah_strings_new(NULL, items, MANY);
    ck_strings(strings, items, MANY);
    ah_shared_release(strings);
}
END_TEST

Suite *shared_suite(void)
{
    Suite *suite = suite_create("shared");
    TCase *shared = tcase_create("shared");
    tcase_add_checked_fixture(shared, setup, NULL);
    tcase_add_test(shared, a_new_value_is_zeroed_and_aligned);
    tcase_add_loop_test(shared, the_last_holder_destroys_once, 0, 4);
    tcase_add_test(shared, the_value_is_whole_when_it_is_destroyed);
    tcase_add_test(shared, a_value_may_release_another_when_it_is_destroyed);
    tcase_add_test(shared, null_is_held_and_released);
    tcase_add_loop_test(shared, sizes_that_wrap_around_give_null, 0, 8);
    tcase_add_test(shared, the_last_of_many_threads_destroys_once);
    suite_add_tcase(suite, shared);
    TCase *strings = tcase_create("strings");
    tcase_add_test(strings, strings_are_copied_in_order);
    tcase_add_test(strings, any_of_the_strings_may_be_null);
    tcase_add_test(strings, a_list_may_be_empty);
    tcase_add_test(strings, a_longer_list_outlives_the_one_it_was_made_from);
    tcase_add_test(strings, strings_may_be_many_and_long);
    suite_add_tcase(suite, strings);
    return suite;
}
