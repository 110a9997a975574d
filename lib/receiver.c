#include "receiver.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "response.h"

/* libcurl bounds the bytes of a head; this bounds what many short lines cost, as newer versions of libcurl do. */
static const size_t most_lines = 5000;
/* How much of an announced Content-Length is believed before the content is there. */
static const uint64_t most_presized = 4 << 20;
/* Once so much is there, up to so much is, which takes no memory until it comes. Of more, or where there is no room for it,
 * only so many times what is there. */
static const uint64_t most_reserved = sizeof(size_t) > 4 ? (uint64_t)64 << 30 : (uint64_t)256 << 20;
static const uint64_t trust = 16;

void ah_receiver_init(ah_receiver *receiver, const ah_request *request, ah_outcome *outcome, ah_head_function *on_head,
                      void *owner)
{
    *receiver = (ah_receiver){.request = request, .outcome = outcome, .on_head = on_head, .owner = owner};
}

void ah_receiver_clear(ah_receiver *receiver)
{
    ah_response_free(receiver->response);
    ah_buffer_free(&receiver->folded);
    *receiver = (ah_receiver){.request = receiver->request,
                              .outcome = receiver->outcome,
                              .on_head = receiver->on_head,
                              .on_content = receiver->on_content,
                              .owner = receiver->owner};
}

static bool fail(ah_receiver *receiver, asynchttp_code code, const char *why)
{
    ah_outcome_fail(receiver->outcome, code, "%s: %s", receiver->request->uri.authority, why);
    return false;
}

static bool no_memory(ah_receiver *receiver)
{
    return fail(receiver, ASYNCHTTP_E_NO_MEMORY, "Out of memory for the response");
}

/* A new head begins: the first, or the next after an interim one. */
static bool begin_head(ah_receiver *receiver, const char *line, size_t length)
{
    bool out_of_memory;
    ah_receiver_clear(receiver);
    receiver->response = ah_response_new();
    if (!receiver->response)
        return no_memory(receiver);
    receiver->part = AH_RECEIVER_HEAD;
    if (ah_response_read_status(receiver->response, line, length, &out_of_memory))
        return true;
    return out_of_memory ? no_memory(receiver)
                         : fail(receiver, ASYNCHTTP_E_BAD_RESPONSE, "The status line is malformed");
}

static bool is_fold(const char *line)
{
    return line[0] == ' ' || line[0] == '\t';
}

static ah_fields *fields_of(ah_receiver *receiver)
{
    if (receiver->part == AH_RECEIVER_HEAD)
        return &receiver->response->fields;
    return &receiver->outcome->response->trailers;
}

/* "name: value", without its line break. */
static bool add_field(ah_receiver *receiver, const char *line, size_t length)
{
    const char *colon = memchr(line, ':', length);
    /* White space before the first name would be the name's (RFC 9112 section 2.2). */
    if (!colon || colon == line || is_fold(line))
        return fail(receiver, ASYNCHTTP_E_BAD_RESPONSE, "A header line has no name");
    if (++receiver->lines > most_lines)
        return fail(receiver, ASYNCHTTP_E_BAD_RESPONSE, "The response has too many header lines");
    size_t name_length = (size_t)(colon - line);
    /* White space before the colon is no part of the name (RFC 9112 section 5.1). */
    while (name_length && (line[name_length - 1] == ' ' || line[name_length - 1] == '\t'))
        name_length--;
    size_t value_length = length - (size_t)(colon + 1 - line);
    receiver->foldable = ah_fields_add(fields_of(receiver), line, name_length, colon + 1, value_length);
    return receiver->foldable || no_memory(receiver);
}

/* What would break a program's line becomes a space (RFC 9110 section 5.5). */
static void blank_out_returns(char *text, size_t length)
{
    const char *end = text + length;
    while ((text = memchr(text, '\r', (size_t)(end - text))))
        *text = ' ';
}

/* The same, of a line that has carriage returns in it. */
static bool add_blanked(ah_receiver *receiver, const char *line, size_t length)
{
    ah_buffer blanked = {0};
    if (!ah_buffer_append(&blanked, line, length))
        return no_memory(receiver);
    blank_out_returns(blanked.data, length);
    bool added = add_field(receiver, blanked.data, length);
    ah_buffer_free(&blanked);
    return added;
}

/* What came with folded lines is complete. */
static bool end_folded(ah_receiver *receiver)
{
    bool added = ah_fields_continue(fields_of(receiver), receiver->folded.data, receiver->folded.length);
    ah_buffer_clear(&receiver->folded);
    return added || no_memory(receiver);
}

/* The field line is complete. */
static inline bool end_line(ah_receiver *receiver)
{
    receiver->foldable = false;
    return !receiver->folded.length || end_folded(receiver);
}

