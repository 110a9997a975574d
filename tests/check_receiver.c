/*
 * Tests of lib/receiver.h: answers fed by hand, line by line, as libcurl hands them over.
 */
#include "suites.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/shared.h"
#include "receiver.h"
#include "response.h"

#define ROWS(table) (int)(sizeof(table) / sizeof((table)[0]))

static ah_settings *settings;
static ah_request request;
static ah_outcome outcome;
static ah_receiver receiver;

/* An answer is awaited to a request with these arguments (NULL: a plain GET). */
static void expect_answer(const asynchttp_request *arguments)
{
    ah_request_init(&request, "http://example.com:81/path", arguments, settings, &outcome);
    ck_assert_int_eq(outcome.code, ASYNCHTTP_OK);
    ah_receiver_init(&receiver, &request, &outcome, NULL, NULL);
}

static void setup(void)
{
    ah_settings *defaults = ah_settings_new();
    ck_assert_ptr_nonnull(defaults);
    settings = ah_settings_copy(defaults);
    ck_assert_ptr_nonnull(settings);
    ah_shared_release(defaults);
    settings->proxy_from_environment = false;
    request = (ah_request){.number = 1};
    outcome = (ah_outcome){0};
    receiver = (ah_receiver){0};
}

static void setup_get(void)
{
    setup();
    expect_answer(NULL);
}

static void teardown(void)
{
    ah_receiver_clear(&receiver);
    ah_outcome_clear(&outcome);
    ah_request_clear(&request);
    ah_shared_release(settings);
}

/* Feeds one line, in memory of exactly its size: neither a zero byte nor anything else follows it. */
static bool feed_line(const char *line, size_t length)
{
    char *copy = malloc(length ? length : 1);
    ck_assert_ptr_nonnull(copy);
    memcpy(copy, line, length);
    bool fed = ah_receiver_header(&receiver, copy, length);
    free(copy);
    return fed;
}

/* Feeds lines, each up to its line feed, until one is refused. */
static bool feed(const char *lines)
{
    while (*lines) {
        const char *feed = strchr(lines, '\n');
        size_t length = feed ? (size_t)(feed + 1 - lines) : strlen(lines);
        if (!feed_line(lines, length))
            return false;
        lines += length;
    }
    return true;
}

static bool feed_content(const char *content, uint64_t wire)
{
    return ah_receiver_content(&receiver, content, strlen(content), wire);
}

static void ck_ok(bool fed)
{
    ck_assert_msg(fed, "refused: %s", ah_outcome_message(&outcome));
    ck_assert_int_eq(outcome.code, ASYNCHTTP_OK);
}

/* What was refused has a code, and a message that names the server. */
static void ck_refused(bool fed, asynchttp_code code)
{
    ck_assert(!fed);
    ck_assert_int_eq(outcome.code, code);
    ck_assert_msg(strncmp(ah_outcome_message(&outcome), "example.com:81: ", 16) == 0, "the message is \"%s\"",
                  ah_outcome_message(&outcome));
}

static void ck_field(const char *name, const char *expected)
{
    ck_assert_ptr_nonnull(outcome.response);
    const char *value = asynchttp_response_get(outcome.response, name);
    if (expected)
        ck_assert_msg(value && strcmp(value, expected) == 0, "%s is \"%s\", not \"%s\"", name, value ? value : "(none)",
                      expected);
    else
        ck_assert_msg(!value, "%s is \"%s\"", name, value ? value : "");
}

static void ck_content(const char *expected)
{
    ck_assert_uint_eq(outcome.content.length, strlen(expected));
    if (*expected)
        ck_assert_str_eq(outcome.content.data, expected);
}

/* ---- Status lines -------------------------------------------------------------------------- */

static const struct status_line {
    const char *line;
    int version;
    int status;
    const char *reason;
} status_lines[] = {
    {"HTTP/1.1 200 OK\r\n", 11, 200, "OK"},
    {"HTTP/1.1 200 OK\n", 11, 200, "OK"},
    {"HTTP/1.1 200 OK", 11, 200, "OK"},
    {"HTTP/1.0 404 Not Found\r\n", 10, 404, "Not Found"},
    {"HTTP/2 200\r\n", 20, 200, ""},
    {"HTTP/2 200 \r\n", 20, 200, ""},
    {"HTTP/2.0 200\r\n", 20, 200, ""},
    {"HTTP/3 503\r\n", 30, 503, ""},
    {"HTTP/3 503 \r\n", 30, 503, ""},
    {"HTTP/1.1 204\r\n", 11, 204, ""},
    {"HTTP/1.1 204 \r\n", 11, 204, ""},
    {"HTTP/1.1 302  Two  spaces  \r\n", 11, 302, "Two  spaces"},
    {"HTTP/1.1 500 200 OK\r\n", 11, 500, "200 OK"},
    {"HTTP/1.1 200 \xc3\xa4:\r\n", 11, 200, "\xc3\xa4:"},
    {"HTTP/1.1 101 Switching Protocols\r\n", 11, 101, "Switching Protocols"},
    {"HTTP/1.1 999 Odd\r\n", 11, 999, "Odd"},
};

START_TEST(reads_status_lines)
{
    const struct status_line *row = &status_lines[_i];
    char status[16];
    snprintf(status, sizeof(status), "%d", row->status);
    ck_ok(feed_line(row->line, strlen(row->line)));
    ck_ok(feed("\r\n"));
    ck_assert_int_eq(asynchttp_response_version(outcome.response), row->version);
    ck_assert_int_eq(asynchttp_response_status(outcome.response), row->status);
    ck_assert_str_eq(asynchttp_response_reason(outcome.response), row->reason);
    ck_field("status", status);
    ck_ok(ah_receiver_end(&receiver));
}
END_TEST

