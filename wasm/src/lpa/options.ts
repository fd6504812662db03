import type { CardPort } from "./card_port.js";
export type { CardError, CardPort } from "./card_port.js";

/** An SM that the page has: a `World`, or whatever answers like one. */
export interface CardSm {
  /** Host, with a port where it is not 443: what activation codes name. */
  readonly address: string;
  request(path: string, body?: string): Promise<Answered>;
}

/** How to speak to a card, and where its SM is. */
export interface CardLpaOptions {
  /** A URL, or an SM in this page; others are asked at their own address, which few let a page do. */
  sm?: string | CardSm;
  /** In place of `sm`: `https://host/esim-lab/relay`, which sends to the servers that it knows, and pages need no leave of those. */
  relay?: string;
  /** AID of the ISD-R in hexadecimal digits, in place of those that are known. */
  aid?: string;
  /** Octets a STORE DATA block, 1 to 255; 120 if absent. */
  block?: number;
}

/** What to download, and whom to ask. */
export interface CardDownload {
  /** `LPA:1$…`; what waits at the card's default SM-DP+ if absent. */
  activationCode?: string;
  confirmationCode?: string;
  /** The user has agreed beforehand. A strong confirmation is asked for all the same. */
  consent?: boolean;
  /** Interruptions that are borne before it is given up; 3 if absent. */
  tries?: number;
  /** The user; nobody answers if absent, and the order waits. */
  ask?: (question: CardQuestion) => CardAnswer | Promise<CardAnswer>;
  /**
   * What `resume` goes on with, whenever it has changed and before the next step: a page that is gone in the middle finds it
   * where this has put it. Nothing is given when there is nothing to go on with. There is no confirmation code in it.
   */
  keep?: (unfinished?: string) => void;
  /** After every APDU. */
  progress?: (progress: CardProgress) => void;
}