/* The length that the response announces; false if it announces none or several at once. */
static bool announced_length(ah_receiver *receiver, uint64_t *length)
{
    const char *value = ah_fields_get(&receiver->outcome->response->fields, "content-length");
    char *end;
    if (!value || *value < '0' || *value > '9')
        return false;
    *length = strtoull(value, &end, 10);
    return *end == '\0';
}

/* Messages whose length can be read in two ways are not to be trusted (RFC 9110 section 8.6). */
static bool check_length(ah_receiver *receiver)
{
    static const char separators[] = ", \t";
    const char *first = ah_fields_get(&receiver->response->fields, "content-length");
    size_t length = first ? strcspn(first, separators) : 0;
    for (const char *next = first; next; next = strchr(next, ',')) {
        next += *next == ',';
        next += strspn(next, " \t");
        if (strcspn(next, separators) != length || memcmp(next, first, length) != 0)
            return fail(receiver, ASYNCHTTP_E_BAD_RESPONSE, "The response has conflicting Content-Lengths");
    }
    return true;
}

/* Codings of the transfer that were not asked for (no TE is sent; RFC 9112 section 6.1), and whose content would be
 * taken for what it is not. Those that nobody knows are left alone, and the content is as it came [http.client]. */
static bool check_transfer_coding(ah_receiver *receiver)
{
    static const char separators[] = ", \t";
    static const char *const known[] = {"gzip", "x-gzip", "deflate", "compress", "x-compress", "br", "zstd"};
    const char *next = ah_fields_get(&receiver->response->fields, "transfer-encoding");
    while (next && *(next += strspn(next, separators))) {
        size_t length = strcspn(next, separators);
        for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
            if (length == strlen(known[i]) && strncasecmp(next, known[i], length) == 0)
                return fail(receiver, ASYNCHTTP_E_BAD_RESPONSE,
                            "The response has a Transfer-Encoding that was not asked for");
        }
        next += length;
    }
    return true;
}

static bool is_interim(const asynchttp_response *response)
{
    return response->status >= 100 && response->status < 200 && response->status != 101;
}

/* The last one of the number. */
static char digit(int number)
{
    return (char)('0' + number % 10);
}

static bool begin_content(ah_receiver *receiver)
{
    if (!check_length(receiver) || !check_transfer_coding(receiver))
        return false;
    int code = receiver->response->status;
    const char status[] = {digit(code / 100), digit(code / 10), digit(code), '\0'};
    if (!ah_fields_set(&receiver->response->fields, "status", status))
        return no_memory(receiver);
    receiver->part = AH_RECEIVER_CONTENT;
    receiver->outcome->response = receiver->response;
    receiver->response = NULL;
    receiver->coding = ah_coding_of(ah_fields_get(&receiver->outcome->response->fields, "content-encoding"));
    receiver->final = !receiver->on_head || receiver->on_head(receiver->owner, receiver->outcome->response);
    uint64_t length;
    if (receiver->final && !receiver->request->callbacks.on_data && !ah_request_is(receiver->request, "HEAD") &&
        announced_length(receiver, &length) &&
        !ah_buffer_reserve(&receiver->outcome->content, (size_t)(length < most_presized ? length : most_presized)))
        return no_memory(receiver);
    return true;
}

/* libcurl would answer a refused expectation (RFC 9110 section 15.5.18) by sending the request again, with the same
 * one, as long as the server refuses it. The answer is the caller's, for what its head says. */
static bool refuses_expectation(const ah_receiver *receiver)
{
    return receiver->outcome->response->status == 417 && ah_fields_find(&receiver->request->headers, "expect");
}

static bool end_head(ah_receiver *receiver)
{
    if (!is_interim(receiver->response)) {
        bool begun = begin_content(receiver);
        receiver->cut_short = begun && refuses_expectation(receiver);
        return begun && !receiver->cut_short;
    }
    receiver->part = AH_RECEIVER_START;
    if (!receiver->request->callbacks.on_interim ||
        ah_callback_interim(&receiver->request->callbacks, receiver->response) == 0)
        return true;
    return fail(receiver, ASYNCHTTP_E_CALLBACK, "on_interim returned an error");
}

static size_t without_break(const char *line, size_t length)
{
    while (length && (line[length - 1] == '\n' || line[length - 1] == '\r'))
        length--;
    return length;
}

/* A folded line is one more piece of the value before it, after one space (RFC 9112 section 5.2). */
static bool continue_line(ah_receiver *receiver, const char *line, size_t length)
{
    while (length && is_fold(line)) {
        line++;
        length--;
    }
    while (length && is_fold(&line[length - 1]))
        length--;
    if (length == 0)
        return true;
    size_t before = receiver->folded.length;
    if (!ah_buffer_append(&receiver->folded, " ", 1) || !ah_buffer_append(&receiver->folded, line, length))
        return no_memory(receiver);
    blank_out_returns(receiver->folded.data + before, receiver->folded.length - before);
    return true;
}

