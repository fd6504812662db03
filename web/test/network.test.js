/** The network in the page: from the provisioning profile into service, what is barred, rules, scenarios. */
import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import { SHOTS, at, fits, open, text } from "./page.js";

/** @type {Awaited<ReturnType<typeof open>>} */
let site;

before(async () => {
  site = await open();
});
afterEach(() => site.tidy());
after(() => site?.close());

/** @param {import("playwright-core").BrowserContext} context */
async function visit(context) {
  const page = await site.visit(context, "", undefined, "network");
  await page.waitForSelector('.around[data-open="true"]');
  await idle(page);
  return page;
}

/** @param {import("playwright-core").Page} page */
const idle = (page) => page.waitForSelector('.around[data-busy="false"]');

/** @param {import("playwright-core").Page} page @param {string} gate @param {string} standing */
const gate = (page, gate, standing) =>
  page.waitForSelector(`[data-gate="${gate}"][data-standing="${standing}"]`, { state: "attached" });

/** @param {import("playwright-core").Page} page */
async function radioOn(page) {
  await at(page, "radio").click();
  await page.waitForSelector('[data-testid="picture"][data-state="in-service"]');
  await idle(page);
}

describe("the network", () => {
  test("a device out of the factory is off, then in service with one open path", async () => {
    const page = await visit(await site.fresh());
    assert.equal(await at(page, "picture").getAttribute("data-state"), "off");
    await radioOn(page);
    await page.waitForSelector('[data-testid="picture"][data-class="provisioning"][data-state="in-service"]');
    for (const barred of ["internet", "voice", "sms"]) await gate(page, barred, "refused");
    await gate(page, "sm", "granted");
    assert.match(String(await at(page, "end-voice").textContent()), /MME: EMM cause #18/);
    assert.match(String(await at(page, "party-internet").textContent()), /Policy: default deny/);
    await page.screenshot({ path: `${SHOTS}network-barred.png` });
    // What was done stays over a reload, and opens in the lab.
    await page.reload();
    await page.waitForSelector('[data-testid="picture"][data-state="in-service"]');
    await page.getByText("All of these messages in the lab").click();
    await page.waitForSelector('[data-testid="lab"][data-place="own"]');
    assert.deepEqual(page.complaints, []);
  });

  test("three attempts are refused, by whom and with which cause, in both languages", async () => {
    const page = await visit(await site.fresh());
    await radioOn(page);
    await at(page, "host").fill("www.example.org:8080");
    await at(page, "open-page").click();
    await at(page, "attempt").nth(0).waitFor();
    await idle(page);
    await at(page, "call").click();
    await at(page, "attempt").nth(1).waitFor();
    await idle(page);
    await at(page, "send-text").click();
    await at(page, "attempt").nth(2).waitFor();
    await idle(page);
    const told = (await at(page, "attempts").innerText()).replace(/\s+/g, " ");
    assert.match(told, /www\.example\.org:8080 ?PP refused by Policy/);
    assert.match(told, /ICMP Destination Unreachable code #13 .*no rule allows it/);
    assert.match(told, /refused by MME.*EMM cause #18 CS domain not available \(TS 24\.301 9\.9\.3\.9\)/);
    assert.match(told, /RP-Cause #8 Operator determined barring \(TS 24\.011 8\.2\.5\.4\)/);
    await at(page, "ja").click();
    const japanese = (await at(page, "attempts").innerText()).replace(/\s+/g, " ");
    assert.match(japanese, /通信制御が拒否/);
    assert.match(japanese, /EMM cause #18 CS domain not available、回線交換ドメインは利用できません/);
    assert.match(japanese, /RP-Cause #8 Operator determined barring、事業者による規制/);
    await page.screenshot({ path: `${SHOTS}network-ja.png` });
    // Any APN becomes the SM's.
    await at(page, "apn").fill("no.such.apn");
    await at(page, "ask-apn").click();
    await page.locator('[data-testid="apn-shown"]', { hasText: "no.such.apn →" }).waitFor();
    assert.match(await at(page, "picture").innerHTML(), /sm\.provisioning/);
    assert.deepEqual(page.complaints, []);
  });

  test("rules: a mistake has its line, a change takes effect and stays", async () => {
    const page = await visit(await site.fresh());
    await radioOn(page);
    await at(page, "tab-rules").click();
    const editor = at(page, "rules");
    const standard = await editor.inputValue();
    assert.match(standard, /\[\[provisioning\]\]/);
    await editor.fill(standard.replace('pool = "10.64.0.0/10"', 'pool = "10.64.0.1/10"'));
    await page.waitForSelector('[data-testid="rules-said"].bad');
    const line = standard.split("\n").findIndex((one) => one.startsWith("pool")) + 1;
    assert.match(await text(page, "rules-said"), new RegExp(`^line ${line}: network\\.pool: is no IPv4 prefix`));
    // Applying it leads to the line, and changes nothing.
    await at(page, "rules-apply").click();
    await idle(page);
    const marked = await editor.evaluate((box) =>
      box instanceof HTMLTextAreaElement ? box.value.slice(box.selectionStart, box.selectionEnd) : "",
    );
    assert.match(marked, /^pool = "10\.64\.0\.1\/10"/);
    await page.screenshot({ path: `${SHOTS}network-rules.png` });
    await at(page, "ja").click();
    assert.match(await text(page, "rules-said"), new RegExp(`^${line}行目: `));
    await at(page, "en").click();
    // Another forced APN, and the web for everybody.
    await editor.fill(
      `${standard.replace('use = "sm.provisioning"', 'use = "sm.elsewhere"')}\n[[traffic]]\nhost = "*"\naction = "allow"\n`,
    );
    await at(page, "rules-apply").click();
    await page.waitForSelector('[data-testid="rules-said"].good');
    assert.match(await text(page, "rules-said"), /registered anew/);
    await gate(page, "internet", "granted");
    await gate(page, "voice", "refused");
    assert.match(await at(page, "picture").innerHTML(), /sm\.elsewhere/);
    await at(page, "tab-try").click();
    await at(page, "open-page").click();
    await page.waitForSelector('[data-testid="attempt"][data-outcome="granted"]');
    await idle(page);
    await page.reload();
    await page.waitForSelector('.around[data-open="true"]');
    await at(page, "tab-rules").click();
    await page.waitForFunction(() => document.querySelector("textarea")?.value !== "");
    assert.match(await editor.inputValue(), /sm\.elsewhere/);
    await at(page, "rules-reset").click();
    await page.waitForSelector('[data-testid="rules-said"].good');
    await idle(page);
    assert.equal(await editor.inputValue(), standard);
    await gate(page, "internet", "refused");
    assert.deepEqual(page.complaints, []);
  });

  test("every scenario is listed, and two are run", { timeout: 240_000 }, async () => {
    const page = await visit(await site.fresh());
    await at(page, "tab-scenarios").click();
    const list = at(page, "scenarios").locator("li");
    await list.nth(12).waitFor();
    assert.equal(await list.count(), 13);
    for (const [name, said] of [
      ["pp-tries-web-call-sms", /code #13/],
      ["wrong-ki", /MAC failure/],
    ]) {
      await at(page, `scenario-${name}`).click();
      await page.waitForSelector('[data-testid="scenario-steps"][data-done="true"]', { timeout: 120_000 });
      assert.equal(await at(page, "scenario-steps").getAttribute("data-ok"), "true");
      assert.match(await text(page, "scenario-steps"), /** @type {RegExp} */ (said));
      const steps = at(page, "scenario-step");
      assert.equal(await steps.count(), await page.locator('[data-testid="scenario-step"][data-ok="true"]').count());
      if (name === "wrong-ki") {
        // A step shows the device as it was then, and its messages open.
        await steps.nth(0).click();
        assert.equal(await at(page, "picture").getAttribute("data-state"), "off");
        await page.screenshot({ path: `${SHOTS}network-scenario.png` });
      }
      await at(page, "scenario-back").click();
    }
    assert.equal(await at(page, "picture").getAttribute("data-state"), "off", "the reader's own device is as it was");
    await at(page, "ja").click();
    assert.match(await text(page, "scenarios"), /網の鍵がカードと違う/);
    assert.deepEqual(page.complaints, []);
  });

  test("a scenario of one's own runs, and a step that comes out otherwise fails in sight", async () => {
    const page = await visit(await site.fresh());
    await at(page, "tab-scenarios").click();
    const steps = `
title = "Mine"
title_ja = "自作"
summary = "Leaves the factory and calls."
[[step]]
do = "leave-factory"
expect = "installed"
[[step]]
do = "radio-on"
expect = "in service"
[[step]]
do = "call"
`;
    const open = (/** @type {string} */ toml) =>
      at(page, "scenario-file").setInputFiles({
        name: "mine.toml",
        mimeType: "application/toml",
        buffer: Buffer.from(toml),
      });
    await open(`${steps}expect = "granted"\n`);
    await page.waitForSelector('[data-testid="scenario-steps"][data-done="true"]');
    assert.equal(await at(page, "scenario-steps").getAttribute("data-ok"), "false");
    const marks = await at(page, "scenario-step").evaluateAll((all) =>
      all.map((one) => `${one.getAttribute("data-ok")} ${one.querySelector(".mark")?.textContent}`),
    );
    assert.deepEqual(marks, ["true ✓", "true ✓", "false ✗"]);
    assert.match(await at(page, "scenario-step").nth(2).innerText(), /refused by MME[\s\S]*expected: granted/);
    assert.match(await text(page, "scenario-said"), /Not every step/);
    await page.screenshot({ path: `${SHOTS}scenario-failed.png` });
    await at(page, "ja").click();
    assert.match(await text(page, "scenario-said"), /期待と違う/);
    await page.screenshot({ path: `${SHOTS}scenario-failed-ja.png` });
    await at(page, "en").click();
    await at(page, "scenario-back").click();

    // The same with the right expectation; and what is no scenario says where.
    await open(`${steps}expect = "refused by MME"\n`);
    await page.waitForSelector('[data-testid="scenario-steps"][data-done="true"][data-ok="true"]');
    await at(page, "scenario-back").click();
    await open(`${steps}expect = "flown"\n`);
    assert.match(await page.locator('.scenarios [role="alert"]').innerText(), /flown/);
    assert.deepEqual(page.complaints, []);
  });

  test("the keyboard reaches the picture and its tabs", async () => {
    const page = await visit(await site.fresh({ reducedMotion: "reduce" }));
    await radioOn(page);
    const mme = at(page, "party-mme");
    await mme.focus();
    await page.keyboard.press("Enter");
    assert.equal(await mme.getAttribute("aria-pressed"), "true");
    await page.keyboard.press("Space");
    assert.equal(await mme.getAttribute("aria-pressed"), "false");
    // A barred path can be tried where it is drawn.
    await at(page, "end-voice").focus();
    await page.keyboard.press("Enter");
    await page.waitForSelector('[data-testid="attempt"][data-by="mme"]');
    await idle(page);
    await at(page, "flow").first().waitFor({ state: "attached" });
    await at(page, "tab-try").focus();
    await page.keyboard.press("ArrowRight");
    assert.equal(await at(page, "tab-rules").getAttribute("aria-selected"), "true");
    await at(page, "rules").waitFor();
    for (const svg of await page.locator('[data-testid="picture"] [role="button"]').all()) {
      assert.ok(String(await svg.locator("title").textContent()).length > 5);
    }
    assert.deepEqual(page.complaints, []);
  });

  test("fits a narrow screen, dark and Japanese", async () => {
    const page = await visit(
      await site.fresh({ viewport: { width: 390, height: 844 }, colorScheme: "dark", locale: "ja-JP" }),
    );
    await radioOn(page);
    await fits(page);
    await page.screenshot({ path: `${SHOTS}network-narrow-dark-ja.png`, fullPage: true });
    for (const tab of ["rules", "scenarios"]) {
      await at(page, `tab-${tab}`).click();
      await fits(page);
    }
    assert.deepEqual(page.complaints, []);
  });
});
