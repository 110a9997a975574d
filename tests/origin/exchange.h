/*
 * One request and what is done about it: what the endpoints work on.
 */
#ifndef ORIGIN_EXCHANGE_H
#define ORIGIN_EXCHANGE_H

#include "endpoint.h"
#include "intake.h"
#include "place.h"
#include "request.h"
#include "script.h"

typedef struct exchange {
    request request;
    intake content;
    const endpoint *endpoint;
    arguments arguments;
    /* The answer: fields that go into its head before the usual ones, and all that is done. */
    buffer fields;
    script script;
    waiter waiter;
    /* The number of the connection, and of the request on it, both from 1. */
    uint64_t connection;
    uint64_t serial;
} exchange;

/* Frees what the exchange holds; the request waits for nothing any more. Leaves only the two numbers. */
void exchange_clear(exchange *x);

#endif
