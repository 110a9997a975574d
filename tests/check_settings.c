/*
 * Tests of lib/settings.h. That copies share what they have and release it is for the memory checkers to say, too.
 */
#include "suites.h"

#include <string.h>

#include "base/shared.h"
#include "settings.h"

static ah_settings *made(void)
{
    ah_settings *settings = ah_settings_new();
    ck_assert_ptr_nonnull(settings);
    return settings;
}

static ah_settings *copied(const ah_settings *settings)
{
    ah_settings *copy = ah_settings_copy(settings);
    ck_assert_ptr_nonnull(copy);
    return copy;
}

static void ck_strings(const ah_strings *strings, const char *const *expected)
{
    size_t count = 0;
    ck_assert_ptr_nonnull(strings);
    for (; expected[count]; count++) {
        ck_assert_uint_lt(count, strings->count);
        ck_assert_str_eq(strings->items[count], expected[count]);
    }
    ck_assert_uint_eq(strings->count, count);
    ck_assert_ptr_null(strings->items[count]);
}

static asynchttp_proxy_info *proxy(void)
{
    asynchttp_proxy_info *info = asynchttp_proxy_info_new(ASYNCHTTP_PROXY_HTTP, "proxy.example", 3128);
    ck_assert_ptr_nonnull(info);
    return info;
}

/* A value of every kind, with a second share of each kept in the array. */
enum { SHARED = 7 };

static void fill(ah_settings *settings, void *values[SHARED])
{
    asynchttp_proxy_info *info = proxy();
    ah_shared_release(settings->safe_methods);
    ah_shared_release(settings->optimistic_concurrency_methods);
    ah_shared_release(settings->redirect_codes);
    values[0] = settings->ca_certs = ah_strings_new(NULL, (const char *const[]){"ca.pem"}, 1);
    values[1] = settings->safe_methods = ah_strings_new(NULL, (const char *const[]){"GET"}, 1);
    values[2] = settings->optimistic_concurrency_methods = ah_strings_new(NULL, NULL, 0);
    values[3] = settings->credentials = ah_strings_new(NULL, (const char *const[]){"", "name", "password"}, 3);
    values[4] = settings->certificates = ah_strings_new(NULL, (const char *const[]){"", "key", "cert", NULL}, 4);
    values[5] = settings->redirect_codes = ah_redirect_codes_new((const int[]){302}, 1);
    values[6] = settings->proxy = ah_proxy_setting_new(info);
    asynchttp_proxy_info_free(info);
    for (int i = 0; i < SHARED; i++)
        ck_assert_ptr_nonnull(ah_shared_hold(values[i]));
}

START_TEST(defaults_are_those_of_the_header)
{
    static const int redirects[] = {300, 301, 302, 303, 307, 308};
    ah_settings *settings = made();
    ck_assert_double_eq(settings->timeout, 0);
    ck_assert_double_eq(settings->connect_timeout, 60);
    ck_assert_uint_eq(settings->decode_limit_hard, 10737418240);
    ck_assert_uint_eq(settings->decode_limit_safe, 10485760);
    ck_assert_double_eq(settings->decode_limit_ratio, 100);
    ck_assert_int_eq(settings->tls_minimum, AH_TLS_1_2);
    ck_assert_int_eq(settings->tls_maximum, AH_TLS_ANY);
    ck_assert(!settings->disable_ssl_certificate_validation);
    ck_assert(settings->follow_redirects);
    ck_assert(!settings->follow_all_redirects);
    ck_assert(!settings->forward_authorization_headers);
    ck_assert(!settings->ignore_etag);
    ck_assert(!settings->force_exception_to_status_code);
    ck_assert(settings->proxy_from_environment);
    ck_assert_ptr_null(settings->ca_certs);
    ck_assert_ptr_null(settings->credentials);
    ck_assert_ptr_null(settings->certificates);
    ck_assert_ptr_null(settings->proxy);
    ck_strings(settings->safe_methods, (const char *const[]){"GET", "HEAD", "OPTIONS", "TRACE", NULL});
    ck_strings(settings->optimistic_concurrency_methods, (const char *const[]){"PUT", "PATCH", NULL});
    ck_assert_uint_eq(settings->redirect_codes->count, 6);
    ck_assert_mem_eq(settings->redirect_codes->codes, redirects, sizeof(redirects));
    ah_shared_release(settings);
}
END_TEST

