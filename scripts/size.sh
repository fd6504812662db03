#!/usr/bin/env bash
# What the card weighs in WebAssembly after wasm-opt, alone and added to a page
# that has an SM-DP+ already; fails if it adds more than LIMIT octets.
. "$(dirname "$0")/install.sh"

LIMIT=${LIMIT:-400000}
cd "$ROOT"
need_rust
need_wasm_target
need_apt binaryen
target=${CARGO_TARGET_DIR:-$ROOT/target}

# Octets of the module with the features given.
size() {
    CARGO_PROFILE_RELEASE_OPT_LEVEL=z CARGO_PROFILE_RELEASE_LTO=fat CARGO_PROFILE_RELEASE_CODEGEN_UNITS=1 \
        CARGO_PROFILE_RELEASE_PANIC=abort \
        cargo build --quiet --release --target wasm32-unknown-unknown --target-dir "$target/size" \
        -p esim-size --features "$1" || die "the module does not build"
    wasm-opt -Oz --enable-bulk-memory --enable-nontrapping-float-to-int --enable-sign-ext --enable-mutable-globals \
        --enable-reference-types --enable-multivalue --strip-debug --strip-producers \
        "$target/size/wasm32-unknown-unknown/release/esim_size.wasm" -o "$target/size/$1.wasm"
    stat -c %s "$target/size/$1.wasm"
}

alone=$(size card)
sm=$(size sm)
both=$(size sm,card)
adds=$((both - sm))
echo "card alone $alone octets, SM-DP+ alone $sm, both $both: the card adds $adds octets (at most $LIMIT)"
[ "$adds" -le "$LIMIT" ] || die "the card adds more than $LIMIT octets"
