#include "request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/shared.h"
#include "cache/cache.h"
#include "proxy.h"

enum { DEFAULT_REDIRECTIONS = 5 };

static const char not_chunked[] = "Transfer-Encoding can only be chunked, with on_read and no body_length";

/* What reading one part of the arguments comes to. */
static bool fail(ah_outcome *outcome, const char *why)
{
    ah_outcome_fail(outcome, ASYNCHTTP_E_INVALID_ARGUMENT, "%s", why);
    return false;
}

static bool no_memory(ah_outcome *outcome)
{
    outcome->code = ASYNCHTTP_E_NO_MEMORY;
    return false;
}

static bool all_zero(const unsigned char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (bytes[i])
            return false;
    }
    return true;
}

/* The arguments as this version of the library knows them: a program built against an older header has fewer members,
 * one built against a newer header may have more, as long as it does not use them. */
static bool read_arguments(asynchttp_request *known, const asynchttp_request *given, ah_outcome *outcome)
{
    *known = (asynchttp_request){.size = sizeof(*known)};
    if (!given)
        return true;
    if (given->size < offsetof(asynchttp_request, method) + sizeof(given->method) || given->size > 4096)
        return fail(outcome, "asynchttp_request.size is wrong: use ASYNCHTTP_REQUEST or ASYNCHTTP_REQUEST_INIT");
    memcpy(known, given, given->size < sizeof(*known) ? given->size : sizeof(*known));
    if (given->size > sizeof(*known) &&
        !all_zero((const unsigned char *)given + sizeof(*known), given->size - sizeof(*known)))
        return fail(outcome, "asynchttp_request has members that this version of the library does not know");
    return true;
}

static bool read_uri(ah_request *request, const char *uri, ah_outcome *outcome)
{
    const char *why = NULL;
    asynchttp_code code = ah_uri_parse(&request->uri, uri, &why);
    if (!code)
        return true;
    if (code == ASYNCHTTP_E_NO_MEMORY)
        return no_memory(outcome);
    if (code == ASYNCHTTP_E_RELATIVE_URI)
        why = "Only absolute URIs are allowed";
    /* What may be a password is not repeated. */
    ah_outcome_fail(outcome, code, "%s. uri = %s", why, strchr(uri, '@') ? "..." : uri);
    return false;
}

/* False: no memory. */
static bool keep_method(ah_request *request, const char *method)
{
    static const char *const usual[] = {"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"};
    for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++) {
        if (strcmp(method, usual[i]) == 0) {
            request->method = usual[i];
            return true;
        }
    }
    request->unusual_method = strdup(method);
    request->method = request->unusual_method;
    return request->method != NULL;
}

static bool read_method(ah_request *request, const char *method, ah_outcome *outcome)
{
    if (!method)
        method = "GET";
    if (!ah_is_token(method))
        return fail(outcome, "The method is not a token");
    /* Its target is an authority and its answer a tunnel (RFC 9110 section 9.3.6): not a request for a URI. */
    if (strcmp(method, "CONNECT") == 0)
        return fail(outcome, "CONNECT makes a tunnel and cannot be requested");
    return keep_method(request, method) || no_memory(outcome);
}

static bool read_body(ah_request *request, const asynchttp_request *arguments, ah_outcome *outcome)
{
    if (arguments->on_read && arguments->body)
        return fail(outcome, "A request has a body or on_read, not both");
    if (arguments->body_length && !arguments->body && !arguments->on_read)
        return fail(outcome, "body_length without a body");
    if (arguments->body_length > PTRDIFF_MAX - 1)
        return fail(outcome, "body_length is out of bounds");
    bool has_body = arguments->body || arguments->on_read;
    if (has_body && ah_request_is(request, "HEAD"))
        return fail(outcome, "HEAD has no body");
    request->body_length = arguments->body_length;
    if (!arguments->body)
        return true;
    if (!arguments->body_length)
        request->body_length = strlen(arguments->body);
    /* One byte more, so that an empty body is not NULL. */
    request->body = malloc((size_t)request->body_length + 1);
    if (!request->body)
        return no_memory(outcome);
    memcpy(request->body, arguments->body, (size_t)request->body_length);
    return true;
}

/* Content-Length says again what the body says itself. With on_read and no length given, it is the length. */
static bool read_content_length(ah_request *request, const char *value, ah_outcome *outcome)
{
    char *end;
    errno = 0;
    unsigned long long length = strtoull(value, &end, 10);
    if (*value < '0' || *value > '9' || *end || errno)
        return fail(outcome, "The Content-Length is not a number");
    if (request->callbacks.on_read && !request->body_length)
        request->body_length = length;
    if (request->body_length != length)
        return fail(outcome, "The Content-Length differs from the body's");
    return true;
}

/* Fields that the body decides (RFC 9112 section 6): two voices about a message's length are how requests are smuggled.
 * *framing: it was one of them. */
static bool read_framing(ah_request *request, const char *name, const char *value, bool *framing, ah_outcome *outcome)
{
    *framing = true;
    if (ah_same_ignoring_case(name, "content-length"))
        return read_content_length(request, value, outcome);
    if (ah_same_ignoring_case(name, "transfer-encoding")) {
        if (ah_same_ignoring_case(value, "chunked") && request->callbacks.on_read && !request->body_length)
            return true;
        return fail(outcome, not_chunked);
    }
    *framing = false;
    return true;
}

