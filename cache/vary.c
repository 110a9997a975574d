#include "cache/vary.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "cache/directives.h"

static const char authorization[] = "authorization";

/* Fields whose items are equal in any case and order: preferences are told by weights (RFC 9110 section 12.5). */
static bool is_preference(const char *name)
{
    static const char *const names[] = {"accept-charset", "accept-encoding", "accept-language"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(name, names[i]) == 0)
            return true;
    }
    return false;
}

/* Fields that may bear secrets: a hash will do, and does not end up in a file. */
static bool is_secret(const char *name)
{
    return strcmp(name, authorization) == 0 || strcmp(name, "cookie") == 0 || strcmp(name, "proxy-authorization") == 0;
}

/* The items of a list, joined again without the white space between them. */
static bool join_items(ah_buffer *joined, const char *list)
{
    const char *item;
    size_t length;
    while ((length = ah_list_item(&item, &list))) {
        if ((joined->length && !ah_buffer_append(joined, ",", 1)) || !ah_buffer_append(joined, item, length))
            return false;
    }
    return ah_buffer_append(joined, "", 0);
}

static int compare_items(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Puts the items of such a joined list in order, in place. */
static bool sort_items(ah_buffer *joined)
{
    size_t count = 1;
    for (char *at = joined->data; *at; at++) {
        *at = ah_lower(*at);
        count += *at == ',';
    }
    const char **items = malloc(count * sizeof(*items));
    char *copy = strdup(joined->data);
    if (items && copy) {
        const char *item;
        size_t i = 0;
        for (const char *next = copy; ah_list_item(&item, &next);) {
            items[i++] = item;
            /* Nothing stands between an item and the comma after it. */
            if (*next)
                copy[next++ - copy] = '\0';
        }
        qsort(items, i, sizeof(*items), compare_items);
        ah_buffer_clear(joined);
        /* It fits where it was. */
        for (size_t j = 0; j < i; j++) {
            if (j)
                ah_buffer_append(joined, ",", 1);
            ah_buffer_append_string(joined, items[j]);
        }
    }
    bool sorted = items && copy;
    free(items);
    free(copy);
    return sorted;
}

/* How a secret is written: what it was hashed with, which is another one each time, and the hash. What is stored then
 * cannot be looked up in a table that was made before. */
static const char sealed_prefix[] = "hmac-sha-256:";
enum { SALT_BYTES = 16, SALT_TEXT = 2 * SALT_BYTES };

static bool append_hex(ah_buffer *text, const unsigned char *bytes, size_t length)
{
    bool written = true;
    for (size_t i = 0; i < length && written; i++)
        written = ah_buffer_printf(text, "%02x", bytes[i]);
    return written;
}

/* False: no memory, or no randomness. */
static bool make_salt(ah_buffer *salt)
{
    unsigned char bytes[SALT_BYTES];
    return RAND_bytes(bytes, sizeof(bytes)) == 1 && append_hex(salt, bytes, sizeof(bytes));
}

/* The one in a sealed text. False: it is none, or no memory. */
static bool read_salt(ah_buffer *salt, const char *sealed)
{
    size_t prefix = sizeof(sealed_prefix) - 1;
    return strncmp(sealed, sealed_prefix, prefix) == 0 && strlen(sealed) > prefix + SALT_TEXT &&
           ah_buffer_append(salt, sealed + prefix, SALT_TEXT);
}

/* Puts the hash of a text in its place. */
static bool seal(ah_buffer *text, const ah_buffer *salt)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    if (!HMAC(EVP_sha256(), salt->data, (int)salt->length, (const unsigned char *)text->data, text->length, digest,
              &length))
        return false;
    ah_buffer_clear(text);
    return ah_buffer_append_string(text, sealed_prefix) && ah_buffer_append_string(text, salt->data) &&
           ah_buffer_append(text, ":", 1) && append_hex(text, digest, length);
}

/* The field of the request as it is compared: "" if it is absent. One without items is not absent (RFC 9111 section
 * 4.1): "," is what no other becomes. False: no memory. */
static bool normalise(ah_buffer *value, const ah_fields *request, const char *name)
{
    const char *given = ah_fields_get(request, name);
    if (!given && strcmp(name, authorization) == 0)
        given = ah_fields_get(request, AH_CREDENTIALS_FIELD);
    return join_items(value, given ? given : "") && (!is_preference(name) || sort_items(value)) &&
           (!given || value->length || ah_buffer_append(value, ",", 1));
}

