/*
 * Tests of lib/digest.h: the examples of RFC 7616, 2617, 2069 and 7617, those of httplib2's test_auth.py and
 * test_other.py, and what was computed independently with Python's hashlib.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "digest.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

/* RFC 7616 section 3.9.1. */
#define MUFASA_REALM "http-auth@example.org"
#define MUFASA_NONCE "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
#define MUFASA_CNONCE "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
#define MUFASA_OPAQUE "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"
#define MUFASA_CHALLENGE "Digest realm=\"" MUFASA_REALM "\", nonce=\"" MUFASA_NONCE "\", opaque=\"" MUFASA_OPAQUE "\""
#define MUFASA_BEGIN                                                                                                   \
    "Digest username=\"Mufasa\", realm=\"" MUFASA_REALM "\", nonce=\"" MUFASA_NONCE "\", uri=\"/dir/index.html\", "
#define MUFASA_USE "\", qop=auth, nc=00000001, cnonce=\"" MUFASA_CNONCE "\", opaque=\"" MUFASA_OPAQUE "\""

/* RFC 7616 section 3.9.2. */
#define DOE "J\u00e4s\u00f8n Doe"
#define DOE_NONCE "5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK"
#define DOE_CNONCE "NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v"
#define DOE_CHALLENGE "Digest realm=\"api@example.org\", qop=\"auth\", nonce=\"" DOE_NONCE "\", charset=UTF-8"
#define DOE_USE "\", qop=auth, nc=00000001, cnonce=\"" DOE_CNONCE "\""
#define DOE_REALM "\", realm=\"api@example.org\", nonce=\"" DOE_NONCE "\", uri=\"/doe.json\", "

Suite *digest_suite(void);

/* ---- Reading ------------------------------------------------------------------------------- */

static asynchttp_code read_digest(ah_digest *digest, const char *field, const char **why)
{
    ah_challenges challenges;
    ck_assert_int_eq(ah_challenges_parse(&challenges, field), ASYNCHTTP_OK);
    const ah_challenge *challenge = ah_challenges_find(&challenges, "digest");
    ck_assert_ptr_nonnull(challenge);
    memset(digest, 0xff, sizeof(*digest));
    asynchttp_code code = ah_digest_read(digest, challenge, why);
    ah_challenges_clear(&challenges);
    return code;
}

static void ck_empty(const ah_digest *digest)
{
    ck_assert_ptr_null(digest->realm);
    ck_assert_ptr_null(digest->nonce);
    ck_assert_ptr_null(digest->opaque);
}

static ah_digest good_digest(const char *field)
{
    ah_digest digest;
    const char *why = "untouched";
    asynchttp_code code = read_digest(&digest, field, &why);
    ck_assert_msg(code == ASYNCHTTP_OK && strcmp(why, "untouched") == 0, "%s: %s", field, why);
    return digest;
}

START_TEST(test_read)
{
    ah_digest digest =
        good_digest("Digest Realm=\"a \\\"b\\\" \", NONCE=n, opaque=\"\", domain=\"/\", algorithm=Md5-SESS, "
                    "qop=\"auth-int, AUTH\", stale=TRUE, charset=\"utf-8\", userhash=\"True\"");
    ck_assert_int_eq(digest.algorithm, AH_DIGEST_MD5_SESS);
    ck_assert(digest.has_algorithm && digest.qop_auth && digest.userhash && digest.utf8 && digest.stale);
    ck_assert_str_eq(digest.realm, "a \"b\" ");
    ck_assert_str_eq(digest.nonce, "n");
    ck_assert_str_eq(digest.opaque, "");
    ah_digest_clear(&digest);
    ck_empty(&digest);
    ah_digest_clear(&digest);
}
END_TEST

