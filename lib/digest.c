#include "digest.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fields.h"

#define HEX_SIZE (2 * EVP_MAX_MD_SIZE + 1)
#define SHA1_LENGTH 20
#define BASE64_LENGTH(length) (((length) + 2) / 3 * 4)

enum { CNONCE_BYTES = 16 };

typedef struct known_algorithm {
    const char *name;
    const EVP_MD *(*hash)(void);
    bool session;
} known_algorithm;

static const known_algorithm algorithms[] = {
    [AH_DIGEST_MD5] = {"MD5", EVP_md5, false},
    [AH_DIGEST_MD5_SESS] = {"MD5-sess", EVP_md5, true},
    [AH_DIGEST_SHA_256] = {"SHA-256", EVP_sha256, false},
    [AH_DIGEST_SHA_256_SESS] = {"SHA-256-sess", EVP_sha256, true},
    [AH_DIGEST_SHA_512_256] = {"SHA-512-256", EVP_sha512_256, false},
    [AH_DIGEST_SHA_512_256_SESS] = {"SHA-512-256-sess", EVP_sha512_256, true},
};

/* ---- Reading a challenge ------------------------------------------------------------------- */

/* False: unknown. */
static bool find_algorithm(ah_digest_algorithm *found, const char *name)
{
    for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++) {
        if (ah_same_ignoring_case(algorithms[i].name, name)) {
            *found = (ah_digest_algorithm)i;
            return true;
        }
    }
    return false;
}

/* Whether auth is in a list of qop values (RFC 7616 section 3.3). Blanks alone may be between them too, as in
 * httplib2. */
static bool lists_auth(const char *list)
{
    static const char between[] = ", \t";
    while (*(list += strspn(list, between))) {
        size_t length = strcspn(list, between);
        if (length == 4 && ah_lower(list[0]) == 'a' && ah_lower(list[1]) == 'u' && ah_lower(list[2]) == 't' &&
            ah_lower(list[3]) == 'h')
            return true;
        list += length;
    }
    return false;
}

static bool is(const ah_challenge *challenge, const char *name, const char *expected)
{
    const char *value = ah_challenge_parameter(challenge, name);
    return value && ah_same_ignoring_case(value, expected);
}

static asynchttp_code refuse(ah_digest *digest, const char **why, const char *name, const char *value)
{
    /* The server may say anything, at any length. */
    snprintf(digest->why, sizeof(digest->why), "Unsupported value for %s: %.60s.", name, value);
    *why = digest->why;
    return ASYNCHTTP_E_UNIMPLEMENTED_DIGEST_AUTH_OPTION;
}

static asynchttp_code miss(ah_digest *digest, const char **why, const char *name)
{
    snprintf(digest->why, sizeof(digest->why), "A Digest challenge without a %s.", name);
    *why = digest->why;
    return ASYNCHTTP_E_MALFORMED_HEADER;
}

static asynchttp_code check_options(ah_digest *digest, const ah_challenge *challenge, const char **why)
{
    const char *qop = ah_challenge_parameter(challenge, "qop");
    const char *name = ah_challenge_parameter(challenge, "algorithm");
    if (qop && !lists_auth(qop))
        return refuse(digest, why, "qop", qop);
    ah_digest_algorithm found = AH_DIGEST_MD5;
    if (name && !find_algorithm(&found, name))
        return refuse(digest, why, "algorithm", name);
    if (!ah_challenge_parameter(challenge, "realm"))
        return miss(digest, why, "realm");
    if (!ah_challenge_parameter(challenge, "nonce"))
        return miss(digest, why, "nonce");
    digest->algorithm = found;
    digest->has_algorithm = name;
    digest->qop_auth = qop;
    return ASYNCHTTP_OK;
}

/* False: no memory. A parameter that is not there stays NULL. */
static bool copy_parameter(char **text, const ah_challenge *challenge, const char *name)
{
    const char *value = ah_challenge_parameter(challenge, name);
    if (value)
        *text = strdup(value);
    return !value || *text;
}

asynchttp_code ah_digest_read(ah_digest *digest, const ah_challenge *challenge, const char **why)
{
    *digest = (ah_digest){0};
    asynchttp_code code = check_options(digest, challenge, why);
    if (code)
        return code;
    digest->userhash = is(challenge, "userhash", "true");
    digest->utf8 = is(challenge, "charset", "UTF-8");
    digest->stale = is(challenge, "stale", "true");
    if (copy_parameter(&digest->realm, challenge, "realm") && copy_parameter(&digest->nonce, challenge, "nonce") &&
        copy_parameter(&digest->opaque, challenge, "opaque"))
        return ASYNCHTTP_OK;
    ah_digest_clear(digest);
    return ASYNCHTTP_E_NO_MEMORY;
}

void ah_digest_clear(ah_digest *digest)
{
    free(digest->realm);
    free(digest->nonce);
    free(digest->opaque);
    *digest = (ah_digest){0};
}

/* ---- Hashing ------------------------------------------------------------------------------- */

