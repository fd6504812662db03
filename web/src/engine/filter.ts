/** Which messages a filter means, what would complete it, and what came of each message: in the worker, in slices. */
import { nameOfCode } from "./code";
import { phasesOf } from "./phases";
import type { Checked, Explained, Found, Node, Suggestion, TraceRecord } from "./protocol";
import { type Key, PARTY_NAMES, type Term, matcher, parse } from "./query";
import type { Branch } from "./session";

/** What is known of a message without a look into it. */
interface Entry {
  interfaces: string[];
  functions: string[];
  tag: string;
  status: string[];
  octets: number;
  /** Names and values of its tree, in lower case; read when a filter asks first. */
  words?: string;
  values?: string;
  /** The code by which it refuses, empty if it does not. */
  code?: string;
}

/** Names of ES8+ functions, by the tag that begins a segment of a bound profile package (SGP.22 2.5.4, 5.5). */
const ES8: readonly [RegExp, string][] = [
  [/^BF36/i, "InitialiseSecureChannel"],
  [/^A0/i, "ConfigureISDP"],
  [/^88|^A1/i, "StoreMetadata"],
  [/^87|^A2/i, "ReplaceSessionKeys"],
  [/^86|^A3/i, "LoadProfileElements"],
];

/** The function of ES8+ that a piece of a package is. */
export function es8Of({ function: name, to, bytes }: TraceRecord): string | undefined {
  if (name !== "LoadBoundProfilePackage" || to !== "euicc") return undefined;
  return ES8.find(([tag]) => tag.test(bytes))?.[1];
}

const tagAt = (hex: string) => {
  const first = Number.parseInt(hex.slice(0, 2), 16);
  if (Number.isNaN(first)) return "";
  let digits = 2;
  if ((first & 0x1f) === 0x1f)
    do digits += 2;
    while (Number.parseInt(hex.slice(digits - 2, digits), 16) & 0x80 && digits < 8);
  return hex.slice(0, digits).toUpperCase();
};

const textOf = (hex: string) => {
  const octets = new Uint8Array(hex.length / 2);
  for (let n = 0; n < octets.length; n++) octets[n] = Number.parseInt(hex.slice(2 * n, 2 * n + 2), 16);
  return new TextDecoder().decode(octets);
};

function entryOf(record: TraceRecord): Entry {
  const { interface: at, function: name, from, to, bytes } = record;
  const es8 = es8Of(record);
  const isApdu = at === "APDU";
  const isAnswer = from === "euicc";
  const status: string[] = [];
  if (isApdu && isAnswer) status.push(bytes.slice(-4).toUpperCase());
  if (/^7b/i.test(bytes) && /response$/.test(name)) {
    const text = textOf(bytes);
    const subject = /"subjectCode"\s*:\s*"([^"]*)"/.exec(text)?.[1];
    const reason = /"reasonCode"\s*:\s*"([^"]*)"/.exec(text)?.[1];
    if (subject !== undefined) status.push(`${subject}/${reason ?? ""}`);
  }
  // Data of a command begin behind CLA, INS, P1, P2 and Lc.
  const data = isApdu ? (isAnswer ? (bytes.length > 4 ? bytes : "") : bytes.slice(10)) : bytes;
  return {
    interfaces: [at, ...(es8 ? ["ES8+"] : []), from, to],
    functions: es8 ? [name, es8] : [name],
    tag: tagAt(data),
    status,
    octets: bytes.length / 2,
  };
}

function gather(nodes: readonly Node[], names: Set<string>, values: string[]) {
  for (const { name, type, text, children } of nodes) {
    names.add(name);
    names.add(type);
    if (text) values.push(text);
    gather(children, names, values);
  }
}

/** Lets others in now and then. */
export type Breath = () => Promise<void>;

/** What came of a message. */
export interface Judged {
  /** By message: 1 verified, 2 refused. */
  marks: Record<number, 1 | 2>;
  /** Octets changed on the way, by message. */
  edited: Record<number, number>;
}

export class Filtering {
  readonly #entries = new WeakMap<TraceRecord, Entry>();
  readonly #explain: (record: TraceRecord) => Explained;

  constructor(explain: (record: TraceRecord) => Explained) {
    this.#explain = explain;
  }

