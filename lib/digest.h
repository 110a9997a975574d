/*
 * What goes into requests to authenticate them: Digest (RFC 7616, and RFC 2069 for servers of its time), Basic (RFC
 * 7617) and the UsernameToken of WSSE. Names and passwords are hashed as they are: in UTF-8 if the program has them in
 * it.
 */
#ifndef AH_DIGEST_H
#define AH_DIGEST_H

#include <stdbool.h>

#include "asynchttp.h"
#include "base/buffer.h"
#include "challenge.h"

typedef enum ah_digest_algorithm {
    AH_DIGEST_MD5,
    AH_DIGEST_MD5_SESS,
    AH_DIGEST_SHA_256,
    AH_DIGEST_SHA_256_SESS,
    AH_DIGEST_SHA_512_256,
    AH_DIGEST_SHA_512_256_SESS
} ah_digest_algorithm;

/* What a Digest challenge asks for. All zero: empty. */
typedef struct ah_digest {
    ah_digest_algorithm algorithm;
    /* Whether the challenge named the algorithm. */
    bool has_algorithm;
    /* False: the challenge had no qop, as in RFC 2069. */
    bool qop_auth;
    bool userhash;
    bool utf8;
    /* The nonce before this one was too old; name and password may well be right. */
    bool stale;
    char *realm;
    char *nonce;
    /* NULL: none. */
    char *opaque;
    /* For ah_digest_read(). */
    char why[96];
} ah_digest;

/*
 * Reads a challenge whose scheme is Digest. digest: what it held before is overwritten.
 *
 * Returns ASYNCHTTP_OK; ASYNCHTTP_E_UNIMPLEMENTED_DIGEST_AUTH_OPTION if the algorithm is unknown or the qop is another
 * than auth, ASYNCHTTP_E_MALFORMED_HEADER without a realm or a nonce: *why is then what is wrong, a text within
 * *digest, which is empty but for that; ASYNCHTTP_E_NO_MEMORY.
 */
asynchttp_code ah_digest_read(ah_digest *digest, const ah_challenge *challenge, const char **why);

void ah_digest_clear(ah_digest *digest);

/*
 * The functions below append the value of a field. False: there is no memory, libcrypto does not have the hash, or a
 * text that goes out as it is has a line break or another control character in it; nothing has changed.
 */

/*
 * The value of an Authorization field. target: as on the request line. nc: which use of the nonce this is, from 1.
 * cnonce: with the -sess algorithms the same as long as the nonce is the same, as it is part of the key (RFC 7616
 * section 3.4.2).
 */
bool ah_digest_authorization(ah_buffer *value, const ah_digest *digest, const char *name, const char *password,
                             const char *method, const char *target, unsigned nc, const char *cnonce);

/* 128 random bits as 32 hexadecimal digits and a zero. False: there is no randomness to be had. */
bool ah_digest_cnonce(char cnonce[33]);

/* The value of an Authorization field. */
bool ah_basic_authorization(ah_buffer *value, const char *name, const char *password);

/* The value of an X-WSSE field, as httplib2 has it. created: the time now, "2003-12-15T14:43:07Z". */
bool ah_wsse_username_token(ah_buffer *value, const char *name, const char *password, const char *nonce,
                            const char *created);

#endif
