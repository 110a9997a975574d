/*
 * Tests of lib/base/pool.h.
 */
#include "suites.h"

#include <pthread.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/pool.h"
#include "sanitized.h"

/* Sizes of each kind: within a piece, the whole of one, one byte more, the largest piece, and beyond. */
static const size_t sizes[] = {
    0, 1, 127, 128, 129, 528, 1024, 1025, 4096, 16385, 65537, AH_POOL_MOST, AH_POOL_MOST + 1, 1 << 20,
};
enum { SIZES = sizeof(sizes) / sizeof(sizes[0]) };

/* More of the largest pieces than a chunk has. */
enum { MANY = 40 };

START_TEST(a_piece_is_hardly_larger_than_asked_for)
{
    for (size_t size = 128; size <= AH_POOL_MOST; size++) {
        size_t piece = ah_pool_size(size);
        if (piece < size || piece - size > size / 8 || ah_pool_size(piece) != piece)
            ck_abort_msg("%zu bytes come in a piece of %zu", size, piece);
    }
    ck_assert_uint_eq(ah_pool_size(0), ah_pool_size(128));
    ck_assert_uint_eq(ah_pool_size(AH_POOL_MOST + 1), AH_POOL_MOST + 1);
}
END_TEST

static void fill(unsigned char *memory, size_t size, unsigned mark)
{
    memset(memory, (int)mark, size);
}

static bool is_filled(const unsigned char *memory, size_t size, unsigned mark)
{
    for (size_t i = 0; i < size; i++) {
        if (memory[i] != (unsigned char)mark)
            return false;
    }
    return true;
}

START_TEST(pieces_in_use_do_not_overlap)
{
    size_t size = sizes[_i];
    unsigned char *pieces[MANY];
    for (unsigned i = 0; i < MANY; i++) {
        pieces[i] = ah_pool_obtain(size);
        ck_assert_ptr_nonnull(pieces[i]);
        ck_assert_uint_eq((uintptr_t)pieces[i] % alignof(max_align_t), 0);
        fill(pieces[i], size, i);
    }
    /* Every second one goes and comes again. */
    for (unsigned i = 0; i < MANY; i += 2)
        ah_pool_release(pieces[i], size);
    for (unsigned i = 0; i < MANY; i += 2) {
        pieces[i] = ah_pool_obtain(size);
        ck_assert_ptr_nonnull(pieces[i]);
        fill(pieces[i], size, i);
    }
    for (unsigned i = 0; i < MANY; i++) {
        ck_assert(is_filled(pieces[i], size, i));
        ah_pool_release(pieces[i], size);
    }
}
END_TEST

START_TEST(null_is_given_back)
{
    for (size_t i = 0; i < SIZES; i++)
        ah_pool_release(NULL, sizes[i]);
}
END_TEST

START_TEST(a_size_that_does_not_exist_gives_null)
{
    ck_assert_ptr_null(ah_pool_obtain(SIZE_MAX - (size_t)_i));
}
END_TEST

/* Though as much as may be is kept of another size: who obtains one at a time does not go to the system for it. */
START_TEST(one_of_each_size_is_kept)
{
    enum { SIZE = 16384, COUNT = 2000 };
    static void *pieces[COUNT];
    if (ah_pool_is_plain())
        return;
    ah_pool_enter();
    for (int i = 0; i < COUNT; i++)
        pieces[i] = ah_pool_obtain(SIZE);
    for (int i = 0; i < COUNT; i++)
        ah_pool_release(pieces[i], SIZE);
    unsigned char *piece = ah_pool_obtain(1000);
    ck_assert_ptr_nonnull(piece);
    fill(piece, 1000, 9);
    ah_pool_release(piece, 1000);
    ck_assert_ptr_eq(ah_pool_obtain(1000), piece);
    /* But for where it is linked to others. */
    ck_assert(is_filled(piece + 64, 1000 - 64, 9));
    ah_pool_release(piece, 1000);
    ah_pool_leave();
}
END_TEST

START_TEST(what_is_in_use_stays_when_the_last_user_leaves)
{
    enum { SIZE = 1000 };
    unsigned char *kept = ah_pool_obtain(SIZE);
    ck_assert_ptr_nonnull(kept);
    fill(kept, SIZE, 1);
    for (int round = 0; round < 3; round++) {
        void *pieces[1000];
        ah_pool_enter();
        for (int i = 0; i < 1000; i++) {
            pieces[i] = ah_pool_obtain(SIZE);
            ck_assert_ptr_nonnull(pieces[i]);
            fill(pieces[i], SIZE, 2);
        }
        for (int i = 0; i < 1000; i++)
            ah_pool_release(pieces[i], SIZE);
        ah_pool_leave();
        ck_assert(is_filled(kept, SIZE, 1));
    }
    ah_pool_release(kept, SIZE);
}
END_TEST

#if defined(__linux__)

/* How many KiB of memory this process has; 0: the system does not tell for sure. */
static long resident(void)
{
    char line[200];
    long size = 0;
    FILE *file = fopen("/proc/self/smaps_rollup", "r");
    while (file && fgets(line, sizeof(line), file) && sscanf(line, "Rss: %ld", &size) != 1)
        continue;
    if (file)
        fclose(file);
    return size;
}

