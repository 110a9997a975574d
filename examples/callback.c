/*
 * callback: functions that run in the background, on a worker, when a response has arrived. One decodes JSON and
 * attaches the result to the promise, where main() finds it. One fails, and main() meets its error at the promise.
 *
 *     cc -o callback callback.c $(pkg-config --cflags --libs asynchttp jansson)
 *     ./callback http://127.0.0.1:PORT
 *
 * SPDX-License-Identifier: MIT
 */
#include <asynchttp.h>
#include <jansson.h>
#include <stdlib.h>

static void release_json(void *json)
{
    json_decref(json);
}

static int decode(asynchttp_promise *promise, void *data)
{
    const void *content;
    size_t length;
    (void)data;
    /* It is called for failed requests too. Their error is for main(). */
    if (asynchttp_promise_content(promise, &content, &length))
        return 0;
    json_t *json = json_loadb(content, length, 0, NULL);
    return json ? (int)asynchttp_promise_set_data(promise, json, release_json) : -1;
}

static int fail(asynchttp_promise *promise, void *data)
{
    (void)promise;
    (void)data;
    return 42;
}

static bool print_json(asynchttp_promise *promise)
{
    void *json;
    if (asynchttp_promise_data(promise, &json) == ASYNCHTTP_OK)
        return json_dumpf(json, stdout, JSON_INDENT(2)) == 0 && putchar('\n') == '\n';
    fprintf(stderr, "callback: %s\n", asynchttp_promise_error_message(promise));
    return false;
}

static bool catch_callback_error(asynchttp_promise *promise)
{
    bool caught = asynchttp_promise_error(promise) == ASYNCHTTP_E_CALLBACK;
    printf("caught %s error: %s\n", caught ? "the expected" : "another", asynchttp_promise_error_message(promise));
    return caught;
}

int main(int argc, char **argv)
{
    char uri[1024];
    if (argc != 2 || snprintf(uri, sizeof uri, "%s/agencies.json", argv[1]) >= (int)sizeof uri) {
        fprintf(stderr, "usage: callback BASE-URL\n");
        return EXIT_FAILURE;
    }

    asynchttp_http *http = asynchttp_http_new(NULL);
    asynchttp_promise *good = http ? asynchttp_http_request(http, uri, ASYNCHTTP_REQUEST(.callback = decode)) : NULL;
    asynchttp_promise *bad = http ? asynchttp_http_request(http, uri, ASYNCHTTP_REQUEST(.callback = fail)) : NULL;
    if (!good || !bad)
        fprintf(stderr, "callback: out of memory\n");
    bool ok = good && bad && print_json(good) && catch_callback_error(bad);
    asynchttp_promise_free(good);
    asynchttp_promise_free(bad);
    asynchttp_http_free(http);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
