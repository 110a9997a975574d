/*
 * The heap from which malloc() serves the calling thread, for those who are about to have a library fill new memory
 * there.
 */
#ifndef AH_HEAP_H
#define AH_HEAP_H

/* Sees to it that some 80 KiB which malloc() is likely to give next have their memory, at the cost of a small allocation
 * if they do. glibc lets the heaps of all threads but the first grow page by page, and with a page fault for each; on a
 * virtual machine that can take longer than reading the page from a file. Does nothing with other libraries, where all
 * memory is watched (base/pool.h), and for a while on a thread on which it was in vain several times. */
void ah_heap_prepare(void);

#endif
