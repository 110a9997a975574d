#include "connection.h"

#include "body.h"
#include "census.h"
#include "endpoints.h"
#include "exchange.h"
#include "memory.h"
#include "reply.h"
#include "ticks.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* How much is read or written at once, and how much is read ahead while a response is under way: only within that much
 * is it noticed that a client closes while it waits. */
#define PIECE ((size_t)64 * 1024)

/* How much one connection may send before it is the turn of the others; sending anything counts as this much at least,
 * as a byte takes almost as long. */
#define TURN ((size_t)1024 * 1024)
#define SEND_COST ((size_t)8 * 1024)

/* How long a client whose bytes have not all been read has to close. */
#define LINGER_MS 2000

typedef enum phase {
    PHASE_HEAD,
    PHASE_BODY,
    PHASE_SCRIPT,
    /* Our side is closed; what the client sends is thrown away until it closes too. */
    PHASE_LINGER,
    PHASE_CLOSED,
} phase;

struct connection {
    int descriptor;
    phase phase;
    /* The client sends nothing more. */
    bool ended;
    /* Read but not used yet, and made but not written yet. */
    buffer in;
    buffer out;
    /* How much may still be written in this turn. */
    size_t turn;
    exchange exchange;
    body body;
    /* When the sleep or the lingering is over; 0: there is none. */
    int64_t wake;
};

connection *connection_new(int descriptor)
{
    connection *c = memory_zeroed(sizeof *c);

    c->descriptor = descriptor;
    c->exchange.connection = census_enter();
    return c;
}

static void shut(connection *c)
{
    if (c->phase == PHASE_CLOSED)
        return;
    c->phase = PHASE_CLOSED;
    close(c->descriptor);
    c->descriptor = -1;
    c->wake = 0;
    census_leave();
    exchange_clear(&c->exchange);
    buffer_clear(&c->in);
    buffer_clear(&c->out);
}

void connection_free(connection *c)
{
    shut(c);
    free(c);
}

bool connection_is_closed(const connection *c)
{
    return c->phase == PHASE_CLOSED;
}

int connection_descriptor(const connection *c)
{
    return c->descriptor;
}

/* ---- Closing ------------------------------------------------------------------------------- */

/*
 * Closing a socket that has bytes to be read makes the kernel send a reset, at which a client may throw away the
 * response that it has not read yet. So the client is given time to close first (RFC 9112 section 9.6).
 */
static void close_gently(connection *c, int64_t now)
{
    bool all_read = c->body.state == BODY_DONE && c->in.size == 0;

    if (all_read || c->ended || shutdown(c->descriptor, SHUT_WR) != 0) {
        shut(c);
        return;
    }
    exchange_clear(&c->exchange);
    buffer_clear(&c->in);
    c->phase = PHASE_LINGER;
    c->wake = ticks_after(now, LINGER_MS);
}

static void close_with_reset(connection *c)
{
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};

    setsockopt(c->descriptor, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    shut(c);
}

/* ---- Bytes --------------------------------------------------------------------------------- */

static void receive(connection *c)
{
    static unsigned char piece[PIECE];
    ssize_t size = recv(c->descriptor, piece, sizeof piece, 0);

    if (size > 0) {
        if (c->phase != PHASE_LINGER)
            buffer_append(&c->in, piece, (size_t)size);
    } else if (size == 0) {
        c->ended = true;
    } else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
        shut(c);
    }
}

static size_t min(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Writes what is in c->out. Returns whether all of it is gone. */
static bool flush(connection *c)
{
    while (c->out.size > 0 && c->turn > 0) {
        ssize_t sent = send(c->descriptor, buffer_bytes(&c->out), min(c->out.size, c->turn), 0);

        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0) {
            if (errno != EAGAIN && errno != EWOULDBLOCK)
                shut(c);
            return false;
        }
        c->turn -= min((size_t)sent > SEND_COST ? (size_t)sent : SEND_COST, c->turn);
        buffer_drop(&c->out, (size_t)sent);
    }
    return c->out.size == 0;
}

/* ---- Requests ------------------------------------------------------------------------------ */

static void begin_script(connection *c)
{
    c->exchange.endpoint->answer(&c->exchange);
    c->phase = PHASE_SCRIPT;
}

/* Answers what cannot be understood; as nobody knows where the next request begins, it is the last one. */
static void refuse(connection *c, unsigned status, const char *why)
{
    /* Anything but BODY_DONE: there may be more to read, which matters for closing. */
    c->body.state = BODY_BAD;
    c->exchange.request.keep_alive = false;
    reply_printf(&c->exchange, status, "%s\n", why);
    c->phase = PHASE_SCRIPT;
}

static void begin_body(connection *c)
{
    static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
    exchange *x = &c->exchange;

    c->body = body_begin(x->request.chunked, x->request.content_length);
    x->endpoint = endpoints_find(x->request.path, &x->arguments);
    x->content.mode = x->endpoint->mode;
    c->phase = PHASE_BODY;
    if (x->endpoint->early)
        begin_script(c);
    else if (x->request.expects_continue && c->body.state != BODY_DONE && c->in.size == 0)
        buffer_append(&c->out, go_on, sizeof go_on - 1);
}

