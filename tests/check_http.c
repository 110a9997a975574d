/*
 * The settings of an Http: what they are at first, what they can be, and for which requests they count.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "fixture.h"
#include "suites.h"

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

static void expect_list(const char *const *list, const char *const *expected)
{
    ck_assert_ptr_nonnull(list);
    for (; *expected; list++, expected++) {
        ck_assert_ptr_nonnull(*list);
        ck_assert_str_eq(*list, *expected);
    }
    ck_assert_ptr_null(*list);
}

static void expect_codes(const int *expected, size_t expected_count)
{
    size_t count = 99;
    const int *codes = asynchttp_http_redirect_codes(http, &count);
    ck_assert_uint_eq(count, expected_count);
    for (size_t i = 0; i < count; i++)
        ck_assert_int_eq(codes[i], expected[i]);
}

static void ck_text(const char *text, const char *expected)
{
    if (expected)
        ck_assert_str_eq(text, expected);
    else
        ck_assert_ptr_null(text);
}

/* ---- Each setter and its getter ------------------------------------------------------------ */

/* httplib2.certs.where() */
START_TEST(test_authorities_of_the_environment)
{
    setenv("HTTPLIB2_CA_CERTS", "/nowhere/authorities.pem", 1);
    asynchttp_http *other = asynchttp_http_new(NULL);
    unsetenv("HTTPLIB2_CA_CERTS");
    ck_assert_ptr_nonnull(other);
    ck_text(asynchttp_http_ca_certs(other), "/nowhere/authorities.pem");
    ck_assert_int_eq(asynchttp_http_set_ca_certs(other, NULL), ASYNCHTTP_OK);
    ck_assert_ptr_null(asynchttp_http_ca_certs(other));
    asynchttp_http_free(other);
}
END_TEST

START_TEST(test_defaults)
{
    static const int codes[] = {300, 301, 302, 303, 307, 308};
    ck_assert_uint_eq(asynchttp_http_max_workers(http), 5);
    ck_assert_uint_eq(asynchttp_http_transfers_per_worker(http), 1);
    ck_assert_double_eq(asynchttp_http_worker_idle_timeout(http), 30);
    ck_assert_double_eq(asynchttp_http_timeout(http), 0);
    ck_assert_double_eq(asynchttp_http_connect_timeout(http), 60);
    ck_assert_ptr_null(asynchttp_http_proxy_info(http));
    ck_assert(asynchttp_http_proxy_from_environment(http));
    ck_assert_ptr_null(asynchttp_http_ca_certs(http));
    ck_assert(!asynchttp_http_disable_ssl_certificate_validation(http));
    ck_text(asynchttp_http_tls_minimum_version(http), "TLSv1_2");
    ck_text(asynchttp_http_tls_maximum_version(http), NULL);
    ck_assert_uint_eq(asynchttp_http_decode_limit_hard(http), (uint64_t)10 << 30);
    ck_assert_uint_eq(asynchttp_http_decode_limit_safe(http), (uint64_t)10 << 20);
    ck_assert_double_eq(asynchttp_http_decode_limit_ratio(http), 100);
    ck_assert(asynchttp_http_follow_redirects(http));
    ck_assert(!asynchttp_http_follow_all_redirects(http));
    ck_assert(!asynchttp_http_forward_authorization_headers(http));
    ck_assert(!asynchttp_http_ignore_etag(http));
    ck_assert(!asynchttp_http_force_exception_to_status_code(http));
    expect_codes(codes, COUNT(codes));
    expect_list(asynchttp_http_safe_methods(http), LIST("GET", "HEAD", "OPTIONS", "TRACE"));
    expect_list(asynchttp_http_optimistic_concurrency_methods(http), LIST("PUT", "PATCH"));
}
END_TEST

typedef struct unsigned_setting {
    asynchttp_code (*set)(asynchttp_http *, unsigned);
    unsigned (*get)(asynchttp_http *);
    unsigned most;
} unsigned_setting;

static const unsigned_setting unsigned_settings[] = {
    {asynchttp_http_set_max_workers, asynchttp_http_max_workers, 10000},
    {asynchttp_http_set_transfers_per_worker, asynchttp_http_transfers_per_worker, 100000},
};

