//! Octets of messages against the digest's own examples: tags decide everything. Run in a browser,
//! too (`wasm/tests/cases.rs`).

use esim_rsp::common::{NotificationEvent, NotificationEvents, PprIds};
use esim_rsp::es8p::{ProfileClass, StoreMetadataRequest};
use esim_rsp::es10b::*;
use esim_rsp::es10c::*;
use esim_rsp::notification::*;
use esim_rsp::{
    Eid, ErrorKind, Iccid, ObjectIdentifier, OctetString, Signature, Signed, TransactionId, decode, encode,
};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn hex(text: &str) -> Vec<u8> {
    esim_rsp::common::from_hex(text).unwrap()
}

/// Encodes to exactly these octets, and reads back the same value from them.
#[track_caller]
fn both_ways<T>(value: T, octets: &str)
where
    T: rasn::Encode + rasn::Decode + PartialEq + std::fmt::Debug,
{
    assert_eq!(hex::encode(encode(&value)), hex::encode(hex(octets)));
    assert_eq!(decode::<T>(&hex(octets)).unwrap(), value);
}

fn iccid() -> Iccid {
    "8900010000000000124".parse().unwrap()
}

#[test]
fn empty_requests() {
    both_ways(GetEuiccInfo1Request {}, "BF2000");
    both_ways(GetEuiccInfo2Request {}, "BF2200");
    both_ways(GetEuiccChallengeRequest {}, "BF2E00");
    both_ways(GetRatRequest {}, "BF4300");
    both_ways(esim_rsp::es10a::EuiccConfiguredAddressesRequest {}, "BF3C00");
    both_ways(ProfileInfoListRequest::default(), "BF2D00");
    both_ways(RetrieveNotificationsListRequest { search_criteria: None }, "BF2B00");
}

#[test]
fn enable_wraps_the_choice_and_delete_does_not() {
    let profile = ProfileIdentifier::Iccid(iccid());
    both_ways(
        EnableProfileRequest { profile_identifier: profile.clone(), refresh_flag: true },
        "BF3111 A00C 5A0A 980010000000000021F4 8101FF",
    );
    both_ways(
        DisableProfileRequest { profile_identifier: profile.clone(), refresh_flag: false },
        "BF3211 A00C 5A0A 980010000000000021F4 810100",
    );
    both_ways(DeleteProfileRequest(profile), "BF330C 5A0A 980010000000000021F4");
    let aid = OctetString::from(hex("A0000005591010FFFFFFFF8900001000"));
    both_ways(
        DeleteProfileRequest(ProfileIdentifier::IsdpAid(aid)),
        "BF3312 4F10 A0000005591010FFFFFFFF8900001000",
    );
    both_ways(EnableProfileResponse { enable_result: EnableResult::catBusy }, "BF3103800105");
}

#[test]
fn criteria_are_wrapped() {
    let by_class = ProfileInfoListRequest {
        search_criteria: Some(SearchCriteria::ProfileClass(ProfileClass::operational)),
        tag_list: Some(OctetString::from(hex("5A9F70"))),
    };
    both_ways(by_class, "BF2D0A A003 950102 5C03 5A9F70");
    let by_number =
        RetrieveNotificationsListRequest { search_criteria: Some(NotificationSearch::SeqNumber(0)) };
    both_ways(by_number, "BF2B05 A003 800100");
}

#[test]
fn small_card_commands() {
    both_ways(GetEuiccDataRequest { tag_list: OctetString::from(vec![0x5A]) }, "BF3E035C015A");
    both_ways(
        SetNicknameRequest { iccid: iccid(), profile_nickname: "仕事".into() },
        "BF2914 5A0A 980010000000000021F4 9006 E4BB95E4BA8B",
    );
    both_ways(ListNotificationResponse::NotificationMetadataList(vec![]), "BF2802A000");
    both_ways(NotificationSentRequest { seq_number: 0 }, "BF3003800100");
    both_ways(NotificationSentRequest { seq_number: 200 }, "BF3004800200C8");
    both_ways(ProfileInfoListResponse::ProfileInfoListError(1), "BF2D03810101");
}

#[test]
fn errors_keep_universal_integers() {
    let transaction_id = TransactionId::new(&[1, 2]);
    both_ways(
        AuthenticateServerResponse::AuthenticateResponseError(AuthenticateResponseError {
            transaction_id: transaction_id.clone(),
            authenticate_error_code: AuthenticateErrorCode::euiccChallengeMismatch,
        }),
        "BF3809 A107 80020102 020106",
    );
    both_ways(
        PrepareDownloadResponse::DownloadResponseError(PrepareDownloadResponseError {
            transaction_id: transaction_id.clone(),
            download_error_code: DownloadErrorCode::invalidSignature,
        }),
        "BF2109 A107 80020102 020102",
    );
    both_ways(CancelSessionResponse::CancelSessionResponseError(5), "BF4103810105");
    both_ways(
        CancelSessionRequest { transaction_id, reason: CancelSessionReason::postponed },
        "BF4107 80020102 810101",
    );
}

#[test]
fn notification_events_are_named_bit_lists() {
    let all = [
        (NotificationEvent::Install, "03020780"),
        (NotificationEvent::Enable, "03020640"),
        (NotificationEvent::Disable, "03020520"),
        (NotificationEvent::Delete, "03020410"),
    ];
    for (event, octets) in all {
        both_ways(NotificationEvents::one(event), octets);
    }
    both_ways(PprIds::of(&[1, 2]), "03020560");
    // Unused bits that a peer left in do not matter.
    let loose: NotificationEvents = decode(&hex("03020080")).unwrap();
    assert_eq!(loose.first(), Some(NotificationEvent::Install));
}

