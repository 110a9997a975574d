/*
 * Endpoints that let in only who knows the name and the password: Basic (RFC 7617), Digest (RFC 7616) and WSSE. What a
 * client gets wrong about them should show, above all a nonce that it counts wrong.
 *
 * All of them take ?user=NAME&password=TEXT ("user" and "secret"). The realm is the NAME in the path, which also stands
 * for the nonces and the counts. Who is let in gets "SCHEME NAME" and the request's body; with &to=URI, a redirect to
 * there.
 */
#ifndef ORIGIN_ANSWER_AUTHENTICATION_H
#define ORIGIN_ANSWER_AUTHENTICATION_H

#include "exchange.h"

void answer_auth_basic(exchange *x);
void answer_auth_digest(exchange *x);
void answer_auth_wsse(exchange *x);
void answer_auth_many(exchange *x);
void answer_auth_asked(exchange *x);
void answer_auth_refused(exchange *x);
void answer_auth_tried(exchange *x);

#endif
