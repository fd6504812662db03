/** Clicks through the page as a newcomer does. */
import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { browser, serve, serveWorker } from "./serve.js";

const SHOTS = fileURLToPath(new URL("../test-results/", import.meta.url));
const WIDE = { width: 1600, height: 1000 };
/** @type {Awaited<ReturnType<typeof serve>>} */
let site;
/** @type {import("playwright-core").Browser} */
let chromium;

before(async () => {
  await mkdir(SHOTS, { recursive: true });
  site = await serve();
  chromium = await browser();
});

after(async () => {
  await chromium?.close();
  site?.close();
});

/**
 * A page of its own storage; complaints in its console are kept.
 * @param {import("playwright-core").BrowserContext} context
 */
async function visit(context, hash = "", url = site.url) {
  const page = Object.assign(await context.newPage(), { complaints: /** @type {string[]} */ ([]) });
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && page.complaints.push(message.text()));
  page.on("pageerror", (error) => page.complaints.push(String(error)));
  await page.goto(url + hash);
  await page.waitForSelector('main[data-ready="true"]');
  return page;
}

const fresh = (options = {}) => chromium.newContext({ viewport: WIDE, locale: "en-GB", ...options });
/** @param {import("playwright-core").Page} page @param {string} id */
const at = (page, id) => page.getByTestId(id);
/** @param {import("playwright-core").Page} page @param {string} id */
const text = (page, id) => at(page, id).innerText();
/** @param {import("playwright-core").Page} page */
const idle = (page) => page.waitForSelector('main[data-busy="false"]');

/**
 * Downloads as fast as it goes; stops at the question.
 * @param {import("playwright-core").Page} page
 */
async function ask(page) {
  await at(page, "pace").selectOption("0");
  await at(page, "download").click();
}

/** @param {import("playwright-core").Page} page */
async function install(page) {
  await ask(page);
  await at(page, "accept").click();
  await page.waitForSelector('[data-testid="outcome"][data-ok="true"]');
  await idle(page);
}

