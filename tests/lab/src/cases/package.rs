//! ES9+ from the offer on: the package, notifications, the end of a session (SGP.22 5.6.2, 5.6.4, 5.6.5).

use super::es9p::{another_euicc, authenticates};
use super::*;

const FETCH: (&str, &str) = ("es9p", "GetBoundProfilePackage");
const NOTIFY: (&str, &str) = ("es9p", "HandleNotification");
const CANCEL: (&str, &str) = ("es9p", "CancelSession");

pub(super) fn cases() -> Vec<Case> {
    [fetch(), notify(), cancel()].into_iter().flatten().collect()
}

fn fetches(lab: &Lab, spoil: fn(&mut EuiccSigned2)) -> Seen {
    let offer = lab.offered(&lab.order(json!({})).1);
    told(lab, &lab.es9("getBoundProfilePackage", &lab.euicc.prepare(&offer, None, spoil)))
}

fn fetch() -> Vec<Case> {
    [fetch_package(), fetch_in_session(), fetch_signed(), fetch_confirmed()].into_iter().flatten().collect()
}

fn fetch_package() -> Vec<Case> {
    let case = |name, run| Case::new(FETCH, name, Setup::Any, run);
    vec![
        case("package-opens", |lab| {
            let (iccid, matching_id) = lab.order(json!({}));
            let answer = lab.fetch(&lab.offered(&matching_id), None);
            let ok: GetBoundProfilePackageOk = serde_json::from_value(answer.clone()).unwrap();
            let (_, profile) = lab.euicc.open(&ok.bound_profile_package.0, &lab.pki.dp_pb.key.public_key());
            assert_eq!(esim_smdp::profile::inspect(&profile).unwrap().iccid.to_string(), iccid);
            told_and(lab, &answer, &iccid)
        }),
        case("with-a-confirmation-code", |lab| {
            let (_, matching_id) = lab.order(json!({"confirmationCode": CODE}));
            told(lab, &lab.fetch(&lab.offered(&matching_id), Some(CODE)))
        }),
        case("with-a-confirmation-code-nobody-asked-for", |lab| {
            told(lab, &lab.fetch(&lab.offered(&lab.order(json!({})).1), Some(CODE)))
        }),
        case("same-request-same-package", |lab| {
            let offer = lab.offered(&lab.order(json!({})).1);
            let (first, second) = (lab.fetch(&offer, None), lab.fetch(&offer, None));
            assert_eq!(first, second);
            told(lab, &second)
        }),
        case("same-one-time-key-same-binding", |lab| {
            let (_, matching_id) = lab.order(json!({}));
            let open = |package: &[u8]| lab.euicc.open(package, &lab.pki.dp_pb.key.public_key());
            let (_, first) = lab.download(&matching_id);
            let answer = lab.fetch(&lab.offered(&matching_id), None);
            let second: GetBoundProfilePackageOk = serde_json::from_value(answer.clone()).unwrap();
            let second = second.bound_profile_package.0;
            assert_eq!(open(&first), open(&second));
            assert_eq!(first[first.len() - 1000..], second[second.len() - 1000..]);
            told(lab, &answer)
        }),
        case("new-one-time-key-new-binding", |lab| {
            let (_, matching_id) = lab.order(json!({}));
            let (_, first) = lab.download(&matching_id);
            let mut euicc = lab.euicc.clone();
            euicc.renew(5);
            let answer =
                lab.es9("getBoundProfilePackage", &euicc.prepare(&lab.offered(&matching_id), None, |_| {}));
            let second: GetBoundProfilePackageOk = serde_json::from_value(answer.clone()).unwrap();
            let second = second.bound_profile_package.0;
            assert_ne!(first[first.len() - 100..], second[second.len() - 100..]);
            told(lab, &answer)
        }),
    ]
}

