//! ES10b: mutual authentication and download preparation between LPD and
//! ISD-R (SGP.22 5.7.5 to 5.7.14, 5.7.22).

mod euicc_info;
mod load_crl;

pub use euicc_info::*;
pub use load_crl::*;

use crate::common::{OperatorId, PprIds, SubjectKeyIdentifier, Version};
use crate::es9p::{ServerSigned1, SmdpSigned2};
use crate::signed::PublicKeyOctets;
use crate::{CertificateDer, Signature, Signed, TransactionId, integer_codes};
use alloc::string::String;
use alloc::vec::Vec;
use rasn::types::{BitString, FixedOctetString, ObjectIdentifier};
use rasn::{AsnType, Decode, Decoder as _, Encode};

/// ```asn1
/// GetEuiccChallengeRequest ::= [46] SEQUENCE {} -- Tag 'BF2E'
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(tag(context, 46))]
pub struct GetEuiccChallengeRequest {}

/// ```asn1
/// GetEuiccChallengeResponse ::= [46] SEQUENCE { euiccChallenge OCTET STRING (SIZE(16)) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(automatic_tags, tag(context, 46))]
pub struct GetEuiccChallengeResponse {
    /// 16 fresh random octets; asking again drops the session.
    pub euicc_challenge: FixedOctetString<16>,
}

/// ES10b.AuthenticateServer (SGP.22 5.7.13).
///
/// ```asn1
/// AuthenticateServerRequest ::= [56] SEQUENCE { -- Tag 'BF38'
///   serverSigned1 ServerSigned1,
///   serverSignature1 [APPLICATION 55] OCTET STRING,
///   euiccCiPKIdToBeUsed SubjectKeyIdentifier,
///   serverCertificate Certificate,
///   ctxParams1 CtxParams1 }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(tag(context, 56))]
pub struct AuthenticateServerRequest {
    /// What the server signed.
    pub server_signed1: Signed<ServerSigned1>,
    /// With SK.DPauth or SK.DSauth, over `serverSigned1`.
    pub server_signature1: Signature,
    /// CI key under which the eUICC shall sign.
    #[rasn(identifier = "euiccCiPKIdToBeUsed")]
    pub euicc_ci_pk_id_to_be_used: SubjectKeyIdentifier,
    /// CERT.DPauth or CERT.DSauth.
    pub server_certificate: CertificateDer,
    /// What the device adds.
    pub ctx_params1: Signed<CtxParams1>,
}

/// ```asn1
/// CtxParams1 ::= CHOICE { ctxParamsForCommonAuthentication [0] CtxParamsForCommonAuthentication }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(choice, automatic_tags)]
pub enum CtxParams1 {
    /// The only alternative of v2.
    CtxParamsForCommonAuthentication(CtxParamsForCommonAuthentication),
}

/// ```asn1
/// CtxParamsForCommonAuthentication ::= SEQUENCE {
///   matchingId UTF8String OPTIONAL, deviceInfo DeviceInfo }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(automatic_tags)]
pub struct CtxParamsForCommonAuthentication {
    /// The activation code token or the SM-DS event id.
    pub matching_id: Option<String>,
    /// The device.
    pub device_info: DeviceInfo,
}

/// ```asn1
/// DeviceInfo ::= SEQUENCE {
///   tac OCTET STRING (SIZE(4)), deviceCapabilities DeviceCapabilities,
///   imei OCTET STRING (SIZE(8)) OPTIONAL }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(automatic_tags)]
pub struct DeviceInfo {
    /// Type allocation code, 4 octets, swapped nibbles.
    pub tac: FixedOctetString<4>,
    /// Releases of each access network that the device supports.
    pub device_capabilities: DeviceCapabilities,
    /// 8 octets, swapped nibbles.
    pub imei: Option<FixedOctetString<8>>,
}

