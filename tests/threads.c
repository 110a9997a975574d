/* For sched_setaffinity(). */
#define _GNU_SOURCE

#include "threads.h"

#include <check.h>
#include <dirent.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static cpu_set_t before;

int threads(void)
{
    int count = 0;
    DIR *tasks = opendir("/proc/self/task");
    ck_assert_ptr_nonnull(tasks);
    while (readdir(tasks))
        count++;
    closedir(tasks);
    return count - 2;
}

size_t addresses(void)
{
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fscanf(file, "%lu", &pages), 1);
    fclose(file);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

static void pause_briefly(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
}

void await_threads(int wanted)
{
    while (threads() != wanted)
        pause_briefly();
}

static void *nothing(void *data)
{
    return data;
}

int settle_threads(void)
{
    pthread_t thread;
    int count;
    ck_assert_int_eq(pthread_create(&thread, NULL, nothing, NULL), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    do {
        count = threads();
        for (int i = 0; i < 10; i++)
            pause_briefly();
    } while (threads() != count);
    return count;
}

void confine_to_one_processor(void)
{
    cpu_set_t one;
    int number = sched_getcpu();
    ck_assert_int_ge(number, 0);
    CPU_ZERO(&one);
    CPU_SET((size_t)number, &one);
    ck_assert_int_eq(sched_getaffinity(0, sizeof(before), &before), 0);
    ck_assert_int_eq(sched_setaffinity(0, sizeof(one), &one), 0);
}

void let_go_of_processor(void)
{
    ck_assert_int_eq(sched_setaffinity(0, sizeof(before), &before), 0);
}
