/** The tree of a message as rows: names, values, where a node lies, and which node holds an octet. */
import type { Both, Explained, Node as Plain } from "../engine/protocol";
import { bytesOf } from "../lib/hex";
import type { Span } from "./selection.svelte";

export interface Node extends Omit<Plain, "children"> {
  /** One sentence: what it means. */
  meaning?: Both;
  /** A remark of a word: "critical". */
  note?: string;
  children: readonly Node[];
}

/** Octets with their tree. */
export interface Part {
  label: string;
  octets: Uint8Array;
  nodes: readonly Node[];
}

/** A node among those around it. */
export interface Place {
  part: Part;
  node: Node;
  /** From the outermost to the node itself. */
  chain: readonly Node[];
}

/** A line of the tree. */
export interface Row extends Place {
  id: string;
  /** From 1. */
  level: number;
  open: boolean | undefined;
  position: number;
  siblings: number;
}

export function partsOf(explained: Explained, whole: string): Part[] {
  const parts = explained.parts.map(({ label, hex, nodes }) => ({ label, octets: bytesOf(hex), nodes }));
  // A message that is nothing but text has octets, too.
  return parts.some(({ label }) => label === "") || explained.json === undefined
    ? parts
    : [{ label: "", octets: bytesOf(whole), nodes: [] }, ...parts];
}

export const tagOf = ({ tag }: Node): string => (tag === 0 ? "" : tag.toString(16).toUpperCase().padStart(2, "0"));

/** A node's name; one that the standard gives none is called by its tag. */
export const nameOf = (node: Node): string => node.name || node.type || tagOf(node) || "–";

/** The octets that are chosen with a node: its value, or all of it where there is none. */
export function spanOf({ part, node, chain }: Place): Span {
  const { start, end } = node.value.end > node.value.start ? node.value : node.whole;
  return { part: part.label, start, end, path: chain.map(nameOf) };
}

/** A node's names as an edit has them: of several of one name under one parent `name[1]` is the second. */
export function fieldOf({ part, chain }: Place): string {
  const names = chain.map((node, n) => {
    const siblings = (n === 0 ? part.nodes : (chain[n - 1]?.children ?? [])) as readonly Node[];
    const own = node.name || node.type;
    if (own === "") return `[${siblings.indexOf(node)}]`;
    const alike = siblings.filter(({ name, type }) => (name || type) === own);
    return alike.length > 1 ? `${own}[${alike.indexOf(node)}]` : own;
  });
  // What a member of JSON holds goes by the member's name.
  return (part.label === "" ? names : [part.label, ...names.slice(1)]).join(".");
}

/** Nodes around an octet, from outside in. */
export function around(nodes: readonly Node[], start: number, end = start + 1): Node[] {
  const found: Node[] = [];
  let level = nodes;
  for (;;) {
    const next = level.find(({ whole }) => whole.start <= start && end <= whole.end && whole.end > whole.start);
    if (!next) return found;
    found.push(next);
    level = next.children;
  }
}

/** The node that a selection means: the one that was named, or the innermost that holds its octets. */
export function meant(parts: readonly Part[], span: Span | undefined): Place | undefined {
  const part = span && parts.find(({ label }) => label === span.part);
  if (!part) return undefined;
  let chain = around(part.nodes, span.start, Math.max(span.end, span.start + 1));
  if (span.path.length > 0 && span.path.length <= chain.length) chain = chain.slice(0, span.path.length);
  const node = chain.at(-1);
  return node && { part, node, chain };
}

/** The node with a name, wherever it is; the outermost of several. */
export function named(parts: readonly Part[], test: (node: Node) => boolean): Place | undefined {
  for (const part of parts) {
    let level: Node[][] = part.nodes.map((node) => [node]);
    while (level.length > 0) {
      const chain = level.find((chain) => test(chain[chain.length - 1] as Node));
      if (chain) return { part, chain, node: chain[chain.length - 1] as Node };
      level = level.flatMap((chain) => (chain.at(-1)?.children ?? []).map((child) => [...chain, child]));
    }
  }
  return undefined;
}

/** What a node comes to; one that only wraps another, as an extension does its value, comes to what that does. */
export function valueOf({ text, children }: Node): string {
  if (text !== "") return text;
  const inner = children.length === 1 ? children[0] : children.find(({ name }) => name === "extnValue");
  return inner?.text ?? "";
}

const DEEP = 2;
const MANY = 12;
const [BIT_STRING, OCTET_STRING] = [0x03, 0x04];

