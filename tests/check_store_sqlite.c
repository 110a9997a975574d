/*
 * Tests of cache/store_sqlite.h, each in a directory of its own.
 */
#include "sanitized.h"
#include "suites.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cache/keeper.h"
#include "cache/store_sqlite.h"

enum { KIB = 1024, MIB = 1024 * 1024 };

/* ---- Fixture ---- */

static char root[64];
static char directory[96];
static char file[128];
static ah_store *store;

static void begin(uint64_t max_bytes)
{
    store = ah_store_sqlite_new(directory, max_bytes, 0);
    ck_assert_ptr_nonnull(store);
}

static void end(void)
{
    if (store)
        store->methods->free(store);
    store = NULL;
}

static void again(uint64_t max_bytes)
{
    end();
    begin(max_bytes);
}

static void set_up(void)
{
    strcpy(root, "/tmp/check_store_sqlite.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(root));
    snprintf(directory, sizeof(directory), "%s/some/cache", root);
    snprintf(file, sizeof(file), "%s/cache.sqlite3", directory);
    begin(0);
}

static void remove_tree(const char *path)
{
    DIR *entries = opendir(path);
    char inside[512];
    if (!entries) {
        unlink(path);
        return;
    }
    for (struct dirent *entry; (entry = readdir(entries));) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        snprintf(inside, sizeof(inside), "%.200s/%.255s", path, entry->d_name);
        remove_tree(inside);
    }
    closedir(entries);
    rmdir(path);
}

static void tear_down(void)
{
    end();
    asynchttp_set_log(ASYNCHTTP_LOG_NONE, NULL, NULL);
    remove_tree(root);
}

/* How many files of the directory have that in their names. */
static int files_like(const char *part)
{
    DIR *entries = opendir(directory);
    int count = 0;
    if (!entries)
        return 0;
    for (struct dirent *entry; (entry = readdir(entries));)
        count += strstr(entry->d_name, part) != NULL;
    closedir(entries);
    return count;
}

/* A statement as a person would run it. */
static void sql(const char *statement)
{
    sqlite3 *handle;
    ck_assert_int_eq(sqlite3_open(file, &handle), SQLITE_OK);
    ck_assert_int_eq(sqlite3_busy_timeout(handle, 5000), SQLITE_OK);
    char *message = NULL;
    sqlite3_exec(handle, statement, NULL, NULL, &message);
    ck_assert_msg(!message, "%s", message);
    ck_assert_int_eq(sqlite3_close(handle), SQLITE_OK);
}

