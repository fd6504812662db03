/** Lines of the sequence: what is shown of a trace, what is folded under it, and which lanes that needs. */
import { es8Of } from "../engine/filter";
import type { Judged } from "../engine/filter";
import type { Phase } from "../engine/phases";
import type { Both, Party, TraceRecord } from "../engine/protocol";

/** Every party, in the order of lanes: from the card outwards. */
export const LANES: readonly Party[] = [
  "euicc",
  "lpa",
  "modem",
  "mme",
  "sgsn",
  "msc",
  "hss",
  "gateway",
  "policy",
  "internet",
  "sm",
  "operator",
];

/** What carried a message or was asked on its way, folded into it. */
export interface Chip {
  kind: "apdu" | "tcp" | "net";
  /** Number of commands or messages; of a connection nothing. */
  text: string;
  good: boolean | undefined;
  /** In words, for who does not see it. */
  said: Both;
}

interface Common {
  /** Stays the same as messages come. */
  id: string;
}
export interface PhaseRow extends Common {
  kind: "phase";
  key: string;
  title: Both;
  count: number;
  refused: number;
  isOpen: boolean;
  /** The way that no TLS is run on is used here. */
  hasWeb: boolean;
  isFaint: boolean;
}
export interface MessageRow extends Common {
  kind: "message";
  record: TraceRecord;
  /** As it is called: an ES8+ function by its own name. */
  name: string;
  isResponse: boolean;
  interface: string;
  octets: number;
  chips: Chip[];
  /** Parties on the way of what was folded. */
  via: Party[];
  mark: 1 | 2 | undefined;
  edited: number;
  /** 2 of a phase, 3 of a message. */
  level: 2 | 3;
  folded: TraceRecord[];
  isOpen: boolean;
  isFaint: boolean;
  /** In the branch that is looked at alone. */
  isOwn: boolean;
}
export interface NoteRow extends Common {
  kind: "note";
  text: Both;
  look: "fail" | "stop";
}
/** Room for the second line of a note. */
export interface PadRow extends Common {
  kind: "pad";
}
export type Row = PhaseRow | MessageRow | NoteRow | PadRow;

/** A message with what belongs to it. */
interface Group {
  record: TraceRecord;
  name: string;
  interface: string;
  octets: number;
  /** Where the fold lies: before the message, as a connection, or behind. */
  folded: TraceRecord[];
  apdus: number;
  isTcp: boolean;
  refusedTcp: boolean;
  net: number;
}

const isTcp = ({ interface: at, function: name }: TraceRecord) =>
  (at === "S1-U" || at === "S12" || at === "SGi" || at === "policy") && !/^session/.test(name);
const CORE = new Set(["S6a", "S11", "S1AP", "SGd", "policy", "S6d", "Gn", "MAP"]);

/** Messages and what is folded into each: APDUs, connections, talk between nodes of the network. */
export function group(records: readonly TraceRecord[]): Group[] {
  const groups: Group[] = [];
  /** APDUs that wait for the response that they carry. */
  let waiting: Group | undefined;
  let isAsked = false;
  const make = (record: TraceRecord): Group => {
    const es8 = es8Of(record);
    return {
      record,
      name: es8 ?? record.function,
      interface: es8 ? "ES8+" : record.interface,
      octets: record.bytes.length / 2,
      folded: [],
      apdus: 0,
      isTcp: false,
      refusedTcp: false,
      net: 0,
    };
  };
  for (const record of records) {
    const last = groups.at(-1);
    const { interface: at, function: name, from } = record;
    if (at === "APDU") {
      if (isAsked && waiting) {
        waiting.folded.push(record);
        if (from !== "euicc") waiting.apdus++;
      } else if (last?.record.interface === "APDU") {
        last.folded.push(record);
        last.octets += record.bytes.length / 2;
        if (from !== "euicc") last.apdus++;
      } else {
        groups.push({ ...make(record), apdus: 1 });
      }
      continue;
    }
    if (last && isTcp(record) && (last.record.interface.startsWith("ES") || isTcp(last.record))) {
      // Of a connection that carries nothing here, the SYN is the message.
      last.folded.push(record);
      last.isTcp = true;
      if (name === "denied" || /unreachable|RST/i.test(name)) last.refusedTcp = true;
      continue;
    }
    if (last && CORE.has(at) && (last.record.interface === "NAS" || last.net > 0)) {
      last.folded.push(record);
      last.net++;
      continue;
    }
    const made = make(record);
    if (at.startsWith("ES10") && from !== "euicc") {
      // Head of a sequence of segments: it goes with the first of them.
      const head = last && last.record.to === "euicc" && last.interface === "ES8+" && last.name === made.name;
      if (head && last.octets <= 4 && made.name !== "ConfigureISDP") {
        made.folded.push(last.record, ...last.folded);
        made.octets += last.octets;
        made.apdus += last.apdus;
        groups.pop();
      }
      waiting = made;
      isAsked = true;
      groups.push(made);
    } else if (at.startsWith("ES10") && waiting && from === "euicc") {
      isAsked = false;
      if (record.bytes === "" && waiting.record.function === name.replace(/ response$/, "")) {
        waiting.folded.push(record);
      } else {
        // What carried request and response stands with the response.
        if (waiting.interface !== "ES8+") {
          [made.folded, made.apdus] = [waiting.folded, waiting.apdus];
          [waiting.folded, waiting.apdus] = [[], 0];
        }
        groups.push(made);
      }
      waiting = undefined;
    } else {
      isAsked = false;
      groups.push(made);
    }
  }
  return groups;
}

