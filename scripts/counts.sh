#!/usr/bin/env bash
# Counts the instructions of a download, of the SM's share of it and of two commands of a full card, by Valgrind: the
# same on a busy machine. Each is held against tests/counts.txt, and fails when it is more than a tenth above. The time
# that the SM takes for a download is held against that of its P-256 operations, and fails when the median of five is
# more than twice what that file has. ESIM_LAB_BLESS=1 writes the file anew.
# What is counted is what the tests build (dev profile): work that is done twice shows there as it does in a release.
source "$(dirname "$0")/install.sh"
need_rust
need_valgrind
cd "$ROOT"
program=${CARGO_TARGET_DIR:-$ROOT/target}/debug/examples/counts
# As the tests are built: nothing is built twice.
quietly cargo build --workspace --exclude esim-worker --example counts || die "the example counts does not build"

# Instructions of WHAT, N times and all that stands before it.
instructions() {
    local out
    out=$(valgrind --tool=cachegrind --cache-sim=no --cachegrind-out-file=/dev/null "$program" "$1" "$2" 2>&1) ||
        die "counts $1 $2: $out"
    sed -n 's/.*I *refs: *//p' <<<"$out" | tr -d ,
}
failed=0 lines=''
allowed() { [ -n "${ESIM_LAB_BLESS:-}" ] || awk -v what="$1" '$1 == what { print $2 }' tests/counts.txt 2>/dev/null || true; }
printf '%20s  %12s  %12s  instructions, and what they were\n' '' '' ''
while read -r what per_time; do
    one=$((($(instructions "$what" 10) - $(instructions "$what" 2)) / 8 / per_time))
    [ "$one" -gt 0 ] || die "$what was not counted"
    lines+="$what $one"$'\n'
    was=$(allowed "$what")
    [ -z "${ESIM_LAB_BLESS:-}" ] || was=$one
    verdict=''
    if [ $((one * 10)) -gt $((${was:-0} * 11)) ]; then verdict='  TOO MANY' failed=1; fi
    printf '%20s  %12d  %12d%s\n' "$what" "$one" "${was:-0}" "$verdict"
done <<'WHAT'
download 1
sm 1
sm-p256 1
profiles-info 100
read-binary 100
WHAT
ratio=$("$program" ratio) || die "the ratio was not measured"
was=$(allowed sm-time)
[ -z "${ESIM_LAB_BLESS:-}" ] || was=$ratio
lines+="sm-time $ratio"$'\n'
verdict=$(awk -v is="$ratio" -v was="${was:-0}" 'BEGIN { if (is > 2 * was) print "  TOO LONG" }')
[ -z "$verdict" ] || failed=1
printf '%20s  %12s  %12s%s  times its P-256 operations, in time, and what it was\n' sm-time "$ratio" "${was:-0}" "$verdict"
if [ -n "${ESIM_LAB_BLESS:-}" ]; then printf '%s' "$lines" >tests/counts.txt; fi
[ "$failed" = 0 ] || die "more than a tenth, or of time twice, above tests/counts.txt"
