/*
 * For test suites of the cache: a cache for each test, and resources of the origin's /stored, which say themselves how
 * they are answered.
 */
#ifndef STORED_H
#define STORED_H

#include <check.h>

#include "asynchttp.h"
#include "fixture.h"

/* ---- The cache ---- */

/* The test's own, which the Http of client.h has: in SQLite, in a directory of its own; or made of objects in memory.
 * Checked fixtures of a test case, in place of those of client.h. */
extern asynchttp_cache *cache;
void stored_setup(void);
void stored_setup_objects(void);
void stored_teardown(void);

/* A test case with such a fixture, in the suite. */
TCase *stored_case(Suite *suite, const char *name, SFun setup);

/* Makes the directory for the one in SQLite; removes it with what is in it. */
void stored_make_directory(void);
void stored_remove_directory(void);

/* Where it is. */
const char *stored_directory(void);

/* What the cache has counted so far. */
asynchttp_cache_statistics stored_statistics(void);

/* ---- Resources ---- */

typedef struct resource {
    /* What the origin counts and records its requests under. */
    char name[32];
    char url[8192];
} resource;

/* A resource that was not requested yet; see /stored in the origin's --help. In the query quotes and spaces need no
 * encoding. Valid until fifteen more were made. */
const resource *stored(const char *query);

/* How often it was requested. */
long stored_count(const resource *of);

/* Waits until it was. */
void stored_await(const resource *of, long count);

/* The value that a field had in its number-th request, from 1; NULL: it was not there. The name is to be in lower case.
 * Valid until fifteen more were asked for. */
const char *stored_asked(const resource *of, long number, const char *name);

/* What responses say of their freshness, the first items of a query. */
#define FRESH "Cache-Control=max-age=1000&"
#define STALE "Cache-Control=max-age=10&Age=20&"

/* What printf would print, a query usually. Valid until seven more were made. */
FIXTURE_PRINTF const char *stored_print(const char *format, ...);

/* A URI as the value of a query's item. Valid until the next is made. */
const char *stored_encoded(const char *uri);

/* ---- Requests ---- */

/* Makes a GET of the resource, with these header fields (NULL: none), and waits until it has ended well. */
asynchttp_promise *stored_get(const resource *of, const char *const *headers);

/* The same with any method; the body may be NULL. */
asynchttp_promise *stored_request(const resource *of, const char *method, const char *const *headers, const char *body);

/* Whether it was answered from the cache. */
bool stored_fromcache(asynchttp_promise *promise);

/* Names and values of header fields, or any other list of texts. */
#define FIELDS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* The content must be this, and must have come from the cache, or must not. */
void stored_expect_hit(asynchttp_promise *promise, const char *content);
void stored_expect_miss(asynchttp_promise *promise, const char *content);

/* The same for a GET that is made now. */
void stored_expect_next_hit(const resource *of, const char *content);
void stored_expect_next_miss(const resource *of, const char *content);

/* It waits; the request must have failed like this. */
void stored_expect_error(asynchttp_promise *promise, asynchttp_code code);

/* An on_data callback that wants no more. */
int stored_refuse_data(asynchttp_promise *promise, const void *data, size_t length, void *callback_data);

#endif
