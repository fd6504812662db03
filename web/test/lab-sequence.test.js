// The lab's left half in Chromium: sequence, filter, time line, tools, links.
import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { after, afterEach, before, test } from "node:test";
import { at, fits, open } from "./page.js";

/** @type {Awaited<ReturnType<typeof open>>} */
let site;
before(async () => (site = await open()));
afterEach(() => site.tidy());
after(() => site.close());

/** @typedef {Awaited<ReturnType<typeof site.visit>>} Page */

/** The lab, with its story told. @param {{}} options */
async function lab(hash = "", options = {}) {
  const page = await site.visit(await site.fresh({ viewport: { width: 1440, height: 900 }, ...options }), `lab${hash}`);
  await page.locator('[data-testid="sequence"] [role="treeitem"]').first().waitFor();
  // Messages are shown while the story is still told: at its end one of them is looked at.
  if (hash === "") await page.waitForSelector('[data-testid="lab"][data-record]');
  return page;
}
/** @param {Page} page */
const record = async (page) => Number(await at(page, "lab").getAttribute("data-record"));
/** @param {Page} page */
const step = async (page) => Number(await at(page, "timeline").getAttribute("data-at"));
/** @param {Page} page @param {string} name */
const branch = (page, name) => page.waitForSelector(`[data-testid="timeline"][data-branch="${name}"]`);
/** The message that is looked at, once it is this one. @param {Page} page @param {number} n */
const looksAt = (page, n) => page.waitForSelector(`[data-testid="lab"][data-record="${n}"]`);
/** How many messages a filter means. @param {Page} page @param {string} text */
async function filter(page, text) {
  await at(page, "filter").fill(text);
  await page.waitForSelector(`[data-testid="count"][data-of="${text}"]`);
  return Number(/^\s*([\d,]+)/.exec(await at(page, "count").innerText())?.[1]?.replace(",", ""));
}
/** @param {Page} page @param {string} fault */
async function inject(page, fault) {
  await at(page, "fault").click();
  await at(page, `fault-${fault}`).click();
}
/** Number of the nth message with this function in the download. @param {Page} page @param {string} name */
async function rowNumber(page, name, nth = 0) {
  const row = page.locator(`[data-testid="sequence"] [data-name*=", ${name}, "]`).nth(nth);
  return Number(await row.getAttribute("data-n"));
}

test("the story opens at the message by which the card knows its server, and nothing of it is cut", async () => {
  const page = await lab();
  const row = page.locator('[data-testid="sequence"] [aria-selected="true"]');
  await row.waitFor();
  assert.match(
    (await row.getAttribute("data-name")) ?? "",
    /^\d+, AuthenticateServer, request from LPA to eUICC, ES10b, \d+ octets/,
  );
  // A message never stands before the connection that carries it.
  const web = page.locator('[role="treeitem"][data-name*=", initiateAuthentication, request"]').first();
  assert.match((await web.getAttribute("data-name")) ?? "", /over a TCP connection that was made first/);
  await web.dblclick();
  const order = await page.locator('[role="treeitem"]').evaluateAll((rows) =>
    rows
      .map((row) => ({ at: row.getBoundingClientRect().top, name: row.getAttribute("data-function") }))
      .filter(({ name }) => name === "TCP SYN" || name === "initiateAuthentication")
      .sort((a, b) => a.at - b.at)
      .map(({ name }) => name),
  );
  assert.deepEqual(order, ["TCP SYN", "TCP SYN", "initiateAuthentication"]);
  // The page does not scroll, names are whole, and no more rows are there than are seen.
  const cut = await page.evaluate(() => ({
    scrolls: document.documentElement.scrollHeight - innerHeight,
    names: [...document.querySelectorAll(".row .name")].filter((name) => {
      const [own, box] = [name.getBoundingClientRect(), name.closest(".what")?.getBoundingClientRect()];
      return box !== undefined && own.right > box.right + 0.5;
    }).length,
    rows: document.querySelectorAll('[role="treeitem"]').length,
  }));
  assert.ok(cut.scrolls <= 0, `the page scrolls by ${cut.scrolls} px`);
  assert.equal(cut.names, 0);
  assert.ok(cut.rows < 80, `${cut.rows} rows`);
  await fits(page);
  assert.deepEqual(page.complaints, []);
});

