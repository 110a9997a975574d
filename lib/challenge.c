#include "challenge.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/fields.h"

/* RFC 9110 sections 5.6.3, 5.6.2 and 11.2. */
#define BLANKS " \t"
#define ALPHANUMERIC "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define TOKEN "!#$%&'*+-.^_`|~" ALPHANUMERIC
#define TOKEN68 "-._~+/" ALPHANUMERIC

/* ---- Pieces -------------------------------------------------------------------------------- */

static const char *skip_blanks(const char *at)
{
    return at + strspn(at, BLANKS);
}

/* Lists may have empty elements (RFC 9110 section 5.6.1.2). */
static const char *skip_empty_elements(const char *at)
{
    return at + strspn(at, BLANKS ",");
}

static bool ends_element(const char *at)
{
    return *at == ',' || *at == '\0';
}

/* Controls but for tab. The zero at the end is one. */
static bool is_control(char character)
{
    unsigned char byte = (unsigned char)character;
    return (byte < 0x20 && byte != '\t') || byte == 0x7f;
}

/* What comes after a quoted-string (RFC 9110 section 5.6.4); NULL: it is malformed. */
static const char *end_of_quoted(const char *at)
{
    for (at++; *at != '"'; at++) {
        if (*at == '\\')
            at++;
        if (is_control(*at))
            return NULL;
    }
    return at + 1;
}

static const char *end_of_value(const char *at)
{
    if (*at == '"')
        return end_of_quoted(at);
    size_t length = strspn(at, TOKEN);
    return length ? at + length : NULL;
}

static void unquote(char *to, const char *at, const char *end)
{
    for (at++, end--; at < end; at++) {
        if (*at == '\\')
            at++;
        *to++ = *at;
    }
    *to = '\0';
}

static void copy(char *to, const char *at, size_t length)
{
    memcpy(to, at, length);
    to[length] = '\0';
}

static void copy_lowered(char *to, const char *at, size_t length)
{
    for (size_t i = 0; i < length; i++)
        to[i] = ah_lower(at[i]);
    to[length] = '\0';
}

/* The same items with room for one more; NULL: no memory, and they stay as they are. */
static void *grown(void *items, size_t count, size_t size)
{
    bool full = (count & (count - 1)) == 0;
    return full ? realloc(items, (count ? 2 * count : 1) * size) : items;
}

/* ---- Parameters ---------------------------------------------------------------------------- */

static bool has_parameter(const ah_parameters *parameters, const char *lowered)
{
    for (size_t i = 0; i < parameters->count; i++) {
        if (strcmp(parameters->items[i].name, lowered) == 0)
            return true;
    }
    return false;
}

/* Takes over the parameter's memory, but not on failure. */
static asynchttp_code append_parameter(ah_parameters *parameters, ah_parameter parameter)
{
    /* A name comes once in a challenge (RFC 9110 section 11.2). */
    if (parameters->count == AH_PARAMETERS_MAX || has_parameter(parameters, parameter.name))
        return ASYNCHTTP_E_MALFORMED_HEADER;
    ah_parameter *items = grown(parameters->items, parameters->count, sizeof(*items));
    if (!items)
        return ASYNCHTTP_E_NO_MEMORY;
    parameters->items = items;
    items[parameters->count++] = parameter;
    return ASYNCHTTP_OK;
}

static asynchttp_code add_parameter(ah_parameters *parameters, const char *name, size_t length, const char *value,
                                    const char *end)
{
    size_t value_length = (size_t)(end - value);
    char *memory = malloc(length + 1 + value_length + 1);
    if (!memory)
        return ASYNCHTTP_E_NO_MEMORY;
    ah_parameter parameter = {.name = memory, .value = memory + length + 1};
    copy_lowered(parameter.name, name, length);
    if (*value == '"')
        unquote(parameter.value, value, end);
    else
        copy(parameter.value, value, value_length);
    asynchttp_code code = append_parameter(parameters, parameter);
    if (code)
        free(memory);
    return code;
}

/* An auth-param (RFC 9110 section 11.2). Moves *at to what comes after it, which is to end the element. */
static asynchttp_code read_parameter(ah_parameters *parameters, const char **at)
{
    const char *name = *at;
    size_t length = strspn(name, TOKEN);
    const char *equals = skip_blanks(name + length);
    if (length == 0 || *equals != '=')
        return ASYNCHTTP_E_MALFORMED_HEADER;
    const char *value = skip_blanks(equals + 1);
    const char *end = end_of_value(value);
    if (!end)
        return ASYNCHTTP_E_MALFORMED_HEADER;
    /* After a token comes a blank first, then those words that should have been quoted. */
    *at = end + strspn(end, *value == '"' ? BLANKS : BLANKS TOKEN);
    return add_parameter(parameters, name, length, value, end);
}

