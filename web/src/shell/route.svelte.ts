/** Which view the address names. Views are files beside each other (`lab.html`), so that any host can serve them. */
export type ViewName = "learn" | "lab" | "phone" | "operate" | "teach" | "network";

const NAMES: readonly ViewName[] = ["learn", "lab", "phone", "operate", "teach", "network"];

/** The folder that the page lies in, with its slash. */
export const BASE = location.pathname.replace(/[^/]*$/, "");

function read(): ViewName {
  const last = location.pathname.slice(BASE.length).replace(/\.html$/, "");
  return NAMES.find((name) => name === last) ?? "learn";
}

class Route {
  view = $state<ViewName>(read());
  /** The part behind `#`, that sign included, or nothing. */
  hash = $state(location.hash);

  constructor() {
    const look = () => {
      this.view = read();
      this.hash = location.hash;
    };
    addEventListener("popstate", look);
    addEventListener("hashchange", look);
  }

  /** Address of a view, relative to where the page lies. */
  href(view: ViewName, hash = ""): string {
    return `${BASE}${view === "learn" ? "" : view}${hash}`;
  }

  go(view: ViewName, hash = "") {
    history.pushState(null, "", this.href(view, hash));
    this.view = view;
    this.hash = hash;
  }

  /** The same view says something else of itself: no step for Back. */
  say(hash: string) {
    if (hash === location.hash) return;
    history.replaceState(null, "", location.pathname + location.search + hash);
    this.hash = hash;
  }
}

export const route = new Route();
