/*
 * Many sockets, of which it costs little to wait until some are ready: an epoll set, which only Linux has.
 *
 * Each change of what a socket is watched for is a system call, and a connection that serves one request after the other
 * would take two for each. So a socket stays in the set while nobody is interested in it, until it tells of something
 * that nobody wants to know.
 */
#ifndef AH_POLLER_H
#define AH_POLLER_H

#include <stdbool.h>
#include <stddef.h>

/* What is known of a socket. */
struct ah_poller_socket;

typedef struct ah_poller {
    /* A descriptor that is readable while any of the sockets is ready, or the poller has been woken. */
    int set;
    int bell;
    /* A copy of a socket that is gone is in the set, or one is not that should be. */
    bool wrong;
    /* There may have been more to tell the last time. */
    bool full;
    /* By descriptor. */
    struct ah_poller_socket *sockets;
    size_t count;
} ah_poller;

/* What a socket is watched for, or is found to be. */
enum { AH_POLLER_READABLE = 1, AH_POLLER_WRITABLE = 2 };

/* A socket that is ready. One that has failed is both. */
typedef struct ah_poller_event {
    int socket;
    /* Whose it is, as was said when it was last watched. */
    unsigned owner;
    /* AH_POLLER_... */
    unsigned ready;
} ah_poller_event;

/* False: no file descriptors or no memory, or not on this system. */
bool ah_poller_open(ah_poller *poller);

void ah_poller_close(ah_poller *poller);

/* The socket was just made, and its end will be told by ah_poller_forget(), unless it never gets connected. One for which
 * that is not said has to be watched for nothing before it is closed. No harm if there is no memory for it. */
void ah_poller_adopt(ah_poller *poller, int socket);

/* The socket is about to be closed: the copy that a child of fork() has would stay in the set. */
void ah_poller_forget(ah_poller *poller, int socket);

/* Watches a socket for some of AH_POLLER_..., or no longer for anything (0), unless it is somebody else's by now. False:
 * no memory. */
bool ah_poller_watch(ah_poller *poller, int socket, unsigned owner, unsigned what);

/* As many are told of at a time, at most. */
enum { AH_POLLER_MOST = 256 };

/* Waits, for at most so many milliseconds, until some are ready or it is woken. Returns how many events it wrote, which
 * may be none at any time. */
int ah_poller_wait(ah_poller *poller, ah_poller_event *events, int most, int milliseconds);

/* Ends the present, or else the next, ah_poller_wait(). From any thread. */
void ah_poller_wake(ah_poller *poller);

#endif
