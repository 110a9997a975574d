#include "base/shared.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>

typedef struct shared {
    atomic_uint holders;
    void (*destroy)(void *value);
    /* The value, aligned for anything. */
    max_align_t value[];
} shared;

static shared *shared_of(void *value)
{
    return (shared *)(void *)((char *)value - offsetof(shared, value));
}

void *ah_shared_new(size_t size, void (*destroy)(void *value))
{
    if (size > SIZE_MAX - sizeof(shared))
        return NULL;
    shared *made = calloc(1, sizeof(shared) + size);
    if (!made)
        return NULL;
    atomic_init(&made->holders, 1);
    made->destroy = destroy;
    return made->value;
}

void *ah_shared_hold(void *value)
{
    if (value)
        atomic_fetch_add_explicit(&shared_of(value)->holders, 1, memory_order_relaxed);
    return value;
}

void ah_shared_release(void *value)
{
    if (!value)
        return;
    shared *held = shared_of(value);
    /* Acquire and release: what each holder did is done before the last one destroys. */
    if (atomic_fetch_sub_explicit(&held->holders, 1, memory_order_acq_rel) != 1)
        return;
    if (held->destroy)
        held->destroy(value);
    free(held);
}
