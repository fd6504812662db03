/** The code in an answer, by its name. */
import type { Explained, Node } from "../pkg/esim_lab.js";

const IS_CODE = /error|reason|result|status/i;

/** `invalidSignature` of `2 (invalidSignature)`. */
const named = (text: string) => /^-?\d+ \((.+)\)$/.exec(text)?.[1];

function find(nodes: readonly Node[]): string | undefined {
  for (const { name, type, text, children } of nodes) {
    const found = IS_CODE.test(name) || IS_CODE.test(type) ? named(text) : undefined;
    const within = found === undefined ? find(children) : found;
    if (within !== undefined) return within;
  }
  return undefined;
}

interface Status {
  header?: { functionExecutionStatus?: { statusCodeData?: { subjectCode?: string; reasonCode?: string } } };
}

export function nameOfCode({ json, parts }: Explained): string {
  const code = (json as Status | undefined)?.header?.functionExecutionStatus?.statusCodeData;
  if (code?.subjectCode) return `${code.subjectCode}/${code.reasonCode ?? ""}`;
  for (const { nodes } of parts) {
    const found = find(nodes);
    if (found !== undefined && found !== "ok") return found;
  }
  return "";
}
