/*
 * bridge: carries out requests with the library for a program that is not linked with it. Every line of standard input
 * is a request, every line of standard output an answer, in the order of arrival:
 *
 *     {"id": 1, "method": "GET", "uri": "http://...", "headers": [["name", "value"], ...], "body": "..."}
 *     {"id": 1, "status": 200, "reason": "OK", "headers": [["name", "value"], ...], "body": "..."}
 *     {"id": 1, "error": "..."}
 *
 * Interim responses stand in the answer before the final one: "interim": [[103, {"link": "..."}], ...].
 *
 * Values of header fields and bodies are bytes, each written as the character of that number. Where the library reports
 * an error for which a proxy has a status, that is the answer. Ends when its input does.
 *
 *     bridge CACHE-DIRECTORY
 *
 * SPDX-License-Identifier: MIT
 */
#include <asynchttp.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *must(void *pointer)
{
    if (!pointer) {
        fprintf(stderr, "bridge: out of memory\n");
        abort();
    }
    return pointer;
}

/* ---- Bytes and JSON's characters ---- */

/* UTF-8 of U+0080 to U+00FF has a lead byte of 0xC2 or 0xC3. NULL: there is a character above. */
static char *bytes_of(const char *text, size_t length, size_t *count)
{
    char *bytes = must(malloc(length + 1));
    *count = 0;
    for (size_t i = 0; i < length; i++) {
        unsigned byte = (unsigned char)text[i];
        if (byte > 0xC3) {
            free(bytes);
            return NULL;
        }
        if (byte >= 0x80)
            byte = ((byte & 0x03) << 6) | ((unsigned char)text[++i] & 0x3F);
        bytes[(*count)++] = (char)byte;
    }
    bytes[*count] = '\0';
    return bytes;
}

static json_t *text_of(const char *bytes, size_t count)
{
    char *text = must(malloc(2 * count + 1));
    size_t length = 0;
    for (size_t i = 0; i < count; i++) {
        unsigned byte = (unsigned char)bytes[i];
        if (byte >= 0x80)
            text[length++] = (char)(0xC0 | (byte >> 6));
        text[length++] = (char)(byte < 0x80 ? byte : 0x80 | (byte & 0x3F));
    }
    json_t *json = must(json_stringn(text, length));
    free(text);
    return json;
}

/* ---- Answers ---- */

/* What a proxy answers to a failure: 504 if it did not reach the server or got no answer (RFC 9110 section 15.6.5), 502
 * if the answer made no sense (15.6.3). 0: the failure has nothing to do with the server. */
static int status_of(asynchttp_code code)
{
    switch (code) {
    case ASYNCHTTP_E_CONNECTION_LOST:
    case ASYNCHTTP_E_CONNECTION_REFUSED:
    case ASYNCHTTP_E_SERVER_NOT_FOUND:
    case ASYNCHTTP_E_TIMEOUT:
        return 504;
    case ASYNCHTTP_E_BAD_RESPONSE:
        return 502;
    default:
        return 0;
    }
}

static json_t *fields_of(const asynchttp_response *response)
{
    json_t *fields = must(json_array());
    const char *name, *value;
    for (size_t i = 0; asynchttp_response_header(response, i, &name, NULL); i++)
        for (size_t j = 0; (value = asynchttp_response_values(response, name, j)); j++)
            json_array_append_new(fields, must(json_pack("[so]", name, text_of(value, strlen(value)))));
    return fields;
}

static json_t *answer_of(asynchttp_promise *promise)
{
    asynchttp_response *response;
    const void *content;
    size_t length;
    asynchttp_code code = asynchttp_promise_response(promise, &response);
    const char *message = asynchttp_promise_error_message(promise);
    if (status_of(code))
        return json_pack("{sisss[]ss}", "status", status_of(code), "reason", message, "headers", "body", "");
    if (code)
        return json_pack("{ss}", "error", message);
    asynchttp_promise_content(promise, &content, &length);
    const char *reason = asynchttp_response_reason(response);
    return json_pack("{sisososo}", "status", asynchttp_response_status(response), "reason",
                     text_of(reason, strlen(reason)), "headers", fields_of(response), "body", text_of(content, length));
}

