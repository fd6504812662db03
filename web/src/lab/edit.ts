/** What was typed over, as the core wants it told; and how octets are copied. */
import type { Act, Both, Edit, Signer } from "../engine/protocol";
import { store } from "../engine/store.svelte";
import { byteText } from "../lib/hex";
import { type Draft, type Repair, lab } from "./selection.svelte";
import { shown } from "./shown.svelte";
import { type Node, type Part, around, indexOf, nameOf, named } from "./tree";

export const hexOf = (octets: Iterable<number>): string => [...octets].map(byteText).join("");

/** Parts of messages that are signed, and whose key does (SGP.22 5.6, 5.7). */
const SIGNED: readonly [string, Signer][] = [
  ["serverSigned1", "dp-auth"],
  ["smdpSigned2", "dp-pb"],
  ["euiccSigned1", "euicc"],
  ["euiccSigned2", "euicc"],
];

export const REPAIRS: Record<Repair, [string, string]> = {
  broken: ["keep broken", "壊れたまま"],
  lengths: ["lengths mended", "長さを修正"],
  "dp-auth": ["re-sign as SM-DP+ (DPauth)", "SM-DP+(DPauth)で再署名"],
  "dp-pb": ["re-sign as SM-DP+ (DPpb)", "SM-DP+(DPpb)で再署名"],
  euicc: ["re-sign as the card", "カードの鍵で再署名"],
  stranger: ["sign as a stranger", "他人の鍵で署名"],
};

/** What may be mended in a message. */
export function repairsOf(parts: readonly Part[]): Repair[] {
  const signed = SIGNED.filter(
    ([name]) => named(parts, (node) => node.name === name) || parts.some(({ label }) => label === name),
  );
  return [
    "broken",
    "lengths",
    ...new Set(signed.map(([, signer]) => signer)),
    ...(signed.length > 0 ? (["stranger"] as const) : []),
  ];
}

/** A part's octets with those typed over. */
export function typedOver(part: Part, draft: Draft | undefined): Uint8Array {
  const octets = part.octets.slice();
  if (draft?.part === part.label) for (const [at, { now }] of draft.octets) octets[at] = now;
  return octets;
}

const base64 = (octets: Uint8Array): string => {
  let text = "";
  for (const octet of octets) text += String.fromCharCode(octet);
  return btoa(text);
};

/** Runs of octets that differ. */
function runs(before: Uint8Array, after: Uint8Array, base: number): Edit[] {
  const edits: Edit[] = [];
  for (let at = 0; at < after.length; at++) {
    if (before[at] === after[at]) continue;
    const start = at;
    while (at < after.length && before[at] !== after[at]) at++;
    edits.push({ octet: base + start, hex: hexOf(after.subarray(start, at)) });
  }
  return edits;
}

/** Octets of a field that JSON has as base64 are typed over in its text: as many stand there as before. */
function octetEdits(part: Part, after: Uint8Array, message: Uint8Array): Edit[] {
  if (part.label === "") return runs(part.octets, after, 0);
  const encode = (octets: Uint8Array) => new TextEncoder().encode(base64(octets));
  const before = encode(part.octets);
  const at = indexOf(message, before);
  return at < 0 ? [] : runs(before, encode(after), at);
}

/** A leaf in a signed part, by which the core is told to sign: its value stays as it is. */
function signing(parts: readonly Part[], draft: Draft, signer: Signer): Edit | undefined {
  for (const [name, own] of SIGNED) {
    if (signer !== "stranger" && own !== signer) continue;
    const place = named(parts, (node) => node.name === name || node.type.toLowerCase() === name.toLowerCase());
    const leaf = place && leafOf(place.node);
    if (!place || !leaf) continue;
    const octets = typedOver(place.part, draft).subarray(leaf.value.start, leaf.value.end);
    return { field: `${name}.${nameOf(leaf)}`, hex: hexOf(octets), sign: signer };
  }
  return undefined;
}

function leafOf(node: Node): Node | undefined {
  const first = node.children.find(({ name }) => name !== "");
  return first && (first.children.length > 0 ? (leafOf(first) ?? undefined) : first);
}

