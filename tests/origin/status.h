/*
 * Status codes.
 */
#ifndef ORIGIN_STATUS_H
#define ORIGIN_STATUS_H

#include <stdbool.h>

/* The standard reason phrase (IANA's registry); "Unknown" if there is none. */
const char *status_reason(unsigned code);

/* Whether a response of this status has no body whatever its head says (RFC 9112 section 6.3). */
bool status_bodyless(unsigned code);

#endif
