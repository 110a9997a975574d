/*
 * What the public header says of codes and versions, at run time.
 */
#include "asynchttp.h"

const char *asynchttp_version(void)
{
    return ASYNCHTTP_VERSION;
}

const char *asynchttp_strerror(asynchttp_code code)
{
    switch ((int)code) {
#define TEXT(name, number, text)                                                                                       \
    case number:                                                                                                       \
        return text;
        ASYNCHTTP_CODES(TEXT)
#undef TEXT
    default:
        return "Unknown error";
    }
}

const char *asynchttp_code_name(asynchttp_code code)
{
    switch ((int)code) {
#define NAME(name, number, text)                                                                                       \
    case number:                                                                                                       \
        return "ASYNCHTTP_" #name;
        ASYNCHTTP_CODES(NAME)
#undef NAME
    default:
        return "unknown code";
    }
}
