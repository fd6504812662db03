/** What stays in this browser: the reader's card with all that was done, and the card that an earlier page has left. */
import { del, get, set } from "idb-keyval";
import type { Act, Both } from "../pkg/esim_lab.js";

/** A card's memory, and its subscribers in the network's store. */
export interface Device {
  nvm: Uint8Array;
  subscribers?: string;
}

/** A branch as it is kept: what it has beyond its parent. */
export interface KeptBranch {
  id: string;
  parent?: string;
  fork: number;
  acts: Act[];
  label?: Both;
}

/** The journal of the reader's card. */
export interface KeptJournal {
  format: 1;
  seed: number;
  now: number;
  /** The card that it began with; out of the factory if there is none. */
  base?: Device;
  branches: KeptBranch[];
  branch: string;
  at: number;
  /** SM outside the page: then there is the device alone. */
  sm?: { smUrl: string; token: string };
  /** Of the core that has written it; another one may tell the same acts otherwise. */
  version: string;
  digest: string;
  /** The card as it is at the playhead, for a core that does. */
  device: Device;
}

const CARD = "esim-lab/card";
const JOURNAL = "esim-lab/journal";

export const kept = {
  journal: () => get<KeptJournal>(JOURNAL),
  /** Both at once: an earlier page finds the card, too. */
  keep: async (journal: KeptJournal) => {
    await set(JOURNAL, journal);
    await set(CARD, journal.device);
  },
  async device(): Promise<Device | undefined> {
    const found = await get<Device | Uint8Array>(CARD);
    // Cards of an earlier version were kept without a network.
    return found instanceof Uint8Array ? { nvm: found } : found;
  },
  forget: async () => {
    await del(JOURNAL);
    await del(CARD);
  },
};

const LOCK = "esim-lab/own";

/**
 * The card is one tab's at a time. `got` is called when this tab has it, `lost` when another has taken it; the answer says
 * whether this tab has it at once.
 */
export async function holdCard(steal: boolean, lost: () => void): Promise<boolean> {
  if (!("locks" in navigator)) return true;
  return new Promise((answer) => {
    navigator.locks
      .request(LOCK, steal ? { steal } : { ifAvailable: true }, (lock) => {
        answer(lock !== null);
        // Held until the tab closes, or another one takes it.
        return lock === null ? undefined : new Promise<never>(() => undefined);
      })
      .catch(() => {
        answer(false);
        lost();
      });
  });
}
