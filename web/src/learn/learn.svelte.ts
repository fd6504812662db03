/** Where the reader is in the scenes, what of the story stands on the stage, and what was broken. */
import type { Deed, Explained, TraceRecord, Verdict } from "../engine/protocol";
import { store } from "../engine/store.svelte";
import type { Mark } from "../engine/story";
import { t } from "../lib/language.svelte";
import { sentence } from "../lib/sentence";
import { route } from "../shell/route.svelte";
import { type Break, type Makers, type Pick, type Scene, type Step, field, find, octets, words } from "./model";
import { SCENES } from "./scenes";

const KEY = "esim-lab/scene";

/** A field of the main message, as it is shown. */
export interface Shown {
  name: string;
  /** Tag and length, and the value's first octets. */
  head: string;
  value: string;
  clause: string;
  text: string;
  isEdited: boolean;
}

/** What was broken, and what has come of it. */
export interface Broken {
  by: Break;
  branch: string;
  /** Nothing if nobody has noticed. */
  verdict: Verdict | undefined;
  /** The message that it was done to. */
  record: number | undefined;
}

/** A verification, or several that were not made. */
export interface CheckLine {
  n: string;
  what: string;
  state: "passed" | "failed" | "none";
}

/** So many that passed are shown before the one that failed. */
const MOST_PASSED = 1;

function sceneOf(hash: string): number | undefined {
  const name = new URLSearchParams(hash.slice(1)).get("scene");
  const n = SCENES.findIndex(({ id }) => id === name);
  return n >= 0 ? n : undefined;
}

class Learn {
  n = $state(sceneOf(location.hash) ?? sceneOf(`#scene=${localStorage.getItem(KEY) ?? ""}`) ?? 0);
  at = $state(0);
  /** A message is on its way. */
  isMoving = $state(false);
  broken = $state.raw<Broken>();
  /** The break that the reader has chosen, by name. */
  chosen = $state<string>();
  /** It is being broken. */
  isBreaking = $state(false);
  error = $state<string>();
  seen = $state.raw<(string | undefined)[]>([]);
  fields = $state.raw<Shown[]>([]);
  main = $state.raw<{ n: number; record: TraceRecord }>();
  /** Verifications of the message that was refused, those around the failing one. */
  checks = $state.raw<readonly CheckLine[]>([]);

  /** The story as it is told to everybody. */
  #told = $state.raw<{ records: TraceRecord[]; deeds: Deed[] }>();

  get scene(): Scene {
    return SCENES[this.n] ?? (SCENES[0] as Scene);
  }

  get step(): Step {
    return this.scene.steps[this.at] ?? (this.scene.steps[0] as Step);
  }

  get isReady(): boolean {
    return this.#told !== undefined;
  }

  get break(): Break | undefined {
    return this.scene.breaks.find(({ id }) => id === this.chosen) ?? this.scene.breaks[0];
  }

  async open() {
    await store.open("story");
    const story = store.places.story;
    if (story.state?.branch !== "A") await store.choose("story", "A");
    this.#told = { records: story.records, deeds: story.state?.deeds ?? [] };
    await this.look();
  }

  go(n: number, isStep = true) {
    const to = Math.max(0, Math.min(SCENES.length - 1, n));
    if (to === this.n) return;
    this.n = to;
    this.at = 0;
    this.chosen = undefined;
    this.error = undefined;
    localStorage.setItem(KEY, this.scene.id);
    const hash = `#scene=${this.scene.id}`;
    if (isStep) route.go("learn", hash);
    void this.#mended().then(() => this.look());
  }

  /** The address says another scene. */
  follow() {
    const n = sceneOf(route.hash);
    if (n !== undefined) this.go(n, false);
  }

  show(at: number) {
    this.at = Math.max(0, Math.min(this.scene.steps.length - 1, at));
    this.isMoving = true;
  }

  /** The number of a message of the story; -1 if it has none. */
  number(pick: Pick): number {
    const told = this.#told;
    if (!told) return -1;
    const deeds = store.marks[pick.after] ?? 0;
    return find(told.records, told.deeds[deeds - 1]?.records[1] ?? 0, pick);
  }

  record(pick: Pick | undefined): TraceRecord | undefined {
    return pick && this.#told?.records[this.number(pick)];
  }

