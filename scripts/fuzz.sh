#!/usr/bin/env bash
# Fuzzes: scripts/fuzz.sh [SECONDS] [TARGET...], 60 seconds each and all targets
# if nothing is said. Ends with a line for each target, and fails on a finding.
#
# Inputs that have reached something new, and those that have failed once, are
# kept in fuzz/kept/TARGET.tar.gz: every run begins with them. FUZZ_KEEP=1 adds
# what this run has found, as few inputs as reach the same; and
# scripts/fuzz.sh keep TARGET FILE NAME keeps one input under a name. New ones
# are drawn by chance, or from FUZZ_SEED: ./check draws the same ones each time,
# so that what it finds is of the change that it judges.
. "$(dirname "$0")/install.sh"

cd "$ROOT"
need_rust
need_cargo_fuzz
# The kept inputs of each target, unpacked; and an archive of them again: the same inputs are the same octets.
KEPT=$(mktemp -d)
trap 'rm -rf "$KEPT"' EXIT
unpack() {
    mkdir -p "$KEPT/$1"
    [ ! -e "fuzz/kept/$1.tar.gz" ] || tar -xzf "fuzz/kept/$1.tar.gz" -C "$KEPT/$1"
}
pack() {
    tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -C "$KEPT/$1" -cf - . |
        gzip -9n >"fuzz/kept/$1.tar.gz"
}
if [ "${1:-}" = keep ]; then
    [ $# = 4 ] && [ -e "fuzz/fuzz_targets/$2.rs" ] && [ -f "$3" ] || die "scripts/fuzz.sh keep TARGET FILE NAME"
    unpack "$2"
    cp "$3" "$KEPT/$2/$4"
    pack "$2"
    exit
fi

seconds=60
case ${1:-} in [0-9]*) seconds=$1 && shift ;; esac
targets=("$@")
# `shard+asan` is the target `shard` with AddressSanitizer: SQLite is under it.
[ ${#targets[@]} -gt 0 ] || mapfile -t targets < <(cd fuzz/fuzz_targets && basename -s .rs ./*.rs && echo shard+asan)
# Octets of one input, and how much memory a target may come to take: growth ends there.
LONGEST=20000 MEMORY_MB=1024
# The longest input that is kept.
LONGEST_KEPT=4096

# Coverage counters alone: without a sanitizer, the stable compiler will do. With one it must be told that it may.
fuzz() {
    local verb=$1 target=$2
    shift 2
    case $target in
    *+asan)
        # Without what the other targets need: all of it is built once more.
        RUSTC_BOOTSTRAP=1 cargo fuzz "$verb" "${target%+asan}" --fuzz-dir fuzz --sanitizer address \
            --no-default-features --target-dir fuzz/target/asan "$@"
        ;;
    *) cargo fuzz "$verb" "$target" --fuzz-dir fuzz --sanitizer none "$@" ;;
    esac
}

# All of them are built in one go, as their libraries are, and whoever writes the seeds with them.
say "building ${#targets[@]} fuzz targets"
start=$SECONDS
quietly cargo fuzz build --fuzz-dir fuzz --sanitizer none || die "the fuzz targets do not build"
for target in "${targets[@]}"; do
    case $target in *+asan) quietly fuzz build "$target" || die "the fuzz target $target does not build" ;; esac
done
seeds=$(find fuzz/target -path '*/release/seeds' -not -path '*/asan/*' | head -n 1)
ESIM_LAB_SEEDS=fuzz/corpus quietly "${seeds:-seeds}" || die "no seeds"
echo "   $((SECONDS - start)) s"

for target in "${targets[@]}"; do
    name=${target%+asan}
    mkdir -p "fuzz/corpus/$name" "fuzz/artifacts/$name"
    unpack "$name"
done

run() {
    local target=$1 log=fuzz/target/$1.log name=${1%+asan}
    if fuzz run "$target" "fuzz/corpus/$name" "$KEPT/$name" -- "-max_total_time=$seconds" "-seed=${FUZZ_SEED:-0}" -timeout=10 \
        "-rss_limit_mb=$MEMORY_MB" "-max_len=$LONGEST" -print_final_stats=1 >"$log" 2>&1; then
        awk -v target="$target" '
            / cov: / { for (i = 1; i < NF; i++) if ($i == "cov:") cov = $(i + 1) }
            /stat::number_of_executed_units/ { runs = $2 }
            /stat::peak_rss_mb/ { mb = $2 }
            END { printf "%-10s %d runs, coverage %d, at most %d MB: nothing found\n", target, runs, cov, mb }' "$log"
    else
        grep -a -A 8 -m 1 'panicked at' "$log" | cut -c 1-2000 || true
        tail -40 "$log" | cut -c 1-2000
        printf '%-10s FAILED, see fuzz/artifacts/%s\n' "$target" "$name"
        return 1
    fi
}

# What a target has found that is not kept yet, as few inputs as reach it.
keep() {
    local target=$1
    case $target in *+asan) return ;; esac
    quietly fuzz run "$target" "$KEPT/$target" "fuzz/corpus/$target" -- -merge=1 "-max_len=$LONGEST_KEPT" ||
        die "the inputs of $target cannot be merged"
    pack "$target"
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
if [ -n "${FUZZ_KEEP:-}" ] && [ "$failed" = 0 ]; then
    for target in "${targets[@]}"; do keep "$target"; done
fi
exit "$failed"
