/*
 * Tests of cache/directives.h: Cache-Control by RFC 9111 section 5.2, RFC 5861 and RFC 8246, and what servers write
 * instead.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cache/directives.h"
#include "heads.h"
#include "suites.h"

/* ---- Directives as text ---- */

static void put_flag(char *text, bool flag, const char *name)
{
    if (flag)
        sprintf(text + strlen(text), "%s%s", *text ? " " : "", name);
}

static void put_seconds(char *text, int64_t seconds, const char *name)
{
    if (seconds == AH_SECONDS_ANY)
        sprintf(text + strlen(text), "%s%s=any", *text ? " " : "", name);
    else if (seconds != AH_SECONDS_NONE)
        sprintf(text + strlen(text), "%s%s=%" PRId64, *text ? " " : "", name, seconds);
}

static void ck_directives(const ah_directives *directives, const char *expected, const char *head)
{
    char text[512] = "";
    put_flag(text, directives->no_store, "no-store");
    put_flag(text, directives->no_cache, "no-cache");
    put_flag(text, directives->must_revalidate, "must-revalidate");
    put_flag(text, directives->must_understand, "must-understand");
    put_flag(text, directives->is_public, "public");
    put_flag(text, directives->is_private, "private");
    put_flag(text, directives->immutable, "immutable");
    put_flag(text, directives->only_if_cached, "only-if-cached");
    put_seconds(text, directives->max_age, "max-age");
    put_seconds(text, directives->min_fresh, "min-fresh");
    put_seconds(text, directives->max_stale, "max-stale");
    put_seconds(text, directives->stale_while_revalidate, "swr");
    put_seconds(text, directives->stale_if_error, "sie");
    ck_assert_msg(strcmp(text, expected) == 0, "%s: %s, not %s", head, text, expected);
}

/* ---- Reading ---- */

