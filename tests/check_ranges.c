/*
 * Tests of cache/ranges.h: RFC 9110 section 14, and sets of ranges.
 */
#include <stdio.h>

#include "cache/ranges.h"
#include "heads.h"
#include "suites.h"

#define MOST UINT64_MAX

/* ---- Sets ---- */

static const struct set {
    /* Added one after the other. */
    const char *added;
    const char *set;
} sets[] = {
    {"", ""},
    {"0-0", "0-0"},
    {"0-4,10-14", "0-4,10-14"},
    {"10-14,0-4", "0-4,10-14"},
    {"0-4,5-9", "0-9"},
    {"5-9,0-4", "0-9"},
    {"0-4,3-9", "0-9"},
    {"3-9,0-4", "0-9"},
    {"0-9,3-4", "0-9"},
    {"3-4,0-9", "0-9"},
    {"0-4,0-4", "0-4"},
    {"0-1,4-5,8-9,2-7", "0-9"},
    {"0-1,4-5,8-9,3-6", "0-1,3-6,8-9"},
    {"0-1,4-5,8-9,12-13,5-8", "0-1,4-9,12-13"},
    {"20-21,16-17,12-13,8-9,4-5,0-1", "0-1,4-5,8-9,12-13,16-17,20-21"},
    {"20-21,16-17,12-13,8-9,4-5,0-1,0-100", "0-100"},
    {"18446744073709551614-18446744073709551614", "18446744073709551614-18446744073709551614"},
    {"0-0,1-18446744073709551614", "0-18446744073709551614"},
};

START_TEST(test_set)
{
    ah_ranges ranges = {0}, copy = {0};
    ah_buffer text = {0};
    ck_assert(ah_ranges_read(&ranges, sets[_i].added));
    ck_assert(ah_ranges_write(&text, &ranges));
    ck_assert_str_eq(text.data, sets[_i].set);
    ck_assert(ah_ranges_copy(&copy, &ranges));
    ah_ranges_clear(&ranges);
    ah_buffer_clear(&text);
    ck_assert(ah_ranges_write(&text, &copy));
    ck_assert_str_eq(text.data, sets[_i].set);
    ah_ranges_clear(&copy);
    ah_buffer_free(&text);
}
END_TEST

START_TEST(test_nothing)
{
    ah_ranges ranges = {0};
    ck_assert(ah_ranges_add(&ranges, (ah_range){5, 5}));
    ck_assert(ah_ranges_add(&ranges, (ah_range){6, 5}));
    ck_assert(ah_ranges_add(&ranges, (ah_range){MOST, 0}));
    ck_assert_uint_eq(ranges.count, 0);
    ah_ranges_clear(&ranges);
}
END_TEST

/* Every set of ranges within 12 bytes, against one bit for each. */
START_TEST(test_all_sets)
{
    enum { BYTES = 12 };
    for (unsigned bits = 0; bits < 1u << BYTES; bits++) {
        ah_ranges ranges = {0};
        unsigned runs = 0;
        /* From a place that depends on the set, and around. */
        for (unsigned i = 0; i < BYTES; i++) {
            uint64_t byte = (i * 5 + bits) % BYTES;
            if (bits >> byte & 1)
                ck_assert(ah_ranges_add(&ranges, (ah_range){byte, byte + 1}));
            runs += (bits >> i & 1) && !(i && (bits >> (i - 1) & 1));
        }
        ck_assert_uint_eq(ranges.count, runs);
        for (unsigned first = 0; first < BYTES; first++) {
            for (unsigned end = first + 1; end <= BYTES; end++) {
                unsigned asked = (1u << end) - (1u << first);
                ah_range gap;
                bool contained = ah_ranges_contain(&ranges, (ah_range){first, end});
                if (contained != ((bits & asked) == asked))
                    ck_abort_msg("%x %u-%u", bits, first, end);
                if (ah_ranges_gap(&ranges, (ah_range){first, end}, &gap) == contained)
                    ck_abort_msg("%x %u-%u", bits, first, end);
                if (contained)
                    continue;
                unsigned missing = (1u << gap.end) - (1u << gap.first);
                unsigned before = (1u << gap.first) - (1u << first);
                bool longest = gap.end == end || (bits >> gap.end & 1);
                if ((bits & missing) || (bits & before) != before || !longest || gap.first < first || gap.end > end)
                    ck_abort_msg("%x %u-%u", bits, first, end);
            }
        }
        ah_ranges_clear(&ranges);
    }
}
END_TEST

