/** The lab's filter: what is typed, and which messages it means. */
import type { Mistake } from "../engine/query";
import { store } from "../engine/store.svelte";
import { lab } from "./selection.svelte";

class Filter {
  text = $state("");
  /** Messages meant; none while nothing is typed. */
  hits = $state.raw<ReadonlySet<number>>();
  mistake = $state.raw<Mistake>();
  /** What was asked when these were found. */
  of = $state("");
  /** An answer is under way. */
  busy = $state(false);

  #asked = 0;

  /** Asks the engine; while the text makes no sense the list stays as it was. */
  async look() {
    const asked = ++this.#asked;
    const text = this.text.trim();
    if (text === "" || lab.state === undefined) {
      [this.hits, this.mistake, this.busy, this.of] = [undefined, undefined, false, ""];
      return;
    }
    this.busy = true;
    const { hits, mistake } = await store.engine.find(lab.place, text);
    if (asked !== this.#asked) return;
    this.busy = false;
    this.of = text;
    this.mistake = mistake;
    if (!mistake) this.hits = new Set(hits);
  }

  /** Adds a term, or takes it away. */
  toggle(term: string) {
    const terms = this.text.split(/\s+/).filter((one) => one !== "");
    this.text = (terms.includes(term) ? terms.filter((one) => one !== term) : [...terms, term]).join(" ");
  }
}

export const filter = new Filter();
