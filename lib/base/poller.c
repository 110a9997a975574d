#include "base/poller.h"

#include <errno.h>
#include <stdint.h>
#include <unistd.h>

#if defined(__linux__)

#include <sys/epoll.h>

static int control(ah_poller *poller, int operation, int socket, unsigned owner, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.u64 = (uint64_t)owner << 32 | (uint32_t)socket};
    return epoll_ctl(poller->set, operation, socket, &event) == 0 ? 0 : errno;
}

bool ah_poller_open(ah_poller *poller)
{
    poller->set = epoll_create1(EPOLL_CLOEXEC);
    return poller->set >= 0;
}

void ah_poller_close(ah_poller *poller)
{
    close(poller->set);
}

bool ah_poller_watch(ah_poller *poller, int socket, unsigned owner, unsigned what)
{
    uint32_t events = (what & AH_POLLER_READABLE ? EPOLLIN : 0) | (what & AH_POLLER_WRITABLE ? EPOLLOUT : 0);
    if (!what) {
        control(poller, EPOLL_CTL_DEL, socket, owner, 0);
        return true;
    }
    int error = control(poller, EPOLL_CTL_ADD, socket, owner, events);
    if (error == EEXIST)
        error = control(poller, EPOLL_CTL_MOD, socket, owner, events);
    return !error;
}

int ah_poller_look(ah_poller *poller, ah_poller_event *events, int most)
{
    struct epoll_event found[AH_POLLER_MOST];
    int count = epoll_wait(poller->set, found, most < AH_POLLER_MOST ? most : AH_POLLER_MOST, 0);
    for (int i = 0; i < count; i++) {
        uint32_t ready = found[i].events;
        events[i] = (ah_poller_event){
            .socket = (int)(uint32_t)found[i].data.u64,
            .owner = (unsigned)(found[i].data.u64 >> 32),
            .ready = (ready & (EPOLLIN | EPOLLHUP | EPOLLERR) ? AH_POLLER_READABLE : 0) |
                     (ready & (EPOLLOUT | EPOLLHUP | EPOLLERR) ? AH_POLLER_WRITABLE : 0),
        };
    }
    return count > 0 ? count : 0;
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

bool ah_poller_watch(ah_poller *poller, int socket, unsigned owner, unsigned what)
{
    (void)poller, (void)socket, (void)owner, (void)what;
    return false;
}

int ah_poller_look(ah_poller *poller, ah_poller_event *events, int most)
{
    (void)poller, (void)events, (void)most;
    return 0;
}

#endif
