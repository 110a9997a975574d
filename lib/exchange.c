#include "exchange.h"

#include <stdlib.h>

#include "authentication.h"
#include "base/log.h"
#include "base/shared.h"
#include "redirect.h"
#include "response.h"

/* How often a message is sent again with a new nonce. Once is enough, but where many workers are given new ones at a
 * time and one may be told another's that is old already. */
enum { MOST_RENEWALS = 5 };

/* The request that is under way: the caller's, or the one that it was redirected to. */
static const ah_request *current(const ah_exchange *exchange)
{
    return exchange->redirected ? exchange->redirected : exchange->request;
}

static ah_plan plan(ah_exchange *exchange, asynchttp_response *response);

static bool on_head(void *data, asynchttp_response *response)
{
    ah_exchange *exchange = data;
    response->previous = exchange->previous;
    exchange->previous = NULL;
    exchange->plan = plan(exchange, response);
    return exchange->plan == AH_PLAN_ANSWER;
}

static bool no_memory(ah_exchange *exchange)
{
    ah_outcome_fail(exchange->outcome, ASYNCHTTP_E_NO_MEMORY, "%s: Out of memory for the exchange",
                    current(exchange)->uri.authority);
    return false;
}

/* Makes the header fields for the authorization, if there is one. */
static bool authorize(ah_exchange *exchange)
{
    const ah_request *request = current(exchange);
    ah_fields_clear(&exchange->authorizing);
    return !exchange->authorization ||
           ah_authorization_write(exchange->authorization, request->method, &request->uri, &exchange->authorizing);
}

/* Sends the current request. False: the outcome says why not. */
static bool transfer(ah_exchange *exchange, bool fresh)
{
    exchange->plan = AH_PLAN_ANSWER;
    if (!authorize(exchange))
        return no_memory(exchange);
    const ah_order order = {.request = current(exchange),
                            .more = &exchange->authorizing,
                            .fresh = fresh,
                            .outcome = exchange->outcome,
                            .on_head = on_head,
                            .owner = exchange};
    exchange->transfer = ah_transfer_start(exchange->transfers, &order);
    return exchange->transfer != NULL;
}

/* The caller's own Authorization is left alone. */
static bool is_authorized_by_caller(const ah_request *request)
{
    return ah_fields_find(&request->headers, "authorization") != NULL;
}

/* A request to a URI that was not asked yet: with what has worked there before, if anything has. */
static bool first_transfer(ah_exchange *exchange)
{
    const ah_request *request = current(exchange);
    ah_shared_release(exchange->authorization);
    exchange->authorization = NULL;
    ah_challenges_clear(&exchange->challenges);
    exchange->turn = 0;
    exchange->renewals = 0;
    exchange->retried = false;
    if (!is_authorized_by_caller(request))
        exchange->authorization = ah_authorizations_find(request->settings->authorizations, &request->uri);
    return transfer(exchange, false);
}

static void release_transfer(ah_exchange *exchange)
{
    if (exchange->transfer)
        ah_transfer_release(exchange->transfer);
    exchange->transfer = NULL;
}

static void forget_redirect(ah_exchange *exchange)
{
    if (!exchange->redirected)
        return;
    ah_redirect_clear(exchange->redirected);
    free(exchange->redirected);
    exchange->redirected = NULL;
}

/* It is over: lets go of what it has. */
static void end(ah_exchange *exchange)
{
    release_transfer(exchange);
    forget_redirect(exchange);
    ah_response_free(exchange->outcome->previous);
    exchange->outcome->previous = exchange->previous;
    exchange->previous = NULL;
    ah_shared_release(exchange->authorization);
    exchange->authorization = NULL;
    ah_fields_clear(&exchange->authorizing);
    ah_challenges_clear(&exchange->challenges);
}

bool ah_exchange_start(ah_exchange *exchange, const ah_request *request, ah_outcome *outcome, ah_transfers *transfers,
                       void *owner)
{
    *exchange = (ah_exchange){.request = request, .outcome = outcome, .transfers = transfers, .owner = owner};
    AH_DEBUG("exchange", "#%llu: %s %.*s", request->number, request->method, ah_uri_shown(&request->uri),
             request->uri.text);
    if (first_transfer(exchange))
        return true;
    end(exchange);
    return false;
}

