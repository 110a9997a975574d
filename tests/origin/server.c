#include "server.h"

#include "connection.h"
#include "fatal.h"
#include "memory.h"
#include "ticks.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What comes before the connections in the array for poll(). */
enum { SLOT_STOP, SLOT_LEASH, SLOT_IPV4, SLOT_IPV6, SLOTS };

typedef struct server {
    const listener *listener;
    int stop;
    int leash;
    /* As there are no more descriptors, nothing is accepted until a connection is closed. */
    bool full;
    connection **connections;
    size_t count;
    size_t capacity;
    /* One for each connection, after the SLOTS. */
    struct pollfd *polled;
} server;

static void make_room(server *s)
{
    if (s->count < s->capacity)
        return;
    s->capacity = s->capacity ? s->capacity * 2 : 64;
    s->connections = memory_resize(s->connections, s->capacity, sizeof(connection *));
    s->polled = memory_resize(s->polled, s->capacity + SLOTS, sizeof *s->polled);
}

/* Accepts all that are waiting. */
static void accept_from(server *s, int socket)
{
    int descriptor;

    while ((descriptor = listener_accept(socket, &s->full)) >= 0) {
        make_room(s);
        s->connections[s->count++] = connection_new(descriptor);
    }
}

/* Frees the connections that are closed. */
static void sweep(server *s)
{
    size_t kept = 0;

    for (size_t i = 0; i < s->count; i++) {
        if (connection_is_closed(s->connections[i]))
            connection_free(s->connections[i]);
        else
            s->connections[kept++] = s->connections[i];
    }
    if (kept < s->count)
        s->full = false;
    s->count = kept;
}

/* How long to wait, in milliseconds for poll(); rounded up, so that no timer is early. */
static int timeout_until(int64_t wake, int64_t now)
{
    int64_t ms;

    if (wake == INT64_MAX)
        return -1;
    if (wake <= now)
        return 0;
    ms = (wake - now - 1) / TICKS_PER_MS + 1;
    return ms < INT_MAX ? (int)ms : INT_MAX;
}

static void wait_for_events(server *s)
{
    int64_t wake = INT64_MAX;

    s->polled[SLOT_STOP] = (struct pollfd){.fd = s->stop, .events = POLLIN};
    s->polled[SLOT_LEASH] = (struct pollfd){.fd = s->leash, .events = POLLIN};
    s->polled[SLOT_IPV4] = (struct pollfd){.fd = s->full ? -1 : s->listener->ipv4, .events = POLLIN};
    s->polled[SLOT_IPV6] = (struct pollfd){.fd = s->full ? -1 : s->listener->ipv6, .events = POLLIN};
    for (size_t i = 0; i < s->count; i++) {
        const connection *c = s->connections[i];
        int64_t time = connection_wake_time(c);

        s->polled[SLOTS + i] = (struct pollfd){.fd = connection_descriptor(c), .events = connection_events(c)};
        if (time < wake)
            wake = time;
    }
    if (poll(s->polled, (nfds_t)(SLOTS + s->count), timeout_until(wake, ticks_now())) >= 0)
        return;
    if (errno != EINTR)
        fatal("poll: %s", strerror(errno));
    for (size_t i = 0; i < SLOTS + s->count; i++)
        s->polled[i].revents = 0;
}

static void serve_connections(server *s)
{
    int64_t now = ticks_now();

    for (size_t i = 0; i < s->count; i++) {
        short events = s->polled[SLOTS + i].revents;

        if (events || connection_wake_time(s->connections[i]) <= now)
            connection_serve(s->connections[i], events, now);
    }
}

/* Whether whoever holds the other end of the leash has let it go. */
static bool leash_has_ended(const server *s)
{
    char ignored[256];
    ssize_t size;

    if (!s->polled[SLOT_LEASH].revents)
        return false;
    size = read(s->leash, ignored, sizeof ignored);
    return size == 0 || (size < 0 && errno != EINTR && errno != EAGAIN && errno != EWOULDBLOCK);
}

static bool serve_once(server *s)
{
    wait_for_events(s);
    if (s->polled[SLOT_STOP].revents || leash_has_ended(s))
        return false;
    /* Before new connections are accepted, for these have no place in the array yet. */
    serve_connections(s);
    if (s->polled[SLOT_IPV4].revents)
        accept_from(s, s->listener->ipv4);
    if (s->polled[SLOT_IPV6].revents)
        accept_from(s, s->listener->ipv6);
    sweep(s);
    return true;
}

void server_run(const listener *l, int stop, int leash)
{
    server s = {.listener = l, .stop = stop, .leash = leash};

    make_room(&s);
    while (serve_once(&s))
        ;
    for (size_t i = 0; i < s.count; i++)
        connection_free(s.connections[i]);
    free(s.connections);
    free(s.polled);
}
