#include "answer_timing.h"

#include "reply.h"

#include <inttypes.h>

void answer_delay(exchange *x)
{
    script_sleep(&x->script, x->arguments.numbers[0]);
    reply_printf(x, 200, "delayed\n");
}

void answer_slow(exchange *x)
{
    uint64_t size = x->arguments.numbers[0];
    buffer dot = {0};

    reply_begin(x, 200, "text/plain", size);
    if (!x->request.is_head && size > 0) {
        buffer_append(&dot, ".", 1);
        script_sleep(&x->script, x->arguments.numbers[1]);
        script_send(&x->script, &dot, 1);
        script_repeat_two(&x->script, size - 1);
    }
    reply_end(x);
}

void answer_gate(exchange *x)
{
    const char *name = x->arguments.words[0];

    place_hold(name, &x->waiter);
    if (place_held(name) >= x->arguments.numbers[0])
        place_release(name, UINT64_MAX);
    script_hold(&x->script);
    reply_printf(x, 200, "released\n");
}

void answer_hold(exchange *x)
{
    place_hold(x->arguments.words[0], &x->waiter);
    script_hold(&x->script);
    reply_printf(x, 200, "released\n");
}

void answer_release(exchange *x)
{
    reply_printf(x, 200, "%" PRIu64 "\n", place_release(x->arguments.words[0], x->arguments.numbers[0]));
}

void answer_release_all(exchange *x)
{
    reply_printf(x, 200, "%" PRIu64 "\n", place_release(x->arguments.words[0], UINT64_MAX));
}

void answer_held(exchange *x)
{
    reply_printf(x, 200, "%" PRIu64 "\n", place_held(x->arguments.words[0]));
}

void answer_peak(exchange *x)
{
    reply_printf(x, 200, "%" PRIu64 "\n", place_peak(x->arguments.words[0]));
}
