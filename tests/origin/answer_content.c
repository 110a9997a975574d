#include "answer_content.h"

#include "compress.h"
#include "number.h"
#include "percent.h"
#include "query.h"
#include "reply.h"
#include "status.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define BINARY "application/octet-stream"

/* What is compressed as a whole, while the server does nothing else, must not take minutes. */
#define COMPRESSED_MAX ((uint64_t)1024 * 1024 * 1024)

void answer_hello(exchange *x)
{
    reply_printf(x, 200, "hello\n");
}

/* Answers 413 if the request's body could not be kept. Returns whether it was so. */
static bool refuse_too_large(exchange *x)
{
    if (x->content.too_large)
        reply_printf(x, 413, "more than %" PRIu64 " bytes\n", INTAKE_KEPT_MAX);
    return x->content.too_large;
}

void answer_echo(exchange *x)
{
    field_value type;

    if (refuse_too_large(x))
        return;
    if (request_field(&x->request, "Content-Type", &type))
        reply_field(x, "Content-Type", type.text, type.size);
    reply_bytes(x, 200, BINARY, &x->content.kept);
}

void answer_request(exchange *x)
{
    buffer all = {0};

    if (refuse_too_large(x))
        return;
    buffer_append(&all, buffer_bytes(&x->request.head), x->request.head.size);
    buffer_append(&all, buffer_bytes(&x->content.kept), x->content.kept.size);
    reply_bytes(x, 200, "text/plain", &all);
}

void answer_status(exchange *x)
{
    unsigned code = (unsigned)x->arguments.numbers[0];

    if (x->arguments.numbers[0] < 200 || x->arguments.numbers[0] > 999)
        reply_printf(x, 400, "not a final status\n");
    else if (code == 205)
        reply_bytes(x, code, "text/plain", &(buffer){0});
    else
        reply_printf(x, code, "%u %s\n", code, status_reason(code));
}

void answer_headers(exchange *x)
{
    const char *rest = x->request.query;
    query_item item;

    while (query_next(&rest, &item)) {
        char *name = percent_decoded_string(item.name, item.name_size);
        buffer value = {0};

        percent_decode(&value, item.value, item.value_size);
        reply_field(x, name, buffer_bytes(&value), value.size);
        if (strcasecmp(name, "Connection") == 0 && value.size == 5 &&
            strncasecmp((const char *)buffer_bytes(&value), "close", 5) == 0)
            x->request.keep_alive = false;
        buffer_clear(&value);
        free(name);
    }
    reply_bytes(x, 200, "text/plain", &(buffer){0});
}

void answer_redirect(exchange *x)
{
    unsigned code = (unsigned)x->arguments.numbers[0];
    const char *query = x->request.query;
    buffer to = {0};

    if (x->arguments.numbers[0] < 200 || x->arguments.numbers[0] > 999) {
        reply_printf(x, 400, "not a final status\n");
        return;
    }
    /* Up to the end, '&' included, so that most URIs need no encoding. */
    if (query && strncmp(query, "to=", 3) == 0) {
        percent_decode(&to, query + 3, strlen(query + 3));
        reply_field(x, "Location", buffer_bytes(&to), to.size);
    }
    buffer_clear(&to);
    reply_printf(x, code, "%u %s\n", code, status_reason(code));
}

void answer_bytes(exchange *x)
{
    uint64_t size = x->arguments.numbers[0];
    reply_framing framing = REPLY_LENGTH;
    query_item item;

    if (query_find(x->request.query, "chunked", &item))
        framing = REPLY_CHUNKED;
    else if (query_find(x->request.query, "close", &item))
        framing = REPLY_CLOSE;
    reply_stream(x, BINARY, source_pattern(size), framing, size);
}

void answer_sum(exchange *x)
{
    reply_printf(x, 200, "%" PRIu64 " %" PRIu64 "\n", x->content.length, x->content.mismatches);
}

/* Turns over some bits, so that at least the checksum at the end is wrong. */
static void corrupt(buffer *bytes)
{
    buffer wrong = {0};

    for (size_t i = 0; i < bytes->size; i++) {
        bool middle = i >= bytes->size / 2 && i < bytes->size / 2 + 4;
        unsigned char byte = buffer_bytes(bytes)[i] ^ (middle ? 0x55 : 0);

        buffer_append(&wrong, &byte, 1);
    }
    buffer_clear(bytes);
    *bytes = wrong;
}

static void answer_compressed(exchange *x, compress_format format, const char *coding)
{
    buffer bytes = {0};
    query_item item;
    uint64_t truncated;

    if (x->arguments.numbers[0] > COMPRESSED_MAX) {
        reply_printf(x, 400, "more than %" PRIu64 " bytes\n", COMPRESSED_MAX);
        return;
    }
    compress_append(&bytes, source_pattern(x->arguments.numbers[0]), format, COMPRESS_FINISHED);
    if (query_find(x->request.query, "corrupt", &item))
        corrupt(&bytes);
    if (query_find(x->request.query, "truncate", &item) && number_parse(item.value, item.value_size, 10, &truncated) &&
        truncated < bytes.size)
        buffer_truncate(&bytes, (size_t)truncated);
    reply_field_text(x, "Content-Encoding", coding);
    reply_bytes(x, 200, BINARY, &bytes);
}

void answer_gzip(exchange *x)
{
    answer_compressed(x, COMPRESS_GZIP, "gzip");
}

void answer_deflate(exchange *x)
{
    answer_compressed(x, COMPRESS_ZLIB, "deflate");
}

void answer_zeros(exchange *x)
{
    reply_field_text(x, "Content-Encoding", "gzip");
    reply_stream(x, BINARY, source_zeros_gzip(x->arguments.numbers[0]), REPLY_CHUNKED, 0);
}
