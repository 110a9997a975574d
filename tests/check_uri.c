/*
 * Tests of lib/base/uri.h: the examples of RFC 3986 section 5.4, those of httplib2's iri2uri and urlnorm, and what a
 * hostile URI may hold.
 */
#include <check.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/uri.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

/* A label of the greatest length (RFC 1035 section 2.3.4). */
#define LABEL_63 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde"

Suite *uri_suite(void);

/* ---- Parsing ------------------------------------------------------------------------------- */

static const struct valid {
    const char *input;
    const char *text;
    const char *authority;
    const char *host;
    const char *target;
    unsigned port;
    bool https;
} valid[] = {
    /* httplib2's test_uri.py. */
    {"http://example.org", "http://example.org/", "example.org", "example.org", "/", 80, false},
    {"http://EXAMple.org", "http://example.org/", "example.org", "example.org", "/", 80, false},
    {"http://EXAMple.org?=b", "http://example.org/?=b", "example.org", "example.org", "/?=b", 80, false},
    {"http://EXAMple.org/mypath?a=b", "http://example.org/mypath?a=b", "example.org", "example.org", "/mypath?a=b", 80,
     false},
    {"HTTP://LOCALHOST:80", "http://localhost/", "localhost", "localhost", "/", 80, false},
    {"https://example.com:8080", "https://example.com:8080/", "example.com:8080", "example.com", "/", 8080, true},
    {"http://example.com/path?a=1&b=2#fred", "http://example.com/path?a=1&b=2", "example.com", "example.com",
     "/path?a=1&b=2", 80, false},
    /* httplib2's iri2uri.py, but for the fragments. */
    {"http://\u2604.com/\u2604", "http://xn--o3h.com/%E2%98%84", "xn--o3h.com", "xn--o3h.com", "/%E2%98%84", 80, false},
    {"http://bitworking.org/?fred=\u2604", "http://bitworking.org/?fred=%E2%98%84", "bitworking.org", "bitworking.org",
     "/?fred=%E2%98%84", 80, false},
    {"http://bitworking.org/#\u2604", "http://bitworking.org/", "bitworking.org", "bitworking.org", "/", 80, false},
    {"http://h/fred?bar=\u261a#\u2604", "http://h/fred?bar=%E2%98%9A", "h", "h", "/fred?bar=%E2%98%9A", 80, false},
    {"http://www.ietf.org/rfc/rfc2396.txt", "http://www.ietf.org/rfc/rfc2396.txt", "www.ietf.org", "www.ietf.org",
     "/rfc/rfc2396.txt", 80, false},
    /* Scheme, path, query, fragment. */
    {"hTTpS://h", "https://h/", "h", "h", "/", 443, true},
    {"http://h?x", "http://h/?x", "h", "h", "/?x", 80, false},
    {"http://h/?", "http://h/?", "h", "h", "/?", 80, false},
    {"http://h?", "http://h/?", "h", "h", "/?", 80, false},
    {"http://h#x", "http://h/", "h", "h", "/", 80, false},
    {"http://h#", "http://h/", "h", "h", "/", 80, false},
    {"http://h/a#b?c/d", "http://h/a", "h", "h", "/a", 80, false},
    {"http://h/a?b?c/d://", "http://h/a?b?c/d://", "h", "h", "/a?b?c/d://", 80, false},
    {"http://h/a:b@c", "http://h/a:b@c", "h", "h", "/a:b@c", 80, false},
    {"http://h?a@b", "http://h/?a@b", "h", "h", "/?a@b", 80, false},
    {"http://h#a@b", "http://h/", "h", "h", "/", 80, false},
    {"http://h//a", "http://h//a", "h", "h", "//a", 80, false},
    {"http://h/./a/../b/.", "http://h/./a/../b/.", "h", "h", "/./a/../b/.", 80, false},
    {"http://h/%7e%2F%2f?%41", "http://h/%7e%2F%2f?%41", "h", "h", "/%7e%2F%2f?%41", 80, false},
    {"http://h/\"<>\\^{}|`%?\"<>\\^{}|`%zz", "http://h/\"<>\\^{}|`%?\"<>\\^{}|`%zz", "h", "h",
     "/\"<>\\^{}|`%?\"<>\\^{}|`%zz", 80, false},
    {"http://h/a b?c d ", "http://h/a%20b?c%20d%20", "h", "h", "/a%20b?c%20d%20", 80, false},
    {"http://h/\r\nX: y\t\x01\x7f", "http://h/%0D%0AX:%20y%09%01%7F", "h", "h", "/%0D%0AX:%20y%09%01%7F", 80, false},
    {"http://h/\xff\xc3?\xc0\x80", "http://h/%FF%C3?%C0%80", "h", "h", "/%FF%C3?%C0%80", 80, false},
    /* Ports. */
    {"http://h:/", "http://h/", "h", "h", "/", 80, false},
    {"http://h:", "http://h/", "h", "h", "/", 80, false},
    {"http://h:080?x", "http://h/?x", "h", "h", "/?x", 80, false},
    {"http://h:443/", "http://h:443/", "h:443", "h", "/", 443, false},
    {"https://h:443/", "https://h/", "h", "h", "/", 443, true},
    {"https://h:80/", "https://h:80/", "h:80", "h", "/", 80, true},
    {"http://h:1", "http://h:1/", "h:1", "h", "/", 1, false},
    {"http://h:65535/", "http://h:65535/", "h:65535", "h", "/", 65535, false},
    {"http://h:0000000000000000000000008080/", "http://h:8080/", "h:8080", "h", "/", 8080, false},
    /* Names. */
    {"http://127.0.0.1:81/", "http://127.0.0.1:81/", "127.0.0.1:81", "127.0.0.1", "/", 81, false},
    {"http://a_b-c~d.e./", "http://a_b-c~d.e./", "a_b-c~d.e.", "a_b-c~d.e.", "/", 80, false},
    {"http://A!$&'()*+,;=Z/", "http://a!$&'()*+,;=z/", "a!$&'()*+,;=z", "a!$&'()*+,;=z", "/", 80, false},
    {"http://%45xample%2Ecom:81/", "http://example.com:81/", "example.com:81", "example.com", "/", 81, false},
    /* IDNA; U+3002 and its like are dots. */
    {"http://b\u00fccher.example/", "http://xn--bcher-kva.example/", "xn--bcher-kva.example", "xn--bcher-kva.example",
     "/", 80, false},
    {"https://B\u00dcCHER\u3002example:444/", "https://xn--bcher-kva.example:444/", "xn--bcher-kva.example:444",
     "xn--bcher-kva.example", "/", 444, true},
    {"http://bu\u0308cher\uff0eexample/", "http://xn--bcher-kva.example/", "xn--bcher-kva.example",
     "xn--bcher-kva.example", "/", 80, false},
    {"http://b%C3%BCcher.%65xample/", "http://xn--bcher-kva.example/", "xn--bcher-kva.example", "xn--bcher-kva.example",
     "/", 80, false},
    {"http://XN--BCHER-KVA.example/", "http://xn--bcher-kva.example/", "xn--bcher-kva.example", "xn--bcher-kva.example",
     "/", 80, false},
    {"http://fa\u00df.example/", "http://xn--fa-hia.example/", "xn--fa-hia.example", "xn--fa-hia.example", "/", 80,
     false},
    {"http://a\u3002b/", "http://a.b/", "a.b", "a.b", "/", 80, false},
    /* IPv6. */
    {"http://[::1]", "http://[::1]/", "[::1]", "::1", "/", 80, false},
    {"http://[2001:DB8::A]:8080/x", "http://[2001:db8::a]:8080/x", "[2001:db8::a]:8080", "2001:db8::a", "/x", 8080,
     false},
    {"https://[::FFFF:192.0.2.1]:443?x", "https://[::ffff:192.0.2.1]/?x", "[::ffff:192.0.2.1]", "::ffff:192.0.2.1",
     "/?x", 443, true},
    {"http://[ABCD:EF01:2345:6789:abcd:EF01:255.255.255.255]:/",
     "http://[abcd:ef01:2345:6789:abcd:ef01:255.255.255.255]/", "[abcd:ef01:2345:6789:abcd:ef01:255.255.255.255]",
     "abcd:ef01:2345:6789:abcd:ef01:255.255.255.255", "/", 80, false},
    {"http://[FE80::A%25Eth0]:81/", "http://[fe80::a%25Eth0]:81/", "[fe80::a%25Eth0]:81", "fe80::a%25Eth0", "/", 81,
     false},
    {"http://[fe80::1%25a.b-c_d~%7C]/", "http://[fe80::1%25a.b-c_d~%7C]/", "[fe80::1%25a.b-c_d~%7C]",
     "fe80::1%25a.b-c_d~%7C", "/", 80, false},
};

