/** Who is signed in, and where. The credential lives in this tab's session storage alone. */
import { t } from "../lib/language.svelte";
import { sentence } from "../lib/sentence";
import { Denied, Sm, Unreachable, comeAsGuest, overHttp } from "./sm";
import { Tab } from "./tab";

const KEPT = "esim-lab/operator";

/** What a guest has: the server counts, this tab knows what it has made. */
export interface Guest {
  orders: number;
  left: number;
  /** Seconds since 1970. */
  expires: number;
}

interface Kept {
  base: string;
  token: string;
  requester: string;
  guest?: Guest | undefined;
}

class Session {
  sm = $state.raw<Sm>();
  busy = $state(false);
  error = $state<string>();
  /** Nothing for who is no guest. */
  guest = $state.raw<Guest>();
  /** Why the last call did not arrive; gone with the next that does. */
  offline = $state<string>();
  /** What others keep of a session is forgotten when it ends, whoever ends it. */
  onleave: () => void = () => {};
  /** The next session is of another SM or operator. */
  onother: () => void = () => {};
  #who: string | undefined;

  get tab(): Tab | undefined {
    return this.sm?.line instanceof Tab ? this.sm.line : undefined;
  }

  /** As before a reload. */
  async resume() {
    const kept = read();
    if (kept) await this.#open(kept);
  }

  async signIn(base: string, token: string, requester: string) {
    await this.#open({ base, token, requester });
  }

  async comeAsGuest() {
    await this.#open(async () => {
      const { oid, token, orders, expires } = await comeAsGuest();
      return { base: location.origin, token, requester: oid, guest: { orders, left: orders, expires } };
    });
  }

  /** Orders have been made, of which a guest has so many. */
  made(count: number) {
    const kept = read();
    if (!this.guest || !kept) return;
    this.guest = { ...this.guest, left: Math.max(0, this.guest.left - count) };
    keep({ ...kept, guest: this.guest });
  }

  async openTab() {
    await this.#enter(async () => ({ sm: new Sm(await Tab.open()) }));
  }

  signOut = (why?: string) => {
    sessionStorage.removeItem(KEPT);
    this.sm = undefined;
    this.guest = undefined;
    this.offline = undefined;
    this.error = why;
    this.onleave();
  };

  /** Calls the SM; what concerns the session, not the call, is dealt with here. Throws whatever came of it. */
  async call<T>(work: (sm: Sm) => Promise<T>): Promise<T> {
    const sm = this.sm;
    if (!sm) throw new Denied(t("You are signed out.", "サインアウトしました。"));
    try {
      const answer = await work(sm);
      this.offline = undefined;
      return answer;
    } catch (error) {
      if (error instanceof Unreachable) this.offline = error.message;
      if (error instanceof Denied && this.sm === sm) this.signOut(error.message);
      throw error;
    }
  }

  /** At an SM elsewhere, if it lets in whoever has this credential. */
  async #open(who: Kept | (() => Promise<Kept>)) {
    await this.#enter(async () => {
      const kept = typeof who === "function" ? await who() : who;
      const sm = new Sm(overHttp(kept.base, kept.token), kept.requester || undefined);
      await sm.orders({ limit: 1 });
      keep(kept);
      return { sm, guest: kept.guest };
    });
  }

  async #enter(enter: () => Promise<{ sm: Sm; guest?: Guest | undefined }>) {
    this.busy = true;
    this.error = undefined;
    try {
      const { sm, guest } = await enter();
      const who = `${sm.line.name} ${sm.requester}`;
      if (this.#who !== undefined && this.#who !== who) this.onother();
      this.#who = who;
      this.sm = sm;
      this.guest = guest;
      this.offline = undefined;
    } catch (error) {
      this.error = sentence(error);
      // A token that is wrong is not kept; one whose SM is away may be right.
      if (error instanceof Denied) sessionStorage.removeItem(KEPT);
    }
    this.busy = false;
  }
}

const keep = (kept: Kept) => sessionStorage.setItem(KEPT, JSON.stringify(kept));

function read(): Kept | undefined {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "null") as Kept | null;
    return kept ?? undefined;
  } catch {
    return undefined;
  }
}

export const session = new Session();
