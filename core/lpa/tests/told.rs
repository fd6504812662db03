//! Every failure as the owner of a phone is told of it: each is reached by a machine whose peers answer that code, and
//! docs/FAILURES.md has what is said. `ESIM_LAB_BLESS=1` writes the document anew.

use crate::peers;

use esim_lpa::driver::Failure;
use esim_lpa::lui::Told;
use esim_lpa::manage::*;
use esim_lpa::{Answer, CertificateFault, DownloadParams, Ending, Lang, ProfileRef};
use esim_rsp::es10b::*;
use esim_rsp::es10c::*;
use esim_rsp::notification::ErrorReason;
use esim_rsp::{Code, encode, json_binding, tlv};
use peers::*;
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// One line of the document: where it comes from, and what is said.
struct Case {
    group: &'static str,
    from: String,
    en: Told,
    ja: Told,
}

fn ended(group: &'static str, from: impl Into<String>, ending: &Ending) -> Case {
    let told = |lang| ending.told(lang).expect("a failure");
    Case { group, from: from.into(), en: told(Lang::En), ja: told(Lang::Ja) }
}

fn failed_to(group: &'static str, from: impl Into<String>, failure: &Failure) -> Case {
    Case { group, from: from.into(), en: failure.told(Lang::En), ja: failure.told(Lang::Ja) }
}

/// The ending of a download in which one function is answered so.
fn download(function: &'static str, say: Say) -> Ending {
    let mut peers = Peers::default();
    peers.say.insert(function, say);
    peers.download(params()).ending
}

const SERVERS: &str = "Answers of servers";

/// Functions that answer with a pair to an LPA, and the pairs (SGP.22 5.6.1 to 5.6.5).
fn pairs() -> Vec<Case> {
    let initiate = [
        Code::SmdpAddressRefused,
        Code::SmdpSecurityConfigurationUnsupported,
        Code::SmdpSvnUnsupported,
        Code::SmdpCertificateUnavailable,
        Code::FunctionRequesterUnknown,
        Code::FunctionRequesterNotAllowed,
        Code::FunctionProviderUnknown,
        Code::FunctionProviderUnavailable,
        Code::FunctionInvalid,
        Code::SmdsAddressRefused,
        Code::SmdsSecurityConfigurationUnsupported,
        Code::SmdsSvnUnsupported,
        Code::SmdsCertificateUnavailable,
    ];
    let authenticate = [
        Code::EumCertificateVerificationFailed,
        Code::EumCertificateExpired,
        Code::EuiccCertificateVerificationFailed,
        Code::EuiccCertificateExpired,
        Code::EuiccVerificationFailed,
        Code::EuiccInsufficientMemory,
        Code::CiPublicKeyUnknown,
        Code::EidRefused,
        Code::MatchingIdRefused,
        Code::ProfileNotAllowed,
        Code::ProfileTypeStoppedOnWarning,
        Code::DownloadOrderExpired,
        Code::DownloadOrderMaximumExceeded,
        Code::TransactionIdUnknown,
        Code::EventRecordUnknown,
    ];
    let bound = [
        Code::ConfirmationCodeMandatoryElementMissing,
        Code::ConfirmationCodeRefused,
        Code::ConfirmationCodeMaximumExceeded,
        Code::ProfileUnavailable,
        Code::RspExecutionError,
        Code::BppExecutionError,
        Code::ProfileMetadataValueHasChanged,
        Code::PprNotAllowed,
    ];
    let of = |function: &'static str, codes: &[Code]| {
        let case =
            |code: &Code| ended(SERVERS, format!("{function} {code}"), &download(function, failed(*code)));
        codes.iter().map(case).collect::<Vec<_>>()
    };
    [
        of("initiateAuthentication", &initiate),
        of("authenticateClient", &authenticate),
        of("getBoundProfilePackage", &bound),
    ]
    .concat_all()
}

trait ConcatAll {
    fn concat_all(self) -> Vec<Case>;
}

impl<const N: usize> ConcatAll for [Vec<Case>; N] {
    fn concat_all(self) -> Vec<Case> {
        self.into_iter().flatten().collect()
    }
}

