/*
 * Tests of lib/challenge.h: the cases of httplib2's test_auth.py, the examples of RFC 9110 and RFC 7616, every corner
 * of the grammar, and what a hostile server may send.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buffer.h"
#include "challenge.h"
#include "small.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

Suite *challenge_suite(void);

/* ---- What was read, as a text -------------------------------------------------------------- */

/* "[name]=[value]" each. */
static void show_parameters(ah_buffer *text, const ah_parameters *parameters)
{
    for (size_t i = 0; i < parameters->count; i++)
        ck_assert(ah_buffer_printf(text, " [%s]=[%s]", parameters->items[i].name, parameters->items[i].value));
}

/* "<scheme>", the token68 in parentheses, the parameters; challenges with "; " between them. */
static char *show(const ah_challenges *challenges)
{
    ah_buffer text = {0};
    ck_assert(ah_buffer_append_string(&text, ""));
    for (size_t i = 0; i < challenges->count; i++) {
        const ah_challenge *challenge = &challenges->items[i];
        ck_assert(ah_buffer_printf(&text, "%s<%s>", i ? "; " : "", challenge->scheme));
        if (challenge->token68)
            ck_assert(ah_buffer_printf(&text, " (%s)", challenge->token68));
        show_parameters(&text, &challenge->parameters);
    }
    return ah_buffer_take(&text);
}

static void ck_challenges(const char *value, const char *expected)
{
    ah_challenges challenges;
    asynchttp_code code = ah_challenges_parse(&challenges, value);
    ck_assert_msg(code == ASYNCHTTP_OK, "%s: %s", value, asynchttp_code_name(code));
    char *shown = show(&challenges);
    ck_assert_msg(strcmp(shown, expected) == 0, "%s: %s, not %s", value, shown, expected);
    free(shown);
    ah_challenges_clear(&challenges);
    ck_assert_ptr_null(challenges.items);
    ck_assert_uint_eq(challenges.count, 0);
    ah_challenges_clear(&challenges);
}

/* ---- httplib2's ---------------------------------------------------------------------------- */

static const struct good {
    const char *value;
    const char *expected;
} httplib2_cases[] = {
    {"", ""},
    {"Test realm=\"test realm\" , foo=foo ,bar=\"bar\", baz=baz,qux=qux",
     "<test> [realm]=[test realm] [foo]=[foo] [bar]=[bar] [baz]=[baz] [qux]=[qux]"},
    {"T*!%#st realm=to*!%#en, to*!%#en=\"quoted string\"", "<t*!%#st> [realm]=[to*!%#en] [to*!%#en]=[quoted string]"},
    {"Test realm=\"a \\\"test\\\" realm\"", "<test> [realm]=[a \"test\" realm]"},
    {"Basic realm=\"me\"", "<basic> [realm]=[me]"},
    {"Basic realm=\"me\", algorithm=\"MD5\"", "<basic> [realm]=[me] [algorithm]=[MD5]"},
    {"Basic realm=\"me\", algorithm=MD5", "<basic> [realm]=[me] [algorithm]=[MD5]"},
    {"Basic realm=\"me\",other=\"fred\" ", "<basic> [realm]=[me] [other]=[fred]"},
    {"Basic REAlm=\"me\" ", "<basic> [realm]=[me]"},
    {"Digest realm=\"digest1\", qop=\"auth,auth-int\", nonce=\"7102dd2\", opaque=\"e9517f\"",
     "<digest> [realm]=[digest1] [qop]=[auth,auth-int] [nonce]=[7102dd2] [opaque]=[e9517f]"},
    {"Digest realm=\"2-comma-d\", qop=\"auth-int\", nonce=\"c0c8ff1\", Basic realm=\"2-comma-b\"",
     "<digest> [realm]=[2-comma-d] [qop]=[auth-int] [nonce]=[c0c8ff1]; <basic> [realm]=[2-comma-b]"},
    {"Digest realm=\"com3d\", Basic realm=\"com3b\", WSSE realm=\"com3w\", profile=\"token\"",
     "<digest> [realm]=[com3d]; <basic> [realm]=[com3b]; <wsse> [realm]=[com3w] [profile]=[token]"},
    /* The one that httplib2 cannot read. */
    {"Digest realm=\"brig\", qop \t=\t\"\tauth,auth-int\", nonce=\"(*)&^&$%#\",opaque=\"5ccc\""
     ", Basic REAlm=\"zoo\", WSSE realm=\"very\", profile=\"UsernameToken\"",
     "<digest> [realm]=[brig] [qop]=[\tauth,auth-int] [nonce]=[(*)&^&$%#] [opaque]=[5ccc]; <basic> [realm]=[zoo]; "
     "<wsse> [realm]=[very] [profile]=[UsernameToken]"},
    {"Digest realm=\"myrealm\", nonce=\"KBAA=3\", algorithm=MD5, qop=\"auth\", stale=true",
     "<digest> [realm]=[myrealm] [nonce]=[KBAA=3] [algorithm]=[MD5] [qop]=[auth] [stale]=[true]"},
    {"Basic param='single quote'", "<basic> [param]=['single]"},
    {"Bearer 0b79bab50daca910b000d4f1a2b675d604257e42", "<bearer> (0b79bab50daca910b000d4f1a2b675d604257e42)"},
    {"scheme  \t \t \tkey=value, \t \t \tquoted=\"foo=bar\"", "<scheme> [key]=[value] [quoted]=[foo=bar]"},
};

