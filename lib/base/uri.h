/*
 * URIs (RFC 3986) and IRIs (RFC 3987): checked, normalised, taken apart, and references resolved.
 */
#ifndef AH_URI_H
#define AH_URI_H

#include "asynchttp.h"

/* An absolute http or https URI without a fragment. Parts point into one allocation. */
typedef struct ah_uri {
    /* "scheme://authority/path?query": what goes to libcurl, and what names the resource. */
    char *text;
    /* Host and, where it is not the scheme's default, ":port". */
    const char *authority;
    /* The host alone, in lower case and ASCII; an IPv6 address without its brackets. */
    const char *host;
    /* Path and query, as on the request line; points into text. */
    const char *target;
    unsigned port;
    bool https;
} ah_uri;

/*
 * Reads a URI or IRI (UTF-8). The scheme and the host are put in lower case, the host through IDNA, the scheme's
 * default port and the fragment dropped, an empty path made "/"; spaces, control characters and bytes outside ASCII
 * are percent-encoded; everything else is left as it is [httplib2.urlnorm, iri2uri].
 *
 * Returns ASYNCHTTP_OK; ASYNCHTTP_E_RELATIVE_URI without a scheme or a host; ASYNCHTTP_E_INVALID_ARGUMENT;
 * ASYNCHTTP_E_NO_MEMORY. But for the first, *uri is left empty and *why says in a constant string what is wrong.
 */
asynchttp_code ah_uri_parse(ah_uri *uri, const char *text, const char **why);

/* Resolves a reference against a base (RFC 3986 section 5.2, strict); otherwise as ah_uri_parse(). */
asynchttp_code ah_uri_resolve(ah_uri *uri, const ah_uri *base, const char *reference, const char **why);

/* How much of the text may be shown in a log: all before the query, which may hold a key. */
int ah_uri_shown(const ah_uri *uri);

/* Whether both have the same scheme, host and port (RFC 9110 section 4.3.1). */
bool ah_uri_same_origin(const ah_uri *a, const ah_uri *b);

/* Whether that is the URI's host, in any case, with its port; the scheme's default port may be left out. */
bool ah_uri_has_authority(const ah_uri *uri, const char *authority);

/* Frees what the URI holds; an empty one (all zero) holds nothing. */
void ah_uri_clear(ah_uri *uri);

#endif
