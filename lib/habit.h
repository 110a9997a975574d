/*
 * Whether the calling thread waits for each request that it makes before it makes another. Nobody knows that of the next
 * one, but those before tell what to expect; the more often that was wrong, the more of them it takes.
 *
 * It is each thread's own.
 */
#ifndef AH_HABIT_H
#define AH_HABIT_H

#include <stdbool.h>

/* The calling thread has made this request: whether it can be expected to wait for it at once. */
bool ah_habit_made(const void *request);

/* The calling thread waits for this request, however long, or has no need to since it is done. */
void ah_habit_waited(const void *request);

#endif
