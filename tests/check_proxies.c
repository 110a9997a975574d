/*
 * The library through real proxies (proxies.h), to the bundled origin and to nginx (servers.h), and through proxies
 * that the tests play themselves. The origin plays some too: it takes the requests that a proxy gets. Exits with 77,
 * for "skipped", if no proxy is installed; without nginx, what needs TLS is left out.
 */
#include <arpa/inet.h>
#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "asynchttp.h"
#include "client.h"
#include "proxies.h"
#include "servers.h"

/* Nothing here takes nearly so many seconds: they are for what would hang. */
#define TEST_SECONDS 200

enum { HEAD_SIZE = 8192 };

/* PROXIES_USER ":" PROXIES_PASSWORD in base64. */
#define CREDENTIALS "cHJveHktdXNlcjpQcm94eS1TZWNyZXRfNw=="

static bool have_servers;
static bool have_ipv6;

/* ---- Clients ------------------------------------------------------------------------------- */

/* No proxy is named in the environment, not in libcurl's variables either. */
static void setup(void)
{
    unsetenv("HTTP_PROXY");
    unsetenv("all_proxy");
    unsetenv("ALL_PROXY");
    client_setup();
    if (have_servers)
        ck_assert_int_eq(asynchttp_http_set_ca_certs(http, servers_file("ca.pem")), ASYNCHTTP_OK);
}

static asynchttp_proxy_info *info_of(asynchttp_proxy_type type, const char *host, unsigned port)
{
    asynchttp_proxy_info *info = asynchttp_proxy_info_new(type, host, (int)port);
    ck_assert_ptr_nonnull(info);
    return info;
}

static void set_user(asynchttp_proxy_info *info, const char *user, const char *password)
{
    ck_assert_int_eq(asynchttp_proxy_info_set_user(info, user), ASYNCHTTP_OK);
    ck_assert_int_eq(asynchttp_proxy_info_set_password(info, password), ASYNCHTTP_OK);
}

/* Takes the info. */
static void use(asynchttp_proxy_info *info)
{
    ck_assert_int_eq(asynchttp_http_set_proxy_info(http, info), ASYNCHTTP_OK);
    asynchttp_proxy_info_free(info);
}

/* A proxy on 127.0.0.1. */
static void go_through(asynchttp_proxy_type type, unsigned port)
{
    use(info_of(type, "127.0.0.1", port));
}

static void go_through_as(asynchttp_proxy_type type, unsigned port, const char *user, const char *password)
{
    asynchttp_proxy_info *info = info_of(type, "127.0.0.1", port);
    set_user(info, user, password);
    use(info);
}

/* Not 127.0.0.1 but the name, and seven more until it is overwritten. */
static const char *url_of(const char *scheme, const char *host, unsigned port, const char *path)
{
    static char urls[8][1024];
    static unsigned last;
    char *url = urls[last++ % 8];
    snprintf(url, sizeof(urls[0]), "%s://%s:%u%s", scheme, host, port, path);
    return url;
}

static const char *local_origin(const char *path)
{
    return url_of("http", "localhost", origin_port(), path);
}

static const char *local_server(server which, const char *path)
{
    return url_of("https", "localhost", server_port(which), path);
}

static asynchttp_promise *get(const char *uri)
{
    return client_request(uri, NULL);
}

static void expect_status(const char *uri, int status)
{
    ck_assert_int_eq(client_status(get(uri)), status);
}

static void expect_hello(const char *uri)
{
    ck_assert_str_eq(client_text(get(uri)), "hello\n");
}

static void expect_code(asynchttp_promise *promise, asynchttp_code code)
{
    asynchttp_code got = client_wait(promise);
    ck_assert_msg(got == code, "%s, expected %s: %s", asynchttp_code_name(got), asynchttp_code_name(code),
                  asynchttp_promise_error_message(promise));
}

/* The error, and what its message has in it. */
static void expect_failure(asynchttp_promise *promise, asynchttp_code code, const char *host, const char *words)
{
    expect_code(promise, code);
    const char *message = asynchttp_promise_error_message(promise);
    ck_assert_msg(strstr(message, host) != NULL, "no \"%s\" in: %s", host, message);
    ck_assert_msg(strstr(message, words) != NULL, "no \"%s\" in: %s", words, message);
    ck_assert_int_ne(asynchttp_promise_curl_error(promise), 0);
}

static void expect_in(const char *text, const char *what)
{
    ck_assert_msg(strstr(text, what) != NULL, "no \"%s\" in:\n%s", what, text);
}

static void expect_not_in(const char *text, const char *what)
{
    ck_assert_msg(strstr(text, what) == NULL, "\"%s\" in:\n%s", what, text);
}

/* ---- All real proxies ---------------------------------------------------------------------- */

/* A way to go. */
typedef struct route {
    proxy which;
    asynchttp_proxy_type type;
    bool user;
    bool local_names;
} route;

static const route routes[] = {
    {PROXY_TINY, ASYNCHTTP_PROXY_HTTP, false, false},        {PROXY_TINY_USER, ASYNCHTTP_PROXY_HTTP, true, false},
    {PROXY_MICRO, ASYNCHTTP_PROXY_SOCKS5, false, false},     {PROXY_MICRO, ASYNCHTTP_PROXY_SOCKS5, false, true},
    {PROXY_MICRO_USER, ASYNCHTTP_PROXY_SOCKS5, true, false}, {PROXY_MICRO_IPV6, ASYNCHTTP_PROXY_SOCKS5, false, false},
    {PROXY_DANTE, ASYNCHTTP_PROXY_SOCKS5, false, false},     {PROXY_DANTE, ASYNCHTTP_PROXY_SOCKS5, false, true},
    {PROXY_DANTE, ASYNCHTTP_PROXY_SOCKS4, false, true},
};

static void take(const route *way)
{
    asynchttp_proxy_info *info =
        info_of(way->type, way->which == PROXY_MICRO_IPV6 ? "::1" : "127.0.0.1", proxy_port(way->which));
    if (way->user)
        set_user(info, PROXIES_USER, PROXIES_PASSWORD);
    asynchttp_proxy_info_set_rdns(info, !way->local_names);
    use(info);
}

/* Where it leads: 0 plain HTTP, 1 TLS, 2 HTTP/2. */
static const char *destination(int number, const char *path)
{
    static const server servers[] = {SERVER_NONE, SERVER_TLS, SERVER_HTTP2};
    return number == 0 ? local_origin(path) : local_server(servers[number], path);
}

static int destinations(void)
{
    return have_servers ? 3 : 1;
}