START_TEST(test_unsigned)
{
    const unsigned_setting *setting = &unsigned_settings[_i];
    const unsigned good[] = {1, 2, setting->most};
    const unsigned bad[] = {0, setting->most + 1, (unsigned)-1};
    for (int i = 0; i < COUNT(good); i++) {
        ck_assert_int_eq(setting->set(http, good[i]), ASYNCHTTP_OK);
        ck_assert_uint_eq(setting->get(http), good[i]);
    }
    ck_assert_int_eq(setting->set(http, 7), ASYNCHTTP_OK);
    for (int i = 0; i < COUNT(bad); i++) {
        ck_assert_int_eq(setting->set(http, bad[i]), ASYNCHTTP_E_INVALID_ARGUMENT);
        ck_assert_uint_eq(setting->get(http), 7);
    }
}
END_TEST

typedef struct double_setting {
    asynchttp_code (*set)(asynchttp_http *, double);
    double (*get)(asynchttp_http *);
    bool zero;
} double_setting;

static const double_setting double_settings[] = {
    {asynchttp_http_set_timeout, asynchttp_http_timeout, true},
    {asynchttp_http_set_connect_timeout, asynchttp_http_connect_timeout, false},
    {asynchttp_http_set_worker_idle_timeout, asynchttp_http_worker_idle_timeout, true},
    {asynchttp_http_set_decode_limit_ratio, asynchttp_http_decode_limit_ratio, true},
};

START_TEST(test_double)
{
    static const double good[] = {0.001, 2.5, 1e9, (double)INFINITY};
    static const double bad[] = {-0.001, -1, (double)-INFINITY, (double)NAN};
    const double_setting *setting = &double_settings[_i];
    for (int i = 0; i < COUNT(good); i++) {
        ck_assert_int_eq(setting->set(http, good[i]), ASYNCHTTP_OK);
        ck_assert(!(setting->get(http) < good[i]) && !(setting->get(http) > good[i]));
    }
    ck_assert_int_eq(setting->set(http, 7.5), ASYNCHTTP_OK);
    for (int i = 0; i < COUNT(bad); i++) {
        ck_assert_int_eq(setting->set(http, bad[i]), ASYNCHTTP_E_INVALID_ARGUMENT);
        ck_assert_double_eq(setting->get(http), 7.5);
    }
    ck_assert_int_eq(setting->set(http, 0), setting->zero ? ASYNCHTTP_OK : ASYNCHTTP_E_INVALID_ARGUMENT);
    ck_assert_double_eq(setting->get(http), setting->zero ? 0 : 7.5);
}
END_TEST

typedef struct bytes_setting {
    asynchttp_code (*set)(asynchttp_http *, uint64_t);
    uint64_t (*get)(asynchttp_http *);
} bytes_setting;

static const bytes_setting bytes_settings[] = {
    {asynchttp_http_set_decode_limit_hard, asynchttp_http_decode_limit_hard},
    {asynchttp_http_set_decode_limit_safe, asynchttp_http_decode_limit_safe},
};

START_TEST(test_bytes)
{
    static const uint64_t good[] = {1, 0, (uint64_t)5 << 40, UINT64_MAX};
    for (int i = 0; i < COUNT(good); i++) {
        ck_assert_int_eq(bytes_settings[_i].set(http, good[i]), ASYNCHTTP_OK);
        ck_assert_uint_eq(bytes_settings[_i].get(http), good[i]);
    }
}
END_TEST

typedef struct bool_setting {
    asynchttp_code (*set)(asynchttp_http *, bool);
    bool (*get)(asynchttp_http *);
} bool_setting;

static const bool_setting bool_settings[] = {
    {asynchttp_http_set_disable_ssl_certificate_validation, asynchttp_http_disable_ssl_certificate_validation},
    {asynchttp_http_set_follow_redirects, asynchttp_http_follow_redirects},
    {asynchttp_http_set_follow_all_redirects, asynchttp_http_follow_all_redirects},
    {asynchttp_http_set_forward_authorization_headers, asynchttp_http_forward_authorization_headers},
    {asynchttp_http_set_ignore_etag, asynchttp_http_ignore_etag},
    {asynchttp_http_set_force_exception_to_status_code, asynchttp_http_force_exception_to_status_code},
};

