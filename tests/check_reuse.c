/*
 * Tests of cache/reuse.h: RFC 9111 sections 4 and 5.2.1, RFC 5861, RFC 8246.
 */
#include <math.h>
#include <stdio.h>

#include "cache/reuse.h"
#include "cache/vary.h"
#include "heads.h"
#include "suites.h"

#define MISS AH_VERDICT_MISS
#define USE AH_VERDICT_USE
#define REFRESH AH_VERDICT_USE_AND_REFRESH
#define VALIDATE AH_VERDICT_VALIDATE
#define UNAVAILABLE AH_VERDICT_UNAVAILABLE

#define DAY (24 * 3600.0)

/* A stored response of 100 bytes that came so long ago, to a request with these fields. */
static void put_entry(ah_entries *entries, const char *head, const char *request, double ago)
{
    ah_entry *entry = ah_entries_add(entries);
    ck_assert(entry != NULL);
    ah_fields sent = head_of(request);
    entry->id = (int64_t)entries->count;
    entry->status = 200;
    entry->fields = head_of(head);
    entry->requested = entry->received = NOW - ago;
    entry->length = 100;
    ck_assert_int_eq(ah_vary_select(&entry->selecting, &sent, &entry->fields), AH_VARY_OK);
    ah_fields_clear(&sent);
}

static void put_parts(ah_entry *entry, uint64_t length, const char *ranges)
{
    entry->partial = true;
    entry->length = length;
    ck_assert(ah_ranges_read(&entry->ranges, ranges));
}

/* ---- Whether ---- */

