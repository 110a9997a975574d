/*
 * Whether memory comes sooner on a large page or on small ones, as experience tells: a large page saves hundreds of
 * page faults, but a virtual machine may have to be given the memory for it by its host first, and that can take longer
 * than small pages of memory that it has. Which it is differs from machine to machine, and from minute to minute.
 *
 * From any thread; some of what several learn at once may be lost.
 */
#ifndef AH_PAGING_H
#define AH_PAGING_H

#include <stdatomic.h>
#include <stdbool.h>

/* All zero: without any experience. Its members are the module's own. */
typedef struct ah_paging {
    /* Microseconds that as much memory as is on a large page took to come, on one and on small ones; 0: not known. */
    atomic_uint large;
    atomic_uint small;
    /* How often one of them was preferred to the other. */
    atomic_uint preferred;
} ah_paging;

/* Whether the next memory is to be on a large page: if that has come quickly, or in no more time than small ones. But
 * of what is compared, the one that took longer is tried now and then, too. */
bool ah_paging_wants_large(ah_paging *paging);

/* As much memory as is on a large page has come, on one or on small ones, in so many seconds. */
void ah_paging_learn(ah_paging *paging, bool large, double seconds);

#endif
