#include "multis.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/poller.h"
#include "base/timers.h"
#include "base/yielding.h"

/* However quiet it is: so often a worker looks up, since a wake-up of libcurl's may be lost (curl issue 22272). */
static const double longest_wait = 1.0;
/* The same where there is no means of being woken, for want of file descriptors. */
static const double longest_deaf_wait = 0.02;
/* How long one without transfers keeps its connections for others: longer, libcurl does not use them again. */
static const double longest_idle = 118.0;
/* How long the first is passed over at a time. */
static const double longest_rest = 0.05;
/* Transfers in each but the first. */
enum { MOST_ACTIVE = 256 };
/* Transfers in the second while it is polled. */
enum { MOST_POLLED = 64 };
/* It takes about as long for libcurl to go through so many transfers that have nothing to do as to be told of the socket
 * of one, and to keep a table of it. */
enum { EASILY_PASSED = 5 };
/* What is remembered of how many it has gone, or would have gone, through. */
enum { MOST_CREDIT = 1000 };
/* How often it goes on, at the most, without asking what the sockets have brought, if that was nothing the last time: who
 * waits asks that, but while there is always something new nobody does. */
enum { MOST_BLIND = 8 };
/* Connections that each keeps at the least, once they are idle. */
enum { LEAST_KEPT = 64 };

struct ah_multi {
    ah_multis *multis;
    CURLM *handle;
    /* Its place among them. */
    unsigned number;
    size_t active;
    size_t kept;
    /* The poller does not know all of its sockets. Until it is empty. */
    bool unwatched;
    /* Since it has been without transfers. */
    ah_time idle_since;
    /* When libcurl wants to be called, whatever happens to its sockets. */
    ah_timer timer;
};

struct ah_multis {
    /* Some may be NULL, to be made when there are transfers for them. Without a poller there is the first, and no
     * other. */
    ah_multi **all;
    unsigned count;
    /* Of those whose results are read. */
    unsigned reading;
    /* Transfers in all of them. */
    size_t active;
    /* Above 0 while to go through all that is under way, whenever there is something to do, takes less time than to be
     * told for whom. */
    long credit;
    /* The second is polled: the poller knows some of its sockets, from before, and not those that have come since. */
    bool polling;
    ah_yielding yielding;
    /* Has yielded, and found nothing finished since. */
    bool yielded;
    bool deaf;
    /* Of all but the first. */
    bool has_poller;
    ah_poller poller;
    ah_timers timers;
    /* What is ready, and nobody has been told of yet. */
    ah_poller_event events[AH_POLLER_MOST];
    int event_count;
    /* How often it may still go on without that, before the poller is asked. */
    unsigned blind;
    /* When the first was last performed, and how often it has been passed over since. */
    ah_time first_performed;
    size_t passed_over;
};

/* ---- What libcurl calls ---- */

static int on_interest(CURL *easy, curl_socket_t socket, int what, void *data, void *known)
{
    static const unsigned wanted[] = {
        [CURL_POLL_NONE] = 0,
        [CURL_POLL_IN] = AH_POLLER_READABLE,
        [CURL_POLL_OUT] = AH_POLLER_WRITABLE,
        [CURL_POLL_INOUT] = AH_POLLER_READABLE | AH_POLLER_WRITABLE,
        [CURL_POLL_REMOVE] = 0,
    };
    ah_multi *multi = data;
    (void)easy;
    (void)known;
    if (!ah_poller_watch(&multi->multis->poller, socket, multi->number, wanted[what]) && !multi->unwatched) {
        AH_WARNING("transfer", "a socket cannot be watched: looking for what has come %g times a second",
                   1 / longest_deaf_wait);
        multi->unwatched = true;
    }
    return 0;
}

static int on_timeout(CURLM *handle, long milliseconds, void *data)
{
    ah_multi *multi = data;
    (void)handle;
    if (milliseconds < 0)
        ah_timers_cancel(&multi->multis->timers, &multi->timer);
    else
        ah_timers_set(&multi->multis->timers, &multi->timer, ah_clock_now() + (double)milliseconds / 1000);
    return 0;
}

