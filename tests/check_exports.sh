#!/bin/sh
# The shared library exports what the public header declares, all of it and nothing else.
set -eu
: "${srcdir:=.}" "${top_builddir:=.}"
library=$top_builddir/.libs/libasynchttp.so
[ -e "$library" ] || { echo "no shared library was built"; exit 77; }
command -v nm >/dev/null || { echo "no nm"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
nm -D --defined-only "$library" | awk '{ print $NF }' | sed 's/@.*//' | sort -u >"$work/exported"
# The name before the parenthesis of each declaration, which may go over several lines.
sed '/^#/d' "$srcdir/include/asynchttp.h" | tr '\n' ' ' | grep -o 'ASYNCHTTP_EXTERN [^;]*;' |
    sed 's/(.*//; s/.*[ *]//' | sort -u >"$work/declared"
[ "$(wc -l <"$work/declared")" -gt 50 ] || { echo "found too few declarations"; exit 1; }
diff "$work/declared" "$work/exported" || { echo "< declared and not exported, > exported and not declared"; exit 1; }
