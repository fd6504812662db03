import { t } from "./language.svelte";

/** One copy button: what it says of its last copy, for a moment. */
export class Clipboard {
  said = $state<string>();

  async copy(text: string) {
    try {
      await navigator.clipboard.writeText(text);
      this.said = t("Copied", "コピーしました");
    } catch {
      this.said = t("The browser refuses to copy", "コピーが許可されていません");
    }
    setTimeout(() => (this.said = undefined), 2000);
  }
}
