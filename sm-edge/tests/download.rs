//! A download as the protocol reads, and what becomes of the order.

use esim_crypto::Curve;
use esim_rsp::common::NotificationEvent::{Delete, Disable, Enable};
use esim_rsp::es9p::{AuthenticateClientOk, GetBoundProfilePackageOk, SmdpSigned2};
use esim_rsp::es10b::CancelSessionReason;
use esim_rsp::notification::ErrorReason;
use esim_sm_lab::*;
use serde_json::json;

fn download_and_open(lab: &Lab) {
    let (iccid, matching_id) = lab.order(json!({}));
    assert_eq!(lab.state(&iccid), "Released");
    let (id, package) = lab.download(&matching_id);
    assert_eq!(lab.state(&iccid), "Downloaded");
    assert_eq!(lab.show(&iccid)["eid"], lab.euicc.eid.to_string());

    let (metadata, profile) = lab.euicc.open(&package, &lab.pki.dp_pb.key.public_key());
    let inside = esim_smdp::profile::inspect(&profile).unwrap();
    assert_eq!(inside.iccid.to_string(), iccid);
    assert_eq!(metadata[..2], [0xBF, 0x25]);
    assert!(esim_rsp::bpp::segments(&package).unwrap().iter().all(|s| s.len() <= 1020));

    lab.notify(lab.euicc.result(&id, &iccid, 1, success()));
    assert_eq!(lab.state(&iccid), "Installed");
}

#[test]
fn a_profile_is_ordered_downloaded_and_installed() {
    download_and_open(&Lab::new());
}

#[test]
fn on_brainpool_too() {
    download_and_open(&Lab::on(Curve::BrainpoolP256r1, |_| {}));
}

#[test]
fn with_random_profile_keys_too() {
    download_and_open(&Lab::with(|config| config.random_profile_keys = true));
}

#[test]
fn without_matching_id_the_eid_finds_the_order() {
    let lab = Lab::new();
    let iccid = lab.provision();
    assert_success(&lab.es2("downloadOrder", json!({"iccid": iccid, "eid": lab.euicc.eid})));
    assert_eq!(lab.state(&iccid), "Linked");
    let confirm = json!({"iccid": iccid, "matchingId": "", "releaseFlag": true});
    assert_success(&lab.es2("confirmOrder", confirm));
    lab.download("");
    assert_eq!(lab.state(&iccid), "Downloaded");
}

/// A default order of the lab's eUICC, released or not yet.
fn default_order(lab: &Lab, number: u64, release: bool) -> String {
    let iccid = esim_smdp::profile::draw_iccid(number).unwrap();
    let made = lab.operator("/esim-lab/provision", json!({"subscriber": subscriber(), "iccid": iccid}));
    assert_success(&made);
    assert_success(&lab.es2("downloadOrder", json!({"iccid": iccid, "eid": lab.euicc.eid})));
    let confirm = json!({"iccid": iccid, "matchingId": "", "releaseFlag": release});
    assert_success(&lab.es2("confirmOrder", confirm));
    iccid.to_string()
}

#[test]
fn default_orders_that_are_over_hide_none_that_waits() {
    let lab = Lab::with(|config| config.limits.order_seconds = Some(100));
    let dead: Vec<_> = (1..=20).map(|number| default_order(&lab, number, true)).collect();
    lab.set_now(NOW + 100);
    lab.attend();
    assert!(dead.iter().all(|iccid| lab.state(iccid) == "Error"));
    assert_eq!(
        code(&lab.authenticate(&lab.initiate(), "")),
        "8.8.5/4.10",
        "as long as there is nothing else"
    );
    let unreleased: Vec<_> = (21..=40).map(|number| default_order(&lab, number, false)).collect();
    let waiting = default_order(&lab, 41, true);
    lab.download("");
    assert_eq!(lab.state(&waiting), "Downloaded");
    assert!(unreleased.iter().all(|iccid| lab.state(iccid) == "Confirmed"));
}