static const struct reading {
    const char *head;
    const char *response;
    /* NULL: the same. */
    const char *request;
} readings[] = {
    /* RFC 9111 section 5.2: without the field, and empty. */
    {"", "", NULL},
    {"Cache-Control:", "", NULL},
    {"Cache-Control: ,, ,\t,", "", NULL},
    /* Each directive. */
    {"Cache-Control: max-age=5", "max-age=5", NULL},              /* 5.2.1.1, 5.2.2.1 */
    {"Cache-Control: max-stale", "max-stale=any", NULL},          /* 5.2.1.2 */
    {"Cache-Control: max-stale=10", "max-stale=10", NULL},        /* 5.2.1.2 */
    {"Cache-Control: min-fresh=20", "min-fresh=20", NULL},        /* 5.2.1.3 */
    {"Cache-Control: no-cache", "no-cache", NULL},                /* 5.2.1.4, 5.2.2.4 */
    {"Cache-Control: no-store", "no-store", NULL},                /* 5.2.1.5, 5.2.2.5 */
    {"Cache-Control: no-transform", "", NULL},                    /* 5.2.1.6, 5.2.2.6 */
    {"Cache-Control: only-if-cached", "only-if-cached", NULL},    /* 5.2.1.7 */
    {"Cache-Control: must-revalidate", "must-revalidate", NULL},  /* 5.2.2.2 */
    {"Cache-Control: must-understand", "must-understand", NULL},  /* 5.2.2.3 */
    {"Cache-Control: private", "private", NULL},                  /* 5.2.2.7 */
    {"Cache-Control: proxy-revalidate", "", NULL},                /* 5.2.2.8: for shared caches */
    {"Cache-Control: public", "public", NULL},                    /* 5.2.2.9 */
    {"Cache-Control: s-maxage=10", "", NULL},                     /* 5.2.2.10: for shared caches */
    {"Cache-Control: immutable", "immutable", NULL},              /* RFC 8246 section 2 */
    {"Cache-Control: stale-while-revalidate=30", "swr=30", NULL}, /* RFC 5861 section 3 */
    {"Cache-Control: stale-if-error=60", "sie=60", NULL},         /* RFC 5861 section 4 */
    /* Several, in one line or more, in any case; what is not known is passed over (section 5.2.3). */
    {"Cache-Control: max-age=5, public", "public max-age=5", NULL},
    {"Cache-Control: public,max-age=5", "public max-age=5", NULL},
    {"Cache-Control:\tpublic\t,\t max-age=5 ,", "public max-age=5", NULL},
    {"Cache-Control: public\nCache-Control: max-age=5", "public max-age=5", NULL},
    {"CACHE-CONTROL: No-StOrE, MaX-aGe=3600", "no-store max-age=3600", NULL},
    {"Cache-Control: foobar, max-age=3600", "max-age=3600", NULL},
    {"Cache-Control: private, community=\"UCI\"", "private", NULL},
    {"Cache-Control: s-maxage=3600, max-age=1", "max-age=1", NULL},
    {"Cache-Control: max-ages=1, xmax-age=1, no-stores, no_store", "", NULL},
    {"Surrogate-Control: no-store\nCDN-Cache-Control: no-store", "", NULL},
    /* What lies within a quoted string is none. */
    {"Cache-Control: extension=\"max-age=3600\", max-age=1", "max-age=1", NULL},
    {"Cache-Control: extension=\"a, no-store\", max-age=1", "max-age=1", NULL},
    {"Cache-Control: extension=\"a\\\", no-store\", max-age=1", "max-age=1", NULL},
    {"Cache-Control: extension=\"\\\\\", no-store", "no-store", NULL},
    {"Cache-Control: \"no-store\"", "", NULL},
    {"Cache-Control: extension=a\\, no-store", "no-store", NULL},
    /* A string that does not end may hide anything. */
    {"Cache-Control: max-age=1, extension=\"a, no-store", "no-store max-age=1", NULL},
    {"Cache-Control: max-age=1, \"", "no-store max-age=1", NULL},
    {"Cache-Control: max-age=\"1", "no-store max-age=0", NULL},
    {"Cache-Control: extension=\"\\", "no-store", NULL},
    {"Cache-Control: extension=\"a\\\"", "no-store", NULL},
    /* Of two the first counts (section 4.2.1). */
    {"Cache-Control: max-age=1800, max-age=1", "max-age=1800", NULL},
    {"Cache-Control: max-age=1, max-age=1800", "max-age=1", NULL},
    {"Cache-Control: max-age=1800\nCache-Control: max-age=1", "max-age=1800", NULL},
    {"Cache-Control: max-age=x, max-age=1800", "max-age=0", NULL},
    {"Cache-Control: max-age, max-age=1800", "max-age=0", NULL},
    {"Cache-Control: max-stale=1, max-stale", "max-stale=1", NULL},
    {"Cache-Control: immutable, immutable", "immutable", NULL}, /* RFC 8246 section 2 */
    /* Both forms of an argument (section 5.2). */
    {"Cache-Control: max-age=\"3600\"", "max-age=3600", NULL},
    {"Cache-Control: max-stale=\"10\", min-fresh=\"20\"", "min-fresh=20 max-stale=10", NULL},
    /* Seconds that are none: stale, where it is a lifetime (section 4.2.1). */
    {"Cache-Control: max-age", "max-age=0", NULL},
    {"Cache-Control: max-age=", "max-age=0", NULL},
    {"Cache-Control: max-age=\"\"", "max-age=0", NULL},
    {"Cache-Control: max-age=-3600", "max-age=0", NULL},
    {"Cache-Control: max-age=+3600", "max-age=0", NULL},
    {"Cache-Control: max-age=3600.0", "max-age=0", NULL},
    {"Cache-Control: max-age=3600.5", "max-age=0", NULL},
    {"Cache-Control: max-age=1e3", "max-age=0", NULL},
    {"Cache-Control: max-age=0x10", "max-age=0", NULL},
    {"Cache-Control: max-age=a3600", "max-age=0", NULL},
    {"Cache-Control: max-age=3600a", "max-age=0", NULL},
    {"Cache-Control: max-age=3600;a=b", "max-age=0", NULL},
    {"Cache-Control: max-age='3600'", "max-age=0", NULL},
    {"Cache-Control: max-age=\"3600\"x", "max-age=0", NULL},
    {"Cache-Control: max-age=\" 3600\"", "max-age=0", NULL},
    {"Cache-Control: max-age=36 00", "max-age=0", NULL},
    {"Cache-Control: max-age=3600=3600", "max-age=0", NULL},
    {"Cache-Control: max-age=\xd9\xa3", "max-age=0", NULL},
    {"Cache-Control: max-age= 3600", "max-age=0", NULL},
    {"Cache-Control: max-age =3600", "", NULL},
    {"Cache-Control: =3600, max-age:5", "", NULL},
    {"Cache-Control: min-fresh, min-fresh=x", "", NULL},
    {"Cache-Control: max-stale=x", "", NULL},
    {"Cache-Control: stale-while-revalidate, stale-if-error", "", NULL},
    {"Cache-Control: stale-while-revalidate=x, stale-if-error=-1", "", NULL},
    /* Leading zeros, and more than fits (section 1.2.2). */
    {"Cache-Control: max-age=0", "max-age=0", NULL},
    {"Cache-Control: max-age=003600", "max-age=3600", NULL},
    {"Cache-Control: max-age=000000000000000000000000000000000000001", "max-age=1", NULL},
    {"Cache-Control: max-age=2147483648", "max-age=2147483648", NULL},
    {"Cache-Control: max-age=99999999999", "max-age=99999999999", NULL},
    {"Cache-Control: max-age=9007199254740992", "max-age=9007199254740992", NULL},
    {"Cache-Control: max-age=9007199254740993", "max-age=9007199254740992", NULL},
    {"Cache-Control: max-age=9223372036854775807", "max-age=9007199254740992", NULL},
    {"Cache-Control: max-age=18446744073709551617", "max-age=9007199254740992", NULL},
    {"Cache-Control: max-age=99999999999999999999999999999999999999", "max-age=9007199254740992", NULL},
    /* An argument where there should be none (section 5.2, RFC 8246 section 2). */
    {"Cache-Control: no-store=5", "no-store", NULL},
    {"Cache-Control: no-store=\"a\"", "no-store", NULL},
    {"Cache-Control: immutable=0", "immutable", NULL},
    {"Cache-Control: must-revalidate=0", "must-revalidate", NULL},
    {"Cache-Control: private=\"Set-Cookie\"", "private", NULL}, /* 5.2.2.7 */
    /* With field names no-cache is about these (section 5.2.2.4), which a request's does not have. */
    {"Cache-Control: no-cache=\"a\"", "", "no-cache"},
    {"Cache-Control: no-cache=a", "", "no-cache"},
    {"Cache-Control: no-cache=\"a, b\"", "", "no-cache"},
    {"Cache-Control: no-cache=\"a\", no-cache", "no-cache", NULL},
    {"Cache-Control: no-cache, no-cache=\"a\"", "no-cache", NULL},
    {"Cache-Control: no-cache=", "no-cache", NULL},
    {"Cache-Control: no-cache=\"\"", "no-cache", NULL},
    {"Cache-Control: no-cache=\", ,\"", "no-cache", NULL},
    {"Cache-Control: no-cache=\"a", "no-store", "no-store no-cache"},
    /* Pragma is for requests, and only without Cache-Control (section 5.4). */
    {"Pragma: no-cache", "", "no-cache"},
    {"Pragma: No-Cache", "", "no-cache"},
    {"Pragma: a, no-cache", "", "no-cache"},
    {"Pragma: no-store", "", ""},
    {"Pragma: unrecognised-extension", "", ""},
    {"Pragma: a=\"no-cache\"", "", ""},
    {"Pragma: no-cache\nCache-Control: max-stale=5", "max-stale=5", NULL},
    {"Pragma: no-cache\nCache-Control:", "", NULL},
};

