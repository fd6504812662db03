/** The module that reads QR codes, and the camera before it: Chromium takes a film of ours for what a camera sees. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import jsQR from "jsqr";
import encodeQR from "qr";
import { browser, closePages } from "./serve.js";

const PKG = fileURLToPath(new URL("../src/pkg/", import.meta.url));
const TEXT = "LPA:1$smdp.example.com$K2-1A2B3C-4D5E6F";
const [WIDTH, HEIGHT] = [640, 480];

/**
 * A frame: a code of `side` pixels, turned by `angle`, on grey; without `text` there is none.
 * @param {string} text @param {number} side @param {number} angle
 */
function frame(text, side, angle) {
  const luma = new Uint8Array(WIDTH * HEIGHT).fill(190);
  const code = text
    ? encodeQR(text, "raw", { border: 1 })
        .slice(1, -1)
        .map((row) => row.slice(1, -1))
    : [];
  for (let y = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++) {
      const [across, down] = [x - WIDTH / 2, y - HEIGHT / 2];
      const u = (across * Math.cos(angle) + down * Math.sin(angle)) / side + 0.5;
      const v = (down * Math.cos(angle) - across * Math.sin(angle)) / side + 0.5;
      if (code[Math.floor(v * code.length)]?.[Math.floor(u * code.length)]) luma[y * WIDTH + x] = 40;
    }
  }
  return luma;
}

/** Frames as a film without colours (YUV4MPEG2), ten a second. @param {Uint8Array[]} frames */
function film(frames) {
  const grey = Buffer.alloc((WIDTH * HEIGHT) / 2, 128);
  const head = Buffer.from(`YUV4MPEG2 W${WIDTH} H${HEIGHT} F10:1 Ip A1:1 C420\n`);
  return Buffer.concat([head, ...frames.flatMap((luma) => [Buffer.from("FRAME\n"), Buffer.from(luma), grey])]);
}

