/** What the lab does to a world: steps, break points and faults. All of it is acts of the engine. */
import { kindOf } from "../engine/phases";
import type { Act, Both, Diversion, Filter, How, OtherCertificate, TraceRecord, Verdict } from "../engine/protocol";
import { store } from "../engine/store.svelte";
import { both, t } from "../lib/language.svelte";
import { toasts } from "../shell/toast.svelte";
import { lab } from "./selection.svelte";
import { sequence } from "./sequence.svelte";

/** Something that may happen to the message that is looked at. */
export interface Fault {
  id: string;
  title: Both;
  /** Why it cannot be done to this one. */
  not?: Both;
  diversion: () => Diversion;
}

const DAY = 86_400;

class Acts {
  /** Why the last one could not be done, in place of its outcome. */
  error = $state<string>();
  faultsOpen = $state(false);

  openFaults() {
    if (lab.message) this.faultsOpen = true;
  }

  /** Whether somebody else's octets are looked at: then nothing can be done. */
  get isFixed(): boolean {
    return lab.place === "recording" || lab.state?.reading === true;
  }

  async #do<T>(work: () => Promise<T>): Promise<T | undefined> {
    this.error = undefined;
    try {
      return await work();
    } catch (error) {
      this.error = error instanceof Error ? error.message : String(error);
      return undefined;
    }
  }

  /** Act by act; the last message of the act is looked at. */
  async step(by: number) {
    const { state, place } = lab;
    if (!state) return;
    const to = Math.max(state.floor, Math.min(state.deeds.length, state.at + by));
    if (to === state.at) return;
    await this.to(to, place);
  }

  async to(at: number, place = lab.place) {
    await this.#do(() => store.goTo(place, at));
    const records = lab.state?.deeds[at - 1]?.records;
    if (records && records[1] > 0) {
      const n = Math.max(records[0], records[1] - 1);
      sequence.reveal(n);
      const shown = sequence.rowOf(n)?.record.n ?? n;
      lab.select(shown < records[0] ? n : shown);
    }
  }

  get stopped(): number | undefined {
    const done = lab.state?.deeds.at(-1)?.done;
    return done?.kind === "stopped" ? done.message : undefined;
  }

  /** On: from a break point, to the end of what was done, or of the download that is under way. */
  async run() {
    const { state, place } = lab;
    if (!state) return;
    const download = state.deeds.at(-1)?.done;
    if (state.at < state.deeds.length) return this.to(state.deeds.length);
    if (this.stopped !== undefined) {
      const ended = await this.#do(() => store.goOn(place));
      if (ended) this.#show(ended.verdict);
    } else if (place === "own" && download?.kind === "download" && !download.outcome && !download.question) {
      await this.#do(() => store.carryOn(place));
    }
  }

  get canRun(): boolean {
    const { state } = lab;
    if (!state || this.isFixed) return false;
    const download = state.deeds.at(-1)?.done;
    return (
      state.at < state.deeds.length ||
      this.stopped !== undefined ||
      (lab.place === "own" && download?.kind === "download" && !download.outcome && !download.question)
    );
  }

  #show(verdict: Verdict | undefined) {
    lab.undraft();
    const n = verdict?.record ?? verdict?.answer ?? (lab.records.length > 0 ? lab.records.length - 1 : undefined);
    if (n !== undefined && n < lab.records.length) {
      sequence.reveal(n);
      lab.select(sequence.rowOf(n)?.record.n ?? n);
    }
    if (verdict?.check) lab.tab = "checks";
  }

  /** From here on something else happens: a branch, and who refuses. */
  async divert(diversion: Diversion) {
    const done = await this.#do(() => store.divert(lab.place, diversion));
    if (!done) return;
    this.#show(done.verdict);
    const { branch } = done;
    toasts.show(t(`Branch ${branch} made`, `分岐${branch}を作りました`), () => void this.dropBranch(branch));
  }

  async dropBranch(branch: string) {
    const was = lab.record;
    await this.#do(() => store.dropBranch(lab.place, branch));
    if (lab.beside === branch) lab.beside = undefined;
    if (was !== undefined && was >= lab.records.length) lab.select(undefined);
  }

  async choose(branch: string) {
    if (branch === lab.branch) return;
    await this.#do(() => store.choose(lab.place, branch));
    if (lab.record !== undefined && lab.record >= lab.records.length) lab.select(undefined);
  }

  /** The branches that are compared: the one in view, and what it leaves. */
  compare(on: boolean) {
    if (!on) {
      lab.beside = undefined;
      return;
    }
    const { branches = [] } = lab.state ?? {};
    const now = branches.find(({ id }) => id === lab.branch);
    lab.beside = now?.parent ?? branches.find(({ id }) => id !== lab.branch)?.id;
  }

  // — Break points —

  /** Those that are armed in this branch. */
  get breaks(): Filter[] {
    const acts = (lab.state?.deeds ?? []).slice(0, lab.state?.at).map(({ act }) => act);
    const from = acts.findLastIndex((act) => act === "mend") + 1;
    return acts.slice(from).flatMap((act) => (typeof act === "object" && "break" in act ? [act.break] : []));
  }

  /** Nobody goes on from before the next such message. */
  async addBreak(filter: Filter) {
    const { state, place, records, record } = lab;
    if (!state) return;
    const label = { en: `break point: ${wordsOf(filter)}`, ja: `ブレークポイント: ${wordsOf(filter)}` };
    const next = records.findIndex((one, n) => n >= (record ?? 0) && isMeant(filter, one));
    if (next >= 0 && state.deeds.some(({ records: [from, to] }) => from <= next && next < to))
      await this.divert({ record: next, insert: [{ break: filter }], label });
    else await this.#do(() => store.perform(place, { break: filter }));
  }

  async breakHere() {
    const { message } = lab;
    if (!message || this.isFixed) return;
    await this.addBreak({ interface: message.interface, function: message.function });
  }

  async dropBreak(filter: Filter) {
    const rest = this.breaks.filter((one) => one !== filter);
    await this.#do(() => store.perform(lab.place, "mend", ...rest.map((one): Act => ({ break: one }))));
  }

  // — Faults —

  /** What may happen to a message. */
  faults(message: TraceRecord): Fault[] {
    const { n, from, to, interface: at, function: name, bytes } = message;
    const deeds = lab.state?.deeds ?? [];
    const isCore = !["APDU", "ES2+", "ES9+", "ES11", "operator"].includes(at) && !at.startsWith("ES10");
    const unread: Both | undefined = isCore
      ? { en: "between nodes that read no octets here", ja: "ここではオクテットを読まないノード間" }
      : undefined;
    const act = (id: string, title: Both, how: How, label: Both, not?: Both, message = n): Fault => ({
      id,
      title,
      ...(not && { not }),
      diversion: () => ({ record: n, insert: [{ tamper: { at: { message }, do: how } }], label }),
    });
    const label = (en: string, ja: string): Both => ({ en: `${name} ${en}`, ja: `${name}${ja}` });
    const toCard = to === "euicc" || from === "euicc";
    const apdu = this.#lastCommand(n);
    const noCard: Both | undefined =
      toCard && apdu !== undefined ? undefined : { en: "not an APDU of the card", ja: "カードのAPDUではありません" };
    const half = Math.floor(bytes.length / 4);
    const certificate = (with_: OtherCertificate, id: string, title: Both): Fault => {
      const field = /initiateAuthentication response|^AuthenticateServer$/.test(name)
        ? "serverCertificate"
        : /authenticateClient response|^PrepareDownload$/.test(name)
          ? "smdpCertificate"
          : undefined;
      const other = with_ === "dp-pb" && field === "smdpCertificate" ? "dp-auth" : with_;
      return act(
        id,
        title,
        { certificate: { field: field ?? "", with: other } },
        label(`with a certificate: ${title.en}`, `の証明書: ${title.ja}`),
        field ? undefined : { en: "no certificate of an SM in it", ja: "SMの証明書を含みません" },
      );
    };
    const order = deeds.findLastIndex(
      ({ act: one, records }) => typeof one === "object" && "order" in one && records[0] <= n,
    );
    const ordered = deeds[order]?.act;
    const what = typeof ordered === "object" && "order" in ordered ? ordered.order : undefined;
    const noOrder: Both | undefined = what ? undefined : { en: "no order before it", ja: "先行する注文がありません" };
    const deed = deeds.findIndex(({ records: [a, b] }) => a <= n && n < b);
    return [
      act("drop", { en: "Drop", ja: "破棄" }, "drop", label("dropped", "を破棄")),
      act(
        "delay",
        { en: "Delay by an hour", ja: "1時間遅らせる" },
        { delay: 3600 },
        label("an hour late", "を1時間遅延"),
      ),
      act("duplicate", { en: "Duplicate", ja: "重複させる" }, "duplicate", label("twice", "を重複"), unread),
      act(
        "replay",
        { en: "Replay the one before", ja: "前回のものを再送" },
        "replay",
        label("replayed", "を再送"),
        unread,
      ),
      act(
        "flip",
        { en: "Flip one bit", ja: "1ビットを反転" },
        { flip: { octet: this.flipAt, mask: 1 } },
        label("with one bit flipped", "の1ビットを反転"),
        unread,
      ),
      act(
        "truncate",
        { en: "Truncate to half", ja: "半分で切る" },
        { truncate: half },
        label("cut in half", "を半分で切断"),
        unread,
      ),
      act(
        "power-cut",
        { en: "Power cut after this APDU", ja: "このAPDUの後で電源断" },
        { "power-cut": 1 },
        label("and the power fails", "の途中で電源断"),
        noCard,
        apdu,
      ),
      act(
        "memory-full",
        { en: "Memory full", ja: "メモリ満杯" },
        "memory-full",
        label("meets a full memory", "でメモリ満杯"),
        noCard,
        apdu,
      ),
      certificate("another-ci", "another-ci", { en: "Certificate of another CI", ja: "別のCIの証明書" }),
      certificate("dp-pb", "wrong-role", { en: "Certificate with the wrong role", ja: "役割の違う証明書" }),
      {
        id: "wrong-code",
        title: { en: "Wrong confirmation code", ja: "誤った確認コード" },
        ...(noOrder && { not: noOrder }),
        diversion: () => ({
          deed: order,
          instead: { order: { ...what, confirmationCode: "2025" } },
          code: "4321",
          label: { en: "wrong confirmation code", ja: "誤った確認コード" },
        }),
      },
      {
        id: "other-eid",
        title: { en: "Order for another EID", ja: "別のEID宛ての注文" },
        ...(noOrder && { not: noOrder }),
        diversion: () => ({
          deed: order,
          instead: { order: { ...what, eid: otherEid(lab.state?.phone?.eid ?? "") } },
          label: { en: "ordered for another EID", ja: "別のEID宛てに注文" },
        }),
      },
      {
        id: "clock",
        title: { en: "The SM's clock is 30 years ahead", ja: "SMの時計が30年進む" },
        diversion: () => ({
          deed,
          insert: [{ clock: { of: "sm", seconds: 30 * 365 * DAY } }],
          label: { en: "the SM's clock is 30 years ahead", ja: "SMの時計が30年進む" },
        }),
      },
    ];
  }

  /** The chosen octet, or one in the middle. */
  get flipAt(): number {
    const half = Math.floor((lab.message?.bytes.length ?? 0) / 4);
    return lab.span && lab.span.part === "" ? lab.span.start : half;
  }

  /** The last command that carried a message to the card. */
  #lastCommand(n: number): number | undefined {
    const { records } = lab;
    const own = records[n];
    if (own?.interface === "APDU") return own.to === "euicc" ? n : n - 1;
    if (!own?.interface.startsWith("ES10")) return undefined;
    let last: number | undefined;
    for (let m = n + 1; m < records.length && records[m]?.interface === "APDU"; m++)
      if (records[m]?.to === "euicc" && records[m]?.function === "STORE DATA") last = m;
    return last;
  }
}