static const char *const no_status_lines[] = {
    "",
    "\r\n",
    "\n",
    "HTTP\r\n",
    "HTTP/\r\n",
    "HTTP/1.1\r\n",
    "HTTP/1.1 \r\n",
    "HTTP/1.1 20\r\n",
    "HTTP/1.1 2000 OK\r\n",
    "HTTP/1.1 2x0 OK\r\n",
    "HTTP/1.1 -20 OK\r\n",
    "HTTP/1.1 +20 OK\r\n",
    "HTTP/1.1 20 OK\r\n",
    "HTTP/1.1 OK 200\r\n",
    "HTTP/1.1 200OK\r\n",
    "HTTP/1.1200 OK\r\n",
    "HTTP/1.1\t200\tOK\r\n",
    "HTTP/1.10 200 OK\r\n",
    "HTTP/1. 200 OK\r\n",
    "HTTP/1.x 200 OK\r\n",
    "HTTP/11 200 OK\r\n",
    "HTTP/x.1 200 OK\r\n",
    "HTTP/ 200 OK\r\n",
    "http/1.1 200 OK\r\n",
    "HTTPS/1.1 200 OK\r\n",
    " HTTP/1.1 200 OK\r\n",
    "ICY 200 OK\r\n",
    "SSH-2.0-OpenSSH_9.2\r\n",
    "200 OK\r\n",
    "Content-Length: 5\r\n",
    /* There is no status below 100 (RFC 9110 section 15) [http.client]. */
    "HTTP/1.1 000 None\r\n",
    "HTTP/1.1 099 Low\r\n",
};

START_TEST(refuses_what_is_no_status_line)
{
    const char *line = no_status_lines[_i];
    ck_refused(feed_line(line, strlen(line)), ASYNCHTTP_E_BAD_RESPONSE);
    ck_assert_ptr_null(outcome.response);
}
END_TEST

/* ---- Header fields ------------------------------------------------------------------------- */

START_TEST(fields_are_lower_case_in_order_of_arrival)
{
    static const char *const names[] = {"b", "a-c", "set-cookie", "empty", "status"};
    static const char *const values[] = {"1", "x: y", "c=1, d=2", "", "200"};
    ck_ok(feed("HTTP/1.1 200 OK\r\nB:1\r\nA-c: \t x: y \t\r\nSet-Cookie: c=1\r\nEmpty:\r\nSET-COOKIE:d=2\n\r\n"));
    ck_assert_uint_eq(asynchttp_response_count(outcome.response), 5);
    for (size_t i = 0; i < 5; i++) {
        const char *name, *value;
        ck_assert(asynchttp_response_header(outcome.response, i, &name, &value));
        ck_assert_str_eq(name, names[i]);
        ck_assert_str_eq(value, values[i]);
    }
    ck_assert_str_eq(asynchttp_response_values(outcome.response, "Set-Cookie", 0), "c=1");
    ck_assert_str_eq(asynchttp_response_values(outcome.response, "Set-Cookie", 1), "d=2");
}
END_TEST

START_TEST(the_response_is_there_when_its_head_is_complete)
{
    ck_ok(feed("HTTP/1.1 200 OK\r\nA: 1\r\n"));
    ck_assert_ptr_null(outcome.response);
    ck_ok(feed("\r\n"));
    ck_field("a", "1");
}
END_TEST

static const char *const head_ends[] = {"\r\n", "\n", "\r\r\n"};

START_TEST(a_blank_line_ends_the_head)
{
    ck_ok(feed("HTTP/1.1 200 OK\r\nA: 1\r\n"));
    ck_assert_ptr_null(outcome.response);
    ck_ok(feed(head_ends[_i]));
    ck_field("a", "1");
}
END_TEST

/* A field that the server calls Status has nothing to do with the status. */
START_TEST(status_is_that_of_the_status_line)
{
    ck_ok(feed("HTTP/1.1 404 Not Found\r\nStatus: 200 OK\r\nStatus: 201\r\n\r\n"));
    ck_field("status", "404");
    ck_assert_ptr_null(asynchttp_response_values(outcome.response, "status", 1));
}
END_TEST

static const struct fold {
    const char *lines;
    const char *value;
} folds[] = {
    {"A: 1\r\n 2\r\n", "1 2"},
    {"A: 1\r\n\t2\r\n", "1 2"},
    {"A: 1\n 2\n", "1 2"},
    {"A: 1\r\n \t  2 \r\n", "1 2"},
    {"A: 1\r\n 2\r\n 3\r\n", "1 2 3"},
    {"A: 1\r\n 2\r\n\t3\r\nB: x\r\n", "1 2 3"},
    {"B: x\r\nA: 1\r\n\t2\r\n\t3\r\n 4\r\n", "1 2 3 4"},
    {"A:\r\n 1\r\n", "1"},
    {"A: 1\r\n B: 2\r\n", "1 B: 2"},
    {"A: 1\r\n :2\r\n", "1 :2"},
    {"A: 1\r\n \r\nB: x\r\n", "1"},
    {"A: 1\r\nA: 2\r\n 3\r\n", "1, 2 3"},
    {"A: 1\r\n 2\r\nA: 3\r\n", "1 2, 3"},
    {"A: 1 \r\n 2\r\n", "1 2"},
    {"A: 1\r\nA:\r\n 2\r\n", "1, 2"},
    {"A: 1\r\nA: 2\r\n 3\r\nB: x\r\nA: 4\r\n\t5\r\n", "1, 2 3, 4 5"},
    {"A: 1\r\n 2\r3\r\n", "1 2 3"},
    {"A: 1\r\n 2 \r\n 3\r\n", "1 2 3"},
    {"A: 1\r\n 2\r\n \t\r\n 3\r\n", "1 2 3"},
};

START_TEST(folded_lines_are_one_value)
{
    ck_ok(feed("HTTP/1.1 200 OK\r\n"));
    ck_ok(feed(folds[_i].lines));
    ck_ok(feed("\r\n"));
    ck_field("a", folds[_i].value);
    ck_field("b", strstr(folds[_i].lines, "\nB:") || folds[_i].lines[0] == 'B' ? "x" : NULL);
}
END_TEST

static const struct odd_name {
    const char *line;
    const char *name;
    const char *value;
} odd_names[] = {
    {"Name : value\r\n", "name", "value"},
    {"Name \t : value\r\n", "name", "value"},
    {"Name:: value\r\n", "name", ": value"},
    {"-content-encoding: x\r\n", "-content-encoding", "x"},
    {"!#$%&'*+-.^_`|~0: x\r\n", "!#$%&'*+-.^_`|~0", "x"},
};

