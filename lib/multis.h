/*
 * libcurl's multi handles of one thread: spreads easy handles over them, moves them on, and waits until there is more to do.
 *
 * libcurl walks over all the transfers of one that is polled whenever one of them moves on, and searches its connections
 * one by one for one that is idle. So there are several of a few hundred transfers each, and a poller tells them which
 * sockets are ready. But those that can share connections, as all https requests can with multiplexing, are all in the
 * first, which is polled, together with the poller; and so is everything where there is none.
 *
 * While there are few, and each is answered soon, it takes less to walk over all of them than to have libcurl keep a table
 * for each socket that it is asked about. So the second is polled as well then, and goes over to the poller, with its
 * transfers and connections, when they become more or take longer.
 */
#ifndef AH_MULTIS_H
#define AH_MULTIS_H

#include <curl/curl.h>
#include <stdbool.h>

#include "base/clock.h"

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

/* A socket was opened for one of its easy handles, and one is about to be closed: to be said of each that libcurl has
 * opened and closed by the program's functions. */
void ah_multis_opened(ah_multis *multis, curl_socket_t socket);
void ah_multis_closing(ah_multis *multis, curl_socket_t socket);

/* Closes idle connections, as far as libcurl does it, and keeps fewer until there are more transfers than now. */
void ah_multis_shrink(ah_multis *multis);

/* How thoroughly it is looked what has come. */
typedef enum ah_look {
    /* As AH_LOOK_ON, but where that takes long, now and then: there is more to be done at once. */
    AH_LOOK_BRIEFLY,
    /* For what ah_multis_wait() has found. */
    AH_LOOK_ON,
    /* For everything that has come until now. */
    AH_LOOK_WELL,
} ah_look;

/* Does what can be done without waiting, but for what comes up meanwhile; now: the time. After an error none of them does
 * anything until all are empty. */
CURLMcode ah_multis_perform(ah_multis *multis, ah_look how, ah_time now);

/* An easy handle that libcurl is done with since the last perform, and how it ended; NULL: there is no more. */
CURL *ah_multis_finished(ah_multis *multis, CURLcode *error);

/* Waits until there is something to do, or until woken, for at most so many seconds. */
void ah_multis_wait(ah_multis *multis, double seconds);

/* Ends the present, or else the next, ah_multis_wait(). From any thread. */
void ah_multis_wake(ah_multis *multis);

#endif
