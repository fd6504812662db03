// Made from the types in Rust, by a test: see CONTRIBUTING.md.

/**
 * What can be done. Profiles are named by the `id` of the order that made them, or by ICCID; the empty name is that of
 * the last order.
 */
export type Act =
  | "leave-factory"
  | { load: Subscriber }
  | { order: Subscriber }
  | { download: string }
  | { begin: string }
  | { step: number }
  | { answer: Said }
  | { enable: string }
  | { disable: string }
  | { delete: string }
  | {
    name: {
      /** Which. */
      profile: string;
      /** 0 to 64 octets of UTF-8. */
      name: string;
    };
  }
  | "list"
  | "fall-back"
  | "memory-reset"
  | "notify"
  | "radio-on"
  | "radio-off"
  | "reach"
  | { wifi: boolean }
  | { apn: string }
  | { cells: Array<Cell> }
  | { browse: string }
  | "call"
  | {
    text: {
      /** Number. */
      to: string;
      /** Text. */
      text: string;
    };
  }
  | "supplementary"
  | "update"
  | { "open-apn": string }
  | { rules: Ruling }
  | { "wrong-key": string }
  | {
    sqn: {
      /** Whose. */
      profile: string;
      /** 12 digits at most. */
      value: string;
    };
  }
  | "copy-card"
  | { "use-device": number }
  | { withdraw: string }
  | { "show-order": string }
  | { break: Filter }
  | "go-on"
  | { tamper: Tampering }
  | {
    clock: {
      /** Whose. */
      of: Party;
      /** Seconds; it is slow if negative. */
      seconds: number;
    };
  }
  | "mend";

/** What is done with a packet. */
export type Action = "allow" | "deny";

/**
 * `1$<SM-DP+ FQDN>$<matchingId>[$<SM-DP+ OID>[$<confirmation code flag>]]`,
 * in a QR code behind `LPA:`.
 */
export type ActivationCode = {
  /** FQDN of the SM-DP+, with a port where it is not 443. */
  smdpAddress: string;
  /** Token for the order; empty in the default SM-DP+ use case. */
  matchingId: string;
  /** OID that CERT.DPauth must carry. */
  smdpOid: string | null;
  /** A hint that a confirmation code will be asked for; `ccRequiredFlag` decides. */
  confirmationCodeRequired: boolean;
};

/** What the SM has answered to the operator. */
export type Answered = {
  /** Of HTTP. */
  status: number;
  /** JSON, or nothing. */
  body: string;
};

/** What somebody at the device tried over the radio, and what came of it. */
export type Attempt = {
  outcome: AttemptOutcome;
  /** Which node refused. */
  by: Party | null;
  /** Number, name and clause of the refusal. */
  cause: Cause | null;
  reason: Both;
  /** All of it in a line. */
  words: Both;
  /** The decision of the traffic policy platform, if it came so far. */
  decision: Decision | null;
};

/** What came of an attempt. */
export type AttemptOutcome = "granted" | "refused" | "failed";

/** A connection for a reader. */
export type Bearer = {
  /** EPS bearer identity, or NSAPI. */
  id: number;
  /** APN as the device knows it. */
  apn: string;
  /** IPv4 address, dotted. */
  address: string;
};

/** A text in both languages. */
export type Both = {
  /** English. */
  en: string;
  /** Japanese. */
  ja: string;
};

/** What the user says. */
export type CardAnswer =
  | { type: "accept" }
  | { type: "reject" }
  | { type: "postpone" }
  | { type: "timeout" }
  | { type: "confirmationCode"; value: string };

/** What an eUICC tells of itself. */
export type CardInfo = {
  /** 32 digits. */
  eid: string;
  /** AID of the ISD-R that answered, in hexadecimal digits. */
  isdrAid: string;
  /** `GSMA`, a brand, or `custom`. */
  isdrVariant: string;
  /** Of SGP.22 that it keeps to. */
  svn: string;
  firmware: string;
  /** Free memory for profiles in octets. */
  freeMemory?: number;
  /** Key identifiers of the CIs whose servers it can verify, in hexadecimal digits. */
  ciKeys: Array<string>;
  defaultSmdp?: string;
  rootSmds?: string;
};

/** What waits on a card to be told to a server. */
export type CardNotification = {
  sequenceNumber: number;
  event?: "install" | "enable" | "disable" | "delete";
  /** Who is to hear of it. */
  address: string;
  iccid?: string;
};

