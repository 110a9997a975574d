/*
 * An answer's status and header fields: what the public asynchttp_response is made of.
 */
#ifndef AH_RESPONSE_H
#define AH_RESPONSE_H

#include "asynchttp.h"
#include "base/fields.h"

struct asynchttp_response {
    int status;
    int version;
    /* NULL: none. */
    char *reason;
    bool fromcache;
    /* Owned. */
    asynchttp_response *previous;
    ah_fields fields;
    ah_fields trailers;
    /* Memory for fields, and how many bytes of it there are. */
    size_t room;
    ah_field own[];
};

/* NULL: no memory. */
asynchttp_response *ah_response_new(void);

/* One that takes over these fields and this reason; NULL: no memory, and they are as they were. */
asynchttp_response *ah_response_take(ah_fields *fields, char **reason);

/* For ah_response_free(), which mostly finds nothing to do. */
void ah_response_free_slow(asynchttp_response *response);

/* Frees the previous ones as well. NULL is allowed. */
static inline void ah_response_free(asynchttp_response *response)
{
    if (response)
        ah_response_free_slow(response);
}

/* Reads a status line (RFC 9112 section 4): version, status and reason. Returns false if it is not one, and
 * *no_memory says whether that is for lack of memory. */
bool ah_response_read_status(asynchttp_response *response, const char *line, size_t length, bool *no_memory);

#endif
