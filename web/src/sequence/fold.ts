import type { Chapter } from "../lib/chapters";
import type { Party, TraceRecord } from "../lib/world";

/** Every party, in the order of their lanes: from the card outwards. */
const ALL: readonly Party[] = [
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
const ALWAYS: readonly Party[] = ["operator", "sm", "lpa", "euicc", "modem"];

/** The lanes of a trace: those of the device and the SM, and nodes of the network that have said something. */
export function lanes(records: readonly TraceRecord[], always: readonly Party[] = ALWAYS): Party[] {
  const seen = new Set<Party>([...always, ...records.flatMap((record) => [record.from, record.to])]);
  return ALL.filter((party) => seen.has(party));
}

/** Records with their heading. */
export interface Group {
  /** Number of the chapter. */
  n: number;
  /** First record. */
  from: number;
  chapter: Chapter | undefined;
  rows: Row[];
  /** Messages, APDUs included. */
  count: number;
}

/** A trace by chapters; of a party's messages alone if one is given. */
export function groups(records: readonly TraceRecord[], chapters: readonly Chapter[], party?: Party): Group[] {
  const bounds: { from: number; chapter: Chapter | undefined }[] = chapters.map((chapter) => ({
    from: chapter.from,
    chapter,
  }));
  if (bounds[0]?.from !== 0) bounds.unshift({ from: 0, chapter: undefined });
  return bounds.flatMap(({ from, chapter }, i) => {
    const all = records.slice(from, bounds[i + 1]?.from);
    const own = party ? all.filter((record) => record.from === party || record.to === party) : all;
    return own.length > 0 || chapter?.ok !== undefined
      ? [{ n: i, from, chapter, rows: fold(own), count: own.length }]
      : [];
  });
}

/** One line of the picture: a message, and what carried it. */
export interface Row {
  record: TraceRecord;
  /** APDUs that carried the message; of a loose row, APDUs alone. */
  apdus: TraceRecord[];
  /** Further pieces of the package and their empty answers. */
  pieces: TraceRecord[];
  octets: number;
}

const isPiece = (record: TraceRecord) => record.function.startsWith("LoadBoundProfilePackage");
const length = (record: TraceRecord) => record.bytes.length / 2;

/** Folds APDUs under the ES10 message that they carry, and the pieces of a package into one line. */
export function fold(records: readonly TraceRecord[]): Row[] {
  const rows: Row[] = [];
  let carrier: Row | undefined;
  let loose: Row | undefined;
  for (const record of records) {
    const last = rows.at(-1);
    if (record.interface === "APDU") {
      if (carrier) {
        carrier.apdus.push(record);
      } else if (loose && loose === last) {
        loose.apdus.push(record);
        loose.octets += length(record);
      } else {
        loose = { record, apdus: [record], pieces: [], octets: length(record) };
        rows.push(loose);
      }
    } else if (last && isPiece(record) && isPiece(last.record) && (record.to === "euicc" || record.bytes === "")) {
      last.pieces.push(record);
      last.octets += length(record);
      carrier = last;
    } else {
      const row: Row = { record, apdus: [], pieces: [], octets: length(record) };
      rows.push(row);
      carrier = record.interface.startsWith("ES10") && record.to === "euicc" ? row : undefined;
    }
    if (record.interface.startsWith("ES10") && record.from === "euicc") carrier = undefined;
  }
  return rows;
}

/** The records that a row opens to, itself first. */
export function within(row: Row): TraceRecord[] {
  const all = new Map([row.record, ...row.pieces, ...row.apdus].map((record) => [record.n, record]));
  return [...all.values()].sort((a, b) => a.n - b.n);
}
