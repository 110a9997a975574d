/*
 * What the cache stores and how, and what removes it again, as a program sees it.
 *
 * As in check_cache.c, each case runs with both kinds of cache, and nothing waits for time to pass.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "fixture.h"
#include "stored.h"
#include "suites.h"

/* ---- Changes: If-Match and invalidation ---------------------------------------------------- */

static const char *const updates[] = {"PUT", "PATCH"};

START_TEST(test_if_match)
{
    const resource *page = stored(FRESH "ETag=\"a\"&body=one&then&body=done&then&body=three");
    stored_get(page, NULL);
    stored_expect_miss(stored_request(page, updates[_i], NULL, "new"), "done");
    ck_assert_str_eq(stored_asked(page, 2, "if-match"), "\"a\"");
    stored_expect_next_miss(page, "three");
    ck_assert_ptr_null(stored_asked(page, 3, "if-none-match"));
}
END_TEST

START_TEST(test_if_match_of_what_is_stale)
{
    const resource *page = stored(STALE "ETag=\"a\"&body=one&then&body=done");
    stored_get(page, NULL);
    stored_request(page, "PUT", NULL, "new");
    ck_assert_str_eq(stored_asked(page, 2, "if-match"), "\"a\"");
}
END_TEST

START_TEST(test_no_if_match)
{
    const resource *own = stored(FRESH "ETag=\"a\"&body=one");
    const resource *weak = stored(FRESH "ETag=W/\"a\"&body=one");
    const resource *none = stored(FRESH "body=one");
    const resource *ignored = stored(FRESH "ETag=\"a\"&body=one");
    const resource *posted = stored(FRESH "ETag=\"a\"&body=one");
    const resource *unknown = stored(FRESH "ETag=\"a\"&body=one");
    stored_get(own, NULL);
    stored_request(own, "PUT", FIELDS("if-match", "*"), "new");
    ck_assert_str_eq(stored_asked(own, 2, "if-match"), "*");
    stored_get(weak, NULL);
    stored_request(weak, "PUT", NULL, "new");
    ck_assert_ptr_null(stored_asked(weak, 2, "if-match"));
    stored_get(none, NULL);
    stored_request(none, "PUT", NULL, "new");
    ck_assert_ptr_null(stored_asked(none, 2, "if-match"));
    stored_get(posted, NULL);
    stored_request(posted, "POST", NULL, "new");
    ck_assert_ptr_null(stored_asked(posted, 2, "if-match"));
    stored_request(unknown, "PUT", NULL, "new");
    ck_assert_ptr_null(stored_asked(unknown, 1, "if-match"));
    stored_get(ignored, NULL);
    asynchttp_http_set_ignore_etag(http, true);
    stored_request(ignored, "PUT", NULL, "new");
    ck_assert_ptr_null(stored_asked(ignored, 2, "if-match"));
}
END_TEST

START_TEST(test_optimistic_concurrency_methods)
{
    const resource *page = stored(FRESH "ETag=\"a\"&body=one");
    stored_get(page, NULL);
    asynchttp_http_set_optimistic_concurrency_methods(http, FIELDS("DELETE"));
    stored_request(page, "DELETE", NULL, NULL);
    ck_assert_str_eq(stored_asked(page, 2, "if-match"), "\"a\"");
    stored_get(page, NULL);
    stored_request(page, "PUT", NULL, "new");
    ck_assert_ptr_null(stored_asked(page, 4, "if-match"));
}
END_TEST

/* Somebody else has changed it: what is stored is no good any more. */
START_TEST(test_precondition_failed)
{
    const resource *page =
        stored(FRESH "ETag=\"a\"&body=one&then&status=412&body=no&then&" FRESH "ETag=\"b\"&body=three&then&body=done");
    stored_get(page, NULL);
    asynchttp_promise *promise = stored_request(page, "PUT", NULL, "new");
    ck_assert_int_eq(client_status(promise), 412);
    stored_expect_next_miss(page, "three");
    stored_request(page, "PUT", NULL, "new");
    ck_assert_str_eq(stored_asked(page, 4, "if-match"), "\"b\"");
}
END_TEST

