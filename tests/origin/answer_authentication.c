#include "answer_authentication.h"

#include "ledger.h"
#include "memory.h"
#include "number.h"
#include "percent.h"
#include "query.h"
#include "reply.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The highest count of a nonce that is accepted. */
#define COUNT_MAX 65535

#define HEX_MAX (2 * EVP_MAX_MD_SIZE + 1)

typedef struct nonce {
    struct nonce *next;
    char text[64];
    uint64_t uses;
    /* A bit for each count that has come. */
    unsigned char seen[COUNT_MAX / 8 + 1];
} nonce;

/* What is asked for, from the query. */
typedef struct demand {
    char *user;
    char *password;
    char *algorithm;
    char *qop;
    char *opaque;
    /* After so many uses a nonce is stale; 0: never. */
    uint64_t uses;
    bool userhash;
    bool next_nonce;
    bool same_nonce;
} demand;

/* A client's answer to it: the value of Authorization as a string, "" if there is none. */
typedef struct attempt {
    const exchange *x;
    const demand *demand;
    char *authorization;
    /* Why it is not let in, unless it is. */
    const char *why;
    bool stale;
} attempt;

static nonce *nonces;

/* ---- The query ---- */

static bool has_option(const exchange *x, const char *name)
{
    query_item item;

    return query_find(x->request.query, name, &item);
}

/* To be freed. */
static char *option(const exchange *x, const char *name, const char *otherwise)
{
    query_item item;

    if (!query_find(x->request.query, name, &item))
        return memory_string(otherwise, strlen(otherwise));
    return percent_decoded_string(item.value, item.value_size);
}

static demand demand_read(const exchange *x)
{
    demand d = {.user = option(x, "user", "user"),
                .password = option(x, "password", "secret"),
                .algorithm = option(x, "algorithm", ""),
                .qop = option(x, "qop", "auth"),
                .opaque = option(x, "opaque", ""),
                .userhash = has_option(x, "userhash"),
                .next_nonce = has_option(x, "nextnonce"),
                .same_nonce = has_option(x, "same")};
    query_item item;

    if (query_find(x->request.query, "uses", &item))
        number_parse(item.value, item.value_size, 10, &d.uses);
    return d;
}

static void demand_clear(demand *d)
{
    free(d->user);
    free(d->password);
    free(d->algorithm);
    free(d->qop);
    free(d->opaque);
}

/* ---- What is counted ---- */

static const char *account(const char *what, const char *name)
{
    static char text[256];

    snprintf(text, sizeof text, "%s %s", what, name);
    return text;
}

static const char *area(const exchange *x)
{
    return x->arguments.words[0];
}

/* ---- Nonces ---- */

static void forget_nonces(void)
{
    while (nonces) {
        nonce *next = nonces->next;

        free(nonces);
        nonces = next;
    }
}

static nonce *nonce_find(const char *text)
{
    nonce *n = nonces;

    while (n && strcmp(n->text, text) != 0)
        n = n->next;
    return n;
}

static nonce *nonce_add(const char *text)
{
    static bool registered;
    nonce *n = memory_zeroed(sizeof *n);

    if (!registered)
        registered = atexit(forget_nonces) == 0;
    snprintf(n->text, sizeof n->text, "%s", text);
    n->next = nonces;
    nonces = n;
    return n;
}

/* A new nonce; if all are to get the same, that one. */
static const nonce *nonce_issue(const exchange *x, const demand *d)
{
    static uint64_t issued;
    char text[sizeof nonces->text];
    nonce *n;

    if (!d->same_nonce) {
        snprintf(text, sizeof text, "n%" PRIu64 "/%.40s==", ++issued, area(x));
        return nonce_add(text);
    }
    snprintf(text, sizeof text, "same/%.40s", area(x));
    n = nonce_find(text);
    return n ? n : nonce_add(text);
}

/* Notes a count. Returns whether it is the first time that it comes. */
static bool nonce_note(nonce *n, uint64_t count)
{
    unsigned char bit = (unsigned char)(1U << count % 8);
    bool first = !(n->seen[count / 8] & bit);

    n->seen[count / 8] |= bit;
    n->uses++;
    return first;
}

/* ---- Hashes ---- */

static const struct {
    const char *name;
    const EVP_MD *(*type)(void);
    bool session;
} algorithms[] = {
    {"", EVP_md5, false},
    {"MD5", EVP_md5, false},
    {"MD5-sess", EVP_md5, true},
    {"SHA-256", EVP_sha256, false},
    {"SHA-256-sess", EVP_sha256, true},
    {"SHA-512-256", EVP_sha512_256, false},
    {"SHA-512-256-sess", EVP_sha512_256, true},
};

#define ALGORITHMS (sizeof algorithms / sizeof *algorithms)

