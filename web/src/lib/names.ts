/** Names of parties and services, as the page shows them. */
import type { Party } from "../engine/protocol";

export const PARTIES: Record<Party, [string, string]> = {
  operator: ["Operator", "事業者"],
  sm: ["SM-DP+", "SM-DP+"],
  lpa: ["LPA", "LPA"],
  euicc: ["eUICC", "eUICC"],
  modem: ["Modem", "モデム"],
  mme: ["MME", "MME"],
  sgsn: ["SGSN", "SGSN"],
  msc: ["MSC", "MSC"],
  hss: ["HSS/AuC", "HSS/AuC"],
  gateway: ["Gateway", "ゲートウェイ"],
  policy: ["Policy", "通信制御"],
  internet: ["Internet", "インターネット"],
};
