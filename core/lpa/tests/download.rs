//! The download from its first message to its last, and every way in which it
//! can end otherwise.

use crate::peers;

use esim_lpa::download::{CardRefusal, LostPeer, Misbehaviour, Peer};
use esim_lpa::lui::{Concern, Fit, MemoryNeed, Preview};
use esim_lpa::policy::Forbidden;
use esim_lpa::{
    Answer, CertificateFault, Device, Download, DownloadParams, Ending, Lang, Outcome, Phase, Question,
};
use esim_rsp::es8p::{ProfileClass, StoreMetadataRequest};
use esim_rsp::es9p::CancelSessionEs9Request;
use esim_rsp::es10b::{
    AuthenticateErrorCode, AuthenticateResponseError, AuthenticateServerRequest, AuthenticateServerResponse,
    CancelSessionResponse, CtxParams1, DownloadErrorCode, PrepareDownloadRequest, PrepareDownloadResponse,
    PrepareDownloadResponseError,
};
use esim_rsp::es10c::ProfileInfo;
use esim_rsp::notification::ErrorReason;
use esim_rsp::{Code, decode, encode, json, tlv};
use peers::*;

#[test]
fn installs_and_reports() {
    let mut peers = Peers { notifications: vec![(0, ADDRESS.into())], ..Peers::default() };
    let outcome = peers.download(params());
    let Ending::Installed(installed) = &outcome.ending else { panic!("{outcome:?}") };
    assert_eq!(installed.iccid, Some(iccid()));
    assert_eq!(installed.isdp_aid, [0xA0, 0, 0, 5, 0x59, 0x10]);
    assert_eq!(installed.sequence_number, 0);
    assert_eq!(outcome.cancelled, None);
    let notified = outcome.notifications.as_ref().unwrap();
    assert!(notified.sent.len() == 1 && notified.sent[0].removed && notified.kept.is_empty());
    assert!(peers.notifications.is_empty());

    let functions: Vec<&str> = peers.log.iter().map(|(name, _)| name.as_str()).collect();
    let (before, after) = functions.split_at(10);
    assert_eq!(
        before,
        [
            "GetEUICCInfo1",
            "GetEUICCInfo2",
            "GetEUICCChallenge",
            "initiateAuthentication",
            "AuthenticateServer",
            "authenticateClient",
            "GetRAT",
            "GetProfilesInfo",
            "PrepareDownload",
            "getBoundProfilePackage",
        ]
    );
    let load = peers.segments();
    assert!(after[..load].iter().all(|name| *name == "LoadBoundProfilePackage"));
    assert_eq!(
        after[load..],
        ["ListNotification", "RetrieveNotificationsList", "handleNotification", "RemoveNotificationFromList",]
    );
    let mut phases = peers.phases.clone();
    phases.dedup();
    assert_eq!(
        phases,
        [
            Phase::Authenticating,
            Phase::Consent,
            Phase::Preparing,
            Phase::Loading,
            Phase::Notifying,
            Phase::Done,
        ]
    );
}

#[test]
fn passes_signed_octets_on_as_they_came() {
    let mut peers = Peers::default();
    peers.download(params());
    let request: AuthenticateServerRequest = decode(peers.sent("AuthenticateServer").unwrap()).unwrap();
    assert_eq!(request.server_certificate.as_bytes(), server_certificate());
    let body = peers.sent("authenticateClient").unwrap();
    let body = std::str::from_utf8(body).unwrap();
    assert!(body.contains(&transaction().to_string()));
    let loaded: Vec<u8> = peers
        .log
        .iter()
        .filter(|(name, _)| name == "LoadBoundProfilePackage")
        .flat_map(|(_, sent)| sent.clone())
        .collect();
    assert_eq!(loaded, peers.package());
}

