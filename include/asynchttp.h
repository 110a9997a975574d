/*
 * asynchttp: an asynchronous HTTP client for C, in the manner of Python's httplib2.
 *
 * A program makes an asynchttp_http object and calls asynchttp_http_request(), which returns at once with a promise.
 * Worker threads carry the requests out in the background; reading the response or the content from the promise blocks
 * only if it must. Errors happen in the background as well, are kept in the promise and are returned by whatever
 * function reads it.
 *
 *     Version ........ what was compiled against, what is linked
 *     Errors ......... asynchttp_code
 *     Http ........... the client object, its life
 *     Cache .......... stored responses, which clients share
 *     Settings ....... what counts for requests made afterwards
 *     Requests ....... asynchttp_request and asynchttp_http_request()
 *     Promises ....... waiting, the outcome, cancelling
 *     Several ........ waiting for one or all of many promises
 *     Responses ...... status, header fields
 *     Proxies ........ asynchttp_proxy_info
 *     Log ............ what goes on inside
 *
 * Unless a comment says otherwise: every function may be called from any thread at any time, strings are
 * zero-terminated, strings that go in are copied, pointers that come out belong to the object they came from, and a
 * _free function accepts NULL. Other pointers must not be NULL, save where NULL is given a meaning.
 *
 * Sources named in the comments: RFC 9110 (HTTP semantics), RFC 9111 (HTTP caching) with RFC 5861 and 8246, RFC 3986
 * and 3987 (URI, IRI), and httplib2 0.32, whose names this library keeps.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ASYNCHTTP_H
#define ASYNCHTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__) || defined(__clang__)
#define ASYNCHTTP_EXTERN __attribute__((visibility("default")))
#else
#define ASYNCHTTP_EXTERN
#endif

/* ---- Version ------------------------------------------------------------------------------- */

/* The version of this header, "MAJOR.MINOR.PATCH". */
#define ASYNCHTTP_VERSION "0.1.0"

/* The version of the library that the program runs with: a constant string, never freed. */
ASYNCHTTP_EXTERN const char *asynchttp_version(void);

/* ---- Errors -------------------------------------------------------------------------------- */

/*
 * Every code, its number and what asynchttp_strerror() says of it. Numbers are never changed, and
 * new codes are added at the end. In brackets: what httplib2, or Python's socket and ssl modules,
 * raise in its place.
 */
/* clang-format off */
#define ASYNCHTTP_CODES(X)                                                                          \
    X(OK, 0, "No error")                                                                            \
    /* This library's own. */                                                                       \
    X(E_PENDING, 1, "Not done yet")                                                                 \
    X(E_CANCELLED, 2, "The request was cancelled")                                                  \
    X(E_CALLBACK, 3, "A callback returned an error")                                                \
    X(E_INVALID_ARGUMENT, 4, "Invalid argument")                                                    \
    X(E_NO_MEMORY, 5, "Out of memory, or of another resource of the system")                        \
    X(E_CACHE, 6, "The cache failed")                                                               \
    /* The network's [socket.timeout, ConnectionRefusedError, ConnectionError,                      \
     * http.client.HTTPException, ssl.SSLError, ssl.SSLCertVerificationError, socks.ProxyError]. */ \
    X(E_TIMEOUT, 7, "Timed out")                                                                    \
    X(E_CONNECTION_REFUSED, 8, "Could not connect to the server")                                   \
    X(E_CONNECTION_LOST, 9, "The connection was lost before the response was complete")             \
    X(E_BAD_RESPONSE, 10, "The server's answer is not HTTP")                                        \
    X(E_TLS, 11, "TLS failed")                                                                      \
    X(E_CERTIFICATE, 12, "A certificate is not valid or not usable")                                \
    X(E_PROXY, 13, "Refused by the proxy")                                                          \
    /* httplib2's [RelativeURIError, ServerNotFoundError, RedirectMissingLocation, ...]. */         \
    X(E_RELATIVE_URI, 14, "Only absolute URIs are allowed")                                         \
    X(E_SERVER_NOT_FOUND, 15, "Unable to find the server")                                          \
    X(E_REDIRECT_MISSING_LOCATION, 16, "Redirected but the response is missing a Location: header") \
    X(E_REDIRECT_LIMIT, 17, "Redirected more times than redirection_limit allows")                  \
    X(E_FAILED_TO_DECOMPRESS_CONTENT, 18, "Content purported to be compressed failed to decompress") \
    X(E_UNIMPLEMENTED_DIGEST_AUTH_OPTION, 19, "Unsupported value in a Digest challenge")            \
    X(E_MALFORMED_HEADER, 20, "A header field is malformed")                                        \
    X(E_PROXIES_UNAVAILABLE, 21, "Proxy support is missing but a proxy was asked for")              \
    X(E_DECODE_LIMIT, 22, "The decoded content exceeds the hard limit")                             \
    X(E_DECODE_RATIO, 23, "The content decodes to suspiciously many times its size")
/* clang-format on */

typedef enum asynchttp_code {
#define ASYNCHTTP_CODE_ENUMERATOR(name, number, text) ASYNCHTTP_##name = number,
    ASYNCHTTP_CODES(ASYNCHTTP_CODE_ENUMERATOR)
#undef ASYNCHTTP_CODE_ENUMERATOR
    /* Keeps the type an int wide and the number of codes open. */
    ASYNCHTTP_CODE_MAX = 0x7fffffff
} asynchttp_code;

/* What a code means, in English, as in the table above: a constant string, never NULL and never
 * freed, for unknown codes too. */
ASYNCHTTP_EXTERN const char *asynchttp_strerror(asynchttp_code code);

/* The code's own name, "ASYNCHTTP_E_TIMEOUT": a constant string, never NULL and never freed. */
ASYNCHTTP_EXTERN const char *asynchttp_code_name(asynchttp_code code);

/* ---- Http ---------------------------------------------------------------------------------- */

