//! How a download ends.

use crate::apdu::OpenError;
use crate::code::{self, Code};
use crate::lui::Answer;
use crate::notify::Notified;
use crate::octets;
use crate::policy::Forbidden;
use crate::profile::Metadata;
use crate::transport::CertificateFault;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use esim_rsp::es10b::CancelSessionReason;
use esim_rsp::json::FunctionExecutionStatus;
use esim_rsp::notification::{ErrorResult, FinalResult, ProfileInstallationResult};
use esim_rsp::{Eid, Iccid, es10, status, tlv};
use serde::{Deserialize, Serialize};

/// How a download ended, and what was done about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    /// How it ended.
    pub ending: Ending,
    /// The profile that was offered, if it came so far.
    pub profile: Option<Metadata>,
    /// The cancelled session, if there was one to cancel.
    pub cancelled: Option<Cancelled>,
    /// What became of the notifications, if any were looked for.
    pub notifications: Option<Notified>,
}

impl Outcome {
    /// Whether the profile is on the card.
    pub fn is_installed(&self) -> bool {
        matches!(self.ending, Ending::Installed(_))
    }
}

/// Success, or the precise reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum Ending {
    /// The profile is on the card, disabled.
    Installed(Installed),
    /// The eUICC took the package and did not install it; nothing is left behind.
    NotInstalled(InstallError),
    /// The server answered `Failed`, which ends the session on its side.
    Refused(ServerRefusal),
    /// The eUICC answered an error code or status word.
    CardRefused(CardRefusal),
    /// The user did not agree: `endUserRejection`, `postponed` or `timeout`.
    Declined {
        /// As a cancel session reason.
        reason: Code,
    },
    /// The eUICC does not allow the profile's policy rules.
    PolicyForbids {
        /// Which.
        why: Forbidden,
    },
    /// A peer sent what it must not send.
    Misbehaved(Misbehaviour),
    /// A peer could not be reached. The session is left as it is: the same
    /// activation code can be used again, and the server can send again what it
    /// has bound already.
    Lost(LostPeer),
    /// The server's TLS certificate is refused, which ends the procedure (SGP.22 2.6.6, 3.1.2); the same activation code
    /// meets the same certificate again.
    Untrusted(UntrustedServer),
    /// There is no ISD-R to speak to.
    NoEuicc {
        /// Why.
        error: OpenError,
    },
    /// The download was begun with another card, which has a part in it (SGP.22 3.1.3: an order is bound to an EID).
    OtherCard {
        /// The card that it was begun with.
        expected: Eid,
        /// The one that is there.
        found: Eid,
    },
}

/// A profile that was installed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Installed {
    /// Of the profile.
    pub iccid: Option<Iccid>,
    /// AID of its ISD-P.
    #[serde(with = "octets")]
    pub isdp_aid: Vec<u8>,
    /// Number of the notification that reports it.
    pub sequence_number: u32,
    /// What the eUICC says of the profile elements; a success may still name
    /// some that were left out.
    pub sima_response: Option<SimaResponse>,
}

/// An installation that failed (SGP.22 2.5.6).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InstallError {
    /// Number of the notification that reports it.
    pub sequence_number: u32,
    /// Which command of the package failed.
    pub bpp_command: Code,
    /// Why.
    pub reason: Code,
    /// The profile element that failed, if it came so far.
    pub sima_response: Option<SimaResponse>,
}

/// `EUICCResponse` of the TCA profile package: how each element fared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SimaResponse {
    /// As received.
    #[serde(with = "octets")]
    pub raw: Vec<u8>,
    /// One entry for each element reported.
    pub elements: Vec<ElementStatus>,
    /// Free text of the eUICC.
    pub message: Option<String>,
}

/// How one profile element fared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ElementStatus {
    /// `pe-not-supported`, `bad-values`, …, or a status word.
    pub status: Code,
    /// `identification` in the element's header.
    pub identification: Option<u32>,
    /// Detail, by status.
    pub additional_information: Option<u32>,
    /// Octet in the element.
    pub offset: Option<u32>,
}

/// A function that a server answered with `Failed` (SGP.22 5.2.6).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServerRefusal {
    /// Such as `authenticateClient`.
    pub function: String,
    /// Subject code, `8.2.6`; empty if the server gave none.
    pub subject: String,
    /// Reason code, `3.8`; empty if the server gave none.
    pub reason: String,
    /// What the code is about, in the server's words.
    pub identifier: Option<String>,
    /// The server's own sentence.
    pub message: Option<String>,
    /// Names of both codes in the specification.
    pub name: Option<String>,
    /// Cause in plain words.
    pub cause: Option<String>,
    /// What to do.
    pub remedy: Option<String>,
}