static void ck_uri(const ah_uri *uri, const struct valid *expected)
{
    ck_assert_str_eq(uri->text, expected->text);
    ck_assert_str_eq(uri->authority, expected->authority);
    ck_assert_str_eq(uri->host, expected->host);
    ck_assert_str_eq(uri->target, expected->target);
    ck_assert_uint_eq(uri->port, expected->port);
    ck_assert(uri->https == expected->https);
    ck_assert_ptr_eq(uri->text + strlen(uri->text) - strlen(uri->target), uri->target);
}

START_TEST(test_valid)
{
    const struct valid *expected = &valid[_i];
    const char *why = "untouched";
    ah_uri uri;
    ck_assert_int_eq(ah_uri_parse(&uri, expected->input, &why), ASYNCHTTP_OK);
    ck_assert_str_eq(why, "untouched");
    ck_uri(&uri, expected);
    ah_uri_clear(&uri);
    ck_assert_ptr_null(uri.text);
    ah_uri_clear(&uri);
}
END_TEST

/* What came out is in normal form: it goes in again unchanged. */
START_TEST(test_valid_again)
{
    const char *why;
    ah_uri uri;
    ck_assert_int_eq(ah_uri_parse(&uri, valid[_i].text, &why), ASYNCHTTP_OK);
    ck_uri(&uri, &valid[_i]);
    ah_uri_clear(&uri);
}
END_TEST