START_TEST(test_read_least)
{
    ah_digest digest = good_digest("Digest realm=\"\", nonce=\"\"");
    ck_assert_int_eq(digest.algorithm, AH_DIGEST_MD5);
    ck_assert(!digest.has_algorithm && !digest.qop_auth && !digest.userhash && !digest.utf8 && !digest.stale);
    ck_assert_str_eq(digest.realm, "");
    ck_assert_str_eq(digest.nonce, "");
    ck_assert_ptr_null(digest.opaque);
    ah_digest_clear(&digest);
}
END_TEST

START_TEST(test_read_false)
{
    ah_digest digest = good_digest("Digest realm=r, nonce=n, stale=false, userhash=false, charset=latin-1");
    ck_assert(!digest.userhash && !digest.utf8 && !digest.stale);
    ah_digest_clear(&digest);
}
END_TEST

static const struct algorithm_case {
    const char *name;
    ah_digest_algorithm algorithm;
} algorithm_cases[] = {
    {"MD5", AH_DIGEST_MD5},
    {"md5", AH_DIGEST_MD5},
    {"\"MD5\"", AH_DIGEST_MD5},
    {"MD5-sess", AH_DIGEST_MD5_SESS},
    {"SHA-256", AH_DIGEST_SHA_256},
    {"sha-256-SESS", AH_DIGEST_SHA_256_SESS},
    {"SHA-512-256", AH_DIGEST_SHA_512_256},
    {"SHA-512-256-sess", AH_DIGEST_SHA_512_256_SESS},
};

START_TEST(test_algorithm)
{
    char field[100];
    snprintf(field, sizeof(field), "Digest realm=r, nonce=n, algorithm=%s", algorithm_cases[_i].name);
    ah_digest digest = good_digest(field);
    ck_assert_int_eq(digest.algorithm, algorithm_cases[_i].algorithm);
    ck_assert(digest.has_algorithm);
    ah_digest_clear(&digest);
}
END_TEST

static const char *const qop_cases[] = {
    "auth",
    "\"auth\"",
    "\"AUTH\"",
    "\"auth,auth-int\"",
    "\"auth-int,auth\"",
    "\" auth-int ,\tauth , x\"",
    /* As httplib2 reads it. */
    "\"auth-int auth\"",
    "\",,auth\"",
};

START_TEST(test_qop)
{
    char field[100];
    snprintf(field, sizeof(field), "Digest realm=r, nonce=n, qop=%s", qop_cases[_i]);
    ah_digest digest = good_digest(field);
    ck_assert(digest.qop_auth);
    ah_digest_clear(&digest);
}
END_TEST

static const struct refusal {
    const char *field;
    asynchttp_code code;
    const char *why;
} refusals[] = {
    {"Digest realm=r, nonce=n, algorithm=SHA", ASYNCHTTP_E_UNIMPLEMENTED_DIGEST_AUTH_OPTION,
     "Unsupported value for algorithm: SHA."},
    {"Digest realm=r, nonce=n, algorithm=\"\"", ASYNCHTTP_E_UNIMPLEMENTED_DIGEST_AUTH_OPTION,
     "Unsupported value for algorithm: ."},
    {"Digest realm=r, nonce=n, algorithm=MD5-ses", ASYNCHTTP_E_UNIMPLEMENTED_DIGEST_AUTH_OPTION,
     "Unsupported value for algorithm: MD5-ses."},
    {"Digest realm=r, nonce=n, algorithm=0123456789012345678901234567890123456789012345678901234567890123456789",
     ASYNCHTTP_E_UNIMPLEMENTED_DIGEST_AUTH_OPTION,
     "Unsupported value for algorithm: 012345678901234567890123456789012345678901234567890123456789."},
    {"Digest realm=r, nonce=n, qop=\"auth-int\"", ASYNCHTTP_E_UNIMPLEMENTED_DIGEST_AUTH_OPTION,
     "Unsupported value for qop: auth-int."},
    {"Digest realm=r, nonce=n, qop=\"\"", ASYNCHTTP_E_UNIMPLEMENTED_DIGEST_AUTH_OPTION, "Unsupported value for qop: ."},
    {"Digest realm=r, nonce=n, qop=\"authx, aut, xauth\"", ASYNCHTTP_E_UNIMPLEMENTED_DIGEST_AUTH_OPTION,
     "Unsupported value for qop: authx, aut, xauth."},
    {"Digest nonce=n, qop=auth-int, algorithm=X", ASYNCHTTP_E_UNIMPLEMENTED_DIGEST_AUTH_OPTION,
     "Unsupported value for qop: auth-int."},
    {"Digest nonce=n", ASYNCHTTP_E_MALFORMED_HEADER, "A Digest challenge without a realm."},
    {"Digest realm=r, qop=auth", ASYNCHTTP_E_MALFORMED_HEADER, "A Digest challenge without a nonce."},
    {"Digest", ASYNCHTTP_E_MALFORMED_HEADER, "A Digest challenge without a realm."},
    {"Digest bm9uY2U=", ASYNCHTTP_E_MALFORMED_HEADER, "A Digest challenge without a realm."},
};

