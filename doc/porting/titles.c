/* Gets twelve pages at once, and prints the title of each. SPDX-License-Identifier: MIT */
#include <asynchttp.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAGES = 12 };

/* What an error of the callback is: it returns one of these, or the status. */
enum { NO_MEMORY = 1, NO_TITLE = 2 };

/* Decodes the content, in the background. */
static int find_title(asynchttp_promise *promise, void *callback_data)
{
    (void)callback_data;
    asynchttp_response *response;
    const void *content;
    if (asynchttp_promise_response(promise, &response) || asynchttp_promise_content(promise, &content, NULL))
        return 0; /* There is an error already, which stays. */
    if (asynchttp_response_status(response) != 200)
        return asynchttp_response_status(response);
    const char *start = strstr(content, "<title>");
    if (!start)
        return NO_TITLE;
    start += strlen("<title>");
    size_t length = strcspn(start, "<");
    char *title = malloc(length + 1);
    if (!title)
        return NO_MEMORY;
    memcpy(title, start, length);
    title[length] = '\0';
    asynchttp_promise_set_data(promise, title, free);
    return 0;
}

/* Waits for the page, if it must. */
static bool print_title(int number, asynchttp_promise *promise)
{
    void *title;
    if (!promise)
        fprintf(stderr, "titles: page %d: out of memory\n", number);
    else if (asynchttp_promise_data(promise, &title))
        fprintf(stderr, "titles: page %d: %s\n", number, asynchttp_promise_error_message(promise));
    else
        return printf("%d: %s\n", number, (const char *)title) > 0;
    return false;
}

int main(int argc, char **argv)
{
    asynchttp_promise *promises[PAGES];
    char uri[1024];
    if (argc != 2 || strlen(argv[1]) > 900) {
        fprintf(stderr, "usage: titles BASE-URL\n");
        return EXIT_FAILURE;
    }
    asynchttp_http *http = asynchttp_http_new(NULL);
    if (!http) {
        fprintf(stderr, "titles: out of memory\n");
        return EXIT_FAILURE;
    }
    for (int i = 0; i < PAGES; i++) {
        snprintf(uri, sizeof(uri), "%s/page/%d", argv[1], i + 1);
        promises[i] = asynchttp_http_request(http, uri, ASYNCHTTP_REQUEST(.callback = find_title));
    }
    bool ok = true;
    for (int i = 0; i < PAGES && ok; i++)
        ok = print_title(i + 1, promises[i]);
    asynchttp_http_free(http); /* What is still under way is cancelled. */
    for (int i = 0; i < PAGES; i++)
        asynchttp_promise_free(promises[i]);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
