/*
 * One request from its start to its end: the transfers that it takes, and what is decided between them.
 */
#ifndef AH_EXCHANGE_H
#define AH_EXCHANGE_H

#include "challenge.h"
#include "hop.h"
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
    /* To answer with the stored response. */
    AH_PLAN_STORED,
    /* To send the message again without conditions. */
    AH_PLAN_REPEAT,
} ah_plan;

/* What an exchange asks of whoever drives it. Called with the exchange's owner. */
typedef struct ah_exchange_host {
    /* The exchange can go on: it is to be resumed on its thread. Called from any thread, with a lock held. */
    void (*resume)(void *owner);
    /* Whether the exchange is to end, for what takes long without a transfer. */
    bool (*is_cancelled)(void *owner);
    /* The request is to be made again, in the background, since a stale response answers it. Takes over the claim. */
    void (*refresh)(void *owner, const ah_request *request, ah_claim *claim);
} ah_exchange_host;

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
    const ah_exchange_host *host;
    ah_hop hop;
    /* What to do when the transfer under way has ended, as its response's head has decided. */
    ah_plan plan;
    /* It is answered with what is stored, since the server cannot be asked. */
    bool rescued;
    /* How often the message under way was sent again, because of how it had failed. */
    unsigned retries;
    /* What is sent to authorize the message under way; NULL: nothing. */
    struct ah_authorization *authorization;
    /* The header fields that go out beside the request's own. */
    ah_fields added;
    /* The challenges of the first 401, how far the answers to them have come, and how often the nonce was stale. */
    ah_challenges challenges;
    size_t turn;
    unsigned renewals;
} ah_exchange;

/* Starts; exchange, request and outcome must stay until it is over. ah_transfers_ended() gives the exchange, whose
 * owner is for whoever asks that. Returns true if it is under way; false: it is over already, and the outcome says
 * how. */
bool ah_exchange_start(ah_exchange *exchange, const ah_request *request, ah_outcome *outcome, ah_transfers *transfers,
                       const ah_exchange_host *host, void *owner);

/* Its transfer has ended. Returns true if it goes on with another; false: it is over. */
bool ah_exchange_advance(ah_exchange *exchange);

/* What it waited for, and its host was told of, has happened. Returns as ah_exchange_advance(). */
bool ah_exchange_resume(ah_exchange *exchange);

/* Ends it where it is. */
void ah_exchange_cancel(ah_exchange *exchange);

#endif
