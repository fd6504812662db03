/**
 * The page's one state: a world, what it has said so far, and what the reader
 * may do next. Calls into the world never overlap: `#work` is the one door.
 */
import { type Chapter, chaptersOf } from "./chapters";
import { both, t } from "./language.svelte";
import { type Device, kept, keptRules } from "./kept";
import type { Act, Attempt, Done, Download, Journal, Order, Performed, Phone, Picture, RulesAnswer, Said, Subscriber, TraceRecord, World } from "./world";
import { kindOf, newWorld, readLink, sentence } from "./world";

export const USUAL = { serviceProviderName: "esim-lab", msisdn: "+81901234567" } satisfies Subscriber;

const seconds = () => Math.floor(Date.now() / 1000);
const anySeed = () => crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;

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

/** An act, and what has come of it. */
interface Deed extends Performed {
  act: Act;
}

/** What the reader must be told beside the phone, the sheet of the download and the list of attempts. */
const isFault = ({ good, done }: Performed) => !good && !["radio", "service", "download", "rulesRefused"].includes(done.kind);

class Lab {
  ready = $state(false);
  busy = $state(false);
  running = $state(false);
  error = $state<string>();
  records = $state.raw<TraceRecord[]>([]);
  phone = $state.raw<Phone>();
  orders = $state.raw<Order[]>([]);
  /** Number of worlds so far. */
  age = $state(0);
  /** The first record of what was said last. */
  fresh = $state(0);
  picture = $state.raw<Picture>();
  /** The rules that are in force, if they are not the defaults. */
  rules = $state<string>();
  /** Milliseconds between two steps of a run. */
  pause = $state(150);
  /** Enable and attach as soon as the profile is installed. */
  useAtOnce = $state(true);
  smUrl = $state<string>();
  digest = $state("");
  /** Why this browser does not keep the card, if it does not. */
  unkept = $state<string>();
  /** Why this world has no permalink, if it has none. */
  linkless = $state<string>();

  #world: World | undefined;
  #seed = 0;
  #now = 0;
  /** What was done in this world so far. */
  #deeds = $state.raw<Deed[]>([]);
  #keep = true;

