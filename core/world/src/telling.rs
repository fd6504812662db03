//! What is done and what comes of it, for a person, in English and Japanese.

use crate::act::Act;
use crate::done::{Done, Listed, Service};
use crate::operator::Wish;
use crate::words::{Words, party, state};

impl Act {
    /// What is done, for a person.
    #[allow(clippy::too_many_lines, reason = "a table: the words of each, in both languages")]
    pub fn words(&self) -> Words {
        let class = |it: &Wish| match it.class() {
            "provisioning" => "プロビジョニング",
            "operational" => "運用",
            "test" => "試験",
            _ => "",
        };
        let (en, ja) = match self {
            Self::LeaveFactory => (
                "in the factory: the provisioning profile is loaded".into(),
                "工場でプロビジョニングプロファイルを書き込む".into(),
            ),
            Self::Load(it) => (
                format!("in the factory: load the {} profile {}", it.class(), it.id),
                format!("工場で{}プロファイル{}を書き込む", class(it), it.id),
            ),
            Self::Order(it) if it.id.is_empty() => {
                ("the operator orders a profile".into(), "事業者がプロファイルを注文する".into())
            }
            Self::Order(it) => (
                format!("the operator orders the {} profile {}", it.class(), it.id),
                format!("事業者が{}プロファイル{}を注文する", class(it), it.id),
            ),
            Self::Download(id) => (format!("the LPA downloads {id}"), format!("LPAが{id}をダウンロードする")),
            // One story, however many steps it takes.
            Self::Begin(_) | Self::Step(_) | Self::Answer(_) => {
                ("the LPA downloads a profile".into(), "LPAがプロファイルをダウンロードする".into())
            }
            Self::Enable(id) => (format!("the LPA enables {id}"), format!("LPAが{id}を有効にする")),
            Self::Disable(id) => (format!("the LPA disables {id}"), format!("LPAが{id}を無効にする")),
            Self::Delete(id) => (format!("the LPA deletes {id}"), format!("LPAが{id}を削除する")),
            Self::Name { profile, name } if name.is_empty() => {
                (format!("the LPA takes the name of {profile} away"), format!("LPAが{profile}の名前を消す"))
            }
            Self::Name { profile, name } => (
                format!("the LPA names {profile} {name:?}"),
                format!("LPAが{profile}に「{name}」と名前を付ける"),
            ),
            Self::List => ("the LPA lists the profiles".into(), "LPAがプロファイルの一覧を見る".into()),
            Self::FallBack => (
                "the LPA falls back to the provisioning profile".into(),
                "LPAがプロビジョニングプロファイルに戻る".into(),
            ),
            Self::MemoryReset => (
                "the LPA deletes all operational profiles (memory reset)".into(),
                "LPAが運用プロファイルをすべて削除する(メモリーリセット)".into(),
            ),
            Self::Notify => ("the LPA delivers notifications".into(), "LPAが通知を届ける".into()),
            Self::RadioOn => ("the radio goes on".into(), "電波をオンにする".into()),
            Self::Reach => ("the LPA sees to a way to the SM".into(), "SMへの経路を用意する".into()),
            Self::RadioOff => ("the radio goes off".into(), "電波をオフにする".into()),
            Self::Wifi(true) => ("Wi-Fi goes on".into(), "Wi-Fiをオンにする".into()),
            Self::Wifi(false) => ("Wi-Fi goes off".into(), "Wi-Fiをオフにする".into()),
            Self::Apn(apn) => {
                (format!("the user types the APN {apn}"), format!("利用者がAPNに{apn}と入力する"))
            }
            Self::Cells(cells) => {
                let all: Vec<String> = cells
                    .iter()
                    .map(|cell| format!("{} {:?} {} dBm", cell.plmn, cell.rat, cell.level))
                    .collect();
                (
                    format!("the device is taken where it hears {}", all.join(", ")),
                    format!("端末を{}の届く場所へ移す", all.join("、")),
                )
            }
            Self::Browse(to) => (format!("the user opens {to}"), format!("利用者が{to}を開く")),
            Self::Call => ("the user calls".into(), "利用者が電話をかける".into()),
            Self::Text { to, text } => {
                (format!("the user sends {text:?} to {to}"), format!("利用者が{to}に「{text}」と送る"))
            }
            Self::Supplementary => {
                ("the user asks for call forwarding".into(), "利用者が転送電話を設定する".into())
            }
            Self::Update => ("the device updates its location".into(), "端末が位置登録を更新する".into()),
            Self::OpenApn(apn) => {
                (format!("the device opens a connection on {apn}"), format!("端末が{apn}への接続を開く"))
            }
            Self::Rules(_) => {
                ("the operator changes the network's rules".into(), "事業者が網の規則を変える".into())
            }
            Self::WrongKey(id) => (
                format!("the network's key for {id} is not the card's"),
                format!("{id}の鍵が網とカードで違う"),
            ),
            Self::Sqn { profile, value } => (
                format!("the network's sequence number for {profile} is {value}"),
                format!("網にある{profile}のシーケンス番号を{value}にする"),
            ),
            Self::CopyCard => {
                ("a second device gets a copy of the card".into(), "2台目の端末にカードの複製を入れる".into())
            }
            Self::UseDevice(number) => {
                (format!("device {number} is taken in hand"), format!("端末{number}を手に取る"))
            }
            Self::Withdraw(id) => {
                (format!("the operator ends the subscription of {id}"), format!("事業者が{id}の契約を終える"))
            }
            Self::ShowOrder(id) => {
                (format!("the operator looks at the order of {id}"), format!("事業者が{id}の注文を見る"))
            }
            Self::Break(filter) => {
                let at = filter.words();
                (format!("a break point: {}", at.en), format!("ブレークポイント: {}", at.ja))
            }
            Self::GoOn => ("it goes on".into(), "続ける".into()),
            Self::Tamper(tampering) => {
                let Words { en, ja } = tampering.words();
                (en, ja)
            }
            Self::Clock { of, seconds } => {
                let of = party(*of);
                (
                    format!("the clock of the {} is off by {seconds} seconds", of.en),
                    format!("{}の時計が{seconds}秒ずれる", of.ja),
                )
            }
            Self::Mend => ("everything goes through as it is again".into(), "すべて元どおりに届く".into()),
        };
        Words { en, ja }
    }
}

