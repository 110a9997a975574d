#include "base/yielding.h"

#include <sched.h>

#include "base/clock.h"

/* So much more often than not it may be in vain before it is not tried each time any more, but once in so many times, and
 * in the end once in so many. */
enum { PATIENCE = 4, LEAST_PASSING = 16, MOST_PASSING = 256 };

/* Others that need the processor take milliseconds of it. Who sleeps is given it back sooner. */
static const double longest = 0.0005;

bool ah_yield(ah_yielding *yielding)
{
    if (yielding->vain >= PATIENCE && ++yielding->passed < yielding->passing)
        return false;
    yielding->passed = 0;
    ah_time before = ah_clock_now();
    sched_yield();
    yielding->quick = ah_clock_now() < before + longest;
    return true;
}

void ah_yield_judge(ah_yielding *yielding, bool came)
{
    if (!yielding->quick)
        yielding->vain = PATIENCE;
    else if (!came && yielding->vain < PATIENCE)
        yielding->vain++;
    else if (came && yielding->vain)
        yielding->vain--;
    if (yielding->vain == 0)
        yielding->passing = 0;
    else if (yielding->vain == PATIENCE && yielding->passing < MOST_PASSING)
        yielding->passing = yielding->passing ? yielding->passing * 2 : LEAST_PASSING;
}