START_TEST(a_copy_has_all_that_the_original_has)
{
    void *values[SHARED];
    ah_settings *settings = made();
    fill(settings, values);
    settings->timeout = 1;
    settings->connect_timeout = 2;
    settings->decode_limit_hard = 3;
    settings->decode_limit_safe = 4;
    settings->decode_limit_ratio = 5;
    settings->tls_minimum = AH_TLS_1_0;
    settings->tls_maximum = AH_TLS_1_1;
    settings->disable_ssl_certificate_validation = true;
    settings->follow_redirects = false;
    settings->proxy_from_environment = false;
    ah_settings *copy = copied(settings);
    ck_assert_uint_ne(copy->number, settings->number);
    copy->number = settings->number;
    ck_assert_mem_eq(copy, settings, sizeof(*copy));
    ah_shared_release(settings);
    ah_shared_release(copy);
    for (int i = 0; i < SHARED; i++)
        ah_shared_release(values[i]);
}
END_TEST

/* Each has a share of its own, whichever goes first. */
START_TEST(a_copy_and_its_original_outlive_each_other)
{
    void *values[SHARED];
    ah_settings *settings = made();
    fill(settings, values);
    for (int i = 0; i < SHARED; i++)
        ah_shared_release(values[i]);
    ah_settings *copy = copied(settings);
    ah_settings *left = _i ? settings : copy;
    ah_shared_release(_i ? copy : settings);
    ck_strings(left->ca_certs, (const char *const[]){"ca.pem", NULL});
    ck_strings(left->safe_methods, (const char *const[]){"GET", NULL});
    ck_strings(left->optimistic_concurrency_methods, (const char *const[]){NULL});
    ck_strings(left->credentials, (const char *const[]){"", "name", "password", NULL});
    ck_assert_str_eq(left->certificates->items[2], "cert");
    ck_assert_int_eq(left->redirect_codes->codes[0], 302);
    ck_assert_str_eq(asynchttp_proxy_info_host(left->proxy->info), "proxy.example");
    ah_shared_release(left);
}
END_TEST

START_TEST(what_is_shared_outlives_the_settings)
{
    void *values[SHARED];
    ah_settings *settings = made();
    fill(settings, values);
    ah_settings *copy = copied(settings);
    ah_shared_release(settings);
    ah_shared_release(copy);
    ck_strings(values[0], (const char *const[]){"ca.pem", NULL});
    const ah_proxy_setting *setting = values[6];
    ck_assert_int_eq(asynchttp_proxy_info_port(setting->info), 3128);
    for (int i = 0; i < SHARED; i++)
        ah_shared_release(values[i]);
}
END_TEST

START_TEST(a_changed_copy_leaves_the_original)
{
    ah_settings *settings = made();
    ah_settings *copy = copied(settings);
    copy->timeout = 9;
    ah_shared_release(copy->safe_methods);
    copy->safe_methods = ah_strings_new(NULL, (const char *const[]){"X"}, 1);
    ck_assert_double_eq(settings->timeout, 0);
    ck_strings(settings->safe_methods, (const char *const[]){"GET", "HEAD", "OPTIONS", "TRACE", NULL});
    ck_strings(copy->safe_methods, (const char *const[]){"X", NULL});
    ah_shared_release(settings);
    ah_shared_release(copy);
}
END_TEST

START_TEST(redirect_codes_are_copied)
{
    int codes[] = {301, 399, 300};
    ah_redirect_codes *made_codes = ah_redirect_codes_new(codes, (size_t)_i);
    ck_assert_ptr_nonnull(made_codes);
    codes[0] = 0;
    ck_assert_uint_eq(made_codes->count, (size_t)_i);
    ck_assert_mem_eq(made_codes->codes, ((const int[]){301, 399, 300}), (size_t)_i * sizeof(int));
    ah_shared_release(made_codes);
}
END_TEST

