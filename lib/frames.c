#include "frames.h"

enum { MAGIC_SIZE = 4, BLOCK_HEADER_SIZE = 3, CHECKSUM_SIZE = 4 };
/* The size of a skippable frame stands after its magic number; the descriptor of another says how long its header is. */
enum { SKIPPABLE_HEAD_SIZE = MAGIC_SIZE + 4, DESCRIBED_SIZE = MAGIC_SIZE + 1 };
/* The type of a block that is one byte, repeated (RFC 8878 section 3.1.1.2.2). */
enum { RLE_BLOCK = 1 };

static uint32_t little_endian(const ah_buffer *part, size_t from, size_t size)
{
    uint32_t number = 0;
    for (size_t i = size; i-- > 0;)
        number = number << 8 | (unsigned char)part->data[from + i];
    return number;
}

/* There are sixteen magic numbers of skippable frames, the first byte of each being another (RFC 8878 section 3.1.2). */
static bool is_skippable(const ah_buffer *head)
{
    return (head->data[0] & 0xf0) == 0x50;
}

/* Whether a frame may begin so. */
static bool has_magic(const ah_buffer *head)
{
    static const unsigned char frame[MAGIC_SIZE] = {0x28, 0xb5, 0x2f, 0xfd};
    static const unsigned char skippable[MAGIC_SIZE] = {0x50, 0x2a, 0x4d, 0x18};
    const unsigned char *magic = is_skippable(head) ? skippable : frame;
    for (size_t i = magic == skippable; i < MAGIC_SIZE && i < head->length; i++) {
        if ((unsigned char)head->data[i] != magic[i])
            return false;
    }
    return true;
}

/* How long a head is, as far as what has come of it says (RFC 8878 section 3.1.1.1.1). */
static size_t head_size(const ah_buffer *head)
{
    static const size_t dictionary_sizes[] = {0, 1, 2, 4};
    static const size_t content_sizes[] = {0, 2, 4, 8};
    if (head->length < DESCRIBED_SIZE)
        return DESCRIBED_SIZE;
    if (is_skippable(head))
        return SKIPPABLE_HEAD_SIZE;
    unsigned descriptor = (unsigned char)head->data[MAGIC_SIZE];
    bool single_segment = descriptor & 0x20;
    /* Either a byte for the window; or the content is the window, and has a size, be it one of a byte. */
    size_t byte = !single_segment || descriptor >> 6 == 0;
    return DESCRIBED_SIZE + byte + dictionary_sizes[descriptor & 3] + content_sizes[descriptor >> 6];
}

static size_t part_size(const ah_frames *frames)
{
    switch (frames->stage) {
    case AH_FRAMES_HEAD:
        return head_size(&frames->part);
    case AH_FRAMES_BLOCK_HEADER:
        return BLOCK_HEADER_SIZE;
    case AH_FRAMES_BLOCK:
        return frames->block_size;
    default:
        return CHECKSUM_SIZE;
    }
}

static void move_on(const unsigned char **coded, size_t *length, size_t size)
{
    *coded += size;
    *length -= size;
}

static void skip(ah_frames *frames, const unsigned char **coded, size_t *length)
{
    size_t size = frames->skip < *length ? frames->skip : *length;
    move_on(coded, length, size);
    frames->skip -= (uint32_t)size;
}

/* Takes as much of the part as is known to belong to it. */
static bool gather(ah_frames *frames, const unsigned char **coded, size_t *length)
{
    size_t size = part_size(frames) - frames->part.length;
    if (size > *length)
        size = *length;
    if (!ah_buffer_append(&frames->part, *coded, size))
        return false;
    move_on(coded, length, size);
    return true;
}

/* Its head, which was the part, is whole. */
static void begin_to_skip(ah_frames *frames)
{
    frames->skip = little_endian(&frames->part, MAGIC_SIZE, SKIPPABLE_HEAD_SIZE - MAGIC_SIZE);
    frames->begun = true;
    ah_buffer_clear(&frames->part);
}

/* What comes is no frame: wrong, unless it follows one. */
static ah_frames_result find_something_else(ah_frames *frames)
{
    frames->over = frames->begun;
    ah_buffer_clear(&frames->part);
    return frames->over ? AH_FRAMES_MORE : AH_FRAMES_WRONG;
}

ah_frames_result ah_frames_take(ah_frames *frames, const unsigned char **coded, size_t *length)
{
    while (*length && !frames->over) {
        if (frames->skip) {
            skip(frames, coded, length);
            continue;
        }
        if (!gather(frames, coded, length))
            return AH_FRAMES_NO_MEMORY;
        if (frames->stage == AH_FRAMES_HEAD && !has_magic(&frames->part))
            return find_something_else(frames);
        if (frames->part.length < part_size(frames))
            continue;
        if (frames->stage != AH_FRAMES_HEAD || !is_skippable(&frames->part))
            return AH_FRAMES_PART;
        begin_to_skip(frames);
    }
    *coded += *length;
    *length = 0;
    return AH_FRAMES_MORE;
}

/* RFC 8878 section 3.1.1.2. */
static void read_block_header(ah_frames *frames)
{
    uint32_t header = little_endian(&frames->part, 0, BLOCK_HEADER_SIZE);
    frames->block_is_last = header & 1;
    frames->block_size = (header >> 1 & 3) == RLE_BLOCK ? 1 : header >> 3;
}

static ah_frames_stage after_block(const ah_frames *frames)
{
    if (!frames->block_is_last)
        return AH_FRAMES_BLOCK_HEADER;
    return frames->has_checksum ? AH_FRAMES_CHECKSUM : AH_FRAMES_HEAD;
}

void ah_frames_next(ah_frames *frames)
{
    switch (frames->stage) {
    case AH_FRAMES_HEAD:
        frames->begun = true;
        frames->has_checksum = frames->part.data[MAGIC_SIZE] & 0x04;
        frames->stage = AH_FRAMES_BLOCK_HEADER;
        break;
    case AH_FRAMES_BLOCK_HEADER:
        read_block_header(frames);
        frames->stage = frames->block_size ? AH_FRAMES_BLOCK : after_block(frames);
        break;
    case AH_FRAMES_BLOCK:
        frames->stage = after_block(frames);
        break;
    default:
        frames->stage = AH_FRAMES_HEAD;
    }
    ah_buffer_clear(&frames->part);
}

bool ah_frames_are_complete(const ah_frames *frames)
{
    return frames->begun && frames->stage == AH_FRAMES_HEAD && !frames->part.length && !frames->skip;
}

void ah_frames_clear(ah_frames *frames)
{
    ah_buffer_free(&frames->part);
    *frames = (ah_frames){0};
}