START_TEST(test_refusal)
{
    ah_digest digest;
    const char *why = NULL;
    ck_assert_int_eq(read_digest(&digest, refusals[_i].field, &why), refusals[_i].code);
    ck_assert_str_eq(why, refusals[_i].why);
    ck_empty(&digest);
}
END_TEST

/* ---- Answering ----------------------------------------------------------------------------- */

static const struct answer {
    const char *challenge;
    const char *name;
    const char *password;
    const char *method;
    const char *target;
    unsigned nc;
    const char *cnonce;
    const char *expected;
} answers[] = {
    /* RFC 7616 section 3.9.1. */
    {MUFASA_CHALLENGE ", qop=\"auth, auth-int\", algorithm=MD5", "Mufasa", "Circle of Life", "GET", "/dir/index.html",
     1, MUFASA_CNONCE, MUFASA_BEGIN "algorithm=MD5, response=\"8ca523f5e9506fed4657c9700eebdbec" MUFASA_USE},
    {MUFASA_CHALLENGE ", qop=\"auth, auth-int\", algorithm=SHA-256", "Mufasa", "Circle of Life", "GET",
     "/dir/index.html", 1, MUFASA_CNONCE,
     MUFASA_BEGIN
     "algorithm=SHA-256, response=\"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1" MUFASA_USE},
    /* The same with the other algorithms: by hashlib. */
    {MUFASA_CHALLENGE ", qop=auth, algorithm=sha-512-256", "Mufasa", "Circle of Life", "GET", "/dir/index.html", 1,
     MUFASA_CNONCE,
     MUFASA_BEGIN
     "algorithm=SHA-512-256, response=\"430d05014cecc49cab6fbe03176d41a1da86cbfe24a16580e22aaad928d960d0" MUFASA_USE},
    {MUFASA_CHALLENGE ", qop=auth, algorithm=MD5-sess", "Mufasa", "Circle of Life", "GET", "/dir/index.html", 1,
     MUFASA_CNONCE, MUFASA_BEGIN "algorithm=MD5-sess, response=\"e783283f46242139c486a698fec7211d" MUFASA_USE},
    {MUFASA_CHALLENGE ", qop=auth, algorithm=SHA-256-sess", "Mufasa", "Circle of Life", "GET", "/dir/index.html", 1,
     MUFASA_CNONCE,
     MUFASA_BEGIN
     "algorithm=SHA-256-sess, response=\"2fd51b3a77ad75bad6afad6003e818d767133c46d9e2749e7f5232ae1ea3efd7" MUFASA_USE},
    {MUFASA_CHALLENGE ", qop=auth, algorithm=SHA-512-256-sess", "Mufasa", "Circle of Life", "GET", "/dir/index.html", 1,
     MUFASA_CNONCE,
     MUFASA_BEGIN "algorithm=SHA-512-256-sess, "
                  "response=\"3f2a34f923c38b0fb26dce2fdfc2ce326c23cecf86fbb1444f3e51fbbc2cb92e" MUFASA_USE},
    /* No qop: only a session has a cnonce. */
    {MUFASA_CHALLENGE ", algorithm=SHA-256", "Mufasa", "Circle of Life", "GET", "/dir/index.html", 1, MUFASA_CNONCE,
     MUFASA_BEGIN "algorithm=SHA-256, response=\"a1306b0595a6c7fe96c448631fb5cfbd5107bd1fe1da729d978dd7446b812363\", "
                  "opaque=\"" MUFASA_OPAQUE "\""},
    {MUFASA_CHALLENGE ", algorithm=MD5-sess", "Mufasa", "Circle of Life", "GET", "/dir/index.html", 1, MUFASA_CNONCE,
     MUFASA_BEGIN "algorithm=MD5-sess, response=\"37a7f42db2090a3fcac4e26e747d4fc8\", cnonce=\"" MUFASA_CNONCE
                  "\", opaque=\"" MUFASA_OPAQUE "\""},
    /* RFC 7616 section 3.9.2. The response and the name published there were computed with the first 256 bits of
     * SHA-512 (see erratum 4897); these, with SHA-512/256 as the algorithm is defined, are by hashlib. */
    {DOE_CHALLENGE ", algorithm=SHA-512-256, userhash=true, opaque=\"HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS\"",
     DOE, "Secret, or not?", "GET", "/doe.json", 1, DOE_CNONCE,
     "Digest username=\"793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b" DOE_REALM
     "algorithm=SHA-512-256, response=\"3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5" DOE_USE
     ", opaque=\"HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS\", userhash=true"},
    {DOE_CHALLENGE ", algorithm=SHA-256, userhash=true", DOE, "Secret, or not?", "GET", "/doe.json", 1, DOE_CNONCE,
     "Digest username=\"5a1a8a47df5c298551b9b42ba9b05835174a5bd7d511ff7fe9191d8e946fc4e7" DOE_REALM
     "algorithm=SHA-256, response=\"b6d5cb9c3000ea2385250005e294d7132b260b8fd08940d2377373493cee8cc4" DOE_USE
     ", userhash=true"},
    /* RFC 7616 section 3.4: the same name without userhash. */
    {DOE_CHALLENGE ", algorithm=SHA-512-256", DOE, "Secret, or not?", "GET", "/doe.json", 1, DOE_CNONCE,
     "Digest username*=UTF-8''J%C3%A4s%C3%B8n%20Doe, realm=\"api@example.org\", nonce=\"" DOE_NONCE
     "\", uri=\"/doe.json\", algorithm=SHA-512-256, "
     "response=\"3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5" DOE_USE},
    /* Neither charset nor userhash. */
    {"Digest realm=\"api@example.org\", qop=\"auth\", nonce=\"" DOE_NONCE "\"", DOE, "Secret, or not?", "GET",
     "/doe.json", 1, DOE_CNONCE,
     "Digest username=\"" DOE DOE_REALM "response=\"2428277c77e50ae43afb1669a43dae19" DOE_USE},
    /* RFC 2617 section 3.5. */
    {"Digest realm=\"testrealm@host.com\", qop=\"auth,auth-int\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", "
     "opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"",
     "Mufasa", "Circle Of Life", "GET", "/dir/index.html", 1, "0a4f113b",
     "Digest username=\"Mufasa\", realm=\"testrealm@host.com\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", "
     "uri=\"/dir/index.html\", response=\"6629fae49393a05397450978507c4ef1\", qop=auth, nc=00000001, "
     "cnonce=\"0a4f113b\", opaque=\"5ccc069c403ebaf9f0171e9517f40e41\""},
    /* RFC 2069 section 2.4, whose published response is wrong: this one is by hashlib. */
    {"Digest realm=\"testrealm@host.com\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", "
     "opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"",
     "Mufasa", "CircleOfLife", "GET", "/dir/index.html", 1, "0a4f113b",
     "Digest username=\"Mufasa\", realm=\"testrealm@host.com\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", "
     "uri=\"/dir/index.html\", response=\"1949323746fe6a43ef61f9606e7febea\", "
     "opaque=\"5ccc069c403ebaf9f0171e9517f40e41\""},
    /* httplib2's test_auth.py. */
    {"Digest realm=\"myrealm\", nonce=\"KBAA=35\", algorithm=MD5, qop=\"auth\"", "joe", "password", "GET",
     "/test/digest/", 1, "33033375ec278a46",
     "Digest username=\"joe\", realm=\"myrealm\", nonce=\"KBAA=35\", uri=\"/test/digest/\", algorithm=MD5, "
     "response=\"de6d4a123b80801d0e94550411b6283f\", qop=auth, nc=00000001, cnonce=\"33033375ec278a46\""},
    {"Digest realm=\"myrealm\", nonce=\"30352fd\", algorithm=MD5, qop=\"auth\", opaque=\"atestopaque\"", "joe",
     "password", "GET", "/digest/opaque/", 1, "5ec2",
     "Digest username=\"joe\", realm=\"myrealm\", nonce=\"30352fd\", uri=\"/digest/opaque/\", algorithm=MD5, "
     "response=\"a1fab43041f8f3789a447f48018bee48\", qop=auth, nc=00000001, cnonce=\"5ec2\", opaque=\"atestopaque\""},
    /* What has to be escaped is hashed as it is: by hashlib. */
    {"Digest realm=\"a \\\"quoted\\\" \\\\ realm\", nonce=\"no\\\"nce\", opaque=\"\\\\\", qop=auth", "bo\"b\\x", "p\"w",
     "POST", "/a?b=\"c\"", 10, "c\"n",
     "Digest username=\"bo\\\"b\\\\x\", realm=\"a \\\"quoted\\\" \\\\ realm\", nonce=\"no\\\"nce\", "
     "uri=\"/a?b=\\\"c\\\"\", response=\"e6877710d3d6ba02d3730fdad1edd62b\", qop=auth, nc=0000000a, "
     "cnonce=\"c\\\"n\", opaque=\"\\\\\""},
};

