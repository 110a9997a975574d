/*
 * Tests of cache/store_objects.h over a table in memory: what comes back, what happens to a cache that damages, loses or
 * fails, and many threads at once.
 */
#include <check.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cache/store_objects.h"
#include "suites.h"
#include "table.h"

#define URI "http://example.com/some/path?and=query"
#define OTHER_URI "http://example.com/another"

enum { LARGE = 1500000 };

static table cache;
static ah_store *store;

static void setup(void)
{
    table_init(&cache);
    store = ah_store_objects_new(&table_methods, &cache);
    ck_assert_ptr_nonnull(store);
}

static void teardown(void)
{
    store->methods->free(store);
    ck_assert(cache.freed);
    ck_assert(!cache.abused);
    table_clear(&cache);
}

/* ---- Storing and reading ------------------------------------------------------------------- */

static void add_field(ah_fields *fields, const char *name, const char *value)
{
    ck_assert(ah_fields_add(fields, name, strlen(name), value, strlen(value)));
}

/* A response for a language. */
static ah_entry response(const char *uri, const char *language)
{
    ah_entry entry = {
        .uri = strdup(uri),
        .method = strdup("GET"),
        .status = 200,
        .version = 11,
        .reason = strdup("Fine indeed"),
        .requested = 1700000000.25,
        .received = 1700000001.5,
        .fresh_until = 1700000061.5,
        .length = AH_LENGTH_UNKNOWN,
    };
    add_field(&entry.fields, "etag", "\"x\"");
    add_field(&entry.fields, "cache-control", "max-age=60");
    add_field(&entry.fields, "cache-control", "private");
    add_field(&entry.fields, "x-empty", "");
    add_field(&entry.selecting, "accept-language", language);
    return entry;
}

/* Content that is unlike that of another seed, at every place. */
static unsigned char *pattern(size_t length, unsigned seed)
{
    unsigned char *content = malloc(length + 1);
    ck_assert_ptr_nonnull(content);
    for (size_t i = 0; i < length; i++)
        content[i] = (unsigned char)(i + i / 251 + i / 65521 + 37 * seed);
    return content;
}

/* Writes in portions of an odd size. */
static bool write_all(ah_store_writer *writer, const unsigned char *content, size_t length)
{
    bool written = true;
    for (size_t done = 0; written && done < length;) {
        size_t part = length - done < 16411 ? length - done : 16411;
        written = store->methods->write(writer, content + done, part);
        done += part;
    }
    return written;
}

static ah_store_result put_entry(const ah_entry *entry, uint64_t offset, const void *content, size_t length,
                                 const int64_t *replaced, size_t count)
{
    ah_store_writer *writer = store->methods->begin(store, entry, offset);
    ck_assert_ptr_nonnull(writer);
    ck_assert(write_all(writer, content, length));
    return store->methods->commit(writer, entry, replaced, count);
}

static void put(const char *uri, const char *language, unsigned seed, size_t length)
{
    ah_entry entry = response(uri, language);
    unsigned char *content = pattern(length, seed);
    ck_assert_int_eq(put_entry(&entry, 0, content, length, NULL, 0), AH_STORE_OK);
    free(content);
    ah_entry_clear(&entry);
}

static ah_entries found(const char *uri)
{
    ah_entries entries = {0};
    ah_store_result result = store->methods->find(store, uri, &entries);
    ck_assert_int_eq(result, entries.count ? AH_STORE_OK : AH_STORE_ABSENT);
    return entries;
}

static size_t count_found(const char *uri)
{
    ah_entries entries = found(uri);
    size_t count = entries.count;
    ah_entries_clear(&entries);
    return count;
}

static bool collect(void *data, const void *content, size_t length)
{
    ah_buffer *collected = data;
    ck_assert_uint_gt(length, 0);
    ck_assert_uint_le(length, 1000000);
    return ah_buffer_append(collected, content, length);
}

static ah_store_result read_range(const ah_entry *entry, uint64_t first, uint64_t end, ah_buffer *content)
{
    return store->methods->read(store, entry, (ah_range){first, end}, collect, content);
}

static void check_range(const ah_entry *entry, unsigned seed, uint64_t first, uint64_t end)
{
    unsigned char *expected = pattern((size_t)end, seed);
    ah_buffer content = {0};
    ck_assert_int_eq(read_range(entry, first, end, &content), AH_STORE_OK);
    ck_assert_uint_eq(content.length, end - first);
    ck_assert(first == end || memcmp(content.data, expected + first, content.length) == 0);
    ah_buffer_free(&content);
    free(expected);
}

/* Whether the only response there is has this content; it may also be that there is none that can be read. */
static bool check_or_miss(const char *uri, unsigned seed, size_t length)
{
    ah_entries entries = found(uri);
    ah_buffer content = {0};
    unsigned char *expected = pattern(length, seed);
    bool hit = entries.count;
    if (hit) {
        ck_assert_uint_eq(entries.count, 1);
        ck_assert_str_eq(entries.items[0].uri, uri);
        ck_assert_uint_eq(entries.items[0].length, length);
        hit = read_range(entries.items, 0, length, &content) == AH_STORE_OK;
        ck_assert(content.length <= length && (!content.length || !memcmp(content.data, expected, content.length)));
        ck_assert(!hit || content.length == length);
    }
    free(expected);
    ah_buffer_free(&content);
    ah_entries_clear(&entries);
    return hit;
}

