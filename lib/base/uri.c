/*
 * URIs and IRIs. Text is taken apart by RFC 3986 appendix B, its host checked and brought to ASCII, and everything
 * put together again in one allocation. All of it runs on the caller's thread: no I/O, no locale, and one malloc()
 * unless the host is outside ASCII.
 */
#include "base/uri.h"

#include <arpa/inet.h>
#include <idn2.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/fields.h"

/* A host name in DNS has at most 255 octets (RFC 1035 section 2.3.4); RFC 3986 section 3.2.2 asks for no more. */
#define HOST_MAX 255

/* The longest way to write such a host: four bytes of UTF-8 for each of ASCII, each as "%XX". */
#define ENCODED_HOST_MAX (HOST_MAX * 4 * 3)

/* Part of a string. text is NULL if there is no such part, which is not the same as an empty one (section 5.3). */
struct span {
    const char *text;
    size_t length;
};

/* The components of RFC 3986 appendix B but for the fragment, which never leaves the client. */
struct parts {
    struct span scheme;
    struct span authority;
    struct span path;
    struct span query;
};

/* Scheme, host and port (RFC 9110 section 4.3.1). */
struct origin {
    char host[HOST_MAX + 1];
    size_t host_length;
    unsigned port;
    /* As it was written, without zeros before it; empty if it was not. */
    struct span port_digits;
    bool ipv6;
    bool https;
};

/* unreserved and sub-delims, which are all that a decoded reg-name may have (RFC 3986 section 3.2.2): each in lower
 * case. 0 for everything else. */
static const char reg_name_lower[256] = {
    ['!'] = '!', ['$'] = '$', ['&'] = '&', ['\''] = '\'', ['('] = '(', [')'] = ')', ['*'] = '*', ['+'] = '+',
    [','] = ',', ['-'] = '-', ['.'] = '.', ['0'] = '0',   ['1'] = '1', ['2'] = '2', ['3'] = '3', ['4'] = '4',
    ['5'] = '5', ['6'] = '6', ['7'] = '7', ['8'] = '8',   ['9'] = '9', [';'] = ';', ['='] = '=', ['A'] = 'a',
    ['B'] = 'b', ['C'] = 'c', ['D'] = 'd', ['E'] = 'e',   ['F'] = 'f', ['G'] = 'g', ['H'] = 'h', ['I'] = 'i',
    ['J'] = 'j', ['K'] = 'k', ['L'] = 'l', ['M'] = 'm',   ['N'] = 'n', ['O'] = 'o', ['P'] = 'p', ['Q'] = 'q',
    ['R'] = 'r', ['S'] = 's', ['T'] = 't', ['U'] = 'u',   ['V'] = 'v', ['W'] = 'w', ['X'] = 'x', ['Y'] = 'y',
    ['Z'] = 'z', ['_'] = '_', ['a'] = 'a', ['b'] = 'b',   ['c'] = 'c', ['d'] = 'd', ['e'] = 'e', ['f'] = 'f',
    ['g'] = 'g', ['h'] = 'h', ['i'] = 'i', ['j'] = 'j',   ['k'] = 'k', ['l'] = 'l', ['m'] = 'm', ['n'] = 'n',
    ['o'] = 'o', ['p'] = 'p', ['q'] = 'q', ['r'] = 'r',   ['s'] = 's', ['t'] = 't', ['u'] = 'u', ['v'] = 'v',
    ['w'] = 'w', ['x'] = 'x', ['y'] = 'y', ['z'] = 'z',   ['~'] = '~',
};

static asynchttp_code invalid(const char **why, const char *reason)
{
    *why = reason;
    return ASYNCHTTP_E_INVALID_ARGUMENT;
}

static asynchttp_code relative(const char **why, const char *reason)
{
    *why = reason;
    return ASYNCHTTP_E_RELATIVE_URI;
}

static asynchttp_code no_memory(const char **why)
{
    *why = "Out of memory";
    return ASYNCHTTP_E_NO_MEMORY;
}

/* ---- Characters, whatever the locale ------------------------------------------------------- */