/// The request belongs to no session, or to another.
fn fetch_in_session() -> Vec<Case> {
    let case = |name, run| Case::new(FETCH, name, Setup::Any, run);
    vec![
        case("unknown-transaction", |lab| {
            let mut offer = lab.offered(&lab.order(json!({})).1);
            offer.transaction_id = TransactionId::new(&[3; 16]);
            told(lab, &lab.fetch(&offer, None))
        }),
        case("before-authenticate-client", |lab| {
            let mut offer = lab.offered(&lab.order(json!({})).1);
            offer.transaction_id = lab.initiate().transaction_id;
            told(lab, &lab.fetch(&offer, None))
        }),
        case("another-transaction-is-signed", |lab| {
            fetches(lab, |signed| signed.transaction_id = TransactionId::new(&[1]))
        }),
        case("another-request-after-the-package", |lab| {
            let offer = lab.offered(&lab.order(json!({})).1);
            assert_success(&lab.fetch(&offer, None));
            let mut euicc = lab.euicc.clone();
            euicc.renew(99);
            told(lab, &lab.es9("getBoundProfilePackage", &euicc.prepare(&offer, None, |_| {})))
        }),
        case("after-cancel-session", |lab| {
            let offer = lab.offered(&lab.order(json!({})).1);
            let cancel = lab.euicc.cancel(&offer.transaction_id, CancelSessionReason::postponed, OID);
            assert_success(&lab.es9("cancelSession", &cancel));
            told(lab, &lab.fetch(&offer, None))
        }),
        Case::new(FETCH, "session-has-expired", Setup::Memory(|_| {}), |lab| {
            let offer = lab.offered(&lab.order(json!({})).1);
            lab.set_now(NOW + 3600);
            told(lab, &lab.fetch(&offer, None))
        }),
    ]
}

/// What the eUICC has signed.
fn fetch_signed() -> Vec<Case> {
    let case = |name, run| Case::new(FETCH, name, Setup::Any, run);
    vec![
        case("response-of-other-octets", |lab| {
            let offer = lab.offered(&lab.order(json!({})).1);
            let mut request = lab.euicc.prepare(&offer, None, |_| {});
            request.prepare_download_response = Base64(vec![0x30, 0]);
            told(lab, &lab.es9("getBoundProfilePackage", &request))
        }),
        case("signed-by-another-euicc", |lab| {
            let offer = lab.offered(&lab.order(json!({})).1);
            told(lab, &lab.es9("getBoundProfilePackage", &another_euicc(lab).prepare(&offer, None, |_| {})))
        }),
        case("another-offer-is-signed", |lab| {
            let mut offer = lab.offered(&lab.order(json!({})).1);
            offer.smdp_signature2.0[10] ^= 1;
            told(lab, &lab.fetch(&offer, None))
        }),
        case("one-time-key-off-the-curve", |lab| {
            fetches(lab, |signed| signed.euicc_otpk.0 = OctetString::from_slice(&[4; 65]))
        }),
        case("euicc-does-not-accept-the-offer", |lab| {
            let offer = lab.offered(&lab.order(json!({})).1);
            let error = PrepareDownloadResponse::DownloadResponseError(PrepareDownloadResponseError {
                transaction_id: offer.transaction_id.clone(),
                download_error_code: DownloadErrorCode::invalidSignature,
            });
            let mut request = lab.euicc.prepare(&offer, None, |_| {});
            request.prepare_download_response = Base64(esim_rsp::encode(&error));
            told(lab, &lab.es9("getBoundProfilePackage", &request))
        }),
    ]
}

