/*
 * Makes every allocation of the library fail in turn, and every thread and libcurl handle that it asks for.
 *
 * A scenario is run again and again, and each time one more call succeeds before one fails. Whatever fails, every
 * promise is done, its error is the lack of memory or none, and all memory is given back.
 */
#include "failing.h"
#include "fixture.h"
#include "stored.h"
#include "suites.h"
#include "table.h"

#include <asynchttp.h>
#include <stdlib.h>
#include <string.h>

#include "base/mapping.h"
#include "base/pages.h"
#include "cache/store_objects.h"

/* ---- Scenarios: each checks what it can, whatever fails ---- */

static void check_code(asynchttp_code code)
{
    ck_assert_msg(code == ASYNCHTTP_OK || code == ASYNCHTTP_E_NO_MEMORY, "%s", asynchttp_code_name(code));
}

/* A promise, if there was memory for one, ends well and with this content, or for lack of memory. */
static void check_promise(asynchttp_promise *promise, const char *content)
{
    const void *given;
    size_t length;
    asynchttp_response *response;
    if (!promise)
        return;
    asynchttp_code code = asynchttp_promise_content(promise, &given, &length);
    ck_assert(asynchttp_promise_done(promise));
    check_code(code);
    if (!code) {
        ck_assert_uint_eq(length, strlen(content));
        ck_assert_mem_eq(given, content, length);
        ck_assert_int_eq(asynchttp_promise_response(promise, &response), ASYNCHTTP_OK);
        check_code(asynchttp_response_set(response, "x-own", "1"));
        check_code(asynchttp_response_set(response, "content-type", "text/html"));
    }
    ck_assert_str_ne(asynchttp_promise_error_message(promise), code ? "" : "an error");
    asynchttp_promise_free(promise);
}

static void change_settings(asynchttp_http *http)
{
    static const char *const methods[] = {"GET", NULL};
    static const int codes[] = {301};
    check_code(asynchttp_http_set_timeout(http, 30));
    check_code(asynchttp_http_set_safe_methods(http, methods));
    check_code(asynchttp_http_set_optimistic_concurrency_methods(http, methods));
    check_code(asynchttp_http_set_redirect_codes(http, codes, 1));
    check_code(asynchttp_http_set_ca_certs(http, "/nowhere"));
    check_code(asynchttp_http_set_ca_certs(http, NULL));
    check_code(asynchttp_http_add_credentials(http, "name", "password", NULL));
    check_code(asynchttp_http_add_certificate(http, "key", "cert", NULL, NULL));
    check_code(asynchttp_http_clear_credentials(http));
    check_code(asynchttp_http_set_max_workers(http, 2));
    check_code(asynchttp_http_set_transfers_per_worker(http, 2));
}

static int accept_all(asynchttp_promise *promise, void *data)
{
    (void)data;
    check_code(asynchttp_promise_set_content(promise, "changed", 7));
    return 0;
}

static void requests(asynchttp_http *http)
{
    static const char *const headers[] = {"X-One", "1", "X-Two", "2", "x-one", "3", "Range", "bytes=0-", NULL};
    asynchttp_promise *all[5];
    all[0] = asynchttp_http_request(http, origin_url("/hello"), NULL);
    all[1] = asynchttp_http_request(http, origin_url("/echo"),
                                    ASYNCHTTP_REQUEST(.method = "PUT", .body = "some text", .headers = headers));
    all[2] =
        asynchttp_http_request(http, origin_url("/headers?A=1&B=2&A=3&A=4&A=5&C=&Set-Cookie=x&Set-Cookie=y"), NULL);
    all[3] =
        asynchttp_http_request(http,
                               origin_url("/raw?send=HTTP/1.1%%20200%%20OK%%0D%%0ATransfer-Encoding:%%20chunked"
                                          "%%0D%%0AA:%%20b%%0D%%0A%%20c%%0D%%0AA:%%20d%%0D%%0A%%20e%%0D%%0AB:%%20f%%0Dg"
                                          "%%0D%%0A%%0D%%0A0%%0D%%0AT:%%201%%0D%%0A%%0D%%0A"),
                               NULL);
    all[4] = asynchttp_http_request(http,
                                    "http://127\xe3\x80\x82"
                                    "0.0.1:1/",
                                    NULL);
    asynchttp_code waited = asynchttp_wait_all(all, 4, -1);
    ck_assert(waited == ASYNCHTTP_OK || waited == ASYNCHTTP_E_NO_MEMORY);
    check_promise(all[0], "hello\n");
    check_promise(all[1], "some text");
    check_promise(all[2], "");
    check_promise(all[3], "");
    if (all[4])
        ck_assert_int_ne(asynchttp_promise_wait(all[4]), ASYNCHTTP_OK);
    asynchttp_promise_free(all[4]);
}