START_TEST(names_end_before_the_colon)
{
    ck_ok(feed("HTTP/1.1 200 OK\r\n"));
    ck_ok(feed(odd_names[_i].line));
    ck_ok(feed("\r\n"));
    ck_field(odd_names[_i].name, odd_names[_i].value);
    ck_assert_uint_eq(asynchttp_response_count(outcome.response), 2);
}
END_TEST

static const char *const bad_lines[] = {
    ": value\r\n",
    ":\r\n",
    "no colon\r\n",
    "Name\r\n : value\r\n",
    "x\r\n",
    "HTTP/1.1 200 OK\r\n",
    "A: 1\r\n: value\r\n",
    "A: 1\r\nno colon\r\n",
    "A: 1\r\n 2\r\nno colon\r\n 3\r\n",
    /* White space before the first name (RFC 9112 section 2.2). */
    " \r\n",
    " A: 1\r\n",
    "\tA: 1\r\n",
    " : 1\r\n",
    " \t: 1\r\n",
    " Content-Length: 5\r\n",
};

START_TEST(refuses_lines_without_a_name)
{
    ck_ok(feed("HTTP/1.1 200 OK\r\n"));
    ck_refused(feed(bad_lines[_i]) && feed("\r\n"), ASYNCHTTP_E_BAD_RESPONSE);
    ck_assert_ptr_null(outcome.response);
}
END_TEST

#define WITH_ZERO(text)                                                                                                \
    {                                                                                                                  \
        text, sizeof(text) - 1                                                                                         \
    }

static const struct zero {
    const char *line;
    size_t length;
} zeros[] = {
    WITH_ZERO("A: b\0c\r\n"),
    WITH_ZERO("A: \0\r\n"),
    WITH_ZERO("A\0: b\r\n"),
    WITH_ZERO("A\0bcdef: x\r\n"),
    WITH_ZERO("\0: b\r\n"),
    WITH_ZERO("Name\0: b\r\n"),
    WITH_ZERO("Content-Length: 5\0, 6\r\n"),
    WITH_ZERO("\0\r\n"),
};

/* They would hide the rest of the line from a program (RFC 9110 section 5.5). */
START_TEST(refuses_zero_bytes)
{
    ck_ok(feed("HTTP/1.1 200 OK\r\nA: 1\r\nName: 1\r\n"));
    ck_refused(feed_line(zeros[_i].line, zeros[_i].length) && feed("\r\n"), ASYNCHTTP_E_BAD_RESPONSE);
    ck_assert_ptr_null(outcome.response);
}
END_TEST

static const char *const bare_returns[] = {"A: b\rc\r\n", "A: b\r\n \rc\r\n", "A: b\rSet-Cookie: c\r\n"};

/* A program that hands the value on would break a line with it (RFC 9110 section 5.5). */
START_TEST(no_carriage_return_gets_into_a_value)
{
    ck_ok(feed("HTTP/1.1 200 OK\r\n"));
    if (feed(bare_returns[_i]) && feed("\r\n")) {
        const char *value = asynchttp_response_get(outcome.response, "a");
        ck_assert_ptr_nonnull(value);
        ck_assert_ptr_null(strchr(value, '\r'));
        ck_field("set-cookie", NULL);
    } else {
        ck_assert_int_eq(outcome.code, ASYNCHTTP_E_BAD_RESPONSE);
    }
}
END_TEST

static bool feed_many(int count)
{
    for (int i = 0; i < count; i++) {
        char line[32];
        snprintf(line, sizeof(line), "X-%d: %d\r\n", i % 100, i);
        if (!feed(line))
            return false;
    }
    return true;
}

START_TEST(five_thousand_lines_are_enough)
{
    ck_ok(feed("HTTP/1.1 200 OK\r\n") && feed_many(5000) && feed("\r\n"));
    ck_assert_uint_eq(asynchttp_response_count(outcome.response), 101);
    ck_assert_str_eq(asynchttp_response_values(outcome.response, "x-99", 49), "4999");
}
END_TEST

START_TEST(five_thousand_and_one_lines_are_too_many)
{
    ck_refused(feed("HTTP/1.1 200 OK\r\n") && feed_many(5001) && feed("\r\n"), ASYNCHTTP_E_BAD_RESPONSE);
    ck_assert_ptr_null(outcome.response);
}
END_TEST

START_TEST(every_head_may_have_as_many_lines)
{
    ck_ok(feed("HTTP/1.1 103 Early Hints\r\n") && feed_many(5000) && feed("\r\n"));
    ck_ok(feed("HTTP/1.1 200 OK\r\n") && feed_many(5000) && feed("\r\n"));
}
END_TEST

START_TEST(trailers_are_limited_too)
{
    ck_ok(feed("HTTP/1.1 200 OK\r\n\r\n"));
    ck_refused(feed_many(5001) && feed("\r\n"), ASYNCHTTP_E_BAD_RESPONSE);
}
END_TEST

/* ---- Interim responses --------------------------------------------------------------------- */

static const char *const interims[] = {
    "HTTP/1.1 100 Continue\r\n\r\n",
    "HTTP/1.1 100\r\nA: interim\r\n\r\n",
    "HTTP/1.1 102 Processing\r\n\r\n",
    "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nA: interim\r\n folded\r\n\r\n",
    "HTTP/2 103 \r\nlink: </a>\r\ncontent-encoding: gzip\r\ncontent-length: 99\r\n\r\n",
    "HTTP/1.1 199 Odd\r\nStatus: 199\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    "HTTP/1.1 103 Early\r\nA: 1\r\n\r\nHTTP/1.1 103 Early\r\nA: 2\r\n\r\nHTTP/1.1 100 Go\r\n\r\n",
};