/* Each hop is about what is stored for its own URI. */
START_TEST(test_if_match_is_redirected)
{
    const resource *target = stored(FRESH "ETag=\"a\"&body=one");
    const resource *page = stored(stored_print(FRESH "ETag=\"b\"&body=two&then&status=308&Location=%s",
                                               stored_encoded(strstr(target->url, "/stored/"))));
    stored_get(target, NULL);
    stored_get(page, NULL);
    stored_request(page, "PUT", NULL, "new");
    ck_assert_str_eq(stored_asked(page, 2, "if-match"), "\"b\"");
    ck_assert_str_eq(stored_asked(target, 2, "if-match"), "\"a\"");
}
END_TEST

static const char *const unsafe[] = {"POST", "PUT", "DELETE", "PATCH", "MOVE"};

START_TEST(test_invalidation)
{
    const resource *page = stored(FRESH "body=one&then&body=done&then&body=three");
    stored_get(page, NULL);
    stored_expect_next_hit(page, "one");
    stored_expect_miss(stored_request(page, unsafe[_i], NULL, _i == 2 ? NULL : "new"), "done");
    stored_expect_next_miss(page, "three");
}
END_TEST

START_TEST(test_invalidation_of_all_variants)
{
    const resource *page = stored(FRESH "Vary=X-Kind&body=a&then&" FRESH "Vary=X-Kind&body=b&then&body=c");
    stored_get(page, FIELDS("x-kind", "1"));
    stored_get(page, FIELDS("x-kind", "2"));
    stored_request(page, "DELETE", NULL, NULL);
    stored_expect_miss(stored_get(page, FIELDS("x-kind", "1")), "c");
    stored_expect_miss(stored_get(page, FIELDS("x-kind", "2")), "c");
}
END_TEST

/* Nothing was changed, or the method changes nothing. */
static const struct {
    const char *method;
    int status;
    bool invalidates;
} harmless[] = {
    {"POST", 500, false}, {"PUT", 503, false}, {"OPTIONS", 200, false}, {"TRACE", 200, false}, {"POST", 404, true},
};

START_TEST(test_what_invalidates_not)
{
    char query[128];
    snprintf(query, sizeof(query), FRESH "body=one&then&status=%d&body=x&then&body=three", harmless[_i].status);
    const resource *page = stored(query);
    stored_get(page, NULL);
    stored_request(page, harmless[_i].method, NULL, NULL);
    asynchttp_promise *promise = stored_get(page, NULL);
    ck_assert_str_eq(client_text(promise), harmless[_i].invalidates ? "three" : "one");
}
END_TEST

static const char *const naming[] = {"Location", "Content-Location"};

START_TEST(test_invalidation_of_what_is_named)
{
    const resource *page = stored(FRESH "body=one&then&body=three");
    const resource *other = stored(FRESH "body=four");
    stored_get(page, NULL);
    stored_get(other, NULL);
    const char *path = strstr(page->url, "/stored/");
    stored_request(stored(stored_print("status=201&%s=%s", naming[_i], stored_encoded(path))), "POST", NULL, "new");
    stored_expect_next_miss(page, "three");
    stored_expect_next_hit(other, "four");
}
END_TEST

/* What another server says of it, or an error, counts for nothing. */
START_TEST(test_invalidation_of_what_is_named_elsewhere)
{
    const resource *page = stored(FRESH "body=one&then&body=three");
    const char *path = strstr(page->url, "/stored/");
    const char *elsewhere = origin_url6("%s", "/stored/");
    stored_get(page, NULL);
    stored_request(stored(stored_print("status=404&%s=%s", naming[_i], stored_encoded(path))), "POST", NULL, "new");
    stored_expect_next_hit(page, "one");
    const resource *poster = stored(stored_print("%s=%s", naming[_i], stored_encoded(page->url)));
    const char *query = strstr(poster->url, "/stored/") + strlen("/stored/");
    char url[8300];
    snprintf(url, sizeof(url), "%s%s", elsewhere, query);
    client_response(client_request(url, ASYNCHTTP_REQUEST(.method = "POST", .body = "new")));
    ck_assert_int_eq(stored_count(poster), 1);
    stored_expect_next_hit(page, "one");
}
END_TEST

