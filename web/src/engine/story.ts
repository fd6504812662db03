/** The story that everybody is told: seed, clock, acts, and where its chapters begin. */
import type { Act } from "./protocol";

export const STORY = { seed: 7, now: Date.UTC(2026, 10, 29, 9) / 1000 };

/** Chapters of the story, by name; each is the number of deeds before it. */
export type Mark =
  "factory" | "radio" | "barred" | "order" | "download" | "enable" | "open" | "report" | "away" | "delete" | "end";

const TRIES: Act[] = [{ browse: "www.example.com" }, "call", { text: { to: "+81901234567", text: "Hello" } }];

/** So many steps a download takes at most; it ends sooner. */
export const MOST_STEPS = 400;

export type Chapter = { mark: Mark; acts: (Act | "carry-on")[] };

/** `carry-on` takes a download on to its question or its end, step by step. */
export const CHAPTERS: readonly Chapter[] = [
  { mark: "factory", acts: ["leave-factory"] },
  { mark: "radio", acts: ["radio-on"] },
  { mark: "barred", acts: TRIES },
  { mark: "order", acts: [{ order: { id: "op", serviceProviderName: "esim-lab", msisdn: "+81901234567" } }] },
  { mark: "download", acts: [{ begin: "op" }, "carry-on", { answer: "accept" }, "carry-on"] },
  { mark: "enable", acts: [{ enable: "op" }, "list"] },
  { mark: "open", acts: TRIES },
  { mark: "report", acts: ["notify"] },
  { mark: "away", acts: [{ disable: "op" }, "fall-back"] },
  { mark: "delete", acts: [{ delete: "op" }, "list", "notify"] },
  { mark: "end", acts: [] },
];
