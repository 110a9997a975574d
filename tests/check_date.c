/*
 * Tests of lib/base/date.h: the examples of RFC 9110 section 5.6.7, the calendar against gmtime_r(), and what is not a
 * date.
 */
#include <check.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/date.h"
#include "small.h"
#include "suites.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

#define EARLIEST INT64_C(-62167219200)
#define LATEST INT64_C(253402300799)

/* The example of the RFC, and noon of 1 July 2024. */
#define EXAMPLE INT64_C(784111777)
#define NOW INT64_C(1719835200)

/* What no date is. */
#define UNTOUCHED INT64_C(424242424242424242)

/* ---- Parsing ------------------------------------------------------------------------------- */

static const struct valid {
    const char *text;
    int64_t seconds;
} valid[] = {
    /* RFC 9110 section 5.6.7. */
    {"Sun, 06 Nov 1994 08:49:37 GMT", EXAMPLE},
    {"Sunday, 06-Nov-94 08:49:37 GMT", EXAMPLE},
    {"Sun Nov  6 08:49:37 1994", EXAMPLE},
    /* RFC 9110 sections 6.6.1, 8.8.2, 10.2.3, 13.1.3. */
    {"Tue, 15 Nov 1994 08:12:31 GMT", 784887151},
    {"Tue, 15 Nov 1994 12:45:26 GMT", 784903526},
    {"Fri, 31 Dec 1999 23:59:59 GMT", 946684799},
    {"Sat, 29 Oct 1994 19:43:31 GMT", 783459811},
    /* RFC 9111 section 5.3. */
    {"Thu, 01 Dec 1994 16:00:00 GMT", 786297600},
    /* Case, white space, the day of the week. */
    {"sun, 06 nov 1994 08:49:37 gmt", EXAMPLE},
    {"SUNDAY, 06-NOV-94 08:49:37 Gmt", EXAMPLE},
    {"sUN nOV  6 08:49:37 1994", EXAMPLE},
    {" \t Sun, 06 Nov 1994 08:49:37 GMT\t ", EXAMPLE},
    {"\tSunday, 06-Nov-94 08:49:37 GMT ", EXAMPLE},
    {"  Sun Nov  6 08:49:37 1994\t", EXAMPLE},
    {"Wed, 06 Nov 1994 08:49:37 GMT", EXAMPLE},
    {"Wednesday, 06-Nov-94 08:49:37 GMT", EXAMPLE},
    {"Wed Nov  6 08:49:37 1994", EXAMPLE},
    /* The day with a zero: 2DIGIT. */
    {"Sun Nov 06 08:49:37 1994", EXAMPLE},
    {"Tue Nov 15 08:12:31 1994", 784887151},
    /* Around 1970 and 2038. */
    {"Thu, 01 Jan 1970 00:00:00 GMT", 0},
    {"Thu, 01 Jan 1970 00:00:01 GMT", 1},
    {"Wed, 31 Dec 1969 23:59:59 GMT", -1},
    {"Wed Dec 31 00:00:00 1969", -86400},
    {"Wednesday, 01-Jan-70 00:00:00 GMT", INT64_C(3155760000)},
    {"Tue, 19 Jan 2038 03:14:07 GMT", INT32_MAX},
    {"Tue, 19 Jan 2038 03:14:08 GMT", INT64_C(2147483648)},
    {"Tuesday, 19-Jan-38 03:14:08 GMT", INT64_C(2147483648)},
    {"Fri, 13 Dec 1901 20:45:51 GMT", INT64_C(-2147483649)},
    {"Sun, 07 Feb 2106 06:28:16 GMT", INT64_C(4294967296)},
    /* Leap years, and what looks like them. */
    {"Tue, 29 Feb 2000 00:00:00 GMT", 951782400},
    {"Wed, 01 Mar 2000 00:00:00 GMT", 951868800},
    {"Tuesday, 29-Feb-00 00:00:00 GMT", 951782400},
    {"Thu, 29 Feb 2024 12:00:00 GMT", 1709208000},
    {"Wed, 28 Feb 1900 23:59:59 GMT", INT64_C(-2203891201)},
    {"Thu, 01 Mar 1900 00:00:00 GMT", INT64_C(-2203891200)},
    {"Sun, 28 Feb 2100 23:59:59 GMT", INT64_C(4107542399)},
    {"Mon, 01 Mar 2100 00:00:00 GMT", INT64_C(4107542400)},
    {"Tue, 29 Feb 0000 00:00:00 GMT", EARLIEST + INT64_C(59) * 86400},
    /* Leap seconds. */
    {"Sat, 31 Dec 2016 23:59:60 GMT", 1483228800},
    {"Saturday, 31-Dec-16 23:59:60 GMT", 1483228800},
    {"Sat Dec 31 23:59:60 2016", 1483228800},
    {"Thu, 01 Jan 1970 00:00:60 GMT", 60},
    /* The first and the last. */
    {"Sat, 01 Jan 0000 00:00:00 GMT", EARLIEST},
    {"Sat Jan  1 00:00:00 0000", EARLIEST},
    {"Mon, 01 Jan 0001 00:00:00 GMT", INT64_C(-62135596800)},
    {"Fri, 31 Dec 9999 23:59:59 GMT", LATEST},
    {"Fri Dec 31 23:59:59 9999", LATEST},
};

