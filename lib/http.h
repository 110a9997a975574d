/*
 * The Http object, for the two files that make it up: http.c is its life and its requests, http_settings.c its setters
 * and getters.
 */
#ifndef AH_HTTP_H
#define AH_HTTP_H

#include <pthread.h>

#include "asynchttp.h"
#include "base/fork.h"
#include "queue.h"
#include "settings.h"

struct asynchttp_http {
    ah_process process;
    /* Counted from 1: another Http may come to lie at the same address. */
    unsigned long long number;
    /* Guards all below. Taken before a queue's lock, and never held while waiting or while the program is called. */
    pthread_mutex_t lock;
    /* Shares. */
    ah_settings *settings;
    ah_queue *queue;
    /* The queues that were closed and whose workers may not have left. */
    ah_queue *shut;
    /* How many queues have been shut. */
    unsigned long shut_count;
    unsigned max_workers;
    unsigned transfers_per_worker;
    double worker_idle_timeout;
    /* It is being freed: what callbacks still do with it changes nothing. */
    bool freed;
};

/* Whether the Http was made by the process that this one was forked from. */
static inline bool ah_http_inherited(const asynchttp_http *http)
{
    return http->process != ah_process_current();
}

#endif
