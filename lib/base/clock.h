/*
 * Time that only goes forward, and points in it to wait until; and the time of day.
 */
#ifndef AH_CLOCK_H
#define AH_CLOCK_H

#include <stdbool.h>
#include <time.h>

/* A point in time in seconds, on a clock that is never set (CLOCK_MONOTONIC); AH_NEVER: no such point. */
typedef double ah_time;

#define AH_NEVER (1e300)

ah_time ah_clock_now(void);

/* Seconds since 1970, on the clock that people and servers go by, which may be set. */
double ah_clock_wall(void);

/* The time so many seconds from now; AH_NEVER for a negative number of seconds. */
ah_time ah_clock_in(double seconds);

/* The same point for pthread_cond_timedwait() on a CLOCK_MONOTONIC condition. Not for AH_NEVER. */
struct timespec ah_clock_timespec(ah_time time);

/* Seconds until then as milliseconds to poll for: rounded up, from 0 to most. */
int ah_clock_milliseconds(double seconds, int most);

#endif
