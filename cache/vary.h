/*
 * Which variant of a resource a request selects (RFC 9111 section 4.1).
 */
#ifndef AH_VARY_H
#define AH_VARY_H

#include <stdbool.h>

#include "base/fields.h"

/* A field that no request is sent with: who it is made as, if it has no Authorization of its own and the library may
 * choose one. It stands for Authorization then, where that selects. */
#define AH_CREDENTIALS_FIELD "-credentials"

typedef enum ah_vary {
    AH_VARY_OK,
    /* It varies by what no request tells: "*", or what is no field's name. */
    AH_VARY_ANY,
    AH_VARY_NO_MEMORY,
} ah_vary;

/* The selecting fields of a response to this request: those of the request that the response's Vary names, normalised,
 * in the order of their names; an absent one has an empty value, and one that is there and empty ",". *selecting must
 * be empty, and is so unless the result is OK. */
ah_vary ah_vary_select(ah_fields *selecting, const ah_fields *request, const ah_fields *response);

typedef enum ah_match { AH_MATCH_NO, AH_MATCH_YES, AH_MATCH_NO_MEMORY } ah_match;

/* Whether a request has the selecting fields of a response, and these are all that the response's Vary names: an update
 * may have brought another one. */
ah_match ah_vary_match(const ah_fields *selecting, const ah_fields *response, const ah_fields *request);

#endif
