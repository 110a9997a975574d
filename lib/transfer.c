#include "transfer.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/timers.h"
#include "decoder.h"
#include "failure.h"
#include "multis.h"
#include "options.h"
#include "receiver.h"

/* How much later than libcurl, which has more to say, a connection is given up. */
static const double connect_grace = 0.1;
/* Easy handles that are kept for the next requests. */
enum { MOST_SPARE = 256 };
/* How often on_progress is called at the least. */
static const double progress_interval = 1.0;
/* How often a request is sent again to a server that goes away before it has answered: as often as libcurl does it. */
enum { MOST_REFUSALS = 5 };

/* In which list of its transfers a transfer is. */
typedef enum stage { ACTIVE, STARVED, ENDED } stage;

struct ah_transfer {
    ah_transfers *transfers;
    void *owner;
    CURL *easy;
    /* Where it is while it is active. */
    ah_multi *multi;
    ah_options options;
    ah_receiver receiver;
    ah_decoder decoder;
    const ah_request *request;
    ah_outcome *outcome;
    stage stage;
    ah_transfer *next;
    ah_transfer *previous;
    /* When the silence has been too long; until it is connected: when that has taken too long. */
    ah_timer silence;
    /* When on_progress is to be called again. */
    ah_timer progress;
    bool connected;
    ah_time last_activity;
    /* Body bytes in both directions, as last reported. */
    uint64_t moved;
    /* How far on_read has got. */
    uint64_t offset;
    /* Whether anything of an answer has come, an interim response included. */
    bool answered;
    unsigned retries;
    /* Its handle was set for this request alone, on a connection of its own. */
    bool fresh;
    /* It ended well, and its handle will do for another request like it. */
    bool reusable;
    /* libcurl's comments are logged. */
    bool verbose;
    /* The last socket that libcurl asked for could not be had, for want of file descriptors. */
    bool starved;
    char words[CURL_ERROR_SIZE];
};

typedef struct list {
    ah_transfer *first;
    ah_transfer *last;
    size_t count;
} list;

struct ah_transfers {
    ah_multis *multis;
    /* By stage. */
    list lists[3];
    /* Ready to be used again, linked by next. */
    ah_transfer *spare;
    size_t spares;
    ah_timers silences;
    ah_timers progresses;
    /* When libcurl last began to look for what has come. */
    ah_time looked;
    /* There has been one over TLS. */
    bool were_secure;
};

static list *list_of(ah_transfer *transfer)
{
    return &transfer->transfers->lists[transfer->stage];
}

static void enlist(ah_transfer *transfer, stage next)
{
    transfer->stage = next;
    list *into = list_of(transfer);
    transfer->next = NULL;
    transfer->previous = into->last;
    if (into->last)
        into->last->next = transfer;
    else
        into->first = transfer;
    into->last = transfer;
    into->count++;
}

static void delist(ah_transfer *transfer)
{
    list *from = list_of(transfer);
    if (transfer->previous)
        transfer->previous->next = transfer->next;
    else
        from->first = transfer->next;
    if (transfer->next)
        transfer->next->previous = transfer->previous;
    else
        from->last = transfer->previous;
    from->count--;
}

ah_transfers *ah_transfers_new(void)
{
    ah_transfers *transfers = calloc(1, sizeof(*transfers));
    if (!transfers)
        return NULL;
    transfers->multis = ah_multis_new();
    if (!transfers->multis) {
        free(transfers);
        return NULL;
    }
    return transfers;
}

static void destroy(ah_transfer *transfer)
{
    curl_easy_cleanup(transfer->easy);
    ah_options_free(&transfer->options);
    free(transfer);
}

void ah_transfers_free(ah_transfers *transfers)
{
    if (!transfers)
        return;
    while (transfers->spare) {
        ah_transfer *transfer = transfers->spare;
        transfers->spare = transfer->next;
        destroy(transfer);
    }
    ah_multis_free(transfers->multis);
    ah_timers_free(&transfers->silences);
    ah_timers_free(&transfers->progresses);
    free(transfers);
}

/* ---- What libcurl calls, most of it within ah_multis_perform() ---- */

static void note_activity(ah_transfer *transfer)
{
    if (transfer->silence.place)
        transfer->last_activity = ah_clock_now();
}