static const char *const relative[] = {
    "",
    "/",
    "/x",
    "x",
    "?x",
    "#x",
    ":",
    "//host/x",
    "://host/",
    "http",
    "http:",
    "http:/",
    "http:x",
    "http:/x",
    "http:?//h",
    "http:#//h",
    "http://",
    "http:///path",
    "http://?x",
    "http://#x",
    "https:///",
    "https:",
    /* No schemes by section 3.1. */
    " http://h/",
    "\thttp://h/",
    "\xef\xbb\xbfhttp://h/",
    "1http://h/",
    "127.0.0.1:80/x",
    "+http://h/",
    "h_ttp://h/",
    "http ://h/",
    "h%74tp://h/",
    "<http://h/>",
    "#http://h/",
    "www.example.com",
};

static asynchttp_code failure(const char *input, const char **why)
{
    ah_uri uri;
    memset(&uri, 0xff, sizeof(uri));
    *why = NULL;
    asynchttp_code code = ah_uri_parse(&uri, input, why);
    ck_assert_msg(code != ASYNCHTTP_OK, "%s was taken", input);
    ck_assert(!uri.text && !uri.authority && !uri.host && !uri.target && !uri.port && !uri.https);
    ck_assert_msg(*why && **why, "%s has no reason", input);
    return code;
}

START_TEST(test_relative)
{
    const char *why;
    ck_assert_int_eq(failure(relative[_i], &why), ASYNCHTTP_E_RELATIVE_URI);
}
END_TEST