/* Each is its own: to set one leaves the others. */
START_TEST(test_bool)
{
    bool others[COUNT(bool_settings)];
    for (int i = 0; i < COUNT(bool_settings); i++)
        others[i] = bool_settings[i].get(http);
    for (int round = 0; round < 4; round++) {
        bool value = round % 2 == 0;
        ck_assert_int_eq(bool_settings[_i].set(http, value), ASYNCHTTP_OK);
        ck_assert(bool_settings[_i].get(http) == value);
        for (int i = 0; i < COUNT(bool_settings); i++)
            ck_assert(i == _i || bool_settings[i].get(http) == others[i]);
    }
}
END_TEST

START_TEST(test_ca_certs)
{
    char path[] = "/nowhere/authorities.pem";
    ck_assert_int_eq(asynchttp_http_set_ca_certs(http, path), ASYNCHTTP_OK);
    path[1] = '#';
    ck_text(asynchttp_http_ca_certs(http), "/nowhere/authorities.pem");
    ck_assert_int_eq(asynchttp_http_set_ca_certs(http, NULL), ASYNCHTTP_OK);
    ck_text(asynchttp_http_ca_certs(http), NULL);
}
END_TEST

START_TEST(test_redirect_codes)
{
    static const int good[] = {399, 300, 300}, below[] = {301, 299}, above[] = {301, 400};
    int changed[] = {302, 303};
    ck_assert_int_eq(asynchttp_http_set_redirect_codes(http, changed, 2), ASYNCHTTP_OK);
    changed[0] = 0;
    expect_codes((const int[]){302, 303}, 2);
    ck_assert_int_eq(asynchttp_http_set_redirect_codes(http, good, 3), ASYNCHTTP_OK);
    expect_codes(good, 3);
    ck_assert_int_eq(asynchttp_http_set_redirect_codes(http, below, 2), ASYNCHTTP_E_INVALID_ARGUMENT);
    ck_assert_int_eq(asynchttp_http_set_redirect_codes(http, above, 2), ASYNCHTTP_E_INVALID_ARGUMENT);
    expect_codes(good, 3);
    ck_assert_int_eq(asynchttp_http_set_redirect_codes(http, NULL, 0), ASYNCHTTP_OK);
    expect_codes(NULL, 0);
}
END_TEST

typedef struct methods_setting {
    asynchttp_code (*set)(asynchttp_http *, const char *const *);
    const char *const *(*get)(asynchttp_http *);
} methods_setting;

static const methods_setting methods_settings[] = {
    {asynchttp_http_set_safe_methods, asynchttp_http_safe_methods},
    {asynchttp_http_set_optimistic_concurrency_methods, asynchttp_http_optimistic_concurrency_methods},
};

START_TEST(test_methods)
{
    char method[] = "PROPFIND";
    const methods_setting *setting = &methods_settings[_i];
    ck_assert_int_eq(setting->set(http, LIST("get", method)), ASYNCHTTP_OK);
    method[0] = '#';
    expect_list(setting->get(http), LIST("get", "PROPFIND"));
    ck_assert_int_eq(setting->set(http, LIST("GET", "NO METHOD")), ASYNCHTTP_E_INVALID_ARGUMENT);
    ck_assert_int_eq(setting->set(http, LIST("GET", "")), ASYNCHTTP_E_INVALID_ARGUMENT);
    expect_list(setting->get(http), LIST("get", "PROPFIND"));
    ck_assert_int_eq(setting->set(http, (const char *const[]){NULL}), ASYNCHTTP_OK);
    ck_assert_ptr_null(setting->get(http)[0]);
    /* What it gave may be given back to it. */
    ck_assert_int_eq(setting->set(http, LIST("A", "B")), ASYNCHTTP_OK);
    ck_assert_int_eq(setting->set(http, setting->get(http)), ASYNCHTTP_OK);
    expect_list(setting->get(http), LIST("A", "B"));
}
END_TEST

static const struct {
    const char *minimum;
    const char *maximum;
    bool good;
} tls_ranges[] = {
    {"TLSv1", NULL, true},         {"TLSv1_1", "TLSv1_1", true}, {"TLSv1_2", "TLSv1_3", true},
    {"TLSv1_3", "TLSv1_3", true},  {NULL, "TLSv1_2", true},      {"TLSv1_3", "TLSv1_2", false},
    {"TLSv1_2", "TLSv1", false},   {NULL, "TLSv1_1", false},     {"TLSv1_2", "TLSv1.3", false},
    {"TLSv1_2", "tlsv1_3", false}, {"TLSv1_2", "", false},       {"TLSv1_2", "SSLv3", false},
};