/** How a download ended. */
export type CardOutcome = {
  /** Whether the profile is on the card. */
  good: boolean;
  /** What has happened, why, and what to do. */
  outcome: Both;
  /** The same for the owner of a phone, where the profile is not on the card. */
  told?: CardTold;
  /** What was offered, if it came so far. */
  profile?: ProfileFacts;
  /** What `resume` goes on with, where the download was cut off; there is no confirmation code in it. */
  unfinished?: string;
};

/** A profile on a card. */
export type CardProfile = { facts: ProfileFacts; isdpAid: string; enabled: boolean; nickname?: string };

/** How far a download has come. */
export type CardProgress = {
  /** 0 to 100. */
  percent: number;
  /** What is going on. */
  phase: Both;
  /** Of `total`: octets of the package while it is loaded, steps elsewhere. */
  done: number;
  total: number;
  /** Since the channel was opened; it moves while nothing else does. */
  apdus: number;
  /** What was said since the last time. */
  records: Array<TraceRecord>;
};

/** What the user is asked. */
export type CardQuestion =
  | {
    type: "consent";
    text: Both;
    smdpAddress: string;
    profile: ProfileFacts;
    /** The user must agree to the policy rules in so many words (SGP.22 2.9.2.1). */
    strong: boolean;
    /** Octets. */
    freeMemory?: number;
    /** What the server says that it takes, in octets; most do not say. */
    estimatedSize?: number;
    /** What stands against it, the gravest first. */
    concerns: Array<Both>;
    /** Whether it can be installed at all, as far as anybody can tell. */
    installable: boolean;
  }
  | { type: "confirmationCode"; text: Both; serviceProviderName: string; profileName: string };

/** A failure as the owner of a phone is told of it (docs/FAILURES.md). */
export type CardTold = {
  /** What happened. */
  what: Both;
  /** Why; empty where what happened says it. */
  why: Both;
  /** What to do. */
  remedy: Both;
  /** To be quoted to whoever helps. */
  code: string;
  /** For whoever knows the standard. */
  details: Array<string>;
};

/** A refusal. */
export type Cause = {
  /** `EMM cause`, `RP-Cause`, … */
  element: string;
  number: number;
  name: string;
  clause: string;
};

/** A cell that a device hears. */
export type Cell = {
  /** Whose it is. */
  plmn: Plmn;
  /** Technology. */
  rat: Rat;
  /** Tracking or location area. */
  area?: number;
  /** Received power in dBm: RSRP of LTE, RSCP of 3G. */
  level: number;
};

/** A certificate in the place of another. */
export type Certificate = {
  /** Of which field: `serverCertificate`, `smdpCertificate`, … */
  field: string;
  /** Whose. */
  with: OtherCertificate;
};

/** A verification that a party has made. */
export type Checked = {
  /** Number of the message that it was made of: what the party was told last. */
  record: number | null;
  /** Who has made it. */
  party: Party;
  /** Standard and clause: `SGP.22 5.7.13`. */
  clause: string;
  /** What must hold. */
  what: string;
  /** The public key or key identifier that decided. */
  key: string | null;
  /** The octets judged. */
  input: string;
  /** Whether it holds. */
  passed: boolean;
};

/** What a subscription is for. */
export type Class = "provisioning" | "operational";

/** PINs and codes. `Debug` shows none. */
export type Codes = {
  /** 4 to 8 digits. Whoever gives one wants it asked for: without it, PIN 1 is off. */
  pin1?: string;
  /** Unblocks PIN 1, 8 digits. */
  puk1?: string;
  /** 4 to 8 digits. */
  pin2?: string;
  /** Unblocks PIN 2, 8 digits. */
  puk2?: string;
  /** The operator's own: 16 hexadecimal digits. */
  adm1?: string;
};

/**
 * Commands for a shell (bash) that compute a step once more. They need nothing but what is in them: OpenSSL 3 and xxd,
 * or Python 3 with the package `cryptography`.
 */
export type Commands = {
  /** With `openssl`. */
  openssl: string;
  /** With `python3`. */
  python: string;
};