/* The client: settings, a queue of requests, and the workers that carry them out [httplib2.Http]. */
typedef struct asynchttp_http asynchttp_http;
/* What a request gives: its outcome, now or later. */
typedef struct asynchttp_promise asynchttp_promise;
/* Status and header fields of an answer [httplib2.Response]. */
typedef struct asynchttp_response asynchttp_response;
/* How to reach a proxy [httplib2.ProxyInfo]. */
typedef struct asynchttp_proxy_info asynchttp_proxy_info;
/* Where responses are stored to be used again [httplib2.FileCache]. */
typedef struct asynchttp_cache asynchttp_cache;

/*
 * Makes a client [httplib2.Http(cache)]. No thread is started before the first request.
 *
 * cache_directory: where responses are stored, as by asynchttp_cache_sqlite(); NULL or "": nowhere, and every
 * request goes to the network. A relative one is relative to the current directory of the moment. It is
 * made when the first request needs it; a cache that cannot be used is logged and done without.
 *
 * Returns the client, to be freed with asynchttp_http_free(); NULL if there is no memory, or libcurl cannot be used.
 *
 * fork(): the parent goes on undisturbed. In the child, a client from before the fork is unusable:
 * requests give a promise that is done, without a callback, with ASYNCHTTP_E_INVALID_ARGUMENT; its other
 * functions return that as well. A promise from before the fork can be read if it was done by then, and
 * else gives ASYNCHTTP_E_INVALID_ARGUMENT at once. The _free functions do nothing with either. A child may
 * make a client of its own.
 *
 * Memory of promises and of what they hold is kept for the next ones while there is a client. With ASYNCHTTP_POOL=0 in
 * the environment, read once, when the first client is made at the latest, all of it is malloc()'s, for valgrind and
 * the like.
 */
ASYNCHTTP_EXTERN asynchttp_http *asynchttp_http_new(const char *cache_directory);

/*
 * Frees the client: what is queued or under way ends with ASYNCHTTP_E_CANCELLED (its callbacks run
 * first), and the workers are joined. Promises outlive it and stay readable. No other thread may use
 * the client at the same time or after it.
 *
 * From a callback of the same client it does not wait: the workers leave as soon as they have
 * cancelled what they have. From a callback of another client it does: two callbacks that free each
 * other's client wait for ever.
 */
ASYNCHTTP_EXTERN void asynchttp_http_free(asynchttp_http *http);

/*
 * Waits for the requests that were made before the call, then closes the connections, ends the
 * workers, and forgets credentials and certificates [Http.close]. The client can be used again after
 * it, and even during it: requests made meanwhile, by a callback or another thread, go out as usual,
 * without the credentials, and are not waited for.
 *
 * Returns ASYNCHTTP_OK; ASYNCHTTP_E_PENDING if it was called from a callback of the same client, where
 * it does not wait: the connections are closed as soon as the requests are done;
 * ASYNCHTTP_E_NO_MEMORY: nothing was done.
 */
ASYNCHTTP_EXTERN asynchttp_code asynchttp_http_close(asynchttp_http *http);

/* ---- Cache --------------------------------------------------------------------------------- */

/*
 * A private cache by RFC 9111: responses are stored as they come and used again as long as they may be, by all clients
 * that have the cache, in any number of threads and processes. It never breaks a request: what goes wrong with it is
 * logged, and the network is used.
 *
 * Functions on a cache return ASYNCHTTP_OK, ASYNCHTTP_E_CACHE if it failed, ASYNCHTTP_E_INVALID_ARGUMENT or
 * ASYNCHTTP_E_NO_MEMORY. They touch the disk, or whatever the cache is made of, at once. In a child process after a
 * fork a cache from before it is unusable, as a client is.
 */

/*
 * A cache in SQLite: the file cache.sqlite3 in a directory, which is made, with its parents, when it is first needed
 * and not there. Any number of processes may share it. A file that is damaged, or that was made by something else or by
 * a newer version of the library, is set aside.
 *
 * max_bytes: how much it may hold, heads and content together; what was not used for the longest time goes first; 0:
 * 256 MiB. max_entry_bytes: the largest response that is stored; 0: an eighth of max_bytes, at least 1 MiB and never
 * more than max_bytes or 1 GiB.
 *
 * Returns the cache, to be let go of with asynchttp_cache_free(); NULL: no memory, or directory is NULL or empty.
 */
ASYNCHTTP_EXTERN asynchttp_cache *asynchttp_cache_sqlite(const char *directory, uint64_t max_bytes,
                                                         uint64_t max_entry_bytes);

/*
 * What a cache of the program's own is made of, a Redis or a memcached client, say [Http(cache=object)]. Called from
 * several threads at once, without any lock held; they may block, which holds up the worker. Keys are of at most 250
 * bytes, printable ASCII without spaces; values of at most 1,000,000 bytes, of any kind. A value that comes back
 * damaged is not used. All but free must be there.
 *
 * Programs on any number of machines may share what is behind the methods. What is behind them must evict by itself, or
 * give values a lifetime, as memcached does, and Redis when it is told to: the library deletes what it has replaced,
 * but not what a program has left behind that was killed, or that stored something for a URI together with another one.
 */
typedef struct asynchttp_cache_methods {
    /* 0: found, and *value is memory from malloc() that the library frees; 1: not there; -1: failed. */
    int (*get)(void *context, const char *key, void **value, size_t *length);
    /* 0: done, -1: failed. It may forget any value at any time. */
    int (*set)(void *context, const char *key, const void *value, size_t length);
    /* 0: it is not there any more, -1: failed. */
#ifdef __cplusplus
    int (*delete_)(void *context, const char *key);
#else
    int (*delete)(void *context, const char *key);
#endif
    /* No call is under way and none will follow. May be NULL. */
    void (*free)(void *context);
} asynchttp_cache_methods;

/* A cache made of these methods, which are copied, called with context. Such a cache cannot be walked through or
 * cleared. NULL: no memory, or a method is missing; methods->free was not called then. */
ASYNCHTTP_EXTERN asynchttp_cache *asynchttp_cache_new(const asynchttp_cache_methods *methods, void *context);

/* Lets go of the cache; it goes when every client that has it has been freed, too. */
ASYNCHTTP_EXTERN void asynchttp_cache_free(asynchttp_cache *cache);

/* Removes all that is stored. ASYNCHTTP_E_INVALID_ARGUMENT: this cache is made of the program's own methods. */
ASYNCHTTP_EXTERN asynchttp_code asynchttp_cache_clear(asynchttp_cache *cache);

