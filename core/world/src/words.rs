//! What happens in the network, for a person, in English and Japanese. Names of causes stay those of the standards;
//! behind them Japanese has what they mean.

use esim_net::modem::UsimError;
use esim_net::{Action, Cause, Class, Decision, Domain, ModemError, ServiceState, ServiceView};
use esim_rsp::trace::Party;
use serde::Serialize;

/// A text in both languages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(rename = "Both"))]
pub struct Words {
    /// English.
    pub en: String,
    /// Japanese.
    pub ja: String,
}

impl Words {
    /// Of two texts.
    pub fn new(en: impl Into<String>, ja: impl Into<String>) -> Self {
        Self { en: en.into(), ja: ja.into() }
    }

    /// A text that is the same in both: a name, a message of somebody else's.
    pub fn same(text: impl Into<String>) -> Self {
        let en = text.into();
        Self { ja: en.clone(), en }
    }
}

impl core::fmt::Display for Words {
    /// English.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(&self.en)
    }
}

/// Name of a party.
pub fn party(party: Party) -> Words {
    let (en, ja) = match party {
        Party::Operator => ("operator", "事業者"),
        Party::Sm => ("SM", "SM"),
        Party::Lpa => ("LPA", "LPA"),
        Party::Euicc => ("eUICC", "eUICC"),
        Party::Modem => ("modem", "モデム"),
        Party::Mme => ("MME", "MME"),
        Party::Sgsn => ("SGSN", "SGSN"),
        Party::Msc => ("MSC", "MSC"),
        Party::Hss => ("HSS", "HSS"),
        Party::Gateway => ("gateway", "ゲートウェイ"),
        Party::Policy => ("policy", "通信制御"),
        Party::Internet => ("internet", "インターネット"),
    };
    Words::new(en, ja)
}

/// A cause: element, number, name, clause; in Japanese what it means, too.
pub fn cause(cause: &Cause) -> Words {
    let (element, clause) = cause.domain.describe();
    let (number, name) = (cause.number, cause.name());
    let ja = match meaning(cause.domain, cause.number) {
        Some(meaning) => format!("{element} #{number} {name}、{meaning}({clause})"),
        None => format!("{element} #{number} {name}({clause})"),
    };
    Words::new(cause.to_string(), ja)
}

/// What a cause means, in Japanese. Mobility and session management of 3G and LTE share their numbers.
fn meaning(domain: Domain, number: u16) -> Option<&'static str> {
    use Domain::{Diameter, Emm, Esm, Gmm, Gtp, Icmp, Mm, Rp, Sm};
    Some(match (domain, number) {
        (Emm | Gmm, 3) => "この端末は認められません",
        (Emm | Gmm, 8) => "この加入者はどのサービスも利用できません",
        (Emm | Gmm, 9) => "網が端末を特定できません",
        (Emm | Gmm, 10) => "網側で登録が解除されています",
        (Emm | Gmm, 11) => "このPLMNは利用できません",
        (Emm, 15) => "このトラッキングエリアに使えるセルがありません",
        (Emm | Gmm, 17) | (Esm | Sm, 38) => "網の障害",
        (Emm, 18) => "回線交換ドメインは利用できません",
        (Emm, 19) => "セッションを開設できません",
        (Emm | Gmm, 20) => "カードが網を認証できません(MAC不一致)",
        (Emm | Gmm, 21) => "シーケンス番号が範囲外です",
        (Emm, 23) => "端末のセキュリティ能力が一致しません",
        (Emm, 24) => "セキュリティモードが拒否されました",
        (Emm | Gmm, 96) => "必須情報が不正です",
        (Emm | Gmm, 97) => "未対応のメッセージ種別です",
        (Emm | Gmm, 98) => "この状態では扱えないメッセージです",
        (Emm, 111) => "プロトコル誤り",
        (Esm | Sm, 26) => "資源不足",
        (Esm | Sm, 27) => "APNがないか、知られていません",
        (Esm | Sm | Mm, 33) => "要求されたサービスは契約にありません",
        (Esm | Sm, 36) => "通常の解放",
        (Esm, 54) => "PDN接続がありません",
        (Mm, 4) => "VLRにこのIMSIがありません",
        (Rp, 8) => "事業者による規制",
        (Rp, 50) => "要求された機能は契約にありません",
        (Diameter, 3002) => "相手が応答しません",
        (Diameter, 5001) => "この加入者はいません",
        (Diameter, 5004) => "ローミングは契約にありません",
        (Diameter, 4181) => "認証情報を用意できません",
        (Gtp, 64) => "セッションがありません",
        (Gtp, 84) => "割り当てるアドレスがありません",
        (Gtp, 100) => "相手が応答しません",
        (Icmp, 0) => "ネットワークに到達できません",
        (Icmp, 1) => "ホストに到達できません",
        (Icmp, 13) => "管理上の理由で通信が禁止されています",
        _ => return None,
    })
}