export function editsOf(draft: Draft, repair: Repair, parts: readonly Part[], message: Uint8Array): Edit[] {
  const part = parts.find(({ label }) => label === draft.part);
  const octets = part && draft.octets.size > 0 ? octetEdits(part, typedOver(part, draft), message) : [];
  const fields = draft.fields.map((field) => (repair === "broken" ? { ...field, "keep-lengths": true } : field));
  const signer = repair === "broken" || repair === "lengths" ? undefined : repair;
  const sign = signer && draft.fields.length === 0 ? signing(parts, draft, signer) : undefined;
  const last = fields.at(-1);
  if (signer && last) last.sign = signer;
  return [...octets, ...fields, ...(sign ? [sign] : [])];
}

/** What was changed, in a few words: the branch is called so. */
export function wordsOf(draft: Draft, parts: readonly Part[]): Both {
  const part = parts.find(({ label }) => label === draft.part);
  const first = [...draft.octets].sort(([a], [b]) => a - b)[0];
  const field = draft.fields[0];
  if (field) {
    const name = "field" in field ? (field.field.split(".").at(-1) ?? "") : "";
    return { en: `${name} changed`, ja: `${name}を変更` };
  }
  if (!first || !part) return { en: "nothing", ja: "変更なし" };
  const [at, { was, now }] = first;
  const node = around(part.nodes, at).at(-1);
  const own = node && at >= node.value.start ? at - node.value.start : undefined;
  const change = `${byteText(was)} → ${byteText(now)}`;
  const more = draft.octets.size - 1;
  const [moreEn, moreJa] = more > 0 ? [` and ${more} more`, ` ほか${more}オクテット`] : ["", ""];
  return node && own !== undefined
    ? {
        en: `octet ${own} of ${nameOf(node)}, ${change}${moreEn}`,
        ja: `${nameOf(node)}のオクテット${own}、${change}${moreJa}`,
      }
    : { en: `octet ${at}, ${change}${moreEn}`, ja: `オクテット${at}、${change}${moreJa}` };
}

/** Runs on from what was typed over: another branch, played until somebody refuses. */
export async function runOn(): Promise<void> {
  const { draft, repair, place, message } = lab;
  if (!draft || !message || lab.view.busy) return;
  const parts = shown.message.parts;
  const octets = parts.find(({ label }) => label === "")?.octets ?? new Uint8Array();
  const insert: Act[] = editsOf(draft, repair, parts, octets).map((edit) => ({
    tamper: { at: { message: draft.record }, do: { edit } },
  }));
  const label = wordsOf(draft, parts);
  const { branch, verdict } = await store.divert(place, { record: draft.record, insert, label });
  const { span } = lab;
  lab.undraft();
  shown.isEditing = false;
  await arrived(branch);
  lab.tab = "checks";
  const record = verdict?.record ?? draft.record;
  lab.select(record, record === draft.record ? span : undefined);
}

/** The window hears of a branch on another way than of what came of it. */
async function arrived(branch: string) {
  for (let n = 0; n < 200 && lab.branch !== branch; n++) await new Promise((resume) => setTimeout(resume, 5));
}

export type CopyForm = "hex" | "base64" | "pem" | "c";
export const COPY_FORMS: readonly CopyForm[] = ["hex", "base64", "pem", "c"];
export const FORM_NAMES: Record<CopyForm, [string, string]> = {
  hex: ["hex", "16進数"],
  base64: ["base64", "base64"],
  pem: ["PEM", "PEM"],
  c: ["C array", "Cの配列"],
};

/** Octets as a text; `name` is that of the field, for a C array and a PEM's label. */
export function copied(form: CopyForm, octets: Uint8Array, name: string): string {
  if (form === "hex") return hexOf(octets);
  if (form === "base64") return base64(octets);
  if (form === "pem") {
    const label = /certificate/i.test(name) ? "CERTIFICATE" : /publicKeyInfo/i.test(name) ? "PUBLIC KEY" : "DATA";
    return `-----BEGIN ${label}-----\n${base64(octets).replace(/.{64}/g, "$&\n").trimEnd()}\n-----END ${label}-----\n`;
  }
  const own = name.replace(/\W+/g, "_").replace(/^(?=\d)/, "_") || "octets";
  const lines = hexOf(octets)
    .replace(/../g, "0x$&, ")
    .replace(/(?:0x.., ){1,12}/g, (line) => `  ${line.trimEnd()}\n`);
  return `static const unsigned char ${own}[${octets.length}] = {\n${lines}};\n`;
}
