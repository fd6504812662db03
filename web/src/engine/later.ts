/** Methods of the package that are about to come; each goes from here when it is there. */
import { World as Now } from "../pkg/esim_lab.js";
import type { Both, Edit, Explained, TraceRecord } from "../pkg/esim_lab.js";
import type { Difference } from "./protocol";

export interface Commands {
  openssl: string;
  python: string;
}
export interface Segment {
  n: number;
  tag: string;
  name: string;
  record: number | null;
  /** Tag and length, which the MAC covers. */
  header?: string;
  cipher: string;
  mcvIn: string;
  mcvOut?: string;
  mac: string;
  verified: boolean;
  icv: string;
  counter: number;
  plain: string;
  uppOffset: number | null;
  commands: Commands;
}
export interface KeySession {
  transactionId: string;
  records: number[];
  ecdh: { otSkEuicc: string; otPkEuicc: string; otPkDp: string; shs: string; record: number; commands: Commands };
  kdf: {
    keyType: string;
    keyLength: string;
    hostId: string;
    eid: string;
    sharedInfo: string;
    initialMcv: string;
    sEnc: string;
    sMac: string;
    commands: Commands;
  };
  segments: Segment[];
  upp: string;
}
export interface Foreign {
  kind: string;
  title: Both;
  summary: Both;
  records: TraceRecord[];
  activationCode?: string;
  notes: Both[];
}
export interface Compared {
  n: number;
  ours: TraceRecord | null;
  why: Both | null;
  same: boolean;
  differences: Difference[];
}
export type CopyForm = "apdu-script" | "lpac" | "rust" | "js" | "pcap" | "json" | "report";

interface Later {
  new (options: ConstructorParameters<typeof Now>[0]): Now & {
    keys(): KeySession[];
    copyAs(form: CopyForm, n?: number): string | Uint8Array;
  };
  explainProfile(hex: string): Explained;
  compare(a: TraceRecord, b: TraceRecord): Difference[];
  change(record: TraceRecord, edit: Edit): string;
  readForeign(octets: Uint8Array, name?: string): Foreign;
  answersOf(records: TraceRecord[]): Compared[];
}

export const World = Now as unknown as Later & typeof Now;
export type World = InstanceType<Later>;