/* A response that was asked for before the change may be older than it. */
START_TEST(test_invalidation_of_what_is_under_way)
{
    const resource *page = stored(FRESH "hold=under-way&body=one&then&body=done&then&" FRESH "body=three");
    asynchttp_promise *promise = client_request(page->url, NULL);
    origin_await(1, "/held/under-way");
    stored_request(page, "POST", NULL, "new");
    origin_number("/release/under-way");
    ck_assert_str_eq(client_text(promise), "one");
    stored_expect_next_miss(page, "three");
}
END_TEST

/* The same if another has changed it, who has a cache of its own in the same directory, as another process has. */
START_TEST(test_invalidation_by_others)
{
    const resource *page = stored(FRESH "hold=under-way&body=one&then&body=done&then&" FRESH "body=three");
    asynchttp_http *other = asynchttp_http_new(stored_directory());
    ck_assert_ptr_nonnull(other);
    asynchttp_promise *promise = client_request(page->url, NULL);
    origin_await(1, "/held/under-way");
    client_response(
        client_keep(asynchttp_http_request(other, page->url, ASYNCHTTP_REQUEST(.method = "POST", .body = "new"))));
    origin_number("/release/under-way");
    ck_assert_str_eq(client_text(promise), "one");
    ck_assert_uint_eq(stored_statistics().stores, 0);
    stored_expect_next_miss(page, "three");
    asynchttp_http_free(other);
}
END_TEST

/* The answer to a POST may be older than what another has changed meanwhile, whatever else it invalidates. */
START_TEST(test_invalidation_by_others_during_a_post)
{
    const resource *page = stored(FRESH "Content-Location=%23&Location=/hello&hold=under-way&body=posted&then&"
                                        "body=done&then&" FRESH "body=three");
    asynchttp_http *other = asynchttp_http_new(stored_directory());
    ck_assert_ptr_nonnull(other);
    asynchttp_promise *promise = client_request(page->url, ASYNCHTTP_REQUEST(.method = "POST", .body = "new"));
    origin_await(1, "/held/under-way");
    client_response(
        client_keep(asynchttp_http_request(other, page->url, ASYNCHTTP_REQUEST(.method = "POST", .body = "newer"))));
    origin_number("/release/under-way");
    ck_assert_str_eq(client_text(promise), "posted");
    ck_assert_uint_eq(stored_statistics().stores, 0);
    stored_expect_next_miss(page, "three");
    asynchttp_http_free(other);
}
END_TEST

START_TEST(test_post_of_the_target_is_stored)
{
    const resource *named = stored(FRESH "Content-Location=%23&body=posted&then&body=three");
    const resource *unnamed = stored(FRESH "body=posted&then&body=three");
    const resource *other = stored(FRESH "Content-Location=/hello&body=posted&then&body=three");
    const resource *timeless = stored("Content-Location=%23&ETag=\"a\"&body=posted&then&body=three");
    stored_request(named, "POST", NULL, "new");
    stored_expect_next_hit(named, "posted");
    stored_request(unnamed, "POST", NULL, "new");
    stored_expect_next_miss(unnamed, "three");
    stored_request(other, "POST", NULL, "new");
    stored_expect_next_miss(other, "three");
    stored_request(timeless, "POST", NULL, "new");
    stored_expect_next_miss(timeless, "three");
    /* And it is never answered from what is stored. */
    stored_expect_miss(stored_request(named, "POST", NULL, "new"), "three");
}
END_TEST

/* ---- Ranges -------------------------------------------------------------------------------- */

#define RANGED FRESH "Accept-Ranges=bytes&ETag=\"a\"&body=abcdef"

