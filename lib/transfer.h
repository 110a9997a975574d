/*
 * HTTP messages over libcurl: one request and its answer each, many at once on one thread.
 *
 * This and its helpers, multis.c, options.c, failure.c and receiver.c (which does without), are all that knows libcurl.
 */
#ifndef AH_TRANSFER_H
#define AH_TRANSFER_H

#include "outcome.h"
#include "receiver.h"
#include "request.h"

/* The transfers of one worker: libcurl's multi handles, their connections, and easy handles to use again. */
typedef struct ah_transfers ah_transfers;

/* One transfer under way. */
typedef struct ah_transfer ah_transfer;

/* NULL: no memory, or no file descriptors. */
ah_transfers *ah_transfers_new(void);

/* There must be no transfer under way. Closes the connections. */
void ah_transfers_free(ah_transfers *transfers);

/* What a transfer is to do. All of it must stay until the transfer has been released. */
typedef struct ah_order {
    const ah_request *request;
    /* Header fields beyond the request's own. */
    const ah_fields *more;
    /* On a connection of its own. */
    bool fresh;
    /* Where the answer goes; must be empty. */
    ah_outcome *outcome;
    /* See receiver.h; called with owner. on_content may be NULL. */
    ah_head_function *on_head;
    ah_content_function *on_content;
    /* What ah_transfers_ended() gives. */
    void *owner;
} ah_order;

/* Starts a transfer. The order itself is copied. NULL: the outcome says why. */
ah_transfer *ah_transfer_start(ah_transfers *transfers, const ah_order *order);

/* How often a request that has failed like this is worth sending again, because it says nothing about the request: the
 * connection was a kept one that turned out dead before any byte of the answer, the server was going away, or the
 * network was out of reach. 0: never. Only for one that has ended. */
unsigned ah_transfer_retries(const ah_transfer *transfer);

/* Ends the transfer, if it has not ended, and lets go of it. */
void ah_transfer_release(ah_transfer *transfer);

/* Whether there has been a transfer over TLS. */
bool ah_transfers_were_secure(const ah_transfers *transfers);

/* Does what can be done without waiting. more: there are others to be started first. Runs the callbacks on_data, on_read
 * and on_progress. */
void ah_transfers_perform(ah_transfers *transfers, bool more);

/* The owner of a transfer that has ended, with its outcome filled in; NULL: there is none. The same one until it has
 * been released. */
void *ah_transfers_ended(ah_transfers *transfers);

/* Waits until there is something to do, or until woken, for at most so many seconds. */
void ah_transfers_wait(ah_transfers *transfers, double seconds);

/* Ends the present, or else the next, ah_transfers_wait(). From any thread. */
void ah_transfers_wake(ah_transfers *transfers);

#endif
