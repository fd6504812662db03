#!/usr/bin/env bash
# The wasm crates' tests in headless Chromium: the package itself, the core's own cases, and pictures of codes.
source "$(dirname "$0")/install.sh"
need_rust
need_wasm_target
need_wasm_bindgen
need_chromium
export CHROMEDRIVER=${CHROMEDRIVER:-$(command -v chromedriver)}
export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER=wasm-bindgen-test-runner WASM_BINDGEN_TEST_ONLY_WEB=1
export WASM_BINDGEN_TEST_TIMEOUT=${WASM_BINDGEN_TEST_TIMEOUT:-600}
export WASM_BINDGEN_TEST_DRIVER_TIMEOUT=${WASM_BINDGEN_TEST_DRIVER_TIMEOUT:-60}
cd "$ROOT/wasm"
exec cargo test --target wasm32-unknown-unknown -p esim-wasm -p esim-wasm-qr