static void expect_part(asynchttp_promise *promise, const char *content, const char *range, bool fromcache)
{
    char length[24];
    ck_assert_str_eq(client_text(promise), content);
    ck_assert_int_eq(client_status(promise), 206);
    ck_assert_str_eq(client_header(promise, "content-range"), range);
    snprintf(length, sizeof(length), "%zu", strlen(content));
    ck_assert_str_eq(client_header(promise, "content-length"), length);
    ck_assert_int_eq(stored_fromcache(promise), fromcache);
}

START_TEST(test_ranges_of_a_stored_whole)
{
    const resource *page = stored(RANGED);
    stored_get(page, NULL);
    asynchttp_promise *promise = stored_get(page, FIELDS("range", "bytes=1-2"));
    expect_part(promise, "bc", "bytes 1-2/6", true);
    ck_assert_str_eq(asynchttp_response_reason(client_response(promise)), "Partial Content");
    ck_assert_str_eq(client_header(promise, "status"), "206");
    expect_part(stored_get(page, FIELDS("range", "bytes=4-")), "ef", "bytes 4-5/6", true);
    expect_part(stored_get(page, FIELDS("range", "bytes=-3")), "def", "bytes 3-5/6", true);
    expect_part(stored_get(page, FIELDS("range", "bytes=5-99")), "f", "bytes 5-5/6", true);
    expect_part(stored_get(page, FIELDS("range", "bytes=0-0", "if-range", "\"a\"")), "a", "bytes 0-0/6", true);
    stored_expect_hit(stored_get(page, FIELDS("range", "bytes=0-0", "if-range", "\"b\"")), "abcdef");
    ck_assert_int_eq(stored_count(page), 1);
}
END_TEST

START_TEST(test_ranges_that_only_the_server_knows)
{
    const resource *page = stored(RANGED);
    stored_get(page, NULL);
    asynchttp_promise *promise = stored_get(page, FIELDS("range", "bytes=9-"));
    ck_assert_int_eq(client_status(promise), 416);
    ck_assert_str_eq(stored_asked(page, 2, "range"), "bytes=9-");
    ck_assert_ptr_null(stored_asked(page, 2, "if-none-match"));
    stored_expect_miss(stored_get(page, FIELDS("range", "bytes=0-0,2-2")), "abcdef");
    stored_expect_miss(stored_get(page, FIELDS("range", "lines=0-1")), "abcdef");
    stored_expect_next_hit(page, "abcdef");
    ck_assert_int_eq(stored_count(page), 4);
}
END_TEST

START_TEST(test_parts_are_stored_and_joined)
{
    const resource *page = stored(RANGED);
    expect_part(stored_get(page, FIELDS("range", "bytes=0-2")), "abc", "bytes 0-2/6", false);
    expect_part(stored_get(page, FIELDS("range", "bytes=0-2")), "abc", "bytes 0-2/6", true);
    expect_part(stored_get(page, FIELDS("range", "bytes=1-2")), "bc", "bytes 1-2/6", true);
    ck_assert_int_eq(stored_count(page), 1);
    expect_part(stored_get(page, FIELDS("range", "bytes=2-3")), "cd", "bytes 2-3/6", false);
    expect_part(stored_get(page, FIELDS("range", "bytes=1-3")), "bcd", "bytes 1-3/6", true);
    expect_part(stored_get(page, FIELDS("range", "bytes=-2")), "ef", "bytes 4-5/6", false);
    ck_assert_int_eq(stored_count(page), 3);
    asynchttp_promise *promise = stored_get(page, NULL);
    stored_expect_hit(promise, "abcdef");
    ck_assert_int_eq(client_status(promise), 200);
    ck_assert_str_eq(asynchttp_response_reason(client_response(promise)), "OK");
    ck_assert_ptr_null(client_header(promise, "content-range"));
    ck_assert_int_eq(stored_count(page), 3);
}
END_TEST

