//! Failures that have no code of the standard: rules, peers that misbehave, cannot be reached or cannot be trusted.

use super::Told;
use super::words::{
    ASK_OPERATOR, Both, ESIM_IS_TO_BLAME, OPERATOR_MENDS, OTHER_WORLD, RESTART, SAME_CODE, Words, pick,
};
use crate::apdu::OpenError;
use crate::download::{LostPeer, Misbehaviour, Peer, UntrustedServer};
use crate::lui::Lang;
use crate::policy::Forbidden;
use crate::transport::CertificateFault;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use esim_rsp::es10::Function;

pub(super) fn forbidden(why: Forbidden) -> (Words, &'static str) {
    const WITHOUT: Both = (
        "Ask your operator for a profile without this rule.",
        "この制限のないプロファイルを通信事業者に依頼してください。",
    );
    match why {
        Forbidden::Ppr1 => (
            Words {
                why: (
                    "Once switched on, it could not be switched off again, and this eSIM does not allow your operator to ask for that.",
                    "有効にすると無効に戻せないプロファイルですが、このeSIMはその制限を通信事業者に許可していません。",
                ),
                remedy: WITHOUT,
            },
            "PPR1",
        ),
        Forbidden::Ppr2 => (
            Words {
                why: (
                    "It could not be deleted again, and this eSIM does not allow your operator to ask for that.",
                    "削除できないプロファイルですが、このeSIMはその制限を通信事業者に許可していません。",
                ),
                remedy: WITHOUT,
            },
            "PPR2",
        ),
        Forbidden::Ppr1BesideAnother => (
            Words {
                why: (
                    "It could not be switched off again, and may only come to an eSIM without other profiles.",
                    "無効に戻せないプロファイルは、ほかのプロファイルがあるeSIMには追加できません。",
                ),
                remedy: (
                    "Delete the other profiles first, or ask your operator for one without this rule.",
                    "先にほかのプロファイルを削除するか、この制限のないプロファイルを通信事業者に依頼してください。",
                ),
            },
            "PPR1",
        ),
    }
}

pub(super) fn misbehaved(what: &Misbehaviour) -> (Words, &'static str) {
    const DO_NOT: Both = (
        "Do not use this code again until your operator has confirmed it.",
        "通信事業者に確認するまで、このコードは使わないでください。",
    );
    match what {
        Misbehaviour::WrongServerAddress { .. } | Misbehaviour::WrongOid { .. } => (
            Words {
                why: (
                    "The server that answered is not the one of this code; somebody may be in between.",
                    "応答したサーバーは、このコードのサーバーではありません。通信が傍受されているおそれがあります。",
                ),
                remedy: DO_NOT,
            },
            "wrongServer",
        ),
        Misbehaviour::TransactionMismatch => (
            Words {
                why: ("The server mixed two downloads up.", "サーバーが別のダウンロードと混同しました。"),
                remedy: SAME_CODE,
            },
            "transactionMismatch",
        ),
        Misbehaviour::MetadataMismatch => (
            Words {
                why: ("Another profile came than was announced.", "案内と異なるプロファイルが届きました。"),
                remedy: OPERATOR_MENDS,
            },
            "metadataMismatch",
        ),
        Misbehaviour::Malformed { function, .. } if Function::named(function).is_some() => (
            Words {
                why: ("The eSIM gave an answer that cannot be read.", "eSIMの応答を読み取れません。"),
                remedy: ESIM_IS_TO_BLAME,
            },
            "cardUnreadable",
        ),
        Misbehaviour::Malformed { .. } => (
            Words {
                why: (
                    "The operator's server gave an answer that cannot be read.",
                    "通信事業者のサーバーの応答を読み取れません。",
                ),
                remedy: ASK_OPERATOR,
            },
            "serverUnreadable",
        ),
        Misbehaviour::NoResult => (
            Words {
                why: ("The eSIM did not say how it went.", "eSIMから結果が返りませんでした。"),
                remedy: (
                    "Look at the list of profiles: it may be there. If not, try again with the same code.",
                    "プロファイルの一覧を確認してください。ない場合は、同じコードでもう一度お試しください。",
                ),
            },
            "noResult",
        ),
    }
}

pub(super) fn misbehaviour_details(what: &Misbehaviour) -> Vec<String> {
    vec![match what {
        Misbehaviour::WrongServerAddress { dialled, signed } => format!("{dialled} ≠ {signed}"),
        Misbehaviour::WrongOid { expected, found } => {
            format!("OID {expected} ≠ {}", found.as_deref().unwrap_or("—"))
        }
        Misbehaviour::TransactionMismatch => "transactionId".into(),
        Misbehaviour::MetadataMismatch => "profileMetadata ≠ StoreMetadata".into(),
        Misbehaviour::Malformed { function, detail } => format!("{function}: {detail}"),
        Misbehaviour::NoResult => "LoadBoundProfilePackage".into(),
    }]
}

