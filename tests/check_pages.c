/*
 * Tests of lib/base/pages.h. What is asked for ahead can be seen where the system tells what memory is there.
 */
#if defined(__linux__) && !defined(_GNU_SOURCE)
/* For mincore(). */
#define _GNU_SOURCE
#endif

#include "suites.h"

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/mapping.h"
#include "base/pages.h"
#include "base/pool.h"
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

static void ck_marks(const ah_pages *pages, size_t end, size_t apart)
{
    for (size_t at = 0; at < end; at += apart) {
        if (ah_pages_memory(pages)[at] != mark_of(at))
            ck_abort_msg("byte %zu is %d", at, ah_pages_memory(pages)[at]);
    }
}

static void ck_written(const ah_pages *pages, size_t end)
{
    ck_marks(pages, end, 4096);
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

START_TEST(there_is_an_end_to_memory)
{
    ck_assert_ptr_null(ah_pages_new(SIZE_MAX));
    ck_assert_ptr_null(ah_pages_new((size_t)PTRDIFF_MAX + 1));
    ck_assert_ptr_null(ah_pages_new(PTRDIFF_MAX));
}
END_TEST

START_TEST(what_was_written_stays_when_it_is_settled)
{
    static const size_t lengths[] = {0, 1, 2 * MIB, 2 * MIB + 1, 33 * MIB, 40 * MIB - 1, 40 * MIB};
    size_t length = lengths[_i];
    ah_pages *pages = ah_pages_new(40 * MIB);
    ck_assert_ptr_nonnull(pages);
    write_to(pages, 0, length);
    size_t left = ah_pages_settle(pages, length);
    ck_assert_uint_ge(left, length);
    ck_assert_uint_le(left, length < step ? step : length + step);
    ck_written(pages, length);
    ck_assert_uint_eq(ah_pages_settle(pages, length), left);
    ah_pages_free(pages);
}
END_TEST

/* Not where all memory is malloc()'s, as under sanitizers but for ASYNCHTTP_POOL=1. */
START_TEST(a_buffer_has_them)
{
    if (ah_pool_is_plain())
        return;
    static const char bytes[65536] = "bytes";
    ah_buffer buffer = {0};
    ck_assert(ah_buffer_append(&buffer, bytes, sizeof(bytes)));
    ck_assert(ah_buffer_reserve(&buffer, 40 * MIB));
    ck_assert_ptr_nonnull(buffer.pages);
    while (buffer.length < 30 * MIB)
        ck_assert(ah_buffer_append(&buffer, bytes, sizeof(bytes)));
    ah_buffer_settle(&buffer);
    ck_assert_uint_le(buffer.capacity, buffer.length + 2 * step);
    while (buffer.length < 50 * MIB)
        ck_assert(ah_buffer_append(&buffer, bytes, sizeof(bytes)));
    for (size_t at = 0; at < buffer.length; at += sizeof(bytes))
        ck_assert_str_eq(buffer.data + at, "bytes");
    ah_buffer_free(&buffer);
    ck_assert(ah_buffer_reserve(&buffer, 10 * MIB));
    ck_assert(ah_buffer_append_string(&buffer, "taken"));
    char *taken = ah_buffer_take(&buffer);
    ck_assert_str_eq(taken, "taken");
    free(taken);
    ah_buffer_free(&buffer);
}
END_TEST

#if defined(__linux__)

/* Some come and go otherwise, as stacks of threads. */
START_TEST(memory_is_given_back)
{
    static const size_t much = 512 * MIB, little = 100 * MIB;
    size_t before = addresses();
    ah_pages *pages = ah_pages_new(much);
    ck_assert_ptr_nonnull(pages);
    write_to(pages, 0, 20 * MIB);
    ck_assert_uint_ge(addresses() + little, before + much);
    ck_assert_uint_le(ah_pages_settle(pages, 20 * MIB), 22 * MIB);
    ck_assert_uint_le(addresses(), before + little);
    ah_pages_free(pages);
    pages = ah_pages_new(much);
    ck_assert_ptr_nonnull(pages);
    ah_pages_free(pages);
    ck_assert_uint_le(addresses(), before + little);
}
END_TEST

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

/* Elsewhere there is never a thread. */
static bool has_threads(void)
{
    char *memory = ah_mapping_new(step, step);
    ck_assert_ptr_nonnull(memory);
    bool has = ah_mapping_populate(memory, step);
    ah_mapping_free(memory, step);
    return has && ah_thread_processors() >= 2;
}

/* A byte at each step: to write to each page takes too long for haste under a sanitizer. */
static void go_on_in_haste(ah_pages *pages, size_t from, size_t end)
{
    for (size_t at = from; at < end; at += step) {
        ah_pages_need(pages, at + step);
        ah_pages_memory(pages)[at] = mark_of(at);
    }
}

static void ck_went_on(const ah_pages *pages, size_t end)
{
    ck_marks(pages, end, step);
}

/* In haste from the beginning, until there is a thread; should this one be held up, so are others. */
static ah_pages *begin_in_haste(size_t size, size_t end, int others)
{
    ah_time deadline = ah_clock_in(patience);
    for (;;) {
        ah_pages *pages = ah_pages_new(size);
        ck_assert_ptr_nonnull(pages);
        go_on_in_haste(pages, 0, end);
        if (threads() > others)
            return pages;
        ah_pages_free(pages);
        ck_assert_msg(ah_clock_now() < deadline, "nobody asks for pages ahead");
    }
}

static void await_resident(const ah_pages *pages, size_t size, size_t wanted)
{
    ah_time deadline = ah_clock_in(patience);
    while (resident(pages, size) < wanted) {
        ck_assert_msg(ah_clock_now() < deadline, "only %zu bytes are there", resident(pages, size));
        usleep(1000);
    }
}

START_TEST(what_is_written_to_fast_is_asked_for_ahead_by_a_thread)
{
    if (!has_threads())
        return;
    size_t size = 256 * MIB, written = 8 * MIB;
    int others = settle_threads();
    ah_pages *pages = begin_in_haste(size, written, others);
    await_resident(pages, size, written + AH_PAGES_AHEAD);
    /* It leaves since nobody goes on. */
    await_threads(others);
    ck_assert_uint_le(resident(pages, size), written + AH_PAGES_AHEAD + step);
    ck_went_on(pages, written);
    ah_pages_free(pages);
}
END_TEST

START_TEST(after_a_pause_there_is_a_thread_again)
{
    if (!has_threads())
        return;
    size_t size = 512 * MIB, written = 8 * MIB;
    int others = settle_threads();
    ah_pages *pages = begin_in_haste(size, written, others);
    await_threads(others);
    for (; written < 48 * MIB || threads() == others; written += step) {
        ck_assert_msg(written < 256 * MIB, "nobody asks for pages ahead again");
        go_on_in_haste(pages, written, written + step);
    }
    await_resident(pages, size, 2 * written);
    ck_went_on(pages, written);
    ah_pages_free(pages);
}
END_TEST

START_TEST(there_is_no_thread_when_it_is_settled)
{
    if (!has_threads())
        return;
    enum { MANY = 16 };
    ah_pages *settled[MANY];
    int others = settle_threads();
    for (size_t i = 0; i < MANY; i++) {
        size_t written = (2 + i % 8) * step;
        /* Were the last one's still there, there would be none for this. */
        settled[i] = begin_in_haste(64 * MIB, written, others);
        ck_assert_uint_le(ah_pages_settle(settled[i], written - i), written);
        await_threads(others);
        ck_went_on(settled[i], written - i);
    }
    for (size_t i = 0; i < MANY; i++)
        ah_pages_free(settled[i]);
}
END_TEST

START_TEST(there_is_no_thread_when_it_is_freed)
{
    if (!has_threads())
        return;
    int others = settle_threads();
    for (size_t i = 0; i < 40; i++) {
        ah_pages_free(begin_in_haste(64 * MIB, (4 + i % 8) * step, others));
        await_threads(others);
    }
    ah_pages_free(NULL);
}
END_TEST

/* Each keeps a processor from something else. */
START_TEST(there_are_fewer_threads_than_processors)
{
    enum { MANY = 12 };
    ah_pages *pages[MANY];
    int others = settle_threads(), processors = (int)ah_thread_processors();
    for (int i = 0; i < MANY; i++) {
        pages[i] = ah_pages_new(256 * MIB);
        ck_assert_ptr_nonnull(pages[i]);
        go_on_in_haste(pages[i], 0, 8 * MIB);
        ck_assert_int_lt(threads() - others, processors);
    }
    for (int i = 0; i < MANY; i++)
        ah_pages_free(pages[i]);
    await_threads(others);
}
END_TEST

/* What a child of fork() does with them; 0 if it went well. If it can have a thread of its own, it does so twice:
 * one that it did not join would keep the next from having one. */
static int go_on_in_child(ah_pages *pages, size_t written, bool settles, bool has_threads)
{
    int others = threads(), times = 0;
    ah_time deadline = ah_clock_in(patience / 2);
    do {
        bool has_thread = false;
        for (; written < 48 * MIB; written += step) {
            ah_pages_need(pages, written + step);
            has_thread = has_thread || threads() > others;
        }
        times += has_thread;
        ah_pages_memory(pages)[written - 1] = 'x';
        if (settles)
            ah_pages_settle(pages, written);
        ah_pages_free(pages);
        if (ah_clock_now() > deadline)
            return 1;
        pages = ah_pages_new(128 * MIB);
        if (!pages)
            return 2;
        written = 0;
    } while (has_threads && times < 2);
    ah_pages_free(pages);
    return 0;
}

/* With a thread in the parent, or none. */
START_TEST(a_child_of_fork_can_go_on_and_free_them)
{
    int others = settle_threads();
    size_t written = 2 * MIB;
    bool in_parent = _i / 2 && has_threads();
    ah_pages *pages;
    if (in_parent) {
        written = 8 * MIB;
        pages = begin_in_haste(128 * MIB, written, others);
    } else {
        pages = ah_pages_new(128 * MIB);
        ck_assert_ptr_nonnull(pages);
        go_on_in_haste(pages, 0, written);
    }
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        alarm(60);
        int failed = go_on_in_child(pages, written, _i % 2, !in_parent && has_threads());
        /* Had it a chance to, valgrind would find that the memory of the parent's threads is lost. */
        kill(getpid(), failed ? SIGABRT : SIGKILL);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFSIGNALED(status));
    ck_assert_int_eq(WTERMSIG(status), SIGKILL);
    go_on_in_haste(pages, written, 10 * MIB);
    ck_went_on(pages, 10 * MIB);
    ah_pages_free(pages);
}
END_TEST