static int64_t sql_number(const char *query)
{
    sqlite3 *handle;
    sqlite3_stmt *statement;
    ck_assert_int_eq(sqlite3_open(file, &handle), SQLITE_OK);
    ck_assert_int_eq(sqlite3_prepare_v2(handle, query, -1, &statement, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
    int64_t number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    ck_assert_int_eq(sqlite3_close(handle), SQLITE_OK);
    return number;
}

/* Warnings, counted. */
static int warnings;

static void count_warning(asynchttp_log_level level, const char *component, const char *message, void *data)
{
    (void)component;
    (void)message;
    (void)data;
    warnings += level == ASYNCHTTP_LOG_WARNING;
}

static void count_warnings(void)
{
    warnings = 0;
    ck_assert_int_eq(asynchttp_set_log(ASYNCHTTP_LOG_WARNING, count_warning, NULL), ASYNCHTTP_OK);
}

/* ---- Entries ---- */

/* What the bytes at a place of a body are: tells places, and bodies, apart. */
static char byte_at(unsigned seed, uint64_t place)
{
    return (char)(seed * 31 + place * 7 + (place >> 8) * 13 + (place >> 16));
}

static ah_entry *new_entry(const char *uri)
{
    ah_entry *entry = calloc(1, sizeof(*entry));
    ck_assert_ptr_nonnull(entry);
    entry->uri = strdup(uri);
    entry->method = strdup("GET");
    entry->reason = strdup("OK");
    entry->status = 200;
    entry->version = 11;
    entry->requested = 1000.25;
    entry->received = 1000.5;
    entry->fresh_until = 2000;
    entry->length = AH_LENGTH_UNKNOWN;
    ck_assert(ah_fields_set(&entry->fields, "etag", "\"1\""));
    ck_assert(ah_fields_set(&entry->fields, "content-type", "text/plain"));
    return entry;
}

static void free_entry(ah_entry *entry)
{
    ah_entry_clear(entry);
    free(entry);
}

/* Writes bytes from first up to end of the body of that seed, in pieces that fit nothing. */
static bool write_body(ah_store_writer *writer, unsigned seed, uint64_t first, uint64_t last)
{
    char piece[7001];
    bool written = true;
    while (written && first < last) {
        size_t length = 0;
        while (length < sizeof(piece) && first < last)
            piece[length++] = byte_at(seed, first++);
        written = store->methods->write(writer, piece, length);
    }
    return written;
}

static ah_store_result store_entry(ah_entry *entry, unsigned seed, uint64_t length)
{
    ah_store_writer *writer = store->methods->begin(store, entry, 0);
    if (!writer)
        return AH_STORE_FAILED;
    if (!write_body(writer, seed, 0, length)) {
        store->methods->abort(writer);
        return AH_STORE_FAILED;
    }
    entry->length = length;
    return store->methods->commit(writer, entry, NULL, 0);
}

/* A GET of that URI. */
static ah_store_result put(const char *uri, unsigned seed, uint64_t length)
{
    ah_entry *entry = new_entry(uri);
    ah_store_result result = store_entry(entry, seed, length);
    free_entry(entry);
    return result;
}

static ah_store_result put_part(const char *uri, int64_t id, ah_range range, uint64_t length)
{
    ah_entry *entry = new_entry(uri);
    entry->partial = true;
    entry->length = length;
    ah_store_writer *writer = store->methods->begin(store, entry, range.first);
    ck_assert_ptr_nonnull(writer);
    ck_assert(write_body(writer, 1, range.first, range.end));
    entry->id = id;
    ah_store_result result = store->methods->commit(writer, entry, NULL, 0);
    free_entry(entry);
    return result;
}

/* The first that is found; NULL: none. To be freed with free_entry(). */
static ah_entry *find(const char *uri)
{
    ah_entries found = {0};
    ah_store_result result = store->methods->find(store, uri, &found);
    if (result != AH_STORE_OK) {
        ck_assert_uint_eq(found.count, 0);
        return NULL;
    }
    ah_entry *first = malloc(sizeof(*first));
    ck_assert_ptr_nonnull(first);
    *first = found.items[0];
    found.items[0] = (ah_entry){0};
    ah_entries_clear(&found);
    return first;
}

static bool has(const char *uri)
{
    ah_entry *entry = find(uri);
    if (!entry)
        return false;
    free_entry(entry);
    return true;
}

static size_t count(const char *uri)
{
    ah_entries found = {0};
    store->methods->find(store, uri, &found);
    size_t items = found.count;
    ah_entries_clear(&found);
    return items;
}

struct check {
    unsigned seed;
    uint64_t place;
    uint64_t stop_at;
};

static bool check_piece(void *data, const void *content, size_t length)
{
    struct check *check = data;
    ck_assert_uint_gt(length, 0);
    ck_assert_uint_le(length, 256 * KIB);
    size_t same = 0;
    while (same < length && ((const char *)content)[same] == byte_at(check->seed, check->place + same))
        same++;
    ck_assert_uint_eq(same, length);
    check->place += length;
    return check->place < check->stop_at;
}

static bool take_piece(void *data, const void *content, size_t length)
{
    (void)data;
    (void)content;
    return length != 0;
}

static ah_store_result check_range(const ah_entry *entry, unsigned seed, uint64_t first, uint64_t last)
{
    struct check check = {.seed = seed, .place = first, .stop_at = UINT64_MAX};
    ah_store_result result = store->methods->read(store, entry, (ah_range){first, last}, check_piece, &check);
    if (result == AH_STORE_OK)
        ck_assert_uint_eq(check.place, last);
    return result;
}

/* It is there, whole. */
static void check_body(const char *uri, unsigned seed, uint64_t length)
{
    ah_entry *entry = find(uri);
    ck_assert_msg(entry, "%s is not there", uri);
    ck_assert_uint_eq(entry->length, length);
    ck_assert(!entry->partial);
    ck_assert_int_eq(check_range(entry, seed, 0, length), AH_STORE_OK);
    if (entry->loaded) {
        struct check check = {.seed = seed, .stop_at = UINT64_MAX};
        ck_assert_uint_eq(entry->content.length, length);
        if (length)
            check_piece(&check, entry->content.data, length);
    }
    free_entry(entry);
}

static ah_store_size measured(void)
{
    ah_store_size size;
    ck_assert_int_eq(store->methods->measure(store, &size), AH_STORE_OK);
    return size;
}

/* What is counted is what is there. */
static void check_total(void)
{
    ck_assert_int_eq(sql_number("SELECT bytes = (SELECT coalesce(sum(size), 0) FROM response) + (SELECT "
                                "coalesce(sum(length(data)), 0) FROM chunk WHERE response IN (SELECT response FROM "
                                "loose)) AND entries = (SELECT count(*) FROM response) FROM total"),
                     1);
    ck_assert_int_eq(sql_number("SELECT count(*) FROM chunk WHERE response NOT IN (SELECT id FROM response UNION "
                                "SELECT response FROM loose)"),
                     0);
    ck_assert_int_eq(sql_number("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check != 'ok'"), 0);
}

/* ---- What is stored is found ---- */

START_TEST(touches_no_disk_before_it_is_used)
{
    ah_entry *entry = new_entry("http://a/");
    ah_store_writer *writer = store->methods->begin(store, entry, 0);
    ck_assert(store->methods->write(writer, "abc", 3));
    store->methods->abort(writer);
    free_entry(entry);
    end();
    ck_assert_int_ne(access(directory, F_OK), 0);
    ck_assert_ptr_null(ah_store_sqlite_new("", 0, 0));
    ck_assert_ptr_null(ah_store_sqlite_new(NULL, 0, 0));
}
END_TEST

START_TEST(head_comes_back_as_it_was)
{
    ah_entry *entry = new_entry("http://a/b?c");
    ck_assert(ah_fields_add(&entry->fields, "set-cookie", 10, "a=b", 3));
    ck_assert(ah_fields_add(&entry->fields, "set-cookie", 10, "c=\xff", 4));
    ck_assert(ah_fields_set(&entry->selecting, "accept", "x"));
    ck_assert(ah_fields_set(&entry->selecting, "cookie", ""));
    entry->status = 404;
    entry->version = 20;
    ck_assert_int_eq(store_entry(entry, 1, 1000), AH_STORE_OK);
    ah_entry *found = find("http://a/b?c");
    ck_assert_ptr_nonnull(found);
    ck_assert_int_gt(found->id, 0);
    ck_assert_str_eq(found->uri, entry->uri);
    ck_assert_str_eq(found->method, "GET");
    ck_assert_str_eq(found->reason, "OK");
    ck_assert_int_eq(found->status, 404);
    ck_assert_int_eq(found->version, 20);
    ck_assert_uint_eq(found->fields.count, 3);
    ck_assert_str_eq(ah_fields_get(&found->fields, "set-cookie"), "a=b, c=\xff");
    ck_assert_uint_eq(found->selecting.count, 2);
    ck_assert_str_eq(ah_fields_get(&found->selecting, "cookie"), "");
    ck_assert(found->requested == 1000.25 && found->received == 1000.5 && found->fresh_until == 2000);
    ck_assert(found->loaded);
    ck_assert_uint_gt(found->size, 1000);
    free_entry(found);
    free_entry(entry);
    ck_assert(!has("http://a/b"));
}
END_TEST

static const uint64_t lengths[] = {
    0, 1, 1000, 64 * KIB, 64 * KIB + 1, 256 * KIB - 1, 256 * KIB, 256 * KIB + 1, 512 * KIB, 2 * MIB + 3};

START_TEST(content_of_any_length_comes_back)
{
    uint64_t length = lengths[_i];
    ck_assert_int_eq(put("http://a/", 5, length), AH_STORE_OK);
    check_body("http://a/", 5, length);
    again(0);
    check_body("http://a/", 5, length);
    check_total();
}
END_TEST

START_TEST(any_range_is_read)
{
    uint64_t length = _i ? 700 * KIB : 20 * KIB;
    ck_assert_int_eq(put("http://a/", 5, length), AH_STORE_OK);
    ah_entry *entry = find("http://a/");
    for (uint64_t first = 0; first < length; first += length / 9 + 1) {
        for (uint64_t last = first; last <= length; last += length / 7 + 1)
            ck_assert_int_eq(check_range(entry, 5, first, last), AH_STORE_OK);
    }
    ck_assert_int_eq(check_range(entry, 5, length - 1, length), AH_STORE_OK);
    ck_assert_int_eq(check_range(entry, 5, length - 1, length + 1), AH_STORE_ABSENT);
    ck_assert_int_eq(check_range(entry, 5, length, UINT64_MAX), AH_STORE_ABSENT);
    struct check check = {.seed = 5, .stop_at = 1};
    ck_assert_int_eq(store->methods->read(store, entry, (ah_range){0, length}, check_piece, &check), AH_STORE_STOPPED);
    free_entry(entry);
}
END_TEST

static bool store_and_clear(void *data, const void *content, size_t length)
{
    (void)content;
    (void)length;
    ck_assert_int_eq(put(data, 9, 10), AH_STORE_OK);
    ck_assert_int_eq(store->methods->clear(store), AH_STORE_OK);
    return true;
}

/* It is read to its end as it was when the reading began. */
START_TEST(sink_may_use_the_store)
{
    char uri[] = "http://b/";
    ck_assert_int_eq(put("http://a/", 5, 700 * KIB), AH_STORE_OK);
    ah_entry *entry = find("http://a/");
    ck_assert_int_eq(store->methods->read(store, entry, (ah_range){0, 700 * KIB}, store_and_clear, uri), AH_STORE_OK);
    ck_assert(!has("http://a/"));
    ck_assert_int_eq(check_range(entry, 5, 0, 1), AH_STORE_ABSENT);
    free_entry(entry);
}
END_TEST

START_TEST(nothing_is_there_before_the_commit_or_after_an_abort)
{
    uint64_t length = _i ? 900 * KIB : 900;
    ah_entry *entry = new_entry("http://a/");
    ah_store_writer *writer = store->methods->begin(store, entry, 0);
    ck_assert(write_body(writer, 1, 0, length));
    ck_assert(!has("http://a/"));
    store->methods->abort(writer);
    ck_assert(!has("http://a/"));
    ck_assert_uint_eq(measured().bytes, 0);
    ck_assert_int_eq(sql_number("SELECT count(*) FROM chunk"), 0);
    free_entry(entry);
}
END_TEST

START_TEST(too_large_an_entry_is_not_stored)
{
    end();
    store = ah_store_sqlite_new(directory, 8 * MIB, 600 * KIB);
    ck_assert_int_eq(put("http://a/", 1, 600 * KIB), AH_STORE_OK);
    ck_assert_int_eq(put("http://b/", 1, 600 * KIB + 1), AH_STORE_FAILED);
    check_body("http://a/", 1, 600 * KIB);
    ck_assert(!has("http://b/"));
    check_total();
}
END_TEST

START_TEST(less_than_was_announced_is_not_stored)
{
    ah_entry *entry = new_entry("http://a/");
    entry->length = 10;
    ah_store_writer *writer = store->methods->begin(store, entry, 0);
    ck_assert(write_body(writer, 1, 0, 9));
    ck_assert_int_eq(store->methods->commit(writer, entry, NULL, 0), AH_STORE_FAILED);
    ck_assert(!has("http://a/"));
    free_entry(entry);
}
END_TEST

/* ---- Variants ---- */

static ah_store_result put_variant(const char *uri, const char *accept, double received, uint64_t length)
{
    ah_entry *entry = new_entry(uri);
    ck_assert(ah_fields_set(&entry->selecting, "accept", accept));
    entry->received = received;
    ah_store_result result = store_entry(entry, (unsigned)*accept, length);
    free_entry(entry);
    return result;
}

START_TEST(variants_come_newest_first)
{
    static const char *const order[] = {"d", "b", "c", "a"};
    ck_assert_int_eq(put_variant("http://a/", "a", 1, 10), AH_STORE_OK);
    ck_assert_int_eq(put_variant("http://a/", "b", 3, 20), AH_STORE_OK);
    ck_assert_int_eq(put_variant("http://a/", "c", 2, 700 * KIB), AH_STORE_OK);
    ck_assert_int_eq(put_variant("http://a/", "d", 4, 30), AH_STORE_OK);
    ah_entries found = {0};
    ck_assert_int_eq(store->methods->find(store, "http://a/", &found), AH_STORE_OK);
    ck_assert_uint_eq(found.count, 4);
    for (size_t i = 0; i < 4; i++) {
        const ah_entry *entry = &found.items[i];
        ck_assert_str_eq(ah_fields_get(&entry->selecting, "accept"), order[i]);
        ck_assert(entry->loaded == (i == 0));
        ck_assert_int_eq(check_range(entry, (unsigned)*order[i], 0, entry->length), AH_STORE_OK);
    }
    ah_entries_clear(&found);
}
END_TEST

START_TEST(same_selecting_fields_are_replaced)
{
    ck_assert_int_eq(put_variant("http://a/", "a", 1, 10), AH_STORE_OK);
    ck_assert_int_eq(put_variant("http://a/", "b", 2, 700 * KIB), AH_STORE_OK);
    ck_assert_int_eq(put_variant("http://a/", "b", 3, 20), AH_STORE_OK);
    ck_assert_int_eq(put_variant("http://b/", "a", 4, 20), AH_STORE_OK);
    ck_assert_uint_eq(count("http://a/"), 2);
    check_body("http://a/", 'b', 20);
    check_total();
}
END_TEST

START_TEST(named_ones_are_replaced_if_they_are_of_the_uri)
{
    ck_assert_int_eq(put_variant("http://a/", "a", 1, 10), AH_STORE_OK);
    ck_assert_int_eq(put_variant("http://b/", "a", 1, 10), AH_STORE_OK);
    ah_entry *a = find("http://a/");
    ah_entry *b = find("http://b/");
    int64_t ids[] = {a->id, b->id, 12345};
    ah_entry *entry = new_entry("http://a/");
    ah_store_writer *writer = store->methods->begin(store, entry, 0);
    entry->length = 0;
    ck_assert_int_eq(store->methods->commit(writer, entry, ids, 3), AH_STORE_OK);
    ck_assert_uint_eq(count("http://a/"), 1);
    check_body("http://a/", 0, 0);
    ck_assert(has("http://b/"));
    ck_assert_uint_eq(measured().entries, 2);
    free_entry(a);
    free_entry(b);
    free_entry(entry);
}
END_TEST

START_TEST(no_more_than_64_variants_are_kept)
{
    char accept[16];
    for (int i = 0; i < 70; i++) {
        snprintf(accept, sizeof(accept), "%d", i);
        ck_assert_int_eq(put_variant("http://a/", accept, i, 10), AH_STORE_OK);
    }
    ck_assert_uint_eq(count("http://a/"), 64);
    ck_assert_uint_eq(measured().entries, 64);
    ah_entry *newest = find("http://a/");
    ck_assert_str_eq(ah_fields_get(&newest->selecting, "accept"), "69");
    free_entry(newest);
}
END_TEST

/* ---- Parts ---- */

/* The whole of 1 MiB in four unequal parts that overlap, in every order. */
static const ah_range parts[] = {{0, 1000}, {900, 300000}, {250000, 700001}, {600000, 1048576}};

static void order_of(int number, int order[4])
{
    int left[] = {0, 1, 2, 3};
    for (int i = 0, n = 24; i < 4; i++) {
        n /= 4 - i;
        int chosen = number / n;
        number %= n;
        order[i] = left[chosen];
        memmove(&left[chosen], &left[chosen + 1], sizeof(left[0]) * (size_t)(3 - chosen));
    }
}

START_TEST(parts_are_joined_until_they_are_complete)
{
    int order[4];
    order_of(_i, order);
    int64_t id = 0;
    for (int i = 0; i < 4; i++) {
        uint64_t length = i == 3 ? 1048576 : AH_LENGTH_UNKNOWN;
        ck_assert_int_eq(put_part("http://a/", id, parts[order[i]], length), AH_STORE_OK);
        ah_entry *entry = find("http://a/");
        ck_assert(id == 0 || entry->id == id);
        id = entry->id;
        ck_assert(entry->partial == (i != 3));
        for (int j = 0; j <= i; j++)
            ck_assert_int_eq(check_range(entry, 1, parts[order[j]].first, parts[order[j]].end), AH_STORE_OK);
        if (i == 0)
            ck_assert_int_eq(check_range(entry, 1, 0, 1048576), AH_STORE_ABSENT);
        free_entry(entry);
        ck_assert_uint_eq(count("http://a/"), 1);
        check_total();
    }
    check_body("http://a/", 1, 1048576);
}
END_TEST

START_TEST(part_of_what_is_gone_is_absent)
{
    ck_assert_int_eq(put_part("http://a/", 0, (ah_range){5, 10}, 20), AH_STORE_OK);
    ah_entry *entry = find("http://a/");
    ck_assert_int_eq(put_part("http://b/", entry->id, (ah_range){10, 15}, 20), AH_STORE_ABSENT);
    ck_assert_int_eq(put_part("http://a/", entry->id, (ah_range){10, 15}, 30), AH_STORE_ABSENT);
    ck_assert_int_eq(store->methods->remove(store, entry), AH_STORE_OK);
    ck_assert_int_eq(put_part("http://a/", entry->id, (ah_range){10, 15}, 20), AH_STORE_ABSENT);
    ck_assert_int_eq(put_part("http://a/", entry->id, (ah_range){0, 600 * KIB}, MIB), AH_STORE_ABSENT);
    ck_assert_int_eq(store->methods->remove(store, entry), AH_STORE_ABSENT);
    ck_assert(!has("http://a/"));
    ck_assert_uint_eq(measured().bytes, 0);
    free_entry(entry);
}
END_TEST

/* Two began with the same state: what the other has stored meanwhile counts. */
START_TEST(two_join_at_once)
{
    ck_assert_int_eq(put_part("http://a/", 0, (ah_range){0, 10}, 30), AH_STORE_OK);
    ah_entry *entry = find("http://a/");
    ah_store_writer *writer = store->methods->begin(store, entry, 10);
    ck_assert(write_body(writer, 1, 10, 25));
    ck_assert_int_eq(put_part("http://a/", entry->id, (ah_range){15, 30}, 30), AH_STORE_OK);
    ck_assert_int_eq(store->methods->commit(writer, entry, NULL, 0), AH_STORE_OK);
    check_body("http://a/", 1, 30);
    check_total();
    free_entry(entry);
}
END_TEST

/* Numbers as a server may make them up: they would come out of the database as others. */
START_TEST(parts_beyond_all_numbers)
{
    static const uint64_t beyond = UINT64_C(1) << 63;
    ah_entry *part = new_entry("http://a/");
    part->partial = true;
    ah_store_writer *writer = store->methods->begin(store, part, beyond);
    ck_assert(!write_body(writer, 1, beyond, beyond + 10));
    store->methods->abort(writer);
    free_entry(part);
    ck_assert_int_eq(put_part("http://a/", 0, (ah_range){0, 10}, beyond + 10), AH_STORE_FAILED);
    ck_assert(!has("http://a/"));
    ck_assert_uint_eq(measured().bytes, 0);
    ck_assert_int_eq(put_part("http://a/", 0, (ah_range){0, 10}, AH_LENGTH_UNKNOWN), AH_STORE_OK);
    ah_entry *entry = find("http://a/");
    ck_assert_int_eq(put_part("http://a/", entry->id, (ah_range){10, 20}, beyond + 10), AH_STORE_FAILED);
    free_entry(entry);
    check_total();
}
END_TEST

/* ---- Changes ---- */

START_TEST(update_replaces_the_head)
{
    ck_assert_int_eq(put("http://a/", 1, _i ? 700 * KIB : 100), AH_STORE_OK);
    ah_entry *entry = find("http://a/");
    ck_assert(ah_fields_set(&entry->fields, "etag", "\"another, and a longer one\""));
    entry->received = 3000.5;
    entry->fresh_until = 0;
    entry->status = 203;
    ck_assert_int_eq(store->methods->update(store, entry), AH_STORE_OK);
    ah_entry *found = find("http://a/");
    ck_assert_int_eq(found->id, entry->id);
    ck_assert_str_eq(ah_fields_get(&found->fields, "etag"), "\"another, and a longer one\"");
    ck_assert(found->received == 3000.5 && found->fresh_until == 0 && found->status == 203);
    free_entry(found);
    check_body("http://a/", 1, _i ? 700 * KIB : 100);
    check_total();
    ck_assert_int_eq(store->methods->remove(store, entry), AH_STORE_OK);
    ck_assert_int_eq(store->methods->update(store, entry), AH_STORE_ABSENT);
    free_entry(entry);
}
END_TEST

START_TEST(removes_all_of_a_uri)
{
    ck_assert_int_eq(put_variant("http://a/", "a", 1, 10), AH_STORE_OK);
    ck_assert_int_eq(put_variant("http://a/", "b", 1, 900 * KIB), AH_STORE_OK);
    ck_assert_int_eq(put("http://a/b", 1, 10), AH_STORE_OK);
    ck_assert_int_eq(store->methods->remove_uri(store, "http://a/", NULL), AH_STORE_OK);
    ck_assert_int_eq(store->methods->remove_uri(store, "http://a/", NULL), AH_STORE_ABSENT);
    ck_assert(!has("http://a/"));
    ck_assert(has("http://a/b"));
    check_total();
}
END_TEST

START_TEST(clears_all)
{
    char uri[32];
    for (int i = 0; i < 200; i++) {
        snprintf(uri, sizeof(uri), "http://a/%d", i);
        ck_assert_int_eq(put(uri, 1, i == 7 ? 5 * MIB : 50), AH_STORE_OK);
    }
    ck_assert_int_eq(store->methods->clear(store), AH_STORE_OK);
    ck_assert_uint_eq(measured().entries, 0);
    ck_assert(!has("http://a/0"));
    ck_assert_int_eq(put("http://a/0", 1, 50), AH_STORE_OK);
    check_body("http://a/0", 1, 50);
    check_total();
}
END_TEST

static bool visit_and_remove(void *data, const ah_entry *entry)
{
    int *left = data;
    ck_assert(!entry->loaded);
    ck_assert_uint_gt(entry->size, 50);
    ck_assert_int_eq(store->methods->remove(store, entry), AH_STORE_OK);
    return --*left > 0;
}

START_TEST(visits_all)
{
    char uri[32];
    int left = 1000;
    for (int i = 0; i < 150; i++) {
        snprintf(uri, sizeof(uri), "http://a/%d", i);
        ck_assert_int_eq(put(uri, 1, 50), AH_STORE_OK);
    }
    ck_assert_int_eq(store->methods->each(store, visit_and_remove, &left), AH_STORE_OK);
    ck_assert_int_eq(left, 850);
    ck_assert_uint_eq(measured().entries, 0);
    ck_assert_int_eq(put("http://a/", 1, 50), AH_STORE_OK);
    left = 1;
    ck_assert_int_eq(store->methods->each(store, visit_and_remove, &left), AH_STORE_STOPPED);
}
END_TEST

/* ---- Size and usage ---- */

static bool see_usage(void *data, const ah_entry *entry)
{
    ah_entry *seen = data;
    seen->hits = entry->hits;
    seen->used = entry->used;
    return true;
}

START_TEST(hits_are_counted)
{
    ah_entry seen = {0};
    ck_assert_int_eq(put("http://a/", 1, 50), AH_STORE_OK);
    ah_entry *entry = find("http://a/");
    for (int i = 0; i < 3; i++)
        store->methods->touch(store, entry);
    store->methods->each(store, see_usage, &seen);
    ck_assert_uint_eq(seen.hits, 3);
    store->methods->touch(store, entry);
    again(0);
    store->methods->each(store, see_usage, &seen);
    ck_assert_uint_eq(seen.hits, 4);
    ck_assert(seen.used > 1e9);
    free_entry(entry);
}
END_TEST

/* Two fit; the one that was used stays. */
START_TEST(least_recently_used_goes_first)
{
    again(3 * MIB);
    ck_assert_int_eq(put("http://a/", 1, 900 * KIB), AH_STORE_OK);
    ck_assert_int_eq(put("http://b/", 2, 900 * KIB), AH_STORE_OK);
    ck_assert_int_eq(put("http://c/", 3, 900 * KIB), AH_STORE_OK);
    ah_entry *entry = find("http://a/");
    store->methods->touch(store, entry);
    store->methods->flush(store);
    free_entry(entry);
    ck_assert_int_eq(put("http://d/", 4, 900 * KIB), AH_STORE_OK);
    ck_assert(!has("http://b/"));
    check_body("http://a/", 1, 900 * KIB);
    check_body("http://c/", 3, 900 * KIB);
    check_body("http://d/", 4, 900 * KIB);
    ck_assert_uint_eq(measured().evictions, 1);
    check_total();
}
END_TEST

START_TEST(size_is_bounded)
{
    char uri[32];
    again(2 * MIB);
    for (int i = 0; i < 600; i++) {
        snprintf(uri, sizeof(uri), "http://a/%d", i);
        ck_assert_int_eq(put(uri, 1, i % 50 == 0 ? 500 * KIB : 9000), AH_STORE_OK);
        ck_assert_uint_le(measured().bytes, 2 * MIB);
    }
    ck_assert_uint_gt(measured().bytes, MIB);
    ck_assert_uint_gt(measured().evictions, 300);
    check_total();
}
END_TEST

/* A response that is coming, of which so much has come. */
static ah_store_writer *begin_body(const char *uri, unsigned seed, uint64_t length)
{
    ah_entry *entry = new_entry(uri);
    ah_store_writer *writer = store->methods->begin(store, entry, 0);
    free_entry(entry);
    ck_assert_ptr_nonnull(writer);
    ck_assert(write_body(writer, seed, 0, length));
    return writer;
}

static ah_store_result commit_body(ah_store_writer *writer, const char *uri, uint64_t length)
{
    ah_entry *entry = new_entry(uri);
    entry->length = length;
    ah_store_result result = store->methods->commit(writer, entry, NULL, 0);
    free_entry(entry);
    return result;
}

/* Ten are coming, of which eight fit: what has not become more for the longest time is given up, and all is counted. */
START_TEST(what_is_coming_is_bounded)
{
    enum { WRITERS = 10 };
    ah_store_writer *writers[WRITERS];
    again(4 * MIB);
    ck_assert_int_eq(put("http://small/", 1, 1000), AH_STORE_OK);
    for (unsigned i = 0; i < WRITERS; i++) {
        writers[i] = begin_body("http://a/", i, 600 * KIB);
        ck_assert_uint_le(measured().bytes, 4 * MIB);
        check_total();
    }
    ck_assert(!has("http://small/"));
    ck_assert_int_eq(commit_body(writers[0], "http://a/0", 600 * KIB), AH_STORE_FAILED);
    ck_assert_int_eq(commit_body(writers[WRITERS - 1], "http://a/9", 600 * KIB), AH_STORE_OK);
    check_body("http://a/9", WRITERS - 1, 600 * KIB);
    for (unsigned i = 1; i < WRITERS - 1; i++)
        store->methods->abort(writers[i]);
    ck_assert_int_eq(put("http://small/", 1, 1000), AH_STORE_OK);
    check_body("http://a/9", WRITERS - 1, 600 * KIB);
    check_total();
    ck_assert_uint_lt(measured().bytes, 700 * KIB);
}
END_TEST

/* 12 MiB are removed in two steps: whoever wrote them, and was only slow, cannot store the rest. */
START_TEST(what_was_taken_for_abandoned_is_not_stored)
{
    again(128 * MIB);
    ah_store_writer *writer = begin_body("http://a/", 1, 12 * MIB);
    sql("UPDATE loose SET grown = 1");
    ck_assert_int_eq(put("http://b/", 2, 1000), AH_STORE_OK);
    int64_t left = sql_number("SELECT count(*) FROM chunk");
    ck_assert_int_gt(left, 0);
    ck_assert_int_lt(left, 40);
    ck_assert_int_eq(commit_body(writer, "http://a/", 12 * MIB), AH_STORE_FAILED);
    ck_assert(!has("http://a/"));
    ck_assert_int_eq(put("http://b/", 2, 1000), AH_STORE_OK);
    ck_assert_int_eq(sql_number("SELECT count(*) FROM chunk"), 0);
    check_total();
}
END_TEST

/* ---- The file ---- */

static unsigned mode_of(const char *path)
{
    struct stat status;
    ck_assert_msg(stat(path, &status) == 0, "%s", path);
    return status.st_mode & 0777;
}

START_TEST(only_the_user_may_read_it)
{
    char path[160];
    mode_t before = umask(0);
    ck_assert_int_eq(put("http://a/", 1, 50), AH_STORE_OK);
    umask(before);
    ck_assert_uint_eq(mode_of(directory), 0700);
    snprintf(path, sizeof(path), "%s/some", root);
    ck_assert_uint_eq(mode_of(path), 0700);
    ck_assert_uint_eq(mode_of(file), 0600);
    snprintf(path, sizeof(path), "%s-wal", file);
    ck_assert_uint_eq(mode_of(path), 0600);
    snprintf(path, sizeof(path), "%s-shm", file);
    ck_assert_uint_eq(mode_of(path), 0600);
    end();
    ck_assert_int_eq(files_like("cache.sqlite3"), 1);
}
END_TEST

static void write_garbage(void)
{
    FILE *stream = fopen(file, "w");
    ck_assert_ptr_nonnull(stream);
    for (int i = 0; i < 5000; i++)
        fputs("garbage ", stream);
    ck_assert_int_eq(fclose(stream), 0);
}

static void make_newer(void)
{
    sql("PRAGMA user_version = 1000");
}

static void make_foreign(void)
{
    sql("PRAGMA application_id = 7");
}

static void make_other_tables(void)
{
    sql("DROP TABLE chunk; CREATE TABLE chunk (a)");
}

/* Set aside with one warning, and there is a fresh one. */
START_TEST(unusable_file_is_set_aside)
{
    static void (*const ways[])(void) = {write_garbage, make_newer, make_foreign, make_other_tables};
    ck_assert_int_eq(put("http://a/", 1, 700 * KIB), AH_STORE_OK);
    end();
    ways[_i]();
    count_warnings();
    begin(0);
    ah_entry *entry = find("http://a/");
    if (entry)
        ck_assert_int_eq(check_range(entry, 1, 0, 1), AH_STORE_FAILED);
    ck_assert_int_eq(put("http://b/", 1, 50), AH_STORE_OK);
    check_body("http://b/", 1, 50);
    ck_assert_int_eq(warnings, 1);
    ck_assert_int_gt(files_like("cache.sqlite3.2"), 0);
    if (entry)
        free_entry(entry);
}
END_TEST

START_TEST(older_version_is_dropped)
{
    ck_assert_int_eq(put("http://a/", 1, 50), AH_STORE_OK);
    end();
    sql("PRAGMA user_version = 0");
    count_warnings();
    begin(0);
    ck_assert(!has("http://a/"));
    ck_assert_int_eq(put("http://b/", 1, 50), AH_STORE_OK);
    check_body("http://b/", 1, 50);
    ck_assert_int_eq(warnings, 0);
    ck_assert_int_eq(files_like("cache.sqlite3.2"), 0);
}
END_TEST

/* While it is open. The next that needs the disk finds out. */
START_TEST(file_damaged_under_us_is_set_aside)
{
    char uri[32];
    for (int i = 0; i < 2000; i++) {
        snprintf(uri, sizeof(uri), "http://a/%d", i);
        ck_assert_int_eq(put(uri, 1, 20000), AH_STORE_OK);
    }
    sql("PRAGMA wal_checkpoint(TRUNCATE)");
    count_warnings();
    write_garbage();
    for (int i = 0; i < 2000; i++) {
        snprintf(uri, sizeof(uri), "http://a/%d", i);
        has(uri);
    }
    ck_assert_int_eq(warnings, 1);
    ck_assert_int_eq(put("http://b/", 1, 50), AH_STORE_OK);
    check_body("http://b/", 1, 50);
    again(0);
    check_body("http://b/", 1, 50);
    ck_assert_int_gt(files_like("cache.sqlite3.2"), 0);
}
END_TEST

START_TEST(removed_file_is_made_anew)
{
    char command[128];
    ck_assert_int_eq(put("http://a/", 1, 50), AH_STORE_OK);
    if (_i == 0) {
        ck_assert_int_eq(unlink(file), 0);
    } else {
        snprintf(command, sizeof(command), "%s", directory);
        remove_tree(command);
    }
    ck_assert_int_eq(put("http://b/", 1, 50), AH_STORE_OK);
    ck_assert(!has("http://a/"));
    again(0);
    check_body("http://b/", 1, 50);
    check_total();
}
END_TEST

/* What was asked for, and found, before that may be outdated, and is not to be taken for another. */
START_TEST(what_is_known_of_a_removed_file_is_forgotten)
{
    for (int i = 0; i < 5; i++)
        store->methods->remove_uri(store, "http://other/", NULL);
    ck_assert_int_eq(put("http://a/", 1, 50), AH_STORE_OK);
    ah_entry *old = find("http://a/");
    ah_entry *late = new_entry("http://c/");
    late->mark = store->methods->mark(store);
    ck_assert_int_eq(unlink(file), 0);
    for (int i = 0; i < 4; i++)
        store->methods->remove_uri(store, "http://other/", NULL);
    ck_assert_int_eq(put("http://b/", 2, 50), AH_STORE_OK);
    ah_entry *new = find("http://b/");
    old->id = new->id;
    ck_assert_int_eq(store->methods->update(store, old), AH_STORE_ABSENT);
    ck_assert_int_eq(store_entry(late, 3, 50), AH_STORE_ABSENT);
    check_body("http://b/", 2, 50);
    free_entry(old);
    free_entry(late);
    free_entry(new);
    check_total();
}
END_TEST

/* A person has been at it: what makes no sense is not there, and the rest is. */
START_TEST(rows_that_make_no_sense_are_absent)
{
    static const char *const edits[] = {
        "UPDATE response SET status = 'abc' WHERE uri = 'http://a/'",
        "UPDATE response SET status = -1 WHERE uri = 'http://a/'",
        "UPDATE response SET version = 1000 WHERE uri = 'http://a/'",
        "UPDATE response SET fields = 'no colon' WHERE uri = 'http://a/'",
        "UPDATE response SET method = 'a b' WHERE uri = 'http://a/'",
        "UPDATE response SET reason = x'410a42' WHERE uri = 'http://a/'",
        "UPDATE response SET ranges = 'x' WHERE uri = 'http://a/'",
        "UPDATE response SET ranges = '0-1000000' WHERE uri = 'http://a/'",
        "UPDATE response SET length = -5 WHERE uri = 'http://a/'",
        "UPDATE response SET length = NULL WHERE uri = 'http://a/'",
        "UPDATE response SET length = 51 WHERE uri = 'http://a/'",
        "UPDATE response SET received = 9e999 WHERE uri = 'http://a/'",
        "UPDATE response SET content = x'00' WHERE uri = 'http://a/'",
    };
    ck_assert_uint_eq(sizeof(edits) / sizeof(*edits), 13);
    ck_assert_int_eq(put("http://a/", 1, 50), AH_STORE_OK);
    ck_assert_int_eq(put("http://b/", 2, 50), AH_STORE_OK);
    sql(edits[_i]);
    ck_assert(!has("http://a/"));
    check_body("http://b/", 2, 50);
    ck_assert_int_eq(put("http://a/", 3, 60), AH_STORE_OK);
    check_body("http://a/", 3, 60);
    ck_assert_int_eq(store->methods->clear(store), AH_STORE_OK);
    ck_assert_uint_eq(measured().entries, 0);
}
END_TEST

START_TEST(chunks_that_make_no_sense_are_absent)
{
    static const char *const edits[] = {
        "DELETE FROM chunk WHERE start = 262144",
        "UPDATE chunk SET data = x'00' WHERE start = 262144",
        "UPDATE chunk SET start = 262145 WHERE start = 262144",
        "UPDATE chunk SET data = zeroblob(300000) WHERE start = 262144",
    };
    ck_assert_int_eq(put("http://a/", 1, 700 * KIB), AH_STORE_OK);
    sql(edits[_i]);
    ah_entry *entry = find("http://a/");
    ah_range whole = {0, 700 * KIB};
    ck_assert_int_eq(store->methods->read(store, entry, whole, take_piece, NULL), AH_STORE_ABSENT);
    free_entry(entry);
}
END_TEST

START_TEST(unusable_directory_is_said_once)
{
    char parent[80];
    snprintf(parent, sizeof(parent), "%s/some", root);
    FILE *stream = fopen(parent, "w");
    ck_assert_ptr_nonnull(stream);
    fclose(stream);
    count_warnings();
    for (int i = 0; i < 5; i++) {
        ck_assert_int_eq(put("http://a/", 1, i == 2 ? 700 * KIB : 50), AH_STORE_FAILED);
        ck_assert(!has("http://a/"));
        ck_assert_int_ne(store->methods->remove_uri(store, "http://a/", NULL), AH_STORE_OK);
    }
    ck_assert_int_eq(store->methods->clear(store), AH_STORE_FAILED);
    ck_assert_int_eq(warnings, 1);
    /* Another store has not failed yet, and tries at once. */
    ck_assert_int_eq(unlink(parent), 0);
    again(0);
    ck_assert_int_eq(put("http://a/", 1, 50), AH_STORE_OK);
}
END_TEST

/* Files may not grow any more: what is there is still found, and when they may again, all is well. In a child, whose
 * limit goes with it. Returns the number of what went wrong. */
static int live_with_a_full_disk(void)
{
    struct rlimit limit;
    struct rlimit before;
    signal(SIGXFSZ, SIG_IGN);
    begin(0);
    if (put("http://a/", 1, 50) != AH_STORE_OK || getrlimit(RLIMIT_FSIZE, &before) != 0)
        return 1;
    count_warnings();
    limit = before;
    limit.rlim_cur = 256 * KIB;
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
        return 2;
    for (int i = 0; i < 3; i++) {
        if (put("http://b/", 1, 700 * KIB) == AH_STORE_OK || !has("http://a/") || has("http://b/"))
            return 3;
    }
    if (warnings != 1)
        return 4;
    if (setrlimit(RLIMIT_FSIZE, &before) != 0 || put("http://b/", 1, 700 * KIB) != AH_STORE_OK || !has("http://b/"))
        return 5;
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0 || put("http://c/", 1, 700 * KIB) == AH_STORE_OK || warnings != 2)
        return 6;
    setrlimit(RLIMIT_FSIZE, &before);
    end();
    return 0;
}

START_TEST(full_disk_is_survived)
{
    int status;
    end();
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0)
        _exit(live_with_a_full_disk());
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    begin(0);
    check_body("http://b/", 1, 700 * KIB);
    check_total();
}
END_TEST

