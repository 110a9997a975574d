/*
 * Endpoints: which path is answered by what.
 */
#ifndef ORIGIN_ENDPOINT_H
#define ORIGIN_ENDPOINT_H

#include "intake.h"

#include <stdbool.h>
#include <stdint.h>

struct exchange;

/* What stood in a path for the parts of an endpoint's pattern that are in capitals. */
#define ARGUMENTS_MAX 2
typedef struct arguments {
    /* Decoded. */
    char *words[ARGUMENTS_MAX];
    uint64_t numbers[ARGUMENTS_MAX];
} arguments;

typedef struct endpoint {
    /* A segment in capitals stands for any that is not empty; N, MS and CODE stand for numbers. */
    const char *pattern;
    /* What --help says of it; may have several lines. */
    const char *help;
    /* Writes the script of the answer. Called after the request has been read; if it is early, after the head. */
    void (*answer)(struct exchange *x);
    intake_mode mode;
    bool early;
} endpoint;

/* Whether the path is one of the endpoint's; the arguments, which must be empty, are then filled. */
bool endpoint_match(const endpoint *e, const char *path, arguments *a);

/* Frees the arguments and leaves them empty. */
void arguments_clear(arguments *a);

#endif
