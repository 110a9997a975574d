/*
 * Tests of asynchttp_proxy_info: httplib2's test_proxy.py, and where this library differs from it.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "proxy.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

enum { SOCKS4 = ASYNCHTTP_PROXY_SOCKS4, SOCKS5 = ASYNCHTTP_PROXY_SOCKS5, HTTP = ASYNCHTTP_PROXY_HTTP };

Suite *proxy_suite(void);

static void clear_environment(void)
{
    static const char *const names[] = {"http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY",
                                        "all_proxy",  "ALL_PROXY",  "no_proxy",    "NO_PROXY"};
    for (int i = 0; i < COUNT(names); i++)
        ck_assert_int_eq(unsetenv(names[i]), 0);
}

static void set(const char *name, const char *value)
{
    if (value)
        ck_assert_int_eq(setenv(name, value, 1), 0);
}

static void ck_text(const char *text, const char *expected)
{
    if (expected)
        ck_assert_str_eq(text, expected);
    else
        ck_assert_ptr_null(text);
}

static void ck_list(const char *const *list, const char *const *expected)
{
    ck_assert_ptr_nonnull(list);
    for (; *expected; list++, expected++)
        ck_assert_str_eq(*list, *expected);
    ck_assert_ptr_null(*list);
}

static asynchttp_proxy_info *made(void)
{
    asynchttp_proxy_info *info = asynchttp_proxy_info_new(ASYNCHTTP_PROXY_HTTP, "proxy.example", 3128);
    ck_assert_ptr_nonnull(info);
    return info;
}

/* ---- Making -------------------------------------------------------------------------------- */

START_TEST(test_new)
{
    asynchttp_proxy_info *info = asynchttp_proxy_info_new(ASYNCHTTP_PROXY_SOCKS4, "Proxy.example", 65535);
    ck_assert_ptr_nonnull(info);
    ck_assert_int_eq(asynchttp_proxy_info_type(info), ASYNCHTTP_PROXY_SOCKS4);
    ck_assert_str_eq(asynchttp_proxy_info_host(info), "Proxy.example");
    ck_assert_int_eq(asynchttp_proxy_info_port(info), 65535);
    ck_assert(asynchttp_proxy_info_rdns(info));
    ck_assert_ptr_null(asynchttp_proxy_info_user(info));
    ck_assert_ptr_null(asynchttp_proxy_info_password(info));
    ck_assert_ptr_null(asynchttp_proxy_info_headers(info));
    ck_assert_ptr_null(asynchttp_proxy_info_bypass_hosts(info));
    ck_assert(asynchttp_proxy_info_applies_to(info, "localhost"));
    asynchttp_proxy_info_free(info);
    asynchttp_proxy_info_free(NULL);
}
END_TEST

static const struct new_case {
    int type;
    const char *host;
    int port;
    bool good;
} new_cases[] = {
    {HTTP, "localhost", 1, true},
    {SOCKS5, "127.0.0.1", 80, true},
    {HTTP, "::1", 80, true},
    {HTTP, "fe80::1%eth0", 80, true},
    {HTTP, "a_b-c.example.", 80, true},
    {HTTP, "b\u00fccher.example", 80, true},
    {0, "h", 80, false},
    {4, "h", 80, false},
    {-1, "h", 80, false},
    {HTTP, "h", 0, false},
    {HTTP, "h", -1, false},
    {HTTP, "h", 65536, false},
    {HTTP, "", 80, false},
    {HTTP, "h:81", 80, false},
    {HTTP, "[::1]", 80, false},
    {HTTP, "[::1]:81", 80, false},
    {HTTP, "::1%", 80, false},
    {HTTP, "%eth0", 80, false},
    {HTTP, "a%62", 80, false},
    {HTTP, "user@h", 80, false},
    {HTTP, "http://h", 80, false},
    {HTTP, "h/", 80, false},
    {HTTP, "h?", 80, false},
    {HTTP, "h#", 80, false},
    {HTTP, "h\\i", 80, false},
    {HTTP, "h i", 80, false},
    {HTTP, "h\n", 80, false},
    {HTTP, "h\x7f", 80, false},
};

