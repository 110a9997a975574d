#include "outcome.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "response.h"

void ah_outcome_fail(ah_outcome *outcome, asynchttp_code code, const char *format, ...)
{
    if (outcome->code)
        return;
    ah_buffer message = {0};
    va_list arguments;
    va_start(arguments, format);
    ah_buffer_vprintf(&message, format, arguments);
    va_end(arguments);
    outcome->code = code;
    outcome->message = ah_buffer_take(&message);
}

void ah_outcome_explain(ah_outcome *outcome, const char *format, ...)
{
    if (!outcome->code)
        return;
    ah_buffer message = {0};
    va_list arguments;
    va_start(arguments, format);
    bool made = ah_buffer_append_string(&message, ah_outcome_message(outcome)) &&
                ah_buffer_vprintf(&message, format, arguments);
    va_end(arguments);
    char *longer = made ? ah_buffer_take(&message) : NULL;
    if (longer) {
        free(outcome->message);
        outcome->message = longer;
    }
    ah_buffer_free(&message);
}

/* A response that no server sent, with a text for its content. NULL: no memory. */
static asynchttp_response *made_up(int status, const char *reason, const char *content)
{
    char number[24];
    asynchttp_response *response = ah_response_new();
    if (!response)
        return NULL;
    response->status = status;
    response->version = 11;
    response->reason = strdup(reason);
    bool made = response->reason && ah_fields_set(&response->fields, "content-type", "text/plain");
    snprintf(number, sizeof(number), "%d", status);
    made = made && ah_fields_set(&response->fields, "status", number);
    snprintf(number, sizeof(number), "%zu", strlen(content));
    made = made && ah_fields_set(&response->fields, "content-length", number);
    if (made)
        return response;
    ah_response_free(response);
    return NULL;
}

/* The server's response with another status; the field "status" keeps the server's own. */
static bool force_500(ah_outcome *outcome)
{
    char *reason = strdup(ah_outcome_message(outcome));
    if (!reason)
        return false;
    free(outcome->response->reason);
    outcome->response->reason = reason;
    outcome->response->status = 500;
    return true;
}

static bool make_up(ah_outcome *outcome)
{
    bool timeout = outcome->code == ASYNCHTTP_E_TIMEOUT;
    const char *reason = timeout ? "Request Timeout" : "Bad Request";
    const char *text = timeout ? reason : ah_outcome_message(outcome);
    ah_buffer content = {0};
    asynchttp_response *response = made_up(timeout ? 408 : 400, reason, text);
    if (!response || !ah_buffer_append_string(&content, text)) {
        ah_response_free(response);
        return false;
    }
    /* What the server sent before it failed is not the answer; how the request came there stays. */
    asynchttp_response **previous = outcome->response ? &outcome->response->previous : &outcome->previous;
    response->previous = *previous;
    *previous = NULL;
    ah_response_free(outcome->response);
    ah_buffer_free(&outcome->content);
    outcome->response = response;
    outcome->content = content;
    return true;
}

/* Errors that httplib2 raises as HttpLib2ErrorWithResponse. */
static bool carries_response(const ah_outcome *outcome)
{
    switch (outcome->code) {
    case ASYNCHTTP_E_REDIRECT_MISSING_LOCATION:
    case ASYNCHTTP_E_REDIRECT_LIMIT:
    case ASYNCHTTP_E_FAILED_TO_DECOMPRESS_CONTENT:
    case ASYNCHTTP_E_UNIMPLEMENTED_DIGEST_AUTH_OPTION:
        return outcome->response != NULL;
    default:
        return false;
    }
}

void ah_outcome_force_status(ah_outcome *outcome)
{
    switch (outcome->code) {
    case ASYNCHTTP_OK:
    case ASYNCHTTP_E_CANCELLED:
    case ASYNCHTTP_E_CALLBACK:
    case ASYNCHTTP_E_NO_MEMORY:
        return;
    default:
        break;
    }
    if (!(carries_response(outcome) ? force_500(outcome) : make_up(outcome)))
        return;
    outcome->code = ASYNCHTTP_OK;
    free(outcome->message);
    outcome->message = NULL;
}

const char *ah_outcome_message(const ah_outcome *outcome)
{
    if (outcome->message)
        return outcome->message;
    return outcome->code ? asynchttp_strerror(outcome->code) : "";
}

void ah_outcome_clear(ah_outcome *outcome)
{
    free(outcome->message);
    ah_response_free(outcome->response);
    ah_response_free(outcome->previous);
    ah_buffer_free(&outcome->content);
    *outcome = (ah_outcome){0};
}