impl ServerRefusal {
    /// Reads the status of an answer that is no success.
    pub fn new(function: &str, status: &FunctionExecutionStatus) -> Self {
        let code = status.status_code_data.as_ref();
        let subject = code.map_or_else(String::new, |code| code.subject_code.clone());
        let reason = code.map_or_else(String::new, |code| code.reason_code.clone());
        let known = status::Code::of(&subject, &reason);
        Self {
            function: function.into(),
            identifier: code.and_then(|code| code.subject_identifier.as_deref()).map(quotable),
            message: code.and_then(|code| code.message.as_deref()).map(quotable),
            name: known.map(|code| code.name().to_string()),
            cause: known.map(|code| code.cause().to_string()),
            remedy: known.map(|code| code.remedy().to_string()),
            subject,
            reason,
        }
    }

    /// `8.2.6/3.8`; none if the server gave no code.
    pub fn code(&self) -> Option<String> {
        let given = !self.subject.is_empty() || !self.reason.is_empty();
        given.then(|| alloc::format!("{}/{}", self.subject, self.reason))
    }

    /// The server's own sentence, unless it is the one that is known from the code.
    pub fn own_words(&self) -> Option<&str> {
        let known = self.cause.as_ref().zip(self.remedy.as_ref());
        let known = known.map(|(cause, remedy)| alloc::format!("{cause}. {remedy}"));
        self.message.as_deref().filter(|words| !words.is_empty() && known.as_deref() != Some(*words))
    }
}

/// A peer's words as they may stand in a sentence: on one line, of bounded length, nothing that moves a cursor.
pub(crate) fn quotable(words: &str) -> String {
    const LONGEST: usize = 300;
    let visible = words.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut shown: String = visible.take(LONGEST).collect();
    if words.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    shown.trim().to_string()
}

/// An ES10 function that the eUICC did not carry out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CardRefusal {
    /// Such as `AuthenticateServer`.
    pub function: String,
    /// An error code of the function, or a status word with its hexadecimal form as name.
    pub code: Code,
    /// Cause and remedy as a sentence; may be empty.
    pub explanation: String,
}

impl CardRefusal {
    /// An error code in the response.
    pub fn code(function: es10::Function, code: Code) -> Self {
        let explanation = code::explain_es10(function, &code.name).to_string();
        Self { function: function.name().into(), code, explanation }
    }

    /// A status word instead of a response.
    pub fn status(function: es10::Function, sw: u16) -> Self {
        let explanation = code::explain_status_word(sw).to_string();
        Self { function: function.name().into(), code: Code::status_word(sw), explanation }
    }
}

/// What a peer did wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Misbehaviour {
    /// The server signs for another address than the one that was dialled (SGP.22 3.1.2).
    WrongServerAddress {
        /// By us.
        dialled: String,
        /// By the server.
        signed: String,
    },
    /// The server's certificate has another OID than the activation code (SGP.22 3.1.2).
    WrongOid {
        /// Of the activation code.
        expected: String,
        /// Of the certificate, if it has one.
        found: Option<String>,
    },
    /// The transaction id beside the signed data is not the one inside.
    TransactionMismatch,
    /// The package's metadata is not what the user agreed to (SGP.22 3.1.3).
    MetadataMismatch,
    /// An answer cannot be read.
    Malformed {
        /// The function that was answered.
        function: String,
        /// The reader's words, and where.
        detail: String,
    },
    /// The whole package was loaded and the eUICC gave no result.
    NoResult,
}

/// A peer that could not be reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LostPeer {
    /// `card` or `server`.
    pub peer: Peer,
    /// The function that got no answer.
    pub function: String,
    /// The transport's words.
    pub detail: String,
}

/// A server that cannot prove by TLS that it is the one that was dialled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UntrustedServer {
    /// The function that was not called.
    pub function: String,
    /// What is wrong with its certificate.
    pub fault: CertificateFault,
    /// The TLS library's words.
    pub detail: String,
}

/// One of the LPA's two peers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Peer {
    /// The eUICC.
    Card,
    /// The SM-DP+.
    Server,
}

/// A session that was called off (SGP.22 3.0.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cancelled {
    /// What both sides were told.
    pub reason: Code,
    /// Whether the eUICC signed it; it does not once its session is gone.
    pub by_card: bool,
    /// Whether the server took note.
    pub by_server: bool,
}

