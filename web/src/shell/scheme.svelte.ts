/** Light or dark: the system's choice, until the reader makes one. */
type Choice = "light" | "dark";

const KEY = "esim-lab/scheme";
const kept = localStorage.getItem(KEY);
const system = matchMedia("(prefers-color-scheme: dark)");

class Scheme {
  #chosen = $state<Choice | undefined>(kept === "light" || kept === "dark" ? kept : undefined);
  #isSystemDark = $state(system.matches);

  constructor() {
    system.addEventListener("change", ({ matches }) => (this.#isSystemDark = matches));
    this.#show();
  }

  get isDark(): boolean {
    return this.#chosen === undefined ? this.#isSystemDark : this.#chosen === "dark";
  }

  toggle = () => {
    const wanted: Choice = this.isDark ? "light" : "dark";
    this.#chosen = wanted === (system.matches ? "dark" : "light") ? undefined : wanted;
    if (this.#chosen) localStorage.setItem(KEY, this.#chosen);
    else localStorage.removeItem(KEY);
    this.#show();
  };

  #show() {
    if (this.#chosen) document.documentElement.dataset.scheme = this.#chosen;
    else delete document.documentElement.dataset.scheme;
  }
}

export const scheme = new Scheme();