START_TEST(test_httplib2)
{
    ck_challenges(httplib2_cases[_i].value, httplib2_cases[_i].expected);
}
END_TEST

/* ---- The grammar --------------------------------------------------------------------------- */

static const struct good good_cases[] = {
    /* RFC 9110 section 11.6.1. */
    {"Basic realm=\"simple\", Newauth realm=\"apps\", type=1, title=\"Login to \\\"apps\\\"\"",
     "<basic> [realm]=[simple]; <newauth> [realm]=[apps] [type]=[1] [title]=[Login to \"apps\"]"},
    {"Newauth realm=\"apps\", type=1, title=\"Login to \\\"apps\\\"\", Basic realm=\"simple\"",
     "<newauth> [realm]=[apps] [type]=[1] [title]=[Login to \"apps\"]; <basic> [realm]=[simple]"},
    /* RFC 7617 section 2.1, RFC 6750 section 3, RFC 4559 section 5. */
    {"Basic realm=\"foo\", charset=\"UTF-8\"", "<basic> [realm]=[foo] [charset]=[UTF-8]"},
    {"Bearer realm=\"example\", error=\"invalid_token\", error_description=\"The access token expired\"",
     "<bearer> [realm]=[example] [error]=[invalid_token] [error_description]=[The access token expired]"},
    {"Negotiate a87421000492aa874209af8bc028", "<negotiate> (a87421000492aa874209af8bc028)"},
    /* Schemes alone. */
    {"Negotiate", "<negotiate>"},
    {" \tNegotiate\t ", "<negotiate>"},
    {"Negotiate, NTLM", "<negotiate>; <ntlm>"},
    {"Negotiate,NTLM", "<negotiate>; <ntlm>"},
    {"NTLM, Basic realm=\"x\", Negotiate", "<ntlm>; <basic> [realm]=[x]; <negotiate>"},
    {"Basic realm=\"x\", Digest", "<basic> [realm]=[x]; <digest>"},
    {"Digest nonce=a, Digest nonce=b", "<digest> [nonce]=[a]; <digest> [nonce]=[b]"},
    {"!#$%&'*+-.^_`|~09azAZ", "<!#$%&'*+-.^_`|~09azaz>"},
    /* A token68, or a parameter? */
    {"S a", "<s> (a)"},
    {"S a=", "<s> (a=)"},
    {"S a==", "<s> (a==)"},
    {"S a= ", "<s> (a=)"},
    {"S a=\t, T", "<s> (a=); <t>"},
    {"S a=,T", "<s> (a=); <t>"},
    {"S -._~+/09azAZ===", "<s> (-._~+/09azAZ===)"},
    {"S YTpi, T Yzpk==", "<s> (YTpi); <t> (Yzpk==)"},
    {"S a=b", "<s> [a]=[b]"},
    {"S a= b", "<s> [a]=[b]"},
    {"S a =b", "<s> [a]=[b]"},
    {"S\ta \t = \t b\t", "<s> [a]=[b]"},
    {"S a=\"\"", "<s> [a]=[]"},
    {"S a= \"b\"", "<s> [a]=[b]"},
    {"S a=b, T a=", "<s> [a]=[b]; <t> (a=)"},
    {"S  \t a=b", "<s> [a]=[b]"},
    {"S A!#$%&'*+-.^_`|~09=!#$%&'*+-.^_`|~09aZ", "<s> [a!#$%&'*+-.^_`|~09]=[!#$%&'*+-.^_`|~09aZ]"},
    /* Names that look like schemes, and schemes that look like names. */
    {"Basic realm=x, Digest=y", "<basic> [realm]=[x] [digest]=[y]"},
    {"Basic basic=x, Basic basic=y", "<basic> [basic]=[x]; <basic> [basic]=[y]"},
    {"Basic Digest = x , Digest Basic = y", "<basic> [digest]=[x]; <digest> [basic]=[y]"},
    {"realm realm=realm, realm realm", "<realm> [realm]=[realm]; <realm> (realm)"},
    {"Basic realm=x, realm realm=y", "<basic> [realm]=[x]; <realm> [realm]=[y]"},
    {"Digest qop=auth,auth-int", "<digest> [qop]=[auth]; <auth-int>"},
    /* Quoted-strings. */
    {"S a=\" b \", c=\"\td\t\"", "<s> [a]=[ b ] [c]=[\td\t]"},
    {"S a=\"x, y=z, T b=c\", d=e", "<s> [a]=[x, y=z, T b=c] [d]=[e]"},
    {"S a=\"\\\"\", b=\"\\\\\", c=\"\\a\\ \\\t\\,\"", "<s> [a]=[\"] [b]=[\\] [c]=[a \t,]"},
    {"S a=\"\\\\\\\"\"", "<s> [a]=[\\\"]"},
    {"S a=\"b\xc3\xbc\xff\x80\\\xfc\"", "<s> [a]=[b\xc3\xbc\xff\x80\xfc]"},
    {"S a=\"[]{}()<>@:;/?=\"", "<s> [a]=[[]{}()<>@:;/?=]"},
    {"S a=\"b\"\t ,c=\"d\"", "<s> [a]=[b] [c]=[d]"},
    /* Empty elements. */
    {",", ""},
    {" ", ""},
    {" ,\t,, ", ""},
    {",, Basic realm=\"x\",,", "<basic> [realm]=[x]"},
    {",Basic realm=\"x\",,\t,a=b, ,Digest,,", "<basic> [realm]=[x] [a]=[b]; <digest>"},
    {"Basic ,realm=\"x\"", "<basic> [realm]=[x]"},
    {"Basic , ,, realm=\"x\", Digest ,nonce=y", "<basic> [realm]=[x]; <digest> [nonce]=[y]"},
    {"Negotiate, ,NTLM a=,", "<negotiate>; <ntlm> (a=)"},
    /* Outside the grammar. */
    {"Basic,realm=x", "<basic> [realm]=[x]"},
    {"Basic realm=My Site", "<basic> [realm]=[My]"},
    {"Basic realm=My \t Own Site , a=b, Digest nonce=c d", "<basic> [realm]=[My] [a]=[b]; <digest> [nonce]=[c]"},
};

