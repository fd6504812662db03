/**
 * Codes that the SM has drawn for new profiles. It tells them once: they are kept here until who is signed in signs out, or
 * is another, and are written nowhere.
 */
import { SvelteMap } from "svelte/reactivity";
import type { DrawnCodes, Fate, Imported, ImportRow } from "./messages";
import { session } from "./session.svelte";

class Told {
  readonly #byIccid = new SvelteMap<string, DrawnCodes>();
  #life = 0;

  of(iccid: string | undefined): DrawnCodes | undefined {
    return iccid === undefined ? undefined : this.#byIccid.get(iccid);
  }

  /** Imports rows. Codes in the answer are kept even if whoever asked for it does not wait for it any more. */
  async import(template: string, fate: Fate, rows: readonly ImportRow[]): Promise<Imported> {
    const life = this.#life;
    const imported = await session.call((sm) => sm.import(template, fate, rows));
    if (life !== this.#life) return imported;
    session.made(imported.created);
    for (const { iccid, codes } of imported.rows) if (iccid && codes) this.#byIccid.set(iccid, codes);
    return imported;
  }

  forget() {
    this.#life++;
    this.#byIccid.clear();
  }
}

export const told = new Told();
