//! What cases are made of: a function asked for, its answer as the document writes it.

use crate::forge::{Forge, metadata, subscriber};
use esim_rsp::codec::Decode;
use esim_rsp::common::{OperatorId, PprIds, bit_string};
use esim_rsp::es8p::{ProfileClass, StoreMetadataRequest};
use esim_rsp::es10c::*;
use esim_rsp::{decode, encode};
use esim_saip::builder::{Authentication, Subscriber};

pub(super) fn read<T: Decode>(response: &Result<Vec<u8>, u16>) -> Result<T, String> {
    match response {
        Ok(octets) => decode(octets).map_err(|error| error.to_string()),
        Err(status) => Err(format!("{status:04X}")),
    }
}

pub(super) fn told(outcome: Result<String, String>) -> String {
    outcome.unwrap_or_else(|other| other)
}

pub(super) fn sw(response: Result<Vec<u8>, u16>) -> String {
    response.map_or_else(|status| format!("{status:04X}"), |_| "9000".to_string())
}

pub(super) fn answered<T: Decode>(response: Result<Vec<u8>, u16>) -> String {
    told(read::<T>(&response).map(|_| "answered".to_string()))
}

/// A raw APDU's status word.
pub(super) fn apdu(forge: &mut Forge, hex: &str) -> String {
    let response = forge.device.transmit(&hex::decode(hex).unwrap());
    hex::encode_upper(&response[response.len() - 2..])
}

pub(super) fn by_iccid(iccid: &str) -> ProfileIdentifier {
    ProfileIdentifier::Iccid(iccid.parse().unwrap())
}

pub(super) fn enable_command(iccid: &str, refresh_flag: bool) -> Vec<u8> {
    encode(&EnableProfileRequest { profile_identifier: by_iccid(iccid), refresh_flag })
}

pub(super) fn enables(forge: &mut Forge, iccid: &str) -> String {
    let response = forge.es10(&enable_command(iccid, false));
    told(read::<EnableProfileResponse>(&response).map(|it| it.enable_result.to_string()))
}

pub(super) fn disables(forge: &mut Forge, iccid: &str) -> String {
    let request = DisableProfileRequest { profile_identifier: by_iccid(iccid), refresh_flag: false };
    let response = forge.es10(&encode(&request));
    told(read::<DisableProfileResponse>(&response).map(|it| it.disable_result.to_string()))
}

pub(super) fn deletes(forge: &mut Forge, iccid: &str) -> String {
    let response = forge.es10(&encode(&DeleteProfileRequest(by_iccid(iccid))));
    told(read::<DeleteProfileResponse>(&response).map(|it| it.delete_result.to_string()))
}

pub(super) fn resets(forge: &mut Forge, options: &[usize]) -> String {
    let request = EuiccMemoryResetRequest { reset_options: bit_string(options) };
    let response = forge.es10(&encode(&request));
    told(read::<EuiccMemoryResetResponse>(&response).map(|it| it.reset_result.to_string()))
}

/// ICCIDs of the profiles that a search gives; with the enabled one marked.
pub(super) fn listed(forge: &mut Forge, search_criteria: Option<SearchCriteria>) -> String {
    let request = ProfileInfoListRequest { search_criteria, tag_list: None };
    match read(&forge.es10(&encode(&request))) {
        Ok(ProfileInfoListResponse::ProfileInfoListOk(list)) => {
            let one = |it: &ProfileInfo| {
                let mark = if it.profile_state == Some(ProfileState::enabled) { "*" } else { "" };
                format!("{}{mark}", it.iccid.map(|iccid| iccid.to_string()).unwrap_or_default())
            };
            list.iter().map(one).collect::<Vec<_>>().join(" ")
        }
        Ok(ProfileInfoListResponse::ProfileInfoListError(code)) => format!("error {code}"),
        Err(other) => other,
    }
}

/// `ok` if what stands on the left is what stands on the right.
pub(super) fn expect<T: PartialEq + core::fmt::Debug>(seen: T, expected: T, code: &str) -> String {
    if seen == expected { code.to_string() } else { format!("{seen:?}") }
}

pub(super) fn of_class(iccid: &str, class: ProfileClass) -> StoreMetadataRequest {
    StoreMetadataRequest { profile_class: class, ..metadata(iccid) }
}

pub(super) fn with_rules(iccid: &str, rules: &[usize]) -> StoreMetadataRequest {
    StoreMetadataRequest {
        profile_policy_rules: Some(PprIds::of(rules)),
        profile_owner: OperatorId::from_digits("001", "01"),
        ..metadata(iccid)
    }
}

pub(super) fn test_subscriber(iccid: &str) -> Subscriber {
    Subscriber { authentication: Authentication::UsimTest { key: [1; 16] }, ..subscriber(iccid) }
}

pub(super) fn install_test_profile(forge: &mut Forge, iccid: &str) {
    forge.install(&of_class(iccid, ProfileClass::test), &test_subscriber(iccid));
}

/// A terminal that executes REFRESH said so.
pub(super) fn announce_refresh(forge: &mut Forge) {
    assert_eq!(apdu(forge, "8010000003000080"), "9000");
}