START_TEST(test_good)
{
    ck_challenges(good_cases[_i].value, good_cases[_i].expected);
}
END_TEST

static const char *const malformed_cases[] = {
    /* httplib2's. */
    "OAuth \"Facebook Platform\" \"invalid_token\" \"Invalid OAuth access token.\"",
    "barbqwnbm-bb...:asd",
    /* No scheme, nothing before "=" or after it. */
    "a=b",
    "a=",
    "a = b",
    ",a=b",
    "realm=\"x\", Basic",
    "=",
    "=b",
    "S =",
    "S =b",
    "S a =",
    "S a = ",
    "S a =,T",
    "S a= ,b=c",
    "S a=b, c=",
    "S a=b, c= ,d=e",
    "S a=b, =c",
    "S a==b",
    "S a== b",
    "S a=b=c",
    "S a=b=",
    "S ==",
    /* A token68 has no parameters. */
    "S a, b=c",
    "S a=, b=c",
    "S a b=c",
    "S a b",
    "S a= =",
    /* Characters. */
    "Basic;realm=x",
    "Basic/realm=x",
    "Basic\"x\"",
    "Basic \"x\"",
    "\"Basic\" realm=x",
    "Basic realm=x;",
    "Basic realm=x;a=b",
    "Basic realm=x/y",
    "Basic re/alm=x",
    "Basic re/alm= x",
    "Basic \"realm\"=x",
    "Basic realm=(x)",
    "Basic realm=x y=z",
    "Basic realm=x y z=a",
    "Basic realm=x \"y\"",
    "Basic realm=x, @",
    "S a!b",
    "S a:b",
    "B\xc3\xbcsic",
    "Basic realm=\xc3\xbc",
    "Basic r\xc3\xbc=x",
    "S \xff",
    "Basic\nrealm=x",
    "Basic realm=x\r\n",
    "Basic realm=x\x01",
    "\x7f",
    /* Quotes. */
    "S a=\"",
    "S a=\"b",
    "S a=\"b, T c=d",
    "S a=\"b\\",
    "S a=\"b\\\"",
    "S a=\"b\\\\\\\"",
    "S a=b\"",
    "S a=b\"c\"",
    "S a=\"b\"c",
    "S a=\"b\" c",
    "S a=\"b\" c=d",
    "S a=\"b\"\"c\"",
    "S a=\"b\" T c=\"d\"",
    "S a=\"b\nc\"",
    "S a=\"b\\\nc\"",
    "S a=\"\x01\"",
    "S a=\"\\\x1f\"",
    "S a=\"\x7f\"",
    "S a='b,c', \"",
    /* Twice the same. */
    "Basic realm=x, realm=x",
    "Basic realm=x, a=b, REALM=\"y\"",
    "S a=b, T a=b, a=c",
};

