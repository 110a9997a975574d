#include "exchange.h"

#include "base/log.h"
#include "response.h"

static bool transfer(ah_exchange *exchange, bool fresh)
{
    exchange->transfer =
        ah_transfer_start(exchange->transfers, exchange->request, exchange->outcome, fresh, exchange->owner);
    return exchange->transfer != NULL;
}

bool ah_exchange_start(ah_exchange *exchange, const ah_request *request, ah_outcome *outcome, ah_transfers *transfers,
                       void *owner)
{
    *exchange = (ah_exchange){.request = request, .outcome = outcome, .transfers = transfers, .owner = owner};
    AH_DEBUG("exchange", "#%llu: %s %s", request->number, request->method, request->uri.text);
    return transfer(exchange, false);
}

static void release_transfer(ah_exchange *exchange)
{
    ah_transfer_release(exchange->transfer);
    exchange->transfer = NULL;
}

/* A kept connection that the server has closed meanwhile says nothing about the request: it is sent again, once, on a
 * new one (RFC 9112 section 9.3.1) [Http._conn_request]. libcurl does that too, but for some ways of dying. */
static bool retry(ah_exchange *exchange)
{
    if (exchange->retried || !ah_transfer_found_dead_connection(exchange->transfer))
        return false;
    AH_INFO("exchange", "#%llu: the connection to %s had been closed, trying a new one", exchange->request->number,
            exchange->request->uri.authority);
    exchange->retried = true;
    release_transfer(exchange);
    ah_outcome_clear(exchange->outcome);
    return transfer(exchange, true);
}

bool ah_exchange_advance(ah_exchange *exchange)
{
    const ah_outcome *outcome = exchange->outcome;
    if (outcome->code && retry(exchange))
        return true;
    if (exchange->transfer)
        release_transfer(exchange);
    if (outcome->code)
        AH_INFO("exchange", "#%llu: failed: %s", exchange->request->number, ah_outcome_message(outcome));
    else
        AH_DEBUG("exchange", "#%llu: %d, %zu bytes", exchange->request->number, outcome->response->status,
                 outcome->content.length);
    return false;
}

void ah_exchange_cancel(ah_exchange *exchange)
{
    if (exchange->transfer)
        release_transfer(exchange);
}
