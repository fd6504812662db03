/** What a scene is made of. Scenes are data; the stage draws any of them. */
import type { Diversion, Explained, Node, TraceRecord } from "../engine/protocol";
import type { Mark } from "../engine/story";

export type Pair = readonly [en: string, ja: string];

/** A message of the story: the `nth` of this function after a chapter's beginning. */
export interface Pick {
  after: Mark;
  function: string;
  interface?: string;
  nth?: number;
}

/** Who can stand on the stage. */
export type Actor = "card" | "lpa" | "modem" | "mme" | "gateway" | "policy" | "internet" | "sm" | "operator" | "hss";

/** A moment: something goes from one to the other, or nothing does. */
export interface Step {
  label: Pair;
  /** What travels, and its name if it is not the function's. */
  message?: Pick;
  from?: Actor;
  to?: Actor;
  /** Locked: whoever carries it cannot read it. */
  isLocked?: boolean;
  /** It does not arrive: whoever refuses it says so. */
  isBarred?: boolean;
  screen: { title: Pair; line: Pair; done?: number };
}

/** What somebody sees of something. */
export interface Lens {
  of: Actor;
  /** Open eye: it reads; shut: octets alone. */
  isOpen: boolean;
  what: Pair;
  /** Octets or words: a field of a message, or a fixed text. */
  value: { field: string; of: Pick } | { text: Pair };
}

export interface Field {
  /** Name in the tree; the first of that name. */
  name: string;
  /** As shown, if it is not the name. */
  shown?: string;
  text: Pair;
}

/** Something that can be done to the story here. */
export interface Break {
  id: string;
  name: Pair;
  /** One line: where. */
  where: Pair;
  make: (at: Makers) => Promise<Omit<Diversion, "label">>;
}

/** What breaks are made with. */
export interface Makers {
  /** The number of a message. */
  number: (pick: Pick) => number;
  /** Octet of a field's value in a message. */
  octet: (pick: Pick, field: string) => Promise<number>;
  /** The number of the first deed of a chapter. */
  deed: (mark: Mark) => number;
  /** The first message from a number on of which this is so. */
  from: (n: number, is: (record: TraceRecord) => boolean) => number;
}

export interface Scene {
  id: string;
  short: Pair;
  question: Pair;
  /** At most 60 words; `{key|word}` is a term. */
  text: Pair;
  actors: readonly Actor[];
  steps: readonly Step[];
  lenses: readonly Lens[];
  /** The one message that matters, and three of its fields. */
  main: Pick;
  fields: readonly Field[];
  /** Lines below the pipe: what hides what. */
  legend?: readonly { kind: "es9" | "es8" | "nas" | "es10"; text: Pair }[];
  breaks: readonly Break[];
}

/** The number of a message in the story; -1 if there is none. */
export function find(records: readonly TraceRecord[], start: number, pick: Pick): number {
  let left = pick.nth ?? 0;
  for (let n = start; n < records.length; n++) {
    const record = records[n];
    if (record?.function !== pick.function || (pick.interface !== undefined && record.interface !== pick.interface))
      continue;
    if (left-- === 0) return n;
  }
  return -1;
}

/** The first node of a name, with the octets that it lies in. */
export function field(explained: Explained, name: string): { node: Node; hex: string } | undefined {
  for (const { nodes, hex } of explained.parts) {
    const node = within(nodes, name);
    if (node) return { node, hex };
  }
  return undefined;
}

function within(nodes: readonly Node[], name: string): Node | undefined {
  for (const node of nodes) {
    // Names of Diameter carry their code: `MSISDN (701)`.
    const isIt = node.name === name || node.type === name || node.name.startsWith(`${name} (`);
    const found = isIt ? node : within(node.children, name);
    if (found) return found;
  }
  return undefined;
}

/** The value in words, if it is no octets and short. */
export function words({ children, text }: Node): string | undefined {
  const isWord = children.length === 0 && /[^0-9A-F]/.test(text) && text.length <= 30;
  return isWord ? text.replace(/^"(.*)"$/, "$1") : undefined;
}

/** `5F 37 40 …` of a part of octets. */
export function octets(hex: string, start: number, end: number, most: number): string {
  const shown = hex.slice(2 * start, 2 * Math.min(end, start + most)).toUpperCase();
  return (shown.match(/../g) ?? []).join(" ") + (end - start > most ? " …" : "");
}

/** Words of a text, terms counted as they are shown. */
export function plain(text: string): string {
  return text.replace(/\{[a-z]+\|([^}]*)\}/g, "$1").replaceAll("**", "");
}

/** A text in pieces: plain, bold, or a term. */
export function pieces(text: string): { text: string; term?: string; isBold?: boolean }[] {
  return text
    .split(/(\{[a-z]+\|[^}]*\}|\*\*[^*]+\*\*)/)
    .filter((piece) => piece !== "")
    .map((piece) => {
      const term = /^\{([a-z]+)\|([^}]*)\}$/.exec(piece);
      if (term) return { text: term[2] ?? "", term: term[1] ?? "" };
      const bold = /^\*\*([^*]+)\*\*$/.exec(piece);
      return bold ? { text: bold[1] ?? "", isBold: true } : { text: piece };
    });
}
