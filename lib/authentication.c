#include "authentication.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/shared.h"
#include "digest.h"

/* The strongest first. */
typedef enum auth_scheme { DIGEST, WSSE, BASIC, SCHEMES } auth_scheme;

static const char *const scheme_names[] = {"digest", "wsse", "basic"};

/* The most that are remembered at once; the oldest goes. */
enum { MOST_REMEMBERED = 1000 };

/* How many nonces are known at once; the one that was not used for longest goes. */
enum { MOST_NONCES = 64 };

typedef struct known_nonce {
    char *nonce;
    unsigned count;
    /* When it was used last, by the number of uses of all. */
    unsigned long long used;
} known_nonce;

/*
 * How often nonces were used, whoever used them: several credentials, or workers that were given the same one before
 * any of them was let in (RFC 7616 section 3.4: the count is of the requests that the client has sent with the nonce).
 */
typedef struct nonces {
    pthread_mutex_t lock;
    unsigned long long uses;
    known_nonce items[MOST_NONCES];
} nonces;

struct ah_authorization {
    auth_scheme scheme;
    /* A share; the name and the password are items in it. */
    ah_strings *credentials;
    const char *name;
    const char *password;
    /* What it is for: "https://authority/path/", up to the last slash. */
    char *scope;
    /* Guards what follows: workers count on one nonce together. */
    pthread_mutex_t lock;
    ah_digest digest;
    /* A share. */
    nonces *nonces;
    /* The last count that the nonce was used with here, and the client's own to go with it (RFC 7616 section 3.4). */
    unsigned nonce_count;
    char cnonce[33];
};

struct ah_authorizations {
    pthread_mutex_t lock;
    nonces *nonces;
    ah_authorization **items;
    size_t count;
    size_t capacity;
};

/* ---- Nonces ---- */

static void destroy_nonces(void *value)
{
    nonces *all = value;
    for (size_t i = 0; i < MOST_NONCES; i++)
        free(all->items[i].nonce);
    pthread_mutex_destroy(&all->lock);
}

static nonces *nonces_new(void)
{
    nonces *all = ah_shared_new(sizeof(*all), destroy_nonces);
    if (all)
        pthread_mutex_init(&all->lock, NULL);
    return all;
}

/* The place of a nonce, a new one if need be. NULL: no memory. */
static known_nonce *place_locked(nonces *all, const char *nonce)
{
    known_nonce *oldest = &all->items[0];
    for (known_nonce *item = all->items; item < all->items + MOST_NONCES; item++) {
        if (item->nonce && strcmp(item->nonce, nonce) == 0)
            return item;
        if (item->used < oldest->used)
            oldest = item;
    }
    char *copy = strdup(nonce);
    if (!copy)
        return NULL;
    free(oldest->nonce);
    *oldest = (known_nonce){.nonce = copy};
    return oldest;
}

/* The next count of a nonce, above the one that the caller used last. */
static unsigned next_count(nonces *all, const char *nonce, unsigned last)
{
    pthread_mutex_lock(&all->lock);
    known_nonce *item = place_locked(all, nonce);
    unsigned count = (item && item->count > last ? item->count : last) + 1;
    if (item) {
        item->count = count;
        item->used = ++all->uses;
    }
    pthread_mutex_unlock(&all->lock);
    return count;
}

/* ---- One authorization ---- */

static void destroy(void *value)
{
    ah_authorization *authorization = value;
    ah_digest_clear(&authorization->digest);
    ah_shared_release(authorization->credentials);
    ah_shared_release(authorization->nonces);
    free(authorization->scope);
    pthread_mutex_destroy(&authorization->lock);
}

/* The URI up to the last slash of its path (RFC 7617 section 2.2). */
static char *scope_of(const ah_uri *uri)
{
    size_t path = (size_t)(uri->target - uri->text);
    size_t length = path + strcspn(uri->target, "?");
    while (length > path + 1 && uri->text[length - 1] != '/')
        length--;
    return strndup(uri->text, length);
}

static ah_authorization *authorization_new(auth_scheme scheme, const ah_settings *settings, size_t credential,
                                           const ah_uri *uri)
{
    ah_authorization *authorization = ah_shared_new(sizeof(*authorization), destroy);
    if (!authorization)
        return NULL;
    pthread_mutex_init(&authorization->lock, NULL);
    authorization->scheme = scheme;
    authorization->credentials = ah_shared_hold(settings->credentials);
    authorization->nonces = ah_shared_hold(settings->authorizations->nonces);
    authorization->name = settings->credentials->items[credential + 1];
    authorization->password = settings->credentials->items[credential + 2];
    authorization->scope = scope_of(uri);
    if (authorization->scope)
        return authorization;
    ah_shared_release(authorization);
    return NULL;
}