/* Removes what is stored for a URI, all variants of it. ASYNCHTTP_OK also if there was nothing;
 * ASYNCHTTP_E_RELATIVE_URI, ASYNCHTTP_E_INVALID_ARGUMENT: it is no URI that could be requested. */
ASYNCHTTP_EXTERN asynchttp_code asynchttp_cache_remove(asynchttp_cache *cache, const char *uri);

/* A stored response, as asynchttp_cache_each() shows it. Strings are valid during the call. Times are seconds since
 * 1970. */
typedef struct asynchttp_cache_entry {
    const char *uri;
    const char *method;
    /* The request's fields that chose this variant (RFC 9111 section 4.1), a line "name: value" for each; "": there is
     * only one. */
    const char *variant;
    int status;
    /* When it was asked for and when it came, or was last validated. */
    double requested;
    double received;
    /* Until when it is fresh; 0: it must always be validated. */
    double fresh_until;
    /* When it was last used, and how often; may lag behind by some seconds. */
    double used;
    uint64_t hits;
    /* Bytes of content that are there, and what the entry counts for in max_bytes. */
    uint64_t content_bytes;
    uint64_t bytes;
    /* Only a part of the content is there (RFC 9111 section 3.3). */
    bool partial;
} asynchttp_cache_entry;

/* Other than 0 ends the walk. */
typedef int asynchttp_cache_visitor(const asynchttp_cache_entry *entry, void *data);

/* Walks over all that is stored, in no certain order. What is stored or removed meanwhile may be missed or shown. The
 * visitor may use the cache. ASYNCHTTP_E_CALLBACK: it ended the walk; ASYNCHTTP_E_INVALID_ARGUMENT: this cache is made
 * of the program's own methods. */
ASYNCHTTP_EXTERN asynchttp_code asynchttp_cache_each(asynchttp_cache *cache, asynchttp_cache_visitor *visitor,
                                                     void *data);

typedef struct asynchttp_cache_statistics {
    /* sizeof(asynchttp_cache_statistics) as the program knows it: members are only ever added at the end. */
    size_t size;
    /* Since this cache object was made: GETs and HEADs answered from the cache without asking, answered by the network,
     * and answered from the cache since the server said that it may be; responses stored. */
    uint64_t hits;
    uint64_t misses;
    uint64_t revalidations;
    uint64_t stores;
    /* Entries removed, by this object, to make room. */
    uint64_t evictions;
    /* What is stored now, by whomever; 0 where that is not known. */
    uint64_t entries;
    uint64_t bytes;
} asynchttp_cache_statistics;

/* statistics->size must be set. */
ASYNCHTTP_EXTERN asynchttp_code asynchttp_cache_stats(asynchttp_cache *cache, asynchttp_cache_statistics *statistics);

/* ---- Settings ------------------------------------------------------------------------------ */

/*
 * A change counts for requests that are made after it: each request takes a snapshot.
 *
 * Setters return ASYNCHTTP_OK; ASYNCHTTP_E_INVALID_ARGUMENT for a bad value and ASYNCHTTP_E_NO_MEMORY,
 * both of which leave the old value. Getters of pointers return what belongs to the client: valid
 * until the same setting is set again or the client is freed.
 */

/* The most worker threads at once, from 1 to 10,000; 5 by default [asynchttp.Http(max_workers)].
 * Takes effect at once: more start if work waits, and surplus ones leave as their work ends. While as
 * many as there are processors are busy without waiting for anything, others leave what waits to them.
 * Besides, for a while there is a thread for a cache that is written to, and one for a large body that comes fast, for
 * which it obtains the memory; of the latter there are fewer than there are processors. */
ASYNCHTTP_EXTERN asynchttp_code asynchttp_http_set_max_workers(asynchttp_http *http, unsigned max_workers);
ASYNCHTTP_EXTERN unsigned asynchttp_http_max_workers(asynchttp_http *http);

/* The most requests that one worker has in flight at once, from 1 to 100,000; 1 by default. With more
 * than one, requests to one HTTP/2 server share a connection. Takes effect at once. */
ASYNCHTTP_EXTERN asynchttp_code asynchttp_http_set_transfers_per_worker(asynchttp_http *http, unsigned transfers);
ASYNCHTTP_EXTERN unsigned asynchttp_http_transfers_per_worker(asynchttp_http *http);

/* How many seconds a worker stays, with its connections open, once it has nothing to do; 0 or more,
 * 30 by default. Takes effect the next time a worker falls idle. */
ASYNCHTTP_EXTERN asynchttp_code asynchttp_http_set_worker_idle_timeout(asynchttp_http *http, double seconds);
ASYNCHTTP_EXTERN double asynchttp_http_worker_idle_timeout(asynchttp_http *http);

/* How many seconds the server may be silent, as a timeout of a socket: it bounds each wait for the
 * connection, for a byte to arrive or for one to leave, not the whole. 0, the default: no limit
 * [Http(timeout)]. Ends in ASYNCHTTP_E_TIMEOUT. The time that a request waits in the queue does not
 * count. */
ASYNCHTTP_EXTERN asynchttp_code asynchttp_http_set_timeout(asynchttp_http *http, double seconds);
ASYNCHTTP_EXTERN double asynchttp_http_timeout(asynchttp_http *http);

/* How many seconds it may take to be connected, name resolution, proxy and TLS included; above 0, 60
 * by default. A shorter timeout bounds it too. Ends in ASYNCHTTP_E_TIMEOUT. */
ASYNCHTTP_EXTERN asynchttp_code asynchttp_http_set_connect_timeout(asynchttp_http *http, double seconds);
ASYNCHTTP_EXTERN double asynchttp_http_connect_timeout(asynchttp_http *http);

/* The proxy that requests go through; copied; NULL: none, not even one named in the environment
 * [Http(proxy_info)]. The getter returns NULL unless a proxy was set. */
ASYNCHTTP_EXTERN asynchttp_code asynchttp_http_set_proxy_info(asynchttp_http *http, const asynchttp_proxy_info *info);
ASYNCHTTP_EXTERN const asynchttp_proxy_info *asynchttp_http_proxy_info(asynchttp_http *http);

