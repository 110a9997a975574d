#include "script.h"

#include "memory.h"

#include <stdlib.h>

/* How much is taken from a source at once, which is also the size of a chunk. */
#define PIECE ((size_t)16 * 1024)

static step *add(script *s, step_kind kind)
{
    if (s->count == s->capacity) {
        s->capacity = s->capacity ? s->capacity * 2 : 4;
        s->steps = memory_resize(s->steps, s->capacity, sizeof *s->steps);
    }
    s->steps[s->count] = (step){.kind = kind};
    return &s->steps[s->count++];
}

void script_send(script *s, buffer *bytes, uint64_t count)
{
    step *added = add(s, STEP_SEND);

    added->bytes = *bytes;
    *bytes = (buffer){0};
    added->count = count;
}

void script_stream(script *s, source *from, bool chunked)
{
    step *added = add(s, STEP_STREAM);

    added->from = from;
    added->chunked = chunked;
}

void script_sleep(script *s, uint64_t ms)
{
    add(s, STEP_SLEEP)->count = ms;
}

void script_hold(script *s)
{
    add(s, STEP_HOLD);
}

void script_repeat_two(script *s, uint64_t count)
{
    add(s, STEP_REPEAT_TWO)->count = count;
}

void script_close(script *s)
{
    add(s, STEP_CLOSE);
}

void script_reset(script *s)
{
    add(s, STEP_RESET);
}

/* Sends a part of the bytes. Returns whether there are more to send. */
static bool send_part(step *st, buffer *out, size_t room)
{
    size_t left = st->bytes.size - st->offset;
    size_t size = left < room ? left : room;

    if (st->done == st->count || st->bytes.size == 0)
        return false;
    buffer_append(out, buffer_bytes(&st->bytes) + st->offset, size);
    st->offset += size;
    if (st->offset == st->bytes.size) {
        st->offset = 0;
        st->done++;
    }
    return true;
}

/* Sends the next piece of what the source makes. Returns whether there may be more. */
static bool stream_piece(step *st, buffer *out)
{
    unsigned char piece[PIECE];
    size_t size = st->from->read(st->from, piece, sizeof piece);

    if (st->chunked)
        buffer_printf(out, "%zx\r\n", size);
    buffer_append(out, piece, size);
    if (st->chunked)
        buffer_append(out, "\r\n", 2);
    return size > 0;
}

void script_fill(script *s, buffer *out, size_t enough)
{
    while (s->at < s->count && out->size < enough) {
        step *st = &s->steps[s->at];
        bool more;

        if (st->kind != STEP_SEND && st->kind != STEP_STREAM)
            return;
        more = st->kind == STEP_SEND ? send_part(st, out, enough - out->size) : stream_piece(st, out);
        if (!more)
            script_advance(s);
    }
}

const step *script_step(const script *s)
{
    return s->at < s->count ? &s->steps[s->at] : NULL;
}

void script_advance(script *s)
{
    step *st = &s->steps[s->at++];

    if (st->kind == STEP_REPEAT_TWO && st->done < st->count) {
        st->done++;
        s->at -= 3;
        s->steps[s->at].done = 0;
        s->steps[s->at + 1].done = 0;
    }
}

void script_clear(script *s)
{
    for (size_t i = 0; i < s->count; i++) {
        buffer_clear(&s->steps[i].bytes);
        if (s->steps[i].from)
            s->steps[i].from->free(s->steps[i].from);
    }
    free(s->steps);
    *s = (script){0};
}
