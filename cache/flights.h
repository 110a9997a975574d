/*
 * Requests for the same thing that are under way at once (RFC 9111 section 4): one leads and goes to the network, the
 * others may wait for what it brings.
 */
#ifndef AH_FLIGHTS_H
#define AH_FLIGHTS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct ah_flights ah_flights;
typedef struct ah_flight ah_flight;

/* How a flight ended, for those who waited for it. */
typedef enum ah_landing {
    /* What it has brought is there, or nothing of use to others: each sees for itself. */
    AH_LANDED,
    /* It has failed, which may not happen again: another may lead. */
    AH_LANDED_NOT,
    /* It was given up, for reasons of its own: another may lead. */
    AH_LANDED_NEVER,
} ah_landing;

/* One who leads a flight or waits for it. Embedded in what waits; wake and data are its own to fill in, the rest
 * belongs to the flights. All zero: neither. */
typedef struct ah_waiter {
    /* The flight that this one waited for has ended. Called once, from the thread that ended it and with the flights'
     * lock held: it must only have the waiter look again. NULL: it never waits. */
    void (*wake)(void *data);
    void *data;
    /* NULL: none, or not any more. */
    ah_flight *flight;
    bool leads;
    /* How the one ended that it waited for. */
    ah_landing landing;
    struct ah_waiter *next;
    struct ah_waiter *previous;
} ah_waiter;

/* NULL: no memory. */
ah_flights *ah_flights_new(void);

/* Nobody leads or waits any more. */
void ah_flights_free(ah_flights *flights);

/* How many have ended so far. Who has looked for what a flight may bring, and leads one after that, is to look again if it
 * is not what it was before. */
unsigned long ah_flights_ended(const ah_flights *flights);

typedef enum ah_flight_role {
    /* The first: it goes, and must end the flight. */
    AH_FLIGHT_LEAD,
    /* It will be woken when the flight has ended. */
    AH_FLIGHT_WAIT,
    /* There is one under way, or no memory: it goes by itself. */
    AH_FLIGHT_ALONE,
} ah_flight_role;

/* Joins the flight to a URI, of those with the same salt. waits: whether it is to wait if it cannot lead. */
ah_flight_role ah_flights_join(ah_flights *flights, const char *uri, uint64_t salt, ah_waiter *waiter, bool waits);

/* Ends the flight that it leads, which wakes those who wait, or stops waiting. When it returns, wake is not running and
 * will not be called. Does nothing for one who does neither. */
void ah_flights_leave(ah_flights *flights, ah_waiter *waiter, ah_landing landing);

#endif