static bool answer(ah_buffer *value, const struct answer *use)
{
    ah_digest digest = good_digest(use->challenge);
    bool good = ah_digest_authorization(value, &digest, use->name, use->password, use->method, use->target, use->nc,
                                        use->cnonce);
    ah_digest_clear(&digest);
    return good;
}

START_TEST(test_authorization)
{
    ah_buffer value = {0};
    ck_assert(answer(&value, &answers[_i]));
    ck_assert_str_eq(value.data, answers[_i].expected);
    ah_buffer_free(&value);
}
END_TEST

static const struct nc_case {
    unsigned nc;
    const char *expected;
} nc_cases[] = {
    {1, "nc=00000001,"}, {0xabc, "nc=00000abc,"}, {0x89abcdef, "nc=89abcdef,"}, {0xffffffff, "nc=ffffffff,"}};

START_TEST(test_nc)
{
    ah_buffer value = {0};
    struct answer use = answers[0];
    use.nc = nc_cases[_i].nc;
    ck_assert(answer(&value, &use));
    ck_assert_ptr_nonnull(strstr(value.data, nc_cases[_i].expected));
    ck_assert_ptr_eq(strstr(value.data, answers[0].expected), _i == 0 ? value.data : NULL);
    ah_buffer_free(&value);
}
END_TEST

