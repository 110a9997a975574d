#include "crew.h"

#include <limits.h>

#include "base/thread.h"

/* How many seconds the deputy watches the others. */
static const double deputy_pause = 0.001;
/* How many seconds it is remembered that they wait. */
static const double deputy_memory = 1;
/* How often one may come no further for want of a processor. */
static const unsigned most_watches = 10;
/* How many seconds one who is held back stays at the least. */
static const double shortest_stay = 0.1;

void ah_crew_init(ah_crew *crew)
{
    *crew = (ah_crew){.processors = ah_thread_processors()};
    crew->enough = crew->processors;
}

void ah_crew_join(ah_crew *crew, ah_member *member)
{
    member->thread = pthread_self();
    member->slept = true;
    member->next = crew->members;
    crew->members = member;
}

void ah_crew_replace(ah_member *member, pthread_t thread)
{
    member->thread = thread;
    /* How long one of them has run says nothing of the other. */
    member->slept = true;
}

void ah_crew_leave(ah_crew *crew, const ah_member *member)
{
    ah_member **link = &crew->members;
    while (*link != member)
        link = &(*link)->next;
    *link = member->next;
}

/* ---- How many are awake ---- */

bool ah_crew_is_enough(const ah_crew *crew)
{
    return crew->awake - crew->stuck >= crew->enough;
}

static void set_awake(ah_crew *crew, ah_member *member, bool awake)
{
    if (member->awake == awake)
        return;
    member->awake = awake;
    crew->awake += awake ? 1 : -1U;
}

static void set_stuck(ah_crew *crew, ah_member *member, bool stuck)
{
    if (member->stuck == stuck)
        return;
    member->stuck = stuck;
    crew->stuck += stuck ? 1 : -1U;
}

void ah_crew_go_on(ah_crew *crew, ah_member *member)
{
    member->steps++;
    member->watches = 0;
    if (crew->deputy == member)
        crew->deputy = NULL;
    set_stuck(crew, member, false);
    set_awake(crew, member, true);
    member->substitute = member->substitute || member->held;
    member->held = false;
}

/* ---- The deputy ---- */

/* What those who are awake have done until now, to be compared with what they will have done in a moment. */
static void begin_watch(ah_crew *crew)
{
    crew->watched_since = ah_clock_now();
    crew->ran_before = ah_thread_all_ran();
    for (ah_member *member = crew->members; member; member = member->next) {
        member->slept = !member->awake;
        member->steps_before = member->steps;
        member->ran_before = member->awake ? ah_thread_ran(member->thread) : 0;
    }
}

/* One that has not run much has waited, in a callback of the program's, for a disk, for a cache at the other end of a
 * network; but if this process took all the processors, rather for those. Who has come no further is stuck, but for
 * want of a processor only if that lasts. Returns whether any has waited. */
static bool judge(ah_crew *crew, double seconds, bool processors_free)
{
    bool any = false;
    crew->starved = false;
    for (ah_member *member = crew->members; member; member = member->next) {
        if (member->slept)
            continue;
        bool has_run = ah_thread_ran(member->thread) - member->ran_before > seconds / 2;
        any = any || (!has_run && processors_free);
        if (member->steps != member->steps_before)
            continue;
        bool lasts = !has_run && !processors_free && ++member->watches > most_watches;
        crew->starved = crew->starved || lasts;
        if (has_run || processors_free || lasts)
            set_stuck(crew, member, true);
    }
    return any;
}

/* False: the deputy was woken too early for that. */
static bool end_watch(ah_crew *crew)
{
    ah_time now = ah_clock_now();
    double seconds = now - crew->watched_since;
    if (seconds < deputy_pause / 2)
        return false;
    bool free = ah_thread_all_ran() - crew->ran_before < (crew->processors - 0.5) * seconds;
    if (judge(crew, seconds, free)) {
        crew->enough = UINT_MAX;
        crew->enough_until = now + deputy_memory;
    }
    return true;
}

/* What was found out about how many are enough does not hold for ever. */
static void forget(ah_crew *crew)
{
    if (crew->enough != crew->processors && ah_clock_now() > crew->enough_until)
        crew->enough = crew->processors;
}

/* ---- Coming and going ---- */

void ah_crew_reconsider(ah_crew *crew, ah_member *member, bool sparable)
{
    bool deputy = crew->deputy == member;
    bool watched = deputy && end_watch(crew);
    forget(crew);
    member->held = sparable && ah_crew_is_enough(crew);
    member->substitute = sparable && !member->held && crew->awake >= crew->processors && !crew->starved;
    if (deputy && (watched || !member->held))
        crew->deputy = NULL;
}

/* A substitute stays away again if enough others get on. */
static void step_back(ah_crew *crew, ah_member *member, bool sparable)
{
    set_stuck(crew, member, false);
    forget(crew);
    member->held = sparable && member->substitute && crew->awake - crew->stuck > crew->enough;
    if (!member->held)
        return;
    set_awake(crew, member, false);
    member->slept = true;
}

void ah_crew_arrive(ah_crew *crew, ah_member *member, bool sparable)
{
    if (member->awake)
        step_back(crew, member, sparable);
    else
        ah_crew_reconsider(crew, member, sparable);
    if (!member->held)
        set_awake(crew, member, true);
}

void ah_crew_lie_down(ah_crew *crew, ah_member *member, bool work)
{
    set_stuck(crew, member, false);
    set_awake(crew, member, false);
    member->slept = true;
    bool watches = member->held && work;
    if (watches && !crew->deputy) {
        crew->deputy = member;
        begin_watch(crew);
    }
    if (!watches && crew->deputy == member)
        crew->deputy = NULL;
}

double ah_crew_pause(const ah_crew *crew, const ah_member *member, double seconds)
{
    if (crew->deputy == member)
        return deputy_pause;
    return seconds < shortest_stay ? shortest_stay : seconds;
}
