/** The contract of the wasm package, and the one place that loads it. Everything protocol lives on its other side. */

export type Party =
  | "operator"
  | "sm"
  | "lpa"
  | "euicc"
  | "modem"
  | "mme"
  | "sgsn"
  | "msc"
  | "hss"
  | "gateway"
  | "policy"
  | "internet";
export type Both = { en: string; ja: string };

export interface TraceRecord {
  n: number;
  at: number;
  from: Party;
  to: Party;
  /** `ES2+`, `ES9+`, `ES10a|b|c`, `APDU`, `NAS`. */
  interface: string;
  /** `initiateAuthentication`, `initiateAuthentication response`. */
  function: string;
  /** Hexadecimal. ES2+ and ES9+ are JSON text, ES10 are TLVs, APDU are APDUs. */
  bytes: string;
}

export interface Range {
  start: number;
  end: number;
}

export interface Node {
  name: string;
  type: string;
  clause: string;
  tag: number;
  whole: Range;
  value: Range;
  text: string;
  children: Node[];
}

export interface Part {
  /** Empty, or the field of the JSON message that holds it. */
  label: string;
  hex: string;
  nodes: Node[];
}

export interface Explained {
  title: string;
  json?: unknown;
  parts: Part[];
}

export interface Question {
  kind: string;
  title?: Both;
  text?: Both;
  serviceProviderName?: string;
  profileName?: string;
  [more: string]: unknown;
}

export interface Outcome {
  ok: boolean;
  title: Both;
  detail: Both;
}

export interface Step {
  done: boolean;
  phase: string;
  progress: { done: number; total: number };
  question?: Question;
  outcome?: Outcome;
}

export type Answer =
  | { kind: "consent"; accept: boolean | "postponed" }
  | { kind: "confirmationCode"; code: string };

export interface Subscriber {
  serviceProviderName: string;
  profileName?: string;
  imsi?: string;
  msisdn?: string;
  confirmationCode?: string;
}

export interface Order {
  iccid: string;
  matchingId: string;
  activationCode: string;
  qrSvg: string;
  state: string;
}

export interface Profile {
  iccid: string;
  isdpAid: string;
  state: "enabled" | "disabled";
  nickname?: string;
  serviceProviderName: string;
  profileName: string;
  class: string;
}

export interface Service {
  state: "off" | "no-usim" | "limited" | "no-service" | "in-service";
  operator: string;
  imsi: string;
  msisdn?: string;
  mccMnc: string;
  attached: boolean;
  /** 0 to 4. */
  bars: number;
  roaming: boolean;
  /** Whether the network has registered the device for calls and short messages, too. */
  calls: boolean;
  /** Why there is no service. */
  cause?: Both;
}

export interface Phone {
  eid: string;
  profiles: Profile[];
  /** Provisioning profiles, which an ordinary list leaves out (SGP.22 2.4.5.2). */
  provisioning: Profile[];
  notifications: number;
  freeMemory: number;
  service: Service;
}

export interface Cause {
  /** `EMM cause`, `RP-Cause`, … */
  element: string;
  number: number;
  name: string;
  clause: string;
}

export interface Decision {
  n: number;
  imsi: string;
  class: "provisioning" | "operational";
  apn: string;
  destination: { host: string; port: number };
  address: string | null;
  isSm: boolean;
  action: "allow" | "deny";
  /** Number of the rule in the file; null for a default. */
  rule: number | null;
  reason: string;
}

/** What somebody at the device tried over the radio, and what came of it. */
export interface Attempt {
  outcome: "granted" | "refused" | "failed";
  by: Party | null;
  cause: Cause | null;
  reason: Both;
  /** All of it in a line. */
  words: Both;
  decision: Decision | null;
}

export interface Bearer {
  id: number;
  apn: string;
  address: string;
}

export interface Session {
  teid: number;
  imsi: string;
  class: "provisioning" | "operational";
  /** APN that the device asked for. */
  requested: string;
  /** APN that it got. */
  apn: string;
  address: string;
  up: number;
  down: number;
}

/** The network as the device in hand stands in it. */
export interface Picture {
  service: {
    state: Service["state"];
    operator: string | null;
    imsi: string | null;
    plmn: string | null;
    rat: "lte" | "umts" | null;
    roaming: boolean;
    bars: number;
    level: number | null;
    calls: boolean;
    bearers: Bearer[];
    error: string | null;
  };
  display: Both;
  /** Which device is in hand, from 0, and how many there are. */
  device: [number, number];
  wifi: boolean;
  apn: string;
  rat: "lte" | "umts";
  /** `EMM-REGISTERED`, … */
  registration: string;
  class: "provisioning" | "operational" | null;
  sessions: Session[];
  sm: { host: string; port: number } | null;
  /** What would come of trying just now. */
  outlook: Record<"sm" | "internet" | "voice" | "sms" | "supplementary", Attempt>;
}

export interface RulesAnswer {
  ok: boolean;
  /** Whether the device has registered anew. */
  attached: boolean;
  line?: number;
  reason?: Both;
}

export interface ScenarioInfo {
  name: string;
  title: Both;
  summary: Both;
  steps: Both[];
}

export interface ScenarioStep {
  n: number;
  what: Both;
  outcome: Both;
  asExpected: boolean;
  expected: string;
  /** First record of the trace that tells of it, and the one behind the last. */
  records: [number, number];
}

export interface WorldOptions {
  seed?: number;
  now?: number;
  nvm?: Uint8Array;
  /** As `subscribers()` gave them. */
  subscribers?: string;
  smUrl?: string;
  token?: string;
}

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
  request(path: string, body?: string): Promise<{ status: number; body: string }>;
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
