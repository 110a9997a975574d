/*
 * Percent-encoding (RFC 3986 section 2.1). A '%' without two hexadecimal digits stands for itself, and so does '+'.
 */
#ifndef ORIGIN_PERCENT_H
#define ORIGIN_PERCENT_H

#include "buffer.h"

/* Appends the decoded text. */
void percent_decode(buffer *out, const char *text, size_t size);

/* The decoded text as a string, to be freed; it ends early if it contains a zero byte. */
char *percent_decoded_string(const char *text, size_t size);

#endif
