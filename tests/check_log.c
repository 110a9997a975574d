/*
 * Tests of the log: asynchttp_set_log(), the environment variable ASYNCHTTP_LOG, and what is written where.
 */
#include "suites.h"

#include <pthread.h>
#include <regex.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"

/* Whoever calls a function that must not block for ever, in a process of its own, is killed after so many seconds. */
enum { WATCHDOG = 30 };

static void watch(void)
{
    /* Check has a handler of its own for the signal. */
    signal(SIGALRM, SIG_DFL);
    alarm(WATCHDOG);
}

/* ---- What a log function was told ---------------------------------------------------------- */

struct record {
    int count;
    asynchttp_log_level level;
    char component[64];
    char message[8192];
};

static void note(asynchttp_log_level level, const char *component, const char *message, void *data)
{
    struct record *record = data;
    record->count++;
    record->level = level;
    snprintf(record->component, sizeof(record->component), "%s", component);
    snprintf(record->message, sizeof(record->message), "%s", message);
}

static void set_log(asynchttp_log_level level, asynchttp_log_function *function, void *data)
{
    ck_assert_int_eq(asynchttp_set_log(level, function, data), ASYNCHTTP_OK);
}

static void log_nothing(void)
{
    asynchttp_set_log(ASYNCHTTP_LOG_NONE, NULL, NULL);
}

static pthread_t started(void *(*function)(void *), void *argument)
{
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, function, argument), 0);
    return thread;
}

static void join(pthread_t thread)
{
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
}

static void await(sem_t *semaphore)
{
    while (sem_wait(semaphore) != 0)
        continue;
}

/* ---- Standard error ------------------------------------------------------------------------ */

/* Standard error goes here between capture() and captured(). */
static FILE *file;
static int kept_stderr;

static void capture(void)
{
    file = tmpfile();
    ck_assert_ptr_nonnull(file);
    kept_stderr = dup(STDERR_FILENO);
    ck_assert_int_ge(kept_stderr, 0);
    ck_assert_int_ge(dup2(fileno(file), STDERR_FILENO), 0);
}

/* What was written meanwhile, to be freed. */
static char *captured(void)
{
    dup2(kept_stderr, STDERR_FILENO);
    close(kept_stderr);
    ck_assert_int_eq(fseek(file, 0, SEEK_END), 0);
    long size = ftell(file);
    ck_assert_int_ge(size, 0);
    char *text = calloc(1, (size_t)size + 1);
    ck_assert_ptr_nonnull(text);
    rewind(file);
    ck_assert_uint_eq(fread(text, 1, (size_t)size, file), (size_t)size);
    fclose(file);
    return text;
}

