/** Clicks through the page as a newcomer does. */
import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { after, afterEach, before, describe, test } from "node:test";
import { SHOTS, ask, at, fits, idle, install, op, open, text } from "./page.js";
import { serveWorker } from "./serve.js";

/** @type {Awaited<ReturnType<typeof open>>} */
let site;

before(async () => {
  site = await open();
});
afterEach(() => site.tidy());
after(() => site?.close());

const fresh = (options = {}) => site.fresh(options);
/** @param {import("playwright-core").BrowserContext} context */
const visit = (context, hash = "", url = /** @type {string | undefined} */ (undefined)) =>
  site.visit(context, hash, url);

/** The folders of `tests/cases/formats`. */
async function generations() {
  const formats = new URL("../../tests/cases/formats/", import.meta.url);
  const folders = (await readdir(formats, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  assert.ok(folders.length > 0);
  return folders.map(({ name }) => new URL(`${name}/`, formats));
}

/** The last act is taken back, by key. @param {import("playwright-core").Page} page */
async function back(page) {
  await page.keyboard.press("Control+z");
  await idle(page);
}

/** In the browser: what the page finds at its next start. @param {{ nvm: string, subscribers: string }} device */
async function keep({ nvm, subscribers }) {
  const asked = indexedDB.open("keyval-store");
  await new Promise((done) => (asked.onsuccess = done));
  const change = asked.result.transaction("keyval", "readwrite");
  change
    .objectStore("keyval")
    .put({ nvm: Uint8Array.from(atob(nvm), (octet) => octet.charCodeAt(0)), subscribers }, "esim-lab/card");
  await new Promise((done) => (change.oncomplete = done));
}

describe("the page", () => {
  test("downloads, enables and attaches with two clicks", async () => {
    const page = await visit(await fresh());
    await page.screenshot({ path: `${SHOTS}empty.png` });
    await install(page);
    assert.equal(await op(page).getAttribute("data-state"), "enabled");
    assert.equal(await text(page, "operator"), "esim-lab");
    assert.match(await text(page, "imsi"), /IMSI 00101\d{10}/);
    assert.equal(await at(page, "order-state").first().textContent(), "Installed");
    assert.equal(await at(page, "notify").count(), 0, "nothing is left to report");
    for (const name of [
      "downloadOrder",
      "initiateAuthentication",
      "AuthenticateServer",
      "getBoundProfilePackage",
      "LoadBoundProfilePackage",
      "EnableProfile",
      "handleNotification",
    ]) {
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
    await page.waitForSelector('main[data-ready="true"]');
    assert.equal(await op(page).getAttribute("data-state"), "enabled");
    assert.equal(await text(page, "eid"), eid);
    assert.ok(await at(page, "link").isDisabled(), "a card with a past has no link");
    await at(page, "attach").click();
    await idle(page);
    assert.equal(await text(page, "operator"), "esim-lab", "the network has been kept with the card");
    await at(page, "over").click();
    await op(page).waitFor({ state: "detached" });
    assert.equal(await at(page, "pp").getAttribute("data-state"), "enabled");
    assert.deepEqual(page.complaints, []);
  });

  test("a link that cannot be read leaves the kept card alone", async () => {
    const context = await fresh();
    const page = await visit(context);
    await install(page);
    const eid = await text(page, "eid");
    const linked = await visit(context, "#seed=x");
    assert.match(await text(linked, "error"), /untouched/);
    assert.equal(await op(linked).count(), 0);
    const back = await visit(context);
    assert.equal(await text(back, "eid"), eid);
    assert.equal(await op(back).getAttribute("data-state"), "enabled");
  });

  test("a link opens the same world to the octet", async () => {
    const context = await fresh();
    const one = await visit(context, "#seed=7&step=60");
    assert.equal(await one.locator('[data-testid="outcome"]').getAttribute("data-ok"), "true");
    await op(one).locator('button[role="switch"]').click();
    await one.waitForSelector('[data-testid="profile"][data-class="operational"][data-state="enabled"]');
    await at(one, "open-page").click();
    await one.waitForSelector('[data-testid="attempt"][data-outcome="granted"]');
    await idle(one);
    const digest = await text(one, "digest");
    await at(one, "link").click();
    const link = await one.evaluate(() => location.hash);
    const two = await visit(await fresh(), link);
    assert.equal(await text(two, "digest"), digest);
    assert.equal(await text(two, "operator"), "esim-lab");
    assert.equal(await at(two, "attempt").getAttribute("data-outcome"), "granted");
    assert.deepEqual([...one.complaints, ...two.complaints], []);
  });

  test("links of before open", async () => {
    for (const generation of await generations()) {
      const links = (await readFile(new URL("links.txt", generation), "utf8"))
        .split("\n")
        .filter((line) => line !== "");
      assert.ok(links.length > 0, generation.pathname);
      for (const link of links) {
        const page = await visit(await fresh(), link);
        await idle(page);
        assert.equal(await at(page, "error").count(), 0, link);
        assert.ok(Number.parseInt(await text(page, "count")) > 0, link);
        assert.deepEqual(page.complaints, [], link);
      }
    }
  });

  test("a device that was kept before opens, and the network knows it", async () => {
    for (const generation of await generations()) {
      const read = (/** @type {string} */ name) => readFile(new URL(name, generation));
      const { device } = JSON.parse((await read("expected.json")).toString());
      const page = await visit(await fresh());
      await page.evaluate(keep, {
        nvm: (await read("device.nvm")).toString("base64"),
        subscribers: (await read("subscribers.json")).toString(),
      });
      await page.reload();
      await page.waitForSelector('main[data-ready="true"]');
      assert.equal(await at(page, "error").count(), 0, generation.pathname);
      assert.equal((await text(page, "eid")).replaceAll(" ", ""), device.eid);
      await at(page, "attach").click();
      await idle(page);
      assert.match(await text(page, "imsi"), new RegExp(`IMSI ${device.imsi}`));
      assert.deepEqual(page.complaints, []);
    }
  });

  test("an act is taken back, and the way goes on from there", async () => {
    const page = await visit(await fresh());
    await install(page);
    const installed = { digest: await text(page, "digest"), count: await text(page, "count") };
    await at(page, "call").click();
    await page.waitForSelector('[data-testid="attempt"]');
    await idle(page);
    assert.notEqual(await text(page, "digest"), installed.digest);
    assert.match(await text(page, "take-back"), /call/);
    await at(page, "take-back").scrollIntoViewIfNeeded();
    await page.screenshot({ path: `${SHOTS}take-back.png` });
    await at(page, "take-back").click();
    await idle(page);
    assert.equal(await text(page, "digest"), installed.digest, "as if it had never been done");
    assert.equal(await text(page, "count"), installed.count);
    assert.equal(await at(page, "attempt").count(), 0);

    // Back to before the profile is enabled, by key, and another way from there.
    while (!/enabl/.test(await text(page, "take-back"))) await back(page);
    await back(page);
    assert.equal(await op(page).getAttribute("data-state"), "disabled");
    await op(page).getByTestId("delete").click();
    await at(page, "delete-typed").fill(String(await op(page).getAttribute("data-iccid")).slice(-4));
    await at(page, "delete-confirm").click();
    await op(page).waitFor({ state: "detached" });
    await idle(page);
    // What is kept, and what a link says, is the way that was gone in the end.
    const digest = await text(page, "digest");
    await at(page, "link").click();
    const linked = await visit(await fresh(), await page.evaluate(() => location.hash));
    assert.equal(await text(linked, "digest"), digest);
    assert.equal(await op(linked).count(), 0);
    // To the very beginning, and no further.
    while ((await at(page, "take-back").count()) > 0) await back(page);
    assert.equal(await at(page, "pp").getAttribute("data-state"), "enabled");
    await page.reload();
    await page.waitForSelector('main[data-ready="true"]');
    assert.equal(await at(page, "error").count(), 0);
    assert.deepEqual([...page.complaints, ...linked.complaints], []);
  });

  test("rules are taken back with the act, and in Japanese", async () => {
    const page = await visit(await fresh({ locale: "ja-JP", viewport: { width: 390, height: 844 } }));
    await at(page, "tab-rules").click();
    const standard = await at(page, "rules").inputValue();
    await at(page, "rules").fill(`${standard}\n# ${"x".repeat(3)}\n`);
    await at(page, "rules-apply").click();
    await idle(page);
    assert.ok(await page.evaluate(() => localStorage.getItem("esim-lab/rules")));
    assert.match(await text(page, "take-back"), /取り消す/);
    await fits(page);
    await at(page, "take-back").scrollIntoViewIfNeeded();
    await page.screenshot({ path: `${SHOTS}take-back-ja-narrow.png` });
    await at(page, "take-back").click();
    await idle(page);
    assert.equal(await page.evaluate(() => localStorage.getItem("esim-lab/rules")), null);
    assert.equal(await at(page, "take-back").count(), 0);
    assert.deepEqual(page.complaints, []);
  });

  test("a link that another build tells otherwise says so", async () => {
    const said = async (/** @type {string} */ hash, /** @type {object} */ options = {}) =>
      text(await visit(await fresh(options), hash), "error");
    assert.match(await said("#seed=7&step=3&digest=0011223344556677"), /another build/);
    assert.match(
      await said("#seed=7&step=3&version=9.8.7&digest=0011223344556677"),
      /made by esim-lab 9\.8\.7.*version 0\./,
    );
    assert.match(
      await said("#seed=7&step=3&version=9.8.7&digest=0011223344556677", { locale: "ja-JP" }),
      /esim-lab 9\.8\.7で作られました/,
    );
    assert.match(await said('#seed=7&version=9.8.7&acts=["fly"]'), /it is of esim-lab 9\.8\.7/);
    // The same digest says nothing, whatever version has made it.
    const page = await visit(await fresh(), "#seed=7&step=3");
    const digest = await text(page, "digest");
    const same = await visit(await fresh(), `#seed=7&step=3&version=9.8.7&digest=${digest}`);
    assert.equal(await at(same, "error").count(), 0);
    await at(page, "link").click();
    assert.match(await page.evaluate(() => location.hash), /[#&]version=0\.\d+\.\d+&digest=/);
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
    assert.equal(await op(page).count(), 0);
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
    assert.equal(await op(page).count(), 0);
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
    const card = op(page);
    assert.equal(await card.getAttribute("data-state"), "disabled");
    const iccid = String(await card.getAttribute("data-iccid"));
    await card.getByTestId("delete").click();
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
    await fits(page);
    await page.screenshot({ path: `${SHOTS}narrow-dark.png`, fullPage: true });
    assert.deepEqual(page.complaints, []);
  });

  test("downloads from the worker that serves it", { timeout: 300_000 }, async () => {
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
      assert.equal(await op(page).getAttribute("data-state"), "enabled");
      assert.equal(`${await text(page, "sm")}/`, worker.url);
      assert.equal(await at(page, "order-state").first().textContent(), "Installed");
      const orders = await fetch(`${worker.url}esim-lab/orders`, {
        headers: { authorization: `Bearer ${worker.token}` },
      });
      const iccid = String(await op(page).getAttribute("data-iccid"));
      assert.ok((await orders.text()).includes(iccid), "the worker knows the order");
      await page.screenshot({ path: `${SHOTS}worker.png` });
      // The refusal of the wrong token is the browser's own line, and expected.
      assert.deepEqual(
        page.complaints.filter((line) => !line.includes("401")),
        [],
      );
    } finally {
      await worker.close();
    }
  });
});