START_TEST(test_head)
{
    ah_entry entry = response(URI, "en");
    entry.length = 5;
    ck_assert_uint_eq(count_found(URI), 0);
    ck_assert_int_eq(put_entry(&entry, 0, "hello", 5, NULL, 0), AH_STORE_OK);
    ah_entries entries = found(URI);
    const ah_entry *same = entries.items;
    ck_assert_uint_eq(entries.count, 1);
    ck_assert_int_ne(same->id, 0);
    ck_assert_str_eq(same->uri, URI);
    ck_assert_str_eq(same->method, "GET");
    ck_assert_int_eq(same->status, 200);
    ck_assert_int_eq(same->version, 11);
    ck_assert_str_eq(same->reason, "Fine indeed");
    ck_assert_uint_eq(same->fields.count, 3);
    ck_assert_str_eq(ah_fields_get(&same->fields, "cache-control"), "max-age=60, private");
    ck_assert_uint_eq(ah_fields_find(&same->fields, "cache-control")->count, 2);
    ck_assert_str_eq(ah_fields_get(&same->fields, "x-empty"), "");
    ck_assert_str_eq(ah_fields_get(&same->selecting, "accept-language"), "en");
    ck_assert_double_eq(same->requested, 1700000000.25);
    ck_assert_double_eq(same->received, 1700000001.5);
    ck_assert_double_eq(same->fresh_until, 1700000061.5);
    ck_assert(!same->partial && same->ranges.count == 0 && same->length == 5);
    ah_entries_clear(&entries);
    ck_assert_uint_eq(count_found(OTHER_URI), 0);
    ah_entry_clear(&entry);
}
END_TEST

/* A small response is there with one get. */
START_TEST(test_one_get)
{
    size_t length = _i ? 65536 : 0;
    put(URI, "en", 1, length);
    ck_assert_uint_eq(cache.count, 1);
    cache.gets = 0;
    ah_entries entries = found(URI);
    unsigned char *expected = pattern(length, 1);
    ck_assert(entries.items[0].loaded && entries.items[0].content.length == length);
    ck_assert(!length || memcmp(entries.items[0].content.data, expected, length) == 0);
    ck_assert_uint_eq(cache.gets, 1);
    check_range(entries.items, 1, 0, length);
    check_range(entries.items, 1, length / 3, length / 2);
    free(expected);
    ah_entries_clear(&entries);
}
END_TEST

static const size_t lengths[] = {65537, 524254, 524255, 524256, 1000000, LARGE};

START_TEST(test_large)
{
    size_t length = lengths[_i];
    put(URI, "en", 2, length);
    ck_assert_uint_gt(cache.count, 1);
    ck_assert_uint_le(cache.largest, 1000000);
    ah_entries entries = found(URI);
    ck_assert(!entries.items[0].loaded && !entries.items[0].partial);
    ck_assert_uint_eq(entries.items[0].length, length);
    check_range(entries.items, 2, 0, length);
    check_range(entries.items, 2, 0, 1);
    check_range(entries.items, 2, length - 1, length);
    check_range(entries.items, 2, length / 2, length / 2);
    check_range(entries.items, 2, length / 3, length - 100);
    ah_entries_clear(&entries);
}
END_TEST

static bool take_one(void *data, const void *content, size_t length)
{
    int *calls = data;
    *calls += 1;
    return !content || !length;
}

START_TEST(test_stopped)
{
    put(URI, "en", 2, LARGE);
    ah_entries entries = found(URI);
    int calls = 0;
    ah_range range = {0, LARGE};
    ck_assert_int_eq(store->methods->read(store, entries.items, range, take_one, &calls), AH_STORE_STOPPED);
    ck_assert_int_eq(calls, 1);
    ck_assert_uint_eq(count_found(URI), 1);
    ah_entries_clear(&entries);
}
END_TEST

/* What is being written goes out, but is not found before it is complete. */
START_TEST(test_not_before_commit)
{
    ah_entry entry = response(URI, "en");
    unsigned char *content = pattern(LARGE, 3);
    ah_store_writer *writer = store->methods->begin(store, &entry, 0);
    ck_assert_ptr_nonnull(writer);
    ck_assert_uint_eq(cache.sets + cache.gets, 0);
    ck_assert(write_all(writer, content, LARGE));
    ck_assert_uint_eq(cache.count, LARGE / 524255);
    ck_assert_uint_eq(count_found(URI), 0);
    if (_i) {
        store->methods->abort(writer);
        ck_assert_uint_eq(cache.count, 0);
    } else {
        ck_assert_int_eq(store->methods->commit(writer, &entry, NULL, 0), AH_STORE_OK);
        ck_assert_uint_eq(count_found(URI), 1);
    }
    free(content);
    ah_entry_clear(&entry);
}
END_TEST

/* What has not all come is not taken for all. */
START_TEST(test_incomplete)
{
    ah_entry entry = response(URI, "en");
    unsigned char *content = pattern(LARGE, 3);
    entry.length = LARGE;
    ck_assert_int_eq(put_entry(&entry, 0, content, LARGE - 1, NULL, 0), AH_STORE_FAILED);
    ck_assert_int_eq(put_entry(&entry, 1, content, LARGE, NULL, 0), AH_STORE_FAILED);
    ck_assert_uint_eq(cache.count, 0);
    free(content);
    ah_entry_clear(&entry);
}
END_TEST

