/*
 * The test origin, for the test programs: starts it, says where it is, and asks it things behind the library's back.
 * What the origin can do, "origin --help" tells. Whatever fails here is printed and aborts the test.
 */
#ifndef FIXTURE_H
#define FIXTURE_H

/* For functions that take a format as printf does. */
#if defined(__GNUC__) || defined(__clang__)
#define FIXTURE_PRINTF __attribute__((format(printf, 1, 2)))
#define FIXTURE_PRINTF_AFTER_NUMBER __attribute__((format(printf, 2, 3)))
#else
#define FIXTURE_PRINTF
#define FIXTURE_PRINTF_AFTER_NUMBER
#endif

/*
 * Starts the origin: the program that the environment variable ORIGIN names, otherwise the macro ORIGIN_PROGRAM. It
 * ends with the processes that hold its standard input, which are this one and those forked from it.
 */
void fixture_start(void);

/* Ends the origin and waits for it. Does nothing in a process that did not start it. */
void fixture_stop(void);

/* So many milliseconds, or as many times more as Check's own limits are, where everything is slow
 * (CK_TIMEOUT_MULTIPLIER). For limits that only say that something hangs. */
long fixture_patience(long ms);

/* The port that the origin listens on. */
unsigned origin_port(void);

/* "http://127.0.0.1:PORT" or "http://[::1]:PORT", and the path: 8191 characters at most. Valid until the thread has
 * made eight more. */
FIXTURE_PRINTF const char *origin_url(const char *format, ...);
FIXTURE_PRINTF const char *origin_url6(const char *format, ...);

/* Fetches a path over a connection of its own, with nothing but a socket. Returns the body, to be freed. The status
 * must be 200. */
FIXTURE_PRINTF char *origin_get(const char *format, ...);

/* The same for a body that is a number. */
FIXTURE_PRINTF long origin_number(const char *format, ...);

/* Fetches a path again and again until the body is this number; aborts the test if it is not within 30 seconds. */
FIXTURE_PRINTF_AFTER_NUMBER void origin_await(long wanted, const char *format, ...);

#endif
