/**
 * A batch on its way: chunks one after another, each until the SM has answered it. Rows that the SM knows already come
 * back as known, so a chunk whose answer was lost may be sent again, and so may the whole file.
 */
import { t } from "../lib/language.svelte";
import { sentence } from "../lib/sentence";
import { BadFile, read, reportCsv, save } from "./file";
import type { DrawnCodes, Fate, Imported, ImportResult, ImportRow } from "./messages";
import { Busy, Refused, TooLong, Unreachable } from "./sm";
import { told } from "./told.svelte";

/** Rows of a chunk: to begin with, when connections break, and what the SM takes at most. */
const ROWS = { first: 25, least: 5, most: 500 };
/** Milliseconds that a chunk shall take: shorter ones grow, longer ones shrink. */
const PACE = { least: 1500, most: 8000 };
/** Octets of a chunk; the SM reads a mebioctet. */
const OCTETS = 700_000;
/** Seconds until the first and the last of many tries. */
const PAUSE = { first: 1, last: 15 };

/** Whether fewer rows may fare better: hosts limit what a request may hold, and what it may do. */
function tooMuch(error: unknown): boolean {
  return error instanceof TooLong || (error instanceof Refused && error.subject === "8" && error.reason === "4.2");
}

class Batch {
  name = $state<string>();
  columns = $state.raw<string[]>([]);
  rows = $state.raw<ImportRow[]>([]);
  template = $state("operational");
  fate = $state<Fate>("released");
  phase = $state<"empty" | "ready" | "running" | "waiting" | "stopped" | "done">("empty");
  /** Why it waits or has stopped. */
  trouble = $state<string>();
  error = $state<string>();
  results = $state.raw<ImportResult[]>([]);
  total = $state(0);
  created = $state(0);
  known = $state(0);
  refused = $state(0);

  /** Profiles whose codes are in the report. */
  drawn = $derived(new Set(this.results.filter((row) => this.codesOf(row)).map(({ iccid }) => iccid)).size);
  /** The results that were saved last. */
  #saved = $state.raw<ImportResult[]>();

  #size: number = ROWS.first;
  #most: number = ROWS.most;
  #run = 0;
  #wake: (() => void) | undefined;

  get settled(): number {
    return this.created + this.known + this.refused;
  }

  /** Whether there are codes that no report has been saved with. */
  get unsaved(): boolean {
    return this.drawn > 0 && this.#saved !== this.results;
  }

  /** Told in this answer or in one before: rows may be sent again. */
  codesOf = ({ result, iccid }: ImportResult): DrawnCodes | undefined =>
    result === "refused" ? undefined : told.of(iccid);

  saveReport = () => {
    this.#saved = this.results;
    save(
      `${(this.name ?? "batch").replace(/\.[^.]*$/, "")}-report.csv`,
      "text/csv",
      reportCsv(this.results, this.codesOf),
    );
  };

  async open(file: File) {
    this.clear();
    const run = this.#run;
    try {
      const text = new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer());
      if (run !== this.#run) return;
      const sheet = read(file.name, text);
      this.name = file.name;
      this.columns = sheet.columns;
      this.rows = sheet.rows;
      this.total = sheet.rows.length + sheet.bad.length;
      this.#take(sheet.bad);
      this.phase = "ready";
    } catch (error) {
      if (run !== this.#run) return;
      this.error =
        error instanceof BadFile
          ? error.message
          : t(
              "This file is no text in UTF-8. In a spreadsheet, save it as “CSV UTF-8”.",
              "UTF-8のテキストとして読めません。表計算ソフトでは「CSV UTF-8」として保存してください。",
            );
    }
  }

  clear = () => {
    this.#run++;
    this.#wake?.();
    Object.assign(this, {
      name: undefined,
      columns: [],
      rows: [],
      phase: "empty",
      trouble: undefined,
      error: undefined,
    });
    this.#size = ROWS.first;
    this.#most = ROWS.most;
    Object.assign(this, { results: [], total: 0, created: 0, known: 0, refused: 0 });
  };

  /** From the first row that has no answer yet. */
  start = async () => {
    const run = ++this.#run;
    this.phase = "running";
    this.trouble = undefined;
    let pause: number = PAUSE.first;
    while (this.rows.length > 0 && run === this.#run) {
      const chunk = this.#chunk();
      const began = performance.now();
      try {
        const imported = await told.import(this.template, this.fate, chunk);
        if (run !== this.#run) return;
        this.#settle(chunk, imported);
        this.#fit(performance.now() - began);
        pause = PAUSE.first;
        this.phase = "running";
        this.trouble = undefined;
      } catch (error) {
        if (run !== this.#run) return;
        if (chunk.length > ROWS.least && tooMuch(error)) {
          this.#most = this.#size = Math.ceil(chunk.length / 2);
          continue;
        }
        this.trouble = sentence(error);
        if (!(error instanceof Unreachable || error instanceof Busy)) {
          this.phase = "stopped";
          return;
        }
        this.phase = "waiting";
        // What was under way when the connection broke may have been too much for it.
        this.#size = Math.max(ROWS.least, Math.ceil(this.#size / 2));
        await this.#sleep(error instanceof Busy ? error.seconds : pause);
        pause = Math.min(2 * pause, PAUSE.last);
      }
    }
    if (run === this.#run) this.phase = "done";
  };

  /** At once, not when the pause is over. */
  hurry = () => this.#wake?.();

  /** After the chunk under way, which may still take effect: what it has done is known when it is sent again. */
  stop = () => {
    this.#run++;
    this.#wake?.();
    this.phase = "stopped";
    this.trouble = t(
      "Stopped. What has been sent stays; going on sends the rest.",
      "停止しました。送信済みの分は残ります。再開すると残りを送ります。",
    );
  };

  #chunk(): ImportRow[] {
    const chunk: ImportRow[] = [];
    let octets = 0;
    for (const row of this.rows.slice(0, this.#size)) {
      octets += JSON.stringify(row).length;
      if (octets > OCTETS && chunk.length > 0) break;
      chunk.push(row);
    }
    return chunk;
  }

  #fit(took: number) {
    if (took < PACE.least) this.#size = Math.min(2 * this.#size, this.#most);
    else if (took > PACE.most) this.#size = Math.max(ROWS.least, Math.ceil(this.#size / 2));
  }

  /** Rows that are settled are forgotten, and their keys with them. */
  #settle(chunk: ImportRow[], imported: Imported) {
    this.#take(imported.rows);
    this.rows = this.rows.slice(chunk.length);
  }

  #take(results: ImportResult[]) {
    const count = (kind: ImportResult["result"]) => results.filter(({ result }) => result === kind).length;
    this.created += count("created");
    this.known += count("known");
    this.refused += count("refused");
    this.results = [...this.results, ...results].sort((a, b) => a.line - b.line);
  }

  #sleep(seconds: number): Promise<void> {
    return new Promise((wake) => {
      const up = () => {
        clearTimeout(timer);
        removeEventListener("online", up);
        this.#wake = undefined;
        wake();
      };
      const timer = setTimeout(up, seconds * 1000);
      addEventListener("online", up);
      this.#wake = up;
    });
  }
}

export const batch = new Batch();