START_TEST(test_too_large)
{
    ah_entry entry = response(URI, "en");
    ah_store_writer *writer = store->methods->begin(store, &entry, 0);
    ck_assert_ptr_nonnull(writer);
    ck_assert(store->methods->write(writer, "x", 1));
    ck_assert(!store->methods->write(writer, "x", (size_t)1 << 30));
    store->methods->abort(writer);
    ck_assert_uint_eq(cache.count, 0);
    ah_entry_clear(&entry);
}
END_TEST

/* ---- Several responses of one URI ---------------------------------------------------------- */

START_TEST(test_replaces_the_same_variant)
{
    put(URI, "en", 1, LARGE);
    put(URI, "de", 2, 10);
    put(URI, "en", 3, 100);
    ah_entries entries = found(URI);
    ck_assert_uint_eq(entries.count, 2);
    check_range(&entries.items[0], 3, 0, 100);
    check_range(&entries.items[1], 2, 0, 10);
    ah_entries_clear(&entries);
    /* The content of the first has gone, too. */
    ck_assert_uint_eq(cache.count, 1);
}
END_TEST

START_TEST(test_replaces_what_it_is_told_to)
{
    put(URI, "en", 1, LARGE);
    put(URI, "de", 2, LARGE);
    put(URI, "fr", 3, LARGE);
    ah_entries entries = found(URI);
    ah_entry entry = response(URI, "es");
    int64_t replaced[] = {entries.items[0].id, entries.items[2].id};
    ck_assert_int_eq(put_entry(&entry, 0, "hola", 4, replaced, 2), AH_STORE_OK);
    ah_entries_clear(&entries);
    entries = found(URI);
    ck_assert_uint_eq(entries.count, 2);
    ck_assert_str_eq(ah_fields_get(&entries.items[0].selecting, "accept-language"), "es");
    check_range(&entries.items[1], 2, 0, LARGE);
    ck_assert_uint_eq(cache.count, 1 + LARGE / 524255 + 1);
    ah_entries_clear(&entries);
    ah_entry_clear(&entry);
}
END_TEST

/* The oldest go when there are too many, whether their content lies in the index or not. */
START_TEST(test_many_variants)
{
    char language[16];
    for (unsigned i = 0; i < 40; i++) {
        snprintf(language, sizeof(language), "x-%u", i);
        put(URI, language, i, 20000);
    }
    ah_entries entries = found(URI);
    ck_assert_uint_eq(entries.count, 32);
    for (unsigned i = 0; i < 32; i++)
        check_range(&entries.items[i], 39 - i, 0, 20000);
    ah_entries_clear(&entries);
    size_t loaded = 256 * 1024 / 20000;
    ck_assert_uint_ge(cache.count, 1 + 32 - loaded);
    ck_assert_uint_le(cache.count, 1 + 32);
    ck_assert_int_eq(store->methods->remove_uri(store, URI, NULL), AH_STORE_OK);
    ck_assert_uint_eq(cache.count, 0);
}
END_TEST

static void put_large_head(const char *language, size_t size, ah_store_result expected)
{
    ah_entry entry = response(URI, language);
    char *value = malloc(size + 1);
    ck_assert_ptr_nonnull(value);
    memset(value, 'v', size);
    value[size] = '\0';
    add_field(&entry.fields, "x-large", value);
    ck_assert_int_eq(put_entry(&entry, 0, "content", 7, NULL, 0), expected);
    free(value);
    ah_entry_clear(&entry);
}

START_TEST(test_large_heads)
{
    put(URI, "en", 1, LARGE);
    put_large_head("a", 400000, AH_STORE_OK);
    put_large_head("b", 400000, AH_STORE_OK);
    ck_assert_uint_eq(count_found(URI), 3);
    put_large_head("c", 400000, AH_STORE_OK);
    ck_assert_uint_eq(count_found(URI), 2);
    ck_assert_uint_eq(cache.count, 1);
    /* What alone is too large changes nothing. */
    put_large_head("d", 1000000, AH_STORE_FAILED);
    ah_entries entries = found(URI);
    ck_assert_uint_eq(entries.count, 2);
    ck_assert_str_eq(ah_fields_get(&entries.items[0].selecting, "accept-language"), "c");
    ah_entries_clear(&entries);
}
END_TEST

START_TEST(test_update)
{
    put(URI, "en", 1, _i ? LARGE : 100);
    put(URI, "de", 2, 10);
    ah_entries entries = found(URI);
    ah_entry *entry = &entries.items[1];
    ck_assert(ah_fields_set(&entry->fields, "etag", "\"y\""));
    entry->received = 1800000000;
    entry->status = 203;
    ck_assert_int_eq(store->methods->update(store, entry), AH_STORE_OK);
    ah_entries again = found(URI);
    ck_assert_uint_eq(again.count, 2);
    ck_assert(again.items[0].id == entry->id && again.items[0].status == 203);
    ck_assert_str_eq(ah_fields_get(&again.items[0].fields, "etag"), "\"y\"");
    ck_assert_double_eq(again.items[0].received, 1800000000);
    check_range(&again.items[0], 1, 0, _i ? LARGE : 100);
    check_range(&again.items[1], 2, 0, 10);
    ck_assert_int_eq(store->methods->remove(store, entry), AH_STORE_OK);
    ck_assert_int_eq(store->methods->update(store, entry), AH_STORE_ABSENT);
    ck_assert_uint_eq(count_found(URI), 1);
    ah_entries_clear(&again);
    ah_entries_clear(&entries);
}
END_TEST