START_TEST(test_malformed)
{
    ah_challenges challenges;
    memset(&challenges, 0xff, sizeof(challenges));
    asynchttp_code code = ah_challenges_parse(&challenges, malformed_cases[_i]);
    ck_assert_msg(code == ASYNCHTTP_E_MALFORMED_HEADER, "%s: %s", malformed_cases[_i], asynchttp_code_name(code));
    ck_assert_ptr_null(challenges.items);
    ck_assert_uint_eq(challenges.count, 0);
}
END_TEST

/* ---- Finding ------------------------------------------------------------------------------- */

START_TEST(test_find)
{
    ah_challenges challenges;
    ck_assert_int_eq(ah_challenges_parse(&challenges, "Digest a=1, digest a=2, Basic Realm=\" x \""), ASYNCHTTP_OK);
    ck_assert_ptr_eq(ah_challenges_find(&challenges, "DIGEST"), &challenges.items[0]);
    const ah_challenge *basic = ah_challenges_find(&challenges, "basic");
    ck_assert_ptr_eq(basic, &challenges.items[2]);
    ck_assert_str_eq(ah_challenge_parameter(basic, "realm"), " x ");
    ck_assert_str_eq(ah_challenge_parameter(basic, "rEALM"), " x ");
    ck_assert_ptr_null(ah_challenge_parameter(basic, "a"));
    ck_assert_ptr_null(ah_challenge_parameter(basic, ""));
    ck_assert_ptr_null(ah_challenges_find(&challenges, "bas"));
    ck_assert_ptr_null(ah_challenges_find(&challenges, ""));
    ah_challenges_clear(&challenges);
    ck_assert_ptr_null(ah_challenges_find(&challenges, "basic"));
}
END_TEST

/* ---- Authentication-Info ------------------------------------------------------------------- */

