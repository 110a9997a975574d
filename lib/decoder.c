#include "decoder.h"

#if HAVE_BROTLI
#include <brotli/decode.h>
#endif
#if HAVE_ZSTD
#include <zstd.h>
#include <zstd_errors.h>
#endif

#include "base/fields.h"

enum { PIECE = 16384 };
/* For inflateInit2(): what the coded content looks like. */
enum { RAW_FORMAT = -MAX_WBITS, ZLIB_FORMAT = MAX_WBITS, GZIP_FORMAT = 16 + MAX_WBITS };

ah_coding ah_coding_of(const char *name)
{
    static const struct {
        const char *name;
        ah_coding coding;
    } codings[] = {
        {"gzip", AH_CODING_GZIP},
        {"x-gzip", AH_CODING_GZIP},
        {"deflate", AH_CODING_DEFLATE},
        /* As httplib2 takes it. */
        {"zlib", AH_CODING_DEFLATE},
#if HAVE_BROTLI
        {"br", AH_CODING_BR},
#endif
#if HAVE_ZSTD
        {"zstd", AH_CODING_ZSTD},
#endif
    };
    for (size_t i = 0; name && i < sizeof(codings) / sizeof(codings[0]); i++) {
        if (ah_same_ignoring_case(name, codings[i].name))
            return codings[i].coding;
    }
    return AH_CODING_NONE;
}

bool ah_decoder_is_complete(const ah_decoder *decoder)
{
    return decoder->ended || decoder->received == 0;
}

void ah_decoder_clear(ah_decoder *decoder)
{
    if (decoder->open)
        inflateEnd(&decoder->stream);
#if HAVE_BROTLI
    if (decoder->coding == AH_CODING_BR)
        BrotliDecoderDestroyInstance(decoder->state);
#endif
#if HAVE_ZSTD
    if (decoder->coding == AH_CODING_ZSTD)
        ZSTD_freeDStream(decoder->state);
#endif
    ah_frames_clear(&decoder->frames);
    *decoder = (ah_decoder){0};
}

static ah_decoder_result open_as(ah_decoder *decoder, int format)
{
    decoder->open = inflateInit2(&decoder->stream, format) == Z_OK;
    return decoder->open ? AH_DECODER_OK : AH_DECODER_NO_MEMORY;
}

/* The head of the zlib format (RFC 1950 section 2.2). */
static bool is_zlib(unsigned first, unsigned second)
{
    return (first & 0x0f) == Z_DEFLATED && (first * 256 + second) % 31 == 0;
}

/* What inflate() said, when it did not say that all is well. */
static ah_decoder_result failure(int error)
{
    return error == Z_MEM_ERROR ? AH_DECODER_NO_MEMORY : AH_DECODER_CORRUPT;
}

/* gzip may have several members, one after the other (RFC 1952 section 2.2); anything else at the end is ignored. */
static bool begins_member(const ah_decoder *decoder, ah_coding coding)
{
    return coding == AH_CODING_GZIP && decoder->stream.avail_in && *decoder->stream.next_in == 0x1f;
}

static ah_decoder_result inflate_all(ah_decoder *decoder, ah_coding coding, const unsigned char *coded, size_t length,
                                     ah_decoder_sink *sink, void *data)
{
    unsigned char piece[PIECE];
    z_stream *stream = &decoder->stream;
    stream->next_in = coded;
    stream->avail_in = (uInt)length;
    do {
        decoder->over = decoder->over || (decoder->ended && stream->avail_in && !begins_member(decoder, coding));
        if (decoder->over || (decoder->ended && !stream->avail_in))
            return AH_DECODER_OK;
        if (decoder->ended)
            inflateReset(stream);
        stream->next_out = piece;
        stream->avail_out = sizeof(piece);
        int error = inflate(stream, Z_NO_FLUSH);
        decoder->ended = error == Z_STREAM_END;
        size_t made = sizeof(piece) - stream->avail_out;
        if (error != Z_OK && error != Z_STREAM_END && error != Z_BUF_ERROR)
            return failure(error);
        if (made && !sink(data, (const char *)piece, made))
            return AH_DECODER_STOPPED;
    } while (stream->avail_in || stream->avail_out == 0);
    return AH_DECODER_OK;
}

/* "deflate" is zlib's format, but some servers send it without that (RFC 9110 section 8.4.1.2). */
static ah_decoder_result open_deflate(ah_decoder *decoder, const unsigned char *coded, size_t length)
{
    if (decoder->received == length && length == 1) {
        decoder->first = *coded;
        return AH_DECODER_OK;
    }
    bool split = decoder->received > length;
    bool zlib = split ? is_zlib(decoder->first, coded[0]) : is_zlib(coded[0], coded[1]);
    ah_decoder_result result = open_as(decoder, zlib ? ZLIB_FORMAT : RAW_FORMAT);
    return result || !split ? result : inflate_all(decoder, AH_CODING_DEFLATE, &decoder->first, 1, NULL, NULL);
}

