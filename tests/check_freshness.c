/*
 * Tests of cache/freshness.h: RFC 9111 section 4.2.
 */
#include <math.h>

#include "cache/freshness.h"
#include "heads.h"
#include "suites.h"

#define DATE "Date: Mon, 01 Jul 2024 12:00:00 GMT\n"
#define WEEK (7 * 24 * 3600.0)
#define NONE AH_LIFETIME_NONE

/* ---- Lifetime ---- */

static const struct lifetime {
    const char *head;
    double lifetime;
} lifetimes[] = {
    /* RFC 9111 section 4.2.1: nothing is said. */
    {"", NONE},
    {DATE, NONE},
    {"Cache-Control: public", NONE},
    {"Cache-Control: s-maxage=3600", NONE},
    {"Cache-Control: stale-while-revalidate=60", NONE},
    {"Cache-Control: immutable", NONE},
    {"Pragma: no-cache", NONE},
    /* max-age. */
    {"Cache-Control: max-age=3600", 3600},
    {"Cache-Control: max-age=0", 0},
    {"Cache-Control: max-age=-1", 0},
    {"Cache-Control: max-age=x", 0},
    {"Cache-Control: max-age", 0},
    {"Cache-Control: max-age=2147483649", 2147483649.0},
    {"Cache-Control: max-age=99999999999999999999999", 9007199254740992.0},
    {"Cache-Control: max-age=1800, max-age=1", 1800},
    {"Cache-Control: s-maxage=1, max-age=3600", 3600},
    {"Cache-Control: max-age=1, s-maxage=3600", 1},
    /* It comes before Expires (section 5.3). */
    {DATE "Cache-Control: max-age=3600\nExpires: Mon, 01 Jul 2024 10:00:00 GMT", 3600},
    {DATE "Cache-Control: max-age=3600\nExpires: 0", 3600},
    {DATE "Cache-Control: max-age=0\nExpires: Mon, 01 Jul 2024 13:00:00 GMT", 0},
    {DATE "Cache-Control: max-age=x\nExpires: Mon, 01 Jul 2024 13:00:00 GMT", 0},
    {DATE "Cache-Control: s-maxage=5\nExpires: Mon, 01 Jul 2024 13:00:00 GMT", 3600},
    /* Expires, from Date on. */
    {DATE "Expires: Mon, 01 Jul 2024 13:00:00 GMT", 3600},
    {DATE "Expires: Mon, 01 Jul 2024 12:00:00 GMT", 0},
    {DATE "Expires: Mon, 01 Jul 2024 11:00:00 GMT", 0},
    {"Date: Mon, 01 Jul 2024 12:06:40 GMT\nExpires: Mon, 01 Jul 2024 12:05:00 GMT", 0},
    {"Date: Mon, 01 Jul 2024 11:59:50 GMT\nExpires: Mon, 01 Jul 2024 12:00:10 GMT", 20},
    {"Date: Mon, 01 Jul 2024 12:00:10 GMT\nExpires: Mon, 01 Jul 2024 12:00:20 GMT", 10},
    /* Without Date, or one that is none, from when it came on. */
    {"Expires: Mon, 01 Jul 2024 13:00:00 GMT", 3600},
    {"Date: foo\nExpires: Mon, 01 Jul 2024 12:00:10 GMT", 10},
    {DATE DATE "Expires: Mon, 01 Jul 2024 12:00:10 GMT", 10},
    /* What is no date is long past (section 5.3). */
    {DATE "Expires: 0", 0},
    {DATE "Expires: -1", 0},
    {DATE "Expires:", 0},
    {DATE "Expires: never", 0},
    {DATE "Expires: Mon, 01 Jul 2024 13:00:00 UTC", 0},
    {DATE "Expires: Mon, 01 Jul 2024 13:00:00 AEST", 0},
    {DATE "Expires: Mon, 01 Jul 24 13:00:00 GMT", 0},
    {DATE "Expires: Mon 01 Jul 2024 13:00:00 GMT", 0},
    {DATE "Expires: Mon, 01  Jul  2024 13:00:00 GMT", 0},
    {DATE "Expires: Mon, 01-Jul-2024 13:00:00 GMT", 0},
    {DATE "Expires: Mon, 01 Jul 2024 13.00.00 GMT", 0},
    {DATE "Expires: Mon, 01 Jul 2024 3:00:00 GMT", 0},
    {DATE "Expires: Mon, 01 Jul 2024 13:00:00 GMT\nExpires: Mon, 01 Jul 2024 14:00:00 GMT", 0},
    /* Every form of a date (section 4.2). */
    {DATE "Expires: MON, 01 JUL 2024 13:00:00 gMT", 3600},
    {DATE "Expires: Monday, 01-Jul-24 13:00:00 GMT", 3600},
    {DATE "Expires: Mon Jul  1 13:00:00 2024", 3600},
    {DATE "Expires: Tue, 19 Jan 2038 14:14:08 GMT", 2147523248.0 - 1719835200},
    {DATE "Expires: Fri, 31 Dec 9999 23:59:59 GMT", 253402300799.0 - 1719835200},
    {DATE "Expires: Sat, 01 Jan 0000 00:00:00 GMT", 0},
    /* Without heuristics a date of modification says nothing. */
    {DATE "Last-Modified: Sun, 30 Jun 2024 12:00:00 GMT", NONE},
};