/* ---- Making and ending ---- */

static void keep(ah_multi *multi, size_t count)
{
    multi->kept = count;
    curl_multi_setopt(multi->handle, CURLMOPT_MAXCONNECTS, (long)count);
}

static ah_multi *open_multi(ah_multis *multis, unsigned number)
{
    ah_multi *multi = calloc(1, sizeof(*multi));
    if (!multi)
        return NULL;
    *multi = (ah_multi){.multis = multis, .handle = curl_multi_init(), .number = number};
    if (!multi->handle) {
        free(multi);
        return NULL;
    }
    keep(multi, LEAST_KEPT);
    if (number) {
        curl_multi_setopt(multi->handle, CURLMOPT_SOCKETFUNCTION, on_interest);
        curl_multi_setopt(multi->handle, CURLMOPT_SOCKETDATA, multi);
        curl_multi_setopt(multi->handle, CURLMOPT_TIMERFUNCTION, on_timeout);
        curl_multi_setopt(multi->handle, CURLMOPT_TIMERDATA, multi);
    }
    multis->all[number] = multi;
    return multi;
}

static void close_multi(ah_multi *multi)
{
    ah_multis *multis = multi->multis;
    multis->all[multi->number] = NULL;
    curl_multi_cleanup(multi->handle);
    ah_timers_cancel(&multis->timers, &multi->timer);
    free(multi);
}

/* A place for another one. */
static bool extend(ah_multis *multis)
{
    ah_multi **longer = realloc(multis->all, (multis->count + 1) * sizeof(*longer));
    if (!longer)
        return false;
    multis->all = longer;
    if (!ah_timers_reserve(&multis->timers, multis->count + 1))
        return false;
    multis->all[multis->count++] = NULL;
    return true;
}

/* Without a poller the first is there to be waited in. */
static bool open_first(ah_multis *multis)
{
    if (multis->has_poller)
        return true;
    const ah_multi *first = open_multi(multis, 0);
    if (!first)
        return false;
    multis->deaf = curl_multi_wakeup(first->handle) != CURLM_OK;
    if (multis->deaf)
        AH_WARNING("transfer", "no file descriptors to be woken by: looking for work %g times a second",
                   1 / longest_deaf_wait);
    return true;
}

ah_multis *ah_multis_new(void)
{
    ah_multis *multis = calloc(1, sizeof(*multis));
    if (!multis)
        return NULL;
    multis->has_poller = ah_poller_open(&multis->poller);
    multis->credit = MOST_CREDIT;
    if (extend(multis) && open_first(multis))
        return multis;
    ah_multis_free(multis);
    return NULL;
}

void ah_multis_free(ah_multis *multis)
{
    for (unsigned i = 0; i < multis->count; i++) {
        if (multis->all[i])
            close_multi(multis->all[i]);
    }
    if (multis->has_poller)
        ah_poller_close(&multis->poller);
    ah_timers_free(&multis->timers);
    free(multis->all);
    free(multis);
}

/* Closes those that have been without transfers since then. */
static void close_idle(ah_multis *multis, ah_time since)
{
    for (unsigned i = 1; i < multis->count; i++) {
        ah_multi *multi = multis->all[i];
        if (multi && !multi->active && multi->idle_since <= since)
            close_multi(multi);
    }
}

/* ---- Sockets ---- */

void ah_multis_opened(ah_multis *multis, curl_socket_t socket)
{
    if (multis->has_poller)
        ah_poller_adopt(&multis->poller, socket);
}

void ah_multis_closing(ah_multis *multis, curl_socket_t socket)
{
    if (multis->has_poller)
        ah_poller_forget(&multis->poller, socket);
}

/* ---- Adding and removing ---- */