#[test]
fn installation_result() {
    let data = ProfileInstallationResultData {
        transaction_id: TransactionId::new(&[7]),
        notification_metadata: NotificationMetadata {
            seq_number: 3,
            profile_management_operation: NotificationEvents::one(NotificationEvent::Install),
            notification_address: "a.b".into(),
            iccid: Some(iccid()),
        },
        smdp_oid: Some(ObjectIdentifier::new(vec![2, 999, 10]).unwrap()),
        final_result: FinalResult::ErrorResult(ErrorResult {
            bpp_command_id: BppCommandId::loadProfileElements,
            error_reason: ErrorReason::installFailedDueToPEProcessingError,
            sima_response: Some(OctetString::from(hex("300CA008300680010581010C8100"))),
        }),
    };
    let signed = Signed::new(data);
    let result = ProfileInstallationResult {
        profile_installation_result_data: signed,
        euicc_sign_pir: Signature::from([9; 64]),
    };
    let tbs = "BF273D 800107 \
               BF2F18 800103 81020780 0C03612E62 5A0A980010000000000021F4 \
               060388370A A218 A116 800105 81010C 820E 300CA008300680010581010C8100";
    assert_eq!(hex::encode(result.profile_installation_result_data.raw()), hex::encode(hex(tbs)));
    let octets = encode(&result);
    let again: PendingNotification = decode(&octets).unwrap();
    assert_eq!(again.metadata().seq_number, 3);
    assert_eq!(again, PendingNotification::ProfileInstallationResult(result));
    let listed = RetrieveNotificationsListResponse::NotificationList(vec![Signed::new(again)]);
    let list = encode(&listed);
    let RetrieveNotificationsListResponse::NotificationList(items) = decode(&list).unwrap() else {
        panic!("a list");
    };
    assert_eq!(items[0].raw(), octets);
}

#[test]
fn metadata_defaults_to_operational() {
    let metadata = StoreMetadataRequest {
        iccid: iccid(),
        service_provider_name: "A".into(),
        profile_name: "B".into(),
        icon_type: None,
        icon: None,
        profile_class: ProfileClass::operational,
        notification_configuration_info: None,
        profile_owner: None,
        profile_policy_rules: None,
    };
    both_ways(metadata, "BF2512 5A0A 980010000000000021F4 910141 920142");
}

#[test]
fn what_a_later_version_appends_is_passed_over_and_kept() {
    let octets = hex("BF2E16 8010 000102030405060708090A0B0C0D0E0F 9F7A0155");
    let challenge: GetEuiccChallengeResponse = decode(&octets).unwrap();
    assert_eq!(challenge.euicc_challenge[15], 0x0F);
    let signed: Signed<GetEuiccChallengeResponse> = decode(&octets).unwrap();
    assert_eq!(signed.raw(), octets);
    assert_eq!(encode(&signed), octets);
}

#[test]
fn a_field_out_of_order_is_not_an_extension() {
    let swapped = hex("BF3111 8101FF A00C 5A0A 980010000000000021F4");
    assert!(decode::<EnableProfileRequest>(&swapped).is_err());
    let doubled = hex("BF3006 800100 800101");
    let error = decode::<NotificationSentRequest>(&doubled).unwrap_err();
    assert_eq!(error.at, Some(6), "{error}");
}

#[test]
fn errors_say_where() {
    let error = decode::<NotificationSentRequest>(&hex("BF3003800200")).unwrap_err();
    assert_eq!((error.kind, error.at), (ErrorKind::Truncated, Some(3)));
    let error = decode::<NotificationSentRequest>(&hex("BF300380010000")).unwrap_err();
    assert_eq!((error.kind, error.at), (ErrorKind::TrailingData(1), Some(6)));
    let error = decode::<NotificationSentRequest>(&hex("BF3103800100")).unwrap_err();
    assert_eq!(error.to_string(), "tag BF31 where BF30 is due at octet 0");
    let error = decode::<NotificationSentRequest>(&hex("BF3003810100")).unwrap_err();
    assert_eq!(error.to_string(), "tag 81 where 80 is due at octet 3");
    let error = "8904".parse::<Eid>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "an EID has 32 decimal digits, not \"8904\"",
        "no place where there is none"
    );
    for cut in 0..6 {
        assert!(decode::<NotificationSentRequest>(&hex("BF3003800100")[..cut]).is_err());
    }
}

#[test]
fn identifiers() {
    let eid: Eid = "89049032123451234512345678901235".parse().unwrap();
    assert_eq!(eid.octets()[..4], [0x89, 0x04, 0x90, 0x32]);
    assert_eq!(Eid::from_body("890490321234512345123456789012").unwrap(), eid);
    "89086030202200000022000023022943".parse::<Eid>().unwrap();
    assert!("89049032123451234512345678901236".parse::<Eid>().is_err());
    assert!("8904".parse::<Eid>().is_err());
    let iccid: Iccid = "8988211000000430010".parse().unwrap();
    assert_eq!(hex::encode(iccid.octets()), "988812010000400310f0");
    assert_eq!(iccid.to_string(), "8988211000000430010");
    assert_eq!("8988211000000430010F".parse::<Iccid>().unwrap(), iccid);
    assert!("89882110000004300101F".parse::<Iccid>().is_err());
    let json = serde_json::to_string(&TransactionId::new(&[0xAB, 1])).unwrap();
    assert_eq!(json, "\"AB01\"");
    assert_eq!(serde_json::from_str::<TransactionId>("\"ab01\"").unwrap().0[..], [0xAB, 1]);
}
