/*
 * The parts that zstd content consists of (RFC 8878 section 3.1): what opens a frame, its blocks with the header of
 * each, its checksum.
 *
 * libzstd takes any pieces, but how they are cut decides which of its ways a frame goes, and what becomes of a wrong
 * one: it has a shorter way for a frame that comes whole, and keeps the content of a plain block in other places when
 * the block comes bit by bit, so that a reference too far back meets something else. Handed one whole part after the
 * other, it always does the same.
 *
 * Knows the shape of a frame, not what is in it: the content and the limits are for libzstd.
 */
#ifndef AH_FRAMES_H
#define AH_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

typedef enum ah_frames_result {
    /* Everything was taken, and the part is not whole yet. */
    AH_FRAMES_MORE,
    /* The part is whole: it is to be handed on, and then comes ah_frames_next(). */
    AH_FRAMES_PART,
    /* This is not zstd. */
    AH_FRAMES_WRONG,
    AH_FRAMES_NO_MEMORY,
} ah_frames_result;

typedef enum ah_frames_stage {
    AH_FRAMES_HEAD,
    AH_FRAMES_BLOCK_HEADER,
    AH_FRAMES_BLOCK,
    AH_FRAMES_CHECKSUM,
} ah_frames_stage;

/* All zero: nothing has come yet. */
typedef struct ah_frames {
    ah_frames_stage stage;
    /* What has come of the part that the stage names: the magic number and the header of a frame; the header of a
     * block; what is in the block, at most 2 MiB; the checksum of the content. */
    ah_buffer part;
    size_t block_size;
    bool block_is_last;
    bool has_checksum;
    /* How much of a skippable frame is still to come. */
    uint32_t skip;
    /* There has been a frame. */
    bool begun;
    /* Something else has come after the last frame: all that follows is ignored too. */
    bool over;
} ah_frames;

/* Takes bytes up to the end of a part, and moves *coded and *length on. Skippable frames are dropped. */
ah_frames_result ah_frames_take(ah_frames *frames, const unsigned char **coded, size_t *length);

/* A part was whole and has been handed on: another follows. */
void ah_frames_next(ah_frames *frames);

/* Whether there were frames, and no other has begun. */
bool ah_frames_are_complete(const ah_frames *frames);

/* Frees what it holds, and leaves it all zero. */
void ah_frames_clear(ah_frames *frames);

#endif