/* Not all versions of libcurl tell what became of socket(). */
static curl_socket_t on_socket(void *data, curlsocktype purpose, struct curl_sockaddr *address)
{
    ah_transfer *transfer = data;
    (void)purpose;
#ifdef SOCK_CLOEXEC
    int type = address->socktype | SOCK_CLOEXEC;
#else
    int type = address->socktype;
#endif
    curl_socket_t made = socket(address->family, type, address->protocol);
    transfer->starved = made == CURL_SOCKET_BAD && (errno == EMFILE || errno == ENFILE);
#ifndef SOCK_CLOEXEC
    if (made != CURL_SOCKET_BAD)
        fcntl(made, F_SETFD, FD_CLOEXEC);
#endif
    if (made != CURL_SOCKET_BAD)
        ah_multis_opened(transfer->transfers->multis, made);
    return made;
}

/* Called, at any time, for each connection that was made, with what was set then, whatever has become of that transfer. */
static int on_close(void *multis, curl_socket_t socket)
{
    ah_multis_closing(multis, socket);
    return close(socket);
}

static int on_connected(void *data, char *ip, char *local_ip, int port, int local_port)
{
    ah_transfer *transfer = data;
    (void)local_ip;
    (void)local_port;
    AH_DEBUG("transfer", "%s: connected to %s port %d", transfer->request->uri.authority, ip, port);
    transfer->connected = true;
    if (transfer->request->timeout > 0) {
        transfer->last_activity = ah_clock_now();
        ah_timers_set(&transfer->transfers->silences, &transfer->silence,
                      transfer->last_activity + transfer->request->timeout);
    } else {
        ah_timers_cancel(&transfer->transfers->silences, &transfer->silence);
    }
    return CURL_PREREQFUNC_OK;
}

static size_t on_header(char *line, size_t size, size_t count, void *data)
{
    ah_transfer *transfer = data;
    transfer->answered = true;
    note_activity(transfer);
    return ah_receiver_header(&transfer->receiver, line, size * count) ? size * count : 0;
}

static bool on_decoded(void *data, const char *content, size_t length)
{
    ah_transfer *transfer = data;
    return ah_receiver_content(&transfer->receiver, content, length, transfer->decoder.received);
}

static void note_undecodable(ah_transfer *transfer, ah_decoder_result result)
{
    const char *authority = transfer->request->uri.authority;
    if (result == AH_DECODER_NO_MEMORY)
        ah_outcome_fail(transfer->outcome, ASYNCHTTP_E_NO_MEMORY, "%s: Out of memory for decompression", authority);
    if (result == AH_DECODER_CORRUPT)
        ah_outcome_fail(transfer->outcome, ASYNCHTTP_E_FAILED_TO_DECOMPRESS_CONTENT,
                        "Content purported to be compressed failed to decompress. %s", authority);
}

static size_t on_content(char *content, size_t size, size_t count, void *data)
{
    ah_transfer *transfer = data;
    size_t length = size * count;
    note_activity(transfer);
    if (!transfer->receiver.coding)
        return ah_receiver_content(&transfer->receiver, content, length, 0) ? length : 0;
    ah_decoder_result result =
        ah_decoder_feed(&transfer->decoder, transfer->receiver.coding, content, length, on_decoded, transfer);
    note_undecodable(transfer, result);
    return result ? 0 : length;
}

static size_t on_body(char *buffer, size_t size, size_t count, void *data)
{
    ah_transfer *transfer = data;
    const ah_request *request = transfer->request;
    size_t length = 0;
    note_activity(transfer);
    if (ah_callback_read(&request->callbacks, transfer->offset, buffer, size * count, &length) != 0) {
        ah_outcome_fail(transfer->outcome, ASYNCHTTP_E_CALLBACK, "%s: on_read returned an error",
                        request->uri.authority);
        return CURL_READFUNC_ABORT;
    }
    bool too_long = request->body_length && length > request->body_length - transfer->offset;
    bool too_short = request->body_length && length == 0 && transfer->offset < request->body_length;
    if (length > size * count || too_long || too_short) {
        ah_outcome_fail(transfer->outcome, ASYNCHTTP_E_CALLBACK, "%s: on_read gave %s than was agreed",
                        request->uri.authority, too_short ? "less" : "more");
        return CURL_READFUNC_ABORT;
    }
    transfer->offset += length;
    return length;
}

/* The request is sent again: on_read is told where to go on by its offset. */
static int on_seek(void *data, curl_off_t offset, int origin)
{
    ah_transfer *transfer = data;
    if (origin != SEEK_SET || offset < 0)
        return CURL_SEEKFUNC_CANTSEEK;
    transfer->offset = (uint64_t)offset;
    return CURL_SEEKFUNC_OK;
}