START_TEST(test_new_arguments)
{
    const struct new_case *argument = &new_cases[_i];
    asynchttp_proxy_info *info =
        asynchttp_proxy_info_new((asynchttp_proxy_type)argument->type, argument->host, argument->port);
    ck_assert_msg((info != NULL) == argument->good, "type %d, host \"%s\", port %d", argument->type, argument->host,
                  argument->port);
    if (info)
        ck_assert_str_eq(asynchttp_proxy_info_host(info), argument->host);
    asynchttp_proxy_info_free(info);
}
END_TEST

/* ---- URLs ---------------------------------------------------------------------------------- */

static const struct url_case {
    const char *url;
    /* 0: it names none. */
    int type;
    const char *host;
    int port;
    const char *user;
    const char *password;
} url_cases[] = {
    /* httplib2's. */
    {"noscheme.means.http", HTTP, "noscheme.means.http", 80, NULL, NULL},
    {"http://myproxy.example.com", HTTP, "myproxy.example.com", 80, NULL, NULL},
    {"http://zoidberg:fish@someproxy:99", HTTP, "someproxy", 99, "zoidberg", "fish"},
    {"http://leila@fro.xy:1032", HTTP, "fro.xy", 1032, "leila", NULL},
    {"http://[::1]:8888", HTTP, "::1", 8888, NULL, NULL},
    {"socks4://myproxy.example.com", SOCKS4, "myproxy.example.com", 80, NULL, NULL},
    {"socks4://zoidberg:fish@someproxy:99", SOCKS4, "someproxy", 99, "zoidberg", "fish"},
    {"socks4://leila@fro.xy:1032", SOCKS4, "fro.xy", 1032, "leila", NULL},
    {"socks4://[::1]:8888", SOCKS4, "::1", 8888, NULL, NULL},
    {"socks5://myproxy.example.com", SOCKS5, "myproxy.example.com", 80, NULL, NULL},
    {"socks5://zoidberg:fish@someproxy:99", SOCKS5, "someproxy", 99, "zoidberg", "fish"},
    {"socks5://leila@fro.xy:1032", SOCKS5, "fro.xy", 1032, "leila", NULL},
    {"socks5://[::1]:8888", SOCKS5, "::1", 8888, NULL, NULL},
    /* Schemes. */
    {"socks4a://h:1080", SOCKS4, "h", 1080, NULL, NULL},
    {"socks5h://h:1080", SOCKS5, "h", 1080, NULL, NULL},
    {"socks://h:1080", SOCKS5, "h", 1080, NULL, NULL},
    {"SOCKS5h://h:1080", SOCKS5, "h", 1080, NULL, NULL},
    {"HTTP://h:1080", HTTP, "h", 1080, NULL, NULL},
    {"https://h:1080", HTTP, "h", 1080, NULL, NULL},
    {"socks6://h:1080", HTTP, "h", 1080, NULL, NULL},
    {"a+b-c.d1://h:1080", HTTP, "h", 1080, NULL, NULL},
    {"h:3128", HTTP, "h", 3128, NULL, NULL},
    {"h.example:3128/", HTTP, "h.example", 3128, NULL, NULL},
    {"//h:3128", HTTP, "h", 3128, NULL, NULL},
    {"[::1]:3128", HTTP, "::1", 3128, NULL, NULL},
    {"user:password@h:3128", HTTP, "h", 3128, "user", "password"},
    {"h:3128/x?socks5://i", HTTP, "h", 3128, NULL, NULL},
    {"socks5", HTTP, "socks5", 80, NULL, NULL},
    {"socks5:1080", HTTP, "socks5", 1080, NULL, NULL},
    /* What comes after the authority is not looked at. */
    {"http://h:81/path?query#fragment", HTTP, "h", 81, NULL, NULL},
    {"http://h/a@b:82", HTTP, "h", 80, NULL, NULL},
    {"http://h?a@b:82", HTTP, "h", 80, NULL, NULL},
    {"http://h#a@b:82", HTTP, "h", 80, NULL, NULL},
    /* Hosts. */
    {"http://MyProxy.Example", HTTP, "myproxy.example", 80, NULL, NULL},
    {"http://%6Dy%2eproxy", HTTP, "my.proxy", 80, NULL, NULL},
    {"http://b\u00fccher.example", HTTP, "b\u00fccher.example", 80, NULL, NULL},
    {"http://[2001:DB8::A]", HTTP, "2001:db8::a", 80, NULL, NULL},
    {"http://[FE80::A%25Eth0]:81", HTTP, "fe80::a%Eth0", 81, NULL, NULL},
    {"http://[FE80::A%Eth0]:81", HTTP, "fe80::a%Eth0", 81, NULL, NULL},
    {"http://u:p@[::1]:81", HTTP, "::1", 81, "u", "p"},
    {"http://", 0, NULL, 0, NULL, NULL},
    {"", 0, NULL, 0, NULL, NULL},
    {":", 0, NULL, 0, NULL, NULL},
    {"/", 0, NULL, 0, NULL, NULL},
    {"//", 0, NULL, 0, NULL, NULL},
    {"://h", 0, NULL, 0, NULL, NULL},
    {"http:", 0, NULL, 0, NULL, NULL},
    {"http:/h", 0, NULL, 0, NULL, NULL},
    {"http:h", 0, NULL, 0, NULL, NULL},
    {"http:///h", 0, NULL, 0, NULL, NULL},
    {"http://:81", 0, NULL, 0, NULL, NULL},
    {"http://user@", 0, NULL, 0, NULL, NULL},
    {" http://h", 0, NULL, 0, NULL, NULL},
    {"http://h ", 0, NULL, 0, NULL, NULL},
    {"http://h\n", 0, NULL, 0, NULL, NULL},
    {"http://h%0a", 0, NULL, 0, NULL, NULL},
    {"http://h%00", 0, NULL, 0, NULL, NULL},
    {"http://h%2fi", 0, NULL, 0, NULL, NULL},
    {"http://h%zz", 0, NULL, 0, NULL, NULL},
    {"http://h%", 0, NULL, 0, NULL, NULL},
    {"http://[::1", 0, NULL, 0, NULL, NULL},
    {"http://[::1]x", 0, NULL, 0, NULL, NULL},
    {"http://[h]:81", 0, NULL, 0, NULL, NULL},
    {"http://[]", 0, NULL, 0, NULL, NULL},
    {"http://[127.0.0.1]", 0, NULL, 0, NULL, NULL},
    {"http://::1", 0, NULL, 0, NULL, NULL},
    {"http://%3a%3a1", 0, NULL, 0, NULL, NULL},
    {"http://[", 0, NULL, 0, NULL, NULL},
    {"http://]", 0, NULL, 0, NULL, NULL},
    {"http://[::1%25]", 0, NULL, 0, NULL, NULL},
    /* Ports. */
    {"http://h:", HTTP, "h", 80, NULL, NULL},
    {"http://[::1]:", HTTP, "::1", 80, NULL, NULL},
    {"http://h:1", HTTP, "h", 1, NULL, NULL},
    {"http://h:00065535", HTTP, "h", 65535, NULL, NULL},
    {"http://h:0", 0, NULL, 0, NULL, NULL},
    {"http://h:65536", 0, NULL, 0, NULL, NULL},
    {"http://h:18446744073709551697", 0, NULL, 0, NULL, NULL},
    {"http://h:-1", 0, NULL, 0, NULL, NULL},
    {"http://h:+1", 0, NULL, 0, NULL, NULL},
    {"http://h: 1", 0, NULL, 0, NULL, NULL},
    {"http://h:8a", 0, NULL, 0, NULL, NULL},
    {"http://h:80:80", 0, NULL, 0, NULL, NULL},
    /* Names and passwords, decoded. */
    {"http://us%65r:p%40ss%3Aw%2Frd%25@h", HTTP, "h", 80, "user", "p@ss:w/rd%"},
    {"http://b%C3%BCcher:%E2%98%84@h", HTTP, "h", 80, "b\u00fccher", "\u2604"},
    {"http://u:a:b@h", HTTP, "h", 80, "u", "a:b"},
    {"http://u%3Av:p@h", HTTP, "h", 80, "u:v", "p"},
    {"http://u:p@ss@h", HTTP, "h", 80, "u", "p@ss"},
    {"http://u+v:100%@h", HTTP, "h", 80, "u+v", "100%"},
    {"http://%:%4@h", HTTP, "h", 80, "%", "%4"},
    {"http://%zz:%4z@h", HTTP, "h", 80, "%zz", "%4z"},
    {"http://:@h", HTTP, "h", 80, NULL, NULL},
    {"http://@h", HTTP, "h", 80, NULL, NULL},
    {"http://u:@h", HTTP, "h", 80, "u", NULL},
    {"http://:p@h", HTTP, "h", 80, NULL, "p"},
    {"http://u%00:p@h", 0, NULL, 0, NULL, NULL},
    {"http://u:p%00@h", 0, NULL, 0, NULL, NULL},
    {"http://u%0d%0aX:p@h", 0, NULL, 0, NULL, NULL},
    {"http://u:p%7f@h", 0, NULL, 0, NULL, NULL},
    {"http://u:p\t@h", 0, NULL, 0, NULL, NULL},
    {"http://u:p/w@h", 0, NULL, 0, NULL, NULL},
};

