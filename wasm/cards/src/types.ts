// Made from the types in Rust, by a test: see CONTRIBUTING.md.

/** What has been opened. */
export type About = {
  /** By which way. */
  way: Way;
  /** Of the reader or its place; empty where nobody tells. */
  name: string;
  /** The answer to reset in hexadecimal digits, where the way tells it: a modem does not. */
  atr?: string;
  /** Of a modem. */
  sim?: Sim;
};

/** A text in both languages. */
export type Both = {
  /** English. */
  en: string;
  /** Japanese. */
  ja: string;
};

/** Why a card cannot be reached. */
export type CardReason =
  | "unsupported"
  | "insecure"
  | "policy"
  | "cancelled"
  | "busy"
  | "gone"
  | "protectedClass"
  | "notReader"
  | "denied"
  | "unanswered"
  | "noReader"
  | "noCard"
  | "noEuicc"
  | "absent"
  | "notAdmitted"
  | "occupied"
  | "code"
  | "tries"
  | "late"
  | "message"
  | "closed"
  | "pending"
  | "failed";

/** What the user has said about a page that reaches into this machine (Local Network Access). */
export type Permission = "granted" | "denied" | "prompt";

/** A place where a card may be: a reader, or a modem's port. */
export type Place = {
  /** Its name, which `choose` answers. */
  card: string;
  /** What is there, in the words of whoever knows; may be empty. */
  state: string;
  /** Whether there is a card, as far as that is seen without asking. */
  present: boolean;
};

/** What a modem says of its SIM. None of it keeps an eUICC from being spoken to. */
export type Sim = "ready" | "pin" | "puk" | "absent" | "busy" | "unknown";

/** A way to a card. */
export type Way = "serial" | "usb" | "smartCard" | "bridge";

/** A way, and whether it can be gone here. */
export type WayInfo = {
  /** Which. */
  way: Way;
  /** Whether it can be gone. */
  works: Works;
  /** Why not, or not with all devices. */
  reason?: CardReason;
  /** Of the bridge; absent where the browser asks nobody. */
  permission?: Permission;
  /** The same for a person, with what to do. */
  words: Both;
};

/** Whether a way can be gone. */
export type Works = "yes" | "some" | "no";
