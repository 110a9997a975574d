/*
 * One request from its start to its end: the transfers that it takes, and what is decided between them.
 */
#ifndef AH_EXCHANGE_H
#define AH_EXCHANGE_H

#include "challenge.h"
#include "outcome.h"
#include "request.h"
#include "transfer.h"

typedef enum ah_plan {
    /* The response is the answer, or an error that the outcome names. */
    AH_PLAN_ANSWER,
    /* To follow a redirect. */
    AH_PLAN_REDIRECT,
    /* To send the message again with another authorization, or with the same and a new nonce. */
    AH_PLAN_AUTHORIZE,
} ah_plan;

/* All zero: not started. */
typedef struct ah_exchange {
    /* The caller's. */
    const ah_request *request;
    /* The request after a redirect, in memory of its own; NULL: it is still the caller's. */
    ah_request *redirected;
    ah_outcome *outcome;
    ah_transfers *transfers;
    /* NULL: none under way. */
    ah_transfer *transfer;
    /* The response that redirected here, until the next has it. */
    asynchttp_response *previous;
    void *owner;
    /* What to do when the transfer under way has ended, as its response's head has decided. */
    ah_plan plan;
    bool retried;
    /* What is sent to authorize the message under way, and the header fields that it makes; NULL: nothing. */
    struct ah_authorization *authorization;
    ah_fields authorizing;
    /* The challenges of the first 401, how far the answers to them have come, and how often the nonce was stale. */
    ah_challenges challenges;
    size_t turn;
    unsigned renewals;
} ah_exchange;

/* Starts; exchange, request and outcome must stay until it is over. ah_transfers_ended() gives the exchange, whose
 * owner is for whoever asks that. Returns true if it is under way; false: it is over already, and the outcome says
 * why. */
bool ah_exchange_start(ah_exchange *exchange, const ah_request *request, ah_outcome *outcome, ah_transfers *transfers,
                       void *owner);

/* Its transfer has ended. Returns true if it goes on with another; false: it is over. */
bool ah_exchange_advance(ah_exchange *exchange);

/* Ends it where it is. */
void ah_exchange_cancel(ah_exchange *exchange);

#endif
