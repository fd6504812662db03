#!/usr/bin/env bash
# The npm package as somebody has it who installs it: packed, put where nothing else is, without a network. Its example
# runs word for word in Node, in Chromium and in a Worker; a strict compiler and a bundler take it.
source "$(dirname "$0")/install.sh"
need_node
need_node_modules web
need_chromium
"$ROOT/scripts/build-wasm.sh"
consumer=$(mktemp -d)
trap 'rm -rf "$consumer"' EXIT
modules=$ROOT/web/node_modules
cd "$consumer"
say "packing and installing"
tarball=$(npm pack --silent --pack-destination "$consumer" "$ROOT/web/src/pkg")
echo '{ "private": true, "type": "module" }' >package.json
npm install --offline --no-audit --no-fund --silent "./$tarball" || die "the package cannot be installed"
sed -n '/^```js$/,/^```$/{/^```/d;p}' "$ROOT/wasm/README.md" >example.js
sed -n '/^## In a worker$/,/^## /{/^```ts$/,/^```$/{/^```/d;p}}' "$ROOT/wasm/README.md" >worker.ts
[ "$(wc -l <example.js)" -ge 10 ] && [ "$(wc -l <worker.ts)" -ge 5 ] || die "wasm/README.md has no examples"

say "in Node"
node example.js >told || die "the example fails in Node"
grep -q 'SGP.22' told || die "the example names no check: $(cat told)"
cp worker.ts worker.mjs
[[ $(node worker.mjs) =~ ^[0-9]+$ ]] || die "the worker's example fails in Node"

say "compiling"
cp example.js example.ts
mkdir node_modules/@types && cp -r "$modules/@types/node" node_modules/@types/
cp -r "$modules/undici-types" node_modules/
cat >all.ts <<'TS'
import { openWorld, type RemoteWorld } from "esim-lab/worker";
import { open } from "esim-lab/cards";
import { look } from "esim-lab/qr";
import { watch } from "esim-lab/camera";
import { lendCard } from "esim-lab/card-port";
export const opened: Promise<RemoteWorld> = openWorld({ seed: 1 });
export const length: Promise<number> = opened.then((world) => world.traceLength());
// @ts-expect-error: no such option.
void openWorld({ sed: 1 });
import { EsimMessage } from "esim-lab/message";
export { EsimMessage, open, look, watch, lendCard };
TS
for resolution in node16 bundler; do
    module=$resolution
    [ "$resolution" = node16 ] || module=esnext
    "$modules/.bin/tsc" --ignoreConfig --noEmit --strict --target es2022 --lib esnext,dom --types node --module "$module" \
        --moduleResolution "$resolution" --skipLibCheck false example.ts worker.ts all.ts || die "not with $resolution"
done

say "bundling, and in Chromium"
echo '<script type="module">import "./example.js"; import "./worker.ts";</script>' >index.html
sed -n '/^```html$/,/^```$/{/^```/d;p}' "$ROOT/wasm/README.md" >message.html
echo 'import "./example.js";' >in_worker.js
echo '<script type="module">new Worker(new URL("./in_worker.js", import.meta.url), { type: "module" });</script>' >in_worker.html
ln -s "$modules/vite" node_modules/vite
"$modules/.bin/vite" build --logLevel warn --configLoader native --config "$ROOT/scripts/package/vite.config.mjs" "$consumer" ||
    die "vite does not build it"
node "$ROOT/scripts/package/browse.mjs" "$consumer" told || die "the examples fail in Chromium"
