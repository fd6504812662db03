//! A download session: one conversation between an LPA and this server (SGP.22 3.1.2, 3.1.3), in states named by what is
//! awaited. Until an eUICC has proved itself there is none to be kept: [`crate::begun`].

use crate::Env;
use crate::begun::Begun;
use alloc::string::String;
use esim_rsp::check::Rule;
use esim_rsp::es10b::DeviceInfo;
use esim_rsp::json::Base64;
use esim_rsp::{Code, Eid, Iccid, Refusal, TransactionId};
use serde::{Deserialize, Serialize};

/// One download session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// 16 octets that this server drew.
    pub transaction_id: TransactionId,
    /// Seconds since 1970; no step is taken from then on.
    pub expires_at: u64,
    /// Seconds since 1970; the record may be removed from then on.
    pub forget_at: u64,
    /// What is awaited.
    pub state: SessionState,
}

/// What a session waits for, with what only that step needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SessionState {
    /// The eUICC has been sent our challenge: earlier versions have kept that. It is not gone on with.
    AwaitAuthenticateClient(Earlier),
    /// The eUICC is authentic and has been offered a profile.
    AwaitGetBoundProfilePackage(Peer),
    /// The package is out; the same request gets the same package.
    AwaitNotification(AwaitNotification),
    /// Over.
    Ended {
        /// The profile that it was about, if it came so far.
        iccid: Option<Iccid>,
    },
}

/// What earlier versions have kept of a session that had begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Earlier {}

/// An eUICC that has proved who it is, and what it was offered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peer {
    /// The eUICC.
    pub eid: Eid,
    /// CERT.EUICC, DER; its chain has been checked.
    pub euicc_certificate: Base64,
    /// Key identifier of the CI above our certificates.
    pub server_ci_pk_id: Base64,
    /// The profile offered.
    pub iccid: Iccid,
    /// The order's round at that time.
    pub round: u32,
    /// Whether a confirmation code was asked for.
    pub confirmation_required: bool,
    /// `5F37 40 …`: smdpSignature2, which euiccSignature2 covers.
    pub smdp_signature2: Base64,
    /// The device around the eUICC.
    #[serde(default)]
    pub device: Device,
}

/// A device as the operator is told of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// Type allocation code, 8 digits.
    pub tac: Option<String>,
    /// 15 digits, or 16 with the software version.
    pub imei: Option<String>,
}

impl From<&DeviceInfo> for Device {
    fn from(info: &DeviceInfo) -> Self {
        Self { tac: Some(digits(&info.tac[..])), imei: info.imei.as_ref().map(|imei| digits(&imei[..])) }
    }
}

/// Swapped nibbles up to the first that is no digit.
fn digits(octets: &[u8]) -> String {
    let nibbles = octets.iter().flat_map(|octet| [octet & 0xF, octet >> 4]);
    nibbles.map_while(|nibble| char::from_digit(nibble.into(), 10)).collect()
}

/// State after getBoundProfilePackage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AwaitNotification {
    /// The eUICC and the profile.
    pub peer: Peer,
    /// `30 …`: euiccSigned2 of the request that was answered.
    pub euicc_signed2: Base64,
}

const KNOWN: Rule = Rule::new("SGP.22 5.6", "transactionId is that of a session");
const ALIVE: Rule = Rule::new("SGP.22 5.6", "the session has not expired");

impl Session {
    /// One that has begun, as it is to be kept: it cannot begin once more.
    pub(crate) fn of(begun: &Begun, state: SessionState, env: &Env<'_>) -> Self {
        let expires_at = begun.expires_at(env);
        // Where an eUICC may go on, a notification may come late.
        let forget_at = match &state {
            SessionState::Ended { .. } => expires_at,
            _ => env.now.saturating_add(env.config.limits.session_memory_seconds),
        };
        Self { transaction_id: begun.id().clone(), expires_at, forget_at, state }
    }

    /// The profile that the session is about, once known.
    pub fn iccid(&self) -> Option<Iccid> {
        match &self.state {
            SessionState::AwaitAuthenticateClient(_) => None,
            SessionState::AwaitGetBoundProfilePackage(peer) => Some(peer.iccid),
            SessionState::AwaitNotification(state) => Some(state.peer.iccid),
            SessionState::Ended { iccid } => *iccid,
        }
    }

    /// The device around the eUICC, as long as the session remembers it.
    pub(crate) fn device(&self) -> Device {
        match &self.state {
            SessionState::AwaitGetBoundProfilePackage(peer) => peer.device.clone(),
            SessionState::AwaitNotification(state) => state.peer.device.clone(),
            _ => Device::default(),
        }
    }

    /// The same session, over.
    pub fn ended(&self) -> Self {
        Self { state: SessionState::Ended { iccid: self.iccid() }, ..self.clone() }
    }

    /// The same session, waiting for something else.
    pub fn awaiting(&self, state: SessionState) -> Self {
        Self { state, ..self.clone() }
    }

    /// The session of a transactionId, if steps are still taken in it; none where it has only begun.
    pub(crate) fn alive<'a>(
        session: Option<&'a Self>,
        transaction_id: &TransactionId,
        env: &Env<'_>,
    ) -> Result<Option<&'a Self>, Refusal> {
        match session {
            None => Begun::alive(transaction_id, env).map(|_| None),
            Some(_) => alive(session, |session| session.expires_at, transaction_id, env).map(Some),
        }
    }

    /// What to say to a function that is not the one awaited (SGP.22 5.6).
    pub(crate) fn not_awaited(function: &str) -> Refusal {
        let detail = alloc::format!("The session does not wait for {function}");
        Refusal::of(Code::TransactionIdUnknown).because(detail)
    }
}

impl Begun {
    /// The session that this transactionId has begun, if steps are still taken in it.
    pub(crate) fn alive(transaction_id: &TransactionId, env: &Env<'_>) -> Result<Self, Refusal> {
        alive(Self::of(transaction_id, env), |begun| begun.expires_at(env), transaction_id, env)
    }
}

fn alive<T>(
    session: Option<T>,
    expires_at: impl Fn(&T) -> u64,
    transaction_id: &TransactionId,
    env: &Env<'_>,
) -> Result<T, Refusal> {
    let session = env.checks.that(&KNOWN, || &transaction_id.0, session);
    let session = session.ok_or_else(|| Refusal::of(Code::TransactionIdUnknown))?;
    if !env.checks.that(&ALIVE, || &transaction_id.0, env.now < expires_at(&session)) {
        return Err(Refusal::of(Code::TransactionIdUnknown).because("The session has expired"));
    }
    Ok(session)
}
