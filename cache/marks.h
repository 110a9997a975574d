/*
 * Marks, which tell what was asked for before a change and comes after it: such a response may be outdated (RFC 9111
 * section 4.4). Changes are numbered, and for each of so many slots, of which a URI has one by its hash, the number of
 * the last is known. That two URIs have the same only means that a response is, rarely, not stored.
 */
#ifndef AH_MARKS_H
#define AH_MARKS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* The number that the next change will have; 0: not known, and never passed. */
typedef uint64_t ah_mark;

enum { AH_MARK_SLOTS = 4096 };

/* From 0 to below AH_MARK_SLOTS. */
unsigned ah_mark_slot(const char *uri);

/* For a store that keeps them in memory. */
typedef struct ah_marks {
    pthread_mutex_t lock;
    ah_mark next;
    ah_mark last[AH_MARK_SLOTS];
} ah_marks;

void ah_marks_init(ah_marks *marks);
void ah_marks_destroy(ah_marks *marks);

ah_mark ah_marks_now(ah_marks *marks);

/* The URI is changed, by what has that mark, which stays as good as it was; NULL: by nothing that has one. */
void ah_marks_change(ah_marks *marks, const char *uri, ah_mark *mark);

/* Whether the URI was changed since then. */
bool ah_marks_passed(ah_marks *marks, const char *uri, ah_mark mark);

#endif
