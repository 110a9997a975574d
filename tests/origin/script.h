/*
 * What the server does about a request, as steps: every answer is one, from "hello" to the worst misbehaviour.
 */
#ifndef ORIGIN_SCRIPT_H
#define ORIGIN_SCRIPT_H

#include "buffer.h"
#include "source.h"

#include <stdbool.h>
#include <stdint.h>

typedef enum step_kind {
    /* Sends bytes, once or several times. */
    STEP_SEND,
    /* Sends what a source makes. */
    STEP_STREAM,
    /* Waits for some milliseconds. */
    STEP_SLEEP,
    /* Waits until the request is not held any more. */
    STEP_HOLD,
    /* Goes back by two steps, some times. */
    STEP_REPEAT_TWO,
    STEP_CLOSE,
    /* Closes so that the client gets a reset. */
    STEP_RESET,
} step_kind;

typedef struct step {
    step_kind kind;
    /* How many times or milliseconds. */
    uint64_t count;
    /* How much of it has been done. */
    uint64_t done;
    size_t offset;
    buffer bytes;
    source *from;
    bool chunked;
} step;

/* All zero: nothing is done. */
typedef struct script {
    step *steps;
    size_t count;
    size_t capacity;
    /* The step that is under way. */
    size_t at;
} script;

/* Add a step. The bytes and the source go over to the script. */
void script_send(script *s, buffer *bytes, uint64_t count);
void script_stream(script *s, source *from, bool chunked);
void script_sleep(script *s, uint64_t ms);
void script_hold(script *s);
void script_repeat_two(script *s, uint64_t count);
void script_close(script *s);
void script_reset(script *s);

/* Performs steps that send, until out holds enough or another kind of step comes. */
void script_fill(script *s, buffer *out, size_t enough);

/* The step that is under way; NULL at the end. */
const step *script_step(const script *s);

/* Goes on to the next step. */
void script_advance(script *s);

/* Frees the steps and leaves the script empty. */
void script_clear(script *s);

#endif