static const struct verdict {
    const char *stored;
    double ago;
    const char *request;
    ah_verdict verdict;
} verdicts[] = {
    /* RFC 9111 section 4.2: fresh, while it is younger than its lifetime. */
    {"Cache-Control: max-age=60", 10, "", USE},
    {"Cache-Control: max-age=60", 59.5, "", USE},
    {"Cache-Control: max-age=60", 60, "", VALIDATE},
    {"Cache-Control: max-age=60", 61, "", VALIDATE},
    {"Cache-Control: max-age=0", 0, "", VALIDATE},
    {"Cache-Control: max-age=x", 0, "", VALIDATE},
    {"Cache-Control: max-age=-3600", 0, "", VALIDATE},
    {"ETag: \"1\"", 0, "", VALIDATE},
    {"Cache-Control: max-age=3600\nAge: 7200", 0, "", VALIDATE},
    {"Cache-Control: max-age=3600\nAge: 7200.0", 0, "", USE},
    {"Cache-Control: max-age=3600\nAge: 0, 7200", 0, "", USE},
    {"Cache-Control: max-age=99999999999", DAY, "", USE},
    {"Cache-Control: max-age=99999999999999999999\nAge: 99999999999999999999", 0, "", VALIDATE},
    {"Cache-Control: max-age=3600\nPragma: no-cache", 0, "", USE},
    {"Expires: Mon, 01 Jul 2024 13:00:00 GMT", 10, "", USE},
    {"Expires: 0", 0, "", VALIDATE},
    /* A clock that was set back does not make it last for years. */
    {"Cache-Control: max-age=3600", -10, "", USE},
    {"Cache-Control: max-age=3600", -3600, "", VALIDATE},
    {"Cache-Control: max-age=3600", -3650 * DAY, "", VALIDATE},
    /* no-cache on either side (sections 5.2.1.4, 5.2.2.4). */
    {"Cache-Control: max-age=60, no-cache", 10, "", VALIDATE},
    {"Cache-Control: max-age=60, No-CaChE", 10, "", VALIDATE},
    {"Cache-Control: max-age=60, no-cache=\"a\"", 10, "", USE},
    {"Cache-Control: max-age=60, no-cache=\"\"", 10, "", VALIDATE},
    {"Cache-Control: max-age=60", 10, "Cache-Control: no-cache", VALIDATE},
    {"Cache-Control: max-age=60", 10, "Cache-Control: no-cache=\"a\"", VALIDATE},
    {"Cache-Control: max-age=60, immutable", 10, "Cache-Control: no-cache", VALIDATE},
    {"Cache-Control: max-age=60, no-cache", 10, "Cache-Control: max-stale", VALIDATE},
    /* Pragma (section 5.4). */
    {"Cache-Control: max-age=60", 10, "Pragma: no-cache", VALIDATE},
    {"Cache-Control: max-age=60", 10, "Pragma: x", USE},
    {"Cache-Control: max-age=60", 10, "Pragma: no-cache\nCache-Control: max-age=60", USE},
    /* no-store (section 5.2.1.5). */
    {"Cache-Control: max-age=60", 10, "Cache-Control: no-store", MISS},
    {"Cache-Control: max-age=60", 10, "Cache-Control: no-store, only-if-cached", UNAVAILABLE},
    /* A request's max-age (section 5.2.1.1). */
    {"Cache-Control: max-age=60", 10, "Cache-Control: max-age=10", USE},
    {"Cache-Control: max-age=60", 10, "Cache-Control: max-age=9", VALIDATE},
    {"Cache-Control: max-age=60", 10, "Cache-Control: max-age=x", VALIDATE},
    {"Cache-Control: max-age=60", 70, "Cache-Control: max-age=100", VALIDATE},
    {"Cache-Control: max-age=60", 70, "Cache-Control: max-age=100, max-stale=20", USE},
    {"Cache-Control: max-age=60", 70, "Cache-Control: max-age=65, max-stale=20", VALIDATE},
    {"Cache-Control: max-age=60\nAge: 40", 0, "Cache-Control: max-age=30", VALIDATE},
    /* With 0 the server is to be asked, however new it is. */
    {"Cache-Control: max-age=60", 0, "Cache-Control: max-age=0", VALIDATE},
    {"Cache-Control: max-age=60", 0, "Cache-Control: max-age=0, max-stale", VALIDATE},
    /* Not if it is immutable (RFC 8246 section 2). */
    {"Cache-Control: max-age=60, immutable", 10, "Cache-Control: max-age=0", USE},
    {"Cache-Control: max-age=60, immutable", 70, "Cache-Control: max-age=0", VALIDATE},
    {"Cache-Control: max-age=60, immutable", 70, "", VALIDATE},
    {"Cache-Control: immutable", 0, "Cache-Control: max-age=0", VALIDATE},
    {"Cache-Control: max-age=60", 10, "Cache-Control: max-age=0, immutable", VALIDATE},
    /* max-stale (section 5.2.1.2). */
    {"Cache-Control: max-age=60", 70, "Cache-Control: max-stale", USE},
    {"Cache-Control: max-age=60", 1e9, "Cache-Control: max-stale", USE},
    {"Cache-Control: max-age=60", 70, "Cache-Control: max-stale=10", USE},
    {"Cache-Control: max-age=60", 71, "Cache-Control: max-stale=10", VALIDATE},
    {"Cache-Control: max-age=60", 70, "Cache-Control: max-stale=x", VALIDATE},
    {"Cache-Control: max-age=60", 70, "Cache-Control: max-stale=99999999999999999999", USE},
    {"Cache-Control: max-age=1500\nAge: 2000", 0, "Cache-Control: max-stale=1000", USE},
    {"Cache-Control: max-age=60, must-revalidate", 70, "Cache-Control: max-stale", VALIDATE}, /* Section 5.2.2.2 */
    {"Cache-Control: max-age=60, proxy-revalidate", 70, "Cache-Control: max-stale", USE},
    {"Cache-Control: max-age=60, s-maxage=60", 70, "Cache-Control: max-stale", USE},
    {"ETag: \"1\"", 70, "Cache-Control: max-stale=100", USE},
    /* min-fresh (section 5.2.1.3): no less. */
    {"Cache-Control: max-age=60", 10, "Cache-Control: min-fresh=49", USE},
    {"Cache-Control: max-age=60", 10, "Cache-Control: min-fresh=50", USE},
    {"Cache-Control: max-age=60", 10, "Cache-Control: min-fresh=51", VALIDATE},
    {"Cache-Control: max-age=60", 60, "Cache-Control: min-fresh=0", VALIDATE},
    {"Cache-Control: max-age=1500\nAge: 1000", 0, "Cache-Control: min-fresh=1000", VALIDATE},
    {"Cache-Control: max-age=60", 10, "Cache-Control: min-fresh=51, max-stale", VALIDATE},
    {"Cache-Control: max-age=60", 10, "Cache-Control: min-fresh=99999999999999999999", VALIDATE},
    /* only-if-cached (section 5.2.1.7). */
    {"Cache-Control: max-age=60", 10, "Cache-Control: only-if-cached", USE},
    {"Cache-Control: max-age=60", 70, "Cache-Control: only-if-cached", UNAVAILABLE},
    {"Cache-Control: max-age=60", 70, "Cache-Control: only-if-cached, max-stale", USE},
    {"Cache-Control: max-age=60", 10, "Cache-Control: only-if-cached, no-cache", UNAVAILABLE},
    {"Cache-Control: max-age=60, stale-while-revalidate=60", 70, "Cache-Control: only-if-cached", USE},
    {"Cache-Control: max-age=60", 10, "Cache-Control: only-if-cached\nIf-Match: \"1\"", UNAVAILABLE},
    /* must-revalidate while it is fresh. */
    {"Cache-Control: max-age=60, must-revalidate", 10, "", USE},
    {"Cache-Control: max-age=60, must-revalidate", 70, "", VALIDATE},
    /* stale-while-revalidate (RFC 5861 section 3). */
    {"Cache-Control: max-age=60, stale-while-revalidate=60", 10, "", USE},
    {"Cache-Control: max-age=60, stale-while-revalidate=60", 70, "", REFRESH},
    {"Cache-Control: max-age=60, stale-while-revalidate=60", 121, "", VALIDATE},
    {"Cache-Control: max-age=60, stale-while-revalidate", 70, "", VALIDATE},
    {"Cache-Control: max-age=60, stale-while-revalidate=60, must-revalidate", 70, "", VALIDATE},
    {"Cache-Control: max-age=60, stale-while-revalidate=60, no-cache", 70, "", VALIDATE},
    {"Cache-Control: max-age=60, stale-while-revalidate=60", 70, "Cache-Control: no-cache", VALIDATE},
    {"Cache-Control: max-age=60, stale-while-revalidate=60", 70, "Cache-Control: max-age=100", VALIDATE},
    {"Cache-Control: max-age=60, stale-while-revalidate=60", 10, "Cache-Control: min-fresh=55", VALIDATE},
    /* What only the origin can tell (section 4.3.2). */
    {"Cache-Control: max-age=60\nETag: \"1\"", 10, "If-Match: \"1\"", MISS},
    {"Cache-Control: max-age=60", 10, "If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT", MISS},
};

