/** Serves the built page on a free port, and opens Chromium on it. */
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const DIST = fileURLToPath(new URL("../dist/", import.meta.url));
/** @type {Record<string, string>} */
const TYPES = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".wasm": "application/wasm",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
  ".woff": "font/woff",
};

export async function serve() {
  const server = createServer(async (request, response) => {
    const path = normalize(new URL(request.url ?? "/", "http://page").pathname);
    try {
      const file = path.endsWith("/") ? `${path}index.html` : extname(path) === "" ? `${path}.html` : path;
      const body = await readFile(join(DIST, file));
      response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "text/html" }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", () => ready(undefined)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  return { url: `http://127.0.0.1:${port}/`, close: () => server.close() };
}

/** Chromium, with more than what it is always told. @param {string[]} more */
export function browser(more = []) {
  return chromium.launch({
    executablePath: process.env.ESIM_LAB_CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      ...more,
    ],
  });
}

/** Pages that nobody looks at any more still work, and still ask the SM. @param {import("playwright-core").Browser} chromium */
export const closePages = (chromium) => Promise.all(chromium.contexts().map((context) => context.close()));

/**
 * A port that was free a moment ago, and none of those that the system gives to connections: a server that starts
 * slowly would find one of these taken.
 */
async function freePort() {
  const [FIRST, COUNT] = [30_000, 2_700];
  for (let n = 0; n < COUNT; n++) {
    const port = FIRST + ((process.pid * 97 + n) % COUNT);
    const server = createServer();
    const free = await new Promise((answer) =>
      server.once("error", () => answer(false)).listen(port, "127.0.0.1", () => answer(true)),
    );
    await new Promise((closed) => server.close(closed));
    if (free) return port;
  }
  throw new Error(`no port is free from ${FIRST} on`);
}

/**
 * The worker with the page in it: `{ url, token, close }`. It must be built (scripts/build-worker.sh). It ends with its
 * input, so that nothing is left behind.
 */
export async function serveWorker() {
  const port = await freePort();
  const address = `127.0.0.1:${port}`;
  const folder = await mkdtemp(join(tmpdir(), "esim-lab-worker-"));
  const token = "page-token-of-tests";
  const child = spawn("node", [fileURLToPath(new URL("../../worker/serve.mjs", import.meta.url))]);
  const ended = new Promise((end) => child.on("close", end));
  const stop = async () => {
    child.stdin.end();
    const patience = setTimeout(() => child.kill("SIGKILL"), 20_000);
    await ended;
    clearTimeout(patience);
    await rm(folder, { recursive: true, force: true });
  };
  let said = "";
  const ready = new Promise((answer) => {
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk) => /^ready /m.test((said += chunk)) && answer(true));
    ended.then(() => answer(false));
  });
  const vars = {
    SMDP_ADDRESS: address,
    PKI: "test",
    SEAL_KEY: "5A".repeat(32),
    ES2_TOKEN: token,
    GUESTS: "2 orders, 24 h",
  };
  // Who has ended already does not read: `ended` tells.
  child.stdin.on("error", () => undefined);
  child.stdin.write(`${JSON.stringify({ port, folder, vars, page: DIST })}\n`);
  const patience = setTimeout(stop, 60_000);
  const serves = await ready;
  clearTimeout(patience);
  if (serves) return { url: `http://${address}/`, token, close: stop };
  await stop();
  throw new Error(`the worker does not serve:\n${said}`);
}
