/** Heads of lanes: short names of parties. */
import type { Party } from "../engine/protocol";

export const SHORT: Record<Party, [string, string]> = {
  operator: ["operator", "事業者"],
  sm: ["SM-DP+", "SM-DP+"],
  lpa: ["LPA", "LPA"],
  euicc: ["eUICC", "eUICC"],
  modem: ["modem", "モデム"],
  mme: ["MME", "MME"],
  sgsn: ["SGSN", "SGSN"],
  msc: ["MSC", "MSC"],
  hss: ["HSS", "HSS"],
  gateway: ["GW", "GW"],
  policy: ["policy", "制御"],
  internet: ["net", "外部網"],
};