/// Why the traffic policy platform has decided so.
pub fn decision(decision: &Decision) -> Words {
    let host = &decision.destination.host;
    let ja = match (&decision.address, decision.rule, decision.class) {
        (None, ..) => format!("{host}という名前は解決できません"),
        (_, Some(rule), _) => {
            let verb = if decision.action == Action::Allow { "許可" } else { "拒否" };
            format!("規則traffic[{rule}]が{verb}しています")
        }
        (_, None, Class::Provisioning) => {
            "許可する規則がありません。プロビジョニングプロファイルは他のどこにも届きません".to_string()
        }
        (_, None, Class::Operational) => "拒否する規則がなく、契約にこのAPNがあります".to_string(),
    };
    Words::new(&decision.reason, ja)
}

/// Why a procedure of the modem came to nothing.
pub fn modem_error(error: &ModemError) -> Words {
    let ja = match error {
        ModemError::Usim(UsimError::NoUsim) => "USIMがありません。有効なプロファイルがありません".to_string(),
        ModemError::Usim(UsimError::Card { what, sw }) => format!("カードが{what}に{sw:04X}と答えました"),
        ModemError::Usim(UsimError::File(what)) => format!("{what}が読めません"),
        ModemError::NoCell => "圏外です。使えるセルがありません".to_string(),
        ModemError::Refused { cause: why, .. } => format!("拒否されました。{}", cause(why).ja),
        ModemError::AuthenticationRejected { reported } => {
            let reported =
                reported.map_or(String::new(), |why| format!("。カードの答え: {}", cause(&why).ja));
            format!("認証が拒否されました{reported}")
        }
        ModemError::NotGenuine => "網のメッセージを検証できません".to_string(),
        ModemError::NotRegistered => "網に登録されていません".to_string(),
        ModemError::Silent => "網から応答がありません".to_string(),
        ModemError::Text => "ショートメッセージはGSM文字で160字までです".to_string(),
        ModemError::OutOfOrder => "求めていない応答が来ました".to_string(),
    };
    Words::new(error.to_string(), ja)
}

/// How a device stands with the network.
pub fn state(state: ServiceState) -> Words {
    let (en, ja) = match state {
        ServiceState::Off => ("off", "オフ"),
        ServiceState::NoUsim => ("no USIM", "USIMなし"),
        ServiceState::Limited => ("limited service", "緊急通報のみ"),
        ServiceState::NoService => ("no service", "圏外"),
        ServiceState::InService => ("in service", "在圏"),
    };
    Words::new(en, ja)
}

/// The device's display in one line; `error` is why there is no service.
pub fn display(service: &ServiceView, error: Option<&ModemError>) -> Words {
    let mut out = state(service.state);
    if service.state == ServiceState::InService {
        let operator = service.operator.as_deref().unwrap_or_default();
        let bars = service.bars;
        out.en += &format!(": {operator}, {bars} bars");
        out.ja += &format!("。{operator}、アンテナ{bars}本");
        if service.roaming {
            out.en += ", roaming";
            out.ja += "、ローミング中";
        }
        if !service.calls {
            out.en += ", packets only";
            out.ja += "、パケットのみ";
        }
    } else if let Some(error) = error.map(modem_error) {
        out.en += &format!(": {}", error.en);
        out.ja += &format!("。{}", error.ja);
    }
    out
}
