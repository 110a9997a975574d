#!/bin/sh
# Checks the manual pages in doc/man against include/asynchttp.h:
#   - every exported function has a page or a stub, and the NAME and SYNOPSIS of one page;
#   - the prototypes in the pages are those of the header;
#   - stubs point to a page that documents them;
#   - pages name no function and no constant that the header does not have;
#   - asynchttp_strerror.3 has every code with its number and its text;
#   - mandoc, if it is installed, has nothing to say;
#   - the examples compile: complete programs as they are, fragments inside main.
#
# Run from any directory. srcdir: the top of the source tree, "." by default. CC: the compiler.
# SPDX-License-Identifier: MIT

set -u
LC_ALL=C
export LC_ALL

srcdir=${srcdir:-.}
header=$srcdir/include/asynchttp.h
man=$srcdir/doc/man
tmp=${TMPDIR:-/tmp}/check_man.$$
failures=0

fail()
{
    echo "check_man: $*" >&2
    failures=$((failures + 1))
}

# Fails with $1 and the line, for each line of the standard input.
fail_each()
{
    while IFS= read -r line; do
        fail "$1: $line"
    done
}

if [ ! -f "$header" ] || [ ! -d "$man" ]; then
    echo "check_man: srcdir ($srcdir) is not the top of the source tree" >&2
    exit 1
fi
(umask 077 && mkdir "$tmp") || exit 1
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM

# ---- What the header has ---------------------------------------------------------------------

