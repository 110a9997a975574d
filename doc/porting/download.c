/* Downloads a compressed resource to a file, without a proxy, a piece at a time, and says how far it has come.
 * SPDX-License-Identifier: MIT */
#include <asynchttp.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The callbacks' data. */
typedef struct download {
    FILE *file;
    size_t written;
} download;

static int write_piece(asynchttp_promise *promise, const void *data, size_t length, void *callback_data)
{
    download *to = callback_data;
    asynchttp_response *response;
    if (asynchttp_promise_response(promise, &response) || asynchttp_response_status(response) != 200)
        return 0; /* The page of an error is not what was asked for. */
    size_t written = fwrite(data, 1, length, to->file);
    to->written += written;
    return written < length;
}

/* Bytes on the wire: less than will be in the file. */
static int print_progress(asynchttp_promise *promise, uint64_t sent, uint64_t to_send, uint64_t received,
                          uint64_t to_receive, void *callback_data)
{
    (void)promise, (void)sent, (void)to_send, (void)callback_data;
    fprintf(stderr, "\r%" PRIu64 " of %" PRIu64 " ", received, to_receive);
    return 0;
}

static const char *text(const asynchttp_response *response, const char *name)
{
    const char *value = asynchttp_response_get(response, name);
    return value ? value : "?";
}

static bool print_outcome(asynchttp_promise *promise, const download *to)
{
    asynchttp_response *response;
    if (asynchttp_promise_response(promise, &response)) {
        fprintf(stderr, "download: %s\n", asynchttp_promise_error_message(promise));
        return false;
    }
    if (asynchttp_response_status(response) != 200) {
        fprintf(stderr, "download: the server answered with status %d\n", asynchttp_response_status(response));
        return false;
    }
    printf("%zu bytes, Content-Length %s\n", to->written, text(response, "content-length"));
    printf("it was encoded with %s\n", text(response, "-content-encoding"));
    return true;
}

int main(int argc, char **argv)
{
    char uri[1024];
    bool fine = argc == 3 && strlen(argv[1]) < 900;
    download to = {.file = fine ? fopen(argv[2], "wb") : NULL};
    asynchttp_http *http = to.file ? asynchttp_http_new(NULL) : NULL;
    asynchttp_promise *promise = NULL;
    if (http && !asynchttp_http_set_proxy_info(http, NULL)) {
        snprintf(uri, sizeof(uri), "%s/gzip/1000000", argv[1]);
        promise = asynchttp_http_request(
            http, uri, ASYNCHTTP_REQUEST(.on_data = write_piece, .on_progress = print_progress, .callback_data = &to));
    }
    if (!promise)
        fprintf(stderr, "download: needs BASE-URL, a FILE that can be written, and memory\n");
    bool ok = promise && print_outcome(promise, &to);
    if (to.file && fclose(to.file) != 0)
        ok = false;
    asynchttp_promise_free(promise);
    asynchttp_http_free(http);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
