#include "base/thread.h"

#include <signal.h>

/* Signals are the program's business, and are handled on its threads; but those that say that this very thread went
 * wrong cannot be kept from it. SIGPIPE is blocked too: libcurl leaves it to whoever set CURLOPT_NOSIGNAL. */
static void block_signals(sigset_t *before)
{
    sigset_t all;
    sigfillset(&all);
    sigdelset(&all, SIGSEGV);
    sigdelset(&all, SIGBUS);
    sigdelset(&all, SIGFPE);
    sigdelset(&all, SIGILL);
    sigdelset(&all, SIGABRT);
    pthread_sigmask(SIG_SETMASK, &all, before);
}

int ah_thread_start(pthread_t *thread, void *(*run)(void *), void *data)
{
    sigset_t before;
    block_signals(&before);
    int failed = pthread_create(thread, NULL, run, data);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failed;
}
