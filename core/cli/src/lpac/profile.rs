//! `profile`: what is on the card, and what is done with it.

use super::euicc::{Euicc, NO_ANSWER};
use super::line::{Failed, failure, success};
use super::raw::Raw;
use esim_lpa::ProfileRef;
use esim_lpa::manage::{Delete, SetNickname};
use esim_rsp::es8p::ProfileClass;
use esim_rsp::es10c::{ProfileInfo, ProfileInfoListRequest, ProfileInfoListResponse, ProfileState};
use esim_rsp::json::Base64;
use esim_rsp::{Iccid, tbcd};
use serde::Serialize;

/// Digits of an AID of 16 octets: what is as long is none of an ICCID.
const AID_DIGITS: usize = 32;

const ILLEGAL: &str = "internal error, maybe illegal iccid/aid coding";
const NOT_FOUND: (u32, &str) = (1, "iccid or aid not found");
const NOT_DISABLED: (u32, &str) = (2, "profile not in disabled state");
const NOT_ENABLED: (u32, &str) = (2, "profile not in enabled state");
const POLICY: (u32, &str) = (3, "disallowed by policy");
const REENABLING: (u32, &str) = (4, "wrong profile reenabling");
const UNANSWERED: (u32, &str) = (NO_ANSWER, ILLEGAL);

/// A profile as lpac lists it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    iccid: Option<String>,
    isdp_aid: Option<String>,
    profile_state: Option<&'static str>,
    profile_nickname: Option<String>,
    service_provider_name: Option<String>,
    profile_name: Option<String>,
    icon_type: Option<&'static str>,
    icon: Option<Base64>,
    profile_class: Option<&'static str>,
}

/// `profile list`.
pub(super) async fn list(euicc: &mut Euicc) -> Result<(), Failed> {
    const FUNCTION: &str = "es10c_get_profiles_info";
    let command = Raw::<ProfileInfoListResponse>::new(&ProfileInfoListRequest::default());
    match euicc.read(FUNCTION, &command).await? {
        ProfileInfoListResponse::ProfileInfoListOk(profiles) => {
            success(profiles.into_iter().map(Listed::from).collect::<Vec<_>>());
            Ok(())
        }
        ProfileInfoListResponse::ProfileInfoListError(_) => Err(failure(FUNCTION, "")),
    }
}

/// `profile enable`.
pub(super) async fn enable(euicc: &mut Euicc, arguments: &[String]) -> Result<(), Failed> {
    const FUNCTION: &str = "es10c_enable_profile";
    let (profile, refresh) = switched("enable", FUNCTION, arguments)?;
    let reasons = [NOT_FOUND, NOT_DISABLED, POLICY, REENABLING, UNANSWERED];
    euicc.switch(FUNCTION, (profile, true), refresh, &reasons).await?;
    success(());
    Ok(())
}

/// `profile disable`.
pub(super) async fn disable(euicc: &mut Euicc, arguments: &[String]) -> Result<(), Failed> {
    const FUNCTION: &str = "es10c_disable_profile";
    let (profile, refresh) = switched("disable", FUNCTION, arguments)?;
    let reasons = [NOT_FOUND, NOT_ENABLED, POLICY, UNANSWERED];
    euicc.switch(FUNCTION, (profile, false), refresh, &reasons).await?;
    success(());
    Ok(())
}

/// `profile delete`.
pub(super) async fn delete(euicc: &mut Euicc, arguments: &[String]) -> Result<(), Failed> {
    const FUNCTION: &str = "es10c_delete_profile";
    let Some(name) = arguments.first() else {
        say!("Usage: delete [iccid/aid]");
        return Err(Failed);
    };
    let profile = named(name).ok_or_else(|| failure(FUNCTION, ILLEGAL))?;
    euicc.change(FUNCTION, &Delete { profile }, &[NOT_FOUND, NOT_DISABLED, POLICY, UNANSWERED]).await?;
    success(());
    Ok(())
}

/// `profile nickname`.
pub(super) async fn nickname(euicc: &mut Euicc, arguments: &[String]) -> Result<(), Failed> {
    const FUNCTION: &str = "es10c_set_nickname";
    let Some(digits) = arguments.first() else {
        say!("Usage: nickname [iccid] [new_name]");
        say!("\t[new_name]: optional");
        return Err(Failed);
    };
    let iccid = iccid(digits).ok_or_else(|| failure(FUNCTION, "unknown"))?;
    let nickname = arguments.get(1).cloned().unwrap_or_default();
    euicc.change(FUNCTION, &SetNickname { iccid, nickname }, &[(1, "iccid not found")]).await?;
    success(());
    Ok(())
}

/// Which profile, and whether the card shall send REFRESH: not unless a number says so.
fn switched(command: &str, function: &str, arguments: &[String]) -> Result<(ProfileRef, bool), Failed> {
    let Some(name) = arguments.first() else {
        say!("Usage: {command} [iccid/aid] [refreshflag]");
        say!("\t[refreshflag]: optional");
        return Err(Failed);
    };
    let profile = named(name).ok_or_else(|| failure(function, ILLEGAL))?;
    let flag = arguments.get(1).map_or("", |flag| flag.trim_start().trim_start_matches(['+', '-']));
    let digits = flag.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
    Ok((profile, digits.bytes().any(|digit| digit != b'0')))
}

fn named(text: &str) -> Option<ProfileRef> {
    match text.len() {
        AID_DIGITS => hex::decode(text).ok().map(ProfileRef::Aid),
        _ => iccid(text).map(ProfileRef::Iccid),
    }
}

/// Any digits, at most 20: what is no ICCID is not on the card.
fn iccid(text: &str) -> Option<Iccid> {
    let digits = text.trim_end_matches(['F', 'f']);
    let sound = text.len() <= 20 && digits.bytes().all(|c| c.is_ascii_digit());
    sound.then(|| Iccid::from_octets(tbcd::padded(digits.bytes().map(|c| c - b'0'))))
}

impl From<ProfileInfo> for Listed {
    fn from(info: ProfileInfo) -> Self {
        Self {
            iccid: info.iccid.map(|iccid| iccid.to_string()),
            isdp_aid: info.isdp_aid.map(hex::encode),
            profile_state: info.profile_state.map(|state| match state {
                ProfileState::disabled => "disabled",
                ProfileState::enabled => "enabled",
                _ => "unknown",
            }),
            profile_nickname: info.profile_nickname,
            service_provider_name: info.service_provider_name,
            profile_name: info.profile_name,
            icon_type: info.icon_type.map(|kind| match kind {
                0 => "jpeg",
                1 => "png",
                _ => "unknown",
            }),
            icon: info.icon.map(|icon| Base64(icon.to_vec())),
            profile_class: info.profile_class.map(|class| match class {
                ProfileClass::test => "test",
                ProfileClass::provisioning => "provisioning",
                ProfileClass::operational => "operational",
                _ => "unknown",
            }),
        }
    }
}
