/** The world that the page is of, and what is to be seen in it. */
import { type Device, kept } from "./kept";
import { t } from "./language.svelte";
import type { Order, Phone, Picture, TraceRecord, World } from "./world";
import { newWorld, sentence } from "./world";

const seconds = () => Math.floor(Date.now() / 1000);
const anySeed = () => crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;

/** An SM outside the page. */
export interface Outside {
  smUrl: string;
  token: string;
}

/** What a world is made of: a card that is kept, or one out of the factory with this seed and clock. */
export interface Wish {
  device?: Device | undefined;
  sm?: Outside | undefined;
  seed?: number | undefined;
  now?: number | undefined;
  /** Whether this browser keeps the card. */
  keep: boolean;
}

class Session {
  records = $state.raw<TraceRecord[]>([]);
  phone = $state.raw<Phone>();
  orders = $state.raw<Order[]>([]);
  picture = $state.raw<Picture>();
  digest = $state("");
  /** Number of worlds so far; one that is put back is another. */
  age = $state(0);
  /** The first record of what was said last. */
  fresh = $state(0);
  smUrl = $state<string>();
  /** Why this browser does not keep the card, if it does not. */
  unkept = $state<string>();
  /** Why this world has no permalink, if it has none. */
  linkless = $state<"sm" | "card">();

  #world: World | undefined;
  #seed = 0;
  #now = 0;
  #sm: Outside | undefined;
  #keep = true;
  /** The world that `records` are of, at this age. */
  #traced = -1;
  /** The orders at the SM may have changed. */
  #stale = true;

  get isOpen(): boolean {
    return this.#world !== undefined;
  }

  get world(): World {
    if (!this.#world) throw new Error(t("The world has not been loaded.", "まだ読み込まれていません。"));
    return this.#world;
  }

  get sm(): Outside | undefined {
    return this.#sm;
  }

  /** Opens another world, after `prepare` has come to its end in it; if that throws, the one before stays. */
  async open({ device, sm, seed = anySeed(), now = seconds(), keep }: Wish, prepare: (world: World) => Promise<void>) {
    const world = await newWorld(sm ? { ...sm, ...device } : { seed, now, ...device });
    await prepare(world);
    this.#world?.free();
    this.#world = world;
    this.age++;
    this.#seed = seed;
    this.#now = now;
    this.#sm = sm;
    this.#keep = keep;
    this.smUrl = sm?.smUrl;
    this.linkless = sm ? "sm" : device ? "card" : undefined;
    this.orders = [];
    this.#stale = true;
  }

  /** Neither a bad link nor a card of another version costs the reader the card that is kept. */
  leaveKept() {
    this.#keep = false;
  }

  /** The orders at the SM may have changed. */
  ordersChange() {
    this.#stale = true;
  }

  /** The world has been put back. */
  rewound() {
    this.age++;
    this.#stale = true;
  }

  /** The card and its subscribers, to be kept or to be taken elsewhere. */
  device(): Device | undefined {
    const world = this.#world;
    return world && { nvm: world.nvm(), subscribers: world.subscribers() };
  }

  keptDevice = () => kept.device().catch(this.#unkept);
  forgetKept = () => kept.forget().catch(this.#unkept);

  /** A URL that opens this very world, to the octet. */
  link(): string {
    return location.origin + location.pathname + this.world.link(this.#seed, this.#now);
  }

  /** Looks at the world anew. */
  async refresh() {
    const world = this.#world;
    if (!world) return;
    const fresh = world.trace(this.#traced === this.age ? this.records.length : 0);
    if (this.#traced !== this.age) {
      [this.records, this.fresh] = [fresh, fresh.length];
    } else if (fresh.length > 0) {
      this.fresh = this.records.length;
      this.records = [...this.records, ...fresh];
    }
    this.#traced = this.age;
    this.phone = world.phone();
    this.picture = world.network();
    this.digest = world.traceDigest();
    if (this.#stale) this.orders = await world.orders();
    this.#stale = false;
    const device = this.#keep && this.device();
    if (device) await kept.keep(device).then(() => (this.unkept = undefined), this.#unkept);
  }

  #unkept = (error: unknown): undefined => {
    this.unkept = sentence(error);
  };
}

export const session = new Session();