export interface Shape {
  records: readonly TraceRecord[];
  phases: readonly Phase[];
  /** Phases and messages that the reader has opened or closed. */
  open: ReadonlyMap<string, boolean>;
  /** The phase that is open if nobody says otherwise. */
  usual: Phase | undefined;
  hits: ReadonlySet<number> | undefined;
  judged: Judged;
  /** The first message that this branch does not share with another. */
  own: number;
  /** What another branch has after the fork. */
  only: { title: Both; records: readonly TraceRecord[] } | undefined;
  notes: readonly { after: number; text: Both; look: NoteRow["look"] }[];
}

const APDUS = (n: number): Chip => ({
  kind: "apdu",
  text: String(n),
  good: undefined,
  said: { en: `${n} APDUs`, ja: `APDU ${n}件` },
});

function chipsOf({ apdus, record, isTcp: hasTcp, refusedTcp, net }: Group): Chip[] {
  const chips: Chip[] = [];
  if (hasTcp)
    chips.push({
      kind: "tcp",
      text: record.interface.startsWith("ES") ? "TCP" : "policy",
      good: !refusedTcp,
      said: refusedTcp
        ? { en: "the connection is refused", ja: "接続は拒否" }
        : { en: "over a TCP connection that was made first", ja: "先に確立したTCP接続の上" },
    });
  if (net > 0)
    chips.push({
      kind: "net",
      text: String(net),
      good: undefined,
      said: { en: `${net} messages within the network`, ja: `網内のメッセージ${net}件` },
    });
  if (apdus > 0 && record.interface !== "APDU") chips.push(APDUS(apdus));
  return chips;
}

const octetsOf = ({ bytes }: TraceRecord) => bytes.length / 2;

function plain(record: TraceRecord, shape: Shape, id: string, isFaint: boolean): MessageRow {
  const isResponse = / response$/.test(record.function);
  return {
    kind: "message",
    id,
    record,
    name: record.function.replace(/ response$/, ""),
    isResponse,
    interface: record.interface,
    octets: octetsOf(record),
    chips: [],
    via: [],
    mark: isFaint ? undefined : shape.judged.marks[record.n],
    edited: isFaint ? 0 : (shape.judged.edited[record.n] ?? 0),
    level: 3,
    folded: [],
    isOpen: false,
    isFaint,
    isOwn: !isFaint && record.n >= shape.own,
  };
}

