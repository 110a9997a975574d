/* For nftw(). */
#define _XOPEN_SOURCE 700

#include "proxies.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fixture.h"

/* How long a proxy may take to start, and to end. */
enum { PATIENCE_MS = 30000, STEP_MS = 5, PATH_SIZE = 1024 };

/* Somebody else may take the port that was free. */
#define ATTEMPTS 5

typedef struct kind {
    const char *program;
    /* tinyproxy's. */
    const char *directives;
    bool user;
    bool ipv6;
} kind;

static const kind kinds[PROXIES] = {
    [PROXY_TINY] = {.program = "tinyproxy", .directives = ""},
    [PROXY_TINY_USER] = {.program = "tinyproxy", .directives = "BasicAuth " PROXIES_USER " " PROXIES_PASSWORD "\n"},
    [PROXY_TINY_ONE_PORT] = {.program = "tinyproxy", .directives = ""},
    [PROXY_MICRO] = {.program = "microsocks"},
    [PROXY_MICRO_IPV6] = {.program = "microsocks", .ipv6 = true},
    [PROXY_MICRO_USER] = {.program = "microsocks", .user = true},
    [PROXY_DANTE] = {.program = "danted"},
};

static struct {
    /* Who started them; 0: nobody. */
    pid_t owner;
    pid_t guardian;
    /* To the guardian: its end is theirs. */
    int leash;
    char directory[PATH_SIZE / 2];
    /* 0: it does not run. */
    unsigned ports[PROXIES];
} proxies;

/* Prints what is wrong (printf) and aborts. */
FIXTURE_PRINTF static _Noreturn void fail(const char *format, ...)
{
    va_list values;

    va_start(values, format);
    fputs("proxies: ", stderr);
    vfprintf(stderr, format, values);
    fputc('\n', stderr);
    va_end(values);
    abort();
}

static void check(bool good, const char *what)
{
    if (!good)
        fail("cannot %s: %s", what, strerror(errno));
}

/* ---- Files --------------------------------------------------------------------------------- */

/* The path of a proxy's file: "conf", "log", "pid". */
static void path_of(char path[PATH_SIZE], proxy which, const char *what)
{
    snprintf(path, PATH_SIZE, "%s/%d.%s", proxies.directory, (int)which, what);
}

static void make_directory(void)
{
    const char *parent = getenv("TMPDIR");
    int size = snprintf(proxies.directory, sizeof proxies.directory, "%s/asynchttp-proxies-XXXXXX",
                        parent && *parent ? parent : "/tmp");

    if (size < 0 || (size_t)size >= sizeof proxies.directory)
        fail("the path is too long: %s", parent);
    check(mkdtemp(proxies.directory) != NULL, "make a directory");
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *place)
{
    (void)status;
    (void)type;
    (void)place;
    return remove(path);
}

static void remove_directory(void)
{
    if (nftw(proxies.directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS) != 0)
        fprintf(stderr, "proxies: cannot remove %s: %s\n", proxies.directory, strerror(errno));
}

/* Administrators' commands are where the PATH of those who are not root often does not lead. */
static bool find_program(char path[PATH_SIZE], const char *name)
{
    static const char more[] = "/usr/sbin:/usr/local/sbin:/sbin";
    const char *given = getenv("PATH");
    char places[8192];

    snprintf(places, sizeof places, "%s:%s", given ? given : "", more);
    for (char *rest = places, *end = places; end; rest = end + 1) {
        end = strchr(rest, ':');
        snprintf(path, PATH_SIZE, "%.*s/%s", end ? (int)(end - rest) : (int)strlen(rest), rest, name);
        if (access(path, X_OK) == 0)
            return true;
    }
    return false;
}

/* ---- Configurations ------------------------------------------------------------------------ */

static void write_tinyproxy(FILE *file, proxy which, unsigned only_port)
{
    char log[PATH_SIZE];

    path_of(log, which, "log");
    fprintf(file, "Port %u\nListen 127.0.0.1\nTimeout 600\nMaxClients 100\nLogFile \"%s\"\nLogLevel Info\n",
            proxies.ports[which], log);
    if (which == PROXY_TINY_ONE_PORT)
        fprintf(file, "ConnectPort %u\n", only_port);
    else
        fputs(kinds[which].directives, file);
}

