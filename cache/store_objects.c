#include "cache/store_objects.h"

#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "cache/objects.h"

enum {
    /* Content in a value of its own: as much of a response that is being stored is held in memory. */
    PIECE = 512 * 1024 - AH_PIECE_HEAD - AH_VALUE_HASH - 1,
    /* Content up to this lies in the index, so that a hit is one get, but no more than that all in all, since the index
     * is read as a whole. */
    SMALL = 64 * 1024,
    SMALL_ALL = 256 * 1024,
};

/* The most bytes of one response. */
static const uint64_t most = UINT64_C(1) << 30;

typedef struct store {
    ah_store base;
    ah_objects objects;
    ah_marks marks;
} store;

typedef struct writer {
    ah_store_writer base;
    ah_objects *objects;
    ah_key index;
    unsigned char id[AH_RECORD_ID];
    /* Where the content begins, and what of it has gone out in pieces. */
    uint64_t start;
    uint64_t end;
    ah_pieces pieces;
    /* The value of the next piece; empty: it has not begun. */
    ah_buffer value;
} writer;

static ah_objects *objects_of(ah_store *base)
{
    return &((store *)base)->objects;
}

static ah_marks *marks_of(ah_store *base)
{
    return &((store *)base)->marks;
}

/* ---- Changing the index -------------------------------------------------------------------- */

/* Gives a record the head of an entry; the content stays. False: no memory, nothing has changed. */
static bool replace_head(ah_record *record, const ah_entry *entry)
{
    ah_entry head;
    if (!ah_entry_copy(&head, entry))
        return false;
    ah_entry *old = &record->entry;
    ah_ranges_clear(&head.ranges);
    head.id = old->id;
    head.length = old->length;
    head.partial = old->partial;
    head.loaded = old->loaded;
    head.content = old->content;
    old->content = (ah_buffer){0};
    ah_entry_clear(old);
    *old = head;
    return true;
}

/* A response that was validated is as good as one that has just come: it goes to the front. */
static ah_store_result update(ah_store *base, const ah_entry *entry)
{
    ah_objects *objects = objects_of(base);
    ah_records records = {0};
    ah_key index;
    ah_store_result result = ah_objects_load(objects, entry->uri, &index, &records);
    ah_record *record = ah_records_find(&records, entry->id);
    if (result == AH_STORE_OK && !record)
        result = AH_STORE_ABSENT;
    if (result == AH_STORE_OK)
        result = replace_head(ah_records_raise(&records, record), entry) ? AH_STORE_OK : AH_STORE_FAILED;
    if (result == AH_STORE_OK)
        result = ah_objects_save(objects, &index, entry->uri, &records);
    ah_records_clear(&records);
    return result;
}

static ah_store_result remove_entry(ah_store *base, const ah_entry *entry)
{
    ah_objects *objects = objects_of(base);
    ah_records records = {0};
    ah_key index;
    ah_store_result result = ah_objects_load(objects, entry->uri, &index, &records);
    ah_record *record = ah_records_find(&records, entry->id);
    if (result == AH_STORE_OK && !record)
        result = AH_STORE_ABSENT;
    if (result == AH_STORE_OK) {
        record->dropped = true;
        result = ah_objects_save(objects, &index, entry->uri, &records);
    }
    ah_records_clear(&records);
    return result;
}

/* An index that cannot be read goes as well; its pieces stay behind. */
static ah_store_result remove_all(ah_objects *objects, const char *uri)
{
    ah_records records = {0};
    ah_key index;
    if (!ah_key_of_index(&index, uri))
        return AH_STORE_FAILED;
    ah_objects_load(objects, uri, &index, &records);
    for (size_t i = 0; i < records.count; i++)
        records.items[i].dropped = true;
    ah_store_result result = ah_objects_save(objects, &index, uri, &records);
    ah_records_clear(&records);
    return result;
}

static ah_store_result remove_uri(ah_store *base, const char *uri, ah_mark *mark)
{
    /* Before it is removed: who stores after that sees it. */
    ah_marks_change(marks_of(base), uri, mark);
    return remove_all(objects_of(base), uri);
}

static ah_mark mark_now(ah_store *base)
{
    return ah_marks_now(marks_of(base));
}

/* ---- Finding and reading ------------------------------------------------------------------- */

