/*
 * The cache as a program sees it: what is answered from it, what the server is asked then, and what is in the answers.
 *
 * Each case runs with the cache in SQLite and with one of the program's own objects. How old a response is and how long
 * it is fresh, it says itself, in Age and Cache-Control: nothing waits for time to pass.
 */
#include <math.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "client.h"
#include "fixture.h"
#include "origin/pattern.h"
#include "stored.h"
#include "suites.h"
#include "table.h"

/* A date long ago, as there is no stronger Last-Modified. */
#define LONG_AGO "Sat, 01 Jan 2000 00:00:00 GMT"
#define LATER "Sun, 02 Jan 2000 00:00:00 GMT"

/* ---- Hits ---------------------------------------------------------------------------------- */

START_TEST(test_hit)
{
    const resource *page = stored(FRESH "X-Own=1&Set-Cookie=a&Set-Cookie=b&Content-Type=text/x&body=one");
    stored_expect_next_miss(page, "one");
    asynchttp_promise *promise = stored_get(page, NULL);
    stored_expect_hit(promise, "one");
    asynchttp_response *response = client_response(promise);
    ck_assert_int_eq(asynchttp_response_status(response), 200);
    ck_assert_str_eq(asynchttp_response_reason(response), "OK");
    ck_assert_int_eq(asynchttp_response_version(response), 11);
    ck_assert_str_eq(asynchttp_response_get(response, "status"), "200");
    ck_assert_str_eq(asynchttp_response_get(response, "x-own"), "1");
    ck_assert_str_eq(asynchttp_response_get(response, "content-type"), "text/x");
    ck_assert_str_eq(asynchttp_response_get(response, "content-length"), "3");
    ck_assert_str_eq(asynchttp_response_get(response, "content-location"), page->url);
    ck_assert_str_eq(asynchttp_response_values(response, "set-cookie", 1), "b");
    ck_assert_int_eq(stored_count(page), 1);
}
END_TEST

START_TEST(test_age)
{
    const resource *page = stored("Cache-Control=max-age=1000&Age=5&body=one");
    ck_assert_str_eq(client_header(stored_get(page, NULL), "age"), "5");
    const char *age = client_header(stored_get(page, NULL), "age");
    ck_assert_ptr_nonnull(age);
    ck_assert_int_ge(atoi(age), 5);
    ck_assert_int_lt(atoi(age), 500);
}
END_TEST

/* What one caller does to a response, the next does not see. */
START_TEST(test_responses_are_copies)
{
    const resource *page = stored(FRESH "X-Own=1&body=one");
    asynchttp_response *response = client_response(stored_get(page, NULL));
    asynchttp_response_set(response, "x-own", "2");
    response = client_response(stored_get(page, NULL));
    ck_assert_str_eq(asynchttp_response_get(response, "x-own"), "1");
    asynchttp_response_delete(response, "x-own");
    ck_assert_str_eq(client_header(stored_get(page, NULL), "x-own"), "1");
}
END_TEST

START_TEST(test_fragment_is_no_part_of_the_key)
{
    char url[8300];
    const resource *page = stored(FRESH "body=one");
    stored_get(page, NULL);
    snprintf(url, sizeof(url), "%s#part", page->url);
    stored_expect_hit(client_request(url, NULL), "one");
}
END_TEST

/* Freshness in all the ways in which it is told; the second request is answered from the cache, or not. */
static const struct {
    const char *fields;
    bool fresh;
} lifetimes[] = {
    {"Cache-Control=max-age=1000", true},
    {"Cache-Control=max-age=1000&Age=999999", false},
    {"Cache-Control=max-age=0", false},
    {"Cache-Control=s-maxage=1000", false},
    {"Cache-Control=max-age=1000&Expires=0", true},
    {"Cache-Control=max-age=10&Date=" LONG_AGO, false},
    {"Expires=Fri, 01 Jan 2100 00:00:00 GMT", true},
    {"Expires=" LONG_AGO, false},
    {"Expires=0&Last-Modified=" LONG_AGO, false},
    {"Cache-Control=private,max-age=1000", true},
    {"Cache-Control=no-cache,max-age=1000", false},
    {"Cache-Control=no-store,max-age=1000", false},
    {"Last-Modified=" LONG_AGO, false},
    {"X-Nothing=1", false},
};

START_TEST(test_lifetime)
{
    char query[512];
    snprintf(query, sizeof(query), "%s&body=one", lifetimes[_i].fields);
    const resource *page = stored(query);
    stored_expect_next_miss(page, "one");
    asynchttp_promise *promise = stored_get(page, NULL);
    ck_assert_str_eq(client_text(promise), "one");
    /* Validated or not, the server was asked. */
    ck_assert_msg(stored_count(page) == (lifetimes[_i].fresh ? 1 : 2), "%s", lifetimes[_i].fields);
}
END_TEST

START_TEST(test_statuses)
{
    const resource *missing = stored(FRESH "status=404&body=gone");
    const resource *failing = stored(FRESH "status=500&body=broken&then&body=well");
    const resource *teapot = stored("status=299&body=one");
    stored_get(missing, NULL);
    asynchttp_promise *promise = stored_get(missing, NULL);
    stored_expect_hit(promise, "gone");
    ck_assert_int_eq(client_status(promise), 404);
    ck_assert_str_eq(asynchttp_response_reason(client_response(promise)), "Not Found");
    stored_get(failing, NULL);
    stored_expect_next_hit(failing, "broken");
    stored_get(teapot, NULL);
    stored_expect_next_miss(teapot, "one");
}
END_TEST

/* ---- HEAD ---------------------------------------------------------------------------------- */

START_TEST(test_head_from_a_stored_get)
{
    const resource *page = stored(FRESH "X-Own=1&body=one");
    stored_get(page, NULL);
    asynchttp_promise *promise = stored_request(page, "HEAD", NULL, NULL);
    stored_expect_hit(promise, "");
    ck_assert_str_eq(client_header(promise, "content-length"), "3");
    ck_assert_str_eq(client_header(promise, "x-own"), "1");
    ck_assert_int_eq(stored_count(page), 1);
}
END_TEST

START_TEST(test_head_is_not_stored)
{
    const resource *page = stored(FRESH "body=one");
    stored_expect_miss(stored_request(page, "HEAD", NULL, NULL), "");
    stored_expect_miss(stored_request(page, "HEAD", NULL, NULL), "");
    stored_expect_next_miss(page, "one");
}
END_TEST

START_TEST(test_head_updates_what_is_stored)
{
    const resource *page = stored(STALE "X-Own=1&body=one&then&" FRESH "X-Own=2&body=one");
    stored_get(page, NULL);
    stored_expect_miss(stored_request(page, "HEAD", NULL, NULL), "");
    asynchttp_promise *promise = stored_get(page, NULL);
    stored_expect_hit(promise, "one");
    ck_assert_str_eq(client_header(promise, "x-own"), "2");
    ck_assert_int_eq(stored_count(page), 2);
}
END_TEST

static const char *const other_heads[] = {
    STALE "body=one&then&" FRESH "body=three&then&body=three",
    STALE "body=one&then&" FRESH "ETag=\"b\"&body=one&then&body=three",
    STALE "body=one&then&" FRESH "Last-Modified=" LATER "&body=one&then&body=three",
    STALE "body=one&then&status=404&body=x&then&body=three",
};

START_TEST(test_head_invalidates_what_is_stored)
{
    const resource *page = stored(other_heads[_i]);
    stored_get(page, NULL);
    stored_request(page, "HEAD", NULL, NULL);
    /* Even for one who takes stale responses. */
    stored_expect_miss(stored_get(page, FIELDS("cache-control", "max-stale")), "three");
}
END_TEST

/* ---- Validation ---------------------------------------------------------------------------- */

