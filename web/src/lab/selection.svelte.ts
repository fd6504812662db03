/**
 * What the lab looks at, once for all of its panes: one selection, what the pointer is over, what is pinned, what is typed over.
 * Whoever sets it, all follow.
 */
import { SvelteMap } from "svelte/reactivity";
import type { Edit, Explained, Place, Signer, State, TraceRecord } from "../engine/protocol";
import { type PlaceView, store } from "../engine/store.svelte";

/** Octets `start` to `end` (exclusive) of a part of a message; the part is named as `Explained.parts` has it. */
export interface Span {
  part: string;
  start: number;
  end: number;
  /** Names of the nodes down to the one meant; empty where octets were chosen by hand. */
  path: readonly string[];
}

export interface Pin extends Span {
  branch: string;
  record: number;
}

export type Tab = "tree" | "bytes" | "meaning" | "checks" | "keys";

/** What is mended around what was typed over. */
export type Repair = "broken" | "lengths" | Signer;

/** Octets typed over in one message. Nothing of it has happened before it is run on. */
export interface Draft {
  record: number;
  part: string;
  /** What was there, and what stands there now; the key is the octet's number in the part. */
  octets: SvelteMap<number, { was: number; now: number }>;
  /** Values changed in the tree. */
  fields: Edit[];
}

const MOST_PINS = 3;

class Lab {
  place = $state<Place>("story");
  /** Number of the message that is looked at. */
  record = $state<number>();
  span = $state.raw<Span>();
  /** What the pointer is over: octets, or a message in the list. */
  hovered = $state.raw<Span>();
  pins = $state.raw<readonly Pin[]>([]);
  draft = $state.raw<Draft>();
  repair = $state<Repair>("broken");
  tab = $state<Tab>("meaning");
  /** Two branches side by side: the one in view, and this. */
  beside = $state<string>();
  /** On a narrow screen a message lies over the list. */
  isPushed = $state(false);
  /** The message that is looked at, explained; the same for all panes. */
  explained = $state.raw<Explained>();
  /** Why it is not. */
  unexplained = $state<string>();

  get view(): PlaceView {
    return store.places[this.place];
  }
  get state(): State | undefined {
    return this.view.state;
  }
  get records(): readonly TraceRecord[] {
    return this.view.records;
  }
  get branch(): string {
    return this.state?.branch ?? "A";
  }
  get message(): TraceRecord | undefined {
    return this.record === undefined ? undefined : this.records[this.record];
  }
  /** What shows: what the pointer is over, or what is chosen. */
  get shown(): Span | undefined {
    return this.hovered ?? this.span;
  }

  /** Looks at a message, and at octets of it. */
  select(record: number | undefined, span?: Span) {
    if (record !== this.record) {
      this.record = record;
      if (this.draft && this.draft.record !== record) this.undraft();
    }
    this.hovered = undefined;
    this.span = span;
  }

  /** Octets of the message that is looked at. */
  choose(span: Span | undefined) {
    this.hovered = undefined;
    this.span = span;
  }

  hover(span: Span | undefined) {
    this.hovered = span;
  }

  /** Pins what is chosen, or takes the pin away; the oldest of four goes. */
  pin(span = this.span) {
    if (!span || this.record === undefined) return;
    const same = (pin: Pin) => pin.record === this.record && pin.part === span.part && pin.start === span.start;
    const others = this.pins.filter((pin) => !same(pin));
    this.pins =
      others.length < this.pins.length
        ? others
        : [...others, { ...span, branch: this.branch, record: this.record }].slice(-MOST_PINS);
  }

  /** Types an octet over; typed back, it is as it was. */
  type(part: string, at: number, was: number, now: number) {
    if (this.record === undefined) return;
    if (this.draft?.record !== this.record || this.draft.part !== part)
      this.draft = { record: this.record, part, octets: new SvelteMap(), fields: [] };
    if (was === now) this.draft.octets.delete(at);
    else this.draft.octets.set(at, { was, now });
    if (this.draft.octets.size === 0 && this.draft.fields.length === 0) this.undraft();
  }

  /** Drops what was typed; a branch that it has made stays. */
  undraft() {
    this.draft = undefined;
    this.repair = "broken";
  }

  /** Another place, or the same one with other messages: nothing of before is meant any more. */
  clear() {
    this.select(undefined);
    this.undraft();
    this.pins = [];
    this.beside = undefined;
    this.isPushed = false;
  }
}

export const lab = new Lab();
