/*
 * Tests of cache/validators.h: RFC 9110 sections 8.8 and 13, RFC 9111 section 4.3.2.
 */
#include "cache/validators.h"
#include "heads.h"
#include "suites.h"

/* ---- Entity tags ---- */

static const struct tags {
    const char *a;
    const char *b;
    bool strongly;
    bool weakly;
} tags[] = {
    /* The table of RFC 9110 section 8.8.3.2. */
    {"W/\"1\"", "W/\"1\"", false, true},
    {"W/\"1\"", "W/\"2\"", false, false},
    {"W/\"1\"", "\"1\"", false, true},
    {"\"1\"", "\"1\"", true, true},
    {"\"1\"", "\"2\"", false, false},
    {"\"\"", "\"\"", true, true},
    {"\"a b\"", "\"a b\"", true, true},
    {"\"\xfc\"", "\"\xfc\"", true, true},
    {"\"a\"", "\"A\"", false, false},
    /* None is the same as none, but says nothing of the content. */
    {NULL, NULL, false, true},
    {NULL, "\"1\"", false, false},
    {NULL, "W/\"1\"", false, false},
    /* What is none by the letter. */
    {"abc", "abc", false, true},
    {"abc", "\"abc\"", false, false},
    {"w/\"1\"", "w/\"1\"", false, true},
    {"w/\"1\"", "\"1\"", false, false},
    {"\"1", "\"1", false, true},
    {"\"", "\"", false, true},
    {"\"1\"x", "\"1\"x", false, true},
    {"\"1\", \"2\"", "\"1\", \"2\"", false, true},
    {"", "", false, true},
};

START_TEST(test_tags)
{
    const struct tags *row = &tags[_i];
    ck_assert(ah_etag_same_strongly(row->a, row->b) == row->strongly);
    ck_assert(ah_etag_same_strongly(row->b, row->a) == row->strongly);
    ck_assert(ah_etag_same_weakly(row->a, row->b) == row->weakly);
    ck_assert(ah_etag_same_weakly(row->b, row->a) == row->weakly);
    if (row->strongly)
        ck_assert(ah_etag_is_strong(row->a) && ah_etag_is_strong(row->b));
}
END_TEST

static const struct listed {
    const char *list;
    const char *tag;
    bool listed;
} listeds[] = {
    /* RFC 9110 section 13.1.2. */
    {"\"xyzzy\"", "\"xyzzy\"", true},
    {"W/\"xyzzy\"", "\"xyzzy\"", true},
    {"\"xyzzy\"", "W/\"xyzzy\"", true},
    {"W/\"xyzzy\"", "W/\"xyzzy\"", true},
    {"\"xyzzy\", \"r2d2xxxx\", \"c3piozzzz\"", "\"r2d2xxxx\"", true},
    {"\"xyzzy\",\"r2d2xxxx\",\"c3piozzzz\"", "\"c3piozzzz\"", true},
    {"W/\"xyzzy\", W/\"r2d2xxxx\"", "\"r2d2xxxx\"", true},
    {"*", "\"a\"", true},
    {"*", NULL, true},
    {"\"xyzzy\"", "\"a\"", false},
    {"\"xyzzy\"", NULL, false},
    {"", "\"a\"", false},
    {", ,", "\"a\"", false},
    {"\"a, b\"", "\"a\"", false},
    {"\"a, b\"", "\"a, b\"", true},
    {"\"ab\"", "\"a\"", false},
    {"\"a\"", "\"ab\"", false},
    {"\"a\", *", "\"b\"", false},
    {"\"*\"", "\"b\"", false},
    /* As clients and servers write them. */
    {"abc", "abc", true},
    {"abc", "\"abc\"", false},
    {"w/\"abc\"", "w/\"abc\"", true},
    {"W\\\"abc\"", "W\\\"abc\"", true},
    {"W\"abc\"", "W\"abc\"", true},
    {"\"\xc3\xbc\"", "\"\xc3\xbc\"", true},
    {"W/", "", false},
    {"\"a", "\"a", true},
};

START_TEST(test_listed)
{
    const struct listed *row = &listeds[_i];
    ck_assert_msg(ah_etag_listed(row->list, row->tag) == row->listed, "%s", row->list);
}
END_TEST

/* ---- Last-Modified ---- */

#define DATE "Date: Mon, 01 Jul 2024 12:00:00 GMT\n"

static const struct strength {
    const char *head;
    bool strong;
} strengths[] = {
    /* RFC 9110 section 8.8.2.2: a second before Date at least. */
    {DATE "Last-Modified: Mon, 01 Jul 2024 11:59:59 GMT", true},
    {DATE "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT", true},
    {DATE "Last-Modified: Mon, 01 Jul 2024 12:00:00 GMT", false},
    {DATE "Last-Modified: Mon, 01 Jul 2024 12:00:01 GMT", false},
    {DATE "Last-Modified: Sunday, 06-Nov-94 08:49:37 GMT", true},
    {DATE "Last-Modified: yesterday", false},
    {DATE, false},
    {"Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT", false},
    {"Date: today\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT", false},
    {DATE "Last-Modified: Sat, 01 Jan 0000 00:00:00 GMT", true},
    {"", false},
};

