#include "base/sigpipe.h"

#include <pthread.h>
#include <signal.h>

static sigset_t sigpipe_alone(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    return set;
}

static bool is_pending(void)
{
    sigset_t pending;
    return sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 1;
}

void ah_sigpipe_block(ah_sigpipe_guard *guard)
{
    sigset_t before;
    sigset_t sigpipe = sigpipe_alone();
    if (guard->on)
        return;
    guard->pending = is_pending();
    guard->on = pthread_sigmask(SIG_BLOCK, &sigpipe, &before) == 0;
    guard->blocked = sigismember(&before, SIGPIPE) == 1;
}

void ah_sigpipe_unblock(ah_sigpipe_guard *guard)
{
    int signal;
    sigset_t sigpipe = sigpipe_alone();
    if (!guard->on)
        return;
    guard->on = false;
    if (!guard->pending && is_pending())
        sigwait(&sigpipe, &signal);
    if (!guard->blocked)
        pthread_sigmask(SIG_UNBLOCK, &sigpipe, NULL);
}