static void to_hex(char *hex, const unsigned char *bytes, size_t length)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < length; i++) {
        *hex++ = digits[bytes[i] >> 4];
        *hex++ = digits[bytes[i] & 15];
    }
    *hex = '\0';
}

/* The hash of the parts, up to a NULL, with the separator between them: so there is no copy of a password to wipe, as
 * libcrypto wipes its own. */
static bool hash_parts(unsigned char bytes[EVP_MAX_MD_SIZE], unsigned *length, const EVP_MD *hash,
                       const char *separator, const char *const *parts)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good = context && EVP_DigestInit_ex(context, hash, NULL);
    for (size_t i = 0; good && parts[i]; i++) {
        good = (i == 0 || EVP_DigestUpdate(context, separator, strlen(separator))) &&
               EVP_DigestUpdate(context, parts[i], strlen(parts[i]));
    }
    good = good && EVP_DigestFinal_ex(context, bytes, length);
    EVP_MD_CTX_free(context);
    return good;
}

/* H of the parts with colons between them (RFC 7616 section 3.3), in hexadecimal digits. */
static bool hash_to_hex(char hex[HEX_SIZE], const EVP_MD *hash, const char *const *parts)
{
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned length;
    bool good = hash_parts(bytes, &length, hash, ":", parts);
    if (good)
        to_hex(hex, bytes, length);
    OPENSSL_cleanse(bytes, sizeof(bytes));
    return good;
}

#define HASH(hex, hash, ...) hash_to_hex(hex, hash, (const char *const[]){__VA_ARGS__, NULL})

/* ---- Texts --------------------------------------------------------------------------------- */

/* Takes back what was appended since the buffer had this length. */
static void cut(ah_buffer *value, size_t length)
{
    value->length = length;
    if (value->data)
        value->data[length] = '\0';
}

/* Appends a quoted-string (RFC 9110 section 5.6.4) after its name, which is to bring its "=". */
static bool append_quoted(ah_buffer *value, const char *name, const char *text)
{
    bool good = ah_is_field_value(text) && ah_buffer_append_string(value, name) && ah_buffer_append_string(value, "\"");
    for (; good && *text; text++) {
        bool special = *text == '"' || *text == '\\';
        good = (!special || ah_buffer_append_string(value, "\\")) && ah_buffer_append(value, text, 1);
    }
    return good && ah_buffer_append_string(value, "\"");
}

static bool is_printable_ascii(const char *text)
{
    while (*text >= 0x20 && *text < 0x7f)
        text++;
    return !*text;
}

/* Appends an ext-value (RFC 8187 section 3.2). */
static bool append_encoded(ah_buffer *value, const char *name, const char *text)
{
    static const char plain[] = "!#$&+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    bool good = ah_buffer_append_string(value, name) && ah_buffer_append_string(value, "UTF-8''");
    for (; good && *text; text++) {
        good = strchr(plain, *text) ? ah_buffer_append(value, text, 1)
                                    : ah_buffer_printf(value, "%%%02X", (unsigned)(unsigned char)*text);
    }
    return good;
}

/* ---- Digest -------------------------------------------------------------------------------- */

/* What is hashed, but for what is in the challenge. */
typedef struct usage {
    const char *name;
    const char *password;
    const char *method;
    const char *target;
    const char *cnonce;
    char nc[9];
} usage;

/* H(A1) (RFC 7616 section 3.4.2), which is as good as the password. */
static bool hash_secret(char hex[HEX_SIZE], const ah_digest *digest, const usage *use)
{
    const known_algorithm *algorithm = &algorithms[digest->algorithm];
    const EVP_MD *hash = algorithm->hash();
    char secret[HEX_SIZE];
    if (!HASH(hex, hash, use->name, digest->realm, use->password))
        return false;
    if (!algorithm->session)
        return true;
    memcpy(secret, hex, sizeof(secret));
    bool good = HASH(hex, hash, secret, digest->nonce, use->cnonce);
    OPENSSL_cleanse(secret, sizeof(secret));
    return good;
}

/* The response (RFC 7616 section 3.4.1; RFC 2069 section 2.1.2). */
static bool respond(char response[HEX_SIZE], const ah_digest *digest, const usage *use)
{
    const EVP_MD *hash = algorithms[digest->algorithm].hash();
    char secret[HEX_SIZE] = "";
    char request[HEX_SIZE];
    bool good = hash_secret(secret, digest, use) && HASH(request, hash, use->method, use->target);
    if (good && digest->qop_auth)
        good = HASH(response, hash, secret, digest->nonce, use->nc, use->cnonce, "auth", request);
    else if (good)
        good = HASH(response, hash, secret, digest->nonce, request);
    OPENSSL_cleanse(secret, sizeof(secret));
    return good;
}