static const struct good info_cases[] = {
    {"", ""},
    {" , ", ""},
    {"nextnonce=\"fred\"", " [nextnonce]=[fred]"},
    {"Digest=x", " [digest]=[x]"},
    {",NextNonce = \" f,r \\\"\" ,, QOP=auth,nc=00000001, ", " [nextnonce]=[ f,r \"] [qop]=[auth] [nc]=[00000001]"},
    /* RFC 7616 section 3.5. */
    {"rspauth=\"6629fae49393a05397450978507c4ef1\", cnonce=\"0a4f113b\", nc=00000001, qop=auth",
     " [rspauth]=[6629fae49393a05397450978507c4ef1] [cnonce]=[0a4f113b] [nc]=[00000001] [qop]=[auth]"},
};

START_TEST(test_info)
{
    ah_parameters parameters;
    ah_buffer text = {0};
    ck_assert_int_eq(ah_authentication_info_parse(&parameters, info_cases[_i].value), ASYNCHTTP_OK);
    ck_assert(ah_buffer_append_string(&text, ""));
    show_parameters(&text, &parameters);
    ck_assert_str_eq(text.data, info_cases[_i].expected);
    ah_buffer_free(&text);
    ah_parameters_clear(&parameters);
    ck_assert_ptr_null(parameters.items);
    ck_assert_uint_eq(parameters.count, 0);
}
END_TEST

static const char *const malformed_info_cases[] = {
    "nextnonce", "nextnonce=", "a=b, c",      "Digest a=b", "a=b, Digest c=d", "a=b, A=c",
    "a=\"b",     "=b",         "a=\"b\" c=d", "a=b;c=d",    "\"a\"=b",         "YTpi==",
};

START_TEST(test_info_malformed)
{
    ah_parameters parameters;
    memset(&parameters, 0xff, sizeof(parameters));
    asynchttp_code code = ah_authentication_info_parse(&parameters, malformed_info_cases[_i]);
    ck_assert_msg(code == ASYNCHTTP_E_MALFORMED_HEADER, "%s", malformed_info_cases[_i]);
    ck_assert_ptr_null(parameters.items);
    ck_assert_uint_eq(parameters.count, 0);
}
END_TEST

START_TEST(test_info_get)
{
    ah_parameters parameters;
    ck_assert_int_eq(ah_authentication_info_parse(&parameters, "NextNonce=\" x\""), ASYNCHTTP_OK);
    ck_assert_str_eq(ah_parameters_get(&parameters, "nextNonce"), " x");
    ck_assert_ptr_null(ah_parameters_get(&parameters, "nextnonc"));
    ah_parameters_clear(&parameters);
    ck_assert_ptr_null(ah_parameters_get(&parameters, "nextnonce"));
}
END_TEST

/* ---- Limits -------------------------------------------------------------------------------- */

/* So many parameters after a beginning, or so many challenges. */
static char *many(const char *begin, const char *format, int count)
{
    ah_buffer text = {0};
    ck_assert(ah_buffer_append_string(&text, begin));
    for (int i = 0; i < count; i++) {
        ck_assert(ah_buffer_append_string(&text, format));
        ck_assert(ah_buffer_printf(&text, "%d=%d", i, i));
    }
    return ah_buffer_take(&text);
}

static asynchttp_code parse_and_free(char *value)
{
    ah_challenges challenges;
    asynchttp_code code = ah_challenges_parse(&challenges, value);
    ah_challenges_clear(&challenges);
    free(value);
    return code;
}

static asynchttp_code parse_info_and_free(char *value)
{
    ah_parameters parameters;
    asynchttp_code code = ah_authentication_info_parse(&parameters, value);
    ah_parameters_clear(&parameters);
    free(value);
    return code;
}

START_TEST(test_limits)
{
    ck_assert_int_eq(parse_and_free(many("S ", ",a", AH_PARAMETERS_MAX)), ASYNCHTTP_OK);
    ck_assert_int_eq(parse_and_free(many("S ", ",a", AH_PARAMETERS_MAX + 1)), ASYNCHTTP_E_MALFORMED_HEADER);
    ck_assert_int_eq(parse_and_free(many("", ",S a", AH_CHALLENGES_MAX)), ASYNCHTTP_OK);
    ck_assert_int_eq(parse_and_free(many("", ",S a", AH_CHALLENGES_MAX + 1)), ASYNCHTTP_E_MALFORMED_HEADER);
    ck_assert_int_eq(parse_info_and_free(many("", ",a", AH_PARAMETERS_MAX)), ASYNCHTTP_OK);
    ck_assert_int_eq(parse_info_and_free(many("", ",a", AH_PARAMETERS_MAX + 1)), ASYNCHTTP_E_MALFORMED_HEADER);
}
END_TEST

