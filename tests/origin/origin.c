/*
 * origin: a small HTTP/1.1 server on loopback for tests, which also misbehaves if it is asked to.
 *
 * Everything it is to do stands in the URI of the request, so that tests do not depend on each other. It prints its
 * port when it is ready, and ends with whoever holds its standard input.
 *
 *     origin.c, server, listener ....... the program, the loop, the sockets
 *     connection ....................... from bytes to requests, from scripts to bytes
 *     request, body, intake, query ..... what was asked
 *     endpoint, endpoints, answer_* .... what is to be done about it
 *     exchange, script, reply, source .. how it is written down until it is done
 *     place, ledger, census ............ what lasts from one request to the next
 */
#include "endpoints.h"
#include "fatal.h"
#include "ledger.h"
#include "listener.h"
#include "number.h"
#include "place.h"
#include "server.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

typedef struct options {
    uint16_t port;
    bool stay;
    bool help;
} options;

/* Signals are written to this pipe, which poll() can wait for. */
static int stop_pipe[2];

static void on_signal(int number)
{
    const char byte = 0;
    int error = errno;

    (void)number;
    if (write(stop_pipe[1], &byte, 1) < 0) {
        /* The pipe is full: the server knows already. */
    }
    errno = error;
}

static void catch_signals(void)
{
    struct sigaction stop = {.sa_handler = on_signal};
    struct sigaction ignore = {.sa_handler = SIG_IGN};

    if (pipe(stop_pipe) != 0 || fcntl(stop_pipe[1], F_SETFL, O_NONBLOCK) < 0)
        fatal("cannot make a pipe: %s", strerror(errno));
    sigemptyset(&stop.sa_mask);
    sigemptyset(&ignore.sa_mask);
    sigaction(SIGTERM, &stop, NULL);
    sigaction(SIGINT, &stop, NULL);
    sigaction(SIGPIPE, &ignore, NULL);
}

/* Without standard streams, sockets would get their numbers. */
static void open_standard_streams(void)
{
    int descriptor;

    do
        descriptor = open("/dev/null", O_RDWR);
    while (descriptor >= 0 && descriptor <= STDERR_FILENO);
    if (descriptor >= 0)
        close(descriptor);
}

static void raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static void read_options(options *o, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        uint64_t port;

        if (strcmp(argv[i], "--stay") == 0) {
            o->stay = true;
        } else if (strcmp(argv[i], "--help") == 0) {
            o->help = true;
        } else if (strcmp(argv[i], "--port") == 0 && i + 1 < argc) {
            if (!number_parse(argv[i + 1], strlen(argv[i + 1]), 10, &port) || port > UINT16_MAX)
                fatal("not a port: %s", argv[i + 1]);
            o->port = (uint16_t)port;
            i++;
        } else {
            fatal("unknown option %s; --help tells what there is", argv[i]);
        }
    }
}

static void print_help(void)
{
    puts("Usage: origin [--port N] [--stay]\n\n"
         "An HTTP/1.1 server for tests on 127.0.0.1 and ::1. Prints its port when it is ready.\n\n"
         "  --port N   the port to listen on; by default, one that is free\n"
         "  --stay     do not end when standard input does\n\n"
         "Endpoints:\n");
    endpoints_help();
}

static void serve(const options *o)
{
    listener l = listener_open(o->port);

    printf("%u\n", (unsigned)l.port);
    fflush(stdout);
    server_run(&l, stop_pipe[0], o->stay ? -1 : STDIN_FILENO);
    listener_close(&l);
    place_forget_all();
    ledger_forget_all();
}

int main(int argc, char **argv)
{
    options o = {0};

    open_standard_streams();
    read_options(&o, argc, argv);
    if (o.help) {
        print_help();
        return 0;
    }
    catch_signals();
    raise_descriptor_limit();
    serve(&o);
    close(stop_pipe[0]);
    close(stop_pipe[1]);
    return 0;
}
