/*
 * Which of a queue's workers are at work, and whether these are enough: as many as there are processors, unless one of
 * them is stuck or they wait rather than run. The others are held back from what waits; one of them, the deputy, looks
 * every millisecond whether those at work get on.
 *
 * All of it is under the queue's lock.
 */
#ifndef AH_CREW_H
#define AH_CREW_H

#include <pthread.h>
#include <stdbool.h>

#include "base/clock.h"

typedef struct ah_member ah_member;

/* Part of a worker. All zero: not in the crew. */
struct ah_member {
    ah_member *next;
    pthread_t thread;
    /* Looks for work, or does it. */
    bool awake;
    /* Enough others were awake when it came, or, if it is a substitute, when it came back for more: it takes nothing
     * before one of them sleeps or is stuck. */
    bool held;
    /* Came although as many as there are processors were awake, since one of them was stuck or they wait rather than
     * run, or for what is done even by those who are held; and goes when it comes back for more and enough others get
     * on. */
    bool substitute;
    /* Is awake, and was found to come no further. */
    bool stuck;
    /* How often it has begun, gone on with or ended something; that, and how many seconds it had run, when the deputy
     * began to watch; and whether it has slept since, so that this says nothing. */
    unsigned steps;
    unsigned steps_before;
    double ran_before;
    bool slept;
    /* How often the deputy has watched it come no further. */
    unsigned watches;
};

typedef struct ah_crew {
    /* All whose threads have begun and who have not left. */
    ah_member *members;
    /* So many that are awake and not stuck are enough: as many as there are processors, since more would only take them,
     * and what they keep in memory, from each other; but any number, until that time, if they were found to wait. */
    unsigned enough;
    ah_time enough_until;
    unsigned processors;
    unsigned awake;
    /* Of those that are awake. */
    unsigned stuck;
    /* One of them waits, as far as can be said where all processors are taken: those who come for it stay. */
    bool starved;
    /* Sleeps, while there is work that it was held back from, and watches; NULL: nobody. Since when, and how many seconds
     * the process had run then. */
    ah_member *deputy;
    ah_time watched_since;
    double ran_before;
} ah_crew;

void ah_crew_init(ah_crew *crew);

/* On the member's own thread. */
void ah_crew_join(ah_crew *crew, ah_member *member);

/* From now on this thread is at work in the place of the member's own, or that itself again. */
void ah_crew_replace(ah_member *member, pthread_t thread);

/* One that has lain down leaves. */
void ah_crew_leave(ah_crew *crew, const ah_member *member);

/* Whether as many are awake, and get on, as can be of use. */
bool ah_crew_is_enough(const ah_crew *crew);

/* The member comes to look for work, from sleep or from other work. held says whether it is to stay away from that;
 * otherwise it is awake. sparable: it may stay away. */
void ah_crew_arrive(ah_crew *crew, ah_member *member, bool sparable);

/* The same once more, for one that was held back and is about to sleep; it is not awake yet. */
void ah_crew_reconsider(ah_crew *crew, ah_member *member, bool sparable);

/* The member has something to do, or has done it, whether it was held back or not. */
void ah_crew_go_on(ah_crew *crew, ah_member *member);

/* The member is about to sleep. work: there is some. One that was held back from that becomes the deputy, if there is
 * none. */
void ah_crew_lie_down(ah_crew *crew, ah_member *member, bool work);

/* How many seconds one that is held back from work sleeps, which would otherwise stay for so many. */
double ah_crew_pause(const ah_crew *crew, const ah_member *member, double seconds);

#endif
