#include "cache/usage.h"

#include <stdlib.h>

/* An entry has its place in one bucket, by its id; ids that follow on each other never meet. */
enum { BUCKETS = 512, PER_BUCKET = 8, PLACES = BUCKETS * PER_BUCKET };

/* Seconds: how long the last few wait, and how long many do. At that rate, writing costs a small part of the time,
 * however many entries are in use. */
static const double longest_wait = 5;
static const double shortest_wait = 2;

void ah_usage_init(ah_usage *usage)
{
    *usage = (ah_usage){0};
    pthread_mutex_init(&usage->lock, NULL);
}

void ah_usage_destroy(ah_usage *usage)
{
    free(usage->uses);
    pthread_mutex_destroy(&usage->lock);
}

/* The place of that entry, or a free one; NULL: the bucket is full. */
static ah_use *find_place(ah_usage *usage, int64_t id)
{
    ah_use *bucket = &usage->uses[(uint64_t)id % BUCKETS * PER_BUCKET];
    ah_use *vacant = NULL;
    for (int i = 0; i < PER_BUCKET; i++) {
        if (bucket[i].id == id)
            return &bucket[i];
        if (!bucket[i].id && !vacant)
            vacant = &bucket[i];
    }
    return vacant;
}

static bool is_due(ah_usage *usage)
{
    double waited = ah_clock_now() - usage->taken;
    return usage->count && waited > (usage->count < AH_USES ? longest_wait : shortest_wait);
}

static bool begin(ah_usage *usage)
{
    if (usage->uses)
        return true;
    usage->uses = calloc(PLACES, sizeof(*usage->uses));
    usage->taken = ah_clock_now();
    return usage->uses != NULL;
}

bool ah_usage_note(ah_usage *usage, int64_t id, double now)
{
    pthread_mutex_lock(&usage->lock);
    ah_use *place = begin(usage) ? find_place(usage, id) : NULL;
    if (place) {
        usage->count += place->id == 0;
        place->id = id;
        place->hits++;
        place->used = now;
    }
    bool due = is_due(usage);
    pthread_mutex_unlock(&usage->lock);
    return due;
}

bool ah_usage_waits(ah_usage *usage)
{
    pthread_mutex_lock(&usage->lock);
    bool waits = usage->count != 0;
    pthread_mutex_unlock(&usage->lock);
    return waits;
}

size_t ah_usage_take(ah_usage *usage, ah_use taken[AH_USES])
{
    size_t count = 0;
    pthread_mutex_lock(&usage->lock);
    usage->taken = ah_clock_now();
    while (usage->count && count < AH_USES) {
        ah_use *place = &usage->uses[usage->cursor++ % PLACES];
        if (!place->id)
            continue;
        taken[count++] = *place;
        *place = (ah_use){0};
        usage->count--;
    }
    pthread_mutex_unlock(&usage->lock);
    return count;
}
