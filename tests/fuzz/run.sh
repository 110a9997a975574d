#!/bin/sh
# Fuzzes each target, or those named, for a while, starting from its corpus.
#
#     FUZZ_SECONDS=20 FUZZ_SEED=1 sh tests/fuzz/run.sh DIRECTORY [TARGET...]
#
# The seed is the same each time unless another is given, so that a result can be had again.
#
# Builds in DIRECTORY, and leaves there what was found: NAME.log, and found/NAME-* with the inputs. Ends with status 1
# on any finding, with 77 if clang has no libFuzzer.
set -u

if [ $# -lt 1 ]; then
    echo "usage: $0 DIRECTORY [TARGET...]" >&2
    exit 2
fi
top=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd) || exit 1
mkdir -p "$1" || exit 1
cd "$1" || exit 1
shift
[ $# -gt 0 ] || set -- uri challenge receiver decoder proxy date record cache_control ranges vary entry_fields

if ! echo 'int LLVMFuzzerTestOneInput(const char *d, long n); int LLVMFuzzerTestOneInput(const char *d, long n) { return !d && n; }' |
    clang -fsanitize=fuzzer,address,undefined -x c -o probe - 2>/dev/null; then
    echo "skipped: clang has no libFuzzer"
    exit 77
fi

packages="libcurl sqlite3 libcrypto zlib libidn2"
coders=
for coder in brotli:libbrotlidec zstd:libzstd; do
    has=0
    if pkg-config --exists "${coder#*:}"; then
        has=1
        packages="$packages ${coder#*:}"
    fi
    coders="$coders -DHAVE_$(echo "${coder%:*}" | tr '[:lower:]' '[:upper:]')=$has"
done
# shellcheck disable=SC2086 # Words.
flags=$(pkg-config --cflags $packages) && libs=$(pkg-config --libs $packages) || exit 1
flags="-std=c11 -D_POSIX_C_SOURCE=200809L -I$top/include -I$top/lib -I$top $coders $flags -pthread -g -O1"
flags="$flags -fno-omit-frame-pointer -fno-sanitize-recover=all"

rm -rf objects found seeds
mkdir objects found seeds || exit 1
# As many at a time as there are processors.
jobs=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
# shellcheck disable=SC2086 # Words.
(cd objects && printf '%s\n' "$top"/lib/*.c "$top"/lib/base/*.c "$top"/cache/*.c |
    xargs -P "$jobs" -I FILE clang $flags -fsanitize=fuzzer-no-link,address,undefined -c FILE) || exit 1

# libzstd gives out memory that nobody has written to when a frame is damaged (1.5.4): it is to be the same each time.
export ASAN_OPTIONS="max_malloc_fill_size=33554432${ASAN_OPTIONS:+:$ASAN_OPTIONS}"

# fuzz NAME: builds and runs a target.
fuzz() {
    # shellcheck disable=SC2086 # Words.
    clang $flags -fsanitize=fuzzer,address,undefined -o "fuzz_$1" "$top/tests/fuzz/fuzz_$1.c" objects/*.o $libs -lm ||
        return 1
    # What it finds worth keeping goes into the first directory, and never into the corpus.
    mkdir "seeds/$1" "found/$1" && cp "$top/tests/fuzz/corpus/$1"/* "seeds/$1" && chmod -R a-w "seeds/$1" || return 1
    "./fuzz_$1" -max_total_time="${FUZZ_SECONDS:-20}" -max_len=4096 -timeout=20 -rss_limit_mb=2048 -print_final_stats=1 \
        -seed="${FUZZ_SEED:-1}" \
        -artifact_prefix="found/$1-" "found/$1" "seeds/$1" >"$1.log" 2>&1
    status=$?
    chmod -R u+w "seeds/$1"
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$1.log")
    if [ "$status" -eq 0 ] && [ "${runs:-0}" -gt 0 ]; then
        echo "fuzz_$1: $runs runs, no finding"
    else
        echo "fuzz_$1: ${runs:-0} runs, a FINDING (status $status), see $PWD/$1.log"
        grep -vE '^#[0-9]+[[:space:]]' "$1.log" | tail -n 60
        return 1
    fi
}

# Waits for the targets that run, given as PID..., and counts those with findings.
failures=0
await() {
    for pid; do
        wait "$pid" || failures=$((failures + 1))
    done
}

running=
count=0
for target; do
    fuzz "$target" &
    running="$running $!"
    count=$((count + 1))
    # shellcheck disable=SC2086 # Words.
    if [ $((count % jobs)) -eq 0 ]; then
        await $running
        running=
    fi
done
# shellcheck disable=SC2086 # Words.
await $running
[ "$failures" -eq 0 ]