static void expect_validated(const char *query, const char *condition, const char *value)
{
    const resource *page = stored(query);
    stored_expect_next_miss(page, "one");
    asynchttp_promise *promise = stored_get(page, NULL);
    stored_expect_hit(promise, "one");
    ck_assert_int_eq(client_status(promise), 200);
    ck_assert_str_eq(client_header(promise, "status"), "200");
    ck_assert_str_eq(client_header(promise, "x-own"), "2");
    ck_assert_str_eq(client_header(promise, "content-length"), "3");
    ck_assert_str_eq(stored_asked(page, 2, condition), value);
    ck_assert_ptr_null(stored_asked(page, 1, condition));
    promise = stored_get(page, NULL);
    stored_expect_hit(promise, "one");
    ck_assert_str_eq(client_header(promise, "x-own"), "2");
    ck_assert_int_eq(stored_count(page), 2);
    ck_assert_uint_eq(stored_statistics().revalidations, 1);
}

START_TEST(test_validation_by_etag)
{
    expect_validated(STALE "ETag=\"a\"&X-Own=1&body=one&then&" FRESH "ETag=\"a\"&X-Own=2&body=one", "if-none-match",
                     "\"a\"");
}
END_TEST

START_TEST(test_validation_by_a_weak_etag)
{
    expect_validated(STALE "ETag=W/\"a\"&X-Own=1&body=one&then&" FRESH "ETag=W/\"a\"&X-Own=2&body=one", "if-none-match",
                     "W/\"a\"");
}
END_TEST

START_TEST(test_validation_by_date)
{
    expect_validated(STALE "Last-Modified=" LONG_AGO "&X-Own=1&body=one&then&" FRESH "Last-Modified=" LONG_AGO
                           "&X-Own=2&body=one",
                     "if-modified-since", LONG_AGO);
}
END_TEST

START_TEST(test_validation_without_validators_in_the_304)
{
    expect_validated(STALE "ETag=\"a\"&X-Own=1&body=one&then&status=304&" FRESH "X-Own=2", "if-none-match", "\"a\"");
}
END_TEST

START_TEST(test_validation_brings_another)
{
    const resource *page = stored(STALE "ETag=\"a\"&body=one&then&" FRESH "ETag=\"b\"&body=three");
    stored_get(page, NULL);
    stored_expect_next_miss(page, "three");
    ck_assert_str_eq(stored_asked(page, 2, "if-none-match"), "\"a\"");
    stored_expect_next_hit(page, "three");
    ck_assert_uint_eq(stored_statistics().revalidations, 0);
}
END_TEST

START_TEST(test_304_that_fits_nothing)
{
    const resource *page = stored(STALE "ETag=\"a\"&body=one&then&status=304&ETag=\"b\"&then&" FRESH "body=three");
    stored_get(page, NULL);
    stored_expect_next_miss(page, "three");
    ck_assert_str_eq(stored_asked(page, 2, "if-none-match"), "\"a\"");
    ck_assert_ptr_null(stored_asked(page, 3, "if-none-match"));
    stored_expect_next_hit(page, "three");
}
END_TEST

/* What has to be asked for each time anyway is not written each time it was confirmed, unless something is new. */
START_TEST(test_validation_that_is_no_news)
{
    enum { TIMES = 30 };
    table objects;
    asynchttp_promise *last = NULL;
    const resource *page = stored("Cache-Control=no-cache&ETag=\"a\"&X-Own=1&body=one");
    const resource *other = stored("Cache-Control=max-age=0,stale-if-error=1000&ETag=\"a\"&X-Own=1&body=one&then&"
                                   "Cache-Control=max-age=0,stale-if-error=1000&ETag=\"a\"&X-Own=2&body=one&then&"
                                   "status=503");
    table_init(&objects);
    asynchttp_cache *counting = asynchttp_cache_new(&table_methods, &objects);
    ck_assert_ptr_nonnull(counting);
    asynchttp_http_set_cache(http, counting);
    stored_get(page, NULL);
    size_t sets = objects.sets;
    time_t began = time(NULL);
    for (int i = 0; i < TIMES; i++)
        stored_expect_next_hit(page, "one");
    ck_assert_uint_le(objects.sets - sets, (size_t)(time(NULL) - began) + 1);
    ck_assert_int_eq(stored_count(page), 1 + TIMES);
    for (int i = 0; i < 3; i++)
        last = stored_get(other, NULL);
    stored_expect_hit(last, "one");
    ck_assert_str_eq(client_header(last, "x-own"), "2");
    asynchttp_cache_free(counting);
    client_teardown();
    table_clear(&objects);
}
END_TEST

/* A 304 that nobody asked for is the server's own affair. */
START_TEST(test_304_to_no_condition)
{
    const resource *page = stored("status=304");
    asynchttp_promise *promise = stored_get(page, NULL);
    stored_expect_miss(promise, "");
    ck_assert_int_eq(client_status(promise), 304);
    ck_assert_int_eq(stored_count(page), 1);
}
END_TEST

START_TEST(test_304_may_forbid_storing)
{
    const resource *page = stored(STALE "ETag=\"a\"&body=one&then&status=304&ETag=\"a\"&Cache-Control=no-store&then&"
                                        "body=three");
    stored_get(page, NULL);
    stored_expect_next_hit(page, "one");
    stored_expect_next_miss(page, "three");
    ck_assert_ptr_null(stored_asked(page, 3, "if-none-match"));
}
END_TEST

START_TEST(test_ignore_etag)
{
    const resource *page = stored(STALE "ETag=\"a\"&Last-Modified=" LONG_AGO "&body=one");
    asynchttp_http_set_ignore_etag(http, true);
    stored_get(page, NULL);
    stored_expect_next_hit(page, "one");
    ck_assert_ptr_null(stored_asked(page, 2, "if-none-match"));
    ck_assert_str_eq(stored_asked(page, 2, "if-modified-since"), LONG_AGO);
}
END_TEST

/* ---- Variants ------------------------------------------------------------------------------ */

START_TEST(test_variants)
{
    const resource *page = stored(FRESH "Vary=X-Kind&ETag=\"a\"&body=a&then&" FRESH
                                        "Vary=X-Kind&ETag=\"b\"&body=b&then&status=304&ETag=\"a\"&Vary=X-Kind&" FRESH);
    stored_expect_miss(stored_get(page, FIELDS("x-kind", "1")), "a");
    stored_expect_miss(stored_get(page, FIELDS("X-Kind", "2")), "b");
    stored_expect_hit(stored_get(page, FIELDS("x-kind", "1")), "a");
    stored_expect_hit(stored_get(page, FIELDS("x-kind", "2")), "b");
    ck_assert_int_eq(stored_count(page), 2);
    /* Another one might be either: the server says which. */
    asynchttp_promise *promise = stored_get(page, FIELDS("x-kind", "3"));
    stored_expect_hit(promise, "a");
    ck_assert_int_eq(client_status(promise), 200);
    ck_assert_str_eq(stored_asked(page, 3, "if-none-match"), "\"b\", \"a\"");
}
END_TEST

START_TEST(test_variants_by_absence)
{
    const resource *page = stored(FRESH "Vary=X-Kind&body=a&then&" FRESH "Vary=X-Kind&body=b");
    stored_expect_miss(stored_get(page, NULL), "a");
    stored_expect_miss(stored_get(page, FIELDS("x-kind", "2")), "b");
    stored_expect_hit(stored_get(page, NULL), "a");
}
END_TEST

START_TEST(test_variants_are_normalised)
{
    const resource *page = stored(FRESH "Vary=Accept-Language, X-Kind&body=a");
    stored_get(page, FIELDS("accept-language", "de, EN;q=0.5", "x-kind", "1, 2"));
    stored_expect_hit(stored_get(page, FIELDS("Accept-Language", "en;q=0.5,de", "X-Kind", "1,2")), "a");
    stored_expect_miss(stored_get(page, FIELDS("Accept-Language", "en;q=0.5,de", "X-Kind", "2,1")), "a");
}
END_TEST

