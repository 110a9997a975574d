/* For nftw(). */
#define _XOPEN_SOURCE 700

#include "servers.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <netinet/in.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "origin/pattern.h"

/* How long nginx may take to start, to read its configuration anew, and to answer. */
#define PATIENCE_MS 30000

#define TEXTS 8

enum { PATH_SIZE = 1024 };

typedef struct kind {
    bool tls;
    bool http2;
    bool ipv6;
    /* The name of its certificate and key. */
    const char *certificate;
    const char *versions;
    /* More of its configuration. */
    const char *directives;
} kind;

#define BOTH_VERSIONS "TLSv1.2 TLSv1.3"
#define TEXT_OF(number) #number
#define NUMBER(number) TEXT_OF(number)

static const kind kinds[SERVERS] = {
    [SERVER_STATIC] = {.tls = false},
    [SERVER_HTTP2] = {true, true, false, "good", BOTH_VERSIONS, ""},
    [SERVER_HTTP2_IPV6] = {true, true, true, "good", BOTH_VERSIONS, ""},
    [SERVER_TLS] = {true, false, false, "good", BOTH_VERSIONS, ""},
    /* OpenSSL does not do this old version at its usual security level. */
    [SERVER_TLS11] = {true, false, false, "good", "TLSv1.1", "ssl_ciphers ALL:@SECLEVEL=0;"},
    [SERVER_TLS12] = {true, false, false, "good", "TLSv1.2", ""},
    [SERVER_TLS13] = {true, false, false, "good", "TLSv1.3", ""},
    [SERVER_MUTUAL] = {true, true, false, "good", BOTH_VERSIONS,
                       "ssl_verify_client on; ssl_client_certificate ca.pem;"},
    [SERVER_WRONG_HOST] = {true, true, false, "wrong-host", BOTH_VERSIONS, ""},
    [SERVER_EXPIRED] = {true, true, false, "expired", BOTH_VERSIONS, ""},
    [SERVER_UNKNOWN_AUTHORITY] = {true, true, false, "self-signed", BOTH_VERSIONS, ""},
    [SERVER_FEW_REQUESTS_TLS] = {true, false, false, "good", BOTH_VERSIONS,
                                 "keepalive_requests " NUMBER(SERVERS_FEW_REQUESTS_TLS) ";"},
    [SERVER_FEW_REQUESTS_HTTP2] = {true, true, false, "good", BOTH_VERSIONS,
                                   "keepalive_requests " NUMBER(SERVERS_FEW_REQUESTS_HTTP2) ";"},
    [SERVER_SHORT_IDLE_TLS] = {true, false, false, "good", BOTH_VERSIONS,
                               "keepalive_timeout " NUMBER(SERVERS_SHORT_IDLE_MS) "ms;"},
    [SERVER_SHORT_IDLE_HTTP2] = {true, true, false, "good", BOTH_VERSIONS,
                                 "keepalive_timeout " NUMBER(SERVERS_SHORT_IDLE_MS) "ms;"},
    [SERVER_NONE] = {.tls = true},
};

static struct {
    /* Who started them; 0: nobody. */
    pid_t owner;
    pid_t guardian;
    /* To the guardian: RELOAD, or anything else, or its end: stop. */
    int leash;
    /* A connection to the old process, during a reload. */
    int idle;
    char directory[PATH_SIZE / 2];
    int sockets[SERVERS];
    unsigned ports[SERVERS];
    char authorities[SERVERS][32];
    bool ipv6;
} servers;

static const char RELOAD = 'r';
static const char STOP = 's';

