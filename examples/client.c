/*
 * client: uses a client for somebody's API, transit.c, whose functions return at once with promises.
 *
 * A request that needs an earlier answer waits for that one only: while the routes of the first agency are awaited,
 * those of the second are on their way.
 *
 *     cc -o client client.c transit.c $(pkg-config --cflags --libs asynchttp jansson)
 *     ./client http://127.0.0.1:PORT
 *
 * SPDX-License-Identifier: MIT
 */
#include "transit.h"

#include <stdio.h>
#include <stdlib.h>

/* Everything that is asked for. NULL: not asked for yet. */
typedef struct questions {
    asynchttp_promise *agencies;
    asynchttp_promise *routes[2];
    asynchttp_promise *route;
} questions;

static void print_list(const char *title, const transit_list *list)
{
    printf("%s:\n", title);
    for (size_t i = 0; i < list->count; i++)
        printf("    %-12s %s\n", list->items[i].id, list->items[i].name);
}

static bool ask(asynchttp_http *http, const char *base, questions *q)
{
    q->agencies = transit_ask_agencies(http, base);
    const transit_list *agencies = q->agencies ? transit_get_list(q->agencies) : NULL;
    if (!agencies || agencies->count < 2)
        return false;

    for (size_t i = 0; i < 2; i++)
        q->routes[i] = transit_ask_routes(http, base, agencies->items[i].id);

    /* Waits for the first agency's routes; the second one's come in meanwhile. */
    const transit_list *routes = q->routes[0] ? transit_get_list(q->routes[0]) : NULL;
    if (!routes || routes->count < 1)
        return false;

    q->route = transit_ask_route(http, base, agencies->items[0].id, routes->items[0].id);
    return q->routes[1] && q->route;
}

static bool print(const questions *q)
{
    const transit_list *agencies = transit_get_list(q->agencies);
    const transit_list *routes[] = {transit_get_list(q->routes[0]), transit_get_list(q->routes[1])};
    const transit_route *route = transit_get_route(q->route);
    if (!agencies || !routes[0] || !routes[1] || !route)
        return false;
    print_list("Agencies", agencies);
    for (size_t i = 0; i < 2; i++)
        print_list(agencies->items[i].name, routes[i]);
    printf("Route %s of %s, %s", route->name, agencies->items[0].name, route->direction);
    print_list("", &route->stops);
    return true;
}

int main(int argc, char **argv)
{
    questions q = {0};
    if (argc != 2) {
        fprintf(stderr, "usage: client BASE-URL\n");
        return EXIT_FAILURE;
    }

    asynchttp_http *http = asynchttp_http_new(NULL);
    bool ok = http && ask(http, argv[1], &q) && print(&q);
    if (!ok)
        fprintf(stderr, "client: not everything could be found out\n");

    asynchttp_promise_free(q.route);
    asynchttp_promise_free(q.routes[1]);
    asynchttp_promise_free(q.routes[0]);
    asynchttp_promise_free(q.agencies);
    asynchttp_http_free(http);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