/* An empty line before a request is ignored (RFC 9112 section 2.2). */
static void skip_empty_lines(buffer *in)
{
    while (in->size >= 2 && buffer_bytes(in)[0] == '\r' && buffer_bytes(in)[1] == '\n')
        buffer_drop(in, 2);
}

/* Each of these takes its phase further. Returns false if it cannot for now, or if the connection was closed. */

static bool advance_head(connection *c)
{
    exchange *x = &c->exchange;
    request_state state;

    skip_empty_lines(&c->in);
    state = request_parse(&x->request, buffer_bytes(&c->in), c->in.size);
    if (state == REQUEST_INCOMPLETE) {
        if (c->ended)
            shut(c);
        return false;
    }
    x->serial++;
    if (state == REQUEST_COMPLETE) {
        buffer_drop(&c->in, x->request.head.size);
        begin_body(c);
    } else {
        refuse(c, state == REQUEST_BAD ? 400 : 431, state == REQUEST_BAD ? "bad request" : "head too large");
    }
    return true;
}

static void begin_next(connection *c)
{
    exchange_clear(&c->exchange);
    c->phase = PHASE_HEAD;
}

static bool advance_body(connection *c)
{
    exchange *x = &c->exchange;
    size_t content;
    size_t taken = body_take(&c->body, buffer_bytes(&c->in), c->in.size, &content);

    intake_add(&x->content, buffer_bytes(&c->in), content);
    buffer_drop(&c->in, taken);
    if (c->body.state == BODY_BAD)
        refuse(c, 400, "bad chunk");
    else if (c->body.state == BODY_DONE && x->endpoint->early)
        begin_next(c);
    else if (c->body.state == BODY_DONE)
        begin_script(c);
    else if (taken == 0 && c->ended)
        shut(c);
    else
        return taken > 0;
    return c->phase != PHASE_CLOSED;
}

/* ---- Scripts ------------------------------------------------------------------------------- */

static bool advance_sleep(connection *c, uint64_t ms, int64_t now)
{
    if (c->wake == 0)
        c->wake = ticks_after(now, ms);
    if (now < c->wake)
        return false;
    c->wake = 0;
    script_advance(&c->exchange.script);
    return true;
}

static bool advance_hold(connection *c)
{
    if (place_is_held(&c->exchange.waiter))
        return false;
    script_advance(&c->exchange.script);
    return true;
}

/* After an early script, the body is still to be read. */
static bool advance_end(connection *c)
{
    if (c->exchange.endpoint->early && c->body.state != BODY_DONE)
        c->phase = PHASE_BODY;
    else
        begin_next(c);
    return true;
}

/* Performs a step that does not send. Returns false if it has to wait, or if the connection was closed. */
static bool advance_step(connection *c, const step *st, int64_t now)
{
    switch (st->kind) {
    case STEP_SLEEP:
        return advance_sleep(c, st->count, now);
    case STEP_HOLD:
        return advance_hold(c);
    case STEP_CLOSE:
        close_gently(c, now);
        return false;
    case STEP_RESET:
        close_with_reset(c);
        return false;
    default:
        script_advance(&c->exchange.script);
        return true;
    }
}

static bool advance_script(connection *c, int64_t now)
{
    script *s = &c->exchange.script;
    const step *st;

    script_fill(s, &c->out, PIECE);
    if (!flush(c))
        return false;
    st = script_step(s);
    if (!st)
        return advance_end(c);
    if (st->kind == STEP_SEND || st->kind == STEP_STREAM)
        return true;
    if (advance_step(c, st, now))
        return true;
    /* A client that has gone is not waited for. */
    if (c->ended)
        shut(c);
    return false;
}

/* ---- Events -------------------------------------------------------------------------------- */

static bool advance_linger(connection *c, int64_t now)
{
    if (c->ended || now >= c->wake)
        shut(c);
    return false;
}

static bool advance(connection *c, int64_t now)
{
    switch (c->phase) {
    case PHASE_HEAD:
        return advance_head(c);
    case PHASE_BODY:
        return advance_body(c);
    case PHASE_SCRIPT:
        return advance_script(c, now);
    case PHASE_LINGER:
        return advance_linger(c, now);
    default:
        return false;
    }
}

static bool wants_to_read(const connection *c)
{
    size_t enough = c->phase == PHASE_HEAD ? REQUEST_HEAD_MAX + 1 : PIECE;

    return !c->ended && c->in.size < enough;
}

short connection_events(const connection *c)
{
    int events = 0;

    if (wants_to_read(c))
        events |= POLLIN;
    if (c->out.size > 0)
        events |= POLLOUT;
    return (short)events;
}

int64_t connection_wake_time(const connection *c)
{
    const step *st = c->phase == PHASE_SCRIPT ? script_step(&c->exchange.script) : NULL;

    if (c->wake > 0)
        return c->wake;
    if (c->out.size == 0 && st && st->kind == STEP_HOLD && !place_is_held(&c->exchange.waiter))
        return 0;
    return INT64_MAX;
}

void connection_serve(connection *c, short events, int64_t now)
{
    c->turn = TURN;
    if (events & POLLIN)
        receive(c);
    else if (events & (POLLERR | POLLHUP | POLLNVAL))
        shut(c);
    while (advance(c, now))
        ;
    /* The 100 for a body that has not come yet. */
    if (c->phase == PHASE_BODY)
        flush(c);
}