START_TEST(test_messages)
{
    static const int versions[] = {11, 11, 20};
    enum { SIZE = 300000 };
    if (!proxy_runs(routes[_i].which))
        return;
    take(&routes[_i]);
    for (int i = 0; i < destinations(); i++) {
        unsigned char *body = client_pattern(SIZE);
        asynchttp_promise *promise = get(destination(i, "/hello"));
        ck_assert_str_eq(client_text(promise), "hello\n");
        /* tinyproxy says 1.0 to whom it does not tunnel. */
        if (i > 0 || routes[_i].type != ASYNCHTTP_PROXY_HTTP)
            ck_assert_int_eq(asynchttp_response_version(client_response(promise)), versions[i]);
        client_expect_pattern(get(destination(i, "/bytes/300000")), SIZE);
        client_expect_pattern(get(destination(i, "/gzip/300000")), SIZE);
        promise = client_request(destination(i, "/sum"),
                                 ASYNCHTTP_REQUEST(.method = "POST", .body = body, .body_length = SIZE));
        ck_assert_str_eq(client_text(promise), "300000 0\n");
        promise = client_request(destination(i, "/bytes/12345"), ASYNCHTTP_REQUEST(.method = "HEAD"));
        ck_assert_str_eq(client_text(promise), "");
        ck_assert_str_eq(client_header(promise, "content-length"), "12345");
        expect_status(destination(i, "/status/404"), 404);
        free(body);
    }
}
END_TEST

/* As its log shows: with the name, not with an address. Dante's has addresses alone. */
START_TEST(test_requests_reach_the_proxy)
{
    char line[64];
    const route *way = &routes[_i];
    if (!proxy_runs(way->which) || way->which == PROXY_DANTE || way->local_names)
        return;
    take(way);
    for (int i = 0; i < destinations(); i++) {
        const char *uri = destination(i, "/hello");
        unsigned long port = strtoul(strrchr(uri, ':') + 1, NULL, 10);
        if (way->type == ASYNCHTTP_PROXY_SOCKS5)
            snprintf(line, sizeof(line), "connected to localhost:%lu", port);
        else if (i == 0)
            snprintf(line, sizeof(line), "GET %s HTTP/1.1", uri);
        else
            snprintf(line, sizeof(line), "CONNECT localhost:%lu HTTP/1.1", port);
        int before = proxy_logged(way->which, line);
        expect_hello(uri);
        ck_assert_int_eq(proxy_logged(way->which, line), before + 1);
    }
}
END_TEST

/* Connections through a proxy are kept. The origin numbers its connections, and so does nginx. */
START_TEST(test_connections_are_used_again)
{
    if (!proxy_runs(routes[_i].which))
        return;
    take(&routes[_i]);
    /* tinyproxy closes those it does not tunnel. */
    if (routes[_i].type != ASYNCHTTP_PROXY_HTTP) {
        long connection = strtol(client_text(get(local_origin("/connection"))), NULL, 10);
        ck_assert_int_eq(strtol(client_text(get(local_origin("/connection"))), NULL, 10), connection);
    }
    for (int i = 1; i < destinations(); i++) {
        asynchttp_promise *first = get(destination(i, "/hello"));
        const char *connection = client_header(first, "x-server-connection");
        ck_assert_str_eq(client_header(get(destination(i, "/hello")), "x-server-connection"), connection);
    }
}
END_TEST

/* Many at once, by several workers. */
START_TEST(test_many_at_once)
{
    enum { MANY = 60 };
    asynchttp_promise *promises[MANY];
    if (!proxy_runs(routes[_i].which))
        return;
    take(&routes[_i]);
    ck_assert_int_eq(asynchttp_http_set_transfers_per_worker(http, 4), ASYNCHTTP_OK);
    for (int i = 0; i < MANY; i++)
        promises[i] = get(destination(i % destinations(), "/hello"));
    for (int i = 0; i < MANY; i++)
        ck_assert_str_eq(client_text(promises[i]), "hello\n");
}
END_TEST

/* Whoever has been let in with a password does not let others in. */
START_TEST(test_kept_connection_is_not_for_others)
{
    go_through_as(ASYNCHTTP_PROXY_SOCKS5, proxy_port(PROXY_MICRO_USER), PROXIES_USER, PROXIES_PASSWORD);
    ck_assert_int_eq(asynchttp_http_set_max_workers(http, 1), ASYNCHTTP_OK);
    expect_hello(local_origin("/hello"));
    go_through_as(ASYNCHTTP_PROXY_SOCKS5, proxy_port(PROXY_MICRO_USER), PROXIES_USER, "wrong");
    expect_code(get(local_origin("/hello")), ASYNCHTTP_E_PROXY);
    go_through(ASYNCHTTP_PROXY_SOCKS5, proxy_port(PROXY_MICRO_USER));
    expect_code(get(local_origin("/hello")), ASYNCHTTP_E_PROXY);
    use(NULL);
    expect_hello(local_origin("/hello"));
}
END_TEST

/* ---- Users --------------------------------------------------------------------------------- */

static const struct stranger {
    const char *user;
    const char *password;
} strangers[] = {{NULL, NULL}, {PROXIES_USER, "wrong"}, {"somebody", PROXIES_PASSWORD}, {PROXIES_USER, NULL}};

static void come_as_stranger(int number, asynchttp_proxy_type type, proxy which)
{
    go_through_as(type, proxy_port(which), strangers[number].user, strangers[number].password);
}

/* Without a tunnel it is an ordinary answer. Which status it has depends on tinyproxy's version. */
START_TEST(test_http_stranger)
{
    come_as_stranger(_i, ASYNCHTTP_PROXY_HTTP, PROXY_TINY_USER);
    int status = client_status(get(local_origin("/hello")));
    ck_assert_msg(status == 401 || status == 407, "%d", status);
}
END_TEST

START_TEST(test_connect_stranger)
{
    come_as_stranger(_i, ASYNCHTTP_PROXY_HTTP, PROXY_TINY_USER);
    expect_failure(get("https://server.invalid/"), ASYNCHTTP_E_PROXY, "server.invalid", "response 40");
}
END_TEST

START_TEST(test_socks5_stranger)
{
    come_as_stranger(_i, ASYNCHTTP_PROXY_SOCKS5, PROXY_MICRO_USER);
    expect_failure(get(local_origin("/hello")), ASYNCHTTP_E_PROXY, "localhost",
                   strangers[_i].user ? "rejected by the SOCKS5 server" : "No authentication method");
}
END_TEST

/* A name and a password that nobody asks for. */
START_TEST(test_user_of_an_open_proxy)
{
    if (proxy_runs(PROXY_MICRO)) {
        go_through_as(ASYNCHTTP_PROXY_SOCKS5, proxy_port(PROXY_MICRO), "somebody", "something");
        expect_hello(local_origin("/hello"));
    }
    if (proxy_runs(PROXY_TINY)) {
        go_through_as(ASYNCHTTP_PROXY_HTTP, proxy_port(PROXY_TINY), "somebody", "something");
        expect_hello(local_origin("/hello"));
    }
}
END_TEST