#[test]
fn sends_what_the_device_is() {
    let mut peers = Peers::default();
    peers.download(params().with_device(Device::with_imei("352906110000013")));
    let request: AuthenticateServerRequest = decode(peers.sent("AuthenticateServer").unwrap()).unwrap();
    let CtxParams1::CtxParamsForCommonAuthentication(context) = request.ctx_params1.value();
    assert_eq!(context.matching_id.as_deref(), Some("TOKEN-1"));
    assert_eq!(*context.device_info.tac, [0x53, 0x92, 0x60, 0x11]);
    assert!(context.device_info.device_capabilities.nr5gc_supported_release.is_some());

    let mut old = Peers { rsp_capability: vec![0], ..Peers::default() };
    old.download(DownloadParams::at(ADDRESS).with_consent());
    let request: AuthenticateServerRequest = decode(old.sent("AuthenticateServer").unwrap()).unwrap();
    let CtxParams1::CtxParamsForCommonAuthentication(context) = request.ctx_params1.value();
    assert_eq!(context.matching_id, None);
    assert!(context.device_info.device_capabilities.nr5gc_supported_release.is_none());
}

#[test]
fn the_server_must_be_the_one_that_was_dialled() {
    let mut peers = Peers { server_address: "SMDP.EXAMPLE.COM".into(), ..Peers::default() };
    let dialled = DownloadParams { smdp_address: format!("{ADDRESS}:8443"), ..params() };
    assert!(peers.download(dialled).is_installed());

    let mut other = Peers { server_address: "smdp.example.org".into(), ..Peers::default() };
    let outcome = other.download(params());
    assert!(
        matches!(&outcome.ending, Ending::Misbehaved(Misbehaviour::WrongServerAddress { signed, .. }) if signed == "smdp.example.org")
    );
    assert_eq!(other.count("AuthenticateServer") + other.count("CancelSession"), 0);
}

#[test]
fn the_certificate_must_have_the_oid_of_the_activation_code() {
    let with_oid = |oid: &str| DownloadParams { smdp_oid: Some(oid.into()), ..params() };
    assert!(Peers::default().download(with_oid(OID)).is_installed());
    let mut peers = Peers::default();
    let outcome = peers.download(with_oid("2.999.11"));
    let what = Misbehaviour::WrongOid { expected: "2.999.11".into(), found: Some(OID.into()) };
    assert_eq!(outcome.ending, Ending::Misbehaved(what));
    assert_eq!(peers.count("AuthenticateServer"), 0);
}

#[test]
fn a_refusal_of_the_server_is_explained() {
    for function in ["initiateAuthentication", "authenticateClient", "getBoundProfilePackage"] {
        let mut peers = Peers::default();
        peers.say.insert(function, failed(Code::MatchingIdRefused));
        let outcome = peers.download(params());
        let Ending::Refused(refusal) = &outcome.ending else { panic!("{outcome:?}") };
        assert_eq!(
            (refusal.function.as_str(), refusal.subject.as_str(), refusal.reason.as_str()),
            (function, "8.2.6", "3.8")
        );
        assert!(refusal.name.is_some() && refusal.remedy.is_some());
        for lang in [Lang::En, Lang::Ja] {
            assert!(outcome.text(lang).contains("8.2.6/3.8"));
        }
        // The server has ended the session itself.
        assert_eq!(peers.count("CancelSession") + peers.count("cancelSession"), 0);
        assert_eq!(peers.count("LoadBoundProfilePackage"), 0);
    }
}

#[test]
fn a_refusal_without_codes_is_borne() {
    let mut peers = Peers::default();
    let body = br#"{"header":{"functionExecutionStatus":{"status":"Failed"}}}"#;
    peers.say.insert("authenticateClient", Say::Http(200, body.to_vec()));
    let outcome = peers.download(params());
    assert!(matches!(&outcome.ending, Ending::Refused(refusal) if refusal.subject.is_empty()));
}

