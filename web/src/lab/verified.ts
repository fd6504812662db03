/** What the verifications of a message say of its nodes. Which verification it was and how it ended is the core's word. */
import type { Checked, ChecksOf } from "../engine/protocol";
import { bytesOf } from "../lib/hex";
import type { Span } from "./selection.svelte";
import { type Part, type Place, indexOf, meant, named, nameOf } from "./tree";

/** A verification, and where in the message the octets are that it judged. */
export interface Found {
  check: Checked;
  /** Counted from 1, in the order made. */
  number: number;
  at: Span | undefined;
  /** The node that has just these octets, if one has. */
  place: Place | undefined;
}

export type Verdict =
  | { kind: "signed"; by: string; check: Found }
  | { kind: "verified"; passed: boolean; check: Found }
  | { kind: "chain"; to: string; passed: boolean; check: Found };

/** Whose key makes a signature (SGP.22 5.6.1, 5.6.3, 5.7.5, 5.5.1, 2.5.6). */
const SIGNERS: Record<string, string> = {
  serverSignature1: "DPauth",
  smdpSignature2: "DPpb",
  smdpSign: "DPpb",
  euiccSignature1: "eUICC",
  euiccSignature2: "eUICC",
  euiccSignPIR: "eUICC",
  euiccNotificationSignature: "eUICC",
  euiccCancelSessionSignature: "eUICC",
};

/** Octets that are fewer stand in a message by chance. */
const LEAST = 3;

export function locate(parts: readonly Part[], hex: string): { at: Span; place: Place | undefined } | undefined {
  if (hex.length < 2 * LEAST) return undefined;
  const wanted = bytesOf(hex);
  for (const part of parts) {
    const start = indexOf(part.octets, wanted);
    if (start < 0) continue;
    const end = start + wanted.length;
    const at: Span = { part: part.label, start, end, path: [] };
    const place = meant(parts, at);
    if (!place) return { at, place };
    const { chain } = place;
    const fits = chain.findIndex(
      ({ whole, value }) =>
        (whole.start === start && whole.end === end) || (value.start === start && value.end === end),
    );
    if (fits < 0) return { at, place: undefined };
    const own = chain.slice(0, fits + 1);
    return { at: { ...at, path: own.map(nameOf) }, place: { part, chain: own, node: own[fits] as Place["node"] } };
  }
  return undefined;
}

export function foundOf(parts: readonly Part[], { made }: ChecksOf): Found[] {
  return made.map((check, n) => {
    const where = locate(parts, check.input);
    return { check, number: n + 1, at: where?.at, place: where?.place };
  });
}

const signatureOf = (what: string) => /^(\w+) verifies/.exec(what)?.[1];
const certificateOf = (what: string) => /^signature of (\S+) verifies with the key of (.+)$/.exec(what);

/** Nodes with their verdicts. */
export function verdictsOf(parts: readonly Part[], found: readonly Found[]): Map<object, Verdict> {
  const verdicts = new Map<object, Verdict>();
  for (const check of found) {
    const { what, passed } = check.check;
    const name = signatureOf(what);
    const signature = name === undefined ? undefined : named(parts, (node) => node.name === name);
    if (signature && name !== undefined) {
      verdicts.set(signature.node, { kind: "verified", passed, check });
      const covered = check.place ?? firstOf(parts, check.at);
      const by = SIGNERS[name];
      if (passed && by !== undefined && covered) verdicts.set(covered.node, { kind: "signed", by, check });
      continue;
    }
    const certificate = certificateOf(what);
    const above = check.place?.chain.at(-2);
    if (certificate && above) {
      const by = certificate[2] ?? "";
      const to = by === "a known CI" ? "CI" : by.replace(/\.ECDSA$/, "");
      verdicts.set(above, { kind: "chain", to, passed, check });
    }
  }
  return verdicts;
}

/** What is signed together with more than itself: the first of it says so. */
function firstOf(parts: readonly Part[], at: Span | undefined): Place | undefined {
  const part = at && parts.find(({ label }) => label === at.part);
  if (!part) return undefined;
  const place = meant(parts, { ...at, end: at.start + 1 });
  if (!place) return undefined;
  const fits = place.chain.findIndex(({ whole }) => whole.start === at.start && whole.end <= at.end);
  if (fits < 0) return undefined;
  const chain = place.chain.slice(0, fits + 1);
  return { part, chain, node: chain[fits] as Place["node"] };
}

/** The octets that a signature covers, and the verification that says so. */
export function coveredBy(found: readonly Found[], name: string): Found | undefined {
  return found.find(({ check }) => signatureOf(check.what) === name);
}
