// The worker on its runtime without wrangler: starts in half the time, tells
// what it costs, and lets tests say what the platform would (`cf`).
//
// Reads one line: {"port": 8787, "folder": "…", "vars": {"SEAL_KEY": …}, "cf": {…}, "cert": PEM, "key": PEM},
// prints `ready` and its process id when it serves, and ends with its input: nothing is left behind by a test that
// dies, and no secret stands in a command line.
import { Miniflare } from "miniflare";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const input = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const { port, folder, vars = {}, cf = false, cert, key } = JSON.parse((await input.next()).value);
const build = join(dirname(fileURLToPath(import.meta.url)), "build");

const miniflare = new Miniflare({
  host: "127.0.0.1",
  port,
  httpsCert: cert,
  httpsKey: key,
  cf,
  modules: [
    { type: "ESModule", path: join(build, "index.js") },
    { type: "CompiledWasm", path: join(build, "index_bg.wasm") },
  ],
  modulesRoot: build,
  compatibilityDate: "2026-01-01",
  bindings: vars,
  durableObjects: { SM: { className: "SmObject", useSQLite: true } },
  durableObjectsPersist: folder,
  unsafeEphemeralDurableObjects: folder === undefined,
});
await miniflare.ready;
console.log(`ready ${process.pid}`);
while (!(await input.next()).done);
await miniflare.dispose().finally(() => process.exit());
