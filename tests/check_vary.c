/*
 * Tests of cache/vary.h: RFC 9111 section 4.1.
 */
#include <stdio.h>
#include <stdlib.h>

#include "cache/vary.h"
#include "heads.h"
#include "suites.h"

/* ---- Selecting ---- */

static const struct selection {
    const char *vary;
    const char *request;
    /* "name: value|" for each; NULL: it varies by anything. */
    const char *selecting;
} selections[] = {
    {"", "Foo: 1", ""},
    {"Vary:", "Foo: 1", ""},
    {"Vary: , ,", "Foo: 1", ""},
    {"Vary: Foo", "Foo: 1\nBar: 2", "foo: 1|"},
    {"Vary: FOO", "foo: 1", "foo: 1|"},
    {"Vary: Foo", "Bar: 2", "foo: |"},
    /* Present and empty is not the same as absent. */
    {"Vary: Foo", "Foo:", "foo: ,|"},
    {"Vary: Foo", "Foo: , ,", "foo: ,|"},
    /* In the order of their names, each once. */
    {"Vary: Foo, Bar, Baz", "Foo: 1\nBar: abc\nBaz: 789", "bar: abc|baz: 789|foo: 1|"},
    {"Vary: Foo,,Bar ,", "Bar: abc\nFoo: 1", "bar: abc|foo: 1|"},
    {"Vary: Foo\nVary: Bar", "Bar: abc\nFoo: 1", "bar: abc|foo: 1|"},
    {"Vary: foo, Foo, FOO", "Foo: 1", "foo: 1|"},
    /* White space and lines. */
    {"Vary: Foo", "Foo:   1,  2 ", "foo: 1,2|"},
    {"Vary: Foo", "Foo: 1\nFoo: 2", "foo: 1,2|"},
    {"Vary: Foo", "Foo: a  b", "foo: a  b|"},
    {"Vary: Foo", "Foo: \"a,  b\", c", "foo: \"a,  b\",c|"},
    {"Vary: Foo", "Foo: B, a", "foo: B,a|"},
    /* Case and order do not matter where weights tell the preference (RFC 9110 section 12.5). */
    {"Vary: Accept-Language", "Accept-Language: en, DE;q=0.5", "accept-language: de;q=0.5,en|"},
    {"Vary: Accept-Encoding", "Accept-Encoding: gzip, br", "accept-encoding: br,gzip|"},
    {"Vary: Accept-Charset", "Accept-Charset: utf-8, ISO-8859-1", "accept-charset: iso-8859-1,utf-8|"},
    {"Vary: Accept-Language", "Accept-Language: a, a", "accept-language: a,a|"},
    {"Vary: Accept-Language", "Accept-Language:", "accept-language: ,|"},
    {"Vary: Accept-Language", "Accept-Language: c, \", b\", a", "accept-language: \", b\",a,c|"},
    {"Vary: Accept-Language", "Accept-Language: \", \",\"a*,", "accept-language: \", \",\"a*,|"},
    {"Vary: Accept", "Accept: b, A", "accept: b,A|"},
    /* What no request tells. */
    {"Vary: *", "Foo: 1", NULL},
    {"Vary: *, *", "Foo: 1", NULL},
    {"Vary: *\nVary: *", "Foo: 1", NULL},
    {"Vary: , *", "Foo: 1", NULL},
    {"Vary:\nVary: *", "Foo: 1", NULL},
    {"Vary: *, Foo", "Foo: 1", NULL},
    {"Vary: Foo, *", "Foo: 1", NULL},
    {"Vary: Foo\nVary: Bar\nVary: *", "Foo: 1", NULL},
    /* What is no field's name may mean anything. */
    {"Vary: Foo Bar", "Foo: 1", NULL},
    {"Vary: Foo: 1", "Foo: 1", NULL},
    {"Vary: \"Foo\"", "Foo: 1", NULL},
    {"Vary: \"Foo, Bar", "Foo: 1", NULL},
    {"Vary: **", "Foo: 1", "**: |"},
    /* Authorization selects unless the response is for everybody (section 3.5). */
    {"Cache-Control: public", "Authorization: Basic YTpi", ""},
    {"Cache-Control: max-age=5", "", ""},
};

static void write_selecting(char *text, const ah_fields *selecting)
{
    *text = '\0';
    for (size_t i = 0; i < selecting->count; i++)
        sprintf(text + strlen(text), "%s: %s|", selecting->fields[i].name, ah_field_value(&selecting->fields[i]));
}

START_TEST(test_selection)
{
    const struct selection *row = &selections[_i];
    char text[512];
    ah_fields request = head_of(row->request);
    ah_fields response = head_of(row->vary);
    ah_fields selecting = {0};
    ck_assert_int_eq(ah_vary_select(&selecting, &request, &response), row->selecting ? AH_VARY_OK : AH_VARY_ANY);
    write_selecting(text, &selecting);
    ck_assert_str_eq(text, row->selecting ? row->selecting : "");
    /* The request itself has them. */
    if (row->selecting)
        ck_assert_int_eq(ah_vary_match(&selecting, &response, &request), AH_MATCH_YES);
    ah_fields_clear(&request);
    ah_fields_clear(&response);
    ah_fields_clear(&selecting);
}
END_TEST

