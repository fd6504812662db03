/** The SM inside this page, and the page's own phone that fetches from it: to try the view without any server. */
import { store } from "../engine/store.svelte";
import type { Act } from "../engine/protocol";
import { t } from "../lib/language.svelte";
import type { Line } from "./sm";

/** How a download went, in both languages. */
export type Fetched = { ok: boolean; title: { en: string; ja: string }; detail: { en: string; ja: string } };

export class Tab implements Line {
  private constructor() {}

  static async open(): Promise<Tab> {
    await store.open("own");
    return new Tab();
  }

  get name(): string {
    return t("the SM in this tab", "このタブの中のSM");
  }

  /** EID of the phone. */
  get eid(): string {
    return store.places.own.state?.phone?.eid ?? "";
  }

  send(path: string, body?: string) {
    return store.engine.request("own", path, body);
  }

  /** The phone fetches, its owner agrees to everything; then it reports to the SM. */
  async fetch(activationCode: string, confirmationCode: string): Promise<Fetched> {
    await store.perform("own", "reach");
    let act: Act = { begin: activationCode };
    for (;;) {
      let { done } = await store.perform("own", act);
      if (done.kind === "download" && !done.question && !done.outcome)
        done = (await store.carryOn("own"))?.done ?? done;
      if (done.kind !== "download") throw new Error(t("The download has not begun.", "ダウンロードを開始できません。"));
      if (done.outcome) {
        await store.perform("own", "notify");
        return done.outcome;
      }
      const isAsked = done.question?.kind === "confirmationCode";
      act = { answer: isAsked ? { code: confirmationCode } : "accept" };
    }
  }
}
