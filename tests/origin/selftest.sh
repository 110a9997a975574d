#!/bin/sh
# Checks the test origin with the curl command-line tool.
#
#     selftest.sh ORIGIN    where ORIGIN is the program
#
# Prints what is wrong; ends with status 1 if anything is.
set -u

if [ $# -ne 1 ]; then
    echo "usage: $0 ORIGIN" >&2
    exit 2
fi

failures=0
scratch=$(mktemp -d) || exit 1

"$1" --stay >"$scratch/port" &
origin=$!
trap 'kill "$origin" 2>/dev/null; rm -rf "$scratch"' EXIT
trap 'exit 1' HUP INT TERM

tries=0
while [ ! -s "$scratch/port" ]; do
    tries=$((tries + 1))
    if [ "$tries" -gt 100 ]; then
        echo "the origin does not start" >&2
        exit 1
    fi
    sleep 0.1
done
url=http://127.0.0.1:$(cat "$scratch/port")

# Proxies of the environment and a .curlrc have no say here.
get() {
    curl -q --silent --noproxy '*' --max-time 20 "$@"
}

# is WHAT WANTED GOT
is() {
    if [ "$2" = "$3" ]; then
        return
    fi
    printf 'FAILED: %s\n  wanted: %s\n  got:    %s\n' "$1" "$2" "$3" >&2
    failures=$((failures + 1))
}

# fails WHAT STATUS CURL-ARGUMENT...: curl ends with that status.
fails() {
    what=$1
    wanted=$2
    shift 2
    get --output /dev/null "$@"
    is "$what" "$wanted" $?
}

# await WANTED PATH: until that is the answer.
await() {
    tries=0
    while [ "$(get "$url$2")" != "$1" ] && [ "$tries" -lt 100 ]; do
        tries=$((tries + 1))
        sleep 0.1
    done
    is "await $2" "$1" "$(get "$url$2")"
}

status() {
    get --output /dev/null --write-out '%{http_code}' "$@"
}

# ---- Content and fields

is hello hello "$(get "$url/hello")"
is "hello in a proxy's form" hello "$(get --request-target http://elsewhere.example/hello "$url/")"
is "unknown path" 404 "$(status "$url/nothing")"
is HEAD "200 0" "$(get --head --output /dev/null --write-out '%{http_code} %{size_download}' "$url/bytes/1000")"
is "HTTP/1.0" hello "$(get --http1.0 "$url/hello")"
is echo "a=b text/x" "$(get --data a=b --header 'Content-Type: text/x' --write-out ' %{content_type}' "$url/echo")"
is request "GET /request?x HTTP/1.1" "$(get "$url/request?x" | head -n 1 | tr -d '\r')"
for code in 200 204 304 404 503; do
    is "status $code" "$code" "$(status "$url/status/$code")"
done
is headers "X-A: 1 X-B: a b X-A: 2" \
    "$(get --include "$url/headers?X-A=1&X-B=a%20b&X-A=2" | tr -d '\r' | grep '^X-' | tr '\n' ' ' | sed 's/ $//')"
is redirect "$url/hello?a&b" "$(get --output /dev/null --write-out '%{redirect_url}' "$url/redirect/302?to=/hello?a%26b")"

# What is downloaded in each way goes back up, to be compared with the pattern.
for way in bytes/300000 'bytes/300000?chunked' 'bytes/300000?close' gzip/300000 deflate/300000; do
    get --compressed --output "$scratch/bytes" "$url/$way"
    is "$way" "300000 0" "$(get --data-binary "@$scratch/bytes" "$url/sum")"
    is "$way, in chunks" "300000 0" \
        "$(get --header 'Transfer-Encoding: chunked' --data-binary "@$scratch/bytes" "$url/sum")"
done
is "Expect" "300000 0" "$(get --header 'Expect: 100-continue' --data-binary "@$scratch/bytes" "$url/sum")"
is "mismatches" "3 3" "$(get --data xyz "$url/sum")"
is zeros "5000000 0" "$(get --compressed "$url/zeros/5000000" | tee "$scratch/zeros" | wc -c | tr -d ' ') $(
    tr -d '\000' <"$scratch/zeros" | wc -c | tr -d ' ')"
fails "gzip cut off" 0 "$url/gzip/100000?truncate=50"
fails "wrong bits" 61 --compressed "$url/gzip/100000?corrupt"

# ---- Time

is delay delayed "$(get "$url/delay/100")"
fails "timeout" 28 --max-time 0.2 "$url/delay/5000"
is slow .... "$(get "$url/slow/4/20")"

for i in 1 2 3; do
    get "$url/gate/g/3" >"$scratch/gate$i" &
    pids="${pids:-} $!"
done
# shellcheck disable=SC2086 # one argument for each
wait $pids
is gate "releasedreleasedreleased" "$(cat "$scratch"/gate? | tr -d '\n')"
is "peak of the gate" 3 "$(get "$url/peak/g")"

