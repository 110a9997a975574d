/*
 * Who asks a server for a URI at present, and is to know when what is stored for it has been invalidated meanwhile: its
 * response may be older than that.
 */
#ifndef AH_WATCHES_H
#define AH_WATCHES_H

#include <pthread.h>
#include <stdbool.h>

/* Embedded in who asks. All zero: it asks for nothing. */
typedef struct ah_watch {
    /* NULL: not watching. */
    const char *uri;
    bool outdated;
    struct ah_watch *next;
    struct ah_watch *previous;
} ah_watch;

enum { AH_WATCH_BUCKETS = 256 };

typedef struct ah_watches {
    pthread_mutex_t lock;
    /* By the hash of the URI. */
    ah_watch *buckets[AH_WATCH_BUCKETS];
} ah_watches;

void ah_watches_init(ah_watches *watches);
void ah_watches_destroy(ah_watches *watches);

/* From now on; the URI must stay. Anew, if it was watching already. */
void ah_watch_begin(ah_watches *watches, ah_watch *watch, const char *uri);

/* Not any more. Returns whether the URI was invalidated since then. False for one that was not watching. */
bool ah_watch_end(ah_watches *watches, ah_watch *watch);

/* The URI has been invalidated, by the response to the one that is spared (NULL: none). uri NULL: all have. */
void ah_watches_outdate(ah_watches *watches, const char *uri, const ah_watch *spared);

#endif