START_TEST(test_reading)
{
    const struct reading *row = &readings[_i];
    ah_fields fields = head_of(row->head);
    ah_directives response = ah_directives_of_response(&fields);
    ah_directives request = ah_directives_of_request(&fields);
    ck_directives(&response, row->response, row->head);
    ck_directives(&request, row->request ? row->request : row->response, row->head);
    ah_fields_clear(&fields);
}
END_TEST

/* ---- Fields that are withheld ---- */

static const struct withheld {
    const char *cache_control;
    const char *name;
    bool withheld;
} withhelds[] = {
    /* RFC 9111 section 5.2.2.4. */
    {"no-cache=\"a\"", "a", true},
    {"no-cache=\"A\"", "a", true},
    {"NO-CACHE=\"Set-Cookie\"", "set-cookie", true},
    {"no-cache=\"a, b\"", "b", true},
    {"no-cache=\"a,b\"", "a", true},
    {"no-cache=\"a\tb\"", "b", true},
    {"no-cache=a", "a", true},
    {"max-age=5, no-cache=\"a\", public", "a", true},
    {"no-cache=\"a\", no-cache=\"b\"", "b", true},
    {"no-cache, no-cache=\"b\"", "b", true},
    {"no-cache=\"a", "a", true},
    {"no-cache", "a", false},
    {"no-cache=", "a", false},
    {"no-cache=\"\"", "a", false},
    {"no-cache=\"ab\"", "a", false},
    {"no-cache=\"a\"", "ab", false},
    {"no-cache=\"b\"", "a", false},
    {"no-cache=\"b\", a", "a", false},
    /* Of private a private cache takes no notice (section 5.2.2.7). */
    {"private=\"a\"", "a", false},
    {"extension=\"no-cache=a\"", "a", false},
};

