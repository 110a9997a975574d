/*
 * Tests of cache/storing.h: RFC 9111 section 3, for a private cache.
 */
#include "cache/storing.h"
#include "heads.h"
#include "suites.h"

#define DATE "Date: Mon, 01 Jul 2024 12:00:00 GMT\n"

/* ---- Whether ---- */

static const struct storing {
    const char *method;
    int status;
    const char *request;
    const char *response;
    bool stored;
} storings[] = {
    /* RFC 9111 section 3: a lifetime, or a validator. */
    {"GET", 200, "", "Cache-Control: max-age=3600", true},
    {"GET", 200, "", "Expires: Mon, 01 Jul 2024 13:00:00 GMT", true},
    {"GET", 200, "", "ETag: \"1\"", true},
    {"GET", 200, "", "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT", true},
    {"GET", 200, "", "", false},
    {"GET", 200, "", "Cache-Control: max-age=0", false},
    {"GET", 200, "", "Cache-Control: max-age=x", false},
    {"GET", 200, "", "Expires: 0", false},
    {"GET", 200, "", "Expires: Mon, 01 Jul 2024 11:00:00 GMT", false},
    {"GET", 200, "", "Cache-Control: max-age=0\nETag: \"1\"", true},
    {"GET", 200, "", "Cache-Control: public", false},
    {"GET", 200, "", "Cache-Control: private", false},
    {"GET", 200, "", "Cache-Control: s-maxage=3600", false},
    /* It is stale already, which does for who takes it stale. */
    {"GET", 200, "", "Cache-Control: max-age=3600\nAge: 7200", true},
    /* What must be validated, and cannot be. */
    {"GET", 200, "", "Cache-Control: no-cache, max-age=3600", false},
    {"GET", 200, "", "Cache-Control: no-cache", false},
    {"GET", 200, "", "Cache-Control: no-cache\nETag: \"1\"", true},
    {"GET", 200, "", "Cache-Control: no-cache=\"a\", max-age=3600", true},
    /* Methods. */
    {"HEAD", 200, "", "Cache-Control: max-age=3600", false},
    {"PUT", 200, "", "Cache-Control: max-age=3600", false},
    {"DELETE", 200, "", "Cache-Control: max-age=3600", false},
    {"OPTIONS", 200, "", "Cache-Control: max-age=3600", false},
    {"get", 200, "", "Cache-Control: max-age=3600", false},
    {"FOO", 200, "", "Cache-Control: max-age=3600", false},
    /* A POST's with a lifetime (RFC 9110 section 9.3.3), if it is a representation (section 8.7). */
    {"POST", 200, "", "Cache-Control: max-age=3600", true},
    {"POST", 200, "", "Expires: Mon, 01 Jul 2024 13:00:00 GMT", true},
    {"POST", 200, "", "Cache-Control: max-age=0", false},
    {"POST", 200, "", "Cache-Control: max-age=0\nETag: \"1\"", true},
    {"POST", 200, "", "ETag: \"1\"", false},
    {"POST", 301, "", "", false},
    {"POST", 201, "", "Cache-Control: max-age=3600", false},
    {"POST", 404, "", "Cache-Control: max-age=3600", false},
    {"POST", 200, "", "Cache-Control: max-age=3600, no-store", false},
    /* no-store on either side (sections 5.2.1.5, 5.2.2.5). */
    {"GET", 200, "", "Cache-Control: max-age=3600, no-store", false},
    {"GET", 200, "", "Cache-Control: No-StOrE\nETag: \"1\"", false},
    {"GET", 200, "Cache-Control: no-store", "Cache-Control: max-age=3600", false},
    {"GET", 200, "Cache-Control: no-store", "Cache-Control: max-age=3600, must-understand", false},
    {"GET", 200, "Cache-Control: no-cache", "Cache-Control: max-age=3600", true},
    {"GET", 200, "Cache-Control: max-age=0", "Cache-Control: max-age=3600", true},
    {"GET", 200, "Pragma: no-cache", "Cache-Control: max-age=3600", true},
    /* must-understand (section 5.2.2.3). */
    {"GET", 200, "", "Cache-Control: max-age=3600, no-store, must-understand", true},
    {"GET", 599, "", "Cache-Control: max-age=3600, no-store, must-understand", false},
    {"GET", 599, "", "Cache-Control: max-age=3600, must-understand", false},
    {"GET", 299, "", "Cache-Control: max-age=3600, must-understand", false},
    {"GET", 404, "", "Cache-Control: max-age=3600, must-understand, no-store", true},
    /* A private cache (sections 3.5, 5.2.2.7). */
    {"GET", 200, "", "Cache-Control: private, max-age=3600", true},
    {"GET", 200, "", "Cache-Control: private=\"a\", max-age=3600", true},
    {"GET", 200, "Authorization: a", "Cache-Control: max-age=3600", true},
    {"GET", 200, "", "Cache-Control: max-age=3600\nSet-Cookie: a=b", true},
    /* Final statuses with a lifetime; without one those that RFC 9110 section 15.1 names. */
    {"GET", 100, "", "Cache-Control: max-age=3600", false},
    {"GET", 101, "", "Cache-Control: max-age=3600", false},
    {"GET", 199, "", "Cache-Control: max-age=3600", false},
    {"GET", 203, "", "Cache-Control: max-age=3600", true},
    {"GET", 204, "", "Cache-Control: max-age=3600", true},
    {"GET", 299, "", "Cache-Control: max-age=3600", true},
    {"GET", 301, "", "Cache-Control: max-age=3600", true},
    {"GET", 302, "", "Cache-Control: max-age=3600", true},
    {"GET", 303, "", "Cache-Control: max-age=3600", true},
    {"GET", 304, "", "Cache-Control: max-age=3600", false},
    {"GET", 307, "", "Cache-Control: max-age=3600", true},
    {"GET", 308, "", "Cache-Control: max-age=3600", true},
    {"GET", 400, "", "Cache-Control: max-age=3600", true},
    {"GET", 404, "", "Cache-Control: max-age=3600", true},
    {"GET", 410, "", "Cache-Control: max-age=3600", true},
    {"GET", 412, "", "Cache-Control: max-age=3600", false},
    {"GET", 416, "", "Cache-Control: max-age=3600", false},
    {"GET", 499, "", "Cache-Control: max-age=3600", true},
    {"GET", 500, "", "Cache-Control: max-age=3600", true},
    {"GET", 503, "", "Cache-Control: max-age=3600", true},
    {"GET", 599, "", "Cache-Control: max-age=3600", true},
    {"GET", 301, "", "", true},
    {"GET", 308, "", "", true},
    {"GET", 302, "", "", false},
    {"GET", 302, "", "ETag: \"1\"", false},
    {"GET", 404, "", "ETag: \"1\"", true},
    {"GET", 500, "", "ETag: \"1\"", false},
    {"GET", 599, "", "ETag: \"1\"", false},
    {"GET", 599, "", "ETag: \"1\"\nCache-Control: public", true},
    {"GET", 599, "", "ETag: \"1\"\nCache-Control: private", true},
    {"GET", 301, "", "Cache-Control: no-store", false},
    /* Parts (sections 3.3, 3.4). */
    {"GET", 206, "", "Cache-Control: max-age=3600\nContent-Range: bytes 0-4/10", true},
    {"GET", 206, "", "Cache-Control: max-age=3600\nContent-Range: bytes 0-4/*", true},
    {"GET", 206, "", "ETag: \"1\"\nContent-Range: bytes 0-4/10", true},
    {"GET", 206, "", "Content-Range: bytes 0-4/10", false},
    {"GET", 206, "", "Cache-Control: max-age=3600", false},
    {"GET", 206, "", "Cache-Control: max-age=3600\nContent-Range: bytes */10", false},
    {"GET", 206, "", "Cache-Control: max-age=3600\nContent-Range: lines 0-4/10", false},
    {"GET", 206, "", "Cache-Control: max-age=3600\nContent-Range: bytes 0-4/4", false},
    {"GET", 206, "", "Cache-Control: max-age=3600\nContent-Type: multipart/byteranges", false},
    {"GET", 206, "", "Cache-Control: max-age=3600\nContent-Range: bytes 0-4/10\nContent-Encoding: gzip", false},
    {"POST", 206, "", "Cache-Control: max-age=3600\nContent-Range: bytes 0-4/10", false},
    {"GET", 206, "", "Cache-Control: no-store, max-age=3600\nContent-Range: bytes 0-4/10", false},
};