START_TEST(test_verdict)
{
    const struct verdict *row = &verdicts[_i];
    ah_entries entries = {0};
    ah_reuse reuse;
    ah_fields request = head_of(row->request);
    put_entry(&entries, row->stored, "", row->ago);
    ah_asked asked = ah_asked_of("GET", &request, 0, false);
    ck_assert(ah_reuse_decide(&reuse, &asked, &entries, NOW));
    ck_assert_msg(reuse.verdict == row->verdict, "%s, %s: %d", row->stored, row->request, (int)reuse.verdict);
    if (row->verdict == USE)
        ck_assert(reuse.selected == 0 && reuse.share == AH_SHARE_WHOLE && reuse.age >= row->ago);
    if (row->verdict == MISS)
        ck_assert(reuse.selected == AH_NO_ENTRY);
    ah_entries_clear(&entries);
    ah_fields_clear(&request);
}
END_TEST

START_TEST(test_nothing_stored)
{
    ah_entries entries = {0};
    ah_reuse reuse;
    ah_fields request = {0};
    ah_asked asked = ah_asked_of("GET", &request, 0, false);
    ck_assert(ah_reuse_decide(&reuse, &asked, &entries, NOW));
    ck_assert(reuse.verdict == MISS && reuse.selected == AH_NO_ENTRY);
    ck_assert(ah_fields_set(&request, "cache-control", "only-if-cached"));
    asked = ah_asked_of("GET", &request, 0, false);
    ck_assert(ah_reuse_decide(&reuse, &asked, &entries, NOW));
    ck_assert(reuse.verdict == UNAVAILABLE && reuse.selected == AH_NO_ENTRY);
    ah_fields_clear(&request);
}
END_TEST

/* ---- Which ---- */

