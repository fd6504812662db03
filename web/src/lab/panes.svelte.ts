/** How the panes of the lab lie, and how large the reader has made them: for each width by itself. */
import { MediaQuery } from "svelte/reactivity";

export type Width = "wide" | "middle" | "narrow" | "phone";

const wide = new MediaQuery("min-width: 1200px");
const middle = new MediaQuery("min-width: 900px");
const narrow = new MediaQuery("min-width: 600px");

/** Pixels, or thousandths where a pane is a part of the height. */
type Sizes = { sequence: number; tree: number; upper: number; keysSequence: number; keys: number; keysUpper: number };

const USUAL: Record<Width, Sizes> = {
  wide: { sequence: 556, tree: 380, upper: 576, keysSequence: 304, keys: 616, keysUpper: 690 },
  middle: { sequence: 462, tree: 380, upper: 510, keysSequence: 462, keys: 616, keysUpper: 510 },
  narrow: { sequence: 400, tree: 380, upper: 400, keysSequence: 400, keys: 616, keysUpper: 400 },
  phone: { sequence: 400, tree: 380, upper: 500, keysSequence: 400, keys: 616, keysUpper: 500 },
};
const KEY = "esim-lab/panes";

function read(): Record<Width, Partial<Sizes>> {
  const none = { wide: {}, middle: {}, narrow: {}, phone: {} };
  try {
    return { ...none, ...(JSON.parse(localStorage.getItem(KEY) ?? "{}") as object) };
  } catch {
    return none;
  }
}

class Panes {
  #own = $state(read());

  get width(): Width {
    return wide.current ? "wide" : middle.current ? "middle" : narrow.current ? "narrow" : "phone";
  }

  size(of: keyof Sizes): number {
    const own = this.#own[this.width][of];
    return typeof own === "number" && Number.isFinite(own) ? own : USUAL[this.width][of];
  }

  set(of: keyof Sizes, to: number | undefined) {
    if (to === undefined) delete this.#own[this.width][of];
    else this.#own[this.width][of] = Math.round(to);
    localStorage.setItem(KEY, JSON.stringify(this.#own));
  }
}

export const panes = new Panes();
export type PaneSize = keyof Sizes;