/* ---- What is found is the latest ---- */

/* Stores a body of another seed each time that it is told to, and says that it has. */
enum { VERSIONS = 100 };

static int orders[2];
static int reports[2];

static void *store_versions(void *data)
{
    char order;
    for (unsigned i = 0; i < VERSIONS; i++) {
        ck_assert_int_eq(read(orders[0], &order, 1), 1);
        ck_assert_int_eq(put("http://a/", i, 50), AH_STORE_OK);
        ck_assert_int_eq(write(reports[1], &order, 1), 1);
    }
    return data;
}

static void check_versions(void)
{
    char report;
    for (unsigned i = 0; i < VERSIONS; i++) {
        ck_assert_int_eq(write(orders[1], "", 1), 1);
        ck_assert_int_eq(read(reports[0], &report, 1), 1);
        check_body("http://a/", i, 50);
        ck_assert_uint_eq(count("http://a/"), 1);
        check_body("http://a/", i, 50);
        ck_assert_uint_eq(measured().entries, 1);
    }
}

START_TEST(what_another_has_stored_is_found_at_once)
{
    bool same_process = _i == 0;
    pthread_t thread;
    pid_t child = 0;
    ck_assert_int_eq(pipe(orders), 0);
    ck_assert_int_eq(pipe(reports), 0);
    if (same_process) {
        ck_assert_int_eq(pthread_create(&thread, NULL, store_versions, NULL), 0);
    } else if ((child = fork()) == 0) {
        begin(0);
        store_versions(NULL);
        end();
        _exit(0);
    }
    ck_assert_int_ge(child, 0);
    check_versions();
    if (same_process) {
        pthread_join(thread, NULL);
    } else {
        int status;
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        ck_assert_int_eq(status, 0);
    }
    for (int i = 0; i < 2; i++) {
        close(orders[i]);
        close(reports[i]);
    }
}
END_TEST