/// The order does not allow it.
fn fetch_confirmed() -> Vec<Case> {
    let case = |name, run| Case::new(FETCH, name, Setup::Any, run);
    let memory = |change, name, run| Case::new(FETCH, name, Setup::Memory(change), run);
    vec![
        case("confirmation-code-is-missing", |lab| {
            told(lab, &lab.fetch(&lab.offered(&lab.order(json!({"confirmationCode": CODE})).1), None))
        }),
        case("confirmation-code-is-wrong", |lab| {
            told(lab, &lab.fetch(&lab.offered(&lab.order(json!({"confirmationCode": CODE})).1), Some("0")))
        }),
        case("confirmation-code-is-wrong-too-often", |lab| {
            let (iccid, matching_id) = lab.order(json!({"confirmationCode": CODE}));
            let mut tries = (0..3).map(|_| lab.fetch(&lab.offered(&matching_id), Some("0")));
            told_and(lab, &tries.nth(2).unwrap(), &iccid)
        }),
        case("another-euicc-was-faster", |lab| {
            let (_, matching_id) = lab.order(json!({}));
            let other = another_euicc(lab);
            let slow = authenticates(lab, &lab.initiate(), &other, &matching_id, |_| {});
            let slow = serde_json::from_value(slow).unwrap();
            lab.download(&matching_id);
            told(lab, &lab.es9("getBoundProfilePackage", &other.prepare(&slow, None, |_| {})))
        }),
        case("order-was-taken-back", |lab| {
            let (iccid, matching_id) = lab.order(json!({}));
            let offer = lab.offered(&matching_id);
            let cancel = json!({"iccid": iccid, "finalProfileStatusIndicator": "Available"});
            assert_success(&lab.es2("cancelOrder", cancel));
            told(lab, &lab.fetch(&offer, None))
        }),
        memory(
            |config| config.rebinding = false,
            "bound-to-a-lost-key",
            |lab| {
                let (_, matching_id) = lab.order(json!({}));
                lab.download(&matching_id);
                let mut euicc = lab.euicc.clone();
                euicc.renew(5);
                told(
                    lab,
                    &lab.es9(
                        "getBoundProfilePackage",
                        &euicc.prepare(&lab.offered(&matching_id), None, |_| {}),
                    ),
                )
            },
        ),
        memory(
            |config| config.limits.order_seconds = Some(100),
            "order-has-expired",
            |lab| {
                let offer = lab.offered(&lab.order(json!({})).1);
                lab.set_now(NOW + 100);
                told(lab, &lab.fetch(&offer, None))
            },
        ),
    ]
}

/// What a notification is answered with, and where the order stands then.
fn notified(lab: &Lab, notification: impl FnOnce(&TransactionId, &str) -> Vec<u8>) -> Seen {
    let (iccid, matching_id) = lab.order(json!({}));
    let (id, _) = lab.download(&matching_id);
    lab.notify(notification(&id, &iccid));
    Seen::last(lab).with_order(lab, &iccid)
}

fn notify() -> Vec<Case> {
    [notify_of_ours(), notify_in_vain()].into_iter().flatten().collect()
}

