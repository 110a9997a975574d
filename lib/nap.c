#include "nap.h"

/* How many seconds the first nap takes, and how many the longest of those that follow each other: so much later at the
 * most a job is begun that nobody waits for after all. To wake up and look costs as much as half of a request where
 * client and server share a processor. */
static const double first_length = 0.001;
static const double longest_length = 0.008;
/* Jobs that come more seldom than that are not worth it. */
static const double longest_interval = 0.0015;
/* A rest that was so many times as long as the nap says that the system's timers are too coarse for naps. */
static const double tolerance = 1.5;

bool ah_nap_spare(ah_nap *nap)
{
    nap->spared++;
    return nap->on;
}

void ah_nap_lie_down(ah_nap *nap, ah_time now)
{
    double rested = now - nap->since;
    double length = nap->on ? nap->length : first_length;
    double doubled = length * 2 < longest_length ? length * 2 : longest_length;
    nap->length = nap->on ? doubled : first_length;
    nap->on = rested < length * tolerance && rested < nap->spared * longest_interval;
    nap->since = now;
    nap->spared = 0;
}

void ah_nap_rise(ah_nap *nap)
{
    nap->on = false;
}

double ah_nap_seconds(const ah_nap *nap, double seconds)
{
    return nap->on && seconds > nap->length ? nap->length : seconds;
}
