#include "base/fields.h"

#include <stdlib.h>
#include <string.h>

char ah_lower(char character)
{
    return character >= 'A' && character <= 'Z' ? (char)(character + ('a' - 'A')) : character;
}

bool ah_same_ignoring_case(const char *a, const char *b)
{
    while (*a && ah_lower(*a) == ah_lower(*b)) {
        a++;
        b++;
    }
    return ah_lower(*a) == ah_lower(*b);
}

bool ah_is_token(const char *text)
{
    static const char token[] = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    return *text && text[strspn(text, token)] == '\0';
}

bool ah_is_field_value(const char *text)
{
    for (; *text; text++) {
        unsigned char byte = (unsigned char)*text;
        if ((byte < 0x20 && byte != '\t') || byte == 0x7f)
            return false;
    }
    return true;
}

static bool is_space(char character)
{
    return character == ' ' || character == '\t' || character == '\r' || character == '\n';
}

/* A zero-terminated copy without the white space around it. */
static char *trimmed(const char *text, size_t length)
{
    while (length && is_space(text[length - 1]))
        length--;
    while (length && is_space(*text)) {
        text++;
        length--;
    }
    char *copy = malloc(length + 1);
    if (!copy)
        return NULL;
    memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

static char *lowered(const char *text, size_t length)
{
    char *copy = malloc(length + 1);
    if (!copy)
        return NULL;
    for (size_t i = 0; i < length; i++)
        copy[i] = ah_lower(text[i]);
    copy[length] = '\0';
    return copy;
}

static bool has_name(const ah_field *field, const char *name, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (!field->name[i] || field->name[i] != ah_lower(name[i]))
            return false;
    }
    return field->name[length] == '\0';
}

static ah_field *find(const ah_fields *fields, const char *name, size_t length)
{
    for (size_t i = 0; i < fields->count; i++) {
        if (has_name(&fields->fields[i], name, length))
            return &fields->fields[i];
    }
    return NULL;
}

static void free_values(ah_field *field)
{
    for (size_t i = 0; i < field->count; i++)
        free(field->values[i]);
    free(field->values);
    if (field->joined)
        ah_buffer_free(field->joined);
    free(field->joined);
    field->joined = NULL;
}

static bool grow(ah_fields *fields)
{
    if (fields->count < fields->capacity)
        return true;
    size_t capacity = fields->capacity ? fields->capacity * 2 : 4;
    ah_field *grown = realloc(fields->fields, capacity * sizeof(*grown));
    if (!grown)
        return false;
    fields->fields = grown;
    fields->capacity = capacity;
    return true;
}

/* A new field at the end; takes over the value, but not on failure. */
static bool append_field(ah_fields *fields, const char *name, size_t name_length, char *value)
{
    if (!grow(fields))
        return false;
    char **values = malloc(sizeof(*values));
    char *lower = lowered(name, name_length);
    if (!values || !lower) {
        free(values);
        free(lower);
        return false;
    }
    values[0] = value;
    fields->fields[fields->count++] = (ah_field){.name = lower, .values = values, .count = 1};
    return true;
}

static bool is_power_of_two(size_t number)
{
    return (number & (number - 1)) == 0;
}

/* Makes room for a value of so many bytes more among the joined ones, which begin with the first value. */
static bool reserve_joined(ah_field *field, size_t length)
{
    if (!field->joined) {
        field->joined = calloc(1, sizeof(*field->joined));
        if (!field->joined)
            return false;
    }
    size_t first = field->count == 1 ? strlen(field->values[0]) : 0;
    return ah_buffer_reserve(field->joined, first + length + 2);
}

/* One more value for a field; takes it over, but not on failure. */
static bool append_value(ah_field *field, char *value)
{
    if (!reserve_joined(field, strlen(value)))
        return false;
    if (is_power_of_two(field->count)) {
        char **values = realloc(field->values, 2 * field->count * sizeof(*values));
        if (!values)
            return false;
        field->values = values;
    }
    if (field->count == 1)
        ah_buffer_append_string(field->joined, field->values[0]);
    ah_buffer_append_string(field->joined, ", ");
    ah_buffer_append_string(field->joined, value);
    field->values[field->count++] = value;
    return true;
}

bool ah_fields_add(ah_fields *fields, const char *name, size_t name_length, const char *value, size_t value_length)
{
    char *copy = trimmed(value, value_length);
    if (!copy)
        return false;
    ah_field *field = find(fields, name, name_length);
    bool added = field ? append_value(field, copy) : append_field(fields, name, name_length, copy);
    if (!added)
        free(copy);
    return added;
}

bool ah_fields_set(ah_fields *fields, const char *name, const char *value)
{
    ah_field *field = find(fields, name, strlen(name));
    if (!field)
        return ah_fields_add(fields, name, strlen(name), value, strlen(value));
    char *copy = trimmed(value, strlen(value));
    char **values = malloc(sizeof(*values));
    if (!copy || !values) {
        free(copy);
        free(values);
        return false;
    }
    values[0] = copy;
    free_values(field);
    field->values = values;
    field->count = 1;
    return true;
}

bool ah_fields_delete(ah_fields *fields, const char *name)
{
    ah_field *field = find(fields, name, strlen(name));
    if (!field)
        return false;
    free_values(field);
    free(field->name);
    size_t after = fields->count - 1 - (size_t)(field - fields->fields);
    memmove(field, field + 1, after * sizeof(*field));
    fields->count--;
    return true;
}

const ah_field *ah_fields_find(const ah_fields *fields, const char *name)
{
    return find(fields, name, strlen(name));
}

const char *ah_fields_get(const ah_fields *fields, const char *name)
{
    const ah_field *field = ah_fields_find(fields, name);
    return field ? ah_field_value(field) : NULL;
}

const char *ah_field_value(const ah_field *field)
{
    return field->count == 1 ? field->values[0] : field->joined->data;
}

bool ah_fields_copy(ah_fields *copy, const ah_fields *fields)
{
    for (size_t i = 0; i < fields->count; i++) {
        const ah_field *field = &fields->fields[i];
        for (size_t j = 0; j < field->count; j++) {
            if (!ah_fields_add(copy, field->name, strlen(field->name), field->values[j], strlen(field->values[j]))) {
                ah_fields_clear(copy);
                return false;
            }
        }
    }
    return true;
}

void ah_fields_clear(ah_fields *fields)
{
    for (size_t i = 0; i < fields->count; i++) {
        free_values(&fields->fields[i]);
        free(fields->fields[i].name);
    }
    free(fields->fields);
    *fields = (ah_fields){0};
}
