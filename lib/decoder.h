/*
 * Undoes a content coding piece by piece (RFC 9110 section 8.4.1): "gzip" and "deflate", and "br" (RFC 7932) and "zstd"
 * (RFC 8878) where the library was built with theirs.
 *
 * libcurl could, but does not say whether the coded content was complete, and fails for codings that nobody asked it to
 * undo.
 */
#ifndef AH_DECODER_H
#define AH_DECODER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
/* So that zlib does not want to change what it reads. */
#define ZLIB_CONST
#include <zlib.h>

#include "frames.h"

typedef enum ah_decoder_result {
    AH_DECODER_OK,
    /* The sink wants no more. */
    AH_DECODER_STOPPED,
    AH_DECODER_CORRUPT,
    AH_DECODER_NO_MEMORY,
} ah_decoder_result;

typedef enum ah_coding {
    /* None, or one that is left alone. */
    AH_CODING_NONE,
    AH_CODING_GZIP,
    AH_CODING_DEFLATE,
    AH_CODING_BR,
    AH_CODING_ZSTD,
} ah_coding;

/* All zero: nothing has come yet. */
typedef struct ah_decoder {
    z_stream stream;
    /* For the other codings: a BrotliDecoderState or a ZSTD_DStream. */
    void *state;
    ah_coding coding;
    /* Coded bytes, as they come over the wire. */
    uint64_t received;
    bool open;
    bool ended;
    /* Something else has come after the last member of "gzip": all that follows is ignored too. */
    bool over;
    /* The first byte of content in "deflate", kept until the second says what that is. */
    unsigned char first;
    /* Of content in "zstd". */
    ah_frames frames;
} ah_decoder;

/* Takes decoded bytes. False: no more is wanted. */
typedef bool ah_decoder_sink(void *data, const char *content, size_t length);

/* What a Content-Encoding names; NULL is allowed. */
ah_coding ah_coding_of(const char *name);

/* Takes coded bytes, not of AH_CODING_NONE. */
ah_decoder_result ah_decoder_feed(ah_decoder *decoder, ah_coding coding, const void *coded, size_t length,
                                  ah_decoder_sink *sink, void *data);

/* Whether all of the content has come, or nothing at all. */
bool ah_decoder_is_complete(const ah_decoder *decoder);

/* Frees what it holds, and leaves it all zero. */
void ah_decoder_clear(ah_decoder *decoder);

#endif
