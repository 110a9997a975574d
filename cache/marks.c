#include "cache/marks.h"

unsigned ah_mark_slot(const char *uri)
{
    /* FNV-1a */
    uint32_t hash = 2166136261u;
    for (; *uri; uri++)
        hash = (hash ^ (unsigned char)*uri) * 16777619u;
    return (hash ^ hash >> 16) % AH_MARK_SLOTS;
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
    pthread_mutex_lock(&marks->lock);
    ah_mark *last = &marks->last[ah_mark_slot(uri)];
    bool passed = mark && *last >= *mark;
    *last = marks->next++;
    if (mark && !passed)
        *mark = marks->next;
    pthread_mutex_unlock(&marks->lock);
}

bool ah_marks_passed(ah_marks *marks, const char *uri, ah_mark mark)
{
    pthread_mutex_lock(&marks->lock);
    bool passed = mark && marks->last[ah_mark_slot(uri)] >= mark;
    pthread_mutex_unlock(&marks->lock);
    return passed;
}
