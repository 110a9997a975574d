#include "cache/entry.h"

#include <stdlib.h>
#include <string.h>

/* NULL stays NULL. */
static bool copy_text(char **copy, const char *text)
{
    *copy = text ? strdup(text) : NULL;
    return *copy || !text;
}

bool ah_entry_copy(ah_entry *copy, const ah_entry *entry)
{
    *copy = *entry;
    copy->uri = copy->method = copy->reason = NULL;
    copy->fields = copy->selecting = (ah_fields){0};
    copy->ranges = (ah_ranges){0};
    copy->loaded = false;
    copy->content = (ah_buffer){0};
    if (copy_text(&copy->uri, entry->uri) && copy_text(&copy->method, entry->method) &&
        copy_text(&copy->reason, entry->reason) && ah_fields_copy(&copy->fields, &entry->fields) &&
        ah_fields_copy(&copy->selecting, &entry->selecting) && ah_ranges_copy(&copy->ranges, &entry->ranges))
        return true;
    ah_entry_clear(copy);
    return false;
}

ah_entry *ah_entries_add(ah_entries *entries)
{
    if (entries->count == entries->capacity) {
        size_t capacity = entries->capacity ? entries->capacity * 2 : 1;
        ah_entry *grown = realloc(entries->items, capacity * sizeof(*grown));
        if (!grown)
            return NULL;
        entries->items = grown;
        entries->capacity = capacity;
    }
    ah_entry *added = &entries->items[entries->count++];
    *added = (ah_entry){0};
    return added;
}

void ah_entry_clear(ah_entry *entry)
{
    free(entry->uri);
    free(entry->method);
    free(entry->reason);
    ah_fields_clear(&entry->fields);
    ah_fields_clear(&entry->selecting);
    ah_ranges_clear(&entry->ranges);
    ah_buffer_free(&entry->content);
    *entry = (ah_entry){0};
}

void ah_entries_clear(ah_entries *entries)
{
    for (size_t i = 0; i < entries->count; i++)
        ah_entry_clear(&entries->items[i]);
    free(entries->items);
    *entries = (ah_entries){0};
}

bool ah_entry_write_fields(ah_buffer *text, const ah_fields *fields)
{
    for (size_t i = 0; i < fields->count; i++) {
        const ah_field *field = &fields->fields[i];
        for (size_t j = 0; j < field->count; j++) {
            if (!ah_buffer_append_string(text, field->name) || !ah_buffer_append(text, ": ", 2) ||
                !ah_buffer_append_string(text, field->values[j]) || !ah_buffer_append(text, "\n", 1))
                return false;
        }
    }
    return true;
}

/* Memory for all of them at once: a line makes a name and a value, and needs what is rounded up besides. */
static bool reserve(ah_fields *fields, const char *text, const char *end)
{
    size_t lines = 0;
    for (const char *line = text; line && line < end; lines++) {
        line = memchr(line, '\n', (size_t)(end - line));
        line = line ? line + 1 : NULL;
    }
    return ah_fields_reserve(fields, lines, (size_t)(end - text) + 16 * lines);
}

bool ah_entry_read_fields(ah_fields *fields, const char *text, size_t length)
{
    /* Of nothing there may be no place either. */
    const char *end = length ? text + length : text;
    if (!reserve(fields, text, end))
        return false;
    while (text < end) {
        const char *line_end = memchr(text, '\n', (size_t)(end - text));
        line_end = line_end ? line_end : end;
        const char *colon = memchr(text, ':', (size_t)(line_end - text));
        bool fine = colon && colon > text && !memchr(text, '\0', (size_t)(line_end - text));
        if (!fine || !ah_fields_add(fields, text, (size_t)(colon - text), colon + 1, (size_t)(line_end - colon - 1))) {
            ah_fields_clear(fields);
            return false;
        }
        text = line_end + 1;
    }
    return true;
}
