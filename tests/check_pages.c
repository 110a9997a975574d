/*
 * Tests of lib/base/pages.h. What is asked for ahead can be seen where the system tells what memory is there.
 */
#if defined(__linux__) && !defined(_GNU_SOURCE)
/* For mincore(). */
#define _GNU_SOURCE
#endif

#include "suites.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mapping.h"
#include "base/pages.h"
#include "base/thread.h"
#include "threads.h"

#define MIB ((size_t)1 << 20)
static const size_t step = 2 * MIB;

/* Seconds after which what is waited for is not going to come. */
static const double patience = 60;

static char mark_of(size_t at)
{
    return (char)('a' + at / 4096 % 23);
}

static void write_to(ah_pages *pages, size_t from, size_t end)
{
    ah_pages_need(pages, end);
    for (size_t at = from; at < end; at += 4096)
        ah_pages_memory(pages)[at] = mark_of(at);
}

static void ck_written(const ah_pages *pages, size_t end)
{
    for (size_t at = 0; at < end; at += 4096) {
        if (ah_pages_memory(pages)[at] != mark_of(at))
            ck_abort_msg("byte %zu is %d", at, ah_pages_memory(pages)[at]);
    }
}

START_TEST(all_of_it_can_be_written_to)
{
    static const size_t sizes[] = {1, 8 * MIB, 8 * MIB + 1, 17 * MIB - 1, 40 * MIB + 4097};
    size_t size = sizes[_i];
    ah_pages *pages = ah_pages_new(size);
    ck_assert_ptr_nonnull(pages);
    for (size_t at = 0; at < size; at += 65536)
        write_to(pages, at, size - at < 65536 ? size : at + 65536);
    ck_written(pages, size);
    ah_pages_free(pages);
}
END_TEST

START_TEST(what_was_written_stays_when_it_is_enlarged)
{
    size_t size = 8 * MIB + 5, written = 0;
    ah_pages *pages = ah_pages_new(size);
    ck_assert_ptr_nonnull(pages);
    for (; size < 200 * MIB; size += size / 2) {
        ck_assert(ah_pages_enlarge(pages, size));
        for (; written + 65536 <= size; written += 65536)
            write_to(pages, written, written + 65536);
        ck_written(pages, written);
    }
    ah_pages_free(pages);
}
END_TEST

START_TEST(without_memory_nothing_changes)
{
    ck_assert_ptr_null(ah_pages_new(SIZE_MAX));
    ck_assert_ptr_null(ah_pages_new(SIZE_MAX / 2));
    ah_pages *pages = ah_pages_new(16 * MIB);
    ck_assert_ptr_nonnull(pages);
    write_to(pages, 0, 12 * MIB);
    ck_assert(!ah_pages_enlarge(pages, SIZE_MAX));
    ck_assert(!ah_pages_enlarge(pages, SIZE_MAX / 2));
    ck_written(pages, 12 * MIB);
    write_to(pages, 12 * MIB, 16 * MIB);
    ck_written(pages, 16 * MIB);
    ah_pages_free(pages);
}
END_TEST

/* While a thread asks for them, if there is one. */
START_TEST(pages_are_freed_and_enlarged_at_any_time)
{
    for (size_t i = 0; i < 60; i++) {
        ah_pages *pages = ah_pages_new(64 * MIB);
        ck_assert_ptr_nonnull(pages);
        size_t written = (1 + i % 6) * step;
        for (size_t at = 0; at < written; at += step)
            write_to(pages, at, at + step);
        if (i % 2) {
            ck_assert(ah_pages_enlarge(pages, 80 * MIB));
            write_to(pages, written, written + step);
            ck_written(pages, written + step);
        }
        ah_pages_free(pages);
    }
    ah_pages_free(NULL);
}
END_TEST

START_TEST(a_child_of_fork_can_go_on_and_free_them)
{
    ah_pages *pages = ah_pages_new(128 * MIB);
    ck_assert_ptr_nonnull(pages);
    for (size_t at = 0; at < 8 * MIB; at += step)
        write_to(pages, at, at + step);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        alarm(60);
        for (size_t at = 8 * MIB; at < 16 * MIB; at += step)
            write_to(pages, at, at + step);
        ck_written(pages, 16 * MIB);
        ah_pages_free(pages);
        _exit(0);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    write_to(pages, 8 * MIB, 10 * MIB);
    ck_written(pages, 10 * MIB);
    ah_pages_free(pages);
}
END_TEST