function messages(records: readonly TraceRecord[], shape: Shape, isFaint: boolean, at: string): Row[] {
  const rows: Row[] = [];
  const { hits, judged, notes } = shape;
  for (const found of group(records)) {
    const { record, folded } = found;
    const isMeant = !hits || isFaint || hits.has(record.n);
    const within = !hits || isFaint ? folded : folded.filter(({ n }) => hits.has(n));
    if (isMeant || within.length > 0) {
      const id = `${at}${record.n}`;
      const wanted = shape.open.get(id) ?? (!isMeant && within.length > 0);
      const isResponse = / response$/.test(found.name);
      const mark = [record, ...folded].map(({ n }) => judged.marks[n]).filter((one) => one !== undefined);
      // Of what is folded a refusal counts; of a piece of the package, its empty answer as well.
      const marked = judged.marks[record.n] === 1 || (found.interface === "ES8+" && mark.includes(1));
      const edited = [record, ...folded].map(({ n }) => judged.edited[n] ?? 0);
      const row: MessageRow = {
        kind: "message",
        id,
        record,
        name:
          record.interface === "APDU" && folded.length > 0
            ? `${found.name.replace(/ response$/, "")} …`
            : found.name.replace(/ response$/, ""),
        isResponse,
        interface: found.interface,
        octets: found.octets,
        chips: chipsOf(found),
        via: found.isTcp ? [...new Set(folded.filter(isTcp).flatMap(({ from, to }) => [from, to]))] : [],
        mark: isFaint ? undefined : mark.includes(2) ? 2 : marked ? 1 : undefined,
        edited: isFaint ? 0 : Math.max(0, ...edited),
        level: 2,
        folded: within,
        isOpen: wanted,
        isFaint,
        isOwn: !isFaint && record.n >= shape.own,
      };
      if (record.interface === "APDU" && found.apdus > 1) row.chips.push(APDUS(found.apdus));
      const inner = wanted ? within.map((each) => plain(each, shape, `${id}/${each.n}`, isFaint)) : [];
      // A connection comes before what it carries.
      if (found.isTcp && record.interface.startsWith("ES")) rows.push(...inner, row);
      else rows.push(row, ...inner);
    }
    if (!isFaint)
      for (const { after, text, look } of notes)
        if (
          after >= record.n &&
          after <= (folded.at(-1)?.n ?? record.n) &&
          !rows.some(({ id }) => id === `note${after}${look}`)
        )
          rows.push({ kind: "note", id: `note${after}${look}`, text, look }, { kind: "pad", id: `pad${after}${look}` });
  }
  return rows;
}

/** All rows, in order. */
export function rowsOf(shape: Shape): Row[] {
  const { records, phases, hits, open, only, judged } = shape;
  const rows: Row[] = [];
  const parts: { phase: Phase | undefined; records: readonly TraceRecord[] }[] = [];
  let at = 0;
  for (const phase of phases) {
    if (at < phase.from) parts.push({ phase: undefined, records: records.slice(at, phase.from) });
    parts.push({ phase, records: records.slice(phase.from, phase.to) });
    at = Math.max(at, phase.to);
  }
  if (at < records.length) parts.push({ phase: undefined, records: records.slice(at) });
  for (const { phase, records: within } of parts) {
    if (!phase) {
      rows.push(...messages(within, shape, false, ""));
      continue;
    }
    const count = hits ? within.filter(({ n }) => hits.has(n)).length : within.length;
    if (hits && count === 0) continue;
    const id = `p${phase.from}${phase.key}`;
    const isOpen = open.get(id) ?? (hits ? true : phase === shape.usual);
    rows.push({
      kind: "phase",
      id,
      key: phase.key,
      title: phase.title,
      count,
      refused: within.filter(({ n }) => judged.marks[n] === 2).length,
      isOpen,
      hasWeb: within.some(({ interface: at }) => at === "ES9+" || at === "ES11"),
      isFaint: false,
    });
    if (isOpen) rows.push(...messages(within, shape, false, ""));
  }
  if (only && only.records.length > 0) {
    const isOpen = open.get("only") ?? true;
    const about = { key: "only", count: only.records.length, refused: 0, hasWeb: false };
    rows.push({ kind: "phase", id: "only", title: only.title, ...about, isOpen, isFaint: true });
    if (isOpen) rows.push(...messages(only.records, shape, true, "only"));
  }
  return rows;
}

/** The lanes that rows need, and those that only lie on their way. */
export function lanesOf(rows: readonly Row[]): { needed: Party[]; via: Party[] } {
  const needed = new Set<Party>();
  const via = new Set<Party>();
  for (const row of rows) {
    // What only another branch has takes the lanes that are there.
    if (row.kind !== "message" || row.isFaint) continue;
    needed.add(row.record.from);
    needed.add(row.record.to);
    // The policy platform is asked, and nothing passes it.
    for (const party of row.via) if (party !== "policy") via.add(party);
  }
  return {
    needed: LANES.filter((party) => needed.has(party)),
    via: LANES.filter((party) => via.has(party) && !needed.has(party)),
  };
}

/** Whoever has said or heard anything. */
export function partiesOf(records: readonly TraceRecord[]): ReadonlySet<Party> {
  const found = new Set<Party>();
  for (const { from, to } of records) found.add(from).add(to);
  return found;
}

/** Colour of an interface: its token. */
export function colour(of: string): string {
  if (of.startsWith("ES10")) return "--es10";
  if (of === "ES8+") return "--es8";
  if (of === "ES9+" || of === "ES11") return "--es9";
  if (of === "ES2+" || of === "ES12" || of === "operator") return "--es2";
  if (of === "APDU") return "--apdu";
  if (of === "policy") return "--policy";
  if (of === "S1-U" || of === "S12" || of === "SGi") return "--ip";
  return "--nas";
}