/// The session was cancelled for `reason`, on the card and with its signed answer at the server.
#[track_caller]
fn assert_cancelled(peers: &Peers, outcome: &Outcome, reason: u8) {
    assert_eq!(peers.cancel_reason(), Some(reason));
    let posted: CancelSessionEs9Request = json::parse(peers.sent("cancelSession").unwrap()).unwrap();
    let CancelSessionResponse::CancelSessionResponseOk(signed) =
        decode(&posted.cancel_session_response.0).unwrap()
    else {
        panic!("not signed");
    };
    assert_eq!(signed.euicc_cancel_session_signed.reason.0, reason);
    assert_eq!(posted.transaction_id, transaction());
    let cancelled = outcome.cancelled.as_ref().unwrap();
    assert_eq!(
        (cancelled.reason.value, cancelled.by_card, cancelled.by_server),
        (u32::from(reason), true, true)
    );
}

#[test]
fn the_user_may_refuse_postpone_or_be_away() {
    for (answer, reason) in [(Answer::Reject, 0), (Answer::Postpone, 1), (Answer::Timeout, 2)] {
        let mut peers = Peers { answers: vec![answer.clone()], ..Peers::default() };
        let asking = DownloadParams { auto_consent: false, ..params() };
        let outcome = peers.download(asking);
        assert!(
            matches!(&outcome.ending, Ending::Declined { reason: code } if code.value == u32::from(reason))
        );
        assert_cancelled(&peers, &outcome, reason);
        assert_eq!(outcome.profile.as_ref().unwrap().profile_name.as_deref(), Some("Plan A"));

        let mut peers = Peers { code_required: true, answers: vec![answer], ..Peers::default() };
        let outcome = peers.download(params());
        assert_cancelled(&peers, &outcome, reason);
        assert_eq!(peers.count("PrepareDownload"), 0);
    }
}

#[test]
fn the_user_is_shown_what_is_offered() {
    let installed = ProfileInfo { iccid: Some(iccid()), ..ProfileInfo::default() };
    let mut peers = Peers { answers: vec![Answer::Accept], installed: vec![installed], ..Peers::default() };
    assert!(peers.download(DownloadParams { auto_consent: false, ..params() }).is_installed());
    let [Question::Consent(consent)] = &peers.questions[..] else { panic!("one question") };
    assert!(!consent.strong && consent.already_installed);
    assert_eq!(consent.free_memory, Some(0x045BF8));
    assert_eq!(consent.profile.notifications[0].address, "notify.example.com");
    assert_eq!(consent.profile.owner.as_ref().unwrap().mnc, "01");
    assert!(peers.questions[0].text(Lang::En).contains("285.6 kB"));
    assert!(peers.questions[0].text(Lang::Ja).contains("Plan A"));
}

/// What an offer looks like, of metadata with more octets behind it.
fn preview(peers: &mut Peers, more: &[u8]) -> Preview {
    let mut offer = peers.offer();
    let whole = encode(&peers.metadata);
    let content = tlv::read_only(&whole).unwrap().value;
    offer.profile_metadata.0 = tlv::wrap(0xBF25, &[&whole[content], more]);
    peers.say.insert("authenticateClient", Say::Http(200, ok(offer)));
    peers.answers = vec![Answer::Postpone];
    let outcome = peers.download(DownloadParams { auto_consent: false, ..params() });
    assert_cancelled(peers, &outcome, 1);
    assert_eq!(peers.count("PrepareDownload"), 0, "nothing is fetched");
    let [Question::Consent(consent)] = &peers.questions[..] else { panic!("one question") };
    let preview = Preview::of(consent);
    for lang in [Lang::En, Lang::Ja] {
        assert!(preview.rows(lang).iter().all(|(_, value)| !value.is_empty()));
        assert_eq!(
            preview.concerns.len(),
            preview.rows(lang).iter().filter(|(name, _)| name.is_empty()).count()
        );
    }
    preview
}

