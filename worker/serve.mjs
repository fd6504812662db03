// The worker on its runtime on this machine, as wrangler.toml sets it up, for development and tests: never for
// production, since whoever reaches the port can write what the platform says of callers.
//
//   node serve.mjs PORT FOLDER ADDRESS [CERT KEY]
//
// with the test PKI that everybody knows unless PKI is set. FOLDER keeps its records and its secrets: seal.key, and
// token, the credential of ES2+ (that of ES2_TOKEN, where it is set). PAGE is the folder of a page other than web/dist;
// CERT and KEY are files (PEM) with which it serves HTTPS. It ends when the runtime does.
//
//   node serve.mjs
//
// reads one line: {"port": 8787, "folder": "…", "vars": {"SEAL_KEY": …}, "page": "…", "cf": {…}, "cert": PEM, "key": PEM,
// "ratelimits": {"RATE_SOURCE": {"simple": {"limit": 3, "period": 60}}}}, and ends with its input, so that a test that dies
// leaves nothing behind. Here nothing has a default but what wrangler.toml says, and without `page` there is none; `cf` is
// what the platform would say of callers, `ratelimits` take the place of those of wrangler.toml. `direct` has callers come to
// the worker itself, past the one that stands for the platform on this machine and says `cf`: for measurements.
//
// It prints `ready` and its process id when it serves. No secret stands in a command line. This is wrangler's own
// reading of its configuration, and its own runtime, without the proxy that `wrangler dev` puts in front of that: it
// loses a request now and then where another's client has gone away.
import { Miniflare } from "miniflare";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { unstable_getMiniflareWorkerOptions as configured, unstable_readConfig as read } from "wrangler";

const HERE = dirname(fileURLToPath(import.meta.url));
const HOST = "127.0.0.1";

/** What is drawn once; a file that a power cut has left empty holds nothing yet. */
function kept(path, length) {
  const there = existsSync(path) && readFileSync(path, "utf8").trim();
  if (there) return there;
  const drawn = randomBytes(length).toString("hex");
  writeFileSync(path, drawn);
  return drawn;
}

function fromArguments([port, folder, address, cert, key]) {
  // Secrets and records are for their owner alone, from their first moment on.
  process.umask(0o077);
  mkdirSync(folder, { recursive: true });
  const { PKI = "test", ES2_TOKEN, PAGE = join(HERE, "../web/dist") } = process.env;
  return {
    port: Number(port),
    folder,
    page: PAGE,
    vars: {
      SMDP_ADDRESS: address,
      PKI,
      SEAL_KEY: kept(join(folder, "seal.key"), 32),
      ES2_TOKEN: ES2_TOKEN || kept(join(folder, "token"), 16),
    },
    ...(cert && { cert: readFileSync(cert, "utf8"), key: readFileSync(key, "utf8") }),
  };
}

async function serve({ port, folder, vars, page, cf = false, ratelimits, cert, key, direct }) {
  const config = read({ config: join(HERE, "wrangler.toml") });
  const { workerOptions, main } = configured(config, undefined, {
    envFiles: [],
    // Without a page its folder is not looked at, but must be there.
    overrides: { assets: { directory: page ?? HERE } },
  });
  const { assets, ...options } = workerOptions;
  const build = dirname(main);
  const miniflare = new Miniflare({
    ...options,
    ...(page && { assets }),
    ...(ratelimits && { ratelimits }),
    // Records are found by it.
    name: config.name,
    host: HOST,
    port: direct ? 0 : port,
    ...(direct && { unsafeDirectSockets: [{ host: HOST, port }] }),
    httpsCert: cert,
    httpsKey: key,
    cf,
    modules: [
      { type: "ESModule", path: main },
      { type: "CompiledWasm", path: join(build, "index_bg.wasm") },
    ],
    modulesRoot: build,
    bindings: { ...options.bindings, ...vars },
    durableObjectsPersist: join(resolve(folder), "v3/do"),
  });
  await miniflare.ready;
  return miniflare;
}

/** Until nothing listens any more: nobody tells of a runtime that has died. */
async function untilDeath(port) {
  const listens = () =>
    new Promise((answer) => {
      const socket = connect(port, HOST, () => answer(true)).on("error", () => answer(false));
      socket.on("connect", () => socket.destroy());
    });
  do await new Promise((wake) => setTimeout(wake, 1000));
  while (await listens());
}

const given = process.argv.slice(2);
const input = given.length === 0 && createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const options = input ? JSON.parse((await input.next()).value) : fromArguments(given);
const miniflare = await serve(options);
const end = (code) => miniflare.dispose().finally(() => process.exit(code));
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => void end(0));
console.log(`ready ${process.pid}`);
if (input) {
  while (!(await input.next()).done);
  void end(0);
} else {
  await untilDeath(options.port);
  console.error(`esim-lab: the runtime has died: nothing listens on port ${options.port} any more`);
  void end(1);
}