START_TEST(test_a_part_is_not_the_whole)
{
    const resource *page = stored(RANGED);
    stored_get(page, FIELDS("range", "bytes=0-2"));
    stored_expect_next_miss(page, "abcdef");
    stored_expect_next_hit(page, "abcdef");
    expect_part(stored_get(page, FIELDS("range", "bytes=0-2")), "abc", "bytes 0-2/6", true);
}
END_TEST

/* Parts of what may be different representations. */
static const char *const strangers[] = {
    RANGED "&then&" FRESH "Accept-Ranges=bytes&ETag=\"b\"&body=ABCDEF",
    FRESH "Accept-Ranges=bytes&ETag=W/\"a\"&body=abcdef&then&" FRESH "Accept-Ranges=bytes&ETag=W/\"a\"&body=ABCDEF",
    FRESH "Accept-Ranges=bytes&body=abcdef&then&" FRESH "Accept-Ranges=bytes&body=ABCDEF",
    RANGED "&then&" FRESH "Accept-Ranges=bytes&ETag=\"a\"&body=ABCDEFGH",
};

START_TEST(test_parts_that_are_not_joined)
{
    const resource *page = stored(strangers[_i]);
    stored_get(page, FIELDS("range", "bytes=0-2"));
    stored_expect_miss(stored_get(page, FIELDS("range", "bytes=3-5")), "DEF");
    asynchttp_promise *promise = stored_get(page, NULL);
    ck_assert_str_eq(client_text(promise), _i == 3 ? "ABCDEFGH" : "ABCDEF");
    ck_assert_int_eq(stored_count(page), 3);
}
END_TEST

/* Even where the request could not be answered by it. */
START_TEST(test_a_part_does_not_replace_the_whole)
{
    const resource *page = stored(RANGED);
    stored_get(page, NULL);
    expect_part(stored_get(page, FIELDS("range", "bytes=0-2", "if-match", "\"a\"")), "abc", "bytes 0-2/6", false);
    stored_expect_next_hit(page, "abcdef");
    ck_assert_int_eq(stored_count(page), 2);
}
END_TEST

/* More than the Content-Range says cannot be what follows there. */
START_TEST(test_part_with_more_than_it_says)
{
    const resource *page = stored(FRESH "status=206&ETag=\"a\"&Content-Range=bytes 0-2/6&body=abcXYZ&then&" RANGED);
    stored_expect_miss(stored_get(page, FIELDS("range", "bytes=0-2")), "abcXYZ");
    expect_part(stored_get(page, FIELDS("range", "bytes=3-5")), "def", "bytes 3-5/6", false);
    stored_expect_next_miss(page, "abcdef");
}
END_TEST

/* ---- Redirects ----------------------------------------------------------------------------- */

static asynchttp_response *previous_of(asynchttp_promise *promise)
{
    asynchttp_response *previous = asynchttp_response_previous(client_response(promise));
    ck_assert_ptr_nonnull(previous);
    return previous;
}

static const int permanent[] = {301, 308};

START_TEST(test_permanent_redirects_are_stored)
{
    const resource *target = stored("body=one");
    const resource *page = stored(
        stored_print("status=%s&Location=%s", permanent[_i] == 301 ? "301" : "308", stored_encoded(target->url)));
    for (int i = 0; i < 2; i++) {
        asynchttp_promise *promise = stored_get(page, NULL);
        stored_expect_miss(promise, "one");
        ck_assert_int_eq(asynchttp_response_fromcache(previous_of(promise)), i == 1);
        ck_assert_int_eq(asynchttp_response_status(previous_of(promise)), permanent[_i]);
        ck_assert_str_eq(asynchttp_response_get(previous_of(promise), "-x-permanent-redirect-url"), target->url);
        ck_assert_str_eq(client_header(promise, "content-location"), target->url);
    }
    ck_assert_int_eq(stored_count(page), 1);
    ck_assert_int_eq(stored_count(target), 2);
}
END_TEST

