import type { Both } from "../engine/protocol";

type Lang = "en" | "ja";

const kept = () => {
  const found = localStorage.getItem("esim-lab/language");
  return found === "en" || found === "ja" ? found : undefined;
};

class Language {
  current = $state<Lang>(kept() ?? (navigator.language.startsWith("ja") ? "ja" : "en"));

  choose(lang: Lang) {
    this.current = lang;
    localStorage.setItem("esim-lab/language", lang);
    document.documentElement.lang = lang;
  }
}

export const language = new Language();
document.documentElement.lang = language.current;

/** A text of the page, in the reader's language. */
export function t(en: string, ja: string): string {
  return language.current === "ja" ? ja : en;
}

/** A text of the core. */
export function both(text: Both | undefined): string {
  return text?.[language.current] ?? "";
}