/** Whether a node stands open before the reader says otherwise: the outer ones, and inner ones that have no short form. */
export function isOpenAtFirst(node: Node, level: number, siblings: number): boolean {
  // Elements of a package, records of a file: one looks for one of them.
  if (level === 1 && siblings > MANY) return false;
  if (node.children.length > 40) return level === 1;
  if (level <= DEEP) return true;
  if (node.tag === BIT_STRING || node.tag === OCTET_STRING) return false;
  return valueOf(node) === "" && (node.name || node.type) !== "" && node.children.length <= 20 && level <= 5;
}

const idOf = (part: number, node: Node, depth: number) => `n${part}-${node.whole.start}-${node.whole.end}-${depth}`;

/** A member of JSON that holds a message of its own: the part with its name. */
function opened(parts: readonly Part[], part: Part, node: Node): number {
  if (part.label !== "" || node.tag !== 0 || node.children.length > 0) return -1;
  return parts.findIndex(({ label, nodes }) => label !== "" && label === node.name && nodes.length > 0);
}

/** Lines that show; `open` has what the reader has opened or closed. */
export function rowsOf(parts: readonly Part[], open: ReadonlyMap<string, boolean>): Row[] {
  const rows: Row[] = [];
  const shownInside = new Set<number>();
  const walk = (at: number, nodes: readonly Node[], above: readonly Node[], base: number) => {
    const part = parts[at] as Part;
    nodes.forEach((node, n) => {
      const chain = [...above, node];
      const level = above.length + base;
      const id = idOf(at, node, chain.length);
      const inside = opened(parts, part, node);
      if (inside >= 0) shownInside.add(inside);
      const isOpen =
        node.children.length > 0 || inside >= 0
          ? (open.get(id) ?? (inside >= 0 ? level === 1 : isOpenAtFirst(node, level, nodes.length)))
          : undefined;
      rows.push({ part, node, chain, id, level, open: isOpen, position: n + 1, siblings: nodes.length });
      if (!isOpen) return;
      if (inside >= 0) walk(inside, (parts[inside] as Part).nodes, [], level + 1);
      else walk(at, node.children, chain, base);
    });
  };
  parts.forEach((part, at) => {
    if (!shownInside.has(at)) walk(at, part.nodes, [], 1);
  });
  return rows;
}

/** Identifiers of the nodes above a place. */
export function idsAbove(parts: readonly Part[], { part, chain }: Place): string[] {
  const at = parts.indexOf(part);
  const above = chain.slice(0, -1).map((node, n) => idOf(at, node, n + 1));
  const outer = part.label === "" ? undefined : memberOf(parts, part.label);
  return outer ? [...idsAbove(parts, outer), idOfPlace(parts, outer), ...above] : above;
}

function memberOf(parts: readonly Part[], label: string): Place | undefined {
  const text = parts.filter((part) => part.label === "");
  return named(text, (node) => node.tag === 0 && node.name === label && node.children.length === 0);
}

export const idOfPlace = (parts: readonly Part[], { part, chain, node }: Place): string =>
  idOf(parts.indexOf(part), node, chain.length);

/** A long value in the middle of which something is left out; all of it is in the octets. */
export function short(text: string, most = 40, mostDigits = most): string {
  const isHex = /^[0-9A-F]+$/i.test(text);
  if (text.length <= (isHex ? mostDigits : most)) return text;
  return isHex ? `${text.slice(0, 8)}…${text.slice(-6)}` : `${text.slice(0, most - 1)}…`;
}

/** Where octets stand in others; -1 if they do not. */
export function indexOf(octets: Uint8Array, wanted: Uint8Array, from = 0): number {
  if (wanted.length === 0) return -1;
  const first = wanted[0] as number;
  for (let at = octets.indexOf(first, from); at >= 0; at = octets.indexOf(first, at + 1)) {
    if (at + wanted.length > octets.length) return -1;
    let n = 1;
    while (n < wanted.length && octets[at + n] === wanted[n]) n++;
    if (n === wanted.length) return at;
  }
  return -1;
}

/** Where octets begin and cease to differ from others: `end` counts in `now`. */
export function differing(was: Uint8Array, now: Uint8Array): { start: number; end: number } {
  let [start, end] = [0, 0];
  while (start < now.length && now[start] === was[start]) start++;
  while (end < Math.min(now.length, was.length) - start && now.at(-1 - end) === was.at(-1 - end)) end++;
  return { start, end: now.length - end };
}

/** Octets that differ, with what they were. */
export function changesOf(was: Uint8Array, now: Uint8Array): Map<number, { was: number; now: number }> {
  const changes = new Map<number, { was: number; now: number }>();
  const { start, end } = differing(was, now);
  for (let at = start; at < end; at++) {
    const [before, after] = [was[at], now[at]];
    if (after !== undefined && before !== after) changes.set(at, { was: before ?? after, now: after });
  }
  return changes;
}