START_TEST(test_remove)
{
    ah_buffer content = {0};
    put(URI, "en", 1, LARGE);
    put(URI, "de", 2, 10);
    put(OTHER_URI, "en", 3, LARGE);
    ah_entries entries = found(URI);
    ck_assert_int_eq(store->methods->remove(store, &entries.items[1]), AH_STORE_OK);
    ck_assert_int_eq(store->methods->remove(store, &entries.items[1]), AH_STORE_ABSENT);
    ck_assert_int_eq(read_range(&entries.items[1], 0, 1, &content), AH_STORE_ABSENT);
    ck_assert_uint_eq(count_found(URI), 1);
    ck_assert_int_eq(store->methods->remove(store, &entries.items[0]), AH_STORE_OK);
    ck_assert_uint_eq(count_found(URI), 0);
    ah_entries_clear(&entries);
    ck_assert(check_or_miss(OTHER_URI, 3, LARGE));
    ck_assert_int_eq(store->methods->remove_uri(store, OTHER_URI, NULL), AH_STORE_OK);
    ck_assert_int_eq(store->methods->remove_uri(store, OTHER_URI, NULL), AH_STORE_OK);
    ck_assert_uint_eq(cache.count, 0);
}
END_TEST

/* What was asked for before a removal of its URI may be older than what that is about. */
START_TEST(test_removed_on_its_way)
{
    static const char *const removed[] = {URI, URI, OTHER_URI};
    unsigned char *content = pattern(LARGE, 1);
    ah_entry entry = response(URI, "en");
    entry.mark = store->methods->mark(store);
    ck_assert_uint_ne(entry.mark, 0);
    store->methods->remove_uri(store, removed[_i], _i == 1 ? &entry.mark : NULL);
    ck_assert_int_eq(put_entry(&entry, 0, content, LARGE, NULL, 0), _i ? AH_STORE_OK : AH_STORE_ABSENT);
    ck_assert_uint_eq(count_found(URI), _i ? 1 : 0);
    ck_assert(_i || !cache.count);
    ah_entry_clear(&entry);
    free(content);
}
END_TEST

/* ---- Ranges -------------------------------------------------------------------------------- */

/* Stores a part, joined with the entry of that id. */
static ah_store_result put_part(int64_t id, unsigned seed, uint64_t first, uint64_t end, uint64_t length)
{
    ah_entry entry = response(URI, "en");
    unsigned char *content = pattern((size_t)end, seed);
    entry.id = id;
    entry.partial = true;
    entry.length = length;
    ah_store_result result = put_entry(&entry, first, content + first, (size_t)(end - first), NULL, 0);
    free(content);
    ah_entry_clear(&entry);
    return result;
}

static void check_ranges(const ah_entry *entry, const char *expected)
{
    ah_buffer text = {0};
    ck_assert(ah_ranges_write(&text, &entry->ranges));
    ck_assert_str_eq(text.data ? text.data : "", expected);
    ah_buffer_free(&text);
}

static void join(int64_t *id, uint64_t first, uint64_t end, uint64_t length, const char *ranges)
{
    ck_assert_int_eq(put_part(*id, 5, first, end, length), AH_STORE_OK);
    ah_entries entries = found(URI);
    ck_assert_uint_eq(entries.count, 1);
    ck_assert(!*id || entries.items[0].id == *id);
    *id = entries.items[0].id;
    check_ranges(entries.items, ranges);
    ck_assert(entries.items[0].partial == (*ranges != '\0'));
    check_range(entries.items, 5, first, end);
    ah_entries_clear(&entries);
}

START_TEST(test_joined)
{
    int64_t id = 0;
    join(&id, 100, 200, AH_LENGTH_UNKNOWN, "100-199");
    join(&id, 400, 500, 1000, "100-199,400-499");
    join(&id, 150, 300, AH_LENGTH_UNKNOWN, "100-299,400-499");
    /* It covers two pieces. */
    join(&id, 90, 350, 1000, "90-349,400-499");
    ck_assert_uint_eq(cache.count, 1 + 2);
    join(&id, 500, 1000, 1000, "90-349,400-999");
    join(&id, 350, 400, 1000, "90-999");
    join(&id, 0, 100, 1000, "");
    ah_entries entries = found(URI);
    ck_assert_uint_eq(entries.items[0].length, 1000);
    check_range(entries.items, 5, 0, 1000);
    check_range(entries.items, 5, 95, 555);
    /* It is complete now. */
    ck_assert_int_eq(put_part(id, 5, 0, 10, 1000), AH_STORE_ABSENT);
    ck_assert_uint_eq(count_found(URI), 1);
    ck_assert_int_eq(store->methods->remove(store, entries.items), AH_STORE_OK);
    ck_assert_uint_eq(cache.count, 0);
    ah_entries_clear(&entries);
}
END_TEST

