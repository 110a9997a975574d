#include "base/sigpipe.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

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

/* Takes the signal from those that are pending; one for the whole process, another thread may have taken meanwhile. */
static void forget(const sigset_t *sigpipe)
{
#if defined(_POSIX_REALTIME_SIGNALS) && _POSIX_REALTIME_SIGNALS > 0
    sigtimedwait(sigpipe, NULL, &(struct timespec){0});
#else
    int signal;
    sigwait(sigpipe, &signal);
#endif
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
    sigset_t sigpipe = sigpipe_alone();
    if (!guard->on)
        return;
    guard->on = false;
    if (!guard->pending && is_pending())
        forget(&sigpipe);
    if (!guard->blocked)
        pthread_sigmask(SIG_UNBLOCK, &sigpipe, NULL);
}
