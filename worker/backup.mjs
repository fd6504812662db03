// The records of an SM into a file, and out of it into an SM that has none yet (docs/HOSTING.md):
//
//   ES2_TOKEN=… node backup.mjs save https://smdp.example.com FILE
//   ES2_TOKEN=… node backup.mjs restore https://new.example.com FILE
//
// FILE has a page in each line, sealed as the records are: without SEAL_KEY it tells ICCIDs and EIDs alone. It is made for its owner alone, one
// that is there is never touched, and it has its name when the last page is there. Whoever restores may do so again, from
// the beginning. The process fails where anything was left out or refused, and says what.
import { closeSync, existsSync, fsyncSync, linkSync, openSync, rmSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";

/** How often a page is asked for, or posted. */
const TRIES = 5;
/** The longest page, in octets: the SM takes no longer one. */
const PAGE = 2 << 20;

function fail(why) {
  console.error(`esim-lab: ${why}`);
  process.exit(1);
}

const [act, url, file] = process.argv.slice(2);
const token = process.env.ES2_TOKEN;
if (!["save", "restore"].includes(act) || !file) fail("usage: backup.mjs save|restore URL FILE");
if (!token) fail("ES2_TOKEN is not set: the credential of the house");

/** The answer to a request of the house; one that came to nothing for a while is sent again. */
async function ask(path, body) {
  const headers = { Authorization: `Bearer ${token}`, ...(body && { "Content-Type": "application/json" }) };
  for (let tries = 1; ; tries += 1) {
    let why;
    try {
      const response = await fetch(new URL(path, url), { method: body ? "POST" : "GET", headers, body, redirect: "error" });
      const text = await response.text();
      if (response.ok) return text;
      const said = response.headers.get("Content-Type") === "application/json" && JSON.parse(text).header;
      const data = said && said.functionExecutionStatus?.statusCodeData;
      why = `${path.split("?")[0]}: ${response.status} ${data?.message ?? ""}`;
      if (response.status < 500 && response.status !== 429) fail(why);
    } catch (error) {
      why = `${path.split("?")[0]}: ${error.cause?.message ?? error.message}`;
    }
    if (tries === TRIES) fail(why);
    await new Promise((wake) => setTimeout(wake, 1000 * 2 ** tries));
  }
}

async function save() {
  if (existsSync(file)) fail(`${file} is there already`);
  const part = `${file}.part`;
  rmSync(part, { force: true });
  const output = openSync(part, "wx", 0o600);
  let [rows, damaged, next] = [0, [], ""];
  do {
    const text = await ask(`/esim-lab/backup?after=${encodeURIComponent(next)}`);
    const page = JSON.parse(text);
    writeFileSync(output, `${text}\n`);
    rows += page.rows.length;
    damaged = damaged.concat(page.damaged ?? []);
    next = page.next;
  } while (next);
  fsyncSync(output);
  closeSync(output);
  // Not in the place of another.
  linkSync(part, file);
  rmSync(part);
  console.log(`${rows} rows saved`);
  if (damaged.length > 0) fail(`left out, since they do not open: ${damaged.join(", ")}`);
}

/** Whether the last line is the last page: else it is half a backup, of which nothing is put back. */
async function isWhole(input) {
  const { size } = await input.stat();
  const start = Math.max(0, size - PAGE - 1);
  const { buffer } = await input.read(Buffer.alloc(size - start), 0, size - start, start);
  const last = buffer.toString().trimEnd().split("\n").pop();
  return last !== "" && JSON.parse(last).next === undefined;
}

async function restore() {
  const input = await open(file);
  if (!(await isWhole(input))) fail(`${file} ends before the last page`);
  let [restored, known, refused] = [0, 0, []];
  for await (const page of input.readLines({ start: 0 })) {
    const done = JSON.parse(await ask("/esim-lab/restore", page));
    restored += done.restored;
    known += done.known;
    refused = refused.concat(done.refused);
  }
  console.log(`${restored} restored, ${known} there already`);
  if (refused.length > 0) fail(`refused:\n${refused.map(({ name, reason }) => `${name}: ${reason}`).join("\n")}`);
}

try {
  await (act === "save" ? save() : restore());
} catch (error) {
  fail(error.message);
}
