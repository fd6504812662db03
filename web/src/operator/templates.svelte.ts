/** Profile templates of the SM: asked for once a sign-in. */
import type { KnownColumn, Template } from "./messages";
import { session } from "./session.svelte";
import { Refused, type Sm } from "./sm";

class Templates {
  list = $state.raw<Template[]>([]);
  columns = $state.raw<KnownColumn[]>([]);
  #of: Sm | undefined;

  /** Throws what came of the call. */
  async load() {
    if (this.#of === session.sm) return;
    const asked = session.sm;
    try {
      const { templates: list, columns } = await session.call((sm) => sm.templates());
      this.list = list;
      this.columns = columns ?? [];
    } catch (error) {
      // An SM without templates has the one type that every SM has.
      if (!(error instanceof Refused)) throw error;
      this.list = [{ name: "operational" }];
      this.columns = [];
    }
    this.#of = asked;
  }
}

export const templates = new Templates();
