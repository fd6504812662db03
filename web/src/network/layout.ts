/** Where everything stands in the picture, and which way a message goes through it. Drawing alone. */
import type { Party, TraceRecord } from "../engine/protocol";

/** A spot of the picture. MME and SGSN share one; the cell says nothing of its own. */
export type Spot =
  | "euicc"
  | "lpa"
  | "modem"
  | "cell"
  | "core"
  | "hss"
  | "msc"
  | "gateway"
  | "policy"
  | "sm"
  | "internet"
  | "operator"
  | "voice"
  | "sms";

export interface Place {
  x: number;
  y: number;
  w: number;
  h: number;
}

export interface Layout {
  width: number;
  height: number;
  device: Place;
  spots: Record<Spot, Place>;
  /** The way past the mobile network. */
  wifi: string;
}

const at = (x: number, y: number, w = 118, h = 50): Place => ({ x, y, w, h });

export const WIDE: Layout = {
  width: 900,
  height: 400,
  device: { x: 8, y: 12, w: 156, h: 316 },
  spots: {
    modem: at(86, 76),
    lpa: at(86, 176),
    euicc: at(86, 276),
    cell: at(248, 76, 60, 60),
    core: at(402, 76, 132),
    hss: at(574, 76),
    msc: at(488, 166, 96, 42),
    voice: at(700, 138, 156, 46),
    sms: at(700, 196, 156, 46),
    gateway: at(402, 288, 132),
    policy: at(574, 288),
    sm: at(830, 288, 112, 50),
    internet: at(700, 360, 156, 46),
    operator: at(830, 60, 112, 44),
  },
  wifi: "M86 328 V372 Q86 392 106 392 H866 Q886 392 886 372 V313",
};

export const NARROW: Layout = {
  width: 360,
  height: 648,
  device: { x: 8, y: 12, w: 344, h: 112 },
  spots: {
    euicc: at(68, 74, 96, 44),
    lpa: at(180, 74, 96, 44),
    modem: at(292, 74, 96, 44),
    cell: at(248, 170, 56, 56),
    core: at(78, 250, 104, 44),
    hss: at(78, 338, 104, 44),
    msc: at(186, 338, 88, 44),
    gateway: at(292, 250, 104, 44),
    policy: at(292, 344, 104, 44),
    voice: at(64, 440, 120, 46),
    sms: at(182, 440, 108, 46),
    internet: at(204, 532, 136, 46),
    sm: at(302, 612, 96, 44),
    operator: at(70, 612, 104, 40),
  },
  wifi: "M180 124 V140 Q180 148 188 148 H344 Q352 148 352 156 V590",
};

/** Lines that are always drawn. */
export const LINES: readonly [Spot, Spot][] = [
  ["euicc", "lpa"],
  ["lpa", "modem"],
  ["modem", "cell"],
  ["cell", "core"],
  ["cell", "gateway"],
  ["core", "hss"],
  ["core", "msc"],
  ["core", "gateway"],
  ["gateway", "policy"],
  ["policy", "sm"],
  ["policy", "internet"],
  ["msc", "voice"],
  ["msc", "sms"],
  ["operator", "sm"],
];

/** Lines that the network opens or bars. */
export const GATES: Partial<Record<string, "sm" | "internet" | "voice" | "sms">> = {
  "policy-sm": "sm",
  "policy-internet": "internet",
  "msc-voice": "voice",
  "msc-sms": "sms",
};

const SPOT: Record<Party, Spot> = {
  operator: "operator",
  sm: "sm",
  lpa: "lpa",
  euicc: "euicc",
  modem: "modem",
  mme: "core",
  sgsn: "core",
  msc: "msc",
  hss: "hss",
  gateway: "gateway",
  policy: "policy",
  internet: "internet",
};

/** Spots between two parties, both included. */
const WAYS: Record<string, Spot[]> = {
  "modem-euicc": ["modem", "lpa", "euicc"],
  "modem-core": ["modem", "cell", "core"],
  "modem-msc": ["modem", "cell", "core", "msc"],
  "modem-gateway": ["modem", "cell", "gateway"],
  "gateway-sm": ["gateway", "policy", "sm"],
  "gateway-internet": ["gateway", "policy", "internet"],
  "lpa-sm": ["lpa", "modem", "cell", "gateway", "policy", "sm"],
};

const isPacket = (record: TraceRecord | undefined) => record?.interface === "S1-U" || record?.interface === "S12";

/** Whether a call of the LPA went through the mobile network: its first packet is noted right behind it, or before. */
function isOverRadio(record: TraceRecord, all: readonly TraceRecord[]): boolean {
  for (let n = record.n; n > Math.max(0, record.n - 12); n--)
    if (isPacket(all[n]) || all[n]?.interface === "SGi") return true;
  return isPacket(all[record.n + 1]);
}

/** The spots that a message passes, the sender's first; `wifi` for what goes past the mobile network. */
export function way(record: TraceRecord, all: readonly TraceRecord[]): Spot[] | "wifi" {
  const [from, to] = [SPOT[record.from], SPOT[record.to]];
  if (record.interface === "ES9+" && !isOverRadio(record, all)) return "wifi";
  const known = WAYS[`${from}-${to}`];
  if (known) return known;
  const back = WAYS[`${to}-${from}`];
  return back ? [...back].reverse() : [from, to];
}

/** Where the line from one spot to another leaves its box, and enters the other's. */
export function line(layout: Layout, from: Spot, to: Spot): { x1: number; y1: number; x2: number; y2: number } {
  const [a, b] = [layout.spots[from], layout.spots[to]];
  const start = edge(a, b);
  const end = edge(b, a);
  return { x1: start.x, y1: start.y, x2: end.x, y2: end.y };
}

function edge(own: Place, other: Place): { x: number; y: number } {
  const [dx, dy] = [other.x - own.x, other.y - own.y];
  const reach = Math.min(
    dx === 0 ? Number.POSITIVE_INFINITY : own.w / 2 / Math.abs(dx),
    dy === 0 ? Number.POSITIVE_INFINITY : own.h / 2 / Math.abs(dy),
  );
  return { x: own.x + dx * Math.min(reach, 1), y: own.y + dy * Math.min(reach, 1) };
}
