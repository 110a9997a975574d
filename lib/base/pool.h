/*
 * Memory that one thread obtains and another gives back, again and again: promises, heads, content.
 *
 * That is what malloc() does worst: threads meet at the lock of one heap, whose end is given to the system as promises
 * go and obtained again, page fault by page fault, as they come. Here memory of about one size comes from chunks of
 * pieces, and new memory is asked for several pages at a time, or comes on large pages once there is much of it. Chunks
 * of which no piece is in use are kept while there are users, one of each size and 16 MiB beyond (and what else lies on
 * their large pages, until the system needs it); others last for as long as any piece of them is in use. A child of fork()
 * begins anew, and what it has inherited stays where it is.
 *
 * With ASYNCHTTP_POOL=0 in the environment all of it is malloc()'s, for tools that watch memory; so it is by default
 * where the library was compiled for a sanitizer, or the program for one that looks for leaks, but not with any other
 * value.
 */
#ifndef AH_POOL_H
#define AH_POOL_H

#include <stdbool.h>
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

/* One more user, and one fewer: without any, nothing is kept. A child of fork() begins with none. */
void ah_pool_enter(void);
void ah_pool_leave(void);

/* Whether all memory is malloc()'s. */
bool ah_pool_is_plain(void);

#endif
