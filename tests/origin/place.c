#include "place.h"

#include "memory.h"

#include <stdlib.h>
#include <string.h>

typedef struct place {
    struct place *next;
    char *name;
    /* In the order of arrival. */
    waiter *oldest;
    waiter *newest;
    uint64_t held;
    uint64_t peak;
} place;

static place *places;

static place *find(const char *name)
{
    place *p = places;

    while (p && strcmp(p->name, name) != 0)
        p = p->next;
    return p;
}

static place *find_or_make(const char *name)
{
    place *p = find(name);

    if (!p) {
        p = memory_zeroed(sizeof *p);
        p->name = memory_string(name, strlen(name));
        p->next = places;
        places = p;
    }
    return p;
}

void place_hold(const char *name, waiter *w)
{
    place *p = find_or_make(name);

    *w = (waiter){.place = p, .previous = p->newest};
    *(p->newest ? &p->newest->next : &p->oldest) = w;
    p->newest = w;
    if (++p->held > p->peak)
        p->peak = p->held;
}

uint64_t place_release(const char *name, uint64_t count)
{
    place *p = find(name);
    uint64_t released = 0;

    while (p && p->oldest && released < count) {
        place_leave(p->oldest);
        released++;
    }
    return released;
}

void place_leave(waiter *w)
{
    place *p = w->place;

    if (!p)
        return;
    *(w->previous ? &w->previous->next : &p->oldest) = w->next;
    *(w->next ? &w->next->previous : &p->newest) = w->previous;
    p->held--;
    *w = (waiter){0};
}

bool place_is_held(const waiter *w)
{
    return w->place != NULL;
}

uint64_t place_held(const char *name)
{
    const place *p = find(name);

    return p ? p->held : 0;
}

uint64_t place_peak(const char *name)
{
    const place *p = find(name);

    return p ? p->peak : 0;
}

void place_forget_all(void)
{
    while (places) {
        place *next = places->next;

        free(places->name);
        free(places);
        places = next;
    }
}