#if HAVE_ZSTD
static void request_zstd(asynchttp_http *http)
{
    check_promise(asynchttp_http_request(http,
                                         origin_url("/raw?send=HTTP/1.1%%20200%%20OK%%0D%%0AContent-Encoding:%%20zstd"
                                                    "%%0D%%0AContent-Length:%%2016%%0D%%0A%%0D%%0A%%28%%B5%%2F%%FD%%04"
                                                    "%%58%%19%%00%%00one%%F6%%A1%%08%%24"),
                                         NULL),
                  "one");
}
#endif

static void requests_with_callbacks(asynchttp_http *http)
{
    asynchttp_promise *good =
        asynchttp_http_request(http, origin_url("/gzip/1000"), ASYNCHTTP_REQUEST(.callback = accept_all));
    asynchttp_promise *bad = asynchttp_http_request(http, "/relative", ASYNCHTTP_REQUEST(.callback = accept_all));
    if (good)
        check_code(asynchttp_promise_wait(good));
    if (bad)
        ck_assert_int_eq(asynchttp_promise_wait(bad), ASYNCHTTP_E_RELATIVE_URI);
    asynchttp_promise_free(good);
    asynchttp_promise_free(bad);
}

static void use_proxy(asynchttp_http *http)
{
    static const char *const headers[] = {"x-proxy", "1", NULL};
    asynchttp_proxy_info *info = asynchttp_proxy_info_new(ASYNCHTTP_PROXY_HTTP, "127.0.0.1", (int)origin_port());
    if (!info)
        return;
    check_code(asynchttp_proxy_info_set_user(info, "name"));
    check_code(asynchttp_proxy_info_set_headers(info, headers));
    asynchttp_code code = asynchttp_http_set_proxy_info(http, info);
    check_code(code);
    asynchttp_proxy_info_free(info);
    if (!code)
        check_promise(asynchttp_http_request(http, origin_url("/hello"), NULL), "hello\n");
}

static void whole_life(void)
{
    asynchttp_http *http = asynchttp_http_new(NULL);
    if (!http)
        return;
    change_settings(http);
    requests(http);
    requests_with_callbacks(http);
#if HAVE_ZSTD
    request_zstd(http);
#endif
    check_code(asynchttp_http_close(http));
    use_proxy(http);
    asynchttp_http_free(http);
}

static void own_log(asynchttp_log_level level, const char *component, const char *message, void *data)
{
    (void)level;
    (void)component;
    (void)message;
    (void)data;
}

static void logged_life(void)
{
    check_code(asynchttp_set_log(ASYNCHTTP_LOG_DEBUG, own_log, NULL));
    whole_life();
    /* Gives back what the log was configured with. */
    while (asynchttp_set_log(ASYNCHTTP_LOG_NONE, NULL, NULL) != ASYNCHTTP_OK)
        continue;
}

static bool check_x(void *data, const void *content, size_t length)
{
    (void)data;
    return *(const char *)content == 'x' && memchr(content, 'y', length) == NULL;
}

static ah_store_result store_x(ah_store *store, const ah_entry *entry, uint64_t offset, size_t length)
{
    static char content[600000];
    memset(content, 'x', sizeof(content));
    ah_store_writer *writer = store->methods->begin(store, entry, offset);
    if (writer && store->methods->write(writer, content, length))
        return store->methods->commit(writer, entry, NULL, 0);
    if (writer)
        store->methods->abort(writer);
    return AH_STORE_FAILED;
}

