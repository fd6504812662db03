/** Activation codes (SGP.22 4.1) as a person types them: what is wrong is told before anybody is asked. */
import type { Both } from "../engine/protocol";

const LOOKS: Both = { en: "A code looks like LPA:1$server$AAB35-…", ja: "コードはLPA:1$server$AAB35-…の形です。" };

const parts = (code: string) => code.replace(/^LPA:/i, "").split("$");

/** What is wrong with it: what, then what to do. */
export function mistake(code: string): { what: Both; remedy: Both } | undefined {
  const said = (en: string, ja: string) => ({ what: { en, ja }, remedy: LOOKS });
  const [version, server, id, ...more] = parts(code);
  if (code === "") return said("The field is empty.", "コードが入力されていません。");
  if (version !== "1" || server === undefined)
    return said("This is no activation code.", "アクティベーションコードではありません。");
  if (!/^[A-Za-z0-9.-]+(:\d{1,5})?$/.test(server))
    return said(
      "The server's name is missing or has a wrong character.",
      "サーバー名がないか、使えない文字があります。",
    );
  if (id === undefined) return said("The part after the second $ is missing.", "2つ目の$の後がありません。");
  if (!/^[A-Za-z0-9-]*$/.test(id))
    return said(
      "The last part has a character that no code has: letters, digits and hyphens alone.",
      "最後の部分に使えない文字があります。英数字とハイフンだけが使えます。",
    );
  if (more.length > 2 || code.length > 255)
    return said("There is something behind the end of the code.", "コードの後に余分な文字があります。");
  return undefined;
}

/** Server of a code without a mistake: `smdp.example`, with its port where that is not 443. */
export const serverOf = (code: string) => (parts(code)[1] ?? "").toLowerCase().replace(/:443$/, "");

/** Whether a text is meant as a code. */
export const isMeant = (text: string) => /^\s*(LPA:)?1\$\S+\s*$/i.test(text);