/* Takes the proxy from the environment, read anew for each request, by the thread that makes it, as
 * asynchttp_proxy_info_from_environment() does. A variable that names no proxy to be made sense of is an error of the
 * request, ASYNCHTTP_E_INVALID_ARGUMENT. The default. */
ASYNCHTTP_EXTERN asynchttp_code asynchttp_http_set_proxy_from_environment(asynchttp_http *http);
ASYNCHTTP_EXTERN bool asynchttp_http_proxy_from_environment(asynchttp_http *http);

/* A file of certificate authorities (PEM) that servers are checked against; NULL: libcurl's. The default is the file
 * that the environment variable HTTPLIB2_CA_CERTS named when the client was made, else NULL [Http(ca_certs)]. A file
 * that cannot be read is an error of the request (ASYNCHTTP_E_CERTIFICATE). */
ASYNCHTTP_EXTERN asynchttp_code asynchttp_http_set_ca_certs(asynchttp_http *http, const char *path);
ASYNCHTTP_EXTERN const char *asynchttp_http_ca_certs(asynchttp_http *http);

/* true: any server is taken for what it says it is, which protects against nobody; false by default. */
ASYNCHTTP_EXTERN asynchttp_code asynchttp_http_set_disable_ssl_certificate_validation(asynchttp_http *http,
                                                                                      bool disable);
ASYNCHTTP_EXTERN bool asynchttp_http_disable_ssl_certificate_validation(asynchttp_http *http);

/* The oldest and the newest TLS version to speak: "TLSv1", "TLSv1_1", "TLSv1_2" or "TLSv1_3", the names of
 * Python's ssl.TLSVersion. NULL, the default: "TLSv1_2" and the newest there is; the getters then give
 * "TLSv1_2" and NULL. A minimum above the maximum is a bad value. */
ASYNCHTTP_EXTERN asynchttp_code asynchttp_http_set_tls_minimum_version(asynchttp_http *http, const char *version);
ASYNCHTTP_EXTERN const char *asynchttp_http_tls_minimum_version(asynchttp_http *http);
ASYNCHTTP_EXTERN asynchttp_code asynchttp_http_set_tls_maximum_version(asynchttp_http *http, const char *version);
ASYNCHTTP_EXTERN const char *asynchttp_http_tls_maximum_version(asynchttp_http *http);

/*
 * How large compressed content may become [decode_limit_hard, _safe, _ratio]: never more than hard bytes
 * (10 GiB by default; ASYNCHTTP_E_DECODE_LIMIT), and once it is larger than safe bytes (10 MiB) no more
 * than ratio times (100) what came over the wire (ASYNCHTTP_E_DECODE_RATIO). A hard limit or a ratio of 0 is
 * none; safe bytes of 0 have the ratio count from the first byte. Counted while the content arrives. A ratio is
 * 0 or more.
 */
ASYNCHTTP_EXTERN asynchttp_code asynchttp_http_set_decode_limit_hard(asynchttp_http *http, uint64_t bytes);
ASYNCHTTP_EXTERN uint64_t asynchttp_http_decode_limit_hard(asynchttp_http *http);
ASYNCHTTP_EXTERN asynchttp_code asynchttp_http_set_decode_limit_safe(asynchttp_http *http, uint64_t bytes);
ASYNCHTTP_EXTERN uint64_t asynchttp_http_decode_limit_safe(asynchttp_http *http);
ASYNCHTTP_EXTERN asynchttp_code asynchttp_http_set_decode_limit_ratio(asynchttp_http *http, double ratio);
ASYNCHTTP_EXTERN double asynchttp_http_decode_limit_ratio(asynchttp_http *http);

/* Whether redirects are followed; true by default [Http.follow_redirects]: those of the safe methods, and
 * for any method 303 and 308. After 302 and 303 the method is GET, without a body. */
ASYNCHTTP_EXTERN asynchttp_code asynchttp_http_set_follow_redirects(asynchttp_http *http, bool follow);
ASYNCHTTP_EXTERN bool asynchttp_http_follow_redirects(asynchttp_http *http);

/* Whether redirects are followed for unsafe methods too; false by default [Http.follow_all_redirects]. */
ASYNCHTTP_EXTERN asynchttp_code asynchttp_http_set_follow_all_redirects(asynchttp_http *http, bool follow);
ASYNCHTTP_EXTERN bool asynchttp_http_follow_all_redirects(asynchttp_http *http);

/* Whether the caller's Authorization goes along when a request is redirected, and Cookie when that leads to another
 * origin; false by default [Http.forward_authorization_headers]. */
ASYNCHTTP_EXTERN asynchttp_code asynchttp_http_set_forward_authorization_headers(asynchttp_http *http, bool forward);
ASYNCHTTP_EXTERN bool asynchttp_http_forward_authorization_headers(asynchttp_http *http);

/* The cache that responses are stored in and answered from; the client keeps its own hold of it. NULL: none. The getter
 * returns what belongs to the client [Http(cache=object), Http.cache]. */
ASYNCHTTP_EXTERN asynchttp_code asynchttp_http_set_cache(asynchttp_http *http, asynchttp_cache *cache);
ASYNCHTTP_EXTERN asynchttp_cache *asynchttp_http_cache(asynchttp_http *http);

/* For how long a response without a lifetime of its own is fresh: this fraction of the time since it was last modified
 * (RFC 9111 section 4.2.2), at most a week. From 0 to 1; 0, the default: not at all, as in httplib2; 0.1 is what
 * browsers use. */
ASYNCHTTP_EXTERN asynchttp_code asynchttp_http_set_heuristic_freshness(asynchttp_http *http, double fraction);
ASYNCHTTP_EXTERN double asynchttp_http_heuristic_freshness(asynchttp_http *http);

/* Whether entity tags of the cache are left alone: neither If-Match nor If-None-Match is made of them; false by default
 * [Http.ignore_etag]. */
ASYNCHTTP_EXTERN asynchttp_code asynchttp_http_set_ignore_etag(asynchttp_http *http, bool ignore);
ASYNCHTTP_EXTERN bool asynchttp_http_ignore_etag(asynchttp_http *http);