/* What says nothing about the request, a kept connection that the server has closed meanwhile among it, is tried
 * again, once, on a new connection (RFC 9112 section 9.3.1) [Http._conn_request]. libcurl does that too, but for some
 * ways of dying. */
static bool retry(ah_exchange *exchange)
{
    if (exchange->retried || !exchange->transfer || !ah_transfer_is_retriable(exchange->transfer))
        return false;
    AH_INFO("exchange", "#%llu: trying again: %s", exchange->request->number, ah_outcome_message(exchange->outcome));
    exchange->retried = true;
    release_transfer(exchange);
    ah_outcome_clear(exchange->outcome);
    return transfer(exchange, true);
}

/* Where the response leads; false: the outcome says what is wrong with it. */
static bool read_location(ah_exchange *exchange, ah_uri *target)
{
    const asynchttp_response *response = exchange->outcome->response;
    const char *location = ah_fields_find(&response->fields, "location")->values[0];
    const char *why = "";
    asynchttp_code code = ah_uri_resolve(target, &current(exchange)->uri, location, &why);
    if (code == ASYNCHTTP_E_NO_MEMORY)
        return no_memory(exchange);
    if (code)
        ah_outcome_fail(exchange->outcome, ASYNCHTTP_E_MALFORMED_HEADER, "%s: The Location of the redirect: %s",
                        current(exchange)->uri.authority, why);
    return !code;
}

/* Makes the request that follows; takes the target over. */
static bool redirect_to(ah_exchange *exchange, ah_uri *target)
{
    ah_request *next = malloc(sizeof(*next));
    if (!next) {
        ah_uri_clear(target);
        return no_memory(exchange);
    }
    if (!ah_redirect_request(next, current(exchange), exchange->outcome->response->status, target)) {
        free(next);
        return no_memory(exchange);
    }
    release_transfer(exchange);
    forget_redirect(exchange);
    exchange->redirected = next;
    return true;
}

/* Goes on with another request. False: the outcome says why not. */
static bool follow(ah_exchange *exchange)
{
    ah_uri target = {0};
    if (!read_location(exchange, &target))
        return false;
    if (!ah_redirect_note(exchange->outcome->response, current(exchange), &target)) {
        ah_uri_clear(&target);
        return no_memory(exchange);
    }
    if (!redirect_to(exchange, &target))
        return false;
    AH_DEBUG("exchange", "#%llu: %d, redirected to %s %.*s", exchange->request->number,
             exchange->outcome->response->status, exchange->redirected->method,
             ah_uri_shown(&exchange->redirected->uri), exchange->redirected->uri.text);
    exchange->previous = exchange->outcome->response;
    exchange->outcome->response = NULL;
    ah_outcome_clear(exchange->outcome);
    return first_transfer(exchange);
}

/* The next answer to the challenges of a 401. False: there is none, or the outcome says what is wrong. */
static bool next_authorization(ah_exchange *exchange)
{
    const ah_request *request = current(exchange);
    ah_authorization *next;
    char why[AH_WHY_SIZE] = "";
    asynchttp_code code =
        ah_authorization_next(&next, &exchange->challenges, request->settings, &request->uri, &exchange->turn, why);
    if (code == ASYNCHTTP_E_NO_MEMORY)
        return no_memory(exchange);
    if (code)
        ah_outcome_fail(exchange->outcome, code, "%s: The WWW-Authenticate header: %s", request->uri.authority, why);
    if (!next)
        return false;
    ah_shared_release(exchange->authorization);
    exchange->authorization = next;
    return true;
}

static bool read_challenges(ah_exchange *exchange, const asynchttp_response *response)
{
    const char *value = ah_fields_get(&response->fields, "www-authenticate");
    if (!value)
        return false;
    asynchttp_code code = ah_challenges_parse(&exchange->challenges, value);
    if (code == ASYNCHTTP_E_NO_MEMORY)
        return no_memory(exchange);
    if (code)
        ah_outcome_fail(exchange->outcome, code, "%s: The WWW-Authenticate header is malformed",
                        current(exchange)->uri.authority);
    return !code;
}

