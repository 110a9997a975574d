/*
 * lib/base/uri.h. The input: a URI in the first line, then references, each resolved against what came before it. And
 * all of the input as one URI.
 */
#include "base/uri.h"

#include "fuzz.h"

static void check_text(const ah_uri *uri)
{
    for (const char *c = uri->text; *c; c++)
        DEMAND(*c > ' ' && *c <= '~' && *c != '#');
    const char *scheme = uri->https ? "https://" : "http://";
    size_t length = strlen(uri->authority);
    DEMAND(strncmp(uri->text, scheme, strlen(scheme)) == 0);
    DEMAND(uri->target == uri->text + strlen(scheme) + length);
    DEMAND(memcmp(uri->text + strlen(scheme), uri->authority, length) == 0);
    DEMAND(uri->target[0] == '/');
}

static void check_authority(const ah_uri *uri)
{
    char authority[300];
    const char *brackets = strchr(uri->host, ':') ? "[]" : "";
    int bracket = *brackets != '\0';
    DEMAND(uri->port >= 1 && uri->port <= 65535);
    int length =
        snprintf(authority, sizeof(authority), "%.*s%s%.*s", bracket, brackets, uri->host, bracket, brackets + bracket);
    DEMAND(length > 0 && length < 290);
    if (uri->port != (uri->https ? 443 : 80))
        snprintf(authority + length, sizeof(authority) - (size_t)length, ":%u", uri->port);
    DEMAND(strcmp(authority, uri->authority) == 0);
    DEMAND(!strpbrk(uri->host, "@/?#\\[] ") && *uri->host);
    DEMAND(ah_uri_has_authority(uri, uri->authority));
    DEMAND(ah_uri_same_origin(uri, uri));
}

static void check_same(const ah_uri *a, const ah_uri *b)
{
    DEMAND(strcmp(a->text, b->text) == 0);
    DEMAND(strcmp(a->authority, b->authority) == 0);
    DEMAND(strcmp(a->host, b->host) == 0);
    DEMAND(strcmp(a->target, b->target) == 0);
    DEMAND(a->port == b->port && a->https == b->https);
}

static void check_code(asynchttp_code code, const ah_uri *uri, const char *why)
{
    DEMAND(code == ASYNCHTTP_OK || code == ASYNCHTTP_E_RELATIVE_URI || code == ASYNCHTTP_E_INVALID_ARGUMENT);
    DEMAND(code || uri->text);
    DEMAND(!code || (!uri->text && !uri->authority && !uri->host && !uri->target));
    DEMAND(code != ASYNCHTTP_E_INVALID_ARGUMENT || (why && *why));
}

/* What was read is right, and reading it again changes nothing. */
static void check(const ah_uri *uri)
{
    ah_uri again;
    const char *why = NULL;
    check_text(uri);
    check_authority(uri);
    DEMAND(ah_uri_parse(&again, uri->text, &why) == ASYNCHTTP_OK);
    check_same(uri, &again);
    ah_uri_clear(&again);
}

static int parse(ah_uri *uri, const char *text)
{
    const char *why = NULL;
    asynchttp_code code = ah_uri_parse(uri, text, &why);
    check_code(code, uri, why);
    if (!code)
        check(uri);
    return !code;
}

/* A path can lead nowhere else. */
static int stays(const char *reference)
{
    return !*reference || *reference == '?' || *reference == '#' || (*reference == '/' && reference[1] != '/');
}

/* Once resolved, it is the same from everywhere; only the dot segments of a path that was the base's go. */
static void check_resolved(const ah_uri *base, const ah_uri *uri)
{
    ah_uri once, twice;
    const char *why = NULL;
    DEMAND(ah_uri_resolve(&once, base, uri->text, &why) == ASYNCHTTP_OK);
    DEMAND(ah_uri_same_origin(&once, uri));
    DEMAND(ah_uri_resolve(&twice, uri, once.text, &why) == ASYNCHTTP_OK);
    check_same(&once, &twice);
    ah_uri_clear(&once);
    ah_uri_clear(&twice);
}

/* The base becomes what the reference names. */
static void resolve(ah_uri *base, const char *reference)
{
    ah_uri uri;
    const char *why = NULL;
    asynchttp_code code = ah_uri_resolve(&uri, base, reference, &why);
    check_code(code, &uri, why);
    if (stays(reference))
        DEMAND(code == ASYNCHTTP_OK && ah_uri_same_origin(&uri, base));
    if (code)
        return;
    check(&uri);
    check_resolved(base, &uri);
    ah_uri_clear(base);
    *base = uri;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ah_uri uri;
    char *text = fuzz_text(data, size);
    if (parse(&uri, text))
        ah_uri_clear(&uri);
    free(text);
    text = fuzz_take_line(&data, &size);
    int parsed = parse(&uri, text);
    free(text);
    for (int i = 0; parsed && size && i < 16; i++) {
        text = fuzz_take_line(&data, &size);
        resolve(&uri, text);
        free(text);
    }
    ah_uri_clear(&uri);
    return 0;
}