START_TEST(test_vary_by_anything)
{
    const resource *page = stored(FRESH "Vary=*&ETag=\"a\"&body=a");
    stored_get(page, NULL);
    ck_assert_str_eq(client_text(stored_get(page, NULL)), "a");
    ck_assert_int_eq(stored_count(page), 2);
}
END_TEST

/* Of those that fit it is one that says by what it varies, if there is any. */
START_TEST(test_vary_changes)
{
    const resource *page = stored(FRESH "Vary=X-Kind&body=a&then&" FRESH "body=b");
    stored_get(page, FIELDS("x-kind", "1"));
    stored_expect_miss(stored_get(page, FIELDS("x-kind", "2")), "b");
    stored_expect_hit(stored_get(page, FIELDS("x-kind", "3")), "b");
    stored_expect_hit(stored_get(page, FIELDS("x-kind", "1")), "a");
}
END_TEST

START_TEST(test_callers_do_not_share)
{
    const resource *page = stored(FRESH "body=a&then&" FRESH "body=b&then&" FRESH "body=c");
    stored_expect_miss(stored_get(page, FIELDS("authorization", "Bearer a")), "a");
    stored_expect_miss(stored_get(page, FIELDS("authorization", "Bearer b")), "b");
    stored_expect_miss(stored_get(page, NULL), "c");
    stored_expect_hit(stored_get(page, FIELDS("authorization", "Bearer a")), "a");
    stored_expect_hit(stored_get(page, FIELDS("authorization", "Bearer b")), "b");
    stored_expect_hit(stored_get(page, NULL), "c");
}
END_TEST

START_TEST(test_callers_share_what_is_public)
{
    const resource *page = stored("Cache-Control=public,max-age=1000&body=a");
    stored_get(page, FIELDS("authorization", "Bearer a"));
    stored_expect_hit(stored_get(page, FIELDS("authorization", "Bearer b")), "a");
    stored_expect_hit(stored_get(page, NULL), "a");
}
END_TEST

/* What a client got by its credentials is not for one without them, or with others. */
START_TEST(test_credentials_do_not_share)
{
    const resource *page = stored("status=401&WWW-Authenticate=Basic realm=\"r\"&then&" FRESH
                                  "body=secret&then&status=401&WWW-Authenticate=Basic realm=\"r\"&body=no");
    asynchttp_http_add_credentials(http, "user", "secret", NULL);
    stored_expect_miss(stored_get(page, NULL), "secret");
    stored_expect_next_hit(page, "secret");
    ck_assert_int_eq(stored_count(page), 2);
    asynchttp_http *other = asynchttp_http_new(NULL);
    asynchttp_http_set_cache(other, cache);
    stored_expect_miss(client_keep(asynchttp_http_request(other, page->url, NULL)), "no");
    asynchttp_http_add_credentials(other, "other", "word", NULL);
    stored_expect_miss(client_keep(asynchttp_http_request(other, page->url, NULL)), "no");
    asynchttp_http_free(other);
}
END_TEST

/* A refusal is not what one gets who has the password. */
START_TEST(test_refusals_are_not_stored)
{
    const resource *page = stored(FRESH "status=401&WWW-Authenticate=Basic realm=\"r\"&body=no&then&" FRESH
                                        "status=401&WWW-Authenticate=Basic realm=\"r\"&body=no&then&body=secret");
    stored_expect_miss(stored_get(page, NULL), "no");
    asynchttp_http_add_credentials(http, "user", "secret", NULL);
    stored_expect_miss(stored_get(page, NULL), "secret");
}
END_TEST

/* ---- What the caller asks for -------------------------------------------------------------- */

/* What a request's Cache-Control makes of a stored response: whether the server is asked. */
static const struct {
    const char *stored;
    const char *asked;
    bool hit;
} wishes[] = {
    {"max-age=100&Age=50", "max-age=60", true},
    {"max-age=100&Age=50", "max-age=40", false},
    {"max-age=100&Age=50", "max-age=0", false},
    {"max-age=100&Age=50", "min-fresh=40", true},
    {"max-age=100&Age=50", "min-fresh=60", false},
    {"max-age=100&Age=50", "no-cache", false},
    {"max-age=100&Age=50", "x-unknown", true},
    {"max-age=10&Age=20", "max-stale", true},
    {"max-age=10&Age=20", "max-stale=100", true},
    {"max-age=10&Age=20", "max-stale=5", false},
    {"max-age=10&Age=20", "max-stale=100, max-age=100", true},
    {"max-age=10&Age=20", "max-stale=100, max-age=15", false},
    {"max-age=10,must-revalidate&Age=20", "max-stale", false},
    {"max-age=10,no-cache&Age=20", "max-stale", false},
    {"max-age=100&Age=50", "only-if-cached", true},
    {"max-age=10&Age=20", "only-if-cached, max-stale", true},
};

START_TEST(test_wish)
{
    char query[256];
    snprintf(query, sizeof(query), "Cache-Control=%s&body=one&then&" FRESH "body=three", wishes[_i].stored);
    const resource *page = stored(query);
    stored_get(page, NULL);
    asynchttp_promise *promise = stored_get(page, FIELDS("cache-control", wishes[_i].asked));
    ck_assert_msg(stored_fromcache(promise) == wishes[_i].hit, "%s: %s", wishes[_i].stored, wishes[_i].asked);
    ck_assert_str_eq(client_text(promise), wishes[_i].hit ? "one" : "three");
    if (!wishes[_i].hit)
        ck_assert_str_eq(stored_asked(page, 2, "cache-control"), wishes[_i].asked);
}
END_TEST

START_TEST(test_no_store_of_the_request)
{
    const resource *page = stored(FRESH "body=one&then&" FRESH "body=three&then&" FRESH "body=five");
    stored_expect_miss(stored_get(page, FIELDS("cache-control", "no-store")), "one");
    stored_expect_next_miss(page, "three");
    stored_expect_miss(stored_get(page, FIELDS("cache-control", "no-store")), "five");
    stored_expect_next_hit(page, "three");
}
END_TEST

static void expect_unavailable(asynchttp_promise *promise)
{
    ck_assert_int_eq(client_status(promise), 504);
    ck_assert_str_eq(client_header(promise, "status"), "504");
    ck_assert_str_eq(client_text(promise), "");
}

START_TEST(test_only_if_cached)
{
    const resource *absent = stored(FRESH "body=one");
    const resource *stale = stored(STALE "body=one");
    const char *const *only = FIELDS("cache-control", "only-if-cached");
    expect_unavailable(stored_get(absent, only));
    ck_assert_int_eq(stored_count(absent), 0);
    stored_get(absent, NULL);
    stored_expect_hit(stored_get(absent, only), "one");
    stored_get(stale, NULL);
    expect_unavailable(stored_get(stale, only));
    ck_assert_int_eq(stored_count(stale), 1);
    asynchttp_http_set_cache(http, NULL);
    expect_unavailable(stored_get(absent, only));
    ck_assert_int_eq(stored_count(absent), 1);
}
END_TEST

START_TEST(test_no_cache_of_the_request)
{
    const resource *page = stored(FRESH "ETag=\"a\"&body=one");
    stored_get(page, NULL);
    /* As httplib2 has it, the server says whether what is stored is still good. */
    stored_expect_hit(stored_get(page, FIELDS("cache-control", "no-cache")), "one");
    ck_assert_int_eq(stored_count(page), 2);
    stored_expect_hit(stored_get(page, FIELDS("pragma", "no-cache")), "one");
    ck_assert_int_eq(stored_count(page), 3);
    ck_assert_str_eq(stored_asked(page, 3, "pragma"), "no-cache");
    ck_assert_str_eq(stored_asked(page, 3, "cache-control"), "no-cache");
    stored_expect_hit(stored_get(page, FIELDS("pragma", "no-cache", "cache-control", "max-age=100")), "one");
    ck_assert_int_eq(stored_count(page), 3);
}
END_TEST