/* Prints what is wrong (printf) and aborts. */
FIXTURE_PRINTF static _Noreturn void fail(const char *format, ...)
{
    va_list values;

    va_start(values, format);
    fputs("servers: ", stderr);
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

const char *servers_file(const char *name)
{
    static _Thread_local char paths[TEXTS][PATH_SIZE];
    static _Thread_local unsigned last;
    char *path = paths[last++ % TEXTS];

    snprintf(path, PATH_SIZE, "%s/%s", servers.directory, name);
    return path;
}

static FILE *create(const char *name)
{
    FILE *file = fopen(servers_file(name), "w");

    check(file != NULL, name);
    return file;
}

static void close_file(FILE *file)
{
    check(!ferror(file) && fclose(file) == 0, "write a file");
}

static void make_directory(void)
{
    const char *parent = getenv("TMPDIR");
    int size = snprintf(servers.directory, sizeof servers.directory, "%s/asynchttp-servers-XXXXXX",
                        parent && *parent ? parent : "/tmp");

    if (size < 0 || (size_t)size >= sizeof servers.directory)
        fail("the path is too long: %s", parent);
    check(mkdtemp(servers.directory) != NULL, "make a directory");
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
    if (nftw(servers.directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS) != 0)
        fprintf(stderr, "servers: cannot remove %s: %s\n", servers.directory, strerror(errno));
}

static void write_pages(void)
{
    FILE *file;

    check(mkdir(servers_file("www"), 0700) == 0, "make a directory");
    file = create("www/hello.txt");
    fputs("hello\n", file);
    close_file(file);
    file = create("www/page.bin");
    for (uint64_t i = 0; i < SERVERS_PAGE_SIZE; i++)
        putc(pattern_byte(i), file);
    close_file(file);
}

/*
 * What the system's OpenSSL would refuse by itself is left to the library to refuse: old versions of TLS are allowed.
 * The file is read when libcrypto is first used, by us and by nginx.
 */
static void allow_old_tls(void)
{
    FILE *file = create("openssl.cnf");

    fputs("openssl_conf = conf\n[conf]\nssl_conf = ssl\n[ssl]\nsystem_default = tls\n"
          "[tls]\nMinProtocol = TLSv1\nCipherString = DEFAULT@SECLEVEL=0\n",
          file);
    close_file(file);
    setenv("OPENSSL_CONF", servers_file("openssl.cnf"), 1);
}

/* ---- Certificates -------------------------------------------------------------------------- */

/* A certificate and its private key. */
typedef struct identity {
    X509 *certificate;
    EVP_PKEY *key;
} identity;

static void check_crypto(bool good)
{
    if (!good)
        fail("libcrypto cannot make a certificate");
}

static EVP_PKEY *make_key(void)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_id(EVP_PKEY_EC, NULL);
    EVP_PKEY *key = NULL;

    check_crypto(context && EVP_PKEY_keygen_init(context) == 1 &&
                 EVP_PKEY_CTX_set_ec_paramgen_curve_nid(context, NID_X9_62_prime256v1) == 1 &&
                 EVP_PKEY_keygen(context, &key) == 1);
    EVP_PKEY_CTX_free(context);
    return key;
}

static void add_extension(X509 *certificate, int nid, const char *value)
{
    X509V3_CTX context;
    X509_EXTENSION *extension;

    X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
    X509V3_set_ctx_nodb(&context);
    extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    check_crypto(extension && X509_add_ext(certificate, extension, -1) == 1);
    X509_EXTENSION_free(extension);
}

static void set_name(X509 *certificate, const char *name)
{
    check_crypto(X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                                            (const unsigned char *)name, -1, -1, 0) == 1);
}

/* Valid from some days ago until some days ahead. */
static void set_validity(X509 *certificate, int from, int until)
{
    check_crypto(X509_gmtime_adj(X509_getm_notBefore(certificate), (long)from * 86400) &&
                 X509_gmtime_adj(X509_getm_notAfter(certificate), (long)until * 86400));
}