/* It insists on names of users. */
static void write_dante(FILE *file, proxy which)
{
    const struct passwd *user = getpwuid(geteuid());
    const char *name = user ? user->pw_name : "nobody";
    char log[PATH_SIZE];

    path_of(log, which, "log");
    fprintf(file,
            "logoutput: %s\ninternal: 127.0.0.1 port = %u\nexternal: 127.0.0.1\n"
            "socksmethod: none\nclientmethod: none\nuser.privileged: %s\nuser.unprivileged: %s\n"
            "client pass {\n from: 127.0.0.0/8 to: 0.0.0.0/0\n log: error\n}\n"
            "socks pass {\n from: 127.0.0.0/8 to: 0.0.0.0/0\n protocol: tcp\n log: connect error\n}\n",
            log, proxies.ports[which], name, name);
}

static void write_configuration(proxy which, unsigned only_port)
{
    char path[PATH_SIZE];
    FILE *file;

    path_of(path, which, "conf");
    file = fopen(path, "w");
    check(file != NULL, "make a file");
    if (kinds[which].directives)
        write_tinyproxy(file, which, only_port);
    else if (which == PROXY_DANTE)
        write_dante(file, which);
    check(!ferror(file) && fclose(file) == 0, "write a file");
}

/* ---- One proxy ----------------------------------------------------------------------------- */

/* A socket on the loopback. Returns 0: there is no such address, or nobody listens. */
static unsigned meet(bool ipv6, unsigned port, int (*how)(int, const struct sockaddr *, socklen_t))
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in6 address6 = {
        .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct sockaddr *any = ipv6 ? (struct sockaddr *)&address6 : (struct sockaddr *)&address;
    socklen_t size = ipv6 ? sizeof address6 : sizeof address;
    int descriptor = socket(ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM, 0);
    bool met = descriptor >= 0 && how(descriptor, any, size) == 0;

    if (met && port == 0)
        met = getsockname(descriptor, any, &size) == 0;
    if (descriptor >= 0)
        close(descriptor);
    if (!met)
        return 0;
    return ntohs(ipv6 ? address6.sin6_port : address.sin_port);
}

static void redirect_output(proxy which)
{
    char path[PATH_SIZE];
    int log;

    path_of(path, which, "log");
    log = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (log < 0)
        _exit(127);
    dup2(open("/dev/null", O_RDONLY), STDIN_FILENO);
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    /* Leashes of others among them. */
    for (int i = STDERR_FILENO + 1; i < 1024; i++)
        close(i);
}

/* In a group of its own, for Dante is many processes. */
static _Noreturn void become_proxy(proxy which, const char *program)
{
    const kind *is = &kinds[which];
    char configuration[PATH_SIZE];
    char pid[PATH_SIZE];
    char port[16];

    setpgid(0, 0);
    redirect_output(which);
    path_of(configuration, which, "conf");
    path_of(pid, which, "pid");
    snprintf(port, sizeof port, "%u", proxies.ports[which]);
    if (is->directives)
        execl(program, is->program, "-d", "-c", configuration, (char *)NULL);
    else if (which == PROXY_DANTE)
        execl(program, is->program, "-f", configuration, "-p", pid, (char *)NULL);
    else if (is->user)
        execl(program, is->program, "-i", "127.0.0.1", "-p", port, "-u", PROXIES_USER, "-P", PROXIES_PASSWORD,
              (char *)NULL);
    else
        execl(program, is->program, "-i", is->ipv6 ? "::1" : "127.0.0.1", "-p", port, (char *)NULL);
    _exit(127);
}

static void wait_a_step(void)
{
    nanosleep(&(struct timespec){.tv_nsec = STEP_MS * 1000000L}, NULL);
}

/* Whether it has come to listen; otherwise it has ended. */
static bool listens(proxy which, pid_t process)
{
    for (int i = 0; waitpid(process, NULL, WNOHANG) == 0; i++) {
        if (meet(kinds[which].ipv6, proxies.ports[which], connect))
            return true;
        if (i > PATIENCE_MS / STEP_MS) {
            kill(-process, SIGKILL);
            return false;
        }
        wait_a_step();
    }
    return false;
}

