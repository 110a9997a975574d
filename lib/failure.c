#include "failure.h"

#include <errno.h>
#include <string.h>

#include "options.h"

typedef struct meaning {
    CURLcode error;
    asynchttp_code code;
} meaning;

/* Everything that is not here is a connection that was lost. */
static const meaning meanings[] = {
    {CURLE_UNSUPPORTED_PROTOCOL, ASYNCHTTP_E_BAD_RESPONSE},
    {CURLE_URL_MALFORMAT, ASYNCHTTP_E_INVALID_ARGUMENT},
    {CURLE_BAD_FUNCTION_ARGUMENT, ASYNCHTTP_E_INVALID_ARGUMENT},
    {CURLE_COULDNT_RESOLVE_PROXY, ASYNCHTTP_E_SERVER_NOT_FOUND},
    {CURLE_COULDNT_RESOLVE_HOST, ASYNCHTTP_E_SERVER_NOT_FOUND},
    {CURLE_COULDNT_CONNECT, ASYNCHTTP_E_CONNECTION_REFUSED},
    {CURLE_WEIRD_SERVER_REPLY, ASYNCHTTP_E_BAD_RESPONSE},
    {CURLE_HTTP2, ASYNCHTTP_E_BAD_RESPONSE},
    {CURLE_HTTP2_STREAM, ASYNCHTTP_E_BAD_RESPONSE},
    {CURLE_OUT_OF_MEMORY, ASYNCHTTP_E_NO_MEMORY},
    {CURLE_FAILED_INIT, ASYNCHTTP_E_NO_MEMORY},
    {CURLE_OPERATION_TIMEDOUT, ASYNCHTTP_E_TIMEOUT},
    {CURLE_SSL_CONNECT_ERROR, ASYNCHTTP_E_TLS},
    {CURLE_SSL_ENGINE_NOTFOUND, ASYNCHTTP_E_TLS},
    {CURLE_SSL_ENGINE_SETFAILED, ASYNCHTTP_E_TLS},
    {CURLE_SSL_CIPHER, ASYNCHTTP_E_TLS},
    {CURLE_USE_SSL_FAILED, ASYNCHTTP_E_TLS},
    {CURLE_SSL_ENGINE_INITFAILED, ASYNCHTTP_E_TLS},
    {CURLE_SSL_SHUTDOWN_FAILED, ASYNCHTTP_E_TLS},
    {CURLE_SSL_CERTPROBLEM, ASYNCHTTP_E_CERTIFICATE},
    {CURLE_PEER_FAILED_VERIFICATION, ASYNCHTTP_E_CERTIFICATE},
    {CURLE_SSL_CACERT_BADFILE, ASYNCHTTP_E_CERTIFICATE},
    {CURLE_SSL_CRL_BADFILE, ASYNCHTTP_E_CERTIFICATE},
    {CURLE_SSL_ISSUER_ERROR, ASYNCHTTP_E_CERTIFICATE},
    {CURLE_SSL_INVALIDCERTSTATUS, ASYNCHTTP_E_CERTIFICATE},
    {CURLE_SSL_PINNEDPUBKEYNOTMATCH, ASYNCHTTP_E_CERTIFICATE},
    {CURLE_SSL_CLIENTCERT, ASYNCHTTP_E_CERTIFICATE},
    {CURLE_BAD_CONTENT_ENCODING, ASYNCHTTP_E_FAILED_TO_DECOMPRESS_CONTENT},
    {CURLE_PROXY, ASYNCHTTP_E_PROXY},
};

static long system_error(CURL *easy)
{
    long number = 0;
    curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &number);
    return number;
}

/* An answer to CONNECT that is not a success: the proxy's, whatever error libcurl makes of it. */
static bool proxy_refused(CURL *easy)
{
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_HTTP_CONNECTCODE, &status);
    return status >= 300;
}

/* The proxy did not get to refuse anything: the server's name was to be resolved here. */
static bool failed_before_proxy(CURL *easy, CURLcode error)
{
    long reason = CURLPX_OK;
    curl_easy_getinfo(easy, CURLINFO_PROXY_ERROR, &reason);
    return error == CURLE_PROXY && reason == CURLPX_RESOLVE_HOST;
}

/* libcurl has one error for a connection that cannot be read from and for chunks and heads that are wrong, but not
 * the same words. */
static bool is_malformed(CURLcode error, const char *words)
{
#if CURL_AT_LEAST_VERSION(8, 6, 0)
    if (error == CURLE_TOO_LARGE)
        return true;
#endif
    return error == CURLE_RECV_ERROR && (strstr(words, "chunk") || strstr(words, "response headers") ||
                                         strcmp(words, "CONNECT tunnel failed, response 0") == 0);
}

static asynchttp_code code_of(CURL *easy, CURLcode error, const char *words)
{
    if (failed_before_proxy(easy, error))
        return ASYNCHTTP_E_SERVER_NOT_FOUND;
    if (is_malformed(error, words))
        return ASYNCHTTP_E_BAD_RESPONSE;
    if (error == CURLE_COULDNT_CONNECT && system_error(easy) == ETIMEDOUT)
        return ASYNCHTTP_E_TIMEOUT;
    for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
        if (meanings[i].error == error)
            return meanings[i].code;
    }
    return proxy_refused(easy) ? ASYNCHTTP_E_PROXY : ASYNCHTTP_E_CONNECTION_LOST;
}

/* libcurl tells the two apart for HTTP proxies alone; a server's name that a SOCKS proxy's client resolves is
 * CURLE_PROXY. */
static bool is_unknown_proxy(CURLcode error, const ah_request *request)
{
    return error == CURLE_COULDNT_RESOLVE_PROXY ||
           (error == CURLE_COULDNT_RESOLVE_HOST && ah_options_proxy(request) != NULL);
}

/* httplib2's words, where it has some, and the host. */
static void note(ah_outcome *outcome, asynchttp_code code, CURLcode error, const ah_request *request)
{
    if (is_unknown_proxy(error, request))
        ah_outcome_fail(outcome, code, "Unable to find the proxy for %s", request->uri.host);
    else if (code == ASYNCHTTP_E_SERVER_NOT_FOUND)
        ah_outcome_fail(outcome, code, "Unable to find the server at %s", request->uri.host);
    else if (code == ASYNCHTTP_E_FAILED_TO_DECOMPRESS_CONTENT)
        ah_outcome_fail(outcome, code, "Content purported to be compressed failed to decompress. %s",
                        request->uri.authority);
    else
        ah_outcome_fail(outcome, code, "%s: %s", request->uri.authority, asynchttp_strerror(code));
}

bool ah_failure_is_transient(CURL *easy, CURLcode error)
{
    long number = error == CURLE_COULDNT_CONNECT ? system_error(easy) : 0;
    return number == ENETUNREACH || number == EADDRNOTAVAIL;
}

void ah_failure_note(ah_outcome *outcome, CURL *easy, CURLcode error, const char *words, const ah_request *request)
{
    long number = system_error(easy);
    char reason[128] = "";
    /* A callback of ours ended it, and has said why. */
    if (outcome->code)
        return;
    note(outcome, code_of(easy, error, words), error, request);
    outcome->curl_code = (int)error;
    ah_outcome_explain(outcome, " (%s)", *words ? words : curl_easy_strerror(error));
    /* A connect that timed out is libcurl's decision, whatever number an earlier system call has left. */
    if (error == CURLE_COULDNT_CONNECT && number && strerror_r((int)number, reason, sizeof(reason)) == 0)
        ah_outcome_explain(outcome, ": %s", reason);
}
