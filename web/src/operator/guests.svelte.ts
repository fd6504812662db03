/** Guests: whether the SM that has sent this page takes any. */
import type { GuestOffer } from "./messages";

const PATH = "/esim-lab/guests";

class Guests {
  /** What a guest would have; nothing where there are none, or before it is known. */
  offer = $state.raw<GuestOffer>();

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
}

export const guests = new Guests();