/* Stores with and without pieces, and joins a part with what is found. */
static void use_store(ah_store *store, ah_entry *entry)
{
    ah_entries found = {0};
    store_x(store, entry, 0, 600000);
    store_x(store, entry, 0, 100);
    entry->partial = true;
    entry->length = 1000;
    store_x(store, entry, 0, 600);
    if (store->methods->find(store, entry->uri, &found) == AH_STORE_OK) {
        ah_entry *first = found.items;
        if (first->partial)
            store_x(store, first, 500, 500);
        store->methods->update(store, first);
        ck_assert_int_ne(store->methods->read(store, first, (ah_range){0, 100}, check_x, NULL), AH_STORE_STOPPED);
        store->methods->remove(store, first);
    }
    ah_entries_clear(&found);
    store->methods->remove_uri(store, entry->uri, NULL);
}

static void stored_life(void)
{
    static char uri[] = "http://example.com/";
    static char method[] = "GET";
    table kept;
    ah_entry entry = {.uri = uri, .method = method, .status = 200, .version = 11, .length = AH_LENGTH_UNKNOWN};
    table_init(&kept);
    kept.allocate = failing_malloc;
    ah_store *store = ah_store_objects_new(&table_methods, &kept);
    if (store && ah_fields_add(&entry.fields, "etag", 4, "\"x\"", 3))
        use_store(store, &entry);
    if (store)
        store->methods->free(store);
    ah_fields_clear(&entry.fields);
    table_clear(&kept);
}

/* ---- With a cache ---- */

/* Requests the resource of the query, at a place of its own in each run, which always has the same content. */
static asynchttp_promise *request_stored(asynchttp_http *client, const char *query, const asynchttp_request *request)
{
    static const char *last = "";
    static unsigned number;
    number += query != last;
    last = query;
    return asynchttp_http_request(client, origin_url("/stored/memory-%u?%s", number, query), request);
}

/* The same with header fields; it waits for it. */
static void fetch(asynchttp_http *client, const char *query, const char *const *headers, const char *content)
{
    check_promise(request_stored(client, query, ASYNCHTTP_REQUEST(.headers = headers)), content);
}

static void fetch_variants(asynchttp_http *client)
{
    static const char query[] = FRESH "Vary=X-Kind,Cookie&ETag=%22a%22&body=one";
    fetch(client, query, FIELDS("x-kind", "1", "cookie", "a=b"), "one");
    fetch(client, query, FIELDS("x-kind", "1", "cookie", "a=b"), "one");
    fetch(client, query, FIELDS("x-kind", "2"), "one");
    check_promise(request_stored(client, query, ASYNCHTTP_REQUEST(.method = "PUT", .body = "x")), "one");
    fetch(client, query, FIELDS("x-kind", "1"), "one");
}

static void fetch_stale(asynchttp_http *client)
{
    static const char validated[] = STALE "ETag=%22a%22&Last-Modified=Sat,%2001%20Jan%202000%2000:00:00%20GMT&body=one";
    static const char refreshed[] = "Cache-Control=max-age=10,stale-while-revalidate=1000&Age=20&body=one";
    static const char failing[] = "Cache-Control=max-age=10,stale-if-error=1000&Age=20&body=one&then&body=one&close";
    fetch(client, validated, NULL, "one");
    fetch(client, validated, NULL, "one");
    check_promise(request_stored(client, validated, ASYNCHTTP_REQUEST(.method = "HEAD")), "");
    fetch(client, refreshed, NULL, "one");
    fetch(client, refreshed, NULL, "one");
    fetch(client, failing, NULL, "one");
    fetch(client, failing, NULL, "one");
}

static void fetch_parts(asynchttp_http *client)
{
    static const char query[] = FRESH "Accept-Ranges=bytes&ETag=%22a%22&body=abcdef";
    fetch(client, query, FIELDS("range", "bytes=0-2"), "abc");
    fetch(client, query, FIELDS("range", "bytes=3-"), "def");
    fetch(client, query, NULL, "abcdef");
    fetch(client, query, FIELDS("range", "bytes=1-3"), "bcd");
}

static void fetch_at_once(asynchttp_http *client)
{
    static const char query[] = FRESH "body=one";
    asynchttp_promise *all[6];
    for (int i = 0; i < 6; i++)
        all[i] = request_stored(client, query, NULL);
    for (int i = 0; i < 6; i++)
        check_promise(all[i], "one");
    fetch(client, "status=301&Location=/hello", NULL, "hello\n");
}

