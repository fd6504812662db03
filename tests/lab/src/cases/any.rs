//! What every function has in common: HTTP, JSON, versions, credentials (SGP.22 6.5).

use super::*;
use esim_crypto::pki::{Certificate, CrlDraft};
use esim_sm_edge::ClientCertificate;
use esim_smdp::Revocations;

/// A function by which an interface is called; any of it would do.
struct Door {
    interface: &'static str,
    path: &'static str,
    setup: Setup,
}

const LPA: Door =
    Door { interface: "es9p", path: "/gsma/rsp2/es9plus/initiateAuthentication", setup: Setup::Any };
const OPERATOR: Door =
    Door { interface: "es2p", path: "/gsma/rsp2/es2plus/downloadOrder", setup: Setup::Any };
const SERVER: Door = Door { interface: "es12", path: "/gsma/rsp2/es12/registerEvent", setup: Setup::Smds };
const SMDS: Door = Door { interface: "es15", path: "/gsma/rsp2/es15/registerEvent", setup: Setup::Smds };

type Run = fn(&Lab) -> Seen;

fn door(door: &Door, cases: impl IntoIterator<Item = (&'static str, Run)>) -> Vec<Case> {
    let case = |(name, run)| Case::new((door.interface, "AnyFunction"), name, door.setup, run);
    cases.into_iter().map(case).collect()
}

/// A sound request at a path.
fn sound(lab: &Lab, path: &str) -> HttpRequest {
    let header = json!({"functionRequesterIdentifier": "2.999.1", "functionCallIdentifier": "call"});
    let body = match path {
        _ if path == LPA.path => json!(lab.euicc.initiate(&lab.address)),
        _ if path == OPERATOR.path => json!({"header": header, "iccid": lab.provision()}),
        _ => json!({"header": header, "eid": lab.euicc.eid, "rspServerAddress": "smdp.example",
            "eventId": lab.provision(), "forwardingIndicator": false}),
    };
    let request = HttpRequest::post(path, body.to_string());
    if path == LPA.path { request } else { request.with_token(&lab.token) }
}

/// A request that differs from a sound one.
fn odd(lab: &Lab, path: &str, change: impl FnOnce(&mut HttpRequest)) -> Seen {
    let mut request = sound(lab, path);
    change(&mut request);
    sent(lab, request)
}

fn body(lab: &Lab, path: &str, body: &str) -> Seen {
    odd(lab, path, |request| request.body = body.into())
}

fn of_type(lab: &Lab, path: &str, kind: &str) -> Seen {
    odd(lab, path, |request| request.headers[0].1 = kind.into())
}

fn other_function(lab: &Lab, path: &str) -> Seen {
    let (interface, _) = path.rsplit_once('/').unwrap();
    odd(lab, path, |request| request.path = format!("{interface}/other"))
}

fn too_long(lab: &Lab, path: &str) -> Seen {
    odd(lab, path, |request| request.body.resize(HttpRequest::BODY_LIMIT + 1, b' '))
}

fn without_credential(lab: &Lab, path: &str) -> Seen {
    odd(lab, path, |request| request.headers.truncate(1))
}

fn wrong_credential(lab: &Lab, path: &str) -> Seen {
    odd(lab, path, |request| request.headers[1].1 = "Bearer wrong".into())
}

fn by_get(lab: &Lab, path: &str) -> Seen {
    odd(lab, path, |request| {
        request.method = "GET".into();
        request.body.clear();
    })
}

/// The version that the answer speaks, to one who speaks this.
fn speaks(lab: &Lab, version: Option<&str>) -> Seen {
    let mut seen = odd(lab, LPA.path, |request| {
        request.headers.extend(version.map(|version| ("X-Admin-Protocol".into(), version.into())));
    });
    seen.outcome.protocol = seen.exchange.response.header("X-Admin-Protocol").map(str::to_string);
    seen
}

pub(super) fn es9p() -> Vec<Case> {
    door(
        &LPA,
        [
            ("version-2-2", (|lab| speaks(lab, Some("gsma/rsp/v2.2.0"))) as Run),
            ("version-2-6", |lab| speaks(lab, Some("gsma/rsp/v2.6.0"))),
            ("version-3", |lab| speaks(lab, Some("gsma/rsp/v3.1.0"))),
            ("version-not-said", |lab| speaks(lab, None)),
            ("version-that-is-none", |lab| speaks(lab, Some("nonsense"))),
            ("type-with-charset", |lab| of_type(lab, LPA.path, "application/json;charset=UTF-8")),
            ("no-json", |lab| body(lab, LPA.path, "{")),
            ("no-body", |lab| body(lab, LPA.path, "")),
            ("a-field-is-missing", |lab| body(lab, LPA.path, r#"{"smdpAddress":"smdp.example"}"#)),
            ("no-base64", |lab| {
                body(lab, LPA.path, r#"{"smdpAddress":"smdp.example","euiccChallenge":"!","euiccInfo1":"!"}"#)
            }),
            ("another-content-type", |lab| of_type(lab, LPA.path, "text/plain")),
            ("unknown-function", |lab| other_function(lab, LPA.path)),
            ("not-by-post", |lab| by_get(lab, LPA.path)),
            ("body-too-long", |lab| too_long(lab, LPA.path)),
        ],
    )
}

pub(super) fn es2p() -> Vec<Case> {
    door(
        &OPERATOR,
        [
            ("no-json", (|lab| body(lab, OPERATOR.path, "{")) as Run),
            ("without-header", |lab| body(lab, OPERATOR.path, "{}")),
            ("another-content-type", |lab| of_type(lab, OPERATOR.path, "text/plain")),
            ("without-credential", |lab| without_credential(lab, OPERATOR.path)),
            ("wrong-credential", |lab| wrong_credential(lab, OPERATOR.path)),
            ("unknown-function", |lab| other_function(lab, OPERATOR.path)),
            ("not-by-post", |lab| by_get(lab, OPERATOR.path)),
            ("body-too-long", |lab| too_long(lab, OPERATOR.path)),
        ],
    )
    .into_iter()
    .chain([Case::new(
        (OPERATOR.interface, "AnyFunction"),
        "in-another-operators-name",
        Setup::Memory(one_operator),
        |lab| {
            odd(lab, OPERATOR.path, |request| {
                request.headers.truncate(1);
                request.caller.certificate = Some(ClientCertificate::Verified {
                    fingerprint: [7; 32],
                    issuer_key_id: vec![1; 20],
                    subject: "CN=operator".into(),
                });
            })
        },
    )])
    .collect()
}

/// An operator that is not the one of the requests, known by its certificate.
fn one_operator(config: &mut Config) {
    config.operators.push(esim_smdp::Operator {
        oid: "2.999.7".into(),
        callback: None,
        token_key: None,
        certificates: vec![[7; 32]],
    });
}

pub(super) fn es12() -> Vec<Case> {
    let no_sm_ds = Case::new((SERVER.interface, "AnyFunction"), "no-sm-ds", Setup::Memory(|_| {}), |lab| {
        sent(lab, sound(lab, SERVER.path))
    });
    let mut cases = door(
        &SERVER,
        [
            ("without-header", (|lab| body(lab, SERVER.path, "{}")) as Run),
            ("without-credential", |lab| without_credential(lab, SERVER.path)),
            ("unknown-function", |lab| other_function(lab, SERVER.path)),
            ("not-by-post", |lab| by_get(lab, SERVER.path)),
            ("body-too-long", |lab| too_long(lab, SERVER.path)),
        ],
    );
    let memory =
        |name, change, run| Case::new((SERVER.interface, "AnyFunction"), name, Setup::Memory(change), run);
    cases.extend([
        no_sm_ds,
        memory("by-its-tls-certificate", an_sm_ds, |lab| by_certificate(lab, "2.999.10")),
        memory("in-another-servers-name", an_sm_ds, |lab| by_certificate(lab, "2.999.11")),
        memory("with-a-revoked-certificate", revoke_tls, |lab| by_certificate(lab, "2.999.10")),
    ]);
    cases
}

fn an_sm_ds(config: &mut Config) {
    config.smds = Some(smds(None));
}

/// An SM-DS that knows of a CRL with the SM-DP+'s TLS certificate.
fn revoke_tls(config: &mut Config) {
    an_sm_ds(config);
    let pki = TestPki::well_known(Curve::P256);
    let serials = [Certificate::parse(&pki.dp_tls.certificate).unwrap().serial().to_vec()];
    let list = pki.issue_crl(&CrlDraft { number: 1, revoked: &serials, ..CrlDraft::default() });
    config.revocations = Revocations::new(&[list], &config.trusted).unwrap();
}

/// A sound request of the SM-DP+, which shows its TLS certificate and names itself so.
fn by_certificate(lab: &Lab, oid: &str) -> Seen {
    odd(lab, SERVER.path, |request| {
        request.headers.truncate(1);
        let body = String::from_utf8(request.body.clone()).unwrap();
        request.body = body.replace("\"2.999.1\"", &format!("\"{oid}\"")).into_bytes();
        let chain = vec![lab.pki.dp_tls.certificate.clone()];
        request.caller.certificate = Some(ClientCertificate::Chain(chain));
    })
}

pub(super) fn es15() -> Vec<Case> {
    door(
        &SMDS,
        [
            ("without-credential", (|lab| without_credential(lab, SMDS.path)) as Run),
            ("unknown-function", |lab| other_function(lab, SMDS.path)),
        ],
    )
}