/* Whether a 401 has another answer than the one that was sent, which is then the exchange's authorization. */
static bool answer_challenge(ah_exchange *exchange, const asynchttp_response *response, bool stale)
{
    const ah_request *request = current(exchange);
    if (stale && exchange->renewals < MOST_RENEWALS) {
        exchange->renewals++;
        return true;
    }
    if (is_authorized_by_caller(request) || !request->settings->credentials)
        return false;
    if (!exchange->challenges.count && !read_challenges(exchange, response))
        return false;
    return next_authorization(exchange);
}

/* What becomes of a response, whose head has been read. */
static ah_plan plan(ah_exchange *exchange, asynchttp_response *response)
{
    const ah_request *request = current(exchange);
    ah_authorization *used = exchange->authorization;
    bool stale = used && ah_authorization_heed(used, &response->fields);
    if (response->status == 401)
        return answer_challenge(exchange, response, stale) ? AH_PLAN_AUTHORIZE : AH_PLAN_ANSWER;
    if (used)
        ah_authorizations_add(request->settings->authorizations, used);
    return ah_redirect_decide(request, response) == AH_REDIRECT_FOLLOW ? AH_PLAN_REDIRECT : AH_PLAN_ANSWER;
}

/* The response is the answer: notes what the caller is to see in it. */
static void conclude(ah_exchange *exchange)
{
    ah_outcome *outcome = exchange->outcome;
    const ah_request *request = current(exchange);
    switch (ah_redirect_decide(request, outcome->response)) {
    case AH_REDIRECT_MISSING_LOCATION:
        ah_outcome_fail(outcome, ASYNCHTTP_E_REDIRECT_MISSING_LOCATION,
                        "Redirected but the response is missing a Location: header. (%.*s)",
                        ah_uri_shown(&request->uri), request->uri.text);
        break;
    case AH_REDIRECT_LIMIT:
        ah_outcome_fail(outcome, ASYNCHTTP_E_REDIRECT_LIMIT,
                        "Redirected more times than redirection_limit allows. (%.*s)", ah_uri_shown(&request->uri),
                        request->uri.text);
        break;
    default:
        if (!ah_redirect_note_answer(outcome->response, request))
            no_memory(exchange);
    }
}

/* The request is sent again, as its authorization has changed. */
static bool send_again(ah_exchange *exchange)
{
    AH_DEBUG("exchange", "#%llu: %d, trying with credentials", exchange->request->number,
             exchange->outcome->response->status);
    /* The same message as before, and the chain of redirects that led to it. */
    exchange->previous = exchange->outcome->response->previous;
    exchange->outcome->response->previous = NULL;
    release_transfer(exchange);
    ah_outcome_clear(exchange->outcome);
    exchange->retried = false;
    return transfer(exchange, false);
}

/* The transfer has ended well. Returns true if the exchange goes on. */
static bool go_on(ah_exchange *exchange)
{
    switch (exchange->plan) {
    case AH_PLAN_REDIRECT:
        return follow(exchange);
    case AH_PLAN_AUTHORIZE:
        return send_again(exchange);
    default:
        conclude(exchange);
        return false;
    }
}

static void log_end(const ah_exchange *exchange)
{
    const ah_outcome *outcome = exchange->outcome;
    if (outcome->code)
        AH_INFO("exchange", "#%llu: failed: %s", exchange->request->number, ah_outcome_message(outcome));
    else
        AH_DEBUG("exchange", "#%llu: %d, %zu bytes", exchange->request->number, outcome->response->status,
                 outcome->content.length);
}

bool ah_exchange_advance(ah_exchange *exchange)
{
    bool goes_on = exchange->outcome->code ? retry(exchange) : go_on(exchange);
    if (goes_on)
        return true;
    end(exchange);
    log_end(exchange);
    return false;
}

void ah_exchange_cancel(ah_exchange *exchange)
{
    end(exchange);
}