/// ```asn1
/// DeviceCapabilities ::= SEQUENCE {
///   gsmSupportedRelease VersionType OPTIONAL, utranSupportedRelease VersionType OPTIONAL,
///   cdma2000onexSupportedRelease VersionType OPTIONAL, cdma2000hrpdSupportedRelease VersionType OPTIONAL,
///   cdma2000ehrpdSupportedRelease VersionType OPTIONAL, eutranEpcSupportedRelease VersionType OPTIONAL,
///   contactlessSupportedRelease VersionType OPTIONAL, rspCrlSupportedVersion VersionType OPTIONAL,
///   nrEpcSupportedRelease VersionType OPTIONAL, nr5gcSupportedRelease VersionType OPTIONAL,
///   eutran5gcSupportedRelease VersionType OPTIONAL }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(automatic_tags)]
pub struct DeviceCapabilities {
    /// GSM.
    pub gsm_supported_release: Option<Version>,
    /// UMTS.
    pub utran_supported_release: Option<Version>,
    /// CDMA2000 1x.
    pub cdma2000onex_supported_release: Option<Version>,
    /// CDMA2000 HRPD.
    pub cdma2000hrpd_supported_release: Option<Version>,
    /// CDMA2000 eHRPD.
    pub cdma2000ehrpd_supported_release: Option<Version>,
    /// LTE on EPC.
    pub eutran_epc_supported_release: Option<Version>,
    /// Contactless.
    pub contactless_supported_release: Option<Version>,
    /// CRLs that the LPA can load.
    pub rsp_crl_supported_version: Option<Version>,
    /// NR on EPC.
    pub nr_epc_supported_release: Option<Version>,
    /// NR on 5GC.
    pub nr5gc_supported_release: Option<Version>,
    /// LTE on 5GC.
    pub eutran5gc_supported_release: Option<Version>,
}

/// ```asn1
/// AuthenticateServerResponse ::= [56] CHOICE { -- Tag 'BF38'
///   authenticateResponseOk AuthenticateResponseOk,
///   authenticateResponseError AuthenticateResponseError }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(choice, automatic_tags, tag(explicit(context, 56)))]
#[allow(clippy::large_enum_variant, reason = "lives for one command; the error is the rare case")]
pub enum AuthenticateServerResponse {
    /// The server is authentic; here is the eUICC.
    AuthenticateResponseOk(AuthenticateResponseOk),
    /// It is not, or something else is wrong.
    AuthenticateResponseError(AuthenticateResponseError),
}

/// ```asn1
/// AuthenticateResponseOk ::= SEQUENCE {
///   euiccSigned1 EuiccSigned1, euiccSignature1 [APPLICATION 55] OCTET STRING,
///   euiccCertificate Certificate, eumCertificate Certificate }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
pub struct AuthenticateResponseOk {
    /// What the eUICC signed.
    pub euicc_signed1: Signed<EuiccSigned1>,
    /// With SK.EUICC, over `euiccSigned1`.
    pub euicc_signature1: Signature,
    /// CERT.EUICC.
    pub euicc_certificate: CertificateDer,
    /// CERT.EUM.
    pub eum_certificate: CertificateDer,
}

/// ```asn1
/// EuiccSigned1 ::= SEQUENCE {
///   transactionId [0] TransactionId, serverAddress [3] UTF8String,
///   serverChallenge [4] OCTET STRING (SIZE(16)), euiccInfo2 [34] EUICCInfo2,
///   ctxParams1 CtxParams1 }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
pub struct EuiccSigned1 {
    /// Of the session.
    #[rasn(tag(context, 0))]
    pub transaction_id: TransactionId,
    /// As in `serverSigned1`.
    #[rasn(tag(context, 3))]
    pub server_address: String,
    /// As in `serverSigned1`.
    #[rasn(tag(context, 4))]
    pub server_challenge: FixedOctetString<16>,
    /// The eUICC.
    pub euicc_info2: EuiccInfo2,
    /// Echo of what the LPA sent, octet for octet.
    pub ctx_params1: Signed<CtxParams1>,
}

/// ```asn1
/// AuthenticateResponseError ::= SEQUENCE {
///   transactionId [0] TransactionId, authenticateErrorCode AuthenticateErrorCode }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
pub struct AuthenticateResponseError {
    /// Of the session.
    #[rasn(tag(context, 0))]
    pub transaction_id: TransactionId,
    /// Why.
    pub authenticate_error_code: AuthenticateErrorCode,
}