static sqlite3 *open_other(void)
{
    sqlite3 *other;
    ck_assert_int_eq(sqlite3_open(file, &other), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(other, "PRAGMA wal_autocheckpoint = 0", NULL, NULL, NULL), SQLITE_OK);
    return other;
}

/* As somebody else. How many pages the log has; -1: not all of it could be written back, for somebody reads. */
static int write_back(sqlite3 *other, int mode)
{
    int pages;
    int written;
    int code = sqlite3_wal_checkpoint_v2(other, NULL, mode, &pages, &written);
    ck_assert(code == SQLITE_OK || code == SQLITE_BUSY);
    return code == SQLITE_OK && pages == written ? pages : -1;
}

static void change(sqlite3 *other)
{
    ck_assert_int_eq(sqlite3_exec(other, "UPDATE response SET reason = reason || '.'", NULL, NULL, NULL), SQLITE_OK);
}

/* Whoever has looked and looks no more is in nobody's way for long. */
START_TEST(idle_readers_let_the_log_begin_anew)
{
    sqlite3 *other;
    ck_assert_int_eq(put("http://a/", 1, 50), AH_STORE_OK);
    other = open_other();
    for (int turn = 0; turn < 2; turn++) {
        int pages = -1;
        check_body("http://a/", 1, 50);
        check_body("http://a/", 1, 50);
        change(other);
        for (int i = 0; i < 1000 && pages; i++) {
            pages = write_back(other, SQLITE_CHECKPOINT_TRUNCATE);
            nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
        }
        ck_assert_int_eq(pages, 0);
    }
    ck_assert_int_eq(sqlite3_close(other), SQLITE_OK);
}
END_TEST