static const struct refused {
    const char *input;
    /* What the reason speaks of. */
    const char *word;
} refused[] = {
    {"ftp://h/", "scheme"},
    {"file:///etc/passwd", "scheme"},
    {"mailto:John.Doe@example.com", "scheme"},
    {"javascript:alert(1)", "scheme"},
    {"urn:oasis:names:specification:docbook:dtd:xml:4.1.2", "scheme"},
    {"localhost:8080/x", "scheme"},
    {"httpss://h/", "scheme"},
    {"htt://h/", "scheme"},
    {"ws+http-1.0://h/", "scheme"},
    {"g:h", "scheme"},
    /* Names and passwords. */
    {"http://user:password@h/", "asynchttp_http_add_credentials()"},
    {"http://user@h/", "asynchttp_http_add_credentials()"},
    {"http://@h/", "asynchttp_http_add_credentials()"},
    {"http://h@/", "asynchttp_http_add_credentials()"},
    {"http://good\\@evil/", "asynchttp_http_add_credentials()"},
    {"http://a@b@c/", "asynchttp_http_add_credentials()"},
    {"http://good@[::1]/", "asynchttp_http_add_credentials()"},
    {"http://good:80@evil:80", "asynchttp_http_add_credentials()"},
    /* Ports. */
    {"http://h:0/", "port"},
    {"http://h:00/", "port"},
    {"http://h:65536/", "port"},
    {"http://h:4294967376/", "port"},
    {"http://h:18446744073709551696/", "port"},
    {"http://h:x/", "port"},
    {"http://h:8a/", "port"},
    {"http://h:+80/", "port"},
    {"http://h:-80/", "port"},
    {"http://h: 80/", "port"},
    {"http://h:80 /", "port"},
    {"http://h:80:80/", "port"},
    {"http://h::80/", "port"},
    {"http://h:%38%30/", "port"},
    {"http://h:\uff18\uff10/", "port"},
    {"http://fe80::1/", "port"},
    {"http://[::1]:x/", "port"},
    /* Names. */
    {"http://:80/", "empty"},
    {"http://:/", "empty"},
    {"http://::1/", "empty"},
    {"http://\u00ad/", "empty"},
    {"http://h\\x/", "character"},
    {"http://h\\/x", "character"},
    {"http://a b/", "character"},
    {"http:// h/", "character"},
    {"http://h ", "character"},
    {"http://h\t/", "character"},
    {"http://h\r\nX: y", "character"},
    {"http://h\x7f/", "character"},
    {"http://a<b>/", "character"},
    {"http://a\"b/", "character"},
    {"http://a|b/", "character"},
    {"http://a^b`{c}/", "character"},
    {"http://a[b]/", "character"},
    {"http://]/", "character"},
    {"http://%/", "character"},
    {"http://a%4/", "character"},
    {"http://a%4", "character"},
    {"http://a%/", "character"},
    {"http://a%zz/", "character"},
    {"http://a%00b/", "character"},
    {"http://\u00fc%00b/", "character"},
    {"http://good%2Fevil/", "character"},
    {"http://good%40evil/", "character"},
    {"http://good%3A80/", "character"},
    {"http://good%23evil/", "character"},
    {"http://good%3Fevil/", "character"},
    {"http://good%5Cevil/", "character"},
    {"http://a%20b/", "character"},
    {"http://a%0D%0Ab/", "character"},
    {"http://a%252Eb/", "character"},
    {"http://%5B::1%5D/", "character"},
    {"http://%5B1%5D/", "character"},
    /* IDNA. Some characters become delimiters: U+FF0F "/", U+2100 "a/c", U+FF20 "@", U+FF1A ":". */
    {"http://good\uff0fevil/", "character"},
    {"http://good\u2100evil/", "character"},
    {"http://good\uff20evil/", "character"},
    {"http://good\uff1a80/", "character"},
    {"http://a\uff0541b/", "character"},
    {"http://a\u3000b/", "character"},
    {"http://\xff/", "domain name"},
    {"http://\xc3/", "domain name"},
    {"http://\xc0\xaf/", "domain name"},
    {"http://\xed\xa0\x80/", "domain name"},
    {"http://%FF/", "domain name"},
    {"http://\u0300a/", "domain name"},
    {"http://\u00fc-/", "domain name"},
    {"http://\u00fc" LABEL_63 "/", "domain name"},
    /* IPv6. */
    {"http://[/", "bracket"},
    {"http://[", "bracket"},
    {"http://[::1", "bracket"},
    {"http://[::1/]", "bracket"},
    {"http://[]/", "IPv6"},
    {"http://[:]/", "IPv6"},
    {"http://[127.0.0.1]/", "IPv6"},
    {"http://[h]/", "IPv6"},
    {"http://[::g]/", "IPv6"},
    {"http://[::1 ]/", "IPv6"},
    {"http://[[::1]]/", "IPv6"},
    {"http://[1:2:3:4:5:6:7:8:9]/", "IPv6"},
    {"http://[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]/", "IPv6"},
    {"http://[v1.x]/", "IPv6"},
    {"http://[vF.::1]/", "IPv6"},
    {"http://[fe80::1%eth0]/", "IPv6"},
    {"http://[fe80::1%25]/", "IPv6"},
    {"http://[fe80::1%2]/", "IPv6"},
    {"http://[fe80::1%25a%]/", "IPv6"},
    {"http://[fe80::1%25a%00]/", "IPv6"},
    {"http://[fe80::1%25a%4]/", "IPv6"},
    {"http://[fe80::1%25a b]/", "IPv6"},
    {"http://[fe80::1%25a:b]/", "IPv6"},
    {"http://[fe80::1%25\u00fc]/", "IPv6"},
    {"http://[%25eth0]/", "IPv6"},
    {"http://[::1]x/", "between"},
    {"http://[::1]x:80/", "between"},
    {"http://[::1].example/", "between"},
};