START_TEST(test_valid)
{
    int64_t seconds = UNTOUCHED;
    ck_assert_msg(ah_date_parse(valid[_i].text, NOW, &seconds), "%s", valid[_i].text);
    ck_assert_msg(seconds == valid[_i].seconds, "%s: %lld", valid[_i].text, (long long)seconds);
}
END_TEST

static const char *const refused[] = {
    "",
    " ",
    "0",
    "-1",
    "784111777",
    "GMT",
    "Sun",
    "Sun,",
    /* Zones. */
    "Sun, 06 Nov 1994 08:49:37",
    "Sun, 06 Nov 1994 08:49:37 ",
    "Sun, 06 Nov 1994 08:49:37 +0000",
    "Sun, 06 Nov 1994 08:49:37 -0100",
    "Sun, 06 Nov 1994 08:49:37 GMT+1",
    "Sun, 06 Nov 1994 08:49:37 G",
    "Sun, 06 Nov 1994 08:49:37 GM",
    "Sun, 06 Nov 1994 08:49:37 UTC",
    "Sun, 06 Nov 1994 08:49:37 EST",
    "Sun, 06 Nov 1994 08:49:37 Z",
    "Sun, 06 Nov 1994 08:49:37GMT",
    "Sunday, 06-Nov-94 08:49:37",
    "Sunday, 06-Nov-94 08:49:37 +0000",
    "Sun Nov  6 08:49:37 1994 GMT",
    "Sun Nov  6 08:49:37 GMT 1994",
    /* What comes after it, or before. */
    "Sun, 06 Nov 1994 08:49:37 GMT.",
    "Sun, 06 Nov 1994 08:49:37 GMT GMT",
    "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT",
    "Sun, 06 Nov 1994 08:49:37 GMT; length=1",
    "Sun, 06 Nov 1994 08:49:37 GMT\n",
    "\rSun, 06 Nov 1994 08:49:37 GMT",
    "\vSun, 06 Nov 1994 08:49:37 GMT",
    "\"Sun, 06 Nov 1994 08:49:37 GMT\"",
    "Sunday, 06-Nov-94 08:49:37 GMTx",
    "Sun Nov  6 08:49:37 19940",
    "Sun Nov  6 08:49:37 1994.",
    /* Out of range. */
    "Sun, 00 Nov 1994 08:49:37 GMT",
    "Sun, 31 Nov 1994 08:49:37 GMT",
    "Sun, 32 Dec 1994 08:49:37 GMT",
    "Sun, 99 Dec 1994 08:49:37 GMT",
    "Sun, 06 Nov 1994 24:00:00 GMT",
    "Sun, 06 Nov 1994 08:60:37 GMT",
    "Sun, 06 Nov 1994 08:49:61 GMT",
    "Sun, 06 Nov 1994 99:99:99 GMT",
    "Sunday, 00-Nov-94 08:49:37 GMT",
    "Sunday, 06-Nov-94 24:49:37 GMT",
    "Sun Nov  0 08:49:37 1994",
    "Sun Nov 31 08:49:37 1994",
    "Sun Nov  6 08:49:99 1994",
    "Sun, 30 Feb 2000 08:49:37 GMT",
    "Wed, 30 Feb 2024 00:00:00 GMT",
    "Wed, 29 Feb 2023 00:00:00 GMT",
    "Thu, 29 Feb 1900 00:00:00 GMT",
    "Mon, 29 Feb 2100 00:00:00 GMT",
    "Monday, 29-Feb-23 00:00:00 GMT",
    "Mon Feb 29 00:00:00 2100",
    "Fri, 31 Dec 9999 23:59:60 GMT",
    /* Numbers of other lengths, and what strtol() takes for numbers. */
    "Sun, 6 Nov 1994 08:49:37 GMT",
    "Sun,  6 Nov 1994 08:49:37 GMT",
    "Sun, 006 Nov 1994 08:49:37 GMT",
    "Sun, +6 Nov 1994 08:49:37 GMT",
    "Sun, 06 Nov 94 08:49:37 GMT",
    "Sun, 06 Nov 994 08:49:37 GMT",
    "Sun, 06 Nov 01994 08:49:37 GMT",
    "Sun, 06 Nov 10000 08:49:37 GMT",
    "Sun, 06 Nov -994 08:49:37 GMT",
    "Sun, 06 Nov 1994 8:49:37 GMT",
    "Sun, 06 Nov 1994  8:49:37 GMT",
    "Sun, 06 Nov 1994 08:49 GMT",
    "Sun, 06 Nov 1994 08:49:7 GMT",
    "Sun, 06 Nov 1994 08:49:37.5 GMT",
    "Sunday, 6-Nov-94 08:49:37 GMT",
    "Sunday, 06-Nov-1994 08:49:37 GMT",
    "Sunday, 06-Nov-4 08:49:37 GMT",
    "Sun Nov 6 08:49:37 1994",
    "Sun Nov   6 08:49:37 1994",
    "Sun Nov  06 08:49:37 1994",
    "Sun Nov  6 08:49:37 94",
    "Sun, 06 Nov 99999999999999999999 08:49:37 GMT",
    /* Names and what stands between. */
    "06 Nov 1994 08:49:37 GMT",
    "Son, 06 Nov 1994 08:49:37 GMT",
    "Sunday, 06 Nov 1994 08:49:37 GMT",
    "Sun 06 Nov 1994 08:49:37 GMT",
    "Sun,06 Nov 1994 08:49:37 GMT",
    "Sun,  06 Nov 1994 08:49:37 GMT",
    "Sun, 06-Nov-1994 08:49:37 GMT",
    "Sun, 06  Nov 1994 08:49:37 GMT",
    "Sun,\t06 Nov 1994 08:49:37 GMT",
    "Sun, 06 November 1994 08:49:37 GMT",
    "Sun, 06 Okt 1994 08:49:37 GMT",
    "Sun, 06 11 1994 08:49:37 GMT",
    "Sun, 06 Nov 1994 08.49.37 GMT",
    "Sun, 06 Nov 1994T08:49:37 GMT",
    "Sun, 06-Nov-94 08:49:37 GMT",
    "Sunday, 06 Nov 94 08:49:37 GMT",
    "Sunday 06-Nov-94 08:49:37 GMT",
    "Sunday Nov  6 08:49:37 1994",
    "Sun, Nov  6 08:49:37 1994",
    "Sun November  6 08:49:37 1994",
    "Nov  6 08:49:37 1994",
    "1994-11-06T08:49:37Z",
    "1994-11-06 08:49:37",
    "a, d b Y T Z",
    "S\xc3\xbcn, 06 Nov 1994 08:49:37 GMT",
    "\xff\xff\xff, 06 Nov 1994 08:49:37 GMT",
};

