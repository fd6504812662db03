/** The exercise that the address names, and those that are done: kept in this browser. */
import { store } from "../../engine/store.svelte";
import type { TraceRecord } from "../../engine/protocol";
import { route } from "../../shell/route.svelte";
import { TASKS, type Task } from "./tasks";

const KEY = "esim-lab/tasks";

function kept(): string[] {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(found) ? found.filter((name) => typeof name === "string") : [];
  } catch {
    return [];
  }
}

class Tasks {
  done = $state.raw<readonly string[]>(kept());
  #left = $state<string>();

  get current(): Task | undefined {
    const name = new URLSearchParams(route.hash.slice(1)).get("task") ?? this.#carried;
    return name === this.#left ? undefined : TASKS.find((task) => task.name === name);
  }

  /** The address says other things as the reader goes about; the exercise goes with him. */
  #carried = $state<string>();

  follow() {
    const name = new URLSearchParams(route.hash.slice(1)).get("task");
    if (name === null || name === this.#carried) return;
    this.#carried = name;
    this.#left = undefined;
  }

  leave() {
    this.#left = this.current?.name;
    this.#carried = undefined;
  }

  href = (task: Task) => route.href(task.view, `#${task.at}&task=${task.name}`);

  start(task: Task) {
    this.#left = undefined;
    this.#carried = task.name;
    route.go(task.view, `#${task.at}&task=${task.name}`);
  }

  /** Looks whether the current one is done. */
  judge(selected: { record: TraceRecord | undefined; path: readonly string[] }): boolean {
    const task = this.current;
    if (!task) return false;
    const { state, records } = store.places.story;
    const seen = { place: "story" as const, branches: state?.branches ?? [], records, ...selected };
    const isDone = state !== undefined && task.isDone(seen);
    if (isDone && !this.done.includes(task.name)) {
      this.done = [...this.done, task.name];
      localStorage.setItem(KEY, JSON.stringify(this.done));
    }
    return isDone;
  }
}

export const tasks = new Tasks();