START_TEST(test_tls_versions)
{
    const char *minimum = tls_ranges[_i].minimum;
    ck_assert_int_eq(asynchttp_http_set_tls_minimum_version(http, minimum), ASYNCHTTP_OK);
    ck_text(asynchttp_http_tls_minimum_version(http), minimum ? minimum : "TLSv1_2");
    ck_assert_int_eq(asynchttp_http_set_tls_maximum_version(http, tls_ranges[_i].maximum),
                     tls_ranges[_i].good ? ASYNCHTTP_OK : ASYNCHTTP_E_INVALID_ARGUMENT);
    ck_text(asynchttp_http_tls_maximum_version(http), tls_ranges[_i].good ? tls_ranges[_i].maximum : NULL);
    ck_text(asynchttp_http_tls_minimum_version(http), minimum ? minimum : "TLSv1_2");
}
END_TEST

START_TEST(test_tls_minimum_above_the_maximum)
{
    ck_assert_int_eq(asynchttp_http_set_tls_minimum_version(http, "TLSv1"), ASYNCHTTP_OK);
    ck_assert_int_eq(asynchttp_http_set_tls_maximum_version(http, "TLSv1_1"), ASYNCHTTP_OK);
    ck_assert_int_eq(asynchttp_http_set_tls_minimum_version(http, "TLSv1_3"), ASYNCHTTP_E_INVALID_ARGUMENT);
    ck_assert_int_eq(asynchttp_http_set_tls_minimum_version(http, "1.0"), ASYNCHTTP_E_INVALID_ARGUMENT);
    /* That is "TLSv1_2". */
    ck_assert_int_eq(asynchttp_http_set_tls_minimum_version(http, NULL), ASYNCHTTP_E_INVALID_ARGUMENT);
    ck_text(asynchttp_http_tls_minimum_version(http), "TLSv1");
    ck_assert_int_eq(asynchttp_http_set_tls_maximum_version(http, NULL), ASYNCHTTP_OK);
    ck_assert_int_eq(asynchttp_http_set_tls_minimum_version(http, NULL), ASYNCHTTP_OK);
    ck_text(asynchttp_http_tls_minimum_version(http), "TLSv1_2");
}
END_TEST

START_TEST(test_proxy_info)
{
    asynchttp_proxy_info *info = asynchttp_proxy_info_new(ASYNCHTTP_PROXY_SOCKS5, "proxy.example", 1080);
    ck_assert_ptr_nonnull(info);
    ck_assert_int_eq(asynchttp_proxy_info_set_user(info, "name"), ASYNCHTTP_OK);
    ck_assert_int_eq(asynchttp_http_set_proxy_info(http, info), ASYNCHTTP_OK);
    ck_assert_int_eq(asynchttp_proxy_info_set_user(info, "another"), ASYNCHTTP_OK);
    asynchttp_proxy_info_free(info);
    const asynchttp_proxy_info *copy = asynchttp_http_proxy_info(http);
    ck_assert_ptr_nonnull(copy);
    ck_assert_int_eq(asynchttp_proxy_info_type(copy), ASYNCHTTP_PROXY_SOCKS5);
    ck_text(asynchttp_proxy_info_host(copy), "proxy.example");
    ck_assert_int_eq(asynchttp_proxy_info_port(copy), 1080);
    ck_text(asynchttp_proxy_info_user(copy), "name");
    ck_assert(!asynchttp_http_proxy_from_environment(http));
}
END_TEST

START_TEST(test_proxy_of_none_and_of_the_environment)
{
    asynchttp_proxy_info *info = asynchttp_proxy_info_new(ASYNCHTTP_PROXY_HTTP, "proxy.example", 3128);
    ck_assert_ptr_nonnull(info);
    ck_assert_int_eq(asynchttp_http_set_proxy_info(http, info), ASYNCHTTP_OK);
    ck_assert_int_eq(asynchttp_http_set_proxy_info(http, NULL), ASYNCHTTP_OK);
    ck_assert_ptr_null(asynchttp_http_proxy_info(http));
    ck_assert(!asynchttp_http_proxy_from_environment(http));
    ck_assert_int_eq(asynchttp_http_set_proxy_info(http, info), ASYNCHTTP_OK);
    ck_assert_int_eq(asynchttp_http_set_proxy_from_environment(http), ASYNCHTTP_OK);
    ck_assert_ptr_null(asynchttp_http_proxy_info(http));
    ck_assert(asynchttp_http_proxy_from_environment(http));
    asynchttp_proxy_info_free(info);
}
END_TEST

