//! `EUICCResponse` (TCA profile package 8.11), the `simaResponse` of a profile installation result.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use esim_rsp::check::Rule;
use rasn::{AsnType, Decode, Decoder, Encode};

use crate::error::{ElementError, Error, ErrorKind, Status};

/// `EUICCResponse ::= SEQUENCE { peStatus [0] SEQUENCE OF PEStatus, profileInstallationAborted [1] NULL OPTIONAL,
/// statusMessage [2] UTF8String (SIZE (2..64)) OPTIONAL }`
#[derive(AsnType, Clone, Debug, Decode, Encode, PartialEq, Eq)]
#[rasn(automatic_tags)]
pub struct EuiccResponse {
    /// One entry `ok` when everything was installed; else an entry for each element that was not.
    pub pe_status: Vec<PeStatus>,
    /// Present if nothing was installed.
    pub aborted: Option<()>,
    /// Free text, 2..=64 characters.
    pub status_message: Option<String>,
}

/// `PEStatus ::= SEQUENCE { status [0] INTEGER, identification [1] INTEGER OPTIONAL, additional-information [2] INTEGER
/// OPTIONAL, offset [3] INTEGER OPTIONAL }`
#[derive(AsnType, Clone, Debug, Decode, Encode, PartialEq, Eq)]
#[rasn(automatic_tags)]
pub struct PeStatus {
    /// A [`Status`], or a status word `6xxx`/`9xxx`, or proprietary from `A000` on.
    pub status: u16,
    /// Identification number of the element.
    pub identification: Option<u16>,
    /// Detail of the status.
    pub additional_information: Option<u8>,
    /// Octet in the element.
    pub offset: Option<u32>,
}

/// An element that is not in the profile, because the eUICC does not support it and the package does not mandate it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// What goes on the wire.
    pub status: PeStatus,
    /// What must hold and does not.
    pub rule: Rule,
}

impl EuiccResponse {
    /// Everything was installed.
    pub fn ok() -> Self {
        let status = PeStatus {
            status: Status::Ok as u16,
            identification: None,
            additional_information: None,
            offset: None,
        };
        Self { pe_status: vec![status], aborted: None, status_message: None }
    }

    /// Installed except for the elements that were left out.
    pub fn installed(skipped: &[LeftOut]) -> Self {
        if skipped.is_empty() {
            return Self::ok();
        }
        let pe_status = skipped.iter().map(|left_out| left_out.status.clone()).collect();
        Self { pe_status, aborted: None, status_message: None }
    }

    /// Whether the profile is on the card.
    pub fn is_installed(&self) -> bool {
        self.aborted.is_none()
    }

    /// The whole TLV, tag `30` first.
    pub fn to_der(&self) -> Vec<u8> {
        // Encoding into memory fails for no value of these types.
        rasn::der::encode(self).unwrap_or_default()
    }

    /// Reads a whole TLV.
    ///
    /// # Errors
    /// [`ErrorKind::Content`] if it is something else.
    pub fn from_der(bytes: &[u8]) -> Result<Self, Error> {
        rasn::ber::decode(bytes).map_err(|_| Error::new(ErrorKind::Content, 0))
    }
}

impl ElementError {
    /// What the eUICC answers: the offending element and the abort flag.
    pub fn response(&self) -> EuiccResponse {
        EuiccResponse { pe_status: self.statuses(), aborted: Some(()), status_message: None }
    }

    fn statuses(&self) -> Vec<PeStatus> {
        vec![PeStatus {
            status: self.status as u16,
            identification: self.identification,
            additional_information: None,
            offset: self.offset,
        }]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden() {
        let ok = hex::decode("3007A0053003800100").unwrap();
        assert_eq!(EuiccResponse::from_der(&ok).unwrap(), EuiccResponse::ok());
        assert_eq!(EuiccResponse::ok().to_der(), ok);

        let failed = hex::decode("300CA008300680010581010C8100").unwrap();
        let value = EuiccResponse::from_der(&failed).unwrap();
        assert_eq!(value.pe_status[0].status, Status::InvalidRequestFormat as u16);
        assert_eq!(value.pe_status[0].identification, Some(12));
        assert!(!value.is_installed());
        assert_eq!(value.to_der(), failed);
    }
}