START_TEST(test_no_text)
{
    static const char *const texts[] = {
        "0",
        "-",
        "0-",
        "-0",
        "1-0",
        ",",
        "0-1,",
        ",0-1",
        "0-1,,2-3",
        "0-1 ",
        " 0-1",
        "0-1;2-3",
        "0 - 1",
        "a-b",
        "0x1",
        "0--1",
        "+0-1",
        "0-1-2",
        "0-1\n",
        "0.0-1",
        "0-18446744073709551615",
        "0-18446744073709551616",
        "0-99999999999999999999999",
        "18446744073709551616-18446744073709551617",
    };
    for (int i = 0; i < COUNT(texts); i++) {
        ah_ranges ranges = {0};
        ck_assert_msg(!ah_ranges_read(&ranges, texts[i]), "%s", texts[i]);
        ck_assert(!ranges.items && !ranges.count && !ranges.capacity);
    }
}
END_TEST

/* ---- Range ---- */

#define OTHER AH_RANGE_OTHER, 0, 0
#define UNSATISFIABLE AH_RANGE_UNSATISFIABLE, 0, 0
#define BYTES(first, end) AH_RANGE_SATISFIABLE, first, end

static const struct asked {
    const char *value;
    uint64_t length;
    ah_range_answer answer;
    uint64_t first;
    uint64_t end;
} askeds[] = {
    /* RFC 9110 section 14.1.2, of a representation of 10000 bytes. */
    {"bytes=0-499", 10000, BYTES(0, 500)},
    {"bytes=500-999", 10000, BYTES(500, 1000)},
    {"bytes=-500", 10000, BYTES(9500, 10000)},
    {"bytes=9500-", 10000, BYTES(9500, 10000)},
    {"bytes=0-0", 10000, BYTES(0, 1)},
    {"bytes=9999-", 10000, BYTES(9999, 10000)},
    {"bytes=0-", 10000, BYTES(0, 10000)},
    /* Beyond the end. */
    {"bytes=9999-10000", 10000, BYTES(9999, 10000)},
    {"bytes=0-99999", 10000, BYTES(0, 10000)},
    {"bytes=-10000", 10000, BYTES(0, 10000)},
    {"bytes=-10001", 10000, BYTES(0, 10000)},
    {"bytes=10000-", 10000, UNSATISFIABLE},
    {"bytes=10000-20000", 10000, UNSATISFIABLE},
    {"bytes=-0", 10000, UNSATISFIABLE},
    {"bytes=0-", 0, UNSATISFIABLE},
    {"bytes=0-0", 0, UNSATISFIABLE},
    {"bytes=-1", 0, UNSATISFIABLE},
    /* The unit in any case (section 14.1), and white space around. */
    {"BYTES=0-4", 10, BYTES(0, 5)},
    {" bytes= 0-4\t", 10, BYTES(0, 5)},
    {"bytes=0000-0004", 10, BYTES(0, 5)},
    {"bytes=0- ", 10, BYTES(0, 10)},
    {"bytes=-4 ", 10, BYTES(6, 10)},
    /* Several, other units, and what is none. */
    {"bytes=0-0,-1", 10, OTHER},
    {"bytes= 0-999, 4500-5499, -1000", 10000, OTHER},
    {"bytes=0-4,", 10, OTHER},
    {"bytes=,0-4", 10, OTHER},
    {"lines=0-4", 10, OTHER},
    {"bytes", 10, OTHER},
    {"bytes=", 10, OTHER},
    {"bytes =0-4", 10, OTHER},
    {"bytes 0-4", 10, OTHER},
    {"bytes:0-4", 10, OTHER},
    {"bytesx=0-4", 10, OTHER},
    {"byte=0-4", 10, OTHER},
    {"", 10, OTHER},
    {"0-4", 10, OTHER},
    {"bytes=4-0", 10, OTHER},
    {"bytes=-", 10, OTHER},
    {"bytes=--1", 10, OTHER},
    {"bytes=0", 10, OTHER},
    {"bytes=0--4", 10, OTHER},
    {"bytes=+0-4", 10, OTHER},
    {"bytes=0-+4", 10, OTHER},
    {"bytes=0 -4", 10, OTHER},
    {"bytes=0- 4", 10, OTHER},
    {"bytes=- 4", 10, OTHER},
    {"bytes=0x0-0x4", 10, OTHER},
    {"bytes=0-4x", 10, OTHER},
    {"bytes=a-b", 10, OTHER},
    {"bytes=0-4/10", 10, OTHER},
    /* Near the largest number. */
    {"bytes=0-18446744073709551614", 10, BYTES(0, 10)},
    {"bytes=0-18446744073709551615", 10, OTHER},
    {"bytes=0-18446744073709551616", 10, OTHER},
    {"bytes=18446744073709551614-", 10, UNSATISFIABLE},
    {"bytes=18446744073709551616-", 10, OTHER},
    {"bytes=-18446744073709551614", 10, BYTES(0, 10)},
    {"bytes=-99999999999999999999", 10, OTHER},
    {"bytes=18446744073709551613-", MOST - 1, BYTES(MOST - 2, MOST - 1)},
    {"bytes=-1", MOST - 1, BYTES(MOST - 2, MOST - 1)},
    /* Of a length that is not known. */
    {"bytes=0-4", MOST, BYTES(0, 5)},
    {"bytes=0-18446744073709551614", MOST, BYTES(0, MOST)},
    {"bytes=0-", MOST, OTHER},
    {"bytes=-5", MOST, OTHER},
    {"bytes=-0", MOST, OTHER},
};