/* 64 MiB; no more than 16 are kept, and none without users. A margin for what else a process does. */
START_TEST(memory_goes_back_to_the_system)
{
    enum { SIZE = 16384, COUNT = 4096, MARGIN = 4096 };
    static void *pieces[COUNT];
    long before = resident();
    if (ah_pool_is_plain() || SANITIZED || !before)
        return;
    ah_pool_enter();
    for (int i = 0; i < COUNT; i++) {
        pieces[i] = ah_pool_obtain(SIZE);
        ck_assert_ptr_nonnull(pieces[i]);
        fill(pieces[i], SIZE, 1);
    }
    long most = resident();
    for (int i = 0; i < COUNT; i++)
        ah_pool_release(pieces[i], SIZE);
    long kept = resident();
    ah_pool_leave();
    long after = resident();
    ck_assert_int_ge(most - before, 60 * 1024);
    ck_assert_int_le(kept - before, 16 * 1024 + MARGIN);
    ck_assert_int_le(after - before, MARGIN);
}
END_TEST

#endif

/* ---- Threads ------------------------------------------------------------------------------- */

enum { THREADS = 4, SHARED = 64, ROUNDS = 5000 };

/* Where threads leave pieces for each other. */
typedef struct place {
    pthread_mutex_t lock;
    unsigned char *piece;
    size_t size;
    unsigned mark;
} place;

static place places[SHARED];

static void *exchange_pieces(void *data)
{
    unsigned seed = (unsigned)(uintptr_t)data;
    uintptr_t wrong = 0;
    for (int i = 0; i < ROUNDS; i++) {
        seed = seed * 1103515245 + 12345;
        place *at = &places[seed >> 16 & (SHARED - 1)];
        size_t size = 100 + (seed >> 8) % 3000;
        unsigned mark = seed >> 24;
        unsigned char *piece = ah_pool_obtain(size);
        if (!piece)
            return (void *)1;
        fill(piece, size, mark);
        pthread_mutex_lock(&at->lock);
        place old = *at;
        at->piece = piece;
        at->size = size;
        at->mark = mark;
        pthread_mutex_unlock(&at->lock);
        wrong += old.piece && !is_filled(old.piece, old.size, old.mark);
        ah_pool_release(old.piece, old.size);
        if (i % 1000 == 0) {
            ah_pool_enter();
            ah_pool_leave();
        }
    }
    return (void *)wrong;
}

START_TEST(what_one_thread_obtains_another_gives_back)
{
    pthread_t threads[THREADS];
    for (int i = 0; i < SHARED; i++)
        pthread_mutex_init(&places[i].lock, NULL);
    for (uintptr_t i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, exchange_pieces, (void *)(i + 1)), 0);
    for (int i = 0; i < THREADS; i++) {
        void *wrong;
        ck_assert_int_eq(pthread_join(threads[i], &wrong), 0);
        ck_assert_ptr_null(wrong);
    }
    for (int i = 0; i < SHARED; i++)
        ah_pool_release(places[i].piece, places[i].size);
}
END_TEST

static void *churn(void *data)
{
    atomic_bool *stop = data;
    while (!atomic_load(stop)) {
        ah_pool_release(ah_pool_obtain(500), 500);
        /* Nobody holds any, so that chunks come and go. */
        ah_pool_release(ah_pool_obtain(5000), 5000);
    }
    return NULL;
}

/* A child of fork() may not wait for a lock that a thread holds which it has not, nor change what it has inherited. */
START_TEST(a_child_of_fork_obtains_memory)
{
    pthread_t threads[THREADS];
    atomic_bool stop = false;
    if (ah_pool_is_plain() || SANITIZED)
        return;
    unsigned char *inherited = ah_pool_obtain(500);
    ck_assert_ptr_nonnull(inherited);
    fill(inherited, 500, 7);
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, churn, &stop), 0);
    for (int i = 0; i < 200; i++) {
        int status;
        pid_t child = fork();
        ck_assert_int_ge(child, 0);
        if (child == 0) {
            alarm(60);
            ah_pool_release(inherited, 500);
            void *piece = ah_pool_obtain(500);
            ah_pool_release(piece, 500);
            _exit(piece && is_filled(inherited, 500, 7) ? 0 : 1);
        }
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        ck_assert_int_eq(status, 0);
    }
    atomic_store(&stop, true);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    ah_pool_release(inherited, 500);
}
END_TEST

Suite *pool_suite(void)
{
    Suite *suite = suite_create("pool");
    TCase *pieces = tcase_create("pieces");
    tcase_add_test(pieces, a_piece_is_hardly_larger_than_asked_for);
    tcase_add_loop_test(pieces, pieces_in_use_do_not_overlap, 0, SIZES);
    tcase_add_test(pieces, null_is_given_back);
    tcase_add_loop_test(pieces, a_size_that_does_not_exist_gives_null, 0, 3);
    tcase_add_test(pieces, one_of_each_size_is_kept);
    tcase_add_test(pieces, what_is_in_use_stays_when_the_last_user_leaves);
#if defined(__linux__)
    tcase_add_test(pieces, memory_goes_back_to_the_system);
#endif
    suite_add_tcase(suite, pieces);
    TCase *threads = tcase_create("threads");
    tcase_add_test(threads, what_one_thread_obtains_another_gives_back);
    tcase_add_test(threads, a_child_of_fork_obtains_memory);
    suite_add_tcase(suite, threads);
    return suite;
}
