/*
 * Tests of what the library says of versions and codes.
 */
#include "suites.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "asynchttp.h"

/* The numbers are a promise to programs that were compiled against an older header: this copy of them is never changed,
 * only added to. */
static const struct known {
    int number;
    const char *name;
} known[] = {
    {0, "ASYNCHTTP_OK"},
    {1, "ASYNCHTTP_E_PENDING"},
    {2, "ASYNCHTTP_E_CANCELLED"},
    {3, "ASYNCHTTP_E_CALLBACK"},
    {4, "ASYNCHTTP_E_INVALID_ARGUMENT"},
    {5, "ASYNCHTTP_E_NO_MEMORY"},
    {6, "ASYNCHTTP_E_CACHE"},
    {7, "ASYNCHTTP_E_TIMEOUT"},
    {8, "ASYNCHTTP_E_CONNECTION_REFUSED"},
    {9, "ASYNCHTTP_E_CONNECTION_LOST"},
    {10, "ASYNCHTTP_E_BAD_RESPONSE"},
    {11, "ASYNCHTTP_E_TLS"},
    {12, "ASYNCHTTP_E_CERTIFICATE"},
    {13, "ASYNCHTTP_E_PROXY"},
    {14, "ASYNCHTTP_E_RELATIVE_URI"},
    {15, "ASYNCHTTP_E_SERVER_NOT_FOUND"},
    {16, "ASYNCHTTP_E_REDIRECT_MISSING_LOCATION"},
    {17, "ASYNCHTTP_E_REDIRECT_LIMIT"},
    {18, "ASYNCHTTP_E_FAILED_TO_DECOMPRESS_CONTENT"},
    {19, "ASYNCHTTP_E_UNIMPLEMENTED_DIGEST_AUTH_OPTION"},
    {20, "ASYNCHTTP_E_MALFORMED_HEADER"},
    {21, "ASYNCHTTP_E_PROXIES_UNAVAILABLE"},
    {22, "ASYNCHTTP_E_DECODE_LIMIT"},
    {23, "ASYNCHTTP_E_DECODE_RATIO"},
};

/* As the header lists them. */
static const struct listed {
    asynchttp_code code;
    const char *name;
    int number;
    const char *text;
} listed[] = {
#define ROW(name, number, text) {ASYNCHTTP_##name, "ASYNCHTTP_" #name, number, text},
    ASYNCHTTP_CODES(ROW)
#undef ROW
};

enum { KNOWN = sizeof(known) / sizeof(known[0]), LISTED = sizeof(listed) / sizeof(listed[0]) };

START_TEST(numbers_stay)
{
    ck_assert_str_eq(asynchttp_code_name((asynchttp_code)known[_i].number), known[_i].name);
}
END_TEST

/* A code that was added to the header is to be added to the copy above, too. */
START_TEST(all_codes_are_known_here)
{
    ck_assert_int_eq(LISTED, KNOWN);
}
END_TEST

START_TEST(enumerators_have_their_numbers)
{
    ck_assert_int_eq((int)listed[_i].code, listed[_i].number);
}
END_TEST

START_TEST(says_the_text_of_every_code)
{
    ck_assert_str_eq(asynchttp_strerror(listed[_i].code), listed[_i].text);
}
END_TEST

START_TEST(says_the_name_of_every_code)
{
    ck_assert_str_eq(asynchttp_code_name(listed[_i].code), listed[_i].name);
}
END_TEST

START_TEST(no_two_codes_read_alike)
{
    for (int i = 0; i < _i; i++) {
        ck_assert_str_ne(asynchttp_strerror(listed[i].code), asynchttp_strerror(listed[_i].code));
        ck_assert_str_ne(asynchttp_code_name(listed[i].code), asynchttp_code_name(listed[_i].code));
    }
}
END_TEST

static const int unknown[] = {-1, LISTED, LISTED + 1, 1000, INT_MAX - 1, INT_MAX, INT_MIN};

START_TEST(unknown_codes_have_words_too)
{
    const char *text = asynchttp_strerror((asynchttp_code)unknown[_i]);
    const char *name = asynchttp_code_name((asynchttp_code)unknown[_i]);
    ck_assert_ptr_nonnull(text);
    ck_assert_ptr_nonnull(name);
    ck_assert_str_ne(text, "");
    ck_assert_str_ne(name, "");
    for (int i = 0; i < LISTED; i++) {
        ck_assert_str_ne(text, listed[i].text);
        ck_assert_str_ne(name, listed[i].name);
    }
}
END_TEST

START_TEST(the_library_has_the_version_of_its_header)
{
    int major, minor, patch, length = 0;
    ck_assert_str_eq(asynchttp_version(), ASYNCHTTP_VERSION);
    ck_assert_int_eq(sscanf(asynchttp_version(), "%d.%d.%d%n", &major, &minor, &patch, &length), 3);
    ck_assert_uint_eq((size_t)length, strlen(asynchttp_version()));
}
END_TEST

Suite *codes_suite(void)
{
    Suite *suite = suite_create("codes");
    TCase *codes = tcase_create("codes");
    tcase_add_loop_test(codes, numbers_stay, 0, KNOWN);
    tcase_add_test(codes, all_codes_are_known_here);
    tcase_add_loop_test(codes, enumerators_have_their_numbers, 0, LISTED);
    tcase_add_loop_test(codes, says_the_text_of_every_code, 0, LISTED);
    tcase_add_loop_test(codes, says_the_name_of_every_code, 0, LISTED);
    tcase_add_loop_test(codes, no_two_codes_read_alike, 0, LISTED);
    tcase_add_loop_test(codes, unknown_codes_have_words_too, 0, sizeof(unknown) / sizeof(unknown[0]));
    suite_add_tcase(suite, codes);
    TCase *version = tcase_create("version");
    tcase_add_test(version, the_library_has_the_version_of_its_header);
    suite_add_tcase(suite, version);
    return suite;
}