/* A certificate that is still to be signed. Its hosts are a subjectAltName; NULL: it is an authority's. */
static identity draft(const char *name, const char *hosts, int until)
{
    static long serial = 1;
    identity made = {X509_new(), make_key()};

    check_crypto(made.certificate != NULL);
    X509_set_version(made.certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(made.certificate), serial++);
    set_name(made.certificate, name);
    set_validity(made.certificate, -30, until);
    check_crypto(X509_set_pubkey(made.certificate, made.key) == 1);
    add_extension(made.certificate, NID_basic_constraints, hosts ? "critical,CA:FALSE" : "critical,CA:TRUE");
    add_extension(made.certificate, NID_key_usage, hosts ? "critical,digitalSignature" : "critical,keyCertSign");
    if (hosts)
        add_extension(made.certificate, NID_subject_alt_name, hosts);
    return made;
}

static void sign(identity by, identity what)
{
    check_crypto(X509_set_issuer_name(what.certificate, X509_get_subject_name(by.certificate)) == 1 &&
                 X509_sign(what.certificate, by.key, EVP_sha256()) != 0);
}

static void write_certificate(const char *name, identity whose)
{
    FILE *file = create(name);

    check_crypto(PEM_write_X509(file, whose.certificate) == 1);
    close_file(file);
}

/* With a password, or NULL. */
static void write_key(const char *name, identity whose, const char *password)
{
    FILE *file = create(name);

    check_crypto(PEM_write_PKCS8PrivateKey(file, whose.key, password ? EVP_aes_256_cbc() : NULL, password,
                                           password ? (int)strlen(password) : 0, NULL, NULL) == 1);
    close_file(file);
}

static void discard(identity which)
{
    X509_free(which.certificate);
    EVP_PKEY_free(which.key);
}

/* Writes NAME.pem and NAME.key of a server. by: who signs it; NULL: the server itself. */
static void make_server_files(const char *name, const char *hosts, int until, const identity *by)
{
    identity made = draft(name, hosts, until);
    char file[64];

    sign(by ? *by : made, made);
    snprintf(file, sizeof file, "%s.pem", name);
    write_certificate(file, made);
    snprintf(file, sizeof file, "%s.key", name);
    write_key(file, made, NULL);
    discard(made);
}

static void make_client_files(identity authority)
{
    identity client = draft("client", "DNS:client.example", 30);

    sign(authority, client);
    write_certificate("client.pem", client);
    write_key("client.key", client, NULL);
    write_key("client-locked.key", client, SERVERS_PASSWORD);
    discard(client);
}

static void make_certificates(void)
{
    static const char ours[] = "DNS:localhost,IP:127.0.0.1,IP:::1";
    identity authority = draft("Authority of the tests", NULL, 30);
    identity other = draft("Another authority", NULL, 30);

    sign(authority, authority);
    sign(other, other);
    write_certificate("ca.pem", authority);
    write_certificate("other-ca.pem", other);
    make_server_files("good", ours, 30, &authority);
    make_server_files("wrong-host", "DNS:elsewhere.example", 30, &authority);
    make_server_files("expired", ours, -1, &authority);
    make_server_files("self-signed", ours, 30, NULL);
    make_client_files(authority);
    discard(authority);
    discard(other);
}

/* ---- Ports --------------------------------------------------------------------------------- */

static bool exists(server which)
{
    return which != SERVER_NONE && (servers.ipv6 || !kinds[which].ipv6);
}

/* Binds a socket to a free port of the loopback. Returns the port, 0: there is no such address. */
static unsigned bind_to_loopback(int descriptor, bool ipv6)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in6 address6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct sockaddr *any = ipv6 ? (struct sockaddr *)&address6 : (struct sockaddr *)&address;
    socklen_t size = ipv6 ? sizeof address6 : sizeof address;

    if (bind(descriptor, any, size) != 0 || getsockname(descriptor, any, &size) != 0)
        return 0;
    return ntohs(ipv6 ? address6.sin6_port : address.sin_port);
}

/*
 * The sockets are ours, and nginx inherits them, as it does when one nginx takes over from another: so a free port
 * cannot be lost between choosing it and listening on it.
 */