/* ---- Conditions of the caller -------------------------------------------------------------- */

START_TEST(test_condition_is_answered_from_what_is_fresh)
{
    const resource *page = stored(FRESH "ETag=\"a\"&Last-Modified=" LONG_AGO "&X-Own=1&body=one");
    stored_get(page, NULL);
    asynchttp_promise *promise = stored_get(page, FIELDS("if-none-match", "\"b\", \"a\""));
    stored_expect_hit(promise, "");
    ck_assert_int_eq(client_status(promise), 304);
    ck_assert_str_eq(client_header(promise, "status"), "304");
    ck_assert_str_eq(client_header(promise, "etag"), "\"a\"");
    ck_assert_ptr_null(client_header(promise, "content-length"));
    promise = stored_get(page, FIELDS("if-modified-since", LATER));
    stored_expect_hit(promise, "");
    ck_assert_int_eq(client_status(promise), 304);
    stored_expect_hit(stored_get(page, FIELDS("if-none-match", "\"b\"")), "one");
    /* Tags are more exact than dates. */
    stored_expect_hit(stored_get(page, FIELDS("if-none-match", "\"b\"", "if-modified-since", LATER)), "one");
    ck_assert_int_eq(stored_count(page), 1);
    stored_expect_next_hit(page, "one");
}
END_TEST

START_TEST(test_condition_is_forwarded)
{
    const resource *page = stored(STALE "ETag=\"a\"&X-Own=1&body=one&then&" FRESH "ETag=\"a\"&X-Own=2&body=one");
    stored_get(page, NULL);
    asynchttp_promise *promise = stored_get(page, FIELDS("if-none-match", "\"c\", \"a\""));
    ck_assert_int_eq(client_status(promise), 304);
    ck_assert_str_eq(stored_asked(page, 2, "if-none-match"), "\"c\", \"a\"");
    /* What is stored has learnt from it. */
    promise = stored_get(page, NULL);
    stored_expect_hit(promise, "one");
    ck_assert_str_eq(client_header(promise, "x-own"), "2");
    ck_assert_int_eq(stored_count(page), 2);
}
END_TEST

START_TEST(test_condition_that_is_not_the_caches)
{
    const resource *page = stored(FRESH "ETag=\"a\"&body=one&then&status=412&body=no");
    stored_get(page, NULL);
    asynchttp_promise *promise = stored_get(page, FIELDS("if-match", "\"b\""));
    stored_expect_miss(promise, "no");
    ck_assert_int_eq(client_status(promise), 412);
    ck_assert_str_eq(stored_asked(page, 2, "if-match"), "\"b\"");
    stored_expect_next_hit(page, "one");
}
END_TEST

/* ---- Stale responses ----------------------------------------------------------------------- */

/* Waits until the cache has stored so many responses, or had so many confirmed. */
static void await_stores(uint64_t count)
{
    const struct timespec pause = {.tv_nsec = 2000000};
    for (int i = 0; stored_statistics().stores + stored_statistics().revalidations < count; i++) {
        ck_assert_int_lt(i, 15000);
        nanosleep(&pause, NULL);
    }
}

#define REVALIDATED "Cache-Control=max-age=10,stale-while-revalidate=1000&Age=20&"

START_TEST(test_stale_while_revalidate)
{
    const resource *page = stored(REVALIDATED "ETag=\"a\"&body=one&then&" FRESH "ETag=\"b\"&hold=refresh&body=three");
    stored_get(page, NULL);
    for (int i = 0; i < 10; i++)
        stored_expect_next_hit(page, "one");
    origin_await(1, "/held/refresh");
    stored_expect_next_hit(page, "one");
    ck_assert_int_eq(stored_count(page), 2);
    ck_assert_str_eq(stored_asked(page, 2, "if-none-match"), "\"a\"");
    origin_number("/release/refresh");
    await_stores(2);
    stored_expect_next_hit(page, "three");
    ck_assert_int_eq(stored_count(page), 2);
}
END_TEST

START_TEST(test_stale_while_revalidate_is_confirmed)
{
    const resource *page = stored(REVALIDATED "ETag=\"a\"&X-Own=1&body=one&then&" FRESH "ETag=\"a\"&X-Own=2&body=one");
    stored_get(page, NULL);
    ck_assert_str_eq(client_header(stored_get(page, NULL), "x-own"), "1");
    stored_await(page, 2);
    /* The second answer is there before what is stored has learnt from it. */
    for (int i = 0; strcmp(client_header(stored_get(page, NULL), "x-own"), "2") != 0; i++)
        ck_assert_int_lt(i, 10000);
    stored_expect_next_hit(page, "one");
    ck_assert_int_eq(stored_count(page), 2);
}
END_TEST

/* A refresh is for the stored redirect and not for what that leads to. */
START_TEST(test_refresh_of_a_redirect)
{
    const resource *target = stored("body=one");
    const resource *page = stored(stored_print(REVALIDATED "status=301&Location=%s", stored_encoded(target->url)));
    stored_expect_next_miss(page, "one");
    stored_expect_next_miss(page, "one");
    ck_assert_int_eq(asynchttp_http_close(http), ASYNCHTTP_OK);
    ck_assert_int_eq(stored_count(page), 2);
    ck_assert_int_eq(stored_count(target), 2);
}
END_TEST

static atomic_int pieces_read;

/* The keys of pieces of content begin with that of their index. */
static void count_pieces(table *from, const char *key)
{
    (void)from;
    atomic_fetch_add(&pieces_read, strlen(key) > strlen("asynchttp:1:") + 64);
}

/* Nobody waits for the content of a refresh, which may be large. */
START_TEST(test_refresh_reads_no_content)
{
    table objects;
    table_init(&objects);
    objects.before_get = count_pieces;
    asynchttp_cache *own = asynchttp_cache_new(&table_methods, &objects);
    ck_assert_int_eq(asynchttp_http_set_cache(http, own), ASYNCHTTP_OK);
    const resource *page = stored(REVALIDATED "ETag=\"a\"&bytes=1000000&then&" FRESH "ETag=\"a\"&bytes=1000000");
    stored_get(page, NULL);
    atomic_store(&pieces_read, 0);
    client_expect_pattern(stored_get(page, NULL), 1000000);
    ck_assert_int_eq(asynchttp_http_close(http), ASYNCHTTP_OK);
    ck_assert_int_eq(atomic_load(&pieces_read), 2);
    ck_assert_str_eq(stored_asked(page, 2, "if-none-match"), "\"a\"");
    asynchttp_http_set_cache(http, cache);
    asynchttp_cache_free(own);
    table_clear(&objects);
}
END_TEST

/* When a refresh has failed, the next request starts another. */
START_TEST(test_failed_refresh)
{
    const resource *page = stored(REVALIDATED "body=one&then&status=503&then&status=503&then&" FRESH "body=three");
    stored_get(page, NULL);
    for (int i = 0; stored_count(page) < 4; i++) {
        ck_assert_int_lt(i, 10000);
        ck_assert(stored_fromcache(stored_get(page, NULL)));
    }
    await_stores(2);
    stored_expect_next_hit(page, "three");
}
END_TEST

/* A refresh that is under way goes with its client. */
START_TEST(test_free_while_refreshing)
{
    const resource *page = stored(REVALIDATED "body=one&then&hold=forsaken&body=three");
    stored_get(page, NULL);
    stored_expect_next_hit(page, "one");
    origin_await(1, "/held/forsaken");
    asynchttp_http_free(http);
    http = NULL;
    origin_await(0, "/held/forsaken");
}
END_TEST

