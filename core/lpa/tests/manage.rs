//! Commands to the ISD-R: their octets, and what their answers mean.

use crate::peers;

use esim_lpa::manage::*;
use esim_lpa::{Profile, ProfileRef};
use esim_rsp::common::{NotificationEvent, PprIds};
use esim_rsp::es8p::{DpProprietaryData, ProfileClass};
use esim_rsp::es10b::GetRatResponse;
use esim_rsp::es10c::{ProfileInfo, ProfileInfoListResponse, ProfileState};
use esim_rsp::{OctetString, encode};
use peers::*;

fn hex(octets: &[u8]) -> String {
    esim_rsp::common::hex_upper(octets)
}

fn by_iccid() -> ProfileRef {
    ProfileRef::Iccid(iccid())
}

#[test]
fn commands_are_as_the_standard_writes_them() {
    let (iccid_tlv, aid) = ("5A0A988812010000400310F0", ProfileRef::Aid(vec![0xA0, 0, 0, 5, 0x59]));
    let profile = by_iccid();
    assert_eq!(hex(&ListProfiles::default().request()), "BF2D105C0E5A4F9F70909192939495B6B7B899");
    assert_eq!(
        hex(&Enable { profile: profile.clone(), refresh: true }.request()),
        format!("BF3111A00C{iccid_tlv}8101FF")
    );
    assert_eq!(
        hex(&Disable { profile: aid.clone(), refresh: false }.request()),
        "BF320CA0074F05A000000559810100"
    );
    assert_eq!(hex(&Delete { profile }.request()), format!("BF330C{iccid_tlv}"));
    assert_eq!(hex(&Delete { profile: aid }.request()), "BF33074F05A000000559");
    let nickname = SetNickname { iccid: iccid(), nickname: "Work".into() };
    assert_eq!(hex(&nickname.request()), format!("BF2912{iccid_tlv}9004576F726B"));
    let reset =
        MemoryReset { operational_profiles: true, default_smdp_address: true, ..MemoryReset::default() };
    assert_eq!(hex(&reset.request()), "BF3404820205A0");
    assert_eq!(hex(&GetEid {}.request()), "BF3E035C015A");
    assert_eq!(hex(&RemoveNotification { sequence_number: 0 }.request()), "BF3003800100");
    assert_eq!(hex(&SetDefaultDpAddress { address: "a.b".into() }.request()), "BF3F058003612E62");
}

#[test]
fn every_field_of_a_profile_is_shown() {
    let offered = metadata();
    let info = ProfileInfo {
        iccid: Some(iccid()),
        isdp_aid: Some(OctetString::from_slice(&[0xA0, 1])),
        profile_state: Some(ProfileState::enabled),
        profile_nickname: Some("Work".into()),
        service_provider_name: Some("Example".into()),
        profile_name: Some("Plan A".into()),
        icon_type: Some(1),
        icon: Some(OctetString::from_slice(&[1, 2])),
        profile_class: Some(ProfileClass::operational),
        notification_configuration_info: offered.notification_configuration_info,
        profile_owner: offered.profile_owner,
        dp_proprietary_data: Some(DpProprietaryData { dp_oid: oid() }),
        profile_policy_rules: Some(PprIds::of(&[1])),
    };
    let response = encode(&ProfileInfoListResponse::ProfileInfoListOk(vec![info]));
    let profiles = ListProfiles::default().response(&response).unwrap();
    let profile = &profiles[0];
    assert!(
        profile.enabled && profile.metadata.policy.cannot_disable && !profile.metadata.policy.cannot_delete
    );
    assert_eq!(profile.display_name(), "Work");
    assert_eq!(profile.smdp_oid.as_deref(), Some(OID));
    let owner = profile.metadata.owner.as_ref().unwrap();
    assert_eq!((owner.mcc.as_str(), owner.mnc.as_str()), ("001", "01"));
    assert_eq!(
        profile.metadata.notifications[0].events,
        [NotificationEvent::Enable, NotificationEvent::Delete]
    );
    assert_eq!(profile.metadata.icon.as_ref().unwrap().media_type, "image/png");
    let json = serde_json::to_value(profile).unwrap();
    assert_eq!(json["profileName"], "Plan A");
    assert_eq!(json["policy"]["cannotDisable"], true);
    assert_eq!(serde_json::from_value::<Profile>(json).unwrap(), *profile);
}

