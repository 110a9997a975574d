#include "base/shared.h"

#include <stdint.h>
#include <stdlib.h>

void *ah_shared_new(size_t size, void (*destroy)(void *value))
{
    if (size > SIZE_MAX - sizeof(ah_shared))
        return NULL;
    ah_shared *made = calloc(1, sizeof(ah_shared) + size);
    if (!made)
        return NULL;
    atomic_init(&made->holders, 1);
    made->destroy = destroy;
    return made->value;
}

void ah_shared_destroy(ah_shared *shared)
{
    if (shared->destroy)
        shared->destroy(shared->value);
    free(shared);
}