/// Nobody has looked at those whose time is up: the eUICC gets what it may have all the same.
#[test]
fn default_orders_whose_time_is_up_hide_none_that_waits() {
    let lab = Lab::with(|config| config.limits.order_seconds = Some(100));
    for number in 1..=15 {
        default_order(&lab, number, true);
    }
    lab.set_now(NOW + 99);
    let waiting = default_order(&lab, 41, true);
    lab.set_now(NOW + 100);
    lab.download("");
    assert_eq!(lab.state(&waiting), "Downloaded");
}

#[test]
fn confirm_and_release_may_be_two_steps() {
    let lab = Lab::new();
    let iccid = lab.provision();
    assert_eq!(lab.state(&iccid), "Available");
    lab.es2("downloadOrder", json!({"profileType": "operational"}));
    assert_eq!(lab.state(&iccid), "Allocated");
    let confirm = json!({"iccid": iccid, "matchingId": "ABC-1", "releaseFlag": false});
    let answer = lab.es2("confirmOrder", confirm);
    assert_eq!((&answer["matchingId"], &answer["smdpAddress"]), (&json!("ABC-1"), &json!(ADDRESS)));
    assert_eq!(lab.state(&iccid), "Confirmed");
    assert_eq!(code(&lab.authenticate(&lab.initiate(), "ABC-1")), "8.2/1.2");
    assert_success(&lab.es2("releaseProfile", json!({"iccid": iccid})));
    lab.download("ABC-1");
    let activation_code = lab.show(&iccid)["activationCode"].clone();
    assert_eq!(activation_code, format!("LPA:1${ADDRESS}$ABC-1"));
}

#[test]
fn the_same_request_gets_the_same_package_again() {
    let lab = Lab::new();
    let (_, matching_id) = lab.order(json!({}));
    let offer = lab.offered(&matching_id);
    let (first, second) = (lab.fetch(&offer, None), lab.fetch(&offer, None));
    assert_success(&first);
    assert_eq!(first, second);
}

#[test]
fn another_request_in_the_same_session_gets_nothing() {
    let mut lab = Lab::new();
    let (_, matching_id) = lab.order(json!({}));
    let offer = lab.offered(&matching_id);
    assert_success(&lab.fetch(&offer, None));
    lab.euicc.renew(99);
    assert_eq!(code(&lab.fetch(&offer, None)), "8.10.1/3.9");
}

#[test]
fn a_one_time_key_that_is_still_there_gets_the_same_binding() {
    let lab = Lab::new();
    let (_, matching_id) = lab.order(json!({}));
    let (id, first) = lab.download(&matching_id);
    let offer = lab.offered(&matching_id);
    let signed: SmdpSigned2 = esim_rsp::decode(&offer.smdp_signed2.0).unwrap();
    assert_eq!(signed.bpp_euicc_otpk, Some(lab.euicc.otpk()));
    let ok: GetBoundProfilePackageOk = serde_json::from_value(lab.fetch(&offer, None)).unwrap();
    assert_ne!(ok.transaction_id, id);
    let key = lab.pki.dp_pb.key.public_key();
    let second = ok.bound_profile_package.0;
    assert_eq!(lab.euicc.open(&first, &key), lab.euicc.open(&second, &key));
    // Only the signed opening differs: everything behind it is the same.
    let tail = first.len() - 1000;
    assert_eq!(first[tail..], second[tail..]);
}

#[test]
fn a_new_one_time_key_gets_a_new_binding() {
    let mut lab = Lab::new();
    let (_, matching_id) = lab.order(json!({}));
    let (_, first) = lab.download(&matching_id);
    lab.euicc.renew(5);
    let (_, second) = lab.download(&matching_id);
    assert_ne!(first[first.len() - 100..], second[second.len() - 100..]);
    lab.euicc.open(&second, &lab.pki.dp_pb.key.public_key());
}

#[test]
fn unless_the_operator_does_not_want_that() {
    let mut lab = Lab::with(|config| config.rebinding = false);
    let (_, matching_id) = lab.order(json!({}));
    lab.download(&matching_id);
    lab.euicc.renew(5);
    let offer = lab.offered(&matching_id);
    assert_eq!(code(&lab.fetch(&offer, None)), "8.2/3.7");
}