START_TEST(test_strength)
{
    ah_fields fields = head_of(strengths[_i].head);
    ck_assert(ah_last_modified_is_strong(&fields, NOW) == strengths[_i].strong);
    ah_fields_clear(&fields);
}
END_TEST

#define OLD "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\n"
#define OLD_850 "Last-Modified: Sunday, 06-Nov-94 08:49:37 GMT\n"
#define OLDER "Last-Modified: Sun, 06 Nov 1994 08:49:36 GMT\n"
#define FRESH "Last-Modified: Mon, 01 Jul 2024 12:00:00 GMT\n"

static const struct sameness {
    const char *a;
    const char *b;
    bool same;
} samenesses[] = {
    /* RFC 9111 section 3.4, RFC 9110 section 15.3.7.3. */
    {"ETag: \"1\"", "ETag: \"1\"", true},
    {"ETag: \"1\"", "ETag: \"2\"", false},
    {"ETag: W/\"1\"", "ETag: W/\"1\"", false},
    {"ETag: \"1\"", "ETag: W/\"1\"", false},
    {"ETag: \"1\"", "", false},
    {"", "", false},
    {DATE OLD, DATE OLD, true},
    {DATE OLD, DATE OLD_850, true},
    {DATE OLD, DATE OLDER, false},
    {DATE FRESH, DATE FRESH, false},
    {OLD, OLD, false},
    {DATE OLD, OLD, false},
    /* Tags come before dates. */
    {DATE OLD "ETag: \"1\"", DATE OLD "ETag: \"2\"", false},
    {DATE OLD "ETag: \"1\"", DATE OLD, false},
    {DATE OLD "ETag: W/\"1\"", DATE OLD "ETag: W/\"1\"", false},
    {DATE OLD "ETag: \"1\"", DATE OLDER "ETag: \"1\"", true},
};

START_TEST(test_sameness)
{
    ah_fields a = head_of(samenesses[_i].a);
    ah_fields b = head_of(samenesses[_i].b);
    ck_assert(ah_validators_same_strongly(&a, &b, NOW) == samenesses[_i].same);
    ck_assert(ah_validators_same_strongly(&b, &a, NOW) == samenesses[_i].same);
    ah_fields_clear(&a);
    ah_fields_clear(&b);
}
END_TEST

/* ---- Conditions ---- */

#define SINCE_OLD "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\n"

static const struct condition {
    const char *request;
    const char *stored;
    ah_precondition answer;
} conditions[] = {
    {"", "ETag: \"1\"", AH_PRECONDITION_NONE},
    /* RFC 9110 section 13.1.2. */
    {"If-None-Match: \"1\"", "ETag: \"1\"", AH_PRECONDITION_FALSE},
    {"If-None-Match: \"2\"", "ETag: \"1\"", AH_PRECONDITION_TRUE},
    {"If-None-Match: \"2\"\nIf-None-Match: \"1\"", "ETag: \"1\"", AH_PRECONDITION_FALSE},
    {"If-None-Match: W/\"1\"", "ETag: \"1\"", AH_PRECONDITION_FALSE},
    {"If-None-Match: \"1\"", "", AH_PRECONDITION_TRUE},
    {"If-None-Match: *", "", AH_PRECONDITION_FALSE},
    {"If-None-Match:", "ETag: \"1\"", AH_PRECONDITION_TRUE},
    /* Section 13.1.3. */
    {SINCE_OLD, OLD, AH_PRECONDITION_FALSE},
    {SINCE_OLD, OLD_850, AH_PRECONDITION_FALSE},
    {SINCE_OLD, OLDER, AH_PRECONDITION_FALSE},
    {SINCE_OLD, FRESH, AH_PRECONDITION_TRUE},
    {"If-Modified-Since: Sunday, 06-Nov-94 08:49:37 GMT", OLD, AH_PRECONDITION_FALSE},
    {"If-Modified-Since: Sun Nov  6 08:49:37 1994", OLD, AH_PRECONDITION_FALSE},
    {"If-Modified-Since: yesterday", OLD, AH_PRECONDITION_NONE},
    {SINCE_OLD SINCE_OLD, OLD, AH_PRECONDITION_NONE},
    /* RFC 9111 section 4.3.2: Date in place of Last-Modified. */
    {SINCE_OLD, DATE, AH_PRECONDITION_TRUE},
    {"If-Modified-Since: Mon, 01 Jul 2024 12:00:00 GMT", DATE, AH_PRECONDITION_FALSE},
    {"If-Modified-Since: Mon, 01 Jul 2024 12:00:01 GMT", DATE, AH_PRECONDITION_FALSE},
    {SINCE_OLD, "", AH_PRECONDITION_TRUE},
    {SINCE_OLD, "Last-Modified: yesterday\nDate: today", AH_PRECONDITION_TRUE},
    /* If-None-Match comes first (RFC 9110 section 13.2.2, RFC 9111 section 4.3.2). */
    {"If-None-Match: \"1\"\n" SINCE_OLD, FRESH "ETag: \"1\"", AH_PRECONDITION_FALSE},
    {"If-None-Match: \"2\"\n" SINCE_OLD, OLD "ETag: \"1\"", AH_PRECONDITION_TRUE},
    {"If-None-Match: \"2\"\n" SINCE_OLD, OLD, AH_PRECONDITION_TRUE},
    /* What the origin alone decides (RFC 9111 section 4.3.2). */
    {"If-Match: \"1\"", "ETag: \"1\"", AH_PRECONDITION_OTHER},
    {"If-Match: *", "ETag: \"1\"", AH_PRECONDITION_OTHER},
    {"If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT", OLD, AH_PRECONDITION_OTHER},
    {"If-Match: \"1\"\nIf-None-Match: \"1\"", "ETag: \"1\"", AH_PRECONDITION_OTHER},
    /* If-Range is no condition of the request. */
    {"If-Range: \"1\"", "ETag: \"1\"", AH_PRECONDITION_NONE},
};

