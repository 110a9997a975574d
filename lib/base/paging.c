#include "base/paging.h"

/* Microseconds: what comes in no more need not be compared: hundreds of page faults take about as long anywhere. */
enum { QUICK = 500 };
/* Once in so many times, the one that took longer is tried. */
enum { TRIED_AGAIN = 64 };
/* What took longer than before counts for one in so many: its thread may just have had no processor. What took less is
 * so from now on. */
enum { DOUBT = 4 };
/* Seconds: whatever took longer did not for the sake of pages. */
static const double longest = 1;

bool ah_paging_wants_large(ah_paging *paging)
{
    unsigned large = atomic_load_explicit(&paging->large, memory_order_relaxed);
    unsigned small = atomic_load_explicit(&paging->small, memory_order_relaxed);
    if (large <= QUICK)
        return true;
    if (!small)
        return false;
    unsigned times = atomic_fetch_add_explicit(&paging->preferred, 1, memory_order_relaxed) + 1;
    return (large <= small) == (times % TRIED_AGAIN != 0);
}

static unsigned microseconds(double seconds)
{
    double bounded = seconds < 0 ? 0 : seconds < longest ? seconds : longest;
    /* Not 0, which is not known. */
    return 1 + (unsigned)(bounded * 1e6);
}

void ah_paging_learn(ah_paging *paging, bool large, double seconds)
{
    atomic_uint *took = large ? &paging->large : &paging->small;
    unsigned known = atomic_load_explicit(took, memory_order_relaxed);
    unsigned found = microseconds(seconds);
    if (known && found > known)
        found = known + (found - known) / DOUBT;
    atomic_store_explicit(took, found, memory_order_relaxed);
}