START_TEST(on_one_processor_there_is_no_thread)
{
    int others = settle_threads();
    confine_to_one_processor();
    ah_pages *pages = ah_pages_new(64 * MIB);
    ck_assert_ptr_nonnull(pages);
    for (size_t at = 0; at < 16 * MIB; at += step) {
        go_on_in_haste(pages, at, at + step);
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
    tcase_add_test(tcase, there_is_an_end_to_memory);
    tcase_add_test(tcase, a_buffer_has_them);
    if (ah_mapping_exists()) {
        tcase_add_loop_test(tcase, all_of_it_can_be_written_to, 0, 5);
        tcase_add_loop_test(tcase, what_was_written_stays_when_it_is_settled, 0, 7);
#if defined(__linux__)
        tcase_add_test(tcase, memory_is_given_back);
        tcase_add_test(tcase, what_is_written_to_fast_is_asked_for_ahead_by_a_thread);
        tcase_add_test(tcase, after_a_pause_there_is_a_thread_again);
        tcase_add_test(tcase, there_is_no_thread_when_it_is_settled);
        tcase_add_test(tcase, there_is_no_thread_when_it_is_freed);
        tcase_add_test(tcase, there_are_fewer_threads_than_processors);
        tcase_add_loop_test(tcase, a_child_of_fork_can_go_on_and_free_them, 0, 4);
        tcase_add_test(tcase, on_one_processor_there_is_no_thread);
#endif
    }
    suite_add_tcase(suite, tcase);
    return suite;
}
