#include "body.h"

#include "number.h"

#include <string.h>

/* The longest line of the framing that is accepted. */
#define LINE_MAX_SIZE 8192

body body_begin(bool chunked, uint64_t length)
{
    if (chunked)
        return (body){BODY_CHUNK_SIZE, 0};
    return (body){length > 0 ? BODY_CONTENT : BODY_DONE, length};
}

static size_t take_content(body *b, size_t size)
{
    size_t taken = b->left < size ? (size_t)b->left : size;

    b->left -= taken;
    if (b->left == 0)
        b->state = b->state == BODY_CONTENT ? BODY_DONE : BODY_CHUNK_END;
    return taken;
}

/* What follows the line, which is size characters long without its CRLF. */
static body_state after_line(body *b, const char *line, size_t size)
{
    const char *extension = memchr(line, ';', size);

    switch (b->state) {
    case BODY_CHUNK_SIZE:
        if (!number_parse(line, extension ? (size_t)(extension - line) : size, 16, &b->left))
            return BODY_BAD;
        return b->left > 0 ? BODY_CHUNK_CONTENT : BODY_TRAILER;
    case BODY_CHUNK_END:
        return size == 0 ? BODY_CHUNK_SIZE : BODY_BAD;
    default:
        return size == 0 ? BODY_DONE : BODY_TRAILER;
    }
}

static size_t take_line(body *b, const unsigned char *bytes, size_t size)
{
    const unsigned char *end = memchr(bytes, '\n', size);
    size_t length = end ? (size_t)(end - bytes) : size;

    if (!end && size <= LINE_MAX_SIZE)
        return 0;
    if (!end || length == 0 || bytes[length - 1] != '\r') {
        b->state = BODY_BAD;
        return 0;
    }
    b->state = after_line(b, (const char *)bytes, length - 1);
    return length + 1;
}

size_t body_take(body *b, const unsigned char *bytes, size_t size, size_t *content)
{
    *content = 0;
    switch (b->state) {
    case BODY_CONTENT:
    case BODY_CHUNK_CONTENT:
        *content = take_content(b, size);
        return *content;
    case BODY_DONE:
    case BODY_BAD:
        return 0;
    default:
        return take_line(b, bytes, size);
    }
}
