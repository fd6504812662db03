/** The list of orders: a page of it, or what matches a search. The SM searches; where it looks through many, it is asked on. */
import { sentence } from "../lib/sentence";
import type { OrderView, State } from "./messages";
import { session } from "./session.svelte";
import { Busy, type Sm, Unreachable } from "./sm";

/** Orders on a page of the list. */
const SHOWN = 50;
/** Requests before the reader is asked whether to go on. */
const STRETCH = 20;

export interface Found {
  orders: OrderView[];
  /** Where to go on, if there may be more. */
  next?: string | undefined;
  /** Requests that it took. */
  asked: number;
  /** What the SM cannot read of it. */
  missing: string[];
  /** Why it ended early: what has been found until then stays. */
  broken?: unknown;
}

class Orders {
  state = $state<State>();
  query = $state("");
  found = $state.raw<Found>();
  /** It takes more than one request. */
  looking = $state(false);
  error = $state<string>();
  at = $state<Date>();
  /** Where the pages before this one began. */
  #before = $state.raw<(string | undefined)[]>([]);
  #after: string | undefined;
  #run = 0;
  /** Whether the last run is under way. */
  #busy = false;
  /** Whether it has come to nothing. */
  #failed = false;

  get page(): number {
    return this.#before.length + 1;
  }

  /** From the beginning, with state and query as they are now. */
  search = async () => {
    this.#before = [];
    this.#after = undefined;
    this.found = undefined;
    await this.refresh();
  };

  forward = async () => {
    const next = this.found?.next;
    if (next === undefined) return;
    // Asked for again before it has come, it is the same page.
    if (next !== this.#after) {
      this.#before = [...this.#before, this.#after];
      this.#after = next;
    }
    await this.refresh();
  };

  back = async () => {
    if (this.#before.length === 0) return;
    this.#after = this.#before.at(-1);
    this.#before = this.#before.slice(0, -1);
    await this.refresh();
  };

  /** The same page, as it is now; what was being looked for is not any more. */
  refresh = async () => {
    const run = ++this.#run;
    this.#busy = true;
    const goOn = () => {
      if (run === this.#run) this.looking = true;
      return run === this.#run;
    };
    try {
      const found = await session.call((sm) =>
        find(sm, { state: this.state, search: this.query.trim(), after: this.#after }, goOn),
      );
      if (run !== this.#run) return;
      this.found = found;
      this.at = new Date();
      this.error = found.broken === undefined ? undefined : sentence(found.broken);
      this.#failed = false;
    } catch (error) {
      if (run !== this.#run) return;
      // That nobody answers is said once, above everything.
      this.error = error instanceof Unreachable ? undefined : sentence(error);
      this.#failed = true;
    }
    this.looking = false;
    this.#busy = false;
  };

  /** The same page as time passes: what failed, and what costs one request; no look that is under way ends for it. */
  beat = async () => {
    if (!this.#busy && (this.#failed || (this.found?.asked ?? 0) <= 1)) await this.refresh();
  };

  forget() {
    this.#run++;
    this.#busy = false;
    this.#failed = false;
    this.#before = [];
    this.#after = undefined;
    this.found = undefined;
    this.looking = false;
    this.error = undefined;
    this.query = "";
    this.state = undefined;
  }
}

interface Wish {
  state: State | undefined;
  search: string;
  after: string | undefined;
}

async function find(sm: Sm, wish: Wish, goOn: () => boolean): Promise<Found> {
  const found: Found = { orders: [], next: wish.after, asked: 0, missing: [] };
  do {
    try {
      const limit = SHOWN - found.orders.length;
      const { orders, next, missing = [] } = await sm.orders({ ...wish, after: found.next, limit });
      found.orders.push(...orders);
      found.missing = [...new Set([...found.missing, ...missing])];
      found.next = next;
      found.asked++;
    } catch (broken) {
      if (found.asked === 0 || !(broken instanceof Unreachable || broken instanceof Busy)) throw broken;
      return { ...found, broken };
    }
  } while (found.next !== undefined && found.orders.length < SHOWN && found.asked < STRETCH && goOn());
  return found;
}

export const orders = new Orders();