START_TEST(test_asked)
{
    const struct asked *row = &askeds[_i];
    ah_range range = {0};
    ck_assert_msg(ah_range_parse(row->value, row->length, &range) == row->answer, "%s", row->value);
    if (row->answer == AH_RANGE_SATISFIABLE)
        ck_assert_msg(range.first == row->first && range.end == row->end, "%s", row->value);
}
END_TEST

/* ---- Content-Range ---- */

static const struct content {
    const char *value;
    uint64_t first;
    /* 0: it is none. */
    uint64_t end;
    uint64_t length;
    /* As it is written again; NULL: the same. */
    const char *written;
} contents[] = {
    /* RFC 9110 section 14.4. */
    {"bytes 42-1233/1234", 42, 1234, 1234, NULL},
    {"bytes 42-1233/*", 42, 1234, MOST, NULL},
    {"bytes 0-0/1", 0, 1, 1, NULL},
    {"bytes 0-18446744073709551613/18446744073709551614", 0, MOST - 1, MOST - 1, NULL},
    {"bytes 18446744073709551614-18446744073709551614/*", MOST - 1, MOST, MOST, NULL},
    {"Bytes 0-4/10", 0, 5, 10, "bytes 0-4/10"},
    {"bytes  00-04/010 ", 0, 5, 10, "bytes 0-4/10"},
    {"bytes */1234", 0, 0, 0, NULL},
    {"bytes 0-4/4", 0, 0, 0, NULL},
    {"bytes 4-0/10", 0, 0, 0, NULL},
    {"bytes 0-4", 0, 0, 0, NULL},
    {"bytes 0-4/", 0, 0, 0, NULL},
    {"bytes 0-4/x", 0, 0, 0, NULL},
    {"bytes 0-4/*x", 0, 0, 0, NULL},
    {"bytes 0-4/10x", 0, 0, 0, NULL},
    {"bytes 0-4 /10", 0, 0, 0, NULL},
    {"bytes 0-4/ 10", 0, 0, 0, NULL},
    {"bytes 0-4/-10", 0, 0, 0, NULL},
    {"bytes 0-4/10, bytes 0-4/10", 0, 0, 0, NULL},
    {"bytes 0-/10", 0, 0, 0, NULL},
    {"bytes -5/10", 0, 0, 0, NULL},
    {"bytes=0-4/10", 0, 0, 0, NULL},
    {"bytes", 0, 0, 0, NULL},
    {"lines 0-4/10", 0, 0, 0, NULL},
    {"ananananananana", 0, 0, 0, NULL},
    {"", 0, 0, 0, NULL},
    {"bytes 0-18446744073709551615/*", 0, 0, 0, NULL},
    {"bytes 0-4/18446744073709551615", 0, 0, 0, NULL},
    {"bytes 0-4/18446744073709551616", 0, 0, 0, NULL},
};

START_TEST(test_content)
{
    const struct content *row = &contents[_i];
    char text[80];
    ah_range range = {0};
    uint64_t length = 0;
    ck_assert_msg(ah_content_range_parse(row->value, &range, &length) == (row->end > 0), "%s", row->value);
    if (!row->end)
        return;
    ck_assert(range.first == row->first && range.end == row->end && length == row->length);
    ah_content_range_format(text, range, length);
    ck_assert_str_eq(text, row->written ? row->written : row->value);
}
END_TEST

Suite *ranges_suite(void)
{
    Suite *suite = suite_create("ranges");
    TCase *set = tcase_create("sets");
    tcase_add_loop_test(set, test_set, 0, COUNT(sets));
    tcase_add_test(set, test_nothing);
    tcase_add_test(set, test_all_sets);
    tcase_add_test(set, test_no_text);
    suite_add_tcase(suite, set);
    TCase *fields = tcase_create("fields");
    tcase_add_loop_test(fields, test_asked, 0, COUNT(askeds));
    tcase_add_loop_test(fields, test_content, 0, COUNT(contents));
    suite_add_tcase(suite, fields);
    return suite;
}
