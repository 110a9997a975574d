#include "number.h"

/* The value of a digit in bases up to 16; 16 for anything else. */
static unsigned digit(char character)
{
    static const char lower[] = "0123456789abcdef";
    static const char upper[] = "0123456789ABCDEF";

    for (unsigned i = 0; i < 16; i++)
        if (character == lower[i] || character == upper[i])
            return i;
    return 16;
}

bool number_parse(const char *text, size_t size, unsigned base, uint64_t *number)
{
    uint64_t value = 0;

    for (size_t i = 0; i < size; i++) {
        unsigned next = digit(text[i]);

        if (next >= base || value > (UINT64_MAX - next) / base)
            return false;
        value = value * base + next;
    }
    *number = value;
    return size > 0;
}
