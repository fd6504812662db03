#!/usr/bin/env bash
# Counts the instructions of a download and of two commands of a full card, by Valgrind: the same on a busy machine. Each
# is held against tests/counts.txt, and fails when it is more than a tenth above; ESIM_LAB_BLESS=1 writes that file anew.
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
printf '%20s  %12s  %12s  instructions, and allowed\n' '' '' ''
while read -r what per_time; do
    one=$((($(instructions "$what" 10) - $(instructions "$what" 2)) / 8 / per_time))
    [ "$one" -gt 0 ] || die "$what was not counted"
    lines+="$what $one"$'\n'
    allowed=$(awk -v what="$what" '$1 == what { print $2 }' tests/counts.txt 2>/dev/null || true)
    [ -z "${ESIM_LAB_BLESS:-}" ] || allowed=$one
    verdict=''
    if [ $((one * 10)) -gt $((${allowed:-0} * 11)) ]; then verdict='  TOO MANY' failed=1; fi
    printf '%20s  %12d  %12d%s\n' "$what" "$one" "${allowed:-0}" "$verdict"
done <<'WHAT'
download 1
profiles-info 100
read-binary 100
WHAT
if [ -n "${ESIM_LAB_BLESS:-}" ]; then printf '%s' "$lines" >tests/counts.txt; fi
[ "$failed" = 0 ] || die "more than a tenth above tests/counts.txt"