static int on_progress(void *data, curl_off_t to_receive, curl_off_t received, curl_off_t to_send, curl_off_t sent)
{
    ah_transfer *transfer = data;
    const ah_callbacks *callbacks = &transfer->request->callbacks;
    if ((uint64_t)(received + sent) != transfer->moved) {
        transfer->moved = (uint64_t)(received + sent);
        note_activity(transfer);
    }
    if (!callbacks->on_progress || ah_callback_progress(callbacks, (uint64_t)sent, (uint64_t)to_send,
                                                        (uint64_t)received, (uint64_t)to_receive) == 0)
        return 0;
    ah_outcome_fail(transfer->outcome, ASYNCHTTP_E_CALLBACK, "%s: on_progress returned an error",
                    transfer->request->uri.authority);
    return 1;
}

/* Whether libcurl's comment tells a request's header field, as it does for HTTP/2 and 3: "h2h3 [cookie: x]" up to 8.0,
 * "[HTTP/2] [1] [cookie: x]" after that. */
static bool tells_header(const char *text, size_t length)
{
    static const char *const beginnings[] = {"h2h3 [", "h2 [", "h3 [", "[HTTP/2]", "[HTTP/3]"};
    for (size_t i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++) {
        size_t known = strlen(beginnings[i]);
        if (length >= known && memcmp(text, beginnings[i], known) == 0)
            return true;
    }
    return false;
}

/* Only libcurl's comments: the header fields that it also tells may bear secrets. */
static int on_debug(CURL *easy, curl_infotype type, char *text, size_t length, void *data)
{
    const ah_transfer *transfer = data;
    (void)easy;
    if (type == CURLINFO_TEXT && !tells_header(text, length))
        AH_DEBUG("transfer", "%s: %.*s", transfer->request->uri.authority, (int)length, text);
    return 0;
}

/* ---- Starting ---- */

static ah_transfer *obtain(ah_transfers *transfers)
{
    ah_transfer *transfer = transfers->spare;
    if (transfer) {
        transfers->spare = transfer->next;
        transfers->spares--;
        return transfer;
    }
    transfer = calloc(1, sizeof(*transfer));
    if (!transfer)
        return NULL;
    transfer->transfers = transfers;
    transfer->easy = curl_easy_init();
    if (!transfer->easy) {
        free(transfer);
        return NULL;
    }
    return transfer;
}

static void set_callbacks(ah_transfer *transfer)
{
    CURL *easy = transfer->easy;
    transfer->verbose = ah_logs(ASYNCHTTP_LOG_DEBUG);
    /* None of these options can fail. */
    curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->words);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, transfer->transfers->multis);
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_connected);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_content);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    if (transfer->request->callbacks.on_read) {
        curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_body);
        curl_easy_setopt(easy, CURLOPT_READDATA, transfer);
        curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, on_seek);
        curl_easy_setopt(easy, CURLOPT_SEEKDATA, transfer);
    }
    if (transfer->request->callbacks.on_progress || transfer->request->timeout > 0) {
        curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, on_progress);
        curl_easy_setopt(easy, CURLOPT_XFERINFODATA, transfer);
        curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
    }
    if (transfer->verbose) {
        curl_easy_setopt(easy, CURLOPT_DEBUGFUNCTION, on_debug);
        curl_easy_setopt(easy, CURLOPT_DEBUGDATA, transfer);
        curl_easy_setopt(easy, CURLOPT_VERBOSE, 1L);
    }
}

/* Hands a transfer that is in no list to libcurl. */
static bool activate(ah_transfer *transfer)
{
    ah_transfers *transfers = transfer->transfers;
    const ah_request *request = transfer->request;
    transfer->words[0] = '\0';
    transfer->starved = false;
    transfer->multi = ah_multis_add(transfers->multis, transfer->easy, ah_options_share(request));
    if (!transfer->multi)
        return false;
    enlist(transfer, ACTIVE);
    /* libcurl's own limit does not count for those who wait for another transfer's connection, and who would try one
     * after the other. */
    transfer->connected = false;
    ah_time now = ah_clock_now();
    ah_timers_set(&transfers->silences, &transfer->silence, now + ah_options_connect_timeout(request) + connect_grace);
    if (request->callbacks.on_progress)
        ah_timers_set(&transfers->progresses, &transfer->progress, now + progress_interval);
    return true;
}

/* Resets the handle. */
static void unset(ah_transfer *transfer)
{
    curl_easy_reset(transfer->easy);
    ah_options_free(&transfer->options);
}

