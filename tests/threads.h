/*
 * Counting the threads of this process, so that a test sees workers come and go, and the bytes of its addresses, so that it
 * sees large memory come and go; and saying where threads run. Linux alone tells.
 */
#ifndef THREADS_H
#define THREADS_H

#include <stddef.h>

int threads(void);

/* A stack comes with each thread, and more with its first malloc(). */
size_t addresses(void);

/* Waits until there are so many: one that was joined may still be seen for a moment. */
void await_threads(int wanted);

/* Waits until their number stays as it is, and returns it: without workers, that is how many are not the library's. A
 * sanitizer starts some of its own together with the first. */
int settle_threads(void);

/* Has this thread, and those that it starts, run on one processor alone, until it is let go. */
void confine_to_one_processor(void);
void let_go_of_processor(void);

#endif
