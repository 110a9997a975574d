/*
 * Many sockets, of which it costs little to ask which are ready: an epoll set, which only Linux has.
 */
#ifndef AH_POLLER_H
#define AH_POLLER_H

#include <stdbool.h>

typedef struct ah_poller {
    /* A descriptor that is readable while any of the sockets is ready. */
    int set;
} ah_poller;

/* What a socket is watched for, or is found to be. */
enum { AH_POLLER_READABLE = 1, AH_POLLER_WRITABLE = 2 };

/* A socket that is ready. One that has failed is both. */
typedef struct ah_poller_event {
    int socket;
    /* Whose it is, as was said when it began to be watched. */
    unsigned owner;
    /* AH_POLLER_... */
    unsigned ready;
} ah_poller_event;

/* False: no file descriptors or no memory, or not on this system. */
bool ah_poller_open(ah_poller *poller);

void ah_poller_close(ah_poller *poller);

/* Watches a socket for some of AH_POLLER_..., or no longer for anything (0), as it must be before it is closed: the
 * copy that a child of fork() has would stay in the set. False: no memory. */
bool ah_poller_watch(ah_poller *poller, int socket, unsigned owner, unsigned what);

/* As many are told of at a time, at most. */
enum { AH_POLLER_MOST = 256 };

/* Which are ready, now. Returns how many events it wrote. */
int ah_poller_look(ah_poller *poller, ah_poller_event *events, int most);

#endif
