#include "settings.h"

#include <stdatomic.h>
#include <string.h>

#include "base/shared.h"
#include "proxy.h"

static void destroy(void *value)
{
    ah_settings *settings = value;
    ah_shared_release(settings->ca_certs);
    ah_shared_release(settings->safe_methods);
    ah_shared_release(settings->optimistic_concurrency_methods);
    ah_shared_release(settings->credentials);
    ah_shared_release(settings->certificates);
    ah_shared_release(settings->authorizations);
    ah_shared_release(settings->redirect_codes);
    asynchttp_cache_free(settings->cache);
    ah_shared_release(settings->proxy);
}

ah_redirect_codes *ah_redirect_codes_new(const int *codes, size_t count)
{
    ah_redirect_codes *made = ah_shared_new(sizeof(*made) + count * sizeof(codes[0]), NULL);
    if (!made)
        return NULL;
    made->count = count;
    if (count)
        memcpy(made->codes, codes, count * sizeof(codes[0]));
    return made;
}

static void destroy_proxy(void *value)
{
    ah_proxy_setting *proxy = value;
    asynchttp_proxy_info_free(proxy->info);
}

ah_proxy_setting *ah_proxy_setting_new(const asynchttp_proxy_info *info)
{
    ah_proxy_setting *made = ah_shared_new(sizeof(*made), destroy_proxy);
    if (!made)
        return NULL;
    made->info = ah_proxy_info_copy(info);
    if (made->info)
        return made;
    ah_shared_release(made);
    return NULL;
}

static bool set_lists(ah_settings *settings)
{
    static const char *const safe[] = {"GET", "HEAD", "OPTIONS", "TRACE"};
    static const char *const optimistic[] = {"PUT", "PATCH"};
    static const int redirects[] = {300, 301, 302, 303, 307, 308};
    settings->safe_methods = ah_strings_new(NULL, safe, 4);
    settings->optimistic_concurrency_methods = ah_strings_new(NULL, optimistic, 2);
    settings->redirect_codes = ah_redirect_codes_new(redirects, 6);
    return settings->safe_methods && settings->optimistic_concurrency_methods && settings->redirect_codes;
}

static unsigned long long next_number(void)
{
    static atomic_ullong count;
    return atomic_fetch_add_explicit(&count, 1, memory_order_relaxed) + 1;
}

ah_settings *ah_settings_new(void)
{
    ah_settings *settings = ah_shared_new(sizeof(*settings), destroy);
    if (!settings)
        return NULL;
    settings->number = next_number();
    settings->connect_timeout = 60;
    settings->decode_limit_hard = (uint64_t)10 << 30;
    settings->decode_limit_safe = (uint64_t)10 << 20;
    settings->decode_limit_ratio = 100;
    settings->tls_minimum = AH_TLS_1_2;
    settings->follow_redirects = true;
    settings->proxy_from_environment = true;
    if (!set_lists(settings)) {
        ah_shared_release(settings);
        return NULL;
    }
    return settings;
}

ah_settings *ah_settings_copy(const ah_settings *settings)
{
    ah_settings *copy = ah_shared_new(sizeof(*copy), destroy);
    if (!copy)
        return NULL;
    *copy = *settings;
    copy->number = next_number();
    ah_shared_hold(copy->ca_certs);
    ah_shared_hold(copy->safe_methods);
    ah_shared_hold(copy->optimistic_concurrency_methods);
    ah_shared_hold(copy->credentials);
    ah_shared_hold(copy->certificates);
    ah_shared_hold(copy->authorizations);
    ah_shared_hold(copy->redirect_codes);
    ah_shared_hold(copy->cache);
    ah_shared_hold(copy->proxy);
    return copy;
}

static const char *const tls_names[] = {NULL, "TLSv1", "TLSv1_1", "TLSv1_2", "TLSv1_3"};

const char *ah_tls_version_name(ah_tls_version version)
{
    return tls_names[version];
}

bool ah_tls_version_parse(const char *name, ah_tls_version *version)
{
    *version = AH_TLS_ANY;
    if (!name)
        return true;
    for (int i = AH_TLS_1_0; i <= AH_TLS_1_3; i++) {
        if (strcmp(name, tls_names[i]) == 0)
            *version = (ah_tls_version)i;
    }
    return *version != AH_TLS_ANY;
}