static const struct which {
    struct {
        const char *head;
        const char *request;
        double ago;
    } stored[3];
    const char *request;
    size_t selected;
} whiches[] = {
    /* RFC 9111 section 4.1. */
    {{{"Vary: Foo", "Foo: 2", 1}, {"Vary: Foo", "Foo: 1", 2}}, "Foo: 1", 1},
    {{{"Vary: Foo", "Foo: 2", 1}, {"Vary: Foo", "Foo: 1", 2}}, "Foo: 2", 0},
    {{{"Vary: Foo", "Foo: 2", 1}, {"Vary: Foo", "Foo: 1", 2}}, "Foo: 3", AH_NO_ENTRY},
    {{{"", "", 1}, {"", "Authorization: a", 2}}, "Authorization: a", 1},
    {{{"", "Authorization: a", 1}, {"", "", 2}}, "", 1},
    /* The most recent by Date (section 4), or of the same date that which came last. */
    {{{"Vary: Foo", "", 1}, {"Vary: Bar", "", 2}}, "", 0},
    {{{"Vary: Foo\nDate: Mon, 01 Jul 2024 10:00:00 GMT", "", 1},
      {"Vary: Bar\nDate: Mon, 01 Jul 2024 11:00:00 GMT", "", 2}},
     "",
     1},
    {{{"Vary: Foo\nDate: Mon, 01 Jul 2024 10:00:00 GMT", "", 1},
      {"Vary: Bar\nDate: Mon, 01 Jul 2024 10:00:00 GMT", "", 2}},
     "",
     0},
    {{{"Vary: Foo\nDate: Mon, 01 Jul 2024 10:00:00 GMT", "", 1}, {"Vary: Bar", "", 2}}, "", 1},
    /* One that says what it varies by, before one that does not (section 4.1). */
    {{{"", "", 1}, {"Vary: Foo", "Foo: 1", 2}}, "Foo: 1", 1},
    {{{"", "", 1}, {"Vary: Foo", "Foo: 1", 2}}, "Foo: 2", 0},
    {{{"Vary: Foo", "Foo: 1", 1}, {"", "", 2}}, "Foo: 1", 0},
    {{{"", "", 1}, {"Vary: Bar", "", 3}, {"Vary: Foo", "Foo: 1", 2}}, "Foo: 1", 2},
};

START_TEST(test_which)
{
    const struct which *row = &whiches[_i];
    ah_entries entries = {0};
    ah_reuse reuse;
    ah_fields request = head_of(row->request);
    for (int i = 0; i < 3 && row->stored[i].head; i++)
        put_entry(&entries, row->stored[i].head, row->stored[i].request, row->stored[i].ago);
    for (size_t i = 0; i < entries.count; i++)
        ck_assert(ah_fields_set(&entries.items[i].fields, "cache-control", "max-age=100000"));
    ah_asked asked = ah_asked_of("GET", &request, 0, false);
    ck_assert(ah_reuse_decide(&reuse, &asked, &entries, NOW));
    ck_assert_uint_eq(reuse.selected, row->selected);
    ck_assert_int_eq(reuse.verdict, row->selected == AH_NO_ENTRY ? VALIDATE : USE);
    ah_entries_clear(&entries);
    ah_fields_clear(&request);
}
END_TEST

/* ---- What of it ---- */