START_TEST(test_from_url)
{
    const struct url_case *expected = &url_cases[_i];
    asynchttp_proxy_info *info = asynchttp_proxy_info_from_url(expected->url, "http");
    ck_assert_msg((info != NULL) == (expected->type != 0), "%s", expected->url);
    if (!info)
        return;
    ck_assert_int_eq(asynchttp_proxy_info_type(info), expected->type);
    ck_assert_str_eq(asynchttp_proxy_info_host(info), expected->host);
    ck_assert_int_eq(asynchttp_proxy_info_port(info), expected->port);
    ck_text(asynchttp_proxy_info_user(info), expected->user);
    ck_text(asynchttp_proxy_info_password(info), expected->password);
    ck_assert(asynchttp_proxy_info_rdns(info));
    ck_assert_ptr_null(asynchttp_proxy_info_headers(info));
    ck_assert_ptr_null(asynchttp_proxy_info_bypass_hosts(info));
    asynchttp_proxy_info_free(info);
}
END_TEST

static const struct method_case {
    const char *url;
    const char *method;
    /* 0: no proxy. */
    int port;
} method_cases[] = {
    {"http://h", "http", 80}, {"http://h", "https", 443},  {"https://h", "http", 80},    {"socks5://h", "https", 443},
    {"h", "https", 443},      {"http://h:", "https", 443}, {"http://h:81", "https", 81}, {"http://h:81", "foobar", 0},
    {"http://h:81", "", 0},   {"http://h:81", "HTTP", 0},  {"http://h:81", "httpss", 0}, {"http://h:81", "socks5", 0},
};

