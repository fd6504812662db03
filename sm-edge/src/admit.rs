//! Who gets in, before any function runs: LPAs by client certificate where that is switched on, operators by
//! certificate or token always, everybody at a measured pace.

use crate::outcome::Rejection;
use crate::{Caller, ClientCertificate, Guests, Host, HttpRequest, Limited, Rate};
use crate::{guests, origin, token};
use esim_crypto::pki::{self, Certificate, ChainReason, Role, TrustedCi};
use esim_crypto::sha256;
use esim_rsp::check::Rule;
use esim_rsp::{Code, Refusal};
use esim_smdp::store::AliasKind;
use esim_smdp::{CalledBy, Config, Credential, OnBehalf, Operator};
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, Ipv6Addr};
use subtle::ConstantTimeEq;

/// What [`speaks`] verifies.
pub(crate) const SPEAKS: Rule =
    Rule::new("SGP.22 6.5.1", "functionRequesterIdentifier is that of the credential");

/// What an operator of the service wants of its callers.
#[derive(Clone, Debug, Default)]
pub struct Admittance {
    /// Only LPAs with a client certificate under one of these get in; every LPA where there is none.
    pub lpa_issuers: Vec<TrustedCi>,
    /// Requests of LPAs from one network address, and refused requests of operators; unlimited if absent.
    pub per_source: Option<Rate>,
    /// Requests of one operator, or of one server that calls the SM-DS; unlimited if absent. The house is not counted.
    pub per_operator: Option<Rate>,
    /// Tries of one order, or of one eUICC without an activation code; unlimited if absent.
    pub per_order: Option<Rate>,
    /// Origins (`https://page.example`) whose pages may call ES2+ and `/esim-lab/` from a browser, besides our own.
    pub page_origins: Vec<String>,
    /// What guests may have; there are none if absent.
    pub guests: Option<Guests>,
    /// Servers to which requests of LPAs in pages are sent on; none if empty.
    #[cfg(feature = "relay")]
    pub relay_to: Vec<crate::relay::Server>,
}

impl Admittance {
    /// Every LPA, at any pace.
    pub const OPEN: Self = Self {
        lpa_issuers: Vec::new(),
        per_source: None,
        per_operator: None,
        per_order: None,
        page_origins: Vec::new(),
        guests: None,
        #[cfg(feature = "relay")]
        relay_to: Vec::new(),
    };
}

/// Seconds after which it is worth trying again where nobody could count.
const UNCOUNTED: u64 = 5;
/// New guests from one network address.
const NEW_GUESTS: Rate = Rate { burst: 10, per_minute: 1 };
/// For how many a refused try counts.
const REFUSED_COUNTS: u32 = 5;

/// Somebody who has used up what may be had of something.
fn limited(what: &str, limited: Limited) -> Rejection {
    let (status, seconds, detail) = match limited {
        Limited::Wait(seconds) => (429, seconds, format!("Too many {what}")),
        Limited::Failed(_) => (503, UNCOUNTED, format!("The {what} cannot be counted now")),
    };
    let refusal =
        Refusal::of(Code::FunctionProviderUnavailable).because(format!("{detail}: try again in {seconds} s"));
    Rejection { retry_after: Some(seconds), ..Rejection::new(status, refusal) }
}

/// Lets an LPA in by its certificate.
pub(crate) fn lpa<H: Host>(request: &HttpRequest, host: &H) -> Result<(), Rejection> {
    let (issuers, now) = (&host.admittance().lpa_issuers, host.now());
    if issuers.is_empty() {
        return Ok(());
    }
    let outcome = match &request.caller.certificate {
        None => Err("it showed none".to_string()),
        Some(_) if origin::is_foreign(request, host.config()) => return Err(foreign()),
        Some(ClientCertificate::Chain(chain)) => verify(chain, issuers, now),
        Some(ClientCertificate::Verified { issuer_key_id, .. }) => {
            let known = issuers.iter().any(|ci| ci.key_id == *issuer_key_id);
            if known { Ok(()) } else { Err(ChainReason::UnknownIssuer.to_string()) }
        }
    };
    outcome.map_err(|why| {
        let detail = format!("LPAs get in with a client certificate of an admitted issuer only, and {why}");
        Rejection::new(403, Refusal::of(Code::FunctionRequesterNotAllowed).because(detail))
    })
}

fn verify(chain: &[Vec<u8>], issuers: &[TrustedCi], now: u64) -> Result<(), String> {
    let parsed: Result<Vec<_>, _> = chain.iter().map(|der| Certificate::parse(der)).collect();
    let parsed = parsed.map_err(|error| format!("a certificate cannot be read: {error}"))?;
    pki::verify_client(&parsed, issuers, now).map(drop).map_err(|reason| reason.to_string())
}

