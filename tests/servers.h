/*
 * Real servers for the test programs: one nginx that listens on many ports, in front of the origin (fixture.h).
 *
 * Its configuration, keys and certificates are made anew in a temporary directory. A guardian process ends it and
 * removes the directory, however the test program ends. Whatever fails here is printed and aborts the test.
 */
#ifndef SERVERS_H
#define SERVERS_H

#include <stdbool.h>

#include "fixture.h"

/* What listens where. Unless it says otherwise: a certificate by our authority for localhost, 127.0.0.1 and ::1, TLS
 * 1.2 and 1.3, passed on to the origin. Every answer has the server's number of the connection in
 * "x-server-connection". */
typedef enum server {
    /* Plain HTTP: the files /hello.txt ("hello" and a line break) and /page.bin (SERVERS_PAGE_SIZE bytes of the
     * origin's pattern). */
    SERVER_STATIC,
    /* TLS and HTTP/2. */
    SERVER_HTTP2,
    /* The same on ::1, which not every machine has: servers_have_ipv6(). */
    SERVER_HTTP2_IPV6,
    /* TLS and HTTP/1.1. */
    SERVER_TLS,
    /* These versions of TLS alone. */
    SERVER_TLS11,
    SERVER_TLS12,
    SERVER_TLS13,
    /* HTTP/2 for clients with a certificate by our authority: others are answered with a 400. */
    SERVER_MUTUAL,
    /* HTTP/2 with certificates that are wrong. */
    SERVER_WRONG_HOST,
    SERVER_EXPIRED,
    SERVER_UNKNOWN_AUTHORITY,
    /* Close a connection after SERVERS_FEW_REQUESTS_TLS or _HTTP2. */
    SERVER_FEW_REQUESTS_TLS,
    SERVER_FEW_REQUESTS_HTTP2,
    /* Close a connection that has been idle for SERVERS_SHORT_IDLE_MS. */
    SERVER_SHORT_IDLE_TLS,
    SERVER_SHORT_IDLE_HTTP2,
    /* No server at all, on a port that nobody else gets. */
    SERVER_NONE,
    SERVERS
} server;

#define SERVERS_PAGE_SIZE 100000
#define SERVERS_FEW_REQUESTS_TLS 3
#define SERVERS_FEW_REQUESTS_HTTP2 10
#define SERVERS_SHORT_IDLE_MS 20

/* The password of the private key client-locked.key. */
#define SERVERS_PASSWORD "open sesame"

/* Starts the servers, for which the origin must have been started. False: nginx is not installed. */
bool servers_start(void);

/* Ends them, and waits for that. Does nothing in a process that did not start them. */
void servers_stop(void);

/* Has nginx read its configuration anew: a new process takes the connections soon, and the old one closes its own as
 * they become idle. */
void servers_reload(void);

/* Returns when the old process takes no more connections. */
void servers_await_reload(void);

/* Kills the process that takes the connections, and those with it. Returns when a new one answers. */
void servers_crash(void);

bool servers_have_ipv6(void);

unsigned server_port(server which);

/* "127.0.0.1:PORT". Valid until the servers are stopped. */
const char *server_authority(server which);

/* "https://127.0.0.1:PORT" and the path: 900 characters at most. Valid until the thread has made seven more. */
FIXTURE_PRINTF_AFTER_NUMBER const char *server_url(server which, const char *format, ...);

/* The path of a file: ca.pem, other-ca.pem, client.pem, client.key, client-locked.key. Valid until the thread has asked
 * for seven more. */
const char *servers_file(const char *name);

#endif
