/*
 * Memory that one thread obtains and another gives back, again and again: promises, heads, content.
 *
 * That is what malloc() does worst: threads meet at the lock of one heap, whose end is given to the system as promises
 * go and obtained again, page fault by page fault, as they come. Here memory of about one size comes from chunks of
 * pieces, new memory is asked for several pages at a time, and what nobody uses is kept for the next, up to 16 MiB.
 */
#ifndef AH_POOL_H
#define AH_POOL_H

#include <stddef.h>

/* The largest piece. Beyond it, memory is malloc()'s. */
enum { AH_POOL_MOST = 72 << 10 };

/* The size of the piece that so many bytes come in: at most an eighth more from 128 bytes on, which is the least. */
size_t ah_pool_size(size_t size);

/* So many bytes, aligned for anything; not cleared. NULL: no memory. From any thread. */
void *ah_pool_obtain(size_t size);

/* Gives back what ah_pool_obtain() gave for this size, or for any other in a piece of the same. NULL is allowed. From
 * any thread. */
void ah_pool_release(void *memory, size_t size);

/* Gives to the system what is kept. */
void ah_pool_trim(void);

#endif
