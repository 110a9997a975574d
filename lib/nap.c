#include "nap.h"

/* Seconds: a job that nobody waits for after all is begun so much later at the most. */
static const double nap_length = 0.001;
/* A rest that was longer says that such jobs come so seldom that naps cost as much as they spare; or that the system's
 * timers are too coarse for naps. */
static const double longest_rest = 0.0015;

bool ah_nap_spare(ah_nap *nap)
{
    nap->spared++;
    return nap->on;
}

void ah_nap_lie_down(ah_nap *nap, ah_time now)
{
    nap->on = nap->spared && now - nap->since < longest_rest;
    nap->since = now;
    nap->spared = 0;
}

void ah_nap_rise(ah_nap *nap)
{
    nap->on = false;
}

double ah_nap_seconds(const ah_nap *nap, double seconds)
{
    return nap->on && seconds > nap_length ? nap_length : seconds;
}
