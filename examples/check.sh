#!/bin/sh
# Runs every example against the test origin, and checks what it prints and its exit status.
#
#     builddir=DIRECTORY sh examples/check.sh    where DIRECTORY is the top of the build; by default $top_builddir or "."
#
# Prints what is wrong; ends with status 1 if anything is, with 77 (skipped) if there is no origin. With
# EXAMPLES_VALGRIND=1 the examples run under valgrind, if it is installed: errors and leaks count as failures.
set -u

builddir=${builddir:-${top_builddir:-.}}
origin=$builddir/tests/origin/origin

if [ ! -x "$origin" ]; then
    echo "skipped: $origin has not been built"
    exit 77
fi

valgrind=
if [ "${EXAMPLES_VALGRIND:-0}" = 1 ] && command -v valgrind >/dev/null; then
    valgrind="$builddir/libtool --mode=execute valgrind --quiet --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite --show-leak-kinds=definite"
fi

unset http_proxy https_proxy HTTPS_PROXY all_proxy ALL_PROXY ASYNCHTTP_LOG
failures=0
runs=0
scratch=$(mktemp -d) || exit 1
redis=
trap '[ -z "$redis" ] || kill "$redis"; rm -rf "$scratch"' EXIT
trap 'exit 1' HUP INT TERM

# The origin lives as long as descriptor 3, its standard input, is open.
mkfifo "$scratch/input" "$scratch/port" || exit 1
"$origin" <"$scratch/input" >"$scratch/port" &
exec 3>"$scratch/input"
read -r port <"$scratch/port"
if [ -z "$port" ]; then
    echo "the origin does not start" >&2
    exit 1
fi
base=http://127.0.0.1:$port

fail() {
    echo "FAILED: $run: $1"
    sed 's/^/    /' "$scratch/output" "$scratch/errors"
    failures=$((failures + 1))
}

# run STATUS EXAMPLE ARGUMENT...: the example ends with that status.
run() {
    wanted=$1
    example=$2
    run="$*"
    shift 2
    runs=$((runs + 1))
    # shellcheck disable=SC2086 # $valgrind is a command with its arguments, or nothing.
    $valgrind "$builddir/examples/$example" "$@" <"$scratch/list" >"$scratch/output" 2>"$scratch/errors" 3>&-
    status=$?
    [ "$status" -eq "$wanted" ] || fail "status $status, not $wanted"
}

# prints TEXT...: each of them is somewhere in the output of that run.
prints() {
    for text; do
        grep -qF -e "$text" "$scratch/output" || fail "does not print \"$text\""
    done
}

# complains TEXT: the same of standard error.
complains() {
    grep -qF -e "$1" "$scratch/errors" || fail "does not complain \"$1\""
}

# before FIRST SECOND: in the output the line that ends in FIRST comes before the one that ends in SECOND.
before() {
    order=$(grep -o -e "$1\$" -e "$2\$" "$scratch/output" | tr '\n' ' ')
    [ "$order" = "$1 $2 " ] || fail "$1 does not come before $2"
}

nowhere=http://nowhere.invalid
for page in 1 2 3 4 5 6 7 8 9 10 11 12; do
    echo "$base/page/$page"
done >"$scratch/list"

run 0 simple "$base"
prints '"display_name": "AC Transit"' 'caught the expected error: Unable to find the server'
run 1 simple "$base/nothing-here"
complains 'status 404'
run 1 simple "$nowhere"
complains 'Unable to find the server at nowhere.invalid'
run 1 simple
complains 'usage: simple'

if [ -x "$builddir/examples/callback" ]; then
    run 0 callback "$base"
    prints '"display_name": "AC Transit"' 'caught the expected error: The callback returned 42'
    run 1 callback "$nowhere"
    complains 'Unable to find the server at nowhere.invalid'
    run 1 callback "$base/nothing-here"
    complains 'The callback returned -1'
    run 1 callback
    complains 'usage: callback'

    run 0 client "$base"
    prints 'Los Angeles Metro' '51B' '38R-Geary Rapid' 'Route 1 of AC Transit, To Fruitvale' 'Downtown Berkeley'
    run 1 client "$nowhere"
    complains 'Unable to find the server at nowhere.invalid'
    run 1 client "$base/nothing-here"
    complains 'The callback returned 404'
    run 1 client
    complains 'usage: client'
else
    echo "callback and client have not been built, for want of jansson"
fi

run 0 crawl -
prints "$base/page/12" '12 arrived, 0 failed'
before "$base/page/2" "$base/page/5"
{
    echo "$nowhere/"
    echo "not a URL"
    cat "$scratch/list"
} >"$scratch/bad"
run 0 crawl "$scratch/bad"
prints 'Unable to find the server at nowhere.invalid' 'Only absolute URIs are allowed' '12 arrived, 2 failed'
run 1 crawl "$scratch/no-such-file"
complains 'cannot read the list'

# shellcheck disable=SC2046 # One argument for each URL.
run 0 fetch $(cat "$scratch/list")
prints STATUS "$base/page/12 " ' 200  network, HTTP/1.1' '12 pages in '
run 1 fetch "$nowhere/" "$base/hello"
prints ' E_SERVER_NOT_FOUND' "$nowhere/: Unable to find the server at nowhere.invalid" '1 page of 2 in '
run 1 fetch
complains 'usage: fetch'

# start_redis: on a free port, with its standard output in $scratch/redis. It says there that it is ready, or ends.
start_redis() {
    redis_port=$((20000 + $$ % 20000))
    for attempt in 1 2 3 4 5 6 7 8 9; do
        redis_port=$((redis_port + attempt))
        redis-server --bind 127.0.0.1 --port "$redis_port" --save "" --appendonly no --dir "$scratch" \
            </dev/null >"$scratch/redis" 2>&1 3>&- &
        redis=$!
        while kill -0 "$redis" 2>/dev/null; do
            ! grep -q 'eady to accept connections' "$scratch/redis" || return 0
            sleep 0.1
        done
        wait "$redis"
    done
    redis=
    return 1
}

# A Redis of our own, which two programs share one after the other, and which the last one does without.
if [ ! -x "$builddir/examples/redis" ]; then
    echo "redis has not been built, for want of hiredis"
elif ! command -v redis-server >/dev/null; then
    echo "redis has not been run, for want of redis-server"
elif ! start_redis; then
    run="redis-server"
    cp "$scratch/redis" "$scratch/output"
    fail "it does not start"
else
    fresh="$base/headers?Cache-Control=max-age=600"
    run 0 redis 127.0.0.1 "$redis_port" "$fresh"
    prints 'from the network' 'from the cache'
    run 0 redis 127.0.0.1 "$redis_port" "$fresh"
    prints 'from the cache'
    ! grep -q network "$scratch/output" || fail "the second program goes to the network"
    run 0 redis 127.0.0.1 "$redis_port" "$base/headers?Cache-Control=no-store"
    ! grep -q cache "$scratch/output" || fail "what may not be stored comes from the cache"
    run 1 redis 127.0.0.1 "$redis_port" "$nowhere/"
    complains 'the URL cannot be fetched'
    kill "$redis"
    wait "$redis"
    redis=
    run 0 redis 127.0.0.1 "$redis_port" "$fresh"
    prints 'from the network'
    run 1 redis
    complains 'usage: redis'
fi

echo "$runs runs, $failures failures"
[ "$failures" -eq 0 ]