/* And whoever looks again and again lets it, too. */
START_TEST(busy_readers_let_the_log_begin_anew)
{
    sqlite3 *other;
    ck_assert_int_eq(put("http://a/", 1, 50), AH_STORE_OK);
    other = open_other();
    for (int i = 0; i < 100; i++) {
        change(other);
        check_body("http://a/", 1, 50);
        check_body("http://a/", 1, 50);
        ck_assert_int_ge(write_back(other, SQLITE_CHECKPOINT_PASSIVE), 1);
        check_body("http://a/", 1, 50);
        check_body("http://a/", 1, 50);
        change(other);
        check_body("http://a/", 1, 50);
        ck_assert_int_le(write_back(other, SQLITE_CHECKPOINT_PASSIVE), 8);
    }
    ck_assert_int_eq(sqlite3_close(other), SQLITE_OK);
}
END_TEST

static uint64_t log_size(void)
{
    char log[160];
    struct stat status;
    snprintf(log, sizeof(log), "%s-wal", file);
    ck_assert_int_eq(stat(log, &status), 0);
    return (uint64_t)status.st_size;
}

/* A slow reader: it does not want the second piece until more was written than is in the log. */
static bool store_much(void *data, const void *content, size_t length)
{
    struct check *check = data;
    uint64_t stored = 0;
    while (!check->place && (stored < 16 * MIB || stored < 2 * log_size())) {
        ck_assert_uint_lt(stored, 1024 * MIB);
        ck_assert_int_eq(put("http://much/", (unsigned)(stored / MIB), 2 * MIB), AH_STORE_OK);
        stored += 2 * MIB;
    }
    return check_piece(data, content, length);
}

