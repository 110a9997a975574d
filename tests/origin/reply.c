#include "reply.h"

#include "status.h"
#include "ticks.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

void reply_field(exchange *x, const char *name, const void *value, size_t size)
{
    buffer_printf(&x->fields, "%s: ", name);
    buffer_append(&x->fields, value, size);
    buffer_append(&x->fields, "\r\n", 2);
}

void reply_field_text(exchange *x, const char *name, const char *value)
{
    reply_field(x, name, value, strlen(value));
}

/* Whether a field of this name was added. */
static bool has_field(const exchange *x, const char *name)
{
    const char *at = (const char *)buffer_bytes(&x->fields);
    const char *end = at + x->fields.size;
    size_t size = strlen(name);

    while (at && (size_t)(end - at) > size) {
        if (strncasecmp(at, name, size) == 0 && at[size] == ':')
            return true;
        at = memchr(at, '\n', (size_t)(end - at));
        at += at != NULL;
    }
    return false;
}

/* Adds a field unless there is one of that name already. */
static void add_usual(exchange *x, const char *name, const char *value)
{
    if (!has_field(x, name))
        reply_field_text(x, name, value);
}

static void add_connection(exchange *x)
{
    if (!x->request.keep_alive)
        add_usual(x, "Connection", "close");
    else if (x->request.is_http10)
        add_usual(x, "Connection", "keep-alive");
}

static void add_length(exchange *x, uint64_t length)
{
    char text[24];

    snprintf(text, sizeof text, "%" PRIu64, length);
    add_usual(x, "Content-Length", text);
}

/* Sends the head, of the fields that have been added. */
static void send_head(exchange *x, unsigned status)
{
    buffer head = {0};

    add_usual(x, "Date", ticks_date());
    add_connection(x);
    buffer_printf(&head, "HTTP/1.1 %u %s\r\n", status, status_reason(status));
    buffer_append(&head, buffer_bytes(&x->fields), x->fields.size);
    buffer_append(&head, "\r\n", 2);
    buffer_clear(&x->fields);
    script_send(&x->script, &head, 1);
}

void reply_begin(exchange *x, unsigned status, const char *type, uint64_t length)
{
    if (!status_bodyless(status)) {
        add_usual(x, "Content-Type", type);
        add_length(x, length);
    }
    send_head(x, status);
}

void reply_end(exchange *x)
{
    if (!x->request.keep_alive)
        script_close(&x->script);
}

void reply_bytes(exchange *x, unsigned status, const char *type, buffer *bytes)
{
    reply_begin(x, status, type, bytes->size);
    if (x->request.is_head || status_bodyless(status))
        buffer_clear(bytes);
    else
        script_send(&x->script, bytes, 1);
    reply_end(x);
}

void reply_printf(exchange *x, unsigned status, const char *format, ...)
{
    char text[1024];
    buffer bytes = {0};
    va_list values;

    va_start(values, format);
    vsnprintf(text, sizeof text, format, values);
    va_end(values);
    buffer_append(&bytes, text, strlen(text));
    reply_bytes(x, status, "text/plain", &bytes);
}

void reply_stream(exchange *x, const char *type, source *from, reply_framing framing, uint64_t length)
{
    if (framing == REPLY_CHUNKED && x->request.is_http10)
        framing = REPLY_CLOSE;
    if (framing == REPLY_CLOSE)
        x->request.keep_alive = false;
    add_usual(x, "Content-Type", type);
    if (framing == REPLY_LENGTH)
        add_length(x, length);
    else if (framing == REPLY_CHUNKED)
        add_usual(x, "Transfer-Encoding", "chunked");
    send_head(x, 200);
    if (x->request.is_head)
        from->free(from);
    else
        script_stream(&x->script, from, framing == REPLY_CHUNKED);
    reply_end(x);
}
