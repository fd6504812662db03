import type { CardPort } from "./card_port.js";
export type { CardError, CardPort } from "./card_port.js";

/** What `open` may be told. */
export interface OpenOptions {
  /** Of a serial port, bits a second; 115200 if absent. */
  baudRate?: number;
  /** The pairing code that `esim-lab bridge` shows. */
  code?: string;
  /** Where the bridge is, on this machine; ws://127.0.0.1:7817/ if absent. */
  url?: string;
  /**
   * Chooses among readers, which `smartCard` and `bridge` list and no browser shows: answers the `card` of one. The first
   * with a card in it if absent.
   */
  choose?: (places: Place[]) => string | undefined | Promise<string | undefined>;
}

/** A card that was opened is a `CardPort`. */
export interface Card extends CardPort {}