# Without comments, preprocessor lines and line breaks; one declaration on a line.
awk '
    { text = text $0 "\n" }
    END {
        while ((start = index(text, "/*")) > 0) {
            rest = substr(text, start + 2)
            text = substr(text, 1, start - 1) " " substr(rest, index(rest, "*/") + 2)
        }
        gsub(/\\\n/, " ", text)
        count = split(text, lines, "\n")
        text = ""
        for (i = 1; i <= count; i++)
            if (lines[i] !~ /^[ \t]*#/)
                text = text " " lines[i]
        gsub(/[ \t]+/, " ", text)
        gsub(/;/, ";\n", text)
        print text
    }' "$header" >"$tmp/declarations"

# As below: without the blanks that mean nothing.
squeeze='s/^ *//; s/ *;* *$//; s/ *\([*(),]\) */\1/g'
sed -n 's/.*ASYNCHTTP_EXTERN \(.*(.*;\)/\1/p' "$tmp/declarations" | sed "$squeeze" >"$tmp/exported_protos"
sed -n 's/^ *\(typedef [^({]*asynchttp_[a-z0-9_]* *(.*;\)/\1/p' "$tmp/declarations" | sed "$squeeze" >"$tmp/type_protos"
sort "$tmp/exported_protos" "$tmp/type_protos" >"$tmp/header_protos"

name_of='s/^[^(]*[ *]\(asynchttp_[a-z0-9_]*\)(.*/\1/'
sed "$name_of" "$tmp/exported_protos" | sort -u >"$tmp/exported"
sed "$name_of" "$tmp/header_protos" | sort -u >"$tmp/known"

# "NAME number text"
sed -n 's/^.*[[:space:]]X(\([A-Z0-9_]*\), *\([0-9]*\), *"\(.*\)").*$/\1 \2 \3/p' "$header" >"$tmp/codes"

[ -s "$tmp/exported" ] || fail "no exported function found in $header"
[ -s "$tmp/codes" ] || fail "no code found in $header"
declared=$(grep -c '^ASYNCHTTP_EXTERN ' "$header")
found=$(grep -c . "$tmp/exported")
[ "$declared" -eq "$found" ] || fail "$declared functions are declared in $header, but $found understood"
declared=$(grep -c '[[:space:]]X(' "$header")
found=$(grep -c . "$tmp/codes")
[ "$declared" -eq "$found" ] || fail "$declared codes are declared in $header, but $found understood"

# ---- What the pages have ---------------------------------------------------------------------

: >"$tmp/named"     # "function page", from the NAME sections
: >"$tmp/protos"    # from the SYNOPSIS sections
: >"$tmp/mentioned" # "page: function", from .Fn, .Fo and .Xr
: >"$tmp/constants" # "page: constant"
: >"$tmp/files"     # functions that have a page or a stub
: >"$tmp/stubs"     # "stub page"
examples=0

for path in "$man"/*.3; do
    [ -f "$path" ] || continue
    file=${path##*/}
    page=${file%.3}
    [ "$page" = asynchttp ] || echo "$page" >>"$tmp/files"
    if grep -q '^\.so' "$path"; then
        target=$(sed -n '1s/^\.so man3\/\([A-Za-z0-9_]*\)\.3$/\1/p' "$path")
        if [ -z "$target" ] || [ "$(grep -c '' "$path")" -ne 1 ]; then
            fail "$file: a stub is one line, .so man3/MAIN.3"
        elif [ ! -f "$man/$target.3" ]; then
            fail "$file: points to $target.3, which is not there"
        elif grep -q '^\.so' "$man/$target.3"; then
            fail "$file: points to $target.3, which is a stub"
        else
            echo "$page $target" >>"$tmp/stubs"
        fi
        continue
    fi

    awk -v page="$page" -v tmp="$tmp" '
        function words(line, macro,    n, i, word, is) {
            n = split(line, word, /[ \t]+/)
            is = 0
            for (i = 1; i <= n; i++) {
                if (word[i] == macro || word[i] == "." macro)
                    is = 1
                else if (is) {
                    if (word[i] ~ /^asynchttp_[a-z0-9_]+$/)
                        print page ".3: " word[i] >>(tmp "/mentioned")
                    is = 0
                }
            }
        }
        /^\.Sh / { section = substr($0, 5) }
        section == "NAME" && /^\.Nm / { print $2, page >>(tmp "/named") }
        section == "SYNOPSIS" && /^\.Fn / { print page ".3: .Fn in SYNOPSIS, use .Fo" >>(tmp "/misused") }
        section == "SYNOPSIS" && /^\.Ft / { type = substr($0, 5) }
        section == "SYNOPSIS" && /^\.Fo / { proto = type " " $2 "("; comma = "" }
        section == "SYNOPSIS" && /^\.Fa / {
            argument = substr($0, 5)
            gsub(/"/, "", argument)
            proto = proto comma argument
            comma = ","
        }
        section == "SYNOPSIS" && /^\.Fc/ { print proto ")" >>(tmp "/protos") }
        /^\./ { words($0, "Fn"); words($0, "Fo"); words($0, "Xr") }
        /^\.Dt / && $2 != toupper(page) { print page ".3: .Dt names " $2 >>(tmp "/misused") }
        !/^\.Dt / {
            rest = $0
            while (match(rest, /ASYNCHTTP_[A-Z0-9_]+/)) {
                constant = substr(rest, RSTART, RLENGTH)
                rest = substr(rest, RSTART + RLENGTH)
                if (constant !~ /_$/)
                    print page ".3: " constant >>(tmp "/constants")
            }
        }' "$path"

    grep -q "^$page $page\$" "$tmp/named" || fail "$file: its NAME section does not have $page"

    # Each display of EXAMPLES becomes a file of its own.
    awk -v prefix="$tmp/example_$page" '
        /^\.Sh / { section = substr($0, 5) }
        section == "EXAMPLES" && /^\.Bd / { file = prefix "_" ++count ".txt"; printf "" >file; next }
        /^\.Ed/ { if (file != "") close(file); file = ""; next }
        file != "" {
            sub(/^\\&/, "")
            gsub(/\\\(aq/, "\047")
            gsub(/\\\(dq/, "\"")
            gsub(/\\\(ha/, "^")
            gsub(/\\\(ti/, "~")
            gsub(/\\\(ga/, "`")
            gsub(/\\-/, "-")
            gsub(/\\e/, "\\")
            print >file
        }' "$path"
    [ -f "$tmp/example_${page}_1.txt" ] || fail "$file: no example"
done

[ ! -f "$tmp/misused" ] || fail_each "misuse" <"$tmp/misused"
cut -d ' ' -f 1 "$tmp/named" | grep -v '^asynchttp$' | sort >"$tmp/named_functions"
sort -u "$tmp/named_functions" >"$tmp/named_once"
sort -u "$tmp/files" >"$tmp/files_sorted"
sed "$squeeze" "$tmp/protos" | sort >"$tmp/page_protos"

# ---- Compared --------------------------------------------------------------------------------

comm -23 "$tmp/exported" "$tmp/files_sorted" >"$tmp/out"
fail_each "exported, but no page or stub" <"$tmp/out"
comm -13 "$tmp/exported" "$tmp/files_sorted" >"$tmp/out"
fail_each "a page or stub, but not exported" <"$tmp/out"
comm -23 "$tmp/exported" "$tmp/named_once" >"$tmp/out"
fail_each "exported, but in no NAME section" <"$tmp/out"
comm -13 "$tmp/exported" "$tmp/named_once" >"$tmp/out"
fail_each "in a NAME section, but not exported" <"$tmp/out"
uniq -d "$tmp/named_functions" >"$tmp/out"
fail_each "in two NAME sections" <"$tmp/out"
comm -23 "$tmp/header_protos" "$tmp/page_protos" >"$tmp/out"
fail_each "in the header, but in no SYNOPSIS" <"$tmp/out"
comm -13 "$tmp/header_protos" "$tmp/page_protos" >"$tmp/out"
fail_each "in a SYNOPSIS, but not in the header" <"$tmp/out"

while read -r stub target; do
    grep -q "^$stub $target\$" "$tmp/named" || fail "$stub.3: points to $target.3, which does not document it"
done <"$tmp/stubs"

sort -u "$tmp/mentioned" >"$tmp/out"
while read -r page function; do
    grep -q "^$function\$" "$tmp/known" || fail "$page no such function: $function"
done <"$tmp/out"

{
    cut -d ' ' -f 1 "$tmp/codes" | sed 's/^/ASYNCHTTP_/'
    # The names that the header declares, and those of the environment.
    awk '/^[ \t]*\*|^\/\*/ { next } { print }' "$header" | tr -c 'A-Z0-9_a-z' '\n' | grep '^ASYNCHTTP_'
    echo ASYNCHTTP_LOG
    echo ASYNCHTTP_POOL
} | sort -u >"$tmp/known_constants"
sort -u "$tmp/constants" >"$tmp/out"
while read -r page constant; do
    grep -q "^$constant\$" "$tmp/known_constants" || fail "$page no such constant: $constant"
done <"$tmp/out"

if [ -f "$man/asynchttp_strerror.3" ]; then
    # "NAME number text", as in the codes of the header.
    awk '
        entry != "" && /^\.Qq "/ { sub(/^\.Qq "/, ""); sub(/" \.$/, ""); print entry, $0 }
        { entry = "" }
        /^\.It Dv ASYNCHTTP_[A-Z0-9_]+ Pq [0-9]+$/ { entry = substr($3, 11) " " $5 }
    ' "$man/asynchttp_strerror.3" | sort >"$tmp/page_codes"
    sort "$tmp/codes" >"$tmp/header_codes"
    comm -23 "$tmp/header_codes" "$tmp/page_codes" >"$tmp/out"
    fail_each "a code, but not in asynchttp_strerror.3" <"$tmp/out"
    comm -13 "$tmp/header_codes" "$tmp/page_codes" >"$tmp/out"
    fail_each "in asynchttp_strerror.3, but not a code" <"$tmp/out"
fi

# ---- mandoc ----------------------------------------------------------------------------------

if command -v mandoc >/dev/null 2>&1; then
    for path in "$man"/*.3; do
        grep -q '^\.so' "$path" && continue
        mandoc -T lint -W warning "$path" >"$tmp/out" 2>&1 || {
            cat "$tmp/out" >&2
            fail "${path##*/}: mandoc has warnings"
        }
    done
else
    echo "check_man: mandoc is not installed, pages not linted"
fi

# ---- Examples --------------------------------------------------------------------------------

for text in "$tmp"/example_*.txt; do
    [ -f "$text" ] || continue
    examples=$((examples + 1))
    source=${text%.txt}.c
    if grep -q '^int main(' "$text"; then
        cp "$text" "$source"
    else
        {
            echo '#include <asynchttp.h>'
            echo '#include <stdio.h>'
            echo 'int main(void)'
            echo '{'
            echo 'asynchttp_http *http = asynchttp_http_new(NULL);'
            echo 'if (http == NULL) return 1;'
            cat "$text"
            echo 'asynchttp_http_free(http);'
            echo 'return 0;'
            echo '}'
        } >"$source"
    fi
    # CC may hold options as well.
    # shellcheck disable=SC2086
    ${CC:-cc} -std=c11 -Wall -Wextra -Werror -fsyntax-only -I"$srcdir/include" "$source" ||
        fail "$(basename "$source" .c | sed 's/^example_//'): this example does not compile"
done

if [ "$failures" -ne 0 ]; then
    echo "check_man: $failures failures" >&2
    exit 1
fi
echo "check_man: $(grep -c . "$tmp/exported") functions, $(grep -c . "$tmp/codes") codes, $examples examples: all is well"