/* ---- Matching ---- */

static const struct matching {
    const char *response;
    const char *request;
    const char *other;
    bool match;
} matchings[] = {
    /* Of the public tests of HTTP caches. */
    {"", "Foo: 1", "Foo: 2", true},
    {"Vary: Foo", "Foo: 1", "Foo: 1", true},
    {"Vary: Foo", "Foo: 1", "Foo: 2", false},
    {"Vary: Foo", "", "Foo: 1", false},
    {"Vary: Foo", "Foo: 1", "", false},
    {"Vary: Foo", "", "", true},
    {"Vary: Foo", "Foo: 1\nOther: 2", "Foo: 1\nOther: 3", true},
    {"Vary: Foo, Bar", "Foo: 1\nBar: abc", "Foo: 1\nBar: abc", true},
    {"Vary: Foo, Bar", "Foo: 1\nBar: abc", "Foo: 2\nBar: abc", false},
    {"Vary: Foo, Bar", "Foo: 1\nBar: abc", "", false},
    {"Vary: Foo, Bar, Baz", "Foo: 1\nBar: abc\nBaz: 789", "Foo: 1\nBaz: 789\nBar: abcde", false},
    {"Vary: Foo, Bar, Baz", "Foo: 1\nBaz: 789", "Baz: 789\nFoo: 1", true},
    {"Vary: Foo", "Foo: 1, 2", "Foo: 1\nFoo: 2", true},
    {"Vary: Foo", "Foo: 1,2", "Foo:  1, 2 ", true},
    {"Vary: Foo", "Foo: 1, 2", "Foo: 2, 1", false},
    {"Vary: Foo", "Foo: a", "Foo: A", false},
    {"Vary: Accept-Language", "Accept-Language: en, de", "Accept-Language: de, en", true},
    {"Vary: Accept-Language", "Accept-Language: en, de", "Accept-Language: eN, De", true},
    {"Vary: Accept-Language", "Accept-Language: en, de", "Accept-Language:  en ,   de", true},
    {"Vary: Accept-Language", "Accept-Language: en, de", "Accept-Language: fr;q=0.5, de;q=1.0", false},
    /* Absent only matches absent. */
    {"Vary: Foo", "Foo:", "", false},
    {"Vary: Foo", "", "Foo:", false},
    {"Vary: Foo", "Foo:", "Foo:", true},
    {"Vary: Foo", "Foo:", "Foo: ,", true},
    {"Vary: Cookie", "Cookie: a=b", "Cookie: a=b", true},
    {"Vary: Cookie", "Cookie: a=b", "Cookie: a=c", false},
    {"Vary: Cookie", "Cookie:", "", false},
    /* Whose it is. */
    {"", "Authorization: a", "Authorization: a", true},
    {"", "Authorization: a", "Authorization: b", false},
    {"", "Authorization: a", "", false},
    {"", "", "Authorization: a", false},
    {"Cache-Control: public", "Authorization: a", "Authorization: b", true},
    {"Cache-Control: public", "Authorization: a", "", true},
    {"Cache-Control: public", "", "Authorization: a", true},
    {"Cache-Control: public\nVary: Authorization", "Authorization: a", "Authorization: b", false},
    {"Cache-Control: must-revalidate, max-age=5", "Authorization: a", "Authorization: b", false},
};

START_TEST(test_matching)
{
    const struct matching *row = &matchings[_i];
    ah_fields response = head_of(row->response);
    ah_fields request = head_of(row->request);
    ah_fields other = head_of(row->other);
    ah_fields selecting = {0};
    ck_assert_int_eq(ah_vary_select(&selecting, &request, &response), AH_VARY_OK);
    ck_assert_int_eq(ah_vary_match(&selecting, &response, &other), row->match ? AH_MATCH_YES : AH_MATCH_NO);
    ah_fields_clear(&response);
    ah_fields_clear(&request);
    ah_fields_clear(&other);
    ah_fields_clear(&selecting);
}
END_TEST

/* A 304 brought another Vary: of the request whose response was stored nothing else is known. */
START_TEST(test_changed)
{
    static const struct changed {
        const char *vary;
        bool match;
    } rows[] = {{"Vary: Foo", true},       {"Vary: foo, Foo", true}, {"", true},
                {"Vary: Foo, Bar", false}, {"Vary: Bar", false},     {"Vary: *", false},
                {"Vary: Foo, *", false}};
    ah_fields before = head_of("Vary: Foo");
    ah_fields request = head_of("Foo: 1\nBar: 2");
    for (int i = 0; i < COUNT(rows); i++) {
        ah_fields selecting = {0};
        ah_fields response = head_of(rows[i].vary);
        ck_assert_int_eq(ah_vary_select(&selecting, &request, &before), AH_VARY_OK);
        ck_assert_msg(ah_vary_match(&selecting, &response, &request) == (rows[i].match ? AH_MATCH_YES : AH_MATCH_NO),
                      "%s", rows[i].vary);
        ah_fields_clear(&response);
        ah_fields_clear(&selecting);
    }
    ah_fields_clear(&before);
    ah_fields_clear(&request);
}
END_TEST

