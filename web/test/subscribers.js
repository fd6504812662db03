/** Files of subscribers, as a customer system would write them. */

/** The check digit of ITU-T E.118. @param {string} digits */
function luhn(digits) {
  const sum = [...digits].reverse().reduce((sum, digit, i) => {
    const value = Number(digit) * (i % 2 === 0 ? 2 : 1);
    return sum + (value > 9 ? value - 9 : value);
  }, 0);
  return String((10 - (sum % 10)) % 10);
}

/** @param {number} n @param {number} [series] */
export function iccidOf(n, series = 1) {
  const body = `8981${String(series).padStart(4, "0")}${String(n).padStart(10, "0")}`;
  return body + luhn(body);
}

/** Keys that a search for secrets recognises. @param {number} n */
export const kiOf = (n) => `C0FFEE${n.toString(16).toUpperCase().padStart(26, "0")}`;

/**
 * CSV with a header; `broken` rows have a fault each.
 * @param {number} count
 * @param {{ series?: number, broken?: Record<number, "ki" | "check digit" | "imsi"> }} [options]
 */
export function csv(count, { series = 1, broken = {} } = {}) {
  const lines = ["ICCID;IMSI;MSISDN;Ki;OPc;SPN;Policy Rules"];
  for (let n = 0; n < count; n++) {
    let iccid = iccidOf(n, series);
    let imsi = `00101${String(series * 1_000_000 + n).padStart(10, "0")}`;
    let ki = kiOf(n);
    if (broken[n] === "ki") ki = ki.slice(2);
    if (broken[n] === "check digit") iccid = iccid.slice(0, -1) + String((Number(iccid.at(-1)) + 1) % 10);
    if (broken[n] === "imsi") imsi = "12";
    lines.push(
      [
        iccid,
        imsi,
        `+8190${String(n).padStart(8, "0")}`,
        ki,
        kiOf(n + 1_000_000),
        n === 1 ? '"Two; words"' : "Import",
        n === 2 ? "ppr1 ppr2" : "",
      ].join(";"),
    );
  }
  return `\uFEFF${lines.join("\r\n")}\r\n`;
}
