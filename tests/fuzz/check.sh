#!/bin/sh
# Replays the corpora of all fuzz targets: what was found once is not to come back.
set -u
: "${srcdir:=.}" "${top_builddir:=.}"
failures=0
for target in uri challenge receiver decoder proxy date record \
    cache_control ranges vary entry_fields; do
    log=$(mktemp) || exit 1
    if "$top_builddir/tests/fuzz/replay_$target" "$srcdir/tests/fuzz/corpus/$target" >"$log" 2>&1; then
        echo "$target: $(tail -n 1 "$log")"
    else
        echo "$target: fails"
        tail -n 60 "$log"
        failures=$((failures + 1))
    fi
    rm -f "$log"
done
[ "$failures" -eq 0 ]
