/**
 * What the reader did since the device left the factory, in order. A seed, a clock and a journal reproduce a world,
 * so the three together are the permalink. `#seed=7&step=12` is the usual beginning: the radio goes on, a profile is
 * ordered, and its download takes twelve steps.
 */
import type { Answer, Subscriber } from "./world";

export type Op =
  | ["order", Subscriber]
  | ["code", string]
  | ["step", number]
  | ["answer", Answer]
  | ["enable", string]
  | ["disable", string]
  | ["delete", string]
  | ["name", string, string]
  | ["notify"]
  | ["attach"]
  | ["radio-off"]
  | ["wifi", boolean]
  | ["apn", string]
  | ["browse", string]
  | ["call"]
  | ["text", string, string]
  | ["supplementary"]
  | ["fall-back"]
  | ["rules", string];

export interface Replay {
  seed: number;
  now: number;
  ops: Op[];
}

/** The clock of a link that names none. */
export const LINK_CLOCK = 1_767_225_600;

/** Joins consecutive steps, so that a journal stays as short as the story. */
export function recorded(ops: readonly Op[], op: Op): Op[] {
  const last = ops.at(-1);
  if (op[0] === "step" && last?.[0] === "step") return [...ops.slice(0, -1), ["step", last[1] + op[1]]];
  return [...ops, op];
}

const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

export function toHash({ seed, now, ops }: Replay, usual: Subscriber): string {
  const hash = new URLSearchParams({ seed: String(seed) });
  let rest = [...ops];
  const order = rest[1];
  if (rest[0]?.[0] === "attach" && order?.[0] === "order") {
    if (!same(order[1], usual)) hash.set("order", JSON.stringify(order[1]));
    rest = rest.slice(2);
    let steps = 0;
    while (rest[0]?.[0] === "step" || (rest[0]?.[0] === "answer" && isUsual(rest[0][1]))) {
      if (rest[0][0] === "step") steps += rest[0][1];
      rest = rest.slice(1);
    }
    hash.set("step", String(steps));
  }
  if (rest.length > 0) hash.set("then", JSON.stringify(rest));
  if (now !== LINK_CLOCK) hash.set("now", String(now));
  return `#${hash}`;
}

/** `undefined` if the hash is no replay; throws on one that cannot be read. */
export function fromHash(hash: string, usual: Subscriber): Replay | undefined {
  const fields = new URLSearchParams(hash.replace(/^#/, ""));
  const seed = fields.get("seed");
  if (seed === null) return undefined;
  const ops: Op[] = [];
  const step = fields.get("step");
  if (step !== null) {
    const order = fields.get("order");
    ops.push(["attach"], ["order", order ? (JSON.parse(order) as Subscriber) : usual], ["step", whole(step)]);
  }
  const then = JSON.parse(fields.get("then") ?? "[]") as Op[];
  if (!Array.isArray(then)) throw new TypeError("“then” is not a list");
  return { seed: whole(seed), now: whole(fields.get("now") ?? String(LINK_CLOCK)), ops: [...ops, ...then] };
}

/** The answer that a replay gives by itself when it steps on. */
function isUsual(answer: Answer): boolean {
  return answer.kind === "consent" && answer.accept === true;
}

function whole(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new RangeError(`“${text}” is not a number`);
  return Number(text);
}
