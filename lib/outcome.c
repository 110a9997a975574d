#include "outcome.h"

#include <stdlib.h>

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
    if (made) {
        free(outcome->message);
        outcome->message = ah_buffer_take(&message);
    }
    ah_buffer_free(&message);
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
    ah_buffer_free(&outcome->content);
    *outcome = (ah_outcome){0};
}
