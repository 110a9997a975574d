/*
 * Stores the server's answer to a hop as it comes, if it may be stored.
 */
#ifndef AH_RECORDING_H
#define AH_RECORDING_H

#include "hop.h"

/* The response is the answer: it is stored, if it may be, from here on. authorized: the library has added an
 * Authorization, and it is for those alone who have the same credentials. */
void ah_recording_begin(ah_hop *hop, const asynchttp_response *response, bool authorized);

/* A piece of its content, decoded. */
void ah_recording_content(ah_hop *hop, const void *content, size_t length);

/* Its content has ended, well. */
void ah_recording_end(ah_hop *hop);

/* What was being stored is not to be. */
void ah_recording_drop(ah_hop *hop);

#endif