START_TEST(test_refused)
{
    const char *why;
    ck_assert_int_eq(failure(refused[_i].input, &why), ASYNCHTTP_E_INVALID_ARGUMENT);
    ck_assert_msg(strstr(why, refused[_i].word) != NULL, "%s: \"%s\" does not speak of %s", refused[_i].input, why,
                  refused[_i].word);
}
END_TEST

/* ---- Every byte ---------------------------------------------------------------------------- */

/* In the path and in the query: kept if it is visible ASCII, else escaped. */
START_TEST(test_bytes_of_target)
{
    for (int byte = 1; byte < 256; byte++) {
        if (byte == '#' || byte == '?')
            continue;
        char input[32], expected[32];
        snprintf(input, sizeof(input), "http://h/a%cb?%c", byte, byte);
        bool kept = byte > 0x20 && byte < 0x7f;
        snprintf(expected, sizeof(expected), kept ? "/a%cb?%c" : "/a%%%02Xb?%%%02X", byte, byte);
        const char *why;
        ah_uri uri;
        ck_assert_int_eq(ah_uri_parse(&uri, input, &why), ASYNCHTTP_OK);
        ck_assert_str_eq(uri.target, expected);
        ah_uri_clear(&uri);
    }
}
END_TEST

static void ck_byte_of_host(const char *input, int byte)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!$&'()*+,;=";
    const char *why;
    ah_uri uri;
    bool taken = !ah_uri_parse(&uri, input, &why);
    ck_assert_msg(taken == (byte > 0 && strchr(allowed, byte)), "%s: byte %02X", input, (unsigned)byte);
    if (taken) {
        char expected[] = {'a', (char)byte, 'b', '\0'};
        if (byte >= 'A' && byte <= 'Z')
            expected[1] = (char)(byte - 'A' + 'a');
        ck_assert_str_eq(uri.host, expected);
    }
    ah_uri_clear(&uri);
}

/* As it is and as "%XX". */
START_TEST(test_bytes_of_host)
{
    for (int byte = 0; byte < 256; byte++) {
        char input[32];
        snprintf(input, sizeof(input), "http://a%%%02xb/", (unsigned)byte);
        ck_byte_of_host(input, byte);
        if (byte == 0 || strchr("/?#:", byte))
            continue;
        snprintf(input, sizeof(input), "http://a%cb/", byte);
        ck_byte_of_host(input, byte);
    }
}
END_TEST

/* ---- Lengths ------------------------------------------------------------------------------- */

/* before, count times unit, after; freed by the caller. */
static char *repeated(const char *before, const char *unit, size_t count, const char *after)
{
    size_t length = strlen(unit);
    char *text = malloc(strlen(before) + length * count + strlen(after) + 1);
    ck_assert_ptr_nonnull(text);
    char *end = text + sprintf(text, "%s", before);
    for (; count > 0; count--, end += length)
        memcpy(end, unit, length);
    strcpy(end, after);
    return text;
}

static const struct long_host {
    const char *before;
    const char *unit;
    size_t count;
    const char *after;
    /* 0: too long. */
    size_t length;
} long_hosts[] = {
    {"http://", "a", 255, "", 255},
    {"http://", "a", 255, ":81/x", 255},
    {"http://", "a", 256, "", 0},
    {"http://", "a", 1 << 20, "", 0},
    {"http://", "%61", 255, "/", 255},
    {"http://", "%61", 256, "/", 0},
    {"http://", "%61", 1 << 20, "/", 0},
    {"http://", "\u00fc.", 100, "/", 0},
    {"http://", "\u00fc.", 25, "/", 200},
    {"http://", "%C3%BC.", 25, "/", 200},
    {"http://", "\u00fc", 1 << 20, "/", 0},
    {"http://[fe80::1%25", "a", 245, "]", 255},
    {"http://[fe80::1%25", "a", 246, "]", 0},
    {"http://[fe80::1%25", "a", 1 << 20, "]", 0},
    {"http://[", ":", 1 << 20, "]", 0},
};