START_TEST(nothing_of_interim_responses_is_left)
{
    ck_ok(feed(interims[_i]));
    ck_assert_ptr_null(outcome.response);
    ck_ok(feed("HTTP/1.0 404 Not Found\r\nA: final\r\n\r\n"));
    ck_assert_int_eq(asynchttp_response_version(outcome.response), 10);
    ck_assert_int_eq(asynchttp_response_status(outcome.response), 404);
    ck_assert_str_eq(asynchttp_response_reason(outcome.response), "Not Found");
    ck_assert_uint_eq(asynchttp_response_count(outcome.response), 2);
    ck_field("a", "final");
    ck_field("status", "404");
    ck_ok(feed_content("content", 7));
    ck_ok(ah_receiver_end(&receiver));
    ck_content("content");
}
END_TEST

START_TEST(an_interim_response_alone_is_none)
{
    ck_ok(feed(interims[_i]));
    ck_refused(ah_receiver_end(&receiver), ASYNCHTTP_E_CONNECTION_LOST);
    ck_assert_ptr_null(outcome.response);
}
END_TEST

/* Nothing in HTTP follows it. */
START_TEST(switching_protocols_is_final)
{
    ck_ok(feed("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"));
    ck_ok(ah_receiver_end(&receiver));
    ck_field("status", "101");
    ck_field("upgrade", "x");
}
END_TEST

START_TEST(a_bad_final_response_after_an_interim_one_is_refused)
{
    ck_ok(feed(interims[0]));
    ck_refused(feed("garbage\r\n"), ASYNCHTTP_E_BAD_RESPONSE);
}
END_TEST

START_TEST(a_second_final_response_is_refused)
{
    ck_ok(feed("HTTP/1.1 200 OK\r\n\r\n"));
    ck_refused(feed("HTTP/1.1 200 OK\r\nB: second\r\n\r\n"), ASYNCHTTP_E_BAD_RESPONSE);
}
END_TEST

/* ---- Content-Length ------------------------------------------------------------------------ */

static const struct lengths {
    const char *lines;
    bool fine;
} lengths[] = {
    {"Content-Length: 5\r\n", true},
    {"Content-Length: 5\r\nContent-Length: 5\r\n", true},
    {"Content-Length: 5\r\nA: 1\r\ncontent-length:5 \r\nCONTENT-LENGTH: 5\r\n", true},
    {"Content-Length: 5, 5\r\n", true},
    {"Content-Length: 5\r\nContent-Length: 6\r\n", false},
    {"Content-Length: 5\r\nContent-Length: 5\r\nContent-Length: 50\r\n", false},
    {"Content-Length: 5 ,\t5\r\nContent-Length: 5\r\n", true},
    {"Content-Length: 5\r\nContent-Length:\r\n", false},
    {"Content-Length:\r\nContent-Length: 5\r\n", false},
    {"Content-Length: 5\r\nContent-Length: 5\r\nContent-Length:\r\n", false},
    {"Content-Length: 5\r\nContent-Length: 5, 6\r\n", false},
    /* One line with two values is as ambiguous as two lines (RFC 9112 section 6.3). */
    {"Content-Length: 5, 6\r\n", false},
    {"Content-Length: 5,6\r\n", false},
    {"Content-Length: 5, 5, 50\r\n", false},
    {"Content-Length: 5,\r\n 6\r\n", false},
};

START_TEST(refuses_conflicting_content_lengths)
{
    bool fed = feed("HTTP/1.1 200 OK\r\n") && feed(lengths[_i].lines) && feed("\r\n");
    if (lengths[_i].fine) {
        ck_ok(fed);
        return;
    }
    ck_refused(fed, ASYNCHTTP_E_BAD_RESPONSE);
    ck_assert_ptr_null(outcome.response);
}
END_TEST

static const char *const lies[] = {"1000000000", "1000000000000", "18446744073709551615", "99999999999999999999999999"};

START_TEST(an_announced_length_is_not_believed_beyond_measure)
{
    char line[64];
    snprintf(line, sizeof(line), "Content-Length: %s\r\n", lies[_i]);
    ck_ok(feed("HTTP/1.1 200 OK\r\n") && feed(line) && feed("\r\n"));
    ck_assert_uint_le(outcome.content.capacity, (size_t)64 << 20);
    ck_ok(feed_content("content", 7));
    ck_ok(ah_receiver_end(&receiver));
    ck_content("content");
}
END_TEST

/* Once some of it is there, the rest is believed: the content is not moved again and again as it grows. */
START_TEST(the_rest_of_a_long_content_is_believed)
{
    enum { MEGABYTE = 1 << 20, COME = 6 };
    static const size_t announced[] = {40, 300, 1000};
    char line[64];
    char *piece = calloc(1, MEGABYTE);
    ck_assert_ptr_nonnull(piece);
    snprintf(line, sizeof(line), "Content-Length: %zu\r\n", announced[_i] * MEGABYTE);
    ck_ok(feed("HTTP/1.1 200 OK\r\n") && feed(line) && feed("\r\n"));
    for (int i = 0; i < COME; i++)
        ck_ok(ah_receiver_content(&receiver, piece, MEGABYTE, 0));
    ck_assert_uint_ge(outcome.content.capacity, announced[_i] * MEGABYTE);
    ck_assert_uint_le(outcome.content.capacity, announced[_i] * MEGABYTE + 4096);
    ck_assert_uint_eq(outcome.content.length, (size_t)COME * MEGABYTE);
    free(piece);
}
END_TEST

/* What there can be no memory for does not keep what comes from being kept. */
START_TEST(what_comes_of_an_impossible_content_is_kept)
{
    enum { MEGABYTE = 1 << 20, COME = 20 };
    char line[64];
    char *piece = calloc(1, MEGABYTE);
    ck_assert_ptr_nonnull(piece);
    snprintf(line, sizeof(line), "Content-Length: %s\r\n", lies[_i]);
    ck_ok(feed("HTTP/1.1 200 OK\r\n") && feed(line) && feed("\r\n"));
    for (int i = 0; i < COME; i++)
        ck_ok(ah_receiver_content(&receiver, piece, MEGABYTE, 0));
    ck_assert_uint_eq(outcome.content.length, (size_t)COME * MEGABYTE);
    free(piece);
}
END_TEST

static const char *const no_lengths[] = {"", "x", "-1", "+5", "5x", "0x10", "5, 5"};

