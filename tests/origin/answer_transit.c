#include "answer_transit.h"

#include "reply.h"

#include <string.h>

#define ROUTES_MAX 4
#define STOPS_MAX 5

typedef struct route {
    const char *id;
    const char *display_name;
    const char *fg_color;
    const char *bg_color;
    /* In the order in which they are served; the last ones may be missing. */
    const char *stops[STOPS_MAX];
} route;

typedef struct agency {
    const char *id;
    const char *display_name;
    route routes[ROUTES_MAX];
} agency;

/* No name needs escaping in JSON. */
static const agency agencies[] = {
    {"actransit",
     "AC Transit",
     {{"1", "1", "#ffffff", "#000088", {"Downtown Berkeley", "Ashby", "MacArthur", "12th Street Oakland", "Fruitvale"}},
      {"51B", "51B", "#000000", "#ffcc00", {"Rockridge", "College & Ashby", "Bancroft", "University & Sacramento"}},
      {"F", "F", "#ffffff", "#008844", {"UC Campus", "Adeline", "Emeryville", "San Francisco Terminal"}}}},
    {"sf-muni",
     "SF Muni",
     {{"N", "N-Judah", "#ffffff", "#003399", {"Ocean Beach", "Sunset", "Cole Valley", "Civic Center", "Caltrain"}},
      {"J", "J-Church", "#000000", "#cc6600", {"Balboa Park", "Glen Park", "Dolores Park", "Embarcadero"}},
      {"38R", "38R-Geary Rapid", "#ffffff", "#990000", {"48th Avenue", "Masonic", "Union Square", "Transit Center"}}}},
    {"lametro",
     "Los Angeles Metro",
     {{"2", "2", "#ffffff", "#ff6600", {"Westwood", "West Hollywood", "Echo Park", "Downtown"}},
      {"720", "720", "#ffffff", "#cc0000", {"Santa Monica", "Beverly Hills", "Koreatown", "Commerce"}}}},
    {"ttc",
     "Toronto Transit Commission",
     {{"501", "501-Queen", "#ffffff", "#cc0000", {"Long Branch", "Roncesvalles", "Spadina", "Neville Park"}},
      {"510", "510-Spadina", "#ffffff", "#cc0000", {"Spadina Station", "College", "Queens Quay", "Union Station"}}}},
};

#define AGENCIES (sizeof agencies / sizeof *agencies)

static void reply_json(exchange *x, unsigned status, buffer *json)
{
    buffer_append(json, "\n", 1);
    reply_bytes(x, status, "application/json", json);
}

static void reply_unknown(exchange *x, const char *what)
{
    buffer json = {0};

    buffer_printf(&json, "{\"error\": \"unknown %s\"}", what);
    reply_json(x, 404, &json);
}

/* An item's identity, without the closing brace; index says whether others come before it. */
static void append_item(buffer *json, size_t index, const char *id, const char *display_name)
{
    buffer_printf(json, "%s{\"id\": \"%s\", \"display_name\": \"%s\"", index > 0 ? ", " : "", id, display_name);
}

static const agency *find_agency(const char *id)
{
    for (size_t i = 0; i < AGENCIES; i++)
        if (strcmp(agencies[i].id, id) == 0)
            return &agencies[i];
    return NULL;
}

/* Finds the route whose file it is: its id and ".json". */
static const route *find_route(const agency *a, const char *file)
{
    for (size_t i = 0; i < ROUTES_MAX && a->routes[i].id; i++) {
        size_t size = strlen(a->routes[i].id);

        if (strncmp(a->routes[i].id, file, size) == 0 && strcmp(file + size, ".json") == 0)
            return &a->routes[i];
    }
    return NULL;
}

void answer_agencies(exchange *x)
{
    buffer json = {0};

    buffer_printf(&json, "{\"items\": [");
    for (size_t i = 0; i < AGENCIES; i++) {
        append_item(&json, i, agencies[i].id, agencies[i].display_name);
        buffer_printf(&json, "}");
    }
    buffer_printf(&json, "]}");
    reply_json(x, 200, &json);
}

void answer_routes(exchange *x)
{
    const agency *a = find_agency(x->arguments.words[0]);
    buffer json = {0};

    if (!a) {
        reply_unknown(x, "agency");
        return;
    }
    buffer_printf(&json, "{\"items\": [");
    for (size_t i = 0; i < ROUTES_MAX && a->routes[i].id; i++) {
        append_item(&json, i, a->routes[i].id, a->routes[i].display_name);
        buffer_printf(&json, "}");
    }
    buffer_printf(&json, "]}");
    reply_json(x, 200, &json);
}

/* The stops of a route in one direction. */
static void append_run(buffer *json, const route *r)
{
    size_t last = 0;

    while (last + 1 < STOPS_MAX && r->stops[last + 1])
        last++;
    buffer_printf(json, "\"run\": {\"id\": \"%s_0\", \"display_name\": \"To %s\", \"stops\": [", r->id, r->stops[last]);
    for (size_t i = 0; i <= last; i++)
        buffer_printf(json, "%s{\"id\": \"%s_0_%zu\", \"display_name\": \"%s\"}", i > 0 ? ", " : "", r->id, i + 1,
                      r->stops[i]);
    buffer_printf(json, "]}");
}

void answer_route(exchange *x)
{
    const agency *a = find_agency(x->arguments.words[0]);
    const route *r = a ? find_route(a, x->arguments.words[1]) : NULL;
    buffer json = {0};

    if (!r) {
        reply_unknown(x, a ? "route" : "agency");
        return;
    }
    append_item(&json, 0, r->id, r->display_name);
    buffer_printf(&json, ", \"fg_color\": \"%s\", \"bg_color\": \"%s\", ", r->fg_color, r->bg_color);
    append_run(&json, r);
    buffer_printf(&json, "}");
    reply_json(x, 200, &json);
}
