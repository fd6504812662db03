/** What is looked at, in the forms of others. */
import type { CopyForm } from "../engine/protocol";
import type { Both } from "../engine/protocol";
import { store } from "../engine/store.svelte";
import { lab } from "./selection.svelte";

export interface Form {
  id: CopyForm;
  title: Both;
  /** Name of a file, where it is no text. */
  file?: { name: string; type: string };
  /** It is about one message. */
  needsMessage?: boolean;
}

export const FORMS: readonly Form[] = [
  { id: "report", title: { en: "Bug report", ja: "不具合報告" } },
  { id: "apdu-script", title: { en: "APDU script", ja: "APDUスクリプト" } },
  { id: "lpac", title: { en: "lpac command", ja: "lpacのコマンド" } },
  { id: "rust", title: { en: "Rust test", ja: "Rustのテスト" } },
  { id: "js", title: { en: "JS test", ja: "JavaScriptのテスト" } },
  {
    id: "pcap",
    title: { en: "pcap", ja: "pcap" },
    file: { name: "esim-lab.pcap", type: "application/vnd.tcpdump.pcap" },
  },
  {
    id: "json",
    title: { en: "JSON trace", ja: "JSONトレース" },
    file: { name: "esim-lab.json", type: "application/json" },
  },
];

export function download(name: string, type: string, content: string | Uint8Array) {
  const url = URL.createObjectURL(new Blob([content as BlobPart], { type }));
  const link = document.createElement("a");
  [link.href, link.download] = [url, name];
  link.click();
  URL.revokeObjectURL(url);
}

/** Puts a text on the clipboard, or a file among the downloads; a sentence if the browser refuses. */
export async function copyAs({ id, file }: Form): Promise<void> {
  const made = await store.engine.copyAs(lab.place, id, lab.record);
  if (file) download(file.name, file.type, made);
  else await navigator.clipboard.writeText(typeof made === "string" ? made : new TextDecoder().decode(made));
}
