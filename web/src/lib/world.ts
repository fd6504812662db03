/** The one place that loads the wasm package. Its types are the package's own. */

import type { Act, Explained, Journal, RulesAnswer, ScenarioInfo, World, WorldOptions } from "../pkg/esim_lab.js";

export type * from "../pkg/esim_lab.js";
/** A journal as a link has it. */
export type Written = Journal;

type Package = typeof import("../pkg/esim_lab.js");

let loaded: Promise<Package> | undefined;

function load(): Promise<Package> {
  loaded ??= (async () => {
    const found = await import("../pkg/esim_lab.js");
    await found.default();
    return found;
  })();
  return loaded;
}

export async function newWorld(options: WorldOptions): Promise<World> {
  return new (await load()).World(options);
}

export async function explainHex(hex: string): Promise<Explained> {
  return (await load()).World.explainHex(hex);
}

export async function defaultRules(): Promise<string> {
  return (await load()).World.defaultRules();
}

export async function checkRules(text: string): Promise<RulesAnswer> {
  return (await load()).World.checkRules(text);
}

export async function scenarios(): Promise<ScenarioInfo[]> {
  return (await load()).World.scenarios();
}

/** A scenario in a world of its own. */
export async function newScenario(name: string): Promise<World> {
  return (await load()).World.ofScenario(name);
}

/** A scenario that the reader has written. */
export async function ownScenario(name: string, text: string): Promise<{ info: ScenarioInfo; world: World }> {
  const { World } = await load();
  return { info: World.readScenario(name, text), world: World.ofScenarioText(text) };
}

/** The world that a link tells of; undefined if it tells of none. */
export async function readLink(link: string): Promise<Journal | undefined> {
  return (await load()).World.readLink(link);
}

/** Version of the core. */
export async function coreVersion(): Promise<string> {
  return (await load()).World.version();
}

/** `browse` of `{ browse: "…" }`. */
export function kindOf(act: Act): string {
  return typeof act === "string" ? act : (Object.keys(act)[0] ?? "");
}

/** The sentence of whatever was thrown. */
export function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
