/*
 * The loop: waits for sockets and timers, and gives every connection its turn.
 */
#ifndef ORIGIN_SERVER_H
#define ORIGIN_SERVER_H

#include "listener.h"

/* Serves until stop becomes readable, or leash, which may be -1, reaches end of file; then closes all connections. */
void server_run(const listener *l, int stop, int leash);

#endif
