/** The scenes and the exercises, in Chromium: every one of them, in both languages. */
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { at, fits, open, text } from "./page.js";

/** @typedef {import("playwright-core").Page & { complaints: string[] }} Page */

const LANGUAGES = [
  { lang: "en", locale: "en-GB" },
  { lang: "ja", locale: "ja-JP" },
];
const SCENES = [
  "uim",
  "esim",
  "parties",
  "profiles",
  "barred",
  "key",
  "certificates",
  "mutual",
  "binding",
  "loading",
  "enable",
  "service",
  "away",
  "others",
];

/** @type {Awaited<ReturnType<typeof open>>} */
let site;
before(async () => {
  site = await open();
});
afterEach(() => site.tidy());
after(() => site.close());

/** The scenes, once the story is told. @param {import("playwright-core").BrowserContextOptions} options */
async function learn(options = {}, hash = "") {
  const page = await site.visit(await site.fresh(options), hash);
  await page.waitForSelector('.learn[data-starting="false"]');
  return page;
}
/** @param {Page} page @param {string} id */
const isAt = (page, id) => page.waitForSelector(`.learn[data-scene="${id}"]`);
/** @param {Page} page */
const broken = (page) => page.waitForSelector('.learn[data-broken="true"]');
/** @param {Page} page */
const whole = (page) => page.waitForSelector('.learn[data-broken="false"]');
/** @param {Page} page @param {string} scene @param {string} [chip] */
async function breakAt(page, scene, chip) {
  await isAt(page, scene);
  if (chip) await at(page, `chip-${chip}`).check({ force: true });
  await at(page, "break").click();
  await broken(page);
}

for (const { lang, locale } of LANGUAGES) {
  test(`${lang}: every scene has a question, a text of its length, terms, a message with three fields`, async () => {
    const page = await learn({ locale });
    for (const [n, scene] of SCENES.entries()) {
      await isAt(page, scene);
      assert.match(page.url(), n === 0 ? /./ : new RegExp(`#scene=${scene}$`));
      assert.match(await text(page, "question"), lang === "ja" ? /[？。]$/ : /\?$/);
      const said = await page.locator(".words .text").innerText();
      if (lang === "en") assert.ok(said.split(/\s+/).length <= 60, `${scene}: ${said.split(/\s+/).length} words`);
      else assert.ok(said.length <= 180 && /[ぁ-ん]/.test(said), `${scene}: ${said.length} characters`);
      for (const term of await at(page, "term").all()) {
        await term.click();
        assert.equal(await term.getAttribute("aria-expanded"), "true");
        assert.equal(await at(page, "term-card").count(), 1, "one card at a time");
        const card = await text(page, "term-card");
        assert.match(card, /\d/, `${scene}: no clause: ${card}`);
        if (lang === "en") {
          const clause = await at(page, "term-card").locator("p .faint").innerText();
          const said = (await at(page, "term-card").locator("p").innerText()).replace(clause, "").trim();
          assert.ok(said.split(/\s+/).length <= 25, `${scene}: ${said.split(/\s+/).length} words: ${said}`);
        }
        await term.click();
      }
      await page.waitForFunction(() => document.querySelectorAll(".strip .fields li").length === 3);
      for (const octets of await page.locator(".strip .fields .value").allInnerTexts())
        assert.notEqual(octets.trim(), "", scene);
      // Each step says another thing of the figure.
      const figures = new Set([await page.locator("figure").first().getAttribute("aria-label")]);
      const steps = Number(/\d+\D+(\d+)/.exec(await page.locator(".transport > span").first().innerText())?.[1]);
      for (let step = 1; step < steps; step++) {
        await at(page, "step").click();
        figures.add(await page.locator("figure").first().getAttribute("aria-label"));
      }
      assert.equal(figures.size, steps, scene);
      await fits(page);
      if (n < SCENES.length - 1) await at(page, "next").click();
    }
    assert.deepEqual(page.complaints, []);
  });

  test(`${lang}: in every scene everything that can be broken is broken and mended`, async () => {
    const page = await learn({ locale });
    for (const [n, scene] of SCENES.entries()) {
      await isAt(page, scene);
      const chips = await page
        .locator('input[name="break"]')
        .evaluateAll((all) => all.map((one) => /** @type {HTMLInputElement} */ (one).value));
      assert.ok(chips.length > 0, scene);
      for (const chip of chips) {
        await breakAt(page, scene, chip);
        assert.equal(await page.locator('[role="alert"]').count(), 0, `${scene}, ${chip}`);
        const verdict = at(page, "verdict");
        assert.notEqual((await verdict.innerText()).trim(), "");
        // Whoever verifies says its clause.
        if (/^(Check \d|\d+件中)/m.test(await verdict.innerText()))
          assert.match(
            await verdict.innerText(),
            /(SGP\.22|SGP\.02|TS \d+\.\d+|ETSI|ISO|RFC|TCA)/,
            `${scene}, ${chip}`,
          );
        if (lang === "ja") assert.match(await text(page, "question"), /[ぁ-ん]/);
        await at(page, "mend").click();
        await whole(page);
      }
      if (n < SCENES.length - 1) await at(page, "next").click();
    }
    assert.deepEqual(page.complaints, []);
  });
}