START_TEST(test_storing)
{
    const struct storing *row = &storings[_i];
    ah_fields request = head_of(row->request);
    ah_fields response = head_of(row->response);
    const ah_exchanged exchanged = {
        .method = row->method, .request = &request, .status = row->status, .response = &response};
    ck_assert_msg(ah_may_store(&exchanged, NOW) == row->stored, "%s %d %s", row->method, row->status, row->response);
    ah_fields_clear(&request);
    ah_fields_clear(&response);
}
END_TEST

/* With heuristics a date of modification is a lifetime, which needs no validator besides. */
START_TEST(test_heuristic)
{
    ah_fields request = {0};
    ah_fields response = head_of(DATE "Last-Modified: Sun, 30 Jun 2024 12:00:00 GMT");
    ah_exchanged exchanged = {
        .method = "GET", .request = &request, .status = 200, .response = &response, .heuristic = 0.1};
    ck_assert(ah_may_store(&exchanged, NOW));
    exchanged.status = 503;
    ck_assert(!ah_may_store(&exchanged, NOW));
    exchanged.status = 200;
    exchanged.method = "POST";
    ck_assert(!ah_may_store(&exchanged, NOW));
    ah_fields_clear(&response);
}
END_TEST

START_TEST(test_keeping)
{
    static const struct keeping {
        int status;
        const char *head;
        bool kept;
    } rows[] = {
        {200, "", true},
        {200, "Cache-Control: max-age=0", true},
        {200, "Cache-Control: no-store", false},
        {200, "Cache-Control: no-store, must-understand", true},
        {599, "Cache-Control: must-understand", false},
    };
    for (int i = 0; i < COUNT(rows); i++) {
        ah_entry entry = {.status = rows[i].status, .fields = head_of(rows[i].head)};
        ck_assert_msg(ah_may_keep(&entry) == rows[i].kept, "%s", rows[i].head);
        ah_fields_clear(&entry.fields);
    }
}
END_TEST

