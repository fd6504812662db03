/** The engine: all worlds of the page. It runs in a Web Worker, and the window talks to it by `store.svelte.ts` alone. */
import init, { CardLpa, World } from "../pkg/esim_lab.js";
import { type CardPort, borrowCard } from "../pkg/card_port.js";
import type {
  Act,
  Answered,
  Both,
  Compared,
  CopyForm,
  CardAnswer,
  CardOutcome,
  CardProgress,
  CardQuestion,
  Edit,
  Explained,
  Journal,
  KeySession,
  Performed,
  ScenarioInfo,
  ScenarioStep,
  TraceRecord,
  WorldOptions,
} from "../pkg/esim_lab.js";
import { type Device, type KeptJournal, holdCard, kept } from "./kept";
import type {
  CardDeed,
  CardServer,
  CardView,
  CardWrong,
  ChecksOf,
  Comparison,
  Diversion,
  Found,
  Place,
  Progress,
  SameAs,
  State,
  Suggestion,
  Update,
  Verdict,
} from "./protocol";
import { type Breath, Filtering, type Judged } from "./filter";
import type { Key } from "./query";
import { Session } from "./session";
import { CHAPTERS, MOST_STEPS, type Mark, STORY } from "./story";

export interface Outside {
  smUrl: string;
  token: string;
}

type Told = (update: Update) => void;
type Ticked = (progress: Progress) => void;

/** One of the page's worlds, with what the page knows of it beside. */
interface Room {
  session: Session;
  age: number;
  seed: number | undefined;
  now: number;
  base: Device | undefined;
  sm: Outside | undefined;
  linkless: State["linkless"];
  reading: boolean;
  unkept: string | undefined;
  notice: Both | undefined;
  /** A card that this build cannot take up lies in this browser: nothing is kept over it until the reader starts over. */
  aside?: boolean;
  /** Something was done that is no act: what was done since cannot be done once more, and the card alone is kept. */
  beside?: boolean;
  title?: Both;
  notes?: Both[];
  activationCode?: string;
  /** Branch and number of messages that the window has. */
  sent: { branch: string; length: number } | undefined;
  phone: State["phone"];
  picture: State["picture"];
  orders: State["orders"];
}

/** A card that the window lends. */
interface Held {
  port: CardPort;
  lpa: CardLpa;
  /** Where its LPA fetches from, as JSON. */
  of: string;
  /** Records of its trace that the place has. */
  told: number;
}

const seconds = () => Math.floor(Date.now() / 1000);
const anySeed = () => crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
const sentence = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** Lets messages in, and the worker breathe. */
const breath = () => new Promise<void>((resume) => setTimeout(resume));

/** Milliseconds of work after which others are let in. */
const SLICE = 40;

/** Calls back no more often than ten times a second. */
class Pace {
  #last = performance.now();
  #slice = performance.now();
  async tick(tell: () => void) {
    const now = performance.now();
    if (now - this.#last > 100) {
      this.#last = now;
      tell();
    }
    if (now - this.#slice > SLICE) {
      await breath();
      this.#slice = performance.now();
    }
  }
}

/** Lets others in after each slice of work. */
function slices(): Breath {
  let begun = performance.now();
  return async () => {
    if (performance.now() - begun < SLICE) return;
    await breath();
    begun = performance.now();
  };
}

export class Engine {
  #rooms = new Map<Place, Room>();
  #marks = new Map<Mark, number>();
  #told: Told = () => undefined;
  #ticked: Ticked = () => undefined;
  readonly #filtering = new Filtering((record) => World.explainRecord(record));
  /** Calls into worlds never overlap. */
  #queue: Promise<unknown> = Promise.resolve();
  #age = 0;
  #channel = typeof BroadcastChannel === "undefined" ? undefined : new BroadcastChannel("esim-lab/own");