impl Done {
    /// What has come of it, for a person.
    #[allow(clippy::too_many_lines, reason = "a table: the words of each, in both languages")]
    pub fn words(&self) -> Words {
        let two = |en: &str, ja: &str| Words::new(en, ja);
        match self {
            Self::Ordered { imsi, .. } => {
                Words::new(format!("ordered: IMSI {imsi}"), format!("注文しました。IMSI {imsi}"))
            }
            Self::NotOrdered { reason, .. } => {
                Words::new(format!("not ordered: {reason}"), format!("注文できません({reason})"))
            }
            Self::Installed => two("installed", "インストールしました"),
            Self::NotInstalled(why) => Words::new(
                format!("not installed: {}", why.detail.en),
                format!("インストールできません。{}", why.detail.ja),
            ),
            Self::Loaded { sent } => Words::new(
                format!("installed, enabled, {sent} notifications delivered"),
                format!("インストールしました。有効にし、通知{sent}件を届けました"),
            ),
            Self::NotLoaded { installed, not_enabled } => {
                let installed = installed.words();
                match not_enabled {
                    None => installed,
                    Some(why) => Words::new(
                        format!("{}; not enabled: {why}", installed.en),
                        format!("{}。有効にできません({why})", installed.ja),
                    ),
                }
            }
            Self::Download(stage) => match (&stage.outcome, &stage.question) {
                (Some(ended), _) => {
                    Words::new(format!("{}: {}", ended.title.en, ended.detail.en), ended.detail.ja.clone())
                }
                (None, Some(asked)) => asked.title.clone(),
                (None, None) => Words::new(
                    format!("{}, {} %", stage.phase, stage.percent),
                    format!("{}、{}%", stage.phase, stage.percent),
                ),
            },
            Self::Deleted => two("deleted", "削除しました"),
            Self::Named => two("named", "名前を付けました"),
            Self::Listed { profiles } if profiles.is_empty() => {
                two("listed: no profile", "プロファイルはありません")
            }
            Self::Listed { profiles } => {
                let each = |word: &dyn Fn(&Listed) -> String, between: &str| {
                    profiles.iter().map(word).collect::<Vec<_>>().join(between)
                };
                let en = |it: &Listed| {
                    format!(
                        "{} is {}",
                        it.service_provider_name,
                        if it.enabled { "enabled" } else { "disabled" }
                    )
                };
                let ja = |it: &Listed| {
                    format!("{}は{}", it.service_provider_name, if it.enabled { "有効" } else { "無効" })
                };
                Words::new(format!("listed: {}", each(&en, ", ")), each(&ja, "、"))
            }
            Self::Order { state, on_card: None } => {
                Words::new(format!("the order is {state}"), format!("注文の状態は{state}"))
            }
            Self::Order { state, on_card: Some(on_card) } => Words::new(
                format!("the order is {state}, the profile on the card is {on_card}"),
                format!("注文の状態は{state}、カード上のプロファイルは{on_card}"),
            ),
            Self::NothingToFallBackTo => two("nothing to fall back to", "戻る先がありません"),
            Self::NotDone { reason } => {
                Words::new(format!("not done: {reason}"), format!("できません({reason})"))
            }
            Self::Delivered { sent, kept } => Words::new(
                format!("{sent} delivered, {kept} kept"),
                format!("{sent}件を届け、{kept}件を残す"),
            ),
            Self::Service(service) => service.words(),
            Self::Radio(attempt) => attempt.words(),
            Self::Wifi { on: true } => two("Wi-Fi is on", "Wi-Fiはオンです"),
            Self::Wifi { on: false } => two("Wi-Fi is off", "Wi-Fiはオフです"),
            Self::Typed => two("typed", "入力しました"),
            Self::RulesTaken { .. } => two("taken", "反映しました"),
            Self::RulesRefused { reason, .. } => {
                Words::new(format!("not taken: {}", reason.en), format!("反映できません。{}", reason.ja))
            }
            Self::Changed => two("changed", "変えました"),
            Self::Stopped { message } => Words::new(
                format!("stopped before message {message} arrives"),
                format!("メッセージ{message}が届く前で止まりました"),
            ),
            Self::Armed => two("armed", "用意しました"),
            Self::Mended => two("mended", "元に戻しました"),
            Self::Set => two("set", "設定しました"),
            Self::InHand { device, service } => {
                let shown = service.as_ref().map(|service| service.display.clone()).unwrap_or_default();
                match service {
                    None => Words::new(format!("device {device} in hand"), format!("手元は端末{device}")),
                    Some(_) => Words::new(
                        format!("device {device} in hand: {}", shown.en),
                        format!("手元は端末{device}。{}", shown.ja),
                    ),
                }
            }
        }
    }
}