/* Whether an error becomes a response: status 408 for a timeout, 500 for an error that carries a
 * response, 400 for the rest; false by default [Http.force_exception_to_status_code]. */
ASYNCHTTP_EXTERN asynchttp_code asynchttp_http_set_force_exception_to_status_code(asynchttp_http *http, bool force);
ASYNCHTTP_EXTERN bool asynchttp_http_force_exception_to_status_code(asynchttp_http *http);

/* The status codes, each from 300 to 399, that are redirects; 300, 301, 302, 303, 307 and 308 by default
 * [Http.redirect_codes]. codes may be NULL if count is 0. The getter writes how many there are to *count, unless
 * that is NULL. */
ASYNCHTTP_EXTERN asynchttp_code asynchttp_http_set_redirect_codes(asynchttp_http *http, const int *codes, size_t count);
ASYNCHTTP_EXTERN const int *asynchttp_http_redirect_codes(asynchttp_http *http, size_t *count);

/* The methods whose redirects are followed, and that leave alone what is stored, NULL at the end; "GET", "HEAD",
 * "OPTIONS" and "TRACE" by default [Http.safe_methods]. */
ASYNCHTTP_EXTERN asynchttp_code asynchttp_http_set_safe_methods(asynchttp_http *http, const char *const *methods);
ASYNCHTTP_EXTERN const char *const *asynchttp_http_safe_methods(asynchttp_http *http);

/* The methods that get an If-Match from the cache, NULL at the end; "PUT" and "PATCH" by default
 * [Http.optimistic_concurrency_methods]. */
ASYNCHTTP_EXTERN asynchttp_code asynchttp_http_set_optimistic_concurrency_methods(asynchttp_http *http,
                                                                                  const char *const *methods);
ASYNCHTTP_EXTERN const char *const *asynchttp_http_optimistic_concurrency_methods(asynchttp_http *http);

/* Adds a name and password, for servers that ask for them (401): by Digest (RFC 7616), WSSE or Basic (RFC 7617), the
 * strongest that a server offers first. domain: the one host, with its port unless that is the scheme's default, that
 * they are for; NULL or "": any. Several may be added, and are tried in that order. What worked is sent from the start
 * to the same origin at and below the same path, by all workers. A request that brings its own Authorization is left
 * alone [Http.add_credentials]. ASYNCHTTP_E_INVALID_ARGUMENT: a control character. */
ASYNCHTTP_EXTERN asynchttp_code asynchttp_http_add_credentials(asynchttp_http *http, const char *name,
                                                               const char *password, const char *domain);

/* Adds a client certificate: the PEM files of the private key and of the certificate, the one host that
 * they are for (NULL or "": any) and the password of the key (NULL: none) [Http.add_certificate]. The
 * files are read when a connection is made; unusable ones give ASYNCHTTP_E_CERTIFICATE. */
ASYNCHTTP_EXTERN asynchttp_code asynchttp_http_add_certificate(asynchttp_http *http, const char *key, const char *cert,
                                                               const char *domain, const char *password);

/* Forgets all names and passwords, and the authorizations that came of them [Http.clear_credentials]. Requests that
 * were made before still have them. */
ASYNCHTTP_EXTERN asynchttp_code asynchttp_http_clear_credentials(asynchttp_http *http);

/* ---- Requests ------------------------------------------------------------------------------ */

/*
 * The callbacks of a request run on a worker, one at a time for one request, without any lock held. (Should the system
 * have no thread for any worker, they run with ASYNCHTTP_E_NO_MEMORY on the thread that found that out by making a
 * request.) They may call every function of this library, make requests and free their own promise among them; but a
 * worker that waited for other work could wait for ever, so in a callback no promise is waited for: reading another
 * promise that is not done gives ASYNCHTTP_E_PENDING at once, and so do the waits. Reading the callback's own promise
 * gives what there is of it so far. Other than 0 ends the request with ASYNCHTTP_E_CALLBACK. A callback holds up the
 * other requests in flight on the same worker.
 */

/* The request has ended, well or badly; runs once, before the promise is done for other threads
 * [asynchttp.Http.request(callback)]. Other than 0 makes ASYNCHTTP_E_CALLBACK of a success; an earlier
 * error stays. */
typedef int asynchttp_callback(asynchttp_promise *promise, void *callback_data);

/* A piece of the final response's content, decoded; data is valid during the call. The promise's
 * response can be read in it. The content is not kept in the promise. */
typedef int asynchttp_data_callback(asynchttp_promise *promise, const void *data, size_t length, void *callback_data);

/* Wants the body from offset on: put at most size bytes into buffer and their number into *length; 0: there
 * is no more. Offset counts on from 0 and goes back to 0 when the request must be sent again. */
typedef int asynchttp_read_callback(asynchttp_promise *promise, uint64_t offset, void *buffer, size_t size,
                                    size_t *length, void *callback_data);

/* Bytes of bodies sent and received so far, on the wire (before decoding), and how many there will be, 0 if
 * unknown; called as they change, and about once a second. */
typedef int asynchttp_progress_callback(asynchttp_promise *promise, uint64_t sent, uint64_t to_send, uint64_t received,
                                        uint64_t to_receive, void *callback_data);

/* An interim response (RFC 9110 section 15.2) has come, 103 (Early Hints) say, before the one that answers: its status
 * and header fields, valid during the call. One that the cache answers has none. */
typedef int asynchttp_interim_callback(asynchttp_promise *promise, const asynchttp_response *interim,
                                       void *callback_data);

/* For asynchttp_request.redirections: a redirect is then ASYNCHTTP_E_REDIRECT_LIMIT. */
#define ASYNCHTTP_NO_REDIRECTIONS (-1)

/* The keyword arguments of a request, made by ASYNCHTTP_REQUEST() or from ASYNCHTTP_REQUEST_INIT. All but size are
 * optional: zero means the default. All of it is copied, so it may be gone when the call returns. */
