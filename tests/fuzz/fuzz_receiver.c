/*
 * lib/receiver.h. The input, line by line: heads, up to the end of the first that is not interim; then pieces of
 * content, up to an empty line; then trailers. It is the answer to several requests.
 */
#include "receiver.h"

#include "base/shared.h"
#include "fuzz.h"
#include "response.h"

/* The most lines in a head and its trailers, and the status. */
enum { MOST_VALUES = 5000 + 1 };

typedef struct answer {
    ah_request request;
    ah_outcome outcome;
    ah_receiver receiver;
    uint64_t received;
    /* Whether the receiver takes more. */
    bool good;
} answer;

static int take(asynchttp_promise *promise, const void *data, size_t length, void *callback_data)
{
    uint64_t *taken = callback_data;
    DEMAND(!promise && data && length);
    *taken += length;
    /* Enough is enough. */
    return *taken > 300;
}

/* Redirects are not the caller's. */
static bool on_head(void *owner, asynchttp_response *response)
{
    const answer *of = owner;
    DEMAND(response == of->outcome.response);
    return response->status / 100 != 3;
}

static void feed_head(answer *to, const uint8_t *line, size_t length)
{
    char *copy = malloc(length);
    DEMAND(copy);
    memcpy(copy, line, length);
    to->good = ah_receiver_header(&to->receiver, copy, length);
    free(copy);
}

static void feed_content(answer *to, const uint8_t *line, size_t length)
{
    to->received += length;
    to->good = ah_receiver_content(&to->receiver, line, length, to->received / 4);
}

static void feed(answer *to, const uint8_t *data, size_t size)
{
    bool trailers = false;
    while (to->good && size) {
        size_t length = fuzz_line(data, size);
        bool content = to->receiver.part == AH_RECEIVER_CONTENT;
        if (content && !trailers && *data == '\n')
            trailers = true;
        else if (content && !trailers)
            feed_content(to, data, length);
        else
            feed_head(to, data, length);
        data += length;
        size -= length;
    }
}

/* A text of one line: it can be handed on. */
static void check_text(const char *text)
{
    DEMAND(text && !strpbrk(text, "\r\n"));
}

static size_t check_fields(const ah_fields *fields)
{
    size_t values = 0;
    for (size_t i = 0; i < fields->count; i++) {
        const ah_field *field = &fields->fields[i];
        check_text(field->name);
        DEMAND(*field->name && !strchr(field->name, ':') && field->count);
        DEMAND(ah_fields_find(fields, field->name) == field);
        for (size_t j = 0; j < field->count; j++)
            check_text(field->values[j]);
        check_text(ah_field_value(field));
        values += field->count;
    }
    return values;
}

static void check_response(const asynchttp_response *response)
{
    char status[16];
    DEMAND(response->status >= 100 && response->status <= 999);
    DEMAND(response->status >= 200 || response->status == 101);
    DEMAND(response->version >= 0 && response->version <= 99);
    snprintf(status, sizeof(status), "%d", response->status);
    DEMAND(fuzz_same(asynchttp_response_get(response, "Status"), status));
    check_text(asynchttp_response_reason(response));
    DEMAND(check_fields(&response->fields) + check_fields(&response->trailers) <= MOST_VALUES);
}

static void check(const answer *of)
{
    const ah_outcome *outcome = &of->outcome;
    const char *authority = of->request.uri.authority;
    if (outcome->response)
        check_response(outcome->response);
    if (of->good)
        DEMAND(!outcome->code && outcome->response);
    else
        DEMAND(outcome->code ? !strncmp(outcome->message, authority, strlen(authority)) : of->receiver.cut_short);
    DEMAND(outcome->content.length <= of->received);
    if (of->good && of->receiver.final && !of->request.callbacks.on_data)
        DEMAND(outcome->content.length == of->received);
    DEMAND(!of->request.callbacks.on_data || !outcome->content.length);
}

static void run(const asynchttp_request *arguments, ah_settings *settings, const uint8_t *data, size_t size)
{
    answer to = {.good = true};
    ah_request_init(&to.request, "http://example.com:81/", arguments, settings, &to.outcome);
    DEMAND(!to.outcome.code);
    ah_receiver_init(&to.receiver, &to.request, &to.outcome, arguments ? on_head : NULL, &to);
    feed(&to, data, size);
    if (to.good)
        to.good = ah_receiver_end(&to.receiver);
    check(&to);
    ah_receiver_clear(&to.receiver);
    ah_outcome_clear(&to.outcome);
    ah_request_clear(&to.request);
}

/* With limits that small answers reach. */
static ah_settings *small_settings(void)
{
    ah_settings *defaults = ah_settings_new();
    DEMAND(defaults);
    ah_settings *settings = ah_settings_copy(defaults);
    DEMAND(settings);
    ah_shared_release(defaults);
    settings->proxy_from_environment = false;
    settings->decode_limit_hard = 200;
    settings->decode_limit_safe = 100;
    settings->decode_limit_ratio = 3;
    return settings;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const headers[] = {"Expect", "100-continue", NULL};
    uint64_t taken = 0;
    ah_settings *settings = small_settings();
    asynchttp_request head = ASYNCHTTP_REQUEST_INIT;
    asynchttp_request post = ASYNCHTTP_REQUEST_INIT;
    head.method = "HEAD";
    post.method = "POST";
    post.body = "body";
    post.headers = headers;
    post.on_data = take;
    post.callback_data = &taken;
    run(NULL, settings, data, size);
    run(&head, settings, data, size);
    run(&post, settings, data, size);
    ah_shared_release(settings);
    return 0;
}
