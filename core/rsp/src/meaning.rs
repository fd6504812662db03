//! What fields mean and what they are for, in a sentence each; facts of SGP.22 v2.6, RFC 5280, TS 31.102, TS 24.301.

use crate::node::{Meaning, Node};

/// Gives each node of a tree its sentence: by type and field, else by field, else by type.
pub fn add_meanings(nodes: &mut [Node]) {
    within("", nodes);
}

fn within(parent: &str, nodes: &mut [Node]) {
    for node in nodes {
        if node.meaning.is_none() {
            node.meaning = of(parent, &node.name, &node.type_name);
        }
        within(&node.type_name, &mut node.children);
    }
}

/// The sentence for a field of a type.
pub fn of(parent: &str, name: &str, type_name: &str) -> Option<Meaning> {
    let qualified = |entry: &&Entry| {
        entry
            .0
            .split_once('.')
            .is_some_and(|(owner, field)| owner == parent && field == name && !name.is_empty())
    };
    let plain = |wanted: &str| MEANINGS.iter().find(|entry| !wanted.is_empty() && entry.0 == wanted);
    let found = MEANINGS.iter().find(qualified).or_else(|| plain(name)).or_else(|| plain(type_name));
    found.map(|&(_, en, ja)| Meaning { en, ja })
}

