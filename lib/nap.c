#include "nap.h"

/* Seconds: a job that nobody waits for after all is begun so much later at the most. */
static const double length = 0.001;
/* If such jobs are further apart, there is none in most naps, which then cost as much as they spare. */
static const double often = 0.0015;

bool ah_nap_spare(ah_nap *nap)
{
    nap->spared++;
    return nap->on;
}

void ah_nap_lie_down(ah_nap *nap, ah_time now)
{
    nap->on = nap->spared && now - nap->since < often;
    nap->since = now;
    nap->spared = 0;
}

void ah_nap_rise(ah_nap *nap)
{
    nap->on = false;
}

double ah_nap_seconds(const ah_nap *nap, double seconds)
{
    return nap->on && seconds > length ? length : seconds;
}