test("the filter names messages by key, wild card, word and octets, completes, and says what is wrong", async () => {
  const page = await lab();
  assert.equal(await filter(page, "if:ES9+"), 28);
  assert.equal(await filter(page, "if:ES9+ from:sm"), 14);
  assert.equal(await filter(page, "if:ES9+ -from:sm"), 14);
  assert.equal(await filter(page, "if:ES9+,ES2+"), 36);
  assert.equal(await filter(page, "fn:AuthenticateServer if:ES10"), 4);
  assert.equal(await filter(page, "fn:auth*er if:ES10"), 2);
  const answers = await filter(page, "if:APDU from:euicc");
  const good = await filter(page, "if:APDU sw:9000");
  assert.ok(good > 0 && good < answers);
  assert.equal(await filter(page, "if:APDU sw!=9000"), answers - good);
  // Words search names, values and octets.
  assert.ok((await filter(page, "serverSignature1")) > 0);
  assert.ok((await filter(page, "smdp.esim-lab.example")) > 0);
  assert.ok((await filter(page, "hex:5F3740")) > 0);
  assert.ok((await filter(page, "check:failed")) > 0);
  assert.equal(await filter(page, "tag:BF38 if:ES10 phase:download"), 2);
  assert.equal(await filter(page, "oct>4000"), 2);
  // What makes no sense is underlined, its reason stands there, and the list stays.
  await at(page, "filter").fill("fn:auth* sw!=900Q");
  await page.getByText("A status word is four hexadecimal digits.").waitFor();
  assert.equal(
    await at(page, "filter-count")
      .innerText()
      .then((said) => said.split(" ")[0]),
    "0",
  );
  assert.match(await at(page, "count").innerText(), /^2 of/);
  assert.equal(await page.locator(".mistake").innerText(), "900Q");
  // Completion: counts under the rest of the filter.
  await at(page, "filter").fill("");
  await at(page, "filter").pressSequentially("if:ES9+,ES10 from:");
  const offered = page.locator('#completion [role="option"]');
  await page.locator("#completion .gives").first().waitFor();
  assert.match((await offered.allInnerTexts()).join(" "), /euicc\s+\d+ .*lpa\s+\d+ .*sm\s+14 .*operator\s+none/s);
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Tab");
  assert.equal(await at(page, "filter").inputValue(), "if:ES9+,ES10 from:lpa ");
  // It is in the address.
  await page.waitForFunction(() => location.hash.includes("filter=if:ES9%2B,ES10%20from:lpa"));
  assert.deepEqual(page.complaints, []);
});

test("twenty steps back, a fault there, and both branches side by side", async () => {
  const page = await lab();
  const end = await step(page);
  await at(page, "sequence").focus();
  for (let n = 1; n <= 20; n++) {
    await page.keyboard.press("[");
    await page.waitForSelector(`[data-testid="timeline"][data-at="${end - n}"]`);
  }
  await page.waitForFunction(() => document.querySelector('[data-testid="sequence"] [aria-selected="true"]') !== null);
  await at(page, "sequence").focus();
  const name = await rowNumber(page, "PrepareDownload");
  await page.locator(`[data-n="${name}"]`).first().click();
  await inject(page, "flip");
  await branch(page, "B");
  // The edited message has a pen, the answer is refused, and the rest is in A alone.
  await at(page, "pen").waitFor();
  assert.match(
    (await page.locator('[role="treeitem"].refused').first().getAttribute("data-name")) ?? "",
    /PrepareDownload.*refused/,
  );
  await page.getByText(/messages that B never reaches/).waitFor();
  const shown = async () => /(\d+) messages/.exec(await at(page, "count").innerText())?.[1];
  const b = await shown();
  await at(page, "side-a").click();
  await branch(page, "A");
  assert.notEqual(await shown(), b);
  await at(page, "side-b").click();
  await branch(page, "B");
  await at(page, "side-both").click();
  assert.equal(await at(page, "side-both").getAttribute("aria-pressed"), "true");
  await at(page, "side-both").click();
  // The branch goes, and A is as it was.
  await at(page, "branches").click();
  await at(page, "drop-B").click();
  await branch(page, "A");
  assert.equal((await step(page)) > 0, true);
  assert.equal(await at(page, "side-b").count(), 0);
  assert.deepEqual(page.complaints, []);
});