fn other_answers() -> Vec<Case> {
    let body = |status: &str| {
        let body = format!(r#"{{"header":{{"functionExecutionStatus":{status}}}}}"#);
        Say::Http(200, body.into_bytes())
    };
    let unknown =
        r#"{"status":"Failed","statusCodeData":{"subjectCode":"9.9","reasonCode":"9.9","message":"no"}}"#;
    let of = |from: &str, say| ended(SERVERS, from, &download("authenticateClient", say));
    vec![
        of("authenticateClient, a pair that is in no table", body(unknown)),
        of("authenticateClient, Failed without a pair", body(r#"{"status":"Failed"}"#)),
        of("authenticateClient, an answer that is no JSON", Say::Http(200, b"<html>".to_vec())),
        of("authenticateClient, no answer", Say::Lost),
    ]
}

fn certificates() -> Vec<Case> {
    use CertificateFault::*;
    let faults = [Expired, NotYetValid, UnknownIssuer, WrongName, Unacceptable];
    let case = |fault: CertificateFault| {
        let ending = download("initiateAuthentication", Say::Untrusted(fault));
        ended("Certificates of TLS", format!("{fault:?}"), &ending)
    };
    faults.into_iter().map(case).collect()
}

fn installations() -> Vec<Case> {
    let reasons = ErrorReason::NAMED.iter();
    reasons
        .map(|(value, name)| {
            let mut peers = Peers { result: failure(ErrorReason(*value)), ..Peers::default() };
            ended("Results of an installation", format!("{name} ({value})"), &peers.download(params()).ending)
        })
        .collect()
}

/// What the eUICC answers to the functions of a session.
fn sessions() -> Vec<Case> {
    let group = "Results of the session's functions";
    let authenticate = AuthenticateErrorCode::NAMED.iter().map(|(value, name)| {
        let error = AuthenticateResponseError {
            transaction_id: transaction(),
            authenticate_error_code: AuthenticateErrorCode(*value),
        };
        let answer = encode(&AuthenticateServerResponse::AuthenticateResponseError(error));
        let ending = download("AuthenticateServer", Say::Data(answer));
        ended(group, format!("AuthenticateServer {name} ({value})"), &ending)
    });
    let prepare = DownloadErrorCode::NAMED.iter().map(|(value, name)| {
        let error = PrepareDownloadResponseError {
            transaction_id: transaction(),
            download_error_code: DownloadErrorCode(*value),
        };
        let answer = encode(&PrepareDownloadResponse::DownloadResponseError(error));
        let ending = download("PrepareDownload", Say::Data(answer));
        ended(group, format!("PrepareDownload {name} ({value})"), &ending)
    });
    authenticate.chain(prepare).collect()
}

const MANAGEMENT: &str = "Results of management";

/// Each code of a command that is none of success.
fn results<C: Command>(command: &C, named: &[(u8, &str)], answer: impl Fn(u8) -> Vec<u8>) -> Vec<Case> {
    let refusals = named.iter().filter(|(value, _)| *value != 0);
    refusals
        .map(|(value, name)| {
            let Err(error) = command.response(&answer(*value)) else { panic!("{name} is a refusal") };
            let ManageError::Refused(refusal) = &error else { panic!("{error}") };
            let from = format!("{} {name} ({value})", refusal.function);
            failed_to(MANAGEMENT, from, &Failure::Command(error))
        })
        .collect()
}

fn management() -> Vec<Case> {
    let profile = || ProfileRef::Iccid(iccid());
    let enable = Enable { profile: profile(), refresh: true };
    let disable = Disable { profile: profile(), refresh: true };
    let reset = MemoryReset { operational_profiles: true, ..MemoryReset::default() };
    let mut all = results(&enable, EnableResult::NAMED, |value| {
        encode(&EnableProfileResponse { enable_result: EnableResult(value) })
    });
    all.extend(results(&disable, DisableResult::NAMED, |value| {
        encode(&DisableProfileResponse { disable_result: DisableResult(value) })
    }));
    all.extend(results(&Delete { profile: profile() }, DeleteResult::NAMED, |value| {
        encode(&DeleteProfileResponse { delete_result: DeleteResult(value) })
    }));
    all.extend(results(&reset, ResetResult::NAMED, |value| {
        encode(&EuiccMemoryResetResponse { reset_result: ResetResult(value) })
    }));
    let nickname = SetNickname { iccid: iccid(), nickname: "Work".into() };
    all.extend(results(&nickname, SetNicknameResult::NAMED, |value| {
        encode(&SetNicknameResponse { set_nickname_result: SetNicknameResult(value) })
    }));
    all.extend(results(
        &SetDefaultDpAddress { address: "a.example".into() },
        &[(127, "undefinedError")],
        |value| tlv::wrap(0xBF3F, &[&[0x80, 1, value]]),
    ));
    all.extend(results(&RemoveNotification { sequence_number: 7 }, &[(127, "undefinedError")], |value| {
        tlv::wrap(0xBF30, &[&[0x80, 1, value]])
    }));
    let errors = [(1, "incorrectInputValues"), (127, "undefinedError")];
    all.extend(results(&ListProfiles::default(), &errors, |value| {
        encode(&ProfileInfoListResponse::ProfileInfoListError(value))
    }));
    let Err(unreadable) = enable.response(&[0xBF, 0x31]) else { panic!("no answer") };
    all.push(failed_to(
        MANAGEMENT,
        "EnableProfile, an answer that cannot be read",
        &Failure::Command(unreadable),
    ));
    all
}

fn status_words() -> Vec<Case> {
    let words = [
        0x6581, 0x6700, 0x6881, 0x6882, 0x6982, 0x6985, 0x6A80, 0x6A81, 0x6A82, 0x6A84, 0x6A88, 0x6D00,
        0x6E00, 0x6F00,
    ];
    let case =
        |sw: u16| ended("Status words", format!("{sw:04X}"), &download("PrepareDownload", Say::Status(sw)));
    words.into_iter().map(case).collect()
}

/// What needs no code: decisions of the user, rules, peers that misbehave or are not there.
fn without_codes() -> Vec<Case> {
    let group = "Without a code of the standard";
    let asked = || DownloadParams::new(&format!("LPA:1${ADDRESS}$TOKEN-1").parse().unwrap());
    let answered = |answer| {
        let mut peers = Peers { answers: vec![answer], ..Peers::default() };
        peers.download(asked()).ending
    };
    let with = |mut peers: Peers| peers.download(params()).ending;
    let named = |oid: &str| {
        DownloadParams::new(&format!("LPA:1${ADDRESS}$TOKEN-1${oid}").parse().unwrap()).with_consent()
    };
    let installed =
        ProfileInfo { iccid: Some("8988211000000430028".parse().unwrap()), ..ProfileInfo::default() };
    let beside = Peers {
        metadata: with_rules(&[1]),
        rat: vec![allowed(&[1, 2], false)],
        installed: vec![installed],
        ..Peers::default()
    };
    let other = esim_rsp::es8p::StoreMetadataRequest { profile_name: "Plan B".into(), ..metadata() };
    vec![
        ended(group, "the user says later", &answered(Answer::Postpone)),
        ended(group, "the user says nothing", &answered(Answer::Timeout)),
        ended(group, "the user refuses", &answered(Answer::Reject)),
        ended(
            group,
            "PPR1 is allowed to nobody",
            &with(Peers { metadata: with_rules(&[1]), ..Peers::default() }),
        ),
        ended(
            group,
            "PPR2 is allowed to nobody",
            &with(Peers { metadata: with_rules(&[2]), ..Peers::default() }),
        ),
        ended(group, "PPR1 beside another profile", &with(beside)),
        ended(
            group,
            "the server signs for another address",
            &with(Peers { server_address: "other.example".into(), ..Peers::default() }),
        ),
        ended(group, "the server has another OID", &Peers::default().download(named("2.999.11")).ending),
        ended(
            group,
            "another profile than announced",
            &with(Peers { bound_metadata: Some(other), ..Peers::default() }),
        ),
        ended(
            group,
            "the eUICC gives no result",
            &download("LoadBoundProfilePackage", Say::Data(Vec::new())),
        ),
        ended(
            group,
            "the eUICC's answer cannot be read",
            &download("AuthenticateServer", Say::Data(vec![0xBF])),
        ),
        ended(group, "the card is pulled out", &download("PrepareDownload", Say::Lost)),
        failed_to(group, "the card is gone before a command", &Failure::Lost("card removed".into())),
    ]
}

fn all() -> Vec<Case> {
    [
        pairs(),
        other_answers(),
        certificates(),
        installations(),
        sessions(),
        management(),
        status_words(),
        without_codes(),
    ]
    .concat_all()
}

/// What happened, why, what to do, and a code: in both languages, and for an owner.
#[test]
fn every_failure_is_told_in_both_languages() {
    let cases = all();
    let codes: BTreeSet<_> = cases.iter().map(|case| (case.group, case.en.code.clone())).collect();
    assert!(codes.len() >= 60, "{} codes", codes.len());
    let functions = json_binding::Function::ALL.iter().map(|function| function.name());
    let functions: Vec<_> =
        functions.chain(esim_rsp::es10::Function::ALL.iter().map(|function| function.name())).collect();
    for Case { from, en, ja, .. } in &cases {
        assert!(!en.what.is_empty() && !en.remedy.is_empty() && !en.code.is_empty(), "{from}: {en:?}");
        assert!(!ja.what.is_empty() && !ja.remedy.is_empty() && ja.code == en.code, "{from}: {ja:?}");
        assert_eq!((en.why.is_empty(), &en.details), (ja.why.is_empty(), &ja.details), "{from}");
        assert!(!en.details.is_empty(), "{from}: nothing for whoever is asked for help");
        let (english, japanese) = (en.text(Lang::En), ja.text(Lang::Ja));
        assert!(english.is_ascii(), "{from}: {english}");
        assert!(!japanese.contains(". ") && japanese.ends_with('。'), "{from}: {japanese}");
        let shell = ["esim-lab", "--", "SM-DP+", "APDU", "GSMA"];
        for word in functions.iter().chain(&shell) {
            assert!(!english.contains(word) && !japanese.contains(word), "{from}: an owner knows no {word}");
        }
    }
}

/// No code of the standard that reaches an LPA falls through to words that say nothing.
#[test]
fn no_code_that_is_known_is_told_as_unknown() {
    let unknown = "does not say why";
    let silent =
        |case: &Case| case.en.why.contains(unknown) && !case.from.contains("127") && case.en.code != "6F00";
    let cases = all();
    let left: Vec<_> = cases.iter().filter(|case| silent(case)).map(|case| &case.from).collect();
    assert_eq!(left, [""; 0]);
    let refused = cases.iter().filter(|case| case.en.why == "The operator's server refused it.");
    assert_eq!(
        refused.map(|case| case.from.as_str()).collect::<Vec<_>>(),
        ["authenticateClient, a pair that is in no table"]
    );
}

const INTRODUCTION: &str = "# What the owner of a phone is told

Every failure of the LPA as `Told` (`core/lpa/src/lui/owner`): what happened, why, what to do, and the code to quote.
`esim-lab lpa` without a command shows it, `--json` has it as `told`. Each row is reached by a case of
`core/lpa/tests/told.rs`, which has written this page: a machine of the LPA whose server or card answers that code.
";

fn document() -> String {
    let mut text = INTRODUCTION.to_string();
    let mut group = "";
    for case in all() {
        if case.group != group {
            group = case.group;
            let _ = writeln!(text, "\n## {group}\n\n| from | code | English | 日本語 |\n|---|---|---|---|");
        }
        let Case { from, en, ja, .. } = case;
        let _ = writeln!(text, "| {from} | {} | {} | {} |", en.code, en.text(Lang::En), ja.text(Lang::Ja));
    }
    text
}

#[test]
fn the_document_has_what_is_said() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/FAILURES.md");
    let document = document();
    if std::env::var_os("ESIM_LAB_BLESS").is_some() {
        std::fs::write(&path, &document).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == document, "docs/FAILURES.md is not what is said; ESIM_LAB_BLESS=1 writes it");
}
