/*
 * The body of a request as it comes over the wire: taken out of its framing (RFC 9112 sections 6 and 7).
 */
#ifndef ORIGIN_BODY_H
#define ORIGIN_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum body_state {
    /* Bytes of content are due: of the whole body, or of a chunk. */
    BODY_CONTENT,
    BODY_CHUNK_CONTENT,
    /* A line is due: a chunk's size, the empty one after a chunk, a trailer field. */
    BODY_CHUNK_SIZE,
    BODY_CHUNK_END,
    BODY_TRAILER,
    BODY_DONE,
    BODY_BAD,
} body_state;

typedef struct body {
    body_state state;
    /* Bytes of content that are still due. */
    uint64_t left;
} body;

/* A body in chunks, or of a length. */
body body_begin(bool chunked, uint64_t length);

/*
 * Takes what comes next from the size bytes that have arrived. Returns how many of them it took; 0 if it needs more of
 * them, or if the body has ended. The first *content of those taken are content, the others framing.
 */
size_t body_take(body *b, const unsigned char *bytes, size_t size, size_t *content);

#endif