/* Hashes what the buffer holds, and empties it. */
static void hash_hex(const EVP_MD *type, buffer *text, char hex[HEX_MAX])
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned size = 0;

    if (!EVP_Digest(buffer_bytes(text), text->size, hash, &size, type, NULL))
        fatal("there is no such hash");
    for (unsigned i = 0; i < size; i++)
        snprintf(hex + (size_t)2 * i, 3, "%02x", hash[i]);
    buffer_clear(text);
}

/* To be freed. */
static char *base64(const unsigned char *bytes, size_t size)
{
    char *text = memory_zeroed(size / 3 * 4 + 5);

    EVP_EncodeBlock((unsigned char *)text, bytes, (int)size);
    return text;
}

/* ---- Parameters ---- */

/* Reads a value, quoted or not, into out. Returns what follows it. */
static const char *read_value(const char *at, buffer *out)
{
    bool quoted = *at == '"';

    at += quoted;
    while (*at && (quoted ? *at != '"' : !strchr(", \t", *at))) {
        at += quoted && *at == '\\' && at[1];
        buffer_append(out, at++, 1);
    }
    return at + (quoted && *at == '"');
}

/* The value of a parameter in "SCHEME NAME=VALUE, ...", to be freed; "" if it is not there. */
static char *parameter(const char *text, const char *name)
{
    const char *at = text + strcspn(text, " ");
    char *found = NULL;

    while (!found && *(at += strspn(at, ", \t"))) {
        size_t size = strcspn(at, "=");
        bool wanted = size == strlen(name) && strncasecmp(at, name, size) == 0;
        buffer value = {0};

        at = read_value(at + size + (at[size] == '='), &value);
        if (wanted)
            found = memory_string((const char *)buffer_bytes(&value), value.size);
        buffer_clear(&value);
    }
    return found ? found : memory_string("", 0);
}

static bool parameter_is(const char *text, const char *name, const char *wanted)
{
    char *value = parameter(text, name);
    bool is = strcmp(value, wanted) == 0;

    free(value);
    return is;
}

/* ---- Attempts ---- */

static bool refuse(attempt *a, const char *why)
{
    a->why = why;
    return false;
}

static bool is_scheme(const attempt *a, const char *name)
{
    size_t size = strlen(name);

    return strncasecmp(a->authorization, name, size) == 0 && a->authorization[size] == ' ';
}

static bool check_basic(attempt *a)
{
    buffer pair = {0};
    char *expected;
    bool good;

    buffer_printf(&pair, "%s:%s", a->demand->user, a->demand->password);
    expected = base64(buffer_bytes(&pair), pair.size);
    good = strcmp(a->authorization + strlen("Basic "), expected) == 0;
    free(expected);
    buffer_clear(&pair);
    return good || refuse(a, "wrong name or password");
}

static bool check_wsse_token(attempt *a, const char *token)
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    buffer text = {0};
    char *once = parameter(token, "Nonce");
    char *created = parameter(token, "Created");
    char *expected;
    bool good;

    buffer_printf(&text, "%s%s%s", once, created, a->demand->password);
    if (!EVP_Digest(buffer_bytes(&text), text.size, hash, &size, EVP_sha1(), NULL))
        fatal("there is no SHA-1");
    expected = base64(hash, size);
    good = *once && *created && parameter_is(token, "PasswordDigest", expected) &&
           parameter_is(token, "Username", a->demand->user);
    free(expected);
    free(created);
    free(once);
    buffer_clear(&text);
    return good || refuse(a, "wrong name or password");
}

static bool check_wsse(attempt *a)
{
    field_value value;
    char *token;
    bool good;

    if (!parameter_is(a->authorization, "profile", "UsernameToken"))
        return refuse(a, "the profile is not UsernameToken");
    if (!request_field(&a->x->request, "X-WSSE", &value))
        return refuse(a, "there is no X-WSSE");
    token = memory_string(value.text, value.size);
    good = check_wsse_token(a, token);
    free(token);
    return good;
}

/* "METHOD:TARGET" as on the request line. */
static void append_a2(const exchange *x, buffer *out)
{
    const char *head = (const char *)buffer_bytes(&x->request.head);

    buffer_append(out, head, strcspn(head, " "));
    buffer_printf(out, ":%s", x->request.path);
    if (x->request.query)
        buffer_printf(out, "?%s", x->request.query);
}

/* The hash of name, realm and password, the session's if there is one. */
static void hash_a1(const attempt *a, size_t algorithm, char hex[HEX_MAX])
{
    buffer text = {0};
    char *once = parameter(a->authorization, "nonce");
    char *cnonce = parameter(a->authorization, "cnonce");

    buffer_printf(&text, "%s:%s:%s", a->demand->user, area(a->x), a->demand->password);
    hash_hex(algorithms[algorithm].type(), &text, hex);
    if (algorithms[algorithm].session) {
        buffer_printf(&text, "%s:%s:%s", hex, once, cnonce);
        hash_hex(algorithms[algorithm].type(), &text, hex);
    }
    free(cnonce);
    free(once);
}

