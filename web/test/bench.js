/**
 * `npm run bench`: how long a download takes in Chromium, and what of it is P-256. The package must be built
 * (scripts/build-wasm.sh): what is sent is timed; its copy with names says, by the browser's profiler, which crate the
 * time went to.
 */
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { browser } from "./serve.js";

const ROUNDS = 60;
/** Crates whose functions are P-256, and what multiplies 64 bits by 64 where the machine cannot. */
const P256 = /^(p256|primeorder|primefield|crypto_bigint|elliptic_curve|wnaf|ecdsa|rfc6979|ff|group|__multi3)$/;

const root = fileURLToPath(new URL("../../", import.meta.url));
const target = process.env.CARGO_TARGET_DIR ?? `${root}target`;
const files = {
  "/esim_lab.js": [`${root}web/src/pkg/esim_lab.js`, "text/javascript"],
  "/sent.wasm": [`${root}web/src/pkg/esim_lab_bg.wasm`, "application/wasm"],
  "/named.wasm": [`${target}/wasm32-unknown-unknown/small/esim_lab.named.wasm`, "application/wasm"],
};

const server = createServer(async ({ url = "/" }, response) => {
  const [file, type] = files[/** @type {keyof typeof files} */ (url)] ?? [];
  response.setHeader("content-type", type ?? "text/html");
  response.end(file ? await readFile(file) : "<!doctype html>");
});
await new Promise((ready) => server.listen(0, "127.0.0.1", () => ready(undefined)));
const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
const chromium = await browser();
const say = (/** @type {string} */ line) => process.stdout.write(`${line}\n`);

/** Milliseconds of each download, in a fresh world each. @param {string} wasm @param {number} rounds */
async function downloads(wasm, rounds) {
  const page = await chromium.newPage();
  await page.goto(`http://127.0.0.1:${port}/`);
  const profiler = await page.context().newCDPSession(page);
  const run = (/** @type {number} */ rounds) =>
    page.evaluate(
      async ([wasm, rounds]) => {
        const { default: init, World } = await import(`${location.origin}/esim_lab.js`);
        await init({ module_or_path: `/${wasm}.wasm` });
        const took = [];
        for (let round = 0; round < Number(rounds); round++) {
          const world = new World({ seed: 7, now: 1_790_000_000 });
          await world.perform({ order: { id: "op", serviceProviderName: "My MNO" } });
          const began = performance.now();
          const { good } = await world.perform({ download: "op" });
          took.push(performance.now() - began);
          if (!good) throw new Error("no download");
          world.free();
        }
        return took;
      },
      [wasm, rounds],
    );
  // The engine's better compiler has been over it by then.
  await run(20);
  await profiler.send("Profiler.enable");
  await profiler.send("Profiler.setSamplingInterval", { interval: 200 });
  if (wasm === "named") await profiler.send("Profiler.start");
  const took = (await run(rounds)).sort((a, b) => a - b);
  const profile = wasm === "named" ? (await profiler.send("Profiler.stop")).profile : undefined;
  await page.close();
  return { took, profile };
}

/** Share of each crate's own time within the downloads. @param {NonNullable<Awaited<ReturnType<typeof downloads>>["profile"]>} profile */
function crates({ nodes, samples = [] }) {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id])));
  const isPerforming = new Map();
  const performing = (/** @type {number | undefined} */ id) => {
    if (id === undefined) return false;
    if (!isPerforming.has(id)) {
      const { functionName } = /** @type {(typeof nodes)[number]} */ (byId.get(id))?.callFrame ?? {};
      isPerforming.set(
        id,
        /Lpd|lpa::|download|transmit|sm_edge|Card::/.test(functionName) || performing(parents.get(id)),
      );
    }
    return isPerforming.get(id);
  };
  /** @type {Map<string, number>} */
  const counts = new Map();
  let all = 0;
  for (const id of samples) {
    if (!performing(id)) continue;
    const name = byId.get(id)?.callFrame.functionName ?? "";
    const crate = /^(?:<[^a-z_]*)?&?(?:mut )?([a-z_0-9]+)(?:::|$)/.exec(name)?.[1] ?? name;
    counts.set(crate, (counts.get(crate) ?? 0) + 1);
    all += 1;
  }
  return [...counts].map(([crate, count]) => ({ crate, share: count / all })).sort((a, b) => b.share - a.share);
}

try {
  const { took } = await downloads("sent", ROUNDS);
  const { profile } = await downloads("named", ROUNDS);
  const shares = profile ? crates(profile) : [];
  const p256 = shares.reduce((sum, { crate, share }) => sum + (P256.test(crate) ? share : 0), 0);
  const median = took[ROUNDS / 2] ?? NaN;
  say(`a download in Chromium: ${median.toFixed(2)} ms (median of ${ROUNDS}; least ${took[0]?.toFixed(2)} ms)`);
  say(`of it P-256: ${(p256 * 100).toFixed(0)} %; download / P-256: ${(1 / p256).toFixed(2)}`);
  for (const { crate, share } of shares.slice(0, 16)) say(`${(share * 100).toFixed(1).padStart(6)} %  ${crate}`);
} finally {
  await chromium.close();
  server.close();
}
