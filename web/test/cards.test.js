/**
 * A real card in a page: over the bridge of the command, from a window to a worker and back, and who is not let in. The
 * package is taken as it is built, before a page is made of it.
 */
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { browser } from "./serve.js";

const ESIM_LAB = process.env.ESIM_LAB ?? fileURLToPath(new URL("../../target/debug/esim-lab", import.meta.url));
const PACKAGE = fileURLToPath(new URL("../src/pkg/", import.meta.url));
const TYPES = { js: "text/javascript", wasm: "application/wasm" };

/** The engine: an LPA and an SM, and a card that the window lends. */
const WORKER = `
import init, { CardLpa, World } from "/esim_lab.js";
import { borrowCard } from "/card_port.js";
onmessage = async ({ data: port }) => {
  await init();
  const world = new World({ seed: 7 });
  await world.perform({ order: { id: "op", serviceProviderName: "My MNO" } });
  const [{ activationCode, iccid }] = await world.orders();
  const card = borrowCard(port);
  const lpa = new CardLpa(card, { sm: world });
  try {
    const before = await lpa.list();
    const { good, outcome } = await lpa.download({ activationCode, consent: true });
    if (good) await lpa.enable(iccid);
    const listed = await lpa.list();
    const apdus = lpa.trace().filter((it) => it.interface === "APDU").length;
    await card.close();
    const closed = await lpa.list().catch(({ name, reason }) => ({ name, reason }));
    postMessage({ before: before.length, good, text: outcome.en, listed, apdus, iccid, closed });
  } catch (error) {
    postMessage({ text: String(error), reason: error.reason });
  }
};`;

/** @type {import("playwright-core").Browser} */
let chromium;
/** @type {import("node:http").Server} */
let server;
let port = 0;
let folder = "";
/** @type {import("node:child_process").ChildProcess[]} */
const children = [];

before(async () => {
  chromium = await browser();
  folder = await mkdtemp(join(tmpdir(), "esim-lab-cards-"));
  server = createServer(async (request, response) => {
    const name = String(request.url).slice(1);
    const type = TYPES[/** @type {keyof TYPES} */ (name.split(".").pop())] ?? "text/html";
    const body = {
      "": "<!doctype html><title>cards</title>",
      "worker.js": WORKER,
    }[name];
    const found = body ?? (await readFile(join(PACKAGE, name)).catch(() => undefined));
    response.writeHead(found === undefined ? 404 : 200, { "content-type": type }).end(found);
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", () => ready(undefined)));
  port = /** @type {import("node:net").AddressInfo} */ (server.address()).port;
});
after(async () => {
  await chromium?.close();
  server?.close();
  for (const child of children) child.kill();
  await rm(folder, { recursive: true, force: true });
});

/** A card in a file. */
function softwareCard() {
  const card = join(folder, `card-${children.length}`);
  execFileSync(ESIM_LAB, ["euicc", "init", "--state", card]);
  return card;
}

/** A bridge to a card, a new one in a file if none is named: where it is, and the code that it shows. */
async function bridge(card = softwareCard(), place = `file:${card}`) {
  const child = spawn(ESIM_LAB, ["bridge", "--listen", "127.0.0.1:0", "--card", place]);
  children.push(child);
  let said = "";
  const codes = () => [...said.matchAll(/[A-Z0-9]{4}-[A-Z0-9]{4}/g)].map(([code]) => code);
  await new Promise((ready) => {
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk) => (said += chunk) && codes().length > 0 && ready(undefined));
    child.on("close", ready);
  });
  const url = /ws:\/\/[^/]+\//.exec(said)?.[0];
  assert.ok(url, said);
  return { url, code: String(codes().pop()), codes, card };
}

const VPCD = "/usr/lib/pcsc/drivers/serial/libifdvpcd.so";

/** A port that is free now. @returns {Promise<number>} */
const freePort = () =>
  new Promise((found) => {
    const taken = createServer().listen(0, "127.0.0.1", () => {
      const { port } = /** @type {import("node:net").AddressInfo} */ (taken.address());
      taken.close(() => found(port));
    });
  });