static ah_store_result find(ah_store *base, const char *uri, ah_entries *found)
{
    ah_records records = {0};
    ah_key index;
    ah_store_result result = ah_objects_load(objects_of(base), uri, &index, &records);
    for (size_t i = 0; result == AH_STORE_OK && i < records.count; i++) {
        ah_entry *entry = ah_entries_add(found);
        if (entry) {
            *entry = records.items[i].entry;
            records.items[i].entry = (ah_entry){0};
        } else {
            ah_entries_clear(found);
            result = AH_STORE_FAILED;
        }
    }
    ah_records_clear(&records);
    return result;
}

/* What is still to be read, and for whom. */
typedef struct reading {
    ah_objects *objects;
    ah_key index;
    ah_range range;
    ah_store_sink *sink;
    void *data;
    /* The index names a piece that is not there, or not any more what it was. */
    bool lost;
} reading;

/* Hands over what of a piece of content is in the range, whose first byte is. */
static ah_store_result pour(reading *to, const void *content, uint64_t offset, uint64_t length)
{
    const char *bytes = content;
    uint64_t skipped = to->range.first - offset;
    uint64_t wanted = to->range.end - to->range.first;
    if (wanted > length - skipped)
        wanted = length - skipped;
    to->range.first += wanted;
    return to->sink(to->data, bytes + skipped, (size_t)wanted) ? AH_STORE_OK : AH_STORE_STOPPED;
}

static ah_store_result read_piece(reading *to, const ah_piece *piece)
{
    ah_key key = ah_key_of_piece(&to->index, piece);
    void *value = NULL;
    size_t length;
    ah_store_result result = ah_objects_get(to->objects, &key, &value, &length);
    const void *content = result == AH_STORE_OK ? ah_piece_open(piece, value, length) : NULL;
    if (content)
        result = pour(to, content, piece->offset, piece->length);
    else if (result == AH_STORE_OK)
        result = AH_STORE_ABSENT;
    free(value);
    to->lost = result == AH_STORE_ABSENT;
    return result;
}

static ah_store_result read_record(reading *to, const ah_record *record)
{
    const ah_entry *entry = &record->entry;
    ah_store_result result = AH_STORE_OK;
    while (result == AH_STORE_OK && to->range.first < to->range.end) {
        const ah_piece *piece = ah_pieces_at(&record->pieces, to->range.first);
        if (piece)
            result = read_piece(to, piece);
        else if (entry->loaded && to->range.first < entry->length)
            result = pour(to, entry->content.data, 0, entry->length);
        else
            result = AH_STORE_ABSENT;
    }
    return result;
}

static ah_store_result read_content(ah_store *base, const ah_entry *entry, ah_range range, ah_store_sink *sink,
                                    void *data)
{
    reading to = {.objects = objects_of(base), .range = range, .sink = sink, .data = data};
    ah_records records = {0};
    ah_store_result result = ah_objects_load(to.objects, entry->uri, &to.index, &records);
    const ah_record *record = ah_records_find(&records, entry->id);
    if (result == AH_STORE_OK)
        result = record ? read_record(&to, record) : AH_STORE_ABSENT;
    ah_records_clear(&records);
    /* The entry would only be missed again. */
    if (to.lost)
        remove_entry(base, entry);
    return result;
}

/* ---- Writing content ----------------------------------------------------------------------- */

static ah_store_writer *begin(ah_store *base, const ah_entry *entry, uint64_t offset)
{
    writer *to = entry->announced > most ? NULL : calloc(1, sizeof(*to));
    if (!to)
        return NULL;
    to->base.store = base;
    to->objects = objects_of(base);
    to->start = to->end = offset;
    if (offset < UINT64_MAX - most && ah_key_of_index(&to->index, entry->uri) &&
        RAND_bytes(to->id, sizeof(to->id)) == 1 && ah_record_entry_id(to->id))
        return &to->base;
    free(to);
    return NULL;
}

/* How much content the next piece has so far. */
static size_t pending(const writer *to)
{
    return to->value.length ? to->value.length - AH_PIECE_HEAD : 0;
}

static ah_piece next_piece(const writer *to)
{
    ah_piece piece = {.offset = to->end, .number = (uint32_t)to->pieces.count};
    memcpy(piece.writer, to->id, sizeof(piece.writer));
    return piece;
}

