/** The engine as the views know it: places with what is in them now, and what can be done. */
import { type Remote, proxy, wrap } from "comlink";
import type { Engine, Outside } from "./engine";
import type { Act, Diversion, Performed, Place, Progress, State, TraceRecord, Update } from "./protocol";
import type { Mark } from "./story";

const RULES = "esim-lab/rules";

/** A place as a view sees it. */
export class PlaceView {
  state = $state.raw<State>();
  /** All messages of the branch that is looked at; those behind `state.length` are to come. */
  records = $state.raw<TraceRecord[]>([]);
  /** An act is under way. */
  busy = $state(false);
  progress = $state.raw<Progress>();

  take({ state, from, records }: Update) {
    this.records = [...this.records.slice(0, from), ...records];
    this.state = state;
  }
}

class Store {
  /** The core is loaded. */
  ready = $state(false);
  /** Why it is not, and never will be. */
  fault = $state<string>();
  version = $state("");
  rules = $state("");
  marks = $state.raw<Partial<Record<Mark, number>>>({});

  readonly places: Record<Place, PlaceView> = {
    story: new PlaceView(),
    own: new PlaceView(),
    linked: new PlaceView(),
    recording: new PlaceView(),
    scenario: new PlaceView(),
    card: new PlaceView(),
  };

  #engine: Remote<Engine> | undefined;
  #started: Promise<Remote<Engine>> | undefined;

  /** Loads the core into its worker, once. */
  start(): Promise<Remote<Engine>> {
    this.#started ??= this.#load().catch((error: unknown) => {
      this.fault = error instanceof Error ? error.message : String(error);
      throw error;
    });
    return this.#started;
  }

  async #load() {
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module", name: "esim-lab" });
    const broken = new Promise<never>((_, fail) => {
      worker.addEventListener("error", (event) => fail(new Error(event.message || "the engine does not load")));
    });
    const engine = wrap<Engine>(worker);
    const told = proxy((update: Update) => this.places[update.state.place].take(update));
    const ticked = proxy((progress: Progress) => (this.places[progress.place].progress = progress));
    const { version, rules } = await Promise.race([engine.start(told, ticked), broken]);
    await engine.keepRules(localStorage.getItem(RULES) ?? undefined);
    [this.#engine, this.version, this.rules] = [engine, version, rules];
    this.ready = true;
    return engine;
  }

  /** The engine itself, for whatever is looked at. */
  get engine(): Remote<Engine> {
    if (!this.#engine) throw new Error("the engine is starting");
    return this.#engine;
  }

  /** Rules of the network stay in this browser, the defaults aside. */
  keepRules(text: string | undefined) {
    if (text === undefined) localStorage.removeItem(RULES);
    else localStorage.setItem(RULES, text);
    void this.engine.keepRules(text);
  }

  /** Opens a place that is not open yet; whether it is there then. */
  async open(place: Place, hash = ""): Promise<boolean> {
    const engine = await this.start();
    const found = await this.#busy(place, () => engine.open(place, hash));
    if (place === "story") this.marks = await engine.marks();
    return found;
  }

  /** A link that was clicked or pasted over an open page. */
  async openLink(hash: string): Promise<boolean> {
    const engine = await this.start();
    return this.#busy("linked", () => engine.openLink(hash));
  }

  perform = (place: Place, ...acts: Act[]): Promise<Performed> =>
    this.#busy(place, () => this.engine.perform(place, ...acts));
  carryOn = (place: Place, steps?: number) => this.#busy(place, () => this.engine.carryOn(place, steps));
  goTo = (place: Place, at: number) => this.#busy(place, () => this.engine.goTo(place, at));
  undo = (place: Place) => this.#busy(place, () => this.engine.undo(place));
  choose = (place: Place, branch: string, at?: number) =>
    this.#busy(place, () => this.engine.choose(place, branch, at));
  dropBranch = (place: Place, branch: string) => this.#busy(place, () => this.engine.dropBranch(place, branch));
  divert = (place: Place, diversion: Diversion) => this.#busy(place, () => this.engine.divert(place, diversion));
  goOn = (place: Place) => this.#busy(place, () => this.engine.goOn(place));
  startOver = () => this.#busy("own", () => this.engine.startOver());
  undoStartOver = () => this.#busy("own", () => this.engine.undoStartOver());
  takeOver = () => this.#busy("own", () => this.engine.takeOver());
  connectSm = (sm: Outside | undefined) => this.#busy("own", () => this.engine.connectSm(sm));
  read = (octets: Uint8Array, name?: string) => this.#busy("recording", () => this.engine.read(octets, name));

  async #busy<T>(place: Place, work: () => Promise<T>): Promise<T> {
    const view = this.places[place];
    view.busy = true;
    try {
      return await work();
    } finally {
      view.busy = false;
      view.progress = undefined;
    }
  }
}

export const store = new Store();
