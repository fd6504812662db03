/** Scenarios of the network: each has a world of its own, and is looked at in place of the reader's device. */
import { type Chapter } from "./chapters";
import { t } from "./language.svelte";
import type { Picture, ScenarioInfo, ScenarioStep, TraceRecord, World } from "./world";
import { newScenario, ownScenario, scenarios, sentence } from "./world";

/** A step that was taken, and how the device stands then. */
export interface Act extends ScenarioStep {
  picture: Picture;
}

/** Leaves the browser time to paint. */
const breath = () => new Promise((resume) => setTimeout(resume, 30));

class Theatre {
  list = $state.raw<ScenarioInfo[]>([]);
  /** The scenario that is looked at. */
  on = $state.raw<ScenarioInfo>();
  acts = $state.raw<Act[]>([]);
  records = $state.raw<TraceRecord[]>([]);
  running = $state(false);
  error = $state<string>();
  /** The step that is looked at; the last one if undefined. */
  at = $state<number>();
  digest = $state("");

  #scenario: World | undefined;

  async load() {
    if (this.list.length === 0) this.list = await scenarios();
  }

  /** One that comes with esim-lab. */
  play = (name: string) =>
    this.#play(async () => ({ info: this.list.find((one) => one.name === name), world: await newScenario(name) }));

  /** One that the reader has written. */
  playOwn = (name: string, text: string) => this.#play(() => ownScenario(name, text));

  /** The one that is on, once more. */
  again = () => this.#last && this.#play(this.#last);

  #last: (() => Promise<{ info: ScenarioInfo | undefined; world: World }>) | undefined;

  async #play(make: () => Promise<{ info: ScenarioInfo | undefined; world: World }>) {
    if (this.running) return;
    this.running = true;
    this.error = undefined;
    try {
      const { info, world: scenario } = await make();
      this.#last = make;
      this.#scenario?.free();
      this.#scenario = scenario;
      [this.acts, this.records, this.at] = [[], [], undefined];
      this.on = info;
      await breath();
      for (let step = await scenario.next(); step; step = await scenario.next()) {
        this.acts = [...this.acts, { ...step, picture: scenario.network() }];
        this.records = [...this.records, ...scenario.trace(this.records.length)];
        await breath();
        if (this.#scenario !== scenario) return;
      }
      this.digest = scenario.traceDigest();
    } catch (error) {
      this.error = sentence(error);
    } finally {
      this.running = false;
    }
  }

  close = () => {
    if (this.running) return;
    this.on = undefined;
    this.#scenario?.free();
    this.#scenario = undefined;
  };

  /** The step that is looked at. */
  get act(): Act | undefined {
    return this.at === undefined ? this.acts.at(-1) : this.acts.find((act) => act.n === this.at);
  }

  get chapters(): Chapter[] {
    return this.acts.map((act) => ({ from: act.records[0], title: act.what, ok: act.asExpected }));
  }

  get isAsExpected(): boolean {
    return this.acts.length === this.on?.steps.length && this.acts.every((act) => act.asExpected);
  }

  get scenario(): World {
    if (!this.#scenario) throw new Error(t("No scenario is on.", "シナリオは表示されていません。"));
    return this.#scenario;
  }
}

export const theatre = new Theatre();
