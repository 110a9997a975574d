/*
 * Marks, which tell what was asked for before a change and comes after it: such a response may be outdated (RFC 9111
 * section 4.4). Changes are numbered. What has changed is known by its hash, of the last one in each of so many slots, of
 * which a URI has one by its hash; of those that were in the slot before, only when the last of them was. That they are
 * taken for each other only means that a response is, very rarely, not stored.
 */
#ifndef AH_MARKS_H
#define AH_MARKS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* The number that the next change will have; 0: not known, and never passed. */
typedef uint64_t ah_mark;

enum { AH_CHANGE_SLOTS = 4096 };

/* What is known of a slot. All zero: nothing was changed. */
typedef struct ah_change {
    /* Of the URI that was changed last, and the number of that. */
    uint64_t hash;
    ah_mark last;
    /* The number of the last change of another; 0: there was none. */
    ah_mark others;
} ah_change;

uint64_t ah_change_hash(const char *uri);

/* From 0 to below AH_CHANGE_SLOTS. */
unsigned ah_change_slot(uint64_t hash);

/* What has that hash is changed. */
void ah_change_note(ah_change *change, uint64_t hash, ah_mark number);

/* Whether it was since then. */
bool ah_change_passed(const ah_change *change, uint64_t hash, ah_mark mark);

/* For a store that keeps them in memory. */
typedef struct ah_marks {
    pthread_mutex_t lock;
    ah_mark next;
    ah_change slots[AH_CHANGE_SLOTS];
} ah_marks;

void ah_marks_init(ah_marks *marks);
void ah_marks_destroy(ah_marks *marks);

ah_mark ah_marks_now(ah_marks *marks);

/* The URI is changed, by what has that mark, which stays as good as it was; NULL: by nothing that has one. */
void ah_marks_change(ah_marks *marks, const char *uri, ah_mark *mark);

/* Whether the URI was changed since then. */
bool ah_marks_passed(ah_marks *marks, const char *uri, ah_mark mark);

#endif