START_TEST(test_long_host)
{
    const struct long_host *host = &long_hosts[_i];
    char *text = repeated(host->before, host->unit, host->count, host->after);
    const char *why;
    ah_uri uri;
    asynchttp_code code = ah_uri_parse(&uri, text, &why);
    ck_assert_int_eq(code, host->length ? ASYNCHTTP_OK : ASYNCHTTP_E_INVALID_ARGUMENT);
    if (!code)
        ck_assert_uint_eq(strlen(uri.host), host->length);
    ah_uri_clear(&uri);
    free(text);
}
END_TEST

static const struct long_target {
    const char *unit;
    const char *expected;
} long_targets[] = {{"a", "a"}, {"/", "/"}, {"\xff", "%FF"}, {" ", "%20"}, {"?", "?"}, {"/../", "/../"}};

START_TEST(test_long_target)
{
    const size_t count = 1 << 20;
    char *text = repeated("http://h/", long_targets[_i].unit, count, "#fragment");
    char *expected = repeated("http://h/", long_targets[_i].expected, count, "");
    const char *why;
    ah_uri uri;
    ck_assert_int_eq(ah_uri_parse(&uri, text, &why), ASYNCHTTP_OK);
    ck_assert(strcmp(uri.text, expected) == 0);
    ck_assert_str_eq(uri.host, "h");
    ah_uri_clear(&uri);
    free(expected);
    free(text);
}
END_TEST

/* ---- Resolving ----------------------------------------------------------------------------- */

