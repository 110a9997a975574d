/*
 * Proxies, as httplib2 has them: ProxyInfo, proxy_info_from_url() and proxy_info_from_environment(). What may hold a
 * password is wiped before it is freed.
 */
#include "proxy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/crypto.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/fields.h"

struct asynchttp_proxy_info {
    asynchttp_proxy_type type;
    int port;
    bool rdns;
    /* An IPv6 address is without its brackets. */
    char *host;
    char *user;
    char *password;
    /* NULL: none. Else one allocation each: the pointers, NULL at the end, then the texts. */
    char **headers;
    char **bypass_hosts;
};

/* ---- Strings and lists --------------------------------------------------------------------- */

static void free_text(char *text)
{
    if (text)
        OPENSSL_cleanse(text, strlen(text));
    free(text);
}

static void free_list(char **list)
{
    for (size_t i = 0; list && list[i]; i++)
        OPENSSL_cleanse(list[i], strlen(list[i]));
    free(list);
}

/* How many bytes the texts of a list take; 0 if that is more than there can be, as one text may be in it often. */
static size_t text_size(const char *const *list)
{
    size_t size = 0;
    for (; *list; list++) {
        size_t length = strlen(*list);
        if (length >= SIZE_MAX / 2 - size)
            return 0;
        size += length + 1;
    }
    return size;
}

/* An empty list is none. False: no memory. */
static bool copy_list(char ***copy, const char *const *list)
{
    *copy = NULL;
    if (!list || !list[0])
        return true;
    size_t size = text_size(list);
    size_t count = 0;
    while (list[count])
        count++;
    char **items = size ? malloc((count + 1) * sizeof(*items) + size) : NULL;
    if (!items)
        return false;
    char *text = (char *)(items + count + 1);
    for (size_t i = 0; i < count; i++) {
        size = strlen(list[i]) + 1;
        items[i] = memcpy(text, list[i], size);
        text += size;
    }
    items[count] = NULL;
    *copy = items;
    return true;
}

static char *trim(char *text)
{
    static const char blanks[] = " \t\r\n";
    text += strspn(text, blanks);
    size_t length = strlen(text);
    while (length > 0 && strchr(blanks, text[length - 1]))
        length--;
    text[length] = '\0';
    return text;
}

/* The items of a list with commas in between, without the blanks around them; empty ones are left out. False: no
 * memory. */
static bool split_list(char ***items, const char *text)
{
    size_t size = strlen(text) + 1;
    if (size > SIZE_MAX / 16)
        return false;
    size_t most = 2;
    for (const char *comma = text; (comma = strchr(comma, ',')); comma++)
        most++;
    char **list = malloc(most * sizeof(*list) + size);
    if (!list)
        return false;
    char *rest;
    size_t count = 0;
    char *item = strtok_r(memcpy(list + most, text, size), ",", &rest);
    for (; item; item = strtok_r(NULL, ",", &rest)) {
        list[count] = trim(item);
        if (*list[count])
            count++;
    }
    list[count] = NULL;
    *items = count > 0 ? list : NULL;
    if (count == 0)
        free(list);
    return true;
}

static bool has_control(const char *text)
{
    for (; *text; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte < 0x20 || byte == 0x7f)
            return true;
    }
    return false;
}

/* ---- Making and freeing -------------------------------------------------------------------- */

/* An address, which may have a zone after "%" (RFC 4007 section 11). */
static bool is_ipv6(const char *host)
{
    char address[INET6_ADDRSTRLEN];
    size_t length = strcspn(host, "%");
    if (length >= sizeof(address) || strcmp(host + length, "%") == 0)
        return false;
    memcpy(address, host, length);
    address[length] = '\0';
    struct in6_addr binary;
    return inet_pton(AF_INET6, address, &binary) == 1;
}

/* Characters that end a host or mean something else in a URI (RFC 3986 section 3.2) would make another proxy of it. */
static bool is_host(const char *host)
{
    if (!*host || has_control(host) || strpbrk(host, " \"#/<>?@[\\]^`{|}"))
        return false;
    return strpbrk(host, ":%") ? is_ipv6(host) : true;
}