START_TEST(test_large_parts)
{
    int64_t id = 0;
    join(&id, 700000, LARGE, LARGE, "700000-1499999");
    join(&id, 0, 600000, LARGE, "0-599999,700000-1499999");
    join(&id, 500000, 800000, LARGE, "");
    ck_assert(check_or_miss(URI, 5, LARGE));
}
END_TEST

/* The head is that of the last part; other variants stay. */
START_TEST(test_joined_head)
{
    int64_t id = 0;
    put(URI, "de", 1, 10);
    ck_assert_int_eq(put_part(0, 5, 0, 10, 100), AH_STORE_OK);
    ah_entries entries = found(URI);
    ah_entry *entry = entries.items;
    id = entry->id;
    put(URI, "fr", 2, 10);
    ck_assert(ah_fields_set(&entry->fields, "x-new", "1"));
    ck_assert_int_eq(put_entry(entry, 50, "x", 1, &id, 1), AH_STORE_OK);
    ah_entries_clear(&entries);
    entries = found(URI);
    ck_assert_uint_eq(entries.count, 3);
    ck_assert(entries.items[0].id == id);
    check_ranges(entries.items, "0-9,50-50");
    ck_assert_str_eq(ah_fields_get(&entries.items[0].fields, "x-new"), "1");
    check_range(&entries.items[1], 2, 0, 10);
    check_range(&entries.items[2], 1, 0, 10);
    ah_entries_clear(&entries);
}
END_TEST

START_TEST(test_nothing_to_join)
{
    ck_assert_int_eq(put_part(12345, 5, 0, 100, 1000), AH_STORE_ABSENT);
    ck_assert_uint_eq(cache.count, 0);
    put(URI, "de", 1, 10);
    ck_assert_int_eq(put_part(12345, 5, 0, 100, 1000), AH_STORE_ABSENT);
    ck_assert_uint_eq(cache.count, 1);
}
END_TEST

/* A part beyond the end that another one told of. */
START_TEST(test_contradictory_parts)
{
    int64_t id = 0;
    join(&id, 500, 1000, 1000, "500-999");
    ck_assert_int_eq(put_part(id, 5, 0, 100, 900), AH_STORE_FAILED);
    ck_assert_int_eq(put_part(id, 5, 2000, 2100, AH_LENGTH_UNKNOWN), AH_STORE_FAILED);
    ah_entries entries = found(URI);
    check_ranges(entries.items, "500-999");
    ah_entries_clear(&entries);
    ck_assert_uint_eq(cache.count, 2);
}
END_TEST

/* One part that is all. */
START_TEST(test_whole_part)
{
    int64_t id = 0;
    join(&id, 0, 1000, 1000, "");
    ck_assert(check_or_miss(URI, 5, 1000));
}
END_TEST

/* A complete response takes the place of the parts. */
START_TEST(test_parts_replaced)
{
    int64_t id = 0;
    join(&id, 0, 100, 1000, "0-99");
    put(URI, "en", 6, 1000);
    ck_assert_uint_eq(cache.count, 1);
    ck_assert(check_or_miss(URI, 6, 1000));
}
END_TEST

/* ---- A cache that damages and loses -------------------------------------------------------- */

/* The value of an index, or of a piece. */
static table_value *value_of(bool piece)
{
    for (size_t i = 0; i < cache.count; i++) {
        if ((strlen(cache.values[i].key) > 80) == piece)
            return &cache.values[i];
    }
    ck_abort_msg("no such value");
    return NULL;
}

/* A short response of which the content lies in the index (0), or in a value of its own. */
static void put_short(bool piece)
{
    int64_t id = 0;
    if (piece)
        join(&id, 0, 100, 100, "");
    else
        put(URI, "en", 5, 100);
}

/* Copies of all values, to begin with them again. */
static table saved;

static void save(void)
{
    table_init(&saved);
    for (size_t i = 0; i < cache.count; i++)
        table_put(&saved, cache.values[i].key, cache.values[i].bytes, cache.values[i].length);
}

static void restore(void)
{
    for (size_t i = 0; i < saved.count; i++)
        table_put(&cache, saved.values[i].key, saved.values[i].bytes, saved.values[i].length);
}

/* 0: the index with the content; 1: the index without; 2: the piece. */
START_TEST(test_every_byte)
{
    put_short(_i > 0);
    save();
    size_t length = value_of(_i == 2)->length;
    for (size_t at = 0; at < length; at++) {
        for (int bit = 0; bit < 8; bit++) {
            table_value *value = value_of(_i == 2);
            value->bytes[at] ^= (unsigned char)(1 << bit);
            ck_assert_msg(!check_or_miss(URI, 5, 100), "a wrong byte %zu does not matter", at);
            restore();
        }
    }
    ck_assert(check_or_miss(URI, 5, 100));
    table_clear(&saved);
}
END_TEST

START_TEST(test_every_length)
{
    put_short(_i > 0);
    save();
    size_t length = value_of(_i == 2)->length;
    for (size_t cut = 0; cut < length; cut++) {
        value_of(_i == 2)->length = cut;
        ck_assert(!check_or_miss(URI, 5, 100));
        restore();
    }
    unsigned char *longer = calloc(1, length + 1);
    ck_assert_ptr_nonnull(longer);
    memcpy(longer, value_of(_i == 2)->bytes, length);
    table_put(&cache, value_of(_i == 2)->key, longer, length + 1);
    free(longer);
    ck_assert(!check_or_miss(URI, 5, 100));
    table_clear(&saved);
}
END_TEST