/* A beginning, and then a unit again and again, for 300 KB. */
static const struct hostile {
    const char *begin;
    const char *unit;
} hostile_cases[] = {
    {"", ","},           {"", " ,"},           {"", "a"},
    {"", "a,"},          {"", "a a,"},         {"", "a=,"},
    {"", "a=b,"},        {"S ", "a"},          {"S ", "="},
    {"S a", "="},        {"S a", " "},         {"S a=", " "},
    {"S a=b", " "},      {"S a=b ", "c "},     {"S a=\"", "b"},
    {"S a=\"", "\\"},    {"S a=\"", "\\\""},   {"S ", "a=\"b\","},
    {"S a=\"b\"", "\""}, {"S ", "\"a\","},     {"S a=b,", " \t"},
    {"S ", "a=b,T "},    {"", "S a==,"},       {"scheme ", " \t"},
    {"S a=b,", ",,,"},   {"S a=b,", "T c=d,"}, {"barbqwnbm-bb", ".:"},
};

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Milliseconds at most; a check that allows for slow tools catches what grows with the square all the same. */
static void ck_quick(const char *value)
{
    ah_challenges challenges;
    ah_parameters parameters;
    double begin = seconds();
    (void)ah_challenges_parse(&challenges, value);
    (void)ah_authentication_info_parse(&parameters, value);
    double taken = seconds() - begin;
    ck_assert_msg(taken < 1, "%.40s: %f seconds", value, taken);
    ah_challenges_clear(&challenges);
    ah_parameters_clear(&parameters);
}

START_TEST(test_hostile)
{
    ah_buffer text = {0};
    ck_assert(ah_buffer_append_string(&text, hostile_cases[_i].begin));
    while (text.length < (small() ? 30000 : 300000))
        ck_assert(ah_buffer_append_string(&text, hostile_cases[_i].unit));
    ck_quick(text.data);
    ah_buffer_free(&text);
}
END_TEST

/* As many challenges and parameters as may be, with long names that differ at their ends only. */
START_TEST(test_long_names)
{
    char name[4600];
    ah_buffer text = {0};
    memset(name, 'A', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    ck_assert(ah_buffer_append_string(&text, "S "));
    for (int i = 0; i < AH_PARAMETERS_MAX; i++)
        ck_assert(ah_buffer_printf(&text, "%s%d=\"\", ", name, i));
    ck_quick(text.data);
    ah_challenges challenges;
    ck_assert_int_eq(ah_challenges_parse(&challenges, text.data), ASYNCHTTP_OK);
    ck_assert_uint_eq(challenges.items[0].parameters.count, AH_PARAMETERS_MAX);
    ah_challenges_clear(&challenges);
    ah_buffer_free(&text);
}
END_TEST

Suite *challenge_suite(void)
{
    Suite *suite = suite_create("challenge");
    TCase *cases = tcase_create("challenge");
    tcase_add_loop_test(cases, test_httplib2, 0, COUNT(httplib2_cases));
    tcase_add_loop_test(cases, test_good, 0, COUNT(good_cases));
    tcase_add_loop_test(cases, test_malformed, 0, COUNT(malformed_cases));
    tcase_add_test(cases, test_find);
    tcase_add_loop_test(cases, test_info, 0, COUNT(info_cases));
    tcase_add_loop_test(cases, test_info_malformed, 0, COUNT(malformed_info_cases));
    tcase_add_test(cases, test_info_get);
    tcase_add_test(cases, test_limits);
    tcase_add_loop_test(cases, test_hostile, 0, COUNT(hostile_cases));
    tcase_add_test(cases, test_long_names);
    suite_add_tcase(suite, cases);
    return suite;
}