integer_codes! {
    /// Why AuthenticateServer fails (SGP.22 5.7.13).
    AuthenticateErrorCode {
        /// The certificate is malformed, out of date or does not chain to the CI.
        invalidCertificate = 1,
        /// `serverSignature1` does not verify.
        invalidSignature = 2,
        /// The certificate's curve is unknown here.
        unsupportedCurve = 3,
        /// No challenge is outstanding.
        noSessionContext = 4,
        /// The certificate's role is neither DPauth nor DSauth.
        invalidOid = 5,
        /// `euiccChallenge` is not the one last given out.
        euiccChallengeMismatch = 6,
        /// The CI key asked for is unknown.
        ciPKUnknown = 7,
        /// Anything else.
        undefinedError = 127,
    }
}

/// ES10b.PrepareDownload (SGP.22 5.7.5).
///
/// ```asn1
/// PrepareDownloadRequest ::= [33] SEQUENCE { -- Tag 'BF21'
///   smdpSigned2 SmdpSigned2, smdpSignature2 [APPLICATION 55] OCTET STRING,
///   hashCc Octet32 OPTIONAL, smdpCertificate Certificate }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(tag(context, 33))]
pub struct PrepareDownloadRequest {
    /// What the SM-DP+ signed.
    pub smdp_signed2: Signed<SmdpSigned2>,
    /// With SK.DPpb, over `smdpSigned2 ‖ euiccSignature1`.
    pub smdp_signature2: Signature,
    /// SHA-256(SHA-256(confirmation code) ‖ transactionId).
    pub hash_cc: Option<FixedOctetString<32>>,
    /// CERT.DPpb.
    pub smdp_certificate: CertificateDer,
}

/// ```asn1
/// PrepareDownloadResponse ::= [33] CHOICE {
///   downloadResponseOk PrepareDownloadResponseOk,
///   downloadResponseError PrepareDownloadResponseError }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(choice, automatic_tags, tag(explicit(context, 33)))]
pub enum PrepareDownloadResponse {
    /// Ready to be bound to.
    DownloadResponseOk(PrepareDownloadResponseOk),
    /// Refused.
    DownloadResponseError(PrepareDownloadResponseError),
}

/// ```asn1
/// PrepareDownloadResponseOk ::= SEQUENCE {
///   euiccSigned2 EUICCSigned2, euiccSignature2 [APPLICATION 55] OCTET STRING }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
pub struct PrepareDownloadResponseOk {
    /// What the eUICC signed.
    pub euicc_signed2: Signed<EuiccSigned2>,
    /// With SK.EUICC, over `euiccSigned2 ‖ smdpSignature2`.
    pub euicc_signature2: Signature,
}

/// ```asn1
/// EUICCSigned2 ::= SEQUENCE {
///   transactionId [0] TransactionId,
///   euiccOtpk [APPLICATION 73] OCTET STRING,
///   hashCc Octet32 OPTIONAL }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
pub struct EuiccSigned2 {
    /// Of the session.
    #[rasn(tag(context, 0))]
    pub transaction_id: TransactionId,
    /// One-time public key of the eUICC.
    pub euicc_otpk: PublicKeyOctets,
    /// Echo of the request's.
    pub hash_cc: Option<FixedOctetString<32>>,
}

/// ```asn1
/// PrepareDownloadResponseError ::= SEQUENCE {
///   transactionId [0] TransactionId, downloadErrorCode DownloadErrorCode }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
pub struct PrepareDownloadResponseError {
    /// Of the session.
    #[rasn(tag(context, 0))]
    pub transaction_id: TransactionId,
    /// Why.
    pub download_error_code: DownloadErrorCode,
}

integer_codes! {
    /// Why PrepareDownload fails (SGP.22 5.7.5).
    DownloadErrorCode {
        /// CERT.DPpb is malformed, of another CI or of another SM-DP+ than CERT.DPauth.
        invalidCertificate = 1,
        /// `smdpSignature2` does not verify.
        invalidSignature = 2,
        /// The certificate's curve is unknown here.
        unsupportedCurve = 3,
        /// AuthenticateServer has not succeeded before.
        noSessionContext = 4,
        /// Of another session.
        invalidTransactionId = 5,
        /// Anything else.
        undefinedError = 127,
    }
}

