#include "cache/reuse.h"

#include <string.h>

#include "cache/freshness.h"
#include "cache/validators.h"
#include "cache/vary.h"

/* How long something stale is good enough for when the server cannot be reached at all. */
static const double longest_disconnection = 7 * 24 * 3600;
/* So many stored responses are asked about at the most, besides the selected one. */
enum { MOST_TAGS = 32 };

ah_asked ah_asked_of(const char *method, const ah_fields *fields, double heuristic, bool ignore_etag)
{
    return (ah_asked){.head = strcmp(method, "HEAD") == 0,
                      .fields = fields,
                      .directives = ah_directives_of_request(fields),
                      .heuristic = heuristic,
                      .ignore_etag = ignore_etag};
}

/* ---- What of an entry ---- */

/* Ranges are of the content as it was sent (RFC 9110 section 14.2), which is not what is stored if it was decoded. */
static bool has_ranges(const ah_entry *entry)
{
    return entry->status == 200 && !ah_fields_find(&entry->fields, "-content-encoding");
}

static const char *asked_range(const ah_asked *asked, const ah_entry *entry, double now)
{
    const char *range = ah_fields_get(asked->fields, "range");
    if (!range || asked->head || entry->status != 200)
        return NULL;
    return ah_if_range_evaluate(asked->fields, &entry->fields, now) == AH_IF_RANGE_FALSE ? NULL : range;
}

bool ah_reuse_share(ah_reuse *reuse, const ah_asked *asked, const ah_entry *entry, double now)
{
    const char *range = asked_range(asked, entry, now);
    reuse->share = AH_SHARE_WHOLE;
    reuse->range = (ah_range){0, entry->length};
    if (!range)
        return asked->head || !entry->partial;
    reuse->share = AH_SHARE_RANGE;
    return has_ranges(entry) && ah_range_parse(range, entry->length, &reuse->range) == AH_RANGE_SATISFIABLE &&
           (!entry->partial || ah_ranges_contain(&entry->ranges, reuse->range));
}

/* ---- Whether ---- */

/* Whether an entry is to be chosen before one that came after it: what says by what it varies before what does not
 * (RFC 9111 section 4.1), and then what the server made later (section 4). */
static bool is_preferred(const ah_entry *entry, const ah_entry *newer, double now)
{
    bool varies = ah_fields_find(&entry->fields, "vary") != NULL;
    bool newer_varies = ah_fields_find(&newer->fields, "vary") != NULL;
    return varies == newer_varies ? ah_date_of(entry, now) > ah_date_of(newer, now) : varies;
}

/* The entry to choose of those whose selecting fields are the request's. False: no memory. */
static bool select_entry(ah_reuse *reuse, const ah_asked *asked, const ah_entries *entries, double now)
{
    reuse->selected = AH_NO_ENTRY;
    for (size_t i = 0; i < entries->count; i++) {
        const ah_entry *entry = &entries->items[i];
        ah_match match = ah_vary_match(&entry->selecting, &entry->fields, asked->fields);
        if (match == AH_MATCH_NO_MEMORY)
            return false;
        if (match == AH_MATCH_YES &&
            (reuse->selected == AH_NO_ENTRY || is_preferred(entry, &entries->items[reuse->selected], now)))
            reuse->selected = i;
    }
    return true;
}

/* How the age of an entry stands against its lifetime, and against what the caller will take. */
typedef struct standing {
    ah_directives directives;
    ah_freshness freshness;
    /* How long it has been stale; below 0: it is fresh for so long. */
    double staleness;
    /* Neither the server nor the caller insists on validation. */
    bool trusted;
    /* The caller takes a response of this age. */
    bool young_enough;
} standing;

static standing stand(const ah_asked *asked, const ah_entry *entry, double now)
{
    standing at = {.directives = ah_directives_of_response(&entry->fields)};
    at.freshness = ah_freshness_of(entry, &at.directives, asked->heuristic, now);
    double lifetime = at.freshness.lifetime > 0 ? at.freshness.lifetime : 0;
    at.staleness = at.freshness.age - lifetime;
    at.trusted = !at.directives.no_cache && !asked->directives.no_cache;
    /* What is immutable does not get better by being asked for anew (RFC 8246 section 2). */
    bool unchanging = at.directives.immutable && at.staleness < 0;
    /* With 0 the server is to be asked, and not whether the clock has moved since. */
    int64_t most = asked->directives.max_age;
    at.young_enough = most == AH_SECONDS_NONE || unchanging || (most > 0 && at.freshness.age <= (double)most);
    return at;
}

