/** What is looked at: the reader's own device, or a scenario; in it a message, and a party. */
import type { Chapter } from "./chapters";
import { journal } from "./journal.svelte";
import { session } from "./session.svelte";
import { theatre } from "./theatre.svelte";
import type { Explained, Party, Picture, TraceRecord, World } from "./world";

class View {
  /** Number of the message that is open. */
  selected = $state<number>();
  /** The party whose messages alone are shown. */
  party = $state<Party>();

  get isScenario(): boolean {
    return theatre.on !== undefined;
  }

  get records(): TraceRecord[] {
    return this.isScenario ? theatre.records : session.records;
  }

  get chapters(): Chapter[] {
    return this.isScenario ? theatre.chapters : journal.chapters;
  }

  get picture(): Picture | undefined {
    return this.isScenario ? theatre.act?.picture : session.picture;
  }

  get record(): TraceRecord | undefined {
    return this.selected === undefined ? undefined : this.records[this.selected];
  }

  /** The messages whose paths are lit: the open one, or what was said last. */
  get lit(): TraceRecord[] {
    if (this.record) return [this.record];
    if (!this.isScenario) return session.records.slice(session.fresh);
    const [from, end] = theatre.act?.records ?? [0, 0];
    return theatre.records.slice(from, end);
  }

  get scene(): World {
    return this.isScenario ? theatre.scenario : session.world;
  }

  explain(n: number): Explained {
    return this.scene.explain(n);
  }

  /** Shows a party's messages alone, or all of them again. */
  choose = (party: Party) => {
    this.party = this.party === party ? undefined : party;
  };

  /** Another world is looked at: its messages are others. */
  reset() {
    this.selected = undefined;
    this.party = undefined;
  }
}

export const view = new View();
