//! Scenarios of the network as data: what is done, step by step, and what must come of it. A [`crate::Stage`] plays
//! them.

use crate::oracle::Expectation;
use crate::words::Words;
use crate::world::WorldError;
use esim_net::{Cell, Contract, Rules};
use serde::Deserialize;

/// What happens.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// One line.
    pub title: String,
    /// A few sentences.
    pub summary: String,
    /// The title in Japanese.
    pub title_ja: Option<String>,
    /// The summary in Japanese.
    pub summary_ja: Option<String>,
    /// Of the world.
    #[serde(default = "seven")]
    pub seed: u64,
    /// Of the network; the defaults where absent.
    #[serde(default)]
    pub rules: Rules,
    /// Steps.
    pub step: Vec<Step>,
}

fn seven() -> u64 {
    7
}

/// A step.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// What is done.
    #[serde(rename = "do")]
    pub act: Act,
    /// What it must come to.
    pub expect: Expectation,
}

/// What can be done.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Act {
    /// In the factory: a profile is ordered, loaded over the factory's own line and enabled.
    Load(Subscriber),
    /// The operator orders a profile, at the SM and for the network.
    Order(Subscriber),
    /// The LPA fetches it.
    Download(String),
    /// The LPA enables it.
    Enable(String),
    /// The LPA disables it.
    Disable(String),
    /// The LPA deletes it.
    Delete(String),
    /// The LPA enables the provisioning profile where none is enabled.
    FallBack,
    /// The LPA deletes all operational profiles.
    MemoryReset,
    /// The LPA delivers notifications.
    Notify,
    /// The radio goes on.
    RadioOn,
    /// The radio goes off.
    RadioOff,
    /// The user types an APN.
    Apn(String),
    /// The device is taken where these cells are heard.
    Cells(Vec<Cell>),
    /// The user opens a web page.
    Browse(String),
    /// The user calls.
    Call,
    /// The user sends a short message.
    Text {
        /// Number.
        to: String,
        /// Text.
        text: String,
    },
    /// The user asks for call forwarding.
    Supplementary,
    /// The device shows that it is still there.
    Update,
    /// The device opens a second connection.
    OpenApn(String),
    /// The operator changes the network's rules.
    Rules(Box<Rules>),
    /// The network's copy of a subscriber's key is not the card's.
    WrongKey(String),
    /// The network's sequence number for a subscriber is set, hexadecimal.
    Sqn {
        /// Whose.
        profile: String,
        /// 12 digits at most.
        value: String,
    },
    /// A second device gets a copy of the card.
    CopyCard,
    /// A device is taken in hand, from 0.
    UseDevice(usize),
    /// The operator ends a subscription.
    Withdraw(String),
}

/// A subscriber of a scenario.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subscriber {
    /// By which later steps name the profile.
    pub id: String,
    /// `provisioning` or `operational`.
    pub class: String,
    /// By class if absent.
    pub contract: Option<Contract>,
    /// `milenage` if absent.
    pub algorithm: Option<String>,
}

/// Why a scenario cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// Not in its form.
    #[error("{0}")]
    Form(String),
    /// The world.
    #[error(transparent)]
    World(#[from] WorldError),
}

macro_rules! scenarios {
    ($($name:literal),* $(,)?) => {
        /// Scenarios that come with esim-lab: name and text.
        pub const SCENARIOS: &[(&str, &str)] = &[
            $(($name, include_str!(concat!("../../../tests/cases/net/", $name, "/scenario.toml")))),*
        ];
    };
}

scenarios![
    "first-power-on-pp-to-op",
    "pp-tries-web-call-sms",
    "wrong-apn-still-reaches-sm",
    "sm-unreachable-by-policy-mistake",
    "roaming",
    "op-disabled-falls-back-to-pp",
    "two-devices-one-subscription",
    "wrong-ki",
    "sqn-out-of-range",
    "profile-deleted-while-attached",
    "umts",
    "service-by-contract",
];

/// The text of a scenario that comes with esim-lab.
pub fn find_scenario(name: &str) -> Option<&'static str> {
    SCENARIOS.iter().find(|(own, _)| *own == name).map(|(_, text)| *text)
}

impl Scenario {
    /// Reads a scenario, TOML.
    ///
    /// # Errors
    /// Line and cause.
    pub fn read(text: &str) -> Result<Self, ScenarioError> {
        let scenario: Self = toml::from_str(text).map_err(|error| ScenarioError::Form(error.to_string()))?;
        scenario.rules.validate().map_err(|error| ScenarioError::Form(format!("rules.{error}")))?;
        Ok(scenario)
    }

    /// The title in both languages, in English alone if the file has no other.
    pub fn title(&self) -> Words {
        Words::new(&self.title, self.title_ja.as_ref().unwrap_or(&self.title))
    }

    /// The summary in both languages, each in one paragraph.
    pub fn summary(&self) -> Words {
        let flow = |text: &str, space: &str| text.trim().lines().collect::<Vec<_>>().join(space);
        let en = flow(&self.summary, " ");
        let ja = self.summary_ja.as_ref().map_or_else(|| en.clone(), |text| flow(text, ""));
        Words::new(en, ja)
    }
}

impl Act {
    /// What is done, for a person.
    pub fn words(&self) -> Words {
        let class = |it: &Subscriber| match it.class.as_str() {
            "provisioning" => "プロビジョニング",
            "operational" => "運用",
            "test" => "試験",
            _ => "",
        };
        let (en, ja) = match self {
            Self::Load(it) => (
                format!("in the factory: load the {} profile {}", it.class, it.id),
                format!("工場で{}プロファイル{}を書き込む", class(it), it.id),
            ),
            Self::Order(it) => (
                format!("the operator orders the {} profile {}", it.class, it.id),
                format!("事業者が{}プロファイル{}を注文する", class(it), it.id),
            ),
            Self::Download(id) => (format!("the LPA downloads {id}"), format!("LPAが{id}をダウンロードする")),
            Self::Enable(id) => (format!("the LPA enables {id}"), format!("LPAが{id}を有効にする")),
            Self::Disable(id) => (format!("the LPA disables {id}"), format!("LPAが{id}を無効にする")),
            Self::Delete(id) => (format!("the LPA deletes {id}"), format!("LPAが{id}を削除する")),
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
            Self::RadioOff => ("the radio goes off".into(), "電波をオフにする".into()),
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
        };
        Words { en, ja }
    }
}