START_TEST(content_arrives_whatever_length_is_announced)
{
    char line[64];
    snprintf(line, sizeof(line), "Content-Length: %s\r\n", no_lengths[_i]);
    ck_ok(feed("HTTP/1.1 200 OK\r\n") && feed(line) && feed("\r\n"));
    ck_ok(feed_content("some ", 5) && feed_content("", 5) && feed_content("content", 12));
    ck_ok(ah_receiver_end(&receiver));
    ck_content("some content");
}
END_TEST

START_TEST(no_memory_is_set_aside_for_content_that_does_not_come)
{
    ah_request_clear(&request);
    expect_answer(ASYNCHTTP_REQUEST(.method = "HEAD"));
    ck_ok(feed("HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n"));
    ck_ok(ah_receiver_end(&receiver));
    ck_assert_uint_le(outcome.content.capacity, 4096);
    ck_field("content-length", "10000000");
}
END_TEST

/* ---- Content ------------------------------------------------------------------------------- */

START_TEST(content_is_collected)
{
    ck_ok(feed("HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n"));
    ck_ok(ah_receiver_content(&receiver, "a\0b", 3, 3));
    ck_ok(ah_receiver_content(&receiver, "", 0, 3));
    ck_ok(ah_receiver_content(&receiver, "\r\nHTTP/1.", 9, 12));
    ck_ok(ah_receiver_end(&receiver));
    ck_assert_uint_eq(outcome.content.length, 12);
    ck_assert_mem_eq(outcome.content.data, "a\0b\r\nHTTP/1.", 13);
    ck_field("content-length", "12");
}
END_TEST

START_TEST(much_content_in_small_pieces_is_collected)
{
    enum { PIECES = 3000 };
    char piece[1000];
    memset(piece, 'x', sizeof(piece));
    ck_ok(feed("HTTP/1.1 200 OK\r\n\r\n"));
    for (int i = 0; i < PIECES; i++) {
        piece[0] = (char)('a' + i % 26);
        ck_ok(ah_receiver_content(&receiver, piece, sizeof(piece), 0));
    }
    ck_ok(ah_receiver_end(&receiver));
    ck_assert_uint_eq(outcome.content.length, PIECES * sizeof(piece));
    for (int i = 0; i < PIECES; i++)
        ck_assert_int_eq(outcome.content.data[(size_t)i * sizeof(piece)], 'a' + i % 26);
    ck_field("content-length", NULL);
}
END_TEST

START_TEST(a_response_may_have_no_content)
{
    ck_ok(feed("HTTP/1.1 204 No Content\r\n\r\n"));
    ck_ok(ah_receiver_end(&receiver));
    ck_content("");
}
END_TEST