START_TEST(test_stored_redirect_to_a_stored_response)
{
    const resource *target = stored(FRESH "body=one");
    const resource *page = stored(stored_print("%sstatus=301&Location=%s", FRESH, stored_encoded(target->url)));
    stored_get(page, NULL);
    asynchttp_promise *promise = stored_get(page, NULL);
    stored_expect_hit(promise, "one");
    ck_assert(asynchttp_response_fromcache(previous_of(promise)));
    ck_assert_int_eq(stored_count(page) + stored_count(target), 2);
    /* The content of the redirect is there for one who does not follow. */
    asynchttp_http_set_follow_redirects(http, false);
    promise = stored_get(page, NULL);
    stored_expect_hit(promise, "");
    ck_assert_int_eq(client_status(promise), 301);
}
END_TEST

START_TEST(test_temporary_redirects_are_stored_if_they_say_so)
{
    const resource *target = stored(FRESH "body=one");
    const resource *silent = stored(stored_print("status=302&Location=%s", stored_encoded(target->url)));
    const resource *explicit = stored(stored_print("%sstatus=302&Location=%s", FRESH, stored_encoded(target->url)));
    stored_get(silent, NULL);
    stored_get(silent, NULL);
    ck_assert_int_eq(stored_count(silent), 2);
    stored_get(explicit, NULL);
    stored_get(explicit, NULL);
    ck_assert_int_eq(stored_count(explicit), 1);
}
END_TEST

START_TEST(test_stored_redirects_count)
{
    const resource *page = stored("status=301&Location=/hello");
    stored_get(page, NULL);
    asynchttp_promise *promise =
        client_request(page->url, ASYNCHTTP_REQUEST(.redirections = ASYNCHTTP_NO_REDIRECTIONS));
    stored_expect_error(promise, ASYNCHTTP_E_REDIRECT_LIMIT);
    ck_assert_int_eq(stored_count(page), 1);
}
END_TEST

START_TEST(test_stored_redirect_is_not_for_unsafe_methods)
{
    const resource *page = stored("status=301&Location=/hello&then&body=done");
    stored_get(page, NULL);
    stored_expect_miss(stored_request(page, "POST", NULL, "new"), "done");
}
END_TEST

/* ---- What is stored ------------------------------------------------------------------------ */

START_TEST(test_fields_of_the_connection_are_not_stored)
{
    static const char *const names[] = {
        "connection", "keep-alive", "proxy-connection", "x-hop",    "proxy-authenticate", "proxy-authorization",
        "te",         "upgrade",    "trailer",          "x-secret", "transfer-encoding"};
    const resource *page =
        stored("Cache-Control=max-age=1000,no-cache=\"X-Secret\"&Connection=X-Hop&Keep-Alive=timeout=5"
               "&Proxy-Connection=x&X-Hop=1&Proxy-Authenticate=Basic&Proxy-Authorization=x&TE=x"
               "&Upgrade=x&Trailer=X-T&X-Secret=1&X-Own=1&body=one");
    asynchttp_promise *promise = stored_get(page, NULL);
    ck_assert_str_eq(client_header(promise, "x-hop"), "1");
    ck_assert_str_eq(client_header(promise, "x-secret"), "1");
    promise = stored_get(page, NULL);
    stored_expect_hit(promise, "one");
    ck_assert_str_eq(client_header(promise, "x-own"), "1");
    for (int i = 0; i < COUNT(names); i++)
        ck_assert_msg(!client_header(promise, names[i]), "%s", names[i]);
}
END_TEST

START_TEST(test_fields_of_the_connection_are_not_updated)
{
    const resource *page = stored(STALE "ETag=\"a\"&body=one&then&" FRESH
                                        "ETag=\"a\"&Connection=X-Hop&X-Hop=1&Content-Length=99&body=one");
    stored_get(page, NULL);
    asynchttp_promise *promise = stored_get(page, NULL);
    stored_expect_hit(promise, "one");
    ck_assert_ptr_null(client_header(promise, "x-hop"));
    ck_assert_ptr_null(client_header(promise, "connection"));
    ck_assert_str_eq(client_header(promise, "content-length"), "3");
}
END_TEST

