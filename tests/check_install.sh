#!/bin/sh
# An installed library is found by pkg-config, and a program that was written from the documentation compiles, links and
# runs against it, shared and static.
set -eu
: "${srcdir:=.}" "${top_builddir:=.}"
command -v "${PKG_CONFIG:-pkg-config}" >/dev/null || { echo "no pkg-config"; exit 77; }
work=$(mktemp -d)
origin=
trap 'rm -rf "$work"; [ -z "$origin" ] || kill "$origin"' EXIT
(cd "$top_builddir" && ${MAKE:-make} -s install DESTDIR="$work/root" >"$work/log" 2>&1) || { cat "$work/log"; exit 1; }

pc=$(find "$work/root" -name asynchttp.pc)
libdir=$(dirname "$(dirname "$pc")")
prefix=$(sed -n 's/^prefix=//p' "$pc")
export PKG_CONFIG_PATH="$libdir/pkgconfig"
config() { "${PKG_CONFIG:-pkg-config}" --define-variable=prefix="$work/root$prefix" "$@" asynchttp; }
[ "$(config --modversion)" = "$(sed -n 's/^#define ASYNCHTTP_VERSION "\(.*\)"$/\1/p' "$srcdir/include/asynchttp.h")" ]

cat >"$work/program.c" <<'END'
#include <asynchttp.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    asynchttp_http *http = asynchttp_http_new(NULL);
    asynchttp_promise *promise = asynchttp_http_request(http, argv[argc - 1],
        ASYNCHTTP_REQUEST(.method = "PUT", .body = "This is text",
                          .headers = (const char *[]){"content-type", "text/plain", NULL}));
    asynchttp_response *response;
    int failed = asynchttp_promise_response(promise, &response) != ASYNCHTTP_OK;
    if (!failed)
        printf("%d %s\n", asynchttp_response_status(response), asynchttp_response_get(response, "content-type"));
    else
        fprintf(stderr, "%s\n", asynchttp_promise_error_message(promise));
    asynchttp_promise_free(promise);
    asynchttp_http_free(http);
    return failed;
}
END

# A pipe keeps the origin's standard input open for as long as it is to run.
mkfifo "$work/port"
"${ORIGIN:?}" --stay >"$work/port" &
origin=$!
read -r port <"$work/port"

try() {
    # shellcheck disable=SC2086
    ${CC:-cc} -std=c11 -o "$work/$1" "$work/program.c" $2 ${SANITIZE:-}
    [ "$(LD_LIBRARY_PATH=$libdir "$work/$1" "http://127.0.0.1:$port/echo")" = "200 text/plain" ]
    echo "$1: fine"
}

cat >"$work/watched.c" <<'END'
#include <asynchttp.h>
#include <stdio.h>

static asynchttp_promise *promise;

int main(int argc, char **argv)
{
    asynchttp_http *http = asynchttp_http_new(NULL);
    const void *content = NULL;
    size_t length = 0;
    promise = asynchttp_http_request(http, argv[argc - 1], NULL);
    if (asynchttp_promise_content(promise, &content, &length) != ASYNCHTTP_OK || length != 5000)
        return 1;
    asynchttp_http_free(http);
    if (argc > 2)
        asynchttp_promise_free(promise);
    putchar(((const char *)content)[4000]);
    return 0;
}
END

# AddressSanitizer in a program sees what is used after its promise has gone, and no leak in a promise that is still
# there, though the library was compiled without it.
watch() {
    url=http://127.0.0.1:$port/bytes/5000
    unset ASYNCHTTP_POOL ASAN_OPTIONS
    echo 'int main(void) { return 0; }' >"$work/nothing.c"
    if ! ${CC:-cc} -fsanitize=address -o "$work/nothing" "$work/nothing.c" >/dev/null 2>&1 ||
        ! "$work/nothing" 2>/dev/null; then
        echo "watched: skipped, there is no AddressSanitizer"
        return
    fi
    # shellcheck disable=SC2086
    ${CC:-cc} -std=c11 -fsanitize=address -o "$work/watched" "$work/watched.c" $1
    LD_LIBRARY_PATH=$libdir "$work/watched" "$url" >/dev/null 2>"$work/log" || { cat "$work/log"; exit 1; }
    if LD_LIBRARY_PATH=$libdir "$work/watched" freed "$url" >/dev/null 2>"$work/log"; then
        echo "what was used after its promise had gone was not seen"
        exit 1
    fi
    grep -q heap-use-after-free "$work/log" || { cat "$work/log"; exit 1; }
    echo "watched: fine"
}
if ls "$libdir"/libasynchttp.so >/dev/null 2>&1; then
    try shared "$(config --cflags --libs)"
    [ -n "${SANITIZE:-}" ] || watch "$(config --cflags --libs)"
fi
if ls "$libdir"/libasynchttp.a >/dev/null 2>&1; then
    # The library itself from its archive, what it needs as it is installed, which may be shared only.
    needs=$(config --print-requires-private | awk '{ print $1 }')
    # shellcheck disable=SC2086
    try static "$(config --cflags) $libdir/libasynchttp.a $("${PKG_CONFIG:-pkg-config}" --libs $needs) -pthread -lm"
fi

(cd "$top_builddir" && ${MAKE:-make} -s uninstall DESTDIR="$work/root" >"$work/log" 2>&1) || { cat "$work/log"; exit 1; }
left=$(find "$work/root" ! -type d)
[ -z "$left" ] || { echo "left behind by uninstall: $left"; exit 1; }