/* Whether it may be used as it is: fresh, and for as long as the caller wants (RFC 9111 section 5.2.1). */
static bool is_fresh(const standing *at, const ah_asked *asked)
{
    double needed = asked->directives.min_fresh == AH_SECONDS_NONE ? 0 : (double)asked->directives.min_fresh;
    return at->trusted && at->young_enough && at->staleness < 0 && at->staleness + needed <= 0;
}

/* Whether it may be used stale, since the caller says so (max-stale). A minimum of freshness is another wish. */
static bool is_stale_enough(const standing *at, const ah_asked *asked)
{
    int64_t most = asked->directives.max_stale;
    return at->trusted && at->young_enough && !at->directives.must_revalidate && most != AH_SECONDS_NONE &&
           asked->directives.min_fresh == AH_SECONDS_NONE && at->staleness <= (double)most;
}

/* Whether it may be used stale while it is being validated: a caller who says how fresh it is to be does not want
 * that. */
static bool is_refreshable(const standing *at, const ah_asked *asked)
{
    int64_t window = at->directives.stale_while_revalidate;
    return at->trusted && !at->directives.must_revalidate && window != AH_SECONDS_NONE &&
           asked->directives.max_age == AH_SECONDS_NONE && asked->directives.min_fresh == AH_SECONDS_NONE &&
           at->staleness < (double)window;
}

static ah_verdict judge(const ah_asked *asked, const standing *at)
{
    bool refreshable = is_refreshable(at, asked);
    if (is_fresh(at, asked) || is_stale_enough(at, asked) || (asked->directives.only_if_cached && refreshable))
        return AH_VERDICT_USE;
    if (asked->directives.only_if_cached)
        return AH_VERDICT_UNAVAILABLE;
    return refreshable ? AH_VERDICT_USE_AND_REFRESH : AH_VERDICT_VALIDATE;
}

static ah_verdict miss(const ah_asked *asked)
{
    return asked->directives.only_if_cached ? AH_VERDICT_UNAVAILABLE : AH_VERDICT_MISS;
}

static void decide_selected(ah_reuse *reuse, const ah_asked *asked, const ah_entry *entry, double now)
{
    standing at = stand(asked, entry, now);
    ah_precondition precondition = ah_precondition_evaluate(asked->fields, &entry->fields, now);
    reuse->age = at.freshness.age;
    if (!ah_reuse_share(reuse, asked, entry, now) || precondition == AH_PRECONDITION_OTHER) {
        reuse->verdict = miss(asked);
        reuse->selected = AH_NO_ENTRY;
        return;
    }
    reuse->verdict = judge(asked, &at);
    /* Conditions are about representations that are there (RFC 9110 section 13.2.1). */
    if (precondition == AH_PRECONDITION_FALSE && entry->status == 200)
        reuse->share = AH_SHARE_NOT_MODIFIED;
}

bool ah_reuse_decide(ah_reuse *reuse, const ah_asked *asked, const ah_entries *entries, double now)
{
    *reuse = (ah_reuse){.verdict = miss(asked), .selected = AH_NO_ENTRY};
    if (asked->directives.no_store)
        return true;
    if (!select_entry(reuse, asked, entries, now))
        return false;
    if (reuse->selected != AH_NO_ENTRY)
        decide_selected(reuse, asked, &entries->items[reuse->selected], now);
    else if (entries->count && !asked->directives.only_if_cached)
        /* One of the others may be what the server would send (RFC 9111 section 4.1). */
        reuse->verdict = AH_VERDICT_VALIDATE;
    return true;
}

/* ---- Asking the server ---- */

/* Whether a 304 for this entry would leave something to answer with. */
static bool would_answer(const ah_asked *asked, const ah_entry *entry)
{
    return !entry->partial && (asked->head || !ah_fields_find(asked->fields, "range"));
}