/* Names that are sent otherwise if the server knows UTF-8. */
static const struct name_case {
    const char *name;
    const char *plain;
    const char *utf8;
} name_cases[] = {
    {"joe", "username=\"joe\"", "username=\"joe\""},
    {"", "username=\"\"", "username=\"\""},
    {"a \"b\" 100%'*~", "username=\"a \\\"b\\\" 100%'*~\"", "username=\"a \\\"b\\\" 100%'*~\""},
    {"\u20ac\"\\%'*(a~!)", "username=\"\u20ac\\\"\\\\%'*(a~!)\"", "username*=UTF-8''%E2%82%AC%22%5C%25%27%2A%28a~!%29"},
    {"a\tb", "username=\"a\tb\"", "username*=UTF-8''a%09b"},
    {"a\r\nb", NULL, "username*=UTF-8''a%0D%0Ab"},
    {"a\x7f", NULL, "username*=UTF-8''a%7F"},
};

static void ck_name(const char *challenge, const char *name, const char *expected)
{
    ah_buffer value = {0};
    struct answer use = {challenge, name, "p", "GET", "/", 1, "c", ""};
    ck_assert(ah_buffer_append_string(&value, "before "));
    bool good = answer(&value, &use);
    ck_assert(good == (expected != NULL));
    if (good)
        ck_assert_ptr_eq(strstr(value.data, expected), value.data + strlen("before Digest "));
    else
        ck_assert_str_eq(value.data, "before ");
    ah_buffer_free(&value);
}

