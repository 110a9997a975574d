/*
 * Well-behaved responses, written into the script of an exchange. They have Date, Content-Type and whatever says how
 * long the body is, unless fields of the same name were added before; and no body if there must be none. Where the
 * client does not want the connection kept, they say so, and it is closed afterwards.
 */
#ifndef ORIGIN_REPLY_H
#define ORIGIN_REPLY_H

#include "exchange.h"

/* How the client learns where a streamed body ends. */
typedef enum reply_framing {
    REPLY_LENGTH,
    REPLY_CHUNKED,
    REPLY_CLOSE,
} reply_framing;

/* Adds a field to the response that is written next. The value goes out as it is. */
void reply_field(exchange *x, const char *name, const void *value, size_t size);

/* The same with a string. */
void reply_field_text(exchange *x, const char *name, const char *value);

/* A response with these bytes, which go over to it. */
void reply_bytes(exchange *x, unsigned status, const char *type, buffer *bytes);

/* A response with what printf would print, text/plain. */
ORIGIN_PRINTF(3, 4) void reply_printf(exchange *x, unsigned status, const char *format, ...);

/* The head of a response whose body, of this length, the caller writes into the script (unless the request is a HEAD),
 * and the end of it. */
void reply_begin(exchange *x, unsigned status, const char *type, uint64_t length);
void reply_end(exchange *x);

/* A response, status 200, with what a source makes; length counts for REPLY_LENGTH only. The source goes over to it.
 * Chunks are not for HTTP/1.0, which gets REPLY_CLOSE in their place. */
void reply_stream(exchange *x, const char *type, source *from, reply_framing framing, uint64_t length);

#endif