/** A request of a recording, and what ours has answered to it. */
export type Compared = {
  /** Number of the request in the recording. */
  n: number;
  /** Number of its answer there; null if it has none. */
  theirs: number | null;
  /** What ours has answered; null if it cannot be asked. */
  ours: TraceRecord | null;
  /** Why both cannot be the same, or why ours was not asked. */
  why: Both | null;
  /** Whether both are the same, octet by octet. */
  same: boolean;
  /** In which fields they differ: theirs first. */
  differences: Array<Difference>;
};

/** What a subscriber has paid for. */
export type Contract = {
  /** Calls. */
  voice: boolean;
  /** Short messages. */
  sms: boolean;
  /** Supplementary services. */
  supplementary: boolean;
  /** APNs, the default one first; `*` for any. */
  apns: Array<string>;
  /** Service in other networks. */
  roaming: boolean;
};

/** What somebody takes with him. */
export type CopyForm = "apdu-script" | "lpac" | "rust" | "js" | "pcap" | "json" | "report";

/** A decision about a connection. */
export type Decision = {
  /** Number, from 0. */
  n: number;
  /** Whose connection. */
  imsi: Imsi;
  /** What the subscriber is. */
  class: Class;
  /** The session's APN, after conversion. */
  apn: string;
  /** Where to. */
  destination: Destination;
  /** Its IPv4 address, dotted; none if the name is not known. */
  address: string | null;
  /** Whether it is the SM. */
  isSm: boolean;
  /** What is done. */
  action: Action;
  /** Number of the rule in the file; none for a default. */
  rule: number | null;
  /** Why, for a person. */
  reason: string;
};

/** What became of notifications. */
export type Delivered = {
  /** Numbers of those that were. */
  sent: Array<number>;
  /** Those that wait still. */
  kept: Array<CardNotification>;
  /** Why; empty where none waits. */
  text: Both;
};

/** Where somebody wants to. */
export type Destination = {
  /** Host name or IPv4 address. */
  host: string;
  /** TCP port. */
  port: number;
};

/** A value in which two messages differ. */
export type Difference = {
  /**
   * Its names from outside in; joined by points they name it in an edit. Empty where the trees are alike and octets
   * between their values differ.
   */
  path: Array<string>;
  /** The value in the first message for a reader; none if it is not there. */
  a: string | null;
  /** The value in the second. */
  b: string | null;
  /** Its octets in the first message: of a value in base64 those of the text that it stands in. */
  atA: { start: number; end: number } | null;
  /** Its octets in the second. */
  atB: { start: number; end: number } | null;
};

/** What has come of an act. */
export type Done =
  | {
    kind: "ordered";
    /** ICCID, activation code, codes. */
    order: Ordered;
    /** Of the subscriber. */
    imsi: string;
  }
  | {
    kind: "notOrdered";
    /** Subject and reason, `8.2.1/3.3`, if it said one. */
    code: string | null;
    /** In a sentence. */
    reason: string;
  }
  | { kind: "installed" }
  | { kind: "notInstalled" } & NotInstalled
  | {
    kind: "loaded";
    /** Notifications that were delivered. */
    sent: number;
  }
  | {
    kind: "notLoaded";
    /** What came of the order or the download. */
    installed: Done;
    /** Why it was not enabled, if that is it. */
    notEnabled: string | null;
  }
  | { kind: "download" } & Download
  | { kind: "deleted" }
  | { kind: "named" }
  | {
    kind: "listed";
    /** In the card's order. */
    profiles: Array<Listed>;
  }
  | {
    kind: "order";
    /** State of the order (SGP.22 3.1.6). */
    state: string;
    /** State of the profile on the card, as far as the card has told. */
    onCard: string | null;
  }
  | { kind: "nothingToFallBackTo" }
  | {
    kind: "notDone";
    /** In a sentence. */
    reason: string;
  }
  | {
    kind: "delivered";
    /** That the SM has taken. */
    sent: number;
    /** That the card keeps. */
    kept: number;
  }
  | { kind: "service" } & Standing
  | { kind: "radio" } & Attempt
  | {
    kind: "wifi";
    /** Which. */
    on: boolean;
  }
  | { kind: "typed" }
  | {
    kind: "rulesTaken";
    /** Whether the device has registered anew. */
    attached: boolean;
  }
  | {
    kind: "rulesRefused";
    /** Line, from 1, if it has one. */
    line: number | null;
    /** For a person. */
    reason: Both;
  }
  | { kind: "changed" }
  | { kind: "set" }
  | {
    kind: "inHand";
    /** Which. */
    device: number;
    /** How it stands, where that is asked. */
    service: Standing | null;
  }
  | {
    kind: "stopped";
    /** The number of the message that has not arrived yet. */
    message: number;
  }
  | { kind: "armed" }
  | { kind: "mended" };

