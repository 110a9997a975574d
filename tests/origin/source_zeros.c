/*
 * Compressing 10 GiB takes half a minute, in which a server of one thread would do nothing else. But zeros are the same
 * everywhere: one block of them is compressed once and sent as often as it takes, and only the checksum is worked out.
 */
#include "compress.h"
#include "memory.h"
#include "source.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define BLOCK ((uint64_t)1024 * 1024)

/* Zeros, uncompressed. */
typedef struct plain_zeros {
    source base;
    uint64_t left;
} plain_zeros;

typedef struct gzip_zeros {
    source base;
    uint64_t size;
    uint64_t blocks_left;
    /* A whole block, compressed, and its checksum and that of all blocks so far. */
    buffer block;
    uLong block_crc;
    uLong crc;
    bool ended;
    /* Made and not read yet. */
    buffer pending;
} gzip_zeros;

static size_t plain_read(source *s, unsigned char *bytes, size_t size)
{
    plain_zeros *p = (plain_zeros *)s;
    size_t count = p->left < size ? (size_t)p->left : size;

    memset(bytes, 0, count);
    p->left -= count;
    return count;
}

static void plain_free(source *s)
{
    free(s);
}

static source *plain_new(uint64_t size)
{
    plain_zeros *p = memory_zeroed(sizeof *p);

    p->base = (source){plain_read, plain_free};
    p->left = size;
    return &p->base;
}

/* The checksum of that many zeros, a block at most. */
static uLong zeros_crc(uint64_t size)
{
    unsigned char *zeros = memory_zeroed((size_t)size + 1);
    uLong crc = crc32(crc32(0, NULL, 0), zeros, (uInt)size);

    free(zeros);
    return crc;
}

/* A number as gzip writes it (RFC 1952): 32 bits, the lowest first. */
static void append_u32(buffer *out, uint64_t number)
{
    for (unsigned shift = 0; shift < 32; shift += 8) {
        unsigned char byte = (unsigned char)(number >> shift);

        buffer_append(out, &byte, 1);
    }
}

/* What does not fill a block, and the trailer. */
static void make_end(gzip_zeros *z)
{
    uint64_t rest = z->size % BLOCK;

    compress_append(&z->pending, plain_new(rest), COMPRESS_RAW, COMPRESS_FINISHED);
    append_u32(&z->pending, crc32_combine(z->crc, zeros_crc(rest), (z_off_t)rest));
    append_u32(&z->pending, z->size);
    z->ended = true;
}

static void make_more(gzip_zeros *z)
{
    if (z->blocks_left == 0) {
        make_end(z);
        return;
    }
    buffer_append(&z->pending, buffer_bytes(&z->block), z->block.size);
    z->crc = crc32_combine(z->crc, z->block_crc, (z_off_t)BLOCK);
    z->blocks_left--;
}

static size_t gzip_read(source *s, unsigned char *bytes, size_t size)
{
    gzip_zeros *z = (gzip_zeros *)s;
    size_t count;

    while (z->pending.size < size && !z->ended)
        make_more(z);
    count = z->pending.size < size ? z->pending.size : size;
    memcpy(bytes, buffer_bytes(&z->pending), count);
    buffer_drop(&z->pending, count);
    return count;
}

static void gzip_free(source *s)
{
    gzip_zeros *z = (gzip_zeros *)s;

    buffer_clear(&z->block);
    buffer_clear(&z->pending);
    free(z);
}

source *source_zeros_gzip(uint64_t size)
{
    /* Deflate, no name, no time, unknown system. */
    static const unsigned char header[] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255};
    gzip_zeros *z = memory_zeroed(sizeof *z);

    z->base = (source){gzip_read, gzip_free};
    z->size = size;
    z->blocks_left = size / BLOCK;
    if (z->blocks_left > 0) {
        compress_append(&z->block, plain_new(BLOCK), COMPRESS_RAW, COMPRESS_OPEN);
        z->block_crc = zeros_crc(BLOCK);
    }
    z->crc = crc32(0, NULL, 0);
    buffer_append(&z->pending, header, sizeof header);
    return &z->base;
}
