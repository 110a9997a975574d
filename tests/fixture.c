#include "fixture.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef ORIGIN_PROGRAM
#define ORIGIN_PROGRAM "./origin"
#endif

#define PATH_SIZE 8192
#define URLS 8

/* How long the origin may take to start, and to give a number that is waited for. */
#define START_MS 10000
#define AWAIT_MS 30000

static struct {
    pid_t process;
    /* Who started it; 0: nobody. */
    pid_t owner;
    /* Our end of its standard input. */
    int leash;
    unsigned port;
} origin;

/* Prints what is wrong (printf) and aborts. */
FIXTURE_PRINTF static _Noreturn void fail(const char *format, ...)
{
    va_list values;

    va_start(values, format);
    fputs("fixture: ", stderr);
    vfprintf(stderr, format, values);
    fputc('\n', stderr);
    va_end(values);
    abort();
}

static void print_path(char path[PATH_SIZE], const char *format, va_list values)
{
    int size = vsnprintf(path, PATH_SIZE, format, values);

    if (size < 0 || size >= PATH_SIZE)
        fail("the path is too long: %s", format);
}

/* ---- Start and stop ------------------------------------------------------------------------ */

/* A descriptor in place of another one that programs we execute do not get and that is not a standard stream's. */
static int move_away(int descriptor)
{
    int moved = fcntl(descriptor, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

    if (moved < 0)
        fail("cannot duplicate a descriptor: %s", strerror(errno));
    close(descriptor);
    return moved;
}

static void make_pipe(int ends[2])
{
    if (pipe(ends) != 0)
        fail("cannot make a pipe: %s", strerror(errno));
    ends[0] = move_away(ends[0]);
    ends[1] = move_away(ends[1]);
}

/* In the child. */
static _Noreturn void become_origin(const char *program, int input, int output)
{
    if (dup2(input, STDIN_FILENO) >= 0 && dup2(output, STDOUT_FILENO) >= 0)
        execl(program, program, (char *)NULL);
    _exit(127);
}

/* Reads the line that the origin prints when it is ready. */
static unsigned read_port(int output)
{
    char line[16] = "";
    size_t size = 0;
    unsigned port;

    while (!strchr(line, '\n')) {
        struct pollfd readable = {.fd = output, .events = POLLIN};
        ssize_t count;

        if (poll(&readable, 1, START_MS) == 0)
            fail("the origin does not get ready");
        count = read(output, line + size, sizeof line - 1 - size);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            fail("the origin does not start");
        size += (size_t)count;
    }
    if (sscanf(line, "%u\n", &port) != 1)
        fail("not a port: %s", line);
    return port;
}

void fixture_start(void)
{
    const char *program = getenv("ORIGIN") ? getenv("ORIGIN") : ORIGIN_PROGRAM;
    int input[2];
    int output[2];

    if (origin.owner == getpid())
        fail("the origin has been started already");
    make_pipe(input);
    make_pipe(output);
    origin.process = fork();
    if (origin.process < 0)
        fail("cannot fork: %s", strerror(errno));
    if (origin.process == 0)
        become_origin(program, input[0], output[1]);
    close(input[0]);
    close(output[1]);
    origin.owner = getpid();
    origin.leash = input[1];
    origin.port = read_port(output[0]);
    close(output[0]);
}

void fixture_stop(void)
{
    int status = 0;

    if (origin.owner != getpid())
        return;
    /* The signal is for when others hold the leash as well. */
    close(origin.leash);
    kill(origin.process, SIGTERM);
    while (waitpid(origin.process, &status, 0) < 0)
        if (errno != EINTR)
            fail("cannot wait for the origin: %s", strerror(errno));
    origin.owner = 0;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        fail("the origin crashed: wait status %d", status);
}

/* ---- Where it is --------------------------------------------------------------------------- */

unsigned origin_port(void)
{
    if (origin.port == 0)
        fail("the origin has not been started");
    return origin.port;
}

static const char *print_url(const char *host, const char *format, va_list values)
{
    static _Thread_local char urls[URLS][PATH_SIZE];
    static _Thread_local unsigned last;
    char path[PATH_SIZE];
    char *url = urls[last++ % URLS];
    int size;

    print_path(path, format, values);
    size = snprintf(url, PATH_SIZE, "http://%s:%u%s", host, origin_port(), path);
    if (size < 0 || size >= PATH_SIZE)
        fail("the path is too long: %s", format);
    return url;
}

const char *origin_url(const char *format, ...)
{
    va_list values;
    const char *url;

    va_start(values, format);
    url = print_url("127.0.0.1", format, values);
    va_end(values);
    return url;
}

const char *origin_url6(const char *format, ...)
{
    va_list values;
    const char *url;

    va_start(values, format);
    url = print_url("[::1]", format, values);
    va_end(values);
    return url;
}

/* ---- What it says -------------------------------------------------------------------------- */

static int connect_to_origin(void)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)origin_port()), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int descriptor = socket(AF_INET, SOCK_STREAM, 0);

    if (descriptor < 0)
        fail("cannot make a socket: %s", strerror(errno));
    fcntl(descriptor, F_SETFD, FD_CLOEXEC);
    if (connect(descriptor, (const struct sockaddr *)&address, sizeof address) != 0)
        fail("cannot connect to the origin: %s", strerror(errno));
    return descriptor;
}