/** A card in a reader of PC/SC's daemon, of which a machine has one: the command's tests start it too, and hold this file. */
async function insertedCard() {
  const card = softwareCard();
  const vpcd = await freePort();
  const device = `0x${vpcd.toString(16).toUpperCase().padStart(4, "0")}`;
  const configuration = join(folder, "reader.conf");
  const reader = `FRIENDLYNAME "Virtual PCD"\nDEVICENAME /dev/null:${device}\nLIBPATH ${VPCD}\nCHANNELID ${device}\n`;
  await writeFile(configuration, reader);
  const lock = join(tmpdir(), "esim-lab-pcscd.lock");
  const daemon = `echo begun; exec pcscd --foreground --config '${configuration}' >/dev/null 2>&1`;
  const held = spawn("flock", ["--no-fork", lock, "sh", "-c", daemon], { stdio: ["ignore", "pipe", "ignore"] });
  children.push(held);
  // Before that another test's daemon may answer, with a card that is not ours.
  await new Promise((begun) => held.stdout.once("data", begun));
  const at = ["euicc", "serve", "--vpcd", `127.0.0.1:${vpcd}`, "--state", card];
  const insert = () => spawn(ESIM_LAB, at, { stdio: "ignore" });
  let plugged = insert();
  for (let tries = 0; tries < 150; tries++) {
    // Until the daemon listens.
    if (plugged.exitCode !== null) plugged = insert();
    await new Promise((then) => setTimeout(then, 200));
    const place = readerWithCard();
    if (place && plugged.exitCode === null) {
      children.push(plugged);
      return { card, place, plugged };
    }
  }
  plugged.kill();
  return assert.fail("the card is in no reader");
}