START_TEST(test_from_url_method)
{
    const struct method_case *expected = &method_cases[_i];
    asynchttp_proxy_info *info = asynchttp_proxy_info_from_url(expected->url, expected->method);
    ck_assert_int_eq(info ? asynchttp_proxy_info_port(info) : 0, expected->port);
    asynchttp_proxy_info_free(info);
}
END_TEST

/* ---- Environment --------------------------------------------------------------------------- */

static const struct environment_case {
    const char *http_proxy;
    const char *HTTP_PROXY;
    const char *https_proxy;
    const char *HTTPS_PROXY;
    const char *method;
    /* NULL: no proxy. */
    const char *host;
    int port;
} environment_cases[] = {
    /* httplib2's. */
    {"http://myproxy.example.com:8080", NULL, NULL, NULL, "http", "myproxy.example.com", 8080},
    {"http://myproxy.example.com:80", NULL, "http://myproxy.example.com:81", NULL, "https", "myproxy.example.com", 81},
    {NULL, NULL, NULL, NULL, "http", NULL, 0},
    {NULL, NULL, NULL, NULL, "https", NULL, 0},
    {"http://a", "http://b", "http://c", "http://d", "foobar", NULL, 0},
    /* Upper case: not for http. */
    {NULL, "http://b", NULL, NULL, "http", NULL, 0},
    {"", "http://b", NULL, NULL, "http", NULL, 0},
    {NULL, NULL, NULL, "http://d", "https", "d", 443},
    {NULL, NULL, "http://c", "http://d", "https", "c", 443},
    /* An empty one is as good as none. */
    {NULL, NULL, "", "http://d", "https", "d", 443},
    {NULL, NULL, "", "", "https", NULL, 0},
    {"", NULL, NULL, NULL, "http", NULL, 0},
    /* Each method has its own. */
    {"http://a", NULL, NULL, NULL, "https", NULL, 0},
    {NULL, NULL, "http://c", "http://d", "http", NULL, 0},
    {"http://a", NULL, "http://c", NULL, "HTTP", NULL, 0},
    {"http://a", NULL, "http://c", NULL, "", NULL, 0},
    {"http://a:99999", NULL, NULL, NULL, "http", NULL, 0},
    {"a:3128", NULL, NULL, NULL, "http", "a", 3128},
};

