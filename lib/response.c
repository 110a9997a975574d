#include "response.h"

#include <stdlib.h>
#include <string.h>

#include "base/pool.h"

/* How many fields a response usually has at most, and how much room they take. */
enum { USUAL_COUNT = 12, USUAL_SIZE = 384 };

/* Without fields, and with at least so much room for them. NULL: no memory. */
static asynchttp_response *new_response(size_t room)
{
    asynchttp_response *response = ah_pool_obtain(sizeof(*response) + room);
    /* All that the piece has. */
    if (response)
        *response = (asynchttp_response){.room = ah_pool_size(sizeof(*response) + room) - sizeof(*response)};
    return response;
}

asynchttp_response *ah_response_new(void)
{
    asynchttp_response *response = new_response(USUAL_COUNT * sizeof(ah_field) + USUAL_SIZE);
    if (response)
        ah_fields_lend(&response->fields, USUAL_COUNT, response->own, response->room);
    return response;
}

asynchttp_response *ah_response_take(ah_fields *fields, char **reason)
{
    asynchttp_response *response = new_response(0);
    if (!response)
        return NULL;
    response->fields = *fields;
    *fields = (ah_fields){0};
    response->reason = *reason;
    *reason = NULL;
    return response;
}

void ah_response_free_slow(asynchttp_response *response)
{
    while (response) {
        asynchttp_response *previous = response->previous;
        ah_fields_clear(&response->fields);
        ah_fields_clear(&response->trailers);
        free(response->reason);
        ah_pool_release(response, sizeof(*response) + response->room);
        response = previous;
    }
}

static bool is_digit(char character)
{
    return character >= '0' && character <= '9';
}

/* "HTTP/1.1", "HTTP/2": the place behind it, NULL if it is no such thing. */
static const char *read_version(const char *line, const char *end, int *version)
{
    static const char protocol[] = "HTTP/";
    size_t length = sizeof(protocol) - 1;
    if ((size_t)(end - line) < length + 1 || memcmp(line, protocol, length) != 0 || !is_digit(line[length]))
        return NULL;
    line += length;
    *version = (*line++ - '0') * 10;
    if (end - line >= 2 && *line == '.' && is_digit(line[1])) {
        *version += line[1] - '0';
        line += 2;
    }
    return line;
}

static const char *read_code(const char *line, const char *end, int *status)
{
    if (end - line < 4 || *line != ' ' || !is_digit(line[1]) || !is_digit(line[2]) || !is_digit(line[3]))
        return NULL;
    *status = (line[1] - '0') * 100 + (line[2] - '0') * 10 + (line[3] - '0');
    return *status < 100 ? NULL : line + 4;
}

/* What would break a program's line becomes a space, as in fields (RFC 9110 section 5.5). */
static void blank_out_returns(char *text)
{
    for (; *text; text++) {
        if (*text == '\r' || *text == '\n')
            *text = ' ';
    }
}

bool ah_response_read_status(asynchttp_response *response, const char *line, size_t length, bool *no_memory)
{
    const char *end = line + length;
    *no_memory = false;
    while (end > line && (end[-1] == '\r' || end[-1] == '\n' || end[-1] == ' '))
        end--;
    line = read_version(line, end, &response->version);
    if (line)
        line = read_code(line, end, &response->status);
    if (!line || (line < end && *line != ' '))
        return false;
    while (line < end && *line == ' ')
        line++;
    free(response->reason);
    response->reason = strndup(line, (size_t)(end - line));
    *no_memory = !response->reason;
    if (response->reason)
        blank_out_returns(response->reason);
    return response->reason != NULL;
}

int asynchttp_response_status(const asynchttp_response *response)
{
    return response->status;
}

const char *asynchttp_response_reason(const asynchttp_response *response)
{
    return response->reason ? response->reason : "";
}

int asynchttp_response_version(const asynchttp_response *response)
{
    return response->version;
}

bool asynchttp_response_fromcache(const asynchttp_response *response)
{
    return response->fromcache;
}

asynchttp_response *asynchttp_response_previous(const asynchttp_response *response)
{
    return response->previous;
}

const char *asynchttp_response_get(const asynchttp_response *response, const char *name)
{
    return ah_fields_get(&response->fields, name);
}

bool asynchttp_response_contains(const asynchttp_response *response, const char *name)
{
    return ah_fields_find(&response->fields, name) != NULL;
}

size_t asynchttp_response_count(const asynchttp_response *response)
{
    return response->fields.count;
}

bool asynchttp_response_header(const asynchttp_response *response, size_t i, const char **name, const char **value)
{
    if (i >= response->fields.count)
        return false;
    const ah_field *field = &response->fields.fields[i];
    if (name)
        *name = field->name;
    if (value)
        *value = ah_field_value(field);
    return true;
}

const char *asynchttp_response_values(const asynchttp_response *response, const char *name, size_t i)
{
    const ah_field *field = ah_fields_find(&response->fields, name);
    return field && i < field->count ? field->values[i] : NULL;
}

const char *asynchttp_response_trailer(const asynchttp_response *response, const char *name)
{
    return ah_fields_get(&response->trailers, name);
}

asynchttp_code asynchttp_response_set(asynchttp_response *response, const char *name, const char *value)
{
    if (!ah_is_token(name) || !ah_is_field_value(value))
        return ASYNCHTTP_E_INVALID_ARGUMENT;
    return ah_fields_set(&response->fields, name, value) ? ASYNCHTTP_OK : ASYNCHTTP_E_NO_MEMORY;
}

bool asynchttp_response_delete(asynchttp_response *response, const char *name)
{
    return ah_fields_delete(&response->fields, name);
}