static void recycle(ah_transfer *transfer)
{
    ah_transfers *transfers = transfer->transfers;
    ah_receiver_clear(&transfer->receiver);
    ah_decoder_clear(&transfer->decoder);
    if (transfers->spares >= MOST_SPARE) {
        destroy(transfer);
        return;
    }
    if (!transfer->reusable || !transfer->options.settings)
        unset(transfer);
    *transfer = (ah_transfer){.transfers = transfers,
                              .easy = transfer->easy,
                              .options = transfer->options,
                              .verbose = transfer->verbose,
                              .next = transfers->spare};
    transfers->spare = transfer;
    transfers->spares++;
}

/* Whether the handle is still set for a request like this. */
static bool is_set(const ah_transfer *transfer)
{
    return transfer->options.settings && transfer->verbose == ah_logs(ASYNCHTTP_LOG_DEBUG) &&
           ah_options_suit(&transfer->options, transfer->request);
}

static bool prepare(ah_transfer *transfer, const ah_order *order)
{
    ah_transfers *transfers = transfer->transfers;
    /* Those that wait are started again when others end, without asking for room. */
    size_t count = transfers->lists[ACTIVE].count + transfers->lists[STARVED].count + 1;
    if (!ah_timers_reserve(&transfers->silences, count) ||
        (order->request->callbacks.on_progress && !ah_timers_reserve(&transfers->progresses, count))) {
        transfer->outcome->code = ASYNCHTTP_E_NO_MEMORY;
        return false;
    }
    if (!is_set(transfer)) {
        if (transfer->options.settings)
            unset(transfer);
        set_callbacks(transfer);
    }
    transfer->fresh = order->fresh;
    if (order->fresh)
        curl_easy_setopt(transfer->easy, CURLOPT_FRESH_CONNECT, 1L);
    CURLcode error = ah_options_set(&transfer->options, transfer->easy, order->request, order->more);
    if (error)
        ah_failure_note(transfer->outcome, transfer->easy, error, "", transfer->request);
    return !error;
}

ah_transfer *ah_transfer_start(ah_transfers *transfers, const ah_order *order)
{
    ah_transfer *transfer = obtain(transfers);
    if (!transfer) {
        order->outcome->code = ASYNCHTTP_E_NO_MEMORY;
        return NULL;
    }
    transfer->owner = order->owner;
    transfer->request = order->request;
    transfer->outcome = order->outcome;
    ah_receiver_init(&transfer->receiver, order->request, order->outcome, order->on_head, order->owner);
    transfer->receiver.on_content = order->on_content;
    transfers->were_secure = transfers->were_secure || order->request->uri.https;
    bool started = prepare(transfer, order);
    if (started && !activate(transfer)) {
        order->outcome->code = ASYNCHTTP_E_NO_MEMORY;
        started = false;
    }
    if (started)
        return transfer;
    recycle(transfer);
    return NULL;
}

bool ah_transfers_were_secure(const ah_transfers *transfers)
{
    return transfers->were_secure;
}

/* ---- Ending ---- */

/* Takes an active transfer from libcurl. */
static void deactivate(ah_transfer *transfer)
{
    ah_timers_cancel(&transfer->transfers->silences, &transfer->silence);
    ah_timers_cancel(&transfer->transfers->progresses, &transfer->progress);
    ah_multis_remove(transfer->transfers->multis, transfer->multi, transfer->easy);
    delist(transfer);
}

unsigned ah_transfer_retries(const ah_transfer *transfer)
{
    return transfer->retries;
}

/* Whether to do it twice is to do it once (RFC 9110 section 9.2.2). */
static bool is_idempotent(const char *method)
{
    static const char *const methods[] = {"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"};
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        if (strcmp(method, methods[i]) == 0)
            return true;
    }
    return false;
}

/* Whether no byte of an answer came over a connection that had served before (RFC 9112 section 9.3.1). */
static bool is_dead_connection(ah_transfer *transfer, CURLcode error)
{
    long connects = 1;
    /* With HTTP/2, a GOAWAY that crosses the request can be CURLE_HTTP2, and an end without one CURLE_PARTIAL_FILE. */
    if (error != CURLE_GOT_NOTHING && error != CURLE_SEND_ERROR && error != CURLE_RECV_ERROR && error != CURLE_HTTP2 &&
        error != CURLE_PARTIAL_FILE)
        return false;
    curl_easy_getinfo(transfer->easy, CURLINFO_NUM_CONNECTS, &connects);
    return connects == 0 && !transfer->answered;
}