static const struct share {
    const char *method;
    const char *stored;
    const char *request;
    /* NULL: it is complete. Of 100 bytes. */
    const char *parts;
    bool of_use;
    ah_share share;
    uint64_t first;
    uint64_t end;
} shares[] = {
    {"GET", "", "", NULL, true, AH_SHARE_WHOLE, 0, 100},
    {"HEAD", "", "", NULL, true, AH_SHARE_WHOLE, 0, 100},
    /* RFC 9110 section 14.2. */
    {"GET", "", "Range: bytes=0-1", NULL, true, AH_SHARE_RANGE, 0, 2},
    {"GET", "", "Range: bytes=1-", NULL, true, AH_SHARE_RANGE, 1, 100},
    {"GET", "", "Range: bytes=-1", NULL, true, AH_SHARE_RANGE, 99, 100},
    {"GET", "", "Range: bytes=0-18446744073709551614", NULL, true, AH_SHARE_RANGE, 0, 100},
    {"HEAD", "", "Range: bytes=0-1", NULL, true, AH_SHARE_WHOLE, 0, 100},
    {"GET", "", "Range: bytes=100-", NULL, false, 0, 0, 0},
    {"GET", "", "Range: bytes=0-1,3-4", NULL, false, 0, 0, 0},
    {"GET", "", "Range: lines=0-1", NULL, false, 0, 0, 0},
    {"GET", "", "Range: x", NULL, false, 0, 0, 0},
    {"GET", "-content-encoding: gzip", "Range: bytes=0-1", NULL, false, 0, 0, 0},
    {"GET", "-content-encoding: gzip", "", NULL, true, AH_SHARE_WHOLE, 0, 100},
    /* Section 13.1.5. */
    {"GET", "ETag: \"1\"", "Range: bytes=0-1\nIf-Range: \"1\"", NULL, true, AH_SHARE_RANGE, 0, 2},
    {"GET", "ETag: \"1\"", "Range: bytes=0-1\nIf-Range: \"2\"", NULL, true, AH_SHARE_WHOLE, 0, 100},
    {"GET", "ETag: W/\"1\"", "Range: bytes=0-1\nIf-Range: W/\"1\"", NULL, true, AH_SHARE_WHOLE, 0, 100},
    {"GET", "ETag: \"1\"", "If-Range: \"2\"", NULL, true, AH_SHARE_WHOLE, 0, 100},
    /* Parts (RFC 9111 section 3.3): only what lies within. */
    {"GET", "", "", "0-49", false, 0, 0, 0},
    {"HEAD", "", "", "0-49", true, AH_SHARE_WHOLE, 0, 100},
    {"GET", "", "Range: bytes=0-49", "0-49", true, AH_SHARE_RANGE, 0, 50},
    {"GET", "", "Range: bytes=10-19", "0-49", true, AH_SHARE_RANGE, 10, 20},
    {"GET", "", "Range: bytes=0-50", "0-49", false, 0, 0, 0},
    {"GET", "", "Range: bytes=40-69", "0-49,60-69", false, 0, 0, 0},
    {"GET", "", "Range: bytes=60-69", "0-49,60-69", true, AH_SHARE_RANGE, 60, 70},
    {"GET", "", "Range: bytes=90-", "90-99", true, AH_SHARE_RANGE, 90, 100},
    {"GET", "", "Range: bytes=-10", "90-99", true, AH_SHARE_RANGE, 90, 100},
    {"GET", "", "Range: bytes=-11", "90-99", false, 0, 0, 0},
    {"GET", "ETag: \"1\"", "Range: bytes=0-1\nIf-Range: \"2\"", "0-49", false, 0, 0, 0},
    /* The caller's own conditions. */
    {"GET", "ETag: \"1\"", "If-None-Match: \"1\"", NULL, true, AH_SHARE_NOT_MODIFIED, 0, 100},
    {"HEAD", "ETag: \"1\"", "If-None-Match: \"1\"", NULL, true, AH_SHARE_NOT_MODIFIED, 0, 100},
    {"GET", "ETag: \"1\"", "If-None-Match: \"2\"", NULL, true, AH_SHARE_WHOLE, 0, 100},
    {"GET", "ETag: \"1\"", "If-None-Match: \"1\"\nRange: bytes=0-1", NULL, true, AH_SHARE_NOT_MODIFIED, 0, 2},
};

START_TEST(test_share)
{
    const struct share *row = &shares[_i];
    ah_entries entries = {0};
    ah_reuse reuse;
    ah_fields request = head_of(row->request);
    put_entry(&entries, row->stored, "", 10);
    ck_assert(ah_fields_set(&entries.items[0].fields, "cache-control", "max-age=60"));
    if (row->parts)
        put_parts(&entries.items[0], 100, row->parts);
    ah_asked asked = ah_asked_of(row->method, &request, 0, false);
    ck_assert(ah_reuse_decide(&reuse, &asked, &entries, NOW));
    ck_assert_msg(reuse.verdict == (row->of_use ? USE : MISS), "%s", row->request);
    if (row->of_use) {
        ck_assert_int_eq(reuse.share, row->share);
        ck_assert(reuse.range.first == row->first && reuse.range.end == row->end);
    }
    ah_entries_clear(&entries);
    ah_fields_clear(&request);
}
END_TEST

/* Where the end is not known only a range that names it can be told. */
START_TEST(test_unknown_length)
{
    static const struct unknown {
        const char *range;
        bool of_use;
    } rows[] = {
        {"bytes=0-9", true}, {"bytes=0-49", true}, {"bytes=0-50", false}, {"bytes=0-", false}, {"bytes=-1", false}};
    ah_entries entries = {0};
    ah_fields request = {0};
    ah_reuse reuse;
    put_entry(&entries, "Cache-Control: max-age=60", "", 10);
    put_parts(&entries.items[0], AH_LENGTH_UNKNOWN, "0-49");
    for (int i = 0; i < COUNT(rows); i++) {
        ck_assert(ah_fields_set(&request, "range", rows[i].range));
        ah_asked asked = ah_asked_of("GET", &request, 0, false);
        ck_assert(ah_reuse_decide(&reuse, &asked, &entries, NOW));
        ck_assert_msg(reuse.verdict == (rows[i].of_use ? USE : MISS), "%s", rows[i].range);
    }
    ah_entries_clear(&entries);
    ah_fields_clear(&request);
}
END_TEST