test("the power fails in the fifth segment, and the card is as it was", async () => {
  const page = await lab();
  await at(page, "sequence").focus();
  // ConfigureISDP and StoreMetadata are the first two.
  await filter(page, "if:ES8+ phase:download");
  const fifth = await rowNumber(page, "LoadProfileElements", 2);
  await at(page, "filter").fill("");
  await page.locator(`[data-n="${fifth}"]`).first().click();
  await looksAt(page, fifth);
  await inject(page, "power-cut");
  await branch(page, "B");
  await page.waitForSelector('[data-testid="lab"][data-profiles="0"]');
  assert.match(await page.locator(".row.note").first().getAttribute("data-name").then(String), /./);
  assert.deepEqual(page.complaints, []);
});

test("a break point stops everybody before its message, and Run goes on to the end", async () => {
  const page = await lab();
  await at(page, "breaks").click();
  await at(page, "break-interface").fill("ES9+");
  await at(page, "break-function").fill("authenticateClient");
  await at(page, "break-add").click();
  await branch(page, "B");
  await page.locator(".row.stop").waitFor();
  const stopped = Number(/message (\d+) has/.exec(await page.locator(".row.stop").innerText())?.[1]);
  const last = page.locator(`[data-testid="sequence"] [data-n="${stopped}"]:not(.only)`);
  assert.match((await last.getAttribute("data-name")) ?? "", /authenticateClient, .*stopped before it arrives/);
  await at(page, "run").click();
  await page.locator(".row.stop").waitFor({ state: "detached" });
  await page.waitForSelector(`[data-testid="timeline"][aria-valuetext*="delivers notifications"]`);
  // It is listed, and can be taken away.
  await at(page, "breaks").click();
  assert.match(await page.locator('[role="dialog"] li').innerText(), /ES9\+ authenticateClient/);
  await at(page, "break-remove").click();
  await page.locator('[role="dialog"] li').waitFor({ state: "detached" });
  assert.deepEqual(page.complaints, []);
});

test("each fault of the menu makes a branch with a verdict, or says why it cannot be", async () => {
  const page = await lab();
  await page.locator('[data-testid="sequence"] [aria-selected="true"]').waitFor();
  const n = await record(page);
  for (const fault of ["drop", "truncate", "another-ci", "wrong-role", "wrong-code", "other-eid"]) {
    await inject(page, fault);
    await page.locator(".row.note").first().waitFor();
    const made = await at(page, "timeline").getAttribute("data-branch");
    await at(page, "branches").click();
    await at(page, `drop-${made}`).click();
    await branch(page, "A");
    await page.waitForTimeout(200);
    if ((await record(page)) !== n) {
      await page.keyboard.press("Escape");
      await page.locator(`[data-n="${n}"]`).first().click();
    }
  }
  assert.deepEqual(page.complaints, []);
});

test("a permalink with an edit says the same in a fresh profile: branch, message, octet and digest", async () => {
  const page = await lab();
  await page.locator('[data-testid="sequence"] [aria-selected="true"]').waitFor();
  const n = await record(page);
  await inject(page, "flip");
  await branch(page, "B");
  await looksAt(page, n);
  await at(page, "share").click();
  const link = await at(page, "link").inputValue();
  const digest = await at(page, "digest").innerText();
  assert.match(digest, /^[0-9a-f]{16,}/i);
  const hash = `${link.slice(link.indexOf("#"))}&octets=57-96`;
  const other = await lab(hash);
  await branch(other, "B");
  await looksAt(other, n);
  await other.waitForFunction(() => location.hash.includes("octets=57-96"));
  await at(other, "share").click();
  assert.equal(await at(other, "digest").innerText(), digest);
  // Reload is the same replay.
  await other.reload();
  await branch(other, "B");
  await looksAt(other, n);
  assert.deepEqual([...page.complaints, ...other.complaints], []);
});

/** Drops a file on the page. @param {Page} page @param {string} name @param {string} content */
const drop = (page, name, content) =>
  page.evaluate(
    ([called = "", text = ""]) => {
      const data = new DataTransfer();
      data.items.add(new File([text], called));
      for (const type of ["dragenter", "dragover", "drop"])
        document.body.dispatchEvent(new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true }));
    },
    [name, content],
  );
/** @param {string} path */
const foreign = (path) =>
  readFile(fileURLToPath(new URL(`../../tests/cases/foreign/${path}`, import.meta.url)), "utf8");

