/**
 * What the window and the engine say to each other. The engine lives in a Web Worker and has all worlds; the window has views.
 *
 * A *place* is a world that the page has. In it a *branch* is a list of *deeds*, acts that were performed; the *playhead* says
 * how many of them are done in the world as it is looked at. Whoever does something else from there makes a branch.
 */
import type {
  Act,
  Both,
  CardInfo,
  CardNotification,
  CardProfile,
  Checked,
  Difference,
  Done,
  Edit,
  Explained,
  Order,
  Party,
  Performed,
  Phone,
  Picture,
  Tampered,
  TraceRecord,
} from "../pkg/esim_lab.js";

export type * from "../pkg/esim_lab.js";

/** The story that everybody is told, the reader's own card, the world of a link, what was dropped or pasted, a scenario, a real card. */
export type Place = "story" | "own" | "linked" | "recording" | "scenario" | "card";

/** What a real card tells of itself. */
export interface CardView {
  info: CardInfo;
  profiles: CardProfile[];
  notifications: CardNotification[];
}

/** What can be done to a real card, the download aside. */
export type CardDeed =
  | "read"
  | "deliver"
  | { enable: string }
  | { disable: string }
  | { delete: string }
  | { nickname: string; name: string };

/** Why a card has not done it: a `CardError`, which a `postMessage` would make an error without its words. */
export interface CardWrong extends Both {
  reason: string;
  code?: string;
  details?: string[];
}

/** The SM of this tab, one by its own URL, those that a relay knows, or the code's at its own address. */
export type CardServer = "tab" | "code" | { sm: string } | { relay: string };

/** An act, and what has come of it. */
export interface Deed {
  act: Act;
  what: Both;
  outcome: Both;
  good: boolean;
  done: Done;
  /** First message that tells of it, and the one behind the last. */
  records: [number, number];
  /** What the network takes the subscriber for. */
  class: Performed["class"];
  tampered: Tampered[];
}

/** Who refuses, by which verification. */
export interface Verdict {
  /** Who. */
  party: Party | undefined;
  /** The message that it judged, and the one in which it says so. */
  record: number | undefined;
  answer: number | undefined;
  /** The code's name or number as the answer has it: `invalidSignature`, `8.1.1/3.8`; empty if there is none. */
  code: string;
  /** The verification, and which of how many it is: of those that this message has where nothing is wrong. */
  check: Checked | undefined;
  number: number;
  of: number;
  /** How the act ended, for a person. */
  outcome: Both;
}

/** A branch in a list. */
export interface BranchView {
  /** A, B, C, … */
  id: string;
  parent: string | undefined;
  /** How many deeds it shares with its parent. */
  fork: number;
  deeds: number;
  records: number;
  /** What was done to make it, in a few words. */
  label: Both | undefined;
  verdict: Verdict | undefined;
}

/** A place as it is looked at. */
export interface State {
  place: Place;
  /** Another one: nothing of before is true any more. */
  age: number;
  /** All randomness comes of it; none where the card has a past. */
  seed: number | undefined;
  /** Its clock, Unix seconds. */
  now: number;
  branches: BranchView[];
  branch: string;
  /** Of the branch that is looked at, those to come as well. */
  deeds: Deed[];
  /** How many of them are done. */
  at: number;
  /** How many of them cannot be undone. */
  floor: number;
  /** Messages so far at the playhead; the branch may have more. */
  length: number;
  phone: Phone | undefined;
  picture: Picture | undefined;
  orders: Order[];
  /** Base URL of an SM outside. */
  sm: string | undefined;
  /** Why there is no link to it. */
  linkless: "sm" | "card" | "recording" | undefined;
  /** Another tab has this card in hand; here it can be read. */
  reading: boolean;
  /** Why this browser does not keep it. */
  unkept: string | undefined;
  /** Of a recording: what it was recognised as. */
  title: Both | undefined;
  notes: Both[];
  activationCode: string | undefined;
  /** What the reader is told once: a link that another build tells otherwise, a card that could not be taken up. */
  notice: Both | undefined;
}

/** Something has changed. */
export interface Update {
  state: State;
  /** Messages of the branch from number `from` on; those before are as they were. */
  from: number;
  records: TraceRecord[];
}

/** How far something long has come. */
export interface Progress {
  place: Place;
  what: "replay" | "download" | "run";
  done: number;
  of: number;
}

/** Verifications of one message. */
export interface ChecksOf {
  /** In the order made. */
  made: Checked[];
  /** Those that were not reached, as the branch that it comes from had them. */
  notMade: Checked[];
  /** The first that failed, counted from 1; 0 if none did. */
  failed: number;
}

/** Octets typed over in one message. */
export interface Typed {
  record: number;
  edits: Edit[];
}

/** What `divert` does: at a message or before a deed, something else. */
export interface Diversion {
  /** The message that it is about: the deed that sends it is played anew. */
  record?: number;
  /** Or the deed before which it is done. */
  deed?: number;
  /** Acts that are put in before. */
  insert?: Act[];
  /** The deed's act is replaced by this. */
  instead?: Act;
  /** What is typed where a confirmation code is asked for that nobody was asked for before. */
  code?: string;
  label: Both;
}

/** Two branches side by side. */
export interface Comparison {
  a: string;
  b: string;
  /** Messages that both have and that differ, from the fork on, in order. */
  messages: { n: number; differences: Difference[] }[];
  /** Messages after the fork that one alone has. */
  onlyA: number;
  onlyB: number;
  /** State of order and card at the end of each, by name. */
  ends: { what: Both; a: string; b: string }[];
}

/** Messages that a filter means. */
export interface Found {
  hits: number[];
  /** The part that makes no sense, where, and why. */
  mistake?: { start: number; end: number; reason: Both };
}

/** What may stand behind a key of the filter, and how many messages it leaves. */
export interface Suggestion {
  value: string;
  count: number;
}

/** Where a value of a message occurs first in this branch. */
export interface SameAs {
  /** Label of the part that it stands in. */
  part: string;
  start: number;
  end: number;
  record: number;
}

export type { Explained };
