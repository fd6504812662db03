#!/usr/bin/env bash
# The SM as a worker, in worker/build. Called by wrangler too (wrangler.toml).
source "$(dirname "$0")/install.sh"
need_rust
need_node
need_wasm_target
need_wasm_bindgen
need_worker_build
need_node_modules worker
bin=$ROOT/worker/node_modules/.bin
# Else worker-build downloads its own.
WASM_BINDGEN_BIN=$(command -v wasm-bindgen)
export WASM_BINDGEN_BIN WASM_OPT_BIN=$bin/wasm-opt ESBUILD_BIN=$bin/esbuild
export PATH="$bin:$PATH"
cd "$ROOT/worker"
say "building the worker"
quietly worker-build --profile worker || die "worker-build failed"