/// ES10b.CancelSession (SGP.22 5.7.14).
///
/// ```asn1
/// CancelSessionRequest ::= [65] SEQUENCE { -- Tag 'BF41'
///   transactionId TransactionId, reason CancelSessionReason }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(automatic_tags, tag(context, 65))]
pub struct CancelSessionRequest {
    /// Of the session.
    pub transaction_id: TransactionId,
    /// Why.
    pub reason: CancelSessionReason,
}

integer_codes! {
    /// Why a session is cancelled (SGP.22 5.7.14).
    CancelSessionReason {
        /// The user does not want this profile.
        endUserRejection = 0,
        /// Later.
        postponed = 1,
        /// The user did not answer.
        timeout = 2,
        /// The rules authorisation table does not allow the profile's policy rules.
        pprNotAllowed = 3,
        /// The package's metadata is not what was shown to the user.
        metadataMismatch = 4,
        /// The package cannot be loaded.
        loadBppExecutionError = 5,
        /// Anything else.
        undefinedReason = 127,
    }
}

/// ```asn1
/// CancelSessionResponse ::= [65] CHOICE {
///   cancelSessionResponseOk CancelSessionResponseOk,
///   cancelSessionResponseError INTEGER { invalidTransactionId(5), undefinedError(127) } }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(choice, automatic_tags, tag(explicit(context, 65)))]
pub enum CancelSessionResponse {
    /// Signed, for the server.
    CancelSessionResponseOk(CancelSessionResponseOk),
    /// invalidTransactionId 5, undefinedError 127.
    CancelSessionResponseError(u8),
}

/// ```asn1
/// CancelSessionResponseOk ::= SEQUENCE {
///   euiccCancelSessionSigned EuiccCancelSessionSigned,
///   euiccCancelSessionSignature [APPLICATION 55] OCTET STRING }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
pub struct CancelSessionResponseOk {
    /// What the eUICC signed.
    pub euicc_cancel_session_signed: Signed<EuiccCancelSessionSigned>,
    /// With SK.EUICC.
    pub euicc_cancel_session_signature: Signature,
}

/// ```asn1
/// EuiccCancelSessionSigned ::= SEQUENCE {
///   transactionId TransactionId, smdpOid OBJECT IDENTIFIER, reason CancelSessionReason }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(automatic_tags)]
pub struct EuiccCancelSessionSigned {
    /// Of the session.
    pub transaction_id: TransactionId,
    /// Of the server, from CERT.DPauth.
    pub smdp_oid: ObjectIdentifier,
    /// Why.
    pub reason: CancelSessionReason,
}

/// ```asn1
/// GetRatRequest ::= [67] SEQUENCE {} -- Tag 'BF43'
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(tag(context, 67))]
pub struct GetRatRequest {}

/// The rules authorisation table (SGP.22 2.9.2, 5.7.22).
///
/// ```asn1
/// GetRatResponse ::= [67] SEQUENCE { rat RulesAuthorisationTable }
/// RulesAuthorisationTable ::= SEQUENCE OF ProfilePolicyAuthorisationRule
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(automatic_tags, tag(context, 67))]
pub struct GetRatResponse {
    /// In order of precedence.
    pub rat: Vec<ProfilePolicyAuthorisationRule>,
}

/// ```asn1
/// ProfilePolicyAuthorisationRule ::= SEQUENCE {
///   pprIds PprIds, allowedOperators SEQUENCE OF OperatorId,
///   pprFlags BIT STRING { consentRequired(0) } }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(automatic_tags)]
pub struct ProfilePolicyAuthorisationRule {
    /// Rules that this entry is about.
    pub ppr_ids: PprIds,
    /// Whose profiles may carry them.
    pub allowed_operators: Vec<OperatorId>,
    /// Bit 0: the user's strong confirmation is needed.
    pub ppr_flags: BitString,
}