/* A value is damaged, and the next response is stored all the same. */
START_TEST(test_stored_over_damage)
{
    put(URI, "en", 1, 100);
    cache.values[0].bytes[50] ^= 1;
    put(URI, "en", 2, 100);
    ck_assert(check_or_miss(URI, 2, 100));
    cache.values[0].bytes[50] ^= 1;
    ck_assert_int_eq(store->methods->remove_uri(store, URI, NULL), AH_STORE_OK);
    ck_assert_uint_eq(cache.count, 0);
}
END_TEST

/* What belongs to another URI, as if they had the same hash. */
START_TEST(test_of_another_uri)
{
    put(URI, "en", 1, 100);
    table_value value = cache.values[0];
    put(OTHER_URI, "en", 2, 100);
    table_put(&cache, cache.values[1].key, value.bytes, value.length);
    ck_assert_uint_eq(count_found(OTHER_URI), 0);
    ck_assert_uint_eq(count_found(URI), 1);
}
END_TEST

/* A sound piece of another response, in the place of one. */
START_TEST(test_piece_of_another)
{
    put_short(true);
    char key[251];
    strcpy(key, value_of(true)->key);
    ck_assert_int_eq(put_part(0, 6, 0, 100, 200), AH_STORE_OK);
    save();
    ck_assert_int_eq(store->methods->remove_uri(store, URI, NULL), AH_STORE_OK);
    put_short(true);
    const table_value *other = &saved.values[strlen(saved.values[0].key) > 80 ? 0 : 1];
    ck_assert_str_ne(other->key, key);
    ck_assert_str_ne(other->key, value_of(true)->key);
    ck_assert_uint_eq(other->length, value_of(true)->length);
    table_put(&cache, value_of(true)->key, other->bytes, other->length);
    ck_assert(!check_or_miss(URI, 5, 100));
    table_clear(&saved);
}
END_TEST

/* A response whose content has gone is not found a second time. */
START_TEST(test_lost_piece)
{
    put(URI, "en", 1, LARGE);
    put(URI, "de", 2, 100);
    table_value *piece = value_of(true);
    free(piece->bytes);
    *piece = cache.values[--cache.count];
    ah_entries entries = found(URI);
    ah_buffer content = {0};
    ck_assert_int_eq(read_range(&entries.items[1], 0, LARGE, &content), AH_STORE_ABSENT);
    ck_assert_uint_eq(content.length % 524255, 0);
    ah_buffer_free(&content);
    ah_entries_clear(&entries);
    ck_assert(check_or_miss(URI, 2, 100));
    ck_assert_uint_eq(cache.count, 1);
}
END_TEST

/* ---- A cache that fails -------------------------------------------------------------------- */

static int warnings;
static int notices;

static void count_messages(asynchttp_log_level level, const char *component, const char *message, void *data)
{
    (void)data;
    ck_assert_str_eq(component, "cache");
    ck_assert_ptr_null(strstr(message, "example.com"));
    warnings += level == ASYNCHTTP_LOG_WARNING;
    notices += level == ASYNCHTTP_LOG_INFO;
}

static void listen(void)
{
    warnings = notices = 0;
    ck_assert_int_eq(asynchttp_set_log(ASYNCHTTP_LOG_INFO, count_messages, NULL), ASYNCHTTP_OK);
}

static void listen_no_more(void)
{
    ck_assert_int_eq(asynchttp_set_log(ASYNCHTTP_LOG_NONE, NULL, NULL), ASYNCHTTP_OK);
}

START_TEST(test_get_fails)
{
    ah_entries entries = {0};
    ah_buffer content = {0};
    put(URI, "en", 1, LARGE);
    ah_entry entry = response(URI, "de");
    listen();
    cache.failing = TABLE_GET;
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(store->methods->find(store, URI, &entries), AH_STORE_FAILED);
    ck_assert_int_eq(read_range(&entry, 0, 1, &content), AH_STORE_FAILED);
    ck_assert_int_eq(store->methods->update(store, &entry), AH_STORE_FAILED);
    ck_assert_int_eq(store->methods->remove(store, &entry), AH_STORE_FAILED);
    /* What others have stored is not known, and so nothing is put in its place. */
    ck_assert_int_eq(put_entry(&entry, 0, "x", 1, NULL, 0), AH_STORE_FAILED);
    ck_assert_int_eq(warnings, 1);
    ck_assert_int_eq(notices, 0);
    cache.failing = 0;
    ck_assert_uint_eq(count_found(URI), 1);
    ck_assert_int_eq(notices, 1);
    cache.failing = TABLE_GET;
    ck_assert_int_eq(store->methods->find(store, URI, &entries), AH_STORE_FAILED);
    ck_assert_int_eq(warnings, 2);
    /* What must go goes all the same. */
    ck_assert_int_eq(store->methods->remove_uri(store, URI, NULL), AH_STORE_OK);
    cache.failing = 0;
    ck_assert_uint_eq(count_found(URI), 0);
    listen_no_more();
    ah_entry_clear(&entry);
}
END_TEST