static bool check_response(attempt *a, size_t algorithm)
{
    static const char *const of_qop[] = {"nc", "cnonce", "qop"};
    const EVP_MD *type = algorithms[algorithm].type();
    char a1[HEX_MAX], a2[HEX_MAX], expected[HEX_MAX];
    char *once = parameter(a->authorization, "nonce");
    buffer text = {0};

    hash_a1(a, algorithm, a1);
    append_a2(a->x, &text);
    hash_hex(type, &text, a2);
    buffer_printf(&text, "%s:%s:", a1, once);
    for (size_t i = 0; *a->demand->qop && i < sizeof of_qop / sizeof *of_qop; i++) {
        char *value = parameter(a->authorization, of_qop[i]);

        buffer_printf(&text, "%s:", value);
        free(value);
    }
    buffer_printf(&text, "%s", a2);
    hash_hex(type, &text, expected);
    free(once);
    return parameter_is(a->authorization, "response", expected) || refuse(a, "wrong response");
}

static bool check_user(attempt *a, size_t algorithm)
{
    char hash[HEX_MAX];
    buffer text = {0};

    if (!a->demand->userhash)
        return parameter_is(a->authorization, "username", a->demand->user) || refuse(a, "wrong name");
    buffer_printf(&text, "%s:%s", a->demand->user, area(a->x));
    hash_hex(algorithms[algorithm].type(), &text, hash);
    return (parameter_is(a->authorization, "username", hash) && parameter_is(a->authorization, "userhash", "true")) ||
           refuse(a, "wrong hash of the name");
}

static bool check_target(attempt *a)
{
    buffer text = {0};
    char *a2;
    bool good;

    append_a2(a->x, &text);
    a2 = memory_string((const char *)buffer_bytes(&text), text.size);
    good = parameter_is(a->authorization, "uri", strchr(a2, ':') + 1);
    free(a2);
    buffer_clear(&text);
    return good || refuse(a, "wrong uri");
}

/* What has to come back as it was sent. */
static bool check_echoes(attempt *a)
{
    if (!parameter_is(a->authorization, "realm", area(a->x)))
        return refuse(a, "wrong realm");
    if (!parameter_is(a->authorization, "opaque", a->demand->opaque))
        return refuse(a, "wrong opaque");
    if (!parameter_is(a->authorization, "algorithm", a->demand->algorithm))
        return refuse(a, "wrong algorithm");
    return parameter_is(a->authorization, "qop", *a->demand->qop ? "auth" : "") || refuse(a, "wrong qop");
}

static bool check_count(attempt *a, nonce *n)
{
    char *text = parameter(a->authorization, "nc");
    uint64_t count;
    bool readable = strlen(text) == 8 && number_parse(text, 8, 16, &count) && count > 0 && count <= COUNT_MAX;

    free(text);
    if (!readable)
        return refuse(a, "nc is not a count");
    if (nonce_note(n, count))
        return true;
    ledger_count(account("refused", area(a->x)));
    return refuse(a, "nc comes again");
}

/* Whatever else is wrong, the nonce has been used. */
static bool check_nonce(attempt *a)
{
    char *text = parameter(a->authorization, "nonce");
    nonce *n = nonce_find(text);
    uint64_t uses = a->demand->next_nonce ? 1 : a->demand->uses;

    free(text);
    a->stale = !n || (uses && n->uses >= uses);
    if (a->stale)
        return refuse(a, "the nonce is stale");
    if (*a->demand->qop)
        return check_count(a, n);
    n->uses++;
    return true;
}

static bool check_digest(attempt *a)
{
    size_t i = 0;

    while (i < ALGORITHMS && strcmp(algorithms[i].name, a->demand->algorithm) != 0)
        i++;
    if (i == ALGORITHMS)
        return refuse(a, "there is no such algorithm");
    return check_nonce(a) && check_echoes(a) && check_target(a) && check_user(a, i) && check_response(a, i);
}

/* ---- Challenges ---- */

static void challenge_basic(attempt *a, buffer *out)
{
    buffer_printf(out, "Basic realm=\"%s\", charset=\"UTF-8\"", area(a->x));
}

static void challenge_wsse(attempt *a, buffer *out)
{
    buffer_printf(out, "WSSE realm=\"%s\", profile=\"UsernameToken\"", area(a->x));
}

