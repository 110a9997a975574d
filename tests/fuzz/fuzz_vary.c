/*
 * cache/vary.h. The input, in lines: the values of a response's Vary and Cache-Control fields, then the fields of a
 * request.
 */
#include "cache/vary.h"

#include "cache/entry.h"
#include "fuzz.h"

/* As a request may have them: others are refused before. */
static void take_field(ah_fields *fields, const char *line)
{
    const char *colon = strchr(line, ':');
    if (colon && colon > line && ah_is_field_value(colon + 1))
        DEMAND(ah_fields_add(fields, line, (size_t)(colon - line), colon + 1, strlen(colon + 1)));
}

static void take_response(ah_fields *response, const char *name, const uint8_t **data, size_t *size)
{
    char *line = fuzz_take_line(data, size);
    DEMAND(!*line || ah_fields_set(response, name, line));
    free(line);
}

/* A request matches by its own fields, whether they are as they were found or come from a store. */
static void check_match(const ah_fields *selecting, const ah_fields *response, const ah_fields *request)
{
    ah_buffer text = {0};
    ah_fields stored = {0};
    DEMAND(ah_vary_match(selecting, response, request) == AH_MATCH_YES);
    DEMAND(ah_entry_write_fields(&text, selecting) && ah_entry_read_fields(&stored, text.data, text.length));
    DEMAND(stored.count == selecting->count);
    DEMAND(ah_vary_match(&stored, response, request) == AH_MATCH_YES);
    ah_fields_clear(&stored);
    ah_buffer_free(&text);
}

/* One that lacks a field does not match one that has it, and the other way round. */
static void check_difference(const ah_fields *selecting, const ah_fields *response, const ah_fields *request)
{
    for (size_t i = 0; i < selecting->count; i++) {
        const char *name = selecting->fields[i].name;
        bool present = ah_fields_find(request, name) != NULL;
        ah_fields other = {0};
        DEMAND((*ah_field_value(&selecting->fields[i]) != '\0') == present);
        DEMAND(!i || strcmp(selecting->fields[i - 1].name, name) < 0);
        DEMAND(ah_fields_copy(&other, request));
        DEMAND(present ? ah_fields_delete(&other, name) : ah_fields_set(&other, name, ""));
        DEMAND(ah_vary_match(selecting, response, &other) == AH_MATCH_NO);
        ah_fields_clear(&other);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ah_fields response = {0}, request = {0}, selecting = {0};
    /* Each field is compared with each. */
    if (size > 2048)
        return 0;
    take_response(&response, "vary", &data, &size);
    take_response(&response, "cache-control", &data, &size);
    while (size) {
        char *line = fuzz_take_line(&data, &size);
        take_field(&request, line);
        free(line);
    }
    if (ah_vary_select(&selecting, &request, &response) == AH_VARY_OK) {
        check_match(&selecting, &response, &request);
        check_difference(&selecting, &response, &request);
    } else {
        DEMAND(!selecting.fields && !selecting.count);
    }
    ah_fields_clear(&response);
    ah_fields_clear(&request);
    ah_fields_clear(&selecting);
    return 0;
}
