/** A real card: the way to it is this window's, the LPA that speaks to it the engine's. */
import { proxy, transfer } from "comlink";
import { store } from "../engine/store.svelte";
import type {
  Both,
  CardAnswer,
  CardDeed,
  CardOutcome,
  CardProgress,
  CardQuestion,
  CardServer,
  CardView,
  CardWrong,
} from "../engine/protocol";
import type { About, Card, OpenOptions, Place, Way, WayInfo } from "../pkg/esim_cards.js";

const isWrong = (answered: object): answered is CardWrong => "reason" in answered;

const wrongOf = (thrown: unknown): CardWrong => {
  const {
    reason = "failed",
    message = String(thrown),
    en = message,
    ja = message,
  } = (thrown ?? {}) as CardWrong & Error;
  return { reason, en, ja };
};

/** Reasons for which there is no card at the end any more. */
const LOST = new Set(["gone", "closed", "noCard"]);

class RealCard {
  ways = $state.raw<WayInfo[]>([]);
  about = $state.raw<About>();
  view = $state.raw<CardView>();
  /** The panel is open. */
  shown = $state(false);
  /** What is under way. */
  opening = $state<Way>();
  busy = $state(false);
  /** Why the last attempt of a way came to nothing. */
  refused = $state.raw<Partial<Record<Way, CardWrong>>>({});
  wrong = $state.raw<CardWrong>();
  outcome = $state.raw<CardOutcome>();
  progress = $state.raw<CardProgress>();
  question = $state.raw<CardQuestion>();
  places = $state.raw<Place[]>();
  #answer: ((answer: CardAnswer) => void) | undefined;
  #choose: ((card: string | undefined) => void) | undefined;
  #card: Card | undefined;
  #module: Promise<typeof import("../pkg/esim_cards.js")> | undefined;

  #load() {
    this.#module ??= import("../pkg/esim_cards.js").then(async (module) => {
      await module.default();
      return module;
    });
    return this.#module;
  }

  get last(): string | undefined {
    return this.view?.info.eid.slice(-4);
  }

  /** What this browser has; nobody is asked. */
  async look() {
    this.ways = await (await this.#load()).ways();
  }

  /** Goes a way, after a click: the browser shows its chooser. */
  async open(way: Way, options: OpenOptions = {}) {
    if (this.opening) return;
    this.opening = way;
    this.refused = { ...this.refused, [way]: undefined };
    try {
      const module = await this.#load();
      const choose = (places: Place[]) => this.#chosen(places);
      const card = await module.open(way, { ...options, choose });
      const [{ lendCard }, engine] = await Promise.all([import("../pkg/card_port.js"), store.start()]);
      const { port1, port2 } = new MessageChannel();
      lendCard(card, port1);
      const { about } = card;
      const title: Both = { en: `Card in ${about.name || "a modem"}`, ja: `${about.name || "モデム"}のカード` };
      const found = await engine.openCard(transfer(port2, [port2]), title);
      if (isWrong(found)) {
        await engine.closeCard();
        throw found;
      }
      [this.#card, this.about, this.view, this.wrong, this.outcome] = [card, about, found, undefined, undefined];
      this.shown = true;
    } catch (thrown) {
      this.refused = { ...this.refused, [way]: wrongOf(thrown) };
    } finally {
      this.opening = undefined;
      this.places = undefined;
      await this.look();
    }
  }

  /** The first with a card where there is no choice. */
  #chosen(places: Place[]): string | undefined | Promise<string | undefined> {
    if (places.length < 2) return places[0]?.card;
    this.places = places;
    return new Promise((chosen) => (this.#choose = chosen));
  }
  choose(card: string) {
    this.places = undefined;
    this.#choose?.(card);
  }

  async do(deed: CardDeed): Promise<boolean> {
    return this.#work(async () => this.#took(await store.engine.cardDo(deed)));
  }

  async download(activationCode: string, server: CardServer): Promise<boolean> {
    return this.#work(async () => {
      const ask = (question: CardQuestion) => {
        this.question = question;
        return new Promise<CardAnswer>((answered) => (this.#answer = answered));
      };
      const ticked = (progress: CardProgress) => void (this.progress = progress);
      const outcome = await store.engine.cardDownload(activationCode, server, proxy(ask), proxy(ticked));
      if (isWrong(outcome)) return this.#took(outcome);
      this.outcome = outcome;
      this.#took(await store.engine.cardDo("read"));
      return outcome.good;
    });
  }

  answer(answer: CardAnswer) {
    this.question = undefined;
    this.#answer?.(answer);
  }

  /** Back to the tab's card. */
  async close() {
    this.shown = false;
    if (this.question) this.answer({ type: "postpone" });
    this.about = this.view = this.wrong = this.outcome = undefined;
    await this.#card?.close().catch(() => undefined);
    this.#card = undefined;
    await store.engine.closeCard();
  }

  async #work(work: () => Promise<boolean>): Promise<boolean> {
    if (this.busy) return false;
    [this.busy, this.wrong, this.outcome, this.progress] = [true, undefined, undefined, undefined];
    try {
      return await work();
    } finally {
      this.busy = false;
      this.question = undefined;
    }
  }

  #took(found: CardView | CardWrong): boolean {
    if (!isWrong(found)) this.view = found;
    else this.wrong = found;
    return !isWrong(found);
  }

  /** It is not there any more. */
  get isLost(): boolean {
    return this.wrong !== undefined && LOST.has(this.wrong.reason);
  }
}

export const real = new RealCard();
