#include "cache/watches.h"

#include <string.h>

void ah_watches_init(ah_watches *watches)
{
    memset(watches, 0, sizeof(*watches));
    pthread_mutex_init(&watches->lock, NULL);
}

void ah_watches_destroy(ah_watches *watches)
{
    pthread_mutex_destroy(&watches->lock);
}

static ah_watch **bucket_of(ah_watches *watches, const char *uri)
{
    unsigned hash = 5381;
    for (; *uri; uri++)
        hash = hash * 33 + (unsigned char)*uri;
    return &watches->buckets[hash % AH_WATCH_BUCKETS];
}

static void remove_locked(ah_watches *watches, ah_watch *watch)
{
    if (watch->previous)
        watch->previous->next = watch->next;
    else
        *bucket_of(watches, watch->uri) = watch->next;
    if (watch->next)
        watch->next->previous = watch->previous;
    watch->uri = NULL;
}

void ah_watch_begin(ah_watches *watches, ah_watch *watch, const char *uri)
{
    pthread_mutex_lock(&watches->lock);
    if (watch->uri)
        remove_locked(watches, watch);
    ah_watch **bucket = bucket_of(watches, uri);
    *watch = (ah_watch){.uri = uri, .next = *bucket};
    if (*bucket)
        (*bucket)->previous = watch;
    *bucket = watch;
    pthread_mutex_unlock(&watches->lock);
}

bool ah_watch_end(ah_watches *watches, ah_watch *watch)
{
    /* Set by its own thread alone. */
    if (!watch->uri)
        return false;
    pthread_mutex_lock(&watches->lock);
    remove_locked(watches, watch);
    bool outdated = watch->outdated;
    pthread_mutex_unlock(&watches->lock);
    return outdated;
}

static void outdate_locked(ah_watch *first, const char *uri, const ah_watch *spared)
{
    for (ah_watch *watch = first; watch; watch = watch->next) {
        if (watch != spared && (!uri || strcmp(watch->uri, uri) == 0))
            watch->outdated = true;
    }
}

void ah_watches_outdate(ah_watches *watches, const char *uri, const ah_watch *spared)
{
    pthread_mutex_lock(&watches->lock);
    if (uri)
        outdate_locked(*bucket_of(watches, uri), uri, spared);
    for (size_t i = 0; !uri && i < AH_WATCH_BUCKETS; i++)
        outdate_locked(watches->buckets[i], NULL, spared);
    pthread_mutex_unlock(&watches->lock);
}
