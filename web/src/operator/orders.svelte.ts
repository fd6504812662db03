/**
 * The list of orders: a page of it, or what matches a search. The SM gives pages by ICCID; it finds one ICCID or one
 * matchingId at once. For anything else pages are looked through here, a stretch at a time.
 */
import { sentence } from "../lib/world";
import type { OrderView, Page, State } from "./messages";
import { session } from "./session.svelte";
import { Busy, type Sm, Refused, Unreachable } from "./sm";

/** Orders on a page of the list. */
const SHOWN = 50;
/** Orders in a request while looking through: on the edge each is an object to be asked. */
const STRIDE = 100;
/** Orders looked through before the reader is asked whether to go on. */
const STRETCH = 10_000;

export interface Found {
  orders: OrderView[];
  /** Where to go on, if there may be more. */
  next?: string | undefined;
  /** Orders looked at: of all orders those that this operator may see. */
  seen: number;
  /** Requests that it took. */
  asked: number;
  /** Why it ended early: what has been found until then stays. */
  broken?: unknown;
}

class Orders {
  state = $state<State>();
  query = $state("");
  found = $state.raw<Found>();
  /** Orders looked through so far, while it takes long. */
  looking = $state<number>();
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
    const look = (seen: number) => {
      if (run === this.#run) this.looking = seen;
      return run === this.#run;
    };
    try {
      const found = await session.call((sm) => find(sm, { state: this.state, query: this.query.trim(), after: this.#after }, look));
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
    this.looking = undefined;
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
    this.looking = undefined;
    this.error = undefined;
    this.query = "";
    this.state = undefined;
  }
}

interface Wish {
  state: State | undefined;
  query: string;
  after: string | undefined;
}

async function find(sm: Sm, wish: Wish, look: (seen: number) => boolean): Promise<Found> {
  const query = tokenOf(wish.query);
  const right = (order: OrderView) => !wish.state || order.state === wish.state;
  const only = (order: OrderView | undefined): Found => ({ orders: order && right(order) ? [order] : [], seen: 1, asked: 1 });
  // A page is cut out of all orders; of another operator's nothing is shown.
  if (!query && !wish.state) return walk(sm, wish.after, () => true, undefined, SHOWN, look);
  if (/^\d{18,20}$/.test(query) && !wish.after) {
    const order = await known(sm.order(query));
    if (order) return only(order);
  }
  const digits = /^\d+$/.test(query);
  if (query && !digits && !wish.after) {
    const order = await sm.byMatchingId(query);
    if (order) return only(order);
  }
  // Digits are the beginning of an ICCID, which names a stretch of the list, or an EID.
  const iccids = digits && query.length <= 20 && query.startsWith("89") && !query.startsWith("89049032");
  const matches = (order: OrderView) => right(order) && fits(order, query);
  return walk(sm, wish.after ?? (iccids ? lastBefore(query) : undefined), matches, iccids ? query : undefined, STRIDE, look);
}

/** `first`: orders in the first request. */
async function walk(sm: Sm, from: string | undefined, matches: (order: OrderView) => boolean, prefix: string | undefined, first: number, look: (seen: number) => boolean): Promise<Found> {
  const found: Found = { orders: [], next: from, seen: 0, asked: 0 };
  let covered = 0;
  do {
    const limit = found.asked === 0 ? first : STRIDE;
    let page: Page;
    try {
      page = await sm.orders(found.next, limit);
    } catch (broken) {
      if (found.asked === 0 || !(broken instanceof Unreachable || broken instanceof Busy)) throw broken;
      return { ...found, broken };
    }
    found.asked++;
    covered += limit;
    const { orders, next } = page;
    for (const [i, order] of orders.entries()) {
      found.seen++;
      if (prefix && order.iccid > prefix && !order.iccid.startsWith(prefix)) return { ...found, next: undefined };
      if (matches(order)) found.orders.push(order);
      if (found.orders.length === SHOWN) return { ...found, next: i + 1 < orders.length ? order.iccid : next };
    }
    found.next = next;
  } while (found.next !== undefined && covered < STRETCH && look(found.seen));
  return found;
}

/** An activation code stands for its token. */
function tokenOf(query: string): string {
  return /^(?:LPA:)?1\$[^$]*\$([^$]*)/i.exec(query)?.[1] ?? query.replace(/^(\d[\d\s]*)$/, (digits) => digits.replace(/\s/g, ""));
}

function fits(order: OrderView, query: string): boolean {
  const text = query.toUpperCase();
  return [order.iccid, order.eid, order.matchingId].some((name) => name?.toUpperCase().includes(text));
}

/** The greatest ICCID that sorts before everything that begins with these digits. */
function lastBefore(prefix: string): string | undefined {
  const before = BigInt(prefix) - 1n;
  return before > 0n ? before.toString().padStart(prefix.length, "0").padEnd(20, "9") : undefined;
}

/** Nothing, where the SM knows no such profile. */
async function known(order: Promise<OrderView>): Promise<OrderView | undefined> {
  try {
    return await order;
  } catch (error) {
    if (error instanceof Refused && error.reason === "3.9") return undefined;
    throw error;
  }
}

export const orders = new Orders();