pub(super) fn lost_peer(lost: &LostPeer, lang: Lang) -> Told {
    let details = vec![format!("{}: {}", lost.function, lost.detail)];
    if lost.peer == Peer::Card {
        return card_lost(details, lang);
    }
    let what = ("The operator's server cannot be reached.", "通信事業者のサーバーに接続できません。");
    let remedy = (
        "Check that you are online, then try again with the same code: it goes on where it stopped.",
        "インターネット接続を確認して、同じコードでもう一度お試しください。続きから再開します。",
    );
    Told {
        what: pick(what, lang).into(),
        why: String::new(),
        remedy: pick(remedy, lang).into(),
        code: "serverLost".into(),
        details,
    }
}

pub(super) fn card_lost(details: Vec<String>, lang: Lang) -> Told {
    let what = ("The eSIM stopped answering.", "eSIMが応答しなくなりました。");
    let why = (
        "The card or the reader was pulled out, or lost power.",
        "カードやリーダーが抜けたか、電源が切れました。",
    );
    Told {
        what: pick(what, lang).into(),
        why: pick(why, lang).into(),
        remedy: pick(RESTART, lang).into(),
        code: "cardLost".into(),
        details,
    }
}

pub(super) fn untrusted(server: &UntrustedServer, lang: Lang) -> Told {
    const CLOCK: Both = (
        "Check the date and time of this device; if they are right, tell your operator.",
        "端末の日時を確認してください。正しい場合は、通信事業者にお知らせください。",
    );
    let (why, remedy, code) = match server.fault {
        CertificateFault::Expired => (
            ("The server's certificate has expired.", "サーバーの証明書の有効期限が切れています。"),
            CLOCK,
            "certificateExpired",
        ),
        CertificateFault::NotYetValid => (
            ("The server's certificate is not valid yet.", "サーバーの証明書はまだ有効ではありません。"),
            CLOCK,
            "certificateNotYetValid",
        ),
        CertificateFault::UnknownIssuer => (
            (
                "This eSIM does not trust whoever issued the server's certificate.",
                "サーバーの証明書は、このeSIMが信頼しない認証局のものです。",
            ),
            OTHER_WORLD,
            "certificateUnknownIssuer",
        ),
        CertificateFault::WrongName => (
            (
                "The server that answered has a certificate of another address; somebody may be in between.",
                "応答したサーバーの証明書は別のアドレスのものです。通信が傍受されているおそれがあります。",
            ),
            (
                "Compare the address with the one that you were given. If it is right, tell your operator.",
                "アドレスを確認してください。正しい場合は、通信事業者にお知らせください。",
            ),
            "certificateWrongName",
        ),
        CertificateFault::Unacceptable => (
            ("The server's certificate cannot be accepted.", "サーバーの証明書を受け入れられません。"),
            OPERATOR_MENDS,
            "certificateUnacceptable",
        ),
    };
    Told {
        what: pick(("The download was stopped for safety.", "安全のためダウンロードを中止しました。"), lang)
            .into(),
        why: pick(why, lang).into(),
        remedy: pick(remedy, lang).into(),
        code: code.into(),
        details: vec![format!("{}: {}", server.function, server.detail)],
    }
}

pub(super) fn no_euicc(error: &OpenError, lang: Lang) -> Told {
    let (what, why, remedy, code) = match error {
        OpenError::NoCard { .. } => (
            ("There is no eSIM to speak to.", "eSIMに接続できません。"),
            ("No card answers.", "カードが応答しません。"),
            (
                "Put the card in all the way, chip side as the reader shows, and try again.",
                "カードの向きを確認し、奥まで差し込んでからもう一度お試しください。",
            ),
            "noCard",
        ),
        OpenError::NoChannel { .. } => (
            ("There is no eSIM to speak to.", "eSIMに接続できません。"),
            ("Another program uses the card.", "別のアプリがカードを使用しています。"),
            RESTART,
            "noChannel",
        ),
        OpenError::NotEuicc { .. } => (
            ("This card is no eSIM.", "このカードはeSIMではありません。"),
            (
                "It is an ordinary SIM, which cannot take profiles.",
                "プロファイルを追加できない通常のSIMです。",
            ),
            ("Use a card that is an eSIM.", "eSIM対応のカードをお使いください。"),
            "noEuicc",
        ),
        OpenError::Refused { .. } => (
            ("The eSIM does not let this app in.", "eSIMがこのアプリを許可していません。"),
            ("", ""),
            RESTART,
            "euiccRefused",
        ),
    };
    Told {
        what: pick(what, lang).into(),
        why: pick(why, lang).into(),
        remedy: pick(remedy, lang).into(),
        code: code.into(),
        details: vec![error.to_string()],
    }
}