/// Who has been let in, by what it has shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Requester {
    /// An LPA, which speaks for nobody but the eUICC that it proves later.
    Lpa,
    /// The one who runs this service, by its token: for every operator.
    House,
    /// One operator, by its OID, and by what it has shown.
    Operator(String, Credential),
    /// An SM-DP+ or SM-DS, by the OID of its TLS certificate.
    Server(String),
}

impl Requester {
    /// Holds the request, as it was read, against who has sent it: it speaks in its own name, or is refused. Where it
    /// names nobody it speaks for the one who has sent it.
    fn speaks(&self, request: &mut dyn OnBehalf) -> Result<(), Rejection> {
        if *self == Self::House {
            return Ok(());
        }
        match (request.on_behalf_of(), self.oid()) {
            (Some(named), own) if Some(named) != own => {
                let own = own.unwrap_or("an LPA");
                let detail = format!("The credential is that of {own}, the request speaks for {named}");
                return Err(Rejection::new(
                    403,
                    Refusal::of(Code::FunctionRequesterNotAllowed).because(detail),
                ));
            }
            (None, Some(own)) => request.speak_for(own),
            _ => {}
        }
        Ok(())
    }

    /// Who has called from where, for log and history.
    pub fn called_by(&self, caller: &Caller) -> CalledBy {
        let credential = match self {
            Self::Lpa if caller.certificate.is_some() => Credential::ClientCertificate,
            Self::Lpa => Credential::None,
            Self::House => Credential::HouseToken,
            Self::Operator(_, credential) => *credential,
            Self::Server(_) => Credential::ServerCertificate,
        };
        CalledBy { credential, oid: self.oid().map(str::to_string), address: caller.source.clone() }
    }

    /// OID of the operator or server, if it is one in particular.
    pub fn oid(&self) -> Option<&str> {
        match self {
            Self::Lpa | Self::House => None,
            Self::Operator(oid, _) | Self::Server(oid) => Some(oid),
        }
    }
}

/// Who calls ES2+ or the operator's interface: by the house's token, a signed token, or a client certificate.
pub(crate) fn requester<H: Host>(request: &HttpRequest, host: &H) -> Result<Requester, Rejection> {
    let (config, now) = (host.config(), host.now());
    if let Some(credential) = bearer(request) {
        if is_token_of_house(credential, host.operator_token()) {
            return Ok(Requester::House);
        }
        if guests::is_token(credential) {
            let oid = guests::verify(credential, host).map_err(|why| unknown(&why))?;
            return Ok(Requester::Operator(oid, Credential::GuestToken));
        }
        if token::is_signed(credential) {
            let operator = token::verify(credential, config, now).map_err(|error| unknown(&error))?;
            return Ok(Requester::Operator(operator.oid.clone(), Credential::SignedToken));
        }
        return Err(unknown(&"the token is wrong"));
    }
    match &request.caller.certificate {
        Some(_) if origin::is_foreign(request, config) => Err(foreign()),
        Some(certificate) => {
            let operator = by_certificate(certificate, config, now)?;
            Ok(Requester::Operator(operator.oid.clone(), Credential::ClientCertificate))
        }
        None if request.header("Authorization").is_some() => {
            Err(unknown(&"Authorization must be Bearer and a token"))
        }
        None => Err(unknown(&"there is neither a token nor a client certificate")),
    }
}

/// Whether a request shows the credential of the house: for what a host tells nobody else.
pub fn is_house<H: Host>(request: &HttpRequest, host: &H) -> bool {
    requester(request, host) == Ok(Requester::House)
}

fn bearer(request: &HttpRequest) -> Option<&str> {
    let given = request.header("Authorization")?;
    let scheme = given.get(..7).filter(|scheme| scheme.eq_ignore_ascii_case("Bearer "));
    scheme.and(given.get(7..)).map(str::trim)
}

/// Compares without telling by the time how much is right.
fn is_token_of_house(given: &str, wanted: &str) -> bool {
    bool::from(given.as_bytes().ct_eq(wanted.as_bytes())) && !wanted.is_empty()
}

fn unknown(why: &dyn core::fmt::Display) -> Rejection {
    let detail = format!("The credential of the customer system is missing or wrong: {why}");
    Rejection::new(401, Refusal::of(Code::FunctionRequesterUnknown).because(detail))
}

