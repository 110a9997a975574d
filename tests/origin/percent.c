#include "percent.h"

#include "memory.h"
#include "number.h"

void percent_decode(buffer *out, const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)text[i];
        uint64_t value;

        if (byte == '%' && size - i > 2 && number_parse(text + i + 1, 2, 16, &value)) {
            byte = (unsigned char)value;
            i += 2;
        }
        buffer_append(out, &byte, 1);
    }
}

char *percent_decoded_string(const char *text, size_t size)
{
    buffer decoded = {0};
    char *string;

    percent_decode(&decoded, text, size);
    string = memory_string((const char *)buffer_bytes(&decoded), decoded.size);
    buffer_clear(&decoded);
    return string;
}
