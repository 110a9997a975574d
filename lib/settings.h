/*
 * The settings of an Http: an immutable snapshot. A setter makes a changed copy; a request holds the one that was
 * current when it was made.
 */
#ifndef AH_SETTINGS_H
#define AH_SETTINGS_H

#include "asynchttp.h"
#include "base/strings.h"

/* TLS versions, oldest first. */
typedef enum ah_tls_version { AH_TLS_ANY, AH_TLS_1_0, AH_TLS_1_1, AH_TLS_1_2, AH_TLS_1_3 } ah_tls_version;

/* Pointers are shared values (base/shared.h), of which every snapshot that has them holds one share. */
typedef struct ah_settings {
    /* Counted from 1: another snapshot may come to lie at the same address. */
    unsigned long long number;
    double timeout;
    double connect_timeout;
    uint64_t decode_limit_hard;
    uint64_t decode_limit_safe;
    double decode_limit_ratio;
    ah_tls_version tls_minimum;
    ah_tls_version tls_maximum;
    double heuristic_freshness;
    bool disable_ssl_certificate_validation;
    bool follow_redirects;
    bool follow_all_redirects;
    bool forward_authorization_headers;
    bool ignore_etag;
    bool force_exception_to_status_code;
    bool proxy_from_environment;
    /* Whether requests to one server may share a connection. */
    bool multiplex;
    /* One item each; NULL: not set. */
    ah_strings *ca_certs;
    ah_strings *safe_methods;
    ah_strings *optimistic_concurrency_methods;
    /* AH_CREDENTIAL_ITEMS of them each: domain (lower case, "" for any), name, password. */
    ah_strings *credentials;
    /* AH_CERTIFICATE_ITEMS of them each: domain, key file, certificate file, password or NULL. */
    ah_strings *certificates;
    /* What has worked, by server and path; shared by all snapshots until the credentials are forgotten. */
    struct ah_authorizations *authorizations;
    struct ah_redirect_codes *redirect_codes;
    /* NULL: none. */
    asynchttp_cache *cache;
    /* NULL: no proxy, or the environment's. */
    struct ah_proxy_setting *proxy;
} ah_settings;

enum { AH_CREDENTIAL_ITEMS = 3, AH_CERTIFICATE_ITEMS = 4 };

typedef struct ah_redirect_codes {
    size_t count;
    int codes[];
} ah_redirect_codes;

typedef struct ah_proxy_setting {
    asynchttp_proxy_info *info;
} ah_proxy_setting;

/* httplib2's defaults. A shared value; NULL: no memory. */
ah_settings *ah_settings_new(void);

/* A copy to change before anybody else sees it. A shared value; NULL: no memory. */
ah_settings *ah_settings_copy(const ah_settings *settings);

/* Shared values; NULL: no memory. */
ah_redirect_codes *ah_redirect_codes_new(const int *codes, size_t count);
ah_proxy_setting *ah_proxy_setting_new(const asynchttp_proxy_info *info);

/* "TLSv1_2" and the like, as Python's ssl.TLSVersion; NULL for AH_TLS_ANY. */
const char *ah_tls_version_name(ah_tls_version version);

/* The version of that name, NULL is AH_TLS_ANY. False: there is none. */
bool ah_tls_version_parse(const char *name, ah_tls_version *version);

#endif