/* ---- Which fields ---- */

static void ck_fields(const ah_fields *fields, const char *expected)
{
    ah_buffer text = {0};
    ck_assert(ah_entry_write_fields(&text, fields) && ah_buffer_append(&text, "", 0));
    ck_assert_str_eq(text.data, expected);
    ah_buffer_free(&text);
}

static const struct strip {
    const char *head;
    const char *stored;
} strips[] = {
    /* RFC 9111 section 3.1: all, but for these. */
    {"", ""},
    {"A: 1\nX-Unknown: 2\nSet-Cookie: a=b\nSet-Cookie: c=d\n",
     "a: 1\nx-unknown: 2\nset-cookie: a=b\nset-cookie: c=d\n"},
    {"Content-Range: a\nContent-MD5: b\nTest: c\nClear-Site-Data: d\nDate: e\nAge: 5\n",
     "content-range: a\ncontent-md5: b\ntest: c\nclear-site-data: d\ndate: e\nage: 5\n"},
    /* RFC 9110 section 7.6.1. */
    {"Connection: close\nA: 1\n", "a: 1\n"},
    {"Connection: a, B\nA: 1\nb: 2\nC: 3\n", "c: 3\n"},
    {"A: 1\nConnection: x\nB: 2\nConnection: a,b\nC: 3\nX: 4\n", "c: 3\n"},
    {"Connection: \"a\", ab, connection\nA: 1\n", "a: 1\n"},
    {"Keep-Alive: 1\nProxy-Connection: 1\nTE: 1\nTransfer-Encoding: 1\nUpgrade: 1\nTrailer: 1\nA: 1\n", "a: 1\n"},
    {"Proxy-Authenticate: 1\nProxy-Authorization: 1\nProxy-Authentication-Info: 1\nA: 1\n", "a: 1\n"},
    /* What a cache goes by is for it, whatever Connection says. */
    {"Connection: cache-control, vary\nCache-Control: no-store\nVary: a\n", "cache-control: no-store\nvary: a\n"},
    /* Section 5.2.2.4. */
    {"Cache-Control: no-cache=\"a\"\nA: 1\nB: 2\n", "cache-control: no-cache=\"a\"\nb: 2\n"},
    {"A: 1\nB: 2\nC: 3\nCache-Control: no-cache=\"a, b\", max-age=5\n",
     "c: 3\ncache-control: no-cache=\"a, b\", max-age=5\n"},
    {"Cache-Control: no-cache=\"cache-control, vary\"\nVary: a\n",
     "cache-control: no-cache=\"cache-control, vary\"\nvary: a\n"},
    {"Cache-Control: private=\"a\", no-cache\nA: 1\n", "cache-control: private=\"a\", no-cache\na: 1\n"},
};

START_TEST(test_strip)
{
    ah_fields fields = head_of(strips[_i].head);
    ah_strip_fields(&fields);
    ck_fields(&fields, strips[_i].stored);
    ah_strip_fields(&fields);
    ck_fields(&fields, strips[_i].stored);
    ah_fields_clear(&fields);
}
END_TEST

