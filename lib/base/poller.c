#include "base/poller.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#if defined(__linux__)

#include <sys/epoll.h>
#include <sys/eventfd.h>

struct ah_poller_socket {
    unsigned owner;
    /* What somebody wants to know, and what the set would tell: AH_POLLER_... */
    unsigned char wanted;
    unsigned char watched;
    /* Its end will be told. */
    bool adopted;
};

static int control(const ah_poller *poller, int operation, int socket, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.fd = socket};
    return epoll_ctl(poller->set, operation, socket, &event) == 0 ? 0 : errno;
}

/* The bell tells once of each time that it is rung, and is never read. */
static bool add_bell(const ah_poller *poller)
{
    return !control(poller, EPOLL_CTL_ADD, poller->bell, EPOLLIN | EPOLLET);
}

bool ah_poller_open(ah_poller *poller)
{
    *poller = (ah_poller){.set = epoll_create1(EPOLL_CLOEXEC), .bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    if (poller->set >= 0 && poller->bell >= 0 && add_bell(poller))
        return true;
    ah_poller_close(poller);
    return false;
}

void ah_poller_close(ah_poller *poller)
{
    if (poller->set >= 0)
        close(poller->set);
    if (poller->bell >= 0)
        close(poller->bell);
    free(poller->sockets);
}

static bool make_room(ah_poller *poller, size_t count)
{
    enum { LEAST = 64 };
    if (count <= poller->count)
        return true;
    count = count < LEAST ? LEAST : count * 2;
    struct ah_poller_socket *more = realloc(poller->sockets, count * sizeof(*more));
    if (!more)
        return false;
    memset(&more[poller->count], 0, (count - poller->count) * sizeof(*more));
    poller->sockets = more;
    poller->count = count;
    return true;
}

static struct ah_poller_socket *known(ah_poller *poller, int socket)
{
    return socket >= 0 && (size_t)socket < poller->count ? &poller->sockets[socket] : NULL;
}

/* Has the set tell what is wanted, and nothing else. 0, or why it cannot. */
static int tell(const ah_poller *poller, int socket, struct ah_poller_socket *one)
{
    uint32_t events =
        (one->wanted & AH_POLLER_READABLE ? EPOLLIN : 0) | (one->wanted & AH_POLLER_WRITABLE ? EPOLLOUT : 0);
    int error;
    if (!events) {
        error = control(poller, EPOLL_CTL_DEL, socket, 0);
    } else {
        error = control(poller, one->watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, socket, events);
        /* It was closed, and made anew, without a word. */
        if (error == ENOENT)
            error = control(poller, EPOLL_CTL_ADD, socket, events);
        else if (error == EEXIST)
            error = control(poller, EPOLL_CTL_MOD, socket, events);
    }
    one->watched = error ? 0 : one->wanted;
    return error;
}

/* The number may be that of a socket that was closed without a word, and whoever asked about that asks about this one
 * without another. */
void ah_poller_adopt(ah_poller *poller, int socket)
{
    if (socket < 0 || !make_room(poller, (size_t)socket + 1))
        return;
    struct ah_poller_socket *one = &poller->sockets[socket];
    one->adopted = true;
    one->watched = 0;
    if (one->wanted && tell(poller, socket, one))
        poller->wrong = true;
}

/* Whatever the set has of the socket. */
static void take_out(const ah_poller *poller, int socket, struct ah_poller_socket *one)
{
    one->wanted = 0;
    if (one->watched)
        tell(poller, socket, one);
    one->adopted = false;
}

void ah_poller_forget(ah_poller *poller, int socket)
{
    struct ah_poller_socket *one = known(poller, socket);
    if (one)
        take_out(poller, socket, one);
}

static void lose_interest(const ah_poller *poller, int socket, struct ah_poller_socket *one, unsigned owner)
{
    if (one->owner != owner)
        return;
    if (!one->adopted)
        take_out(poller, socket, one);
    one->wanted = 0;
    /* One that has not been connected may have been closed without a word, and its number be another thread's: what the
     * set has is found when it is next asked or tells. */
    if (one->watched == AH_POLLER_WRITABLE) {
        one->watched = 0;
        one->adopted = false;
    }
}

bool ah_poller_watch(ah_poller *poller, int socket, unsigned owner, unsigned what)
{
    if (socket < 0 || !make_room(poller, (size_t)socket + 1))
        return false;
    struct ah_poller_socket *one = &poller->sockets[socket];
    if (!what) {
        lose_interest(poller, socket, one, owner);
        return true;
    }
    one->owner = owner;
    one->wanted = (unsigned char)what;
    bool enough = one->adopted && (one->wanted & ~one->watched) == 0;
    return enough || tell(poller, socket, one) == 0;
}

/* Without what a child of fork() keeps open there, and would be told of for ever, and with what there was no memory for.
 * False: no file descriptor, or no memory. */
static bool renew_set(ah_poller *poller)
{
    ah_poller fresh = {.set = epoll_create1(EPOLL_CLOEXEC), .bell = poller->bell};
    if (fresh.set < 0)
        return false;
    if (!add_bell(&fresh)) {
        close(fresh.set);
        return false;
    }
    close(poller->set);
    poller->set = fresh.set;
    poller->wrong = false;
    for (size_t i = 0; i < poller->count; i++) {
        struct ah_poller_socket *one = &poller->sockets[i];
        one->watched = 0;
        if (one->wanted && tell(poller, (int)i, one))
            poller->wrong = true;
    }
    /* It may have been rung for the other one. */
    ah_poller_wake(poller);
    return !poller->wrong;
}

/* What there is to be told of a socket that is ready; 0: nothing that anybody wants to know, nor is it told again. */
static unsigned wanted_of(ah_poller *poller, int socket, uint32_t events)
{
    struct ah_poller_socket *one = known(poller, socket);
    unsigned ready = (events & (EPOLLIN | EPOLLHUP | EPOLLERR) ? AH_POLLER_READABLE : 0) |
                     (events & (EPOLLOUT | EPOLLHUP | EPOLLERR) ? AH_POLLER_WRITABLE : 0);
    if (!one)
        return 0;
    if (one->wanted & ready)
        return one->wanted & ready;
    /* Nobody asked the set for that, or it knows nothing of the socket. */
    bool strange = one->wanted && !(one->watched & ready);
    if (tell(poller, socket, one) || strange)
        poller->wrong = true;
    return 0;
}

int ah_poller_wait(ah_poller *poller, ah_poller_event *events, int most, int milliseconds)
{
    struct epoll_event found[AH_POLLER_MOST];
    int told = 0;
    /* Not to come straight back, and try again. */
    if (poller->wrong && !renew_set(poller))
        nanosleep(&(struct timespec){.tv_nsec = 10 * 1000 * 1000}, NULL);
    int count = epoll_wait(poller->set, found, most < AH_POLLER_MOST ? most : AH_POLLER_MOST, milliseconds);
    poller->full = count >= most || count == AH_POLLER_MOST;
    for (int i = 0; i < count; i++) {
        int socket = found[i].data.fd;
        unsigned ready = socket == poller->bell ? 0 : wanted_of(poller, socket, found[i].events);
        if (ready)
            events[told++] =
                (ah_poller_event){.socket = socket, .owner = poller->sockets[socket].owner, .ready = ready};
    }
    return told;
}

void ah_poller_wake(ah_poller *poller)
{
    /* It would fail the 2^64th time. */
    ssize_t written = write(poller->bell, &(uint64_t){1}, sizeof(uint64_t));
    (void)written;
}

#else

bool ah_poller_open(ah_poller *poller)
{
    (void)poller;
    return false;
}

void ah_poller_close(ah_poller *poller)
{
    (void)poller;
}

void ah_poller_adopt(ah_poller *poller, int socket)
{
    (void)poller, (void)socket;
}

void ah_poller_forget(ah_poller *poller, int socket)
{
    (void)poller, (void)socket;
}

bool ah_poller_watch(ah_poller *poller, int socket, unsigned owner, unsigned what)
{
    (void)poller, (void)socket, (void)owner, (void)what;
    return false;
}

int ah_poller_wait(ah_poller *poller, ah_poller_event *events, int most, int milliseconds)
{
    (void)poller, (void)events, (void)most, (void)milliseconds;
    return 0;
}

void ah_poller_wake(ah_poller *poller)
{
    (void)poller;
}

#endif