impl Ending {
    /// What to tell both sides when a session ends like this. None where there
    /// is nothing to cancel: it came to its end, the server ended it, or it
    /// shall be possible to go on.
    pub fn cancel_reason(&self) -> Option<CancelSessionReason> {
        type Reason = CancelSessionReason;
        match self {
            Self::Declined { reason } => u8::try_from(reason.value).ok().map(CancelSessionReason),
            Self::PolicyForbids { .. } => Some(Reason::pprNotAllowed),
            Self::Misbehaved(Misbehaviour::MetadataMismatch) => Some(Reason::metadataMismatch),
            Self::Misbehaved(Misbehaviour::NoResult) => Some(Reason::loadBppExecutionError),
            Self::Misbehaved(Misbehaviour::Malformed { function, .. })
            | Self::CardRefused(CardRefusal { function, .. }) => {
                Some(match es10::Function::named(function) {
                    Some(es10::Function::LoadBoundProfilePackage) => Reason::loadBppExecutionError,
                    _ => Reason::undefinedReason,
                })
            }
            Self::Misbehaved(_) => Some(Reason::undefinedReason),
            Self::Installed(_)
            | Self::NotInstalled(_)
            | Self::Refused(_)
            | Self::Lost(_)
            | Self::Untrusted(_)
            | Self::NoEuicc { .. }
            | Self::OtherCard { .. } => None,
        }
    }

    pub(crate) fn declined(answer: &Answer) -> Self {
        let reason = match answer {
            Answer::Postpone => CancelSessionReason::postponed,
            Answer::Timeout => CancelSessionReason::timeout,
            _ => CancelSessionReason::endUserRejection,
        };
        Self::Declined { reason: Code::new(reason.0, reason.name()) }
    }

    pub(crate) fn malformed(function: &str, detail: impl ToString) -> Self {
        Self::Misbehaved(Misbehaviour::Malformed { function: function.into(), detail: detail.to_string() })
    }

    pub(crate) fn of_result(result: &ProfileInstallationResult) -> Self {
        let data = result.profile_installation_result_data.value();
        let sequence_number = data.notification_metadata.seq_number;
        match &data.final_result {
            FinalResult::SuccessResult(success) => Self::Installed(Installed {
                iccid: data.notification_metadata.iccid,
                isdp_aid: success.aid.to_vec(),
                sequence_number,
                sima_response: SimaResponse::read(&success.sima_response),
            }),
            FinalResult::ErrorResult(error) => Self::NotInstalled(InstallError::new(sequence_number, error)),
        }
    }
}

impl InstallError {
    fn new(sequence_number: u32, error: &ErrorResult) -> Self {
        Self {
            sequence_number,
            bpp_command: Code::new(error.bpp_command_id.0, error.bpp_command_id.name()),
            reason: Code::new(error.error_reason.0, error.error_reason.name()),
            sima_response: error.sima_response.as_ref().and_then(|raw| SimaResponse::read(raw)),
        }
    }
}

impl SimaResponse {
    /// Reads `EUICCResponse`; None if there is nothing. What cannot be read
    /// stays in `raw` alone.
    pub fn read(raw: &[u8]) -> Option<Self> {
        if raw.is_empty() {
            return None;
        }
        let whole = tlv::read_only(raw).ok();
        let parts = whole.and_then(|whole| tlv::read_all(raw, whole.value).ok()).unwrap_or_default();
        let part = |tag: u32| parts.iter().find(|part| part.tag == tag);
        let list = part(0xA0).and_then(|list| tlv::read_all(raw, list.value.clone()).ok());
        let elements =
            list.unwrap_or_default().iter().map(|element| ElementStatus::read(raw, element)).collect();
        let message = part(0x82).and_then(|text| raw.get(text.value.clone()));
        let message = message.map(|text| String::from_utf8_lossy(text).into_owned());
        Some(Self { raw: raw.to_vec(), elements, message })
    }
}

impl ElementStatus {
    fn read(raw: &[u8], element: &tlv::Tlv) -> Self {
        let number = |tag: u32| {
            let field = tlv::find(raw, element, tag).ok()??;
            let octets = raw.get(field.value)?;
            (octets.len() <= 4).then(|| octets.iter().fold(0u32, |sum, octet| sum << 8 | u32::from(*octet)))
        };
        let status = number(0x80).unwrap_or(u32::MAX);
        let name = PE_STATUS.iter().find(|(value, _)| *value == status).map(|(_, name)| *name);
        Self {
            status: Code::new(status, name),
            identification: number(0x81),
            additional_information: number(0x82),
            offset: number(0x83),
        }
    }
}

/// `PEStatus.status` (TCA profile package 8.11).
const PE_STATUS: &[(u32, &str)] = &[
    (0, "ok"),
    (1, "pe-not-supported"),
    (2, "memory-failure"),
    (3, "bad-values"),
    (4, "not-enough-memory"),
    (5, "invalid-request-format"),
    (6, "invalid-parameter"),
    (7, "runtime-not-supported"),
    (8, "lib-not-supported"),
    (9, "template-not-supported"),
    (10, "feature-not-supported"),
    (11, "pin-code-missing"),
    (31, "unsupported-profile-version"),
];