/** How far a download is. */
export type Download = {
  /** `authenticating`, … */
  phase: string;
  /** 0 to 100. */
  percent: number;
  /** What the user is asked. */
  question?: Question;
  /** How it has ended, if it has. */
  outcome?: Outcome;
};

/** Key agreement (SGP.22 2.6.5). */
export type Ecdh = {
  /** otSK.EUICC.ECKA, 32 octets: what only the card has. */
  otSkEuicc: string;
  /** otPK.EUICC.ECKA, a point that is not compressed. */
  otPkEuicc: string;
  /** otPK.DP.ECKA, the same. */
  otPkDp: string;
  /** ShS, 32 octets. */
  shs: string;
  /** The message that brought the card otPK.DP. */
  record: number;
  /** They print `shs`. */
  commands: Commands;
};

/** A change of a message. */
export type Edit = {
  /** The lengths around it stay as they were, wrong. */
  "keep-lengths"?: boolean;
  /** Who signs it anew; it stays broken if nobody does. */
  sign?: Signer;
} & ({ "octet": number } | { "field": string }) & ({ "hex": string } | { "text": string });

/**
 * eUICC identifier: 32 decimal digits, 16 octets BCD, not swapped; the value
 * modulo 97 is 1 (SGP.29, SGP.02 2.2.2).
 */
export type Eid = string;

/** A message and what it is made of. */
export type Explained = {
  /** Interface and function. */
  title: string;
  /** The message, if it is JSON. */
  json?: unknown;
  /** The message's tree; of JSON the text's own, then one part for each field that holds TLVs. */
  parts: Array<Part>;
};

/** Names messages. What is absent does not matter; what is there must all be so. */
export type Filter = {
  /** Its number in the trace, from 0. */
  message?: number;
  /** Sender. */
  from?: Party;
  /** Receiver. */
  to?: Party;
  /** As in the trace: `ES9+`, `ES10b`, `APDU`, `NAS`, `S6a`, … */
  interface?: string;
  /** As in the trace: `AuthenticateServer`, `authenticateClient response`, … */
  function?: string;
  /** First tag of the message, or of an APDU's data, hexadecimal: `BF38`. */
  tag?: string;
  /** What an answer says: status word (`6985`), or subject and reason of an SM (`8.2.6/3.8`). */
  status?: string;
  /** So many that would be meant go by first. */
  skip?: number;
};

/** What has been read. */
export type Foreign = {
  /**
   * `message`, `pem`, `json`, `http`, `apdus`, `lpac`, `lpac-stdio`, `recording`, `pcap`, `trace`, `profile`, `card`, `report`,
   * `link` or `activation-code`.
   */
  kind: string;
  /** What it is. */
  title: Both;
  /** What is in it. */
  summary: Both;
  /** The messages, in order; APDUs have beside them the messages of ES10 that they carry. Times are 0 where it has none. */
  records: Array<TraceRecord>;
  /** As in the QR code, if it is one. */
  activationCode?: string;
  /** The part of a URL, from `#` on, by which the world is made once more that it tells of. */
  link?: string;
  /** What could not be read, and where; what somebody should know. */
  notes: Array<Both>;
};

/** An answer from outside. */
export type Heard =
  | {
    reply: {
      /** HTTP status. */
      status: number;
      /** JSON text, or nothing. */
      body: string;
    };
  }
  | { nothing: string };

/** What is done. */
export type How =
  | "drop"
  | { delay: number }
  | "duplicate"
  | "replay"
  | { truncate: number }
  | {
    flip: {
      /** Of the octet, from 0; counted from the end if negative. */
      octet: number;
      /** Which bits. */
      mask?: number;
    };
  }
  | { "power-cut": number }
  | "memory-full"
  | { edit: Edit }
  | { certificate: Certificate };

/** A profile's identifier, in the form of EF.ICCID: 10 octets, swapped nibbles, F padding. */
export type Iccid = string;

/** A picture. */
export type IconFile = {
  /** `image/jpeg` or `image/png`. */
  mediaType: string;
  /** Base64. */
  data: string;
};

/** International mobile subscriber identity: 6 to 15 digits. */
export type Imsi = string;

