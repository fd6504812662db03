#!/usr/bin/env bash
# The npm package of the world: wasm, JavaScript and TypeScript types, in web/src/pkg. Nothing is done where it is there
# already, of these very sources.
source "$(dirname "$0")/install.sh"
need_rust
need_node
need_wasm_target
need_wasm_bindgen
need_wasm_pack
need_node_modules worker # brings wasm-opt
cd "$ROOT"
sources=(Cargo.toml Cargo.lock core sm-edge wasm scripts)
if is_built wasm web/src/pkg "${sources[@]}"; then exit; fi
export PATH="$ROOT/worker/node_modules/.bin:$PATH"
build() {
    cd "$ROOT/wasm"
    quietly wasm-pack --log-level warn build --release --mode no-install --target web \
        --out-dir "$ROOT/web/src/pkg" --out-name esim_lab || die "wasm-pack failed"
    cd "$ROOT"
}
step "building the wasm package" build
ls -l "$ROOT/web/src/pkg/esim_lab_bg.wasm" | awk '{ printf "   esim_lab_bg.wasm %d KB\n", $5 / 1024 }'
built wasm web/src/pkg "${sources[@]}"