/* Returns the process, 0: it does not run. */
static pid_t start(proxy which, unsigned only_port)
{
    char program[PATH_SIZE];

    if (!find_program(program, kinds[which].program))
        return 0;
    for (int i = 0; i < ATTEMPTS; i++) {
        pid_t process;

        proxies.ports[which] = meet(kinds[which].ipv6, 0, bind);
        if (!proxies.ports[which])
            return 0;
        write_configuration(which, only_port);
        process = fork();
        if (process == 0)
            become_proxy(which, program);
        if (process > 0 && listens(which, process))
            return process;
    }
    proxies.ports[which] = 0;
    return 0;
}

static void stop(pid_t process)
{
    kill(-process, SIGTERM);
    for (int i = 0; waitpid(process, NULL, WNOHANG) == 0 && i < PATIENCE_MS / STEP_MS; i++)
        wait_a_step();
    kill(-process, SIGKILL);
    waitpid(process, NULL, WNOHANG);
}

/* ---- The guardian -------------------------------------------------------------------------- */

/* In a process of its own, which outlives the test program: its end is the end of the leash. In a group of its own, so
 * that what is typed at the terminal ends only the test program. Tells the ports to report. */
static _Noreturn void guard(int leash, int report, unsigned only_port)
{
    pid_t processes[PROXIES];
    char letter;

    setpgid(0, 0);
    for (int i = 0; i < PROXIES; i++)
        processes[i] = start((proxy)i, only_port);
    if (write(report, proxies.ports, sizeof proxies.ports) == (ssize_t)sizeof proxies.ports) {
        close(report);
        while (read(leash, &letter, 1) < 0 && errno == EINTR)
            ;
    }
    for (int i = 0; i < PROXIES; i++)
        if (processes[i] > 0)
            stop(processes[i]);
    remove_directory();
    _exit(0);
}

static void open_pipe(int ends[2])
{
    check(pipe(ends) == 0, "make a pipe");
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
}

static void start_guardian(unsigned only_port)
{
    int leash[2];
    int report[2];

    open_pipe(leash);
    open_pipe(report);
    proxies.guardian = fork();
    check(proxies.guardian >= 0, "fork");
    if (proxies.guardian == 0) {
        close(leash[1]);
        close(report[0]);
        guard(leash[0], report[1], only_port);
    }
    close(leash[0]);
    close(report[1]);
    proxies.leash = leash[1];
    proxies.owner = getpid();
    check(read(report[0], proxies.ports, sizeof proxies.ports) == (ssize_t)sizeof proxies.ports, "start proxies");
    close(report[0]);
}

/* Copies the log of one that does not start to standard error. */
static void print_log(proxy which)
{
    char path[PATH_SIZE];
    char line[1024];
    FILE *log;

    path_of(path, which, "log");
    log = fopen(path, "r");
    while (log && fgets(line, sizeof line, log))
        fputs(line, stderr);
    if (log)
        fclose(log);
}

bool proxies_start(unsigned port)
{
    bool any = false;

    make_directory();
    start_guardian(port);
    for (int i = 0; i < PROXIES; i++) {
        const char *name = kinds[i].program;
        char path[PATH_SIZE];

        any = any || proxy_runs((proxy)i);
        if (proxy_runs((proxy)i))
            continue;
        if (!find_program(path, name)) {
            if (i == 0 || strcmp(name, kinds[i - 1].program) != 0)
                printf("%s is not installed: its tests are skipped\n", name);
        } else if (kinds[i].ipv6) {
            puts("There is no IPv6: its tests are skipped");
        } else {
            print_log((proxy)i);
            proxies_stop();
            fail("%s does not start", name);
        }
    }
    fflush(stdout);
    return any;
}

void proxies_stop(void)
{
    if (proxies.owner != getpid())
        return;
    close(proxies.leash);
    while (waitpid(proxies.guardian, NULL, 0) < 0)
        check(errno == EINTR, "wait for the proxies");
    proxies.owner = 0;
}

/* ---- What they are asked ------------------------------------------------------------------- */

bool proxy_runs(proxy which)
{
    return proxies.ports[which] != 0;
}

unsigned proxy_port(proxy which)
{
    return proxies.ports[which];
}

int proxy_logged(proxy which, const char *text)
{
    char path[PATH_SIZE];
    char line[2048];
    int count = 0;
    FILE *log;

    path_of(path, which, "log");
    log = fopen(path, "r");
    check(log != NULL, "read a log");
    while (fgets(line, sizeof line, log))
        count += strstr(line, text) != NULL;
    fclose(log);
    return count;
}