fn notify_of_ours() -> Vec<Case> {
    use NotificationEvent::{Delete, Disable, Enable};
    let case = |name, run| Case::new(NOTIFY, name, Setup::Any, run);
    vec![
        case("installed", |lab| notified(lab, |id, iccid| lab.euicc.result(id, iccid, 1, success()))),
        case("installed-as-before-version-2-2", |lab| {
            notified(lab, |id, iccid| lab.euicc.result_of(id, iccid, 1, success(), None))
        }),
        case("not-installed-for-good", |lab| {
            let reason = ErrorReason::installFailedDueToPEProcessingError;
            notified(lab, |id, iccid| lab.euicc.result(id, iccid, 1, failure(reason)))
        }),
        case("not-installed-for-now", |lab| {
            let reason = ErrorReason::installFailedDueToInterruption;
            notified(lab, |id, iccid| lab.euicc.result(id, iccid, 1, failure(reason)))
        }),
        case("enabled", |lab| {
            notified(lab, |id, iccid| {
                lab.notify(lab.euicc.result(id, iccid, 1, success()));
                lab.euicc.event(2, Enable, iccid)
            })
        }),
        case("disabled-and-an-older-one-after-it", |lab| {
            notified(lab, |id, iccid| {
                lab.notify(lab.euicc.result(id, iccid, 1, success()));
                lab.notify(lab.euicc.event(3, Disable, iccid));
                lab.euicc.event(2, Enable, iccid)
            })
        }),
        case("disabled", |lab| {
            notified(lab, |id, iccid| {
                lab.notify(lab.euicc.result(id, iccid, 1, success()));
                lab.notify(lab.euicc.event(2, Enable, iccid));
                lab.euicc.event(3, Disable, iccid)
            })
        }),
        case("installed-told-twice", |lab| {
            notified(lab, |id, iccid| {
                let result = lab.euicc.result(id, iccid, 1, success());
                lab.notify(result.clone());
                result
            })
        }),
        case("installed-after-it-was-given-up", |lab| {
            notified(lab, |id, iccid| {
                let cancel = lab.euicc.cancel(id, CancelSessionReason::loadBppExecutionError, OID);
                assert_success(&lab.es9("cancelSession", &cancel));
                lab.euicc.result(id, iccid, 1, success())
            })
        }),
        case("deleted", |lab| {
            notified(lab, |id, iccid| {
                lab.notify(lab.euicc.result(id, iccid, 1, success()));
                lab.euicc.event(2, Delete, iccid)
            })
        }),
    ]
}

/// What changes nothing: it is bent, or of another.
fn notify_in_vain() -> Vec<Case> {
    use NotificationEvent::Enable;
    let case = |name, run| Case::new(NOTIFY, name, Setup::Any, run);
    vec![
        case("result-of-another-euicc", |lab| {
            notified(lab, |id, iccid| another_euicc(lab).result(id, iccid, 1, success()))
        }),
        case("result-for-another-server", |lab| {
            notified(lab, |id, iccid| lab.euicc.result_of(id, iccid, 1, success(), Some(&[2, 999, 11])))
        }),
        case("result-with-a-bent-signature", |lab| {
            notified(lab, |id, iccid| {
                let mut result = lab.euicc.result(id, iccid, 1, success());
                *result.last_mut().unwrap() ^= 1;
                result
            })
        }),
        case("result-of-an-unknown-transaction", |lab| {
            notified(lab, |_, _| {
                lab.euicc.result(&TransactionId::new(&[1]), "8900101000000000009", 1, success())
            })
        }),
        case("event-of-a-profile-that-is-not-ours", |lab| {
            notified(lab, |_, _| lab.euicc.event(1, Enable, "8900101000000000009"))
        }),
        case("event-of-another-euicc", |lab| {
            notified(lab, |_, iccid| another_euicc(lab).event(1, Enable, iccid))
        }),
        case("other-octets", |lab| notified(lab, |_, _| vec![0x30, 0])),
    ]
}

/// A session cancelled for this reason, and where the order stands then.
fn cancels(lab: &Lab, reason: CancelSessionReason) -> Seen {
    let (iccid, matching_id) = lab.order(json!({}));
    let id = lab.offered(&matching_id).transaction_id;
    told_and(lab, &lab.es9("cancelSession", &lab.euicc.cancel(&id, reason, OID)), &iccid)
}

/// A request that is none of the eUICC's; the order stays.
fn cancels_not(lab: &Lab, request: impl FnOnce(&TransactionId) -> CancelSessionEs9Request) -> Seen {
    let (iccid, matching_id) = lab.order(json!({}));
    let id = lab.offered(&matching_id).transaction_id;
    told_and(lab, &lab.es9("cancelSession", &request(&id)), &iccid)
}

/// A session cancelled for this reason after the package has been handed out.
fn cancels_late(lab: &Lab, reason: CancelSessionReason) -> Seen {
    let (iccid, matching_id) = lab.order(json!({}));
    let (id, _) = lab.download(&matching_id);
    told_and(lab, &lab.es9("cancelSession", &lab.euicc.cancel(&id, reason, OID)), &iccid)
}