/* Reads the first Digest challenge that this library can answer; else the error of the last. */
static asynchttp_code read_digest(ah_digest *digest, const ah_challenges *challenges, const char **why)
{
    asynchttp_code code = ASYNCHTTP_E_MALFORMED_HEADER;
    for (size_t i = 0; i < challenges->count; i++) {
        if (strcmp(challenges->items[i].scheme, scheme_names[DIGEST]) != 0)
            continue;
        code = ah_digest_read(digest, &challenges->items[i], why);
        if (code == ASYNCHTTP_OK || code == ASYNCHTTP_E_NO_MEMORY)
            break;
    }
    return code;
}

static asynchttp_code make(ah_authorization **made, auth_scheme scheme, const ah_challenges *challenges,
                           const ah_settings *settings, size_t credential, const ah_uri *uri, char why[AH_WHY_SIZE])
{
    const char *wrong = "";
    asynchttp_code code = ASYNCHTTP_OK;
    *made = authorization_new(scheme, settings, credential, uri);
    if (!*made)
        return ASYNCHTTP_E_NO_MEMORY;
    if (scheme == DIGEST)
        code = read_digest(&(*made)->digest, challenges, &wrong);
    if (code) {
        snprintf(why, AH_WHY_SIZE, "%s", wrong);
        ah_shared_release(*made);
        *made = NULL;
    }
    return code;
}

static bool is_for(const char *domain, const ah_uri *uri)
{
    return !*domain || ah_uri_has_authority(uri, domain);
}

/* In hexadecimal, which no separator is. */
static bool write_secret(ah_buffer *text, const char *secret, const char *separator)
{
    bool written = true;
    for (; *secret && written; secret++)
        written = ah_buffer_printf(text, "%02x", (unsigned)(unsigned char)*secret);
    return written && ah_buffer_append_string(text, separator);
}

bool ah_credentials_write(ah_buffer *text, const ah_settings *settings, const ah_uri *uri)
{
    const ah_strings *credentials = settings->credentials;
    bool written = true;
    for (size_t i = 0; credentials && i < credentials->count && written; i += AH_CREDENTIAL_ITEMS) {
        if (is_for(credentials->items[i], uri))
            written = write_secret(text, credentials->items[i + 1], ":") &&
                      write_secret(text, credentials->items[i + 2], ";");
    }
    return written;
}

asynchttp_code ah_authorization_next(ah_authorization **authorization, const ah_challenges *challenges,
                                     const ah_settings *settings, const ah_uri *uri, size_t *turn,
                                     char why[AH_WHY_SIZE])
{
    const ah_strings *credentials = settings->credentials;
    size_t turns = credentials ? credentials->count / AH_CREDENTIAL_ITEMS * SCHEMES : 0;
    *authorization = NULL;
    while (*turn < turns) {
        size_t credential = *turn / SCHEMES * AH_CREDENTIAL_ITEMS;
        auth_scheme offered = (auth_scheme)(*turn % SCHEMES);
        (*turn)++;
        if (is_for(credentials->items[credential], uri) && ah_challenges_find(challenges, scheme_names[offered]))
            return make(authorization, offered, challenges, settings, credential, uri, why);
    }
    return ASYNCHTTP_OK;
}

static bool write_digest(ah_authorization *authorization, const char *method, const ah_uri *uri, ah_buffer *value)
{
    ah_digest *digest = &authorization->digest;
    pthread_mutex_lock(&authorization->lock);
    bool written = authorization->nonce_count || ah_digest_cnonce(authorization->cnonce);
    authorization->nonce_count = next_count(authorization->nonces, digest->nonce, authorization->nonce_count);
    written = written && ah_digest_authorization(value, digest, authorization->name, authorization->password, method,
                                                 uri->target, authorization->nonce_count, authorization->cnonce);
    pthread_mutex_unlock(&authorization->lock);
    return written;
}

static bool write_wsse(const ah_authorization *authorization, ah_fields *fields)
{
    char nonce[33];
    char created[24];
    struct tm utc;
    time_t now = time(NULL);
    ah_buffer token = {0};
    gmtime_r(&now, &utc);
    strftime(created, sizeof(created), "%Y-%m-%dT%H:%M:%SZ", &utc);
    bool written = ah_digest_cnonce(nonce) &&
                   ah_wsse_username_token(&token, authorization->name, authorization->password, nonce, created) &&
                   ah_fields_set(fields, "x-wsse", token.data) &&
                   ah_fields_set(fields, "authorization", "WSSE profile=\"UsernameToken\"");
    ah_buffer_free(&token);
    return written;
}

bool ah_authorization_write(ah_authorization *authorization, const char *method, const ah_uri *uri, ah_fields *fields)
{
    ah_buffer value = {0};
    bool written;
    if (authorization->scheme == WSSE)
        return write_wsse(authorization, fields);
    if (authorization->scheme == DIGEST)
        written = write_digest(authorization, method, uri, &value);
    else
        written = ah_basic_authorization(&value, authorization->name, authorization->password);
    written = written && ah_fields_set(fields, "authorization", value.data);
    ah_buffer_free(&value);
    return written;
}

/* A new nonce, counted from 1 again. Without memory for it the old one stays, and the server will say that it is
 * stale. */
