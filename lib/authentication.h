/*
 * Authentication (RFC 9110 section 11, RFC 7616, RFC 7617, WSSE): what to answer a 401, and what to send from the start
 * because it worked before.
 */
#ifndef AH_AUTHENTICATION_H
#define AH_AUTHENTICATION_H

#include "base/buffer.h"
#include "base/fields.h"
#include "base/uri.h"
#include "challenge.h"
#include "settings.h"

/* Room for words that say what is wrong with a challenge. */
enum { AH_WHY_SIZE = 96 };

/* One scheme with one name and password, for the URIs of one origin below one path. A shared value, used by any
 * thread. */
typedef struct ah_authorization ah_authorization;

/*
 * The next authorization to try against a server's challenges: for each of the credentials that are for its host, in
 * the order in which they were added, the schemes that it offers, the strongest first [Http._auth_from_challenge].
 *
 * turn: counts on from 0, and is set to the next. Returns ASYNCHTTP_OK with a share in *authorization, NULL if there is
 * no more; else ASYNCHTTP_E_NO_MEMORY, or what is wrong with a challenge, said in words in why.
 */
asynchttp_code ah_authorization_next(ah_authorization **authorization, const ah_challenges *challenges,
                                     const ah_settings *settings, const ah_uri *uri, size_t *turn,
                                     char why[AH_WHY_SIZE]);

/* Adds who a request to the URI may be made as: all names and passwords that are for its host, so that others make
 * another text; nothing if there are none. False: no memory. */
bool ah_credentials_write(ah_buffer *text, const ah_settings *settings, const ah_uri *uri);

/* Adds the header fields that authorize a message. False: no memory, or no randomness. */
bool ah_authorization_write(ah_authorization *authorization, const char *method, const ah_uri *uri, ah_fields *fields);

/* Heeds what the server says in a response to a message with this authorization: its next nonce (Authentication-Info,
 * RFC 7616 section 3.5), or that the nonce was stale. Returns true in the latter case: the same authorization is to
 * be tried again. */
bool ah_authorization_heed(ah_authorization *authorization, const ah_fields *response);

/* The authorizations that have worked, for all workers. A shared value; NULL: no memory. */
typedef struct ah_authorizations ah_authorizations;

ah_authorizations *ah_authorizations_new(void);

/* Remembers one; takes a share. Without memory for it, it is forgotten. */
void ah_authorizations_add(ah_authorizations *authorizations, ah_authorization *authorization);

/* A share of the one whose path is nearest to the URI's; NULL: there is none. */
ah_authorization *ah_authorizations_find(ah_authorizations *authorizations, const ah_uri *uri);

#endif
