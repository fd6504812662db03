/** What was done, and from which record on the trace tells of it: the headings of the sequence. */
import type { Op } from "./journal";
import type { Both } from "./world";

export interface Chapter {
  /** First record. */
  from: number;
  title: Both;
  /** Whether it came out well; undefined where nobody asks. */
  ok?: boolean;
}

export const FACTORY: Chapter = {
  from: 0,
  title: { en: "In the factory: the provisioning profile is loaded", ja: "工場でプロビジョニングプロファイルを書き込む" },
};

/** The heading of an operation; none where it says nothing to anybody. */
export function titleOf(op: Op): Both | undefined {
  const two = (en: string, ja: string): Both => ({ en, ja });
  switch (op[0]) {
    case "order":
      return two("The operator orders a profile", "事業者がプロファイルを注文する");
    case "code":
    case "step":
    case "answer":
      return two("Download", "ダウンロード");
    case "enable":
      return two("The profile is enabled; the card starts over", "プロファイルを有効にし、カードが再起動する");
    case "disable":
      return two("The profile is disabled; the card starts over", "プロファイルを無効にし、カードが再起動する");
    case "delete":
      return two("The profile is deleted", "プロファイルを削除する");
    case "name":
      return two("The profile gets a name", "プロファイルに名前を付ける");
    case "notify":
      return two("The SM is told", "SMに通知する");
    case "attach":
      return two("The radio goes on: read the USIM, attach", "電波をオンにし、USIMを読んで登録する");
    case "radio-off":
      return two("The radio goes off", "電波をオフにする");
    case "browse":
      return two(`Try: open ${op[1]}`, `試す: ${op[1]}を開く`);
    case "call":
      return two("Try: a call", "試す: 電話をかける");
    case "text":
      return two(`Try: a short message to ${op[1]}`, `試す: ${op[1]}にショートメッセージを送る`);
    case "supplementary":
      return two("Try: call forwarding", "試す: 転送電話の設定");
    case "fall-back":
      return two("The provisioning profile is enabled again", "プロビジョニングプロファイルに戻る");
    case "rules":
      return two("The network gets other rules", "網の規則が変わる");
    default:
      return undefined;
  }
}

/** Chapters with one more beginning at a record; those that told nothing are left out. */
export function opened(chapters: readonly Chapter[], next: Chapter): Chapter[] {
  const last = chapters.at(-1);
  if (last && last.title.en === next.title.en && next.title.en === "Download") return [...chapters];
  if (last?.from === next.from) return [...chapters.slice(0, -1), next];
  return [...chapters, next];
}
