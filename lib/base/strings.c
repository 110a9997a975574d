#include "base/strings.h"

#include <openssl/crypto.h>
#include <string.h>

#include "base/shared.h"

static size_t text_size(const char *const *items, size_t count)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += items[i] ? strlen(items[i]) + 1 : 0;
    return size;
}

/* The texts lie behind the pointers, without a gap. */
static void wipe(void *value)
{
    ah_strings *strings = value;
    size_t size = text_size(strings->items, strings->count);
    OPENSSL_cleanse(strings->items + strings->count + 1, size);
}

static char *copy(ah_strings *strings, const char *const *items, size_t count, char *text)
{
    for (size_t i = 0; i < count; i++) {
        if (!items[i]) {
            strings->items[strings->count++] = NULL;
            continue;
        }
        size_t size = strlen(items[i]) + 1;
        strings->items[strings->count++] = memcpy(text, items[i], size);
        text += size;
    }
    return text;
}

ah_strings *ah_strings_new(const ah_strings *old, const char *const *items, size_t count)
{
    size_t old_count = old ? old->count : 0;
    size_t size = text_size(items, count) + (old ? text_size(old->items, old_count) : 0);
    size_t pointers = old_count + count + 1;
    ah_strings *strings = ah_shared_new(sizeof(*strings) + pointers * sizeof(strings->items[0]) + size, wipe);
    if (!strings)
        return NULL;
    char *text = (char *)(strings->items + pointers);
    if (old)
        text = copy(strings, old->items, old_count, text);
    copy(strings, items, count, text);
    return strings;
}