static void withhold(ah_fields *fields, const char *name, size_t length)
{
    const ah_field *field = ah_fields_find_n(fields, name, length);
    ck_assert_uint_gt(length, 0);
    if (field && strcmp(field->name, "cache-control") != 0)
        ah_fields_delete(fields, field->name);
}

START_TEST(test_withheld)
{
    const struct withheld *row = &withhelds[_i];
    ah_fields fields = {0};
    ck_assert(ah_fields_set(&fields, row->name, "1"));
    ah_directives_withhold(&fields, withhold);
    ck_assert_ptr_nonnull(ah_fields_find(&fields, row->name));
    ck_assert(ah_fields_set(&fields, "cache-control", row->cache_control));
    ah_directives_withhold(&fields, withhold);
    ck_assert_msg(!ah_fields_find(&fields, row->name) == row->withheld, "%s", row->cache_control);
    ah_fields_clear(&fields);
}
END_TEST

/* ---- Lists ---- */

static const struct list {
    const char *text;
    /* Each with a bar behind it. */
    const char *items;
} lists[] = {
    /* RFC 9110 section 5.6.1. */
    {"", ""},
    {",", ""},
    {" , ,\t,", ""},
    {"a", "a|"},
    {"a,b", "a|b|"},
    {" a , b ", "a|b|"},
    {",a,,b,", "a|b|"},
    {"a b, c", "a b|c|"},
    {"\"a,b\",c", "\"a,b\"|c|"},
    {"a=\"b,c\" d,e", "a=\"b,c\" d|e|"},
    {"\"a\\\",b\",c", "\"a\\\",b\"|c|"},
    {"\"a\\\\\",c", "\"a\\\\\"|c|"},
    {"\"a,b", "\"a,b|"},
    {"\"a\\", "\"a\\|"},
    {"a\"", "a\"|"},
};

START_TEST(test_list)
{
    char items[64] = "";
    const char *next = lists[_i].text;
    const char *item;
    for (size_t length; (length = ah_list_item(&item, &next));)
        sprintf(items + strlen(items), "%.*s|", (int)length, item);
    ck_assert_str_eq(items, lists[_i].items);
    ck_assert(*next == '\0');
}
END_TEST

/* As large as a hostile server may send it: each character is looked at a few times at the most. */
START_TEST(test_huge)
{
    static const char *const pieces[] = {",", "a,", "\"", "\\\"", "\",\"", "\"\\\",", "max-age=1,", "no-cache=\"a\",",
                                         "="};
    enum { SIZE = 400000 };
    char *text = malloc(SIZE + 32);
    size_t length = 0;
    ck_assert(text != NULL);
    while (length < SIZE) {
        strcpy(text + length, pieces[_i]);
        length += strlen(pieces[_i]);
    }
    strcpy(text + length, ",max-age=1");
    ah_fields fields = {0};
    ck_assert(ah_fields_set(&fields, "cache-control", text));
    ah_directives directives = ah_directives_of_response(&fields);
    ck_assert(directives.max_age == 1 || directives.no_store);
    ck_assert(ah_fields_set(&fields, "a", "1"));
    ah_directives_withhold(&fields, withhold);
    ck_assert(!ah_fields_find(&fields, "a") == (strstr(pieces[_i], "no-cache") != NULL));
    ah_fields_clear(&fields);
    free(text);
}
END_TEST

Suite *directives_suite(void)
{
    Suite *suite = suite_create("directives");
    TCase *reading = tcase_create("reading");
    tcase_add_loop_test(reading, test_reading, 0, COUNT(readings));
    tcase_add_loop_test(reading, test_withheld, 0, COUNT(withhelds));
    tcase_add_loop_test(reading, test_list, 0, COUNT(lists));
    tcase_add_loop_test(reading, test_huge, 0, 9);
    suite_add_tcase(suite, reading);
    return suite;
}