typedef struct asynchttp_request {
    /* sizeof(asynchttp_request) as the program knows it, which the two macros set: members are only ever added at the
     * end. */
    size_t size;
    /* Any method but CONNECT, in its own case; NULL: "GET". */
    const char *method;
    /* The content to send; NULL: none. Not together with on_read. */
    const void *body;
    /* Bytes in body; 0: it is a string. With on_read: how many it will give; 0: chunked (HTTP/1.1). */
    size_t body_length;
    /* Name, value, ..., NULL. A name that comes twice is sent twice. Names are sent in lower case, values
     * without the white space around them. Content-Length and Transfer-Encoding follow from the body: a
     * different one is refused. */
    const char *const *headers;
    /* How many redirects may be followed; 0: 5; ASYNCHTTP_NO_REDIRECTIONS: none; no other number below 0. */
    int redirections;
    asynchttp_callback *callback;
    /* Given to all callbacks. */
    void *callback_data;
    /* As asynchttp_http_set_timeout(), for this request; 0: the client's; INFINITY: none. */
    double timeout;
    asynchttp_data_callback *on_data;
    asynchttp_read_callback *on_read;
    asynchttp_progress_callback *on_progress;
    asynchttp_interim_callback *on_interim;
} asynchttp_request;

/* A struct with every member at its default: asynchttp_request request = ASYNCHTTP_REQUEST_INIT; */
#define ASYNCHTTP_REQUEST_INIT                                                                                         \
    {                                                                                                                  \
        sizeof(asynchttp_request), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0                                                  \
    }

#ifndef __cplusplus
/* A pointer to a request with these members: ASYNCHTTP_REQUEST(.method = "PUT", .body = "text"). It lives as
 * long as the block around it. */
#define ASYNCHTTP_REQUEST(...) (&(const asynchttp_request){.size = sizeof(asynchttp_request), __VA_ARGS__})
#endif

/*
 * Makes a request and returns at once, without touching the network or the disk [Http.request].
 *
 * uri: absolute, http or https. It may be an IRI in UTF-8: its host is converted by IDNA, and spaces, control
 * characters and non-ASCII are percent-encoded. Names and passwords in it are refused: see
 * asynchttp_http_add_credentials(). Its fragment is not sent. request: NULL for a plain GET.
 *
 * Returns a promise, to be freed with asynchttp_promise_free(). Bad arguments give a promise too, one that
 * holds the error (ASYNCHTTP_E_RELATIVE_URI, ASYNCHTTP_E_INVALID_ARGUMENT): done at once if it has no
 * callback, else as soon as a worker has run that. NULL: there is no memory or no thread for it, or the client
 * is being freed (which only a callback can see); then no callback is called.
 *
 * It is a macro, so that error messages and the log name the line of the program that made the request. A
 * function of the same name, which does not, is exported for bindings.
 */
ASYNCHTTP_EXTERN asynchttp_promise *asynchttp_http_request(asynchttp_http *http, const char *uri,
                                                           const asynchttp_request *request);

/* As asynchttp_http_request(); file: where the request was made, a string that stays valid as long as the
 * promise, as __FILE__ does; NULL: unknown. line: its line. */
ASYNCHTTP_EXTERN asynchttp_promise *asynchttp_http_request_at(asynchttp_http *http, const char *uri,
                                                              const asynchttp_request *request, const char *file,
                                                              int line);

#define asynchttp_http_request(http, uri, request) asynchttp_http_request_at(http, uri, request, __FILE__, __LINE__)

/* ---- Promises ------------------------------------------------------------------------------ */

/*
 * Functions that block return the request's error, each time they are called. After an error that httplib2
 * raises with a response, and after a callback's error, the response and the content are given as well.
 *
 * A thread that blocks without a limit of time for one promise may carry the request out itself, in the place of a
 * worker who has nothing to do and over that one's connections, rather than sleep until the worker has done it: so
 * that one request at a time costs little more than with libcurl alone. It does so if the request is the next to be
 * begun, has no callback and no cache that was made by asynchttp_cache_new(), if fewer workers are busy than there
 * are processors, and if it has at least 256 KiB of its stack left, as far as the system tells that (Linux does).
 * Meanwhile it counts as the worker: log functions are called on it, and cannot wait there for a client to be
 * closed. It has its own priority and signals: SIGPIPE does not come of it, but a thread that libcurl starts to
 * look up a name begins with the thread's mask. It cannot be cancelled by pthread_cancel() before the request has
 * ended or the worker goes on with it.
 *
 * If a thread has waited like that for each of its last requests, one soon after the other, no worker is woken for the
 * next. Should it not be waited for after all, a worker begins it within eight milliseconds or so, or as soon as the client
 * is asked for another, or the promise is looked at in any other way or freed.
 */

/* Whether the request has ended. Never blocks [promise.done]. */
ASYNCHTTP_EXTERN bool asynchttp_promise_done(asynchttp_promise *promise);

/* Blocks until the request has ended. Returns its error, ASYNCHTTP_OK if there was none [promise.wait]. */
ASYNCHTTP_EXTERN asynchttp_code asynchttp_promise_wait(asynchttp_promise *promise);

/* As asynchttp_promise_wait(), for at most so many seconds (0: look only; below 0: no limit):
 * ASYNCHTTP_E_PENDING if they ran out, ASYNCHTTP_E_INVALID_ARGUMENT if they are not a number. */
ASYNCHTTP_EXTERN asynchttp_code asynchttp_promise_wait_for(asynchttp_promise *promise, double seconds);

/* Blocks, then gives the response, which belongs to the promise; NULL if there is none, or none yet. The caller may
 * change it [promise.get_response]. */
ASYNCHTTP_EXTERN asynchttp_code asynchttp_promise_response(asynchttp_promise *promise, asynchttp_response **response);

/* Blocks, then gives the content, which belongs to the promise; a zero byte that is not counted follows it.
 * "" and 0 if there is none, or none yet. content or length may be NULL [promise.get_content, str(content)]. */
ASYNCHTTP_EXTERN asynchttp_code asynchttp_promise_content(asynchttp_promise *promise, const void **content,
                                                          size_t *length);

/* Blocks, then gives the request's error; ASYNCHTTP_OK if there was none [promise.exception]. */
ASYNCHTTP_EXTERN asynchttp_code asynchttp_promise_error(asynchttp_promise *promise);

/* Blocks, then says in words what went wrong, which host it was about and where in the program the request was
 * made; "" if nothing went wrong. Where it may not block, what asynchttp_strerror() says of that. Never NULL; belongs
 * to the promise. */
