import type { Party, TraceRecord } from "../lib/world";

/** Every party, in the order of their lanes. */
const ALL: readonly Party[] = [
  "operator",
  "sm",
  "lpa",
  "euicc",
  "modem",
  "mme",
  "sgsn",
  "msc",
  "hss",
  "gateway",
  "policy",
  "internet",
];
const ALWAYS: readonly Party[] = ["operator", "sm", "lpa", "euicc", "modem"];

/** The lanes of a trace: those of the device and the SM, and nodes of the network that have said something. */
export function lanes(records: readonly TraceRecord[]): Party[] {
  const seen = new Set<Party>([...ALWAYS, ...records.flatMap((record) => [record.from, record.to])]);
  return ALL.filter((party) => seen.has(party));
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
