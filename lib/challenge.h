/*
 * What servers say of authentication: WWW-Authenticate (RFC 9110 section 11.6.1) and Authentication-Info (RFC 7615).
 */
#ifndef AH_CHALLENGE_H
#define AH_CHALLENGE_H

#include <stddef.h>

#include "asynchttp.h"

/* The most challenges in a field, and the most parameters in a challenge, that are not taken for an attack. */
#define AH_CHALLENGES_MAX 64
#define AH_PARAMETERS_MAX 64

/* name=value. Not an ah_field, which would drop the blanks around a value that was quoted for their sake. */
typedef struct ah_parameter {
    /* In lower case. */
    char *name;
    /* Unquoted; in the same memory as the name. */
    char *value;
} ah_parameter;

/* All zero: none. No two have the same name. */
typedef struct ah_parameters {
    ah_parameter *items;
    size_t count;
} ah_parameters;

typedef struct ah_challenge {
    /* In lower case. */
    char *scheme;
    /* NULL: none; if there is one, there are no parameters. */
    char *token68;
    ah_parameters parameters;
} ah_challenge;

/* In the order of the field; the same scheme may be there more than once. All zero: none. */
typedef struct ah_challenges {
    ah_challenge *items;
    size_t count;
} ah_challenges;

/*
 * Reads the value of a WWW-Authenticate field, or several of them joined by commas. challenges: what it held before is
 * overwritten.
 *
 * Two things outside the grammar are let through. An unquoted value may have more words after it, which are dropped, as
 * httplib2 does: realm=My Site. A comma may stand between a scheme and its first parameter without a blank.
 *
 * Returns ASYNCHTTP_OK; ASYNCHTTP_E_MALFORMED_HEADER or ASYNCHTTP_E_NO_MEMORY, and then *challenges is empty.
 */
asynchttp_code ah_challenges_parse(ah_challenges *challenges, const char *value);

/* The first challenge of that scheme, whose case does not matter; NULL if there is none. */
const ah_challenge *ah_challenges_find(const ah_challenges *challenges, const char *scheme);

/* The value of a challenge's parameter, the case of whose name does not matter; NULL if there is none. */
const char *ah_challenge_parameter(const ah_challenge *challenge, const char *name);

void ah_challenges_clear(ah_challenges *challenges);

/* Reads the value of an Authentication-Info field; otherwise as ah_challenges_parse(). */
asynchttp_code ah_authentication_info_parse(ah_parameters *parameters, const char *value);

/* The value of a parameter, the case of whose name does not matter; NULL if there is none. */
const char *ah_parameters_get(const ah_parameters *parameters, const char *name);

void ah_parameters_clear(ah_parameters *parameters);

#endif