/* RFC 7616 sections 3.4 and 3.4.4. */
static bool append_name(ah_buffer *value, const ah_digest *digest, const char *name)
{
    char hashed[HEX_SIZE];
    if (digest->userhash)
        return HASH(hashed, algorithms[digest->algorithm].hash(), name, digest->realm) &&
               append_quoted(value, "username=", hashed);
    if (digest->utf8 && !is_printable_ascii(name))
        return append_encoded(value, "username*=", name);
    return append_quoted(value, "username=", name);
}

/* Neither algorithm, qop nor nc is quoted, for the sake of old servers (RFC 7616 section 3.4). */
static bool append_algorithm(ah_buffer *value, const ah_digest *digest)
{
    return !digest->has_algorithm || ah_buffer_printf(value, ", algorithm=%s", algorithms[digest->algorithm].name);
}

/* Without a qop there is no cnonce, but for the session whose key nobody could compute without it. */
static bool append_use(ah_buffer *value, const ah_digest *digest, const usage *use)
{
    if (digest->qop_auth && !ah_buffer_printf(value, ", qop=auth, nc=%s", use->nc))
        return false;
    if (!digest->qop_auth && !algorithms[digest->algorithm].session)
        return true;
    return append_quoted(value, ", cnonce=", use->cnonce);
}

/* In the order of httplib2. */
static bool append_digest(ah_buffer *value, const ah_digest *digest, const usage *use)
{
    char response[HEX_SIZE];
    return respond(response, digest, use) && ah_buffer_append_string(value, "Digest ") &&
           append_name(value, digest, use->name) && append_quoted(value, ", realm=", digest->realm) &&
           append_quoted(value, ", nonce=", digest->nonce) && append_quoted(value, ", uri=", use->target) &&
           append_algorithm(value, digest) && append_quoted(value, ", response=", response) &&
           append_use(value, digest, use) && (!digest->opaque || append_quoted(value, ", opaque=", digest->opaque)) &&
           (!digest->userhash || ah_buffer_append_string(value, ", userhash=true"));
}

bool ah_digest_authorization(ah_buffer *value, const ah_digest *digest, const char *name, const char *password,
                             const char *method, const char *target, unsigned nc, const char *cnonce)
{
    usage use = {.name = name, .password = password, .method = method, .target = target, .cnonce = cnonce};
    snprintf(use.nc, sizeof(use.nc), "%08x", nc & 0xffffffffU);
    size_t length = value->length;
    bool good = append_digest(value, digest, &use);
    if (!good)
        cut(value, length);
    return good;
}

bool ah_digest_cnonce(char cnonce[33])
{
    unsigned char bytes[CNONCE_BYTES];
    if (RAND_bytes(bytes, CNONCE_BYTES) != 1)
        return false;
    to_hex(cnonce, bytes, CNONCE_BYTES);
    return true;
}

/* ---- Basic and WSSE ------------------------------------------------------------------------ */

/* Appends in one step, so that the buffer does not move and leave a password behind. */
static bool append_basic(ah_buffer *value, const char *plain, int length)
{
    static const char scheme[] = "Basic ";
    if (!ah_buffer_reserve(value, sizeof(scheme) + BASE64_LENGTH((size_t)length)) ||
        !ah_buffer_append_string(value, scheme))
        return false;
    unsigned char *end = (unsigned char *)value->data + value->length;
    value->length += (size_t)EVP_EncodeBlock(end, (const unsigned char *)plain, length);
    return true;
}

bool ah_basic_authorization(ah_buffer *value, const char *name, const char *password)
{
    size_t name_length = strlen(name);
    size_t password_length = strlen(password);
    if (name_length > INT_MAX / 4 || password_length > INT_MAX / 4)
        return false;
    size_t length = name_length + 1 + password_length;
    char *plain = malloc(length);
    if (!plain)
        return false;
    memcpy(plain, name, name_length);
    plain[name_length] = ':';
    memcpy(plain + name_length + 1, password, password_length);
    bool good = append_basic(value, plain, (int)length);
    OPENSSL_cleanse(plain, length);
    free(plain);
    return good;
}

/* The PasswordDigest: it hides the password, and may be seen. */
static bool digest_password(char base64[BASE64_LENGTH(SHA1_LENGTH) + 1], const char *password, const char *nonce,
                            const char *created)
{
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned length;
    const char *const parts[] = {nonce, created, password, NULL};
    if (!hash_parts(bytes, &length, EVP_sha1(), "", parts))
        return false;
    EVP_EncodeBlock((unsigned char *)base64, bytes, SHA1_LENGTH);
    return true;
}

bool ah_wsse_username_token(ah_buffer *value, const char *name, const char *password, const char *nonce,
                            const char *created)
{
    char digest[BASE64_LENGTH(SHA1_LENGTH) + 1];
    size_t length = value->length;
    bool good = digest_password(digest, password, nonce, created) &&
                append_quoted(value, "UsernameToken Username=", name) &&
                append_quoted(value, ", PasswordDigest=", digest) && append_quoted(value, ", Nonce=", nonce) &&
                append_quoted(value, ", Created=", created);
    if (!good)
        cut(value, length);
    return good;
}
