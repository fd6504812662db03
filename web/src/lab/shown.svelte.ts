/** What tree, bytes and tabs show of the selection: parts of the message, what was verified of it, values met before. */
import { untrack } from "svelte";
import { SvelteMap } from "svelte/reactivity";
import type { ChecksOf, Difference, SameAs } from "../engine/protocol";
import type { KeySession, Segment } from "../engine/protocol";
import { store } from "../engine/store.svelte";
import { bytesOf, byteText } from "../lib/hex";
import { type Span, lab } from "./selection.svelte";
import { type Part, type Place, changesOf, idsAbove, meant, partsOf } from "./tree";
import { type Found, foundOf, verdictsOf } from "./verified";

/** One of what is shown as a tree and as octets. */
export interface Source {
  parts: readonly Part[];
  /** What was opened and closed by hand. */
  open: SvelteMap<string, boolean>;
}

const NONE: ReadonlyMap<number, { was: number; now: number }> = new Map();

class Shown {
  /** The message. */
  message = $state.raw<Source>({ parts: [], open: new SvelteMap() });
  checks = $state.raw<ChecksOf>();
  same = $state.raw<readonly SameAs[]>([]);
  /** Download sessions whose keys are known. */
  sessions = $state.raw<readonly KeySession[]>([]);
  keyless = $state<string>();
  /** The decrypted package of the session in view, and what is chosen in it. */
  package = $state.raw<Source>({ parts: [], open: new SvelteMap() });
  packageSpan = $state.raw<Span>();
  packageHovered = $state.raw<Span>();
  segment = $state<number>();
  isCipher = $state(false);
  /** The message with values changed, before it is run on. */
  changed = $state.raw<{ octets: Uint8Array; parts: readonly Part[] }>();
  unchanged = $state<string>();
  /** The octet in hand, in the part that shows. */
  cursor = $state(0);
  isEditing = $state(false);

  /** The message is JSON: its values are texts. */
  readonly isJson = $derived(lab.explained?.json !== undefined);
  readonly parts = $derived(this.changed?.parts ?? this.message.parts);
  readonly found: readonly Found[] = $derived(this.checks ? foundOf(this.message.parts, this.checks) : []);
  readonly verdicts = $derived(verdictsOf(this.message.parts, this.found));
  readonly place: Place | undefined = $derived(meant(this.parts, lab.span));
  /** The part whose octets show. */
  readonly part: Part | undefined = $derived(
    this.parts.find(({ label }) => label === (lab.hovered ?? lab.span)?.part) ??
      this.parts.find(({ label }) => label === lab.span?.part) ??
      this.parts[0],
  );
  /** Octets that arrived otherwise than they were sent, by what the core says of it. */
  readonly tampered: ReadonlyMap<number, { was: number; now: number }> = $derived.by(() => {
    const done = lab.state?.deeds
      .flatMap(({ tampered }) => tampered)
      .find(({ message, sent }) => message === lab.record && sent);
    const arrived = this.message.parts.find(({ label }) => label === "")?.octets;
    return done?.sent === undefined || !arrived ? NONE : changesOf(bytesOf(done.sent), arrived);
  });
  /** What stands in the part that shows in place of what was there: typed over, or changed on the way. */
  readonly edits: ReadonlyMap<number, { was: number; now: number }> = $derived(this.editsIn(this.part?.label));

  editsIn(label: string | undefined): ReadonlyMap<number, { was: number; now: number }> {
    if (lab.draft && lab.draft.part === label) return lab.draft.octets;
    return label === "" && !lab.draft ? this.tampered : NONE;
  }

  readonly sameAt = $derived(new Map(this.same.map((same) => [`${same.part} ${same.start} ${same.end}`, same.record])));
  readonly session: KeySession | undefined = $derived(
    this.sessions.find(({ records }) => lab.record !== undefined && records.includes(lab.record)) ??
      this.sessions.findLast(({ records }) => lab.record !== undefined && (records[0] ?? 0) <= lab.record) ??
      this.sessions[0],
  );
  readonly segmentInHand: Segment | undefined = $derived(this.session?.segments.find(({ n }) => n === this.segment));
}

