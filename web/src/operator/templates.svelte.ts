/** Profile templates of the SM: asked for once a sign-in. */
import { plain } from "./file";
import type { KnownColumn, Template } from "./messages";
import { session } from "./session.svelte";
import { Refused, type Sm } from "./sm";

class Templates {
  list = $state.raw<Template[]>([]);
  columns = $state.raw<KnownColumn[]>([]);
  #of: Sm | undefined;
  /** What anybody may read over a shoulder, as the SM says: of all other columns only that they are there. */
  #open = $derived(
    new Set(
      this.columns
        .filter(({ secret }) => secret === false)
        .flatMap(({ name, others }) => [name, ...(others ?? [])].map(plain)),
    ),
  );

  isSecret = (column: string): boolean => !this.#open.has(plain(column));

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
