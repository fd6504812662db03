#!/usr/bin/env bash
# The declarations of the npm package, as somebody reads them who is strict: sound, and no `any` in what is the package's
# own. What wasm-bindgen adds for whoever loads the module by hand is its own.
source "$(dirname "$0")/install.sh"
need_node
need_node_modules web
cd "$ROOT/web"
say "reading the declarations"
node_modules/.bin/tsc --ignoreConfig --noEmit --strict --skipLibCheck false --types node --lib esnext,dom --target esnext \
    src/pkg/esim_lab.d.ts || die "the declarations of the package are not sound"
if sed -E '/^export interface InitOutput/,/^}/d; /^ *(\/\*|\*)/d' src/pkg/esim_lab.d.ts | grep -nw any; then
    die "the declarations of the package say any"
fi
