#!/bin/sh
# The public header compiles alone, as every C and C++ that it promises, with every compiler there is, without a warning.
set -eu
: "${srcdir:=.}" "${top_builddir:=.}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
flags="-Wall -Wextra -Wpedantic -Wconversion -Werror -fsyntax-only -I$srcdir/include"
cat >"$work/use.c" <<'END'
#include <asynchttp.h>
asynchttp_promise *use(asynchttp_http *http);
asynchttp_promise *use(asynchttp_http *http)
{
    return asynchttp_http_request(http, "https://example.org/chap/2",
        ASYNCHTTP_REQUEST(.method = "PUT", .body = "This is text",
                          .headers = (const char *[]){"content-type", "text/plain", NULL}));
}
asynchttp_promise *plain(asynchttp_http *http);
asynchttp_promise *plain(asynchttp_http *http)
{
    asynchttp_request request = ASYNCHTTP_REQUEST_INIT;
    request.method = "HEAD";
    return (asynchttp_http_request)(http, "http://example.org/", ASYNCHTTP_REQUEST())
        ? asynchttp_http_request(http, "http://example.org/", &request) : NULL;
}
END
cat >"$work/use.cc" <<'END'
#include <asynchttp.h>
asynchttp_promise *use(asynchttp_http *http);
asynchttp_promise *use(asynchttp_http *http)
{
    asynchttp_request request = ASYNCHTTP_REQUEST_INIT;
    request.method = "HEAD";
    return asynchttp_http_request(http, "http://example.org/", &request);
}
END
tried=0
for compiler in ${CC:-cc} gcc clang; do
    command -v "$compiler" >/dev/null || continue
    for standard in c99 c11; do
        # shellcheck disable=SC2086
        "$compiler" -std=$standard $flags "$work/use.c"
        tried=$((tried + 1))
    done
done
for compiler in g++ clang++; do
    command -v "$compiler" >/dev/null || continue
    for standard in c++11 c++20; do
        # shellcheck disable=SC2086
        "$compiler" -std=$standard $flags "$work/use.cc"
        tried=$((tried + 1))
    done
done
[ "$tried" -gt 0 ] || { echo "no compiler"; exit 1; }
echo "compiled $tried times"