export const shown = new Shown();

/** Opens what lies above a place, so that it shows. */
export function reveal(source: Source, parts: readonly Part[], place: Place | undefined) {
  if (!place) return;
  for (const id of idsAbove(parts, place)) if (source.open.get(id) !== true) source.open.set(id, true);
}

/** A load that a later one overtakes is forgotten. */
function following<T>(load: () => Promise<T>, done: (value: T) => void, failed: (error: unknown) => void) {
  let isOld = false;
  load().then(
    (value) => !isOld && done(value),
    (error: unknown) => !isOld && failed(error),
  );
  return () => (isOld = true);
}

$effect.root(() => {
  $effect(() => {
    const { explained } = lab;
    const [bytes, record, place, branch] = untrack(
      () => [lab.message?.bytes ?? "", lab.record, lab.place, lab.branch] as const,
    );
    shown.message = { parts: explained ? partsOf(explained, bytes) : [], open: new SvelteMap() };
    shown.checks = undefined;
    shown.same = [];
    if (!explained || record === undefined) return;
    const undo = [
      following(
        () => store.engine.checks(place, record, branch),
        (checks) => (shown.checks = checks.made.length > 0 ? checks : undefined),
        () => (shown.checks = undefined),
      ),
      following(
        () => store.engine.sameAs(place, record, branch),
        (same) => (shown.same = same),
        () => (shown.same = []),
      ),
    ];
    return () => undo.forEach((end) => end());
  });

  // A recording is read from its beginning.
  $effect(() => {
    if (lab.place === "recording" && lab.records.length > 0 && untrack(() => lab.record) === undefined) lab.select(0);
  });

  // What is chosen stands open in the tree, wherever it was chosen.
  $effect(() => {
    const { place, parts, message } = shown;
    untrack(() => reveal(message, parts, place));
  });
  $effect(() => {
    const { package: source, packageSpan } = shown;
    untrack(() => reveal(source, source.parts, meant(source.parts, packageSpan)));
  });

  // Keys are of a branch, and known as far as it has come.
  $effect(() => {
    const { place, branch, records, tab } = lab;
    if (tab !== "keys" || records.length === 0) return;
    return following(
      () => store.engine.keys(place, branch),
      (sessions) => ([shown.sessions, shown.keyless] = [sessions, undefined]),
      (error) => ([shown.sessions, shown.keyless] = [[], error instanceof Error ? error.message : String(error)]),
    );
  });
  $effect(() => {
    const upp = shown.session?.upp;
    shown.packageSpan = shown.packageHovered = undefined;
    if (!upp) {
      shown.package = { parts: [], open: new SvelteMap() };
      return;
    }
    return following(
      () => store.engine.explainProfile(upp),
      (explained) => (shown.package = { parts: partsOf(explained, upp), open: new SvelteMap() }),
      () => (shown.package = { parts: [], open: new SvelteMap() }),
    );
  });

  // Values changed in the tree: the core says what the message is then.
  $effect(() => {
    const { fields = [], octets: typed = NONE, part = "" } = lab.draft ?? {};
    const record = untrack(() => lab.message);
    shown.unchanged = undefined;
    if (fields.length === 0 || !record) {
      shown.changed = undefined;
      return;
    }
    return following(
      async () => {
        let { bytes } = record;
        if (part === "")
          for (const [at, { now }] of typed) bytes = bytes.slice(0, 2 * at) + byteText(now) + bytes.slice(2 * at + 2);
        for (const field of fields) bytes = await store.engine.change({ ...record, bytes }, field);
        const parts = partsOf(await store.engine.explainRecord({ ...record, bytes }), bytes);
        const octets = parts[0]?.octets ?? new Uint8Array();
        return { octets, parts };
      },
      (changed) => (shown.changed = changed),
      (error) => {
        shown.changed = undefined;
        shown.unchanged = error instanceof Error ? error.message : String(error);
      },
    );
  });
});

export type { Difference };
