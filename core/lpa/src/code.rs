//! Result codes with their names, in a form that serialises, and what status
//! words and ES10 codes mean to a person.

use alloc::string::{String, ToString};
use esim_rsp::es10::Function;
use serde::{Deserialize, Serialize};

/// A code of the standard: number and name, `10` and
/// `installFailedDueToInsufficientMemoryForProfile`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Code {
    /// The number on the wire.
    pub value: u32,
    /// Its name in the ASN.1 module, `unknown` if this version has none.
    pub name: String,
}

impl Code {
    /// A code and the name that a table gave it.
    pub fn new(value: impl Into<u32>, name: Option<&str>) -> Self {
        Self { value: value.into(), name: name.unwrap_or("unknown").to_string() }
    }

    /// A code of a named ASN.1 field, by the table of `esim_rsp::status`.
    pub fn of_field(field: &str, value: u8) -> Self {
        let name = esim_rsp::status::name_of_code(field, &value.to_string());
        Self::new(value, name.as_deref())
    }

    /// A status word, `6A88`.
    pub fn status_word(sw: u16) -> Self {
        Self::new(sw, Some(&hex::encode_upper(sw.to_be_bytes())))
    }

    /// Whether it is a status word and no code of a function.
    pub fn is_status_word(&self) -> bool {
        u16::try_from(self.value).is_ok_and(|sw| *self == Self::status_word(sw))
    }
}

impl core::fmt::Display for Code {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} ({})", self.name, self.value)
    }
}

/// Why a card answers a status word to an ES10 command, as a sentence.
pub fn explain_status_word(sw: u16) -> &'static str {
    match sw {
        0x6581 => "The card's memory failed.",
        0x6700 => "The card does not accept this length; choose another block size.",
        0x6881 | 0x6882 => "The card does not support this logical channel.",
        0x6982 => "The card demands a right that this terminal does not have.",
        0x6985 => "The card has no session for this; it was reset, or its channel was closed.",
        0x6A80 => "The card could not read the command.",
        0x6A81 => "The card does not support this function.",
        0x6A82 => "The card does not know this application.",
        0x6A84 => "The card's memory is full.",
        0x6A88 => "The card does not know this function, or did not expect this part of the package now.",
        0x6D00 | 0x6E00 => {
            "The card does not speak ES10: an eUICC for machines (SGP.02) has the same application but no local management."
        }
        _ => "The card refused with a status word that says no more.",
    }
}

/// Cause and remedy of an ES10 error code, as a sentence; empty where the name
/// says all there is.
pub fn explain_es10(function: Function, name: &str) -> &'static str {
    match (function, name) {
        (_, "iccidOrAidNotFound" | "iccidNotFound") => {
            "No such profile is on the card. List the profiles to see which are."
        }
        (Function::EnableProfile, "profileNotInDisabledState") => "The profile is enabled already.",
        (Function::DisableProfile, "profileNotInEnabledState") => "The profile is not enabled.",
        (Function::DeleteProfile, "profileNotInDisabledState") => "The profile is in use. Disable it first.",
        (Function::DeleteProfile, "disallowedByPolicy") => {
            "The operator forbids deleting this profile (PPR2)."
        }
        (Function::EnableProfile, "disallowedByPolicy") => {
            "The profile in use may not be disabled (PPR1), so no other can be enabled."
        }
        (_, "disallowedByPolicy") => "The operator forbids disabling this profile (PPR1).",
        (_, "wrongProfileReenabling") => {
            "A test profile is in use; only the profile that was in use before it may come back."
        }
        (_, "catBusy") => {
            "The card waits for the answer to one of its own commands. Try again in a moment, or reset it."
        }
        (Function::EuiccMemoryReset, "nothingToDelete") => "There is nothing to delete.",
        (_, "nothingToDelete") => "There is no such notification.",
        (Function::AuthenticateServer, "invalidCertificate") => {
            "The eUICC does not accept the server's certificate: malformed, out of date, revoked, or not under the CI that was chosen."
        }
        (Function::PrepareDownload, "invalidCertificate") => {
            "The eUICC does not accept the binding certificate: malformed, revoked, or of another server than the one that was authenticated."
        }
        (_, "invalidSignature") => {
            "The server's signature is wrong; something on the way altered signed data, or the server signs with another key."
        }
        (_, "unsupportedCurve") => "The eUICC does not know the curve of the server's key.",
        (_, "noSessionContext") => "The eUICC has no session; it was reset in between. Start again.",
        (_, "invalidOid") => "The server's certificate is not one of an SM-DP+ or SM-DS.",
        (_, "euiccChallengeMismatch") => {
            "The server answers another challenge than this one; an old answer was replayed, or two downloads run at once."
        }
        (_, "ciPKUnknown") => {
            "The eUICC has no certificate under the CI that the server chose. Test eUICCs need a test SM-DP+, live ones a live one."
        }
        (_, "invalidTransactionId") => "The message is of another session.",
        (_, "incorrectInputValues") => "The card did not accept the search.",
        (_, "noResultAvailable") => "There is nothing of this kind on the card.",
        _ => "",
    }
}