/* RFC 7617: what is not plain ASCII is sent as it is. */
START_TEST(test_user_is_sent_to_the_proxy)
{
    go_through_as(ASYNCHTTP_PROXY_HTTP, origin_port(), PROXIES_USER, PROXIES_PASSWORD);
    expect_in(client_text(get("http://server.invalid/request")), "\r\nProxy-Authorization: Basic " CREDENTIALS "\r\n");
    go_through_as(ASYNCHTTP_PROXY_HTTP, origin_port(), "a@b", "p:/@ \xc3\xbc%41");
    expect_in(client_text(get("http://server.invalid/request")),
              "\r\nProxy-Authorization: Basic YUBiOnA6L0Agw7wlNDE=\r\n");
    go_through(ASYNCHTTP_PROXY_HTTP, origin_port());
    expect_not_in(client_text(get("http://server.invalid/request")), "Proxy-Authorization");
}
END_TEST

START_TEST(test_user_is_not_sent_to_the_server)
{
    go_through_as(ASYNCHTTP_PROXY_HTTP, proxy_port(PROXY_TINY_USER), PROXIES_USER, PROXIES_PASSWORD);
    for (int i = 0; i < destinations(); i++) {
        const char *head = client_text(get(destination(i, "/request")));
        expect_not_in(head, CREDENTIALS);
        expect_not_in(head, "roxy-");
    }
}
END_TEST

/* ---- What proxies refuse ------------------------------------------------------------------- */

START_TEST(test_connect_to_a_forbidden_port)
{
    go_through(ASYNCHTTP_PROXY_HTTP, proxy_port(PROXY_TINY_ONE_PORT));
    expect_failure(get("https://server.invalid:9/"), ASYNCHTTP_E_PROXY, "server.invalid:9", "response 403");
    if (have_servers) {
        expect_failure(get(local_server(SERVER_HTTP2, "/hello")), ASYNCHTTP_E_PROXY, "localhost", "response 403");
        expect_hello(local_server(SERVER_TLS, "/hello"));
    }
    /* Plain HTTP needs no CONNECT. */
    expect_hello(local_origin("/hello"));
}
END_TEST

/* It answers, for plain HTTP. */
START_TEST(test_http_proxy_that_cannot_connect)
{
    unsigned port;
    int reserved = client_reserve(&port);
    go_through(ASYNCHTTP_PROXY_HTTP, proxy_port(PROXY_TINY));
    int status = client_status(get(url_of("http", "localhost", port, "/")));
    ck_assert_msg(status >= 500, "%d", status);
    expect_failure(get(url_of("https", "localhost", port, "/")), ASYNCHTTP_E_PROXY, "localhost", "response 5");
    close(reserved);
}
END_TEST

START_TEST(test_http_proxy_that_does_not_know_the_name)
{
    go_through(ASYNCHTTP_PROXY_HTTP, proxy_port(PROXY_TINY));
    int status = client_status(get("http://server.invalid/"));
    ck_assert_msg(status >= 500, "%d", status);
    expect_failure(get("https://server.invalid/"), ASYNCHTTP_E_PROXY, "server.invalid", "response 5");
}
END_TEST

static const route socks[] = {
    {PROXY_MICRO, ASYNCHTTP_PROXY_SOCKS5, false, false}, {PROXY_MICRO, ASYNCHTTP_PROXY_SOCKS5, false, true},
    {PROXY_DANTE, ASYNCHTTP_PROXY_SOCKS5, false, false}, {PROXY_DANTE, ASYNCHTTP_PROXY_SOCKS5, false, true},
    {PROXY_DANTE, ASYNCHTTP_PROXY_SOCKS4, false, true},
};

START_TEST(test_socks_proxy_that_cannot_connect)
{
    unsigned port;
    int reserved = client_reserve(&port);
    if (proxy_runs(socks[_i].which)) {
        take(&socks[_i]);
        expect_failure(get(url_of("http", "localhost", port, "/")), ASYNCHTTP_E_PROXY, "localhost", "SOCKS");
        expect_failure(get(url_of("https", "127.0.0.1", port, "/")), ASYNCHTTP_E_PROXY, "127.0.0.1", "SOCKS");
    }
    close(reserved);
}
END_TEST

/* Whoever looks the name up finds that there is none. */
START_TEST(test_name_that_does_not_exist)
{
    if (!proxy_runs(socks[_i].which))
        return;
    take(&socks[_i]);
    if (socks[_i].local_names)
        expect_failure(get("http://server.invalid/"), ASYNCHTTP_E_SERVER_NOT_FOUND,
                       "Unable to find the server at server.invalid", "Could not resolve host");
    else
        expect_failure(get("http://server.invalid/"), ASYNCHTTP_E_PROXY, "server.invalid", "SOCKS5");
}
END_TEST

/* ---- Names --------------------------------------------------------------------------------- */

START_TEST(test_who_resolves_names)
{
    char name[64];
    char address[64];
    snprintf(name, sizeof(name), "connected to localhost:%u", origin_port());
    snprintf(address, sizeof(address), "connected to 127.0.0.1:%u", origin_port());
    for (int local = 0; local < 2; local++) {
        asynchttp_proxy_info *info = info_of(ASYNCHTTP_PROXY_SOCKS5, "127.0.0.1", proxy_port(PROXY_MICRO));
        int names = proxy_logged(PROXY_MICRO, name);
        int addresses = proxy_logged(PROXY_MICRO, address);
        if (local)
            ck_assert_int_eq(asynchttp_proxy_info_set_rdns(info, false), ASYNCHTTP_OK);
        use(info);
        expect_hello(local_origin("/hello"));
        ck_assert_int_eq(proxy_logged(PROXY_MICRO, name), names + !local);
        ck_assert_int_eq(proxy_logged(PROXY_MICRO, address), addresses + local);
    }
}
END_TEST

/* Addresses need no resolving, so every proxy understands them: Dante knows no names in SOCKS4. */
START_TEST(test_addresses)
{
    if (!proxy_runs(routes[_i].which))
        return;
    asynchttp_proxy_info *info = info_of(routes[_i].type, routes[_i].which == PROXY_MICRO_IPV6 ? "::1" : "127.0.0.1",
                                         proxy_port(routes[_i].which));
    if (routes[_i].user)
        set_user(info, PROXIES_USER, PROXIES_PASSWORD);
    use(info);
    expect_hello(origin_url("/hello"));
    if (have_servers)
        expect_hello(server_url(SERVER_HTTP2, "/hello"));
    /* The proxies that listen on IPv4 may connect to IPv6 all the same; Dante has been told not to. */
    if (have_ipv6 && routes[_i].which != PROXY_DANTE)
        expect_hello(origin_url6("/hello"));
}
END_TEST