#[test]
fn the_confirmation_code_is_asked_for_and_checked() {
    let lab = Lab::new();
    let (iccid, matching_id) = lab.order(json!({"confirmationCode": CODE}));
    let offer = lab.offered(&matching_id);
    let signed: SmdpSigned2 = esim_rsp::decode(&offer.smdp_signed2.0).unwrap();
    assert!(signed.cc_required_flag);
    assert_success(&lab.fetch(&offer, Some(CODE)));
    assert_eq!(lab.state(&iccid), "Downloaded");
}

#[test]
fn the_third_wrong_confirmation_code_closes_the_order() {
    let lab = Lab::new();
    let (iccid, matching_id) = lab.order(json!({"confirmationCode": CODE}));
    assert_eq!(code(&lab.fetch(&lab.offered(&matching_id), None)), "8.2.7/2.2");
    for _ in 0..2 {
        assert_eq!(code(&lab.fetch(&lab.offered(&matching_id), Some("0000"))), "8.2.7/3.8");
    }
    assert_eq!(lab.show(&iccid)["confirmationAttemptsLeft"], 1);
    assert_eq!(code(&lab.fetch(&lab.offered(&matching_id), Some("0000"))), "8.2.7/6.4");
    assert_eq!(lab.state(&iccid), "Error");
    assert_eq!(code(&lab.authenticate(&lab.initiate(), &matching_id)), "8.2.6/3.8");
}

#[test]
fn of_two_euiccs_the_first_wins() {
    let mut lab = Lab::new();
    let (_, matching_id) = lab.order(json!({}));
    let first = lab.euicc.clone();
    let offer_first = lab.offered(&matching_id);
    lab.euicc = Euicc::new(&lab.pki, "890490321234512345123456789099");
    let offer_second = lab.offered(&matching_id);
    assert_success(&lab.es9("getBoundProfilePackage", &first.prepare(&offer_first, None, |_| {})));
    assert_eq!(code(&lab.fetch(&offer_second, None)), "8.2/3.7");
    assert_eq!(code(&lab.authenticate(&lab.initiate(), &matching_id)), "8.1.1/3.8");
}

#[test]
fn installation_failures_close_the_order_or_leave_it_to_be_fetched_again() {
    for (reason, state) in [
        (ErrorReason::installFailedDueToInsufficientMemoryForProfile, "Released"),
        (ErrorReason::installFailedDueToInterruption, "Released"),
        (ErrorReason::installFailedDueToPEProcessingError, "Error"),
        (ErrorReason::scp03tSecurityError, "Error"),
        (ErrorReason::installFailedDueToIccidAlreadyExistsOnEuicc, "Error"),
    ] {
        let lab = Lab::new();
        let (iccid, matching_id) = lab.order(json!({}));
        let (id, _) = lab.download(&matching_id);
        lab.notify(lab.euicc.result(&id, &iccid, 0, failure(reason)));
        assert_eq!(lab.state(&iccid), state, "{reason}");
    }
}

#[test]
fn notifications_tell_what_the_card_does_and_may_come_twice_or_late() {
    let lab = Lab::new();
    let (iccid, matching_id) = lab.order(json!({}));
    let (id, _) = lab.download(&matching_id);
    let result = lab.euicc.result(&id, &iccid, 0, success());
    for _ in 0..2 {
        let response = lab.notify(result.clone());
        assert_eq!((response.status, response.body.len()), (204, 0));
    }
    let card = |lab: &Lab| lab.show(&iccid)["onCard"]["state"].clone();
    assert_eq!(card(&lab), "Disabled");
    lab.notify(lab.euicc.event(2, Disable, &iccid));
    lab.notify(lab.euicc.event(1, Enable, &iccid));
    assert_eq!(card(&lab), "Disabled");
    let lines = lab.show(&iccid)["history"].as_array().unwrap().len();
    lab.notify(lab.euicc.event(1, Enable, &iccid));
    assert_eq!(lab.show(&iccid)["history"].as_array().unwrap().len(), lines);
    lab.notify(lab.euicc.event(3, Delete, &iccid));
    assert_eq!(card(&lab), "Deleted");
    assert_eq!(lab.state(&iccid), "Installed");
    let eid = lab.euicc.eid;
    let cancel = json!({"iccid": iccid, "eid": eid, "finalProfileStatusIndicator": "Available"});
    assert_success(&lab.es2("cancelOrder", cancel));
    assert_eq!(lab.state(&iccid), "Available");
}