START_TEST(there_may_be_no_redirect_codes)
{
    ah_redirect_codes *codes = ah_redirect_codes_new(NULL, 0);
    ck_assert_ptr_nonnull(codes);
    ck_assert_uint_eq(codes->count, 0);
    ah_shared_release(codes);
}
END_TEST

START_TEST(a_proxy_is_copied)
{
    asynchttp_proxy_info *info = proxy();
    ck_assert_int_eq(asynchttp_proxy_info_set_user(info, "before"), ASYNCHTTP_OK);
    ah_proxy_setting *setting = ah_proxy_setting_new(info);
    ck_assert_ptr_nonnull(setting);
    ck_assert_int_eq(asynchttp_proxy_info_set_user(info, "after"), ASYNCHTTP_OK);
    asynchttp_proxy_info_free(info);
    ck_assert_str_eq(asynchttp_proxy_info_user(setting->info), "before");
    ck_assert_str_eq(asynchttp_proxy_info_host(setting->info), "proxy.example");
    ah_shared_release(setting);
}
END_TEST

/* ---- TLS versions -------------------------------------------------------------------------- */

static const struct tls_name {
    const char *name;
    ah_tls_version version;
} tls_names[] = {
    {NULL, AH_TLS_ANY},      {"TLSv1", AH_TLS_1_0},   {"TLSv1_1", AH_TLS_1_1},
    {"TLSv1_2", AH_TLS_1_2}, {"TLSv1_3", AH_TLS_1_3},
};

START_TEST(tls_versions_have_pythons_names)
{
    ah_tls_version version = AH_TLS_1_1;
    ck_assert(ah_tls_version_parse(tls_names[_i].name, &version));
    ck_assert_int_eq(version, tls_names[_i].version);
    if (tls_names[_i].name)
        ck_assert_str_eq(ah_tls_version_name(tls_names[_i].version), tls_names[_i].name);
    else
        ck_assert_ptr_null(ah_tls_version_name(tls_names[_i].version));
}
END_TEST

START_TEST(newer_tls_versions_are_greater)
{
    ck_assert_int_lt(tls_names[_i].version, tls_names[_i + 1].version);
}
END_TEST

static const char *const no_tls_names[] = {"",       "TLSv1_0", "TLSv1.2", "tlsv1_2",           "TLSv1_4",
                                           "TLSv1_", "SSLv3",   "1.2",     "MINIMUM_SUPPORTED", "TLSv1_2 "};

START_TEST(other_names_are_no_tls_versions)
{
    ah_tls_version version;
    ck_assert(!ah_tls_version_parse(no_tls_names[_i], &version));
}
END_TEST

#define ROWS(table) (int)(sizeof(table) / sizeof((table)[0]))

Suite *settings_suite(void)
{
    Suite *suite = suite_create("settings");
    TCase *settings = tcase_create("settings");
    tcase_add_test(settings, defaults_are_those_of_the_header);
    tcase_add_test(settings, a_copy_has_all_that_the_original_has);
    tcase_add_loop_test(settings, a_copy_and_its_original_outlive_each_other, 0, 2);
    tcase_add_test(settings, what_is_shared_outlives_the_settings);
    tcase_add_test(settings, a_changed_copy_leaves_the_original);
    tcase_add_loop_test(settings, redirect_codes_are_copied, 0, 4);
    tcase_add_test(settings, there_may_be_no_redirect_codes);
    tcase_add_test(settings, a_proxy_is_copied);
    suite_add_tcase(suite, settings);
    TCase *tls = tcase_create("tls");
    tcase_add_loop_test(tls, tls_versions_have_pythons_names, 0, ROWS(tls_names));
    tcase_add_loop_test(tls, newer_tls_versions_are_greater, 0, ROWS(tls_names) - 1);
    tcase_add_loop_test(tls, other_names_are_no_tls_versions, 0, ROWS(no_tls_names));
    suite_add_tcase(suite, tls);
    return suite;
}
