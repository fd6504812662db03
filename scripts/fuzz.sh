#!/usr/bin/env bash
# Fuzzes: scripts/fuzz.sh [SECONDS] [TARGET...], 60 seconds each and all targets
# if nothing is said. Ends with a line for each target, and fails on a finding.
. "$(dirname "$0")/install.sh"

cd "$ROOT"
need_rust
need_cargo_fuzz
seconds=60
case ${1:-} in [0-9]*) seconds=$1 && shift ;; esac
targets=("$@")
[ ${#targets[@]} -gt 0 ] || mapfile -t targets < <(cd fuzz/fuzz_targets && basename -s .rs ./*.rs)
# Octets of one input, and how much memory a target may come to take: growth ends there.
LONGEST=20000 MEMORY_MB=1024

# Coverage counters alone: without a sanitizer, the stable compiler will do.
fuzz() { cargo fuzz "$1" --fuzz-dir fuzz --sanitizer none "${@:2}"; }

say "building ${#targets[@]} fuzz targets"
for target in "${targets[@]}"; do
    quietly fuzz build "$target" || die "the fuzz target $target does not build"
done
quietly cargo run --release --manifest-path fuzz/Cargo.toml --example seeds -- fuzz/corpus || die "no seeds"

run() {
    local target=$1 log=fuzz/target/$1.log
    mkdir -p "fuzz/corpus/$target" "fuzz/artifacts/$target"
    if fuzz run "$target" "fuzz/corpus/$target" -- "-max_total_time=$seconds" -timeout=10 \
        "-rss_limit_mb=$MEMORY_MB" "-max_len=$LONGEST" -print_final_stats=1 >"$log" 2>&1; then
        awk -v target="$target" '
            / cov: / { for (i = 1; i < NF; i++) if ($i == "cov:") cov = $(i + 1) }
            /stat::number_of_executed_units/ { runs = $2 }
            /stat::peak_rss_mb/ { mb = $2 }
            END { printf "%-8s %d runs, coverage %d, at most %d MB: nothing found\n", target, runs, cov, mb }' "$log"
    else
        tail -40 "$log"
        printf '%-8s FAILED, see fuzz/artifacts/%s\n' "$target" "$target"
        return 1
    fi
}

say "fuzzing, $seconds seconds each"
failed=0 running=0
for target in "${targets[@]}"; do
    run "$target" &
    running=$((running + 1))
    if [ "$running" -ge "$(nproc)" ]; then
        wait -n || failed=1
        running=$((running - 1))
    fi
done
while [ "$running" -gt 0 ]; do
    wait -n || failed=1
    running=$((running - 1))
done
exit "$failed"
