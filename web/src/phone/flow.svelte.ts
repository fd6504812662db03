/** What the owner of the phone does, and what comes of it in the owner's words. */
import type { Act, Both, Deed, Download, Outcome, Performed, Profile, Said, Subscriber } from "../engine/protocol";
import { store } from "../engine/store.svelte";
import { mistake, serverOf } from "./code";

/** What went wrong, where it is shown, and what an engineer wants to know of it. */
export interface Trouble {
  what: Both;
  remedy: Both;
  /** With names and codes of the standard. */
  details?: Both;
  /** The message that tells of it. */
  record?: number;
}

/** What has come of an eSIM that was to be added. */
export interface Told {
  good: boolean;
  title: Both;
  text: Both;
  /** It can be had still. */
  again?: boolean;
}

/** Places of errors: an eSIM is named by its ICCID. */
export type Where = "add" | "code" | "order" | "try" | "card" | "use" | "reports" | "sm" | "over" | (string & {});

const same = (text: string): Both => ({ en: text, ja: text });

/** Whatever was thrown, in both languages if it knows both. */
export function spoken(error: unknown): Both {
  const said = error instanceof Error ? error.message : String(error);
  try {
    const { en, ja } = JSON.parse(said) as Partial<Both>;
    if (en !== undefined && ja !== undefined) return { en, ja };
  } catch {
    // It is a sentence.
  }
  return same(said);
}

const map = ({ en, ja }: Both, by: (text: string) => string): Both => ({ en: by(en), ja: by(ja) });

/** The sentence without codes, names of functions and what the server has added in its own language. */
const plainly = (text: string) =>
  text
    .replace(/ ?\(\d[\d.]*\/\d[\d.]*(, \w+)?\)/g, "")
    .replace(/^プロファイルを(ダウンロード|インストール)できませんでした。/, "")
    .replace("this matchingId", "this code")
    .replace(/ ?(The server says: |サーバーからのメッセージ).*$/s, "")
    .trim();

/** The core's answer where nobody has answered the LPA: it says which function, which is nothing to the owner. */
const UNANSWERED = /did not answer \w+/;

const WRONG_CODE = /8\.2\.7\/3\.8/;

export const nameOf = ({ nickname, profileName, serviceProviderName }: Profile) =>
  nickname || profileName || serviceProviderName;

class Flow {
  /** “Use it at once.” */
  atOnce = $state(true);
  /** An eSIM is on its way, from its order or code to its end or the next question. */
  adding = $state(false);
  /** What is being done after the download. */
  finishing = $state(false);
  /** The confirmation code was wrong. */
  wrong = $state.raw<Trouble>();
  told = $state.raw<Told>();
  /** A code of a server that is not this page's. */
  elsewhere = $state.raw<{ code: string; server: string }>();
  troubles = $state.raw<Partial<Record<Where, Trouble>>>({});
  #said: Said | undefined;

  get own() {
    return store.places.own;
  }

  get ready(): boolean {
    return this.own.state?.phone !== undefined;
  }

  /** Nothing can be done just now: it starts, works, or another tab has the card. */
  get held(): boolean {
    return !this.ready || this.own.busy || this.own.state?.reading === true;
  }