  /** Reads what lenses and the strip show. */
  async look() {
    const { scene, broken } = this;
    const told = this.#told;
    if (!told) return;
    const n = this.number(scene.main);
    const explained = await explainIn("A", n);
    const edited = broken?.record === n ? await explainIn(broken.branch, n) : undefined;
    const seen = await Promise.all(scene.lenses.map((lens) => this.#value(lens.value)));
    if (scene !== this.scene || broken !== this.broken) return;
    const record = told.records[n];
    this.main = record && { n, record };
    this.seen = seen;
    this.fields = scene.fields.flatMap(({ name, shown, text }) => {
      const found = explained && field(explained, name);
      if (!found) return [];
      const now = (edited && field(edited, name)) ?? found;
      const { node, hex } = now;
      const isEdited =
        hex.slice(2 * node.value.start, 2 * node.value.end) !==
        found.hex.slice(2 * found.node.value.start, 2 * found.node.value.end);
      const word = words(node);
      return [
        {
          name: shown ?? name,
          head: word !== undefined ? "" : octets(hex, node.whole.start, node.value.start, 5),
          value: word ?? octets(hex, node.value.start, node.value.end, 9),
          clause: node.clause,
          text: t(...text),
          isEdited,
        },
      ];
    });
  }

  async #value(value: Scene["lenses"][number]["value"]): Promise<string | undefined> {
    if ("text" in value) return t(...value.text);
    if (value.field === "K") return subscriberKey();
    const explained = await explainIn("A", this.number(value.of));
    const found = explained && field(explained, value.field);
    // Of what is locked there are octets, and no field.
    const whole = this.record(value.of)?.bytes;
    if (!found) return whole && octets(whole, 0, whole.length / 2, 6);
    const { node, hex } = found;
    return words(node) ?? octets(hex, node.value.start, node.value.end, 6);
  }

  /** Breaks what was chosen: another branch of the story, until somebody refuses. */
  async breakIt() {
    const by = this.break;
    if (!by || this.isBreaking || !this.isReady) return;
    this.isBreaking = true;
    this.error = undefined;
    try {
      await this.#mended();
      const diversion = await by.make(this.#makers);
      const label = { en: `${by.name[0]}: ${by.where[0]}`, ja: `${by.name[1]}: ${by.where[1]}` };
      const { branch, verdict } = await store.divert("story", { ...diversion, label });
      const record = diversion.record;
      this.broken = { by, branch, verdict, record };
      const at = this.scene.steps.findIndex(
        ({ message }) => message !== undefined && this.number(message) === (verdict?.record ?? record),
      );
      if (at >= 0) this.at = at;
      this.isMoving = true;
      this.checks = await checksIn(branch, verdict);
      await this.look();
    } catch (error) {
      this.error = sentence(error);
    } finally {
      this.isBreaking = false;
    }
  }

  async mend() {
    await this.#mended();
    await this.look();
  }

  async #mended() {
    const { broken } = this;
    this.broken = undefined;
    this.checks = [];
    const state = store.places.story.state;
    if (broken && state?.branches.some(({ id }) => id === broken.branch))
      await store.dropBranch("story", broken.branch);
    if (state && store.places.story.state?.branch !== "A") await store.choose("story", "A");
  }

  readonly #makers: Makers = {
    number: (pick) => this.number(pick),
    octet: async (pick, name) => {
      const explained = await explainIn("A", this.number(pick));
      const found = explained && field(explained, name);
      if (!found) throw new Error(t(`${name} is not in this message.`, `${name}はこのメッセージにありません。`));
      return found.node.value.start;
    },
    deed: (mark: Mark) => store.marks[mark] ?? 0,
    from: (n, is) => {
      const records = this.#told?.records ?? [];
      const found = records.findIndex((record, i) => i > n && is(record));
      return found;
    },
  };
}

/** The checks up to the one that failed, as the engine reports them, and how many were not reached. */
async function checksIn(branch: string, verdict: Verdict | undefined): Promise<CheckLine[]> {
  if (verdict?.record === undefined || !verdict.check) return [];
  const { made, failed } = await store.engine.checks("story", verdict.record, branch);
  if (failed === 0) return [];
  const first = Math.max(0, failed - 1 - MOST_PASSED);
  const lines: CheckLine[] = made
    .slice(first, failed)
    .map(({ what, passed }, i) => ({ n: String(first + i + 1), what, state: passed ? "passed" : "failed" }));
  if (first > 0)
    lines.unshift({ n: first === 1 ? "1" : `1–${first}`, what: t("passed before", "合格済み"), state: "passed" });
  if (verdict.of > failed)
    lines.push({
      n: verdict.of === failed + 1 ? String(verdict.of) : `${failed + 1}–${verdict.of}`,
      what: t("not made: it stops at the first that fails", "未実施: 最初の失敗で止まります"),
      state: "none",
    });
  return lines;
}

async function explainIn(branch: string, n: number): Promise<Explained | undefined> {
  if (n < 0) return undefined;
  return store.engine.explain("story", n, branch);
}

let key: Promise<string | undefined> | undefined;

/** K, as it lies in the decrypted package of the story's download. */
function subscriberKey(): Promise<string | undefined> {
  key ??= (async () => {
    const sessions = await store.engine.keys("story", "A");
    const upp = sessions.at(-1)?.upp;
    const found = upp ? field(await store.engine.explainProfile(upp), "key") : undefined;
    return found && octets(found.hex, found.node.value.start, found.node.value.end, 8);
  })().catch(() => undefined);
  return key;
}

export const learn = new Learn();