/** The package as it is shipped, and an empty page. */
async function servePackage() {
  const server = createServer(async (request, response) => {
    const name = new URL(request.url ?? "/", "http://page").pathname.slice(1);
    if (!/^\w+\.(js|wasm)$/.test(name)) {
      response.writeHead(200, { "content-type": "text/html" }).end("<video>");
      return;
    }
    const type = name.endsWith("js") ? "text/javascript" : "application/wasm";
    response.writeHead(200, { "content-type": type }).end(await readFile(join(PKG, name)));
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", () => ready(undefined)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  return { url: `http://127.0.0.1:${port}/`, close: () => server.close() };
}

/** @type {Awaited<ReturnType<typeof servePackage>>} */
let site;
/** @type {string} */
let folder;
/** @type {import("playwright-core").Browser[]} */
const browsers = [];

before(async () => {
  site = await servePackage();
  folder = await mkdtemp(join(tmpdir(), "esim-lab-camera-"));
});
afterEach(async () => {
  for (const chromium of browsers.splice(0)) await closePages(chromium).then(() => chromium.close());
});
after(async () => {
  site?.close();
  await rm(folder, { recursive: true, force: true });
});

/** A page in a browser of its own. @param {string[]} args */
async function visit(...args) {
  const chromium = await browser(args);
  browsers.push(chromium);
  const page = await (await chromium.newContext()).newPage();
  await page.goto(site.url);
  return page;
}

/** A page whose camera shows a film. @param {Uint8Array[]} frames @param {string[]} args */
async function visitWithFilm(frames, ...args) {
  const file = join(folder, `${browsers.length}-${frames.length}.y4m`);
  await writeFile(file, film(frames));
  return visit("--use-fake-device-for-media-stream", `--use-file-for-fake-video-capture=${file}`, ...args);
}

/**
 * In the page: what the camera finds, or why not. `stop` stops it after so many frames.
 * @param {{ stop?: number }} options
 */
async function find({ stop }) {
  const [qr, camera] = /** @type {[any, any]} */ (
    await Promise.all(["/esim_qr.js", "/camera.js"].map((name) => import(name)))
  );
  await qr.default();
  try {
    const stream = await camera.openCamera();
    const stopping = new AbortController();
    let frames = 0;
    const video = document.querySelector("video");
    const seen = () => ++frames === stop && stopping.abort();
    const code = await camera.watch(stream, { video, seen, signal: stopping.signal });
    const live = stream.getTracks().filter((/** @type {any} */ track) => track.readyState === "live").length;
    return { code, frames, live, shown: video?.srcObject !== null };
  } catch (error) {
    const { trouble, message, ja } = /** @type {any} */ (error);
    return { trouble, message, ja };
  }
}

const ASKED = "--use-fake-ui-for-media-stream";

describe("the camera", () => {
  test("finds the code that comes into its picture, and is stopped", async () => {
    const empty = Array.from({ length: 8 }, () => frame("", 0, 0));
    const shown = Array.from({ length: 12 }, (_, n) => frame(TEXT, 180 + 8 * n, 0.3 + n / 40));
    const page = await visitWithFilm([...empty, ...shown], ASKED);
    const { code, live, shown: left } = await page.evaluate(find, {});
    assert.equal(code.text, TEXT);
    assert.equal(code.activation.smdpAddress, "smdp.example.com");
    assert.equal(code.activation.matchingId, "K2-1A2B3C-4D5E6F");
    assert.equal(live, 0, "the camera is let go");
    assert.equal(left, false, "and not shown any longer");
    // Around the middle of the picture, however it was turned.
    const middle = (/** @type {"x" | "y"} */ axis) =>
      code.corners.reduce((/** @type {number} */ sum, /** @type {any} */ corner) => sum + corner[axis], 0) / 4;
    assert.ok(Math.hypot(middle("x") - WIDTH / 2, middle("y") - HEIGHT / 2) < 12, JSON.stringify(code.corners));
  });

  test("goes on past what is no activation code, until it is told to stop", async () => {
    const page = await visitWithFilm([frame("https://example.com", 240, 0.2)], ASKED);
    const { code, live, frames } = await page.evaluate(find, { stop: 4 });
    assert.equal(code, undefined);
    assert.equal(live, 0);
    assert.equal(frames, 4);
  });

  test("that may not be used, that is not there and that is busy are told apart", async () => {
    const denied = await visitWithFilm([frame("", 0, 0)]);
    const none = await visit(ASKED);
    const busy = await visit(ASKED);
    // Of this one nobody can have a fake: it is what browsers throw where another program has the camera.
    await busy.evaluate(() => {
      navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("taken", "NotReadableError"));
    });
    const expected = /** @type {const} */ ([
      [denied, "denied", /allow it/, /許可/],
      [none, "none", /No camera/, /見つかりません/],
      [busy, "busy", /another program/, /他のアプリ/],
    ]);
    for (const [page, trouble, en, ja] of expected) {
      const told = await page.evaluate(find, {});
      assert.equal(told.trouble, trouble, JSON.stringify(told));
      assert.match(told.message, en);
      assert.match(told.ja, ja);
    }
  });
});

describe("a picture", () => {
  test("is read as another reader reads it", async () => {
    const page = await visit();
    for (const { side, angle } of [
      { side: 200, angle: 0 },
      { side: 260, angle: 0.4 },
      { side: 300, angle: 2.5 },
    ]) {
      const luma = frame(TEXT, side, angle);
      const rgba = Array.from(luma).flatMap((light) => [light, light, light, 255]);
      const looked = await page.evaluate(
        async ({ rgba, width, height }) => {
          const qr = /** @type {any} */ (await import(/** @type {string} */ ("/esim_qr.js")));
          await qr.default();
          return qr.look(new Uint8Array(rgba), width, height);
        },
        { rgba, width: WIDTH, height: HEIGHT },
      );
      const theirs = jsQR(new Uint8ClampedArray(rgba), WIDTH, HEIGHT);
      assert.deepEqual(
        looked.codes.map((/** @type {any} */ code) => code.text),
        [theirs?.data],
      );
      const location = /** @type {NonNullable<typeof theirs>["location"]} */ (theirs?.location);
      const { topLeftCorner, topRightCorner, bottomRightCorner, bottomLeftCorner } = location;
      for (const [n, corner] of [topLeftCorner, topRightCorner, bottomRightCorner, bottomLeftCorner].entries()) {
        const ours = looked.codes[0].corners[n];
        assert.ok(Math.hypot(ours.x - corner.x, ours.y - corner.y) < 8, JSON.stringify([ours, corner]));
      }
    }
  });
});