static void open_sockets(void)
{
    servers.ipv6 = true;
    for (int i = 0; i < SERVERS; i++) {
        bool ipv6 = kinds[i].ipv6;
        int descriptor = socket(ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM, 0);

        servers.sockets[i] = descriptor;
        servers.ports[i] = descriptor >= 0 ? bind_to_loopback(descriptor, ipv6) : 0;
        servers.ipv6 = servers.ipv6 && !(ipv6 && !servers.ports[i]);
        if (!exists((server)i) && i != SERVER_NONE)
            continue;
        check(servers.ports[i] != 0, "bind to a port");
        check(fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0, "keep a socket to ourselves");
        /* nginx takes it for granted: one of its processes may find that another one has accepted the connection. */
        check(fcntl(descriptor, F_SETFL, O_NONBLOCK) == 0, "make a socket non-blocking");
        check(i == SERVER_NONE || listen(descriptor, 511) == 0, "listen on a port");
        snprintf(servers.authorities[i], sizeof servers.authorities[i], ipv6 ? "[::1]:%u" : "127.0.0.1:%u",
                 servers.ports[i]);
    }
}

static void close_sockets(void)
{
    for (int i = 0; i < SERVERS; i++)
        if (i != SERVER_NONE && servers.sockets[i] >= 0)
            close(servers.sockets[i]);
}

/* ---- The configuration --------------------------------------------------------------------- */

/* When root starts nginx, it would change to a user who may not read the temporary directory. */
static void write_user(FILE *file)
{
    const struct passwd *user = getpwuid(geteuid());
    const struct group *group = getgrgid(getegid());

    if (geteuid() == 0 && user && group)
        fprintf(file, "user %s %s;\n", user->pw_name, group->gr_name);
}

/* Nothing is kept back: what a client sends, and what the origin answers, goes on at once. */
static void write_http(FILE *file)
{
    static const char *const temporary[] = {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"};

    for (size_t i = 0; i < sizeof temporary / sizeof *temporary; i++)
        fprintf(file, "%s_temp_path %s_temp;\n", temporary[i], temporary[i]);
    fprintf(file,
            "access_log off;\n"
            "client_max_body_size 0;\n"
            "client_body_timeout 600s; send_timeout 600s; proxy_read_timeout 600s; proxy_send_timeout 600s;\n"
            "keepalive_timeout 600s; keepalive_requests 1000000;\n"
            "upstream origin { server 127.0.0.1:%u; keepalive 100; keepalive_requests 1000000; }\n"
            "proxy_http_version 1.1; proxy_set_header Connection ''; proxy_set_header Host $http_host;\n"
            "proxy_buffering off; proxy_request_buffering off; proxy_next_upstream off;\n"
            "add_header x-server-connection $connection always;\n",
            origin_port());
}

static void write_server(FILE *file, server which)
{
    const kind *is = &kinds[which];

    fprintf(file, "server {\nlisten %s%s%s;\n", servers.authorities[which], is->tls ? " ssl" : "",
            is->http2 ? " http2" : "");
    if (is->tls)
        fprintf(file,
                "ssl_certificate %s.pem; ssl_certificate_key %s.key; ssl_protocols %s;\n%s\n"
                "location / { proxy_pass http://origin; }\n",
                is->certificate, is->certificate, is->versions, is->directives);
    else
        fputs("root www;\nlocation = /process { default_type text/plain; return 200 \"$pid\\n\"; }\n", file);
    fputs("}\n", file);
}

/* Paths are relative to the prefix, the directory. */
static void write_configuration(void)
{
    FILE *file = create("nginx.conf");

    fputs("daemon off;\nworker_processes 1;\npid nginx.pid;\nerror_log error.log;\n", file);
    write_user(file);
    fputs("events { worker_connections 4096; }\nhttp {\n", file);
    write_http(file);
    for (int i = 0; i < SERVERS; i++)
        if (exists((server)i))
            write_server(file, (server)i);
    fputs("}\n", file);
    close_file(file);
}

/* It is where the PATH of those who are not root often does not lead. */
static bool find_nginx(char path[PATH_SIZE])
{
    static const char more[] = "/usr/sbin:/usr/local/sbin:/sbin";
    const char *given = getenv("PATH");
    char places[8192];

    snprintf(places, sizeof places, "%s:%s", given ? given : "", more);
    for (char *rest = places, *end = places; end; rest = end + 1) {
        end = strchr(rest, ':');
        snprintf(path, PATH_SIZE, "%.*s/nginx", end ? (int)(end - rest) : (int)strlen(rest), rest);
        if (access(path, X_OK) == 0)
            return true;
    }
    return false;
}

/* ---- The guardian -------------------------------------------------------------------------- */

/* Tells nginx which sockets it inherits, as nginx itself does: in the environment variable NGINX. */
static void bequeath_sockets(void)
{
    char list[SERVERS * 12] = "";
    size_t size = 0;

    for (int i = 0; i < SERVERS; i++) {
        if (!exists((server)i))
            continue;
        fcntl(servers.sockets[i], F_SETFD, 0);
        size += (size_t)snprintf(list + size, sizeof list - size, "%d;", servers.sockets[i]);
    }
    setenv("NGINX", list, 1);
}

static void allow_many_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static _Noreturn void become_nginx(const char *program)
{
    char prefix[PATH_SIZE];
    char configuration[PATH_SIZE];
    char log[PATH_SIZE];

    snprintf(prefix, sizeof prefix, "%s", servers_file(""));
    snprintf(configuration, sizeof configuration, "%s", servers_file("nginx.conf"));
    snprintf(log, sizeof log, "%s", servers_file("error.log"));
    allow_many_descriptors();
    bequeath_sockets();
    execl(program, "nginx", "-p", prefix, "-c", configuration, "-e", log, (char *)NULL);
    _exit(127);
}

/* Waits for what the test program wants. Returns when it is the end. */
static void obey(int leash, pid_t nginx)
{
    char wish;
    ssize_t count;

    while ((count = read(leash, &wish, 1)) != 0) {
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0 || wish != RELOAD)
            return;
        kill(nginx, SIGHUP);
    }
}

