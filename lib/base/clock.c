#include "base/clock.h"

#include <math.h>

/* So far ahead that nobody is still there, and within what a time_t holds. */
static const double farthest = 1e9;

ah_time ah_clock_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

double ah_clock_wall(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

ah_time ah_clock_in(double seconds)
{
    if (seconds < 0 || seconds > farthest)
        return AH_NEVER;
    return ah_clock_now() + seconds;
}

struct timespec ah_clock_timespec(ah_time time)
{
    double whole = floor(time);
    return (struct timespec){.tv_sec = (time_t)whole, .tv_nsec = (long)((time - whole) * 1e9)};
}

int ah_clock_milliseconds(double seconds, int most)
{
    double milliseconds = ceil(seconds * 1000);
    if (milliseconds <= 0)
        return 0;
    return milliseconds < most ? (int)milliseconds : most;
}