#[test]
fn an_empty_card_has_an_empty_list() {
    let profiles = ListProfiles::default().response(&[0xBF, 0x2D, 2, 0xA0, 0]).unwrap();
    assert!(profiles.is_empty());
    let error = ListProfiles::default().response(&[0xBF, 0x2D, 3, 0x81, 1, 1]).unwrap_err();
    assert!(error.to_string().contains("incorrectInputValues"));
}

#[test]
fn results_are_named_and_explained() {
    let enable = Enable { profile: by_iccid(), refresh: true };
    assert_eq!(enable.response(&[0xBF, 0x31, 3, 0x80, 1, 0]), Ok(()));
    for (code, name) in [
        (1, "iccidOrAidNotFound"),
        (2, "profileNotInDisabledState"),
        (3, "disallowedByPolicy"),
        (4, "wrongProfileReenabling"),
        (5, "catBusy"),
    ] {
        let error = enable.response(&[0xBF, 0x31, 3, 0x80, 1, code]).unwrap_err();
        let ManageError::Refused(refusal) = &error else { panic!() };
        assert_eq!((refusal.function.as_str(), refusal.code.name.as_str()), ("EnableProfile", name));
        assert!(!refusal.explanation.is_empty());
    }
    let delete = Delete { profile: by_iccid() };
    let error = delete.response(&[0xBF, 0x33, 3, 0x80, 1, 2]).unwrap_err();
    assert!(error.to_string().contains("Disable it first"));
    let reset = MemoryReset::default();
    assert!(
        reset.response(&[0xBF, 0x34, 3, 0x80, 1, 1]).unwrap_err().to_string().contains("nothing to delete")
    );
    assert!(matches!(enable.response(&[0xBF, 0x32, 3, 0x80, 1, 0]), Err(ManageError::Malformed { .. })));
    let remove = RemoveNotification { sequence_number: 1 };
    assert!(
        remove
            .response(&[0xBF, 0x30, 3, 0x80, 1, 1])
            .unwrap_err()
            .to_string()
            .contains("no such notification")
    );
}

#[test]
fn the_chip_is_read_for_people() {
    let info = GetInfo2 {}.response(&encode(&Peers::default().info2())).unwrap();
    assert_eq!(info.svn, "2.6.0");
    assert_eq!(info.resources.free_readable.as_deref(), Some("285.6 kB"));
    assert_eq!((info.resources.applications, info.resources.free_volatile), (Some(8), Some(0x2419)));
    assert_eq!(
        info.rsp_capabilities,
        ["additionalProfile", "testProfileSupport", "deviceInfoExtensibilitySupport"]
    );
    assert_eq!(info.uicc_capabilities, ["usimSupport", "isimSupport", "akaMilenage"]);
    assert_eq!(info.category.as_deref(), Some("basicEuicc"));

    let eid = GetEid {}.response(&[&[0xBF, 0x3E, 0x12, 0x5A, 0x10][..], &[0x89; 16]].concat()).unwrap();
    assert_eq!(eid, "89".repeat(16));
    let addresses = GetAddresses {}.response(&[0xBF, 0x3C, 5, 0x81, 3, b'd', b's', b'1']).unwrap();
    assert_eq!((addresses.default_smdp, addresses.root_smds.as_str()), (None, "ds1"));
    let rat = GetRat {}.response(&encode(&GetRatResponse { rat: vec![allowed(&[1], true)] })).unwrap();
    assert!(rat[0].consent_required && rat[0].rules.cannot_disable);
    assert_eq!((rat[0].operators[0].mcc.as_str(), rat[0].operators[0].mnc.as_str()), ("EEE", "EEE"));
    assert_eq!(CardResources::read(&[0x82]), CardResources::default());
}

#[test]
fn profiles_are_named_by_iccid_or_aid() {
    assert_eq!("8988211000000430010".parse(), Ok(by_iccid()));
    assert_eq!(
        "a0000005591010FFFFFFFF8900001000".parse::<ProfileRef>().unwrap().to_string(),
        "A0000005591010FFFFFFFF8900001000"
    );
    assert!("A0".parse::<ProfileRef>().is_err());
    assert!("home".parse::<ProfileRef>().is_err());
}

#[test]
fn notifications_with_number_0_are_listed() {
    let mut peers = Peers { notifications: vec![(0, ADDRESS.into())], ..Peers::default() };
    let esim_lpa::Event::Card(data) = peers.card("ListNotification", &ListNotifications {}.request()) else {
        panic!()
    };
    let list = ListNotifications {}.response(&data).unwrap();
    assert_eq!((list[0].sequence_number, list[0].event), (0, Some(NotificationEvent::Enable)));
}