/* Whether the server may have gone away before the request reached it: with GOAWAY, or by closing a connection that it
 * thought idle. While it is being restarted, or if it has little patience, new connections can meet that, one after the
 * other (RFC 9113 section 6.8). A request that failed while its body was sent may have been refused for that, and is not
 * sent over and over. */
static bool is_refusal(const ah_transfer *transfer, CURLcode error)
{
    if (transfer->answered || !is_idempotent(transfer->request->method))
        return false;
    return error == CURLE_HTTP2 || (error == CURLE_SEND_ERROR && !ah_request_has_body(transfer->request));
}

static unsigned retries(ah_transfer *transfer, CURLcode error)
{
    if (is_refusal(transfer, error))
        return MOST_REFUSALS;
    return is_dead_connection(transfer, error) || ah_failure_is_transient(transfer->easy, error);
}

/* One that found no file descriptor waits for another transfer of this worker to end, if there is any. */
static bool starve(ah_transfer *transfer, CURLcode error)
{
    ah_transfers *transfers = transfer->transfers;
    if (!transfer->starved || error != CURLE_COULDNT_CONNECT)
        return false;
    if (transfers->lists[ACTIVE].count <= 1) {
        ah_outcome_fail(transfer->outcome, ASYNCHTTP_E_NO_MEMORY, "%s: no file descriptor is free",
                        transfer->request->uri.authority);
        transfer->outcome->curl_code = (int)error;
        return false;
    }
    AH_WARNING("transfer", "%s: no file descriptor is free, waiting for one", transfer->request->uri.authority);
    /* Idle connections hold descriptors too: from now on only those in use are kept. */
    deactivate(transfer);
    ah_multis_shrink(transfers->multis);
    enlist(transfer, STARVED);
    return true;
}

/* Starts one of those that wait. One that cannot be started ends, and makes way for the next: with none in flight,
 * nothing else would. */
static void feed_one(ah_transfers *transfers)
{
    ah_transfer *transfer;
    while ((transfer = transfers->lists[STARVED].first)) {
        delist(transfer);
        if (activate(transfer))
            return;
        transfer->outcome->code = ASYNCHTTP_E_NO_MEMORY;
        enlist(transfer, ENDED);
    }
}

/* Takes an active transfer from libcurl before its end. Its connection goes with it, unless others use it: that a
 * stream was cancelled, libcurl only tells the server when it next has something to send on the connection. */
static void forsake(ah_transfer *transfer)
{
    curl_easy_setopt(transfer->easy, CURLOPT_FORBID_REUSE, 1L);
    deactivate(transfer);
}

void ah_transfer_release(ah_transfer *transfer)
{
    ah_transfers *transfers = transfer->transfers;
    bool active = transfer->stage == ACTIVE;
    if (active)
        forsake(transfer);
    else
        delist(transfer);
    recycle(transfer);
    if (active)
        feed_one(transfers);
}

/* libcurl is done with it. */
static void conclude(ah_transfer *transfer, CURLcode error)
{
    transfer->reusable = !error && !transfer->fresh;
    if (transfer->receiver.cut_short)
        error = CURLE_OK;
    if (starve(transfer, error))
        return;
    transfer->retries = retries(transfer, error);
    if (error)
        ah_failure_note(transfer->outcome, transfer->easy, error, transfer->words, transfer->request);
    else if (ah_decoder_is_complete(&transfer->decoder))
        ah_receiver_end(&transfer->receiver);
    else
        note_undecodable(transfer, AH_DECODER_CORRUPT);
    deactivate(transfer);
    enlist(transfer, ENDED);
    feed_one(transfer->transfers);
}

static void conclude_finished(ah_transfers *transfers)
{
    CURL *easy;
    CURLcode error;
    while ((easy = ah_multis_finished(transfers->multis, &error))) {
        ah_transfer *transfer = NULL;
        curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&transfer);
        conclude(transfer, error);
    }
}

/* Takes an active transfer, whose outcome says why, from libcurl. */
static void abort_transfer(ah_transfer *transfer)
{
    forsake(transfer);
    enlist(transfer, ENDED);
    feed_one(transfer->transfers);
}

/* Timers are set for the earliest that the silence may be too long; activity since then moves them on. now: when
 * libcurl began to look for what has come, the time before last: what one stream of a connection brings for another is
 * told the next time; and time that callbacks have taken since then is nobody's silence. Both times it has looked well,
 * if any of them was due by then. */
