/** The functions of the wasm package, and the one place that loads it. Its types are the package's own. */

import type {
  Act,
  Answered,
  Explained,
  Journal,
  Order,
  Performed,
  Phone,
  Picture,
  RulesAnswer,
  ScenarioInfo,
  ScenarioStep,
  TraceRecord,
  WorldOptions,
} from "../../../wasm/src/types";

export type * from "../../../wasm/src/types";

export interface World {
  perform(act: Act): Promise<Performed>;
  /** The next step of the scenario whose world it is. */
  next(): Promise<ScenarioStep | undefined>;
  acts(): Act[];
  link(seed: number, now: number): string;
  phone(): Phone;
  network(): Picture;
  orders(): Promise<Order[]>;
  /** With the operator's credential: POST of JSON, or GET without a body. */
  request(path: string, body?: string): Promise<Answered>;
  trace(from?: number): TraceRecord[];
  traceLength(): number;
  traceDigest(): string;
  exportTrace(): string;
  pcap(): Uint8Array;
  explain(n: number): Explained;
  nvm(): Uint8Array;
  subscribers(): string;
  free(): void;
}

interface Package {
  default(): Promise<unknown>;
  World: {
    new (options: WorldOptions): World;
    ofScenario(name: string): World;
    readLink(link: string): Journal | undefined;
    explainHex(hex: string): Explained;
    defaultRules(): string;
    checkRules(text: string): RulesAnswer;
    scenarios(): ScenarioInfo[];
  };
}

let loaded: Promise<Package> | undefined;

function load(): Promise<Package> {
  loaded ??= (async () => {
    const found = (await import("../pkg/esim_lab.js")) as Package;
    await found.default();
    return found;
  })();
  return loaded;
}

export async function newWorld(options: WorldOptions): Promise<World> {
  return new (await load()).World(options);
}

export async function explainHex(hex: string): Promise<Explained> {
  return (await load()).World.explainHex(hex);
}

export async function defaultRules(): Promise<string> {
  return (await load()).World.defaultRules();
}

export async function checkRules(text: string): Promise<RulesAnswer> {
  return (await load()).World.checkRules(text);
}

export async function scenarios(): Promise<ScenarioInfo[]> {
  return (await load()).World.scenarios();
}

/** A scenario in a world of its own. */
export async function newScenario(name: string): Promise<World> {
  return (await load()).World.ofScenario(name);
}

/** The world that a link tells of; undefined if it tells of none. */
export async function readLink(link: string): Promise<Journal | undefined> {
  return (await load()).World.readLink(link);
}

/** `browse` of `{ browse: "…" }`. */
export function kindOf(act: Act): string {
  return typeof act === "string" ? act : (Object.keys(act)[0] ?? "");
}

/** The sentence of whatever was thrown. */
export function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
