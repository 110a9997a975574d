#include "base/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Where messages go. Those who are sending one hold it, so that asynchttp_set_log() can wait for them. */
typedef struct sink {
    asynchttp_log_level level;
    asynchttp_log_function *function;
    void *data;
    unsigned users;
    /* It was replaced and nobody waits for its users: the last of them frees it. */
    bool left_behind;
} sink;

static void write_line(asynchttp_log_level level, const char *component, const char *message, void *data);

atomic_int ah_log_threshold = ASYNCHTTP_LOG_NONE;

/* Guards current and every sink's users. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t unused = PTHREAD_COND_INITIALIZER;
/* The sink until another is set; never freed. */
static sink first = {.level = ASYNCHTTP_LOG_NONE, .function = write_line};
static sink *current = &first;
static bool configured;

/* The sink that this thread is inside of. */
static _Thread_local sink *sending;
static _Thread_local const char *thread_name;

static const char *level_name(asynchttp_log_level level)
{
    static const char *const names[] = {"", "DEBUG", "INFO", "WARNING", "ERROR"};
    return names[level];
}

/* A number for threads that were not given a name: 1 for the first that logs. */
static const char *own_thread_name(void)
{
    static atomic_uint count;
    static _Thread_local char name[24];
    if (thread_name)
        return thread_name;
    if (!*name)
        snprintf(name, sizeof(name), "thread-%u", atomic_fetch_add(&count, 1) + 1);
    return name;
}

void ah_log_name_thread(const char *name)
{
    thread_name = name;
}

/* The default function: one line, in one write, so that the lines of several threads do not mix. */
static void write_line(asynchttp_log_level level, const char *component, const char *message, void *data)
{
    struct timespec now;
    struct tm utc;
    (void)data;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    fprintf(stderr, "%04d-%02d-%02dT%02d:%02d:%02d.%06ldZ %-12s %-8s %-7s %s\n", utc.tm_year + 1900, utc.tm_mon + 1,
            utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, now.tv_nsec / 1000, own_thread_name(), component,
            level_name(level), message);
}

static sink *hold_current(void)
{
    pthread_mutex_lock(&lock);
    sink *held = current;
    held->users++;
    pthread_mutex_unlock(&lock);
    return held;
}

static void discard(sink *unheld)
{
    if (unheld != &first)
        free(unheld);
}

static void let_go(sink *held)
{
    pthread_mutex_lock(&lock);
    if (--held->users == 0) {
        pthread_cond_broadcast(&unused);
        if (held->left_behind)
            discard(held);
    }
    pthread_mutex_unlock(&lock);
}

static void one_line(char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            *text = ' ';
    }
}

void ah_log(asynchttp_log_level level, const char *component, const char *format, ...)
{
    /* What the log function itself makes the library say would have no end. */
    if (sending)
        return;
    char message[2048];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    one_line(message);
    sink *held = hold_current();
    sending = held;
    if (level >= held->level)
        held->function(level, component, message, held->data);
    sending = NULL;
    let_go(held);
}

/* Makes next the current sink and waits until nobody is inside the one before. */
static void exchange_sink(sink *next)
{
    pthread_mutex_lock(&lock);
    sink *before = current;
    current = next;
    configured = true;
    atomic_store(&ah_log_threshold, (int)next->level);
    /* A sink that is replaced from within itself, or while this thread is inside of an older one, is not waited for:
     * it is left behind. */
    while (before->users && !sending)
        pthread_cond_wait(&unused, &lock);
    if (before->users)
        before->left_behind = true;
    else
        discard(before);
    pthread_mutex_unlock(&lock);
}

asynchttp_code asynchttp_set_log(asynchttp_log_level level, asynchttp_log_function *function, void *data)
{
    if (level < ASYNCHTTP_LOG_DEBUG || level > ASYNCHTTP_LOG_NONE)
        return ASYNCHTTP_E_INVALID_ARGUMENT;
    sink *next = malloc(sizeof(*next));
    if (!next)
        return ASYNCHTTP_E_NO_MEMORY;
    *next = (sink){.level = level, .function = function ? function : write_line, .data = data};
    exchange_sink(next);
    return ASYNCHTTP_OK;
}

static asynchttp_log_level level_of(const char *name)
{
    static const char *const names[] = {"debug", "info", "warning", "error"};
    for (int i = 0; i < 4; i++) {
        if (name && strcmp(name, names[i]) == 0)
            return (asynchttp_log_level)(ASYNCHTTP_LOG_DEBUG + i);
    }
    return ASYNCHTTP_LOG_NONE;
}

/* A fork while another thread logs must not leave the child with a lock that nobody opens. */
static void before_fork(void)
{
    pthread_mutex_lock(&lock);
}

static void after_fork_in_parent(void)
{
    pthread_mutex_unlock(&lock);
}

static void after_fork_in_child(void)
{
    current->users = 0;
    /* The thread that forked may be inside of a sink, and not of the current one. */
    if (sending)
        sending->users = 1;
    pthread_mutex_unlock(&lock);
}

static void read_environment(void)
{
    pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
    pthread_mutex_lock(&lock);
    if (!configured) {
        first.level = level_of(getenv("ASYNCHTTP_LOG"));
        atomic_store(&ah_log_threshold, (int)first.level);
    }
    pthread_mutex_unlock(&lock);
}

void ah_log_init(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, read_environment);
}