/* Nor is one in the way that takes long over what is large. */
START_TEST(slow_readers_let_the_log_begin_anew)
{
    struct check check = {.seed = 5, .stop_at = UINT64_MAX};
    ck_assert_int_eq(put("http://a/", 5, 700 * KIB), AH_STORE_OK);
    ah_entry *entry = find("http://a/");
    ck_assert_int_eq(store->methods->read(store, entry, (ah_range){0, 700 * KIB}, store_much, &check), AH_STORE_OK);
    ck_assert_uint_eq(check.place, 700 * KIB);
    free_entry(entry);
}
END_TEST

/* For each MiB, and not for each store, since each time syncs the disk; from the beginning once the log has begun anew. */
START_TEST(log_is_written_back_in_portions)
{
    enum { MIB_OF_PAGES = 256 };
    ah_keeper keeper = {0};
    for (int turn = 0; turn < 3; turn++) {
        int pages = 2;
        for (; pages < 2 * MIB_OF_PAGES; pages += 7)
            ck_assert(!ah_keeper_is_due(&keeper, pages));
        for (int next = 0; pages < 40 * MIB_OF_PAGES; pages += 7) {
            ck_assert_int_eq(ah_keeper_is_due(&keeper, pages), pages >= next);
            next = pages >= next ? pages + MIB_OF_PAGES : next;
        }
    }
    /* Somebody else has made it long again, or one transaction. */
    ck_assert(ah_keeper_is_due(&keeper, 3 * MIB_OF_PAGES));
    ck_assert(!ah_keeper_is_due(&keeper, 3 * MIB_OF_PAGES + 1));
}
END_TEST