#[test]
fn whether_it_fits_is_told_before_anything_is_fetched() {
    // The card has 0x045BF8 octets: 285.6 kB.
    let unknown = preview(&mut Peers::default(), &[]);
    assert_eq!((unknown.memory.fit, unknown.installable), (Fit::Likely, true));
    assert_eq!(unknown.memory.estimated, None);
    let sized = |size: &[u8]| preview(&mut Peers::default(), &tlv::wrap(0x9F21, &[size]));
    let small = sized(&[0x00, 0x9C, 0x40]);
    assert_eq!((small.memory.estimated, small.memory.fit), (Some(40_000), Fit::Fits));
    assert!(small.concerns.is_empty());
    let tight = sized(&[0x04, 0x00, 0x00]);
    assert_eq!((tight.memory.fit, &tight.concerns[..]), (Fit::Tight, &[Concern::MayNotFit][..]));
    assert!(tight.installable);
    let large = sized(&[0x04, 0x5B, 0xF9]);
    assert_eq!((large.memory.fit, &large.concerns[..]), (Fit::TooLarge, &[Concern::TooLarge][..]));
    assert!(!large.installable);
    assert_eq!(sized(&[0xFF; 9]).memory.estimated, None, "no number of octets");
    assert_eq!(MemoryNeed::new(Some(20_000), None).fit, Fit::Doubtful);
    assert_eq!(MemoryNeed::new(None, Some(1)).fit, Fit::Unknown);
}

#[test]
fn what_stands_against_an_offer_is_told_with_the_gravest_first() {
    let installed = ProfileInfo { iccid: Some(iccid()), ..ProfileInfo::default() };
    let metadata = StoreMetadataRequest { profile_class: ProfileClass::test, ..with_rules(&[2]) };
    let mut peers = Peers {
        metadata,
        installed: vec![installed],
        rat: vec![allowed(&[2], false)],
        rsp_capability: vec![0],
        ..Peers::default()
    };
    let preview = preview(&mut peers, &[]);
    let expected = [Concern::AlreadyInstalled, Concern::NoTestProfiles, Concern::CannotDelete];
    assert_eq!((&preview.concerns[..], preview.installable), (&expected[..], false));
    let asked = peers.questions[0].text(Lang::En);
    assert!(asked.contains("this card takes none"), "{asked}");
    let rows = preview.rows(Lang::En);
    assert!(rows.contains(&("icon", "image/png, 2 bytes".into())), "{rows:?}");
    assert!(rows.contains(&("reports to", "notify.example.com (enable, delete)".into())), "{rows:?}");
}

#[test]
fn a_confirmation_code_is_asked_for_and_hashed() {
    // 12345678 under transaction 00..0F is the vector of the digest; here only its shape and presence.
    let answers = vec![Answer::ConfirmationCode("12345678".into())];
    let mut peers = Peers { code_required: true, answers, ..Peers::default() };
    assert!(peers.download(params()).is_installed());
    assert!(matches!(&peers.questions[..], [Question::ConfirmationCode(_)]));
    let asked: PrepareDownloadRequest = decode(peers.sent("PrepareDownload").unwrap()).unwrap();

    let mut given = Peers { code_required: true, ..Peers::default() };
    assert!(given.download(params().with_confirmation_code("12345678")).is_installed());
    assert!(given.questions.is_empty());
    let known: PrepareDownloadRequest = decode(given.sent("PrepareDownload").unwrap()).unwrap();
    assert!(asked.hash_cc.is_some() && asked.hash_cc == known.hash_cc);

    let mut unwanted = Peers::default();
    assert!(unwanted.download(params().with_confirmation_code("12345678")).is_installed());
    let without: PrepareDownloadRequest = decode(unwanted.sent("PrepareDownload").unwrap()).unwrap();
    assert_eq!(without.hash_cc, None);
}

