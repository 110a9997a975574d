#!/bin/sh
# Checks doc/httplib2.md, doc/porting.md and doc/cache.md against the header, httplib2 and the programs in doc/porting:
#   - httplib2.md has every function and every code of the header and, where httplib2 is installed, its public names;
#   - no document has a name that the header does not have;
#   - the code shown in porting.md is that of the files;
#   - the C programs print what they should and, where httplib2 is installed, what their Python originals print.
#
# srcdir: the top of the source tree, "." by default. top_builddir: the programs are in its doc/porting; "." by default.
# ORIGIN: the test origin, by default $top_builddir/tests/origin/origin. PYTHON: a Python 3 to try first.
#
# Prints what is wrong; ends with status 1 if anything is, else with 77 (skipped) if there is no origin.
# SPDX-License-Identifier: MIT
set -u
LC_ALL=C
export LC_ALL

srcdir=${srcdir:-.}
builddir=${top_builddir:-.}
origin=${ORIGIN:-$builddir/tests/origin/origin}
header=$srcdir/include/asynchttp.h
map=$srcdir/doc/httplib2.md
guide=$srcdir/doc/porting.md
cache=$srcdir/doc/cache.md
programs="get put titles errors download"
# What stands for any name.
placeholders="asynchttp_class_method asynchttp_http_X asynchttp_http_set_X"

if [ ! -f "$header" ] || [ ! -f "$map" ] || [ ! -f "$guide" ] || [ ! -f "$cache" ]; then
    echo "check_porting: srcdir ($srcdir) is not the top of the source tree" >&2
    exit 1
fi
failures=0
server=
scratch=$(mktemp -d) || exit 1
trap '[ -z "$server" ] || kill "$server"; rm -rf "$scratch"' EXIT
trap 'exit 1' HUP INT TERM

fail() {
    echo "FAILED: $*"
    failures=$((failures + 1))
}

# ---- Names ----

words() {
    tr -cs 'A-Za-z0-9_' '\n' | sort -u
}

# missing HAVE WANT: the lines of WANT that are not in HAVE; both are sorted.
missing() {
    comm -13 "$1" "$2"
}

sed -n 's/^ASYNCHTTP_EXTERN [^(]*[ *]\(asynchttp_[a-z0-9_]*\)(.*/\1/p' "$header" | sort -u >"$scratch/functions"
sed -n 's/^.*[[:space:]]X(\([A-Z0-9_]*\), *[0-9]*, .*$/ASYNCHTTP_\1/p' "$header" | sort >"$scratch/codes"
declared=$(grep -c '^ASYNCHTTP_EXTERN ' "$header")
found=$(grep -c . "$scratch/functions")
[ "$declared" -eq "$found" ] || fail "$declared functions are declared in the header, but $found understood"
declared=$(grep -c '[[:space:]]X([A-Z]' "$header")
found=$(grep -c . "$scratch/codes")
[ "$declared" -eq "$found" ] || fail "$declared codes are declared in the header, but $found understood"

words <"$map" >"$scratch/mapped"
sort "$scratch/functions" "$scratch/codes" >"$scratch/wanted"
for name in $(missing "$scratch/mapped" "$scratch/wanted"); do
    fail "httplib2.md does not have $name"
done
grep -q '^## Beyond httplib2$' "$map" || fail "httplib2.md has no section \"Beyond httplib2\""

echo "$placeholders" | cat - "$header" "$scratch/codes" | words >"$scratch/known"
for document in "$map" "$guide" "$cache"; do
    words <"$document" | grep -E '^(asynchttp|ASYNCHTTP)_' >"$scratch/named"
    for name in $(missing "$scratch/known" "$scratch/named"); do
        fail "${document##*/} has $name, which the header does not have"
    done
done

# The first Python that has httplib2: PYTHON, that of the path, or the one that the system's packages are for.
python=
for candidate in ${PYTHON:-} python3 /usr/bin/python3; do
    if [ -z "$python" ] && "$candidate" -c 'import httplib2' 2>/dev/null; then
        python=$candidate
    fi
done
if [ -n "$python" ]; then
    "$python" - >"$scratch/python" <<'END_OF_PYTHON' || fail "httplib2's names cannot be listed"
import inspect
import httplib2

names = {name for name, value in vars(httplib2).items() if not inspect.ismodule(value)}
for one in (httplib2.Http, httplib2.Response, httplib2.ProxyInfo, httplib2.FileCache, httplib2.Credentials):
    names.update(vars(one))
names.update(vars(httplib2.Http()))
for call in (httplib2.Http, httplib2.Http.request, httplib2.Http.add_credentials, httplib2.Http.add_certificate,
             httplib2.ProxyInfo, httplib2.proxy_info_from_url, httplib2.proxy_info_from_environment):
    names.update(inspect.signature(call).parameters)
