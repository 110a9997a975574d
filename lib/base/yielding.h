/*
 * Giving up the processor before sleeping: whoever is going to bring what is waited for may need this very processor for
 * it, and then nobody has to fall asleep. It is not tried often where it has been in vain, as with what has to come from
 * elsewhere, or where others keep the processor for long.
 */
#ifndef AH_YIELDING_H
#define AH_YIELDING_H

#include <stdbool.h>

/* How that has gone for one who waits; zeroed, of one who has not tried. Its members are the module's own. */
typedef struct ah_yielding {
    /* So much more often than not it has been in vain lately. */
    unsigned vain;
    /* How often it has not been tried since it was, and when it is tried again. */
    unsigned passed;
    unsigned passing;
    bool quick;
} ah_yielding;

/* Yields, unless that is likely to be in vain. False: it has not. */
bool ah_yield(ah_yielding *yielding);

/* To be told after each time that it has: whether that has brought what was waited for, which counts if it was soon. */
void ah_yield_judge(ah_yielding *yielding, bool came);

#endif
