/*
 * lib/decoder.h. The input: a byte that says which coding, "g", "d", "b" or "z"; a byte that says how the rest is cut
 * into pieces; and coded content.
 */
#include "decoder.h"

#include "base/buffer.h"
#include "fuzz.h"

/* What the sink takes at most, and what it may get at once. */
enum { MOST = 1 << 18, MOST_AT_ONCE = 1 << 14 };

typedef struct decoding {
    ah_buffer content;
    bool stopped;
    ah_decoder_result result;
    bool complete;
} decoding;

static bool sink(void *data, const char *content, size_t length)
{
    decoding *to = data;
    DEMAND(!to->stopped);
    DEMAND(length > 0 && length <= MOST_AT_ONCE);
    DEMAND(ah_buffer_append(&to->content, content, length));
    to->stopped = to->content.length > MOST;
    return !to->stopped;
}

/* Sizes of all orders, the same for the same seed. */
static size_t next_size(uint32_t *random)
{
    *random = *random * 1664525 + 1013904223;
    return (*random >> 16) % ((size_t)1 << (*random >> 8) % 10) + 1;
}

/* seed 0: all at once; 1: byte by byte. */
static void decode(decoding *to, ah_coding coding, unsigned seed, const uint8_t *coded, size_t size)
{
    ah_decoder decoder = {0};
    uint32_t random = seed;
    DEMAND(ah_decoder_is_complete(&decoder));
    while (size && !to->result) {
        size_t length = seed == 1 ? 1 : seed ? next_size(&random) : size;
        if (length > size)
            length = size;
        uint8_t *piece = malloc(length);
        DEMAND(piece);
        memcpy(piece, coded, length);
        to->result = ah_decoder_feed(&decoder, coding, piece, length, sink, to);
        free(piece);
        coded += length;
        size -= length;
    }
    DEMAND(to->stopped == (to->result == AH_DECODER_STOPPED));
    DEMAND(to->result != AH_DECODER_NO_MEMORY);
    DEMAND(to->content.length <= MOST + MOST_AT_ONCE);
    to->complete = ah_decoder_is_complete(&decoder);
    ah_decoder_clear(&decoder);
    DEMAND(!decoder.state && !decoder.received && !decoder.open);
}

/* How the network cuts it makes no difference: at most how much there was before an error. */
static void check_same(const decoding *a, const decoding *b)
{
    size_t length = a->content.length < b->content.length ? a->content.length : b->content.length;
    DEMAND(!length || memcmp(a->content.data, b->content.data, length) == 0);
    if (a->stopped || b->stopped)
        return;
    DEMAND(a->result == b->result);
    if (a->result)
        return;
    DEMAND(a->content.length == b->content.length);
    DEMAND(a->complete == b->complete);
}

static ah_coding coding_of(uint8_t letter)
{
    switch (letter) {
    case 'g':
        return ah_coding_of("gzip");
    case 'd':
        return ah_coding_of("deflate");
    case 'b':
        return ah_coding_of("br");
    case 'z':
        return ah_coding_of("zstd");
    default:
        return AH_CODING_NONE;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ah_coding coding = size > 2 ? coding_of(data[0]) : AH_CODING_NONE;
    /* Some are not built in. */
    if (coding == AH_CODING_NONE)
        return 0;
    const unsigned seeds[] = {0, 1, data[1]};
    decoding decodings[3] = {0};
    for (size_t i = 0; i < 3; i++) {
        decode(&decodings[i], coding, seeds[i], data + 2, size - 2);
        check_same(&decodings[0], &decodings[i]);
    }
    for (size_t i = 0; i < 3; i++)
        ah_buffer_free(&decodings[i].content);
    return 0;
}
