#!/usr/bin/env bash
# The SM as a worker, in worker/build. Called by wrangler too (wrangler.toml). Nothing is done where it is there already,
# of these very sources.
source "$(dirname "$0")/install.sh"
need_rust
need_node
need_wasm_target
need_wasm_bindgen
need_worker_build
need_node_modules worker
need_wasm_opt
bin=$ROOT/worker/node_modules/.bin
# Else worker-build downloads its own.
WASM_BINDGEN_BIN=$(command -v wasm-bindgen) WASM_OPT_BIN=$WASM_OPT ESBUILD_BIN=$bin/esbuild
export WASM_BINDGEN_BIN WASM_OPT_BIN ESBUILD_BIN
export PATH="$bin:$PATH"
cd "$ROOT"
sources=(Cargo.toml Cargo.lock rust-toolchain.toml core sm-edge worker/src worker/Cargo.toml worker/package-lock.json web/package-lock.json scripts/{install,build-worker}.sh)
if is_built worker worker/build "${sources[@]}"; then exit; fi
build() {
    cd "$ROOT/worker"
    quietly worker-build --profile small || die "worker-build failed"
    cd "$ROOT"
}
step "building the worker" build
built worker worker/build
