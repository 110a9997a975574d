/*
 * A connection: reads requests, performs the scripts of their answers.
 */
#ifndef ORIGIN_CONNECTION_H
#define ORIGIN_CONNECTION_H

#include <stdbool.h>
#include <stdint.h>

typedef struct connection connection;

/* A connection on a non-blocking socket, which it will close. */
connection *connection_new(int descriptor);

/* Closes the connection if it is open, and frees it. */
void connection_free(connection *c);

/* Whether nothing more will happen and the connection can be freed. */
bool connection_is_closed(const connection *c);

/* The socket; -1 once it is closed. */
int connection_descriptor(const connection *c);

/* What to ask poll() for. */
short connection_events(const connection *c);

/* When there is something to do without an event: in ticks; INT64_MAX: never. */
int64_t connection_wake_time(const connection *c);

/* Does all that can be done without blocking. */
void connection_serve(connection *c, short events, int64_t now);

#endif