static const struct resolution {
    const char *base;
    const char *reference;
    /* NULL: ASYNCHTTP_E_INVALID_ARGUMENT. "": ASYNCHTTP_E_RELATIVE_URI. */
    const char *text;
} resolutions[] = {
    /* RFC 3986 section 5.4.1, with the scheme http. */
    {"http://a/b/c/d;p?q", "g:h", NULL},
    {"http://a/b/c/d;p?q", "g", "http://a/b/c/g"},
    {"http://a/b/c/d;p?q", "./g", "http://a/b/c/g"},
    {"http://a/b/c/d;p?q", "g/", "http://a/b/c/g/"},
    {"http://a/b/c/d;p?q", "/g", "http://a/g"},
    {"http://a/b/c/d;p?q", "//g", "http://g/"},
    {"http://a/b/c/d;p?q", "?y", "http://a/b/c/d;p?y"},
    {"http://a/b/c/d;p?q", "g?y", "http://a/b/c/g?y"},
    {"http://a/b/c/d;p?q", "#s", "http://a/b/c/d;p?q"},
    {"http://a/b/c/d;p?q", "g#s", "http://a/b/c/g"},
    {"http://a/b/c/d;p?q", "g?y#s", "http://a/b/c/g?y"},
    {"http://a/b/c/d;p?q", ";x", "http://a/b/c/;x"},
    {"http://a/b/c/d;p?q", "g;x", "http://a/b/c/g;x"},
    {"http://a/b/c/d;p?q", "g;x?y#s", "http://a/b/c/g;x?y"},
    {"http://a/b/c/d;p?q", "", "http://a/b/c/d;p?q"},
    {"http://a/b/c/d;p?q", ".", "http://a/b/c/"},
    {"http://a/b/c/d;p?q", "./", "http://a/b/c/"},
    {"http://a/b/c/d;p?q", "..", "http://a/b/"},
    {"http://a/b/c/d;p?q", "../", "http://a/b/"},
    {"http://a/b/c/d;p?q", "../g", "http://a/b/g"},
    {"http://a/b/c/d;p?q", "../..", "http://a/"},
    {"http://a/b/c/d;p?q", "../../", "http://a/"},
    {"http://a/b/c/d;p?q", "../../g", "http://a/g"},
    /* Section 5.4.2. */
    {"http://a/b/c/d;p?q", "../../../g", "http://a/g"},
    {"http://a/b/c/d;p?q", "../../../../g", "http://a/g"},
    {"http://a/b/c/d;p?q", "/./g", "http://a/g"},
    {"http://a/b/c/d;p?q", "/../g", "http://a/g"},
    {"http://a/b/c/d;p?q", "g.", "http://a/b/c/g."},
    {"http://a/b/c/d;p?q", ".g", "http://a/b/c/.g"},
    {"http://a/b/c/d;p?q", "g..", "http://a/b/c/g.."},
    {"http://a/b/c/d;p?q", "..g", "http://a/b/c/..g"},
    {"http://a/b/c/d;p?q", "./../g", "http://a/b/g"},
    {"http://a/b/c/d;p?q", "./g/.", "http://a/b/c/g/"},
    {"http://a/b/c/d;p?q", "g/./h", "http://a/b/c/g/h"},
    {"http://a/b/c/d;p?q", "g/../h", "http://a/b/c/h"},
    {"http://a/b/c/d;p?q", "g;x=1/./y", "http://a/b/c/g;x=1/y"},
    {"http://a/b/c/d;p?q", "g;x=1/../y", "http://a/b/c/y"},
    {"http://a/b/c/d;p?q", "g?y/./x", "http://a/b/c/g?y/./x"},
    {"http://a/b/c/d;p?q", "g?y/../x", "http://a/b/c/g?y/../x"},
    {"http://a/b/c/d;p?q", "g#s/./x", "http://a/b/c/g"},
    {"http://a/b/c/d;p?q", "g#s/../x", "http://a/b/c/g"},
    /* Strict: no scheme is taken for none, even if it is the base's. */
    {"http://a/b/c/d;p?q", "http:g", ""},
    {"http://a/b", "http:", ""},
    {"http://a/b", "http:/.//evil/", ""},
    {"http://a/b", "//", ""},
    {"http://a/b", "///c", ""},
    {"http://a/b", "//?c", ""},
    {"http://a/b", "https:///c", ""},
    {"http://a/b", "mailto:x@y", NULL},
    {"http://a/b", "javascript:alert(1)", NULL},
    {"http://a/b", "ftp://c/./d", NULL},
    {"http://a/b", "//user:password@c/", NULL},
    {"http://a/b", "//c:99999/", NULL},
    {"http://a/b", "//c\\d/", NULL},
    {"http://a/b", "https://c d/", NULL},
    /* Another scheme or host. */
    {"http://a:81/b?q", "https://C/./d/../e?f#g", "https://c/e?f"},
    {"http://a:81/b?q", "HTTPS://c", "https://c/"},
    {"http://a/b?q", "http://c?", "http://c/?"},
    {"https://a:81/b?q", "//c:443/d/..", "https://c/"},
    {"https://a:81/b?q", "//c", "https://c/"},
    {"http://a/b", "//[::1]:8080", "http://[::1]:8080/"},
    /* The base's authority stays. */
    {"https://a:81/b/c?q", "d", "https://a:81/b/d"},
    {"http://[FE80::1%25Eth0]:81/b", "c", "http://[fe80::1%25Eth0]:81/c"},
    {"http://a", "g", "http://a/g"},
    {"http://a", "../g", "http://a/g"},
    {"http://a?x/y", "g", "http://a/g"},
    {"http://a?x/y", "?", "http://a/?"},
    {"http://a?x/y", "#", "http://a/?x/y"},
    {"http://a/b/?", "", "http://a/b/?"},
    {"http://a/./b/../c?q", "", "http://a/./b/../c?q"},
    {"http://a/./b/../c?q", "?r", "http://a/./b/../c?r"},
    {"http://a/./b/../c?q", "d", "http://a/d"},
    /* Empty segments are segments, and a path may begin with two slashes. */
    {"http://a/b//c", "..", "http://a/b/"},
    {"http://a/b//c", "../..", "http://a/"},
    {"http://a//b//c", "d", "http://a//b//d"},
    {"http://a/b/c", ".//d", "http://a/b//d"},
    {"http://a/b/c", "/.//d", "http://a//d"},
    {"http://a/b/c", "/..//d", "http://a//d"},
    {"http://a/b", "/...", "http://a/..."},
    {"http://a/b", "/.../..", "http://a/"},
    {"http://a/b", "%2e%2E/c", "http://a/%2e%2E/c"},
    /* No scheme by section 3.1, so a path. */
    {"http://a/b/c", "1:d", "http://a/b/1:d"},
    {"http://a/b/c", "./d:e", "http://a/b/d:e"},
    {"http://a/b/c", " http://d/", "http://a/b/%20http://d/"},
    {"http://a/b/c", ":", "http://a/b/:"},
    /* IRIs. */
    {"http://a/b/c", "\u2604 d?\u2604 e#\u2604", "http://a/b/%E2%98%84%20d?%E2%98%84%20e"},
    {"http://a/b/c", "/\xff/../\xfe", "http://a/%FE"},
    {"http://\u2604.com/\u2604/\u2604", "\u261a", "http://xn--o3h.com/%E2%98%84/%E2%98%9A"},
    {"http://a/b/c", "//b\u00fccher.example/\u2604", "http://xn--bcher-kva.example/%E2%98%84"},
    {"http://a/b/c", "d\r\nX: y", "http://a/b/d%0D%0AX:%20y"},
};

