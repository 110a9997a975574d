/*
 * Values that several owners hold at once and that are not changed any more: counted references.
 */
#ifndef AH_SHARED_H
#define AH_SHARED_H

#include <stddef.h>

/* Memory for a value of so many bytes, zeroed, with one holder. destroy, which may be NULL, is called with it when
 * the last holder has let go, just before the memory is freed. NULL: no memory. */
void *ah_shared_new(size_t size, void (*destroy)(void *value));

/* One more holder. Returns the value; NULL stays NULL. */
void *ah_shared_hold(void *value);

/* One holder less. NULL is allowed. */
void ah_shared_release(void *value);

#endif
