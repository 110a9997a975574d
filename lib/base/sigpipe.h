/*
 * Keeping SIGPIPE from a thread of the program's while what may raise it is done there: a TLS library writes to a
 * connection that the server has closed.
 */
#ifndef AH_SIGPIPE_H
#define AH_SIGPIPE_H

#include <stdbool.h>

/* All zero: the signal is not kept from the thread. */
typedef struct ah_sigpipe_guard {
    bool on;
    /* It was blocked, and waiting to be let through, before. */
    bool blocked;
    bool pending;
} ah_sigpipe_guard;

/* Nothing happens the second time. */
void ah_sigpipe_block(ah_sigpipe_guard *guard);

/* Forgets the signal that has come meanwhile. Nothing happens if it is not blocked. */
void ah_sigpipe_unblock(ah_sigpipe_guard *guard);

#endif
