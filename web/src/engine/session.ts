/** One world with its branches, in the worker. */
import type { Act, Both, Explained, Performed, Snapshot, TraceRecord, World } from "../pkg/esim_lab.js";
import { nameOfCode } from "./code";
import { Values } from "./values";
import type { BranchView, ChecksOf, Deed, Diversion, Verdict } from "./protocol";

/** An act that was performed, and the world after it. */
interface Step {
  act: Act;
  performed: Performed;
  after: Snapshot | undefined;
}

/** A way that was gone. Steps of before the fork are the parent's own. */
export interface Branch {
  id: string;
  parent: Branch | undefined;
  fork: number;
  steps: Step[];
  records: TraceRecord[];
  label: Both | undefined;
  verdict: Verdict | undefined;
  /** What is still to be done where a break point has stopped it. */
  rest?: readonly Coming[];
}

/** An act to come, and whether it came out well where it was done before. */
interface Coming {
  act: Act;
  wasGood: boolean;
}

type Tick = (done: number, of: number) => Promise<void>;

export const sameAct = (a: Act, b: Act) => JSON.stringify(a) === JSON.stringify(b);

/** A way back is wanted, and there is none: its SM is somebody else's. */
export class NoWayBack extends Error {}

const letter = (n: number): string =>
  n < 26 ? String.fromCharCode(65 + n) : `${letter(Math.floor(n / 26) - 1)}${letter(n % 26)}`;

const EXPLAINED = 200;