START_TEST(test_http_proxy_on_ipv6)
{
    use(info_of(ASYNCHTTP_PROXY_HTTP, "::1", origin_port()));
    expect_in(client_text(get("http://server.invalid/request")), "GET http://server.invalid/request HTTP/1.1\r\n");
}
END_TEST

/* ---- Proxies that the test plays ----------------------------------------------------------- */

static void receive_bytes(int connection, void *bytes, size_t count)
{
    for (char *at = bytes; count > 0;) {
        ssize_t got = recv(connection, at, count, 0);
        ck_assert_int_gt(got, 0);
        at += got;
        count -= (size_t)got;
    }
}

static void send_bytes(int connection, const void *bytes, size_t count)
{
    ck_assert_int_eq(send(connection, bytes, count, MSG_NOSIGNAL), (ssize_t)count);
}

static void receive_text(int connection, char *text, size_t size)
{
    size_t length = 0;
    do {
        ck_assert_uint_lt(length, size);
        receive_bytes(connection, text + length, 1);
    } while (text[length++]);
}

/* The name goes to the proxy, with the user; the proxy then is the server. */
START_TEST(test_socks4_request)
{
    static const unsigned char granted[] = {0, 90, 0, 0, 0, 0, 0, 0};
    static char head[HEAD_SIZE];
    unsigned char start[8];
    char user[64];
    char name[64];
    unsigned port;
    int listener = client_listen(&port);
    go_through_as(ASYNCHTTP_PROXY_SOCKS4, port, PROXIES_USER, NULL);
    asynchttp_promise *promise = get("http://server.invalid:258/path");
    int connection = client_accept(listener);
    receive_bytes(connection, start, sizeof(start));
    receive_text(connection, user, sizeof(user));
    receive_text(connection, name, sizeof(name));
    /* SOCKS4A: version, CONNECT, port, an address that is none. */
    ck_assert_mem_eq(start, "\4\1\1\2\0\0\0", 7);
    ck_assert_uint_ne(start[7], 0);
    ck_assert_str_eq(user, PROXIES_USER);
    ck_assert_str_eq(name, "server.invalid");
    send_bytes(connection, granted, sizeof(granted));
    ck_assert(client_receive(connection, head, sizeof(head)));
    expect_in(head, "GET /path HTTP/1.1\r\nHost: server.invalid:258\r\n");
    client_send(connection, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone");
    ck_assert_str_eq(client_text(promise), "done");
    close(connection);
    close(listener);
}
END_TEST

static const struct refusal {
    unsigned char reply;
    const char *words;
} socks4_refusals[] = {{91, "rejected or failed"}, {92, "identd"}, {93, "identd"}, {94, "SOCKS4"}};

START_TEST(test_socks4_refusal)
{
    const unsigned char answer[8] = {0, socks4_refusals[_i].reply};
    unsigned char start[8];
    char text[64];
    unsigned port;
    int listener = client_listen(&port);
    go_through(ASYNCHTTP_PROXY_SOCKS4, port);
    asynchttp_promise *promise = get("http://server.invalid/");
    int connection = client_accept(listener);
    receive_bytes(connection, start, sizeof(start));
    receive_text(connection, text, sizeof(text));
    receive_text(connection, text, sizeof(text));
    send_bytes(connection, answer, sizeof(answer));
    expect_failure(promise, ASYNCHTTP_E_PROXY, "server.invalid", socks4_refusals[_i].words);
    close(connection);
    close(listener);
}
END_TEST

/* What a proxy for CONNECT answers, and what comes of it. */
static const struct answer {
    const char *text;
    asynchttp_code code;
    const char *words;
} answers[] = {
    {"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno", ASYNCHTTP_E_PROXY, "response 403"},
    {"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", ASYNCHTTP_E_PROXY, "response 502"},
    {"HTTP/1.0 503 Service Unavailable\r\n\r\nsorry", ASYNCHTTP_E_PROXY, "response 503"},
    {"HTTP/1.1 302 Found\r\nLocation: http://login.invalid/\r\nContent-Length: 0\r\n\r\n", ASYNCHTTP_E_PROXY,
     "response 302"},
    {"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"x\"\r\n"
     "Content-Length: 0\r\n\r\n",
     ASYNCHTTP_E_PROXY, "response 407"},
    {"HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n", ASYNCHTTP_E_PROXY,
     "response 403"},
    {"HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n", ASYNCHTTP_E_PROXY, ""},
    {"", ASYNCHTTP_E_CONNECTION_LOST, "Proxy CONNECT aborted"},
    {"HTTP/1.1 200 Conn", ASYNCHTTP_E_CONNECTION_LOST, "Proxy CONNECT aborted"},
    {"this is no proxy\r\n\r\n", ASYNCHTTP_E_BAD_RESPONSE, ""},
};

START_TEST(test_answer_to_connect)
{
    static char head[HEAD_SIZE];
    unsigned port;
    int listener = client_listen(&port);
    go_through_as(ASYNCHTTP_PROXY_HTTP, port, PROXIES_USER, PROXIES_PASSWORD);
    asynchttp_promise *promise = get("https://server.invalid/path");
    int connection = client_accept(listener);
    ck_assert(client_receive(connection, head, sizeof(head)));
    expect_in(head, "CONNECT server.invalid:443 HTTP/1.");
    client_send(connection, answers[_i].text);
    shutdown(connection, SHUT_WR);
    expect_failure(promise, answers[_i].code, "server.invalid", answers[_i].words);
    asynchttp_response *response = NULL;
    asynchttp_promise_response(promise, &response);
    ck_assert_ptr_null(response);
    /* It is not asked again. */
    ck_assert(!client_is_called(listener));
    close(connection);
    close(listener);
}
END_TEST

/* The tunnel is there, and then is not. */
START_TEST(test_tunnel_that_ends_in_the_handshake)
{
    static char head[HEAD_SIZE];
    unsigned port;
    int listener = client_listen(&port);
    go_through(ASYNCHTTP_PROXY_HTTP, port);
    asynchttp_promise *promise = get("https://server.invalid/");
    int connection = client_accept(listener);
    ck_assert(client_receive(connection, head, sizeof(head)));
    client_send(connection, "HTTP/1.1 200 Connection established\r\n\r\n");
    receive_bytes(connection, head, 1);
    close(connection);
    asynchttp_code code = client_wait(promise);
    ck_assert_msg(code == ASYNCHTTP_E_CONNECTION_LOST || code == ASYNCHTTP_E_TLS, "%s", asynchttp_code_name(code));
    expect_in(asynchttp_promise_error_message(promise), "server.invalid");
    close(listener);
}
END_TEST

/* Plain HTTP. What the proxy answers is the answer. */
START_TEST(test_407)
{
    static char head[HEAD_SIZE];
    unsigned port;
    int listener = client_listen(&port);
    go_through_as(ASYNCHTTP_PROXY_HTTP, port, _i ? PROXIES_USER : NULL, _i ? PROXIES_PASSWORD : NULL);
    /* These are for servers, not for proxies. */
    ck_assert_int_eq(asynchttp_http_add_credentials(http, "somebody", "something", NULL), ASYNCHTTP_OK);
    asynchttp_promise *promise = get("http://server.invalid/");
    int connection = client_accept(listener);
    ck_assert(client_receive(connection, head, sizeof(head)));
    client_send(connection, "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"x\"\r\n"
                            "Content-Length: 4\r\n\r\nwho?");
    ck_assert_int_eq(client_status(promise), 407);
    ck_assert_str_eq(client_header(promise, "proxy-authenticate"), "Basic realm=\"x\"");
    ck_assert_str_eq(client_text(promise), "who?");
    ck_assert(!client_is_called(listener));
    close(connection);
    close(listener);
}
END_TEST

START_TEST(test_http_proxy_that_dies_in_the_middle)
{
    static char head[HEAD_SIZE];
    unsigned port;
    int listener = client_listen(&port);
    go_through(ASYNCHTTP_PROXY_HTTP, port);
    asynchttp_promise *promise = get("http://server.invalid/");
    int connection = client_accept(listener);
    ck_assert(client_receive(connection, head, sizeof(head)));
    client_send(connection, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nsome");
    close(connection);
    expect_failure(promise, ASYNCHTTP_E_CONNECTION_LOST, "server.invalid", "");
    close(listener);
}
END_TEST

/* Closes, or talks nonsense, after so many of the client's bytes. */
static const struct death {
    asynchttp_proxy_type type;
    size_t after;
    const char *says;
    size_t length;
} deaths[] = {
    {ASYNCHTTP_PROXY_SOCKS4, 9, "", 0},         {ASYNCHTTP_PROXY_SOCKS4, 9, "\0\132\0", 3},
    {ASYNCHTTP_PROXY_SOCKS4, 9, "HTTP/1.1", 8}, {ASYNCHTTP_PROXY_SOCKS5, 3, "", 0},
    {ASYNCHTTP_PROXY_SOCKS5, 3, "\5", 1},       {ASYNCHTTP_PROXY_SOCKS5, 3, "HTTP/1.1", 8},
    {ASYNCHTTP_PROXY_SOCKS5, 3, "\5\0", 2},     {ASYNCHTTP_PROXY_SOCKS5, 3, "\5\377", 2},
};

START_TEST(test_socks_proxy_that_dies)
{
    char bytes[16];
    unsigned port;
    int listener = client_listen(&port);
    go_through(deaths[_i].type, port);
    asynchttp_promise *promise = get("http://server.invalid/");
    int connection = client_accept(listener);
    receive_bytes(connection, bytes, deaths[_i].after);
    send_bytes(connection, deaths[_i].says, deaths[_i].length);
    shutdown(connection, SHUT_WR);
    expect_failure(promise, ASYNCHTTP_E_PROXY, "server.invalid", "");
    close(connection);
    close(listener);
}
END_TEST

/* ---- Proxies that are not there ------------------------------------------------------------ */

static const asynchttp_proxy_type types[] = {ASYNCHTTP_PROXY_HTTP, ASYNCHTTP_PROXY_SOCKS4, ASYNCHTTP_PROXY_SOCKS5};
static const char *const schemes[] = {"http", "https"};

START_TEST(test_proxy_that_refuses_connections)
{
    unsigned port;
    int reserved = client_reserve(&port);
    char where[32];
    snprintf(where, sizeof(where), "127.0.0.1 port %u", port);
    go_through(types[_i], port);
    for (int i = 0; i < COUNT(schemes); i++)
        expect_failure(get(url_of(schemes[i], "server.invalid", 80, "/")), ASYNCHTTP_E_CONNECTION_REFUSED,
                       "server.invalid", where);
    close(reserved);
}
END_TEST

START_TEST(test_proxy_that_is_unknown)
{
    use(info_of(types[_i], "proxy.invalid", 3128));
    for (int i = 0; i < COUNT(schemes); i++)
        expect_failure(get(url_of(schemes[i], "server.invalid", 80, "/")), ASYNCHTTP_E_SERVER_NOT_FOUND,
                       "Unable to find the proxy for server.invalid", "proxy.invalid");
}
END_TEST

/* A proxy that says nothing. */
START_TEST(test_proxy_that_is_silent)
{
    unsigned port;
    int listener = client_listen(&port);
    go_through(types[_i], port);
    for (int i = 0; i < COUNT(schemes); i++)
        expect_code(client_request(url_of(schemes[i], "server.invalid", 80, "/"), ASYNCHTTP_REQUEST(.timeout = 0.2)),
                    ASYNCHTTP_E_TIMEOUT);
    asynchttp_promise *promise = get("https://server.invalid/");
    asynchttp_promise_cancel(promise);
    expect_code(promise, ASYNCHTTP_E_CANCELLED);
    close(listener);
}
END_TEST

/* ---- Header fields ------------------------------------------------------------------------- */

static const char *const proxy_headers[] = {"X-For-Proxy", "one", "x-for-proxy", "two", "x-empty", "", NULL};
static const char *const server_headers[] = {"x-for-server",  "three",    "cookie", "a=1",
                                             "authorization", "Secret x", NULL};

static void use_headers(unsigned port)
{
    asynchttp_proxy_info *info = info_of(ASYNCHTTP_PROXY_HTTP, "127.0.0.1", port);
    ck_assert_int_eq(asynchttp_proxy_info_set_headers(info, proxy_headers), ASYNCHTTP_OK);
    use(info);
}

START_TEST(test_headers_for_a_proxy)
{
    use_headers(origin_port());
    const char *head =
        client_text(client_request("http://server.invalid/request", ASYNCHTTP_REQUEST(.headers = server_headers)));
    expect_in(head, "\r\nX-For-Proxy: one\r\n");
    expect_in(head, "\r\nx-for-proxy: two\r\n");
    expect_in(head, "\r\nx-empty:");
    expect_in(head, "\r\nx-for-server: three\r\n");
    /* Those who do without the proxy do without its fields. */
    use(NULL);
    expect_not_in(client_text(get(origin_url("/request"))), "or-proxy");
}
END_TEST

START_TEST(test_headers_of_connect)
{
    static char head[HEAD_SIZE];
    unsigned port;
    int listener = client_listen(&port);
    use_headers(port);
    asynchttp_promise *promise =
        client_request("https://server.invalid/path", ASYNCHTTP_REQUEST(.headers = server_headers));
    int connection = client_accept(listener);
    ck_assert(client_receive(connection, head, sizeof(head)));
    expect_in(head, "\r\nHost: server.invalid:443\r\n");
    expect_in(head, "\r\nX-For-Proxy: one\r\n");
    expect_in(head, "\r\nx-for-proxy: two\r\n");
    expect_in(head, "\r\nx-empty:");
    for (int i = 0; server_headers[i]; i++)
        expect_not_in(head, server_headers[i]);
    expect_not_in(head, "path");
    client_send(connection, "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
    expect_code(promise, ASYNCHTTP_E_PROXY);
    close(connection);
    close(listener);
}
END_TEST

START_TEST(test_headers_in_a_tunnel)
{
    use_headers(proxy_port(PROXY_TINY));
    for (int i = 1; i < destinations(); i++) {
        const char *head =
            client_text(client_request(destination(i, "/request"), ASYNCHTTP_REQUEST(.headers = server_headers)));
        expect_not_in(head, "or-proxy");
        expect_not_in(head, "or-Proxy");
        expect_not_in(head, "x-empty");
        expect_in(head, "\r\nx-for-server: three\r\n");
    }
}
END_TEST

/* ---- Bypassing ----------------------------------------------------------------------------- */

/* Whether the request goes to the origin as to a proxy. */
static bool is_proxied(const char *uri)
{
    const char *head = client_text(get(uri));
    if (strncmp(head, "GET http://", 11) == 0)
        return true;
    expect_in(head, "GET /request HTTP/1.1\r\n");
    return false;
}

static const struct bypass {
    const char *entries[4];
    bool address_is_proxied;
    bool name_is_proxied;
} bypasses[] = {
    {{NULL}, true, true},
    {{"localhost", NULL}, true, false},
    {{"LOCALHOST", "127.0.0.1", NULL}, false, false},
    {{".0.0.1", NULL}, false, true},
    {{"0.0.1", NULL}, true, true},
    {{".0.1", "elsewhere.invalid", NULL}, false, true},
    {{"*", NULL}, false, false},
    {{"other.invalid", "ocalhost", NULL}, true, true},
};

static void expect_bypass(const struct bypass *expected)
{
    ck_assert_int_eq(is_proxied(origin_url("/request")), expected->address_is_proxied);
    ck_assert_int_eq(is_proxied(local_origin("/request")), expected->name_is_proxied);
    ck_assert(expected->entries[0] ? true : is_proxied("http://server.invalid/request"));
}

START_TEST(test_bypass_hosts)
{
    asynchttp_proxy_info *info = info_of(ASYNCHTTP_PROXY_HTTP, "127.0.0.1", origin_port());
    ck_assert_int_eq(asynchttp_proxy_info_set_bypass_hosts(info, bypasses[_i].entries), ASYNCHTTP_OK);
    use(info);
    expect_bypass(&bypasses[_i]);
}
END_TEST

START_TEST(test_no_proxy)
{
    char list[256] = " ";
    for (int i = 0; bypasses[_i].entries[i]; i++)
        strcat(strcat(list, bypasses[_i].entries[i]), " , ");
    setenv("http_proxy", origin_url("/"), 1);
    setenv("no_proxy", list, 1);
    expect_bypass(&bypasses[_i]);
    unsetenv("no_proxy");
    setenv("NO_PROXY", list, 1);
    expect_bypass(&bypasses[_i]);
}
END_TEST

/* The proxy that is not there is not asked. */
START_TEST(test_bypass_of_tls)
{
    static const char *const hosts[] = {"localhost", NULL};
    unsigned port;
    int reserved = client_reserve(&port);
    for (int i = 0; i < COUNT(types); i++) {
        asynchttp_proxy_info *info = info_of(types[i], "127.0.0.1", port);
        ck_assert_int_eq(asynchttp_proxy_info_set_bypass_hosts(info, hosts), ASYNCHTTP_OK);
        use(info);
        expect_hello(local_server(SERVER_HTTP2, "/hello"));
        expect_code(get(server_url(SERVER_HTTP2, "/hello")), ASYNCHTTP_E_CONNECTION_REFUSED);
    }
    close(reserved);
}
END_TEST

/* ---- The environment ----------------------------------------------------------------------- */

/* The origin as a proxy. */
static void name_origin(const char *variable)
{
    setenv(variable, origin_url("/"), 1);
}

START_TEST(test_environment_is_read_for_each_request)
{
    unsigned port;
    int reserved = client_reserve(&port);
    ck_assert(!is_proxied(origin_url("/request")));
    name_origin("http_proxy");
    ck_assert(is_proxied(origin_url("/request")));
    setenv("http_proxy", url_of("http", "127.0.0.1", port, ""), 1);
    expect_code(get(origin_url("/request")), ASYNCHTTP_E_CONNECTION_REFUSED);
    setenv("http_proxy", url_of("socks5", "127.0.0.1", port, ""), 1);
    expect_code(get(origin_url("/request")), ASYNCHTTP_E_CONNECTION_REFUSED);
    unsetenv("http_proxy");
    ck_assert(!is_proxied(origin_url("/request")));
    setenv("http_proxy", "", 1);
    ck_assert(!is_proxied(origin_url("/request")));
    close(reserved);
}
END_TEST

/* In a CGI program it comes from the client. */
START_TEST(test_upper_case_http_proxy_is_not_read)
{
    name_origin("HTTP_PROXY");
    ck_assert(!is_proxied(origin_url("/request")));
}
END_TEST

/* Each scheme has its own, and libcurl's for all is not read. */
START_TEST(test_variables_that_do_not_count)
{
    static const char *const variables[] = {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "HTTP_PROXY"};
    for (int i = 0; i < COUNT(variables); i++)
        name_origin(variables[i]);
    ck_assert(!is_proxied(origin_url("/request")));
}
END_TEST

START_TEST(test_variables_that_do_not_count_for_https)
{
    static const char *const variables[] = {"http_proxy", "all_proxy", "ALL_PROXY", "HTTP_PROXY"};
    unsigned port;
    int reserved = client_reserve(&port);
    for (int i = 0; i < COUNT(variables); i++)
        setenv(variables[i], url_of("http", "127.0.0.1", port, ""), 1);
    expect_hello(server_url(SERVER_HTTP2, "/hello"));
    close(reserved);
}
END_TEST

/* The lower case comes first. */
START_TEST(test_https_proxy)
{
    unsigned port;
    int reserved = client_reserve(&port);
    const char *nowhere = url_of("http", "127.0.0.1", port, "");
    setenv("HTTPS_PROXY", nowhere, 1);
    expect_code(get("https://server.invalid/"), ASYNCHTTP_E_CONNECTION_REFUSED);
    name_origin("https_proxy");
    expect_failure(get("https://server.invalid/"), ASYNCHTTP_E_PROXY, "server.invalid", "response 40");
    unsetenv("HTTPS_PROXY");
    expect_failure(get("https://server.invalid/"), ASYNCHTTP_E_PROXY, "server.invalid", "response 40");
    close(reserved);
}
END_TEST

START_TEST(test_environment_is_not_asked)
{
    unsigned port;
    int reserved = client_reserve(&port);
    setenv("http_proxy", url_of("http", "127.0.0.1", port, ""), 1);
    setenv("all_proxy", url_of("http", "127.0.0.1", port, ""), 1);
    use(NULL);
    ck_assert(!is_proxied(origin_url("/request")));
    /* Nor are its hosts to bypass, when there is a proxy of the program's. */
    setenv("no_proxy", "*", 1);
    setenv("NO_PROXY", "*", 1);
    go_through(ASYNCHTTP_PROXY_HTTP, origin_port());
    ck_assert(is_proxied(origin_url("/request")));
    ck_assert_int_eq(asynchttp_http_set_proxy_from_environment(http), ASYNCHTTP_OK);
    ck_assert(!is_proxied(origin_url("/request")));
    unsetenv("no_proxy");
    unsetenv("NO_PROXY");
    expect_code(get(origin_url("/request")), ASYNCHTTP_E_CONNECTION_REFUSED);
    close(reserved);
}
END_TEST

START_TEST(test_user_in_the_environment)
{
    char uri[128];
    snprintf(uri, sizeof(uri), "http://proxy%%2duser:Proxy-Secret%%5F7@127.0.0.1:%u", origin_port());
    setenv("http_proxy", uri, 1);
    expect_in(client_text(get("http://server.invalid/request")), "\r\nProxy-Authorization: Basic " CREDENTIALS "\r\n");
    if (proxy_runs(PROXY_MICRO_USER)) {
        snprintf(uri, sizeof(uri), "socks5://" PROXIES_USER ":" PROXIES_PASSWORD "@127.0.0.1:%u",
                 proxy_port(PROXY_MICRO_USER));
        setenv("http_proxy", uri, 1);
        expect_hello(origin_url("/hello"));
    }
}
END_TEST

START_TEST(test_environment_without_sense)
{
    asynchttp_promise *promise;
    setenv("http_proxy", "http://", 1);
    promise = get(origin_url("/hello"));
    expect_code(promise, ASYNCHTTP_E_INVALID_ARGUMENT);
    expect_in(asynchttp_promise_error_message(promise), "http_proxy");
    use(NULL);
    expect_hello(origin_url("/hello"));
}
END_TEST

/* Each part of the way has the proxy of its scheme, as the environment was when the request was made. */
START_TEST(test_redirect_from_http_to_https)
{
    static const struct way {
        const char *scheme;
        proxy which;
        const char *log;
    } ways[] = {{"http", PROXY_TINY, "CONNECT"}, {"socks5", PROXY_MICRO, "connected to"}};
    char line[64];
    char uri[256];
    if (!proxy_runs(ways[_i].which))
        return;
    snprintf(line, sizeof(line), "%s localhost:%u", ways[_i].log, server_port(SERVER_TLS));
    snprintf(uri, sizeof(uri), "http://server.invalid/redirect/302?to=%s", local_server(SERVER_TLS, "/hello"));
    int before = proxy_logged(ways[_i].which, line);
    name_origin("http_proxy");
    setenv("https_proxy", url_of(ways[_i].scheme, "127.0.0.1", proxy_port(ways[_i].which), ""), 1);
    asynchttp_promise *promise = get(uri);
    unsetenv("http_proxy");
    unsetenv("https_proxy");
    ck_assert_str_eq(client_text(promise), "hello\n");
    ck_assert_int_eq(asynchttp_response_status(asynchttp_response_previous(client_response(promise))), 302);
    ck_assert_int_eq(proxy_logged(ways[_i].which, line), before + 1);
}
END_TEST

/* And back, and to a host that is to be reached without it. */
START_TEST(test_redirect_from_https_to_http)
{
    char path[256];
    setenv("https_proxy", url_of("http", "127.0.0.1", proxy_port(PROXY_TINY), ""), 1);
    name_origin("http_proxy");
    snprintf(path, sizeof(path), "/redirect/302?to=%s", local_origin("/request"));
    ck_assert(is_proxied(local_server(SERVER_TLS, path)));
    setenv("no_proxy", "localhost", 1);
    ck_assert(!is_proxied(server_url(SERVER_TLS, "%s", path)));
}
END_TEST

/* The proxy's connection serves any host, in absolute form. */
START_TEST(test_connection_to_a_proxy_serves_other_hosts)
{
    go_through(ASYNCHTTP_PROXY_HTTP, origin_port());
    ck_assert_int_eq(asynchttp_http_set_max_workers(http, 1), ASYNCHTTP_OK);
    long connection = strtol(client_text(get("http://one.invalid/connection")), NULL, 10);
    ck_assert_int_eq(strtol(client_text(get("http://two.invalid:81/connection")), NULL, 10), connection);
    ck_assert_int_eq(strtol(client_text(get("http://one.invalid/connection")), NULL, 10), connection);
    /* But it is not for requests without a proxy. */
    use(NULL);
    ck_assert(!is_proxied(origin_url("/request")));
}
END_TEST

/* ---- Secrets ------------------------------------------------------------------------------- */

static struct {
    pthread_mutex_t mutex;
    size_t messages;
    char leak[1024];
} heard = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static void look_for_secrets(const char *text)
{
    if (!strstr(text, PROXIES_PASSWORD) && !strstr(text, CREDENTIALS) && !strstr(text, "Token-Secret"))
        return;
    pthread_mutex_lock(&heard.mutex);
    snprintf(heard.leak, sizeof(heard.leak), "%s", text);
    pthread_mutex_unlock(&heard.mutex);
}

static void listen_to_log(asynchttp_log_level level, const char *component, const char *message, void *data)
{
    (void)level;
    (void)component;
    (void)data;
    look_for_secrets(message);
    pthread_mutex_lock(&heard.mutex);
    heard.messages++;
    pthread_mutex_unlock(&heard.mutex);
}

/* Whatever comes of them. */
static void request_in_secret(void)
{
    static const char *const uris[] = {"http://server.invalid/hello", "https://server.invalid/hello"};
    for (int i = 0; i < COUNT(uris); i++) {
        asynchttp_promise *promise = get(uris[i]);
        client_wait(promise);
        look_for_secrets(asynchttp_promise_error_message(promise));
    }
    client_wait(get(local_origin("/hello")));
    if (have_servers)
        client_wait(get(local_server(SERVER_TLS, "/hello")));
}

START_TEST(test_no_secret_is_logged)
{
    static const char *const headers[] = {"Proxy-Authorization", "Bearer Token-Secret", NULL};
    static const struct secret {
        const char *scheme;
        proxy which;
    } secrets[] = {{"http", PROXY_TINY_USER}, {"socks5", PROXY_MICRO_USER}, {"socks4", PROXY_DANTE}, {"http", PROXIES}};
    ck_assert_int_eq(asynchttp_set_log(ASYNCHTTP_LOG_DEBUG, listen_to_log, NULL), ASYNCHTTP_OK);
    for (int i = 0; i < COUNT(secrets); i++) {
        char uri[128];
        unsigned port = secrets[i].which == PROXIES ? origin_port() : proxy_port(secrets[i].which);
        if (!port)
            continue;
        snprintf(uri, sizeof(uri), "%s://" PROXIES_USER ":" PROXIES_PASSWORD "@127.0.0.1:%u", secrets[i].scheme, port);
        setenv("http_proxy", uri, 1);
        setenv("https_proxy", uri, 1);
        request_in_secret();
    }
    asynchttp_proxy_info *info = info_of(ASYNCHTTP_PROXY_HTTP, "127.0.0.1", origin_port());
    ck_assert_int_eq(asynchttp_proxy_info_set_headers(info, headers), ASYNCHTTP_OK);
    use(info);
    request_in_secret();
    ck_assert_int_eq(asynchttp_set_log(ASYNCHTTP_LOG_NONE, NULL, NULL), ASYNCHTTP_OK);
    ck_assert_uint_gt(heard.messages, 0);
    ck_assert_str_eq(heard.leak, "");
}
END_TEST

/* ---- The suite ----------------------------------------------------------------------------- */

static TCase *add_case(Suite *suite, const char *name)
{
    TCase *tests = tcase_create(name);
    tcase_add_checked_fixture(tests, setup, client_teardown);
    tcase_set_timeout(tests, TEST_SECONDS);
    suite_add_tcase(suite, tests);
    return tests;
}

static void add_real_proxies(Suite *suite)
{
    TCase *tests = add_case(suite, "real proxies");
    tcase_add_loop_test(tests, test_messages, 0, COUNT(routes));
    tcase_add_loop_test(tests, test_requests_reach_the_proxy, 0, COUNT(routes));
    tcase_add_loop_test(tests, test_connections_are_used_again, 0, COUNT(routes));
    tcase_add_loop_test(tests, test_many_at_once, 0, COUNT(routes));
    tcase_add_loop_test(tests, test_addresses, 0, COUNT(routes));
    tcase_add_loop_test(tests, test_socks_proxy_that_cannot_connect, 0, COUNT(socks));
    tcase_add_loop_test(tests, test_name_that_does_not_exist, 0, COUNT(socks));
    tcase_add_test(tests, test_user_of_an_open_proxy);
    tcase_add_test(tests, test_no_secret_is_logged);
}

static void add_tinyproxy(Suite *suite)
{
    TCase *tests = add_case(suite, "tinyproxy");
    tcase_add_loop_test(tests, test_http_stranger, 0, COUNT(strangers));
    tcase_add_loop_test(tests, test_connect_stranger, 0, COUNT(strangers));
    tcase_add_test(tests, test_user_is_not_sent_to_the_server);
    tcase_add_test(tests, test_connect_to_a_forbidden_port);
    tcase_add_test(tests, test_http_proxy_that_cannot_connect);
    tcase_add_test(tests, test_http_proxy_that_does_not_know_the_name);
    tcase_add_test(tests, test_headers_in_a_tunnel);
    if (have_servers)
        tcase_add_test(tests, test_redirect_from_https_to_http);
}

static void add_microsocks(Suite *suite)
{
    TCase *tests = add_case(suite, "microsocks");
    tcase_add_loop_test(tests, test_socks5_stranger, 0, COUNT(strangers));
    tcase_add_test(tests, test_kept_connection_is_not_for_others);
    tcase_add_test(tests, test_who_resolves_names);
}

static void add_played_proxies(Suite *suite)
{
    TCase *tests = add_case(suite, "played proxies");
    tcase_add_test(tests, test_socks4_request);
    tcase_add_loop_test(tests, test_socks4_refusal, 0, COUNT(socks4_refusals));
    tcase_add_loop_test(tests, test_answer_to_connect, 0, COUNT(answers));
    tcase_add_test(tests, test_tunnel_that_ends_in_the_handshake);
    tcase_add_loop_test(tests, test_407, 0, 2);
    tcase_add_test(tests, test_http_proxy_that_dies_in_the_middle);
    tcase_add_loop_test(tests, test_socks_proxy_that_dies, 0, COUNT(deaths));
    tcase_add_loop_test(tests, test_proxy_that_refuses_connections, 0, COUNT(types));
    tcase_add_loop_test(tests, test_proxy_that_is_unknown, 0, COUNT(types));
    tcase_add_loop_test(tests, test_proxy_that_is_silent, 0, COUNT(types));
    tcase_add_test(tests, test_headers_for_a_proxy);
    tcase_add_test(tests, test_headers_of_connect);
    tcase_add_test(tests, test_user_is_sent_to_the_proxy);
    tcase_add_test(tests, test_connection_to_a_proxy_serves_other_hosts);
    if (have_ipv6)
        tcase_add_test(tests, test_http_proxy_on_ipv6);
}

static void add_environment(Suite *suite)
{
    TCase *tests = add_case(suite, "environment");
    tcase_add_loop_test(tests, test_bypass_hosts, 0, COUNT(bypasses));
    tcase_add_loop_test(tests, test_no_proxy, 0, COUNT(bypasses));
    tcase_add_test(tests, test_environment_is_read_for_each_request);
    tcase_add_test(tests, test_upper_case_http_proxy_is_not_read);
    tcase_add_test(tests, test_variables_that_do_not_count);
    tcase_add_test(tests, test_https_proxy);
    tcase_add_test(tests, test_environment_is_not_asked);
    tcase_add_test(tests, test_user_in_the_environment);
    tcase_add_test(tests, test_environment_without_sense);
    if (have_servers) {
        tcase_add_test(tests, test_bypass_of_tls);
        tcase_add_test(tests, test_variables_that_do_not_count_for_https);
        tcase_add_loop_test(tests, test_redirect_from_http_to_https, 0, 2);
    }
}

static Suite *proxies_suite(void)
{
    Suite *suite = suite_create("proxies");
    add_real_proxies(suite);
    if (proxy_runs(PROXY_TINY))
        add_tinyproxy(suite);
    if (proxy_runs(PROXY_MICRO))
        add_microsocks(suite);
    add_played_proxies(suite);
    add_environment(suite);
    return suite;
}

static int run(void)
{
    SRunner *runner = srunner_create(proxies_suite());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(void)
{
    fixture_start();
    have_servers = servers_start();
    if (!have_servers)
        puts("nginx is not installed: what needs TLS is skipped");
    have_ipv6 = have_servers && servers_have_ipv6();
    bool any = proxies_start(have_servers ? server_port(SERVER_TLS) : 443);
    have_ipv6 = have_ipv6 || proxy_runs(PROXY_MICRO_IPV6);
    int status = any ? run() : 77;
    proxies_stop();
    servers_stop();
    fixture_stop();
    return status;
}
