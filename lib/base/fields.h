/*
 * Header fields (RFC 9110 section 5): an ordered dict of lower-case names, each with one or more values.
 */
#ifndef AH_FIELDS_H
#define AH_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/buffer.h"

typedef struct ah_field {
    char *name;
    size_t name_length;
    char **values;
    /* At least 1. */
    size_t count;
    /* The values joined by ", " (RFC 9110 section 5.3); NULL while there is only one. */
    ah_buffer *joined;
} ah_field;

/* All zero: empty. */
typedef struct ah_fields {
    ah_field *fields;
    size_t count;
    size_t capacity;
    /* Which of them a value was added to last. */
    size_t newest;
    /* A set of what their names may be: most fields that are asked for are not there. */
    uint64_t names;
    /* Memory for what is added, obtained at once; what does not fit is allocated by itself. NULL: none. */
    char *block;
    size_t block_size;
    size_t block_used;
    /* The block is somebody else's, and lasts as long as the dict. */
    bool lent;
    /* Some of what the fields hold lies elsewhere than in the block. */
    bool strays;
} ah_fields;

/* Obtains memory at once for so many fields, and for so many bytes of names, values and what comes with them (about 24
 * bytes a field). Only a matter of speed; does nothing where there are fields already. False: no memory. */
bool ah_fields_reserve(ah_fields *fields, size_t count, size_t size);

/* The same for an empty dict, with the caller's memory: size bytes, so many fields included, aligned for pointers. */
void ah_fields_lend(ah_fields *fields, size_t count, void *memory, size_t size);

/* Adds a value to the field of that name, whose case does not matter, after the values it has. The name and value need
 * not end with a zero byte. White space around the value is dropped. False: no memory, nothing has changed. */
bool ah_fields_add(ah_fields *fields, const char *name, size_t name_length, const char *value, size_t value_length);

/* Adds to the value that was added last: a space, unless it is empty, and the text without the white space around it.
 * Only where nothing else has been done to the dict since. False: no memory, nothing has changed. */
bool ah_fields_continue(ah_fields *fields, const char *text, size_t length);

/* Gives the field this one value, in the place it has or at the end. False: no memory, nothing has changed. */
bool ah_fields_set(ah_fields *fields, const char *name, const char *value);

/* Removes the field. Returns whether it was there. */
bool ah_fields_delete(ah_fields *fields, const char *name);

/* The one value that stands for all of a field's: joined if there are several. */
static inline const char *ah_field_value(const ah_field *field)
{
    return field->count == 1 ? field->values[0] : field->joined->data;
}

/* The member of ah_fields.names that stands for the name, in any case, and for some others. The factors were chosen by
 * trial, so that of the usual names few share one, and none shares one with what the library asks for each time. */
static inline uint64_t ah_fields_member(const char *name, size_t name_length)
{
    unsigned first = name_length ? (unsigned char)name[0] | 0x20U : 0;
    unsigned last = name_length ? (unsigned char)name[name_length - 1] | 0x20U : 0;
    return UINT64_C(1) << ((first + 33 * last + 20 * name_length) % 64);
}

/* The field of that name in any case, NULL if there is none. The name need not end with a zero byte. */
const ah_field *ah_fields_find_n(const ah_fields *fields, const char *name, size_t name_length);

/* The same. The name mostly is a constant, so that the compiler knows its length, and what it is a member of. */
static inline const ah_field *ah_fields_find(const ah_fields *fields, const char *name)
{
    size_t length = strlen(name);
    return fields->names & ah_fields_member(name, length) ? ah_fields_find_n(fields, name, length) : NULL;
}

/* The field's one value; NULL if there is none. */
static inline const char *ah_fields_get(const ah_fields *fields, const char *name)
{
    const ah_field *field = ah_fields_find(fields, name);
    return field ? ah_field_value(field) : NULL;
}

/* A copy in place of what was in *copy, which must be empty. False: no memory, and *copy is empty. */
bool ah_fields_copy(ah_fields *copy, const ah_fields *fields);

/* Of one that holds something: for ah_fields_clear(), which mostly finds nothing to do. */
void ah_fields_clear_slow(ah_fields *fields);

static inline void ah_fields_clear(ah_fields *fields)
{
    if (fields->fields)
        ah_fields_clear_slow(fields);
}

/* Whether the text is a token (RFC 9110 section 5.6.2): what methods and field names are made of. */
bool ah_is_token(const char *text);

/* Whether the text may stand as a field's value (RFC 9110 section 5.5): no line break and no other control character
 * but tab. */
bool ah_is_field_value(const char *text);

/* Whether two texts are the same but for the case of ASCII letters, whatever the locale. */
bool ah_same_ignoring_case(const char *a, const char *b);

/* The ASCII letter in lower case; other characters as they are. */
char ah_lower(char character);

#endif
