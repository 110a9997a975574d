/*
 * Tests of lib/frames.h: where the parts of zstd content end (RFC 8878 section 3.1), however the content is cut.
 */
#include <check.h>
#include <string.h>

#include "frames.h"

Suite *frames_suite(void);

/* Takes one piece, all of which must be taken up to the end of a part. */
static ah_frames_result take(ah_frames *frames, const void *coded, size_t length, size_t *left)
{
    const unsigned char *next = coded;
    *left = length;
    ah_frames_result result = ah_frames_take(frames, &next, left);
    ck_assert_ptr_eq(next, (const unsigned char *)coded + (length - *left));
    return result;
}

/* How long the first part is. */
static size_t first_part(const void *coded, size_t length)
{
    ah_frames frames = {0};
    size_t left;
    ck_assert_int_eq(take(&frames, coded, length, &left), AH_FRAMES_PART);
    ck_assert_uint_eq(frames.part.length, length - left);
    ck_assert_mem_eq(frames.part.data, coded, length - left);
    ah_frames_clear(&frames);
    return length - left;
}

/* RFC 8878 section 3.1.1.1.1. */
START_TEST(test_head)
{
    static const size_t content_sizes[] = {0, 2, 4, 8}, dictionary_sizes[] = {0, 1, 2, 4};
    unsigned char head[32] = {0x28, 0xb5, 0x2f, 0xfd, (unsigned char)_i};
    bool single_segment = _i & 0x20;
    size_t content = single_segment && _i >> 6 == 0 ? 1 : content_sizes[_i >> 6];
    size_t window = single_segment ? 0 : 1;
    ck_assert_uint_eq(first_part(head, sizeof(head)), 5 + window + dictionary_sizes[_i & 3] + content);
}
END_TEST

/* Two frames and what belongs to neither, and the parts of the frames. */
static const unsigned char stream[] = {
    0x5f, 0x2a, 0x4d, 0x18, 2,   0,   0, 0, 'n', 'o',    /* Skippable. */
    0x28, 0xb5, 0x2f, 0xfd, 4,   88,                     /* With a checksum. */
    24,   0,    0,    'o',  'n', 'e', 0, 0, 0,           /* A block of 3, and one of none. */
    0x22, 1,    0,    'x',                               /* A byte, 36 times. */
    12,   0,    0,    '?',  5,   0,   0, 1, 2,   3,   4, /* Compressed: 1 byte, and the last, of none. */
    0x50, 0x2a, 0x4d, 0x18, 0,   0,   0, 0,              /* Skippable, and nothing in it. */
    0x28, 0xb5, 0x2f, 0xfd, 0,   88,  1, 0, 0,           /* Nothing in it either. */
};
static const size_t parts[] = {6, 3, 3, 3, 3, 1, 3, 1, 3, 4, 6, 3};

START_TEST(test_parts)
{
    ah_frames frames = {0};
    size_t count = 0, step = (size_t)_i;
    for (size_t at = 0; at < sizeof(stream);) {
        size_t length = sizeof(stream) - at < step ? sizeof(stream) - at : step, left;
        ah_frames_result result = take(&frames, stream + at, length, &left);
        at += length - left;
        ck_assert(result == AH_FRAMES_PART || (result == AH_FRAMES_MORE && left == 0));
        if (result == AH_FRAMES_MORE)
            continue;
        ck_assert_uint_lt(count, sizeof(parts) / sizeof(parts[0]));
        ck_assert_uint_eq(frames.part.length, parts[count++]);
        ck_assert_mem_eq(frames.part.data, stream + at - frames.part.length, frames.part.length);
        ah_frames_next(&frames);
    }
    ck_assert_uint_eq(count, sizeof(parts) / sizeof(parts[0]));
    ck_assert(ah_frames_are_complete(&frames));
    ah_frames_clear(&frames);
}
END_TEST

/* The longest there may be is not kept. */
START_TEST(test_long_skippable_frame)
{
    static const unsigned char head[] = {0x50, 0x2a, 0x4d, 0x18, 0xff, 0xff, 0xff, 0xff};
    static const unsigned char content[1 << 20];
    ah_frames frames = {0};
    size_t left;
    ck_assert_int_eq(take(&frames, head, sizeof(head), &left), AH_FRAMES_MORE);
    for (uint64_t skip = UINT32_MAX; skip; skip -= skip < sizeof(content) ? skip : sizeof(content)) {
        ck_assert(!ah_frames_are_complete(&frames));
        size_t length = skip < sizeof(content) ? (size_t)skip : sizeof(content);
        ck_assert_int_eq(take(&frames, content, length, &left), AH_FRAMES_MORE);
        ck_assert_uint_eq(left, 0);
    }
    ck_assert(ah_frames_are_complete(&frames));
    ck_assert_uint_lt(frames.part.capacity, 1024);
    ah_frames_clear(&frames);
}
END_TEST

START_TEST(test_no_memory)
{
    ah_frames frames = {.part = {.maximum = 4}};
    size_t left;
    ck_assert_int_eq(take(&frames, stream, 4, &left), AH_FRAMES_MORE);
    ck_assert_int_eq(take(&frames, stream + 4, 4, &left), AH_FRAMES_NO_MEMORY);
    ah_frames_clear(&frames);
}
END_TEST

Suite *frames_suite(void)
{
    Suite *suite = suite_create("frames");
    TCase *tcase = tcase_create("frames");
    tcase_add_loop_test(tcase, test_head, 0, 256);
    tcase_add_loop_test(tcase, test_parts, 1, (int)sizeof(stream) + 1);
    tcase_add_test(tcase, test_long_skippable_frame);
    tcase_add_test(tcase, test_no_memory);
    suite_add_tcase(suite, tcase);
    return suite;
}
