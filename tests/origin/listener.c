#include "listener.h"

#include "fatal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Thousands of clients may connect at the same moment. */
#define BACKLOG 4096

/* How often another port is tried if the one that the system chose for IPv4 is taken for IPv6. */
#define ATTEMPTS 20

static void make_private_and_non_blocking(int descriptor)
{
    int flags = fcntl(descriptor, F_GETFL);

    fcntl(descriptor, F_SETFD, FD_CLOEXEC);
    if (flags < 0 || fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) < 0)
        fatal("cannot make a socket non-blocking: %s", strerror(errno));
}

/* Returns -1, and why in errno, if it cannot listen there. */
static int listen_at(int family, const void *address, socklen_t size)
{
    const int on = 1;
    int descriptor = socket(family, SOCK_STREAM, 0);
    int error;

    if (descriptor < 0)
        return -1;
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (family == AF_INET6)
        setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (bind(descriptor, address, size) == 0 && listen(descriptor, BACKLOG) == 0) {
        make_private_and_non_blocking(descriptor);
        return descriptor;
    }
    error = errno;
    close(descriptor);
    errno = error;
    return -1;
}

static int listen_ipv4(uint16_t port)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

    return listen_at(AF_INET, &address, sizeof address);
}

static int listen_ipv6(uint16_t port)
{
    const struct sockaddr_in6 address = {
        .sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = IN6ADDR_LOOPBACK_INIT};

    return listen_at(AF_INET6, &address, sizeof address);
}

static uint16_t port_of(int descriptor)
{
    struct sockaddr_in address;
    socklen_t size = sizeof address;

    if (getsockname(descriptor, (struct sockaddr *)&address, &size) != 0)
        fatal("cannot find out the port: %s", strerror(errno));
    return ntohs(address.sin_port);
}

/* Returns false if another port has to be tried. */
static bool try_to_open(listener *l, uint16_t port)
{
    l->ipv4 = listen_ipv4(port);
    if (l->ipv4 < 0)
        fatal("cannot listen on 127.0.0.1 port %u: %s", (unsigned)port, strerror(errno));
    l->port = port_of(l->ipv4);
    l->ipv6 = listen_ipv6(l->port);
    if (l->ipv6 >= 0 || errno != EADDRINUSE)
        return true;
    close(l->ipv4);
    return false;
}

listener listener_open(uint16_t port)
{
    listener l;

    for (int i = 0; i < ATTEMPTS; i++)
        if (try_to_open(&l, port))
            return l;
    fatal("cannot listen on ::1: every port that was tried is in use");
}

void listener_close(listener *l)
{
    close(l->ipv4);
    if (l->ipv6 >= 0)
        close(l->ipv6);
}

int listener_accept(int socket, bool *full)
{
    const int on = 1;
    int descriptor;

    do
        descriptor = accept(socket, NULL, NULL);
    while (descriptor < 0 && (errno == EINTR || errno == ECONNABORTED));
    *full = descriptor < 0 && errno != EAGAIN && errno != EWOULDBLOCK;
    if (descriptor < 0)
        return -1;
    make_private_and_non_blocking(descriptor);
    /* What a script sends byte by byte should also leave byte by byte. */
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return descriptor;
}
