//! What is done with a request at [`crate::relay::PATH`].

use crate::outcome::{Note, Served};
use crate::relay::{Forward, PASSED, PATH, Server, Unreached};
use crate::{Admittance, Host, HttpRequest, HttpResponse, Limited, Rate, admit};
use esim_rsp::json_binding::Interface;
use serde::Serialize;

/// Requests from one network address: a download has five.
const PACE: Rate = Rate { burst: 60, per_minute: 30 };
/// Where the client says none (SGP.22 6.5.1.2).
const PROTOCOL: &str = "gsma/rsp/v2.6.0";

/// The body where there is no answer.
#[derive(Serialize)]
struct Told<'a> {
    relay: Failure<'a>,
}

#[derive(Serialize)]
struct Failure<'a> {
    reason: &'a str,
    text: String,
}

/// Seconds after which it is worth trying again where too many others are being relayed.
const CROWDED: u64 = 5;

impl From<Unreached> for Served {
    fn from(unreached: Unreached) -> Self {
        let (reason, status) = unreached.known();
        let told = Told { relay: Failure { reason, text: unreached.to_string() } };
        let response = HttpResponse::json(status, &told);
        let retry = match unreached {
            Unreached::TooOften(seconds) => Some(seconds),
            Unreached::Busy => Some(CROWDED),
            _ => None,
        };
        let response = retry.into_iter().fold(response, |it, s| it.with_header("Retry-After", s.to_string()));
        Self { response, note: Note { outcome: Some(format!("relay: {reason}")), ..Note::default() } }
    }
}

/// Looks at the head of a request: whether it goes anywhere, and its sender has not asked too often. Where nobody can
/// count, nothing is relayed.
pub(crate) async fn enter<H: Host>(head: &HttpRequest, host: &H) -> Result<(), Unreached> {
    target(head, host.admittance())?;
    admit::pace_relay(&head.caller, PACE, host).await.map_err(|limited| match limited {
        Limited::Wait(seconds) => Unreached::TooOften(seconds),
        Limited::Failed(_) => Unreached::Busy,
    })
}

/// Sends it on.
pub(crate) async fn serve<H: Host>(request: &HttpRequest, host: &H) -> Result<Served, Unreached> {
    let (to, path) = target(request, host.admittance())?;
    let protocol = request.header("X-Admin-Protocol").unwrap_or(PROTOCOL);
    let plain = |octet: u8| octet.is_ascii_alphanumeric() || b"/.-".contains(&octet);
    if !request.is_of("application/json") || protocol.len() > 64 || !protocol.bytes().all(plain) {
        return Err(Unreached::NoFunction);
    }
    let (path, protocol) = (path.into(), protocol.into());
    let forward = Forward { to: to.clone(), path, protocol, body: request.body.clone() };
    let answer = host.forward(&forward).await?;
    if (300..400).contains(&answer.status) {
        return Err(Unreached::Redirected);
    }
    if answer.body.len() > Forward::ANSWER_LIMIT {
        return Err(Unreached::TooLarge);
    }
    let HttpResponse { status, mut headers, body } = answer;
    headers.retain(|(name, _)| PASSED.iter().any(|passed| name.eq_ignore_ascii_case(passed)));
    let response = HttpResponse { status, headers, body }.with_header("X-Relayed", to.to_string());
    let outcome = Some(format!("relay: {to} has answered {status}"));
    Ok(Served { response, note: Note { outcome, ..Note::default() } })
}

/// Where a request is to go, and the path there.
fn target<'a>(head: &'a HttpRequest, admittance: &'a Admittance) -> Result<(&'a Server, &'a str), Unreached> {
    if admittance.relay_to.is_empty() {
        return Err(Unreached::Off);
    }
    let rest = head.path.strip_prefix(PATH).unwrap_or_default();
    let (named, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let wanted = named.parse().map_err(|_| Unreached::NoFunction)?;
    let known = admittance.relay_to.iter().find(|known| **known == wanted);
    let known = known.ok_or_else(|| Unreached::NotAllowed(wanted.to_string()))?;
    // ES11 has the paths of ES9+, and fewer functions.
    let is_function = Interface::of(path).is_some_and(|(interface, name)| {
        interface == Interface::Es9Plus && interface.function(name).is_some()
    });
    match is_function && head.method == "POST" {
        true => Ok((known, path)),
        false => Err(Unreached::NoFunction),
    }
}