#if defined(__linux__)

/* How many of the bytes are there. */
static size_t resident(const ah_pages *pages, size_t size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), count = 0;
    unsigned char *there = malloc(size / page);
    ck_assert_ptr_nonnull(there);
    ck_assert_int_eq(mincore(ah_pages_memory(pages), size, there), 0);
    for (size_t i = 0; i < size / page; i++)
        count += there[i] & 1;
    free(there);
    return count * page;
}

/* Large pages would be there as a whole, without having been asked for. */
static bool can_tell(void)
{
    char *memory = ah_mapping_new(step, step);
    ck_assert_ptr_nonnull(memory);
    bool can = ah_mapping_populate(memory, step);
    ah_mapping_free(memory, step);
    return can && ah_thread_processors() >= 2;
}

/* Writes quickly from the beginning; so long as the thread is not there yet, once more. */
static ah_pages *write_in_haste(size_t size, size_t end, int others)
{
    ah_time deadline = ah_clock_in(patience);
    for (;;) {
        ah_pages *pages = ah_pages_new(size);
        ck_assert_ptr_nonnull(pages);
        for (size_t at = 0; at < end; at += step)
            ah_pages_need(pages, at + step);
        if (threads() > others)
            return pages;
        ah_pages_free(pages);
        ck_assert_msg(ah_clock_now() < deadline, "nobody asks for pages ahead");
    }
}

START_TEST(what_is_written_to_fast_is_asked_for_ahead_by_a_thread)
{
    if (!can_tell())
        return;
    size_t size = 256 * MIB, written = 8 * MIB;
    int others = settle_threads();
    ah_pages *pages = write_in_haste(size, written, others);
    ah_time deadline = ah_clock_in(patience);
    while (resident(pages, size) < written + AH_PAGES_AHEAD) {
        ck_assert_msg(ah_clock_now() < deadline, "only %zu bytes are there", resident(pages, size));
        usleep(1000);
    }
    /* It leaves since nobody goes on. */
    await_threads(others);
    ck_assert_uint_le(resident(pages, size), written + AH_PAGES_AHEAD + step);
    ah_pages_free(pages);
}
END_TEST

START_TEST(the_thread_goes_when_the_pages_do)
{
    if (!can_tell())
        return;
    int others = settle_threads();
    ah_pages *pages = write_in_haste(256 * MIB, 8 * MIB, others);
    ah_pages_free(pages);
    await_threads(others);
}
END_TEST

START_TEST(on_one_processor_there_is_no_thread)
{
    int others = settle_threads();
    confine_to_one_processor();
    ah_pages *pages = ah_pages_new(64 * MIB);
    ck_assert_ptr_nonnull(pages);
    for (size_t at = 0; at < 16 * MIB; at += step) {
        ah_pages_need(pages, at + step);
        ck_assert_int_eq(threads(), others);
    }
    ck_assert_uint_le(resident(pages, 64 * MIB), 16 * MIB);
    ah_pages_free(pages);
    let_go_of_processor();
}
END_TEST

#endif

Suite *pages_suite(void)
{
    Suite *suite = suite_create("pages");
    TCase *tcase = tcase_create("pages");
    tcase_set_timeout(tcase, 300);
    tcase_add_loop_test(tcase, all_of_it_can_be_written_to, 0, 5);
    tcase_add_test(tcase, what_was_written_stays_when_it_is_enlarged);
    tcase_add_test(tcase, without_memory_nothing_changes);
    tcase_add_test(tcase, pages_are_freed_and_enlarged_at_any_time);
    tcase_add_test(tcase, a_child_of_fork_can_go_on_and_free_them);
#if defined(__linux__)
    tcase_add_test(tcase, what_is_written_to_fast_is_asked_for_ahead_by_a_thread);
    tcase_add_test(tcase, the_thread_goes_when_the_pages_do);
    tcase_add_test(tcase, on_one_processor_there_is_no_thread);
#endif
    suite_add_tcase(suite, tcase);
    return suite;
}
