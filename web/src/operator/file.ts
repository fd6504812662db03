/** Files of subscribers: CSV with a header row, or JSON. Nothing of them is ever written anywhere. */
import Papa from "papaparse";
import { t } from "../lib/language.svelte";
import type { DrawnCodes, ImportResult, ImportRow } from "./messages";

export interface Sheet {
  /** Their names. */
  columns: string[];
  rows: ImportRow[];
  /** Rows that are none, found here already. */
  bad: ImportResult[];
}

/** The file cannot be used at all; a sentence says why. */
export class BadFile extends Error {}

export function read(name: string, text: string): Sheet {
  const body = text.replace(/^\uFEFF/, "");
  const json = /\.json$/i.test(name) || /^\s*[[{]/.test(body);
  const sheet = json ? fromJson(body) : fromCsv(body);
  if (sheet.rows.length === 0 && sheet.bad.length === 0)
    throw new BadFile(t("There are no rows in this file.", "このファイルに行がありません。"));
  return sheet;
}

function fromCsv(text: string): Sheet {
  let header: string[] | undefined;
  let place = { line: 1, at: 0 };
  const rows: ImportRow[] = [];
  const bad: ImportResult[] = [];
  Papa.parse<string[]>(text, {
    delimitersToGuess: [",", ";", "\t", "|"],
    step: ({ data, errors, meta }) => {
      const { line } = place;
      // Cells may hold line ends: lines are counted, not rows.
      place = { line: line + newlines(text.slice(place.at, meta.cursor)), at: meta.cursor };
      const cells = data.map((cell) => cell.trim());
      if (cells.every((cell) => cell === "")) return;
      if (!header) {
        header = named(cells);
        return;
      }
      const broken = errors.find((error) => error.type === "Quotes");
      if (broken)
        bad.push({ line, result: "refused", reason: t("A quotation mark is not closed", "引用符が閉じていません") });
      else if (cells.length !== header.length)
        bad.push({
          line,
          result: "refused",
          reason: t(
            `${cells.length} cells, but ${header.length} columns`,
            `列が${header.length}なのにセルが${cells.length}あります`,
          ),
        });
      else rows.push(rowOf(line, header, cells));
    },
  });
  if (!header) throw new BadFile(t("The file is empty.", "ファイルが空です。"));
  return { columns: header, rows, bad };
}

function named(cells: string[]): string[] {
  const unnamed = cells.findIndex((cell) => cell === "");
  if (unnamed >= 0)
    throw new BadFile(
      t(`Column ${unnamed + 1} has no name in the first row.`, `1行目の${unnamed + 1}列目に名前がありません。`),
    );
  // No column has two digits in its name; and what may be a key is not quoted.
  if (cells.some((cell) => cell.length > 32 || /\d\D*\d/.test(cell)))
    throw new BadFile(
      t(
        "The first row holds values, not the names of the columns. Put a row with the names first: iccid, imsi, ki, opc …",
        "1行目が列名ではなく値です。iccid、imsi、ki、opcなどの列名の行を先頭に置いてください。",
      ),
    );
  const twice = cells.find((cell, i) => cells.findIndex((other) => plain(other) === plain(cell)) !== i);
  if (twice) throw new BadFile(t(`Two columns are called “${twice}”.`, `「${twice}」という列が二つあります。`));
  return cells;
}

function rowOf(line: number, header: string[], cells: string[]): ImportRow {
  const filled = header.flatMap((name, i) => (cells[i] === "" ? [] : [[name, cells[i]] as const]));
  return { ...Object.fromEntries(filled), line };
}

function fromJson(text: string): Sheet {
  let whole: unknown;
  try {
    whole = JSON.parse(text);
  } catch {
    // The browser's own message may quote the text, which may hold keys.
    throw new BadFile(
      t(
        "This is no JSON: a bracket, a comma or a quotation mark is missing or too much.",
        "JSONとして読めません。括弧、カンマ、引用符を確認してください。",
      ),
    );
  }
  const list = Array.isArray(whole) ? whole : (whole as { rows?: unknown } | null)?.rows;
  if (!Array.isArray(list))
    throw new BadFile(
      t(
        "The JSON is neither a list of subscribers nor an object with “rows”.",
        "JSONが契約者の配列でも「rows」を持つオブジェクトでもありません。",
      ),
    );
  const names = new Set<string>();
  const rows: ImportRow[] = [];
  const bad: ImportResult[] = [];
  list.forEach((entry: unknown, i) => {
    const object =
      typeof entry === "object" && entry !== null && !Array.isArray(entry)
        ? (entry as Record<string, unknown>)
        : undefined;
    const line = typeof object?.line === "number" ? object.line : i + 1;
    if (!object) {
      bad.push({ line, result: "refused", reason: t("No object with fields", "オブジェクトではありません") });
      return;
    }
    for (const name of Object.keys(object)) if (name !== "line") names.add(name);
    rows.push({ ...object, line });
  });
  return { columns: [...names], rows, bad };
}

/** Case, blanks, `_` and `-` do not matter to the SM. */
export const plain = (name: string) => name.toLowerCase().replace(/[\s_-]/g, "");
const newlines = (text: string) => text.match(/\r\n|\n|\r/g)?.length ?? 0;

/** A cell for the preview; secrets show only that they are there. */
export function cell(row: ImportRow, name: string, secret: boolean): string {
  const value = row[name];
  if (value === undefined || value === null || value === "") return "";
  if (secret) return "••••";
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}

/** A value as a cell that no spreadsheet runs, rounds or makes a date of; the SM takes the mark away (`to_cell` there). */
export const toCell = (value: string): string => (misread(value) ? `'${value}` : value);

function misread(value: string): boolean {
  if (value.startsWith("'")) return misread(value.slice(1));
  if (/^[\t\r\n]/.test(value)) return true;
  const text = value.trimStart();
  if (/^[=+\-@＝＋－＠]/.test(text)) return true;
  return /^[\d.]/.test(text) && !/^(0|[1-9]\d{0,10})$/.test(text) && !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text);
}

/** The report as CSV, with the codes that were drawn for the profiles. */
export function reportCsv(
  results: readonly ImportResult[],
  codesOf: (row: ImportResult) => DrawnCodes | undefined,
): string {
  const columns = ["line", "result", "iccid", "matchingId", "activationCode", "column", "reason"] as const;
  const codes = ["puk1", "puk2", "adm1"] as const;
  const line = (row: ImportResult) => [
    ...columns.map((name) => row[name]),
    ...codes.map((name) => codesOf(row)?.[name]),
  ];
  const data = results.map((row) => line(row).map((value) => toCell(String(value ?? ""))));
  return `\uFEFF${Papa.unparse({ fields: [...columns, ...codes], data }, { newline: "\r\n" })}\r\n`;
}

export function save(name: string, type: string, text: string) {
  const address = URL.createObjectURL(new Blob([text], { type }));
  const anchor = document.createElement("a");
  anchor.href = address;
  anchor.download = name;
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}