static void use_cache(asynchttp_cache *made)
{
    asynchttp_http *client = made ? asynchttp_http_new(NULL) : NULL;
    if (client && asynchttp_http_set_cache(client, made) == ASYNCHTTP_OK) {
        check_code(asynchttp_http_set_transfers_per_worker(client, 4));
        check_code(asynchttp_http_add_credentials(client, "name", "password", NULL));
        fetch_variants(client);
        fetch_stale(client);
        fetch_parts(client);
        fetch_at_once(client);
    }
    asynchttp_http_free(client);
    asynchttp_cache_free(made);
}

static void life_with_objects(void)
{
    table objects;
    table_init(&objects);
    objects.allocate = failing_malloc;
    use_cache(asynchttp_cache_new(&table_methods, &objects));
    table_clear(&objects);
}

static void life_with_sqlite(void)
{
    stored_make_directory();
    use_cache(asynchttp_cache_sqlite(stored_directory(), 0, 0));
    stored_remove_directory();
}

/* Large memory, which the library has for content when it does not keep to malloc(). */
static void write_to_pages(void)
{
    enum { PAGE = 2 << 20, PAGES = 20 };
    ah_pages *pages = ah_pages_new(PAGES * PAGE);
    if (!pages)
        return;
    for (size_t i = 0; i < PAGES; i++) {
        ah_pages_need(pages, (i + 1) * PAGE);
        memset(ah_pages_memory(pages) + i * PAGE, 'x', PAGE);
    }
    ck_assert_uint_eq(ah_pages_settle(pages, (PAGES - 1) * PAGE), (PAGES - 1) * PAGE);
    ck_assert_int_eq(ah_pages_memory(pages)[(PAGES - 1) * PAGE - 1], 'x');
    ah_pages_free(pages);
}

/* Runs the scenario with each call failing in turn, until it makes fewer calls than that. Returns how many fail. */
static long fail_each(void (*scenario)(void), long kept)
{
    long turn = 0;
    do {
        long before = failing_blocks();
        failing_begin(++turn);
        scenario();
        long left = failing_blocks() - before;
        ck_assert_msg(left <= kept, "%ld blocks left behind when call %ld failed", left, turn);
    } while (failing_end() >= turn);
    return turn;
}

START_TEST(every_failed_allocation_is_survived)
{
    ck_assert_int_gt(fail_each(whole_life, 0), 100);
}
END_TEST

START_TEST(every_failed_allocation_is_survived_by_pages)
{
    /* The last turn is one in which nothing fails. */
    ck_assert_int_ge(fail_each(write_to_pages, 0), 1 + (ah_mapping_exists() ? 2 : 1));
}
END_TEST

START_TEST(every_failed_allocation_is_survived_with_a_log)
{
    /* The configuration of the log is kept. */
    ck_assert_int_gt(fail_each(logged_life, 1), 100);
}
END_TEST

START_TEST(every_failed_allocation_is_survived_by_a_cache_of_objects)
{
    ck_assert_int_gt(fail_each(stored_life, 0), 100);
}
END_TEST

START_TEST(every_failed_allocation_is_survived_with_a_cache_of_objects)
{
    ck_assert_int_gt(fail_each(life_with_objects, 0), 100);
}
END_TEST

START_TEST(every_failed_allocation_is_survived_with_a_cache_in_sqlite)
{
    ck_assert_int_gt(fail_each(life_with_sqlite, 0), 100);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("memory");
    TCase *tcase = tcase_create("failing");
    tcase_set_timeout(tcase, 300);
    tcase_add_test(tcase, every_failed_allocation_is_survived);
    tcase_add_test(tcase, every_failed_allocation_is_survived_by_pages);
    tcase_add_test(tcase, every_failed_allocation_is_survived_with_a_log);
    tcase_add_test(tcase, every_failed_allocation_is_survived_with_a_cache_of_objects);
    tcase_add_test(tcase, every_failed_allocation_is_survived_with_a_cache_in_sqlite);
    tcase_add_test(tcase, every_failed_allocation_is_survived_by_a_cache_of_objects);
    suite_add_tcase(suite, tcase);
    fixture_start();
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    fixture_stop();
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
