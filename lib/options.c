#include "options.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "proxy.h"

/* The most bytes that are received at once: four times as many as libcurl does by itself, so that a large body over http
 * takes a quarter of the system calls. A small response touches no more of this memory than of less. */
static const long most_at_once = 64 << 10;

static const char default_accept_encoding[] = "gzip, deflate";
static const char default_user_agent[] = "asynchttp/" ASYNCHTTP_VERSION " (gzip)";

void ah_options_free(ah_options *options)
{
    curl_slist_free_all(options->headers);
    curl_slist_free_all(options->proxy_headers);
    curl_url_cleanup(options->url);
    free(options->authority);
    *options = (ah_options){0};
}

static bool append(struct curl_slist **list, const char *line)
{
    struct curl_slist *longer = curl_slist_append(*list, line);
    if (longer)
        *list = longer;
    return longer != NULL;
}

/* "name: value"; libcurl takes "name;" for an empty value, and "name:" to leave out a field that it would send. */
static bool append_field(struct curl_slist **list, const char *name, const char *value)
{
    ah_buffer line = {0};
    bool made = ah_buffer_append_string(&line, name) && ah_buffer_append_string(&line, *value ? ": " : ";") &&
                ah_buffer_append_string(&line, value) && append(list, line.data);
    ah_buffer_free(&line);
    return made;
}

static bool append_given(struct curl_slist **list, const ah_fields *headers)
{
    for (size_t i = 0; i < headers->count; i++) {
        const ah_field *field = &headers->fields[i];
        for (size_t j = 0; j < field->count; j++) {
            if (!append_field(list, field->name, field->values[j]))
                return false;
        }
    }
    return true;
}

static bool expects_body(const char *method)
{
    return strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 || strcmp(method, "PATCH") == 0;
}

/* Keeps libcurl from sending a field of its own, unless the caller does. */
static bool append_unwanted(struct curl_slist **list, const ah_request *request, const char *name, const char *line)
{
    return ah_fields_find(&request->headers, name) || append(list, line);
}

/* Only what the caller or httplib2 would send goes out, nothing that libcurl adds of its own. */
static bool append_defaults(struct curl_slist **list, const ah_request *request)
{
    const ah_fields *headers = &request->headers;
    if (!ah_fields_find(headers, "user-agent") && !append_field(list, "user-agent", default_user_agent))
        return false;
    if (!ah_fields_find(headers, "accept-encoding")) {
        /* A range of an encoded representation is of no use [httplib2.Http.request]. */
        bool whole = !ah_fields_find(headers, "range");
        if (whole ? !append_field(list, "accept-encoding", default_accept_encoding) : !append(list, "accept-encoding:"))
            return false;
    }
    if (!append_unwanted(list, request, "accept", "accept:"))
        return false;
    if (!ah_request_has_body(request) && !expects_body(request->method))
        return true;
    return append_unwanted(list, request, "expect", "expect:") &&
           append_unwanted(list, request, "content-type", "content-type:");
}

/* Options in the making. The first error stays, and nothing is set after it. */
typedef struct setting {
    CURL *easy;
    const ah_request *request;
    const ah_fields *more;
    ah_options *options;
    CURLcode error;
} setting;

#define SET(to, option, value) ((to)->error = (to)->error ? (to)->error : curl_easy_setopt((to)->easy, option, value))

static void set_no_memory(setting *to)
{
    to->error = to->error ? to->error : CURLE_OUT_OF_MEMORY;
}

/* ---- The URI ---- */

/* Whether libcurl would go to the same place as for the last URL that was taken apart: the scheme is the same. */
static bool is_near(const ah_options *options, const ah_uri *uri)
{
    return options->url && strcmp(options->authority, uri->authority) == 0;
}

/* Takes it apart, but for its target, for this request and those that follow. False: it stays with libcurl, which loses
 * the zone of an IPv6 address before 8.3. */