/** A world from its beginning, out of the factory, to now. */
export type Journal = {
  /** Of the world. */
  seed: number;
  /** Its clock, in Unix seconds. */
  now: number;
  /** What was done since the device left the factory. */
  acts: Array<Act>;
  /** Base URL of an SM that is somebody else's; the SM is the world's own if absent. */
  sm?: string;
  /** What that SM has answered: with it the acts are done once more, and nobody is asked. */
  heard?: Array<Heard>;
  /** Version of esim-lab that has written it down; earlier builds have not said. */
  version?: string;
  /** How the digest of the trace begins that they made: another one now means another version of the core. */
  digest?: string;
};

/** Key derivation (SGP.22 2.6.4.1; ANSI X9.63 with SHA-256). */
export type Kdf = {
  /** `88`: AES. */
  keyType: string;
  /** `10`: 16 octets. */
  keyLength: string;
  /** Host ID of the control reference template. */
  hostId: string;
  /** 16 octets. */
  eid: string;
  /** SharedInfo: key type, key length, host ID and EID, the latter two with their lengths. */
  sharedInfo: string;
  /** Initial MAC chaining value. */
  initialMcv: string;
  /** S-ENC. */
  sEnc: string;
  /** S-MAC. */
  sMac: string;
  /** They print the three, in this order, in one line. */
  commands: Commands;
};

/** The keys of a download session of a watched world. All octets are hexadecimal. */
export type KeySession = {
  /** Of the session, as the SM has chosen it. */
  transactionId: string;
  /** Numbers in the trace of its messages, from PrepareDownload to the ProfileInstallationResult, without APDUs. */
  records: Array<number>;
  /** The shared secret. */
  ecdh: Ecdh;
  /** The session keys. */
  kdf: Kdf;
  /** Segments in the order of the wire, up to the first one that does not verify. */
  segments: Array<Segment>;
  /** Keys that the profile is protected with in place of the session's, where ReplaceSessionKeys has brought some. */
  ppk?: Ppk;
  /** The profile package, as far as it could be decrypted; empty if nothing could. */
  upp: string;
};

/** A profile on the card. */
export type Listed = {
  /** Digits. */
  iccid: string;
  /** The operator's name. */
  serviceProviderName: string;
  /** Whether it is enabled. */
  enabled: boolean;
};

/** One TLV of a message. */
export type Node = {
  /** The field's name in the ASN.1 module (`transactionId`), or empty. */
  name: string;
  /** The type's name for a SEQUENCE or message (`ServerSigned1`), or empty. */
  type: string;
  /** Clause of SGP.22 v2.6 that defines the type, clause of another document with its name, or empty. */
  clause: string;
  /** Tag octets as a number (`0xBF38`). */
  tag: number;
  /** Offsets of tag, length and value, in octets from the start. */
  whole: { start: number; end: number };
  /** Offsets of the value. */
  value: { start: number; end: number };
  /** The value for a reader: text, number, hexadecimal, named code. Of a constructed one what it comes to, or empty. */
  text: string;
  /** One sentence: what it means, and what for; absent where the name says all. */
  meaning?: Both;
  /** Remarks of a word or two: `critical`. */
  note?: string;
  /** What the value is made of. */
  children: Array<Node>;
};

/** Why a profile is not on the card. */
export type NotInstalled = {
  /** How the download ended. */
  ending: { type: string } & Record<string, unknown>;
  /** For a person. */
  detail: Both;
};

export type Order = {
  iccid: string;
  matchingId: string;
  /** `LPA:1$…`; empty before the order is confirmed. */
  activationCode: string;
  /** The same as a QR code. */
  qrSvg: string;
  /** SGP.22 3.1.6. */
  state: string;
};

/** What the subscriber is given. */
export type Ordered = {
  /** The profile. */
  iccid: Iccid;
  /** Its token. */
  matchingId: string;
  /** `LPA:1$…`. */
  activationCode: ActivationCode;
  /** ADM 1 and PUKs that the SM has drawn for the profile, which it tells this once. */
  codes?: Codes;
};

/** Certificates that are not the right ones. */
export type OtherCertificate = "another-ci" | "dp-auth" | "dp-pb" | "ds-auth";

/** The end of a download. */
export type Outcome = {
  /** Whether the profile is on the card. */
  ok: boolean;
  /** In a few words. */
  title: Both;
  /** In a few sentences. */
  detail: Both;
};

