/*
 * Turns what libcurl hands over, header lines and pieces of content, into a response and its content.
 *
 * No I/O and no libcurl: whoever has bytes of an answer can feed one.
 */
#ifndef AH_RECEIVER_H
#define AH_RECEIVER_H

#include "decoder.h"
#include "outcome.h"
#include "request.h"

typedef enum ah_receiver_part {
    AH_RECEIVER_START,
    AH_RECEIVER_HEAD,
    AH_RECEIVER_CONTENT,
} ah_receiver_part;

/* The head of a response has been read. Returns whether it is the one that the caller gets: the content of others is
 * dropped. */
typedef bool ah_head_function(void *owner, asynchttp_response *response);

/* A piece of content, decoded, has come, whoever gets it. */
typedef void ah_content_function(void *owner, const void *content, size_t length);

typedef struct ah_receiver {
    const ah_request *request;
    ah_head_function *on_head;
    /* May be NULL; set after ah_receiver_init(). */
    ah_content_function *on_content;
    void *owner;
    /* Where the response, the content and errors go. */
    ah_outcome *outcome;
    ah_receiver_part part;
    /* The response whose head is being read; the outcome's from the end of that head on. */
    asynchttp_response *response;
    /* The last line was a field's, and the next one may be more of its value, folded. */
    bool foldable;
    /* What such lines have brought, which the value does not have yet. */
    ah_buffer folded;
    size_t lines;
    /* How the content is compressed, and whether it is wanted. */
    ah_coding coding;
    bool final;
    /* The answer was taken to end with its head, and libcurl was told to stop. */
    bool cut_short;
    /* Bytes of content, decoded. */
    uint64_t received;
} ah_receiver;

/* The outcome must be empty. on_head, which may be NULL where every response is the caller's, is called with owner. */
void ah_receiver_init(ah_receiver *receiver, const ah_request *request, ah_outcome *outcome, ah_head_function *on_head,
                      void *owner);

/* Takes a line of a head or of the trailers, its line break included. False: the outcome says what is wrong. */
bool ah_receiver_header(ah_receiver *receiver, const char *line, size_t length);

/* Takes a piece of content, decoded; wire: how many bytes of it have come over the wire so far. False: the outcome says
 * what is wrong. */
bool ah_receiver_content(ah_receiver *receiver, const void *data, size_t length, uint64_t wire);

/* The answer has ended well: the response is completed with what is known only now. False: the outcome says what is
 * wrong. */
bool ah_receiver_end(ah_receiver *receiver);

void ah_receiver_clear(ah_receiver *receiver);

#endif
