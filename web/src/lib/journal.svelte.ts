/** What was done in the world, and what has come of it. The way back is kept with each act. */
import { type Chapter, chaptersOf } from "./chapters";
import { both } from "./language.svelte";
import { session } from "./session.svelte";
import type { Act, Attempt, Both, Done, Download, Order, Performed, Picture, Snapshot } from "./world";
import { kindOf } from "./world";

/** Something that was tried over the radio. */
export interface Tried {
  /** Number, from 0. */
  n: number;
  act: Act;
  attempt: Attempt;
  /** What the network took the subscriber for. */
  as: Picture["class"];
}

/** An act, and what has come of it. */
interface Deed extends Performed {
  act: Act;
  /** The world before it; of steps in a row, before the first. None where nobody can go back. */
  before?: Snapshot | undefined;
}

/** What the reader must be told beside the phone, the sheet of the download and the list of attempts. */
export const isFault = ({ good, done }: Performed) =>
  !good && !["radio", "service", "download", "rulesRefused"].includes(done.kind);

class Journal {
  #deeds = $state.raw<Deed[]>([]);
  /** Acts that the page has done by itself when the world began: they stay. */
  #floor = $state(0);

  /** Another world, in which this was done already. */
  begin(done: readonly Deed[]) {
    for (const { before } of this.#deeds) before?.free();
    this.#deeds = [...done];
    this.settle();
  }

  /** What was done so far is not taken back. */
  settle() {
    this.#floor = this.#deeds.length;
  }

  async perform(act: Act): Promise<Performed> {
    const isFurther = kindOf(act) === "step" && kindOf(this.#deeds.at(-1)?.act ?? "list") === "step";
    const before = isFurther ? undefined : session.world.snapshot();
    let performed: Performed;
    try {
      performed = await session.world.perform(act);
    } catch (error) {
      before?.free();
      throw error;
    }
    this.#deeds = [...this.#deeds, { act, before, ...performed }];
    if (kindOf(act) !== "step" || this.step?.outcome) session.ordersChange();
    return performed;
  }

  /** The same; throws what the reader must be told. */
  async do(act: Act): Promise<Performed> {
    const performed = await this.perform(act);
    if (isFault(performed)) throw new Error(both(performed.outcome));
    return performed;
  }

  /** What would be taken back; nothing at the beginning, and where the SM is outside. */
  get last(): Both | undefined {
    return this.#deeds.slice(this.#floor).findLast(({ before }) => before !== undefined)?.what;
  }

  /** Goes back to before the last act; what is done then is another branch. */
  takeBack() {
    const at = this.#deeds.findLastIndex(({ before }) => before !== undefined);
    const snapshot = this.#deeds[at]?.before;
    if (at < this.#floor || !snapshot) return;
    session.world.restore(snapshot);
    snapshot.free();
    this.#deeds = this.#deeds.slice(0, at);
    session.rewound();
  }

  /** Whether nothing was done since the device left the factory. */
  get isFresh(): boolean {
    return this.#deeds.every(({ act }) => act === "leave-factory");
  }

  get chapters(): Chapter[] {
    return chaptersOf(this.#deeds);
  }

  /** What the reader has tried over the radio, the newest first. */
  get tried(): Tried[] {
    return this.#deeds
      .flatMap(({ act, done, class: as }, n) => (done.kind === "radio" ? [{ n, act, attempt: done, as }] : []))
      .reverse();
  }

  /** The rules that were put in force last, as they were written. */
  get rules(): string | undefined {
    const act = this.#deeds.findLast(({ done }) => done.kind === "rulesTaken")?.act;
    return typeof act === "object" && "rules" in act && typeof act.rules === "string" ? act.rules : undefined;
  }

  /** How far the download is that was begun last. */
  get step(): Download | undefined {
    return this.#last((done) => (done.kind === "download" ? done : undefined));
  }

  get underWay(): boolean {
    return this.step !== undefined && !this.step.outcome;
  }

  /** What the download begun last was begun with: an activation code, or nothing for the order before it. */
  get code(): string | undefined {
    const begun = this.#deeds.map(({ act }) => act).findLast((act) => typeof act === "object" && "begin" in act);
    return typeof begun === "object" && "begin" in begun ? begun.begin : undefined;
  }

  /** The order of the download that was begun last, if it was made here. */
  get order(): Order | undefined {
    const made = this.#last((done) => (done.kind === "ordered" ? done.order : undefined));
    return this.code === "" ? session.orders.find((order) => order.iccid === made?.iccid) : undefined;
  }

  /** The profile on the card that was downloaded last. */
  get newest() {
    const known = session.phone?.profiles ?? [];
    const order = this.order;
    return order ? known.find((profile) => profile.iccid === order.iccid) : known.at(-1);
  }

  #last<T>(pick: (done: Done) => T | undefined): T | undefined {
    for (const { done } of this.#deeds.toReversed()) {
      const found = pick(done);
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

export const journal = new Journal();