/** What would come of trying each service just now. */
export type Outlook = {
  /** Packets to the SM. */
  sm: Attempt;
  /** Packets to [`ELSEWHERE`]. */
  internet: Attempt;
  /** A call. */
  voice: Attempt;
  /** A short message. */
  sms: Attempt;
  /** Call forwarding. */
  supplementary: Attempt;
};

/** Octets with their tree. */
export type Part = {
  /** Name of the JSON field, or of the APDU's part; empty for a whole message. */
  label: string;
  /** The octets, hexadecimal. */
  hex: string;
  /** The tree; empty if the octets are no TLVs. */
  nodes: Array<Node>;
};

/** Who sends and who receives. */
export type Party =
  | "operator"
  | "sm"
  | "lpa"
  | "euicc"
  | "modem"
  | "mme"
  | "sgsn"
  | "msc"
  | "hss"
  | "gateway"
  | "policy"
  | "internet";

/** An act that was performed. */
export type Performed = {
  /** What was done, for a person. */
  what: Both;
  /** What has come of it. */
  done: Done;
  /** The same for a person. */
  outcome: Both;
  /** Whether that is what whoever acted wanted. */
  good: boolean;
  /** First record of the trace that tells of it, and the one behind the last. */
  records: [number, number];
  /** What the network takes the subscriber for whose profile is enabled. */
  class: Class | null;
  /** What was done to messages on their way. */
  tampered?: Array<Tampered>;
  /** Every verification that was made, in the order made, where the world is watched ([`World::watch`]). */
  checks?: Array<Checked>;
};

export type Phone = {
  eid: string;
  profiles: Array<Profile>;
  /** Provisioning profiles, which an ordinary list leaves out (SGP.22 2.4.5.2). */
  provisioning: Array<Profile>;
  /** Notifications that wait. */
  notifications: number;
  /** Octets. */
  freeMemory: number;
  service: Service;
};

/** The network around the device in hand. */
export type Picture = {
  /** What the device shows. */
  service: ServiceView;
  /** The same in one line. */
  display: Both;
  /** Which device is in hand, of how many. */
  device: [number, number];
  /** Whether the LPA has another way to the SM than the radio. */
  wifi: boolean;
  /** The APN that the user has typed; empty for the network's own choice. */
  apn: string;
  /** Technology of the cell in which it is, or would be. */
  rat: Rat;
  /** State of the device in the MME or SGSN, as `EMM-REGISTERED`. */
  registration: string;
  /** What the network takes the enabled subscriber for; none if it knows no such one. */
  class: Class | null;
  /** What is paid for. */
  contract: Contract | null;
  /** Sessions of this subscriber in the gateway. */
  sessions: Array<Session>;
  /** Address of the SM. */
  sm: Destination | null;
  /** What would come of trying. */
  outlook: Outlook;
};

/** A network: MCC of 3 digits and MNC of 2 or 3. */
export type Plmn = string;

/** Profile protection keys (SGP.22 5.5.4): the MAC chain and the counter start over with them. */
export type Ppk = {
  /** Number of the segment that brought them ([`Segment::n`]). */
  segment: number;
  /** Initial MAC chaining value. */
  initialMcv: string;
  /** PPK-ENC. */
  ppkEnc: string;
  /** PPK-CMAC. */
  ppkCmac: string;
  /** They cut the three out of what is in that segment, in this order, a line each. */
  commands: Commands;
};

export type Profile = {
  iccid: string;
  isdpAid: string;
  state: "enabled" | "disabled";
  nickname?: string;
  serviceProviderName: string;
  profileName: string;
  class: string;
};

/** What an operator says of a profile. */
export type ProfileFacts = {
  iccid?: string;
  serviceProviderName: string;
  profileName: string;
  /** `test`, `provisioning` or `operational`. */
  class: string;
  icon?: IconFile;
  /** It cannot be disabled (PPR1). */
  cannotDisable: boolean;
  /** It cannot be deleted (PPR2). */
  cannotDelete: boolean;
};

/** A question of the LPA. */
export type Question = {
  /** `consent` or `confirmationCode`. */
  kind: "consent" | "confirmationCode";
  /** In a few words. */
  title: Both;
  /** The question. */
  text: Both;
  /** Of the profile. */
  serviceProviderName: string;
  /** Of the profile. */
  profileName: string;
  /** Whether the user is to be asked with more emphasis than usual (policy rules). */
  strong: boolean;
};

