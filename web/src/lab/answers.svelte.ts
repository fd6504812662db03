/** What our card and SM would have answered in the place of those that were recorded. */
import type { Compared } from "../engine/protocol";
import { store } from "../engine/store.svelte";
import { lab } from "./selection.svelte";

class Answers {
  /** By the number of the recorded answer; empty until somebody asks. */
  of = $state.raw<ReadonlyMap<number, Compared>>(new Map());
  error = $state<string>();
  #age: number | undefined;

  async look() {
    this.error = undefined;
    try {
      const found = await store.engine.answersOf();
      this.#age = lab.state?.age;
      this.of = new Map(found.map((one) => [one.n, one]));
    } catch (error) {
      this.error = error instanceof Error ? error.message : String(error);
    }
  }

  /** Another recording: nothing is known of it. */
  forget() {
    if (this.#age === lab.state?.age && lab.place === "recording") return;
    this.of = new Map();
    this.error = undefined;
  }
}

export const answers = new Answers();