#[test]
fn policy_rules_need_permission_and_may_need_strong_confirmation() {
    let mut forbidden = Peers { metadata: with_rules(&[1]), ..Peers::default() };
    let outcome = forbidden.download(params());
    assert_eq!(outcome.ending, Ending::PolicyForbids { why: Forbidden::Ppr1 });
    assert_cancelled(&forbidden, &outcome, 3);

    let mut other_rule =
        Peers { metadata: with_rules(&[2]), rat: vec![allowed(&[1], false)], ..Peers::default() };
    assert_eq!(other_rule.download(params()).ending, Ending::PolicyForbids { why: Forbidden::Ppr2 });

    let mut silent =
        Peers { metadata: with_rules(&[2]), rat: vec![allowed(&[1, 2], false)], ..Peers::default() };
    assert!(silent.download(params()).is_installed());

    let rat = vec![allowed(&[2], true)];
    let mut strong =
        Peers { metadata: with_rules(&[2]), rat, answers: vec![Answer::Accept], ..Peers::default() };
    assert!(strong.download(params()).is_installed());
    assert!(matches!(&strong.questions[..], [Question::Consent(consent)] if consent.strong));

    let other = ProfileInfo { iccid: Some("8988211000000430028".parse().unwrap()), ..ProfileInfo::default() };
    let rat = vec![allowed(&[1], false)];
    let mut second = Peers { metadata: with_rules(&[1]), rat, installed: vec![other], ..Peers::default() };
    assert_eq!(second.download(params()).ending, Ending::PolicyForbids { why: Forbidden::Ppr1BesideAnother });
}

#[test]
fn a_card_without_a_rules_table_allows_profiles_without_rules() {
    let mut peers = Peers::default();
    peers.say.insert("GetRAT", Say::Status(0x6D00));
    peers.say.insert("GetProfilesInfo", Say::Status(0x6A88));
    peers.say.insert("GetEUICCInfo2", Say::Status(0x6A88));
    assert!(peers.download(params()).is_installed());
}

#[test]
fn another_profile_than_announced_is_not_loaded() {
    let mut bound = metadata();
    bound.profile_name = "Plan B".into();
    let mut peers = Peers { bound_metadata: Some(bound), ..Peers::default() };
    let outcome = peers.download(params());
    assert_eq!(outcome.ending, Ending::Misbehaved(Misbehaviour::MetadataMismatch));
    assert_cancelled(&peers, &outcome, 4);
    assert_eq!(peers.count("LoadBoundProfilePackage"), 0);
}

#[test]
fn a_package_that_is_none_is_a_failure_to_load() {
    let mut peers = Peers::default();
    let body = format!(
        r#"{{"header":{{"functionExecutionStatus":{{"status":"Executed-Success"}}}},"transactionId":"{}","boundProfilePackage":"vzYA"}}"#,
        transaction()
    );
    peers.say.insert("getBoundProfilePackage", Say::Http(200, body.into_bytes()));
    let outcome = peers.download(params());
    assert!(
        matches!(&outcome.ending, Ending::Misbehaved(Misbehaviour::Malformed { function, .. }) if function == "LoadBoundProfilePackage")
    );
    assert_cancelled(&peers, &outcome, 5);
}

