/** What all views share: addresses, work without a network, and what a reader with other senses meets. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { after, afterEach, before, describe, test } from "node:test";
import { at, fits, open } from "./page.js";

/** @type {Awaited<ReturnType<typeof open>>} */
let site;
const AXE = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const VIEWS = ["", "lab", "phone", "operate", "teach", "network"];

before(async () => {
  site = await open();
});
afterEach(() => site.tidy());
after(() => site?.close());

/** What a server that is no SM answers the operator's view is expected. @param {string[]} complaints */
const unexpected = (complaints) => complaints.filter((line) => !line.includes("404"));

/** Serious findings of axe, one a line. @param {import("playwright-core").Page} page */
async function findings(page) {
  await page.evaluate(AXE);
  const violations = await page.evaluate(async () => {
    const { axe } = /** @type {any} */ (globalThis);
    const found = await axe.run(document, { resultTypes: ["violations"] });
    return found.violations.map((/** @type {any} */ { id, impact, nodes }) => ({
      id,
      impact,
      where: nodes.slice(0, 3).map((/** @type {any} */ node) => node.html.slice(0, 160)),
      count: nodes.length,
    }));
  });
  return violations.filter((/** @type {any} */ { impact }) => ["serious", "critical"].includes(impact));
}

describe("the page as a whole", () => {
  test("each view has an address, and the bar leads from one to the other and back", async () => {
    const page = await site.visit(await site.fresh());
    for (const view of ["lab", "phone", "operate"]) {
      await at(page, `view-${view}`).click();
      await page.waitForSelector(`main[data-view="${view}"]`);
      assert.ok(new URL(page.url()).pathname.endsWith(`/${view}`), page.url());
      assert.equal(await at(page, `view-${view}`).getAttribute("aria-current"), "page");
    }
    await page.goBack();
    await page.waitForSelector('main[data-view="phone"]');
    for (const view of VIEWS) {
      const fresh = await site.visit(await site.fresh(), "", undefined, view);
      assert.equal(await fresh.locator("main").getAttribute("data-view"), view || "learn");
      assert.deepEqual(unexpected(fresh.complaints), [], view);
    }
    assert.deepEqual(unexpected(page.complaints), []);
  });

  test("works without a network once it was there, and keeps nothing but its own files", async () => {
    const context = await site.fresh();
    const page = await site.visit(context);
    await page.evaluate(async () => {
      await navigator.serviceWorker.ready;
      // Whatever the service worker might keep of an interface, it is asked now.
      await fetch("./esim-lab/orders").catch(() => undefined);
    });
    await page.reload();
    await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
    await page.evaluate(() => fetch("./esim-lab/orders").catch(() => undefined));
    const kept = await page.evaluate(async () => {
      const all = await Promise.all((await caches.keys()).map(async (name) => (await caches.open(name)).keys()));
      return all.flat().map(({ url }) => new URL(url).pathname);
    });
    assert.ok(kept.some((path) => path.endsWith(".wasm")));
    assert.ok(!kept.some((path) => path.includes("esim-lab/")), kept.join(" "));
    await context.setOffline(true);
    for (const view of ["", "lab", "phone"]) {
      await page.goto(`${site.url}${view}`);
      await page.waitForSelector('main[data-ready="true"]');
      assert.equal(await page.locator("main").getAttribute("data-view"), view || "learn");
    }
    await context.setOffline(false);
  });

  for (const [name, options] of /** @type {const} */ ([
    ["light", { locale: "en-GB" }],
    ["dark, Japanese", { locale: "ja-JP", colorScheme: "dark" }],
    ["narrow", { locale: "en-GB", viewport: { width: 390, height: 844 }, hasTouch: true }],
    ["at 320 px", { locale: "ja-JP", viewport: { width: 320, height: 640 } }],
    ["forced colours", { locale: "en-GB", forcedColors: "active" }],
  ])) {
    test(`axe finds nothing serious, and nothing is too wide: ${name}`, async () => {
      const context = await site.fresh(/** @type {any} */ (options));
      for (const view of VIEWS) {
        const page = await site.visit(context, "", undefined, view);
        await page.waitForTimeout(500);
        assert.deepEqual(await findings(page), [], view || "learn");
        await fits(page);
        assert.deepEqual(unexpected(page.complaints), [], view);
        await page.close();
      }
    });
  }
});