static bool read_header(ah_request *request, const char *name, const char *value, ah_outcome *outcome)
{
    if (!ah_is_token(name)) {
        ah_outcome_fail(outcome, ASYNCHTTP_E_INVALID_ARGUMENT, "The header name \"%.100s\" is not a token", name);
        return false;
    }
    if (!value || !ah_is_field_value(value)) {
        ah_outcome_fail(outcome, ASYNCHTTP_E_INVALID_ARGUMENT, "The header %.100s has %s value", name,
                        value ? "a control character or a line break in its" : "no");
        return false;
    }
    bool framing;
    if (!read_framing(request, name, value, &framing, outcome))
        return false;
    if (framing || ah_fields_add(&request->headers, name, strlen(name), value, strlen(value)))
        return true;
    return no_memory(outcome);
}

static bool read_headers(ah_request *request, const char *const *headers, ah_outcome *outcome)
{
    bool chunked = false;
    for (; headers && headers[0]; headers += 2) {
        if (!read_header(request, headers[0], headers[1], outcome))
            return false;
        chunked = chunked || ah_same_ignoring_case(headers[0], "transfer-encoding");
    }
    /* A Content-Length may have come after it. */
    return !chunked || !request->body_length || fail(outcome, not_chunked);
}

static bool read_limits(ah_request *request, const asynchttp_request *arguments, ah_outcome *outcome)
{
    if (!(arguments->timeout >= 0))
        return fail(outcome, "The timeout is negative or not a number");
    request->timeout = arguments->timeout > 0 ? arguments->timeout : request->settings->timeout;
    if (arguments->redirections < ASYNCHTTP_NO_REDIRECTIONS)
        return fail(outcome, "The number of redirections is negative");
    request->redirections = arguments->redirections == ASYNCHTTP_NO_REDIRECTIONS ? 0 : arguments->redirections;
    if (arguments->redirections == 0)
        request->redirections = DEFAULT_REDIRECTIONS;
    return true;
}

/* Both, since a redirect may lead from the one scheme to the other. */
static void read_environment(ah_request *request, ah_outcome *outcome)
{
    static const char *const schemes[] = {"http", "https"};
    for (int i = 0; i < 2; i++) {
        if (!ah_proxy_info_from_environment(schemes[i], &request->environment_proxies[i]))
            ah_outcome_fail(outcome, ASYNCHTTP_E_INVALID_ARGUMENT,
                            "The proxy that the environment variable %s_proxy names cannot be used", schemes[i]);
    }
}

void ah_request_init(ah_request *request, const char *uri, const asynchttp_request *given, ah_settings *settings,
                     ah_outcome *outcome)
{
    asynchttp_request arguments;
    request->settings = ah_shared_hold(settings);
    bool known = read_arguments(&arguments, given, outcome);
    request->callbacks.done = arguments.callback;
    request->callbacks.data = arguments.callback_data;
    request->callbacks.on_data = arguments.on_data;
    request->callbacks.on_read = arguments.on_read;
    request->callbacks.on_progress = arguments.on_progress;
    request->callbacks.on_interim = arguments.on_interim;
    bool fine = known && read_uri(request, uri, outcome) && read_method(request, arguments.method, outcome) &&
                read_body(request, &arguments, outcome) && read_headers(request, arguments.headers, outcome) &&
                read_limits(request, &arguments, outcome);
    if (fine && settings->proxy_from_environment)
        read_environment(request, outcome);
}

static bool repeat_proxies(ah_request *request, const ah_request *original)
{
    for (int i = 0; i < 2; i++) {
        const asynchttp_proxy_info *proxy = original->environment_proxies[i];
        request->environment_proxies[i] = proxy ? ah_proxy_info_copy(proxy) : NULL;
        if (proxy && !request->environment_proxies[i])
            return false;
    }
    return true;
}

bool ah_request_repeat(ah_request *request, const ah_request *original, struct ah_claim *claim)
{
    const char *why;
    request->claim = claim;
    request->settings = ah_shared_hold(original->settings);
    request->redirections = original->redirections;
    request->timeout = original->timeout;
    request->file = original->file;
    request->line = original->line;
    return keep_method(request, original->method) &&
           ah_uri_parse(&request->uri, original->uri.text, &why) == ASYNCHTTP_OK &&
           ah_fields_copy(&request->headers, &original->headers) && repeat_proxies(request, original);
}

void ah_request_clear(ah_request *request)
{
    /* One that holds anything has settings. */
    if (!request->settings)
        return;
    ah_uri_clear(&request->uri);
    free(request->unusual_method);
    ah_fields_clear(&request->headers);
    free(request->body);
    ah_cache_disclaim(request->claim);
    ah_shared_release(request->settings);
    for (int i = 0; i < 2; i++) {
        if (request->environment_proxies[i])
            asynchttp_proxy_info_free(request->environment_proxies[i]);
    }
    *request = (ah_request){.callbacks = request->callbacks, .number = request->number};
}