/* In a process of its own, which outlives the test program: its end is the end of the leash. In a group of its own, so
 * that what is typed at the terminal ends only the test program. */
static _Noreturn void guard(const char *program, int leash)
{
    int status;
    pid_t nginx;

    setpgid(0, 0);
    nginx = fork();
    if (nginx == 0)
        become_nginx(program);
    close_sockets();
    if (nginx > 0) {
        obey(leash, nginx);
        kill(nginx, SIGTERM);
        while (waitpid(nginx, &status, 0) < 0 && errno == EINTR)
            ;
    }
    remove_directory();
    _exit(0);
}

static void start_guardian(const char *program)
{
    int ends[2];

    check(pipe(ends) == 0, "make a pipe");
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    servers.guardian = fork();
    check(servers.guardian >= 0, "fork");
    if (servers.guardian == 0) {
        close(ends[1]);
        guard(program, ends[0]);
    }
    close(ends[0]);
    servers.leash = ends[1];
    servers.owner = getpid();
    close_sockets();
}

/* ---- Asking nginx -------------------------------------------------------------------------- */

static int connect_to(unsigned port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int descriptor = socket(AF_INET, SOCK_STREAM, 0);

    check(descriptor >= 0, "make a socket");
    if (connect(descriptor, (struct sockaddr *)&address, sizeof address) == 0)
        return descriptor;
    close(descriptor);
    return -1;
}

/* Waits until there is something to be received. */
static bool await_readable(int descriptor)
{
    struct pollfd readable = {.fd = descriptor, .events = POLLIN};

    return poll(&readable, 1, PATIENCE_MS) > 0;
}