static void send_all(int descriptor, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t sent = send(descriptor, bytes, size, MSG_NOSIGNAL);

        if (sent < 0 && errno != EINTR)
            fail("cannot send to the origin: %s", strerror(errno));
        if (sent > 0) {
            bytes += sent;
            size -= (size_t)sent;
        }
    }
}

/* HTTP/1.0, so that the response is as simple as can be: no chunks, and then the connection is closed. */
static void send_request(int descriptor, const char *path)
{
    char request[PATH_SIZE + 64];
    int size = snprintf(request, sizeof request, "GET %s HTTP/1.0\r\nHost: 127.0.0.1:%u\r\n\r\n", path, origin_port());

    send_all(descriptor, request, (size_t)size);
}

static char *resize(char *text, size_t size)
{
    char *resized = realloc(text, size);

    if (!resized)
        fail("out of memory");
    return resized;
}

/* Reads until the connection is closed. Returns a string, to be freed. */
static char *receive_all(int descriptor)
{
    size_t capacity = 1024;
    size_t size = 0;
    char *text = resize(NULL, capacity);
    ssize_t count;

    while ((count = recv(descriptor, text + size, capacity - size - 1, 0)) != 0) {
        if (count < 0 && errno != EINTR)
            fail("cannot receive from the origin: %s", strerror(errno));
        if (count > 0)
            size += (size_t)count;
        if (size + 1 == capacity)
            text = resize(text, capacity *= 2);
    }
    text[size] = '\0';
    return text;
}

/* Takes the head away from a response. */
static void keep_body(char *response, const char *path)
{
    const char *end = strstr(response, "\r\n\r\n");

    if (!end || strncmp(response, "HTTP/1.1 200 ", 13) != 0)
        fail("the origin answers %s with: %.200s", path, response);
    memmove(response, end + 4, strlen(end + 4) + 1);
}

static char *get(const char *path)
{
    int descriptor = connect_to_origin();
    char *response;

    send_request(descriptor, path);
    response = receive_all(descriptor);
    close(descriptor);
    keep_body(response, path);
    return response;
}

static long get_number(const char *path)
{
    char *body = get(path);
    char *end;
    long number;

    errno = 0;
    number = strtol(body, &end, 10);
    if (errno != 0 || end == body || strcmp(end, "\n") != 0)
        fail("the origin answers %s with what is not a number: %s", path, body);
    free(body);
    return number;
}

char *origin_get(const char *format, ...)
{
    char path[PATH_SIZE];
    va_list values;

    va_start(values, format);
    print_path(path, format, values);
    va_end(values);
    return get(path);
}

long origin_number(const char *format, ...)
{
    char path[PATH_SIZE];
    va_list values;

    va_start(values, format);
    print_path(path, format, values);
    va_end(values);
    return get_number(path);
}

long fixture_patience(long ms)
{
    const char *given = getenv("CK_TIMEOUT_MULTIPLIER");
    const long times = given ? atol(given) : 1;

    return times > 1 ? ms * times : ms;
}

static long now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void origin_await(long wanted, const char *format, ...)
{
    const struct timespec pause = {.tv_nsec = 5000000};
    const long start = now_ms();
    char path[PATH_SIZE];
    va_list values;
    long number;

    va_start(values, format);
    print_path(path, format, values);
    va_end(values);
    while ((number = get_number(path)) != wanted) {
        if (now_ms() - start > fixture_patience(AWAIT_MS))
            fail("%s was to become %ld, but is %ld", path, wanted, number);
        nanosleep(&pause, NULL);
    }
}
