#include "exchange.h"

#include <stdlib.h>

#include "authentication.h"
#include "base/log.h"
#include "base/shared.h"
#include "caching.h"
#include "delivery.h"
#include "recording.h"
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
    if (exchange->plan == AH_PLAN_ANSWER || exchange->plan == AH_PLAN_REDIRECT)
        ah_recording_begin(&exchange->hop, response, exchange->authorization != NULL);
    return exchange->plan == AH_PLAN_ANSWER;
}

static void on_content(void *data, const void *content, size_t length)
{
    ah_exchange *exchange = data;
    ah_recording_content(&exchange->hop, content, length);
}

static bool no_memory(ah_exchange *exchange)
{
    ah_outcome_fail(exchange->outcome, ASYNCHTTP_E_NO_MEMORY, "%s: Out of memory for the exchange",
                    current(exchange)->uri.authority);
    return false;
}

/* How far a step has brought the exchange. */
typedef enum step {
    /* A transfer is under way, or another exchange's is waited for. */
    STEP_UNDER_WAY,
    /* There is a response, and a plan what to do about it. */
    STEP_ANSWERED,
    /* The outcome says how it has ended. */
    STEP_OVER,
} step;

static step out_of_memory(ah_exchange *exchange)
{
    no_memory(exchange);
    return STEP_OVER;
}

/* Makes the header fields that go out beside the request's own: for the cache, and for the authorization, if there is
 * one. */
static bool add_fields(ah_exchange *exchange)
{
    const ah_request *request = current(exchange);
    ah_fields_clear(&exchange->added);
    return ah_fields_copy(&exchange->added, &exchange->hop.conditions) &&
           (!exchange->authorization ||
            ah_authorization_write(exchange->authorization, request->method, &request->uri, &exchange->added));
}

/* Sends the current request. */
static step transfer(ah_exchange *exchange, bool fresh)
{
    exchange->plan = AH_PLAN_ANSWER;
    if (!add_fields(exchange))
        return out_of_memory(exchange);
    const ah_order order = {.request = current(exchange),
                            .more = &exchange->added,
                            .fresh = fresh,
                            .outcome = exchange->outcome,
                            .on_head = on_head,
                            .on_content = on_content,
                            .owner = exchange};
    ah_caching_sent(&exchange->hop);
    exchange->transfer = ah_transfer_start(exchange->transfers, &order);
    return exchange->transfer ? STEP_UNDER_WAY : STEP_OVER;
}

