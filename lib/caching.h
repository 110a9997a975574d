/*
 * The cache's part in an exchange: one hop of it, a request for one URI and what answers it.
 *
 * It asks the policy (cache/reuse.h, cache/storing.h) and does what that says with the store; the exchange does the
 * transfers. With a cache that fails, or with none, everything goes to the network.
 */
#ifndef AH_CACHING_H
#define AH_CACHING_H

#include "cache/cache.h"
#include "cache/reuse.h"
#include "outcome.h"
#include "request.h"

typedef enum ah_consultation {
    /* The request is to be sent, with the conditions. */
    AH_CONSULTED_SEND,
    /* The outcome has a response, with its content to be had by ah_caching_deliver(). */
    AH_CONSULTED_ANSWER,
    /* Another request's transfer may bring the answer: ah_caching_consult() is to be called again when it has ended. */
    AH_CONSULTED_WAIT,
    AH_CONSULTED_NO_MEMORY,
} ah_consultation;

/* What the head of the server's answer means. */
typedef enum ah_heading {
    /* It is the answer. */
    AH_HEADING_ANSWER,
    /* The stored response is the answer: it is confirmed, or it is better than the server's trouble. */
    AH_HEADING_STORED,
    /* It is about nothing that is stored: the request is to be sent again, without conditions. */
    AH_HEADING_AGAIN,
} ah_heading;

/* All zero: no hop. */
typedef struct ah_caching {
    /* Borrowed from the request's settings; NULL: none is asked. */
    asynchttp_cache *cache;
    const ah_request *request;
    /* It can be answered from the cache: a GET or HEAD without content. */
    bool is_retrieval;
    /* The request's fields and who it may be made as (see cache/vary.h); empty: asked has the request's own. */
    ah_fields identified;
    ah_asked asked;
    ah_entries stored;
    ah_reuse reuse;
    /* Header fields to be sent beside the request's own. */
    ah_fields conditions;
    /* When the request was sent, also as the store counts: to tell what has changed since then. */
    double sent;
    ah_mark mark;
    /* The response that is being stored. */
    ah_store_writer *writer;
    ah_entry entry;
    /* How much content a part may still have. */
    uint64_t room;
    /* In the flight that it leads or waits for, and whether it has waited. */
    ah_waiter waiter;
    bool (*is_cancelled)(void *data);
    bool waited;
    /* One that it waited for has failed. */
    bool disappointed;
    /* It is answered from what is stored, which is counted once that has not been lost. */
    bool hit;
    /* Nothing stored is considered any more. */
    bool forgotten;
    /* The right to validate the stored response that answers, in the background, for whoever does that to take over;
     * NULL: it need not be done here. */
    ah_claim *claim;
} ah_caching;

/* A new hop. wake is called with data when what it waits for has ended (see ah_waiter), is_cancelled while stored content
 * is handed over. The request must stay. */
void ah_caching_begin(ah_caching *caching, const ah_request *request, void (*wake)(void *data),
                      bool (*is_cancelled)(void *data), void *data);

/* Looks whether the cache has the answer. The outcome must be empty. */
ah_consultation ah_caching_consult(ah_caching *caching, ah_outcome *outcome);

/* The request is about to be sent. */
void ah_caching_sent(ah_caching *caching);

/* The content of the response that is the answer: into the outcome, or to on_data. False: it is not to be had, and none
 * of it was given out: the request is to be sent, without conditions; or the outcome has the error. */
bool ah_caching_deliver(ah_caching *caching, ah_outcome *outcome);

/* The head of the server's answer has come. */
ah_heading ah_caching_head(ah_caching *caching, const asynchttp_response *response);

/* That is the answer: it is stored, if it may be, from here on. authorized: the library has added an Authorization, and
 * it is for those alone who have the same credentials. */
void ah_caching_store(ah_caching *caching, const asynchttp_response *response, bool authorized);

/* A piece of its content, decoded. */
void ah_caching_content(ah_caching *caching, const void *content, size_t length);

/* Its content has ended, well. */
void ah_caching_stored(ah_caching *caching);

/* After AH_HEADING_STORED: the stored response takes the place of the server's in the outcome. False: no memory. */
bool ah_caching_answer(ah_caching *caching, ah_outcome *outcome);

/* The request failed as the outcome says. True: a stored response has taken the place of the error. */
bool ah_caching_rescue(ah_caching *caching, ah_outcome *outcome);

/* The request is sent once more: what was being stored is dropped. */
void ah_caching_restart(ah_caching *caching);

/* Nothing stored is considered from here on. */
void ah_caching_forget(ah_caching *caching);

/* The hop is over. landing: what that is for those who wait for it. */
void ah_caching_end(ah_caching *caching, ah_landing landing);

#endif