ASYNCHTTP_EXTERN const char *asynchttp_promise_error_message(asynchttp_promise *promise);

/* Blocks, then gives libcurl's own error (a CURLcode) behind the request's error; 0 if there is none. */
ASYNCHTTP_EXTERN int asynchttp_promise_curl_error(asynchttp_promise *promise);

/* Attaches anything to the promise, at any time, usually in its callback [promise.response.data = x]. release,
 * which may be NULL, is called with it when it is replaced by something else, or when the promise has been freed and
 * its request has ended: on the thread that does the last of that, which may be a worker. It must not use the promise.
 * Returns ASYNCHTTP_OK. */
ASYNCHTTP_EXTERN asynchttp_code asynchttp_promise_set_data(asynchttp_promise *promise, void *data,
                                                           void (*release)(void *data));

/* Blocks, then gives what was attached, NULL if nothing was. */
ASYNCHTTP_EXTERN asynchttp_code asynchttp_promise_data(asynchttp_promise *promise, void **data);

/* Replaces the content by a copy of length bytes [promise.content = x]. For the callback, and for the promise's
 * holder once it is done: before that ASYNCHTTP_E_PENDING; ASYNCHTTP_E_NO_MEMORY leaves the old content. Content
 * that was read before is gone. Not at the same time as another thread reads it. */
ASYNCHTTP_EXTERN asynchttp_code asynchttp_promise_set_content(asynchttp_promise *promise, const void *content,
                                                              size_t length);

/* Asks for the request to end: it is done soon after, with ASYNCHTTP_E_CANCELLED, unless it has ended by then. Its
 * callback is called all the same. Does not wait. */
ASYNCHTTP_EXTERN void asynchttp_promise_cancel(asynchttp_promise *promise);

/* Lets go of the promise, at any time, in its callback too; the request goes on, and its callback is called.
 * Not while another thread still uses the promise. */
ASYNCHTTP_EXTERN void asynchttp_promise_free(asynchttp_promise *promise);

/* ---- Several ------------------------------------------------------------------------------- */

/*
 * Waits until one of count promises is done, for at most so many seconds (0: looks only; below 0: no limit).
 * NULLs among the promises are passed over, so that a loop can strike out what it has dealt with. The
 * promises may be of different clients.
 *
 * Returns ASYNCHTTP_OK, whatever the request's own error, and in *index (which may be NULL) the place of one that is
 * done, the first in the array if there are several; ASYNCHTTP_E_PENDING if the time ran out;
 * ASYNCHTTP_E_INVALID_ARGUMENT if there is none to wait for or seconds is not a number; ASYNCHTTP_E_NO_MEMORY.
 */
ASYNCHTTP_EXTERN asynchttp_code asynchttp_wait_any(asynchttp_promise *const *promises, size_t count, double seconds,
                                                   size_t *index);

/* As asynchttp_wait_any(), until all are done. With none to wait for, ASYNCHTTP_OK. */
ASYNCHTTP_EXTERN asynchttp_code asynchttp_wait_all(asynchttp_promise *const *promises, size_t count, double seconds);

/* ---- Responses ----------------------------------------------------------------------------- */

/*
 * A response lives as long as its promise. Its header fields are a dict with lower-case names, as in httplib2:
 * repeated fields are joined by ", ", and "status" is among them. Names that go in may have any case. One
 * response must not be changed by one thread while another uses it.
 */

/* The status code, 200 and the like. */
ASYNCHTTP_EXTERN int asynchttp_response_status(const asynchttp_response *response);

/* The reason phrase, "Not Found"; "" if the server sent none (as in HTTP/2). */
ASYNCHTTP_EXTERN const char *asynchttp_response_reason(const asynchttp_response *response);

/* The server's HTTP version: 10, 11, 20 or 30. */
ASYNCHTTP_EXTERN int asynchttp_response_version(const asynchttp_response *response);

/* Whether it came from the cache, with or without asking the server whether it may be used. */
ASYNCHTTP_EXTERN bool asynchttp_response_fromcache(const asynchttp_response *response);

/* The response that redirected here; NULL if none did. */
ASYNCHTTP_EXTERN asynchttp_response *asynchttp_response_previous(const asynchttp_response *response);

/* The value of a field, NULL if it is not there. This and the other strings of a response are valid until the field is
 * changed. */
ASYNCHTTP_EXTERN const char *asynchttp_response_get(const asynchttp_response *response, const char *name);

/* Whether the field is there. */
ASYNCHTTP_EXTERN bool asynchttp_response_contains(const asynchttp_response *response, const char *name);

/* How many fields there are, each name counted once. */
ASYNCHTTP_EXTERN size_t asynchttp_response_count(const asynchttp_response *response);

/* The field at place i, from 0, in the order of arrival: its name and its joined value. name or value may be NULL.
 * Returns false, and changes nothing, if i is past the end. */
ASYNCHTTP_EXTERN bool asynchttp_response_header(const asynchttp_response *response, size_t i, const char **name,
                                                const char **value);

/* The i-th value, from 0, of a field that may be repeated (set-cookie), unjoined; NULL past the last. */
ASYNCHTTP_EXTERN const char *asynchttp_response_values(const asynchttp_response *response, const char *name, size_t i);

/* The value of a trailer field (RFC 9110 section 6.5), which came after the content; NULL if it is not there.
 * Trailers are not among the header fields. */
ASYNCHTTP_EXTERN const char *asynchttp_response_trailer(const asynchttp_response *response, const char *name);

/* Sets a field to one value, in place of all it had. The value "status" can be set too, and does not change
 * asynchttp_response_status(). ASYNCHTTP_E_INVALID_ARGUMENT: the name is no token, or there is a control character in
 * the value; ASYNCHTTP_E_NO_MEMORY: nothing has changed. */
ASYNCHTTP_EXTERN asynchttp_code asynchttp_response_set(asynchttp_response *response, const char *name,
                                                       const char *value);

/* Removes a field. Returns whether it was there. */
ASYNCHTTP_EXTERN bool asynchttp_response_delete(asynchttp_response *response, const char *name);

/* ---- Proxies ------------------------------------------------------------------------------- */