static bool add_selecting(ah_fields *selecting, const ah_fields *request, const char *name)
{
    ah_buffer value = {0};
    ah_buffer salt = {0};
    bool added = normalise(&value, request, name) &&
                 (!is_secret(name) || !value.length || (make_salt(&salt) && seal(&value, &salt))) &&
                 ah_fields_set(selecting, name, value.data);
    ah_buffer_free(&value);
    ah_buffer_free(&salt);
    return added;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const ah_field *)a)->name, ((const ah_field *)b)->name);
}

/* The names in Vary, in lower case, each once. */
static ah_vary read_names(ah_fields *names, const char *vary)
{
    const char *item;
    size_t length;
    while (vary && (length = ah_list_item(&item, &vary))) {
        if (length == 1 && *item == '*')
            return AH_VARY_ANY;
        if (!ah_fields_add(names, item, length, "", 0))
            return AH_VARY_NO_MEMORY;
    }
    for (size_t i = 0; i < names->count; i++) {
        if (!ah_is_token(names->fields[i].name))
            return AH_VARY_ANY;
    }
    return AH_VARY_OK;
}

/* Whether the response is for whom the request's Authorization names, and for nobody else. */
static bool is_personal(const ah_fields *request, const ah_fields *response)
{
    return ah_fields_find(request, authorization) && !ah_directives_of_response(response).is_public;
}

ah_vary ah_vary_select(ah_fields *selecting, const ah_fields *request, const ah_fields *response)
{
    ah_vary result = read_names(selecting, ah_fields_get(response, "vary"));
    if (result == AH_VARY_OK && is_personal(request, response) && !ah_fields_set(selecting, authorization, ""))
        result = AH_VARY_NO_MEMORY;
    for (size_t i = 0; i < selecting->count && result == AH_VARY_OK; i++) {
        if (!add_selecting(selecting, request, selecting->fields[i].name))
            result = AH_VARY_NO_MEMORY;
    }
    if (result == AH_VARY_OK && selecting->count)
        qsort(selecting->fields, selecting->count, sizeof(*selecting->fields), compare_names);
    else
        ah_fields_clear(selecting);
    return result;
}

static bool has_name(const ah_fields *fields, const char *name, size_t length)
{
    for (size_t i = 0; i < fields->count; i++) {
        const char *known = fields->fields[i].name;
        if (strlen(known) == length && strncasecmp(known, name, length) == 0)
            return true;
    }
    return false;
}

/* Whether the selecting fields are all that the response's Vary names. They are of what it named when it came. */
static bool is_told_by(const ah_fields *selecting, const ah_fields *response)
{
    const char *vary = ah_fields_get(response, "vary");
    const char *item;
    size_t length;
    while (vary && (length = ah_list_item(&item, &vary))) {
        if (!has_name(selecting, item, length))
            return false;
    }
    return true;
}

/* Whether a value that is no secret, or one that was sealed, is that of the request. */
static ah_match match_field(const ah_fields *request, const char *name, const char *known)
{
    ah_buffer value = {0};
    ah_buffer salt = {0};
    ah_match match = AH_MATCH_NO;
    bool secret = is_secret(name) && *known;
    if (!normalise(&value, request, name))
        match = AH_MATCH_NO_MEMORY;
    else if (secret && !read_salt(&salt, known))
        match = AH_MATCH_NO;
    else if (secret && value.length && !seal(&value, &salt))
        match = AH_MATCH_NO_MEMORY;
    else if (strcmp(value.data, known) == 0)
        match = AH_MATCH_YES;
    ah_buffer_free(&value);
    ah_buffer_free(&salt);
    return match;
}

ah_match ah_vary_match(const ah_fields *selecting, const ah_fields *response, const ah_fields *request)
{
    ah_match match = AH_MATCH_YES;
    if (!ah_fields_find(selecting, authorization) && is_personal(request, response))
        return AH_MATCH_NO;
    if (!is_told_by(selecting, response))
        return AH_MATCH_NO;
    for (size_t i = 0; i < selecting->count && match == AH_MATCH_YES; i++)
        match = match_field(request, selecting->fields[i].name, ah_field_value(&selecting->fields[i]));
    return match;
}