export class Session {
  readonly branches: Branch[];
  branch: Branch;
  /** Deeds that are done. */
  at = 0;
  floor = 0;
  #made = 1;
  readonly #begin: Snapshot | undefined;
  readonly #world: World;
  readonly #explained = new Map<string, Explained>();
  readonly values = new Values((n, branch) => this.#explain(branch.records[n] as TraceRecord));
  readonly #explain: (record: TraceRecord) => Explained;

  constructor(world: World, explain: (record: TraceRecord) => Explained) {
    this.#world = world;
    this.#explain = explain;
    this.#begin = world.snapshot();
    this.branch = { id: "A", parent: undefined, fork: 0, steps: [], records: [], label: undefined, verdict: undefined };
    this.branches = [this.branch];
  }

  get world(): World {
    return this.#world;
  }

  get canGoBack(): boolean {
    return this.#begin !== undefined;
  }

  free() {
    for (const step of new Set(this.branches.flatMap(({ steps }) => steps))) step.after?.free();
    this.#begin?.free();
    this.#world.free();
  }

  named(id: string | undefined): Branch {
    const found = id === undefined ? this.branch : this.branches.find((branch) => branch.id === id);
    if (!found) throw new Error(`there is no branch ${id}`);
    return found;
  }

  /** Performs an act; done elsewhere than at the end of the branch, it makes another branch, or is the deed that comes next. */
  async perform(act: Act): Promise<Performed> {
    const next = this.branch.steps[this.at];
    if (next && sameAct(next.act, act)) {
      this.goTo(this.at + 1);
      return next.performed;
    }
    if (next) this.#forkHere(undefined);
    return this.append(act);
  }

  /** Performs an act at the end of the branch. */
  async append(act: Act): Promise<Performed> {
    const from = this.#world.traceLength();
    const performed = await this.#world.perform(act);
    this.branch.steps.push({ act, performed, after: this.#begin && this.#world.snapshot() });
    this.branch.records.push(...this.#world.trace(from));
    this.at = this.branch.steps.length;
    return performed;
  }

  #forkHere(label: Both | undefined): Branch {
    const parent = this.branch;
    const steps = parent.steps.slice(0, this.at);
    const records = parent.records.slice(0, this.length);
    this.branch = { id: letter(this.#made++), parent, fork: this.at, steps, records, label, verdict: undefined };
    this.branches.push(this.branch);
    return this.branch;
  }

  /** A branch of another one, as it was kept. */
  fork(parent: string, at: number, id: string, label: Both | undefined) {
    this.choose(parent, at);
    this.#forkHere(label).id = id;
  }

  /** What refuses in this branch, of all that its parent does not have. */
  judge(): Verdict | undefined {
    const { branch } = this;
    if (!branch.parent) return undefined;
    for (const { performed } of branch.steps.slice(branch.fork)) {
      const verdict = this.#verdict(branch, performed, branch.parent, true);
      if (verdict) return { ...verdict, outcome: branch.steps.at(-1)?.performed.outcome ?? verdict.outcome };
    }
    return undefined;
  }

  /** Messages at the playhead. */
  get length(): number {
    return this.branch.steps[this.at - 1]?.performed.records[1] ?? 0;
  }

  /** Puts the world to where so many deeds of the branch are done. */
  goTo(at: number) {
    const to = Math.max(0, Math.min(at, this.branch.steps.length));
    if (to === this.at) return;
    this.#restore(this.branch, to);
    this.at = to;
  }

  #restore(branch: Branch, at: number) {
    const snapshot = at === 0 ? this.#begin : branch.steps[at - 1]?.after;
    if (!snapshot) throw new NoWayBack();
    this.#world.restore(snapshot);
  }

  /** Looks at another branch, at its end, or where it leaves the one before. */
  choose(id: string, at?: number) {
    const branch = this.named(id);
    const to = at ?? branch.steps.length;
    this.#restore(branch, to);
    this.branch = branch;
    this.at = to;
  }

  /** A branch goes, with those that come from it. The first one stays. */
  drop(id: string) {
    const gone = this.named(id);
    if (!gone.parent) return;
    const isGone = (branch: Branch | undefined): boolean =>
      branch !== undefined && (branch === gone || isGone(branch.parent));
    const stays = this.branches.filter((branch) => !isGone(branch));
    if (isGone(this.branch)) this.choose(gone.parent.id, gone.fork);
    const kept = new Set(stays.flatMap(({ steps }) => steps));
    for (const branch of this.branches.filter(isGone))
      for (const step of branch.steps) if (!kept.has(step)) step.after?.free();
    this.branches.splice(0, this.branches.length, ...stays);
  }

  /** The world at the end of a branch, and back. */
  atEnd<T>(id: string | undefined, look: (world: World) => T): T {
    const branch = this.named(id);
    if (!this.canGoBack) return look(this.#world);
    this.#restore(branch, branch.steps.length);
    try {
      return look(this.#world);
    } finally {
      this.#restore(this.branch, this.at);
    }
  }

  /** The number of the deed that has sent a message. */
  deedOf(record: number, branch = this.branch): number {
    return branch.steps.findIndex(({ performed: { records } }) => records[0] <= record && record < records[1]);
  }

  /** From a message or deed on something else happens; the branch goes on until somebody refuses, or to its end. */
  async divert({ record, deed, insert = [], instead, code, label }: Diversion, tick: Tick) {
    const parent = this.branch;
    const at = deed ?? this.deedOf(record ?? -1);
    if (at < 0 || at > parent.steps.length) throw new Error(`no deed has sent message ${record}`);
    const rest = parent.steps.slice(at);
    this.#restore(parent, at);
    this.at = at;
    const branch = this.#forkHere(label);
    for (const act of insert) await this.append(act);
    const acts = rest.map(({ act, performed }) => ({ act, wasGood: performed.good }));
    if (instead !== undefined && acts[0]) acts[0].act = instead;
    await this.#playOn(branch, parent, acts, code, tick);
    return branch;
  }

  /** A branch that a break point has stopped goes on, and does what its parent did after it. */
  async goOn(tick: Tick): Promise<Branch> {
    const { branch } = this;
    if (this.at < branch.steps.length) this.goTo(branch.steps.length);
    const { rest = [] } = branch;
    delete branch.rest;
    await this.#playOn(branch, branch.parent ?? branch, [{ act: "go-on", wasGood: true }, ...rest], undefined, tick);
    return branch;
  }

  async #playOn(branch: Branch, parent: Branch, acts: readonly Coming[], code: string | undefined, tick: Tick) {
    for (const [n, { act, wasGood }] of acts.entries()) {
      let performed: Performed;
      try {
        performed = await this.append(act);
        const { done } = performed;
        if (code !== undefined && done.kind === "download" && done.question?.kind === "confirmationCode")
          performed = await this.append({ answer: { code } });
      } catch (error) {
        // The act makes no sense in a world that went another way: the branch ends here.
        branch.verdict ??= this.#ended(branch, error);
        break;
      }
      if (performed.done.kind === "stopped") {
        branch.rest = acts.slice(n + 1);
        break;
      }
      branch.verdict ??= this.#verdict(branch, performed, parent, wasGood);
      const isOver = !performed.good && wasGood;
      const hasEnded = performed.done.kind === "download" && performed.done.outcome !== undefined;
      if (branch.verdict && (isOver || hasEnded || performed.done.kind !== "download")) {
        branch.verdict.outcome = performed.outcome;
        break;
      }
      await tick(n + 1, acts.length);
    }
  }

  #ended(branch: Branch, error: unknown): Verdict {
    const said = error instanceof Error ? error.message : String(error);
    const last = branch.steps.at(-1)?.performed;
    const outcome = last && !last.good ? last.outcome : { en: said, ja: said };
    return {
      party: undefined,
      record: undefined,
      answer: undefined,
      code: "",
      check: undefined,
      number: 0,
      of: 0,
      outcome,
    };
  }

  #verdict(branch: Branch, performed: Performed, parent: Branch, wasGood: boolean): Verdict | undefined {
    const usual = new Set(
      parent.steps.flatMap(({ performed: { checks = [] } }) =>
        checks.filter(({ passed }) => !passed).map(({ party, clause, what }) => [party, clause, what].join()),
      ),
    );
    const failed = performed.checks?.find(
      ({ passed, party, clause, what }) => !passed && !usual.has([party, clause, what].join()),
    );
    if (!failed) {
      if (performed.good || !wasGood) return undefined;
      const none = { party: undefined, record: undefined, answer: undefined, check: undefined, number: 0, of: 0 };
      return { ...none, code: "", outcome: performed.outcome };
    }
    const record = failed.record ?? undefined;
    const { made, notMade, failed: number } = this.checks(record ?? -1, branch, failed.party);
    const answer = branch.records.find(
      ({ n, from, interface: at }) => n > (record ?? -1) && from === failed.party && at !== "APDU",
    );
    const code = answer ? nameOfCode(this.explain(answer.n, branch)) : "";
    const of = made.length + notMade.length;
    return {
      party: failed.party,
      record,
      answer: answer?.n,
      code,
      check: failed,
      number,
      of,
      outcome: performed.outcome,
    };
  }

  /** What was verified of a message; what was not reached is known from the branch that this one leaves. */
  checks(record: number, branch = this.branch, party?: string): ChecksOf {
    const of = (of: Branch) =>
      of.steps
        .filter(({ performed: { records } }) => records[0] <= record && record < records[1])
        .flatMap(({ performed: { checks = [] } }) =>
          checks.filter((check) => check.record === record && (party === undefined || check.party === party)),
        );
    const made = of(branch);
    const failed = made.findIndex(({ passed }) => !passed) + 1;
    const before = failed > 0 && branch.parent ? of(branch.parent) : [];
    return { made, notMade: before.slice(made.length), failed };
  }

  explain(n: number, branch = this.branch): Explained {
    const record = branch.records[n];
    if (!record) throw new Error(`there is no message ${n}`);
    const key = `${branch.id} ${n}`;
    let found = this.#explained.get(key);
    if (!found) {
      found = this.#inContext(n, branch) ?? this.#explain(record);
      if (this.#explained.size >= EXPLAINED) this.#explained.clear();
      this.#explained.set(key, found);
    }
    return found;
  }

  /** Messages around it tell what an APDU answers, and of which package a segment is. */
  #inContext(n: number, branch: Branch): Explained | undefined {
    if (branch.steps.length === 0) return undefined;
    if (branch === this.branch && n < this.length) return this.#world.explain(n);
    return this.canGoBack ? this.atEnd(branch.id, (world) => world.explain(n)) : undefined;
  }

  get deeds(): Deed[] {
    return this.branch.steps.map(({ act, performed }) => {
      const { what, outcome, good, done, records, class: as, tampered = [] } = performed;
      return { act, what, outcome, good, done, records, class: as, tampered };
    });
  }

  get views(): BranchView[] {
    return this.branches.map(({ id, parent, fork, steps, records, label, verdict }) => ({
      id,
      parent: parent?.id,
      fork,
      deeds: steps.length,
      records: records.length,
      label,
      verdict,
    }));
  }
}