/* Conditions and ranges are about representations that are there (RFC 9110 sections 13.2.1, 14.2). */
START_TEST(test_other_statuses)
{
    ah_entries entries = {0};
    ah_fields request = head_of("If-None-Match: \"1\"\nRange: bytes=0-1");
    ah_reuse reuse;
    put_entry(&entries, "Cache-Control: max-age=60\nETag: \"1\"", "", 10);
    entries.items[0].status = 404;
    ah_asked asked = ah_asked_of("GET", &request, 0, false);
    ck_assert(ah_reuse_decide(&reuse, &asked, &entries, NOW));
    ck_assert(reuse.verdict == USE && reuse.share == AH_SHARE_WHOLE && reuse.range.end == 100);
    ah_entries_clear(&entries);
    ah_fields_clear(&request);
}
END_TEST

/* ---- Asking ---- */

#define LM "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\n"
#define DATE_OF_LM "Sun, 06 Nov 1994 08:49:37 GMT"

static const struct asking {
    const char *request;
    /* The first of them is the selected one, if there is one. */
    const char *stored[3];
    bool is_selected;
    bool ignore_etag;
    const char *tags;
    const char *since;
} askings[] = {
    /* RFC 9111 section 4.3.1. */
    {"", {"ETag: \"1\""}, true, false, "\"1\"", NULL},
    {"", {"ETag: W/\"1\""}, true, false, "W/\"1\"", NULL},
    {"", {LM}, true, false, NULL, DATE_OF_LM},
    {"", {LM "ETag: \"1\""}, true, false, "\"1\"", DATE_OF_LM},
    {"", {"A: 1"}, true, false, NULL, NULL},
    {"", {"ETag:"}, true, false, NULL, NULL},
    /* With the tags of the others, each once. */
    {"", {"ETag: \"1\"", "ETag: \"2\"", "ETag: W/\"3\""}, true, false, "\"1\", \"2\", W/\"3\"", NULL},
    {"", {"ETag: \"1\"", "ETag: \"1\"", "ETag: W/\"1\""}, true, false, "\"1\"", NULL},
    {"", {"ETag: \"1\"", "ETag: \"2\""}, false, false, "\"1\", \"2\"", NULL},
    {"", {LM "ETag: \"1\"", LM}, false, false, "\"1\"", NULL},
    {"", {LM}, false, false, NULL, NULL},
    /* A 304 for another one could not answer this. */
    {"Range: bytes=0-1", {"ETag: \"1\"", "ETag: \"2\""}, true, false, "\"1\"", NULL},
    {"Range: bytes=0-1", {"ETag: \"1\"", "ETag: \"2\""}, false, false, NULL, NULL},
    /* Nothing on top of the caller's own. */
    {"If-None-Match: \"9\"", {LM "ETag: \"1\""}, true, false, NULL, NULL},
    {"If-Modified-Since: " DATE_OF_LM, {LM "ETag: \"1\""}, true, false, NULL, NULL},
    {"If-Match: \"9\"", {LM "ETag: \"1\""}, true, false, NULL, NULL},
    /* Http.ignore_etag. */
    {"", {LM "ETag: \"1\"", "ETag: \"2\""}, true, true, NULL, DATE_OF_LM},
};

static void ck_value(const ah_fields *fields, const char *name, const char *expected)
{
    const char *value = ah_fields_get(fields, name);
    ck_assert_msg(expected ? value && strcmp(value, expected) == 0 : !value, "%s: %s", name, value ? value : "none");
}

START_TEST(test_asking)
{
    const struct asking *row = &askings[_i];
    ah_entries entries = {0};
    ah_fields request = head_of(row->request), conditions = {0};
    for (int i = 0; i < 3 && row->stored[i]; i++)
        put_entry(&entries, row->stored[i], "", i);
    ah_asked asked = ah_asked_of("GET", &request, 0, row->ignore_etag);
    ck_assert(ah_reuse_conditions(&conditions, &asked, &entries, row->is_selected ? 0 : AH_NO_ENTRY));
    ck_value(&conditions, "if-none-match", row->tags);
    ck_value(&conditions, "if-modified-since", row->since);
    ck_assert_int_eq((int)conditions.count, (row->tags != NULL) + (row->since != NULL));
    ah_entries_clear(&entries);
    ah_fields_clear(&request);
    ah_fields_clear(&conditions);
}
END_TEST

