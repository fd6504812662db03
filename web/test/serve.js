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
      const body = await readFile(join(DIST, path.endsWith("/") ? `${path}index.html` : path));
      response.writeHead(200, { "content-type": TYPES[extname(path)] ?? "text/html" }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", () => ready(undefined)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  return { url: `http://127.0.0.1:${port}/`, close: () => server.close() };
}

export function browser() {
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

/** The worker with the page in it: `{ url, token, close }`. It must be built (scripts/build-worker.sh). */
export async function serveWorker() {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/`;
  const folder = await mkdtemp(join(tmpdir(), "esim-lab-worker-"));
  const token = "page-token";
  const script = fileURLToPath(new URL("../../scripts/serve-worker.sh", import.meta.url));
  const child = spawn(script, [String(port), folder, `127.0.0.1:${port}`], {
    env: { ...process.env, ES2_TOKEN: token },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const ended = new Promise((end) => child.on("close", end));
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (said += chunk));
  const signal = (/** @type {NodeJS.Signals} */ name) => {
    try {
      if (child.pid) process.kill(-child.pid, name);
    } catch {
      // It has ended by itself.
    }
  };
  const stop = async () => {
    signal("SIGTERM");
    const patience = setTimeout(() => signal("SIGKILL"), 20_000);
    await ended;
    clearTimeout(patience);
    await rm(folder, { recursive: true, force: true });
  };
  for (let i = 0; i < 300; i++) {
    if (child.exitCode !== null) break;
    const answer = await fetch(`${url}healthz`).catch(() => undefined);
    if (answer?.ok) return { url, token, close: stop };
    await new Promise((wake) => setTimeout(wake, 200));
  }
  await stop();
  throw new Error(`the worker does not answer:\n${said}`);
}
