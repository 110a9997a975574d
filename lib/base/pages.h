/*
 * Large memory, whose pages the system is asked for before they are written to: what is written for the first time costs a
 * page fault for each page otherwise, more than to receive what is written there. Where they are needed fast, and there is
 * another processor, a thread asks for them ahead of who writes.
 */
#ifndef AH_PAGES_H
#define AH_PAGES_H

#include <stdbool.h>
#include <stddef.h>

typedef struct ah_pages ah_pages;

/* From so many bytes on this is of use. */
#define AH_PAGES_LEAST ((size_t)8 << 20)
/* Ahead of who writes there are at most as many bytes of pages as have been written to, or so many where that is more, but
 * for less than a large page. */
#define AH_PAGES_AHEAD ((size_t)32 << 20)

/* So many bytes, which lie on large pages if there are any and these come soon. NULL: no memory. */
ah_pages *ah_pages_new(size_t size);

char *ah_pages_memory(const ah_pages *pages);

/* What is before the end, an offset, is about to be written to, by the calling thread. */
void ah_pages_need(ah_pages *pages, size_t end);

/* No more is likely to be written than the first bytes, so many: nobody asks for pages any more, and memory behind them is
 * given back, but for less than a large page. Returns how much there still is. */
size_t ah_pages_settle(ah_pages *pages, size_t length);

/* Frees the memory. NULL: does nothing. */
void ah_pages_free(ah_pages *pages);

#endif
