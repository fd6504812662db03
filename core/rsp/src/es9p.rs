//! ES9+: what LPA and SM-DP+ exchange (SGP.22 5.6, 6.5.2), in JSON, and the
//! signed structures inside.

use crate::TransactionId;
use crate::json::{Base64, ResponseHeader};
use crate::signed::PublicKeyOctets;
use alloc::string::String;
use rasn::types::FixedOctetString;
use rasn::{AsnType, Decode, Decoder as _, Encode};
use serde::{Deserialize, Serialize};

/// Path prefix of every function: `https://<address>/gsma/rsp2/es9plus/<function>`.
pub const PATH: &str = "/gsma/rsp2/es9plus/";

/// What the server signs first (SGP.22 5.6.1).
///
/// ```asn1
/// ServerSigned1 ::= SEQUENCE {
///   transactionId [0] TransactionId, euiccChallenge [1] OCTET STRING (SIZE(16)),
///   serverAddress [3] UTF8String, serverChallenge [4] OCTET STRING (SIZE(16)) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
pub struct ServerSigned1 {
    /// Drawn by the server.
    #[rasn(tag(context, 0))]
    pub transaction_id: TransactionId,
    /// Echo.
    #[rasn(tag(context, 1))]
    pub euicc_challenge: FixedOctetString<16>,
    /// FQDN that the LPA must have dialled.
    #[rasn(tag(context, 3))]
    pub server_address: String,
    /// For the eUICC to sign.
    #[rasn(tag(context, 4))]
    pub server_challenge: FixedOctetString<16>,
}

/// What the SM-DP+ signs second (SGP.22 5.6.3).
///
/// ```asn1
/// SmdpSigned2 ::= SEQUENCE {
///   transactionId [0] TransactionId, ccRequiredFlag BOOLEAN,
///   bppEuiccOtpk [APPLICATION 73] OCTET STRING OPTIONAL }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
pub struct SmdpSigned2 {
    /// Of the session.
    #[rasn(tag(context, 0))]
    pub transaction_id: TransactionId,
    /// Whether the user must give a confirmation code.
    pub cc_required_flag: bool,
    /// The key that an earlier package is already bound to.
    pub bpp_euicc_otpk: Option<PublicKeyOctets>,
}

/// `initiateAuthentication`, request (SGP.22 6.5.2.6).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InitiateAuthenticationRequest {
    /// 16 octets.
    pub euicc_challenge: Base64,
    /// `BF20 …`.
    pub euicc_info1: Base64,
    /// As dialled.
    pub smdp_address: String,
}

/// `initiateAuthentication`, outcome.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InitiateAuthenticationOk {
    /// Upper-case hexadecimal.
    pub transaction_id: TransactionId,
    /// `30 …` of [`ServerSigned1`].
    pub server_signed1: Base64,
    /// `5F37 40 …`.
    pub server_signature1: Base64,
    /// `04 14 …`. In capitals as the standard has it: other programs tell the case.
    #[serde(rename = "euiccCiPKIdToBeUsed")]
    pub euicc_ci_pk_id_to_be_used: Base64,
    /// CERT.DPauth, DER.
    pub server_certificate: Base64,
}

/// `authenticateClient`, request (SGP.22 6.5.2.8).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuthenticateClientRequest {
    /// Of the session.
    pub transaction_id: TransactionId,
    /// `BF38 …`.
    pub authenticate_server_response: Base64,
}

/// `authenticateClient`, outcome.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuthenticateClientOk {
    /// Of the session.
    pub transaction_id: TransactionId,
    /// `BF25 …`: what the user is shown.
    pub profile_metadata: Base64,
    /// `30 …` of [`SmdpSigned2`].
    pub smdp_signed2: Base64,
    /// `5F37 40 …`.
    pub smdp_signature2: Base64,
    /// CERT.DPpb, DER.
    pub smdp_certificate: Base64,
}

/// `getBoundProfilePackage`, request (SGP.22 6.5.2.7).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GetBoundProfilePackageRequest {
    /// Of the session.
    pub transaction_id: TransactionId,
    /// `BF21 …`.
    pub prepare_download_response: Base64,
}

/// `getBoundProfilePackage`, outcome.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GetBoundProfilePackageOk {
    /// Of the session.
    pub transaction_id: TransactionId,
    /// `BF36 …`.
    pub bound_profile_package: Base64,
}

/// `handleNotification`, request (SGP.22 6.5.2.9); the answer is 204 without a body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HandleNotificationRequest {
    /// `BF37 …` or `30 …`, as retrieved from the eUICC.
    pub pending_notification: Base64,
}

/// `cancelSession`, request (SGP.22 6.5.2.10).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CancelSessionEs9Request {
    /// Of the session.
    pub transaction_id: TransactionId,
    /// `BF41 …`.
    pub cancel_session_response: Base64,
}

/// A function's answer: the header, and the outputs if it succeeded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer<T> {
    /// Whether the function was executed, and if not why.
    pub header: ResponseHeader,
    /// The outputs; absent on failure.
    #[serde(flatten)]
    pub body: Option<T>,
}
