/** Rows of the sequence as they stand now: what is open, what came of each message, and what another branch has. */
import { SvelteMap } from "svelte/reactivity";
import type { Judged } from "../engine/filter";
import { type Phase, phasesOf } from "../engine/phases";
import type { TraceRecord } from "../engine/protocol";
import { store } from "../engine/store.svelte";
import { filter } from "./filter.svelte";
import { type MessageRow, type Row, rowsOf } from "./rows";
import { lab } from "./selection.svelte";

const NOTHING: Judged = { marks: {}, edited: {} };

/** Whether two messages are the same step of a session, whatever they carry. */
const isSameStep = (a: TraceRecord, b: TraceRecord) =>
  a.function === b.function && a.from === b.from && a.interface === b.interface;

class Sequence {
  judged = $state.raw<Judged>(NOTHING);
  /** Messages of the branch that this one leaves. */
  parent = $state.raw<readonly TraceRecord[]>([]);
  readonly open = new SvelteMap<string, boolean>();
  /** The row that the keys are at. */
  active = $state<string>();

  readonly phases = $derived.by((): Phase[] => {
    const { state, records } = lab;
    if (!state) return [];
    if (lab.place !== "recording") return phasesOf(state.deeds);
    const title = state.title ?? { en: "Recording", ja: "記録" };
    return records.length > 0 ? [{ key: "recording", title, from: 0, to: records.length, deeds: [0, 0] }] : [];
  });

  readonly #branch = $derived(lab.state?.branches.find(({ id }) => id === lab.branch));

  /** The first message that this branch does not share with its parent. */
  readonly own = $derived.by(() => {
    const branch = this.#branch;
    if (branch?.parent === undefined) return Number.POSITIVE_INFINITY;
    return lab.state?.deeds[branch.fork]?.records[0] ?? lab.records.length;
  });

  /** The first message of the parent that has no counterpart here. */
  readonly #parted = $derived.by(() => {
    const { records } = lab;
    let n = Math.min(this.own, records.length);
    for (; n < records.length && n < this.parent.length; n++) {
      const [a, b] = [this.parent[n], records[n]];
      if (!a || !b || !isSameStep(a, b)) break;
    }
    return n;
  });

  /** The first of those that is no rest of what carried one before. */
  readonly #whole = $derived.by(() => {
    const n = this.parent.findIndex(({ interface: at }, m) => m >= this.#parted && at !== "APDU");
    return n < 0 ? this.parent.length : n;
  });

  /** The phase that is open if nobody says otherwise; all of them where nothing else is to be seen. */
  readonly #usual = $derived.by((): Phase | undefined => {
    if (this.phases.length === 1 || lab.place === "recording") return this.phases[0];
    const wanted = lab.record;
    const at = wanted === undefined ? undefined : this.phases.find(({ from, to }) => from <= wanted && wanted < to);
    // Without a choice: what is told is the download; of other sessions, what came last.
    return at ?? this.phases.find(({ key }) => key === "download") ?? this.phases.at(-1);
  });

  readonly rows = $derived.by((): Row[] => {
    const { state, records } = lab;
    const branch = this.#branch;
    const id = branch?.parent;
    const only =
      id !== undefined && !filter.hits && this.parent.length > this.#parted
        ? { title: { en: `Only in ${id}`, ja: `${id}だけ` }, records: this.parent.slice(this.#whole) }
        : undefined;
    const last = records.length - 1;
    const notes: { after: number; text: { en: string; ja: string }; look: "fail" | "stop" }[] = [];
    const stopped = state?.deeds.at(-1)?.done;
    if (branch?.verdict) notes.push({ after: last, text: branch.verdict.outcome, look: "fail" });
    else if (stopped?.kind === "stopped")
      notes.push({
        after: last,
        text: {
          en: `Stopped: message ${stopped.message} has not arrived yet. Run goes on.`,
          ja: `停止中です。メッセージ${stopped.message}はまだ届いていません。「実行」で続きます。`,
        },
        look: "stop",
      });
    return rowsOf({
      records,
      phases: this.phases,
      open: this.open,
      usual: this.#usual,
      hits: filter.hits,
      judged: this.judged,
      own: this.own,
      only,
      notes,
    });
  });

  /** The row that shows a message, or has it folded. */
  rowOf(n: number, rows = this.rows): MessageRow | undefined {
    let found: MessageRow | undefined;
    for (const row of rows) {
      if (row.kind !== "message" || row.isFaint) continue;
      if (row.record.n === n) return row;
      if (row.folded.some((record) => record.n === n)) found = row;
    }
    return found;
  }

  /** Opens what hides a message. */
  reveal(n: number) {
    const phase = this.phases.find(({ from, to }) => from <= n && n < to);
    if (phase) this.open.set(`p${phase.from}${phase.key}`, true);
  }

  /** Asks the engine what came of each message. */
  async look() {
    const { place, branch, state } = lab;
    const age = state?.age;
    if (age === undefined) return;
    const parent = state?.branches.find(({ id }) => id === branch)?.parent;
    const [judged, records] = await Promise.all([
      store.engine.judge(place),
      parent === undefined ? [] : store.engine.records(place, parent),
    ]);
    if (place !== lab.place || branch !== lab.branch || age !== lab.state?.age) return;
    [this.judged, this.parent] = [judged, records];
  }
}

export const sequence = new Sequence();
