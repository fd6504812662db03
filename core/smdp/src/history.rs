//! What an order's history is made of besides what happened: who has called, and what holds it together.

use alloc::string::String;
use esim_rsp::json::Base64;
use serde::{Deserialize, Serialize};

/// Who has called, as far as it has shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CalledBy {
    /// What it was let in by.
    pub credential: Credential,
    /// OID of the operator or server whose credential it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oid: Option<String>,
    /// Network address without port, where there is a network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

/// What a caller is let in by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Credential {
    /// Nothing: an LPA, known by what its eUICC signs.
    None,
    /// The token of whoever runs the service.
    HouseToken,
    /// A token that an operator has signed.
    SignedToken,
    /// The token that this server has given to a guest.
    GuestToken,
    /// A client certificate of TLS: an operator's, or an LPA's where those are asked for.
    ClientCertificate,
    /// CERT.DP.TLS or CERT.DS.TLS.
    ServerCertificate,
}

impl Credential {
    /// The name in JSON: `signedToken`.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::HouseToken => "houseToken",
            Self::SignedToken => "signedToken",
            Self::GuestToken => "guestToken",
            Self::ClientCertificate => "clientCertificate",
            Self::ServerCertificate => "serverCertificate",
        }
    }
}

/// What an order knows of the chain of its history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chain {
    /// How many entries there have ever been.
    pub count: u64,
    /// How often the head has been written.
    pub heads: u64,
    /// Link of the last entry that is not kept any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Base64>,
}