/* Asks for the number of the process over a connection that stays open. Returns it; 0: none answers. */
static long ask_for_process(int descriptor)
{
    static const char request[] = "GET /process HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
    char answer[1024] = "";
    size_t length = 0;
    const char *body = NULL;

    if (send(descriptor, request, strlen(request), MSG_NOSIGNAL) != (ssize_t)strlen(request))
        return 0;
    /* The number ends in a line break. */
    while (!body || !strchr(body + 4, '\n')) {
        ssize_t count =
            await_readable(descriptor) ? recv(descriptor, answer + length, sizeof answer - 1 - length, 0) : 0;

        if (count <= 0)
            return 0;
        length += (size_t)count;
        body = strstr(answer, "\r\n\r\n");
    }
    return strtol(body + 4, NULL, 10);
}

/* The number of the process that answers; 0: none does. */
static long process_that_answers(void)
{
    int descriptor = connect_to(servers.ports[SERVER_STATIC]);
    long process = descriptor >= 0 ? ask_for_process(descriptor) : 0;

    if (descriptor >= 0)
        close(descriptor);
    return process;
}

/* Copies the log to standard error. */
static void print_log(void)
{
    char line[1024];
    FILE *log = fopen(servers_file("error.log"), "r");

    while (log && fgets(line, sizeof line, log))
        fputs(line, stderr);
    if (log)
        fclose(log);
}

/* The old process is to tell us itself that it is the old one: by closing a connection that is idle. */
void servers_reload(void)
{
    servers.idle = connect_to(servers.ports[SERVER_STATIC]);
    check(servers.idle >= 0 && ask_for_process(servers.idle) > 0, "ask nginx");
    check(write(servers.leash, &RELOAD, 1) == 1, "tell nginx to reload");
}

/* It stops listening just before. */
void servers_await_reload(void)
{
    char byte;

    if (!await_readable(servers.idle) || recv(servers.idle, &byte, 1, 0) > 0)
        fail("nginx does not reload");
    close(servers.idle);
}

void servers_crash(void)
{
    const struct timespec pause = {.tv_nsec = 5000000};
    long before = process_that_answers();
    long now;

    check(before > 0 && kill((pid_t)before, SIGKILL) == 0, "kill nginx");
    for (int i = 0; (now = process_that_answers()) == before || now == 0; i++) {
        if (i > PATIENCE_MS / 5)
            fail("nginx does not start anew");
        nanosleep(&pause, NULL);
    }
}

/* ---- Start and stop ------------------------------------------------------------------------ */

bool servers_start(void)
{
    char program[PATH_SIZE];

    if (servers.owner == getpid())
        fail("they have been started already");
    if (!find_nginx(program))
        return false;
    make_directory();
    allow_old_tls();
    write_pages();
    make_certificates();
    open_sockets();
    write_configuration();
    start_guardian(program);
    if (process_that_answers() == 0) {
        print_log();
        servers_stop();
        fail("nginx does not start");
    }
    return true;
}

void servers_stop(void)
{
    if (servers.owner != getpid())
        return;
    /* The letter is for when others hold the leash as well. */
    check(write(servers.leash, &STOP, 1) == 1, "stop nginx");
    close(servers.leash);
    close(servers.sockets[SERVER_NONE]);
    while (waitpid(servers.guardian, NULL, 0) < 0)
        check(errno == EINTR, "wait for nginx");
    servers.owner = 0;
}

/* ---- Where they are ------------------------------------------------------------------------ */

bool servers_have_ipv6(void)
{
    return servers.ipv6;
}

unsigned server_port(server which)
{
    return servers.ports[which];
}

const char *server_authority(server which)
{
    return servers.authorities[which];
}

const char *server_url(server which, const char *format, ...)
{
    static _Thread_local char urls[TEXTS][PATH_SIZE];
    static _Thread_local unsigned last;
    char path[PATH_SIZE - 64];
    char *url = urls[last++ % TEXTS];
    va_list values;

    va_start(values, format);
    vsnprintf(path, sizeof path, format, values);
    va_end(values);
    snprintf(url, PATH_SIZE, "%s://%s%s", kinds[which].tls ? "https" : "http", servers.authorities[which], path);
    return url;
}
