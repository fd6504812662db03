/** Opens what a consumer has built, in Chromium: it says what Node said, in a page and in a worker. */
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { extname, join, normalize } from "node:path";

const { chromium } = createRequire(new URL("../../web/package.json", import.meta.url))("playwright-core");
const [consumer, told] = process.argv.slice(2);
const wanted = readFileSync(join(consumer, told), "utf8").trim().split("\n");
const types = { ".html": "text/html", ".js": "text/javascript", ".wasm": "application/wasm" };
const server = createServer((request, response) => {
  const path = normalize(new URL(request.url, "http://host").pathname);
  try {
    const octets = readFileSync(join(consumer, "dist", path));
    response.writeHead(200, { "content-type": types[extname(path)] ?? "text/plain" }).end(octets);
  } catch {
    response.writeHead(404).end();
  }
});
await new Promise((done) => server.listen(0, "127.0.0.1", done));
const browser = await chromium.launch({ executablePath: process.env.ESIM_LAB_CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
try {
  // The page's also runs the worker's example, which says a number.
  for (const [file, lines] of [["index.html", wanted.length + 1], ["in_worker.html", wanted.length]]) {
    const page = await browser.newPage();
    const said = [];
    const all = new Promise((done, fail) => {
      page.on("pageerror", fail);
      page.on("console", (message) => {
        if (message.type() === "error" && !message.location().url.endsWith("favicon.ico")) fail(new Error(message.text()));
        said.push(message.text());
        if (said.length === lines) done();
      });
      setTimeout(() => fail(new Error(`${file} said only ${JSON.stringify(said)}`)), 120_000).unref();
    });
    all.catch(() => undefined);
    await page.goto(`http://127.0.0.1:${server.address().port}/${file}`);
    await all;
    const missing = wanted.filter((line) => !said.includes(line));
    if (missing.length) throw new Error(`${file} did not say ${missing.join("; ")}`);
  }
  // The component names the fields of its message, and marks the octets of the one that is chosen by key.
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${server.address().port}/message.html`);
  const rows = page.locator("esim-message [role=treeitem]");
  await rows.filter({ hasText: "euiccChallenge 00" }).waitFor();
  await rows.first().press("ArrowDown");
  const marked = await page.locator("esim-message b.on").count();
  if (marked !== 18) throw new Error(`${marked} octets are marked, not the 18 of euiccChallenge`);
  await page.locator("esim-message").evaluate((it) => it.setAttribute("hex", "zz"));
  await page.locator("esim-message [role=alert]").filter({ hasText: "zz" }).waitFor();
} finally {
  await browser.close();
  server.close();
}