  get #last(): Deed | undefined {
    const { state } = this.own;
    return state?.deeds[state.at - 1];
  }

  /** The download that is not over. */
  get download(): Download | undefined {
    const done = this.#last?.done;
    return done?.kind === "download" && !done.outcome ? done : undefined;
  }

  /** The eSIM in use. */
  get enabled(): Profile | undefined {
    const { provisioning = [], profiles = [] } = this.own.state?.phone ?? {};
    return [...profiles, ...provisioning].find(({ state }) => state === "enabled");
  }

  /** Name of the page's SM, as a code has it. */
  get server(): string {
    const sm = this.own.state?.picture?.sm;
    return sm ? `${sm.host}${sm.port === 443 ? "" : `:${sm.port}`}` : "";
  }

  /** The code, or the empty name of the last order, that the last download has begun with. */
  get #begun(): string {
    const { state } = this.own;
    const acts = state?.deeds.slice(0, state.at).map(({ act }) => act) ?? [];
    const last = acts.findLast((act) => typeof act === "object" && "begin" in act);
    return typeof last === "object" && "begin" in last ? last.begin : "";
  }

  /** The server that the download in hand is from. */
  get from(): string {
    return this.#begun === "" ? this.server : serverOf(this.#begun);
  }

  clear(where: Where) {
    this.troubles = { ...this.troubles, [where]: undefined };
  }

  fail(where: Where, trouble: Trouble) {
    this.troubles = { ...this.troubles, [where]: trouble };
  }

  // — Adding —

  order = (subscriber: Subscriber) => this.#add("order", { order: subscriber }, { begin: "" });

  /** Adds by a code; one that makes no sense, or is of another server, is told. */
  addCode = async (typed: string, anyServer = false) => {
    if (this.held) return;
    this.#begin();
    const code = typed.trim();
    const wrong = mistake(code);
    if (wrong) return this.fail("code", wrong);
    const server = serverOf(code);
    if (!anyServer && server !== this.server) {
      this.elsewhere = { code, server };
      return;
    }
    await this.#add("code", { begin: code });
  };

  /** The server of the code becomes this page's SM. */
  goElsewhere = async () => {
    const { elsewhere } = this;
    if (!elsewhere || this.held) return;
    this.elsewhere = undefined;
    await this.#tries("add", async () => {
      await store.connectSm({ smUrl: `https://${elsewhere.server}`, token: "" });
    });
    if (!this.troubles.add) await this.addCode(elsewhere.code, true);
  };

  /** Once more, from the same code. */
  again = () => this.#add("add", { begin: this.#begun });

  /** A download that a reload has cut off goes on. */
  carryOn = () =>
    this.#adds("add", async () => {
      const performed = await store.carryOn("own");
      if (performed) await this.#goOn(performed);
    });

  answer = (said: Said) =>
    this.#adds("add", async () => {
      if (!this.wrong) return this.#say(said);
      // The download has ended with the wrong code: the next one is up to its question.
      let performed = await this.#go("reach", { begin: this.#begun });
      if (said !== "reject") performed = await this.#step(await store.perform("own", { answer: "accept" }));
      const { done } = performed;
      if (done.kind === "download" && done.question) await this.#say(said);
      else await this.#goOn(performed);
    });

  /** Whoever does not want to now: the code stays valid. */
  notNow = async () => {
    if (this.held) return;
    if (!this.wrong) return this.answer("postpone");
    this.wrong = undefined;
    this.told = POSTPONED;
  };

  #begin() {
    [this.told, this.wrong, this.elsewhere] = [undefined, undefined, undefined];
    this.troubles = {};
  }

  #add(where: Where, ...acts: Act[]) {
    if (this.held) return;
    this.#begin();
    return this.#adds(where, async () => {
      const performed = await this.#go("reach", ...acts);
      if (performed.done.kind === "download") await this.#goOn(performed);
      else this.fail(where, this.#troubleOf(performed));
    });
  }

  async #adds(where: Where, work: () => Promise<void>) {
    if (this.held) return;
    this.adding = true;
    await this.#tries(where, work);
    this.adding = false;
  }

  async #say(said: Said) {
    this.#said = said;
    const performed = await this.#step(await store.perform("own", { answer: said }));
    await this.#goOn(performed);
  }

  #go = async (...acts: Act[]) => this.#step(await store.perform("own", ...acts));

  /** On until somebody is asked, or it has ended. */
  async #step(performed: Performed): Promise<Performed> {
    const { done } = performed;
    if (done.kind !== "download" || done.question || done.outcome) return performed;
    return (await store.carryOn("own")) ?? performed;
  }

  async #goOn(performed: Performed) {
    const { done } = performed;
    if (done.kind === "download" && !done.outcome) this.wrong = undefined;
    if (done.kind === "download" && done.outcome) await this.#ended(done.outcome, performed);
  }

  async #ended(outcome: Outcome, performed: Performed) {
    const said = this.#said;
    this.#said = undefined;
    if (outcome.ok) {
      this.wrong = undefined;
      return this.#installed(performed);
    }
    const trouble = this.#troubleOf(performed, outcome);
    this.wrong = undefined;
    if (typeof said === "object" && WRONG_CODE.test(outcome.detail.en)) this.wrong = { ...WRONG, ...tail(trouble) };
    else if (said === "postpone") this.told = POSTPONED;
    else if (said === "reject") this.told = REFUSED;
    else this.fail("add", trouble);
  }

  async #installed(performed: Performed) {
    await this.#settled(performed);
    const profile = this.own.state?.phone?.profiles.at(-1);
    if (!profile) return;
    const name = nameOf(profile);
    if (!this.atOnce) {
      const text = { en: "It is off until you switch it on.", ja: "オンにするまで使われません。" };
      this.told = { good: true, title: { en: `${name} is added`, ja: `${name}を追加しました` }, text };
      return;
    }
    this.finishing = true;
    try {
      let last = await store.perform("own", { enable: profile.iccid });
      await this.#settled(last);
      if (this.own.state?.phone?.service.state === "off") last = await store.perform("own", "radio-on");
      if (!last.good) {
        this.fail("use", this.#troubleOf(last));
        this.told = { good: true, title: { en: `${name} is added`, ja: `${name}を追加しました` }, text: same("") };
        return;
      }
      const { good } = await store.perform("own", "notify");
      this.told = {
        good: true,
        title: { en: `${name} is in use`, ja: `${name}を使用しています` },
        text: good
          ? { en: "It is added and on, and its operator knows.", ja: "追加してオンにし、通信事業者に通知しました。" }
          : {
              en: "It is added and on. Its operator is still to be told.",
              ja: "追加してオンにしました。通信事業者への通知は未送信です。",
            },
      };
    } finally {
      this.finishing = false;
    }
  }

  // — Everything else —

  /** Acts; whether they came out well. What did not is told in its place. */
  act = async (where: Where, ...acts: Act[]): Promise<Performed | undefined> => {
    if (this.held) return undefined;
    this.troubles = {};
    this.told = undefined;
    let performed: Performed | undefined;
    await this.#tries(where, async () => {
      performed = await store.perform("own", ...acts);
      await this.#settled(performed);
      if (!performed.good && where !== "try") this.fail(where, this.#troubleOf(performed));
    });
    return performed;
  };

  async #tries(where: Where, work: () => Promise<void>) {
    try {
      await work();
    } catch (error) {
      this.fail(where, { what: spoken(error), remedy: same("") });
    }
  }

  /** The window knows of what was performed. */
  async #settled({ records }: Performed) {
    while ((this.own.state?.length ?? 0) < records[1]) await new Promise((resume) => setTimeout(resume, 5));
  }

  #troubleOf({ outcome, records, done }: Performed, ended?: Outcome): Trouble {
    const record = Math.max(0, records[1] - 1);
    if (ended) {
      const details = ended.detail;
      const remedy = UNANSWERED.test(details.en) ? NO_ANSWER : map(details, plainly);
      return { what: { en: "Not added.", ja: "追加できませんでした。" }, remedy, details, record };
    }
    if (done.kind === "notOrdered")
      return {
        what: { en: "The order was not taken.", ja: "注文できませんでした。" },
        remedy: same(""),
        details: outcome,
        record,
      };
    if (done.kind === "service") return { what: NO_SERVICE, remedy: same(""), details: outcome, record };
    if (done.kind === "delivered") return { what: NOT_SENT, remedy: KEPT, details: outcome, record };
    return { what: map(outcome, plainly), remedy: same(""), details: outcome, record };
  }
}

