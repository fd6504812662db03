/** What was done, in stretches that a person would name: a download is one, and so are tries of service in a row. */
import type { Act, Both, Done } from "./protocol";

interface Deedlike {
  act: Act;
  records: [number, number];
  good: boolean;
  done: Done;
}

export interface Phase {
  /** What a filter calls it: `download`. */
  key: string;
  title: Both;
  /** First message, and the one behind the last. */
  from: number;
  to: number;
  /** First deed, and the one behind the last. */
  deeds: [number, number];
}

/** `browse` of `{ browse: "…" }`. */
export const kindOf = (act: Act): string => (typeof act === "string" ? act : (Object.keys(act)[0] ?? ""));

/** Key, title of a phase, and label of a bar in the time line. */
type Words = { key: string; title: [string, string]; bar: [string, string] };
const same = (key: string, en: string, ja: string, bar = en.toLowerCase(), barJa = ja): Words => ({
  key,
  title: [en, ja],
  bar: [bar, barJa],
});

const DOWNLOAD = same("download", "Download", "ダウンロード");
const tries = (en: string, ja: string, bar = en, barJa = ja): Words => ({
  key: "service",
  title: [en, ja],
  bar: [bar, barJa],
});

const WORDS: Record<string, Words> = {
  "leave-factory": same("factory", "Leaves the factory", "工場出荷", "leaves factory"),
  load: same("load", "Loads a profile", "プロファイルの書き込み", "load", "書き込み"),
  order: same("order", "Order", "注文"),
  download: DOWNLOAD,
  begin: DOWNLOAD,
  step: DOWNLOAD,
  answer: DOWNLOAD,
  enable: same("enable", "Enable", "有効化"),
  disable: same("disable", "Disable", "無効化"),
  delete: same("delete", "Delete", "削除"),
  name: same("name", "Name", "名称変更"),
  list: same("list", "List", "一覧"),
  "fall-back": same("fallback", "Fall back", "PPへの復帰"),
  "memory-reset": same("reset", "Memory reset", "メモリリセット", "reset", "リセット"),
  notify: same("report", "Report", "通知の送信", "report", "通知"),
  "radio-on": same("power", "Power on", "電源投入"),
  "radio-off": same("radio-off", "Radio off", "無線オフ"),
  reach: same("reach", "Reaches the SM", "SMへの接続", "reach"),
  wifi: same("wifi", "Wi-Fi", "Wi-Fi"),
  apn: same("apn", "APN", "APN", "APN"),
  cells: same("cells", "Cells", "セル"),
  browse: tries("web", "Web"),
  call: tries("call", "通話"),
  text: tries("message", "メッセージ", "text", "SMS"),
  supplementary: tries("supplementary service", "付加サービス", "services"),
  "open-apn": tries("APN", "APN"),
  update: same("update", "Location update", "位置登録", "update"),
  rules: same("rules", "Rules", "通信規則"),
  "wrong-key": same("wrong-key", "Wrong key", "誤った鍵"),
  sqn: same("sqn", "Sequence number", "シーケンス番号", "SQN", "SQN"),
  "copy-card": same("copy", "Copied card", "カードの複製", "copy"),
  "use-device": same("device", "Other device", "別の端末", "device"),
  withdraw: same("withdraw", "Withdraws the order", "注文の取り消し", "withdraw"),
  "show-order": same("order", "Order", "注文"),
  clock: same("clock", "Clock", "時計"),
};

const wordsOf = (act: Act): Words => WORDS[kindOf(act)] ?? same(kindOf(act), kindOf(act), kindOf(act));

/** Deeds that are about others, and say nothing themselves. */
const ARMS = new Set(["break", "tamper", "mend", "clock"]);

const isRefused = ({ done }: Deedlike) => done.kind === "radio" && done.outcome !== "granted";

/** Phases of a branch: those that have messages. */
export function phasesOf(deeds: readonly Deedlike[]): Phase[] {
  const groups: { words: Words; deeds: Deedlike[]; at: [number, number] }[] = [];
  for (const [n, deed] of deeds.entries()) {
    const last = groups.at(-1);
    const isMore = kindOf(deed.act) === "go-on" || ARMS.has(kindOf(deed.act));
    const words = wordsOf(deed.act);
    if (last && (isMore || (words.key === last.words.key && (words.key === "service" || words.key === "download")))) {
      last.deeds.push(deed);
      last.at[1] = n + 1;
    } else if (!isMore) {
      groups.push({ words, deeds: [deed], at: [n, n + 1] });
    }
  }
  return groups.flatMap(({ words, deeds: within, at }) => {
    const [from, to] = [within[0]?.records[0] ?? 0, within.at(-1)?.records[1] ?? 0];
    if (from === to) return [];
    let [en, ja] = words.title;
    if (words.key === "service") {
      const tried = within.filter(({ act }) => wordsOf(act).key === "service");
      const titles = tried.map(({ act }) => wordsOf(act).title);
      const refused = tried.every(isRefused);
      en = `${refused ? "Refused" : "Service"}: ${[...new Set(titles.map(([first]) => first))].join(", ")}`;
      ja = `${refused ? "拒否" : "サービス"}: ${[...new Set(titles.map(([, second]) => second))].join("、")}`;
    }
    return [{ key: words.key, title: { en, ja }, from, to, deeds: at }];
  });
}

/** Bars of the time line: acts, a download's steps together. */
export function barsOf(deeds: readonly Deedlike[]): Phase[] {
  const bars: Phase[] = [];
  for (const [n, deed] of deeds.entries()) {
    const { act, records } = deed;
    const kind = kindOf(act);
    const { key, bar } = wordsOf(act);
    const last = bars.at(-1);
    if (last && ((key === "download" && last.key === key && kind !== "begin") || kind === "go-on" || ARMS.has(kind))) {
      [last.to, last.deeds] = [records[1], [last.deeds[0], n + 1]];
    } else if (!ARMS.has(kind)) {
      bars.push({ key, title: { en: bar[0], ja: bar[1] }, from: records[0], to: records[1], deeds: [n, n + 1] });
    }
  }
  return bars;
}
