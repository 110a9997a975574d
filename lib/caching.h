/*
 * The cache's part in an exchange: what it says before a hop's request is sent, to the head of the server's answer, and
 * when there is none.
 *
 * It asks the policy (cache/reuse.h, cache/storing.h) and does what that says with the store; the exchange does the
 * transfers. With a cache that fails, or with none, everything goes to the network.
 */
#ifndef AH_CACHING_H
#define AH_CACHING_H

#include "hop.h"

typedef enum ah_consultation {
    /* The request is to be sent, with the conditions. */
    AH_CONSULTED_SEND,
    /* The outcome has a response, with its content to be had by ah_delivery_content(). */
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

/* Looks whether the cache has the answer. The outcome must be empty. */
ah_consultation ah_caching_consult(ah_hop *hop, ah_outcome *outcome);

/* The request is about to be sent. */
void ah_caching_sent(ah_hop *hop);

/* The head of the server's answer has come. */
ah_heading ah_caching_head(ah_hop *hop, const asynchttp_response *response);

/* After AH_HEADING_STORED: the stored response takes the place of the server's in the outcome. False: no memory. */
bool ah_caching_answer(ah_hop *hop, ah_outcome *outcome);

/* The request failed as the outcome says. True: a stored response has taken the place of the error. */
bool ah_caching_rescue(ah_hop *hop, ah_outcome *outcome);

/* Nothing stored is considered from here on. */
void ah_caching_forget(ah_hop *hop);

/* The hop is over. landing: what that is for those who wait for it. */
void ah_caching_end(ah_hop *hop, ah_landing landing);

#endif