static bool remove_and_read(void *data, const void *content, size_t length)
{
    struct check *check = data;
    ah_entry *entry = find("http://a/");
    if (entry) {
        /* Another one, which is at its end before. */
        struct check other = {.seed = 5, .stop_at = 1};
        ck_assert_int_eq(store->methods->read(store, entry, (ah_range){0, 700 * KIB}, check_piece, &other),
                         AH_STORE_STOPPED);
        ck_assert_int_eq(store->methods->remove_uri(store, "http://a/", NULL), AH_STORE_OK);
        free_entry(entry);
        check_total();
    }
    return check_piece(check, content, length);
}

/* Stores what the sink is to remove while it is read to its end. */
static void read_what_is_removed(ah_store_sink *sink)
{
    struct check check = {.seed = 5, .stop_at = UINT64_MAX};
    ck_assert_int_eq(put("http://a/", 5, 700 * KIB), AH_STORE_OK);
    ah_entry *entry = find("http://a/");
    ck_assert_int_eq(store->methods->read(store, entry, (ah_range){0, 700 * KIB}, sink, &check), AH_STORE_OK);
    ck_assert_uint_eq(check.place, 700 * KIB);
    free_entry(entry);
    check_total();
}

START_TEST(what_is_removed_while_it_is_read_goes_afterwards)
{
    read_what_is_removed(remove_and_read);
    ck_assert_int_eq(sql_number("SELECT count(*) FROM chunk"), 0);
    ck_assert_uint_eq(measured().bytes, 0);
}
END_TEST

/* It is removed, and then more is coming than there is room for. */
static bool remove_and_press(void *data, const void *content, size_t length)
{
    struct check *check = data;
    if (check->place == 0) {
        ah_store_writer *writers[8];
        ck_assert_int_eq(store->methods->remove_uri(store, "http://a/", NULL), AH_STORE_OK);
        for (unsigned i = 0; i < 8; i++)
            writers[i] = begin_body("http://b/", i, 600 * KIB);
        ck_assert_int_eq(sql_number("SELECT count(*) FROM chunk WHERE response = (SELECT response FROM loose ORDER BY "
                                    "grown LIMIT 1)"),
                         3);
        check_total();
        for (unsigned i = 0; i < 8; i++)
            store->methods->abort(writers[i]);
    }
    return check_piece(check, content, length);
}

START_TEST(what_is_removed_while_it_is_read_is_not_given_up)
{
    again(3 * MIB);
    read_what_is_removed(remove_and_press);
}
END_TEST

/* ---- Changes ---- */

/* Somebody else's: changes the URI of what is being stored, or all, or another one; and the one who stores it does so
 * itself, once or after somebody else. */
static void change_it(ah_store *other, ah_mark *mark)
{
    (void)mark;
    other->methods->remove_uri(other, "http://a/", NULL);
}

static void change_all(ah_store *other, ah_mark *mark)
{
    (void)mark;
    ck_assert_int_eq(other->methods->clear(other), AH_STORE_OK);
}

static void change_another(ah_store *other, ah_mark *mark)
{
    (void)mark;
    other->methods->remove_uri(other, "http://b/", NULL);
}

static void change_it_oneself(ah_store *other, ah_mark *mark)
{
    other->methods->remove_uri(other, "http://a/", mark);
}

static void change_it_twice(ah_store *other, ah_mark *mark)
{
    other->methods->remove_uri(other, "http://a/", NULL);
    other->methods->remove_uri(other, "http://a/", mark);
}

static const struct {
    void (*change)(ah_store *other, ah_mark *mark);
    ah_store_result result;
} changes[] = {{change_it, AH_STORE_ABSENT},
               {change_all, AH_STORE_ABSENT},
               {change_another, AH_STORE_OK},
               {change_it_oneself, AH_STORE_OK},
               {change_it_twice, AH_STORE_ABSENT}};

/* Small or in chunks; whether something was there before or not. */
START_TEST(what_was_asked_for_before_a_change_is_not_stored)
{
    int turn = _i / 4;
    uint64_t length = _i & 1 ? 300 * KIB : 300;
    ah_store *other = ah_store_sqlite_new(directory, 0, 0);
    ck_assert_ptr_nonnull(other);
    if (_i & 2)
        ck_assert_int_eq(put("http://a/", 2, 50), AH_STORE_OK);
    ah_entry *entry = new_entry("http://a/");
    entry->mark = store->methods->mark(store);
    ck_assert_uint_ne(entry->mark, 0);
    ah_store_writer *writer = store->methods->begin(store, entry, 0);
    ck_assert(write_body(writer, 1, 0, length));
    changes[turn].change(other, &entry->mark);
    entry->length = length;
    ck_assert_int_eq(store->methods->commit(writer, entry, NULL, 0), changes[turn].result);
    ck_assert_int_eq(has("http://a/"), changes[turn].result == AH_STORE_OK);
    /* What is asked for afterwards is. */
    entry->mark = store->methods->mark(store);
    ck_assert_int_eq(store_entry(entry, 3, length), AH_STORE_OK);
    check_body("http://a/", 3, length);
    free_entry(entry);
    other->methods->free(other);
    check_total();
}
END_TEST

/* That others with the same slot have changed is not taken for a change of this one, unless several have. */
START_TEST(changes_of_others_do_not_matter)
{
    char uri[64] = "";
    uint64_t own = ah_change_hash("http://a/");
    ah_entry *entry = new_entry("http://a/");
    entry->mark = store->methods->mark(store);
    for (unsigned i = 0; ah_change_slot(ah_change_hash(uri)) != ah_change_slot(own); i++)
        snprintf(uri, sizeof(uri), "http://b/%u", i);
    store->methods->remove_uri(store, uri, NULL);
    ck_assert_int_eq(store_entry(entry, 1, 50), AH_STORE_OK);
    entry->mark = store->methods->mark(store);
    store->methods->remove_uri(store, "http://a/", NULL);
    store->methods->remove_uri(store, uri, NULL);
    ck_assert_int_eq(store_entry(entry, 2, 50), AH_STORE_ABSENT);
    ck_assert(!has("http://a/"));
    free_entry(entry);
}
END_TEST

/* ---- Threads and processes ---- */

