#include "redirect.h"

#include <string.h>

#include "response.h"

static bool is_safe(const ah_request *request)
{
    const ah_strings *methods = request->settings->safe_methods;
    for (size_t i = 0; i < methods->count; i++) {
        if (strcmp(methods->items[i], request->method) == 0)
            return true;
    }
    return false;
}

static bool is_redirect(const ah_request *request, int status)
{
    const ah_redirect_codes *codes = request->settings->redirect_codes;
    for (size_t i = 0; i < codes->count; i++) {
        if (codes->codes[i] == status)
            return true;
    }
    return false;
}

/* 303 leads to another resource, and 308 says itself that the method stays: neither does what the caller did not ask
 * for. */
static bool may_follow(const ah_request *request, int status)
{
    const ah_settings *settings = request->settings;
    return settings->follow_redirects &&
           (settings->follow_all_redirects || status == 303 || status == 308 || is_safe(request));
}

ah_redirect ah_redirect_decide(const ah_request *request, const asynchttp_response *response)
{
    bool located = ah_fields_find(&response->fields, "location") != NULL;
    if (!is_redirect(request, response->status) || !may_follow(request, response->status))
        return AH_REDIRECT_NONE;
    /* Without a preferred choice it is a list for the user (RFC 9110 section 15.4.1). */
    if (response->status == 300 && !located)
        return AH_REDIRECT_NONE;
    if (request->redirections <= 0)
        return AH_REDIRECT_LIMIT;
    return located ? AH_REDIRECT_FOLLOW : AH_REDIRECT_MISSING_LOCATION;
}

bool ah_redirect_note(asynchttp_response *response, const ah_request *request, const ah_uri *target)
{
    ah_fields *fields = &response->fields;
    bool permanent = response->status == 308 || (response->status == 301 && is_safe(request));
    return ah_fields_set(fields, "location", target->text) &&
           (!permanent || ah_fields_set(fields, "-x-permanent-redirect-url", target->text)) &&
           (ah_fields_find(fields, "content-location") || ah_fields_set(fields, "content-location", request->uri.text));
}

bool ah_redirect_note_answer(asynchttp_response *response, const ah_request *request)
{
    bool located = (response->status == 200 || response->status == 203) && is_safe(request);
    return !located || ah_fields_find(&response->fields, "content-location") ||
           ah_fields_set(&response->fields, "content-location", request->uri.text);
}

/* Drops what was said to the server before, or of the body, and must not be said now. */
static void drop_headers(ah_request *next, const ah_request *before, bool same_origin)
{
    static const char *const of_the_body[] = {"content-type",     "content-encoding", "content-language",
                                              "content-location", "content-range",    "expect"};
    bool forward = next->settings->forward_authorization_headers;
    ah_fields_delete(&next->headers, "if-none-match");
    ah_fields_delete(&next->headers, "if-modified-since");
    if (!forward)
        ah_fields_delete(&next->headers, "authorization");
    if (!same_origin) {
        ah_fields_delete(&next->headers, "host");
        if (!forward)
            ah_fields_delete(&next->headers, "cookie");
    }
    if (!ah_request_has_body(before) || ah_request_has_body(next))
        return;
    for (size_t i = 0; i < sizeof(of_the_body) / sizeof(of_the_body[0]); i++)
        ah_fields_delete(&next->headers, of_the_body[i]);
}

bool ah_redirect_request(ah_request *next, const ah_request *before, int status, ah_uri *target)
{
    *next = *before;
    next->uri = *target;
    *target = (ah_uri){0};
    next->headers = (ah_fields){0};
    next->claim = NULL;
    if (!ah_fields_copy(&next->headers, &before->headers)) {
        ah_redirect_clear(next);
        return false;
    }
    next->redirections--;
    if (status == 302 || status == 303) {
        next->method = "GET";
        next->body = NULL;
        next->body_length = 0;
        next->callbacks.on_read = NULL;
    }
    drop_headers(next, before, ah_uri_same_origin(&before->uri, &next->uri));
    return true;
}

void ah_redirect_clear(ah_request *next)
{
    ah_uri_clear(&next->uri);
    ah_fields_clear(&next->headers);
}