START_TEST(test_name)
{
    const struct name_case *expected = &name_cases[_i];
    ck_name("Digest realm=r, nonce=n", expected->name, expected->plain);
    ck_name("Digest realm=r, nonce=n, charset=UTF-8", expected->name, expected->utf8);
    ck_name("Digest realm=r, nonce=n, charset=UTF-8, userhash=true", expected->name, "username=\"");
}
END_TEST

/* Nothing that would end the line gets into it, and nothing is left in the buffer. */
START_TEST(test_line_breaks)
{
    ah_buffer value = {0};
    ah_digest digest = good_digest("Digest realm=r, nonce=n, qop=auth");
    ck_assert(!ah_digest_authorization(&value, &digest, "a", "b", "GET", "/\r\nX: y", 1, "c"));
    ck_assert(!ah_digest_authorization(&value, &digest, "a", "b", "GET", "/", 1, "c\n"));
    ck_assert(!ah_wsse_username_token(&value, "a\nb", "c", "d", "e"));
    ck_assert(!ah_wsse_username_token(&value, "a", "b", "c", "d\r"));
    ck_assert_uint_eq(value.length, 0);
    ck_assert(ah_digest_authorization(&value, &digest, "a", "b\r\n", "GET", "/", 1, "c"));
    ck_assert_ptr_null(strpbrk(value.data, "\r\n"));
    ah_digest_clear(&digest);
    ah_buffer_free(&value);
}
END_TEST

/* Whatever the buffer's maximum cuts off, the whole value or nothing is appended. */
START_TEST(test_maximum)
{
    size_t length = strlen(answers[_i].expected);
    for (size_t maximum = 1; maximum <= length + 1; maximum++) {
        ah_buffer value = {.maximum = maximum};
        ck_assert(ah_buffer_append_string(&value, "x"));
        bool good = answer(&value, &answers[_i]);
        ck_assert(good == (maximum == length + 1));
        ck_assert_str_eq(value.data + 1, good ? answers[_i].expected : "");
        ck_assert_uint_eq(value.length, strlen(value.data));
        ah_buffer_free(&value);
    }
}
END_TEST

START_TEST(test_cnonce)
{
    char one[33];
    char other[33];
    ck_assert(ah_digest_cnonce(one) && ah_digest_cnonce(other));
    ck_assert_uint_eq(strlen(one), 32);
    ck_assert_uint_eq(strspn(one, "0123456789abcdef"), 32);
    ck_assert_str_ne(one, other);
}
END_TEST

/* ---- Basic and WSSE ------------------------------------------------------------------------ */

