/** An SM inside this tab, and a phone beside it that can fetch from it: to try the page without any server. */
import { t } from "../lib/language.svelte";
import { type Act, type World, newWorld } from "../lib/world";
import type { Line } from "./sm";

/** How a download went, in both languages. */
export type Fetched = { ok: boolean; title: { en: string; ja: string }; detail: { en: string; ja: string } };

export class Tab implements Line {
  readonly #world: World;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(world: World) {
    this.#world = world;
  }

  static async open(): Promise<Tab> {
    return new Tab(await newWorld({}));
  }

  get name(): string {
    return t("the SM in this tab", "このタブの中のSM");
  }

  /** EID of the phone. */
  get eid(): string {
    return this.#world.phone().eid;
  }

  send(path: string, body?: string) {
    return this.#alone(() => this.#world.request(path, body));
  }

  /** The phone fetches, its owner agrees to everything; then it reports to the SM. */
  fetch(activationCode: string, confirmationCode: string): Promise<Fetched> {
    return this.#alone(async () => {
      let act: Act = { begin: activationCode };
      for (;;) {
        const { done } = await this.#world.perform(act);
        if (done.kind === "download" && done.outcome) {
          await this.#world.perform("notify");
          return done.outcome;
        }
        const isAsked = done.kind === "download" && done.question?.kind === "confirmationCode";
        act = isAsked ? { answer: { code: confirmationCode } } : { step: 1 };
      }
    });
  }

  /** Calls into the world never overlap. */
  #alone<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(work, work);
    this.#last = mine;
    return mine;
  }
}