/** Access technologies. */
export type Rat = "lte" | "umts";

/** Whether a text is a set of rules. */
export type RulesAnswer = {
  ok: boolean;
  /** Line, from 1. */
  line?: number;
  reason?: Both;
};

/** Rules of the network: as a person has written them, or read already. */
export type Ruling = string | Record<string, unknown>;

/** What a user says to a question of the LPA. */
export type Said = "accept" | "reject" | "postpone" | { code: string };

/** A scenario in a list. */
export type ScenarioInfo = {
  name: string;
  title: Both;
  summary: Both;
  /** What is done, a line a step. */
  steps: Array<Both>;
};

/** A step that was taken. */
export type ScenarioStep = {
  /** Number, from 1. */
  n: number;
  /** Whether that is what was expected. */
  asExpected: boolean;
  /** What was expected. */
  expected: string;
  /** What the device shows then. */
  service: ServiceView;
  /** What was done, for a person. */
  what: Both;
  /** What has come of it. */
  done: Done;
  /** The same for a person. */
  outcome: Both;
  /** Whether that is what whoever acted wanted. */
  good: boolean;
  /** First record of the trace that tells of it, and the one behind the last. */
  records: [number, number];
  /** What the network takes the subscriber for whose profile is enabled. */
  class: Class | null;
  /** What was done to messages on their way. */
  tampered?: Array<Tampered>;
  /** Every verification that was made, in the order made, where the world is watched ([`World::watch`]). */
  checks?: Array<Checked>;
};

/** A segment of the bound profile package (SGP.22 2.5.3). */
export type Segment = {
  /** From 1, in the order of the wire. */
  n: number;
  /** `87`, `88`, `86`. */
  tag: string;
  /** The function that it is a part of: `ConfigureISDP`. */
  name: string;
  /** The message that brought it to the card; none if it has not come so far. */
  record: number | null;
  /** Tag and length, which the MAC covers. */
  header: string;
  /** What stands between header and MAC: encrypted in `87` and `86`, in clear in `88`. */
  cipher: string;
  /** MAC chaining value before it. */
  mcvIn: string;
  /** The chaining value behind it: AES-CMAC with S-MAC over `mcvIn`, header and cipher. */
  mcvOut: string;
  /** Its MAC, 8 octets, as received: the beginning of `mcvOut` if it verifies. */
  mac: string;
  /** Whether it verifies. */
  verified: boolean;
  /** Block counter, encrypted with S-ENC: what AES-CBC begins with; empty where nothing is encrypted. */
  icv: string;
  /** Block counter, from 1; a segment that is only authenticated is counted, too. */
  counter: number;
  /** What is in it, without padding; empty if it does not verify. */
  plain: string;
  /** Where in the profile package that stands; none for other segments. */
  uppOffset: number | null;
  /** They print `mcvOut`, and where it is encrypted `icv` and `plain`, in a line each. */
  commands: Commands;
};

/** What the modem shows. */
export type Service = {
  state: ServiceState;
  operator: string;
  imsi: string;
  msisdn?: string;
  mccMnc: string;
  attached: boolean;
  /** 0 to 4. */
  bars: number;
  roaming: boolean;
  /** Whether the network has registered the device for calls and short messages, too. */
  calls: boolean;
  /** Why there is no service. */
  cause?: Both;
};

/** How the device stands with the network. */
export type ServiceState = "off" | "no-usim" | "limited" | "no-service" | "in-service";

/** What the device's owner sees. */
export type ServiceView = {
  /** How the device stands with the network. */
  state: ServiceState;
  /** Name to be shown: the USIM's at home, the network's number elsewhere. */
  operator: string | null;
  /** Subscriber. */
  imsi: string | null;
  /** Own number. */
  msisdn: string | null;
  /** Network of the cell. */
  plmn: Plmn | null;
  /** Technology of the cell. */
  rat: Rat | null;
  /** Whether the network is not the USIM's own. */
  roaming: boolean;
  /** 0 to 4. */
  bars: number;
  /** Received power in dBm. */
  level: number | null;
  /** Whether the network has registered it for calls and short messages too. */
  calls: boolean;
  /** Connections to packet networks. */
  bearers: Array<Bearer>;
  /** Why there is no service. */
  cause: Cause | null;
  /** The same in words. */
  error: string | null;
};

