#include "base/sigpipe.h"

#include <pthread.h>

static bool is_pending(void)
{
    sigset_t pending;
    return sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 1;
}

void ah_sigpipe_block(ah_sigpipe_guard *guard)
{
    sigset_t pipe;
    if (guard->on)
        return;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    guard->pending = is_pending();
    guard->on = pthread_sigmask(SIG_BLOCK, &pipe, &guard->before) == 0;
}

void ah_sigpipe_unblock(ah_sigpipe_guard *guard)
{
    int signal;
    sigset_t pipe;
    if (!guard->on)
        return;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    if (!guard->pending && is_pending())
        sigwait(&pipe, &signal);
    pthread_sigmask(SIG_SETMASK, &guard->before, NULL);
    guard->on = false;
}
