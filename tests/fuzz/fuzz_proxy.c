/*
 * Proxies from URLs, and the hosts that go without. The input: a URL, the value of no_proxy, a host, and entries of
 * bypass_hosts, a line each.
 */
#include "proxy.h"

#include "base/buffer.h"
#include "base/fields.h"
#include "fuzz.h"

enum { MOST_ENTRIES = 16 };

static int has_control(const char *text)
{
    for (; *text; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte < 0x20 || byte == 0x7f)
            return 1;
    }
    return 0;
}

static void check(const asynchttp_proxy_info *info)
{
    const char *user = asynchttp_proxy_info_user(info);
    const char *password = asynchttp_proxy_info_password(info);
    const char *host = asynchttp_proxy_info_host(info);
    const char *const *hosts = asynchttp_proxy_info_bypass_hosts(info);
    DEMAND(asynchttp_proxy_info_type(info) >= ASYNCHTTP_PROXY_SOCKS4);
    DEMAND(asynchttp_proxy_info_type(info) <= ASYNCHTTP_PROXY_HTTP);
    DEMAND(asynchttp_proxy_info_port(info) >= 1 && asynchttp_proxy_info_port(info) <= 65535);
    DEMAND(*host && !has_control(host) && !strpbrk(host, " \"#/<>?@[\\]^`{|}"));
    DEMAND(!user || (*user && !has_control(user)));
    DEMAND(!password || (*password && !has_control(password)));
    DEMAND(asynchttp_proxy_info_rdns(info) && !asynchttp_proxy_info_headers(info));
    DEMAND(!hosts || *hosts);
    for (; hosts && *hosts; hosts++)
        DEMAND(**hosts && !strchr(*hosts, ','));
}

static void check_same(const asynchttp_proxy_info *a, const asynchttp_proxy_info *b)
{
    DEMAND(asynchttp_proxy_info_type(a) == asynchttp_proxy_info_type(b));
    DEMAND(asynchttp_proxy_info_port(a) == asynchttp_proxy_info_port(b));
    DEMAND(fuzz_same(asynchttp_proxy_info_host(a), asynchttp_proxy_info_host(b)));
    DEMAND(fuzz_same(asynchttp_proxy_info_user(a), asynchttp_proxy_info_user(b)));
    DEMAND(fuzz_same(asynchttp_proxy_info_password(a), asynchttp_proxy_info_password(b)));
    const char *const *hosts = asynchttp_proxy_info_bypass_hosts(a);
    const char *const *others = asynchttp_proxy_info_bypass_hosts(b);
    DEMAND(!hosts == !others);
    for (; hosts && *hosts; hosts++, others++)
        DEMAND(fuzz_same(*hosts, *others));
    DEMAND(!others || !*others);
}

static void put_encoded(ah_buffer *url, const char *text)
{
    for (; text && *text; text++)
        DEMAND(ah_buffer_printf(url, "%%%02x", (unsigned)(unsigned char)*text));
}

/* Written as a URL, and read again: the same. */
static void check_again(const asynchttp_proxy_info *info)
{
    static const char *const schemes[] = {
        [ASYNCHTTP_PROXY_SOCKS4] = "SOCKS4", [ASYNCHTTP_PROXY_SOCKS5] = "socks", [ASYNCHTTP_PROXY_HTTP] = "http"};
    ah_buffer url = {0};
    const char *host = asynchttp_proxy_info_host(info);
    const char *password = asynchttp_proxy_info_password(info);
    int brackets = strchr(host, ':') != NULL;
    DEMAND(ah_buffer_printf(&url, "%s://", schemes[asynchttp_proxy_info_type(info)]));
    put_encoded(&url, asynchttp_proxy_info_user(info));
    DEMAND(!password || ah_buffer_append_string(&url, ":"));
    put_encoded(&url, password);
    DEMAND(ah_buffer_append_string(&url, brackets ? "@[" : "@"));
    put_encoded(&url, host);
    DEMAND(ah_buffer_printf(&url, "%s:%d/path", brackets ? "]" : "", asynchttp_proxy_info_port(info)));
    asynchttp_proxy_info *again = asynchttp_proxy_info_from_url(url.data, "https");
    DEMAND(again);
    check_same(info, again);
    asynchttp_proxy_info_free(again);
    ah_buffer_free(&url);
}

static void try_url(const char *url, const char *method, const char *host)
{
    asynchttp_proxy_info *info = asynchttp_proxy_info_from_url(url, method);
    if (!info)
        return;
    check(info);
    check_again(info);
    asynchttp_proxy_info *copy = ah_proxy_info_copy(info);
    DEMAND(copy);
    check_same(info, copy);
    DEMAND(asynchttp_proxy_info_applies_to(info, host) == asynchttp_proxy_info_applies_to(copy, host));
    asynchttp_proxy_info_free(copy);
    asynchttp_proxy_info_free(info);
}

/* ---- Bypassing --------------------------------------------------------------------------------------- */

/* What an entry says of a host, in short: its own, or one below a suffix. Only what is written the same way; the rest
 * is left to the library. */
static int certainly_covers(const char *entry, const char *host)
{
    size_t length = strlen(entry);
    size_t host_length = strlen(host);
    if (*host == '.' || *host == '[')
        return 0;
    if (*entry == '.' && host_length > length)
        return ah_same_ignoring_case(host + host_length - length, entry);
    return ah_same_ignoring_case(entry, host);
}

static void try_bypass(const char *host, const char *const *entries)
{
    asynchttp_proxy_info *info = asynchttp_proxy_info_new(ASYNCHTTP_PROXY_HTTP, "proxy", 8080);
    DEMAND(info);
    DEMAND(asynchttp_proxy_info_applies_to(info, host));
    DEMAND(asynchttp_proxy_info_set_bypass_hosts(info, entries) == ASYNCHTTP_OK);
    bool applies = asynchttp_proxy_info_applies_to(info, host);
    DEMAND(entries[0] || applies);
    for (; *entries; entries++) {
        const char *const one[] = {*entries, NULL};
        DEMAND(!applies || !certainly_covers(*entries, host));
        DEMAND(asynchttp_proxy_info_set_bypass_hosts(info, one) == ASYNCHTTP_OK);
        /* Alone, it bypasses no more than with others, but for "*". */
        DEMAND(!applies || strcmp(*one, "*") == 0 || asynchttp_proxy_info_applies_to(info, host));
    }
    asynchttp_proxy_info_free(info);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *url = fuzz_take_line(&data, &size);
    char *no_proxy = fuzz_take_line(&data, &size);
    char *host = fuzz_take_line(&data, &size);
    char *entries[MOST_ENTRIES + 1] = {0};
    const char *list[MOST_ENTRIES + 1] = {0};
    for (size_t i = 0; size && i < MOST_ENTRIES; i++)
        list[i] = entries[i] = fuzz_take_line(&data, &size);
    DEMAND(setenv("no_proxy", no_proxy, 1) == 0 && unsetenv("NO_PROXY") == 0);
    try_url(url, "http", host);
    try_url(url, "https", host);
    DEMAND(!asynchttp_proxy_info_from_url(url, "ftp"));
    try_bypass(host, list);
    for (size_t i = 0; i < MOST_ENTRIES; i++)
        free(entries[i]);
    free(url);
    free(no_proxy);
    free(host);
    return 0;
}
