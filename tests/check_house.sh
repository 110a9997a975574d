#!/bin/sh
# The rules of the house: files include only what stands below them, functions that cross files bear the prefix, the code is
# formatted, and nothing is left to be done.
set -eu
: "${srcdir:=.}" "${top_builddir:=.}"
cd "$srcdir"
failed=0
complain() { echo "$*"; failed=1; }
modules=$(find include lib cache -name '*.[ch]' | sort)
graph=$(mktemp)
trap 'rm -f "$graph" "$graph.cycles" "$graph.format"' EXIT

# No cycles between modules, a .c and a .h of one name being one: tsort names them.
for file in $modules; do
    case $file in include/*) continue ;; esac
    room=$(echo "$file" | sed 's|^lib/||; s|\.[ch]$||')
    sed -n 's/^#include "\(.*\)\.h"$/\1/p' "$file" | while read -r door; do
        [ "$door" = "$room" ] || [ "$door" = asynchttp ] || echo "$room $door"
    done
done | sort -u >"$graph"
if ! tsort "$graph" >/dev/null 2>"$graph.cycles"; then
    complain "modules include each other:"
    cat "$graph.cycles"
fi
# The base knows nothing of what stands above it.
if grep '^base/' "$graph" | grep -v ' base/'; then
    complain "the base includes what stands above it"
fi
# The cache knows the base, and nothing of requests and responses.
if grep '^cache/' "$graph" | grep -vE ' (base|cache)/'; then
    complain "the cache includes what stands above it"
fi

# Only these know libcurl, and http.c which starts it.
for file in $modules; do
    case $file in lib/transfer.c | lib/multis.[ch] | lib/options.[ch] | lib/failure.[ch] | lib/http.c) continue ;; esac
    ! grep -q 'curl/curl.h' "$file" || complain "$file includes libcurl's header"
done

if grep -rnE '\b(TODO|FIXME|XXX|HACK)\b' lib cache include; then
    complain "something is left to be done"
fi

if command -v nm >/dev/null && [ -e "$top_builddir/lib/.libs/libinternal.a" ]; then
    strangers=$(nm -g --defined-only "$top_builddir/lib/.libs/libinternal.a" 2>/dev/null |
        awk 'NF == 3 && $3 !~ /^(asynchttp_|ah_|__)/ { print $3 }')
    [ -z "$strangers" ] || complain "without a prefix: $strangers"
fi

# Versions differ in taste: the one that the code was formatted with decides.
if command -v clang-format >/dev/null && clang-format --version | grep -q 'version 14\.'; then
    find include lib cache tests examples doc -name '*.[ch]' -exec clang-format --dry-run -Werror {} + 2>"$graph.format" ||
        complain "not formatted, see clang-format -i: $(grep error: "$graph.format" | cut -d: -f1 | sort -u)"
fi
exit $failed
