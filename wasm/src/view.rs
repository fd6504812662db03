//! What the page is given: plain values, texts in both languages.

use esim_net::{Modem, ServiceState};
use esim_world::{RulesMistake, Words};
use serde::Serialize;
use serde_json::Value;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Order {
    pub iccid: String,
    pub matching_id: String,
    /// `LPA:1$…`; empty before the order is confirmed.
    pub activation_code: String,
    /// The same as a QR code.
    pub qr_svg: String,
    /// SGP.22 3.1.6.
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
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Answered {
    /// Of HTTP.
    pub status: u16,
    /// JSON, or nothing.
    pub body: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Phone {
    eid: String,
    profiles: Vec<Profile>,
    /// Provisioning profiles, which an ordinary list leaves out (SGP.22 2.4.5.2).
    provisioning: Vec<Profile>,
    /// Notifications that wait.
    notifications: usize,
    /// Octets.
    free_memory: u32,
    service: Service,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
struct Profile {
    iccid: String,
    isdp_aid: String,
    #[cfg_attr(test, ts(type = "\"enabled\" | \"disabled\""))]
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    nickname: Option<String>,
    service_provider_name: String,
    profile_name: String,
    class: String,
}

impl Profile {
    fn of(profile: &esim_lpa::Profile) -> Self {
        Self {
            iccid: profile.metadata.iccid.map(|iccid| iccid.to_string()).unwrap_or_default(),
            isdp_aid: hex::encode(&profile.isdp_aid),
            state: if profile.enabled { "enabled" } else { "disabled" },
            nickname: profile.nickname.clone(),
            service_provider_name: profile.metadata.service_provider_name.clone().unwrap_or_default(),
            profile_name: profile.metadata.profile_name.clone().unwrap_or_default(),
            class: profile.metadata.class.clone().unwrap_or_default(),
        }
    }
}

/// What the modem shows.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
struct Service {
    state: ServiceState,
    operator: String,
    imsi: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    msisdn: Option<String>,
    mcc_mnc: String,
    attached: bool,
    /// 0 to 4.
    bars: u8,
    roaming: bool,
    /// Whether the network has registered the device for calls and short messages, too.
    calls: bool,
    /// Why there is no service.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    cause: Option<Words>,
}

impl Service {
    fn of(modem: &Modem) -> Self {
        let view = modem.service();
        Self {
            attached: view.state == ServiceState::InService,
            state: view.state,
            operator: view.operator.unwrap_or_default(),
            imsi: view.imsi.unwrap_or_default(),
            msisdn: view.msisdn,
            mcc_mnc: view.plmn.map(|plmn| plmn.to_string()).unwrap_or_default(),
            bars: view.bars,
            roaming: view.roaming,
            calls: view.calls,
            cause: modem.error().map(esim_world::words::modem_error),
        }
    }
}

/// Whether a text is a set of rules.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct RulesAnswer {
    ok: bool,
    /// Line, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    reason: Option<Words>,
}

impl RulesAnswer {
    /// It is.
    pub fn sound() -> Self {
        Self { ok: true, line: None, reason: None }
    }

    /// It is not.
    pub fn refused(mistake: &RulesMistake) -> Self {
        Self { ok: false, line: mistake.line, reason: Some(mistake.words()) }
    }
}

/// A scenario in a list.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ScenarioInfo {
    pub name: String,
    pub title: Words,
    pub summary: Words,
    /// What is done, a line a step.
    pub steps: Vec<Words>,
}

impl Phone {
    pub fn of(phone: &esim_world::Phone, modem: &Modem) -> Self {
        Self {
            eid: phone.chip.eid.clone(),
            profiles: phone.profiles.iter().map(Profile::of).collect(),
            provisioning: phone.provisioning.iter().map(Profile::of).collect(),
            notifications: phone.notifications,
            free_memory: phone.chip.info.resources.free_non_volatile.unwrap_or(0),
            service: Service::of(modem),
        }
    }
}
