/** The operator's page, against the worker that serves it and against the SM inside the tab. */
import assert from "node:assert/strict";
import { mkdir, readFile } from "node:fs/promises";
import { after, afterEach, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import jsQR from "jsqr";
import { PNG } from "pngjs";
import { browser, closePages, serve, serveWorker } from "./serve.js";
import { csv, iccidOf, kiOf } from "./subscribers.js";

const SHOTS = fileURLToPath(new URL("../test-results/", import.meta.url));
/** @type {Awaited<ReturnType<typeof serveWorker>>} */
let worker;
/** @type {import("playwright-core").Browser} */
let chromium;

before(
  async () => {
    await mkdir(SHOTS, { recursive: true });
    worker = await serveWorker();
    chromium = await browser();
  },
  { timeout: 120_000 },
);

afterEach(() => closePages(chromium));

after(async () => {
  await chromium?.close();
  await worker?.close();
});

/** @typedef {import("playwright-core").Page & { complaints: string[] }} Visit */

/**
 * A page of its own storage; complaints in its console are kept.
 * @param {import("playwright-core").BrowserContextOptions} [options]
 * @param {string} [url]
 * @returns {Promise<Visit>}
 */
async function visit(options = {}, url = worker.url) {
  const context = await chromium.newContext({
    viewport: { width: 1500, height: 950 },
    locale: "en-GB",
    permissions: ["clipboard-read", "clipboard-write"],
    ...options,
  });
  // Looking through orders asks each of them on the edge: a slow machine takes its time, and that is no failure.
  context.setDefaultTimeout(300_000);
  const page = Object.assign(await context.newPage(), { complaints: /** @type {string[]} */ ([]) });
  page.on(
    "console",
    (message) => ["error", "warning"].includes(message.type()) && page.complaints.push(message.text()),
  );
  page.on("pageerror", (error) => page.complaints.push(String(error)));
  await page.goto(`${url}operate`);
  await at(page, "sign-in").waitFor();
  return page;
}

/** The end of a report's line with PUK1, PUK2 and ADM1, marked as text where a spreadsheet would misread them. */
const CODES = /(,'?\d{8}){2},'?[0-9A-F]{16}\r\n/gi;

/** @param {import("playwright-core").Page} page @param {string} id */
const at = (page, id) => page.getByTestId(id);
/** @param {import("playwright-core").Page} page @param {string} id */
const text = (page, id) => at(page, id).innerText();

/** @param {import("playwright-core").Page} page @param {string} [token] */
async function enter(page, token = worker.token) {
  await at(page, "token").fill(token);
  await at(page, "enter").click();
}

/** @param {import("playwright-core").BrowserContextOptions} [options] */
async function signedIn(options) {
  const page = await visit(options);
  await enter(page);
  await at(page, "orders").waitFor();
  return page;
}

/** @typedef {{ imsi: string, spn: string, more?: () => Promise<void> }} Wish `more`: what is filled in besides */

/**
 * Fills and sends the dialog. The ICCID is drawn: where it is in the list is chance.
 * @param {import("playwright-core").Page} page @param {Wish} wish
 */
async function send(page, { imsi, spn, more }) {
  await at(page, "new").click();
  await at(page, "imsi").fill(imsi);
  await at(page, "wish-spn").fill(spn);
  await at(page, "draw-iccid").click();
  await at(page, "draw-keys").click();
  await more?.();
  await at(page, "order-go").click();
}

/**
 * Orders; the order is open afterwards.
 * @param {import("playwright-core").Page} page @param {Wish} wish
 * @returns {Promise<string>} the ICCID
 */
async function order(page, wish) {
  await send(page, wish);
  await at(page, "order-open").click();
  await at(page, "order-dialog").waitFor({ state: "detached" });
  await page.locator('[data-testid="detail"][data-state]').waitFor();
  await page.waitForFunction((name) => document.querySelector('[data-testid="spn"]')?.textContent === name, wish.spn);
  return opened(page);
}

/** The ICCID of the open order. @param {import("playwright-core").Page} page */
const opened = async (page) => (await text(page, "iccid")).replaceAll(/\s/g, "");

/** What the SM answers to the next batch, be it of one. @param {import("playwright-core").Page} page */
async function imported(page) {
  const answer = await page.waitForResponse((response) => response.url().endsWith("/esim-lab/import"));
  return /** @type {{ rows: import("../src/operator/messages").ImportResult[] }} */ (await answer.json()).rows;
}

/**
 * Codes of a profile, as they stand there once they are unveiled.
 * @param {import("playwright-core").Page | import("playwright-core").Locator} place
 */
async function codesIn(place) {
  const codes = place.getByTestId("codes");
  const read = () => codes.getByTestId("profile-code").allInnerTexts();
  await codes.waitFor();
  assert.deepEqual(await read(), ["••••", "••••", "••••"]);
  await codes.getByTestId("unveil").click();
  const [puk1, puk2, adm1] = await read();
  await codes.getByTestId("unveil").click();
  return { puk1, puk2, adm1 };
}

/** What a camera reads. @param {import("playwright-core").Locator} element */
async function scan(element) {
  const { data, width, height } = PNG.sync.read(await element.screenshot());
  return jsQR(new Uint8ClampedArray(data), width, height)?.data;
}

/** @param {import("playwright-core").Page} page @param {string} name @param {string | Buffer} content */
const drop = (page, name, content) =>
  at(page, "file").setInputFiles({ name, mimeType: "text/csv", buffer: Buffer.from(content) });

/** @param {import("playwright-core").Page} page @param {string} phase */
const phase = (page, phase) =>
  page.locator(`[data-testid="progress"][data-phase="${phase}"]`).waitFor({ timeout: 240_000 });

/** @param {Visit} page @param {...string} expected */
const quiet = (page, ...expected) =>
  assert.deepEqual(
    page.complaints.filter((line) => !expected.some((word) => line.includes(word))),
    [],
  );

describe("the operator's page", () => {
  test("lets in who knows the token, and forgets it with the tab", async () => {
    const page = await visit();
    await page.screenshot({ path: `${SHOTS}operator-sign-in.png` });
    await enter(page, "wrong");
    assert.match(await text(page, "sign-in-error"), /does not know this token/);
    assert.equal(await at(page, "token").inputValue(), "");
    // A signed token of an operator that this SM does not have: the SM says what is wrong with it.
    const part = (/** @type {object} */ claims) => Buffer.from(JSON.stringify(claims)).toString("base64url");
    await enter(page, `${part({ alg: "ES256" })}.${part({ iss: "2.999.77", aud: "a", iat: 1, exp: 2 })}.AAAA`);
    await page.waitForFunction(() =>
      document.querySelector('[data-testid="sign-in-error"]')?.textContent?.includes("2.999.77"),
    );
    await enter(page);
    await at(page, "orders").waitFor();
    const kept = await page.evaluate(() => ({
      local: JSON.stringify({ ...localStorage }),
      session: JSON.stringify({ ...sessionStorage }),
      cookie: document.cookie,
    }));
    assert.ok(kept.session.includes(worker.token) && !kept.local.includes(worker.token) && kept.cookie === "");
    await page.reload();
    await at(page, "orders").waitFor();
    await at(page, "sign-out").click();
    await at(page, "sign-in").waitFor();
    assert.equal(await page.evaluate(() => sessionStorage.length), 0);
    quiet(page, "401");
  });

  test("comes with headers that keep others out, and is fetched anew only when it has changed", async () => {
    const start = await fetch(`${worker.url}operate`, { redirect: "follow" });
    assert.match(start.headers.get("content-security-policy") ?? "", /frame-ancestors 'none'/);
    assert.match(start.headers.get("content-security-policy") ?? "", /script-src 'self' 'wasm-unsafe-eval';/);
    for (const [name, value] of [
      ["x-content-type-options", "nosniff"],
      ["referrer-policy", "no-referrer"],
      ["x-frame-options", "DENY"],
      ["cache-control", "no-cache"],
    ]) {
      assert.equal(start.headers.get(String(name)), value, name);
    }
    const script = /src="\.\/(assets\/[^"]+\.js)"/.exec(await start.text())?.[1];
    const asset = await fetch(`${worker.url}${script}`);
    assert.equal(asset.headers.get("cache-control"), "public, max-age=31536000, immutable");
    assert.equal(asset.headers.get("x-content-type-options"), "nosniff");
    const orders = await fetch(`${worker.url}esim-lab/orders`, { headers: { origin: "https://stranger.example" } });
    assert.deepEqual([orders.status, orders.headers.get("access-control-allow-origin")], [401, null]);
  });

  test("takes guests, each an operator of its own, and says what is left", async () => {
    const page = await visit();
    await page.screenshot({ path: `${SHOTS}operator-guest-offer.png` });
    await at(page, "guest").click();
    const left = (/** @type {number} */ count) => page.locator(`[data-testid="stay"][data-left="${count}"]`).waitFor();
    await left(2);
    assert.match(await text(page, "stay"), /2 of 2 orders left\s+until .*20\d\d/);
    await order(page, { imsi: "001019900000301", spn: "Guest" });
    await left(1);
    await page.reload();
    await left(1);
    const kept = await page.evaluate(() => [JSON.stringify({ ...localStorage }), document.cookie]);
    assert.ok(!kept.join("").includes("eyJ"), "the token is in the session alone");
    await order(page, { imsi: "001019900000302", spn: "Guest" });
    await left(0);
    await page.screenshot({ path: `${SHOTS}operator-guest.png` });
    await send(page, { imsi: "001019900000303", spn: "Guest" });
    assert.match(await text(page, "order-error"), /may have 2 orders/);
    quiet(page);
    const other = await visit({ locale: "ja-JP", viewport: { width: 390, height: 844 } });
    await at(other, "guest").click();
    await other.locator('[data-testid="stay"][data-left="2"]').waitFor();
    assert.match(await text(other, "stay"), /残り 2 \/ 2 件/);
    assert.equal(await at(other, "order").count(), 0);
    const overflow = await other.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(overflow <= 0, `the page is ${overflow} px too wide`);
    await other.screenshot({ path: `${SHOTS}operator-guest-phone.png` });
    quiet(other);
  });

  test("says what is wrong with an address", async () => {
    const other = await serve();
    const page = await visit();
    await at(page, "address").fill(other.url);
    await enter(page);
    assert.match(await text(page, "sign-in-error"), /no esim-lab SM|Nobody answers/);
    other.close();
    await at(page, "address").fill("http://127.0.0.1:9");
    await enter(page);
    await page.waitForFunction(() =>
      document.querySelector('[data-testid="sign-in-error"]')?.textContent?.includes("127.0.0.1:9"),
    );
    assert.match(await text(page, "sign-in-error"), /Nobody answers at http:\/\/127\.0\.0\.1:9/);
  });

  test("orders, shows the code, releases and cancels", async () => {
    const page = await signedIn();
    const iccid = await order(page, {
      imsi: "001019900000001",
      spn: "Zugspitz Mobil",
      more: () => at(page, "release-flag").uncheck(),
    });
    assert.equal(await at(page, "detail").getAttribute("data-state"), "Confirmed");
    const code = await text(page, "activation-code");
    assert.equal(await scan(at(page, "qr")), code);
    await at(page, "code").getByTestId("copy").click();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), code);
    await at(page, "release").click();
    await page.locator('[data-testid="detail"][data-state="Released"]').waitFor();
    const functions = await at(page, "history")
      .locator("li")
      .evaluateAll((lines) => lines.map((line) => line.getAttribute("data-function")));
    assert.deepEqual(functions, ["releaseProfile", "confirmOrder", "downloadOrder", "import"]);
    await page.screenshot({ path: `${SHOTS}operator-order.png` });
    // Found again by what is printed on the sheet.
    await at(page, "search").fill(code);
    await page.waitForFunction(() => document.querySelectorAll('[data-testid="order"]').length === 1);
    await at(page, "cancel").click();
    await at(page, "end-Unavailable").check();
    await at(page, "cancel-typed").fill("x");
    assert.ok(await at(page, "cancel-confirm").isDisabled());
    await at(page, "cancel-typed").fill(iccid.slice(-4));
    await at(page, "cancel-confirm").click();
    await page.locator('[data-testid="detail"][data-state="Unavailable"]').waitFor();
    assert.equal(await at(page, "code").count(), 0, "the code is gone");
    assert.equal(await at(page, "cancel").count(), 0);
    quiet(page);
  });

  test("refusals have their code, cause and remedy; what was done until then is said", async () => {
    const page = await signedIn();
    await order(page, {
      imsi: "001019900000010",
      spn: "First",
      more: async () => {
        await at(page, "token-kind").selectOption("chosen");
        await at(page, "matching-id").fill("TAKEN-1");
      },
    });
    await at(page, "new").click();
    await at(page, "imsi").fill("001019900000011");
    await at(page, "draw-iccid").click();
    await at(page, "draw-keys").click();
    await at(page, "token-kind").selectOption("chosen");
    await at(page, "matching-id").fill("TAKEN-1");
    await at(page, "order-go").click();
    assert.match(await text(page, "order-error"), /is reserved, but was not confirmed/);
    await at(page, "order-open").click();
    await page.locator('[data-testid="detail"][data-state="Allocated"]').waitFor();
    await at(page, "do-order").click();
    await at(page, "order-go").click();
    await page.locator('[data-testid="detail"][data-state="Released"]').waitFor();
    // The same of a profile in stock; the second try confirms what the first has reserved.
    await at(page, "live").uncheck();
    await at(page, "cancel").click();
    await at(page, "cancel-typed").fill((await opened(page)).slice(-4));
    await at(page, "cancel-confirm").click();
    await page.locator('[data-testid="detail"][data-state="Available"]').waitFor();
    await at(page, "do-order").click();
    await at(page, "token-kind").selectOption("chosen");
    await at(page, "matching-id").fill("TAKEN-1");
    await at(page, "order-go").click();
    assert.match(await text(page, "order-error"), /is reserved, but was not confirmed/);
    await at(page, "token-kind").selectOption("drawn");
    await at(page, "order-go").click();
    await page.locator('[data-testid="detail"][data-state="Released"]').waitFor();
    quiet(page);
  });

  test("codes that the SM has drawn are told once: shown, copied, kept as long as the session and no longer", async () => {
    const page = await signedIn();
    const answer = imported(page);
    await send(page, { imsi: "001019900000030", spn: "Told once" });
    const [row] = await answer;
    assert.match(row?.codes?.adm1 ?? "", /^[0-9A-F]{16}$/i);
    const dialog = at(page, "order-dialog");
    assert.deepEqual(await codesIn(dialog), row?.codes);
    assert.match(await dialog.innerText(), /tells them this once/);
    for (const [i, name] of /** @type {const} */ (["puk1", "puk2", "adm1"]).entries()) {
      await dialog.getByTestId("copy").nth(i).click();
      assert.equal(await page.evaluate(() => navigator.clipboard.readText()), row?.codes?.[name]);
    }
    await page.screenshot({ path: `${SHOTS}operator-codes.png` });
    // Closed by a slip of the hand, they are with the order.
    await page.keyboard.press("Escape");
    await page.locator('[data-testid="detail"][data-state="Released"]').waitFor();
    const iccid = await opened(page);
    assert.deepEqual(await codesIn(at(page, "detail")), row?.codes);
    await page.screenshot({ path: `${SHOTS}operator-codes-order.png` });
    const stored = await page.evaluate(async () =>
      JSON.stringify([{ ...localStorage }, { ...sessionStorage }, await indexedDB.databases()]),
    );
    for (const code of Object.values(row?.codes ?? {})) assert.ok(!stored.includes(code));
    await at(page, "sign-out").click();
    await enter(page);
    await page.locator('[data-testid="detail"][data-state="Released"]').waitFor();
    assert.equal(await opened(page), iccid);
    assert.equal(await at(page, "codes").count(), 0, "they are gone with the session");
    quiet(page);
  });

  test("codes are there whatever fails after the profile was made, and where they were told before it is said", async () => {
    const page = await signedIn();
    const taken = async () => {
      await at(page, "token-kind").selectOption("chosen");
      await at(page, "matching-id").fill("TAKEN-2");
    };
    await order(page, { imsi: "001019900000031", spn: "First", more: taken });
    // The last step.
    let answer = imported(page);
    await send(page, { imsi: "001019900000032", spn: "Second", more: taken });
    await at(page, "order-error").waitFor();
    const unconfirmed = (await answer)[0];
    assert.deepEqual(await codesIn(at(page, "order-dialog")), unconfirmed?.codes);
    await page.screenshot({ path: `${SHOTS}operator-codes-halfway.png` });
    await at(page, "order-open").click();
    await page.locator('[data-testid="detail"][data-state="Allocated"]').waitFor();
    assert.deepEqual(await codesIn(at(page, "detail")), unconfirmed?.codes);
    // The credential, between two steps: whoever comes back with a new one has them.
    await page.route("**/es2plus/downloadOrder", (route) => route.fulfill({ status: 401, body: "{}" }));
    answer = imported(page);
    await send(page, { imsi: "001019900000033", spn: "Third" });
    const reserved = (await answer)[0];
    await at(page, "sign-in").waitFor();
    assert.equal(await at(page, "codes").count(), 0);
    await page.unroute("**/es2plus/downloadOrder");
    await enter(page);
    await at(page, "orders").waitFor();
    await page.evaluate((iccid) => (location.hash = `#/orders/${iccid}`), reserved?.iccid);
    await page.locator('[data-testid="detail"][data-state="Available"]').waitFor();
    assert.deepEqual(await codesIn(at(page, "detail")), reserved?.codes);
    // The answer itself, and the same is sent again.
    await page.route("**/esim-lab/import", async (route) => {
      await route.fetch();
      await route.abort("connectionreset");
    });
    await send(page, { imsi: "001019900000034", spn: "Fourth" });
    await at(page, "order-error").waitFor();
    await page.unroute("**/esim-lab/import");
    await at(page, "order-go").click();
    await at(page, "order-open").waitFor();
    assert.match(await text(page, "no-codes"), /was at the SM already/);
    assert.equal(await at(page, "order-dialog").getByTestId("codes").count(), 0);
    quiet(page, "401", "ERR_CONNECTION_RESET");
  });

  test("a dialog stays until what it has sent is answered", async () => {
    const page = await signedIn();
    await page.route("**/es2plus/downloadOrder", async (route) => {
      for (const _ of [1, 2, 3]) await page.keyboard.press("Escape");
      await route.continue();
    });
    await order(page, { imsi: "001019900000012", spn: "Patience" });
    await page.unroute("**/es2plus/downloadOrder");
    let asked = 0;
    await page.route("**/es2plus/cancelOrder", async (route) => {
      asked++;
      for (const _ of [1, 2, 3]) await page.keyboard.press("Escape");
      await route.fulfill({
        json: {
          header: {
            functionExecutionStatus: {
              status: "Failed",
              statusCodeData: { subjectCode: "8.2.1", reasonCode: "3.3", message: "Not now" },
            },
          },
        },
      });
    });
    await at(page, "cancel").click();
    await at(page, "cancel-typed").fill((await opened(page)).slice(-4));
    await at(page, "cancel-confirm").click();
    assert.match(await text(page, "cancel-error"), /Not now/);
    assert.equal(asked, 1);
    await page.keyboard.press("Escape");
    await at(page, "cancel-dialog").waitFor({ state: "detached" });
    quiet(page);
  });

  test("imports 600 rows, three of them bad, and again without doubling", { timeout: 600_000 }, async () => {
    const page = await signedIn();
    const file = csv(600, { broken: { 3: "ki", 77: "check digit", 599: "imsi" } });
    await at(page, "nav-import").click();
    await drop(page, "subscribers.csv", file);
    // Until the SM has said which columns are secret, all are.
    await at(page, "preview").getByText("Two; words").first().waitFor();
    assert.ok(!(await page.content()).includes("C0FFEE"), "no key is shown");
    await page.screenshot({ path: `${SHOTS}operator-preview.png` });
    await at(page, "import").click();
    await phase(page, "done");
    for (const [kind, count] of [
      ["created", 597],
      ["known", 0],
      ["refused", 3],
    ])
      assert.match(await text(page, `count-${kind}`), new RegExp(`^${count}\\b`));
    const lines = await at(page, "result").evaluateAll((rows) => rows.map((row) => row.getAttribute("data-line")));
    assert.deepEqual(lines, ["5", "79", "601"]);
    assert.match(await at(page, "result").first().innerText(), /ki/);
    await page.screenshot({ path: `${SHOTS}operator-report.png` });
    const [download] = await Promise.all([page.waitForEvent("download"), at(page, "save-report").click()]);
    const report = await readFile(await download.path(), "utf8");
    assert.equal(report.trim().split("\r\n").length, 601);
    assert.match(report, new RegExp(`2,created,.?${iccidOf(0)},[^,]+,.?LPA:1\\$`));
    assert.equal(report.match(CODES)?.length, 597, "each new profile has codes of its own");
    assert.ok(!report.includes("C0FFEE"));

    await at(page, "print").click();
    await at(page, "print-sheet").waitFor();
    const slip = at(page, "print-sheet").locator("figure").nth(1);
    assert.equal(await scan(slip.getByTestId("qr")), await slip.locator("figcaption span").innerText());
    await page.emulateMedia({ media: "print" });
    await page.screenshot({ path: `${SHOTS}operator-print.png` });
    await page.emulateMedia({ media: "screen" });

    await at(page, "nav-import").click();
    await drop(page, "subscribers.csv", file);
    await at(page, "import").click();
    await phase(page, "done");
    for (const [kind, count] of [
      ["created", 0],
      ["known", 597],
      ["refused", 3],
    ])
      assert.match(await text(page, `count-${kind}`), new RegExp(`^${count}\\b`));

    // The list: pages, the beginning of an ICCID (row 3 is not there), one ICCID, a state.
    await at(page, "nav-orders").click();
    await at(page, "search").fill("89810001");
    await page.waitForFunction(() => document.querySelectorAll('[data-testid="order"]').length === 50);
    await at(page, "next").click();
    await page.waitForFunction(
      (iccid) => document.querySelector('[data-testid="order"]')?.getAttribute("data-iccid") === iccid,
      iccidOf(51),
    );
    await at(page, "search").fill(iccidOf(7));
    await page.waitForFunction(() => document.querySelectorAll('[data-testid="order"]').length === 1);
    // Without its last digit it is the beginning of one.
    await at(page, "search").fill(iccidOf(8).slice(0, 18));
    await page.locator(`[data-testid="order"][data-iccid="${iccidOf(8)}"]`).waitFor();
    await at(page, "search").fill("");
    await page.locator('label:has([data-testid="filter-Error"])').click();
    await at(page, "orders").waitFor();
    const stored = await page.evaluate(async () =>
      JSON.stringify([{ ...localStorage }, { ...sessionStorage }, await indexedDB.databases()]),
    );
    assert.ok(!stored.includes("C0FFEE") && !stored.includes(kiOf(1)));
    // The development server answers 503 while it reloads; the page sends the chunk again.
    quiet(page, "503");
  });

  test(
    "a long look through the orders comes to its end, however often the list is refreshed meanwhile",
    { timeout: 120_000 },
    async () => {
      const page = await signedIn();
      /** @type {(string | null)[]} */
      const asked = [];
      // 400 orders, none of which matches, at an SM that takes longer for them than the page waits between two looks.
      await page.route(/\/esim-lab\/orders\?.*state=Error/, async (route) => {
        const after = new URL(route.request().url()).searchParams.get("after");
        asked.push(after);
        await new Promise((wake) => setTimeout(wake, 1700));
        const header = { functionExecutionStatus: { status: "Executed-Success" } };
        const stretch = Number(after ?? 0);
        await route
          .fulfill({ json: { header, orders: [], ...(stretch < 4 && { next: String(stretch + 1) }) } })
          .catch(() => undefined);
      });
      await page.locator('label:has([data-testid="filter-Error"])').click();
      await at(page, "empty").waitFor({ timeout: 30_000 });
      assert.deepEqual(asked, [null, "1", "2", "3", "4"], "each stretch once");
      await page.waitForTimeout(5_000);
      assert.equal(asked.length, 5, "what took several requests is not asked for again and again");
      quiet(page);
    },
  );

  test("what a look has found stays when the SM fails, and pages of others' orders are passed over", async () => {
    const page = await signedIn();
    const header = { functionExecutionStatus: { status: "Executed-Success" } };
    const found = {
      iccid: iccidOf(1, 9),
      state: "Error",
      profileType: "operational",
      confirmationRequired: false,
      downloadAttempts: 0,
      octets: 1,
    };
    let broken = true;
    // As to an operator whose orders come behind those of others: pages are cut out of all of them.
    await page.route(/\/esim-lab\/orders\?/, async (route) => {
      const after = new URL(route.request().url()).searchParams.get("after");
      if (after === "2" && broken) return route.fulfill({ status: 503, body: "" });
      await route.fulfill({
        json: {
          header,
          orders: after === "1" ? [found] : [],
          ...(after !== "2" && { next: after === "1" ? "2" : "1" }),
        },
      });
    });
    const shown = () => at(page, "order").evaluateAll((rows) => rows.map((row) => row.getAttribute("data-iccid")));
    await page.locator('label:has([data-testid="filter-Error"])').click();
    // The list before may have met the same page by itself: what counts is what is there with the order.
    await at(page, "order").waitFor();
    assert.match(await text(page, "orders-error"), /503/);
    assert.deepEqual(await shown(), [found.iccid]);
    broken = false;
    await at(page, "next").click();
    await at(page, "orders").waitFor();
    assert.match(await text(page, "empty"), /no more orders/);
    await at(page, "back").click();
    await at(page, "order").waitFor();
    assert.deepEqual(await shown(), [found.iccid]);
    quiet(page, "503");
  });

  test("codes are printed once, of what can be fetched, and are gone with whoever has signed out", async () => {
    const page = await signedIn();
    const lines = csv(30, { series: 4 });
    await at(page, "nav-import").click();
    await drop(page, "twice.csv", `${lines}${lines.split("\r\n")[1]}\r\n`);
    await at(page, "import").click();
    await phase(page, "done");
    assert.match(await text(page, "count-known"), /^1\b/);
    await at(page, "print").click();
    await at(page, "print-sheet").waitFor();
    assert.equal(await at(page, "print-sheet").locator("figure").count(), 30);
    await page.evaluate((iccid) => (location.hash = `#/orders/${iccid}`), iccidOf(0, 4));
    await at(page, "cancel").click();
    await at(page, "cancel-typed").fill(iccidOf(0, 4).slice(-4));
    await at(page, "cancel-confirm").click();
    await page.locator('[data-testid="detail"][data-state="Available"]').waitFor();
    await at(page, "nav-import").click();
    await at(page, "again").click();
    await drop(page, "again.csv", lines);
    await at(page, "import").click();
    await phase(page, "done");
    await at(page, "print").click();
    await at(page, "print-sheet").waitFor();
    const printed = await at(page, "print-sheet").innerText();
    assert.ok(!printed.replaceAll(" ", "").includes(iccidOf(0, 4)), "its order is over");
    assert.equal(await at(page, "print-sheet").locator("figure").count(), 29);
    await at(page, "sign-out").click();
    await at(page, "sign-in").waitFor();
    await enter(page);
    await at(page, "print-sheet").waitFor({ state: "attached" });
    assert.equal(await at(page, "print-sheet").locator("figure").count(), 0);
    quiet(page);
  });

  test("an import outlives a lost connection", { timeout: 120_000 }, async () => {
    const page = await signedIn();
    await at(page, "nav-import").click();
    await drop(page, "more.csv", csv(40, { series: 2 }));
    let [lost, away] = [0, true];
    // The first request arrives, its answer does not: the worst case. Others are lost until this test has seen it.
    await page.route("**/esim-lab/import", async (route) => {
      if (!away) return route.continue();
      if (lost++ === 0) await route.fetch();
      await route.abort("connectionreset");
    });
    await at(page, "import").click();
    await phase(page, "waiting");
    assert.match(await text(page, "trouble"), /Nobody answers/);
    away = false;
    // It may try by itself just now.
    await at(page, "hurry")
      .click({ timeout: 5_000 })
      .catch(() => undefined);
    await phase(page, "done");
    assert.ok(lost > 0);
    // The first chunk was made although nobody heard of it.
    assert.match(await text(page, "count-known"), /^25\b/);
    assert.match(await text(page, "count-created"), /^15\b/);
    quiet(page, "ERR_CONNECTION_RESET");
  });

  test("codes of a batch are in its report: of chunks that were stopped, too, and until it is saved it is said", async () => {
    const page = await signedIn();
    await at(page, "nav-import").click();
    await drop(page, "stopped.csv", csv(30, { series: 5 }));
    /** @type {() => void} */
    let go = () => undefined;
    const stopped = new Promise((resolve) => (go = () => resolve(undefined)));
    let asked = 0;
    await page.route("**/esim-lab/import", async (route) => {
      asked++;
      const response = await route.fetch();
      if (asked === 1) await stopped;
      await route.fulfill({ response });
    });
    await Promise.all([page.waitForRequest("**/esim-lab/import"), at(page, "import").click()]);
    await at(page, "stop").click();
    const late = imported(page);
    go();
    await late;
    await at(page, "go-on").click();
    await phase(page, "done");
    assert.match(await text(page, "told"), /30 profiles.*this once/);
    await page.screenshot({ path: `${SHOTS}operator-batch-codes.png` });
    const [download] = await Promise.all([page.waitForEvent("download"), at(page, "save-report").click()]);
    assert.equal((await readFile(await download.path(), "utf8")).match(CODES)?.length, 30);
    assert.equal(await at(page, "told").count(), 0, "it is saved");
    quiet(page);
  });

  test("files that cannot be used get a sentence", async () => {
    const page = await signedIn();
    await at(page, "nav-import").click();
    for (const [name, content, sentence] of /** @type {const} */ ([
      ["empty.csv", "", /empty|no rows/],
      ["values.csv", `${iccidOf(1)},001010000000001\n`, /names of the columns/],
      // As a spreadsheet writes numbers.
      ["numbers.csv", `8.98E+18,4.4E+14,${kiOf(1)},${kiOf(2)}\n`, /names of the columns/],
      ["twice.csv", "imsi,IMSI\n1,2\n", /Two columns/],
      [
        "shift-jis.csv",
        Buffer.from([...Buffer.from("iccid,imsi,spn\n1,2,"), 0x83, 0x65, 0x83, 0x58, 0x83, 0x67]),
        /CSV UTF-8/,
      ],
      ["broken.json", `[{"ki":"${kiOf(1)}"`, /no JSON/],
      ["object.json", "{}", /neither a list/],
    ])) {
      await drop(page, name, content);
      await page.waitForFunction(
        (source) => new RegExp(source).test(document.querySelector('[data-testid="file-error"]')?.textContent ?? ""),
        sentence.source,
      );
    }
    assert.ok(!(await page.content()).includes("C0FFEE"));
    await drop(
      page,
      "gaps.csv",
      `iccid,imsi,ki,opc\n${iccidOf(1, 3)},001010000777001,${kiOf(1)}\n\n"a\nb",2,3,4\n${iccidOf(2, 3)},001010000777002,${kiOf(2)},${kiOf(3)}\n`,
    );
    await at(page, "import").click();
    await phase(page, "done");
    const lines = await at(page, "result").evaluateAll((rows) => rows.map((row) => row.getAttribute("data-line")));
    assert.deepEqual(lines, ["2", "4"], "lines are those of the file, whatever the cells hold");
    assert.match(await text(page, "count-created"), /^1\b/);
    quiet(page);
  });

  test("says that the SM is away, and comes back by itself", async () => {
    const page = await signedIn();
    await page.context().setOffline(true);
    await at(page, "offline").waitFor({ timeout: 60_000 });
    assert.match(await text(page, "offline"), /Nobody answers/);
    await page.screenshot({ path: `${SHOTS}operator-offline.png` });
    await page.context().setOffline(false);
    await at(page, "offline").waitFor({ state: "detached", timeout: 60_000 });
    quiet(page, "ERR_INTERNET_DISCONNECTED");
  });

  test("works by keyboard, in Japanese, on a narrow dark screen", async () => {
    const page = await signedIn({ viewport: { width: 390, height: 844 }, colorScheme: "dark", locale: "ja-JP" });
    assert.equal(await text(page, "new"), "新しい注文");
    const iccid = await order(page, { imsi: "001019900000021", spn: "富士モバイル" });
    assert.match(await text(page, "detail"), /リリース済み/);
    await page.screenshot({ path: `${SHOTS}operator-narrow-dark-ja.png`, fullPage: true });
    await at(page, "close").focus();
    await page.keyboard.press("Enter");
    const row = page.locator(`[data-testid="order"][data-iccid="${iccid}"]`);
    await row.waitFor();
    await page.screenshot({ path: `${SHOTS}operator-narrow-list-ja.png` });
    await row.getByRole("link").focus();
    await page.keyboard.press("Enter");
    await at(page, "cancel").focus();
    await page.keyboard.press("Enter");
    assert.ok(
      await page.evaluate(() => document.querySelector("dialog")?.contains(document.activeElement)),
      "the focus is in the dialog",
    );
    await page.keyboard.press("Escape");
    await at(page, "cancel-dialog").waitFor({ state: "detached" });
    assert.equal(
      await page.evaluate(() => document.activeElement?.getAttribute("data-testid")),
      "cancel",
      "the focus is back",
    );
    for (const view of ["nav-orders", "nav-import"]) {
      await at(page, view).click();
      const overflow = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      assert.ok(overflow <= 0, `${view} is ${overflow} px too wide`);
    }
    quiet(page);
  });

  test("can be tried without any server, to the end of an order's life", { timeout: 120_000 }, async () => {
    const site = await serve();
    const page = await visit({}, site.url);
    await at(page, "try").click();
    await at(page, "orders").waitFor();
    await order(page, {
      imsi: "001010000000031",
      spn: "In the tab",
      more: () => at(page, "confirmation-code").fill("2468"),
    });
    await at(page, "phone-code").fill("1111");
    await at(page, "fetch").click();
    await at(page, "fetched").waitFor();
    const refused = at(page, "history").locator("li.refused").first();
    assert.match(await refused.innerText(), /8\.2\.7\/3\.8[\s\S]*The confirmation code is wrong\. Enter it again\./);
    await page.screenshot({ path: `${SHOTS}operator-refusal.png` });
    await at(page, "phone-code").fill("2468");
    await at(page, "fetch").click();
    await page.locator('[data-testid="detail"][data-state="Installed"]').waitFor();
    assert.equal(await at(page, "cancel").count(), 0, "what is installed cannot be cancelled");
    await page.screenshot({ path: `${SHOTS}operator-tab.png` });
    site.close();
    // A server that is no SM knows nothing of guests.
    quiet(page, "404");
  });
});