/* The piece is remembered before it goes, since a set that fails may leave it there all the same. */
static bool send_piece(writer *to)
{
    ah_piece piece = next_piece(to);
    ah_key key = ah_key_of_piece(&to->index, &piece);
    if (!ah_piece_seal(&to->value, &piece) || !ah_pieces_add(&to->pieces, &piece) ||
        ah_objects_set(to->objects, &key, &to->value) != AH_STORE_OK)
        return false;
    ah_buffer_clear(&to->value);
    to->end += piece.length;
    return true;
}

static bool write_content(ah_store_writer *base, const void *content, size_t length)
{
    writer *to = (writer *)base;
    const char *bytes = content;
    if (length > most - (to->end - to->start) - pending(to))
        return false;
    while (length) {
        ah_piece piece = next_piece(to);
        if (!to->value.length && !ah_piece_begin(&to->value, &piece))
            return false;
        size_t room = PIECE - pending(to);
        size_t part = length < room ? length : room;
        if (!ah_buffer_append(&to->value, bytes, part) || (part == room && !send_piece(to)))
            return false;
        bytes += part;
        length -= part;
    }
    return true;
}

static void abort_writer(ah_store_writer *base)
{
    writer *to = (writer *)base;
    for (size_t i = 0; i < to->pieces.count; i++) {
        ah_key key = ah_key_of_piece(&to->index, &to->pieces.items[i]);
        ah_objects_delete(to->objects, &key);
    }
    ah_pieces_clear(&to->pieces);
    ah_buffer_free(&to->value);
    free(to);
}

/* ---- Storing what was written -------------------------------------------------------------- */

static ah_record *new_record(ah_records *records, const writer *from)
{
    ah_record *record = ah_records_add(records);
    if (!record)
        return NULL;
    memcpy(record->id, from->id, sizeof(record->id));
    record->entry.id = ah_record_entry_id(record->id);
    record->entry.length = AH_LENGTH_UNKNOWN;
    return record;
}

/* The record to join a part with, at the front; NULL: there is none any more. */
static ah_record *joined_record(ah_records *records, int64_t id)
{
    ah_record *record = ah_records_find(records, id);
    return record && record->entry.partial ? ah_records_raise(records, record) : NULL;
}

static bool same_fields(const ah_fields *a, const ah_fields *b)
{
    bool same = a->count == b->count;
    for (size_t i = 0; same && i < a->count; i++) {
        same = strcmp(a->fields[i].name, b->fields[i].name) == 0 &&
               strcmp(ah_field_value(&a->fields[i]), ah_field_value(&b->fields[i])) == 0;
    }
    return same;
}

/* Drops what the first record replaces. */
static void drop_replaced(ah_records *records, const int64_t *replaced, size_t count)
{
    const ah_fields *selecting = &records->items[0].entry.selecting;
    for (size_t i = 1; i < records->count; i++) {
        ah_record *record = &records->items[i];
        record->dropped = same_fields(&record->entry.selecting, selecting);
        for (size_t j = 0; j < count; j++)
            record->dropped = record->dropped || record->entry.id == replaced[j];
    }
}

/* Whether the index has room for so many bytes of content. */
static bool has_room(const ah_records *records, size_t length)
{
    size_t all = length;
    for (size_t i = 0; i < records->count; i++)
        all += records->items[i].dropped ? 0 : records->items[i].entry.content.length;
    return length <= SMALL && all <= SMALL_ALL;
}

/* Whether they are not too many, and lie in a content of that length: otherwise they could not be read again. */
static bool acceptable(const ah_pieces *pieces, uint64_t length)
{
    size_t count = 0;
    bool inside = true;
    for (size_t i = 0; i < pieces->count; i++) {
        const ah_piece *piece = &pieces->items[i];
        count += !piece->dropped;
        inside = inside && (piece->dropped || piece->offset + piece->length <= length);
    }
    return inside && count <= AH_RECORD_PIECES;
}

/* Adds what was written to the pieces of a record, in place of those that it covers. */
static bool join_pieces(ah_record *record, const writer *from)
{
    ah_pieces *pieces = &record->pieces;
    for (size_t i = 0; i < pieces->count; i++) {
        ah_piece *old = &pieces->items[i];
        old->dropped = old->offset >= from->start && old->offset + old->length <= from->end;
    }
    bool joined = true;
    for (size_t i = 0; joined && i < from->pieces.count; i++)
        joined = ah_pieces_add(pieces, &from->pieces.items[i]);
    record->entry.partial = !ah_pieces_complete(pieces, record->entry.length);
    return joined && acceptable(pieces, record->entry.length);
}