test("a dropped lpac log is shown as a recording, beside what ours would have answered", async () => {
  const page = await lab();
  await drop(page, "lpac.log", await foreign("lpac/lpac.txt"));
  await page.waitForSelector('[data-testid="lab"][data-place="recording"]');
  await page.locator('[role="treeitem"][data-name*=", GetEID, response"]').waitFor();
  assert.match(await at(page, "place").innerText(), /lpac/);
  // What was recorded is as it is: nothing of it can be run or broken.
  assert.ok(await at(page, "run").isDisabled());
  assert.ok(await at(page, "breaks").isDisabled());
  await at(page, "ours").click();
  await page
    .locator(".chip", { hasText: /ours|no answer/ })
    .first()
    .waitFor();
  // The story is where it was.
  await at(page, "place").click();
  await at(page, "place-story").click();
  await page.locator('[data-phase="download"]').waitFor();
  assert.deepEqual(page.complaints, []);
});

test("what is not recognised says why, with its first octets; an activation code goes to the phone", async () => {
  const page = await lab();
  await at(page, "open").click();
  await page.getByText("Files never leave the tab.").waitFor();
  await at(page, "pasted").fill("not octets, nor anything else");
  await at(page, "read").click();
  await at(page, "open-error").waitFor();
  assert.match(await at(page, "open-error").innerText(), /It begins with 6E 6F 74 20/);
  await at(page, "pasted").fill("LPA:1$smdp.example.com$AAB35-RKW8B-P796J-25H4M");
  await at(page, "read").click();
  await at(page, "found-code").waitFor();
  await at(page, "to-phone").click();
  await page.waitForSelector('main[data-view="phone"]');
  assert.deepEqual(page.complaints, []);
});

test("links of all earlier forms open", async () => {
  const folder = fileURLToPath(new URL("../../tests/cases/formats/", import.meta.url));
  for (const format of await readdir(folder)) {
    const text = await readFile(`${folder}${format}/links.txt`, "utf8").catch(() => "");
    for (const link of text.split("\n").filter((line) => line.startsWith("#"))) {
      const page = await lab(link);
      await page.waitForSelector('[data-testid="lab"][data-place="linked"]');
      assert.deepEqual(page.complaints, [], link);
      await page.context().close();
    }
  }
});

test("a long link shows how far it is, and can be left", async () => {
  const acts = Array.from({ length: 3000 }, (_, n) => (n % 2 ? "radio-off" : "radio-on"));
  const page = await site.visit(await site.fresh(), `lab#seed=7&acts=${encodeURIComponent(JSON.stringify(acts))}`);
  await page.getByText(/Replaying the link: [\d,]+ of 3,000 acts/).waitFor();
  await at(page, "leave").click();
  await at(page, "opening").waitFor({ state: "detached" });
  await page.getByText("The link was left before its end").waitFor();
  // The story is a click away.
  await at(page, "place").click();
  await at(page, "place-story").click();
  await page.waitForSelector('[data-testid="lab"][data-place="story"]');
  await page.locator('[data-phase="download"]').waitFor();
});