  /** Loads the core; changes are told from then on. */
  async start(told: Told, ticked: Ticked): Promise<{ version: string; rules: string }> {
    [this.#told, this.#ticked] = [told, ticked];
    await init();
    this.#channel?.addEventListener("message", () => void this.#inTurn(() => this.#readAlong()));
    return { version: World.version(), rules: World.defaultRules() };
  }

  /** One call after another. */
  #inTurn<T>(work: () => Promise<T> | T): Promise<T> {
    const done = this.#queue.then(work);
    this.#queue = done.catch(() => undefined);
    return done;
  }

  #room(place: Place): Room {
    const room = this.#rooms.get(place);
    if (!room) throw new Error(`${place} is not open`);
    return room;
  }

  #open(place: Place, world: World, about: Partial<Room>): Room {
    this.#rooms.get(place)?.session.free();
    const usual = {
      seed: undefined,
      base: undefined,
      sm: undefined,
      linkless: undefined,
      unkept: undefined,
      notice: undefined,
    };
    const looks = { phone: undefined, picture: undefined, orders: [], sent: undefined, reading: false };
    const session = new Session(world, World.explainRecord);
    const room: Room = { ...usual, ...looks, now: seconds(), ...about, session, age: ++this.#age };
    this.#rooms.set(place, room);
    return room;
  }

  /** Rules of the network that this browser keeps: a card that is begun anew finds them in force. */
  #rules: string | undefined;

  async keepRules(rules: string | undefined) {
    this.#rules = rules;
  }

  // — Places —

  /** Opens a place that is not open yet. */
  async open(place: Place, hash = ""): Promise<boolean> {
    return this.#inTurn(async () => {
      if (this.#rooms.has(place)) return true;
      if (place === "story") await this.#openStory();
      else if (place === "own") await this.#openOwn(false);
      else if (place === "linked") return this.#openLink(hash);
      else return false;
      return true;
    });
  }

  /** Whoever waits for a link does not want to any more: it stands where it has come to. */
  async leave(): Promise<void> {
    this.#isLeft = true;
  }
  #isLeft = false;

  /** A link in place of the one that is open. */
  async openLink(hash: string): Promise<boolean> {
    return this.#inTurn(() => this.#openLink(hash));
  }

  async #openStory() {
    const world = new World(STORY);
    const room = this.#open("story", world, STORY);
    const { session } = room;
    const pace = new Pace();
    for (const { mark, acts } of CHAPTERS) {
      this.#marks.set(mark, session.at);
      for (const act of acts) {
        if (act !== "carry-on") await session.perform(act);
        else await this.#steps("story", pace);
        await pace.tick(() => this.#ticked({ place: "story", what: "replay", done: session.at, of: 90 }));
      }
    }
    session.floor = 1;
    await this.#tell("story");
  }

  /** Where chapters of the story begin: numbers of deeds. */
  async marks(): Promise<Partial<Record<Mark, number>>> {
    return Object.fromEntries(this.#marks);
  }

  async #steps(place: Place, pace: Pace): Promise<Performed | undefined> {
    const { session } = this.#room(place);
    for (let n = 0; n < MOST_STEPS; n++) {
      const performed = await session.perform({ step: 1 });
      if (performed.done.kind !== "download" || performed.done.outcome || performed.done.question) return performed;
      await pace.tick(() => void this.#tellRecords(place));
    }
    return undefined;
  }

  async #openOwn(steal: boolean) {
    const mine = await holdCard(steal, () => void this.#inTurn(() => this.#lost()));
    let notice: Both | undefined;
    let unkept: string | undefined;
    try {
      const journal = await kept.journal();
      if (journal && journal.format !== 1) throw new Error(`it is kept in format ${String(journal.format)}`);
      if (journal) {
        const wrong = await this.#takeUp(journal, !mine);
        if (!wrong) return;
        notice = wrong === QUIETLY ? undefined : wrong;
      }
      const device = journal?.device ?? (await kept.device());
      if (device) {
        await this.#beginOwn({ device, reading: !mine, sm: journal?.sm, notice });
        return;
      }
    } catch (error) {
      unkept = sentence(error);
      notice = {
        en: `The card kept in this browser could not be taken up: ${unkept}. This is an empty one; “Start over” puts it in the other's place.`,
        ja: `このブラウザに保存されたカードを読み込めませんでした(${unkept})。空のカードを使います。「最初から」で置き換わります。`,
      };
    }
    await this.#beginOwn({ reading: !mine, notice, unkept, aside: unkept !== undefined });
  }

  /** A card in hand: one that is given, or one out of the factory. */
  async #beginOwn(of: {
    device?: Device | undefined;
    sm?: Outside | undefined;
    reading: boolean;
    notice?: Both | undefined;
    unkept?: string | undefined;
    aside?: boolean;
  }) {
    const { device, sm, ...about } = of;
    const [seed, now] = [anySeed(), seconds()];
    const world = new World(options({ seed, now, device, sm }));
    const linkless = sm ? "sm" : device ? "card" : undefined;
    const room = this.#open("own", world, { seed, now, base: device, sm, linkless, ...about });
    if (!device) await room.session.perform("leave-factory");
    // Rules that make no sense any more are told, and the defaults are in force.
    const ruled = this.#rules === undefined ? undefined : await room.session.perform({ rules: this.#rules });
    if (ruled && !ruled.good) room.notice ??= ruled.outcome;
    room.session.floor = room.session.at;
    await this.#tell("own");
  }

  /** The same once more, to the octet; says what is wrong if it is not. */
  async #takeUp(journal: KeptJournal, reading: boolean): Promise<Both | undefined> {
    const { seed, now, base, sm, digest } = journal;
    if (sm || digest === "") return QUIETLY;
    const world = new World(options({ seed, now, device: base }));
    const room = this.#open("own", world, { seed, now, base, linkless: base ? "card" : undefined, reading });
    const { session } = room;
    const pace = new Pace();
    const of = journal.branches.reduce((sum, { acts }) => sum + acts.length, 0);
    let done = 0;
    try {
      for (const { id, parent, fork, acts, label } of journal.branches) {
        if (parent !== undefined) session.fork(parent, fork, id, label);
        for (const act of acts) {
          await session.append(act);
          await pace.tick(() => this.#ticked({ place: "own", what: "replay", done: ++done, of }));
        }
      }
      session.choose(journal.branch, journal.at);
    } catch (error) {
      return { en: sentence(error), ja: sentence(error) };
    }
    if (world.traceDigest() !== journal.digest)
      return journal.version === World.version()
        ? {
            en: "What was done with this card is told otherwise by this build of esim-lab. The card is as you left it; what led to it begins anew.",
            ja: "このカードの操作履歴は、このビルドのesim-labでは同じ結果になりません。カードは前回のまま、履歴は新しく始まります。",
          }
        : {
            en: `What was done with this card was written by esim-lab ${journal.version}. The card is as you left it; what led to it begins anew.`,
            ja: `このカードの操作履歴はesim-lab ${journal.version}のものです。カードは前回のまま、履歴は新しく始まります。`,
          };
    session.floor = base ? 0 : 1;
    await this.#tell("own", false);
    return undefined;
  }

  async #openLink(hash: string): Promise<boolean> {
    const journal: Journal | undefined = World.readLink(hash);
    if (!journal) return false;
    const { seed, now, sm, heard, acts, digest, version } = journal;
    const world = new World(sm ? { seed, now, smUrl: sm, heard: heard ?? [] } : { seed, now });
    const room = this.#open("linked", world, {
      seed,
      now,
      sm: sm === undefined ? undefined : { smUrl: sm, token: "" },
    });
    const { session } = room;
    await session.perform("leave-factory");
    session.floor = 1;
    const pace = new Pace();
    // What is done to messages made a branch: the way without it stands beside it.
    const isPlain = (act: Act) => (typeof act === "string" ? act !== "mend" : !("tamper" in act));
    const first = acts.findIndex((act) => !isPlain(act));
    this.#isLeft = false;
    const ways = first < 0 ? [acts] : [acts.filter(isPlain), acts];
    for (const [n, way] of ways.entries()) {
      const rest = n === 0 ? way : acts.slice(first);
      if (n > 0) session.fork("A", Math.min(1 + first, session.branch.steps.length), "B", undefined);
      for (const [done, act] of rest.entries()) {
        if (this.#isLeft) break;
        try {
          await session.append(act);
        } catch (error) {
          // Without what was done to it the way may be another.
          if (n === 0 && ways.length > 1) break;
          throw error;
        }
        await pace.tick(() => this.#ticked({ place: "linked", what: "replay", done, of: rest.length }));
      }
      if (n > 0) session.branch.verdict = session.judge();
    }
    if (this.#isLeft) room.notice = LEFT;
    else if (digest !== undefined && !world.traceDigest().startsWith(digest)) room.notice = toldOtherwise(version);
    await this.#tell("linked");
    return true;
  }

  /** Octets of somebody else's session. Throws a sentence where they are of nothing that is known. */
  async read(octets: Uint8Array, name?: string): Promise<Both> {
    return this.#inTurn(async () => {
      const { title, records, notes, activationCode } = World.readForeign(octets, name);
      const room = this.#open("recording", new World(STORY), { now: STORY.now, linkless: "recording", title, notes });
      if (activationCode !== undefined) room.activationCode = activationCode;
      room.session.branch.records.push(...(records as TraceRecord[]));
      await this.#tell("recording", false);
      return title;
    });
  }

  // — Scenarios: each has a world of its own —

  async scenarios(): Promise<ScenarioInfo[]> {
    return World.scenarios();
  }

  /** A scenario before its first step: one that comes with esim-lab, or the reader's own text. */
  async openScenario(name: string, text?: string): Promise<ScenarioInfo | undefined> {
    return this.#inTurn(async () => {
      const info =
        text === undefined ? World.scenarios().find((one) => one.name === name) : World.readScenario(name, text);
      const world = text === undefined ? World.ofScenario(name) : World.ofScenarioText(text);
      this.#open("scenario", world, { now: STORY.now, linkless: "recording", ...(info && { title: info.title }) });
      await this.#tell("scenario", false);
      return info;
    });
  }

  /** The next step of the scenario; nothing after the last. */
  async nextScene(): Promise<ScenarioStep | undefined> {
    return this.#inTurn(async () => {
      const { session } = this.#room("scenario");
      const from = session.world.traceLength();
      const step = await session.world.next();
      session.branch.records.push(...session.world.trace(from));
      await this.#tell("scenario", false);
      if (!step) return undefined;
      const { checks: _, ...told } = step;
      return told;
    });
  }

  /** A device from the factory, and an SM without orders. What was there can be had back until the page closes. */
  async startOver(): Promise<void> {
    return this.#inTurn(async () => {
      const before = await kept.journal().catch(() => undefined);
      this.#before = before;
      await kept.forget().catch(() => undefined);
      await this.#beginOwn({ reading: this.#room("own").reading, sm: this.#room("own").sm });
    });
  }
  #before: KeptJournal | undefined;

  /** What `startOver` has put away comes back; whether there was anything. */
  async undoStartOver(): Promise<boolean> {
    return this.#inTurn(async () => {
      const before = this.#before;
      if (!before) return false;
      this.#before = undefined;
      const wrong = await this.#takeUp(before, false);
      if (wrong) await this.#beginOwn({ device: before.device, reading: false, sm: before.sm });
      await this.#keep();
      return true;
    });
  }

  /** The same card, another SM; none is the one inside the page. */
  async connectSm(sm: Outside | undefined): Promise<void> {
    return this.#inTurn(() =>
      this.#beginOwn({ device: deviceOf(this.#room("own").session.world), sm, reading: false }),
    );
  }

  /** Another tab has the card in hand: this one takes it over. */
  async takeOver(): Promise<void> {
    return this.#inTurn(() => this.#openOwn(true));
  }

  async #lost() {
    const room = this.#rooms.get("own");
    if (!room) return;
    room.reading = true;
    await this.#tell("own");
  }

  async #readAlong() {
    const room = this.#rooms.get("own");
    if (!room?.reading) return;
    const journal = await kept.journal();
    if (journal) await this.#takeUp(journal, true);
  }

  // — A real card: the window lends it, the LPA is here —

  #card: Held | undefined;
  /** Beside the queue of the worlds: a download waits for its user, and asks the SM of this tab in turn. */
  #cardQueue: Promise<unknown> = Promise.resolve();

  /** Takes a card that the window lends, and reads it. */
  async openCard(lent: MessagePort, title: Both): Promise<CardView | CardWrong> {
    await this.closeCard();
    const port = borrowCard(lent);
    await this.#inTurn(() => {
      this.#open("card", new World(STORY), { now: seconds(), linkless: "recording", title });
      this.#card = { port, lpa: new CardLpa(port, {}), of: "code", told: 0 };
    });
    return this.cardDo("read");
  }

  /** Does something to the card; what it is like then. */
  async cardDo(deed: CardDeed): Promise<CardView | CardWrong> {
    return this.#atCard(async ({ lpa }) => {
      if (deed === "deliver") await lpa.deliver();
      else if (typeof deed === "object") {
        if ("enable" in deed) await lpa.enable(deed.enable);
        else if ("disable" in deed) await lpa.disable(deed.disable);
        else if ("delete" in deed) await lpa.delete(deed.delete, "delete");
        else await lpa.nickname(deed.nickname, deed.name);
      }
      return { info: await lpa.info(), profiles: await lpa.list(), notifications: await lpa.notifications() };
    });
  }

  /** Fetches a profile for it; how it ended. */
  async cardDownload(
    activationCode: string,
    server: CardServer,
    ask: (question: CardQuestion) => Promise<CardAnswer>,
    progress: (progress: CardProgress) => void,
  ): Promise<CardOutcome | CardWrong> {
    return this.#atCard(async (card) => {
      const of = JSON.stringify(server);
      if (card.of !== of) {
        card.lpa.free();
        [card.lpa, card.of, card.told] = [new CardLpa(card.port, this.#served(server)), of, 0];
      }
      const pace = new Pace();
      return card.lpa.download({
        activationCode,
        ask: async (question: CardQuestion) => ask(question),
        progress: ({ percent, phase }: CardProgress) =>
          void pace.tick(() => progress({ percent, phase } as CardProgress)),
      });
    });
  }

  #served(server: CardServer) {
    if (server === "code") return {};
    if (server !== "tab") return server;
    const { world } = this.#room("own").session;
    const request = (path: string, body?: string) => this.request("own", path, body);
    return { sm: { address: world.address, request } };
  }

  /** Gives the card back; what was said to it stays to be looked at. */
  async closeCard(): Promise<void> {
    const card = this.#card;
    this.#card = undefined;
    await card?.port.close().catch(() => undefined);
    await this.#cardQueue;
    card?.lpa.free();
  }

  #atCard<T>(work: (card: Held) => Promise<T>): Promise<T | CardWrong> {
    const done = this.#cardQueue.then(async () => {
      const card = this.#card;
      if (!card) return { reason: "closed", en: "No card is connected.", ja: "カードは接続されていません。" };
      try {
        return await work(card);
      } catch (thrown) {
        const { reason = "failed", en = sentence(thrown), ja = en, code, details } = thrown as Partial<CardWrong>;
        return { reason, en, ja, ...(code !== undefined && { code }), ...(details && { details }) };
      } finally {
        const { records } = this.#room("card").session.branch;
        const fresh = card.lpa.trace(card.told);
        card.told += fresh.length;
        // Another SM means another LPA, whose trace begins anew.
        for (const record of fresh) records.push({ ...record, n: records.length });
        await this.#inTurn(() => this.#tellRecords("card"));
      }
    });
    this.#cardQueue = done.catch(() => undefined);
    return done;
  }

  // — Acts —

  /** Performs acts, one after another; stops at the first that fails and gives what came of the last. */
  async perform(place: Place, ...acts: Act[]): Promise<Performed> {
    return this.#act(place, async ({ session }) => {
      let performed: Performed | undefined;
      for (const act of acts) {
        performed = await session.perform(act);
        if (!performed.good) break;
      }
      if (!performed) throw new Error("no act");
      return slim(performed);
    });
  }

  /** The download goes on: so many steps, or until its user is asked or it has ended. */
  async carryOn(place: Place, steps?: number): Promise<Performed | undefined> {
    return this.#act(place, async ({ session }) => {
      if (steps !== undefined) return slim(await session.perform({ step: steps }));
      const ended = await this.#steps(place, new Pace());
      return ended && slim(ended);
    });
  }

  /** Playhead: so many deeds are done. */
  async goTo(place: Place, at: number): Promise<void> {
    await this.#act(place, ({ session }) => session.goTo(Math.max(at, session.floor)));
  }

  /** The last deed is undone; what then is done makes a branch. */
  async undo(place: Place): Promise<boolean> {
    return this.#act(place, ({ session }) => {
      if (session.at <= session.floor || !session.canGoBack) return false;
      let to = session.at - 1;
      // Steps of one download go together.
      const isStep = (n: number) => isStepAct(session.branch.steps[n]?.act);
      while (isStep(to) && isStep(to - 1) && to - 1 > session.floor) to--;
      session.goTo(Math.max(to, session.floor));
      return true;
    });
  }

  async choose(place: Place, branch: string, at?: number): Promise<void> {
    await this.#act(place, ({ session }) => session.choose(branch, at));
  }

  async dropBranch(place: Place, branch: string): Promise<void> {
    await this.#act(place, ({ session }) => session.drop(branch));
  }

  /** Something else happens from a message or deed on: a branch, played until somebody refuses. */
  async divert(place: Place, diversion: Diversion): Promise<{ branch: string; verdict: Verdict | undefined }> {
    return this.#act(place, async ({ session }) => {
      const pace = new Pace();
      const { id, verdict } = await session.divert(diversion, (done, of) =>
        pace.tick(() => this.#ticked({ place, what: "run", done, of })),
      );
      return { branch: id, verdict };
    });
  }

  /** On from a break point. */
  async goOn(place: Place): Promise<{ branch: string; verdict: Verdict | undefined }> {
    return this.#act(place, async ({ session }) => {
      const pace = new Pace();
      const { id, verdict } = await session.goOn((done, of) =>
        pace.tick(() => this.#ticked({ place, what: "run", done, of })),
      );
      return { branch: id, verdict };
    });
  }

  async #act<T>(place: Place, work: (room: Room) => Promise<T> | T): Promise<T> {
    return this.#inTurn(async () => {
      const room = this.#room(place);
      if (room.reading) throw new Error("another tab has this card in hand");
      try {
        return await work(room);
      } finally {
        await this.#tell(place);
      }
    });
  }

  // — Looking —

  async explain(place: Place, n: number, branch?: string): Promise<Explained> {
    return this.#inTurn(() => {
      const { session } = this.#room(place);
      return session.explain(n, session.named(branch));
    });
  }

  async checks(place: Place, n: number, branch?: string): Promise<ChecksOf> {
    const { session } = this.#room(place);
    return session.checks(n, session.named(branch));
  }

  /** Messages that a filter means. */
  async find(place: Place, query: string, branch?: string): Promise<Found> {
    return this.#filtering.find(this.#room(place).session.named(branch), query, slices());
  }

  /** What may stand behind a key, beside the rest of the filter. */
  async complete(place: Place, rest: string, key: Key, branch?: string): Promise<Suggestion[]> {
    return this.#filtering.complete(this.#room(place).session.named(branch), rest, key, slices());
  }

  /** What came of each message. */
  async judge(place: Place, branch?: string): Promise<Judged> {
    return this.#filtering.judge(this.#room(place).session.named(branch), slices());
  }

  /** Values of a message that earlier ones have. */
  async sameAs(place: Place, n: number, branch?: string): Promise<SameAs[]> {
    const { session } = this.#room(place);
    return session.values.sameAs(n, session.named(branch), slices());
  }

  /** A message that is in no branch: one with a value changed. */
  async explainRecord(record: TraceRecord): Promise<Explained> {
    return World.explainRecord(record);
  }

  /** Messages of a branch that is not looked at. */
  async records(place: Place, branch: string): Promise<TraceRecord[]> {
    return this.#room(place).session.named(branch).records;
  }

  async keys(place: Place, branch?: string): Promise<KeySession[]> {
    return this.#inTurn(() => this.#room(place).session.atEnd(branch, (world) => world.keys()));
  }

  async explainProfile(hex: string): Promise<Explained> {
    return World.explainProfile(hex);
  }

  /** The octets of a message with a value changed. */
  async change(record: TraceRecord, edit: Edit): Promise<string> {
    return World.change(record, edit);
  }

  async compare(place: Place, a: string, b: string): Promise<Comparison> {
    return this.#inTurn(() => {
      const { session } = this.#room(place);
      const [one, other] = [session.named(a), session.named(b)];
      const length = Math.min(one.records.length, other.records.length);
      let from = 0;
      while (from < length && one.records[from]?.bytes === other.records[from]?.bytes) from++;
      const messages: Comparison["messages"] = [];
      let n = from;
      for (; n < length; n++) {
        const [x, y] = [one.records[n], other.records[n]];
        if (!x || !y || x.function !== y.function || x.from !== y.from || x.interface !== y.interface) break;
        if (x.bytes !== y.bytes) messages.push({ n, differences: World.compare(x, y) });
      }
      const ends = (["A", "B"] as const).map((_, i) => session.atEnd(i === 0 ? a : b, endOf));
      const names = [...new Set(ends.flatMap((end) => [...end.keys()]))];
      return {
        a,
        b,
        messages,
        onlyA: one.records.length - n,
        onlyB: other.records.length - n,
        ends: names.flatMap((name) => {
          const [x, y] = [ends[0]?.get(name), ends[1]?.get(name)];
          return x?.value === y?.value
            ? []
            : [{ what: (x ?? y)?.what ?? { en: name, ja: name }, a: x?.value ?? "–", b: y?.value ?? "–" }];
        }),
      };
    });
  }

  async copyAs(place: Place, form: CopyForm, n?: number) {
    return this.#inTurn(() => this.#room(place).session.atEnd(undefined, (world) => world.copyAs(form, n)));
  }

  /** What our card and SM answer to the requests of the recording. */
  async answersOf(): Promise<Compared[]> {
    return this.#inTurn(() => World.answersOf(this.#room("recording").session.branch.records));
  }

  /** What a link to this place says, from `#` on; selection and filter are the window's to add. */
  async link(place: Place): Promise<string> {
    return this.#inTurn(() => {
      const { session, seed = 0, now } = this.#room(place);
      return session.world.link(seed, now);
    });
  }

  async digest(place: Place): Promise<string> {
    return this.#inTurn(() => this.#room(place).session.world.traceDigest());
  }

  /** Asks the SM something with the operator's credential. What it changes there is no act: it may hold subscribers' keys. */
  async request(place: Place, path: string, body?: string): Promise<Answered> {
    return this.#inTurn(async () => {
      const room = this.#room(place);
      const answered = await room.session.world.request(path, body);
      if (body !== undefined) {
        room.beside = true;
        if (place === "own" && !room.reading) await this.#keep();
      }
      return answered;
    });
  }

  /** The card, to be taken elsewhere. */
  async device(place: Place): Promise<Device> {
    return this.#inTurn(() => deviceOf(this.#room(place).session.world));
  }

  async explainPasted(text: string): Promise<Explained> {
    return World.explainHex(text);
  }

  async checkRules(text: string) {
    return World.checkRules(text);
  }

  // — Telling —

  async #tellRecords(place: Place) {
    const room = this.#room(place);
    const { records } = room.session.branch;
    const from = room.sent?.branch === room.session.branch.id ? Math.min(room.sent.length, records.length) : 0;
    room.sent = { branch: room.session.branch.id, length: records.length };
    this.#told({ state: this.#state(place, room), from, records: records.slice(from) });
  }

  /** Looks at the world anew, keeps it, and tells the window. */
  async #tell(place: Place, keep = true) {
    const room = this.#room(place);
    const { world } = room.session;
    if (place !== "recording") {
      room.phone = world.phone();
      room.picture = world.network();
      // An SM outside that does not answer has the orders that it had.
      room.orders = await world.orders().catch(() => room.orders);
    }
    if (place === "own" && keep && !room.reading) await this.#keep();
    await this.#tellRecords(place);
  }

  async #keep() {
    const room = this.#room("own");
    if (room.aside) return;
    const { session, seed = 0, now, base, sm } = room;
    const branches = session.branches.map(({ id, parent, fork, steps, label }) => ({
      id,
      fork,
      acts: steps.slice(parent ? fork : 0).map(({ act }) => act),
      ...(parent && { parent: parent.id }),
      ...(label && { label }),
    }));
    const device = deviceOf(session.world);
    const about = { seed, now, branches, branch: session.branch.id, at: session.at, device };
    const of = { version: World.version(), digest: room.beside ? "" : session.world.traceDigest() };
    try {
      await kept.keep({ format: 1, ...about, ...of, ...(base && { base }), ...(sm && { sm }) });
      room.unkept = undefined;
      this.#channel?.postMessage("changed");
    } catch (error) {
      room.unkept = sentence(error);
    }
  }

  #state(place: Place, room: Room): State {
    const { session, age, seed, now, phone, picture, orders, sm, linkless, reading, unkept, notice } = room;
    return {
      place,
      age,
      seed,
      now,
      branches: session.views,
      branch: session.branch.id,
      deeds: session.deeds,
      at: session.at,
      floor: session.floor,
      length:
        place === "recording" || place === "scenario" || place === "card"
          ? session.branch.records.length
          : session.length,
      phone,
      picture,
      orders,
      sm: sm?.smUrl,
      linkless,
      reading,
      unkept,
      title: room.title,
      notes: room.notes ?? [],
      activationCode: room.activationCode,
      notice,
    };
  }
}