START_TEST(test_stale_if_error)
{
    const resource *granted = stored("Cache-Control=max-age=10,stale-if-error=1000&Age=20&body=one&then&status=503");
    const resource *asked = stored(STALE "body=one&then&status=503&body=down");
    const resource *revalidated = stored(
        "Cache-Control=max-age=10,stale-if-error=1000,must-revalidate&Age=20&body=one&then&status=503&body=down");
    stored_get(granted, NULL);
    asynchttp_promise *promise = stored_get(granted, NULL);
    stored_expect_hit(promise, "one");
    ck_assert_int_eq(client_status(promise), 200);
    stored_get(asked, NULL);
    stored_expect_hit(stored_get(asked, FIELDS("cache-control", "stale-if-error=1000")), "one");
    stored_expect_miss(stored_get(asked, FIELDS("cache-control", "stale-if-error=5")), "down");
    stored_expect_next_miss(asked, "down");
    stored_get(revalidated, NULL);
    stored_expect_next_miss(revalidated, "down");
}
END_TEST

/* What a request is answered with when the connection breaks: a stale response, or its error. */
static const struct {
    const char *stored;
    const char *asked;
    bool hit;
} disconnections[] = {
    {"max-age=10&Age=20", NULL, true},           {"max-age=10,stale-if-error=1000&Age=20", NULL, true},
    {"max-age=10&Age=20", "no-cache", false},    {"max-age=10&Age=20", "max-age=5", false},
    {"max-age=10&Age=20", "min-fresh=5", false}, {"max-age=10,must-revalidate&Age=20", NULL, false},
    {"max-age=10,no-cache&Age=20", NULL, false}, {"max-age=10&Age=2000000", NULL, false},
};

START_TEST(test_disconnection)
{
    const resource *page = stored(stored_print("Cache-Control=%s&body=one&then&drop", disconnections[_i].stored));
    const char *asked = disconnections[_i].asked;
    stored_get(page, NULL);
    asynchttp_promise *promise =
        client_request(page->url, ASYNCHTTP_REQUEST(.headers = asked ? FIELDS("cache-control", asked) : NULL));
    if (!disconnections[_i].hit) {
        stored_expect_error(promise, ASYNCHTTP_E_CONNECTION_LOST);
        return;
    }
    stored_expect_hit(promise, "one");
    ck_assert_int_eq(client_status(promise), 200);
    ck_assert_str_eq(asynchttp_promise_error_message(promise), "");
    ck_assert_int_ge(atoi(client_header(promise, "age")), 20);
}
END_TEST

/* The same when nobody answers, or nobody listens any more. */
START_TEST(test_dead_server)
{
    unsigned port;
    char request[4096];
    int listener = client_listen(&port);
    const char *url = stored_print("http://127.0.0.1:%u/", port);
    asynchttp_promise *promise = client_request(url, NULL);
    int connection = client_accept(listener);
    ck_assert(client_receive(connection, request, sizeof(request)));
    client_send(connection, "HTTP/1.1 200 OK\r\nCache-Control: max-age=10\r\nAge: 20\r\nContent-Length: 3\r\n\r\none");
    stored_expect_miss(promise, "one");
    stored_expect_hit(client_request(url, ASYNCHTTP_REQUEST(.timeout = 0.05)), "one");
    close(connection);
    close(listener);
    stored_expect_hit(client_request(url, NULL), "one");
    promise = client_request(url, ASYNCHTTP_REQUEST(.headers = FIELDS("cache-control", "no-cache")));
    stored_expect_error(promise, ASYNCHTTP_E_CONNECTION_REFUSED);
}
END_TEST

/* ---- Callbacks ----------------------------------------------------------------------------- */

typedef struct tally {
    size_t calls;
    uint64_t length;
    uint64_t interims;
    bool fails;
    bool fromcache;
} tally;

static int tally_end(asynchttp_promise *promise, void *data)
{
    tally *counted = data;
    asynchttp_response *response;
    counted->calls++;
    if (asynchttp_promise_response(promise, &response) == ASYNCHTTP_OK)
        counted->fromcache = asynchttp_response_fromcache(response);
    return 0;
}

static int tally_data(asynchttp_promise *promise, const void *data, size_t length, void *callback_data)
{
    tally *counted = callback_data;
    const unsigned char *bytes = data;
    asynchttp_response *response;
    ck_assert_int_eq(asynchttp_promise_response(promise, &response), ASYNCHTTP_OK);
    ck_assert_int_eq(asynchttp_response_status(response), 200);
    ck_assert_uint_eq(pattern_mismatches(bytes, length, counted->length), 0);
    counted->length += length;
    return 0;
}

START_TEST(test_callback_of_a_hit)
{
    tally counted = {0};
    const resource *page = stored(FRESH "body=one");
    stored_get(page, NULL);
    asynchttp_promise *promise =
        client_request(page->url, ASYNCHTTP_REQUEST(.callback = tally_end, .callback_data = &counted));
    stored_expect_hit(promise, "one");
    ck_assert_uint_eq(counted.calls, 1);
    ck_assert(counted.fromcache);
}
END_TEST

static const char *const streamed[] = {"1000", "3000000"};

START_TEST(test_on_data_of_a_hit)
{
    const resource *page = stored(stored_print("%sbytes=%s", FRESH, streamed[_i]));
    for (int i = 0; i < 2; i++) {
        tally counted = {0};
        asynchttp_promise *promise = client_request(
            page->url, ASYNCHTTP_REQUEST(.callback = tally_end, .on_data = tally_data, .callback_data = &counted));
        ck_assert_str_eq(client_text(promise), "");
        ck_assert_int_eq(stored_fromcache(promise), i == 1);
        ck_assert_uint_eq(counted.length, (uint64_t)atol(streamed[_i]));
        ck_assert_uint_eq(counted.calls, 1);
    }
    stored_expect_error(client_request(page->url, ASYNCHTTP_REQUEST(.on_data = stored_refuse_data)),
                        ASYNCHTTP_E_CALLBACK);
    client_expect_pattern(stored_get(page, NULL), (uint64_t)atol(streamed[_i]));
    ck_assert_int_eq(stored_count(page), 1);
}
END_TEST

static int cancel_at_once(asynchttp_promise *promise, const void *data, size_t length, void *callback_data)
{
    tally *counted = callback_data;
    (void)data;
    counted->calls++;
    counted->length += length;
    asynchttp_promise_cancel(promise);
    return 0;
}

/* Nobody waits for the rest of three megabytes. */
START_TEST(test_hit_that_is_cancelled_while_it_is_read)
{
    tally counted = {0};
    const resource *page = stored(FRESH "bytes=3000000");
    stored_get(page, NULL);
    stored_expect_error(
        client_request(page->url, ASYNCHTTP_REQUEST(.on_data = cancel_at_once, .callback_data = &counted)),
        ASYNCHTTP_E_CANCELLED);
    ck_assert_uint_eq(counted.calls, 1);
    ck_assert_uint_lt(counted.length, 3000000);
    client_expect_pattern(stored_get(page, NULL), 3000000);
    ck_assert_int_eq(stored_count(page), 1);
}
END_TEST

static int tally_interim(asynchttp_promise *promise, const asynchttp_response *interim, void *data)
{
    tally *counted = data;
    (void)promise;
    ck_assert_int_eq(asynchttp_response_status(interim), 103);
    ck_assert_str_eq(asynchttp_response_get(interim, "link"), "</style.css>");
    counted->interims++;
    return counted->fails;
}

START_TEST(test_interim_responses)
{
    tally counted = {0};
    const char *url = origin_url("/raw?%s", client_raw("HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n"
                                                       "HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n"
                                                       "HTTP/1.1 200 OK\r\nCache-Control: max-age=1000\r\n"
                                                       "Content-Length: 3\r\n\r\none"));
    const asynchttp_request *request = ASYNCHTTP_REQUEST(.on_interim = tally_interim, .callback_data = &counted);
    stored_expect_miss(client_request(url, request), "one");
    ck_assert_uint_eq(counted.interims, 2);
    asynchttp_promise *promise = client_request(url, request);
    stored_expect_hit(promise, "one");
    ck_assert_ptr_null(client_header(promise, "link"));
    ck_assert_uint_eq(counted.interims, 2);
    counted.fails = true;
    asynchttp_cache_remove(cache, url);
    stored_expect_error(client_request(url, request), ASYNCHTTP_E_CALLBACK);
    ck_assert_uint_eq(counted.interims, 3);
}
END_TEST