const tail = ({ details, record }: Trouble) => ({
  ...(details !== undefined && { details }),
  ...(record !== undefined && { record }),
});

const NO_ANSWER: Both = {
  en: "The server did not answer. Check the connection, then try again with the same code.",
  ja: "サーバーから応答がありません。接続を確認して、同じコードでもう一度お試しください。",
};
const NO_SERVICE: Both = {
  en: "The network gives this eSIM no service.",
  ja: "このeSIMでは、ネットワークに接続できません。",
};
const NOT_SENT: Both = { en: "Not every report was taken.", ja: "送れなかった通知があります。" };
const KEPT: Both = {
  en: "They stay on the card. Send them when you are online.",
  ja: "カードに残っています。接続してから送ってください。",
};
const WRONG: Trouble = {
  what: { en: "This code is wrong.", ja: "コードが違います。" },
  remedy: {
    en: "Look at the operator's message and enter it again. After too many wrong tries you need a new order.",
    ja: "通信事業者からの案内を確認して、もう一度入力してください。間違いが続くと、新しい申し込みが必要になります。",
  },
};
const POSTPONED: Told = {
  good: false,
  title: { en: "Not added for now", ja: "今は追加していません" },
  text: { en: "Your code stays valid.", ja: "コードは有効なままです。" },
  again: true,
};
const REFUSED: Told = {
  good: false,
  title: { en: "Refused", ja: "拒否しました" },
  text: {
    en: "The operator has been told. The code may be used up.",
    ja: "通信事業者に通知しました。コードは使えなくなることがあります。",
  },
};

export const flow = new Flow();
