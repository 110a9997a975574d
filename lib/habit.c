#include "habit.h"

#include <stdint.h>

/* So many that were waited for in succession say that the next one will be; and so many if that was wrong often. */
enum { LEAST = 8, MOST = 4096 };

typedef struct habit {
    /* The address of what has been made, and not been waited for; 0: there is none. It may be gone by now. */
    uintptr_t newest;
    /* That was to be waited for. */
    bool expected;
    /* How many have been waited for in succession, and how many it takes. */
    unsigned waited;
    unsigned enough;
} habit;

static _Thread_local habit own = {.enough = LEAST};

/* What was made last has not been waited for. */
static void doubt(void)
{
    if (own.expected && own.enough < MOST)
        own.enough *= 2;
    own.waited = 0;
}

static void trust(void)
{
    own.waited++;
    if (own.waited < own.enough * 2)
        return;
    own.waited = own.enough;
    if (own.enough > LEAST)
        own.enough /= 2;
}

bool ah_habit_made(const void *request)
{
    if (own.newest)
        doubt();
    own.newest = (uintptr_t)request;
    own.expected = own.waited >= own.enough;
    return own.expected;
}

void ah_habit_waited(const void *request)
{
    if (own.newest != (uintptr_t)request)
        return;
    own.newest = 0;
    trust();
}
