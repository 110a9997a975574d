#include "answer_misbehaviour.h"

#include "number.h"
#include "percent.h"
#include "query.h"
#include "reply.h"

#include <string.h>

/* Answers as it should be if this is the first request on its connection. Returns whether it is. */
static bool answer_first(exchange *x)
{
    if (x->serial > 1)
        return false;
    reply_printf(x, 200, "first\n");
    return true;
}

void answer_second_close(exchange *x)
{
    if (!answer_first(x))
        script_close(&x->script);
}

void answer_second_reset(exchange *x)
{
    if (!answer_first(x))
        script_reset(&x->script);
}

void answer_second_garbage(exchange *x)
{
    static const char garbage[] = "This is not HTTP.\r\n";
    buffer bytes = {0};

    if (answer_first(x))
        return;
    buffer_append(&bytes, garbage, sizeof garbage - 1);
    script_send(&x->script, &bytes, 1);
    script_close(&x->script);
}

void answer_close_after(exchange *x)
{
    reply_printf(x, 200, "last\n");
    script_close(&x->script);
}

static void send_decoded(script *s, const char *text, size_t size, uint64_t count)
{
    buffer bytes = {0};

    percent_decode(&bytes, text, size);
    script_send(s, &bytes, count);
}

/* "repeat=COUNT,BYTES" */
static bool add_repeat(script *s, const query_item *item)
{
    const char *comma = memchr(item->value, ',', item->value_size);
    uint64_t count;

    if (!comma || !number_parse(item->value, (size_t)(comma - item->value), 10, &count))
        return false;
    send_decoded(s, comma + 1, item->value_size - (size_t)(comma + 1 - item->value), count);
    return true;
}

/* Adds a step to the script. Returns false if it is none. */
static bool add_step(script *s, const query_item *item)
{
    uint64_t ms;

    if (query_is(item, "repeat"))
        return add_repeat(s, item);
    if (query_is(item, "send")) {
        send_decoded(s, item->value, item->value_size, 1);
    } else if (query_is(item, "sleep")) {
        if (!number_parse(item->value, item->value_size, 10, &ms))
            return false;
        script_sleep(s, ms);
    } else if (query_is(item, "close")) {
        script_close(s);
    } else if (query_is(item, "reset")) {
        script_reset(s);
    } else {
        return false;
    }
    return true;
}

void answer_raw(exchange *x)
{
    const char *rest = x->request.query;
    query_item item;

    while (query_next(&rest, &item)) {
        if (!add_step(&x->script, &item)) {
            script_clear(&x->script);
            reply_printf(x, 400, "not a step: %.*s\n", (int)item.name_size, item.name);
            return;
        }
    }
}