fn cancel() -> Vec<Case> {
    [cancel_for_a_reason(), cancel_refused()].into_iter().flatten().collect()
}

fn cancel_for_a_reason() -> Vec<Case> {
    use CancelSessionReason as Reason;
    let case = |name, run| Case::new(CANCEL, name, Setup::Any, run);
    vec![
        case("user-says-no", |lab| cancels(lab, Reason::endUserRejection)),
        case("user-says-later", |lab| cancels(lab, Reason::postponed)),
        case("user-says-nothing", |lab| cancels(lab, Reason::timeout)),
        case("policy-rules-are-not-allowed", |lab| cancels(lab, Reason::pprNotAllowed)),
        case("metadata-differs", |lab| cancels(lab, Reason::metadataMismatch)),
        case("package-cannot-be-loaded", |lab| cancels(lab, Reason::loadBppExecutionError)),
        case("no-reason-given", |lab| cancels(lab, Reason::undefinedReason)),
        case("user-says-no-after-the-package", |lab| cancels_late(lab, Reason::endUserRejection)),
        case("user-says-nothing-after-the-package", |lab| cancels_late(lab, Reason::timeout)),
        case("package-cannot-be-loaded-after-all", |lab| cancels_late(lab, Reason::loadBppExecutionError)),
    ]
}

fn cancel_refused() -> Vec<Case> {
    use CancelSessionReason as Reason;
    let case = |name, run| Case::new(CANCEL, name, Setup::Any, run);
    vec![
        case("response-of-other-octets", |lab| {
            cancels_not(lab, |id| {
                let mut request = lab.euicc.cancel(id, Reason::endUserRejection, OID);
                request.cancel_session_response = Base64(vec![0x30, 0]);
                request
            })
        }),
        case("signed-by-another-euicc", |lab| {
            cancels_not(lab, |id| another_euicc(lab).cancel(id, Reason::endUserRejection, OID))
        }),
        case("euicc-has-not-cancelled", |lab| {
            cancels_not(lab, |id| {
                let mut request = lab.euicc.cancel(id, Reason::endUserRejection, OID);
                let response = CancelSessionResponse::CancelSessionResponseError(127);
                request.cancel_session_response = Base64(esim_rsp::encode(&response));
                request
            })
        }),
        case("for-another-server", |lab| {
            cancels_not(lab, |id| lab.euicc.cancel(id, Reason::endUserRejection, &[2, 999, 11]))
        }),
        case("another-transaction-is-signed", |lab| {
            cancels_not(lab, |id| {
                let mut request = lab.euicc.cancel(&TransactionId::new(&[1]), Reason::endUserRejection, OID);
                request.transaction_id = id.clone();
                request
            })
        }),
        case("unknown-transaction", |lab| {
            cancels_not(lab, |_| lab.euicc.cancel(&TransactionId::new(&[1]), Reason::endUserRejection, OID))
        }),
        case("twice", |lab| {
            let (iccid, matching_id) = lab.order(json!({}));
            let id = lab.offered(&matching_id).transaction_id;
            let request = lab.euicc.cancel(&id, Reason::postponed, OID);
            assert_success(&lab.es9("cancelSession", &request));
            told_and(lab, &lab.es9("cancelSession", &request), &iccid)
        }),
        Case::new(CANCEL, "session-has-expired", Setup::Memory(|_| {}), |lab| {
            let (iccid, matching_id) = lab.order(json!({}));
            let id = lab.offered(&matching_id).transaction_id;
            lab.set_now(NOW + 3600);
            let request = lab.euicc.cancel(&id, Reason::endUserRejection, OID);
            told_and(lab, &lab.es9("cancelSession", &request), &iccid)
        }),
        case("before-authenticate-client", |lab| {
            let id = lab.initiate().transaction_id;
            cancels_not(lab, |_| lab.euicc.cancel(&id, Reason::endUserRejection, OID))
        }),
    ]
}
