/*
 * Tests of lib/decoder.h for "zstd" (RFC 8878). How the content is cut makes no difference, and is tried for each case:
 * all at once, byte by byte, and in two at every place. The tests of redirect and transfer, and those of servers, have
 * the other codings.
 */
#include <check.h>
#include <string.h>

#include "base/buffer.h"
#include "decoder.h"

Suite *decoder_suite(void);

#if HAVE_ZSTD

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))
#define CODED(text) (text), sizeof(text) - 1
#define ONE "\x28\xb5\x2f\xfd\x04\x58\x19\0\0one\xf6\xa1\x08\x24"
#define TWO "\x28\xb5\x2f\xfd\x04\x58\x19\0\0two\x8b\x44\xf4\xec"
#define SKIPPED "\x53\x2a\x4d\x18\3\0\0\0abc"

static const struct zstd_case {
    const char *coded;
    size_t length;
    /* NULL: corrupt. */
    const char *content;
    bool incomplete;
} cases[] = {
    {CODED(""), "", false},
    {CODED(ONE), "one", false},
    {CODED(ONE TWO), "onetwo", false},
    {CODED(SKIPPED), "", false},
    {CODED(SKIPPED ONE SKIPPED SKIPPED TWO), "onetwo", false},
    /* Nothing in it; a byte, 36 times; a block of nothing before one. */
    {CODED("\x28\xb5\x2f\xfd\x24\0\1\0\0\x99\xe9\xd8\x51"), "", false},
    {CODED("\x28\xb5\x2f\xfd\0\x58\x23\1\0x"), "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", false},
    {CODED("\x28\xb5\x2f\xfd\0\x58\0\0\0\x19\0\0one"), "one", false},
    /* Something else after the last frame, be it something that begins like one. */
    {CODED(ONE "\n"), "one", false},
    {CODED(ONE "\x28\xb5\x2f!" TWO), "one", false},
    {CODED(ONE "\x53\x2a\x4d" TWO), "one", false},
    {CODED(SKIPPED "abc"), "", false},
    /* Cut off: in a frame, and before a last block, a checksum, the end of a skippable frame and of a magic number. */
    {CODED("\x28\xb5\x2f\xfd\x04"), "", true},
    {CODED("\x28\xb5\x2f\xfd\0\x58\x19\0\0on"), "", true},
    {CODED("\x28\xb5\x2f\xfd\0\x58\x18\0\0one"), "one", true},
    {CODED("\x28\xb5\x2f\xfd\x04\x58\x19\0\0one\xf6\xa1\x08"), "one", true},
    {CODED(ONE "\x53\x2a\x4d\x18\3\0\0\0ab"), "one", true},
    {CODED(ONE "\x28"), "one", true},
    /* None; one of a format from before the standard; wrong checksum. */
    {CODED("one"), NULL, false},
    {CODED("\x28\xb5\x2f\xfe\x04\x58\x19\0\0one\xf6\xa1\x08\x24"), NULL, false},
    {CODED("\x27\xb5\x2f\xfd\x04\x58\x19\0\0one\xf6\xa1\x08\x24"), NULL, false},
    {CODED("\x28\xb5\x2f\xfd\x04\x58\x19\0\0one\xf6\xa1\x08\x25"), NULL, false},
    /* A block of a type that there is not, and one of 128 KiB and a byte; a window of more than 8 MiB. */
    {CODED("\x28\xb5\x2f\xfd\0\x58\x1f\0\0one"), NULL, false},
    {CODED("\x28\xb5\x2f\xfd\0\x58\x09\0\x10"), NULL, false},
    {CODED("\x28\xb5\x2f\xfd\0\x69\x19\0\0one"), NULL, false},
    /* Two bytes where one was announced. */
    {CODED("\x28\xb5\x2f\xfd\x20\1\x11\0\0ab"), NULL, false},
    /* A dictionary that nobody has, the number of which is the magic number of another frame. */
    {CODED("\x28\xb5\x2f\xfd\x43\0\x28\xb5\x2f\xfd\0\0\1\0\0"), NULL, false},
};

static bool sink(void *data, const char *content, size_t length)
{
    ck_assert(ah_buffer_append(data, content, length));
    return true;
}

/* In a piece of so many bytes and then in pieces of step. */
static void decode(const struct zstd_case *wanted, size_t first, size_t step)
{
    ah_decoder decoder = {0};
    ah_buffer content = {0};
    ah_decoder_result result = AH_DECODER_OK;
    for (size_t at = 0, length = first; at < wanted->length && !result; at += length, length = step) {
        if (length > wanted->length - at)
            length = wanted->length - at;
        result = ah_decoder_feed(&decoder, AH_CODING_ZSTD, wanted->coded + at, length, sink, &content);
    }
    ck_assert_int_eq(result, wanted->content ? AH_DECODER_OK : AH_DECODER_CORRUPT);
    if (wanted->content) {
        ck_assert_uint_eq(content.length, strlen(wanted->content));
        ck_assert(!content.length || strcmp(content.data, wanted->content) == 0);
        ck_assert_int_eq(ah_decoder_is_complete(&decoder), !wanted->incomplete);
    }
    ah_decoder_clear(&decoder);
    ah_buffer_free(&content);
}

START_TEST(test_zstd)
{
    decode(&cases[_i], 1, 1);
    for (size_t first = 1; first <= cases[_i].length; first++)
        decode(&cases[_i], first, cases[_i].length);
}
END_TEST

/* A server that waits between blocks has each of them delivered. */
START_TEST(test_zstd_block_is_delivered_at_once)
{
    static const char coded[] = "\x28\xb5\x2f\xfd\x04\x58\x18\0\0one\x22\1\0x\x19\0\0two";
    ah_decoder decoder = {0};
    ah_buffer content = {0};
    for (size_t i = 0; i < sizeof(coded) - 1; i++) {
        ck_assert_int_eq(ah_decoder_feed(&decoder, AH_CODING_ZSTD, coded + i, 1, sink, &content), AH_DECODER_OK);
        ck_assert_uint_eq(content.length, i < 11 ? 0 : i < 15 ? 3 : i < 21 ? 39 : 42);
    }
    ck_assert(!ah_decoder_is_complete(&decoder));
    ah_decoder_clear(&decoder);
    ah_buffer_free(&content);
}
END_TEST

static bool refuse(void *data, const char *content, size_t length)
{
    (void)content;
    *(size_t *)data += length;
    return false;
}

START_TEST(test_zstd_is_stopped)
{
    ah_decoder decoder = {0};
    size_t length = 0;
    ck_assert_int_eq(ah_decoder_feed(&decoder, AH_CODING_ZSTD, CODED(ONE TWO), refuse, &length), AH_DECODER_STOPPED);
    ck_assert_uint_eq(length, 3);
    ah_decoder_clear(&decoder);
}
END_TEST

Suite *decoder_suite(void)
{
    Suite *suite = suite_create("decoder");
    TCase *tcase = tcase_create("zstd");
    tcase_add_loop_test(tcase, test_zstd, 0, COUNT(cases));
    tcase_add_test(tcase, test_zstd_block_is_delivered_at_once);
    tcase_add_test(tcase, test_zstd_is_stopped);
    suite_add_tcase(suite, tcase);
    return suite;
}

#else

Suite *decoder_suite(void)
{
    return suite_create("decoder");
}

#endif