static ah_freshness freshness_of(const char *head, int status, double heuristic, double now)
{
    ah_entry entry = {.status = status, .fields = head_of(head), .requested = NOW, .received = NOW};
    ah_directives directives = ah_directives_of_response(&entry.fields);
    ah_freshness freshness = ah_freshness_of(&entry, &directives, heuristic, now);
    ah_fields_clear(&entry.fields);
    return freshness;
}

START_TEST(test_lifetime)
{
    const struct lifetime *row = &lifetimes[_i];
    ah_freshness freshness = freshness_of(row->head, 200, 0, NOW);
    ck_assert_msg(freshness.lifetime == row->lifetime, "%s: %f", row->head, freshness.lifetime);
    ck_assert(freshness.is_explicit == (row->lifetime != NONE));
    /* It does not depend on when one looks. */
    ck_assert(freshness_of(row->head, 200, 0, NOW + 1e6).lifetime == row->lifetime);
}
END_TEST

/* ---- Guesses ---- */

#define DAY_OLD DATE "Last-Modified: Sun, 30 Jun 2024 12:00:00 GMT\n"

static const struct guess {
    const char *head;
    int status;
    double heuristic;
    double lifetime;
} guesses[] = {
    /* RFC 9111 section 4.2.2. */
    {DAY_OLD, 200, 0.1, 8640},
    {DAY_OLD, 200, 0, NONE},
    {DAY_OLD, 200, -1, NONE},
    {DAY_OLD "Pragma: no-cache", 200, 0.1, 8640},
    {DAY_OLD "Cache-Control: foo", 200, 0.1, 8640},
    {DATE, 200, 0.1, NONE},
    {DATE "Last-Modified: yesterday", 200, 0.1, NONE},
    {DATE "Last-Modified: Mon, 01 Jul 2024 11:59:50 GMT", 200, 0.5, 5},
    {DATE "Last-Modified: Mon, 01 Jul 2024 12:00:00 GMT", 200, 0.1, NONE},
    {DATE "Last-Modified: Tue, 02 Jul 2024 12:00:00 GMT", 200, 0.1, NONE},
    {"Last-Modified: Sun, 30 Jun 2024 12:00:00 GMT", 200, 0.1, 8640},
    /* Not for ever. */
    {DATE "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT", 200, 0.1, WEEK},
    /* Never against what is said. */
    {DAY_OLD "Cache-Control: max-age=5", 200, 0.1, 5},
    {DAY_OLD "Cache-Control: max-age=x", 200, 0.1, 0},
    {DAY_OLD "Expires: 0", 200, 0.1, 0},
    /* Statuses (RFC 9110 section 15.1). */
    {DAY_OLD, 201, 0.1, NONE},
    {DAY_OLD, 202, 0.1, NONE},
    {DAY_OLD, 203, 0.1, 8640},
    {DAY_OLD, 204, 0.1, 8640},
    {DAY_OLD, 206, 0.1, 8640},
    {DAY_OLD, 300, 0.1, 8640},
    {DAY_OLD, 302, 0.1, NONE},
    {DAY_OLD, 303, 0.1, NONE},
    {DAY_OLD, 307, 0.1, NONE},
    {DAY_OLD, 400, 0.1, NONE},
    {DAY_OLD, 403, 0.1, NONE},
    {DAY_OLD, 404, 0.1, 8640},
    {DAY_OLD, 405, 0.1, 8640},
    {DAY_OLD, 410, 0.1, 8640},
    {DAY_OLD, 414, 0.1, 8640},
    {DAY_OLD, 500, 0.1, NONE},
    {DAY_OLD, 501, 0.1, 8640},
    {DAY_OLD, 502, 0.1, NONE},
    {DAY_OLD, 503, 0.1, NONE},
    {DAY_OLD, 504, 0.1, NONE},
    {DAY_OLD, 599, 0.1, NONE},
    {DAY_OLD "Cache-Control: public", 599, 0.1, 8640}, /* Section 5.2.2.9 */
    /* Redirects for good. */
    {"", 301, 0, WEEK},
    {"", 308, 0, WEEK},
    {"", 301, 0.1, WEEK},
    {"", 302, 0, NONE},
    {"Cache-Control: max-age=5", 301, 0, 5},
    {"Expires: 0", 308, 0, 0},
};

START_TEST(test_guess)
{
    const struct guess *row = &guesses[_i];
    ah_freshness freshness = freshness_of(row->head, row->status, row->heuristic, NOW);
    ck_assert_msg(fabs(freshness.lifetime - row->lifetime) < 0.001, "%d %s: %f", row->status, row->head,
                  freshness.lifetime);
    bool said = strstr(row->head, "max-age") || strstr(row->head, "Expires");
    ck_assert(freshness.is_explicit == said);
}
END_TEST

