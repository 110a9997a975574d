/*
 * The endpoint for what caches store: a resource that changes from one request to the next as its URI says, and knows
 * conditions and ranges.
 */
#ifndef ORIGIN_ANSWER_STORED_H
#define ORIGIN_ANSWER_STORED_H

#include "exchange.h"

void answer_stored(exchange *x);

#endif
