/*
 * Tests of lib/base/heap.h, whose work can be seen where the system gives memory when it is asked for it, and tells what
 * has some; elsewhere nothing is tested.
 */
#if defined(__linux__) && !defined(_GNU_SOURCE)
/* For mincore(). */
#define _GNU_SOURCE
#endif

#include "suites.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/heap.h"
#include "base/pool.h"
#include "sanitized.h"

#if defined(__GLIBC__) && defined(MADV_POPULATE_WRITE)

/* Pieces of which malloc() itself touches the first and the last page, but not the one in the middle. */
enum { PIECES = 2, PIECE = 12000, ROUNDS = 40, MOST_FILLERS = 1000 };

static bool can_populate(void)
{
    bool can = false;
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page != MAP_FAILED) {
        can = madvise(page, 4096, MADV_POPULATE_WRITE) == 0;
        munmap(page, 4096);
    }
    return can && !SANITIZED && !ah_pool_is_plain();
}

static bool has_memory(const char *byte)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    unsigned char resident = 0;
    ck_assert_int_eq(mincore((void *)((uintptr_t)byte / page * page), page, &resident), 0);
    return resident & 1;
}

/* What earlier threads have left of the heap, for this one to begin with, is filled: until much lies where little
 * would. How many pieces that took. */
static size_t fill_gaps(void **fillers, size_t most)
{
    enum { LITTLE = 24 << 10, MUCH = 88 << 10 };
    for (size_t count = 0; count < most; count++) {
        void *little = malloc(LITTLE);
        /* Or the compiler would know that nothing else can be there. */
        volatile uintptr_t place = (uintptr_t)little;
        free(little);
        void *much = malloc(MUCH);
        bool same = (uintptr_t)much == place;
        free(much);
        if (same)
            return count;
        fillers[count] = malloc(LITTLE);
    }
    return most;
}

/* Obtains new pieces of the heap and fills them. Returns, as a string so long, how many had no memory before. */
static void *fill(void *unused)
{
    void *fillers[MOST_FILLERS];
    char *pieces[ROUNDS * PIECES];
    (void)unused;
    char *without = calloc(1, ROUNDS * PIECES + 1);
    ck_assert_ptr_nonnull(without);
    size_t filled = fill_gaps(fillers, MOST_FILLERS);
    for (int i = 0; i < ROUNDS * PIECES; i++) {
        if (i % PIECES == 0)
            ah_heap_prepare();
        pieces[i] = malloc(PIECE);
        ck_assert_ptr_nonnull(pieces[i]);
        if (!has_memory(pieces[i] + PIECE / 2))
            without[strlen(without)] = '-';
        memset(pieces[i], i, PIECE);
    }
    for (int i = 0; i < ROUNDS * PIECES; i++)
        free(pieces[i]);
    while (filled)
        free(fillers[--filled]);
    return without;
}

START_TEST(what_is_prepared_has_its_memory)
{
    pthread_t thread;
    void *without;
    if (!can_populate())
        return;
    /* A thread has a heap that is not the first one's. */
    ck_assert_int_eq(pthread_create(&thread, NULL, fill, NULL), 0);
    ck_assert_int_eq(pthread_join(thread, &without), 0);
    ck_assert_msg(strlen(without) <= ROUNDS * PIECES / 10, "%zu of %d pieces have no memory", strlen(without),
                  ROUNDS * PIECES);
    free(without);
}
END_TEST

#else

START_TEST(what_is_prepared_has_its_memory)
{
    ah_heap_prepare();
}
END_TEST

#endif

Suite *heap_suite(void)
{
    Suite *suite = suite_create("heap");
    TCase *tcase = tcase_create("heap");
    tcase_add_test(tcase, what_is_prepared_has_its_memory);
    suite_add_tcase(suite, tcase);
    return suite;
}