START_TEST(test_resolve)
{
    const struct resolution *expected = &resolutions[_i];
    const char *why = NULL;
    ah_uri base, uri;
    ck_assert_int_eq(ah_uri_parse(&base, expected->base, &why), ASYNCHTTP_OK);
    memset(&uri, 0xff, sizeof(uri));
    asynchttp_code code = ah_uri_resolve(&uri, &base, expected->reference, &why);
    if (!expected->text || !*expected->text) {
        ck_assert_int_eq(code, expected->text ? ASYNCHTTP_E_RELATIVE_URI : ASYNCHTTP_E_INVALID_ARGUMENT);
        ck_assert_ptr_null(uri.text);
        ck_assert_ptr_nonnull(why);
    } else {
        ck_assert_int_eq(code, ASYNCHTTP_OK);
        ck_assert_str_eq(uri.text, expected->text);
    }
    ah_uri_clear(&base);
    ah_uri_clear(&uri);
}
END_TEST

/* A path of dots is removed in one pass. */
START_TEST(test_resolve_long)
{
    const char *why;
    ah_uri base, uri;
    char *down = repeated("http://a/", "b/", 1 << 19, "");
    char *up = repeated("", "../", 1 << 19, "c");
    ck_assert_int_eq(ah_uri_parse(&base, down, &why), ASYNCHTTP_OK);
    ck_assert_int_eq(ah_uri_resolve(&uri, &base, up, &why), ASYNCHTTP_OK);
    ck_assert_str_eq(uri.text, "http://a/c");
    ah_uri_clear(&uri);
    ah_uri_clear(&base);
    free(up);
    free(down);
}
END_TEST

/* ---- Comparing ----------------------------------------------------------------------------- */

static const struct pair {
    const char *a;
    const char *b;
    bool same;
} pairs[] = {
    {"http://h/a", "HTTP://H:80?b", true},
    {"https://h:443", "https://h", true},
    {"http://b\u00fccher.example", "http://xn--bcher-kva.example", true},
    {"http://h", "https://h", false},
    {"http://h:443", "https://h:443", false},
    {"http://h", "http://h:81", false},
    {"http://h", "http://h.", false},
    {"http://h", "http://i", false},
    {"http://h", "http://www.h", false},
    {"http://[fe80::1%25a]", "http://[fe80::1%25A]", false},
};

START_TEST(test_same_origin)
{
    const char *why;
    ah_uri a, b;
    ck_assert_int_eq(ah_uri_parse(&a, pairs[_i].a, &why), ASYNCHTTP_OK);
    ck_assert_int_eq(ah_uri_parse(&b, pairs[_i].b, &why), ASYNCHTTP_OK);
    ck_assert(ah_uri_same_origin(&a, &b) == pairs[_i].same);
    ck_assert(ah_uri_same_origin(&b, &a) == pairs[_i].same);
    ck_assert(ah_uri_same_origin(&a, &a));
    ah_uri_clear(&a);
    ah_uri_clear(&b);
}
END_TEST

Suite *uri_suite(void)
{
    Suite *suite = suite_create("uri");
    TCase *parse = tcase_create("parse");
    tcase_add_loop_test(parse, test_valid, 0, COUNT(valid));
    tcase_add_loop_test(parse, test_valid_again, 0, COUNT(valid));
    tcase_add_loop_test(parse, test_relative, 0, COUNT(relative));
    tcase_add_loop_test(parse, test_refused, 0, COUNT(refused));
    tcase_add_test(parse, test_bytes_of_target);
    tcase_add_test(parse, test_bytes_of_host);
    tcase_add_loop_test(parse, test_long_host, 0, COUNT(long_hosts));
    tcase_add_loop_test(parse, test_long_target, 0, COUNT(long_targets));
    suite_add_tcase(suite, parse);
    TCase *resolve = tcase_create("resolve");
    tcase_add_loop_test(resolve, test_resolve, 0, COUNT(resolutions));
    tcase_add_test(resolve, test_resolve_long);
    tcase_add_loop_test(resolve, test_same_origin, 0, COUNT(pairs));
    suite_add_tcase(suite, resolve);
    return suite;
}
