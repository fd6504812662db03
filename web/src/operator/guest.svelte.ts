/** Guests: whether the SM that has sent this page takes any, and what is left to the one who is signed in. */
import type { GuestOffer, GuestStay } from "./messages";
import { session } from "./session.svelte";

const PATH = "/esim-lab/guests";

class Guest {
  /** What a guest would have; nothing where there are none, or before it is known. */
  offer = $state.raw<GuestOffer>();
  /** What the guest has who is signed in; nothing for anybody else. */
  stay = $state.raw<GuestStay>();

  /** Asks once: 204 says that there are no guests, and whatever else is no SM says it as well. */
  async look() {
    if (!location.protocol.startsWith("http")) return;
    try {
      const response = await fetch(PATH, { cache: "no-store" });
      if (response.status === 200) this.offer = (await response.json()) as GuestOffer;
    } catch {
      this.offer = undefined;
    }
  }

  /** What is left; asked again when orders have been made. */
  refresh = async () => {
    if (!session.sm?.isGuest) {
      this.stay = undefined;
      return;
    }
    try {
      this.stay = await session.call((sm) => sm.stay());
    } catch {
      // Who is signed out is told so by the session; else the last answer stands.
    }
  };
}

export const guest = new Guest();