static void challenge_digest(attempt *a, buffer *out)
{
    const demand *d = a->demand;

    buffer_printf(out, "Digest realm=\"%s\", nonce=\"%s\"", area(a->x), nonce_issue(a->x, d)->text);
    if (*d->qop)
        buffer_printf(out, ", qop=\"%s\"", d->qop);
    if (*d->algorithm)
        buffer_printf(out, ", algorithm=%s", d->algorithm);
    if (*d->opaque)
        buffer_printf(out, ", opaque=\"%s\"", d->opaque);
    if (d->userhash)
        buffer_printf(out, ", userhash=true");
    if (a->stale)
        buffer_printf(out, ", stale=true");
}

static const struct {
    const char *name;
    bool (*check)(attempt *a);
    void (*challenge)(attempt *a, buffer *out);
} schemes[] = {
    {"basic", check_basic, challenge_basic},
    {"digest", check_digest, challenge_digest},
    {"wsse", check_wsse, challenge_wsse},
};

#define SCHEMES (sizeof schemes / sizeof *schemes)

/* Whether a list "a,b" has this item. */
static bool lists(const char *list, const char *item)
{
    size_t size = strlen(item);

    while (*list) {
        size_t length = strcspn(list, ",");

        if (length == size && memcmp(list, item, size) == 0)
            return true;
        list += length;
        list += *list == ',';
    }
    return false;
}

/* Adds the challenges of the schemes, in the order of the list: in one field, or in a field each. */
static void add_challenges(exchange *x, attempt *a, const char *list)
{
    bool split = has_option(x, "split");
    buffer value = {0};

    while (*list) {
        size_t length = strcspn(list, ",");

        for (size_t i = 0; i < SCHEMES; i++) {
            if (length == strlen(schemes[i].name) && memcmp(list, schemes[i].name, length) == 0)
                schemes[i].challenge(a, &value);
        }
        list += length;
        list += *list == ',';
        if (*list && !split) {
            buffer_printf(&value, ", ");
            continue;
        }
        reply_field(x, "WWW-Authenticate", buffer_bytes(&value), value.size);
        buffer_clear(&value);
    }
}

/* ---- Answers ---- */

static void let_in(exchange *x, const demand *d, const char *scheme)
{
    buffer body = {0};
    char *to = option(x, "to", "");

    if (d->next_nonce) {
        char info[128];
        int size = snprintf(info, sizeof info, "nextnonce=\"%s\"", nonce_issue(x, d)->text);

        reply_field(x, "Authentication-Info", info, (size_t)size);
    }
    buffer_printf(&body, "%s %s\n", scheme, d->user);
    buffer_append(&body, buffer_bytes(&x->content.kept), x->content.kept.size);
    if (*to)
        reply_field_text(x, "Location", to);
    reply_bytes(x, *to ? 302 : 200, "text/plain", &body);
    free(to);
}

/* Who tries it, and how: "SCHEME NAME", or "-". */
static void record(const exchange *x, const attempt *a)
{
    char line[256] = "-";
    char *user = parameter(a->authorization, "username");

    if (*a->authorization)
        snprintf(line, sizeof line, "%.*s %s", (int)strcspn(a->authorization, " "), a->authorization, user);
    free(user);
    ledger_record(account("tried", area(x)), line);
}

static void answer(exchange *x, const char *list)
{
    demand d = demand_read(x);
    field_value value = {"", 0};
    attempt a = {.x = x, .demand = &d, .why = "no credentials for it"};
    const char *scheme = NULL;

    request_field(&x->request, "Authorization", &value);
    a.authorization = memory_string(value.text, value.size);
    record(x, &a);
    for (size_t i = 0; i < SCHEMES; i++) {
        if (lists(list, schemes[i].name) && is_scheme(&a, schemes[i].name) && schemes[i].check(&a))
            scheme = schemes[i].name;
    }
    if (scheme) {
        let_in(x, &d, scheme);
    } else {
        ledger_count(account("asked", area(x)));
        add_challenges(x, &a, list);
        reply_printf(x, 401, "%s\n", a.why);
    }
    free(a.authorization);
    demand_clear(&d);
}

void answer_auth_basic(exchange *x)
{
    answer(x, "basic");
}

void answer_auth_digest(exchange *x)
{
    answer(x, "digest");
}

void answer_auth_wsse(exchange *x)
{
    answer(x, "wsse");
}

void answer_auth_many(exchange *x)
{
    char *list = option(x, "schemes", "basic,wsse,digest");

    answer(x, list);
    free(list);
}

void answer_auth_asked(exchange *x)
{
    reply_printf(x, 200, "%" PRIu64 "\n", ledger_counted(account("asked", area(x))));
}

void answer_auth_refused(exchange *x)
{
    reply_printf(x, 200, "%" PRIu64 "\n", ledger_counted(account("refused", area(x))));
}

void answer_auth_tried(exchange *x)
{
    const buffer *lines = ledger_recorded(account("tried", area(x)));
    buffer copy = {0};

    buffer_append(&copy, buffer_bytes(lines), lines->size);
    reply_bytes(x, 200, "text/plain", &copy);
}
