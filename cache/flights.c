#include "cache/flights.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 256 };

struct ah_flight {
    char *uri;
    uint64_t salt;
    uint64_t hash;
    ah_waiter *waiters;
    ah_flight *next;
};

struct ah_flights {
    pthread_mutex_t lock;
    /* Changed under the lock. */
    atomic_ulong ended;
    ah_flight *buckets[BUCKETS];
};

ah_flights *ah_flights_new(void)
{
    ah_flights *flights = calloc(1, sizeof(*flights));
    if (flights)
        pthread_mutex_init(&flights->lock, NULL);
    return flights;
}

void ah_flights_free(ah_flights *flights)
{
    if (!flights)
        return;
    pthread_mutex_destroy(&flights->lock);
    free(flights);
}

/* FNV-1a. Whoever makes URIs collide makes lists longer that are as long as there are requests under way. */
static uint64_t hash_of(const char *uri, uint64_t salt)
{
    uint64_t hash = 14695981039346656037u ^ salt;
    for (; *uri; uri++)
        hash = (hash ^ (unsigned char)*uri) * 1099511628211u;
    return hash;
}

static ah_flight **place_locked(ah_flights *flights, const char *uri, uint64_t salt, uint64_t hash)
{
    ah_flight **link = &flights->buckets[hash % BUCKETS];
    while (*link && ((*link)->hash != hash || (*link)->salt != salt || strcmp((*link)->uri, uri) != 0))
        link = &(*link)->next;
    return link;
}

static ah_flight *add_locked(ah_flight **link, const char *uri, uint64_t salt, uint64_t hash)
{
    ah_flight *flight = calloc(1, sizeof(*flight));
    char *copy = strdup(uri);
    if (!flight || !copy) {
        free(flight);
        free(copy);
        return NULL;
    }
    *flight = (ah_flight){.uri = copy, .salt = salt, .hash = hash};
    *link = flight;
    return flight;
}

static void wait_locked(ah_flight *flight, ah_waiter *waiter)
{
    waiter->flight = flight;
    waiter->leads = false;
    waiter->previous = NULL;
    waiter->next = flight->waiters;
    if (waiter->next)
        waiter->next->previous = waiter;
    flight->waiters = waiter;
}

static ah_flight_role join_locked(ah_flights *flights, const char *uri, uint64_t salt, ah_waiter *waiter, bool waits)
{
    uint64_t hash = hash_of(uri, salt);
    ah_flight **link = place_locked(flights, uri, salt, hash);
    if (*link && !waits)
        return AH_FLIGHT_ALONE;
    if (*link) {
        wait_locked(*link, waiter);
        return AH_FLIGHT_WAIT;
    }
    waiter->flight = add_locked(link, uri, salt, hash);
    waiter->leads = waiter->flight != NULL;
    return waiter->leads ? AH_FLIGHT_LEAD : AH_FLIGHT_ALONE;
}

ah_flight_role ah_flights_join(ah_flights *flights, const char *uri, uint64_t salt, ah_waiter *waiter, bool waits)
{
    pthread_mutex_lock(&flights->lock);
    ah_flight_role role = join_locked(flights, uri, salt, waiter, waits);
    pthread_mutex_unlock(&flights->lock);
    return role;
}

static void stop_waiting_locked(ah_waiter *waiter)
{
    if (waiter->previous)
        waiter->previous->next = waiter->next;
    else
        waiter->flight->waiters = waiter->next;
    if (waiter->next)
        waiter->next->previous = waiter->previous;
    waiter->flight = NULL;
}

unsigned long ah_flights_ended(const ah_flights *flights)
{
    return atomic_load_explicit(&flights->ended, memory_order_acquire);
}

static void end_locked(ah_flights *flights, ah_flight *flight, ah_landing landing)
{
    atomic_fetch_add_explicit(&flights->ended, 1, memory_order_release);
    *place_locked(flights, flight->uri, flight->salt, flight->hash) = flight->next;
    while (flight->waiters) {
        ah_waiter *waiter = flight->waiters;
        stop_waiting_locked(waiter);
        waiter->landing = landing;
        waiter->wake(waiter->data);
    }
    free(flight->uri);
    free(flight);
}

void ah_flights_leave(ah_flights *flights, ah_waiter *waiter, ah_landing landing)
{
    pthread_mutex_lock(&flights->lock);
    if (waiter->flight && waiter->leads)
        end_locked(flights, waiter->flight, landing);
    else if (waiter->flight)
        stop_waiting_locked(waiter);
    waiter->flight = NULL;
    waiter->leads = false;
    pthread_mutex_unlock(&flights->lock);
}