  #entry(record: TraceRecord): Entry {
    let entry = this.#entries.get(record);
    if (!entry) this.#entries.set(record, (entry = entryOf(record)));
    return entry;
  }

  /** The same with its tree read. */
  #read(record: TraceRecord): Required<Pick<Entry, "words" | "values" | "code">> {
    const entry = this.#entry(record);
    if (entry.words === undefined || entry.values === undefined || entry.code === undefined) {
      const names = new Set([record.function, ...entry.functions]);
      const values: string[] = [];
      let code = "";
      try {
        const explained = this.#explain(record);
        for (const { nodes } of explained.parts) gather(nodes, names, values);
        if (explained.json !== undefined) values.push(JSON.stringify(explained.json));
        if (record.function.endsWith("response")) code = nameOfCode(explained);
      } catch {
        // Octets that nobody can read have no names.
      }
      entry.values = values.join("\n").toLowerCase();
      entry.words = `${[...names].join("\n").toLowerCase()}\n${entry.values}`;
      entry.code = code;
    }
    return { words: entry.words, values: entry.values, code: entry.code };
  }

  /** Messages that are meant. */
  async find(branch: Branch, query: string, breath: Breath): Promise<Found> {
    const { terms, mistake } = parse(query);
    if (mistake) return { hits: [], mistake };
    const means = this.#meaning(branch, terms);
    const hits: number[] = [];
    for (const [n, record] of [...branch.records].entries()) {
      if (means(record, n)) hits.push(n);
      await breath();
    }
    return { hits };
  }

  /** Values of a key with how many messages they leave of those that the rest of the filter means. */
  async complete(branch: Branch, rest: string, key: Key, breath: Breath): Promise<Suggestion[]> {
    const means = this.#meaning(branch, parse(rest).terms);
    const counts = new Map<string, number>();
    const valuesOf = this.#valuesOf(branch, key);
    for (const [n, record] of [...branch.records].entries()) {
      const isMeant = means(record, n);
      for (const value of valuesOf(record, n)) counts.set(value, (counts.get(value) ?? 0) + (isMeant ? 1 : 0));
      await breath();
    }
    const order = [...new Set(Object.values(PARTY_NAMES))];
    const isParty = key === "from" || key === "to";
    return [...counts]
      .map(([value, count]) => ({ value, count }))
      .sort((a, b) =>
        isParty ? order.indexOf(a.value) - order.indexOf(b.value) : b.count - a.count || (a.value < b.value ? -1 : 1),
      );
  }

  /** Which messages were verified, which refuse, and which were changed. */
  async judge(branch: Branch, breath: Breath): Promise<Judged> {
    const marks: Judged["marks"] = {};
    const edited: Judged["edited"] = {};
    const checks = checksOf(branch);
    const { records } = branch;
    const requests = new Map<string, number>();
    for (const [n, record] of records.entries()) {
      const { interface: at, function: name, from, to } = record;
      const own = checks.get(n);
      if (at === "APDU") continue;
      if (name.endsWith(" response")) {
        const asked = requests.get(`${from}${to}${name.slice(0, -" response".length)}`);
        const made = asked === undefined ? undefined : checks.get(asked);
        const isRefused = (record.bytes.length > 0 && this.#read(record).code !== "") || made?.failed || own?.failed;
        if (isRefused) marks[n] = 2;
        else if (made) marks[n] = 1;
        if (made?.failed && asked !== undefined) delete marks[asked];
      } else {
        requests.set(`${to}${from}${name}`, n);
        // Where no answer comes, the message itself has the mark.
        if (own) marks[n] = own.failed ? 2 : 1;
      }
      await breath();
    }
    // A request that was answered has its mark at the answer.
    for (const [n, record] of records.entries()) {
      if (!record.function.endsWith(" response") || record.bytes === "") continue;
      for (let m = n - 1; m >= 0 && m > n - 200; m--) {
        const asked = records[m];
        if (asked?.function === record.function.slice(0, -" response".length) && asked.from === record.to) {
          delete marks[m];
          break;
        }
      }
    }
    for (const { performed } of branch.steps) {
      const { done, records: own, tampered = [] } = performed;
      if (done.kind === "radio" && done.outcome !== "granted" && done.by !== null) {
        const at = records.slice(...own).findLast(({ from }) => from === done.by);
        if (at) marks[at.n] = 2;
      }
      for (const { message, sent, effective } of tampered)
        if (effective) edited[message] = changed(sent, records[message]?.bytes);
    }
    return { marks, edited };
  }

  #meaning(branch: Branch, terms: readonly Term[]): (record: TraceRecord, n: number) => boolean {
    const tests = terms
      .filter(({ values }) => values.length > 0)
      .map((term) => {
        const test = this.#test(branch, term);
        return term.not ? (record: TraceRecord, n: number) => !test(record, n) : test;
      });
    return (record, n) => tests.every((test) => test(record, n));
  }

  #test(branch: Branch, { key, op, values }: Term): (record: TraceRecord, n: number) => boolean {
    if (key === undefined) {
      const [word = ""] = values;
      const within = matcher(word, "within");
      const hex = /^[0-9a-f]{4,}$/i.test(word) ? word.toLowerCase() : undefined;
      return (record) =>
        within(this.#read(record).words) || (hex !== undefined && holds(record.bytes.toLowerCase(), hex));
    }
    if (key === "val") {
      const any = values.map((value) => matcher(value, "within"));
      const isSo = (record: TraceRecord) => any.some((within) => within(this.#read(record).values));
      return op === "!=" ? (record) => !isSo(record) : isSo;
    }
    if (key === "hex") {
      const isSo = ({ bytes }: TraceRecord) => values.some((value) => holds(bytes.toLowerCase(), value.toLowerCase()));
      return op === "!=" ? (record) => !isSo(record) : isSo;
    }
    if (key === "oct") {
      const than = Number(values[0]);
      return (record) => compare(this.#entry(record).octets, op, than);
    }
    const valuesOf = this.#valuesOf(branch, key);
    const any = values.map((value) => {
      const name = key === "from" || key === "to" || key === "if" ? (PARTY_NAMES[value.toLowerCase()] ?? value) : value;
      return matcher(name, key === "fn" && !value.includes("*") ? "within" : "start");
    });
    if (key === "edited") return (record, n) => valuesOf(record, n).length > 0;
    return op === "!="
      ? // Only what has such a value can have another one.
        (record, n) => {
          const all = valuesOf(record, n);
          return all.length > 0 && !all.some((value) => any.some((is) => is(value)));
        }
      : (record, n) => valuesOf(record, n).some((value) => any.some((is) => is(value)));
  }

  #valuesOf(branch: Branch, key: Key): (record: TraceRecord, n: number) => readonly string[] {
    switch (key) {
      case "if":
        return (record) => this.#entry(record).interfaces;
      case "fn":
        return (record) => this.#entry(record).functions;
      case "from":
        return ({ from }) => [from];
      case "to":
        return ({ to }) => [to];
      case "tag":
        return (record) => [this.#entry(record).tag].filter(Boolean);
      case "sw":
        return (record) => this.#entry(record).status;
      case "phase": {
        const phases = phasesOf(branch.steps.map(({ act, performed }) => ({ ...performed, act })));
        return (_, n) => phases.filter(({ from, to }) => from <= n && n < to).map((phase) => phase.key);
      }
      case "check": {
        const checks = checksOf(branch);
        return (_, n) => {
          const own = checks.get(n);
          return own ? [own.failed ? "failed" : "passed"] : ["none"];
        };
      }
      case "edited": {
        const tampered = new Set(
          branch.steps.flatMap(({ performed }) =>
            (performed.tampered ?? []).filter(({ effective }) => effective).map(({ message }) => message),
          ),
        );
        return (_, n) => (tampered.has(n) ? ["yes"] : []);
      }
      default:
        return () => [];
    }
  }
}

/** At an octet, not between two halves. Both in lower case. */
function holds(bytes: string, hex: string): boolean {
  for (let at = bytes.indexOf(hex); at >= 0; at = bytes.indexOf(hex, at + 1)) if (at % 2 === 0) return true;
  return false;
}

function compare(a: number, op: Term["op"], b: number): boolean {
  switch (op) {
    case ">":
      return a > b;
    case "<":
      return a < b;
    case ">=":
      return a >= b;
    case "<=":
      return a <= b;
    case "!=":
      return a !== b;
    default:
      return a === b;
  }
}

function checksOf(branch: Branch): Map<number, { made: number; failed: boolean }> {
  const found = new Map<number, { made: number; failed: boolean }>();
  for (const { performed } of branch.steps)
    for (const { record, passed } of performed.checks ?? ([] as Checked[])) {
      if (record === null) continue;
      const own = found.get(record) ?? { made: 0, failed: false };
      found.set(record, { made: own.made + 1, failed: own.failed || !passed });
    }
  return found;
}

/** How many octets of a message are not those that were sent. */
function changed(sent: string | undefined, arrived = ""): number {
  if (sent === undefined) return 1;
  let count = Math.abs(sent.length - arrived.length) / 2;
  for (let at = 0; at < Math.min(sent.length, arrived.length); at += 2)
    if (sent.slice(at, at + 2) !== arrived.slice(at, at + 2)) count++;
  return count;
}