static void conclude_silent(ah_transfers *transfers, ah_time now)
{
    ah_timer *timer;
    while ((timer = ah_timers_first(&transfers->silences)) && timer->due <= now) {
        ah_transfer *transfer = (ah_transfer *)(void *)((char *)timer - offsetof(ah_transfer, silence));
        double timeout = transfer->request->timeout;
        if (transfer->connected && transfer->last_activity + timeout > now) {
            ah_timers_set(&transfers->silences, timer, transfer->last_activity + timeout);
            continue;
        }
        if (!transfer->connected)
            timeout = ah_options_connect_timeout(transfer->request);
        ah_outcome_fail(transfer->outcome, ASYNCHTTP_E_TIMEOUT, "%s: timed out after %g seconds of %s",
                        transfer->request->uri.authority, timeout,
                        transfer->connected ? "silence" : "waiting for a connection");
        transfer->outcome->curl_code = CURLE_OPERATION_TIMEDOUT;
        abort_transfer(transfer);
    }
}

/* libcurl says how far it has got when it has something to do; that there is nothing is news, too. */
static void tell_progress(ah_transfers *transfers, ah_time now)
{
    ah_timer *timer;
    while ((timer = ah_timers_first(&transfers->progresses)) && timer->due <= now) {
        ah_transfer *transfer = (ah_transfer *)(void *)((char *)timer - offsetof(ah_transfer, progress));
        curl_off_t to_receive = 0, received = 0, to_send = 0, sent = 0;
        ah_timers_set(&transfers->progresses, timer, now + progress_interval);
        curl_easy_getinfo(transfer->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &to_receive);
        curl_easy_getinfo(transfer->easy, CURLINFO_SIZE_DOWNLOAD_T, &received);
        curl_easy_getinfo(transfer->easy, CURLINFO_CONTENT_LENGTH_UPLOAD_T, &to_send);
        curl_easy_getinfo(transfer->easy, CURLINFO_SIZE_UPLOAD_T, &sent);
        if (on_progress(transfer, to_receive > 0 ? to_receive : 0, received, to_send > 0 ? to_send : 0, sent) != 0)
            abort_transfer(transfer);
    }
}

/* The multi handle itself has failed, which is for lack of memory: nothing under way can be saved. */
static void conclude_all(ah_transfers *transfers, CURLMcode error)
{
    AH_ERROR("transfer", "libcurl failed: %s", curl_multi_strerror(error));
    ah_transfer *transfer;
    while ((transfer = transfers->lists[ACTIVE].first)) {
        ah_outcome_fail(transfer->outcome, ASYNCHTTP_E_NO_MEMORY, "%s: libcurl failed: %s",
                        transfer->request->uri.authority, curl_multi_strerror(error));
        deactivate(transfer);
        enlist(transfer, ENDED);
    }
    /* With none in flight, nothing would end that the others wait for. */
    feed_one(transfers);
}

void ah_transfers_perform(ah_transfers *transfers, bool more)
{
    ah_time now = ah_clock_now();
    ah_time before = transfers->looked;
    transfers->looked = now;
    const ah_timer *silence = ah_timers_first(&transfers->silences);
    /* Nobody is to be found silent whose answer has come. */
    bool due = silence && silence->due <= now;
    ah_look how = due ? AH_LOOK_WELL : more ? AH_LOOK_BRIEFLY : AH_LOOK_ON;
    CURLMcode error = ah_multis_perform(transfers->multis, how, now);
    conclude_finished(transfers);
    if (error)
        conclude_all(transfers, error);
    if (transfers->silences.count)
        conclude_silent(transfers, before);
    if (transfers->progresses.count)
        tell_progress(transfers, now);
}

void *ah_transfers_ended(ah_transfers *transfers)
{
    const ah_transfer *transfer = transfers->lists[ENDED].first;
    return transfer ? transfer->owner : NULL;
}

/* ---- Waiting ---- */

void ah_transfers_wait(ah_transfers *transfers, double seconds)
{
    const ah_timers *all[] = {&transfers->silences, &transfers->progresses};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        const ah_timer *timer = ah_timers_first(all[i]);
        double until = timer ? timer->due - ah_clock_now() : AH_NEVER;
        seconds = until < seconds ? until : seconds;
    }
    ah_multis_wait(transfers->multis, seconds);
}

void ah_transfers_wake(ah_transfers *transfers)
{
    ah_multis_wake(transfers->multis);
}
