#include "request.h"

#include "memory.h"
#include "number.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

typedef struct field {
    const char *name;
    size_t name_size;
    field_value value;
} field;

/* The characters of methods and field names (RFC 9110 section 5.6.2). */
static size_t token_size(const char *text)
{
    static const char token[] = "!#$%&'*+-.^_`|~0123456789"
                                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

    return strspn(text, token);
}

static size_t line_size(const char *text)
{
    return strcspn(text, "\r");
}

static bool is_name(const char *text, size_t size, const char *name)
{
    return size == strlen(name) && strncasecmp(text, name, size) == 0;
}

/* How long the head is, the empty line included; 0 if its end is not there. */
static size_t head_size(const unsigned char *bytes, size_t size)
{
    const unsigned char *at = bytes;

    for (;;) {
        at = memchr(at, '\r', size - (size_t)(at - bytes));
        if (!at || size - (size_t)(at - bytes) < 4)
            return 0;
        if (memcmp(at, "\r\n\r\n", 4) == 0)
            return (size_t)(at - bytes) + 4;
        at++;
    }
}

/* Whether the head consists of lines that end in CRLF and of printable characters, tabs, and bytes outside ASCII. */
static bool is_text(const char *head, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)head[i];

        if (c == '\r' && head[i + 1] == '\n')
            i++;
        else if ((c < ' ' && c != '\t') || c == 127)
            return false;
    }
    return true;
}

/* Where the next line begins; at the end of the head, an empty string. */
static const char *next_line(const char *line)
{
    return line + line_size(line) + 2;
}

/* Takes the field in *line apart and goes on to the next. Returns false at the empty line and for what is no field. */
static bool next_field(const char **line, field *f)
{
    const char *end = *line + line_size(*line);
    const char *value;

    f->name = *line;
    f->name_size = token_size(*line);
    if (f->name_size == 0 || f->name[f->name_size] != ':')
        return false;
    value = f->name + f->name_size + 1;
    value += strspn(value, " \t");
    while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    f->value = (field_value){value, (size_t)(end - value)};
    *line = next_line(*line);
    return true;
}

/* Whether a comma-separated list has this member. */
static bool lists(const field_value *value, const char *member)
{
    const char *at = value->text;
    const char *end = value->text + value->size;

    while (at < end) {
        size_t size = strcspn(at, ", \t\r");

        if (is_name(at, size, member))
            return true;
        at += size;
        at += strspn(at, ", \t");
        if (*at == '\r')
            break;
    }
    return false;
}

/* Takes the path and the query from a target, which is size characters long. */
static bool read_target(request *r, const char *target, size_t size)
{
    const char *end = target + size;
    const char *authority = strncasecmp(target, "http://", 7) == 0 ? target + 7 : NULL;
    const char *path = authority ? authority + strcspn(authority, "/? \t\r") : target;
    const char *question = memchr(path, '?', (size_t)(end - path));

    r->path = memory_string(path, (size_t)((question ? question : end) - path));
    if (question)
        r->query = memory_string(question + 1, (size_t)(end - question - 1));
    return size > 0;
}

/* Reads "METHOD TARGET HTTP/1.x". */
static bool read_request_line(request *r, const char *line)
{
    size_t method = token_size(line);
    const char *target = line + method + 1;
    size_t size;

    if (method == 0 || line[method] != ' ')
        return false;
    r->is_head = method == 4 && memcmp(line, "HEAD", 4) == 0;
    size = strcspn(target, " \t\r");
    if (!read_target(r, target, size))
        return false;
    if (strncmp(target + size, " HTTP/1.", 8) != 0 || line_size(target + size) != 9)
        return false;
    r->is_http10 = target[size + 8] == '0';
    r->keep_alive = !r->is_http10;
    return r->is_http10 || target[size + 8] == '1';
}

/* How often the fields that matter were there. */
typedef struct tally {
    unsigned host;
    unsigned length;
    unsigned coding;
} tally;

static bool read_field(request *r, const field *f, tally *t)
{
    if (is_name(f->name, f->name_size, "Host"))
        return ++t->host == 1;
    if (is_name(f->name, f->name_size, "Content-Length"))
        return ++t->length == 1 && number_parse(f->value.text, f->value.size, 10, &r->content_length);
    if (is_name(f->name, f->name_size, "Transfer-Encoding")) {
        r->chunked = is_name(f->value.text, f->value.size, "chunked");
        return ++t->coding == 1 && r->chunked && !r->is_http10;
    }
    if (is_name(f->name, f->name_size, "Connection")) {
        if (lists(&f->value, "close"))
            r->keep_alive = false;
        else if (r->is_http10 && lists(&f->value, "keep-alive"))
            r->keep_alive = true;
    } else if (is_name(f->name, f->name_size, "Expect")) {
        r->expects_continue = !r->is_http10 && is_name(f->value.text, f->value.size, "100-continue");
    }
    return true;
}

static bool read_fields(request *r, const char *line)
{
    tally t = {0};
    field f;

    while (next_field(&line, &f))
        if (!read_field(r, &f, &t))
            return false;
    return *line == '\r' && (t.host == 1 || r->is_http10) && !(t.length && t.coding);
}

request_state request_parse(request *r, const unsigned char *bytes, size_t size)
{
    size_t head = head_size(bytes, size);
    const char *text;

    if (head == 0)
        return size > REQUEST_HEAD_MAX ? REQUEST_TOO_LARGE : REQUEST_INCOMPLETE;
    buffer_append(&r->head, bytes, head);
    /* A zero after it makes it a string, for strspn() and its like. */
    *buffer_room(&r->head, 1) = '\0';
    text = (const char *)buffer_bytes(&r->head);
    if (!is_text(text, head) || !read_request_line(r, text) || !read_fields(r, next_line(text)))
        return REQUEST_BAD;
    return REQUEST_COMPLETE;
}

bool request_field(const request *r, const char *name, field_value *value)
{
    const char *line = next_line((const char *)buffer_bytes(&r->head));
    field f;

    while (next_field(&line, &f)) {
        if (is_name(f.name, f.name_size, name)) {
            *value = f.value;
            return true;
        }
    }
    return false;
}

void request_clear(request *r)
{
    buffer_clear(&r->head);
    free(r->path);
    free(r->query);
    *r = (request){0};
}