/// Field, or type and field, or type; English; Japanese.
type Entry = (&'static str, &'static str, &'static str);

/// Every entry.
pub const MEANINGS: &[Entry] = &[
    // ES9+, ES10b: mutual authentication.
    (
        "euiccChallenge",
        "Random number drawn by the card; the server signs it, so an old answer cannot be replayed.",
        "カードが生成する乱数です。サーバーがこれに署名するため、古い応答は使い回せません。",
    ),
    (
        "serverChallenge",
        "Random number drawn by the server; the card signs it, so an old answer cannot be replayed.",
        "サーバーが生成する乱数です。カードがこれに署名するため、古い応答は使い回せません。",
    ),
    (
        "transactionId",
        "Names the RSP session; every later message of it repeats this number.",
        "RSPセッションの識別子です。以後のメッセージはすべて同じ値を持ちます。",
    ),
    (
        "serverAddress",
        "Address that the server signs as its own; the LPA compares it with the one that it called.",
        "サーバーが自分のものとして署名するアドレスです。LPAは接続先と比べます。",
    ),
    (
        "smdpAddress",
        "Address that the LPA called; the server checks that it is its own.",
        "LPAの接続先アドレスです。サーバーは自分のものか確認します。",
    ),
    (
        "serverSigned1",
        "What the server signs to prove itself: session, both challenges and its address.",
        "サーバーが身元を示すために署名する内容です。セッション、双方の乱数、アドレスを含みます。",
    ),
    (
        "ServerSigned1",
        "What the server signs to prove itself: session, both challenges and its address.",
        "サーバーが身元を示すために署名する内容です。セッション、双方の乱数、アドレスを含みます。",
    ),
    (
        "serverSignature1",
        "The server's signature over serverSigned1, made with SK.DPauth.SIG; the card verifies it.",
        "serverSigned1に対するサーバーの署名です。SK.DPauth.SIGで作られ、カードが検証します。",
    ),
    (
        "euiccCiPKIdToBeUsed",
        "Names the CI key under which the card must have its own certificate chain.",
        "カードが使う証明書チェーンのCI公開鍵を指定します。",
    ),
    (
        "serverCertificate",
        "CERT.DPauth of the server; the card verifies it up to a CI key that it holds.",
        "サーバーのCERT.DPauthです。カードは保持するCI公開鍵まで検証します。",
    ),
    (
        "ctxParams1",
        "What the LPA adds for the server: matching identifier and device.",
        "LPAがサーバーに伝える内容です。MatchingIDと端末情報を含みます。",
    ),
    (
        "matchingId",
        "Says which order is meant; it comes from the activation code, and is empty for a default SM-DP+.",
        "どの注文かを示します。アクティベーションコードに由来し、既定SM-DP+では空です。",
    ),
    (
        "deviceInfo",
        "What the terminal is and can do; the SM-DP+ decides eligibility by it.",
        "端末の種類と能力です。SM-DP+は適合性の判断に使います。",
    ),
    (
        "tac",
        "Type allocation code: the first eight digits of the IMEI, the model of the device.",
        "IMEIの先頭8桁で、端末の機種を示します。",
    ),
    ("imei", "Serial number of the terminal.", "端末固有の番号です。"),
    (
        "deviceCapabilities",
        "Releases of the radio technologies that the terminal supports.",
        "端末が対応する無線方式のリリースです。",
    ),
    (
        "AuthenticateServerRequest",
        "The server's proof, given to the card, which then proves itself in turn.",
        "サーバーの身元情報をカードに渡します。カードは検証してから自分の署名を返します。",
    ),
    (
        "AuthenticateServerResponse",
        "The card has verified the server and signs its own state, or says why not.",
        "カードの応答です。サーバーを検証した上で自分の状態に署名するか、拒否理由を返します。",
    ),
    (
        "euiccSigned1",
        "What the card signs to prove itself: session, server's challenge, its information and the LPA's context.",
        "カードが署名する内容です。セッション、サーバーの乱数、カード情報、LPAの情報を含みます。",
    ),
    (
        "euiccSignature1",
        "The card's signature over euiccSigned1, made with SK.EUICC.SIG; the server verifies it.",
        "euiccSigned1に対するカードの署名です。SK.EUICC.SIGで作られ、サーバーが検証します。",
    ),
    (
        "euiccCertificate",
        "CERT.EUICC: binds the card's public key to its EID; signed by the card's maker.",
        "CERT.EUICCです。カードの公開鍵とEIDを結び付け、EUMが署名します。",
    ),
    (
        "eumCertificate",
        "CERT.EUM: the card maker's certificate, signed by the CI.",
        "CERT.EUMです。カード製造者の証明書で、CIが署名します。",
    ),
    ("authenticateErrorCode", "Why the card refuses the server.", "カードがサーバーを拒否した理由です。"),
    (
        "authenticateServerResponse",
        "The card's answer, carried to the server as it is; the LPA cannot change it unseen.",
        "カードの応答です。LPAはそのまま運び、改変すれば署名の検証で分かります。",
    ),
    // Card information.
    (
        "EUICCInfo1",
        "What a card tells before anybody is authenticated: version and CI keys.",
        "認証前にカードが伝える情報です。バージョンとCI公開鍵を含みます。",
    ),
    (
        "euiccInfo1",
        "What a card tells before anybody is authenticated: version and CI keys.",
        "認証前にカードが伝える情報です。バージョンとCI公開鍵を含みます。",
    ),
    (
        "EUICCInfo2",
        "All that a card tells of itself, signed: versions, memory, capabilities.",
        "カードが署名付きで伝える全情報です。バージョン、メモリー、能力を含みます。",
    ),
    (
        "euiccInfo2",
        "All that a card tells of itself, signed: versions, memory, capabilities.",
        "カードが署名付きで伝える全情報です。バージョン、メモリー、能力を含みます。",
    ),
    (
        "svn",
        "Version of SGP.22 that the card supports: major, minor, revision.",
        "カードが対応するSGP.22のバージョンです。",
    ),
    (
        "euiccCiPKIdListForVerification",
        "CI keys with which the card can verify a server's certificate.",
        "カードがサーバー証明書の検証に使えるCI公開鍵の一覧です。",
    ),
    (
        "euiccCiPKIdListForSigning",
        "CI keys under which the card has a certificate of its own.",
        "カードが自分の証明書を持つCI公開鍵の一覧です。",
    ),
    ("SubjectKeyIdentifier", "Hash that names a public key of a CI.", "CI公開鍵を識別するハッシュ値です。"),
    (
        "profileVersion",
        "Version of the profile package format that the card can load.",
        "カードが読み込めるプロファイルパッケージの版です。",
    ),
    ("euiccFirmwareVer", "Version of the card's own software.", "カードのファームウェアの版です。"),
    (
        "extCardResource",
        "Applications installed, free non-volatile and free volatile memory.",
        "導入済みアプリ数と、不揮発性・揮発性メモリーの空きです。",
    ),
    (
        "uiccCapability",
        "What profiles may ask of the card: applications and algorithms.",
        "プロファイルが求めてよい機能です。アプリとアルゴリズムを示します。",
    ),
    (
        "rspCapability",
        "Optional functions of remote provisioning that the card has.",
        "カードが持つRSPの任意機能です。",
    ),
    ("euiccCategory", "Class of card by its memory and functions.", "メモリーと機能によるカードの区分です。"),
    (
        "forbiddenProfilePolicyRules",
        "Policy rules that no profile on this card may have.",
        "このカードでプロファイルが持てないポリシールールです。",
    ),
    (
        "ppVersion",
        "Version of the protection profile against which the card was evaluated.",
        "カードが評価されたプロテクションプロファイルの版です。",
    ),
    (
        "sasAcreditationNumber",
        "Number of the accreditation of the site that made the card.",
        "カードを製造した拠点のSAS認定番号です。",
    ),
    (
        "eidValue",
        "The card's own number, 32 digits; it never changes.",
        "カード固有の32桁の番号です。変わることはありません。",
    ),
    // authenticateClient, PrepareDownload.
    (
        "profileMetadata",
        "What the user sees before consent: name, operator, icon, policy rules.",
        "同意の前に利用者が見る情報です。名称、事業者、アイコン、ポリシーを含みます。",
    ),
    (
        "StoreMetadataRequest",
        "Metadata of the profile: what the user sees, and policy rules that the card enforces.",
        "プロファイルのメタデータです。利用者向けの表示と、カードが守るポリシーを含みます。",
    ),
    (
        "smdpSigned2",
        "What the SM-DP+ signs before a download: session and whether a code is needed.",
        "ダウンロード前にSM-DP+が署名する内容です。セッションと確認コードの要否を含みます。",
    ),
    (
        "ccRequiredFlag",
        "Whether the user must enter a confirmation code.",
        "利用者に確認コードの入力を求めるかどうかです。",
    ),
    (
        "bppEuiccOtpk",
        "The card's one-time key of an earlier try, for which a package is already bound.",
        "以前の試行で使ったカードの一時公開鍵です。既にその鍵でパッケージが作られています。",
    ),
    (
        "smdpSignature2",
        "Signature over smdpSigned2 and euiccSignature1, made with SK.DPpb.SIG; it ties both steps together.",
        "smdpSigned2とeuiccSignature1へのSK.DPpb.SIGによる署名です。前の段階と結び付きます。",
    ),
    (
        "smdpCertificate",
        "CERT.DPpb: the certificate for binding profiles; the card checks that its owner is CERT.DPauth's.",
        "CERT.DPpbです。カードはCERT.DPauthと同じ持ち主か確認します。",
    ),
    (
        "hashCc",
        "Hash of the confirmation code with the transaction; the code itself never leaves the LPA in clear.",
        "確認コードと取引の値から作るハッシュです。コードそのものは送られません。",
    ),
    (
        "PrepareDownloadRequest",
        "The card checks CERT.DPpb and draws its one-time key.",
        "カードがCERT.DPpbを検証し、一時鍵を作ります。",
    ),
    (
        "prepareDownloadResponse",
        "The card's one-time key, signed; the SM-DP+ binds the profile to it.",
        "署名されたカードの一時公開鍵です。SM-DP+はこれにプロファイルを結び付けます。",
    ),
    (
        "euiccSigned2",
        "What the card signs: session, its one-time key and the hashed confirmation code.",
        "カードが署名する内容です。セッション、一時公開鍵、確認コードのハッシュを含みます。",
    ),
    (
        "euiccOtpk",
        "otPK.EUICC.ECKA: the card's one-time public key; from it both sides derive the session keys.",
        "otPK.EUICC.ECKAです。双方がここからセッション鍵を導出します。",
    ),
    (
        "euiccSignature2",
        "The card's signature over euiccSigned2 and smdpSignature2.",
        "euiccSigned2とsmdpSignature2に対するカードの署名です。",
    ),
    (
        "downloadErrorCode",
        "Why the card does not prepare the download.",
        "カードがダウンロードを準備しない理由です。",
    ),
    // Bound profile package.
    (
        "boundProfilePackage",
        "The profile, encrypted for this card alone.",
        "このカードだけが復号できるプロファイルです。",
    ),
    (
        "BoundProfilePackage",
        "The profile, encrypted for this card alone, with all that the card needs to open it.",
        "このカード専用に暗号化されたプロファイルと、復号に必要な情報です。",
    ),
    (
        "initialiseSecureChannelRequest",
        "Key agreement: the server's one-time key and how session keys are derived.",
        "鍵共有の情報です。サーバーの一時公開鍵と鍵導出の条件を含みます。",
    ),
    (
        "remoteOpId",
        "The operation that is asked for: install a bound profile package.",
        "求める操作です。プロファイルパッケージの導入を示します。",
    ),
    (
        "controlRefTemplate",
        "How session keys are derived: type, length and host.",
        "セッション鍵の導出条件です。種類、長さ、ホストを示します。",
    ),
    ("keyType", "Type of the session keys; 88 is AES.", "セッション鍵の種類です。88はAESです。"),
    (
        "keyLen",
        "Length of the session keys in octets; 10 is 16.",
        "セッション鍵の長さ(オクテット)です。10は16を表します。",
    ),
    (
        "hostId",
        "Number chosen by the SM-DP+ that enters the key derivation.",
        "SM-DP+が選び、鍵導出に入る値です。",
    ),
    (
        "smdpOtpk",
        "otPK.DP.ECKA: the server's one-time public key; with the card's it gives the shared secret.",
        "otPK.DP.ECKAです。カードの一時鍵と合わせて共有秘密を作ります。",
    ),
    (
        "smdpSign",
        "Signature over the key agreement, made with SK.DPpb.SIG; the card refuses a foreign key by it.",
        "鍵共有に対する署名です。SK.DPpb.SIGで作られ、カードは他者の鍵を拒否できます。",
    ),
    (
        "firstSequenceOf87",
        "ConfigureISDP, encrypted under the session keys.",
        "セッション鍵で暗号化されたConfigureISDPです。",
    ),
    (
        "sequenceOf88",
        "Metadata, in clear but with a MAC, so that nobody changes it.",
        "メタデータです。平文ですがMACで保護されています。",
    ),
    (
        "secondSequenceOf87",
        "Keys of the protection, if the package was encrypted beforehand.",
        "事前に暗号化されたパッケージのための保護鍵です。",
    ),
    (
        "sequenceOf86",
        "The profile itself, encrypted in segments of at most 1020 octets, each with its MAC.",
        "プロファイル本体です。最大1020オクテットの区切りごとに暗号化され、MACが付きます。",
    ),
    (
        "ConfigureISDPRequest",
        "Makes the security domain that will hold the profile.",
        "プロファイルを収めるISD-Pを作ります。",
    ),
    (
        "ReplaceSessionKeysRequest",
        "Goes over to the keys under which the profile was encrypted beforehand.",
        "事前暗号化に使われた鍵へ切り替えます。",
    ),
    (
        "dpProprietaryData",
        "Data of the SM-DP+ for its own use, kept with the profile.",
        "SM-DP+が自分用に持たせるデータです。",
    ),
    // Metadata.
    (
        "iccid",
        "Number of the profile, as once printed on a SIM; digits are swapped within each octet.",
        "プロファイルの番号です。各オクテット内で桁が入れ替わっています。",
    ),
    ("serviceProviderName", "Name of the operator, for the user.", "利用者に示す事業者名です。"),
    ("profileName", "Name of the profile, for the user.", "利用者に示すプロファイル名です。"),
    ("profileNickname", "Name that the user gave.", "利用者が付けた名前です。"),
    ("iconType", "Format of the icon.", "アイコンの形式です。"),
    ("icon", "Picture for the user, 64 by 64 pixels.", "利用者に示す64×64ピクセルの画像です。"),
    (
        "profileClass",
        "Whether the profile is for test, provisioning or normal use.",
        "プロファイルの区分です。試験用、プロビジョニング用、通常用があります。",
    ),
    ("profileState", "Whether the profile is enabled.", "プロファイルが有効かどうかです。"),
    (
        "isdpAid",
        "Application identifier of the security domain that holds the profile.",
        "プロファイルを収めるISD-PのAIDです。",
    ),
    (
        "profileOwner",
        "The operator by network code; policy rules are checked against it.",
        "事業者をネットワーク番号で示します。ポリシーの照合に使います。",
    ),
    (
        "mccMnc",
        "Country and network code, digits swapped; E stands for any.",
        "国番号とネットワーク番号です。Eは任意の値を表します。",
    ),
    (
        "gid1",
        "Group of subscribers, level 1; empty matches any.",
        "加入者グループ(レベル1)です。空は任意を表します。",
    ),
    (
        "gid2",
        "Group of subscribers, level 2; empty matches any.",
        "加入者グループ(レベル2)です。空は任意を表します。",
    ),
    (
        "notificationConfigurationInfo",
        "Which events the card must report, and to whom.",
        "カードが通知すべき事象と宛先です。",
    ),
    (
        "profilePolicyRules",
        "What the owner forbids: disabling (PPR1), deleting (PPR2).",
        "所有者の制限です。無効化の禁止(PPR1)、削除の禁止(PPR2)があります。",
    ),
    (
        "serviceSpecificDataStoredInEuicc",
        "Data of a service, kept by the card.",
        "カードが保持するサービス固有のデータです。",
    ),
    // Results and notifications.
    (
        "ProfileInstallationResult",
        "The card's signed word on whether the profile was installed.",
        "プロファイルの導入結果です。カードが署名します。",
    ),
    (
        "pendingNotification",
        "What the card has signed for the server, carried by the LPA.",
        "カードが署名したサーバー宛ての通知です。LPAが届けます。",
    ),
    (
        "profileInstallationResultData",
        "What happened: session, notification, outcome.",
        "結果の内容です。セッション、通知、結末を含みます。",
    ),
    ("notificationMetadata", "Number, event and address of a notification.", "通知の番号、事象、宛先です。"),
    (
        "seqNumber",
        "Number of the notification on this card; the LPA removes it by this number.",
        "カード内での通知番号です。LPAはこの番号で削除します。",
    ),
    (
        "profileManagementOperation",
        "The event: install, enable, disable or delete.",
        "事象です。導入、有効化、無効化、削除のいずれかです。",
    ),
    ("notificationAddress", "Server to which the notification goes.", "通知の宛先サーバーです。"),
    (
        "smdpOid",
        "Object identifier of the SM-DP+, as in its certificates.",
        "SM-DP+のオブジェクト識別子です。証明書と一致します。",
    ),
    (
        "finalResult",
        "Success with the profile's AID, or error with its reason.",
        "成功ならAID、失敗なら理由を含みます。",
    ),
    (
        "simaResponse",
        "What the interpreter of the profile package answered.",
        "プロファイルパッケージの解釈結果です。",
    ),
    (
        "euiccSignPIR",
        "The card's signature over the result; the server believes no LPA's word.",
        "結果に対するカードの署名です。サーバーはLPAの言葉だけでは信じません。",
    ),
    (
        "euiccNotificationSignature",
        "The card's signature over the notification.",
        "通知に対するカードの署名です。",
    ),
    ("errorReason", "Why installing failed.", "導入に失敗した理由です。"),
    (
        "bppCommandId",
        "At which part of the package installing failed.",
        "パッケージのどこで失敗したかを示します。",
    ),
    (
        "CancelSessionRequest",
        "Ends a session, with the reason, so that the server need not wait.",
        "理由を添えてセッションを終えます。サーバーは待たずに済みます。",
    ),
    (
        "cancelSessionResponse",
        "The card's signed word that the session was cancelled, and why.",
        "セッションの取り消しと理由に対するカードの署名付き応答です。",
    ),
    ("reason", "Why the session ends.", "セッションを終える理由です。"),
    // Local management.
    (
        "ProfileInfoListRequest",
        "Asks which profiles are on the card.",
        "カード内のプロファイルを問い合わせます。",
    ),
    (
        "EnableProfileRequest",
        "Enables a profile; the one in use is disabled by it.",
        "プロファイルを有効にします。使用中のものは無効になります。",
    ),
    ("DisableProfileRequest", "Disables the profile in use.", "使用中のプロファイルを無効にします。"),
    (
        "DeleteProfileRequest",
        "Deletes a disabled profile for good.",
        "無効なプロファイルを削除します。元には戻せません。",
    ),
    (
        "profileIdentifier",
        "The profile, by its number or its application identifier.",
        "対象のプロファイルです。番号またはAIDで示します。",
    ),
    (
        "refreshFlag",
        "Whether the card asks the modem for a REFRESH, so that it reads the new profile.",
        "カードがREFRESHを求めるかどうかです。モデムは新しいプロファイルを読みます。",
    ),
    ("enableResult", "Whether the profile was enabled, or why not.", "有効化の結果です。"),
    ("disableResult", "Whether the profile was disabled, or why not.", "無効化の結果です。"),
    ("deleteResult", "Whether the profile was deleted, or why not.", "削除の結果です。"),
    (
        "rat",
        "Rules authorisation table: which policy rules which operator may use on this card.",
        "ルール認可表です。どの事業者がどのポリシーを使えるかを定めます。",
    ),
    ("pprIds", "The policy rules that this entry is about.", "この項目が対象とするポリシールールです。"),
    (
        "allowedOperators",
        "Operators whose profiles may have these rules.",
        "これらのルールを使ってよい事業者です。",
    ),
    ("pprFlags", "Whether the user must consent.", "利用者の同意が必要かどうかです。"),
    (
        "defaultDpAddress",
        "SM-DP+ that is asked when there is no activation code.",
        "アクティベーションコードがないときの問い合わせ先です。",
    ),
    (
        "rootDsAddress",
        "Discovery server that knows which SM-DP+ has something for this card.",
        "このカード宛てのプロファイルを探すためのSM-DSです。",
    ),
    (
        "deleteNotificationStatus",
        "Whether the card has removed the notification.",
        "カードが通知を削除したかどうかです。",
    ),
    // JSON.
    (
        "header",
        "Head of every message between servers: who asks, or how it went.",
        "サーバー間メッセージの共通ヘッダーです。送り主または結果を示します。",
    ),
    (
        "functionExecutionStatus",
        "Whether the function was executed, and if not, why.",
        "関数の実行結果です。失敗なら理由を含みます。",
    ),
    ("status", "Executed-Success, or Failed.", "Executed-SuccessまたはFailedです。"),
    ("statusCodeData", "Subject and reason of a failure, as codes.", "失敗の対象と理由を示すコードです。"),
    (
        "subjectCode",
        "What failed: card, profile, order, certificate…",
        "失敗の対象です。カード、プロファイル、注文、証明書などを示します。",
    ),
    (
        "reasonCode",
        "Why it failed: unknown, refused, expired…",
        "失敗の理由です。不明、拒否、期限切れなどを示します。",
    ),
    ("functionRequesterIdentifier", "Identifier of the operator that asks.", "要求元の事業者の識別子です。"),
    (
        "functionCallIdentifier",
        "Name of this call, for both sides' logs.",
        "呼び出しの識別子です。双方の記録に残ります。",
    ),
    ("eid", "The card for which the order is.", "注文の対象となるカードです。"),
    ("profileType", "Kind of profile that the operator orders.", "事業者が注文するプロファイルの種類です。"),
    (
        "releaseFlag",
        "Whether the profile may be downloaded at once.",
        "すぐにダウンロードしてよいかどうかです。",
    ),
    (
        "confirmationCode",
        "Code that the user must know; the operator gives it apart.",
        "利用者が入力するコードです。事業者が別に伝えます。",
    ),
    // X.509.
    (
        "Certificate",
        "Binds a public key to a name and a role, signed by whoever vouches for it.",
        "公開鍵を名前と役割に結び付け、発行者が署名します。",
    ),
    (
        "CertificateList",
        "Certificates that their issuer has withdrawn.",
        "発行者が失効させた証明書の一覧です。",
    ),
    ("tbsCertificate", "The part that is signed.", "署名の対象となる部分です。"),
    ("tbsCertList", "The part that is signed.", "署名の対象となる部分です。"),
    ("version", "Version of the format; v3 has extensions.", "書式の版です。v3は拡張を持ちます。"),
    (
        "TBSCertificate.serialNumber",
        "Number that the issuer gave; revocation lists name it.",
        "発行者が付けた番号です。失効リストはこれで証明書を示します。",
    ),
    (
        "TBSCertificate.signature",
        "Algorithm of the signature, repeated inside what is signed.",
        "署名アルゴリズムです。署名対象の内側にも書かれます。",
    ),
    ("issuer", "Who signed the certificate.", "署名した発行者です。"),
    ("validity", "From when until when the certificate holds.", "証明書の有効期間です。"),
    ("notBefore", "First moment of validity.", "有効期間の開始です。"),
    (
        "notAfter",
        "Last moment of validity; a server checks it, a card without a clock may not.",
        "有効期間の終了です。時計のないカードは検査しないことがあります。",
    ),
    (
        "subject",
        "Whose key it is; of a card, serialNumber is the EID.",
        "鍵の持ち主です。カードではserialNumberがEIDです。",
    ),
    ("subjectPublicKeyInfo", "The public key and its curve.", "公開鍵と曲線です。"),
    (
        "subjectPublicKey",
        "Point of the curve; signatures of the subject are verified with it.",
        "曲線上の点です。持ち主の署名をこれで検証します。",
    ),
    (
        "extensions",
        "What the certificate may be used for, and where it belongs.",
        "証明書の用途と位置付けを示します。",
    ),
    (
        "Extension.critical",
        "Whoever does not know this extension must refuse the certificate.",
        "この拡張を知らない検証者は証明書を拒否します。",
    ),
    ("extnID", "Which extension it is.", "拡張の種類です。"),
    ("extnValue", "The extension's value, itself DER.", "拡張の値です。中身もDERです。"),
    (
        "authorityKeyIdentifier",
        "Key with which this certificate was signed; the chain is built by it.",
        "署名に使われた鍵を示します。これでチェーンをたどります。",
    ),
    (
        "subjectKeyIdentifier",
        "Hash that names the key in this certificate.",
        "この証明書の鍵を識別するハッシュ値です。",
    ),
    (
        "keyUsage",
        "What the key may do: sign data, certificates or revocation lists.",
        "鍵の用途です。データ、証明書、失効リストへの署名を示します。",
    ),
    (
        "basicConstraints",
        "Whether the subject may issue certificates, and how deep.",
        "持ち主が証明書を発行できるかと、その深さです。",
    ),
    (
        "certificatePolicies",
        "Role in RSP: CI, EUM, eUICC, DPauth, DPpb…; the wrong role is refused.",
        "RSPでの役割です。CI、EUM、eUICC、DPauth、DPpbなどがあり、違えば拒否されます。",
    ),
    ("policyIdentifier", "The role, as object identifier.", "役割を示すオブジェクト識別子です。"),
    (
        "subjectAltName",
        "Other names of the subject: its object identifier, its host name.",
        "持ち主の別名です。オブジェクト識別子やホスト名を含みます。",
    ),
    (
        "registeredID",
        "Object identifier of the owner; CERT.DPauth and CERT.DPpb must have the same.",
        "持ち主のオブジェクト識別子です。CERT.DPauthとCERT.DPpbで一致します。",
    ),
    (
        "nameConstraints",
        "Which cards this maker may certify: organisation and first digits of the EID.",
        "このEUMが証明できるカードの範囲です。組織名とEIDの先頭桁で示します。",
    ),
    ("cRLDistributionPoints", "Where the revocation list is.", "失効リストの所在です。"),
    ("extKeyUsage", "Further uses of the key, such as TLS.", "鍵のその他の用途です。TLSなどがあります。"),
    ("signatureAlgorithm", "Algorithm of the signature below.", "下の署名のアルゴリズムです。"),
    ("signatureValue", "The issuer's signature over the part above.", "上の部分に対する発行者の署名です。"),
    ("r", "First number of an ECDSA signature.", "ECDSA署名の一つ目の数です。"),
    ("s", "Second number of an ECDSA signature.", "ECDSA署名の二つ目の数です。"),
    ("thisUpdate", "When the list was made.", "失効リストの発行時刻です。"),
    ("nextUpdate", "When the next list is due.", "次の失効リストの予定時刻です。"),
    ("revokedCertificates", "Withdrawn certificates by serial number.", "失効した証明書の番号です。"),
    // APDU.
    (
        "CLA",
        "Class: whose command it is, and on which logical channel.",
        "クラスです。コマンドの体系と論理チャネルを示します。",
    ),
    ("INS", "Instruction: what the card shall do.", "命令です。カードに求める動作を示します。"),
    ("P1", "First parameter of the instruction.", "命令の第1パラメーターです。"),
    ("P2", "Second parameter of the instruction.", "命令の第2パラメーターです。"),
    ("Lc", "How many octets of data follow.", "続くデータのオクテット数です。"),
    ("Le", "How many octets the terminal expects back.", "端末が期待する応答のオクテット数です。"),
    ("data", "Data field of the APDU.", "APDUのデータ部です。"),
    ("SW1 SW2", "Status word: how the command ended.", "ステータスワードです。コマンドの結果を示します。"),
    (
        "AID",
        "Application identifier: which application is selected.",
        "アプリケーション識別子です。選択するアプリを示します。",
    ),
    (
        "logical channel",
        "Channel that the card has opened; the class of later commands names it.",
        "カードが開いたチャネルです。以後のクラスがこれを示します。",
    ),
    (
        "FCP template",
        "What the card says of a selected file.",
        "選択したファイルについてカードが返す情報です。",
    ),
    (
        "FCI template",
        "What the card says of a selected application.",
        "選択したアプリについてカードが返す情報です。",
    ),
    ("file descriptor", "Kind and structure of the file.", "ファイルの種類と構造です。"),
    (
        "file identifier",
        "Two octets that name the file in its directory.",
        "ディレクトリ内でファイルを示す2オクテットです。",
    ),
    ("life cycle status", "Whether the file is in use.", "ファイルの状態です。"),
    (
        "security attributes, referenced",
        "File and record with the access rules.",
        "アクセス規則のあるファイルとレコードです。",
    ),
    (
        "PIN status template DO",
        "PINs of the directory, and which are enabled.",
        "ディレクトリのPINと、その有効状態です。",
    ),
    ("proactive command", "What the card asks of the terminal.", "カードから端末への要求です。"),
    ("command details", "Which proactive command, and how.", "プロアクティブコマンドの種類と方法です。"),
    ("device identities", "Who sends and who receives.", "送信元と宛先です。"),
    ("result", "How the terminal carried out the command.", "端末での実行結果です。"),
    // AKA.
    (
        "RAND",
        "Random number of the network; card and network compute with it and the same key.",
        "網が送る乱数です。カードと網は同じ鍵で計算します。",
    ),
    (
        "AUTN",
        "The network's proof that it knows the key, and the sequence number.",
        "網が鍵を知る証明です。シーケンス番号を含みます。",
    ),
    (
        "SQN xor AK",
        "Sequence number, hidden; the card refuses one that it has seen.",
        "隠されたシーケンス番号です。カードは使用済みの値を拒否します。",
    ),
    (
        "AMF",
        "Authentication management field; its first bit separates EPS from 3G.",
        "認証管理フィールドです。先頭ビットがEPSと3Gを区別します。",
    ),
    ("MAC", "Code by which the card verifies the network.", "カードが網を検証するための認証コードです。"),
    (
        "RES",
        "The card's answer; the network compares it with its own.",
        "カードの応答です。網は自分の計算結果と比べます。",
    ),
    ("CK", "Ciphering key of this authentication.", "この認証で得られる暗号鍵です。"),
    ("IK", "Integrity key of this authentication.", "この認証で得られる完全性保護鍵です。"),
    ("Kc", "Ciphering key for 2G.", "2G用の暗号鍵です。"),
    (
        "AUTS",
        "The card's sequence number, for a network that is out of step.",
        "同期が外れた網に伝えるカードのシーケンス番号です。",
    ),
    // Files.
    ("ICCID", "Number of the profile.", "プロファイルの番号です。"),
    ("IMSI", "Number by which the network knows the subscriber.", "網が加入者を識別する番号です。"),
    ("UE operation mode", "How the terminal is to work.", "端末の動作モードです。"),
    (
        "length of MNC in the IMSI",
        "Whether the network code has two or three digits.",
        "ネットワーク番号が2桁か3桁かを示します。",
    ),
    (
        "services available",
        "Numbers of the services that the USIM offers.",
        "USIMが提供するサービスの番号です。",
    ),
    (
        "access control classes",
        "Classes by which a cell may bar the subscriber.",
        "セルが規制に使うアクセスクラスです。",
    ),
    ("location area information", "Where the terminal was registered last.", "最後に登録した位置です。"),
    ("service provider name", "Name that the terminal shows.", "端末が表示する事業者名です。"),
    (
        "application template",
        "An application on the card and its label.",
        "カード上のアプリとその表示名です。",
    ),
    // NAS, S6a, GTP.
    (
        "EPS mobile identity",
        "Who attaches: IMSI at first, a temporary identity later.",
        "接続する加入者です。最初はIMSI、以後は一時識別子です。",
    ),
    ("EPS attach type", "What the terminal attaches for.", "接続の種類です。"),
    (
        "UE network capability",
        "Algorithms and functions that the terminal supports.",
        "端末が対応するアルゴリズムと機能です。",
    ),
    (
        "ESM message container",
        "Session message that travels with the mobility message.",
        "移動管理メッセージに載るセッション管理メッセージです。",
    ),
    ("Access point name", "Gateway and network that the terminal asks for.", "端末が求める接続先(APN)です。"),
    ("PDN address", "IP address that the network assigns.", "網が割り当てるIPアドレスです。"),
    ("EMM cause", "Why the network refuses, in mobility management.", "移動管理での拒否理由です。"),
    ("ESM cause", "Why the network refuses, in session management.", "セッション管理での拒否理由です。"),
    (
        "Message authentication code",
        "Code by which the receiver verifies that the message is unchanged.",
        "メッセージが改変されていないことを確かめるコードです。",
    ),
    ("Sequence number", "Counts messages, so that none is replayed.", "メッセージを数え、再送を防ぎます。"),
    (
        "Security header type",
        "Whether the message is protected, and how.",
        "メッセージの保護の有無と方法です。",
    ),
    (
        "GUTI",
        "Temporary identity, so that the IMSI need not be sent again.",
        "一時識別子です。IMSIを再び送らずに済みます。",
    ),
    (
        "TAI list",
        "Areas in which the terminal may move without telling.",
        "端末が通知せずに移動できる区域です。",
    ),
    (
        "Authentication parameter RAND",
        "Random number of the network, for the USIM.",
        "USIMに渡す網の乱数です。",
    ),
    ("Authentication parameter AUTN", "The network's proof, for the USIM.", "USIMに渡す網の証明です。"),
    ("Authentication response parameter", "The USIM's answer, RES.", "USIMの応答(RES)です。"),
    ("TEID", "Number of the tunnel at its receiver.", "受信側のトンネル番号です。"),
    // Profile package.
    (
        "PEHeader",
        "Number of the element, and whether the profile is useless without it.",
        "要素の番号と、必須かどうかです。",
    ),
    (
        "mandated",
        "The profile is useless without this element.",
        "この要素がなければプロファイルは使えません。",
    ),
    (
        "identification",
        "Number of the element; a refusal names it.",
        "要素の番号です。拒否の際に示されます。",
    ),
    (
        "ProfileHeader",
        "What the profile is, and what the card must offer for it.",
        "プロファイルの概要と、カードに求める機能です。",
    ),
    (
        "eUICC-Mandatory-services",
        "What the card must offer; without it installing ends.",
        "カードに必須の機能です。なければ導入は終わります。",
    ),
    (
        "eUICC-Mandatory-GFSTEList",
        "File templates that the card must know.",
        "カードが知るべきファイルテンプレートです。",
    ),
    ("templateID", "Template after which the files are made.", "ファイルの元になるテンプレートです。"),
    ("fillFileContent", "Octets that are written into the file.", "ファイルに書き込む内容です。"),
    (
        "fillFileOffset",
        "Gap before the next content, from where the last one ended.",
        "前の内容の末尾から次までの間隔です。",
    ),
    ("fileDescriptor", "What differs from the template.", "テンプレートと異なる点です。"),
    (
        "key",
        "K: the subscriber's secret key, shared with the network's authentication centre.",
        "加入者の秘密鍵Kです。網の認証センターと共有します。",
    ),
    ("opc", "OPc: the operator's variant, already mixed with K.", "Kから計算済みの事業者定数OPcです。"),
    ("algorithmID", "Algorithm of authentication.", "認証アルゴリズムです。"),
    ("sqnInit", "Sequence numbers to start with.", "シーケンス番号の初期値です。"),
    ("keyReference", "Which PIN or administrative code it is.", "対象のPINまたは管理コードです。"),
    ("pinValue", "The PIN, padded with FF.", "PINです。FFで埋められます。"),
    ("pukValue", "Code that unblocks the PIN.", "PINのロックを解くコードです。"),
    (
        "keyData",
        "A key of the security domain, for messages over the air.",
        "セキュリティードメインの鍵です。OTAメッセージに使います。",
    ),
    (
        "tarList",
        "Names under which messages over the air reach the application.",
        "OTAメッセージの宛先を示すTARです。",
    ),
    (
        "minimumSecurityLevel",
        "Protection that a message over the air must have at least.",
        "OTAメッセージに最低限必要な保護です。",
    ),
    (
        "left out",
        "More fields follow; the tree ends here so that the page stays quick.",
        "以降の要素は省略しています。全体はオクテットで確認できます。",
    ),
];

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn each_sentence_is_short_and_told_once() {
        let mut keys = BTreeSet::new();
        for (key, en, ja) in MEANINGS {
            assert!(keys.insert(key), "{key} twice");
            assert!(en.split_whitespace().count() <= 25, "{key}: {en}");
            assert!(en.ends_with(['.', '\u{2026}']) && ja.ends_with('。'), "{key}: {en} {ja}");
            assert!(ja.chars().count() <= 60, "{key}: {ja}");
        }
        assert!(keys.len() >= 200, "{}", keys.len());
    }

    #[test]
    fn a_field_of_a_type_comes_before_the_field_alone() {
        let serial = of("TBSCertificate", "serialNumber", "CertificateSerialNumber");
        assert!(serial.is_some_and(|it| it.en.contains("revocation")));
        assert_eq!(of("", "", ""), None);
        assert_eq!(of("X", "svn", "").map(|it| it.ja), of("", "svn", "").map(|it| it.ja));
    }
}