START_TEST(test_decoded_content_is_stored)
{
    const resource *page = stored(FRESH "ETag=\"a\"&Accept-Ranges=bytes&gzip=1000");
    for (int i = 0; i < 2; i++) {
        asynchttp_promise *promise = stored_get(page, NULL);
        client_expect_pattern(promise, 1000);
        ck_assert_str_eq(client_header(promise, "-content-encoding"), "gzip");
        ck_assert_str_eq(client_header(promise, "content-length"), "1000");
        ck_assert_ptr_null(client_header(promise, "content-encoding"));
        ck_assert_int_eq(stored_fromcache(promise), i == 1);
    }
    ck_assert_int_eq(stored_count(page), 1);
    /* Ranges are of what is on the wire; of that a piece cannot be decoded. */
    stored_expect_error(client_request(page->url, ASYNCHTTP_REQUEST(.headers = FIELDS("range", "bytes=0-9"))),
                        ASYNCHTTP_E_FAILED_TO_DECOMPRESS_CONTENT);
    ck_assert_str_eq(stored_asked(page, 2, "range"), "bytes=0-9");
}
END_TEST

static const char *const sizes[] = {"0", "1", "65536", "3000000"};

START_TEST(test_content_of_any_size)
{
    const resource *page = stored(stored_print("%sbytes=%s", FRESH, sizes[_i]));
    for (int i = 0; i < 2; i++) {
        asynchttp_promise *promise = stored_get(page, NULL);
        client_expect_pattern(promise, (uint64_t)atol(sizes[_i]));
        ck_assert_int_eq(stored_fromcache(promise), i == 1);
    }
}
END_TEST

/* Neither what the connection cut short, nor what the coding did. */
static const struct {
    const char *query;
    asynchttp_code code;
} incomplete[] = {
    {FRESH "Content-Length=10&body=abc&close", ASYNCHTTP_E_CONNECTION_LOST},
    {FRESH "Transfer-Encoding=chunked&body=5%0D%0Aabcde%0D%0A3%0D%0Aab&close", ASYNCHTTP_E_CONNECTION_LOST},
    {FRESH "gzip=1000&truncate=40", ASYNCHTTP_E_FAILED_TO_DECOMPRESS_CONTENT},
    {FRESH "Content-Encoding=gzip&body=abc", ASYNCHTTP_E_FAILED_TO_DECOMPRESS_CONTENT},
};

START_TEST(test_incomplete_content_is_not_stored)
{
    char query[256];
    snprintf(query, sizeof(query), "%s&then&body=three", incomplete[_i].query);
    const resource *page = stored(query);
    stored_expect_error(client_request(page->url, NULL), incomplete[_i].code);
    stored_expect_next_miss(page, "three");
    ck_assert_uint_eq(stored_statistics().stores, 0);
}
END_TEST

/* What is stored already stays. */
START_TEST(test_incomplete_content_replaces_nothing)
{
    const resource *page = stored(STALE "body=one&then&" FRESH "Content-Length=10&body=abc&close");
    stored_get(page, NULL);
    asynchttp_promise *promise = client_request(page->url, NULL);
    client_wait(promise);
    stored_expect_hit(stored_get(page, FIELDS("cache-control", "max-stale")), "one");
}
END_TEST

START_TEST(test_what_a_callback_breaks_off_is_not_stored)
{
    const resource *page = stored(FRESH "bytes=100000&then&body=three");
    asynchttp_promise *promise = client_request(page->url, ASYNCHTTP_REQUEST(.on_data = stored_refuse_data));
    stored_expect_error(promise, ASYNCHTTP_E_CALLBACK);
    stored_expect_next_miss(page, "three");
}
END_TEST