static const struct prepare {
    int status;
    const char *request;
    const char *response;
    /* NULL: it cannot be stored. */
    const char *fields;
    const char *selecting;
    int stored_status;
} prepares[] = {
    {200, "Foo: 1\n", "A: 1\nConnection: close\n", "a: 1\n", "", 200},
    {200, "Foo: 1\n", "Vary: Foo, Bar\n", "vary: Foo, Bar\n", "bar: \nfoo: 1\n", 200},
    {200, "Foo: 1\n", "Vary: *\n", NULL, NULL, 200},
    {404, "", "A: 1\nContent-Length: 5\n", "a: 1\ncontent-length: 5\n", "", 404},
    /* A part as what it is a part of (RFC 9111 section 3.3). */
    {206, "", "A: 1\nContent-Range: bytes 0-4/10\nContent-Length: 5\n", "a: 1\n", "", 200},
};

START_TEST(test_prepare)
{
    const struct prepare *row = &prepares[_i];
    ah_fields request = head_of(row->request);
    ah_fields response = head_of(row->response);
    const ah_exchanged exchanged = {.method = "GET", .request = &request, .status = row->status, .response = &response};
    ah_entry entry = {0};
    ck_assert(ah_prepare_entry(&entry, &exchanged) == (row->fields != NULL));
    ck_fields(&entry.fields, row->fields ? row->fields : "");
    ck_fields(&entry.selecting, row->selecting ? row->selecting : "");
    ck_assert_int_eq(entry.status, row->stored_status);
    ah_entry_clear(&entry);
    ah_fields_clear(&request);
    ah_fields_clear(&response);
}
END_TEST

START_TEST(test_decoded)
{
    ah_fields fields = head_of("Content-Encoding: gzip\nContent-Length: 5\nA: 1\n");
    ck_assert(ah_note_decoded(&fields, UINT64_MAX));
    ck_fields(&fields, "content-length: 18446744073709551615\na: 1\n-content-encoding: gzip\n");
    ck_assert(ah_note_decoded(&fields, 7));
    ck_fields(&fields, "content-length: 18446744073709551615\na: 1\n-content-encoding: gzip\n");
    ah_fields_clear(&fields);
}
END_TEST

START_TEST(test_fresh_until)
{
    static const struct until {
        const char *head;
        double until;
    } rows[] = {
        {"Cache-Control: max-age=60", NOW + 60},
        {"Cache-Control: max-age=60\nAge: 10", NOW + 50},
        {"Cache-Control: max-age=60\nAge: 100", NOW - 40},
        {"Cache-Control: max-age=60, no-cache", 0},
        {"Cache-Control: max-age=0", 0},
        {"ETag: \"1\"", 0},
    };
    for (int i = 0; i < COUNT(rows); i++) {
        ah_entry entry = {.status = 200, .fields = head_of(rows[i].head), .requested = NOW, .received = NOW};
        ck_assert_msg(ah_fresh_until(&entry, 0, NOW) == rows[i].until, "%s", rows[i].head);
        ah_fields_clear(&entry.fields);
    }
}
END_TEST

/* ---- Updates ---- */

static const struct update {
    const char *stored;
    const char *newer;
    const char *updated;
    /* By more than Date and Age. */
    bool changed;
} updates[] = {
    /* RFC 9111 section 3.2. */
    {"A: 1\nB: 2\n", "", "a: 1\nb: 2\n", false},
    {"A: 1\nB: 2\n", "A: 3\nC: 4\n", "a: 3\nb: 2\nc: 4\n", true},
    {"A: 1\nA: 2\n", "A: 3\nA: 4\nA: 5\n", "a: 3\na: 4\na: 5\n", true},
    {"A: 1\nA: 2\n", "A: 3\n", "a: 3\n", true},
    {"A: 1\nA: 2\n", "A:\n", "a: \n", true},
    {"Cache-Control: max-age=1\n", "Cache-Control: max-age=3600\n", "cache-control: max-age=3600\n", true},
    {"ETag: \"1\"\nContent-Type: a\nContent-Foo: a\nContent-Location: a\nContent-MD5: a\n",
     "ETag: \"2\"\nContent-Type: b\nContent-Foo: b\nContent-Location: b\nContent-MD5: b\n",
     "etag: \"2\"\ncontent-type: b\ncontent-foo: b\ncontent-location: b\ncontent-md5: a\n", true},
    /* What describes the stored content. */
    {"Content-Length: 36\nA: 1\n", "Content-Length: 10\nA: 2\n", "content-length: 36\na: 2\n", true},
    {"A: 1\n", "Content-Length: 0\nContent-Encoding: gzip\nContent-Range: bytes 0-4/10\n", "a: 1\n", false},
    {"-content-encoding: gzip\n", "Content-Encoding: br\n", "-content-encoding: gzip\n", false},
    /* What is for the connection. */
    {"A: 1\nB: 1\n", "Connection: a\nKeep-Alive: 5\nA: 2\nB: 2\nTransfer-Encoding: chunked\n", "a: 1\nb: 2\n", true},
    /* Age and Date are those of the newer response, or none. */
    {"Age: 100\nA: 1\n", "A: 2\n", "a: 2\n", true},
    {"Age: 100\nA: 1\n", "Age: 5\n", "age: 5\na: 1\n", false},
    {"Date: a\nA: 1\n", "A: 2\n", "a: 2\n", true},
    {"Date: a\nA: 1\n", "Date: b\n", "date: b\na: 1\n", false},
    {"A: 1\nA: 2\nB: 3\n", "A: 1\nA: 2\nB: 3\n", "a: 1\na: 2\nb: 3\n", false},
    {"A: 1\nB: 3\n", "A: 1\nA: 2\n", "a: 1\na: 2\nb: 3\n", true},
    /* From now on these are withheld (section 5.2.2.4). */
    {"A: 1\nB: 2\n", "Cache-Control: no-cache=\"a\"\n", "b: 2\ncache-control: no-cache=\"a\"\n", true},
    {"Cache-Control: no-cache=\"a\"\nB: 2\n", "A: 1\n", "cache-control: no-cache=\"a\"\nb: 2\n", true},
};

