/*
 * Header fields for tables of tests, written as a message has them.
 */
#ifndef HEADS_H
#define HEADS_H

#include <check.h>
#include <string.h>

#include "base/fields.h"

/* The time of most tests: noon of 1 July 2024. */
#define NOW 1719835200.0

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

/* Reads "Name: value" lines. */
static inline ah_fields head_of(const char *text)
{
    ah_fields fields = {0};
    while (*text) {
        size_t length = strcspn(text, "\n");
        const char *colon = memchr(text, ':', length);
        ck_assert(colon != NULL);
        size_t name_length = (size_t)(colon - text);
        ck_assert(ah_fields_add(&fields, text, name_length, colon + 1, length - name_length - 1));
        text += length + (text[length] == '\n');
    }
    return fields;
}

#endif