/* The caller's own Authorization is left alone. */
static bool is_authorized_by_caller(const ah_request *request)
{
    return ah_fields_find(&request->headers, "authorization") != NULL;
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

/* Who asks for the cache's sake asks for what is stored for this URI alone. */
static ah_plan plan_redirect(const ah_exchange *exchange, const asynchttp_response *response)
{
    if (exchange->request->claim)
        return AH_PLAN_ANSWER;
    return ah_redirect_decide(current(exchange), response) == AH_REDIRECT_FOLLOW ? AH_PLAN_REDIRECT : AH_PLAN_ANSWER;
}

static step consult(ah_exchange *exchange);

/* The cache could not give what it had after all. */
static step consult_anew(ah_exchange *exchange)
{
    exchange->previous = exchange->outcome->response->previous;
    exchange->outcome->response->previous = NULL;
    ah_outcome_clear(exchange->outcome);
    ah_caching_forget(&exchange->hop);
    return consult(exchange);
}

/* The outcome has a stored response. */
static step answer_stored(ah_exchange *exchange)
{
    ah_outcome *outcome = exchange->outcome;
    if (exchange->previous)
        outcome->response->previous = exchange->previous;
    exchange->previous = NULL;
    exchange->plan = plan_redirect(exchange, outcome->response);
    if (exchange->plan == AH_PLAN_ANSWER && !ah_delivery_content(&exchange->hop, outcome))
        return outcome->code ? STEP_OVER : consult_anew(exchange);
    if (exchange->hop.claim)
        exchange->host->refresh(exchange->owner, current(exchange), exchange->hop.claim);
    exchange->hop.claim = NULL;
    return STEP_ANSWERED;
}

static step consult(ah_exchange *exchange)
{
    switch (ah_caching_consult(&exchange->hop, exchange->outcome)) {
    case AH_CONSULTED_ANSWER:
        return answer_stored(exchange);
    case AH_CONSULTED_WAIT:
        AH_DEBUG("exchange", "#%llu: waiting for the same that is under way", exchange->request->number);
        return STEP_UNDER_WAY;
    case AH_CONSULTED_SEND:
        return transfer(exchange, false);
    default:
        return out_of_memory(exchange);
    }
}

/* Another exchange has ended that this one waited for; on that one's thread. */
static void wake(void *data)
{
    ah_exchange *exchange = data;
    exchange->host->resume(exchange->owner);
}

static bool is_cancelled(void *data)
{
    const ah_exchange *exchange = data;
    return exchange->host->is_cancelled(exchange->owner);
}

/* A request to a URI that was not asked yet: from the cache, or with what has worked there before, if anything has. */
static step begin_hop(ah_exchange *exchange)
{
    const ah_request *request = current(exchange);
    ah_shared_release(exchange->authorization);
    exchange->authorization = NULL;
    ah_challenges_clear(&exchange->challenges);
    exchange->turn = 0;
    exchange->renewals = 0;
    exchange->retries = 0;
    if (!is_authorized_by_caller(request))
        exchange->authorization = ah_authorizations_find(request->settings->authorizations, &request->uri);
    ah_hop_begin(&exchange->hop, request, wake, is_cancelled, exchange);
    return consult(exchange);
}

/* What says nothing about the request, a kept connection that the server has closed meanwhile among it, is tried
 * again on a new connection (RFC 9112 section 9.3.1) [Http._conn_request]. libcurl does that too, but for some ways of
 * dying. */
static bool may_retry(const ah_exchange *exchange)
{
    return exchange->transfer && exchange->retries < ah_transfer_retries(exchange->transfer);
}

static step retry(ah_exchange *exchange)
{
    AH_INFO("exchange", "#%llu: trying again: %s", exchange->request->number, ah_outcome_message(exchange->outcome));
    exchange->retries++;
    release_transfer(exchange);
    ah_outcome_clear(exchange->outcome);
    return transfer(exchange, true);
}

/* The transfer has failed. */
static step recover(ah_exchange *exchange)
{
    if (may_retry(exchange))
        return retry(exchange);
    ah_recording_drop(&exchange->hop);
    exchange->rescued = ah_caching_rescue(&exchange->hop, exchange->outcome);
    return exchange->rescued ? answer_stored(exchange) : STEP_OVER;
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

/* Goes on with another request. */
static step follow(ah_exchange *exchange)
{
    ah_uri target = {0};
    if (!read_location(exchange, &target))
        return STEP_OVER;
    if (!ah_redirect_note(exchange->outcome->response, current(exchange), &target)) {
        ah_uri_clear(&target);
        return out_of_memory(exchange);
    }
    ah_caching_end(&exchange->hop, AH_LANDED);
    if (!redirect_to(exchange, &target))
        return STEP_OVER;
    AH_DEBUG("exchange", "#%llu: %d, redirected to %s %.*s", exchange->request->number,
             exchange->outcome->response->status, exchange->redirected->method,
             ah_uri_shown(&exchange->redirected->uri), exchange->redirected->uri.text);
    exchange->previous = exchange->outcome->response;
    exchange->outcome->response = NULL;
    ah_outcome_clear(exchange->outcome);
    return begin_hop(exchange);
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

/* What the response says of the authorization that was sent. *stale: its nonce is old. */
static void learn_authorization(ah_exchange *exchange, const asynchttp_response *response, bool *stale)
{
    ah_authorization *used = exchange->authorization;
    *stale = used && ah_authorization_heed(used, &response->fields);
    if (used && response->status != 401)
        ah_authorizations_add(current(exchange)->settings->authorizations, used);
}

/* What becomes of a response, whose head has been read. */
static ah_plan plan(ah_exchange *exchange, asynchttp_response *response)
{
    bool stale;
    learn_authorization(exchange, response, &stale);
    if (response->status == 401 && answer_challenge(exchange, response, stale))
        return AH_PLAN_AUTHORIZE;
    switch (ah_caching_head(&exchange->hop, response)) {
    case AH_HEADING_STORED:
        return AH_PLAN_STORED;
    case AH_HEADING_AGAIN:
        return AH_PLAN_REPEAT;
    default:
        return plan_redirect(exchange, response);
    }
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

/* The same request is sent again, otherwise than before. */
static step send_again(ah_exchange *exchange)
{
    /* With the chain of redirects that led to it. */
    exchange->previous = exchange->outcome->response->previous;
    exchange->outcome->response->previous = NULL;
    release_transfer(exchange);
    ah_outcome_clear(exchange->outcome);
    exchange->retries = 0;
    return transfer(exchange, false);
}

/* The server's answer gives way to the stored one. */
static step use_stored(ah_exchange *exchange)
{
    release_transfer(exchange);
    ah_buffer_free(&exchange->outcome->content);
    return ah_caching_answer(&exchange->hop, exchange->outcome) ? answer_stored(exchange) : STEP_OVER;
}

/* Does what is planned about the response. */
static step decide(ah_exchange *exchange)
{
    int status = exchange->outcome->response->status;
    switch (exchange->plan) {
    case AH_PLAN_REDIRECT:
        ah_recording_end(&exchange->hop);
        return follow(exchange);
    case AH_PLAN_AUTHORIZE:
        AH_DEBUG("exchange", "#%llu: %d, trying with credentials", exchange->request->number, status);
        return send_again(exchange);
    case AH_PLAN_STORED:
        AH_DEBUG("exchange", "#%llu: %d, answering from the cache", exchange->request->number, status);
        return use_stored(exchange);
    case AH_PLAN_REPEAT:
        AH_DEBUG("exchange", "#%llu: %d is about nothing that is stored", exchange->request->number, status);
        ah_caching_forget(&exchange->hop);
        return send_again(exchange);
    default:
        ah_recording_end(&exchange->hop);
        conclude(exchange);
        return STEP_OVER;
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

/* What its end is for those who waited for it. A timeout would be met by one after the other. */
static ah_landing landing_of(const ah_exchange *exchange)
{
    if (exchange->rescued)
        return AH_LANDED_NOT;
    switch (exchange->outcome->code) {
    case ASYNCHTTP_OK:
    case ASYNCHTTP_E_TIMEOUT:
        return AH_LANDED;
    case ASYNCHTTP_E_CALLBACK:
    case ASYNCHTTP_E_NO_MEMORY:
        return AH_LANDED_NEVER;
    default:
        return AH_LANDED_NOT;
    }
}

/* It is over: lets go of what it has. */
static void end(ah_exchange *exchange, ah_landing landing)
{
    release_transfer(exchange);
    ah_caching_end(&exchange->hop, landing);
    forget_redirect(exchange);
    ah_response_free(exchange->outcome->previous);
    exchange->outcome->previous = exchange->previous;
    exchange->previous = NULL;
    ah_shared_release(exchange->authorization);
    exchange->authorization = NULL;
    ah_fields_clear(&exchange->added);
    ah_challenges_clear(&exchange->challenges);
    ah_buffer_settle(&exchange->outcome->content);
}

/* Goes on from a step as far as it goes without waiting. Returns whether it is still under way. */
static bool run(ah_exchange *exchange, step reached)
{
    while (reached == STEP_ANSWERED)
        reached = decide(exchange);
    if (reached == STEP_UNDER_WAY)
        return true;
    end(exchange, landing_of(exchange));
    log_end(exchange);
    return false;
}

bool ah_exchange_start(ah_exchange *exchange, const ah_request *request, ah_outcome *outcome, ah_transfers *transfers,
                       const ah_exchange_host *host, void *owner)
{
    *exchange =
        (ah_exchange){.request = request, .outcome = outcome, .transfers = transfers, .host = host, .owner = owner};
    AH_DEBUG("exchange", "#%llu: %s %.*s", request->number, request->method, ah_uri_shown(&request->uri),
             request->uri.text);
    return run(exchange, begin_hop(exchange));
}

bool ah_exchange_advance(ah_exchange *exchange)
{
    return run(exchange, exchange->outcome->code ? recover(exchange) : STEP_ANSWERED);
}

bool ah_exchange_resume(ah_exchange *exchange)
{
    return run(exchange, consult(exchange));
}

void ah_exchange_cancel(ah_exchange *exchange)
{
    end(exchange, AH_LANDED_NEVER);
}