/** Another EID that is one: its last two digits check the others (SGP.29). */
function otherEid(eid: string): string {
  const head = `${eid.slice(0, 29)}${(Number(eid[29] ?? 0) + 1) % 10}`;
  const rest = 98n - (BigInt(`${head}00`) % 97n);
  return `${head}${String(rest).padStart(2, "0")}`;
}

/** A break point in a few words. */
export function wordsOf(filter: Filter): string {
  const { interface: at, function: name, tag, status, message } = filter;
  return [at, name, tag, status, message === undefined ? undefined : `#${message}`].filter(Boolean).join(" ");
}

/** Whether the core would mean this message, as far as the page can tell: the core decides when it comes. */
function isMeant({ interface: at, function: name, tag, status }: Filter, record: TraceRecord): boolean {
  const bytes = record.bytes.toUpperCase();
  const data = record.interface === "APDU" && record.to === "euicc" ? bytes.slice(10) : bytes;
  return (
    (at === undefined || record.interface === at) &&
    (name === undefined || record.function === name) &&
    (tag === undefined || data.startsWith(tag.toUpperCase())) &&
    (status === undefined ||
      (record.interface === "APDU" && record.from === "euicc" && bytes.endsWith(status.toUpperCase())))
  );
}

export const acts = new Acts();

/** What an act is called in the time line. */
export const actOf = (at: number): string => {
  const deed = lab.state?.deeds[at];
  return deed ? both(deed.what) || kindOf(deed.act) : "";
};
