//! ES9+ and ES11 in ASN.1 (SGP.22 6.6): what other LPAs and servers may exchange instead of JSON. Nobody here sends
//! it; [`crate::explain()`] reads it.

use crate::common::SubjectKeyIdentifier;
use crate::es8p::{BoundProfilePackage, StoreMetadataRequest};
use crate::es9p::{ServerSigned1, SmdpSigned2};
use crate::es10b::{AuthenticateServerResponse, CancelSessionResponse, EuiccInfo1, PrepareDownloadResponse};
use crate::notification::PendingNotification;
use crate::{CertificateDer, Signature, TransactionId, integer_codes};
use alloc::string::String;
use alloc::vec::Vec;
use rasn::types::FixedOctetString;
use rasn::{AsnType, Decode, Decoder as _, Encode, Encoder as _};

/// ```asn1
/// RemoteProfileProvisioningRequest ::= [2] CHOICE { -- Tag 'A2'
///   initiateAuthenticationRequest [57] InitiateAuthenticationRequest,
///   authenticateClientRequest [59] AuthenticateClientRequest,
///   getBoundProfilePackageRequest [58] GetBoundProfilePackageRequest,
///   cancelSessionRequestEs9 [65] CancelSessionRequestEs9,
///   handleNotification [61] HandleNotification }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(choice, tag(explicit(context, 2)))]
#[allow(clippy::large_enum_variant, reason = "read to be shown, and dropped")]
pub enum RemoteProfileProvisioningRequest {
    /// First.
    InitiateAuthenticationRequest(InitiateAuthenticationRequest),
    /// Second.
    AuthenticateClientRequest(AuthenticateClientRequest),
    /// Third.
    GetBoundProfilePackageRequest(GetBoundProfilePackageRequest),
    /// Instead of the third.
    CancelSessionRequestEs9(CancelSessionRequestEs9),
    /// At any time.
    HandleNotification(HandleNotification),
}

/// ```asn1
/// RemoteProfileProvisioningResponse ::= [2] CHOICE { -- Tag 'A2'
///   initiateAuthenticationResponse [57] InitiateAuthenticationResponse,
///   authenticateClientResponseEs9 [59] AuthenticateClientResponseEs9,
///   getBoundProfilePackageResponse [58] GetBoundProfilePackageResponse,
///   cancelSessionResponseEs9 [65] CancelSessionResponseEs9,
///   authenticateClientResponseEs11 [64] AuthenticateClientResponseEs11 }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(choice, tag(explicit(context, 2)))]
#[allow(clippy::large_enum_variant, reason = "read to be shown, and dropped")]
pub enum RemoteProfileProvisioningResponse {
    /// To the first.
    InitiateAuthenticationResponse(InitiateAuthenticationResponse),
    /// To the second, of an SM-DP+.
    AuthenticateClientResponseEs9(AuthenticateClientResponseEs9),
    /// To the third.
    GetBoundProfilePackageResponse(GetBoundProfilePackageResponse),
    /// To the end.
    CancelSessionResponseEs9(CancelSessionResponseEs9),
    /// To the second, of an SM-DS.
    AuthenticateClientResponseEs11(AuthenticateClientResponseEs11),
}

/// ```asn1
/// InitiateAuthenticationRequest ::= [57] SEQUENCE { -- Tag 'BF39'
///   euiccChallenge [1] Octet16, smdpAddress [3] UTF8String, euiccInfo1 EUICCInfo1 }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(tag(context, 57))]
pub struct InitiateAuthenticationRequest {
    /// For the server to sign.
    #[rasn(tag(context, 1))]
    pub euicc_challenge: FixedOctetString<16>,
    /// As dialled.
    #[rasn(tag(context, 3))]
    pub smdp_address: String,
    /// The eUICC.
    pub euicc_info1: EuiccInfo1,
}

/// ```asn1
/// InitiateAuthenticationResponse ::= [57] CHOICE { -- Tag 'BF39'
///   initiateAuthenticationOk InitiateAuthenticationOkEs9,
///   initiateAuthenticationError INTEGER }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(choice, automatic_tags, tag(explicit(context, 57)))]
#[allow(clippy::large_enum_variant, reason = "read to be shown, and dropped")]
pub enum InitiateAuthenticationResponse {
    /// Executed.
    InitiateAuthenticationOk(InitiateAuthenticationOkEs9),
    /// Refused.
    InitiateAuthenticationError(InitiateAuthenticationError),
}

/// ```asn1
/// InitiateAuthenticationOkEs9 ::= SEQUENCE {
///   transactionId [0] TransactionId, serverSigned1 ServerSigned1,
///   serverSignature1 [APPLICATION 55] OCTET STRING,
///   euiccCiPKIdToBeUsed SubjectKeyIdentifier, serverCertificate Certificate }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
pub struct InitiateAuthenticationOkEs9 {
    /// Drawn by the server.
    #[rasn(tag(context, 0))]
    pub transaction_id: TransactionId,
    /// What the server signed.
    pub server_signed1: ServerSigned1,
    /// With SK.DPauth or SK.DSauth.
    pub server_signature1: Signature,
    /// CI key under which the eUICC shall sign.
    #[rasn(identifier = "euiccCiPKIdToBeUsed")]
    pub euicc_ci_pk_id_to_be_used: SubjectKeyIdentifier,
    /// CERT.DPauth or CERT.DSauth.
    pub server_certificate: CertificateDer,
}