/** The reader that has a card, if the daemon tells of one. @returns {string | undefined} */
function readerWithCard() {
  try {
    const told = execFileSync(ESIM_LAB, ["cards", "--json"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    const { cards } = JSON.parse(told);
    return cards.find((/** @type {any} */ it) => it.present && it.card.startsWith("reader:"))?.card;
  } catch {
    return undefined;
  }
}

/** An SM of this machine: where it is, and its data. @param {string[]} more */
async function serve(...more) {
  const data = join(folder, `sm-${children.length}`);
  const child = spawn(ESIM_LAB, ["sm", "serve", "--listen", "127.0.0.1:0", "--data", data, ...more]);
  children.push(child);
  let said = "";
  await new Promise((ready) => {
    child.stdout.on("data", (chunk) => (said += chunk) && /serving/.test(said) && ready(undefined));
    child.on("close", ready);
  });
  const address = /localhost:\d+/.exec(said)?.[0];
  assert.ok(address, said);
  return { address, data };
}

/** An order at an SM. @param {{ address: string; data: string }} sm @param {string[]} more @returns {{ activationCode: string; iccid: string }} */
const order = ({ address, data }, ...more) =>
  JSON.parse(
    execFileSync(ESIM_LAB, ["sm", "order", "--json", "--sm", address, "--data", data, ...more], { encoding: "utf8" }),
  );

/** An SM for pages of this test, and an order there. */
async function ordered() {
  const served = await serve("--plain-http", "--page-origin", `http://127.0.0.1:${port}`);
  return { sm: `http://${served.address}`, ...order(served, "--plain-http") };
}

/** A page with the ways to a card; `https://page.example` is somebody else's. @param {string} origin @param {string[]} [granted] */
async function visit(origin = `http://127.0.0.1:${port}`, granted = []) {
  const context = await chromium.newContext();
  if (granted.length > 0) await context.grantPermissions(granted, { origin });
  context.setDefaultTimeout(120_000);
  if (origin.startsWith("https:"))
    await context.route(`${origin}/**`, async (route) => {
      const name = new URL(route.request().url()).pathname;
      const answer = await fetch(`http://127.0.0.1:${port}${name}`);
      await route.fulfill({
        body: Buffer.from(await answer.arrayBuffer()),
        contentType: String(answer.headers.get("content-type")),
      });
    });
  const page = await context.newPage();
  await page.goto(`${origin}/`);
  await load(page);
  return page;
}

/** @param {import("playwright-core").Page} page */
async function load(page) {
  await page.evaluate(async () => {
    const cards = await import(/** @type {string} */ ("/esim_cards.js"));
    await cards.default();
    Object.assign(globalThis, { cards });
  });
}

/** Why the bridge is of no use, or the card that it opens. @param {import("playwright-core").Page} page @param {object} options */
const opened = (page, options) =>
  page.evaluate(async (options) => {
    const { cards } = /** @type {any} */ (globalThis);
    try {
      const card = await cards.open("bridge", options);
      const { name } = card.about;
      await card.close();
      return name;
    } catch (error) {
      const { name, reason, en, ja } = /** @type {any} */ (error);
      return name === "CardError" && en && ja ? reason : String(error);
    }
  }, options);

describe("real cards in a page", () => {
  test("a download through window, worker, bridge and card", { timeout: 240_000 }, async () => {
    const { url, code, card } = await bridge();
    const page = await visit();
    const done = await page.evaluate(
      async ({ url, code }) => {
        const { cards } = /** @type {any} */ (globalThis);
        const { lendCard } = await import(/** @type {string} */ ("/card_port.js"));
        let offered = [{ card: "", state: "" }];
        const choose = (/** @type {typeof offered} */ places) => ((offered = places), places[0]?.card);
        const card = await cards.open("bridge", { url, code, choose });
        const worker = new Worker("/worker.js", { type: "module" });
        const { port1, port2 } = new MessageChannel();
        lendCard(card, port1);
        const told = new Promise((tell) => (worker.onmessage = ({ data }) => tell(data)));
        worker.postMessage(port2, [port2]);
        const done = await told;
        const afterwards = await card
          .transmit(new Uint8Array([0, 0xf2, 0, 0]))
          .catch((/** @type {any} */ it) => it.reason);
        return { done, offered, about: card.about, afterwards };
      },
      { url, code },
    );
    assert.deepEqual(done.offered, [{ card: `file:${card}`, state: done.offered[0]?.state, present: true }]);
    assert.equal(done.about.way, "bridge");
    assert.match(done.about.atr, /^3b/);
    const { good, text, before, listed, apdus, iccid, closed } = done.done;
    assert.ok(good, text);
    assert.equal(before, 0);
    assert.deepEqual([listed.length, listed[0].facts.iccid, listed[0].enabled], [1, iccid, true]);
    assert.ok(apdus > 100, `${apdus} APDUs in the trace`);
    assert.deepEqual(closed, { name: "CardError", reason: "closed" });
    assert.equal(done.afterwards, "closed");
    // It is on the card, for whoever asks next.
    const other = execFileSync(ESIM_LAB, ["lpa", "--state", card, "--json", "list"], { encoding: "utf8" });
    assert.match(other, new RegExp(iccid));
  });

  const isRequired = existsSync(VPCD) || process.env.ESIM_LAB_REQUIRE_PEERS;
  const noReader = isRequired ? false : "no virtual reader: install vsmartcard-vpcd and pcscd";
  test("a download for a card in a reader of PC/SC", { timeout: 600_000, skip: noReader }, async () => {
    const { card, place, plugged } = await insertedCard();
    const { url, code } = await bridge(card, place);
    const { sm, activationCode, iccid } = await ordered();
    const page = await visit();
    const { good, text, listed } = await page.evaluate(
      async ({ url, code, sm, activationCode, iccid }) => {
        const { cards } = /** @type {any} */ (globalThis);
        const lab = await import(/** @type {string} */ ("/esim_lab.js"));
        await lab.default();
        const card = await cards.open("bridge", { url, code });
        const lpa = new lab.CardLpa(card, { sm });
        const { good, outcome } = await lpa.download({ activationCode, consent: true });
        if (good) await lpa.enable(iccid);
        const listed = await lpa.list();
        await card.close();
        return { good, text: outcome.en, listed };
      },
      { url, code, sm, activationCode, iccid },
    );
    assert.ok(good, text);
    assert.deepEqual([listed.length, listed[0].facts.iccid, listed[0].enabled], [1, iccid, true]);
    plugged.kill();
    await new Promise((ended) => plugged.on("close", ended));
    const other = execFileSync(ESIM_LAB, ["lpa", "--state", card, "--json", "list"], { encoding: "utf8" });
    assert.match(other, new RegExp(iccid));
  });

  test(
    "a server that knows no pages, by a relay; and one that the relay does not know",
    { timeout: 240_000 },
    async () => {
      const { url, code } = await bridge();
      const server = await serve();
      const [known, unknown] = [order(server), order(await serve())];
      const ci = join(server.data, "pki", "CERT_CI_ECDSA_NIST.der");
      const origin = ["--page-origin", `http://127.0.0.1:${port}`];
      const { address } = await serve("--plain-http", ...origin, "--relay-to", server.address, "--relay-ci", ci);
      const page = await visit();
      const done = await page.evaluate(
        async ({ url, code, relay, codes }) => {
          const { cards } = /** @type {any} */ (globalThis);
          const lab = await import(/** @type {string} */ ("/esim_lab.js"));
          await lab.default();
          const card = await cards.open("bridge", { url, code });
          const lpa = new lab.CardLpa(card, { relay });
          const outcomes = [];
          for (const activationCode of codes)
            outcomes.push(await lpa.download({ activationCode, consent: true, tries: 0 }));
          const refused = await lpa.enable("8900101000000000000").catch((/** @type {any} */ it) => ({ ...it }));
          const listed = await lpa.list();
          await card.close();
          return { outcomes, refused, listed };
        },
        { url, code, relay: `http://${address}/esim-lab/relay`, codes: [known.activationCode, unknown.activationCode] },
      );
      const [fetched, held] = done.outcomes;
      assert.ok(fetched.good, fetched.outcome.en);
      assert.equal(fetched.told, undefined);
      assert.deepEqual(
        done.listed.map((/** @type {any} */ it) => it.facts.iccid),
        [known.iccid],
      );
      assert.ok(!held.good && held.told.code === "serverLost", held.outcome.en);
      assert.match(held.outcome.en, /relay/);
      assert.match(held.told.remedy.ja, /[ぁ-ん]/);
      // What the card refuses is told with its code.
      assert.deepEqual([done.refused.reason, done.refused.code], ["refused", "iccidOrAidNotFound (1)"]);
      assert.match(done.refused.ja, /有効にできませんでした/);
    },
  );

  test("a page that is reloaded amid a download goes on with it", { timeout: 240_000 }, async () => {
    const { url, code, card } = await bridge();
    const { sm, activationCode, iccid } = await ordered();
    const page = await visit();
    /** Downloads, or goes on where something is kept; reloads once, when a part is on the card. */
    const fetched = () =>
      page.evaluate(
        async ({ url, code, sm, activationCode }) => {
          const { cards } = /** @type {any} */ (globalThis);
          const lab = await import(/** @type {string} */ ("/esim_lab.js"));
          await lab.default();
          let card;
          // The bridge has to see first that the page before is gone.
          for (let tries = 0; !card; tries++)
            card = await cards.open("bridge", { url, code }).catch(async (/** @type {any} */ error) => {
              if (error.reason !== "occupied" || tries > 50) throw error;
              await new Promise((then) => setTimeout(then, 200));
            });
          const lpa = new lab.CardLpa(card, { sm });
          const kept = localStorage.getItem("unfinished");
          const download = {
            activationCode,
            consent: true,
            keep: (/** @type {string | undefined} */ it) =>
              it === undefined ? localStorage.removeItem("unfinished") : localStorage.setItem("unfinished", it),
            progress: (/** @type {{ percent: number }} */ { percent }) => {
              if (percent > 40 && kept === null) location.reload();
            },
          };
          const outcome = kept === null ? await lpa.download(download) : await lpa.resume(kept, download);
          const listed = await lpa.list();
          await card.close();
          const left = localStorage.getItem("unfinished");
          return {
            good: outcome.good,
            text: outcome.outcome.en,
            went: kept !== null,
            left,
            listed,
          };
        },
        { url, code, sm, activationCode },
      );
    const reloaded = page.waitForEvent("load");
    await Promise.race([
      reloaded,
      fetched().then(
        (it) => assert.fail(`it was not reloaded: ${it.text}`),
        () => reloaded,
      ),
    ]);
    await load(page);
    const { good, text, went, left, listed } = await fetched();
    assert.ok(good && went, text);
    assert.equal(left, null);
    assert.deepEqual(
      listed.map((/** @type {any} */ it) => it.facts.iccid),
      [iccid],
    );
    const other = execFileSync(ESIM_LAB, ["lpa", "--state", card, "--json", "list"], { encoding: "utf8" });
    assert.equal(JSON.parse(other).result.length, 1);
  });

  test("a wrong code, too many of them, another page", async () => {
    const { url, code, codes } = await bridge();
    const page = await visit();
    for (const reason of ["code", "code", "code", "code", "tries"])
      assert.equal(await opened(page, { url, code: "AAAA-AAAA" }), reason);
    assert.equal(await opened(page, { url, code }), "code");
    const fresh = String(codes().pop());
    assert.notEqual(fresh, code);
    assert.match(await opened(page, { url, code: fresh }), /^file:/);
    // One page at a time.
    const other = await visit();
    const held = await page.evaluate(
      async (options) => {
        const { cards } = /** @type {any} */ (globalThis);
        const held = await cards.open("bridge", options);
        Object.assign(globalThis, { held });
        return held.about.way;
      },
      { url, code: fresh },
    );
    assert.equal(held, "bridge");
    assert.equal(await opened(other, { url, code: fresh }), "occupied");
    await page.evaluate(() => /** @type {any} */ (globalThis).held.close());
    assert.match(await opened(other, { url, code: fresh }), /^file:/);
  });

  test("a bridge that is not there, a page that it does not know, a user who says no", async () => {
    const { url, code } = await bridge();
    const absent = "ws://127.0.0.1:9/";
    const own = await visit();
    assert.equal(await opened(own, { url: absent, code }), "absent");
    assert.equal(await opened(own, { url: "ws://192.0.2.1:7817/", code }), "failed");
    const foreign = await visit("https://page.example", ["local-network-access"]);
    assert.equal(await opened(foreign, { url, code }), "notAdmitted");
    assert.equal(await opened(foreign, { url: absent, code }), "absent");
    const denied = await visit("https://other.example");
    const permissions = await chromium.newBrowserCDPSession();
    const session = await denied.context().newCDPSession(denied);
    const { targetInfo } = await session.send("Target.getTargetInfo");
    for (const [setting, reason] of /** @type {const} */ ([
      ["denied", "denied"],
      ["prompt", "unanswered"],
    ])) {
      await permissions.send("Browser.setPermission", {
        permission: { name: "loopback-network" },
        setting,
        origin: "https://other.example",
        browserContextId: targetInfo.browserContextId,
      });
      assert.equal(await opened(denied, { url, code }), reason);
      const ways = await denied.evaluate(() => /** @type {any} */ (globalThis).cards.ways());
      const found = ways.find((/** @type {{ way: string }} */ it) => it.way === "bridge");
      const told = setting === "denied" ? ["no", "denied"] : ["yes", undefined];
      assert.deepEqual([found.works, found.reason, found.permission], [...told, setting]);
    }
  });

  test("what a browser has is told without a click, and nobody is asked", async () => {
    const page = await visit();
    const seen = /** @type {string[]} */ ([]);
    page.on("request", (request) => seen.push(request.url()));
    page.on("websocket", (socket) => seen.push(socket.url()));
    const ways = await page.evaluate(() => /** @type {any} */ (globalThis).cards.ways());
    const told = ways.map((/** @type {any} */ { way, works, reason }) => [way, works, reason]);
    assert.deepEqual(told, [
      ["serial", "yes", undefined],
      ["usb", "some", "protectedClass"],
      ["smartCard", "no", "unsupported"],
      ["bridge", "yes", undefined],
    ]);
    for (const { words } of ways) assert.ok(words.en && /[ぁ-ん]/.test(words.ja));
    assert.deepEqual(seen, []);
  });
});
