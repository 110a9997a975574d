/*
 * libcurl's multi handles of one thread: spreads easy handles over them, moves them on, and waits until there is more to do.
 *
 * One is enough for a hundred transfers, and there is one until there are more: libcurl polls it, and is woken in it.
 * Those that can share connections, as all https requests can with multiplexing, are all in the first.
 * But it walks over all its transfers for each that moves on, and searches its connections one by one for one that is
 * idle; so the others are told what is ready by a poller, which the first is polled together with.
 */
#ifndef AH_MULTIS_H
#define AH_MULTIS_H

#include <curl/curl.h>
#include <stdbool.h>

typedef struct ah_multis ah_multis;

/* One of them. */
typedef struct ah_multi ah_multi;

/* NULL: no memory, or no file descriptors. */
ah_multis *ah_multis_new(void);

/* There must be no easy handle in them. Closes the connections. */
void ah_multis_free(ah_multis *multis);

/* Adds an easy handle to one of them. sharing: it can share its connection with others at the same time, and so is
 * among all the others that can. NULL: no memory. */
ah_multi *ah_multis_add(ah_multis *multis, CURL *easy, bool sharing);

/* Takes the easy handle out. */
void ah_multis_remove(ah_multis *multis, ah_multi *multi, CURL *easy);

/* Closes idle connections, as far as libcurl does it, and keeps fewer until there are more transfers than now. */
void ah_multis_shrink(ah_multis *multis);

/* Does what can be done without waiting. After an error none of them does anything until all are empty. */
CURLMcode ah_multis_perform(ah_multis *multis);

/* An easy handle that libcurl is done with since the last perform, and how it ended; NULL: there is no more. */
CURL *ah_multis_finished(ah_multis *multis, CURLcode *error);

/* Waits until there is something to do, or until woken, for at most so many seconds. */
void ah_multis_wait(ah_multis *multis, double seconds);

/* Ends the present, or else the next, ah_multis_wait(). From any thread, but not while its own thread adds to it. */
void ah_multis_wake(ah_multis *multis);

#endif