static bool add_tag(ah_buffer *tags, const ah_entry *entry)
{
    const char *tag = ah_fields_get(&entry->fields, "etag");
    if (!tag || !*tag || (tags->length && ah_etag_listed(tags->data, tag)))
        return true;
    return (!tags->length || ah_buffer_append_string(tags, ", ")) && ah_buffer_append_string(tags, tag);
}

static bool add_tags(ah_fields *conditions, const ah_asked *asked, const ah_entries *entries, size_t selected)
{
    ah_buffer tags = {0};
    bool added = true;
    for (size_t i = 0; i < entries->count && added; i++) {
        if (i == selected || (i < MOST_TAGS && would_answer(asked, &entries->items[i])))
            added = add_tag(&tags, &entries->items[i]);
    }
    if (added && tags.length)
        added = ah_fields_set(conditions, "if-none-match", tags.data);
    ah_buffer_free(&tags);
    return added;
}

bool ah_reuse_conditions(ah_fields *conditions, const ah_asked *asked, const ah_entries *entries, size_t selected)
{
    if (ah_is_conditional(asked->fields))
        return true;
    if (!asked->ignore_etag && !add_tags(conditions, asked, entries, selected))
        return false;
    const char *modified =
        selected == AH_NO_ENTRY ? NULL : ah_fields_get(&entries->items[selected].fields, "last-modified");
    return !modified || ah_fields_set(conditions, "if-modified-since", modified);
}

/* Whether the 304 has the entity tag of the entry. */
static bool has_tag_of(const ah_entry *entry, const ah_fields *not_modified)
{
    const char *tag = ah_fields_get(not_modified, "etag");
    const char *known = ah_fields_get(&entry->fields, "etag");
    return tag && (ah_etag_is_strong(tag) ? ah_etag_same_strongly(tag, known) : ah_etag_same_weakly(tag, known));
}

/* Whether the 304 is about the entry that the request selects. Others may have been modified at the same time: of these
 * their date says nothing. */
static bool is_about_selected(const ah_entry *entry, const ah_fields *not_modified)
{
    const char *modified = ah_fields_get(not_modified, "last-modified");
    const char *known = ah_fields_get(&entry->fields, "last-modified");
    if (ah_fields_find(not_modified, "etag"))
        return has_tag_of(entry, not_modified);
    return modified && known && strcmp(modified, known) == 0;
}

size_t ah_reuse_freshened(const ah_entries *entries, size_t selected, const ah_fields *not_modified)
{
    bool validator = ah_fields_find(not_modified, "etag") || ah_fields_find(not_modified, "last-modified");
    /* Servers that leave them out mean what they were asked about, if that was one. */
    if (!validator && selected == AH_NO_ENTRY && entries->count == 1)
        return ah_fields_find(&entries->items[0].fields, "etag") ? 0 : AH_NO_ENTRY;
    if (!validator || (selected != AH_NO_ENTRY && is_about_selected(&entries->items[selected], not_modified)))
        return selected;
    for (size_t i = 0; i < entries->count; i++) {
        if (has_tag_of(&entries->items[i], not_modified))
            return i;
    }
    return AH_NO_ENTRY;
}

/* ---- When the server cannot be asked ---- */

bool ah_is_trouble(int status)
{
    return status == 500 || status == 502 || status == 503 || status == 504;
}

static double longest_staleness(const ah_asked *asked, const standing *at, ah_trouble trouble)
{
    double longest = trouble == AH_TROUBLE_NETWORK ? longest_disconnection : -1;
    int64_t granted = at->directives.stale_if_error;
    if (asked->directives.stale_if_error > granted)
        granted = asked->directives.stale_if_error;
    return (double)granted > longest ? (double)granted : longest;
}

bool ah_may_use_stale(const ah_asked *asked, const ah_entry *entry, ah_trouble trouble, double now)
{
    standing at = stand(asked, entry, now);
    return at.trusted && at.young_enough && !at.directives.must_revalidate &&
           asked->directives.min_fresh == AH_SECONDS_NONE && at.staleness <= longest_staleness(asked, &at, trouble);
}
