#include "stored.h"

#include <check.h>
#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "fixture.h"
#include "table.h"

/* ---- The cache ---- */

asynchttp_cache *cache;

/* Of the cache that is made of objects. */
static table objects;

/* Of the cache in SQLite; empty: there is none. */
static char directory[64];

void stored_make_directory(void)
{
    const char *where = getenv("TMPDIR");
    snprintf(directory, sizeof(directory), "%s/check-cache-XXXXXX", where && strlen(where) < 32 ? where : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(directory));
}

void stored_remove_directory(void)
{
    char path[512];
    DIR *files = *directory ? opendir(directory) : NULL;
    const struct dirent *file;
    while (files && (file = readdir(files))) {
        snprintf(path, sizeof(path), "%s/%s", directory, file->d_name);
        unlink(path);
    }
    if (files)
        closedir(files);
    if (*directory)
        rmdir(directory);
    *directory = '\0';
}

static void use(asynchttp_cache *made)
{
    ck_assert_ptr_nonnull(made);
    cache = made;
    ck_assert_int_eq(asynchttp_http_set_cache(http, cache), ASYNCHTTP_OK);
}

void stored_setup(void)
{
    client_setup();
    stored_make_directory();
    use(asynchttp_cache_sqlite(directory, 0, 0));
}

void stored_setup_objects(void)
{
    client_setup();
    table_init(&objects);
    use(asynchttp_cache_new(&table_methods, &objects));
}

void stored_teardown(void)
{
    client_teardown();
    asynchttp_cache_free(cache);
    cache = NULL;
    stored_remove_directory();
    ck_assert(!objects.abused);
    table_clear(&objects);
}

TCase *stored_case(Suite *suite, const char *name, SFun setup)
{
    TCase *tcase = tcase_create(name);
    tcase_add_checked_fixture(tcase, setup, stored_teardown);
    tcase_set_timeout(tcase, 120);
    suite_add_tcase(suite, tcase);
    return tcase;
}

const char *stored_directory(void)
{
    return directory;
}

asynchttp_cache_statistics stored_statistics(void)
{
    asynchttp_cache_statistics statistics = {.size = sizeof(statistics)};
    ck_assert_int_eq(asynchttp_cache_stats(cache, &statistics), ASYNCHTTP_OK);
    return statistics;
}

/* ---- Resources ---- */

static void append_encoded(char *text, size_t size, const char *plain)
{
    char *at = text + strlen(text);
    for (; *plain; plain++) {
        ck_assert_ptr_nonnull(at);
        ck_assert_uint_lt((size_t)(at - text) + 4, size);
        if (*plain <= ' ' || *plain > '~' || *plain == '"')
            at += sprintf(at, "%%%02X", (unsigned)(unsigned char)*plain);
        else
            *at++ = *plain;
    }
    *at = '\0';
}

const resource *stored(const char *query)
{
    static resource resources[16];
    static unsigned last;
    resource *made = &resources[last++ % 16];
    snprintf(made->name, sizeof(made->name), "stored-%ld", origin_number("/count/stored"));
    snprintf(made->url, sizeof(made->url), "%s?", origin_url("/stored/%s", made->name));
    append_encoded(made->url, sizeof(made->url), query);
    return made;
}

const char *stored_print(const char *format, ...)
{
    static char texts[8][4096];
    static unsigned last;
    char *text = texts[last++ % 8];
    va_list values;
    va_start(values, format);
    ck_assert_int_lt(vsnprintf(text, sizeof(texts[0]), format, values), (int)sizeof(texts[0]));
    va_end(values);
    return text;
}

const char *stored_encoded(const char *uri)
{
    static char text[4096];
    char *at = text;
    for (; *uri; uri++) {
        ck_assert_int_lt(at - text, (int)sizeof(text) - 4);
        at += sprintf(at, strchr("%&?=[]#", *uri) ? "%%%02X" : "%c", (unsigned)(unsigned char)*uri);
    }
    return text;
}

long stored_count(const resource *of)
{
    return origin_number("/counted/%s", of->name);
}

void stored_await(const resource *of, long count)
{
    origin_await(count, "/counted/%s", of->name);
}

/* The value of a field in a head; false: it is not there. */
static bool find_value(const char *head, const char *name, char *value, size_t size)
{
    size_t length = strlen(name);
    const char *end = strstr(head, "\r\n\r\n");
    for (const char *line = strstr(head, "\r\n"); line && line < end; line = strstr(line + 2, "\r\n")) {
        if (strncmp(line + 2, name, length) == 0 && strncmp(line + 2 + length, ": ", 2) == 0) {
            const char *from = line + 2 + length + 2;
            snprintf(value, size, "%.*s", (int)strcspn(from, "\r"), from);
            return true;
        }
    }
    return false;
}

const char *stored_asked(const resource *of, long number, const char *name)
{
    static char values[16][1024];
    static unsigned last;
    char *value = values[last++ % 16];
    char *heads = origin_get("/recorded/%s", of->name);
    const char *head = heads;
    for (long i = 1; i < number && head; i++) {
        head = strstr(head, "\r\n\r\n\n");
        head = head ? head + 5 : NULL;
    }
    ck_assert_msg(head && *head, "no request %ld was made", number);
    bool found = find_value(head, name, value, sizeof(values[0]));
    free(heads);
    return found ? value : NULL;
}

/* ---- Requests ---- */

asynchttp_promise *stored_request(const resource *of, const char *method, const char *const *headers, const char *body)
{
    asynchttp_promise *promise =
        client_request(of->url, ASYNCHTTP_REQUEST(.method = method, .headers = headers, .body = body));
    client_response(promise);
    return promise;
}

asynchttp_promise *stored_get(const resource *of, const char *const *headers)
{
    return stored_request(of, NULL, headers, NULL);
}

bool stored_fromcache(asynchttp_promise *promise)
{
    return asynchttp_response_fromcache(client_response(promise));
}

static void expect(asynchttp_promise *promise, const char *content, bool fromcache)
{
    ck_assert_str_eq(client_text(promise), content);
    ck_assert_msg(stored_fromcache(promise) == fromcache, fromcache ? "not from the cache" : "from the cache");
}

void stored_expect_hit(asynchttp_promise *promise, const char *content)
{
    expect(promise, content, true);
}

void stored_expect_miss(asynchttp_promise *promise, const char *content)
{
    expect(promise, content, false);
}

void stored_expect_error(asynchttp_promise *promise, asynchttp_code code)
{
    client_wait(promise);
    ck_assert_str_eq(asynchttp_code_name(asynchttp_promise_error(promise)), asynchttp_code_name(code));
}

void stored_expect_next_hit(const resource *of, const char *content)
{
    stored_expect_hit(stored_get(of, NULL), content);
}

void stored_expect_next_miss(const resource *of, const char *content)
{
    stored_expect_miss(stored_get(of, NULL), content);
}

int stored_refuse_data(asynchttp_promise *promise, const void *data, size_t length, void *callback_data)
{
    (void)promise;
    (void)data;
    (void)length;
    (void)callback_data;
    return 1;
}
