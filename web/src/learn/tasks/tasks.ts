/** Exercises. Whether one is done is read off what the engine has told: branches with their verdicts, and what is selected. */
import type { BranchView, Both, Place, TraceRecord } from "../../engine/protocol";

type Pair = readonly [en: string, ja: string];

/** What a verdict is made of. */
export interface Seen {
  place: Place;
  branches: readonly BranchView[];
  records: readonly TraceRecord[];
  /** The message and the field that are selected in the lab, the field by its names in the tree. */
  record: TraceRecord | undefined;
  path: readonly string[];
}

export interface Task {
  name: string;
  title: Pair;
  /** What is to be done. */
  text: Pair;
  /** What it trains. */
  trains: Pair;
  /** One way to do it, for the teacher. */
  solution: Pair;
  /** In which view it is done. */
  view: "learn" | "lab";
  /** Where it begins: a part of the hash. */
  at: string;
  isDone: (seen: Seen) => boolean;
}

const verdict = (is: (branch: BranchView) => boolean) => (seen: Seen) => seen.branches.some(is);
const code =
  (...codes: string[]) =>
  ({ verdict: found }: BranchView) =>
    found !== undefined && codes.includes(found.code);
const says = (text: Both | undefined, part: RegExp) => text !== undefined && part.test(text.en);