/* A hundred variants: the selected one is asked about wherever it is. Of parts only the selected one. */
START_TEST(test_asking_about_many)
{
    ah_entries entries = {0};
    ah_fields request = {0};
    for (int i = 0; i < 100; i++) {
        char head[32];
        snprintf(head, sizeof(head), "ETag: \"%d\"", i);
        put_entry(&entries, head, "", i);
    }
    put_parts(&entries.items[3], 100, "0-9");
    ah_asked asked = ah_asked_of("GET", &request, 0, false);
    for (size_t i = 0; i < 100; i++) {
        ah_fields conditions = {0};
        char tag[16];
        snprintf(tag, sizeof(tag), "\"%d\"", (int)i);
        ck_assert(ah_reuse_conditions(&conditions, &asked, &entries, i));
        const char *tags = ah_fields_get(&conditions, "if-none-match");
        ck_assert(tags && strstr(tags, tag) && strlen(tags) < 300);
        ck_assert((strstr(tags, "\"3\"") != NULL) == (i == 3));
        ah_fields_clear(&conditions);
    }
    ah_entries_clear(&entries);
}
END_TEST

/* ---- 304 ---- */

static const struct freshened {
    const char *stored[3];
    size_t selected;
    const char *not_modified;
    size_t freshened;
} fresheneds[] = {
    /* RFC 9111 section 4.3.4: strong validators. */
    {{"ETag: \"1\"", "ETag: \"2\""}, 0, "ETag: \"1\"", 0},
    {{"ETag: \"1\"", "ETag: \"2\""}, 0, "ETag: \"2\"", 1},
    {{"ETag: \"1\"", "ETag: \"2\""}, AH_NO_ENTRY, "ETag: \"2\"", 1},
    {{"ETag: \"1\"", "ETag: \"2\""}, 0, "ETag: \"3\"", AH_NO_ENTRY},
    {{"ETag: W/\"1\""}, 0, "ETag: \"1\"", AH_NO_ENTRY},
    {{LM}, 0, LM "ETag: \"1\"", AH_NO_ENTRY},
    /* Weak ones. */
    {{"ETag: W/\"1\""}, 0, "ETag: W/\"1\"", 0},
    {{"ETag: \"1\""}, 0, "ETag: W/\"1\"", 0},
    {{"ETag: W/\"1\"", "ETag: W/\"2\""}, 0, "ETag: W/\"2\"", 1},
    {{"ETag: W/\"1\"", "ETag: W/\"1\""}, AH_NO_ENTRY, "ETag: W/\"1\"", 0},
    {{"ETag: abc"}, 0, "ETag: abc", 0},
    {{LM}, 0, LM, 0},
    {{LM "ETag: \"1\""}, 0, LM, 0},
    {{"ETag: \"1\""}, 0, LM, AH_NO_ENTRY},
    {{LM}, 0, "Last-Modified: Mon, 01 Jul 2024 12:00:00 GMT", AH_NO_ENTRY},
    /* Variants may well have been modified together: the date alone tells of none that the request does not select. */
    {{LM "ETag: \"1\"", LM "ETag: \"2\""}, 1, LM, 1},
    {{LM "ETag: \"1\"", LM "ETag: \"2\""}, AH_NO_ENTRY, LM, AH_NO_ENTRY},
    /* None: what was asked about, if that was one. */
    {{"ETag: \"1\""}, 0, "", 0},
    {{LM, "ETag: \"2\""}, 0, "", 0},
    {{"ETag: \"1\""}, AH_NO_ENTRY, "", 0},
    {{"A: 1"}, AH_NO_ENTRY, "", AH_NO_ENTRY},
    {{"ETag: \"1\"", "ETag: \"2\""}, AH_NO_ENTRY, "", AH_NO_ENTRY},
    {{NULL}, AH_NO_ENTRY, "ETag: \"1\"", AH_NO_ENTRY},
    {{NULL}, AH_NO_ENTRY, "", AH_NO_ENTRY},
};

START_TEST(test_freshened)
{
    const struct freshened *row = &fresheneds[_i];
    ah_entries entries = {0};
    ah_fields not_modified = head_of(row->not_modified);
    for (int i = 0; i < 3 && row->stored[i]; i++)
        put_entry(&entries, row->stored[i], "", i);
    ck_assert_uint_eq(ah_reuse_freshened(&entries, row->selected, &not_modified), row->freshened);
    ah_entries_clear(&entries);
    ah_fields_clear(&not_modified);
}
END_TEST

/* ---- Trouble ---- */