impl Service {
    /// What the device shows; or its state, and why the act has not come to service.
    fn words(&self) -> Words {
        match &self.reason {
            None => self.display.clone(),
            Some(reason) => {
                let state = state(self.view.state);
                Words::new(format!("{}: {}", state.en, reason.en), format!("{}。{}", state.ja, reason.ja))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Endings of a download, each with members of its own.
    #[test]
    fn why_a_profile_is_not_installed_is_told_in_a_sentence() {
        let code = json!({ "value": 2, "name": "invalidSignature" });
        let lost =
            json!({ "peer": "server", "function": "authenticateClient", "detail": "the connection is lost" });
        let refusal = json!({ "function": "authenticateClient", "subject": "8.2.6", "reason": "3.8" });
        let error = json!({ "sequenceNumber": 1, "bppCommand": code, "reason": code });
        let card = json!({ "function": "AuthenticateServer", "code": code, "explanation": "Altered." });
        for (kind, mut ending, words) in [
            ("cardRefused", card, "The card refused AuthenticateServer (invalidSignature)"),
            ("lost", lost, "The server did not answer authenticateClient (the connection is lost)"),
            ("refused", refusal, "The server refused authenticateClient (8.2.6/3.8)"),
            ("notInstalled", error, "The server's signature of the package is wrong"),
        ] {
            ending["type"] = kind.into();
            let ending = serde_json::from_value(ending).expect(kind);
            let outcome = esim_lpa::Outcome { ending, profile: None, cancelled: None, notifications: None };
            let not_installed = Done::of_download(outcome);
            let not_loaded =
                Done::NotLoaded { installed: Box::new(not_installed.clone()), not_enabled: None };
            for done in [not_installed, not_loaded] {
                let Words { en, .. } = done.words();
                assert!(en.starts_with(&format!("not installed: {words}")), "{en}");
                assert!(!en.contains("{ ") && !en.contains("(CardRefusal"), "{en}");
            }
        }
    }
}