asynchttp_proxy_info *asynchttp_proxy_info_new(asynchttp_proxy_type type, const char *host, int port)
{
    if (type < ASYNCHTTP_PROXY_SOCKS4 || type > ASYNCHTTP_PROXY_HTTP || port < 1 || port > UINT16_MAX || !is_host(host))
        return NULL;
    asynchttp_proxy_info *info = calloc(1, sizeof(*info));
    if (!info)
        return NULL;
    info->type = type;
    info->port = port;
    info->rdns = true;
    info->host = strdup(host);
    if (info->host)
        return info;
    asynchttp_proxy_info_free(info);
    return NULL;
}

asynchttp_proxy_info *ah_proxy_info_copy(const asynchttp_proxy_info *info)
{
    asynchttp_proxy_info *copy = asynchttp_proxy_info_new(info->type, info->host, info->port);
    if (!copy)
        return NULL;
    copy->rdns = info->rdns;
    if (!asynchttp_proxy_info_set_user(copy, info->user) && !asynchttp_proxy_info_set_password(copy, info->password) &&
        copy_list(&copy->headers, asynchttp_proxy_info_headers(info)) &&
        copy_list(&copy->bypass_hosts, asynchttp_proxy_info_bypass_hosts(info)))
        return copy;
    asynchttp_proxy_info_free(copy);
    return NULL;
}

void asynchttp_proxy_info_free(asynchttp_proxy_info *info)
{
    if (!info)
        return;
    free(info->host);
    free_text(info->user);
    free_text(info->password);
    free_list(info->headers);
    free_list(info->bypass_hosts);
    free(info);
}

/* ---- From a URL ---------------------------------------------------------------------------- */

static int hex_value(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *digit = c ? strchr(digits, ah_lower(c)) : NULL;
    return digit ? (int)(digit - digits) : -1;
}

/* Decodes "%XX" in place (RFC 3986 section 2.1). What is malformed is left as it is, as Python and curl do. False: a
 * zero was encoded, which would end the text. */
static bool decode(char *text)
{
    char *to = text;
    for (; *text; text++) {
        char octet = *text;
        if (octet == '%' && hex_value(text[1]) >= 0 && hex_value(text[2]) >= 0) {
            octet = (char)(hex_value(text[1]) * 16 + hex_value(text[2]));
            text += 2;
        }
        if (!octet)
            return false;
        *to++ = octet;
    }
    *to = '\0';
    return true;
}

/* ":8080", 0 if it is no port; ":" and "" mean the default (RFC 3986 section 3.2.3). */
static int read_port(const char *text, int default_port)
{
    int port = 0;
    if (!text[0] || strcmp(text, ":") == 0)
        return default_port;
    if (*text++ != ':')
        return 0;
    for (; *text; text++) {
        if (*text < '0' || *text > '9')
            return 0;
        port = port * 10 + (*text - '0');
        if (port > UINT16_MAX)
            return 0;
    }
    return port;
}

/* "host", "host:port" or "[address]:port", which is changed. NULL: it is malformed, or no memory. */
static asynchttp_proxy_info *from_host(asynchttp_proxy_type type, char *text, int default_port)
{
    bool bracketed = text[0] == '[';
    char *host = bracketed ? text + 1 : text;
    char *end = host + strcspn(host, bracketed ? "]" : ":");
    if (bracketed && !*end)
        return NULL;
    int port = read_port(bracketed ? end + 1 : end, default_port);
    *end = '\0';
    /* "%25" before the zone of an address too (RFC 6874 section 2). */
    if (!decode(host) || bracketed != is_ipv6(host))
        return NULL;
    /* A zone is the name of an interface, which has case. */
    for (char *c = host; *c && *c != '%'; c++)
        *c = ah_lower(*c);
    return asynchttp_proxy_info_new(type, host, port);
}

/* "name:password", which is changed. As in httplib2, an empty one is none. */
static bool set_userinfo(asynchttp_proxy_info *info, char *text)
{
    char *password = strchr(text, ':');
    if (password)
        *password++ = '\0';
    if (!decode(text) || (password && !decode(password)))
        return false;
    return !asynchttp_proxy_info_set_user(info, *text ? text : NULL) &&
           !asynchttp_proxy_info_set_password(info, password && *password ? password : NULL);
}

