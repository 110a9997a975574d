#include "cache/objects.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

enum method { GET, SET, DELETE };

/* The number is the version of the format: values of another one have other keys. */
static const char prefix[] = "asynchttp:1:";

/* ---- Keys ---------------------------------------------------------------------------------- */

static char *write_hex(char *text, const unsigned char *bytes, size_t length)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < length; i++) {
        *text++ = digits[bytes[i] >> 4];
        *text++ = digits[bytes[i] & 15];
    }
    *text = '\0';
    return text;
}

/* The key of an index. False: no memory. */
bool ah_key_of_index(ah_key *made, const char *uri)
{
    unsigned char hash[AH_VALUE_HASH];
    if (!ah_value_hash(hash, uri, strlen(uri)))
        return false;
    memcpy(made->text, prefix, sizeof(prefix));
    write_hex(made->text + sizeof(prefix) - 1, hash, sizeof(hash));
    return true;
}

/* It begins with the key of its index, so that no index can name what belongs to another one. */
ah_key ah_key_of_piece(const ah_key *index, const ah_piece *piece)
{
    ah_key made = *index;
    char *end = made.text + strlen(made.text);
    *end++ = ':';
    end = write_hex(end, piece->writer, sizeof(piece->writer));
    snprintf(end, (size_t)(made.text + sizeof(made.text) - end), ":%" PRIx32, piece->number);
    return made;
}

/* ---- The program's methods ----------------------------------------------------------------- */

/* Says when a method begins to fail, and when it works again. */
static ah_store_result note(ah_objects *objects, enum method method, int result)
{
    static const char *const names[] = {"get", "set", "delete"};
    bool absent = method == GET && result == 1;
    bool fails = result != 0 && !absent;
    bool failed = atomic_exchange(&objects->failing[method], fails);
    if (fails && !failed)
        AH_WARNING("cache", "the %s method of the program's cache fails: requests go on without it", names[method]);
    if (!fails && failed)
        AH_INFO("cache", "the %s method of the program's cache works again", names[method]);
    return fails ? AH_STORE_FAILED : absent ? AH_STORE_ABSENT : AH_STORE_OK;
}

/* The value is to be freed if the result is OK. */
ah_store_result ah_objects_get(ah_objects *objects, const ah_key *of, void **value, size_t *length)
{
    *value = NULL;
    *length = 0;
    return note(objects, GET, objects->methods.get(objects->context, of->text, value, length));
}

ah_store_result ah_objects_set(ah_objects *objects, const ah_key *of, const ah_buffer *value)
{
    return note(objects, SET, objects->methods.set(objects->context, of->text, value->data, value->length));
}

ah_store_result ah_objects_delete(ah_objects *objects, const ah_key *of)
{
    return note(objects, DELETE, objects->methods.delete(objects->context, of->text));
}

/* ---- The index ----------------------------------------------------------------------------- */

/* Gets what is stored for a URI, and the key of it. What is damaged is not there. */
ah_store_result ah_objects_load(ah_objects *objects, const char *uri, ah_key *index, ah_records *records)
{
    void *value;
    size_t length;
    if (!ah_key_of_index(index, uri))
        return AH_STORE_FAILED;
    ah_store_result result = ah_objects_get(objects, index, &value, &length);
    if (result != AH_STORE_OK)
        return result;
    if (!ah_records_read(records, uri, value, length))
        AH_DEBUG("cache", "a value of the program's cache is damaged, or of something else");
    free(value);
    return records->count ? AH_STORE_OK : AH_STORE_ABSENT;
}

/* Deletes the pieces that the index does not name any more. */
static void sweep(ah_objects *objects, const ah_key *index, const ah_records *records)
{
    for (size_t i = 0; i < records->count; i++) {
        const ah_record *record = &records->items[i];
        for (size_t j = 0; j < record->pieces.count; j++) {
            const ah_piece *piece = &record->pieces.items[j];
            ah_key of = ah_key_of_piece(index, piece);
            if (record->dropped || piece->dropped)
                ah_objects_delete(objects, &of);
        }
    }
}

static bool all_dropped(const ah_records *records)
{
    size_t dropped = 0;
    while (dropped < records->count && records->items[dropped].dropped)
        dropped++;
    return dropped == records->count;
}

/* Puts the index in place of what was there, without what is dropped. Its first record is in it, if it is not dropped,
 * or nothing happens. */
ah_store_result ah_objects_save(ah_objects *objects, const ah_key *index, const char *uri, ah_records *records)
{
    ah_buffer value = {0};
    ah_store_result result = AH_STORE_FAILED;
    bool without_first = !records->count || records->items[0].dropped;
    if (all_dropped(records))
        result = ah_objects_delete(objects, index);
    else if (ah_records_write(&value, uri, records) && records->items[0].dropped == without_first)
        result = ah_objects_set(objects, index, &value);
    ah_buffer_free(&value);
    if (result == AH_STORE_OK)
        sweep(objects, index, records);
    return result;
}