static void *work(void *data)
{
    unsigned seed = *(const unsigned *)data;
    char uri[32];
    void *failed = NULL;
    for (unsigned i = 0; i < 150; i++) {
        snprintf(uri, sizeof(uri), "http://a/%u", (seed + i) % 20);
        if (put(uri, (seed + i) % 20, i % 10 == 0 ? 300 * KIB : 5000) != AH_STORE_OK)
            failed = data;
        ah_entry *entry = find(uri);
        if (entry && check_range(entry, (seed + i) % 20, 0, entry->length) == AH_STORE_FAILED)
            failed = data;
        if (entry) {
            store->methods->touch(store, entry);
            free_entry(entry);
        }
    }
    return failed;
}

START_TEST(threads_do_not_disturb_each_other)
{
    pthread_t threads[3];
    unsigned seeds[] = {0, 7, 0};
    count_warnings();
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, work, &seeds[i]), 0);
    for (int i = 0; i < 3; i++) {
        void *failed;
        ck_assert_int_eq(pthread_join(threads[i], &failed), 0);
        ck_assert_ptr_null(failed);
    }
    ck_assert_int_eq(warnings, 0);
    check_total();
}
END_TEST

START_TEST(processes_do_not_disturb_each_other)
{
    pid_t children[3];
    end();
    for (unsigned i = 0; i < 3; i++) {
        children[i] = fork();
        ck_assert_int_ge(children[i], 0);
        if (children[i] == 0) {
            unsigned seed = i * 5;
            begin(0);
            int failed = work(&seed) != NULL;
            end();
            _exit(failed);
        }
    }
    for (int i = 0; i < 3; i++) {
        int status;
        ck_assert_int_eq(waitpid(children[i], &status, 0), children[i]);
        ck_assert_int_eq(status, 0);
    }
    begin(0);
    ck_assert_uint_eq(measured().entries, 20);
    check_total();
}
END_TEST

/* Of what the parent has, a child uses nothing. */
static int use_in_child(ah_entry *entry)
{
    ah_entries found = {0};
    ah_store_size size;
    const ah_store_methods *methods = store->methods;
    if (methods->find(store, "http://a/", &found) == AH_STORE_OK || methods->begin(store, entry, 0) ||
        methods->read(store, entry, (ah_range){0, 1}, check_piece, NULL) == AH_STORE_OK ||
        methods->update(store, entry) == AH_STORE_OK || methods->remove(store, entry) == AH_STORE_OK ||
        methods->remove_uri(store, "http://a/", NULL) == AH_STORE_OK || methods->clear(store) == AH_STORE_OK ||
        methods->measure(store, &size) == AH_STORE_OK || methods->each(store, visit_and_remove, NULL) == AH_STORE_OK)
        return 1;
    methods->touch(store, entry);
    methods->flush(store);
    methods->free(store);
    return 0;
}

START_TEST(child_leaves_the_parents_store_alone)
{
    int status;
    ck_assert_int_eq(put("http://a/", 1, 50), AH_STORE_OK);
    ah_entry *entry = find("http://a/");
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0)
        _exit(use_in_child(entry));
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    check_body("http://a/", 1, 50);
    ck_assert_int_eq(put("http://b/", 1, 50), AH_STORE_OK);
    check_total();
    free_entry(entry);
}
END_TEST

/* Somebody else writes for long: storing is given up, and reading goes on. */
START_TEST(locked_database_is_no_trouble)
{
    sqlite3 *other;
    ck_assert_int_eq(put("http://a/", 1, 50), AH_STORE_OK);
    count_warnings();
    ck_assert_int_eq(sqlite3_open(file, &other), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    check_body("http://a/", 1, 50);
    ck_assert_int_eq(put("http://b/", 1, 50), AH_STORE_FAILED);
    check_body("http://a/", 1, 50);
    ck_assert_int_eq(sqlite3_exec(other, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_close(other), SQLITE_OK);
    ck_assert_int_eq(put("http://b/", 1, 50), AH_STORE_OK);
    ck_assert_int_eq(warnings, 0);
}
END_TEST

static void add_loop(TCase *tcase, const TTest *test, int turns)
{
    tcase_add_loop_test(tcase, test, 0, turns);
}

/* Whether a child may end with what it has inherited: without a process for each test it runs under valgrind, which would
 * call that a leak and have the child fail. */
static bool children_may_leak(void)
{
    const char *mode = getenv("CK_FORK");
    return !mode || strcmp(mode, "no") != 0;
}

Suite *store_sqlite_suite(void)
{
    Suite *suite = suite_create("store_sqlite");
    TCase *tcase = tcase_create("store_sqlite");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, touches_no_disk_before_it_is_used);
    tcase_add_test(tcase, head_comes_back_as_it_was);
    add_loop(tcase, content_of_any_length_comes_back, sizeof(lengths) / sizeof(*lengths));
    add_loop(tcase, any_range_is_read, 2);
    tcase_add_test(tcase, sink_may_use_the_store);
    add_loop(tcase, nothing_is_there_before_the_commit_or_after_an_abort, 2);
    tcase_add_test(tcase, too_large_an_entry_is_not_stored);
    tcase_add_test(tcase, less_than_was_announced_is_not_stored);
    tcase_add_test(tcase, variants_come_newest_first);
    tcase_add_test(tcase, same_selecting_fields_are_replaced);
    tcase_add_test(tcase, named_ones_are_replaced_if_they_are_of_the_uri);
    tcase_add_test(tcase, no_more_than_64_variants_are_kept);
    add_loop(tcase, parts_are_joined_until_they_are_complete, 24);
    tcase_add_test(tcase, part_of_what_is_gone_is_absent);
    tcase_add_test(tcase, two_join_at_once);
    tcase_add_test(tcase, parts_beyond_all_numbers);
    add_loop(tcase, update_replaces_the_head, 2);
    tcase_add_test(tcase, removes_all_of_a_uri);
    tcase_add_test(tcase, clears_all);
    tcase_add_test(tcase, visits_all);
    tcase_add_test(tcase, hits_are_counted);
    tcase_add_test(tcase, least_recently_used_goes_first);
    tcase_add_test(tcase, size_is_bounded);
    tcase_add_test(tcase, what_is_coming_is_bounded);
    tcase_add_test(tcase, what_was_taken_for_abandoned_is_not_stored);
    tcase_add_test(tcase, only_the_user_may_read_it);
    add_loop(tcase, unusable_file_is_set_aside, 4);
    tcase_add_test(tcase, older_version_is_dropped);
    tcase_add_test(tcase, file_damaged_under_us_is_set_aside);
    add_loop(tcase, removed_file_is_made_anew, 2);
    tcase_add_test(tcase, what_is_known_of_a_removed_file_is_forgotten);
    add_loop(tcase, rows_that_make_no_sense_are_absent, 13);
    add_loop(tcase, chunks_that_make_no_sense_are_absent, 4);
    tcase_add_test(tcase, unusable_directory_is_said_once);
    tcase_add_test(tcase, full_disk_is_survived);
    add_loop(tcase, what_another_has_stored_is_found_at_once, children_may_leak() ? 2 : 1);
    tcase_add_test(tcase, idle_readers_let_the_log_begin_anew);
    tcase_add_test(tcase, busy_readers_let_the_log_begin_anew);
    tcase_add_test(tcase, slow_readers_let_the_log_begin_anew);
    tcase_add_test(tcase, log_is_written_back_in_portions);
    tcase_add_test(tcase, what_is_removed_while_it_is_read_goes_afterwards);
    tcase_add_test(tcase, what_is_removed_while_it_is_read_is_not_given_up);
    tcase_add_loop_test(tcase, what_was_asked_for_before_a_change_is_not_stored, 0, 20);
    tcase_add_test(tcase, changes_of_others_do_not_matter);
    tcase_add_test(tcase, threads_do_not_disturb_each_other);
    tcase_add_test(tcase, processes_do_not_disturb_each_other);
    if (children_may_leak())
        tcase_add_test(tcase, child_leaves_the_parents_store_alone);
    tcase_add_test(tcase, locked_database_is_no_trouble);
    suite_add_tcase(suite, tcase);
    return suite;
}
