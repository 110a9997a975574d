/*
 * Values that several owners hold at once and that are not changed any more: counted references.
 */
#ifndef AH_SHARED_H
#define AH_SHARED_H

#include <stdatomic.h>
#include <stddef.h>

/* What lies before each value: the module's own. */
typedef struct ah_shared {
    atomic_uint holders;
    void (*destroy)(void *value);
    /* The value, aligned for anything. */
    max_align_t value[];
} ah_shared;

static inline ah_shared *ah_shared_of(void *value)
{
    return (ah_shared *)(void *)((char *)value - offsetof(ah_shared, value));
}

/* The last holder has let go. */
void ah_shared_destroy(ah_shared *shared);

/* Memory for a value of so many bytes, zeroed, with one holder. destroy, which may be NULL, is called with it when
 * the last holder has let go, just before the memory is freed. NULL: no memory. */
void *ah_shared_new(size_t size, void (*destroy)(void *value));

/* One more holder. Returns the value; NULL stays NULL. */
static inline void *ah_shared_hold(void *value)
{
    if (value)
        atomic_fetch_add_explicit(&ah_shared_of(value)->holders, 1, memory_order_relaxed);
    return value;
}

/* One holder less. NULL is allowed. */
static inline void ah_shared_release(void *value)
{
    /* Acquire and release: what each holder did is done before the last one destroys. */
    if (value && atomic_fetch_sub_explicit(&ah_shared_of(value)->holders, 1, memory_order_acq_rel) == 1)
        ah_shared_destroy(ah_shared_of(value));
}

#endif