/* The first that has room, so that the others' connections may be done without. NULL: no memory, or no descriptors. */
static ah_multi *choose(ah_multis *multis, bool sharing)
{
    if (sharing || !multis->has_poller)
        return multis->all[0] ? multis->all[0] : open_multi(multis, 0);
    for (unsigned i = 1; i < multis->count; i++) {
        if (!multis->all[i])
            return open_multi(multis, i);
        if (multis->all[i]->active < MOST_ACTIVE)
            return multis->all[i];
    }
    return extend(multis) ? open_multi(multis, multis->count - 1) : NULL;
}

/* libcurl closes idle connections beyond a limit that must grow with the number of transfers, or a burst would keep
 * none. */
static void keep_enough(ah_multi *multi)
{
    size_t wanted = multi->active + 1;
    if (wanted > multi->kept)
        keep(multi, wanted * 2);
}

/* One that is there, whatever it is meant for; NULL: there is none. */
static ah_multi *make_do(const ah_multis *multis)
{
    ah_multi *found = NULL;
    for (unsigned i = 0; i < multis->count; i++)
        found = multis->all[i] ? multis->all[i] : found;
    return found;
}

ah_multi *ah_multis_add(ah_multis *multis, CURL *easy, bool sharing)
{
    ah_multi *multi = choose(multis, sharing);
    if (!multi)
        multi = make_do(multis);
    if (!multi)
        return NULL;
    keep_enough(multi);
    if (curl_multi_add_handle(multi->handle, easy) != CURLM_OK)
        return NULL;
    multi->active++;
    multis->active++;
    return multi;
}

void ah_multis_remove(ah_multis *multis, ah_multi *multi, CURL *easy)
{
    curl_multi_remove_handle(multi->handle, easy);
    multi->active--;
    multis->active--;
    if (multi->active)
        return;
    multi->unwatched = false;
    multi->idle_since = multis->count > 2 ? ah_clock_now() : AH_NEVER;
}

void ah_multis_shrink(ah_multis *multis)
{
    close_idle(multis, AH_NEVER);
    for (unsigned i = 0; i < multis->count; i++) {
        if (multis->all[i])
            keep(multis->all[i], 1);
    }
}

/* ---- Performing and waiting ---- */

static void look(ah_multis *multis, int milliseconds)
{
    multis->event_count = ah_poller_wait(&multis->poller, multis->events, AH_POLLER_MOST, milliseconds);
    multis->blind = multis->event_count ? 0 : MOST_BLIND;
}

/* What a socket was ready for may have been done, and the socket closed, by what came before it: libcurl knows how to
 * take that. */
static CURLMcode perform_event(ah_multis *multis, const ah_poller_event *event)
{
    int running;
    ah_multi *multi = multis->all[event->owner];
    int ready = (event->ready & AH_POLLER_READABLE ? CURL_CSELECT_IN : 0) |
                (event->ready & AH_POLLER_WRITABLE ? CURL_CSELECT_OUT : 0);
    return multi ? curl_multi_socket_action(multi->handle, event->socket, ready, &running) : CURLM_OK;
}

static CURLMcode perform_events(ah_multis *multis)
{
    CURLMcode error = CURLM_OK;
    for (int i = 0; i < multis->event_count && !error; i++)
        error = perform_event(multis, &multis->events[i]);
    multis->event_count = 0;
    return error;
}

static CURLMcode perform_due(ah_multis *multis, ah_time now)
{
    CURLMcode error = CURLM_OK;
    ah_timer *timer;
    while (!error && (timer = ah_timers_first(&multis->timers)) && timer->due <= now) {
        int running;
        ah_multi *multi = (ah_multi *)(void *)((char *)timer - offsetof(ah_multi, timer));
        ah_timers_cancel(&multis->timers, timer);
        error = curl_multi_socket_action(multi->handle, CURL_SOCKET_TIMEOUT, 0, &running);
    }
    return error;
}

/* Whether the poller does not tell all that there is of one of the others, and nobody else does. */
static bool is_unwatched(const ah_multis *multis, unsigned number)
{
    const ah_multi *multi = multis->all[number];
    bool polled = number == 1 && multis->polling;
    return multi && multi->unwatched && !polled;
}