START_TEST(test_from_environment)
{
    const struct environment_case *expected = &environment_cases[_i];
    set("http_proxy", expected->http_proxy);
    set("HTTP_PROXY", expected->HTTP_PROXY);
    set("https_proxy", expected->https_proxy);
    set("HTTPS_PROXY", expected->HTTPS_PROXY);
    set("all_proxy", "http://all");
    asynchttp_proxy_info *info = asynchttp_proxy_info_from_environment(expected->method);
    ck_text(info ? asynchttp_proxy_info_host(info) : NULL, expected->host);
    if (info)
        ck_assert_int_eq(asynchttp_proxy_info_port(info), expected->port);
    asynchttp_proxy_info_free(info);
}
END_TEST

static const struct no_proxy_case {
    const char *no_proxy;
    const char *NO_PROXY;
    /* All NULL: none. */
    const char *hosts[4];
} no_proxy_cases[] = {
    {NULL, NULL, {NULL}},
    {"", NULL, {NULL}},
    {NULL, "", {NULL}},
    {"a", "b", {"a"}},
    {"", "b", {"b"}},
    {NULL, "b", {"b"}},
    {"localhost,other.host,", NULL, {"localhost", "other.host"}},
    {",a,,b", NULL, {"a", "b"}},
    {"a", NULL, {"a"}},
    {" a ,\t.b\t, c d ", NULL, {"a", ".b", "c d"}},
    {"a\r\n", NULL, {"a"}},
    {",", NULL, {NULL}},
    {" ", NULL, {NULL}},
    {" , ,\t,", NULL, {NULL}},
    {"*", NULL, {"*"}},
    {" * ", NULL, {"*"}},
    {"a,*", NULL, {"a", "*"}},
    {"[::1],10.0.0.1", NULL, {"[::1]", "10.0.0.1"}},
};

START_TEST(test_no_proxy)
{
    const struct no_proxy_case *expected = &no_proxy_cases[_i];
    set("no_proxy", expected->no_proxy);
    set("NO_PROXY", expected->NO_PROXY);
    set("http_proxy", "http://h:81");
    asynchttp_proxy_info *infos[] = {asynchttp_proxy_info_from_environment("http"),
                                     asynchttp_proxy_info_from_url("http://h:81", "http")};
    for (int i = 0; i < COUNT(infos); i++) {
        ck_assert_ptr_nonnull(infos[i]);
        if (expected->hosts[0])
            ck_list(asynchttp_proxy_info_bypass_hosts(infos[i]), expected->hosts);
        else
            ck_assert_ptr_null(asynchttp_proxy_info_bypass_hosts(infos[i]));
        asynchttp_proxy_info_free(infos[i]);
    }
}
END_TEST

/* ---- Bypassing ----------------------------------------------------------------------------- */

