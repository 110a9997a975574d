#include "base/fields.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/pool.h"

/* Part of a text. */
struct span {
    const char *text;
    size_t length;
};

char ah_lower(char character)
{
    /* Without a branch, which would be predicted badly in names of mixed case. */
    unsigned is_upper = (unsigned)(unsigned char)character - 'A' < 26;
    return (char)((unsigned char)character | is_upper << 5);
}

bool ah_same_ignoring_case(const char *a, const char *b)
{
    while (*a && ah_lower(*a) == ah_lower(*b)) {
        a++;
        b++;
    }
    return ah_lower(*a) == ah_lower(*b);
}

/* A character of a token: a letter, a digit or one of these. */
static bool is_token_character(char character)
{
    char lower = ah_lower(character);
    return (lower >= 'a' && lower <= 'z') || (character >= '0' && character <= '9') ||
           (character && strchr("!#$%&'*+-.^_`|~", character));
}

bool ah_is_token(const char *text)
{
    const char *end = text;
    while (is_token_character(*end))
        end++;
    return end > text && *end == '\0';
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

static bool has_name(const ah_field *field, const char *name)
{
    size_t i = 0;
    while (i < field->name_length && (field->name[i] == name[i] || field->name[i] == ah_lower(name[i])))
        i++;
    return i == field->name_length;
}

static ah_field *find(const ah_fields *fields, const char *name, size_t length)
{
    if (!(fields->names & ah_fields_member(name, length)))
        return NULL;
    for (size_t i = 0; i < fields->count; i++) {
        ah_field *field = &fields->fields[i];
        if (field->name_length == length && has_name(field, name))
            return field;
    }
    return NULL;
}

/* ---- Memory: from the block while it lasts, else of its own ---- */

static bool is_in_block(const ah_fields *fields, const void *memory)
{
    uintptr_t start = (uintptr_t)fields->block;
    return fields->block && (uintptr_t)memory >= start && (uintptr_t)memory < start + fields->block_size;
}

/* NULL: no memory. */
static void *obtain(ah_fields *fields, size_t size)
{
    size_t aligned = (size + sizeof(void *) - 1) & ~(sizeof(void *) - 1);
    if (aligned > fields->block_size - fields->block_used) {
        fields->strays = true;
        return malloc(size);
    }
    void *memory = fields->block + fields->block_used;
    fields->block_used += aligned;
    return memory;
}

/* What lies in the block is freed with it. */
static void let_go(const ah_fields *fields, void *memory)
{
    if (!is_in_block(fields, memory))
        free(memory);
}

static void begin_block(ah_fields *fields, size_t count, void *block, size_t size)
{
    fields->block = block;
    fields->block_size = size;
    fields->block_used = count * sizeof(*fields->fields);
    fields->fields = block;
    fields->capacity = count;
}

bool ah_fields_reserve(ah_fields *fields, size_t count, size_t size)
{
    size += count * sizeof(*fields->fields);
    if (fields->block || fields->fields || size == 0)
        return true;
    void *block = ah_pool_obtain(size);
    if (block)
        begin_block(fields, count, block, ah_pool_size(size));
    return block != NULL;
}

void ah_fields_lend(ah_fields *fields, size_t count, void *memory, size_t size)
{
    begin_block(fields, count, memory, size);
    fields->lent = true;
}

static bool grow(ah_fields *fields)
{
    if (fields->count < fields->capacity)
        return true;
    size_t capacity = fields->capacity ? fields->capacity * 2 : 4;
    ah_field *grown = malloc(capacity * sizeof(*grown));
    if (!grown)
        return false;
    if (fields->count)
        memcpy(grown, fields->fields, fields->count * sizeof(*grown));
    let_go(fields, fields->fields);
    fields->fields = grown;
    fields->capacity = capacity;
    return true;
}

/* ---- Fields ---- */

/* A field with one value is one piece of memory: the pointer to the value, which is the array of the values, then the
 * name, then the value. */
static char **piece_of(const ah_field *field)
{
    return (char **)(void *)field->name - 1;
}

static inline struct span trimmed(const char *text, size_t length)
{
    while (length && is_space(text[length - 1]))
        length--;
    while (length && is_space(*text)) {
        text++;
        length--;
    }
    return (struct span){text, length};
}

static char *put(char *to, struct span text)
{
    if (text.length)
        memcpy(to, text.text, text.length);
    to[text.length] = '\0';
    return to;
}

/* False: no memory. */
static inline bool make(ah_fields *fields, ah_field *field, const char *name, size_t name_length, struct span value)
{
    char **piece = obtain(fields, sizeof(*piece) + name_length + 1 + value.length + 1);
    if (!piece)
        return false;
    char *own = (char *)(piece + 1);
    for (size_t i = 0; i < name_length; i++)
        own[i] = ah_lower(name[i]);
    own[name_length] = '\0';
    piece[0] = put(own + name_length + 1, value);
    *field = (ah_field){.name = own, .name_length = name_length, .values = piece, .count = 1};
    return true;
}

static void unmake(const ah_fields *fields, ah_field *field)
{
    for (size_t i = 1; i < field->count; i++)
        let_go(fields, field->values[i]);
    if (field->values != piece_of(field))
        let_go(fields, field->values);
    if (field->joined) {
        ah_buffer_free(field->joined);
        free(field->joined);
    }
    let_go(fields, piece_of(field));
}

static inline bool append_field(ah_fields *fields, const char *name, size_t name_length, struct span value)
{
    if (!grow(fields) || !make(fields, &fields->fields[fields->count], name, name_length, value))
        return false;
    fields->newest = fields->count++;
    fields->names |= ah_fields_member(name, name_length);
    return true;
}

static bool is_power_of_two(size_t number)
{
    return (number & (number - 1)) == 0;
}

/* Makes room for a value of so many bytes more among the joined ones, which begin with the first value. */
static bool reserve_joined(ah_fields *fields, ah_field *field, size_t length)
{
    if (!field->joined) {
        fields->strays = true;
        field->joined = calloc(1, sizeof(*field->joined));
        if (!field->joined)
            return false;
    }
    size_t first = field->count == 1 ? strlen(field->values[0]) : 0;
    return ah_buffer_reserve(field->joined, first + length + 2);
}

/* Makes room for one value more in the array. */
static bool reserve_value(ah_fields *fields, ah_field *field)
{
    if (!is_power_of_two(field->count))
        return true;
    char **values = obtain(fields, 2 * field->count * sizeof(*values));
    if (!values)
        return false;
    memcpy(values, field->values, field->count * sizeof(*values));
    if (field->values != piece_of(field))
        let_go(fields, field->values);
    field->values = values;
    return true;
}

/* One more value for a field. */
static bool append_value(ah_fields *fields, ah_field *field, struct span value)
{
    char *copy = obtain(fields, value.length + 1);
    if (!copy)
        return false;
    put(copy, value);
    if (!reserve_joined(fields, field, value.length) || !reserve_value(fields, field)) {
        let_go(fields, copy);
        return false;
    }
    if (field->count == 1)
        ah_buffer_append_string(field->joined, field->values[0]);
    ah_buffer_append_string(field->joined, ", ");
    ah_buffer_append_string(field->joined, copy);
    field->values[field->count++] = copy;
    fields->newest = (size_t)(field - fields->fields);
    return true;
}

bool ah_fields_add(ah_fields *fields, const char *name, size_t name_length, const char *value, size_t value_length)
{
    struct span text = trimmed(value, value_length);
    ah_field *field = find(fields, name, name_length);
    return field ? append_value(fields, field, text) : append_field(fields, name, name_length, text);
}

/* Gives the field this one value in place of those it has. */
static bool replace(ah_fields *fields, ah_field *field, struct span value)
{
    ah_field made;
    if (!make(fields, &made, field->name, field->name_length, value))
        return false;
    unmake(fields, field);
    *field = made;
    return true;
}

/* Puts the value in the place of the last of several, which it begins with. */
static bool replace_last(ah_fields *fields, ah_field *field, struct span value)
{
    char **last = &field->values[field->count - 1];
    size_t before = strlen(*last);
    char *copy = obtain(fields, value.length + 1);
    if (!copy)
        return false;
    if (!ah_buffer_append(field->joined, value.text + before, value.length - before)) {
        let_go(fields, copy);
        return false;
    }
    let_go(fields, *last);
    *last = put(copy, value);
    return true;
}

bool ah_fields_continue(ah_fields *fields, const char *text, size_t length)
{
    struct span more = trimmed(text, length);
    ah_field *field = &fields->fields[fields->newest];
    const char *last = field->values[field->count - 1];
    ah_buffer longer = {0};
    bool continued = ah_buffer_append_string(&longer, last) && (!*last || ah_buffer_append(&longer, " ", 1)) &&
                     ah_buffer_append(&longer, more.text, more.length);
    struct span value = trimmed(longer.data, longer.length);
    if (continued)
        continued = field->count == 1 ? replace(fields, field, value) : replace_last(fields, field, value);
    ah_buffer_free(&longer);
    return continued;
}

bool ah_fields_set(ah_fields *fields, const char *name, const char *value)
{
    size_t name_length = strlen(name);
    struct span text = trimmed(value, strlen(value));
    ah_field *field = find(fields, name, name_length);
    return field ? replace(fields, field, text) : append_field(fields, name, name_length, text);
}

bool ah_fields_delete(ah_fields *fields, const char *name)
{
    ah_field *field = find(fields, name, strlen(name));
    if (!field)
        return false;
    unmake(fields, field);
    size_t after = fields->count - 1 - (size_t)(field - fields->fields);
    memmove(field, field + 1, after * sizeof(*field));
    fields->count--;
    return true;
}

const ah_field *ah_fields_find_n(const ah_fields *fields, const char *name, size_t name_length)
{
    return find(fields, name, name_length);
}

/* How much room a copy needs for all but its array. */
static size_t size_of(const ah_fields *fields)
{
    size_t size = 0;
    for (size_t i = 0; i < fields->count; i++) {
        const ah_field *field = &fields->fields[i];
        size += field->name_length + sizeof(void *);
        for (size_t j = 0; j < field->count; j++)
            size += strlen(field->values[j]) + 2 * sizeof(void *);
    }
    return size;
}

bool ah_fields_copy(ah_fields *copy, const ah_fields *fields)
{
    bool copied = !fields->count || ah_fields_reserve(copy, fields->count, size_of(fields));
    for (size_t i = 0; i < fields->count && copied; i++) {
        const ah_field *field = &fields->fields[i];
        for (size_t j = 0; j < field->count && copied; j++)
            copied = ah_fields_add(copy, field->name, field->name_length, field->values[j], strlen(field->values[j]));
    }
    if (!copied)
        ah_fields_clear(copy);
    return copied;
}

void ah_fields_clear_slow(ah_fields *fields)
{
    for (size_t i = 0; i < fields->count && fields->strays; i++)
        unmake(fields, &fields->fields[i]);
    let_go(fields, fields->fields);
    if (!fields->lent)
        ah_pool_release(fields->block, fields->block_size);
    *fields = (ah_fields){0};
}