static const struct trouble {
    const char *stored;
    double ago;
    const char *request;
    bool on_status;
    bool on_network;
} troubles[] = {
    /* RFC 9111 section 4.2.4: disconnected, for a week. */
    {"Cache-Control: max-age=60", 70, "", false, true},
    {"Cache-Control: max-age=60", 60 + 7 * DAY, "", false, true},
    {"Cache-Control: max-age=60", 61 + 7 * DAY, "", false, false},
    {"ETag: \"1\"", DAY, "", false, true},
    {"Cache-Control: max-age=60, must-revalidate", 70, "", false, false},
    {"Cache-Control: max-age=60, no-cache", 70, "", false, false},
    {"Cache-Control: max-age=60, proxy-revalidate", 70, "", false, true},
    {"Cache-Control: max-age=60, s-maxage=60", 70, "", false, true},
    {"Cache-Control: max-age=60", 70, "Cache-Control: no-cache", false, false},
    {"Cache-Control: max-age=60", 70, "Cache-Control: max-age=65", false, false},
    {"Cache-Control: max-age=60", 70, "Cache-Control: max-age=0", false, false},
    {"Cache-Control: max-age=60", 70, "Cache-Control: min-fresh=1", false, false},
    /* RFC 5861 section 4, of the response or the request. */
    {"Cache-Control: max-age=60, stale-if-error=60", 70, "", true, true},
    {"Cache-Control: max-age=60, stale-if-error=60", 120, "", true, true},
    {"Cache-Control: max-age=60, stale-if-error=60", 121, "", false, true},
    {"Cache-Control: max-age=60, stale-if-error=x", 70, "", false, true},
    {"Cache-Control: max-age=60, stale-if-error=1209600", 60 + 10 * DAY, "", true, true},
    {"Cache-Control: max-age=60", 70, "Cache-Control: stale-if-error=60", true, true},
    {"Cache-Control: max-age=60, stale-if-error=5", 70, "Cache-Control: stale-if-error=60", true, true},
    {"Cache-Control: max-age=60, stale-if-error=60, must-revalidate", 70, "", false, false},
    {"Cache-Control: max-age=60, stale-if-error=60, no-cache", 70, "", false, false},
    {"Cache-Control: max-age=60, must-revalidate", 70, "Cache-Control: stale-if-error=60", false, false},
    {"Cache-Control: max-age=60, stale-if-error=60", 70, "Cache-Control: no-cache", false, false},
};

START_TEST(test_trouble)
{
    const struct trouble *row = &troubles[_i];
    ah_entries entries = {0};
    ah_fields request = head_of(row->request);
    put_entry(&entries, row->stored, "", row->ago);
    ah_asked asked = ah_asked_of("GET", &request, 0, false);
    ck_assert_msg(ah_may_use_stale(&asked, &entries.items[0], AH_TROUBLE_STATUS, NOW) == row->on_status, "%s, %s",
                  row->stored, row->request);
    ck_assert_msg(ah_may_use_stale(&asked, &entries.items[0], AH_TROUBLE_NETWORK, NOW) == row->on_network, "%s, %s",
                  row->stored, row->request);
    ah_entries_clear(&entries);
    ah_fields_clear(&request);
}
END_TEST

START_TEST(test_trouble_statuses)
{
    for (int status = 100; status < 1000; status++)
        ck_assert(ah_is_trouble(status) == (status == 500 || status == 502 || status == 503 || status == 504));
}
END_TEST

Suite *reuse_suite(void)
{
    Suite *suite = suite_create("reuse");
    TCase *whether = tcase_create("whether");
    tcase_add_loop_test(whether, test_verdict, 0, COUNT(verdicts));
    tcase_add_test(whether, test_nothing_stored);
    tcase_add_loop_test(whether, test_which, 0, COUNT(whiches));
    suite_add_tcase(suite, whether);
    TCase *what = tcase_create("what");
    tcase_add_loop_test(what, test_share, 0, COUNT(shares));
    tcase_add_test(what, test_unknown_length);
    tcase_add_test(what, test_other_statuses);
    suite_add_tcase(suite, what);
    TCase *asking = tcase_create("asking");
    tcase_add_loop_test(asking, test_asking, 0, COUNT(askings));
    tcase_add_test(asking, test_asking_about_many);
    tcase_add_loop_test(asking, test_freshened, 0, COUNT(fresheneds));
    suite_add_tcase(suite, asking);
    TCase *trouble = tcase_create("trouble");
    tcase_add_loop_test(trouble, test_trouble, 0, COUNT(troubles));
    tcase_add_test(trouble, test_trouble_statuses);
    suite_add_tcase(suite, trouble);
    return suite;
}