static bool matches(const char *text, const char *pattern)
{
    regex_t regex;
    ck_assert_int_eq(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
    bool found = regexec(&regex, text, 0, NULL, 0) == 0;
    regfree(&regex);
    return found;
}

#define TIME "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{6}Z "

/* ---- The environment ----------------------------------------------------------------------- */

/*
 * It is read once in the life of a process, unless asynchttp_set_log() comes first. So each of these tests has a child
 * do that; in this process neither must have happened, and they come before the others.
 */
static void run_in_child(void (*function)(const char *argument), const char *argument)
{
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        watch();
        function(argument);
        _exit(0);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child ended with status 0x%x", (unsigned)status);
}

static void use_environment(const char *value)
{
    if (value)
        setenv("ASYNCHTTP_LOG", value, 1);
    else
        unsetenv("ASYNCHTTP_LOG");
    ah_log_init();
}

static void log_all_levels(void)
{
    AH_DEBUG("test", "one");
    AH_INFO("test", "two");
    AH_WARNING("test", "three");
    AH_ERROR("test", "four");
}

static void init_and_log(const char *value)
{
    use_environment(value);
    log_all_levels();
}

static const struct variable {
    const char *value;
    const char *first_line;
    int lines;
} variables[] = {
    {"debug", "one", 4}, {"info", "two", 3}, {"warning", "three", 2}, {"error", "four", 1}, {NULL, "", 0},
    {"", "", 0},         {"DEBUG", "", 0},   {"none", "", 0},         {"1", "", 0},         {"debug ", "", 0},
};

START_TEST(the_environment_sets_the_level)
{
    const struct variable *row = &variables[_i];
    capture();
    run_in_child(init_and_log, row->value);
    char *text = captured();
    int lines = 0;
    for (const char *end = text; (end = strchr(end, '\n')) != NULL; end++)
        lines++;
    ck_assert_int_eq(lines, row->lines);
    const char *first_end = strchr(text, '\n');
    size_t length = strlen(row->first_line);
    if (first_end)
        ck_assert_mem_eq(first_end - length, row->first_line, length);
    free(text);
}
END_TEST

static void make_client_and_log(const char *value)
{
    if (setenv("ASYNCHTTP_LOG", value, 1) != 0)
        _exit(1);
    AH_ERROR("test", "too early");
    asynchttp_http *http = asynchttp_http_new(NULL);
    AH_ERROR("test", "in time");
    asynchttp_http_free(http);
}

START_TEST(the_environment_is_read_when_the_first_client_is_made)
{
    capture();
    run_in_child(make_client_and_log, "error");
    char *text = captured();
    ck_assert_ptr_null(strstr(text, "too early"));
    ck_assert_ptr_nonnull(strstr(text, "in time"));
    free(text);
}
END_TEST

static void init_twice_and_log(const char *value)
{
    use_environment("error");
    use_environment(value);
    log_all_levels();
}

START_TEST(the_environment_is_read_once)
{
    capture();
    run_in_child(init_twice_and_log, "debug");
    char *text = captured();
    ck_assert(matches(text, "ERROR   four\n$"));
    ck_assert_ptr_null(strstr(text, "three"));
    free(text);
}
END_TEST

static void set_log_then_init(const char *value)
{
    struct record record = {0};
    asynchttp_set_log(ASYNCHTTP_LOG_WARNING, note, &record);
    init_and_log(value);
    if (record.count != 2)
        _exit(1);
}

static void init_then_set_log(const char *value)
{
    struct record record = {0};
    use_environment(value);
    asynchttp_set_log(ASYNCHTTP_LOG_WARNING, note, &record);
    log_all_levels();
    if (record.count != 2)
        _exit(1);
}

static void (*const orders[])(const char *) = {set_log_then_init, init_then_set_log};

START_TEST(what_the_program_sets_beats_the_environment)
{
    capture();
    run_in_child(orders[_i], "debug");
    char *text = captured();
    ck_assert_str_eq(text, "");
    free(text);
}
END_TEST

/* ---- Levels and functions ------------------------------------------------------------------ */

START_TEST(only_messages_of_the_level_and_above_arrive)
{
    asynchttp_log_level set = (asynchttp_log_level)_i;
    for (asynchttp_log_level level = ASYNCHTTP_LOG_DEBUG; level <= ASYNCHTTP_LOG_ERROR; level++) {
        struct record record = {0};
        set_log(set, note, &record);
        AH_LOG(level, "test", "message");
        ck_assert_msg(record.count == (level >= set), "level %d was set, and %d logged", _i, (int)level);
        ck_assert(ah_logs(level) == (level >= set));
        if (record.count)
            ck_assert_int_eq(record.level, level);
        log_nothing();
    }
}
END_TEST

START_TEST(the_function_gets_component_message_and_data)
{
    struct record first = {0}, second = {0};
    set_log(ASYNCHTTP_LOG_INFO, note, &first);
    AH_WARNING("dispatch", "%d of %s", 3, "many");
    set_log(ASYNCHTTP_LOG_INFO, note, &second);
    ck_assert_int_eq(first.count, 1);
    ck_assert_int_eq(first.level, ASYNCHTTP_LOG_WARNING);
    ck_assert_str_eq(first.component, "dispatch");
    ck_assert_str_eq(first.message, "3 of many");
    ck_assert_int_eq(second.count, 0);
    AH_INFO("worker", "again");
    ck_assert_int_eq(first.count, 1);
    ck_assert_int_eq(second.count, 1);
    ck_assert_str_eq(second.component, "worker");
}
END_TEST

START_TEST(a_level_of_none_silences_the_function)
{
    struct record record = {0};
    set_log(ASYNCHTTP_LOG_DEBUG, note, &record);
    set_log(ASYNCHTTP_LOG_NONE, note, &record);
    AH_ERROR("test", "message");
    ck_assert_int_eq(record.count, 0);
}
END_TEST

static const int no_levels[] = {0, -1, 6, 7, 100, 0x7fffffff};

START_TEST(bad_levels_change_nothing)
{
    struct record record = {0};
    set_log(ASYNCHTTP_LOG_INFO, note, &record);
    ck_assert_int_eq(asynchttp_set_log((asynchttp_log_level)no_levels[_i], NULL, NULL), ASYNCHTTP_E_INVALID_ARGUMENT);
    AH_DEBUG("test", "message");
    ck_assert_int_eq(record.count, 0);
    AH_INFO("test", "message");
    ck_assert_int_eq(record.count, 1);
}
END_TEST

static const struct character {
    const char *text;
    const char *written;
} characters[] = {
    {"a\nb", "a b"},
    {"a\r\nb", "a  b"},
    {"\n", " "},
    {"a\n", "a "},
    {"a\tb\vc\fd\be", "a b c d e"},
    {"\x1b[31mred\x1b[0m", " [31mred [0m"},
    {"\x01\x1f\x7f", "   "},
    {"\xc3\xa4 ~", "\xc3\xa4 ~"},
    {"", ""},
    {"100%", "100%"},
};

START_TEST(control_characters_become_spaces)
{
    struct record record = {0};
    set_log(ASYNCHTTP_LOG_INFO, note, &record);
    AH_INFO("test", "%s", characters[_i].text);
    ck_assert_int_eq(record.count, 1);
    ck_assert_str_eq(record.message, characters[_i].written);
}
END_TEST

START_TEST(long_messages_are_cut)
{
    struct record record = {0};
    char text[6000];
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    set_log(ASYNCHTTP_LOG_INFO, note, &record);
    AH_INFO("test", "%s", text);
    ck_assert_int_eq(record.count, 1);
    ck_assert_uint_ge(strlen(record.message), 1000);
    ck_assert_uint_lt(strlen(record.message), sizeof(text) - 1);
    ck_assert_uint_eq(strspn(record.message, "x"), strlen(record.message));
}
END_TEST

/* ---- The default function ------------------------------------------------------------------ */

static const struct line {
    asynchttp_log_level level;
    const char *thread;
    const char *component;
    const char *pattern;
} lines[] = {
    {ASYNCHTTP_LOG_DEBUG, "worker-1", "exchange", TIME "worker-1     exchange DEBUG   a message\n$"},
    {ASYNCHTTP_LOG_INFO, "w", "http", TIME "w            http     INFO    a message\n$"},
    {ASYNCHTTP_LOG_WARNING, "fifteen letters", "transfer", TIME "fifteen letters transfer WARNING a message\n$"},
    {ASYNCHTTP_LOG_ERROR, NULL, "worker", TIME "thread-[0-9]+ +worker   ERROR   a message\n$"},
};

START_TEST(lines_say_time_thread_component_level_and_message)
{
    capture();
    set_log(ASYNCHTTP_LOG_DEBUG, NULL, NULL);
    ah_log_name_thread(lines[_i].thread);
    AH_LOG(lines[_i].level, lines[_i].component, "a\nmessage");
    ah_log_name_thread(NULL);
    log_nothing();
    char *text = captured();
    ck_assert_msg(matches(text, lines[_i].pattern), "the line is \"%s\"", text);
    free(text);
}
END_TEST

/* "2025-12-31T23:59:59": as text these compare as the times do. */
static void print_utc(char *text, size_t size)
{
    struct timespec now;
    struct tm utc;
    clock_gettime(CLOCK_REALTIME, &now);
    ck_assert_ptr_nonnull(gmtime_r(&now.tv_sec, &utc));
    ck_assert_uint_gt(strftime(text, size, "%Y-%m-%dT%H:%M:%S", &utc), 0);
}

START_TEST(lines_have_the_present_time_in_utc)
{
    char before[32], after[32];
    setenv("TZ", "XYZ-5:30", 1);
    tzset();
    capture();
    set_log(ASYNCHTTP_LOG_DEBUG, NULL, NULL);
    print_utc(before, sizeof(before));
    AH_INFO("test", "message");
    print_utc(after, sizeof(after));
    log_nothing();
    char *text = captured();
    unsetenv("TZ");
    tzset();
    ck_assert_int_ge(strncmp(text, before, strlen(before)), 0);
    ck_assert_int_le(strncmp(text, after, strlen(after)), 0);
    free(text);
}
END_TEST

static void *log_a_line(void *argument)
{
    AH_INFO("test", "from %s", (const char *)argument);
    AH_INFO("test", "from %s", (const char *)argument);
    return NULL;
}

/* The word after the time. */
static void copy_thread_name(char name[32], const char *line)
{
    ck_assert_int_eq(sscanf(line, "%*s %31s", name), 1);
}

START_TEST(threads_without_a_name_are_numbered)
{
    char names[4][32];
    char one[] = "one";
    char another[] = "another";
    capture();
    set_log(ASYNCHTTP_LOG_DEBUG, NULL, NULL);
    join(started(log_a_line, one));
    join(started(log_a_line, another));
    log_nothing();
    char *text = captured();
    const char *line = text;
    for (int i = 0; i < 4; i++) {
        copy_thread_name(names[i], line);
        line = strchr(line, '\n');
        ck_assert_ptr_nonnull(line);
        line++;
    }
    ck_assert_str_eq(names[0], names[1]);
    ck_assert_str_eq(names[2], names[3]);
    ck_assert_str_ne(names[0], names[2]);
    free(text);
}
END_TEST

enum { WRITERS = 4, LINES = 200 };

static void *log_many_lines(void *argument)
{
    (void)argument;
    for (int i = 0; i < LINES; i++)
        AH_INFO("test", "a line of middling length from %s", "one of several threads");
    return NULL;
}

START_TEST(lines_of_several_threads_do_not_mix)
{
    pthread_t writers[WRITERS];
    capture();
    set_log(ASYNCHTTP_LOG_DEBUG, NULL, NULL);
    for (int i = 0; i < WRITERS; i++)
        writers[i] = started(log_many_lines, NULL);
    for (int i = 0; i < WRITERS; i++)
        join(writers[i]);
    log_nothing();
    char *text = captured();
    int count = 0;
    for (char *line = text, *end; (end = strchr(line, '\n')) != NULL; line = end + 1, count++) {
        *end = '\0';
        ck_assert_msg(matches(line,
                              TIME "thread-[0-9]+ +test     INFO    a line of middling length from one of several "
                                   "threads$"),
                      "line %d is \"%s\"", count, line);
    }
    ck_assert_int_eq(count, WRITERS * LINES);
    free(text);
}
END_TEST

/* ---- Log functions that call the library --------------------------------------------------- */

static void log_again(asynchttp_log_level level, const char *component, const char *message, void *data)
{
    note(level, component, message, data);
    AH_ERROR("test", "from within");
}

START_TEST(what_the_function_logs_is_dropped)
{
    struct record record = {0};
    set_log(ASYNCHTTP_LOG_DEBUG, log_again, &record);
    AH_INFO("test", "first");
    ck_assert_int_eq(record.count, 1);
    ck_assert_str_eq(record.message, "first");
    AH_INFO("test", "second");
    ck_assert_int_eq(record.count, 2);
    ck_assert_str_eq(record.message, "second");
}
END_TEST

/* Two log functions, the first of which puts the second in its place. */
struct succession {
    struct record before;
    struct record after;
    asynchttp_code code;
    int times;
};

static void abdicate(asynchttp_log_level level, const char *component, const char *message, void *data)
{
    struct succession *succession = data;
    note(level, component, message, &succession->before);
    for (int i = 0; i < succession->times && !succession->code; i++)
        succession->code = asynchttp_set_log(ASYNCHTTP_LOG_WARNING, note, &succession->after);
    AH_ERROR("test", "from within");
}

START_TEST(the_function_may_set_another)
{
    struct succession succession = {.times = _i};
    set_log(ASYNCHTTP_LOG_DEBUG, abdicate, &succession);
    AH_INFO("test", "first");
    ck_assert_int_eq(succession.code, ASYNCHTTP_OK);
    ck_assert_int_eq(succession.after.count, 0);
    AH_INFO("test", "second");
    AH_WARNING("test", "third");
    ck_assert_int_eq(succession.before.count, 1);
    ck_assert_int_eq(succession.after.count, 1);
    ck_assert_str_eq(succession.after.message, "third");
    log_nothing();
    AH_ERROR("test", "fourth");
    ck_assert_int_eq(succession.after.count, 1);
}
END_TEST

/* ---- Several threads ----------------------------------------------------------------------- */

/* A log function that stays until it is let go. */
struct gate {
    sem_t entered;
    sem_t leave;
    atomic_bool left;
};

static void open_gate(struct gate *gate)
{
    ck_assert_int_eq(sem_init(&gate->entered, 0, 0), 0);
    ck_assert_int_eq(sem_init(&gate->leave, 0, 0), 0);
    atomic_init(&gate->left, false);
}

static void close_gate(struct gate *gate)
{
    sem_destroy(&gate->entered);
    sem_destroy(&gate->leave);
}

static void pass_gate(asynchttp_log_level level, const char *component, const char *message, void *data)
{
    struct gate *gate = data;
    (void)level, (void)component, (void)message;
    sem_post(&gate->entered);
    await(&gate->leave);
    atomic_store(&gate->left, true);
}

static void *log_one(void *argument)
{
    (void)argument;
    AH_ERROR("test", "message");
    return NULL;
}

/* A thread that replaces the log function. */
struct replacer {
    struct gate *gate;
    struct record record;
    asynchttp_code code;
    bool left_before;
    atomic_bool returned;
};

static void *replace(void *argument)
{
    struct replacer *replacer = argument;
    replacer->code = asynchttp_set_log(ASYNCHTTP_LOG_WARNING, note, &replacer->record);
    replacer->left_before = atomic_load(&replacer->gate->left);
    atomic_store(&replacer->returned, true);
    return NULL;
}

START_TEST(set_log_waits_for_the_function_that_is_running)
{
    struct gate gate;
    struct replacer replacer = {.gate = &gate};
    open_gate(&gate);
    set_log(ASYNCHTTP_LOG_DEBUG, pass_gate, &gate);
    pthread_t logger = started(log_one, NULL);
    await(&gate.entered);
    pthread_t setter = started(replace, &replacer);
    /* The new level counts before the old function has been waited for. */
    while (ah_logs(ASYNCHTTP_LOG_INFO))
        sched_yield();
    for (int i = 0; i < 1000; i++)
        sched_yield();
    ck_assert(!atomic_load(&replacer.returned));
    sem_post(&gate.leave);
    join(setter);
    join(logger);
    ck_assert_int_eq(replacer.code, ASYNCHTTP_OK);
    ck_assert(replacer.left_before);
    AH_WARNING("test", "message");
    ck_assert_int_eq(replacer.record.count, 1);
    close_gate(&gate);
}
END_TEST

/* Nobody waits while the lock is held. */
START_TEST(others_log_while_the_function_is_running)
{
    struct gate gate;
    open_gate(&gate);
    set_log(ASYNCHTTP_LOG_DEBUG, pass_gate, &gate);
    pthread_t first = started(log_one, NULL);
    await(&gate.entered);
    pthread_t second = started(log_one, NULL);
    await(&gate.entered);
    sem_post(&gate.leave);
    sem_post(&gate.leave);
    join(first);
    join(second);
    close_gate(&gate);
}
END_TEST

/* What belongs to a log function, gone once set_log() has returned. */
struct ledger {
    atomic_int entries;
};

static void enter(asynchttp_log_level level, const char *component, const char *message, void *data)
{
    struct ledger *ledger = data;
    (void)level, (void)component, (void)message;
    atomic_fetch_add(&ledger->entries, 1);
}

static atomic_bool stop;

static void *log_until_stopped(void *argument)
{
    (void)argument;
    while (!atomic_load(&stop))
        AH_ERROR("test", "message");
    return NULL;
}

START_TEST(data_may_be_freed_when_set_log_has_returned)
{
    pthread_t loggers[3];
    atomic_store(&stop, false);
    for (int i = 0; i < 3; i++)
        loggers[i] = started(log_until_stopped, NULL);
    for (int i = 0; i < 100; i++) {
        struct ledger *ledger = malloc(sizeof(*ledger));
        ck_assert_ptr_nonnull(ledger);
        atomic_init(&ledger->entries, 0);
        set_log(ASYNCHTTP_LOG_DEBUG, enter, ledger);
        while (!atomic_load(&ledger->entries))
            sched_yield();
        log_nothing();
        int entries = atomic_load(&ledger->entries);
        for (int j = 0; j < 10; j++)
            sched_yield();
        ck_assert_int_eq(atomic_load(&ledger->entries), entries);
        free(ledger);
    }
    atomic_store(&stop, true);
    for (int i = 0; i < 3; i++)
        join(loggers[i]);
}
END_TEST

/* ---- Forks --------------------------------------------------------------------------------- */

/* In a child, where nothing must wait for threads that it does not have. */
static void use_log(const char *argument)
{
    static struct record record;
    (void)argument;
    if (asynchttp_set_log(ASYNCHTTP_LOG_DEBUG, note, &record) != ASYNCHTTP_OK)
        _exit(1);
    AH_ERROR("test", "message");
    if (asynchttp_set_log(ASYNCHTTP_LOG_NONE, NULL, NULL) != ASYNCHTTP_OK || record.count != 1)
        _exit(2);
}

START_TEST(a_child_does_not_wait_for_functions_that_run_in_its_parent)
{
    struct gate gate;
    ah_log_init();
    open_gate(&gate);
    set_log(ASYNCHTTP_LOG_DEBUG, pass_gate, &gate);
    pthread_t logger = started(log_one, NULL);
    await(&gate.entered);
    run_in_child(use_log, NULL);
    sem_post(&gate.leave);
    join(logger);
    close_gate(&gate);
}
END_TEST

/* A log function that makes a child, before or after it has set another. */
struct forker {
    struct record record;
    bool sets;
    pid_t child;
};

static void make_child(asynchttp_log_level level, const char *component, const char *message, void *data)
{
    struct forker *forker = data;
    (void)level, (void)component, (void)message;
    if (forker->sets)
        asynchttp_set_log(ASYNCHTTP_LOG_DEBUG, note, &forker->record);
    forker->child = fork();
    if (forker->child == 0)
        watch();
}

START_TEST(a_function_may_fork)
{
    struct forker forker = {.sets = _i};
    ah_log_init();
    set_log(ASYNCHTTP_LOG_DEBUG, make_child, &forker);
    AH_ERROR("test", "message");
    if (forker.child == 0) {
        use_log(NULL);
        _exit(0);
    }
    int status;
    ck_assert_int_gt(forker.child, 0);
    ck_assert_int_eq(waitpid(forker.child, &status, 0), forker.child);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child ended with status 0x%x", (unsigned)status);
    log_nothing();
    AH_ERROR("test", "message");
    ck_assert_int_eq(forker.record.count, 0);
}
END_TEST

#define ROWS(table) (int)(sizeof(table) / sizeof((table)[0]))

static TCase *environment_case(void)
{
    TCase *environment = tcase_create("environment");
    tcase_set_timeout(environment, WATCHDOG + 10);
    tcase_add_loop_test(environment, the_environment_sets_the_level, 0, ROWS(variables));
    tcase_add_test(environment, the_environment_is_read_when_the_first_client_is_made);
    tcase_add_test(environment, the_environment_is_read_once);
    tcase_add_loop_test(environment, what_the_program_sets_beats_the_environment, 0, ROWS(orders));
    return environment;
}

static TCase *function_case(void)
{
    TCase *function = tcase_create("function");
    tcase_add_checked_fixture(function, NULL, log_nothing);
    tcase_add_loop_test(function, only_messages_of_the_level_and_above_arrive, ASYNCHTTP_LOG_DEBUG,
                        ASYNCHTTP_LOG_NONE + 1);
    tcase_add_test(function, the_function_gets_component_message_and_data);
    tcase_add_test(function, a_level_of_none_silences_the_function);
    tcase_add_loop_test(function, bad_levels_change_nothing, 0, ROWS(no_levels));
    tcase_add_loop_test(function, control_characters_become_spaces, 0, ROWS(characters));
    tcase_add_test(function, long_messages_are_cut);
    tcase_add_test(function, what_the_function_logs_is_dropped);
    tcase_add_loop_test(function, the_function_may_set_another, 1, 4);
    return function;
}

static TCase *lines_case(void)
{
    TCase *standard_error = tcase_create("standard error");
    tcase_set_timeout(standard_error, 60);
    tcase_add_checked_fixture(standard_error, NULL, log_nothing);
    tcase_add_loop_test(standard_error, lines_say_time_thread_component_level_and_message, 0, ROWS(lines));
    tcase_add_test(standard_error, lines_have_the_present_time_in_utc);
    tcase_add_test(standard_error, threads_without_a_name_are_numbered);
    tcase_add_test(standard_error, lines_of_several_threads_do_not_mix);
    return standard_error;
}

static TCase *threads_case(void)
{
    TCase *threads = tcase_create("threads");
    tcase_set_timeout(threads, WATCHDOG + 10);
    tcase_add_checked_fixture(threads, NULL, log_nothing);
    tcase_add_test(threads, set_log_waits_for_the_function_that_is_running);
    tcase_add_test(threads, others_log_while_the_function_is_running);
    tcase_add_test(threads, data_may_be_freed_when_set_log_has_returned);
    tcase_add_test(threads, a_child_does_not_wait_for_functions_that_run_in_its_parent);
    tcase_add_loop_test(threads, a_function_may_fork, 0, 2);
    return threads;
}

Suite *log_suite(void)
{
    Suite *suite = suite_create("log");
    suite_add_tcase(suite, environment_case());
    suite_add_tcase(suite, function_case());
    suite_add_tcase(suite, lines_case());
    suite_add_tcase(suite, threads_case());
    return suite;
}
