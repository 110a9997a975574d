/*
 * One hop of an exchange as the cache sees it: a request for one URI, what is stored for that, and what was decided.
 */
#ifndef AH_HOP_H
#define AH_HOP_H

#include "cache/cache.h"
#include "cache/reuse.h"
#include "outcome.h"
#include "request.h"

/* All zero: no hop. */
typedef struct ah_hop {
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
} ah_hop;

/* A new hop. wake is called with data when what it waits for has ended (see ah_waiter), is_cancelled while stored content
 * is handed over. The request must stay. */
void ah_hop_begin(ah_hop *hop, const ah_request *request, void (*wake)(void *data), bool (*is_cancelled)(void *data),
                  void *data);

/* What there is to do with the store; there must be a cache. */
const ah_store_methods *ah_hop_store(const ah_hop *hop);

/* The stored response that was selected; NULL: none. */
ah_entry *ah_hop_selected(ah_hop *hop);

/* Notes when the entry came, which is now, and when it may be used again without asking, for those who look. */
void ah_hop_note_times(const ah_hop *hop, ah_entry *entry);

/* Nobody needs to wait any more for what will not be there, or is there already. */
void ah_hop_let_go(ah_hop *hop);

/* Notes that there was none for what is stored. False. */
bool ah_hop_no_memory(const ah_hop *hop, ah_outcome *outcome);

#endif
