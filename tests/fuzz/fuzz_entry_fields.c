/*
 * cache/entry.h. The input: fields as a store has them, which may be damaged.
 */
#include "cache/entry.h"

#include "cache/storing.h"
#include "fuzz.h"

static void check_same(const ah_fields *a, const ah_fields *b)
{
    DEMAND(a->count == b->count);
    for (size_t i = 0; i < a->count; i++) {
        const ah_field *field = &a->fields[i];
        const ah_field *other = &b->fields[i];
        DEMAND(*field->name && strcmp(field->name, other->name) == 0 && field->count == other->count);
        for (size_t j = 0; j < field->count; j++)
            DEMAND(strcmp(field->values[j], other->values[j]) == 0);
    }
}

static void check_again(const ah_fields *fields)
{
    ah_fields again = {0};
    ah_buffer text = {0};
    DEMAND(ah_entry_write_fields(&text, fields));
    DEMAND(ah_entry_read_fields(&again, text.data, text.length));
    check_same(fields, &again);
    ah_fields_clear(&again);
    ah_buffer_free(&text);
}

/* What is stripped once has nothing left to be stripped. */
static void check_stripped(ah_fields *fields)
{
    ah_fields before = {0};
    ah_strip_fields(fields);
    DEMAND(ah_fields_copy(&before, fields));
    ah_strip_fields(fields);
    check_same(fields, &before);
    ah_fields_clear(&before);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ah_fields fields = {0};
    char *text = fuzz_text(data, size);
    if (ah_entry_read_fields(&fields, text, size)) {
        check_again(&fields);
        check_stripped(&fields);
        check_again(&fields);
    } else {
        DEMAND(!fields.fields && !fields.count);
    }
    ah_fields_clear(&fields);
    free(text);
    return 0;
}