static ah_decoder_result feed_zlib(ah_decoder *decoder, const void *coded, size_t length, ah_decoder_sink *sink,
                                   void *data)
{
    ah_decoder_result result = AH_DECODER_OK;
    if (!decoder->open)
        result =
            decoder->coding == AH_CODING_GZIP ? open_as(decoder, GZIP_FORMAT) : open_deflate(decoder, coded, length);
    if (result || !decoder->open)
        return result;
    return inflate_all(decoder, decoder->coding, coded, length, sink, data);
}

#if HAVE_BROTLI
static ah_decoder_result feed_brotli(ah_decoder *decoder, const uint8_t *coded, size_t length, ah_decoder_sink *sink,
                                     void *data)
{
    uint8_t piece[PIECE];
    BrotliDecoderResult result = BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT;
    if (!decoder->state)
        decoder->state = BrotliDecoderCreateInstance(NULL, NULL, NULL);
    if (!decoder->state)
        return AH_DECODER_NO_MEMORY;
    while (!decoder->ended && result == BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT) {
        uint8_t *next = piece;
        size_t room = sizeof(piece);
        result = BrotliDecoderDecompressStream(decoder->state, &length, &coded, &room, &next, NULL);
        decoder->ended = result == BROTLI_DECODER_RESULT_SUCCESS;
        if (room < sizeof(piece) && !sink(data, (const char *)piece, sizeof(piece) - room))
            return AH_DECODER_STOPPED;
    }
    return result == BROTLI_DECODER_RESULT_ERROR ? AH_DECODER_CORRUPT : AH_DECODER_OK;
}
#endif

#if HAVE_ZSTD
/* What a server may ask of a client's memory (RFC 9659): a window of 8 MiB. */
enum { ZSTD_WINDOW_LOG = 23 };

static bool open_zstd(ah_decoder *decoder)
{
    decoder->state = ZSTD_createDStream();
    return decoder->state &&
           !ZSTD_isError(ZSTD_DCtx_setParameter(decoder->state, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG));
}

static ah_decoder_result decompress_part(ah_decoder *decoder, ah_decoder_sink *sink, void *data)
{
    char piece[PIECE];
    ZSTD_inBuffer in = {decoder->frames.part.data, decoder->frames.part.length, 0};
    ZSTD_outBuffer out;
    size_t left;
    do {
        out = (ZSTD_outBuffer){piece, sizeof(piece), 0};
        left = ZSTD_decompressStream(decoder->state, &out, &in);
        if (ZSTD_isError(left))
            return ZSTD_getErrorCode(left) == ZSTD_error_memory_allocation ? AH_DECODER_NO_MEMORY : AH_DECODER_CORRUPT;
        if (out.pos && !sink(data, piece, out.pos))
            return AH_DECODER_STOPPED;
        /* A frame that has ended holds nothing back; called without input, zstd would begin another. */
    } while (in.pos < in.size || (out.pos == out.size && left));
    return AH_DECODER_OK;
}

/* A stream may have several frames (RFC 8878 section 3); anything else at the end is ignored. */
static ah_decoder_result feed_zstd(ah_decoder *decoder, const unsigned char *coded, size_t length,
                                   ah_decoder_sink *sink, void *data)
{
    ah_decoder_result result = AH_DECODER_OK;
    if (!decoder->state && !open_zstd(decoder))
        return AH_DECODER_NO_MEMORY;
    while (length && !result) {
        switch (ah_frames_take(&decoder->frames, &coded, &length)) {
        case AH_FRAMES_MORE:
            break;
        case AH_FRAMES_PART:
            result = decompress_part(decoder, sink, data);
            ah_frames_next(&decoder->frames);
            break;
        case AH_FRAMES_WRONG:
            return AH_DECODER_CORRUPT;
        case AH_FRAMES_NO_MEMORY:
            return AH_DECODER_NO_MEMORY;
        }
    }
    decoder->ended = ah_frames_are_complete(&decoder->frames);
    return result;
}
#endif

ah_decoder_result ah_decoder_feed(ah_decoder *decoder, ah_coding coding, const void *coded, size_t length,
                                  ah_decoder_sink *sink, void *data)
{
    if (length == 0)
        return AH_DECODER_OK;
    decoder->received += length;
    decoder->coding = coding;
    switch (coding) {
#if HAVE_BROTLI
    case AH_CODING_BR:
        return feed_brotli(decoder, coded, length, sink, data);
#endif
#if HAVE_ZSTD
    case AH_CODING_ZSTD:
        return feed_zstd(decoder, coded, length, sink, data);
#endif
    default:
        return feed_zlib(decoder, coded, length, sink, data);
    }
}