/* ---- Settings ------------------------------------------------------------------------------ */

START_TEST(test_set_cache)
{
    const resource *page = stored(FRESH "body=one&then&" FRESH "body=three&then&body=five");
    ck_assert_ptr_eq(asynchttp_http_cache(http), cache);
    stored_expect_next_miss(page, "one");
    ck_assert_int_eq(asynchttp_http_set_cache(http, NULL), ASYNCHTTP_OK);
    ck_assert_ptr_null(asynchttp_http_cache(http));
    stored_expect_next_miss(page, "three");
    ck_assert_int_eq(asynchttp_http_set_cache(http, cache), ASYNCHTTP_OK);
    stored_expect_next_hit(page, "one");
}
END_TEST

/* A request keeps the cache that it was made with. */
START_TEST(test_set_cache_meanwhile)
{
    const resource *page = stored(FRESH "hold=meanwhile&body=one&then&body=three");
    asynchttp_promise *promise = client_request(page->url, NULL);
    origin_await(1, "/held/meanwhile");
    asynchttp_http_set_cache(http, NULL);
    origin_number("/release/meanwhile");
    stored_expect_miss(promise, "one");
    stored_expect_next_miss(page, "three");
    asynchttp_http_set_cache(http, cache);
    stored_expect_next_hit(page, "one");
}
END_TEST

START_TEST(test_shared_cache)
{
    const resource *page = stored(FRESH "body=one");
    asynchttp_http *other = asynchttp_http_new(NULL);
    asynchttp_http_set_cache(other, cache);
    stored_expect_miss(client_keep(asynchttp_http_request(other, page->url, NULL)), "one");
    asynchttp_http_free(other);
    stored_expect_next_hit(page, "one");
}
END_TEST

START_TEST(test_cache_freed_before_its_clients)
{
    const resource *page = stored(FRESH "body=one");
    asynchttp_cache_free(cache);
    cache = NULL;
    stored_expect_next_miss(page, "one");
    stored_expect_next_hit(page, "one");
    asynchttp_cache_free(NULL);
}
END_TEST

START_TEST(test_heuristic_freshness)
{
    const resource *page = stored("Last-Modified=" LONG_AGO "&body=one");
    const resource *unknown = stored("body=one");
    const resource *forbidden = stored("status=500&Last-Modified=" LONG_AGO "&body=one");
    ck_assert(asynchttp_http_heuristic_freshness(http) == 0);
    stored_get(page, NULL);
    stored_get(page, NULL);
    ck_assert_int_eq(stored_count(page), 2);
    ck_assert_int_eq(asynchttp_http_set_heuristic_freshness(http, 0.25), ASYNCHTTP_OK);
    ck_assert(asynchttp_http_heuristic_freshness(http) == 0.25);
    stored_expect_next_hit(page, "one");
    ck_assert_int_eq(stored_count(page), 2);
    stored_get(unknown, NULL);
    stored_expect_next_miss(unknown, "one");
    stored_get(forbidden, NULL);
    stored_expect_next_miss(forbidden, "one");
}
END_TEST

START_TEST(test_heuristic_freshness_has_bounds)
{
    const double bad[] = {-0.1, 1.1, (double)NAN, (double)INFINITY};
    ck_assert_int_eq(asynchttp_http_set_heuristic_freshness(http, 0.5), ASYNCHTTP_OK);
    for (int i = 0; i < COUNT(bad); i++)
        ck_assert_int_eq(asynchttp_http_set_heuristic_freshness(http, bad[i]), ASYNCHTTP_E_INVALID_ARGUMENT);
    ck_assert(asynchttp_http_heuristic_freshness(http) == 0.5);
    ck_assert_int_eq(asynchttp_http_set_heuristic_freshness(http, 1), ASYNCHTTP_OK);
    ck_assert_int_eq(asynchttp_http_set_heuristic_freshness(http, 0), ASYNCHTTP_OK);
}
END_TEST

/* ---- The cache itself ---------------------------------------------------------------------- */

START_TEST(test_remove)
{
    const resource *page = stored(FRESH "Vary=X-Kind&body=a&then&" FRESH "Vary=X-Kind&body=b&then&Vary=X-Kind&body=c");
    const resource *other = stored(FRESH "body=one");
    stored_get(page, FIELDS("x-kind", "1"));
    stored_get(page, FIELDS("x-kind", "2"));
    stored_get(other, NULL);
    ck_assert_int_eq(asynchttp_cache_remove(cache, page->url), ASYNCHTTP_OK);
    stored_expect_miss(stored_get(page, FIELDS("x-kind", "1")), "c");
    stored_expect_miss(stored_get(page, FIELDS("x-kind", "2")), "c");
    stored_expect_next_hit(other, "one");
    ck_assert_int_eq(asynchttp_cache_remove(cache, page->url), ASYNCHTTP_OK);
    ck_assert_int_eq(asynchttp_cache_remove(cache, stored_print("%s#part", other->url)), ASYNCHTTP_OK);
    stored_expect_next_miss(other, "one");
    ck_assert_int_eq(asynchttp_cache_remove(cache, "/relative"), ASYNCHTTP_E_RELATIVE_URI);
    ck_assert_int_eq(asynchttp_cache_remove(cache, "http://127.0.0.1:99999/"), ASYNCHTTP_E_INVALID_ARGUMENT);
}
END_TEST

START_TEST(test_statistics)
{
    const resource *page = stored(FRESH "body=one");
    const resource *stale = stored(STALE "ETag=\"a\"&body=one");
    const resource *absent = stored("Cache-Control=no-store&body=one");
    stored_get(page, NULL);
    stored_get(page, NULL);
    stored_get(page, NULL);
    stored_get(stale, NULL);
    stored_get(stale, NULL);
    stored_get(absent, NULL);
    stored_request(absent, "POST", NULL, "new");
    asynchttp_cache_statistics counted = stored_statistics();
    ck_assert_uint_eq(counted.hits, 2);
    ck_assert_uint_eq(counted.misses, 3);
    ck_assert_uint_eq(counted.revalidations, 1);
    ck_assert_uint_eq(counted.stores, 2);
    ck_assert_uint_eq(counted.evictions, 0);
    ck_assert_uint_eq(counted.size, sizeof(counted));
}
END_TEST

/* Of a program that knows fewer members, or more. */
START_TEST(test_statistics_of_another_size)
{
    struct {
        asynchttp_cache_statistics statistics;
        uint64_t more;
    } counted = {.statistics = {.size = offsetof(asynchttp_cache_statistics, misses), .misses = 5}, .more = 7};
    ck_assert_int_eq(asynchttp_cache_stats(cache, &counted.statistics), ASYNCHTTP_OK);
    ck_assert_uint_eq(counted.statistics.misses, 5);
    counted.statistics.size = sizeof(counted);
    ck_assert_int_eq(asynchttp_cache_stats(cache, &counted.statistics), ASYNCHTTP_OK);
    ck_assert_uint_eq(counted.statistics.misses, 0);
    ck_assert_uint_eq(counted.more, 0);
    counted.statistics.size = 0;
    ck_assert_int_eq(asynchttp_cache_stats(cache, &counted.statistics), ASYNCHTTP_E_INVALID_ARGUMENT);
}
END_TEST

typedef struct walk {
    const char *uri;
    /* Other than 0 ends it. */
    int end;
    size_t entries;
    size_t found;
    asynchttp_cache_entry last;
    char variant[64];
} walk;