static const struct applies_case {
    const char *no_proxy;
    const char *host;
    bool applies;
} applies_cases[] = {
    /* httplib2's. */
    {"localhost,example.com,.wildcard", "localhost", false},
    {"localhost,example.com,.wildcard", "www.google.com", true},
    {"localhost,example.com,.wildcard", "prefixlocalhost", true},
    {"localhost,example.com,.wildcard", "www.example.com", true},
    {"localhost,example.com,.wildcard", "sub.example.com", true},
    {"localhost,example.com,.wildcard", "sub.wildcard", false},
    {"localhost,example.com,.wildcard", "pub.sub.wildcard", false},
    {"localhost,other.host,", "localhost", false},
    {"localhost,other.host,", "other.host", false},
    {"localhost,other.host,", "example.domain", true},
    {"*", "localhost", false},
    {"*", "169.254.38.192", false},
    {"*", "www.google.com", false},
    /* Exact names. */
    {"example.com", "example.com", false},
    {"example.com", ".example.com", false},
    {"example.com", "example.com.", true},
    {"example.com", "example.co", true},
    {"example.com", "xexample.com", true},
    {"example.com", "", true},
    {"10.0.0.1", "10.0.0.1", false},
    {"10.0.0.1", "10.0.0.10", true},
    {"10.0.0.1", "110.0.0.1", true},
    {"Example.COM", "eXAMPLE.com", false},
    /* Suffixes, which cover themselves. */
    {".wildcard", "wildcard", false},
    {".wildcard", ".wildcard", false},
    {".wildcard", "..a.wildcard", false},
    {".wildcard", "awildcard", true},
    {".wildcard", "wildcard.a", true},
    {".wildcard", "card", true},
    {".wildcard", "a.wildcard.", true},
    {".wildcard", "", true},
    {".Wild.Card", "A.wILD.cARD", false},
    {".a.b", "b", true},
    {".", "a", true},
    {"..a", "b..a", false},
    {"..a", "b.a", true},
    /* "*" counts alone. */
    {" *,", "a", false},
    {"*", "", false},
    {"a,*", "b", true},
    {"*.b", "a.b", true},
    /* Letters beyond ASCII are compared as they are. */
    {"b\u00fccher", "b\u00fccher", false},
    {"b\u00fccher", "b\u00dccher", true},
    /* IPv6 addresses are compared without brackets. */
    {"::1", "::1", false},
    {"[::1]", "::1", false},
    {"::1", "[::1]", false},
    {"[::1]", "[::1]", false},
    {"[2001:DB8::A]", "2001:db8::a", false},
    {"::1", "::11", true},
    {"::1", "2::1", true},
};

START_TEST(test_applies_to)
{
    const struct applies_case *expected = &applies_cases[_i];
    set("no_proxy", expected->no_proxy);
    asynchttp_proxy_info *info = asynchttp_proxy_info_from_url("http://h", "http");
    ck_assert_ptr_nonnull(info);
    ck_assert_msg(asynchttp_proxy_info_applies_to(info, expected->host) == expected->applies, "%s, %s",
                  expected->no_proxy, expected->host);
    asynchttp_proxy_info_free(info);
}
END_TEST

START_TEST(test_set_bypass_hosts)
{
    static const char *const hosts[] = {"a", ".b", "[::1]", NULL};
    static const char *const all[] = {"*", NULL};
    static const char *const none[] = {NULL};
    asynchttp_proxy_info *info = made();
    ck_assert_int_eq(asynchttp_proxy_info_set_bypass_hosts(info, hosts), ASYNCHTTP_OK);
    ck_list(asynchttp_proxy_info_bypass_hosts(info), hosts);
    ck_assert(!asynchttp_proxy_info_applies_to(info, "a"));
    ck_assert(!asynchttp_proxy_info_applies_to(info, "c.b"));
    ck_assert(!asynchttp_proxy_info_applies_to(info, "::1"));
    ck_assert(asynchttp_proxy_info_applies_to(info, "c"));
    const char *const *own = asynchttp_proxy_info_bypass_hosts(info);
    ck_assert_int_eq(asynchttp_proxy_info_set_bypass_hosts(info, own + 1), ASYNCHTTP_OK);
    ck_list(asynchttp_proxy_info_bypass_hosts(info), hosts + 1);
    ck_assert_int_eq(asynchttp_proxy_info_set_bypass_hosts(info, all), ASYNCHTTP_OK);
    ck_assert(!asynchttp_proxy_info_applies_to(info, "c"));
    ck_assert_int_eq(asynchttp_proxy_info_set_bypass_hosts(info, none), ASYNCHTTP_OK);
    ck_assert_ptr_null(asynchttp_proxy_info_bypass_hosts(info));
    ck_assert(asynchttp_proxy_info_applies_to(info, "a"));
    ck_assert_int_eq(asynchttp_proxy_info_set_bypass_hosts(info, hosts), ASYNCHTTP_OK);
    ck_assert_int_eq(asynchttp_proxy_info_set_bypass_hosts(info, NULL), ASYNCHTTP_OK);
    ck_assert_ptr_null(asynchttp_proxy_info_bypass_hosts(info));
    asynchttp_proxy_info_free(info);
}
END_TEST

/* ---- Setters ------------------------------------------------------------------------------- */

