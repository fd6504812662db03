/** What the network panel shows: the reader's own device, or a scenario; and what can be tried there. */
import type {
  Act,
  Attempt,
  Party,
  Performed,
  Picture,
  RulesAnswer,
  ScenarioInfo,
  ScenarioStep,
  TraceRecord,
} from "../engine/protocol";
import { store } from "../engine/store.svelte";
import { both, t } from "../lib/language.svelte";
import { sentence } from "../lib/sentence";

/** Something that was tried over the radio. */
export interface Tried {
  /** Number, from 0. */
  n: number;
  act: Act;
  attempt: Attempt;
  /** What the network took the subscriber for. */
  as: Picture["class"];
}

/** What has become of rules: whether the device has registered anew, too. */
export type Ruled = RulesAnswer & { attached?: boolean };

/** What the reader must be told beside the list of attempts. */
const isFault = ({ good, done }: Performed) => !good && !["radio", "service", "rulesRefused"].includes(done.kind);

/** A step that was taken, and how the device stands then. */
export interface Taken extends ScenarioStep {
  picture: Picture | undefined;
}

class Theatre {
  list = $state.raw<ScenarioInfo[]>([]);
  /** The scenario that is looked at. */
  on = $state.raw<ScenarioInfo>();
  acts = $state.raw<Taken[]>([]);
  running = $state(false);
  error = $state<string>();
  /** The step that is looked at; the last one if undefined. */
  at = $state<number>();
  digest = $state("");
  #last: (() => Promise<void>) | undefined;

  async load() {
    if (this.list.length === 0) this.list = await (await store.start()).scenarios();
  }

  /** One that comes with esim-lab, or one that the reader has written. */
  play = (name: string, text?: string) => {
    this.#last = () => this.#play(name, text);
    return this.#last();
  };

  again = () => this.#last?.();

  async #play(name: string, text: string | undefined) {
    if (this.running) return;
    this.running = true;
    this.error = undefined;
    try {
      const info = await store.engine.openScenario(name, text);
      [this.acts, this.at] = [[], undefined];
      this.on = info;
      for (let step = await store.engine.nextScene(); step; step = await store.engine.nextScene())
        this.acts = [...this.acts, { ...step, picture: store.places.scenario.state?.picture }];
      this.digest = await store.engine.digest("scenario");
    } catch (error) {
      this.error = sentence(error);
    } finally {
      this.running = false;
    }
  }

  close = () => {
    if (!this.running) this.on = undefined;
  };

  /** The step that is looked at. */
  get act(): Taken | undefined {
    return this.at === undefined ? this.acts.at(-1) : this.acts.find((act) => act.n === this.at);
  }

  get isAsExpected(): boolean {
    return this.acts.length === this.on?.steps.length && this.acts.every((act) => act.asExpected);
  }
}

export const theatre = new Theatre();

class Around {
  /** The message that is open, and the party whose messages alone are shown. */
  selected = $state<number>();
  party = $state<Party>();
  /** The first message of what was said last. */
  fresh = $state(0);
  error = $state<string>();

  get isScenario(): boolean {
    return theatre.on !== undefined;
  }

  get place() {
    return this.isScenario ? ("scenario" as const) : ("own" as const);
  }

  get records(): TraceRecord[] {
    const { records, state } = store.places[this.place];
    return state ? records.slice(0, state.length) : records;
  }

  get picture(): Picture | undefined {
    return this.isScenario ? theatre.act?.picture : store.places.own.state?.picture;
  }

  /** The messages whose paths are lit: the open one, or what was said last. */
  get lit(): TraceRecord[] {
    const record = this.selected === undefined ? undefined : this.records[this.selected];
    if (record) return [record];
    if (!this.isScenario) return this.records.slice(this.fresh);
    const [from, end] = theatre.act?.records ?? [0, 0];
    return this.records.slice(from, end);
  }

  /** Shows a party's messages alone, or all of them again. */
  choose = (party: Party) => {
    this.party = this.party === party ? undefined : party;
  };

  reset() {
    this.selected = undefined;
    this.party = undefined;
  }

  get may(): boolean {
    const { state, busy } = store.places.own;
    return state !== undefined && !state.reading && !busy && !this.underWay;
  }

  get underWay(): boolean {
    const { state } = store.places.own;
    const last = state?.deeds.slice(0, state.at).findLast(({ done }) => done.kind === "download")?.done;
    return last?.kind === "download" && last.outcome === undefined;
  }

  /** What the reader has tried over the radio, the newest first. */
  get tried(): Tried[] {
    const { state } = store.places.own;
    return (state?.deeds.slice(0, state.at) ?? [])
      .flatMap(({ act, done, class: as }, n) => (done.kind === "radio" ? [{ n, act, attempt: done, as }] : []))
      .reverse();
  }

  /** The rules that are in force, as they were written; nothing where they are the defaults. */
  get rules(): string | undefined {
    const { state } = store.places.own;
    const act = state?.deeds.slice(0, state.at).findLast(({ done }) => done.kind === "rulesTaken")?.act;
    const text = typeof act === "object" && "rules" in act && typeof act.rules === "string" ? act.rules : undefined;
    return text === store.rules ? undefined : text;
  }

  #do = async (...acts: Act[]): Promise<Performed | undefined> => {
    this.error = undefined;
    this.reset();
    this.fresh = store.places.own.state?.length ?? 0;
    try {
      const performed = await store.perform("own", ...acts);
      if (isFault(performed)) this.error = both(performed.outcome);
      return performed;
    } catch (error) {
      this.error = sentence(error);
      return undefined;
    }
  };

  browse = (browse: string) => this.#do({ browse });
  call = () => this.#do("call");
  text = (to: string, text: string) => this.#do({ text: { to, text } });
  supplementary = () => this.#do("supplementary");
  askApn = (apn: string) => this.#do({ apn }, "radio-on");
  attach = () => this.#do("radio-on");
  radioOff = () => this.#do("radio-off");
  wifi = (wifi: boolean) => this.#do({ wifi });

  /** Puts rules in force; they stay with the card. */
  applyRules = async (rules: string): Promise<Ruled | undefined> => {
    const done = (await this.#do({ rules }))?.done;
    if (done?.kind === "rulesRefused")
      return { ok: false, reason: done.reason, ...(done.line !== null && { line: done.line }) };
    if (done?.kind === "rulesTaken") {
      store.keepRules(this.rules);
      return { ok: true, attached: done.attached };
    }
    return this.error === undefined
      ? { ok: true }
      : { ok: false, reason: { en: this.error, ja: this.error || t("適用できません。", "適用できません。") } };
  };
}

export const around = new Around();