/** A session for a reader. */
export type Session = {
  /** Tunnel endpoint of the gateway. */
  teid: number;
  /** Whose. */
  imsi: Imsi;
  /** What the subscriber is. */
  class: Class;
  /** What the device asked for. */
  requested: string;
  /** What it got. */
  apn: string;
  /** The device's IPv4 address, dotted. */
  address: string;
  /** Octets from the device. */
  up: number;
  /** Octets to the device. */
  down: number;
};

/** Whose key signs what was changed. */
export type Signer = "dp-auth" | "dp-pb" | "euicc" | "stranger";

/** How the device stands with the network. */
export type Standing = {
  /** What it shows. */
  view: ServiceView;
  /** The same in a line, with the reason why there is no service. */
  display: Both;
  /** Why the act has not come to service. */
  reason: Both | null;
};

/** What the operator wants. */
export type Subscriber = {
  /** By which later acts name the profile; its ICCID does, too. */
  id?: string;
  /** Of the profile; drawn by the SM if absent. */
  iccid?: Iccid;
  /** 6 to 15 digits. */
  imsi?: string;
  /** Subscriber key, 32 hexadecimal digits. */
  ki?: string;
  /** OPc, 32 hexadecimal digits. */
  opc?: string;
  /** Digits with an optional +. */
  msisdn?: string;
  /** The operator's name, 0 to 32 characters; `esim-lab` and the id if it is empty. */
  serviceProviderName?: string;
  /** The profile's name, 0 to 64 characters. */
  profileName?: string;
  /** The user must know it. */
  confirmationCode?: string;
  /** Reserves the profile for this eUICC. */
  eid?: Eid;
  /** Chosen by the operator; by the SM if absent. */
  matchingId?: string;
  /** SM-DS that tells the eUICC of the order; `.` for the root that the SM knows. */
  smds?: string;
  /** A ready profile package (DER) in place of the subscriber. */
  upp?: Array<number>;
  /** `test`, `provisioning` or `operational` (the default). */
  profileClass?: "test" | "provisioning" | "operational";
  /** `milenage` (the default), `tuak` or `usim-test`; `ki` and `opc` are then as long as it wants them. */
  algorithm?: "milenage" | "tuak" | "usim-test";
  /** What the network gives the subscriber; by class if absent. The SM is not told. */
  contract?: Contract;
};

/** What was done to a message. */
export type Tampered = {
  /** Its number in the trace. */
  message: number;
  /** What. */
  how: How;
  /** As it was sent, hexadecimal, where something else has arrived. */
  sent?: string;
  /** Whether that changed anything: a field that is not there cannot be edited. */
  effective: boolean;
  /** Why it could not be done. */
  why?: Both;
};

/**
 * Something done to messages between two parties, which know nothing of it. It stands until it was done so many times,
 * or until [`Act::Mend`](crate::Act::Mend).
 */
export type Tampering = {
  /** To which messages. */
  at: Filter;
  /** What. */
  do: How;
  /** How often; for ever if 0. */
  times?: number;
};

/** One message. */
export type TraceRecord = {
  /** 0 for the first. */
  n: number;
  /** Unix time, in seconds, by the world's clock. */
  at: number;
  /** Sender. */
  from: Party;
  /** Receiver. */
  to: Party;
  /** `ES2+`, `ES9+`, `ES10b`, `APDU`, `NAS`, `S6a`, `S11`, `S1-U`, `policy`, … */
  interface: string;
  /** The function, `initiateAuthentication`, or `… response`. */
  function: string;
  /** The message as sent: JSON text, DER, APDU. */
  bytes: string;
};

/** What a world is made of; everything may be left out. */
export type WorldOptions = {
  /** Of all randomness; drawn if absent. */
  seed?: number;
  /** A clock that stands still, in Unix seconds; the browser's if absent. */
  now?: number;
  /** The card's memory as `nvm()` gave it; an empty card if absent. */
  nvm?: Uint8Array;
  /** As `subscribers()` gave them. */
  subscribers?: string;
  /** An SM outside the page; the one inside if absent. */
  smUrl?: string;
  /** Its ES2+ credential. */
  token?: string;
  /** What it has answered before (`heard` of a `Journal`): it answers that again, and nobody is asked. */
  heard?: Array<Heard>;
};
