#include "cache/value.h"

#include <openssl/evp.h>
#include <string.h>

/* The last character is the version of the format. */
static const char mark[8] = {'a', 'h', 'c', 'a', 'c', 'h', 'e', '1'};

static void write_head(unsigned char head[AH_VALUE_HEAD], char kind, size_t length)
{
    memcpy(head, mark, sizeof(mark));
    head[8] = (unsigned char)kind;
    for (int i = 0; i < 4; i++)
        head[9 + i] = (unsigned char)(length >> (24 - 8 * i));
}

bool ah_value_hash(unsigned char hash[AH_VALUE_HASH], const void *bytes, size_t length)
{
    return EVP_Digest(bytes, length, hash, NULL, EVP_sha256(), NULL) == 1;
}

bool ah_value_begin(ah_buffer *value, char kind)
{
    unsigned char head[AH_VALUE_HEAD];
    write_head(head, kind, 0);
    return ah_buffer_append(value, head, sizeof(head));
}

bool ah_value_seal(ah_buffer *value)
{
    unsigned char hash[AH_VALUE_HASH];
    if (value->length > AH_VALUE_MOST - AH_VALUE_HASH)
        return false;
    write_head((unsigned char *)value->data, value->data[sizeof(mark)], value->length + AH_VALUE_HASH);
    return ah_value_hash(hash, value->data, value->length) && ah_buffer_append(value, hash, sizeof(hash));
}

const unsigned char *ah_value_open(const void *value, size_t *length, char kind)
{
    const unsigned char *bytes = value;
    unsigned char head[AH_VALUE_HEAD];
    unsigned char hash[AH_VALUE_HASH];
    if (!bytes || *length < AH_VALUE_HEAD + AH_VALUE_HASH || *length > AH_VALUE_MOST)
        return NULL;
    write_head(head, kind, *length);
    size_t hashed = *length - AH_VALUE_HASH;
    if (memcmp(bytes, head, sizeof(head)) != 0 || !ah_value_hash(hash, bytes, hashed) ||
        memcmp(bytes + hashed, hash, sizeof(hash)) != 0)
        return NULL;
    *length = hashed - AH_VALUE_HEAD;
    return bytes + AH_VALUE_HEAD;
}