static bool take_apart(ah_options *options, const ah_uri *uri)
{
    curl_url_cleanup(options->url);
    free(options->authority);
    options->url = curl_url();
    options->authority = strdup(uri->authority);
    if (options->url && options->authority && !strchr(uri->authority, '%') &&
        curl_url_set(options->url, CURLUPART_URL, uri->text, CURLU_PATH_AS_IS) == CURLUE_OK &&
        curl_url_set(options->url, CURLUPART_PATH, "/", 0) == CURLUE_OK &&
        curl_url_set(options->url, CURLUPART_QUERY, NULL, 0) == CURLUE_OK)
        return true;
    curl_url_cleanup(options->url);
    options->url = NULL;
    return false;
}

/* Taking a URI apart, and putting it together again, is a seventh of what libcurl has to do for a small request. Those
 * of a handle that is used again differ in their target, most often, which goes out as it is: libcurl's newer versions
 * would change the case of percent-encodings, or leave out a query that is empty. */
static void set_uri(setting *to)
{
    const ah_uri *uri = &to->request->uri;
    ah_options *options = to->options;
    bool near = options->settings && is_near(options, uri);
    if (!near) {
        bool apart = options->settings && take_apart(options, uri);
        SET(to, CURLOPT_CURLU, apart ? options->url : NULL);
    }
    /* After the other: from libcurl 8.12 on CURLOPT_CURLU, even NULL, takes it away. Beside that one it is what libcurl's
     * comments tell of. */
    SET(to, CURLOPT_URL, uri->text);
    /* A proxy may be asked for the URI, as libcurl writes it. */
    SET(to, CURLOPT_REQUEST_TARGET, ah_options_proxy(to->request) ? NULL : uri->target);
}

/* ---- All else ---- */

/* The method and the body. Methods that expect a body say that theirs is empty [http.client]. */
static void set_method(setting *to)
{
    const ah_request *request = to->request;
    if (ah_request_is(request, "HEAD")) {
        SET(to, CURLOPT_NOBODY, 1L);
        return;
    }
    if (request->callbacks.on_read) {
        SET(to, CURLOPT_UPLOAD, 1L);
        SET(to, CURLOPT_INFILESIZE_LARGE, request->body_length ? (curl_off_t)request->body_length : (curl_off_t)-1);
    } else if (request->body || expects_body(request->method)) {
        SET(to, CURLOPT_POST, 1L);
        SET(to, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_length);
        SET(to, CURLOPT_POSTFIELDS, request->body ? (const char *)request->body : "");
    }
    SET(to, CURLOPT_CUSTOMREQUEST, request->method);
}

static void set_headers(setting *to)
{
    const ah_request *request = to->request;
    struct curl_slist *list = NULL;
    bool usual = !request->headers.count && !to->more->count;
    if (to->options->headers && usual && to->options->usual_headers)
        return;
    if (!append_given(&list, &request->headers) || !append_given(&list, to->more) || !append_defaults(&list, request))
        set_no_memory(to);
    SET(to, CURLOPT_HTTPHEADER, list);
    curl_slist_free_all(to->options->headers);
    to->options->headers = list;
    to->options->usual_headers = usual;
}

static long milliseconds(double seconds)
{
    double most = 2e9;
    double value = seconds * 1000;
    if (value < 1)
        return 1;
    return (long)(value < most ? value : most);
}

double ah_options_connect_timeout(const ah_request *request)
{
    double connect = request->settings->connect_timeout;
    return request->timeout > 0 && request->timeout < connect ? request->timeout : connect;
}

bool ah_options_share(const ah_request *request)
{
    return request->settings->multiplex && request->uri.https;
}