/** The card is taken up without what led to it, and that is as it should be. */
const QUIETLY: Both = { en: "", ja: "" };

const isStepAct = (act: Act | undefined) => typeof act === "object" && ("step" in act || "begin" in act);

/** What the window is told of an act; verifications are asked for by message. */
const slim = ({ checks: _, ...performed }: Performed): Performed => performed;

const deviceOf = (world: World): Device => ({ nvm: world.nvm(), subscribers: world.subscribers() });

function options(of: {
  seed: number;
  now: number;
  device?: Device | undefined;
  sm?: Outside | undefined;
}): WorldOptions {
  const { seed, now, device, sm } = of;
  return sm ? { ...sm, ...device } : { seed, now, ...device };
}

function endOf(world: World): Map<string, { what: Both; value: string }> {
  const end = new Map<string, { what: Both; value: string }>();
  const phone = world.phone();
  for (const { serviceProviderName, iccid, state } of [...phone.provisioning, ...phone.profiles])
    end.set(iccid, {
      what: { en: `${serviceProviderName} on the card`, ja: `カード上の${serviceProviderName}` },
      value: state,
    });
  return end;
}

const LEFT: Both = {
  en: "The link was left before its end: what you see is how far it had come.",
  ja: "リンクの再現を途中でやめました。そこまでの状態を表示しています。",
};

function toldOtherwise(theirs: string | undefined): Both {
  const ours = World.version();
  return theirs === undefined || theirs === ours
    ? {
        en: "This link was made by another build of esim-lab: what you see is how this one tells the same story.",
        ja: "このリンクは別のビルドのesim-labで作られました。同じ操作をこのビルドで再現しています。",
      }
    : {
        en: `This link was made by esim-lab ${theirs}: what you see is how version ${ours} tells the same story.`,
        ja: `このリンクはesim-lab ${theirs}で作られました。同じ操作をバージョン${ours}で再現しています。`,
      };
}