START_TEST(test_set_fails)
{
    unsigned char *content = pattern(LARGE, 2);
    put(URI, "en", 1, 100);
    ah_entry entry = response(URI, "en");
    listen();
    ah_store_writer *writer = store->methods->begin(store, &entry, 0);
    ck_assert_ptr_nonnull(writer);
    ck_assert(store->methods->write(writer, content, 600000));
    cache.failing = TABLE_SET;
    ck_assert(!store->methods->write(writer, content, 600000));
    store->methods->abort(writer);
    ck_assert_int_eq(put_entry(&entry, 0, content, 10, NULL, 0), AH_STORE_FAILED);
    ck_assert_int_eq(put_entry(&entry, 0, content, 100000, NULL, 0), AH_STORE_FAILED);
    ck_assert_int_eq(warnings, 1);
    cache.failing = 0;
    ck_assert_uint_eq(cache.count, 1);
    ck_assert(check_or_miss(URI, 1, 100));
    ck_assert_int_eq(put_entry(&entry, 0, content, LARGE, NULL, 0), AH_STORE_OK);
    ck_assert_int_eq(notices, 1);
    ck_assert(check_or_miss(URI, 2, LARGE));
    listen_no_more();
    ah_entry_clear(&entry);
    free(content);
}
END_TEST

START_TEST(test_delete_fails)
{
    put(URI, "en", 1, LARGE);
    listen();
    cache.failing = TABLE_DELETE;
    put(URI, "en", 2, 100);
    ck_assert_int_eq(store->methods->remove_uri(store, URI, NULL), AH_STORE_FAILED);
    ck_assert_int_eq(warnings, 1);
    listen_no_more();
    ck_assert(check_or_miss(URI, 2, 100));
}
END_TEST

START_TEST(test_methods_missing)
{
    for (int i = 0; i < 3; i++) {
        asynchttp_cache_methods methods = table_methods;
        if (i == 0)
            methods.get = NULL;
        else if (i == 1)
            methods.set = NULL;
        else
            methods.delete = NULL;
        ck_assert_ptr_null(ah_store_objects_new(&methods, &cache));
    }
    ck_assert_ptr_null(ah_store_objects_new(NULL, &cache));
    ck_assert(!cache.freed);
    asynchttp_cache_methods methods = table_methods;
    methods.free = NULL;
    ah_store *without = ah_store_objects_new(&methods, &cache);
    ck_assert_ptr_nonnull(without);
    without->methods->free(without);
    ck_assert(!store->methods->clear && !store->methods->each && !store->methods->measure);
}
END_TEST

/* No URI makes a key that a cache would refuse; the table sees to it. */
START_TEST(test_any_uri)
{
    static const char *const uris[] = {"http://example.com/a b\n\x7f", "http://example.com/\xc3\xbc", "x"};
    for (size_t i = 0; i < sizeof(uris) / sizeof(uris[0]); i++) {
        put(uris[i], "en", (unsigned)i, 100000);
        ck_assert(check_or_miss(uris[i], (unsigned)i, 100000));
    }
    char *uri = malloc(100001);
    ck_assert_ptr_nonnull(uri);
    memset(uri, 'u', 100000);
    uri[100000] = '\0';
    put(uri, "en", 1, 100);
    ck_assert(check_or_miss(uri, 1, 100));
    uri[99999] = 'v';
    ck_assert_uint_eq(count_found(uri), 0);
    free(uri);
}
END_TEST

/* Times that no clock shows do not make the index unreadable. */
START_TEST(test_strange_times)
{
    ah_entry entry = response(URI, "en");
    entry.requested = -INFINITY;
    entry.received = NAN;
    entry.fresh_until = INFINITY;
    ck_assert_int_eq(put_entry(&entry, 0, "x", 1, NULL, 0), AH_STORE_OK);
    ah_entries entries = found(URI);
    ck_assert_uint_eq(entries.count, 1);
    ck_assert_double_eq(entries.items[0].fresh_until, 1e15);
    ah_entries_clear(&entries);
    ah_entry_clear(&entry);
}
END_TEST

/* ---- Another one at the same time ---------------------------------------------------------- */

/* Meanwhile the response is replaced by another one. */
static void replace_meanwhile(table *in, const char *key)
{
    if (strlen(key) < 80)
        return;
    in->before_get = NULL;
    pthread_mutex_unlock(&in->lock);
    put(URI, "en", 2, LARGE);
    pthread_mutex_lock(&in->lock);
}

START_TEST(test_replaced_while_it_is_read)
{
    put(URI, "en", 1, LARGE);
    ah_entries entries = found(URI);
    ah_buffer content = {0};
    cache.before_get = replace_meanwhile;
    ck_assert_int_eq(read_range(entries.items, 0, LARGE, &content), AH_STORE_ABSENT);
    ck_assert_uint_eq(content.length, 0);
    ah_entries_clear(&entries);
    ck_assert(check_or_miss(URI, 2, LARGE));
}
END_TEST

enum { THREADS = 8, ROUNDS = 40, URIS = 3 };

static const size_t thread_lengths[] = {0, 10, 70000, 600000};
static atomic_int wrong;
static atomic_int hits;

static void expect(bool condition)
{
    if (!condition)
        atomic_fetch_add(&wrong, 1);
}