START_TEST(test_credentials_and_certificates)
{
    ck_assert_int_eq(asynchttp_http_add_credentials(http, "name", "password", NULL), ASYNCHTTP_OK);
    ck_assert_int_eq(asynchttp_http_add_credentials(http, "", "", "example.org"), ASYNCHTTP_OK);
    ck_assert_int_eq(asynchttp_http_add_certificate(http, "key.pem", "cert.pem", "example.org", NULL), ASYNCHTTP_OK);
    ck_assert_int_eq(asynchttp_http_add_certificate(http, "key.pem", "cert.pem", NULL, "password"), ASYNCHTTP_OK);
    ck_assert_int_eq(asynchttp_http_clear_credentials(http), ASYNCHTTP_OK);
    ck_assert_int_eq(asynchttp_http_clear_credentials(http), ASYNCHTTP_OK);
    client_expect_usable();
}
END_TEST

/* What a getter gave stays until that very setting is set again. Valgrind and the sanitizers see whether it does. */
START_TEST(test_pointers_stay_valid)
{
    size_t count;
    asynchttp_proxy_info *info = asynchttp_proxy_info_new(ASYNCHTTP_PROXY_HTTP, "127.0.0.1", (int)origin_port());
    ck_assert_int_eq(asynchttp_http_set_proxy_info(http, info), ASYNCHTTP_OK);
    asynchttp_proxy_info_free(info);
    ck_assert_int_eq(asynchttp_http_set_ca_certs(http, "authorities.pem"), ASYNCHTTP_OK);
    const char *ca_certs = asynchttp_http_ca_certs(http);
    const char *const *safe = asynchttp_http_safe_methods(http);
    const char *const *optimistic = asynchttp_http_optimistic_concurrency_methods(http);
    const int *codes = asynchttp_http_redirect_codes(http, &count);
    const asynchttp_proxy_info *proxy = asynchttp_http_proxy_info(http);
    for (int i = 0; i < 100; i++) {
        asynchttp_http_set_timeout(http, 60 + i);
        asynchttp_http_set_ignore_etag(http, i % 2);
        asynchttp_http_add_credentials(http, "name", "password", NULL);
        asynchttp_http_set_tls_minimum_version(http, i % 2 ? "TLSv1_3" : NULL);
    }
    client_expect_usable();
    ck_assert_int_eq(asynchttp_http_close(http), ASYNCHTTP_OK);
    ck_text(ca_certs, "authorities.pem");
    expect_list(safe, LIST("GET", "HEAD", "OPTIONS", "TRACE"));
    expect_list(optimistic, LIST("PUT", "PATCH"));
    ck_assert_uint_eq(count, 6);
    ck_assert_int_eq(codes[5], 308);
    ck_text(asynchttp_proxy_info_host(proxy), "127.0.0.1");
    ck_assert_ptr_eq(asynchttp_http_ca_certs(http), ca_certs);
    ck_assert_ptr_eq(asynchttp_http_proxy_info(http), proxy);
}
END_TEST

/* To close it is not to begin anew. */
START_TEST(test_settings_outlive_close)
{
    ck_assert_int_eq(asynchttp_http_set_max_workers(http, 2), ASYNCHTTP_OK);
    ck_assert_int_eq(asynchttp_http_set_transfers_per_worker(http, 3), ASYNCHTTP_OK);
    ck_assert_int_eq(asynchttp_http_set_worker_idle_timeout(http, 4), ASYNCHTTP_OK);
    ck_assert_int_eq(asynchttp_http_set_timeout(http, 50), ASYNCHTTP_OK);
    client_expect_usable();
    ck_assert_int_eq(asynchttp_http_close(http), ASYNCHTTP_OK);
    client_expect_usable();
    ck_assert_uint_eq(asynchttp_http_max_workers(http), 2);
    ck_assert_uint_eq(asynchttp_http_transfers_per_worker(http), 3);
    ck_assert_double_eq(asynchttp_http_worker_idle_timeout(http), 4);
    ck_assert_double_eq(asynchttp_http_timeout(http), 50);
}
END_TEST

