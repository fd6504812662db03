/**
 * The page's one state: a world, what it has said so far, and what the reader
 * may do next. Calls into the world never overlap: `#work` is the one door.
 */
import { type Chapter, FACTORY, opened, titleOf } from "./chapters";
import { type Op, type Replay, fromHash, recorded, toHash } from "./journal";
import { t } from "./language.svelte";
import { type Device, kept, keptRules } from "./kept";
import type { Answer, Attempt, Order, Phone, Picture, RulesAnswer, Step, Subscriber, TraceRecord, World } from "./world";
import { newWorld, sentence } from "./world";

export const USUAL: Subscriber = { serviceProviderName: "esim-lab", msisdn: "+81901234567" };

const seconds = () => Math.floor(Date.now() / 1000);
const anySeed = () => crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;

/** Something that was tried over the radio. */
export interface Tried {
  /** Number, from 0. */
  n: number;
  op: Op;
  attempt: Attempt;
  /** What the network took the subscriber for. */
  as: Picture["class"];
}

class Lab {
  ready = $state(false);
  busy = $state(false);
  running = $state(false);
  error = $state<string>();
  records = $state.raw<TraceRecord[]>([]);
  phone = $state.raw<Phone>();
  order = $state.raw<Order>();
  orders = $state.raw<Order[]>([]);
  step = $state.raw<Step>();
  /** Number of worlds so far. */
  age = $state(0);
  /** The first record of what was said last. */
  fresh = $state(0);
  chapters = $state.raw<Chapter[]>([]);
  picture = $state.raw<Picture>();
  /** What the reader has tried over the radio, the newest first. */
  tried = $state.raw<Tried[]>([]);
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
  #ops: Op[] = [];
  #keep = true;

  async start() {
    await this.#work(async () => {
      const replay = fromHash(location.hash, USUAL);
      if (replay) return this.#replay(replay);
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
  download = (subscriber: Subscriber) => this.#worked(() => this.#overRadio(["order", subscriber]), true);

  downloadCode = (code: string) => this.#worked(() => this.#overRadio(["code", code]), true);

  /** The last download once more, from its activation code. */
  again = async () => {
    if (this.#code) await this.downloadCode(this.#code);
  };

  next = () => this.#worked(() => this.#do(["step", 1]));

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

  answer = async (answer: Answer) => {
    await this.#worked(() => this.#do(["answer", answer]), true);
  };

  enable = (iccid: string) => this.#worked(() => this.#do(["enable", iccid]));
  disable = (iccid: string) => this.#worked(() => this.#do(["disable", iccid]));
  delete = (iccid: string) => this.#worked(() => this.#do(["delete", iccid]));
  name = (iccid: string, name: string) => this.#worked(() => this.#do(["name", iccid, name]));
  notify = () => this.#worked(() => this.#do(["notify"]));
  attach = () => this.#worked(() => this.#do(["attach"]));
  radioOff = () => this.#worked(() => this.#do(["radio-off"]));
  wifi = (on: boolean) => this.#worked(() => this.#do(["wifi", on]));
  browse = (destination: string) => this.#worked(() => this.#do(["browse", destination]));
  call = () => this.#worked(() => this.#do(["call"]));
  text = (to: string, text: string) => this.#worked(() => this.#do(["text", to, text]));
  supplementary = () => this.#worked(() => this.#do(["supplementary"]));
  fallBack = () => this.#worked(() => this.#do(["fall-back"]));

  /** Types an APN, and has the device ask for it. */
  askApn = (apn: string) =>
    this.#worked(async () => {
      await this.#do(["apn", apn]);
      await this.#do(["attach"]);
    });