/* A response whose tag says what its content is. */
static void store_tagged(const char *uri, unsigned seed)
{
    char tag[32];
    size_t length = thread_lengths[seed % 4];
    ah_entry entry = response(uri, seed % 2 ? "en" : "de");
    unsigned char *content = pattern(length, seed);
    snprintf(tag, sizeof(tag), "\"%u\"", seed);
    expect(ah_fields_set(&entry.fields, "etag", tag));
    ah_store_writer *writer = store->methods->begin(store, &entry, 0);
    expect(writer && write_all(writer, content, length));
    if (writer && seed % 5)
        expect(store->methods->commit(writer, &entry, NULL, 0) == AH_STORE_OK);
    else if (writer)
        store->methods->abort(writer);
    free(content);
    ah_entry_clear(&entry);
}

static bool append(void *data, const void *content, size_t length)
{
    return ah_buffer_append(data, content, length);
}

/* Whatever is found has the content that its tag names. */
static void check_tagged(const ah_entry *entry)
{
    unsigned seed = (unsigned)strtoul(ah_fields_get(&entry->fields, "etag") + 1, NULL, 10);
    size_t length = thread_lengths[seed % 4];
    unsigned char *content = pattern(length, seed);
    ah_buffer read = {0};
    expect(entry->length == length);
    ah_store_result result = store->methods->read(store, entry, (ah_range){0, length}, append, &read);
    expect(result == AH_STORE_OK || result == AH_STORE_ABSENT);
    expect(result != AH_STORE_OK || read.length == length);
    expect(!read.length || memcmp(read.data, content, read.length) == 0);
    atomic_fetch_add(&hits, result == AH_STORE_OK);
    free(content);
    ah_buffer_free(&read);
}

static void *use_store(void *data)
{
    unsigned seed = *(unsigned *)data;
    for (unsigned round = 0; round < ROUNDS; round++, seed++) {
        char uri[64];
        ah_entries entries = {0};
        snprintf(uri, sizeof(uri), "http://example.com/%u", seed % URIS);
        store_tagged(uri, seed);
        store->methods->find(store, uri, &entries);
        for (size_t i = 0; i < entries.count; i++)
            check_tagged(&entries.items[i]);
        if (entries.count && seed % 7 == 0)
            store->methods->remove(store, entries.items);
        else if (entries.count)
            store->methods->update(store, &entries.items[entries.count - 1]);
        if (seed % 11 == 0)
            store->methods->remove_uri(store, uri, NULL);
        ah_entries_clear(&entries);
    }
    return NULL;
}

START_TEST(test_threads)
{
    pthread_t threads[THREADS];
    unsigned seeds[THREADS];
    for (unsigned i = 0; i < THREADS; i++) {
        seeds[i] = i * 1000;
        ck_assert_int_eq(pthread_create(&threads[i], NULL, use_store, &seeds[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    ck_assert_int_eq(atomic_load(&wrong), 0);
    ck_assert_int_gt(atomic_load(&hits), 0);
}
END_TEST

/* ---- */

Suite *store_objects_suite(void)
{
    Suite *suite = suite_create("store_objects");
    TCase *tcase = tcase_create("objects");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, test_head);
    tcase_add_loop_test(tcase, test_one_get, 0, 2);
    tcase_add_loop_test(tcase, test_large, 0, (int)(sizeof(lengths) / sizeof(lengths[0])));
    tcase_add_test(tcase, test_stopped);
    tcase_add_loop_test(tcase, test_not_before_commit, 0, 2);
    tcase_add_test(tcase, test_incomplete);
    tcase_add_test(tcase, test_too_large);
    tcase_add_test(tcase, test_replaces_the_same_variant);
    tcase_add_test(tcase, test_replaces_what_it_is_told_to);
    tcase_add_test(tcase, test_many_variants);
    tcase_add_test(tcase, test_large_heads);
    tcase_add_loop_test(tcase, test_update, 0, 2);
    tcase_add_test(tcase, test_remove);
    tcase_add_loop_test(tcase, test_removed_on_its_way, 0, 3);
    tcase_add_test(tcase, test_joined);
    tcase_add_test(tcase, test_large_parts);
    tcase_add_test(tcase, test_joined_head);
    tcase_add_test(tcase, test_nothing_to_join);
    tcase_add_test(tcase, test_contradictory_parts);
    tcase_add_test(tcase, test_whole_part);
    tcase_add_test(tcase, test_parts_replaced);
    tcase_add_loop_test(tcase, test_every_byte, 0, 3);
    tcase_add_loop_test(tcase, test_every_length, 0, 3);
    tcase_add_test(tcase, test_stored_over_damage);
    tcase_add_test(tcase, test_of_another_uri);
    tcase_add_test(tcase, test_piece_of_another);
    tcase_add_test(tcase, test_lost_piece);
    tcase_add_test(tcase, test_get_fails);
    tcase_add_test(tcase, test_set_fails);
    tcase_add_test(tcase, test_delete_fails);
    tcase_add_test(tcase, test_methods_missing);
    tcase_add_test(tcase, test_any_uri);
    tcase_add_test(tcase, test_strange_times);
    tcase_add_test(tcase, test_replaced_while_it_is_read);
    tcase_add_test(tcase, test_threads);
    suite_add_tcase(suite, tcase);
    return suite;
}
