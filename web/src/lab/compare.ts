/** Two messages value by value, by the names of their trees. */
import { type Part, nameOf } from "./tree";

/** A value of a message. */
export interface Leaf {
  path: string;
  name: string;
  octets: Uint8Array;
  start: number;
}
function leavesOf(parts: readonly Part[], whole: string): Leaf[] {
  const leaves: Leaf[] = [];
  for (const part of parts) {
    if (part.nodes.length === 0) {
      leaves.push({
        path: part.label,
        name: part.label || whole,
        octets: part.octets,
        start: 0,
      });
      continue;
    }
    const walk = (nodes: Part["nodes"], above: string, prefix: string) => {
      nodes.forEach((node) => {
        const own = `${above}/${nameOf(node)}`;
        const name = prefix === "" ? nameOf(node) : `${prefix} › ${nameOf(node)}`;
        if (node.children.length > 0) walk(node.children, own, nameOf(node));
        else {
          const octets = part.octets.subarray(node.value.start, node.value.end);
          leaves.push({ path: `${part.label}${own}`, name, octets, start: node.value.start });
        }
      });
    };
    walk(part.nodes, "", "");
  }
  return leaves;
}
/** A value that differs, or a run of those that do not. */
export type Line = { name: string; a: Leaf | undefined; b: Leaf | undefined } | { equal: number; names: string };
const sameOctets = (a: Uint8Array, b: Uint8Array) => a.length === b.length && a.every((octet, n) => octet === b[n]);
/** Values of both, in order; runs of equal ones are folded. */
export function linesOf(a: readonly Part[], b: readonly Part[], whole: string): Line[] {
  const left = leavesOf(a, whole);
  const right = leavesOf(b, whole);
  const waiting = new Map<string, Leaf[]>();
  for (const leaf of right) waiting.set(leaf.path, [...(waiting.get(leaf.path) ?? []), leaf]);
  const lines: Line[] = [];
  let equal: string[] = [];
  const flush = () => {
    if (equal.length > 0)
      lines.push({ equal: equal.length, names: `${equal[0]}${equal.length > 1 ? ` … ${equal.at(-1)}` : ""}` });
    equal = [];
  };
  for (const own of left) {
    const other = waiting.get(own.path)?.shift();
    if (other && sameOctets(own.octets, other.octets)) {
      equal.push(own.name);
      continue;
    }
    flush();
    lines.push({ name: own.name, a: own, b: other });
  }
  flush();
  for (const rest of waiting.values()) for (const own of rest) lines.push({ name: own.name, a: undefined, b: own });
  return lines;
}
