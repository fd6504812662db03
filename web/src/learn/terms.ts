/** Words that scenes underline: what they mean, in both languages, and where it is written. */
export interface Term {
  name: readonly [en: string, ja: string];
  /** At most 25 words. */
  text: readonly [en: string, ja: string];
  clause: string;
}

export const TERMS = {
  uim: {
    name: ["UIM, USIM card", "UIM(USIMカード)"],
    text: [
      "A card with one subscription. It keeps a secret key and answers the network's challenges with it.",
      "1つの契約を収めたカードです。秘密鍵を持ち、網からのチャレンジに答えます。",
    ],
    clause: "TS 31.102 5.1.1",
  },
  k: {
    name: ["K, subscriber key", "K(加入者鍵)"],
    text: [
      "Sixteen octets that the card and its home network alone know. Whoever has them is the subscriber.",
      "カードとホーム網だけが知る16オクテットです。持っている者が加入者とみなされます。",
    ],
    clause: "TS 33.102 6.3",
  },
  imsi: {
    name: ["IMSI", "IMSI(加入者識別番号)"],
    text: [
      "The number by which a network knows a subscriber: country, network, subscriber.",
      "網が加入者を見分ける番号です。国、事業者、加入者の順に並びます。",
    ],
    clause: "TS 23.003 2.2",
  },
  euicc: {
    name: ["eUICC", "eUICC(eSIM)"],
    text: [
      "A card that can hold several profiles and take new ones from a server. One is enabled at a time.",
      "複数のプロファイルを持ち、サーバーから受け取れるカードです。有効なのは1つです。",
    ],
    clause: "SGP.22 2.4",
  },
  profile: {
    name: ["Profile", "プロファイル"],
    text: [
      "All that an operator puts on a card: files, applications, keys. It stays as it was made.",
      "事業者がカードに置くもの一式です。ファイル、アプリケーション、鍵が入っています。",
    ],
    clause: "SGP.22 2.4.5",
  },
  isdr: {
    name: ["ISD-R", "ISD-R"],
    text: [
      "The card's own administrator. It checks servers, makes room for profiles, enables and deletes them.",
      "カード自身の管理者です。サーバーを検証し、プロファイルの領域を作り、切り替え、削除します。",
    ],
    clause: "SGP.22 2.4.1",
  },
  isdp: {
    name: ["ISD-P", "ISD-P"],
    text: [
      "The room of one profile on the card. What lies in one is closed to the others.",
      "カード内でプロファイル1つが入る領域です。互いに中を見られません。",
    ],
    clause: "SGP.22 2.4.3",
  },
  lpa: {
    name: ["LPA", "LPA(端末のソフト)"],
    text: [
      "The phone's software for eSIMs. It asks its owner, fetches packages and carries them to the card.",
      "eSIMを扱う端末のソフトです。利用者に確認し、パッケージを取得してカードに渡します。",
    ],
    clause: "SGP.22 2.1",
  },
  smdp: {
    name: ["SM-DP+", "SM-DP+(配信サーバー)"],
    text: [
      "The server that makes profiles for an operator, locks each for one card and delivers it.",
      "事業者のためにプロファイルを作り、カード1枚ごとに保護して届けるサーバーです。",
    ],
    clause: "SGP.22 2.1",
  },
  smds: {
    name: ["SM-DS", "SM-DS(通知サーバー)"],
    text: [
      "A notice board: it tells a card that some SM-DP+ has something for it.",
      "カード宛てのものがどのSM-DP+にあるかを知らせる掲示板です。",
    ],
    clause: "SGP.22 3.6",
  },
  op: {
    name: ["OP, operational profile", "OP(運用プロファイル)"],
    text: [
      "A profile with which its owner calls, writes and surfs, as the contract says.",
      "通話、SMS、データ通信を契約どおりに使うためのプロファイルです。",
    ],
    clause: "SGP.22 2.4.5.3",
  },
  pp: {
    name: ["PP, provisioning profile", "PP(プロビジョニングプロファイル)"],
    text: [
      "A profile good for one thing: reaching the server that has the operational one.",
      "運用プロファイルのあるサーバーに届くためだけのプロファイルです。",
    ],
    clause: "SGP.22 2.4.5.2",
  },
  apn: {
    name: ["APN", "APN(接続先名)"],
    text: [
      "The name of the packet network that a device asks for. The gateway may put another in its place.",
      "端末が求めるパケット網の名前です。ゲートウェイが別のものに置き換えることがあります。",
    ],
    clause: "TS 23.003 9",
  },
  mme: {
    name: ["MME", "MME"],
    text: [
      "The node of an LTE network that registers devices and decides what they may use.",
      "LTE網で端末を登録し、何を使えるかを決めるノードです。",
    ],
    clause: "TS 23.401 4.4.2",
  },
  policy: {
    name: ["Traffic policy", "通信制御"],
    text: [
      "Rules in the network that let some packets pass and stop others, by subscriber and destination.",
      "加入者と宛先に応じて、パケットを通すか止めるかを決める網の規則です。",
    ],
    clause: "TS 23.203 4.3",
  },
  otk: {
    name: ["One-time key", "使い捨て鍵"],
    text: [
      "A key pair made for one download. Its secret half never leaves where it was made, and is then thrown away.",
      "1回のダウンロードのために作る鍵対です。秘密の半分は外に出ず、使い終えると捨てられます。",
    ],
    clause: "SGP.22 2.6.5",
  },
  sk: {
    name: ["Session keys", "セッション鍵"],
    text: [
      "S-ENC hides, S-MAC proves that nothing was changed. Card and server derive both; nobody sends them.",
      "S-ENCは秘匿、S-MACは改変の検出に使います。両端がそれぞれ導き、送り合いません。",
    ],
    clause: "SGP.22 2.6.4",
  },
  cert: {
    name: ["Certificate", "証明書"],
    text: [
      "A public key with its owner's name and role, signed by somebody whom the reader trusts.",
      "公開鍵に持ち主の名前と役割を添え、信頼された者が署名したものです。",
    ],
    clause: "SGP.22 4.5",
  },
  ci: {
    name: ["CI, certificate issuer", "CI(証明書発行者)"],
    text: [
      "The root of trust. Cards carry its public key from the factory on.",
      "信頼の根です。その公開鍵は工場でカードに入れられます。",
    ],
    clause: "SGP.22 2.6.1",
  },
  challenge: {
    name: ["Challenge", "チャレンジ"],
    text: [
      "Sixteen drawn octets that the other side must sign: an answer of yesterday would not fit.",
      "相手に署名させる16オクテットの乱数です。過去の応答は使い回せません。",
    ],
    clause: "SGP.22 5.7.7",
  },
  eid: {
    name: ["EID", "EID(eUICC識別番号)"],
    text: [
      "The card's own number: 32 digits, the last two a check.",
      "カード固有の番号です。32桁で、末尾2桁は検査用です。",
    ],
    clause: "SGP.02 2.2.2",
  },
  bpp: {
    name: ["Bound profile package", "バウンドプロファイルパッケージ(BPP)"],
    text: [
      "A profile in segments, locked with keys that one card and one session have.",
      "1枚のカードの1回のセッションだけが持つ鍵で保護した、分割済みのプロファイルです。",
    ],
    clause: "SGP.22 2.5.4",
  },
  apdu: {
    name: ["APDU", "APDU"],
    text: [
      "What a card reads and writes: commands of at most 255 octets here, one after the other.",
      "カードが受け答えする単位です。ここでは1つのコマンドで最大255オクテットを運びます。",
    ],
    clause: "ISO/IEC 7816-4 5.1",
  },
  refresh: {
    name: ["REFRESH", "REFRESH"],
    text: [
      "The card's word to the modem: forget what you have read of me and begin again.",
      "カードからモデムへの指示です。読んだ内容を捨て、読み直すよう求めます。",
    ],
    clause: "TS 31.111 6.4.7",
  },
  contract: {
    name: ["Contract", "契約"],
    text: [
      "What the home network has written of a subscriber: calls, messages, APNs.",
      "ホーム網に記録された加入者の契約内容です。通話、SMS、APNなどを定めます。",
    ],
    clause: "TS 29.272 7.3.2",
  },
  notification: {
    name: ["Notification", "通知"],
    text: [
      "A signed word of the card: installed, enabled, deleted. The server keeps its books by it.",
      "カードが署名した知らせです。追加、有効化、削除をサーバーの記録に反映します。",
    ],
    clause: "SGP.22 3.5",
  },
} as const satisfies Record<string, Term>;

export type TermKey = keyof typeof TERMS;