/// ```asn1
/// AuthenticateClientRequest ::= [59] SEQUENCE { -- Tag 'BF3B'
///   transactionId [0] TransactionId,
///   authenticateServerResponse [56] AuthenticateServerResponse,
///   useMatchingIdForAcr NULL OPTIONAL }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(tag(context, 59))]
pub struct AuthenticateClientRequest {
    /// Of the session.
    #[rasn(tag(context, 0))]
    pub transaction_id: TransactionId,
    /// The eUICC's answer.
    pub authenticate_server_response: AuthenticateServerResponse,
    /// The matchingId is one for activation code retrieval.
    pub use_matching_id_for_acr: Option<()>,
}

/// ```asn1
/// AuthenticateClientResponseEs9 ::= [59] CHOICE { -- Tag 'BF3B'
///   authenticateClientOk AuthenticateClientOk, authenticateClientError INTEGER }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(choice, automatic_tags, tag(explicit(context, 59)))]
#[allow(clippy::large_enum_variant, reason = "read to be shown, and dropped")]
pub enum AuthenticateClientResponseEs9 {
    /// Executed.
    AuthenticateClientOk(AuthenticateClientOk),
    /// Refused.
    AuthenticateClientError(AuthenticateClientError),
}

/// ```asn1
/// AuthenticateClientOk ::= SEQUENCE {
///   transactionId [0] TransactionId, profileMetaData [37] StoreMetadataRequest,
///   smdpSigned2 SmdpSigned2, smdpSignature2 [APPLICATION 55] OCTET STRING,
///   smdpCertificate Certificate }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
pub struct AuthenticateClientOk {
    /// Of the session.
    #[rasn(tag(context, 0))]
    pub transaction_id: TransactionId,
    /// What the user is shown.
    pub profile_meta_data: StoreMetadataRequest,
    /// What the SM-DP+ signed.
    pub smdp_signed2: SmdpSigned2,
    /// With SK.DPpb.
    pub smdp_signature2: Signature,
    /// CERT.DPpb.
    pub smdp_certificate: CertificateDer,
}

/// ```asn1
/// GetBoundProfilePackageRequest ::= [58] SEQUENCE { -- Tag 'BF3A'
///   transactionId [0] TransactionId,
///   prepareDownloadResponse [33] PrepareDownloadResponse }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(tag(context, 58))]
pub struct GetBoundProfilePackageRequest {
    /// Of the session.
    #[rasn(tag(context, 0))]
    pub transaction_id: TransactionId,
    /// The eUICC's answer.
    pub prepare_download_response: PrepareDownloadResponse,
}

/// ```asn1
/// GetBoundProfilePackageResponse ::= [58] CHOICE { -- Tag 'BF3A'
///   getBoundProfilePackageOk GetBoundProfilePackageOk,
///   getBoundProfilePackageError INTEGER }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(choice, automatic_tags, tag(explicit(context, 58)))]
#[allow(clippy::large_enum_variant, reason = "read to be shown, and dropped")]
pub enum GetBoundProfilePackageResponse {
    /// Executed.
    GetBoundProfilePackageOk(GetBoundProfilePackageOk),
    /// Refused.
    GetBoundProfilePackageError(GetBoundProfilePackageError),
}

/// ```asn1
/// GetBoundProfilePackageOk ::= SEQUENCE {
///   transactionId [0] TransactionId, boundProfilePackage [54] BoundProfilePackage }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
pub struct GetBoundProfilePackageOk {
    /// Of the session.
    #[rasn(tag(context, 0))]
    pub transaction_id: TransactionId,
    /// The protected profile.
    pub bound_profile_package: BoundProfilePackage,
}

/// ```asn1
/// HandleNotification ::= [61] SEQUENCE { -- Tag 'BF3D'
///   pendingNotification PendingNotification }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(tag(context, 61))]
pub struct HandleNotification {
    /// As retrieved from the eUICC.
    #[rasn(tag(explicit(context, 0)))]
    pub pending_notification: PendingNotification,
}

/// ```asn1
/// CancelSessionRequestEs9 ::= [65] SEQUENCE { -- Tag 'BF41'
///   transactionId TransactionId, cancelSessionResponse CancelSessionResponse }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(tag(context, 65))]
pub struct CancelSessionRequestEs9 {
    /// Of the session.
    #[rasn(tag(context, 0))]
    pub transaction_id: TransactionId,
    /// The eUICC's word on it.
    #[rasn(tag(explicit(context, 1)))]
    pub cancel_session_response: CancelSessionResponse,
}

