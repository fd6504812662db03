/** What can be tried over the radio, in words. */
import { t } from "../lib/language.svelte";
import { PARTIES } from "../lib/names";
import type { Act, Attempt } from "../engine/protocol";

/** What a newcomer tries. */
export const usual = { host: "www.example.com", to: "+81901234567", text: "Hello" };

/** Who bars it and by which cause, in the width of a box: `MME: EMM cause #18`; nothing if it is open. */
export function barredBy(attempt: Attempt | undefined): string {
  if (!attempt || attempt.outcome !== "refused") return attempt?.outcome === "granted" ? t("open", "通じます") : "";
  const by = attempt.by ? t(...PARTIES[attempt.by]) : "";
  const { cause, decision } = attempt;
  if (decision)
    return `${by}: ${decision.rule === null ? t("default deny", "既定で拒否") : `traffic[${decision.rule}]`}`;
  return cause ? `${by}: ${cause.element} #${cause.number}` : by;
}

/** What was tried. */
export function tried(act: Act): string {
  if (act === "supplementary") return t("Call forwarding", "転送電話");
  if (typeof act === "object" && "browse" in act) return act.browse;
  if (typeof act === "object" && "text" in act) return t(`SMS to ${act.text.to}`, `${act.text.to}へのSMS`);
  return t("Call", "電話");
}