bool ah_receiver_header(ah_receiver *receiver, const char *line, size_t length)
{
    if (receiver->part == AH_RECEIVER_START)
        return begin_head(receiver, line, length);
    length = without_break(line, length);
    /* It would end the value. */
    if (memchr(line, '\0', length))
        return fail(receiver, ASYNCHTTP_E_BAD_RESPONSE, "A header line has a zero byte");
    if (length && is_fold(line) && receiver->foldable)
        return continue_line(receiver, line, length);
    if (!end_line(receiver))
        return false;
    if (length == 0)
        return receiver->part != AH_RECEIVER_HEAD || end_head(receiver);
    return memchr(line, '\r', length) ? add_blanked(receiver, line, length) : add_field(receiver, line, length);
}

static bool check_limits(ah_receiver *receiver, uint64_t wire)
{
    const ah_settings *settings = receiver->request->settings;
    if (settings->decode_limit_hard && receiver->received > settings->decode_limit_hard) {
        ah_outcome_fail(receiver->outcome, ASYNCHTTP_E_DECODE_LIMIT,
                        "%s: The decoded content exceeds the hard limit of %" PRIu64 " bytes",
                        receiver->request->uri.authority, settings->decode_limit_hard);
        return false;
    }
    if (settings->decode_limit_safe && receiver->received <= settings->decode_limit_safe)
        return true;
    if (settings->decode_limit_ratio > 0 && (double)receiver->received > (double)wire * settings->decode_limit_ratio) {
        ah_outcome_fail(receiver->outcome, ASYNCHTTP_E_DECODE_RATIO,
                        "%s: %" PRIu64 " bytes decoded to %" PRIu64 ", more than %g times as many",
                        receiver->request->uri.authority, wire, receiver->received, settings->decode_limit_ratio);
        return false;
    }
    return true;
}

/* A long content that has come so far will come to its end: moving it as it grows would take longer. */
static void resize(ah_receiver *receiver)
{
    ah_buffer *content = &receiver->outcome->content;
    uint64_t length;
    if (content->capacity < most_presized || receiver->coding || !announced_length(receiver, &length) ||
        length <= content->length)
        return;
    uint64_t more = length - content->length;
    uint64_t most = content->length * trust;
    if (more <= most_reserved && ah_buffer_reserve(content, (size_t)more))
        return;
    /* Where there is no room for that either, there may be for less. */
    ah_buffer_reserve(content, (size_t)(more < most ? more : most));
}

static bool keep(ah_receiver *receiver, const void *data, size_t length)
{
    ah_buffer *content = &receiver->outcome->content;
    if (content->capacity - content->length <= length)
        resize(receiver);
    return ah_buffer_append(content, data, length) || no_memory(receiver);
}

bool ah_receiver_content(ah_receiver *receiver, const void *data, size_t length, uint64_t wire)
{
    receiver->received += length;
    if (receiver->coding && !check_limits(receiver, wire))
        return false;
    if (receiver->on_content)
        receiver->on_content(receiver->owner, data, length);
    if (!receiver->final)
        return true;
    if (!receiver->request->callbacks.on_data)
        return keep(receiver, data, length);
    if (ah_callback_data(&receiver->request->callbacks, data, length) == 0)
        return true;
    return fail(receiver, ASYNCHTTP_E_CALLBACK, "on_data returned an error");
}

/* What the content was encoded with is remembered where it does not say that it still is; its length is the decoded one
 * [httplib2._decompressContent]. */
static bool note_decoding(ah_receiver *receiver)
{
    ah_fields *fields = &receiver->outcome->response->fields;
    const char *coding = ah_fields_get(fields, "content-encoding");
    char length[24];
    /* A callback may have deleted it. */
    if (!coding)
        return true;
    snprintf(length, sizeof(length), "%" PRIu64, receiver->received);
    if (!ah_fields_set(fields, "content-length", length) || !ah_fields_set(fields, "-content-encoding", coding))
        return no_memory(receiver);
    ah_fields_delete(fields, "content-encoding");
    return true;
}

bool ah_receiver_end(ah_receiver *receiver)
{
    if (receiver->part != AH_RECEIVER_CONTENT)
        return fail(receiver, ASYNCHTTP_E_CONNECTION_LOST, "The connection was closed before the head was complete");
    if (!end_line(receiver))
        return false;
    bool decoded = receiver->coding && !ah_request_is(receiver->request, "HEAD");
    return !decoded || note_decoding(receiver);
}