static int visit(const asynchttp_cache_entry *entry, void *data)
{
    walk *under_way = data;
    under_way->entries++;
    if (under_way->uri && strcmp(entry->uri, under_way->uri) == 0) {
        under_way->found++;
        under_way->last = *entry;
        snprintf(under_way->variant, sizeof(under_way->variant), "%s", entry->variant);
        ck_assert_str_eq(entry->method, "GET");
    }
    return under_way->end;
}

/* What there is for a resource; one entry at least. */
static walk look_for(const resource *page)
{
    walk under_way = {.uri = page->url};
    ck_assert_int_eq(asynchttp_cache_each(cache, visit, &under_way), ASYNCHTTP_OK);
    ck_assert_uint_ge(under_way.found, 1);
    return under_way;
}

START_TEST(test_each)
{
    const resource *page = stored(FRESH "bytes=1000");
    double before = (double)time(NULL);
    stored_get(page, NULL);
    double after = (double)time(NULL) + 1;
    const asynchttp_cache_entry entry = look_for(page).last;
    ck_assert_int_eq(entry.status, 200);
    ck_assert_uint_eq(entry.content_bytes, 1000);
    ck_assert_uint_gt(entry.bytes, 1000);
    ck_assert(!entry.partial);
    ck_assert(entry.requested >= before && entry.received >= entry.requested && entry.received <= after);
    ck_assert(entry.fresh_until >= before + 990 && entry.fresh_until <= after + 1000);
    ck_assert_str_eq(look_for(page).variant, "");
}
END_TEST

START_TEST(test_each_of_many)
{
    const resource *stale = stored(STALE "status=404&body=one");
    const resource *variants = stored(FRESH "Vary=X-Kind&body=a");
    const resource *part = stored(FRESH "ETag=\"a\"&Accept-Ranges=bytes&bytes=1000");
    walk stopped = {.end = 1};
    stored_get(stale, NULL);
    stored_get(variants, FIELDS("x-kind", "1"));
    stored_get(variants, FIELDS("x-kind", "2"));
    stored_get(part, FIELDS("range", "bytes=100-199"));
    ck_assert_int_eq(look_for(stale).last.status, 404);
    ck_assert(look_for(stale).last.fresh_until < (double)time(NULL));
    ck_assert_uint_eq(look_for(stale).entries, 4);
    ck_assert_uint_eq(look_for(variants).found, 2);
    ck_assert_int_eq(strncmp(look_for(variants).variant, "x-kind: ", 8), 0);
    ck_assert(look_for(part).last.partial);
    ck_assert_uint_eq(look_for(part).last.content_bytes, 100);
    ck_assert_int_eq(asynchttp_cache_each(cache, visit, &stopped), ASYNCHTTP_E_CALLBACK);
    ck_assert_uint_eq(stopped.entries, 1);
    ck_assert_uint_eq(stored_statistics().entries, 4);
    ck_assert_uint_gt(stored_statistics().bytes, 100);
}
END_TEST

static int remove_visited(const asynchttp_cache_entry *entry, void *data)
{
    ck_assert_int_eq(asynchttp_cache_remove(data, entry->uri), ASYNCHTTP_OK);
    return 0;
}

START_TEST(test_each_may_use_the_cache)
{
    const resource *page = stored(FRESH "body=one");
    stored_get(page, NULL);
    ck_assert_int_eq(asynchttp_cache_each(cache, remove_visited, cache), ASYNCHTTP_OK);
    ck_assert_uint_eq(stored_statistics().entries, 0);
    stored_expect_next_miss(page, "one");
}
END_TEST

/* What is under way at that time is not stored, either. */
START_TEST(test_clear)
{
    const resource *page = stored(FRESH "body=one");
    const resource *slow = stored(FRESH "hold=cleared&body=one&then&" FRESH "body=three");
    stored_get(page, NULL);
    asynchttp_promise *promise = client_request(slow->url, NULL);
    origin_await(1, "/held/cleared");
    ck_assert_int_eq(asynchttp_cache_clear(cache), ASYNCHTTP_OK);
    ck_assert_uint_eq(stored_statistics().entries, 0);
    origin_number("/release/cleared");
    stored_expect_miss(promise, "one");
    stored_expect_next_miss(slow, "three");
    stored_expect_next_miss(page, "one");
    stored_expect_next_hit(page, "one");
}
END_TEST

/* It is kept from one client to the next. */
START_TEST(test_directory)
{
    const resource *page = stored(FRESH "body=one");
    stored_get(page, NULL);
    asynchttp_http *other = asynchttp_http_new(stored_directory());
    ck_assert_ptr_nonnull(asynchttp_http_cache(other));
    stored_expect_hit(client_keep(asynchttp_http_request(other, page->url, NULL)), "one");
    asynchttp_http_free(other);
    ck_assert_ptr_null(asynchttp_cache_sqlite(NULL, 0, 0));
    ck_assert_ptr_null(asynchttp_cache_sqlite("", 0, 0));
}
END_TEST

START_TEST(test_methods_are_needed)
{
    table objects;
    asynchttp_cache_methods some = table_methods;
    table_init(&objects);
    some.get = NULL;
    ck_assert_ptr_null(asynchttp_cache_new(&some, &objects));
    some = table_methods;
    some.set = NULL;
    ck_assert_ptr_null(asynchttp_cache_new(&some, &objects));
    some = table_methods;
    some.delete = NULL;
    ck_assert_ptr_null(asynchttp_cache_new(&some, &objects));
    ck_assert(!objects.freed);
    some.delete = table_methods.delete;
    some.free = NULL;
    asynchttp_cache_free(asynchttp_cache_new(&some, &objects));
    ck_assert(!objects.freed);
    asynchttp_cache_free(asynchttp_cache_new(&table_methods, &objects));
    ck_assert(objects.freed);
    table_clear(&objects);
}
END_TEST

/* A client is not stopped by objects that fail. */
START_TEST(test_failing_methods)
{
    table objects;
    const resource *page = stored(FRESH "body=one");
    table_init(&objects);
    objects.failing = TABLE_GET | TABLE_SET | TABLE_DELETE;
    asynchttp_cache *broken = asynchttp_cache_new(&table_methods, &objects);
    ck_assert_ptr_nonnull(broken);
    asynchttp_http_set_cache(http, broken);
    stored_expect_next_miss(page, "one");
    stored_expect_next_miss(page, "one");
    stored_expect_miss(stored_request(page, "PUT", NULL, "new"), "one");
    ck_assert_int_eq(asynchttp_cache_remove(broken, page->url), ASYNCHTTP_E_CACHE);
    asynchttp_cache_free(broken);
    ck_assert(!objects.freed);
    client_teardown();
    ck_assert(objects.freed);
    table_clear(&objects);
}
END_TEST

START_TEST(test_objects_cannot_be_walked_through)
{
    walk under_way = {0};
    const resource *page = stored(FRESH "body=one");
    stored_get(page, NULL);
    ck_assert_int_eq(asynchttp_cache_clear(cache), ASYNCHTTP_E_INVALID_ARGUMENT);
    ck_assert_int_eq(asynchttp_cache_each(cache, visit, &under_way), ASYNCHTTP_E_INVALID_ARGUMENT);
    ck_assert_uint_eq(stored_statistics().entries, 0);
    stored_expect_next_hit(page, "one");
}
END_TEST

/* ---- What a person has made of it ---------------------------------------------------------- */

