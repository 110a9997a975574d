/*
 * Listening on loopback.
 */
#ifndef ORIGIN_LISTENER_H
#define ORIGIN_LISTENER_H

#include <stdbool.h>
#include <stdint.h>

typedef struct listener {
    uint16_t port;
    int ipv4;
    /* -1 if there is no IPv6. */
    int ipv6;
} listener;

/* Listens on 127.0.0.1 and ::1 at a port; 0: one that is free. Ends the program if it cannot. */
listener listener_open(uint16_t port);

void listener_close(listener *l);

/* Accepts a connection. Returns its non-blocking socket; -1 if there is none (*full is false) or if there are too many
 * (*full is true). */
int listener_accept(int socket, bool *full);

#endif
