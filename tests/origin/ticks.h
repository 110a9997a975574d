/*
 * The time: what timers go by, and what goes into Date.
 */
#ifndef ORIGIN_TICKS_H
#define ORIGIN_TICKS_H

#include <stdint.h>

#define TICKS_PER_MS INT64_C(1000000)

/* The time of the monotonic clock, in nanoseconds; above 0. */
int64_t ticks_now(void);

/* The time in that many milliseconds; far in the future if they are too many to count. */
int64_t ticks_after(int64_t now, uint64_t ms);

/* The date and time as an HTTP-date (RFC 9110 section 5.6.7). Valid until the next call. */
const char *ticks_date(void);

#endif