/* Runs a statement as a person would with the sqlite3 shell. */
static void edit(const char *statement)
{
    sqlite3 *handle;
    ck_assert_int_eq(sqlite3_open(stored_print("%s/cache.sqlite3", stored_directory()), &handle), SQLITE_OK);
    ck_assert_int_eq(sqlite3_busy_timeout(handle, 5000), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(handle, statement, NULL, NULL, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_close(handle), SQLITE_OK);
}

static const char *const edits[] = {
    "UPDATE response SET length = 9000000000000000000",
    "UPDATE response SET length = 9000000000000000000, size = 9000000000000000001",
    "UPDATE response SET length = 1000000000000",
    "UPDATE response SET length = 300001",
    "UPDATE response SET content = zeroblob(100000)",
    "DELETE FROM chunk WHERE start > 0",
    "DELETE FROM chunk",
};

static int take_bytes(asynchttp_promise *promise, const void *data, size_t length, void *callback_data)
{
    (void)promise;
    *(uint64_t *)callback_data += data ? length : 0;
    return 0;
}

/* Whatever it is, the server is asked, and what it says takes the place of that. */
START_TEST(test_edited)
{
    uint64_t taken = 0;
    asynchttp_request by_pieces = {.size = sizeof(by_pieces), .on_data = take_bytes, .callback_data = &taken};
    const resource *page = stored(FRESH "bytes=300000");
    stored_get(page, NULL);
    edit(edits[_i / 2]);
    asynchttp_promise *promise = client_request(page->url, _i & 1 ? &by_pieces : NULL);
    ck_assert_int_eq(client_wait(promise), ASYNCHTTP_OK);
    ck_assert(!stored_fromcache(promise));
    if (_i & 1)
        ck_assert_uint_eq(taken, 300000);
    else
        client_expect_pattern(promise, 300000);
    ck_assert_int_eq(stored_count(page), 2);
    /* It is a miss, and was no hit. */
    asynchttp_cache_statistics statistics = stored_statistics();
    ck_assert_uint_eq(statistics.hits, 0);
    ck_assert_uint_eq(statistics.misses, 2);
    promise = stored_get(page, NULL);
    ck_assert(stored_fromcache(promise));
    client_expect_pattern(promise, 300000);
    ck_assert_uint_eq(stored_statistics().hits, 1);
}
END_TEST

/* ---- The suite ----------------------------------------------------------------------------- */

static void add_hits(TCase *tcase)
{
    tcase_add_test(tcase, test_hit);
    tcase_add_test(tcase, test_age);
    tcase_add_test(tcase, test_responses_are_copies);
    tcase_add_test(tcase, test_fragment_is_no_part_of_the_key);
    tcase_add_loop_test(tcase, test_lifetime, 0, COUNT(lifetimes));
    tcase_add_test(tcase, test_statuses);
}

static void add_head(TCase *tcase)
{
    tcase_add_test(tcase, test_head_from_a_stored_get);
    tcase_add_test(tcase, test_head_is_not_stored);
    tcase_add_test(tcase, test_head_updates_what_is_stored);
    tcase_add_loop_test(tcase, test_head_invalidates_what_is_stored, 0, COUNT(other_heads));
}

static void add_validation(TCase *tcase)
{
    tcase_add_test(tcase, test_validation_by_etag);
    tcase_add_test(tcase, test_validation_by_a_weak_etag);
    tcase_add_test(tcase, test_validation_by_date);
    tcase_add_test(tcase, test_validation_without_validators_in_the_304);
    tcase_add_test(tcase, test_validation_brings_another);
    tcase_add_test(tcase, test_validation_that_is_no_news);
    tcase_add_test(tcase, test_304_that_fits_nothing);
    tcase_add_test(tcase, test_304_to_no_condition);
    tcase_add_test(tcase, test_304_may_forbid_storing);
    tcase_add_test(tcase, test_ignore_etag);
}

static void add_variants(TCase *tcase)
{
    tcase_add_test(tcase, test_variants);
    tcase_add_test(tcase, test_variants_by_absence);
    tcase_add_test(tcase, test_variants_are_normalised);
    tcase_add_test(tcase, test_vary_by_anything);
    tcase_add_test(tcase, test_vary_changes);
    tcase_add_test(tcase, test_callers_do_not_share);
    tcase_add_test(tcase, test_callers_share_what_is_public);
    tcase_add_test(tcase, test_credentials_do_not_share);
    tcase_add_test(tcase, test_refusals_are_not_stored);
}

static void add_wishes(TCase *tcase)
{
    tcase_add_loop_test(tcase, test_wish, 0, COUNT(wishes));
    tcase_add_test(tcase, test_no_store_of_the_request);
    tcase_add_test(tcase, test_only_if_cached);
    tcase_add_test(tcase, test_no_cache_of_the_request);
}

static void add_conditions(TCase *tcase)
{
    tcase_add_test(tcase, test_condition_is_answered_from_what_is_fresh);
    tcase_add_test(tcase, test_condition_is_forwarded);
    tcase_add_test(tcase, test_condition_that_is_not_the_caches);
}

static void add_stale(TCase *tcase)
{
    tcase_add_test(tcase, test_stale_while_revalidate);
    tcase_add_test(tcase, test_stale_while_revalidate_is_confirmed);
    tcase_add_test(tcase, test_refresh_of_a_redirect);
    tcase_add_test(tcase, test_refresh_reads_no_content);
    tcase_add_test(tcase, test_failed_refresh);
    tcase_add_test(tcase, test_free_while_refreshing);
    tcase_add_test(tcase, test_stale_if_error);
    tcase_add_loop_test(tcase, test_disconnection, 0, COUNT(disconnections));
    tcase_add_test(tcase, test_dead_server);
}

static void add_callbacks(TCase *tcase)
{
    tcase_add_test(tcase, test_callback_of_a_hit);
    tcase_add_loop_test(tcase, test_on_data_of_a_hit, 0, COUNT(streamed));
    tcase_add_test(tcase, test_hit_that_is_cancelled_while_it_is_read);
    tcase_add_test(tcase, test_interim_responses);
}

static void add_settings(TCase *tcase)
{
    tcase_add_test(tcase, test_set_cache);
    tcase_add_test(tcase, test_set_cache_meanwhile);
    tcase_add_test(tcase, test_shared_cache);
    tcase_add_test(tcase, test_cache_freed_before_its_clients);
    tcase_add_test(tcase, test_heuristic_freshness);
    tcase_add_test(tcase, test_heuristic_freshness_has_bounds);
}

static void add_itself(TCase *tcase)
{
    tcase_add_test(tcase, test_remove);
    tcase_add_test(tcase, test_statistics);
    tcase_add_test(tcase, test_statistics_of_another_size);
}

static void add_sqlite(TCase *tcase)
{
    tcase_add_loop_test(tcase, test_edited, 0, 2 * COUNT(edits));
    tcase_add_test(tcase, test_each);
    tcase_add_test(tcase, test_each_of_many);
    tcase_add_test(tcase, test_each_may_use_the_cache);
    tcase_add_test(tcase, test_clear);
    tcase_add_test(tcase, test_directory);
}

static void add_objects(TCase *tcase)
{
    tcase_add_test(tcase, test_methods_are_needed);
    tcase_add_test(tcase, test_failing_methods);
    tcase_add_test(tcase, test_objects_cannot_be_walked_through);
}

/* Once for each kind of cache. */
static void add_tests(Suite *suite, SFun setup)
{
    add_hits(stored_case(suite, "hits", setup));
    add_head(stored_case(suite, "head", setup));
    add_validation(stored_case(suite, "validation", setup));
    add_variants(stored_case(suite, "variants", setup));
    add_wishes(stored_case(suite, "wishes", setup));
    add_conditions(stored_case(suite, "conditions", setup));
    add_stale(stored_case(suite, "stale", setup));
    add_callbacks(stored_case(suite, "callbacks", setup));
    add_settings(stored_case(suite, "settings", setup));
    add_itself(stored_case(suite, "itself", setup));
}

Suite *cache_suite(void)
{
    Suite *suite = suite_create("cache");
    add_tests(suite, stored_setup);
    add_tests(suite, stored_setup_objects);
    add_sqlite(stored_case(suite, "sqlite", stored_setup));
    add_objects(stored_case(suite, "objects", stored_setup_objects));
    return suite;
}