START_TEST(test_unknown_transfer_coding)
{
    const char *steps =
        client_raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: unknown\r\nCache-Control: max-age=1000\r\n\r\nabc");
    const char *url = origin_url("/raw?%s&close", steps);
    asynchttp_promise *promise = client_request(url, NULL);
    stored_expect_miss(promise, "abc");
    promise = client_request(url, NULL);
    stored_expect_hit(promise, "abc");
    ck_assert_ptr_null(client_header(promise, "transfer-encoding"));
}
END_TEST
/* ---- The suite ----------------------------------------------------------------------------- */

static void add_changes(TCase *tcase)
{
    tcase_add_loop_test(tcase, test_if_match, 0, COUNT(updates));
    tcase_add_test(tcase, test_if_match_of_what_is_stale);
    tcase_add_test(tcase, test_no_if_match);
    tcase_add_test(tcase, test_optimistic_concurrency_methods);
    tcase_add_test(tcase, test_precondition_failed);
    tcase_add_test(tcase, test_if_match_is_redirected);
    tcase_add_loop_test(tcase, test_invalidation, 0, COUNT(unsafe));
    tcase_add_test(tcase, test_invalidation_of_all_variants);
    tcase_add_loop_test(tcase, test_what_invalidates_not, 0, COUNT(harmless));
    tcase_add_loop_test(tcase, test_invalidation_of_what_is_named, 0, COUNT(naming));
    tcase_add_loop_test(tcase, test_invalidation_of_what_is_named_elsewhere, 0, COUNT(naming));
    tcase_add_test(tcase, test_invalidation_of_what_is_under_way);
    tcase_add_test(tcase, test_post_of_the_target_is_stored);
}

static void add_ranges(TCase *tcase)
{
    tcase_add_test(tcase, test_ranges_of_a_stored_whole);
    tcase_add_test(tcase, test_ranges_that_only_the_server_knows);
    tcase_add_test(tcase, test_parts_are_stored_and_joined);
    tcase_add_test(tcase, test_a_part_is_not_the_whole);
    tcase_add_test(tcase, test_a_part_does_not_replace_the_whole);
    tcase_add_test(tcase, test_part_with_more_than_it_says);
    tcase_add_loop_test(tcase, test_parts_that_are_not_joined, 0, COUNT(strangers));
}

static void add_redirects(TCase *tcase)
{
    tcase_add_loop_test(tcase, test_permanent_redirects_are_stored, 0, COUNT(permanent));
    tcase_add_test(tcase, test_stored_redirect_to_a_stored_response);
    tcase_add_test(tcase, test_temporary_redirects_are_stored_if_they_say_so);
    tcase_add_test(tcase, test_stored_redirects_count);
    tcase_add_test(tcase, test_stored_redirect_is_not_for_unsafe_methods);
}

static void add_content(TCase *tcase)
{
    tcase_add_test(tcase, test_fields_of_the_connection_are_not_stored);
    tcase_add_test(tcase, test_fields_of_the_connection_are_not_updated);
    tcase_add_test(tcase, test_decoded_content_is_stored);
    tcase_add_loop_test(tcase, test_content_of_any_size, 0, COUNT(sizes));
    tcase_add_loop_test(tcase, test_incomplete_content_is_not_stored, 0, COUNT(incomplete));
    tcase_add_test(tcase, test_incomplete_content_replaces_nothing);
    tcase_add_test(tcase, test_what_a_callback_breaks_off_is_not_stored);
    tcase_add_test(tcase, test_unknown_transfer_coding);
}

/* Once for each kind of cache. */
static void add_tests(Suite *suite, SFun setup)
{
    add_changes(stored_case(suite, "changes", setup));
    add_ranges(stored_case(suite, "ranges", setup));
    add_redirects(stored_case(suite, "redirects", setup));
    add_content(stored_case(suite, "content", setup));
}

Suite *stored_suite(void)
{
    Suite *suite = suite_create("stored");
    TCase *others = stored_case(suite, "others", stored_setup);
    tcase_add_test(others, test_invalidation_by_others);
    tcase_add_test(others, test_invalidation_by_others_during_a_post);
    add_tests(suite, stored_setup);
    add_tests(suite, stored_setup_objects);
    return suite;
}
