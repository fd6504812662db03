/** What the tests of the page share: a browser, the page's own server, and ways to what is on it. */
import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { browser, closePages, serve } from "./serve.js";

export const SHOTS = fileURLToPath(new URL("../test-results/", import.meta.url));
export const WIDE = { width: 1600, height: 1000 };

/** A site with Chromium on it. */
export async function open() {
  await mkdir(SHOTS, { recursive: true });
  const site = await serve();
  const chromium = await browser();
  const fresh = async (options = {}) => {
    const context = await chromium.newContext({ viewport: WIDE, locale: "en-GB", ...options });
    // A slow machine is no failure.
    context.setDefaultTimeout(120_000);
    return context;
  };
  const tidy = () => closePages(chromium);

  /**
   * A page of its own storage; complaints in its console are kept.
   * @param {import("playwright-core").BrowserContext} context
   */
  async function visit(context, hash = "", url = site.url, view = "") {
    const page = Object.assign(await context.newPage(), { complaints: /** @type {string[]} */ ([]) });
    page.on(
      "console",
      (message) => ["error", "warning"].includes(message.type()) && page.complaints.push(message.text()),
    );
    page.on("pageerror", (error) => page.complaints.push(String(error)));
    await page.goto(url + view + hash);
    await page.waitForSelector('main[data-ready="true"]');
    return page;
  }

  async function close() {
    await chromium.close();
    site.close();
  }
  return { fresh, visit, tidy, close, url: site.url };
}

/** @param {import("playwright-core").Page} page @param {string} id */
export const at = (page, id) => page.getByTestId(id);
/** @param {import("playwright-core").Page} page @param {string} id */
export const text = (page, id) => at(page, id).innerText();
/** @param {import("playwright-core").Page} page */
export const idle = (page) => page.waitForSelector('main[data-busy="false"]');

/** The operational profile on the card. @param {import("playwright-core").Page} page */
export const op = (page) => page.locator('[data-testid="profile"][data-class="operational"]');

/**
 * Downloads as fast as it goes; stops at the question.
 * @param {import("playwright-core").Page} page
 */
export async function ask(page) {
  await at(page, "pace").selectOption("0");
  await at(page, "download").click();
}

/** @param {import("playwright-core").Page} page */
export async function install(page) {
  await ask(page);
  await at(page, "accept").click();
  await page.waitForSelector('[data-testid="outcome"][data-ok="true"]');
  await idle(page);
}

/** @param {import("playwright-core").Page} page */
export async function fits(page) {
  const overflow = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  assert.ok(overflow <= 0, `the page is ${overflow} px too wide`);
}
