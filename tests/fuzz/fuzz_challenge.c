/*
 * lib/challenge.h and what lib/digest.h makes of it. The input: the value of a WWW-Authenticate field, and of an
 * Authentication-Info field.
 */
#include "challenge.h"

#include "base/buffer.h"
#include "base/fields.h"
#include "digest.h"
#include "fuzz.h"

static void check_code(asynchttp_code code, int empty)
{
    DEMAND(code == ASYNCHTTP_OK || code == ASYNCHTTP_E_MALFORMED_HEADER);
    DEMAND(!code || empty);
}

static void check_name(const char *name)
{
    DEMAND(ah_is_token(name));
    for (; *name; name++)
        DEMAND(ah_lower(*name) == *name);
}

static void check_parameters(const ah_parameters *parameters)
{
    DEMAND(parameters->count <= AH_PARAMETERS_MAX);
    for (size_t i = 0; i < parameters->count; i++) {
        check_name(parameters->items[i].name);
        DEMAND(ah_is_field_value(parameters->items[i].value));
        /* No two have the same name: the first one of it is this one. */
        DEMAND(ah_parameters_get(parameters, parameters->items[i].name) == parameters->items[i].value);
    }
}

/* ---- Written again, and read again: the same --------------------------------------------------------- */

static void write_parameters(ah_buffer *text, const ah_parameters *parameters)
{
    for (size_t i = 0; i < parameters->count; i++) {
        DEMAND(ah_buffer_printf(text, "%s%s=\"", i ? ", " : "", parameters->items[i].name));
        for (const char *c = parameters->items[i].value; *c; c++)
            DEMAND(ah_buffer_printf(text, *c == '"' || *c == '\\' ? "\\%c" : "%c", *c));
        DEMAND(ah_buffer_append_string(text, "\""));
    }
}

static void check_same(const ah_parameters *a, const ah_parameters *b)
{
    DEMAND(a->count == b->count);
    for (size_t i = 0; i < a->count; i++) {
        DEMAND(strcmp(a->items[i].name, b->items[i].name) == 0);
        DEMAND(strcmp(a->items[i].value, b->items[i].value) == 0);
    }
}

static void check_again(const ah_challenges *challenges)
{
    ah_buffer text = {0};
    ah_challenges again;
    DEMAND(ah_buffer_append_string(&text, ""));
    for (size_t i = 0; i < challenges->count; i++) {
        const ah_challenge *challenge = &challenges->items[i];
        DEMAND(ah_buffer_printf(&text, "%s%s ", i ? ", " : "", challenge->scheme));
        DEMAND(!challenge->token68 || ah_buffer_append_string(&text, challenge->token68));
        write_parameters(&text, &challenge->parameters);
    }
    DEMAND(ah_challenges_parse(&again, text.data) == ASYNCHTTP_OK);
    DEMAND(again.count == challenges->count);
    for (size_t i = 0; i < again.count; i++) {
        DEMAND(strcmp(again.items[i].scheme, challenges->items[i].scheme) == 0);
        DEMAND(fuzz_same(again.items[i].token68, challenges->items[i].token68));
        check_same(&again.items[i].parameters, &challenges->items[i].parameters);
    }
    ah_challenges_clear(&again);
    ah_buffer_free(&text);
}

static void check_info(const char *value)
{
    ah_parameters parameters, again;
    ah_buffer text = {0};
    asynchttp_code code = ah_authentication_info_parse(&parameters, value);
    check_code(code, !parameters.items && !parameters.count);
    check_parameters(&parameters);
    DEMAND(ah_buffer_append_string(&text, ""));
    write_parameters(&text, &parameters);
    DEMAND(ah_authentication_info_parse(&again, text.data) == ASYNCHTTP_OK);
    check_same(&parameters, &again);
    ah_parameters_clear(&parameters);
    ah_parameters_clear(&again);
    ah_buffer_free(&text);
}

/* ---- Digest ------------------------------------------------------------------------------------------ */

/* What goes out is a field value of one challenge's form, with the server's own realm, nonce and opaque. */
static void check_authorization(const ah_digest *digest, const char *name)
{
    ah_buffer value = {0};
    ah_challenges read;
    DEMAND(ah_digest_authorization(&value, digest, name, "secret", "GET", "/path?query=\"", 1, "0123456789abcdef"));
    DEMAND(ah_is_field_value(value.data) && strlen(value.data) == value.length);
    DEMAND(ah_challenges_parse(&read, value.data) == ASYNCHTTP_OK);
    DEMAND(read.count == 1 && strcmp(read.items[0].scheme, "digest") == 0);
    DEMAND(fuzz_same(ah_challenge_parameter(&read.items[0], "realm"), digest->realm));
    DEMAND(fuzz_same(ah_challenge_parameter(&read.items[0], "nonce"), digest->nonce));
    DEMAND(fuzz_same(ah_challenge_parameter(&read.items[0], "opaque"), digest->opaque));
    DEMAND(fuzz_same(ah_challenge_parameter(&read.items[0], "uri"), "/path?query=\""));
    ah_challenges_clear(&read);
    ah_buffer_free(&value);
}

static void check_digest(const ah_challenge *challenge)
{
    ah_digest digest;
    const char *why = NULL;
    asynchttp_code code = ah_digest_read(&digest, challenge, &why);
    DEMAND(code == ASYNCHTTP_OK || code == ASYNCHTTP_E_MALFORMED_HEADER ||
           code == ASYNCHTTP_E_UNIMPLEMENTED_DIGEST_AUTH_OPTION);
    if (code) {
        DEMAND(why == digest.why && *why && ah_is_field_value(why));
        DEMAND(!digest.realm && !digest.nonce && !digest.opaque);
    } else {
        DEMAND(digest.realm && digest.nonce);
        check_authorization(&digest, "Mufasa");
        check_authorization(&digest, "J\xc3\xa4s\xc3\xb8n \"Doe\"");
    }
    ah_digest_clear(&digest);
}

static void check_challenges(const char *value)
{
    ah_challenges challenges;
    asynchttp_code code = ah_challenges_parse(&challenges, value);
    check_code(code, !challenges.items && !challenges.count);
    DEMAND(challenges.count <= AH_CHALLENGES_MAX);
    for (size_t i = 0; i < challenges.count; i++) {
        const ah_challenge *challenge = &challenges.items[i];
        check_name(challenge->scheme);
        check_parameters(&challenge->parameters);
        DEMAND(ah_challenges_find(&challenges, challenge->scheme));
        if (challenge->token68)
            DEMAND(*challenge->token68 && !challenge->parameters.count && ah_is_field_value(challenge->token68));
        check_digest(challenge);
    }
    check_again(&challenges);
    ah_challenges_clear(&challenges);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* Each challenge costs hashes. */
    if (size > 4096)
        return 0;
    char *text = fuzz_text(data, size);
    check_challenges(text);
    check_info(text);
    free(text);
    return 0;
}