static void renew_nonce(ah_authorization *authorization, const char *nonce)
{
    char *copy = strdup(nonce);
    if (!copy)
        return;
    pthread_mutex_lock(&authorization->lock);
    /* The server may say the same one to several workers. */
    if (strcmp(authorization->digest.nonce, copy) != 0)
        authorization->nonce_count = 0;
    free(authorization->digest.nonce);
    authorization->digest.nonce = copy;
    pthread_mutex_unlock(&authorization->lock);
}

static void heed_next_nonce(ah_authorization *authorization, const char *info)
{
    ah_parameters parameters = {0};
    if (ah_authentication_info_parse(&parameters, info) == ASYNCHTTP_OK) {
        const char *nonce = ah_parameters_get(&parameters, "nextnonce");
        if (nonce)
            renew_nonce(authorization, nonce);
    }
    ah_parameters_clear(&parameters);
}

static bool heed_stale(ah_authorization *authorization, const char *challenge)
{
    ah_challenges challenges = {0};
    ah_digest digest = {0};
    const char *why;
    bool stale = ah_challenges_parse(&challenges, challenge) == ASYNCHTTP_OK &&
                 read_digest(&digest, &challenges, &why) == ASYNCHTTP_OK && digest.stale;
    if (stale)
        renew_nonce(authorization, digest.nonce);
    ah_digest_clear(&digest);
    ah_challenges_clear(&challenges);
    return stale;
}

bool ah_authorization_heed(ah_authorization *authorization, const ah_fields *response)
{
    const char *info = ah_fields_get(response, "authentication-info");
    const char *challenge = ah_fields_get(response, "www-authenticate");
    if (authorization->scheme != DIGEST)
        return false;
    if (info)
        heed_next_nonce(authorization, info);
    return challenge && heed_stale(authorization, challenge);
}

/* ---- Those that worked ---- */

static void destroy_all(void *value)
{
    ah_authorizations *authorizations = value;
    for (size_t i = 0; i < authorizations->count; i++)
        ah_shared_release(authorizations->items[i]);
    free(authorizations->items);
    ah_shared_release(authorizations->nonces);
    pthread_mutex_destroy(&authorizations->lock);
}

ah_authorizations *ah_authorizations_new(void)
{
    ah_authorizations *authorizations = ah_shared_new(sizeof(*authorizations), destroy_all);
    if (!authorizations)
        return NULL;
    pthread_mutex_init(&authorizations->lock, NULL);
    authorizations->nonces = nonces_new();
    if (authorizations->nonces)
        return authorizations;
    ah_shared_release(authorizations);
    return NULL;
}

static bool reserve_locked(ah_authorizations *authorizations)
{
    if (authorizations->count < authorizations->capacity)
        return true;
    size_t capacity = authorizations->capacity ? authorizations->capacity * 2 : 8;
    ah_authorization **items = realloc(authorizations->items, capacity * sizeof(*items));
    if (!items)
        return false;
    authorizations->items = items;
    authorizations->capacity = capacity;
    return true;
}

static void remove_locked(ah_authorizations *authorizations, size_t i)
{
    ah_shared_release(authorizations->items[i]);
    authorizations->count--;
    memmove(authorizations->items + i, authorizations->items + i + 1,
            (authorizations->count - i) * sizeof(authorizations->items[0]));
}

/* One for the same scope is out of date: it did not work, or there would be no new one. */
static void make_way_locked(ah_authorizations *authorizations, const ah_authorization *authorization)
{
    for (size_t i = authorizations->count; i > 0; i--) {
        if (strcmp(authorizations->items[i - 1]->scope, authorization->scope) == 0)
            remove_locked(authorizations, i - 1);
    }
    if (authorizations->count == MOST_REMEMBERED)
        remove_locked(authorizations, 0);
}

void ah_authorizations_add(ah_authorizations *authorizations, ah_authorization *authorization)
{
    /* Held before, since it may be the one that makes way. */
    ah_shared_hold(authorization);
    pthread_mutex_lock(&authorizations->lock);
    make_way_locked(authorizations, authorization);
    bool room = reserve_locked(authorizations);
    if (room)
        authorizations->items[authorizations->count++] = authorization;
    pthread_mutex_unlock(&authorizations->lock);
    if (!room)
        ah_shared_release(authorization);
}

ah_authorization *ah_authorizations_find(ah_authorizations *authorizations, const ah_uri *uri)
{
    ah_authorization *nearest = NULL;
    size_t nearest_length = 0;
    pthread_mutex_lock(&authorizations->lock);
    for (size_t i = 0; i < authorizations->count; i++) {
        size_t length = strlen(authorizations->items[i]->scope);
        if (length > nearest_length && strncmp(uri->text, authorizations->items[i]->scope, length) == 0) {
            nearest = authorizations->items[i];
            nearest_length = length;
        }
    }
    ah_shared_hold(nearest);
    pthread_mutex_unlock(&authorizations->lock);
    return nearest;
}
