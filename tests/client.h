/*
 * For test suites that use the library as a program does: an Http for each test, requests that are waited for, a little
 * server that the test itself plays, and what is compared again and again.
 */
#ifndef CLIENT_H
#define CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "asynchttp.h"

/* How many items an array has, as Check's loops want it. */
#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

/* ---- The Http ---- */

/* The test's own. Made by client_setup() and freed, with all promises that were kept, by client_teardown(): checked
 * fixtures of a test case. Proxies that the environment names are forgotten. */
extern asynchttp_http *http;
void client_setup(void);
void client_teardown(void);

/* ---- Requests ---- */

/* Makes a request; the promise is freed by client_teardown(). */
#define client_request(uri, request) client_keep(asynchttp_http_request(http, uri, request))
asynchttp_promise *client_keep(asynchttp_promise *promise);

/* Waits until it is done and returns its error; a test that hangs fails after a minute. */
asynchttp_code client_wait(asynchttp_promise *promise);

/* They wait; the request must have succeeded. A text has no zero byte in it. */
asynchttp_response *client_response(asynchttp_promise *promise);
int client_status(asynchttp_promise *promise);
const char *client_header(asynchttp_promise *promise, const char *name);
const char *client_text(asynchttp_promise *promise);

/* It waits; the request must have succeeded, with length bytes of the origin's pattern. */
void client_expect_pattern(asynchttp_promise *promise, uint64_t length);

/* Whether the Http can still do what it is there for. */
void client_expect_usable(void);

/* A step of the origin's /raw that sends these bytes: "send=...". Valid until seven more were made. */
const char *client_raw(const char *bytes);

/* ---- A server that the test plays ---- */

/* A socket that listens on 127.0.0.1; to be closed. */
int client_listen(unsigned *port);

/* The next connection, to be closed. It must come within half a minute. */
int client_accept(int listener);

/* Whether there is a connection that was not accepted yet. */
bool client_is_called(int listener);

/* Reads a request, head and body, into text. False: the connection was closed before it was complete. */
bool client_receive(int connection, char *text, size_t size);

void client_send(int connection, const char *text);

/* A port that nobody listens on. Reserved by the socket, which is to be closed. */
int client_reserve(unsigned *port);

/* ---- Patterns and memory ---- */

/* Bytes of the origin's pattern, to be freed. */
unsigned char *client_pattern(size_t length);

/* The most memory that this process has had, in KiB. */
long client_peak_memory(void);

/* From now on, the peak is what comes after. */
void client_forget_peak(void);

#endif
