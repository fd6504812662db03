/** The address says what the lab looks at: world, branch, message, octets, filter. Read and written here alone. */
import type { Place } from "../engine/protocol";
import { store } from "../engine/store.svelte";
import { route } from "../shell/route.svelte";
import { filter } from "./filter.svelte";
import { type Span, lab } from "./selection.svelte";
import { sequence } from "./sequence.svelte";

const PLACES: readonly Place[] = ["story", "own", "linked", "recording", "scenario", "card"];
/** Members of the page's own; all others are the core's. */
const OURS = ["place", "branch", "at", "octets", "part", "filter", "task"];

const members = (hash: string) => new URLSearchParams(hash.replace(/^#/, ""));
/** What the core reads of an address: the same world, whatever of it is looked at. */
function worldOf(hash: string): string {
  return hash
    .replace(/^#/, "")
    .split("&")
    .filter((part) => part !== "" && !OURS.includes(part.split("=")[0] ?? ""))
    .join("&");
}

/** Octets as an address has them: hexadecimal, the last one included. */
const octetsOf = ({ start, end }: Span) => `${start.toString(16)}-${(end - 1).toString(16)}`;

class Links {
  /** A link is being replayed. */
  opening = $state(false);
  #said: string | undefined;
  /** Members of the core, of what is open in `linked`, or of a branch of the story. */
  #world = "";
  #written = "";

  /** What is seen of a world; which branch, where the world's own acts do not say it. */
  #ours(branch: string | undefined): string {
    const parts: string[] = [];
    if (branch !== undefined) parts.push(`branch=${branch}`);
    if (lab.record !== undefined) parts.push(`at=${lab.record}`);
    if (lab.span) {
      parts.push(`octets=${octetsOf(lab.span)}`);
      if (lab.span.part !== "") parts.push(`part=${encodeURIComponent(lab.span.part)}`);
    }
    if (filter.text.trim() !== "")
      parts.push(`filter=${encodeURIComponent(filter.text.trim()).replaceAll("%3A", ":").replaceAll("%2C", ",")}`);
    const task = members(route.hash).get("task");
    if (task !== null) parts.push(`task=${task}`);
    return parts.join("&");
  }

  /** A link to what is seen, for somebody else; nothing where there can be none. */
  async share(): Promise<string | undefined> {
    const { place, state } = lab;
    if (!state || state.linkless !== undefined) return undefined;
    const link = await store.engine.link(place);
    const url = new URL(route.href("lab"), location.href);
    return `${url.href}${[link, this.#ours(undefined)].filter(Boolean).join("&")}`;
  }

  /** Looks at what the address says. */
  async read(hash: string) {
    if (hash === this.#said) return;
    this.#said = hash;
    const said = members(hash);
    const world = worldOf(hash);
    const wanted = PLACES.find((place) => place === said.get("place"));
    if (world !== "") {
      if (world !== this.#world) {
        lab.clear();
        lab.place = "linked";
        this.opening = true;
        try {
          if (!(await store.openLink(hash))) {
            lab.place = "story";
            await store.open("story");
          }
        } finally {
          this.opening = false;
        }
        this.#world = world;
      }
    } else {
      const place =
        ["recording", "scenario", "card"].includes(wanted ?? "") && wanted && !store.places[wanted].state
          ? "story"
          : (wanted ?? lab.place);
      if (place !== lab.place) lab.clear();
      lab.place = place === "linked" ? (store.places.linked.state ? place : "story") : place;
      if (lab.place === "story" || lab.place === "own") await store.open(lab.place);
    }
    const branch = said.get("branch");
    if (branch !== null && branch !== lab.branch && lab.state?.branches.some(({ id }) => id === branch))
      await store.choose(lab.place, branch);
    filter.text = said.get("filter") ?? filter.text;
    // The story opens at the message by which the card knows its server.
    const first = lab.place === "story" && lab.record === undefined && !said.has("filter");
    const usual = first ? lab.records.findLastIndex(({ function: name }) => name === "AuthenticateServer") : -1;
    const at = Number(said.get("at") ?? (usual < 0 ? Number.NaN : usual));
    if (Number.isInteger(at) && at >= 0 && at < lab.records.length) {
      sequence.reveal(at);
      const [, from, to] = /^([0-9a-f]+)(?:-([0-9a-f]+))?$/i.exec(said.get("octets") ?? "") ?? [];
      const start = Number.parseInt(from ?? "", 16);
      const end = to === undefined ? start + 1 : Number.parseInt(to, 16) + 1;
      const part = said.get("part") ?? "";
      lab.select(at, end > start ? { part, start, end, path: [] } : undefined);
    }
  }

  /** Another place, from the menu. */
  async go(place: Place) {
    lab.clear();
    lab.place = place;
    if (place === "story" || place === "own") await store.open(place);
  }

  /** Keeps the address at what is looked at. */
  async write() {
    const { place, state, branch } = lab;
    if (!state || this.opening || route.view !== "lab") return;
    const stands = `${place} ${state.age} ${branch} ${state.at} ${state.deeds.length}`;
    let world = `place=${place}`;
    let said = branch === "A" ? undefined : branch;
    if (state.linkless === undefined && (place === "linked" || (place === "story" && state.branches.length > 1))) {
      // A link tells of the branch that was made: what it leaves is told with it.
      said = branch === "A" && state.branches.length > 1 ? "A" : undefined;
      if (this.#world === "" || (said === undefined && stands !== this.#written)) {
        const link = await store.engine.link(place);
        [this.#world, this.#written] = [worldOf(link), stands];
      }
      world = this.#world;
    } else if (place === "story") {
      this.#world = "";
    }
    if (stands !== `${lab.place} ${lab.state?.age} ${lab.branch} ${lab.state?.at} ${lab.state?.deeds.length}`) return;
    const hash = `#${[world, this.#ours(said)].filter(Boolean).join("&")}`;
    this.#said = hash;
    if (route.view === "lab") route.say(hash);
  }
}

export const links = new Links();