#[test]
fn unreadable_answers_of_the_server_are_told_as_such() {
    for (function, cancelled) in
        [("initiateAuthentication", false), ("authenticateClient", true), ("getBoundProfilePackage", true)]
    {
        for body in
            [&b"<html>"[..], br#"{"header":{"functionExecutionStatus":{"status":"Executed-Success"}}}"#]
        {
            let mut peers = Peers::default();
            peers.say.insert(function, Say::Http(200, body.to_vec()));
            let outcome = peers.download(params());
            assert!(
                matches!(&outcome.ending, Ending::Misbehaved(Misbehaviour::Malformed { .. })),
                "{outcome:?}"
            );
            assert_eq!(peers.cancel_reason(), cancelled.then_some(127));
        }
    }
}

#[test]
fn the_card_refuses_the_server() {
    let mut peers = Peers::default();
    let error = AuthenticateResponseError {
        transaction_id: transaction(),
        authenticate_error_code: AuthenticateErrorCode::invalidSignature,
    };
    peers.say.insert(
        "AuthenticateServer",
        Say::Data(encode(&AuthenticateServerResponse::AuthenticateResponseError(error))),
    );
    let outcome = peers.download(params());
    let Ending::CardRefused(CardRefusal { function, code, explanation }) = &outcome.ending else { panic!() };
    assert_eq!(
        (function.as_str(), code.value, code.name.as_str()),
        ("AuthenticateServer", 2, "invalidSignature")
    );
    assert!(!explanation.is_empty());
    assert_eq!(peers.count("authenticateClient") + peers.count("CancelSession"), 0);
}

#[test]
fn the_card_refuses_the_offer() {
    let mut peers = Peers::default();
    let error = PrepareDownloadResponseError {
        transaction_id: transaction(),
        download_error_code: DownloadErrorCode::invalidCertificate,
    };
    peers
        .say
        .insert("PrepareDownload", Say::Data(encode(&PrepareDownloadResponse::DownloadResponseError(error))));
    let outcome = peers.download(params());
    assert!(
        matches!(&outcome.ending, Ending::CardRefused(refusal) if refusal.code.name == "invalidCertificate")
    );
    assert_cancelled(&peers, &outcome, 127);
    assert_eq!(peers.count("getBoundProfilePackage"), 0);
}

#[test]
fn loading_stops_at_the_first_result() {
    let result = failure(ErrorReason::installFailedDueToPEProcessingError);
    let mut peers =
        Peers { result_at: Some(7), result, notifications: vec![(0, ADDRESS.into())], ..Peers::default() };
    let outcome = peers.download(params());
    let Ending::NotInstalled(error) = &outcome.ending else { panic!("{outcome:?}") };
    assert_eq!(error.reason.name, "installFailedDueToPEProcessingError");
    assert_eq!(error.bpp_command.name, "loadProfileElements");
    let element = &error.sima_response.as_ref().unwrap().elements[0];
    assert_eq!((element.status.name.as_str(), element.identification), ("invalid-request-format", Some(12)));
    assert!(outcome.text(Lang::En).contains("Profile element 12"));
    assert!(outcome.text(Lang::Ja).contains("12"));
    assert_eq!(peers.count("LoadBoundProfilePackage"), 8);
    assert_eq!(peers.count("CancelSession"), 0);
    assert_eq!(outcome.notifications.unwrap().sent.len(), 1);
}

#[test]
fn a_status_word_in_the_middle_is_a_failure_to_load() {
    let mut peers = Peers { notifications: vec![(3, ADDRESS.into())], ..Peers::default() };
    peers.say.insert("LoadBoundProfilePackage", Say::Status(0x6A88));
    let outcome = peers.download(params());
    assert!(matches!(&outcome.ending, Ending::CardRefused(refusal) if refusal.code.value == 0x6A88));
    assert_cancelled(&peers, &outcome, 5);
    // The card may have noted the true cause; the server shall hear it.
    assert_eq!(outcome.notifications.unwrap().sent.len(), 1);
}

#[test]
fn a_card_that_never_gives_a_result_is_noticed() {
    let mut peers = Peers::default();
    peers.say.insert("LoadBoundProfilePackage", Say::Data(Vec::new()));
    let outcome = peers.download(params());
    assert_eq!(outcome.ending, Ending::Misbehaved(Misbehaviour::NoResult));
    assert_cancelled(&peers, &outcome, 5);
}

#[test]
fn a_session_that_the_card_has_lost_is_not_cancelled_at_the_server() {
    let mut peers = Peers { answers: vec![Answer::Reject], ..Peers::default() };
    peers
        .say
        .insert("CancelSession", Say::Data(encode(&CancelSessionResponse::CancelSessionResponseError(5))));
    let outcome = peers.download(DownloadParams { auto_consent: false, ..params() });
    let cancelled = outcome.cancelled.unwrap();
    assert!(!cancelled.by_card && !cancelled.by_server);
    assert_eq!(peers.count("cancelSession"), 0);
}

#[test]
fn lost_servers_cancel_nothing_and_the_code_works_again() {
    for function in ["initiateAuthentication", "authenticateClient", "getBoundProfilePackage"] {
        for say in [Say::Lost, Say::Http(503, b"later".to_vec())] {
            let mut peers = Peers::default();
            peers.say.insert(function, say);
            let outcome = peers.download(params());
            let Ending::Lost(LostPeer { peer: Peer::Server, function: lost, .. }) = &outcome.ending else {
                panic!()
            };
            assert_eq!(lost, function);
            assert_eq!(peers.count("CancelSession") + peers.count("cancelSession"), 0);
            peers.say.clear();
            assert!(peers.download(params()).is_installed());
        }
    }
}

/// SGP.22 2.6.6, 3.1.2: the procedure ends. Repeating meets the same certificate, so nobody is told to repeat.
#[test]
fn a_refused_tls_certificate_ends_it_and_says_what_helps() {
    for (fault, en, ja) in [
        (CertificateFault::Expired, "has expired", "有効期限"),
        (CertificateFault::NotYetValid, "is not valid yet", "まだ有効"),
        (CertificateFault::UnknownIssuer, "does not trust", "信頼しない認証局"),
        (CertificateFault::WrongName, "for another name", "一致しません"),
        (CertificateFault::Unacceptable, "cannot be accepted", "受け入れられません"),
    ] {
        let mut peers = Peers::default();
        peers.say.insert("initiateAuthentication", Say::Untrusted(fault));
        let outcome = peers.download(params());
        let Ending::Untrusted(server) = &outcome.ending else { panic!("{outcome:?}") };
        assert_eq!((server.fault, server.function.as_str()), (fault, "initiateAuthentication"));
        assert_eq!(peers.count("CancelSession") + peers.count("cancelSession"), 0);
        let (english, japanese) = (outcome.text(Lang::En), outcome.text(Lang::Ja));
        assert!(english.contains(en) && english.contains("certificate refused"), "{english}");
        assert!(
            english.contains("trying again does not help") && !english.contains("Start again"),
            "{english}"
        );
        assert!(japanese.contains(ja) && japanese.contains("もう一度試しても解決しません"), "{japanese}");
    }
}

#[test]
fn an_answer_that_is_too_long_is_named_and_the_session_called_off() {
    let mut peers = Peers::default();
    peers.say.insert("authenticateClient", Say::TooLong);
    let outcome = peers.download(params());
    assert!(outcome.text(Lang::En).contains("longer than 4 MB"), "{}", outcome.text(Lang::En));
    assert_eq!((peers.count("CancelSession"), peers.count("cancelSession")), (1, 1));
    let mut peers = Peers { notifications: vec![(0, ADDRESS.into())], ..Peers::default() };
    peers.say.insert("handleNotification", Say::TooLong);
    let notified = peers.download(params()).notifications.unwrap();
    assert!(notified.kept[0].why.contains("longer than"), "{notified:?}");
}

#[test]
fn what_is_lost_at_the_end_changes_no_verdict() {
    let mut peers = Peers { answers: vec![Answer::Reject], ..Peers::default() };
    peers.say.insert("cancelSession", Say::Lost);
    let outcome = peers.download(DownloadParams { auto_consent: false, ..params() });
    assert!(matches!(outcome.ending, Ending::Declined { .. }));
    let cancelled = outcome.cancelled.unwrap();
    assert!(cancelled.by_card && !cancelled.by_server);

    let mut peers = Peers { notifications: vec![(0, ADDRESS.into())], ..Peers::default() };
    peers.say.insert("handleNotification", Say::Lost);
    let outcome = peers.download(params());
    assert!(outcome.is_installed());
    assert_eq!(outcome.notifications.unwrap().kept.len(), 1);
    assert_eq!(peers.notifications.len(), 1);
}

#[test]
fn a_card_that_goes_away_is_lost() {
    for function in
        ["GetEUICCInfo1", "AuthenticateServer", "GetRAT", "PrepareDownload", "LoadBoundProfilePackage"]
    {
        let mut peers = Peers::default();
        peers.say.insert(function, Say::Lost);
        let outcome = peers.download(params());
        assert!(
            matches!(&outcome.ending, Ending::Lost(LostPeer { peer: Peer::Card, function: lost, .. }) if lost == function)
        );
        assert_eq!(peers.count("CancelSession"), 0);
    }
}

#[test]
fn survives_serialisation_between_any_two_steps() {
    let through_json = |machine: Download| -> Download {
        let text = serde_json::to_string(&machine).unwrap();
        let again: Download = serde_json::from_str(&text).unwrap();
        assert_eq!(again, machine);
        again
    };
    let rat = vec![allowed(&[1, 2], true)];
    let answers = vec![Answer::Accept, Answer::ConfirmationCode("1".into())];
    let notifications = vec![(0, ADDRESS.into()), (1, "a.example.com".into())];
    let mut peers = Peers {
        rat,
        answers,
        notifications,
        code_required: true,
        metadata: with_rules(&[2]),
        ..Peers::default()
    };
    let outcome = peers.run(Download::new(params()), through_json);
    assert!(outcome.is_installed());
    let text = serde_json::to_string(&outcome).unwrap();
    assert_eq!(serde_json::from_str::<Outcome>(&text).unwrap(), outcome);

    let mut peers = Peers::default();
    peers.say.insert("LoadBoundProfilePackage", Say::Status(0x6985));
    let outcome = peers.run(Download::new(params()), through_json);
    assert_cancelled(&peers, &outcome, 5);
}

/// SGP.22 6.5.1.4: statusCodeData belongs to a refusal. Where it is missing that is said, not an empty code.
#[test]
fn a_refusal_is_told_with_whatever_the_server_gave() {
    let told = |status: &str| {
        let body = format!(r#"{{"header":{{"functionExecutionStatus":{status}}}}}"#);
        let mut peers = Peers::default();
        peers.say.insert("authenticateClient", Say::Http(200, body.into_bytes()));
        let outcome = peers.download(params());
        assert!(matches!(outcome.ending, Ending::Refused(_)), "{outcome:?}");
        let texts = [outcome.text(Lang::En), outcome.text(Lang::Ja)];
        assert!(texts.iter().all(|text| !text.contains("(/") && !text.contains('\u{1b}')), "{texts:?}");
        texts
    };
    let [en, ja] = told(r#"{"status":"Failed"}"#);
    assert!(en.contains("authenticateClient") && en.contains("no code") && en.contains("6.5.1.4"), "{en}");
    assert!(ja.contains("authenticateClient") && ja.contains("理由コードがありません"), "{ja}");
    let [en, ja] = told(r#"{"status":"Failed","statusCodeData":{"message":"No\u001b[31m plan"}}"#);
    assert!(en.contains("no code") && en.contains("The server says: \"No [31m plan\""), "{en}");
    assert!(ja.contains("理由コードがありません") && ja.contains("「No [31m plan」"), "{ja}");
    let [en, ja] = told(
        r#"{"status":"Failed","statusCodeData":{"subjectCode":"8.2.6","reasonCode":"3.8","message":"used up"}}"#,
    );
    assert!(en.contains("8.2.6/3.8") && en.contains("\"used up\""), "{en}");
    assert!(ja.contains("8.2.6/3.8") && ja.contains("「used up」"), "{ja}");
    // The server's sentence is not said twice where it is the one of the table.
    let mut peers = Peers::default();
    peers.say.insert("authenticateClient", failed(Code::MatchingIdRefused));
    assert!(!peers.download(params()).text(Lang::En).contains("The server says"));
}

/// Outputs that are missing are named.
#[test]
fn an_answer_that_lacks_a_member_names_it() {
    let mut peers = Peers::default();
    let body =
        br#"{"header":{"functionExecutionStatus":{"status":"Executed-Success"}},"transactionId":"00"}"#;
    peers.say.insert("initiateAuthentication", Say::Http(200, body.to_vec()));
    let text = peers.download(params()).text(Lang::En);
    assert!(text.contains("missing field `serverSigned1`") && !text.contains("at octet"), "{text}");
}
