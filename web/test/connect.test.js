/** Connect: four ways to a real card, why one does not work, and the panel of a card behind the real bridge. */
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { SHOTS, at, fits, open } from "./page.js";

const ESIM_LAB = process.env.ESIM_LAB ?? fileURLToPath(new URL("../../target/debug/esim-lab", import.meta.url));

/** @type {Awaited<ReturnType<typeof open>>} */
let site;
let folder = "";
/** @type {import("node:child_process").ChildProcess[]} */
const children = [];
before(async () => {
  site = await open();
  folder = await mkdtemp(join(tmpdir(), "esim-lab-connect-"));
});
afterEach(() => site.tidy());
after(async () => {
  await site?.close();
  for (const child of children) child.kill();
  await rm(folder, { recursive: true, force: true });
});

/** A bridge to a new card in a file: where it is, and the code that it shows. */
async function bridge() {
  const card = join(folder, `card-${children.length}`);
  execFileSync(ESIM_LAB, ["euicc", "init", "--state", card]);
  const child = spawn(ESIM_LAB, ["bridge", "--listen", "127.0.0.1:0", "--card", `file:${card}`]);
  children.push(child);
  let said = "";
  const code = () => /[A-Z0-9]{4}-[A-Z0-9]{4}/.exec(said)?.[0];
  await new Promise((ready) => {
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk) => (said += chunk) && code() && ready(undefined));
    child.on("close", ready);
  });
  const url = /ws:\/\/[^/]+\//.exec(said)?.[0];
  assert.ok(url, said);
  return { url, code: String(code()) };
}

/** The dialog, open. @param {object} [options] @param {() => void} [fake] */
async function dialog(options = {}, fake = undefined) {
  const context = await site.fresh(options);
  if (fake) await context.addInitScript(fake);
  const page = await site.visit(context);
  await at(page, "connect").focus();
  await page.keyboard.press("Enter");
  await page.waitForSelector('[data-testid="way-smartCard"][data-state="not"]');
  return page;
}

describe("connect", () => {
  test("four ways, by keyboard alone, and back to the button", async () => {
    const page = await dialog({ viewport: { width: 1440, height: 900 } });
    const states = await page.$$eval("[data-testid^=way-]", (all) => all.map((it) => it.getAttribute("data-state")));
    assert.deepEqual(states, ["works", "some", "waits", "not"]);
    assert.equal(await page.evaluate(() => document.activeElement?.id), "connect-title");
    assert.ok(await at(page, "open-smartCard").isDisabled());
    await page.screenshot({ path: join(SHOTS, "connect-1440.png") });
    await page.keyboard.press("Escape");
    await at(page, "connect-dialog").waitFor({ state: "detached" });
    assert.equal(await page.evaluate(() => document.activeElement?.getAttribute("data-testid")), "connect");
    assert.deepEqual(page.complaints, []);
  });

  test("a port and a reader that nobody chooses, or that another program has", async () => {
    const page = await dialog({}, () => {
      const asked = /** @type {string[]} */ ([]);
      const give = (/** @type {string} */ way, /** @type {() => unknown} */ answer) => async () => {
        asked.push(way);
        return answer();
      };
      const cancelled = () => {
        throw new DOMException("No port selected by the user.", "NotFoundError");
      };
      const busy = () => ({
        open: async () => {
          throw new DOMException("Failed to open serial port.", "NetworkError");
        },
        getInfo: () => ({}),
        close: async () => undefined,
      });
      Object.defineProperty(navigator, "serial", { value: { requestPort: give("serial", busy) } });
      Object.defineProperty(navigator, "usb", { value: { requestDevice: give("usb", cancelled) } });
      Object.assign(globalThis, { asked });
    });
    const asked = () => page.evaluate(() => /** @type {any} */ (globalThis).asked);
    assert.deepEqual(await asked(), []);
    await at(page, "open-serial").click();
    await page.waitForSelector('[data-testid="reason-serial"][data-reason="busy"]');
    await at(page, "open-usb").click();
    await at(page, "line-usb").getByText("Nothing was chosen").waitFor();
    assert.deepEqual(await asked(), ["serial", "usb"]);
    assert.deepEqual(page.complaints, []);
  });

  test("390 px, in Japanese", async () => {
    const page = await dialog({ viewport: { width: 390, height: 844 }, locale: "ja-JP" });
    await fits(page);
    assert.match(await at(page, "connect-dialog").innerText(), /ブリッジにはコンピューターが必要です。/);
    await page.screenshot({ path: join(SHOTS, "connect-390-ja.png") });
    assert.deepEqual(page.complaints, []);
  });

  test(
    "the bridge: a wrong code, the right one, its card, a refusal, its messages in the lab",
    { timeout: 240_000 },
    async () => {
      const { url, code } = await bridge();
      const page = await dialog();
      // The tab's card is taken up beside the view.
      await page.getByText("kept in this browser").waitFor({ state: "attached" });
      const tab = await at(page, "card-chip").innerText();
      await page.getByText("Another address").click();
      await at(page, "bridge-url").fill(url);
      await at(page, "pairing").fill("AAAA-AAAA");
      await page.keyboard.press("Enter");
      await page.waitForSelector('[data-testid="reason-bridge"][data-reason="code"]');
      await at(page, "pairing").fill(code);
      await page.keyboard.press("Enter");
      await at(page, "real-none").waitFor();
      assert.match(await at(page, "real-eid").innerText(), /^\d{32}$/);
      // What it takes from a server that nobody has is told in an owner's words.
      await at(page, "real-code").fill("LPA:1$nobody.invalid$AAAA");
      await at(page, "real-download").click();
      await at(page, "card-failure").waitFor();
      await page.screenshot({ path: join(SHOTS, "connect-card.png") });
      // Its exchange is in the lab.
      await at(page, "real-lab").click();
      await page.waitForSelector('[data-place="card"]');
      await page.getByText("GetEUICCInfo", { exact: false }).first().waitFor();
      await at(page, "real-chip").click();
      await at(page, "real-close").click();
      await page.keyboard.press("Escape");
      assert.equal(await at(page, "card-chip").innerText(), tab);
      assert.deepEqual(page.complaints, []);
    },
  );
});