START_TEST(test_each_http_has_its_own)
{
    asynchttp_http *other = asynchttp_http_new(NULL);
    ck_assert_ptr_nonnull(other);
    ck_assert_int_eq(asynchttp_http_set_timeout(http, 5), ASYNCHTTP_OK);
    ck_assert_int_eq(asynchttp_http_set_max_workers(http, 9), ASYNCHTTP_OK);
    ck_assert_int_eq(asynchttp_http_set_safe_methods(http, LIST("GET")), ASYNCHTTP_OK);
    ck_assert_double_eq(asynchttp_http_timeout(other), 0);
    ck_assert_uint_eq(asynchttp_http_max_workers(other), 5);
    expect_list(asynchttp_http_safe_methods(other), LIST("GET", "HEAD", "OPTIONS", "TRACE"));
    asynchttp_http_free(other);
    asynchttp_http_free(NULL);
}
END_TEST

/* ---- For which requests they count --------------------------------------------------------- */

/* Occupies the only worker, so that requests made now wait in the queue. */
static asynchttp_promise *occupy(const char *name)
{
    ck_assert_int_eq(asynchttp_http_set_max_workers(http, 1), ASYNCHTTP_OK);
    asynchttp_promise *promise = client_request(origin_url("/hold/%s", name), NULL);
    origin_await(1, "/held/%s", name);
    return promise;
}

static void release(asynchttp_promise *promise, const char *name)
{
    free(origin_get("/release/%s", name));
    ck_assert_int_eq(client_status(promise), 200);
}

START_TEST(test_decode_limits_count_from_the_next_request)
{
    asynchttp_promise *held = occupy("limits");
    asynchttp_promise *before = client_request(origin_url("/gzip/1000"), NULL);
    ck_assert_int_eq(asynchttp_http_set_decode_limit_hard(http, 999), ASYNCHTTP_OK);
    asynchttp_promise *after = client_request(origin_url("/gzip/1000"), NULL);
    ck_assert_int_eq(asynchttp_http_set_decode_limit_hard(http, 0), ASYNCHTTP_OK);
    asynchttp_promise *last = client_request(origin_url("/gzip/1000"), NULL);
    release(held, "limits");
    client_expect_pattern(before, 1000);
    ck_assert_int_eq(client_wait(after), ASYNCHTTP_E_DECODE_LIMIT);
    client_expect_pattern(last, 1000);
}
END_TEST

/* The origin plays the proxy: its /request shows the URI that a proxy is asked for. */
START_TEST(test_proxy_counts_from_the_next_request)
{
    static const char direct[] = "GET /request HTTP/1.1\r\n";
    char proxied[128];
    snprintf(proxied, sizeof(proxied), "GET %s HTTP/1.1\r\n", origin_url("/request"));
    asynchttp_proxy_info *info = asynchttp_proxy_info_new(ASYNCHTTP_PROXY_HTTP, "127.0.0.1", (int)origin_port());
    ck_assert_ptr_nonnull(info);
    asynchttp_promise *held = occupy("proxy");
    asynchttp_promise *before = client_request(origin_url("/request"), NULL);
    ck_assert_int_eq(asynchttp_http_set_proxy_info(http, info), ASYNCHTTP_OK);
    asynchttp_proxy_info_free(info);
    asynchttp_promise *after = client_request(origin_url("/request"), NULL);
    ck_assert_int_eq(asynchttp_http_set_proxy_info(http, NULL), ASYNCHTTP_OK);
    asynchttp_promise *last = client_request(origin_url("/request"), NULL);
    release(held, "proxy");
    ck_assert_int_eq(strncmp(client_text(before), direct, strlen(direct)), 0);
    ck_assert_int_eq(strncmp(client_text(after), proxied, strlen(proxied)), 0);
    ck_assert_int_eq(strncmp(client_text(last), direct, strlen(direct)), 0);
}
END_TEST

/* It is read when the request is made, and not read if no proxy is wanted. */
START_TEST(test_proxy_of_the_environment)
{
    static const char proxied[] = "GET http://nosuch.invalid/request HTTP/1.1\r\n";
    setenv("http_proxy", origin_url("/"), 1);
    ck_assert_int_eq(
        strncmp(client_text(client_request("http://nosuch.invalid/request", NULL)), proxied, strlen(proxied)), 0);
    ck_assert_int_eq(asynchttp_http_set_proxy_info(http, NULL), ASYNCHTTP_OK);
    ck_assert_int_eq(client_wait(client_request("http://nosuch.invalid/request", NULL)), ASYNCHTTP_E_SERVER_NOT_FOUND);
    ck_assert_int_eq(asynchttp_http_set_proxy_from_environment(http), ASYNCHTTP_OK);
    asynchttp_promise *held = occupy("environment");
    asynchttp_promise *before = client_request("http://nosuch.invalid/request", NULL);
    unsetenv("http_proxy");
    asynchttp_promise *after = client_request("http://nosuch.invalid/request", NULL);
    release(held, "environment");
    ck_assert_int_eq(strncmp(client_text(before), proxied, strlen(proxied)), 0);
    ck_assert_int_eq(client_wait(after), ASYNCHTTP_E_SERVER_NOT_FOUND);
}
END_TEST

