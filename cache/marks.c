#include "cache/marks.h"

/* FNV-1a */
uint64_t ah_change_hash(const char *uri)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (; *uri; uri++)
        hash = (hash ^ (unsigned char)*uri) * UINT64_C(1099511628211);
    return hash;
}

unsigned ah_change_slot(uint64_t hash)
{
    return (unsigned)((hash ^ hash >> 32) % AH_CHANGE_SLOTS);
}

void ah_change_note(ah_change *change, uint64_t hash, ah_mark number)
{
    if (change->hash != hash)
        change->others = change->last;
    change->hash = hash;
    change->last = number;
}

bool ah_change_passed(const ah_change *change, uint64_t hash, ah_mark mark)
{
    return mark && (change->hash == hash ? change->last : change->others) >= mark;
}

void ah_marks_init(ah_marks *marks)
{
    *marks = (ah_marks){.next = 1};
    pthread_mutex_init(&marks->lock, NULL);
}

void ah_marks_destroy(ah_marks *marks)
{
    pthread_mutex_destroy(&marks->lock);
}

ah_mark ah_marks_now(ah_marks *marks)
{
    pthread_mutex_lock(&marks->lock);
    ah_mark now = marks->next;
    pthread_mutex_unlock(&marks->lock);
    return now;
}

void ah_marks_change(ah_marks *marks, const char *uri, ah_mark *mark)
{
    uint64_t hash = ah_change_hash(uri);
    pthread_mutex_lock(&marks->lock);
    ah_change *change = &marks->slots[ah_change_slot(hash)];
    bool passed = mark && ah_change_passed(change, hash, *mark);
    ah_change_note(change, hash, marks->next++);
    if (mark && !passed)
        *mark = marks->next;
    pthread_mutex_unlock(&marks->lock);
}

bool ah_marks_passed(ah_marks *marks, const char *uri, ah_mark mark)
{
    uint64_t hash = ah_change_hash(uri);
    pthread_mutex_lock(&marks->lock);
    bool passed = ah_change_passed(&marks->slots[ah_change_slot(hash)], hash, mark);
    pthread_mutex_unlock(&marks->lock);
    return passed;
}