START_TEST(test_update)
{
    ah_entry entry = {.fields = head_of(updates[_i].stored)};
    ah_fields newer = head_of(updates[_i].newer);
    bool changed;
    ck_assert(ah_update_fields(&entry, &newer, &changed));
    ck_fields(&entry.fields, updates[_i].updated);
    ck_assert_int_eq(changed, updates[_i].changed);
    ah_fields_clear(&entry.fields);
    ah_fields_clear(&newer);
}
END_TEST

static const struct head {
    const char *stored;
    uint64_t length;
    const char *head;
    bool agrees;
} heads[] = {
    /* RFC 9111 section 4.3.5. */
    {"", 5, "", true},
    {"ETag: \"1\"", 5, "ETag: \"1\"", true},
    {"ETag: \"1\"", 5, "ETag: W/\"1\"", true},
    {"ETag: \"1\"", 5, "ETag: \"2\"", false},
    {"ETag: \"1\"", 5, "", true},
    {"", 5, "ETag: \"1\"", false},
    {"Last-Modified: a", 5, "Last-Modified: a", true},
    {"Last-Modified: a", 5, "Last-Modified: b", false},
    {"", 5, "Last-Modified: a", false},
    {"ETag: \"1\"\nLast-Modified: a", 5, "ETag: \"1\"\nLast-Modified: b", false},
    {"", 5, "Content-Length: 5", true},
    {"", 5, "Content-Length: 6", false},
    {"", 5, "Content-Length: x", false},
    {"", 0, "Content-Length: 0", true},
    {"ETag: \"1\"", 5, "ETag: \"1\"\nContent-Length: 6", false},
    {"", AH_LENGTH_UNKNOWN, "Content-Length: 6", true},
    {"-content-encoding: gzip", 5, "Content-Length: 3", true},
};

START_TEST(test_head)
{
    ah_entry entry = {.fields = head_of(heads[_i].stored), .length = heads[_i].length};
    ah_fields head = head_of(heads[_i].head);
    ck_assert_msg(ah_head_agrees(&entry, &head) == heads[_i].agrees, "%s", heads[_i].head);
    ah_fields_clear(&entry.fields);
    ah_fields_clear(&head);
}
END_TEST

Suite *storing_suite(void)
{
    Suite *suite = suite_create("storing");
    TCase *whether = tcase_create("whether");
    tcase_add_loop_test(whether, test_storing, 0, COUNT(storings));
    tcase_add_test(whether, test_heuristic);
    tcase_add_test(whether, test_keeping);
    suite_add_tcase(suite, whether);
    TCase *fields = tcase_create("fields");
    tcase_add_loop_test(fields, test_strip, 0, COUNT(strips));
    tcase_add_loop_test(fields, test_prepare, 0, COUNT(prepares));
    tcase_add_test(fields, test_decoded);
    tcase_add_test(fields, test_fresh_until);
    suite_add_tcase(suite, fields);
    TCase *update = tcase_create("updates");
    tcase_add_loop_test(update, test_update, 0, COUNT(updates));
    tcase_add_loop_test(update, test_head, 0, COUNT(heads));
    suite_add_tcase(suite, update);
    return suite;
}
