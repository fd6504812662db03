/** What the operator has filled in, and how it becomes an order: a profile in stock, downloadOrder, confirmOrder. */
import { t } from "../lib/language.svelte";
import { sentence } from "../lib/sentence";
import type { ImportRow, OrderView, Terms } from "./messages";
import { session } from "./session.svelte";
import { told } from "./told.svelte";

export interface Wish {
  template: string;
  iccid: string;
  imsi: string;
  msisdn: string;
  spn: string;
  profileName: string;
  algorithm: string;
  ki: string;
  opc: string;
  rules: string[];
  eid: string;
  token: "drawn" | "chosen" | "none";
  matchingId: string;
  confirmationCode: string;
  smdsAddress: string;
  release: boolean;
}

export const blank = (): Wish => ({
  template: "operational",
  iccid: "",
  imsi: "",
  msisdn: "",
  spn: "",
  profileName: "",
  algorithm: "milenage",
  ki: "",
  opc: "",
  rules: [],
  eid: "",
  token: "drawn",
  matchingId: "",
  confirmationCode: "",
  smdsAddress: "",
  release: true,
});

/** A function has failed after others had their effect. */
export class Halfway extends Error {
  constructor(
    readonly iccid: string,
    done: string,
    readonly why: unknown,
  ) {
    super(`${done} ${sentence(why)}`);
  }
}

/** What is ordered in the end; `known`: its profile was at the SM already, though the operator asked for a new one. */
export async function carryOut(wish: Wish, order: OrderView | undefined): Promise<{ iccid: string; known: boolean }> {
  const { iccid, known } = order ? { iccid: order.iccid, known: false } : await make(wish);
  const eid = wish.eid.replace(/\s/g, "") || undefined;
  if (!order || order.can?.includes("downloadOrder")) {
    const reserve = session.call((sm) => sm.downloadOrder(iccid, eid));
    await halfway(
      reserve,
      iccid,
      order
        ? ""
        : t(
            `Profile ${iccid} is in stock, but was not ordered:`,
            `プロファイル${iccid}は在庫に入りましたが、注文できませんでした:`,
          ),
    );
  }
  const confirm = session.call((sm) => sm.confirmOrder(iccid, terms(wish, eid)));
  await halfway(
    confirm,
    iccid,
    t(
      `Profile ${iccid} is reserved, but was not confirmed:`,
      `プロファイル${iccid}は確保済みですが、確認できませんでした:`,
    ),
  );
  return { iccid, known };
}

async function halfway(work: Promise<unknown>, iccid: string, done: string) {
  try {
    await work;
  } catch (error) {
    throw done ? new Halfway(iccid, done, error) : error;
  }
}

/** Into stock: a batch of one. */
async function make(wish: Wish): Promise<{ iccid: string; known: boolean }> {
  const { template, imsi, iccid, msisdn, spn, profileName, algorithm, ki, opc, rules } = wish;
  const row: ImportRow = {
    line: 1,
    iccid: digits(iccid),
    imsi: digits(imsi),
    msisdn: msisdn.replace(/[\s()-]/g, ""),
    spn,
    profileName,
    algorithm,
    ki,
    opc: algorithm === "usim-test" ? "" : opc,
    policyRules: rules,
  };
  const { rows } = await told.import(template, "stock", [row]);
  const [result] = rows;
  if (!result?.iccid)
    throw new Error(result?.reason ?? t("The SM has not said what became of it.", "SMから結果が返りませんでした。"));
  return { iccid: result.iccid, known: result.result === "known" };
}

function terms(wish: Wish, eid: string | undefined): Terms {
  return {
    releaseFlag: wish.release,
    ...(eid && { eid }),
    ...(wish.token === "chosen" && { matchingId: wish.matchingId.trim() }),
    ...(wish.token === "none" && { matchingId: "" }),
    ...(wish.confirmationCode && { confirmationCode: wish.confirmationCode }),
    ...(wish.smdsAddress.trim() && { smdsAddress: wish.smdsAddress.trim() }),
  };
}

const digits = (text: string) => text.replace(/\s/g, "");

/** An ICCID of a test network: 89, country and issuer 00101, 11 digits, a check digit (ITU-T E.118). */
export function drawIccid(): string {
  const body = `8900101${[...crypto.getRandomValues(new Uint8Array(11))].map((octet) => octet % 10).join("")}`;
  const sum = [...body].reduceRight((sum, digit, i) => {
    const value = Number(digit) * ((body.length - i) % 2 === 1 ? 2 : 1);
    return sum + (value > 9 ? value - 9 : value);
  }, 0);
  return body + ((10 - (sum % 10)) % 10);
}

/** Keys that nobody has seen, for a subscriber of a test network. */
export function drawKeys(algorithm: string): { ki: string; opc: string } {
  const draw = (octets: number) =>
    [...crypto.getRandomValues(new Uint8Array(octets))].map((octet) => octet.toString(16).padStart(2, "0")).join("");
  return { ki: draw(16), opc: algorithm === "usim-test" ? "" : draw(algorithm === "tuak" ? 32 : 16) };
}