/// Whose browser has been made to ask.
fn foreign() -> Rejection {
    let detail =
        "The request comes from a page of another server, and a certificate is shown for whatever page asks";
    Rejection::new(403, Refusal::of(Code::FunctionRequesterNotAllowed).because(detail))
}

/// The operator whose certificate this is. Operators' certificates are known one by one, whoever issued them.
fn by_certificate<'a>(
    certificate: &ClientCertificate,
    config: &'a Config,
    now: u64,
) -> Result<&'a Operator, Rejection> {
    let print = match certificate {
        ClientCertificate::Chain(chain) => sha256(&[chain.first().map_or(&[][..], Vec::as_slice)]),
        ClientCertificate::Verified { fingerprint, .. } => *fingerprint,
    };
    let known = config.operators.iter().find(|operator| operator.certificates.contains(&print));
    let operator = known.ok_or_else(|| unknown(&"the client certificate is no operator's here"))?;
    if let ClientCertificate::Chain(chain) = certificate {
        let validity = chain.first().and_then(|der| pki::validity(der));
        let (from, to) = validity.ok_or_else(|| unknown(&"the client certificate cannot be read"))?;
        if now < from || now > to {
            return Err(unknown(&"the client certificate has expired or is not valid yet"));
        }
    }
    Ok(operator)
}

/// Which SM-DP+ or SM-DS calls ES12 or ES15: by its TLS certificate, whose OID it speaks for, or by the credential of
/// an operator (SGP.22 6.5.1: mutual authentication).
pub(crate) fn server<H: Host>(request: &HttpRequest, host: &H) -> Result<Requester, Rejection> {
    match server_oid(&request.caller, host.config(), host.now()) {
        Some(_) if origin::is_foreign(request, host.config()) => Err(foreign()),
        Some(oid) => Ok(Requester::Server(oid)),
        None => match requester(request, host)? {
            Requester::Operator(_, Credential::GuestToken) => {
                let detail = "Events are registered by servers and operators, not by guests";
                Err(Rejection::new(403, Refusal::of(Code::FunctionRequesterNotAllowed).because(detail)))
            }
            requester => Ok(requester),
        },
    }
}

/// OID of the SM-DP+ or SM-DS whose TLS certificate the caller shows.
fn server_oid(caller: &Caller, config: &Config, now: u64) -> Option<String> {
    let ClientCertificate::Chain(chain) = caller.certificate.as_ref()? else { return None };
    let certificate = Certificate::parse(chain.first()?).ok()?;
    let role = [Role::DpTls, Role::DsTls].into_iter().find(|role| certificate.has_role(*role))?;
    pki::verify_server(&certificate, role, &config.trusted, Some(now)).ok()?;
    let issuer = config.trusted.iter().find(|ci| certificate.authority_key_id() == Some(&ci.key_id[..]))?;
    if config.revocations.contain(&certificate, &issuer.key) {
        return None;
    }
    certificate.san_registered_id().map(str::to_string)
}

/// Takes one request from what an LPA's network address may have. Where nobody can count, LPAs get in all the same:
/// better than to refuse everybody.
pub(crate) async fn pace<H: Host>(caller: &Caller, host: &H) -> Result<(), Rejection> {
    match pace_source(caller, host).await {
        Err(rejection) if rejection.status == 503 => Ok(()),
        paced => paced,
    }
}

async fn pace_source<H: Host>(caller: &Caller, host: &H) -> Result<(), Rejection> {
    let taken = take(source_key(caller), host.admittance().per_source, host).await;
    taken.map_err(|why| limited("requests from your network address", why))
}

/// Takes one guest from those that a network address may bring. Where nobody can count, there is none.
pub(crate) async fn pace_guests<H: Host>(caller: &Caller, host: &H) -> Result<(), Rejection> {
    let key = source_key(caller).map(|source| format!("guests/{source}"));
    let taken = take(key, Some(NEW_GUESTS), host).await;
    taken.map_err(|why| limited("guests from your network address", why))
}

/// Takes one from what a network address may have sent on to other servers.
#[cfg(feature = "relay")]
pub(crate) async fn pace_relay<H: Host>(caller: &Caller, rate: Rate, host: &H) -> Result<(), Limited> {
    take(source_key(caller).map(|source| format!("relay/{source}")), Some(rate), host).await
}

/// Takes one request from what an operator that has been let in may have, or another server; `oid` is whose.
async fn pace_admitted<H: Host>(oid: Option<&str>, host: &H) -> Result<(), Rejection> {
    let key = oid.map(|oid| format!("operator/{oid}"));
    let taken = take(key, host.admittance().per_operator, host).await;
    taken.map_err(|why| limited("requests of yours", why))
}