#[test]
fn an_installation_result_counts_long_after_the_session() {
    let lab = Lab::new();
    let (iccid, matching_id) = lab.order(json!({}));
    let (id, _) = lab.download(&matching_id);
    lab.host.set_now(NOW + 30 * 24 * 3600);
    lab.initiate();
    lab.notify(lab.euicc.result(&id, &iccid, 0, success()));
    assert_eq!(lab.state(&iccid), "Installed");
}

#[test]
fn forged_and_foreign_notifications_change_nothing() {
    let lab = Lab::new();
    let (iccid, matching_id) = lab.order(json!({}));
    let (id, _) = lab.download(&matching_id);
    let stranger = Euicc::new(&lab.pki, "890490321234512345123456789099");
    for forged in [
        stranger.result(&id, &iccid, 0, success()),
        stranger.event(1, Enable, &iccid),
        lab.euicc.event(1, Enable, "8900101000000000009"),
        vec![0x30, 0x00],
        vec![],
    ] {
        assert_eq!(lab.notify(forged).status, 204);
    }
    assert_eq!(lab.state(&iccid), "Downloaded");
    assert_eq!(lab.show(&iccid)["onCard"], json!(null));
}

#[test]
fn the_reason_of_a_cancelled_session_decides_over_the_order() {
    use CancelSessionReason as Reason;
    for (reason, state, pair) in [
        (Reason::endUserRejection, "Error", Some(["8.8.5", "3.8"])),
        (Reason::postponed, "Released", None),
        (Reason::timeout, "Released", None),
        (Reason::pprNotAllowed, "Error", Some(["8.2.8", "1.2"])),
        (Reason::metadataMismatch, "Error", Some(["8.2.9", "3.11"])),
        (Reason::loadBppExecutionError, "Error", Some(["8.2.10", "4.2"])),
        (Reason::undefinedReason, "Error", Some(["8", "4.2"])),
    ] {
        let lab = Lab::new();
        let (iccid, matching_id) = lab.order(json!({}));
        let AuthenticateClientOk { transaction_id, .. } = lab.offered(&matching_id);
        assert_success(&lab.es9("cancelSession", &lab.euicc.cancel(&transaction_id, reason, OID)));
        assert_eq!(lab.state(&iccid), state, "{reason}");
        let failure = &lab.show(&iccid)["failure"];
        let told = failure["subject"].as_str().zip(failure["reason"].as_str());
        assert_eq!(told.map(|(a, b)| [a, b]), pair, "{reason}");
        let again = lab.es9("cancelSession", &lab.euicc.cancel(&transaction_id, reason, OID));
        assert_eq!(code(&again), "8.10.1/3.9");
    }
}

#[test]
fn a_profile_taken_back_is_not_to_be_had_through_an_old_session() {
    let lab = Lab::new();
    let (iccid, matching_id) = lab.order(json!({}));
    let offer = lab.offered(&matching_id);
    let cancel = json!({"iccid": iccid, "finalProfileStatusIndicator": "Available"});
    assert_success(&lab.es2("cancelOrder", cancel));
    lab.es2("downloadOrder", json!({"iccid": iccid}));
    lab.es2("confirmOrder", json!({"iccid": iccid, "releaseFlag": true}));
    assert_eq!(code(&lab.fetch(&offer, None)), "8.2/3.7");
}

#[test]
fn with_one_seed_a_download_is_the_same_to_the_octet() {
    let run = || {
        let lab = Lab::new();
        let (_, matching_id) = lab.order(json!({}));
        lab.download(&matching_id)
    };
    assert_eq!(run(), run());
}