/* Gives the first record the content: in the index, or what has not gone out yet as the last piece. */
static bool add_content(writer *from, const ah_entry *entry, ah_records *records)
{
    ah_record *record = records->items;
    size_t length = pending(from);
    if (!entry->partial)
        record->entry.length = from->end + length;
    else if (entry->length != AH_LENGTH_UNKNOWN)
        record->entry.length = entry->length;
    if (!entry->partial && !from->pieces.count && has_room(records, length)) {
        record->entry.partial = false;
        record->entry.loaded = true;
        return !length || ah_buffer_append(&record->entry.content, from->value.data + AH_PIECE_HEAD, length);
    }
    return (!length || send_piece(from)) && join_pieces(record, from);
}

/* Puts what was written at the front of the records. */
static ah_store_result settle(writer *from, const ah_entry *entry, const int64_t *replaced, size_t count,
                              ah_records *records)
{
    bool joins = entry->partial && entry->id;
    ah_record *record = joins ? joined_record(records, entry->id) : new_record(records, from);
    if (!record)
        return joins ? AH_STORE_ABSENT : AH_STORE_FAILED;
    if (!replace_head(record, entry))
        return AH_STORE_FAILED;
    drop_replaced(records, replaced, count);
    return add_content(from, entry, records) ? AH_STORE_OK : AH_STORE_FAILED;
}

/* Whether the content is what the entry says that it is. */
static bool is_as_said(const writer *from, const ah_entry *entry)
{
    uint64_t end = from->end + pending(from);
    return entry->partial || (!from->start && (entry->length == AH_LENGTH_UNKNOWN || entry->length == end));
}

static ah_store_result publish(writer *from, const ah_entry *entry, const int64_t *replaced, size_t count)
{
    ah_records records = {0};
    ah_store_result result = AH_STORE_FAILED;
    if (is_as_said(from, entry))
        result = ah_objects_load(from->objects, entry->uri, &from->index, &records);
    /* Whether there is something to join with is seen there. */
    if (result == AH_STORE_OK || result == AH_STORE_ABSENT)
        result = settle(from, entry, replaced, count, &records);
    if (result == AH_STORE_OK)
        result = ah_objects_save(from->objects, &from->index, entry->uri, &records);
    if (result == AH_STORE_OK)
        ah_pieces_clear(&from->pieces);
    ah_records_clear(&records);
    return result;
}

static ah_store_result commit(ah_store_writer *base, const ah_entry *entry, const int64_t *replaced, size_t count)
{
    writer *from = (writer *)base;
    ah_marks *marks = marks_of(base->store);
    ah_store_result result = AH_STORE_ABSENT;
    if (!ah_marks_passed(marks, entry->uri, entry->mark))
        result = publish(from, entry, replaced, count);
    /* Nothing is locked: it may have been removed just before it was there. */
    if (result == AH_STORE_OK && ah_marks_passed(marks, entry->uri, entry->mark)) {
        remove_all(from->objects, entry->uri);
        result = AH_STORE_ABSENT;
    }
    /* Takes what could not be stored away again. */
    abort_writer(base);
    return result;
}

/* ---- The store ----------------------------------------------------------------------------- */

/* What is used is known to the program's cache. */
static void touch(ah_store *base, const ah_entry *entry)
{
    (void)base;
    (void)entry;
}

/* Nothing is kept back. */
static void flush(ah_store *base)
{
    (void)base;
}

static void free_store(ah_store *base)
{
    ah_objects *objects = objects_of(base);
    if (objects->methods.free)
        objects->methods.free(objects->context);
    ah_marks_destroy(marks_of(base));
    free(base);
}

static const ah_store_methods store_methods = {
    .find = find,
    .read = read_content,
    .begin = begin,
    .write = write_content,
    .commit = commit,
    .abort = abort_writer,
    .update = update,
    .remove = remove_entry,
    .remove_uri = remove_uri,
    .mark = mark_now,
    .touch = touch,
    .flush = flush,
    .free = free_store,
};

ah_store *ah_store_objects_new(const asynchttp_cache_methods *methods, void *context)
{
    if (!methods || !methods->get || !methods->set || !methods->delete)
        return NULL;
    store *made = calloc(1, sizeof(*made));
    if (!made)
        return NULL;
    made->base.methods = &store_methods;
    made->objects.methods = *methods;
    made->objects.context = context;
    ah_marks_init(&made->marks);
    return &made->base;
}
