/** The scenes: what is asked, what is told, which moments of the story are shown, and what can be broken. */
import type { Break, Pair, Pick, Scene } from "./model";

const pick = (after: Pick["after"], name: string, nth = 0, at?: string): Pick => ({
  after,
  function: name,
  nth,
  ...(at !== undefined && { interface: at }),
});

// Messages that several scenes tell of.
const ATTACH = pick("radio", "ATTACH REQUEST");
const CHALLENGE = pick("radio", "AUTHENTICATION REQUEST");
const ANSWER = pick("radio", "AUTHENTICATION RESPONSE");
const SESSION = pick("radio", "Create Session Response");
const INFO = pick("download", "GetEUICCChallenge response");
const INITIATE = pick("download", "initiateAuthentication response");
const AUTH_SERVER = pick("download", "AuthenticateServer");
const AUTH_CARD = pick("download", "AuthenticateServer response");
const CLIENT = pick("download", "authenticateClient response");
const PREPARE = pick("download", "PrepareDownload response");
const BPP = pick("download", "getBoundProfilePackage response");
const OPENING = pick("download", "LoadBoundProfilePackage");
const SEGMENT = pick("download", "LoadBoundProfilePackage", 6);
const RESULT = pick("download", "LoadBoundProfilePackage response", 8);
const ENABLE = pick("enable", "EnableProfile");
const ENABLED = pick("enable", "EnableProfile response");
const DELETE = pick("delete", "DeleteProfile");

/** One bit of a field's first octet. */
const flip = (id: string, name: Pair, where: Pair, at: Pick, field: string): Break => ({
  id,
  name,
  where,
  make: async ({ number, octet }) => {
    const record = number(at);
    return {
      record,
      insert: [{ tamper: { at: { message: record }, do: { flip: { octet: await octet(at, field), mask: 1 } } } }],
    };
  },
});

const certificate = (
  id: string,
  name: Pair,
  where: Pair,
  at: Pick,
  of: string,
  other: "another-ci" | "dp-auth" | "dp-pb" | "ds-auth",
): Break => ({
  id,
  name,
  where,
  make: async ({ number }) => {
    const record = number(at);
    return {
      record,
      insert: [{ tamper: { at: { message: record }, do: { certificate: { field: of, with: other } } } }],
    };
  },
});

const lose = (id: string, where: Pair, at: Pick): Break => ({
  id,
  name: ["Lose it", "途中で失う"],
  where,
  make: async ({ number }) => {
    const record = number(at);
    return { record, insert: [{ tamper: { at: { message: record }, do: "drop" } }] };
  },
});

const WRONG_KEY: Break = {
  id: "key",
  name: ["Another key", "別の鍵"],
  where: ["The network's copy of K is not the card's.", "網の持つKを、カードのものと違う値にします。"],
  make: async ({ deed }) => ({ deed: deed("radio"), insert: [{ "wrong-key": "" }] }),
};

const POWER_CUT: Break = {
  id: "power",
  name: ["Cut the power", "電源を切る"],
  where: ["While the card writes segment 5.", "カードが5番目のセグメントを書いている間です。"],
  make: async ({ number, from }) => {
    const record = from(
      number(pick("download", "LoadBoundProfilePackage", 8)),
      ({ interface: at, to }) => at === "APDU" && to === "euicc",
    );
    return { record, insert: [{ tamper: { at: { message: record }, do: { "power-cut": 1 } } }] };
  },
};

const EXPIRED: Break = {
  id: "expired",
  name: ["Let it expire", "期限切れにする"],
  where: ["The card's clock stands 30 years on.", "カードの時計を30年進めます。"],
  make: async ({ number }) => ({
    record: number(AUTH_SERVER),
    insert: [{ clock: { of: "euicc", seconds: 30 * 365 * 86_400 } }],
  }),
};

const OTHER_EID: Break = {
  id: "eid",
  name: ["Swap the EID", "EIDを替える"],
  where: ["The order is for another card.", "注文を別のカード宛てにします。"],
  make: async ({ deed }) => ({
    deed: deed("order"),
    instead: {
      order: {
        id: "op",
        serviceProviderName: "esim-lab",
        msisdn: "+81901234567",
        eid: "89049032123451234512345678901235",
      },
    },
  }),
};