/* ---- Age ---- */

static const struct age {
    const char *head;
    /* Before NOW, which is when it came. */
    double delay;
    /* After it. */
    double resident;
    double age;
} ages[] = {
    /* RFC 9111 section 4.2.3. */
    {"", 0, 0, 0},
    {DATE, 0, 0, 0},
    {DATE, 0, 10, 10},
    {"", 0, 10, 10},
    {DATE, 3, 10, 13},
    {"", 3, 0, 3},
    {"Date: Mon, 01 Jul 2024 11:00:00 GMT", 0, 10, 3610},
    {"Date: Mon, 01 Jul 2024 11:00:00 GMT", 30, 10, 3610},
    {"Date: Mon, 01 Jul 2024 13:00:00 GMT", 0, 10, 10},
    {"Date: foo", 2, 10, 12},
    {DATE DATE, 0, 10, 10},
    {DATE "Age: 100", 3, 10, 113},
    {"Age: 100", 0, 0, 100},
    {"Date: Mon, 01 Jul 2024 11:00:00 GMT\nAge: 100", 3, 10, 3610},
    {"Date: Mon, 01 Jul 2024 11:00:00 GMT\nAge: 7200", 3, 10, 7213},
    /* Section 5.1: the first member, if it is a number. */
    {"Age: 7200, 0", 0, 0, 7200},
    {"Age: 0, 7200", 0, 0, 0},
    {"Age: 7200\nAge: 0", 0, 0, 7200},
    {"Age: 0\nAge: 7200", 0, 0, 0},
    {"Age: , 7200", 0, 0, 7200},
    {"Age: 3600\nAge: 3600", 0, 0, 3600},
    {"Age: 0100", 0, 0, 100},
    {"Age:", 0, 0, 0},
    {"Age: abc", 0, 0, 0},
    {"Age: abc, 100", 0, 0, 0},
    {"Age: -7200", 0, 0, 0},
    {"Age: +7200", 0, 0, 0},
    {"Age: 7200.0", 0, 0, 0},
    {"Age: 7200;foo=bar", 0, 0, 0},
    {"Age: \"7200\"", 0, 0, 0},
    {"Age: 72 00", 0, 0, 0},
    {"Age: 2147483647", 0, 0, 2147483647.0},
    {"Age: 2147483648", 0, 0, 2147483648.0},
    {"Age: 99999999999999999999", 0, 0, 9007199254740992.0},
    /* The clock was set back while the server was asked. */
    {"", -5, 10, 10},
    {"Age: 100", -5, 0, 100},
    /* And since: by how much is how old it may be at the least. */
    {"", 0, -1, 1},
    {DATE, 0, -3600, 3600},
    {"Age: 100", 0, -3600, 3700},
};

START_TEST(test_age)
{
    const struct age *row = &ages[_i];
    ah_entry entry = {.status = 200, .fields = head_of(row->head), .requested = NOW - row->delay, .received = NOW};
    ah_directives directives = ah_directives_of_response(&entry.fields);
    double age = ah_freshness_of(&entry, &directives, 0, NOW + row->resident).age;
    ck_assert_msg(fabs(age - row->age) < 0.001, "%s: %f, not %f", row->head, age, row->age);
    ah_fields_clear(&entry.fields);
}
END_TEST

START_TEST(test_statuses)
{
    static const int cacheable[] = {200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 501};
    for (int status = 100, i = 0; status < 1000; status++) {
        bool expected = i < COUNT(cacheable) && status == cacheable[i];
        i += expected;
        ck_assert_msg(ah_is_heuristically_cacheable(status) == expected, "%d", status);
        ck_assert(ah_is_permanent_redirect(status) == (status == 301 || status == 308));
    }
}
END_TEST

/* Without Date an entry has that of the day it came. */
START_TEST(test_date)
{
    ah_entry entry = {.fields = head_of("Date: Sun, 06 Nov 1994 08:49:37 GMT"), .received = NOW};
    ck_assert(ah_date_of(&entry, NOW) == 784111777);
    ck_assert(ah_fields_set(&entry.fields, "date", "today"));
    ck_assert(ah_date_of(&entry, NOW) == NOW);
    ah_fields_clear(&entry.fields);
    ck_assert(ah_date_of(&entry, NOW) == NOW);
}
END_TEST

Suite *freshness_suite(void)
{
    Suite *suite = suite_create("freshness");
    TCase *freshness = tcase_create("freshness");
    tcase_add_loop_test(freshness, test_lifetime, 0, COUNT(lifetimes));
    tcase_add_loop_test(freshness, test_guess, 0, COUNT(guesses));
    tcase_add_loop_test(freshness, test_age, 0, COUNT(ages));
    tcase_add_test(freshness, test_statuses);
    tcase_add_test(freshness, test_date);
    suite_add_tcase(suite, freshness);
    return suite;
}