/* The kinds of proxy, with the numbers that PySocks gives them. */
typedef enum asynchttp_proxy_type {
    ASYNCHTTP_PROXY_SOCKS4 = 1,
    ASYNCHTTP_PROXY_SOCKS5 = 2,
    ASYNCHTTP_PROXY_HTTP = 3
} asynchttp_proxy_type;

/*
 * Functions on one asynchttp_proxy_info must not run at the same time in two threads, unless all of them only
 * read it. Setters return ASYNCHTTP_OK, ASYNCHTTP_E_INVALID_ARGUMENT or ASYNCHTTP_E_NO_MEMORY; the latter two leave
 * the old value.
 */

/* A proxy at host, a name or an address, and port, from 1 to 65535. Plain http goes to an HTTP proxy in absolute
 * form, https through CONNECT. Freed with asynchttp_proxy_info_free(). NULL: a bad argument, or no memory. */
ASYNCHTTP_EXTERN asynchttp_proxy_info *asynchttp_proxy_info_new(asynchttp_proxy_type type, const char *host, int port);

/* The proxy that a URL names, "socks5://name:password@host:1080" (or socks4, socks, http; http without a scheme);
 * method, "http" or "https", gives the port if the URL has none: 80 or 443. The hosts to bypass are those of the
 * environment variables no_proxy and NO_PROXY. NULL: it names none, or no memory [proxy_info_from_url]. */
ASYNCHTTP_EXTERN asynchttp_proxy_info *asynchttp_proxy_info_from_url(const char *url, const char *method);

/* The proxy that the environment names for the scheme method: http_proxy, https_proxy or HTTPS_PROXY. HTTP_PROXY is not
 * read: in a CGI program it comes from the client. NULL: it names none, or no memory [proxy_info_from_environment].
 * Reads the environment, which must not change at the same time. */
ASYNCHTTP_EXTERN asynchttp_proxy_info *asynchttp_proxy_info_from_environment(const char *method);

ASYNCHTTP_EXTERN void asynchttp_proxy_info_free(asynchttp_proxy_info *info);

ASYNCHTTP_EXTERN asynchttp_proxy_type asynchttp_proxy_info_type(const asynchttp_proxy_info *info);
ASYNCHTTP_EXTERN const char *asynchttp_proxy_info_host(const asynchttp_proxy_info *info);
ASYNCHTTP_EXTERN int asynchttp_proxy_info_port(const asynchttp_proxy_info *info);

/* Whether a SOCKS proxy resolves the server's name, as an HTTP proxy always does; true by default. */
ASYNCHTTP_EXTERN asynchttp_code asynchttp_proxy_info_set_rdns(asynchttp_proxy_info *info, bool rdns);
ASYNCHTTP_EXTERN bool asynchttp_proxy_info_rdns(const asynchttp_proxy_info *info);

/* The name and the password for the proxy; NULL, the default: none. */
ASYNCHTTP_EXTERN asynchttp_code asynchttp_proxy_info_set_user(asynchttp_proxy_info *info, const char *user);
ASYNCHTTP_EXTERN const char *asynchttp_proxy_info_user(const asynchttp_proxy_info *info);
ASYNCHTTP_EXTERN asynchttp_code asynchttp_proxy_info_set_password(asynchttp_proxy_info *info, const char *password);
ASYNCHTTP_EXTERN const char *asynchttp_proxy_info_password(const asynchttp_proxy_info *info);

/* Header fields for an HTTP proxy alone: name, value, ..., NULL. NULL, the default: none. */
ASYNCHTTP_EXTERN asynchttp_code asynchttp_proxy_info_set_headers(asynchttp_proxy_info *info,
                                                                 const char *const *headers);
ASYNCHTTP_EXTERN const char *const *asynchttp_proxy_info_headers(const asynchttp_proxy_info *info);

/* The hosts that are reached without the proxy: ".suffix", exact names, or "*" for all; NULL at the end. NULL, the
 * default: none. */
ASYNCHTTP_EXTERN asynchttp_code asynchttp_proxy_info_set_bypass_hosts(asynchttp_proxy_info *info,
                                                                      const char *const *hosts);
ASYNCHTTP_EXTERN const char *const *asynchttp_proxy_info_bypass_hosts(const asynchttp_proxy_info *info);

/* Whether a host is reached through the proxy [ProxyInfo.applies_to]. */
ASYNCHTTP_EXTERN bool asynchttp_proxy_info_applies_to(const asynchttp_proxy_info *info, const char *host);

/* ---- Log ----------------------------------------------------------------------------------- */

typedef enum asynchttp_log_level {
    ASYNCHTTP_LOG_DEBUG = 1,
    ASYNCHTTP_LOG_INFO = 2,
    ASYNCHTTP_LOG_WARNING = 3,
    ASYNCHTTP_LOG_ERROR = 4,
    /* Nothing at all. */
    ASYNCHTTP_LOG_NONE = 5
} asynchttp_log_level;

/* Gets one message: the part of the library that it comes from ("dispatch"), and its text, without a line break. Both
 * are valid during the call. Called from any thread, from several at once, without any lock held. It may call this
 * library, but what that logs is dropped. */
typedef void asynchttp_log_function(asynchttp_log_level level, const char *component, const char *message, void *data);

/*
 * Sends messages of level and above to function, with data. function NULL: to standard error, in lines of time,
 * thread, component, level and message. ASYNCHTTP_LOG_NONE: nowhere, which is the default unless the environment
 * variable ASYNCHTTP_LOG is "debug", "info", "warning" or "error": then they go to standard error. It is read when
 * the first client is made, and counts for nothing if this function has been called by then.
 *
 * When it returns, the function set before is not running and will not be called again (called from that function
 * itself, it cannot wait for it). Values of header fields, passwords and the queries of URIs are never logged.
 *
 * Returns ASYNCHTTP_OK, ASYNCHTTP_E_INVALID_ARGUMENT or ASYNCHTTP_E_NO_MEMORY.
 */
ASYNCHTTP_EXTERN asynchttp_code asynchttp_set_log(asynchttp_log_level level, asynchttp_log_function *function,
                                                  void *data);

#ifdef __cplusplus
}
#endif

#endif /* ASYNCHTTP_H */