  /** Puts rules in force, or, without a text, the defaults; kept in this browser. */
  applyRules = async (text: string, isDefault: boolean): Promise<RulesAnswer | undefined> => {
    let answer: RulesAnswer | undefined;
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
    const hash = toHash({ seed: this.#seed, now: this.#now, ops: this.#ops }, USUAL);
    return location.origin + location.pathname + hash;
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

  get underWay(): boolean {
    return this.step !== undefined && !this.step.done;
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

  async #begin(wish: { device?: Device; sm?: { smUrl: string; token: string }; replay?: Replay }) {
    const { device, sm, replay } = wish;
    const seed = replay?.seed ?? anySeed();
    const now = replay?.now ?? seconds();
    const world = await newWorld(sm ? { ...sm, ...device } : { seed, now, ...device });
    if (!device) await world.leaveFactory();
    this.#world?.free();
    this.#world = world;
    this.age++;
    this.#seed = seed;
    this.#now = now;
    this.#ops = [];
    this.#sm = sm;
    this.#keep = !replay;
    this.smUrl = sm?.smUrl;
    this.linkless = sm ? "sm" : device ? "card" : undefined;
    this.order = undefined;
    this.#code = undefined;
    this.orders = [];
    this.#stale = true;
    this.step = undefined;
    this.running = false;
    this.chapters = device ? [] : [FACTORY];
    this.tried = [];
    this.rules = undefined;
    if (!replay) await this.#keptRules();
  }

  /** The rules that this browser keeps; if they make no sense any more, the defaults. */
  async #keptRules() {
    const rules = keptRules.get();
    if (rules !== undefined && (await this.#setRules(rules)).ok) this.rules = rules;
  }

  async #setRules(text: string): Promise<RulesAnswer> {
    this.#answer = undefined;
    await this.#do(["rules", text]);
    return this.#answer ?? { ok: false, attached: false };
  }

  /** Switches the radio on first if that is the way to the SM. */
  async #overRadio(op: Op) {
    const { wifi, service } = this.#open.network();
    if (!wifi && service.state !== "in-service") await this.#do(["attach"]);
    await this.#do(op);
  }

  async #replay(replay: Replay) {
    await this.#begin({ replay });
    for (const op of replay.ops) {
      if (op[0] !== "step") {
        await this.#do(op);
        continue;
      }
      for (let i = 0; i < op[1] && this.underWay; i++) {
        // Consent in a row of steps is left out of links.
        if (this.step?.question?.kind === "consent") await this.#do(["answer", { kind: "consent", accept: true }]);
        await this.#do(["step", 1]);
      }
    }
  }

  async #do(op: Op) {
    const world = this.#open;
    const from = world.traceLength();
    try {
      await this.#act(world, op);
    } finally {
      const title = world.traceLength() > from && titleOf(op);
      if (title) this.chapters = opened(this.chapters, { from, title });
    }
    // Rules that were refused have changed nothing: they are no part of the story.
    if (op[0] !== "rules" || this.#answer?.ok) this.#ops = recorded(this.#ops, op);
    this.#stale ||= op[0] !== "step" || this.step?.done === true;
  }

  async #act(world: World, op: Op) {
    switch (op[0]) {
      case "order":
        this.order = await world.order(op[1]);
        world.startDownload(this.order.activationCode);
        this.#code = this.order.activationCode;
        this.step = { done: false, phase: "authenticating", progress: { done: 0, total: 100 } };
        break;
      case "code":
        world.startDownload(op[1]);
        this.#code = op[1];
        if (this.order?.activationCode !== op[1]) this.order = undefined;
        this.step = { done: false, phase: "authenticating", progress: { done: 0, total: 100 } };
        break;
      case "step":
        this.step = await world.step();
        break;
      case "answer": {
        world.answer(op[1]);
        const { question: _, ...rest } = this.step as Step;
        this.step = rest;
        break;
      }
      case "enable":
        await world.enable(op[1]);
        break;
      case "disable":
        await world.disable(op[1]);
        break;
      case "delete":
        await world.delete(op[1]);
        break;
      case "name":
        await world.setNickname(op[1], op[2]);
        break;
      case "notify": {
        const { kept } = await world.sendNotifications();
        if (kept > 0) throw new Error(t(`${kept} notifications could not be delivered and are kept.`, `通知${kept}件は届かず、保存されています。`));
        break;
      }
      case "attach":
        await world.attach();
        break;
      case "radio-off":
        world.radioOff();
        break;
      case "wifi":
        world.setWifi(op[1]);
        break;
      case "apn":
        world.setApn(op[1]);
        break;
      case "browse":
        this.#note(op, world.browse(op[1]));
        break;
      case "call":
        this.#note(op, world.call());
        break;
      case "text":
        this.#note(op, world.sendText(op[1], op[2]));
        break;
      case "supplementary":
        this.#note(op, world.supplementary());
        break;
      case "fall-back":
        if (!(await world.fallBack())) throw new Error(t("There is no provisioning profile to fall back to.", "戻れるプロビジョニングプロファイルがありません。"));
        break;
      case "rules":
        this.#answer = world.applyRules(op[1]);
        break;
      default:
        throw new TypeError(t(`A link cannot ask for “${String(op)}”.`, `リンクに不明な操作「${String(op)}」があります。`));
    }
  }

  /** The profile on the card that was downloaded last. */
  get newest() {
    const known = this.phone?.profiles ?? [];
    return this.order ? known.find((profile) => profile.iccid === this.order?.iccid) : known.at(-1);
  }

  #note(op: Op, attempt: Attempt) {
    const as = this.#open.network().class;
    this.tried = [{ n: this.tried.length, op, attempt, as }, ...this.tried];
  }

  /** What “install and switch to it” goes on with. */
  async #use() {
    const profile = this.newest;
    if (profile?.state !== "disabled") return;
    await this.enable(profile.iccid);
    if (!this.error && this.picture?.service.state === "off") await this.attach();
    if (!this.error && this.picture?.service.state === "in-service") await this.notify();
  }

  async #worked(work: () => Promise<void>, thenRun = false) {
    await this.#work(work);
    if (thenRun && !this.error) await this.run();
  }

  async #work(work: () => Promise<void>) {
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

  /** What has become of the rules applied last. */
  #answer: RulesAnswer | undefined;
  /** The world that `records` are of. */
  #traced: World | undefined;
  /** Activation code of the last download. */
  #code: string | undefined;
  /** The orders at the SM may have changed. */
  #stale = true;
}

export const lab = new Lab();