START_TEST(test_set_rdns)
{
    asynchttp_proxy_info *info = made();
    ck_assert_int_eq(asynchttp_proxy_info_set_rdns(info, false), ASYNCHTTP_OK);
    ck_assert(!asynchttp_proxy_info_rdns(info));
    ck_assert_int_eq(asynchttp_proxy_info_set_rdns(info, true), ASYNCHTTP_OK);
    ck_assert(asynchttp_proxy_info_rdns(info));
    asynchttp_proxy_info_free(info);
}
END_TEST

static const struct accessor {
    asynchttp_code (*set)(asynchttp_proxy_info *info, const char *text);
    const char *(*get)(const asynchttp_proxy_info *info);
} accessors[] = {
    {asynchttp_proxy_info_set_user, asynchttp_proxy_info_user},
    {asynchttp_proxy_info_set_password, asynchttp_proxy_info_password},
};

START_TEST(test_set_text)
{
    const struct accessor *text = &accessors[_i];
    asynchttp_proxy_info *info = made();
    ck_assert_int_eq(text->set(info, "a: \u00fc@/"), ASYNCHTTP_OK);
    ck_assert_str_eq(text->get(info), "a: \u00fc@/");
    ck_assert_int_eq(text->set(info, text->get(info)), ASYNCHTTP_OK);
    ck_assert_str_eq(text->get(info), "a: \u00fc@/");
    static const char *const bad[] = {"a\nb", "\r", "a\tb", "\x01", "a\x1f", "\x7f"};
    for (int i = 0; i < COUNT(bad); i++) {
        ck_assert_int_eq(text->set(info, bad[i]), ASYNCHTTP_E_INVALID_ARGUMENT);
        ck_assert_str_eq(text->get(info), "a: \u00fc@/");
    }
    ck_assert_int_eq(text->set(info, ""), ASYNCHTTP_OK);
    ck_assert_str_eq(text->get(info), "");
    ck_assert_int_eq(text->set(info, NULL), ASYNCHTTP_OK);
    ck_assert_ptr_null(text->get(info));
    asynchttp_proxy_info_free(info);
}
END_TEST

static const struct headers_case {
    const char *headers[5];
    bool good;
} headers_cases[] = {
    {{"key0", "val0", "key1", "val1"}, true},
    {{"X-A", ""}, true},
    {{"X-A", " a, \"b\"\t\u00fc "}, true},
    {{"X-A"}, false},
    {{"X-A", "a", "X-B"}, false},
    {{"", "a"}, false},
    {{"X A", "a"}, false},
    {{"X:A", "a"}, false},
    {{"X-A\r\n", "a"}, false},
    {{"X-\u00fc", "a"}, false},
    {{"X-A", "a\r\nX-B: b"}, false},
    {{"X-A", "a\n"}, false},
    {{"X-A", "\ra"}, false},
    {{"X-A", "a\x7f"}, false},
    {{"X-A", "a", "X-B", "b\n"}, false},
};

START_TEST(test_set_headers)
{
    static const char *const old[] = {"Old", "old", NULL};
    const struct headers_case *given = &headers_cases[_i];
    asynchttp_proxy_info *info = made();
    ck_assert_int_eq(asynchttp_proxy_info_set_headers(info, old), ASYNCHTTP_OK);
    ck_assert_int_eq(asynchttp_proxy_info_set_headers(info, given->headers),
                     given->good ? ASYNCHTTP_OK : ASYNCHTTP_E_INVALID_ARGUMENT);
    ck_list(asynchttp_proxy_info_headers(info), given->good ? given->headers : old);
    ck_assert_int_eq(asynchttp_proxy_info_set_headers(info, asynchttp_proxy_info_headers(info)), ASYNCHTTP_OK);
    ck_list(asynchttp_proxy_info_headers(info), given->good ? given->headers : old);
    ck_assert_int_eq(asynchttp_proxy_info_set_headers(info, old + 2), ASYNCHTTP_OK);
    ck_assert_ptr_null(asynchttp_proxy_info_headers(info));
    ck_assert_int_eq(asynchttp_proxy_info_set_headers(info, NULL), ASYNCHTTP_OK);
    ck_assert_ptr_null(asynchttp_proxy_info_headers(info));
    asynchttp_proxy_info_free(info);
}
END_TEST

