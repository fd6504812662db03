// The phone in Chromium, as its owner has it: at 390 px unless a test says otherwise.
import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { after, afterEach, before, test } from "node:test";
import encodeQR from "qr";
import { at, fits, open, text } from "./page.js";

/** @type {Awaited<ReturnType<typeof open>>} */
let site;
before(async () => (site = await open()));
afterEach(() => site.tidy());
after(() => site.close());

/** @typedef {Awaited<ReturnType<typeof site.visit>>} Page */

const NARROW = { viewport: { width: 390, height: 844 } };

/** @param {Page} page */
const idle = (page) => page.waitForSelector('[data-testid="phone"][data-busy="false"]');
/** @param {Page} page */
async function started(page) {
  await page.locator('[data-testid="pp"], [data-testid="profile"]').first().waitFor();
  await idle(page);
  return page;
}
/** @param {import("playwright-core").BrowserContext} context */
const visit = async (context, hash = "") => started(await site.visit(context, `phone${hash}`));
const phone = async (options = {}) => visit(await site.fresh({ ...NARROW, ...options }));
/** @param {Page} page */
const state = (page) => at(page, "profile").getAttribute("data-state");
/** @param {Page} page @param {string} id */
const told = async (page, id) => {
  await at(page, id).waitFor();
  await idle(page);
  return text(page, id);
};

/** Orders, up to the question. @param {Page} page @param {{ name?: string, code?: string }} wish */
async function order(page, { name = "Maple", code = "" } = {}) {
  if (!(await at(page, "wish-name").isVisible())) await at(page, "order-more").locator("summary").click();
  await at(page, "wish-name").fill(name);
  await at(page, "wish-code").fill(code);
  await at(page, "order").click();
  await at(page, "consent").waitFor();
}
/** @param {Page} page */
async function add(page, wish = {}) {
  await order(page, wish);
  await at(page, "accept").click();
  return told(page, "told");
}
/** All of it is in the first screen. @param {Page} page @param {string} id */
async function isSeen(page, id) {
  await page.waitForFunction((id) => {
    const box = document.querySelector(`[data-testid="${id}"]`)?.getBoundingClientRect();
    return box && box.top >= 0 && box.bottom <= innerHeight;
  }, id);
}
/** Text of what has the focus. @param {Page} page */
const focused = (page) => page.evaluate(() => document.activeElement?.textContent?.trim() ?? "");

test("an eSIM is ordered, agreed to, and in use at once", async () => {
  const page = await phone();
  assert.match(await at(page, "pp").innerText(), /Fetches eSIMs, nothing else/);
  await order(page);
  const sheet = page.getByRole("dialog", { name: "Add this eSIM?" });
  assert.equal(await focused(page), "Add this eSIM?");
  const facts = await sheet.innerText();
  for (const fact of ["Maple", "kB free on this card", "No restrictions", "From smdp.esim-lab.example"])
    assert.ok(facts.includes(fact), fact);
  for (const id of ["accept", "not-now", "reject"]) await isSeen(page, id);
  await at(page, "accept").click();
  assert.match(await told(page, "told"), /Maple is in use\s+It is added and on, and its operator knows\./);
  await isSeen(page, "told");
  assert.equal(await state(page), "enabled");
  assert.match(await text(page, "operator"), /Maple\s+\+81901234567/);
  assert.equal(await at(page, "reports").count(), 0, "nothing is left to report");
  await at(page, "call").click();
  assert.equal(await told(page, "answer"), "The call is put through.");
  await at(page, "browse").click();
  await page.waitForFunction(
    () => document.querySelector('[data-testid="answer"]')?.textContent?.trim() === "www.example.com opens.",
  );
  assert.deepEqual(page.complaints, []);
});

