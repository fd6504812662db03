/** What stays in this browser: the device, and rules that the reader has changed. */
import { del, get, set } from "idb-keyval";

/** The card's memory, and its subscribers in the network's store. */
export interface Device {
  nvm: Uint8Array;
  subscribers?: string;
}

const CARD = "esim-lab/card";
const RULES = "esim-lab/rules";

export const kept = {
  async device(): Promise<Device | undefined> {
    const found = await get<Device | Uint8Array>(CARD);
    // Cards of an earlier version were kept without a network.
    return found instanceof Uint8Array ? { nvm: found } : found;
  },
  keep: (device: Device) => set(CARD, device),
  forget: () => del(CARD),
};

export const keptRules = {
  get: () => localStorage.getItem(RULES) ?? undefined,
  set: (text: string | undefined) =>
    text === undefined ? localStorage.removeItem(RULES) : localStorage.setItem(RULES, text),
};