/// Takes one try from what an order may have; `tries` is [`esim_smdp::Function::tries`]. Where nobody can count, it
/// cannot be tried: who guesses must not go on uncounted.
pub(crate) async fn try_order<H: Host>(
    tries: Option<&str>,
    caller: &Caller,
    host: &H,
) -> Result<(), Rejection> {
    let key = tries.map(|tries| tries_key(tries, caller));
    let taken = take(key, host.admittance().per_order, host).await;
    taken.map_err(|why| limited("tries of this order", why))
}

async fn take<H: Host>(key: Option<String>, rate: Option<Rate>, host: &H) -> Result<(), Limited> {
    match key.zip(rate) {
        Some((key, rate)) => host.take(&key, rate).await,
        None => Ok(()),
    }
}

/// A try that was refused weighs more: who guesses runs out first. This is for the order.
pub(crate) async fn weigh_refusal<H: Host>(tries: &str, caller: &Caller, host: &H) {
    weigh(Some(tries_key(tries, caller)), host.admittance().per_order, host).await;
}

/// The same for the source, where the request has come in: some hosts count sources in each place apart.
pub(crate) async fn weigh_source<H: Host>(caller: &Caller, host: &H) {
    weigh(source_key(caller), host.admittance().per_source, host).await;
}

async fn weigh<H: Host>(key: Option<String>, rate: Option<Rate>, host: &H) {
    let Some((key, rate)) = key.zip(rate) else { return };
    for _ in 1..REFUSED_COUNTS {
        if host.take(&key, rate).await.is_err() {
            break;
        }
    }
}

/// Whom a credential has let in, at a measured pace, and who was refused as well.
pub(crate) async fn paced<H: Host>(
    requester: Result<Requester, Rejection>,
    caller: &Caller,
    host: &H,
) -> Result<Requester, Rejection> {
    match requester {
        Ok(requester) => pace_admitted(requester.oid(), host).await.map(|()| requester),
        Err(rejection) => Err(pace_refused(rejection, caller, host).await),
    }
}

/// Holds a request against who has sent it ([`Requester::speaks`]); tries to speak for others are measured.
pub(crate) async fn speaks<H: Host>(
    requester: &Requester,
    request: &mut (dyn OnBehalf + Send),
    caller: &Caller,
    host: &H,
) -> Result<(), Rejection> {
    match requester.speaks(request) {
        Ok(()) => Ok(()),
        Err(rejection) => Err(pace_refused(rejection, caller, host).await),
    }
}

/// What a refused operator or server gets: the refusal, until there have been too many; and none where nobody can count
/// them, so that nobody learns by trying which credential is right.
async fn pace_refused<H: Host>(refused: Rejection, caller: &Caller, host: &H) -> Rejection {
    match pace_source(caller, host).await {
        Ok(()) => refused,
        Err(limited) => limited,
    }
}

/// An EID can be claimed by anybody, so its tries are counted for each address apart; an activation code is known to
/// those only who have it.
fn tries_key(tries: &str, caller: &Caller) -> String {
    match AliasKind::Matching.has(tries) {
        true => format!("order/{tries}"),
        false => format!("order/{tries}/{}", caller.source.as_deref().unwrap_or_default()),
    }
}

/// One address of IPv4, the /64 of one of IPv6, which is what one household has; none for this machine itself.
fn source_key(caller: &Caller) -> Option<String> {
    let source = caller.source.as_deref()?;
    let Ok(address) = source.parse::<IpAddr>() else { return Some(format!("source/{source}")) };
    match address.to_canonical() {
        address if address.is_loopback() => None,
        IpAddr::V4(address) => Some(format!("source/{address}")),
        IpAddr::V6(address) => {
            let network = u128::from(address) >> 64 << 64;
            Some(format!("source/{}", Ipv6Addr::from(network)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(source: &str) -> Option<String> {
        source_key(&Caller { source: Some(source.into()), certificate: None })
    }

    #[test]
    fn sources_are_addresses_or_networks() {
        assert_eq!(from("192.0.2.7").as_deref(), Some("source/192.0.2.7"));
        assert_eq!(from("::ffff:192.0.2.7").as_deref(), Some("source/192.0.2.7"));
        assert_eq!(from("2001:db8:1:2:3:4:5:6").as_deref(), Some("source/2001:db8:1:2::"));
        assert_eq!(from("127.0.0.1"), None);
        assert_eq!(from("::1"), None);
    }
}
