#include "cache/freshness.h"

#include <string.h>

#include "base/date.h"

static const double week = 7 * 24 * 3600;

bool ah_is_heuristically_cacheable(int status)
{
    static const int statuses[] = {200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 501};
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        if (status == statuses[i])
            return true;
    }
    return false;
}

bool ah_is_permanent_redirect(int status)
{
    return status == 301 || status == 308;
}

double ah_date_of(const ah_entry *entry, double now)
{
    int64_t date;
    const char *value = ah_fields_get(&entry->fields, "date");
    return value && ah_date_parse(value, (int64_t)now, &date) ? (double)date : entry->received;
}

/* Expires counts from Date on, whatever the clock here says; what is no date, "0" among it, is long past (RFC 9111
 * section 5.3). */
static double lifetime_by_expires(const ah_entry *entry, double now)
{
    int64_t expires;
    const char *value = ah_fields_get(&entry->fields, "expires");
    if (!ah_date_parse(value, (int64_t)now, &expires))
        return 0;
    double lifetime = (double)expires - ah_date_of(entry, now);
    return lifetime > 0 ? lifetime : 0;
}

static double lifetime_by_modification(const ah_entry *entry, double heuristic, double now)
{
    int64_t modified;
    const char *value = ah_fields_get(&entry->fields, "last-modified");
    if (heuristic <= 0 || !value || !ah_date_parse(value, (int64_t)now, &modified))
        return AH_LIFETIME_NONE;
    double lifetime = (ah_date_of(entry, now) - (double)modified) * heuristic;
    if (lifetime <= 0)
        return AH_LIFETIME_NONE;
    return lifetime < week ? lifetime : week;
}

/* RFC 9111 section 4.2.1; s-maxage is for shared caches. */
static void set_lifetime(ah_freshness *freshness, const ah_entry *entry, const ah_directives *directives,
                         double heuristic, double now)
{
    freshness->is_explicit = true;
    if (directives->max_age != AH_SECONDS_NONE) {
        freshness->lifetime = (double)directives->max_age;
        return;
    }
    if (ah_fields_find(&entry->fields, "expires")) {
        freshness->lifetime = lifetime_by_expires(entry, now);
        return;
    }
    freshness->is_explicit = false;
    freshness->lifetime = AH_LIFETIME_NONE;
    /* Section 4.2.2. What is said to be for good is kept for a while, but not for ever. */
    if (ah_is_permanent_redirect(entry->status))
        freshness->lifetime = week;
    else if (ah_is_heuristically_cacheable(entry->status) || directives->is_public)
        freshness->lifetime = lifetime_by_modification(entry, heuristic, now);
}

/* The first member of Age counts, if it is a number at all (RFC 9111 section 5.1). */
static double age_value(const ah_entry *entry)
{
    int64_t seconds = 0;
    const char *item;
    const char *value = ah_fields_get(&entry->fields, "age");
    size_t length = value ? ah_list_item(&item, &value) : 0;
    return length && ah_seconds_parse(item, length, &seconds) ? (double)seconds : 0;
}

static double larger(double a, double b)
{
    return a > b ? a : b;
}

/* RFC 9111 section 4.2.3, with its names. What came later than now came by another clock, or before this one was set
 * back: by how much they differ, that much older it may be. */
static double current_age(const ah_entry *entry, double now)
{
    double apparent_age = larger(0, entry->received - ah_date_of(entry, now));
    double response_delay = larger(0, entry->received - entry->requested);
    double corrected_age_value = age_value(entry) + response_delay;
    double corrected_initial_age = larger(apparent_age, corrected_age_value);
    double resident_time = larger(now - entry->received, entry->received - now);
    return corrected_initial_age + resident_time;
}

ah_freshness ah_freshness_of(const ah_entry *entry, const ah_directives *directives, double heuristic, double now)
{
    ah_freshness freshness = {.age = current_age(entry, now)};
    set_lifetime(&freshness, entry, directives, heuristic, now);
    return freshness;
}