/* ---- Copying ------------------------------------------------------------------------------- */

START_TEST(test_copy)
{
    static const char *const headers[] = {"X-A", "a", "X-A", "b", NULL};
    static const char *const hosts[] = {"a", ".b", NULL};
    asynchttp_proxy_info *info = asynchttp_proxy_info_new(ASYNCHTTP_PROXY_SOCKS5, "fe80::1%Eth0", 1080);
    ck_assert_ptr_nonnull(info);
    asynchttp_proxy_info_set_rdns(info, false);
    ck_assert_int_eq(asynchttp_proxy_info_set_user(info, "name"), ASYNCHTTP_OK);
    ck_assert_int_eq(asynchttp_proxy_info_set_password(info, "secret"), ASYNCHTTP_OK);
    ck_assert_int_eq(asynchttp_proxy_info_set_headers(info, headers), ASYNCHTTP_OK);
    ck_assert_int_eq(asynchttp_proxy_info_set_bypass_hosts(info, hosts), ASYNCHTTP_OK);
    asynchttp_proxy_info *copy = ah_proxy_info_copy(info);
    ck_assert_ptr_nonnull(copy);
    asynchttp_proxy_info_free(info);
    ck_assert_int_eq(asynchttp_proxy_info_type(copy), ASYNCHTTP_PROXY_SOCKS5);
    ck_assert_str_eq(asynchttp_proxy_info_host(copy), "fe80::1%Eth0");
    ck_assert_int_eq(asynchttp_proxy_info_port(copy), 1080);
    ck_assert(!asynchttp_proxy_info_rdns(copy));
    ck_assert_str_eq(asynchttp_proxy_info_user(copy), "name");
    ck_assert_str_eq(asynchttp_proxy_info_password(copy), "secret");
    ck_list(asynchttp_proxy_info_headers(copy), headers);
    ck_list(asynchttp_proxy_info_bypass_hosts(copy), hosts);
    asynchttp_proxy_info_free(copy);
}
END_TEST

START_TEST(test_copy_of_little)
{
    asynchttp_proxy_info *info = made();
    asynchttp_proxy_info *copy = ah_proxy_info_copy(info);
    ck_assert_ptr_nonnull(copy);
    ck_assert(asynchttp_proxy_info_rdns(copy));
    ck_assert_ptr_null(asynchttp_proxy_info_user(copy));
    ck_assert_ptr_null(asynchttp_proxy_info_password(copy));
    ck_assert_ptr_null(asynchttp_proxy_info_headers(copy));
    ck_assert_ptr_null(asynchttp_proxy_info_bypass_hosts(copy));
    asynchttp_proxy_info_free(copy);
    asynchttp_proxy_info_free(info);
}
END_TEST

static void add_environment_tests(Suite *suite)
{
    TCase *tcase = tcase_create("environment");
    tcase_add_checked_fixture(tcase, clear_environment, clear_environment);
    tcase_add_loop_test(tcase, test_from_url, 0, COUNT(url_cases));
    tcase_add_loop_test(tcase, test_from_url_method, 0, COUNT(method_cases));
    tcase_add_loop_test(tcase, test_from_environment, 0, COUNT(environment_cases));
    tcase_add_loop_test(tcase, test_no_proxy, 0, COUNT(no_proxy_cases));
    tcase_add_loop_test(tcase, test_applies_to, 0, COUNT(applies_cases));
    suite_add_tcase(suite, tcase);
}

Suite *proxy_suite(void)
{
    Suite *suite = suite_create("proxy");
    add_environment_tests(suite);
    TCase *tcase = tcase_create("object");
    tcase_add_test(tcase, test_new);
    tcase_add_loop_test(tcase, test_new_arguments, 0, COUNT(new_cases));
    tcase_add_test(tcase, test_set_bypass_hosts);
    tcase_add_test(tcase, test_set_rdns);
    tcase_add_loop_test(tcase, test_set_text, 0, COUNT(accessors));
    tcase_add_loop_test(tcase, test_set_headers, 0, COUNT(headers_cases));
    tcase_add_test(tcase, test_copy);
    tcase_add_test(tcase, test_copy_of_little);
    suite_add_tcase(suite, tcase);
    return suite;
}
