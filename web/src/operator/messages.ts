/** What the SM tells an operator, and what it is told: ES2+ (SGP.22 5.3, 6.5.2) and `/esim-lab/`. */

/** States of a profile at the SM-DP+ (SGP.22 3.1.6), in the order of a life. */
export const STATES = [
  "Available",
  "Allocated",
  "Linked",
  "Confirmed",
  "Released",
  "Downloaded",
  "Installed",
  "Error",
  "Unavailable",
] as const;
export type State = (typeof STATES)[number];
/** What can be done with an order: functions of ES2+, a download, handing out its activation code. The SM says which. */
export type Can = "downloadOrder" | "confirmOrder" | "releaseProfile" | "cancelOrder" | "fetch" | "handOut";

export interface OrderView {
  iccid: string;
  state: State;
  /** Absent in what SMs of before say. */
  can?: Can[];
  profileType: string;
  owner?: string;
  eid?: string;
  matchingId?: string;
  activationCode?: string;
  confirmationRequired: boolean;
  confirmationAttemptsLeft?: number;
  downloadAttempts: number;
  /** Seconds since 1970, as every time here. */
  expiresAt?: number;
  octets: number;
  failure?: { subject: string; reason: string; message?: string };
  onCard?: { state: "Disabled" | "Enabled" | "Deleted"; sequence: number };
  /** From here on absent in lists. */
  metadata?: Metadata;
  /** `BF37 …` in hexadecimal. */
  installationResult?: string;
  errands?: Errand[];
  history?: Event[];
}

export interface Metadata {
  serviceProviderName: string;
  profileName: string;
  profileClass: "operational" | "provisioning" | "test";
  /** JPEG or PNG in base64. */
  icon?: string;
  profileOwner?: { mcc: string; mnc: string; gid1?: string; gid2?: string };
  profilePolicyRules: string[];
  notifications?: { events: string[]; address: string }[];
}

export interface Errand {
  function: string;
  to: string;
  failures: number;
  due: number;
  giveUpAt: number;
}

export interface Event {
  at: number;
  function: string;
  what: string;
  state: State;
  subjectCode?: string;
  reasonCode?: string;
  /** Who has called; absent where the SM did it by itself, and in entries of earlier versions. */
  by?: CalledBy;
}

/** What a guest may have. */
export interface GuestOffer {
  orders: number;
  hours: number;
}

/** A guest, as it comes. */
export interface GuestArrived {
  oid: string;
  token: string;
  orders: number;
  expires: number;
}

export interface CalledBy {
  credential: "none" | "houseToken" | "signedToken" | "guestToken" | "clientCertificate" | "serverCertificate";
  oid?: string;
  address?: string;
}

/** Which orders are asked for. */
export interface Query {
  /** What a person types: see docs/SM.md. */
  search?: string | undefined;
  state?: State | undefined;
  /** Where the page before has ended. */
  after?: string | undefined;
  limit: number;
}

export interface Page {
  orders: OrderView[];
  /** `after` of the next page, if there may be one. */
  next?: string;
  /** What of the list cannot be read. */
  missing?: string[];
}

export interface Template {
  name: string;
  class?: string;
  description?: string;
  /** Those that subscribers may have, the usual one first. */
  algorithms?: string[];
}

/** A column of a batch, and the form of its values. */
export interface KnownColumn {
  name: string;
  /** Other names of it. */
  others?: string[];
  form: string;
  /** Whether its values are kept from view. */
  secret: boolean;
}

/** What becomes of imported profiles: ordered and released, ordered only, or nothing yet. */
export type Fate = "released" | "confirmed" | "stock";

/** How an order is to be fetched. */
export interface Terms {
  eid?: string;
  /** Absent: the SM draws one; empty: default SM-DP+. */
  matchingId?: string;
  confirmationCode?: string;
  smdsAddress?: string;
  releaseFlag: boolean;
}

export interface Confirmed {
  eid?: string;
  matchingId: string;
  smdpAddress?: string;
}

/** A row of an import; names as in the SM's documentation, `line` is where it stands in the file. */
export type ImportRow = { line: number } & Record<string, unknown>;

/** ADM1 and PUKs that nobody has given: digits, ADM1 hexadecimal. */
export interface DrawnCodes {
  puk1?: string;
  puk2?: string;
  adm1?: string;
}

export interface ImportResult {
  line: number;
  result: "created" | "known" | "refused";
  iccid?: string;
  /** Where the order stands: one that is known may be over. */
  state?: State;
  can?: Can[];
  matchingId?: string;
  activationCode?: string;
  /** The column to blame. */
  column?: string;
  /** A sentence without any value that is secret. */
  reason?: string;
  /** Drawn by the SM for a new profile, and told this once. */
  codes?: DrawnCodes;
}

export interface Imported {
  rows: ImportResult[];
  created: number;
  known: number;
  refused: number;
}
