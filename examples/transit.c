/*
 * transit: see transit.h. Shows how to decode answers in callbacks, and how to hand them out with their promises.
 *
 * SPDX-License-Identifier: MIT
 */
#include "transit.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* What is attached to a promise: a list or a route, and the JSON that their strings are in. */
typedef struct answer {
    json_t *json;
    transit_list list;
    transit_route route;
} answer;

/* ---- In the background --------------------------------------------------------------------- */

static void free_answer(void *data)
{
    answer *a = data;
    json_decref(a->json);
    free(a->list.items);
    free(a->route.stops.items);
    free(a);
}

/* Returns 0, or -1 if it is not a list of items or there is no memory. */
static int decode_list(json_t *json, transit_list *list)
{
    size_t i;
    json_t *value;
    if (!json_is_array(json) || !(list->items = calloc(json_array_size(json) + 1, sizeof *list->items)))
        return -1;
    list->count = json_array_size(json);
    json_array_foreach(json, i, value)
    {
        transit_item *item = &list->items[i];
        if (json_unpack(value, "{s:s, s:s}", "id", &item->id, "display_name", &item->name) != 0)
            return -1;
    }
    return 0;
}

static int decode_route(json_t *json, transit_route *route)
{
    json_t *stops;
    if (json_unpack(json, "{s:s, s:{s:s, s:o}}", "display_name", &route->name, "run", "display_name", &route->direction,
                    "stops", &stops) != 0)
        return -1;
    return decode_list(stops, &route->stops);
}

/* Gives the promise an answer with the JSON that came. What it returns is for a callback to return. */
static int parse(asynchttp_promise *promise, answer **a)
{
    asynchttp_response *response;
    const void *content;
    size_t length;
    /* Errors of the network stay in the promise, whatever a callback returns. */
    if (asynchttp_promise_response(promise, &response) || asynchttp_promise_content(promise, &content, &length))
        return -1;
    if (asynchttp_response_status(response) != 200)
        return asynchttp_response_status(response);
    if (!(*a = calloc(1, sizeof **a)))
        return -1;
    (*a)->json = json_loadb(content, length, 0, NULL);
    return (int)asynchttp_promise_set_data(promise, *a, free_answer);
}

static int on_list(asynchttp_promise *promise, void *data)
{
    answer *a;
    int error = parse(promise, &a);
    (void)data;
    return error ? error : decode_list(json_object_get(a->json, "items"), &a->list);
}

static int on_route(asynchttp_promise *promise, void *data)
{
    answer *a;
    int error = parse(promise, &a);
    (void)data;
    return error ? error : decode_route(a->json, &a->route);
}

/* ---- In the program ------------------------------------------------------------------------ */

static asynchttp_promise *ask(asynchttp_http *http, asynchttp_callback *callback, const char *format, ...)
{
    char uri[1024];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(uri, sizeof uri, format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= sizeof uri)
        return NULL;
    return asynchttp_http_request(http, uri, ASYNCHTTP_REQUEST(.callback = callback));
}

asynchttp_promise *transit_ask_agencies(asynchttp_http *http, const char *base)
{
    return ask(http, on_list, "%s/agencies.json", base);
}

asynchttp_promise *transit_ask_routes(asynchttp_http *http, const char *base, const char *agency)
{
    return ask(http, on_list, "%s/agencies/%s/routes.json", base, agency);
}

asynchttp_promise *transit_ask_route(asynchttp_http *http, const char *base, const char *agency, const char *route)
{
    return ask(http, on_route, "%s/agencies/%s/routes/%s.json", base, agency, route);
}

static const answer *get(asynchttp_promise *promise)
{
    void *a;
    if (asynchttp_promise_data(promise, &a) == ASYNCHTTP_OK)
        return a;
    fprintf(stderr, "transit: %s\n", asynchttp_promise_error_message(promise));
    return NULL;
}

const transit_list *transit_get_list(asynchttp_promise *promise)
{
    const answer *a = get(promise);
    return a ? &a->list : NULL;
}

const transit_route *transit_get_route(asynchttp_promise *promise)
{
    const answer *a = get(promise);
    return a ? &a->route : NULL;
}