asynchttp_code ah_authentication_info_parse(ah_parameters *parameters, const char *value)
{
    asynchttp_code code = ASYNCHTTP_OK;
    *parameters = (ah_parameters){0};
    const char *at = skip_empty_elements(value);
    for (; !code && *at; at = skip_empty_elements(at)) {
        code = read_parameter(parameters, &at);
        if (!code && !ends_element(at))
            code = ASYNCHTTP_E_MALFORMED_HEADER;
    }
    if (code)
        ah_parameters_clear(parameters);
    return code;
}

const char *ah_parameters_get(const ah_parameters *parameters, const char *name)
{
    for (size_t i = 0; i < parameters->count; i++) {
        if (ah_same_ignoring_case(parameters->items[i].name, name))
            return parameters->items[i].value;
    }
    return NULL;
}

void ah_parameters_clear(ah_parameters *parameters)
{
    for (size_t i = 0; i < parameters->count; i++)
        free(parameters->items[i].name);
    free(parameters->items);
    *parameters = (ah_parameters){0};
}

/* ---- Challenges ---------------------------------------------------------------------------- */

static asynchttp_code add_challenge(ah_challenges *challenges, const char *scheme, size_t length)
{
    if (challenges->count == AH_CHALLENGES_MAX)
        return ASYNCHTTP_E_MALFORMED_HEADER;
    ah_challenge *items = grown(challenges->items, challenges->count, sizeof(*items));
    if (!items)
        return ASYNCHTTP_E_NO_MEMORY;
    challenges->items = items;
    char *name = malloc(length + 1);
    if (!name)
        return ASYNCHTTP_E_NO_MEMORY;
    copy_lowered(name, scheme, length);
    items[challenges->count++] = (ah_challenge){.scheme = name};
    return ASYNCHTTP_OK;
}

static ah_challenge *last_challenge(const ah_challenges *challenges)
{
    return challenges->count ? &challenges->items[challenges->count - 1] : NULL;
}

/* The length of a token68 (RFC 9110 section 11.2); 0: there is none. "a=" is one, but "a=b" and "a= b" are not. */
static size_t token68_length(const char *at)
{
    size_t length = strspn(at, TOKEN68);
    if (length == 0)
        return 0;
    length += strspn(at + length, "=");
    return ends_element(skip_blanks(at + length)) ? length : 0;
}

/* What may come after a scheme and a blank. */
static asynchttp_code read_details(ah_challenge *challenge, const char **at)
{
    size_t length = token68_length(*at);
    if (length == 0)
        return read_parameter(&challenge->parameters, at);
    challenge->token68 = malloc(length + 1);
    if (!challenge->token68)
        return ASYNCHTTP_E_NO_MEMORY;
    copy(challenge->token68, *at, length);
    *at = skip_blanks(*at + length);
    return ASYNCHTTP_OK;
}

static asynchttp_code read_further_parameter(const ah_challenges *challenges, const char **at)
{
    ah_challenge *challenge = last_challenge(challenges);
    if (!challenge || challenge->token68)
        return ASYNCHTTP_E_MALFORMED_HEADER;
    return read_parameter(&challenge->parameters, at);
}

/* An element of the list: one more parameter, or a challenge up to its first. Only what comes after the word tells
 * which: parameters may be called like schemes. */
static asynchttp_code read_element(ah_challenges *challenges, const char **at)
{
    const char *end = *at + strspn(*at, TOKEN);
    const char *next = skip_blanks(end);
    if (*next == '=')
        return read_further_parameter(challenges, at);
    if (end == *at || (next == end && !ends_element(next)))
        return ASYNCHTTP_E_MALFORMED_HEADER;
    asynchttp_code code = add_challenge(challenges, *at, (size_t)(end - *at));
    *at = next;
    if (code || ends_element(next))
        return code;
    return read_details(last_challenge(challenges), at);
}

asynchttp_code ah_challenges_parse(ah_challenges *challenges, const char *value)
{
    asynchttp_code code = ASYNCHTTP_OK;
    *challenges = (ah_challenges){0};
    const char *at = skip_empty_elements(value);
    for (; !code && *at; at = skip_empty_elements(at)) {
        code = read_element(challenges, &at);
        if (!code && !ends_element(at))
            code = ASYNCHTTP_E_MALFORMED_HEADER;
    }
    if (code)
        ah_challenges_clear(challenges);
    return code;
}

const ah_challenge *ah_challenges_find(const ah_challenges *challenges, const char *scheme)
{
    for (size_t i = 0; i < challenges->count; i++) {
        if (ah_same_ignoring_case(challenges->items[i].scheme, scheme))
            return &challenges->items[i];
    }
    return NULL;
}

const char *ah_challenge_parameter(const ah_challenge *challenge, const char *name)
{
    return ah_parameters_get(&challenge->parameters, name);
}

void ah_challenges_clear(ah_challenges *challenges)
{
    for (size_t i = 0; i < challenges->count; i++) {
        free(challenges->items[i].scheme);
        free(challenges->items[i].token68);
        ah_parameters_clear(&challenges->items[i].parameters);
    }
    free(challenges->items);
    *challenges = (ah_challenges){0};
}
