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
  operator: string;
  imsi: string;
  msisdn?: string;
  mccMnc: string;
  attached: boolean;
  cause?: string;
}

export interface Phone {
  eid: string;
  profiles: Profile[];
  notifications: number;
  freeMemory: number;
  service?: Service;
}

export interface WorldOptions {
  seed?: number;
  now?: number;
  nvm?: Uint8Array;
  smUrl?: string;
  token?: string;
}
