#include "ticks.h"

#include <time.h>

int64_t ticks_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 * TICKS_PER_MS + now.tv_nsec + 1;
}

int64_t ticks_after(int64_t now, uint64_t ms)
{
    if (ms > (uint64_t)((INT64_MAX - now) / TICKS_PER_MS))
        return INT64_MAX;
    return now + (int64_t)ms * TICKS_PER_MS;
}

const char *ticks_date(void)
{
    static char text[sizeof "Thu, 01 Jan 1970 00:00:00 GMT"];
    static time_t written;
    time_t now = time(NULL);
    struct tm parts;

    if (now != written && gmtime_r(&now, &parts)) {
        strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
        written = now;
    }
    return text;
}
