#include "threads.h"

#include <check.h>
#include <dirent.h>
#include <pthread.h>
#include <time.h>

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
