/** The language of the lab's filter, as written: shared by the box, which colours it, and the worker, which answers it. */
import type { Both } from "./protocol";

export type Key = "if" | "fn" | "from" | "to" | "tag" | "sw" | "val" | "hex" | "oct" | "phase" | "check" | "edited";

/** What each key means: the head of its completion. */
export const KEYS: Record<Key, Both> = {
  if: { en: "interface, or who stands at it", ja: "インターフェース、またはその端点" },
  fn: { en: "name of the function", ja: "機能名" },
  from: { en: "who sends it", ja: "送信者" },
  to: { en: "who receives it", ja: "受信者" },
  tag: { en: "first tag, hexadecimal", ja: "先頭のタグ(16進)" },
  sw: { en: "status word, or code of an SM", ja: "ステータスワード、またはSMのコード" },
  val: { en: "a value in the tree", ja: "ツリーの値" },
  hex: { en: "octets in it", ja: "含まれるオクテット" },
  oct: { en: "number of octets", ja: "オクテット数" },
  phase: { en: "what was going on", ja: "フェーズ" },
  check: { en: "what its verifications gave", ja: "検証の結果" },
  edited: { en: "changed on its way", ja: "途中で変更されたもの" },
};

/** Names of parties as a filter says them, and what else they are called. */
export const PARTY_NAMES: Record<string, string> = {
  euicc: "euicc",
  card: "euicc",
  lpa: "lpa",
  modem: "modem",
  mme: "mme",
  sgsn: "sgsn",
  msc: "msc",
  hss: "hss",
  gateway: "gateway",
  gw: "gateway",
  policy: "policy",
  internet: "internet",
  sm: "sm",
  "sm-dp+": "sm",
  operator: "operator",
};

export interface Term {
  start: number;
  end: number;
  not: boolean;
  /** None is a word. */
  key: Key | undefined;
  /** Where the values begin. */
  at: number;
  op: ":" | "!=" | ">" | "<" | ">=" | "<=";
  values: string[];
}

export interface Mistake {
  start: number;
  end: number;
  reason: Both;
}

const isKey = (text: string): text is Key => Object.hasOwn(KEYS, text);

export function parse(query: string): { terms: Term[]; mistake?: Mistake } {
  const terms: Term[] = [];
  let mistake: Mistake | undefined;
  // Values with blanks stand in quotes.
  for (const found of query.matchAll(/(?:[^\s"]|"[^"]*"?)+/g)) {
    const text = found[0];
    const [start, end] = [found.index, found.index + text.length];
    const not = text.startsWith("-") && text.length > 1;
    const body = not ? text.slice(1) : text;
    const [, name = "", op = ""] = /^([A-Za-z]+)(:|!=|>=|<=|>|<|=)/.exec(body) ?? [];
    const key = name.toLowerCase();
    const at = start + (not ? 1 : 0) + name.length + op.length;
    if (!op) {
      const isFlag = body.toLowerCase() === "edited";
      terms.push({ start, end, not, key: isFlag ? "edited" : undefined, at: start, op: ":", values: [unquote(body)] });
      continue;
    }
    if (!isKey(key)) {
      mistake ??= { start, end: at, reason: unknownKey(name) };
      continue;
    }
    const values = split(body.slice(name.length + op.length));
    const term: Term = { start, end, not, key, at, op: (op === "=" ? ":" : op) as Term["op"], values };
    terms.push(term);
    mistake ??= mistakeOf(term);
  }
  return mistake ? { terms, mistake } : { terms };
}

const unquote = (text: string) => text.replaceAll('"', "");
const split = (text: string) =>
  [...text.matchAll(/(?:[^,"]|"[^"]*"?)+/g)].map(([part]) => unquote(part)).filter((part) => part !== "");

const unknownKey = (name: string): Both => ({
  en: `There is no key “${name}”. Keys are ${Object.keys(KEYS).join(", ")}.`,
  ja: `「${name}」というキーはありません。使えるキーは${Object.keys(KEYS).join("、")}です。`,
});

function mistakeOf({ key, op, values, at }: Term): Mistake | undefined {
  let from = at;
  for (const value of values) {
    const reason = reasonOf(key, op, value);
    if (reason) return { start: from, end: from + value.length, reason };
    from += value.length + 1;
  }
  return undefined;
}

function reasonOf(key: Key | undefined, op: Term["op"], value: string): Both | undefined {
  if (key !== "oct" && op !== ":" && op !== "!=")
    return {
      en: `Only oct has “${op}”; ${key ?? ""} is compared with : or !=.`,
      ja: `「${op}」はoctだけで使えます。${key ?? ""}には : か != を使います。`,
    };
  switch (key) {
    case "sw":
      return /^[0-9A-F*?]{1,4}$/i.test(value) && (value.includes("*") || value.length === 4)
        ? undefined
        : /^[\d.*]+(\/[\d.*]*)?$/.test(value) && value.includes(".")
          ? undefined
          : {
              en: "A status word is four hexadecimal digits.",
              ja: "ステータスワードは16進数4桁です。",
            };
    case "tag":
      return /^[0-9A-F*]+$/i.test(value)
        ? undefined
        : { en: "A tag is hexadecimal, as in BF38.", ja: "タグはBF38のような16進数です。" };
    case "hex":
      return /^[0-9A-F]+$/i.test(value)
        ? undefined
        : { en: "Octets are hexadecimal digits.", ja: "オクテットは16進数で書きます。" };
    case "oct":
      return /^\d+$/.test(value)
        ? undefined
        : { en: "A number of octets is digits, as in oct>200.", ja: "オクテット数はoct>200のような数字です。" };
    case "from":
    case "to":
      return value.includes("*") || Object.keys(PARTY_NAMES).some((name) => name.startsWith(value.toLowerCase()))
        ? undefined
        : {
            en: `Nobody is called “${value}”. Parties are ${[...new Set(Object.values(PARTY_NAMES))].join(", ")}.`,
            ja: `「${value}」という当事者はいません。${[...new Set(Object.values(PARTY_NAMES))].join("、")}から選びます。`,
          };
    case "check":
      return /^(failed|passed|none)$/.test(value) || ["failed", "passed", "none"].some((word) => word.startsWith(value))
        ? undefined
        : { en: "A check has failed or passed.", ja: "検証の結果はfailedかpassedです。" };
    default:
      return undefined;
  }
}

/** Whether a text is what a value means: with `*` it is the whole that must be so, but for a text within another. */
export function matcher(value: string, how: "whole" | "start" | "within"): (text: string) => boolean {
  const wanted = value.toLowerCase();
  if (wanted.includes("*")) {
    const source = wanted.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*");
    const pattern = new RegExp(`${how === "within" ? "" : "^"}${source}${how === "within" ? "" : "$"}`);
    return (text) => pattern.test(text.toLowerCase());
  }
  if (how === "whole") return (text) => text.toLowerCase() === wanted;
  if (how === "start") return (text) => text.toLowerCase().startsWith(wanted);
  return (text) => text.toLowerCase().includes(wanted);
}