/// ```asn1
/// CancelSessionResponseEs9 ::= [65] CHOICE { -- Tag 'BF41'
///   cancelSessionOk CancelSessionOk, cancelSessionError INTEGER }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(choice, automatic_tags, tag(explicit(context, 65)))]
pub enum CancelSessionResponseEs9 {
    /// Executed.
    CancelSessionOk(CancelSessionOk),
    /// Refused.
    CancelSessionError(CancelSessionError),
}

/// ```asn1
/// CancelSessionOk ::= SEQUENCE {}
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
pub struct CancelSessionOk {}

/// ```asn1
/// AuthenticateClientResponseEs11 ::= [64] CHOICE { -- Tag 'BF40'
///   authenticateClientOk AuthenticateClientOkEs11, authenticateClientError INTEGER }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(choice, automatic_tags, tag(explicit(context, 64)))]
pub enum AuthenticateClientResponseEs11 {
    /// Executed.
    AuthenticateClientOk(AuthenticateClientOkEs11),
    /// Refused.
    AuthenticateClientError(AuthenticateClientErrorEs11),
}

/// ```asn1
/// AuthenticateClientOkEs11 ::= SEQUENCE {
///   transactionId TransactionId, eventEntries SEQUENCE OF EventEntries }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(automatic_tags)]
pub struct AuthenticateClientOkEs11 {
    /// Of the session.
    pub transaction_id: TransactionId,
    /// What waits for the eUICC.
    pub event_entries: Vec<EventEntries>,
}

/// ```asn1
/// EventEntries ::= SEQUENCE { eventId UTF8String, rspServerAddress UTF8String }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(automatic_tags)]
pub struct EventEntries {
    /// The matchingId to ask with.
    pub event_id: String,
    /// Whom to ask.
    pub rsp_server_address: String,
}

integer_codes! {
    /// Why initiateAuthentication is refused.
    InitiateAuthenticationError {
        /// `smdpAddress` is not this server's.
        invalidDpAddress = 1,
        /// The eUICC's version is not spoken here.
        euiccVersionNotSupportedByDp = 2,
        /// No CI in common.
        ciPKNotSupported = 3,
    }
}

integer_codes! {
    /// Why an SM-DP+ refuses authenticateClient.
    AuthenticateClientError {
        /// CERT.EUM does not verify.
        eumCertificateInvalid = 1,
        /// CERT.EUM is out of date.
        eumCertificateExpired = 2,
        /// CERT.EUICC does not verify.
        euiccCertificateInvalid = 3,
        /// CERT.EUICC is out of date.
        euiccCertificateExpired = 4,
        /// `euiccSignature1` does not verify.
        euiccSignatureInvalid = 5,
        /// No such order.
        matchingIdRefused = 6,
        /// The order is another eUICC's.
        eidMismatch = 7,
        /// Nothing fits this eUICC or device.
        noEligibleProfile = 8,
        /// The CI is unknown here.
        ciPKUnknown = 9,
        /// No such session.
        invalidTransactionId = 10,
        /// The profile does not fit.
        insufficientMemory = 11,
        /// The order has expired.
        downloadOrderExpired = 18,
        /// Anything else.
        undefinedError = 127,
    }
}

integer_codes! {
    /// Why an SM-DS refuses authenticateClient.
    AuthenticateClientErrorEs11 {
        /// CERT.EUM does not verify.
        eumCertificateInvalid = 1,
        /// CERT.EUM is out of date.
        eumCertificateExpired = 2,
        /// CERT.EUICC does not verify.
        euiccCertificateInvalid = 3,
        /// CERT.EUICC is out of date.
        euiccCertificateExpired = 4,
        /// `euiccSignature1` does not verify.
        euiccSignatureInvalid = 5,
        /// No such event.
        eventIdUnknown = 6,
        /// No such session.
        invalidTransactionId = 7,
        /// Anything else.
        undefinedError = 127,
    }
}

integer_codes! {
    /// Why getBoundProfilePackage is refused.
    GetBoundProfilePackageError {
        /// `euiccSignature2` does not verify.
        euiccSignatureInvalid = 1,
        /// The order wants a confirmation code.
        confirmationCodeMissing = 2,
        /// It is another one.
        confirmationCodeRefused = 3,
        /// Too many were tried.
        confirmationCodeRetriesExceeded = 4,
        /// The package is bound to another key.
        bppRebindingRefused = 5,
        /// The order has expired; not in use since version 2.6.
        downloadOrderExpired = 6,
        /// No such session.
        invalidTransactionId = 95,
        /// Anything else.
        undefinedError = 127,
    }
}

integer_codes! {
    /// Why cancelSession is refused.
    CancelSessionError {
        /// No such session.
        invalidTransactionId = 1,
        /// `euiccCancelSessionSignature` does not verify.
        euiccSignatureInvalid = 2,
        /// Anything else.
        undefinedError = 127,
    }
}
