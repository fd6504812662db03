#!/usr/bin/env bash
# The declarations of the npm package, as somebody reads them who is strict: sound, and no `any` in what is the package's
# own. What wasm-bindgen adds for whoever loads the module by hand is its own. Then the example of the README, which a
# compiler reads and node runs: it is as it stands, but for a fetch that reads files.
source "$(dirname "$0")/install.sh"
need_node
need_node_modules web
cd "$ROOT/web"
tsc=(node_modules/.bin/tsc --ignoreConfig --noEmit --strict --types node --lib esnext,dom --target esnext)
say "reading the declarations"
"${tsc[@]}" --skipLibCheck false src/pkg/{esim_lab,esim_cards,card_port}.d.ts ||
    die "the declarations of the package are not sound"
for declared in src/pkg/{esim_lab,esim_cards,card_port}.d.ts; do
    if sed -E '/^export interface InitOutput/,/^}/d; /^ *(\/\*|\*)/d' "$declared" | grep -nw any; then
        die "the declarations of the package say any"
    fi
done

say "running the examples"
examples=$(mktemp -d -p "$ROOT/web" examples.XXXX)
trap 'rm -rf "$examples"' EXIT
ln -s ../src/pkg "$examples/pkg"
for readme in README.md; do
    example=$examples/example-of-${readme//\//-}.mjs
    {
        echo '// @ts-check'
        sed -n '/^```js$/,/^```$/{/^```/d;p}' "$ROOT/$readme"
        echo 'if (!good) throw new Error(outcome.en);'
    } >"$example"
    [ "$(wc -l <"$example")" -gt 5 ] || die "$readme has no example"
    "${tsc[@]}" --allowJs --checkJs --module esnext --moduleResolution bundler "$example" || die "the example of $readme"
    node --import "data:text/javascript,import{readFile}from'node:fs/promises';const type={'content-type':'application/wasm'};
        globalThis.fetch=async(file)=>new Response(await readFile(file),{headers:type})" "$example" || die "the example of $readme"
done
