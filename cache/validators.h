/*
 * Validators (RFC 9110 section 8.8) and the conditions that are made of them (section 13).
 */
#ifndef AH_VALIDATORS_H
#define AH_VALIDATORS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fields.h"

/* Whether two entity tags are the same (RFC 9110 section 8.8.3.2). NULL is none and the same as none. */
bool ah_etag_same_strongly(const char *a, const char *b);
bool ah_etag_same_weakly(const char *a, const char *b);

/* Whether it is a strong entity tag (RFC 9110 section 8.8.3), and one alone; NULL is not. */
bool ah_etag_is_strong(const char *etag);

/* Whether an If-None-Match, "*" or a list of tags, names the tag, which may be NULL. */
bool ah_etag_listed(const char *list, const char *etag);

/* Whether the date of a response's Last-Modified, compared with that of its Date, is a strong validator (RFC 9110
 * section 8.8.2.2). */
bool ah_last_modified_is_strong(const ah_fields *fields, double now);

/* Whether both responses have the same validator, and a strong one: their contents are then the same, byte for byte. */
bool ah_validators_same_strongly(const ah_fields *a, const ah_fields *b, double now);

typedef enum ah_precondition {
    /* The request has none. */
    AH_PRECONDITION_NONE,
    /* The representation is wanted. */
    AH_PRECONDITION_TRUE,
    /* It is not: 304. */
    AH_PRECONDITION_FALSE,
    /* Only the origin can tell. */
    AH_PRECONDITION_OTHER,
} ah_precondition;

/* What the conditions of a GET or HEAD say of a stored response that may be used (RFC 9111 section 4.3.2). */
ah_precondition ah_precondition_evaluate(const ah_fields *request, const ah_fields *stored, double now);

/* Whether the request brings conditions of its own. */
bool ah_is_conditional(const ah_fields *request);

typedef enum ah_if_range { AH_IF_RANGE_NONE, AH_IF_RANGE_TRUE, AH_IF_RANGE_FALSE } ah_if_range;

/* What If-Range (RFC 9110 section 13.1.5) says of a stored response. */
ah_if_range ah_if_range_evaluate(const ah_fields *request, const ah_fields *stored, double now);

#endif