static asynchttp_proxy_info *from_authority(asynchttp_proxy_type type, char *text, int default_port)
{
    /* The last one, for those who forgot to encode their password. */
    char *at = strrchr(text, '@');
    asynchttp_proxy_info *info = from_host(type, at ? at + 1 : text, default_port);
    if (!info || !at)
        return info;
    *at = '\0';
    if (set_userinfo(info, text))
        return info;
    asynchttp_proxy_info_free(info);
    return NULL;
}

static bool starts_with(const char *text, const char *start)
{
    while (*start && ah_lower(*text) == *start) {
        text++;
        start++;
    }
    return !*start;
}

/* What a scheme asks for; like httplib2, any other means HTTP. */
static asynchttp_proxy_type type_of(const char *url)
{
    if (starts_with(url, "socks4://") || starts_with(url, "socks4a://"))
        return ASYNCHTTP_PROXY_SOCKS4;
    if (starts_with(url, "socks5://") || starts_with(url, "socks5h://") || starts_with(url, "socks://"))
        return ASYNCHTTP_PROXY_SOCKS5;
    return ASYNCHTTP_PROXY_HTTP;
}

/* Where the authority of a URL is (RFC 3986 section 3.2); 0 bytes if it has none. Without "//" the URL begins with it,
 * as curl has it. */
