/** The headings of the sequence: what was done, and from which record on the trace tells of it. */
import type { Both, Performed } from "./world";

export interface Chapter {
  /** First record. */
  from: number;
  title: Both;
  /** Whether it came out well; undefined where nobody asks. */
  ok?: boolean;
}

/** A heading for each act that has left a trace; acts in a row that are one story, such as a download's, have one. */
export function chaptersOf(performed: readonly Performed[]): Chapter[] {
  const chapters: Chapter[] = [];
  for (const { what, records } of performed) {
    if (records[0] === records[1] || chapters.at(-1)?.title.en === what.en) continue;
    chapters.push({ from: records[0], title: what });
  }
  return chapters;
}
