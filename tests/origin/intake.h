/*
 * What becomes of the content of a request: few endpoints want to keep it.
 */
#ifndef ORIGIN_INTAKE_H
#define ORIGIN_INTAKE_H

#include "buffer.h"

#include <stdbool.h>
#include <stdint.h>

/* The most that is kept. */
#define INTAKE_KEPT_MAX ((uint64_t)64 * 1024 * 1024)

typedef enum intake_mode {
    INTAKE_DISCARD,
    INTAKE_KEEP,
    /* Compared with the pattern, and not kept. */
    INTAKE_COMPARE,
} intake_mode;

typedef struct intake {
    intake_mode mode;
    uint64_t length;
    uint64_t mismatches;
    /* Nothing is kept of content that is too large. */
    buffer kept;
    bool too_large;
} intake;

/* More content has arrived. */
void intake_add(intake *in, const unsigned char *bytes, size_t size);

/* Frees what was kept and leaves the intake empty. */
void intake_clear(intake *in);

#endif
