/*
 * What is stored, made the answer of a hop: its head, as it answers this request, and its content, for the outcome or
 * for on_data.
 */
#ifndef AH_DELIVERY_H
#define AH_DELIVERY_H

#include "hop.h"

/* Puts the head of the selected response (RFC 9111 section 4) in the place of what response the outcome has, whose chain
 * of previous ones it takes over. Only once: the entry's fields go with it. False: no memory. */
bool ah_delivery_head(ah_hop *hop, ah_outcome *outcome);

/* Nothing is here, and nothing may be fetched (RFC 9111 section 5.2.1.7). False: no memory. */
bool ah_delivery_unavailable(ah_outcome *outcome);

/* The content of the response that is the answer: into the outcome, or to on_data. False: it is not to be had, and none
 * of it was given out: the request is to be sent, without conditions; or the outcome has the error. */
bool ah_delivery_content(ah_hop *hop, ah_outcome *outcome);

#endif
