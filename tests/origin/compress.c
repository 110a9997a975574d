#include "compress.h"

#include <zlib.h>

#define PIECE ((size_t)64 * 1024)

/* Appends what the stream makes of its input. */
static void drain(z_stream *stream, buffer *out, int flush)
{
    do {
        stream->next_out = buffer_room(out, PIECE);
        stream->avail_out = (uInt)PIECE;
        if (deflate(stream, flush) == Z_STREAM_ERROR)
            fatal("zlib: %s", stream->msg ? stream->msg : "stream error");
        buffer_grow(out, PIECE - stream->avail_out);
    } while (stream->avail_out == 0);
}

void compress_append(buffer *out, source *from, compress_format format, compress_end end)
{
    static unsigned char piece[PIECE];
    z_stream stream = {0};
    size_t size;

    if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, (int)format, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        fatal("cannot initialise zlib");
    while ((size = from->read(from, piece, sizeof piece)) > 0) {
        stream.next_in = piece;
        stream.avail_in = (uInt)size;
        drain(&stream, out, Z_NO_FLUSH);
    }
    /* After a full flush, the data ends on a byte's boundary and what follows does not refer back to it. */
    drain(&stream, out, end == COMPRESS_FINISHED ? Z_FINISH : Z_FULL_FLUSH);
    deflateEnd(&stream);
    from->free(from);
}