export const TASKS: readonly Task[] = [
  {
    name: "signature",
    title: ["Make the card refuse a server", "カードにサーバーを拒否させる"],
    text: [
      "Change something on the way, so that the card answers invalidSignature to AuthenticateServer.",
      "途中で何かを変え、AuthenticateServerにカードがinvalidSignatureと答えるようにします。",
    ],
    trains: ["Mutual authentication", "相互認証"],
    solution: [
      "Scene 8, Flip a bit. Or in the lab: one octet of serverSignature1 in AuthenticateServer, Run on.",
      "場面8の「1ビット反転」。またはラボで、AuthenticateServerのserverSignature1を1オクテット変えて実行します。",
    ],
    view: "learn",
    at: "scene=mutual",
    isDone: verdict(
      (branch) =>
        code("invalidSignature")(branch) &&
        says(branch.verdict && { en: branch.verdict.check?.what ?? "", ja: "" }, /serverSignature1/),
    ),
  },
  {
    name: "card-signature",
    title: ["Make the server refuse with 8.1/6.1", "サーバーに8.1/6.1で拒否させる"],
    text: [
      "The SM-DP+ shall refuse the card: eUICC, verification failed.",
      "SM-DP+がカードを8.1/6.1(eUICC、検証失敗)で拒否するようにします。",
    ],
    trains: ["Who verifies what", "誰が何を検証するか"],
    solution: [
      "Scene 8, The card’s signature; or scene 9, Another key.",
      "場面8の「カードの署名」、または場面9の「別の鍵」です。",
    ],
    view: "learn",
    at: "scene=mutual",
    isDone: verdict(code("8.1/6.1")),
  },
  {
    name: "other-card",
    title: ["Make the server refuse the EID", "サーバーにEIDを拒否させる"],
    text: [
      "The order shall be for another card, and the server shall say so: 8.1.1/3.8.",
      "注文を別のカード宛てにし、サーバーが8.1.1/3.8で拒否するようにします。",
    ],
    trains: ["Binding to one eSIM", "1枚への結び付け"],
    solution: ["Scene 9, Swap the EID.", "場面9の「EIDを替える」です。"],
    view: "learn",
    at: "scene=binding",
    isDone: verdict(code("8.1.1/3.8")),
  },
  {
    name: "expired",
    title: ["Which clause refuses an expired certificate?", "期限切れの証明書を拒否する条項は？"],
    text: [
      "Let the server’s certificate be out of date for the card, and read the clause of the verdict.",
      "カードから見て証明書を期限切れにし、判定の条項を読みます。",
    ],
    trains: ["Certificates", "証明書"],
    solution: ["Scene 7, Let it expire: SGP.22 4.5.2.2.", "場面7の「期限切れにする」。SGP.22 4.5.2.2です。"],
    view: "learn",
    at: "scene=certificates",
    isDone: verdict(({ verdict: found }) => /notAfter/.test(found?.check?.what ?? "")),
  },
  {
    name: "role",
    title: ["A certificate of the wrong kind", "役割の違う証明書"],
    text: [
      "Show the card a certificate that is signed well, but is not one for authentication.",
      "正しく署名されていても、認証用ではない証明書をカードに示します。",
    ],
    trains: ["Certificates", "証明書"],
    solution: ["Scene 7, Wrong role: invalidOid.", "場面7の「違う役割」。invalidOidになります。"],
    view: "learn",
    at: "scene=certificates",
    isDone: verdict(code("invalidOid")),
  },
  {
    name: "power",
    title: ["Cut the power in segment 5", "セグメント5で電源を切る"],
    text: [
      "Cut the card’s power while it writes the last segment. Is there a new profile on it afterwards?",
      "最後のセグメントを書く間にカードの電源を切ります。その後、プロファイルは増えているでしょうか。",
    ],
    trains: ["Split loading, one commit", "分割書き込みと確定"],
    solution: [
      "Scene 10, Cut the power. The card is as it was before.",
      "場面10の「電源を切る」。カードは元のままです。",
    ],
    view: "learn",
    at: "scene=loading",
    isDone: verdict(
      ({ label, verdict: found }) => says(label, /^Cut the power/) && found !== undefined && !found.check,
    ),
  },
  {
    name: "mac",
    title: ["Break the chain of MACs", "MACの連鎖を壊す"],
    text: ["Make the card refuse a segment by its MAC.", "セグメントをMACで拒否させます。"],
    trains: ["Session keys", "セッション鍵"],
    solution: [
      "Scene 6, Flip a bit of K; or scene 10, Swap segments.",
      "場面6の「Kの1ビット反転」、または場面10の「順序を入れ替える」です。",
    ],
    view: "learn",
    at: "scene=key",
    isDone: verdict(code("scp03tSecurityError")),
  },
  {
    name: "network-key",
    title: ["A network that does not have the key", "鍵を持たない網"],
    text: [
      "Let the network’s copy of K be another, and see who notices first: the network or the card.",
      "網の持つKを変え、先に気付くのが網かカードかを確かめます。",
    ],
    trains: ["AKA", "AKA(相互認証)"],
    solution: [
      "Scene 1, Another key: the card, by MAC in AUTN.",
      "場面1の「別の鍵」。カードがAUTN内のMACで気付きます。",
    ],
    view: "learn",
    at: "scene=uim",
    isDone: verdict(({ verdict: found }) => found?.party === "euicc" && /XMAC/.test(found.check?.what ?? "")),
  },
  {
    name: "find-challenge",
    title: ["Find the octet: the card’s challenge", "オクテットを探す: カードの乱数"],
    text: [
      "In the lab, select the card’s challenge in the message that brings it back to the card, signed.",
      "ラボで、署名されて戻るメッセージの中にあるカードの乱数を選びます。",
    ],
    trains: ["Reading a message", "メッセージの読み方"],
    solution: [
      "AuthenticateServer → serverSigned1 → euiccChallenge.",
      "AuthenticateServer → serverSigned1 → euiccChallengeです。",
    ],
    view: "lab",
    at: "place=story",
    isDone: ({ record, path }) => record?.function === "AuthenticateServer" && path.includes("euiccChallenge"),
  },
  {
    name: "find-refusal",
    title: ["Which node bars the call?", "通話を止めるノードは？"],
    text: [
      "In the lab, select the message by which the network refuses the call of the provisioning profile.",
      "ラボで、PPの通話を網が拒否するメッセージを選びます。",
    ],
    trains: ["The barred paths", "止められる経路"],
    solution: ["SERVICE REJECT from the MME, EMM cause #18.", "MMEのSERVICE REJECT(EMM cause #18)です。"],
    view: "lab",
    at: "place=story",
    isDone: ({ record }) => record?.function === "SERVICE REJECT",
  },
];