static const struct basic_case {
    const char *name;
    const char *password;
    const char *expected;
} basic_cases[] = {
    /* RFC 7617 sections 2 and 2.1. */
    {"Aladdin", "open sesame", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="},
    {"test", "123\u00a3", "Basic dGVzdDoxMjPCow=="},
    {"", "", "Basic Og=="},
    {"a", "", "Basic YTo="},
    {"", "b", "Basic OmI="},
    {"a", "b", "Basic YTpi"},
    {"a", "b:c", "Basic YTpiOmM="},
    {"\xff\xff", "\xff\xbf\xbf", "Basic //86/7+/"},
};

START_TEST(test_basic)
{
    const struct basic_case *expected = &basic_cases[_i];
    ah_buffer value = {0};
    ck_assert(ah_basic_authorization(&value, expected->name, expected->password));
    ck_assert_str_eq(value.data, expected->expected);
    ck_assert_uint_eq(value.length, strlen(expected->expected));
    ck_assert(ah_basic_authorization(&value, expected->name, expected->password));
    ck_assert_str_eq(value.data + strlen(expected->expected), expected->expected);
    ah_buffer_free(&value);
}
END_TEST

/* Longer than the lines that base64 is broken into elsewhere. */
START_TEST(test_basic_long)
{
    char password[6000];
    ah_buffer value = {0};
    memset(password, 'p', sizeof(password) - 1);
    password[sizeof(password) - 1] = '\0';
    ck_assert(ah_basic_authorization(&value, "name", password));
    ck_assert_uint_eq(value.length, strlen("Basic ") + (4 + 1 + 5999 + 2) / 3 * 4);
    ck_assert_uint_eq(strlen(value.data), value.length);
    ck_assert_ptr_null(strpbrk(value.data, "\r\n"));
    ah_buffer_free(&value);
    value.maximum = 100;
    ck_assert(!ah_basic_authorization(&value, "name", password));
    ck_assert_uint_eq(value.length, 0);
    ah_buffer_free(&value);
}
END_TEST

/* The example of "Atom Authentication" (Mark Pilgrim, 2003), which is in httplib2's test_other.py too. */
START_TEST(test_wsse)
{
    ah_buffer value = {0};
    ck_assert(ah_wsse_username_token(&value, "bob", "taadtaadpstcsm", "d36e316282959a9ed4c89851497a717f",
                                     "2003-12-15T14:43:07Z"));
    ck_assert_str_eq(value.data, "UsernameToken Username=\"bob\", PasswordDigest=\"quR/EWLAV4xLf9Zqyw4pDmfV9OY=\", "
                                 "Nonce=\"d36e316282959a9ed4c89851497a717f\", Created=\"2003-12-15T14:43:07Z\"");
    ah_buffer_clear(&value);
    ck_assert(ah_wsse_username_token(&value, "b\"o\\b", "", "", ""));
    /* The SHA-1 of nothing. */
    ck_assert_str_eq(value.data, "UsernameToken Username=\"b\\\"o\\\\b\", "
                                 "PasswordDigest=\"2jmj7l5rSw0yVb/vlWAYkK/YBwk=\", Nonce=\"\", Created=\"\"");
    ah_buffer_free(&value);
}
END_TEST

Suite *digest_suite(void)
{
    Suite *suite = suite_create("digest");
    TCase *cases = tcase_create("digest");
    tcase_add_test(cases, test_read);
    tcase_add_test(cases, test_read_least);
    tcase_add_test(cases, test_read_false);
    tcase_add_loop_test(cases, test_algorithm, 0, COUNT(algorithm_cases));
    tcase_add_loop_test(cases, test_qop, 0, COUNT(qop_cases));
    tcase_add_loop_test(cases, test_refusal, 0, COUNT(refusals));
    tcase_add_loop_test(cases, test_authorization, 0, COUNT(answers));
    tcase_add_loop_test(cases, test_nc, 0, COUNT(nc_cases));
    tcase_add_loop_test(cases, test_name, 0, COUNT(name_cases));
    tcase_add_test(cases, test_line_breaks);
    tcase_add_loop_test(cases, test_maximum, 0, COUNT(answers));
    tcase_add_test(cases, test_cnonce);
    tcase_add_loop_test(cases, test_basic, 0, COUNT(basic_cases));
    tcase_add_test(cases, test_basic_long);
    tcase_add_test(cases, test_wsse);
    suite_add_tcase(suite, cases);
    return suite;
}
