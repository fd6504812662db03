/** Where values of messages occur first: read message by message, no further than was asked. */
import type { Breath } from "./filter";
import type { Explained, Node, SameAs } from "./protocol";
import type { Branch } from "./session";

/** Octets: shorter ones are the same by chance, longer ones are told by what is in them. */
const [LEAST, MOST] = [8, 256];

type Leaf = { part: string; start: number; end: number; digits: string };

function* leavesOf({ parts }: Explained): Generator<Leaf> {
  for (const { label, hex, nodes } of parts) {
    const waiting: Node[] = [...nodes];
    for (let node = waiting.pop(); node; node = waiting.pop()) {
      const { start, end } = node.value;
      if (node.children.length > 0) waiting.push(...node.children);
      else if (end - start >= LEAST && end - start <= MOST)
        yield { part: label, start, end, digits: hex.slice(2 * start, 2 * end).toLowerCase() };
    }
  }
}

/** All of one octet says nothing. */
const isPlain = (digits: string) => digits.startsWith(digits.slice(0, 2).repeat(LEAST));

export class Values {
  readonly #known = new Map<Branch, { upTo: number; first: Map<string, number> }>();
  readonly #explain: (n: number, branch: Branch) => Explained;

  constructor(explain: (n: number, branch: Branch) => Explained) {
    this.#explain = explain;
  }

  /** Values of a message that an earlier one has, with the first that has them. APDUs are pieces of messages: they do not count. */
  async sameAs(n: number, branch: Branch, breathe: Breath): Promise<SameAs[]> {
    let known = this.#known.get(branch);
    if (!known) {
      if (this.#known.size > 8) this.#known.clear();
      known = { upTo: 0, first: new Map() };
      this.#known.set(branch, known);
    }
    for (; known.upTo < n; known.upTo++) {
      const record = branch.records[known.upTo];
      if (!record || record.interface === "APDU") continue;
      for (const { digits } of leavesOf(this.#explain(known.upTo, branch)))
        if (!known.first.has(digits) && !isPlain(digits)) known.first.set(digits, known.upTo);
      await breathe();
    }
    const same: SameAs[] = [];
    for (const { part, start, end, digits } of leavesOf(this.#explain(n, branch))) {
      const record = known.first.get(digits);
      if (record !== undefined && record < n) same.push({ part, start, end, record });
    }
    return same;
  }
}