static const struct secrets {
    const char *response;
    const char *request;
    const char *other;
} secrets[] = {
    {"Vary: Cookie", "Cookie: secret", "Cookie: secrets"},
    {"Vary: Cookie", "Cookie: secret", ""},
    {"Vary: Proxy-Authorization", "Proxy-Authorization: secret", "Proxy-Authorization: Secret"},
    {"Cache-Control: max-age=5", "Authorization: secret", "Authorization: other"},
    {"Cache-Control: max-age=5", "Authorization: secret", "Authorization: hmac-sha-256:"},
    {"Cache-Control: max-age=5", "Authorization: secret", "-credentials: secrets"},
};

/* Secrets do not end up in a file, nor hashes of them that could have been made before. */
START_TEST(test_secrets)
{
    ah_fields response = head_of(secrets[_i].response);
    ah_fields request = head_of(secrets[_i].request);
    ah_fields other = head_of(secrets[_i].other);
    char texts[2][512];
    for (int i = 0; i < 2; i++) {
        ah_fields selecting = {0};
        ck_assert_int_eq(ah_vary_select(&selecting, &request, &response), AH_VARY_OK);
        write_selecting(texts[i], &selecting);
        ck_assert_uint_eq(selecting.count, 1);
        ck_assert_ptr_null(strstr(texts[i], "secret"));
        ck_assert_int_eq(ah_vary_match(&selecting, &response, &request), AH_MATCH_YES);
        ck_assert_int_eq(ah_vary_match(&selecting, &response, &other), AH_MATCH_NO);
        ah_fields_clear(&selecting);
    }
    ck_assert_str_ne(texts[0], texts[1]);
    ah_fields_clear(&response);
    ah_fields_clear(&request);
    ah_fields_clear(&other);
}
END_TEST

/* What was damaged matches nothing. */
START_TEST(test_damaged_secrets)
{
    static const char *const values[] = {
        "",
        ",",
        "secret",
        "sha-256:2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b",
        "hmac-sha-256:",
        "hmac-sha-256:00112233445566778899aabbccddeeff",
        "hmac-sha-256:00112233445566778899aabbccddeeff:00",
    };
    ah_fields response = head_of("Vary: Cookie");
    ah_fields request = head_of("Cookie: a secret");
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        ah_fields selecting = {0};
        ck_assert(ah_fields_set(&selecting, "cookie", values[i]));
        ck_assert_int_eq(ah_vary_match(&selecting, &response, &request), AH_MATCH_NO);
        ah_fields_clear(&selecting);
    }
    ah_fields_clear(&response);
    ah_fields_clear(&request);
}
END_TEST

/* Thousands of names, and of items. */
START_TEST(test_huge)
{
    enum { NAMES = 3000 };
    char *text = malloc(NAMES * 8);
    ck_assert(text != NULL);
    for (int i = 0; i < NAMES; i++)
        sprintf(text + i * 7, "%06d,", (i * 7919) % NAMES);
    ah_fields request = {0}, response = {0}, selecting = {0};
    ck_assert(ah_fields_set(&response, "vary", text));
    ck_assert(ah_fields_set(&response, "cache-control", "max-age=1"));
    ck_assert(ah_fields_set(&request, "000005", text));
    ck_assert_int_eq(ah_vary_select(&selecting, &request, &response), AH_VARY_OK);
    ck_assert_uint_eq(selecting.count, NAMES);
    for (size_t i = 1; i < NAMES; i++)
        ck_assert(strcmp(selecting.fields[i - 1].name, selecting.fields[i].name) < 0);
    ck_assert_int_eq(ah_vary_match(&selecting, &response, &request), AH_MATCH_YES);
    free(text);
    ah_fields_clear(&response);
    ah_fields_clear(&request);
    ah_fields_clear(&selecting);
}
END_TEST

Suite *vary_suite(void)
{
    Suite *suite = suite_create("vary");
    TCase *vary = tcase_create("vary");
    tcase_add_loop_test(vary, test_selection, 0, COUNT(selections));
    tcase_add_loop_test(vary, test_matching, 0, COUNT(matchings));
    tcase_add_test(vary, test_changed);
    tcase_add_loop_test(vary, test_secrets, 0, COUNT(secrets));
    tcase_add_test(vary, test_damaged_secrets);
    tcase_add_test(vary, test_huge);
    suite_add_tcase(suite, vary);
    return suite;
}
