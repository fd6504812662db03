/** What the reader does, one thing after another: calls into the world never overlap, `#work` is the one door. */
import { isFault, journal } from "./journal.svelte";
import { keptRules } from "./kept";
import { both, t } from "./language.svelte";
import { type Outside, session } from "./session.svelte";
import type { Act, Performed, RulesAnswer, Said, Subscriber, Written } from "./world";
import { coreVersion, defaultRules, readLink, sentence } from "./world";

export const USUAL = { serviceProviderName: "esim-lab", msisdn: "+81901234567" } satisfies Subscriber;

/** What has become of rules: whether the device has registered anew, too. */
export type Ruled = RulesAnswer & { attached?: boolean };

class Player {
  ready = $state(false);
  busy = $state(false);
  running = $state(false);
  error = $state<string>();
  /** Milliseconds between two steps of a run. */
  pause = $state(150);
  /** Enable and attach as soon as the profile is installed. */
  useAtOnce = $state(true);
  /** The rules that everybody has to begin with. */
  #standard = $state("");

  async start() {
    await this.#work(async () => {
      const written = await readLink(location.hash);
      if (written) return this.#replay(written);
      await this.#begin({ device: await session.keptDevice() });
    });
    if (!session.isOpen) {
      const error = this.error;
      await this.#work(async () => {
        await this.#begin({});
        session.leaveKept();
      });
      this.error =
        error &&
        `${error} ${t("This is an empty card; the one kept in this browser is untouched. “Start over” replaces it.", "空のカードを使います。保存されたカードはそのままです。「最初から」で置き換わります。")}`;
    }
    this.ready = true;
  }

  /** A device from the factory and an SM without orders. */
  startOver = () =>
    this.#work(async () => {
      history.replaceState(null, "", location.pathname + location.search);
      await session.forgetKept();
      await this.#begin({ sm: session.sm });
    });

  /** The same card, another SM; no URL is the one inside the page. */
  connect = (smUrl: string | undefined, token: string) =>
    this.#work(() => this.#begin({ device: session.device(), sm: smUrl ? { smUrl, token } : undefined }));

  /** Orders a profile and downloads it, over the radio if there is no Wi-Fi. */
  download = (subscriber: Subscriber) =>
    this.#worked(() => this.#all("reach", { order: subscriber }, { begin: "" }), true);

  downloadCode = (code: string) => this.#worked(() => this.#all("reach", { begin: code }), true);

  /** The last download once more, from its activation code. */
  again = () => this.#worked(() => this.#all("reach", { begin: journal.code ?? "" }), true);

  next = () => this.#worked(() => journal.do({ step: 1 }));

  run = async () => {
    this.running = true;
    while (this.running && journal.underWay && !journal.step?.question && !this.error) {
      await this.next();
      if (this.pause > 0) await new Promise((resume) => setTimeout(resume, this.pause));
    }
    this.running = false;
    if (journal.step?.outcome?.ok && this.useAtOnce && !this.error) await this.#use();
  };

  hold = () => {
    this.running = false;
  };

  answer = (said: Said) => this.#worked(() => journal.do({ answer: said }), true);

  enable = (iccid: string) => this.#worked(() => journal.do({ enable: iccid }));
  disable = (iccid: string) => this.#worked(() => journal.do({ disable: iccid }));
  delete = (iccid: string) => this.#worked(() => journal.do({ delete: iccid }));
  name = (iccid: string, name: string) => this.#worked(() => journal.do({ name: { profile: iccid, name } }));
  notify = () => this.#worked(() => journal.do("notify"));
  attach = () => this.#worked(() => journal.do("radio-on"));
  radioOff = () => this.#worked(() => journal.do("radio-off"));
  wifi = (on: boolean) => this.#worked(() => journal.do({ wifi: on }));
  browse = (destination: string) => this.#worked(() => journal.do({ browse: destination }));
  call = () => this.#worked(() => journal.do("call"));
  text = (to: string, text: string) => this.#worked(() => journal.do({ text: { to, text } }));
  supplementary = () => this.#worked(() => journal.do("supplementary"));
  fallBack = () => this.#worked(() => journal.do("fall-back"));

  /** Types an APN, and has the device ask for it. */
  askApn = (apn: string) => this.#worked(() => this.#all({ apn }, "radio-on"));

  /** Goes back to before the last act; from there the reader may go another way. */
  takeBack = () =>
    this.#worked(async () => {
      const rules = this.rules;
      journal.takeBack();
      if (this.rules !== rules) keptRules.set(this.rules);
    });

  /** The rules that are in force, if they are not the defaults. */
  get rules(): string | undefined {
    return journal.rules === this.#standard ? undefined : journal.rules;
  }

  /** Puts rules in force; those that are not the defaults are kept in this browser. */
  applyRules = async (text: string): Promise<Ruled | undefined> => {
    let answer: Ruled | undefined;
    await this.#worked(async () => {
      answer = await this.#setRules(text);
      if (answer.ok) keptRules.set(this.rules);
    });
    return answer;
  };

  /** What a maintainer needs: where, what, and every octet. */
  report(): string {
    const about = {
      page: location.origin + location.pathname,
      browser: navigator.userAgent,
      link: session.linkless ? undefined : session.link(),
      smUrl: session.smUrl,
      digest: session.digest,
      outcome: journal.step?.outcome,
      error: this.error,
      phone: session.phone,
    };
    return `${JSON.stringify(about)}\n${session.world.exportTrace()}`;
  }

  async #begin(wish: { device?: ReturnType<typeof session.device>; sm?: Outside | undefined; written?: Written }) {
    const { device, sm, written } = wish;
    this.#standard ||= await defaultRules();
    let made: Performed | undefined;
    await session.open({ device, sm, seed: written?.seed, now: written?.now, keep: !written }, async (world) => {
      if (!device) made = await world.perform("leave-factory");
      if (made && isFault(made)) throw new Error(both(made.outcome));
    });
    this.running = false;
    journal.begin(made ? [{ act: "leave-factory", ...made }] : []);
    if (!written) await this.#keptRules();
    journal.settle();
  }

  /** The rules that this browser keeps; if they make no sense any more, the defaults. */
  async #keptRules() {
    const rules = keptRules.get();
    if (rules !== undefined) await this.#setRules(rules);
  }

  async #setRules(text: string): Promise<Ruled> {
    const { done } = await journal.do({ rules: text });
    return done.kind === "rulesRefused"
      ? { ok: false, reason: done.reason, ...(done.line !== null && { line: done.line }) }
      : { ok: true, attached: done.kind === "rulesTaken" && done.attached };
  }

  async #all(...acts: Act[]) {
    for (const act of acts) await journal.do(act);
  }

  /** Does all of it once more; what has failed then fails again. */
  async #replay(written: Written) {
    await this.#begin({ written });
    for (const act of written.acts) await journal.perform(act);
    if (written.digest !== undefined && !session.world.traceDigest().startsWith(written.digest))
      throw new Error(await toldOtherwise(written.version));
  }

  /** What “install and switch to it” goes on with. */
  async #use() {
    const profile = journal.newest;
    if (profile?.state !== "disabled") return;
    await this.enable(profile.iccid);
    if (!this.error && session.picture?.service.state === "off") await this.attach();
    if (!this.error && session.picture?.service.state === "in-service") await this.notify();
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
      await session.refresh();
    } catch (error) {
      this.error ??= sentence(error);
    }
    this.busy = false;
  }
}

/** That a link has another digest, and which versions it is between. */
async function toldOtherwise(theirs: string | undefined): Promise<string> {
  const ours = await coreVersion();
  if (theirs === undefined || theirs === ours)
    return t(
      "This link was made by another build of esim-lab: what you see is how this one tells the same story.",
      "このリンクは別のビルドのesim-labで作られました。同じ操作をこのビルドで再現しています。",
    );
  return t(
    `This link was made by esim-lab ${theirs}: what you see is how version ${ours} tells the same story.`,
    `このリンクはesim-lab ${theirs}で作られました。同じ操作をバージョン${ours}で再現しています。`,
  );
}

export const player = new Player();
