#!/usr/bin/env bash
# The npm package: the world, the ways to real cards, the module that reads QR codes; wasm, JavaScript and TypeScript
# types, in web/src/pkg. Nothing is done where it is there already, of these very sources.
source "$(dirname "$0")/install.sh"
need_rust
need_node
need_wasm_target
need_wasm_bindgen
need_wasm_opt
cd "$ROOT"
sources=(Cargo.toml Cargo.lock rust-toolchain.toml web/package-lock.json core sm-edge wasm scripts/{install,build-wasm}.sh)
if is_built wasm web/src/pkg "${sources[@]}"; then exit; fi
pkg=web/src/pkg target=${CARGO_TARGET_DIR:-$ROOT/target}

compile() {
    quietly cargo build --profile small --target wasm32-unknown-unknown -p esim-wasm -p esim-cards -p esim-wasm-qr ||
        die "the package does not build"
}
bind() {
    rm -rf "$pkg"
    local module
    for module in esim_lab:esim_wasm esim_cards:esim_cards esim_qr:esim_wasm_qr; do
        quietly wasm-bindgen --target web --out-dir "$pkg" --out-name "${module%:*}" \
            "$target/wasm32-unknown-unknown/small/${module#*:}.wasm" || die "wasm-bindgen failed"
    done
    # Beside what they import.
    cp wasm/cards/card_port.ts wasm/qr/src/camera.ts wasm/npm/*.ts "$pkg/"
    # Node has the module on disk, and no need to wait for it: `init` finds it there.
    for module in esim_lab esim_cards esim_qr; do
        cat >"$pkg/$module.node.js" <<END
import { readFileSync } from "node:fs";
import { initSync } from "./$module.js";
initSync({ module: readFileSync(new URL("./${module}_bg.wasm", import.meta.url)) });
export * from "./$module.js";
export { default } from "./$module.js";
END
        echo "export * from \"./$module.js\"; export { default } from \"./$module.js\";" >"$pkg/$module.node.d.ts"
    done
    quietly web/node_modules/.bin/tsc --ignoreConfig --strict --declaration --target es2022 --lib es2023,dom --module esnext \
        --moduleResolution bundler --types node --typeRoots web/node_modules/@types \
        "$pkg"/{card_port,camera,message,remote,worker,world_worker,worker.node,world_worker.node}.ts ||
        die "the package's TypeScript does not compile"
    rm "$pkg"/{card_port,camera,message,remote,worker,world_worker,worker.node,world_worker.node}.ts
}
# What every browser has had for years. Names stay in a copy: it is weighed by part (`./check sizes`).
# First the product of 64 bits by 64, of which P-256 consists, goes where it is called: called, it is a third of a
# download's time. Nothing else does: every other function is of Rust, or one of those named here. Functions that would
# be larger than 1500 octets with it are of brainpool's curve, and stay as they are.
# Then what makes it small once it is compressed, which is how it travels: whoever is called once goes where that is only
# if he is small (else a tenth more in Brotli, for three of a hundred of a download's time), and what is written twice
# alike, or as zeros, costs nothing there.
shrink() {
    local features=(--enable-bulk-memory --enable-nontrapping-float-to-int --enable-sign-ext --enable-mutable-globals
        --enable-reference-types --enable-multivalue) named=$target/wasm32-unknown-unknown/small/esim_lab.named.wasm
    local others=(--no-inline={'*::*','mem*','__w*','world*'} --no-inline={0..9}'*')
    local small=(-Os --always-inline-max-function-size=0 --one-caller-inline-max-function-size=60
        --skip-pass={local-cse,memory-packing})
    quietly "$WASM_OPT" -g "${features[@]}" "${others[@]}" --always-inline-max-function-size=200 \
        --inline-max-combined-binary-size=1500 --inlining "$pkg/esim_lab_bg.wasm" -o "$named" &&
        quietly "$WASM_OPT" -g "${features[@]}" "${small[@]}" "$named" -o "$named" &&
        quietly "$WASM_OPT" "${features[@]}" --strip-debug "$named" -o "$pkg/esim_lab_bg.wasm" &&
        quietly "$WASM_OPT" "${features[@]}" -Os "$pkg/esim_cards_bg.wasm" -o "$pkg/esim_cards_bg.wasm" &&
        quietly "$WASM_OPT" "${features[@]}" -O3 --strip-debug "$pkg/esim_qr_bg.wasm" -o "$pkg/esim_qr_bg.wasm" ||
        die "wasm-opt failed"
}
describe() {
    cp wasm/README.md "$pkg/"
    cargo metadata --format-version 1 --no-deps --offline | node -e '
        const { packages } = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
        const { version, description, license } = packages.find(({ name }) => name === "esim-wasm");
        const own = JSON.parse(require("node:fs").readFileSync("wasm/npm/package.json", "utf8"));
        console.log(JSON.stringify({ name: "esim-lab", version, description, license, ...own }, null, 2));' >"$pkg/package.json"
}
step "compiling the wasm package" compile
step "binding it to JavaScript" bind
step "making it small" shrink
describe
(cd "$pkg" && ls -l ./*.wasm) | awk '{ printf "   %s %d KB\n", substr($9, 3), $5 / 1024 }'
built wasm "$pkg"
