/*
 * transit: a client for a service about public transport; a part of the example client.c.
 *
 * The transit_ask functions return at once with a promise, to be freed with asynchttp_promise_free(); NULL: there is
 * no memory, or the URI would be too long. The transit_get functions give what was asked for, which belongs to the
 * promise. They wait if they must; if there was an error, they print it and return NULL.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TRANSIT_H
#define TRANSIT_H

#include <asynchttp.h>

/* An agency, a route or a stop. */
typedef struct transit_item {
    const char *id;
    const char *name;
} transit_item;

typedef struct transit_list {
    size_t count;
    transit_item *items;
} transit_list;

typedef struct transit_route {
    const char *name;
    const char *direction;
    transit_list stops;
} transit_route;

/* base: how all URIs of the service begin, "http://127.0.0.1:8080". */
asynchttp_promise *transit_ask_agencies(asynchttp_http *http, const char *base);
asynchttp_promise *transit_ask_routes(asynchttp_http *http, const char *base, const char *agency);
asynchttp_promise *transit_ask_route(asynchttp_http *http, const char *base, const char *agency, const char *route);

/* The list of agencies, or of routes. */
const transit_list *transit_get_list(asynchttp_promise *promise);
const transit_route *transit_get_route(asynchttp_promise *promise);

#endif
