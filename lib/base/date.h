/*
 * Dates in header fields (RFC 9110 section 5.6.7).
 */
#ifndef AH_DATE_H
#define AH_DATE_H

#include <stdbool.h>
#include <stdint.h>

/* Reads a date in any of the three formats: "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT" and
 * "Sun Nov  6 08:49:37 1994". Seconds are counted from 1970 on, in UTC and without leap seconds; now is the current
 * time, which tells the century of the second format. The case of letters does not matter, nor do spaces and tabs
 * around the date, nor whether it was that day of the week. False: it is no such date, and *seconds is as it was. */
bool ah_date_parse(const char *text, int64_t now, int64_t *seconds);

/* Writes the date in the first of the formats. What lies before the year 0 or after 9999 becomes the first or the last
 * second of these years. */
void ah_date_format(int64_t seconds, char text[30]);

#endif