test("the keyboard does all of it: messages, phases, folds, refusals, panes, keys", async () => {
  const page = await lab();
  await page.locator('[data-testid="sequence"] [aria-selected="true"]').waitFor();
  const n = await record(page);
  // From the top of the page: at most 25 stops until it begins anew.
  await page.locator("body").press("Tab");
  let stops = 0;
  const seen = new Set();
  for (; stops < 40; stops++) {
    const id = await page.evaluate(() => {
      const now = document.activeElement;
      if (!now || now === document.body) return "";
      return `${now.tagName} ${now.getAttribute("data-testid") ?? now.getAttribute("data-name") ?? now.textContent}`;
    });
    if (id === "" || seen.has(id)) break;
    seen.add(id);
    await page.keyboard.press("Tab");
  }
  assert.ok(stops <= 25, `${stops} tab stops: ${[...seen].join(" | ")}`);
  await at(page, "sequence").focus();
  await page.keyboard.press("j");
  await page.waitForFunction(
    (was) => Number(document.querySelector('[data-testid="lab"]')?.getAttribute("data-record")) > was,
    n,
  );
  const next = await record(page);
  await page.keyboard.press("k");
  await looksAt(page, n);
  await page.keyboard.press("j");
  await looksAt(page, next);
  // The response opens to its APDUs, and closes.
  const rows = () => page.locator('[data-testid="sequence"] [aria-level="3"]').count();
  assert.equal(await rows(), 0);
  await page.keyboard.press("ArrowRight");
  await page.locator('[data-testid="sequence"] [aria-level="3"]').first().waitFor();
  await page.keyboard.press("ArrowLeft");
  await page.locator('[data-testid="sequence"] [aria-level="3"]').first().waitFor({ state: "detached" });
  // The last refusal is in another phase, which opens.
  await page.keyboard.press("N");
  await page.waitForFunction(
    (was) => Number(document.querySelector('[data-testid="lab"]')?.getAttribute("data-record")) < was,
    n,
  );
  await page.locator('[data-testid="sequence"] [aria-selected="true"].refused').waitFor();
  assert.ok((await page.evaluate(() => document.activeElement?.getAttribute("data-testid"))) === "sequence");
  // A phase folds.
  await page.keyboard.press("K");
  await page.locator('[data-testid="sequence"] .active.phase').waitFor();
  // F6 goes to the next pane; the time line has keys of its own.
  await page.keyboard.press("F6");
  assert.notEqual(await page.evaluate(() => document.activeElement?.getAttribute("data-testid")), "sequence");
  await at(page, "timeline").focus();
  const before = await step(page);
  await page.keyboard.press("ArrowLeft");
  await page.waitForSelector(`[data-testid="timeline"][data-at="${before - 1}"]`);
  await page.keyboard.press("End");
  await page.waitForSelector(`[data-testid="timeline"][data-at="${before}"]`);
  // The dialog of keys, and single letters off.
  await page.keyboard.press("?");
  await at(page, "letters").click();
  await page.keyboard.press("Escape");
  await page.keyboard.press("/");
  assert.notEqual(await page.evaluate(() => document.activeElement?.getAttribute("data-testid")), "filter");
  await page.evaluate(() => localStorage.removeItem("esim-lab/letters"));
  await page.reload();
  await page.locator('[data-testid="sequence"] [aria-selected="true"]').waitFor();
  await page.keyboard.press("/");
  assert.equal(await page.evaluate(() => document.activeElement?.getAttribute("data-testid")), "filter");
  await page.keyboard.press("Escape");
  await page.evaluate(() => /** @type {HTMLElement} */ (document.activeElement).blur());
  await page.keyboard.press("g");
  await page.keyboard.press("p");
  await page.waitForSelector('main[data-view="phone"]');
  assert.deepEqual(page.complaints, []);
});

test("panes are as large as the reader makes them, and stay so", async () => {
  const page = await lab();
  const handle = page.getByRole("separator", { name: "Width of the sequence" });
  const box = await handle.boundingBox();
  assert.ok(box);
  await page.mouse.move(box.x + 3, 400);
  await page.mouse.down();
  await page.mouse.move(box.x + 63, 400);
  await page.mouse.up();
  const wide = Number(await handle.getAttribute("aria-valuenow"));
  assert.equal(wide, 616);
  await page.reload();
  await handle.waitFor();
  assert.equal(Number(await handle.getAttribute("aria-valuenow")), wide);
  await handle.focus();
  await page.keyboard.press("ArrowLeft");
  assert.equal(Number(await handle.getAttribute("aria-valuenow")), wide - 16);
  await handle.dblclick();
  assert.equal(Number(await handle.getAttribute("aria-valuenow")), 556);
});

for (const [width, height] of /** @type {const} */ ([
  [1024, 768],
  [768, 1024],
  [390, 844],
  [320, 640],
]))
  test(`${width} px: nothing is too wide, and the page does not scroll`, async () => {
    for (const locale of ["en-GB", "ja-JP"]) {
      const page = await lab("", { viewport: { width, height }, locale, hasTouch: width < 600 });
      await fits(page);
      const scrolls = await page.evaluate(() => document.documentElement.scrollHeight - innerHeight);
      assert.ok(scrolls <= 0, `the page scrolls by ${scrolls} px`);
      if (width < 600) {
        const row = page.locator('[data-testid="sequence"] [data-n]').first();
        await row.tap();
        await at(page, "back").click();
        assert.equal(await page.evaluate(() => document.activeElement?.getAttribute("data-testid")), "sequence");
      }
      assert.deepEqual(page.complaints, []);
    }
  });