static const char *find_authority(const char *url, size_t *length)
{
    static const char scheme[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.";
    const char *authority = url + strspn(url, scheme);
    if (authority > url && starts_with(authority, "://"))
        authority += 3;
    else
        authority = starts_with(url, "//") ? url + 2 : url;
    *length = strcspn(authority, "/?#");
    /* "http:/host" is misspelt, not a host named http. */
    if (authority == url && *length > 0 && url[*length - 1] == ':')
        *length = 0;
    return authority;
}

/* An empty variable counts as unset. */
static const char *environment(const char *name, const char *other_name)
{
    const char *value = getenv(name);
    if (!value || !*value)
        value = other_name ? getenv(other_name) : NULL;
    return value && *value ? value : NULL;
}

static bool set_bypass_from_environment(asynchttp_proxy_info *info)
{
    const char *hosts = environment("no_proxy", "NO_PROXY");
    return hosts ? split_list(&info->bypass_hosts, hosts) : true;
}

/* 0: a method that has no proxies. */
static int port_of(const char *method)
{
    if (strcmp(method, "https") == 0)
        return 443;
    return strcmp(method, "http") == 0 ? 80 : 0;
}

asynchttp_proxy_info *asynchttp_proxy_info_from_url(const char *url, const char *method)
{
    int default_port = port_of(method);
    size_t length;
    const char *authority = find_authority(url, &length);
    char *text = default_port && length > 0 ? malloc(length + 1) : NULL;
    if (!text)
        return NULL;
    memcpy(text, authority, length);
    text[length] = '\0';
    asynchttp_proxy_info *info = from_authority(type_of(url), text, default_port);
    OPENSSL_cleanse(text, length);
    free(text);
    if (!info || set_bypass_from_environment(info))
        return info;
    asynchttp_proxy_info_free(info);
    return NULL;
}

bool ah_proxy_info_from_environment(const char *method, asynchttp_proxy_info **info)
{
    const char *url = NULL;
    /* A CGI program finds the request's header field Proxy in HTTP_PROXY (CVE-2016-5385, "httpoxy"). */
    if (strcmp(method, "http") == 0)
        url = environment("http_proxy", NULL);
    else if (strcmp(method, "https") == 0)
        url = environment("https_proxy", "HTTPS_PROXY");
    *info = url ? asynchttp_proxy_info_from_url(url, method) : NULL;
    return !url || *info;
}

asynchttp_proxy_info *asynchttp_proxy_info_from_environment(const char *method)
{
    asynchttp_proxy_info *info;
    ah_proxy_info_from_environment(method, &info);
    return info;
}

/* ---- Reading and setting ------------------------------------------------------------------- */

asynchttp_proxy_type asynchttp_proxy_info_type(const asynchttp_proxy_info *info)
{
    return info->type;
}

const char *asynchttp_proxy_info_host(const asynchttp_proxy_info *info)
{
    return info->host;
}

int asynchttp_proxy_info_port(const asynchttp_proxy_info *info)
{
    return info->port;
}

asynchttp_code asynchttp_proxy_info_set_rdns(asynchttp_proxy_info *info, bool rdns)
{
    info->rdns = rdns;
    return ASYNCHTTP_OK;
}

bool asynchttp_proxy_info_rdns(const asynchttp_proxy_info *info)
{
    return info->rdns;
}

/* Control characters have no place in either (RFC 7617 section 2). */
static asynchttp_code set_text(char **old, const char *text)
{
    if (text && has_control(text))
        return ASYNCHTTP_E_INVALID_ARGUMENT;
    char *copy = text ? strdup(text) : NULL;
    if (text && !copy)
        return ASYNCHTTP_E_NO_MEMORY;
    free_text(*old);
    *old = copy;
    return ASYNCHTTP_OK;
}

asynchttp_code asynchttp_proxy_info_set_user(asynchttp_proxy_info *info, const char *user)
{
    return set_text(&info->user, user);
}

const char *asynchttp_proxy_info_user(const asynchttp_proxy_info *info)
{
    return info->user;
}

asynchttp_code asynchttp_proxy_info_set_password(asynchttp_proxy_info *info, const char *password)
{
    return set_text(&info->password, password);
}

const char *asynchttp_proxy_info_password(const asynchttp_proxy_info *info)
{
    return info->password;
}

static asynchttp_code set_list(char ***old, const char *const *list)
{
    char **copy;
    if (!copy_list(&copy, list))
        return ASYNCHTTP_E_NO_MEMORY;
    free_list(*old);
    *old = copy;
    return ASYNCHTTP_OK;
}

asynchttp_code asynchttp_proxy_info_set_headers(asynchttp_proxy_info *info, const char *const *headers)
{
    for (size_t i = 0; headers && headers[i]; i += 2) {
        if (!ah_is_token(headers[i]) || !headers[i + 1] || !ah_is_field_value(headers[i + 1]))
            return ASYNCHTTP_E_INVALID_ARGUMENT;
    }
    return set_list(&info->headers, headers);
}

const char *const *asynchttp_proxy_info_headers(const asynchttp_proxy_info *info)
{
    return (const char *const *)info->headers;
}

asynchttp_code asynchttp_proxy_info_set_bypass_hosts(asynchttp_proxy_info *info, const char *const *hosts)
{
    return set_list(&info->bypass_hosts, hosts);
}

const char *const *asynchttp_proxy_info_bypass_hosts(const asynchttp_proxy_info *info)
{
    return (const char *const *)info->bypass_hosts;
}

/* ---- Bypassing ----------------------------------------------------------------------------- */

/* A host without what stands around it: leading dots, as in httplib2, or the brackets of an address. */
static const char *bare(const char *host, size_t *length)
{
    host += strspn(host, ".");
    *length = strlen(host);
    if (*length < 2 || host[0] != '[' || host[*length - 1] != ']')
        return host;
    *length -= 2;
    return host + 1;
}

static bool same(const char *a, const char *b, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (ah_lower(a[i]) != ah_lower(b[i]))
            return false;
    }
    return true;
}

/* Whether an entry of bypass_hosts covers a bare host. */
static bool covers(const char *entry, const char *host, size_t length)
{
    bool suffix = entry[0] == '.';
    size_t entry_length;
    if (suffix)
        entry_length = strlen(++entry);
    else
        entry = bare(entry, &entry_length);
    if (entry_length == length)
        return same(entry, host, length);
    if (!suffix || entry_length > length)
        return false;
    host += length - entry_length;
    return host[-1] == '.' && same(entry, host, entry_length);
}

bool asynchttp_proxy_info_applies_to(const asynchttp_proxy_info *info, const char *host)
{
    char **entry = info->bypass_hosts;
    if (!entry)
        return true;
    if (strcmp(entry[0], "*") == 0 && !entry[1])
        return false;
    size_t length;
    host = bare(host, &length);
    for (; *entry; entry++) {
        if (covers(*entry, host, length))
            return false;
    }
    return true;
}
