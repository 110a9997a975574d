#include "cache/validators.h"

#include <string.h>

#include "base/date.h"
#include "cache/directives.h"

/* The tag without "W/", as servers write it. */
static const char *opaque(const char *etag)
{
    return strncmp(etag, "W/", 2) == 0 ? etag + 2 : etag;
}

bool ah_etag_is_strong(const char *etag)
{
    const char *end = etag && *etag == '"' ? strchr(etag + 1, '"') : NULL;
    return end && !end[1];
}

bool ah_etag_same_strongly(const char *a, const char *b)
{
    return ah_etag_is_strong(a) && b && strcmp(a, b) == 0;
}

bool ah_etag_same_weakly(const char *a, const char *b)
{
    if (!a || !b)
        return a == b;
    return strcmp(opaque(a), opaque(b)) == 0;
}

bool ah_etag_listed(const char *list, const char *etag)
{
    const char *item;
    size_t length;
    /* Any representation will do. */
    if (strcmp(list, "*") == 0)
        return true;
    while (etag && (length = ah_list_item(&item, &list))) {
        if (length > 2 && strncmp(item, "W/", 2) == 0) {
            item += 2;
            length -= 2;
        }
        if (strlen(opaque(etag)) == length && memcmp(item, opaque(etag), length) == 0)
            return true;
    }
    return false;
}

static bool read_date(const ah_fields *fields, const char *name, double now, int64_t *seconds)
{
    const char *value = ah_fields_get(fields, name);
    return value && ah_date_parse(value, (int64_t)now, seconds);
}

bool ah_last_modified_is_strong(const ah_fields *fields, double now)
{
    int64_t modified;
    int64_t date;
    return read_date(fields, "last-modified", now, &modified) && read_date(fields, "date", now, &date) &&
           modified <= date - 1;
}

bool ah_validators_same_strongly(const ah_fields *a, const ah_fields *b, double now)
{
    const char *tag = ah_fields_get(a, "etag");
    int64_t modified_a;
    int64_t modified_b;
    if (tag || ah_fields_get(b, "etag"))
        return ah_etag_same_strongly(tag, ah_fields_get(b, "etag"));
    return ah_last_modified_is_strong(a, now) && ah_last_modified_is_strong(b, now) &&
           read_date(a, "last-modified", now, &modified_a) && read_date(b, "last-modified", now, &modified_b) &&
           modified_a == modified_b;
}

bool ah_is_conditional(const ah_fields *request)
{
    static const char *const names[] = {"if-none-match", "if-modified-since", "if-match", "if-unmodified-since"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (ah_fields_find(request, names[i]))
            return true;
    }
    return false;
}

ah_precondition ah_precondition_evaluate(const ah_fields *request, const ah_fields *stored, double now)
{
    const char *tags = ah_fields_get(request, "if-none-match");
    int64_t since;
    int64_t modified;
    /* What makes a request fail is not a cache's to decide (RFC 9111 section 4.3.2). */
    if (ah_fields_find(request, "if-match") || ah_fields_find(request, "if-unmodified-since"))
        return AH_PRECONDITION_OTHER;
    /* If-None-Match alone counts where there is one (RFC 9110 section 13.2.2). */
    if (tags)
        return ah_etag_listed(tags, ah_fields_get(stored, "etag")) ? AH_PRECONDITION_FALSE : AH_PRECONDITION_TRUE;
    if (!ah_fields_find(request, "if-modified-since"))
        return AH_PRECONDITION_NONE;
    /* A date that is none is as good as not there (RFC 9110 section 13.1.3). */
    if (!read_date(request, "if-modified-since", now, &since))
        return AH_PRECONDITION_NONE;
    /* Date is the next best thing (RFC 9111 section 4.3.2). */
    if (!read_date(stored, "last-modified", now, &modified) && !read_date(stored, "date", now, &modified))
        return AH_PRECONDITION_TRUE;
    return modified <= since ? AH_PRECONDITION_FALSE : AH_PRECONDITION_TRUE;
}

ah_if_range ah_if_range_evaluate(const ah_fields *request, const ah_fields *stored, double now)
{
    const char *value = ah_fields_get(request, "if-range");
    int64_t date;
    int64_t modified;
    if (!value)
        return AH_IF_RANGE_NONE;
    if (*value == '"' || strncmp(value, "W/", 2) == 0)
        return ah_etag_same_strongly(value, ah_fields_get(stored, "etag")) ? AH_IF_RANGE_TRUE : AH_IF_RANGE_FALSE;
    bool same = ah_date_parse(value, (int64_t)now, &date) && read_date(stored, "last-modified", now, &modified) &&
                date == modified && ah_last_modified_is_strong(stored, now);
    return same ? AH_IF_RANGE_TRUE : AH_IF_RANGE_FALSE;
}