static void answer(json_int_t id, json_t *json)
{
    json_object_set_new(must(json), "id", must(json_integer(id)));
    char *line = must(json_dumps(json, JSON_COMPACT));
    /* In one call, which other workers' cannot get into. */
    printf("%s\n", line);
    free(line);
    json_decref(json);
}

/* What is kept for a request until it has been answered. */
struct asked {
    json_int_t id;
    json_t *interim;
};

static int note_interim(asynchttp_promise *promise, const asynchttp_response *response, void *data)
{
    struct asked *asked = data;
    const char *name, *value;
    (void)promise;
    json_t *fields = must(json_object());
    for (size_t i = 0; asynchttp_response_header(response, i, &name, &value); i++)
        json_object_set_new(fields, name, text_of(value, strlen(value)));
    json_array_append_new(asked->interim, json_pack("[io]", asynchttp_response_status(response), fields));
    return 0;
}

static int done(asynchttp_promise *promise, void *data)
{
    struct asked *asked = data;
    json_t *json = must(answer_of(promise));
    json_object_set_new(json, "interim", asked->interim);
    answer(asked->id, json);
    free(asked);
    return 0;
}

/* ---- Requests ---- */

struct list {
    char **strings;
    size_t count;
};

/* Appends a string's bytes. false: it is none, or cannot be bytes. */
static bool append(struct list *list, const json_t *string)
{
    size_t count;
    char *bytes =
        json_is_string(string) ? bytes_of(json_string_value(string), json_string_length(string), &count) : NULL;
    if (!bytes)
        return false;
    list->strings[list->count++] = bytes;
    return true;
}

static void release(struct list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->strings[i]);
    free(list->strings);
}

/* [[name, value], ...] as name, value, ..., NULL. */
static bool take_fields(const json_t *fields, struct list *list)
{
    size_t i;
    json_t *field;
    list->count = 0;
    list->strings = must(calloc(2 * json_array_size(fields) + 1, sizeof *list->strings));
    json_array_foreach(fields, i, field)
    {
        if (!append(list, json_array_get(field, 0)) || !append(list, json_array_get(field, 1)))
            return false;
    }
    return true;
}

static void take(asynchttp_http *http, json_t *json)
{
    json_int_t id = -1;
    const char *method, *uri, *text = "";
    size_t text_length = 0, length;
    json_t *fields;
    if (json_unpack(json, "{sIsssssos?s%}", "id", &id, "method", &method, "uri", &uri, "headers", &fields, "body",
                    &text, &text_length)) {
        answer(id, json_pack("{ss}", "error", "not a request"));
        return;
    }
    struct list list;
    bool good = take_fields(fields, &list);
    char *body = bytes_of(text, text_length, &length);
    if (good && body) {
        struct asked *asked = must(malloc(sizeof *asked));
        *asked = (struct asked){.id = id, .interim = must(json_array())};
        asynchttp_promise_free(must(asynchttp_http_request(
            http, uri,
            ASYNCHTTP_REQUEST(.method = method, .headers = (const char *const *)list.strings,
                              .body = length ? body : NULL, .body_length = length, .callback = done,
                              .callback_data = asked, .on_interim = note_interim))));
    } else
        answer(id, json_pack("{ss}", "error", "not bytes"));
    free(body);
    release(&list);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: bridge CACHE-DIRECTORY\n");
        return EXIT_FAILURE;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    asynchttp_http *http = must(asynchttp_http_new(argv[1]));
    /* Several workers with many requests each; the redirects themselves are the answers; freshness is guessed as browsers
     * do; whatever the environment says, the server is on this machine, and is not silent for long. */
    if (asynchttp_http_set_max_workers(http, 4) || asynchttp_http_set_transfers_per_worker(http, 25) ||
        asynchttp_http_set_follow_redirects(http, false) || asynchttp_http_set_heuristic_freshness(http, 0.1) ||
        asynchttp_http_set_proxy_info(http, NULL) || asynchttp_http_set_timeout(http, 10)) {
        fprintf(stderr, "bridge: a setting was refused\n");
        return EXIT_FAILURE;
    }
    char *line = NULL;
    size_t size = 0;
    while (getline(&line, &size, stdin) >= 0) {
        json_t *json = json_loads(line, JSON_ALLOW_NUL, NULL);
        take(http, json);
        json_decref(json);
    }
    free(line);
    asynchttp_http_free(http);
    return EXIT_SUCCESS;
}