test("a wrong confirmation code is told under its field, and the right one adds", async () => {
  const page = await phone();
  await order(page, { code: "2468" });
  await at(page, "accept").click();
  await page.getByRole("dialog", { name: "Confirmation code" }).waitFor();
  await at(page, "code").fill("1111");
  await page.keyboard.press("Enter");
  const error = await told(page, "code-wrong");
  assert.match(error, /^This code is wrong\./);
  assert.ok(!/\d\.\d/.test(error), "codes are in the details alone");
  await isSeen(page, "code-wrong");
  assert.equal(await at(page, "code").getAttribute("aria-invalid"), "true");
  assert.ok(await at(page, "code").evaluate((field) => field === document.activeElement));
  await at(page, "code-wrong").locator("summary").click();
  assert.match(await text(page, "code-wrong"), /8\.2\.7\/3\.8/);
  assert.match((await at(page, "to-lab").getAttribute("href")) ?? "", /lab#place=own&at=\d+$/);
  await at(page, "code").fill("2468");
  await at(page, "code-give").click();
  assert.match(await told(page, "told"), /Maple is in use/);
  assert.equal(await state(page), "enabled");
  assert.deepEqual(page.complaints, []);
});

test("not now keeps the code, refusing does not leave the card changed", async () => {
  const page = await phone();
  await order(page);
  await page.keyboard.press("Escape");
  assert.match(await told(page, "told"), /Your code stays valid/);
  await at(page, "again").click();
  await at(page, "consent").waitFor();
  await at(page, "reject").click();
  assert.match(await told(page, "told"), /Refused\s+The operator has been told/);
  assert.equal(await at(page, "profile").count(), 0);
  // After a wrong confirmation code, too.
  await order(page, { code: "2468" });
  await at(page, "accept").click();
  await at(page, "code").fill("1");
  await at(page, "code-give").click();
  await at(page, "code-wrong").waitFor();
  await at(page, "not-now").click();
  assert.match(await told(page, "told"), /Your code stays valid/);
  await at(page, "again").click();
  await at(page, "accept").click();
  await at(page, "code").fill("1");
  await at(page, "code-give").click();
  await at(page, "code-wrong").waitFor();
  await idle(page);
  await at(page, "reject").click();
  assert.match(await told(page, "told"), /Refused/);
  assert.equal(await at(page, "profile").count(), 0);
  assert.deepEqual(page.complaints, []);
});

test("eSIMs are switched, renamed and deleted; their operators hear of it", async () => {
  const page = await phone();
  await order(page);
  await at(page, "at-once").click();
  await at(page, "accept").click();
  assert.match(await told(page, "told"), /Maple is added\s+It is off/);
  assert.equal(await state(page), "disabled");
  assert.equal(await at(page, "reports").count(), 0, "a download reports itself");
  await at(page, "switch").click();
  await page.waitForSelector('[data-testid="profile"][data-state="enabled"]');
  await idle(page);
  assert.equal(await at(page, "delete").getAttribute("aria-disabled"), "true");
  assert.match(await text(page, "reports"), /2 reports[\s\S]*switched off[\s\S]*switched on/);
  await at(page, "toast-undo").click();
  await page.waitForSelector('[data-testid="profile"][data-state="disabled"]');
  await idle(page);
  await at(page, "rename").click();
  await at(page, "nickname").fill("仕事".repeat(11));
  assert.match(await at(page, "profile").innerText(), /too long/);
  await at(page, "nickname").fill("Work");
  await at(page, "nickname-save").click();
  await at(page, "profile").getByRole("heading", { name: "Work", exact: true }).waitFor();
  await idle(page);
  const last = ((await at(page, "profile").getAttribute("data-iccid")) ?? "").slice(-4);
  await at(page, "delete").click();
  await at(page, "delete-typed").fill("x");
  await page.keyboard.press("Enter");
  assert.equal(await at(page, "profile").count(), 1);
  await at(page, "delete-typed").fill(last);
  await at(page, "delete-confirm").click();
  await at(page, "profile").waitFor({ state: "detached" });
  await idle(page);
  assert.equal(await focused(page), "Phone");
  assert.match(await text(page, "reports"), /1 report[\s\S]*An eSIM was deleted/);
  await at(page, "notify").click();
  await at(page, "reports").waitFor({ state: "detached" });
  assert.deepEqual(page.complaints, []);
});

test("without an eSIM in use the phone says so and goes back to the one that fetches", async () => {
  const page = await phone();
  await add(page);
  await at(page, "switch").click();
  await at(page, "none").waitFor();
  await idle(page);
  await at(page, "call").click();
  assert.match(await told(page, "answer-trouble"), /The call is not put through\.\s+No eSIM is in use\./);
  await at(page, "fall-back").click();
  await page.waitForSelector('[data-testid="pp"][data-state="enabled"]');
  await idle(page);
  await at(page, "call").click();
  assert.match(await told(page, "answer-trouble"), /fetches eSIMs, nothing else/);
  await at(page, "radio").click();
  await at(page, "attach").waitFor();
  await at(page, "wifi").click();
  await page.waitForSelector('[data-testid="wifi"][aria-checked="true"]');
  assert.deepEqual(page.complaints, []);
});

test("a reload keeps everything, the question too; starting over asks, and is undone", async () => {
  const page = await phone();
  await add(page);
  const eid = await text(page, "eid");
  await order(page, { name: "Birch" });
  await page.reload();
  await page.getByRole("dialog", { name: "Add this eSIM?" }).waitFor();
  assert.equal(await text(page, "consent-operator"), "Birch");
  await at(page, "not-now").click();
  await told(page, "told");
  assert.equal(await text(page, "eid"), eid);
  assert.equal(await state(page), "enabled");
  assert.ok(await at(page, "wifi").isVisible());
  await at(page, "over").click();
  assert.match(await text(page, "going"), /Maple\s+\d+ messages/);
  await at(page, "over-no").click();
  assert.equal(await state(page), "enabled");
  await at(page, "over").click();
  await at(page, "over-go").click();
  await at(page, "profile").waitFor({ state: "detached" });
  await idle(page);
  assert.notEqual(await text(page, "eid"), eid);
  await at(page, "toast-undo").click();
  await at(page, "profile").waitFor();
  await idle(page);
  assert.equal(await text(page, "eid"), eid);
  await page.reload();
  await started(page);
  assert.equal(await text(page, "eid"), eid);
  assert.equal(await state(page), "enabled");
  assert.deepEqual(page.complaints, []);
});

test("two tabs lose no eSIM: one reads along, and may take over", async () => {
  const context = await site.fresh(NARROW);
  const one = await visit(context);
  await add(one);
  const two = await visit(context);
  await isSeen(two, "reading");
  assert.equal(await state(two), "enabled");
  await at(two, "switch").dispatchEvent("click");
  assert.equal(await state(two), "enabled", "it only reads");
  await add(one, { name: "Birch" });
  await two.waitForFunction(() => document.querySelectorAll('[data-testid="profile"]').length === 2);
  await at(two, "take-over").click();
  await at(two, "reading").waitFor({ state: "detached" });
  await at(one, "reading").waitFor();
  await add(two, { name: "Cedar" });
  assert.equal(await at(two, "profile").count(), 3);
  await one.waitForFunction(() => document.querySelectorAll('[data-testid="profile"]').length === 3);
  assert.deepEqual([...one.complaints, ...two.complaints], []);
});

/** In the browser: what the page of before has left. @param {{ nvm: string, subscribers: string }} device */
async function keep({ nvm, subscribers }) {
  const asked = indexedDB.open("keyval-store");
  await new Promise((done) => (asked.onsuccess = done));
  const change = asked.result.transaction("keyval", "readwrite");
  const store = change.objectStore("keyval");
  store.delete("esim-lab/journal");
  store.put({ nvm: Uint8Array.from(atob(nvm), (octet) => octet.charCodeAt(0)), subscribers }, "esim-lab/card");
  await new Promise((done) => (change.oncomplete = done));
}

test("cards kept by pages of before open, and the network knows them", async () => {
  const formats = new URL("../../tests/cases/formats/", import.meta.url);
  const folders = (await readdir(formats, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  assert.ok(folders.length > 0);
  for (const { name } of folders) {
    const read = (/** @type {string} */ file) => readFile(new URL(`${name}/${file}`, formats));
    const { device } = JSON.parse((await read("expected.json")).toString());
    const page = await phone();
    await page.evaluate(keep, {
      nvm: (await read("device.nvm")).toString("base64"),
      subscribers: (await read("subscribers.json")).toString(),
    });
    await page.reload();
    await started(page);
    assert.equal(await at(page, "notice").count(), 0, name);
    assert.equal((await text(page, "eid")).replaceAll(" ", ""), device.eid, name);
    await at(page, "attach").click();
    await at(page, "attach").waitFor({ state: "detached" });
    await idle(page);
    assert.match(await text(page, "operator"), /esim-lab/, name);
    for (const { iccid, enabled } of device.profiles ?? [])
      assert.equal(
        await page.locator(`[data-iccid="${iccid}"]`).getAttribute("data-state"),
        enabled ? "enabled" : "disabled",
        name,
      );
    assert.deepEqual(page.complaints, [], name);
  }
});

test("a code that makes no sense is told under its field, and the outcome of before is gone", async () => {
  const page = await phone();
  await order(page);
  await page.keyboard.press("Escape");
  await told(page, "told");
  await at(page, "code-way").click();
  await at(page, "activation").fill("LPA:1$smdp.esim-lab.example");
  await page.keyboard.press("Enter");
  assert.match(await told(page, "code-trouble"), /The part after the second \$ is missing\.\s+A code looks like/);
  await isSeen(page, "code-trouble");
  assert.equal(await at(page, "told").count(), 0);
  assert.equal(await at(page, "activation").getAttribute("aria-invalid"), "true");
  for (const code of ["", "nonsense", "LPA:2$smdp.example$A", "LPA:1$$A", "LPA:1$smdp.example$A B", "1$a$b$c$d$e"]) {
    await at(page, "activation").fill(code);
    assert.equal(await at(page, "code-trouble").count(), 0, "typing clears it");
    await page.keyboard.press("Enter");
    assert.ok((await told(page, "code-trouble")).length > 30, code);
  }
  await at(page, "activation").fill("LPA:1$smdp.esim-lab.example$NOPE");
  await page.keyboard.press("Enter");
  assert.match(await told(page, "trouble"), /^Not added\.\s+No order is waiting under this code/);
  assert.equal(await at(page, "code-trouble").count(), 0);
  await isSeen(page, "trouble");
  await at(page, "ja").click();
  assert.match(await text(page, "trouble"), /^追加できませんでした。\s+このコードの申し込みが見つかりません。/);
  assert.deepEqual(page.complaints, []);
});

test("a code of another server says so, from a link as well", async () => {
  const page = await phone();
  await at(page, "code-way").click();
  await at(page, "activation").fill("LPA:1$smdp.other.example$AB-12");
  await at(page, "activation-go").click();
  await at(page, "elsewhere").waitFor();
  assert.match(await text(page, "elsewhere"), /smdp\.other\.example hands this eSIM out/);
  await isSeen(page, "go-elsewhere");
  await at(page, "stay").click();
  await at(page, "elsewhere").waitFor({ state: "detached" });
  const linked = await visit(await site.fresh(NARROW), `#code=${encodeURIComponent("LPA:1$smdp.other.example$AB")}`);
  await at(linked, "elsewhere").waitFor();
  assert.equal(await linked.evaluate(() => location.hash), "", "a reload does not do it again");
  assert.deepEqual([...page.complaints, ...linked.complaints], []);
});

test("a picture of a code is read; one without says so", async () => {
  const page = await phone();
  await order(page);
  await page.keyboard.press("Escape");
  await told(page, "told");
  const picture = (/** @type {string} */ text) => ({
    name: "code.gif",
    mimeType: "image/gif",
    buffer: Buffer.from(encodeQR(text, "gif", { scale: 4 })),
  });
  await at(page, "picture-file").setInputFiles(picture("https://example.com"));
  assert.match(await told(page, "trouble"), /for something else/);
  await at(page, "picture-file").setInputFiles({ name: "a.png", mimeType: "image/png", buffer: Buffer.from("no") });
  await page.waitForFunction(() =>
    document.querySelector('[data-testid="trouble"]')?.textContent?.includes("no picture"),
  );
  await at(page, "picture-file").setInputFiles(picture("LPA:1$smdp.esim-lab.example$NOPE"));
  await page.waitForFunction(() =>
    document.querySelector('[data-testid="trouble"]')?.textContent?.includes("No order"),
  );
  await idle(page);
  assert.deepEqual(page.complaints, []);
});

test("what is ordered is checked before anybody is asked", async () => {
  const page = await phone();
  await at(page, "order-more").locator("summary").click();
  await at(page, "wish-imsi").fill("12x");
  await at(page, "wish-number").fill("phone");
  await at(page, "order").click();
  assert.match(await at(page, "order-more").innerText(), /6 to 15 digits[\s\S]*Digits, with \+/);
  assert.equal(await at(page, "consent").count(), 0);
  assert.deepEqual(page.complaints, []);
});

test("while it starts, it says so", async () => {
  const context = await site.fresh(NARROW);
  /** @type {(value?: unknown) => void} */
  let resolve = () => undefined;
  const promise = new Promise((done) => (resolve = done));
  const held = { promise, resolve: () => resolve() };
  await context.route("**/*.wasm", async (route) => {
    await held.promise;
    await route.continue();
  });
  const coming = site.visit(context, "phone");
  const page = /** @type {Page} */ (context.pages()[0] ?? (await context.waitForEvent("page")));
  await at(page, "starting").waitFor();
  assert.equal(await at(page, "none").count(), 0);
  assert.equal(await text(page, "eid"), "starting");
  held.resolve();
  await started(await coming);
  assert.equal(await at(page, "starting").count(), 0);
});

test("it fits, in Japanese, dark and wide", async () => {
  for (const options of [
    { ...NARROW, locale: "ja-JP" },
    { viewport: { width: 320, height: 640 }, locale: "ja-JP" },
    { viewport: { width: 1440, height: 900 } },
  ]) {
    const page = await phone({ ...options, colorScheme: "dark" });
    await fits(page);
    await order(page, { code: "2468" });
    await fits(page);
    await at(page, "accept").click();
    await at(page, "code").fill("1");
    await at(page, "code-give").click();
    await at(page, "code-wrong").waitFor();
    await fits(page);
    const ja = "locale" in options;
    assert.match(await text(page, "code-wrong"), ja ? /^コードが違います。/ : /^This code is wrong\./);
    await at(page, "code").fill("2468");
    await at(page, "code-give").click();
    assert.match(await told(page, "told"), ja ? /Mapleを使用しています/ : /Maple is in use/);
    await fits(page);
    const words = await at(page, "phone").innerText();
    if (ja) assert.ok(!/\b(the|is|of|and)\b/i.test(words), words);
    assert.deepEqual(page.complaints, []);
  }
});

test("a kept card that cannot be read is told, and stays as it is", async () => {
  const context = await site.fresh(NARROW);
  const page = await site.visit(context, "phone");
  await page.waitForFunction(() => document.querySelector('[data-testid="card-chip"]')?.textContent?.includes("kept"));
  const stored = (/** @type {boolean} */ spoil) =>
    page.evaluate(async (spoil) => {
      const asked = indexedDB.open("keyval-store");
      await new Promise((done) => (asked.onsuccess = done));
      const store = asked.result.transaction("keyval", "readwrite").objectStore("keyval");
      if (spoil) {
        store.delete("esim-lab/journal");
        store.put({ nvm: new Uint8Array([1, 2, 3]) }, "esim-lab/card");
      }
      const found = store.get("esim-lab/card");
      await new Promise((done) => (found.onsuccess = done));
      asked.result.close();
      return [...found.result.nvm].slice(0, 4);
    }, spoil);
  assert.deepEqual(await stored(true), [1, 2, 3]);
  await page.reload();
  await page.getByText("could not be taken up").first().waitFor();
  assert.deepEqual(await stored(false), [1, 2, 3], "nothing is kept over it");
});
