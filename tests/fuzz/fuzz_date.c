/*
 * lib/base/date.h. The input: the current time in seconds in the first line, then a date. And all of the input as a
 * date.
 */
#include "base/date.h"

#include "fuzz.h"

static const int64_t earliest = -62167219200;
static const int64_t latest = 253402300799;

/* Longer than any 50 years. */
static const int64_t half_a_century = INT64_C(51) * 366 * 86400;

/* What is written is read the same, whenever that is. */
static void check_written(int64_t seconds, int64_t now)
{
    char text[30], again[30];
    int64_t parsed;
    memset(text, '*', sizeof(text));
    ah_date_format(seconds, text);
    DEMAND(text[29] == '\0' && strlen(text) == 29);
    DEMAND(ah_date_parse(text, now, &parsed));
    DEMAND(parsed >= earliest && parsed <= latest);
    DEMAND(parsed == seconds || (seconds < earliest && parsed == earliest) || (seconds > latest && parsed == latest));
    ah_date_format(parsed, again);
    DEMAND(strcmp(text, again) == 0);
}

/* A year of two digits is the only one that another time may change. */
static void check_century(const char *text, int64_t now, int64_t seconds)
{
    int64_t other;
    int parsed = ah_date_parse(text, 0, &other);
    if (!strchr(text, '-'))
        DEMAND(parsed && other == seconds);
    else if (now >= earliest && now <= latest)
        DEMAND(seconds - now < half_a_century && now - seconds < half_a_century);
}

static void try_date(const char *text, int64_t now)
{
    int64_t seconds = INT64_MAX;
    if (!ah_date_parse(text, now, &seconds)) {
        DEMAND(seconds == INT64_MAX);
        return;
    }
    DEMAND(seconds >= earliest && seconds <= latest);
    check_written(seconds, now);
    check_century(text, now, seconds);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size);
    try_date(text, 0);
    free(text);
    text = fuzz_take_line(&data, &size);
    int64_t now = strtoll(text, NULL, 10);
    free(text);
    check_written(now, now);
    text = fuzz_text(data, size);
    try_date(text, now);
    free(text);
    return 0;
}
