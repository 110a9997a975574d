/*
 * The head of a request, read strictly (RFC 9112): what a client gets wrong should show.
 */
#ifndef ORIGIN_REQUEST_H
#define ORIGIN_REQUEST_H

#include "buffer.h"

#include <stdbool.h>
#include <stdint.h>

/* The largest head that is read. */
#define REQUEST_HEAD_MAX ((size_t)256 * 1024)

typedef struct request {
    /* As received, with the empty line at its end. */
    buffer head;
    /* From the target, not decoded; of an absolute URI, as proxies get it, without scheme and authority. */
    char *path;
    /* NULL if there is none. */
    char *query;
    bool is_head;
    bool is_http10;
    /* Whether the client wants the connection kept. */
    bool keep_alive;
    bool expects_continue;
    /* How the body comes: in chunks, or with this length. */
    bool chunked;
    uint64_t content_length;
} request;

typedef enum request_state {
    REQUEST_INCOMPLETE,
    REQUEST_COMPLETE,
    REQUEST_BAD,
    REQUEST_TOO_LARGE,
} request_state;

/* A field's value, without the spaces around it; points into the head. */
typedef struct field_value {
    const char *text;
    size_t size;
} field_value;

/* Reads the head that the bytes begin with into an empty request. Its size then is that of r->head. */
request_state request_parse(request *r, const unsigned char *bytes, size_t size);

/* Finds the first field of this name. Returns whether there is one. */
bool request_field(const request *r, const char *name, field_value *value);

/* Frees what the request holds and leaves it empty. */
void request_clear(request *r);

#endif
