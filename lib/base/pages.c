#include "base/pages.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/fork.h"
#include "base/log.h"
#include "base/mapping.h"
#include "base/paging.h"
#include "base/parker.h"
#include "base/thread.h"

/* A large page, and what is asked for at a time. */
static const size_t large_page = (size_t)2 << 20;

/* Seconds for a large page that is there: who writes it in less is held up by page faults. */
static const double fast = 0.008;
/* For less than this the thread is not worth its start. */
static const size_t worthwhile = (size_t)8 << 20;
/* Seconds after which the thread leaves if nobody writes. */
static const double patience = 1;

struct ah_pages {
    char *memory;
    size_t size;
    /* Offsets, multiples of a large page. What is before the one has been asked for, or is at this moment; the writer has
     * said that it needs what is before the other. */
    atomic_size_t next;
    atomic_size_t needed;

    /* Whether asking is in vain. */
    atomic_bool vain;

    /* The writer's: when it last had what it needs, 0 for never; whether there is a thread, and of which process, since a
     * child of fork() has none. */
    ah_time had_at;
    bool has_thread;
    ah_process process;
    pthread_t thread;

    ah_parker parker;
    atomic_bool stopped;
    atomic_bool left;
};

/* What is mapped for so many bytes. */
static size_t mapped(size_t size)
{
    return (size + large_page - 1) & ~(large_page - 1);
}

/* NULL: no memory. */
static char *obtain(size_t size)
{
    return size <= PTRDIFF_MAX - large_page ? ah_mapping_new(mapped(size), large_page) : NULL;
}

/* ---- Asking ---- */

/* ThreadSanitizer is to pass over what a function reads. */
#if defined(__GNUC__)
#define AH_RACY __attribute__((no_sanitize_thread))
#else
#define AH_RACY
#endif

/* The least that pages are. */
enum { SMALL_PAGE = 4096 };

/* Reads from each page: a virtual machine's host may have tables of its own, whose entries come with the first access
 * and are most of what a page costs. Somebody may be writing to it by now; what is read means nothing. */
static AH_RACY void touch(const char *memory)
{
    for (size_t at = 0; at < large_page; at += SMALL_PAGE)
        (void)*(const volatile char *)&memory[at];
}

/* Asks for a large page, or for small ones in its place, whichever comes sooner. False: they come as they are written
 * to. */
static bool provide(char *page)
{
    static ah_paging paging;
    bool large = ah_paging_wants_large(&paging);
    if (large)
        ah_mapping_prefer_large(page, large_page);
    ah_time before = ah_clock_now();
    if (!ah_mapping_populate(page, large_page))
        return false;
    touch(page);
    ah_paging_learn(&paging, large, ah_clock_now() - before);
    return true;
}

/* What is behind the last whole large page is left to page faults. */
static bool is_last(const ah_pages *pages, size_t at)
{
    return at >= pages->size || pages->size - at < large_page;
}

/* Asks for the next of them if it begins before the limit. Both threads do. */
static bool ask(ah_pages *pages, size_t limit)
{
    size_t at = atomic_load(&pages->next);
    do {
        if (at >= limit || is_last(pages, at))
            return false;
    } while (!atomic_compare_exchange_weak(&pages->next, &at, at + large_page));
    if (!provide(pages->memory + at))
        atomic_store(&pages->vain, true);
    return true;
}

/* ---- The thread ahead of the writer ---- */

static bool ask_ahead(ah_pages *pages)
{
    size_t needed = atomic_load(&pages->needed);
    return ask(pages, needed + (needed > AH_PAGES_AHEAD ? needed : AH_PAGES_AHEAD));
}

static void *run(void *data)
{
    ah_pages *pages = data;
    while (!atomic_load(&pages->vain) && !atomic_load(&pages->stopped)) {
        if (ask_ahead(pages))
            continue;
        if (is_last(pages, atomic_load(&pages->next)) || !ah_parker_sleep(&pages->parker, ah_clock_in(patience)))
            break;
    }
    atomic_store(&pages->left, true);
    return NULL;
}

/* How many such threads have not been joined: one that has left counts as long as what it has asked for is there. A child of
 * fork() may have more room for them than it believes. */
static atomic_uint threads;

/* Each needs a processor, beside the writer's. */
static bool enter(void)
{
    bool room = atomic_fetch_add(&threads, 1) + 1 < ah_thread_processors();
    if (!room)
        atomic_fetch_sub(&threads, 1);
    return room;
}

static void start(ah_pages *pages)
{
    size_t next = atomic_load(&pages->next);
    if (next >= pages->size || pages->size - next < worthwhile || !enter())
        return;
    atomic_store(&pages->stopped, false);
    atomic_store(&pages->left, false);
    ah_parker_init(&pages->parker);
    pages->process = ah_process_current();
    pages->has_thread = ah_thread_start(&pages->thread, run, pages) == 0;
    if (pages->has_thread) {
        AH_DEBUG("memory", "A thread asks for the pages of %zu bytes before they are written to", pages->size);
    } else {
        ah_parker_destroy(&pages->parker);
        atomic_fetch_sub(&threads, 1);
    }
}

static bool has_thread(const ah_pages *pages)
{
    return pages->has_thread && pages->process == ah_process_current();
}

static void join(ah_pages *pages)
{
    pthread_join(pages->thread, NULL);
    ah_parker_destroy(&pages->parker);
    pages->has_thread = false;
    atomic_fetch_sub(&threads, 1);
}

static void stop(ah_pages *pages)
{
    if (!has_thread(pages))
        return;
    atomic_store(&pages->stopped, true);
    ah_parker_wake(&pages->parker);
    join(pages);
}

/* The writer has gone on. */
static void hurry(ah_pages *pages, bool in_haste)
{
    if (!has_thread(pages)) {
        if (in_haste && !atomic_load(&pages->vain))
            start(pages);
    } else if (atomic_load(&pages->left)) {
        join(pages);
    } else {
        ah_parker_wake(&pages->parker);
    }
}

/* ---- For who writes ---- */

ah_pages *ah_pages_new(size_t size)
{
    ah_pages *pages = calloc(1, sizeof(*pages));
    if (!pages)
        return NULL;
    pages->size = size;
    pages->memory = obtain(size);
    if (!pages->memory) {
        free(pages);
        return NULL;
    }
    ah_fork_init();
    return pages;
}

char *ah_pages_memory(const ah_pages *pages)
{
    return pages->memory;
}

void ah_pages_need(ah_pages *pages, size_t end)
{
    size_t needed = atomic_load_explicit(&pages->needed, memory_order_relaxed);
    if (end <= needed || is_last(pages, needed))
        return;
    while (needed < end && !is_last(pages, needed))
        needed += large_page;
    atomic_store(&pages->needed, needed);
    hurry(pages, ah_clock_now() - pages->had_at < fast);
    while (ask(pages, needed))
        continue;
    pages->had_at = ah_clock_now();
}

size_t ah_pages_settle(ah_pages *pages, size_t length)
{
    stop(pages);
    size_t kept = mapped(length ? length : 1);
    if (kept < pages->size) {
        ah_mapping_free(pages->memory + kept, mapped(pages->size) - kept);
        pages->size = kept;
    }
    return pages->size;
}

void ah_pages_free(ah_pages *pages)
{
    if (!pages)
        return;
    stop(pages);
    ah_mapping_free(pages->memory, mapped(pages->size));
    free(pages);
}