START_TEST(test_condition)
{
    const struct condition *row = &conditions[_i];
    ah_fields request = head_of(row->request);
    ah_fields stored = head_of(row->stored);
    ck_assert_msg(ah_precondition_evaluate(&request, &stored, NOW) == row->answer, "%s", row->request);
    bool none = strncmp(row->request, "If-Range", 8) == 0 || !*row->request;
    ck_assert(ah_is_conditional(&request) == !none);
    ah_fields_clear(&request);
    ah_fields_clear(&stored);
}
END_TEST

static const struct if_range {
    const char *request;
    const char *stored;
    ah_if_range answer;
} if_ranges[] = {
    /* RFC 9110 section 13.1.5. */
    {"", "ETag: \"1\"", AH_IF_RANGE_NONE},
    {"If-Range: \"1\"", "ETag: \"1\"", AH_IF_RANGE_TRUE},
    {"If-Range: \"2\"", "ETag: \"1\"", AH_IF_RANGE_FALSE},
    {"If-Range: W/\"1\"", "ETag: W/\"1\"", AH_IF_RANGE_FALSE},
    {"If-Range: W/\"1\"", "ETag: \"1\"", AH_IF_RANGE_FALSE},
    {"If-Range: \"1\"", "", AH_IF_RANGE_FALSE},
    {"If-Range: \"1\", \"2\"", "ETag: \"1\"", AH_IF_RANGE_FALSE},
    {"If-Range: Sun, 06 Nov 1994 08:49:37 GMT", DATE OLD, AH_IF_RANGE_TRUE},
    {"If-Range: Sun, 06 Nov 1994 08:49:37 GMT", DATE OLD_850, AH_IF_RANGE_TRUE},
    {"If-Range: Sun, 06 Nov 1994 08:49:38 GMT", DATE OLD, AH_IF_RANGE_FALSE},
    {"If-Range: Sun, 06 Nov 1994 08:49:37 GMT", DATE OLDER, AH_IF_RANGE_FALSE},
    {"If-Range: Sun, 06 Nov 1994 08:49:37 GMT", OLD, AH_IF_RANGE_FALSE},
    {"If-Range: Mon, 01 Jul 2024 12:00:00 GMT", DATE FRESH, AH_IF_RANGE_FALSE},
    {"If-Range: Sun, 06 Nov 1994 08:49:37 GMT", "", AH_IF_RANGE_FALSE},
    {"If-Range: abc", "ETag: abc", AH_IF_RANGE_FALSE},
    {"If-Range: ", "ETag: \"1\"", AH_IF_RANGE_FALSE},
    {"If-Range: *", "ETag: \"1\"", AH_IF_RANGE_FALSE},
};

START_TEST(test_if_range)
{
    const struct if_range *row = &if_ranges[_i];
    ah_fields request = head_of(row->request);
    ah_fields stored = head_of(row->stored);
    ck_assert_msg(ah_if_range_evaluate(&request, &stored, NOW) == row->answer, "%s", row->request);
    ah_fields_clear(&request);
    ah_fields_clear(&stored);
}
END_TEST

Suite *validators_suite(void)
{
    Suite *suite = suite_create("validators");
    TCase *validators = tcase_create("validators");
    tcase_add_loop_test(validators, test_tags, 0, COUNT(tags));
    tcase_add_loop_test(validators, test_listed, 0, COUNT(listeds));
    tcase_add_loop_test(validators, test_strength, 0, COUNT(strengths));
    tcase_add_loop_test(validators, test_sameness, 0, COUNT(samenesses));
    suite_add_tcase(suite, validators);
    TCase *conditional = tcase_create("conditions");
    tcase_add_loop_test(conditional, test_condition, 0, COUNT(conditions));
    tcase_add_loop_test(conditional, test_if_range, 0, COUNT(if_ranges));
    suite_add_tcase(suite, conditional);
    return suite;
}