  async start() {
    await this.#work(async () => {
      const journal = await readLink(location.hash);
      if (journal) return this.#replay(journal);
      const device = await kept.device().catch(this.#unkept);
      await this.#begin({ ...(device && { device }) });
    });
    if (!this.#world) {
      const error = this.error;
      await this.#work(async () => {
        await this.#begin({});
        // Neither a bad link nor a card of another version costs the reader the card that is kept.
        this.#keep = false;
      });
      this.error = error && `${error} ${t("This is an empty card; the one kept in this browser is untouched. “Start over” replaces it.", "空のカードを使います。保存されたカードはそのままです。「最初から」で置き換わります。")}`;
    }
    this.ready = true;
  }

  /** A device from the factory and an SM without orders. */
  startOver = () =>
    this.#work(async () => {
      history.replaceState(null, "", location.pathname + location.search);
      await kept.forget().catch(this.#unkept);
      await this.#begin({ ...(this.#sm && { sm: this.#sm }) });
    });

  /** The same card, another SM; no URL is the one inside the page. */
  connect = (smUrl: string | undefined, token: string) =>
    this.#work(async () => {
      const device = this.#device();
      await this.#begin({ ...(device && { device }), ...(smUrl && { sm: { smUrl, token } }) });
    });

  /** Orders a profile and downloads it, over the radio if there is no Wi-Fi. */
  download = (subscriber: Subscriber) => this.#worked(() => this.#overRadio({ order: subscriber }, { begin: "" }), true);

  downloadCode = (code: string) => this.#worked(() => this.#overRadio({ begin: code }), true);

  /** The last download once more, from its activation code. */
  again = () => this.#worked(() => this.#overRadio({ begin: this.#code ?? "" }), true);

  next = () => this.#worked(() => this.#do({ step: 1 }));

  run = async () => {
    this.running = true;
    while (this.running && this.underWay && !this.step?.question && !this.error) {
      await this.next();
      if (this.pause > 0) await new Promise((resume) => setTimeout(resume, this.pause));
    }
    this.running = false;
    if (this.step?.outcome?.ok && this.useAtOnce && !this.error) await this.#use();
  };

  hold = () => {
    this.running = false;
  };

  answer = async (said: Said) => {
    await this.#worked(() => this.#do({ answer: said }), true);
  };

  enable = (iccid: string) => this.#worked(() => this.#do({ enable: iccid }));
  disable = (iccid: string) => this.#worked(() => this.#do({ disable: iccid }));
  delete = (iccid: string) => this.#worked(() => this.#do({ delete: iccid }));
  name = (iccid: string, name: string) => this.#worked(() => this.#do({ name: { profile: iccid, name } }));
  notify = () => this.#worked(() => this.#do("notify"));
  attach = () => this.#worked(() => this.#do("radio-on"));
  radioOff = () => this.#worked(() => this.#do("radio-off"));
  wifi = (on: boolean) => this.#worked(() => this.#do({ wifi: on }));
  browse = (destination: string) => this.#worked(() => this.#do({ browse: destination }));
  call = () => this.#worked(() => this.#do("call"));
  text = (to: string, text: string) => this.#worked(() => this.#do({ text: { to, text } }));
  supplementary = () => this.#worked(() => this.#do("supplementary"));
  fallBack = () => this.#worked(() => this.#do("fall-back"));

  /** Types an APN, and has the device ask for it. */
  askApn = (apn: string) =>
    this.#worked(async () => {
      await this.#do({ apn });
      await this.#do("radio-on");
    });

  /** Puts rules in force, or, without a text, the defaults; kept in this browser. */
  applyRules = async (text: string, isDefault: boolean): Promise<Ruled | undefined> => {
    let answer: Ruled | undefined;
    await this.#worked(async () => {
      answer = await this.#setRules(text);
      if (!answer.ok) return;
      this.rules = isDefault ? undefined : text;
      keptRules.set(this.rules);
    });
    return answer;
  };

  exportTrace(): string {
    return this.#open.exportTrace();
  }

  /** The world, to be looked at. */
  get world(): World {
    return this.#open;
  }

  /** A URL that opens this very world, to the octet. */
  link(): string {
    return location.origin + location.pathname + this.#open.link(this.#seed, this.#now);
  }

  /** What a maintainer needs: where, what, and every octet. */
  report(): string {
    const about = {
      page: location.origin + location.pathname,
      browser: navigator.userAgent,
      link: this.linkless ? undefined : this.link(),
      smUrl: this.smUrl,
      digest: this.digest,
      outcome: this.step?.outcome,
      error: this.error,
      phone: this.phone,
    };
    return `${JSON.stringify(about)}\n${this.exportTrace()}`;
  }

  /** Whether nothing was done since the device left the factory. */
  get isFresh(): boolean {
    return this.#deeds.every(({ act }) => act === "leave-factory");
  }

  get chapters(): Chapter[] {
    return chaptersOf(this.#deeds);
  }

  /** What the reader has tried over the radio, the newest first. */
  get tried(): Tried[] {
    return this.#deeds.flatMap(({ act, done, class: as }, n) => (done.kind === "radio" ? [{ n, act, attempt: done, as }] : [])).reverse();
  }

  /** How far the download is that was begun last. */
  get step(): Download | undefined {
    return this.#last((done) => (done.kind === "download" ? done : undefined));
  }

  /** The order of the download that was begun last, if it was made here. */
  get order(): Order | undefined {
    const made = this.#last((done) => (done.kind === "ordered" ? done.order : undefined));
    return this.#code === "" ? this.orders.find((order) => order.iccid === made?.iccid) : undefined;
  }

  get underWay(): boolean {
    return this.step !== undefined && !this.step.outcome;
  }

  /** What the download begun last was begun with: an activation code, or nothing for the order before it. */
  get #code(): string | undefined {
    const begun = this.#deeds.map(({ act }) => act).findLast((act) => typeof act === "object" && "begin" in act);
    return typeof begun === "object" && "begin" in begun ? begun.begin : undefined;
  }

  #last<T>(pick: (done: Done) => T | undefined): T | undefined {
    for (const { done } of this.#deeds.toReversed()) {
      const found = pick(done);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #sm: { smUrl: string; token: string } | undefined;

  get #open(): World {
    if (!this.#world) throw new Error(t("The world has not been loaded.", "まだ読み込まれていません。"));
    return this.#world;
  }

  #device() {
    const world = this.#world;
    return world && { nvm: world.nvm(), subscribers: world.subscribers() };
  }

  async #begin(wish: { device?: Device; sm?: { smUrl: string; token: string }; journal?: Journal }) {
    const { device, sm, journal } = wish;
    const seed = journal?.seed ?? anySeed();
    const now = journal?.now ?? seconds();
    const world = await newWorld(sm ? { ...sm, ...device } : { seed, now, ...device });
    const made = device ? undefined : await world.perform("leave-factory");
    if (made && isFault(made)) throw new Error(both(made.outcome));
    this.#world?.free();
    this.#world = world;
    this.#deeds = made ? [{ act: "leave-factory", ...made }] : [];
    this.age++;
    this.#seed = seed;
    this.#now = now;
    this.#sm = sm;
    this.#keep = !journal;
    this.smUrl = sm?.smUrl;
    this.linkless = sm ? "sm" : device ? "card" : undefined;
    this.orders = [];
    this.#stale = true;
    this.running = false;
    this.rules = undefined;
    if (!journal) await this.#keptRules();
  }

  /** The rules that this browser keeps; if they make no sense any more, the defaults. */
  async #keptRules() {
    const rules = keptRules.get();
    if (rules !== undefined && (await this.#setRules(rules)).ok) this.rules = rules;
  }

  async #setRules(text: string): Promise<Ruled> {
    const { done } = await this.#do({ rules: text });
    return done.kind === "rulesRefused" ? { ok: false, reason: done.reason, ...(done.line !== null && { line: done.line }) } : { ok: true, attached: done.kind === "rulesTaken" && done.attached };
  }

  /** Switches the radio on first if that is the way to the SM. */
  async #overRadio(...acts: Act[]) {
    const { wifi, service } = this.#open.network();
    if (!wifi && service.state !== "in-service") await this.#do("radio-on");
    for (const act of acts) await this.#do(act);
  }

  /** Does all of it once more; what has failed then fails again. */
  async #replay(journal: Journal) {
    await this.#begin({ journal });
    for (const act of journal.acts) await this.#perform(act);
    if (journal.digest !== undefined && !this.#open.traceDigest().startsWith(journal.digest)) {
      throw new Error(t("This link was made by another version of esim-lab: what you see is how this version tells the same story.", "このリンクは別の版のesim-labで作られました。同じ操作をこの版で再現しています。"));
    }
  }

  async #do(act: Act): Promise<Performed> {
    const performed = await this.#perform(act);
    if (isFault(performed)) throw new Error(both(performed.outcome));
    return performed;
  }

  async #perform(act: Act): Promise<Performed> {
    const performed = await this.#open.perform(act);
    this.#deeds = [...this.#deeds, { act, ...performed }];
    this.#stale ||= kindOf(act) !== "step" || this.step?.outcome !== undefined;
    return performed;
  }

  /** The profile on the card that was downloaded last. */
  get newest() {
    const known = this.phone?.profiles ?? [];
    return this.order ? known.find((profile) => profile.iccid === this.order?.iccid) : known.at(-1);
  }

  /** What “install and switch to it” goes on with. */
  async #use() {
    const profile = this.newest;
    if (profile?.state !== "disabled") return;
    await this.enable(profile.iccid);
    if (!this.error && this.picture?.service.state === "off") await this.attach();
    if (!this.error && this.picture?.service.state === "in-service") await this.notify();
  }

  async #worked(work: () => Promise<unknown>, thenRun = false) {
    await this.#work(work);
    if (thenRun && !this.error) await this.run();
  }

  async #work(work: () => Promise<unknown>) {
    if (this.busy) return;
    this.busy = true;
    this.error = undefined;
    try {
      await work();
    } catch (error) {
      this.error = sentence(error);
      this.running = false;
    }
    try {
      await this.#refresh();
    } catch (error) {
      this.error ??= sentence(error);
    }
    this.busy = false;
  }

  async #refresh() {
    const world = this.#world;
    if (!world) return;
    const fresh = world.trace(this.#traced === world ? this.records.length : 0);
    if (this.#traced !== world) {
      [this.records, this.fresh] = [fresh, fresh.length];
    } else if (fresh.length > 0) {
      this.fresh = this.records.length;
      this.records = [...this.records, ...fresh];
    }
    this.#traced = world;
    this.phone = world.phone();
    this.picture = world.network();
    this.digest = world.traceDigest();
    if (this.#stale) this.orders = await world.orders();
    this.#stale = false;
    const device = this.#keep && this.#device();
    if (device) await kept.keep(device).then(() => (this.unkept = undefined), this.#unkept);
  }

  #unkept = (error: unknown): undefined => {
    this.unkept = sentence(error);
  };

  /** The world that `records` are of. */
  #traced: World | undefined;
  /** The orders at the SM may have changed. */
  #stale = true;
}

export const lab = new Lab();
