/*
 * Real proxies for the test programs: tinyproxy, microsocks and Dante, as far as they are installed, on free ports of
 * the loopback.
 *
 * Their configurations and logs are in a temporary directory. A guardian process ends them and removes the directory,
 * however the test program ends. Whatever fails here is printed and aborts the test.
 */
#ifndef PROXIES_H
#define PROXIES_H

#include <stdbool.h>

typedef enum proxy {
    /* tinyproxy, an HTTP proxy: for everybody; for PROXIES_USER; and with CONNECT to one port alone. */
    PROXY_TINY,
    PROXY_TINY_USER,
    PROXY_TINY_ONE_PORT,
    /* microsocks, a SOCKS5 proxy: for everybody; on ::1; for PROXIES_USER. */
    PROXY_MICRO,
    PROXY_MICRO_IPV6,
    PROXY_MICRO_USER,
    /* Dante, a SOCKS4 and SOCKS5 proxy for everybody. */
    PROXY_DANTE,
    PROXIES
} proxy;

#define PROXIES_USER "proxy-user"
#define PROXIES_PASSWORD "Proxy-Secret_7"

/* Starts those that are installed, and prints which are not; port: where PROXY_TINY_ONE_PORT allows CONNECT to. After
 * the servers (servers.h) and the origin. Returns whether there is any. */
bool proxies_start(unsigned port);

/* Ends them, and waits for that. Does nothing in a process that did not start them. */
void proxies_stop(void);

/* Whether it is installed, and its address exists. */
bool proxy_runs(proxy which);

unsigned proxy_port(proxy which);

/* How often its log has this text. */
int proxy_logged(proxy which, const char *text);

#endif