static void set_connection(setting *to)
{
    const ah_request *request = to->request;
    SET(to, CURLOPT_CONNECTTIMEOUT_MS, milliseconds(ah_options_connect_timeout(request)));
    SET(to, CURLOPT_NOSIGNAL, 1L);
    SET(to, CURLOPT_PROTOCOLS_STR, "http,https");
    SET(to, CURLOPT_PATH_AS_IS, 1L);
    /* The content is decoded here; libcurl would fail for codings of the transfer that it does not know. */
    SET(to, CURLOPT_HTTP_CONTENT_DECODING, 0L);
    SET(to, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    if (ah_options_share(request))
        SET(to, CURLOPT_PIPEWAIT, 1L);
    /* Before 8.7 libcurl refuses if it still has such memory, of a transfer that got no connection, or whose connection
     * others use. Best effort. */
    curl_easy_setopt(to->easy, CURLOPT_BUFFERSIZE, most_at_once);
#if CURL_AT_LEAST_VERSION(7, 87, 0)
    /* A name that is still being resolved does not hold up a cancellation. Best effort. */
    curl_easy_setopt(to->easy, CURLOPT_QUICK_EXIT, 1L);
#endif
}

static long tls_version(ah_tls_version minimum, ah_tls_version maximum)
{
    static const long minima[] = {CURL_SSLVERSION_DEFAULT, CURL_SSLVERSION_TLSv1_0, CURL_SSLVERSION_TLSv1_1,
                                  CURL_SSLVERSION_TLSv1_2, CURL_SSLVERSION_TLSv1_3};
    static const long maxima[] = {CURL_SSLVERSION_MAX_DEFAULT, CURL_SSLVERSION_MAX_TLSv1_0, CURL_SSLVERSION_MAX_TLSv1_1,
                                  CURL_SSLVERSION_MAX_TLSv1_2, CURL_SSLVERSION_MAX_TLSv1_3};
    return minima[minimum] | maxima[maximum];
}

/* The first certificate for any host or for this one [httplib2.KeyCerts.iter]. */
static void set_certificate(setting *to)
{
    const ah_request *request = to->request;
    const ah_strings *all = request->settings->certificates;
    for (size_t i = 0; all && i < all->count; i += AH_CERTIFICATE_ITEMS) {
        const char *domain = all->items[i];
        if (*domain && !ah_uri_has_authority(&request->uri, domain))
            continue;
        SET(to, CURLOPT_SSLKEY, all->items[i + 1]);
        SET(to, CURLOPT_SSLCERT, all->items[i + 2]);
        /* Without any, OpenSSL would ask for one on the terminal. */
        SET(to, CURLOPT_KEYPASSWD, all->items[i + 3] ? all->items[i + 3] : "");
        break;
    }
}

static void set_tls(setting *to)
{
    const ah_request *request = to->request;
    const ah_settings *settings = request->settings;
    SET(to, CURLOPT_SSLVERSION, tls_version(settings->tls_minimum, settings->tls_maximum));
    if (settings->ca_certs) {
        SET(to, CURLOPT_CAINFO, settings->ca_certs->items[0]);
        SET(to, CURLOPT_CAPATH, NULL);
    }
    if (settings->disable_ssl_certificate_validation) {
        SET(to, CURLOPT_SSL_VERIFYPEER, 0L);
        SET(to, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    set_certificate(to);
}

static bool is_ipv4(const char *host)
{
    struct in_addr address;
    return inet_pton(AF_INET, host, &address) == 1;
}

static long proxy_type(const asynchttp_proxy_info *info, const char *host)
{
    bool rdns = asynchttp_proxy_info_rdns(info);
    switch (asynchttp_proxy_info_type(info)) {
    case ASYNCHTTP_PROXY_SOCKS4:
        /* libcurl would send an address as a name, which not every proxy understands [socks.socksocket]. */
        return rdns && !is_ipv4(host) ? CURLPROXY_SOCKS4A : CURLPROXY_SOCKS4;
    case ASYNCHTTP_PROXY_SOCKS5:
        return rdns ? CURLPROXY_SOCKS5_HOSTNAME : CURLPROXY_SOCKS5;
    default:
        return CURLPROXY_HTTP;
    }
}

static void set_proxy_headers(setting *to, const asynchttp_proxy_info *info)
{
    const char *const *headers = asynchttp_proxy_info_headers(info);
    for (; headers && headers[0]; headers += 2) {
        if (!append_field(&to->options->proxy_headers, headers[0], headers[1]))
            set_no_memory(to);
    }
    SET(to, CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE);
    SET(to, CURLOPT_PROXYHEADER, to->options->proxy_headers);
}

/* In percent-encoding (RFC 3986 section 2.1). */
static bool append_encoded(ah_buffer *buffer, const char *text)
{
    for (; *text; text++) {
        if (!ah_buffer_printf(buffer, "%%%02X", (unsigned)(unsigned char)*text))
            return false;
    }
    return true;
}

/* libcurl decodes CURLOPT_PROXYUSERPWD, in all versions, and CURLOPT_PROXYUSERNAME in some. */
static void set_proxy_user(setting *to, const asynchttp_proxy_info *info)
{
    const char *user = asynchttp_proxy_info_user(info);
    const char *password = asynchttp_proxy_info_password(info);
    if (!user)
        return;
    ah_buffer text = {0};
    /* In one piece, so that no copy of it is left behind. */
    if (!ah_buffer_reserve(&text, 3 * (strlen(user) + (password ? strlen(password) : 0)) + 2) ||
        !append_encoded(&text, user) || !ah_buffer_append_string(&text, ":") ||
        (password && !append_encoded(&text, password)))
        set_no_memory(to);
    SET(to, CURLOPT_PROXYUSERPWD, text.data);
    if (text.data)
        OPENSSL_cleanse(text.data, text.length);
    ah_buffer_free(&text);
}

/* The host without a port; an IPv6 address in its brackets. */
static void set_proxy_host(setting *to, const char *host)
{
    ah_buffer text = {0};
    if (!ah_buffer_printf(&text, strchr(host, ':') ? "[%s]" : "%s", host))
        set_no_memory(to);
    SET(to, CURLOPT_PROXY, text.data);
    ah_buffer_free(&text);
}

const asynchttp_proxy_info *ah_options_proxy(const ah_request *request)
{
    const asynchttp_proxy_info *info = request->environment_proxies[request->uri.https ? 1 : 0];
    if (request->settings->proxy)
        info = request->settings->proxy->info;
    return info && asynchttp_proxy_info_applies_to(info, request->uri.host) ? info : NULL;
}

/* The environment is the library's to read, not libcurl's: both the proxy and the hosts to bypass are always said. */
static void set_proxy(setting *to)
{
    const ah_request *request = to->request;
    const asynchttp_proxy_info *info = ah_options_proxy(request);
    SET(to, CURLOPT_NOPROXY, "");
    if (!info) {
        SET(to, CURLOPT_PROXY, "");
        return;
    }
    set_proxy_host(to, asynchttp_proxy_info_host(info));
    SET(to, CURLOPT_PROXYPORT, (long)asynchttp_proxy_info_port(info));
    SET(to, CURLOPT_PROXYTYPE, proxy_type(info, request->uri.host));
    set_proxy_user(to, info);
    set_proxy_headers(to, info);
}

/* Whether all that the handle is set to is in its options. */
static bool is_plain(const ah_request *request)
{
    const ah_callbacks *callbacks = &request->callbacks;
    return ah_request_is(request, "GET") && !ah_request_has_body(request) && !callbacks->on_progress &&
           !request->settings->certificates && !ah_options_proxy(request);
}

bool ah_options_suit(const ah_options *options, const ah_request *request)
{
    return options->settings == request->settings->number && options->https == request->uri.https &&
           options->timeout == request->timeout && is_plain(request);
}

CURLcode ah_options_set(ah_options *options, CURL *easy, const ah_request *request, const ah_fields *more)
{
    setting to = {.easy = easy, .request = request, .more = more, .options = options};
    set_uri(&to);
    set_headers(&to);
    if (options->settings)
        return to.error;
    set_method(&to);
    set_connection(&to);
    if (request->uri.https)
        set_tls(&to);
    set_proxy(&to);
    if (!to.error && is_plain(request)) {
        options->settings = request->settings->number;
        options->https = request->uri.https;
        options->timeout = request->timeout;
    }
    return to.error;
}
