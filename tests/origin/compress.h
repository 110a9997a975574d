/*
 * Compression, with zlib.
 */
#ifndef ORIGIN_COMPRESS_H
#define ORIGIN_COMPRESS_H

#include "buffer.h"
#include "source.h"

/* What zlib calls windowBits: which format comes out. */
typedef enum compress_format {
    COMPRESS_RAW = -15,
    COMPRESS_ZLIB = 15,
    COMPRESS_GZIP = 15 + 16,
} compress_format;

/* Whether the compressed data says where it ends, or can be continued with other compressed data. */
typedef enum compress_end {
    COMPRESS_FINISHED,
    COMPRESS_OPEN,
} compress_end;

/* Appends all that comes from a source, compressed; the source is freed. */
void compress_append(buffer *out, source *from, compress_format format, compress_end end);

#endif