# curl itself and not the function: the number must be that of the program to be killed.
curl -q --silent --noproxy '*' "$url/hold/h" >/dev/null &
first=$!
await 1 /held/h
get "$url/hold/h" >"$scratch/second" &
second=$!
await 2 /held/h
kill "$first"
await 1 /held/h
is release 1 "$(get "$url/release/h")"
wait "$second"
is "hold" released "$(cat "$scratch/second")"
is "held after the release" 0 "$(get "$url/held/h")"

# ---- What the server has seen

get "$url/record/r/one" "$url/record/r/two%20" >/dev/null
is recorded "one two " "$(get "$url/recorded/r" | tr '\n' ' ' | sed 's/ $//')"
is count "1 2" "$(get "$url/count/c" "$url/count/c" | tr '\n' ' ' | sed 's/ $//')"
is counted 2 "$(get "$url/counted/c")"
is connection "1 2" "$(get "$url/connection" "$url/connection" | cut -d ' ' -f 2 | tr '\n' ' ' | sed 's/ $//')"
await 1 /open

# ---- What caches store

stored="$url/stored/s?ETag=%22a%22&Accept-Ranges=bytes&body=abcdef&then&status=203&body=x&then&close&then&drop"
is stored "abcdef" "$(get "$stored")"
is "stored: then" "203" "$(status "$stored")"
is "stored: close" "200" "$(status "$stored")"
fails "stored: drop" 52 "$stored"
is "stored: count" "4 4" "$(get "$url/counted/s") $(get "$url/recorded/s" | grep -c '^GET /stored/s')"
is "stored: ETag" "304" "$(status --header 'If-None-Match: "b", "a"' "$url/stored/e?ETag=%22a%22")"
is "stored: Last-Modified" "304" "$(status --header 'If-Modified-Since: 1' "$url/stored/m?Last-Modified=1")"
for range in 0-2=abc 3-=def -2=ef 4-9=ef; do
    is "stored: range $range" "${range#*=}" "$(get --range "${range%=*}" "$url/stored/r?Accept-Ranges=bytes&body=abcdef")"
done
is "stored: no range" "abcdef" "$(get --range 0-2 "$url/stored/r?body=abcdef")"
is "stored: two ranges" "abcdef" "$(get --range 0-0,2-2 "$url/stored/r?Accept-Ranges=bytes&body=abcdef")"
is "stored: bad range" "416" "$(status --range 9- "$url/stored/r?Accept-Ranges=bytes&body=abcdef")"
is "stored: If-Range" "abcdef" \
    "$(get --range 0-0 --header 'If-Range: "b"' "$url/stored/r?Accept-Ranges=bytes&ETag=%22a%22&body=abcdef")"
is "stored: gzip" "1000 0" "$(get --compressed "$url/stored/z?gzip=1000" | get --data-binary @- "$url/sum")"

# ---- Misbehaviour. 52: empty reply; 56: reset; 1: not HTTP; 18: less than was announced.

# curl tries again when a connection that it kept turns out to be closed, so each of these succeeds.
is "second/close" "first first" "$(get "$url/second/close" "$url/second/close" | tr '\n' ' ' | sed 's/ $//')"
is "second/reset" "first first" "$(get "$url/second/reset" "$url/second/reset" | tr '\n' ' ' | sed 's/ $//')"
fails "second/garbage" 1 "$url/second/garbage" --next --silent --noproxy '*' "$url/second/garbage"
is "close-after" "last last" "$(get "$url/close-after" "$url/close-after" | tr '\n' ' ' | sed 's/ $//')"
fails "raw: close" 52 "$url/raw?close"
fails "raw: reset" 56 "$url/raw?reset"
fails "raw: less than announced" 18 "$url/raw?send=HTTP/1.1%20200%20OK%0D%0AContent-Length:%2010%0D%0A%0D%0Aabc&close"
is "raw: repeat" aababab "$(get "$url/raw?send=HTTP/1.1%20200%20%0D%0A%0D%0Aa&sleep=20&repeat=3,ab&close")"
is "raw: not a step" 400 "$(status "$url/raw?jump")"
is "raw-early" 413 "$(head -c 3000000 /dev/zero |
    status --data-binary @- "$url/raw-early?send=HTTP/1.1%20413%20No%0D%0AContent-Length:%200%0D%0A%0D%0A&close")"

# ---- A service and pages

is agencies 4 "$(get "$url/agencies.json" | grep -o '"id"' | wc -l | tr -d ' ')"
is routes '"51B"' "$(get "$url/agencies/actransit/routes.json" | grep -o '"51B"' | head -n 1)"
is route '"bg_color": "#000088"' "$(get "$url/agencies/actransit/routes/1.json" | grep -o '"bg_color": "[^"]*"')"
is "unknown route" 404 "$(status "$url/agencies/actransit/routes/0.json")"
is page "200 text/html; charset=utf-8" \
    "$(get --output /dev/null --write-out '%{http_code} %{content_type}' "$url/page/12")"

# ---- The end

kill "$origin"
wait "$origin"
is "the status at the end" 0 $?
"$1" </dev/null >/dev/null
is "the status when standard input ends" 0 $?

if [ "$failures" -gt 0 ]; then
    echo "$failures failed" >&2
    exit 1
fi
echo "origin: all checks passed"