/* The first has been silent for longer than the second when that ends. */
START_TEST(test_timeout_counts_from_the_next_request)
{
    asynchttp_promise *before = client_request(origin_url("/hold/timeout"), NULL);
    origin_await(1, "/held/timeout");
    ck_assert_int_eq(asynchttp_http_set_timeout(http, 0.3), ASYNCHTTP_OK);
    ck_assert_int_eq(client_wait(client_request(origin_url("/hold/timeout"), NULL)), ASYNCHTTP_E_TIMEOUT);
    ck_assert(!asynchttp_promise_done(before));
    release(before, "timeout");
}
END_TEST

START_TEST(test_ca_certs_count_from_the_next_request)
{
    unsigned port;
    char url[64];
    int listener = client_listen(&port);
    snprintf(url, sizeof(url), "https://127.0.0.1:%u/", port);
    ck_assert_int_eq(asynchttp_http_set_ca_certs(http, "/nowhere/authorities.pem"), ASYNCHTTP_OK);
    asynchttp_promise *promise = client_request(url, NULL);
    ck_assert_int_eq(client_wait(promise), ASYNCHTTP_E_CERTIFICATE);
    ck_assert_int_eq(asynchttp_http_set_ca_certs(http, NULL), ASYNCHTTP_OK);
    if (client_is_called(listener))
        close(client_accept(listener));
    promise = client_request(url, NULL);
    close(client_accept(listener));
    asynchttp_code code = client_wait(promise);
    ck_assert_msg(code && code != ASYNCHTTP_E_CERTIFICATE, "%s", asynchttp_promise_error_message(promise));
    close(listener);
}
END_TEST

/* ---- The suite ----------------------------------------------------------------------------- */

Suite *http_suite(void)
{
    Suite *suite = suite_create("http");
    TCase *values = tcase_create("values");
    tcase_add_checked_fixture(values, client_setup, client_teardown);
    tcase_set_timeout(values, 60);
    tcase_add_test(values, test_defaults);
    tcase_add_test(values, test_authorities_of_the_environment);
    tcase_add_loop_test(values, test_unsigned, 0, COUNT(unsigned_settings));
    tcase_add_loop_test(values, test_double, 0, COUNT(double_settings));
    tcase_add_loop_test(values, test_bytes, 0, COUNT(bytes_settings));
    tcase_add_loop_test(values, test_bool, 0, COUNT(bool_settings));
    tcase_add_test(values, test_ca_certs);
    tcase_add_test(values, test_redirect_codes);
    tcase_add_loop_test(values, test_methods, 0, COUNT(methods_settings));
    tcase_add_loop_test(values, test_tls_versions, 0, COUNT(tls_ranges));
    tcase_add_test(values, test_tls_minimum_above_the_maximum);
    tcase_add_test(values, test_proxy_info);
    tcase_add_test(values, test_proxy_of_none_and_of_the_environment);
    tcase_add_test(values, test_credentials_and_certificates);
    tcase_add_test(values, test_pointers_stay_valid);
    tcase_add_test(values, test_settings_outlive_close);
    tcase_add_test(values, test_each_http_has_its_own);
    suite_add_tcase(suite, values);
    TCase *snapshots = tcase_create("snapshots");
    tcase_add_checked_fixture(snapshots, client_setup, client_teardown);
    tcase_set_timeout(snapshots, 60);
    tcase_add_test(snapshots, test_decode_limits_count_from_the_next_request);
    tcase_add_test(snapshots, test_proxy_counts_from_the_next_request);
    tcase_add_test(snapshots, test_proxy_of_the_environment);
    tcase_add_test(snapshots, test_timeout_counts_from_the_next_request);
    tcase_add_test(snapshots, test_ca_certs_count_from_the_next_request);
    suite_add_tcase(suite, snapshots);
    return suite;
}