test("a bit of serverSignature1: the card refuses, by number and clause; the lab shows the same branch", async () => {
  const page = await learn({}, "#scene=mutual");
  await breakAt(page, "mutual", "bit");
  assert.equal(await text(page, "question"), "The card refuses.");
  assert.match(await text(page, "verdict"), /invalidSignature[\s\S]*Check \d+ of \d+\.[\s\S]*SGP\.22 5\.7\.13/);
  await at(page, "to-lab").click();
  await page.waitForSelector('[data-testid="timeline"][data-branch="B"]');
  assert.deepEqual(page.complaints, []);
});

test("keyboard alone: on, play, break, mend, undo, back", async () => {
  const page = await learn();
  await page.keyboard.press("ArrowRight");
  await isAt(page, "esim");
  const first = await page.locator("figure").first().getAttribute("aria-label");
  await page.keyboard.press("Space");
  assert.notEqual(await page.locator("figure").first().getAttribute("aria-label"), first);
  await page.keyboard.press("x");
  await broken(page);
  await page.keyboard.press("z");
  await whole(page);
  await page.keyboard.press("x");
  await broken(page);
  await page.keyboard.press("Control+z");
  await whole(page);
  await page.keyboard.press("ArrowLeft");
  await isAt(page, "uim");
  assert.deepEqual(page.complaints, []);
});

test("whoever leaves comes back to the same scene; Back of the browser goes back a scene", async () => {
  const context = await site.fresh();
  const page = await site.visit(context);
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowRight");
  await isAt(page, "parties");
  await page.goBack();
  await isAt(page, "esim");
  const again = await site.visit(context);
  await isAt(again, "esim");
});

test("narrow, upright: every scene fits, and Break it is in sight", async () => {
  for (const width of [390, 320]) {
    const page = await learn({ viewport: { width, height: 700 }, hasTouch: true });
    for (const scene of SCENES) {
      await isAt(page, scene);
      await fits(page);
      const box = await at(page, "break").boundingBox();
      assert.ok(box && box.y >= 0 && box.y + box.height <= 700, `${scene} at ${width}: Break it is out of sight`);
      assert.ok(box.height >= 44, `${scene}: ${box.height} px high`);
      await page.keyboard.press("ArrowRight");
    }
    assert.deepEqual(page.complaints, []);
  }
});

test("on paper stand all scenes, and nothing to press", async () => {
  const page = await learn();
  await page.emulateMedia({ media: "print" });
  assert.equal(await page.locator(".printed article:visible").count(), SCENES.length);
  assert.equal(await at(page, "break").isVisible(), false);
});

/** How each exercise is done. @type {Record<string, (page: Page) => Promise<unknown>>} */
const SOLVED = {
  signature: (page) => breakAt(page, "mutual", "bit"),
  "card-signature": (page) => breakAt(page, "mutual", "card"),
  "other-card": (page) => breakAt(page, "binding", "eid"),
  expired: (page) => breakAt(page, "certificates", "expired"),
  role: (page) => breakAt(page, "certificates", "role"),
  power: (page) => breakAt(page, "loading", "power"),
  mac: (page) => breakAt(page, "key", "segment"),
  "network-key": (page) => breakAt(page, "uim", "key"),
  "find-challenge": async (page) => {
    await look(page, "AuthenticateServer");
    await at(page, "tree").locator('[role="treeitem"][data-name^="euiccChallenge,"]').first().click();
  },
  "find-refusal": (page) => look(page, "SERVICE REJECT"),
};
/** Selects a message in the lab, found by the filter. @param {Page} page @param {string} name */
async function look(page, name) {
  await at(page, "sequence").waitFor();
  await at(page, "filter").fill(name);
  await page.waitForSelector(`[data-testid="count"][data-of="${name}"]`);
  await page.keyboard.press("Escape");
  await at(page, "sequence").locator(`[role="treeitem"][data-function="${name}"]`).first().click();
}

for (const { lang, locale } of LANGUAGES) {
  test(`${lang}: every exercise begins undone, judges itself, and stays done`, async () => {
    const context = await site.fresh({ locale });
    for (const [name, solve] of Object.entries(SOLVED)) {
      const page = await site.visit(context, "teach");
      assert.equal(await at(page, "exercise").count(), Object.keys(SOLVED).length);
      await at(page, `start-${name}`).click();
      await page.waitForSelector('[data-testid="task"][data-done="false"]');
      await page.waitForSelector('.learn[data-starting="false"], [data-testid="lab"]');
      await solve(page);
      await page.waitForSelector('[data-testid="task"][data-done="true"]').catch((cause) => {
        throw new Error(`${name} is not judged done`, { cause });
      });
      assert.deepEqual(page.complaints, [], name);
      await page.close();
    }
    const page = await site.visit(context, "teach");
    assert.equal(await page.locator('[data-testid="exercise"] .badge.pass').count(), Object.keys(SOLVED).length);
  });
}
