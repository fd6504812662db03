/** Words for what the SM says in codes. */
import { language, t } from "../lib/language.svelte";
import type { CalledBy, State } from "./messages";

type Words = { name: [string, string]; what: [string, string] };

/** SGP.22 3.1.6. */
const WORDS: Record<State, Words> = {
  Available: {
    name: ["Available", "在庫"],
    what: ["In stock: nobody has ordered it yet.", "在庫にあり、まだ注文されていません。"],
  },
  Allocated: {
    name: ["Allocated", "確保"],
    what: [
      "Reserved by an order, for no eUICC in particular. It waits to be confirmed.",
      "注文で確保済み。eUICCは未定で、確認待ちです。",
    ],
  },
  Linked: {
    name: ["Linked", "紐付け"],
    what: [
      "Reserved for the eUICC of this EID. It waits to be confirmed.",
      "このEIDのeUICCのために確保済み。確認待ちです。",
    ],
  },
  Confirmed: {
    name: ["Confirmed", "確認済み"],
    what: [
      "It is settled how it will be fetched, but it may not be fetched before it is released.",
      "受け取り方法が決まりました。リリースするまでダウンロードできません。",
    ],
  },
  Released: {
    name: ["Released", "リリース済み"],
    what: ["A device may fetch it now.", "端末からダウンロードできます。"],
  },
  Downloaded: {
    name: ["Downloaded", "ダウンロード済み"],
    what: [
      "The package has been handed out; the eUICC has not yet said how the installation went.",
      "パッケージを渡しました。インストール結果の通知を待っています。",
    ],
  },
  Installed: {
    name: ["Installed", "インストール済み"],
    what: [
      "The eUICC has confirmed with its signature that the profile is installed.",
      "eUICCが署名付きでインストール完了を通知しました。",
    ],
  },
  Error: {
    name: ["Error", "エラー"],
    what: [
      "It cannot be fetched any more. Cancel the order to use the profile again or to withdraw it.",
      "もうダウンロードできません。注文を取り消すと、再利用または廃止できます。",
    ],
  },
  Unavailable: {
    name: ["Unavailable", "廃止"],
    what: ["Withdrawn for good; its package has been deleted.", "廃止され、パッケージは削除されました。"],
  },
};

export const stateName = (state: State) => t(...(WORDS[state]?.name ?? [state, state]));
export const stateText = (state: State) => t(...(WORDS[state]?.what ?? ["", ""]));

export function cardState(state: "Disabled" | "Enabled" | "Deleted"): string {
  return {
    Disabled: t("on the eUICC, not in use", "eUICC上にあり、無効"),
    Enabled: t("on the eUICC, in use", "eUICC上で有効"),
    Deleted: t("deleted from the eUICC", "eUICCから削除済み"),
  }[state];
}

/** Who has called, in a line: credential, OID, address. */
export function caller(by: CalledBy): string {
  const credential = {
    none: t("called without a credential, as LPAs do", "認証情報なし(LPAからの呼び出し)"),
    houseToken: t("called with the token of the house", "運営者のトークン"),
    signedToken: t("called with a signed token", "署名付きトークン"),
    guestToken: t("called by a guest", "ゲスト"),
    clientCertificate: t("called with a client certificate", "クライアント証明書"),
    serverCertificate: t("called with a server's certificate", "サーバー証明書"),
  }[by.credential];
  return [credential, by.oid, by.address].filter((part) => part).join(" · ");
}

/** Seconds since 1970 as the reader's clock says. */
export function when(seconds: number): string {
  const locale = language.current === "ja" ? "ja-JP" : "en-GB";
  return new Date(seconds * 1000).toLocaleString(locale, { dateStyle: "medium", timeStyle: "medium" });
}

export const number = (value: number) => value.toLocaleString(language.current === "ja" ? "ja-JP" : "en-GB");