START_TEST(test_refused)
{
    int64_t seconds = UNTOUCHED;
    ck_assert_msg(!ah_date_parse(refused[_i], NOW, &seconds), "%s", refused[_i]);
    ck_assert(seconds == UNTOUCHED);
}
END_TEST

/* Any beginning of a date is none, and neither is one with a character replaced by what is in no date. */
START_TEST(test_mutilated)
{
    char text[64];
    size_t length = strlen(valid[_i].text);
    if (strpbrk(valid[_i].text, "\t") || valid[_i].text[length - 1] == ' ')
        return;
    for (size_t i = 0; i < length; i++) {
        int64_t seconds = UNTOUCHED;
        strcpy(text, valid[_i].text);
        text[i] = '*';
        ck_assert_msg(!ah_date_parse(text, NOW, &seconds), "%s", text);
        text[i] = '\0';
        ck_assert_msg(!ah_date_parse(text, NOW, &seconds), "%s", text);
        ck_assert(seconds == UNTOUCHED);
    }
}
END_TEST

/* ---- Years of two digits ------------------------------------------------------------------- */

/* NULL: not a date. */
static const struct century {
    const char *now;
    const char *text;
    const char *date;
} centuries[] = {
    {"Mon, 01 Jul 2024 12:00:00 GMT", "Monday, 01-Jul-24 12:00:00 GMT", "Mon, 01 Jul 2024 12:00:00 GMT"},
    {"Mon, 01 Jul 2024 12:00:00 GMT", "Friday, 31-Dec-99 23:59:59 GMT", "Fri, 31 Dec 1999 23:59:59 GMT"},
    {"Mon, 01 Jul 2024 12:00:00 GMT", "Saturday, 01-Jan-00 00:00:00 GMT", "Sat, 01 Jan 2000 00:00:00 GMT"},
    {"Mon, 01 Jul 2024 12:00:00 GMT", "Tuesday, 31-Dec-73 23:59:59 GMT", "Sun, 31 Dec 2073 23:59:59 GMT"},
    /* 50 years, and a second more. */
    {"Mon, 01 Jul 2024 12:00:00 GMT", "Sunday, 01-Jul-74 12:00:00 GMT", "Sun, 01 Jul 2074 12:00:00 GMT"},
    {"Mon, 01 Jul 2024 12:00:00 GMT", "Sunday, 01-Jul-74 12:00:01 GMT", "Mon, 01 Jul 1974 12:00:01 GMT"},
    {"Mon, 01 Jul 2024 12:00:00 GMT", "Sunday, 02-Jul-74 00:00:00 GMT", "Tue, 02 Jul 1974 00:00:00 GMT"},
    {"Mon, 01 Jul 2024 12:00:00 GMT", "Thursday, 01-Jan-75 00:00:00 GMT", "Wed, 01 Jan 1975 00:00:00 GMT"},
    /* Over the end of a century. */
    {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:38 GMT", "Sun, 06 Nov 1994 08:49:38 GMT"},
    {"Sun, 06 Nov 1994 08:49:37 GMT", "Saturday, 01-Jan-00 00:00:00 GMT", "Sat, 01 Jan 2000 00:00:00 GMT"},
    {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-44 08:49:37 GMT", "Sun, 06 Nov 2044 08:49:37 GMT"},
    {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-44 08:49:38 GMT", "Mon, 06 Nov 1944 08:49:38 GMT"},
    {"Thu, 01 Jan 1970 00:00:00 GMT", "Friday, 31-Dec-19 23:59:59 GMT", "Tue, 31 Dec 2019 23:59:59 GMT"},
    {"Thu, 01 Jan 1970 00:00:00 GMT", "Saturday, 01-Jan-20 00:00:01 GMT", "Thu, 01 Jan 1920 00:00:01 GMT"},
    {"Fri, 31 Dec 1999 23:59:59 GMT", "Friday, 31-Dec-49 23:59:59 GMT", "Fri, 31 Dec 2049 23:59:59 GMT"},
    {"Sat, 01 Jan 2050 00:00:00 GMT", "Friday, 01-Jan-00 00:00:00 GMT", "Fri, 01 Jan 2100 00:00:00 GMT"},
    {"Fri, 31 Dec 2049 23:59:59 GMT", "Friday, 01-Jan-00 00:00:00 GMT", "Sat, 01 Jan 2000 00:00:00 GMT"},
    /* Leap days: there are none 50 years later, nor in all centuries. */
    {"Thu, 29 Feb 2024 00:00:00 GMT", "Wednesday, 28-Feb-74 23:59:59 GMT", "Wed, 28 Feb 2074 23:59:59 GMT"},
    {"Thu, 29 Feb 2024 00:00:00 GMT", "Friday, 02-Mar-74 00:00:00 GMT", "Sat, 02 Mar 1974 00:00:00 GMT"},
    {"Mon, 01 Jul 2024 12:00:00 GMT", "Tuesday, 29-Feb-00 00:00:00 GMT", "Tue, 29 Feb 2000 00:00:00 GMT"},
    {"Thu, 01 Jul 2060 12:00:00 GMT", "Tuesday, 29-Feb-00 00:00:00 GMT", NULL},
    {"Thu, 01 Jul 2060 12:00:00 GMT", "Tuesday, 28-Feb-00 00:00:00 GMT", "Sun, 28 Feb 2100 00:00:00 GMT"},
    /* Where the years end. */
    {"Sat, 01 Jan 0000 00:00:00 GMT", "Sunday, 01-Jan-50 00:00:00 GMT", "Sat, 01 Jan 0050 00:00:00 GMT"},
    {"Sat, 01 Jan 0000 00:00:00 GMT", "Friday, 31-Dec-99 00:00:00 GMT", NULL},
    {"Fri, 31 Dec 9999 23:59:59 GMT", "Friday, 31-Dec-99 23:59:59 GMT", "Fri, 31 Dec 9999 23:59:59 GMT"},
    {"Fri, 31 Dec 9999 23:59:59 GMT", "Friday, 31-Dec-99 23:59:60 GMT", NULL},
    {"Fri, 31 Dec 9999 23:59:59 GMT", "Saturday, 01-Jan-00 00:00:00 GMT", NULL},
};

START_TEST(test_century)
{
    const struct century *row = &centuries[_i];
    char text[30];
    int64_t now;
    int64_t seconds = UNTOUCHED;
    ck_assert(ah_date_parse(row->now, NOW, &now));
    ck_assert_msg(ah_date_parse(row->text, now, &seconds) == (row->date != NULL), "%s", row->text);
    if (!row->date) {
        ck_assert(seconds == UNTOUCHED);
        return;
    }
    ah_date_format(seconds, text);
    ck_assert_str_eq(text, row->date);
}
END_TEST

/* The current time is needed for years of two digits alone, and may be any. */
START_TEST(test_any_now)
{
    static const int64_t times[] = {INT64_MIN, EARLIEST - 1, EARLIEST, -1, 0, NOW, LATEST, LATEST + 1, INT64_MAX};
    for (int i = 0; i < COUNT(times); i++) {
        int64_t seconds = UNTOUCHED;
        ck_assert(ah_date_parse("Sun, 06 Nov 1994 08:49:37 GMT", times[i], &seconds) && seconds == EXAMPLE);
        seconds = UNTOUCHED;
        ck_assert(ah_date_parse("Sun Nov  6 08:49:37 1994", times[i], &seconds) && seconds == EXAMPLE);
        ah_date_parse("Sunday, 06-Nov-94 08:49:37 GMT", times[i], &seconds);
        ck_assert(seconds >= EARLIEST && seconds <= LATEST);
    }
    int64_t seconds;
    char text[30];
    ck_assert(ah_date_parse("Sunday, 06-Nov-94 08:49:37 GMT", INT64_MAX, &seconds));
    ah_date_format(seconds, text);
    ck_assert_str_eq(text, "Sun, 06 Nov 9994 08:49:37 GMT");
}
END_TEST

/* ---- Formatting ---------------------------------------------------------------------------- */

static const struct format {
    int64_t seconds;
    const char *text;
} formats[] = {
    {EXAMPLE, "Sun, 06 Nov 1994 08:49:37 GMT"},
    {0, "Thu, 01 Jan 1970 00:00:00 GMT"},
    {-1, "Wed, 31 Dec 1969 23:59:59 GMT"},
    {INT32_MAX, "Tue, 19 Jan 2038 03:14:07 GMT"},
    {INT64_C(2147483648), "Tue, 19 Jan 2038 03:14:08 GMT"},
    {INT64_C(-2203891201), "Wed, 28 Feb 1900 23:59:59 GMT"},
    {INT64_C(-2203891200), "Thu, 01 Mar 1900 00:00:00 GMT"},
    {951782400, "Tue, 29 Feb 2000 00:00:00 GMT"},
    {INT64_C(4107542399), "Sun, 28 Feb 2100 23:59:59 GMT"},
    {INT64_C(4107542400), "Mon, 01 Mar 2100 00:00:00 GMT"},
    {EARLIEST, "Sat, 01 Jan 0000 00:00:00 GMT"},
    {EARLIEST - 1, "Sat, 01 Jan 0000 00:00:00 GMT"},
    {INT64_MIN, "Sat, 01 Jan 0000 00:00:00 GMT"},
    {LATEST, "Fri, 31 Dec 9999 23:59:59 GMT"},
    {LATEST + 1, "Fri, 31 Dec 9999 23:59:59 GMT"},
    {INT64_MAX, "Fri, 31 Dec 9999 23:59:59 GMT"},
};

START_TEST(test_format)
{
    char text[30];
    ah_date_format(formats[_i].seconds, text);
    ck_assert_str_eq(text, formats[_i].text);
}
END_TEST

/* ---- Against the C library ----------------------------------------------------------------- */

/* In all three formats. The names are English, since nothing calls setlocale(). */
static void check_against_library(int64_t seconds)
{
    char text[30], expected[64];
    struct tm tm;
    time_t time = (time_t)seconds;
    int64_t parsed = UNTOUCHED;
    ck_assert(time == seconds && gmtime_r(&time, &tm));
    ah_date_format(seconds, text);
    ck_assert(strftime(expected, sizeof(expected), "%a, %d %b ", &tm));
    snprintf(expected + 12, sizeof(expected) - 12, "%04d %02d:%02d:%02d GMT", tm.tm_year + 1900, tm.tm_hour, tm.tm_min,
             tm.tm_sec);
    if (strcmp(text, expected) != 0)
        ck_abort_msg("%lld: %s, not %s", (long long)seconds, text, expected);
    if (!ah_date_parse(text, NOW, &parsed) || parsed != seconds)
        ck_abort_msg("%lld: %s is read as %lld", (long long)seconds, text, (long long)parsed);
    strftime(expected, sizeof(expected), "%a %b %e %H:%M:%S ", &tm);
    snprintf(expected + 20, sizeof(expected) - 20, "%04d", tm.tm_year + 1900);
    if (!ah_date_parse(expected, NOW, &parsed) || parsed != seconds)
        ck_abort_msg("%lld: %s is read as %lld", (long long)seconds, expected, (long long)parsed);
    strftime(expected, sizeof(expected), "%A, %d-%b-%y %H:%M:%S GMT", &tm);
    if (!ah_date_parse(expected, seconds, &parsed) || parsed != seconds)
        ck_abort_msg("%lld: %s is read as %lld", (long long)seconds, expected, (long long)parsed);
}

/* All days of two cycles of 400 years: of that around 1970 the first and the last second. */
START_TEST(test_days)
{
    static const int64_t cycle = INT64_C(146097) * 86400;
    const int64_t step = (small() ? 17 : 1) * INT64_C(86400);
    if (sizeof(time_t) < 8)
        return;
    for (int64_t day = 0; day < cycle; day += step) {
        int64_t since_1600 = INT64_C(-11676096000) + day;
        check_against_library(since_1600);
        check_against_library(since_1600 + 86399);
        check_against_library(EARLIEST + day);
    }
}
END_TEST

/* From the first year to the last, in steps that come by all times of the day. */
START_TEST(test_steps)
{
    if (sizeof(time_t) < 8)
        return;
    const int64_t step = small() ? 40000003 : 2000003;
    for (int64_t seconds = EARLIEST; seconds <= LATEST; seconds += step)
        check_against_library(seconds);
    check_against_library(LATEST);
}
END_TEST

/* Around each new year and each end of February. */
START_TEST(test_turns)
{
    int64_t year_begins = EARLIEST;
    if (sizeof(time_t) < 8)
        return;
    for (int year = 0; year <= 9999; year++) {
        int leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        check_against_library(year_begins);
        check_against_library(year_begins + INT64_C(59) * 86400 - 1);
        check_against_library(year_begins + INT64_C(59) * 86400);
        year_begins += (365 + leap) * INT64_C(86400);
        check_against_library(year_begins - 1);
    }
    ck_assert(year_begins == LATEST + 1);
}
END_TEST

/* Which days there are. */
START_TEST(test_days_of_months)
{
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    static const int years[] = {0, 4, 100, 400, 1900, 1970, 1999, 2000, 2023, 2024, 2038, 2100, 2400, 9999};
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year = years[_i];
    int leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    for (int month = 0; month < 12; month++) {
        for (int day = 0; day <= 99; day++) {
            char text[64];
            int64_t seconds;
            snprintf(text, sizeof(text), "Mon, %02d %s %04d 00:00:00 GMT", day, months[month], year);
            bool is_there = day >= 1 && day <= lengths[month] + (month == 1 && leap);
            ck_assert_msg(ah_date_parse(text, NOW, &seconds) == is_there, "%s", text);
        }
    }
}
END_TEST

Suite *date_suite(void)
{
    Suite *suite = suite_create("date");
    TCase *parse = tcase_create("parse");
    tcase_add_loop_test(parse, test_valid, 0, COUNT(valid));
    tcase_add_loop_test(parse, test_refused, 0, COUNT(refused));
    tcase_add_loop_test(parse, test_mutilated, 0, COUNT(valid));
    tcase_add_loop_test(parse, test_century, 0, COUNT(centuries));
    tcase_add_test(parse, test_any_now);
    suite_add_tcase(suite, parse);
    TCase *calendar = tcase_create("calendar");
    tcase_add_loop_test(calendar, test_format, 0, COUNT(formats));
    tcase_add_test(calendar, test_days);
    tcase_add_test(calendar, test_steps);
    tcase_add_test(calendar, test_turns);
    tcase_add_loop_test(calendar, test_days_of_months, 0, 14);
    suite_add_tcase(suite, calendar);
    return suite;
}
