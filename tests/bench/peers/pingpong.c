/*
 * pingpong futex|condition N: two threads hand a turn to and fro N times, which is what it costs at least to ask another
 * thread for something and to wait for it. One line comes out, see measure.h.
 */
#define _GNU_SOURCE
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../measure.h"

static size_t rounds;

/* ---- By futex ------------------------------------------------------------------------------ */

static atomic_int turn;

static void await_futex(int mine)
{
    while (atomic_load(&turn) != mine)
        syscall(SYS_futex, &turn, FUTEX_WAIT_PRIVATE, !mine, NULL, NULL, 0);
}

static void give_futex(int to)
{
    atomic_store(&turn, to);
    syscall(SYS_futex, &turn, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

/* ---- By condition variable ----------------------------------------------------------------- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed[2] = {PTHREAD_COND_INITIALIZER, PTHREAD_COND_INITIALIZER};
static int locked_turn;

static void await_condition(int mine)
{
    pthread_mutex_lock(&lock);
    while (locked_turn != mine)
        pthread_cond_wait(&changed[mine], &lock);
    pthread_mutex_unlock(&lock);
}

static void give_condition(int to)
{
    pthread_mutex_lock(&lock);
    locked_turn = to;
    pthread_cond_signal(&changed[to]);
    pthread_mutex_unlock(&lock);
}

/* ---- The game ------------------------------------------------------------------------------ */

static const struct way {
    const char *name;
    void (*await)(int mine);
    void (*give)(int to);
} ways[] = {{"futex", await_futex, give_futex}, {"condition", await_condition, give_condition}};

static void *answer(void *data)
{
    const struct way *way = data;

    for (size_t i = 0; i < rounds; i++) {
        way->await(1);
        way->give(0);
    }
    return NULL;
}

static void play(measure *m, struct way way)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, answer, &way) != 0)
        measure_die("no thread");
    measure_start(m);
    for (; m->n < rounds; m->n++) {
        way.give(1);
        way.await(0);
    }
    measure_stop(m);
    pthread_join(thread, NULL);
}

int main(int argc, char **argv)
{
    measure m = {0};

    rounds = argc == 3 ? measure_number(argv[2]) : 0;
    for (size_t i = 0; rounds && i < sizeof ways / sizeof *ways; i++) {
        if (strcmp(ways[i].name, argv[1]) == 0)
            play(&m, ways[i]);
    }
    if (m.n == 0)
        measure_die("usage: pingpong futex|condition N");
    measure_print(&m);
    putchar('\n');
    return EXIT_SUCCESS;
}