static CURLMcode perform_unwatched(ah_multis *multis)
{
    CURLMcode error = CURLM_OK;
    for (unsigned i = 1; i < multis->count && !error; i++) {
        int running;
        if (is_unwatched(multis, i))
            error = curl_multi_perform(multis->all[i]->handle, &running);
    }
    return error;
}

/* All that the sockets of all but the first have brought by now. The poller tells of as many at a time as each has, and of
 * those that are ready again after the others. */
static CURLMcode perform_ready(ah_multis *multis)
{
    CURLMcode error = CURLM_OK;
    bool more = true;
    for (unsigned looks = 0; looks < multis->count && more && !error; looks++) {
        look(multis, 0);
        more = multis->poller.full;
        error = perform_events(multis);
    }
    return error;
}

/* Newer versions of libcurl have connections to end that nobody uses any more. */
static bool is_busy(const ah_multi *multi)
{
    long milliseconds = -1;
    return multi &&
           (multi->active || (curl_multi_timeout(multi->handle, &milliseconds) == CURLM_OK && milliseconds >= 0));
}

/* While all there is to do is in the second, so that nothing else is to be polled, and can be done by going through it. */
static bool worth_polling(const ah_multis *multis)
{
    const ah_multi *second = multis->all[1];
    return second && second->active == multis->active && multis->active <= MOST_POLLED && multis->credit > 0 &&
           !is_busy(multis->all[0]);
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

/* Has libcurl tell of all sockets of one that was polled. There is no other way. Twice, since a transfer whose socket was
 * closed while it was polled takes back what libcurl has told of another one's with the same number (at least 7.88). */
static CURLMcode announce(const ah_multi *multi)
{
    int running;
    CURLMcode error = curl_multi_socket_all(multi->handle, &running);
    return error ? error : curl_multi_socket_all(multi->handle, &running);
}

#pragma GCC diagnostic pop

/* To go over to the poller is work for each transfer: the credit makes it long before it can come to that again. */
static CURLMcode choose_way(ah_multis *multis)
{
    bool was = multis->polling;
    multis->polling = worth_polling(multis);
    if (!was || multis->polling || !multis->all[1])
        return CURLM_OK;
    multis->credit = -MOST_CREDIT;
    return announce(multis->all[1]);
}

/* Whether nothing is known of the sockets, and has not been for long enough: counts how often. */
static bool must_look(ah_multis *multis)
{
    if (multis->event_count)
        return false;
    if (!multis->blind)
        return true;
    multis->blind--;
    return false;
}

/* All but the first. */
static CURLMcode perform_others(ah_multis *multis, ah_look how, ah_time now)
{
    int running;
    CURLMcode error = choose_way(multis);
    bool well = must_look(multis) || how == AH_LOOK_WELL;
    if (!error)
        error = perform_events(multis);
    if (!error && multis->polling)
        error = curl_multi_perform(multis->all[1]->handle, &running);
    else if (!error && well)
        error = perform_ready(multis);
    if (!error)
        error = perform_due(multis, now);
    return error ? error : perform_unwatched(multis);
}

/* libcurl goes through all transfers of the first: the more there are, the less often it does while there is more to be
 * done at once. */
static bool may_pass_over(ah_multis *multis, ah_time now)
{
    return multis->passed_over++ < multis->all[0]->active / MOST_ACTIVE && now < multis->first_performed + longest_rest;
}

static CURLMcode perform_first(ah_multis *multis, ah_look how, ah_time now)
{
    int running;
    if (!is_busy(multis->all[0]))
        return CURLM_OK;
    if (how == AH_LOOK_BRIEFLY && may_pass_over(multis, now))
        return CURLM_OK;
    multis->first_performed = now;
    multis->passed_over = 0;
    return curl_multi_perform(multis->all[0]->handle, &running);
}

/* Whatever the transfers under way are in: so it is found out again when it has become worth while. */
static void change_credit(ah_multis *multis, long change)
{
    long credit = multis->credit + change;
    multis->credit = credit > MOST_CREDIT ? MOST_CREDIT : credit < -MOST_CREDIT ? -MOST_CREDIT : credit;
}

CURLMcode ah_multis_perform(ah_multis *multis, ah_look how, ah_time now)
{
    multis->reading = 0;
    change_credit(multis, EASILY_PASSED - (long)multis->active);
    CURLMcode error = perform_first(multis, how, now);
    return error || multis->count == 1 ? error : perform_others(multis, how, now);
}

/* Whether it was of use to yield, if it has. */
static void judge(ah_multis *multis, bool came)
{
    if (multis->yielded)
        ah_yield_judge(&multis->yielding, came);
    multis->yielded = false;
}

CURL *ah_multis_finished(ah_multis *multis, CURLcode *error)
{
    for (; multis->reading < multis->count; multis->reading++) {
        int left;
        const ah_multi *multi = multis->all[multis->reading];
        const CURLMsg *message = multi ? curl_multi_info_read(multi->handle, &left) : NULL;
        if (message) {
            multis->reading += left == 0;
            judge(multis, true);
            change_credit(multis, EASILY_PASSED);
            *error = message->data.result;
            return message->easy_handle;
        }
    }
    return NULL;
}

/* How long until one of the others wants to be called. */
static double until_due(const ah_multis *multis)
{
    const ah_timer *timer = ah_timers_first(&multis->timers);
    double seconds = timer ? timer->due - ah_clock_now() : longest_wait;
    for (unsigned i = 1; i < multis->count; i++) {
        if (is_unwatched(multis, i) && seconds > longest_deaf_wait)
            seconds = longest_deaf_wait;
    }
    return seconds > 0 ? seconds : 0;
}

/* Waits until that one has something to do, or the poller. */
static void wait_in(ah_multis *multis, const ah_multi *polled, int milliseconds)
{
    struct curl_waitfd others = {.fd = multis->poller.set, .events = CURL_WAIT_POLLIN};
    CURLMcode error = curl_multi_poll(polled->handle, &others, multis->has_poller ? 1 : 0, milliseconds, NULL);
    if (error) {
        /* For lack of memory. Not to come straight back, and try again. */
        AH_WARNING("transfer", "libcurl cannot poll: %s", curl_multi_strerror(error));
        nanosleep(&(struct timespec){.tv_nsec = 10 * 1000 * 1000}, NULL);
    }
    if (others.revents)
        look(multis, 0);
}

/* Rather than to wait, where a server on the same processor can answer meanwhile: to go through a few takes no longer than
 * to ask whether there is something to do. False: it would be in vain, as it may have been just now. */
static bool yield(ah_multis *multis)
{
    if (multis->yielded) {
        judge(multis, false);
        return false;
    }
    multis->yielded = multis->polling && multis->active <= EASILY_PASSED && ah_yield(&multis->yielding);
    return multis->yielded;
}

void ah_multis_wait(ah_multis *multis, double seconds)
{
    if (yield(multis))
        return;
    double longest = multis->deaf ? longest_deaf_wait : longest_wait;
    if (multis->count > 2)
        close_idle(multis, ah_clock_now() - longest_idle);
    double due = multis->count > 1 ? until_due(multis) : longest;
    longest = due < longest ? due : longest;
    seconds = seconds < longest ? seconds : longest;
    int milliseconds = ah_clock_milliseconds(seconds, 1000);
    if (!multis->has_poller || is_busy(multis->all[0]))
        wait_in(multis, multis->all[0], milliseconds);
    else if (multis->polling && multis->all[1])
        wait_in(multis, multis->all[1], milliseconds);
    else
        look(multis, milliseconds);
}

void ah_multis_wake(ah_multis *multis)
{
    if (multis->has_poller)
        ah_poller_wake(&multis->poller);
    else
        curl_multi_wakeup(multis->all[0]->handle);
}
