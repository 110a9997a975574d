#include "base/timers.h"

#include <stdlib.h>

bool ah_timers_reserve(ah_timers *timers, size_t count)
{
    if (count <= timers->capacity)
        return true;
    size_t capacity = timers->capacity * 2 > count ? timers->capacity * 2 : count;
    ah_timer **heap = realloc(timers->heap, capacity * sizeof(*heap));
    if (!heap)
        return false;
    timers->heap = heap;
    timers->capacity = capacity;
    return true;
}

static void put(ah_timers *timers, ah_timer *timer, size_t place)
{
    timers->heap[place - 1] = timer;
    timer->place = place;
}

static void sift_up(ah_timers *timers, ah_timer *timer)
{
    size_t place = timer->place;
    while (place > 1 && timers->heap[place / 2 - 1]->due > timer->due) {
        put(timers, timers->heap[place / 2 - 1], place);
        place /= 2;
    }
    put(timers, timer, place);
}

static void sift_down(ah_timers *timers, ah_timer *timer)
{
    size_t place = timer->place;
    for (;;) {
        size_t child = place * 2;
        if (child > timers->count)
            break;
        if (child < timers->count && timers->heap[child]->due < timers->heap[child - 1]->due)
            child++;
        if (timers->heap[child - 1]->due >= timer->due)
            break;
        put(timers, timers->heap[child - 1], place);
        place = child;
    }
    put(timers, timer, place);
}

void ah_timers_set(ah_timers *timers, ah_timer *timer, ah_time due)
{
    timer->due = due;
    if (!timer->place)
        put(timers, timer, ++timers->count);
    sift_up(timers, timer);
    sift_down(timers, timer);
}

void ah_timers_remove(ah_timers *timers, ah_timer *timer)
{
    size_t place = timer->place;
    timer->place = 0;
    ah_timer *last = timers->heap[--timers->count];
    if (last == timer)
        return;
    put(timers, last, place);
    sift_up(timers, last);
    sift_down(timers, last);
}

void ah_timers_free(ah_timers *timers)
{
    free(timers->heap);
    *timers = (ah_timers){0};
}