describe("the page", () => {
  test("downloads, enables and attaches with two clicks", async () => {
    const page = await visit(await fresh());
    await page.screenshot({ path: `${SHOTS}empty.png` });
    await install(page);
    await page.waitForSelector('[data-testid="profile"][data-state="enabled"]');
    assert.equal(await text(page, "operator"), "esim-lab");
    assert.match(await text(page, "imsi"), /IMSI 00101\d{10}/);
    assert.equal(await at(page, "order-state").first().textContent(), "Installed");
    assert.equal(await at(page, "notify").count(), 0, "nothing is left to report");
    for (const name of ["downloadOrder", "initiateAuthentication", "AuthenticateServer", "getBoundProfilePackage", "LoadBoundProfilePackage", "EnableProfile", "handleNotification"]) {
      assert.ok((await page.locator(`[data-function="${name}"]`).count()) > 0, `${name} is in the sequence`);
    }
    await page.locator('[data-function="authenticateClient"]').first().click();
    assert.match(await text(page, "inspected"), /ES9\+ authenticateClient/);
    const field = at(page, "tree").first().locator("b", { hasText: "euiccSigned1" }).first();
    await field.hover();
    assert.ok((await page.locator(".hex .hot").count()) > 20, "octets light up under the field");
    await page.screenshot({ path: `${SHOTS}installed.png` });
    await at(page, "ja").click();
    assert.equal(await text(page, "download"), "プロファイルをダウンロード");
    await page.screenshot({ path: `${SHOTS}japanese.png` });
    assert.deepEqual(page.complaints, []);
  });

  test("keeps the card over a reload, and starts over when told", async () => {
    const page = await visit(await fresh());
    await install(page);
    const eid = await text(page, "eid");
    await page.reload();
    await page.waitForSelector('[data-testid="profile"][data-state="enabled"]');
    assert.equal(await text(page, "eid"), eid);
    assert.ok(await at(page, "link").isDisabled(), "a card with a past has no link");
    await at(page, "over").click();
    await page.waitForSelector('[data-testid="profile"]', { state: "detached" });
    assert.deepEqual(page.complaints, []);
  });

  test("a link that cannot be read leaves the kept card alone", async () => {
    const context = await fresh();
    const page = await visit(context);
    await install(page);
    const eid = await text(page, "eid");
    const linked = await visit(context, "#seed=x");
    assert.match(await text(linked, "error"), /untouched/);
    assert.equal(await at(linked, "profile").count(), 0);
    const back = await visit(context);
    assert.equal(await text(back, "eid"), eid);
    assert.equal(await at(back, "profile").getAttribute("data-state"), "enabled");
  });

  test("a link opens the same world to the octet", async () => {
    const context = await fresh();
    const one = await visit(context, "#seed=7&step=60");
    assert.equal(await one.locator('[data-testid="outcome"]').getAttribute("data-ok"), "true");
    await one.locator('button[role="switch"]').click();
    await one.waitForSelector('[data-testid="profile"][data-state="enabled"]');
    await at(one, "attach").click();
    await idle(one);
    const digest = await text(one, "digest");
    await at(one, "link").click();
    const link = await one.evaluate(() => location.hash);
    const two = await visit(await fresh(), link);
    assert.equal(await text(two, "digest"), digest);
    assert.equal(await text(two, "operator"), "esim-lab");
    assert.deepEqual([...one.complaints, ...two.complaints], []);
  });

  test("goes step by step", async () => {
    const page = await visit(await fresh());
    await at(page, "pace").selectOption("900");
    await at(page, "download").click();
    await at(page, "hold").click();
    await at(page, "step").waitFor();
    await idle(page);
    const before = Number.parseInt(await text(page, "count"));
    await at(page, "step").click();
    await idle(page);
    assert.ok(Number.parseInt(await text(page, "count")) > before);
    assert.deepEqual(page.complaints, []);
  });

  test("a refused profile leaves the card as it was", async () => {
    const page = await visit(await fresh());
    await ask(page);
    await at(page, "reject").click();
    await page.waitForSelector('[data-testid="outcome"][data-ok="false"]');
    assert.equal(await at(page, "profile").count(), 0);
    assert.deepEqual(page.complaints, []);
  });

  test("asks for the confirmation code, and tells a wrong one", async () => {
    const page = await visit(await fresh());
    await page.locator('[data-testid="player"] summary').first().click();
    await at(page, "wish-code").fill("2468");
    await ask(page);
    await at(page, "accept").click();
    await at(page, "code").fill("1111");
    await at(page, "code-give").click();
    await idle(page);
    await page.waitForSelector('[data-testid="outcome"][data-ok="false"]');
    assert.match(await text(page, "sheet"), /8\.2\.7\/3\.8/);
    await page.screenshot({ path: `${SHOTS}confirmation-code.png` });
    // The user may refuse here, too, and come back.
    await at(page, "again").click();
    await at(page, "accept").click();
    await at(page, "code-refuse").click();
    await page.waitForSelector('[data-testid="outcome"][data-ok="false"]');
    await idle(page);
    assert.equal(await at(page, "profile").count(), 0);
    assert.equal(await at(page, "error").count(), 0);
    assert.deepEqual(page.complaints, []);
  });

  test("a second try may give the right confirmation code", async () => {
    const page = await visit(await fresh());
    await page.locator('[data-testid="player"] summary').first().click();
    await at(page, "wish-code").fill("2468");
    await ask(page);
    await at(page, "accept").click();
    await at(page, "code").fill("1111");
    await at(page, "code-give").click();
    await page.waitForSelector('[data-testid="outcome"][data-ok="false"]');
    await at(page, "again").click();
    await at(page, "accept").click();
    await at(page, "code").fill("2468");
    await at(page, "code-give").click();
    await page.waitForSelector('[data-testid="outcome"][data-ok="true"]');
    await idle(page);
    assert.deepEqual(page.complaints, []);
  });

  test("deletes only what was typed", async () => {
    const page = await visit(await fresh());
    await ask(page);
    await page.locator('[data-testid="sheet"] input[type="checkbox"]').uncheck();
    await at(page, "accept").click();
    await page.waitForSelector('[data-testid="outcome"][data-ok="true"]');
    await idle(page);
    const card = at(page, "profile");
    assert.equal(await card.getAttribute("data-state"), "disabled");
    const iccid = String(await card.getAttribute("data-iccid"));
    await at(page, "delete").click();
    await at(page, "delete-typed").fill("x");
    assert.ok(await at(page, "delete-confirm").isDisabled());
    await at(page, "delete-typed").fill(iccid.slice(-4));
    await at(page, "delete-confirm").click();
    await card.waitFor({ state: "detached" });
    await at(page, "notify").click();
    await at(page, "notify").waitFor({ state: "detached" });
    assert.deepEqual(page.complaints, []);
  });

  test("nonsense gets a sentence", async () => {
    const page = await visit(await fresh());
    await page.getByText("I have an activation code").click();
    await at(page, "activation").fill("LPA:2$nonsense");
    await at(page, "activation-go").click();
    assert.ok((await text(page, "error")).length > 20);
    await page.locator('[data-testid="player"] summary').first().click();
    await at(page, "wish-imsi").fill("not a number");
    await at(page, "download").click();
    await idle(page);
    assert.match(await text(page, "error"), /imsi/i);
    await page.getByText("Explain any message").click();
    await at(page, "hex").fill("zz");
    await at(page, "explain").click();
    await at(page, "explain-error").waitFor();
    await at(page, "hex").fill("BF 2E 12 80 10 00 01 02 03 04 05 06 07 08 09 0A 0B 0C 0D 0E 0F");
    await at(page, "explain").click();
    await at(page, "tree").waitFor();
    for (const hash of ["#seed=x", "#seed=7&then=[[", '#seed=7&then=[["fly"]]']) {
      const linked = await visit(await fresh(), hash);
      assert.ok((await text(linked, "error")).length > 10, hash);
      assert.deepEqual(linked.complaints, []);
    }
    assert.deepEqual(page.complaints, []);
  });

  test("fits a narrow screen, light and dark", async () => {
    const page = await visit(await fresh({ viewport: { width: 390, height: 844 }, colorScheme: "dark" }));
    await install(page);
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.ok(overflow <= 0, `the page is ${overflow} px too wide`);
    await page.screenshot({ path: `${SHOTS}narrow-dark.png`, fullPage: true });
    assert.deepEqual(page.complaints, []);
  });

  test("downloads from the worker that serves it", { timeout: 120_000 }, async () => {
    const worker = await serveWorker();
    try {
      const page = await visit(await fresh(), "", worker.url);
      await page.getByText("SM-DP+:").click();
      assert.equal(`${await at(page, "sm-url").inputValue()}/`, worker.url, "it offers its own host");
      await at(page, "sm-token").fill("wrong");
      await at(page, "sm-connect").click();
      await idle(page);
      await at(page, "error").waitFor();
      await at(page, "sm-token").fill(worker.token);
      await at(page, "sm-connect").click();
      await idle(page);
      await install(page);
      await page.waitForSelector('[data-testid="profile"][data-state="enabled"]');
      assert.equal(`${await text(page, "sm")}/`, worker.url);
      assert.equal(await at(page, "order-state").first().textContent(), "Installed");
      const orders = await fetch(`${worker.url}esim-lab/orders`, { headers: { authorization: `Bearer ${worker.token}` } });
      const iccid = String(await at(page, "profile").getAttribute("data-iccid"));
      assert.ok((await orders.text()).includes(iccid), "the worker knows the order");
      await page.screenshot({ path: `${SHOTS}worker.png` });
      // The refusal of the wrong token is the browser's own line, and expected.
      assert.deepEqual(page.complaints.filter((line) => !line.includes("401")), []);
    } finally {
      await worker.close();
    }
  });
});