static const char *const unfinished[] = {"", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nA: 1\r\n"};

START_TEST(an_answer_without_a_complete_head_is_none)
{
    ck_ok(feed(unfinished[_i]));
    ck_refused(ah_receiver_end(&receiver), ASYNCHTTP_E_CONNECTION_LOST);
    ck_assert_ptr_null(outcome.response);
}
END_TEST

/* A receiver may be let go of at any point; whether it leaks is for the memory checkers to say. */
START_TEST(a_cleared_receiver_leaves_the_outcome_alone)
{
    ck_ok(feed("HTTP/1.1 200 OK\r\nA: 1\r\n\r\nTrailer: not yet committed\r\n"));
    ah_receiver_clear(&receiver);
    ck_field("a", "1");
    ck_assert_int_eq(outcome.code, ASYNCHTTP_OK);
}
END_TEST

/* What on_data was told. */
static ah_buffer delivered;
static int deliveries;
static int status_seen;
static int to_return;
static void *data_seen;

static int on_data(asynchttp_promise *promise, const void *data, size_t length, void *callback_data)
{
    (void)promise;
    ck_assert(ah_buffer_append(&delivered, data, length));
    deliveries++;
    status_seen = outcome.response ? asynchttp_response_status(outcome.response) : 0;
    data_seen = callback_data;
    return to_return;
}

static void setup_on_data(void)
{
    setup();
    delivered = (ah_buffer){0};
    deliveries = status_seen = to_return = 0;
    expect_answer(ASYNCHTTP_REQUEST(.on_data = on_data, .callback_data = &delivered));
}

static void teardown_on_data(void)
{
    ah_buffer_free(&delivered);
    teardown();
}

START_TEST(on_data_gets_the_content_in_place_of_the_promise)
{
    ck_ok(feed("HTTP/1.1 201 Created\r\nContent-Length: 1000000\r\n\r\n"));
    ck_ok(feed_content("some ", 5));
    ck_assert_int_eq(status_seen, 201);
    ck_assert_ptr_eq(data_seen, &delivered);
    ck_ok(feed_content("content", 12));
    ck_ok(ah_receiver_end(&receiver));
    ck_assert_int_eq(deliveries, 2);
    ck_assert_str_eq(delivered.data, "some content");
    ck_content("");
    ck_assert_ptr_null(outcome.content.data);
}
END_TEST

START_TEST(an_error_of_on_data_ends_the_request)
{
    ck_ok(feed("HTTP/1.1 200 OK\r\n\r\n"));
    to_return = _i;
    ck_refused(feed_content("content", 7), ASYNCHTTP_E_CALLBACK);
    ck_field("status", "200");
}
END_TEST

START_TEST(on_data_gets_nothing_beyond_the_hard_limit)
{
    settings->decode_limit_hard = 10;
    ck_ok(feed("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n"));
    ck_ok(feed_content("0123456789", 10));
    ck_refused(feed_content("x", 11), ASYNCHTTP_E_DECODE_LIMIT);
    ck_assert_str_eq(delivered.data, "0123456789");
}
END_TEST

START_TEST(decoded_content_for_on_data_is_counted)
{
    ck_ok(feed("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\n"));
    ck_ok(feed_content("12345", 2) && feed_content("67890", 3));
    ck_ok(ah_receiver_end(&receiver));
    ck_field("content-length", "10");
    ck_field("-content-encoding", "gzip");
}
END_TEST

/* A callback may change the response. */
START_TEST(a_coding_that_on_data_deleted_is_not_noted)
{
    ck_ok(feed("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\n"));
    ck_ok(feed_content("content", 3));
    ck_assert(asynchttp_response_delete(outcome.response, "content-encoding"));
    ck_ok(ah_receiver_end(&receiver));
    ck_field("-content-encoding", NULL);
    ck_field("content-encoding", NULL);
}
END_TEST

/* ---- Decoded content ----------------------------------------------------------------------- */

static const struct limit {
    const char *coding;
    uint64_t hard;
    uint64_t safe;
    double ratio;
    size_t length;
    uint64_t wire;
    asynchttp_code code;
} limits[] = {
    /* Never more than hard. */
    {"gzip", 100, 1000, 0, 100, 1, ASYNCHTTP_OK},
    {"gzip", 100, 1000, 0, 101, 1, ASYNCHTTP_E_DECODE_LIMIT},
    {"gzip", 100, 1000, 0, 101, 101, ASYNCHTTP_E_DECODE_LIMIT},
    {"deflate", 100, 1000, 0, 101, 1, ASYNCHTTP_E_DECODE_LIMIT},
    {"x-gzip", 100, 1000, 0, 101, 1, ASYNCHTTP_E_DECODE_LIMIT},
    {"GZip", 100, 1000, 0, 101, 1, ASYNCHTTP_E_DECODE_LIMIT},
    {"gzip", 0, 1000, 0, 1000, 1, ASYNCHTTP_OK},
    /* Beyond safe, no more than ratio times what came. */
    {"gzip", 0, 100, 10, 99, 1, ASYNCHTTP_OK},
    {"gzip", 0, 100, 10, 100, 1, ASYNCHTTP_OK},
    {"gzip", 0, 100, 10, 101, 1, ASYNCHTTP_E_DECODE_RATIO},
    {"gzip", 0, 100, 10, 101, 11, ASYNCHTTP_OK},
    {"gzip", 0, 100, 10, 110, 11, ASYNCHTTP_OK},
    {"gzip", 0, 100, 10, 111, 11, ASYNCHTTP_E_DECODE_RATIO},
    {"gzip", 0, 100, 1.5, 150, 100, ASYNCHTTP_OK},
    {"gzip", 0, 100, 1.5, 151, 100, ASYNCHTTP_E_DECODE_RATIO},
    {"gzip", 0, 100, 0.5, 101, 200, ASYNCHTTP_E_DECODE_RATIO},
    {"gzip", 0, 100, 10, 101, 0, ASYNCHTTP_E_DECODE_RATIO},
    {"gzip", 0, 100, 0, 1000, 1, ASYNCHTTP_OK},
    /* Both. */
    {"gzip", 500, 100, 10, 501, 1, ASYNCHTTP_E_DECODE_LIMIT},
    {"gzip", 500, 100, 10, 500, 1, ASYNCHTTP_E_DECODE_RATIO},
    /* What was not decoded has no limit. */
    {"identity", 100, 100, 1, 1000, 1, ASYNCHTTP_OK},
    {"Identity", 100, 100, 1, 1000, 1, ASYNCHTTP_OK},
    {"utf-8", 100, 100, 1, 1000, 1, ASYNCHTTP_OK},
    {"", 100, 100, 1, 1000, 1, ASYNCHTTP_OK},
};

START_TEST(decoded_content_has_limits)
{
    static const char content[1000] = {0};
    const struct limit *row = &limits[_i];
    char line[64];
    settings->decode_limit_hard = row->hard;
    settings->decode_limit_safe = row->safe;
    settings->decode_limit_ratio = row->ratio;
    snprintf(line, sizeof(line), "Content-Encoding: %s\r\n", row->coding);
    ck_ok(feed("HTTP/1.1 200 OK\r\n") && feed(line) && feed("\r\n"));
    bool fed = ah_receiver_content(&receiver, content, row->length, row->wire);
    if (row->code) {
        ck_refused(fed, row->code);
        ck_assert_uint_eq(outcome.content.length, 0);
    } else {
        ck_ok(fed && ah_receiver_end(&receiver));
        ck_assert_uint_eq(outcome.content.length, row->length);
    }
}
END_TEST

START_TEST(the_hard_limit_counts_while_the_content_arrives)
{
    settings->decode_limit_hard = 100;
    ck_ok(feed("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n"));
    for (int i = 0; i < 10; i++)
        ck_ok(feed_content("0123456789", 1));
    ck_refused(feed_content("x", 1), ASYNCHTTP_E_DECODE_LIMIT);
    ck_assert_uint_eq(outcome.content.length, 100);
}
END_TEST

/* Each piece is measured by what has come over the wire until then. */
START_TEST(the_ratio_counts_while_the_content_arrives)
{
    settings->decode_limit_safe = 20;
    settings->decode_limit_ratio = 10;
    ck_ok(feed("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n"));
    ck_ok(feed_content("0123456789", 0));
    ck_ok(feed_content("012345678", 0));
    ck_ok(feed_content("0123456789", 3));
    ck_ok(feed_content("0123456789", 4));
    ck_refused(feed_content("xx", 4), ASYNCHTTP_E_DECODE_RATIO);
    ck_assert_uint_eq(outcome.content.length, 39);
}
END_TEST

START_TEST(content_without_a_coding_has_no_limit)
{
    settings->decode_limit_hard = 5;
    ck_ok(feed("HTTP/1.1 200 OK\r\n\r\n"));
    ck_ok(feed_content("0123456789", 10));
    ck_ok(ah_receiver_end(&receiver));
}
END_TEST

static const struct coding {
    const char *method;
    const char *lines;
    const char *coding;
    const char *was;
    const char *length;
} codings[] = {
    {"GET", "Content-Encoding: gzip\r\nContent-Length: 3\r\n", NULL, "gzip", "7"},
    {"GET", "Content-Encoding: gzip\r\n", NULL, "gzip", "7"},
    {"POST", "Content-Length: 3\r\nContent-Encoding: Deflate\r\n", NULL, "Deflate", "7"},
    {"GET", "Content-Encoding: X-GZip\r\n", NULL, "X-GZip", "7"},
    {"GET", "Content-Encoding: gzip\r\n-Content-Encoding: br\r\n", NULL, "gzip", "7"},
    {"GET", "Content-Encoding: gzip\r\nContent-Length: 3\r\nContent-Length: 3\r\n", NULL, "gzip", "7"},
    {"GET", "Content-Encoding: utf-8\r\nContent-Length: 7\r\n", "utf-8", NULL, "7"},
    {"GET", "Content-Encoding: deflate, gzip\r\n", "deflate, gzip", NULL, NULL},
    {"GET", "Content-Encoding: deflate\r\nContent-Encoding: gzip\r\n", "deflate, gzip", NULL, NULL},
    {"GET", "Content-Encoding: identity\r\nContent-Length: 7\r\n", "identity", NULL, "7"},
    {"GET", "Content-Encoding: IDENTITY\r\n", "IDENTITY", NULL, NULL},
    {"GET", "Content-Encoding:\r\n", "", NULL, NULL},
    {"GET", "Content-Length: 3\r\n", NULL, NULL, "3"},
    {"HEAD", "Content-Encoding: gzip\r\nContent-Length: 3\r\n", "gzip", NULL, "3"},
};

START_TEST(fields_tell_of_the_content_as_it_is)
{
    const struct coding *row = &codings[_i];
    ah_request_clear(&request);
    expect_answer(ASYNCHTTP_REQUEST(.method = row->method));
    ck_ok(feed("HTTP/1.1 200 OK\r\n") && feed(row->lines) && feed("\r\n"));
    if (strcmp(row->method, "HEAD") != 0)
        ck_ok(feed_content("content", 3));
    ck_ok(ah_receiver_end(&receiver));
    ck_field("content-encoding", row->coding);
    ck_field("-content-encoding", row->was);
    ck_field("content-length", row->length);
}
END_TEST

/* ---- Trailers ------------------------------------------------------------------------------ */

static const char *const trailer_ends[] = {"\r\n", "\n", ""};

START_TEST(trailers_are_kept_apart_from_the_header_fields)
{
    ck_ok(feed("HTTP/1.1 200 OK\r\nBoth: header\r\nHeader: h\r\n\r\n"));
    ck_ok(feed_content("content", 7));
    ck_ok(feed(
        "Both: trailer\r\nTrailer: 1\r\nTRAILER: 2\r\n 3\r\nStatus: 500\r\nContent-Encoding: gzip\r\nLast: x\r\n"));
    ck_ok(feed(trailer_ends[_i]));
    ck_ok(ah_receiver_end(&receiver));
    ck_assert_str_eq(asynchttp_response_trailer(outcome.response, "BOTH"), "trailer");
    ck_assert_str_eq(asynchttp_response_trailer(outcome.response, "Trailer"), "1, 2 3");
    ck_assert_str_eq(asynchttp_response_trailer(outcome.response, "last"), "x");
    ck_assert_ptr_null(asynchttp_response_trailer(outcome.response, "header"));
    ck_assert_uint_eq(asynchttp_response_count(outcome.response), 3);
    ck_field("both", "header");
    ck_field("trailer", NULL);
    ck_field("status", "200");
    ck_field("content-encoding", NULL);
    ck_field("-content-encoding", NULL);
    ck_content("content");
}
END_TEST

START_TEST(there_may_be_no_trailers)
{
    ck_ok(feed("HTTP/1.1 200 OK\r\n\r\n"));
    ck_ok(feed_content("content", 7));
    ck_ok(feed("\r\n"));
    ck_ok(ah_receiver_end(&receiver));
    ck_assert_ptr_null(asynchttp_response_trailer(outcome.response, "a"));
}
END_TEST

static const char *const bad_trailers[] = {"no colon\r\n", ": x\r\n", " A: x\r\n", "A: x\r\nno colon\r\n"};

START_TEST(refuses_bad_trailers)
{
    ck_ok(feed("HTTP/1.1 200 OK\r\nA: 1\r\n\r\n"));
    ck_ok(feed_content("content", 7));
    ck_refused(feed(bad_trailers[_i]) && ah_receiver_end(&receiver), ASYNCHTTP_E_BAD_RESPONSE);
}
END_TEST

START_TEST(refuses_zero_bytes_in_trailers)
{
    ck_ok(feed("HTTP/1.1 200 OK\r\n\r\n"));
    ck_ok(feed("A: 1\r\nName: 1\r\n"));
    ck_refused(feed_line(zeros[_i].line, zeros[_i].length) && ah_receiver_end(&receiver), ASYNCHTTP_E_BAD_RESPONSE);
}
END_TEST

/* ---- Anything ------------------------------------------------------------------------------ */

static uint32_t below(uint32_t *state, uint32_t bound)
{
    *state = *state * 1664525 + 1013904223;
    return (*state >> 8) % bound;
}

/* Feeds a pseudo-random answer, from pieces that mean something. */
static bool feed_anything(uint32_t state)
{
    static const char *const pieces[] = {"HTTP/1.1", " ",     "200",   "100", ":",          "\t",
                                         "\r",       "Name",  "Name2", "x",   "\xff",       "",
                                         "HTTP/",    "0, 12", ",",     "103", "Content-Le", "ngth"};
    for (int line = 0; line < 30; line++) {
        char text[128];
        int length = 0;
        if (line == 0)
            length = snprintf(text, sizeof(text), "HTTP/1.1 %u", 100 + below(&state, 4) * 50);
        else if (below(&state, 2))
            length = snprintf(text, sizeof(text), "Name:");
        for (uint32_t count = below(&state, 5); line && count; count--) {
            const char *piece = pieces[below(&state, ROWS(pieces))];
            /* The empty one stands for a zero byte. */
            size_t size = *piece ? strlen(piece) : 1;
            memcpy(text + length, piece, size);
            length += (int)size;
        }
        text[length++] = '\n';
        if (!feed_line(text, (size_t)length))
            return false;
        if (outcome.response && below(&state, 2) && !feed_content("content", 1))
            return false;
    }
    return ah_receiver_end(&receiver);
}

/* It is the same in every run, and taken, or refused for a reason that is known and ends up in the outcome. */
START_TEST(anything_is_taken_or_refused)
{
    for (uint32_t seed = 0; seed < 2000; seed++) {
        bool fed = feed_anything(seed);
        ck_assert_msg(fed == (outcome.code == ASYNCHTTP_OK), "answer %u", seed);
        ck_assert_msg(fed == (outcome.code != ASYNCHTTP_E_BAD_RESPONSE && outcome.code != ASYNCHTTP_E_CONNECTION_LOST),
                      "answer %u", seed);
        ck_assert_msg(!fed || outcome.response, "answer %u", seed);
        teardown();
        setup_get();
    }
}
END_TEST

static void add_head_cases(Suite *suite)
{
    TCase *status = tcase_create("status line");
    tcase_add_checked_fixture(status, setup_get, teardown);
    tcase_add_loop_test(status, reads_status_lines, 0, ROWS(status_lines));
    tcase_add_loop_test(status, refuses_what_is_no_status_line, 0, ROWS(no_status_lines));
    suite_add_tcase(suite, status);
    TCase *head = tcase_create("head");
    tcase_add_checked_fixture(head, setup_get, teardown);
    tcase_set_timeout(head, 60);
    tcase_add_test(head, fields_are_lower_case_in_order_of_arrival);
    tcase_add_test(head, the_response_is_there_when_its_head_is_complete);
    tcase_add_loop_test(head, a_blank_line_ends_the_head, 0, ROWS(head_ends));
    tcase_add_test(head, status_is_that_of_the_status_line);
    tcase_add_loop_test(head, folded_lines_are_one_value, 0, ROWS(folds));
    tcase_add_loop_test(head, names_end_before_the_colon, 0, ROWS(odd_names));
    tcase_add_loop_test(head, refuses_lines_without_a_name, 0, ROWS(bad_lines));
    tcase_add_loop_test(head, refuses_zero_bytes, 0, ROWS(zeros));
    tcase_add_loop_test(head, no_carriage_return_gets_into_a_value, 0, ROWS(bare_returns));
    tcase_add_test(head, five_thousand_lines_are_enough);
    tcase_add_test(head, five_thousand_and_one_lines_are_too_many);
    tcase_add_test(head, every_head_may_have_as_many_lines);
    tcase_add_test(head, trailers_are_limited_too);
    tcase_add_test(head, anything_is_taken_or_refused);
    suite_add_tcase(suite, head);
    TCase *interim = tcase_create("interim");
    tcase_add_checked_fixture(interim, setup_get, teardown);
    tcase_add_loop_test(interim, nothing_of_interim_responses_is_left, 0, ROWS(interims));
    tcase_add_loop_test(interim, an_interim_response_alone_is_none, 0, ROWS(interims));
    tcase_add_test(interim, switching_protocols_is_final);
    tcase_add_test(interim, a_bad_final_response_after_an_interim_one_is_refused);
    tcase_add_test(interim, a_second_final_response_is_refused);
    suite_add_tcase(suite, interim);
    TCase *length = tcase_create("content-length");
    tcase_add_checked_fixture(length, setup_get, teardown);
    tcase_add_loop_test(length, refuses_conflicting_content_lengths, 0, ROWS(lengths));
    tcase_add_loop_test(length, an_announced_length_is_not_believed_beyond_measure, 0, ROWS(lies));
    tcase_add_loop_test(length, the_rest_of_a_long_content_is_believed, 0, 3);
    tcase_add_loop_test(length, what_comes_of_an_impossible_content_is_kept, 0, ROWS(lies));
    tcase_add_loop_test(length, content_arrives_whatever_length_is_announced, 0, ROWS(no_lengths));
    tcase_add_test(length, no_memory_is_set_aside_for_content_that_does_not_come);
    suite_add_tcase(suite, length);
}

static void add_content_cases(Suite *suite)
{
    TCase *content = tcase_create("content");
    tcase_add_checked_fixture(content, setup_get, teardown);
    tcase_add_test(content, content_is_collected);
    tcase_add_test(content, much_content_in_small_pieces_is_collected);
    tcase_add_test(content, a_response_may_have_no_content);
    tcase_add_loop_test(content, an_answer_without_a_complete_head_is_none, 0, ROWS(unfinished));
    tcase_add_test(content, a_cleared_receiver_leaves_the_outcome_alone);
    suite_add_tcase(suite, content);
    TCase *data = tcase_create("on_data");
    tcase_add_checked_fixture(data, setup_on_data, teardown_on_data);
    tcase_add_test(data, on_data_gets_the_content_in_place_of_the_promise);
    tcase_add_loop_test(data, an_error_of_on_data_ends_the_request, -1, 0);
    tcase_add_loop_test(data, an_error_of_on_data_ends_the_request, 1, 3);
    tcase_add_test(data, on_data_gets_nothing_beyond_the_hard_limit);
    tcase_add_test(data, decoded_content_for_on_data_is_counted);
    tcase_add_test(data, a_coding_that_on_data_deleted_is_not_noted);
    suite_add_tcase(suite, data);
    TCase *decoded = tcase_create("decoded");
    tcase_add_checked_fixture(decoded, setup_get, teardown);
    tcase_add_loop_test(decoded, decoded_content_has_limits, 0, ROWS(limits));
    tcase_add_test(decoded, the_hard_limit_counts_while_the_content_arrives);
    tcase_add_test(decoded, the_ratio_counts_while_the_content_arrives);
    tcase_add_test(decoded, content_without_a_coding_has_no_limit);
    tcase_add_loop_test(decoded, fields_tell_of_the_content_as_it_is, 0, ROWS(codings));
    suite_add_tcase(suite, decoded);
    TCase *trailers = tcase_create("trailers");
    tcase_add_checked_fixture(trailers, setup_get, teardown);
    tcase_add_loop_test(trailers, trailers_are_kept_apart_from_the_header_fields, 0, ROWS(trailer_ends));
    tcase_add_test(trailers, there_may_be_no_trailers);
    tcase_add_loop_test(trailers, refuses_bad_trailers, 0, ROWS(bad_trailers));
    tcase_add_loop_test(trailers, refuses_zero_bytes_in_trailers, 0, ROWS(zeros));
    suite_add_tcase(suite, trailers);
}

Suite *receiver_suite(void)
{
    Suite *suite = suite_create("receiver");
    add_head_cases(suite);
    add_content_cases(suite);
    return suite;
}
