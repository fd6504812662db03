/** What can be tried over the radio, in words. */
import type { Op } from "../lib/journal";
import { t } from "../lib/language.svelte";
import { PARTIES } from "../lib/names";
import type { Attempt } from "../lib/world";

/** What a newcomer tries. */
export const usual = { host: "www.example.com", to: "+81901234567", text: "Hello" };

/** Who bars it and by which cause, in the width of a box: `MME: EMM cause #18`; nothing if it is open. */
export function barredBy(attempt: Attempt | undefined): string {
  if (!attempt || attempt.outcome !== "refused") return attempt?.outcome === "granted" ? t("open", "通じます") : "";
  const by = attempt.by ? t(...PARTIES[attempt.by]) : "";
  const { cause, decision } = attempt;
  if (decision) return `${by}: ${decision.rule === null ? t("default deny", "既定で拒否") : `traffic[${decision.rule}]`}`;
  return cause ? `${by}: ${cause.element} #${cause.number}` : by;
}

/** What was tried. */
export function tried(op: Op): string {
  switch (op[0]) {
    case "browse":
      return op[1];
    case "text":
      return t(`SMS to ${op[1]}`, `${op[1]}へのSMS`);
    case "supplementary":
      return t("Call forwarding", "転送電話");
    default:
      return t("Call", "電話");
  }
}
