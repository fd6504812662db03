//! What the page is given: plain values, texts in both languages.

use esim_lpa::{Answer, Download, Effect, Lang, Question, Session};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A text in both languages.
#[derive(Serialize)]
pub struct Both {
    en: String,
    ja: String,
}

impl Both {
    fn of(text: impl Fn(Lang) -> String) -> Self {
        Self { en: text(Lang::En), ja: text(Lang::Ja) }
    }

    fn from(en: &str, ja: &str) -> Self {
        Self { en: en.into(), ja: ja.into() }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Order {
    pub iccid: String,
    pub matching_id: String,
    pub activation_code: String,
    pub qr_svg: String,
    pub state: String,
}

/// Orders as the SM lists them.
pub fn orders(listed: &Value) -> Vec<Order> {
    let text = |order: &Value, name: &str| order[name].as_str().unwrap_or_default().to_string();
    let all = listed["orders"].as_array().into_iter().flatten();
    all.map(|order| {
        let activation_code = text(order, "activationCode");
        Order {
            iccid: text(order, "iccid"),
            matching_id: text(order, "matchingId"),
            qr_svg: qr(&activation_code).unwrap_or_default(),
            activation_code,
            state: text(order, "state"),
        }
    })
    .collect()
}

/// A QR code as SVG.
pub fn qr(text: &str) -> Result<String, String> {
    let code = qrcode::QrCode::new(text.as_bytes()).map_err(|error| error.to_string())?;
    Ok(code.render::<qrcode::render::svg::Color<'_>>().min_dimensions(160, 160).build())
}

/// What the SM has answered to the operator.
#[derive(Serialize)]
pub struct Answered {
    pub status: u16,
    pub body: String,
}

#[derive(Serialize)]
pub struct Delivered {
    pub sent: usize,
    pub kept: usize,
}

#[derive(Serialize)]
pub struct Step {
    done: bool,
    phase: String,
    progress: Count,
    #[serde(skip_serializing_if = "Option::is_none")]
    question: Option<Asked>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<Ended>,
}

#[derive(Serialize)]
struct Count {
    done: u32,
    total: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Asked {
    kind: &'static str,
    title: Both,
    text: Both,
    service_provider_name: String,
    profile_name: String,
    strong: bool,
}

#[derive(Serialize)]
struct Ended {
    ok: bool,
    title: Both,
    detail: Both,
}

impl Step {
    pub fn of(session: &Session<Download>) -> Self {
        let progress = session.progress();
        let (question, outcome) = match session.pending() {
            Effect::Ask(question) => (Some(Asked::of(question)), None),
            Effect::Done(outcome) => (None, Some(outcome)),
            _ => (None, None),
        };
        let outcome = outcome.map(|outcome| Ended {
            ok: outcome.is_installed(),
            title: match outcome.is_installed() {
                true => Both::from("Installed", "インストール完了"),
                false => Both::from("Not installed", "インストールできませんでした"),
            },
            detail: Both::of(|lang| outcome.text(lang)),
        });
        Self {
            done: outcome.is_some(),
            phase: format!("{:?}", progress.phase).to_lowercase(),
            progress: Count { done: u32::from(progress.percent()), total: 100 },
            question,
            outcome,
        }
    }
}

impl Asked {
    fn of(question: &Question) -> Self {
        let text = Both::of(|lang| question.text(lang));
        match question {
            Question::Consent(consent) => Self {
                kind: "consent",
                title: Both::from("Install this profile?", "このプロファイルをインストールしますか?"),
                text,
                service_provider_name: consent.profile.service_provider_name.clone().unwrap_or_default(),
                profile_name: consent.profile.profile_name.clone().unwrap_or_default(),
                strong: consent.strong,
            },
            Question::ConfirmationCode(request) => Self {
                kind: "confirmationCode",
                title: Both::from("Confirmation code", "確認コード"),
                text,
                service_provider_name: request.service_provider_name.clone(),
                profile_name: request.profile_name.clone(),
                strong: false,
            },
        }
    }
}

/// What the user said on the page.
#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Said {
    Consent { accept: Value },
    ConfirmationCode { code: String },
}

impl From<Said> for Answer {
    fn from(said: Said) -> Self {
        match said {
            Said::ConfirmationCode { code } => Self::ConfirmationCode(code),
            Said::Consent { accept: Value::Bool(true) } => Self::Accept,
            Said::Consent { accept: Value::Bool(false) } => Self::Reject,
            Said::Consent { .. } => Self::Postpone,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Phone {
    eid: String,
    profiles: Vec<Profile>,
    notifications: usize,
    free_memory: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<Service>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Profile {
    iccid: String,
    isdp_aid: String,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    nickname: Option<String>,
    service_provider_name: String,
    profile_name: String,
    class: String,
}

/// What the modem has brought.
#[derive(Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Service {
    operator: String,
    imsi: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    msisdn: Option<String>,
    mcc_mnc: String,
    attached: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<String>,
}

impl Service {
    pub fn of(attached: Result<esim_net::Report, String>) -> Self {
        match attached {
            Ok(report) => Self {
                operator: report.spn.unwrap_or_else(|| report.plmn.clone()),
                imsi: report.imsi,
                msisdn: report.msisdn,
                mcc_mnc: report.plmn,
                attached: true,
                cause: None,
            },
            Err(cause) => Self { cause: Some(cause), ..Self::default() },
        }
    }
}

impl Phone {
    pub fn of(phone: &esim_world::Phone, service: Option<Service>) -> Self {
        let profiles = phone.profiles.iter().map(|profile| Profile {
            iccid: profile.metadata.iccid.map(|iccid| iccid.to_string()).unwrap_or_default(),
            isdp_aid: hex::encode(&profile.isdp_aid),
            state: if profile.enabled { "enabled" } else { "disabled" },
            nickname: profile.nickname.clone(),
            service_provider_name: profile.metadata.service_provider_name.clone().unwrap_or_default(),
            profile_name: profile.metadata.profile_name.clone().unwrap_or_default(),
            class: profile.metadata.class.clone().unwrap_or_default(),
        });
        Self {
            eid: phone.chip.eid.clone(),
            profiles: profiles.collect(),
            notifications: phone.notifications,
            free_memory: phone.chip.info.resources.free_non_volatile.unwrap_or(0),
            service,
        }
    }
}
