// Types of the package; src/lib.rs has the functions.

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

/** What the download asks its user. */
export interface Question {
  kind: "consent" | "confirmationCode";
  title: Both;
  text: Both;
  serviceProviderName: string;
  profileName: string;
  /** Ask with more emphasis than usual. */
  strong: boolean;
}

export interface Outcome {
  ok: boolean;
  title: Both;
  detail: Both;
}

/** How far a download is. */
export interface Download {
  phase: string;
  /** 0 to 100. */
  percent: number;
  question?: Question;
  /** How it has ended, if it has. */
  outcome?: Outcome;
}

/** What a user says to a question. */
export type Said = "accept" | "reject" | "postpone" | { code: string };

/** What the operator wants; what is left out is drawn. */
export interface Subscriber {
  /** By which later acts name the profile; its ICCID does, too. */
  id?: string;
  iccid?: string;
  imsi?: string;
  ki?: string;
  opc?: string;
  msisdn?: string;
  serviceProviderName?: string;
  profileName?: string;
  confirmationCode?: string;
  eid?: string;
  matchingId?: string;
  smds?: string;
  profileClass?: "test" | "provisioning" | "operational";
  algorithm?: "milenage" | "tuak" | "usim-test";
}

/** A cell that a device hears. */
export interface Cell {
  plmn: string;
  rat: "lte" | "umts";
  area?: number;
  /** dBm. */
  level: number;
}

/**
 * What can be done. Profiles are named by the id of the order that made them, or by ICCID; the empty name is that of the
 * last order.
 */
export type Act =
  | "leave-factory"
  | { load: Subscriber }
  | { order: Subscriber }
  | { download: string }
  | { begin: string }
  | { step: number }
  | { answer: Said }
  | { enable: string }
  | { disable: string }
  | { delete: string }
  | { name: { profile: string; name: string } }
  | "list"
  | "fall-back"
  | "memory-reset"
  | "notify"
  | "radio-on"
  | "radio-off"
  | { wifi: boolean }
  | { apn: string }
  | { cells: Cell[] }
  | { browse: string }
  | "call"
  | { text: { to: string; text: string } }
  | "supplementary"
  | "update"
  | { "open-apn": string }
  | { rules: string }
  | { "wrong-key": string }
  | { sqn: { profile: string; value: string } }
  | "copy-card"
  | { "use-device": number }
  | { withdraw: string }
  | { "show-order": string };

/** An order that the SM has taken. */
export interface Ordered {
  iccid: string;
  matchingId: string;
  activationCode: string;
  /** ADM 1 and PUKs, told this once. */
  codes?: { adm1?: string; puk1?: string; puk2?: string };
}

/** What has come of an act. */
export type Done =
  | { kind: "ordered"; order: Ordered; imsi: string }
  | { kind: "notOrdered"; code: string | null; reason: string }
  | { kind: "installed" }
  | { kind: "notInstalled"; ending: unknown; detail: Both }
  | { kind: "loaded"; sent: number }
  | { kind: "notLoaded"; installed: Done; notEnabled: string | null }
  | ({ kind: "download" } & Download)
  | { kind: "deleted" | "named" | "nothingToFallBackTo" | "typed" | "changed" | "set" }
  | { kind: "listed"; profiles: { iccid: string; serviceProviderName: string; enabled: boolean }[] }
  | { kind: "order"; state: string; onCard: string | null }
  | { kind: "notDone"; reason: string }
  | { kind: "delivered"; sent: number; kept: number }
  | { kind: "service"; view: Picture["service"]; display: Both; reason: Both | null }
  | ({ kind: "radio" } & Attempt)
  | { kind: "wifi"; on: boolean }
  | { kind: "rulesTaken"; attached: boolean }
  | { kind: "rulesRefused"; line: number | null; reason: Both }
  | { kind: "inHand"; device: number; service: { view: Picture["service"]; display: Both } | null };

/** An act that was performed. */
export interface Performed {
  what: Both;
  done: Done;
  outcome: Both;
  /** Whether that is what whoever acted wanted. */
  good: boolean;
  /** First record of the trace that tells of it, and the one behind the last. */
  records: [number, number];
  class: "provisioning" | "operational" | null;
  /** Every verification that was made, in the order made; absent if none was. */
  checks?: Checked[];
}

/** A verification that a party has made. */
export interface Checked {
  /** Number of the message that it was made of: what the party was told last. */
  record: number | null;
  party: Party;
  /** Standard and clause. */
  clause: string;
  /** What must hold. */
  what: string;
  /** Public key or key identifier that decided, hexadecimal. */
  key: string | null;
  /** The octets judged, hexadecimal. */
  input: string;
  passed: boolean;
}

/** A world from its beginning, out of the factory, to now. */
export interface Journal {
  seed: number;
  now: number;
  acts: Act[];
  /** How the digest of the trace begins that they made. */
  digest?: string;
}

export interface Order {
  iccid: string;
  matchingId: string;
  activationCode: string;
  qrSvg: string;
  state: string;
}

export interface Answered {
  /** Of HTTP. */
  status: number;
  /** JSON, or nothing. */
  body: string;
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
  line?: number;
  reason?: Both;
}

export interface ScenarioInfo {
  name: string;
  title: Both;
  summary: Both;
  steps: Both[];
}

export interface ScenarioStep extends Performed {
  n: number;
  asExpected: boolean;
  expected: string;
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