export const SCENES: readonly Scene[] = [
  {
    id: "uim",
    short: ["What a UIM was", "UIMとは"],
    question: ["What did the plastic card do?", "カードは何をしていた？"],
    text: [
      "A {uim|UIM} holds one subscription: a number, the {imsi|IMSI}, and a secret key, **{k|K}**. When the phone registers, the network sends a random challenge. The card answers with a value that only K can make. K itself is never sent. Another operator means another card, cut from plastic and posted.",
      "{uim|UIM}は1つの契約、つまり番号({imsi|IMSI})と秘密鍵{k|K}を収めたカードです。端末が登録するとき、網は乱数を送り、カードはKがなければ作れない値で答えます。K自体は送られません。事業者を変えるには、別のカードを郵送してもらいました。",
    ],
    actors: ["card", "modem", "mme", "hss"],
    steps: [
      {
        label: ["The phone asks to register", "端末が登録を求める"],
        message: ATTACH,
        from: "modem",
        to: "mme",
        screen: { title: ["Searching", "接続中"], line: ["Who is there?", "登録要求を送信"] },
      },
      {
        label: ["The network sends a challenge", "網が乱数を送る"],
        message: CHALLENGE,
        from: "mme",
        to: "card",
        screen: { title: ["Searching", "接続中"], line: ["The card is asked", "カードに確認中"] },
      },
      {
        label: ["The card's answer", "カードの応答"],
        message: ANSWER,
        from: "card",
        to: "mme",
        screen: { title: ["In service", "圏内"], line: ["esim-lab", "esim-lab"], done: 100 },
      },
    ],
    lenses: [
      { of: "card", isOpen: true, what: ["has K", "Kを持つ"], value: { text: ["never sent", "送られない"] } },
      { of: "mme", isOpen: false, what: ["sees the answer", "応答だけを見る"], value: { field: "RES", of: ANSWER } },
    ],
    main: CHALLENGE,
    fields: [
      {
        name: "RAND",
        text: [
          "Sixteen drawn octets. The same K makes another answer of each.",
          "16オクテットの乱数です。Kが同じでも、乱数ごとに応答が変わります。",
        ],
      },
      {
        name: "AUTN",
        text: [
          "By this the card knows that the network has K, too, and that it is no old challenge.",
          "網もKを持つこと、過去のチャレンジでないことを、カードはこれで確かめます。",
        ],
      },
      {
        name: "NAS key set identifier",
        shown: "KSI",
        text: [
          "A number for the keys that both derive from K now, until the next time.",
          "Kから導いた鍵の組に付ける番号です。次の認証まで使います。",
        ],
      },
    ],
    legend: [{ kind: "nas", text: ["NAS: between phone and network", "NAS: 端末と網の間"] }],
    breaks: [
      flip(
        "bit",
        ["Flip a bit", "1ビット反転"],
        ["One bit of AUTN, on its way to the card.", "カードに届く前に、AUTNの1ビットを反転します。"],
        CHALLENGE,
        "AUTN",
      ),
      WRONG_KEY,
    ],
  },
  {
    id: "esim",
    short: ["What an eSIM is", "eSIMとは"],
    question: ["What is an eSIM?", "eSIMとは何？"],
    text: [
      "An {euicc|eUICC} is soldered in and does what the plastic card did. But it can hold several subscriptions, each a {profile|profile} in a room of its own. Its administrator, the {isdr|ISD-R}, takes new ones from a server, enables one and deletes others. Nobody posts anything.",
      "{euicc|eUICC}は端末に組み込まれ、これまでのカードと同じ働きをします。違うのは、複数の契約を{profile|プロファイル}として別々の領域に持てることです。管理者である{isdr|ISD-R}がサーバーから受け取り、切り替え、削除します。郵送はいりません。",
    ],
    actors: ["card", "lpa"],
    steps: [
      {
        label: ["The LPA asks what the card can do", "LPAがカードの能力を尋ねる"],
        message: pick("download", "GetEUICCInfo2"),
        from: "lpa",
        to: "card",
        screen: { title: ["About this card", "カードについて"], line: ["Asking", "確認中"] },
      },
      {
        label: ["Versions, memory, trusted roots", "版、空き容量、信頼する発行者"],
        message: pick("download", "GetEUICCInfo2 response"),
        from: "card",
        to: "lpa",
        screen: { title: ["About this card", "カードについて"], line: ["SGP.22 v2", "SGP.22 v2"], done: 100 },
      },
      {
        label: ["The card lists its profiles", "プロファイルの一覧"],
        message: pick("enable", "GetProfilesInfo response"),
        from: "card",
        to: "lpa",
        screen: { title: ["Profiles", "プロファイル"], line: ["esim-lab, in use", "esim-lab、使用中"], done: 100 },
      },
    ],
    lenses: [
      { of: "card", isOpen: true, what: ["knows its number", "自分の番号を知る"], value: { text: ["EID", "EID"] } },
      {
        of: "lpa",
        isOpen: true,
        what: ["reads what the card tells", "カードの答えを読む"],
        value: { field: "extCardResource", of: pick("download", "GetEUICCInfo2 response") },
      },
    ],
    main: pick("download", "GetEUICCInfo2 response"),
    fields: [
      { name: "svn", text: ["The version of SGP.22 that this card speaks.", "このカードが話すSGP.22の版です。"] },
      {
        name: "extCardResource",
        text: ["Room for profiles that is still free.", "プロファイルに使える残り容量です。"],
      },
      {
        name: "euiccCiPKIdListForVerification",
        text: ["Whose signatures this card trusts: the root's key.", "このカードが署名を信頼する発行者の鍵です。"],
      },
    ],
    legend: [{ kind: "es10", text: ["ES10: LPA and card, by APDUs", "ES10: LPAとカードの間(APDU)"] }],
    breaks: [
      lose(
        "lose",
        ["The card's answer never arrives at the LPA.", "カードの応答がLPAに届きません。"],
        pick("download", "GetEUICCInfo2 response"),
      ),
    ],
  },
  {
    id: "parties",
    short: ["Who takes part", "登場するもの"],
    question: ["Who takes part?", "誰が関わる？"],
    text: [
      "The operator orders a profile. The {smdp|SM-DP+} makes it, keeps it locked and hands it out. The {lpa|LPA}, software of the phone, fetches it and asks its owner. The {euicc|eUICC} checks everything and installs it. Between them lies a network that carries what it cannot read.",
      "事業者がプロファイルを注文し、{smdp|SM-DP+}が作って暗号化し、配信します。端末のソフトである{lpa|LPA}が利用者に確認して取得し、{euicc|eUICC}がすべてを検証して書き込みます。間の網は、中身を読めないまま運びます。",
    ],
    actors: ["card", "lpa", "sm", "operator"],
    steps: [
      {
        label: ["The operator orders", "事業者が注文する"],
        message: pick("order", "downloadOrder"),
        from: "operator",
        to: "sm",
        screen: { title: ["esim-lab PP", "esim-lab PP"], line: ["Nothing yet", "まだ何もありません"] },
      },
      {
        label: ["A code for the customer", "利用者に渡すコード"],
        message: pick("order", "confirmOrder response"),
        from: "sm",
        to: "operator",
        screen: { title: ["Code received", "コードを受信"], line: ["LPA:1$smdp.esim-lab…", "LPA:1$smdp.esim-lab…"] },
      },
      {
        label: ["The LPA calls the server", "LPAがサーバーを呼ぶ"],
        message: pick("download", "initiateAuthentication"),
        from: "lpa",
        to: "sm",
        screen: {
          title: ["Adding esim-lab", "esim-labを追加"],
          line: ["Calling the server", "サーバーに接続中"],
          done: 10,
        },
      },
      {
        label: ["The package comes", "パッケージが届く"],
        message: BPP,
        from: "sm",
        to: "lpa",
        isLocked: true,
        screen: {
          title: ["Adding esim-lab", "esim-labを追加"],
          line: ["Package received", "パッケージを受信"],
          done: 60,
        },
      },
      {
        label: ["The card installs it", "カードが書き込む"],
        message: SEGMENT,
        from: "lpa",
        to: "card",
        isLocked: true,
        screen: { title: ["Adding esim-lab", "esim-labを追加"], line: ["Writing", "書き込み中"], done: 90 },
      },
    ],
    lenses: [
      {
        of: "sm",
        isOpen: true,
        what: ["knows the order", "注文を知る"],
        value: { field: "matchingId", of: pick("order", "confirmOrder response") },
      },
      {
        of: "lpa",
        isOpen: false,
        what: ["carries octets", "オクテットを運ぶ"],
        value: { field: "smdpOtpk", of: OPENING },
      },
    ],
    main: pick("download", "initiateAuthentication"),
    fields: [
      {
        name: "euiccChallenge",
        text: ["Drawn by the card: the server must sign it.", "カードが作った乱数です。サーバーはこれに署名します。"],
      },
      {
        name: "euiccInfo1",
        text: [
          "What the card speaks and whom it trusts, so that the server picks fitting certificates.",
          "カードの版と信頼先です。サーバーはこれに合う証明書を選びます。",
        ],
      },
      {
        name: "smdpAddress",
        text: [
          "The server that the LPA means to talk to. Signed later, so that nobody stands in for it.",
          "LPAが話すつもりのサーバーです。のちに署名され、なりすましを防ぎます。",
        ],
      },
    ],
    legend: [
      { kind: "es9", text: ["ES9+: LPA and SM-DP+, by HTTPS", "ES9+: LPAとSM-DP+の間(HTTPS)"] },
      { kind: "es10", text: ["ES10: LPA and card", "ES10: LPAとカードの間"] },
    ],
    breaks: [
      lose("lose", ["The server's first answer is lost.", "サーバーの最初の応答が失われます。"], INITIATE),
      OTHER_EID,
    ],
  },
  {
    id: "profiles",
    short: ["OP and PP", "OPとPP"],
    question: ["Two kinds of profile?", "プロファイルは2種類？"],
    text: [
      "An {op|operational profile} is what its owner pays for. But how does a new phone fetch one where no Wi-Fi is? With a {pp|provisioning profile}, put in at the factory and good for one thing: reaching the {smdp|SM-DP+}. Lists of the phone leave it out.",
      "{op|運用プロファイル}は利用者が契約して使うものです。では、Wi-Fiのない新しい端末はどうやって取得するのでしょうか。工場で入れた{pp|プロビジョニングプロファイル}を使います。できるのは{smdp|SM-DP+}に届くことだけで、端末の一覧には出ません。",
    ],
    actors: ["card", "lpa"],
    steps: [
      {
        label: ["In the factory: the PP is loaded", "工場でPPを書き込む"],
        message: pick("factory", "LoadBoundProfilePackage"),
        from: "lpa",
        to: "card",
        isLocked: true,
        screen: { title: ["Factory", "工場"], line: ["Loading the PP", "PPを書き込み中"], done: 50 },
      },
      {
        label: ["And enabled", "有効にする"],
        message: pick("factory", "EnableProfile"),
        from: "lpa",
        to: "card",
        screen: { title: ["Factory", "工場"], line: ["Enabling it", "有効化"], done: 100 },
      },
      {
        label: ["Later: an OP beside it", "のちにOPが加わる"],
        message: pick("enable", "GetProfilesInfo response"),
        from: "card",
        to: "lpa",
        screen: { title: ["Profiles", "プロファイル"], line: ["esim-lab", "esim-lab"], done: 100 },
      },
    ],
    lenses: [
      {
        of: "card",
        isOpen: true,
        what: ["holds PP and OP", "PPとOPを持つ"],
        value: { text: ["one enabled at a time", "有効なのは1つ"] },
      },
      {
        of: "lpa",
        isOpen: true,
        what: ["lists the OP alone", "一覧に出すのはOPだけ"],
        value: { field: "serviceProviderName", of: pick("enable", "GetProfilesInfo response") },
      },
    ],
    main: pick("enable", "GetProfilesInfo response"),
    fields: [
      {
        name: "iccid",
        text: [
          "The profile's own number, on the card and in the operator's books.",
          "プロファイルの番号です。カードにも事業者の台帳にもあります。",
        ],
      },
      {
        name: "profileState",
        text: ["Enabled or disabled: one alone is enabled.", "有効か無効かです。有効なのは1つだけです。"],
      },
      {
        name: "profileClass",
        text: ["Test, provisioning or operational.", "試験用、プロビジョニング用、運用の別です。"],
      },
    ],
    legend: [{ kind: "es10", text: ["ES10c: LPA and card", "ES10c: LPAとカードの間"] }],
    breaks: [
      flip(
        "bit",
        ["Flip a bit", "1ビット反転"],
        ["One bit of the first segment, in the factory.", "工場で、最初のセグメントの1ビットを反転します。"],
        pick("factory", "LoadBoundProfilePackage"),
        "smdpSign",
      ),
    ],
  },
  {
    id: "barred",
    short: ["Power on with a PP", "PPで電源オン"],
    question: ["How far does a PP reach?", "PPはどこまで届く？"],
    text: [
      "The network recognises a subscriber on a {pp|PP}. Whatever {apn|APN} the phone asks for, the gateway gives it the server's. The {policy|traffic policy} lets packets pass to the {smdp|SM-DP+} and nowhere else. The {mme|MME} refuses calls and messages. One path is open: the one that fetches an OP.",
      "網は、加入者が{pp|PP}であることを見分けます。端末がどの{apn|APN}を求めても、ゲートウェイがサーバー用に置き換えます。{policy|通信制御}はSM-DP+宛てのパケットだけを通し、{mme|MME}は通話とSMSを拒否します。開いているのは、OPを取りに行く1本の経路だけです。",
    ],
    actors: ["card", "modem", "mme", "gateway", "policy", "internet", "sm"],
    steps: [
      {
        label: ["The phone registers", "端末が登録する"],
        message: ATTACH,
        from: "modem",
        to: "mme",
        screen: { title: ["esim-lab PP", "esim-lab PP"], line: ["Registering", "登録中"] },
      },
      {
        label: ["The gateway forces the APN", "ゲートウェイがAPNを置き換える"],
        message: SESSION,
        from: "gateway",
        to: "mme",
        screen: { title: ["esim-lab PP", "esim-lab PP"], line: ["packets only", "パケットのみ"], done: 100 },
      },
      {
        label: ["The web: refused", "Webは拒否"],
        message: pick("barred", "TCP SYN"),
        from: "modem",
        to: "policy",
        isBarred: true,
        screen: { title: ["www.example.com", "www.example.com"], line: ["Not allowed", "許可されていません"] },
      },
      {
        label: ["A call: refused", "通話は拒否"],
        message: pick("barred", "EXTENDED SERVICE REQUEST"),
        from: "modem",
        to: "mme",
        isBarred: true,
        screen: { title: ["Calling", "発信"], line: ["Refused", "拒否"] },
      },
      {
        label: ["The server: open", "サーバーには届く"],
        message: pick("download", "TCP SYN"),
        from: "modem",
        to: "sm",
        screen: { title: ["esim-lab PP", "esim-lab PP"], line: ["The server answers", "サーバーが応答"], done: 100 },
      },
    ],
    lenses: [
      {
        of: "gateway",
        isOpen: true,
        what: ["gives this APN", "このAPNを与える"],
        value: { text: ["the server's", "サーバー用"] },
      },
      {
        of: "policy",
        isOpen: true,
        what: ["one rule for PP", "PPの規則は1つ"],
        value: { text: ["to the SM-DP+ alone", "SM-DP+宛てのみ"] },
      },
    ],
    main: pick("barred", "may this connection pass"),
    fields: [
      {
        name: "class",
        text: [
          "What the network takes the subscriber for: a provisioning profile.",
          "網が見分けた加入者の種類です。ここではPPです。",
        ],
      },
      { name: "host", text: ["Where the packet wants to go.", "パケットの宛先です。"] },
      {
        name: "apn",
        text: [
          "The APN that the gateway has given, not the one asked for.",
          "端末が求めたものではなく、ゲートウェイが与えたAPNです。",
        ],
      },
    ],
    legend: [
      { kind: "nas", text: ["NAS: registration, calls, messages", "NAS: 登録、通話、SMS"] },
      { kind: "es9", text: ["One open path, to the SM-DP+ alone", "開いた経路は1本、SM-DP+のみ"] },
    ],
    breaks: [
      WRONG_KEY,
      lose("lose", ["The card's answer never reaches the MME.", "カードの応答がMMEに届きません。"], ANSWER),
    ],
  },
  {
    id: "key",
    short: ["Who may see the key?", "鍵は誰に見える？"],
    question: ["Who may see the key?", "鍵を見られるのは誰？"],
    text: [
      "The SM-DP+ locks the profile, with the subscriber’s key **K** inside, for one card and one download. Card and server each send a {otk|one-time key}; from the pair both derive the same {sk|session keys}. Network and {lpa|LPA} carry the package and cannot open it. Not even later: the one-time keys are thrown away.",
      "SM-DP+は加入者の鍵**K**を含むプロファイルを、1枚のカードの1回のダウンロードのために暗号化します。カードとサーバーが{otk|使い捨て鍵}を送り合い、両者が同じ{sk|セッション鍵}を導きます。網と{lpa|LPA}は運ぶだけで開けません。使い捨て鍵は捨てられるため、あとからも開けません。",
    ],
    actors: ["card", "lpa", "sm"],
    steps: [
      {
        label: ["The card's one-time key", "カードの使い捨て鍵"],
        message: PREPARE,
        from: "card",
        to: "sm",
        screen: {
          title: ["Adding esim-lab", "esim-labを追加"],
          line: ["Preparing the card", "カードを準備中"],
          done: 30,
        },
      },
      {
        label: ["The server locks the profile", "サーバーが暗号化する"],
        message: BPP,
        from: "sm",
        to: "sm",
        isLocked: true,
        screen: {
          title: ["Adding esim-lab", "esim-labを追加"],
          line: ["Waiting for the server", "サーバーを待っています"],
          done: 45,
        },
      },
      {
        label: ["The package reaches the LPA", "パッケージがLPAに届く"],
        message: BPP,
        from: "sm",
        to: "lpa",
        isLocked: true,
        screen: {
          title: ["Adding esim-lab", "esim-labを追加"],
          line: ["Package received", "パッケージを受信"],
          done: 57,
        },
      },
      {
        label: ["The server's key reaches the card", "サーバーの鍵がカードに届く"],
        message: OPENING,
        from: "lpa",
        to: "card",
        screen: { title: ["Adding esim-lab", "esim-labを追加"], line: ["The card checks", "カードが検証中"], done: 65 },
      },
      {
        label: ["K arrives in the card", "Kがカードに入る"],
        message: SEGMENT,
        from: "lpa",
        to: "card",
        isLocked: true,
        screen: { title: ["Adding esim-lab", "esim-labを追加"], line: ["Writing", "書き込み中"], done: 85 },
      },
    ],
    lenses: [
      { of: "sm", isOpen: true, what: ["sees K", "Kが見える"], value: { field: "K", of: BPP } },
      {
        of: "lpa",
        isOpen: false,
        what: ["sees octets", "オクテットだけ"],
        value: { field: "segment of sequenceOf86", of: SEGMENT },
      },
      { of: "gateway", isOpen: false, what: ["sees TLS", "TLSだけ"], value: { text: ["17 03 03 …", "17 03 03 …"] } },
      { of: "card", isOpen: true, what: ["sees K", "Kが見える"], value: { field: "K", of: BPP } },
    ],
    main: OPENING,
    fields: [
      {
        name: "smdpOtpk",
        text: [
          "One half of a key pair made for this download alone. With the card’s half it yields S-ENC and S-MAC.",
          "このダウンロードだけの鍵対の公開側です。カードの鍵と合わせてS-ENCとS-MACになります。",
        ],
      },
      {
        name: "smdpSign",
        text: [
          "Signed over both one-time keys, so nobody in between can put in a key of their own.",
          "両方の使い捨て鍵への署名です。途中で鍵をすり替えられません。",
        ],
      },
      {
        name: "controlRefTemplate",
        text: [
          "What the keys are for: AES, 16 octets, this host, this card.",
          "鍵の用途です。AES、16オクテット、相手とカードを指定します。",
        ],
      },
    ],
    legend: [
      { kind: "es9", text: ["HTTPS: hides it from the network, ends at the LPA", "HTTPS: 網から隠し、LPAで終わる"] },
      {
        kind: "es8",
        text: [
          "S-ENC and S-MAC: hides it from the LPA too, ends in the card",
          "S-ENCとS-MAC: LPAからも隠し、カードで終わる",
        ],
      },
    ],
    breaks: [
      flip(
        "bit",
        ["Flip a bit", "1ビット反転"],
        ["One bit of smdpSign, while the LPA holds it.", "LPAが持っている間に、smdpSignの1ビットを反転します。"],
        OPENING,
        "smdpSign",
      ),
      {
        id: "segment",
        name: ["Flip a bit of K", "Kの1ビット反転"],
        where: ["One bit of the segment in which K lies.", "Kの入ったセグメントの1ビットを反転します。"],
        make: async ({ number }) => {
          const record = number(SEGMENT);
          return { record, insert: [{ tamper: { at: { message: record }, do: { flip: { octet: 40, mask: 1 } } } }] };
        },
      },
      OTHER_EID,
      POWER_CUT,
    ],
  },
  {
    id: "certificates",
    short: ["Certificates", "証明書"],
    question: ["Why believe a server?", "なぜ信じられる？"],
    text: [
      "Anybody can call himself an SM-DP+. So the server shows a {cert|certificate}: its key, its role, signed by a {ci|CI}. The card carries the CI’s key from the factory and checks signature, role and dates. A certificate of the wrong kind is worth nothing, however well signed.",
      "SM-DP+を名乗るだけなら誰でもできます。そこでサーバーは{cert|証明書}を示します。鍵と役割に{ci|CI}が署名したものです。カードは工場でCIの鍵を受け取っており、署名、役割、期限を検証します。役割の違う証明書は、正しく署名されていても通りません。",
    ],
    actors: ["card", "lpa", "sm"],
    steps: [
      {
        label: ["The server shows its certificate", "サーバーが証明書を示す"],
        message: INITIATE,
        from: "sm",
        to: "lpa",
        screen: {
          title: ["Adding esim-lab", "esim-labを追加"],
          line: ["Who is the server?", "サーバーを確認中"],
          done: 10,
        },
      },
      {
        label: ["The card checks the chain", "カードが検証する"],
        message: AUTH_SERVER,
        from: "lpa",
        to: "card",
        screen: { title: ["Adding esim-lab", "esim-labを追加"], line: ["The card checks", "カードが検証中"], done: 15 },
      },
      {
        label: ["The card shows its own", "カードも証明書を示す"],
        message: AUTH_CARD,
        from: "card",
        to: "sm",
        screen: {
          title: ["Adding esim-lab", "esim-labを追加"],
          line: ["The server checks", "サーバーが検証中"],
          done: 20,
        },
      },
    ],
    lenses: [
      {
        of: "card",
        isOpen: true,
        what: ["trusts the CI’s key", "CIの鍵を信頼"],
        value: { field: "euiccCiPKIdToBeUsed", of: AUTH_SERVER },
      },
      {
        of: "sm",
        isOpen: true,
        what: ["signs with this key", "この鍵で署名"],
        value: { field: "subjectPublicKey", of: AUTH_SERVER },
      },
    ],
    main: AUTH_SERVER,
    fields: [
      {
        name: "serverCertificate",
        text: ["The server’s key and role, signed by the CI.", "サーバーの鍵と役割に、CIが署名したものです。"],
      },
      {
        name: "euiccCiPKIdToBeUsed",
        text: [
          "Which root the server means. The card must know it.",
          "どの発行者を使うかです。カードが知っている必要があります。",
        ],
      },
      {
        name: "serverSignature1",
        text: [
          "Proof that whoever shows the certificate has its key, now.",
          "証明書を示した者が、いま鍵を持っている証拠です。",
        ],
      },
    ],
    legend: [
      {
        kind: "es10",
        text: ["ES10b.AuthenticateServer: the card decides", "ES10b.AuthenticateServer: 判断するのはカード"],
      },
    ],
    breaks: [
      certificate(
        "ci",
        ["Another CI", "別のCI"],
        [
          "The certificate is signed by a CI that the card does not know.",
          "カードの知らないCIが署名した証明書にします。",
        ],
        AUTH_SERVER,
        "serverCertificate",
        "another-ci",
      ),
      certificate(
        "role",
        ["Wrong role", "違う役割"],
        [
          "The certificate is one for packages, not for authentication.",
          "認証用でなく、パッケージ用の証明書にします。",
        ],
        AUTH_SERVER,
        "serverCertificate",
        "dp-pb",
      ),
      EXPIRED,
    ],
  },
  {
    id: "mutual",
    short: ["Mutual authentication", "相互認証"],
    question: ["Who proves what to whom?", "誰が誰に何を示す？"],
    text: [
      "Card and server draw a {challenge|challenge} each and sign the other’s. So each knows that the other has the key of its certificate now, not on a recording. The signatures cover the server’s address and the transaction, too: an answer to one server is no answer to another.",
      "カードとサーバーはそれぞれ{challenge|チャレンジ}を作り、相手のものに署名します。これで相手が証明書の鍵をいま持っていること、録音の再生でないことが分かります。署名はサーバーのアドレスとトランザクションも含むため、ほかの相手には使えません。",
    ],
    actors: ["card", "lpa", "sm"],
    steps: [
      {
        label: ["The card draws a challenge", "カードの乱数"],
        message: INFO,
        from: "card",
        to: "lpa",
        screen: { title: ["Adding esim-lab", "esim-labを追加"], line: ["Beginning", "開始"], done: 5 },
      },
      {
        label: ["The server signs it", "サーバーが署名する"],
        message: INITIATE,
        from: "sm",
        to: "lpa",
        screen: {
          title: ["Adding esim-lab", "esim-labを追加"],
          line: ["The server signs", "サーバーが署名"],
          done: 10,
        },
      },
      {
        label: ["The card verifies", "カードが検証する"],
        message: AUTH_SERVER,
        from: "lpa",
        to: "card",
        screen: { title: ["Adding esim-lab", "esim-labを追加"], line: ["The card checks", "カードが検証中"], done: 15 },
      },
      {
        label: ["The card signs the server’s", "カードが署名する"],
        message: AUTH_CARD,
        from: "card",
        to: "lpa",
        screen: { title: ["Adding esim-lab", "esim-labを追加"], line: ["The card signs", "カードが署名"], done: 20 },
      },
      {
        label: ["The server verifies", "サーバーが検証する"],
        message: CLIENT,
        from: "sm",
        to: "lpa",
        screen: { title: ["Add this eSIM?", "追加しますか？"], line: ["esim-lab", "esim-lab"], done: 25 },
      },
    ],
    lenses: [
      { of: "card", isOpen: true, what: ["drew", "作った乱数"], value: { field: "euiccChallenge", of: AUTH_SERVER } },
      { of: "sm", isOpen: true, what: ["drew", "作った乱数"], value: { field: "serverChallenge", of: AUTH_SERVER } },
    ],
    main: AUTH_SERVER,
    fields: [
      {
        name: "euiccChallenge",
        text: ["The card’s own sixteen octets, come back signed.", "カードの16オクテットが、署名されて戻ります。"],
      },
      {
        name: "serverAddress",
        text: [
          "The server names itself. The LPA compares it with the code.",
          "サーバーの名乗りです。LPAがコードと照合します。",
        ],
      },
      {
        name: "serverSignature1",
        text: [
          "The SM-DP+ signs serverSigned1. The card sees its challenge come back, and knows that it talks to a real one, now.",
          "SM-DP+がserverSigned1に署名します。カードは乱数が戻ったことで、いま本物と話していると分かります。",
        ],
      },
    ],
    legend: [
      { kind: "es9", text: ["ES9+: server and LPA", "ES9+: サーバーとLPAの間"] },
      { kind: "es10", text: ["ES10b: LPA and card", "ES10b: LPAとカードの間"] },
    ],
    breaks: [
      flip(
        "bit",
        ["Flip a bit", "1ビット反転"],
        ["One bit of serverSignature1, before the card.", "カードに届く前に、serverSignature1の1ビットを反転します。"],
        AUTH_SERVER,
        "serverSignature1",
      ),
      flip(
        "challenge",
        ["Old challenge", "別の乱数"],
        [
          "One bit of the card’s challenge, as the server has signed it.",
          "サーバーが署名した乱数の1ビットを反転します。",
        ],
        AUTH_SERVER,
        "euiccChallenge",
      ),
      flip(
        "card",
        ["The card’s signature", "カードの署名"],
        [
          "One bit of euiccSignature1, before the LPA sends it on.",
          "LPAが送る前に、euiccSignature1の1ビットを反転します。",
        ],
        AUTH_CARD,
        "euiccSignature1",
      ),
    ],
  },
  {
    id: "binding",
    short: ["Binding to one eSIM", "1枚への結び付け"],
    question: ["Why not for two cards?", "なぜ2枚に入らない？"],
    text: [
      "An order may name an {eid|EID}: the server gives it to no other card. And the package is locked with keys of this card’s {otk|one-time key}: copied elsewhere it opens nowhere. The order ends when the card reports, signed, that it has installed it.",
      "注文で{eid|EID}を指定すると、サーバーはほかのカードに渡しません。パッケージはこのカードの{otk|使い捨て鍵}から導いた鍵で保護されるため、写しても開けません。カードが署名付きで書き込みを報告すると、注文は完了します。",
    ],
    actors: ["card", "lpa", "sm"],
    steps: [
      {
        label: ["The card says who it is", "カードが名乗る"],
        message: AUTH_CARD,
        from: "card",
        to: "sm",
        screen: {
          title: ["Adding esim-lab", "esim-labを追加"],
          line: ["The server checks", "サーバーが検証中"],
          done: 20,
        },
      },
      {
        label: ["The card’s one-time key", "カードの使い捨て鍵"],
        message: PREPARE,
        from: "card",
        to: "sm",
        screen: {
          title: ["Adding esim-lab", "esim-labを追加"],
          line: ["Preparing the card", "カードを準備中"],
          done: 40,
        },
      },
      {
        label: ["Locked for this card", "このカード用に保護"],
        message: BPP,
        from: "sm",
        to: "card",
        isLocked: true,
        screen: {
          title: ["Adding esim-lab", "esim-labを追加"],
          line: ["Package received", "パッケージを受信"],
          done: 60,
        },
      },
      {
        label: ["The card reports", "カードが報告する"],
        message: RESULT,
        from: "card",
        to: "sm",
        screen: { title: ["Added", "追加しました"], line: ["esim-lab", "esim-lab"], done: 100 },
      },
    ],
    lenses: [
      {
        of: "card",
        isOpen: true,
        what: ["has the secret half", "秘密側を持つ"],
        value: { text: ["of euiccOtpk", "euiccOtpkの秘密鍵"] },
      },
      {
        of: "sm",
        isOpen: true,
        what: ["got the public half", "公開側を受け取る"],
        value: { field: "euiccOtpk", of: PREPARE },
      },
    ],
    main: PREPARE,
    fields: [
      { name: "transactionId", text: ["This session, and no other.", "このセッションだけを指します。"] },
      {
        name: "euiccOtpk",
        text: [
          "The card’s one-time key. What is locked with it opens in this card alone.",
          "カードの使い捨て鍵です。これで保護したものは、このカードでしか開きません。",
        ],
      },
      {
        name: "euiccSignature2",
        text: [
          "The card signs it, so nobody can put a key of another card in its place.",
          "カードの署名です。別のカードの鍵にすり替えられません。",
        ],
      },
    ],
    legend: [{ kind: "es8", text: ["ES8+: from the server into this card", "ES8+: サーバーからこのカードまで"] }],
    breaks: [
      OTHER_EID,
      flip(
        "otpk",
        ["Another key", "別の鍵"],
        ["One bit of euiccOtpk, while the LPA holds it.", "LPAが持っている間に、euiccOtpkの1ビットを反転します。"],
        PREPARE,
        "euiccOtpk",
      ),
    ],
  },
  {
    id: "loading",
    short: ["Bulk download, split loading", "一括取得と分割書き込み"],
    question: ["Fetched at once, loaded in pieces?", "一括で取り、分けて入れる？"],
    text: [
      "The LPA fetches the {bpp|package} in one go. The card is slow and reads {apdu|APDUs} of 255 octets, so the LPA cuts the package into segments and feeds them one by one. Each carries a MAC chained to the one before. Nothing counts until the last is in: a cut of power leaves the card as it was.",
      "LPAは{bpp|パッケージ}を一度に取得します。カードは遅く、255オクテットの{apdu|APDU}しか読めないため、LPAが分割して順に渡します。各セグメントのMACは前のものにつながっています。最後まで入るまで何も確定せず、途中で電源が切れてもカードは元のままです。",
    ],
    actors: ["card", "lpa", "sm"],
    steps: [
      {
        label: ["One answer, the whole package", "1回の応答で全体を取得"],
        message: BPP,
        from: "sm",
        to: "lpa",
        isLocked: true,
        screen: {
          title: ["Adding esim-lab", "esim-labを追加"],
          line: ["Package received", "パッケージを受信"],
          done: 55,
        },
      },
      {
        label: ["The opening", "最初の部分"],
        message: OPENING,
        from: "lpa",
        to: "card",
        screen: { title: ["Adding esim-lab", "esim-labを追加"], line: ["Writing", "書き込み中"], done: 60 },
      },
      {
        label: ["Segment 4 of 5, in APDUs", "セグメント4/5をAPDUで"],
        message: SEGMENT,
        from: "lpa",
        to: "card",
        isLocked: true,
        screen: { title: ["Adding esim-lab", "esim-labを追加"], line: ["Writing", "書き込み中"], done: 80 },
      },
      {
        label: ["The card’s word: installed", "カードの結果: 追加済み"],
        message: RESULT,
        from: "card",
        to: "lpa",
        screen: { title: ["Added", "追加しました"], line: ["esim-lab", "esim-lab"], done: 100 },
      },
    ],
    lenses: [
      {
        of: "lpa",
        isOpen: false,
        what: ["cuts and counts", "分割して数える"],
        value: { field: "segment of sequenceOf86", of: SEGMENT },
      },
      {
        of: "card",
        isOpen: true,
        what: ["checks each MAC", "MACを1つずつ検証"],
        value: { text: ["one commit, at the end", "確定は最後に1回"] },
      },
    ],
    main: RESULT,
    fields: [
      {
        name: "finalResult",
        text: [
          "Success, or which command of which segment failed, and why.",
          "成功、または失敗したコマンドと理由です。",
        ],
      },
      {
        name: "notificationMetadata",
        text: ["Where this result goes, with a number that grows.", "結果の送り先と、増え続ける番号です。"],
      },
      {
        name: "euiccSignPIR",
        text: [
          "Signed by the card: the server’s proof that it is in.",
          "カードの署名です。サーバーにとって書き込みの証拠になります。",
        ],
      },
    ],
    legend: [
      { kind: "es9", text: ["ES9+: some seconds, at once", "ES9+: 数秒で一括"] },
      { kind: "es10", text: ["ES10b: 255 octets a command", "ES10b: 1コマンド255オクテット"] },
    ],
    breaks: [
      POWER_CUT,
      {
        id: "order",
        name: ["Swap segments", "順序を入れ替える"],
        where: ["In place of segment 4 arrives segment 3 once more.", "セグメント4の代わりに、3をもう一度届けます。"],
        make: async ({ number }) => {
          const record = number(SEGMENT);
          return { record, insert: [{ tamper: { at: { message: record }, do: "replay" } }] };
        },
      },
      {
        id: "memory",
        name: ["Fill the memory", "メモリを満杯に"],
        where: ["The card can write no more.", "カードにこれ以上書けなくします。"],
        make: async ({ number, from }) => {
          const record = from(number(SEGMENT), ({ interface: at, to }) => at === "APDU" && to === "euicc");
          return {
            record,
            insert: [{ tamper: { at: { interface: "APDU", to: "euicc" }, do: "memory-full", times: 0 } }],
          };
        },
      },
    ],
  },
  {
    id: "enable",
    short: ["Enable", "有効にする"],
    question: ["What happens on a switch?", "切り替えると何が起きる？"],
    text: [
      "The owner enables the {op|OP}. The card disables the PP, enables the other, and tells the modem {refresh|REFRESH}: what you have read of me is no longer true. The modem takes its leave of the network, starts the card anew, finds another subscriber and registers as that one.",
      "利用者が{op|OP}を有効にすると、カードはPPを無効にしてOPを有効にし、モデムに{refresh|REFRESH}を送ります。読んだ内容はもう正しくない、という合図です。モデムは網を離れ、カードを再起動し、別の加入者として登録し直します。",
    ],
    actors: ["card", "lpa", "modem", "mme"],
    steps: [
      {
        label: ["The LPA asks for it", "LPAが依頼する"],
        message: ENABLE,
        from: "lpa",
        to: "card",
        screen: { title: ["Switching", "切り替え中"], line: ["to esim-lab", "esim-labへ"], done: 20 },
      },
      {
        label: ["The card agrees", "カードが応じる"],
        message: ENABLED,
        from: "card",
        to: "lpa",
        screen: { title: ["Switching", "切り替え中"], line: ["REFRESH", "REFRESH"], done: 40 },
      },
      {
        label: ["The modem takes its leave", "モデムが網を離れる"],
        message: pick("enable", "DETACH REQUEST"),
        from: "modem",
        to: "mme",
        screen: { title: ["No service", "圏外"], line: ["Starting over", "再起動中"], done: 60 },
      },
      {
        label: ["Another subscriber registers", "別の加入者が登録する"],
        message: pick("enable", "ATTACH REQUEST"),
        from: "modem",
        to: "mme",
        screen: { title: ["esim-lab", "esim-lab"], line: ["In service", "圏内"], done: 100 },
      },
    ],
    lenses: [
      {
        of: "card",
        isOpen: true,
        what: ["enabled now", "有効なもの"],
        value: { text: ["OP; the PP rests", "OP(PPは休止)"] },
      },
      {
        of: "mme",
        isOpen: true,
        what: ["sees another IMSI", "別のIMSIが見える"],
        value: { field: "EPS mobile identity", of: pick("enable", "ATTACH REQUEST") },
      },
    ],
    main: ENABLE,
    fields: [
      {
        name: "profileIdentifier",
        text: [
          "Which profile: by its room on the card, or by its number.",
          "どのプロファイルかを、領域または番号で示します。",
        ],
      },
      { name: "iccid", text: ["The profile’s number.", "プロファイルの番号です。"] },
      {
        name: "refreshFlag",
        text: [
          "The phone wants REFRESH: its modem reads the card anew.",
          "REFRESHを求めます。モデムがカードを読み直します。",
        ],
      },
    ],
    legend: [
      { kind: "es10", text: ["ES10c: LPA and card", "ES10c: LPAとカードの間"] },
      { kind: "nas", text: ["NAS: modem and network", "NAS: モデムと網の間"] },
    ],
    breaks: [
      {
        id: "power",
        name: ["Cut the power", "電源を切る"],
        where: ["While the card switches.", "カードが切り替えている間です。"],
        make: async ({ number, from }) => {
          const record = from(number(ENABLE), ({ interface: at, to }) => at === "APDU" && to === "euicc");
          return {
            record: number(ENABLE),
            insert: [{ tamper: { at: { message: record + 2 }, do: { "power-cut": 1 } } }],
          };
        },
      },
      lose("lose", ["The card’s answer never arrives.", "カードの応答が届きません。"], ENABLED),
    ],
  },
  {
    id: "service",
    short: ["Service by contract", "契約どおりのサービス"],
    question: ["What may the OP do?", "OPで何ができる？"],
    text: [
      "The same phone, the same network, the same three attempts. Now the home network’s {contract|contract} says yes: the {mme|MME} lets calls and messages through, the gateway gives the {apn|APN} that was asked for, the {policy|policy} knows no rule against the web. Service follows the subscription, not the device.",
      "同じ端末、同じ網で、同じ3つを試します。今度はホーム網の{contract|契約}が許可します。{mme|MME}は通話とSMSを通し、ゲートウェイは求められた{apn|APN}を与え、{policy|通信制御}にはWebを止める規則がありません。サービスは端末でなく契約に従います。",
    ],
    actors: ["card", "modem", "mme", "gateway", "policy", "internet", "sm"],
    steps: [
      {
        label: ["The web: open", "Webに届く"],
        message: pick("open", "TCP SYN", 1),
        from: "modem",
        to: "internet",
        screen: { title: ["www.example.com", "www.example.com"], line: ["Open", "接続"], done: 100 },
      },
      {
        label: ["A call: put through", "通話がつながる"],
        message: pick("open", "EXTENDED SERVICE REQUEST"),
        from: "modem",
        to: "mme",
        screen: { title: ["Calling", "発信"], line: ["Connected", "接続"], done: 100 },
      },
      {
        label: ["A message: taken", "SMSが届く"],
        message: pick("open", "UPLINK NAS TRANSPORT"),
        from: "modem",
        to: "mme",
        screen: { title: ["Message sent", "SMS送信"], line: ["Hello", "Hello"], done: 100 },
      },
    ],
    lenses: [
      {
        of: "mme",
        isOpen: true,
        what: ["reads the contract", "契約を見る"],
        value: { text: ["calls, messages, packets", "通話、SMS、パケット"] },
      },
      {
        of: "policy",
        isOpen: true,
        what: ["no rule denies it", "拒否する規則なし"],
        value: { text: ["operational", "運用"] },
      },
    ],
    main: pick("enable", "Update-Location-Answer"),
    fields: [
      { name: "MSISDN", text: ["The number that others call.", "相手がかける電話番号です。"] },
      { name: "Network-Access-Mode", text: ["Packets alone, or calls too.", "パケットのみか、通話も可能かです。"] },
      { name: "Service-Selection", text: ["An APN that this contract covers.", "この契約で使えるAPNです。"] },
    ],
    legend: [{ kind: "nas", text: ["NAS: registration, calls, messages", "NAS: 登録、通話、SMS"] }],
    breaks: [
      {
        id: "withdraw",
        name: ["End the contract", "契約を終える"],
        where: [
          "The operator ends the subscription, and the phone registers anew.",
          "事業者が契約を終え、端末が登録し直します。",
        ],
        make: async ({ deed }) => ({ deed: deed("open"), insert: [{ withdraw: "op" }, "radio-on"] }),
      },
    ],
  },
  {
    id: "away",
    short: ["Switch and delete", "切り替えと削除"],
    question: ["How does a profile go?", "プロファイルを消すには？"],
    text: [
      "A profile is first disabled, then deleted: the card refuses to delete one that is in use. Its room is wiped, and with it the key. The card signs a {notification|notification} for the server, and keeps it until it was delivered. The {pp|PP} stays, so that the phone can fetch another.",
      "プロファイルは無効にしてから削除します。使用中のものはカードが削除を拒否します。領域ごと消去され、鍵も失われます。カードはサーバー宛ての{notification|通知}に署名し、届くまで保持します。{pp|PP}は残るため、別のものを取得できます。",
    ],
    actors: ["card", "lpa", "sm"],
    steps: [
      {
        label: ["Disabled first", "まず無効にする"],
        message: pick("away", "DisableProfile"),
        from: "lpa",
        to: "card",
        screen: { title: ["Switching off", "無効化"], line: ["esim-lab", "esim-lab"], done: 30 },
      },
      {
        label: ["Then deleted", "次に削除する"],
        message: DELETE,
        from: "lpa",
        to: "card",
        screen: { title: ["Deleting", "削除中"], line: ["esim-lab", "esim-lab"], done: 60 },
      },
      {
        label: ["The server is told", "サーバーに通知する"],
        message: pick("delete", "handleNotification"),
        from: "lpa",
        to: "sm",
        screen: { title: ["Deleted", "削除しました"], line: ["The operator knows", "事業者に通知済み"], done: 100 },
      },
    ],
    lenses: [
      { of: "card", isOpen: true, what: ["wipes the room", "領域を消去"], value: { field: "iccid", of: DELETE } },
      { of: "sm", isOpen: true, what: ["is told, signed", "署名付きで知る"], value: { text: ["deleted", "削除"] } },
    ],
    main: pick("delete", "handleNotification", 2),
    fields: [
      {
        name: "seqNumber",
        text: [
          "Grows with each notification: the server sees whether one is missing.",
          "通知ごとに増えます。サーバーは抜けに気付けます。",
        ],
      },
      {
        name: "profileManagementOperation",
        text: [
          "What was done: installed, enabled, disabled or deleted.",
          "追加、有効化、無効化、削除のどれかを示します。",
        ],
      },
      {
        name: "euiccNotificationSignature",
        text: ["Signed by the card: nobody else can say so.", "カードの署名です。ほかの者には作れません。"],
      },
    ],
    legend: [{ kind: "es10", text: ["ES10c: LPA and card", "ES10c: LPAとカードの間"] }],
    breaks: [
      {
        id: "enabled",
        name: ["Delete it in use", "使用中に削除"],
        where: ["It is deleted without being disabled first.", "無効にせず、そのまま削除します。"],
        make: async ({ deed }) => ({ deed: deed("away"), instead: { delete: "op" } }),
      },
      lose(
        "lose",
        ["The notification is lost on its way.", "通知が途中で失われます。"],
        pick("delete", "handleNotification"),
      ),
    ],
  },
  {
    id: "others",
    short: ["Push, companion, M2M", "プッシュ、コンパニオン、M2M"],
    question: ["Who starts a download?", "始めるのは誰？"],
    text: [
      "Here the owner starts it, with a code: **pull**. With an {smds|SM-DS} a phone is told that something waits. A watch may have its phone do the fetching: **companion**. Machines without an owner are told by a server: **push**, in SGP.02 and SGP.32. Those two are not played here yet.",
      "ここでは利用者がコードで始めます(**プル**)。{smds|SM-DS}があれば、届いていることを端末が知ります。時計なら電話が代わりに取得します(**コンパニオン**)。利用者のいない機器ではサーバーが始めます(**プッシュ**、SGP.02とSGP.32)。この2つはまだ上演していません。",
    ],
    actors: ["card", "lpa", "sm", "operator"],
    steps: [
      {
        label: ["Pull: the owner has a code", "プル: 利用者がコードを持つ"],
        message: pick("order", "confirmOrder response"),
        from: "sm",
        to: "operator",
        screen: { title: ["Code received", "コードを受信"], line: ["LPA:1$smdp.esim-lab…", "LPA:1$smdp.esim-lab…"] },
      },
      {
        label: ["The LPA begins", "LPAが始める"],
        message: pick("download", "initiateAuthentication"),
        from: "lpa",
        to: "sm",
        screen: {
          title: ["Adding esim-lab", "esim-labを追加"],
          line: ["Calling the server", "サーバーに接続中"],
          done: 10,
        },
      },
    ],
    lenses: [
      {
        of: "lpa",
        isOpen: true,
        what: ["starts it here", "ここではLPAが開始"],
        value: { text: ["by an activation code", "アクティベーションコード"] },
      },
      {
        of: "sm",
        isOpen: true,
        what: ["waits", "待つ"],
        value: { field: "matchingId", of: pick("order", "confirmOrder response") },
      },
    ],
    main: pick("order", "confirmOrder response"),
    fields: [
      {
        name: "matchingId",
        text: [
          "The token in the code, by which the server finds the order.",
          "コードに入る識別子です。サーバーはこれで注文を探します。",
        ],
      },
      {
        name: "smdpAddress",
        text: ["Where the phone is to call: the server of this order.", "端末が接続する、この注文のサーバーです。"],
      },
      {
        name: "status",
        text: ["The order stands: the profile waits for its card.", "注文が確定し、カードを待っています。"],
      },
    ],
    legend: [{ kind: "es9", text: ["Pull: the phone calls the server", "プル: 端末がサーバーを呼ぶ"] }],
    breaks: [OTHER_EID],
  },
];