print("\n".join(name for name in names if not name.startswith("_") and name != "self"))
END_OF_PYTHON
    sort "$scratch/python" >"$scratch/wanted"
    for name in $(missing "$scratch/mapped" "$scratch/wanted"); do
        fail "httplib2.md does not have httplib2's $name"
    done
fi

# ---- The code in the guide ----

# The block after a line "[porting/FILE](porting/FILE):" goes to shown/FILE.
mkdir "$scratch/shown"
awk -v to="$scratch/shown/" '
    /^\[porting\/[a-z]*\.[a-z]*\]\(.*\):$/ { file = substr($0, 10, index($0, "]") - 10); next }
    /^```$/ { shown = 0; file = ""; next }
    /^```/ { shown = file != ""; next }
    shown { print >(to file) }' "$guide"
for program in $programs; do
    for name in "$program.c" "$program.py"; do
        if [ ! -f "$srcdir/doc/porting/$name" ]; then
            fail "there is no $name"
        elif [ ! -f "$scratch/shown/$name" ]; then
            fail "porting.md does not show $name"
        elif ! cmp -s "$scratch/shown/$name" "$srcdir/doc/porting/$name"; then
            fail "porting.md shows $name otherwise than it is"
            diff "$scratch/shown/$name" "$srcdir/doc/porting/$name"
        fi
    done
done
for file in "$scratch"/shown/* "$srcdir"/doc/porting/*.[cp]*; do
    name=${file##*/}
    case " $programs " in
    *" ${name%.*} "*) ;;
    *) fail "$name is not known to this check" ;;
    esac
done

# ---- The programs ----

if [ ! -x "$origin" ]; then
    [ "$failures" -eq 0 ] || exit 1
    echo "skipped: $origin has not been built"
    exit 77
fi

unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY all_proxy ALL_PROXY HTTPLIB2_CA_CERTS ASYNCHTTP_LOG
mkfifo "$scratch/port" || exit 1
"$origin" --stay >"$scratch/port" &
server=$!
read -r port <"$scratch/port"
if [ -z "$port" ]; then
    echo "the origin does not start" >&2
    exit 1
fi

# run STATUS BASE LANGUAGE COMMAND...: the program ends with that status against that server.
run() {
    wanted=$1
    base=$2
    language=$3
    shift 3
    [ "$program" != download ] || set -- "$@" "$base" "$scratch/$language.file"
    [ "$program" = download ] || set -- "$@" "$base"
    "$@" >"$scratch/$language.output" 2>"$scratch/errors"
    status=$?
    if [ "$status" -ne "$wanted" ]; then
        fail "$*: status $status, not $wanted"
        sed 's/^/    /' "$scratch/$language.output" "$scratch/errors"
    fi
}

# prints LINE...: each of them is a line of the C program's output.
prints() {
    for line; do
        grep -qxF -e "$line" "$scratch/c.output" || fail "$program does not print \"$line\""
    done
}

for program in $programs; do
    run 1 "http://nowhere.invalid" c "$builddir/doc/porting/$program"
    grep -qF 'Unable to find the server at nowhere.invalid' "$scratch/errors" || fail "$program does not say what is wrong"
    run 0 "http://127.0.0.1:$port" c "$builddir/doc/porting/$program"
    case $program in
    get) prints '200 OK application/json' 'no last-modified' '404 Not Found text/plain' ;;
    put) prints '200 text/plain 19 bytes' 'To be, or not to be' '200 application/octet-stream 4 bytes' ;;
    titles) prints '1: Page 1' '12: Page 12' ;;
    errors)
        prints '200 /hello' '301 /redirect/301?to=/hello' 'timed out' 'server not found' \
            'redirected too often, at last with status 302' '408 408' '400 400' '500 302'
        ;;
    download) prints '1000000 bytes, Content-Length 1000000' 'it was encoded with gzip' ;;
    esac
    [ -n "$python" ] || continue
    run 0 "http://127.0.0.1:$port" python "$python" "$srcdir/doc/porting/$program.py"
    if ! cmp -s "$scratch/c.output" "$scratch/python.output"; then
        fail "$program.c and $program.py do not print the same"
        diff "$scratch/c.output" "$scratch/python.output"
    fi
    if [ "$program" = download ] && ! cmp -s "$scratch/c.file" "$scratch/python.file"; then
        fail "download.c and download.py do not write the same"
    fi
done

if [ -n "$python" ]; then
    echo "compared with httplib2 $("$python" -c 'import httplib2; print(httplib2.__version__)')"
else
    echo "httplib2 is not installed, the Python originals were not run"
fi
echo "$(grep -c . "$scratch/functions") functions, $failures failures"
[ "$failures" -eq 0 ]
