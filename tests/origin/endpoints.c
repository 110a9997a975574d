#include "endpoints.h"

#include "answer_authentication.h"
#include "answer_content.h"
#include "answer_misbehaviour.h"
#include "answer_observation.h"
#include "answer_page.h"
#include "answer_stored.h"
#include "answer_timing.h"
#include "answer_transit.h"
#include "reply.h"

#include <stdio.h>

/* Where --help says what an endpoint does. */
#define HELP_COLUMN 38

static const endpoint endpoints[] = {
    {.pattern = "/hello", .answer = answer_hello, .help = "\"hello\""},
    {.pattern = "/echo",
     .answer = answer_echo,
     .mode = INTAKE_KEEP,
     .help = "the request's body, with its Content-Type"},
    {.pattern = "/request",
     .answer = answer_request,
     .mode = INTAKE_KEEP,
     .help = "the request's head as received, then its body"},
    {.pattern = "/status/CODE", .answer = answer_status, .help = "that status, from 200 to 999"},
    {.pattern = "/headers", .answer = answer_headers, .help = "?NAME=VALUE&...: those fields in that order; no body"},
    {.pattern = "/redirect/CODE",
     .answer = answer_redirect,
     .help = "?to=URI: that status with Location; ?to goes up to the end"},
    {.pattern = "/bytes/N",
     .answer = answer_bytes,
     .help = "N bytes of the pattern in pattern.h\n?chunked: in chunks; ?close: until the connection is closed"},
    {.pattern = "/sum",
     .answer = answer_sum,
     .mode = INTAKE_COMPARE,
     .help = "\"LENGTH MISMATCHES\": the size of the request's body, and in how many bytes it\n"
             "differs from the pattern"},
    {.pattern = "/gzip/N",
     .answer = answer_gzip,
     .help = "N bytes of the pattern, 1 GiB at most, in gzip format\n?truncate=K: only the first K bytes of that\n"
             "?corrupt: with wrong bits in the middle"},
    {.pattern = "/deflate/N", .answer = answer_deflate, .help = "the same in zlib format"},
    {.pattern = "/zeros/N", .answer = answer_zeros, .help = "N zero bytes in gzip format, in chunks"},
    {.pattern = "/delay/MS", .answer = answer_delay, .help = "200 after MS milliseconds"},
    {.pattern = "/slow/N/MS", .answer = answer_slow, .help = "the head, then N bytes, each after MS milliseconds"},
    {.pattern = "/gate/NAME/N",
     .answer = answer_gate,
     .help = "held until N requests are held at NAME, then all are answered"},
    {.pattern = "/hold/NAME", .answer = answer_hold, .help = "held until released"},
    {.pattern = "/release/NAME/N",
     .answer = answer_release,
     .help = "releases the N oldest held at NAME; answers how many"},
    {.pattern = "/release/NAME", .answer = answer_release_all, .help = "releases all"},
    {.pattern = "/held/NAME", .answer = answer_held, .help = "how many are held at NAME"},
    {.pattern = "/peak/NAME", .answer = answer_peak, .help = "the most that were ever held at NAME at once"},
    {.pattern = "/record/NAME/ITEM", .answer = answer_record, .help = "remembers ITEM"},
    {.pattern = "/recorded/NAME", .answer = answer_recorded, .help = "the items in the order of arrival, one a line"},
    {.pattern = "/count/NAME", .answer = answer_count, .help = "how often this path was requested, this time included"},
    {.pattern = "/counted/NAME", .answer = answer_counted, .help = "the same without counting"},
    {.pattern = "/stored/NAME",
     .answer = answer_stored,
     .help = "?FIELD=VALUE&...&then&...: counted and recorded under NAME, the head as received; the fields\n"
             "begin with a capital; the first request gets what stands before \"then\", the next the next,\n"
             "all others the last; a known ETag or Last-Modified gets a 304\n"
             "status=CODE, body=TEXT, bytes=N (of the pattern), gzip=N (the same in gzip format), stream=N (the\n"
             "same, of any size, without ranges; chunked: in chunks), truncate=N:\n"
             "only the first N bytes; Accept-Ranges=bytes: single ranges are honoured\n"
             "hold=PLACE: until released; drop: no answer but a close; close: afterwards"},
    {.pattern = "/connection",
     .answer = answer_connection,
     .help = "\"ID N\": the number of the connection, and of the request on it"},
    {.pattern = "/connections",
     .answer = answer_connections,
     .help = "how many connections have been accepted, this one included"},
    {.pattern = "/open", .answer = answer_open, .help = "how many connections are open, this one included"},
    {.pattern = "/second/close",
     .answer = answer_second_close,
     .help = "200 if it is the first request on its connection; otherwise closes without a byte"},
    {.pattern = "/second/reset", .answer = answer_second_reset, .help = "the same with a reset"},
    {.pattern = "/second/garbage",
     .answer = answer_second_garbage,
     .help = "the same with a line that is not HTTP, and a close"},
    {.pattern = "/close-after",
     .answer = answer_close_after,
     .help = "200 that does not say that the connection is then closed"},
    {.pattern = "/raw",
     .answer = answer_raw,
     .help = "?STEP&...: send=BYTES, repeat=COUNT,BYTES, sleep=MS, close, reset"},
    {.pattern = "/raw-early",
     .answer = answer_raw,
     .early = true,
     .help = "the same before the request's body, which is not read meanwhile"},
    {.pattern = "/auth/basic/NAME",
     .answer = answer_auth_basic,
     .mode = INTAKE_KEEP,
     .help = "401 unless \"user\" and \"secret\" come by Basic; then \"SCHEME user\" and the request's body\n"
             "?user=NAME, &password=TEXT: others; &to=URI: redirects to there; for the others as well"},
    {.pattern = "/auth/basic/NAME/PAGE", .answer = answer_auth_basic, .mode = INTAKE_KEEP, .help = "the same"},
    {.pattern = "/auth/wsse/NAME", .answer = answer_auth_wsse, .mode = INTAKE_KEEP, .help = "the same by WSSE"},
    {.pattern = "/auth/digest/NAME",
     .answer = answer_auth_digest,
     .mode = INTAKE_KEEP,
     .help = "the same by Digest; a count (nc) that comes again is refused\n"
             "?algorithm=NAME, &qop=TEXT (empty: as in RFC 2069), &opaque=TEXT, &userhash\n"
             "&uses=N: a nonce is then stale; &nextnonce: after each use, and the next is told\n"
             "&same: all are given the same nonce"},
    {.pattern = "/auth/digest/NAME/PAGE", .answer = answer_auth_digest, .mode = INTAKE_KEEP, .help = "the same"},
    {.pattern = "/auth/many/NAME",
     .answer = answer_auth_many,
     .mode = INTAKE_KEEP,
     .help = "?schemes=SCHEME,...: the same by one of several; &split: challenged in a field each"},
    {.pattern = "/auth/asked/NAME", .answer = answer_auth_asked, .help = "how many got a 401 from those of this name"},
    {.pattern = "/auth/refused/NAME", .answer = answer_auth_refused, .help = "how many counts came again"},
    {.pattern = "/auth/tried/NAME",
     .answer = answer_auth_tried,
     .help = "the scheme and the name of each request, one a line"},
    {.pattern = "/agencies.json", .answer = answer_agencies, .help = "a transit service: the agencies"},
    {.pattern = "/agencies/AGENCY/routes.json", .answer = answer_routes, .help = "the routes of an agency"},
    {.pattern = "/agencies/AGENCY/routes/ROUTE.json", .answer = answer_route, .help = "a route and its stops"},
    {.pattern = "/page/N", .answer = answer_page, .help = "an HTML page of some size after some time; N from 1 to 12"},
};

static void answer_nothing(exchange *x)
{
    reply_printf(x, 404, "no such endpoint\n");
}

const endpoint *endpoints_find(const char *path, arguments *a)
{
    static const endpoint nothing = {.pattern = "", .help = "", .answer = answer_nothing};

    for (size_t i = 0; i < sizeof endpoints / sizeof *endpoints; i++)
        if (endpoint_match(&endpoints[i], path, a))
            return &endpoints[i];
    return &nothing;
}

/* Prints the lines of a text, all but the first indented. */
static void print_indented(const char *text)
{
    for (; *text; text++) {
        putchar(*text);
        if (*text == '\n')
            printf("%*s", HELP_COLUMN, "");
    }
    putchar('\n');
}

void endpoints_help(void)
{
    for (size_t i = 0; i < sizeof endpoints / sizeof *endpoints; i++) {
        printf("  %-*s", HELP_COLUMN - 2, endpoints[i].pattern);
        print_indented(endpoints[i].help);
    }
}
