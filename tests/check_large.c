/*
 * Bodies that are larger than what a process should hold: stored and served in pieces, with little more memory than the
 * program's own copy takes, if it wants one.
 *
 * CHECK_LARGE is how many MiB they have, up to 1024; then the figures are printed.
 */
#include <stdio.h>
#include <stdlib.h>

#include "client.h"
#include "fixture.h"
#include "origin/pattern.h"
#include "sanitized.h"
#include "small.h"
#include "stored.h"
#include "suites.h"

enum { MIB = 1024 * 1024 };

/* How many KiB a body of any size may take beside the program's copy: pieces of it on their way, what SQLite holds, and
 * what threads, libcurl and SQLite take when they are first used for one. */
static const long flat = 2L * 1024;

/* The most that the origin compresses. */
static const uint64_t most_compressed = 64 * MIB;

static uint64_t body_bytes(void)
{
    const char *given = getenv("CHECK_LARGE");
    unsigned long mib = given ? strtoul(given, NULL, 10) : 0;
    if (mib < 1 || mib > 1024)
        mib = small() ? 16 : 256;
    return (uint64_t)mib * MIB;
}

/* Room for one body and a half. */
static void large_setup(void)
{
    stored_setup();
    asynchttp_cache_free(cache);
    cache = asynchttp_cache_sqlite(stored_directory(), body_bytes() / 2 * 3, body_bytes());
    ck_assert_ptr_nonnull(cache);
    ck_assert_int_eq(asynchttp_http_set_cache(http, cache), ASYNCHTTP_OK);
    stored_get(stored(FRESH "bytes=1000000"), NULL);
}

static const resource *large_page(void)
{
    return stored(stored_print(FRESH "stream=%llu", (unsigned long long)body_bytes()));
}

/* ---- How it is taken ----------------------------------------------------------------------- */

typedef enum manner { STREAMED, KEPT } manner;
typedef enum source { SERVER, CACHE } source;

/* What a callback has got. */
typedef struct taken {
    uint64_t length;
    uint64_t wrong;
} taken;

static int take(asynchttp_promise *promise, const void *data, size_t length, void *callback_data)
{
    taken *all = callback_data;
    (void)promise;
    all->wrong += pattern_mismatches(data, length, all->length);
    all->length += length;
    return 0;
}

static void take_content(asynchttp_promise *promise, taken *all)
{
    const void *content;
    size_t length;
    ck_assert_int_eq(asynchttp_promise_content(promise, &content, &length), ASYNCHTTP_OK);
    take(promise, content, length, all);
}

/* Sanitizers and valgrind, for which sizes are small, take memory of their own. */
static void check_memory(long kib, source from, manner how)
{
    if (getenv("CHECK_LARGE"))
        fprintf(stderr, "%s, %s: %ld KiB more\n", from == CACHE ? "served" : "stored",
                how == STREAMED ? "streamed" : "besides the copy", kib);
    if (!SANITIZED && !small())
        ck_assert_int_lt(kib, flat);
}

/* Gets so many bytes from where they are to come from, and looks how much memory that took. */
static void get(const resource *page, uint64_t length, source from, manner how)
{
    taken all = {0};
    client_forget_peak();
    long before = client_peak_memory();
    asynchttp_promise *promise = asynchttp_http_request(
        http, page->url, how == STREAMED ? ASYNCHTTP_REQUEST(.on_data = take, .callback_data = &all) : NULL);
    ck_assert_int_eq(client_wait(promise), ASYNCHTTP_OK);
    ck_assert_int_eq(stored_fromcache(promise), from == CACHE);
    check_memory(client_peak_memory() - before - (how == KEPT ? (long)(length / 1024) : 0), from, how);
    if (how == KEPT)
        take_content(promise, &all);
    asynchttp_promise_free(promise);
    ck_assert_uint_eq(all.length, length);
    ck_assert_uint_eq(all.wrong, 0);
}

/* ---- Tests --------------------------------------------------------------------------------- */

/* Also while one takes the place of another. */
START_TEST(test_streamed)
{
    const resource *one = large_page();
    const resource *other = large_page();
    get(one, body_bytes(), SERVER, STREAMED);
    get(one, body_bytes(), CACHE, STREAMED);
    get(other, body_bytes(), SERVER, STREAMED);
    ck_assert_uint_ge(stored_statistics().evictions, 1);
    get(other, body_bytes(), CACHE, STREAMED);
    get(other, body_bytes(), CACHE, KEPT);
}
END_TEST

START_TEST(test_kept)
{
    get(large_page(), body_bytes(), SERVER, KEPT);
}
END_TEST

START_TEST(test_decoded)
{
    uint64_t length = body_bytes() < most_compressed ? body_bytes() : most_compressed;
    const resource *page = stored(stored_print(FRESH "gzip=%llu", (unsigned long long)length));
    ck_assert_int_eq(asynchttp_http_set_decode_limit_ratio(http, 0), ASYNCHTTP_OK);
    get(page, length, SERVER, STREAMED);
    get(page, length, CACHE, STREAMED);
}
END_TEST

Suite *large_suite(void)
{
    Suite *suite = suite_create("large");
    TCase *tcase = stored_case(suite, "large", large_setup);
    tcase_set_timeout(tcase, 600);
    tcase_add_test(tcase, test_streamed);
    tcase_add_test(tcase, test_kept);
    tcase_add_test(tcase, test_decoded);
    return suite;
}