static bool is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* RFC 3986 section 2.3. */
static bool is_unreserved(char c)
{
    return is_alpha(c) || is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

/* What cannot stand on a request line: white space, controls and bytes outside ASCII. */
static bool must_escape(char c)
{
    return c <= ' ' || c > '~';
}

static int hex_value(char c)
{
    if (is_digit(c))
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* The octet that "%XX" at text stands for; -1 if that is not what is there. */
static int decode_octet(const char *text, const char *end)
{
    if (end - text < 3 || text[0] != '%' || hex_value(text[1]) < 0 || hex_value(text[2]) < 0)
        return -1;
    return hex_value(text[1]) * 16 + hex_value(text[2]);
}

/* ---- Taking apart (RFC 3986 appendix B) ---------------------------------------------------- */

/* Where c first is, or end. */
static const char *find(const char *text, const char *end, char c)
{
    const char *found = memchr(text, c, (size_t)(end - text));
    return found ? found : end;
}

static struct span span(const char *text, const char *end)
{
    return (struct span){text, (size_t)(end - text)};
}

/* The length of the scheme that text begins with, 0 without one (RFC 3986 section 3.1). */
static size_t scheme_length(const char *text)
{
    if (!is_alpha(text[0]))
        return 0;
    size_t n = 0;
    while (is_alpha(text[n]) || is_digit(text[n]) || text[n] == '+' || text[n] == '-' || text[n] == '.')
        n++;
    return text[n] == ':' ? n : 0;
}

static void split(struct parts *parts, const char *text)
{
    const char *end = find(text, text + strlen(text), '#');
    size_t n = scheme_length(text);
    *parts = (struct parts){0};
    if (n > 0) {
        parts->scheme = span(text, text + n);
        text += n + 1;
    }
    if (text[0] == '/' && text[1] == '/') {
        text += 2;
        parts->authority = span(text, find(text, find(text, end, '/'), '?'));
        text += parts->authority.length;
    }
    const char *question = find(text, end, '?');
    parts->path = span(text, question);
    if (question < end)
        parts->query = span(question + 1, end);
}

/* Whether a scheme is word, which is in lower case; schemes have no case (RFC 3986 section 3.1). */
static bool is_scheme(struct span scheme, const char *word)
{
    if (scheme.length != strlen(word))
        return false;
    for (size_t i = 0; i < scheme.length; i++) {
        if ((scheme.text[i] | 0x20) != word[i])
            return false;
    }
    return true;
}

/* ---- Host and port (RFC 3986 section 3.2) -------------------------------------------------- */

/* Takes a name, but for one that is encoded in any way. Returns what is wrong with it, or NULL. */
static const char *set_name(struct origin *origin, const char *name, size_t length)
{
    if (length == 0)
        return "The host is empty";
    if (length > HOST_MAX)
        return "The host is longer than 255 bytes";
    for (size_t i = 0; i < length; i++) {
        char lower = reg_name_lower[(unsigned char)name[i]];
        if (!lower)
            return "The host has a character that is not allowed";
        origin->host[i] = lower;
    }
    origin->host_length = length;
    return NULL;
}

/*
 * Brings a name to ASCII by UTS 46, non-transitional: as IDNA2008, and what curl and browsers do. Some names are valid
 * by the older IDNA2003 alone; curl finds those with transitional processing, and so does this.
 *
 * The result is checked as if it had been written in ASCII: U+FF0F and others turn into delimiters.
 */
static asynchttp_code set_idn(struct origin *origin, const char *name, const char **why)
{
    char *ascii = NULL;
    int rc = idn2_to_ascii_8z(name, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
    if (rc != IDN2_OK && rc != IDN2_MALLOC)
        rc = idn2_to_ascii_8z(name, &ascii, IDN2_TRANSITIONAL);
    if (rc == IDN2_MALLOC)
        return no_memory(why);
    if (rc != IDN2_OK)
        return invalid(why, "The host is not a valid internationalized domain name");
    const char *wrong = set_name(origin, ascii, strlen(ascii));
    idn2_free(ascii);
    return wrong ? invalid(why, wrong) : ASYNCHTTP_OK;
}

static bool is_plain(struct span text)
{
    for (size_t i = 0; i < text.length; i++) {
        if (text.text[i] == '%' || (unsigned char)text.text[i] > 127)
            return false;
    }
    return true;
}

/* Decodes "%XX" into a string; false if it is malformed, or decodes to a zero, where the string would end early and
 * name another host. to has room for the length of text and a zero. */
static bool decode_name(char *to, struct span text)
{
    const char *end = text.text + text.length;
    for (const char *from = text.text; from < end; from++) {
        int octet = (unsigned char)*from;
        if (*from == '%') {
            octet = decode_octet(from, end);
            from += 2;
        }
        if (octet <= 0)
            return false;
        *to++ = (char)octet;
    }
    *to = '\0';
    return true;
}

/* Octets are decoded first, as they may spell a name in UTF-8 (RFC 3986 section 3.2.2). */
static asynchttp_code read_encoded_name(struct origin *origin, struct span text, const char **why)
{
    char name[ENCODED_HOST_MAX + 1];
    if (text.length > ENCODED_HOST_MAX)
        return invalid(why, "The host is longer than 255 bytes");
    if (!decode_name(name, text))
        return invalid(why, "The host has a character that is not allowed");
    size_t length = strlen(name);
    if (!is_plain((struct span){name, length}))
        return set_idn(origin, name, why);
    const char *wrong = set_name(origin, name, length);
    return wrong ? invalid(why, wrong) : ASYNCHTTP_OK;
}

/* A name, or an IPv4 address, which looks like one. */
static asynchttp_code read_reg_name(struct origin *origin, struct span text, const char **why)
{
    const char *wrong = set_name(origin, text.text, text.length);
    if (!wrong)
        return ASYNCHTTP_OK;
    return is_plain(text) ? invalid(why, wrong) : read_encoded_name(origin, text, why);
}

/* "%25" 1*( unreserved / pct-encoded ): RFC 6874 section 2. */
static bool is_zone(const char *zone, const char *end)
{
    if (decode_octet(zone, end) != '%' || end - zone == 3)
        return false;
    for (zone += 3; zone < end; zone++) {
        if (decode_octet(zone, end) > 0)
            zone += 2;
        else if (!is_unreserved(*zone))
            return false;
    }
    return true;
}

static bool is_ipv6(struct span text)
{
    char address[INET6_ADDRSTRLEN];
    if (text.length >= sizeof(address))
        return false;
    memcpy(address, text.text, text.length);
    address[text.length] = '\0';
    struct in6_addr binary;
    return inet_pton(AF_INET6, address, &binary) == 1;
}

/* What is between the brackets. IPvFuture has no meaning as yet, and fails. A zone keeps its case: it is the name of
 * an interface of this machine. */
static asynchttp_code read_ipv6(struct origin *origin, struct span text, const char **why)
{
    const char *end = text.text + text.length;
    const char *zone = find(text.text, end, '%');
    struct span address = span(text.text, zone);
    if (text.length > HOST_MAX || !is_ipv6(address) || (zone < end && !is_zone(zone, end)))
        return invalid(why, "There is no valid IPv6 address between the brackets");
    memcpy(origin->host, text.text, text.length);
    for (size_t i = 0; i < address.length; i++) {
        if (is_alpha(origin->host[i]))
            origin->host[i] = (char)(origin->host[i] | 0x20);
    }
    origin->host_length = text.length;
    origin->ipv6 = true;
    return ASYNCHTTP_OK;
}

static unsigned default_port(bool https)
{
    return https ? 443 : 80;
}

/* A number from 1 to 65535; 0 if it is none. */
static unsigned port_number(struct span text)
{
    unsigned port = 0;
    for (size_t i = 0; i < text.length; i++) {
        if (!is_digit(text.text[i]))
            return 0;
        port = port * 10 + (unsigned)(text.text[i] - '0');
        if (port > UINT16_MAX)
            return 0;
    }
    return port;
}

/* What follows the host: ":port", ":" or nothing; the latter two mean the default (RFC 3986 section 6.2.3). */
static asynchttp_code read_port(struct origin *origin, struct span text, const char **why)
{
    const char *end = text.text + text.length;
    const char *digits = text.text + 1;
    origin->port = default_port(origin->https);
    origin->port_digits = (struct span){0};
    if (text.length == 0)
        return ASYNCHTTP_OK;
    if (text.text[0] != ':')
        return invalid(why, "There is something between the host and the port");
    if (digits == end)
        return ASYNCHTTP_OK;
    while (digits < end && *digits == '0')
        digits++;
    origin->port_digits = span(digits, end);
    origin->port = port_number(origin->port_digits);
    if (origin->port == 0)
        return invalid(why, "The port is not a number from 1 to 65535");
    return ASYNCHTTP_OK;
}

static asynchttp_code read_authority(struct origin *origin, struct span text, const char **why)
{
    const char *end = text.text + text.length;
    /* RFC 9110 section 4.2.4 deprecates them, and they hide which host it is. */
    if (find(text.text, end, '@') < end)
        return invalid(why, "A name or password in the URI: use asynchttp_http_add_credentials()");
    const char *host_end;
    asynchttp_code code;
    if (text.text[0] != '[') {
        host_end = find(text.text, end, ':');
        code = read_reg_name(origin, span(text.text, host_end), why);
    } else {
        host_end = find(text.text, end, ']');
        if (host_end == end)
            return invalid(why, "The bracket after the IPv6 address is missing");
        code = read_ipv6(origin, span(text.text + 1, host_end), why);
        host_end++;
    }
    return code ? code : read_port(origin, span(host_end, end), why);
}

static asynchttp_code read_origin(struct origin *origin, const struct parts *parts, const char **why)
{
    if (!parts->scheme.text)
        return relative(why, "The URI has no scheme");
    origin->https = is_scheme(parts->scheme, "https");
    origin->ipv6 = false;
    if (!origin->https && !is_scheme(parts->scheme, "http"))
        return invalid(why, "Unsupported scheme");
    if (parts->authority.length == 0)
        return relative(why, "The URI has no host");
    return read_authority(origin, parts->authority, why);
}

/* ---- Putting together ---------------------------------------------------------------------- */

static char *put(char *to, const char *text, size_t length)
{
    memcpy(to, text, length);
    return to + length;
}

static char *put_authority(char *to, const struct origin *origin)
{
    if (origin->ipv6)
        *to++ = '[';
    to = put(to, origin->host, origin->host_length);
    if (origin->ipv6)
        *to++ = ']';
    if (origin->port != default_port(origin->https)) {
        *to++ = ':';
        to = put(to, origin->port_digits.text, origin->port_digits.length);
    }
    return to;
}

static size_t count_escapes(struct span text)
{
    size_t escapes = 0;
    for (size_t i = 0; i < text.length; i++)
        escapes += must_escape(text.text[i]);
    return escapes;
}

/* RFC 3987 section 3.1, step 2. */
static char *put_escaped(char *to, struct span text)
{
    static const char hex[] = "0123456789ABCDEF";
    for (size_t i = 0; i < text.length; i++) {
        unsigned char octet = (unsigned char)text.text[i];
        if (must_escape(text.text[i])) {
            *to++ = '%';
            *to++ = hex[octet >> 4];
            *to++ = hex[octet & 15];
        } else {
            *to++ = (char)octet;
        }
    }
    return to;
}

/* Allocates for everything that build() writes: the text, the authority and the host, each with its zero. */
static char *allocate(const struct origin *origin, size_t target_length, size_t escapes)
{
    /* Each escape adds two bytes; what comes on top of them is less than SIZE_MAX / 4 by far. */
    if (target_length > SIZE_MAX / 4)
        return NULL;
    size_t authority_max = origin->host_length + strlen("[]:65535");
    size_t fixed = strlen("https://") + authority_max + strlen("/") + 1 + authority_max + 1 + origin->host_length + 1;
    return malloc(fixed + target_length + 2 * escapes);
}

static bool build(ah_uri *uri, const struct origin *origin, struct span target)
{
    size_t escapes = count_escapes(target);
    char *text = allocate(origin, target.length, escapes);
    if (!text)
        return false;
    char *authority = origin->https ? put(text, "https://", 8) : put(text, "http://", 7);
    char *end = put_authority(authority, origin);
    *uri = (ah_uri){.text = text, .target = end, .port = origin->port, .https = origin->https};
    /* An empty path is "/" (RFC 3986 section 6.2.3). */
    if (target.length == 0 || target.text[0] != '/')
        *end++ = '/';
    end = escapes ? put_escaped(end, target) : put(end, target.text, target.length);
    *end++ = '\0';
    uri->authority = end;
    end = put(end, authority, (size_t)(uri->target - authority));
    *end++ = '\0';
    uri->host = end;
    end = put(end, origin->host, origin->host_length);
    *end = '\0';
    return true;
}

/* Path and query are one run in the text that they come from. */
static struct span target_of(const struct parts *parts)
{
    const struct span *last = parts->query.text ? &parts->query : &parts->path;
    return span(parts->path.text, last->text + last->length);
}

asynchttp_code ah_uri_parse(ah_uri *uri, const char *text, const char **why)
{
    *uri = (ah_uri){0};
    struct parts parts;
    split(&parts, text);
    struct origin origin;
    asynchttp_code code = read_origin(&origin, &parts, why);
    if (code)
        return code;
    return build(uri, &origin, target_of(&parts)) ? ASYNCHTTP_OK : no_memory(why);
}

/* ---- References (RFC 3986 section 5.2) ----------------------------------------------------- */

/* 1 for the segment "/.", 2 for "/..", else 0. */
static int dots(const char *segment, size_t length)
{
    if (length == 2 && segment[1] == '.')
        return 1;
    return length == 3 && segment[1] == '.' && segment[2] == '.' ? 2 : 0;
}

/* RFC 3986 section 5.2.4, in place, for a path that is empty or begins with "/". Returns where it ends now. */
static char *remove_dot_segments(char *path, const char *end)
{
    char *out = path;
    const char *next;
    for (const char *in = path; in < end; in = next) {
        next = find(in + 1, end, '/');
        size_t length = (size_t)(next - in);
        int up = dots(in, length);
        while (up == 2 && out > path && *--out != '/')
            ;
        if (up == 0) {
            memmove(out, in, length);
            out += length;
        } else if (next == end) {
            *out++ = '/';
        }
    }
    return out;
}

/* The path of the target, by section 5.2.2 and, to merge, 5.2.3. */
static char *put_path(char *to, const struct parts *base, const struct parts *reference)
{
    if (!reference->authority.text && reference->path.length == 0)
        return put(to, base->path.text, base->path.length);
    char *path = to;
    if (!reference->authority.text && reference->path.text[0] != '/') {
        size_t directory = base->path.length;
        while (base->path.text[directory - 1] != '/')
            directory--;
        to = put(to, base->path.text, directory);
    }
    to = put(to, reference->path.text, reference->path.length);
    return remove_dot_segments(path, to);
}

/* Sections 5.2.2 and 5.3, for references that have an authority or take the base's. */
static void recompose(char *to, const struct parts *base, const struct parts *reference)
{
    const struct parts *scheme = reference->scheme.text ? reference : base;
    const struct parts *authority = reference->authority.text ? reference : base;
    bool same_query = !reference->authority.text && reference->path.length == 0 && !reference->query.text;
    const struct parts *query = same_query ? base : reference;
    to = put(to, scheme->scheme.text, scheme->scheme.length);
    to = put(to, "://", 3);
    to = put(to, authority->authority.text, authority->authority.length);
    to = put_path(to, base, reference);
    if (query->query.text) {
        *to++ = '?';
        to = put(to, query->query.text, query->query.length);
    }
    *to = '\0';
}

asynchttp_code ah_uri_resolve(ah_uri *uri, const ah_uri *base, const char *reference, const char **why)
{
    *uri = (ah_uri){0};
    struct parts base_parts, parts;
    split(&parts, reference);
    /* "http:g" or "mailto:x", never what is wanted here. They are not recomposed: "http:/.//h" would get a host. */
    if (parts.scheme.text && !parts.authority.text)
        return ah_uri_parse(uri, reference, why);
    size_t base_length = strlen(base->text);
    size_t reference_length = strlen(reference);
    if (reference_length > SIZE_MAX - sizeof("://?") - base_length)
        return no_memory(why);
    char *text = malloc(base_length + reference_length + sizeof("://?"));
    if (!text)
        return no_memory(why);
    split(&base_parts, base->text);
    recompose(text, &base_parts, &parts);
    asynchttp_code code = ah_uri_parse(uri, text, why);
    free(text);
    return code;
}

/* ---- The rest ------------------------------------------------------------------------------ */

int ah_uri_shown(const ah_uri *uri)
{
    size_t length = uri->text ? strcspn(uri->text, "?") : 0;
    return length < INT_MAX ? (int)length : INT_MAX;
}

bool ah_uri_same_origin(const ah_uri *a, const ah_uri *b)
{
    return a->https == b->https && a->port == b->port && strcmp(a->host, b->host) == 0;
}

bool ah_uri_has_authority(const ah_uri *uri, const char *authority)
{
    size_t length = strlen(uri->authority);
    /* The URI's own is in lower case but for the zone of an IPv6 address. */
    for (size_t i = 0; i < length; i++) {
        if (ah_lower(authority[i]) != ah_lower(uri->authority[i]))
            return false;
    }
    const char *port = authority + length;
    return !*port || strcmp(port, uri->https ? ":443" : ":80") == 0;
}

void ah_uri_clear(ah_uri *uri)
{
    free(uri->text);
    *uri = (ah_uri){0};
}
