/*
 * One request from its start to its end: the transfers that it takes, and what is decided between them.
 */
#ifndef AH_EXCHANGE_H
#define AH_EXCHANGE_H

#include "outcome.h"
#include "request.h"
#include "transfer.h"

/* All zero: not started. */
typedef struct ah_exchange {
    const ah_request *request;
    ah_outcome *outcome;
    ah_transfers *transfers;
    /* NULL: none under way. */
    ah_transfer *transfer;
    /* What ah_transfers_ended() gives. */
    void *owner;
    bool retried;
} ah_exchange;

/* Starts; request and outcome must stay until it is over. Returns true if it is under way; false: it is over already,
 * and the outcome says why. */
bool ah_exchange_start(ah_exchange *exchange, const ah_request *request, ah_outcome *outcome, ah_transfers *transfers,
                       void *owner);

/* Its transfer has ended. Returns true if it goes on with another; false: it is over. */
bool ah_exchange_advance(ah_exchange *exchange);

/* Ends it where it is. */
void ah_exchange_cancel(ah_exchange *exchange);

#endif
