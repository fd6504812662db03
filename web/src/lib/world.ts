/** The functions of the wasm package, and the one place that loads it. Its types are the package's own. */

import type {
  Answer,
  Answered,
  Attempt,
  Explained,
  Order,
  Phone,
  Picture,
  RulesAnswer,
  ScenarioInfo,
  ScenarioStep,
  Step,
  Subscriber,
  TraceRecord,
  WorldOptions,
} from "../../../wasm/src/types";

export type * from "../../../wasm/src/types";

/** What has a trace and a network: the world, or a scenario's own one. */
export interface Scene {
  network(): Picture;
  trace(from?: number): TraceRecord[];
  traceLength(): number;
  traceDigest(): string;
  exportTrace(): string;
  pcap(): Uint8Array;
  explain(n: number): Explained;
  free(): void;
}

export interface Scenario extends Scene {
  step(): Promise<ScenarioStep | undefined>;
}

export interface World extends Scene {
  leaveFactory(): Promise<void>;
  radioOff(): void;
  setWifi(on: boolean): void;
  setApn(apn: string): void;
  browse(destination: string): Attempt;
  call(): Attempt;
  sendText(to: string, text: string): Attempt;
  supplementary(): Attempt;
  fallBack(): Promise<boolean>;
  applyRules(text: string): RulesAnswer;
  subscribers(): string;
  order(subscriber: Subscriber): Promise<Order>;
  startDownload(activationCode: string): void;
  step(): Promise<Step>;
  answer(answer: Answer): void;
  enable(iccid: string): Promise<void>;
  disable(iccid: string): Promise<void>;
  delete(iccid: string): Promise<void>;
  setNickname(iccid: string, name: string): Promise<void>;
  sendNotifications(): Promise<{ sent: number; kept: number }>;
  attach(): Promise<Phone>;
  phone(): Phone;
  orders(): Promise<Order[]>;
  /** With the operator's credential: POST of JSON, or GET without a body. */
  request(path: string, body?: string): Promise<Answered>;
  nvm(): Uint8Array;
}

interface Package {
  default(): Promise<unknown>;
  World: {
    new (options: WorldOptions): World;
    explainHex(hex: string): Explained;
    defaultRules(): string;
    checkRules(text: string): RulesAnswer;
    scenarios(): ScenarioInfo[];
  };
  Scenario: { new (name: string): Scenario };
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

export async function newScenario(name: string): Promise<Scenario> {
  return new (await load()).Scenario(name);
}

/** The sentence of whatever was thrown. */
export function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
